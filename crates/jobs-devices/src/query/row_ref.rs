//! Conditions asked of a row that borrows its line.

use std::borrow::Cow;

use super::ast::{Path, Segment};
use super::document::Document;
use super::eval::Operand;
use super::row::{descend, owned};
use crate::RowRef;

/// The members of a [`Row`](crate::Row) under the same names, with the same values.
impl Document for RowRef<'_> {
    fn find(&self, path: &Path) -> Operand<'_> {
        let raw = |wire: &str| self.raw_member(wire);
        match (&*path.root().to_ascii_lowercase(), path.rest()) {
            ("deviceid" | "id", []) => plain(raw("id")),
            ("moduleid", []) => plain(raw("moduleId")),
            ("etag", []) => plain(raw("eTag")),
            ("twinetag", []) => plain(raw("twinETag")),
            ("statusreason", []) => plain(raw("statusReason")),
            ("devicescope", []) => plain(raw("deviceScope")),
            // A known word has one spelling in a row, whatever its case in the line.
            ("status", []) => match self.status() {
                Some(status) => Operand::String(Cow::Owned(status.as_str().to_owned())),
                None => plain(raw("status")),
            },
            ("authenticationtype", []) => match self.authentication_type() {
                Some(kind) => Operand::String(Cow::Owned(kind.as_str().to_owned())),
                None => Operand::Undefined,
            },
            ("tags", _) => twin(raw("tags"), path, 0),
            ("properties", [Segment::Key(name), ..]) if name.eq_ignore_ascii_case("desired") => {
                twin(raw("desired"), path, 1)
            }
            ("properties", [Segment::Key(name), ..]) if name.eq_ignore_ascii_case("reported") => {
                twin(raw("reported"), path, 1)
            }
            // What is asked for seldom is asked of the row.
            _ => match self.to_row() {
                Ok(row) => owned(row.find(path)),
                Err(_) => Operand::Undefined,
            },
        }
    }
}

fn plain(raw: &str) -> Operand<'_> {
    match raw {
        "" => Operand::Undefined,
        raw => super::row::operand(raw),
    }
}

fn twin<'a>(raw: &'a str, path: &Path, taken: usize) -> Operand<'a> {
    match raw {
        "" => Operand::Undefined,
        raw => descend(raw, path, taken),
    }
}
