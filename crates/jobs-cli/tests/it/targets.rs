//! Files that a command may write to, and those that it must not replace.

use crate::harness::{Cli, cli_of, closed_port};

const ROW: &str = "{\"id\":\"a\",\"status\":\"enabled\"}\n";

#[test]
#[cfg(unix)]
fn one_file_under_several_names_is_one_file() {
    let cli = Cli::new();
    let file = cli.file("d.txt", ROW);
    let key = cli.file("key", "secret");
    std::fs::hard_link(&file, cli.path("hard")).unwrap();
    std::os::unix::fs::symlink(&file, cli.path("soft")).unwrap();
    std::fs::hard_link(&key, cli.path("hard-key")).unwrap();
    std::os::unix::fs::symlink(cli.path(""), cli.path("folder")).unwrap();
    cli.file("empty", "");
    std::fs::hard_link(cli.path("empty"), cli.path("empty-too")).unwrap();
    let filter = ["devices", "filter", "d.txt", "--where", "true"];
    let anonymise = ["devices", "anonymise", "d.txt", "--key-file", "key"];
    let prepare = ["devices", "prepare-import", "d.txt"];
    let split = ["devices", "split", "d.txt", "--rows", "1"];
    for (command, options) in [
        (&filter[..], &["--out", "o", "--rejects", "hard"][..]),
        (&filter, &["--out", "o", "--rejects", "soft"]),
        (&filter, &["--out", "o", "--rejects", "folder/d.txt"]),
        (&filter, &["--out", "empty", "--rejects", "empty-too"]),
        (&filter, &["--out", "new", "--rejects", "folder/new"]),
        (&anonymise, &["--out", "hard-key"]),
        (&anonymise, &["--out", "o", "--rejects", "hard-key"]),
        (&prepare, &["--out", "o", "--system-modules", "hard"]),
        (
            &prepare,
            &["--out", "empty", "--system-modules", "empty-too"],
        ),
        (&split, &["--out-dir", "parts", "--rejects", "hard"]),
    ] {
        let ran = cli.run(&[command, options].concat()).expect(2);
        assert!(
            ran.stderr.contains("both name"),
            "{options:?}: {}",
            ran.stderr
        );
        assert_eq!(
            (cli.read("d.txt"), cli.read("key")),
            (ROW.into(), "secret".into())
        );
        assert_eq!(cli.read("empty"), "");
        for name in ["o", "new", "parts"] {
            assert!(!cli.path(name).exists(), "{options:?} wrote {name}");
        }
    }
}

#[test]
fn rejects_never_replace_a_file_with_content() {
    let cli = cli_of(closed_port());
    let container = cli.container("c");
    cli.file("d.txt", &format!("{ROW}{{\"id\":\n"));
    for command in [
        &[
            "devices", "filter", "d.txt", "--where", "true", "--out", "o",
        ][..],
        &["devices", "convert", "d.txt", "--to", "json", "--out", "o"],
        &["devices", "merge", "d.txt", "--out", "o"],
        &[
            "devices",
            "split",
            "d.txt",
            "--rows",
            "1",
            "--out-dir",
            "parts",
        ],
        &["import", "d.txt", "--container", &container],
    ] {
        cli.file("before", "kept\n");
        let ran = cli.run(&[command, &["--rejects", "before"]].concat());
        let ran = ran.expect(2);
        let told = "error: --rejects before: the file exists and is not empty; it is not replaced\n\
                    hint: delete the file, or choose another name\n";
        assert_eq!(ran.stderr, told, "{command:?}");
        assert_eq!(cli.read("before"), "kept\n");
        assert!(!cli.path("o").exists() && !cli.path("parts").exists());
    }
    let filter = [
        "devices", "filter", "d.txt", "--where", "true", "--out", "o",
    ];
    cli.file("empty", "");
    for target in ["empty", "new", "/dev/null"] {
        cli.run(&[&filter[..], &["--rejects", target]].concat())
            .expect(1);
    }
    assert_eq!(cli.read("empty"), "{\"id\":\n");
    assert_eq!(cli.read("new"), "{\"id\":\n");
}
