//! Conditions asked of a row of a device file.

use std::borrow::Cow;

use super::ast::{Number, Path, Segment};
use super::document::{Document, has_fixed_members};
use super::eval::Operand;
use crate::checked::{items, members};
use crate::field::string;
use crate::row::{Authentication, Capabilities, Properties, Row};

/// A row under the names that twins and queries have for its members, and under the row's own: `deviceId` and `id`,
/// `authenticationType` and `authentication.type`, `x509Thumbprint` and `authentication.x509Thumbprint`.
///
/// Twin data is looked through as text: nothing is parsed that the path does not lead to.
impl Document for Row {
    fn find(&self, path: &Path) -> Operand<'_> {
        let name = path.root().to_ascii_lowercase();
        let steps = path.rest();
        let text = |value: Option<&'_ str>, wire: &str| match (value, steps.is_empty()) {
            (Some(value), true) => Operand::String(Cow::Owned(value.to_owned())),
            (None, true) if self.is_null(wire) => Operand::Null,
            _ => Operand::Undefined,
        };
        match name.as_str() {
            "deviceid" | "id" => text(Some(&self.id), "id"),
            "moduleid" => text(self.module_id.as_deref(), "moduleId"),
            "etag" => text(self.etag.as_deref(), "eTag"),
            "twinetag" => text(self.twin_etag.as_deref(), "twinETag"),
            "importmode" => text(self.import_mode.as_ref().map(|m| m.as_str()), "importMode"),
            "status" => text(self.status.as_ref().map(|s| s.as_str()), "status"),
            "statusreason" => text(self.status_reason.as_deref(), "statusReason"),
            "devicescope" => text(self.device_scope.as_deref(), "deviceScope"),
            "authenticationtype" => {
                let kind = self.authentication.as_ref().and_then(|a| a.kind.as_ref());
                text(kind.map(|kind| kind.as_str()), "")
            }
            "authentication" => part(
                self.authentication.as_ref().map(authentication_text),
                self.is_null("authentication"),
                path,
                0,
            ),
            "x509thumbprint" => {
                let thumbprint = self.authentication.as_ref().map(authentication_text);
                let inner = thumbprint
                    .as_deref()
                    .and_then(|text| member(text, "x509Thumbprint", true));
                part(inner.map(str::to_owned), false, path, 0)
            }
            "capabilities" => part(
                self.capabilities.as_ref().map(capabilities_text),
                self.is_null("capabilities"),
                path,
                0,
            ),
            "parentscopes" => scopes(self, steps),
            "tags" => match &self.tags {
                Some(tags) => descend(tags.as_str(), path, 0),
                None => null_or_undefined(self.is_null("tags") && steps.is_empty()),
            },
            "properties" => properties(self, path),
            _ => match self.extra.get(path.root()) {
                Some(value) => descend(value.as_str(), path, 0),
                None => Operand::Undefined,
            },
        }
    }
}

fn null_or_undefined<'a>(null: bool) -> Operand<'a> {
    if null {
        Operand::Null
    } else {
        Operand::Undefined
    }
}

fn properties<'a>(row: &'a Row, path: &Path) -> Operand<'a> {
    let Some(Properties {
        desired, reported, ..
    }) = &row.properties
    else {
        return null_or_undefined(row.is_null("properties") && path.rest().is_empty());
    };
    let (section, name) = match path.rest().first() {
        None => return Operand::Object,
        Some(Segment::Key(name)) if name.eq_ignore_ascii_case("desired") => (desired, "desired"),
        Some(Segment::Key(name)) if name.eq_ignore_ascii_case("reported") => (reported, "reported"),
        Some(_) => return Operand::Undefined,
    };
    match section {
        Some(object) => descend(object.as_str(), path, 1),
        None => {
            let null = row.properties.as_ref().is_some_and(|p| p.is_null(name));
            null_or_undefined(null && path.rest().len() == 1)
        }
    }
}

fn scopes<'a>(row: &'a Row, steps: &[Segment]) -> Operand<'a> {
    match (&row.parent_scopes, steps) {
        (Some(_), []) => Operand::Array,
        (Some(scopes), [Segment::Index(at)]) => {
            Operand::from(scopes.get(*at as usize).map(String::as_str))
        }
        (None, []) => null_or_undefined(row.is_null("parentScopes")),
        _ => Operand::Undefined,
    }
}

/// The small parts of a row are looked through as the text they are written as.
fn authentication_text(part: &Authentication) -> String {
    let mut out = Vec::new();
    part.write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn capabilities_text(part: &Capabilities) -> String {
    let mut out = Vec::new();
    part.write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn part<'a>(text: Option<String>, null: bool, path: &Path, taken: usize) -> Operand<'a> {
    match text {
        Some(text) => owned(descend(&text, path, taken)),
        None => null_or_undefined(null && path.rest().is_empty()),
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
