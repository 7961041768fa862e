//! One line and one observation per request; never a query, a name or a token.

use std::cell::RefCell;
use std::collections::HashMap;

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use metrics::{Histogram, histogram};

use super::client_address::network_of;
use super::layers::{RequestInfo, route_of};
use crate::clock;
use crate::telemetry::in_request;
use crate::telemetry::metrics::HTTP_REQUEST_DURATION;

/// Asked thousands of times a second by machines: their successes are logged at debug level only.
const HOT: [&str; 6] = [
    "/oauth2/introspect",
    "/oauth2/token",
    "/oauth2/userinfo",
    "/oauth2/jwks",
    "/.well-known/jwks.json",
    "/.well-known/openid-configuration",
];

/// What is remembered of a request until it is answered.
pub(super) struct Access {
    pub info: RequestInfo,
    method: Method,
    route: Option<MatchedPath>,
}

impl Access {
    pub fn new(info: RequestInfo, request: &Request) -> Self {
        let (method, route) = route_of(request);
        Self { info, method, route }
    }

    /// Requests without a route share one name: what people make up must not become labels.
    fn route(&self) -> &str {
        self.route.as_ref().map_or("(none)", MatchedPath::as_str)
    }

    pub fn answered(self, status: StatusCode) {
        let took = clock::monotonic().duration_since(self.info.received);
        observe(self.route(), known(&self.method), status.as_u16(), took.as_secs_f64());
        let (method, route, status) = (known(&self.method), self.route(), status.as_u16());
        let client = network_of(self.info.client_address);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(event = "http.server.response", method, route, status, duration_us = us, client.network = %client)
            };
        }
        match status {
            500.. => line!(error),
            400.. => line!(warn),
            _ if HOT.contains(&route) => line!(debug),
            _ => line!(info),
        }
    }

    /// The client left before the answer.
    pub fn abandoned(self) {
        let route = self.route();
        in_request(self.info.id, || tracing::info!(event = "http.server.abandoned", method = known(&self.method), route));
    }
}

/// Methods as labels: what is not known is one label.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "_OTHER",
    }
}

type Observers = HashMap<String, Vec<(&'static str, u16, Histogram)>>;

thread_local! {
    /// The histograms this thread has met: the recorder's own lookup builds and hashes all labels each time.
    static OBSERVERS: RefCell<Observers> = RefCell::default();
}

fn observe(route: &str, method: &'static str, status: u16, seconds: f64) {
    OBSERVERS.with_borrow_mut(|observers| {
        let known = observers.get(route).and_then(|known| known.iter().find(|(m, s, _)| *m == method && *s == status));
        if let Some((_, _, histogram)) = known {
            histogram.record(seconds);
            return;
        }
        let labels = [
            ("http_request_method", method.to_owned()),
            ("http_route", route.to_owned()),
            ("http_response_status_code", status.to_string()),
        ];
        let histogram = histogram!(HTTP_REQUEST_DURATION, &labels);
        histogram.record(seconds);
        observers.entry(route.to_owned()).or_default().push((method, status, histogram));
    });
}
