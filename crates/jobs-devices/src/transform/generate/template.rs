//! Rows made from a user's own example row.

use std::fmt::Write as _;
use std::str::FromStr;

use super::random::Random;
use crate::checked::{items, members};
use crate::transform::TransformError;
use crate::{Json, Row};

/// An example row with places to fill in.
///
/// The example is the JSON of a row. In its strings stand:
///
/// | Written | Becomes |
/// |---|---|
/// | `{n}`, `{n:6}` | the number of the row from 1; padded with zeros to six digits |
/// | `{int:5-90}` | a whole number from 5 to 90 |
/// | `{pick:north\|south}` | one of the words |
/// | `{hex:40}` | so many hexadecimal digits |
/// | `{uuid}` | a UUID |
/// | `{key}` | a test key, marked by [`TEST_KEY_MARK`](super::TEST_KEY_MARK) |
/// | `{{`, `}}` | a brace |
///
/// A string that is one such place with `=` in front, `"{=int:5-90}"`, becomes a number.
///
/// ```
/// use jobs_devices::transform::{generate, Context, GenerateOptions, Template};
/// let template: Template = r#"{"id":"pump-{n:4}","status":"enabled","tags":{"site":"{pick:a|b}","floor":"{=int:1-9}"}}"#.parse()?;
/// let mut file = Vec::new();
/// generate(&mut file, &GenerateOptions::new(2).template(template), &mut Context::new())?;
/// assert!(String::from_utf8(file)?.starts_with(r#"{"id":"pump-0001","status":"enabled","tags":{"site":""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

/// The row's text in order: what stands in it as it is, and what is made anew for each row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Number(usize),
    Integer(u64, u64),
    Pick(Vec<String>),
    Hex(usize),
    Uuid,
    Key,
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let json = Json::new(text).map_err(|error| TemplateError(error.to_string()))?;
        let mut pieces = Vec::new();
        compile(json.as_str(), MOST_LEVELS, &mut pieces)?;
        let mut joined: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (joined.last_mut(), piece) {
                (Some(Piece::Text(before)), Piece::Text(more)) => before.push_str(&more),
                (_, piece) => joined.push(piece),
            }
        }
        let template = Template(joined);
        let first = template.row(1, &mut Random::new(0));
        let second = template.row(2, &mut Random::new(1));
        match (first, second) {
            (Ok(a), Ok(b)) if a.id == b.id && a.module_id == b.module_id => Err(TemplateError(
                "every row would have the same id; write {n} into `id` or `moduleId`".to_owned(),
            )),
            (Err(error), _) | (_, Err(error)) => Err(TemplateError(error.to_string())),
            _ => Ok(template),
        }
    }
}

impl Template {
    pub(super) fn row(&self, number: u64, random: &mut Random) -> Result<Row, TransformError> {
        let mut line = String::with_capacity(512);
        for piece in &self.0 {
            // Writing to a string cannot fail.
            let _ = match piece {
                Piece::Text(text) => line.write_str(text),
                Piece::Number(width) => write!(line, "{number:0width$}"),
                Piece::Integer(least, most) => {
                    let more = match (most - least).checked_add(1) {
                        Some(span) => random.below(span),
                        None => random.next(),
                    };
                    write!(line, "{}", least + more)
                }
                Piece::Pick(words) => line.write_str(random.pick::<String>(words)),
                Piece::Hex(digits) => line.write_str(&random.hex(*digits)),
                Piece::Uuid => line.write_str(&random.uuid()),
                Piece::Key => line.write_str(&random.test_key()),
            };
        }
        line.parse()
            .map_err(|misfit| TransformError::Asked(format!("the template makes no row: {misfit}")))
    }
}

/// How deep an example may nest, which is far beyond what a twin may.
const MOST_LEVELS: usize = 64;

/// Takes checked JSON apart, so many levels deep; member names stay as they are.
fn compile(json: &str, levels: usize, pieces: &mut Vec<Piece>) -> Result<(), TemplateError> {
    let nested = || {
        levels.checked_sub(1).ok_or_else(|| {
            TemplateError(format!(
                "the example nests deeper than {MOST_LEVELS} levels; a twin takes {}",
                crate::rules::MAX_DEPTH
            ))
        })
    };
    match json.as_bytes().first() {
        Some(b'{') => {
            let levels = nested()?;
            let mut separator = '{';
            for (name, value) in members(json) {
                let mut quoted = Vec::new();
                name.push_json(&mut quoted);
                let name = String::from_utf8_lossy(&quoted).into_owned();
                pieces.push(Piece::Text(format!("{separator}{name}:")));
                separator = ',';
                compile(value, levels, pieces)?;
            }
            pieces.push(Piece::Text(
                if separator == '{' { "{}" } else { "}" }.to_owned(),
            ));
        }
        Some(b'[') => {
            let levels = nested()?;
            let mut separator = '[';
            for item in items(json) {
                pieces.push(Piece::Text(separator.to_string()));
                separator = ',';
                compile(item, levels, pieces)?;
            }
            pieces.push(Piece::Text(
                if separator == '[' { "[]" } else { "]" }.to_owned(),
            ));
        }
        Some(b'"') => compile_string(json, pieces)?,
        _ => pieces.push(Piece::Text(json.to_owned())),
    }
    Ok(())
}

fn compile_string(json: &str, pieces: &mut Vec<Piece>) -> Result<(), TemplateError> {
    let text = crate::field::string(json).map_err(|misfit| TemplateError(misfit.to_string()))?;
    if let Some(inside) = text
        .strip_prefix("{=")
        .and_then(|rest| rest.strip_suffix('}'))
    {
        let piece = place(inside)?;
        if !matches!(piece, Piece::Number(0) | Piece::Integer(..)) {
            return Err(TemplateError(format!(
                "{text:?}: only n and int: make a number"
            )));
        }
        pieces.push(piece);
        return Ok(());
    }
    pieces.push(Piece::Text("\"".to_owned()));
    let mut rest = &*text;
    while let Some(at) = rest.find(['{', '}']) {
        push_text(&rest[..at], pieces);
        let (brace, after) = rest[at..].split_at(1);
        if let Some(after) = after.strip_prefix(brace) {
            push_text(brace, pieces);
            rest = after;
        } else if brace == "}" {
            return Err(TemplateError(format!(
                "{text:?}: a brace alone is written }}}}"
            )));
        } else {
            let Some((inside, after)) = after.split_once('}') else {
                return Err(TemplateError(format!("{text:?}: a place ends with }}")));
            };
            pieces.push(place(inside)?);
            rest = after;
        }
    }
    push_text(rest, pieces);
    pieces.push(Piece::Text("\"".to_owned()));
    Ok(())
}

/// Text inside a string, escaped.
fn push_text(text: &str, pieces: &mut Vec<Piece>) {
    pieces.push(Piece::Text(escaped(text)));
}

fn escaped(text: &str) -> String {
    let mut quoted = Vec::new();
    crate::text::push_string(&mut quoted, text);
    String::from_utf8_lossy(&quoted[1..quoted.len() - 1]).into_owned()
}

fn place(inside: &str) -> Result<Piece, TemplateError> {
    let (name, argument) = match inside.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (inside, None),
    };
    let wrong = || {
        TemplateError(format!(
            "{{{inside}}} is none of {{n}} {{n:6}} {{int:1-9}} {{pick:a|b}} {{hex:40}} {{uuid}} {{key}}"
        ))
    };
    let size = |most: usize| {
        let size = argument.and_then(|text| text.parse().ok());
        size.filter(|size| *size <= most).ok_or_else(wrong)
    };
    match (name, argument) {
        ("n", None) => Ok(Piece::Number(0)),
        ("n", Some(_)) => size(40).map(Piece::Number),
        ("hex", Some(_)) => size(4096).map(Piece::Hex),
        ("int", Some(range)) => {
            let (least, most) = range.split_once('-').ok_or_else(wrong)?;
            match (least.parse(), most.parse()) {
                (Ok(least), Ok(most)) if least <= most => Ok(Piece::Integer(least, most)),
                _ => Err(wrong()),
            }
        }
        ("pick", Some(words)) => Ok(Piece::Pick(words.split('|').map(escaped).collect())),
        ("uuid", None) => Ok(Piece::Uuid),
        ("key", None) => Ok(Piece::Key),
        _ => Err(wrong()),
    }
}
