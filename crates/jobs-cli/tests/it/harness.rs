//! Runs the real binary in a closed environment, and shows what it did in a stable form.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_iothub-jobs");

/// A home folder of its own and no environment but what a test sets.
pub(crate) struct Cli {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What one run did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    folder: PathBuf,
}

impl Cli {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// As [`Cli::new`], with everything set that a client of `hub` needs.
    pub(crate) fn for_hub(hub: &LocalHub) -> Self {
        Self::new()
            .with("IOTHUB_CONNECTION_STRING", hub.connection_string())
            .with("IOTHUB_ENDPOINT", hub.endpoint())
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in the home folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the home folder and returns its path as an argument.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// A `file:///` container in the home folder.
    pub(crate) fn container(&self, name: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(&path).unwrap();
        file_uri(&path)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        start_children_with_default_signals();
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.folder.path())
            // The hub lets jobs use folders in here, and the tests make theirs there.
            .env("TMPDIR", std::env::temp_dir())
            .current_dir(self.folder.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs with text on standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = self.spawn(arguments);
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        // The command may end without reading it.
        let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            folder: self.folder.path().to_owned(),
        }
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

impl Ran {
    /// Asserts the exit code, showing everything when it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in\n{}\n{}", self.stdout, self.stderr))
    }

    /// Exit code and both streams, with what differs from run to run replaced.
    pub(crate) fn snapshot(&self) -> String {
        let text = format!(
            "exit code: {}\n----- stdout\n{}----- stderr\n{}",
            self.code,
            ended(&self.stdout),
            ended(&self.stderr)
        );
        let in_uri = file_uri(&self.folder);
        let text = text.replace(&in_uri, "file://[HOME]");
        stable(&text.replace(self.folder.to_str().unwrap(), "[HOME]"))
    }
}

/// A path as a `file:///` URI: the folder of temporary files may have a blank in its name.
pub(crate) fn file_uri(path: &Path) -> String {
    let path = path.display().to_string();
    format!("file://{}", path.replace('%', "%25").replace(' ', "%20"))
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') {
        text.to_owned()
    } else {
        format!("{text}\n(no line break)\n")
    }
}

/// Replaces ids, times and ports.
pub(crate) fn stable(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let pattern = PATTERNS
            .iter()
            .find_map(|(shape, name)| matches(shape, rest).map(|length| (length, *name)));
        if let Some((length, name)) = pattern {
            output.push_str(name);
            rest = &rest[length..];
        } else {
            output.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    output
}

/// Shapes: `h` is a lower-case hexadecimal digit, `9` a digit, `*` zero or more digits, all else itself.
const PATTERNS: [(&str, &str); 6] = [
    ("import-99999999T999999Z-hhhhhhhh.txt", "[BLOB]"),
    ("hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh", "[ID]"),
    ("9999-99-99T99:99:99.*Z", "[TIME]"),
    ("9999-99-99T99:99:99Z", "[TIME]"),
    ("127.0.0.1:9*", "127.0.0.1:[PORT]"),
    ("localhost:9*", "localhost:[PORT]"),
];

fn matches(shape: &str, text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    for expected in shape.bytes() {
        match expected {
            b'*' => {
                at += bytes[at..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit())
                    .count()
            }
            b'9' => at += usize::from(bytes.get(at)?.is_ascii_digit().then_some(true)?),
            b'h' => {
                at += usize::from(
                    matches!(bytes.get(at)?, b'0'..=b'9' | b'a'..=b'f').then_some(true)?,
                )
            }
            other => at += usize::from((*bytes.get(at)? == other).then_some(true)?),
        }
    }
    Some(at)
}

/// `iothub-jobs emulator` as a process of its own, stopped when dropped.
pub(crate) struct LocalHub {
    child: Child,
    pub(crate) ready: Value,
    _cli: Cli,
}

impl LocalHub {
    /// One that fails the first so many questions about an import or export. A command asks five times at most for one look.
    pub(crate) fn that_fails(times: u32) -> Self {
        let cli = Cli::new();
        let script = format!(
            r#"{{"rules":[{{"operation":"Jobs_GetImportExportJob","times":{times},"action":{{"kind":"respond","status":503,"errorCode":"ServiceUnavailable","retryAfter":"0"}}}}]}}"#
        );
        Self::start(&["--faults", &cli.file("faults.json", &script)])
    }

    pub(crate) fn start(flags: &[&str]) -> Self {
        let cli = Cli::new();
        let mut arguments = vec!["emulator"];
        arguments.extend_from_slice(flags);
        let mut child = cli.spawn(&arguments);
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        if line.is_empty() {
            let mut stderr = String::new();
            child
                .stderr
                .as_mut()
                .unwrap()
                .read_to_string(&mut stderr)
                .unwrap();
            panic!("the emulator did not start: {stderr}");
        }
        Self {
            child,
            ready: serde_json::from_str(&line).unwrap(),
            _cli: cli,
        }
    }

    pub(crate) fn endpoint(&self) -> &str {
        self.ready["endpoint"].as_str().unwrap()
    }

    pub(crate) fn connection_string(&self) -> &str {
        self.ready["connectionString"].as_str().unwrap()
    }

    /// Steps the hub's clock.
    pub(crate) fn advance(&self, seconds: u64) {
        let address = self.endpoint().strip_prefix("http://").unwrap();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let body = format!("{{\"advanceSeconds\":{seconds}}}");
        let length = body.len();
        write!(
            stream,
            "POST /_local/clock HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    }

    /// Sends a signal and waits for the end; the exit code and what else was printed on standard output.
    #[cfg(unix)]
    pub(crate) fn stop(mut self, signal: &str) -> (i32, String) {
        send(&self.child, signal);
        let mut rest = String::new();
        self.child
            .stdout
            .as_mut()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
        (self.child.wait().unwrap().code().unwrap_or(-1), rest)
    }
}

impl Drop for LocalHub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago: nobody answers there.
pub(crate) fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A client of a hub at this port, which need not be there.
pub(crate) fn cli_of(port: u16) -> Cli {
    let text = format!("HostName=localhost:{port};SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0");
    Cli::new()
        .with("IOTHUB_CONNECTION_STRING", &text)
        .with("IOTHUB_ENDPOINT", &format!("http://127.0.0.1:{port}"))
}

/// Makes every child start with the default action for the signals that tests send.
///
/// A child inherits the signals that this process ignores, as it does under `nohup` and in a background job of a script.
/// A signal with a handler is reset to its default action when a program is started, so an ignored signal gets a handler
/// here. All other signals are left alone: Ctrl-C still ends the tests.
#[cfg(unix)]
fn start_children_with_default_signals() {
    use tokio::signal::unix::{SignalKind, signal};
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let kinds = [
            SignalKind::hangup(),
            SignalKind::interrupt(),
            SignalKind::quit(),
            SignalKind::terminate(),
        ];
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        // A handler stays when its stream and its runtime are dropped.
        let _guard = runtime.enter();
        for kind in kinds.into_iter().filter(|kind| is_ignored(*kind)) {
            drop(signal(kind).unwrap());
        }
    });
}

#[cfg(not(unix))]
fn start_children_with_default_signals() {}

/// Whether this process ignores a signal. A system without `/proc` does not tell, and counts as one that ignores none.
#[cfg(unix)]
fn is_ignored(kind: tokio::signal::unix::SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default();
    mask & 1 << (kind.as_raw_value() - 1) != 0
}

/// Sends a signal to a process that a test started.
#[cfg(unix)]
pub(crate) fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// The mode bits of a file.
#[cfg(unix)]
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
