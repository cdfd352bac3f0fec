//! The nested objects of a row. Each keeps members it does not know, and says `null` again where the file said `null`.

use std::fmt;

use crate::{
    field::{FromText, Misfit, Nulls, fill, members},
    json::JsonObject,
    members::Members,
    row::names::AuthenticationType,
    secret::Key,
    text::{ObjectWriter, push_string},
};

/// Writes an optional member: its value, an explicit `null`, or nothing.
pub(crate) fn put<T: ?Sized>(
    object: &mut ObjectWriter<'_>,
    name: &str,
    value: Option<&T>,
    null: bool,
    write: impl FnOnce(&mut Vec<u8>, &T),
) {
    match value {
        Some(value) => write(object.name(name), value),
        None if null => object.name(name).extend_from_slice(b"null"),
        None => {}
    }
}

pub(crate) fn put_string(
    object: &mut ObjectWriter<'_>,
    name: &str,
    value: Option<&str>,
    null: bool,
) {
    put(object, name, value, null, push_string);
}

macro_rules! part {
    (
        $(#[$meta:meta])* $name:ident {
            $($(#[$doc:meta])* $field:ident: $type:ty = $bit:literal, $wire:literal, $write:expr;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$doc])* pub $field: Option<$type>,)*
            /// Members this crate does not know, in their order.
            pub extra: Members,
            pub(crate) nulls: Nulls,
        }

        impl $name {
            /// One with nothing set.
            pub fn new() -> Self {
                Self::default()
            }

            /// Whether `name`, a member's name on the wire, is to be written as `null` while its field is `None`.
            pub fn is_null(&self, name: &str) -> bool {
                match name {
                    $($wire => self.$field.is_none() && self.nulls.has($bit),)*
                    _ => false,
                }
            }

            /// Empties the field of `name`, a member's name on the wire, and writes it as `null`. An unknown name changes nothing.
            pub fn set_null(&mut self, name: &str) {
                match name {
                    $($wire => {
                        self.$field = None;
                        self.nulls.set($bit, true);
                    })*
                    _ => {}
                }
            }

            pub(crate) fn write(&self, out: &mut Vec<u8>) {
                let mut object = ObjectWriter::begin(out);
                $(put(&mut object, $wire, self.$field.as_ref(), self.nulls.has($bit), $write);)*
                self.extra.write(&mut object);
                object.end();
            }
        }

        impl FromText for $name {
            fn from_text(raw: &str) -> Result<Self, Misfit> {
                let mut part = Self::default();
                members(raw, |name, value| {
                    match &*name {
                        $($wire => fill(&mut part.$field, &mut part.nulls, $bit, $wire, value)?,)*
                        _ => part.extra.push(&name, value)?,
                    }
                    Ok(())
                })?;
                Ok(part)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($field), &self.$field))*
                    .field("extra", &self.extra)
                    .finish()
            }
        }
    };
}

part! {
    /// The two keys of an identity with authentication type `sas`: base64 of 16 to 64 bytes, both or neither.
    SymmetricKey {
        /// The first key.
        primary_key: Key = 0, "primaryKey", |out, key| push_string(out, key.expose());
        /// The second key.
        secondary_key: Key = 1, "secondaryKey", |out, key| push_string(out, key.expose());
    }
}

part! {
    /// The thumbprints of an identity with authentication type `selfSigned`: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits in any case.
    X509Thumbprint {
        /// Of the first certificate.
        primary_thumbprint: String = 0, "primaryThumbprint", |out, text| push_string(out, text);
        /// Of the second certificate.
        secondary_thumbprint: String = 1, "secondaryThumbprint", |out, text| push_string(out, text);
    }
}

part! {
    /// How an identity proves itself. An export without keys has `null` in its place.
    Authentication {
        /// The kind (`type` on the wire).
        kind: AuthenticationType = 0, "type", |out, kind| push_string(out, kind.as_str());
        /// The keys of kind `sas`.
        symmetric_key: SymmetricKey = 1, "symmetricKey", |out, part| part.write(out);
        /// The thumbprints of kind `selfSigned`.
        x509_thumbprint: X509Thumbprint = 2, "x509Thumbprint", |out, part| part.write(out);
    }
}

part! {
    /// The two sections of a twin besides its tags.
    Properties {
        /// What the back end wants: at most 32 KB.
        desired: JsonObject = 0, "desired", |out, object| out.extend_from_slice(object.as_str().as_bytes());
        /// What the device said: at most 32 KB.
        reported: JsonObject = 1, "reported", |out, object| out.extend_from_slice(object.as_str().as_bytes());
    }
}

part! {
    /// What the device is able to be.
    Capabilities {
        /// Whether it is an edge device.
        iot_edge: bool = 0, "iotEdge", |out, edge| out.extend_from_slice(if *edge { b"true" } else { b"false" });
    }
}

impl SymmetricKey {
    /// Both keys, each in base64.
    pub fn of(primary: impl Into<Box<str>>, secondary: impl Into<Box<str>>) -> Self {
        Self {
            primary_key: Some(Key::new(primary)),
            secondary_key: Some(Key::new(secondary)),
            ..Self::default()
        }
    }
}

impl X509Thumbprint {
    /// One certificate's thumbprint, or two.
    pub fn of(primary: impl Into<String>, secondary: Option<String>) -> Self {
        Self {
            primary_thumbprint: Some(primary.into()),
            secondary_thumbprint: secondary,
            ..Self::default()
        }
    }
}

impl Authentication {
    /// Kind `sas` with two keys in base64.
    pub fn sas(primary: impl Into<Box<str>>, secondary: impl Into<Box<str>>) -> Self {
        Self {
            kind: Some(AuthenticationType::Sas),
            symmetric_key: Some(SymmetricKey::of(primary, secondary)),
            ..Self::default()
        }
    }

    /// Kind `selfSigned` with one thumbprint, or two.
    pub fn self_signed(primary: impl Into<String>, secondary: Option<String>) -> Self {
        Self {
            kind: Some(AuthenticationType::SelfSigned),
            x509_thumbprint: Some(X509Thumbprint::of(primary, secondary)),
            ..Self::default()
        }
    }

    /// Kind `certificateAuthority`.
    pub fn certificate_authority() -> Self {
        Self {
            kind: Some(AuthenticationType::CertificateAuthority),
            ..Self::default()
        }
    }
}

impl Properties {
    /// Both sections.
    pub fn of(desired: JsonObject, reported: JsonObject) -> Self {
        Self {
            desired: Some(desired),
            reported: Some(reported),
            ..Self::default()
        }
    }
}

impl Capabilities {
    /// Whether the device is an edge device.
    pub fn edge(iot_edge: bool) -> Self {
        Self {
            iot_edge: Some(iot_edge),
            ..Self::default()
        }
    }
}
