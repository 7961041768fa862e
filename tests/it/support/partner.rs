//! A partner's server: records what reaches it and answers as it is told. For back-channel logout, `jwks_uri`, APIs, callbacks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::watch;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Path and query.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    /// A field of a form that was posted.
    pub fn field(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(&self.body).find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
    }
}

#[derive(Clone)]
struct Told {
    status: u16,
    content_type: &'static str,
    body: String,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    told: Mutex<BTreeMap<String, Told>>,
    changed: watch::Sender<usize>,
}

pub struct Partner {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Partner {
    /// A server on a free port that answers 200 to everything.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::<Shared>::default();
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What a path answers from now on.
    pub fn answers(&self, path: &str, status: u16, body: &Value) {
        self.tell(path, Told { status, content_type: "application/json", body: body.to_string() });
    }

    fn tell(&self, path: &str, told: Told) {
        self.shared.told.lock().expect("answers").insert(path.to_owned(), told);
    }

    /// Everything that reached a path so far.
    pub fn received(&self, path: &str) -> Vec<Received> {
        let received = self.shared.received.lock().expect("requests");
        received.iter().filter(|r| r.target.split('?').next() == Some(path)).cloned().collect()
    }

    /// Waits until a path was asked `count` times; fails after ten seconds.
    pub async fn wait_for(&self, path: &str, count: usize) -> Vec<Received> {
        let mut changed = self.shared.changed.subscribe();
        let enough = async {
            while self.received(path).len() < count {
                let _ = changed.changed().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(10), enough).await;
        assert!(waited.is_ok(), "{path} was asked {} times, not {count}", self.received(path).len());
        self.received(path)
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let told = shared.told.lock().expect("answers").get(parts.uri.path()).cloned();
    shared.received.lock().expect("requests").push(Received { target: parts.uri.to_string(), headers: parts.headers, body });
    shared.changed.send_modify(|n| *n += 1);
    let Some(told) = told else { return StatusCode::OK.into_response() };
    let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::OK);
    (status, [("content-type", told.content_type)], told.body).into_response()
}
