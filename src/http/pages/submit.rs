//! What the buttons of a flow's pages do.

use secrecy::SecretString;

use super::show::Trouble;
use crate::http::app::App;
use crate::http::browser::{Browser, SESSION};
use crate::http::errors::Error;
use crate::model::flow::Route;
use crate::protocol::params::Params;
use crate::protocol::scope::ScopeSet;
use crate::usecases::flow::{self, Flow, Identified, LinkDone, Registered, SignedIn};

/// The longest name a person may want to be addressed by, in code points.
pub(in crate::http) const MAX_NICKNAME: usize = 64;

/// Where a form leads.
pub(super) enum Outcome {
    /// To whatever is due now.
    GoOn,
    /// To a page by name.
    To(String),
    /// The same page again, saying what was wrong.
    Again(Trouble),
}

/// Does what the pressed button of the page at `path` says.
pub(super) async fn submit(app: &App, browser: &mut Browser, flow: &Flow, path: &str, form: &Params) -> Result<Outcome, Error> {
    let action = form.get("action").unwrap_or("continue");
    let core = &app.core;
    if action == "change" || action == "other" {
        if flow.session.is_some() && action == "other" {
            return Ok(Outcome::To(format!("/logout?flow={}", flow.id)));
        }
        flow::use_another(core, flow).await?;
        return Ok(Outcome::To(format!("/login?flow={}", flow.id)));
    }
    match (path, action) {
        ("/login", "register") => Ok(Outcome::To(format!("/register?flow={}", flow.id))),
        ("/register", "sign-in") => {
            flow::use_another(core, flow).await?;
            Ok(Outcome::To(format!("/login?flow={}", flow.id)))
        }
        ("/login", _) => identify(app, browser, flow, form.get("identifier"), Route::Password).await,
        ("/register", _) => identify(app, browser, flow, form.get("email"), Route::Register).await,
        ("/login/password", "code") => switch(app, browser, flow, Route::Code).await,
        ("/login/code", "password") => switch(app, browser, flow, Route::Password).await,
        ("/login/code", "resend") => {
            let sent = flow::resend_code(core, &browser.visitor, flow, browser.now).await?;
            Ok(match sent {
                Identified::TooMany(refused) => Outcome::Again(Trouble::TooMany(refused.until)),
                Identified::Taken => Outcome::To(format!("/login/code?flow={}&sent=again", flow.id)),
                _ => Outcome::GoOn,
            })
        }
        ("/login/code", _) => type_code(app, browser, flow, form).await,
        ("/reauth", "code") => prove_by_code(app, browser, flow).await,
        ("/login/password" | "/reauth", _) => password(app, browser, flow, path, form).await,
        ("/select-account", _) => gone_on(flow::choose_account(core, flow).await),
        ("/register/name", _) => name(app, flow, form).await,
        ("/register/password", _) => register(app, browser, flow, form).await,
        ("/link", "accept" | "decline" | "continue") => link(app, browser, flow, action).await,
        ("/consent", "accept") => {
            let ticked = ScopeSet::from_tokens(form.all("item")).unwrap_or_default();
            gone_on(flow::decide_consent(core, &browser.visitor, flow, &ticked, browser.now).await)
        }
        ("/consent", "decline") => gone_on(flow::turn_back(core, flow).await),
        _ => Ok(Outcome::GoOn),
    }
}

fn gone_on(done: Result<bool, crate::usecases::Failure>) -> Result<Outcome, Error> {
    done.map(|_| Outcome::GoOn).map_err(Error::from)
}

async fn link(app: &App, browser: &mut Browser, flow: &Flow, action: &str) -> Result<Outcome, Error> {
    let (core, now) = (&app.core, browser.now);
    let done = match action {
        "accept" => flow::accept_link(core, &browser.visitor, flow, now).await,
        "decline" => flow::decline_link(core, &browser.visitor, flow, now).await,
        _ => flow::pass_link(core, &browser.visitor, flow, now).await,
    };
    if let LinkDone::Decided(Some(cookie)) = done? {
        browser.set(app, SESSION, &cookie);
    }
    Ok(Outcome::GoOn)
}

async fn prove_by_code(app: &App, browser: &Browser, flow: &Flow) -> Result<Outcome, Error> {
    let sent = flow::reauthenticate_by_code(&app.core, &browser.visitor, flow, browser.now).await?;
    Ok(match sent {
        Identified::TooMany(refused) => Outcome::Again(Trouble::TooMany(refused.until)),
        _ => Outcome::GoOn,
    })
}

async fn identify(app: &App, browser: &Browser, flow: &Flow, typed: Option<&str>, route: Route) -> Result<Outcome, Error> {
    let Some(text) = typed.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(Outcome::Again(Trouble::Empty)) };
    let done = flow::identify(&app.core, &browser.visitor, flow, text, route, browser.now).await?;
    Ok(match done {
        Identified::Taken | Identified::Stale => Outcome::GoOn,
        Identified::Unreadable => Outcome::Again(Trouble::Unreadable(text.to_owned())),
        Identified::TooMany(refused) => Outcome::Again(Trouble::TooMany(refused.until)),
    })
}

async fn switch(app: &App, browser: &Browser, flow: &Flow, route: Route) -> Result<Outcome, Error> {
    let done = flow::switch_route(&app.core, &browser.visitor, flow, route, browser.now).await?;
    Ok(match done {
        Identified::TooMany(refused) => Outcome::Again(Trouble::TooMany(refused.until)),
        _ => Outcome::GoOn,
    })
}

async fn password(app: &App, browser: &mut Browser, flow: &Flow, path: &str, form: &Params) -> Result<Outcome, Error> {
    let Some(typed) = form.get("password") else { return Ok(Outcome::Again(Trouble::Empty)) };
    let typed = SecretString::from(typed.to_owned());
    let done = if path == "/reauth" {
        flow::reauthenticate(&app.core, &browser.visitor, flow, typed, browser.now).await
    } else {
        flow::sign_in(&app.core, &browser.visitor, flow, typed, browser.now).await
    };
    Ok(signed_in(app, browser, done?))
}

async fn type_code(app: &App, browser: &mut Browser, flow: &Flow, form: &Params) -> Result<Outcome, Error> {
    // People type codes as they see them: in groups.
    let digits: String = form.get("code").unwrap_or_default().chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if digits.is_empty() {
        return Ok(Outcome::Again(Trouble::Empty));
    }
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Outcome::Again(Trouble::NotSixDigits));
    }
    let done = flow::type_code(&app.core, &browser.visitor, flow, &digits, browser.now).await?;
    Ok(signed_in(app, browser, done))
}

fn signed_in(app: &App, browser: &mut Browser, done: SignedIn) -> Outcome {
    match done {
        SignedIn::Session(begun) => {
            browser.set(app, SESSION, &begun.cookie);
            Outcome::GoOn
        }
        SignedIn::Unknown | SignedIn::Locked | SignedIn::Stale => Outcome::GoOn,
        SignedIn::Wrong => Outcome::Again(Trouble::Wrong),
        SignedIn::Code(typed) => Outcome::Again(Trouble::Code(typed)),
        SignedIn::TooMany(refused) => Outcome::Again(Trouble::TooMany(refused.until)),
        SignedIn::Busy => Outcome::Again(Trouble::Busy),
    }
}

async fn name(app: &App, flow: &Flow, form: &Params) -> Result<Outcome, Error> {
    let nickname = form.get("nickname").map(str::trim).unwrap_or_default();
    if nickname.is_empty() {
        return Ok(Outcome::Again(Trouble::Empty));
    }
    if nickname.chars().count() > MAX_NICKNAME {
        return Ok(Outcome::Again(Trouble::TooLong(nickname.to_owned())));
    }
    if nickname.chars().any(char::is_control) {
        return Ok(Outcome::Again(Trouble::Unreadable(nickname.to_owned())));
    }
    gone_on(flow::name(&app.core, flow, nickname).await)
}

async fn register(app: &App, browser: &mut Browser, flow: &Flow, form: &Params) -> Result<Outcome, Error> {
    let Some(chosen) = form.get("new-password") else { return Ok(Outcome::Again(Trouble::Empty)) };
    let chosen = SecretString::from(chosen.to_owned());
    let done = flow::register(&app.core, &browser.visitor, flow, chosen, browser.now).await?;
    Ok(match done {
        Registered::Session(begun) => {
            browser.set(app, SESSION, &begun.cookie);
            Outcome::GoOn
        }
        Registered::Weak(weakness) => Outcome::Again(Trouble::Weak(weakness)),
        Registered::Busy => Outcome::Again(Trouble::Busy),
        Registered::Stale => Outcome::GoOn,
    })
}
