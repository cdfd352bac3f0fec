//! Counts over device files.

use jobs_devices::Options;
use jobs_devices::transform::{Context, Stats, TransformError, UNSET, stats};

const FILE: &str = concat!(
    "Keys were not exported.\r\n",
    r#"{"id":"a","status":"enabled","authentication":null,"tags":{}}"#,
    "\r\n",
    r#"{"id":"b","status":"disabled","authentication":{"type":"sas"},"tags":{"x":1},"capabilities":{"iotEdge":true}}"#,
    "\n\n",
    r#"{"id":"b","moduleId":"$edgeAgent","status":"enabled","authentication":{"type":"none"},"capabilities":{"iotEdge":false}}"#,
    "\n",
    "{\"id\":\"c\"\n",
    r#"{"id":"a","authentication":{"type":"odd"}}"#,
    "\n",
    r#"{"id":"a"}"#,
);

#[test]
fn every_kind_of_line_is_counted_once() {
    let report =
        serde_json::to_value(stats(FILE.as_bytes(), &mut Context::new()).unwrap()).unwrap();
    let expected = serde_json::json!({
        "rows": 5, "devices": 4, "modules": 1, "notices": 1, "badLines": 1, "bytes": FILE.len(),
        "byStatus": {"enabled": 2, "disabled": 1, UNSET: 2},
        "byAuthentication": {"sas": 1, "none": 1, "odd": 1, UNSET: 2},
        "edge": 1, "withTags": 1, "duplicates": 2,
    });
    assert_eq!(report, expected);
}

#[test]
fn duplicates_are_found_across_files_and_beyond_the_memory_given() {
    let file: String = (0..20_000)
        .map(|at| format!("{{\"id\":\"d{}\"}}\n", at % 15_000))
        .collect();
    let mut context = Context::new().spill_at(100_000);
    let mut all = Stats::new(&mut context);
    all.add(file.as_bytes()).unwrap();
    all.add(file.as_bytes()).unwrap();
    let report = all.finish().unwrap();
    assert_eq!((report.rows, report.duplicates), (40_000, 25_000));
}

#[test]
fn strict_reading_ends_at_the_first_bad_line_and_names_it() {
    let outcome = stats(
        FILE.as_bytes(),
        &mut Context::new().options(Options::new().strict(true)),
    );
    assert!(
        matches!(outcome, Err(TransformError::Input { line: 6, .. })),
        "{outcome:?}"
    );
}

#[test]
fn progress_ends_at_the_size_of_the_file() {
    let file = "{\"id\":\"d\"}\n".repeat(100_000);
    let mut told = Vec::new();
    let mut callback =
        |progress: jobs_devices::transform::Progress| told.push((progress.lines, progress.bytes));
    stats(file.as_bytes(), &mut Context::new().progress(&mut callback)).unwrap();
    assert!(told.len() > 1 && told.is_sorted());
    assert_eq!(told.last(), Some(&(100_000, file.len() as u64)));
}

#[test]
fn names_beyond_a_hundred_are_counted_together() {
    use std::fmt::Write as _;
    let mut file = String::new();
    for n in 0..1_000 {
        writeln!(file, r#"{{"id":"d{n}","status":"s{n}"}}"#).unwrap();
    }
    let report = stats(file.as_bytes(), &mut Context::new()).unwrap();
    assert_eq!(report.by_status.values().sum::<u64>(), report.rows);
    assert!(report.by_status.len() <= 101, "{}", report.by_status.len());
    assert!(report.by_status[jobs_devices::transform::OTHERS] > 0);
}
