//! Who is let in.

use jobs_emulator::Emulator;
use reqwest::Method;
use serde_json::json;

use crate::support::{Rig, Seen, in_an_hour, now, sign, sign_raw};

async fn with_token(rig: &Rig, token: &str) -> Seen {
    let request = rig
        .http
        .get(rig.url("/devices"))
        .header("authorization", token);
    Seen::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn tokens_are_accepted_in_every_form_the_clients_send() {
    let rig = Rig::start().await;
    let (key, expiry) = (rig.key("iothubowner"), in_an_hour());
    let port = rig.hub.endpoint().rsplit(':').next().unwrap().to_owned();
    let host = format!("localhost:{port}");
    for resource in [
        "localhost",
        "127.0.0.1",
        host.as_str(),
        "LOCALHOST",
        "https://localhost/devices",
    ] {
        with_token(&rig, &sign(resource, "iothubowner", &key, expiry))
            .await
            .is_ok();
    }
    with_token(&rig, &sign_raw(&host, "iothubowner", &key, expiry))
        .await
        .is_ok();
    with_token(
        &rig,
        &sign_raw(&format!("localhost%3a{port}"), "iothubowner", &key, expiry),
    )
    .await
    .is_ok();

    // Another order of fields, and a signature whose slashes stand bare.
    let token = sign("localhost", "iothubowner", &key, expiry);
    let fields: Vec<_> = token
        .strip_prefix("SharedAccessSignature ")
        .unwrap()
        .split('&')
        .collect();
    let turned = format!(
        "SharedAccessSignature {}&{}&{}&{}",
        fields[0],
        fields[1].replace("%2F", "/"),
        fields[3],
        fields[2]
    );
    with_token(&rig, &turned).await.is_ok();
}

#[tokio::test]
async fn primary_and_secondary_keys_of_every_policy_work() {
    let rig = Rig::start().await;
    for policy in rig.hub.policies() {
        if !["iothubowner", "registryRead", "registryReadWrite"].contains(&policy.name()) {
            continue;
        }
        for key in [policy.primary_key(), policy.secondary_key()] {
            with_token(&rig, &sign("localhost", policy.name(), key, in_an_hour()))
                .await
                .is_ok();
        }
    }
}

#[tokio::test]
async fn bad_tokens_are_refused() {
    let rig = Rig::start().await;
    let (key, expiry) = (rig.key("iothubowner"), in_an_hour());
    let good = sign("localhost", "iothubowner", &key, expiry);
    let bad = [
        sign("otherhub.azure-devices.net", "iothubowner", &key, expiry),
        sign("localhost.evil.example", "iothubowner", &key, expiry),
        sign("localhost", "nobody", &key, expiry),
        sign("localhost", "service", &key, expiry),
        sign("localhost", "iothubowner", &rig.key("device"), expiry),
        sign("localhost", "iothubowner", &key, now() - 3600),
        good.replace(&format!("se={expiry}"), &format!("se={}", expiry + 1)),
        good.replace("sig=", "sgi="),
        good.replace("SharedAccessSignature ", ""),
        "Bearer abc".to_owned(),
        String::new(),
    ];
    for token in bad {
        with_token(&rig, &token)
            .await
            .is_error(401, "IotHubUnauthorizedAccess");
    }
}

#[tokio::test]
async fn expiry_allows_five_minutes_of_skew() {
    let rig = Rig::start().await;
    let key = rig.key("iothubowner");
    let expired = |seconds: u64| sign("localhost", "iothubowner", &key, now() - seconds);
    with_token(&rig, &expired(240)).await.is_ok();
    with_token(&rig, &expired(301))
        .await
        .is_error(401, "IotHubUnauthorizedAccess");
}

#[tokio::test]
async fn a_hub_whose_clock_was_moved_still_takes_the_tokens_of_its_clients() {
    let rig = Rig::start().await;
    rig.hub
        .clock()
        .advance(std::time::Duration::from_secs(31 * 24 * 3600));
    with_token(&rig, &rig.token("iothubowner")).await.is_ok();
}

#[tokio::test]
async fn a_policy_without_the_right_is_refused() {
    let rig = Rig::start().await;
    let call = async |policy: &str, method: Method, path: &str| {
        let request = rig
            .http
            .request(method, rig.url(path))
            .header("authorization", rig.token(policy))
            .json(&json!({}));
        Seen::of(request.send().await.unwrap()).await
    };
    call("registryReadWrite", Method::PUT, "/devices/d1")
        .await
        .is_ok();
    call("registryRead", Method::GET, "/devices/d1")
        .await
        .is_ok();
    call("registryRead", Method::PUT, "/devices/d2")
        .await
        .is_error(401, "IotHubUnauthorizedAccess");
    call("service", Method::GET, "/devices/d1")
        .await
        .is_error(401, "IotHubUnauthorizedAccess");
    call("service", Method::GET, "/twins/d1").await.is_ok();
    call("registryReadWrite", Method::GET, "/twins/d1")
        .await
        .is_error(401, "IotHubUnauthorizedAccess");
    call("device", Method::GET, "/devices/d1")
        .await
        .is_error(401, "IotHubUnauthorizedAccess");
}

#[tokio::test]
async fn entra_tokens_pass_only_in_permissive_mode_and_by_audience() {
    use base64::Engine as _;
    let jwt = |claims: serde_json::Value| {
        let part = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("Bearer eyJhbGciOiJub25lIn0.{part}.c2ln")
    };
    let good = jwt(json!({ "aud": "https://iothubs.azure.net", "exp": in_an_hour() }));
    with_token(&Rig::start().await, &good)
        .await
        .is_error(401, "IotHubUnauthorizedAccess");

    let rig = Rig::with(Emulator::builder().entra_permissive(true)).await;
    with_token(&rig, &good).await.is_ok();
    for exp in [json!(4_000_000_000.5), json!(1e300), json!(u64::MAX)] {
        let lasting = json!({ "aud": "https://iothubs.azure.net", "exp": exp });
        with_token(&rig, &jwt(lasting)).await.is_ok();
    }
    for claims in [
        json!({ "aud": "https://management.azure.com", "exp": in_an_hour() }),
        json!({ "aud": "https://iothubs.azure.net", "exp": now() - 3600 }),
        json!({ "aud": "https://iothubs.azure.net", "exp": (now() - 3600).to_string() }),
        json!({ "aud": "https://iothubs.azure.net", "exp": in_an_hour().to_string() }),
        json!({ "aud": "https://iothubs.azure.net", "exp": null }),
        json!({ "aud": "https://iothubs.azure.net", "exp": -1 }),
        json!({ "aud": "https://iothubs.azure.net", "exp": 1_700_000_000.5 }),
        json!({}),
    ] {
        with_token(&rig, &jwt(claims))
            .await
            .is_error(401, "IotHubUnauthorizedAccess");
    }
}

#[tokio::test]
async fn without_auth_no_token_is_needed() {
    let rig = Rig::with(Emulator::builder().auth(false)).await;
    Seen::of(rig.http.get(rig.url("/devices")).send().await.unwrap())
        .await
        .is_ok();
}
