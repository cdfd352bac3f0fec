//! The life of import and export jobs.

use std::time::Duration;

use jobs_emulator::Emulator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Folder, Rig};

const DELAY: Duration = Duration::from_secs(60);

async fn slow() -> Rig {
    Rig::with(Emulator::builder().job_delay(DELAY)).await
}

fn export_to(folder: &Folder) -> Value {
    json!({ "type": "export", "outputBlobContainerUri": folder.uri() })
}

fn is_stamp(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    // Up to seven digits of a second; zeros at the end are left out (recorded).
    let Some((seconds, fraction)) = text
        .strip_suffix('Z')
        .and_then(|text| text.split_at_checked(19))
    else {
        return false;
    };
    let digits = fraction.strip_prefix('.').unwrap_or("1");
    &seconds[10..11] == "T"
        && (1..=7).contains(&digits.len())
        && !digits.ends_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn id_of(job: &Value) -> String {
    job["jobId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_answer_to_a_creation_echoes_the_request_and_get_does_not() {
    let (rig, folder) = (slow().await, Folder::new());
    folder.write("in.txt", "{\"id\":\"d1\",\"status\":\"enabled\"}\n");
    let job = rig
        .create(&json!({
            "jobId": "", "status": "unknown", "progress": 5, "startTimeUtc": "x", "endTimeUtc": null, "failureReason": "x", "new": [1],
            "type": "Import", "inputBlobContainerUri": folder.uri(), "outputBlobContainerUri": folder.uri(),
            "inputBlobName": "in.txt", "storageAuthenticationType": "IdentityBased", "identity": { "userAssignedIdentity": "/id" },
        }))
        .await;
    let members: Vec<_> = job
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = [
        "jobId",
        "startTimeUtc",
        "type",
        "status",
        "progress",
        "inputBlobContainerUri",
        "inputBlobName",
        "outputBlobContainerUri",
        "excludeKeysInExport",
        "storageAuthenticationType",
        "identity",
        "useSecondaryStorageAsSource",
    ];
    expected.sort_unstable();
    let mut members = members;
    members.sort_unstable();
    assert_eq!(members, expected);
    assert_eq!(job["jobId"].as_str().unwrap().len(), 36);
    assert!(is_stamp(&job["startTimeUtc"]));
    assert_eq!(
        (&job["type"], &job["status"], &job["progress"]),
        (&json!("import"), &json!("enqueued"), &json!(0))
    );
    assert_eq!(job["inputBlobContainerUri"], folder.uri());
    assert_eq!(job["outputBlobContainerUri"], folder.uri());
    assert_eq!(job["storageAuthenticationType"], "identityBased");
    assert_eq!(job["excludeKeysInExport"], false);
    assert_eq!(job["useSecondaryStorageAsSource"], false);

    let seen = rig
        .get(&format!("/jobs/{}", id_of(&job)))
        .await
        .is_ok()
        .json();
    assert_eq!(
        seen,
        json!({
            "jobId": job["jobId"], "startTimeUtc": job["startTimeUtc"], "type": "import", "status": "enqueued", "progress": 0,
            "inputBlobName": "in.txt", "outputBlobContainerUri": "", "excludeKeysInExport": false, "useSecondaryStorageAsSource": false,
        })
    );
    assert_eq!(rig.get("/jobs").await.json(), json!([seen]));
}

#[tokio::test]
async fn members_stand_in_the_recorded_order() {
    let (rig, folder) = (slow().await, Folder::new());
    let text = rig.post("/jobs/create", &export_to(&folder)).await.text;
    let at = |name: &str| text.find(&format!("\"{name}\":")).unwrap();
    let order = [
        "jobId",
        "startTimeUtc",
        "type",
        "status",
        "progress",
        "outputBlobContainerUri",
        "excludeKeysInExport",
        "useSecondaryStorageAsSource",
    ];
    assert!(
        order.windows(2).all(|pair| at(pair[0]) < at(pair[1])),
        "{text}"
    );
    assert!(!text.contains("null") && !text.contains("\": "), "{text}");
}

#[tokio::test]
async fn a_job_is_enqueued_running_and_completed_on_the_hubs_clock() {
    let (rig, folder) = (slow().await, Folder::new());
    folder.write("in.txt", "{\"id\":\"d1\",\"status\":\"enabled\"}\n");
    let import = json!({ "type": "import", "inputBlobName": "in.txt", "inputBlobContainerUri": folder.uri(), "outputBlobContainerUri": folder.uri() });
    for body in [export_to(&folder), import] {
        let id = id_of(&rig.create(&body).await);
        let path = format!("/jobs/{id}");
        assert_eq!(rig.get(&path).await.json()["status"], "enqueued");
        rig.hub.clock().advance(DELAY);
        let running = rig.until(&id, &["running"]).await;
        assert_eq!(
            (running["progress"].as_i64(), running.get("endTimeUtc")),
            (Some(0), None)
        );
        // Half of the second delay is not enough.
        rig.hub.clock().advance(DELAY / 2);
        assert_eq!(rig.get(&path).await.json()["status"], "running");
        rig.hub.clock().advance(DELAY / 2);
        let done = rig.until(&id, &["completed"]).await;
        let time = |name: &str| jobs_emulator::Time::parse(done[name].as_str().unwrap()).unwrap();
        let took = time("endTimeUtc").since(time("startTimeUtc"));
        assert!(took >= 2 * DELAY && took < 3 * DELAY, "{took:?}");
        assert_eq!(done["progress"], 100);
        assert!(is_stamp(&done["endTimeUtc"]));
        assert_eq!(done.get("failureReason"), None);
    }
}

#[tokio::test]
async fn the_id_is_found_in_any_case_and_an_unknown_one_is_404() {
    let (rig, folder) = (Rig::start().await, Folder::new());
    let id = id_of(&rig.run(&export_to(&folder)).await);
    rig.get(&format!("/jobs/{}", id.to_uppercase()))
        .await
        .is_ok();
    rig.get("/jobs/none").await.is_error(404, "JobNotFound");
    rig.get("/jobs/create").await.is_error(404, "JobNotFound");
    rig.delete("/jobs/none").await.is_error(404, "JobNotFound");
}

#[tokio::test]
async fn a_second_job_is_refused_while_one_is_active() {
    let (rig, folder) = (slow().await, Folder::new());
    let id = id_of(&rig.create(&export_to(&folder)).await);
    for state in ["enqueued", "running"] {
        rig.until(&id, &[state]).await;
        let seen = rig.post("/jobs/create", &export_to(&folder)).await;
        assert_eq!(
            (seen.status.as_u16(), seen.code()),
            (403, "JobQuotaExceeded")
        );
        let message = seen.json()["Message"].as_str().unwrap().to_owned();
        let start = "ErrorCode:JobQuotaExceeded;Error: 403 ErrorCode: JobQuotaExceeded\nMessage: Job quota has been exceeded\nTimestamp: ";
        assert!(
            message.starts_with(start) && message.ends_with("\nTracking ID: "),
            "{message}"
        );
        assert_eq!(seen.json()["ExceptionMessage"], "");
        if state == "enqueued" {
            rig.hub.clock().advance(DELAY);
        }
    }
}

#[tokio::test]
async fn cancelling_works_in_every_state() {
    let (rig, folder) = (slow().await, Folder::new());
    for advance in [Duration::ZERO, DELAY] {
        let id = id_of(&rig.create(&export_to(&folder)).await);
        rig.hub.clock().advance(advance);
        if !advance.is_zero() {
            rig.until(&id, &["running"]).await;
        }
        let path = format!("/jobs/{id}");
        let seen = rig
            .send_matching(Method::DELETE, &path, &format!("\"{id}\""), &json!({}))
            .await;
        assert_eq!((seen.status.as_u16(), seen.text.as_str()), (204, ""));
        let job = rig.get(&path).await.json();
        assert_eq!(job["status"], "cancelled");
        assert!(is_stamp(&job["endTimeUtc"]));
        // Of a job that is over: 204 again, and nothing changes.
        assert_eq!(rig.delete(&path).await.status.as_u16(), 204);
        assert_eq!(rig.get(&path).await.json(), job);
        rig.hub.clock().advance(DELAY * 3);
        assert_eq!(rig.get(&path).await.json(), job);
    }
    assert!(folder.names().is_empty());
    assert_eq!(rig.get("/jobs").await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn history_is_kept_for_thirty_days() {
    let (rig, folder) = (
        Rig::with(Emulator::builder().auth(false)).await,
        Folder::new(),
    );
    let id = id_of(&rig.run(&export_to(&folder)).await);
    let day = Duration::from_secs(24 * 3600);
    rig.hub.clock().advance(day * 30 - Duration::from_secs(60));
    rig.get(&format!("/jobs/{id}")).await.is_ok();
    rig.hub.clock().advance(Duration::from_secs(120));
    rig.get(&format!("/jobs/{id}"))
        .await
        .is_error(404, "JobNotFound");
    assert_eq!(rig.get("/jobs").await.json(), json!([]));
}

#[tokio::test]
async fn a_cancelled_job_stays_in_the_history_as_cancelled() {
    let (rig, folder) = (slow().await, Folder::new());
    let id = id_of(&rig.create(&export_to(&folder)).await);
    assert_eq!(
        rig.delete(&format!("/jobs/{id}")).await.status.as_u16(),
        204
    );
    rig.hub.clock().advance(Duration::from_secs(29 * 24 * 3600));
    assert_eq!(rig.get("/jobs").await.json()[0]["status"], "cancelled");
}

#[tokio::test]
async fn containers_are_checked_at_creation_and_leave_no_job() {
    let (rig, folder) = (Rig::start().await, Folder::new());
    let refused = async |body: Value| {
        let seen = rig.post("/jobs/create", &body).await;
        assert_eq!(
            (seen.status.as_u16(), seen.code()),
            (400, "BlobContainerValidationError"),
            "{}",
            seen.text
        );
        assert!(
            seen.json()["Message"]
                .as_str()
                .unwrap()
                .starts_with("ErrorCode:BlobContainerValidationError;")
        );
    };
    let import = json!({ "type": "import", "inputBlobContainerUri": folder.uri(), "outputBlobContainerUri": folder.uri() });
    refused(import.clone()).await;
    folder.write("devices.txt", "");
    refused(import.clone()).await;
    for uri in [
        "file:///no/such/folder",
        "http://127.0.0.1:1/acct/c?sig=PLANTED",
        "ftp://host/c",
        "nonsense",
        "file:///tmp/%2e%2e/etc",
    ] {
        refused(json!({ "type": "export", "outputBlobContainerUri": uri })).await;
    }
    let climbing = json!({ "type": "import", "inputBlobContainerUri": folder.uri(), "outputBlobContainerUri": folder.uri(), "inputBlobName": "../devices.txt" });
    refused(climbing).await;
    assert_eq!(rig.get("/jobs").await.json(), json!([]));
    assert_eq!(folder.names(), ["devices.txt"]);
}

#[tokio::test]
async fn a_signature_never_comes_back_in_an_error() {
    let rig = Rig::start().await;
    let uri = "http://127.0.0.1:1/acct/c?sv=2021-12-02&sig=PLANTED%2Bsecret%3D";
    let seen = rig
        .post(
            "/jobs/create",
            &json!({ "type": "export", "outputBlobContainerUri": uri }),
        )
        .await;
    assert_eq!(seen.status.as_u16(), 400);
    assert!(!seen.text.contains("PLANTED"), "{}", seen.text);
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let (rig, folder) = (Rig::start().await, Folder::new());
    let uri = folder.uri();
    for (body, code) in [
        (json!({}), "ArgumentNull"),
        (json!({ "type": "export" }), "ArgumentNull"),
        (
            json!({ "type": "import", "outputBlobContainerUri": uri }),
            "ArgumentNull",
        ),
        (
            json!({ "type": "backup", "outputBlobContainerUri": uri }),
            "ArgumentInvalid",
        ),
        (
            json!({ "type": "export", "outputBlobContainerUri": uri, "storageAuthenticationType": "magic" }),
            "ArgumentInvalid",
        ),
        (
            json!({ "type": "export", "outputBlobContainerUri": 5 }),
            "IotHubFormatError",
        ),
        (json!([]), "IotHubFormatError"),
    ] {
        rig.post("/jobs/create", &body).await.is_error(400, code);
    }
    let seen = rig
        .request(Method::POST, "/jobs/create")
        .body("{")
        .send()
        .await
        .unwrap();
    crate::support::Seen::of(seen)
        .await
        .is_error(400, "IotHubFormatError");
}
