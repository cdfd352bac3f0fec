//! A row that borrows its line: nothing is copied, twin data is not looked at before it is asked for.

use std::{borrow::Cow, fmt};

use super::{AuthenticationType, ImportMode, Row, Status, missing_id};
#[cfg(feature = "transform")]
use crate::rules::Severity;
use crate::{
    field::{FromText, Misfit, fill, string},
    line::{Cause, Scratch},
    row::parts::{Authentication, Capabilities, Properties, SymmetricKey, X509Thumbprint},
    scan::{Unfit, Walk},
};

/// One identity, as it stands in its line. The line is checked in full: JSON, and the type of every field.
///
/// Texts are decoded when they hold an escape, and borrowed else. [`RowRef::to_row`] makes an owned [`Row`].
///
/// ```
/// use jobs_devices::{RowRef, Scratch};
/// let mut scratch = Scratch::new();
/// let row = RowRef::parse(br#"{"id":"d1","status":"enabled","tags":{"site":"a"}}"#, &mut scratch)?;
/// assert_eq!((&*row.id(), row.tags()), ("d1", Some(r#"{"site":"a"}"#)));
/// # Ok::<(), jobs_devices::Cause>(())
/// ```
#[derive(Clone, Copy, Default)]
pub struct RowRef<'a> {
    line: &'a str,
    /// Each of these is the JSON text of a member, and empty when there is none.
    id: &'a str,
    module_id: &'a str,
    etag: &'a str,
    import_mode: &'a str,
    status: &'a str,
    status_reason: &'a str,
    authentication: AuthenticationRef<'a>,
    twin_etag: &'a str,
    tags: &'a str,
    properties: PropertiesRef<'a>,
    capabilities: CapabilitiesRef<'a>,
    device_scope: &'a str,
    parent_scopes: &'a str,
    /// Some member, at some level, is not one of those above; or a name is escaped, and may be one.
    unknown: bool,
}

#[derive(Clone, Copy, Default)]
struct AuthenticationRef<'a> {
    raw: &'a str,
    kind: &'a str,
    symmetric_key: &'a str,
    primary_key: &'a str,
    secondary_key: &'a str,
    x509_thumbprint: &'a str,
    primary_thumbprint: &'a str,
    secondary_thumbprint: &'a str,
}

#[derive(Clone, Copy, Default)]
struct PropertiesRef<'a> {
    raw: &'a str,
    desired: &'a str,
    reported: &'a str,
}

#[derive(Clone, Copy, Default)]
struct CapabilitiesRef<'a> {
    raw: &'a str,
    iot_edge: &'a str,
}

impl<'a> RowRef<'a> {
    /// Reads one line, without its line break.
    ///
    /// # Errors
    /// When it is not UTF-8, not JSON, or not a row.
    pub fn parse(line: &'a [u8], scratch: &mut Scratch) -> Result<Self, Cause> {
        let text =
            std::str::from_utf8(crate::line::trim(line)).map_err(|error| Cause::NotUtf8 {
                column: error.valid_up_to() as u64 + 1,
            })?;
        Self::fast(text, scratch).or_else(|Unfit| Self::slow(text))
    }

    fn slow(line: &'a str) -> Result<Self, Cause> {
        crate::line::check_json(line)?;
        Self::from_members(line).map_err(Cause::Misfit)
    }

    /// The line the row stands in, without the spaces around it.
    pub fn line(&self) -> &'a str {
        self.line
    }

    /// The device's id.
    pub fn id(&self) -> Cow<'a, str> {
        text(self.id).unwrap_or_default()
    }

    /// The module's id.
    pub fn module_id(&self) -> Option<Cow<'a, str>> {
        text(self.module_id)
    }

    /// The version of the identity.
    pub fn etag(&self) -> Option<Cow<'a, str>> {
        text(self.etag)
    }

    /// What an import does with the row.
    pub fn import_mode(&self) -> Option<ImportMode> {
        text(self.import_mode).map(|word| ImportMode::from_wire(&word))
    }

    /// Whether it may connect.
    pub fn status(&self) -> Option<Status> {
        text(self.status).map(|word| Status::from_wire(&word))
    }

    /// Why it has that status.
    pub fn status_reason(&self) -> Option<Cow<'a, str>> {
        text(self.status_reason)
    }

    /// How it proves itself; `None` where `authentication` is absent, `null`, or has no type.
    pub fn authentication_type(&self) -> Option<AuthenticationType> {
        text(self.authentication.kind).map(|word| AuthenticationType::from_wire(&word))
    }

    /// Whether it has both keys.
    pub fn has_keys(&self) -> bool {
        [
            self.authentication.primary_key,
            self.authentication.secondary_key,
        ]
        .iter()
        .all(|key| key.starts_with('"'))
    }

    /// The version of the twin.
    pub fn twin_etag(&self) -> Option<Cow<'a, str>> {
        text(self.twin_etag)
    }

    /// The JSON of the tags.
    pub fn tags(&self) -> Option<&'a str> {
        value(self.tags)
    }

    /// The JSON of the desired properties.
    pub fn desired(&self) -> Option<&'a str> {
        value(self.properties.desired)
    }

    /// The JSON of the reported properties.
    pub fn reported(&self) -> Option<&'a str> {
        value(self.properties.reported)
    }

    /// Whether it is an edge device.
    pub fn is_edge(&self) -> bool {
        self.capabilities.iot_edge == "true"
    }

    /// Whether it has tags other than `{}`.
    pub fn has_tags(&self) -> bool {
        self.tags()
            .is_some_and(|tags| !tags[1..].trim_start().starts_with('}'))
    }

    /// The scope it belongs to.
    pub fn device_scope(&self) -> Option<Cow<'a, str>> {
        text(self.device_scope)
    }

    /// The JSON array of the scopes of its parents.
    pub fn parent_scopes(&self) -> Option<&'a str> {
        value(self.parent_scopes)
    }

    /// The JSON of a text member or of a section of the twin, by its name on the wire; empty when there is none.
    pub(crate) fn raw_member(&self, name: &str) -> &'a str {
        match name {
            "id" => self.id,
            "moduleId" => self.module_id,
            "eTag" => self.etag,
            "twinETag" => self.twin_etag,
            "status" => self.status,
            "statusReason" => self.status_reason,
            "deviceScope" => self.device_scope,
            "tags" => self.tags,
            "desired" => self.properties.desired,
            "reported" => self.properties.reported,
            _ => "",
        }
    }

    /// Whether the row has a member that [`Row`] has no field for.
    pub fn has_unknown_members(&self) -> bool {
        self.unknown
    }

    /// Words that are known in another case than they stand in: the member, what stands there, what is meant, and how much it matters.
    #[cfg(feature = "transform")]
    pub(crate) fn words_in_another_case(
        &self,
    ) -> Vec<(&'static str, Cow<'a, str>, &'static str, Severity)> {
        let words = [
            ("status", self.status, Status::NAMES, Severity::Warning),
            (
                "importMode",
                self.import_mode,
                ImportMode::NAMES,
                Severity::Warning,
            ),
            (
                "authentication.type",
                self.authentication.kind,
                AuthenticationType::NAMES,
                Severity::Error,
            ),
        ];
        let in_another_case = |(member, raw, names, severity): (_, _, &[&'static str], _)| {
            let word = text(raw).filter(|word| !names.contains(&&**word))?;
            let meant = *names.iter().find(|name| name.eq_ignore_ascii_case(&word))?;
            Some((member, word, meant, severity))
        };
        words.into_iter().filter_map(in_another_case).collect()
    }

    /// An owned row with everything that stands in the line.
    ///
    /// # Errors
    /// Never for a row that was read; the type is that of the fields' readers.
    pub fn to_row(&self) -> Result<Row, Misfit> {
        if self.unknown {
            return Row::from_text(self.line);
        }
        let mut row = Row::new(string(self.id)?);
        let nulls = &mut row.nulls;
        set(&mut row.module_id, nulls, 0, self.module_id)?;
        set(&mut row.etag, nulls, 1, self.etag)?;
        set(&mut row.import_mode, nulls, 2, self.import_mode)?;
        set(&mut row.status, nulls, 3, self.status)?;
        set(&mut row.status_reason, nulls, 4, self.status_reason)?;
        row.authentication = self.authentication.to_part()?;
        nulls.set(5, self.authentication.raw == "null");
        set(&mut row.twin_etag, nulls, 6, self.twin_etag)?;
        set(&mut row.tags, nulls, 7, self.tags)?;
        row.properties = self.properties.to_part()?;
        nulls.set(8, self.properties.raw == "null");
        row.capabilities = self.capabilities.to_part()?;
        nulls.set(9, self.capabilities.raw == "null");
        set(&mut row.device_scope, nulls, 10, self.device_scope)?;
        set(&mut row.parent_scopes, nulls, 11, self.parent_scopes)?;
        Ok(row)
    }
}

/// What keys and twin data hold is for the program, not for its log.
impl fmt::Debug for RowRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowRef")
            .field("id", &self.id())
            .field("module_id", &self.module_id())
            .finish_non_exhaustive()
    }
}

/// The text of a JSON string; `None` for an absent member and for `null`.
fn text(raw: &str) -> Option<Cow<'_, str>> {
    if raw.starts_with('"') {
        string(raw).ok()
    } else {
        None
    }
}

fn value(raw: &str) -> Option<&str> {
    Some(raw).filter(|raw| !raw.is_empty() && *raw != "null")
}

fn set<T: FromText>(
    slot: &mut Option<T>,
    nulls: &mut crate::field::Nulls,
    bit: u8,
    raw: &str,
) -> Result<(), Misfit> {
    if raw.is_empty() {
        Ok(())
    } else {
        fill(slot, nulls, bit, "", raw)
    }
}

impl AuthenticationRef<'_> {
    fn to_part(self) -> Result<Option<Authentication>, Misfit> {
        if !self.raw.starts_with('{') {
            return Ok(None);
        }
        let mut part = Authentication::new();
        set(&mut part.kind, &mut part.nulls, 0, self.kind)?;
        part.nulls.set(1, self.symmetric_key == "null");
        if self.symmetric_key.starts_with('{') {
            let keys = part.symmetric_key.insert(SymmetricKey::new());
            set(&mut keys.primary_key, &mut keys.nulls, 0, self.primary_key)?;
            set(
                &mut keys.secondary_key,
                &mut keys.nulls,
                1,
                self.secondary_key,
            )?;
        }
        part.nulls.set(2, self.x509_thumbprint == "null");
        if self.x509_thumbprint.starts_with('{') {
            let prints = part.x509_thumbprint.insert(X509Thumbprint::new());
            set(
                &mut prints.primary_thumbprint,
                &mut prints.nulls,
                0,
                self.primary_thumbprint,
            )?;
            set(
                &mut prints.secondary_thumbprint,
                &mut prints.nulls,
                1,
                self.secondary_thumbprint,
            )?;
        }
        Ok(Some(part))
    }
}

impl PropertiesRef<'_> {
    fn to_part(self) -> Result<Option<Properties>, Misfit> {
        if !self.raw.starts_with('{') {
            return Ok(None);
        }
        let mut part = Properties::new();
        set(&mut part.desired, &mut part.nulls, 0, self.desired)?;
        set(&mut part.reported, &mut part.nulls, 1, self.reported)?;
        Ok(Some(part))
    }
}

impl CapabilitiesRef<'_> {
    fn to_part(self) -> Result<Option<Capabilities>, Misfit> {
        if !self.raw.starts_with('{') {
            return Ok(None);
        }
        let mut part = Capabilities::new();
        set(&mut part.iot_edge, &mut part.nulls, 0, self.iot_edge)?;
        Ok(Some(part))
    }
}

/// The fast way: through the structure that the vector pass found.
impl<'a> RowRef<'a> {
    pub(crate) fn fast(line: &'a str, scratch: &mut Scratch) -> Result<Self, Unfit> {
        let index = scratch.index();
        if !index.build(line.as_bytes())
            || (index.has_escapes() && !crate::scan::escapes_are_valid(line.as_bytes()))
        {
            return Err(Unfit);
        }
        let mut row = Self {
            line,
            unknown: false,
            ..Self::default()
        };
        let mut walk = Walk::new(line, index);
        walk.object(|walk, name| row.member(walk, name))?;
        // A string that holds an escape is rare enough to be decoded once more; half of a surrogate pair must not pass.
        let decodes = !index.has_escapes()
            || row
                .texts()
                .iter()
                .all(|raw| !raw.starts_with('"') || string(raw).is_ok());
        if walk.is_over() && row.id.starts_with('"') && decodes {
            Ok(row)
        } else {
            Err(Unfit)
        }
    }

    #[inline(always)]
    fn member(&mut self, walk: &mut Walk<'a, '_>, name: &str) -> Result<(), Unfit> {
        match name {
            "id" => self.id = text_or_null(walk)?,
            "eTag" => self.etag = text_or_null(walk)?,
            "status" => self.status = text_or_null(walk)?,
            "authentication" => self.authentication = authentication(walk, &mut self.unknown)?,
            "twinETag" => self.twin_etag = text_or_null(walk)?,
            "tags" => self.tags = object_or_null(walk)?,
            "properties" => self.properties = properties(walk, &mut self.unknown)?,
            "capabilities" => self.capabilities = capabilities(walk, &mut self.unknown)?,
            "statusReason" => self.status_reason = text_or_null(walk)?,
            "moduleId" => self.module_id = text_or_null(walk)?,
            "deviceScope" => self.device_scope = text_or_null(walk)?,
            "importMode" => self.import_mode = text_or_null(walk)?,
            "parentScopes" => {
                self.parent_scopes = walk.value()?;
                if self.parent_scopes != "null"
                    && Vec::<String>::from_text(self.parent_scopes).is_err()
                {
                    return Err(Unfit);
                }
            }
            // An escape may hide one of the names above.
            other if other.contains('\\') => return Err(Unfit),
            _ => skip(walk, &mut self.unknown)?,
        }
        Ok(())
    }

    fn texts(&self) -> [&'a str; 13] {
        let authentication = &self.authentication;
        [
            self.id,
            self.module_id,
            self.etag,
            self.import_mode,
            self.status,
            self.status_reason,
            self.twin_etag,
            self.device_scope,
            authentication.kind,
            authentication.primary_key,
            authentication.secondary_key,
            authentication.primary_thumbprint,
            authentication.secondary_thumbprint,
        ]
    }
}

#[inline(always)]
fn skip(walk: &mut Walk<'_, '_>, unknown: &mut bool) -> Result<(), Unfit> {
    *unknown = true;
    walk.value().map(|_| ())
}

#[inline(always)]
fn text_or_null<'a>(walk: &mut Walk<'a, '_>) -> Result<&'a str, Unfit> {
    let raw = walk.value()?;
    if raw.starts_with('"') || raw == "null" {
        Ok(raw)
    } else {
        Err(Unfit)
    }
}

#[inline(always)]
fn object_or_null<'a>(walk: &mut Walk<'a, '_>) -> Result<&'a str, Unfit> {
    let raw = walk.value()?;
    if raw.starts_with('{') || raw == "null" {
        Ok(raw)
    } else {
        Err(Unfit)
    }
}

/// Reads an object member by member, or `null`; gives its text.
#[inline(always)]
fn part<'a, 'i>(
    walk: &mut Walk<'a, 'i>,
    unknown: &mut bool,
    mut each: impl FnMut(&mut Walk<'a, 'i>, &'a str, &mut bool) -> Result<bool, Unfit>,
) -> Result<&'a str, Unfit> {
    if !walk.at_object() {
        return object_or_null(walk);
    }
    let start = walk.position();
    walk.object(|walk, name| {
        if name.contains('\\') {
            return Err(Unfit);
        }
        if each(walk, name, unknown)? {
            Ok(())
        } else {
            skip(walk, unknown)
        }
    })?;
    walk.text(start, walk.end_of_object())
}

#[inline(always)]
fn authentication<'a>(
    walk: &mut Walk<'a, '_>,
    unknown: &mut bool,
) -> Result<AuthenticationRef<'a>, Unfit> {
    let mut out = AuthenticationRef::default();
    out.raw = part(walk, unknown, |walk, name, unknown| {
        match name {
            "type" => out.kind = text_or_null(walk)?,
            "symmetricKey" => {
                (out.primary_key, out.secondary_key) = ("", "");
                out.symmetric_key = part(walk, unknown, |walk, name, _| {
                    match name {
                        "primaryKey" => out.primary_key = text_or_null(walk)?,
                        "secondaryKey" => out.secondary_key = text_or_null(walk)?,
                        _ => return Ok(false),
                    }
                    Ok(true)
                })?;
            }
            "x509Thumbprint" => {
                (out.primary_thumbprint, out.secondary_thumbprint) = ("", "");
                out.x509_thumbprint = part(walk, unknown, |walk, name, _| {
                    match name {
                        "primaryThumbprint" => out.primary_thumbprint = text_or_null(walk)?,
                        "secondaryThumbprint" => out.secondary_thumbprint = text_or_null(walk)?,
                        _ => return Ok(false),
                    }
                    Ok(true)
                })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(out)
}

#[inline(always)]
fn properties<'a>(walk: &mut Walk<'a, '_>, unknown: &mut bool) -> Result<PropertiesRef<'a>, Unfit> {
    let mut out = PropertiesRef::default();
    out.raw = part(walk, unknown, |walk, name, _| {
        match name {
            "desired" => out.desired = object_or_null(walk)?,
            "reported" => out.reported = object_or_null(walk)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(out)
}

#[inline(always)]
fn capabilities<'a>(
    walk: &mut Walk<'a, '_>,
    unknown: &mut bool,
) -> Result<CapabilitiesRef<'a>, Unfit> {
    let mut out = CapabilitiesRef::default();
    out.raw = part(walk, unknown, |walk, name, _| {
        if name != "iotEdge" {
            return Ok(false);
        }
        out.iot_edge = walk.value()?;
        if matches!(out.iot_edge, "true" | "false" | "null") {
            Ok(true)
        } else {
            Err(Unfit)
        }
    })?;
    Ok(out)
}

/// The slow way: through `serde_json`, for lines with unusual spaces or escaped names, and for the words of an error.
impl<'a> RowRef<'a> {
    fn from_members(line: &'a str) -> Result<Self, Misfit> {
        // This checks every type and finds what is wrong; what follows only takes the texts apart.
        Row::from_text(line)?;
        let mut row = Self {
            line,
            unknown: true,
            ..Self::default()
        };
        each(line, |name, raw| {
            let slot = match name {
                "id" => &mut row.id,
                "moduleId" => &mut row.module_id,
                "eTag" => &mut row.etag,
                "importMode" => &mut row.import_mode,
                "status" => &mut row.status,
                "statusReason" => &mut row.status_reason,
                "twinETag" => &mut row.twin_etag,
                "tags" => &mut row.tags,
                "deviceScope" => &mut row.device_scope,
                "parentScopes" => &mut row.parent_scopes,
                "authentication" => return row.authentication.take_apart(raw),
                "properties" => return row.properties.take_apart(raw),
                "capabilities" => {
                    row.capabilities = CapabilitiesRef { raw, iot_edge: "" };
                    return each(raw, |name, raw| {
                        if name == "iotEdge" {
                            row.capabilities.iot_edge = raw;
                        }
                        Ok(())
                    });
                }
                _ => return Ok(()),
            };
            *slot = raw;
            Ok(())
        })?;
        if row.id.is_empty() {
            Err(missing_id(None))
        } else {
            Ok(row)
        }
    }
}

/// Members of an object; nothing for any other value.
fn each<'a>(
    raw: &'a str,
    mut each: impl FnMut(&str, &'a str) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    if raw.starts_with('{') {
        crate::field::members(raw, |name, raw| each(&name, raw))
    } else {
        Ok(())
    }
}

impl<'a> AuthenticationRef<'a> {
    fn take_apart(&mut self, raw: &'a str) -> Result<(), Misfit> {
        *self = Self {
            raw,
            ..Self::default()
        };
        each(raw, |name, raw| {
            match name {
                "type" => self.kind = raw,
                "symmetricKey" => {
                    (self.symmetric_key, self.primary_key, self.secondary_key) = (raw, "", "");
                    each(raw, |name, raw| {
                        match name {
                            "primaryKey" => self.primary_key = raw,
                            "secondaryKey" => self.secondary_key = raw,
                            _ => {}
                        }
                        Ok(())
                    })?;
                }
                "x509Thumbprint" => {
                    (
                        self.x509_thumbprint,
                        self.primary_thumbprint,
                        self.secondary_thumbprint,
                    ) = (raw, "", "");
                    each(raw, |name, raw| {
                        match name {
                            "primaryThumbprint" => self.primary_thumbprint = raw,
                            "secondaryThumbprint" => self.secondary_thumbprint = raw,
                            _ => {}
                        }
                        Ok(())
                    })?;
                }
                _ => {}
            }
            Ok(())
        })
    }
}

impl<'a> PropertiesRef<'a> {
    fn take_apart(&mut self, raw: &'a str) -> Result<(), Misfit> {
        *self = Self {
            raw,
            ..Self::default()
        };
        each(raw, |name, raw| {
            match name {
                "desired" => self.desired = raw,
                "reported" => self.reported = raw,
                _ => {}
            }
            Ok(())
        })
    }
}
