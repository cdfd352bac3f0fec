//! How a client is made.

mod builder;

pub use builder::JobsClientBuilder;

use crate::error::Result;
use crate::http::core::JobsClient;

impl JobsClient {
    /// A client by a service connection string, with every option at its default.
    ///
    /// # Errors
    /// Configuration, naming the part of the string that is missing or malformed, never quoting the key.
    pub fn from_connection_string(text: &str) -> Result<Self> {
        JobsClientBuilder::new().connection_string(text).build()
    }

    /// A builder for the hub at `endpoint`: a host name or `https://…`; `http://…` for this machine alone.
    pub fn builder(endpoint: impl Into<String>) -> JobsClientBuilder {
        JobsClientBuilder::new().endpoint(endpoint)
    }

    /// A builder whose endpoint comes from the connection string unless one is set.
    pub fn builder_from_connection_string(text: &str) -> JobsClientBuilder {
        JobsClientBuilder::new().connection_string(text)
    }
}
