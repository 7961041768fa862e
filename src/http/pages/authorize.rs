//! The authorization endpoint (RFC 6749 3.1): makes the flow and answers 303 to it; deciding happens there.

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::http::app::App;
use crate::http::browser::Browser;
use crate::http::cookies::Cookies;
use crate::http::errors::{Error, Refusal};
use crate::http::extract::{PageForm, QueryParams};
use crate::http::pages::answer::{self, see_other};
use crate::protocol::locale::Locale;
use crate::protocol::params::Params;
use crate::usecases::flow::{self, Start, StartError};

/// GET: the request is in the query. HEAD has no effect.
pub(in crate::http) async fn get(
    State(app): State<App>,
    method: Method,
    headers: HeaderMap,
    QueryParams(params): QueryParams,
    browser: Browser,
) -> Result<Response, Error> {
    if method == Method::HEAD {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let params = params.map_err(|error| Refusal::from(&error))?;
    start(&app, &headers, browser, &params).await
}

/// POST: the request is in the form. A form posted by another site brings no cookie; its flow is bound at its first page.
pub(in crate::http) async fn post(
    State(app): State<App>,
    headers: HeaderMap,
    browser: Browser,
    PageForm(params): PageForm,
) -> Result<Response, Error> {
    start(&app, &headers, browser, &params).await
}

async fn start(app: &App, headers: &HeaderMap, mut browser: Browser, params: &Params) -> Result<Response, Error> {
    let cross_site_post = !browser.known && headers.contains_key("content-type");
    let visitor = (!cross_site_post).then_some(&browser.visitor);
    let started = flow::start(&app.core, visitor, params, browser.now).await;
    let wished = Locale::ui_locales(params.get("ui_locales").unwrap_or_default());
    match started {
        Ok(Start::Flow(id)) => {
            let lang = if wished.is_empty() { None } else { wished.first().copied() };
            if let (Some(locale), true) = (lang, no_language_yet(app, headers)) {
                browser.switched(app, Some(locale.as_str()), None);
            }
            let mut response = see_other(&format!("/continue?flow={id}"));
            // An unbound flow must not plant a cookie that the browser, being elsewhere, could not show.
            if cross_site_post {
                return Ok(response);
            }
            response = browser.answer(response);
            Ok(response)
        }
        Ok(Start::Answer(reply)) => Ok(answer::deliver(&app.core, &browser, reply)),
        Err(StartError::Client) => Err(Refusal::because(StatusCode::BAD_REQUEST, "bad_client", "client_id is not known").into()),
        Err(StartError::RedirectUri) => {
            Err(Refusal::because(StatusCode::BAD_REQUEST, "bad_redirect_uri", "redirect_uri is not registered for this client").into())
        }
        Err(StartError::Request(error)) => Err(Refusal::from(&error).into()),
        Err(StartError::Storage(error)) => Err(error.into()),
    }
}

fn no_language_yet(app: &App, headers: &HeaderMap) -> bool {
    Cookies::of(headers).get(&app.cookies.name("lang")).ok().flatten().is_none()
}
