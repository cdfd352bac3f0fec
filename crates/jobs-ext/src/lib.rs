#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod api_version;
#[cfg(feature = "blob")]
mod blob;
mod builder;
mod cancel;
mod client;
mod clock;
mod connection_string;
mod container;
mod create;
mod credential;
mod decode;
mod endpoint;
#[cfg(feature = "entra")]
mod entra;
mod error;
mod export;
mod given;
mod import;
mod job;
mod outage;
mod pipeline;
mod poll;
mod poller;
mod preflight;
mod progress;
mod proxy;
mod redact;
mod registry;
mod retry;
mod sas;
mod scheduled;
mod storage_auth;
mod timestamp;
mod transport;

pub use api_version::ApiVersion;
#[cfg(feature = "blob")]
pub use blob::{BlobContainer, BlobProperties, BlobReader, Records, RowError};
pub use builder::JobsClientBuilder;
pub use client::JobsClient;
pub use clock::{BoxFuture, Clock, SystemClock};
pub use connection_string::ConnectionString;
pub use container::{ContainerUri, ContainerUriParser, SasGrant, SasResource};
pub use credential::{Credential, CredentialError, Token};
pub use endpoint::Endpoint;
#[cfg(feature = "entra")]
pub use entra::{EntraCredential, HUB_SCOPE, STORAGE_SCOPE};
pub use error::{Error, ErrorKind, LostCreate, Result};
pub use export::{CONFIGURATIONS_BLOB, DEVICES_BLOB, ExportOptions, ExportOutcome};
pub use import::{CONFIG_ERRORS_BLOB, IMPORT_ERRORS_BLOB, ImportOptions, ImportOutcome};
pub use job::{Job, JobStatistics, JobSystem, RawReply};
pub use poll::PollPolicy;
pub use poller::JobPoller;
pub use preflight::{Finding, Preflight, PreflightReport, Severity};
pub use progress::{Progress, ProgressEvent};
pub use proxy::{NoProxy, ProxyUrl};
pub use redact::secrets_in;
pub use registry::IdentityName;
pub use retry::RetryPolicy;
pub use sas::{SasToken, SharedAccessKey};
pub use scheduled::{DirectMethod, ScheduledJob, TwinPatch};
pub use storage_auth::StorageAuth;
pub use transport::Timeouts;

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
