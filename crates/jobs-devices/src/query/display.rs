//! Printing a tree as text that parses to the same tree.

use std::fmt::{self, Display, Formatter, Write as _};

use super::ast::*;
use super::lexer::{is_identifier, is_keyword};

/// How tightly an expression binds; an operand that binds less tightly than its place asks stands in parentheses.
#[derive(PartialEq, PartialOrd)]
enum Binding {
    Or,
    And,
    Not,
    Test,
    Sum,
    Product,
    Sign,
    Value,
}

fn binding(expr: &Expr) -> Binding {
    match expr {
        Expr::Or(_) => Binding::Or,
        Expr::And(_) => Binding::And,
        Expr::Not(_) => Binding::Not,
        Expr::Compare { .. } | Expr::In { .. } => Binding::Test,
        Expr::Arithmetic { op, .. } => match op {
            ArithmeticOp::Add | ArithmeticOp::Sub => Binding::Sum,
            ArithmeticOp::Mul | ArithmeticOp::Div | ArithmeticOp::Rem => Binding::Product,
        },
        Expr::Negate(_) => Binding::Sign,
        _ => Binding::Value,
    }
}

struct Operand<'a>(&'a Expr, Binding);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if binding(self.0) < self.1 {
            write!(f, "({})", self.0)
        } else {
            self.0.fmt(f)
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Literal(literal) => literal.fmt(f),
            Expr::Array(items) => list(f, items),
            Expr::Path(path) => path.fmt(f),
            Expr::Not(inner) => write!(f, "NOT {}", Operand(inner, Binding::Not)),
            // A sign and the digits after it are one constant, so a number without one keeps its parentheses.
            Expr::Negate(inner) => match **inner {
                Expr::Literal(Literal::Number(number)) if !number.is_signed() => {
                    write!(f, "-({inner})")
                }
                _ => write!(f, "-{}", Operand(inner, Binding::Sign)),
            },
            Expr::And(parts) => chain(f, parts, " AND ", || Binding::Not),
            Expr::Or(parts) => chain(f, parts, " OR ", || Binding::And),
            Expr::Compare { op, left, right } => {
                let (left, right) = (Operand(left, Binding::Sum), Operand(right, Binding::Sum));
                write!(f, "{left} {} {right}", op.symbol())
            }
            Expr::Arithmetic { op, left, right } => {
                let (own, tighter) = match op {
                    ArithmeticOp::Add | ArithmeticOp::Sub => (Binding::Sum, Binding::Product),
                    _ => (Binding::Product, Binding::Sign),
                };
                let (left, right) = (Operand(left, own), Operand(right, tighter));
                write!(f, "{left} {} {right}", op.symbol())
            }
            Expr::In {
                needle,
                list: items,
                negated,
            } => {
                let word = if *negated { "NIN" } else { "IN" };
                write!(f, "{} {word} ", Operand(needle, Binding::Sum))?;
                list(f, items)
            }
            Expr::Call {
                function,
                arguments,
            } => {
                write!(f, "{function}(")?;
                separated(f, arguments)?;
                f.write_char(')')
            }
        }
    }
}

fn chain(
    f: &mut Formatter<'_>,
    parts: &[Expr],
    word: &str,
    tightest: impl Fn() -> Binding,
) -> fmt::Result {
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            f.write_str(word)?;
        }
        Operand(part, tightest()).fmt(f)?;
    }
    Ok(())
}

fn list(f: &mut Formatter<'_>, items: &[Expr]) -> fmt::Result {
    f.write_char('[')?;
    // `[[` would open an escaped name.
    let opens_with_bracket = match items.first() {
        Some(Expr::Array(_)) => true,
        Some(other) => other.to_string().starts_with('['),
        None => false,
    };
    if opens_with_bracket {
        f.write_char(' ')?;
    }
    separated(f, items)?;
    f.write_char(']')
}

fn separated(f: &mut Formatter<'_>, items: &[Expr]) -> fmt::Result {
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            f.write_str(", ")?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Undefined => f.write_str("undefined"),
            Literal::Null => f.write_str("null"),
            Literal::Bool(value) => value.fmt(f),
            Literal::Number(number) => number.fmt(f),
            Literal::String(text) => quoted(f, text),
        }
    }
}

impl Number {
    /// Whether it is written with a minus.
    fn is_signed(self) -> bool {
        match self {
            Number::Integer(whole) => whole < 0,
            Number::Float(float) => float.is_sign_negative(),
        }
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Number::Integer(whole) => whole.fmt(f),
            // The debug form keeps a point or an exponent, so that it reads back as a float.
            Number::Float(float) => write!(f, "{float:?}"),
        }
    }
}

fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('\'')?;
    for c in text.chars() {
        match c {
            '\'' => f.write_str("\\'")?,
            '\\' => f.write_str("\\\\")?,
            c if (c as u32) < 0x20 || c == '\u{7f}' => write!(f, "\\u{:04x}", c as u32)?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('\'')
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // A bare `devices` would be read as the collection's prefix.
        if is_identifier(&self.root)
            && !is_keyword(&self.root)
            && !self.root.eq_ignore_ascii_case("devices")
        {
            f.write_str(&self.root)?;
        } else {
            write!(f, "[[{}]]", self.root)?;
        }
        for segment in &self.rest {
            match segment {
                Segment::Key(name) if is_identifier(name) => write!(f, ".{name}")?,
                Segment::Key(name) => {
                    f.write_char('[')?;
                    quoted(f, name)?;
                    f.write_char(']')?;
                }
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl CompareOp {
    /// The operator as it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            CompareOp::Eq => "=",
            CompareOp::Ne => "!=",
            CompareOp::Lt => "<",
            CompareOp::Le => "<=",
            CompareOp::Gt => ">",
            CompareOp::Ge => ">=",
        }
    }
}

impl ArithmeticOp {
    /// The operator as it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            ArithmeticOp::Add => "+",
            ArithmeticOp::Sub => "-",
            ArithmeticOp::Mul => "*",
            ArithmeticOp::Div => "/",
            ArithmeticOp::Rem => "%",
        }
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.expr {
            Some(expr) => expr.fmt(f),
            None => f.write_char('*'),
        }
    }
}

impl Display for Collection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Collection::Devices => "devices",
            Collection::Modules => "devices.modules",
            Collection::Jobs => "devices.jobs",
        })
    }
}

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("SELECT ")?;
        if let Some(top) = self.top {
            write!(f, "TOP {top} ")?;
        }
        match &self.select {
            Selection::All => f.write_char('*')?,
            Selection::Items(items) => {
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
            }
        }
        write!(f, " FROM {}", self.from)?;
        if let Some(filter) = &self.filter {
            write!(f, " WHERE {filter}")?;
        }
        for (n, path) in self.group_by.iter().enumerate() {
            write!(f, "{}{path}", if n == 0 { " GROUP BY " } else { ", " })?;
        }
        Ok(())
    }
}

impl Display for Projection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.value {
            Projected::Path(path) => path.fmt(f)?,
            Projected::Aggregate(Aggregate::Count) => f.write_str("COUNT()")?,
            Projected::Aggregate(Aggregate::Avg(path)) => write!(f, "AVG({path})")?,
            Projected::Aggregate(Aggregate::Sum(path)) => write!(f, "SUM({path})")?,
            Projected::Aggregate(Aggregate::Min(path)) => write!(f, "MIN({path})")?,
            Projected::Aggregate(Aggregate::Max(path)) => write!(f, "MAX({path})")?,
        }
        match &self.alias {
            Some(alias) if is_identifier(alias) && !is_keyword(alias) => write!(f, " AS {alias}"),
            Some(alias) => write!(f, " AS [[{alias}]]"),
            None => Ok(()),
        }
    }
}
