//! Which command turns a file of another format into a device file.

use super::json::{Nesting, Shape};
use super::{Compression, FileFormat, Quoting};

/// Where a device file can always be had.
const FROM_HUB: &str = "download a device file from the hub: \
    `iothub-jobs export --include-keys --container-file URI_FILE --download devices.txt`";

pub(super) fn hint(format: FileFormat, file: Option<&str>, command: &str) -> String {
    let file = file.map_or_else(|| "FILE".to_owned(), quoted);
    if let Some((verb, tool)) = filter(format, &file) {
        return format!("{verb}: `{tool} | iothub-jobs {command}`{}", lost(format));
    }
    match format {
        FileFormat::Json(Shape::Configurations) => format!(
            "upload it as `configurations.txt` to the container of an import with --configurations, or {FROM_HUB}"
        ),
        FileFormat::Json(Shape::TrailingComma) => format!(
            "remove that comma and put each row on one line with `iothub-jobs devices convert {file} --to jsonl | iothub-jobs {command}`"
        ),
        FileFormat::Json(Shape::Enrollments) => format!(
            "the provisioning service makes devices of enrollments when they first connect; after that, {FROM_HUB}"
        ),
        FileFormat::Json(Shape::ErrorLog) => {
            "use the device file that was imported; the log only names its rejected rows".to_owned()
        }
        FileFormat::TableWithoutId { .. } => format!(
            "name its columns in the first line as `id,status,tags.site` does, or map them to members: \
             `iothub-jobs devices convert {file} --columns COLUMN=id,… --to jsonl`"
        ),
        FileFormat::ConnectionStrings => {
            format!("a hub has the keys of its devices, too; {FROM_HUB}")
        }
        FileFormat::Workbook => format!(
            "save its sheet as CSV, then convert that: `iothub-jobs devices convert devices.csv --to jsonl | iothub-jobs {command}`"
        ),
        _ => FROM_HUB.to_owned(),
    }
}

/// What to do, and the command that prints the file as a device file.
fn filter(format: FileFormat, file: &str) -> Option<(&'static str, String)> {
    Some(match format {
        FileFormat::Compressed(kind) => ("decompress it", decompress(kind, file)),
        FileFormat::Encoded(encoding) => (
            "convert it to UTF-8",
            format!("iconv -f {} -t UTF-8 {file}", encoding.iconv_name()),
        ),
        FileFormat::Table { .. }
        | FileFormat::Array
        | FileFormat::SeveralLines
        | FileFormat::Joined => (
            "put each row on one line",
            format!("iothub-jobs devices convert {file} --to jsonl"),
        ),
        FileFormat::CarriageReturns => (
            "end each line with a line feed",
            format!("tr '\\r' '\\n' < {file}"),
        ),
        FileFormat::Quoted(quoting) => ("take off the quotes", unquote(quoting, file)),
        FileFormat::Prefixed => (
            "remove the text before the rows",
            format!("LC_ALL=C sed 's/^[^{{]*//' {file}"),
        ),
        FileFormat::Json(shape) => ("make rows of it", rows(shape, file)?),
        _ => return None,
    })
}

fn decompress(kind: Compression, file: &str) -> String {
    match kind {
        // With another name, gunzip reads standard input alone.
        Compression::Gzip if file.ends_with(".gz") => format!("gunzip -c {file}"),
        Compression::Gzip => format!("gunzip -c < {file}"),
        Compression::Zstd => format!("zstd -dc < {file}"),
        Compression::Zip => format!("unzip -p {file}"),
        Compression::Xz => format!("xz -dc < {file}"),
        Compression::Bzip2 => format!("bzip2 -dc < {file}"),
    }
}

fn unquote(quoting: Quoting, file: &str) -> String {
    match quoting {
        Quoting::Json => format!("jq -r . {file}"),
        Quoting::Cell => format!("sed 's/^\"//; s/\"\\r*$//; s/\"\"/\"/g' {file}"),
        Quoting::Single => format!("sed \"s/^'//; s/'\\r*$//\" {file}"),
    }
}

/// What the rows of a tool lack, as the end of a hint.
fn lost(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Json(Shape::HubState) => {
            " (parents of devices, configurations and the hub's own settings are not carried)"
        }
        FileFormat::Json(Shape::Twins(_)) => " (twins have no keys)",
        _ => "",
    }
}

/// The members of a row, out of a twin, an identity or a row. Programs of .NET may write the status as a number.
const ROW: &str = "{id: (.id // .deviceId), moduleId, importMode, status: (.status // \"enabled\" \
    | if type == \"number\" then [\"enabled\", \"disabled\"][.] else ascii_downcase end), statusReason, \
    authentication: (.authentication // {type: .authenticationType, x509Thumbprint}), capabilities, deviceScope, parentScopes, \
    tags: (.tags // .twin.tags), properties: {desired: ((.properties // .twin.properties).desired // {} \
    | del(.[\"$metadata\", \"$version\"]))}} | with_entries(select(.value != null))";

/// Member names with a small letter at the start, but for those in twins.
const SMALL: &str = "def small: if type == \"object\" then with_entries(.key |= (.[:1] | ascii_downcase) + .[1:]) else . end; \
    small | .authentication |= walk(small) | .capabilities |= small | .properties |= small";

/// The devices of a hub's state, each with its modules behind it.
const STATE: &str = "(.devices // .Devices) | to_entries[] | {id: .key} as $device | .value | [$device + .identity + {twin}, \
    (.modules // {} | to_entries[] | $device + {moduleId: .key} + .value.identity + {twin: .value.twin})][]";

fn rows(shape: Shape, file: &str) -> Option<String> {
    let (nesting, small) = match shape {
        Shape::HubState => return Some(format!("jq -c '{STATE} | {ROW}' {file}")),
        Shape::Twins(nesting) | Shape::Identities(nesting) => (nesting, None),
        Shape::Capitals(nesting) => (nesting, Some(SMALL)),
        _ => return None,
    };
    let each = match nesting {
        Nesting::Single | Nesting::Lines => ".",
        Nesting::Array => ".[]",
        Nesting::Devices => "(.devices // .Devices)[]",
        Nesting::Value => ".value[]",
    };
    let steps = [Some(each), small, Some(ROW)].into_iter().flatten();
    let steps = steps.collect::<Vec<_>>().join(" | ");
    Some(format!("jq -c '{steps}' {file}"))
}

/// A file name as a shell reads it.
fn quoted(file: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-+=@%,:".contains(&byte);
    let file = match file.starts_with('-') {
        true => format!("./{file}"),
        false => file.to_owned(),
    };
    match file.bytes().all(is_plain) {
        true => file,
        false => format!("'{}'", file.replace('\'', r"'\''")),
    }
}
