//! Creates that race: one winner, whoever is faster.

use std::time::Duration;

use jobs_emulator::{Emulator, Sku};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Folder, Rig, Seen};

const RACES: usize = 500;
const RUNNERS: usize = 4;

/// Sends the same request several times at once; returns status, error code and text of each response.
async fn race(rig: &Rig, method: Method, path: &str, body: &Value) -> Vec<(u16, String, String)> {
    let runners: Vec<_> = (0..RUNNERS)
        .map(|_| tokio::spawn(rig.request(method.clone(), path).json(body).send()))
        .collect();
    let mut responses = Vec::new();
    for runner in runners {
        let seen = Seen::of(runner.await.unwrap().unwrap()).await;
        responses.push((
            seen.status.as_u16(),
            seen.code().to_owned(),
            seen.text.clone(),
        ));
    }
    responses
}

/// Exactly one response is 200; returns its body. The others have this status and code.
fn winner(responses: &[(u16, String, String)], status: u16, code: &str) -> Value {
    let (won, lost): (Vec<_>, Vec<_>) = responses.iter().partition(|response| response.0 == 200);
    assert_eq!(won.len(), 1, "{responses:?}");
    for (found, found_code, text) in lost {
        assert_eq!((*found, found_code.as_str()), (status, code), "{text}");
    }
    serde_json::from_str(&won[0].2).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_creates_of_one_scheduled_id_exactly_one_wins() {
    let data = Folder::new();
    // More slots than one, so that the id alone decides.
    let builder = || Emulator::builder().sku(Sku::S3).data_dir(data.0.path());
    let rig = Rig::with(builder()).await;
    let start = rig.hub.clock().now().plus(Duration::from_secs(3600)).wire();
    let job = json!({ "type": "scheduleUpdateTwin", "queryCondition": "*", "startTime": start,
        "updateTwin": { "etag": "*", "tags": { "a": 1 } } });
    for n in 0..RACES {
        let path = format!("/jobs/v2/race-{n}");
        let responses = race(&rig, Method::PUT, &path, &job).await;
        winner(&responses, 409, "JobAlreadyExists");
        rig.post(&format!("{path}/cancel"), &json!({}))
            .await
            .is_ok();
    }
    let query = format!("/jobs/v2/query?pageSize={}", 2 * RACES);
    let before = rig.get(&query).await.is_ok().json();
    assert_eq!(before.as_array().unwrap().len(), RACES);
    rig.hub.shutdown().await;
    let rig = Rig::with(builder()).await;
    assert_eq!(rig.get(&query).await.is_ok().json(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_creates_of_imports_exactly_one_gets_the_slot() {
    let (data, folder) = (Folder::new(), Folder::new());
    let builder = || {
        Emulator::builder()
            .job_delay(Duration::from_secs(3600))
            .data_dir(data.0.path())
    };
    let rig = Rig::with(builder()).await;
    folder.write("devices.txt", "{\"id\":\"d1\",\"status\":\"enabled\"}\n");
    let uri = folder.uri();
    let job =
        json!({ "type": "import", "inputBlobContainerUri": uri, "outputBlobContainerUri": uri });
    for _ in 0..RACES {
        let responses = race(&rig, Method::POST, "/jobs/create", &job).await;
        let won = winner(&responses, 403, "JobQuotaExceeded");
        let cancelled = rig
            .delete(&format!("/jobs/{}", won["jobId"].as_str().unwrap()))
            .await;
        assert_eq!(cancelled.status, StatusCode::NO_CONTENT);
    }
    let before = rig.get("/jobs").await.is_ok().json();
    assert_eq!(before.as_array().unwrap().len(), RACES);
    rig.hub.shutdown().await;
    let rig = Rig::with(builder()).await;
    assert_eq!(rig.get("/jobs").await.is_ok().json(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancellation_that_races_with_the_end_leaves_one_end_in_memory_and_in_the_database() {
    let (data, folder) = (Folder::new(), Folder::new());
    let builder = || Emulator::builder().data_dir(data.0.path());
    let rig = Rig::with(builder()).await;
    let job = json!({ "type": "export", "outputBlobContainerUri": folder.uri() });
    for _ in 0..100 {
        let id = rig.create(&job).await["jobId"].as_str().unwrap().to_owned();
        let path = format!("/jobs/{id}");
        assert_eq!(rig.delete(&path).await.status, StatusCode::NO_CONTENT);
        let over = rig.get(&path).await.is_ok().json();
        assert!(
            ["completed", "cancelled"].contains(&over["status"].as_str().unwrap()),
            "{over}"
        );
    }
    let before = rig.get("/jobs").await.is_ok().json();
    rig.hub.shutdown().await;
    let rig = Rig::with(builder()).await;
    assert_eq!(rig.get("/jobs").await.is_ok().json(), before);
}
