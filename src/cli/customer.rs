//! `concord customer`: customers.

use clap::Subcommand;

use super::link::report;
use super::{Exit, Failure, Invocation};
use crate::model::ids::CustomerId;
use crate::usecases::expression::Expression;
use crate::usecases::set_customer::{self, SetError};
use crate::usecases::show_customer::{self, CustomerView};
use crate::usecases::{Core, endings};

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
    /// Set values of the standard claims: profile, address, phone_number, and a login name
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
        Verb::Show { customer } => show(&customer, invocation).await,
        Verb::Set { customer, values } => set(&customer, &values, invocation).await,
    }
}

/// The customer, if there is one.
async fn known(core: &Core, id: CustomerId) -> Result<CustomerView, Failure> {
    let unknown = || Failure::failed(format!("there is no customer {id}; `concord link list` shows the customers of a service"));
    show_customer::show(core, id).await?.ok_or_else(unknown)
}

async fn lock(customer: &str, reason: &str, invocation: &Invocation) -> Result<(), Failure> {
    let id = super::read(customer)?;
    let core = invocation.core().await?;
    known(&core, id).await?;
    if !invocation.confirm(&format!("customer {id} is locked: every session and grant ends, every link is suspended"))? {
        return Ok(());
    }
    let expression = Expression::by_command(invocation.actor(), reason);
    let outcome = endings::lock(&core, id, &expression, core.clock.now()).await?;
    report(outcome, &format!("customer {id}"), "locked", invocation)
}

async fn unlock(customer: &str, reason: &str, invocation: &Invocation) -> Result<(), Failure> {
    let id = super::read(customer)?;
    let core = invocation.core().await?;
    known(&core, id).await?;
    if !invocation.confirm(&format!("customer {id} is unlocked; what had ended stays ended"))? {
        return Ok(());
    }
    let expression = Expression::by_command(invocation.actor(), reason);
    let outcome = endings::unlock(&core, id, &expression, core.clock.now()).await?;
    report(outcome, &format!("customer {id}"), "active", invocation)
}

async fn show(customer: &str, invocation: &Invocation) -> Result<(), Failure> {
    let id = super::read(customer)?;
    let found = known(&*invocation.core().await?, id).await?;
    invocation.output.record(
        &found,
        &[
            ("customer", |found| found.id.to_string()),
            ("state", |found| found.state.to_owned()),
            ("locale", |found| found.locale.to_owned()),
            ("since", |found| found.created_at.clone()),
            ("identifiers", |found| {
                let said = |held: &show_customer::IdentifierView| {
                    format!("{} {} ({}{})", held.kind, held.masked, held.usage, if held.verified { ", verified" } else { "" })
                };
                found.identifiers.iter().map(said).collect::<Vec<_>>().join("\n")
            }),
            ("profile", |found| found.profile.iter().map(|value| value.claim.clone()).collect::<Vec<_>>().join(" ")),
            ("sessions", |found| found.sessions.to_string()),
        ],
    );
    Ok(())
}

async fn set(customer: &str, values: &[String], invocation: &Invocation) -> Result<(), Failure> {
    let id = super::read(customer)?;
    if invocation.dry_run() {
        invocation.output.done(&format!("{} values of customer {id} would be set", values.len()), &0);
        return Ok(());
    }
    let core = invocation.core().await?;
    let count = set_customer::set(&core, id, values, &invocation.actor(), core.clock.now()).await.map_err(|error| match error {
        SetError::Storage(error) => error.into(),
        SetError::Taken(_) | SetError::Unknown(_) => Failure::failed(error.to_string()),
        _ => Failure::new(Exit::Usage, error.to_string()),
    })?;
    invocation.output.done(&format!("set {count} values of customer {id}"), &count);
    Ok(())
}
