//! The person decides who reads what (R30): each scope by itself, optional ones unticked, no as easy as yes.

use std::sync::Arc;

use super::{Asker, Core, Flow, LeftOut, Visitor, store};
use crate::clock::Timestamp;
use crate::model::consent::ConsentKind;
use crate::model::customer::Session;
use crate::model::flow::{Gathered, Next};
use crate::protocol::scope::ScopeSet;
use crate::storage::Error;
use crate::usecases::consents::{self, NewConsent};
use crate::usecases::expression::Expression;
use crate::usecases::{identifiers, profile};

/// One scope on the consent page.
pub struct ScopeView {
    /// The token: name of its checkbox.
    pub scope: String,
    /// The service cannot do without.
    pub required: bool,
    /// The person's present values by claim, for their own eyes.
    pub values: Vec<(String, serde_json::Value)>,
    /// Until when a consent given now lasts.
    pub until: Timestamp,
}

/// What the consent page shows.
pub struct ConsentView {
    /// The consent to sign in is asked for.
    pub sign_in: bool,
    /// The scopes asked for.
    pub scopes: Vec<ScopeView>,
    /// Scopes the recipient has already.
    pub already: Vec<String>,
    /// What is left out, and why.
    pub left_out: Vec<LeftOut>,
}

/// Puts together what the consent page shows; `None` when it is not due.
pub async fn consent_view(core: &Arc<Core>, flow: &Flow, now: Timestamp) -> Result<Option<ConsentView>, Error> {
    let (Next::Consent(missing), Some(asker), Some(session)) = (&flow.next, &flow.asker, &flow.session) else { return Ok(None) };
    let mut tx = core.database.read().await?;
    let mut values = values_of(&mut tx, core, session).await?;
    let catalog = core.catalog.load();
    let scopes = missing
        .scopes
        .iter()
        .filter_map(|scope| {
            let known = catalog.scopes.get(scope)?;
            let own = |claim: &String| values.iter().find(|(name, _)| name == claim).cloned();
            Some(ScopeView {
                scope: scope.to_owned(),
                required: asker.client.document.required_scope.contains(scope),
                values: known.claims.keys().filter_map(own).collect(),
                until: now.plus_months(known.months),
            })
        })
        .collect();
    values.clear();
    let has = |scope: &&super::wanted::WantedScope| scope.share.as_ref().is_some_and(|share| share.consent.is_some());
    let already = flow.wanted.scopes.iter().filter(has).filter(|scope| !missing.scopes.contains(&scope.scope));
    Ok(Some(ConsentView {
        sign_in: missing.sign_in,
        scopes,
        already: already.map(|scope| scope.scope.clone()).collect(),
        left_out: flow.wanted.left_out.clone(),
    }))
}

/// A customer's values by claim, Concord's own among them.
async fn values_of(tx: &mut crate::storage::Tx, core: &Core, session: &Session) -> Result<Vec<(String, serde_json::Value)>, Error> {
    let mut values: Vec<_> =
        profile::of_customer(tx, core, session.customer).await?.into_iter().map(|value| (value.claim, value.value)).collect();
    for identifier in identifiers::of_customer(tx, core, session.customer).await? {
        let claim = match identifier.kind.as_str() {
            "email" => "email",
            "phone" => "phone_number",
            _ => "preferred_username",
        };
        values.push((claim.to_owned(), identifier.value.into()));
    }
    values.push(("customer_id".to_owned(), session.customer.to_string().into()));
    Ok(values)
}

/// Records the person's decision about everything the page asked: what is ticked or needed is given, the rest refused.
/// `false` for a stale page.
pub async fn decide_consent(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, ticked: &ScopeSet, now: Timestamp) -> Result<bool, Error> {
    let (Next::Consent(missing), Some(asker), Some(session)) = (&flow.next, &flow.asker, &flow.session) else { return Ok(false) };
    let decisions = Decisions::of(flow, asker, session, visitor, missing.sign_in, &missing.scopes, ticked);
    let gathered = Gathered { decided: decided(flow, missing), ..flow.gathered.clone() };
    let (held, flow) = (Arc::clone(core), flow.clone());
    core.database
        .write(move |tx| {
            let (core, flow, gathered, decisions) = (Arc::clone(&held), flow.clone(), gathered.clone(), decisions.clone());
            Box::pin(async move {
                if !store(tx, &core, &flow, &gathered).await? {
                    return Ok(false);
                }
                for new in &decisions.given {
                    consents::give(tx, &core, new, now).await?;
                }
                for new in &decisions.refused {
                    consents::refuse(tx, &core, new, now).await?;
                }
                Ok(true)
            })
        })
        .await
}

fn decided(flow: &Flow, missing: &crate::model::flow::Missing) -> ScopeSet {
    let sign_in: ScopeSet = ScopeSet::from_tokens(["openid"]).unwrap_or_default();
    flow.gathered.decided.union(&missing.scopes).union(&sign_in)
}

#[derive(Clone)]
struct Decisions {
    given: Vec<Arc<NewConsent>>,
    refused: Vec<Arc<NewConsent>>,
}

impl Decisions {
    fn of(flow: &Flow, asker: &Asker, session: &Session, visitor: &Visitor, sign_in: bool, asked: &ScopeSet, ticked: &ScopeSet) -> Self {
        let expression =
            Expression::on_page(session.id, visitor.locale, session.acr, session.auth_time).asked_by(&asker.client.document.client_id);
        let new = |kind, scope: &str| {
            Arc::new(NewConsent {
                customer: session.customer,
                recipient: Arc::clone(&asker.service),
                kind,
                scope: scope.to_owned(),
                link: None,
                expression: expression.clone(),
            })
        };
        let given = |scope: &&str| ticked.contains(scope) || asker.client.document.required_scope.contains(scope);
        let mut given_now: Vec<_> = asked.iter().filter(given).map(|scope| new(ConsentKind::Share, scope)).collect();
        if sign_in && flow.wanted.sign_in.is_none() {
            given_now.insert(0, new(ConsentKind::SignIn, "openid"));
        }
        // A scope that was given before and is only asked again stays as it is when it is left unticked: withdrawing has its own place.
        let fresh = |scope: &&str| !given(scope) && !flow.wanted.is_given(scope);
        Self { given: given_now, refused: asked.iter().filter(fresh).map(|scope| new(ConsentKind::Share, scope)).collect() }
    }
}
