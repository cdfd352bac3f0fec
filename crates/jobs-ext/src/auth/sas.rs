//! Shared access signatures: signing hub tokens and reading ready-made ones.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};
use crate::given::given_as_text;
use crate::redact::Secret;

/// The key of a hub's shared access policy, and the signer of tokens made with it.
///
/// ```
/// # use std::time::{Duration, UNIX_EPOCH};
/// use jobs_ext::SharedAccessKey;
///
/// let key = SharedAccessKey::new("iothubowner", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")?;
/// let token = key.sign("myhub.azure-devices.net", UNIX_EPOCH + Duration::from_secs(1_893_456_000));
/// assert_eq!(format!("{token:?}"), "SasToken { expires: 1893456000, .. }"); // never the signature
/// assert!(token.expose().starts_with("SharedAccessSignature sr=myhub.azure-devices.net&sig="));
/// # Ok::<(), jobs_ext::Error>(())
/// ```
#[derive(Clone)]
pub struct SharedAccessKey {
    policy: String,
    key: ring::hmac::Key,
}

impl SharedAccessKey {
    /// A policy's name and its base64 key, as the portal and `az iot hub policy show` give them.
    ///
    /// # Errors
    /// Configuration, when the key is not base64 or the name is empty. The message never quotes the key.
    pub fn new(policy: impl Into<String>, key: &str) -> Result<Self> {
        let policy = policy.into();
        if policy.is_empty() {
            return Err(Error::configuration(
                "the shared access policy has no name (SharedAccessKeyName)",
            ));
        }
        let bytes = STANDARD.decode(key.trim()).map_err(|_| {
            Error::configuration(
                "SharedAccessKey is not valid base64: copy the whole key, with its trailing `=` signs",
            )
        })?;
        if bytes.is_empty() {
            return Err(Error::configuration("SharedAccessKey is empty"));
        }
        Ok(Self {
            policy,
            key: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &bytes),
        })
    }

    /// The policy's name.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Signs a token for `resource` (the hub's host name) that is valid until `expires`, counted in whole seconds.
    #[must_use]
    pub fn sign(&self, resource: &str, expires: SystemTime) -> SasToken {
        let resource = encode(resource);
        let seconds = unix_seconds(expires);
        let signed = ring::hmac::sign(&self.key, format!("{resource}\n{seconds}").as_bytes());
        let signature = encode(&STANDARD.encode(signed.as_ref()));
        SasToken {
            text: Secret::new(format!(
                "SharedAccessSignature sr={resource}&sig={signature}&se={seconds}&skn={}",
                encode(&self.policy)
            )),
            expires: seconds,
        }
    }
}

impl fmt::Debug for SharedAccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedAccessKey")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// A signed hub token: `SharedAccessSignature sr=…&sig=…&se=…&skn=…`. Its text never prints.
#[derive(Clone)]
pub struct SasToken {
    text: Secret,
    expires: u64,
}

impl SasToken {
    /// Reads a ready-made token; the fields may stand in any order.
    ///
    /// # Errors
    /// Configuration, naming the field that is missing or malformed.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let fields = text
            .strip_prefix("SharedAccessSignature ")
            .ok_or_else(|| {
                Error::configuration(
                    "the shared access signature must start with `SharedAccessSignature ` (with one space)",
                )
            })?;
        let (mut resource, mut signature, mut expires) = (false, false, None);
        for pair in fields.trim_start().split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "sr" => resource = !value.is_empty(),
                "sig" => signature = !value.is_empty(),
                "se" => {
                    expires = Some(value.parse::<u64>().map_err(|_| {
                        Error::configuration(
                            "field `se` of the shared access signature is not a number of seconds since 1970",
                        )
                    })?);
                }
                _ => {}
            }
        }
        for (present, field) in [(resource, "sr"), (signature, "sig")] {
            if !present {
                return Err(Error::configuration(format!(
                    "the shared access signature lacks field `{field}`"
                )));
            }
        }
        if !text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Err(Error::configuration(
                "the shared access signature holds characters that no header can carry",
            ));
        }
        Ok(Self {
            text: Secret::new(text),
            expires: expires.ok_or_else(|| {
                Error::configuration("the shared access signature lacks field `se` (its expiry)")
            })?,
        })
    }

    /// When the hub stops accepting the token.
    #[must_use]
    pub fn expires(&self) -> SystemTime {
        UNIX_EPOCH
            .checked_add(Duration::from_secs(self.expires))
            .unwrap_or(UNIX_EPOCH + Duration::from_secs(u32::MAX.into()))
    }

    /// The token itself, as it goes into the `Authorization` header. It is a secret: whoever holds it acts as the policy.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

given_as_text!(SasToken);

impl FromStr for SasToken {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Debug for SasToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SasToken")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

pub(crate) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Percent-encodes everything but the unreserved characters of RFC 3986, in upper-case hex.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// Undoes percent-encoding. `+` stays: container signatures encode a space as `%20`.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes
            .get(at + 1..at + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sheet's test vector.
    #[test]
    fn the_test_vector_is_signed_as_given() {
        let key = SharedAccessKey::new(
            "iothubowner",
            "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        )
        .unwrap();
        let token = key.sign(
            "myhub.azure-devices.net",
            UNIX_EPOCH + Duration::from_secs(1_893_456_000),
        );
        assert_eq!(
            token.expose(),
            "SharedAccessSignature sr=myhub.azure-devices.net&sig=khSw3Hu42nfiGmvv0z8UfhaVjclOsrYKOsP3H0wMCJU%3D&se=1893456000&skn=iothubowner"
        );
        assert_eq!(
            SasToken::parse(token.expose()).unwrap().expires(),
            token.expires()
        );
    }

    #[test]
    fn a_port_is_encoded_in_the_resource() {
        let key = SharedAccessKey::new("p", "a2V5").unwrap();
        let token = key.sign("localhost:8443", UNIX_EPOCH);
        assert!(token.expose().contains("sr=localhost%3A8443&"));
    }

    #[test]
    fn ready_made_tokens_are_read_in_any_order_and_name_what_is_missing() {
        let token = SasToken::parse("SharedAccessSignature se=77&skn=p&sig=s%3D&sr=h").unwrap();
        assert_eq!(token.expires(), UNIX_EPOCH + Duration::from_secs(77));
        for (text, part) in [
            ("sr=h&sig=s&se=1", "SharedAccessSignature"),
            ("SharedAccessSignature sig=planted&se=1", "`sr`"),
            ("SharedAccessSignature sr=h&se=1", "`sig`"),
            ("SharedAccessSignature sr=h&sig=planted", "`se`"),
            ("SharedAccessSignature sr=h&sig=planted&se=soon", "`se`"),
        ] {
            let error = SasToken::parse(text).unwrap_err().to_string();
            assert!(
                error.contains(part) && !error.contains("planted"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_bad_key_is_refused_without_being_quoted() {
        let error = SharedAccessKey::new("p", "planted secret!").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"));
    }

    proptest::proptest! {
        #[test]
        fn encoding_is_undone_by_decoding(text in "\\PC{0,60}") {
            proptest::prop_assert_eq!(decode(&encode(&text)), text);
        }

        #[test]
        fn reading_a_token_never_panics_and_never_quotes_it(text in "\\PC{0,80}") {
            if let Err(error) = SasToken::parse(&format!("SharedAccessSignature sig=planted{text}")) {
                let printed = format!("{error} {error:?}");
                proptest::prop_assert!(!printed.contains("planted"));
            }
        }
    }
}
