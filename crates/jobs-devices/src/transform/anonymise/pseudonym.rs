//! Replacements that only the key can make, and always makes alike.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::transform::scope::{SCOPE_PREFIX, parse_scope};

/// The secret by which names are replaced: whoever has it can tell which new name an old one became.
///
/// `Debug` does not show it.
#[derive(Clone)]
pub struct AnonymiseKey(hmac::Key);

impl fmt::Debug for AnonymiseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnonymiseKey(redacted)")
    }
}

/// Each kind of value has pseudonyms of its own.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Name,
    Generation,
    Etag,
    Key,
    Thumbprint,
}

impl AnonymiseKey {
    /// The key from the content of a key file: any bytes, a line break at the end not counted. None when nothing is left.
    ///
    /// A file of 32 random bytes is best: names are easy to guess, so a key that can be guessed protects nothing.
    pub fn new(content: &[u8]) -> Option<AnonymiseKey> {
        let content = content.strip_suffix(b"\n").unwrap_or(content);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        (!content.is_empty()).then(|| AnonymiseKey(hmac::Key::new(hmac::HMAC_SHA256, content)))
    }

    /// So many bytes that depend on the key, the kind and the text alone.
    fn bytes(&self, kind: Kind, text: &str, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 32);
        let mut block = 0_u32;
        while bytes.len() < length {
            let mut context = hmac::Context::with_key(&self.0);
            context.update(&[kind as u8]);
            context.update(&block.to_le_bytes());
            context.update(text.as_bytes());
            bytes.extend_from_slice(context.sign().as_ref());
            block += 1;
        }
        bytes.truncate(length);
        bytes
    }

    /// The new name of a device or module, or of any other string: 128 bits of keyed hash, so that no two names meet.
    pub(super) fn name(&self, name: &str) -> String {
        format!("anon-{}", hex(&self.bytes(Kind::Name, name, 16)))
    }

    /// The scope with the new id of its device; a generation of as many digits.
    pub(super) fn scope(&self, scope: &str) -> String {
        match parse_scope(scope) {
            Some((id, generation)) => {
                let bytes = self.bytes(Kind::Generation, scope, generation.len());
                let digits: String = bytes.iter().map(|b| char::from(b'0' + b % 10)).collect();
                format!("{SCOPE_PREFIX}{}-{digits}", self.name(id))
            }
            None => self.name(scope),
        }
    }

    /// Base64 of as many bytes; for what is no base64, letters and digits of the same length.
    pub(super) fn base64_like(&self, kind: Kind, text: &str) -> String {
        match STANDARD.decode(text) {
            Ok(old) => STANDARD.encode(self.bytes(kind, text, old.len())),
            Err(_) => {
                const LETTERS: &[u8] =
                    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
                let bytes = self.bytes(kind, text, text.chars().count());
                let letter = |b: u8| char::from(LETTERS[usize::from(b) % LETTERS.len()]);
                bytes.into_iter().map(letter).collect()
            }
        }
    }

    /// Hexadecimal digits of the same length, in capitals where there were any.
    pub(super) fn hex_like(&self, text: &str) -> String {
        let length = text.chars().count();
        let mut digits = hex(&self.bytes(Kind::Thumbprint, text, length.div_ceil(2)));
        digits.truncate(length);
        match text.contains(|c: char| c.is_ascii_uppercase()) {
            true => digits.to_uppercase(),
            false => digits,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
