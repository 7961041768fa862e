//! `concord consent`: consents of customers.

use clap::Subcommand;

use super::{Failure, Invocation};

/// The verbs of `consent`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List a customer's consents
    List {
        /// The customer id
        #[arg(long)]
        customer: String,
        /// Also those that ended
        #[arg(long)]
        all: bool,
    },
    /// Withdraw a consent in the customer's name
    Withdraw {
        /// The consent's id (cns_...)
        consent: String,
        /// Why, for the record
        #[arg(long, default_value = "not said")]
        reason: String,
    },
}

/// Carries out a verb.
#[allow(clippy::unused_async, reason = "verbs that do something wait for the database")]
pub(super) async fn run(verb: Verb, _invocation: &Invocation) -> Result<(), Failure> {
    Err(Failure::not_in_this_build(match verb {
        Verb::List { .. } => "consent list",
        Verb::Withdraw { .. } => "consent withdraw",
    }))
}
