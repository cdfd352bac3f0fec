//! `/jobs`: import and export jobs.

use super::Route;

pub(crate) const ROUTES: &[Route] = &[];
