//! `man`.

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// Prints one manual page: the program, then each command under its own heading.
pub(crate) fn man(context: &Context) -> Outcome {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    let written = clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .and_then(|()| subcommands(&command, &mut page));
    written.map_err(|error| Failure::stdout(&error))?;
    context.printer.raw(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}

fn subcommands(parent: &clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    for command in parent
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
    {
        let name = command
            .get_bin_name()
            .unwrap_or_else(|| command.get_name())
            .to_uppercase();
        page.extend_from_slice(format!(".SH \"{name}\"\n").as_bytes());
        let man = clap_mangen::Man::new(command.clone());
        man.render_synopsis_section(page)?;
        man.render_description_section(page)?;
        man.render_options_section(page)?;
        subcommands(command, page)?;
    }
    Ok(())
}
