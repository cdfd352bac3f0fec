//! A row that borrows its line: nothing is copied, twin data is not looked at before it is asked for.

use std::{borrow::Cow, fmt};

use super::{AuthenticationType, ImportMode, Row, RowPlaces, Status};
use crate::{
    field::{FromText, Misfit, string},
    line::{Cause, Scratch},
    object::{Object, PlainSource, Raw, Source},
    scan::{Span, Unfit, Walk, escapes_are_valid},
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
    places: RowPlaces,
    /// Some member, at some level, is in no table; or a name is escaped, and may be in one.
    unknown: bool,
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
        Self::slow(std::str::from_utf8(line).unwrap_or_default())
    }

    /// Reads a line that was indexed. In place: moving a row of this size costs as much as reading some of its members.
    #[inline(always)]
    fn fast(&mut self, line: &'a [u8], scratch: &mut Scratch) -> Result<(), Unfit> {
        let index = scratch.index();
        if index.has_escapes() && !escapes_are_valid(line) {
            return Err(Unfit);
        }
        self.line = line;
        if index.is_spaced() {
            self.walk(Walk::<true>::new(line, index))
        } else {
            self.walk(Walk::<false>::new(line, index))
        }
    }

    #[inline(always)]
    fn walk<const S: bool>(&mut self, mut walk: Walk<'a, '_, S>) -> Result<(), Unfit> {
        self.members(&mut walk)?;
        self.unknown = walk.has_unknown();
        if walk.is_over() { Ok(()) } else { Err(Unfit) }
    }

    /// Finds the members, wherever they come from.
    #[inline(always)]
    fn members<S: Source>(&mut self, source: &mut S) -> Result<(), Unfit> {
        let places = &mut self.places;
        source.object(|source, name| Row::find(places, name, source))?;
        if self.at(self.places.id).is_text() {
            Ok(())
        } else {
            Err(Unfit)
        }
    }

    /// Reads a line with unusual spaces or escaped names, or says what is wrong with it.
    #[cold]
    fn slow(line: &'a str) -> Result<Self, Cause> {
        if line.len() > u32::MAX as usize {
            return Err(Cause::TooLong {
                limit: u32::MAX.into(),
            });
        }
        crate::line::check_json(line)?;
        // This checks every type and finds what is wrong; what follows finds the members again.
        Row::from_text(line).map_err(Cause::Misfit)?;
        let mut row = Self {
            line: line.as_bytes(),
            unknown: true,
            ..Self::default()
        };
        match row.members(&mut PlainSource::new(line)) {
            Ok(()) => Ok(row),
            Err(Unfit) => Err(Cause::Misfit(Misfit::expected("a row", "another object"))),
        }
    }

    /// The line the row stands in, without the spaces around it.
    pub fn line(&self) -> &'a str {
        std::str::from_utf8(self.line).unwrap_or_default()
    }

    fn at(&self, span: Span) -> Raw<'a> {
        Raw::of(span, self.line)
    }

    /// The device's id.
    pub fn id(&self) -> Cow<'a, str> {
        text(self.at(self.places.id)).unwrap_or_default()
    }

    /// The module's id.
    pub fn module_id(&self) -> Option<Cow<'a, str>> {
        text(self.at(self.places.module_id))
    }

    /// The version of the identity.
    pub fn etag(&self) -> Option<Cow<'a, str>> {
        text(self.at(self.places.etag))
    }

    /// What an import does with the row.
    pub fn import_mode(&self) -> Option<ImportMode> {
        text(self.at(self.places.import_mode)).map(|word| ImportMode::from_wire(&word))
    }

    /// Whether it may connect.
    pub fn status(&self) -> Option<Status> {
        text(self.at(self.places.status)).map(|word| Status::from_wire(&word))
    }

    /// Why it has that status.
    pub fn status_reason(&self) -> Option<Cow<'a, str>> {
        text(self.at(self.places.status_reason))
    }

    /// How it proves itself; `None` where `authentication` is absent, `null`, or has no type.
    pub fn authentication_type(&self) -> Option<AuthenticationType> {
        text(self.at(self.places.authentication.kind))
            .map(|word| AuthenticationType::from_wire(&word))
    }

    /// The two keys, in base64. They are secrets: whoever asks for them keeps them out of messages.
    pub fn expose_keys(&self) -> [Option<Cow<'a, str>>; 2] {
        [
            text(self.at(self.places.authentication.symmetric_key.primary_key)),
            text(self.at(self.places.authentication.symmetric_key.secondary_key)),
        ]
    }

    /// The two thumbprints.
    pub fn thumbprints(&self) -> [Option<Cow<'a, str>>; 2] {
        [
            text(
                self.at(self
                    .places
                    .authentication
                    .x509_thumbprint
                    .primary_thumbprint),
            ),
            text(
                self.at(self
                    .places
                    .authentication
                    .x509_thumbprint
                    .secondary_thumbprint),
            ),
        ]
    }

    /// The version of the twin.
    pub fn twin_etag(&self) -> Option<Cow<'a, str>> {
        text(self.at(self.places.twin_etag))
    }

    /// The JSON of the tags.
    pub fn tags(&self) -> Option<&'a str> {
        value(self.at(self.places.tags))
    }

    /// The JSON of the desired properties.
    pub fn desired(&self) -> Option<&'a str> {
        value(self.at(self.places.properties.desired))
    }

    /// The JSON of the reported properties.
    pub fn reported(&self) -> Option<&'a str> {
        value(self.at(self.places.properties.reported))
    }

    /// Whether it is an edge device.
    pub fn is_edge(&self) -> bool {
        self.iot_edge() == Some(true)
    }

    /// What the row says about being an edge device, if anything.
    pub fn iot_edge(&self) -> Option<bool> {
        match self.at(self.places.capabilities.iot_edge).text() {
            "true" => Some(true),
            "false" => Some(false),
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
        text(self.at(self.places.device_scope))
    }

    /// The JSON array of the scopes of its parents.
    pub fn parent_scopes(&self) -> Option<&'a str> {
        value(self.at(self.places.parent_scopes))
    }

    /// The JSON of the member of a table that the path leads to; empty when there is none.
    pub(crate) fn json_at(&self, path: &[&str]) -> &'a str {
        self.at(Row::place(&self.places, path)).text()
    }

    /// Whether the row has a member that [`Row`] has no field for.
    pub fn has_unknown_members(&self) -> bool {
        self.unknown
    }

    /// An owned row with everything that stands in the line.
    ///
    /// # Errors
    /// Never for a row that was read; the type is that of the fields' readers.
    pub fn to_row(&self) -> Result<Row, Misfit> {
        if self.unknown {
            return Row::from_text(self.line());
        }
        Row::take(&self.places, self.line)
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
