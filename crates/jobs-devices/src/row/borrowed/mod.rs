//! A row that borrows its line: nothing is copied, twin data is not looked at before it is asked for.

use std::{borrow::Cow, fmt};

use super::{AuthenticationType, ImportMode, Row, Status};

mod fast;
mod slow;
use crate::{
    field::{FromText, Misfit, Nulls, fill, string},
    line::{Cause, Scratch},
    row::parts::{Authentication, Capabilities, Properties, SymmetricKey, X509Thumbprint},
    scan::Span,
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
    line: &'a [u8],
    /// Each of these is where the JSON text of a member stands, and empty when there is none.
    id: Span,
    module_id: Span,
    etag: Span,
    import_mode: Span,
    status: Span,
    status_reason: Span,
    authentication: AuthenticationRef,
    twin_etag: Span,
    tags: Span,
    properties: PropertiesRef,
    capabilities: CapabilitiesRef,
    device_scope: Span,
    parent_scopes: Span,
    /// Some member, at some level, is not one of those above; or a name is escaped, and may be one.
    unknown: bool,
}

#[derive(Clone, Copy, Default)]
struct AuthenticationRef {
    raw: Span,
    kind: Span,
    symmetric_key: Span,
    primary_key: Span,
    secondary_key: Span,
    x509_thumbprint: Span,
    primary_thumbprint: Span,
    secondary_thumbprint: Span,
}

#[derive(Clone, Copy, Default)]
struct PropertiesRef {
    raw: Span,
    desired: Span,
    reported: Span,
}

#[derive(Clone, Copy, Default)]
struct CapabilitiesRef {
    raw: Span,
    iot_edge: Span,
}

impl<'a> RowRef<'a> {
    /// Reads one line, without its line break.
    ///
    /// # Errors
    /// When it is not UTF-8, not JSON, or not a row.
    #[inline]
    pub fn parse(line: &'a [u8], scratch: &mut Scratch) -> Result<Self, Cause> {
        let line = crate::line::trim(line);
        // The vector pass tells cheaply whether there is anything but ASCII.
        let structure = scratch.index().build(line);
        if !(structure && scratch.index().is_ascii()) {
            std::str::from_utf8(line).map_err(|error| Cause::NotUtf8 {
                column: error.valid_up_to() as u64 + 1,
            })?;
        }
        let mut row = Self::default();
        if structure && row.fast(line, scratch).is_ok() {
            return Ok(row);
        }
        Self::slow(Raw(line).text())
    }

    #[cold]
    fn slow(line: &'a str) -> Result<Self, Cause> {
        if line.len() > u32::MAX as usize {
            return Err(Cause::TooLong {
                limit: u32::MAX.into(),
            });
        }
        crate::line::check_json(line)?;
        Self::from_members(line).map_err(Cause::Misfit)
    }

    /// The line the row stands in, without the spaces around it.
    pub fn line(&self) -> &'a str {
        Raw(self.line).text()
    }

    fn at(&self, span: Span) -> Raw<'a> {
        Raw(span.of(self.line))
    }

    /// The device's id.
    pub fn id(&self) -> Cow<'a, str> {
        text(self.at(self.id)).unwrap_or_default()
    }

    /// The module's id.
    pub fn module_id(&self) -> Option<Cow<'a, str>> {
        text(self.at(self.module_id))
    }

    /// The version of the identity.
    pub fn etag(&self) -> Option<Cow<'a, str>> {
        text(self.at(self.etag))
    }

    /// What an import does with the row.
    pub fn import_mode(&self) -> Option<ImportMode> {
        text(self.at(self.import_mode)).map(|word| ImportMode::from_wire(&word))
    }

    /// Whether it may connect.
    pub fn status(&self) -> Option<Status> {
        text(self.at(self.status)).map(|word| Status::from_wire(&word))
    }

    /// Why it has that status.
    pub fn status_reason(&self) -> Option<Cow<'a, str>> {
        text(self.at(self.status_reason))
    }

    /// How it proves itself; `None` where `authentication` is absent, `null`, or has no type.
    pub fn authentication_type(&self) -> Option<AuthenticationType> {
        text(self.at(self.authentication.kind)).map(|word| AuthenticationType::from_wire(&word))
    }

    /// Whether it has both keys.
    pub fn has_keys(&self) -> bool {
        [
            self.authentication.primary_key,
            self.authentication.secondary_key,
        ]
        .iter()
        .all(|&key| self.at(key).is_text())
    }

    /// The two keys, in base64. They are secrets: whoever asks for them keeps them out of messages.
    pub fn expose_keys(&self) -> [Option<Cow<'a, str>>; 2] {
        [
            text(self.at(self.authentication.primary_key)),
            text(self.at(self.authentication.secondary_key)),
        ]
    }

    /// The two thumbprints.
    pub fn thumbprints(&self) -> [Option<Cow<'a, str>>; 2] {
        [
            text(self.at(self.authentication.primary_thumbprint)),
            text(self.at(self.authentication.secondary_thumbprint)),
        ]
    }

    /// The version of the twin.
    pub fn twin_etag(&self) -> Option<Cow<'a, str>> {
        text(self.at(self.twin_etag))
    }

    /// The JSON of the tags.
    pub fn tags(&self) -> Option<&'a str> {
        value(self.at(self.tags))
    }

    /// The JSON of the desired properties.
    pub fn desired(&self) -> Option<&'a str> {
        value(self.at(self.properties.desired))
    }

    /// The JSON of the reported properties.
    pub fn reported(&self) -> Option<&'a str> {
        value(self.at(self.properties.reported))
    }

    /// Whether it is an edge device.
    pub fn is_edge(&self) -> bool {
        self.at(self.capabilities.iot_edge).0 == b"true"
    }

    /// What the row says about being an edge device, if anything.
    pub fn iot_edge(&self) -> Option<bool> {
        match self.at(self.capabilities.iot_edge).0 {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// Whether it has tags other than `{}`.
    pub fn has_tags(&self) -> bool {
        self.tags()
            .is_some_and(|tags| !tags[1..].trim_start().starts_with('}'))
    }

    /// The scope it belongs to.
    pub fn device_scope(&self) -> Option<Cow<'a, str>> {
        text(self.at(self.device_scope))
    }

    /// The JSON array of the scopes of its parents.
    pub fn parent_scopes(&self) -> Option<&'a str> {
        value(self.at(self.parent_scopes))
    }

    /// The JSON of a text member or of a section of the twin, by its name on the wire; empty when there is none.
    pub(crate) fn raw_member(&self, name: &str) -> &'a str {
        let span = match name {
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
            _ => Span::default(),
        };
        self.at(span).text()
    }

    /// Whether the row has a member that [`Row`] has no field for.
    pub fn has_unknown_members(&self) -> bool {
        self.unknown
    }

    /// Words that are known in another case than they are written in: the member, its value, and how the service writes it.
    #[cfg(feature = "transform")]
    pub(crate) fn words_in_another_case(&self) -> Vec<(&'static str, Cow<'a, str>, &'static str)> {
        let words = [
            ("status", self.status, Status::NAMES),
            ("importMode", self.import_mode, ImportMode::NAMES),
            (
                "authentication.type",
                self.authentication.kind,
                AuthenticationType::NAMES,
            ),
        ];
        let in_another_case = |(member, span, names): (_, _, &[&'static str])| {
            let word = text(self.at(span)).filter(|word| !names.contains(&&**word))?;
            let meant = *names.iter().find(|name| name.eq_ignore_ascii_case(&word))?;
            Some((member, word, meant))
        };
        words.into_iter().filter_map(in_another_case).collect()
    }

    /// An owned row with everything that stands in the line.
    ///
    /// # Errors
    /// Never for a row that was read; the type is that of the fields' readers.
    pub fn to_row(&self) -> Result<Row, Misfit> {
        if self.unknown {
            return Row::from_text(self.line());
        }
        let mut row = Row::new(string(self.at(self.id).text())?);
        let nulls = &mut row.nulls;
        set(&mut row.module_id, nulls, 0, self.at(self.module_id))?;
        set(&mut row.etag, nulls, 1, self.at(self.etag))?;
        set(&mut row.import_mode, nulls, 2, self.at(self.import_mode))?;
        set(&mut row.status, nulls, 3, self.at(self.status))?;
        set(
            &mut row.status_reason,
            nulls,
            4,
            self.at(self.status_reason),
        )?;
        row.authentication = self.authentication.to_part(self.line)?;
        nulls.set(5, self.at(self.authentication.raw).is_null());
        set(&mut row.twin_etag, nulls, 6, self.at(self.twin_etag))?;
        set(&mut row.tags, nulls, 7, self.at(self.tags))?;
        row.properties = self.properties.to_part(self.line)?;
        nulls.set(8, self.at(self.properties.raw).is_null());
        row.capabilities = self.capabilities.to_part(self.line)?;
        nulls.set(9, self.at(self.capabilities.raw).is_null());
        set(&mut row.device_scope, nulls, 10, self.at(self.device_scope))?;
        set(
            &mut row.parent_scopes,
            nulls,
            11,
            self.at(self.parent_scopes),
        )?;
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
fn text(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    if raw.is_text() {
        string(raw.text()).ok()
    } else {
        None
    }
}

fn value(raw: Raw<'_>) -> Option<&str> {
    Some(raw)
        .filter(|raw| !raw.is_absent() && !raw.is_null())
        .map(Raw::text)
}

/// The JSON text of a member in a checked line; empty when there is none.
#[derive(Clone, Copy)]
struct Raw<'a>(&'a [u8]);

impl<'a> Raw<'a> {
    /// The line was checked to be UTF-8, and the text starts and ends at characters of ASCII.
    fn text(self) -> &'a str {
        std::str::from_utf8(self.0).unwrap_or_default()
    }

    fn is_absent(self) -> bool {
        self.0.is_empty()
    }

    fn is_null(self) -> bool {
        self.0 == b"null"
    }

    fn is_text(self) -> bool {
        self.0.first() == Some(&b'"')
    }

    fn is_object(self) -> bool {
        self.0.first() == Some(&b'{')
    }
}

fn set<T: FromText>(
    slot: &mut Option<T>,
    nulls: &mut Nulls,
    bit: u8,
    raw: Raw<'_>,
) -> Result<(), Misfit> {
    if raw.is_absent() {
        Ok(())
    } else {
        fill(slot, nulls, bit, "", raw.text())
    }
}

impl AuthenticationRef {
    fn to_part(self, line: &[u8]) -> Result<Option<Authentication>, Misfit> {
        let at = |span: Span| Raw(span.of(line));
        if !at(self.raw).is_object() {
            return Ok(None);
        }
        let mut part = Authentication::new();
        set(&mut part.kind, &mut part.nulls, 0, at(self.kind))?;
        part.nulls.set(1, at(self.symmetric_key).is_null());
        if at(self.symmetric_key).is_object() {
            let keys = part.symmetric_key.insert(SymmetricKey::new());
            set(
                &mut keys.primary_key,
                &mut keys.nulls,
                0,
                at(self.primary_key),
            )?;
            set(
                &mut keys.secondary_key,
                &mut keys.nulls,
                1,
                at(self.secondary_key),
            )?;
        }
        part.nulls.set(2, at(self.x509_thumbprint).is_null());
        if at(self.x509_thumbprint).is_object() {
            let prints = part.x509_thumbprint.insert(X509Thumbprint::new());
            set(
                &mut prints.primary_thumbprint,
                &mut prints.nulls,
                0,
                at(self.primary_thumbprint),
            )?;
            set(
                &mut prints.secondary_thumbprint,
                &mut prints.nulls,
                1,
                at(self.secondary_thumbprint),
            )?;
        }
        Ok(Some(part))
    }
}

impl PropertiesRef {
    fn to_part(self, line: &[u8]) -> Result<Option<Properties>, Misfit> {
        let at = |span: Span| Raw(span.of(line));
        if !at(self.raw).is_object() {
            return Ok(None);
        }
        let mut part = Properties::new();
        set(&mut part.desired, &mut part.nulls, 0, at(self.desired))?;
        set(&mut part.reported, &mut part.nulls, 1, at(self.reported))?;
        Ok(Some(part))
    }
}

impl CapabilitiesRef {
    fn to_part(self, line: &[u8]) -> Result<Option<Capabilities>, Misfit> {
        let at = |span: Span| Raw(span.of(line));
        if !at(self.raw).is_object() {
            return Ok(None);
        }
        let mut part = Capabilities::new();
        set(&mut part.iot_edge, &mut part.nulls, 0, at(self.iot_edge))?;
        Ok(Some(part))
    }
}
