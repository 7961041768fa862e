//! Access tokens: what they say, sealed without a row (architecture, "Tokens that cannot bloat the database").
//!
//! A JWT carries the same sealed words in its `jti`, so that nobody but us reads which grant is behind it.

use dashmap::DashMap;
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;

use super::{Core, signing_keys};
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::sealing::Purpose;
use crate::crypto::signing::{Algorithm, KeyRing};
use crate::crypto::verify::{Audience as Meant, Expectation, TokenType};
use crate::model::grant::Mask;
use crate::model::ids::{ClientKey, CustomerId, GrantId, ServiceId, TokenId};
use crate::protocol::jwt::typ;
use crate::protocol::scope::ScopeSet;
use crate::storage::Error;

/// Bound into the seal: this form of this kind of token.
const AAD: &[u8] = b"concord/at/1";

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Its own id, for its revocation.
    pub id: TokenId,
    /// What it rests on.
    pub holder: Holder,
    /// The service whose API it is for; none for Concord itself.
    pub audience: Option<ServiceId>,
    /// When it was made, to the second.
    pub issued_at: Timestamp,
    /// Until when, to the second.
    pub expires_at: Timestamp,
}

/// What an access token rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A person's authorization.
    Grant {
        /// The grant.
        grant: GrantId,
        /// Whose: says under which stamp the grant may be kept in memory.
        customer: CustomerId,
        /// The items of the grant that the token carries.
        mask: Mask,
    },
    /// The client itself (client_credentials).
    Client {
        /// The client.
        client: ClientKey,
        /// Its epoch when the token was made.
        client_epoch: i64,
        /// Its service's epoch then.
        service_epoch: i64,
        /// What it may do.
        scope: ScopeSet,
    },
}

impl AccessToken {
    /// The token as it is handed out: opaque.
    pub fn seal(&self, core: &Core) -> String {
        core.sealer.seal_to_token(Purpose::AccessToken, AAD, &self.write(core.database_epoch(), true))
    }

    /// The `jti` of the token as a JWT. The scope of a client's own token stays in the JWT, where it is signed.
    pub fn seal_jti(&self, core: &Core) -> String {
        core.sealer.seal_to_token(Purpose::JwtId, AAD, &self.write(core.database_epoch(), false))
    }

    fn write(&self, epoch: i64, with_scope: bool) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        bytes.push(match self.holder {
            Holder::Grant { .. } => 1,
            Holder::Client { .. } => 2,
        });
        bytes.extend_from_slice(self.id.uuid().as_bytes());
        bytes.extend_from_slice(self.audience.map_or(Uuid::nil(), ServiceId::uuid).as_bytes());
        for number in [self.issued_at.seconds(), self.expires_at.seconds(), epoch] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        match &self.holder {
            Holder::Grant { grant, customer, mask } => {
                bytes.extend_from_slice(grant.uuid().as_bytes());
                bytes.extend_from_slice(&customer.as_i64().to_be_bytes());
                bytes.extend_from_slice(&mask.to_be_bytes());
            }
            Holder::Client { client, client_epoch, service_epoch, scope } => {
                bytes.extend_from_slice(client.uuid().as_bytes());
                bytes.extend_from_slice(&client_epoch.to_be_bytes());
                bytes.extend_from_slice(&service_epoch.to_be_bytes());
                if with_scope {
                    bytes.extend_from_slice(scope.to_string().as_bytes());
                }
            }
        }
        bytes
    }

    fn read(bytes: &[u8], epoch: i64) -> Option<Self> {
        let mut rest = Reader(bytes);
        let [kind] = rest.take()?;
        let id = TokenId::new(rest.uuid()?);
        let audience = rest.uuid()?;
        let issued_at = Timestamp::from_seconds(rest.number()?);
        let expires_at = Timestamp::from_seconds(rest.number()?);
        if rest.number()? != epoch {
            return None;
        }
        let holder = match kind {
            1 => Holder::Grant {
                grant: GrantId::new(rest.uuid()?),
                customer: CustomerId::from_bits(u64::try_from(rest.number()?).ok()?)?,
                mask: Mask::from_be_bytes(rest.take()?),
            },
            2 => Holder::Client {
                client: ClientKey::new(rest.uuid()?),
                client_epoch: rest.number()?,
                service_epoch: rest.number()?,
                scope: std::str::from_utf8(rest.0).ok()?.parse().ok()?,
            },
            _ => return None,
        };
        let audience = (!audience.is_nil()).then(|| ServiceId::new(audience));
        Some(Self { id, holder, audience, issued_at, expires_at })
    }
}

/// Reads the fixed parts one after the other.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn uuid(&mut self) -> Option<Uuid> {
        self.take().map(Uuid::from_bytes)
    }

    fn number(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }
}

/// Opens a token of either form that has not expired; anything that is not one of ours is `None`. The database is not touched
/// while this node is fresh.
///
/// # Errors
/// This node is not fresh and could not ask the database which keys and which epoch hold (conventions 8).
pub async fn open(core: &Core, token: &str, now: Timestamp) -> Result<Option<AccessToken>, Error> {
    let opened = if token.contains('.') {
        signing_keys::assure(core).await?;
        open_jwt(core, token, now)
    } else {
        // Garbage is refused before anything is asked.
        let Some(bytes) = core.sealer.open_token(Purpose::AccessToken, AAD, token) else { return Ok(None) };
        signing_keys::assure(core).await?;
        AccessToken::read(&bytes, core.database_epoch())
    };
    Ok(opened.filter(|token| now < token.expires_at))
}

/// What the JWT itself has to say beside its signature.
#[derive(Deserialize)]
struct Claims {
    jti: String,
    #[serde(default)]
    scope: ScopeSet,
}

fn open_jwt(core: &Core, token: &str, now: Timestamp) -> Option<AccessToken> {
    // Read before anything is checked, and kept with the verdict: what changes meanwhile makes it count no more.
    let against = Against { ring: Arc::clone(&core.keys.load()), epoch: core.database_epoch() };
    let digest = sha256(token.as_bytes());
    if let Some(known) = core.memory.verified.get(&digest, &against) {
        return Some(known);
    }
    let mut expectation = Expectation::new(TokenType::Named(typ::ACCESS_TOKEN), core.config.issuer.as_str(), Meant::Any, now);
    expectation.algorithms = &Algorithm::OWN;
    let claims = against.ring.verify_own::<Claims>(token, &expectation).ok()?.claims;
    let bytes = core.sealer.open_token(Purpose::JwtId, AAD, &claims.jti)?;
    let mut opened = AccessToken::read(&bytes, against.epoch)?;
    if let Holder::Client { scope, .. } = &mut opened.holder {
        *scope = claims.scope;
    }
    core.memory.verified.put(digest, against, opened.clone(), now);
    Some(opened)
}

/// What a JWT was checked against.
struct Against {
    ring: Arc<KeyRing>,
    /// The database epoch.
    epoch: i64,
}

impl Against {
    fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ring, &other.ring) && self.epoch == other.epoch
    }
}

/// JWTs whose signature was found good, by digest. A changed key ring or database epoch makes all of them count no more.
pub struct Verified {
    tokens: DashMap<[u8; 32], (Against, AccessToken)>,
    most: usize,
}

impl Verified {
    /// Empty; at most `most` are remembered.
    pub fn new(most: usize) -> Self {
        Self { tokens: DashMap::new(), most }
    }

    fn get(&self, digest: &[u8; 32], present: &Against) -> Option<AccessToken> {
        let entry = self.tokens.get(digest)?;
        let (against, token) = entry.value();
        against.same(present).then(|| token.clone())
    }

    fn put(&self, digest: [u8; 32], present: Against, token: AccessToken, now: Timestamp) {
        if self.tokens.len() >= self.most {
            self.tokens.retain(|_, (against, token)| against.same(&present) && now < token.expires_at);
        }
        if self.tokens.len() < self.most {
            self.tokens.insert(digest, (present, token));
        }
    }

    /// Forgets everything: the database epoch changed.
    pub fn forget(&self) {
        self.tokens.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(holder: Holder) -> AccessToken {
        AccessToken {
            id: TokenId::new(Uuid::from_u128(1)),
            holder,
            audience: Some(ServiceId::new(Uuid::from_u128(2))),
            issued_at: Timestamp::from_seconds(1_800_000_000),
            expires_at: Timestamp::from_seconds(1_800_000_300),
        }
    }

    fn holders() -> [Holder; 2] {
        let customer = "28T5-CY4T-QKFF-A".parse().expect("a customer");
        [
            Holder::Grant { grant: GrantId::new(Uuid::from_u128(3)), customer, mask: 0b1011 },
            Holder::Client {
                client: ClientKey::new(Uuid::from_u128(4)),
                client_epoch: 5,
                service_epoch: 6,
                scope: "profile.write orders".parse().expect("a scope"),
            },
        ]
    }

    #[test]
    fn what_is_written_is_read_in_its_own_epoch_only() {
        for holder in holders() {
            let token = token(holder);
            let bytes = token.write(7, true);
            assert_eq!(AccessToken::read(&bytes, 7), Some(token.clone()));
            assert_eq!(AccessToken::read(&bytes, 8), None);
            let mut nobody = bytes;
            nobody[0] = 3;
            assert_eq!(AccessToken::read(&nobody, 7), None);
        }
    }

    #[test]
    fn every_cut_is_refused() {
        let [grant, _] = holders();
        let bytes = token(grant).write(7, true);
        for length in 0..bytes.len() {
            assert_eq!(AccessToken::read(&bytes[..length], 7), None, "{length}");
        }
    }

    #[test]
    fn a_verdict_counts_only_for_the_keys_and_the_epoch_it_was_made_with() {
        let [grant, _] = holders();
        let (token, now, digest) = (token(grant), Timestamp::from_seconds(1_800_000_000), [1; 32]);
        let ring = Arc::new(KeyRing::new(Vec::new()));
        let against = |ring: &Arc<KeyRing>, epoch| Against { ring: Arc::clone(ring), epoch };
        let verified = Verified::new(1);
        // The epoch went from 7 to 8 and memory was emptied while this was still being checked.
        verified.forget();
        verified.put(digest, against(&ring, 7), token.clone(), now);
        assert_eq!(verified.get(&digest, &against(&ring, 7)), Some(token.clone()));
        assert_eq!(verified.get(&digest, &against(&ring, 8)), None);
        assert_eq!(verified.get(&digest, &against(&Arc::new(KeyRing::new(Vec::new())), 7)), None);
        // What counts no more makes room.
        verified.put([2; 32], against(&ring, 8), token.clone(), now);
        assert_eq!(verified.get(&[2; 32], &against(&ring, 8)), Some(token));
        assert_eq!(verified.get(&digest, &against(&ring, 7)), None);
    }

    #[test]
    fn a_jti_stays_short_whatever_the_scope() {
        let [_, client] = holders();
        let token = token(client);
        assert!(token.write(7, false).len() < 96 && token.write(7, true).len() > 96);
    }
}
