//! What an import is about to do to a hub: its rows are checked and counted, and the hub is asked which devices exist.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;

use jobs_devices::transform::{
    self, Affected, AffectedIdentity, ImportPlan, Purpose, TransformError,
};
use jobs_ext::{IdentityName, JobsClient};
use serde_json::{Map, Value, json};

use crate::args::Format;
use crate::args::jobs::ImportArgs;
use crate::change::{Change, Count, Decision};
use crate::commands::devices::findings::Summary;
use crate::commands::devices::work;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::printer::{Printer, counted};
use crate::{hub, outfile};

/// How many ids a message names.
const MOST_NAMED: usize = 10;
/// The hub is asked about this many identities at most; of more, all count as existing.
const MOST_ASKED: u64 = 2_000;

/// An import that has been looked at and not been sent.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) change: Change,
    /// `None` where the rows cannot be read from here.
    rows: Option<ImportPlan>,
    regenerated: Hits,
    replaced: Hits,
}

/// Rows that take something away from an identity that exists.
#[derive(Debug, Default)]
struct Hits {
    count: u64,
    /// The first of them.
    ids: Vec<String>,
    /// Whether some may not exist: the hub did not say.
    is_estimate: bool,
}

impl Planned {
    /// Plans the import of a blob whose rows cannot be read from here.
    pub(crate) fn unknown(client: &JobsClient, blob: &str) -> Self {
        let what = format!("import of blob {blob}, which cannot be read from here");
        let mut change = Change::new(client, "row", Count::Unknown, what);
        change.danger(format!("the rows of blob {blob} are unknown"));
        Self {
            change,
            rows: None,
            regenerated: Hits::default(),
            replaced: Hits::default(),
        }
    }

    /// Checks and counts the rows of a file, and asks the hub about those that would take keys away.
    pub(crate) async fn of_file(
        context: &Context,
        client: &JobsClient,
        args: &ImportArgs,
        path: &Path,
        name: &str,
    ) -> Result<Self, Failure> {
        if !args.no_check {
            check(context, path, name).await?;
        }
        let rows = count(path, name).await?;
        let total = rows.passed.rows;
        if total == 0 {
            return Err(Failure::usage(format_args!(
                "{name} has no row that can be read, so that there is nothing to import"
            ))
            .hint("`iothub-jobs devices check FILE --for import` names each line and what is wrong with it"));
        }
        let mut change = Change::new(client, "row", Count::Known(total), modes(&rows));
        if args.change.max_devices.is_some_and(|limit| total > limit) {
            change.touches(identities(path, name).await?);
        }
        if rows.deletions > 0 {
            change.danger(format!(
                "{} will be deleted",
                counted(rows.deletions, "identity")
            ));
        }
        let regenerated = existing(context, client, &rows.keys_regenerated, |_, _| true).await?;
        let differs = |row: &AffectedIdentity, now: &str| now != row.authentication.as_str();
        let mut replaced =
            existing(context, client, &rows.authentication_replaced, differs).await?;
        // Nearly all rows with keys are of devices with keys, so those that the hub cannot be asked about do not count.
        if rows.keys_given.rows <= MOST_ASKED
            && let Ok(found) = look_up(client, &rows.keys_given).await?
        {
            replaced.add(Hits::among(&rows.keys_given, &found, differs));
        }
        if regenerated.count > 0 {
            change.danger(format!(
                "{} will get new keys ({})",
                regenerated.counted(),
                regenerated.named()
            ));
        }
        if replaced.count > 0 {
            change.danger(format!(
                "{} will change the kind of authentication ({})",
                replaced.counted(),
                replaced.named()
            ));
        }
        Ok(Self {
            change,
            rows: Some(rows),
            regenerated,
            replaced,
        })
    }

    /// Shows the change and asks about it; an import that would give existing devices new keys ends here unless that was asked for.
    pub(super) async fn confirm(
        &self,
        context: &Context,
        args: &ImportArgs,
    ) -> Result<Decision, Failure> {
        if !args.change.dry_run {
            self.refuse_new_keys(context, args)?;
        }
        self.change.confirm(context, &args.change).await
    }

    /// What a dry run prints: a document in JSON, nothing more than the line in a table.
    pub(super) fn show(&self, printer: &Printer) -> Outcome {
        if printer.format != Format::Table {
            printer.json(self.document())?;
        }
        Ok(Exit::Done)
    }

    /// Stops an import that would give existing devices new keys, unless that was asked for.
    fn refuse_new_keys(&self, context: &Context, args: &ImportArgs) -> Result<(), Failure> {
        if self.regenerated.count == 0 || args.regenerate_keys {
            return Ok(());
        }
        context.printer.always(self.change.line());
        Err(Failure::usage(format_args!(
            "{} of the file would get new keys, because their rows have none ({}); nothing was changed",
            self.regenerated.counted(),
            self.regenerated.named()
        ))
        .hint("export with keys (iothub-jobs export --include-keys), and import those rows")
        .hint("set the import mode `create` on rows for new devices; rows of devices that exist are then rejected, and keep their keys")
        .hint("--regenerate-keys makes new keys; the devices cannot connect until they have them"))
    }

    /// The members that describe the plan in JSON output.
    fn members(&self) -> Map<String, Value> {
        let mut members = self.change.members();
        if let Some(rows) = &self.rows {
            members.insert("byMode".to_owned(), json!(rows.by_mode));
        }
        members
    }

    /// Adds the members that describe the plan to a document about its job.
    pub(super) fn describe(&self, document: &mut Value) {
        if let Some(document) = document.as_object_mut() {
            document.extend(self.members());
        }
    }

    /// What a dry run prints in JSON output.
    fn document(&self) -> Value {
        let mut document = self.members();
        let (keys, kinds) = (self.regenerated.count, self.replaced.count);
        document.insert("dryRun".to_owned(), json!(true));
        document.insert("keysRegenerated".to_owned(), json!(keys));
        document.insert("authenticationReplaced".to_owned(), json!(kinds));
        Value::Object(document)
    }
}

impl Hits {
    fn of<'a>(count: u64, first: impl IntoIterator<Item = &'a AffectedIdentity>) -> Self {
        let ids = first
            .into_iter()
            .take(MOST_NAMED)
            .map(|row| match &row.module_id {
                Some(module) => format!("{}/{module}", row.id),
                None => row.id.clone(),
            });
        Self {
            count,
            ids: ids.collect(),
            is_estimate: false,
        }
    }

    /// Those of the rows whose identity is among those that exist and counts, given its type of authentication.
    fn among(
        rows: &Affected,
        found: &Existing,
        counts: impl Fn(&AffectedIdentity, &str) -> bool,
    ) -> Self {
        let is_hit = |row: &&AffectedIdentity| {
            let now = found.get(&name_of(row));
            now.is_some_and(|now| counts(row, now))
        };
        let hits: Vec<_> = rows.identities.iter().filter(is_hit).collect();
        Self::of(hits.len() as u64, hits)
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.ids.extend(other.ids);
        self.ids.truncate(MOST_NAMED);
    }

    /// How many, as part of a sentence.
    fn counted(&self) -> String {
        let number = counted(self.count, "existing identity");
        match self.is_estimate {
            true => format!("up to {number}"),
            false => number,
        }
    }

    /// The first ids, and whether there are more.
    fn named(&self) -> String {
        let mut text = self.ids.join(", ");
        if self.count > self.ids.len() as u64 {
            text.push_str(", …");
        }
        text
    }
}

/// Rules about what a row would take away from an identity that exists. Here the hub is asked which exist, so these findings are not printed.
const ASKED_OF_THE_HUB: [&str; 2] = ["keys-regenerated", "authentication-replaced"];

/// Prints the findings of `devices check --for import`, grouped by rule. They do not stop the import.
async fn check(context: &Context, path: &Path, name: &str) -> Result<(), Failure> {
    let (path, file_name) = (path.to_owned(), name.to_owned());
    let lines = work::blocking(move || {
        let file = outfile::open(&path)?;
        let mut summary = Summary::new();
        let found = transform::check_each(
            file,
            Purpose::Import,
            &mut transform::Context::new(),
            |finding| {
                if !ASKED_OF_THE_HUB.contains(&finding.rule) {
                    summary.add(finding);
                }
            },
        );
        found.map_err(|error| work::failure(&file_name, error))?;
        let every = format!("`iothub-jobs devices check {file_name} --for import --all`");
        Ok(summary.lines(&file_name, &every))
    })
    .await?;
    for line in lines {
        context.printer.note(line);
    }
    Ok(())
}

async fn count(path: &Path, name: &str) -> Result<ImportPlan, Failure> {
    counting(path, name, transform::plan_import).await
}

/// How many identities the rows are about.
async fn identities(path: &Path, name: &str) -> Result<u64, Failure> {
    counting(path, name, transform::count_identities).await
}

async fn counting<T: Send + 'static>(
    path: &Path,
    name: &str,
    count: fn(File, &mut transform::Context<'_>) -> Result<T, TransformError>,
) -> Result<T, Failure> {
    let (path, name) = (path.to_owned(), name.to_owned());
    work::blocking(move || {
        let file = outfile::open(&path)?;
        count(file, &mut transform::Context::new()).map_err(|error| work::failure(&name, error))
    })
    .await
}

/// `280 createOrUpdate, 20 delete`.
fn modes(rows: &ImportPlan) -> String {
    let mut text = String::new();
    for (mode, count) in &rows.by_mode {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{count} {mode}");
    }
    let replaced: u64 = rows.tags_replaced.values().sum();
    if replaced > 0 {
        let verb = if replaced == 1 { "sets" } else { "set" };
        let _ = write!(text, "; {} {verb} all tags", counted(replaced, "row"));
    }
    text
}

/// Those of the rows whose identity exists, and of which `counts` says that they matter, given the type of authentication that it has now.
/// Where the hub cannot tell, all of them count.
async fn existing(
    context: &Context,
    client: &JobsClient,
    rows: &Affected,
    counts: impl Fn(&AffectedIdentity, &str) -> bool,
) -> Result<Hits, Failure> {
    match look_up(client, rows).await? {
        Ok(found) => Ok(Hits::among(rows, &found, counts)),
        Err(reason) => Ok(all_exist(context, rows, &reason)),
    }
}

/// The identities that exist, with their types of authentication.
type Existing = HashMap<IdentityName, String>;

/// The identities of the rows that exist, or the reason why that cannot be known: they are too many to ask about, or the hub denies it.
/// A hub without devices has none of them, however many they are.
async fn look_up(
    client: &JobsClient,
    rows: &Affected,
) -> Result<Result<Existing, String>, Failure> {
    let found = async {
        if rows.rows > MOST_ASKED {
            return Ok((client.device_count().await? == 0).then(HashMap::new));
        }
        let names: Vec<IdentityName> = rows.identities.iter().map(name_of).collect();
        match names.is_empty() {
            true => Ok(Some(HashMap::new())),
            false => client.existing_identities(&names).await.map(Some),
        }
    };
    match found.await {
        Ok(Some(found)) => Ok(Ok(found)),
        Ok(None) => Ok(Err("they are more than 2,000".to_owned())),
        Err(error) if hub::is_denied(&error) => Ok(Err(error.kind().to_string())),
        Err(error) => Err(error.into()),
    }
}

fn name_of(row: &AffectedIdentity) -> IdentityName {
    match &row.module_id {
        Some(module) => IdentityName::module(&row.id, module),
        None => IdentityName::device(&row.id),
    }
}

fn all_exist(context: &Context, rows: &Affected, reason: &str) -> Hits {
    context.printer.note(format_args!(
        "it is not known which of {} exist ({reason}); all count as existing",
        counted(rows.rows, "identity")
    ));
    Hits {
        is_estimate: true,
        ..Hits::of(rows.rows, &rows.identities)
    }
}
