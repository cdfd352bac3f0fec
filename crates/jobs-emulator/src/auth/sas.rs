//! Shared access signatures: `SharedAccessSignature sr=…&sig=…&se=…&skn=…`.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ring::hmac;

use super::{Policy, refuse};
use crate::clock::Time;
use crate::envelope::HubResult;

/// How far the caller's clock may lag behind the hub's.
const MAX_SKEW: Duration = Duration::from_secs(300);

const SCHEME: &str = "SharedAccessSignature ";

/// A token, taken apart; fields may stand in any order.
pub(super) struct Token<'a> {
    /// `sr` exactly as sent: the signature covers this text, encoded or not.
    resource: &'a str,
    signature: Vec<u8>,
    /// `se` exactly as sent, which is signed too.
    expiry: &'a str,
    policy: Cow<'a, str>,
}

impl<'a> Token<'a> {
    pub(super) fn parse(header: &'a str) -> HubResult<Self> {
        let fields = header
            .strip_prefix(SCHEME)
            .ok_or_else(|| refuse("the Authorization header holds no SharedAccessSignature"))?;
        let (mut resource, mut signature, mut expiry, mut policy) = (None, None, None, None);
        for field in fields.trim().split('&') {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            match name {
                "sr" => resource = Some(value),
                "sig" => signature = Some(value),
                "se" => expiry = Some(value),
                "skn" => policy = Some(value),
                _ => {}
            }
        }
        let missing = |name| refuse(&format!("the token has no {name}"));
        let signature = decode(signature.ok_or_else(|| missing("sig"))?);
        Ok(Self {
            resource: resource.ok_or_else(|| missing("sr"))?,
            signature: STANDARD
                .decode(signature.as_bytes())
                .map_err(|_| refuse("sig is not base64"))?,
            expiry: expiry.ok_or_else(|| missing("se"))?,
            policy: decode(policy.ok_or_else(|| missing("skn"))?),
        })
    }

    pub(super) fn policy(&self) -> &str {
        &self.policy
    }

    /// The host the token is made out to: decoded, lower case, without scheme, port and path.
    pub(super) fn host(&self) -> String {
        let decoded = decode(self.resource).to_ascii_lowercase();
        let host = without_scheme(&decoded).split('/').next();
        without_port(host.unwrap_or_default()).to_owned()
    }

    /// Whether the path of `sr` is a prefix of this one: by whole segments, in any case. A bare host covers every path.
    pub(super) fn covers(&self, path: &str) -> bool {
        let decoded = decode(self.resource);
        let mut asked_for = path.split('/').filter(|segment| !segment.is_empty());
        without_scheme(&decoded)
            .split('/')
            .skip(1)
            .filter(|segment| !segment.is_empty())
            .all(|segment| {
                asked_for
                    .next()
                    .is_some_and(|given| decode(given).eq_ignore_ascii_case(segment))
            })
    }

    pub(super) fn check_expiry(&self, now: Time) -> HubResult<()> {
        let expiry: i64 = self
            .expiry
            .parse()
            .map_err(|_| refuse("se is not a number of seconds"))?;
        let skew = i64::try_from(MAX_SKEW.as_secs()).unwrap_or_default();
        if expiry.saturating_add(skew) > now.seconds() {
            Ok(())
        } else {
            Err(refuse("the token has expired"))
        }
    }

    /// Compares in constant time.
    pub(super) fn is_signed_by(&self, key: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let signed = format!("{}\n{}", self.resource, self.expiry);
        hmac::verify(&key, signed.as_bytes(), &self.signature).is_ok()
    }
}

fn decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

fn without_scheme(resource: &str) -> &str {
    resource
        .split_once("://")
        .map_or(resource, |(_, rest)| rest)
}

/// `host:port`, `[v6]:port`, `host` or a bare IPv6 address, without the port and brackets.
pub(super) fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    match host.rsplit_once(':') {
        Some((name, _)) if !name.contains(':') => name,
        _ => host,
    }
}

/// A token for a resource, signed with the primary key of a policy.
pub(crate) fn token_for(resource: &str, policy: &Policy, expiry: Time) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let (resource, expiry) = (encode(resource), expiry.seconds());
    let key = STANDARD.decode(policy.primary_key()).unwrap_or_default();
    let signed = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, &key),
        format!("{resource}\n{expiry}").as_bytes(),
    );
    let signature = encode(&STANDARD.encode(signed));
    format!(
        "{SCHEME}sr={resource}&sig={signature}&se={expiry}&skn={}",
        encode(policy.name())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vector of the protocol notes, checked with the key it was made with.
    #[test]
    fn the_known_vector_verifies_in_any_field_order() {
        let key = STANDARD
            .decode("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
            .unwrap();
        for text in [
            "SharedAccessSignature sr=myhub.azure-devices.net&sig=khSw3Hu42nfiGmvv0z8UfhaVjclOsrYKOsP3H0wMCJU%3D&se=1893456000&skn=iothubowner",
            "SharedAccessSignature se=1893456000&skn=iothubowner&sig=khSw3Hu42nfiGmvv0z8UfhaVjclOsrYKOsP3H0wMCJU=&sr=myhub.azure-devices.net",
        ] {
            let token = Token::parse(text).unwrap();
            assert!(token.is_signed_by(&key));
            assert!(!token.is_signed_by(b"another key"));
            assert_eq!(token.host(), "myhub.azure-devices.net");
            assert_eq!(token.policy(), "iothubowner");
        }
    }

    #[test]
    fn expiry_is_judged_with_five_minutes_of_skew() {
        let token = Token::parse("SharedAccessSignature sr=h&sig=AAAA&se=1000&skn=p").unwrap();
        let at = |seconds: i64| Time::from_ticks(seconds * 10_000_000);
        assert!(token.check_expiry(at(1299)).is_ok());
        assert!(token.check_expiry(at(1300)).is_err());
    }

    #[test]
    fn a_path_is_covered_by_its_leading_segments_in_any_case() {
        let covers = |resource: &str, path: &str| {
            let text = format!("SharedAccessSignature sr={resource}&sig=AAAA&se=1&skn=p");
            Token::parse(&text).unwrap().covers(path)
        };
        for (resource, path) in [
            ("hub", "/devices/d1"),
            ("https%3A%2F%2Fhub%3A8443%2F", "/jobs"),
            ("hub%2fDevices", "/devices/d1/"),
            ("hub/devices/d%241", "/devices/d%241"),
        ] {
            assert!(covers(resource, path), "{resource} {path}");
        }
        for (resource, path) in [
            ("hub%2Fdev", "/devices/d1"),
            ("hub/devices/d1", "/devices"),
            ("hub/jobs", "/devices"),
        ] {
            assert!(!covers(resource, path), "{resource} {path}");
        }
    }

    #[test]
    fn ports_and_brackets_are_no_part_of_the_host() {
        for (text, host) in [
            ("localhost:8443", "localhost"),
            ("localhost", "localhost"),
            ("[::1]:80", "::1"),
            ("::1", "::1"),
        ] {
            assert_eq!(without_port(text), host);
        }
        let token = Token::parse(
            "SharedAccessSignature sr=https%3A%2F%2FLocalHost%3A8443%2Fjobs&sig=AAAA&se=1&skn=p",
        )
        .unwrap();
        assert_eq!(token.host(), "localhost");
    }
}
