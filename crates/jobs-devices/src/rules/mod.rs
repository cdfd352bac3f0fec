//! What the service refuses, as functions: ids, keys, thumbprints, twins, whole rows.
//!
//! Limits are those of the service's documentation and of tests against live hubs; each function says its own.

use std::fmt;

use crate::object::Field;
use crate::row::{
    Authentication, AuthenticationType, ImportMode, Row, SymmetricKey, X509Thumbprint,
};
use crate::secret::Key;

mod builder;
mod plain;
mod schema;
mod twin;

pub use self::builder::RowBuilder;
pub use self::plain::is_plain_section;
pub use self::schema::row_schema;
pub use self::twin::{
    MAX_DEPTH, MAX_INTEGER, MAX_KEY_BYTES, MAX_PROPERTIES_BYTES, MAX_STRING_BYTES, MAX_TAGS_BYTES,
    MIN_INTEGER, Section, twin_section, twin_size,
};

/// Longest id of a device, a module or a configuration, in characters.
pub const MAX_ID_CHARS: usize = 128;
/// Longest status reason, in characters.
pub const MAX_STATUS_REASON_CHARS: usize = 128;
/// Fewest and most bytes of a symmetric key, after base64.
pub const KEY_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// The service takes it, but it may not mean what its author thinks.
    Warning,
    /// The service refuses it, or loses data.
    Error,
}

impl Severity {
    /// `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One rule broken in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The rule's name, stable across releases: `device-id`, `key-pair`, `twin-depth`…
    pub rule: &'static str,
    /// The member, with the names that lead to it.
    pub field: String,
    /// What is wrong and what is allowed. Never quotes a key.
    pub message: String,
    /// Error or warning.
    pub severity: Severity,
}

impl Violation {
    pub(crate) fn error(
        rule: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            field: field.into(),
            message: message.into(),
            severity: Severity::Error,
        }
    }

    pub(crate) fn warning(
        rule: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(rule, field, message)
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {} ({})", self.field, self.message, self.rule)
    }
}

impl std::error::Error for Violation {}

/// Every rule that a row breaks; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    pub(crate) fn from_errors(all: Vec<Violation>) -> Result<(), Self> {
        let errors: Vec<_> = all
            .into_iter()
            .filter(|one| one.severity == Severity::Error)
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self(errors))
        }
    }

    /// The broken rules, in the order of the row's members.
    pub fn as_slice(&self) -> &[Violation] {
        &self.0
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, one) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            one.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

/// Checks a device id: 1 to 128 of the ASCII letters, digits and ``- : . + % _ # * ? ! ( ) , = @ ; $ '``, case-sensitive.
///
/// # Errors
/// Naming the first character that is not allowed, or the length.
pub fn device_id(id: &str) -> Result<(), Violation> {
    identifier("device-id", "id", id)
}

/// Checks a module id: the rule of device ids. Ids that start with `$` belong to the edge runtime and are another matter: [`Row::is_system_module`].
///
/// # Errors
/// As [`device_id`].
pub fn module_id(id: &str) -> Result<(), Violation> {
    identifier("module-id", "moduleId", id)
}

/// Checks a configuration id: 1 to 128 of the lower-case ASCII letters, digits and `- + % _ * ! '`.
///
/// # Errors
/// As [`device_id`].
pub fn configuration_id(id: &str) -> Result<(), Violation> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-+%_*!'".contains(c);
    characters(
        "configuration-id",
        "id",
        id,
        allowed,
        "lower-case ASCII letters, digits and - + % _ * ! '",
    )
}

fn identifier(rule: &'static str, field: &str, id: &str) -> Result<(), Violation> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-:.+%_#*?!(),=@;$'".contains(c);
    characters(
        rule,
        field,
        id,
        allowed,
        "ASCII letters, digits and - : . + % _ # * ? ! ( ) , = @ ; $ '",
    )
}

fn characters(
    rule: &'static str,
    field: &str,
    id: &str,
    allowed: impl Fn(char) -> bool,
    set: &str,
) -> Result<(), Violation> {
    if id.is_empty() {
        return Err(Violation::error(
            rule,
            field,
            format!("is empty; 1 to {MAX_ID_CHARS} characters are needed"),
        ));
    }
    if let Some((at, bad)) = id.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        return Err(Violation::error(
            rule,
            field,
            format!("has {bad:?} as character {}; allowed are {set}", at + 1),
        ));
    }
    if id.len() > MAX_ID_CHARS {
        return Err(Violation::error(
            rule,
            field,
            format!(
                "has {} characters; at most {MAX_ID_CHARS} are allowed",
                id.len()
            ),
        ));
    }
    Ok(())
}

/// Checks a pair of symmetric keys: standard base64 of 16 to 64 bytes each, both or neither. An empty text counts as absent: with
/// it a client asks the hub for a new key.
pub fn symmetric_key(keys: &SymmetricKey) -> Vec<Violation> {
    let mut found = Vec::new();
    let pair = [
        ("primaryKey", given(&keys.primary_key)),
        ("secondaryKey", given(&keys.secondary_key)),
    ];
    for (name, key) in pair {
        let field = format!("authentication.symmetricKey.{name}");
        match key.map(key_len) {
            Some(None) => found.push(Violation::error(
                "key-base64",
                field,
                "is not standard base64",
            )),
            Some(Some(len)) if !KEY_BYTES.contains(&len) => {
                let limits = format!("{} to {}", KEY_BYTES.start(), KEY_BYTES.end());
                found.push(Violation::error(
                    "key-length",
                    field,
                    format!("is {len} bytes after base64; {limits} are allowed"),
                ));
            }
            _ => {}
        }
    }
    if let [(there, Some(_)), (_, None)] | [(_, None), (there, Some(_))] = pair {
        let message = format!("has {there} alone; both keys are needed, or neither");
        found.push(Violation::error(
            "key-pair",
            "authentication.symmetricKey",
            message,
        ));
    }
    found
}

/// The text of a key, unless it is empty.
fn given(key: &Field<Key>) -> Option<&str> {
    key.as_ref().map(Key::expose).filter(|key| !key.is_empty())
}

fn key_len(base64: &str) -> Option<usize> {
    use base64::Engine as _;
    // The longest valid key is 88 characters: a longer text is decoded in memory as well, which a line's bound limits.
    base64::engine::general_purpose::STANDARD
        .decode(base64)
        .ok()
        .map(|bytes| bytes.len())
}

/// Checks one thumbprint: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits, in any case, without separators.
///
/// # Errors
/// Saying what stands there instead.
pub fn thumbprint(field: &str, text: &str) -> Result<(), Violation> {
    let rule = "thumbprint";
    if let Some(bad) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
        let message =
            format!("has {bad:?}; 40 or 64 hexadecimal digits without separators are needed");
        return Err(Violation::error(rule, field, message));
    }
    if !matches!(text.len(), 40 | 64) {
        let message = format!(
            "has {} hexadecimal digits; 40 (SHA-1) or 64 (SHA-256) are needed",
            text.len()
        );
        return Err(Violation::error(rule, field, message));
    }
    Ok(())
}

/// Checks how an identity authenticates: a known type, and the keys or thumbprints that belong to it. The hub does not read those
/// of another type; without a type, thumbprints mean `selfSigned`.
pub fn authentication(authentication: &Authentication) -> Vec<Violation> {
    let keys = authentication.symmetric_key.as_ref();
    let keys = keys.filter(|keys| {
        [&keys.primary_key, &keys.secondary_key]
            .into_iter()
            .any(|key| given(key).is_some())
    });
    let prints = authentication.x509_thumbprint.as_ref().filter(|prints| {
        let set = |print: &Field<String>| print.as_ref().is_some_and(|print| !print.is_empty());
        set(&prints.primary_thumbprint) || set(&prints.secondary_thumbprint)
    });
    let mut found = Vec::new();
    let kind = match authentication.kind.as_ref() {
        Some(AuthenticationType::Unknown(word)) => {
            let message = format!(
                "is `{}`; allowed are {}",
                word.escape_debug(),
                AuthenticationType::NAMES.join(", ")
            );
            return vec![Violation::error(
                "authentication-type",
                "authentication.type",
                message,
            )];
        }
        None if prints.is_some() => {
            let message = "has no type; the hub reads thumbprints without a type as selfSigned";
            found.push(Violation::warning(
                "authentication-unused",
                "authentication.x509Thumbprint",
                message,
            ));
            &AuthenticationType::SelfSigned
        }
        None => &AuthenticationType::Sas,
        Some(kind) => kind,
    };
    match (kind, keys, prints) {
        (AuthenticationType::SelfSigned, _, None) => found.push(Violation::error(
            "thumbprint-missing",
            "authentication.x509Thumbprint",
            "has no thumbprint; type selfSigned needs one",
        )),
        (AuthenticationType::SelfSigned, _, Some(prints)) => found.extend(thumbprints(prints)),
        (AuthenticationType::Sas, Some(keys), _) => found.extend(symmetric_key(keys)),
        _ => {}
    }
    if *kind != AuthenticationType::SelfSigned && prints.is_some() {
        found.push(unused("x509Thumbprint", "selfSigned has thumbprints", kind));
    }
    if *kind != AuthenticationType::Sas && keys.is_some() {
        found.push(unused("symmetricKey", "sas has keys", kind));
    }
    found
}

fn unused(member: &str, only: &str, kind: &AuthenticationType) -> Violation {
    let message = format!("has no effect with type {kind}; only {only}");
    Violation::warning(
        "authentication-unused",
        format!("authentication.{member}"),
        message,
    )
}

fn thumbprints(prints: &X509Thumbprint) -> Vec<Violation> {
    let pair = [
        ("primaryThumbprint", &prints.primary_thumbprint),
        ("secondaryThumbprint", &prints.secondary_thumbprint),
    ];
    let check = |(name, print): (&str, &Field<String>)| {
        let print = print.as_deref().filter(|print| !print.is_empty())?;
        thumbprint(&format!("authentication.x509Thumbprint.{name}"), print).err()
    };
    pair.into_iter().filter_map(check).collect()
}

/// Everything that the service rejects in one row on import, and what it takes without meaning it. What a mode does not read is
/// not checked: keys and twins of rows that delete, keys of rows that update the twin alone. Links between rows are not looked at.
pub fn row(row: &Row) -> Vec<Violation> {
    let mode = row.effective_mode();
    let mut found = Vec::new();
    found.extend(device_id(&row.id).err());
    found.extend(module(row));
    found.extend(import_mode(row, &mode));
    found.extend(status(row));
    let authentication_type = row
        .authentication
        .as_ref()
        .and_then(|part| part.kind.as_ref());
    let reads_type_alone = authentication_type.is_none_or(AuthenticationType::is_known);
    if mode.deletes() && reads_type_alone {
        return found;
    }
    if !mode.updates_twin_only() {
        found.extend(status_reason(row));
    }
    if !(mode.updates_twin_only() && reads_type_alone) {
        found.extend(
            row.authentication
                .as_ref()
                .into_iter()
                .flat_map(authentication),
        );
    }
    found.extend(twin(row));
    found
}

fn module(row: &Row) -> Option<Violation> {
    let id = row.module_id.as_deref()?;
    if id.is_empty() {
        let message = "is empty; the hub reads the row as one of the device itself";
        return Some(Violation::warning("module-id", "moduleId", message));
    }
    if row.is_system_module() {
        let message = "belongs to the edge runtime; an import rejects ids that start with `$`";
        return Some(Violation::error("system-module", "moduleId", message));
    }
    module_id(id).err()
}

fn twin(row: &Row) -> Vec<Violation> {
    let properties = row.properties.as_ref();
    let sections = [
        (Section::Tags, row.tags.as_ref()),
        (
            Section::Desired,
            properties.and_then(|part| part.desired.as_ref()),
        ),
        (
            Section::Reported,
            properties.and_then(|part| part.reported.as_ref()),
        ),
    ];
    let check =
        |(section, part): (Section, Option<&_>)| part.map(|part| twin_section(section, part));
    sections.into_iter().filter_map(check).flatten().collect()
}

fn import_mode(row: &Row, mode: &ImportMode) -> Vec<Violation> {
    if let ImportMode::Unknown(word) = mode {
        let message = format!(
            "is `{}`; allowed are {}",
            word.escape_debug(),
            ImportMode::NAMES.join(", ")
        );
        return vec![Violation::error("import-mode", "importMode", message)];
    }
    let mut found = Vec::new();
    found.extend(missing_etag(row, mode));
    let twin_etag = row.twin_etag.as_deref().unwrap_or_default();
    if mode.checks_twin_etag() && twin_etag.is_empty() {
        let message = format!("is missing, which {mode} compares");
        found.push(Violation::error("etag-missing", "twinETag", message));
    }
    if row.etag.is_some() && !mode.checks_etag() {
        let message =
            format!("has no effect: {mode} does not compare it; an IfMatchETag mode would");
        found.push(Violation::warning("etag-unused", "eTag", message));
    }
    found
}

fn missing_etag(row: &Row, mode: &ImportMode) -> Option<Violation> {
    if !mode.checks_etag() || row.etag.as_deref().is_some_and(|etag| !etag.is_empty()) {
        return None;
    }
    let error = |message: String| Some(Violation::error("etag-missing", "eTag", message));
    let warning = |message: String| Some(Violation::warning("etag-missing", "eTag", message));
    match mode {
        // The service was seen to delete without a version to compare.
        ImportMode::DeleteIfMatchETag if row.etag.is_none() => warning(format!(
            "is missing, which {mode} compares; without it the identity is deleted whatever its version"
        )),
        ImportMode::CreateOrUpdateIfMatchETag => warning(format!(
            "is missing, which {mode} compares; an identity that exists is rejected"
        )),
        _ => error(format!("is missing, which {mode} compares")),
    }
}

fn status(row: &Row) -> Option<Violation> {
    match row.status.as_ref() {
        None => Some(Violation::error(
            "status-missing",
            "status",
            "is missing; every row needs enabled or disabled, whatever its mode",
        )),
        Some(crate::Status::Unknown(word)) => {
            let message = format!(
                "is `{}`; allowed are enabled, disabled",
                word.escape_debug()
            );
            Some(Violation::error("status", "status", message))
        }
        Some(_) => None,
    }
}

fn status_reason(row: &Row) -> Option<Violation> {
    let chars = row.status_reason.as_ref()?.chars().count();
    let message = format!("has {chars} characters; at most {MAX_STATUS_REASON_CHARS} are allowed");
    (chars > MAX_STATUS_REASON_CHARS)
        .then(|| Violation::error("status-reason", "statusReason", message))
}
