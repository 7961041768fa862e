//! `concord link`: links between customers and their accounts at services.

use clap::Subcommand;

use super::{Failure, Invocation};
use crate::usecases::endings::{self, LinkEnd, Outcome};
use crate::usecases::expression::Expression;
use crate::usecases::show_links::{self, Filter};

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
pub(super) async fn run(verb: Verb, invocation: &Invocation) -> Result<(), Failure> {
    match verb {
        Verb::List { customer, service, state, limit } => list(customer, service, state, limit, invocation).await,
        Verb::Show { link } => show(&link, invocation).await,
        Verb::Suspend { link, reason } => change(&link, &reason, &SUSPEND, invocation).await,
        Verb::Reinstate { link, reason } => change(&link, &reason, &REINSTATE, invocation).await,
        Verb::End { link, reason } => change(&link, &reason, &END, invocation).await,
    }
}

async fn list(
    customer: Option<String>,
    service: Option<String>,
    state: Option<String>,
    limit: u32,
    invocation: &Invocation,
) -> Result<(), Failure> {
    let customer = customer.as_deref().map(super::read).transpose()?;
    let state = state.as_deref().map(super::read).transpose()?;
    let core = invocation.core().await?;
    let service = match service {
        Some(code) => {
            let found = show_links::service_id(&core, &code).await?;
            Some(found.ok_or_else(|| Failure::failed(format!("there is no service {code}; `concord service list` shows all")))?)
        }
        None => None,
    };
    let links = show_links::list(&core, &Filter { customer, service, state }, limit).await?;
    invocation.output.list(
        &links,
        &[
            ("LINK", |link| link.id.to_string()),
            ("CUSTOMER", |link| link.customer.to_string()),
            ("SERVICE", |link| link.service.clone()),
            ("ACCOUNT", |link| link.local_account.clone()),
            ("STATE", |link| link.state.to_string()),
            ("SINCE", |link| link.activated_at.clone().unwrap_or_else(|| link.created_at.clone())),
            ("REASON", |link| link.reason.clone().unwrap_or_default()),
        ],
    );
    Ok(())
}

async fn show(link: &str, invocation: &Invocation) -> Result<(), Failure> {
    let id = super::read(link)?;
    let found = show_links::show(&*invocation.core().await?, id).await?.ok_or_else(|| unknown(link))?;
    invocation.output.record(
        &found,
        &[
            ("link", |found| found.link.id.to_string()),
            ("customer", |found| found.link.customer.to_string()),
            ("service", |found| found.link.service.clone()),
            ("account", |found| found.link.local_account.clone()),
            ("state", |found| found.link.state.to_string()),
            ("reason", |found| found.link.reason.clone().unwrap_or_default()),
            ("evidence", |found| {
                let said = |proof: &show_links::EvidenceView| format!("{} {} {} {}", proof.level, proof.method, proof.acr, proof.auth_time);
                found.evidence.as_ref().map(said).unwrap_or_default()
            }),
            ("consent", |found| {
                let said = |consent: &show_links::ConsentView| {
                    format!("{} {} {} until {}", consent.id, consent.state.as_str(), consent.agreement, consent.valid_until)
                };
                found.consent.as_ref().map(said).unwrap_or_default()
            }),
            ("history", |found| found.history.iter().map(step).collect::<Vec<_>>().join("\n")),
        ],
    );
    Ok(())
}

fn step(step: &show_links::TransitionView) -> String {
    let why = step.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{} {} by {}{why}", step.at, step.to, step.actor)
}

/// What an operator does to a link.
struct Change {
    /// What will happen, after "link .. of .. at .. ".
    plan: &'static str,
    /// The link afterwards.
    result: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Suspend,
    Reinstate,
    End,
}

const SUSPEND: Change =
    Change { plan: "is suspended: the service's grants end, others lose its scopes", result: "suspended", kind: Kind::Suspend };
const REINSTATE: Change = Change { plan: "is active again, for new authorizations only", result: "active", kind: Kind::Reinstate };
const END: Change = Change { plan: "ends for ever: the service's grants end, others lose its scopes", result: "unlinked", kind: Kind::End };

async fn change(link: &str, reason: &str, change: &Change, invocation: &Invocation) -> Result<(), Failure> {
    let id = super::read(link)?;
    let core = invocation.core().await?;
    let found = show_links::show(&core, id).await?.ok_or_else(|| unknown(link))?.link;
    if !invocation.confirm(&format!("link {id} of {} at {} ({}) {}", found.customer, found.service, found.local_account, change.plan))? {
        return Ok(());
    }
    let expression = Expression::by_command(invocation.actor(), reason);
    let now = core.clock.now();
    let outcome = match change.kind {
        Kind::Suspend => endings::suspend(&core, id, reason, &expression, now).await?,
        Kind::Reinstate => endings::reinstate(&core, id, &expression, now).await?,
        Kind::End => endings::end_link(&core, None, id, LinkEnd::Unlinked, &expression, now).await?,
    };
    report(outcome, &format!("link {id}"), change.result, invocation)
}

/// Says what became of a command.
pub(super) fn report(outcome: Outcome, what: &str, result: &str, invocation: &Invocation) -> Result<(), Failure> {
    match outcome {
        Outcome::Done => invocation.output.done(&format!("{what} is {result}"), &result),
        Outcome::Already => invocation.output.done(&format!("{what} was {result} already"), &result),
        Outcome::Unknown => return Err(Failure::failed(format!("there is no {what}"))),
        Outcome::Impossible(why) => return Err(Failure::failed(format!("{what} cannot become {result}: {}", why.replace('_', " ")))),
    }
    Ok(())
}

fn unknown(link: &str) -> Failure {
    Failure::failed(format!("there is no link {link}; `concord link list` shows them"))
}
