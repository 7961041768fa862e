//! `concord customer`: customers.

use clap::Subcommand;

use super::{Failure, Invocation};

/// The verbs of `customer`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Show a customer, masked
    Show {
        /// The customer id, like 28T5-CY4T-QKFF-A
        customer: String,
    },
    /// Lock a customer: sessions and grants end
    Lock {
        /// The customer id
        customer: String,
        /// Why, for the record
        #[arg(long, default_value = "not said")]
        reason: String,
    },
    /// Unlock a customer; what had ended stays ended
    Unlock {
        /// The customer id
        customer: String,
        /// Why, for the record
        #[arg(long, default_value = "not said")]
        reason: String,
    },
    /// Set values of the standard claims: profile, phone and address
    Set {
        /// The customer id
        customer: String,
        /// CLAIM=VALUE, like given_name=Anna; an empty value takes it away
        #[arg(required = true, value_name = "CLAIM=VALUE")]
        values: Vec<String>,
    },
}

/// Carries out a verb.
#[allow(clippy::unused_async, reason = "verbs that do something wait for the database")]
pub(super) async fn run(verb: Verb, _invocation: &Invocation) -> Result<(), Failure> {
    Err(Failure::not_in_this_build(match verb {
        Verb::Show { .. } => "customer show",
        Verb::Lock { .. } => "customer lock",
        Verb::Unlock { .. } => "customer unlock",
        Verb::Set { .. } => "customer set",
    }))
}
