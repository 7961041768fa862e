//! Signing out at the person's own wish: from their pages, or on the way through a flow ("not you?"), which then goes on.
//! What clients ask for is at the protocol's own endpoint.

use axum::extract::State;
use axum::response::Response;

use super::read;
use crate::http::app::App;
use crate::http::browser::{Browser, SESSION};
use crate::http::errors::Error;
use crate::http::extract::{PageForm, QueryParams};
use crate::http::pages::answer::{forget_site_data, page, see_other};
use crate::http::pages::person;
use crate::model::customer::Session;
use crate::model::ids::FlowId;
use crate::protocol::params::Params;
use crate::ui::frame::Frame;
use crate::ui::leave::{SignOut, SignedOut};
use crate::usecases::flow::{self, Opened};
use crate::usecases::{account, logout};

/// What the form is bound to.
const FORM: &str = "sign-out";

async fn session_of(app: &App, browser: &Browser) -> Result<Option<Session>, Error> {
    let cookie = browser.visitor.session.as_deref();
    account::signed_in(&app.core, cookie, browser.now).await.map_err(Error::from)
}

/// The services a session signed in to, by name.
async fn told(app: &App, session: &Session, browser: &Browser) -> Result<Vec<String>, Error> {
    let held = account::overview(&app.core, session.customer, browser.now).await?;
    let here = held.sessions.into_iter().find(|held| held.session.id == session.id);
    let services = here.map(|held| held.services).unwrap_or_default();
    Ok(services.iter().map(|service| service.document.name.get(browser.visitor.locale).to_owned()).collect())
}

/// The flow that was interrupted to sign out.
fn flow_of(params: &Params) -> Option<FlowId> {
    params.get("flow").and_then(|id| id.parse().ok())
}

fn onward(flow: FlowId) -> Response {
    see_other(&format!("/continue?flow={flow}"))
}

/// `GET /logout`.
pub(super) async fn ask(State(app): State<App>, QueryParams(query): QueryParams, browser: Browser) -> Result<Response, Error> {
    let flow = flow_of(&read(query)?);
    let Some(session) = session_of(&app, &browser).await? else {
        return Ok(match flow {
            Some(flow) => browser.answer(onward(flow)),
            None => signed_out(&app, browser, Vec::new()),
        });
    };
    let services = told(&app, &session, &browser).await?;
    let (_, address) = person(&app, session.customer).await?;
    let frame = Frame { signed_in_as: Some(address.clone()), ..browser.frame(&app.core, FORM) };
    let html = SignOut { person: address, services }.render(&frame);
    Ok(browser.answer(page(html)))
}

/// `POST /logout`.
pub(super) async fn leave(
    State(app): State<App>,
    QueryParams(query): QueryParams,
    mut browser: Browser,
    PageForm(form): PageForm,
) -> Result<Response, Error> {
    let flow = flow_of(&read(query)?);
    browser.check_csrf(FORM, form.get("csrf"))?;
    if form.get("action") != Some("sign-out") {
        return Ok(browser.answer(flow.map_or_else(|| see_other("/account"), onward)));
    }
    let mut services = Vec::new();
    if let Some(session) = session_of(&app, &browser).await? {
        services = told(&app, &session, &browser).await?;
        logout::end_session(&app.core, session.customer, session.id, browser.now).await?;
    }
    browser.clear(&app, SESSION);
    browser.visitor.session = None;
    match flow {
        Some(flow) => {
            forget_person(&app, &browser, flow).await?;
            Ok(browser.answer(onward(flow)))
        }
        None => Ok(signed_out(&app, browser, services)),
    }
}

/// The flow asks again who it is.
async fn forget_person(app: &App, browser: &Browser, id: FlowId) -> Result<(), Error> {
    let opened = flow::open(&app.core, &browser.visitor, id, browser.now).await?;
    if let Opened::Here(flow) = opened {
        flow::use_another(&app.core, &flow).await?;
    }
    Ok(())
}

fn signed_out(app: &App, browser: Browser, services: Vec<String>) -> Response {
    let html = SignedOut { services, back: None }.render(&browser.frame(&app.core, FORM));
    browser.answer(forget_site_data(page(html)))
}
