//! Nothing prints a signature.

use jobs_api::types::JobProperties;
use jobs_api::{Client, RequestContext, SasUri};
use reqwest::header::{HeaderName, HeaderValue};

const PLANTED: &str = "UGxhbnRlZFNpZ25hdHVyZQ";

#[test]
fn no_form_of_a_container_uri_prints_its_signature() {
    let forms = [
        format!("https://account.blob.core.windows.net/devices?sv=2021-12-02&sig={PLANTED}"),
        format!("http://127.0.0.1:10000/devstoreaccount1/devices?sig={PLANTED}"),
        format!("https://account.blob.core.windows.net/devices%3Fsig%3D{PLANTED}"),
        format!("https://account.blob.core.windows.net/devices&sig={PLANTED}"),
        format!("https://account.blob.core.windows.net/devices#sig={PLANTED}"),
        format!("https://user:{PLANTED}@account.blob.core.windows.net/devices"),
        format!("sv=2021-12-02&sig={PLANTED}"),
        format!("?sig={PLANTED}"),
        PLANTED.to_owned(),
    ];
    for form in forms {
        let uri = SasUri::from(form.clone());
        let mut job = JobProperties::default();
        job.input_blob_container_uri = Some(uri.clone());
        job.output_blob_container_uri = Some(uri.clone());
        for printed in [
            format!("{uri}"),
            format!("{uri:?}"),
            format!("{job:?}"),
            format!("{job:#?}"),
        ] {
            assert!(
                !printed.contains(PLANTED),
                "{form} was printed as {printed}"
            );
        }
        let written = serde_json::to_string(&job).unwrap();
        assert_eq!(
            written.matches(PLANTED).count(),
            2,
            "the hub needs the signature"
        );
    }
}

#[test]
fn host_and_container_stay_readable() {
    let uri = SasUri::from("https://account.blob.core.windows.net/devices?sig=x");
    assert_eq!(
        uri.to_string(),
        "https://account.blob.core.windows.net/devices?[redacted]"
    );
    assert_eq!(SasUri::from("").to_string(), "");
}

#[test]
fn neither_context_nor_client_prints_a_token() {
    let context = RequestContext::new()
        .with_authorization(HeaderValue::from_static(
            "SharedAccessSignature sig=UGxhbnRlZFNpZ25hdHVyZQ",
        ))
        .with_header(
            HeaderName::from_static("x-extra"),
            HeaderValue::from_static(PLANTED),
        );
    assert!(context.is_authorized());
    let client =
        Client::new_with_client("https://hub.example", crate::http_client(), context.clone());
    for printed in [format!("{context:?}"), format!("{client:?}")] {
        assert!(!printed.contains(PLANTED), "{printed}");
    }
}
