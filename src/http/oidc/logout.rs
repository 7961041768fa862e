//! Signing out at the wish of a client (OpenID Connect RP-Initiated Logout 1.0), or of the person.
//!
//! A request posted by a client's page brings no Lax cookie, so it is answered with 303 to the same request by GET, which does.

use axum::Router;
use axum::extract::{FromRequest, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::http::app::App;
use crate::http::browser::{Browser, SESSION, host_of, same_site};
use crate::http::errors::{Error, Refusal};
use crate::http::extract::PageForm;
use crate::http::pages::answer::{forget_site_data, page, see_other, with_form_action};
use crate::http::pages::show::person;
use crate::model::customer::Session;
use crate::protocol::Error as ProtocolError;
use crate::protocol::logout::LogoutRequest;
use crate::protocol::metadata::path;
use crate::protocol::params::Params;
use crate::ui::leave::{SignOut, SignedOut};
use crate::usecases::logout::{self, Decision, Leaving};
use crate::usecases::sessions;

/// The purpose of the form's token.
const PURPOSE: &str = "logout";

pub(super) fn routes() -> Router<App> {
    Router::new().route(path::LOGOUT, get(asked).post(posted))
}

fn refused(error: &ProtocolError) -> Error {
    let refusal = Refusal::from(error);
    Refusal::because(refusal.status, "refused_logout", refusal.detail).into()
}

/// The request, the browser's session and what is to be done.
struct Asked {
    session: Option<Session>,
    leaving: Leaving,
}

async fn understand(app: &App, browser: &Browser, params: &Params) -> Result<Asked, Error> {
    let request = LogoutRequest::parse(params).map_err(|error| refused(&error))?;
    let mut tx = app.core.database.read().await?;
    let cookie = browser.visitor.session.as_deref();
    let session = sessions::live(&mut tx, cookie, browser.now).await?;
    drop(tx);
    let leaving = logout::understand(&app.core, &request, session.as_ref(), browser.now).await.map_err(|error| refused(&error))?;
    Ok(Asked { session, leaving })
}

async fn asked(State(app): State<App>, method: Method, parts: Parts, browser: Browser) -> Result<Response, Error> {
    if method == Method::HEAD {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let params = query(&parts)?;
    let asked = understand(&app, &browser, &params).await?;
    match (asked.leaving.decision, asked.session) {
        (Decision::End, Some(session)) => end(&app, browser, &session, asked.leaving.destination).await,
        (Decision::Ask, Some(session)) => {
            let html = confirm(&app, &browser, &session).await?;
            Ok(browser.answer(leading_to(page(html), asked.leaving.destination.as_deref())))
        }
        _ => Ok(gone(&app, browser, Vec::new(), asked.leaving.destination)),
    }
}

async fn posted(State(app): State<App>, browser: Browser, request: Request) -> Result<Response, Error> {
    let (parts, body) = request.into_parts();
    let query = query(&parts)?;
    let same = same_site(&app.core, &parts);
    let PageForm(form) = PageForm::from_request(Request::from_parts(parts, body), &()).await?;
    // Only our own page has this field.
    let Some(action) = form.get("action") else { return Ok(see_other(&format!("{}?{}", path::LOGOUT, form.encode()))) };
    same?;
    browser.check_csrf(PURPOSE, form.get("csrf"))?;
    if action != "sign-out" {
        return Ok(browser.answer(see_other("/account")));
    }
    let asked = understand(&app, &browser, &query).await?;
    match asked.session {
        Some(session) => end(&app, browser, &session, asked.leaving.destination).await,
        None => Ok(gone(&app, browser, Vec::new(), asked.leaving.destination)),
    }
}

fn query(parts: &Parts) -> Result<Params, Error> {
    Params::decode(parts.uri.query().unwrap_or_default().as_bytes()).map_err(|error| refused(&error))
}

async fn confirm(app: &App, browser: &Browser, session: &Session) -> Result<String, Error> {
    let services = told(app, browser, session).await?;
    let (_, person) = person(app, session.customer).await?;
    Ok(SignOut { person, services }.render(&browser.frame(&app.core, PURPOSE)))
}

/// The names of the services that will be told.
async fn told(app: &App, browser: &Browser, session: &Session) -> Result<Vec<String>, Error> {
    let services = logout::told(&app.core, session.id).await?;
    Ok(services.iter().map(|service| service.document.name.get(browser.visitor.locale).to_owned()).collect())
}

async fn end(app: &App, browser: Browser, session: &Session, destination: Option<String>) -> Result<Response, Error> {
    let services = told(app, &browser, session).await?;
    logout::end_session(&app.core, session.customer, session.id, browser.now).await?;
    Ok(gone(app, browser, services, destination))
}

/// Nobody is signed in any more: on to where the client wants the browser, or our own last page.
fn gone(app: &App, mut browser: Browser, services: Vec<String>, destination: Option<String>) -> Response {
    browser.clear(app, SESSION);
    let response = match destination {
        Some(destination) => see_other(&destination),
        None => page(SignedOut { services, back: None }.render(&browser.frame(&app.core, PURPOSE))),
    };
    browser.answer(forget_site_data(response))
}

/// The form on this page ends at the client: browsers hold the redirect after it against the policy, too.
fn leading_to(response: Response, destination: Option<&str>) -> Response {
    match destination {
        Some(uri) if uri.contains("://") => {
            let scheme = uri.split("://").next().unwrap_or_default();
            with_form_action(response, format!("{scheme}://{}", host_of(uri).split('?').next().unwrap_or_default()))
        }
        _ => response,
    }
}
