//! The person's own pages: plain forms, a session required, every form answered by a 303 that names what was done.

mod endings;
mod holdings;
mod leave;
mod safety;
mod words;

use axum::Router;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use super::app::App;
use super::browser::Browser;
use super::errors::{Error, Refusal};
use super::extract::PageForm;
use super::pages::answer::{page, see_other};
use super::pages::{ours_only, person};
use crate::model::account_page::AccountPage;
use crate::model::customer::Session;
use crate::protocol::Error as ProtocolError;
use crate::protocol::params::Params;
use crate::ui::account::Notice;
use crate::ui::frame::Frame;
use crate::usecases::account::Overview;
use crate::usecases::endings::Outcome;
use crate::usecases::expression::Expression;
use crate::usecases::{account, flow, partners};

/// The routes.
pub(super) fn routes(app: &App) -> Router<App> {
    let pages = Router::new()
        .route("/account", get(holdings::home).post(holdings::act))
        .route("/account/links", get(holdings::links).post(holdings::act))
        .route("/account/privacy", get(holdings::privacy).post(holdings::act))
        .route("/account/links/{id}/end", get(endings::ask_link).post(endings::end_link))
        .route("/account/services/{code}/disconnect", get(endings::ask_service).post(endings::disconnect))
        .route("/account/sessions", get(safety::sessions).post(safety::end_sessions))
        .route("/account/security", get(safety::security).post(safety::rename))
        .route("/account/security/password", get(safety::password).post(safety::change_password))
        .route("/account/sign-out", get(|| async { see_other("/logout") }))
        .route("/logout", get(leave::ask).post(leave::leave))
        .layer(middleware::from_fn_with_state(app.clone(), ours_only));
    let known = Router::new()
        .route("/.well-known/change-password", get(|| async { change_password_address() }))
        .route("/.well-known/security.txt", get(security_txt));
    pages.layer(middleware::from_fn(head_does_nothing)).merge(known)
}

/// HEAD has no effect: it begins no flow and marks nothing as seen.
async fn head_does_nothing(request: Request, next: Next) -> Response {
    if request.method() == Method::HEAD { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await }
}

/// Where password managers lead people (W3C, A Well-Known URL for Changing Passwords).
fn change_password_address() -> Response {
    let mut response = Redirect::temporary("/account/security/password").into_response();
    *response.status_mut() = StatusCode::FOUND;
    response
}

/// Whom to tell about a weakness (RFC 9116): what the operator put into the data directory; nothing is made up.
async fn security_txt(axum::extract::State(app): axum::extract::State<App>) -> Response {
    let place = app.core.config.data_dir.join("security.txt");
    match tokio::fs::read_to_string(place).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response(),
        Err(_) => Refusal::new(StatusCode::NOT_FOUND).into_response(),
    }
}

/// A person at their own pages.
pub(super) struct Visit {
    browser: Browser,
    session: Session,
    nickname: String,
    address: String,
}

/// Why a page of theirs is not shown: they are led to the sign-in first, or something is wrong.
pub(super) enum Detour {
    SignIn(Response),
    Error(Error),
}

impl<E: Into<Error>> From<E> for Detour {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl IntoResponse for Detour {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(response) => response,
            Self::Error(error) => error.into_response(),
        }
    }
}

/// Whoever is signed in on this browser; anybody else is led to the sign-in, which ends at the page they came to.
impl FromRequestParts<App> for Visit {
    type Rejection = Detour;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Detour> {
        let browser = Browser::from_request_parts(parts, app).await?;
        let core = &app.core;
        let cookie = browser.visitor.session.as_deref();
        let session = account::signed_in(core, cookie, browser.now).await?;
        let Some(session) = session else {
            return Err(Detour::SignIn(to_sign_in(app, browser, false).await?));
        };
        let (nickname, address) = person(app, session.customer).await?;
        Ok(Self { browser, session, nickname, address })
    }
}

/// A button pressed on one of these pages: the person, and a form that was shown to this browser (WE3).
pub(super) struct Pressed {
    visit: Visit,
    form: Params,
}

impl FromRequest<App> for Pressed {
    type Rejection = Detour;

    async fn from_request(request: Request, app: &App) -> Result<Self, Detour> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, app).await?;
        let PageForm(form) = PageForm::from_request(Request::from_parts(parts, body), app).await?;
        visit.check_csrf(&form)?;
        Ok(Self { visit, form })
    }
}

/// To a flow that comes back to this page; before a `change` it asks for a proof even of somebody who is signed in.
async fn to_sign_in(app: &App, browser: Browser, change: bool) -> Result<Response, Error> {
    let page = AccountPage::at(browser.page());
    let id = flow::start_for_account(&app.core, &browser.visitor, page, change, browser.now).await?;
    let step = if change { "reauth" } else { "login" };
    Ok(browser.answer(see_other(&format!("/{step}?flow={id}"))))
}

impl Visit {
    /// What this page's forms are bound to: the browser, and its session as it is now (P19).
    fn forms(&self) -> String {
        format!("account|{}", self.browser.visitor.session.as_deref().unwrap_or_default())
    }

    /// Refuses a form that was not made for this session (WE3, P19).
    fn check_csrf(&self, form: &Params) -> Result<(), Refusal> {
        self.browser.check_csrf(&self.forms(), form.get("csrf"))
    }

    fn frame(&self, app: &App) -> Frame {
        Frame { signed_in_as: Some(self.address.clone()), ..self.browser.frame(&app.core, &self.forms()) }
    }

    fn show(self, app: &App, render: impl FnOnce(&Frame) -> String) -> Response {
        let html = render(&self.frame(app));
        self.browser.answer(page(html))
    }

    /// Everything these pages show: services, links, consents, sessions.
    async fn overview(&self, app: &App) -> Result<Overview, Error> {
        account::overview(&app.core, self.session.customer, self.browser.now).await.map_err(Error::from)
    }

    fn go(self, to: &str) -> Response {
        self.browser.answer(see_other(to))
    }

    /// How a button pressed here counts as a decision.
    fn expression(&self) -> Expression {
        Expression::on_page(self.session.id, self.browser.visitor.locale, self.session.acr, self.session.auth_time)
    }

    /// What the query says was done a moment ago. Services are named by code, so that a query cannot put words on the page.
    async fn notice(&self, app: &App, query: &Params) -> Result<Option<Notice>, Error> {
        let service = match query.get("service") {
            Some(code) => partners::service_by_code(&app.core, code).await?,
            None => None,
        };
        let name = service.map(|service| service.document.name.get(self.browser.visitor.locale).to_owned());
        Ok(match (query.get("done"), name) {
            (Some("withdrawn"), Some(service)) => Some(Notice::ConsentWithdrawn { service }),
            (Some("link-ended"), Some(service)) => Some(Notice::LinkEnded { service }),
            (Some("disconnected"), Some(service)) => Some(Notice::Disconnected { service }),
            (Some("session-ended"), _) => Some(Notice::SessionEnded),
            (Some("others-ended"), _) => Some(Notice::OthersEnded),
            (Some("password"), _) => Some(Notice::PasswordSet),
            (Some("nickname"), _) => Some(Notice::NicknameSet),
            (Some("nothing"), _) => Some(Notice::NothingChanged),
            _ => None,
        })
    }
}

/// The query of a page.
fn read(params: Result<Params, ProtocolError>) -> Result<Params, Error> {
    params.map_err(|error| Refusal::from(&error).into())
}

/// What is not there, or is somebody else's: the two look the same (AU2).
fn not_found() -> Error {
    Refusal::new(StatusCode::NOT_FOUND).into()
}

/// Where a form leads after an ending.
fn after(outcome: Outcome, page: &str, word: &str, service: &str) -> Result<String, Error> {
    match outcome {
        Outcome::Done => Ok(format!("{page}?done={word}&service={service}")),
        Outcome::Already | Outcome::Impossible(_) => Ok(format!("{page}?done=nothing")),
        Outcome::Unknown => Err(not_found()),
    }
}
