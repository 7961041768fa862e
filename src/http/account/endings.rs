//! Ending a link and disconnecting a service: a page says first what stops, a button does it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

use super::{Pressed, Visit, after, not_found};
use crate::http::app::App;
use crate::http::errors::Error;
use crate::http::pages::card;
use crate::model::service::Service;
use crate::ui::privacy::{ConfirmEnding, Ending};
use crate::usecases::endings::{self, LinkEnd};
use crate::usecases::{account, partners};

/// Where the links of a person stand.
const LINKS: &str = "/account/links";
/// Where their services stand.
const SERVICES: &str = "/account";

/// What would stop, at which service, and who could not read any more.
fn confirm(app: &App, visit: Visit, ending: Ending, service: &Service, readers: &[Arc<Service>], back: &str) -> Response {
    let locale = visit.browser.visitor.locale;
    let page = ConfirmEnding {
        ending,
        service: card(service, locale),
        readers: readers.iter().map(|reader| reader.document.name.get(locale).to_owned()).collect(),
        back_url: back.to_owned(),
    };
    visit.show(app, |frame| page.render(frame))
}

/// `GET /account/links/{id}/end`.
pub(super) async fn ask_link(State(app): State<App>, Path(id): Path<String>, visit: Visit) -> Result<Response, Error> {
    let id = id.parse().map_err(|_| not_found())?;
    let held = visit.overview(&app).await?;
    let link = held.link(id).ok_or_else(not_found)?;
    let ending = Ending::Link { local_account: link.local_account.clone() };
    Ok(confirm(&app, visit, ending, &link.service, &link.readers, LINKS))
}

/// `POST /account/links/{id}/end`.
pub(super) async fn end_link(State(app): State<App>, Path(id): Path<String>, Pressed { visit, form }: Pressed) -> Result<Response, Error> {
    let id = id.parse().map_err(|_| not_found())?;
    let (core, customer) = (&app.core, visit.session.customer);
    let service = account::service_of_link(core, customer, id).await?.ok_or_else(not_found)?;
    if form.get("action") != Some("confirm") {
        return Ok(visit.go(LINKS));
    }
    let done = endings::end_link(core, Some(customer), id, LinkEnd::Withdrawn, &visit.expression(), visit.browser.now).await?;
    let to = after(done, LINKS, "link-ended", &service.document.code)?;
    Ok(visit.go(&to))
}

/// `GET /account/services/{code}/disconnect`.
pub(super) async fn ask_service(State(app): State<App>, Path(code): Path<String>, visit: Visit) -> Result<Response, Error> {
    let held = visit.overview(&app).await?;
    let connection = held.connection(&code).ok_or_else(not_found)?;
    Ok(confirm(&app, visit, Ending::Service, &connection.service, &held.readers(&connection.service), SERVICES))
}

/// `POST /account/services/{code}/disconnect`.
pub(super) async fn disconnect(
    State(app): State<App>,
    Path(code): Path<String>,
    Pressed { visit, form }: Pressed,
) -> Result<Response, Error> {
    let core = &app.core;
    let service = partners::service_by_code(core, &code).await?.ok_or_else(not_found)?;
    if form.get("action") != Some("confirm") {
        return Ok(visit.go(SERVICES));
    }
    let done = endings::disconnect(core, visit.session.customer, service.id, &visit.expression(), visit.browser.now).await?;
    let to = after(done, SERVICES, "disconnected", &service.document.code)?;
    Ok(visit.go(&to))
}
