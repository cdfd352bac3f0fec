//! What the untyped cells of a table turned out to be, column by column.

use csv::ByteRecord;

use super::cell::{self, Scalar};
use super::columns::{Column, Kind, Member};
use crate::transform::{Passed, Place, Problem, ProblemKind};

/// Counts the kinds of cells in the columns that have no type of their own.
pub(super) struct Kinds(Vec<Option<Tally>>);

#[derive(Default)]
struct Tally {
    numbers: Cells,
    truths: Cells,
    texts: Cells,
    /// Texts that look like numbers.
    as_text: Cells,
}

/// How many cells there are, and the row of the first.
#[derive(Default)]
struct Cells {
    count: u64,
    first: Option<Place>,
}

impl Cells {
    fn note(&mut self, place: Place) {
        self.count += 1;
        self.first.get_or_insert(place);
    }
}

impl Kinds {
    pub(super) fn of(columns: &[Column]) -> Self {
        let untyped = |column: &Column| {
            let has_names = match &column.member {
                Member::Twin(_, names) => !names.is_empty(),
                Member::Other(name) => name.is_some(),
                _ => false,
            };
            (has_names && column.kind == Kind::Any).then(Tally::default)
        };
        Self(columns.iter().map(untyped).collect())
    }

    pub(super) fn note(&mut self, record: &ByteRecord, place: Place) {
        for (cell, tally) in record.iter().zip(&mut self.0) {
            let (Some(tally), Ok(cell)) = (tally, std::str::from_utf8(cell)) else {
                continue;
            };
            match cell::scalar(cell) {
                Scalar::Number => tally.numbers.note(place),
                Scalar::Truth => tally.truths.note(place),
                Scalar::Text => tally.texts.note(place),
                Scalar::NumberAsText => {
                    tally.texts.note(place);
                    tally.as_text.note(place);
                }
                Scalar::Other => {}
            }
        }
    }

    /// Warns of columns whose rows do not agree, before whatever else was found.
    pub(super) fn warn(self, columns: &[Column], passed: &mut Passed) {
        let mut warnings = Vec::new();
        for (column, tally) in columns.iter().zip(self.0) {
            let Some(tally) = tally else { continue };
            let hint = format!(
                "to make all of them texts, use --columns '{}={}:string'",
                column.header, column.member
            );
            let mut warn = |place: Place, message: String| {
                let message = format!("column `{}`: {message}; {hint}", column.header);
                warnings.push(Problem::at(place, ProblemKind::Warning, message));
            };
            let kinds = [
                ("numbers", &tally.numbers),
                ("truth values", &tally.truths),
                ("texts", &tally.texts),
            ];
            let found: Vec<_> = kinds.iter().filter(|(_, cells)| cells.count > 0).collect();
            let first = tally.texts.first.or(tally.truths.first);
            match (found.len(), first, tally.as_text.first) {
                (2.., Some(place), _) => {
                    let list = |(kind, cells): &&(&str, &Cells)| {
                        format!("{kind} in {}", rows(cells.count))
                    };
                    let list: Vec<_> = found.iter().map(list).collect();
                    warn(place, list.join(", "));
                }
                (_, _, Some(place)) => {
                    let rows = rows(tally.as_text.count);
                    warn(
                        place,
                        format!(
                            "text in {rows}, because a number would come back with other digits"
                        ),
                    );
                }
                _ => {}
            }
        }
        passed.problems.splice(0..0, warnings);
    }
}

fn rows(count: u64) -> String {
    match count {
        1 => "1 row".to_owned(),
        count => format!("{count} rows"),
    }
}
