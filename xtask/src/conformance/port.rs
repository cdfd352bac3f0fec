//! The way to port 443, the only one that the JavaScript and Java clients know.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread;

use crate::{Problem, Result};

/// How clients that know only port 443 reach the hub, which listens on another port.
///
/// Every connection is passed on byte for byte, so TLS is still between client and hub. The threads end with the process.
pub(super) enum Route {
    /// A forwarder listens on 127.0.0.1:443.
    Forwarder,
    /// An HTTP proxy on this port connects every CONNECT request to the hub, whatever its target.
    Proxy(u16),
}

impl Route {
    /// Listens on port 443, or, when that port is in use or not permitted, starts the proxy.
    pub(super) fn open(hub: u16, no_port_443: bool) -> Result<Self> {
        if !no_port_443 && let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, 443)) {
            serve(listener, move |client| join(client, hub));
            return Ok(Self::Forwarder);
        }
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Problem::of(&"the proxy"))?;
        let port = listener
            .local_addr()
            .map_err(Problem::of(&"the proxy"))?
            .port();
        serve(listener, move |client| join(connected(client)?, hub));
        Ok(Self::Proxy(port))
    }
}

fn serve(
    listener: TcpListener,
    work: impl Fn(TcpStream) -> io::Result<()> + Copy + Send + 'static,
) {
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || work(client));
        }
    });
}

/// Reads the CONNECT request up to its empty line and accepts it.
fn connected(mut client: TcpStream) -> io::Result<TcpStream> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        request.extend(byte);
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    Ok(client)
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
