//! How the hub itself gets into the containers, and which mixes it refuses.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::container::{ContainerUri, SasResource};
use crate::error::{Error, Result};
use crate::http::api_version::ApiVersion;

/// How the hub is let into the containers of a job.
///
/// Not to be confused with the credential that lets this client into the hub.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageAuth {
    /// By the signature in the container's URI. What the service calls key based.
    #[default]
    Sas,
    /// By the hub's own (system-assigned) managed identity. It needs the role Storage Blob Data Contributor on the account, and the URI
    /// carries no signature.
    SystemIdentity,
    /// By a user-assigned managed identity of the hub, named by its Azure resource id (`/subscriptions/…/userAssignedIdentities/name`).
    /// Needs api-version 2021-04-12 or later.
    UserIdentity(String),
}

impl StorageAuth {
    /// The wire value; none where the service's default says the same.
    pub(crate) fn wire(&self) -> Option<jobs_api::types::StorageAuthenticationType> {
        match self {
            Self::Sas => None,
            Self::SystemIdentity | Self::UserIdentity(_) => {
                Some(jobs_api::types::StorageAuthenticationType::IdentityBased)
            }
        }
    }

    /// Members of the create request that the generated model of this api-version does not have.
    pub(crate) fn extra(&self) -> Option<Map<String, Value>> {
        match self {
            Self::UserIdentity(id) => {
                let mut members = Map::new();
                members.insert("identity".into(), json!({ "userAssignedIdentity": id }));
                Some(members)
            }
            _ => None,
        }
    }

    /// Refuses what the service would refuse, or would do otherwise than meant.
    pub(crate) fn check(&self, version: &ApiVersion) -> Result<()> {
        match self {
            Self::Sas => Ok(()),
            Self::SystemIdentity if version.has("2020-03-13") => Ok(()),
            Self::SystemIdentity => Err(Error::configuration(format!(
                "storage access by identity needs api-version 2020-03-13 or later, not {version}"
            ))),
            Self::UserIdentity(_) if !version.has("2021-04-12") => {
                Err(Error::configuration(format!(
                    "storage access by a user-assigned identity needs api-version 2021-04-12 or later, not {version}: set it on the client"
                )))
            }
            Self::UserIdentity(id) if !is_identity(id) => Err(Error::configuration(
                "the user-assigned identity must be its Azure resource id: /subscriptions/…/providers/Microsoft.ManagedIdentity/userAssignedIdentities/name",
            )),
            Self::UserIdentity(_) => Ok(()),
        }
    }

    /// Refuses a container that does not go with this way of access. `role` is `input` or `output`.
    pub(crate) fn check_container(
        &self,
        uri: &ContainerUri,
        role: &str,
        now: SystemTime,
    ) -> Result<()> {
        if uri.folder().is_some() {
            return Ok(());
        }
        match (self, uri.grant()) {
            (Self::Sas, None) => Err(Error::configuration(format!(
                "the {role} container {uri} carries no signature: give its URI with a shared access signature, or let the hub in by identity"
            ))),
            (Self::Sas, Some(grant)) => {
                if grant.resource() == SasResource::Blob {
                    return Err(Error::configuration(format!(
                        "the signature of the {role} container is for one blob (sr); jobs need one for the container (sr=c)"
                    )));
                }
                if grant.is_expired(now) {
                    return Err(Error::configuration(format!(
                        "the signature of the {role} container has expired ({}) by this machine's clock; make a new one",
                        grant.expiry_parameter()
                    )));
                }
                Ok(())
            }
            (_, Some(_)) => Err(Error::configuration(format!(
                "the {role} container carries a signature, but the hub is to be let in by identity: give the URI without its query"
            ))),
            (_, None) => Ok(()),
        }
    }
}

fn is_identity(id: &str) -> bool {
    let lower = id.to_ascii_lowercase();
    lower.starts_with("/subscriptions/") && lower.contains("/userassignedidentities/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/n";

    fn version(text: &str) -> ApiVersion {
        text.parse().unwrap()
    }

    #[test]
    fn identities_demand_an_api_version_that_has_them() {
        let user = StorageAuth::UserIdentity(ID.into());
        assert!(user.check(&version("2021-04-12")).is_ok());
        let error = user.check(&version("2020-05-31-preview")).unwrap_err();
        assert!(error.to_string().contains("2021-04-12"), "{error}");
        assert!(
            StorageAuth::SystemIdentity
                .check(&version("2020-05-31-preview"))
                .is_ok()
        );
        assert!(
            StorageAuth::SystemIdentity
                .check(&version("2019-10-01"))
                .is_err()
        );
        assert!(
            StorageAuth::UserIdentity("name".into())
                .check(&version("2021-04-12"))
                .is_err()
        );
    }

    #[test]
    fn mixes_that_the_service_refuses_are_refused_here() {
        let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_800_000_000);
        let base = "https://acct.blob.core.windows.net/c";
        for (auth, query, refusal) in [
            (StorageAuth::Sas, "", Some("carries no signature")),
            (StorageAuth::Sas, "?sr=c&se=2030-01-01&sig=planted", None),
            (
                StorageAuth::Sas,
                "?sr=b&se=2030-01-01&sig=planted",
                Some("one blob"),
            ),
            (
                StorageAuth::Sas,
                "?sr=c&se=2020-01-01&sig=planted",
                Some("expired (se)"),
            ),
            (
                StorageAuth::Sas,
                "?sr=c&se=2030-01-01&ske=2020-01-01&sig=planted",
                Some("expired (ske"),
            ),
            (StorageAuth::SystemIdentity, "", None),
            (
                StorageAuth::SystemIdentity,
                "?sr=c&sig=planted",
                Some("by identity"),
            ),
            (
                StorageAuth::UserIdentity(ID.into()),
                "?sr=c&sig=planted",
                Some("by identity"),
            ),
        ] {
            let uri = format!("{base}{query}").parse().unwrap();
            let answer = auth.check_container(&uri, "output", now);
            match refusal {
                None => assert!(answer.is_ok(), "{auth:?} {query}"),
                Some(text) => {
                    let message = format!("{:?}", answer.unwrap_err());
                    assert!(
                        message.contains(text) && !message.contains("planted"),
                        "{message}"
                    );
                }
            }
        }
    }
}
