//! Rules for a document as a whole, and for what is in no operation and no component.

use super::comparison::{Comparison, Spot, change};
use super::report::Class::{self, Additive, Breaking};
use crate::spec::document::{METHODS, escape, members_of_both};

impl Comparison<'_> {
    pub(super) fn documents(&mut self) {
        let (old, new) = (self.old.root, self.new.root);
        self.info();
        self.operations();
        self.components();
        // Swagger 2.0 has it, and `upstream` compares two such documents.
        if old.get("basePath") != new.get("basePath") {
            let message = format!("base path {}", change(old, new, "basePath"));
            let spot = Spot::new("api", "/basePath");
            self.add(&spot, Breaking, Class::None, message);
        }
        let known = ["info", "paths", "components", "basePath"];
        let documentation = ["openapi", "servers", "tags", "externalDocs"];
        let spot = Spot::new("document", "");
        self.rest(&spot, Some(old), Some(new), &known, &documentation);
        self.paths();
    }

    fn info(&mut self) {
        let (old, new) = (&self.old.root["info"], &self.new.root["info"]);
        let spot = Spot::new("api", "/info");
        if old.get("version") != new.get("version") {
            let message = format!("version {}", change(old, new, "version"));
            self.add(&spot.at("version"), Additive, Additive, message);
        }
        let documentation = [
            "title",
            "description",
            "termsOfService",
            "contact",
            "license",
        ];
        self.rest(&spot, Some(old), Some(new), &["version"], &documentation);
    }

    /// Members of `paths` that are not paths, and members of a path that are not operations.
    fn paths(&mut self) {
        let known = [&METHODS[..], &["parameters"]].concat();
        let documentation = ["summary", "description", "servers"];
        for (path, before, after) in
            members_of_both(self.old.root.get("paths"), self.new.root.get("paths"))
        {
            let spot = Spot::new(format!("path {path}"), format!("/paths/{}", escape(path)));
            let is_bare =
                |item: &serde_json::Value| item.as_object().is_none_or(|item| item.is_empty());
            if path.starts_with("x-") {
                if before != after {
                    let spot = Spot::new("paths", spot.at);
                    self.note(&spot, format!("{path} added, removed or changed"));
                }
            } else if before.is_some() != after.is_some() && before.or(after).is_some_and(is_bare) {
                self.note(&spot, "added or removed, without any operation");
            } else {
                self.rest(&spot, before, after, &known, &documentation);
            }
        }
    }
}
