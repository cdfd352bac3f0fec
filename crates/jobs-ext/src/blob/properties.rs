//! What storage reports about a blob besides its bytes.

use jiff::Timestamp;
use object_store::ObjectMeta;

/// What storage reports about a blob besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlobProperties {
    /// The size in bytes.
    pub size: u64,
    /// When the blob was last written, by the storage's clock. Whole seconds, except in a folder.
    pub modified: Timestamp,
    /// The entity tag, which changes with every write.
    pub etag: Option<String>,
    /// The storage's time of day when it answered; `None` when it did not report one.
    pub storage_time: Option<Timestamp>,
}

/// The `Date` header of a storage response, which the storage service leaves with it for the reader.
#[derive(Clone, Copy)]
pub(super) struct ResponseDate(pub(super) Timestamp);

impl BlobProperties {
    /// `answered` is the time of day that came with the response.
    pub(super) fn new(meta: ObjectMeta, answered: Option<Timestamp>) -> Self {
        let nanoseconds = i128::from(meta.last_modified.timestamp()) * 1_000_000_000
            + i128::from(meta.last_modified.timestamp_subsec_nanos());
        Self {
            size: meta.size,
            modified: Timestamp::from_nanosecond(nanoseconds).unwrap_or(Timestamp::UNIX_EPOCH),
            etag: meta.e_tag,
            storage_time: answered,
        }
    }
}
