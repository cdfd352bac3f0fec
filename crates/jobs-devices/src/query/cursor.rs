//! The tokens of a text and the place in them.

use super::MAX_NESTING;
use super::error::ParseError;
use super::lexer::{Lexer, Spanned, Token};

/// A parser at some token; the grammar is in `parser`, `path` and `statement`.
pub(crate) struct Parser<'a> {
    pub(crate) source: &'a str,
    pub(crate) tokens: Vec<Spanned>,
    pub(crate) at: usize,
    nesting: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(source: &'a str) -> Result<Self, ParseError> {
        Ok(Parser {
            source,
            tokens: Lexer::tokens(source)?,
            at: 0,
            nesting: 0,
        })
    }
}

impl Parser<'_> {
    pub(crate) fn nested<T>(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        if self.nesting == MAX_NESTING {
            let error = self.unexpected(&format!("at most {MAX_NESTING} levels of nesting"));
            return Err(error.doubtful());
        }
        self.nesting += 1;
        let result = inside(self);
        self.nesting -= 1;
        result
    }

    pub(crate) fn peek(&self) -> &Spanned {
        // The last token is `End` and is never passed.
        &self.tokens[self.at]
    }

    pub(crate) fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn after(&self) -> &Token {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)].token
    }

    pub(crate) fn symbol_after(&self, symbol: &str) -> bool {
        matches!(self.after(), Token::Symbol(found) if *found == symbol)
    }

    pub(crate) fn word_after(&self, word: &str) -> bool {
        matches!(self.after(), Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    pub(crate) fn number_after(&self) -> bool {
        matches!(self.after(), Token::Number(_))
    }

    pub(crate) fn peek_word(&self, word: &str) -> bool {
        matches!(&self.peek().token, Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let there = self.peek_word(word);
        if there {
            self.advance();
        }
        there
    }

    pub(crate) fn peek_symbol(&self, symbol: &str) -> bool {
        matches!(&self.peek().token, Token::Symbol(found) if *found == symbol)
    }

    pub(crate) fn take_symbol(&mut self, symbol: &str) -> bool {
        let there = self.peek_symbol(symbol);
        if there {
            self.advance();
        }
        there
    }

    pub(crate) fn expect_symbol(&mut self, symbol: &str, expected: &str) -> Result<(), ParseError> {
        if self.take_symbol(symbol) {
            return Ok(());
        }
        Err(self.unexpected(expected))
    }

    pub(crate) fn end(&self, expected: &str) -> Result<(), ParseError> {
        match self.peek().token {
            Token::End => Ok(()),
            _ => Err(self.unexpected(expected)),
        }
    }

    pub(crate) fn unexpected(&self, expected: &str) -> ParseError {
        self.error_at(self.at, expected)
    }

    pub(crate) fn error_at(&self, token: usize, expected: &str) -> ParseError {
        let token = &self.tokens[token.min(self.tokens.len() - 1)];
        let found = match token.token {
            Token::End if self.tokens.len() == 1 => "an empty text".to_owned(),
            Token::End => "the end".to_owned(),
            _ => format!("`{}`", &self.source[token.start..token.end]),
        };
        ParseError::new(self.source, token.start, &found, expected)
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }
}
