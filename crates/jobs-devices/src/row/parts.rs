//! The nested objects of a row.

use crate::{
    json::JsonObject,
    object::{Field, object},
    row::names::AuthenticationType,
    secret::Key,
};

object! {
    /// The two keys of an identity with authentication type `sas`: base64 of 16 to 64 bytes, both or neither.
    SymmetricKey at SymmetricKeyPlaces {
        /// The first key.
        primary_key: Field<Key> = "primaryKey",
        /// The second key.
        secondary_key: Field<Key> = "secondaryKey",
    }
}

object! {
    /// The thumbprints of an identity with authentication type `selfSigned`: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits in any case.
    X509Thumbprint at X509ThumbprintPlaces {
        /// Of the first certificate.
        primary_thumbprint: Field<String> = "primaryThumbprint",
        /// Of the second certificate.
        secondary_thumbprint: Field<String> = "secondaryThumbprint",
    }
}

object! {
    /// How an identity proves itself. An export without keys has `null` in its place.
    Authentication at AuthenticationPlaces {
        /// The kind (`type` on the wire).
        kind: Field<AuthenticationType> = "type",
        /// The keys of kind `sas`.
        symmetric_key: Field<SymmetricKey> = "symmetricKey",
        /// The thumbprints of kind `selfSigned`.
        x509_thumbprint: Field<X509Thumbprint> = "x509Thumbprint",
    }
}

object! {
    /// The two sections of a twin besides its tags.
    Properties at PropertiesPlaces {
        /// What the back end wants: at most 32 KB.
        desired: Field<JsonObject> = "desired",
        /// What the device said: at most 32 KB.
        reported: Field<JsonObject> = "reported",
    }
}

object! {
    /// What the device is able to be.
    Capabilities at CapabilitiesPlaces {
        /// Whether it is an edge device.
        iot_edge: Field<bool> = "iotEdge",
    }
}

/// One with nothing set.
macro_rules! empty {
    ($($part:ident),*) => {$(
        impl $part {
            /// One with nothing set.
            pub fn new() -> Self {
                Self::default()
            }
        }
    )*};
}
empty!(
    SymmetricKey,
    X509Thumbprint,
    Authentication,
    Properties,
    Capabilities
);

impl SymmetricKey {
    /// Both keys, each in base64.
    pub fn of(primary: impl Into<Box<str>>, secondary: impl Into<Box<str>>) -> Self {
        Self {
            primary_key: Field::Value(Key::new(primary)),
            secondary_key: Field::Value(Key::new(secondary)),
            ..Self::default()
        }
    }
}

impl X509Thumbprint {
    /// One certificate's thumbprint, or two.
    pub fn of(primary: impl Into<String>, secondary: Option<String>) -> Self {
        Self {
            primary_thumbprint: Field::Value(primary.into()),
            secondary_thumbprint: secondary.into(),
            ..Self::default()
        }
    }
}

impl Authentication {
    /// Kind `sas` with two keys in base64.
    pub fn sas(primary: impl Into<Box<str>>, secondary: impl Into<Box<str>>) -> Self {
        Self {
            kind: Field::Value(AuthenticationType::Sas),
            symmetric_key: Field::Value(SymmetricKey::of(primary, secondary)),
            ..Self::default()
        }
    }

    /// Kind `selfSigned` with one thumbprint, or two.
    pub fn self_signed(primary: impl Into<String>, secondary: Option<String>) -> Self {
        Self {
            kind: Field::Value(AuthenticationType::SelfSigned),
            x509_thumbprint: Field::Value(X509Thumbprint::of(primary, secondary)),
            ..Self::default()
        }
    }

    /// Kind `certificateAuthority`.
    pub fn certificate_authority() -> Self {
        Self {
            kind: Field::Value(AuthenticationType::CertificateAuthority),
            ..Self::default()
        }
    }
}

impl Properties {
    /// Both sections.
    pub fn of(desired: JsonObject, reported: JsonObject) -> Self {
        Self {
            desired: Field::Value(desired),
            reported: Field::Value(reported),
            ..Self::default()
        }
    }
}

impl Capabilities {
    /// Whether the device is an edge device.
    pub fn edge(iot_edge: bool) -> Self {
        Self {
            iot_edge: Field::Value(iot_edge),
            ..Self::default()
        }
    }
}
