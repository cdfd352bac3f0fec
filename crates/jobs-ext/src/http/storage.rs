//! Connections to storage.

use std::sync::OnceLock;

use crate::error::Result;
use crate::http::core::Core;

/// A client's connections to storage: one pool for every container behind TLS, one for storage emulators in plain text, which must not ask
/// for certificates that this machine may not have.
#[derive(Default)]
pub(crate) struct StorageHttp {
    tls: OnceLock<reqwest::Client>,
    plain: OnceLock<reqwest::Client>,
}

impl StorageHttp {
    pub(crate) fn client(&self, core: &Core, https: bool) -> Result<reqwest::Client> {
        let slot = if https { &self.tls } else { &self.plain };
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        let client = core.wiring.client(&core.timeouts, https)?;
        Ok(slot.get_or_init(|| client).clone())
    }
}
