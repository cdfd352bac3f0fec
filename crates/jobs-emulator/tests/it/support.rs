//! A client of the hub that shares nothing with it: signs tokens, sends requests.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jobs_emulator::{Emulator, EmulatorBuilder, Hub};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use ring::hmac;
use serde_json::Value;

pub(crate) const API: &str = "api-version=2020-05-31-preview";

/// A running hub and a way to call it.
pub(crate) struct Rig {
    pub(crate) hub: Hub,
    pub(crate) http: reqwest::Client,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with(Emulator::builder()).await
    }

    pub(crate) async fn with(builder: EmulatorBuilder) -> Self {
        Self {
            hub: builder.start().await.unwrap(),
            http: client(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let glue = if path.contains('?') { '&' } else { '?' };
        format!("{}{path}{glue}{API}", self.hub.endpoint())
    }

    pub(crate) fn token(&self, policy: &str) -> String {
        sign("localhost", policy, &self.key(policy), in_an_hour())
    }

    pub(crate) fn key(&self, policy: &str) -> String {
        self.hub
            .policies()
            .iter()
            .find(|known| known.name() == policy)
            .unwrap()
            .primary_key()
            .to_owned()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, self.url(path))
            .header("authorization", self.token("iothubowner"))
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        Seen::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Seen {
        Seen::of(self.request(Method::DELETE, path).send().await.unwrap()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Seen {
        Seen::of(self.request(method, path).json(body).send().await.unwrap()).await
    }

    pub(crate) async fn send_matching(
        &self,
        method: Method,
        path: &str,
        if_match: &str,
        body: &Value,
    ) -> Seen {
        self.send_with(method, path, ("if-match", if_match), body)
            .await
    }

    pub(crate) async fn send_with(
        &self,
        method: Method,
        path: &str,
        (name, value): (&str, &str),
        body: &Value,
    ) -> Seen {
        Seen::of(
            self.request(method, path)
                .header(name, value)
                .json(body)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Seen {
        self.send(Method::PUT, path, body).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Seen {
        self.send(Method::POST, path, body).await
    }
}

/// An answer, read whole.
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Seen {
    pub(crate) async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self {
            status,
            headers,
            text: response.text().await.unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn code(&self) -> &str {
        self.header("iothub-errorcode").unwrap_or("")
    }

    /// Asserts an error in envelope A, with its header.
    pub(crate) fn is_error(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status.as_u16(), self.code()),
            (status, code),
            "{}",
            self.text
        );
        let message = self.json()["Message"].as_str().unwrap().to_owned();
        assert!(
            message.starts_with(&format!("ErrorCode:{code};")),
            "{message}"
        );
        assert!(self.json()["ExceptionMessage"].is_string());
    }

    pub(crate) fn is_ok(&self) -> &Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self
    }
}

pub(crate) fn client() -> reqwest::Client {
    trusting(rustls::RootCertStore::empty())
}

/// A client with these roots and the ring provider.
pub(crate) fn trusting(roots: rustls::RootCertStore) -> reqwest::Client {
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(roots)
    .with_no_client_auth();
    reqwest::Client::builder()
        .no_proxy()
        .tls_backend_preconfigured(config)
        .build()
        .unwrap()
}

pub(crate) fn in_an_hour() -> u64 {
    now() + 3600
}

pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// A token as the clients make it: `sr` percent-encoded, signed as it stands.
pub(crate) fn sign(resource: &str, policy: &str, key: &str, expiry: u64) -> String {
    sign_raw(&encode(resource), policy, key, expiry)
}

/// As [`sign`], with `sr` taken as it is.
pub(crate) fn sign_raw(resource: &str, policy: &str, key: &str, expiry: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(key).unwrap());
    let signature = STANDARD.encode(hmac::sign(&key, format!("{resource}\n{expiry}").as_bytes()));
    format!(
        "SharedAccessSignature sr={resource}&sig={}&se={expiry}&skn={policy}",
        encode(&signature)
    )
}

pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A folder that serves as a container.
pub(crate) struct Folder(pub(crate) tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn uri(&self) -> String {
        format!("file://{}", self.0.path().display())
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        std::fs::write(self.0.path().join(name), text).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// The JSON objects in a file, one a line; other lines are left out.
    pub(crate) fn rows(&self, name: &str) -> Vec<Value> {
        self.read(name)
            .lines()
            .filter(|line| line.starts_with('{'))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Rig {
    /// Creates a job and gives its body.
    pub(crate) async fn create(&self, body: &Value) -> Value {
        self.post("/jobs/create", body).await.is_ok().json()
    }

    /// Asks for the job until its status is one of these.
    pub(crate) async fn until(&self, id: &str, wanted: &[&str]) -> Value {
        let asking = async {
            loop {
                let job = self.get(&format!("/jobs/{id}")).await.is_ok().json();
                if wanted.contains(&job["status"].as_str().unwrap()) {
                    return job;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), asking)
            .await
            .expect("the job gets there")
    }

    /// Runs a job to its end.
    pub(crate) async fn run(&self, body: &Value) -> Value {
        let job = self.create(body).await;
        self.until(
            job["jobId"].as_str().unwrap(),
            &["completed", "failed", "cancelled"],
        )
        .await
    }

    /// Imports these lines; gives the rows of the error log.
    pub(crate) async fn import(&self, lines: &str) -> Vec<Value> {
        let folder = Folder::new();
        folder.write("devices.txt", lines);
        let uri = folder.uri();
        let body = serde_json::json!({ "type": "import", "inputBlobContainerUri": uri, "outputBlobContainerUri": uri });
        let job = self.run(&body).await;
        assert_eq!(job["status"], "completed", "{job}");
        folder.rows("importErrors.log")
    }

    /// Exports with keys; gives the rows.
    pub(crate) async fn export(&self) -> Vec<Value> {
        let folder = Folder::new();
        let job = self
            .run(&serde_json::json!({ "type": "export", "outputBlobContainerUri": folder.uri() }))
            .await;
        assert_eq!(job["status"], "completed", "{job}");
        folder.rows("devices.txt")
    }
}
