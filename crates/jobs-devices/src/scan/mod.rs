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
//!
//! **Instruction sets**: each is a file with a type that only its `detect` makes, when the running processor has the instructions. The type is
//! passed to whatever needs them. The tests of this folder run under valgrind in CI, with AVX2 and with SSE2; valgrind has no AVX-512.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod index;
#[cfg(target_arch = "x86_64")]
mod instructions;
#[cfg(target_arch = "x86_64")]
mod sse2;
mod vector;
mod walk;

pub(crate) use self::{
    index::Index,
    walk::{Span, Unfit, Walk, escapes_are_valid},
};

impl Index {
    /// Finds the structure of `line`. `false` when it is not regular: then nothing else may be asked.
    pub(crate) fn build(&mut self, line: &[u8]) -> bool {
        self.make_room(line) && build_best(self, line)
    }
}

/// Finds the structure of a line with the best instructions there are.
#[cfg(target_arch = "x86_64")]
fn build_best(index: &mut Index, line: &[u8]) -> bool {
    if let Some(avx512) = avx512::Avx512::detect() {
        avx512.build(index, line)
    } else if let Some(avx2) = avx2::Avx2::detect() {
        avx2.build(index, line)
    } else {
        index.build_with(sse2::Sse2, line)
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn build_best(index: &mut Index, line: &[u8]) -> bool {
    index.build_with(vector::Wide, line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the sets of the running processor say of a line, with the structure that they find.
    #[cfg(target_arch = "x86_64")]
    fn of_all_sets(line: &[u8]) -> Vec<(bool, Index)> {
        let mut found = Vec::new();
        let mut with = |build: &dyn Fn(&mut Index) -> bool| {
            let mut index = Index::default();
            assert!(index.make_room(line));
            found.push((build(&mut index), index));
        };
        with(&|index| build_best(index, line));
        with(&|index| index.build_with(sse2::Sse2, line));
        if let Some(avx2) = avx2::Avx2::detect() {
            with(&|index| avx2.build(index, line));
        }
        found
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn of_all_sets(line: &[u8]) -> Vec<(bool, Index)> {
        let mut index = Index::default();
        vec![(index.build(line), index)]
    }

    proptest::proptest! {
        #[test]
        fn every_instruction_set_finds_the_same_structure(line in "[\\[\\]{}:,\"\\\\ \ta0é-]{0,200}") {
            let line = line.as_bytes();
            let mut wide = Index::default();
            proptest::prop_assert!(wide.make_room(line));
            let regular = wide.build_with(vector::Wide, line);
            for (is_regular, index) in of_all_sets(line) {
                proptest::prop_assert_eq!(is_regular, regular);
                proptest::prop_assert_eq!(wide.ops(), index.ops());
            }
        }
    }
}
