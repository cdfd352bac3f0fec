//! Paths, and what stands before and in them.

use super::ast::{Path, Segment};
use super::cursor::Parser;
use super::error::ParseError;
use super::lexer::{Token, is_keyword};

impl Parser<'_> {
    /// A path, less the collection in front of it.
    pub(crate) fn path(&mut self) -> Result<Path, ParseError> {
        let mut root = self.path_root()?;
        if root.1 && root.0.eq_ignore_ascii_case("devices") && self.peek_symbol(".") {
            self.advance();
            root = self.path_root()?;
            let inner = ["jobs", "modules"]
                .iter()
                .any(|w| w.eq_ignore_ascii_case(&root.0));
            if root.1 && inner && self.peek_symbol(".") {
                self.advance();
                root = self.path_root()?;
            }
        }
        let mut path = Path {
            root: root.0,
            rest: Vec::new(),
        };
        loop {
            if self.take_symbol(".") {
                let name = match &self.peek().token {
                    Token::Word(name) | Token::Escaped(name) => name.clone(),
                    _ => {
                        return Err(self
                            .unexpected("the name of a member")
                            .hint("an odd name is written ['name'] instead of .name"));
                    }
                };
                self.advance();
                path.rest.push(Segment::Key(name));
            } else if let Token::Escaped(name) = &self.peek().token {
                path.rest.push(Segment::Key(name.clone()));
                self.advance();
            } else if self.take_symbol("[") {
                let step = self.subscript()?;
                self.advance();
                self.expect_symbol("]", "`]`")?;
                path.rest.push(step);
            } else {
                return Ok(path);
            }
        }
    }

    fn subscript(&self) -> Result<Segment, ParseError> {
        match &self.peek().token {
            Token::String(name) => Ok(Segment::Key(name.clone())),
            Token::Number(digits) => digits
                .parse()
                .map(Segment::Index)
                .map_err(|_| self.unexpected("a position in an array, 0 or more")),
            _ => Err(self.unexpected("a member name in quotes or a position")),
        }
    }

    /// The first name of a path, and whether it was written bare.
    fn path_root(&mut self) -> Result<(String, bool), ParseError> {
        let root = match &self.peek().token {
            Token::Word(word) if is_keyword(word) => {
                let hint = format!("a member of that name is written [[{word}]]");
                return Err(self.unexpected("the name of a member").hint(hint));
            }
            Token::Word(word) => (word.clone(), true),
            Token::Escaped(name) => (name.clone(), false),
            _ => return Err(self.unexpected("the name of a member")),
        };
        self.advance();
        Ok(root)
    }
}
