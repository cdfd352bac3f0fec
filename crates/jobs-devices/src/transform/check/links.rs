//! What only several lines show together: identities that are repeated, parents that are missing, deleted, or below themselves.

use super::circles::{Circles, Link};
use super::{Finding, Part, Purpose};
use crate::RowRef;
use crate::rules::Severity;
use crate::transform::TransformError;
use crate::transform::marks::{Kind, Mark, Marks};
use crate::transform::scope::{SCOPE_PREFIX, edge_of_scope};

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
        if module.is_some() {
            self.marks.push(mark(Kind::ModuleOf, &id, None));
            self.names.note(line, row);
            return;
        }
        if mode.deletes() {
            self.marks.push(mark(Kind::Deleted, &id, None));
            return;
        }
        let own = mark(Kind::Device, &id, None);
        self.marks.push(own);
        if mode.updates_twin_only() {
            return;
        }
        let parents: Vec<String> = parents(row).collect();
        if !parents.is_empty() {
            self.names.note(line, row);
        }
        for parent in parents {
            let parent = mark(Kind::ChildOf, &parent, None);
            self.marks.push(parent);
            if row.is_edge() && !parent.is_about(&own) {
                self.nested.push(Link {
                    child: own.name_hash(),
                    parent: parent.name_hash(),
                    line,
                    offset,
                });
            }
        }
    }
}

/// Whether the hub reads the row as one of an identity; a wrong word in one of these members makes the line unreadable.
fn reaches_an_identity(row: &RowRef<'_>) -> bool {
    row.status().is_some_and(|word| word.is_known())
        && row.effective_mode().is_known()
        && row.authentication_type().is_none_or(|kind| kind.is_known())
}

/// The scopes of the parents that the row names, and whether each is the value of `deviceScope`.
fn parent_scopes(row: &RowRef<'_>) -> Vec<(String, bool)> {
    let listed = row.parent_scopes();
    let listed = listed.and_then(|array| serde_json::from_str::<Vec<String>>(array).ok());
    let mut scopes: Vec<_> = row
        .device_scope()
        .filter(|scope| !is_own(row, scope))
        .map(|scope| (scope.into_owned(), true))
        .into_iter()
        .collect();
    for scope in listed.into_iter().flatten() {
        if scopes.iter().all(|(other, _)| *other != scope) {
            scopes.push((scope, false));
        }
    }
    scopes
}

/// The ids of the edge devices that the row names as its parents.
fn parents(row: &RowRef<'_>) -> impl Iterator<Item = String> {
    parent_scopes(row)
        .into_iter()
        .filter_map(|(scope, _)| edge_of_scope(&scope).map(str::to_owned))
}

/// An edge device has a scope of its own. A row that does not say what it is may be one.
fn is_own(row: &RowRef<'_>, scope: &str) -> bool {
    row.iot_edge() != Some(false) && edge_of_scope(scope).is_some_and(|edge| edge == row.id())
}

/// What is wrong with the parents that the row names, whatever other rows hold.
pub(super) fn own_parents(row: &RowRef<'_>) -> Vec<(Severity, &'static str, String)> {
    let mode = row.effective_mode();
    if row.module().is_some() || !(mode.creates() || mode.overwrites_identity()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (scope, is_device_scope) in parent_scopes(row) {
        match edge_of_scope(&scope) {
            Some(edge) if edge == row.id() => {
                // What was an edge device until now may bring the scope along that it had.
                let severity = match is_device_scope && mode.overwrites_identity() {
                    true => Severity::Warning,
                    false => Severity::Error,
                };
                let message = "names itself as its parent".to_owned();
                found.push((severity, "parent-cycle", message));
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
    marks.sorted(|mark| {
        let same = first.is_some_and(|first| first.is_about(&mark));
        if !same {
            first = Some(mark);
            device = matches!(mark.kind, Kind::Device | Kind::Deleted).then_some(mark);
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
        if let Some((severity, rule, message)) = finding {
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
