//! `concord consent`: consents of customers.

use clap::Subcommand;

use super::link::report;
use super::{Failure, Invocation};
use crate::model::consent::ConsentKind;
use crate::usecases::expression::Expression;
use crate::usecases::{endings, show_links};

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
pub(super) async fn run(verb: Verb, invocation: &Invocation) -> Result<(), Failure> {
    match verb {
        Verb::List { customer, all } => list(&customer, all, invocation).await,
        Verb::Withdraw { consent, reason } => withdraw(&consent, &reason, invocation).await,
    }
}

async fn list(customer: &str, all: bool, invocation: &Invocation) -> Result<(), Failure> {
    let customer = super::read(customer)?;
    let core = invocation.core().await?;
    let consents = show_links::consents_of(&core, customer, all, core.clock.now()).await?;
    invocation.output.list(
        &consents,
        &[
            ("CONSENT", |consent| consent.id.to_string()),
            ("TO", |consent| consent.kind.as_str().to_owned()),
            ("RECIPIENT", |consent| consent.recipient.clone()),
            ("SCOPE", |consent| consent.scope.clone()),
            ("STATE", |consent| consent.state.as_str().to_owned()),
            ("SINCE", |consent| consent.since.clone()),
            ("UNTIL", |consent| consent.ended_at.clone().unwrap_or_else(|| consent.valid_until.clone())),
        ],
    );
    Ok(())
}

async fn withdraw(consent: &str, reason: &str, invocation: &Invocation) -> Result<(), Failure> {
    let id = super::read(consent)?;
    let core = invocation.core().await?;
    let unknown = || Failure::failed(format!("there is no consent {consent}; `concord consent list --customer ID` shows a customer's"));
    let found = show_links::consent(&core, id).await?.ok_or_else(unknown)?;
    let ends = match found.kind {
        ConsentKind::SignIn => "the service is disconnected: its grants, its link and its consents end",
        ConsentKind::Link => "the link ends, and with it the service's grants",
        ConsentKind::Share => "the recipient reads it no more",
    };
    let plan = format!("consent {id} of {} to {} {} is withdrawn: {ends}", found.customer, found.recipient, found.scope);
    if !invocation.confirm(&plan)? {
        return Ok(());
    }
    let expression = Expression::by_command(invocation.actor(), reason);
    let outcome = endings::withdraw(&core, None, id, &expression, core.clock.now()).await?;
    report(outcome, &format!("consent {id}"), "withdrawn", invocation)
}
