//! `POST /devices/query`: answers, pages, projections, aggregates, refusals.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Rig, Seen};

/// Five devices with tags, one of them disabled, and a module.
async fn fleet() -> Rig {
    let rig = Rig::start().await;
    let row = |n: usize, site: &str, floor: Value, status: &str| {
        json!({"id": format!("d{n}"), "importMode": "create", "status": status,
            "tags": {"site": site, "floor": floor}, "properties": {"desired": {"fw": {"version": n}}}})
    };
    let rows = json!([
        row(0, "north", json!(1), "enabled"),
        row(1, "north", json!(2), "enabled"),
        row(2, "south", json!(2), "disabled"),
        row(3, "south", json!("2"), "enabled"),
        row(4, "east", Value::Null, "enabled"),
    ]);
    rig.post("/devices", &rows).await.is_ok();
    rig.put(
        "/devices/d0/modules/m0",
        &json!({"deviceId": "d0", "moduleId": "m0"}),
    )
    .await
    .is_ok();
    rig
}

async fn ask(rig: &Rig, query: &str) -> Seen {
    rig.post("/devices/query", &json!({ "query": query })).await
}

async fn page(rig: &Rig, query: &str, size: &str, token: Option<&str>) -> Seen {
    let mut request = rig
        .request(Method::POST, "/devices/query")
        .header("x-ms-max-item-count", size)
        .json(&json!({ "query": query }));
    if let Some(token) = token {
        request = request.header("x-ms-continuation", token);
    }
    Seen::of(request.send().await.unwrap()).await
}

fn ids(seen: &Seen) -> Vec<String> {
    let rows = seen.is_ok().json();
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row["deviceId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn all_devices_are_whole_twins_without_modules() {
    let rig = fleet().await;
    let seen = ask(&rig, "select * from devices").await;
    assert_eq!(ids(&seen), ["d0", "d1", "d2", "d3", "d4"]);
    assert_eq!(seen.header("x-ms-item-type"), Some("Twin"));
    assert_eq!(seen.header("x-ms-continuation"), None);
    assert_eq!(seen.json()[0], rig.get("/twins/d0").await.json());
}

#[tokio::test]
async fn modules_are_a_collection_of_their_own() {
    let rig = fleet().await;
    let seen = ask(&rig, "SELECT * FROM devices.modules WHERE moduleId = 'm0'").await;
    assert_eq!(ids(&seen), ["d0"]);
    assert_eq!(seen.json()[0]["moduleId"], "m0");
}

#[tokio::test]
async fn conditions_select_by_tags_properties_and_identity() {
    let rig = fleet().await;
    for (condition, found) in [
        ("tags.site = 'north'", vec!["d0", "d1"]),
        (
            "startswith(deviceId, 'd') AND ENDSWITH(deviceId, '4')",
            vec!["d4"],
        ),
        (
            "tags.site IN ['south', 'east'] AND status = 'enabled'",
            vec!["d3", "d4"],
        ),
        ("tags.floor = 2", vec!["d1", "d2"]),
        ("tags.floor > 1", vec!["d1", "d2"]),
        ("properties.desired.fw.version >= 3", vec!["d3", "d4"]),
        (
            "NOT IS_DEFINED(tags.nothing) AND deviceId = 'd2'",
            vec!["d2"],
        ),
        ("IS_NULL(tags.floor) OR IS_STRING(tags.floor)", vec!["d3"]),
        (
            "STARTS_WITH(deviceId, 'd') AND deviceId > 'd2'",
            vec!["d3", "d4"],
        ),
        ("tags.missing != 'x'", vec![]),
        ("NOT (tags.missing = 'x')", vec![]),
    ] {
        assert_eq!(
            ids(&ask(&rig, &format!("SELECT * FROM devices WHERE {condition}")).await),
            found,
            "{condition}"
        );
    }
}

#[tokio::test]
async fn pages_follow_the_token_until_the_header_is_absent() {
    let rig = fleet().await;
    let query = "SELECT * FROM devices WHERE NOT deviceId = 'd1'";
    let mut token: Option<String> = None;
    let mut pages = Vec::new();
    loop {
        let seen = page(&rig, query, "2", token.as_deref()).await;
        pages.push(ids(&seen));
        token = seen.header("x-ms-continuation").map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec!["d0", "d2"], vec!["d3", "d4"]]);
}

#[tokio::test]
async fn top_ends_the_pages_early() {
    let rig = fleet().await;
    let first = page(&rig, "SELECT TOP 3 * FROM devices", "2", None).await;
    assert_eq!(ids(&first), ["d0", "d1"]);
    let second = page(
        &rig,
        "SELECT TOP 3 * FROM devices",
        "2",
        first.header("x-ms-continuation"),
    )
    .await;
    assert_eq!(ids(&second), ["d2"]);
    assert_eq!(second.header("x-ms-continuation"), None);
}

#[tokio::test]
async fn a_selection_gives_raw_rows_without_what_is_missing() {
    let rig = fleet().await;
    let seen = ask(&rig, "SELECT deviceId, tags.site AS place, properties.desired.fw.version, tags.floor FROM devices WHERE deviceId IN ['d1', 'd4']").await;
    assert_eq!(seen.header("x-ms-item-type"), Some("Raw"));
    assert_eq!(
        seen.is_ok().json(),
        json!([
            {"deviceId": "d1", "place": "north", "version": 1, "floor": 2},
            {"deviceId": "d4", "place": "east", "version": 4},
        ])
    );
}

#[tokio::test]
async fn groups_are_counted_and_computed_over() {
    let rig = fleet().await;
    let seen = ask(&rig, "SELECT tags.site AS site, COUNT() AS n, AVG(properties.desired.fw.version) AS mean, MAX(tags.floor) AS top FROM devices GROUP BY tags.site").await;
    assert_eq!(
        seen.is_ok().json(),
        json!([
            {"site": "north", "n": 2, "mean": 0.5, "top": 2},
            {"site": "south", "n": 2, "mean": 2.5, "top": "2"},
            {"site": "east", "n": 1, "mean": 4},
        ])
    );
    assert_eq!(seen.header("x-ms-item-type"), Some("Raw"));
    let none = ask(
        &rig,
        "SELECT COUNT() AS n, SUM(tags.floor) AS sum FROM devices WHERE tags.site = 'nowhere'",
    )
    .await;
    assert_eq!(none.is_ok().json(), json!([{"n": 0}]));
    let first = page(
        &rig,
        "SELECT tags.site, COUNT() FROM devices GROUP BY tags.site",
        "2",
        None,
    )
    .await;
    let rest = page(
        &rig,
        "SELECT tags.site, COUNT() FROM devices GROUP BY tags.site",
        "2",
        first.header("x-ms-continuation"),
    )
    .await;
    assert_eq!(rest.is_ok().json(), json!([{"site": "east", "count": 1}]));
}

#[tokio::test]
async fn what_it_cannot_do_is_a_400_that_names_the_place() {
    let rig = fleet().await;
    for (query, part) in [
        ("SELECT FROM devices", "line 1, column 8"),
        ("SELECT * FROM devices WHERE tags.site LIKE 'n%'", "LIKE"),
        ("SELECT * FROM devices ORDER BY deviceId", "ORDER BY"),
        ("SELECT * FROM twins", "twins"),
        ("SELECT tags, COUNT() FROM devices GROUP BY tags", "tags"),
    ] {
        let seen = ask(&rig, query).await;
        seen.is_error(400, "ArgumentInvalid");
        assert!(seen.text.contains(part), "{query}: {}", seen.text);
    }
    let long = format!(
        "SELECT * FROM devices WHERE tags.a = '{}'",
        "x".repeat(9000)
    );
    ask(&rig, &long).await.is_error(412, "PreconditionFailed");
    rig.post("/devices/query", &json!({}))
        .await
        .is_error(400, "IotHubFormatError");
    page(&rig, "SELECT * FROM devices", "0", None)
        .await
        .is_error(400, "ArgumentInvalid");
    page(&rig, "SELECT * FROM devices", "9", Some("nonsense"))
        .await
        .is_error(400, "ArgumentInvalid");
    let first = page(&rig, "SELECT * FROM devices", "2", None).await;
    let stolen = page(
        &rig,
        "SELECT * FROM devices.modules",
        "2",
        first.header("x-ms-continuation"),
    )
    .await;
    stolen.is_error(400, "ArgumentInvalid");
}

/// A token as the hub writes it, with another place in it.
fn moved(token: &str, after: i64) -> String {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut place: Value = serde_json::from_slice(&engine.decode(token).unwrap()).unwrap();
    place["after"] = json!(after);
    engine.encode(place.to_string())
}

#[tokio::test]
async fn a_token_from_before_the_first_row_is_refused() {
    let rig = fleet().await;
    let query = "SELECT deviceId FROM devices";
    let first = page(&rig, query, "2", None).await;
    let token = first.is_ok().header("x-ms-continuation").unwrap();
    page(&rig, query, "2", Some(&moved(token, 2))).await.is_ok();
    for after in [-1, -9_000_000_000_000_000_000] {
        let bad = moved(token, after);
        let asking = page(&rig, query, "2", Some(&bad));
        let seen = tokio::time::timeout(std::time::Duration::from_secs(20), asking).await;
        seen.expect("it is answered")
            .is_error(400, "ArgumentInvalid");
    }
}
