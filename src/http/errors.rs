//! The one file that renders errors: OAuth JSON, problem+json, pages. A 5xx carries the request id and nothing else.

use std::fmt::Write;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::BodyFault;
use crate::protocol::{Error as ProtocolError, ErrorCode};
use crate::telemetry::{RequestId, request_id};
use crate::ui::problems::ProblemKind;
use crate::usecases::Failure;

/// In which form an address answers when it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// RFC 6749 section 5.2: JSON with `error`, whatever `Accept` says.
    OAuth,
    /// RFC 9457: `application/problem+json`.
    Problem,
    /// A page for people.
    Page,
}

impl Voice {
    /// The voice of a path.
    pub fn of(path: &str) -> Self {
        if let Some(endpoint) = path.strip_prefix("/oauth2/") {
            return if matches!(endpoint, "authorize" | "logout") { Self::Page } else { Self::OAuth };
        }
        if path == PROBLEMS {
            return Self::Page;
        }
        if path.starts_with("/.well-known/") {
            return Self::OAuth;
        }
        if ["/api/", "/scim/", "/ledger/"].iter().any(|start| path.starts_with(start)) { Self::Problem } else { Self::Page }
    }

    /// Refuses with nothing to say but the status.
    pub fn refuse(self, status: StatusCode) -> Response {
        let mut response = match self {
            Self::OAuth => oauth(status, &ProtocolError::new(code_of(status), sentence(status))),
            Self::Problem => Problem::new(status, ProblemKind::Http).into_response(),
            Self::Page => Refusal::new(status).into_response(),
        };
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from_static("1"));
        }
        response
    }

    /// Refuses because of the body.
    pub fn refuse_body(self, fault: BodyFault) -> Response {
        self.refuse(match fault {
            BodyFault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            BodyFault::TooSlow => StatusCode::REQUEST_TIMEOUT,
            BodyFault::Broken => StatusCode::BAD_REQUEST,
        })
    }
}

fn code_of(status: StatusCode) -> ErrorCode {
    match status.as_u16() {
        503 => ErrorCode::TemporarilyUnavailable,
        500.. => ErrorCode::ServerError,
        _ => ErrorCode::InvalidRequest,
    }
}

fn sentence(status: StatusCode) -> &'static str {
    match status.as_u16() {
        404 => "there is nothing at this address",
        405 => "this method is not allowed here",
        408 => "the request did not arrive in time",
        413 => "the request is too large",
        415 => "the content type or encoding is not accepted here",
        400..500 => "the request is malformed",
        _ => "",
    }
}

/// What a handler refuses with.
#[derive(Debug)]
pub enum Error {
    /// An OAuth endpoint's error (RFC 6749 section 5.2).
    OAuth(ProtocolError),
    /// An error of an endpoint called with an access token (RFC 6750 section 3.1): also in `WWW-Authenticate`.
    Bearer(ProtocolError),
    /// No token was sent to such an endpoint: challenged without an error code (RFC 6750 section 3.1).
    NoBearer,
    /// An API's problem (RFC 9457).
    Problem(Problem),
    /// A page's refusal.
    Page(Refusal),
    /// A body that could not be read, in the voice of its endpoint.
    Body(Voice, BodyFault),
}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Self {
        Self::OAuth(error)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Page(refusal)
    }
}

/// The database could not be asked, or is in contradiction with itself: a page says so. Endpoints for programs never come here, their use
/// cases have errors of the protocol.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        if let Failure::Unavailable(detail) = failure {
            tracing::warn!(event = "storage.unavailable", detail);
            return Refusal::new(StatusCode::SERVICE_UNAVAILABLE).into();
        }
        tracing::error!(event = "storage.failed", error = %failure);
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR).into()
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::OAuth(error) => oauth(oauth_status(error.code), &error),
            Self::Bearer(error) => bearer(&error),
            Self::NoBearer => challenge(StatusCode::UNAUTHORIZED, "Bearer", Body::empty().into_response()),
            Self::Problem(problem) => problem.into_response(),
            Self::Page(refusal) => refusal.into_response(),
            Self::Body(voice, fault) => voice.refuse_body(fault),
        }
    }
}

/// The status of an error code at an OAuth endpoint.
fn oauth_status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidClient | ErrorCode::InvalidToken | ErrorCode::InsufficientUserAuthentication => StatusCode::UNAUTHORIZED,
        ErrorCode::InsufficientScope => StatusCode::FORBIDDEN,
        ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn oauth(status: StatusCode, error: &ProtocolError) -> Response {
    note(error);
    let body = if status.is_server_error() { json(&ProtocolError::new(error.code, format!("request {}", id_text()))) } else { json(error) };
    let mut response = (status, [(header::CONTENT_TYPE, "application/json"), (header::PRAGMA, "no-cache")], body).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    // RFC 6749 section 5.2 and RFC 9110 section 15.5.2: a 401 says how to authenticate.
    if status == StatusCode::UNAUTHORIZED { challenge(status, "Basic realm=\"concord\"", response) } else { response }
}

fn bearer(error: &ProtocolError) -> Response {
    let status = oauth_status(error.code);
    let response = oauth(status, error);
    if status.is_server_error() {
        return response;
    }
    challenge(status, &format!("Bearer error=\"{}\", error_description=\"{}\"", error.code, error.description()), response)
}

fn challenge(status: StatusCode, text: &str, mut response: Response) -> Response {
    *response.status_mut() = status;
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

/// The second voice: what only the log may know.
fn note(error: &ProtocolError) {
    let detail = error.detail.as_deref().unwrap_or_default();
    match error.code {
        ErrorCode::ServerError => tracing::error!(event = "oauth.failed", code = error.code.as_str(), detail),
        ErrorCode::TemporarilyUnavailable => tracing::warn!(event = "oauth.failed", code = error.code.as_str(), detail),
        _ => tracing::debug!(event = "oauth.refused", code = error.code.as_str(), description = error.description(), detail),
    }
}

fn json(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_else(|_| "{\"error\":\"server_error\"}".to_owned())
}

fn id_text() -> String {
    request_id().as_ref().map(RequestId::to_string).unwrap_or_default()
}

/// The page about the kinds of problems.
pub const PROBLEMS: &str = "/api/docs";

/// RFC 9457: what is wrong with an API request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    #[serde(serialize_with = "status_number")]
    status: StatusCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    code: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
}

/// What is wrong with one member of the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldProblem {
    /// Which member (RFC 6901).
    pub pointer: String,
    /// A stable word for machines.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn status_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem of a kind that is documented where its `type` leads.
    pub fn new(status: StatusCode, kind: ProblemKind) -> Self {
        let code = kind.word();
        Self {
            kind: format!("{PROBLEMS}#{code}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status,
            detail: None,
            instance: None,
            code,
            errors: Vec::new(),
        }
    }

    /// Says in a sentence what is wrong.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Says what is wrong with one member.
    #[must_use]
    pub fn with_field(mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        self.errors.push(FieldProblem { pointer: pointer.into(), code, detail: detail.into() });
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        self.instance = request_id().map(|id| id.to_string());
        if self.status.is_server_error() {
            tracing::error!(event = "api.failed", code = self.code, detail = self.detail.as_deref());
            self.detail = None;
            self.errors.clear();
        } else if self.detail.is_none() {
            self.detail = Some(sentence(self.status).to_owned()).filter(|text| !text.is_empty());
        }
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], json(&self)).into_response()
    }
}

/// Why a page refuses; the shell renders it with the [`PageHook`], which knows the reader's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// A stable word like `unknown_client`, shown small for whoever integrates.
    pub code: &'static str,
    /// For integrators, never personal: what exactly was wrong. Empty: nothing. Not shown for a 5xx.
    pub detail: String,
}

impl Refusal {
    /// A refusal with nothing more to say than its status.
    pub fn new(status: StatusCode) -> Self {
        let code = match status.as_u16() {
            404 => "not_found",
            503 => "temporarily_unavailable",
            500.. => "server_error",
            _ => "invalid_request",
        };
        Self { status, code, detail: String::new() }
    }

    /// A refusal of a request, with a code and a sentence for integrators.
    pub fn because(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into() }
    }

    /// The page, put into the headers of `response`.
    pub(super) fn page(&self, hook: &PageHook, address: &str, headers: &HeaderMap, response: Response) -> Response {
        let detail = if self.status.is_server_error() { "" } else { self.detail.as_str() };
        let id = id_text();
        let html = hook(&ErrorPage { status: self.status, code: self.code, detail, request_id: &id, address, headers });
        let (mut parts, _) = response.into_parts();
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        parts.headers.remove(header::CONTENT_LENGTH);
        Response::from_parts(parts, Body::from(html))
    }
}

impl From<&ProtocolError> for Refusal {
    fn from(error: &ProtocolError) -> Self {
        Self::because(oauth_status(error.code), error.code.as_str(), error.description())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What an error page may say.
#[derive(Clone, Copy, Debug)]
pub struct ErrorPage<'a> {
    /// The status.
    pub status: StatusCode,
    /// A stable word.
    pub code: &'a str,
    /// For integrators; empty: nothing.
    pub detail: &'a str,
    /// Names the request in the log.
    pub request_id: &'a str,
    /// Path and query that were asked for: where the page's switches of language and theme lead, and what they say.
    pub address: &'a str,
    /// The request's header: whose language and theme they are.
    pub headers: &'a HeaderMap,
}

/// Renders error pages: given by whoever builds the routes, from the pages of ui.
pub type PageHook = Arc<dyn Fn(&ErrorPage<'_>) -> String + Send + Sync>;

/// Error pages without any design: for listeners and tests that have no pages.
pub fn plain_pages() -> PageHook {
    Arc::new(|page| {
        let mut html = String::from("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Concord</title>");
        let reason = page.status.canonical_reason().unwrap_or("Error");
        let _ = write!(html, "<h1>{reason}</h1><p>{} {}</p>", page.code, page.request_id);
        html
    })
}

#[cfg(test)]
mod tests;
