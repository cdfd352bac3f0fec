//! Numbers from a seed, the same on every machine and in every release.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::TEST_KEY_MARK;

/// SplitMix64: small, fast, and good enough for test data. Its constants are those of the published algorithm.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // The bias of the remainder does not matter to test data.
        self.next() % end.max(1)
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    pub(crate) fn pick<'t, T>(&mut self, among: &'t [T]) -> &'t T {
        let length = among.len() as u64;
        &among[usize::try_from(self.below(length)).unwrap_or(0)]
    }

    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.truncate(digits);
        text
    }

    /// A key of 32 bytes in base64 that says in its first characters that it is none.
    pub(crate) fn test_key(&mut self) -> String {
        let mut bytes = [0; 11];
        bytes[..8].copy_from_slice(&self.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.next().to_le_bytes()[..3]);
        format!("{TEST_KEY_MARK}{}", STANDARD.encode(bytes))
    }

    pub(crate) fn uuid(&mut self) -> String {
        let text = self.hex(32);
        // Version 4, variant 1, as of a random UUID.
        format!(
            "{}-{}-4{}-a{}-{}",
            &text[..8],
            &text[8..12],
            &text[13..16],
            &text[17..20],
            &text[20..]
        )
    }
}
