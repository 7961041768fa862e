//! The token endpoint (RFC 6749 section 3.2).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::client::FromClient;
use super::cors;
use crate::http::errors::Error;
use crate::protocol::token::TokenRequest;
use crate::protocol::{Error as ProtocolError, token::TokenResponse};
use crate::usecases::{Core, token};

pub(super) async fn answer(State(core): State<Arc<Core>>, asked: FromClient) -> Response {
    let response = match issue(&core, &asked).await {
        Ok(tokens) => ([(header::PRAGMA, "no-cache")], Json(tokens)).into_response(),
        Err(error) => Error::from(error).into_response(),
    };
    cors::registered(response, &asked.client, asked.origin)
}

async fn issue(core: &Arc<Core>, asked: &FromClient) -> Result<TokenResponse, ProtocolError> {
    let request = TokenRequest::parse(&asked.params)?;
    token::token(core, &asked.client, request, core.clock.now()).await
}
