//! Who may read answers from a page of another origin: everybody public documents and userinfo (a bearer token is no cookie),
//! a public client's registered origins the token endpoint, nobody else anything.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::model::service::Client;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Lets every origin read an answer.
pub(super) fn open(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("WWW-Authenticate"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}

/// Lets the origin read the answer when the client registered it.
pub(super) fn registered(mut response: Response, client: &Client, origin: Option<HeaderValue>) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    let known = |origin: &HeaderValue| client.document.origins.iter().any(|known| known.as_bytes() == origin.as_bytes());
    if let Some(origin) = origin.filter(|origin| !client.is_confidential() && known(origin)) {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response.headers_mut().insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    }
    response
}

/// The question before a request with a bearer token.
pub(super) async fn preflight() -> Response {
    let allowed = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization"),
        (header::ACCESS_CONTROL_MAX_AGE, "7200"),
    ];
    open((StatusCode::NO_CONTENT, allowed).into_response())
}
