//! Proofs of control behind links. The document itself is sealed: it names a local account.

use zeroize::Zeroizing;

use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::crypto::sealing::{Purpose, Sealer};
use crate::model::ids::{CustomerId, EvidenceId, LinkId};
use crate::model::link::EvidenceLevel;
use crate::protocol::acr::Acr;

/// A proof to be kept.
pub struct NewEvidence<'a> {
    /// Its row.
    pub id: EvidenceId,
    /// The link it is for.
    pub link: LinkId,
    /// The customer it is for.
    pub customer: CustomerId,
    /// What it counts for.
    pub level: EvidenceLevel,
    /// How it was obtained: `link_assertion`.
    pub method: &'a str,
    /// The level reached at the service.
    pub acr: Acr,
    /// When the person authenticated at the service.
    pub auth_time: Timestamp,
    /// What was shown, for a later dispute.
    pub document: &'a [u8],
    /// When it reached us.
    pub created_at: Timestamp,
    /// Until when it could be used.
    pub expires_at: Timestamp,
}

/// Keeps a proof.
pub async fn insert(tx: &mut Tx, sealer: &Sealer, new: &NewEvidence<'_>) -> Result<(), Error> {
    let document = sealer.seal(Purpose::Evidence, new.id.uuid().as_bytes(), new.document);
    execute!(
        tx,
        "INSERT INTO evidence (id, link_id, customer_id, level, method, acr, auth_time, document, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new.id,
        new.link,
        new.customer,
        new.level.as_str(),
        new.method,
        new.acr.as_str(),
        new.auth_time,
        &document[..],
        new.created_at,
        new.expires_at
    )?;
    Ok(())
}

/// The document of a proof, opened; `None` when there is no such proof.
///
/// # Errors
/// [`Error::Corrupt`] when it was sealed for another row or with another key.
pub async fn document(tx: &mut Tx, sealer: &Sealer, id: EvidenceId) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let row: Option<(Vec<u8>,)> = fetch_optional!(tx, (Vec<u8>,), "SELECT document FROM evidence WHERE id = $1", id)?;
    let Some((sealed,)) = row else { return Ok(None) };
    let opened = sealer.open(Purpose::Evidence, id.uuid().as_bytes(), &sealed);
    opened.map(Some).ok_or_else(|| Error::Corrupt("an evidence document does not open".into()))
}

/// A proof without its document.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Evidence {
    /// What it counts for: `L3`.
    pub level: String,
    /// How it was obtained.
    pub method: String,
    /// The level reached at the service.
    pub acr: String,
    /// When the person authenticated at the service.
    pub auth_time: Timestamp,
    /// When it reached us.
    pub created_at: Timestamp,
}

/// One proof.
pub async fn by_id(tx: &mut Tx, id: EvidenceId) -> Result<Option<Evidence>, Error> {
    fetch_optional!(tx, Evidence, "SELECT level, method, acr, auth_time, created_at FROM evidence WHERE id = $1", id)
}
