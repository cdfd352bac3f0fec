//! Functions that SQLite lacks, registered on the hub's connection.

use jobs_devices::query::{ArithmeticOp, Expr, Function, Literal, Number, Operand, evaluate};
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value as Sql, ValueRef};
use serde_json::Value;

use crate::clock::Time;
use crate::registry::identity::{NEVER, created, identity_etag};
use crate::registry::twin::{self, twin_etag};

/// Registers the functions.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("hub_apply", -1, flags, |context| apply(context))?;
    connection.create_scalar_function("hub_twin_etag", 1, flags, |context| {
        Ok(twin_etag(context.get(0)?))
    })?;
    connection.create_scalar_function("hub_etag", 1, flags, |context| {
        Ok(identity_etag(context.get(0)?))
    })?;
    connection.create_scalar_function("hub_time", 1, flags, |context| {
        let ticks: i64 = context.get(0)?;
        Ok(if ticks == 0 {
            NEVER.to_owned()
        } else {
            Time::from_ticks(ticks).trimmed()
        })
    })?;
    connection.create_scalar_function("hub_metadata", 5, flags, |context| {
        let stored: Option<String> = context.get(1)?;
        if let Some(stored) = stored {
            return Ok(stored);
        }
        Ok(twin::implied_metadata(
            &context.get::<String>(0)?,
            Time::from_ticks(context.get(2)?),
            context.get(3)?,
            created(context.get(4)?),
        ))
    })
}

/// `hub_apply(name, argument, …)`: an operator or function of the query language, by the language's own evaluator.
fn apply(context: &Context<'_>) -> rusqlite::Result<Sql> {
    let name: String = context.get(0)?;
    let mut arguments = Vec::with_capacity(context.len());
    for n in 1..context.len() {
        arguments.push(Expr::Literal(literal(context.get_raw(n))));
    }
    let expr = expression(&name, arguments);
    Ok(
        match expr.as_ref().map(|expr| evaluate(expr, &Value::Null)) {
            Some(Operand::Bool(value)) => Sql::Integer(value.into()),
            Some(Operand::Number(Number::Integer(value))) => Sql::Integer(value),
            Some(Operand::Number(value)) => Sql::Real(value.as_f64()),
            Some(Operand::String(value)) => Sql::Text(value.into_owned()),
            _ => Sql::Null,
        },
    )
}

fn expression(name: &str, mut arguments: Vec<Expr>) -> Option<Expr> {
    let arithmetic = match name {
        "+" => ArithmeticOp::Add,
        "-" => ArithmeticOp::Sub,
        "*" => ArithmeticOp::Mul,
        "/" => ArithmeticOp::Div,
        "%" => ArithmeticOp::Rem,
        _ => {
            return Some(Expr::Call {
                function: Function::from_name(name)?,
                arguments,
            });
        }
    };
    let right = Box::new(arguments.pop()?);
    Some(match arguments.pop() {
        Some(left) => Expr::Arithmetic {
            op: arithmetic,
            left: Box::new(left),
            right,
        },
        None => Expr::Negate(right),
    })
}

fn literal(value: ValueRef<'_>) -> Literal {
    match value {
        ValueRef::Integer(whole) => Literal::Number(Number::Integer(whole)),
        ValueRef::Real(float) => {
            Number::from_f64(float).map_or(Literal::Undefined, Literal::Number)
        }
        ValueRef::Text(text) => Literal::String(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Null | ValueRef::Blob(_) => Literal::Undefined,
    }
}
