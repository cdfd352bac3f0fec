#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
#[cfg(feature = "blob")]
mod blob;
mod client;
mod clock;
mod container;
mod endpoint;
mod error;
mod given;
mod http;
mod job;
mod jobs;
mod polling;
mod preflight;
mod redact;
mod timestamp;

pub use auth::connection_string::ConnectionString;
pub use auth::credential::{Credential, CredentialError, Token};
#[cfg(feature = "entra")]
pub use auth::entra::{EntraCredential, HUB_SCOPE, STORAGE_SCOPE};
pub use auth::sas::{SasToken, SharedAccessKey};
#[cfg(feature = "blob")]
pub use blob::{BlobContainer, BlobProperties, BlobReader, Records, RowError};
pub use client::JobsClientBuilder;
pub use clock::{BoxFuture, Clock, SystemClock};
pub use container::storage_auth::StorageAuth;
pub use container::{ContainerUri, ContainerUriParser, SasGrant, SasResource};
pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind, LostCreate, Result};
pub use http::api_version::ApiVersion;
pub use http::core::JobsClient;
pub use http::poll::PollPolicy;
pub use http::proxy::{NoProxy, ProxyUrl};
pub use http::retry::RetryPolicy;
pub use http::transport::Timeouts;
pub use job::{Job, JobStatistics, JobSystem, RawReply};
pub use jobs::export::{CONFIGURATIONS_BLOB, DEVICES_BLOB, ExportOptions, ExportOutcome};
pub use jobs::import::{CONFIG_ERRORS_BLOB, IMPORT_ERRORS_BLOB, ImportOptions, ImportOutcome};
pub use jobs::registry::IdentityName;
pub use jobs::scheduled::{DirectMethod, ScheduledJob, TwinPatch};
pub use polling::poller::JobPoller;
pub use polling::progress::{Progress, ProgressEvent};
pub use preflight::{Finding, Preflight, PreflightReport, Severity};
pub use redact::secrets_in;

pub use jiff::Timestamp;
pub use jobs_api::types::{JobStatus, JobType};

/// The models of the API as they stand on the wire, behind [`Job::import_export`] and [`Job::scheduled`].
pub use jobs_api::types as model;

/// The rows of device files and blobs, in the version that [`ExportOutcome`] and [`ImportOutcome`] give them in.
pub use jobs_devices;

/// The programs on the pages for people who come from elsewhere compile.
#[cfg(doctest)]
mod coming_from {
    #[doc = include_str!("../docs/coming-from-azure_iot_hub.md")]
    struct AzureIotHub;
    #[doc = include_str!("../docs/coming-from-dotnet.md")]
    struct DotNet;
    #[doc = include_str!("../docs/coming-from-python.md")]
    struct Python;
}
