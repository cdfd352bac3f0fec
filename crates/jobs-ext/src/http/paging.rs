//! The pages of a list.

use std::collections::HashSet;
use std::time::Duration;

use jobs_api::Answer;

use crate::error::{Error, ErrorKind, Result};
use crate::http::core::Core;
use crate::http::pipeline::Call;

/// The header with the token of the next page.
const CONTINUATION: &str = "x-ms-continuation";
/// More pages are not a list, but a fault of the hub.
const MOST_PAGES: usize = 10_000;

/// Where the reading of a list is.
pub(crate) struct Pages {
    operation: &'static str,
    /// The time of the whole operation counts over all pages.
    began: Duration,
    tokens: HashSet<String>,
    next: Option<String>,
}

impl Pages {
    pub(crate) fn new(core: &Core, operation: &'static str) -> Self {
        Self {
            operation,
            began: core.clock.elapsed(),
            tokens: HashSet::new(),
            next: None,
        }
    }

    /// The request for the next page.
    pub(crate) fn call(&self) -> Call<'static> {
        Call {
            began: Some(self.began),
            ..Call::repeatable(self.operation, None)
        }
    }

    /// The token of the next page; none for the first one.
    pub(crate) fn token(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// Whether there is a page after this one.
    pub(crate) fn advance(&mut self, answer: &Answer) -> Result<bool> {
        let failed = |text: &str| {
            Err(Error::new(ErrorKind::Decode, text).with_operation(self.operation, None))
        };
        let next = match answer.header(CONTINUATION) {
            Some(next) if !next.is_empty() => next.to_owned(),
            None if answer.has_header(CONTINUATION) => {
                return failed("the token for the next page cannot be read");
            }
            _ => return Ok(false),
        };
        if !self.tokens.insert(next.clone()) || self.tokens.len() > MOST_PAGES {
            return failed("the hub returns the same pages again and again");
        }
        self.next = Some(next);
        Ok(true)
    }
}
