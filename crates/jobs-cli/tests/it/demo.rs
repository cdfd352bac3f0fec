//! The demo tells its story, and means it.

use crate::harness::Cli;

#[test]
fn the_demo_compares_every_row_and_leaves_nothing_behind() {
    let cli = Cli::new();
    let temporary = cli.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let cli = cli.with("TMPDIR", temporary.to_str().unwrap());
    let ran = cli.run(&["demo"]).expect(0);
    for part in [
        "POST /jobs/create",
        "GET /jobs/",
        "iothub-jobs import",
        "bad-authentication",
        "bad-nobody",
        "bad-cut-off",
        "997  exported and compared",
        "0  differences",
    ] {
        assert!(ran.stdout.contains(part), "{part}:\n{}", ran.stdout);
    }
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn the_demo_gives_its_result_as_a_document() {
    let ran = Cli::new()
        .run(&["demo", "--devices", "60", "-o", "json", "-q"])
        .expect(0);
    let summary = ran.json();
    assert_eq!(summary["sent"], 60);
    assert_eq!(summary["rejected"], 3);
    assert_eq!(summary["compared"], 57);
    assert_eq!(summary["differences"], serde_json::json!([]));
    assert_eq!(ran.stderr, "");
}
