//! What one row alone tells.

use super::duplicate::repeated_name;
use super::links::own_parents;
use super::{Place, Purpose};
use crate::rules::{self, Severity};
use crate::{Authentication, Members, Row, RowRef};

/// Rules that matter to an import alone: an export has versions without a mode, and system modules.
const IMPORT_ONLY: &[&str] = &["etag-unused", "etag-missing", "system-module"];

/// Names the members of a row have, for spotting another case.
const ROW: &[&str] = &[
    "id",
    "moduleId",
    "eTag",
    "importMode",
    "status",
    "statusReason",
    "authentication",
    "twinETag",
    "tags",
    "properties",
    "capabilities",
    "deviceScope",
    "parentScopes",
];
const AUTHENTICATION: &[&str] = &["type", "symmetricKey", "x509Thumbprint"];
const KEYS: &[&str] = &["primaryKey", "secondaryKey"];
const THUMBPRINTS: &[&str] = &["primaryThumbprint", "secondaryThumbprint"];

pub(super) fn check(borrowed: &RowRef<'_>, purpose: Purpose, at: &mut Place<'_>) {
    let row = match borrowed.to_row() {
        Ok(row) => row,
        Err(misfit) => return at.error("row-type", misfit.to_string()),
    };
    let who = name(&row);
    for violation in rules::row(&row) {
        if purpose == Purpose::Export && IMPORT_ONLY.contains(&violation.rule) {
            continue;
        }
        at.find(
            violation.severity,
            violation.rule,
            format!("{who}: `{}` {}", violation.field, violation.message),
        );
    }
    words(borrowed, &who, at);
    if borrowed.has_unknown_members() {
        unknown_members(&row, &who, purpose, at);
    }
    if let Some(name) = repeated_name(borrowed.line()) {
        let message = format!(
            "{who}: the member `{}` is repeated in one object; the hub takes the last one, other readers may not",
            name.escape_debug()
        );
        at.find(lost_value(purpose), "duplicate-member", message);
    }
    if purpose == Purpose::Import {
        for (severity, rule, message) in own_parents(borrowed) {
            at.find(severity, rule, format!("{who}: {message}"));
        }
        effects(borrowed, &who, at);
    }
}

/// The hub takes a row with a value that is lost. The service does not export one.
fn lost_value(purpose: Purpose) -> Severity {
    match purpose {
        Purpose::Export => Severity::Error,
        Purpose::Import => Severity::Warning,
    }
}

/// What the import does to an identity that exists, beyond what the row says.
fn effects(row: &RowRef<'_>, who: &str, at: &mut Place<'_>) {
    if row.authentication_effect().regenerates_keys() {
        at.warning(
            "keys-regenerated",
            format!(
                "{who}: has no keys; if it exists, the hub makes new keys and the device cannot connect any more: \
                 export with keys, or set the mode `create` for new identities"
            ),
        );
    }
    if row.replaces_tags() && row.effective_mode().updates_twin_only() {
        let message = format!(
            "{who}: `tags` replaces all tags of the twin; tags that are not in the row are lost"
        );
        at.warning("tags-replaced", message);
    }
}

/// How messages call the row.
fn name(row: &Row) -> String {
    shown_name(&row.id, row.module_id.as_deref())
}

/// How messages call a device or a module.
pub(super) fn shown_name(id: &str, module: Option<&str>) -> String {
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

/// Words in another case, which the service reads as if they were written right.
fn words(row: &RowRef<'_>, who: &str, at: &mut Place<'_>) {
    for (member, found, meant) in row.words_in_another_case() {
        let message = format!(
            "{who}: `{member}` is `{}`, which is spelt `{meant}`",
            found.escape_debug()
        );
        at.warning("word-case", message);
    }
}

fn unknown_members(row: &Row, who: &str, purpose: Purpose, at: &mut Place<'_>) {
    let mut look = |path: &str, extra: &Members, known: &[&'static str]| {
        for (name, _) in extra.iter() {
            let shown: String = name.chars().take(64).collect();
            let shown = shown.escape_debug();
            if let Some(meant) = known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
                at.find(
                    lost_value(purpose),
                    "member-case",
                    format!(
                        "{who}: `{path}{shown}` is spelt `{path}{meant}`; its value would be lost"
                    ),
                );
            } else if purpose == Purpose::Import {
                at.warning(
                    "unknown-member",
                    format!(
                        "{who}: `{path}{shown}` is no member of a row that is known; check the name"
                    ),
                );
            }
        }
    };
    look("", &row.extra, ROW);
    if let Some(Authentication {
        symmetric_key,
        x509_thumbprint,
        extra,
        ..
    }) = &row.authentication
    {
        look("authentication.", extra, AUTHENTICATION);
        if let Some(keys) = symmetric_key {
            look("authentication.symmetricKey.", &keys.extra, KEYS);
        }
        if let Some(prints) = x509_thumbprint {
            look("authentication.x509Thumbprint.", &prints.extra, THUMBPRINTS);
        }
    }
    if let Some(properties) = &row.properties {
        look("properties.", &properties.extra, &["desired", "reported"]);
    }
    if let Some(capabilities) = &row.capabilities {
        look("capabilities.", &capabilities.extra, &["iotEdge"]);
    }
}
