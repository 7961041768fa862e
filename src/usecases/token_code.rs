//! Redeeming an authorization code (RFC 6749 4.1.3, RFC 7636 4.5, RFC 9700 4.5).
//!
//! One transaction uses the code, activates the link that waited for it and makes the family. A second use ends what the first
//! one got, and says `invalid_grant` all the same.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::audience::{Audience, may_name};
use super::issue::{Bound, Parties, authorize_issue};
use super::refresh_token::RefreshToken;
use super::token::Issue;
use super::{Core, grants, links, note, pairwise, planted_code};
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::model::grant::{GrantView, Inactive, Mask};
use crate::model::ids::FamilyId;
use crate::model::service::{Client, GrantType};
use crate::protocol::pkce::{self, CodeVerifier};
use crate::protocol::resource::Resource;
use crate::protocol::token::{LinkStatus, TokenResponse};
use crate::protocol::{Error, ErrorCode};
use crate::storage::authorization_codes::AuthorizationCode;
use crate::storage::families::{self, Family};
use crate::storage::{Apart, Tx, authorization_codes, grants as stored_grants};

/// What a client shows to redeem a code.
pub(super) struct Shown {
    pub code: SecretString,
    pub redirect_uri: Option<String>,
    pub code_verifier: Option<CodeVerifier>,
    pub resource: Vec<Resource>,
}

/// Redeems a code.
pub(super) async fn redeem(core: &Arc<Core>, client: &Arc<Client>, shown: Shown, now: Timestamp) -> Result<TokenResponse, Error> {
    let digest = sha256(shown.code.expose_secret().as_bytes());
    let found = authorization_codes::find(&mut core.database.read().await?, &digest).await?;
    let Some(code) = found else {
        planted_code::notice(core, client, shown.code.expose_secret(), now).await?;
        return Err(Error::invalid_grant("unknown code"));
    };
    if code.client_key != client.key {
        // The code stays good for the client it was made for (PK8).
        note::refused(core, "code.foreign_client", client, now).await?;
        return Err(Error::invalid_grant("another client's code"));
    }
    let prepared = if code.used_at.is_some() { None } else { Some(prepare(core, client, &code, &shown, now).await?) };
    let prepared = Arc::new(prepared);
    let (held, work) = (Arc::clone(core), Arc::clone(&prepared));
    // Activating a link looks at more than the rows it changes; everything else is a compare-and-set on the code.
    let apart = if code.link_id.is_some() { Apart::Serializable } else { Apart::ReadCommitted };
    let outcome = core
        .database
        .write_apart(apart, move |tx| {
            let (core, prepared) = (Arc::clone(&held), Arc::clone(&work));
            Box::pin(async move { use_code(tx, &core, &digest, prepared.as_ref().as_ref(), now).await })
        })
        .await?;
    match (outcome, prepared.as_ref()) {
        (Outcome::Redeemed(redeemed), Some(prepared)) => {
            let redeemed = *redeemed;
            let issue = Issue {
                parties: &prepared.parties,
                view: &redeemed.view,
                mask: redeemed.mask,
                audience: &prepared.audience,
                subject: &prepared.subject,
                audience_subject: &prepared.audience_subject,
                refresh_token: redeemed.refresh_token,
                nonce: prepared.bound.nonce.clone(),
                link_status: redeemed.link_status,
                now,
            };
            issue.respond(core)
        }
        (Outcome::Refused(error), _) => Err(error),
        (Outcome::Redeemed(_), None) => Err(Error::invalid_grant("the code was used")),
    }
}

/// Whatever can be found out before the code is used up.
struct Prepared {
    bound: Bound,
    parties: Parties,
    audience: Audience,
    subject: Arc<String>,
    audience_subject: Arc<String>,
}

async fn prepare(core: &Core, client: &Client, code: &AuthorizationCode, shown: &Shown, now: Timestamp) -> Result<Prepared, Error> {
    let bound = Bound::open(core, code)?;
    // RFC 6749 4.1.3: the request always had one, so it must be here, and the same text.
    if shown.redirect_uri.as_deref() != Some(bound.redirect_uri.as_str()) {
        note::refused(core, "code.redirect_uri", client, now).await?;
        return Err(Error::invalid_grant("redirect_uri is another one"));
    }
    if let Err(error) = pkce::check(bound.code_challenge.as_ref(), shown.code_verifier.as_ref(), sha256) {
        note::refused(core, "code.verifier", client, now).await?;
        return Err(error);
    }
    let view =
        stored_grants::view(&mut core.database.read().await?, code.grant_id).await?.ok_or_else(|| Error::invalid_grant("no grant"))?;
    let parties = Parties::of(core, &view.grant).await?.ok_or_else(|| Error::invalid_grant("no client or service"))?;
    let audience = audience_for(core, &view, &parties, &shown.resource).await?;
    let mask = authorize_issue(core, &view, &parties, now).map_err(inactive)?;
    check_target(core, &view, &parties, &audience, mask)?;
    let (subject, audience_subject) = subjects(core, &view, &parties, &audience, now).await?;
    Ok(Prepared { bound, parties, audience, subject, audience_subject })
}

/// The audience that a token of this grant is asked for: only resources of the authorization that the client still may name.
pub(super) async fn audience_for(core: &Core, view: &GrantView, parties: &Parties, resources: &[Resource]) -> Result<Audience, Error> {
    let still = |resource: &str| may_name(&parties.client, &parties.service, resource);
    let granted = |resource: &str| view.grant.resources.iter().any(|known| known == resource);
    Audience::requested(core, resources, |resource| granted(resource) && still(resource)).await
}

/// Whether a token for this audience would say anything: at a foreign API it must carry one of that service's scopes; at the
/// client's own service the grant itself suffices (conventions 3).
pub(super) fn check_target(core: &Core, view: &GrantView, parties: &Parties, audience: &Audience, mask: Mask) -> Result<(), Error> {
    let catalog = core.catalog.load();
    let known = mask & view.mask_of(|scope| audience.may_know(&catalog, scope));
    match audience {
        Audience::Api(service) if known == 0 && service.id != parties.service.id => {
            Err(Error::new(ErrorCode::InvalidTarget, "no scope of this resource is granted"))
        }
        Audience::Concord if known == 0 => Err(Error::invalid_grant("no scope is in force")),
        _ => Ok(()),
    }
}

/// The customer as the client's sector and as the audience's sector know them.
pub(super) async fn subjects(
    core: &Core,
    view: &GrantView,
    parties: &Parties,
    audience: &Audience,
    now: Timestamp,
) -> Result<(Arc<String>, Arc<String>), Error> {
    let subject = pairwise::subject(core, view.grant.customer, parties.service.sector, now).await?;
    let audience_subject = match audience.service() {
        Some(api) if api.sector != parties.service.sector => pairwise::subject(core, view.grant.customer, api.sector, now).await?,
        _ => Arc::clone(&subject),
    };
    Ok((subject, audience_subject))
}

/// Every reason sounds the same outside.
pub(super) fn inactive(why: Inactive) -> Error {
    Error::invalid_grant(match why {
        Inactive::Ended => "the grant ended",
        Inactive::Customer => "the customer is not active",
        Inactive::Client => "the client is switched off",
        Inactive::Service => "the service is switched off",
        Inactive::Connection => "a link or the sign-in consent ended",
        Inactive::Consent => "the sign-in consent is over",
    })
}

/// What the transaction came to; a refusal may have something to commit.
enum Outcome {
    Redeemed(Box<Redeemed>),
    Refused(Error),
}

struct Redeemed {
    view: GrantView,
    mask: Mask,
    refresh_token: Option<String>,
    link_status: Option<LinkStatus>,
}

async fn use_code(tx: &mut Tx, core: &Core, digest: &[u8; 32], prepared: Option<&Prepared>, now: Timestamp) -> Result<Outcome, Error> {
    let code = authorization_codes::find(tx, digest).await?.ok_or_else(|| Error::invalid_grant("unknown code"))?;
    if code.used_at.is_some() {
        return reused(tx, core, &code, now).await;
    }
    // Used first, looked at afterwards: whoever waits here for another use finds it, and the view is of a moment after the wait.
    if !authorization_codes::consume(tx, digest, now).await? {
        return reused(tx, core, &code, now).await;
    }
    // From here on an error undoes the use: nothing came of it.
    let prepared = prepared.ok_or_else(|| Error::invalid_grant("the code was used"))?;
    if now >= code.expires_at {
        return Err(Error::invalid_grant("the code expired"));
    }
    // Whoever signed out while the flow finished: nobody would tell the client of it any more (docs/decisions/0005).
    if code.session_ended_at.is_some() {
        return Err(Error::invalid_grant("the person signed out"));
    }
    let view = stored_grants::view(tx, code.grant_id).await?.ok_or_else(|| Error::invalid_grant("no grant"))?;
    let mask = authorize_issue(core, &view, &prepared.parties, now).map_err(inactive)?;
    check_target(core, &view, &prepared.parties, &prepared.audience, mask)?;
    let link_status = match code.link_id {
        // In this transaction: a link that cannot become active ends here, and the tokens come without it.
        Some(link) => Some(links::activate_pending(tx, core, link, view.grant.customer, now).await?),
        None => prepared.bound.link_status,
    };
    let refresh_token =
        if prepared.parties.client.may(GrantType::RefreshToken) { Some(begin_family(tx, core, &view, now).await?) } else { None };
    Ok(Outcome::Redeemed(Box::new(Redeemed { view, mask, refresh_token, link_status })))
}

/// RFC 9700 4.5: whoever is second ends what the first one got. An activated link stays (conventions 7).
async fn reused(tx: &mut Tx, core: &Core, code: &AuthorizationCode, now: Timestamp) -> Result<Outcome, Error> {
    if grants::end(tx, code.grant_id, "code_reused", now).await? {
        note::reuse(tx, core, "code.reused", code.grant_id, now).await?;
    }
    Ok(Outcome::Refused(Error::invalid_grant("the code was used")))
}

async fn begin_family(tx: &mut Tx, core: &Core, view: &GrantView, now: Timestamp) -> Result<String, Error> {
    let nonce = core.random.bytes::<16>();
    let expires_at = now + core.config.tokens.refresh_total.get();
    let family = Family {
        id: FamilyId::new(core.random.uuid_v7(now)),
        grant_id: view.grant.id,
        generation: 1,
        nonce: nonce.to_vec(),
        previous_nonce: None,
        rotated_at: now,
        idle_until: expires_at.min(now + core.config.tokens.refresh_idle.get()),
        expires_at,
        ended_at: None,
    };
    families::insert(tx, &family).await?;
    let token = RefreshToken { family: family.id, generation: 1, nonce, grant: view.grant.id, customer: view.grant.customer };
    Ok(token.seal(core))
}
