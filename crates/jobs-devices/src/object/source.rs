//! Where the members of a line come from: the structure that the vector pass found, or the text of any checked line.

use crate::{
    checked,
    scan::{Span, Unfit, Walk},
};

/// The values of one line, one after the other.
pub(crate) trait Source {
    /// The first byte of the value that is next.
    fn first_byte(&self) -> u8;
    /// Reads the value that is next.
    fn value(&mut self) -> Result<Span, Unfit>;
    /// Reads the object that is next. `each` reads the value of a member, or returns `false` for a name that it does not know.
    fn object(
        &mut self,
        each: impl FnMut(&mut Self, &[u8]) -> Result<bool, Unfit>,
    ) -> Result<Span, Unfit>;
    /// What is there.
    fn raw(&self, place: Span) -> Raw<'_>;
    /// Whether the escapes of a string are still to be checked.
    fn has_escapes(&self) -> bool;

    /// Reads a value that starts with this byte, or `null`.
    #[inline(always)]
    fn this_or_null(&mut self, first: u8) -> Result<Span, Unfit> {
        // A checked value that starts with `n` is `null`.
        if self.first_byte() == first || self.first_byte() == b'n' {
            self.value()
        } else {
            Err(Unfit)
        }
    }
}

impl<const SPACED: bool> Source for Walk<'_, '_, SPACED> {
    #[inline(always)]
    fn first_byte(&self) -> u8 {
        self.first_byte()
    }

    #[inline(always)]
    fn value(&mut self) -> Result<Span, Unfit> {
        self.value()
    }

    #[inline(always)]
    fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, &[u8]) -> Result<bool, Unfit>,
    ) -> Result<Span, Unfit> {
        let start = self.position();
        self.object(|walk, name| {
            if each(walk, name)? {
                return Ok(());
            }
            // An escape may hide a name that is known.
            if walk.is_escaped(name) {
                return Err(Unfit);
            }
            walk.skip_unknown()
        })?;
        Ok(Span::new(start, self.end_of_object()))
    }

    #[inline(always)]
    fn raw(&self, place: Span) -> Raw<'_> {
        Raw::of(place, self.line())
    }

    #[inline(always)]
    fn has_escapes(&self) -> bool {
        self.has_escapes()
    }
}

/// A line that was checked in full by other means: names with escapes and unusual spaces are no obstacle.
pub(crate) struct PlainSource<'a> {
    line: &'a str,
    next: Span,
}

impl<'a> PlainSource<'a> {
    pub(crate) fn new(line: &'a str) -> Self {
        Self {
            line,
            next: Span::new(0, line.len()),
        }
    }
}

impl Source for PlainSource<'_> {
    fn first_byte(&self) -> u8 {
        self.raw(self.next).first_byte()
    }

    fn value(&mut self) -> Result<Span, Unfit> {
        Ok(self.next)
    }

    fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, &[u8]) -> Result<bool, Unfit>,
    ) -> Result<Span, Unfit> {
        let (line, whole) = (self.line, self.next);
        for (name, value) in checked::members(Raw::of(whole, line.as_bytes()).text()) {
            self.next = Span::within(line.as_bytes(), value.as_bytes());
            each(self, name.shown().as_bytes())?;
        }
        Ok(whole)
    }

    fn raw(&self, place: Span) -> Raw<'_> {
        Raw::of(place, self.line.as_bytes())
    }

    fn has_escapes(&self) -> bool {
        false
    }
}

/// The JSON text of a member in a checked line; empty when there is none.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'a>(&'a [u8]);

impl<'a> Raw<'a> {
    #[inline(always)]
    pub(crate) fn of(place: Span, line: &'a [u8]) -> Self {
        Self(place.of(line))
    }

    /// The line was checked to be UTF-8, and the text starts and ends at characters of ASCII.
    pub(crate) fn text(self) -> &'a str {
        std::str::from_utf8(self.0).unwrap_or_default()
    }

    pub(crate) fn is_absent(self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn is_null(self) -> bool {
        self.0 == b"null"
    }

    pub(crate) fn is_text(self) -> bool {
        self.first_byte() == b'"'
    }

    pub(crate) fn first_byte(self) -> u8 {
        self.0.first().copied().unwrap_or(0)
    }
}
