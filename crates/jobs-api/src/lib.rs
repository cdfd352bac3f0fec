#![doc = include_str!("../README.md")]

mod capture;
mod open_enum;
mod sas_uri;
mod seam;
mod veil;

#[rustfmt::skip]
#[allow(
    clippy::all,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    unused_imports,
    reason = "written by `cargo xtask generate`; its shape is the generator's"
)]
mod generated;

pub use capture::{Answer, Capture};
pub use generated::{ByteStream, Client, ClientInfo, Error, ResponseValue};
#[cfg(feature = "schemars")]
pub use generated::{round_trip, schemas};
pub use sas_uri::SasUri;
pub use seam::RequestContext;

/// The models of the API: what operations take and answer.
///
/// Structs are `#[non_exhaustive]`, so that a field which a later version of the API adds breaks nobody. Build one from
/// its default and set what you mean:
///
/// ```
/// use jobs_api::types::{JobProperties, JobType};
///
/// let mut job = JobProperties::default();
/// job.type_ = Some(JobType::Export);
/// job.output_blob_container_uri = Some("https://account.blob.core.windows.net/devices?sig=…".into());
/// ```
///
/// `Debug` prints free JSON (tags, properties, payloads) and the hub's prose (`failure_reason`) by their size alone: the first can hold
/// passwords, and the second repeats signatures.
///
/// Enums are open: a value that this version does not know is kept in `Unrecognized` and written back as it came.
pub mod types {
    pub use crate::generated::enums::*;
    pub use crate::generated::types::*;
    pub use crate::sas_uri::SasUri;
}

/// The version of the API that the models follow, for the `api-version` parameter of every request.
pub const API_VERSION: &str = generated::API_VERSION;
