//! Cures for errors whose cause is known.

use super::{Detail, ErrorKind};

pub(super) fn of(detail: &Detail) -> Option<&'static str> {
    let code = detail.code.as_deref().unwrap_or_default();
    by_code(code).or_else(|| by_kind(detail))
}

fn by_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "JobQuotaExceeded" => {
            "a hub runs one import or export job at a time in every tier; wait for it, cancel it, or ask to wait for the slot"
        }
        "ThrottlingMaxActiveJobCountExceeded" => {
            "scheduled jobs, waiting ones included, are limited by tier (Free and S1: 1, S2: 5, S3: 10); wait for one to end"
        }
        "BlobContainerValidationError" => {
            "give the URI of the container, not of a blob, with an unexpired signature: read for the input; read, add, create, write, delete and list for the output; the input blob must exist and not be empty; with a storage identity allow a few minutes for a new role"
        }
        "InvalidStorageEndpointOrBlob" => {
            "check the container URI; behind a storage firewall use identity access and allow trusted services"
        }
        "ManagedIdentityNotEnabled" => {
            "the hub has no such managed identity: enable it, or give a container URI with a signature"
        }
        "InvalidProtocolVersion" => "set an api-version that the hub knows, such as 2021-04-12",
        "OperationNotAllowedInCurrentState" => {
            "only a job that has not started yet can be cancelled; look at its status"
        }
        "JobAlreadyExists" => "choose another id, or get the job that has this one",
        "IotHubQuotaExceeded" => "the hub's quota is spent: wait for its reset, or add units",
        "JobNotFound" => "check the id and the hub; a hub keeps finished jobs for up to 30 days",
        _ => return None,
    })
}

fn by_kind(detail: &Detail) -> Option<&'static str> {
    Some(match detail.kind {
        ErrorKind::Unauthorized => {
            "check the key and its policy, or the role (IoT Hub Data Contributor; Owner and Contributor hold no data rights), and this machine's clock: more than 5 minutes off is refused"
        }
        ErrorKind::Forbidden if detail.status == Some(403) => {
            "the identity needs Microsoft.Devices/IotHubs/jobs/read, write and delete (role IoT Hub Data Contributor), and the hub's firewall must admit this address"
        }
        ErrorKind::Transport if detail.untrusted => {
            "the server's certificate is not trusted: give its CA (ca_pem, --ca-file), or check who answers at this address"
        }
        ErrorKind::Decode if detail.status.is_some_and(|s| s < 300) => {
            "the server may be newer than this client, or not an IoT hub"
        }
        _ if detail.status == Some(412) && detail.operation.is_some_and(has_condition) => {
            "if the condition has more than 8,192 bytes, use a shorter one: the service rejects longer ones with this status"
        }
        ErrorKind::JobFailed => "read the reason, and the log blobs in the output container",
        _ => return None,
    })
}

/// Whether the operation sends a condition.
fn has_condition(operation: &str) -> bool {
    ["create scheduled job", "query registry"].contains(&operation)
}
