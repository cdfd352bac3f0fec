//! Steering a hub from a test: what the admin API and [`Admin`] both do.
//!
//! [`steer`] has the operations, [`handle`] the same for Rust tests that hold the hub in their process, [`overview`]
//! what the page shows; seeding is `jobs::seed`, for rows are read as an import reads them. The HTTP side is `routes::local`.

mod handle;
mod overview;
mod steer;

pub use handle::{Admin, AdminError};

pub(crate) use overview::overview;
pub(crate) use steer::{Order, reset, steer};
