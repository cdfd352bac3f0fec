//! What lines tell only together: identities that stand twice, parents that do not stand at all.

use super::{Finding, Purpose};
use crate::RowRef;
use crate::rules::Severity;
use crate::transform::TransformError;
use crate::transform::marks::{Kind, Mark, Marker, Marks};
use crate::transform::scope::parse_scope;

/// Marks what the row is and what it names.
pub(super) fn mark(
    row: &RowRef<'_>,
    marker: &Marker,
    (line, offset): (u64, u64),
    marks: &mut Vec<Mark>,
) {
    let (id, module) = (row.id(), row.module_id());
    marks.push(marker.mark(Kind::Identity, (&id, module.as_deref()), line, offset));
    if module.is_some() {
        marks.push(marker.mark(Kind::ModuleOf, (&id, None), line, offset));
        return;
    }
    marks.push(marker.mark(Kind::Device, (&id, None), line, offset));
    let own = row.device_scope();
    let is_own =
        |scope: &str| row.is_edge() && parse_scope(scope).is_some_and(|(edge, _)| edge == id);
    let child_of = match own.as_deref() {
        Some(scope) if !is_own(scope) => Some(scope.to_owned()),
        _ => row.parent_scopes().and_then(first_text),
    };
    if let Some((parent, _)) = child_of.as_deref().and_then(parse_scope) {
        marks.push(marker.mark(Kind::ChildOf, (parent, None), line, offset));
    }
}

fn first_text(array: &str) -> Option<String> {
    serde_json::from_str::<Vec<String>>(array)
        .ok()?
        .into_iter()
        .next()
}

/// Finds what stands twice, and what is named and stands nowhere, or too late.
pub(super) fn between_lines(
    marks: Marks,
    purpose: Purpose,
    mut found: impl FnMut(Finding),
) -> Result<(), TransformError> {
    // The first mark of its kind about the name that the marks are about now.
    let (mut first, mut device): (Option<Mark>, Option<Mark>) = (None, None);
    marks.sorted(|mark| {
        let same = first.is_some_and(|first| first.is_about(&mark));
        if !same {
            first = Some(mark);
            device = (mark.kind == Kind::Device).then_some(mark);
        }
        let finding = match mark.kind {
            Kind::Identity if same => first.map(|first| {
                let message = format!("the identity stands on line {}, too; an import takes one row of an identity and refuses the others", first.line);
                (Severity::Error, "duplicate", message)
            }),
            Kind::Identity | Kind::Device => None,
            Kind::ModuleOf => link("the module's device", device, &mark, purpose),
            Kind::ChildOf => link("the parent", device, &mark, purpose),
        };
        if let Some((severity, rule, message)) = finding {
            found(Finding { line: mark.line, offset: mark.offset, severity, rule, message });
        }
    })
}

/// Judges a link: an export holds all that is named; an import finds on the hub what is not in its file, but needs parents first.
fn link(
    what: &str,
    target: Option<Mark>,
    from: &Mark,
    purpose: Purpose,
) -> Option<(Severity, &'static str, String)> {
    match (target, purpose) {
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
                "{what} stands behind it, on line {}; put it first",
                target.line
            );
            Some((Severity::Warning, "parent-order", message))
        }
        _ => None,
    }
}
