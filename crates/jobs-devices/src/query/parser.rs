//! Tokens to tree: recursive descent with a bounded depth.

use super::MAX_HEIGHT;
use super::ast::*;
use super::cursor::Parser;
use super::error::ParseError;
use super::function::Function;
use super::lexer::{Token, is_keyword};

/// Reads a condition: the text that follows `WHERE`, or `*` for every document.
///
/// # Errors
///
/// [`ParseError`] with the place, what stands there and what was expected.
pub fn parse_condition(text: &str) -> Result<Condition, ParseError> {
    let mut parser = Parser::new(text)?;
    if let Token::Word(word) = &parser.peek().token
        && (word.eq_ignore_ascii_case("WHERE") || word.eq_ignore_ascii_case("SELECT"))
    {
        return Err(parser
            .unexpected("a condition")
            .hint("write only what follows WHERE, without the word WHERE")
            .certain());
    }
    if parser.peek_symbol("*") && parser.tokens.len() == 2 {
        return Ok(Condition::all());
    }
    let condition = parser.condition()?;
    parser.end("AND, OR or the end of the condition")?;
    Ok(condition)
}

/// Reads a path alone.
#[cfg(feature = "transform")]
pub(crate) fn parse_path(text: &str) -> Result<Path, ParseError> {
    let mut parser = Parser::new(text)?;
    let path = parser.path()?;
    parser.end("the end of the path")?;
    Ok(path)
}

impl std::str::FromStr for Condition {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_condition(text)
    }
}

/// A subtree with its height, which bounds every later recursion over the tree.
struct Node {
    expr: Expr,
    height: usize,
}

impl Node {
    fn leaf(expr: Expr) -> Node {
        Node { expr, height: 1 }
    }
}

type Parsed = Result<Node, ParseError>;

impl Parser<'_> {
    pub(crate) fn condition(&mut self) -> Result<Condition, ParseError> {
        Ok(Condition::from(self.or()?.expr))
    }

    fn or(&mut self) -> Parsed {
        self.chain("OR", Self::and, Expr::Or)
    }

    fn and(&mut self) -> Parsed {
        self.chain("AND", Self::not, Expr::And)
    }

    fn chain(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Parsed,
        join: fn(Vec<Expr>) -> Expr,
    ) -> Parsed {
        let first = part(self)?;
        if !self.peek_word(word) {
            return Ok(first);
        }
        let mut height = first.height;
        let mut parts = vec![first.expr];
        while self.take_word(word) {
            let next = part(self)?;
            height = height.max(next.height);
            parts.push(next.expr);
        }
        self.node(join(parts), height)
    }

    fn not(&mut self) -> Parsed {
        if !self.peek_word("NOT") {
            return self.test();
        }
        self.nested(|parser| {
            parser.advance();
            let inner = parser.not()?;
            parser.node(Expr::Not(Box::new(inner.expr)), inner.height)
        })
    }

    fn test(&mut self) -> Parsed {
        let left = self.sum()?;
        if let Some(op) = self.take_comparison() {
            let right = self.sum()?;
            if self.peek_comparison().is_some() {
                return Err(self
                    .unexpected("AND, OR or the end of the condition")
                    .hint("comparisons do not chain; join two with AND"));
            }
            let height = left.height.max(right.height);
            let (left, right) = (Box::new(left.expr), Box::new(right.expr));
            return self.node(Expr::Compare { op, left, right }, height);
        }
        let negated = if self.take_word("IN") {
            false
        } else if self.take_word("NIN") {
            true
        } else if self.peek_word("NOT") && self.word_after("IN") {
            self.advance();
            self.advance();
            true
        } else {
            self.refuse_foreign_test()?;
            return Ok(left);
        };
        let (list, height) = self.list()?;
        let expr = Expr::In {
            needle: Box::new(left.expr),
            list,
            negated,
        };
        self.node(expr, left.height.max(height))
    }

    /// Tests of other SQL dialects, refused with what to write here.
    fn refuse_foreign_test(&self) -> Result<(), ParseError> {
        let hint = match &self.peek().token {
            Token::Word(word) if word.eq_ignore_ascii_case("IS") => {
                "write IS_NULL(x), IS_DEFINED(x) or NOT IS_NULL(x)"
            }
            Token::Word(word) if word.eq_ignore_ascii_case("LIKE") => {
                "write STARTS_WITH(x, 'a'), ENDS_WITH(x, 'a') or CONTAINS(x, 'a')"
            }
            Token::Word(word) if word.eq_ignore_ascii_case("BETWEEN") => "write x >= a AND x <= b",
            Token::Word(word)
                if word.eq_ignore_ascii_case("NOT")
                    && (self.word_after("LIKE") || self.word_after("BETWEEN")) =>
            {
                "write NOT before the whole test"
            }
            _ => return Ok(()),
        };
        Err(self
            .unexpected("a comparison, AND, OR or the end")
            .hint(hint))
    }

    fn list(&mut self) -> Result<(Vec<Expr>, usize), ParseError> {
        // A list of one bare name, `IN [[name]]`, cannot be told from an escaped name, and no list is written so.
        if !self.take_symbol("[") {
            let error = self.unexpected("a list: `[`");
            return Err(if self.peek_symbol("(") {
                error.hint("lists stand in square brackets: ['a', 'b']")
            } else {
                error
            });
        }
        self.nested(|parser| parser.items("]"))
    }

    /// Expressions up to the closing symbol, which is taken, with the height of the tallest.
    fn items(&mut self, close: &'static str) -> Result<(Vec<Expr>, usize), ParseError> {
        let mut items = Vec::new();
        let mut height = 0;
        if self.take_symbol(close) {
            return Ok((items, height));
        }
        loop {
            let item = self.or()?;
            height = height.max(item.height);
            items.push(item.expr);
            if self.take_symbol(close) {
                return Ok((items, height));
            }
            if !self.take_symbol(",") {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let op = match &self.peek().token {
                Token::Symbol("+") => ArithmeticOp::Add,
                Token::Symbol("-") => ArithmeticOp::Sub,
                _ => return Ok(left),
            };
            if op == ArithmeticOp::Sub {
                self.refuse_comment()?;
            }
            self.advance();
            let right = self.product()?;
            left = self.arithmetic(op, left, right)?;
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.sign()?;
        loop {
            let op = match &self.peek().token {
                Token::Symbol("*") => ArithmeticOp::Mul,
                Token::Symbol("/") => ArithmeticOp::Div,
                Token::Symbol("%") => ArithmeticOp::Rem,
                _ => return Ok(left),
            };
            self.advance();
            let right = self.sign()?;
            left = self.arithmetic(op, left, right)?;
        }
    }

    fn arithmetic(&mut self, op: ArithmeticOp, left: Node, right: Node) -> Parsed {
        let height = left.height.max(right.height);
        let (left, right) = (Box::new(left.expr), Box::new(right.expr));
        self.node(Expr::Arithmetic { op, left, right }, height)
    }

    /// `a = 'x' -- why` looks like a comment but is a subtraction of a negative value.
    fn refuse_comment(&self) -> Result<(), ParseError> {
        let next = &self.tokens[(self.at + 1).min(self.tokens.len() - 1)];
        if next.token == Token::Symbol("-") && next.start == self.peek().end {
            return Err(self.unexpected("one sign").hint(
                "the language has no comments; to subtract a negative value put a blank between the signs",
            ));
        }
        Ok(())
    }

    fn sign(&mut self) -> Parsed {
        if !self.peek_symbol("-") {
            return self.value();
        }
        self.nested(|parser| {
            parser.advance();
            if let Token::Number(digits) = &parser.peek().token {
                let number = parser.number(&format!("-{digits}"))?;
                parser.advance();
                return Ok(Node::leaf(Expr::Literal(Literal::Number(number))));
            }
            let inner = parser.sign()?;
            parser.node(Expr::Negate(Box::new(inner.expr)), inner.height)
        })
    }

    fn value(&mut self) -> Parsed {
        let literal = match &self.peek().token {
            Token::Number(digits) => Literal::Number(self.number(digits)?),
            Token::String(text) => Literal::String(text.clone()),
            Token::Word(word) if word.eq_ignore_ascii_case("true") => Literal::Bool(true),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => Literal::Bool(false),
            Token::Word(word) if word.eq_ignore_ascii_case("null") => Literal::Null,
            Token::Word(word) if word.eq_ignore_ascii_case("undefined") => Literal::Undefined,
            Token::Word(_) if self.symbol_after("(") => return self.call(),
            Token::Word(word) if is_keyword(word) => {
                let hint = format!("a member of that name is written [[{word}]]");
                return Err(self.unexpected("a value").hint(hint));
            }
            Token::Word(_) | Token::Escaped(_) => {
                return Ok(Node::leaf(Expr::Path(self.path()?)));
            }
            Token::Symbol("(") => {
                return self.nested(|parser| {
                    parser.advance();
                    let inner = parser.or()?;
                    parser.expect_symbol(")", "an operator or `)`")?;
                    Ok(inner)
                });
            }
            Token::Symbol("[") => {
                let (items, height) = self.list()?;
                return self.node(Expr::Array(items), height);
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.advance();
        Ok(Node::leaf(Expr::Literal(literal)))
    }

    fn call(&mut self) -> Parsed {
        let name_at = self.at;
        let Token::Word(name) = &self.peek().token else {
            return Err(self.unexpected("a function"));
        };
        let Some(function) = Function::from_name(name) else {
            let error = self.unexpected("a function");
            return Err(match nearest_function(name) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint(format!(
                    "the functions are {}",
                    Function::names().collect::<Vec<_>>().join(", ")
                )),
            });
        };
        self.advance();
        self.advance();
        let (arguments, height) = self.nested(|parser| parser.items(")"))?;
        let (least, most) = function.arity();
        if arguments.len() < least || arguments.len() > most {
            let expected = match (least, most) {
                (1, 1) => "one argument".to_owned(),
                (least, usize::MAX) => format!("at least {least} arguments"),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} or {most} arguments"),
            };
            let found = format!("{function} with {} arguments", arguments.len());
            let at = self.tokens[name_at].start;
            return Err(ParseError::new(self.source, at, &found, &expected).doubtful());
        }
        let call = Expr::Call {
            function,
            arguments,
        };
        self.node(call, height)
    }

    pub(crate) fn number(&self, digits: &str) -> Result<Number, ParseError> {
        let too_large = || {
            self.unexpected("a number that a double can hold")
                .doubtful()
        };
        let (sign, unsigned) = match digits.strip_prefix('-') {
            Some(rest) => (-1.0, rest),
            None => (1.0, digits),
        };
        if let Some(hex) = unsigned.strip_prefix("0x").or(unsigned.strip_prefix("0X")) {
            let whole = i64::from_str_radix(hex, 16).map_err(|_| {
                self.unexpected("a hexadecimal number below 0x8000000000000000")
                    .doubtful()
            })?;
            return Ok(Number::Integer(if sign < 0.0 { -whole } else { whole }));
        }
        if let Ok(whole) = digits.parse::<i64>() {
            return Ok(Number::Integer(whole));
        }
        match unsigned.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(Number::Float(sign * float)),
            _ => Err(too_large()),
        }
    }

    fn take_comparison(&mut self) -> Option<CompareOp> {
        let op = self.peek_comparison()?;
        self.advance();
        Some(op)
    }

    fn peek_comparison(&self) -> Option<CompareOp> {
        match &self.peek().token {
            Token::Symbol("=") => Some(CompareOp::Eq),
            Token::Symbol("!=" | "<>") => Some(CompareOp::Ne),
            Token::Symbol("<") => Some(CompareOp::Lt),
            Token::Symbol("<=") => Some(CompareOp::Le),
            Token::Symbol(">") => Some(CompareOp::Gt),
            Token::Symbol(">=") => Some(CompareOp::Ge),
            _ => None,
        }
    }

    fn node(&self, expr: Expr, children: usize) -> Parsed {
        let height = children + 1;
        if height > MAX_HEIGHT {
            return Err(self
                .unexpected(&format!("an expression of at most {MAX_HEIGHT} levels"))
                .hint("split the long chain of arithmetic"));
        }
        Ok(Node { expr, height })
    }
}

/// The function whose name is the same but for underscores, or whose letters differ in one place.
fn nearest_function(name: &str) -> Option<&'static str> {
    let bare = |text: &str| text.replace('_', "").to_ascii_uppercase();
    let wanted = bare(name);
    Function::names().find(|known| {
        let known = bare(known);
        known == wanted
            || (known.len() == wanted.len()
                && known
                    .bytes()
                    .zip(wanted.bytes())
                    .filter(|(a, b)| a != b)
                    .count()
                    == 1)
    })
}
