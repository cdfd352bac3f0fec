//! `POST /jobs/create`: reading and checking the request.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::record::{Echo, JobRecord, JobStatus, JobType};
use crate::clock::Time;
use crate::envelope::{HubResult, ServiceError};
use crate::storage::ContainerUri;

/// Name of the device file, in and out, unless the request says otherwise.
pub(crate) const DEVICES_BLOB: &str = "devices.txt";
/// Name of the configurations file, unless the request says otherwise.
pub(crate) const CONFIGURATIONS_BLOB: &str = "configurations.txt";

/// The members of a request that count. Clients send others (`jobId`,
/// `status`, `progress`, times), which only the hub decides.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateBody {
    #[serde(rename = "type")]
    kind: Option<String>,
    input_blob_container_uri: Option<String>,
    input_blob_name: Option<String>,
    output_blob_container_uri: Option<String>,
    output_blob_name: Option<String>,
    exclude_keys_in_export: Option<bool>,
    storage_authentication_type: Option<String>,
    identity: Option<Value>,
    include_configurations: Option<bool>,
    configurations_blob_name: Option<String>,
}

impl CreateBody {
    /// A new job, and what its first response repeats.
    pub(crate) fn check(self, now: Time) -> HubResult<(JobRecord, Echo)> {
        let kind = kind_of(self.kind.as_deref())?;
        let given = |uri: Option<String>| {
            uri.filter(|uri| !uri.trim().is_empty())
                .map(ContainerUri::new)
        };
        let output = given(self.output_blob_container_uri)
            .ok_or_else(|| ServiceError::argument_null("outputBlobContainerUri is missing"))?;
        let input = given(self.input_blob_container_uri);
        if kind == JobType::Import && input.is_none() {
            return Err(ServiceError::argument_null(
                "inputBlobContainerUri is missing",
            ));
        }
        let storage_authentication = self
            .storage_authentication_type
            .as_deref()
            .map(canonical)
            .transpose()?;
        let named = |name: Option<String>| name.filter(|name| !name.is_empty());
        let record = JobRecord {
            id: Uuid::new_v4().to_string(),
            kind,
            status: JobStatus::Enqueued,
            started: now.ticks(),
            ended: None,
            progress: 0,
            rows: 0,
            failure: None,
            input_blob: named(self.input_blob_name),
            output_blob: named(self.output_blob_name),
            exclude_keys: self.exclude_keys_in_export.unwrap_or(false),
            include_configurations: self.include_configurations,
            configurations_blob: named(self.configurations_blob_name),
        };
        let echo = Echo {
            input,
            output,
            storage_authentication,
            identity: self.identity.filter(|value| !value.is_null()),
        };
        Ok((record, echo))
    }
}

fn kind_of(word: Option<&str>) -> HubResult<JobType> {
    let word =
        word.ok_or_else(|| ServiceError::argument_null("type is missing; use import or export"))?;
    match word.to_ascii_lowercase().as_str() {
        "import" => Ok(JobType::Import),
        "export" => Ok(JobType::Export),
        _ => Err(ServiceError::argument(format!(
            "type '{word}' cannot be created here; use import or export"
        ))),
    }
}

/// Enumerations are answered in their exact case, however they were sent.
fn canonical(word: &str) -> HubResult<String> {
    let known = ["keyBased", "identityBased"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(word));
    known.map(str::to_owned).ok_or_else(|| {
        ServiceError::argument(format!(
            "storageAuthenticationType '{word}' is neither keyBased nor identityBased"
        ))
    })
}
