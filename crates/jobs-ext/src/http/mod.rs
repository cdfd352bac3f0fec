//! Requests: who sends them, how often, with which settings, and how responses are read.

pub(crate) mod api_version;
pub(crate) mod core;
pub(crate) mod paging;
pub(crate) mod pipeline;
pub(crate) mod poll;
pub(crate) mod proxy;
pub(crate) mod retry;
#[cfg(feature = "blob")]
pub(crate) mod storage;
pub(crate) mod transport;
