//! What only several lines show together: identities that are repeated, parents that are missing, deleted, or below themselves.

use super::circles::{Circles, Link};
use super::edges::{ChildTag, Modules, ParentTag};
use super::{Finding, Part, Purpose};
use crate::rules::Severity;
use crate::transform::TransformError;
use crate::transform::marks::{Kind, Mark, Marks};
use crate::transform::scope::{SCOPE_PREFIX, edge_of_scope};
use crate::{ImportMode, RowRef};

/// How many rows with links are called by their names in findings; memory stays flat. Findings of later rows have a line number alone.
const MOST_NAMES: usize = 50_000;

/// What messages call rows that name a device or a parent, by their lines.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<(u64, Box<str>)>);

impl Names {
    fn note(&mut self, line: u64, row: &RowRef<'_>) {
        let (id, module) = (row.id(), row.module());
        let name = crate::transform::identities::shown_name(&id, module.as_deref());
        self.0.push((line, name.into()));
    }

    /// Appends the names of lines behind those that are there.
    pub(super) fn append(&mut self, other: Self) {
        let room = MOST_NAMES - self.0.len();
        self.0.extend(other.0.into_iter().take(room));
    }

    /// The finding, with the name of its row where that is known.
    fn called(&self, mut finding: Finding) -> Finding {
        let at = self
            .0
            .binary_search_by_key(&finding.line, |(line, _)| *line);
        if let Ok(at) = at {
            finding.message = format!("{}: {}", self.0[at].1, finding.message);
        }
        finding
    }
}

impl Part<'_> {
    /// Marks what the row is and what it names.
    pub(super) fn mark(&mut self, row: &RowRef<'_>, (line, offset): (u64, u64)) {
        let (id, module) = (row.id(), row.module());
        let (mode, marker) = (row.effective_mode(), self.marker);
        let mark = |kind, name: &str, module| marker.mark(kind, (name, module), line, offset);
        if self.purpose == Purpose::Export || reaches_an_identity(row) {
            self.marks
                .push(mark(Kind::Identity, &id, module.as_deref()));
        }
        if let Some(module) = &module {
            let tag = super::edges::module_tag(marker, row, module);
            self.marks
                .push(mark(Kind::ModuleOf, &id, None).with_tag(tag));
            self.names.note(line, row);
            return;
        }
        if mode.deletes() {
            self.marks.push(mark(Kind::Deleted, &id, None));
            return;
        }
        let own = mark(Kind::Device, &id, None).with_tag(ParentTag::of(row, marker).to_bits());
        self.marks.push(own);
        if mode.updates_twin_only() {
            return;
        }
        let parents = parents(row);
        if !parents.is_empty() {
            self.names.note(line, row);
        }
        for (parent, scope) in parents {
            let tag = ChildTag::of(&scope, marker).to_bits();
            let parent = mark(Kind::ChildOf, &parent, None).with_tag(tag);
            self.marks.push(parent);
            if row.is_edge() && !parent.is_about(&own) {
                self.nested.push(Link {
                    child: own.name_hash(),
                    parent: parent.name_hash(),
                    line,
                    offset,
                    is_new: mode == ImportMode::Create,
                });
            }
        }
    }
}

/// Whether the hub reads the row as one of an identity; a wrong word in one of these members makes the line unreadable.
pub(super) fn reaches_an_identity(row: &RowRef<'_>) -> bool {
    row.status().is_some_and(|word| word.is_known())
        && row.effective_mode().is_known()
        && row.authentication_type().is_none_or(|kind| kind.is_known())
}

/// The scopes of the parents that the row names, and whether each one is the value of `deviceScope` alone. The `deviceScope` of an
/// edge device names no parent, but the device itself.
fn parent_scopes(row: &RowRef<'_>) -> Vec<(String, bool)> {
    let listed = row.parent_scopes();
    let listed = listed.and_then(|array| serde_json::from_str::<Vec<String>>(array).ok());
    let mut scopes: Vec<_> = row
        .device_scope()
        .filter(|_| !row.is_edge())
        .map(|scope| (scope.into_owned(), true))
        .into_iter()
        .collect();
    for scope in listed.into_iter().flatten() {
        match scopes.iter_mut().find(|(other, _)| *other == scope) {
            Some((_, is_device_scope)) => *is_device_scope = false,
            None => scopes.push((scope, false)),
        }
    }
    scopes
}

/// The ids of the other devices that the row names as its parents, and their scopes.
fn parents(row: &RowRef<'_>) -> Vec<(String, String)> {
    let parents = parent_scopes(row).into_iter().filter_map(|(scope, _)| {
        let edge = edge_of_scope(&scope)?.to_owned();
        (edge != row.id()).then_some((edge, scope))
    });
    parents.collect()
}

/// An edge device has a scope of its own.
fn names_itself(row: &RowRef<'_>, scope: &str) -> bool {
    edge_of_scope(scope).is_some_and(|edge| edge == row.id())
}

/// What is wrong with the parents that the row names, whatever other rows hold.
pub(super) fn own_parents(row: &RowRef<'_>) -> Vec<(Severity, &'static str, String)> {
    let mode = row.effective_mode();
    if row.module().is_some() || !(mode.creates() || mode.overwrites_identity()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if row.is_edge()
        && row
            .device_scope()
            .is_some_and(|scope| !names_itself(row, &scope))
    {
        let message = "is an edge device whose `deviceScope` is not its own scope; the hub makes that scope and sets no parent, name \
                       parents in `parentScopes`";
        found.push((Severity::Warning, "edge-scope", message.to_owned()));
    }
    for (scope, is_device_scope) in parent_scopes(row) {
        match edge_of_scope(&scope) {
            Some(edge) if edge == row.id() => {
                // What is an edge device until now may bring the scope along that it has.
                let (severity, message) = match is_device_scope && mode.overwrites_identity() {
                    true => (
                        Severity::Warning,
                        "names itself as its parent; the hub takes the row only if the device is an edge device already",
                    ),
                    false => (Severity::Error, "names itself as its parent"),
                };
                found.push((severity, "parent-cycle", message.to_owned()));
            }
            None if scope.starts_with(SCOPE_PREFIX) => {
                let shown: String = scope.chars().take(160).collect();
                let message = format!(
                    "has the parent scope `{}`, which no edge device can have; a scope is {SCOPE_PREFIX}ID-NUMBER, as the hub returns it",
                    shown.escape_debug()
                );
                found.push((Severity::Error, "device-scope", message));
            }
            _ => {}
        }
    }
    found
}

/// Finds identities that are repeated, and links to what is missing, comes too late or goes too early.
pub(super) fn between_lines(
    marks: Marks,
    nested: Circles,
    names: &Names,
    purpose: Purpose,
    mut found: impl FnMut(Finding),
) -> Result<(), TransformError> {
    // The first mark of its kind about the name that the marks are about now.
    let (mut first, mut device): (Option<Mark>, Option<Mark>) = (None, None);
    let mut modules = Modules::default();
    marks.sorted(|mark| {
        let same = first.is_some_and(|first| first.is_about(&mark));
        if !same {
            first = Some(mark);
            device = matches!(mark.kind, Kind::Device | Kind::Deleted).then_some(mark);
            modules = Modules::of(device.map(|device| device.line));
        }
        let finding = match mark.kind {
            Kind::Identity if same => first.map(|first| {
                let message = format!("the identity stands on line {}, too; an import takes one row of an identity and refuses the others", first.line);
                (Severity::Error, "duplicate", message)
            }),
            Kind::Identity | Kind::Device | Kind::Deleted => None,
            Kind::ModuleOf => link("the module's device", device, &mark, purpose),
            Kind::ChildOf => link("the parent", device, &mark, purpose),
        };
        let more = match (mark.kind, purpose) {
            (Kind::ModuleOf, Purpose::Import) => modules.take(&mark),
            (Kind::ChildOf, Purpose::Import) => {
                device.and_then(|parent| ParentTag::from_bits(parent.tag).rejects(&parent, &mark))
            }
            _ => None,
        };
        for (severity, rule, message) in finding.into_iter().chain(more) {
            let finding = Finding {
                line: mark.line,
                offset: mark.offset,
                severity,
                rule,
                message,
            };
            found(names.called(finding));
        }
    })?;
    nested.find(|finding| found(names.called(finding)));
    Ok(())
}

/// Judges a link: an export holds all that is named; an import finds on the hub what is not in its file, but needs parents first.
fn link(
    what: &str,
    target: Option<Mark>,
    from: &Mark,
    purpose: Purpose,
) -> Option<(Severity, &'static str, String)> {
    match (target, purpose) {
        (Some(target), _) if target.kind == Kind::Deleted => {
            (target.line < from.line).then(|| {
                let message = format!(
                    "{what} is deleted on line {}, above this row, and its modules with it; put this row first or leave it out",
                    target.line
                );
                (Severity::Error, "delete-order", message)
            })
        }
        (None, Purpose::Export) => Some((
            Severity::Error,
            "parent-missing",
            format!("{what} is not in the file"),
        )),
        (None, Purpose::Import) => Some((
            Severity::Warning,
            "parent-missing",
            format!("{what} is not in the file; it must be on the hub already"),
        )),
        (Some(target), Purpose::Import) if target.line > from.line => {
            let message = format!(
                "{what} comes later, on line {}; put it first",
                target.line
            );
            Some((Severity::Warning, "parent-order", message))
        }
        _ => None,
    }
}
