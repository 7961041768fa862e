//! `concord completions`: the command's words for a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Failure, Output};

/// `completions`
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell: `source <(concord completions bash)`
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
#[allow(clippy::unnecessary_wraps, reason = "every verb has this signature")]
pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "concord", &mut script);
    output.line(String::from_utf8_lossy(&script).trim_end());
    Ok(())
}
