//! Facts about the deployment that live with its data: the database epoch, the fingerprint of the root keys.

use super::invalidations::Kind;
use super::{Error, Tx};
use crate::clock::Timestamp;

const EPOCH: &str = "database_epoch";
const KEYS: &str = "root_keys_fingerprint";

#[derive(sqlx::FromRow)]
struct Value {
    value: String,
}

async fn get(tx: &mut Tx, name: &str) -> Result<Option<String>, Error> {
    let row = fetch_optional!(tx, Value, "SELECT value FROM settings WHERE name = $1", name)?;
    Ok(row.map(|row| row.value))
}

/// Sets what was not set; the first one wins, and what stands now is returned.
async fn get_or_set(tx: &mut Tx, name: &str, value: &str) -> Result<String, Error> {
    execute!(tx, "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, value)?;
    Ok(get(tx, name).await?.unwrap_or_else(|| value.to_owned()))
}

fn number(text: &str) -> Result<i64, Error> {
    text.parse().map_err(|_| Error::Corrupt("the database epoch is not a number".into()))
}

/// The number sealed into every token (conventions 7); 1 in a database that was never restored.
pub async fn database_epoch(tx: &mut Tx) -> Result<i64, Error> {
    get(tx, EPOCH).await?.map_or(Ok(1), |text| number(&text))
}

/// Refuses every token made before: after a restore, which may have lost revocations.
pub async fn bump_database_epoch(tx: &mut Tx, now: Timestamp) -> Result<i64, Error> {
    let next = number(&get_or_set(tx, EPOCH, "1").await?)? + 1;
    execute!(tx, "UPDATE settings SET value = $2 WHERE name = $1", EPOCH, next.to_string())?;
    tx.invalidate(Kind::Epoch, "", now).await?;
    Ok(next)
}

/// The fingerprint of the root keys this database was written with; `None` while nothing was.
pub async fn root_keys_fingerprint(tx: &mut Tx) -> Result<Option<String>, Error> {
    get(tx, KEYS).await
}

/// Notes the fingerprint when there is none; returns the one that stands.
pub async fn note_root_keys(tx: &mut Tx, fingerprint: &str) -> Result<String, Error> {
    get_or_set(tx, KEYS, fingerprint).await
}

#[derive(sqlx::FromRow)]
struct Count {
    count: i64,
}

/// Whether nothing that depends on the root keys was ever written: only then may keys be made (conventions 11).
pub async fn is_empty(tx: &mut Tx) -> Result<bool, Error> {
    let held = fetch_one!(
        tx,
        Count,
        "SELECT (SELECT COUNT(*) FROM settings WHERE name = $1) + (SELECT COUNT(*) FROM signing_keys) + (SELECT COUNT(*) FROM customer_keys) AS count",
        KEYS
    )?;
    Ok(held.count == 0)
}
