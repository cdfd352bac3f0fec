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
    }
}

#[test]
fn what_we_lack_have_besides_and_type_differently_is_told_apart() {
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
        "Jobs_GetImportExportJob answer 200",
        "Jobs_CancelImportExportJob answer 200",
        "Jobs_CancelImportExportJob answer 204",
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
fn other_groups_of_the_file_are_none_of_our_business() {
    let text = report(&[]).text();
    assert!(
        !text.contains("Devices_") && !text.contains("Device."),
        "{text}"
    );
}

#[test]
fn known_deviation_is_silent_and_a_gone_one_is_reported() {
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
fn file_of_another_kind_is_refused_with_code_3() {
    let problem = check("{}", "{\"openapi\": \"3.0.3\"}", &[]).unwrap_err();
    assert_eq!(problem.exit_code(), 3);
    assert!(problem.to_string().contains("Swagger 2.0"));
    let problem = check("{}", "{\"swagger\": \"2.0\", \"paths\": {}}", &[]).unwrap_err();
    assert!(
        problem
            .to_string()
            .contains("no operation of the Jobs group")
    );
}
