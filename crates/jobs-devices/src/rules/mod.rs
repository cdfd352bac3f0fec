//! What the service refuses, as functions: ids, keys, thumbprints, twins, whole rows.
//!
//! Limits are those of the service's documentation and of tests against live hubs; each function says its own.

use std::fmt;

use crate::row::{Authentication, AuthenticationType, Row, SymmetricKey, X509Thumbprint};

mod plain;
mod twin;

pub use self::plain::is_plain_section;
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

/// Checks a pair of symmetric keys: standard base64 of 16 to 64 bytes each, both or neither.
pub fn symmetric_key(keys: &SymmetricKey) -> Vec<Violation> {
    let mut found = Vec::new();
    let pair = [
        ("primaryKey", &keys.primary_key),
        ("secondaryKey", &keys.secondary_key),
    ];
    for (name, key) in pair {
        let field = format!("authentication.symmetricKey.{name}");
        match key.as_ref().map(|key| key_len(key.expose())) {
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
    if keys.primary_key.is_some() != keys.secondary_key.is_some() {
        let there = if keys.primary_key.is_some() {
            "primaryKey"
        } else {
            "secondaryKey"
        };
        let message = format!("has {there} alone; both keys are needed, or neither");
        found.push(Violation::error(
            "key-pair",
            "authentication.symmetricKey",
            message,
        ));
    }
    found
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

/// Checks how an identity proves itself: a known kind, keys and thumbprints that fit it.
pub fn authentication(authentication: &Authentication) -> Vec<Violation> {
    let mut found = Vec::new();
    let kind = authentication.kind.as_ref();
    if let Some(AuthenticationType::Unknown(word)) = kind {
        let message = format!(
            "is `{}`; allowed are {}",
            word.escape_debug(),
            AuthenticationType::NAMES.join(", ")
        );
        found.push(Violation::error(
            "authentication-type",
            "authentication.type",
            message,
        ));
    }
    let keys = authentication
        .symmetric_key
        .as_ref()
        .filter(|keys| keys.primary_key.is_some() || keys.secondary_key.is_some());
    let prints = authentication.x509_thumbprint.as_ref().filter(|prints| {
        let set = |print: &Option<String>| print.as_ref().is_some_and(|print| !print.is_empty());
        set(&prints.primary_thumbprint) || set(&prints.secondary_thumbprint)
    });
    found.extend(keys.map(symmetric_key).unwrap_or_default());
    found.extend(prints.map(thumbprints).unwrap_or_default());
    match kind {
        Some(AuthenticationType::SelfSigned) if prints.is_none() => {
            let message = "has no thumbprint; type selfSigned needs one";
            found.push(Violation::error(
                "thumbprint-missing",
                "authentication.x509Thumbprint",
                message,
            ));
        }
        None if prints.is_some() => {
            let message = "stands without a type; only selfSigned has thumbprints";
            found.push(Violation::warning(
                "authentication-unused",
                "authentication.x509Thumbprint",
                message,
            ));
        }
        Some(other) if prints.is_some() && *other != AuthenticationType::SelfSigned => {
            let message = format!(
                "stands with type {}; only selfSigned has thumbprints",
                other.as_str().escape_debug()
            );
            found.push(Violation::warning(
                "authentication-unused",
                "authentication.x509Thumbprint",
                message,
            ));
        }
        Some(other) if keys.is_some() && *other != AuthenticationType::Sas => {
            let message = format!(
                "stands with type {}; only sas has keys",
                other.as_str().escape_debug()
            );
            found.push(Violation::warning(
                "authentication-unused",
                "authentication.symmetricKey",
                message,
            ));
        }
        _ => {}
    }
    found
}

fn thumbprints(prints: &X509Thumbprint) -> Vec<Violation> {
    let pair = [
        ("primaryThumbprint", &prints.primary_thumbprint),
        ("secondaryThumbprint", &prints.secondary_thumbprint),
    ];
    let check = |(name, print): (&str, &Option<String>)| {
        let print = print.as_deref().filter(|print| !print.is_empty())?;
        thumbprint(&format!("authentication.x509Thumbprint.{name}"), print).err()
    };
    pair.into_iter().filter_map(check).collect()
}

/// Everything the service would refuse in one row on import, and what it would take without meaning it. Links between rows are not looked at.
pub fn row(row: &Row) -> Vec<Violation> {
    let mut found = Vec::new();
    found.extend(device_id(&row.id).err());
    if let Some(id) = &row.module_id {
        found.extend(module_id(id).err());
        if row.is_system_module() {
            let message = "belongs to the edge runtime; an import refuses ids that start with `$`";
            found.push(Violation::error("system-module", "moduleId", message));
        }
    }
    found.extend(import_mode(row));
    found.extend(status(row));
    found.extend(
        row.authentication
            .as_ref()
            .map(authentication)
            .unwrap_or_default(),
    );
    found.extend(
        row.tags
            .as_ref()
            .map(|tags| twin_section(Section::Tags, tags))
            .unwrap_or_default(),
    );
    if let Some(properties) = &row.properties {
        found.extend(
            properties
                .desired
                .as_ref()
                .map(|part| twin_section(Section::Desired, part))
                .unwrap_or_default(),
        );
        found.extend(
            properties
                .reported
                .as_ref()
                .map(|part| twin_section(Section::Reported, part))
                .unwrap_or_default(),
        );
    }
    found
}

fn import_mode(row: &Row) -> Vec<Violation> {
    use crate::row::ImportMode::{CreateOrUpdate, Unknown};
    let mode = row.import_mode.as_ref().unwrap_or(&CreateOrUpdate);
    if let Unknown(word) = mode {
        let message = format!(
            "is `{}`; allowed are {}",
            word.escape_debug(),
            crate::ImportMode::NAMES.join(", ")
        );
        return vec![Violation::error("import-mode", "importMode", message)];
    }
    let mut found = Vec::new();
    if mode.checks_etag() && row.etag.is_none() {
        let message = format!("is missing, which {mode} compares");
        found.push(Violation::error("etag-missing", "eTag", message));
    }
    if mode.checks_twin_etag() && row.twin_etag.is_none() {
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

fn status(row: &Row) -> Vec<Violation> {
    let mut found = Vec::new();
    match &row.status {
        None => found.push(Violation::error(
            "status-missing",
            "status",
            "is missing; every row needs enabled or disabled, whatever its mode",
        )),
        Some(crate::Status::Unknown(word)) => {
            let message = format!(
                "is `{}`; allowed are enabled, disabled",
                word.escape_debug()
            );
            found.push(Violation::error("status", "status", message));
        }
        Some(_) => {}
    }
    let chars = row
        .status_reason
        .as_ref()
        .map_or(0, |reason| reason.chars().count());
    if chars > MAX_STATUS_REASON_CHARS {
        let message =
            format!("has {chars} characters; at most {MAX_STATUS_REASON_CHARS} are allowed");
        found.push(Violation::error("status-reason", "statusReason", message));
    }
    found
}
