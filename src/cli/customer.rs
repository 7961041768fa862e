//! `concord customer`: customers.

use clap::Subcommand;

use super::link::report;
use super::{Failure, Invocation};
use crate::usecases::endings;
use crate::usecases::expression::Expression;

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
pub(super) async fn run(verb: Verb, invocation: &Invocation) -> Result<(), Failure> {
    match verb {
        Verb::Lock { customer, reason } => lock(&customer, &reason, invocation).await,
        Verb::Unlock { customer, reason } => unlock(&customer, &reason, invocation).await,
        Verb::Show { .. } => Err(Failure::not_in_this_build("customer show")),
        Verb::Set { .. } => Err(Failure::not_in_this_build("customer set")),
    }
}

async fn lock(customer: &str, reason: &str, invocation: &Invocation) -> Result<(), Failure> {
    let id = super::read(customer)?;
    if !invocation.confirm(&format!("customer {id} is locked: every session and grant ends, every link is suspended"))? {
        return Ok(());
    }
    let core = invocation.core().await?;
    let expression = Expression::by_command(invocation.actor(), reason);
    let outcome = endings::lock(&core, id, &expression, core.clock.now()).await?;
    report(outcome, &format!("customer {id}"), "locked", invocation)
}

async fn unlock(customer: &str, reason: &str, invocation: &Invocation) -> Result<(), Failure> {
    let id = super::read(customer)?;
    if !invocation.confirm(&format!("customer {id} is unlocked; what had ended stays ended"))? {
        return Ok(());
    }
    let core = invocation.core().await?;
    let expression = Expression::by_command(invocation.actor(), reason);
    let outcome = endings::unlock(&core, id, &expression, core.clock.now()).await?;
    report(outcome, &format!("customer {id}"), "active", invocation)
}
