//! Userinfo (OIDC Core 5.3): by GET or POST, the token in the header only.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::cors;
use crate::http::errors::Error;
use crate::protocol::bearer;
use crate::usecases::{Core, userinfo};

pub(super) async fn show(State(core): State<Arc<Core>>, headers: HeaderMap, body: Body) -> Response {
    // Read to its end and ignored: an answer before that would close the connection.
    let _ = to_bytes(body, usize::MAX).await;
    cors::open(match claims(&core, &headers).await {
        Ok(claims) => Json(claims).into_response(),
        Err(error) => error.into_response(),
    })
}

async fn claims(core: &Core, headers: &HeaderMap) -> Result<Map<String, Value>, Error> {
    let lines: Vec<&[u8]> = headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes).collect();
    let token = bearer::token(&lines).map_err(Error::Bearer)?.ok_or(Error::NoBearer)?;
    userinfo::userinfo(core, &token, core.clock.now()).await.map_err(Error::Bearer)
}
