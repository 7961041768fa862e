//! One listener, several hosts: who is meant is what the browser says, and everybody else is told where they can go.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use super::party::Party;
use super::redact;
use super::tap::{Deed, Entry, Part, Tap, Went};
use super::wire::MARK;
use crate::clock::Clock;

/// Longest form that is looked at for the log.
const LOOKED_AT: usize = 64 * 1024;

/// Routers by host name, and the log that browsers' requests go to.
struct Hosts {
    routers: HashMap<&'static str, Router>,
    tap: Tap,
    clock: Clock,
    hub: String,
}

/// One router for all hosts.
pub fn router(routers: HashMap<&'static str, Router>, tap: Tap, clock: Clock, hub: String) -> Router {
    Router::new().fallback(dispatch).with_state(Arc::new(Hosts { routers, tap, clock, hub }))
}

async fn dispatch(State(hosts): State<Arc<Hosts>>, request: Request) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let Some(router) = hosts.routers.get(name.as_str()).cloned() else {
        let text = format!("There is nobody called {name:?} here. The demo begins at {}\n", hosts.hub);
        return (StatusCode::MISDIRECTED_REQUEST, text).into_response();
    };
    let Some(party) = Party::at(&name).filter(|_| is_noted(&request)) else { return answered(router, request).await };
    let (request, mut entry) = noted(&hosts, party, request).await;
    let response = answered(router, request).await;
    let status = response.status();
    entry.outcome = status.as_u16().to_string();
    entry.went = if status.is_client_error() || status.is_server_error() { Went::Bad } else { Went::Good };
    if let Some(location) = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok()) {
        entry.parts.push((Part::Answered, format!("Location: {}", shown_url(location))));
    }
    hosts.tap.note(entry);
    response
}

async fn answered(router: Router, request: Request) -> Response {
    router.oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// Calls between servers are noted by whoever makes them; files, pages that only look and the hub itself say nothing.
fn is_noted(request: &Request) -> bool {
    let path = request.uri().path();
    let quiet = path.starts_with("/assets/") || path == "/favicon.ico" || path.starts_with("/demo") || path == "/oidc/backchannel-logout";
    let says = request.method() == Method::POST || Deed::of_path(path) != Deed::Looks;
    !request.headers().contains_key(MARK) && !quiet && says
}

async fn noted(hosts: &Hosts, party: Party, request: Request) -> (Request, Entry) {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let deed = match Deed::of_path(&path) {
        Deed::Looks => Deed::Sends,
        deed => deed,
    };
    let mut entry = Entry {
        at: hosts.clock.now(),
        from: Party::Browser,
        to: party,
        deed,
        call: format!("{} {path}", parts.method),
        outcome: String::new(),
        went: Went::Neutral,
        parts: Vec::new(),
        curl: None,
    };
    entry.parts.extend(parts.uri.query().and_then(|query| told(query.as_bytes())));
    let form =
        parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if !form {
        return (Request::from_parts(parts, body), entry);
    }
    let Ok(bytes) = to_bytes(body, LOOKED_AT).await else {
        // Too long for a form of ours: what comes next will say so, too.
        return (Request::from_parts(parts, Body::from(vec![b'='; LOOKED_AT])), entry);
    };
    entry.parts.extend(told(&bytes));
    (Request::from_parts(parts, Body::from(bytes)), entry)
}

fn told(form: &[u8]) -> Option<(Part, String)> {
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(form).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let shown = redact::form(&pairs);
    (!shown.is_empty()).then_some((Part::Sent, shown))
}

/// An address with its secrets cut short.
fn shown_url(location: &str) -> String {
    let Some((before, query)) = location.split_once('?') else { return location.to_owned() };
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    format!("{before}\n{}", redact::form(&pairs))
}
