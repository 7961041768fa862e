//! `concord link`: links between customers and their accounts at services.

use clap::Subcommand;

use super::{Failure, Invocation};

/// The verbs of `link`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List links
    List {
        /// Of one customer
        #[arg(long)]
        customer: Option<String>,
        /// Of one service
        #[arg(long)]
        service: Option<String>,
        /// In one state
        #[arg(long)]
        state: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show a link with its evidence, its consent and its history
    Show {
        /// The link's id (lnk_...)
        link: String,
    },
    /// Suspend a link: it conveys nothing until it is reinstated
    Suspend {
        /// The link's id
        link: String,
        /// Why, for the record
        #[arg(long, default_value = "not said")]
        reason: String,
    },
    /// Take a suspension back; grants that had ended stay ended
    Reinstate {
        /// The link's id
        link: String,
        /// Why, for the record
        #[arg(long, default_value = "not said")]
        reason: String,
    },
    /// End a link
    End {
        /// The link's id
        link: String,
        /// Why, for the record
        #[arg(long, default_value = "not said")]
        reason: String,
    },
}

/// Carries out a verb.
#[allow(clippy::unused_async, reason = "verbs that do something wait for the database")]
pub(super) async fn run(verb: Verb, _invocation: &Invocation) -> Result<(), Failure> {
    Err(Failure::not_in_this_build(match verb {
        Verb::List { .. } => "link list",
        Verb::Show { .. } => "link show",
        Verb::Suspend { .. } => "link suspend",
        Verb::Reinstate { .. } => "link reinstate",
        Verb::End { .. } => "link end",
    }))
}
