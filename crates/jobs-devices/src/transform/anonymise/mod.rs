//! Device files without the names and secrets of their owner.

use std::io::{Read, Write};

use serde::Serialize;

use super::{Context, Passed, Place, Run, TransformError};
use crate::{Authentication, Field, Json, JsonObject, Key, Members, Row, RowRef};

mod clients;
mod pseudonym;
mod text;

pub use pseudonym::AnonymiseKey;

use pseudonym::Kind;
use text::mask_strings;

/// What [`anonymise`] does with the words in twins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TwinText {
    /// Every string in tags and properties becomes a pseudonym: equal strings stay equal, so the file can still be
    /// grouped and joined, and a string that is a device id becomes the new id of that device. Names of members, numbers and
    /// booleans stay.
    #[default]
    Mask,
    /// Twins stay as they are: for files whose tags are known to name nobody.
    Keep,
}

/// What [`anonymise`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AnonymiseReport {
    /// What was read.
    #[serde(flatten)]
    pub passed: Passed,
    /// Rows written: all that were read.
    pub written: u64,
    /// Keys and thumbprints replaced.
    pub secrets_replaced: u64,
    /// Strings in twins and unknown members replaced.
    pub strings_masked: u64,
}

/// Writes the rows with every name, key and etag replaced, so that the file keeps its shape and tells nothing.
///
/// | Member | Becomes |
/// |---|---|
/// | `id`, `moduleId` | `anon-` and 32 hexadecimal digits, by keyed hash of the name; `$edgeAgent` and other system modules keep theirs |
/// | `deviceScope`, `parentScopes` | the same scope with the new id of the same device, so that parents and children still find each other |
/// | keys, thumbprints | others of the same length, that fit the same rules |
/// | `eTag`, `twinETag` | others of the same length |
/// | `statusReason` | a pseudonym |
/// | strings in tags, properties and members this crate does not know | pseudonyms, unless twins are [kept](TwinText::Keep) |
/// | names under `clients` in what an `$edgeHub` reported | the new ids of these devices and modules, unless twins are kept |
///
/// The same key gives the same replacements, in this file and the next; without the key they cannot be led back. Other names
/// of members and numbers stay: what they say of their owner stays with them. Bad lines and notices are not written, for
/// nothing is known of what they hold, nor are the words of a notice put into the report. A pseudonym has 37 characters, so a twin of many
/// short strings grows and may pass the size that the service allows.
///
/// # Errors
/// When the input cannot be read or the output not written.
pub fn anonymise<R: Read + Send, W: Write>(
    source: R,
    mut sink: W,
    key: &AnonymiseKey,
    twins: TwinText,
    context: &mut Context<'_>,
) -> Result<AnonymiseReport, TransformError> {
    let mut run = Run::new(context);
    let mut report = AnonymiseReport::default();
    let each = |row: &RowRef<'_>, place: Place, part: &mut Part| match row.to_row() {
        Ok(mut row) => {
            let mut work = Work {
                key,
                twins,
                secrets: 0,
                strings: 0,
            };
            work.row(&mut row);
            row.write_line(&mut part.lines);
            part.lines.push(b'\n');
            part.rows += 1;
            part.secrets += work.secrets;
            part.strings += work.strings;
        }
        // A row that was read has an owned form; should one not have it, it is not to be left out in silence.
        Err(misfit) => part.misfit = Some((place.line, misfit.to_string())),
    };
    run.parts(source, each, |part| {
        report.written += part.rows;
        report.secrets_replaced += part.secrets;
        report.strings_masked += part.strings;
        if let Some((line, message)) = part.misfit {
            return Err(TransformError::Input { line, message });
        }
        sink.write_all(&part.lines).map_err(TransformError::Write)
    })?;
    sink.flush().map_err(TransformError::Write)?;
    let mut passed = run.passed;
    for problem in &mut passed.problems {
        if problem.kind == super::ProblemKind::Notice {
            problem.message = "words, left out".to_owned();
        }
    }
    report.passed = passed;
    Ok(report)
}

/// What was made of some lines.
#[derive(Default)]
struct Part {
    lines: Vec<u8>,
    rows: u64,
    secrets: u64,
    strings: u64,
    misfit: Option<(u64, String)>,
}

struct Work<'k> {
    key: &'k AnonymiseKey,
    twins: TwinText,
    secrets: u64,
    strings: u64,
}

impl Work<'_> {
    fn row(&mut self, row: &mut Row) {
        let is_edge_hub = row.module_id.as_deref() == Some("$edgeHub");
        row.id = self.key.name(&row.id);
        if let Some(module) = row.module_id.as_mut()
            && !module.starts_with('$')
        {
            *module = self.key.name(module);
        }
        for etag in [&mut row.etag, &mut row.twin_etag].into_iter().flatten() {
            *etag = self.key.base64_like(Kind::Etag, etag);
        }
        if let Some(reason) = row.status_reason.as_mut()
            && !reason.is_empty()
        {
            *reason = self.key.name(reason);
        }
        if let Some(authentication) = row.authentication.as_mut() {
            self.authentication(authentication);
        }
        let scopes = row.parent_scopes.as_mut().into_iter().flatten();
        for scope in scopes.chain(&mut row.device_scope) {
            *scope = self.key.scope(scope);
        }
        if self.twins == TwinText::Mask {
            self.twin(&mut row.tags);
            if let Some(properties) = row.properties.as_mut() {
                self.twin(&mut properties.desired);
                self.twin(&mut properties.reported);
                if is_edge_hub {
                    self.clients(&mut properties.reported);
                }
                self.unknown(&mut properties.extra);
            }
        }
        if let Some(capabilities) = row.capabilities.as_mut() {
            self.unknown(&mut capabilities.extra);
        }
        self.unknown(&mut row.extra);
    }

    fn authentication(&mut self, authentication: &mut Authentication) {
        if let Some(keys) = authentication.symmetric_key.as_mut() {
            for key in [&mut keys.primary_key, &mut keys.secondary_key]
                .into_iter()
                .flatten()
            {
                *key = Key::new(self.key.base64_like(Kind::Key, key.expose()));
                self.secrets += 1;
            }
            self.unknown(&mut keys.extra);
        }
        if let Some(prints) = authentication.x509_thumbprint.as_mut() {
            let both = [
                &mut prints.primary_thumbprint,
                &mut prints.secondary_thumbprint,
            ];
            for print in both.into_iter().flatten() {
                *print = self.key.hex_like(print);
                self.secrets += 1;
            }
            self.unknown(&mut prints.extra);
        }
        self.unknown(&mut authentication.extra);
    }

    fn twin(&mut self, section: &mut Field<JsonObject>) {
        if let Some(object) = section.as_mut() {
            let masked = mask_strings(object.as_str(), &mut |text| self.mask(text));
            *object = JsonObject::from_checked(&masked);
        }
    }

    fn clients(&mut self, reported: &mut Field<JsonObject>) {
        let object = reported.as_ref().map(JsonObject::as_str);
        let renamed = object.and_then(|text| clients::rename(text, |name| self.key.name(name)));
        if let Some(renamed) = renamed {
            *reported = Field::Value(JsonObject::from_checked(&renamed));
        }
    }

    /// A member this crate does not know may hold anything, a misspelt key included.
    fn unknown(&mut self, members: &mut Members) {
        let masked: Vec<(String, Json)> = members
            .iter()
            .map(|(name, value)| {
                let masked = mask_strings(value.as_str(), &mut |text| self.mask(text));
                (name.to_owned(), Json::from_checked(&masked))
            })
            .collect();
        for (name, value) in masked {
            members.insert(name, value);
        }
    }

    fn mask(&mut self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        self.strings += 1;
        self.key.name(text)
    }
}
