//! Which catalogues were in force, and every text that a person may have read.

use super::{Error, Tx};
use crate::clock::Timestamp;

/// One text of an agreement in one language.
pub struct Text<'t> {
    /// Agreement code.
    pub code: &'t str,
    /// Agreement version.
    pub version: i64,
    /// `ru`, `en` or `zh`.
    pub lang: &'t str,
    /// The text.
    pub body: &'t str,
    /// SHA-256 of the text.
    pub sha256: [u8; 32],
}

#[derive(sqlx::FromRow)]
struct Known {
    sha256: Vec<u8>,
}

/// Records a catalogue by the digest of its document; `false` when it was known already.
pub async fn record_version(tx: &mut Tx, sha256: &[u8; 32], document: &str, now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(
        tx,
        "INSERT INTO catalog_versions (sha256, document, applied_at) VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING",
        sha256.as_slice(),
        document,
        now
    )?;
    Ok(rows == 1)
}

/// Keeps a text for ever; `false` when another text already stands under this code, version and language.
pub async fn keep_text(tx: &mut Tx, text: &Text<'_>, now: Timestamp) -> Result<bool, Error> {
    execute!(
        tx,
        "INSERT INTO consent_texts (sha256, code, version, lang, body, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        text.sha256.as_slice(),
        text.code,
        text.version,
        text.lang,
        text.body,
        now
    )?;
    let known = fetch_optional!(
        tx,
        Known,
        "SELECT sha256 FROM consent_texts WHERE code = $1 AND version = $2 AND lang = $3",
        text.code,
        text.version,
        text.lang
    )?;
    // Absent: the same words are kept under an older number, and found by their digest.
    Ok(known.is_none_or(|known| known.sha256 == text.sha256))
}

#[derive(sqlx::FromRow)]
struct Body {
    body: String,
}

/// The text with this digest: what somebody agreed to, word for word.
pub async fn text_by_digest(tx: &mut Tx, sha256: &[u8; 32]) -> Result<Option<String>, Error> {
    let row = fetch_optional!(tx, Body, "SELECT body FROM consent_texts WHERE sha256 = $1", sha256.as_slice())?;
    Ok(row.map(|row| row.body))
}
