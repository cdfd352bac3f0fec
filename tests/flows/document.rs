//! What the local hub returns agrees with the document that the core is generated from. Neither is made from the other.

use jobs_ext::{ExportOptions, ImportOptions, Job};
use serde_json::Value;

use crate::stage::Stage;

/// Members that the hub sends in addition to the documented ones; each was recorded on the service.
const UNDOCUMENTED: &[&str] = &["useSecondaryStorageAsSource"];

fn document() -> Value {
    serde_json::from_str(include_str!("../../spec/jobs.openapi.json"))
        .expect("the document is JSON")
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema
        .get("$ref")
        .or_else(|| schema.pointer("/allOf/0/$ref"))
        .and_then(Value::as_str);
    match reference {
        Some(reference) => document
            .pointer(reference.trim_start_matches('#'))
            .expect("a reference leads somewhere"),
        None => schema,
    }
}

fn assert_fits(document: &Value, name: &str, body: &Value) {
    let properties = document
        .pointer(&format!("/components/schemas/{name}/properties"))
        .expect("the model is in the document");
    for (member, value) in body.as_object().expect("a model is an object") {
        if UNDOCUMENTED.contains(&member.as_str()) {
            continue;
        }
        let property = properties
            .get(member)
            .unwrap_or_else(|| panic!("{name} has no member {member}: {body}"));
        let schema = resolve(document, property);
        let fits = match schema["type"].as_str() {
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64(),
            Some("boolean") => value.is_boolean(),
            Some("object") => value.is_object(),
            other => panic!("{name}.{member} has the type {other:?} in the document"),
        };
        assert!(fits, "{name}.{member} is {value}");
        if let Some(known) = schema.get("enum").and_then(Value::as_array) {
            assert!(known.contains(value), "{name}.{member} is {value}");
        }
    }
}

fn response(job: &Job) -> Value {
    serde_json::from_slice(job.raw().expose()).expect("the raw response is JSON")
}

#[tokio::test]
async fn every_response_about_a_job_fits_the_document() {
    let document = document();
    let stage = Stage::set().await;
    let client = &stage.client;

    let export = client
        .begin_export(ExportOptions::to(stage.container()))
        .await
        .expect("the hub takes the export");
    let created = export.last().expect("the response of the creation is kept");
    assert_fits(&document, "JobProperties", &response(created));
    let export = export.await.expect("the export completes");
    assert_fits(&document, "JobProperties", &response(export.job()));

    stage.put_lines("devices.txt", &[r#"{"id":"one","status":"enabled"}"#]);
    let import = client
        .begin_import(ImportOptions::from(stage.container()))
        .await
        .expect("the hub takes the import")
        .await
        .expect("the import completes");
    let fetched = client
        .get(import.job().id())
        .await
        .expect("the job is there");
    assert_fits(&document, "JobProperties", &response(&fetched));

    let listed = client.list().await.expect("jobs are listed");
    assert_eq!(listed.len(), 2);
    for job in &listed {
        assert_fits(&document, "JobProperties", &response(job));
    }
}
