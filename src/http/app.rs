//! All routes of one deployment, and what every handler is handed.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::cookies::CookieStyle;
use super::errors::{self, PageHook, Refusal};
use super::{account, browser, oidc, pages};
use crate::ui::assets;
use crate::ui::frame::Frame;
use crate::ui::trouble::{ErrorKind, ErrorPage};
use crate::usecases::Core;

/// What every handler is handed.
#[derive(Clone)]
pub struct App {
    /// The use cases' world.
    pub core: Arc<Core>,
    /// How cookies are named and marked.
    pub cookies: CookieStyle,
}

/// Every route of the issuer's origin. The shell ([`super::layers`]) is put around it by whoever serves it.
pub fn router(core: Arc<Core>) -> Router {
    let cookies = CookieStyle { secure: core.config.issuer.is_https() };
    let partner = super::partner::routes(&core);
    let app = App { core, cookies };
    let pages = pages::routes(&app).merge(oidc::pages()).merge(account::routes(&app));
    Router::new()
        .merge(pages.layer(middleware::from_fn_with_state(app.clone(), super::host::ours)))
        .merge(oidc::routes(&app.core))
        .route("/assets/{file}", get(asset))
        .route("/favicon.ico", get(favicon))
        .route("/", get(|| async { pages::answer::see_other("/account") }))
        .fallback(|| async { Refusal::new(StatusCode::NOT_FOUND) })
        .with_state(app)
        .merge(partner)
}

async fn asset(Path(file): Path<String>) -> Response {
    serve_asset(&format!("/assets/{file}"))
}

async fn favicon() -> Response {
    serve_asset("/favicon.ico")
}

fn serve_asset(path: &str) -> Response {
    let Some(found) = assets::find(path) else { return Refusal::new(StatusCode::NOT_FOUND).into_response() };
    let cache = if found.immutable { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    ([(header::CONTENT_TYPE, found.content_type), (header::CACHE_CONTROL, cache)], found.bytes).into_response()
}

/// Renders refusals with the design of the pages, in the reader's language.
pub fn error_pages(core: &Arc<Core>) -> PageHook {
    let core = Arc::clone(core);
    let cookies = CookieStyle { secure: core.config.issuer.is_https() };
    Arc::new(move |refused: &errors::ErrorPage<'_>| {
        let (locale, theme) = browser::wished(browser::taste(cookies, refused.headers), refused.address);
        let frame = Frame {
            locale,
            theme,
            issuer_host: browser::host_of(core.issuer()).to_owned(),
            path: own_address(refused.address).to_owned(),
            csrf: String::new(),
            signed_in_as: None,
            client: None,
            request_id: refused.request_id.to_owned(),
            now: core.clock.now(),
            utc_offset_minutes: 0,
        };
        let kind = kind_of(refused.status, refused.code);
        let details = if refused.detail.is_empty() { Vec::new() } else { vec![(refused.code.to_owned(), refused.detail.to_owned())] };
        let back = match kind {
            ErrorKind::WrongHost | ErrorKind::WrongScheme => Some((frame.issuer_host.clone(), core.issuer().to_owned())),
            // Whoever got lost on our own pages finds the way to their own.
            ErrorKind::NotFound | ErrorKind::StaleForm | ErrorKind::ExpiredFlow => Some((frame.t("brand"), "/account".to_owned())),
            _ => None,
        };
        ErrorPage { kind, back, details }.render(&frame)
    })
}

/// The address asked for, where it can stand in a link: browsers take `//` and `/\\` for the beginning of another host.
fn own_address(address: &str) -> &str {
    let mut first = address.chars();
    let here = first.next() == Some('/') && !matches!(first.next(), Some('/' | '\\'));
    if here { address } else { "/" }
}

fn kind_of(status: StatusCode, code: &str) -> ErrorKind {
    match code {
        "bad_client" => ErrorKind::BadClient,
        "bad_redirect_uri" => ErrorKind::BadRedirectUri,
        "expired_flow" => ErrorKind::ExpiredFlow,
        "stale_form" | "cross_site" => ErrorKind::StaleForm,
        "refused_logout" => ErrorKind::RefusedLogout,
        "wrong_host" => ErrorKind::WrongHost,
        "wrong_scheme" => ErrorKind::WrongScheme,
        _ => match status.as_u16() {
            404 => ErrorKind::NotFound,
            503 => ErrorKind::Unavailable,
            500.. => ErrorKind::Internal,
            _ => ErrorKind::BadRequest,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::own_address;

    #[test]
    fn an_error_page_links_to_this_host_only() {
        for (asked, linked) in [
            ("/login?flow=flw_1", "/login?flow=flw_1"),
            ("/", "/"),
            ("//evil.example/login", "/"),
            ("/\\evil.example/login", "/"),
            ("", "/"),
            ("*", "/"),
            ("evil.example:443", "/"),
        ] {
            assert_eq!(own_address(asked), linked, "{asked}");
        }
    }
}
