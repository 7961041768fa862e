//! The first page of a partner, and what its buttons do.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::super::party::Party;
use super::super::reader::{chosen, see_other};
use super::super::relying_party::Purpose;
use super::super::sessions::{Session, SignedIn};
use super::{SIGN_IN_SCOPE, Site, Told, Visit, page, with_cookie};
use crate::crypto::digest::equal;
use crate::http::extract::PageForm;
use crate::protocol::params::Params;
use crate::ui::demo::{ConcordState, PartnerAccount, PartnerHome, PartnerNotice};

/// GET of the first page.
pub(super) async fn show(State(site): State<Arc<Site>>, headers: HeaderMap, uri: Uri) -> Response {
    if let Some(response) = chosen(&uri) {
        return response;
    }
    let mut session = site.session(&headers);
    if let Some(who) = session.signed_in.clone()
        && let Some(response) = account(&site, &headers, &session, who).await
    {
        return response;
    }
    // Signing out may just have happened.
    session = site.sessions.open(Some(&session.id));
    welcome(&site, &headers, &session, "", false)
}

fn welcome(site: &Site, headers: &HeaderMap, session: &Session, login: &str, wrong: bool) -> Response {
    let reader = site.reader(headers);
    site.sessions.change(&session.id, |session| session.notice = None);
    let home = PartnerHome {
        brand: site.brand(reader.locale),
        notice: session.notice,
        login: login.to_owned(),
        wrong,
        try_accounts: site.people.to_try(),
        hub_url: site.place.hub(),
    };
    let mut response = page(site, session, home.render(&frame(site, headers, session)));
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    response
}

fn frame(site: &Site, headers: &HeaderMap, session: &Session) -> crate::ui::Frame {
    let issuer_host = format!("{}:{}", Party::Concord.host(), site.place.port);
    site.reader(headers).frame(issuer_host, "/".to_owned(), session.csrf.clone(), site.clock.now())
}

/// The page of somebody signed in; `None` when Concord has ended the sign-in.
async fn account(site: &Site, headers: &HeaderMap, session: &Session, mut who: SignedIn) -> Option<Response> {
    let reader = site.reader(headers);
    let customer = site.people.of_account(&who.account)?;
    let mut claims = None;
    if let Some(granted) = &mut who.concord {
        match site.told(&session.id, granted).await {
            Told::Claims(told) => claims = Some(told),
            Told::Nothing => {}
            Told::Ended => {
                site.end(&granted.sub.clone(), granted.sid.clone().as_deref());
                if !who.locally {
                    return None;
                }
                who.concord = None;
            }
        }
    }
    let mut visit = Visit { session: session.id.clone(), customer, granted: who.concord, claims, locale: reader.locale };
    let panels = site.partner.panels(site, &mut visit).await;
    let notice = site.sessions.open(Some(&session.id)).notice;
    site.sessions.change(&session.id, |session| session.notice = None);
    let page_of = PartnerAccount {
        brand: site.brand(reader.locale),
        notice,
        person: visit.customer.name(reader.locale).to_owned(),
        account: visit.customer.account.clone(),
        facts: site.partner.facts(&visit.customer, reader.locale),
        concord: state(site, &visit),
        panels,
        everywhere: visit.granted.is_some(),
        tokens: visit.granted.as_ref().map(|granted| vec![("ID token".to_owned(), granted.shown.clone())]).unwrap_or_default(),
        manage_url: site.place.url(Party::Concord, "/account/links"),
        hub_url: site.place.hub(),
    };
    Some(page(site, session, page_of.render(&frame(site, headers, session))))
}

fn state(site: &Site, visit: &Visit) -> ConcordState {
    match site.people.connected_since(&visit.customer.account) {
        Some(since) => ConcordState::Connected { since },
        None if visit.customer.login.is_none() => ConcordState::CameThroughConcord,
        None => ConcordState::NotConnected,
    }
}

/// POST of the first page: the button says what is wanted.
pub(super) async fn act(State(site): State<Arc<Site>>, headers: HeaderMap, PageForm(form): PageForm) -> Response {
    let session = site.session(&headers);
    // A form of this very session and no other site's.
    if !equal(form.get("csrf").unwrap_or_default().as_bytes(), session.csrf.as_bytes()) {
        return with_cookie(see_other("/"), &session);
    }
    match (form.get("action").unwrap_or_default(), session.signed_in.clone()) {
        ("sign-in", _) => sign_in(&site, &headers, &session, &form),
        ("concord", _) => leave(&site, &session, Purpose::SignIn).await,
        ("connect", Some(who)) if who.locally => leave(&site, &session, Purpose::Connect(who.account)).await,
        ("share", Some(_)) => leave(&site, &session, Purpose::Share).await,
        ("disconnect", Some(_)) => see_other(&site.place.url(Party::Concord, "/account/links")),
        ("sign-out", Some(who)) => sign_out(&site, &session, who).await,
        ("sign-out-everywhere", Some(who)) => site.sign_out_everywhere(&session, who).await,
        _ => with_cookie(see_other("/"), &session),
    }
}

fn sign_in(site: &Site, headers: &HeaderMap, session: &Session, form: &Params) -> Response {
    let login = form.get("login").unwrap_or_default();
    match site.people.sign_in(login, form.get("password").unwrap_or_default()) {
        Some(customer) => {
            let who = SignedIn { account: customer.account, at: site.clock.now(), locally: true, concord: None };
            let session = site.sessions.sign_in(&session.id, who, None);
            with_cookie(see_other("/"), &session)
        }
        None => welcome(site, headers, session, login, true),
    }
}

/// Off to Concord: the request is pushed, the browser only carries its reference.
async fn leave(site: &Site, session: &Session, purpose: Purpose) -> Response {
    let mut resources = vec![site.place.audience(site.me)];
    let mut scope = SIGN_IN_SCOPE;
    let mut more = Vec::new();
    match &purpose {
        Purpose::SignIn => {}
        Purpose::Share => {
            let Some((wanted, apis)) = site.partner.sharing(site.place) else { return see_other("/") };
            scope = wanted;
            resources.extend(apis);
        }
        Purpose::Connect(account) => {
            let auth_time = session.signed_in.as_ref().map_or(0, |who| who.at.seconds());
            match site.rp.link_assertion(account, auth_time) {
                Ok(assertion) => more.push(("link_assertion".to_owned(), assertion)),
                Err(trouble) => return failed(site, session, &trouble, PartnerNotice::LinkFailed),
            }
        }
    }
    let notice = if matches!(purpose, Purpose::Connect(_)) { PartnerNotice::LinkFailed } else { PartnerNotice::SignInFailed };
    match site.rp.begin(purpose, scope, &resources, more).await {
        Ok((pending, url)) => {
            site.sessions.expect(&session.id, pending);
            with_cookie(see_other(&url), session)
        }
        Err(refused) => failed(site, session, &refused, notice),
    }
}

fn failed(site: &Site, session: &Session, why: &dyn std::fmt::Display, notice: PartnerNotice) -> Response {
    tracing::warn!(event = "demo.sign_in", service = site.me.code(), %why, "Concord could not be reached or refused");
    site.sessions.change(&session.id, |session| session.notice = Some(notice));
    with_cookie(see_other("/"), session)
}

/// Out of this service only: the person stays signed in at Concord, and comes back without a password.
async fn sign_out(site: &Site, session: &Session, who: SignedIn) -> Response {
    if let Some(refresh_token) = who.concord.and_then(|granted| granted.refresh_token) {
        site.rp.revoke(&refresh_token).await;
    }
    let session = site.sessions.sign_out(&session.id, PartnerNotice::SignedOut);
    with_cookie(see_other("/").into_response(), &session)
}
