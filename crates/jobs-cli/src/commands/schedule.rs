//! `schedule …`: jobs on many devices.

use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use jobs_devices::JsonObject;
use jobs_devices::query::{Expr, MAX_CONDITION_BYTES, module_condition, parse_condition};
use jobs_devices::rules::{Section, Severity, twin_section};
use jobs_ext::{DirectMethod, JobsClient, ScheduledJob, Timestamp, TwinPatch};
use serde_json::{Map, Value};

use crate::args::schedule::{
    ScheduleArgs, ScheduleCommand, ScheduleGetArgs, ScheduleMethodArgs, ScheduleTwinArgs,
};
use crate::assignments::Assignments;
use crate::change::{Change, Count, Decision};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::following::{to_end, verdict};
use crate::input::SmallInput;
use crate::printer::{Printer, counted, one_line};
use crate::watcher::Watcher;
use crate::{commands, hub, input, job_view, json_input, start_time};

/// Runs one of them.
pub(crate) async fn run(context: &Context, command: ScheduleCommand) -> Outcome {
    match command {
        ScheduleCommand::Twin(args) => twin(context, &args).await,
        ScheduleCommand::Method(args) => method(context, &args).await,
        ScheduleCommand::Get(args) => get(context, &args).await,
        ScheduleCommand::List(args) => commands::list::list_scheduled(context, &args).await,
        ScheduleCommand::Cancel(args) => commands::cancel::cancel_scheduled(context, &args).await,
    }
}

async fn get(context: &Context, args: &ScheduleGetArgs) -> Outcome {
    let client = hub::client(context, None).await?;
    let job = client.get_scheduled(&args.id).await?;
    job_view::print(&context.printer, &job)?;
    Ok(Exit::Done)
}

async fn twin(context: &Context, args: &ScheduleTwinArgs) -> Outcome {
    let patch = match &args.patch {
        Some(path) => patch_of(&read_json(context, path, input::PATCH).await?)?,
        None => assigned(&context.printer, args)?,
    };
    let id = id_of(&args.job, "twin");
    let job = ScheduledJob::update_twin(id, &args.job.condition, patch);
    schedule(context, &args.job, "twin update", job).await
}

async fn method(context: &Context, args: &ScheduleMethodArgs) -> Outcome {
    let mut method = DirectMethod::new(&args.name);
    let payload = match (&args.payload, &args.payload_file) {
        (Some(text), _) => Some(json_input::parse(&context.printer, "--payload", text)?),
        (None, Some(path)) => Some(read_json(context, path, input::PAYLOAD).await?),
        (None, None) => None,
    };
    if let Some(payload) = payload {
        method = method.payload(payload);
    }
    if let Some(bound) = args.response_timeout {
        method = method.response_timeout(bound);
    }
    if let Some(bound) = args.connect_timeout {
        method = method.connect_timeout(bound);
    }
    let id = id_of(&args.job, "method");
    let work = format!("call of method {}", args.name);
    let job = ScheduledJob::call_method(id, &args.job.condition, method);
    schedule(context, &args.job, &work, job).await
}

/// Shows and confirms the change, sends the job, waits for it unless told not to, and judges it by its devices.
async fn schedule(
    context: &Context,
    args: &ScheduleArgs,
    work: &str,
    mut job: ScheduledJob,
) -> Outcome {
    check_condition(context, args)?;
    let start = start_of(context, args)?;
    if let Some(start) = start {
        job = job.start_at(start);
    }
    if let Some(bound) = args.max_execution {
        job = job.max_execution(bound);
    }
    let client = hub::client(context, Some(args.poll)).await?;
    client.check_schedule(&job)?;
    let request = job.to_json();
    let change = change_of(&client, args, work, start).await?;
    if change.confirm(context, &args.change).await? == Decision::DryRun {
        return change.show(&context.printer, request);
    }
    context.job.creating();
    let poller = client
        .schedule(job)
        .await
        .inspect_err(|error| context.job.not_created(error))?;
    context.job.active(poller.id());
    context
        .printer
        .note(format_args!("created job {} (scheduled)", poller.id()));
    if args.no_wait {
        return hub::accepted(context, poller.last());
    }
    let mut poller = poller.progress(Watcher::new(context));
    let job = to_end(context, &mut poller).await?;
    job_view::print(&context.printer, &job)?;
    verdict(&job)
}

/// More devices than this are asked about.
const MOST_UNASKED: u64 = 1_000;

/// What the job will do, with the number of devices that the condition selects now.
async fn change_of(
    client: &JobsClient,
    args: &ScheduleArgs,
    work: &str,
    start: Option<Timestamp>,
) -> Result<Change, Failure> {
    let condition = args.condition.trim();
    let count = match client.count_matches(condition).await {
        Ok(count) => Count::Known(count),
        Err(error) if hub::is_denied(&error) => Count::Unknown,
        Err(error) => return Err(error.into()),
    };
    let mut what = match condition {
        "*" => format!("{work} on all devices"),
        condition => format!("{work} where {condition}"),
    };
    if let Some(start) = start {
        what.push_str(&format!(", starting at {}", start_time::in_seconds(start)));
    }
    let noun = match module_condition(condition) {
        Some(_) => "module",
        None => "device",
    };
    let mut change = Change::new(client, noun, count, what);
    match count {
        Count::Known(count) if condition == "*" => {
            change.danger(format!("{work} on all {}", counted(count, noun)));
        }
        Count::Known(count) if count > MOST_UNASKED => {
            change.danger(format!("{work} on {}", counted(count, noun)));
        }
        Count::Unknown if condition == "*" => change.danger(format!("{work} on all devices")),
        _ => {
            // Ids that have no device yet count too: the job may start later.
            let ids = parse_condition(module_condition(condition).unwrap_or(condition))
                .map_or(0, |condition| condition.expr().map_or(0, listed));
            if ids > MOST_UNASKED {
                change.danger(format!("{work} by lists of {ids} ids"));
            }
        }
    }
    Ok(change)
}

/// How many values the lists of a condition have that a member has to be in.
fn listed(part: &Expr) -> u64 {
    match part {
        Expr::In { list, negated, .. } if !negated => list.len() as u64,
        Expr::And(parts) | Expr::Or(parts) => parts.iter().map(listed).sum(),
        _ => 0,
    }
}

/// Rejects a condition that this program cannot read: the hub would take the job, and the job fail later or select other devices.
/// The hub may know more than this program, so `--force-condition` sends it.
fn check_condition(context: &Context, args: &ScheduleArgs) -> Result<(), Failure> {
    let text = &args.condition;
    if Path::new(text).exists() {
        context.printer.warn(format_args!(
            "--where {text} is the name of a file here; a shell puts names in the place of an unquoted star: write '*'"
        ));
    }
    if text.len() > MAX_CONDITION_BYTES {
        context.printer.warn(format_args!(
            "--where has {} bytes; the hub rejects conditions of more than {MAX_CONDITION_BYTES} with status 412",
            text.len()
        ));
    }
    let condition = module_condition(text).unwrap_or(text);
    match parse_condition(condition) {
        Err(_) if text.trim().is_empty() => {
            Err(Failure::usage("--where is empty; `*` is all devices"))
        }
        Err(error) if args.force_condition => {
            context.printer.warn(format_args!(
                "--where: {error}; sent as it is, for the hub to judge"
            ));
            Ok(())
        }
        Err(error) => Err(Failure::usage(format_args!("--where: {error}"))
            .hint(format_args!(
                "it is at the mark: {}",
                marked(condition, error.position())
            ))
            .hint("--force-condition sends the condition as it is")),
        Ok(condition) => {
            context.printer.warn_of_unquoted("--where", &condition);
            Ok(())
        }
    }
}

/// The part of a condition around a byte offset, which is marked.
fn marked(text: &str, position: usize) -> String {
    const AROUND: usize = 40;
    let (before, after) = text.split_at(text.floor_char_boundary(position));
    let start = before
        .char_indices()
        .rev()
        .nth(AROUND)
        .map_or(0, |(at, _)| at);
    let before = &before[start..];
    let after: String = after.chars().take(AROUND).collect();
    one_line(&format!("{before} >>> {after}"))
}

fn start_of(context: &Context, args: &ScheduleArgs) -> Result<Option<Timestamp>, Failure> {
    if let Some(after) = args.after {
        let start = Timestamp::try_from(SystemTime::now() + after);
        return start
            .map(Some)
            .map_err(|error| Failure::usage(format_args!("--after: {error}")));
    }
    let Some(text) = &args.start else {
        return Ok(None);
    };
    let zone = || {
        TimeZone::try_system().map_err(|error| {
            format!("the local time zone is not known ({error}); write the time with an offset, as in 2030-01-31T08:00:00Z")
        })
    };
    let start = start_time::parse(text, Timestamp::now(), zone)
        .map_err(|reason| Failure::usage(format_args!("--start {text}: {reason}")))?;
    if start.was_local {
        context.printer.note(format_args!(
            "--start {text} is local time: the job starts at {} (UTC)",
            start_time::in_seconds(start.at)
        ));
    }
    Ok(Some(start.at))
}

/// The given id, or one that says what the job does and is new.
fn id_of(args: &ScheduleArgs, work: &str) -> String {
    args.id.clone().unwrap_or_else(|| {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        format!("{work}-{:x}-{:x}", now.as_micros(), std::process::id())
    })
}

/// The patch that the options for single members make.
fn assigned(printer: &Printer, args: &ScheduleTwinArgs) -> Result<TwinPatch, Failure> {
    let tags = Assignments {
        section: Section::Tags,
        loose: ("--tag", &args.tags),
        texts: ("--tag-text", &args.tag_texts),
    };
    let desired = Assignments {
        section: Section::Desired,
        loose: ("--desired", &args.desired),
        texts: ("--desired-text", &args.desired_texts),
    };
    Ok(TwinPatch::new()
        .tags(tags.members(printer)?)
        .desired_properties(desired.members(printer)?))
}

/// Refuses what no twin takes. The hub would take the job, and the work fail on every device.
fn allowed(
    option: &str,
    section: Section,
    members: Map<String, Value>,
) -> Result<Map<String, Value>, Failure> {
    let broken = twin_section(section, &JsonObject::from(members.clone()))
        .into_iter()
        .find(|one| one.severity == Severity::Error);
    match broken {
        None => Ok(members),
        Some(one) => Err(Failure::usage(format_args!("{option}: {one}"))),
    }
}

/// A twin patch out of its JSON; anything that would be ignored is refused.
fn patch_of(document: &Value) -> Result<TwinPatch, Failure> {
    let shape =
        || Failure::usage("--patch must look like {\"tags\":{…},\"properties\":{\"desired\":{…}}}");
    let mut patch = TwinPatch::new();
    for (name, value) in document.as_object().ok_or_else(shape)? {
        let members = value.as_object();
        match (name.as_str(), members) {
            ("tags", Some(tags)) => {
                patch = patch.tags(allowed("--patch", Section::Tags, tags.clone())?);
            }
            ("properties", Some(properties)) if properties.keys().all(|key| key == "desired") => {
                let desired = properties
                    .get("desired")
                    .and_then(Value::as_object)
                    .ok_or_else(shape)?;
                let desired = allowed("--patch", Section::Desired, desired.clone())?;
                patch = patch.desired_properties(desired);
            }
            ("etag", None) => patch = patch.etag(value.as_str().ok_or_else(shape)?),
            _ => return Err(shape()),
        }
    }
    Ok(patch)
}

async fn read_json(
    context: &Context,
    path: &Path,
    input: SmallInput<'_>,
) -> Result<Value, Failure> {
    let text = input.read_text_or_stdin(path, &context.stdin).await?;
    let what = format!("{} {}", input.option, path.display());
    json_input::parse(&context.printer, &what, &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_mark_is_at_the_place_and_its_surroundings_are_bounded() {
        assert_eq!(marked("a = b c", 6), "a = b  >>> c");
        assert_eq!(marked("größe", 3), "gr >>> öße");
        let long = "x".repeat(1000);
        assert!(marked(&long, 500).len() < 100);
        assert_eq!(marked("", 7), " >>>");
    }

    #[test]
    fn a_patch_with_anything_else_is_refused() {
        assert!(
            patch_of(
                &json!({"tags": {"a": 1}, "properties": {"desired": {"b": null}}, "etag": "MQ=="})
            )
            .is_ok()
        );
        for wrong in [
            json!([]),
            json!({"tag": {}}),
            json!({"tags": 1}),
            json!({"properties": {"reported": {}}}),
            json!({"properties": {}}),
            json!({"desired": {"a": 1}}),
        ] {
            assert!(patch_of(&wrong).is_err(), "{wrong}");
        }
    }
}
