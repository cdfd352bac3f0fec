//! Text to tokens.

use super::error::ParseError;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A bare word: keyword, function or name.
    Word(String),
    /// `[[name]]`.
    Escaped(String),
    /// The digits as written: whether `-` belongs to it is for the parser to see.
    Number(String),
    String(String),
    Symbol(&'static str),
    End,
}

#[derive(Debug, Clone)]
pub(crate) struct Spanned {
    pub(crate) token: Token,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Longest first, for the first that fits is taken.
const SYMBOLS: &[&str] = &[
    "!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", "[", "]", ",", ".", "+", "-", "*", "/", "%",
];

/// What people write from habit, and what this language has for it.
const FOREIGN: &[(&str, &str)] = &[
    ("==", "write `=`"),
    ("&&", "write `AND`"),
    ("||", "write `OR`"),
    ("!", "write `NOT`"),
    ("{", "the language has no object constants"),
    (";", "one statement, without a semicolon"),
    ("`", "strings stand in single or double quotes"),
];

/// Words that cannot stand bare at the start of a path. Functions and aggregates are told by the parenthesis after them.
const KEYWORDS: &[&str] = &[
    "AND",
    "AS",
    "BY",
    "FALSE",
    "FROM",
    "GROUP",
    "IN",
    "NIN",
    "NOT",
    "NULL",
    "OR",
    "ORDER",
    "SELECT",
    "TRUE",
    "UNDEFINED",
    "WHERE",
];

/// Whether a path cannot start with this bare word.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word))
}

fn starts_identifier(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn continues_identifier(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Whether the name can stand bare after a dot.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(starts_identifier) && chars.all(continues_identifier)
}

pub(crate) struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn tokens(source: &'a str) -> Result<Vec<Spanned>, ParseError> {
        let mut lexer = Lexer { source, at: 0 };
        let mut tokens = Vec::new();
        loop {
            let token = lexer.next_token()?;
            let done = token.token == Token::End;
            tokens.push(token);
            if done {
                return Ok(tokens);
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn next_token(&mut self) -> Result<Spanned, ParseError> {
        let blank = self.rest().len() - self.rest().trim_start().len();
        self.at += blank;
        let start = self.at;
        let token = match self.rest().chars().next() {
            None => Token::End,
            Some(quote @ ('\'' | '"')) => self.string(quote)?,
            Some(c) if c.is_ascii_digit() => self.number()?,
            Some('.') if self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                self.number()?
            }
            Some(c) if starts_identifier(c) => Token::Word(self.word()),
            Some('[') => match self.escaped_name() {
                Some(name) => Token::Escaped(name),
                None => self.symbol()?,
            },
            Some(_) => self.symbol()?,
        };
        Ok(Spanned {
            token,
            start,
            end: self.at,
        })
    }

    /// A name. A hyphen between characters of a name belongs to it, as the service reads queries of the vendor's tests; with
    /// a blank beside it, it is a minus.
    fn word(&mut self) -> String {
        let mut word = self.take_while(continues_identifier);
        while let Some(rest) = self.rest().strip_prefix('-') {
            if !rest.starts_with(continues_identifier) {
                break;
            }
            self.at += 1;
            word.push('-');
            word += &self.take_while(continues_identifier);
        }
        word
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let rest = self.rest();
        let taken = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += taken;
        rest[..taken].to_owned()
    }

    /// `[[name]]`, unless it can only be a list in a list.
    fn escaped_name(&mut self) -> Option<String> {
        let inner = self.rest().strip_prefix("[[")?;
        // No farther than the first bracket: a text of brackets alone is not to be searched once for each of them.
        let end = inner.find(['[', ']'])?;
        let name = &inner[..end];
        if !inner[end..].starts_with("]]") || !super::names::root_is_writable(name) {
            return None;
        }
        self.at += name.len() + 4;
        Some(name.to_owned())
    }

    fn symbol(&mut self) -> Result<Token, ParseError> {
        let rest = self.rest();
        let foreign = FOREIGN.iter().find(|(text, _)| {
            rest.starts_with(text)
                && !SYMBOLS
                    .iter()
                    .any(|s| s.len() > text.len() && rest.starts_with(s))
        });
        if let Some((text, hint)) = foreign {
            let found = format!("`{text}`");
            return Err(
                ParseError::new(self.source, self.at, &found, "an operator or a value").hint(*hint),
            );
        }
        match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            Some(symbol) => {
                self.at += symbol.len();
                Ok(Token::Symbol(symbol))
            }
            None => {
                let found = rest.chars().next().unwrap_or_default();
                let found = format!("the character {found:?}");
                Err(self
                    .error(self.at, &found, "an operator or a value")
                    .doubtful())
            }
        }
    }

    fn number(&mut self) -> Result<Token, ParseError> {
        let start = self.at;
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let digits = |from: usize| {
            from + bytes[from.min(bytes.len())..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count()
        };
        let mut end;
        if rest.starts_with("0x") || rest.starts_with("0X") {
            end = 2 + bytes[2..]
                .iter()
                .take_while(|b| b.is_ascii_hexdigit())
                .count();
            if end == 2 {
                return Err(self.error(start, "`0x`", "hexadecimal digits after it"));
            }
        } else {
            end = digits(0);
            if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
                end = digits(end + 1);
            }
            if matches!(bytes.get(end), Some(b'e' | b'E')) {
                let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
                let exponent = digits(end + 1 + sign);
                if exponent > end + 1 + sign {
                    end = exponent;
                }
            }
        }
        if rest[end..].starts_with(continues_identifier) {
            let word: String = rest
                .chars()
                .take_while(|c| continues_identifier(*c) || *c == '.')
                .collect();
            return Err(self
                .error(start, &format!("`{word}`"), "a number")
                .hint("a name that starts with a digit is written ['name'] after the member that holds it"));
        }
        self.at += end;
        Ok(Token::Number(rest[..end].to_owned()))
    }

    fn string(&mut self, quote: char) -> Result<Token, ParseError> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.at += offset + 1;
                    return Ok(Token::String(text));
                }
                '\\' => {
                    let at = start + offset;
                    let (c, more) = self.escape(at)?;
                    text.push(c);
                    for _ in 0..more {
                        chars.next();
                    }
                }
                c => text.push(c),
            }
        }
        Err(self.error(
            start,
            "a string without its end",
            &format!("a closing {quote}"),
        ))
    }

    /// The character written by the escape at this offset, and how many characters follow its backslash.
    fn escape(&self, at: usize) -> Result<(char, usize), ParseError> {
        let rest = &self.source[at + 1..];
        let simple = match rest.chars().next() {
            Some(c @ ('\'' | '"' | '\\' | '/')) => Some(c),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            _ => None,
        };
        if let Some(c) = simple {
            return Ok((c, 1));
        }
        if let Some(high) = unicode_escape(rest) {
            if let Some(c) = char::from_u32(high) {
                return Ok((c, 5));
            }
            // Two halves of a character outside the basic plane, as JSON writes it.
            let low = rest
                .get(5..)
                .and_then(|rest| unicode_escape(rest.strip_prefix('\\')?));
            let pair = low.and_then(|low| {
                let ahead = (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low);
                let code = || 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                ahead.then(code).and_then(char::from_u32)
            });
            return match pair {
                Some(c) => Ok((c, 11)),
                None => Err(self.error(
                    at,
                    "half of a surrogate pair",
                    "both halves, \\uD83D\\uDE00",
                )),
            };
        }
        let found: String = self.source[at..].chars().take(2).collect();
        let known = "one of the escapes \\' \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX";
        Err(self.error(at, &format!("`{found}`"), known))
    }

    fn error(&self, at: usize, found: &str, expected: &str) -> ParseError {
        ParseError::new(self.source, at, found, expected)
    }
}

fn unicode_escape(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('u')?.get(..4)?;
    let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
    hexadecimal
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}
