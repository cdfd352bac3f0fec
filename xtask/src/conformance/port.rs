//! The way to port 443, the only one that the JavaScript client can reach.

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread;

/// Hands connections to 127.0.0.1:443 on to the hub, byte for byte, so that TLS is still between client and hub.
///
/// Its threads end with the process.
pub(super) struct Forwarder;

impl Forwarder {
    /// `None` when the port may not be taken: not permitted, or in use.
    pub(super) fn listen_on_443(hub: u16) -> Option<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 443)).ok()?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                thread::spawn(move || join(client, hub));
            }
        });
        Some(Self)
    }
}

fn join(client: TcpStream, hub: u16) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, hub))?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let upstream = thread::spawn(move || {
        let copied = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
        copied
    });
    let (mut from_server, mut to_client) = (server, client);
    let copied = io::copy(&mut from_server, &mut to_client);
    let _ = to_client.shutdown(Shutdown::Both);
    let _ = upstream.join();
    copied.map(drop)
}
