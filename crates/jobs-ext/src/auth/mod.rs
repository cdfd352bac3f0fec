//! Credentials: connection strings, keys, tokens, and what renews them.

pub(crate) mod connection_string;
pub(crate) mod credential;
#[cfg(feature = "entra")]
pub(crate) mod entra;
pub(crate) mod sas;
