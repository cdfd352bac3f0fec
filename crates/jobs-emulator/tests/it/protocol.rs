//! Headers, envelopes, api-versions, tokens.

use jobs_emulator::Emulator;
use reqwest::Method;
use serde_json::json;

use crate::support::{Rig, Seen, trusting};

#[tokio::test]
async fn health_needs_no_token_and_carries_no_service_headers() {
    let rig = Rig::start().await;
    let seen = Seen::of(
        rig.http
            .get(format!("{}/healthz", rig.hub.endpoint()))
            .send()
            .await
            .unwrap(),
    )
    .await;
    seen.is_ok();
    assert_eq!(seen.header("x-ms-request-id"), None);
    assert_ne!(seen.header("server"), Some("Microsoft-HTTPAPI/2.0"));
}

#[tokio::test]
async fn every_answer_carries_the_service_headers() {
    let rig = Rig::start().await;
    let asking_for_an_echo = rig
        .request(Method::GET, "/jobs")
        .header("x-ms-client-request-id", "mine")
        .header("x-ms-return-client-request-id", "true");
    for seen in [
        rig.get("/devices").await,
        rig.get("/devices/none").await,
        rig.get("/nowhere").await,
        rig.get("/jobs/none").await,
        Seen::of(asking_for_an_echo.send().await.unwrap()).await,
    ] {
        assert_eq!(
            seen.header("content-type"),
            Some("application/json; charset=utf-8")
        );
        assert_eq!(seen.header("server"), Some("Microsoft-HTTPAPI/2.0"));
        assert_eq!(seen.header("vary"), Some("Origin"));
        assert!(seen.header("date").is_some());
        assert_eq!(
            seen.header("content-length"),
            Some(seen.text.len().to_string().as_str())
        );
        assert_eq!(seen.header("x-ms-request-id").map(str::len), Some(36));
        assert_eq!(seen.header("x-ms-client-request-id"), None);
        assert_eq!(seen.header("retry-after"), None);
        assert_eq!(seen.code().is_empty(), seen.status.is_success());
    }
}

#[tokio::test]
async fn a_204_has_no_body_and_no_content_type() {
    let rig = Rig::start().await;
    rig.put("/devices/d1", &json!({})).await.is_ok();
    let seen = rig.delete("/devices/d1").await;
    assert_eq!(seen.status.as_u16(), 204);
    assert_eq!(
        (seen.header("content-type"), seen.text.as_str()),
        (None, "")
    );
    // The others are there.
    assert_eq!(seen.header("server"), Some("Microsoft-HTTPAPI/2.0"));
    assert_eq!(seen.header("vary"), Some("Origin"));
    assert_eq!(seen.header("x-ms-request-id").map(str::len), Some(36));
    assert!(seen.header("date").is_some());
}

#[tokio::test]
async fn error_envelope_has_a_tracking_id_with_a_time() {
    let rig = Rig::start().await;
    let seen = rig.get("/devices/none").await;
    seen.is_error(404, "DeviceNotFound");
    let tracking = seen.json()["ExceptionMessage"].as_str().unwrap().to_owned();
    let rest = tracking.strip_prefix("Tracking ID:").unwrap();
    assert!(
        rest[..32].bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{tracking}"
    );
    let stamp = rest[32..].strip_prefix("-G:0-TimeStamp:").unwrap();
    assert_eq!(
        (stamp.len(), &stamp[2..3], &stamp[5..6], &stamp[10..11]),
        (19, "/", "/", " "),
        "{tracking}"
    );
}

#[tokio::test]
async fn the_listed_api_versions_are_served_and_others_refused() {
    let rig = Rig::start().await;
    let listed = [
        "2016-02-03",
        "2018-06-30",
        "2019-03-30",
        "2019-06-30",
        "2019-10-01",
        "2020-03-01",
        "2020-03-13",
        "2020-05-31-preview",
        "2020-09-30",
        "2021-04-12",
        "2024-03-31",
        "2026-11-01-preview",
        "2026-11-01",
    ];
    let call = async |path: &str, query: &str| {
        let url = format!("{}{path}?{query}", rig.hub.endpoint());
        Seen::of(
            rig.http
                .get(url)
                .header("authorization", rig.token("iothubowner"))
                .send()
                .await
                .unwrap(),
        )
        .await
    };
    for version in listed {
        for path in ["/jobs", "/jobs/v2/query", "/devices"] {
            call(path, &format!("top=5&api-version={version}"))
                .await
                .is_ok();
            call(path, &format!("api-version={version}&top=5"))
                .await
                .is_ok();
        }
    }
    for query in [
        "",
        "api-version=",
        "api-version=2020-05-31",
        "api-version=latest",
    ] {
        for path in ["/jobs", "/jobs/v2/query", "/devices"] {
            call(path, query)
                .await
                .is_error(400, "InvalidProtocolVersion");
        }
    }
}

#[tokio::test]
async fn a_token_is_judged_before_the_arguments() {
    let rig = Rig::start().await;
    let url = format!("{}/devices/%20?top=x", rig.hub.endpoint());
    Seen::of(rig.http.put(url).body("{").send().await.unwrap())
        .await
        .is_error(401, "IotHubUnauthorizedAccess");
    Seen::of(
        rig.http
            .get(format!("{}/nowhere", rig.hub.endpoint()))
            .send()
            .await
            .unwrap(),
    )
    .await
    .is_error(401, "IotHubUnauthorizedAccess");
}

#[tokio::test]
async fn the_ready_line_holds_what_a_client_needs() {
    let rig = Rig::start().await;
    let line: serde_json::Value = serde_json::from_str(&rig.hub.ready_line()).unwrap();
    assert!(!rig.hub.ready_line().contains('\n'));
    assert_eq!(line["endpoint"], rig.hub.endpoint());
    let port = rig
        .hub
        .endpoint()
        .strip_prefix("http://127.0.0.1:")
        .unwrap();
    let key = &line["policies"][0]["primaryKey"];
    assert_eq!(
        line["connectionString"].as_str().unwrap(),
        format!(
            "HostName=localhost:{port};SharedAccessKeyName=iothubowner;SharedAccessKey={}",
            key.as_str().unwrap()
        )
    );
    assert_eq!(
        line["adminEndpoint"],
        format!("{}/_local", rig.hub.endpoint())
    );
    assert_eq!(line.get("caFile"), None);
    let policies = line["policies"].as_array().unwrap();
    let named: Vec<_> = policies
        .iter()
        .map(|policy| {
            (
                policy["name"].as_str().unwrap(),
                policy["rights"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        named,
        [
            (
                "iothubowner",
                "RegistryRead, RegistryWrite, ServiceConnect, DeviceConnect"
            ),
            ("service", "ServiceConnect"),
            ("device", "DeviceConnect"),
            ("registryRead", "RegistryRead"),
            ("registryReadWrite", "RegistryRead, RegistryWrite"),
        ]
    );
    assert!(
        policies
            .iter()
            .all(|policy| policy["secondaryKey"] != policy["primaryKey"])
    );
}

#[tokio::test]
async fn another_address_than_loopback_has_keys_of_its_own() {
    let wide = Emulator::builder().listen(([0, 0, 0, 0], 0).into());
    let (one, two) = (
        wide.clone().start().await.unwrap(),
        wide.start().await.unwrap(),
    );
    let local = Emulator::builder().start().await.unwrap();
    let again = Emulator::builder().start().await.unwrap();
    let key = |hub: &jobs_emulator::Hub| hub.policies()[0].primary_key().to_owned();
    assert_eq!(key(&local), key(&again));
    assert_ne!(key(&one), key(&local));
    assert_ne!(key(&one), key(&two));
    assert!(one.endpoint().starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn keys_are_not_in_debug_output() {
    let rig = Rig::start().await;
    let text = format!("{:?} {:?}", rig.hub, rig.hub.policies());
    for policy in rig.hub.policies() {
        assert!(!text.contains(policy.primary_key()) && !text.contains(policy.secondary_key()));
    }
}

#[tokio::test]
async fn other_methods_are_405_and_unknown_paths_404() {
    let rig = Rig::start().await;
    rig.send(Method::PATCH, "/devices/d1", &json!({}))
        .await
        .is_error(405, "GenericMethodNotAllowed");
    assert_eq!(rig.get("/nowhere").await.status.as_u16(), 404);
}

#[tokio::test]
async fn dropping_the_hub_closes_its_port() {
    let rig = Rig::start().await;
    rig.get("/devices").await.is_ok();
    let (endpoint, http) = (rig.hub.endpoint().to_owned(), rig.http.clone());
    drop(rig);
    let gone = tokio::time::timeout(std::time::Duration::from_secs(5), async {
        while http.get(format!("{endpoint}/healthz")).send().await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    gone.await.unwrap();
}

#[tokio::test]
async fn tls_works_with_the_hubs_own_ca_under_every_name_and_the_ca_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        Emulator::builder()
            .tls(true)
            .ca_dir(folder.path().join("ca"))
            .start()
    };
    let hub = start().await.unwrap();
    let pem = std::fs::read(hub.ca_file().unwrap()).unwrap();
    let again = start().await.unwrap();
    assert_eq!(std::fs::read(again.ca_file().unwrap()).unwrap(), pem);

    let mut roots = rustls::RootCertStore::empty();
    for certificate in
        <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::pem_slice_iter(
            &pem,
        )
    {
        roots.add(certificate.unwrap()).unwrap();
    }
    let http = trusting(roots);
    for hub in [&hub, &again] {
        let port = hub.endpoint().rsplit(':').next().unwrap();
        assert_eq!(hub.endpoint(), format!("https://127.0.0.1:{port}"));
        for host in ["localhost", "127.0.0.1"] {
            let url = format!("https://{host}:{port}/healthz");
            assert_eq!(http.get(url).send().await.unwrap().status().as_u16(), 200);
        }
    }
    let line: serde_json::Value = serde_json::from_str(&hub.ready_line()).unwrap();
    assert_eq!(line["caFile"], json!(hub.ca_file().unwrap()));
}

#[tokio::test]
async fn a_refused_method_is_answered_with_those_that_are_allowed() {
    let rig = Rig::start().await;
    for (method, path, allowed) in [
        (Method::PATCH, "/devices/d1", "GET, HEAD, PUT, DELETE"),
        (Method::PUT, "/jobs", "GET, HEAD"),
        (Method::PATCH, "/jobs/v2/query", "GET, HEAD, PUT"),
    ] {
        let seen = rig.send(method, path, &json!({})).await;
        seen.is_error(405, "GenericMethodNotAllowed");
        assert_eq!(seen.header("allow"), Some(allowed), "{path}");
    }
}
