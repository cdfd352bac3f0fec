//! The fast way through a line: one pass of vector instructions finds its structure, a second walks it.
//!
//! What both accept is RFC 8259 JSON, fully checked. What they do not accept is either no JSON or spaced in an unusual way; such a line goes to
//! `serde_json`, which also says what is wrong with it. So a fault here could cost time, or accept too much, and the property tests
//! compare what is accepted with `serde_json`.
//!
//! **First pass** ([`Index::build`]): for each 64 bytes, masks of quotes, backslashes, operators (`{ } [ ] : ,`), spaces and control
//! characters. A running exclusive-or over the quotes tells inside from outside of strings. The positions of the operators outside of strings are
//! kept: a line has about 80 of them. Shifted masks check, for all 64 bytes at once, that a string starts right behind an operator (or one space
//! behind it) and ends right before one; so between two operators stands one string, or no quote at all.
//!
//! **Second pass** ([`Walk`]): the grammar over the operators and what stands between them. Strings need no second look; other
//! values are read as a number or a word.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod simd;
mod walk;

use self::simd::{Masks, Vector};
pub(crate) use self::walk::{Span, Unfit, Walk, escapes_are_valid};

/// The structure of one line. Kept from line to line, so that its memory is.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The operators outside of strings, then [`SENTINELS`] times the line's end.
    ops: Vec<Op>,
    len: usize,
    /// Whether a space stands behind some operator.
    spaced: bool,
    /// Whether there is any backslash.
    escapes: bool,
    /// Whether there is any byte beyond ASCII.
    beyond_ascii: bool,
}

/// An operator: its position and, in the lowest 8 bits, its byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Op(u32);

/// Longest line that is indexed; longer ones go the slow way, which needs no memory for each byte of the line. A row with every limit
/// of its twin reached, each character escaped, is shorter.
const MAX_LINE: usize = 1024 * 1024;

/// [`Op`] has room for every position in such a line.
const _: () = assert!(MAX_LINE <= (u32::MAX >> 8) as usize);

impl Op {
    #[inline(always)]
    fn new(position: u32, byte: u8) -> Self {
        Self(position << 8 | u32::from(byte))
    }

    #[inline(always)]
    fn position(self) -> usize {
        (self.0 >> 8) as usize
    }

    #[inline(always)]
    fn byte(self) -> u8 {
        self.0 as u8
    }
}

/// How many positions behind the last operator a walk may look at.
const SENTINELS: usize = 3;

/// What one block leaves to the next, and what was found so far.
#[derive(Default)]
struct Carry {
    /// All ones while inside a string.
    in_string: u64,
    /// The last byte was an operator, or a space behind one.
    separator: u64,
    /// The last byte closed a string.
    close: u64,
    /// The last byte was a backslash that escapes the next.
    escape: u64,
    /// Whatever makes the line no regular JSON.
    wrong: u64,
    spaces: u64,
    backslashes: u64,
    beyond_ascii: u64,
}

impl Index {
    /// Finds the structure of `line`. `false` when it is not regular: then nothing else may be asked.
    pub(crate) fn build(&mut self, line: &[u8]) -> bool {
        if line.len() > MAX_LINE {
            return false;
        }
        if self.ops.len() < line.len() + 64 + SENTINELS {
            let room = (line.len() * 2).min(MAX_LINE);
            self.ops.resize(room + 64 + SENTINELS, Op::default());
        }
        simd::build(self, line)
    }

    /// The operators, then the sentinels.
    pub(crate) fn ops(&self) -> &[Op] {
        &self.ops[..self.len + SENTINELS]
    }

    pub(crate) fn is_spaced(&self) -> bool {
        self.spaced
    }

    pub(crate) fn is_ascii(&self) -> bool {
        !self.beyond_ascii
    }

    pub(crate) fn has_escapes(&self) -> bool {
        self.escapes
    }

    #[inline(always)]
    fn build_with<V: Vector>(&mut self, line: &[u8]) -> bool {
        // The first byte stands where it would behind an operator.
        let mut carry = Carry {
            separator: 1,
            ..Carry::default()
        };
        let mut len = 0;
        let (blocks, rest) = line.as_chunks::<64>();
        let mut base = 0;
        for block in blocks {
            let ops = carry.step::<V>(&V::masks(block), block);
            len = V::push_ops(&mut self.ops, len, ops, base, block);
            base += 64;
        }
        if !rest.is_empty() {
            let block = V::padded(rest);
            let inside = (1 << rest.len()) - 1;
            let ops = carry.step::<V>(&V::masks(&block).only(inside), &block);
            len = V::push_ops(&mut self.ops, len, ops, base, &block);
        }
        // `build` saw to it that a line of this length fits.
        self.ops[len..len + SENTINELS].fill(Op::new(u32::try_from(line.len()).unwrap_or(0), 0));
        self.len = len;
        self.spaced = carry.spaces != 0;
        self.escapes = carry.backslashes != 0;
        self.beyond_ascii = carry.beyond_ascii != 0;
        carry.wrong == 0 && carry.in_string == 0
    }
}

impl Carry {
    /// The operators outside of strings in one block.
    #[inline(always)]
    fn step<V: Vector>(&mut self, masks: &Masks, block: &[u8; 64]) -> u64 {
        self.beyond_ascii |= masks.beyond_ascii;
        let mut quotes = masks.quote;
        if masks.backslash | self.escape != 0 {
            self.backslashes |= masks.backslash;
            quotes &= !escaped(masks.backslash, &mut self.escape);
        }
        // From an opening quote on, up to the byte before the closing one.
        let in_string = V::prefix_xor(quotes) ^ self.in_string;
        self.in_string = if in_string >> 63 == 1 { u64::MAX } else { 0 };
        let mut spaces = masks.space & !in_string;
        if masks.control != 0 {
            self.wrong |= masks.control & in_string;
            spaces |= tabs(block) & !in_string;
        }
        let ops = masks.operator & !in_string;
        let separators = ops | (spaces & ((ops << 1) | self.separator));
        let (open, close) = (quotes & in_string, quotes & !in_string);
        self.wrong |= spaces & !separators;
        self.wrong |= open & !((separators << 1) | self.separator);
        // The last byte of the line is no closing quote: a record ends with a brace, which the walk checks.
        self.wrong |= ((close << 1) | self.close) & !ops;
        self.separator = separators >> 63;
        self.close = close >> 63;
        self.spaces |= spaces;
        ops
    }
}

/// Which bytes a backslash before them escapes. Rare enough to go bit by bit.
#[cold]
#[inline(never)]
fn escaped(backslashes: u64, carry: &mut u64) -> u64 {
    let mut out = *carry;
    // The byte under the carry cannot escape what follows it.
    let mut left = backslashes & !*carry;
    *carry = 0;
    while left != 0 {
        let at = left.trailing_zeros();
        left &= left - 1;
        if at == 63 {
            *carry = 1;
            break;
        }
        out |= 2 << at;
        left &= !(2 << at);
    }
    out
}

/// The tabs and carriage returns of a block that has any control character.
#[cold]
#[inline(never)]
fn tabs(block: &[u8; 64]) -> u64 {
    let bit = |(at, byte): (usize, &u8)| u64::from(matches!(byte, b'\t' | b'\r' | b'\n')) << at;
    block
        .iter()
        .enumerate()
        .map(bit)
        .fold(0, |mask, bit| mask | bit)
}

/// Writes the operators at the bits. Eight at a time without asking: most blocks have fewer.
#[inline(always)]
fn push_ops(ops: &mut [Op], len: usize, mut bits: u64, base: u32, block: &[u8; 64]) -> usize {
    let count = bits.count_ones() as usize;
    let out = &mut ops[len..len + 64];
    let mut next = || {
        let at = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        Op::new(base + at, block[(at & 63) as usize])
    };
    for slot in &mut out[..8] {
        *slot = next();
    }
    if count > 8 {
        for slot in &mut out[8..count] {
            *slot = next();
        }
    }
    len + count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`escaped`] must give, by the plain rule.
    fn escaped_plainly(backslashes: u64, carry: &mut u64) -> u64 {
        let (mut out, mut before) = (0, *carry == 1);
        for at in 0..64 {
            if before {
                out |= 1 << at;
                before = false;
            } else {
                before = backslashes >> at & 1 == 1;
            }
        }
        *carry = u64::from(before);
        out
    }

    proptest::proptest! {
        #[test]
        fn escapes_are_found_across_blocks(masks in proptest::collection::vec(proptest::prelude::any::<u64>(), 1..4), dense in proptest::prelude::any::<bool>()) {
            let (mut fast, mut plain) = (0, 0);
            for mask in masks {
                let mask = if dense { mask | mask >> 1 | mask >> 2 } else { mask & mask >> 3 };
                proptest::prop_assert_eq!(escaped(mask, &mut fast), escaped_plainly(mask, &mut plain));
                proptest::prop_assert_eq!(fast, plain);
            }
        }

        #[test]
        fn every_instruction_set_finds_the_same_structure(line in "[\\[\\]{}:,\"\\\\ \ta0é-]{0,200}") {
            let (mut wide, mut other) = (Index::default(), Index::default());
            wide.ops.resize(2000, Op::default());
            other.ops.resize(2000, Op::default());
            let regular = wide.build_with::<simd::Wide>(line.as_bytes());
            for build in simd::ALL {
                proptest::prop_assert_eq!(build(&mut other, line.as_bytes()), regular);
                proptest::prop_assert_eq!(wide.ops(), other.ops());
            }
        }
    }
}
