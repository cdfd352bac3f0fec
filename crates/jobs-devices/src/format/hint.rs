//! Which command turns a file of another format into a device file.

use super::json::{Nesting, Shape};
use super::{Compression, FileFormat, Quoting};

/// Where a device file can always be had.
const FROM_HUB: &str = "download a device file from the hub: \
    `iothub-jobs export --include-keys --container-file URI_FILE --download devices.txt`";

pub(super) fn hint(format: FileFormat, file: Option<&str>, command: &str) -> String {
    let file = file.map_or_else(|| "FILE".to_owned(), quoted);
    if let Some((verb, tool)) = filter(format, &file) {
        return format!("{verb}: `{tool} | iothub-jobs {command}`");
    }
    match format {
        FileFormat::Json(Shape::Configurations) => format!(
            "import configurations with `iothub-jobs import {file} --configurations`, or {FROM_HUB}"
        ),
        FileFormat::Json(Shape::ErrorLog) => {
            "use the device file that was imported; the log only names its rejected rows".to_owned()
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

/// The members of a row, out of a twin or an identity.
const ROW: &str = "{id: (.id // .deviceId), moduleId, status: (.status // \"enabled\" | ascii_downcase), \
    authentication: (.authentication // {type: .authenticationType, x509Thumbprint}), capabilities, deviceScope, \
    tags: (.tags // .twin.tags), properties: {desired: ((.properties // .twin.properties).desired // {} \
    | del(.[\"$metadata\", \"$version\"]))}} | with_entries(select(.value != null))";

fn rows(shape: Shape, file: &str) -> Option<String> {
    let (Shape::Twins(nesting) | Shape::Identities(nesting)) = shape else {
        return (shape == Shape::HubState).then(|| {
            format!("jq -c '.devices | to_entries[] | {{id: .key}} + .value.identity + {{twin: .value.twin}} | {ROW}' {file}")
        });
    };
    let each = match nesting {
        Nesting::Single | Nesting::Lines => ".",
        Nesting::Array => ".[]",
        Nesting::Devices => ".devices[]",
        Nesting::Value => ".value[]",
    };
    Some(format!("jq -c '{each} | {ROW}' {file}"))
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
