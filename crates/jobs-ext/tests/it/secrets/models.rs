//! The models of the API print free JSON and the hub's prose by their size.

use std::fmt::Debug;

use jobs_ext::model::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{PLANTED, debug};

fn shown<T: DeserializeOwned + Debug>(json: Value) -> String {
    let value: T = serde_json::from_value(json).unwrap();
    debug(&value);
    format!("{value:?}")
}

pub(super) fn print_by_size() {
    let uri = format!("https://a.example/c?sp=r&sig={PLANTED}");
    let reason = format!("cannot write {uri}");
    debug(&SasUri::from(uri.as_str()));
    let text = shown::<JobProperties>(json!({
        "jobId": "j-1", "outputBlobContainerUri": uri, "failureReason": reason,
    }));
    let length = reason.chars().count();
    assert!(text.contains("j-1"), "{text}");
    assert!(
        text.contains(&format!(
            "failure_reason: Some(<text, {length} characters>)"
        )),
        "{text}"
    );

    let query = format!("SELECT * FROM devices WHERE tags.token = '{PLANTED}'");
    shown::<QuerySpecification>(json!({"query": query}));
    shown::<RegistryStatistics>(json!({"totalDeviceCount": 1}));

    let tree = json!({"wifiPassword": PLANTED, "n": {"deep": [PLANTED]}});
    let properties = json!({"desired": tree, "reported": tree});
    let twin = json!({
        "deviceId": "d-1", "tags": tree, "properties": properties, "statusReason": reason,
        "capabilities": {"iotEdge": true}, "x509Thumbprint": {"primaryThumbprint": "AB"},
    });
    let method = json!({"methodName": "reboot", "payload": tree});
    let text = shown::<Twin>(twin.clone());
    assert!(
        text.contains("d-1") && text.contains("desired: Some(<object, 2 members>)"),
        "{text}"
    );
    shown::<TwinProperties>(properties);
    for (payload, size) in [
        (tree, "Some(<object, 2 members>)"),
        (json!([PLANTED]), "Some(<list, 1 items>)"),
        (json!(PLANTED), "Some(<text, 7 characters>)"),
        (json!(4711), "Some(<number>)"),
        (json!(true), "Some(<boolean>)"),
    ] {
        let text =
            shown::<CloudToDeviceMethod>(json!({"methodName": "reboot", "payload": payload}));
        assert!(
            text.contains(&format!("payload: {size}")) && text.contains("reboot"),
            "{text}"
        );
        assert!(!text.contains("4711"), "{text}");
    }
    shown::<JobRequest>(json!({"jobId": "j-2", "updateTwin": twin, "cloudToDeviceMethod": method}));
    let text = shown::<JobResponse>(json!({
        "jobId": "j-3", "updateTwin": twin, "cloudToDeviceMethod": method,
        "failureReason": reason, "statusMessage": reason, "deviceJobStatistics": {"deviceCount": 7},
    }));
    assert!(
        text.contains("j-3") && text.contains("device_count: Some(7)"),
        "{text}"
    );
    shown::<DeviceJobStatistics>(json!({"deviceCount": 7}));
    shown::<DeviceCapabilities>(json!({"iotEdge": true}));
    shown::<X509Thumbprint>(json!({"primaryThumbprint": "AB"}));
}
