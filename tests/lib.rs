//! Tests across the crates of this workspace.
