//! Lines that are too long to be held: what can be said of them by their start.

use crate::line::{BadLine, Cause, Options, Place, check_json, trim, without_bom};
use crate::record::{Item, words};

/// How much of such a line is kept.
pub(crate) const START_OF_LONG_LINE: usize = 256;

/// What a line of `len` bytes is that begins so.
#[cold]
pub(crate) fn item<T>(start: &[u8], len: u64, at: Place, options: &Options) -> Item<T> {
    let start = &start[..start.len().min(START_OF_LONG_LINE)];
    let text = trim(without_bom(start));
    if !may_be_json(text) {
        let mut shown = String::from_utf8_lossy(text).into_owned();
        shown.push('…');
        return words(shown, start, len, at, options.strict);
    }
    let cause = Cause::TooLong {
        limit: options.max_line as u64,
    };
    Item::Bad(BadLine::cut(cause, start, len))
}

/// Whether JSON can begin so. What begins as an object is no notice, whatever follows.
fn may_be_json(start: &[u8]) -> bool {
    let (whole, is_text) = match std::str::from_utf8(start) {
        Ok(text) => (text, true),
        // The last character may have been cut.
        Err(error) => {
            let whole = start.get(..error.valid_up_to()).unwrap_or_default();
            let whole = std::str::from_utf8(whole).unwrap_or_default();
            (whole, error.error_len().is_none())
        }
    };
    let is_prefix = || is_text && !matches!(check_json(whole), Err(Cause::NotJson { .. }));
    whole.is_empty() || whole.starts_with('{') || is_prefix()
}
