//! Responses and the service's error envelope.
//!
//! Facts: every response carries `Server`, `Vary`, `x-ms-request-id`, `Date` and
//! `Content-Length`; an error adds `iothub-errorcode`, and its body is
//! `{"Message":"ErrorCode:<Name>;<text>","ExceptionMessage":"Tracking ID:…"}`.

use std::borrow::Cow;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::Time;

/// The one content type of the service.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// Header that names the error; the reliable way to tell errors apart.
pub(crate) const ERROR_CODE: HeaderName = HeaderName::from_static("iothub-errorcode");
/// Header with the id the hub gives to every request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
/// Page token, in requests and responses.
pub(crate) const CONTINUATION: HeaderName = HeaderName::from_static("x-ms-continuation");
/// What the elements of a query response are.
pub(crate) const ITEM_TYPE: HeaderName = HeaderName::from_static("x-ms-item-type");
/// Page size asked for.
pub(crate) const MAX_ITEM_COUNT: HeaderName = HeaderName::from_static("x-ms-max-item-count");

/// What a handler gives back, before the headers of every response are added.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Close the connection after this response.
    pub(crate) close: bool,
}

impl Response {
    /// 200 with a JSON body.
    pub(crate) fn json(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::raw_json(body),
            Err(error) => ServiceError::server(format!("the response cannot be written: {error}"))
                .response(Time::from_ticks(0)),
        }
    }

    /// 200 with a body that is JSON text already.
    pub(crate) fn raw_json(body: impl Into<Bytes>) -> Self {
        Self::with_type(StatusCode::OK, JSON, body)
    }

    /// Any status, content type and body.
    pub(crate) fn with_type(
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self {
            status,
            headers,
            body: body.into(),
            close: false,
        }
    }

    /// 204: no body and no content type.
    pub(crate) fn no_content() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            close: false,
        }
    }

    /// Adds a header; a value that cannot stand in a header is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Adds the quoted `ETag` header.
    pub(crate) fn etag(self, etag: &str) -> Self {
        self.header(hyper::header::ETAG, &format!("\"{etag}\""))
    }
}

/// Which of the recorded shapes an error body takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// Envelope A.
    Normal,
    /// Envelope A as the job service writes it: the details inside `Message`, an empty `ExceptionMessage`.
    Job,
    /// Envelope A whose `Message` is `ErrorCode:X;Error: <status> <envelope A again>`.
    Nested,
}

/// A refusal in the service's terms.
#[derive(Clone, Debug)]
pub(crate) struct ServiceError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    /// May repeat parts of the request; [`response`](Self::response) shortens it.
    pub(crate) text: String,
    /// What the caller can do. Never a part of the request, so it is sent whole.
    pub(crate) hint: Option<&'static str>,
    pub(crate) flavour: Flavour,
}

/// What the work of the hub returns, or the service's error.
pub(crate) type HubResult<T> = Result<T, ServiceError>;

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident => $status:ident $code:literal;)*) => {
        impl ServiceError {
            $($(#[$doc])*
            pub(crate) fn $name(text: impl Into<String>) -> Self {
                Self::new(StatusCode::$status, $code, text)
            })*
        }
    };
}

errors! {
    /// 400: a field or the body is malformed.
    argument => BAD_REQUEST "ArgumentInvalid";
    /// 400: something required is missing.
    argument_null => BAD_REQUEST "ArgumentNull";
    /// 400: the body is not JSON or has wrong types.
    format => BAD_REQUEST "IotHubFormatError";
    /// 400: the api-version is missing or unknown.
    protocol => BAD_REQUEST "InvalidProtocolVersion";
    /// 400: the container of a job cannot be used as asked.
    container => BAD_REQUEST "BlobContainerValidationError";
    /// 400: a parent scope that no edge device has.
    device_scope => BAD_REQUEST "InvalidDeviceScope";
    /// 400: a target condition that configurations cannot have.
    configuration_condition => BAD_REQUEST "InvalidConfigurationTargetCondition";
    /// 400: a content that configurations cannot have.
    configuration_content => BAD_REQUEST "InvalidConfigurationContent";
    /// 401.
    unauthorized => UNAUTHORIZED "IotHubUnauthorizedAccess";
    /// 403: the hub's device quota is used up.
    quota => FORBIDDEN "IotHubQuotaExceeded";
    /// 404.
    device_not_found => NOT_FOUND "DeviceNotFound";
    /// 404.
    module_not_found => NOT_FOUND "ModuleNotFound";
    /// 404.
    job_not_found => NOT_FOUND "JobNotFound";
    /// 404: no such route.
    not_found => NOT_FOUND "GenericNotFound";
    /// 405.
    method => METHOD_NOT_ALLOWED "GenericMethodNotAllowed";
    /// 409.
    device_exists => CONFLICT "DeviceAlreadyExists";
    /// 409.
    module_exists => CONFLICT "ModuleAlreadyExistsOnDevice";
    /// 412: the etag does not match.
    precondition => PRECONDITION_FAILED "PreconditionFailed";
    /// 413.
    too_large => PAYLOAD_TOO_LARGE "GenericRequestEntityTooLarge";
    /// 413: the hub has all the configurations that its tier allows.
    too_many_configurations => PAYLOAD_TOO_LARGE "ConfigurationCountLimitExceeded";
    /// 413.
    too_many_devices => PAYLOAD_TOO_LARGE "TooManyDevices";
    /// 413.
    too_many_modules => PAYLOAD_TOO_LARGE "TooManyModulesOnDevice";
    /// 429.
    throttled => TOO_MANY_REQUESTS "ThrottlingException";
    /// 500.
    server => INTERNAL_SERVER_ERROR "ServerError";
    /// 503: the hub cannot do this now.
    unavailable => SERVICE_UNAVAILABLE "ServiceUnavailable";
}

impl ServiceError {
    pub(crate) fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            code,
            text: text.into(),
            hint: None,
            flavour: Flavour::Normal,
        }
    }

    /// The same error with advice, as in `hint: do this`.
    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// 403 in the job service's flavour: one import or export is active already.
    pub(crate) fn job_quota() -> Self {
        let mut error = Self::new(
            StatusCode::FORBIDDEN,
            "JobQuotaExceeded",
            "Job quota has been exceeded",
        );
        error.flavour = Flavour::Job;
        error
    }

    /// The same error in another flavour.
    pub(crate) fn flavoured(mut self, flavour: Flavour) -> Self {
        self.flavour = flavour;
        self
    }

    /// The text and the advice, for readers outside of the service's envelope.
    pub(crate) fn sentence(&self) -> String {
        let text = shortened(&self.text);
        match self.hint {
            Some(hint) => format!("{text}; {hint}"),
            None => text.into_owned(),
        }
    }

    /// The response that carries this error.
    pub(crate) fn response(&self, now: Time) -> Response {
        let code = self.code;
        let tracking = tracking_id(now);
        let normal = |text: &str| envelope(&format!("ErrorCode:{code};{text}"), &tracking);
        let status = self.status.as_u16();
        let text = self.sentence();
        let body = match self.flavour {
            Flavour::Normal => normal(&text),
            Flavour::Job => envelope(
                &format!(
                    "ErrorCode:{code};Error: {status} ErrorCode: {code}\nMessage: {}\nTimestamp: {}\nTracking ID: ",
                    text,
                    now.slashed(),
                ),
                "",
            ),
            Flavour::Nested => normal(&format!("Error: {status} {}", normal(&text))),
        };
        let mut response = Response::raw_json(body);
        response.status = self.status;
        response.close = closes_connection(self.status);
        response.header(ERROR_CODE, code)
    }
}

/// Characters of a text that an error keeps: no more of a request is ever sent back.
const KEPT: usize = 200;
/// Characters at the end of a longer text that are kept, where a parser says line and column.
const KEPT_END: usize = 50;

/// The text, without its middle when it is long.
fn shortened(text: &str) -> Cow<'_, str> {
    const GAP: &str = " … ";
    if text.chars().count() <= KEPT {
        return Cow::Borrowed(text);
    }
    let from_start = |count: usize| {
        text.char_indices()
            .nth(count)
            .map_or(text.len(), |(at, _)| at)
    };
    let start = from_start(KEPT - KEPT_END - GAP.chars().count());
    let end = text
        .char_indices()
        .rev()
        .nth(KEPT_END - 1)
        .map_or(0, |(at, _)| at);
    Cow::Owned(format!("{}{GAP}{}", &text[..start], &text[end..]))
}

/// Shortens every text of a list of errors that is not in the envelope.
pub(crate) fn shorten_texts(errors: &mut Value) {
    match errors {
        Value::String(text) => {
            if let Cow::Owned(shorter) = shortened(text) {
                *text = shorter;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shorten_texts),
        Value::Object(members) => members.values_mut().for_each(shorten_texts),
        _ => {}
    }
}

/// Whether the service ends the connection after a response of this status (seen on the live service).
pub(crate) fn closes_connection(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS
}

/// Envelope A, its members in the service's order.
pub(crate) fn envelope(message: &str, exception_message: &str) -> String {
    format!(
        r#"{{"Message":{},"ExceptionMessage":{}}}"#,
        json!(message),
        json!(exception_message)
    )
}

/// `Tracking ID:<32 hex>-G:<n>-TimeStamp:<MM/dd/yyyy HH:mm:ss>`.
pub(crate) fn tracking_id(now: Time) -> String {
    format!(
        "Tracking ID:{}-G:0-TimeStamp:{}",
        Uuid::new_v4().simple(),
        now.slashed()
    )
}

/// The service's table of error names and numbers, as far as the hub uses it.
pub(crate) fn number_of(code: &str) -> Option<u32> {
    const TABLE: &[(&str, u32)] = &[
        ("InvalidProtocolVersion", 400_001),
        ("InvalidOperation", 400_003),
        ("ArgumentInvalid", 400_004),
        ("ArgumentNull", 400_005),
        ("IotHubFormatError", 400_006),
        ("BlobContainerValidationError", 400_008),
        ("DeviceDefinedMultipleTimes", 400_011),
        ("DeserializationError", 400_012),
        ("BulkRegistryOperationFailure", 400_013),
        ("InvalidDeviceScope", 400_028),
        ("IotHubUnauthorizedAccess", 401_002),
        ("IotHubQuotaExceeded", 403_002),
        ("JobQuotaExceeded", 403_003),
        ("DeviceNotFound", 404_001),
        ("JobNotFound", 404_002),
        ("ModuleNotFound", 404_010),
        ("GenericMethodNotAllowed", 405_000),
        ("OperationNotAllowedInCurrentState", 405_102),
        ("DeviceAlreadyExists", 409_001),
        ("JobAlreadyExists", 409_104),
        ("ModuleAlreadyExistsOnDevice", 409_301),
        ("PreconditionFailed", 412_001),
        ("GenericRequestEntityTooLarge", 413_000),
        ("TooManyDevices", 413_002),
        ("TooManyModulesOnDevice", 413_003),
        ("ThrottlingException", 429_001),
        ("ThrottlingMaxActiveJobCountExceeded", 429_004),
        ("ServerError", 500_001),
        ("ServiceUnavailable", 503_001),
    ];
    TABLE
        .iter()
        .find(|(name, _)| *name == code)
        .map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_start_and_its_end() {
        let short = "ü".repeat(KEPT);
        assert_eq!(shortened(&short), short);
        let long = format!("start {} at line 1 column 9", "ü".repeat(1_000_000));
        let cut = shortened(&long);
        assert_eq!(cut.chars().count(), KEPT);
        assert!(
            cut.starts_with("start ") && cut.ends_with("ü at line 1 column 9"),
            "{cut}"
        );
    }

    #[test]
    fn every_flavor_of_an_error_is_shortened_and_keeps_its_hint() {
        let hint = "hint: send less";
        for flavour in [Flavour::Normal, Flavour::Job, Flavour::Nested] {
            let error = ServiceError::argument("x".repeat(1_000_000))
                .hint(hint)
                .flavoured(flavour);
            let body = error.response(Time::from_ticks(0)).body;
            let text = std::str::from_utf8(&body).unwrap();
            assert!(text.matches('x').count() <= KEPT, "{flavour:?}");
            assert!(text.contains(hint), "{text}");
        }
    }
}
