//! Signs in with a credential of one's own: here one that signs hub tokens itself, as a vault or a sidecar would.
//!
//! `IOTHUB_HOST=… IOTHUB_POLICY=… IOTHUB_KEY=… cargo run -p jobs-ext --example own_credential`
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use jobs_ext::{BoxFuture, Credential, CredentialError, JobsClient, SharedAccessKey, Token};

/// Anything that can make a token. The client keeps what it gets and asks again shortly before it expires.
pub(crate) struct Vault {
    key: SharedAccessKey,
    host: String,
    asked: AtomicU32,
}

impl Vault {
    pub(crate) fn new(key: SharedAccessKey, host: &str) -> Self {
        Self {
            key,
            host: host.to_owned(),
            asked: AtomicU32::new(0),
        }
    }
}

impl Credential for Vault {
    fn token(&self) -> BoxFuture<'_, Result<Token, CredentialError>> {
        Box::pin(async {
            if self.asked.fetch_add(1, Ordering::Relaxed) > 1000 {
                return Err("the vault has had enough".into()); // any error will do
            }
            let expires = SystemTime::now() + Duration::from_secs(3600);
            Ok(Token::sas(&self.key.sign(&self.host, expires)))
        })
    }
}

/// How many jobs the hub remembers.
pub(crate) async fn count(endpoint: &str, vault: Vault) -> Result<usize, jobs_ext::Error> {
    let hub = JobsClient::builder(endpoint).credential(vault).build()?;
    Ok(hub.list().await?.len())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let host = std::env::var("IOTHUB_HOST")?;
    let key = SharedAccessKey::new(
        std::env::var("IOTHUB_POLICY")?,
        &std::env::var("IOTHUB_KEY")?,
    )?;
    println!("{} jobs", count(&host, Vault::new(key, &host)).await?);
    Ok(())
}
