//! Reads any non-success answer: the service's envelopes A, A-job, A-nested, B and B-in-A, and whatever a proxy puts in between.

use std::time::Duration;

use serde_json::Value;

use super::quoted::without_quotes;
use super::{Error, ErrorKind, MESSAGE_LIMIT};
use crate::redact::clean;

/// A non-success answer, as the connection delivered it.
pub(crate) struct ServiceAnswer<'a> {
    pub(crate) status: u16,
    /// Header `iothub-errorcode`.
    pub(crate) code: Option<&'a str>,
    /// Header `x-ms-request-id`.
    pub(crate) request_id: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    /// Header `Location` of a redirect.
    pub(crate) location: Option<&'a str>,
    pub(crate) retry_after: Option<Duration>,
    /// The body as far as it was read.
    pub(crate) body: &'a [u8],
    /// Whether the body was longer than what was read.
    pub(crate) cut: bool,
    /// Values of the request that no message may repeat.
    pub(crate) private: &'a [String],
}

/// What an envelope says. Later findings never overwrite earlier ones: the outermost code is the one the header names.
#[derive(Default, Debug, PartialEq)]
struct Fault<'a> {
    private: &'a [String],
    code: Option<String>,
    number: Option<u64>,
    message: Option<String>,
    tracking_id: Option<String>,
}

/// Turns an answer into the error that a caller sees.
pub(crate) fn read_answer(answer: &ServiceAnswer<'_>) -> Error {
    let mut fault = Fault {
        private: answer.private,
        ..Fault::default()
    };
    let json = serde_json::from_slice::<Value>(answer.body).ok();
    if let Some(value) = &json {
        read_value(value, &mut fault, 0);
    }
    let code = answer
        .code
        .and_then(symbol)
        .or(fault.code)
        .or_else(|| fault.number.and_then(name_of).map(str::to_owned));
    let is_redirect = (300..400).contains(&answer.status);
    let message = match answer.location.filter(|_| is_redirect) {
        Some(location) => redirected(location),
        None => fault
            .message
            .unwrap_or_else(|| describe(answer, json.is_some())),
    };
    let mut error = Error::new(ErrorKind::classify(answer.status, code.as_deref()), message);
    let detail = error.detail_mut();
    detail.status = Some(answer.status);
    detail.code = code;
    detail.number = fault.number;
    detail.tracking_id = fault.tracking_id;
    detail.request_id = answer.request_id.map(|id| clean(id, 128));
    detail.retry_after = answer.retry_after;
    detail.sent = true;
    if is_redirect {
        detail.hint = Some(REDIRECT);
    }
    error
}

const REDIRECT: &str = "a hub does not redirect: check the endpoint and the host name; a proxy or a sign-in page may have answered";

/// Requests carry credentials, so they never go where a response points; but the reader is told where that is. A query can hold secrets.
pub(crate) fn redirected(location: &str) -> String {
    let target = match reqwest::Url::parse(location) {
        Ok(url) => match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}{}", url.path()),
            (Some(host), None) => format!("{host}{}", url.path()),
            (None, _) => url.scheme().to_owned(),
        },
        Err(_) => {
            let path = location.split(['?', '#']).next().unwrap_or(location);
            let authority = path.strip_prefix("//");
            let host = authority.map(|rest| match rest.split_once('@') {
                Some((_, host)) => host,
                None => rest,
            });
            host.unwrap_or(path).to_owned()
        }
    };
    format!(
        "the server redirects to {}, and the client does not follow redirects with its credentials",
        clean(&target, 200)
    )
}

fn read_value(value: &Value, fault: &mut Fault<'_>, depth: u8) {
    if depth > 4 {
        return;
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if let Some(exception) = text("ExceptionMessage") {
        set_tracking(fault, exception.trim().strip_prefix("Tracking ID:"));
    }
    if let Some(number) = value.get("errorCode") {
        match number {
            Value::Number(number) => fault.number = fault.number.or(number.as_u64()),
            Value::String(text) => match text.parse() {
                Ok(number) => fault.number = fault.number.or(Some(number)),
                Err(_) => fault.code = fault.code.take().or_else(|| symbol(text)),
            },
            _ => {}
        }
    }
    set_tracking(fault, text("trackingId"));
    if let Some(message) = text("Message").or_else(|| text("message")) {
        read_message(message, fault, depth);
    }
}

/// A message is plain text, `ErrorCode:Name;text`, lines of `Name: value`, or again JSON, in part or whole.
fn read_message(message: &str, fault: &mut Fault<'_>, depth: u8) {
    let message = message.trim();
    if message.starts_with('{')
        && let Ok(inner) = serde_json::from_str::<Value>(message)
    {
        read_value(&inner, fault, depth + 1);
        return;
    }
    let mut rest = message;
    if let Some(after) = message.strip_prefix("ErrorCode:") {
        let (name, text) = after.split_once(';').unwrap_or((after, ""));
        if fault.code.is_none() {
            fault.code = symbol(name);
        }
        rest = text.trim();
    }
    if let Some(start) = rest.find('{')
        && let Ok(inner) = serde_json::from_str::<Value>(&rest[start..])
        && inner.is_object()
    {
        read_value(&inner, fault, depth + 1);
        if fault.message.is_some() {
            return;
        }
    }
    if let Some(text) = read_lines(rest, fault) {
        rest = text;
    }
    if fault.message.is_none() && !rest.is_empty() {
        fault.message = Some(clean(&without_quotes(rest, fault.private), MESSAGE_LIMIT));
    }
}

/// The job flavour: `Error: 403 ErrorCode: X`, `Message: …`, `Timestamp: …`, `Tracking ID: …`, `Public Message: …`, one a line.
fn read_lines<'a>(text: &'a str, fault: &mut Fault<'_>) -> Option<&'a str> {
    let mut message = None;
    let mut public = None;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("Error: ") {
            if let Some((_, name)) = rest.split_once("ErrorCode:")
                && fault.code.is_none()
            {
                fault.code = symbol(name);
            }
        } else if let Some(rest) = line.strip_prefix("Message:") {
            message = Some(rest.trim()).filter(|text| !text.is_empty());
        } else if let Some(rest) = line.strip_prefix("Public Message:") {
            public = Some(rest.trim()).filter(|text| !text.is_empty());
        } else if let Some(rest) = line.strip_prefix("Tracking ID:") {
            set_tracking(fault, Some(rest));
        }
    }
    public.or(message)
}

fn set_tracking(fault: &mut Fault<'_>, text: Option<&str>) {
    if fault.tracking_id.is_some() {
        return;
    }
    if let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) {
        fault.tracking_id = Some(clean(text, 128));
    }
}

/// A code is a name of letters and digits; anything else in its place is not one.
fn symbol(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = (1..=80).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    fits.then(|| text.to_owned())
}

/// What to say about a body that is no envelope.
fn describe(answer: &ServiceAnswer<'_>, json: bool) -> String {
    if answer.body.is_empty() {
        return "the answer has no body".to_owned();
    }
    let size = if answer.cut { "more than " } else { "" };
    let kind = clean(answer.content_type.unwrap_or("untyped"), 60);
    if json {
        return format!(
            "the answer is JSON without a message ({kind}, {size}{} bytes)",
            answer.body.len()
        );
    }
    let text = String::from_utf8_lossy(answer.body.get(..2048).unwrap_or(answer.body));
    let plain = kind.starts_with("text/plain") && !text.contains('\u{fffd}');
    if plain {
        return clean(&without_quotes(&text, answer.private), 200);
    }
    format!(
        "the answer is not the hub's ({kind}, {size}{} bytes); a proxy or gateway may have answered",
        answer.body.len()
    )
}

/// The names of the numeric codes, after the service's published table.
fn name_of(number: u64) -> Option<&'static str> {
    Some(match number {
        400_000 => "GenericBadRequest",
        400_001 => "InvalidProtocolVersion",
        400_003 => "InvalidOperation",
        400_004 => "ArgumentInvalid",
        400_005 => "ArgumentNull",
        400_006 => "IotHubFormatError",
        400_008 => "BlobContainerValidationError",
        400_012 => "DeserializationError",
        400_020 => "InvalidStorageEndpointOrBlob",
        400_032 => "ManagedIdentityNotEnabled",
        401_000 => "GenericUnauthorized",
        401_001 => "IotHubNotFound",
        401_002 => "IotHubUnauthorizedAccess",
        401_003 => "IotHubUnauthorized",
        403_002 => "IotHubQuotaExceeded",
        403_003 => "JobQuotaExceeded",
        404_001 => "DeviceNotFound",
        404_002 => "JobNotFound",
        405_102 => "OperationNotAllowedInCurrentState",
        409_104 => "JobAlreadyExists",
        412_001 => "PreconditionFailed",
        429_000 => "GenericTooManyRequests",
        429_001 => "ThrottlingException",
        429_002 => "ThrottleBacklogLimitExceeded",
        429_003 => "ThrottlingBacklogTimeout",
        429_004 => "ThrottlingMaxActiveJobCountExceeded",
        500_001 => "ServerError",
        503_000 => "GenericServiceUnavailable",
        503_001 => "ServiceUnavailable",
        503_005 => "ServerBusy",
        504_101 => "GatewayTimeout",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, header: Option<&str>, body: &str) -> Error {
        read_answer(&ServiceAnswer {
            status,
            code: header,
            request_id: Some("r-1"),
            content_type: Some("application/json; charset=utf-8"),
            location: None,
            retry_after: None,
            body: body.as_bytes(),
            cut: false,
            private: &[],
        })
    }

    /// Envelope A, as recorded from the service.
    #[test]
    fn envelope_a() {
        let error = read(
            404,
            None,
            r#"{"Message":"ErrorCode:JobNotFound;Job not found","ExceptionMessage":"Tracking ID:0123456789abcdef0123456789abcdef-G:1-TimeStamp:08/15/2026 09:38:50"}"#,
        );
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.code(), Some("JobNotFound"));
        assert_eq!(error.message(), "Job not found");
        assert_eq!(
            error.tracking_id(),
            Some("0123456789abcdef0123456789abcdef-G:1-TimeStamp:08/15/2026 09:38:50")
        );
        assert_eq!(error.request_id(), Some("r-1"));
    }

    /// The job flavour of A, with LF (seen live) and with CRLF and a public message (from a client's fixture).
    #[test]
    fn envelope_a_of_jobs() {
        let error = read(
            403,
            None,
            r#"{"Message":"ErrorCode:JobQuotaExceeded;Error: 403 ErrorCode: JobQuotaExceeded\nMessage: Job quota has been exceeded\nTimestamp: 08/15/2026 09:38:50\nTracking ID: ","ExceptionMessage":""}"#,
        );
        assert_eq!(error.kind(), ErrorKind::JobQuota);
        assert_eq!(error.message(), "Job quota has been exceeded");
        assert_eq!(error.tracking_id(), None);
        let error = read(
            400,
            None,
            r#"{"Message":"ErrorCode:BlobContainerValidationError;Error: 400 ErrorCode: BlobContainerValidationError\r\nMessage: Unauthorized to write to output blob container.\r\nTimestamp: x\r\nTracking ID: 7-G:1\r\nPublic Message: Failed to validate","ExceptionMessage":""}"#,
        );
        assert_eq!(error.kind(), ErrorKind::ContainerRejected);
        assert_eq!(error.message(), "Failed to validate");
        assert_eq!(error.tracking_id(), Some("7-G:1"));
    }

    /// A with escaped JSON inside its message, as a user reported it.
    #[test]
    fn envelope_a_nested() {
        let error = read(
            429,
            None,
            r#"{"Message":"ErrorCode:ThrottlingMaxActiveJobCountExceeded;Error: 429 {\"Message\":\"ErrorCode:ThrottlingMaxActiveJobCountExceeded;429\",\"ExceptionMessage\":\"Tracking ID:abc-G:2\"}","ExceptionMessage":""}"#,
        );
        assert_eq!(error.code(), Some("ThrottlingMaxActiveJobCountExceeded"));
        assert_eq!(error.kind(), ErrorKind::JobQuota);
        assert_eq!(error.message(), "429");
        assert_eq!(error.tracking_id(), Some("abc-G:2"));
    }

    /// B: camel case and a number.
    #[test]
    fn envelope_b() {
        let error = read(
            409,
            None,
            r#"{"errorCode":409104,"message":"Job exists","trackingId":"t-G2:-TimeStamp:2026-08-15T09:38:50.123456789Z","timestampUtc":"2026-08-15T09:38:50Z","info":null}"#,
        );
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(error.error_number(), Some(409_104));
        assert_eq!(error.code(), Some("JobAlreadyExists"));
        assert_eq!(error.message(), "Job exists");
        assert!(error.tracking_id().unwrap().starts_with("t-G2"));
    }

    /// B as the text of A's message.
    #[test]
    fn envelope_b_in_a() {
        let error = read(
            400,
            Some("ArgumentInvalid"),
            r#"{"Message":"{\"errorCode\":400004,\"message\":\"bad id\",\"trackingId\":\"t\"}","ExceptionMessage":""}"#,
        );
        assert_eq!(error.kind(), ErrorKind::BadRequest);
        assert_eq!(
            (error.code(), error.error_number()),
            (Some("ArgumentInvalid"), Some(400_004))
        );
        assert_eq!(
            (error.message(), error.tracking_id()),
            ("bad id", Some("t"))
        );
    }

    #[test]
    fn the_header_outranks_the_body() {
        let error = read(
            403,
            Some("JobQuotaExceeded"),
            r#"{"Message":"ErrorCode:Other;text"}"#,
        );
        assert_eq!(error.code(), Some("JobQuotaExceeded"));
    }

    #[test]
    fn a_plain_403_is_not_read_as_the_job_quota() {
        for body in ["", "<html>Access denied</html>", r#"{"Message":"no"}"#] {
            assert_eq!(read(403, None, body).kind(), ErrorKind::Forbidden);
        }
    }

    #[test]
    fn foreign_bodies_still_give_status_and_ids() {
        let html = read_answer(&ServiceAnswer {
            status: 503,
            code: None,
            request_id: None,
            content_type: Some("text/html"),
            location: None,
            retry_after: Some(Duration::from_secs(7)),
            body: b"<html><body>sig=planted</body></html>",
            cut: true,
            private: &[],
        });
        assert_eq!(html.kind(), ErrorKind::Service);
        assert_eq!(html.retry_after(), Some(Duration::from_secs(7)));
        let text = format!("{html} {html:?}");
        assert!(
            text.contains("text/html") && !text.contains("planted"),
            "{text}"
        );
        assert!(read(500, None, "").to_string().contains("no body"));
        assert!(
            read(500, None, "[]")
                .to_string()
                .contains("without a message")
        );
    }

    #[test]
    fn secrets_in_a_message_are_masked() {
        let error = read(
            400,
            None,
            r#"{"Message":"ErrorCode:ArgumentInvalid;bad uri https://a/c?sp=r&sig=planted%2B&se=1"}"#,
        );
        assert!(!format!("{error} {error:?}").contains("planted"));
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_without_panic_into_one_bounded_line(status in 300u16..600, body in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let error = read_answer(&ServiceAnswer { status, code: None, request_id: None, content_type: None, location: None, retry_after: None, body: &body, cut: false, private: &[] });
            let line = error.to_string();
            proptest::prop_assert!(!line.contains('\n') && line.len() < 8000);
            proptest::prop_assert_eq!(error.status(), Some(status));
        }

        #[test]
        fn any_message_is_read_without_panic(message in "(ErrorCode:)?[A-Za-z]{0,8};?(Error: 4)?\\PC{0,60}") {
            let body = serde_json::json!({"Message": message, "ExceptionMessage": message}).to_string();
            let _ = read(400, None, &body).to_string();
        }
    }
}
