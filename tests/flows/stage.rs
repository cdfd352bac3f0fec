//! What a flow plays on: a local hub, a client of it, and a folder in place of a container.

use std::path::PathBuf;
use std::time::Duration;

use jobs_emulator::{Emulator, Hub};
use jobs_ext::{ContainerUri, JobsClient, PollPolicy};
use serde_json::Value;

/// A running hub with one client and one container.
pub(crate) struct Stage {
    pub(crate) hub: Hub,
    pub(crate) client: JobsClient,
    folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let hub = Emulator::builder()
            .start()
            .await
            .expect("the hub starts on a free port");
        let client = JobsClient::builder_from_connection_string(hub.connection_string())
            .endpoint(hub.endpoint())
            .poll(PollPolicy::every(Duration::from_millis(5)))
            .build()
            .expect("the values of the ready line make a client");
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self {
            hub,
            client,
            folder,
        }
    }

    /// The URI of the container for the hub.
    pub(crate) fn container(&self) -> ContainerUri {
        let folder = self
            .folder
            .path()
            .canonicalize()
            .expect("the folder is made");
        format!("file://{}", folder.display())
            .parse()
            .expect("a folder URI")
    }

    /// Where a blob of the container lies on disk.
    pub(crate) fn path(&self, blob: &str) -> PathBuf {
        self.folder.path().join(blob)
    }

    /// Puts a blob of lines into the container.
    pub(crate) fn put_lines(&self, blob: &str, lines: &[&str]) {
        std::fs::write(self.path(blob), lines.join("\n") + "\n")
            .expect("the container is writable");
    }

    /// The rows of a blob as plain JSON, notices left out.
    pub(crate) fn rows(&self, blob: &str) -> Vec<Value> {
        std::fs::read_to_string(self.path(blob))
            .expect("the hub wrote the blob")
            .lines()
            .filter(|line| line.starts_with('{'))
            .map(|line| serde_json::from_str(line).expect("each row is JSON"))
            .collect()
    }
}
