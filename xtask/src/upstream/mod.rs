//! `cargo xtask upstream FILE`: where our spec differs from the vendor's published Swagger 2.0 file.
//!
//! Only the Jobs operations, the other operations of the spec and what they lead to are compared. Known differences stand in `spec/deviations.toml` with a
//! reason each; one that is gone is reported too. Nothing of the file is kept.

mod deviations;
mod openapi;
mod shape;
mod swagger;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use crate::diff::Output;
use crate::diff::document::Document;
use crate::problem::Outcome;
use crate::workspace::Workspace;
use crate::{Problem, Result, spec};

pub use deviations::Deviation;

/// Arguments of the task.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The vendor's file.
    file: PathBuf,
    /// How to print the result.
    #[arg(long, short, default_value = "text", value_name = "FORMAT")]
    output: Output,
}

/// Which side has what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// The vendor's file has it, our spec does not.
    Lacking,
    /// Our spec has it, the vendor's file does not.
    Additional,
    /// Both have it, in different ways.
    Different,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about: `JobProperties.identity`, `Jobs_QueryScheduledJobs answer 200`.
    pub at: String,
    /// Which side has what.
    pub kind: Kind,
    /// What our spec says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours: Option<String>,
    /// What the vendor's file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<String>,
}

/// What the comparison found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Differences that no deviation explains.
    pub unexplained: Vec<Difference>,
    /// Deviations that match no difference any more.
    pub obsolete: Vec<Deviation>,
    /// How many differences are explained.
    pub explained: usize,
}

/// Compares and prints. Exit code 0: every difference is explained and none is gone, 1: otherwise, 3: could not read.
pub fn run(workspace: &Workspace, args: &Args) -> Result<Outcome> {
    let theirs = Workspace::read(&args.file)?;
    let ours = Workspace::read(&workspace.spec())?;
    let known = workspace.path("spec/deviations.toml");
    let known = if known.is_file() {
        Workspace::read(&known)?
    } else {
        String::new()
    };
    let report = check(&ours, &theirs, &deviations::parse(&known)?)?;
    let text = match args.output {
        Output::Text => report.text(),
        Output::Json => {
            let text = serde_json::to_string_pretty(&report)
                .map_err(|error| Problem::new(format!("cannot write the result: {error}")))?;
            text + "\n"
        }
    };
    Ok(Outcome {
        text,
        code: u8::from(!report.is_clean()),
    })
}

/// Compares the texts of our spec and of the vendor's file.
pub fn check(ours: &str, theirs: &str, known: &[Deviation]) -> Result<Report> {
    let unreadable = |name: &str, error: &dyn std::fmt::Display| {
        Problem::unreadable(format!("{name} cannot be read: {error}"))
    };
    let ours = spec::json(ours, "the spec cannot be read")?;
    let theirs = spec::json(theirs, "the vendor's file cannot be read")?;
    if theirs["swagger"] != "2.0" {
        return Err(unreadable(
            "the vendor's file",
            &"it does not say that it is Swagger 2.0",
        ));
    }
    let document = Document::new(&ours);
    let operations = document.operations();
    let ids = operations
        .iter()
        .filter_map(|operation| operation.value["operationId"].as_str())
        .collect();
    let mut theirs = swagger::facts(&theirs, &ids);
    if theirs.is_empty() {
        return Err(unreadable(
            "the vendor's file",
            &"it has no operation of the Jobs group",
        ));
    }
    let mut ours = openapi::facts(&ours);
    shape::forget_values_of_one_side(&mut ours, &theirs);
    shape::forget_values_of_one_side(&mut theirs, &ours);
    let mut unexplained = differences(&ours, &theirs);
    let found = unexplained.len();
    let mut obsolete = known.to_vec();
    obsolete.retain(|deviation| {
        !unexplained
            .iter()
            .any(|difference| deviation.explains(difference))
    });
    unexplained.retain(|difference| !known.iter().any(|deviation| deviation.explains(difference)));
    let explained = found - unexplained.len();
    Ok(Report {
        unexplained,
        obsolete,
        explained,
    })
}

/// What a document says, in one form for both kinds of documents: what it is about, and how it is.
type Facts = BTreeMap<String, String>;

fn differences(ours: &Facts, theirs: &Facts) -> Vec<Difference> {
    let names = ours
        .keys()
        .chain(theirs.keys().filter(|name| !ours.contains_key(*name)));
    let mut found: Vec<_> = names
        .filter(|name| ours.get(*name) != theirs.get(*name))
        .map(|name| {
            let (ours, theirs) = (ours.get(name).cloned(), theirs.get(name).cloned());
            let kind = match (&ours, &theirs) {
                (None, _) => Kind::Lacking,
                (_, None) => Kind::Additional,
                _ => Kind::Different,
            };
            Difference {
                at: name.clone(),
                kind,
                ours,
                theirs,
            }
        })
        .collect();
    found.sort_by(|a, b| a.at.cmp(&b.at));
    found
}

impl Report {
    /// Whether there is nothing to do.
    pub fn is_clean(&self) -> bool {
        self.unexplained.is_empty() && self.obsolete.is_empty()
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Difference {
            at,
            kind,
            ours,
            theirs,
        } in &self.unexplained
        {
            let (ours, theirs) = (
                ours.as_deref().unwrap_or_default(),
                theirs.as_deref().unwrap_or_default(),
            );
            let _ = match kind {
                Kind::Lacking => writeln!(text, "lacking: {at} (the vendor has {theirs})"),
                Kind::Additional => writeln!(text, "additional: {at} (we have {ours})"),
                Kind::Different => writeln!(
                    text,
                    "different: {at} (we have {ours}, the vendor has {theirs})"
                ),
            };
        }
        for deviation in &self.obsolete {
            let at = &deviation.at;
            let _ = writeln!(
                text,
                "obsolete: {at} no longer differs; remove it from spec/deviations.toml"
            );
        }
        let _ = writeln!(
            text,
            "{} unexplained, {} explained in spec/deviations.toml, {} obsolete",
            self.unexplained.len(),
            self.explained,
            self.obsolete.len()
        );
        text
    }
}
