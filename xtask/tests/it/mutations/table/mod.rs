//! The table: kinds of edits, and what must follow from each.

mod calls;
mod models;
mod names;
mod noops;
mod notes;

pub(crate) use notes::next_version;

use xtask::diff::Class::{self, Additive, Breaking, Documentation};

use super::edit::Edit;

/// One row.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) edits: Vec<Edit>,
    /// The lint rules that find it, all of them.
    pub(crate) lint: &'static [&'static str],
    pub(crate) class: Class,
    /// What the error says, where the generator rejects the spec.
    pub(crate) rejection: Option<&'static str>,
    /// Whether the regenerated crate is compiled.
    pub(crate) compiles: bool,
}

fn row(name: &'static str, class: Class, edits: impl Into<Vec<Edit>>) -> Row {
    Row {
        name,
        edits: edits.into(),
        lint: &[],
        class,
        rejection: None,
        compiles: false,
    }
}

impl Row {
    fn lint(mut self, rules: &'static [&'static str]) -> Self {
        self.lint = rules;
        self
    }

    fn rejected(mut self, message: &'static str) -> Self {
        self.rejection = Some(message);
        self
    }

    fn compiled(mut self) -> Self {
        self.compiles = true;
        self
    }
}

pub(crate) fn rows() -> Vec<Row> {
    [
        models::rows(),
        calls::rows(),
        names::rows(),
        noops::rows(),
        notes::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
