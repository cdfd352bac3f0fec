//! Round trips of what the service sends: read, look, write.

use jobs_api::types::{
    JobProperties, JobRequest, JobResponse, JobStatus, JobType, StorageAuthenticationType, Twin,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::core;

/// A fixture: `origin` says where its shape comes from, `body` is what the service sends, `ignored` names what the models
/// need not have, `model` what it is.
fn fixtures() -> Vec<(String, Value)> {
    let mut found: Vec<_> = std::fs::read_dir(core::root().join("tests/models/fixtures"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            (
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                serde_json::from_str(&text).unwrap(),
            )
        })
        .collect();
    found.sort_by(|a: &(String, Value), b| a.0.cmp(&b.0));
    found
}

fn body(name: &str) -> Value {
    let (_, fixture) = fixtures()
        .into_iter()
        .find(|(found, _)| found == name)
        .unwrap();
    fixture["body"].clone()
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_value(body(name)).unwrap()
}

/// What is written is what was read, but for nulls and for members that this version of the API does not have.
#[test]
fn every_fixture_survives_a_round_trip() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 14);
    for (name, fixture) in fixtures {
        let body = &fixture["body"];
        let written = match fixture["model"].as_str().unwrap() {
            list if list.ends_with("[]") => {
                let items = body.as_array().unwrap().iter();
                items
                    .map(|item| rewrite(list.trim_end_matches("[]"), item))
                    .collect()
            }
            model => rewrite(model, body),
        };
        assert!(
            fixture["origin"]
                .as_str()
                .is_some_and(|origin| !origin.is_empty()),
            "{name} does not tell its origin"
        );
        let mut expected = body.clone();
        remove_nulls(&mut expected);
        for ignored in fixture["ignored"].as_array().into_iter().flatten() {
            forget(&mut expected, &written, ignored.as_str().unwrap());
        }
        assert_eq!(written, expected, "{name}");
    }
}

fn rewrite(model: &str, body: &Value) -> Value {
    let written = jobs_api::round_trip(model, body.clone())
        .unwrap_or_else(|| panic!("no model {model}"))
        .unwrap();
    let again = jobs_api::round_trip(model, written.clone())
        .unwrap()
        .unwrap();
    assert_eq!(written, again, "{model}");
    written
}

/// Nulls of the model itself; those inside tags and properties mean something and stay.
fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            for (name, value) in members {
                if !["tags", "desired", "reported", "payload"].contains(&name.as_str()) {
                    remove_nulls(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(remove_nulls),
        _ => {}
    }
}

/// Removes a member that the models need not have, unless this version of the API has it: then it must be kept.
fn forget(expected: &mut Value, written: &Value, member: &str) {
    match expected {
        Value::Object(members) if written.get(member).is_none() => {
            members.remove(member);
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                forget(item, &written[index], member);
            }
        }
        _ => {}
    }
}

#[test]
fn create_response_echoes_the_containers() {
    let job: JobProperties = read("import_created");
    assert_eq!(job.type_, Some(JobType::Import));
    assert_eq!(job.status, Some(JobStatus::Enqueued));
    assert_eq!(job.progress, Some(0));
    assert_eq!(
        job.start_time_utc.as_deref(),
        Some("2021-07-07T20:47:47.2893449Z")
    );
    assert_eq!(job.end_time_utc, None);
    assert!(
        job.input_blob_container_uri
            .unwrap()
            .expose()
            .contains("sig=")
    );
}

#[test]
fn identity_based_job_echoes_how_the_hub_signs_in() {
    let job: JobProperties = read("export_created_identity_based");
    assert_eq!(
        job.storage_authentication_type,
        Some(StorageAuthenticationType::IdentityBased)
    );
}

#[test]
fn running_job_has_no_end_and_an_empty_output_container() {
    let job: JobProperties = read("import_running");
    assert_eq!(job.status, Some(JobStatus::Running));
    assert_eq!(job.end_time_utc, None);
    assert!(job.output_blob_container_uri.unwrap().is_empty());
}

#[test]
fn completed_job_has_an_end_and_all_its_progress() {
    let job: JobProperties = read("import_completed");
    assert_eq!(job.status, Some(JobStatus::Completed));
    assert_eq!(job.progress, Some(100));
    assert_eq!(
        job.end_time_utc.as_deref(),
        Some("2021-07-07T20:48:04.0157835Z")
    );
}

#[test]
fn failed_job_says_why() {
    let job: JobProperties = read("export_failed");
    assert_eq!(job.status, Some(JobStatus::Failed));
    assert!(job.failure_reason.is_some_and(|reason| !reason.is_empty()));
}

#[test]
fn null_and_absent_read_alike() {
    let with_nulls: JobProperties = read("export_completed_with_nulls");
    let absent: JobProperties = serde_json::from_str("{}").unwrap();
    assert_eq!(with_nulls.failure_reason, None);
    assert_eq!(with_nulls.configurations_blob_name, None);
    assert_eq!(absent, JobProperties::default());
    assert_eq!(serde_json::to_string(&absent).unwrap(), "{}");
}

#[test]
fn every_optional_field_of_every_model_takes_null() {
    for item in core::structs() {
        let model = item.ident.to_string();
        let (optional, required): (Vec<_>, Vec<_>) = item
            .fields
            .iter()
            .partition(|field| core::serde(&field.attrs).optional);
        let nulls: Value = optional
            .into_iter()
            .map(|field| (core::wire_name(field), Value::Null))
            .collect();
        let written = jobs_api::round_trip(&model, nulls).unwrap();
        if required.is_empty() {
            assert_eq!(written.unwrap(), serde_json::json!({}), "{model}");
        } else {
            assert!(
                written.is_err(),
                "{model} was read without its required fields"
            );
        }
    }
}

#[test]
fn unknown_values_are_kept_and_the_response_is_read() {
    let job: JobProperties = read("unknown_enum_values");
    assert_eq!(job.status, Some(JobStatus::Unrecognized("paused".into())));
    assert_eq!(
        job.type_,
        Some(JobType::Unrecognized("cloneRegistry".into()))
    );
    assert_eq!(
        job.job_id.as_deref(),
        Some("b1f6ef0b-8f16-4d3e-a77c-5d7f3c1f9e02")
    );
}

#[test]
fn scheduled_job_that_the_hub_does_not_know_is_unknown() {
    let job: JobResponse = read("scheduled_unknown");
    assert_eq!(
        (job.type_, job.status),
        (Some(JobType::Unknown), Some(JobStatus::Unknown))
    );
}

#[test]
fn times_stay_as_they_came() {
    for time in [
        "2021-07-07T20:47:37.1264413Z",
        "0001-01-01T00:00:00",
        "2021-07-07T20:47:37Z",
        "",
        "yesterday",
    ] {
        let job: JobProperties =
            serde_json::from_value(serde_json::json!({ "startTimeUtc": time })).unwrap();
        assert_eq!(job.start_time_utc.as_deref(), Some(time));
    }
}

#[test]
fn null_inside_a_twin_update_reaches_the_wire() {
    let request: JobRequest = read("scheduled_twin_request");
    let written = serde_json::to_value(&request).unwrap();
    assert_eq!(written["updateTwin"]["tags"]["retired"], Value::Null);
    assert!(
        written["updateTwin"]["tags"]
            .as_object()
            .unwrap()
            .contains_key("retired")
    );
}

#[test]
fn thumbprints_of_a_twin_are_read_in_both_spellings() {
    for (primary, secondary) in [
        ("primaryThumbprint", "secondaryThumbprint"),
        ("PrimaryThumbprint", "SecondaryThumbprint"),
    ] {
        let twin = serde_json::json!({ "x509Thumbprint": { primary: "AA", secondary: null } });
        let read: Twin = serde_json::from_value(twin).unwrap();
        let thumbprints = read.x509_thumbprint.unwrap();
        assert_eq!(thumbprints.primary_thumbprint.as_deref(), Some("AA"));
        assert_eq!(thumbprints.secondary_thumbprint, None);
    }
}
