//! The closed words of a row: status, authentication type, import mode. Each keeps a word it does not know.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    field::{Misfit, string},
    object::{Held, Shape, Value},
    scan::Span,
    text::push_string,
};

/// A word that is none of those allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not one of {allowed}")]
pub struct UnknownName {
    found: String,
    allowed: String,
}

macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $wire:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// A word this crate does not know, kept as it stood.
            Unknown(Box<str>),
        }

        impl $name {
            /// The words of this type, as they stand on the wire.
            pub const NAMES: &'static [&'static str] = &[$($wire),*];

            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)*
                    Self::Unknown(word) => word,
                }
            }

            /// Reads any word: case is no difference, and an unknown word is kept.
            pub fn from_wire(word: &str) -> Self {
                Self::known(word).unwrap_or_else(|| Self::Unknown(word.into()))
            }

            /// Whether the word is one this crate knows.
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Unknown(_))
            }

            pub(crate) fn known(word: &str) -> Option<Self> {
                $(if word == $wire { return Some(Self::$variant); })*
                $(if word.eq_ignore_ascii_case($wire) { return Some(Self::$variant); })*
                None
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            /// Reads a known word, in any case.
            fn from_str(word: &str) -> Result<Self, UnknownName> {
                Self::known(word).ok_or_else(|| UnknownName { found: word.to_owned(), allowed: Self::NAMES.join(", ") })
            }
        }

        impl Value for $name {
            type Place = Span;
            const SHAPE: Shape = Shape::Word(Self::NAMES);

            fn from_json(json: &str) -> Result<Self, Misfit> {
                string(json).map(|word| Self::from_wire(&word))
            }

            fn write(&self, out: &mut Vec<u8>) {
                push_string(out, self.as_str());
            }

            fn held(&self) -> Held<'_> {
                Held::Text(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                std::borrow::Cow::<'de, str>::deserialize(deserializer).map(|word| Self::from_wire(&word))
            }
        }
    };
}

names! {
    /// Whether the identity may connect. The service wants it on every imported line, whatever the mode.
    Status {
        /// May connect.
        Enabled = "enabled",
        /// May not connect.
        Disabled = "disabled",
    }
}

names! {
    /// How the identity proves itself. A wrong word fails the imported line with error 400012.
    AuthenticationType {
        /// Shared access signatures made with one of two symmetric keys.
        Sas = "sas",
        /// A certificate of its own, known by its thumbprint.
        SelfSigned = "selfSigned",
        /// A certificate signed by an authority that the hub knows.
        CertificateAuthority = "certificateAuthority",
        /// No way of its own: modules of edge devices, for one.
        None = "none",
    }
}

names! {
    /// What an import does with a row. A row without a mode means [`ImportMode::CreateOrUpdate`].
    ///
    /// ```
    /// use jobs_devices::ImportMode;
    /// let mode: ImportMode = "UpdateTwinIfMatchETag".parse()?;
    /// assert_eq!(mode.as_str(), "updateTwinIfMatchETag");
    /// # Ok::<(), jobs_devices::UnknownName>(())
    /// ```
    ImportMode {
        /// Creates; an identity that exists is an error.
        Create = "create",
        /// Creates or overwrites. The default.
        CreateOrUpdate = "createOrUpdate",
        /// Creates, or overwrites when `eTag` is that of the identity.
        CreateOrUpdateIfMatchETag = "createOrUpdateIfMatchETag",
        /// Overwrites; an identity that is missing is an error.
        Update = "update",
        /// Overwrites when `eTag` is that of the identity.
        UpdateIfMatchETag = "updateIfMatchETag",
        /// Deletes; an identity that is missing is an error.
        Delete = "delete",
        /// Deletes when `eTag` is that of the identity.
        DeleteIfMatchETag = "deleteIfMatchETag",
        /// Overwrites the twin alone.
        UpdateTwin = "updateTwin",
        /// Overwrites the twin alone when `twinETag` is that of the twin.
        UpdateTwinIfMatchETag = "updateTwinIfMatchETag",
    }
}

impl ImportMode {
    /// Whether the mode compares `eTag` with the identity.
    pub fn checks_etag(&self) -> bool {
        matches!(
            self,
            Self::CreateOrUpdateIfMatchETag | Self::UpdateIfMatchETag | Self::DeleteIfMatchETag
        )
    }

    /// Whether the mode compares `twinETag` with the twin.
    pub fn checks_twin_etag(&self) -> bool {
        matches!(self, Self::UpdateTwinIfMatchETag)
    }

    /// Whether the mode can make a new identity.
    pub fn creates(&self) -> bool {
        matches!(
            self,
            Self::Create | Self::CreateOrUpdate | Self::CreateOrUpdateIfMatchETag
        )
    }

    /// Whether the mode overwrites an identity that exists, with its status, authentication and capabilities.
    pub fn overwrites_identity(&self) -> bool {
        matches!(
            self,
            Self::CreateOrUpdate
                | Self::CreateOrUpdateIfMatchETag
                | Self::Update
                | Self::UpdateIfMatchETag
        )
    }

    /// Whether the mode updates the twin of an identity and nothing else.
    pub fn updates_twin_only(&self) -> bool {
        matches!(self, Self::UpdateTwin | Self::UpdateTwinIfMatchETag)
    }

    /// Whether the mode removes the identity.
    pub fn deletes(&self) -> bool {
        matches!(self, Self::Delete | Self::DeleteIfMatchETag)
    }
}
