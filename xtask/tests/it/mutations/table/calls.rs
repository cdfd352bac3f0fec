//! Edits of operations, parameters, bodies and responses.

use serde_json::json;

use super::{Additive, Breaking, Documentation, Row, row};
use crate::mutations::edit::{remove, rename, replace, set};

pub(super) fn rows() -> Vec<Row> {
    [
        operations(),
        operation_ids(),
        parameters(),
        bodies(),
        successes(),
        errors_and_headers(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn operations() -> Vec<Row> {
    let copied = json!({
        "tags": ["Jobs"], "operationId": "Jobs_PauseScheduledJob", "summary": "Pauses a job.", "description": "Pauses a job.",
        "parameters": [{ "$ref": "#/components/parameters/JobId" }, { "$ref": "#/components/parameters/ApiVersion" }],
        "responses": { "204": { "description": "Paused." } }
    });
    vec![
        row(
            "add an operation",
            Additive,
            [set(
                "/paths/~1jobs~1v2~1{id}~1pause",
                json!({ "post": copied }),
            )],
        )
        .compiled(),
        row(
            "remove an operation",
            Breaking,
            [remove("/paths/~1jobs~1v2~1{id}~1cancel")],
        )
        .compiled(),
        row(
            "change a path",
            Breaking,
            [rename("/paths/~1jobs~1create", "/jobs/new")],
        ),
        row(
            "change a method",
            Breaking,
            [rename("/paths/~1jobs~1create/post", "put")],
        )
        .compiled(),
    ]
}

fn operation_ids() -> Vec<Row> {
    vec![
        row(
            "rename an operation",
            Breaking,
            [set("/paths/~1jobs/get/operationId", json!("Jobs_ListJobs"))],
        )
        .compiled(),
        row(
            "name an operation out of style",
            Breaking,
            [set("/paths/~1jobs/get/operationId", json!("listJobs"))],
        )
        .lint(&["operation-id-style"]),
        row(
            "repeat an operation id",
            Breaking,
            [set(
                "/paths/~1jobs/get/operationId",
                json!("Jobs_GetImportExportJob"),
            )],
        )
        .lint(&["operation-id-unique"])
        .rejected("duplicate operation ID"),
        row(
            "leave out an operation id",
            Breaking,
            [remove("/paths/~1jobs/get/operationId")],
        )
        .lint(&["operation-id"])
        .rejected("missing operation ID"),
    ]
}

fn parameters() -> Vec<Row> {
    let list = "/paths/~1jobs/get/parameters/-";
    let top = |required: bool| json!({ "name": "top", "in": "query", "description": "How many.", "required": required, "schema": { "type": "integer" } });
    vec![
        row("add an optional parameter", Breaking, [set(list, top(false))]).compiled(),
        row("add a required parameter", Breaking, [set(list, top(true))]).compiled(),
        row("remove a parameter", Breaking, [remove("/paths/~1jobs~1v2~1query/get/parameters/0")]).compiled(),
        row("require a parameter", Breaking, [set("/paths/~1jobs~1v2~1query/get/parameters/0/required", json!(true))]),
        row("retype a parameter", Breaking, [set("/paths/~1jobs~1v2~1query/get/parameters/2/schema", json!({ "type": "string" }))]),
        row("move a parameter to the header", Breaking, [set("/paths/~1jobs~1v2~1query/get/parameters/0/in", json!("header"))]),
        row(
            "send a list with pipes",
            Breaking,
            [set(list, json!({ "name": "ids", "in": "query", "description": "Ids.", "style": "pipeDelimited",
                "schema": { "type": "array", "items": { "type": "string" } } }))],
        )
        .lint(&["parameter-style"])
        .rejected("the generator"),
    ]
}

fn bodies() -> Vec<Row> {
    vec![
        row(
            "rename a path parameter",
            Documentation,
            [
                replace("{id}", "{jobId}"),
                set("/components/parameters/JobId/name", json!("jobId")),
            ],
        ),
        row(
            "leave out api-version",
            Breaking,
            [remove("/paths/~1jobs/get/parameters/0")],
        )
        .lint(&["api-version"]),
        row(
            "forget a path parameter",
            Breaking,
            [remove("/paths/~1jobs~1{id}/get/parameters/0")],
        )
        .lint(&["path-parameter"])
        .rejected("missing path name"),
        row(
            "make the body optional",
            Breaking,
            [set(
                "/paths/~1jobs~1create/post/requestBody/required",
                json!(false),
            )],
        )
        .lint(&["body-required"]),
        row(
            "take a second content type",
            Breaking,
            [set(
                "/paths/~1jobs~1create/post/requestBody/content/application~1xml",
                json!({ "schema": { "type": "string" } }),
            )],
        )
        .lint(&["one-content-type"])
        .rejected("the generator"),
    ]
}

fn successes() -> Vec<Row> {
    vec![
        row("change the success code", Breaking, [rename("/paths/~1jobs~1create/post/responses/200", "201")]).compiled(),
        row("add an empty success", Breaking, [set("/paths/~1jobs~1{id}/get/responses/204", json!({ "description": "Gone." }))])
            .compiled(),
        row(
            "add a success with another body",
            Breaking,
            [set(
                "/paths/~1jobs~1{id}/get/responses/202",
                json!({ "description": "Later.", "content": { "application/json": { "schema": { "type": "string" } } } }),
            )],
        )
        .lint(&["one-success"])
        .rejected("different bodies"),
        row("declare no success", Breaking, [remove("/paths/~1jobs~1{id}/get/responses/200")])
            .lint(&["success"])
            .rejected("no success response"),
        row(
            "return one instead of many",
            Breaking,
            [set(
                "/paths/~1jobs/get/responses/200/content/application~1json/schema",
                json!({ "$ref": "#/components/schemas/JobProperties" }),
            )],
        )
        .compiled(),
    ]
}

fn errors_and_headers() -> Vec<Row> {
    vec![
        row(
            "extend the error",
            Additive,
            [set(
                "/components/schemas/ServiceError/properties/trackingId",
                json!({ "type": "string", "description": "The id." }),
            )],
        ),
        row(
            "shorten the error",
            Breaking,
            [remove(
                "/components/schemas/ServiceError/properties/Message",
            )],
        ),
        row(
            "stop declaring an error",
            Breaking,
            [remove("/paths/~1jobs/get/responses/default")],
        ),
        row(
            "announce a header",
            Additive,
            [set(
                "/paths/~1jobs/get/responses/200/headers/x-more",
                json!({ "description": "More.", "schema": { "type": "string" } }),
            )],
        ),
        row(
            "take back a header",
            Breaking,
            [remove(
                "/paths/~1jobs~1v2~1query/get/responses/200/headers/x-ms-continuation",
            )],
        ),
    ]
}
