//! The bound on connecting, and connections that are used again.

use std::net::TcpStream;
use std::time::Duration;

use jobs_ext::{ErrorKind, RetryPolicy, Timeouts};
use tokio::time::Instant;

use crate::clock::StepClock;
use crate::operations::{ID, job};
use crate::server::{Server, json};
use crate::{client, connection_string};

/// Linux answers a new connection only while the listener's queue has room, so with a queue of one that is full it is never answered.
/// The paused time goes on by itself once nothing else is left to do, to the next bound that is waited for.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_connection_that_is_not_answered_ends_at_its_bound_and_nothing_was_sent() {
    let listener = tokio::net::TcpSocket::new_v4().unwrap();
    listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let _fills_the_queue = TcpStream::connect(address).unwrap();
    let bound = Duration::from_secs(7);
    let hub = jobs_ext::JobsClient::builder(format!("http://{address}"))
        .connection_string(&connection_string())
        .retry(RetryPolicy::none())
        .timeouts(Timeouts::default().connect(bound))
        .build()
        .unwrap();
    let started = Instant::now();
    let error = hub.get_import_export(ID).await.unwrap_err();
    let waited = started.elapsed();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1));
    assert!(error.to_string().contains("no connection"), "{error}");
    // Virtual time: exactly the bound, but for the timer's grain.
    assert!(
        (bound..bound + Duration::from_millis(10)).contains(&waited),
        "{waited:?}"
    );
}

#[tokio::test]
async fn calls_in_a_row_use_one_connection() {
    let replies = (0..20).map(|_| json(200, job("running")));
    let server = Server::start(replies).await;
    let hub = client(&server, &StepClock::default());
    for _ in 0..20 {
        hub.get_import_export(ID).await.unwrap();
        // What ends an answer's exchange runs on this thread as well.
        tokio::task::yield_now().await;
    }
    assert_eq!(server.connections(), 1);
}
