//! Who may call: shared access signatures over the hub's policies, and, when
//! asked for, unsigned Entra tokens.

mod bearer;
mod policies;
mod sas;

use hyper::header::{AUTHORIZATION, HOST, HeaderMap};

pub(crate) use policies::{Policies, random_key};
pub use policies::{Policy, Rights};
pub(crate) use sas::token_for;

use crate::clock::Time;
use crate::envelope::{HubResult, ServiceError};

/// How requests are judged.
pub(crate) struct Gate {
    /// `false`: everything is allowed.
    pub(crate) required: bool,
    /// Accept Entra tokens without checking their signature.
    pub(crate) entra_permissive: bool,
    /// Names under which this hub is known, lower case, without a port.
    pub(crate) hosts: Vec<String>,
    /// The shared access policies.
    pub(crate) policies: Policies,
}

impl Gate {
    /// Lets a request for this path pass when its token is valid, covers the
    /// path and grants one of `any_of`. An empty list asks for a valid token only.
    pub(crate) fn admit(
        &self,
        headers: &HeaderMap,
        path: &str,
        any_of: &[Rights],
        now: Time,
    ) -> HubResult<()> {
        if !self.required {
            return Ok(());
        }
        let token = headers
            .get(AUTHORIZATION)
            .ok_or_else(|| refuse("the Authorization header is missing"))?
            .to_str()
            .map_err(|_| refuse("the Authorization header is not text"))?;
        if let Some(jwt) = bearer::token_of(token) {
            if !self.entra_permissive {
                return Err(refuse(
                    "this hub does not accept Entra tokens; start it with --entra permissive",
                ));
            }
            return bearer::check(jwt, now);
        }
        let token = sas::Token::parse(token)?;
        let asked_for = headers
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        self.check_audience(&token, asked_for)?;
        if !token.covers(path) {
            return Err(refuse("the token is made out to another path (sr)"));
        }
        token.check_expiry(now)?;
        let policy = self
            .policies
            .find(token.policy())
            .ok_or_else(|| refuse("the token names no policy of this hub (skn)"))?;
        if !policy.keys().iter().any(|key| token.is_signed_by(key)) {
            return Err(refuse("the signature does not match the policy's keys"));
        }
        if any_of.is_empty() || any_of.iter().any(|right| policy.rights().contains(*right)) {
            Ok(())
        } else {
            Err(refuse("the policy lacks the right for this operation"))
        }
    }

    /// The token must be made out to this hub: to one of its own names, or to
    /// the name the request was addressed to (a name mapped by a hosts file).
    fn check_audience(&self, token: &sas::Token<'_>, asked_for: &str) -> HubResult<()> {
        let host = token.host();
        let asked_for = sas::without_port(asked_for).to_ascii_lowercase();
        if self.hosts.contains(&host) || (!host.is_empty() && host == asked_for) {
            Ok(())
        } else {
            Err(refuse("the token is made out to another host (sr)"))
        }
    }
}

fn refuse(why: &str) -> ServiceError {
    ServiceError::unauthorized(format!("Unauthorized: {why}"))
}
