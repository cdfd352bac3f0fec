//! `doctor`: what would make a job fail.

use std::path::Path;

use jobs_ext::{ContainerUri, Finding, JobsClient, Preflight, Severity, StorageAuth};
use serde_json::{Value, json};

use crate::args::Format;
use crate::args::doctor::DoctorArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome, plain, without_numbers};
use crate::hub;
use crate::outfile::try_folder;
use crate::table::Table;

/// Looks at everything and shows what was found; the highest code among the findings is the exit code.
pub(crate) async fn doctor(context: &Context, args: &DoctorArgs) -> Outcome {
    let (auth, version) = hub::storage_auth(&args.storage_auth);
    let client = hub::client_of(context, None, version).await?;
    let by_identity = auth != StorageAuth::Sas;
    let mut what = Preflight::new().storage_auth(auth);
    let mut here = None;
    if let Some(text) = context.container_if_named(&args.container).await? {
        let container = hub::container(&text)?;
        if let Some(blob) = &args.blob {
            what = what.input(&container, hub::blob_name(blob)?);
        }
        what = what.output(&container);
        here = match container.folder() {
            Some(folder) => unwritable(folder),
            None if by_identity => unreadable(&client, &container),
            None => None,
        };
    } else if args.blob.is_some() {
        return Err(Failure::usage("--blob needs a container")
            .hint("name it with --container or --container-file"));
    }
    let report = client.preflight(what).await;
    let mut seen: Vec<Seen> = report.findings().iter().map(Seen::from).collect();
    seen.extend(here);
    if let Some(message) = context.proxies().describe(client.endpoint()) {
        seen.push(Seen {
            severity: Severity::Note,
            subject: "proxy".to_owned(),
            message,
            cure: None,
            exit: Exit::Done,
        });
    }
    show(context, &seen)?;
    Ok(seen.iter().map(|one| one.exit).max().unwrap_or(Exit::Done))
}

/// What was found: by the client, or here of a folder on this machine.
struct Seen {
    severity: Severity,
    subject: String,
    message: String,
    cure: Option<String>,
    exit: Exit,
}

impl From<&Finding> for Seen {
    fn from(finding: &Finding) -> Self {
        Self {
            severity: finding.severity(),
            subject: finding.subject().to_owned(),
            message: without_numbers(finding.message()),
            cure: finding.cure().map(str::to_owned),
            exit: exit_of(finding),
        }
    }
}

/// The hub comes into the container by its identity; that this program does not is nothing that a job fails of, but some options do.
fn unreadable(client: &JobsClient, container: &ContainerUri) -> Option<Seen> {
    (!hub::can_open(client, container)).then(|| Seen {
        severity: Severity::Note,
        subject: "own access".to_owned(),
        message: format!(
            "{container} cannot be opened from here: no FILE can be imported, no row rejected by an import be shown, and `export --download` and `import --rejects` are refused"
        ),
        cure: Some(hub::OWN_WAY.to_owned()),
        exit: Exit::Done,
    })
}

/// Tries a folder with a file, of which nothing is left. That it is missing is said by the client already.
fn unwritable(folder: &Path) -> Option<Seen> {
    let error = folder.is_dir().then(|| try_folder(folder))?.err()?;
    Some(Seen {
        severity: Severity::Error,
        subject: "output container".to_owned(),
        message: format!(
            "the folder {} cannot be written: {}",
            folder.display(),
            plain(&error)
        ),
        cure: Some("let this user, and the one that the local hub runs as, write it".to_owned()),
        exit: Exit::Usage,
    })
}

fn exit_of(finding: &Finding) -> Exit {
    match finding.kind() {
        Some(kind) if finding.severity() >= Severity::Error => hub::exit_of_kind(kind),
        None if finding.severity() >= Severity::Error => Exit::Usage,
        _ => Exit::Done,
    }
}

fn show(context: &Context, findings: &[Seen]) -> Result<(), Failure> {
    let printer = &context.printer;
    if printer.format != Format::Table {
        let documents = findings.iter().map(document).collect();
        return match printer.format {
            Format::Jsonl => printer.json_list(documents),
            _ => printer.json(json!({ "findings": Value::Array(documents) })),
        };
    }
    let mut table = Table::new(["", "CHECKED", "FOUND"]);
    for finding in findings {
        table.row([
            &finding.severity.to_string(),
            &finding.subject,
            &finding.message,
        ]);
        if let Some(cure) = &finding.cure {
            table.row(["", "", &format!("-> {cure}")]);
        }
    }
    printer.table(&table)
}

fn document(finding: &Seen) -> Value {
    let mut document = json!({
        "severity": finding.severity.to_string(),
        "subject": finding.subject,
        "message": finding.message,
        "exitCode": finding.exit.code(),
    });
    if let Some(cure) = &finding.cure {
        document["cure"] = cure.as_str().into();
    }
    document
}

#[cfg(test)]
mod tests {
    use jobs_ext::ErrorKind;

    use super::*;

    #[test]
    fn kinds_have_the_codes_of_the_contract() {
        for (kind, exit) in [
            (ErrorKind::Configuration, Exit::Usage),
            (ErrorKind::Credential, Exit::Usage),
            (ErrorKind::Unauthorized, Exit::Refused),
            (ErrorKind::ContainerRejected, Exit::Refused),
            (ErrorKind::Transport, Exit::NotReached),
            (ErrorKind::Throttled, Exit::NotReached),
        ] {
            assert_eq!(hub::exit_of_kind(kind), exit, "{kind:?}");
        }
        assert!(Exit::NotReached > Exit::Refused && Exit::Refused > Exit::Usage);
    }
}
