//! No job gets stuck when a write of the database fails.
//!
//! A second connection to the hub's database gives it triggers that reject certain writes. So the hub's own code gets
//! real errors of the real database, at the moment that a test chooses.

use std::time::Duration;

use jobs_emulator::{Emulator, EmulatorBuilder};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Folder, Rig};

const DELAY: Duration = Duration::from_secs(60);
const REASON: &str = "a test says so";
/// More than two batches of an import, and of a scheduled job.
const DEVICES: usize = 2500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Import,
    Export,
    Scheduled,
}

use Kind::{Export, Import, Scheduled};

impl Kind {
    fn table(self) -> &'static str {
        match self {
            Import | Export => "jobs",
            Scheduled => "scheduled_jobs",
        }
    }
}

/// A hub whose database can be made to reject writes.
struct Broken {
    rig: Rig,
    kind: Kind,
    data: Folder,
    blobs: Folder,
    database: rusqlite::Connection,
}

impl Broken {
    /// A hub in which a job stays in each state until the clock is moved.
    async fn slow(kind: Kind) -> Self {
        Self::with(kind, Emulator::builder().job_delay(DELAY)).await
    }

    async fn with(kind: Kind, builder: EmulatorBuilder) -> Self {
        let (data, blobs) = (Folder::new(), Folder::new());
        let rig = Rig::with(builder.data_dir(data.0.path())).await;
        let database = rusqlite::Connection::open(data.0.path().join("hub.sqlite")).unwrap();
        database.busy_timeout(Duration::from_secs(10)).unwrap();
        let rows: String = (0..DEVICES)
            .map(|n| format!("{{\"id\":\"d{n}\",\"status\":\"enabled\"}}\n"))
            .collect();
        blobs.write("devices.txt", &rows);
        if kind != Import {
            assert_eq!(rig.hub.admin().seed(rows).await.unwrap(), DEVICES);
        }
        Self {
            rig,
            kind,
            data,
            blobs,
            database,
        }
    }

    /// From now on, rows of `table` that fit `condition` are rejected, whether they are new or change.
    fn reject(&self, name: &str, table: &str, condition: &str) {
        for (verb, suffix) in [("INSERT", "insert"), ("UPDATE", "update")] {
            self.database
                .execute_batch(&format!(
                    "CREATE TRIGGER {name}_{suffix} BEFORE {verb} ON {table} WHEN {condition} \
                     BEGIN SELECT RAISE(ABORT, 'injected'); END"
                ))
                .unwrap();
        }
    }

    fn reject_status(&self, name: &str, status: &str) {
        let condition = format!("json_extract(NEW.record, '$.status') = '{status}'");
        self.reject(name, self.kind.table(), &condition);
    }

    fn accept(&self, name: &str) {
        for suffix in ["insert", "update"] {
            self.database
                .execute_batch(&format!("DROP TRIGGER IF EXISTS {name}_{suffix}"))
                .unwrap();
        }
    }

    /// Requests a new job; returns the status of the response and the id.
    async fn request(&self, id: &str) -> (u16, String) {
        let uri = self.blobs.uri();
        let seen = match self.kind {
            Import => {
                let body = json!({ "type": "import", "inputBlobContainerUri": uri, "outputBlobContainerUri": uri });
                self.rig.post("/jobs/create", &body).await
            }
            Export => {
                let body = json!({ "type": "export", "outputBlobContainerUri": uri, "outputBlobName": "out.txt" });
                self.rig.post("/jobs/create", &body).await
            }
            Scheduled => {
                let body = json!({ "type": "scheduleUpdateTwin", "queryCondition": "*",
                    "updateTwin": { "etag": "*", "tags": { "job": id } } });
                self.rig.put(&format!("/jobs/v2/{id}"), &body).await
            }
        };
        let status = seen.status.as_u16();
        if status != 200 {
            return (status, seen.text);
        }
        (status, seen.json()["jobId"].as_str().unwrap().to_owned())
    }

    async fn create(&self, id: &str) -> String {
        let (status, id) = self.request(id).await;
        assert_eq!(status, 200, "{:?}: {id}", self.kind);
        id
    }

    async fn get(&self, id: &str) -> Value {
        let path = match self.kind {
            Import | Export => format!("/jobs/{id}"),
            Scheduled => format!("/jobs/v2/{id}"),
        };
        self.rig.get(&path).await.is_ok().json()
    }

    async fn list(&self) -> Value {
        list(&self.rig, self.kind).await
    }

    async fn until(&self, id: &str, wanted: &str) -> Value {
        let is_over = |job: &Value| {
            ["completed", "failed", "cancelled"].contains(&job["status"].as_str().unwrap())
        };
        for _ in 0..3000 {
            let job = self.get(id).await;
            if job["status"] == wanted {
                return job;
            }
            assert!(!is_over(&job), "{:?} wants {wanted}: {job}", self.kind);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?}: {id} never is {wanted}", self.kind);
    }

    async fn cancel(&self, id: &str) -> u16 {
        let seen = match self.kind {
            Import | Export => self.rig.delete(&format!("/jobs/{id}")).await,
            Scheduled => {
                let path = format!("/jobs/v2/{id}/cancel");
                self.rig.send(Method::POST, &path, &json!({})).await
            }
        };
        seen.status.as_u16()
    }

    /// What the database has of a job.
    fn recorded(&self, id: &str) -> Value {
        let sql = format!("SELECT record FROM {} WHERE id = ?1", self.kind.table());
        let text: String = self
            .database
            .query_row(&sql, [id], |row| row.get(0))
            .unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn count(&self, sql: &str) -> u64 {
        let count: i64 = self.database.query_row(sql, [], |row| row.get(0)).unwrap();
        u64::try_from(count).unwrap()
    }

    /// The job has failed for this reason, its slot is free, the next job is done, and a restart shows the same jobs.
    async fn settles(self, id: &str, reason: &str) {
        let failed = self.until(id, "failed").await;
        let text = failed["failureReason"].as_str().unwrap();
        assert!(text.contains(reason), "{:?}: {failed}", self.kind);
        assert_ne!(failed["endTime"], "9999-12-31T23:59:59.9999999Z");
        self.accept("step");
        // `failed` may still be rejected here: the slot is free all the same.
        self.next_job_is_done().await;
        self.accept("end");
        let mut recorded = self.recorded(id);
        for _ in 0..3000 {
            if recorded["status"] == "failed" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            recorded = self.recorded(id);
        }
        assert_eq!(recorded["failure"], failed["failureReason"]);
        assert_eq!(self.get(id).await, failed);
        self.restarts_with_the_same_jobs().await;
    }

    async fn next_job_is_done(&self) {
        let next = self.create("next").await;
        // Without a delay it may be over already.
        let _ = self.rig.hub.admin().finish(&next).await;
        self.until(&next, "completed").await;
    }

    async fn restarts_with_the_same_jobs(self) {
        let before = self.list().await;
        self.rig.hub.shutdown().await;
        let rig = Rig::with(Emulator::builder().data_dir(self.data.0.path())).await;
        assert_eq!(list(&rig, self.kind).await, before);
    }
}

async fn list(rig: &Rig, kind: Kind) -> Value {
    let path = match kind {
        Import | Export => "/jobs",
        Scheduled => "/jobs/v2/query",
    };
    rig.get(path).await.is_ok().json()
}

/// Runs a case twice: with the one write failing, and with the record of the failure failing as well.
macro_rules! both {
    ($broken:ident, $start:expr, $case:block) => {
        for end_fails in [false, true] {
            let $broken = $start.await;
            if end_fails {
                $broken.reject_status("end", "failed");
            }
            $case
        }
    };
}

#[tokio::test]
async fn a_creation_that_cannot_be_written_leaves_no_job() {
    for (kind, status) in [
        (Import, "enqueued"),
        (Export, "enqueued"),
        (Scheduled, "queued"),
    ] {
        let broken = Broken::slow(kind).await;
        broken.reject_status("step", status);
        for _ in 0..2 {
            let (status_code, text) = broken.request("one").await;
            assert_eq!(status_code, 500, "{text}");
            assert!(text.contains("injected"), "{text}");
        }
        assert_eq!(broken.list().await, json!([]));
        broken.accept("step");
        broken.next_job_is_done().await;
        broken.create("one").await;
    }
}

#[tokio::test]
async fn a_job_whose_start_cannot_be_written_fails() {
    for kind in [Import, Export, Scheduled] {
        both!(broken, Broken::slow(kind), {
            let id = broken.create("one").await;
            broken.reject_status("step", "running");
            broken.rig.hub.clock().advance(DELAY);
            broken.settles(&id, "injected").await;
        });
    }
}

#[tokio::test]
async fn a_job_that_is_told_to_finish_and_cannot_be_written_fails() {
    for kind in [Import, Export, Scheduled] {
        both!(broken, Broken::slow(kind), {
            let id = broken.create("one").await;
            broken.reject_status("step", "completed");
            broken.rig.hub.admin().finish(&id).await.unwrap();
            broken.settles(&id, "injected").await;
        });
    }
}

#[tokio::test]
async fn a_job_whose_end_cannot_be_written_fails() {
    for kind in [Import, Export, Scheduled] {
        both!(broken, Broken::with(kind, Emulator::builder()), {
            broken.reject_status("step", "completed");
            let id = broken.create("one").await;
            broken.settles(&id, "injected").await;
        });
    }
}

#[tokio::test]
async fn an_import_whose_batch_cannot_be_written_fails_and_counts_what_was_written() {
    for device in ["d0", "d1700", "d2499"] {
        both!(broken, Broken::with(Import, Emulator::builder()), {
            let condition = format!("NEW.device_id = '{device}'");
            broken.reject("step", "identities", &condition);
            let id = broken.create("one").await;
            broken.until(&id, "failed").await;
            let written = broken.count("SELECT count(*) FROM identities");
            assert_eq!(broken.recorded(&id)["rows"], written);
            assert_eq!(written == 0, device == "d0");
            assert!(written < DEVICES as u64);
            broken.settles(&id, "injected").await;
        });
    }
}

#[tokio::test]
async fn an_import_whose_progress_cannot_be_written_fails_without_its_rows() {
    both!(broken, Broken::with(Import, Emulator::builder()), {
        let progress = "json_extract(NEW.record, '$.rows') > 0 AND json_extract(NEW.record, '$.status') = 'running'";
        broken.reject("step", "jobs", progress);
        let id = broken.create("one").await;
        broken.until(&id, "failed").await;
        assert_eq!(broken.count("SELECT count(*) FROM identities"), 0);
        broken.settles(&id, "injected").await;
    });
}

#[tokio::test]
async fn an_import_whose_configuration_cannot_be_written_fails() {
    both!(broken, Broken::with(Import, Emulator::builder()), {
        let line = r#"{"id":"c1","schemaVersion":"1.0","content":{"deviceContent":{}},"targetCondition":"","priority":1}"#;
        broken.blobs.write("configurations.txt", line);
        broken.reject("step", "configurations", "TRUE");
        let uri = broken.blobs.uri();
        let body = json!({ "type": "import", "inputBlobContainerUri": uri, "outputBlobContainerUri": uri, "includeConfigurations": true });
        let id = broken.rig.create(&body).await["jobId"]
            .as_str()
            .unwrap()
            .to_owned();
        let job = broken.until(&id, "failed").await;
        let reason = job["failureReason"].as_str().unwrap();
        assert!(!reason.contains("container"), "{reason}");
        broken.settles(&id, "injected").await;
    });
}

#[tokio::test]
async fn a_scheduled_job_whose_batch_cannot_be_written_fails_and_counts_what_was_written() {
    for device in ["d0", "d1300", "d2499"] {
        both!(broken, Broken::with(Scheduled, Emulator::builder()), {
            let condition = format!("json_extract(NEW.record, '$.deviceId') = '{device}'");
            broken.reject("step", "device_jobs", &condition);
            let id = broken.create("one").await;
            let job = broken.until(&id, "failed").await;
            let count = &job["deviceJobStatistics"];
            assert_eq!(count["deviceCount"], DEVICES);
            let written = broken.count("SELECT count(*) FROM device_jobs");
            assert_eq!(count["succeededCount"], written);
            assert_eq!(count["pendingCount"], DEVICES as u64 - written);
            let changed =
                "SELECT count(*) FROM identities WHERE json_extract(tags, '$.job') = 'one'";
            assert_eq!(broken.count(changed), written);
            assert_eq!(written == 0, device == "d0");
            broken.settles(&id, "injected").await;
        });
    }
}

#[tokio::test]
async fn a_scheduled_job_whose_counts_cannot_be_written_fails() {
    for counts in ["succeededCount", "pendingCount"] {
        both!(broken, Broken::with(Scheduled, Emulator::builder()), {
            let condition = format!(
                "json_extract(NEW.record, '$.statistics.{counts}') > 0 AND json_extract(NEW.record, '$.status') = 'running'"
            );
            broken.reject("step", "scheduled_jobs", &condition);
            let id = broken.create("one").await;
            let job = broken.until(&id, "failed").await;
            assert_eq!(broken.count("SELECT count(*) FROM device_jobs"), 0);
            assert_eq!(
                job["deviceJobStatistics"]["succeededCount"]
                    .as_u64()
                    .unwrap_or(0),
                0
            );
            broken.settles(&id, "injected").await;
        });
    }
}

#[tokio::test]
async fn a_job_whose_cancellation_cannot_be_written_fails() {
    for kind in [Import, Export, Scheduled] {
        both!(broken, Broken::slow(kind), {
            let id = broken.create("one").await;
            broken.reject_status("step", "cancelled");
            assert_eq!(broken.cancel(&id).await, 500);
            assert_eq!(broken.get(&id).await["status"], "failed");
            broken.settles(&id, "injected").await;
        });
    }
}

#[tokio::test]
async fn a_running_import_or_export_whose_cancellation_cannot_be_written_fails() {
    for kind in [Import, Export] {
        both!(broken, Broken::slow(kind), {
            let id = broken.create("one").await;
            broken.rig.hub.clock().advance(DELAY);
            broken.until(&id, "running").await;
            broken.reject_status("step", "cancelled");
            assert_eq!(broken.cancel(&id).await, 500);
            broken.settles(&id, "injected").await;
        });
    }
}

#[tokio::test]
async fn a_job_that_a_test_fails_has_failed_for_that_reason_even_when_nothing_can_be_written() {
    for kind in [Import, Export, Scheduled] {
        both!(broken, Broken::slow(kind), {
            let id = broken.create("one").await;
            broken.reject("step", kind.table(), "TRUE");
            let job = broken.rig.hub.admin().fail(&id, REASON).await.unwrap();
            assert_eq!(job["failureReason"], REASON);
            assert_eq!(broken.cancel(&id).await == 204, kind != Scheduled);
            assert_eq!(broken.recorded(&id)["failure"], Value::Null);
            broken.settles(&id, REASON).await;
        });
    }
}

#[tokio::test]
async fn an_end_that_was_never_recorded_is_written_when_the_hub_stops() {
    for kind in [Import, Export, Scheduled] {
        let broken = Broken::slow(kind).await;
        let id = broken.create("one").await;
        broken.reject("step", kind.table(), "TRUE");
        broken.rig.hub.admin().fail(&id, REASON).await.unwrap();
        broken.accept("step");
        broken.restarts_with_the_same_jobs().await;
    }
}

#[tokio::test]
async fn a_reset_that_cannot_be_written_changes_nothing() {
    for kind in [Import, Export, Scheduled] {
        let broken = Broken::slow(kind).await;
        let id = broken.create("one").await;
        let before = broken.list().await;
        broken
            .database
            .execute_batch(
                "CREATE TRIGGER keep BEFORE DELETE ON jobs BEGIN SELECT RAISE(ABORT, 'injected'); END; \
                 CREATE TRIGGER keep_scheduled BEFORE DELETE ON scheduled_jobs BEGIN SELECT RAISE(ABORT, 'injected'); END",
            )
            .unwrap();
        let admin = broken.rig.hub.admin();
        let refused = admin.reset().await.unwrap_err();
        assert!(refused.to_string().contains("injected"), "{refused}");
        assert_eq!(broken.list().await, before);
        broken
            .database
            .execute_batch("DROP TRIGGER keep; DROP TRIGGER keep_scheduled")
            .unwrap();
        admin.finish(&id).await.unwrap();
        broken.until(&id, "completed").await;
        admin.reset().await.unwrap();
        assert_eq!(broken.list().await, json!([]));
    }
}
