//! The slow way: through `serde_json`, for lines with unusual spaces or escaped names, and for the words of an error.

use super::{AuthenticationRef, CapabilitiesRef, PropertiesRef, Raw, RowRef};
use crate::field::{FromText, Misfit, members};
use crate::row::{Row, missing_id};

impl<'a> RowRef<'a> {
    pub(super) fn from_members(line: &'a str) -> Result<Self, Misfit> {
        // This checks every type and finds what is wrong; what follows only takes the texts apart.
        Row::from_text(line)?;
        let mut row = Self {
            line: Raw(line.as_bytes()),
            unknown: true,
            ..Self::default()
        };
        each(Raw(line.as_bytes()), |name, raw| {
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
                    row.capabilities = CapabilitiesRef {
                        raw,
                        ..CapabilitiesRef::default()
                    };
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
        if row.id.is_absent() {
            Err(missing_id(None))
        } else {
            Ok(row)
        }
    }
}

/// Members of an object; nothing for any other value.
fn each<'a>(
    raw: Raw<'a>,
    mut each: impl FnMut(&str, Raw<'a>) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    if raw.is_object() {
        members(raw.text(), |name, raw| each(&name, Raw(raw.as_bytes())))
    } else {
        Ok(())
    }
}

impl<'a> AuthenticationRef<'a> {
    fn take_apart(&mut self, raw: Raw<'a>) -> Result<(), Misfit> {
        *self = Self {
            raw,
            ..Self::default()
        };
        each(raw, |name, raw| {
            match name {
                "type" => self.kind = raw,
                "symmetricKey" => {
                    (self.symmetric_key, self.primary_key, self.secondary_key) =
                        (raw, Raw::default(), Raw::default());
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
                    ) = (raw, Raw::default(), Raw::default());
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
    fn take_apart(&mut self, raw: Raw<'a>) -> Result<(), Misfit> {
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
