//! The comparison with a Swagger 2.0 file of the vendor's shape.

use xtask::upstream::{Deviation, Kind, Report, check};

fn report(known: &[Deviation]) -> Report {
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/jobs.openapi.json");
    let spec = std::fs::read_to_string(spec).unwrap();
    check(&spec, include_str!("fixtures/vendor.swagger.json"), known).unwrap()
}

fn deviation(at: &str, kind: Kind) -> Deviation {
    Deviation {
        at: at.into(),
        kind,
        reason: "known".into(),
        since: None,
    }
}

#[test]
fn what_we_lack_add_or_type_differently_is_reported_by_kind() {
    let report = report(&[]);
    let kind = |at: &str| {
        report
            .unexplained
            .iter()
            .find(|difference| difference.at == at)
            .map(|found| found.kind)
    };
    assert_eq!(kind("JobProperties.identity"), Some(Kind::Lacking));
    assert_eq!(
        kind("ManagedIdentity.userAssignedIdentity"),
        Some(Kind::Lacking)
    );
    assert_eq!(kind("Jobs_PauseScheduledJob"), Some(Kind::Lacking));
    assert_eq!(kind("Jobs_PauseScheduledJob body"), Some(Kind::Lacking));
    assert_eq!(kind("Pause.reason"), Some(Kind::Lacking));
    assert_eq!(kind("JobProperties.type value rehome"), Some(Kind::Lacking));
    assert_eq!(
        kind("JobProperties.type value backup"),
        Some(Kind::Additional)
    );
    assert_eq!(kind("Jobs_CreateImportExportJob"), Some(Kind::Additional));
    assert_eq!(kind("JobProperties.endTimeUtc"), Some(Kind::Different));
}

#[test]
fn what_agrees_is_not_reported() {
    let report = report(&[]);
    let silent = [
        "Jobs_GetImportExportJob",
        "Jobs_GetImportExportJob parameter api-version",
        "Jobs_GetImportExportJob response 200",
        "Jobs_CancelImportExportJob response 200",
        "Jobs_CancelImportExportJob response 204",
        "JobProperties.jobId",
        "JobProperties.startTimeUtc",
        "JobProperties.progress",
        "JobProperties.type",
        "JobProperties.type value export",
    ];
    for at in silent {
        assert!(
            !report
                .unexplained
                .iter()
                .any(|difference| difference.at == at),
            "{at}"
        );
    }
}

#[test]
fn other_groups_of_the_file_are_not_compared() {
    let text = report(&[]).text();
    assert!(
        !text.contains("Devices_") && !text.contains("Device."),
        "{text}"
    );
}

#[test]
fn known_deviation_is_silent_and_an_obsolete_one_is_reported() {
    let before = report(&[]).unexplained.len();
    let known = [
        deviation("JobProperties.identity", Kind::Lacking),
        deviation("Jobs_* error default", Kind::Additional),
        deviation("JobProperties.jobId", Kind::Different),
    ];
    let report = report(&known);
    assert!(report.explained >= 3);
    assert_eq!(report.unexplained.len() + report.explained, before);
    assert!(
        !report
            .unexplained
            .iter()
            .any(|difference| difference.at == "JobProperties.identity")
    );
    assert_eq!(
        report.obsolete,
        [deviation("JobProperties.jobId", Kind::Different)]
    );
    assert!(report.text().contains("obsolete: JobProperties.jobId"));
    assert!(!report.is_clean());
}

#[test]
fn file_of_another_kind_is_rejected_with_code_3() {
    let problem = check("{}", "{\"openapi\": \"3.0.3\"}", &[]).unwrap_err();
    assert_eq!(problem.exit_code(), 3);
    assert!(problem.to_string().contains("Swagger 2.0"));
    let problem = check("{}", "{\"swagger\": \"2.0\", \"paths\": {}}", &[]).unwrap_err();
    assert!(problem.to_string().contains("it has no path /jobs"));
}

/// The difference at a place, when the vendor's file has this text instead of that one.
fn after_edit(from: &str, to: &str, at: &str) -> Option<Kind> {
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/jobs.openapi.json");
    let spec = std::fs::read_to_string(spec).unwrap();
    let vendor = include_str!("fixtures/vendor.swagger.json");
    let edited = vendor.replacen(from, to, 1);
    assert_ne!(edited, vendor);
    let kind = |vendor: &str| {
        let report = check(&spec, vendor, &[]).unwrap();
        let mut found = report.unexplained.into_iter();
        found
            .find(|difference| difference.at == at)
            .map(|difference| difference.kind)
    };
    let (before, after) = (kind(vendor), kind(&edited));
    assert_ne!(before, after, "the edit changes nothing at {at}");
    after
}

#[test]
fn new_value_of_a_filter_is_reported_where_both_documents_list_values() {
    let filter = |values: &str| {
        format!(
            "\"/jobs/v2/query\": {{ \"get\": {{ \"operationId\": \"Jobs_QueryScheduledJobs\", \"parameters\": [{{ \"name\": \"jobType\", \
             \"in\": \"query\", \"type\": \"string\"{values} }}], \"responses\": {{}} }} }},\n    \"/jobs/{{id}}\": {{"
        )
    };
    let at = "Jobs_QueryScheduledJobs parameter jobType value rehome";
    let listed = filter(", \"enum\": [\"export\", \"rehome\"]");
    let found = after_edit("\"/jobs/{id}\": {", &listed, at);
    assert_eq!(found, Some(Kind::Lacking));

    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/jobs.openapi.json");
    let spec = std::fs::read_to_string(spec).unwrap();
    let vendor = include_str!("fixtures/vendor.swagger.json");
    let plain = vendor.replacen("\"/jobs/{id}\": {", &filter(""), 1);
    let text = check(&spec, &plain, &[]).unwrap().text();
    assert!(!text.contains("parameter jobType"), "{text}");
}

#[test]
fn body_that_becomes_optional_and_a_header_of_a_response_are_reported() {
    let created = "\"/jobs/create\": { \"post\": { \"operationId\": \"Jobs_CreateImportExportJob\", \"parameters\": [{ \"name\": \"job\", \
        \"in\": \"body\", \"required\": false, \"schema\": { \"$ref\": \"#/definitions/JobProperties\" } }], \"responses\": {} } },\n    \
        \"/jobs/{id}\": {";
    let found = after_edit(
        "\"/jobs/{id}\": {",
        created,
        "Jobs_CreateImportExportJob body",
    );
    assert_eq!(found, Some(Kind::Different));
    let found = after_edit(
        "\"200\": { \"description\": \"x\", \"schema\": { \"$ref\"",
        "\"200\": { \"description\": \"x\", \"headers\": { \"x-more\": { \"type\": \"string\" } }, \"schema\": { \"$ref\"",
        "Jobs_GetImportExportJob response 200 header x-more",
    );
    assert_eq!(found, Some(Kind::Lacking));
}

#[test]
fn shared_response_is_read_and_a_definition_of_itself_comes_to_an_end() {
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/jobs.openapi.json");
    let spec = std::fs::read_to_string(spec).unwrap();
    let vendor = include_str!("fixtures/vendor.swagger.json");
    let response =
        "{ \"description\": \"x\", \"schema\": { \"$ref\": \"#/definitions/JobProperties\" } }";
    assert!(vendor.contains(response));
    let shared = vendor
        .replacen(response, "{ \"$ref\": \"#/responses/Job\" }", 1)
        .replacen(
            "\"parameters\": {\n    \"api-version\"",
            &format!(
                "\"responses\": {{ \"Job\": {response} }},\n  \"parameters\": {{\n    \"api-version\""
            ),
            1,
        );
    let (before, after) = (
        check(&spec, vendor, &[]).unwrap().text(),
        check(&spec, &shared, &[]).unwrap().text(),
    );
    assert_eq!(before, after);

    for itself in [
        "{ \"$ref\": \"#/definitions/Loop\", \"enum\": [\"a\"] }",
        "{ \"type\": \"array\", \"enum\": [\"a\"], \"items\": { \"$ref\": \"#/definitions/Loop\" } }",
    ] {
        let looped = vendor
            .replacen(
                "\"identity\": {",
                "\"loop\": { \"$ref\": \"#/definitions/Loop\" }, \"identity\": {",
                1,
            )
            .replacen(
                "\"definitions\": {",
                &format!("\"definitions\": {{ \"Loop\": {itself},"),
                1,
            );
        let text = check(&spec, &looped, &[]).unwrap().text();
        assert!(text.contains("lacking: JobProperties.loop"), "{text}");
    }
}
