//! What goes over the wire, seen by a server that records it.

use jobs_api::types::{JobProperties, JobStatus, JobType};
use jobs_api::{Capture, Client, Error, RequestContext};
use reqwest::header::{HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that answers one request with `answer`, and the request that it got.
async fn server(answer: impl Into<String>) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let answer = answer.into();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let request = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        while !is_complete(&bytes) {
            let read = stream.read_buf(&mut bytes).await.unwrap();
            assert!(read > 0, "the client hung up");
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(bytes).unwrap()
    });
    (endpoint, request)
}

fn is_complete(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length:")?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or(0);
    body.len() >= length
}

fn client(endpoint: &str, context: RequestContext) -> Client {
    Client::new_with_client(endpoint, crate::http_client(), context)
}

const JOB: &str = r#"{"jobId":"a b","status":"enqueued"}"#;

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn every_request_carries_version_and_token_and_no_stray_header() {
    let (endpoint, request) = server(ok(JOB)).await;
    let context = RequestContext::new()
        .with_authorization(HeaderValue::from_static("SharedAccessSignature sr=x"))
        .with_header(
            HeaderName::from_static("x-ms-client-request-id"),
            HeaderValue::from_static("7"),
        );
    let job = client(&endpoint, context)
        .jobs_get_import_export_job("a b/..")
        .await
        .unwrap();
    assert_eq!(job.status, Some(JobStatus::Enqueued));

    let request = request.await.unwrap().to_ascii_lowercase();
    assert!(
        request.starts_with("get /jobs/a%20b%2f..?api-version=2020-05-31-preview http/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\nauthorization: sharedaccesssignature sr=x\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\nx-ms-client-request-id: 7\r\n"),
        "{request}"
    );
    assert!(!request.contains("\r\napi-version:"), "{request}");
}

#[tokio::test]
async fn a_copy_with_another_context_signs_with_the_other_token() {
    let (endpoint, request) = server(ok(JOB)).await;
    let first = client(
        &endpoint,
        RequestContext::new().with_authorization(HeaderValue::from_static("old")),
    );
    let fresh = RequestContext::new()
        .with_authorization(HeaderValue::from_static("fresh"))
        .with_api_version("2021-04-12");
    first
        .with_context(fresh)
        .jobs_get_import_export_job("1")
        .await
        .unwrap();
    let request = request.await.unwrap();
    assert!(
        request.contains("fresh") && !request.contains("old"),
        "{request}"
    );
    assert!(request.contains("api-version=2021-04-12"), "{request}");
    assert_eq!(first.context().api_version(), jobs_api::API_VERSION);
}

#[tokio::test]
async fn one_context_serves_clients_of_different_hubs() {
    let context = RequestContext::new();
    for prefix in ["", "/hub", "/hub/", "/hub/?a=b#c"] {
        let (endpoint, request) = server(ok(JOB)).await;
        client(&format!("{endpoint}{prefix}"), context.clone())
            .jobs_get_import_export_job("1")
            .await
            .unwrap();
        let line = format!(
            "GET {}/jobs/1?api-version={} HTTP",
            prefix.trim_end_matches("?a=b#c").trim_end_matches('/'),
            jobs_api::API_VERSION
        );
        assert!(request.await.unwrap().starts_with(&line), "{line}");
    }
}

#[tokio::test]
async fn a_base_that_is_no_address_of_a_host_is_refused() {
    for base in ["", "hub", "mailto:hub", "http://"] {
        let error = client(base, RequestContext::new())
            .jobs_get_import_export_job("1")
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::CommunicationError(cause) if cause.is_builder()),
            "{base}: {error}"
        );
    }
}

#[tokio::test]
async fn a_body_holds_only_what_was_set() {
    let (endpoint, request) = server(ok(JOB)).await;
    let mut job = JobProperties::default();
    job.type_ = Some(JobType::Export);
    job.output_blob_container_uri = Some("https://a.example/c?sig=s%2Fs".into());
    client(&endpoint, RequestContext::new())
        .jobs_create_import_export_job(&job)
        .await
        .unwrap();
    let request = request.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /jobs/create?api-version="), "{head}");
    assert_eq!(
        body,
        r#"{"outputBlobContainerUri":"https://a.example/c?sig=s%2Fs","type":"export"}"#
    );
}

#[tokio::test]
async fn filters_and_paging_go_where_the_hub_reads_them() {
    let page = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-ms-continuation: next\r\ncontent-length: 2\r\n\
        connection: close\r\n\r\n[]";
    let (endpoint, request) = server(page).await;
    let answer = client(&endpoint, RequestContext::new())
        .jobs_query_scheduled_jobs(
            Some(&JobStatus::Queued),
            Some(&JobType::ScheduleUpdateTwin),
            Some("here"),
            Some(5),
        )
        .await
        .unwrap();
    assert_eq!(answer.headers()["x-ms-continuation"], "next");
    assert!(answer.into_inner().is_empty());
    let request = request.await.unwrap();
    assert!(
        request.starts_with(
            "GET /jobs/v2/query?api-version=2020-05-31-preview&jobStatus=queued&jobType=scheduleUpdateTwin HTTP"
        ),
        "{request}"
    );
    assert!(
        request.contains("\r\nx-ms-continuation: here\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\nx-ms-max-item-count: 5\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn cancelling_takes_an_object_and_nothing_alike() {
    let object = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    let nothing = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
    for answer in [object, nothing] {
        let (endpoint, request) = server(answer).await;
        client(&endpoint, RequestContext::new())
            .jobs_cancel_import_export_job("1")
            .await
            .unwrap();
        assert!(request.await.unwrap().starts_with("DELETE /jobs/1?"));
    }
}

#[tokio::test]
async fn an_error_arrives_with_its_status_headers_and_body_whatever_they_are() {
    let html = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html\r\nretry-after: 7\r\ncontent-length: 6\r\n\
        connection: close\r\n\r\n<html>";
    let (endpoint, _request) = server(html).await;
    let error = client(&endpoint, RequestContext::new())
        .jobs_get_import_export_jobs()
        .await
        .unwrap_err();
    let Error::UnexpectedResponse(response) = error else {
        panic!("an unread response was expected")
    };
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(response.text().await.unwrap(), "<html>");
}

/// A capture may serve several attempts, and what an earlier one kept says nothing about a later one.
#[tokio::test]
async fn a_broken_connection_is_not_blamed_on_the_list_of_an_earlier_attempt() {
    let capture = Capture::new(1000, 1000).with_most_items(1);
    let context = RequestContext::new().with_capture(capture);
    let (endpoint, request) = server(ok("[{},{},{}]")).await;
    let hub = client(&endpoint, context);
    let error = hub.jobs_get_import_export_jobs().await.unwrap_err();
    assert!(
        matches!(error, Error::InvalidResponsePayload(..)),
        "{error}"
    );
    request.await.unwrap();
    let error = hub.jobs_get_import_export_jobs().await.unwrap_err();
    assert!(matches!(error, Error::CommunicationError(_)), "{error}");
}
