//! From the tree of a condition to SQL.

use jobs_devices::query::{Collection, CompareOp, Condition, Expr, Function, Literal, Number};
use rusqlite::Statement;
use rusqlite::types::Value as Bound;

use super::members::member;
use super::values::{Constants, SqlValue};

/// The SQL of a condition and its constants.
///
/// The constants have the numbers from 1 on; what is added to the statement gets later ones from [`Filter::bind`].
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    sql: String,
    constants: Constants,
}

impl Filter {
    /// Translates a condition over a collection; none stands for `*`.
    pub(crate) fn new(from: Collection, condition: Option<&Condition>) -> Self {
        let mut translator = Translator {
            from,
            constants: Constants::default(),
        };
        let sql = match condition.and_then(Condition::expr) {
            Some(expr) => translator.truth(expr),
            None => "1".to_owned(),
        };
        Self {
            sql,
            constants: translator.constants,
        }
    }

    /// What stands after WHERE: 1 for the rows that the condition selects.
    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    /// Binds a further constant.
    pub(crate) fn bind(&mut self, value: impl Into<Bound>) -> String {
        self.constants.bind(value)
    }

    pub(super) fn constants(&mut self) -> &mut Constants {
        &mut self.constants
    }

    /// The constants for a statement made of this, in order.
    ///
    /// Constants at the end that the SQL does not mention are left out: a comparison that can have no value is dropped
    /// with all that stands in it.
    pub(crate) fn values_for(self, statement: &Statement<'_>) -> Vec<Bound> {
        let mut values = self.constants.into_values();
        values.truncate(statement.parameter_count());
        values
    }
}

struct Translator {
    from: Collection,
    constants: Constants,
}

impl Translator {
    /// SQL that is 1, 0 or, when undefined, NULL.
    fn truth(&mut self, expr: &Expr) -> String {
        match expr {
            Expr::Not(inner) => format!("(NOT {})", self.truth(inner)),
            Expr::And(parts) => self.joined(parts, "AND"),
            Expr::Or(parts) => self.joined(parts, "OR"),
            Expr::Compare { op, left, right } => {
                let (left, right) = (self.value(left), self.value(right));
                compare(*op, &left, &right)
            }
            Expr::In {
                needle,
                list,
                negated,
            } => self.contained(needle, list, *negated),
            _ => self.value(expr).as_truth(),
        }
    }

    /// A chain as a balanced tree: SQLite bounds the depth of an expression, and chains have no length limit.
    fn joined(&mut self, parts: &[Expr], word: &str) -> String {
        match parts {
            [] => "1".to_owned(),
            [one] => self.truth(one),
            _ => {
                let (first, second) = parts.split_at(parts.len() / 2);
                let (first, second) = (self.joined(first, word), self.joined(second, word));
                format!("({first} {word} {second})")
            }
        }
    }

    fn contained(&mut self, needle: &Expr, list: &[Expr], negated: bool) -> String {
        let needle = self.value(needle);
        let items: Vec<SqlValue> = list.iter().map(|item| self.value(item)).collect();
        let not = if negated { "NOT " } else { "" };
        if let SqlValue::Text(sql) = &needle
            && !items.is_empty()
            && let Some(texts) = items.iter().map(text_only).collect::<Option<Vec<_>>>()
        {
            // The bare column, so that its index can be used.
            return format!("({sql} {not}IN ({}))", texts.join(", "));
        }
        let needle = needle.comparable();
        if items.is_empty() {
            // SQL says false even of an undefined needle.
            return format!(
                "(CASE WHEN {needle} IS NOT NULL THEN {} END)",
                u8::from(negated)
            );
        }
        let items: Vec<String> = items.iter().map(SqlValue::comparable).collect();
        format!("({needle} {not}IN ({}))", items.join(", "))
    }

    fn value(&mut self, expr: &Expr) -> SqlValue {
        match expr {
            Expr::Literal(literal) => self.literal(literal),
            Expr::Array(_) => SqlValue::Array,
            Expr::Path(path) => member(self.from, path, &mut self.constants),
            Expr::Negate(inner) => {
                let inner = self.value(inner).as_argument();
                SqlValue::Number(format!("hub_apply('-', {inner})"))
            }
            Expr::Arithmetic { op, left, right } => {
                let (left, right) = (self.value(left), self.value(right));
                // Texts are no operands; the evaluator would be asked in vain.
                match (left.as_number(), right.as_number()) {
                    (Some(left), Some(right)) => {
                        SqlValue::Number(format!("hub_apply('{}', {left}, {right})", op.symbol()))
                    }
                    _ => SqlValue::Undefined,
                }
            }
            Expr::Call {
                function,
                arguments,
            } => self.call(*function, arguments),
            _ => SqlValue::Bool(self.truth(expr)),
        }
    }

    fn literal(&mut self, literal: &Literal) -> SqlValue {
        match literal {
            Literal::Null => SqlValue::Null,
            Literal::Bool(value) => SqlValue::Bool(u8::from(*value).to_string()),
            Literal::Number(Number::Integer(whole)) => {
                SqlValue::Number(self.constants.bind(*whole))
            }
            Literal::Number(number) => SqlValue::Number(self.constants.bind(number.as_f64())),
            Literal::String(text) => SqlValue::Text(self.constants.bind(text.clone())),
            _ => SqlValue::Undefined,
        }
    }

    fn call(&mut self, function: Function, arguments: &[Expr]) -> SqlValue {
        let arguments: Vec<SqlValue> = arguments
            .iter()
            .map(|argument| self.value(argument))
            .collect();
        if let (Some(kinds), [one]) = (kinds_asked_for(function), arguments.as_slice()) {
            return SqlValue::Bool(one.is_one_of(kinds));
        }
        let list: Vec<String> = arguments.iter().map(SqlValue::as_argument).collect();
        let sql = format!("hub_apply('{}', {})", function.name(), list.join(", "));
        match function {
            Function::StartsWith | Function::EndsWith | Function::Contains => SqlValue::Bool(sql),
            Function::Concat | Function::Lower | Function::Upper | Function::Substring => {
                SqlValue::Text(sql)
            }
            _ => SqlValue::Number(sql),
        }
    }
}

fn text_only(value: &SqlValue) -> Option<&str> {
    match value {
        SqlValue::Text(sql) => Some(sql),
        _ => None,
    }
}

/// The kinds for which a function of the `IS_…` family answers true; none for another function.
fn kinds_asked_for(function: Function) -> Option<&'static [&'static str]> {
    Some(match function {
        Function::IsDefined => &[
            "null", "true", "false", "integer", "real", "text", "array", "object",
        ],
        Function::IsNull => &["null"],
        Function::IsBool => &["true", "false"],
        Function::IsNumber => &["integer", "real"],
        Function::IsString => &["text"],
        Function::IsObject => &["object"],
        Function::IsArray => &["array"],
        Function::IsPrimitive => &["null", "true", "false", "integer", "real", "text"],
        _ => return None,
    })
}

fn compare(op: CompareOp, left: &SqlValue, right: &SqlValue) -> String {
    let symbol = op.symbol();
    match op {
        CompareOp::Eq | CompareOp::Ne => match (left, right) {
            // The bare column, so that its index can be used.
            (SqlValue::Text(left), SqlValue::Text(right)) => format!("({left} {symbol} {right})"),
            _ => format!("({} {symbol} {})", left.comparable(), right.comparable()),
        },
        _ => {
            let of = |pair: (Option<String>, Option<String>)| match pair {
                (Some(left), Some(right)) => Some(format!("({left} {symbol} {right})")),
                _ => None,
            };
            let numbers = of((left.as_number(), right.as_number()));
            let texts = of((left.as_text(), right.as_text()));
            match (numbers, texts) {
                (Some(numbers), Some(texts)) => format!("coalesce({numbers}, {texts})"),
                (Some(one), None) | (None, Some(one)) => one,
                (None, None) => "NULL".to_owned(),
            }
        }
    }
}
