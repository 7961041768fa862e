//! Introspection (RFC 7662). Callers: confidential clients registered for it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::client::FromClient;
use crate::http::errors::Error;
use crate::protocol::introspect::{IntrospectionRequest, IntrospectionResponse};
use crate::usecases::{Core, introspect};

pub(super) async fn answer(State(core): State<Arc<Core>>, asked: FromClient) -> Result<Json<IntrospectionResponse>, Error> {
    let request = IntrospectionRequest::parse(&asked.params)?;
    Ok(Json(introspect::introspect(&core, &asked.client, &request, core.clock.now()).await?))
}
