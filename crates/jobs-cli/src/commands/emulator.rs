//! `emulator`: the local hub as a process.

use std::path::{Path, PathBuf};

use jobs_emulator::{Emulator, EmulatorBuilder, FaultScript, Sku};

use crate::args::local::{EmulatorArgs, SkuArg};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::input;

/// Starts the hub, prints its ready line and serves until a signal or the time limit.
///
/// Signals are handled before the line is printed, so whoever reads the line can stop the hub at once.
pub(crate) async fn run(context: &Context, args: EmulatorArgs) -> Outcome {
    let builder = settings(&args, context.http_storage_hosts()).await?;
    context.stop.command_ends_by_itself();
    if args.no_auth {
        context
            .printer
            .warn("requests are accepted without a signature (--no-auth)");
    }
    let hub = tokio::select! {
        hub = builder.start() => hub.map_err(|error| Failure::of_chain(&error))?,
        () = context.stop.requested() => return Ok(Exit::Done),
    };
    for warning in hub.warnings() {
        context.printer.warn(format_args!(
            "{warning}; it stays in the data folder and is not listed"
        ));
    }
    context.printer.line(&hub.ready_line())?;
    context.printer.note(format_args!(
        "the local hub answers at {}; Ctrl-C stops it",
        hub.endpoint()
    ));
    if hub.ca_file().is_none() {
        context.printer.note(format_args!(
            "plain http: clients need IOTHUB_ENDPOINT={} beside the connection string",
            hub.endpoint()
        ));
    }
    context.stop.requested().await;
    hub.shutdown().await;
    Ok(Exit::Done)
}

async fn settings(
    args: &EmulatorArgs,
    http_storage_hosts: &[String],
) -> Result<EmulatorBuilder, Failure> {
    let mut builder = Emulator::builder()
        .listen(args.listen)
        .tls(args.tls)
        .auth(!args.no_auth)
        .entra_permissive(args.entra.is_some())
        .system_proxy(true)
        .throttle(args.throttle)
        .sku(match args.sku {
            SkuArg::F1 => Sku::F1,
            SkuArg::S1 => Sku::S1,
            SkuArg::S2 => Sku::S2,
            SkuArg::S3 => Sku::S3,
        });
    match &args.data {
        Some(folder) => builder = builder.data_dir(folder),
        None => builder = builder.ca_dir(shared_ca_folder()),
    }
    for folder in &args.files {
        builder = builder.files_dir(folder);
    }
    for host in http_storage_hosts {
        builder = builder.http_storage_host(host);
    }
    if let Some(delay) = args.job_delay {
        builder = builder.job_delay(delay);
    }
    if let Some(path) = &args.faults {
        builder = builder.faults(faults(path).await?);
    }
    Ok(builder)
}

async fn faults(path: &Path) -> Result<FaultScript, Failure> {
    let text = input::FAULTS.read_text(path).await?;
    text.parse()
        .map_err(|error| Failure::usage(format_args!("--faults {}: {error}", path.display())))
}

/// One development CA for all hubs of a user, so that it has to be trusted once.
fn shared_ca_folder() -> PathBuf {
    std::env::home_dir()
        .unwrap_or_else(std::env::temp_dir)
        .join(".iothub-jobs")
        .join("ca")
}
