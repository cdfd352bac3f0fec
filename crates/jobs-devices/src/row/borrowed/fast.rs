//! The fast way: through the structure that the vector pass found.

use super::{AuthenticationRef, CapabilitiesRef, PropertiesRef, RowRef};
use crate::{
    field::{FromText, string},
    line::Scratch,
    scan::{Span, Unfit, Walk, escapes_are_valid},
};

impl<'a> RowRef<'a> {
    /// Reads a line that was indexed. In place: moving a row of this size costs as much as reading some of its members.
    #[inline(always)]
    pub(super) fn fast(&mut self, line: &'a [u8], scratch: &mut Scratch) -> Result<(), Unfit> {
        let index = scratch.index();
        let escapes = index.has_escapes();
        if escapes && !escapes_are_valid(line) {
            return Err(Unfit);
        }
        self.line = line;
        if index.is_spaced() {
            self.walk(Walk::<true>::new(line, index))
        } else {
            self.walk(Walk::<false>::new(line, index))
        }?;
        // A string that holds an escape is rare enough to be decoded once more; half of a surrogate pair must not pass.
        let decodes = !escapes
            || self
                .texts()
                .iter()
                .all(|&span| !self.at(span).is_text() || string(self.at(span).text()).is_ok());
        if self.at(self.id).is_text() && decodes {
            Ok(())
        } else {
            Err(Unfit)
        }
    }

    #[inline(always)]
    fn walk<const S: bool>(&mut self, mut walk: Walk<'a, '_, S>) -> Result<(), Unfit> {
        walk.object(|walk, name| self.member(walk, name))?;
        if walk.is_over() { Ok(()) } else { Err(Unfit) }
    }

    #[inline(always)]
    fn member<const S: bool>(
        &mut self,
        walk: &mut Walk<'a, '_, S>,
        name: &[u8],
    ) -> Result<(), Unfit> {
        match name {
            // A null is refused, even where another id follows.
            b"id" if walk.first_byte() == b'"' => self.id = walk.value()?,
            b"id" => return Err(Unfit),
            b"eTag" => self.etag = text_or_null(walk)?,
            b"status" => self.status = text_or_null(walk)?,
            b"authentication" => authentication(walk, &mut self.authentication, &mut self.unknown)?,
            b"twinETag" => self.twin_etag = text_or_null(walk)?,
            b"tags" => self.tags = object_or_null(walk)?,
            b"properties" => properties(walk, &mut self.properties, &mut self.unknown)?,
            b"capabilities" => capabilities(walk, &mut self.capabilities, &mut self.unknown)?,
            b"statusReason" => self.status_reason = text_or_null(walk)?,
            b"moduleId" => self.module_id = text_or_null(walk)?,
            b"deviceScope" => self.device_scope = text_or_null(walk)?,
            b"importMode" => self.import_mode = text_or_null(walk)?,
            b"parentScopes" => {
                self.parent_scopes = walk.value()?;
                let scopes = self.at(self.parent_scopes);
                if !scopes.is_null() && Vec::<String>::from_text(scopes.text()).is_err() {
                    return Err(Unfit);
                }
            }
            // An escape may hide one of the names above.
            other if walk.is_escaped(other) => return Err(Unfit),
            _ => skip(walk, &mut self.unknown)?,
        }
        Ok(())
    }

    fn texts(&self) -> [Span; 13] {
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
fn skip<const S: bool>(walk: &mut Walk<'_, '_, S>, unknown: &mut bool) -> Result<(), Unfit> {
    *unknown = true;
    walk.value().map(|_| ())
}

#[inline(always)]
fn text_or_null<const S: bool>(walk: &mut Walk<'_, '_, S>) -> Result<Span, Unfit> {
    this_or_null(walk, b'"')
}

#[inline(always)]
fn object_or_null<const S: bool>(walk: &mut Walk<'_, '_, S>) -> Result<Span, Unfit> {
    this_or_null(walk, b'{')
}

/// A value that starts with this byte, or `null`.
#[inline(always)]
fn this_or_null<const S: bool>(walk: &mut Walk<'_, '_, S>, first: u8) -> Result<Span, Unfit> {
    // A checked value that starts with `n` is `null`.
    if walk.first_byte() == first || walk.first_byte() == b'n' {
        walk.value()
    } else {
        Err(Unfit)
    }
}

/// Reads an object member by member, or `null`; gives its text.
#[inline(always)]
fn part<'a, 'i, const S: bool>(
    walk: &mut Walk<'a, 'i, S>,
    unknown: &mut bool,
    mut each: impl FnMut(&mut Walk<'a, 'i, S>, &'a [u8], &mut bool) -> Result<bool, Unfit>,
) -> Result<Span, Unfit> {
    if walk.first_byte() != b'{' {
        return object_or_null(walk);
    }
    let start = walk.position();
    walk.object(|walk, name| {
        if walk.is_escaped(name) {
            return Err(Unfit);
        }
        if each(walk, name, unknown)? {
            Ok(())
        } else {
            skip(walk, unknown)
        }
    })?;
    Ok(Span::new(start, walk.end_of_object()))
}

#[inline(always)]
fn authentication<const S: bool>(
    walk: &mut Walk<'_, '_, S>,
    out: &mut AuthenticationRef,
    unknown: &mut bool,
) -> Result<(), Unfit> {
    *out = AuthenticationRef::default();
    out.raw = part(walk, unknown, |walk, name, unknown| {
        match name {
            b"type" => out.kind = text_or_null(walk)?,
            b"symmetricKey" => {
                (out.primary_key, out.secondary_key) = Default::default();
                out.symmetric_key = part(walk, unknown, |walk, name, _| {
                    match name {
                        b"primaryKey" => out.primary_key = text_or_null(walk)?,
                        b"secondaryKey" => out.secondary_key = text_or_null(walk)?,
                        _ => return Ok(false),
                    }
                    Ok(true)
                })?;
            }
            b"x509Thumbprint" => {
                (out.primary_thumbprint, out.secondary_thumbprint) = Default::default();
                out.x509_thumbprint = part(walk, unknown, |walk, name, _| {
                    match name {
                        b"primaryThumbprint" => out.primary_thumbprint = text_or_null(walk)?,
                        b"secondaryThumbprint" => out.secondary_thumbprint = text_or_null(walk)?,
                        _ => return Ok(false),
                    }
                    Ok(true)
                })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(())
}

#[inline(always)]
fn properties<const S: bool>(
    walk: &mut Walk<'_, '_, S>,
    out: &mut PropertiesRef,
    unknown: &mut bool,
) -> Result<(), Unfit> {
    *out = PropertiesRef::default();
    out.raw = part(walk, unknown, |walk, name, _| {
        match name {
            b"desired" => out.desired = object_or_null(walk)?,
            b"reported" => out.reported = object_or_null(walk)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(())
}

#[inline(always)]
fn capabilities<const S: bool>(
    walk: &mut Walk<'_, '_, S>,
    out: &mut CapabilitiesRef,
    unknown: &mut bool,
) -> Result<(), Unfit> {
    *out = CapabilitiesRef::default();
    out.raw = part(walk, unknown, |walk, name, _| {
        if name != b"iotEdge" {
            return Ok(false);
        }
        out.iot_edge = walk.value()?;
        if matches!(walk.text(out.iot_edge), b"true" | b"false" | b"null") {
            Ok(true)
        } else {
            Err(Unfit)
        }
    })?;
    Ok(())
}
