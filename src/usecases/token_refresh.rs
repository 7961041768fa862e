//! Refreshing (RFC 6749 section 6, RFC 9700 4.14): families rotate, and notice when a token is shown twice (conventions 7).

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::audience::Audience;
use super::issue::{Parties, authorize_issue};
use super::refresh_token::RefreshToken;
use super::token::{Issue, wanted};
use super::token_code::{audience_for, check_target, inactive, subjects};
use super::{Core, grants, note};
use crate::clock::Timestamp;
use crate::crypto::digest::equal;
use crate::model::grant::{GrantView, Mask};
use crate::model::service::Client;
use crate::protocol::resource::Resource;
use crate::protocol::scope::ScopeSet;
use crate::protocol::token::TokenResponse;
use crate::protocol::{Error, ErrorCode};
use crate::storage::Tx;
use crate::storage::families::{self, Family};

/// Answers a refresh token with its successor and a new access token.
pub(super) async fn refresh(
    core: &Arc<Core>,
    client: &Arc<Client>,
    shown: &SecretString,
    scope: Option<&ScopeSet>,
    resources: &[Resource],
    now: Timestamp,
) -> Result<TokenResponse, Error> {
    let shown =
        RefreshToken::open(core, shown.expose_secret()).await?.ok_or_else(|| Error::invalid_grant("not a refresh token of ours"))?;
    let view = grants::view_of(core, shown.grant, shown.customer).await?.ok_or_else(|| Error::invalid_grant("no grant"))?;
    if view.grant.client != client.key {
        note::refused(core, "refresh.foreign_client", client, now).await?;
        return Err(Error::invalid_grant("another client's refresh token"));
    }
    let parties = Parties::of(core, &view.grant).await?.ok_or_else(|| Error::invalid_grant("no client or service"))?;
    // Nothing is rotated for a request that cannot be answered.
    let mask = authorize_issue(core, &view, &parties, now).map_err(inactive)?;
    let wanted = wanted(&view, scope)?;
    let audience = audience_for(core, &view, &parties, resources).await?;
    let asked = Arc::new(Asked { parties, audience, named: scope.is_some(), wanted });
    asked.check(core, &view, mask)?;
    let (subject, audience_subject) = subjects(core, &view, &asked.parties, &asked.audience, now).await?;

    let (held, ask) = (Arc::clone(core), Arc::clone(&asked));
    let outcome = core
        .database
        .write_cas(move |tx| {
            let (core, asked, shown) = (Arc::clone(&held), Arc::clone(&ask), shown.clone());
            Box::pin(async move { rotate(tx, &core, &shown, &asked, now).await })
        })
        .await?;
    let rotated = match outcome {
        Outcome::Rotated(rotated) => *rotated,
        Outcome::Refused(error) => return Err(error),
    };
    let issue = Issue {
        parties: &asked.parties,
        view: &rotated.view,
        mask: rotated.mask & asked.wanted,
        audience: &asked.audience,
        subject: &subject,
        audience_subject: &audience_subject,
        refresh_token: Some(rotated.successor.seal(core)),
        nonce: None,
        link_status: None,
        now,
    };
    issue.respond(core)
}

/// What a request asks for, and of whom.
struct Asked {
    parties: Parties,
    audience: Audience,
    /// It names a scope.
    named: bool,
    /// The items that it asks for.
    wanted: Mask,
}

impl Asked {
    /// Whether what is in force leaves anything of what was asked for: looked at before the rotation, and again inside it.
    fn check(&self, core: &Core, view: &GrantView, in_force: Mask) -> Result<(), Error> {
        let mask = in_force & self.wanted;
        if self.named && mask == 0 {
            return Err(Error::new(ErrorCode::InvalidScope, "nothing of the scope is in force"));
        }
        check_target(core, view, &self.parties, &self.audience, mask)
    }
}

enum Outcome {
    Rotated(Box<Rotated>),
    Refused(Error),
}

struct Rotated {
    view: GrantView,
    mask: Mask,
    successor: RefreshToken,
}

/// Which generation of its family a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Generation {
    /// The one that may be used.
    Current,
    /// The one just before, within the grace period: an answer was lost on the way.
    JustBefore,
    /// Any other: somebody has a token that was replaced.
    Stale,
}

fn generation_of(family: &Family, shown: &RefreshToken, grace: std::time::Duration, now: Timestamp) -> Generation {
    if shown.generation == family.generation && equal(&shown.nonce, &family.nonce) {
        return Generation::Current;
    }
    let before = family.previous_nonce.as_deref().is_some_and(|previous| equal(&shown.nonce, previous));
    // Without grace there is none for a request either that came before the rotation and lost to it.
    if !grace.is_zero() && shown.generation == family.generation - 1 && before && now < family.rotated_at + grace {
        return Generation::JustBefore;
    }
    Generation::Stale
}

async fn rotate(tx: &mut Tx, core: &Core, shown: &RefreshToken, asked: &Asked, now: Timestamp) -> Result<Outcome, Error> {
    // What nearly everybody shows: the present generation of a family that lives. An error undoes the rotation, so that whoever is
    // refused keeps a token that counts.
    let nonce = core.random.bytes::<16>();
    let idle_until = now + core.config.tokens.refresh_idle.get();
    if families::advance(tx, (shown.family, shown.grant), (shown.generation, &shown.nonce), &nonce, idle_until, now).await? {
        let view = crate::storage::grants::view(tx, shown.grant).await?.ok_or_else(|| Error::invalid_grant("no grant"))?;
        let mask = authorize_issue(core, &view, &asked.parties, now).map_err(inactive)?;
        asked.check(core, &view, mask)?;
        let successor = RefreshToken { generation: shown.generation + 1, nonce, ..shown.clone() };
        return Ok(Outcome::Rotated(Box::new(Rotated { view, mask, successor })));
    }
    not_current(tx, core, shown, asked, now).await
}

/// Whatever else may be shown: the generation just before within its grace, or one that was replaced.
async fn not_current(tx: &mut Tx, core: &Core, shown: &RefreshToken, asked: &Asked, now: Timestamp) -> Result<Outcome, Error> {
    let refused = |why: &'static str| Ok(Outcome::Refused(Error::invalid_grant(why)));
    let Some(family) = families::find(tx, shown.family).await? else { return refused("no family") };
    if family.grant_id != shown.grant || family.ended_at.is_some() {
        return refused("the family ended");
    }
    if now >= family.idle_until || now >= family.expires_at {
        return refused("the family expired");
    }
    let generation = generation_of(&family, shown, core.config.tokens.refresh_grace.get(), now);
    if generation == Generation::Stale {
        return reused(tx, core, &family, now).await;
    }
    let Some(view) = crate::storage::grants::view(tx, family.grant_id).await? else { return refused("no grant") };
    let mask = authorize_issue(core, &view, &asked.parties, now).map_err(inactive)?;
    asked.check(core, &view, mask)?;
    if generation == Generation::Current {
        // Generations never come back: `advance` would have taken it.
        return refused("the family changed");
    }
    let nonce = family.nonce.as_slice().try_into().map_err(|_| Error::invalid_grant("the family is damaged"))?;
    let successor = RefreshToken { generation: family.generation, nonce, ..shown.clone() };
    Ok(Outcome::Rotated(Box::new(Rotated { view, mask, successor })))
}

/// Ends the family and its grant, and whatever was issued from it.
async fn reused(tx: &mut Tx, core: &Core, family: &Family, now: Timestamp) -> Result<Outcome, Error> {
    if grants::end(tx, family.grant_id, "refresh_reused", now).await? {
        note::reuse(tx, core, "refresh.reused", family.grant_id, now).await?;
    }
    Ok(Outcome::Refused(Error::invalid_grant("the refresh token was used before")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::model::ids::{FamilyId, GrantId};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const GRACE: Duration = Duration::from_secs(10);

    fn family() -> Family {
        Family {
            id: FamilyId::new(Uuid::from_u128(1)),
            grant_id: GrantId::new(Uuid::from_u128(2)),
            generation: 5,
            nonce: vec![5; 16],
            previous_nonce: Some(vec![4; 16]),
            rotated_at: NOW,
            idle_until: NOW + Duration::from_secs(100),
            expires_at: NOW + Duration::from_secs(200),
            ended_at: None,
        }
    }

    fn shown(generation: i64, nonce: u8) -> RefreshToken {
        let customer = "28T5-CY4T-QKFF-A".parse().expect("a customer");
        RefreshToken { family: family().id, generation, nonce: [nonce; 16], grant: family().grant_id, customer }
    }

    #[test]
    fn rt6_only_the_generation_just_before_has_grace_and_only_for_a_while() {
        let at = |generation, nonce, later| generation_of(&family(), &shown(generation, nonce), GRACE, NOW + Duration::from_millis(later));
        assert_eq!(at(5, 5, 1_000_000), Generation::Current);
        assert_eq!(at(4, 4, 9_999), Generation::JustBefore);
        assert_eq!(at(4, 4, 10_000), Generation::Stale);
        for (generation, nonce) in [(3, 3), (6, 6), (5, 4), (4, 5), (5, 0), (4, 3), (6, 5)] {
            assert_eq!(at(generation, nonce, 0), Generation::Stale, "{generation} {nonce}");
        }
        assert_eq!(generation_of(&family(), &shown(4, 4), Duration::ZERO, NOW), Generation::Stale);
        let earlier = Timestamp::from_seconds(NOW.seconds() - 1);
        assert_eq!(generation_of(&family(), &shown(4, 4), Duration::ZERO, earlier), Generation::Stale);
    }
}
