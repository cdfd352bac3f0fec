//! Masks of 64 bytes at once: with what every processor of the target has, or with AVX2 or AVX-512 where the running one has it.

use super::{Index, Op};

/// Which of 64 bytes are what; bit 0 is the first.
#[derive(Clone, Copy, Default)]
pub(super) struct Masks {
    pub(super) quote: u64,
    pub(super) backslash: u64,
    /// `{ } [ ] : ,`
    pub(super) operator: u64,
    pub(super) space: u64,
    /// Below a space.
    pub(super) control: u64,
    /// Not ASCII.
    pub(super) beyond_ascii: u64,
}

impl Masks {
    /// Puts those of some of the bytes to the others; `shift` is where the first of them stands.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn add(&mut self, some: Self, shift: usize) {
        self.quote |= some.quote << shift;
        self.backslash |= some.backslash << shift;
        self.operator |= some.operator << shift;
        self.space |= some.space << shift;
        self.control |= some.control << shift;
        self.beyond_ascii |= some.beyond_ascii << shift;
    }

    /// Without the bytes that `inside` leaves out.
    #[inline(always)]
    pub(super) fn only(self, inside: u64) -> Self {
        Self {
            quote: self.quote & inside,
            backslash: self.backslash & inside,
            operator: self.operator & inside,
            space: self.space & inside,
            control: self.control & inside,
            beyond_ascii: self.beyond_ascii,
        }
    }
}

/// One way to make masks.
pub(super) trait Vector {
    fn masks(block: &[u8; 64]) -> Masks;
    /// Bit n of the result is the exclusive-or of bits 0 to n.
    #[inline(always)]
    fn prefix_xor(mut bits: u64) -> u64 {
        for shift in [1, 2, 4, 8, 16, 32] {
            bits ^= bits << shift;
        }
        bits
    }
    /// Fewer than 64 bytes, then zeros.
    #[inline(always)]
    fn padded(rest: &[u8]) -> [u8; 64] {
        let mut block = [0; 64];
        block[..rest.len()].copy_from_slice(rest);
        block
    }
    /// Writes the operators at the bits behind the first `len`, and says how many there are then. There is room for 64.
    #[inline(always)]
    fn push_ops(ops: &mut [Op], len: usize, bits: u64, base: u32, block: &[u8; 64]) -> usize {
        super::push_ops(ops, len, bits, base, block)
    }
}

/// 16 bytes at a time: NEON or SIMD128, else plain code. Tested on x86-64 too, which has [`sse2`] instead.
#[cfg(any(test, not(target_arch = "x86_64")))]
pub(super) struct Wide;

#[cfg(any(test, not(target_arch = "x86_64")))]
impl Vector for Wide {
    #[inline(always)]
    fn masks(block: &[u8; 64]) -> Masks {
        use wide::u8x16;
        let mut masks = Masks::default();
        let (parts, _) = block.as_chunks::<16>();
        for (at, part) in parts.iter().enumerate() {
            let bytes = u8x16::new(*part);
            let mask = |equal: u8x16| u64::from(equal.to_bitmask()) << (at * 16);
            let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
            // With this bit set `[` is `{` and `]` is `}`.
            let folded = bytes | u8x16::splat(0x20);
            let brackets = folded.simd_eq(u8x16::splat(b'{')) | folded.simd_eq(u8x16::splat(b'}'));
            masks.quote |= mask(is(b'"'));
            masks.backslash |= mask(is(b'\\'));
            masks.operator |= mask(brackets | is(b',') | is(b':'));
            masks.space |= mask(is(b' '));
            masks.beyond_ascii |= mask(bytes);
            masks.control |= mask(bytes.min(u8x16::splat(0x1f)).simd_eq(bytes));
        }
        masks
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn build(index: &mut Index, line: &[u8]) -> bool {
    index.build_with::<Wide>(line)
}

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::{build, prefix_xor};

/// Ways to find the structure of a line, of which the running processor has all or takes the next best.
#[cfg(all(test, target_arch = "x86_64"))]
pub(super) const ALL: [fn(&mut Index, &[u8]) -> bool; 3] =
    [build, avx2::build_narrower, sse2::build];
#[cfg(all(test, not(target_arch = "x86_64")))]
pub(super) const ALL: [fn(&mut Index, &[u8]) -> bool; 1] = [build];

/// What every x86-64 has.
#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x,
        _mm_set1_epi8,
    };

    use super::{Index, Masks, Vector};

    pub(super) fn build(index: &mut Index, line: &[u8]) -> bool {
        index.build_with::<Sse2>(line)
    }

    /// 16 bytes at a time.
    struct Sse2;

    #[expect(unsafe_code, reason = "the call of a function with instructions named")]
    impl Vector for Sse2 {
        #[inline(always)]
        fn masks(block: &[u8; 64]) -> Masks {
            let (quarters, _) = block.as_chunks::<16>();
            let mut all = Masks::default();
            for (at, quarter) in quarters.iter().enumerate() {
                // SAFETY: the instructions are part of x86-64.
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
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_set1_epi8,
        _mm256_cmpeq_epi8, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set1_epi8, _mm256_setr_epi64x,
    };

    use super::{super::avx512, Index, Masks, Vector, sse2};

    /// Finds the structure of a line with the best instructions there are.
    #[expect(
        unsafe_code,
        reason = "the call below; what these instructions save is told in the README"
    )]
    pub(crate) fn build(index: &mut Index, line: &[u8]) -> bool {
        if avx512::is_there() {
            // SAFETY: the function needs nothing but the instruction sets just found on this processor.
            unsafe { avx512::build(index, line) }
        } else {
            build_narrower(index, line)
        }
    }

    /// [`build`] without AVX-512.
    #[expect(
        unsafe_code,
        reason = "the call below; AVX2 makes this pass 1.6 times as fast as SSE2, the whole read 1.2 times (README)"
    )]
    pub(super) fn build_narrower(index: &mut Index, line: &[u8]) -> bool {
        let there = std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("bmi1")
            && std::arch::is_x86_feature_detected!("popcnt")
            && std::arch::is_x86_feature_detected!("pclmulqdq");
        if there {
            // SAFETY: as above.
            unsafe { build_avx2(index, line) }
        } else {
            sse2::build(index, line)
        }
    }

    #[target_feature(enable = "avx2,bmi1,popcnt,pclmulqdq")]
    fn build_avx2(index: &mut Index, line: &[u8]) -> bool {
        index.build_with::<Avx2>(line)
    }

    /// 32 bytes at a time. Used within [`build_avx2`] alone.
    struct Avx2;

    #[expect(
        unsafe_code,
        reason = "these are inlined into build_avx2, which has the instructions"
    )]
    impl Vector for Avx2 {
        #[inline(always)]
        fn masks(block: &[u8; 64]) -> Masks {
            // SAFETY: only `build_avx2` uses this type, so the instructions are there.
            unsafe { masks(block) }
        }

        #[inline(always)]
        fn prefix_xor(bits: u64) -> u64 {
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
    pub(crate) fn prefix_xor(bits: u64) -> u64 {
        let product =
            _mm_clmulepi64_si128(_mm_set_epi64x(0, bits.cast_signed()), _mm_set1_epi8(-1), 0);
        _mm_cvtsi128_si64(product).cast_unsigned()
    }
}
