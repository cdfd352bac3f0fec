//! Rules for the shared parts of a document.

use serde_json::{Map, Value, json};

use super::document::{escape, members, object};
use super::schemas::{Use, subject};
use super::{Class, Comparison};

impl<'a> Comparison<'a> {
    pub(super) fn components(&mut self) {
        let old = self.old.root.pointer("/components/schemas");
        let new = self.new.root.pointer("/components/schemas");
        for (name, schema) in members(old) {
            let subject = subject(name, schema);
            let at = format!("/components/schemas/{}", escape(name));
            let role = self.role(name);
            match new.and_then(|new| new.get(name)) {
                Some(other) => self.schema(&subject, Some(schema), Some(other), &at, role),
                None => {
                    let wire = if role.sent || role.read {
                        Class::Breaking
                    } else {
                        Class::None
                    };
                    self.add(
                        wire,
                        role.on_rust(Class::Breaking),
                        &subject,
                        "removed",
                        &at,
                    );
                }
            }
        }
        for (name, schema) in members(new) {
            if old.is_none_or(|old| old.get(name).is_none()) {
                let role = self.role(name);
                let at = format!("/components/schemas/{}", escape(name));
                self.add(
                    Class::Additive,
                    role.on_rust(Class::Additive),
                    &subject(name, schema),
                    "added",
                    &at,
                );
            }
        }
        self.other_components();
    }

    /// Shared parameters and answers are compared where operations use them; what remains is compared here.
    fn other_components(&mut self) {
        let (old, new) = (
            self.old.root.get("components"),
            self.new.root.get("components"),
        );
        for kind in ["parameters", "responses", "requestBodies", "headers"] {
            self.shared(kind, part(old, kind), part(new, kind));
        }
        self.security(part(old, "securitySchemes"), part(new, "securitySchemes"));
        let known = [
            "schemas",
            "parameters",
            "responses",
            "requestBodies",
            "headers",
            "securitySchemes",
        ];
        let (old, new) = (json!(object(old)), json!(object(new)));
        self.rest(
            "components",
            &old,
            &new,
            "/components",
            &known,
            &["examples"],
        );
    }

    fn shared(&mut self, kind: &str, old: Map<String, Value>, new: Map<String, Value>) {
        let at = format!("/components/{kind}");
        for name in old.keys().filter(|name| !new.contains_key(*name)) {
            self.note("components", format!("shared {kind} `{name}` removed"), &at);
        }
        for name in new.keys().filter(|name| !old.contains_key(*name)) {
            self.note("components", format!("shared {kind} `{name}` added"), &at);
        }
        // What operations refer to is compared there; what nothing refers to means nothing.
        for (name, value) in &old {
            let at = format!("{at}/{}", escape(name));
            let target = format!("#{at}");
            let is_used = self.old.refers_to(&target) || self.new.refers_to(&target);
            if !is_used && new.get(name).is_some_and(|other| other != value) {
                self.note("components", format!("unused {kind} `{name}` changed"), &at);
            }
        }
    }

    fn security(&mut self, old: Map<String, Value>, new: Map<String, Value>) {
        let at = "/components/securitySchemes";
        for (name, scheme) in &old {
            if let Some(other) = new.get(name) {
                let (subject, at) = (
                    format!("security scheme {name}"),
                    format!("{at}/{}", escape(name)),
                );
                self.rest(&subject, scheme, other, &at, &[], &["description"]);
            }
        }
        if old.keys().any(|name| !new.contains_key(name))
            || new.keys().any(|name| !old.contains_key(name))
        {
            let message = "security schemes added or removed";
            self.add(Class::Breaking, Class::None, "components", message, at);
        }
    }

    /// How either document uses a component.
    fn role(&self, name: &str) -> Use {
        let any = |sets: [&std::collections::BTreeSet<String>; 2]| {
            sets.iter().any(|set| set.contains(name))
        };
        let sent = any([&self.old.in_requests, &self.new.in_requests]);
        let read = any([&self.old.in_answers, &self.new.in_answers]);
        let only_errors = |document: &super::Document<'_>| {
            document.only_in_errors.contains(name)
                || document
                    .root
                    .pointer("/components/schemas")
                    .is_none_or(|s| s.get(name).is_none())
        };
        let rust = !(only_errors(&self.old) && only_errors(&self.new));
        Use {
            sent,
            read,
            rust,
            in_option: false,
            is_version: false,
        }
    }
}

fn part(components: Option<&Value>, kind: &str) -> Map<String, Value> {
    object(components.and_then(|components| components.get(kind)))
}
