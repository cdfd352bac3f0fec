//! The shapes of files and outputs, for their schemas alone: nothing is read or written through these types.
#![expect(dead_code, reason = "the fields are there to be described")]

use std::collections::BTreeMap;

use schemars::JsonSchema;

/// A row that an import rejected.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(super) struct ImportError {
    /// The device; absent when the line could not be read.
    device_id: Option<String>,
    /// The module, for the row of a module.
    module_id: Option<String>,
    /// The service's number for the cause, for example 404001.
    error_code: i64,
    /// The cause in the hub's words, which may quote the line.
    error_status: String,
}

/// The members that `import` adds to those of the job.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(super) struct ImportOutcome {
    /// Id of the job.
    job_id: String,
    /// `completed`, also when rows were rejected.
    status: String,
    /// How many rows were rejected.
    rejected_count: u64,
    /// The rejected rows.
    rejected: Vec<ImportError>,
}

/// What `devices stats` counts.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(super) struct StatsReport {
    /// Lines that are rows.
    rows: u64,
    /// Rows of devices.
    devices: u64,
    /// Rows of modules.
    modules: u64,
    /// Lines of plain words.
    notices: u64,
    /// Lines that are no rows.
    bad_lines: u64,
    /// Size of the files.
    bytes: u64,
    /// Rows by status.
    by_status: BTreeMap<String, u64>,
    /// Rows by kind of authentication.
    by_authentication: BTreeMap<String, u64>,
    /// Edge devices.
    edge: u64,
    /// Rows with tags.
    with_tags: u64,
    /// Rows whose identity stood in an earlier row.
    duplicates: u64,
}

/// What `devices check` finds.
#[derive(JsonSchema)]
pub(super) struct CheckReport {
    /// Lines that are rows.
    rows: u64,
    /// What the hub would refuse or change.
    findings: Vec<CheckFinding>,
}

/// One finding.
#[derive(JsonSchema)]
struct CheckFinding {
    /// The line, from 1.
    line: u64,
    /// Offset of the line's first byte.
    offset: u64,
    /// `error` or `warning`.
    severity: String,
    /// Name of the rule.
    rule: String,
    /// What is wrong and what to do.
    message: String,
}

/// How two device files differ.
#[derive(JsonSchema)]
pub(super) struct DiffReport {
    /// Identities only in the second file.
    added: Vec<DiffIdentity>,
    /// Identities only in the first file.
    removed: Vec<DiffIdentity>,
    /// Identities whose rows differ.
    changed: Vec<DiffChange>,
}

/// A device, or a module of one.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct DiffIdentity {
    /// Id of the device.
    id: String,
    /// Id of the module.
    module_id: Option<String>,
}

/// An identity whose rows differ.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct DiffChange {
    /// Id of the device.
    id: String,
    /// Id of the module.
    module_id: Option<String>,
    /// Paths of the members that differ.
    fields: Vec<String>,
}

/// The one line that the local hub prints when it is ready. Readers ignore further members.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub(super) struct ReadyLine {
    /// Where it answers: a numeric loopback address.
    endpoint: String,
    /// Connection string of the policy iothubowner.
    connection_string: String,
    /// Certificate to trust, with `--tls`.
    ca_file: Option<String>,
    /// Shared access policies.
    policies: Vec<ReadyPolicy>,
    /// Base of the admin API.
    admin_endpoint: String,
}

/// A shared access policy.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct ReadyPolicy {
    /// Its name.
    name: String,
    /// What it allows.
    rights: String,
    /// Its first key.
    primary_key: String,
    /// Its second key.
    secondary_key: String,
}
