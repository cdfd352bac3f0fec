//! What a request cannot cause: work that panics, and threads that race without HTTP between them.

use std::sync::Barrier;

use serde_json::json;

use super::{Ending, Record as _, Work, create};
use crate::scheduled::{ScheduledRecord, read_request};
use crate::{Emulator, Hub, Time};

fn record(now: Time, id: &str) -> ScheduledRecord {
    let request = json!({ "type": "scheduleUpdateTwin", "queryCondition": "*", "updateTwin": { "etag": "*", "tags": {} } });
    read_request(id, &request, now).unwrap()
}

/// Runs a job whose work is this; returns its body once it is over.
async fn run(
    hub: &Hub,
    id: &str,
    work: impl FnOnce(&Work<ScheduledRecord>) -> Result<(), Ending> + Send + 'static,
) -> serde_json::Value {
    let jobs = hub.state().scheduled.table.clone();
    let record = record(hub.clock().now(), id);
    tokio::task::spawn_blocking(move || {
        create(&jobs, &record, |_| Ok(()), work).unwrap();
    })
    .await
    .unwrap();
    loop {
        let job = hub.state().scheduled.table.get(id).unwrap().unwrap();
        if job.ended().is_some() {
            return json!(job.body());
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn work_that_panics_fails_its_job_and_frees_the_slot() {
    let hub = Emulator::builder().start().await.unwrap();
    for (n, work) in [
        |_: &Work<ScheduledRecord>| panic!("outside a transaction"),
        |work: &Work<ScheduledRecord>| work.write(|_, _| panic!("within a transaction")),
    ]
    .into_iter()
    .enumerate()
    {
        let job = run(&hub, &format!("bad-{n}"), work).await;
        assert_eq!(job["status"], "failed", "{job}");
        assert_eq!(job["failureReason"], "The job failed inside the hub.");
        assert_eq!(hub.state().scheduled.table.active_count(), 0);
    }
    assert_eq!(run(&hub, "good", |_| Ok(())).await["status"], "completed");
}

#[tokio::test]
async fn work_that_fails_gives_its_reason() {
    let hub = Emulator::builder().start().await.unwrap();
    let job = run(&hub, "bad", |_| Err(Ending::Failed("No luck.".to_owned()))).await;
    assert_eq!(job["failureReason"], "No luck.");
}

#[tokio::test]
async fn of_threads_that_create_one_id_at_the_same_instant_exactly_one_wins() {
    let hub = Emulator::builder().start().await.unwrap();
    let (jobs, now) = (hub.state().scheduled.table.clone(), hub.clock().now());
    tokio::task::spawn_blocking(move || {
        for n in 0..500 {
            let (barrier, id) = (Barrier::new(3), format!("race-{n}"));
            let results: Vec<_> = std::thread::scope(|scope| {
                let runner = || {
                    let record = record(now, &id);
                    barrier.wait();
                    create(&jobs, &record, |_| Ok(()), |_| Ok(()))
                };
                let runners = [
                    scope.spawn(runner),
                    scope.spawn(runner),
                    scope.spawn(runner),
                ];
                runners.map(|runner| runner.join().unwrap()).into()
            });
            let won = results.iter().filter(|result| result.is_ok()).count();
            assert_eq!(won, 1, "{results:?}");
            for error in results.iter().filter_map(|result| result.as_ref().err()) {
                assert_eq!(error.code, "JobAlreadyExists");
            }
        }
    })
    .await
    .unwrap();
}
