//! Edits of marks, prose and the document as a whole.

use serde_json::json;

use super::{Additive, Breaking, Documentation, Row, row};
use crate::mutations::edit::{Edit, remove, set};

pub(super) fn rows() -> Vec<Row> {
    [marks(), descriptions(), annotations(), documents()]
        .into_iter()
        .flatten()
        .collect()
}

fn marks() -> Vec<Row> {
    vec![
        row(
            "unmark a secret",
            Breaking,
            [remove(
                "/components/schemas/JobProperties/properties/inputBlobContainerUri/x-ms-secret",
            )],
        )
        .lint(&["secret-uri"])
        .compiled(),
        row(
            "mark a text secret",
            Breaking,
            [set(
                "/components/schemas/JobProperties/properties/inputBlobName/x-ms-secret",
                json!(true),
            )],
        )
        .compiled(),
        row(
            "mark a number secret",
            Breaking,
            [set(
                "/components/schemas/JobProperties/properties/progress/x-ms-secret",
                json!(true),
            )],
        )
        .lint(&["secret-mark"])
        .rejected("only plain texts can be secret"),
        row(
            "allow null",
            Breaking,
            [set(
                "/components/schemas/JobProperties/properties/jobId/nullable",
                json!(true),
            )],
        )
        .compiled(),
        row(
            "allow null in a component",
            Breaking,
            [set("/components/schemas/JobStatus/nullable", json!(true))],
        )
        .lint(&["nullable-component"]),
        row(
            "add a field that may be null",
            Additive,
            [set(
                "/components/schemas/JobProperties/properties/note",
                json!({ "type": "string", "nullable": true, "description": "A note." }),
            )],
        )
        .compiled(),
        row(
            "forbid null",
            Breaking,
            [remove(
                "/components/schemas/JobProperties/properties/failureReason/nullable",
            )],
        )
        .compiled(),
        row(
            "note a default",
            Documentation,
            [set(
                "/components/schemas/JobProperties/properties/excludeKeysInExport/default",
                json!(false),
            )],
        )
        .lint(&["no-default"])
        .compiled(),
    ]
}

fn descriptions() -> Vec<Row> {
    vec![
        row(
            "reword a description",
            Documentation,
            [set(
                "/components/schemas/JobProperties/properties/jobId/description",
                json!("The id of the job."),
            )],
        )
        .compiled(),
        row(
            "leave out a description",
            Documentation,
            [remove(
                "/components/schemas/JobProperties/properties/jobId/description",
            )],
        )
        .lint(&["description"]),
        row(
            "forget the full stop",
            Documentation,
            [set(
                "/components/schemas/JobProperties/properties/jobId/description",
                json!("The id"),
            )],
        )
        .lint(&["description-end"]),
        row(
            "reword a shared response",
            Documentation,
            [set("/components/responses/Error/description", json!("No."))],
        ),
    ]
}

fn annotations() -> Vec<Row> {
    vec![
        row(
            "add a vendor extension",
            Documentation,
            [set(
                "/paths/~1jobs/get/x-ms-pageable",
                json!({ "nextLinkName": null }),
            )],
        ),
        row(
            "deprecate an operation",
            Documentation,
            [set("/paths/~1jobs/get/deprecated", json!(true))],
        ),
        row(
            "tag differently",
            Documentation,
            [set("/paths/~1jobs/get/tags", json!(["History"]))],
        ),
        row(
            "move the server",
            Documentation,
            [set("/servers", json!([]))],
        ),
        row(
            "change an example",
            Documentation,
            [set(
                "/components/parameters/ApiVersion/example",
                json!("2021-04-12"),
            )],
        ),
    ]
}

fn documents() -> Vec<Row> {
    vec![
        row("take the next version of the API", Additive, next_version()).compiled(),
        row(
            "add a component that nothing uses",
            Additive,
            [set(
                "/components/schemas/Spare",
                json!({ "type": "object", "description": "Spare." }),
            )],
        ),
        row(
            "change who may call",
            Breaking,
            [set("/security", json!([]))],
        ),
        row(
            "add a part that no rule knows",
            Breaking,
            [set("/paths/~1jobs/get/callbacks", json!({}))],
        ),
        row(
            "write it in OpenAPI 3.1",
            Documentation,
            [set("/openapi", json!("3.1.0"))],
        )
        .lint(&["openapi-version"])
        .rejected("3.0.x only"),
    ]
}

/// From the last edition of 2020-05-31-preview to 2021-04-12: `identity` and `parentScopes` are new.
pub(crate) fn next_version() -> Vec<Edit> {
    vec![
        set("/info/version", json!("2021-04-12")),
        set(
            "/components/schemas/ManagedIdentity",
            json!({
                "type": "object",
                "description": "An identity of the hub.",
                "properties": {
                    "userAssignedIdentity": { "type": "string", "description": "The resource id of a user-assigned identity of the hub." }
                }
            }),
        ),
        set(
            "/components/schemas/JobProperties/properties/identity",
            json!({ "$ref": "#/components/schemas/ManagedIdentity" }),
        ),
        set(
            "/components/schemas/Twin/properties/parentScopes",
            json!({
                "type": "array",
                "description": "The scopes of the edge devices above the device.",
                "items": { "type": "string" }
            }),
        ),
    ]
}
