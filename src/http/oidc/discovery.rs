//! The provider's metadata, written once per catalogue (OIDC Discovery 1.0 section 4, RFC 8414 section 3).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::{Oidc, cors};
use crate::crypto::digest::{base64url, sha256};
use crate::http::errors::Error;
use crate::model::catalog::Catalog;
use crate::protocol::{Error as ProtocolError, ErrorCode};
use crate::usecases::discovery;

/// The document and the catalogue it was made of.
pub(super) struct Document {
    catalog: Arc<Catalog>,
    body: Bytes,
    etag: HeaderValue,
}

pub(super) async fn show(State(oidc): State<Oidc>, headers: HeaderMap) -> Result<Response, Error> {
    let document = current(&oidc)?;
    Ok(document_response(&headers, &document.etag, "public, max-age=3600", document.body.clone()))
}

fn current(oidc: &Oidc) -> Result<Arc<Document>, Error> {
    let catalog = oidc.core.catalog.load_full();
    if let Some(document) = oidc.metadata.load_full().filter(|document| Arc::ptr_eq(&document.catalog, &catalog)) {
        return Ok(document);
    }
    let failed = || ProtocolError::new(ErrorCode::ServerError, "the metadata cannot be written");
    let body = Bytes::from(serde_json::to_vec(&discovery::metadata(&oidc.core)).map_err(|_| failed())?);
    let etag = HeaderValue::try_from(format!("\"{}\"", base64url(&sha256(&body)[..16]))).map_err(|_| failed())?;
    let document = Arc::new(Document { catalog, body, etag });
    oidc.metadata.store(Some(Arc::clone(&document)));
    Ok(document)
}

/// A public JSON document with a strong tag (RFC 9110 section 13.1.2).
pub(super) fn document_response(asked: &HeaderMap, etag: &HeaderValue, cache: &'static str, body: Bytes) -> Response {
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|tags| lists(tags, etag));
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { body.into_response() };
    let headers = response.headers_mut();
    headers.reserve(16);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::ETAG, etag.clone());
    cors::open(response)
}

fn lists(tags: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(tags), Ok(etag)) = (tags.to_str(), etag.to_str()) else { return false };
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
