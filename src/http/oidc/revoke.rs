//! Revocation (RFC 7009).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use super::client::FromClient;
use crate::http::errors::Error;
use crate::protocol::revoke::RevocationRequest;
use crate::usecases::{Core, revoke};

pub(super) async fn revoke(State(core): State<Arc<Core>>, asked: FromClient) -> Result<StatusCode, Error> {
    let request = RevocationRequest::parse(&asked.params)?;
    revoke::revoke(&core, &asked.client, &request, core.clock.now()).await?;
    Ok(StatusCode::OK)
}
