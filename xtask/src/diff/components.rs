//! Rules for the shared parts of a document.

use super::comparison::{Comparison, Spot, Use};
use super::report::Class::{self, Additive, Breaking};
use crate::spec::document::{Document, escape, members_of_both};

/// Parts that are compared where operations refer to them.
const SHARED: [&str; 4] = ["parameters", "responses", "requestBodies", "headers"];

impl Comparison<'_> {
    pub(super) fn components(&mut self) {
        let (old, new) = (
            self.old.root.get("components"),
            self.new.root.get("components"),
        );
        let part = |kind| {
            let [old, new] = [old, new].map(|components| components.and_then(|all| all.get(kind)));
            members_of_both(old, new)
        };
        for (name, before, after) in part("schemas") {
            let is_enum = after
                .or(before)
                .is_some_and(|all| all.get("enum").is_some());
            let subject = format!("{} {name}", if is_enum { "enum" } else { "model" });
            let at = format!("/components/schemas/{}", escape(name));
            let spot = Spot::new(subject, at).used(self.role(name));
            let (role, rust) = (spot.role, spot.role.on_rust(Breaking));
            match (before, after) {
                (Some(_), Some(_)) => self.schema(&spot, before, after),
                (Some(_), None) if role.sent || role.read => self.breaks(&spot, "removed"),
                (Some(_), None) => self.add(&spot, Class::None, rust, "removed"),
                _ => self.add(&spot, Additive, role.on_rust(Additive), "added"),
            }
        }
        for kind in SHARED {
            for (name, before, after) in part(kind) {
                let at = format!("/components/{kind}/{}", escape(name));
                let target = format!("#{at}");
                let is_used = || self.old.refers_to(&target) || self.new.refers_to(&target);
                let message = match (before, after) {
                    (Some(_), None) => format!("shared {kind} `{name}` removed"),
                    (None, _) => format!("shared {kind} `{name}` added"),
                    _ if before == after || is_used() => continue,
                    _ => format!("unused {kind} `{name}` changed"),
                };
                self.note(&Spot::new("components", at), message);
            }
        }
        for (name, before, after) in part("securitySchemes") {
            let at = format!("/components/securitySchemes/{}", escape(name));
            let spot = Spot::new(format!("security scheme {name}"), at);
            if before.is_some() && after.is_some() {
                self.rest(&spot, before, after, &[], &["description"]);
            } else {
                self.add(&spot, Breaking, Class::None, "added or removed");
            }
        }
        let known = [&SHARED[..], &["schemas", "securitySchemes"]].concat();
        let spot = Spot::new("components", "/components");
        self.rest(&spot, old, new, &known, &["examples"]);
    }

    /// How either document uses a component.
    fn role(&self, name: &str) -> Use {
        let both = [&self.old, &self.new];
        let only_errors = |document: &Document<'_>| {
            let schemas = document.root.pointer("/components/schemas");
            document.only_in_errors.contains(name)
                || schemas.is_none_or(|schemas| schemas.get(name).is_none())
        };
        Use {
            sent: both.iter().any(|one| one.in_requests.contains(name)),
            read: both.iter().any(|one| one.in_responses.contains(name)),
            rust: !both.iter().all(|one| only_errors(one)),
            ..Use::default()
        }
    }
}
