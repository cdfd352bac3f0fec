//! Commands on device files.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

/// Work on device files: count, check, convert, filter, compare, generate
///
/// All of them stream, whatever the size of the file. `-` is standard input or output. A file that is not a device file is reported with its
/// format and with a command that makes a device file of it, exit code 2; only `convert` reads some other formats.
#[derive(Subcommand, Debug)]
pub(crate) enum DevicesCommand {
    Stats(StatsArgs),
    Check(CheckArgs),
    Convert(ConvertArgs),
    Filter(FilterArgs),
    SetMode(SetModeArgs),
    PrepareImport(PrepareImportArgs),
    Split(SplitArgs),
    Merge(MergeArgs),
    Diff(DiffArgs),
    Generate(GenerateArgs),
    #[command(alias = "anonymize")]
    Anonymise(AnonymiseArgs),
}

/// Count rows by kind, status and authentication
#[derive(Args, Debug)]
pub(crate) struct StatsArgs {
    /// Device files (`-` is standard input)
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Report what the hub would refuse or silently change
///
/// One line for each finding, FILE:LINE: severity: message, with the rule's name in brackets: the first ten of each rule, then how
/// many more it has. What concerns the file as a whole, such as that it is empty, is reported at line 1. JSON output holds every
/// finding. Exit code 1 when a finding is an error, 2 when the file is not a device file.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Device file (`-` is standard input)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What the file is for
    #[arg(long = "for", value_enum, value_name = "USE", default_value = "export")]
    pub(crate) purpose: PurposeArg,
    /// Print every finding, not only the first ten of each rule
    #[arg(long)]
    pub(crate) all: bool,
}

/// What a device file is checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PurposeArg {
    /// It came out of a hub: what the service itself writes is clean
    Export,
    /// It shall go into a hub
    Import,
}

/// Where the result of a device-file command goes.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutArgs {
    /// Write the result here (mode 0600) instead of to standard output; may be FILE itself
    ///
    /// The file appears when it is complete. A file that exists is not replaced by a result without some lines of the input,
    /// unless --rejects keeps these or --skip-bad-lines is given.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "-",
        hide_default_value = true
    )]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) lost: LostArgs,
}

/// What happens to lines that are not part of a result.
#[derive(Args, Clone, Debug)]
pub(crate) struct LostArgs {
    /// Write the lines that are not part of the result here, as they are in FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Leave out lines that are not rows: exit code 0, and an existing file is replaced without them
    ///
    /// Without this flag such lines make the exit code 1. A new file and standard output then have all other rows.
    #[arg(long)]
    pub(crate) skip_bad_lines: bool,
}

/// Convert between JSON lines, a JSON array, CSV and TSV, and to Parquet
#[derive(Args, Debug)]
pub(crate) struct ConvertArgs {
    /// File to read (`-` is standard input)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Form to write
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) to: FormArg,
    /// Form of FILE [default: by its first bytes, else by its extension]
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) from: Option<FormArg>,
    /// Columns of a table, for example id,site=tags.site,fw=properties.reported.fw:string [default: all]
    #[arg(long, value_name = "MAP")]
    pub(crate) columns: Option<String>,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Forms of a device file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormArg {
    /// One JSON document a line, as jobs read and write it
    Jsonl,
    /// One JSON array
    Json,
    /// Comma-separated values
    Csv,
    /// Tab-separated values
    Tsv,
    /// Apache Parquet (written, not read)
    Parquet,
}

/// Keep the rows that fulfil a condition
#[derive(Args, Debug)]
pub(crate) struct FilterArgs {
    /// Device file (`-` is standard input)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Condition in the hub's query language, for example: status = 'enabled' AND tags.site IN ['a','b']
    #[arg(long = "where", value_name = "COND", allow_hyphen_values = true)]
    pub(crate) condition: String,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Set the import mode of every row
#[derive(Args, Debug)]
pub(crate) struct SetModeArgs {
    /// Device file (`-` is standard input)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Import mode, for example createOrUpdate or delete
    #[arg(value_name = "MODE")]
    pub(crate) mode: String,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Make an exported file importable: modes set, system modules out, parents before children
#[derive(Args, Debug)]
pub(crate) struct PrepareImportArgs {
    /// Device file (`-` is standard input)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Import mode for every row [default: each keeps its own]
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<String>,
    /// Ask for new keys where a row has no pair of them, without a warning: the hub makes them, and the devices need them
    #[arg(long)]
    pub(crate) regenerate_keys: bool,
    /// Write the rows of system modules ($edgeAgent, $edgeHub) here instead of leaving them out
    #[arg(long, value_name = "FILE")]
    pub(crate) system_modules: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Cut a file into parts of so many rows (--rows) or of so many bytes (--bytes)
///
/// The parts are named after the file, as in devices-0001.txt. A folder that has such a part already is left as it is.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("size").required(true).args(["rows", "bytes"]))]
pub(crate) struct SplitArgs {
    /// Device file (`-` is standard input)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Rows in each part
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rows: Option<u64>,
    /// Bytes in each part, at most; a row is never cut
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) bytes: Option<u64>,
    /// Folder for the parts
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out_dir: PathBuf,
    #[command(flatten)]
    pub(crate) lost: LostArgs,
}

/// Join files into one, each identity once
#[derive(Args, Debug)]
pub(crate) struct MergeArgs {
    /// Device files (`-` is standard input)
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Which row of an identity with several stays
    #[arg(long, value_enum, value_name = "WHICH", default_value = "last")]
    pub(crate) keep: KeepArg,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Which of several rows of one identity stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeepArg {
    First,
    /// As an import of all files in order would leave it
    Last,
    All,
}

/// Compare two files: identities added, removed and changed
///
/// Order of rows and members, spacing and escapes are no difference. Exit code 0 when the files agree, 1 when they differ.
#[derive(Args, Debug)]
pub(crate) struct DiffArgs {
    /// The file before
    #[arg(value_name = "A")]
    pub(crate) before: PathBuf,
    /// The file after
    #[arg(value_name = "B")]
    pub(crate) after: PathBuf,
    /// Compare etags too
    #[arg(long)]
    pub(crate) with_etags: bool,
}

/// Make a device file for tests; its keys are no real keys
#[derive(Args, Debug)]
pub(crate) struct GenerateArgs {
    /// Number of rows
    #[arg(long, value_name = "N")]
    pub(crate) count: u64,
    /// The same seed makes the same file
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// What every device id begins with
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "test-",
        conflicts_with = "template"
    )]
    pub(crate) prefix: String,
    /// File with an example row to make every row from, with places such as {n:6}, {int:5-90}, {pick:a|b}, {key}
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Option<PathBuf>,
    /// Add the $edgeAgent and $edgeHub of edge devices, as an export has them
    #[arg(long)]
    pub(crate) system_modules: bool,
    /// Add etags, as an export has them
    #[arg(long)]
    pub(crate) etags: bool,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Replace ids, keys and thumbprints so that a file can be shared
#[derive(Args, Debug)]
pub(crate) struct AnonymiseArgs {
    /// Device file (`-` is standard input)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// File with the secret that the new ids are made with; the same secret gives the same ids
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: PathBuf,
    /// Leave tags and properties as they are, for files whose twins name nobody
    #[arg(long)]
    pub(crate) keep_twins: bool,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}
