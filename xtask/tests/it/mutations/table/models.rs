//! Edits of fields, types and enums.

use serde_json::json;

use super::{Additive, Breaking, Documentation, Row, row};
use crate::mutations::edit::{remove, rename, set};

pub(super) fn rows() -> Vec<Row> {
    [
        added(),
        removed_or_renamed(),
        models(),
        types(),
        forms(),
        values(),
        enums(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn added() -> Vec<Row> {
    let text = json!({ "type": "string", "description": "A text." });
    vec![
        row(
            "add an optional field",
            Additive,
            [set(
                "/components/schemas/JobProperties/properties/note",
                text.clone(),
            )],
        )
        .compiled(),
        row(
            "add a required field",
            Breaking,
            [
                set(
                    "/components/schemas/JobProperties/properties/note",
                    text.clone(),
                ),
                set(
                    "/components/schemas/JobProperties/required",
                    json!(["note"]),
                ),
            ],
        )
        .compiled(),
        row(
            "add a field whose Rust name is taken",
            Additive,
            [set(
                "/components/schemas/JobProperties/properties/job_id",
                text.clone(),
            )],
        )
        .lint(&["rust-name"])
        .rejected("two fields of JobProperties"),
        row(
            "add a field named like a keyword",
            Additive,
            [set(
                "/components/schemas/JobProperties/properties/match",
                text,
            )],
        )
        .compiled(),
    ]
}

fn removed_or_renamed() -> Vec<Row> {
    vec![
        row(
            "remove a field",
            Breaking,
            [remove(
                "/components/schemas/JobProperties/properties/progress",
            )],
        )
        .compiled(),
        row(
            "rename a field",
            Breaking,
            [rename(
                "/components/schemas/JobProperties/properties/endTimeUtc",
                "finishedTimeUtc",
            )],
        )
        .compiled(),
        row(
            "make a field required",
            Breaking,
            [set(
                "/components/schemas/JobProperties/required",
                json!(["jobId"]),
            )],
        )
        .compiled(),
        row(
            "make a field of a response required",
            Breaking,
            [set(
                "/components/schemas/JobResponse/required",
                json!(["jobId"]),
            )],
        ),
        row(
            "require a field that is not there",
            Breaking,
            [set(
                "/components/schemas/JobProperties/required",
                json!(["absent"]),
            )],
        )
        .lint(&["required-field"]),
    ]
}

fn models() -> Vec<Row> {
    vec![
        row(
            "add a model and a field of it",
            Additive,
            [
                set(
                    "/components/schemas/Region",
                    json!({ "type": "object", "description": "A region.", "properties": {
                        "name": { "type": "string", "description": "Its name." } } }),
                ),
                set(
                    "/components/schemas/JobProperties/properties/region",
                    json!({ "$ref": "#/components/schemas/Region" }),
                ),
            ],
        )
        .compiled(),
        row(
            "add a model inline",
            Additive,
            [set(
                "/components/schemas/JobProperties/properties/region",
                json!({ "type": "object", "description": "A region.", "properties": {
                    "name": { "type": "string", "description": "Its name." } } }),
            )],
        )
        .lint(&["inline-model"])
        .compiled(),
        row(
            "let a model hold itself",
            Additive,
            [set(
                "/components/schemas/Twin/properties/parent",
                json!({ "$ref": "#/components/schemas/Twin" }),
            )],
        )
        .compiled(),
    ]
}

fn types() -> Vec<Row> {
    vec![
        row(
            "change a type",
            Breaking,
            [set(
                "/components/schemas/JobProperties/properties/progress/type",
                json!("string"),
            )],
        )
        .lint(&[])
        .compiled(),
        row(
            "widen a number",
            Breaking,
            [set(
                "/components/schemas/JobProperties/properties/progress/format",
                json!("int64"),
            )],
        )
        .compiled(),
        row(
            "drop the format of a time",
            Breaking,
            [remove(
                "/components/schemas/JobProperties/properties/endTimeUtc/format",
            )],
        )
        .compiled(),
        row(
            "drop the format of a time in responses alone",
            Breaking,
            [remove(
                "/components/schemas/JobResponse/properties/endTime/format",
            )],
        ),
        row(
            "add a format to a text",
            Breaking,
            [set(
                "/components/schemas/JobProperties/properties/jobId/format",
                json!("uuid"),
            )],
        )
        .compiled(),
        row(
            "turn a text into a list",
            Breaking,
            [set(
                "/components/schemas/JobProperties/properties/inputBlobName",
                json!({ "type": "array", "items": { "type": "string" }, "description": "Names." }),
            )],
        )
        .compiled(),
    ]
}

fn forms() -> Vec<Row> {
    vec![
        row(
            "forget what a list holds",
            Breaking,
            [set("/components/schemas/JobProperties/properties/inputBlobName", json!({ "type": "array", "description": "Names." }))],
        )
        .lint(&["items"]),
        row("bound a number", Breaking, [set("/components/schemas/JobProperties/properties/progress/minimum", json!(0))]).compiled(),
        row(
            "bound a text of responses",
            Additive,
            [set("/components/schemas/JobResponse/properties/jobId/maxLength", json!(64))],
        )
        .compiled(),
        row(
            "close a response to further members",
            Additive,
            [set("/components/schemas/JobResponse/additionalProperties", json!(false))],
        )
        .compiled(),
        row(
            "move a part to a component",
            Breaking,
            [
                set("/components/schemas/Tags", json!({ "type": "object", "additionalProperties": true, "description": "Tags." })),
                set("/components/schemas/Twin/properties/tags", json!({ "$ref": "#/components/schemas/Tags" })),
            ],
        )
        .compiled(),
        row(
            "offer one of two types",
            Breaking,
            [set("/components/schemas/JobProperties/properties/progress", json!({ "description": "x.", "oneOf": [{ "type": "string" }, { "type": "integer" }] }))],
        )
        .lint(&["composition"]),
        row("let a reference lead nowhere", Breaking, [remove("/components/schemas/DeviceCapabilities")])
            .lint(&["reference"])
            .rejected("DeviceCapabilities"),
    ]
}

fn values() -> Vec<Row> {
    let status = "/components/schemas/JobStatus/enum/-";
    vec![
        row("add a value", Additive, [set(status, json!("paused"))]).compiled(),
        row(
            "remove a value",
            Breaking,
            [remove("/components/schemas/JobStatus/enum/6")],
        )
        .compiled(),
        row(
            "rename a value",
            Breaking,
            [set(
                "/components/schemas/JobStatus/enum/6",
                json!("planned"),
            )],
        )
        .compiled(),
        row(
            "reorder values",
            Documentation,
            [set(
                "/components/schemas/StorageAuthenticationType/enum",
                json!(["identityBased", "keyBased"]),
            )],
        ),
        row(
            "add a value twice",
            Additive,
            [set(status, json!("queued")), set(status, json!("on-hold"))],
        )
        .lint(&["enum-values"])
        .rejected("one Rust name"),
        row(
            "add a value whose Rust name is taken",
            Additive,
            [set(status, json!("Queued"))],
        )
        .lint(&["rust-name", "enum-case"])
        .rejected("one Rust name"),
    ]
}

fn enums() -> Vec<Row> {
    vec![
        row("close an enum", Breaking, [remove("/components/schemas/JobStatus/x-ms-enum")]).lint(&["open-enum"]),
        row(
            "add an enum",
            Additive,
            [
                set(
                    "/components/schemas/Priority",
                    json!({ "type": "string", "description": "How urgent.", "enum": ["low", "7-high", "none"],
                        "x-ms-enum": { "name": "Priority", "modelAsString": true } }),
                ),
                set("/components/schemas/JobProperties/properties/priority", json!({ "$ref": "#/components/schemas/Priority" })),
            ],
        )
        .compiled(),
        row(
            "add an enum inline",
            Additive,
            [set("/components/schemas/JobProperties/properties/priority", json!({ "type": "string", "description": "How urgent.", "enum": ["low", "high"] }))],
        )
        .lint(&["open-enum", "inline-enum"])
        .compiled(),
    ]
}
