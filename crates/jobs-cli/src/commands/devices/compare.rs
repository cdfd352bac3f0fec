//! `devices diff`.

use jobs_devices::transform::{
    self, DiffOptions, DiffSummary, Difference, Identity, TransformError,
};

use super::source::Source;
use super::spool::Spool;
use super::work;
use crate::args::Format;
use crate::args::devices::DiffArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::outfile;
use crate::printer::{Printer, counted, one_line};
use crate::progress::Progress;

/// Compares two files.
pub(super) async fn diff(context: &Context, args: DiffArgs) -> Outcome {
    let (first, second) = (
        Source::open(context, &args.before)?,
        Source::open(context, &args.after)?,
    );
    let options = DiffOptions::new().with_etags(args.with_etags);
    let printer = context.printer.clone();
    let (summary, lists) =
        work::blocking(move || compare(&printer, first, second, options)).await?;
    for (path, passed) in [
        (&args.before, &summary.first),
        (&args.after, &summary.second),
    ] {
        let file = format!("{}, ", path.display());
        for problem in &passed.problems {
            work::show_problem(&context.printer, &file, &work::to_value(problem)?);
        }
    }
    let is_same = lists.is_empty();
    let printer = context.printer.clone();
    let bad = summary.first.bad_lines + summary.second.bad_lines;
    work::blocking(move || match printer.format {
        Format::Table => lists.print_lines(&printer, summary.unchanged),
        Format::Json | Format::Jsonl => lists.print_document(&printer, &summary),
    })
    .await?;
    if bad > 0 {
        return Err(Failure::work(format_args!(
            "{} could not be compared",
            counted(bad, "bad line")
        )));
    }
    Ok(if is_same {
        Exit::Done
    } else {
        Exit::WorkFailed
    })
}

fn compare(
    printer: &Printer,
    first: Source,
    second: Source,
    options: DiffOptions,
) -> Result<(DiffSummary, Lists), Failure> {
    let mut lists = Lists::new(printer.format)?;
    let progress = Progress::bytes(printer, "diff", None);
    let mut tell = |at: transform::Progress| progress.position(at.bytes);
    let mut with = transform::Context::new().progress(&mut tell);
    let command = work::piped("diff");
    let (first, first_read) = first.rows(&command)?;
    let (second, second_read) = second.rows(&command)?;
    let names = format!("{} or {}", first.name, second.name);
    let add = |difference| {
        let added = lists.add(difference);
        added.map_err(|failure| TransformError::Write(outfile::passed_on(failure.message())))
    };
    let summary = transform::diff_each(first_read, second_read, options, &mut with, add)
        .map_err(|error| work::failure(&names, error))?;
    first.refuse_without_rows((&summary.first).into(), &command)?;
    second.refuse_without_rows((&summary.second).into(), &command)?;
    Ok((summary, lists))
}

/// The differences as they are printed. They come in the order of ids, and are printed list by list.
struct Lists {
    format: Format,
    added: Spool,
    removed: Spool,
    changed: Spool,
}

impl Lists {
    fn new(format: Format) -> Result<Self, Failure> {
        Ok(Self {
            format,
            added: Spool::new(format)?,
            removed: Spool::new(format)?,
            changed: Spool::new(format)?,
        })
    }

    fn is_empty(&self) -> bool {
        self.added.count + self.removed.count + self.changed.count == 0
    }

    fn add(&mut self, difference: Difference) -> Result<(), Failure> {
        let is_text = self.format == Format::Table;
        match difference {
            Difference::Added(identity) if is_text => {
                self.added.line(&format!("+ {}", name(&identity)))
            }
            Difference::Removed(identity) if is_text => {
                self.removed.line(&format!("- {}", name(&identity)))
            }
            Difference::Changed(changed) if is_text => self.changed.line(&format!(
                "~ {}  {}",
                name(&changed.identity),
                one_line(&changed.fields.join(", "))
            )),
            Difference::Added(identity) => self.added.document(&identity),
            Difference::Removed(identity) => self.removed.document(&identity),
            Difference::Changed(changed) => self.changed.document(&changed),
            other => Err(Failure::work(format_args!(
                "a difference of an unknown kind: {other:?}"
            ))),
        }
    }

    fn print_lines(self, printer: &Printer, unchanged: u64) -> Result<(), Failure> {
        let counts = format!(
            "{} added, {} removed, {} changed, {unchanged} the same",
            self.added.count, self.removed.count, self.changed.count
        );
        for list in [self.removed, self.added, self.changed] {
            list.print(printer)?;
        }
        printer.note(counts);
        Ok(())
    }

    fn print_document(self, printer: &Printer, summary: &DiffSummary) -> Result<(), Failure> {
        let mut rest = work::to_value(summary)?;
        // Ids and the names of members are no secrets, whatever they look like; the words of a file may hold some.
        for read in ["first", "second"] {
            printer.mask(&mut rest[read]);
        }
        let is_one_line = self.format == Format::Jsonl;
        let [open, name_end, next, close] = match is_one_line {
            true => ["{\"", "\":", ",\"", "}\n"],
            false => ["{\n  \"", "\": ", ",\n  \"", "\n}\n"],
        };
        let mut lists = [
            ("added", self.added),
            ("changed", self.changed),
            ("removed", self.removed),
        ]
        .into_iter()
        .peekable();
        let mut before = open;
        // Members are in the order of their names, as in every document.
        for (member, value) in rest.as_object().into_iter().flatten() {
            while let Some((list, spool)) = lists.next_if(|(list, _)| *list < member.as_str()) {
                printer.raw(&format!("{before}{list}{name_end}"))?;
                spool.print_list(printer)?;
                before = next;
            }
            let value = match is_one_line {
                true => value.to_string(),
                false => format!("{value:#}").replace('\n', "\n  "),
            };
            printer.raw(&format!("{before}{member}{name_end}{value}"))?;
            before = next;
        }
        printer.raw(close)
    }
}

fn name(identity: &Identity) -> String {
    let name = match &identity.module_id {
        Some(module) => format!("{}/{module}", identity.id),
        None => identity.id.clone(),
    };
    one_line(&name)
}
