//! What a comparison found, and how it is printed.

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
        for (title, changes) in self.by_class() {
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
            let _ = writeln!(text, "version: {}", bump.text());
        }
        text
    }

    /// For a comment on a pull request: the verdict, and a table for each class.
    pub fn markdown(&self) -> String {
        let mut text = format!("### Changes of the API: {}\n", self.class.word());
        if let Some(bump) = &self.bump {
            let _ = writeln!(text, "\n{}", cell(&bump.text()));
        }
        for (title, changes) in self.by_class() {
            let _ = writeln!(text, "\n#### {title} ({})\n", changes.len());
            text.push_str("| What | Change | Wire | Rust |\n|---|---|---|---|\n");
            for change in changes {
                let (subject, message) = (cell(&change.subject), cell(&change.message));
                let (wire, rust) = (change.wire.word(), change.rust.word());
                let _ = writeln!(text, "| {subject} | {message} | {wire} | {rust} |");
            }
        }
        text
    }

    /// The changes of each class that has any, worst first.
    fn by_class(&self) -> impl Iterator<Item = (&'static str, Vec<&Change>)> {
        let classes = [
            (Class::Breaking, "breaking"),
            (Class::Additive, "additive"),
            (Class::Documentation, "documentation only"),
        ];
        classes.into_iter().filter_map(|(class, title)| {
            let changes = self.changes.iter().filter(|change| change.class == class);
            let changes: Vec<_> = changes.collect();
            (!changes.is_empty()).then_some((title, changes))
        })
    }

    pub(super) fn demand(&mut self, version: &str, api_version: &str) {
        self.bump = bump(version, api_version, self.class);
    }
}

impl Bump {
    fn text(&self) -> String {
        let Self { kind, from, to } = self;
        if kind == "none" {
            format!("jobs-api stays {from}")
        } else {
            format!("jobs-api {from} -> {to} ({kind})")
        }
    }
}

/// Text of the spec as a cell of a table takes it: in one line, and without its mentions or markup. Names between
/// backticks stay code.
fn cell(text: &str) -> String {
    let has_code = text.matches('`').count().is_multiple_of(2);
    let (mut safe, mut in_code) = (String::new(), false);
    for letter in text.chars() {
        match letter {
            '`' if has_code => {
                in_code = !in_code;
                safe.push('`');
            }
            // A table splits its cells before it reads code.
            '|' => safe.push_str("\\|"),
            letter if letter.is_control() => safe.push(' '),
            letter if in_code => safe.push(letter),
            // Without the zero-width space, it would notify somebody.
            '@' => safe.push_str("@\u{200b}"),
            '<' | '*' | '_' | '[' | ']' | '\\' | '#' | '!' | '~' | '`' => {
                safe.push('\\');
                safe.push(letter);
            }
            letter => safe.push(letter),
        }
    }
    safe
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

    #[test]
    fn markdown_has_a_table_for_each_class_and_no_markup_of_the_spec() {
        let change = |class, message: &str| Change {
            class,
            wire: class,
            rust: Class::None,
            subject: "model Job_A, field `b_c|d`".to_owned(),
            message: message.to_owned(),
            pointer: String::new(),
        };
        let mut report = Report::new(vec![
            change(Class::Additive, "value \"a|b\" added"),
            change(Class::Breaking, "<img> @team` \nremoved"),
        ]);
        report.demand("0.1.0", "2021-04-12");
        assert_eq!(
            report.markdown(),
            "### Changes of the API: breaking\n\n\
             jobs-api 0.1.0 -> 0.2.0+2021-04-12 (minor)\n\n\
             #### breaking (1)\n\n\
             | What | Change | Wire | Rust |\n|---|---|---|---|\n\
             | model Job\\_A, field `b_c\\|d` | \\<img> @\u{200b}team\\`  removed | breaking | none |\n\n\
             #### additive (1)\n\n\
             | What | Change | Wire | Rust |\n|---|---|---|---|\n\
             | model Job\\_A, field `b_c\\|d` | value \"a\\|b\" added | additive | none |\n"
        );
    }

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
