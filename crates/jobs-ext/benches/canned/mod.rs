//! A server that does as little as one can: it answers every request with the same job.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The job that it tells of.
pub(crate) const ID: &str = "7b0c7f3e-1111-4222-8333-000000000001";

/// Answers until the connection ends. `looked` is told of every request for the job `running`, which is answered with that state.
pub(crate) async fn answer<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, looked: impl Fn()) {
    let reply = |status: &str| {
        let body = format!(
            r#"{{"jobId":"{ID}","startTimeUtc":"2021-07-07T20:47:47.2893449Z","type":"export","status":"{status}","progress":0,"outputBlobContainerUri":"","excludeKeysInExport":false,"useSecondaryStorageAsSource":false}}"#
        );
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let (completed, running) = (reply("completed"), reply("running"));
    let mut kept = Vec::with_capacity(1024);
    loop {
        match stream.read_buf(&mut kept).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        while let Some(end) = kept.windows(4).position(|w| w == b"\r\n\r\n") {
            let waits = kept.starts_with(b"GET /jobs/running");
            // In no other header that clients send.
            let last = kept[..end]
                .windows(5)
                .any(|w| w.eq_ignore_ascii_case(b"close"));
            kept.drain(..end + 4);
            if waits {
                looked();
            }
            let reply = if waits { &running } else { &completed };
            let sent =
                stream.write_all(reply.as_bytes()).await.is_ok() && stream.flush().await.is_ok();
            if !sent || last {
                return;
            }
        }
    }
}
