//! The members of one JSON object in the order they stand, and the ones a type does not know.

use std::fmt;

use crate::{field::Misfit, json::Json, text};

/// How many members an object keeps that its type does not know. Each takes about a hundred bytes of memory. A line of 1 MiB cannot have as
/// many, so that only lines far beyond the service's limits meet this one.
const MOST_MEMBERS: usize = 175_000;

/// Members that have no field of their own, in their order, so that they survive a round trip.
///
/// `Debug` shows their names alone: a misspelt `symmetricKey` lands here, too.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Members(Vec<(Box<str>, Json)>);

impl Members {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last value under `name`: a name that stands twice means its last value, as for most readers.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| **key == *name)
            .map(|(_, value)| value)
    }

    /// Sets `name`, in place of every value it had.
    pub fn insert(&mut self, name: impl Into<Box<str>>, value: impl Into<Json>) {
        let name = name.into();
        self.remove(&name);
        self.0.push((name, value.into()));
    }

    /// Takes `name` out and gives its last value.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        let mut found = None;
        self.0.retain(|(key, value)| {
            let keep = **key != *name;
            if !keep {
                found = Some(value.clone());
            }
            keep
        });
        found
    }

    /// The members in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Adds a member as it was read, a repeated name included, up to [`MOST_MEMBERS`].
    pub(crate) fn push(&mut self, name: &str, raw: &str) -> Result<(), Misfit> {
        if self.0.len() >= MOST_MEMBERS {
            let expected = "at most 175,000 members that are not known";
            return Err(Misfit::expected(expected, "more of them"));
        }
        self.0.push((name.into(), Json::from_checked(raw)));
        Ok(())
    }

    pub(crate) fn write(&self, object: &mut text::ObjectWriter<'_>) {
        for (name, value) in self.iter() {
            object.escaped_name(name);
            object.raw(value.as_str());
        }
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}
