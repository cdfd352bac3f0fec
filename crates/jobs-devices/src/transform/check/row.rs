//! What one row alone tells.

use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::duplicate::repeated_name;
use super::links::own_parents;
use super::{Place, Purpose};
use crate::field::string;
use crate::object::{Object, Shape, each_leaf, each_object, joined};
use crate::rules::{self, Severity};
use crate::transform::identities::shown_name;
use crate::{Row, RowRef};

/// Rows of more bytes are checked one at a time, whatever the number of workers: the checks of a row of 8 MB take up to 30 MB.
const LONG: usize = 1 << 20;
static ONE_LONG_ROW: Mutex<()> = Mutex::new(());

/// Rules that matter to an import alone: an export has versions without a mode, and system modules.
const IMPORT_ONLY: &[&str] = &["etag-unused", "etag-missing", "system-module"];

/// The members that are one of some words.
static WORDS: LazyLock<Vec<(Vec<&'static str>, &'static [&'static str])>> = LazyLock::new(|| {
    let mut words = Vec::new();
    each_leaf(&mut Vec::new(), Row::TABLE, &mut |path, shape| {
        if let Shape::Word(names) = shape {
            words.push((path.to_vec(), names));
        }
    });
    words
});

pub(super) fn check(borrowed: &RowRef<'_>, purpose: Purpose, at: &mut Place<'_>) {
    let line = borrowed.line();
    let is_long = line.len() > LONG;
    let _one_at_a_time =
        is_long.then(|| ONE_LONG_ROW.lock().unwrap_or_else(PoisonError::into_inner));
    let row = match borrowed.to_row() {
        Ok(row) => row,
        Err(misfit) => return at.error("row-type", misfit.to_string()),
    };
    let who = Who(&row);
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
    if let Some(name) = repeated_name(line) {
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
        ids(&row, &who, at);
    }
}

/// Ids that the registry takes and MQTT does not: its clients put them into topics, where these characters are wildcards.
fn ids(row: &Row, who: &Who<'_>, at: &mut Place<'_>) {
    for id in [Some(row.id.as_str()), row.module_id.as_deref()] {
        if let Some(wildcard) = id.and_then(|id| id.chars().find(|c| matches!(c, '#' | '+'))) {
            let message = format!(
                "{who}: `{wildcard}` is a wildcard of MQTT, so no MQTT client and no edge hub can use this id"
            );
            at.warning("mqtt-id", message);
        }
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
fn effects(row: &RowRef<'_>, who: &Who<'_>, at: &mut Place<'_>) {
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

/// How messages call the row; made when a message is.
struct Who<'r>(&'r Row);

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown_name(&self.0.id, self.0.module_id.as_deref()))
    }
}

/// Words in another case, which the service reads as if they were written right.
fn words(row: &RowRef<'_>, who: &Who<'_>, at: &mut Place<'_>) {
    for (path, names) in WORDS.iter() {
        let json = row.json_at(path);
        let word = json
            .strip_prefix('"')
            .and_then(|json| json.strip_suffix('"'));
        if word.is_some_and(|word| names.contains(&word)) {
            continue;
        }
        let Some(found) = json.starts_with('"').then(|| string(json).ok()).flatten() else {
            continue;
        };
        let mut any_case = names
            .iter()
            .filter(|name| name.eq_ignore_ascii_case(&found));
        let Some(meant) = any_case.next().filter(|name| ***name != *found) else {
            continue;
        };
        let message = format!(
            "{who}: `{}` is `{}`, which is spelt `{meant}`",
            path.join("."),
            found.escape_debug()
        );
        at.warning("word-case", message);
    }
}

fn unknown_members(row: &Row, who: &Who<'_>, purpose: Purpose, at: &mut Place<'_>) {
    each_object("", row, &mut |path, node| {
        for (name, _) in node.extra().iter() {
            let mut known = node.table().iter().map(|known| known.name);
            let shown: String = name.chars().take(64).collect();
            let shown = joined(path, &shown.escape_debug().to_string());
            if let Some(meant) = known.find(|known| known.eq_ignore_ascii_case(name)) {
                let meant = joined(path, meant);
                at.find(
                    lost_value(purpose),
                    "member-case",
                    format!("{who}: `{shown}` is spelt `{meant}`; its value would be lost"),
                );
            } else if purpose == Purpose::Import {
                at.warning(
                    "unknown-member",
                    format!("{who}: `{shown}` is no member of a row that is known; check the name"),
                );
            }
        }
    });
}
