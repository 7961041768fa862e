//! Refresh tokens: a family and its generation, sealed (conventions 7). No digest is stored.

use uuid::Uuid;

use super::{Core, signing_keys};
use crate::crypto::sealing::Purpose;
use crate::model::ids::{CustomerId, FamilyId, GrantId};
use crate::storage::Error;

/// Bound into the seal: this form of this kind of token.
const AAD: &[u8] = b"concord/rt/1";

/// What a refresh token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Its family.
    pub family: FamilyId,
    /// Its generation.
    pub generation: i64,
    /// The number drawn for that generation.
    pub nonce: [u8; 16],
    /// The grant of the family.
    pub grant: GrantId,
    /// Whose.
    pub customer: CustomerId,
}

impl RefreshToken {
    /// The token as it is handed out.
    pub fn seal(&self, core: &Core) -> String {
        let mut bytes = Vec::with_capacity(72);
        bytes.extend_from_slice(&core.database_epoch().to_be_bytes());
        bytes.extend_from_slice(self.family.uuid().as_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.nonce);
        bytes.extend_from_slice(self.grant.uuid().as_bytes());
        bytes.extend_from_slice(&self.customer.as_i64().to_be_bytes());
        core.sealer.seal_to_token(Purpose::RefreshToken, AAD, &bytes)
    }

    /// Opens a token of this database epoch; anything else is `None`.
    ///
    /// # Errors
    /// This node is not fresh and could not ask the database which epoch holds (conventions 8).
    pub async fn open(core: &Core, token: &str) -> Result<Option<Self>, Error> {
        let Some(bytes) = core.sealer.open_token(Purpose::RefreshToken, AAD, token) else { return Ok(None) };
        signing_keys::assure(core).await?;
        Ok(Self::read(&bytes, core.database_epoch()))
    }

    fn read(bytes: &[u8], present: i64) -> Option<Self> {
        let (epoch, rest) = bytes.split_first_chunk()?;
        let (family, rest) = rest.split_first_chunk()?;
        let (generation, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (grant, rest) = rest.split_first_chunk()?;
        let customer = u64::from_be_bytes(rest.try_into().ok()?);
        let opened = Self {
            family: FamilyId::new(Uuid::from_bytes(*family)),
            generation: i64::from_be_bytes(*generation),
            nonce: *nonce,
            grant: GrantId::new(Uuid::from_bytes(*grant)),
            customer: CustomerId::from_bits(customer)?,
        };
        (i64::from_be_bytes(*epoch) == present).then_some(opened)
    }
}
