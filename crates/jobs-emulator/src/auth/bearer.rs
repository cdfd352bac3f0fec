//! Entra tokens in permissive mode: audience and expiry are read, the signature is not.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::refuse;
use crate::clock::Time;
use crate::envelope::HubResult;

/// The audience of the service, for which tokens are made out.
const AUDIENCE: &str = "https://iothubs.azure.net";

/// The token of an `Authorization: Bearer …` header.
pub(super) fn token_of(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(super) fn check(jwt: &str, now: Time) -> HubResult<()> {
    let claims: Value = jwt
        .split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| refuse("the bearer token is not a JWT"))?;
    let meant_for_us = |audience: &Value| {
        audience
            .as_str()
            .is_some_and(|text| text.trim_end_matches('/') == AUDIENCE)
    };
    let audience = claims.get("aud").unwrap_or(&Value::Null);
    if !meant_for_us(audience)
        && !audience
            .as_array()
            .is_some_and(|list| list.iter().any(meant_for_us))
    {
        return Err(refuse(
            "the bearer token's audience is not https://iothubs.azure.net",
        ));
    }
    let Some(expiry) = claims.get("exp") else {
        return Ok(());
    };
    let expiry = expiry
        .as_f64()
        .ok_or_else(|| refuse("the bearer token's expiry is no number of seconds"))?;
    if has_passed(expiry, now) {
        return Err(refuse("the bearer token has expired"));
    }
    Ok(())
}

/// Whether a moment lies behind; in seconds since 1970, which may have a fraction.
fn has_passed(moment: f64, now: Time) -> bool {
    let now = Duration::from_secs(u64::try_from(now.seconds()).unwrap_or_default());
    match Duration::try_from_secs_f64(moment) {
        Ok(moment) => moment <= now,
        // Before 1970, or further ahead than can be counted.
        Err(_) => moment < 0.0,
    }
}
