//! Reading what may keep the program waiting: standard input, a pipe, a slow disk.

use std::io;

/// Reads on a thread of its own, so that a signal or the time limit ends the command although the read goes on.
pub(crate) async fn aside<T: Send + 'static>(
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(read)
        .await
        .map_err(io::Error::other)
        .flatten()
}
