//! Back from Concord: the answer counts only in the browser session that began (conventions 5).

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::super::Trouble;
use super::super::id_token::Identity;
use super::super::party::Party;
use super::super::people::LocalCustomer;
use super::super::reader::see_other;
use super::super::relying_party::{Pending, Purpose, Refused, Tokens};
use super::super::sessions::{Granted, Session, SignedIn};
use super::{Site, with_cookie};
use crate::http::extract::QueryParams;
use crate::protocol::params::Params;
use crate::ui::demo::{PartnerNotice, TryThis};

/// What follows from an answer: who is signed in, or only something to say.
enum Outcome {
    SignedIn(Box<SignedIn>, Option<PartnerNotice>),
    AsBefore(PartnerNotice),
}

pub(super) async fn callback(State(site): State<Arc<Site>>, headers: HeaderMap, QueryParams(query): QueryParams) -> Response {
    let session = site.session(&headers);
    let outcome = match query {
        Ok(query) => answered(&site, &session, &query).await,
        Err(_) => Outcome::AsBefore(PartnerNotice::SignInFailed),
    };
    let session = match outcome {
        Outcome::SignedIn(who, notice) => site.sessions.sign_in(&session.id, *who, notice),
        Outcome::AsBefore(notice) => {
            site.sessions.change(&session.id, |session| session.notice = Some(notice));
            session
        }
    };
    with_cookie(see_other("/"), &session)
}

async fn answered(site: &Site, session: &Session, query: &Params) -> Outcome {
    // Another browser's answer, or one that was used: this session did not ask for it.
    let Some(pending) = query.get("state").and_then(|state| site.sessions.take_pending(&session.id, state)) else {
        return Outcome::AsBefore(PartnerNotice::SignInFailed);
    };
    let failed = if matches!(pending.purpose, Purpose::Connect(_)) { PartnerNotice::LinkFailed } else { PartnerNotice::SignInFailed };
    // RFC 9207 section 2.4: the answer is from the provider that was asked.
    if query.get("iss") != Some(site.place.origin(Party::Concord).as_str()) {
        return Outcome::AsBefore(failed);
    }
    match (query.get("error"), query.get("code")) {
        (Some("access_denied"), _) => Outcome::AsBefore(match pending.purpose {
            Purpose::SignIn => PartnerNotice::SignInDeclined,
            Purpose::Connect(_) => PartnerNotice::Declined,
            Purpose::Share => PartnerNotice::ShareDeclined,
        }),
        (None, Some(code)) => match redeemed(site, session, &pending, code).await {
            Ok(outcome) => outcome,
            Err(refused) => {
                tracing::warn!(event = "demo.callback", service = site.me.code(), %refused, "a code could not be redeemed");
                Outcome::AsBefore(failed)
            }
        },
        _ => Outcome::AsBefore(failed),
    }
}

async fn redeemed(site: &Site, session: &Session, pending: &Pending, code: &str) -> Result<Outcome, Refused> {
    let (tokens, identity) = site.rp.redeem(pending, code).await?;
    let before = session.signed_in.as_ref().filter(|who| who.concord.as_ref().is_none_or(|granted| granted.sub == identity.sub));
    let mut granted = granted(&tokens, &identity, before);
    granted.linked = site.own_account(&mut granted).await?;
    match &pending.purpose {
        Purpose::Connect(account) => connected(site, session, account, &tokens, granted).await,
        Purpose::SignIn | Purpose::Share => {
            let customer = customer(site, &granted).await?;
            note_progress(site, &pending.purpose, &granted);
            // The refresh token of the sign-in before is of no use any more.
            if let Some(old) = before.and_then(|who| who.concord.as_ref()?.refresh_token.clone()) {
                site.rp.revoke(&old).await;
            }
            let locally = before.is_some_and(|who| who.locally && who.account == customer.account);
            let who = SignedIn { account: customer.account, at: site.clock.now(), locally, concord: Some(granted) };
            Ok(Outcome::SignedIn(Box::new(who), None))
        }
    }
}

fn granted(tokens: &Tokens, identity: &Identity, before: Option<&SignedIn>) -> Granted {
    let shared_before = before.and_then(|who| who.concord.as_ref()).is_some_and(|granted| granted.shared);
    Granted {
        sub: identity.sub.clone(),
        sid: identity.sid.clone(),
        id_token: tokens.id_token.clone().unwrap_or_default(),
        shown: identity.shown.clone(),
        access_token: tokens.access_token.clone(),
        scope: tokens.scope.clone(),
        refresh_token: tokens.refresh_token.clone(),
        api_tokens: Vec::new(),
        linked: None,
        shared: shared_before || tokens.scope.split(' ').any(|scope| scope == "loyalty"),
    }
}

/// Whose account is opened: the linked one; without a link the one that came with Concord, made at the first sign-in.
async fn customer(site: &Site, granted: &Granted) -> Result<LocalCustomer, Refused> {
    if let Some(account) = &granted.linked {
        let known = site.people.of_account(account).ok_or_else(|| Trouble::new("the link names an account that is not ours"))?;
        site.people.connect(account, &granted.sub, site.clock.now());
        return Ok(known);
    }
    site.people.disconnect_subject(&granted.sub);
    let claims = site.rp.userinfo(&granted.access_token).await?;
    let name = claims["nickname"].as_str().or_else(|| claims["name"].as_str()).unwrap_or("Concord");
    Ok(site.people.of_subject(&granted.sub, name))
}

/// The end of ceremony C3: the person is who they were, and the account is connected or not.
async fn connected(site: &Site, session: &Session, account: &str, tokens: &Tokens, granted: Granted) -> Result<Outcome, Refused> {
    let before = session.signed_in.as_ref().filter(|who| who.locally && who.account == account);
    let Some(before) = before else { return Ok(Outcome::AsBefore(PartnerNotice::LinkFailed)) };
    let made = tokens.link_status.as_deref() == Some("active") && granted.linked.as_deref() == Some(account);
    if !made {
        if let Some(refresh_token) = &tokens.refresh_token {
            site.rp.revoke(refresh_token).await;
        }
        let declined = tokens.link_status.as_deref() == Some("declined");
        return Ok(Outcome::AsBefore(if declined { PartnerNotice::Declined } else { PartnerNotice::LinkFailed }));
    }
    site.people.connect(account, &granted.sub, site.clock.now());
    note_progress(site, &Purpose::Connect(account.to_owned()), &granted);
    if let Some(customer) = site.people.of_account(account) {
        site.partner.connected(site, &customer).await;
    }
    let who = SignedIn { concord: Some(granted), ..before.clone() };
    Ok(Outcome::SignedIn(Box::new(who), Some(PartnerNotice::Connected)))
}

fn note_progress(site: &Site, purpose: &Purpose, granted: &Granted) {
    match (site.me, purpose) {
        (Party::Cinema, Purpose::SignIn) => site.progress.mark(TryThis::Register),
        (Party::Points, Purpose::Connect(_)) => site.progress.mark(TryThis::ConnectLoyalty),
        (Party::Bank, Purpose::SignIn) if granted.linked.is_some() => site.progress.mark(TryThis::ConnectBank),
        (Party::Bank, Purpose::Share) if granted.shared => site.progress.mark(TryThis::Share),
        _ => {}
    }
}
