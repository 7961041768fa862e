//! Work that only one node does at a time.

use uuid::Uuid;

use super::{Error, Tx};
use crate::clock::Timestamp;

/// Takes or extends a lease until `until`; `false` while another holder's is not over.
pub async fn take(tx: &mut Tx, name: &str, holder: Uuid, until: Timestamp, now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(
        tx,
        "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET holder = $2, until = $3 WHERE leases.holder = $2 OR leases.until <= $4",
        name,
        holder,
        until,
        now
    )?;
    Ok(rows == 1)
}

/// Gives a lease back; nothing happens when it is somebody else's.
pub async fn give_back(tx: &mut Tx, name: &str, holder: Uuid) -> Result<(), Error> {
    execute!(tx, "DELETE FROM leases WHERE name = $1 AND holder = $2", name, holder)?;
    Ok(())
}
