//! Pushed authorization requests (RFC 9126).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::client::FromClient;
use crate::http::errors::Error;
use crate::usecases::{Core, par};

pub(super) async fn push(State(core): State<Arc<Core>>, asked: FromClient) -> Result<Response, Error> {
    let answer = par::push(&core, &asked.client, &asked.params, core.clock.now()).await?;
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}
