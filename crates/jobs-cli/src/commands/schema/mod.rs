//! `schema [MODEL]`.

mod documents;

use jobs_ext::model;
use schemars::{Schema, schema_for};
use serde_json::Value;

use crate::args::Format;
use crate::args::local::SchemaArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::table::Table;

/// A model: its name, where it is met, and how its schema is made.
type Model = (&'static str, &'static str, fn() -> Schema);

/// Prints the schema of one model, or the names of all.
pub(crate) fn schema(context: &Context, args: &SchemaArgs) -> Outcome {
    let printer = &context.printer;
    let Some(name) = &args.model else {
        let mut table = Table::new(["MODEL", "WHERE"]);
        for (name, place, _) in MODELS {
            table.row([name, place]);
        }
        if printer.format == Format::Table {
            printer.table(&table)?;
        } else {
            printer.json_list(MODELS.iter().map(|(name, ..)| Value::from(*name)).collect())?;
        }
        return Ok(Exit::Done);
    };
    let Some((_, _, make)) = MODELS
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(name))
    else {
        return Err(Failure::usage(format_args!("there is no model {name}"))
            .hint("`iothub-jobs schema` lists them"));
    };
    printer.json(make().to_value())?;
    Ok(Exit::Done)
}

const MODELS: [Model; 22] = [
    (
        "JobProperties",
        "API: an import or export job; `get`, `import`, `export`",
        || schema_for!(model::JobProperties),
    ),
    (
        "JobRequest",
        "API: a scheduled job as it is created",
        || schema_for!(model::JobRequest),
    ),
    ("JobResponse", "API: a scheduled job as it stands", || {
        schema_for!(model::JobResponse)
    }),
    (
        "CloudToDeviceMethod",
        "API: the method that a scheduled job calls",
        || schema_for!(model::CloudToDeviceMethod),
    ),
    ("Twin", "API: the twin that a scheduled job updates", || {
        schema_for!(model::Twin)
    }),
    ("TwinProperties", "API: the properties of a twin", || {
        schema_for!(model::TwinProperties)
    }),
    (
        "DeviceCapabilities",
        "API: the capabilities of a device",
        || schema_for!(model::DeviceCapabilities),
    ),
    (
        "DeviceJobStatistics",
        "API: the counts of a scheduled job",
        || schema_for!(model::DeviceJobStatistics),
    ),
    ("X509Thumbprint", "API: the thumbprints of a device", || {
        schema_for!(model::X509Thumbprint)
    }),
    ("JobType", "API: the types of jobs", || {
        schema_for!(model::JobType)
    }),
    ("JobStatus", "API: the states of jobs", || {
        schema_for!(model::JobStatus)
    }),
    (
        "StorageAuthenticationType",
        "API: how a hub signs in to storage",
        || schema_for!(model::StorageAuthenticationType),
    ),
    ("DeviceStatus", "API: whether a device may connect", || {
        schema_for!(model::DeviceStatus)
    }),
    (
        "DeviceConnectionState",
        "API: whether a device is connected",
        || schema_for!(model::DeviceConnectionState),
    ),
    (
        "DeviceAuthenticationType",
        "API: how a device signs in",
        || schema_for!(model::DeviceAuthenticationType),
    ),
    ("DeviceRow", "file: a line of devices.txt", || {
        Schema::try_from(jobs_devices::rules::row_schema()).unwrap_or_default()
    }),
    (
        "ImportError",
        "file: a line of importErrors.log; `import`",
        || schema_for!(documents::ImportError),
    ),
    ("ImportOutcome", "output: `import -o json`", || {
        schema_for!(documents::ImportOutcome)
    }),
    ("StatsReport", "output: `devices stats -o json`", || {
        schema_for!(documents::StatsReport)
    }),
    ("CheckReport", "output: `devices check -o json`", || {
        schema_for!(documents::CheckReport)
    }),
    ("DiffReport", "output: `devices diff -o json`", || {
        schema_for!(documents::DiffReport)
    }),
    ("ReadyLine", "output: the line of `emulator`", || {
        schema_for!(documents::ReadyLine)
    }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_is_named_after_its_model_and_describes_it() {
        for (name, _, make) in MODELS {
            let schema = make().to_value();
            assert_eq!(schema["title"], name);
            assert!(schema["description"].is_string(), "{name}");
        }
    }

    #[test]
    fn a_job_has_the_wires_own_names() {
        let schema = schema_for!(model::JobProperties).to_value();
        assert!(schema["properties"].get("outputBlobContainerUri").is_some());
    }
}
