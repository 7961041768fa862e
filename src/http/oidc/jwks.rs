//! The public keys (RFC 7517), from memory even when the database is away.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use super::discovery::document_response;
use crate::http::errors::Error;
use crate::protocol::{Error as ProtocolError, ErrorCode};
use crate::usecases::Core;

/// security.md 6.2: short enough for a planned rotation, long enough for caches.
const CACHE: &str = "public, max-age=900, stale-while-revalidate=3600, stale-if-error=86400";

pub(super) async fn show(State(core): State<Arc<Core>>, headers: HeaderMap) -> Result<Response, Error> {
    let ring = core.keys.load();
    let etag = HeaderValue::try_from(ring.jwks_etag()).map_err(|_| ProtocolError::new(ErrorCode::ServerError, "no tag"))?;
    Ok(document_response(&headers, &etag, CACHE, ring.jwks_json()))
}
