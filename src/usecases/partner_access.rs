//! Who may call the partner API: a client for itself, by an access token meant for Concord (RFC 6749 4.4, conventions 3).

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::access_token::{self, Holder};
use super::issue::authorize_client;
use super::{Core, partners};
use crate::clock::Timestamp;
use crate::model::service::{Client, Service};
use crate::protocol::{Error, ErrorCode};

/// A partner's program, calling for its service.
pub struct Caller {
    /// Whose client it is.
    pub service: Arc<Service>,
    /// The client.
    pub client: Arc<Client>,
}

/// The client behind an access token, when the token holds now and carries `scope`.
///
/// # Errors
/// `invalid_token` for whatever is not a client's own token for Concord that holds; `insufficient_scope` (RFC 6750 3.1).
pub async fn caller(core: &Core, token: &SecretString, scope: &str, now: Timestamp) -> Result<Caller, Error> {
    let refused = |detail: &'static str| Error::new(ErrorCode::InvalidToken, "the access token is not valid here").with_detail(detail);
    let token = access_token::open(core, token.expose_secret(), now).await?.ok_or_else(|| refused("not a token of ours, or expired"))?;
    if token.audience.is_some() {
        return Err(refused("for another audience"));
    }
    let Holder::Client { client, client_epoch, service_epoch, scope: carried } = &token.holder else {
        return Err(refused("a person's token"));
    };
    let client = partners::client_by_key(core, *client).await?.ok_or_else(|| refused("no client"))?;
    let service = partners::service(core, client.service).await?.ok_or_else(|| refused("no service"))?;
    authorize_client(&client, &service, Some((*client_epoch, *service_epoch))).map_err(|_| refused("client or service switched off"))?;
    if client.revoked.contains(&token.id) {
        return Err(refused("revoked"));
    }
    if !carried.contains(scope) || !client.document.scope.contains(scope) {
        return Err(Error::new(ErrorCode::InsufficientScope, "the access token does not carry the scope this needs"));
    }
    Ok(Caller { service, client })
}
