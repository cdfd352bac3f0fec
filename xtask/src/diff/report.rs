//! What a comparison found, and how it is told.

use std::fmt::Write as _;

use serde::Serialize;

/// What a change means to somebody who depends on the old document. The later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Class {
    /// Nothing changed but formatting.
    None,
    /// Only people notice.
    Documentation,
    /// What worked still works, and there is something new.
    Additive,
    /// Something that worked may not work any more.
    Breaking,
}

impl Class {
    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Documentation => "documentation",
            Self::Additive => "additive",
            Self::Breaking => "breaking",
        }
    }
}

/// One change in the words of the API.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// The worse of `wire` and `rust`.
    pub class: Class,
    /// What it means to anybody who speaks the API.
    pub wire: Class,
    /// What it means to code that depends on jobs-api.
    pub rust: Class,
    /// What it is about: `operation Jobs_GetImportExportJob`, `model JobProperties`.
    pub subject: String,
    /// What happened to it.
    pub message: String,
    /// Where, as a JSON pointer into the new document, or into the old one for what is gone.
    pub pointer: String,
}

/// The version of jobs-api that the changes demand.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Bump {
    /// `none`, `patch`, `minor` or `major`.
    pub kind: String,
    /// The version now.
    pub from: String,
    /// The version that the changes demand.
    pub to: String,
}

/// All changes between two documents.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The worst class of all changes.
    pub class: Class,
    /// The changes, worst first, otherwise in the order of the documents.
    pub changes: Vec<Change>,
    /// The version that they demand, where the version now is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bump: Option<Bump>,
}

impl Report {
    pub(super) fn new(mut changes: Vec<Change>) -> Self {
        changes.sort_by_key(|change| std::cmp::Reverse(change.class));
        let class = changes.first().map_or(Class::None, |change| change.class);
        Self {
            class,
            changes,
            bump: None,
        }
    }

    /// The exit code of `cargo xtask diff`.
    pub fn exit_code(&self) -> u8 {
        match self.class {
            Class::None => 0,
            Class::Documentation | Class::Additive => 1,
            Class::Breaking => 2,
        }
    }

    /// For people: grouped by class, each change with what it means to whom.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (class, title) in [
            (Class::Breaking, "breaking"),
            (Class::Additive, "additive"),
            (Class::Documentation, "documentation only"),
        ] {
            let changes: Vec<_> = self
                .changes
                .iter()
                .filter(|change| change.class == class)
                .collect();
            if changes.is_empty() {
                continue;
            }
            let _ = writeln!(text, "{title} ({})", changes.len());
            for change in changes {
                let _ = writeln!(
                    text,
                    "  {}: {}  [wire: {}, Rust: {}]",
                    change.subject,
                    change.message,
                    change.wire.word(),
                    change.rust.word()
                );
            }
        }
        let _ = writeln!(text, "verdict: {}", self.class.word());
        if let Some(bump) = &self.bump {
            if bump.kind == "none" {
                let _ = writeln!(text, "version: jobs-api stays {}", bump.from);
            } else {
                let _ = writeln!(
                    text,
                    "version: jobs-api {} -> {} ({})",
                    bump.from, bump.to, bump.kind
                );
            }
        }
        text
    }

    pub(super) fn demand(&mut self, version: &str, api_version: &str) {
        self.bump = bump(version, api_version, self.class);
    }
}

/// Below 1.0 a breaking change demands the next minor version and everything else the next patch.
fn bump(version: &str, api_version: &str, class: Class) -> Option<Bump> {
    let core = version.split('+').next()?;
    let mut parts = core.split('.').map(|part| part.parse::<u64>().ok());
    let (major, minor, patch) = (parts.next()??, parts.next()??, parts.next()??);
    let (kind, core) = match class {
        Class::None => ("none", core.to_owned()),
        Class::Documentation => ("patch", format!("{major}.{minor}.{}", patch + 1)),
        Class::Additive if major == 0 => ("patch", format!("0.{minor}.{}", patch + 1)),
        Class::Additive => ("minor", format!("{major}.{}.0", minor + 1)),
        Class::Breaking if major == 0 => ("minor", format!("0.{}.0", minor + 1)),
        Class::Breaking => ("major", format!("{}.0.0", major + 1)),
    };
    let to = if class == Class::None {
        version.to_owned()
    } else {
        format!("{core}+{api_version}")
    };
    Some(Bump {
        kind: kind.to_owned(),
        from: version.to_owned(),
        to,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(version: &str, class: Class) -> String {
        bump(version, "2021-04-12", class).unwrap().to
    }

    #[test]
    fn version_follows_the_verdict_and_carries_the_api_version() {
        assert_eq!(
            to("0.1.0+2020-05-31-preview", Class::None),
            "0.1.0+2020-05-31-preview"
        );
        assert_eq!(
            to("0.1.0+2020-05-31-preview", Class::Documentation),
            "0.1.1+2021-04-12"
        );
        assert_eq!(
            to("0.1.0+2020-05-31-preview", Class::Additive),
            "0.1.1+2021-04-12"
        );
        assert_eq!(to("0.1.4", Class::Breaking), "0.2.0+2021-04-12");
        assert_eq!(to("1.2.3", Class::Additive), "1.3.0+2021-04-12");
        assert_eq!(to("1.2.3", Class::Breaking), "2.0.0+2021-04-12");
        assert_eq!(bump("tomorrow", "x", Class::Breaking), None);
    }
}
