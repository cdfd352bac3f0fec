//! Tokens of Microsoft Entra ID: one that was given, or the Azure command line's.

use std::process::Stdio;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jobs_ext::{BoxFuture, Credential, CredentialError, Token};
use serde_json::Value;

use crate::environment;
use crate::settings::Secret;

/// What a token for a hub is asked for.
const HUB: &str = "https://iothubs.azure.net";
/// What a token for blob storage is asked for.
const STORAGE: &str = "https://storage.azure.com";
/// How long a token of unknown expiry is taken to be good.
const UNKNOWN_LIFETIME: Duration = Duration::from_secs(300);

/// A token from the environment. It cannot be renewed, and is good for the hub alone.
pub(crate) struct GivenToken(pub(crate) Secret);

impl Credential for GivenToken {
    fn token(&self) -> BoxFuture<'_, Result<Token, CredentialError>> {
        Box::pin(async {
            let jwt = self.0.expose().trim();
            let now = SystemTime::now();
            let expires = expiry(jwt).unwrap_or(now + UNKNOWN_LIFETIME);
            if expires <= now {
                return Err(
                    format!("the token in {} has expired", environment::ENTRA_TOKEN).into(),
                );
            }
            Ok(Token::bearer(jwt, expires))
        })
    }
}

/// Asks `az`, which keeps its own login.
pub(crate) struct AzureCli {
    resource: &'static str,
}

impl AzureCli {
    /// For tokens that a hub takes.
    pub(crate) fn for_hub() -> Self {
        Self { resource: HUB }
    }

    /// For tokens that a storage account takes.
    pub(crate) fn for_storage() -> Self {
        Self { resource: STORAGE }
    }
}

impl Credential for AzureCli {
    fn token(&self) -> BoxFuture<'_, Result<Token, CredentialError>> {
        Box::pin(async {
            let program = if cfg!(windows) { "az.cmd" } else { "az" };
            let output = tokio::process::Command::new(program)
                .args([
                    "account",
                    "get-access-token",
                    "--resource",
                    self.resource,
                    "--output",
                    "json",
                ])
                .stdin(Stdio::null())
                .kill_on_drop(true)
                .output()
                .await
                .map_err(|_| {
                    format!(
                        "cannot run `az`; install the Azure command line, or set {}",
                        environment::ENTRA_TOKEN
                    )
                })?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                let line = said
                    .lines()
                    .find(|line| !line.trim().is_empty())
                    .unwrap_or("no message")
                    .to_owned();
                return Err(format!(
                    "`az account get-access-token` failed: {line}; try `az login`"
                )
                .into());
            }
            read_answer(&output.stdout)
                .ok_or_else(|| "`az account get-access-token` printed no token".into())
        })
    }
}

fn read_answer(answer: &[u8]) -> Option<Token> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let jwt = answer.get("accessToken")?.as_str()?;
    let said = answer
        .get("expires_on")
        .and_then(Value::as_u64)
        .map(|at| SystemTime::UNIX_EPOCH + Duration::from_secs(at));
    let expires = said
        .or_else(|| expiry(jwt))
        .unwrap_or_else(|| SystemTime::now() + UNKNOWN_LIFETIME);
    Some(Token::bearer(jwt, expires))
}

/// The claim `exp` of a JWT; its signature is the hub's business.
fn expiry(jwt: &str) -> Option<SystemTime> {
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(claims.get("exp")?.as_u64()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn the_expiry_is_read_from_the_token() {
        assert_eq!(
            expiry(&jwt(r#"{"exp":1893456000}"#)),
            Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_456_000))
        );
        assert_eq!(expiry("not a token"), None);
        assert_eq!(expiry(&jwt("{}")), None);
    }

    #[test]
    fn the_answer_of_az_is_read() {
        let token = read_answer(br#"{"accessToken":"x.y.z","expires_on":1893456000}"#).unwrap();
        assert_eq!(
            token.expires_at(),
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_456_000)
        );
        assert!(read_answer(b"{}").is_none());
        assert!(read_answer(b"ERROR").is_none());
    }

    #[tokio::test]
    async fn an_expired_given_token_is_refused_without_being_shown() {
        let given = GivenToken(Secret::new(jwt(r#"{"exp":1}"#)));
        let error = given.token().await.unwrap_err().to_string();
        assert_eq!(error, "the token in IOTHUB_ENTRA_TOKEN has expired");
    }
}
