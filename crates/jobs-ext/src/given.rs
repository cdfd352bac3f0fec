//! Types that are read from text.

/// `TryFrom` a text, borrowed or owned, by the type's `FromStr`.
macro_rules! given_as_text {
    ($type:ty) => {
        impl TryFrom<&str> for $type {
            type Error = crate::error::Error;

            fn try_from(text: &str) -> crate::error::Result<Self> {
                text.parse()
            }
        }

        impl TryFrom<String> for $type {
            type Error = crate::error::Error;

            fn try_from(text: String) -> crate::error::Result<Self> {
                text.parse()
            }
        }
    };
}

pub(crate) use given_as_text;
