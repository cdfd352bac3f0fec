//! The values of the built-in functions.

use std::borrow::Cow;

use super::ast::{Expr, Number};
use super::function::Function;
use super::operand::Operand;

/// The value of a call. Functions that ask for the kind of a value answer for undefined ones too; of all others
/// an argument that is undefined or of the wrong kind makes the value undefined.
pub(crate) fn call<'a>(
    function: Function,
    arguments: &'a [Expr],
    evaluate: impl Fn(&'a Expr) -> Operand<'a>,
) -> Operand<'a> {
    let argument = |n: usize| match arguments.get(n) {
        Some(expr) => evaluate(expr),
        None => Operand::Undefined,
    };
    if let Some(answer) = is_kind(function, || argument(0)) {
        return Operand::Bool(answer);
    }
    match function {
        Function::AsNumber => as_number(argument(0)),
        Function::Concat => concat(arguments.iter().map(evaluate)),
        Function::Power => match (argument(0), argument(1)) {
            (Operand::Number(x), Operand::Number(y)) => {
                Operand::from_float(x.as_f64().powf(y.as_f64()))
            }
            _ => Operand::Undefined,
        },
        Function::Length | Function::Lower | Function::Upper => match argument(0) {
            Operand::String(text) => of_text(function, text),
            _ => Operand::Undefined,
        },
        Function::Substring => substring(
            argument(0),
            argument(1),
            arguments.get(2).map(|_| argument(2)),
        ),
        Function::IndexOf | Function::StartsWith | Function::EndsWith | Function::Contains => {
            match (argument(0), argument(1)) {
                (Operand::String(text), Operand::String(part)) => of_part(function, &text, &part),
                _ => Operand::Undefined,
            }
        }
        _ => match argument(0) {
            Operand::Number(x) => of_number(function, x),
            _ => Operand::Undefined,
        },
    }
}

fn is_kind<'a>(function: Function, argument: impl Fn() -> Operand<'a>) -> Option<bool> {
    Some(match function {
        Function::IsDefined => !matches!(argument(), Operand::Undefined),
        Function::IsNull => matches!(argument(), Operand::Null),
        Function::IsBool => matches!(argument(), Operand::Bool(_)),
        Function::IsNumber => matches!(argument(), Operand::Number(_)),
        Function::IsString => matches!(argument(), Operand::String(_)),
        Function::IsObject => matches!(argument(), Operand::Object),
        Function::IsArray => matches!(argument(), Operand::Array),
        Function::IsPrimitive => !matches!(
            argument(),
            Operand::Undefined | Operand::Array | Operand::Object
        ),
        _ => return None,
    })
}

/// A decimal number as JSON writes it, blanks around it allowed; `inf`, `nan` and hexadecimal are no numbers.
fn as_number(value: Operand<'_>) -> Operand<'_> {
    let Operand::String(text) = &value else {
        return match value {
            Operand::Number(_) => value,
            _ => Operand::Undefined,
        };
    };
    let text = text.trim();
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.bytes().all(plain) {
        return Operand::Undefined;
    }
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(whole), _) => Operand::Number(Number::Integer(whole)),
        (_, Ok(float)) => Operand::from_float(float),
        _ => Operand::Undefined,
    }
}

fn concat<'a>(arguments: impl Iterator<Item = Operand<'a>>) -> Operand<'a> {
    let mut joined = String::new();
    for argument in arguments {
        match argument {
            Operand::String(part) => joined.push_str(&part),
            _ => return Operand::Undefined,
        }
    }
    Operand::String(Cow::Owned(joined))
}

fn of_text<'a>(function: Function, text: Cow<'_, str>) -> Operand<'a> {
    match function {
        Function::Length => count(text.chars().count()),
        Function::Lower => Operand::String(Cow::Owned(text.to_lowercase())),
        _ => Operand::String(Cow::Owned(text.to_uppercase())),
    }
}

fn of_part<'a>(function: Function, text: &str, part: &str) -> Operand<'a> {
    match function {
        Function::StartsWith => Operand::Bool(text.starts_with(part)),
        Function::EndsWith => Operand::Bool(text.ends_with(part)),
        Function::Contains => Operand::Bool(text.contains(part)),
        _ => match text.find(part) {
            Some(at) => count(text[..at].chars().count()),
            None => Operand::Number(Number::Integer(-1)),
        },
    }
}

fn of_number<'a>(function: Function, number: Number) -> Operand<'a> {
    let x = number.as_f64();
    let whole = match number {
        Number::Integer(whole) => match function {
            Function::Abs => whole.checked_abs(),
            Function::Square => whole.checked_mul(whole),
            Function::Ceiling | Function::Floor => Some(whole),
            Function::Sign => Some(whole.signum()),
            _ => None,
        },
        Number::Float(_) => None,
    };
    if let Some(whole) = whole {
        return Operand::Number(Number::Integer(whole));
    }
    Operand::from_float(match function {
        Function::Abs => x.abs(),
        Function::Exp => x.exp(),
        Function::Square => x * x,
        Function::Ceiling => x.ceil(),
        Function::Floor => x.floor(),
        Function::Sign if x == 0.0 => 0.0,
        Function::Sign => x.signum(),
        Function::Sqrt => x.sqrt(),
        _ => f64::NAN,
    })
}

/// Characters from `start`, as many as `length` or all to the end.
///
/// The reference calls the third argument `end` in the signature and a length in the text; the text counts here.
fn substring<'a>(
    text: Operand<'a>,
    start: Operand<'_>,
    length: Option<Operand<'_>>,
) -> Operand<'a> {
    let (Operand::String(text), Some(start)) = (text, position(&start)) else {
        return Operand::Undefined;
    };
    let length = match length.map(|length| position(&length)) {
        None => usize::MAX,
        Some(Some(length)) => length,
        Some(None) => return Operand::Undefined,
    };
    Operand::String(Cow::Owned(text.chars().skip(start).take(length).collect()))
}

fn position(value: &Operand<'_>) -> Option<usize> {
    match value {
        Operand::Number(Number::Integer(whole)) => usize::try_from(*whole).ok(),
        Operand::Number(Number::Float(float)) => match Number::from_f64(*float)? {
            Number::Integer(whole) => usize::try_from(whole).ok(),
            Number::Float(_) => None,
        },
        _ => None,
    }
}

fn count<'a>(n: usize) -> Operand<'a> {
    i64::try_from(n).map_or(Operand::Undefined, |n| Operand::Number(Number::Integer(n)))
}
