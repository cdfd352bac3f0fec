//! Identities: how messages call them, and those that come more than once in what is written.

use super::marks::{Kind, Mark, Marker, Marks};
use super::{Context, Place, TransformError};
use crate::Row;

/// Keeps a mark of every row; what exceeds the memory given goes to a temporary file.
pub(crate) struct Identities {
    marker: Marker,
    marks: Marks,
}

impl Identities {
    pub(crate) fn new(context: &Context<'_>) -> Self {
        Identities {
            marker: Marker::default(),
            marks: Marks::new(context),
        }
    }

    pub(crate) fn note(&mut self, row: &Row, place: Place) -> Result<(), TransformError> {
        let name = (row.id.as_str(), row.module_id.as_deref());
        let mark = self
            .marker
            .mark(Kind::Identity, name, place.line, place.offset);
        self.marks.push(mark)
    }

    /// Calls `each` with the places of the first row of an identity and of every other one.
    pub(crate) fn repeated(self, mut each: impl FnMut(Place, Place)) -> Result<(), TransformError> {
        let place = |mark: &Mark| Place {
            line: mark.line,
            offset: mark.offset,
        };
        let mut first: Option<Mark> = None;
        self.marks.sorted(|mark| match &first {
            Some(first) if first.is_about(&mark) => each(place(first), place(&mark)),
            _ => first = Some(mark),
        })
    }
}

/// How messages call a device or a module.
pub(crate) fn shown_name(id: &str, module: Option<&str>) -> String {
    let short = |id: &str| {
        id.chars()
            .take(128)
            .collect::<String>()
            .escape_debug()
            .to_string()
    };
    match module {
        Some(module) => format!("module {}/{}", short(id), short(module)),
        None => format!("device {}", short(id)),
    }
}
