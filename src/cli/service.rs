//! `concord service`: partner services.

use clap::Subcommand;

use super::{Failure, Invocation};

/// The verbs of `service`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Create or change services, their clients and scopes from a file; --dry-run shows the difference
    Apply {
        /// TOML file
        #[arg(value_name = "FILE")]
        file: std::path::PathBuf,
    },
    /// List services
    List,
    /// Show a service with its clients, scopes and policies
    Show {
        /// The service's code
        service: String,
    },
    /// Switch a service off: its grants end, its product domain is not granted
    Disable {
        /// The service's code
        service: String,
    },
    /// Switch a service on again; what had ended stays ended
    Enable {
        /// The service's code
        service: String,
    },
    /// Check a service's addresses, keys and redirect URIs
    Doctor {
        /// The service's code
        service: String,
    },
}

/// Carries out a verb.
#[allow(clippy::unused_async, reason = "verbs that do something wait for the database")]
pub(super) async fn run(verb: Verb, _invocation: &Invocation) -> Result<(), Failure> {
    Err(Failure::not_in_this_build(match verb {
        Verb::Apply { .. } => "service apply",
        Verb::List => "service list",
        Verb::Show { .. } => "service show",
        Verb::Disable { .. } => "service disable",
        Verb::Enable { .. } => "service enable",
        Verb::Doctor { .. } => "service doctor",
    }))
}
