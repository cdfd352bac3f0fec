//! Edits whose names, texts or places cannot become Rust, or not the Rust that is meant.

use serde_json::{Value, json};

use super::{Additive, Breaking, Documentation, Row, row};
use crate::mutations::edit::{Edit, set};

pub(super) fn rows() -> Vec<Row> {
    [
        fields(),
        schemas(),
        enums(),
        operations(),
        places(),
        texts(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const FIELDS: [&str; 2] = [
    "/components/schemas/JobProperties/properties/first",
    "/components/schemas/JobProperties/properties/second",
];

fn text() -> Value {
    json!({ "type": "string", "description": "A text." })
}

/// Two fields of these names.
fn two(first: &'static str, second: &'static str) -> Vec<Edit> {
    let mut edits = vec![set(FIELDS[0], text()), set(FIELDS[1], text())];
    edits.push(Edit::Rename(FIELDS[0], first));
    edits.push(Edit::Rename(FIELDS[1], second));
    edits
}

fn fields() -> Vec<Row> {
    let clash = |name, edits: Vec<Edit>| row(name, Additive, edits).lint(&["rust-name"]);
    vec![
        clash("add fields that differ in case", two("A1B", "a1b")).rejected("JobProperties"),
        clash(
            "add fields that differ in an apostrophe",
            two("it's", "its"),
        )
        .rejected("JobProperties"),
        clash("add a field without any letter", two("$", "x")).rejected("JobProperties"),
        clash("add a field that starts with a digit", two("1a", "x1a")).rejected("JobProperties"),
        clash("add a field with a special name", two("+1", "plus1")).rejected("JobProperties"),
        row(
            "add a field named like the next keyword",
            Additive,
            two("gen", "dyn"),
        )
        .compiled(),
        row(
            "collect further members next to a field of that name",
            Breaking,
            [
                set(FIELDS[0], text()),
                Edit::Rename(FIELDS[0], "extra"),
                set(
                    "/components/schemas/JobProperties/additionalProperties",
                    json!({ "type": "string", "description": "More." }),
                ),
            ],
        )
        .lint(&["rust-name"])
        .rejected("two fields of JobProperties"),
    ]
}

/// A component of this name, and a field of it.
fn component(name: &'static str, reference: &'static str, schema: Value) -> Vec<Edit> {
    vec![
        set("/components/schemas/Fresh", schema),
        Edit::Rename("/components/schemas/Fresh", name),
        set(FIELDS[0], json!({ "$ref": reference })),
    ]
}

fn open(values: Value) -> Value {
    json!({ "type": "string", "description": "A kind.", "enum": values, "x-ms-enum": { "name": "Kind", "modelAsString": true } })
}

fn schemas() -> Vec<Row> {
    let model =
        json!({ "type": "object", "description": "A model.", "properties": { "a": text() } });
    vec![
        row(
            "hide a hand-written type",
            Additive,
            component("sasUri", "#/components/schemas/sasUri", model.clone()),
        )
        .lint(&["rust-name"]),
        row(
            "name a model out of style",
            Additive,
            component("job_part", "#/components/schemas/job_part", model),
        )
        .lint(&["type-name"]),
        row(
            "let a component refer to itself",
            Additive,
            component(
                "Loop",
                "#/components/schemas/Loop",
                json!({ "$ref": "#/components/schemas/Loop" }),
            ),
        )
        .lint(&["reference-loop"])
        .rejected("back to where they start"),
        row(
            "let a parameter refer to itself",
            Breaking,
            [
                set(
                    "/components/parameters/Loop",
                    json!({ "$ref": "#/components/parameters/Loop" }),
                ),
                set(
                    "/paths/~1jobs/get/parameters/-",
                    json!({ "$ref": "#/components/parameters/Loop" }),
                ),
            ],
        )
        .lint(&["reference-loop", "description"])
        .rejected("the generator"),
    ]
}

fn enums() -> Vec<Row> {
    let misnamed = |row_name, name, reference, rejection| {
        row(
            row_name,
            Additive,
            component(name, reference, open(json!(["a", "b"]))),
        )
        .lint(&["type-name"])
        .rejected(rejection)
    };
    vec![
        misnamed(
            "name an enum with an acronym",
            "SASKind",
            "#/components/schemas/SASKind",
            "call it SasKind",
        ),
        misnamed(
            "name an enum in lower case",
            "jobKind",
            "#/components/schemas/jobKind",
            "call it JobKind",
        ),
        misnamed(
            "name an enum with a dash",
            "Job-Kind",
            "#/components/schemas/Job-Kind",
            "call it JobKind",
        ),
        row(
            "add values that differ in case",
            Additive,
            component(
                "Kind",
                "#/components/schemas/Kind",
                open(json!(["aB", "ab"])),
            ),
        )
        .lint(&["enum-case"]),
        row(
            "add values that are not words",
            Additive,
            component(
                "Kind",
                "#/components/schemas/Kind",
                open(json!(["a\nb", "c\rd", "①", "٣x", ""])),
            ),
        )
        .lint(&["rust-name"])
        .rejected("one Rust name"),
        row(
            "add values that are hardly words",
            Additive,
            component(
                "Kind",
                "#/components/schemas/Kind",
                open(json!(["a\nb", "c\rd", "①", "٣x", "e\"f\\"])),
            ),
        )
        .compiled(),
    ]
}

fn operations() -> Vec<Row> {
    let traced = json!({
        "tags": ["Jobs"], "operationId": "Jobs_Trace", "summary": "Traces.", "description": "Traces.",
        "parameters": [{ "$ref": "#/components/parameters/ApiVersion" }],
        "responses": { "204": { "description": "Traced." } }
    });
    vec![
        row(
            "name two operations nearly alike",
            Breaking,
            [
                set("/paths/~1jobs/get/operationId", json!("Jobs_A1B")),
                set("/paths/~1jobs~1{id}/get/operationId", json!("Jobs_A1b")),
            ],
        )
        .lint(&["rust-name"])
        .rejected("two functions"),
        row(
            "add an operation that no client sends",
            Additive,
            [set("/paths/~1jobs/trace", traced)],
        )
        .lint(&["method"])
        .rejected("no call for this method"),
        row(
            "add a parameter named like the body",
            Breaking,
            [set(
                "/paths/~1jobs~1create/post/parameters/-",
                json!({ "name": "body", "in": "query", "description": "x.", "schema": { "type": "string" } }),
            )],
        )
        .lint(&["rust-name"])
        .rejected("two arguments"),
        row(
            "add a parameter named like the headers",
            Breaking,
            [set(
                "/paths/~1jobs~1v2~1query/get/parameters/-",
                json!({ "name": "header_map", "in": "query", "description": "x.", "schema": { "type": "string" } }),
            )],
        )
        .lint(&["rust-name"]),
    ]
}

fn places() -> Vec<Row> {
    let id = "/components/parameters/JobId/schema";
    let list = "/paths/~1jobs/get/parameters/-";
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let header = |schema: Value| json!({ "name": "x-h", "in": "header", "description": "x.", "schema": schema });
    vec![
        row(
            "send a secret in a header",
            Breaking,
            [set(
                list,
                header(json!({ "type": "string", "x-ms-secret": true })),
            )],
        )
        .lint(&["secret-place"]),
        row(
            "send a secret in the path",
            Breaking,
            [set(
                "/components/parameters/JobId/schema/x-ms-secret",
                json!(true),
            )],
        )
        .lint(&["secret-place"]),
        row(
            "send a secret in the query",
            Breaking,
            [set(
                list,
                json!({ "name": "sas", "in": "query", "description": "x.", "schema": { "type": "string", "x-ms-secret": true } }),
            )],
        )
        .compiled(),
        row(
            "send a list with commas",
            Breaking,
            [set(
                list,
                json!({ "name": "ids", "in": "query", "description": "Ids.", "explode": false, "schema": texts }),
            )],
        )
        .lint(&["parameter-style"]),
        row("put a list into the path", Breaking, [set(id, texts.clone())])
            .lint(&["parameter-type"]),
        row(
            "put a model into a header",
            Breaking,
            [set(
                list,
                header(json!({ "$ref": "#/components/schemas/DeviceCapabilities" })),
            )],
        )
        .lint(&["parameter-type"]),
        row(
            "put nothing into a header",
            Breaking,
            [set(
                list,
                header(json!({ "type": "string", "nullable": true })),
            )],
        )
        .lint(&["parameter-type"]),
        row(
            "put an enum into a header",
            Breaking,
            [set(
                list,
                header(json!({ "$ref": "#/components/schemas/JobType" })),
            )],
        )
        .compiled(),
    ]
}

fn texts() -> Vec<Row> {
    let describe = |text: &str| {
        set(
            "/components/schemas/JobProperties/properties/jobId/description",
            json!(text),
        )
    };
    vec![
        row(
            "end a line like a typewriter",
            Documentation,
            [describe("a\rb.")],
        )
        .lint(&["description-text"])
        .rejected("character '\\r'"),
        row(
            "turn the text around",
            Documentation,
            [describe("a\u{202e}b.")],
        )
        .lint(&["description-text"])
        .rejected("character"),
        row(
            "forget the version of the API",
            Additive,
            [set("/info/version", json!(""))],
        )
        .lint(&["info-version"]),
        row(
            "write the version of the API in words",
            Additive,
            [set("/info/version", json!("2021 04+12_x"))],
        )
        .lint(&["info-version"]),
    ]
}
