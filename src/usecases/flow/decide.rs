//! Gathers the facts and asks the pure decision what is due.

use std::sync::Arc;
use std::time::Duration;

use super::expected::Expected;
use super::wanted::Asking;
use super::{Core, Flow, Wanted};
use crate::clock::Timestamp;
use crate::model::flow::{Ask, Facts, Life, Present, decide};
use crate::protocol::acr::Acr;
use crate::protocol::authorize::AuthorizeRequest;
use crate::storage::Error;
use crate::storage::flows::FlowRow;
use crate::usecases::links::{self, Standing};

pub(super) async fn decide_next(core: &Arc<Core>, flow: &mut Flow, row: &FlowRow, now: Timestamp) -> Result<(), Error> {
    let life = if row.finished_at.is_some() {
        Life::Finished
    } else if now >= row.expires_at {
        Life::Expired
    } else {
        Life::Open
    };
    let mut ask = None;
    if let (Some(asker), Some(request)) = (&flow.asker, &flow.purposed.request) {
        if life == Life::Open
            && let Some(session) = &flow.session
        {
            let asking = Asking::of(core, asker, request).await?;
            let mut tx = core.database.read().await?;
            if let (Some(proposal), None) = (&flow.purposed.proposal, flow.gathered.link) {
                let standing = links::standing(&mut tx, core, session.customer, &asker.service, proposal, now).await?;
                flow.linked = matches!(standing, Standing::Active(_));
            }
            flow.wanted = Wanted::of(&mut tx, core, &asking, session, &flow.gathered, now).await?;
        }
        ask = Some(Ask {
            prompt: request.prompt,
            max_age: request.max_age.or(asker.client.document.default_max_age).map(|age| Duration::from_secs(age.into())),
            essential_acr: essential_acr(request),
            // A stranger was refused at the start.
            expected: match Expected::of(core, request, asker.service.sector, now).await? {
                Expected::Only(customer) => Some(customer),
                Expected::Anybody | Expected::Stranger(_) => None,
            },
            enabled: asker.client.enabled && asker.service.enabled,
            // Linked already: there is nothing to decide, and nothing to prove again.
            link: flow.purposed.proposal.is_some() && !flow.linked,
        });
    }
    let present =
        flow.session.as_ref().map(|session| Present { customer: session.customer, auth_time: session.auth_time, acr: session.acr });
    flow.next = decide(&Facts {
        now,
        started: flow.started,
        life,
        ask,
        present,
        change: flow.purposed.change,
        gathered: &flow.gathered,
        missing: flow.wanted.missing.clone(),
    });
    Ok(())
}

/// The least of the levels without which the client wants an error.
fn essential_acr(request: &AuthorizeRequest) -> Option<Acr> {
    let wish = request.claims.acr()?;
    match (wish.essential, wish.only_unknown) {
        (false, _) => None,
        // None of the levels asked for is one of ours: it cannot be met.
        (true, true) => Some(Acr::Aal3),
        (true, false) => wish.levels.into_iter().min(),
    }
}
