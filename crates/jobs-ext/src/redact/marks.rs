//! Where a secret stands in foreign text: what announces it, how that is spelt, and where it ends.
//!
//! Text comes quoted in other text: JSON in JSON (`\"primaryKey\":\"…\"`), a URL in a URL (`sig%253D…`), a value printed by `Debug`. So
//! between a name and its value stands whatever quoting there is, and a secret begins after all of it. What is masked too much is a
//! pity; what is masked too little is a leak.

use std::ops::Range;

use super::MASK;

/// Names whose value is a secret. Lower case: the search ignores case.
const NAMES: [&str; 10] = [
    "sig",
    "sharedaccesskey",
    "accountkey",
    "primarykey",
    "secondarykey",
    "client_secret",
    "client_assertion",
    "access_token",
    "refresh_token",
    "id_token",
];

/// Quotes, plain and as JSON, URLs and HTML spell them.
const QUOTES: [&str; 9] = [
    "\"", "'", "`", "%22", "%27", "\\u0022", "\\u0027", "&quot;", "&#39;",
];

/// What may open around a value besides quotes; `Debug` writes the first.
const OPENERS: [&str; 5] = ["some(", "(", "[", "{", "<"];

/// A shorter run after `eyJ` is no web token unless it has a token's two dots.
const SHORTEST_TOKEN: usize = 16;

/// Words that stand for a value that is not there; the last one is how advice writes it.
const NOTHING: [&str; 3] = ["null", "none", "…"];

/// The secret that is announced at `at`, or begins there.
pub(super) fn secret_at(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    // Nothing else begins a name or a token, and this is asked at every character.
    if !rest.starts_with(|c| "sSaApPcCrRiIbBe:".contains(c)) {
        return None;
    }
    if let Some(info) = user_info(rest) {
        return Some(at + info.start..at + info.end);
    }
    let value = match named(text, at).or_else(|| bearer(rest)) {
        Some(gap) => value(rest, gap)?,
        None => 0..web_token(rest)?,
    };
    Some(at + value.start..at + value.end)
}

/// User and password in a URL, as proxies have them: what is between `://` and the last `@` before a path.
fn user_info(text: &str) -> Option<Range<usize>> {
    const MARK: &str = "://";
    let rest = text.strip_prefix(MARK)?;
    let ends = |c: char| c.is_whitespace() || "/?#\"'`<>\\".contains(c);
    let authority = rest.find(ends).map_or(rest, |end| &rest[..end]);
    let length = authority.rfind('@').filter(|length| *length > 0)?;
    Some(MARK.len()..MARK.len() + length)
}

/// The length of a name and of what assigns it a value.
fn named(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let name = NAMES.iter().find(|name| has_prefix(rest, name))?;
    if *name == "sig" && is_inside_a_word(&text[..at]) {
        return None;
    }
    let after = name.len() + run(&rest[name.len()..], blank_or_quote);
    let assign = assignment(&rest[after..])?;
    let gap = after + assign;
    let is_prose = rest[after..].starts_with(':') && goes_on_in_words(&rest[gap..]);
    (!is_prose).then_some(gap)
}

/// Whether the last character belongs to a word that goes on, as in `design=`. The end of an escape (`%26sig=`, `%252526sig=`, `\nsig=`)
/// does not.
fn is_inside_a_word(before: &str) -> bool {
    if let [deeper @ .., a, b] = before.as_bytes()
        && a.is_ascii_hexdigit()
        && b.is_ascii_hexdigit()
    {
        let mut sign = deeper;
        while let [outer @ .., b'2', b'5'] = sign {
            sign = outer;
        }
        if sign.ends_with(b"%") {
            return false;
        }
    }
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    match before.as_bytes() {
        [.., b'\\', b'u', _, _, _, _] | [.., b'\\', _] => false,
        [.., last] => word(last),
        [] => false,
    }
}

/// Whether a sentence follows ("primaryKey: must be base64"): a short word and another one, both in small letters. No secret is so short.
fn goes_on_in_words(text: &str) -> bool {
    let mut words = text.trim_start().split(' ');
    let (Some(first), Some(second)) = (words.next(), words.next()) else {
        return false;
    };
    let small = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    let second = second.trim_end_matches([',', '.', ';', ':']);
    text.starts_with(' ') && (2..=5).contains(&first.len()) && small(first) && small(second)
}

/// `=` or `:`, percent-encoded any number of times or as a JSON escape.
fn assignment(text: &str) -> Option<usize> {
    if text.starts_with(['=', ':']) {
        return Some(1);
    }
    if let Some((code, length)) = encoded(text) {
        return (has_prefix(code, "3d") || has_prefix(code, "3a")).then_some(length + 2);
    }
    (has_prefix(text, "\\u003d") || has_prefix(text, "\\u003a")).then_some(6)
}

/// What follows a percent sign that is itself encoded any number of times, and how long that sign is.
fn encoded(text: &str) -> Option<(&str, usize)> {
    let mut code = text.strip_prefix('%')?;
    while let Some(deeper) = code.strip_prefix("25") {
        code = deeper;
    }
    Some((code, text.len() - code.len()))
}

/// The length of `Bearer` and of one thing that sets it apart from its token.
fn bearer(text: &str) -> Option<usize> {
    const WORD: &str = "bearer";
    let rest = text.get(WORD.len()..).filter(|_| has_prefix(text, WORD))?;
    let gap = match assignment(rest) {
        Some(length) => length,
        None => blank_or_quote(rest).or_else(|| rest.starts_with('+').then_some(1))?,
    };
    let next = rest.split_whitespace().next().unwrap_or_default();
    let is_about_one = matches!(next, "token" | "tokens" | "token's");
    (!is_about_one && !goes_on_in_words(rest)).then_some(WORD.len() + gap)
}

/// The value after the first `gap` bytes, without the quotes and brackets around it. An empty one is no secret.
fn value(text: &str, mut gap: usize) -> Option<Range<usize>> {
    let mut quote = None;
    loop {
        let rest = &text[gap..];
        if rest.starts_with(MASK) {
            // It was redacted before, and its bracket is not quoting.
            break;
        }
        let found = QUOTES.iter().find(|quote| has_prefix(rest, quote));
        gap += match (found, quote) {
            // Nothing between two quotes; but tables double theirs.
            (Some(closing), Some((opening, _))) if *closing == opening => {
                let inside = &rest[closing.len()..];
                if !inside
                    .starts_with(|c: char| c.is_ascii_alphanumeric() || "+/-_~.%*".contains(c))
                {
                    return None;
                }
                closing.len()
            }
            (Some(opening), _) => {
                quote = Some((*opening, backslashes_before(text, gap)));
                opening.len()
            }
            (None, Some(_)) => match run(rest, blank) {
                0 => break,
                length => length,
            },
            (None, None) => match between(rest) {
                0 => break,
                length => length,
            },
        };
    }
    let rest = &text[gap..];
    let length = match quote {
        Some((quote, escapes)) => quoted(rest, quote, escapes),
        None => match rest.strip_prefix(MASK) {
            Some(behind) => MASK.len() + unquoted(behind),
            None => unquoted(rest),
        },
    };
    let secret = &rest[..length];
    let is_nothing = length == 0 || NOTHING.iter().any(|word| word.eq_ignore_ascii_case(secret));
    (!is_nothing).then_some(gap..gap + length)
}

/// What stands between an assignment and an unquoted value.
fn between(text: &str) -> usize {
    let opener = OPENERS.iter().find(|opener| has_prefix(text, opener));
    match (opener, assignment(text)) {
        (Some(opener), _) => opener.len(),
        (None, Some(length)) => length,
        (None, None) => run(text, blank),
    }
}

/// A blank, a backslash or a percent-encoded space, and how long it is.
fn blank(text: &str) -> Option<usize> {
    if QUOTES.iter().any(|quote| has_prefix(text, quote)) {
        return None;
    }
    let first = text.chars().next()?;
    if first.is_whitespace() || first.is_control() || first == '\\' {
        return Some(first.len_utf8());
    }
    has_prefix(text, "%20").then_some(3)
}

fn blank_or_quote(text: &str) -> Option<usize> {
    let quote = QUOTES.iter().find(|quote| has_prefix(text, quote));
    quote.map(|quote| quote.len()).or_else(|| blank(text))
}

/// How far the same kind of thing goes on.
fn run(text: &str, one: fn(&str) -> Option<usize>) -> usize {
    let mut length = 0;
    while let Some(more) = text.get(length..).and_then(one) {
        length += more;
    }
    length
}

/// The length of a value in quotes. A quote that is escaped once more than the opening one is part of it.
fn quoted(text: &str, quote: &str, escapes: usize) -> usize {
    let closes =
        |at: &usize| has_prefix(&text[*at..], quote) && backslashes_before(text, *at) <= escapes;
    let end = text.char_indices().map(|(at, _)| at).find(closes);
    let inside = &text[..end.unwrap_or(text.len())];
    inside.trim_end_matches('\\').len()
}

fn backslashes_before(text: &str, at: usize) -> usize {
    text[..at].len() - text[..at].trim_end_matches('\\').len()
}

/// The length of a value that no quote ends. A backslash goes on with it where JSON escapes a slash or a character; an `&` ends it
/// percent-encoded too.
fn unquoted(text: &str) -> usize {
    let ends = |(at, c): (usize, char)| match c {
        '\\' => !text[at + 1..].starts_with(['/', 'u']),
        '%' => encoded(&text[at..]).is_some_and(|(code, _)| code.starts_with("26")),
        _ => c.is_whitespace() || c.is_control() || "&;\"'`<>,)]}".contains(c),
    };
    text.char_indices()
        .find(|pair| ends(*pair))
        .map_or(text.len(), |(at, _)| at)
}

/// The length of a JSON web token: `eyJ` is how `{"` begins in its alphabet.
fn web_token(text: &str) -> Option<usize> {
    if !text.starts_with("eyJ") {
        return None;
    }
    let body = |b: &u8| b.is_ascii_alphanumeric() || b"-_.".contains(b);
    let length = text.bytes().take_while(body).count();
    let dots = text[..length].bytes().filter(|b| *b == b'.').count();
    (length >= SHORTEST_TOKEN || dots >= 2).then_some(length)
}

fn has_prefix(text: &str, lower: &str) -> bool {
    text.as_bytes()
        .get(..lower.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(lower.as_bytes()))
}
