//! Files and functions that a person can hold in mind.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// What a person holds in mind, and what is let pass above it: a rule of thumb is not worth a bad cut.
struct Limit {
    about: usize,
    at_most: usize,
}

const FILE: Limit = Limit {
    about: 400,
    at_most: 500,
};
const FUNCTION: Limit = Limit {
    about: 60,
    at_most: 75,
};
/// A test tells one story from start to end.
const TEST_FUNCTION: Limit = Limit {
    about: 60,
    at_most: 100,
};
/// A comment that starts so, above the function or in the first lines of the file, says why it is long.
const WAIVER: &str = "// long because ";

pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let is_generated = |line: &str| line.contains("Written by `cargo xtask");
    if text.lines().next().is_some_and(is_generated) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    let is_waived = lines.iter().take(20).any(|line| line.starts_with(WAIVER));
    if lines.len() > FILE.at_most && !is_waived {
        findings.push(too_long(path, &format!("{} lines", lines.len()), &FILE));
    }
    let is_test = path.split('/').any(|part| part == "tests");
    let limit = if is_test { TEST_FUNCTION } else { FUNCTION };
    // What is not Rust is the compiler's finding.
    for (name, body) in functions(text.parse().unwrap_or_default()) {
        let first = body.span_open().start().line;
        let count = body.span_close().end().line - first + 1;
        if count > limit.at_most && !is_waived_above(&lines[..first - 1]) {
            let what = format!("the function {name} has {count} lines");
            findings.push(too_long(&format!("{path}:{first}"), &what, &limit));
        }
    }
    findings
}

/// The names and bodies of all functions among tokens, those inside of others too.
fn functions(tokens: TokenStream) -> Vec<(String, Group)> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            found.extend(functions(group.stream()));
        }
        let [word, TokenTree::Ident(name), rest @ ..] = &tokens[at..] else {
            continue;
        };
        let signature = rest.iter().take_while(|token| token.to_string() != ";");
        let body = signature.filter_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
            _ => None,
        });
        if word.to_string() == "fn" {
            found.extend(body.take(1).map(|body| (name.to_string(), body.clone())));
        }
    }
    found
}

/// Whether a comment above a function says why it is long. Attributes and documentation may be in between.
fn is_waived_above(lines: &[&str]) -> bool {
    let above = lines.iter().rev().take(12).map(|line| line.trim_start());
    above
        .take_while(|line| !line.is_empty())
        .any(|line| line.starts_with(WAIVER))
}

fn too_long(place: &str, what: &str, limit: &Limit) -> String {
    let about = limit.about;
    format!(
        "{place}: {what}; about {about} are enough. Split it by idea, or say why above it with `{WAIVER}…`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(lines: usize, above: &str) -> String {
        let body = "    let _ = 1;\n".repeat(lines - 2);
        format!("//! x\n\nimpl X {{\n{above}    fn long() {{\n{body}    }}\n}}\n")
    }

    #[test]
    fn long_function_is_found_with_its_line() {
        assert_eq!(check("src/a.rs", &function(75, "")), Vec::<String>::new());
        let findings = check("src/a.rs", &function(76, ""));
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(
            findings[0].starts_with("src/a.rs:4: the function long has 76 lines"),
            "{findings:?}"
        );
        assert_eq!(
            check("tests/a.rs", &function(100, "")),
            Vec::<String>::new()
        );
        assert_eq!(check("tests/a.rs", &function(101, "")).len(), 1);
    }

    #[test]
    fn reason_above_it_lets_a_long_one_pass() {
        let reason = "    // long because a table is read in one piece\n    #[test]\n";
        assert_eq!(
            check("src/a.rs", &function(76, reason)),
            Vec::<String>::new()
        );
        let file = format!("//! x\n{}", "// line\n".repeat(500));
        assert_eq!(check("a.rs", &file).len(), 1);
        assert_eq!(
            check("a.rs", &format!("// long because it is a list\n{file}")),
            Vec::<String>::new()
        );
    }

    #[test]
    fn generated_file_may_be_long() {
        let generated = format!(
            "// Written by `cargo xtask generate`.\n{}",
            "// line\n".repeat(501)
        );
        assert_eq!(check("a.rs", &generated), Vec::<String>::new());
    }
}
