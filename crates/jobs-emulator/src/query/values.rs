//! Values of the query language as pieces of SQL.
//!
//! SQL's NULL stands for *undefined* everywhere, so that its three-valued logic is the language's own.

use rusqlite::types::Value as Bound;

/// The constants bound to a statement, in the order of their numbers.
#[derive(Debug, Default, Clone)]
pub(super) struct Constants(Vec<Bound>);

impl Constants {
    /// Binds a constant and gives its placeholder, which may be used more than once.
    pub(super) fn bind(&mut self, value: impl Into<Bound>) -> String {
        self.0.push(value.into());
        format!("?{}", self.0.len())
    }

    pub(super) fn into_values(self) -> Vec<Bound> {
        self.0
    }
}

/// A value: its kind, as far as it is known before a row is looked at, and the SQL that computes it.
#[derive(Debug, Clone)]
pub(super) enum SqlValue {
    /// Never a value.
    Undefined,
    /// Always `null`.
    Null,
    /// 1 or 0, or NULL.
    Bool(String),
    /// An integer or a real, or NULL.
    Number(String),
    /// A text, or NULL.
    Text(String),
    /// Some array; nothing more is asked of it.
    Array,
    /// Some object.
    Object,
    /// A member whose kind differs from row to row.
    Member {
        /// SQL for the kind in `json_type`'s words: `null`, `true`, `false`, `integer`, `real`, `text`, `array`, `object`, or NULL.
        kind: String,
        /// SQL for the value of a number or a text.
        value: String,
    },
}

/// Kinds that compare; `null` and booleans are told apart by a blob each, which equals no number and no text.
const NULL: &str = "x'00'";
const FALSE: &str = "x'01'";
const TRUE: &str = "x'02'";

impl SqlValue {
    /// SQL of one value in which equal values are equal to SQL and different ones are not; NULL for what does not compare.
    pub(super) fn comparable(&self) -> String {
        match self {
            Self::Undefined | Self::Array | Self::Object => "NULL".to_owned(),
            Self::Null => NULL.to_owned(),
            Self::Bool(sql) => format!("(CASE ({sql}) WHEN 1 THEN {TRUE} WHEN 0 THEN {FALSE} END)"),
            // The plus takes the affinity away that a column would lend to what it is compared with.
            Self::Number(sql) | Self::Text(sql) => format!("(+{sql})"),
            Self::Member { kind, value } => format!(
                "(CASE {kind} WHEN 'true' THEN {TRUE} WHEN 'false' THEN {FALSE} WHEN 'null' THEN {NULL} \
                 WHEN 'array' THEN NULL WHEN 'object' THEN NULL ELSE {value} END)"
            ),
        }
    }

    /// The number, where it is one.
    pub(super) fn as_number(&self) -> Option<String> {
        match self {
            Self::Number(sql) => Some(format!("(+{sql})")),
            Self::Member { kind, value } => Some(format!(
                "(CASE {kind} WHEN 'integer' THEN {value} WHEN 'real' THEN {value} END)"
            )),
            _ => None,
        }
    }

    /// The text, where it is one.
    pub(super) fn as_text(&self) -> Option<String> {
        match self {
            Self::Text(sql) => Some(sql.clone()),
            Self::Member { kind, value } => {
                Some(format!("(CASE {kind} WHEN 'text' THEN {value} END)"))
            }
            _ => None,
        }
    }

    /// The number or text, where it is one; NULL otherwise. For the arguments of functions.
    pub(super) fn as_argument(&self) -> String {
        match self {
            Self::Number(sql) | Self::Text(sql) => sql.clone(),
            Self::Member { kind, value } => format!(
                "(CASE {kind} WHEN 'text' THEN {value} WHEN 'integer' THEN {value} WHEN 'real' THEN {value} END)"
            ),
            _ => "NULL".to_owned(),
        }
    }

    /// The truth where a condition is wanted: every defined value that is not `true` counts as false.
    pub(super) fn as_truth(&self) -> String {
        match self {
            Self::Undefined => "NULL".to_owned(),
            Self::Null | Self::Array | Self::Object => "0".to_owned(),
            Self::Bool(sql) => format!("({sql})"),
            Self::Number(sql) | Self::Text(sql) => {
                format!("(CASE WHEN {sql} IS NOT NULL THEN 0 END)")
            }
            Self::Member { kind, .. } => format!("({kind} = 'true')"),
        }
    }

    /// 1 when the kind is one of these (in `json_type`'s words), else 0, never NULL.
    pub(super) fn is_one_of(&self, kinds: &[&str]) -> String {
        let has = |kind: &str| kinds.contains(&kind);
        let fixed = |sql: &str, response: bool| match response {
            true => format!("({sql} IS NOT NULL)"),
            false => "0".to_owned(),
        };
        match self {
            Self::Undefined => "0".to_owned(),
            Self::Null => u8::from(has("null")).to_string(),
            Self::Array => u8::from(has("array")).to_string(),
            Self::Object => u8::from(has("object")).to_string(),
            Self::Bool(sql) => fixed(&format!("({sql})"), has("true")),
            Self::Number(sql) => fixed(sql, has("real")),
            Self::Text(sql) => fixed(sql, has("text")),
            Self::Member { kind, .. } => {
                let list: Vec<String> = kinds.iter().map(|kind| format!("'{kind}'")).collect();
                format!("ifnull({kind} IN ({}), 0)", list.join(", "))
            }
        }
    }

    /// The kind in `json_type`'s words and the value, for results that are read back.
    pub(super) fn as_columns(&self) -> Option<(String, String)> {
        let of = |kind: &str, sql: &str| {
            Some((
                format!("(CASE WHEN {sql} IS NOT NULL THEN '{kind}' END)"),
                sql.to_owned(),
            ))
        };
        match self {
            Self::Undefined => Some(("NULL".to_owned(), "NULL".to_owned())),
            Self::Null => Some(("'null'".to_owned(), "NULL".to_owned())),
            Self::Bool(sql) => Some((
                format!("(CASE ({sql}) WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"),
                "NULL".to_owned(),
            )),
            Self::Number(sql) => of("real", sql),
            Self::Text(sql) => of("text", sql),
            Self::Member { kind, value } => Some((kind.clone(), value.clone())),
            Self::Array | Self::Object => None,
        }
    }
}
