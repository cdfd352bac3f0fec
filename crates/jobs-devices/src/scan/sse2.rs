//! Masks of 16 bytes at a time, with what every x86-64 has.

use std::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x,
    _mm_set1_epi8,
};

use super::vector::{Masks, Vector};

/// 16 bytes at a time. Every processor of the target has the instructions.
#[derive(Clone, Copy)]
pub(super) struct Sse2;

#[expect(unsafe_code, reason = "the call of a function with instructions named")]
impl Vector for Sse2 {
    #[inline(always)]
    fn masks(self, block: &[u8; 64]) -> Masks {
        let (quarters, _) = block.as_chunks::<16>();
        let mut all = Masks::default();
        for (at, quarter) in quarters.iter().enumerate() {
            // SAFETY: the instructions are part of x86-64, the only target of this file.
            all.add(unsafe { masks(quarter) }, at * 16);
        }
        all
    }
}

#[inline]
#[target_feature(enable = "sse2")]
fn masks(quarter: &[u8; 16]) -> Masks {
    let (words, _) = quarter.as_chunks::<8>();
    let word = |at: usize| i64::from_le_bytes(words[at]);
    let bytes = _mm_set_epi64x(word(1), word(0));
    // With this bit set `[` is `{` and `]` is `}`.
    let folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    let brackets = _mm_or_si128(equal(folded, b'{'), equal(folded, b'}'));
    let marks = _mm_or_si128(equal(bytes, b','), equal(bytes, b':'));
    let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    Masks {
        quote: mask(equal(bytes, b'"')),
        backslash: mask(equal(bytes, b'\\')),
        operator: mask(_mm_or_si128(brackets, marks)),
        space: mask(equal(bytes, b' ')),
        control: mask(control),
        beyond_ascii: mask(bytes),
    }
}

#[inline]
#[target_feature(enable = "sse2")]
fn equal(bytes: __m128i, byte: u8) -> __m128i {
    _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()))
}

#[inline]
#[target_feature(enable = "sse2")]
fn mask(equal: __m128i) -> u64 {
    u64::from(_mm_movemask_epi8(equal).cast_unsigned())
}
