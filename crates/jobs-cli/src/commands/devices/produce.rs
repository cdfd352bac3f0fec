//! Device files for others: `convert`, `generate`, `anonymise`.

use std::io;
use std::path::Path;

use jobs_devices::transform::{
    self, AnonymiseKey, Columns, Format, GenerateOptions, Template, TransformError, TwinText,
};

use super::work::{self, Source, Targets};
use crate::args::devices::{AnonymiseArgs, ConvertArgs, FormArg, GenerateArgs};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::printer::counted;

pub(super) async fn convert(context: &Context, args: ConvertArgs) -> Outcome {
    let to = form(args.to)?;
    let columns = args
        .columns
        .as_deref()
        .map(str::parse::<Columns>)
        .transpose();
    let columns = columns.map_err(|error| Failure::usage(format_args!("--columns: {error}")))?;
    let source = Source::open(context, &args.file)?;
    let named = Format::of_path(&args.file);
    let (from, source) = match args.from.map(form).transpose()? {
        Some(from) => (from, source),
        None => {
            let (start, source) = work::blocking(|| source.beginning()).await?;
            (form_of(named, &start), source)
        }
    };
    refuse_forms(from, to, columns.is_some())?;
    let targets = Targets::create(&args.out, &[&args.file])?;
    let printer = context.printer.clone();
    work::run(
        context,
        "convert",
        source,
        targets,
        move |read, out, with| {
            let report = transform::convert(read, from, out, to, columns.as_ref(), with)?;
            for lost in &report.not_carried {
                printer.warn(format_args!(
                    "the table does not carry {}, which {} had",
                    lost.member,
                    counted(lost.rows, "row")
                ));
            }
            Ok(report)
        },
    )
    .await
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

/// The form of a file by its extension, else by its beginning. Device files are often called `.json`, so an object where an array
/// should begin tells of lines.
fn form_of(named: Option<Format>, start: &[u8]) -> Format {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    match named {
        Some(Format::Json) if text.trim_ascii_start().starts_with(b"{") => Format::Lines,
        Some(named) => named,
        None => Format::of_content(start),
    }
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
        work::keep("--template", path, &args.out)?;
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::file("read the template", path, &error))?;
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
    let source = Source {
        read: Box::new(io::empty()),
        name: "the generator".to_owned(),
        size: None,
    };
    let targets = Targets::create(&args.out, &[])?;
    let printer = context.printer.clone();
    work::run(context, "generate", source, targets, move |_, out, with| {
        let report = transform::generate(out, &options, with)?;
        if report.duplicates > 0 {
            printer.warn(format_args!(
                "the template made {} for an identity that has one; write {{n}} into `id` or `moduleId`",
                counted(report.duplicates, "row")
            ));
        }
        Ok(report)
    })
    .await
}

pub(super) async fn anonymise(context: &Context, args: AnonymiseArgs) -> Outcome {
    work::keep("--key-file", &args.key_file, &args.out)?;
    let key = read_key(context, &args.key_file)?;
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
        move |read, out, with| transform::anonymise(read, out, &key, twins, with),
    )
    .await
}

/// The secret that the new ids are made with.
fn read_key(context: &Context, path: &Path) -> Result<AnonymiseKey, Failure> {
    let content = if path == Path::new("-") {
        context.stdin.take("--key-file")?;
        io::read_to_string(io::stdin()).map(String::into_bytes)
    } else {
        std::fs::read(path)
    };
    let content =
        content.map_err(|error| Failure::file("read the key (--key-file)", path, &error))?;
    AnonymiseKey::new(&content)
        .ok_or_else(|| Failure::usage(format_args!("--key-file {} is empty", path.display())))
}
