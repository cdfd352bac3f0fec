//! The value of an expression for one document.

use std::cmp::Ordering;

use super::ast::*;
use super::call::call;
use super::document::Document;
use super::operand::Operand;

impl Condition {
    /// Whether the condition is true for the document; false and undefined both select nothing.
    pub fn matches(&self, document: &(impl Document + ?Sized)) -> bool {
        match &self.expr {
            None => true,
            Some(expr) => truth(expr, document) == Some(true),
        }
    }
}

/// The value of the expression for the document.
pub fn evaluate<'a, D: Document + ?Sized>(expr: &'a Expr, document: &'a D) -> Operand<'a> {
    match expr {
        Expr::Literal(literal) => match literal {
            Literal::Undefined => Operand::Undefined,
            Literal::Null => Operand::Null,
            Literal::Bool(value) => Operand::Bool(*value),
            Literal::Number(number) => Operand::Number(*number),
            Literal::String(text) => Operand::from(text.as_str()),
        },
        Expr::Array(_) => Operand::Array,
        Expr::Path(path) => document.find(path),
        Expr::Negate(inner) => match evaluate(inner, document) {
            Operand::Number(number) => negate(number),
            _ => Operand::Undefined,
        },
        Expr::Arithmetic { op, left, right } => {
            match (evaluate(left, document), evaluate(right, document)) {
                (Operand::Number(a), Operand::Number(b)) => arithmetic(*op, a, b),
                _ => Operand::Undefined,
            }
        }
        Expr::Call {
            function,
            arguments,
        } => call(*function, arguments, |argument| {
            evaluate(argument, document)
        }),
        _ => Operand::from_truth(truth(expr, document)),
    }
}

/// The truth of an expression where a condition is wanted; none when it is undefined.
fn truth<D: Document + ?Sized>(expr: &Expr, document: &D) -> Option<bool> {
    match expr {
        Expr::Not(inner) => truth(inner, document).map(|value| !value),
        Expr::And(parts) => {
            let mut all = Some(true);
            for part in parts {
                match truth(part, document) {
                    Some(false) => return Some(false),
                    None => all = None,
                    Some(true) => {}
                }
            }
            all
        }
        Expr::Or(parts) => {
            let mut any = Some(false);
            for part in parts {
                match truth(part, document) {
                    Some(true) => return Some(true),
                    None => any = None,
                    Some(false) => {}
                }
            }
            any
        }
        Expr::Compare { op, left, right } => {
            compare(*op, &evaluate(left, document), &evaluate(right, document))
        }
        Expr::In {
            needle,
            list,
            negated,
        } => contains(needle, list, document).map(|found| found != *negated),
        _ => evaluate(expr, document).truth(),
    }
}

fn contains<D: Document + ?Sized>(needle: &Expr, list: &[Expr], document: &D) -> Option<bool> {
    let needle = evaluate(needle, document);
    if matches!(
        needle,
        Operand::Undefined | Operand::Array | Operand::Object
    ) {
        return None;
    }
    let mut found = Some(false);
    for item in list {
        match compare(CompareOp::Eq, &needle, &evaluate(item, document)) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => found = None,
        }
    }
    found
}

pub(crate) fn compare(op: CompareOp, left: &Operand<'_>, right: &Operand<'_>) -> Option<bool> {
    use Operand::{Array, Object, Undefined};
    if matches!(left, Undefined | Array | Object) || matches!(right, Undefined | Array | Object) {
        return None;
    }
    let equal = left == right;
    let order = match (left, right) {
        (Operand::Number(a), Operand::Number(b)) => a.partial_cmp(b),
        (Operand::String(a), Operand::String(b)) => Some(a.cmp(b)),
        _ => None,
    };
    match op {
        CompareOp::Eq => Some(equal),
        CompareOp::Ne => Some(!equal),
        CompareOp::Lt => order.map(Ordering::is_lt),
        CompareOp::Le => order.map(Ordering::is_le),
        CompareOp::Gt => order.map(Ordering::is_gt),
        CompareOp::Ge => order.map(Ordering::is_ge),
    }
}

fn negate(number: Number) -> Operand<'static> {
    match number {
        Number::Integer(whole) => match whole.checked_neg() {
            Some(whole) => Operand::Number(Number::Integer(whole)),
            None => Operand::from_float(-(whole as f64)),
        },
        Number::Float(float) => Operand::from_float(-float),
    }
}

/// Whole numbers stay exact while they fit; a quotient is a fraction, whole only when it comes out so.
fn arithmetic(op: ArithmeticOp, left: Number, right: Number) -> Operand<'static> {
    if right.as_f64() == 0.0 && matches!(op, ArithmeticOp::Div | ArithmeticOp::Rem) {
        return Operand::Undefined;
    }
    if let (Number::Integer(a), Number::Integer(b)) = (left, right) {
        let exact = match op {
            ArithmeticOp::Add => a.checked_add(b),
            ArithmeticOp::Sub => a.checked_sub(b),
            ArithmeticOp::Mul => a.checked_mul(b),
            ArithmeticOp::Rem => a.checked_rem(b),
            ArithmeticOp::Div => a
                .checked_rem(b)
                .filter(|rest| *rest == 0)
                .and_then(|_| a.checked_div(b)),
        };
        if let Some(whole) = exact {
            return Operand::Number(Number::Integer(whole));
        }
    }
    let (a, b) = (left.as_f64(), right.as_f64());
    Operand::from_float(match op {
        ArithmeticOp::Add => a + b,
        ArithmeticOp::Sub => a - b,
        ArithmeticOp::Mul => a * b,
        ArithmeticOp::Div => a / b,
        ArithmeticOp::Rem => a % b,
    })
}
