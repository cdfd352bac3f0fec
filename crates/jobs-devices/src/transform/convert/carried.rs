//! What the columns of a table leave behind.

use std::collections::BTreeMap;

use super::NotCarried;
use super::columns::{Columns, MEMBERS, Member, Section};
use crate::Row;
use crate::checked::members;
use crate::object::{Held, Node, each_object, joined};
use crate::transform::MAX_PROBLEMS;

/// Keeps count of what rows have and columns do not.
pub(super) struct Carried<'c> {
    columns: &'c Columns,
    lost: BTreeMap<String, u64>,
}

/// Whether an object has no member, which no column can say.
fn is_empty(node: &dyn Node) -> bool {
    let mut names = node.table().iter().map(|known| known.name);
    node.extra().is_empty() && names.all(|name| matches!(node.held(name), Held::Absent))
}

impl<'c> Carried<'c> {
    pub(super) fn new(columns: &'c Columns) -> Self {
        Carried {
            columns,
            lost: BTreeMap::new(),
        }
    }

    pub(super) fn lost(self) -> Vec<NotCarried> {
        let lost = self.lost.into_iter();
        lost.map(|(member, rows)| NotCarried { member, rows })
            .collect()
    }

    fn lose(&mut self, member: &str) {
        // Names are data: a fleet whose every row has other ones must not fill the memory.
        let full = self.lost.len() >= MAX_PROBLEMS && !self.lost.contains_key(member);
        let name = if full { "…" } else { member };
        *self.lost.entry(name.to_owned()).or_default() += 1;
    }

    fn has(&self, member: &Member) -> bool {
        self.columns
            .as_slice()
            .iter()
            .any(|column| column.member == *member)
    }

    pub(super) fn note(&mut self, row: &Row) {
        for (name, member) in MEMBERS.iter() {
            let carried_elsewhere = matches!(member, Member::Twin(..) | Member::Other(_));
            if !carried_elsewhere && !self.has(member) && super::cell::is_there(member, row) {
                self.lose(name);
            }
        }
        for section in Section::ALL {
            if let Some(text) = section.of(row) {
                self.note_twin(section, text, &mut Vec::new());
            }
        }
        each_object("", row, &mut |path, node| {
            if path.is_empty() {
                return;
            }
            for (name, _) in node.extra().iter() {
                self.lose(&joined(path, name));
            }
            if is_empty(node) {
                self.lose(path);
            }
        });
        if !self.has(&Member::Other(None)) {
            for (name, _) in row.extra.iter() {
                if !self.has(&Member::Other(Some(name.to_owned()))) {
                    self.lose(name);
                }
            }
        }
    }

    /// Notes what lies under this path of a twin and in no column.
    fn note_twin(&mut self, section: Section, text: &str, path: &mut Vec<String>) {
        if self.has(&Member::Twin(section, path.clone())) {
            return;
        }
        let deeper = self
            .columns
            .as_slice()
            .iter()
            .any(|column| match &column.member {
                Member::Twin(other, names) => *other == section && names.starts_with(path),
                _ => false,
            });
        if !(text.starts_with('{') && (deeper || path.is_empty())) {
            let names = [&[section.path().to_owned()], &path[..]].concat();
            self.lose(&names.join("."));
            return;
        }
        for (name, value) in members(text) {
            path.push(name.shown().into_owned());
            self.note_twin(section, value, path);
            path.pop();
        }
    }
}
