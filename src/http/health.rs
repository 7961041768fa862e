//! The management listener: is the process alive, may it get requests, what has it counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::future::{BoxFuture, FutureExt, join_all};
use serde::Serialize;

use crate::clock;
use crate::telemetry::metrics;

/// How long one check may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type Check = Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Whether this node may get requests: checks given by the parts that can fail, and whether it is leaving.
#[derive(Default)]
pub struct Readiness {
    checks: Vec<(&'static str, Check)>,
    draining: AtomicBool,
}

impl Readiness {
    /// No checks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check by name: `Err` says in a sentence what is wrong and, where there is one, the command that mends it.
    #[must_use]
    pub fn with<F, W>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks.push((name, Box::new(move || check().boxed())));
        self
    }

    /// From now on the node is not ready: it is about to stop.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// True once [`Readiness::drain`] was called.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Runs all checks at once.
    pub async fn report(&self) -> Report {
        let checks = join_all(self.checks.iter().map(|(name, check)| run(name, check()))).await;
        let failed = checks.iter().any(|check| check.status != "ok");
        let status = if self.is_draining() {
            "draining"
        } else if failed {
            "failed"
        } else {
            "ok"
        };
        Report { status, checks, version: None }
    }
}

async fn run(name: &'static str, check: BoxFuture<'static, Result<(), String>>) -> CheckReport {
    let start = clock::monotonic();
    let outcome = tokio::time::timeout(CHECK_TIMEOUT, check).await.unwrap_or_else(|_| Err("no answer in time".to_owned()));
    let latency_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    CheckReport { name, status: if outcome.is_ok() { "ok" } else { "failed" }, latency_ms, detail: outcome.err() }
}

/// What `/readyz` answers.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `ok`, `failed` or `draining`.
    pub status: &'static str,
    /// One per check.
    pub checks: Vec<CheckReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
}

/// One check's outcome.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// Its name.
    pub name: &'static str,
    /// `ok` or `failed`.
    pub status: &'static str,
    /// How long it took.
    pub latency_ms: u64,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The routes of the management listener: plain HTTP, not for the public.
pub fn routes(readiness: Arc<Readiness>) -> Router {
    Router::new()
        .route("/livez", get(|| async { Json(BTreeMap::from([("status", "ok")])) }))
        .route("/readyz", get(ready))
        .route("/healthz", get(ready))
        .route("/metrics", get(|| async { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::render()) }))
        .with_state(readiness)
}

async fn ready(State(readiness): State<Arc<Readiness>>, RawQuery(query): RawQuery) -> Response {
    let mut report = readiness.report().await;
    if query.is_some_and(|query| query.split('&').any(|part| part == "verbose" || part.starts_with("verbose="))) {
        report.version = Some(env!("CARGO_PKG_VERSION"));
    }
    let status = if report.status == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(report)).into_response()
}

#[cfg(test)]
mod tests {
    use super::Readiness;

    #[tokio::test]
    async fn one_failed_check_is_enough_and_says_why() {
        let readiness = Readiness::new()
            .with("database", || async { Ok(()) })
            .with("migrations", || async { Err("behind: run `concord migrate up`".to_owned()) });
        let report = readiness.report().await;
        assert_eq!(report.status, "failed");
        assert_eq!(report.checks[0].status, "ok");
        assert!(report.checks[1].detail.as_deref().unwrap().contains("concord migrate up"));
    }

    #[tokio::test]
    async fn draining_is_not_ready() {
        let readiness = Readiness::new().with("database", || async { Ok(()) });
        assert_eq!(readiness.report().await.status, "ok");
        readiness.drain();
        assert_eq!(readiness.report().await.status, "draining");
    }
}
