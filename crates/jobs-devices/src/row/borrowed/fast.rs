//! The fast way: through the structure that the vector pass found.

use super::{AuthenticationRef, CapabilitiesRef, PropertiesRef, Raw, RowRef};
use crate::{
    field::{FromText, string},
    line::Scratch,
    scan::{Unfit, Walk, escapes_are_valid},
};

impl<'a> RowRef<'a> {
    /// Reads a line that was indexed.
    pub(super) fn fast(line: &'a [u8], scratch: &mut Scratch) -> Result<Self, Unfit> {
        let index = scratch.index();
        let escapes = index.has_escapes();
        if escapes && !escapes_are_valid(line) {
            return Err(Unfit);
        }
        let row = if index.is_spaced() {
            Self::walk(line, Walk::<true>::new(line, index))
        } else {
            Self::walk(line, Walk::<false>::new(line, index))
        }?;
        // A string that holds an escape is rare enough to be decoded once more; half of a surrogate pair must not pass.
        let decodes = !escapes
            || row
                .texts()
                .iter()
                .all(|raw| !raw.is_text() || string(raw.text()).is_ok());
        if row.id.is_text() && decodes {
            Ok(row)
        } else {
            Err(Unfit)
        }
    }

    #[inline(always)]
    fn walk<const S: bool>(line: &'a [u8], mut walk: Walk<'a, '_, S>) -> Result<Self, Unfit> {
        let mut row = Self {
            line: Raw(line),
            ..Self::default()
        };
        walk.object(|walk, name| row.member(walk, name))?;
        if walk.is_over() { Ok(row) } else { Err(Unfit) }
    }

    #[inline(always)]
    fn member<const S: bool>(
        &mut self,
        walk: &mut Walk<'a, '_, S>,
        name: &[u8],
    ) -> Result<(), Unfit> {
        match name {
            b"id" => self.id = text_or_null(walk)?,
            b"eTag" => self.etag = text_or_null(walk)?,
            b"status" => self.status = text_or_null(walk)?,
            b"authentication" => self.authentication = authentication(walk, &mut self.unknown)?,
            b"twinETag" => self.twin_etag = text_or_null(walk)?,
            b"tags" => self.tags = object_or_null(walk)?,
            b"properties" => self.properties = properties(walk, &mut self.unknown)?,
            b"capabilities" => self.capabilities = capabilities(walk, &mut self.unknown)?,
            b"statusReason" => self.status_reason = text_or_null(walk)?,
            b"moduleId" => self.module_id = text_or_null(walk)?,
            b"deviceScope" => self.device_scope = text_or_null(walk)?,
            b"importMode" => self.import_mode = text_or_null(walk)?,
            b"parentScopes" => {
                self.parent_scopes = Raw(walk.value()?);
                if !self.parent_scopes.is_null()
                    && Vec::<String>::from_text(self.parent_scopes.text()).is_err()
                {
                    return Err(Unfit);
                }
            }
            // An escape may hide one of the names above.
            other if walk.is_escaped(other) => return Err(Unfit),
            _ => skip(walk, &mut self.unknown)?,
        }
        Ok(())
    }

    fn texts(&self) -> [Raw<'a>; 13] {
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
fn text_or_null<'a, const S: bool>(walk: &mut Walk<'a, '_, S>) -> Result<Raw<'a>, Unfit> {
    let raw = Raw(walk.value()?);
    if raw.is_text() || raw.is_null() {
        Ok(raw)
    } else {
        Err(Unfit)
    }
}

#[inline(always)]
fn object_or_null<'a, const S: bool>(walk: &mut Walk<'a, '_, S>) -> Result<Raw<'a>, Unfit> {
    let raw = Raw(walk.value()?);
    if raw.is_object() || raw.is_null() {
        Ok(raw)
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
) -> Result<Raw<'a>, Unfit> {
    if !walk.at_object() {
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
    walk.text(start, walk.end_of_object()).map(Raw)
}

#[inline(always)]
fn authentication<'a, const S: bool>(
    walk: &mut Walk<'a, '_, S>,
    unknown: &mut bool,
) -> Result<AuthenticationRef<'a>, Unfit> {
    let mut out = AuthenticationRef::default();
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
    Ok(out)
}

#[inline(always)]
fn properties<'a, const S: bool>(
    walk: &mut Walk<'a, '_, S>,
    unknown: &mut bool,
) -> Result<PropertiesRef<'a>, Unfit> {
    let mut out = PropertiesRef::default();
    out.raw = part(walk, unknown, |walk, name, _| {
        match name {
            b"desired" => out.desired = object_or_null(walk)?,
            b"reported" => out.reported = object_or_null(walk)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(out)
}

#[inline(always)]
fn capabilities<'a, const S: bool>(
    walk: &mut Walk<'a, '_, S>,
    unknown: &mut bool,
) -> Result<CapabilitiesRef<'a>, Unfit> {
    let mut out = CapabilitiesRef::default();
    out.raw = part(walk, unknown, |walk, name, _| {
        if name != b"iotEdge" {
            return Ok(false);
        }
        out.iot_edge = Raw(walk.value()?);
        if matches!(out.iot_edge.0, b"true" | b"false" | b"null") {
            Ok(true)
        } else {
            Err(Unfit)
        }
    })?;
    Ok(out)
}
