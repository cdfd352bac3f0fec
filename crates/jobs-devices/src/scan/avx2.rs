//! Masks of 32 bytes at a time, for processors with AVX2.

use std::arch::x86_64::{
    __m256i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_set1_epi8,
    _mm256_cmpeq_epi8, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
    _mm256_setr_epi64x,
};

use super::{
    instructions::instructions,
    vector::{Masks, Vector},
};

instructions! {
    /// 32 bytes at a time, on a processor that has the instructions.
    Avx2: "avx2", "bmi1", "popcnt", "pclmulqdq"
}

#[expect(
    unsafe_code,
    reason = "inlined into `build`, which has the instructions"
)]
impl Vector for Avx2 {
    #[inline(always)]
    fn masks(self, block: &[u8; 64]) -> Masks {
        // SAFETY: `self` exists, so `detect` found the instructions.
        unsafe { masks(block) }
    }

    #[inline(always)]
    fn prefix_xor(self, bits: u64) -> u64 {
        // SAFETY: as above.
        unsafe { prefix_xor(bits) }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn masks(block: &[u8; 64]) -> Masks {
    let (halves, _) = block.as_chunks::<32>();
    let mut all = half(&halves[0]);
    all.add(half(&halves[1]), 32);
    all
}

#[inline]
#[target_feature(enable = "avx2")]
fn half(bytes: &[u8; 32]) -> Masks {
    let bytes = load(bytes);
    // With this bit set `[` is `{` and `]` is `}`.
    let folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    let brackets = _mm256_or_si256(equal(folded, b'{'), equal(folded, b'}'));
    let marks = _mm256_or_si256(equal(bytes, b','), equal(bytes, b':'));
    let control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
    Masks {
        quote: mask(equal(bytes, b'"')),
        backslash: mask(equal(bytes, b'\\')),
        operator: mask(_mm256_or_si256(brackets, marks)),
        space: mask(equal(bytes, b' ')),
        control: mask(control),
        beyond_ascii: mask(bytes),
    }
}

/// The compiler makes one load of it.
#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 32]) -> __m256i {
    let (words, _) = bytes.as_chunks::<8>();
    let word = |at: usize| i64::from_le_bytes(words[at]);
    _mm256_setr_epi64x(word(0), word(1), word(2), word(3))
}

#[inline]
#[target_feature(enable = "avx2")]
fn equal(bytes: __m256i, byte: u8) -> __m256i {
    _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte.cast_signed()))
}

#[inline]
#[target_feature(enable = "avx2")]
fn mask(equal: __m256i) -> u64 {
    u64::from(_mm256_movemask_epi8(equal).cast_unsigned())
}

#[inline]
#[target_feature(enable = "pclmulqdq")]
pub(super) fn prefix_xor(bits: u64) -> u64 {
    let product = _mm_clmulepi64_si128(_mm_set_epi64x(0, bits.cast_signed()), _mm_set1_epi8(-1), 0);
    _mm_cvtsi128_si64(product).cast_unsigned()
}
