//! The slow way: through `serde_json`, for lines with unusual spaces or escaped names, and for the words of an error.

use super::{AuthenticationRef, CapabilitiesRef, PropertiesRef, Raw, RowRef};
use crate::field::{FromText, Misfit, members};
use crate::row::{Row, missing_id};
use crate::scan::Span;

impl<'a> RowRef<'a> {
    pub(super) fn from_members(line: &'a str) -> Result<Self, Misfit> {
        // This checks every type and finds what is wrong; what follows only takes the texts apart.
        Row::from_text(line)?;
        let mut row = Self {
            line: line.as_bytes(),
            unknown: true,
            ..Self::default()
        };
        each(line, Span::new(0, line.len()), |name, span| {
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
                "authentication" => return row.authentication.take_apart(line, span),
                "properties" => return row.properties.take_apart(line, span),
                "capabilities" => {
                    row.capabilities = CapabilitiesRef {
                        raw: span,
                        ..CapabilitiesRef::default()
                    };
                    return each(line, span, |name, span| {
                        if name == "iotEdge" {
                            row.capabilities.iot_edge = span;
                        }
                        Ok(())
                    });
                }
                _ => return Ok(()),
            };
            *slot = span;
            Ok(())
        })?;
        if row.at(row.id).is_absent() {
            Err(missing_id(None))
        } else {
            Ok(row)
        }
    }
}

/// Members of an object in the line; nothing for any other value.
fn each(
    line: &str,
    span: Span,
    mut each: impl FnMut(&str, Span) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    let text = Raw(span.of(line.as_bytes())).text();
    if text.starts_with('{') {
        members(text, |name, value| {
            each(&name, Span::within(line.as_bytes(), value.as_bytes()))
        })
    } else {
        Ok(())
    }
}

impl AuthenticationRef {
    fn take_apart(&mut self, line: &str, span: Span) -> Result<(), Misfit> {
        *self = Self {
            raw: span,
            ..Self::default()
        };
        each(line, span, |name, span| {
            match name {
                "type" => self.kind = span,
                "symmetricKey" => {
                    (self.primary_key, self.secondary_key) = Default::default();
                    self.symmetric_key = span;
                    each(line, span, |name, span| {
                        match name {
                            "primaryKey" => self.primary_key = span,
                            "secondaryKey" => self.secondary_key = span,
                            _ => {}
                        }
                        Ok(())
                    })?;
                }
                "x509Thumbprint" => {
                    (self.primary_thumbprint, self.secondary_thumbprint) = Default::default();
                    self.x509_thumbprint = span;
                    each(line, span, |name, span| {
                        match name {
                            "primaryThumbprint" => self.primary_thumbprint = span,
                            "secondaryThumbprint" => self.secondary_thumbprint = span,
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

impl PropertiesRef {
    fn take_apart(&mut self, line: &str, span: Span) -> Result<(), Misfit> {
        *self = Self {
            raw: span,
            ..Self::default()
        };
        each(line, span, |name, span| {
            match name {
                "desired" => self.desired = span,
                "reported" => self.reported = span,
                _ => {}
            }
            Ok(())
        })
    }
}
