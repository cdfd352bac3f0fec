//! `spec/deviations.toml`: differences that we know and mean.

use serde::{Deserialize, Serialize};

use super::{Difference, Kind};
use crate::{Problem, Result};

/// A difference that is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// What it is about, as `cargo xtask upstream` prints it. One `*` matches anything.
    pub at: String,
    /// Which side has what.
    pub kind: Kind,
    /// Why we differ.
    pub reason: String,
    /// The version of the API that first differs. An older file of the vendor cannot say that the entry is obsolete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    deviation: Vec<Deviation>,
}

impl Deviation {
    /// Whether a file of the vendor that does not differ makes this obsolete. `versions` are those of our spec and of the
    /// file.
    pub(super) fn is_judged_by(&self, versions: &[String; 2]) -> bool {
        let [ours, theirs] = versions;
        let first = self.since.as_ref().unwrap_or(ours);
        // Versions start with a date. A preview is as old as the version itself.
        let date = |version: &str| version.chars().take(10).collect::<String>();
        date(theirs) >= date(first)
    }

    /// Whether this is the difference that is meant.
    pub fn explains(&self, difference: &Difference) -> bool {
        let is_about = match self.at.split_once('*') {
            Some((start, end)) => difference
                .at
                .strip_prefix(start)
                .is_some_and(|rest| rest.ends_with(end)),
            None => difference.at == self.at,
        };
        is_about && self.kind == difference.kind
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<Deviation>> {
    let file: File = toml::from_str(text).map_err(|error| {
        Problem::unreadable(format!("spec/deviations.toml cannot be read: {error}"))
    })?;
    if let Some(bare) = file
        .deviation
        .iter()
        .find(|deviation| deviation.reason.trim().is_empty())
    {
        return Err(Problem::unreadable(format!(
            "spec/deviations.toml: {} has no reason",
            bare.at
        )));
    }
    Ok(file.deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviation_without_a_reason_is_rejected() {
        let text = "[[deviation]]\nat = \"x\"\nkind = \"lacking\"\nreason = \" \"\n";
        assert!(
            parse(text)
                .unwrap_err()
                .to_string()
                .contains("x has no reason")
        );
        assert!(
            parse("[[deviation]]\nat = 1\n")
                .unwrap_err()
                .to_string()
                .contains("deviations.toml")
        );
        assert_eq!(parse("").unwrap(), []);
    }
}
