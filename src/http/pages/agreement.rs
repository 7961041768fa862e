//! The whole text of an agreement, as it is kept with every consent to it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::page;
use super::words;
use crate::crypto::digest::{hex, sha256};
use crate::http::app::App;
use crate::http::browser::Browser;
use crate::http::errors::{Error, Refusal};
use crate::ui::consent::Agreement;

/// `GET /agreements/{code}`: the present version, with the digest that consents to it name.
pub(super) async fn show(State(app): State<App>, Path(code): Path<String>, browser: Browser) -> Result<Response, Error> {
    let catalog = app.core.catalog.load();
    let known = catalog.agreements.get(&code).ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND))?;
    let text = known.text.get(browser.visitor.locale);
    let html = Agreement {
        kind: words::agreement_kind(known.kind),
        version: words::version(known.version),
        text: text.to_owned(),
        sha256: hex(&sha256(text.as_bytes())),
    }
    .render(&browser.frame(&app.core, "none"));
    Ok(browser.answer(page(html)))
}
