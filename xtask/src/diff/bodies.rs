//! Rules for request bodies and answers.

use serde_json::{Map, Value};

use super::document::{Document, escape, is_success, object};
use super::operations::DOCUMENTATION;
use super::schemas::{Use, rust_shape};
use super::{Class, Comparison};

impl<'a> Comparison<'a> {
    pub(super) fn request_body(
        &mut self,
        subject: &str,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
        at: &str,
    ) {
        let at = format!("{at}/requestBody");
        let old = old.map(|body| self.old.resolve(body));
        let new = new.map(|body| self.new.resolve(body));
        let (old, new) = match (old, new) {
            (None, None) => return,
            (Some(old), Some(new)) => (old, new),
            (None, Some(new)) => {
                let wire = if new["required"] == true {
                    Class::Breaking
                } else {
                    Class::Additive
                };
                return self.add(wire, Class::Breaking, subject, "request body added", &at);
            }
            (Some(_), None) => {
                return self.add(
                    Class::Breaking,
                    Class::Breaking,
                    subject,
                    "request body removed",
                    &at,
                );
            }
        };
        let subject = format!("{subject}, request body");
        match (old["required"] == true, new["required"] == true) {
            (false, true) => self.add(
                Class::Breaking,
                Class::Breaking,
                &subject,
                "made required",
                &at,
            ),
            (true, false) => self.add(
                Class::Additive,
                Class::Breaking,
                &subject,
                "made optional",
                &at,
            ),
            _ => {}
        }
        self.content(&subject, old, new, &at, Use::request(true));
        self.rest(
            &subject,
            old,
            new,
            &at,
            &["required", "content"],
            &DOCUMENTATION,
        );
    }

    pub(super) fn answers(
        &mut self,
        subject: &str,
        old: Option<&'a Value>,
        new: Option<&'a Value>,
        at: &str,
    ) {
        let at = format!("{at}/responses");
        let (before, after) = (map(old), map(new));
        if rust_answer(&self.old, before) != rust_answer(&self.new, after) {
            let message = "the success answers give the Rust call another type";
            self.add(Class::None, Class::Breaking, subject, message, &at);
        }
        let is_extension = |name: &&String| name.starts_with("x-");
        let extensions = |answers: Option<&Map<String, Value>>| -> Map<String, Value> {
            let mut found = answers.cloned().unwrap_or_default();
            found.retain(|name, _| is_extension(&name));
            found
        };
        if extensions(before) != extensions(after) {
            let message = "an extension beside the answers added, removed or changed";
            self.note(subject, message, &at);
        }
        for (status, answer) in before
            .into_iter()
            .flatten()
            .filter(|(name, _)| !is_extension(name))
        {
            let at = format!("{at}/{status}");
            let label = format!("{subject}, answer {status}");
            match after.and_then(|after| after.get(status)) {
                Some(other) => self.answer(&label, answer, other, &at, is_success(status)),
                None => self.add(Class::Breaking, Class::None, &label, "removed", &at),
            }
        }
        let statuses = after.into_iter().flatten().map(|(status, _)| status);
        for status in statuses.filter(|name| !is_extension(name)) {
            if before.is_none_or(|before| !before.contains_key(status)) {
                let label = format!("{subject}, answer {status}");
                self.add(
                    Class::Additive,
                    Class::None,
                    &label,
                    "added",
                    &format!("{at}/{status}"),
                );
            }
        }
    }

    fn answer(
        &mut self,
        subject: &str,
        old: &'a Value,
        new: &'a Value,
        at: &str,
        is_success: bool,
    ) {
        let (before, after) = (self.old.resolve(old), self.new.resolve(new));
        // A success gives the Rust call its type, which is judged as a whole; errors never reach the generator.
        let seen = self.changes.len();
        self.content(subject, before, after, at, Use::answer(is_success));
        self.headers(subject, before.get("headers"), after.get("headers"), at);
        self.rest(
            subject,
            before,
            after,
            at,
            &["content", "headers"],
            &DOCUMENTATION,
        );
        if seen == self.changes.len() && old != new {
            self.note(subject, "written in another place", at);
        }
    }

    fn headers(&mut self, subject: &str, old: Option<&'a Value>, new: Option<&'a Value>, at: &str) {
        let (before, after) = (map(old), map(new));
        for (name, header) in before.into_iter().flatten() {
            let at = format!("{at}/headers/{}", escape(name));
            let Some(other) = after.and_then(|after| after.get(name)) else {
                self.add(
                    Class::Breaking,
                    Class::None,
                    subject,
                    format!("header `{name}` removed"),
                    &at,
                );
                continue;
            };
            let (header, other) = (self.old.resolve(header), self.new.resolve(other));
            let label = format!("{subject}, header `{name}`");
            self.schema(
                &label,
                header.get("schema"),
                other.get("schema"),
                &at,
                Use::answer(false),
            );
            match (header["required"] == true, other["required"] == true) {
                (false, true) => {
                    self.add(Class::Additive, Class::None, &label, "made required", &at);
                }
                (true, false) => {
                    self.add(Class::Breaking, Class::None, &label, "made optional", &at);
                }
                _ => {}
            }
            let known = ["schema", "required"];
            self.rest(&label, header, other, &at, &known, &DOCUMENTATION);
        }
        for name in after.into_iter().flatten().map(|(name, _)| name) {
            if before.is_none_or(|before| !before.contains_key(name)) {
                self.add(
                    Class::Additive,
                    Class::None,
                    subject,
                    format!("header `{name}` added"),
                    at,
                );
            }
        }
    }

    /// The media types of a body and their schemas.
    fn content(&mut self, subject: &str, old: &'a Value, new: &'a Value, at: &str, role: Use) {
        let (before, after) = (map(old.get("content")), map(new.get("content")));
        let rust = if role.is_seen_by_rust() {
            Class::Breaking
        } else {
            Class::None
        };
        for (media, body) in before.into_iter().flatten() {
            let at = format!("{at}/content/{}", escape(media));
            if let Some(other) = after.and_then(|after| after.get(media)) {
                self.schema(
                    subject,
                    body.get("schema"),
                    other.get("schema"),
                    &format!("{at}/schema"),
                    role,
                );
                self.rest(subject, body, other, &at, &["schema"], &DOCUMENTATION);
            } else {
                self.add(
                    Class::Breaking,
                    rust,
                    subject,
                    format!("content type {media} removed"),
                    &at,
                );
            }
        }
        for media in after.into_iter().flatten().map(|(media, _)| media) {
            if before.is_none_or(|before| !before.contains_key(media)) {
                // The generator takes one content type, so a second one changes the call or stops it.
                self.add(
                    Class::Additive,
                    rust,
                    subject,
                    format!("content type {media} added"),
                    at,
                );
            }
        }
    }
}

fn map(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

/// What the Rust call answers, by the rule of the lowering: nothing, if one of the successes has no body.
fn rust_answer(document: &Document<'_>, responses: Option<&Map<String, Value>>) -> Option<Value> {
    let mut bodies = Vec::new();
    for (status, answer) in responses.into_iter().flatten() {
        if is_success(status) {
            let content = object(resolved(document, answer).get("content"));
            bodies.push(
                content
                    .values()
                    .next()
                    .and_then(|media| media.get("schema"))
                    .map(rust_shape),
            );
        }
    }
    if bodies.iter().any(Option::is_none) {
        return None;
    }
    // Different bodies stop the generator, so no type is the same as theirs.
    let all_equal = bodies.iter().all(|body| Some(body) == bodies.first());
    if all_equal {
        bodies.pop()?
    } else {
        Some(serde_json::json!(bodies))
    }
}

fn resolved(document: &Document<'_>, value: &Value) -> Value {
    super::document::reference(value)
        .and_then(|reference| reference.strip_prefix('#'))
        .and_then(|pointer| document.root.pointer(pointer))
        .unwrap_or(value)
        .clone()
}
