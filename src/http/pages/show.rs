//! What the pages of a flow show: facts of the use cases, worded by ui.

use std::time::Duration;

use axum::response::Response;

use super::answer::{page as html, with_form_action};
use super::words;
use crate::clock::Timestamp;
use crate::crypto::password::Weakness;
use crate::http::app::App;
use crate::http::browser::{Browser, host_of};
use crate::http::errors::Error;
use crate::model::flow::{Next, Route, Why};
use crate::model::service::Service;
use crate::protocol::locale::Locale;
use crate::ui::frame::{ClientCard, Frame};
use crate::ui::link::LinkRefused;
use crate::ui::reauth::{KnownPerson, Reauth, ReauthWhy, SelectAccount};
use crate::ui::register::{ChoosePassword, Nickname, PasswordChoice, RegisterEmail};
use crate::ui::sign_in::{Code, CodePurpose, Identifier, IdentifierError, Password};
use crate::usecases::flow::{self, Flow};
use crate::usecases::identifiers;
use crate::usecases::one_time_code::Typed;

/// What was wrong with a form, or became of it; the page words it.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    None,
    /// Nothing: another code was sent, as asked.
    SentAgain,
    Empty,
    Unreadable(String),
    TooLong(String),
    NotSixDigits,
    Wrong,
    Code(Typed),
    Weak(Weakness),
    TooMany(Timestamp),
    Busy,
}

/// For how long a page says that another code was sent.
const JUST_NOW: Duration = Duration::from_mins(1);

/// A service as pages show it.
pub(in crate::http) fn card(service: &Service, locale: Locale) -> ClientCard {
    let document = &service.document;
    ClientCard::new(&document.code, document.name.get(locale), host_of(&document.homepage), true)
}

/// What surrounds a page of a flow.
pub(super) fn frame(app: &App, browser: &Browser, flow: &Flow) -> Frame {
    let client = flow.asker.as_ref().map(|asker| card(&asker.service, browser.visitor.locale));
    Frame { client, ..browser.frame(&app.core, &flow.id.to_string()) }
}

/// Shows the page at `path`, which is due or allowed.
pub(super) async fn page(app: &App, browser: &Browser, flow: &Flow, path: &str, trouble: &Trouble) -> Result<Response, Error> {
    let mut frame = frame(app, browser, flow);
    if let Some(session) = &flow.session {
        frame.signed_in_as = Some(person(app, session.customer).await?.1);
    }
    let text = match (path, &flow.next) {
        ("/register", _) => register_email(flow, trouble).render(&frame),
        (_, Next::Login(_)) if path == "/login" => identifier(flow, trouble).render(&frame),
        (_, Next::Login(crate::model::flow::LoginStep::Password)) => password(flow, trouble).render(&frame),
        (_, Next::Login(_)) => select_account(app, flow).await?.render(&frame),
        (_, Next::VerifyContact) => code(app, browser, flow, trouble).await?.render(&frame),
        (_, Next::Register(crate::model::flow::RegisterStep::Name)) => nickname(flow, trouble).render(&frame),
        (_, Next::Register(_)) => choose_password(app, flow, trouble).render(&frame),
        (_, Next::StepUp(why)) => reauth(app, browser, flow, *why, trouble).await?.render(&frame),
        (_, Next::Link) => link(app, browser, flow, &frame).await?,
        (_, Next::Consent(_)) => consent(app, browser, flow, &frame).await?.render(&frame),
        _ => String::new(),
    };
    // The last form of a flow is answered by a redirect to the client, and browsers hold that against the page's policy.
    let target = flow.purposed.request.as_ref().map(|request| request.redirect_uri.form_action_source());
    Ok(match target {
        Some(source) => with_form_action(html(text), source),
        None => html(text),
    })
}

fn identifier(flow: &Flow, trouble: &Trouble) -> Identifier {
    let hint = flow.purposed.request.as_ref().and_then(|request| request.login_hint.clone());
    let value = match trouble {
        Trouble::Unreadable(typed) => Some(typed.clone()),
        _ => flow.gathered.identifier.clone().or(hint),
    };
    let locked = flow.gathered.locked.then_some(IdentifierError::Locked);
    Identifier { value: value.unwrap_or_default(), may_register: true, error: words::identifier(trouble).or(locked) }
}

fn register_email(flow: &Flow, trouble: &Trouble) -> RegisterEmail {
    let value = match trouble {
        Trouble::Unreadable(typed) => typed.clone(),
        _ => flow.gathered.identifier.clone().unwrap_or_default(),
    };
    RegisterEmail { value, error: words::email(trouble) }
}

fn typed_identifier(flow: &Flow) -> String {
    flow.gathered.identifier.clone().unwrap_or_default()
}

fn password(flow: &Flow, trouble: &Trouble) -> Password {
    let identifier = typed_identifier(flow);
    Password { may_use_code: identifier.contains('@'), identifier, error: words::password(trouble) }
}

async fn code(app: &App, browser: &Browser, flow: &Flow, trouble: &Trouble) -> Result<Code, Error> {
    let sent_at = flow::code_sent_at(&app.core, flow, browser.now).await?;
    let life = app.core.config.limits.code.get();
    let registering = flow.gathered.route == Route::Register;
    // Who is not signed in may have a password, for all this page knows.
    let with_password = match &flow.session {
        Some(session) => flow::ways(&app.core, session.customer).await?.password,
        None => !registering,
    };
    Ok(Code {
        purpose: match (&flow.session, registering) {
            (Some(_), _) => CodePurpose::Reauth,
            (None, true) => CodePurpose::Register,
            (None, false) => CodePurpose::SignIn,
        },
        sent_to: identifiers::masked(&typed_identifier(flow)),
        valid_minutes: u32::try_from(life.as_secs() / 60).unwrap_or(10),
        // An old address does not say so again.
        resent: matches!(trouble, Trouble::SentAgain) && sent_at.is_some_and(|at| browser.now.since(at) < JUST_NOW),
        may_use_password: with_password,
        error: words::code(trouble),
    })
}

fn nickname(flow: &Flow, trouble: &Trouble) -> Nickname {
    let value = match trouble {
        Trouble::Unreadable(typed) | Trouble::TooLong(typed) => typed.clone(),
        _ => flow.gathered.nickname.clone().unwrap_or_default(),
    };
    Nickname { value, error: words::nickname(trouble) }
}

fn choose_password(app: &App, flow: &Flow, trouble: &Trouble) -> ChoosePassword {
    ChoosePassword {
        choice: PasswordChoice::Registering,
        identifier: typed_identifier(flow),
        min_length: app.core.password_rules.minimum,
        max_length: app.core.password_rules.maximum,
        error: words::new_password(trouble),
    }
}

/// Nickname and masked address of a customer, for their own pages.
pub(in crate::http) async fn person(app: &App, customer: crate::model::ids::CustomerId) -> Result<(String, String), Error> {
    flow::shown_as(&app.core, customer).await.map_err(Error::from)
}

async fn reauth(app: &App, browser: &Browser, flow: &Flow, why: Why, trouble: &Trouble) -> Result<Reauth, Error> {
    let service = flow.asker.as_ref().map(|asker| asker.service.document.name.get(browser.visitor.locale).to_owned());
    let Some(session) = &flow.session else { return Err(super::Refusal::new(axum::http::StatusCode::CONFLICT).into()) };
    let ways = flow::ways(&app.core, session.customer).await?;
    let person = person(app, session.customer).await?.1;
    Ok(Reauth {
        why: match why {
            Why::Prompt => ReauthWhy::ServiceAsks,
            Why::MaxAge => ReauthWhy::TooLongAgo,
            Why::Change => ReauthWhy::BeforeChange,
            Why::Link => ReauthWhy::BeforeLink { service: service.unwrap_or_default() },
        },
        person,
        has_password: ways.password,
        may_use_code: ways.code,
        error: words::password(trouble),
    })
}

async fn select_account(app: &App, flow: &Flow) -> Result<SelectAccount, Error> {
    let mut people = Vec::new();
    if let Some(session) = &flow.session {
        let (nickname, address) = person(app, session.customer).await?;
        people.push(KnownPerson { handle: "present".to_owned(), nickname, address, signed_in: true });
    }
    Ok(SelectAccount { people })
}

async fn link(app: &App, browser: &Browser, flow: &Flow, frame: &Frame) -> Result<String, Error> {
    let view = flow::link_view(&app.core, flow, browser.now).await?;
    let (Some(view), Some(asker)) = (view, &flow.asker) else { return Err(super::Refusal::new(axum::http::StatusCode::CONFLICT).into()) };
    Ok(match view.refused {
        Some(why) => LinkRefused { service: card(&asker.service, frame.locale), problem: words::link_problem(why) }.render(frame),
        None => words::link(&app.core, &view, &asker.service, frame).render(frame),
    })
}

async fn consent(app: &App, browser: &Browser, flow: &Flow, frame: &Frame) -> Result<crate::ui::consent::Consent, Error> {
    let view = flow::consent_view(&app.core, flow, browser.now).await?;
    let Some(view) = view else { return Err(super::Refusal::new(axum::http::StatusCode::CONFLICT).into()) };
    words::consent(&app.core, &view, frame).await.map_err(Error::from)
}
