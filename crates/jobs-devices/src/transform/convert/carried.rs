//! What the columns of a table leave behind.

use std::collections::BTreeMap;

use super::NotCarried;
use super::columns::{Columns, MEMBERS, Member, Section};
use crate::Row;
use crate::checked::members;
use crate::transform::MAX_PROBLEMS;

/// Keeps count of what rows have and columns do not.
pub(super) struct Carried<'c> {
    columns: &'c Columns,
    lost: BTreeMap<String, u64>,
}

/// The objects of a row that are there and have no member, which no column can say.
fn empty_parts(row: &Row) -> impl Iterator<Item = &'static str> {
    fn is_empty<T: Default + PartialEq>(part: Option<&T>) -> bool {
        part.is_some_and(|part| *part == T::default())
    }
    let authentication = row.authentication.as_ref();
    let keys = authentication.and_then(|part| part.symmetric_key.as_ref());
    let prints = authentication.and_then(|part| part.x509_thumbprint.as_ref());
    [
        ("authentication", is_empty(authentication)),
        ("authentication.symmetricKey", is_empty(keys)),
        ("authentication.x509Thumbprint", is_empty(prints)),
        ("properties", is_empty(row.properties.as_ref())),
        ("capabilities", is_empty(row.capabilities.as_ref())),
    ]
    .into_iter()
    .filter_map(|(part, empty)| empty.then_some(part))
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
        for (name, member) in MEMBERS {
            let carried_elsewhere = matches!(member, Member::Twin(..) | Member::Other(_));
            if !carried_elsewhere && !self.has(member) && super::cell::is_there(member, row) {
                self.lose(name);
            }
        }
        for section in [Section::Tags, Section::Desired, Section::Reported] {
            if let Some(text) = section.of(row) {
                self.note_twin(section, text, &mut Vec::new());
            }
        }
        let parts = [
            (
                "authentication",
                row.authentication.as_ref().map(|p| &p.extra),
            ),
            (
                "authentication.symmetricKey",
                row.authentication
                    .as_ref()
                    .and_then(|p| p.symmetric_key.as_ref())
                    .map(|p| &p.extra),
            ),
            (
                "authentication.x509Thumbprint",
                row.authentication
                    .as_ref()
                    .and_then(|p| p.x509_thumbprint.as_ref())
                    .map(|p| &p.extra),
            ),
            ("properties", row.properties.as_ref().map(|p| &p.extra)),
            ("capabilities", row.capabilities.as_ref().map(|p| &p.extra)),
        ];
        for (part, extra) in parts {
            for (name, _) in extra.into_iter().flat_map(|members| members.iter()) {
                self.lose(&format!("{part}.{name}"));
            }
        }
        for part in empty_parts(row) {
            self.lose(part);
        }
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
