//! Conditions asked of a row of a device file.

use std::borrow::Cow;

use super::ast::{Number, Path, Segment};
use super::document::Document;
use super::names::has_fixed_members;
use super::operand::Operand;
use crate::checked::{items, members};
use crate::field::string;
use crate::object::{Held, Node, Object};
use crate::row::Row;

/// Members of twins and queries that a row has under another path.
const ALIASES: [(&str, &[&str]); 3] = [
    ("deviceId", &["id"]),
    (AUTHENTICATION_TYPE, &["authentication", "type"]),
    ("x509Thumbprint", &["authentication", "x509Thumbprint"]),
];

/// Never `null`, for that is a member of the row's own.
pub(super) const AUTHENTICATION_TYPE: &str = "authenticationType";

/// The path in a row that the first name of a query's path means, in any case.
pub(super) fn path_in_row(root: &str) -> Option<&'static [&'static str]> {
    let alias = ALIASES
        .iter()
        .find(|(alias, _)| alias.eq_ignore_ascii_case(root));
    alias.map(|(_, path)| *path)
}

/// The row's own spelling of a name.
pub(super) fn name_in_row(root: &str) -> &str {
    let mut names = Row::TABLE.iter().map(|known| known.name);
    names
        .find(|name| name.eq_ignore_ascii_case(root))
        .unwrap_or(root)
}

/// A row under the names that twins and queries have for its members, and under the row's own: `deviceId` and `id`,
/// `authenticationType` and `authentication.type`, `x509Thumbprint` and `authentication.x509Thumbprint`.
///
/// Twin data is looked through as text: nothing is parsed that the path does not lead to.
impl Document for Row {
    fn find(&self, path: &Path) -> Operand<'_> {
        let root = path.root();
        let mut held = match path_in_row(root) {
            Some(names) => names
                .iter()
                .fold(Held::Object(self), |held, name| match held {
                    Held::Object(node) => held_by(node, name, true),
                    _ => Held::Absent,
                }),
            None => held_by(self, name_in_row(root), false),
        };
        for (taken, step) in path.rest().iter().enumerate() {
            held = match (held, step) {
                (Held::Object(node), Segment::Key(name)) => {
                    held_by(node, name, taken == 0 && has_fixed_members(root))
                }
                (Held::Texts(texts), Segment::Index(at)) => texts
                    .get(*at as usize)
                    .map_or(Held::Absent, |text| Held::Text(text)),
                (Held::Json(json), _) => return descend(json, path, taken),
                _ => return Operand::Undefined,
            };
        }
        match held {
            Held::Null if root.eq_ignore_ascii_case(AUTHENTICATION_TYPE) => Operand::Undefined,
            held => held.into(),
        }
    }
}

/// What an object has under the name; the last member where several have it.
fn held_by<'r>(node: &'r dyn Node, name: &str, any_case: bool) -> Held<'r> {
    let is_meant = |known: &str| known == name || (any_case && known.eq_ignore_ascii_case(name));
    let mut known = node.table().iter().map(|known| known.name);
    match known
        .find(|known| is_meant(known))
        .map(|known| node.held(known))
    {
        None | Some(Held::Absent) => {
            let unknown = node
                .extra()
                .iter()
                .filter(|(name, _)| is_meant(name))
                .last();
            unknown.map_or(Held::Absent, |(_, json)| Held::Json(json.as_str()))
        }
        Some(held) => held,
    }
}

impl<'r> From<Held<'r>> for Operand<'r> {
    fn from(held: Held<'r>) -> Self {
        match held {
            Held::Absent => Operand::Undefined,
            Held::Null => Operand::Null,
            Held::Text(text) => Operand::String(Cow::Borrowed(text)),
            Held::Bool(flag) => Operand::Bool(flag),
            Held::Integer(number) => Operand::Number(Number::Integer(number)),
            Held::Texts(_) => Operand::Array,
            Held::Json(json) => operand(json),
            Held::Object(_) => Operand::Object,
        }
    }
}

pub(super) fn owned<'a>(operand: Operand<'_>) -> Operand<'a> {
    match operand {
        Operand::String(text) => Operand::String(Cow::Owned(text.into_owned())),
        Operand::Undefined => Operand::Undefined,
        Operand::Null => Operand::Null,
        Operand::Bool(value) => Operand::Bool(value),
        Operand::Number(number) => Operand::Number(number),
        Operand::Array => Operand::Array,
        Operand::Object => Operand::Object,
    }
}

/// Follows the steps of a path, after the `taken` first of them, through the text of a value.
pub(super) fn descend<'a>(text: &'a str, path: &Path, taken: usize) -> Operand<'a> {
    let mut value = text;
    for (depth, step) in path.rest().iter().enumerate().skip(taken) {
        let next = match step {
            Segment::Key(name) => member(value, name, depth == 0 && has_fixed_members(path.root())),
            Segment::Index(at) => element(value, *at as usize),
        };
        match next {
            Some(found) => value = found,
            None => return Operand::Undefined,
        }
    }
    operand(value)
}

/// The last member of that name, as readers of JSON commonly take it.
fn member<'a>(object: &'a str, name: &str, any_case: bool) -> Option<&'a str> {
    let is_meant = |key: &str| *key == *name || (any_case && key.eq_ignore_ascii_case(name));
    members(object)
        .filter(|(key, _)| key.as_text().is_some_and(is_meant))
        .last()
        .map(|(_, value)| value)
}

fn element(array: &str, at: usize) -> Option<&str> {
    items(array).nth(at)
}

/// The operand a checked JSON text stands for. Half of a surrogate pair is no text, and so undefined.
pub(super) fn operand(text: &str) -> Operand<'_> {
    match text.as_bytes().first() {
        Some(b'{') => Operand::Object,
        Some(b'[') => Operand::Array,
        Some(b'"') => string(text).map_or(Operand::Undefined, Operand::String),
        Some(b't') => Operand::Bool(true),
        Some(b'f') => Operand::Bool(false),
        Some(b'n') => Operand::Null,
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _) => Operand::Number(Number::Integer(whole)),
            (_, Ok(float)) => Operand::from_float(float),
            _ => Operand::Undefined,
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::Row;
    use crate::query::parse_condition;

    const LINE: &str = r#"{"id":"d1","moduleId":"m1","eTag":"MQ==","status":"Enabled","statusReason":null,
        "authentication":{"type":"selfSigned","symmetricKey":null,"x509Thumbprint":{"primaryThumbprint":"AB"}},
        "twinETag":"x","tags":{"a":{"b":[1,{"c":"\u00e5"}]},"n":1.0,"n":2,"big":12345678901234567890,"z":1,"\ud800":7,"y":2},
        "properties":{"desired":{"fw":"1"},"reported":null},"capabilities":{"iotEdge":true},
        "parentScopes":["s0","s1"],"importMode":"update","x-extra":{"k":5}}"#;

    fn selects(condition: &str) -> bool {
        let row: Row = LINE.parse().expect("a row");
        parse_condition(condition)
            .expect("a condition")
            .matches(&row)
    }

    #[test]
    fn a_row_answers_under_the_names_of_queries_and_its_own() {
        for condition in [
            "deviceId = 'd1' AND id = 'd1' AND DeviceId = 'd1'",
            "moduleId = 'm1' AND etag = 'MQ==' AND eTag = 'MQ==' AND twinETag = 'x'",
            "status = 'enabled'",
            "importMode = 'update'",
            "IS_NULL(statusReason)",
            "authenticationType = 'selfSigned' AND authentication.type = 'selfSigned'",
            "IS_NULL(authentication.symmetricKey)",
            "x509Thumbprint.primaryThumbprint = 'AB'",
            "authentication.x509Thumbprint.primaryThumbprint = 'AB'",
            "capabilities.iotEdge = true AND capabilities.iotEdge",
            "tags.a.b[0] = 1 AND tags.a.b[1].c = 'å'",
            "tags.n = 2",
            "tags.big > 1e19",
            "properties.desired.fw = '1' AND IS_OBJECT(properties) AND IS_NULL(properties.reported)",
            "parentScopes[1] = 's1' AND IS_ARRAY(parentScopes)",
            "[[x-extra]].k = 5",
            "tags.z = 1 AND tags.y = 2",
            "NOT IS_DEFINED(deviceScope) AND NOT IS_DEFINED(tags.a.b[2]) AND NOT IS_DEFINED(status.x)",
        ] {
            assert!(selects(condition), "{condition}");
        }
        assert!(!selects("deviceScope != 'x'"));
        assert!(!selects("NOT properties.reported.x = 1"));
    }
}
