//! A blob service with one container, for tests: it keeps what is put there and tells who asked for what.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// The service, on a port of its own; it ends with the test.
pub(crate) struct Blobs {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    blobs: BTreeMap<String, Vec<u8>>,
    /// The blob that nobody may read.
    closed: Option<String>,
    /// A blob that reads as this, whatever was put there.
    fixed: Option<(String, Vec<u8>)>,
    /// When each blob was put there.
    times: BTreeMap<String, SystemTime>,
    /// What was read, and by which authorization.
    reads: Vec<(String, String)>,
}

impl Blobs {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, state) = (stream.unwrap(), Arc::clone(&shared));
                std::thread::spawn(move || answer(stream, &state));
            }
        });
        Self { port, state }
    }

    /// The container's URI without a signature.
    pub(crate) fn uri(&self) -> String {
        format!("http://127.0.0.1:{}/devstoreaccount1/c", self.port)
    }

    /// The container's URI with one.
    pub(crate) fn signed_uri(&self) -> String {
        let rights = "sv=2021-12-02&sr=c&sp=racwdl&se=2099-01-01&sig=cGxhbnRlZA%3D%3D";
        format!("{}?{rights}", self.uri())
    }

    pub(crate) fn put(&self, name: &str, content: &str) {
        let mut state = self.state.lock().unwrap();
        state.blobs.insert(name.to_owned(), content.into());
    }

    /// From now on this is what a read of the blob gets, whatever is put there.
    pub(crate) fn answer_as(&self, name: &str, content: &str) {
        let fixed = (name.to_owned(), content.as_bytes().to_vec());
        self.state.lock().unwrap().fixed = Some(fixed);
    }

    /// From now on nobody may read this blob.
    pub(crate) fn close(&self, name: &str) {
        self.state.lock().unwrap().closed = Some(name.to_owned());
    }

    /// By which authorization a blob was read.
    pub(crate) fn readers(&self, name: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let of_blob = state.reads.iter().filter(|(read, _)| read == name);
        of_blob.map(|(_, reader)| reader.clone()).collect()
    }
}

/// One request a connection.
fn answer(stream: TcpStream, state: &Mutex<State>) {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).unwrap();
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let name = path
        .strip_prefix("/devstoreaccount1/c/")
        .unwrap_or_default()
        .to_owned();
    let (mut length, mut reader) = (0, String::new());
    let mut line = String::new();
    while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
        if let Some((header, value)) = line.trim_end().split_once(": ") {
            match header.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "authorization" => value.clone_into(&mut reader),
                _ => {}
            }
        }
        line.clear();
    }
    let mut sent = vec![0; length];
    stream.read_exact(&mut sent).unwrap();
    let mut state = state.lock().unwrap();
    let (status, body) = state.act(&method, name.clone(), sent, reader);
    let written = state.times.get(&name).copied();
    drop(state);
    let written = jiff::Timestamp::try_from(written.unwrap_or_else(SystemTime::now)).unwrap();
    let written = jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&written)
        .unwrap();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"1\"\r\nLast-Modified: {written}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // Whoever asked may have gone.
    let _ = stream.get_mut().write_all(head.as_bytes());
    if method != "HEAD" {
        let _ = stream.get_mut().write_all(&body);
    }
}

impl State {
    fn act(
        &mut self,
        method: &str,
        name: String,
        sent: Vec<u8>,
        reader: String,
    ) -> (&'static str, Vec<u8>) {
        match method {
            "PUT" => {
                self.times.insert(name.clone(), SystemTime::now());
                self.blobs.insert(name, sent);
                ("201 Created", Vec::new())
            }
            "DELETE" => match self.blobs.remove(&name) {
                Some(_) => ("202 Accepted", Vec::new()),
                None => ("404 Not Found", Vec::new()),
            },
            _ if self.closed.as_ref() == Some(&name) => ("403 Forbidden", Vec::new()),
            _ => {
                let fixed = self.fixed.as_ref().filter(|(fixed, _)| *fixed == name);
                let found = match fixed {
                    Some((_, content)) => Some(content.clone()),
                    None => self.blobs.get(&name).cloned(),
                };
                self.reads.push((name, reader));
                match found {
                    Some(content) => ("200 OK", content),
                    None => ("404 Not Found", Vec::new()),
                }
            }
        }
    }
}
