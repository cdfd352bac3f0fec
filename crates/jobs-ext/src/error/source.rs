//! The errors below an [`Error`](super::Error): copied link by link, without the secrets that their texts may quote.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use super::{Error, MESSAGE_LIMIT};
use crate::redact;

/// A longer chain is cut: nobody reads on.
const LONGEST_CHAIN: usize = 12;

/// What an error was caused by. Types that callers look for (this crate's error, [`io::Error`]) stay themselves.
#[derive(Clone)]
pub(crate) enum Source {
    Own(Error),
    Io(Arc<io::Error>),
    Foreign(Foreign),
}

impl Source {
    pub(super) fn copy(error: &(dyn StdError + 'static)) -> Self {
        Self::copy_link(error, LONGEST_CHAIN)
    }

    fn copy_link(error: &(dyn StdError + 'static), left: usize) -> Self {
        if let Some(own) = error.downcast_ref::<Error>() {
            return Self::Own(own.clone());
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Self::Io(Arc::new(copy_io(error, left)));
        }
        Self::Foreign(Foreign::copy(error, left))
    }

    pub(super) fn as_error(&self) -> &(dyn StdError + 'static) {
        match self {
            Self::Own(error) => error,
            Self::Io(error) => error.as_ref(),
            Self::Foreign(error) => error,
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_error(), f)
    }
}

/// An I/O error with the same kind and system code. Its own text is the system's, or the cleaned text of what is inside it.
fn copy_io(error: &io::Error, left: usize) -> io::Error {
    match (error.raw_os_error(), error.get_ref()) {
        (Some(code), _) => io::Error::from_raw_os_error(code),
        (None, Some(inside)) => io::Error::new(error.kind(), Foreign::copy(inside, left)),
        (None, None) => io::Error::new(
            error.kind(),
            redact::clean(&error.to_string(), MESSAGE_LIMIT),
        ),
    }
}

/// The text of another library's error, and what it was caused by.
#[derive(Clone)]
pub(crate) struct Foreign {
    text: String,
    source: Option<Box<Source>>,
}

impl Foreign {
    fn copy(error: &(dyn StdError + 'static), left: usize) -> Self {
        let mut text = redact::clean(&error.to_string(), MESSAGE_LIMIT);
        let source = error
            .source()
            .filter(|_| left > 1)
            .map(|source| Box::new(Source::copy_link(source, left - 1)));
        // Libraries that print their source would make readers of the chain read it twice.
        if let Some(below) = source.as_ref().map(|source| source.as_error().to_string())
            && let Some(own) = text.strip_suffix(&below)
            && let own = own.trim_end_matches([' ', ':'])
            && !own.is_empty()
        {
            text.truncate(own.len());
        }
        Self { text, source }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl StdError for Foreign {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(Source::as_error)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ErrorKind;
    use super::*;

    /// As `{:#}` of the usual report types prints an error.
    fn chain(error: &(dyn StdError + 'static)) -> String {
        let mut text = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }

    #[test]
    fn a_chain_says_each_thing_once_and_display_has_the_first_line_alone() {
        let cause = io::Error::from(io::ErrorKind::NotFound);
        let error = Error::new(ErrorKind::File, "devices.txt cannot be read").with_source(cause);
        assert_eq!(error.to_string(), "file: devices.txt cannot be read");
        assert_eq!(
            chain(&error),
            "file: devices.txt cannot be read: entity not found"
        );
        let outer = Error::new(ErrorKind::Timeout, "too late").with_source(error);
        assert_eq!(chain(&outer).matches("entity not found").count(), 1);
    }

    #[test]
    fn io_errors_and_own_errors_can_be_downcast() {
        let system = io::Error::from_raw_os_error(13);
        let file = Error::new(ErrorKind::File, "d.txt cannot be read").with_source(system);
        let cause = file.source().and_then(<dyn StdError>::downcast_ref);
        let cause: &io::Error = cause.unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(cause.raw_os_error(), Some(13));
        let outer = Error::new(ErrorKind::Timeout, "too late").with_source(file);
        let own = outer.source().and_then(<dyn StdError>::downcast_ref);
        let own: &Error = own.unwrap();
        assert_eq!(own.kind(), ErrorKind::File);
    }

    #[test]
    fn a_link_that_prints_its_source_is_cut_and_secrets_are_redacted() {
        #[derive(Debug)]
        struct Talkative(io::Error);
        impl fmt::Display for Talkative {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "store failed: {}", self.0)
            }
        }
        impl StdError for Talkative {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                Some(&self.0)
            }
        }
        let inside = io::Error::other("GET https://a/c?sig=planted");
        let error = Error::new(ErrorKind::Transport, "x").with_source(Talkative(inside));
        let text = chain(&error);
        assert!(!text.contains("planted"), "{text}");
        assert_eq!(text.matches("GET https://a/c").count(), 1, "{text}");
        assert!(text.contains("store failed"), "{text}");
    }

    #[test]
    fn a_chain_without_end_is_cut() {
        #[derive(Debug)]
        struct Again;
        impl fmt::Display for Again {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("again")
            }
        }
        impl StdError for Again {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                Some(&Self)
            }
        }
        let error = Error::new(ErrorKind::Transport, "x").with_source(Again);
        assert!(chain(&error).matches("again").count() <= LONGEST_CHAIN);
    }
}
