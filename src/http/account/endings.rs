//! Ending a link and disconnecting a service: a page says first what stops, a button does it.

use axum::extract::{Path, State};
use axum::response::Response;

use super::{Pressed, Visit, after, not_found};
use crate::http::app::App;
use crate::http::errors::Error;
use crate::http::pages::answer::unavailable;
use crate::http::pages::card;
use crate::ui::privacy::{ConfirmEnding, Ending};
use crate::usecases::endings::{self, LinkEnd};
use crate::usecases::{account, partners};

/// `GET /account/links/{id}/end`.
pub(super) async fn ask_link(State(app): State<App>, Path(id): Path<String>, visit: Visit) -> Result<Response, Error> {
    let id = id.parse().map_err(|_| not_found())?;
    let held = visit.overview(&app).await?;
    let link = held.link(id).ok_or_else(not_found)?;
    let locale = visit.browser.visitor.locale;
    let page = ConfirmEnding {
        ending: Ending::Link { local_account: link.local_account.clone() },
        service: card(&link.service, locale),
        readers: link.readers.iter().map(|reader| reader.document.name.get(locale).to_owned()).collect(),
        back_url: "/account/links".to_owned(),
    };
    Ok(visit.show(&app, |frame| page.render(frame)))
}

/// `POST /account/links/{id}/end`.
pub(super) async fn end_link(State(app): State<App>, Path(id): Path<String>, Pressed { visit, form }: Pressed) -> Result<Response, Error> {
    let id = id.parse().map_err(|_| not_found())?;
    let (core, customer) = (&app.core, visit.session.customer);
    let service = account::service_of_link(core, customer, id).await.map_err(|error| unavailable(&error))?.ok_or_else(not_found)?;
    if form.get("action") != Some("confirm") {
        return Ok(visit.go("/account/links"));
    }
    let done = endings::end_link(core, Some(customer), id, LinkEnd::Withdrawn, &visit.expression(), visit.browser.now).await;
    let to = after(done.map_err(|error| unavailable(&error))?, "/account/links", "link-ended", &service.document.code)?;
    Ok(visit.go(&to))
}

/// `GET /account/services/{code}/disconnect`.
pub(super) async fn ask_service(State(app): State<App>, Path(code): Path<String>, visit: Visit) -> Result<Response, Error> {
    let held = visit.overview(&app).await?;
    let connection = held.connection(&code).ok_or_else(not_found)?;
    let locale = visit.browser.visitor.locale;
    let page = ConfirmEnding {
        ending: Ending::Service,
        service: card(&connection.service, locale),
        readers: held.readers(&connection.service).iter().map(|reader| reader.document.name.get(locale).to_owned()).collect(),
        back_url: "/account".to_owned(),
    };
    Ok(visit.show(&app, |frame| page.render(frame)))
}

/// `POST /account/services/{code}/disconnect`.
pub(super) async fn disconnect(
    State(app): State<App>,
    Path(code): Path<String>,
    Pressed { visit, form }: Pressed,
) -> Result<Response, Error> {
    let core = &app.core;
    let service = partners::service_by_code(core, &code).await.map_err(|error| unavailable(&error))?.ok_or_else(not_found)?;
    if form.get("action") != Some("confirm") {
        return Ok(visit.go("/account"));
    }
    let done = endings::disconnect(core, visit.session.customer, service.id, &visit.expression(), visit.browser.now).await;
    let to = after(done.map_err(|error| unavailable(&error))?, "/account", "disconnected", &service.document.code)?;
    Ok(visit.go(&to))
}
