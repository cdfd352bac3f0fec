//! Where the members of a twin, or of a job record, stand in the database.
//!
//! The counterpart of `Identity::twin_json`: what stands in that document stands here, under the same names.

use jobs_devices::query::{Collection, Path, Segment, canonical_name};

use super::values::{Constants, SqlValue};
use crate::registry::identity::NEVER;

/// The value that a path leads to.
pub(super) fn member(from: Collection, path: &Path, constants: &mut Constants) -> SqlValue {
    let root = canonical_name(path.root()).unwrap_or(path.root());
    if from == Collection::Jobs {
        let name = Segment::Key(root.to_owned());
        let steps: Vec<&Segment> = std::iter::once(&name).chain(path.rest()).collect();
        return inside("record", &steps, constants);
    }
    let rest: Vec<&Segment> = path.rest().iter().collect();
    match (root, rest.as_slice()) {
        ("tags", []) | ("properties", []) | ("x509Thumbprint", []) | ("capabilities", []) => {
            SqlValue::Object
        }
        ("tags", steps) => inside("tags", steps, constants),
        ("properties", [side, steps @ ..]) => properties(side, steps, constants),
        ("x509Thumbprint", [Segment::Key(name)]) => thumbprint(name),
        ("capabilities", [Segment::Key(name)]) if name.eq_ignore_ascii_case("iotEdge") => {
            SqlValue::Bool("iot_edge".to_owned())
        }
        ("parentScopes", steps) => inside("parent_scopes", steps, constants),
        (name, []) => top_level(name),
        _ => SqlValue::Undefined,
    }
}

fn top_level(name: &str) -> SqlValue {
    let text = |sql: &str| SqlValue::Text(sql.to_owned());
    match name {
        "deviceId" => text("device_id"),
        "moduleId" => text("nullif(module_id, '')"),
        "etag" => text("hub_twin_etag(twin_etag)"),
        "deviceEtag" => text("hub_etag(etag)"),
        "version" => SqlValue::Number("twin_version".to_owned()),
        "status" => text("status"),
        "statusReason" => nullable("status_reason"),
        "statusUpdateTime" => text("hub_time(status_updated)"),
        "connectionState" => text("'Disconnected'"),
        "lastActivityTime" => SqlValue::Text(format!("'{NEVER}'")),
        "cloudToDeviceMessageCount" => SqlValue::Number("0".to_owned()),
        "authenticationType" => text("auth_type"),
        "modelId" => text("''"),
        "deviceScope" => text("device_scope"),
        _ => SqlValue::Undefined,
    }
}

fn thumbprint(name: &str) -> SqlValue {
    if name.eq_ignore_ascii_case("primaryThumbprint") {
        nullable("primary_thumbprint")
    } else if name.eq_ignore_ascii_case("secondaryThumbprint") {
        nullable("secondary_thumbprint")
    } else {
        SqlValue::Undefined
    }
}

/// A text column whose NULL is shown as `null`.
fn nullable(column: &str) -> SqlValue {
    SqlValue::Member {
        kind: format!("(CASE WHEN {column} IS NULL THEN 'null' ELSE 'text' END)"),
        value: column.to_owned(),
    }
}

fn properties(side: &Segment, steps: &[&Segment], constants: &mut Constants) -> SqlValue {
    let side = match side {
        Segment::Key(name) if name.eq_ignore_ascii_case("desired") => "desired",
        Segment::Key(name) if name.eq_ignore_ascii_case("reported") => "reported",
        _ => return SqlValue::Undefined,
    };
    match steps {
        [] => SqlValue::Object,
        [Segment::Key(name), rest @ ..] if name == "$version" => match rest {
            [] => SqlValue::Number(format!("{side}_version")),
            _ => SqlValue::Undefined,
        },
        [Segment::Key(name), rest @ ..] if name == "$metadata" => inside(
            &format!(
                "hub_metadata({side}, {side}_metadata, twin_updated, {}, generation_id)",
                if side == "desired" {
                    "desired_version"
                } else {
                    "NULL"
                }
            ),
            rest,
            constants,
        ),
        steps => inside(side, steps, constants),
    }
}

/// A member of a JSON text: one path for SQLite as far as the names allow, else a look through the members.
fn inside(document: &str, steps: &[&Segment], constants: &mut Constants) -> SqlValue {
    let mut document = document.to_owned();
    let mut path = String::from("$");
    let mut odd: Option<(String, String)> = None;
    for step in steps {
        if let Some((whole, key)) = odd.take() {
            document = format!(
                "(SELECT value FROM json_each({whole}) WHERE key = {key} AND type IN ('object', 'array'))"
            );
        }
        match step {
            Segment::Index(position) => path.push_str(&format!("[{position}]")),
            Segment::Key(name) if is_plain(name) => path.push_str(&format!(".\"{name}\"")),
            Segment::Key(name) => {
                let (from, key) = (
                    constants.bind(std::mem::replace(&mut path, String::from("$"))),
                    constants.bind(name.clone()),
                );
                odd = Some((format!("{document}, {from}"), key));
            }
            _ => return SqlValue::Undefined,
        }
    }
    if let Some((whole, key)) = odd {
        let column =
            |name: &str| format!("(SELECT {name} FROM json_each({whole}) WHERE key = {key})");
        return SqlValue::Member {
            kind: column("type"),
            value: column("atom"),
        };
    }
    let path = constants.bind(path);
    SqlValue::Member {
        kind: format!("json_type({document}, {path})"),
        value: format!("json_extract({document}, {path})"),
    }
}

/// Whether a name can stand quoted in one of SQLite's JSON paths as it is.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name
            .chars()
            .any(|c| c.is_control() || matches!(c, '"' | '\\'))
}
