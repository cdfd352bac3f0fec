//! Enums of the service that may grow: a value that this version does not know is kept, never an error.

/// Defines an open enum: one variant per known value and `Unrecognized` for all others.
///
/// The generated core uses it for every schema that the spec marks with `x-ms-enum: { modelAsString: true }`.
macro_rules! open_enum {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $wire:literal,)+
        }
    ) => {
        $(#[doc = $doc])*
        ///
        /// Known values are matched without regard to case, because clients and gateways differ in it, and written as the
        /// API spells them. Any other value is kept as it came.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A value that this version of the API does not list.
            Unrecognized(String),
        }

        impl $name {
            /// Every value that this version of the API lists, in its order.
            pub const KNOWN: &'static [&'static str] = &[$($wire),+];

            /// The value as it stands on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)+
                    Self::Unrecognized(text) => text,
                }
            }

            /// Whether this version of the API lists the value.
            pub fn is_recognized(&self) -> bool {
                !matches!(self, Self::Unrecognized(_))
            }

            fn known(text: &str) -> Option<Self> {
                $(if text.eq_ignore_ascii_case($wire) {
                    return Some(Self::$variant);
                })+
                None
            }
        }

        // All by text: the order of the values in the spec means nothing to anybody, and a value that is known now equals
        // what an earlier version of the API kept of it.
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $name {}

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::known(text).unwrap_or_else(|| Self::Unrecognized(text.to_owned()))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::known(&text).unwrap_or(Self::Unrecognized(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(text.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }

        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let description: Vec<&str> = [$($doc),*].iter().map(|line: &&str| line.trim()).collect();
                // The known values are examples of what may come, not a limit to it.
                schemars::json_schema!({
                    "type": "string",
                    "description": description.join("\n"),
                    "x-ms-enum": { "name": stringify!($name), "modelAsString": true, "values": Self::KNOWN },
                })
            }
        }
    };
}

pub(crate) use open_enum;
