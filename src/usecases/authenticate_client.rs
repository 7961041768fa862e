//! Which client asks, proved (RFC 6749 2.3, RFC 7523). Starts from "nobody"; every check is one line.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tracing::warn;

use super::{Core, partners};
use crate::clock::Timestamp;
use crate::crypto::digest;
use crate::crypto::jwk::JwkSet;
use crate::crypto::verify::{Audience, Expectation, TokenType, verify};
use crate::model::service::{Client, ClientAuthentication};
use crate::protocol::Error;
use crate::protocol::client_auth::{AssertionRules, AuthMethod, ClientAssertionClaims, ClientAuth};
use crate::protocol::metadata::path;
use crate::storage::{assertions, tries};

/// The kind of tries that are counted.
const TRIES: &str = "client_secret";
/// How long failures are counted together.
const WINDOW: Duration = Duration::from_mins(1);
/// The longest life of an assertion (conventions 7).
const ASSERTION_LIFE: Duration = Duration::from_hours(1);
/// The type that RFC 7523bis asks for, beside the plain one that everybody sends.
const ASSERTION_TYPE: &str = "client-authentication+jwt";

/// The client behind the credentials. `endpoint` is the URL called: an assertion may be addressed to it.
///
/// # Errors
/// `invalid_client`, which sounds the same for an unknown client and a wrong secret; `temporarily_unavailable` when the
/// database cannot be asked.
pub async fn authenticate(core: &Core, credentials: &ClientAuth, endpoint: &str, now: Timestamp) -> Result<Arc<Client>, Error> {
    let known = partners::client(core, credentials.client_id()).await?;
    let Some(client) = known else { return Err(nobody()) };
    switched_on(core, &client).await?;
    registered_method(&client, credentials)?;
    match credentials {
        ClientAuth::SecretBasic { secret, .. } | ClientAuth::SecretPost { secret, .. } => check_secret(core, &client, secret, now).await?,
        ClientAuth::PrivateKeyJwt { assertion, .. } => check_assertion(core, &client, assertion, endpoint, now).await?,
        // A public client names itself, and PKCE binds what it asks for.
        ClientAuth::None { .. } => {}
    }
    Ok(client)
}

/// Sounds like a wrong secret. Whether a client exists is no secret (its id is in every address bar), so the time need not hide it.
fn nobody() -> Error {
    Error::invalid_client("no such client")
}

async fn switched_on(core: &Core, client: &Client) -> Result<(), Error> {
    if !client.enabled {
        return Err(Error::invalid_client("the client is switched off"));
    }
    match partners::service(core, client.service).await? {
        Some(service) if service.enabled => Ok(()),
        _ => Err(Error::invalid_client("the client's service is switched off")),
    }
}

/// The method a client registered, and no other (security.md TK2).
fn registered_method(client: &Client, credentials: &ClientAuth) -> Result<(), Error> {
    let registered = match client.document.authentication {
        ClientAuthentication::ClientSecretBasic => AuthMethod::ClientSecretBasic,
        ClientAuthentication::ClientSecretPost => AuthMethod::ClientSecretPost,
        ClientAuthentication::PrivateKeyJwt => AuthMethod::PrivateKeyJwt,
        ClientAuthentication::None => AuthMethod::None,
    };
    if credentials.method() == registered {
        return Ok(());
    }
    Err(Error::invalid_client(format!("authenticates by {}, registered for {registered}", credentials.method())))
}

/// RFC 6749 2.3.1. Every secret is ours and has 256 bits, so a right one is never refused for other people's wrong ones:
/// a lock would only let strangers shut a client out. Wrong ones are counted, and above the limit cost us nothing.
async fn check_secret(core: &Core, client: &Client, secret: &SecretString, now: Timestamp) -> Result<(), Error> {
    if is_live(&client.secrets, &digest::sha256(secret.expose_secret().as_bytes()), now) {
        return Ok(());
    }
    if core.partners.is_throttled(client.key, now) {
        return Err(Error::invalid_client("wrong secret, throttled"));
    }
    let until = now + WINDOW;
    let subject = digest::sha256(client.key.uuid().as_bytes());
    let failures = core.database.write(move |tx| Box::pin(async move { tries::count(tx, TRIES, &subject, now, until).await })).await?;
    if failures >= i64::from(core.config.limits.client_failures_minute) {
        core.partners.throttle(client.key, until);
        warn!(event = "client.throttled", client_id = client.document.client_id, "too many wrong secrets");
    }
    Err(Error::invalid_client("wrong secret"))
}

/// Whether a digest is one of the live secrets'; looks at all of them, in constant time.
fn is_live(secrets: &[([u8; 32], Option<Timestamp>)], shown: &[u8; 32], now: Timestamp) -> bool {
    let live = |(known, ends_at): &([u8; 32], Option<Timestamp>)| digest::equal(known, shown) & ends_at.is_none_or(|ends_at| now < ends_at);
    secrets.iter().fold(false, |found, secret| found | live(secret))
}

/// RFC 7523 section 3, conventions 7.
async fn check_assertion(core: &Core, client: &Client, assertion: &SecretString, endpoint: &str, now: Timestamp) -> Result<(), Error> {
    let client_id = client.document.client_id.as_str();
    let keys = partners::client_keys(core, client.key).await?;
    let claims = read_assertion(core, client_id, &keys, assertion.expose_secret(), endpoint, now)?;
    let (issuer, jti, until) = (format!("client:{client_id}"), digest::sha256(claims.jti.as_bytes()), claims.remember_until());
    let fresh = core.database.write(move |tx| {
        let issuer = issuer.clone();
        Box::pin(async move { assertions::use_once(tx, &issuer, &jti, until).await })
    });
    if fresh.await? { Ok(()) } else { Err(Error::invalid_client("assertion: jti was used before")) }
}

fn read_assertion(
    core: &Core,
    client_id: &str,
    keys: &JwkSet,
    assertion: &str,
    endpoint: &str,
    now: Timestamp,
) -> Result<ClientAssertionClaims, Error> {
    let issuer = core.config.issuer.as_str();
    let token_endpoint = core.config.issuer.join(path::TOKEN);
    let audience = [issuer, token_endpoint.as_str(), endpoint];
    let mut expected = Expectation::new(TokenType::PlainOr(ASSERTION_TYPE), client_id, Audience::OneOf(&audience), now);
    expected.subject = Some(client_id);
    expected.max_lifetime = Some(ASSERTION_LIFE);
    let verified = verify::<ClientAssertionClaims>(assertion, keys, &expected);
    let claims = verified.map_err(|error| Error::invalid_client(format!("assertion: {error}")))?.claims;
    claims.check(client_id, &AssertionRules { issuer, endpoints: &audience[1..], fapi: false }, now)?;
    Ok(claims)
}
