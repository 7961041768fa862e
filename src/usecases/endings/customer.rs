//! The customer as a whole: lock and unlock.

use std::sync::Arc;

use super::super::expression::Expression;
use super::super::{Core, backchannel, note};
use super::Outcome;
use super::link::{block, free};
use crate::clock::Timestamp;
use crate::model::customer::CustomerState;
use crate::model::ids::CustomerId;
use crate::model::link::LinkState;
use crate::storage::{Error, consent_epochs, customers, links};

/// Why a lock suspends links; unlocking frees those and no others.
const LOCKED: &str = "customer_locked";

/// Locks a customer: nobody can sign in, every session and grant ends, every link is suspended.
///
/// # Errors
/// The database refused.
pub async fn lock(core: &Arc<Core>, customer: CustomerId, expression: &Expression, now: Timestamp) -> Result<Outcome, Error> {
    let (held, expression) = (Arc::clone(core), expression.clone());
    core.database
        .write(move |tx| {
            let (core, expression) = (Arc::clone(&held), expression.clone());
            Box::pin(async move {
                let Some(known) = customers::find(tx, customer).await? else { return Ok(Outcome::Unknown) };
                match known.state {
                    CustomerState::Active => {}
                    CustomerState::Locked => return Ok(Outcome::Already),
                    other => return Ok(Outcome::Impossible(other.as_str())),
                }
                // Bumps the customer's epoch, which every session and grant has seen.
                if !customers::change_state(tx, customer, CustomerState::Active, CustomerState::Locked, now).await? {
                    return Ok(Outcome::Already);
                }
                for link in links::in_state(tx, &core.sealer, customer, LinkState::Active).await? {
                    block(tx, &core, &link, LOCKED, &expression, now).await?;
                }
                consent_epochs::bump_all(tx, customer).await?;
                backchannel::customer_ended(tx, &core, customer, LOCKED, now).await?;
                let about = note::About { customer: Some(customer), service: None, actor: &expression.actor };
                let reason = expression.reason.as_deref().unwrap_or_default();
                note::happened(tx, &core, "customer.locked", &about, &[("reason", reason)], now).await?;
                Ok(Outcome::Done)
            })
        })
        .await
}

/// Unlocks a customer: they can sign in, links that the lock suspended are active again; no session and no grant revives.
///
/// # Errors
/// The database refused.
pub async fn unlock(core: &Arc<Core>, customer: CustomerId, expression: &Expression, now: Timestamp) -> Result<Outcome, Error> {
    let (held, expression) = (Arc::clone(core), expression.clone());
    core.database
        .write(move |tx| {
            let (core, expression) = (Arc::clone(&held), expression.clone());
            Box::pin(async move {
                let Some(known) = customers::find(tx, customer).await? else { return Ok(Outcome::Unknown) };
                match known.state {
                    CustomerState::Locked => {}
                    CustomerState::Active => return Ok(Outcome::Already),
                    other => return Ok(Outcome::Impossible(other.as_str())),
                }
                if !customers::change_state(tx, customer, CustomerState::Locked, CustomerState::Active, now).await? {
                    return Ok(Outcome::Already);
                }
                for link in links::in_state(tx, &core.sealer, customer, LinkState::Suspended).await? {
                    if link.reason.as_deref() == Some(LOCKED) {
                        free(tx, &core, &link, &expression, now).await?;
                    }
                }
                let about = note::About { customer: Some(customer), service: None, actor: &expression.actor };
                let reason = expression.reason.as_deref().unwrap_or_default();
                note::happened(tx, &core, "customer.unlocked", &about, &[("reason", reason)], now).await?;
                Ok(Outcome::Done)
            })
        })
        .await
}
