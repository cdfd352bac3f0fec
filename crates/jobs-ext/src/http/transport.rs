//! The HTTP client beneath: TLS by rustls with ring, no redirects, nothing taken from the environment.
//!
//! ring, because the other provider (aws-lc) compiles a C library for most of a minute. Roots come from the platform's own store
//! (`rustls-platform-verifier`, which the HTTP client brings along anyway, so it costs no crate); a custom CA adds to them.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::error::{Error, Result};
use crate::http::proxy::Proxies;

/// How long things may take. All three are bounds, not delays.
///
/// ```
/// use std::time::Duration;
/// use jobs_ext::Timeouts;
///
/// let timeouts = Timeouts::default().operation(Duration::from_secs(120));
/// # let _ = timeouts;
/// ```
#[derive(Debug, Clone)]
pub struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) attempt: Duration,
    pub(crate) operation: Option<Duration>,
}

impl Default for Timeouts {
    /// 10 s to connect, 90 s per try (the hub queues requests before it refuses them), no bound on the whole but the retry budget.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            attempt: Duration::from_secs(90),
            operation: None,
        }
    }
}

impl Timeouts {
    /// Until a connection stands, TLS included.
    #[must_use]
    pub fn connect(mut self, bound: Duration) -> Self {
        self.connect = bound;
        self
    }

    /// For one try, from sending to the last byte of the answer. Below 60 s a busy hub's slow answers are lost.
    #[must_use]
    pub fn attempt(mut self, bound: Duration) -> Self {
        self.attempt = bound;
        self
    }

    /// For one operation with all its tries. Waiting for a job is bounded by its own deadline instead.
    #[must_use]
    pub fn operation(mut self, bound: Duration) -> Self {
        self.operation = Some(bound);
        self
    }
}

/// What both connections, to the hub and to the storage, are made with.
#[derive(Clone, Default)]
pub(crate) struct Wiring {
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    pub(crate) proxies: Proxies,
    pub(crate) user_agent: Option<String>,
}

impl Wiring {
    /// Adds the certificates of a PEM text.
    pub(crate) fn add_authorities(&mut self, pem: &[u8]) -> Result<()> {
        let before = self.authorities.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            self.authorities.push(certificate.map_err(|_| {
                Error::configuration("the CA file holds a malformed PEM certificate")
            })?);
        }
        if self.authorities.len() == before {
            return Err(Error::configuration(
                "the CA file holds no PEM certificate (-----BEGIN CERTIFICATE-----)",
            ));
        }
        Ok(())
    }

    /// A client for `https`, or one for plain loopback addresses that never loads the platform's roots.
    pub(crate) fn client(&self, timeouts: &Timeouts, https: bool) -> Result<reqwest::Client> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls(https)?)
            .connect_timeout(timeouts.connect)
            .redirect(reqwest::redirect::Policy::none())
            // The pipeline repeats, counts and tells; with the library's own policy, every request would be copied for repetitions that
            // HTTP/1.1 never asks for.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .user_agent(self.user_agent())
            // The environment is the application's to read.
            .no_proxy()
            .proxy(self.proxies.parse()?.into_proxy())
            .build();
        client.map_err(|error| {
            Error::configuration("the HTTP client could not be built").with_source(error)
        })
    }

    fn tls(&self, https: bool) -> Result<rustls::ClientConfig> {
        let failed = |error: rustls::Error| {
            Error::configuration("TLS could not be set up").with_source(error)
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(failed)?;
        if !https {
            return Ok(builder
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth());
        }
        let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(
            self.authorities.iter().cloned(),
            provider,
        )
        .map_err(failed)?;
        Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth())
    }

    fn user_agent(&self) -> String {
        let own = concat!("jobs-ext/", env!("CARGO_PKG_VERSION"));
        self.user_agent
            .as_ref()
            .map_or_else(|| own.to_owned(), |first| format!("{first} {own}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_without_certificates_is_refused() {
        for text in [
            "",
            "not pem",
            "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
        ] {
            let error = Wiring::default()
                .add_authorities(text.as_bytes())
                .unwrap_err();
            assert!(error.to_string().contains("CA file"), "{error}");
        }
    }

    #[test]
    fn the_user_agent_names_the_application_first() {
        let wiring = Wiring {
            user_agent: Some("fleet/2.1".into()),
            ..Wiring::default()
        };
        assert!(wiring.user_agent().starts_with("fleet/2.1 jobs-ext/"));
    }

    #[test]
    fn a_proxy_must_be_a_url() {
        let wiring = Wiring {
            proxies: Proxies {
                all: Some("http://user:planted@ho st".into()),
                ..Proxies::default()
            },
            ..Wiring::default()
        };
        let error = wiring.client(&Timeouts::default(), false).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
}
