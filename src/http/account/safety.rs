//! Sessions, password, name.

use axum::extract::State;
use axum::response::Response;
use secrecy::SecretString;

use super::{Pressed, Visit, not_found, read, to_sign_in};
use crate::crypto::password::Weakness;
use crate::http::app::App;
use crate::http::browser::SESSION;
use crate::http::errors::Error;
use crate::http::extract::QueryParams;
use crate::http::pages::MAX_NICKNAME;
use crate::protocol::params::Params;
use crate::ui::register::{ChoosePassword, NewPasswordError, Nickname, NicknameError, PasswordChoice};
use crate::ui::sessions::{Contact, Security, SessionRow, Sessions};
use crate::usecases::account::{self, Changed, HeldSession};
use crate::usecases::identifiers::masked;

/// `GET /account/sessions`.
pub(super) async fn sessions(State(app): State<App>, QueryParams(query): QueryParams, visit: Visit) -> Result<Response, Error> {
    let notice = visit.notice(&app, &read(query)?).await?;
    let held = visit.overview(&app).await?;
    let frame = visit.frame(&app);
    let row = |held: &HeldSession| SessionRow {
        id: held.session.id.to_string(),
        device: if held.session.device.is_empty() { SessionRow::unknown_device(&frame) } else { held.session.device.clone() },
        place: None,
        since: held.session.created_at,
        last_seen: held.session.seen_at,
        current: held.session.id == visit.session.id,
        services: held.services.iter().map(|service| service.document.name.get(frame.locale).to_owned()).collect(),
    };
    let mut sessions: Vec<SessionRow> = held.sessions.iter().map(row).collect();
    sessions.sort_by_key(|session| !session.current);
    let page = Sessions { notice, sessions };
    Ok(visit.show(&app, |frame| page.render(frame)))
}

/// `POST /account/sessions`.
pub(super) async fn end_sessions(State(app): State<App>, Pressed { visit, form }: Pressed) -> Result<Response, Error> {
    let (core, customer, now) = (&app.core, visit.session.customer, visit.browser.now);
    let word = match form.get("action") {
        Some("end") => {
            let id = form.get("session").and_then(|id| id.parse().ok()).ok_or_else(not_found)?;
            if id == visit.session.id {
                return Ok(visit.go("/logout"));
            }
            let ended = account::end_session(core, customer, id, now).await?;
            if ended.ok_or_else(not_found)? { "session-ended" } else { "nothing" }
        }
        Some("end-others") => {
            let ended = account::end_others(core, customer, visit.session.id, now).await?;
            if ended > 0 { "others-ended" } else { "nothing" }
        }
        _ => return Ok(visit.go("/account/sessions")),
    };
    Ok(visit.go(&format!("/account/sessions?done={word}")))
}

/// `GET /account/security`.
pub(super) async fn security(State(app): State<App>, QueryParams(query): QueryParams, visit: Visit) -> Result<Response, Error> {
    let notice = visit.notice(&app, &read(query)?).await?;
    let known = account::credentials(&app.core, visit.session.customer).await?;
    let contact = |identifier: &crate::usecases::identifiers::Opened| Contact {
        address: masked(&identifier.value),
        verified_at: identifier.verified_at,
        is_login: identifier.usage == "login",
    };
    let page = Security {
        notice,
        password_set_at: known.password_set_at,
        contacts: known.identifiers.iter().map(contact).collect(),
        nickname: known.nickname.clone(),
        customer_id: visit.session.customer.to_string(),
    };
    Ok(visit.show(&app, |frame| page.render(frame)))
}

/// `POST /account/security`: the name.
pub(super) async fn rename(State(app): State<App>, Pressed { visit, form }: Pressed) -> Result<Response, Error> {
    let typed = form.get("nickname").unwrap_or_default().trim();
    let error = match typed.chars().count() {
        0 => Some(NicknameError::Empty),
        length if length > MAX_NICKNAME => Some(NicknameError::TooLong { max: 64 }),
        _ if typed.chars().any(char::is_control) => Some(NicknameError::NotShowable),
        _ => None,
    };
    if error.is_some() {
        // The page of registration says the same things about the same field.
        let page = Nickname { value: typed.to_owned(), error };
        return Ok(visit.show(&app, |frame| page.render(frame)));
    }
    account::rename(&app.core, visit.session.customer, typed, visit.browser.now).await?;
    Ok(visit.go("/account/security?done=nickname"))
}

async fn choose(app: &App, visit: &Visit, error: Option<NewPasswordError>) -> Result<ChoosePassword, Error> {
    let known = account::credentials(&app.core, visit.session.customer).await?;
    let login = known.identifiers.iter().find(|identifier| identifier.usage == "login").or(known.identifiers.first());
    Ok(ChoosePassword {
        choice: if known.password_set_at.is_some() { PasswordChoice::Change } else { PasswordChoice::First },
        identifier: login.map(|identifier| identifier.value.clone()).unwrap_or_default(),
        min_length: app.core.password_rules.minimum,
        max_length: app.core.password_rules.maximum,
        error,
    })
}

/// `GET /account/security/password`.
pub(super) async fn password(State(app): State<App>, visit: Visit) -> Result<Response, Error> {
    let page = choose(&app, &visit, None).await?;
    // Asked first, so that nobody chooses a password in vain.
    if !page.asks_current() && !account::may_choose_first(&visit.session, visit.browser.now) {
        return to_sign_in(&app, visit.browser, true).await;
    }
    Ok(visit.show(&app, |frame| page.render(frame)))
}

/// `POST /account/security/password`.
pub(super) async fn change_password(State(app): State<App>, Pressed { mut visit, form }: Pressed) -> Result<Response, Error> {
    let error = match change(&app, &mut visit, &form).await? {
        Tried::Changed => return Ok(visit.go("/account/security?done=password")),
        Tried::Stale => return Ok(visit.go("/account/security?done=nothing")),
        Tried::NotFresh => return to_sign_in(&app, visit.browser, true).await,
        Tried::Again(error) => error,
    };
    let page = choose(&app, &visit, Some(error)).await?;
    Ok(visit.show(&app, |frame| page.render(frame)))
}

enum Tried {
    Changed,
    Stale,
    /// There is no present password to ask for, and the sign-in was too long ago.
    NotFresh,
    Again(NewPasswordError),
}

async fn change(app: &App, visit: &mut Visit, form: &Params) -> Result<Tried, Error> {
    let core = &app.core;
    let (current, chosen) = (form.get("current-password").unwrap_or_default(), form.get("new-password").unwrap_or_default());
    let known = account::credentials(core, visit.session.customer).await?;
    if known.password_set_at.is_some() && current.is_empty() {
        return Ok(Tried::Again(NewPasswordError::CurrentEmpty));
    }
    if chosen.is_empty() {
        return Ok(Tried::Again(NewPasswordError::Empty));
    }
    let Some(cookie) = visit.browser.visitor.session.clone() else { return Ok(Tried::Stale) };
    let here = (cookie.as_str(), visit.browser.visitor.network.as_str());
    let passwords = (SecretString::from(current.to_owned()), SecretString::from(chosen.to_owned()));
    let done = account::change_password(core, &visit.session, here, passwords, visit.browser.now).await;
    Ok(match done? {
        Changed::Done(begun) => {
            visit.browser.set(app, SESSION, &begun.cookie);
            Tried::Changed
        }
        Changed::Stale => Tried::Stale,
        Changed::WrongCurrent => Tried::Again(NewPasswordError::CurrentWrong),
        Changed::TooMany(refused) => Tried::Again(NewPasswordError::TooManyTries { again_at: refused.until }),
        Changed::Busy => Tried::Again(NewPasswordError::Busy),
        Changed::Weak(Weakness::TooShort { .. }) => Tried::Again(NewPasswordError::TooShort),
        Changed::Weak(Weakness::TooLong { .. }) => Tried::Again(NewPasswordError::TooLong),
        Changed::Weak(Weakness::Guessable) => Tried::Again(NewPasswordError::TooCommon),
        Changed::NotFresh => Tried::NotFresh,
    })
}
