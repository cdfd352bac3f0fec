//! The hub's query language: one parser, one tree, and its evaluation over rows.
//!
//! The language is the SQL-like one of `POST /devices/query`, of the `queryCondition` of a scheduled job and of
//! `devices filter --where`. [`parse_query`] reads a whole statement, [`parse_condition`] the bare condition that
//! follows `WHERE`. The tree is the same for both, so that a device file is filtered by the very rules by which
//! the local hub answers a query.
//!
//! ```
//! use jobs_devices::query::{parse_condition, Document};
//!
//! let condition = parse_condition("tags.site IN ['north', 'south'] AND NOT status = 'disabled'")?;
//! let document = serde_json::json!({"status": "enabled", "tags": {"site": "north"}});
//! assert!(condition.matches(&document));
//! # Ok::<(), jobs_devices::query::ParseError>(())
//! ```
//!
//! # Grammar
//!
//! ```text
//! statement  = SELECT [TOP n] ( '*' | item {',' item} ) FROM collection [WHERE condition] [GROUP BY path {',' path}]
//! item       = ( path | COUNT '(' ['*'] ')' | (AVG|SUM|MIN|MAX) '(' path ')' ) [AS name]
//! collection = devices | devices.modules | devices.jobs
//! condition  = '*' | or                  or  = and {OR and}        and = not {AND not}      not = NOT not | test
//! test       = sum [ ( = | != | <> | < | <= | > | >= ) sum | [NOT] IN list | NIN list ]
//! sum        = product {('+'|'-') product}         product = sign {('*'|'/'|'%') sign}       sign = '-' sign | value
//! value      = number | string | true | false | null | undefined | list | path | function '(' [or {',' or}] ')' | '(' or ')'
//! list       = '[' [or {',' or}] ']'
//! path       = name { '.' name | '[' string ']' | '[' index ']' }      name = identifier | '[[' text ']]'
//! ```
//!
//! Keywords and function names are case-insensitive. Strings stand in single or double quotes, with the escapes
//! `\'` `\"` `\\` `\/` `\b` `\f` `\n` `\r` `\t` `\uXXXX`. Numbers are decimal or `0x` hexadecimal. A word of the language that is also
//! the name of a member is written `[[group]]` at the start of a path; after a dot it needs no marks. A member whose name is
//! not an identifier is written `tags['odd key']`. There are no comments: `--` behind a value is refused, for it looks like one. The collection may prefix a path (`devices.jobs.jobId`); the tree does not keep it.
//!
//! # Meaning
//!
//! A member that is not there is *undefined*. A comparison with an undefined operand is undefined, arithmetic and
//! functions of it are undefined, `NOT` of undefined is undefined; a condition selects a document only when it is
//! *true*. So `tags.site != 'a'` selects nothing where there is no `tags.site`, and neither does `NOT tags.site = 'a'`.
//! The rest of the rules:
//!
//! | Expression | Value |
//! |---|---|
//! | `a AND b` | false when either is false, else undefined when either is undefined, else true |
//! | `a OR b` | true when either is true, else undefined when either is undefined, else false |
//! | any other defined value where a boolean is wanted | counts as false (documented by the service) |
//! | `=` `!=` of two kinds (`1 = '1'`), `null` included | false, true |
//! | `<` `<=` `>` `>=` of two kinds, of booleans or of null | undefined |
//! | any comparison with an array or object | undefined (the service compares primitive values only) |
//! | strings | by code point, case-sensitive |
//! | `x IN [a, b]` | `x = a OR x = b`; false for `[]`, undefined for an undefined `x` |
//! | `x NIN [a, b]` | `NOT (x IN [a, b])` |
//! | arithmetic of anything but numbers, division by zero | undefined |
//!
//! Names of the identity (`deviceId`, `status`, `tags`, `properties.desired`, …) match in any case, as the
//! service's own examples write them; member names inside tags and properties match exactly.
//!
//! The public reference allows twins only `IS_DEFINED` and keeps the other functions for message routes; here all of
//! them may be used.

mod ast;
mod call;
mod cursor;
mod display;
mod document;
mod error;
mod eval;
mod function;
mod lexer;
mod names;
mod operand;
mod parser;
mod path;
mod row;
mod row_ref;
mod statement;
mod unquoted;

pub use ast::{
    Aggregate, ArithmeticOp, Collection, CompareOp, Condition, Expr, Literal, Number, Path,
    Projected, Projection, Query, Segment, Selection,
};
pub use document::Document;
pub use error::ParseError;
pub use eval::evaluate;
pub use function::Function;
pub use names::canonical_name;
pub use operand::Operand;
pub use parser::parse_condition;
#[cfg(feature = "transform")]
pub(crate) use parser::parse_path;
pub use statement::parse_query;

/// How deep a condition may nest, in parentheses, signs, lists and calls together.
pub const MAX_NESTING: usize = 64;

/// How tall the tree of a condition may grow, long chains of arithmetic included.
///
/// Chains of `AND` and `OR` are flat in the tree and have no limit, nor have lists.
pub const MAX_HEIGHT: usize = 160;

/// The longest query, and the longest condition of a scheduled job, in bytes. The service returns 412 for a longer one, with a
/// text about etags (a public support case; the documentation has 8,192 characters).
///
/// The parser does not enforce it, for the lists of a device-file filter may be longer; the local hub does.
pub const MAX_CONDITION_BYTES: usize = 8192;

/// The condition behind `FROM devices.modules WHERE`, with which a scheduled job or a target condition selects modules.
///
/// ```
/// use jobs_devices::query::module_condition;
/// assert_eq!(module_condition("FROM devices.modules WHERE moduleId = 'm'"), Some("moduleId = 'm'"));
/// assert_eq!(module_condition("tags.site = 'a'"), None);
/// ```
pub fn module_condition(text: &str) -> Option<&str> {
    let mut rest = text.trim_start();
    for word in ["from", "devices.modules", "where"] {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        if !rest[..end].eq_ignore_ascii_case(word) {
            return None;
        }
        rest = rest[end..].trim_start();
    }
    Some(rest)
}
