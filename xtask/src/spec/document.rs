//! An OpenAPI document as JSON: its operations, what it refers to, and where its schemas are used.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The methods that a path can have.
pub(crate) const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// A document and what its parts are used for.
pub(crate) struct Document<'a> {
    pub(crate) root: &'a Value,
    /// Schemas that requests lead to.
    pub(crate) in_requests: BTreeSet<String>,
    /// Schemas that responses lead to, errors included.
    pub(crate) in_responses: BTreeSet<String>,
    /// Schemas that only declared errors lead to; the core has no type for them.
    pub(crate) only_in_errors: BTreeSet<String>,
}

/// One operation, with its place.
#[derive(Clone, Copy)]
pub(crate) struct Operation<'a> {
    pub(crate) path: &'a str,
    pub(crate) method: &'a str,
    pub(crate) item: &'a Value,
    pub(crate) value: &'a Value,
}

impl<'a> Operation<'a> {
    /// Its id; empty when it has none.
    pub(crate) fn id(self) -> &'a str {
        self.value["operationId"].as_str().unwrap_or_default()
    }

    /// What people call it: its id, or its place when it has none.
    pub(crate) fn name(self) -> String {
        match self.id() {
            "" => self.place(),
            id => id.to_owned(),
        }
    }

    /// Method and path.
    pub(crate) fn place(self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// Method and path, whatever the parameters of the path are called.
    pub(crate) fn nameless_place(self) -> (&'a str, String) {
        (self.method, without_names(self.path))
    }

    /// Where it is in the document, as a JSON pointer.
    pub(crate) fn pointer(self) -> String {
        format!("/paths/{}/{}", escape(self.path), self.method)
    }
}

/// A path with its parameters' names left out.
pub(crate) fn without_names(path: &str) -> String {
    let mut inside = false;
    path.chars()
        .filter(|letter| {
            let kept = !inside || *letter == '}';
            inside = *letter == '{' || inside && *letter != '}';
            kept
        })
        .collect()
}

/// The names of the parameters in a path.
pub(crate) fn path_names(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('{').skip(1);
    parts.filter_map(|part| part.split('}').next())
}

impl<'a> Document<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        let mut document = Self {
            root,
            in_requests: BTreeSet::new(),
            in_responses: BTreeSet::new(),
            only_in_errors: BTreeSet::new(),
        };
        let (mut requests, mut responses, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for operation in document.operations() {
            requests.extend(operation.value.get("requestBody"));
            requests.extend(document.parameters(operation).into_values());
            for (status, response) in members(operation.value.get("responses")) {
                if is_success(status) {
                    responses.push(response);
                } else {
                    errors.push(response);
                }
            }
        }
        let (requests, responses, errors) = (
            document.reachable(requests),
            document.reachable(responses),
            document.reachable(errors),
        );
        document.only_in_errors = errors
            .iter()
            .filter(|name| !requests.contains(*name) && !responses.contains(*name))
            .cloned()
            .collect();
        document.in_requests = requests;
        document.in_responses = responses.union(&errors).cloned().collect();
        document
    }

    /// The operations in the order of the document.
    pub(crate) fn operations(&self) -> Vec<Operation<'a>> {
        let mut found = Vec::new();
        let paths = members(self.root.get("paths")).filter(|(path, _)| !path.starts_with("x-"));
        for (path, item) in paths {
            for method in METHODS {
                if let Some(value) = item.get(method) {
                    found.push(Operation {
                        path,
                        method,
                        item,
                        value,
                    });
                }
            }
        }
        found
    }

    /// The parameters of an operation, those of its path included, resolved, by place and name.
    pub(crate) fn parameters(
        &self,
        operation: Operation<'a>,
    ) -> BTreeMap<(String, String), &'a Value> {
        let mut found = BTreeMap::new();
        for source in [operation.item, operation.value] {
            for parameter in source
                .get("parameters")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let parameter = self.resolve(parameter);
                let word = |key: &str| {
                    parameter
                        .get(key)
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned()
                };
                found.insert((word("in"), word("name")), parameter);
            }
        }
        found
    }

    /// What a reference leads to; the value itself if it is not a reference, or if it leads nowhere.
    pub(crate) fn resolve(&self, mut value: &'a Value) -> &'a Value {
        for _ in 0..16 {
            let target = refers(value)
                .and_then(|reference| reference.strip_prefix('#'))
                .and_then(|pointer| self.root.pointer(pointer));
            match target {
                Some(target) => value = target,
                None => break,
            }
        }
        value
    }

    /// A schema, and the elements of its `allOf` and of theirs, each once.
    pub(crate) fn parts(&self, schema: &'a Value) -> Vec<&'a Value> {
        let mut found: Vec<&'a Value> = Vec::new();
        let mut waiting = vec![schema];
        while let Some(next) = waiting.pop() {
            let next = self.resolve(next);
            if !found.iter().any(|known| std::ptr::eq(*known, next)) {
                found.push(next);
                waiting.extend(next["allOf"].as_array().into_iter().flatten());
            }
        }
        found
    }

    /// Whether anything in the document refers to this place.
    pub(crate) fn refers_to(&self, target: &str) -> bool {
        places(self.root, "").any(|(_, value)| reference(value) == Some(target))
    }

    fn reachable(&self, mut waiting: Vec<&'a Value>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        while let Some(next) = waiting.pop() {
            match next {
                Value::Array(items) => waiting.extend(items),
                Value::Object(object) => {
                    waiting.extend(object.values());
                    if let Some(target) = reference(next)
                        && seen.insert(target.to_owned())
                    {
                        waiting.push(self.resolve(next));
                        found.extend(
                            target
                                .strip_prefix("#/components/schemas/")
                                .map(str::to_owned),
                        );
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// A value and everything inside it, each with its JSON pointer; `pointer` is that of the value.
pub(crate) fn places<'v>(
    value: &'v Value,
    pointer: &str,
) -> impl Iterator<Item = (String, &'v Value)> {
    let mut waiting = vec![(pointer.to_owned(), value)];
    std::iter::from_fn(move || {
        let (pointer, value) = waiting.pop()?;
        let inside = members(Some(value));
        waiting.extend(inside.map(|(name, value)| (format!("{pointer}/{}", escape(name)), value)));
        let items = value.as_array().into_iter().flatten().enumerate();
        waiting.extend(items.map(|(index, item)| (format!("{pointer}/{index}"), item)));
        Some((pointer, value))
    })
}

/// Whether a status means success.
pub(crate) fn is_success(status: &str) -> bool {
    status.starts_with('2')
}

/// The target of a reference.
pub(crate) fn reference(value: &Value) -> Option<&str> {
    value.get("$ref").and_then(Value::as_str)
}

/// The target of a reference, also of one that an `allOf` of one element wraps.
pub(crate) fn refers(schema: &Value) -> Option<&str> {
    reference(schema).or_else(|| crate::spec::wrapped_reference(schema))
}

/// The members of an object; none for anything else.
pub(crate) fn members(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

/// The members of two objects by name: those of the old one, then those that only the new one has.
pub(crate) fn members_of_both<'v>(
    old: Option<&'v Value>,
    new: Option<&'v Value>,
) -> impl Iterator<Item = (&'v str, Option<&'v Value>, Option<&'v Value>)> {
    let get = |value: Option<&'v Value>, name: &str| value.and_then(|value| value.get(name));
    let olds = members(old).map(move |(name, value)| (name, Some(value), get(new, name)));
    let news = members(new).filter(move |(name, _)| get(old, name).is_none());
    olds.chain(news.map(|(name, value)| (name, None, Some(value))))
}

/// An object's members; an empty object for anything else.
pub(crate) fn object(value: Option<&Value>) -> Map<String, Value> {
    value
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

/// A part of a JSON pointer, escaped.
pub(crate) fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_path_parameters_do_not_count() {
        assert_eq!(
            without_names("/jobs/{id}/x/{y}"),
            without_names("/jobs/{job}/x/{z}")
        );
        assert_ne!(without_names("/jobs/{id}"), without_names("/jobs/id"));
        assert_eq!(Vec::from_iter(path_names("/a/{b}/c{d}")), ["b", "d"]);
    }
}
