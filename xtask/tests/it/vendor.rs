//! Files of the vendor in their variety: what is found in them, what is rejected, and two of them compared.

use serde_json::{Value, json};
use xtask::diff::Class;
use xtask::upstream::{Deviation, Kind, Pair, check, compare};

use super::mutations::edit::{Edit, remove, rename, replace, set};

fn spec() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/jobs.openapi.json");
    std::fs::read_to_string(path).unwrap()
}

/// The vendor's file with these edits.
fn vendor(edits: &[Edit]) -> String {
    let mut document = serde_json::from_str(include_str!("fixtures/vendor.swagger.json")).unwrap();
    edits.iter().for_each(|edit| edit.apply(&mut document));
    serde_json::to_string_pretty(&document).unwrap()
}

/// What an edit of the vendor's file adds to the report.
fn new_findings(edits: &[Edit]) -> Vec<(String, Kind)> {
    let found = |edits: &[Edit]| check(&spec(), &vendor(edits), &[]).unwrap().unexplained;
    let before = found(&[]);
    let after = found(edits).into_iter();
    after
        .filter(|difference| !before.contains(difference))
        .map(|difference| (difference.at, difference.kind))
        .collect()
}

#[test]
fn a_renamed_operation_is_one_finding() {
    for id in ["JobClient_GetJob", "Service_GetImportExportJob"] {
        let renamed = replace(
            "\"Jobs_GetImportExportJob\"",
            match id {
                "JobClient_GetJob" => "\"JobClient_GetJob\"",
                _ => "\"Service_GetImportExportJob\"",
            },
        );
        assert_eq!(
            new_findings(&[renamed]),
            [(
                "Jobs_GetImportExportJob operationId".to_owned(),
                Kind::Different
            )]
        );
    }
    // Callers never see how a parameter of the path is called.
    let path = [
        rename("/paths/~1jobs~1{id}", "/jobs/{jobId}"),
        replace("\"name\":\"id\"", "\"name\":\"jobId\""),
    ];
    assert_eq!(new_findings(&path), []);
}

#[test]
fn an_operation_below_jobs_is_found_whatever_its_group() {
    let operation = json!({ "operationId": "Exports_Pause", "responses": {} });
    for path in ["/paths/~1jobs~1{id}~1pause", "/x-ms-paths"] {
        let edit = if path == "/x-ms-paths" {
            set(path, json!({ "/jobs?pause": { "post": operation } }))
        } else {
            set(path, json!({ "post": operation }))
        };
        assert_eq!(
            new_findings(&[edit]),
            [("Exports_Pause".to_owned(), Kind::Lacking)],
            "{path}"
        );
    }
    let elsewhere = set("/paths/~1jobsite", json!({ "post": operation }));
    assert_eq!(new_findings(&[elsewhere]), []);
}

#[test]
fn members_of_a_schema_other_than_its_type_are_compared() {
    let field = "JobProperties.jobId";
    for (pointer, value, name) in [
        (
            "/definitions/JobProperties/properties/jobId/default",
            json!("x"),
            "default",
        ),
        (
            "/definitions/JobProperties/properties/jobId/readOnly",
            json!(true),
            "readOnly",
        ),
        (
            "/definitions/JobProperties/properties/jobId/maxLength",
            json!(64),
            "maxLength",
        ),
        (
            "/definitions/JobProperties/properties/jobId/pattern",
            json!("^a$"),
            "pattern",
        ),
        (
            "/definitions/JobProperties/properties/jobId/x-nullable",
            json!(true),
            "nullable",
        ),
        (
            "/definitions/JobProperties/properties/jobId/deprecated",
            json!(true),
            "deprecated",
        ),
    ] {
        assert_eq!(
            new_findings(&[set(pointer, value)]),
            [(format!("{field}, {name}"), Kind::Lacking)]
        );
    }
    let get = "Jobs_GetImportExportJob";
    let operation = "/paths/~1jobs~1{id}/get/deprecated";
    assert_eq!(
        new_findings(&[set(operation, json!(true))]),
        [(format!("{get}, deprecated"), Kind::Lacking)]
    );
    let produces = "/paths/~1jobs~1{id}/get/produces";
    assert_eq!(
        new_findings(&[set(produces, json!(["application/json"]))]),
        []
    );
    assert_eq!(
        new_findings(&[set("/produces", json!(["text/xml"]))])[0],
        (
            "Jobs_CancelImportExportJob response 200 content types".to_owned(),
            Kind::Different
        )
    );
    assert_eq!(
        new_findings(&[set("/basePath", json!("/hub"))]),
        [("basePath".to_owned(), Kind::Lacking)]
    );
    let version = "/parameters/api-version/default";
    let defaults: Vec<_> = new_findings(&[set(version, json!("1999-01-01"))]);
    assert_eq!(
        defaults[0],
        (
            "Jobs_CancelImportExportJob parameter api-version, default".to_owned(),
            Kind::Lacking
        )
    );
}

#[test]
fn types_of_map_values_and_of_inline_models_are_compared() {
    let tags = |values: Value| {
        set(
            "/definitions/JobProperties/properties/tags",
            json!({ "type": "object", "additionalProperties": values }),
        )
    };
    let report = |values| {
        check(&spec(), &vendor(&[tags(values)]), &[])
            .unwrap()
            .text()
    };
    assert!(report(json!({ "type": "integer" })).contains("tags (the vendor has map of integer)"));
    assert!(report(json!({ "type": "object" })).contains("tags (the vendor has object)"));
    let inline = set(
        "/definitions/JobProperties/properties/more",
        json!({ "type": "object", "properties": { "a": { "type": "string" } } }),
    );
    assert_eq!(
        new_findings(&[inline]),
        [
            ("JobProperties.more".to_owned(), Kind::Lacking),
            ("JobProperties.more.a".to_owned(), Kind::Lacking)
        ]
    );
}

/// What an edit adds, with what the vendor has.
fn lacking(edits: &[Edit]) -> Vec<(String, String)> {
    let found = |edits: &[Edit]| check(&spec(), &vendor(edits), &[]).unwrap().unexplained;
    let before = found(&[]);
    let after = found(edits).into_iter();
    after
        .filter(|difference| !before.contains(difference))
        .map(|difference| (difference.at, difference.theirs.unwrap_or_default()))
        .collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    let owned = pairs.map(|(at, theirs)| (at.to_owned(), theirs.to_owned()));
    owned.to_vec()
}

#[test]
fn what_a_whole_model_says_is_compared() {
    for (pointer, value, at, theirs) in [
        ("x-nullable", json!(true), "nullable", "true"),
        ("deprecated", json!(true), "deprecated", "true"),
        (
            "additionalProperties",
            json!(false),
            "additionalProperties",
            "false",
        ),
        (
            "additionalProperties",
            json!({ "type": "integer" }),
            "additionalProperties",
            "integer",
        ),
    ] {
        let pointer = match pointer {
            "x-nullable" => "/definitions/JobProperties/x-nullable",
            "deprecated" => "/definitions/JobProperties/deprecated",
            _ => "/definitions/JobProperties/additionalProperties",
        };
        let expected = format!("JobProperties, {at}");
        assert_eq!(
            lacking(&[set(pointer, value)]),
            pairs([(&expected, theirs)])
        );
    }
}

#[test]
fn bodies_and_parameters_that_may_be_null_are_reported() {
    let response = "/paths/~1jobs~1{id}/get/responses/200/schema/x-nullable";
    assert_eq!(
        lacking(&[set(response, json!(true))]),
        pairs([("Jobs_GetImportExportJob response 200, nullable", "true")])
    );
    let parameter = "/paths/~1jobs~1{id}/get/parameters/0/x-nullable";
    assert_eq!(
        lacking(&[set(parameter, json!(true))]),
        pairs([(
            "Jobs_GetImportExportJob parameter 1 of the path, nullable",
            "true"
        )])
    );
}

#[test]
fn a_definition_that_is_not_a_model_says_the_same_as_its_content() {
    let job_id = "/definitions/JobProperties/properties/jobId";
    let refer = set(job_id, json!({ "$ref": "#/definitions/Id" }));
    let id = |schema: Value| set("/definitions/Id", schema);
    assert_eq!(lacking(&[id(json!({ "type": "string" })), refer]), []);
    let refer = set(job_id, json!({ "$ref": "#/definitions/Id" }));
    assert_eq!(
        lacking(&[id(json!({ "type": "string", "maxLength": 9 })), refer]),
        pairs([("JobProperties.jobId, maxLength", "9")])
    );
    let refer = set(job_id, json!({ "$ref": "#/definitions/Id" }));
    let values = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    assert_eq!(
        lacking(&[id(values), refer]),
        pairs([("JobProperties.jobId", "map of string")])
    );
}

#[test]
fn fields_of_every_element_of_all_of_belong_to_the_model() {
    let note = json!({ "properties": { "note": { "type": "string", "readOnly": true } } });
    let base = || set("/definitions/Base", note.clone());
    let found = pairs([("JobProperties.note", "string")]);
    let all_of = "/definitions/JobProperties/allOf";
    let refer = json!({ "$ref": "#/definitions/Base" });
    assert_eq!(lacking(&[base(), set(all_of, json!([note]))]), found);
    for parts in [json!([refer]), json!([{ "description": "x" }, refer])] {
        // The base is a model too.
        let with_base = [pairs([("Base.note", "string")]), found.clone()].concat();
        assert_eq!(lacking(&[base(), set(all_of, parts)]), with_base);
    }
    // A model that extends itself comes to an end.
    let itself = json!([{ "$ref": "#/definitions/JobProperties" }, note]);
    assert_eq!(lacking(&[set(all_of, itself)]), found);
    // Inside a field, the fields of both elements are the field's.
    let identity = "/definitions/JobProperties/properties/identity";
    let both = json!({ "allOf": [{ "$ref": "#/definitions/ManagedIdentity" }, note] });
    let found: Vec<_> = lacking(&[set(identity, both)]);
    assert_eq!(
        found,
        pairs([
            ("JobProperties.identity", "object"),
            ("JobProperties.identity.note", "string"),
            ("JobProperties.identity.userAssignedIdentity", "string"),
        ])
    );
    // A reference in `allOf` is the reference, whatever describes it.
    let wrapped = json!({ "type": "object", "allOf": [{ "$ref": "#/definitions/ManagedIdentity" }],
        "description": "x", "x-ms-client-flatten": true });
    assert_eq!(lacking(&[set(identity, wrapped)]), []);
}

#[test]
fn an_operation_without_an_id_has_its_place_for_a_name() {
    let operation = json!({ "post": { "responses": {} } });
    let elsewhere = vendor(&[set("/paths/~1devices~1all", operation.clone())]);
    let text = check(&spec(), &elsewhere, &[]).unwrap().text();
    assert!(
        text.contains("operations not compared: Devices (1), POST /devices/all (1)"),
        "{text}"
    );
    let pair = pair(&[set("/paths/~1jobs~1all", operation)]);
    let change = &pair.report.changes[0];
    assert_eq!(change.subject, "operation POST /jobs/all");
}

#[test]
fn a_file_with_byte_order_mark_and_carriage_returns_is_read() {
    let plain = vendor(&[]);
    let other = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    let text = |vendor: &str| check(&spec(), vendor, &[]).unwrap().text();
    assert_eq!(text(&plain), text(&other));
}

#[test]
fn a_reference_that_leads_out_of_the_file_is_an_error() {
    let field = "/definitions/JobProperties/properties/jobId";
    for (target, words) in [
        ("./common.json#/definitions/Id", "another file"),
        ("#/definitions/Nothing", "no place of this file"),
    ] {
        let text = vendor(&[set(field, json!({ "$ref": target }))]);
        let problem = check(&spec(), &text, &[]).unwrap_err();
        assert_eq!(problem.exit_code(), 3);
        let message = problem.to_string();
        assert!(
            message.contains(target) && message.contains(words),
            "{message}"
        );
        assert!(message.contains(field), "{message}");
    }
    let examples = json!({ "get": { "$ref": "./examples/get.json" } });
    let text = vendor(&[set("/paths/~1jobs~1{id}/get/x-ms-examples", examples)]);
    check(&spec(), &text, &[]).unwrap();
}

#[test]
fn both_versions_and_what_is_not_compared_are_printed() {
    let text = check(&spec(), &vendor(&[]), &[]).unwrap().text();
    for line in [
        "the spec is version 2020-05-31-preview, the vendor's file is version 2021-04-12",
        "operations not compared: Devices (1)",
        "not compared: descriptions",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn an_older_file_makes_no_deviation_obsolete() {
    let known = |since: Option<&str>| Deviation {
        at: "JobProperties.notThere".to_owned(),
        kind: Kind::Lacking,
        reason: "known".to_owned(),
        since: since.map(str::to_owned),
    };
    let with_version = |version: &str| vendor(&[set("/info/version", json!(version))]);
    for (version, since, obsolete) in [
        ("2026-11-01", Some("2021-04-12"), 1),
        ("2020-05-31-preview", Some("2021-04-12"), 0),
        ("2020-09-30", None, 1),
        ("2020-05-31-preview", None, 1),
        ("2019-06-30", None, 0),
    ] {
        let report = check(&spec(), &with_version(version), &[known(since)]).unwrap();
        assert_eq!(report.obsolete.len(), obsolete, "{version}");
        assert_eq!(report.later, 1 - obsolete, "{version}");
        let says_so = report.text().contains("about later versions: 1 in");
        assert_eq!(says_so, obsolete == 0);
    }
}

/// Compares the vendor's file with an edition of it.
fn pair(edits: &[Edit]) -> Pair {
    let named = |text: String| (text, "a file".to_owned());
    compare(&spec(), &named(vendor(&[])), &named(vendor(edits))).unwrap()
}

#[test]
fn two_files_are_compared_as_a_whole_and_what_the_spec_lacks_is_listed() {
    let text = json!({ "type": "string" });
    let pair = pair(&[
        replace("2021-04-12", "2026-11-01"),
        set("/definitions/Device/properties/scope", text.clone()),
        set("/definitions/JobProperties/properties/note", text),
        set(
            "/paths/~1jobs~1v2~1{id}~1pause/post/deprecated",
            json!(true),
        ),
        set("/basePath", json!("/hub")),
    ]);
    let found: Vec<_> = pair
        .report
        .changes
        .iter()
        .map(|change| format!("{}: {}", change.subject, change.message))
        .collect();
    assert_eq!(
        found,
        [
            "api: base path none -> /hub",
            "api: version 2021-04-12 -> 2026-11-01",
            "2 operations, parameter `api-version`: default 2021-04-12 -> 2026-11-01",
            "model Device: optional field `scope` added (string)",
            "model JobProperties: optional field `note` added (string)",
            "operation Jobs_PauseScheduledJob: deprecated added",
        ]
    );
    let lacking = &pair.lacking;
    assert_eq!(Vec::from_iter(&lacking.models), ["Device"]);
    assert_eq!(
        Vec::from_iter(&lacking.operations),
        ["Jobs_PauseScheduledJob"]
    );
}

#[test]
fn a_file_of_another_service_is_rejected_on_either_side() {
    let other = || {
        let edits = [
            remove("/paths/~1jobs~1{id}"),
            remove("/paths/~1jobs~1v2~1{id}~1pause"),
        ];
        (vendor(&edits), "other.json".to_owned())
    };
    let own = || (vendor(&[]), "own.json".to_owned());
    for problem in [
        compare(&spec(), &other(), &own()).unwrap_err(),
        compare(&spec(), &own(), &other()).unwrap_err(),
        compare(
            &spec(),
            &own(),
            &("  \n".to_owned(), "other.json".to_owned()),
        )
        .unwrap_err(),
    ] {
        assert_eq!(problem.exit_code(), 3);
        let message = problem.to_string();
        assert!(message.starts_with("other.json cannot be "), "{message}");
        let says_why = message.contains("no path /jobs") || message.contains("it is empty");
        assert!(says_why, "{message}");
    }
}

#[test]
fn an_operation_that_is_renamed_with_the_parameter_of_its_path_is_the_same() {
    let pair = pair(&[
        rename("/paths/~1jobs~1{id}", "/jobs/{jobId}"),
        replace("\"name\":\"id\"", "\"name\":\"jobId\""),
        replace("\"Jobs_GetImportExportJob\"", "\"JobClient_Get\""),
        replace("\"Jobs_CancelImportExportJob\"", "\"JobClient_Cancel\""),
    ]);
    let breaking = pair
        .report
        .changes
        .iter()
        .filter(|change| change.class == Class::Breaking);
    let breaking: Vec<_> = breaking.map(|change| change.message.as_str()).collect();
    assert_eq!(
        breaking,
        [
            "renamed from Jobs_GetImportExportJob",
            "renamed from Jobs_CancelImportExportJob"
        ]
    );
    // Names of parameters of the path mean nothing here, so nothing but names may have changed.
    let others = pair
        .report
        .changes
        .iter()
        .filter(|change| change.class != Class::Breaking);
    assert!(
        others
            .map(|change| change.class)
            .all(|class| class == Class::Documentation)
    );
}

#[test]
fn two_files_that_say_the_same_have_no_change() {
    assert_eq!(pair(&[]).report.exit_code(), 0);
    // A shared parameter says the same where it is used.
    let inline = set(
        "/paths/~1jobs~1{id}/get/parameters/1",
        json!({ "name": "api-version", "in": "query", "required": true, "type": "string", "default": "2021-04-12" }),
    );
    assert_eq!(pair(&[inline]).report.changes.len(), 0);
    let gone = remove("/paths/~1devices");
    assert_eq!(pair(&[gone]).report.exit_code(), 2);
}
