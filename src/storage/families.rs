//! Refresh-token families: one row each, however often its token is rotated (conventions 7).

use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{FamilyId, GrantId};

/// A family as it stands.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Family {
    /// Its row.
    pub id: FamilyId,
    /// The grant it belongs to.
    pub grant_id: GrantId,
    /// Counts its rotations.
    pub generation: i64,
    /// Drawn for this generation, 16 bytes.
    pub nonce: Vec<u8>,
    /// That of the generation just before.
    pub previous_nonce: Option<Vec<u8>>,
    /// When this generation was made.
    pub rotated_at: Timestamp,
    /// Until when, unless it is used.
    pub idle_until: Timestamp,
    /// Until when, in any case.
    pub expires_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Adds a family with its first generation.
pub async fn insert(tx: &mut Tx, family: &Family) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO families (id, grant_id, generation, nonce, rotated_at, idle_until, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        family.id,
        family.grant_id,
        family.generation,
        &family.nonce,
        family.rotated_at,
        family.idle_until,
        family.expires_at
    )?;
    Ok(())
}

/// The family with this id.
pub async fn find(tx: &mut Tx, id: FamilyId) -> Result<Option<Family>, Error> {
    fetch_optional!(
        tx,
        Family,
        "SELECT id, grant_id, generation, nonce, previous_nonce, rotated_at, idle_until, expires_at, ended_at FROM families WHERE id = $1",
        id
    )
}

/// Makes the next generation of exactly the one that was shown, if it is the present one of a family that lives: in one statement what
/// [`find`] and [`rotate`] do in two. `false` says nothing about why not.
pub async fn advance(
    tx: &mut Tx,
    (id, grant): (FamilyId, GrantId),
    (generation, shown): (i64, &[u8; 16]),
    nonce: &[u8; 16],
    idle_until: Timestamp,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = execute!(
        tx,
        "UPDATE families
         SET generation = generation + 1, previous_nonce = nonce, nonce = $5, rotated_at = $6,
             idle_until = CASE WHEN expires_at < $7 THEN expires_at ELSE $7 END
         WHERE id = $1 AND grant_id = $2 AND generation = $3 AND nonce = $4 AND ended_at IS NULL AND idle_until > $6 AND expires_at > $6",
        id,
        grant,
        generation,
        shown.as_slice(),
        nonce.as_slice(),
        now,
        idle_until
    )?;
    Ok(rows == 1)
}

/// Ends the family of a grant, if it has one that lives.
pub async fn end_of_grant(tx: &mut Tx, grant: GrantId, now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(tx, "UPDATE families SET ended_at = $2 WHERE grant_id = $1 AND ended_at IS NULL", grant, now)?;
    Ok(rows == 1)
}

/// Ends the grants of a batch of families that were over before: the last access token of each has long expired.
pub async fn conclude_grants(tx: &mut Tx, before: Timestamp, now: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "UPDATE grants SET ended_at = $2, end_reason = 'over' WHERE ended_at IS NULL AND id IN (
             SELECT grant_id FROM families WHERE idle_until < $1 ORDER BY idle_until, id LIMIT $3)",
        before,
        now,
        most
    )
}

/// Removes a batch of families that were over before; call [`conclude_grants`] first.
pub async fn forget_before(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "DELETE FROM families WHERE id IN (SELECT id FROM families WHERE idle_until < $1 ORDER BY idle_until, id LIMIT $2)",
        before,
        most
    )
}
