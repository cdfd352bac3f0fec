//! The grammar of JSON over the operators of a line.

use super::{
    index::{Index, SENTINELS},
    vector::Op,
};

/// The line is not what the fast way takes; the slow way will say why.
#[derive(Debug)]
pub(crate) struct Unfit;

type Outcome<T> = Result<T, Unfit>;

/// Where something stands in its line, which is shorter than 4 GiB. Half the size of a slice: a row has thirty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Positions beyond 4 GiB make an empty span.
    #[inline(always)]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Self { start, end },
            _ => Self::default(),
        }
    }

    /// Where `part`, which is a part of `line`, stands in it.
    pub(crate) fn within(line: &[u8], part: &[u8]) -> Self {
        let start = part.as_ptr().addr().saturating_sub(line.as_ptr().addr());
        Self::new(start, start + part.len())
    }

    /// What stands there in `line`.
    #[inline(always)]
    pub(crate) fn of(self, line: &[u8]) -> &[u8] {
        line.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// Deepest nesting of objects and arrays, as for `serde_json`, which reads the slow way.
const MAX_NESTING: u32 = 127;

/// Goes through one line, value by value. `SPACED`: a space may stand behind an operator.
pub(crate) struct Walk<'a, 'i, const SPACED: bool> {
    line: &'a [u8],
    ops: &'i [Op],
    /// The operator that comes next.
    next: usize,
    /// Where the value or name starts that ends at this operator.
    start: usize,
    /// The line has a backslash somewhere.
    escapes: bool,
    /// A member was skipped.
    unknown: bool,
}

impl<'a, 'i, const SPACED: bool> Walk<'a, 'i, SPACED> {
    /// Starts before the first byte of the line that was indexed.
    pub(crate) fn new(line: &'a [u8], index: &'i Index) -> Self {
        Self {
            line,
            ops: index.ops(),
            next: 0,
            start: 0,
            escapes: index.has_escapes(),
            unknown: false,
        }
    }

    #[inline(always)]
    pub(crate) fn line(&self) -> &'a [u8] {
        self.line
    }

    #[inline(always)]
    pub(crate) fn has_escapes(&self) -> bool {
        self.escapes
    }

    /// Reads a value under a name that is not known.
    #[inline(always)]
    pub(crate) fn skip_unknown(&mut self) -> Outcome<()> {
        self.unknown = true;
        self.value().map(|_| ())
    }

    /// Whether [`Walk::skip_unknown`] skipped anything.
    pub(crate) fn has_unknown(&self) -> bool {
        self.unknown
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        self.line.get(at).copied().unwrap_or(0)
    }

    /// The operator at `at`; behind the last, one without a byte at the end of the line.
    #[inline(always)]
    fn op(&self, at: usize) -> Op {
        self.ops.get(at).copied().unwrap_or_default()
    }

    /// The first byte behind position `op` that is not a space; a regular line has one space there at most.
    #[inline(always)]
    fn behind(&self, op: usize) -> usize {
        let at = op + 1;
        if SPACED && matches!(self.byte(at), b' ' | b'\t' | b'\r' | b'\n') {
            at + 1
        } else {
            at
        }
    }

    /// Calls `each` with the name of every member of the object that starts here. It must consume the value.
    #[inline(always)]
    pub(crate) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, &'a [u8]) -> Outcome<()>,
    ) -> Outcome<()> {
        if self.byte(self.start) != b'{' {
            return Err(Unfit);
        }
        self.next += 1;
        let (first, op) = (self.behind(self.start), self.op(self.next));
        if op.byte() == b'}' && op.position() == first {
            return self.close(first);
        }
        self.start = first;
        loop {
            let name = self.name()?;
            each(self, name)?;
            let op = self.op(self.next);
            match op.byte() {
                b',' => {
                    self.next += 1;
                    self.start = self.behind(op.position());
                }
                b'}' => return self.close(op.position()),
                _ => return Err(Unfit),
            }
        }
    }

    /// Steps over the closing bracket at `op`: the next operator, or the end, must stand right behind it.
    #[inline(always)]
    fn close(&mut self, op: usize) -> Outcome<()> {
        self.next += 1;
        if self.op(self.next).position() == self.behind(op) {
            Ok(())
        } else {
            Err(Unfit)
        }
    }

    /// Reads a member's name, still escaped, and its colon.
    #[inline(always)]
    fn name(&mut self) -> Outcome<&'a [u8]> {
        let start = self.start;
        let end = self.skip_name()?;
        self.line.get(start + 1..end - 1).ok_or(Unfit)
    }

    /// Steps over a member's name and its colon, and gives the colon's position.
    #[inline(always)]
    fn skip_name(&mut self) -> Outcome<usize> {
        let op = self.op(self.next);
        if op.byte() != b':' || self.byte(self.start) != b'"' {
            return Err(Unfit);
        }
        self.next += 1;
        self.start = self.behind(op.position());
        Ok(op.position())
    }

    /// Reads any value and says where it stands.
    #[inline(always)]
    pub(crate) fn value(&mut self) -> Outcome<Span> {
        let (start, op) = (self.start, self.op(self.next).position());
        let end = match self.byte(start) {
            b'"' => op,
            b'{' | b'[' => self.nested()?,
            _ => {
                scalar(self.line.get(start..op).ok_or(Unfit)?)?;
                op
            }
        };
        Ok(Span::new(start, end))
    }

    /// Whether an escape stands in this name, which then may be another than it looks.
    #[inline(always)]
    pub(crate) fn is_escaped(&self, name: &[u8]) -> bool {
        self.escapes && name.contains(&b'\\')
    }

    /// The first byte of the value that is next.
    #[inline(always)]
    pub(crate) fn first_byte(&self) -> u8 {
        self.byte(self.start)
    }

    /// The byte where the value starts that is next.
    #[inline(always)]
    pub(crate) fn position(&self) -> usize {
        self.start
    }

    /// The byte behind the value that was read last, given that it was an object.
    #[inline(always)]
    pub(crate) fn end_of_object(&self) -> usize {
        self.op(self.next - 1).position() + 1
    }

    /// Whether everything was read.
    pub(crate) fn is_over(&self) -> bool {
        self.next + SENTINELS == self.ops.len()
    }

    /// Checks the object or array that starts here and gives the position behind it.
    fn nested(&mut self) -> Outcome<usize> {
        // Works on a copy, which the compiler keeps in registers.
        let mut walk = Self { ..*self };
        let end = walk.nested_value()?;
        *self = walk;
        Ok(end)
    }

    #[inline(always)]
    fn nested_value(&mut self) -> Outcome<usize> {
        // One bit for each level: 1 for an object.
        let (mut levels, mut depth) = (0_u128, 0);
        loop {
            let open = self.byte(self.start);
            match open {
                b'"' => {}
                b'{' | b'[' => {
                    if depth == MAX_NESTING {
                        return Err(Unfit);
                    }
                    let object = open == b'{';
                    (levels, depth) = (levels << 1 | u128::from(object), depth + 1);
                    self.next += 1;
                    let first = self.behind(self.start);
                    // `]` follows `[`, and `}` follows `{`, by two in ASCII.
                    if self.byte(first) != open + 2 {
                        self.start = first;
                        if object {
                            self.skip_name()?;
                        }
                        continue;
                    }
                }
                _ => scalar(
                    self.line
                        .get(self.start..self.op(self.next).position())
                        .ok_or(Unfit)?,
                )?,
            }
            loop {
                let op = self.op(self.next);
                let object = levels & 1 == 1;
                if op.byte() == b',' {
                    self.next += 1;
                    self.start = self.behind(op.position());
                    if object {
                        self.skip_name()?;
                    }
                    break;
                }
                if op.byte() != (if object { b'}' } else { b']' }) {
                    return Err(Unfit);
                }
                self.close(op.position())?;
                (levels, depth) = (levels >> 1, depth - 1);
                if depth == 0 {
                    return Ok(op.position() + 1);
                }
            }
        }
    }
}

/// Checks a value that is no string, object or array.
#[inline(always)]
fn scalar(text: &[u8]) -> Outcome<()> {
    match text {
        b"true" | b"false" | b"null" => Ok(()),
        _ if is_number(text) => Ok(()),
        _ => Err(Unfit),
    }
}

#[inline(always)]
fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent
            .strip_prefix(b"-")
            .or_else(|| exponent.strip_prefix(b"+"))
            .unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

#[inline(always)]
fn digits(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len())
}

/// Checks every escape of a line whose backslashes all stand in strings.
pub(crate) fn escapes_are_valid(line: &[u8]) -> bool {
    let mut rest = line;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let escape = &rest[at + 1..];
        let len = match escape {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 1,
            [b'u', hex @ ..] if hex.len() >= 4 && hex[..4].iter().all(u8::is_ascii_hexdigit) => 5,
            _ => return false,
        };
        rest = &escape[len..];
    }
    true
}
