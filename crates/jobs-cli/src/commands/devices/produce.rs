//! Device files for others: `convert`, `generate`, `anonymise`.

use std::path::Path;
use std::sync::mpsc;

use jobs_devices::format::{FileFormat, recognize};

use jobs_devices::transform::{
    self, AnonymiseKey, Columns, Format, GenerateOptions, Template, TransformError, TwinText,
};

use super::source::{Input, Source};
use super::targets::{self, Results, Targets};
use super::work;
use crate::args::devices::{AnonymiseArgs, ConvertArgs, FormArg, GenerateArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::input;
use crate::printer::counted;
use crate::recognize::not_a_device_file;

pub(super) async fn convert(context: &Context, args: ConvertArgs) -> Outcome {
    let to = form(args.to)?;
    let columns = args
        .columns
        .as_deref()
        .map(str::parse::<Columns>)
        .transpose();
    let columns = columns.map_err(|error| Failure::usage(format_args!("--columns: {error}")))?;
    let source = Source::open(context, &args.file)?;
    let size = source.size;
    let named = Format::of_path(&args.file);
    let from = args.from.map(form).transpose()?;
    if let Some(from) = from {
        refuse_forms(from, to, columns.is_some())?;
    }
    let targets = Targets::create(&args.out, &[&args.file])?;
    let printer = context.printer.clone();
    // The form is known when the first bytes are read, on the thread that the rows are read on.
    let (chosen, form) = mpsc::channel();
    let with_columns = columns.is_some();
    let open = move || {
        let (mut input, read) = source.recognize()?;
        let from = match from {
            Some(from) => form_given(from, &input)?,
            None => form_of(named, &input)?,
        };
        refuse_forms(from, to, with_columns)?;
        input.read_as(from);
        // The other end waits for it.
        let _ = chosen.send(from);
        Ok((input, read))
    };
    let convert = move |read, results: &mut Results, with: &mut transform::Context<'_>| {
        let from = form.recv().unwrap_or(Format::Lines);
        let report = transform::convert(read, from, &mut results.out, to, columns.as_ref(), with)?;
        for lost in &report.not_carried {
            printer.warn(format_args!(
                "the table does not carry {}, which {} had",
                lost.member,
                counted(lost.rows, "row")
            ));
        }
        Ok::<_, TransformError>(report)
    };
    work::run_recognized(context, "convert", size, targets, convert, open).await
}

/// What cannot be done with these forms, before anything is written.
fn refuse_forms(from: Format, to: Format, with_columns: bool) -> Result<(), Failure> {
    let is_text = |form| matches!(form, Format::Lines | Format::Json);
    if !is_text(from) && from != Format::Csv && from != Format::Tsv {
        return Err(Failure::usage(
            "Parquet is written and not read; convert the table to CSV first",
        )
        .hint("if FILE is no Parquet table, say its form with --from"));
    }
    if with_columns && is_text(from) && is_text(to) {
        return Err(Failure::usage(
            "--columns is for tables (csv, tsv, parquet); here neither FILE nor the result is one",
        ));
    }
    Ok(())
}

/// The form that the user named, for a file that can be of that form.
fn form_given(from: Format, input: &Input) -> Result<Format, Failure> {
    let is_text = !matches!(
        input.format,
        FileFormat::Compressed(_)
            | FileFormat::Encoded(_)
            | FileFormat::Workbook
            | FileFormat::Parquet
    );
    match is_text {
        true => Ok(from),
        false => Err(input.is_another_format(&work::piped("convert"))),
    }
}

/// The form of a file by its first bytes, and where these show nothing, by its extension.
fn form_of(named: Option<Format>, input: &Input) -> Result<Format, Failure> {
    if input.format.is_certain() && Format::of_file(input.format).is_none() {
        return Err(input.is_another_format(&work::piped("convert")));
    }
    let of_content = Format::of_file(input.format);
    let is_table = |form| matches!(form, Format::Csv | Format::Tsv);
    Ok(match (named, of_content) {
        (Some(named), Some(form)) if is_table(named) && is_table(form) => named,
        (_, Some(form)) => form,
        (Some(Format::Json), None) if input.may_start_with_row => Format::Lines,
        (None, None) => Format::Lines,
        (Some(named), None) => named,
    })
}

fn form(argument: FormArg) -> Result<Format, Failure> {
    let name = match argument {
        FormArg::Jsonl => "jsonl",
        FormArg::Json => "json",
        FormArg::Csv => "csv",
        FormArg::Tsv => "tsv",
        FormArg::Parquet => "parquet",
    };
    name.parse()
        .map_err(|error: TransformError| Failure::of_chain(&error))
}

pub(super) async fn generate(context: &Context, args: GenerateArgs) -> Outcome {
    let mut options = GenerateOptions::new(args.count)
        .seed(args.seed)
        .prefix(args.prefix)
        .system_modules(args.system_modules)
        .etags(args.etags);
    if let Some(path) = &args.template {
        targets::keep("--template", path, &args.out)?;
        let text = template_text(path, input::TEMPLATE.read(path).await?)?;
        if text.trim().is_empty() {
            return Err(Failure::usage(format_args!(
                "the template {} is empty; it should hold one example row",
                path.display()
            )));
        }
        let template = text.trim().parse::<Template>();
        options =
            options
                .template(template.map_err(|error| {
                    Failure::usage(format_args!("{}: {error}", path.display()))
                })?);
    }
    let source = Source::nothing("the generator", None);
    let targets = Targets::create(&args.out, &[])?;
    let printer = context.printer.clone();
    work::run(context, "generate", source, targets, move |_, results, with| {
        let report = transform::generate(&mut results.out, &options, with)?;
        if report.duplicates > 0 {
            printer.warn(format_args!(
                "the template made {} for an identity that has one; write {{n}} into `id` or `moduleId`",
                counted(report.duplicates, "row")
            ));
        }
        Ok::<_, TransformError>(report)
    })
    .await
}

/// The text of a template, which is one row.
fn template_text(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    let format = recognize(&bytes);
    if format.is_certain() && format != FileFormat::SeveralLines {
        let name = format!("the template {}", path.display());
        let command = "devices generate --count N --template /dev/stdin";
        return Err(not_a_device_file(&name, Some(path), format, command));
    }
    String::from_utf8(bytes).map_err(|_| {
        Failure::usage(format_args!(
            "the template {} is not UTF-8 text",
            path.display()
        ))
    })
}

pub(super) async fn anonymise(context: &Context, args: AnonymiseArgs) -> Outcome {
    targets::keep("--key-file", &args.key_file, &args.out)?;
    let key = read_key(context, &args.key_file).await?;
    let source = Source::open(context, &args.file)?;
    let targets = Targets::create(&args.out, &[&args.file])?;
    let twins = if args.keep_twins {
        TwinText::Keep
    } else {
        TwinText::Mask
    };
    work::run(
        context,
        "anonymise",
        source,
        targets,
        move |read, results, with| transform::anonymise(read, &mut results.out, &key, twins, with),
    )
    .await
}

/// The secret that the new ids are made with.
async fn read_key(context: &Context, path: &Path) -> Result<AnonymiseKey, Failure> {
    let content = input::KEY_FILE.read_or_stdin(path, &context.stdin).await?;
    AnonymiseKey::new(&content)
        .ok_or_else(|| Failure::usage(format_args!("--key-file {} is empty", path.display())))
}
