//! Reads the command line's wishes and carries them out. One file per noun.

mod backup;
mod client;
mod completions;
mod config;
mod consent;
mod customer;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod failure;
mod healthcheck;
mod invocation;
mod keys;
mod link;
mod migrate;
mod openapi;
mod output;
mod serve;
mod service;
mod yaml;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::{Exit, Failure};
pub use invocation::Invocation;
pub use output::{Column, Format, Output};

/// One login, one customer id, consented links: an OpenID Provider for an ecosystem of services.
#[derive(Debug, Parser)]
#[command(name = "concord", version, propagate_version = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb understands.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Configuration file; may be given several times, later wins. Default: /etc/concord/config.toml when it exists
    #[arg(long, global = true, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    output: Format,
    /// Do not ask before something is ended or deleted
    #[arg(long, short, global = true)]
    yes: bool,
    /// Say what would happen and change nothing
    #[arg(long, global = true)]
    dry_run: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the server
    Serve,
    /// Run the demo ecosystem on this machine
    #[cfg(feature = "demo")]
    Demo(demo::Arguments),
    /// Bring the database's tables up to date
    #[command(subcommand)]
    Migrate(migrate::Verb),
    /// Look at this installation and say what is wrong, why, and how to mend it
    Doctor,
    /// Ask the running server whether it is ready: for containers without curl
    Healthcheck(healthcheck::Arguments),
    /// The configuration: where a value comes from, and whether all fit together
    #[command(subcommand)]
    Config(config::Verb),
    /// The keys that sign tokens
    #[command(subcommand)]
    Keys(keys::Verb),
    /// Partner services
    #[command(subcommand)]
    Service(service::Verb),
    /// OAuth clients of services
    #[command(subcommand)]
    Client(client::Verb),
    /// Customers
    #[command(subcommand)]
    Customer(customer::Verb),
    /// Links between customers and their accounts at services
    #[command(subcommand)]
    Link(link::Verb),
    /// Consents of customers
    #[command(subcommand)]
    Consent(consent::Verb),
    /// What to do after a restore
    #[command(subcommand)]
    Backup(backup::Verb),
    /// Print the description of the HTTP interface (OpenAPI)
    Openapi,
    /// Print the script that completes this command's words in a shell
    Completions(completions::Arguments),
}

/// Reads the command line and does what it says; the exit code is one of [`Exit`].
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    // One cryptographic provider for TLS everywhere; a second installation changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let output = Output::stdout(parsed.common.output);
    match carry_out(parsed, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}

fn carry_out(arguments: Arguments, output: &Output) -> Result<(), Failure> {
    // Verbs that must work when the configuration does not.
    match &arguments.verb {
        Verb::Openapi => return openapi::run(output),
        Verb::Completions(arguments) => return completions::run(arguments, output),
        #[cfg(feature = "demo")]
        Verb::Demo(arguments) => return demo::run(arguments, output),
        Verb::Config(config::Verb::Init(init)) => return config::init(init, &arguments.common, output),
        _ => {}
    }
    let invocation = Invocation::load(&arguments.common, matches!(arguments.verb, Verb::Serve), *output)?;
    match arguments.verb {
        Verb::Config(verb) => config::run(&verb, &invocation),
        Verb::Healthcheck(arguments) => healthcheck::run(&arguments, &invocation),
        Verb::Serve => invocation.block_on(serve::run(&invocation)),
        #[cfg(feature = "demo")]
        Verb::Demo(arguments) => demo::run(&arguments, output),
        Verb::Migrate(verb) => invocation.block_on(migrate::run(verb, &invocation)),
        Verb::Doctor => invocation.block_on(doctor::run(&invocation)),
        Verb::Keys(verb) => invocation.block_on(keys::run(verb, &invocation)),
        Verb::Service(verb) => invocation.block_on(service::run(verb, &invocation)),
        Verb::Client(verb) => invocation.block_on(client::run(verb, &invocation)),
        Verb::Customer(verb) => invocation.block_on(customer::run(verb, &invocation)),
        Verb::Link(verb) => invocation.block_on(link::run(verb, &invocation)),
        Verb::Consent(verb) => invocation.block_on(consent::run(verb, &invocation)),
        Verb::Backup(verb) => invocation.block_on(backup::run(verb, &invocation)),
        Verb::Openapi => openapi::run(output),
        Verb::Completions(arguments) => completions::run(&arguments, output),
    }
}

/// Reads an id or another word from the command line.
fn read<T>(text: &str) -> Result<T, Failure>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| Failure::new(Exit::Usage, format!("{text}: {error}")))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Arguments;

    #[test]
    fn the_tree_is_sound_and_every_verb_is_explained() {
        let command = Arguments::command();
        command.clone().debug_assert();
        for verb in command.get_subcommands() {
            assert!(verb.get_about().is_some(), "{}", verb.get_name());
            for inner in verb.get_subcommands() {
                assert!(inner.get_about().is_some(), "{} {}", verb.get_name(), inner.get_name());
            }
        }
    }

    #[test]
    fn common_options_stand_anywhere() {
        let parsed = Arguments::try_parse_from([
            "concord",
            "link",
            "end",
            "lnk_x",
            "--dry-run",
            "--output",
            "json",
            "--config",
            "a",
            "--config",
            "b",
        ])
        .unwrap();
        assert!(parsed.common.dry_run && parsed.common.config.len() == 2);
        assert_eq!(Arguments::try_parse_from(["concord", "lnk"]).unwrap_err().exit_code(), 2);
    }
}
