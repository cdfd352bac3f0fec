//! Proof by mutation: edits of the spec, and for each the findings of lint, the verdict of the diff, and whether generation
//! succeeds or is rejected with words. For many of them the regenerated crate is compiled.

mod compiled;
pub(crate) mod edit;
mod nulls;
mod table;

pub(crate) use table::next_version;

use std::collections::BTreeSet;

use serde_json::Value;
use xtask::{diff, generate, lint};

fn spec() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/jobs.openapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn edited(edits: &[edit::Edit]) -> Value {
    let mut document = spec();
    edits.iter().for_each(|edit| edit.apply(&mut document));
    document
}

#[test]
fn every_kind_of_edit_is_linted_judged_and_generated_as_the_table_says() {
    let rows = table::rows();
    assert!(rows.len() >= 40 && rows.iter().filter(|row| row.compiles).count() >= 35);
    let names: BTreeSet<_> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len(), "two rows have one name");

    let mut wrong = Vec::new();
    let old = spec();
    for row in rows {
        let new = edited(&row.edits);
        let text = serde_json::to_string_pretty(&new).unwrap();

        let found: BTreeSet<_> = lint::lint(&text)
            .into_iter()
            .map(|finding| finding.rule)
            .collect();
        if found != row.lint.iter().copied().collect() {
            wrong.push(format!(
                "{}: lint finds {found:?} instead of {:?}",
                row.name, row.lint
            ));
        }
        let report = diff::compare(&old, &new);
        if report.class != row.class {
            wrong.push(format!(
                "{}: {:?} instead of {:?}\n{}",
                row.name,
                report.class,
                row.class,
                report.text()
            ));
        }
        match (generate::core(&text), row.rejection) {
            (Ok(core), None) => assert!(syn::parse_file(&core).is_ok(), "{}: not Rust", row.name),
            (Err(problem), Some(words)) if problem.to_string().contains(words) => {}
            (Ok(_), Some(words)) => wrong.push(format!(
                "{}: generated, instead of rejected with {words:?}",
                row.name
            )),
            (Err(problem), words) => wrong.push(format!(
                "{}: {words:?} expected, rejected with {problem}",
                row.name
            )),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} rows are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn formatting_and_key_order_are_not_a_change() {
    // The parsed form has its keys sorted, the file has not.
    let text = serde_json::to_string(&spec()).unwrap();
    let report = diff::compare(&spec(), &serde_json::from_str(&text).unwrap());
    assert_eq!(report.class, diff::Class::None);
    assert_eq!(report.exit_code(), 0);
}

/// A verdict must not depend on which of two documents is called old, where the edit is its own opposite.
#[test]
fn what_breaks_forwards_and_backwards_is_found_both_ways() {
    let new = edited(&[edit::rename(
        "/components/schemas/JobProperties/properties/progress",
        "percent",
    )]);
    assert_eq!(diff::compare(&spec(), &new).class, diff::Class::Breaking);
    assert_eq!(diff::compare(&new, &spec()).class, diff::Class::Breaking);
}

#[test]
fn rejection_by_the_generator_has_a_place_where_it_is_about_one() {
    let path = edit::set(
        "/paths/~1again",
        serde_json::json!({ "$ref": "#/paths/~1jobs" }),
    );
    let text = serde_json::to_string_pretty(&edited(&[path])).unwrap();
    let findings = lint::lint(&text);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].rule, "generates");
    assert_eq!(findings[0].pointer, "/paths/~1again");
    let line = text.lines().nth(findings[0].line - 1).unwrap();
    assert!(line.contains("\"/again\""), "{line}");
}

#[test]
fn every_finding_names_its_line_and_a_way_out() {
    let mut text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../spec/jobs.openapi.json"
    ))
    .unwrap();
    let line = 1 + text
        .lines()
        .position(|line| line.contains("\"inputBlobContainerUri\""))
        .unwrap();
    text = text.replacen("            \"x-ms-secret\": true,\n", "", 1);
    let findings = lint::lint(&text);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].rule, "secret-uri");
    assert_eq!(findings[0].line, line);
    assert_eq!(
        findings[0].pointer,
        "/components/schemas/JobProperties/properties/inputBlobContainerUri"
    );
    assert!(findings[0].fix.contains("x-ms-secret"));
}
