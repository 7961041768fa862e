//! Services, links and consents, and taking a consent back with one click.

use axum::extract::{MatchedPath, State};
use axum::response::Response;

use super::{Pressed, Visit, after, not_found, read, words};
use crate::http::app::App;
use crate::http::errors::Error;
use crate::http::extract::QueryParams;
use crate::http::pages::answer::see_other;
use crate::model::consent::ConsentKind;
use crate::protocol::params::Params;
use crate::ui::account::{Home, Links};
use crate::ui::privacy::Privacy;
use crate::usecases::account;
use crate::usecases::endings;

/// How many consents the first page shows.
const NEWEST: usize = 5;

/// `/account`.
pub(super) async fn home(State(app): State<App>, QueryParams(query): QueryParams, visit: Visit) -> Result<Response, Error> {
    let notice = visit.notice(&app, &read(query)?).await?;
    let held = visit.overview(&app).await?;
    let frame = visit.frame(&app);
    let mut consents = words::consents(&held, &frame);
    let consent_count = u32::try_from(consents.len()).unwrap_or(u32::MAX);
    consents.truncate(NEWEST);
    let page = Home {
        notice,
        nickname: visit.nickname.clone(),
        customer_id: visit.session.customer.to_string(),
        services: words::tiles(&held, &frame),
        links: words::links(&held, &frame),
        consents,
        consent_count,
        session_count: u32::try_from(held.sessions.len()).unwrap_or(u32::MAX),
        decisions: words::decisions(&held, &frame),
    };
    Ok(visit.show(&app, |frame| page.render(frame)))
}

/// `/account/links`.
pub(super) async fn links(State(app): State<App>, QueryParams(query): QueryParams, visit: Visit) -> Result<Response, Error> {
    let notice = visit.notice(&app, &read(query)?).await?;
    let held = visit.overview(&app).await?;
    let frame = visit.frame(&app);
    let page = Links { notice, links: words::links(&held, &frame), connectable: words::connectable(&held, &frame) };
    Ok(visit.show(&app, |frame| page.render(frame)))
}

/// `/account/privacy`.
pub(super) async fn privacy(State(app): State<App>, QueryParams(query): QueryParams, visit: Visit) -> Result<Response, Error> {
    let notice = visit.notice(&app, &read(query)?).await?;
    let held = visit.overview(&app).await?;
    let frame = visit.frame(&app);
    let (domains, rows) = words::matrix(&app.core, &held, &frame);
    let page = Privacy { notice, domains, rows, consents: words::consents(&held, &frame) };
    Ok(visit.show(&app, |frame| page.render(frame)))
}

/// The buttons of these three pages: withdraw a consent, undo a young link.
pub(super) async fn act(State(app): State<App>, path: MatchedPath, Pressed { visit, form }: Pressed) -> Result<Response, Error> {
    let to = match form.get("action") {
        Some("withdraw") => withdraw(&app, &visit, path.as_str(), &form).await?,
        Some("undo") => undo(&app, &visit, path.as_str(), &form).await?,
        _ => path.as_str().to_owned(),
    };
    Ok(visit.browser.answer(see_other(&to)))
}

async fn withdraw(app: &App, visit: &Visit, page: &str, form: &Params) -> Result<String, Error> {
    let id = form.get("consent").and_then(|id| id.parse().ok()).ok_or_else(not_found)?;
    let (core, customer) = (&app.core, visit.session.customer);
    let found = account::consent_of(core, customer, id).await?;
    let (kind, recipient) = found.ok_or_else(not_found)?;
    let code = &recipient.document.code;
    if kind == ConsentKind::SignIn {
        // That stops more than one thing: say first what.
        return Ok(format!("/account/services/{code}/disconnect"));
    }
    let done = endings::withdraw(core, Some(customer), id, &visit.expression(), visit.browser.now).await;
    let word = if kind == ConsentKind::Link { "link-ended" } else { "withdrawn" };
    after(done?, page, word, code)
}

async fn undo(app: &App, visit: &Visit, page: &str, form: &Params) -> Result<String, Error> {
    let id = form.get("link").and_then(|id| id.parse().ok()).ok_or_else(not_found)?;
    let (core, customer) = (&app.core, visit.session.customer);
    let service = account::service_of_link(core, customer, id).await?.ok_or_else(not_found)?;
    let done = endings::undo(core, customer, id, &visit.expression(), visit.browser.now).await;
    after(done?, page, "link-ended", &service.document.code)
}
