//! `concord keys`: the keys that sign tokens.

use clap::Subcommand;

use super::{Failure, Invocation};

/// The verbs of `keys`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List signing keys with their states and dates
    List,
    /// Publish a new key of an algorithm, or put the pending one to work
    Rotate {
        /// ES256 or RS256
        #[arg(long, default_value = "ES256")]
        algorithm: String,
        /// At once instead of after the time of publishing
        #[arg(long)]
        now: bool,
    },
    /// Take a key out of use
    Retire {
        /// The key's id
        kid: String,
        /// Emergency: nothing it has signed is believed any more
        #[arg(long)]
        now: bool,
    },
    /// Print the public keys as a JWK set
    ExportJwks,
}

/// Carries out a verb.
#[allow(clippy::unused_async, reason = "verbs that do something wait for the database")]
pub(super) async fn run(verb: Verb, _invocation: &Invocation) -> Result<(), Failure> {
    Err(Failure::not_in_this_build(match verb {
        Verb::List => "keys list",
        Verb::Rotate { .. } => "keys rotate",
        Verb::Retire { .. } => "keys retire",
        Verb::ExportJwks => "keys export-jwks",
    }))
}
