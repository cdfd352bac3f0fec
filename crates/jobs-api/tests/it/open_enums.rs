//! Enums keep what they do not know.

use jobs_api::types::{JobProperties, JobStatus, JobType, StorageAuthenticationType};

#[test]
fn unknown_value_is_kept_and_written_back() {
    let job: JobProperties = serde_json::from_str(r#"{"jobId":"1","status":"paused"}"#).unwrap();
    assert_eq!(job.status, Some(JobStatus::Unrecognized("paused".into())));
    assert_eq!(
        serde_json::to_string(&job).unwrap(),
        r#"{"jobId":"1","status":"paused"}"#
    );
}

#[test]
fn the_value_unknown_is_not_an_unrecognized_one() {
    assert_eq!(JobType::from("unknown"), JobType::Unknown);
    assert!(JobType::from("unknown").is_recognized());
    assert!(!JobType::from("defragment").is_recognized());
}

#[test]
fn case_does_not_matter_when_reading_and_is_the_services_when_writing() {
    let read: StorageAuthenticationType = serde_json::from_str("\"IdentityBased\"").unwrap();
    assert_eq!(read, StorageAuthenticationType::IdentityBased);
    assert_eq!(serde_json::to_string(&read).unwrap(), "\"identityBased\"");
}

#[test]
fn every_known_value_survives_a_round_trip() {
    for wire in JobType::KNOWN {
        let value = JobType::from(*wire);
        assert!(value.is_recognized(), "{wire}");
        assert_eq!(value.as_str(), *wire);
        assert_eq!(value.to_string().parse(), Ok(value));
    }
    assert_eq!(JobType::KNOWN.len(), 14);
    assert_eq!(JobStatus::KNOWN.len(), 8);
}

#[test]
fn a_value_that_is_no_text_is_an_error() {
    assert!(serde_json::from_str::<JobStatus>("3").is_err());
}

#[test]
fn values_are_equal_and_ordered_by_their_text() {
    assert_eq!(
        JobStatus::Unrecognized("running".into()),
        JobStatus::Running
    );
    assert!(JobStatus::Completed < JobStatus::Unrecognized("paused".into()));
    assert!(JobStatus::Unrecognized("paused".into()) < JobStatus::Running);
}
