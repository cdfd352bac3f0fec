//! What a set of vector instructions gives: masks of 64 bytes at once, and the operators that these masks name.

/// An operator: its position and, in the lowest 8 bits, its byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct Op(u32);

impl Op {
    #[inline(always)]
    pub(super) fn new(position: u32, byte: u8) -> Self {
        Self(position << 8 | u32::from(byte))
    }

    #[inline(always)]
    pub(super) fn position(self) -> usize {
        (self.0 >> 8) as usize
    }

    #[inline(always)]
    pub(super) fn byte(self) -> u8 {
        self.0 as u8
    }
}

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
    pub(super) fn add(&mut self, some: Self, shift: usize) {
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

/// One way to make masks. A value of such a type is the proof that the running processor has the instructions: only the function
/// that looks for them makes one, so no function that needs them can be called without.
pub(super) trait Vector: Copy {
    fn masks(self, block: &[u8; 64]) -> Masks;
    /// Bit n of the result is the exclusive-or of bits 0 to n.
    #[inline(always)]
    fn prefix_xor(self, mut bits: u64) -> u64 {
        for shift in [1, 2, 4, 8, 16, 32] {
            bits ^= bits << shift;
        }
        bits
    }
    /// Fewer than 64 bytes, then zeros.
    #[inline(always)]
    fn padded(self, rest: &[u8]) -> [u8; 64] {
        let mut block = [0; 64];
        block[..rest.len()].copy_from_slice(rest);
        block
    }
    /// Writes the operators at the bits behind the first `len`, and says how many there are then. There is room for 64.
    #[inline(always)]
    fn push_ops(self, ops: &mut [Op], len: usize, bits: u64, base: u32, block: &[u8; 64]) -> usize {
        push_ops(ops, len, bits, base, block)
    }
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

/// 16 bytes at a time: NEON or SIMD128, else plain code. Tested on x86-64 too, which has SSE2 instead.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[derive(Clone, Copy)]
pub(super) struct Wide;

#[cfg(any(test, not(target_arch = "x86_64")))]
impl Vector for Wide {
    #[inline(always)]
    fn masks(self, block: &[u8; 64]) -> Masks {
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
