//! The structure of a line, made of the masks of its blocks.

use super::vector::{Masks, Op, Vector};

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

/// Longest line that is indexed; longer ones go the slow way, which needs no memory for each byte of the line. A row with every limit
/// of its twin reached, each character escaped, is shorter.
const MAX_LINE: usize = 1024 * 1024;

/// [`Op`] has room for every position in such a line.
const _: () = assert!(MAX_LINE <= (u32::MAX >> 8) as usize);

/// How many positions behind the last operator a walk may look at.
pub(super) const SENTINELS: usize = 3;

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
    /// Makes room for the operators of the line; `false` for a line that is too long.
    pub(super) fn make_room(&mut self, line: &[u8]) -> bool {
        if line.len() > MAX_LINE {
            return false;
        }
        if self.ops.len() < line.len() + 64 + SENTINELS {
            let room = (line.len() * 2).min(MAX_LINE);
            self.ops.resize(room + 64 + SENTINELS, Op::default());
        }
        true
    }

    /// The operators, then the sentinels.
    pub(super) fn ops(&self) -> &[Op] {
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

    /// Finds the structure of a line that there is room for. `false` when it is not regular: then nothing else may be asked.
    #[inline(always)]
    pub(super) fn build_with<V: Vector>(&mut self, vector: V, line: &[u8]) -> bool {
        // The first byte stands where it would behind an operator.
        let mut carry = Carry {
            separator: 1,
            ..Carry::default()
        };
        let mut len = 0;
        let (blocks, rest) = line.as_chunks::<64>();
        let mut base = 0;
        for block in blocks {
            let ops = carry.step(vector, &vector.masks(block), block);
            len = vector.push_ops(&mut self.ops, len, ops, base, block);
            base += 64;
        }
        if !rest.is_empty() {
            let block = vector.padded(rest);
            let inside = (1 << rest.len()) - 1;
            let ops = carry.step(vector, &vector.masks(&block).only(inside), &block);
            len = vector.push_ops(&mut self.ops, len, ops, base, &block);
        }
        // `make_room` saw to it that a line of this length fits.
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
    fn step<V: Vector>(&mut self, vector: V, masks: &Masks, block: &[u8; 64]) -> u64 {
        self.beyond_ascii |= masks.beyond_ascii;
        let mut quotes = masks.quote;
        if masks.backslash | self.escape != 0 {
            self.backslashes |= masks.backslash;
            quotes &= !escaped(masks.backslash, &mut self.escape);
        }
        // From an opening quote on, up to the byte before the closing one.
        let in_string = vector.prefix_xor(quotes) ^ self.in_string;
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
    }
}
