//! The endpoints of the protocol: each handler extracts, makes one call, and answers.

mod client;
mod cors;
mod discovery;
mod introspect;
mod jwks;
mod logout;
mod par;
mod revoke;
mod token;
mod userinfo;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::Router;
use axum::extract::{FromRef, Request};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::app::App;
use super::errors::Voice;
use crate::protocol::metadata::path;
use crate::usecases::Core;

/// What these handlers are given.
#[derive(Clone)]
pub(super) struct Oidc {
    core: Arc<Core>,
    /// The metadata as it is sent, for the catalogue it was made of.
    metadata: Arc<ArcSwapOption<discovery::Document>>,
}

impl FromRef<Oidc> for Arc<Core> {
    fn from_ref(oidc: &Oidc) -> Self {
        Self::clone(&oidc.core)
    }
}

/// The routes of tokens, metadata and signing out; the authorization endpoint is with the pages of its flow,
/// the end of the session with the [`pages`].
pub(super) fn routes(core: &Arc<Core>) -> Router<App> {
    let state = Oidc { core: Arc::clone(core), metadata: Arc::default() };
    Router::new()
        .route(path::OPENID_CONFIGURATION, get(discovery::show))
        .route(path::OAUTH_METADATA, get(discovery::show))
        .route(path::JWKS, get(jwks::show))
        .route(path::JWKS_ALIAS, get(jwks::show))
        .route(path::TOKEN, post(token::answer))
        .route(path::PAR, post(par::push))
        .route(path::INTROSPECT, post(introspect::answer))
        .route(path::REVOKE, post(revoke::revoke))
        .route(path::USERINFO, get(userinfo::show).post(userinfo::show).options(cors::preflight))
        .method_not_allowed_fallback(refuse_method)
        .with_state(state)
}

/// The one endpoint that people see: signing out.
pub(super) fn pages() -> Router<App> {
    logout::routes()
}

async fn refuse_method(request: Request) -> Response {
    Voice::of(request.uri().path()).refuse(StatusCode::METHOD_NOT_ALLOWED)
}
