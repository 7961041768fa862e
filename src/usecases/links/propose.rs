//! A service proposes an account of its own: the assertion is checked once, when it is pushed.

use std::sync::Arc;
use std::time::Duration;

use super::super::{Core, partners};
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::jwk::JwkSet;
use crate::crypto::verify::{Audience, Expectation, TokenType, verify};
use crate::model::link::{EvidenceLevel, LinkProposal};
use crate::model::service::{Client, Service};
use crate::protocol::Error;
use crate::protocol::acr::Acr;
use crate::protocol::jwt::typ;
use crate::protocol::link_assertion::{LEEWAY, LinkAssertionClaims, MAX_LIFETIME};
use crate::storage::{self, assertions};

/// How long a person has to decide about a proposal (conventions 13).
const CEREMONY: Duration = Duration::from_mins(10);
/// How long a `jti` is remembered: until its assertion cannot be accepted any more, whatever its times say.
const REMEMBERED: Duration = Duration::from_secs((MAX_LIFETIME + 2 * LEEWAY).unsigned_abs());

/// Checks a pushed `link_assertion` and uses up its `jti`.
///
/// # Errors
/// `invalid_request` for an assertion that does not hold, was used before or does not prove enough for the service's own rule.
pub async fn propose(core: &Arc<Core>, client: &Client, assertion: &str, now: Timestamp) -> Result<LinkProposal, Error> {
    let wrong = |detail: String| Error::invalid_request("link_assertion is not valid").with_detail(detail);
    let service = partners::service(core, client.service).await?.filter(|service| service.enabled);
    let service = service.ok_or_else(|| wrong("the service is switched off".to_owned()))?;
    let claims = read(core, &service, assertion, now).map_err(wrong)?;
    claims.check(&service.document.code, core.config.issuer.as_str(), now)?;
    // Whatever they call it, somebody who signed in was authenticated by one factor at least.
    let acr = claims.acr.as_deref().and_then(|name| name.parse().ok()).unwrap_or(Acr::Aal1);
    let level = EvidenceLevel::L3.min(service.document.links.max_evidence);
    if acr == Acr::Aal0 || level < service.document.links.min_evidence {
        return Err(wrong("it proves less than the service's links need".to_owned()));
    }
    if !use_up(core, &service, &claims.jti, now).await? {
        return Err(wrong("used before".to_owned()));
    }
    Ok(LinkProposal {
        service: service.id,
        local_account: claims.sub,
        level,
        acr,
        auth_time: Timestamp::from_seconds(claims.auth_time.0),
        proved_at: now,
        expires_at: now + CEREMONY,
        assertion: assertion.to_owned(),
    })
}

fn read(core: &Core, service: &Service, assertion: &str, now: Timestamp) -> Result<LinkAssertionClaims, String> {
    let keys = JwkSet::from_value(&service.document.jwks).map_err(|error| error.to_string())?;
    let expected = Expectation {
        max_lifetime: Some(Duration::from_secs(MAX_LIFETIME.unsigned_abs())),
        ..Expectation::new(
            TokenType::Named(typ::LINK_ASSERTION),
            &service.document.code,
            Audience::Exactly(core.config.issuer.as_str()),
            now,
        )
    };
    verify::<LinkAssertionClaims>(assertion, &keys, &expected).map(|verified| verified.claims).map_err(|error| error.to_string())
}

async fn use_up(core: &Arc<Core>, service: &Service, jti: &str, now: Timestamp) -> Result<bool, storage::Error> {
    let (issuer, digest) = (format!("link:{}", service.id), sha256(jti.as_bytes()));
    core.database
        .write(move |tx| {
            let issuer = issuer.clone();
            Box::pin(async move { assertions::use_once(tx, &issuer, &digest, now + REMEMBERED).await })
        })
        .await
}
