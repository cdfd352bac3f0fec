//! Edits that no program notices, and some that are similar.

use serde_json::json;

use super::{Additive, Breaking, Documentation, Row, row};
use crate::mutations::edit::{remove, set};

pub(super) fn rows() -> Vec<Row> {
    [defaults(), wrapped(), annotations(), felt()]
        .into_iter()
        .flatten()
        .collect()
}

fn defaults() -> Vec<Row> {
    let filter = "/paths/~1jobs~1v2~1query/get/parameters/0/required";
    vec![
        row(
            "write out that a field is not null",
            Documentation,
            [set(
                "/components/schemas/JobProperties/properties/jobId/nullable",
                json!(false),
            )],
        ),
        row(
            "write out that a field is not secret",
            Documentation,
            [set(
                "/components/schemas/JobProperties/properties/jobId/x-ms-secret",
                json!(false),
            )],
        ),
        row(
            "leave out that a parameter is optional",
            Documentation,
            [remove(filter)],
        ),
        row(
            "write out that a parameter is a form",
            Documentation,
            [set(
                "/paths/~1jobs~1v2~1query/get/parameters/0/style",
                json!("form"),
            )],
        ),
        row(
            "write out that an enum has no fields",
            Documentation,
            [set("/components/schemas/JobType/properties", json!({}))],
        ),
        row(
            "write out that no field is required",
            Documentation,
            [set("/components/schemas/JobProperties/required", json!([]))],
        ),
        row(
            "repeat the security of the document",
            Documentation,
            [set(
                "/paths/~1jobs/get/security",
                json!([{ "authorization": [] }]),
            )],
        ),
    ]
}

/// OpenAPI 3.0 has no other place for a description of a field that refers to another schema.
fn wrapped() -> Vec<Row> {
    let status = "/components/schemas/JobProperties/properties/status";
    let reference = json!({ "$ref": "#/components/schemas/JobStatus" });
    vec![
        row(
            "wrap a reference",
            Documentation,
            [set(status, json!({ "allOf": [reference] }))],
        )
        .compiled(),
        row(
            "wrap a reference and describe the field",
            Documentation,
            [set(
                status,
                json!({ "allOf": [reference], "description": "How far the job is." }),
            )],
        )
        .compiled(),
        row(
            "wrap a reference that may be null",
            Breaking,
            [set(
                status,
                json!({ "allOf": [reference], "description": "How far.", "nullable": true }),
            )],
        )
        .compiled(),
        row(
            "wrap a required reference that may be null",
            Breaking,
            [
                set(status, json!({ "allOf": [reference], "nullable": true })),
                set(
                    "/components/schemas/JobProperties/required",
                    json!(["status"]),
                ),
            ],
        )
        .compiled(),
        row(
            "wrap a reference to another model",
            Breaking,
            [set(
                status,
                json!({ "allOf": [{ "$ref": "#/components/schemas/JobType" }] }),
            )],
        )
        .compiled(),
        row(
            "wrap a reference with an extension that nothing reads",
            Documentation,
            [set(
                status,
                json!({ "allOf": [reference], "x-ms-client-flatten": true }),
            )],
        ),
        row(
            "wrap a reference that is marked secret",
            Breaking,
            [set(
                status,
                json!({ "allOf": [reference], "x-ms-secret": true }),
            )],
        )
        .lint(&["composition", "description", "secret-mark"])
        .rejected("is marked secret"),
        row(
            "wrap two references",
            Breaking,
            [set(status, json!({ "allOf": [reference, reference] }))],
        )
        .lint(&["composition", "description"]),
        row(
            "wrap the reference of a parameter in the path",
            Breaking,
            [set(
                "/components/parameters/JobId/schema",
                json!({ "allOf": [reference] }),
            )],
        ),
        row(
            "wrap a reference next to a type",
            Breaking,
            [set(
                status,
                json!({ "allOf": [reference], "type": "string" }),
            )],
        )
        .lint(&["composition", "description"]),
    ]
}

fn annotations() -> Vec<Row> {
    vec![
        row(
            "extend the paths",
            Documentation,
            [set("/paths/x-generated-by", json!({ "get": {} }))],
        ),
        row(
            "extend the responses",
            Documentation,
            [set(
                "/paths/~1jobs/get/responses/x-note",
                json!({ "description": "A note." }),
            )],
        ),
        row(
            "name another server for an operation",
            Documentation,
            [set(
                "/paths/~1jobs/get/servers",
                json!([{ "url": "https://elsewhere.example" }]),
            )],
        ),
        row(
            "name another server for a path",
            Documentation,
            [set(
                "/paths/~1jobs/servers",
                json!([{ "url": "https://elsewhere.example" }]),
            )],
        ),
        row(
            "add a path without operations",
            Documentation,
            [set("/paths/~1jobs~1v3", json!({}))],
        ),
        row(
            "mark a secret of the error",
            Documentation,
            [set(
                "/components/schemas/ServiceError/properties/Message/x-ms-secret",
                json!(true),
            )],
        ),
    ]
}

fn felt() -> Vec<Row> {
    vec![
        row(
            "promise a header",
            Additive,
            [set(
                "/paths/~1jobs~1v2~1query/get/responses/200/headers/x-ms-item-type/required",
                json!(true),
            )],
        ),
        row(
            "repeat a path and reword another",
            Breaking,
            [
                set("/paths/~1again", json!({ "$ref": "#/paths/~1jobs" })),
                set("/paths/~1jobs/get/description", json!("Lists.")),
            ],
        )
        .lint(&["generates"])
        .rejected("is a reference"),
        row(
            "lift the security of an operation",
            Breaking,
            [set("/paths/~1jobs/get/security", json!([]))],
        ),
    ]
}
