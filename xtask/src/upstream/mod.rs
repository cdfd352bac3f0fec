//! `cargo xtask upstream FILE`: where our spec differs from the vendor's published Swagger 2.0 file.
//!
//! The operations of the spec, everything at `/jobs` or below, and what they lead to are compared, by method and path.
//! Known differences are in `spec/deviations.toml` with a reason each; one that is gone is reported too. With two files,
//! both are compared as a whole (`pair`). Nothing of the files is kept.

mod deviations;
mod facts;
mod pair;
mod select;
mod swagger;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::diff::Output;
use crate::problem::Outcome;
use crate::workspace::Workspace;
use crate::{Result, spec};

use facts::Facts;

pub use deviations::Deviation;
pub use pair::{Lacking, Pair};

/// Arguments of the task.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The vendor's file; with NEW, the older of two that are compared with each other.
    file: PathBuf,
    /// The newer file of the vendor.
    new: Option<PathBuf>,
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
    /// What it is about: `JobProperties.identity`, `Jobs_QueryScheduledJobs response 200`.
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
    /// The versions of the API that our spec and the vendor's file name.
    pub versions: [String; 2],
    /// Differences that no deviation explains.
    pub unexplained: Vec<Difference>,
    /// Deviations that match no difference any more.
    pub obsolete: Vec<Deviation>,
    /// How many differences are explained.
    pub explained: usize,
    /// How many deviations match nothing because the file is older than they are.
    pub later: usize,
    /// The groups of operations that are not compared, and how many operations each has.
    pub left_out: BTreeMap<String, usize>,
}

/// Compares and prints. Exit code 0: every difference is explained and none is gone, 1: otherwise, 3: could not read. With
/// two files, the exit codes of `cargo xtask diff`.
pub fn run(workspace: &Workspace, args: &Args) -> Result<Outcome> {
    let ours = Workspace::read(&workspace.spec())?;
    let file = text_and_name(&args.file)?;
    if let Some(new) = &args.new {
        let pair = compare(&ours, &file, &text_and_name(new)?)?;
        return Ok(Outcome {
            text: print(args.output, &pair, Pair::text)?,
            code: pair.report.exit_code(),
        });
    }
    let known = workspace.path("spec/deviations.toml");
    let known = if known.is_file() {
        Workspace::read(&known)?
    } else {
        String::new()
    };
    let report = check_named(&ours, &file, &deviations::parse(&known)?)?;
    Ok(Outcome {
        text: print(args.output, &report, Report::text)?,
        code: u8::from(!report.is_clean()),
    })
}

fn text_and_name(path: &Path) -> Result<(String, String)> {
    Ok((Workspace::read(path)?, path.display().to_string()))
}

fn print<T: Serialize>(output: Output, result: &T, text: fn(&T) -> String) -> Result<String> {
    match output {
        Output::Text => Ok(text(result)),
        Output::Json => Outcome::json(result),
    }
}

/// Compares two files of the vendor, each a text and a name, as a whole.
pub fn compare(ours: &str, old: &(String, String), new: &(String, String)) -> Result<Pair> {
    let ours = spec::json(ours, "the spec cannot be read")?;
    let (old, new) = (
        swagger::read(&old.0, &old.1)?,
        swagger::read(&new.0, &new.1)?,
    );
    Ok(pair::compare(&ours, &old, &new))
}

/// Compares the texts of our spec and of the vendor's file.
pub fn check(ours: &str, theirs: &str, known: &[Deviation]) -> Result<Report> {
    let file = (theirs.to_owned(), "the vendor's file".to_owned());
    check_named(ours, &file, known)
}

fn check_named(ours: &str, theirs: &(String, String), known: &[Deviation]) -> Result<Report> {
    let ours = spec::json(ours, "the spec cannot be read")?;
    let (text, name) = theirs;
    let theirs = swagger::read(text, name)?;
    let selected = select::select(&ours, &theirs);
    let mut their_facts = facts::facts(&selected.document);
    let mut our_facts = facts::facts(&ours);
    facts::forget_what_one_side_leaves_open(&mut our_facts, &their_facts);
    facts::forget_what_one_side_leaves_open(&mut their_facts, &our_facts);
    for (id, other) in selected.renamed {
        their_facts.insert(format!("{id} operationId"), other);
        our_facts.insert(format!("{id} operationId"), id);
    }
    let mut unexplained = differences(&our_facts, &their_facts);
    let found = unexplained.len();
    let mut obsolete = known.to_vec();
    obsolete.retain(|deviation| {
        !unexplained
            .iter()
            .any(|difference| deviation.explains(difference))
    });
    let gone = obsolete.len();
    // What came later is missing in an older file, so that it does not differ there says nothing.
    let versions = [version(&ours), version(&theirs)];
    obsolete.retain(|deviation| deviation.is_judged_by(&versions));
    unexplained.retain(|difference| !known.iter().any(|deviation| deviation.explains(difference)));
    Ok(Report {
        versions,
        explained: found - unexplained.len(),
        later: gone - obsolete.len(),
        unexplained,
        obsolete,
        left_out: selected.left_out,
    })
}

fn version(document: &Value) -> String {
    let version = document["info"]["version"].as_str();
    version.unwrap_or("unknown").to_owned()
}

/// A value as people write it: texts without quotes.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

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
        let [ours, theirs] = &self.versions;
        let mut text =
            format!("the spec is version {ours}, the vendor's file is version {theirs}\n");
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
        if self.later > 0 {
            let _ = writeln!(
                text,
                "about later versions: {} in spec/deviations.toml",
                self.later
            );
        }
        let groups = self.left_out.iter();
        let groups: Vec<_> = groups
            .map(|(group, count)| format!("{group} ({count})"))
            .collect();
        if !groups.is_empty() {
            let _ = writeln!(text, "operations not compared: {}", groups.join(", "));
        }
        let _ = writeln!(
            text,
            "not compared: descriptions, names of path parameters, limits of list items and map values, examples, host, schemes, \
             security, extensions other than x-ms-paths and x-nullable"
        );
        text
    }
}
