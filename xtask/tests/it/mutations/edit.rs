//! An edit of the spec, as somebody would make it.

use serde_json::Value;

#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// Puts a value where the pointer leads; its parent must be there. A last part `-` appends to a list.
    Set(&'static str, Value),
    /// Takes away what the pointer leads to.
    Remove(&'static str),
    /// Renames a member, in its place.
    Rename(&'static str, &'static str),
    /// Replaces a text everywhere.
    Replace(&'static str, &'static str),
}

pub(crate) fn set(pointer: &'static str, value: Value) -> Edit {
    Edit::Set(pointer, value)
}

pub(crate) fn remove(pointer: &'static str) -> Edit {
    Edit::Remove(pointer)
}

pub(crate) fn rename(pointer: &'static str, name: &'static str) -> Edit {
    Edit::Rename(pointer, name)
}

pub(crate) fn replace(from: &'static str, to: &'static str) -> Edit {
    Edit::Replace(from, to)
}

impl Edit {
    /// Applies the edit, and panics when it finds nothing to edit: a row that edits nothing tests nothing.
    pub(crate) fn apply(&self, document: &mut Value) {
        let before = document.clone();
        match self {
            Self::Set(pointer, value) => {
                let (parent, key) = parent(document, pointer);
                match parent {
                    Value::Object(members) => {
                        members.insert(key, value.clone());
                    }
                    Value::Array(items) if key == "-" => items.push(value.clone()),
                    Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
                    other => panic!("{pointer} is inside {other}"),
                }
            }
            Self::Remove(pointer) => {
                let (parent, key) = parent(document, pointer);
                match parent {
                    Value::Object(members) => drop(members.remove(&key)),
                    Value::Array(items) => drop(items.remove(key.parse().unwrap())),
                    other => panic!("{pointer} is inside {other}"),
                }
            }
            Self::Rename(pointer, name) => {
                let (parent, key) = parent(document, pointer);
                let members = parent.as_object_mut().unwrap();
                let value = members
                    .remove(&key)
                    .unwrap_or_else(|| panic!("no {pointer}"));
                members.insert((*name).to_owned(), value);
            }
            Self::Replace(from, to) => {
                *document = serde_json::from_str(&document.to_string().replace(from, to)).unwrap();
            }
        }
        assert_ne!(*document, before, "{self:?} edits nothing");
    }
}

fn parent<'a>(document: &'a mut Value, pointer: &str) -> (&'a mut Value, String) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    let found = document
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("no {parent}"));
    (found, key)
}
