//! What a statement selects, taken out of a document.

use jobs_devices::query::{Path, Projected, Projection, Segment};
use serde_json::{Map, Value};

/// The selected members of a document; one that is not there is left out.
pub(super) fn project(document: &Value, items: &[Projection]) -> Value {
    let mut row = Map::new();
    for item in items {
        if let Projected::Path(path) = &item.value
            && let Some(value) = value_at(document, path)
        {
            row.insert(item.output_name().to_owned(), value.clone());
        }
    }
    Value::Object(row)
}

/// The service's own names match in any case: the first, and those right below `properties` and its like.
fn value_at<'a>(document: &'a Value, path: &Path) -> Option<&'a Value> {
    let mut value = in_any_case(document, path.root())?;
    for (depth, step) in path.rest().iter().enumerate() {
        value = match step {
            Segment::Key(name) if depth == 0 && has_fixed_members(path.root()) => {
                in_any_case(value, name)?
            }
            Segment::Key(name) => value.get(name)?,
            Segment::Index(position) => value.get(*position as usize)?,
            _ => return None,
        };
    }
    Some(value)
}

fn in_any_case<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let members = value.as_object()?;
    members.get(name).or_else(|| {
        let found = members
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    })
}

fn has_fixed_members(root: &str) -> bool {
    ["properties", "capabilities", "x509Thumbprint"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(root))
}
