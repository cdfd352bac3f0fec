//! A server that gives scripted answers in order and keeps every request, byte for byte.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A whole answer.
    Full {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// The connection ends after the request was read.
    Cut,
    /// The answer ends in the middle of its body.
    Half(&'static str),
    /// The answer stops in the middle of its body, and the connection stays.
    Quiet(&'static str),
    /// An answer of this status that says this text again and again, until the other side has had enough.
    Endless(u16, &'static str),
    /// No answer ever.
    Stall,
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: impl AsRef<str>) -> Reply {
    Reply::Full {
        status,
        headers: vec![(
            "Content-Type".into(),
            "application/json; charset=utf-8".into(),
        )],
        body: body.as_ref().into(),
    }
}

/// An error answer in the service's envelope A.
pub(crate) fn fault(status: u16, code: &str) -> Reply {
    json(
        status,
        format!(r#"{{"Message":"ErrorCode:{code};text of {code}","ExceptionMessage":"Tracking ID:t-1"}}"#),
    )
    .with("iothub-errorcode", code)
    .with("x-ms-request-id", "r-1")
}

impl Reply {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Full { headers, .. } = &mut self {
            headers.push((name.into(), value.into()));
        }
        self
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Full {
                status,
                headers,
                body,
            } => {
                let mut head = format!(
                    "HTTP/1.1 {status} Scripted\r\nContent-Length: {}\r\n",
                    body.len()
                );
                if *status == 204 {
                    head = "HTTP/1.1 204 No Content\r\n".into();
                }
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("\r\n");
                let mut all = head.into_bytes();
                all.extend_from_slice(body);
                all
            }
            Self::Half(body) => {
                format!("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: \"1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n{body}").into_bytes()
            }
            Self::Quiet(body) => format!(
                "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: \"1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n{body}"
            )
            .into_bytes(),
            Self::Endless(status, _) => format!(
                "HTTP/1.1 {status} Scripted\r\nContent-Length: 1000000000000\r\nETag: \"1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
            )
            .into_bytes(),
            Self::Cut | Self::Stall => Vec::new(),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Method and target: `GET /jobs?api-version=…`.
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Script {
    replies: VecDeque<Reply>,
    requests: Vec<Request>,
    connections: usize,
}

pub(crate) struct Server {
    port: u16,
    script: Arc<Mutex<Script>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Serves these answers, one a request; a request too many is answered 599.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Mutex::new(Script {
            replies: replies.into_iter().collect(),
            ..Script::default()
        }));
        let shared = script.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { port, script, task }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.script.lock().unwrap().requests.clone()
    }

    /// Connections taken so far.
    pub(crate) fn connections(&self) -> usize {
        self.script.lock().unwrap().connections
    }

    /// Method and path of every request so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        let path = |request: Request| {
            request
                .line
                .split('?')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        self.requests().into_iter().map(path).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<Script>>) {
    let mut kept = Vec::new();
    while let Some(request) = read(&mut stream, &mut kept).await {
        let reply = {
            let mut script = script.lock().unwrap();
            script.requests.push(request);
            script.replies.pop_front()
        };
        let reply = reply.unwrap_or_else(|| json(599, "{}"));
        match &reply {
            Reply::Cut => return,
            Reply::Stall => std::future::pending::<()>().await,
            _ => stream.write_all(&reply.bytes()).await.unwrap_or_default(),
        }
        match reply {
            Reply::Half(_) => return,
            Reply::Quiet(_) => std::future::pending().await,
            Reply::Endless(_, text) => {
                let piece = text.repeat(100);
                while stream.write_all(piece.as_bytes()).await.is_ok() {}
                return;
            }
            _ => {}
        }
    }
}

async fn read(stream: &mut TcpStream, kept: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        if let Some(at) = kept.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(kept).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(kept[..end].to_vec()).unwrap();
    let first = head.lines().next().unwrap().to_owned();
    let line = first.trim_end_matches(" HTTP/1.1").to_owned();
    let mut request = Request {
        line,
        head,
        body: String::new(),
    };
    let length: usize = request
        .header("content-length")
        .map_or(0, |text| text.parse().unwrap());
    while kept.len() < end + length {
        if stream.read_buf(kept).await.ok()? == 0 {
            return None;
        }
    }
    request.body = String::from_utf8(kept[end..end + length].to_vec()).unwrap();
    kept.drain(..end + length);
    Some(request)
}
