//! Answers that every page gives: a page, a 303, the answer to a client, a fault.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::browser::Browser;
use crate::http::errors::Refusal;
use crate::http::headers::FormAction;
use crate::protocol::authorize_response::Answer;
use crate::ui::trouble::FormPost;
use crate::usecases::Core;

/// A page.
pub(in crate::http) fn page(html: String) -> Response {
    page_with(StatusCode::OK, html)
}

/// A page with another status than 200.
pub(in crate::http) fn page_with(status: StatusCode, html: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

/// 303 (AZ4): the browser goes on by GET.
pub(in crate::http) fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => Refusal::new(StatusCode::BAD_REQUEST).into_response(),
    }
}

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// For an answer that ends with nobody signed in: the browser forgets what it kept of our pages (security.md 5.10).
///
/// Not `"cookies"`: browsers clear those of the whole registrable domain, so people would be signed out of every service that
/// has a name beside ours, too; and with the browser's own cookie they would lose flows in other tabs, language and theme.
/// The one cookie that matters, the session's, is taken back by name, and its session has ended.
pub(in crate::http) fn forget_site_data(mut response: Response) -> Response {
    response.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\", \"storage\""));
    response
}

/// The answer to a client: a redirect, or a form that the browser posts.
pub(in crate::http) fn deliver(core: &Core, browser: &Browser, answer: Answer) -> Response {
    match answer {
        Answer::Redirect(to) => see_other(&to),
        Answer::FormPost { action, fields } => {
            let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let target = origin_of(&action);
            let html = FormPost { action, fields }.render(&browser.frame(core, "form-post"));
            with_form_action(page(html), target)
        }
    }
}

/// Lets the page's form lead to a client: browsers hold the redirects after a form against the policy, too.
pub(in crate::http) fn with_form_action(mut response: Response, source: String) -> Response {
    response.extensions_mut().insert(FormAction(source));
    response
}

fn origin_of(uri: &str) -> String {
    let after = uri.find("://").map_or(uri.len(), |at| at + 3);
    let end = uri[after..].find(['/', '?']).map_or(uri.len(), |at| after + at);
    uri[..end].to_owned()
}
