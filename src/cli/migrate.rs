//! `concord migrate`: the database's tables.

use clap::Subcommand;

use super::{Failure, Invocation};

/// The verbs of `migrate`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Bring the tables up to date, as the role of database.owner_url
    Up,
    /// Say which migrations are applied and which are missing
    Status,
}

/// Carries out a verb.
#[allow(clippy::unused_async, reason = "verbs that do something wait for the database")]
pub(super) async fn run(verb: Verb, _invocation: &Invocation) -> Result<(), Failure> {
    Err(Failure::not_in_this_build(match verb {
        Verb::Up => "migrate up",
        Verb::Status => "migrate status",
    }))
}
