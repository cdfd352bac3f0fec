//! Conditions asked of a row that borrows its line.

use std::borrow::Cow;

use super::ast::{Path, Segment};
use super::document::Document;
use super::operand::Operand;
use super::row::{AUTHENTICATION_TYPE, descend, name_in_row, operand, owned, path_in_row};
use crate::object::{Object, Shape, Table};
use crate::row::{Row, RowRef};

/// The members of a [`Row`] under the same names, with the same values.
impl Document for RowRef<'_> {
    fn find(&self, path: &Path) -> Operand<'_> {
        let root = path.root();
        let name = [name_in_row(root)];
        let names = path_in_row(root).unwrap_or(&name);
        let found = match (shape(Row::TABLE, names), path.rest()) {
            (Some(Shape::Text), []) => plain(self.json_at(names)),
            (Some(Shape::Word(words)), []) => word(self.json_at(names), words),
            (Some(Shape::Json), _) => twin(self.json_at(names), path, 0),
            (Some(Shape::Object(table)), [Segment::Key(section), ..]) => {
                let known = table.iter().find(|known| {
                    known.shape == Shape::Json && known.name.eq_ignore_ascii_case(section)
                });
                known.and_then(|known| twin(self.json_at(&[name[0], known.name]), path, 1))
            }
            _ => None,
        };
        match found {
            Some(Operand::Null) if root.eq_ignore_ascii_case(AUTHENTICATION_TYPE) => {
                Operand::Undefined
            }
            Some(operand) => operand,
            // What is asked for seldom is asked of the row.
            None => match self.to_row() {
                Ok(row) => owned(row.find(path)),
                Err(_) => Operand::Undefined,
            },
        }
    }
}

/// What the member at the path is.
fn shape(table: Table, path: &[&str]) -> Option<Shape> {
    let (name, rest) = path.split_first()?;
    let known = table.iter().find(|known| known.name == *name)?;
    match (known.shape, rest) {
        (shape, []) => Some(shape),
        (Shape::Object(inner), rest) => self::shape(inner, rest),
        _ => None,
    }
}

fn plain(json: &str) -> Option<Operand<'_>> {
    Some(match json {
        "" => Operand::Undefined,
        json => operand(json),
    })
}

/// A known word has one spelling in a row, whatever its case in the line.
fn word<'r>(json: &'r str, words: &[&'static str]) -> Option<Operand<'r>> {
    Some(match plain(json)? {
        Operand::String(text) => {
            let known = words.iter().find(|word| word.eq_ignore_ascii_case(&text));
            Operand::String(known.map_or(text, |word| Cow::Borrowed(*word)))
        }
        other => other,
    })
}

fn twin<'r>(json: &'r str, path: &Path, taken: usize) -> Option<Operand<'r>> {
    match json {
        "" => None,
        json => Some(descend(json, path, taken)),
    }
}
