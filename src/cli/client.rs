//! `concord client`: OAuth clients of services.

use clap::Subcommand;

use super::{Failure, Invocation};

/// The verbs of `client`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List clients
    List {
        /// Only those of one service
        #[arg(long)]
        service: Option<String>,
    },
    /// Show a client
    Show {
        /// The client_id
        client: String,
    },
    /// Make a new secret, shown once; the old one stays valid for a while
    RotateSecret {
        /// The client_id
        client: String,
        /// The old secret ends at once
        #[arg(long)]
        now: bool,
    },
    /// Switch a client off: its grants end
    Disable {
        /// The client_id
        client: String,
    },
    /// Switch a client on again; what had ended stays ended
    Enable {
        /// The client_id
        client: String,
    },
}

/// Carries out a verb.
#[allow(clippy::unused_async, reason = "verbs that do something wait for the database")]
pub(super) async fn run(verb: Verb, _invocation: &Invocation) -> Result<(), Failure> {
    Err(Failure::not_in_this_build(match verb {
        Verb::List { .. } => "client list",
        Verb::Show { .. } => "client show",
        Verb::RotateSecret { .. } => "client rotate-secret",
        Verb::Disable { .. } => "client disable",
        Verb::Enable { .. } => "client enable",
    }))
}
