//! The build script of jobs-api in each situation it can meet. It is compiled by itself and run as cargo would run it, on a
//! copy of the tree, with a stand-in for cargo that notes how it was called and runs the real generator.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

use tempfile::TempDir;

const OUTPUT: &str = "crates/jobs-api/src/generated.rs";
const SPEC: &str = "spec/jobs.openapi.json";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// The build script, compiled once.
fn script() -> &'static Path {
    static SCRIPT: OnceLock<PathBuf> = OnceLock::new();
    SCRIPT.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jobs-api-build-script");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let result = Command::new(rustc)
            .args(["--edition", "2024", "-o"])
            .arg(&path)
            .arg(root().join("crates/jobs-api/build/main.rs"))
            .output()
            .unwrap();
        assert!(
            result.status.success(),
            "{}",
            String::from_utf8_lossy(&result.stderr)
        );
        path
    })
}

/// A copy of what the build script reads, and a folder that cargo would build into.
struct Tree {
    folder: TempDir,
    root: PathBuf,
}

impl Tree {
    fn new() -> Self {
        Self::below("checkout")
    }

    /// The copy at this place below the temporary folder, which is also the parent of `cargo-home`.
    fn below(place: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().canonicalize().unwrap().join(place);
        for path in ["Cargo.toml", "Cargo.lock", "xtask/Cargo.toml", SPEC, OUTPUT] {
            let to = copy.join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(root().join(path), to).unwrap();
        }
        for settings in ["xtask/src/generate", "xtask/src/spec"] {
            let to = copy.join(settings);
            fs::create_dir_all(&to).unwrap();
            for entry in fs::read_dir(root().join(settings)).unwrap() {
                let path = entry.unwrap().path();
                fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
        fs::create_dir_all(folder.path().join("cargo-home")).unwrap();
        let tree = Self { folder, root: copy };
        let cargo = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" >> {log}\nenv > {env}\nexec {xtask} --root {root} generate\n",
            log = tree.path("calls").display(),
            env = tree.path("environment").display(),
            xtask = env!("CARGO_BIN_EXE_xtask"),
            root = tree.root.display(),
        );
        fs::write(tree.path("cargo"), cargo).unwrap();
        fs::set_permissions(tree.path("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
        tree
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn command(&self, target: &str) -> Command {
        let out_dir = self.path(target).join("debug/build/jobs-api-0/out");
        fs::create_dir_all(&out_dir).unwrap();
        let top = self.path(target.split('/').next().unwrap());
        fs::write(top.join("CACHEDIR.TAG"), "").unwrap();
        let mut command = Command::new(script());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("CARGO", self.path("cargo"))
            .env("CARGO_HOME", self.path("cargo-home"))
            .env("CARGO_MANIFEST_DIR", self.root.join("crates/jobs-api"))
            .env("HOST", "x86_64-unknown-linux-gnu")
            .env("TARGET", "x86_64-unknown-linux-gnu")
            .env("OUT_DIR", out_dir);
        command
    }

    fn run(&self) -> Output {
        self.command("target").output().unwrap()
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.path("calls")).unwrap_or_default()
    }

    fn generated(&self) -> String {
        fs::read_to_string(self.root.join(OUTPUT)).unwrap()
    }

    /// Makes the spec say something new.
    fn edit(&self) {
        let path = self.root.join(SPEC);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(
            &path,
            text.replace(
                "How far the job is, in percent.",
                "How far the job has come, in percent.",
            ),
        )
        .unwrap();
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn fresh_tree_does_no_work() {
    let tree = Tree::new();
    let output = tree.run();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(tree.calls(), "");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for watched in [
        SPEC,
        "Cargo.lock",
        "xtask/src/generate",
        "xtask/src/spec",
        OUTPUT,
    ] {
        assert!(
            said.contains(&format!(
                "cargo:rerun-if-changed={}",
                tree.root.join(watched).display()
            )),
            "{said}"
        );
    }
    assert!(said.contains("cargo:rerun-if-env-changed=CI"), "{said}");
}

#[test]
fn stale_tree_is_regenerated_once_and_fresh_afterwards() {
    let tree = Tree::new();
    tree.edit();
    let started = SystemTime::now();
    let output = tree.run();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(tree.generated().contains("How far the job has come"));
    assert!(!tree.calls().lines().any(|line| line == "--target"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("cargo:warning="));
    // Cargo would run the script again for a watched file that is newer than its start.
    let modified = fs::metadata(tree.root.join(OUTPUT))
        .unwrap()
        .modified()
        .unwrap();
    assert!(modified < started);

    let calls = tree.calls();
    assert!(tree.run().status.success());
    assert_eq!(
        tree.calls(),
        calls,
        "the second build called the generator again"
    );
}

#[test]
fn changed_generator_or_settings_are_stale_too() {
    for (path, from, to) in [
        (
            "Cargo.lock",
            "name = \"typify\"\nversion = \"0",
            "name = \"typify\"\nversion = \"9",
        ),
        (
            "xtask/src/generate/lower.rs",
            "//! Lowering",
            "//! The lowering",
        ),
        ("xtask/src/spec/mod.rs", "//! Reading", "//! The reading"),
    ] {
        let tree = Tree::new();
        let text = fs::read_to_string(tree.root.join(path)).unwrap();
        assert!(text.contains(from), "{path}");
        fs::write(tree.root.join(path), text.replace(from, to)).unwrap();
        assert!(tree.run().status.success());
        assert_ne!(tree.calls(), "", "{path}");
    }
}

#[test]
fn other_packages_in_the_lock_file_do_not_make_it_stale() {
    let tree = Tree::new();
    let path = tree.root.join("Cargo.lock");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        format!("{text}\n[[package]]\nname = \"new\"\nversion = \"1.0.0\"\n"),
    )
    .unwrap();
    assert!(tree.run().status.success());
    assert_eq!(tree.calls(), "");
}

#[test]
fn stale_tree_under_ci_fails_at_once_with_the_command() {
    let tree = Tree::new();
    tree.edit();
    let output = tree.command("target").env("CI", "true").output().unwrap();
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("Run `cargo xtask generate` and commit the result."),
        "{}",
        stderr(&output)
    );
    assert_eq!(tree.calls(), "");
    assert!(
        tree.command("target")
            .env("CI", "false")
            .output()
            .unwrap()
            .status
            .success()
    );
}

#[test]
fn copies_that_cargo_keeps_are_left_alone() {
    for place in [
        "cargo-home/registry/src/index/jobs",
        "cargo-home/git/checkouts/jobs/abc",
    ] {
        let tree = Tree::below(place);
        tree.edit();
        let before = tree.generated();
        // Not even under CI is somebody else's dependency our business.
        for ci in ["", "true"] {
            let output = tree.command("target").env("CI", ci).output().unwrap();
            assert!(output.status.success(), "{}", stderr(&output));
        }
        assert_eq!(
            (tree.calls().as_str(), tree.generated()),
            ("", before),
            "{place}"
        );
    }
}

#[test]
fn package_without_its_workspace_is_left_alone() {
    let tree = Tree::new();
    fs::remove_dir_all(tree.root.join("spec")).unwrap();
    let output = tree.run();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(tree.calls(), "");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "cargo:rerun-if-changed=build"
    );
}

#[test]
fn message_of_a_failing_generator_reaches_the_user() {
    let tree = Tree::new();
    fs::write(tree.root.join(SPEC), "{ \"openapi\": \"3.0.3\", ").unwrap();
    let output = tree.run();
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains("the spec is not an OpenAPI 3.0 document: EOF"),
        "{}",
        stderr(&output)
    );
}

/// A folder that cannot be written to; a permission bit would not stop a build that runs as root.
#[test]
fn source_tree_that_cannot_be_written_is_named() {
    let tree = Tree::new();
    fs::remove_dir_all(tree.root.join("crates/jobs-api/src")).unwrap();
    fs::write(tree.root.join("crates/jobs-api/src"), "").unwrap();
    let output = tree.run();
    assert!(!output.status.success());
    assert!(
        stderr(&output).contains(&format!("cannot write {OUTPUT}")),
        "{}",
        stderr(&output)
    );
}

#[test]
fn nested_cargo_has_its_own_target_folder_and_none_of_the_outer_builds_environment() {
    let tree = Tree::new();
    tree.edit();
    let output = tree
        .command("target/aarch64-unknown-linux-gnu")
        .env("RUSTFLAGS", "-C target-cpu=native")
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        .env("CARGO_ENCODED_RUSTFLAGS", "x")
        .env("CARGO_BUILD_TARGET", "aarch64-unknown-linux-gnu")
        .env("CARGO_MAKEFLAGS", "-j")
        .env("TARGET", "aarch64-unknown-linux-gnu")
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));

    let calls = tree.calls();
    let after = |flag: &str| {
        calls
            .lines()
            .skip_while(|line| *line != flag)
            .nth(1)
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(
        after("--target-dir"),
        tree.path("target/xtask-regenerate").display().to_string()
    );
    assert_eq!(after("--target"), "x86_64-unknown-linux-gnu");
    assert!(calls.lines().any(|line| line == "--locked"), "{calls}");

    let environment = fs::read_to_string(tree.path("environment")).unwrap();
    let names: Vec<_> = environment
        .lines()
        .filter_map(|line| line.split('=').next())
        .collect();
    for gone in [
        "RUSTFLAGS",
        "RUSTC_WORKSPACE_WRAPPER",
        "TARGET",
        "OUT_DIR",
        "CARGO_BUILD_TARGET",
        "CARGO_MANIFEST_DIR",
    ] {
        assert!(!names.contains(&gone), "{gone}");
    }
    assert!(
        names.contains(&"CARGO_HOME") && names.contains(&"CARGO_NET_OFFLINE"),
        "{names:?}"
    );
}

#[test]
fn two_builds_at_once_both_succeed() {
    let tree = Tree::new();
    tree.edit();
    let start = |target: &str| {
        tree.command(target)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let builds = [start("target"), start("target-of-the-editor")];
    for build in builds {
        let output = build.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert!(tree.generated().contains("How far the job has come"));
    let names = fs::read_dir(tree.root.join("crates/jobs-api/src")).unwrap();
    assert_eq!(names.count(), 1, "a temporary file was left behind");
}
