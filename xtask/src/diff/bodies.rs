//! Rules for request bodies and responses.

use serde_json::Value;

use super::comparison::{Comparison, DOCUMENTATION, Spot, Use, is_required};
use super::report::Class::{self, Additive, Breaking};
use super::schemas::rust_shape;
use crate::spec::document::{Document, escape, is_success, members, members_of_both};

impl<'a> Comparison<'a> {
    pub(super) fn request_body(
        &mut self,
        spot: &Spot,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
    ) {
        let old = old.map(|body| self.old.resolve(body));
        let new = new.map(|body| self.new.resolve(body));
        let (old, new) = match (old, new) {
            (None, None) => return,
            (Some(old), Some(new)) => (old, new),
            (None, Some(new)) => {
                let wire = if is_required(new) { Breaking } else { Additive };
                return self.add(spot, wire, Breaking, "request body added");
            }
            (Some(_), None) => {
                return self.add(spot, Breaking, Breaking, "request body removed");
            }
        };
        let subject = format!("{}, request body", spot.subject);
        let spot = Spot::new(subject, &*spot.at).used(Use::request(true));
        self.requiredness(&spot, is_required(old), is_required(new), Breaking);
        self.content(&spot, old, new);
        let known = ["required", "content"];
        self.rest(&spot, Some(old), Some(new), &known, &DOCUMENTATION);
    }

    pub(super) fn responses(
        &mut self,
        spot: &Spot,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
    ) {
        if rust_response(&self.old, old) != rust_response(&self.new, new) {
            let message = "the success responses change the return type of the Rust call";
            self.add(spot, Class::None, Breaking, message);
        }
        for (status, before, after) in members_of_both(old, new) {
            if status.starts_with("x-") {
                if before != after {
                    self.note(spot, format!("{status} added, removed or changed"));
                }
                continue;
            }
            // Successes decide the return type of the Rust call, which is compared as a whole; errors never reach the generator.
            let spot = spot.part(&format!("response {status}"), status);
            let spot = spot.used(Use::response(is_success(status)));
            match (before, after) {
                (Some(before), Some(after)) => self.response(&spot, before, after),
                (Some(_), None) => self.add(&spot, Breaking, Class::None, "removed"),
                _ => self.add(&spot, Additive, Class::None, "added"),
            }
        }
    }

    fn response(&mut self, spot: &Spot, old: &'a Value, new: &'a Value) {
        let (before, after) = (self.old.resolve(old), self.new.resolve(new));
        let found = self.changes.len();
        self.content(spot, before, after);
        self.headers(spot, before.get("headers"), after.get("headers"));
        let known = ["content", "headers"];
        self.rest(spot, Some(before), Some(after), &known, &DOCUMENTATION);
        if found == self.changes.len() && old != new {
            self.note(spot, "written in another place");
        }
    }

    fn headers(&mut self, spot: &Spot, old: Option<&'a Value>, new: Option<&'a Value>) {
        for (name, before, after) in members_of_both(old, new) {
            let (before, after) = match (before, after) {
                (Some(before), Some(after)) => (before, after),
                (Some(_), None) => {
                    let message = format!("header `{name}` removed");
                    self.add(spot, Breaking, Class::None, message);
                    continue;
                }
                _ => {
                    let message = format!("header `{name}` added");
                    self.add(spot, Additive, Class::None, message);
                    continue;
                }
            };
            let (before, after) = (self.old.resolve(before), self.new.resolve(after));
            let place = format!("headers/{}", escape(name));
            let spot = spot.part(&format!("header `{name}`"), &place);
            let spot = spot.used(Use::response(false));
            self.schema(&spot, before.get("schema"), after.get("schema"));
            let (was, is) = (is_required(before), is_required(after));
            self.requiredness(&spot, was, is, Class::None);
            let known = ["schema", "required"];
            self.rest(&spot, Some(before), Some(after), &known, &DOCUMENTATION);
        }
    }

    /// The media types of a body and their schemas.
    fn content(&mut self, spot: &Spot, old: &'a Value, new: &'a Value) {
        for (media, before, after) in members_of_both(old.get("content"), new.get("content")) {
            let spot = spot.at(&format!("content/{}", escape(media)));
            match (before, after) {
                (Some(body), Some(other)) => {
                    self.schema(&spot.at("schema"), body.get("schema"), other.get("schema"));
                    self.rest(&spot, before, after, &["schema"], &DOCUMENTATION);
                }
                (Some(_), None) => self.breaks(&spot, format!("content type {media} removed")),
                _ => {
                    // The generator takes one content type, so a second one changes the call or stops it.
                    let message = format!("content type {media} added");
                    self.add(&spot, Additive, spot.role.on_rust(Breaking), message);
                }
            }
        }
    }
}

/// What the Rust call returns, by the rule of the lowering: nothing, if one of the successes has no body.
fn rust_response<'a>(document: &Document<'a>, responses: Option<&'a Value>) -> Option<Vec<Value>> {
    let successes = members(responses).filter(|(status, _)| is_success(status));
    let bodies = successes.map(|(_, response)| {
        let (_, media) = members(document.resolve(response).get("content")).next()?;
        media.get("schema").map(rust_shape)
    });
    // Different bodies stop the generator, so no type is the same as theirs.
    let mut bodies = bodies.collect::<Option<Vec<_>>>()?;
    if bodies.iter().all(|body| Some(body) == bodies.first()) {
        bodies.truncate(1);
    }
    (!bodies.is_empty()).then_some(bodies)
}
