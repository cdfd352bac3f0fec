//! What the hand-written part of this crate promises.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod open_enums;
mod requests;
mod secrets;

/// A client for plain addresses. It names its TLS provider, because this crate names none: built with others of the workspace, the
/// HTTP library has TLS without a provider to fall back on.
fn http_client() -> reqwest::Client {
    // A second call finds the provider of the first in place.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}
