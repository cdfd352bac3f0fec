//! Files and functions that a person can hold in mind.

use syn::visit::{self, Visit};

/// Lines of a hand-written file.
const FILE: usize = 400;
/// Lines of a function.
const FUNCTION: usize = 60;

pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    if text
        .lines()
        .next()
        .is_some_and(|line| line.contains("Written by `cargo xtask"))
    {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if lines > FILE {
        findings.push(format!(
            "{path}: {lines} lines; split it by idea, {FILE} are enough for one"
        ));
    }
    match syn::parse_file(text) {
        Ok(file) => {
            let mut functions = Functions { path, findings };
            functions.visit_file(&file);
            functions.findings
        }
        Err(error) => {
            findings.push(format!(
                "{path}:{}: not Rust: {error}",
                error.span().start().line
            ));
            findings
        }
    }
}

struct Functions<'a> {
    path: &'a str,
    findings: Vec<String>,
}

impl Functions<'_> {
    fn measure(&mut self, name: &syn::Ident, block: &syn::Block) {
        let span = block.brace_token.span;
        let (first, last) = (span.open().start().line, span.close().end().line);
        let lines = last - first + 1;
        if lines > FUNCTION {
            self.findings.push(format!(
                "{}:{first}: the function {name} has {lines} lines; split it by idea, {FUNCTION} are enough for one",
                self.path
            ));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig.ident, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig.ident, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.measure(&item.sig.ident, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_function_is_found_with_its_line() {
        let body = "    let _ = 1;\n".repeat(59);
        let text = format!("//! x\n\nimpl X {{\n    fn long() {{\n{body}    }}\n}}\n");
        let findings = check("a.rs", &text);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(
            findings[0].starts_with("a.rs:4: the function long has 61 lines"),
            "{findings:?}"
        );
    }

    #[test]
    fn long_file_is_found_unless_it_is_generated() {
        let text = "// line\n".repeat(401);
        assert_eq!(check("a.rs", &text).len(), 1);
        let generated = format!("// Written by `cargo xtask generate`.\n{text}");
        assert_eq!(check("a.rs", &generated), Vec::<String>::new());
    }
}
