//! Masks of 64 bytes in one go, and operators written 16 at a time, for processors with AVX-512.

use std::arch::x86_64::{
    __m128i, __m512i, _mm512_add_epi32, _mm512_castsi512_si128, _mm512_cmpeq_epi8_mask,
    _mm512_cmplt_epu8_mask, _mm512_cvtepu8_epi32, _mm512_extracti32x4_epi32, _mm512_loadu_si512,
    _mm512_maskz_compress_epi8, _mm512_maskz_loadu_epi8, _mm512_movepi8_mask, _mm512_or_si512,
    _mm512_set1_epi8, _mm512_set1_epi32, _mm512_slli_epi32, _mm512_storeu_si512,
};

use super::{
    avx2::prefix_xor,
    instructions::instructions,
    vector::{Masks, Op, Vector},
};

instructions! {
    /// 64 bytes at a time, on a processor that has the instructions.
    Avx512: "avx512f", "avx512bw", "avx512vbmi2", "bmi1", "bmi2", "popcnt", "pclmulqdq"
}

#[expect(
    unsafe_code,
    reason = "inlined into `build`, which has the instructions"
)]
impl Vector for Avx512 {
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

    #[inline(always)]
    fn padded(self, rest: &[u8]) -> [u8; 64] {
        // SAFETY: as above.
        unsafe { padded(rest) }
    }

    #[inline(always)]
    fn push_ops(self, ops: &mut [Op], len: usize, bits: u64, base: u32, block: &[u8; 64]) -> usize {
        // SAFETY: as above.
        unsafe { push_ops(ops, len, bits, base, block) }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn masks(block: &[u8; 64]) -> Masks {
    let bytes = load(block);
    // With this bit set `[` is `{` and `]` is `}`.
    let folded = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    let brackets = equal(folded, b'{') | equal(folded, b'}');
    Masks {
        quote: equal(bytes, b'"'),
        backslash: equal(bytes, b'\\'),
        operator: brackets | equal(bytes, b',') | equal(bytes, b':'),
        space: equal(bytes, b' '),
        control: _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20)),
        beyond_ascii: _mm512_movepi8_mask(bytes),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn equal(bytes: __m512i, byte: u8) -> u64 {
    _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed()))
}

/// Bytes 0 to 63, each its own position.
const POSITIONS: [u8; 64] = {
    let mut all = [0; 64];
    let mut at = 0;
    while at < 64 {
        all[at as usize] = at;
        at += 1;
    }
    all
};

/// As the plain one, with the bits' bytes and positions gathered by one instruction each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,popcnt")]
fn push_ops(ops: &mut [Op], len: usize, bits: u64, base: u32, block: &[u8; 64]) -> usize {
    let count = bits.count_ones() as usize;
    let (out, _) = ops[len..len + 64].as_chunks_mut::<16>();
    let kinds = _mm512_maskz_compress_epi8(bits, load(block));
    let places = _mm512_maskz_compress_epi8(bits, load(&POSITIONS));
    store(
        &mut out[0],
        _mm512_castsi512_si128(places),
        _mm512_castsi512_si128(kinds),
        base,
    );
    if count > 16 {
        let places = [
            _mm512_extracti32x4_epi32::<1>(places),
            _mm512_extracti32x4_epi32::<2>(places),
            _mm512_extracti32x4_epi32::<3>(places),
        ];
        let kinds = [
            _mm512_extracti32x4_epi32::<1>(kinds),
            _mm512_extracti32x4_epi32::<2>(kinds),
            _mm512_extracti32x4_epi32::<3>(kinds),
        ];
        for ((out, places), kinds) in out[1..].iter_mut().zip(places).zip(kinds) {
            store(out, places, kinds, base);
        }
    }
    len + count
}

#[inline]
#[target_feature(enable = "avx512f")]
#[expect(unsafe_code, reason = "intrinsics load and store by address alone")]
fn load(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: 64 bytes are there to read, and the instruction needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Up to 64 bytes, then zeros: the bytes that the mask leaves out are not read.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,bmi2")]
#[expect(unsafe_code, reason = "intrinsics load and store by address alone")]
fn padded(rest: &[u8]) -> [u8; 64] {
    let (len, mut block) = (rest.len().min(63), [0; 64]);
    // SAFETY: `len` bytes are there to read and 64 to write, and the instructions need no alignment.
    unsafe {
        let bytes = _mm512_maskz_loadu_epi8((1 << len) - 1, rest.as_ptr().cast());
        _mm512_storeu_si512(block.as_mut_ptr().cast(), bytes);
    }
    block
}

/// Puts 16 operators together of their positions within the block and their bytes.
#[inline]
#[target_feature(enable = "avx512f")]
#[expect(unsafe_code, reason = "intrinsics load and store by address alone")]
fn store(out: &mut [Op; 16], places: __m128i, kinds: __m128i, base: u32) {
    let places = _mm512_add_epi32(
        _mm512_cvtepu8_epi32(places),
        _mm512_set1_epi32(base.cast_signed()),
    );
    let all = _mm512_or_si512(_mm512_slli_epi32::<8>(places), _mm512_cvtepu8_epi32(kinds));
    // SAFETY: `Op` is a `u32` in memory, so 64 bytes are there to write, and the instruction needs no alignment.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), all) }
}
