//! Identifiers of customers: opened for their holder, found by blind index.

use super::{Core, customer_key};
use crate::clock::Timestamp;
use crate::crypto::envelope::DataKey;
use crate::model::identifier::Identifier;
use crate::model::ids::{CustomerId, IdentifierId};
use crate::storage::identifiers::IdentifierRow;
use crate::storage::{Error, Tx, identifiers};

/// An identifier in clear: for its holder and for recipients with consent, never for logs.
pub struct Opened {
    /// `email`, `phone` or `login`.
    pub kind: String,
    /// `login` or `contact`.
    pub usage: String,
    /// As its holder wrote it.
    pub value: String,
    /// Whether its holder proved it.
    pub verified: bool,
    /// When they did.
    pub verified_at: Option<Timestamp>,
}

fn place(id: IdentifierId) -> [u8; 16] {
    *id.uuid().as_bytes()
}

/// What a customer holds now, opened.
pub async fn of_customer(tx: &mut Tx, core: &Core, customer: CustomerId) -> Result<Vec<Opened>, Error> {
    let rows = identifiers::of_customer(tx, customer).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    open(&customer_key::data_key(tx, core, customer).await?, rows)
}

/// What is stored under a customer's key, in clear.
pub fn open(key: &DataKey, rows: Vec<IdentifierRow>) -> Result<Vec<Opened>, Error> {
    rows.into_iter()
        .map(|row| {
            let value = key
                .decrypt_text(&[b"identifiers", &place(row.id)], &row.sealed)
                .ok_or_else(|| Error::Corrupt("an identifier does not open".into()))?;
            Ok(Opened {
                kind: row.kind,
                usage: row.usage,
                value: value.to_string(),
                verified: row.verified_at.is_some(),
                verified_at: row.verified_at,
            })
        })
        .collect()
}

/// Who signs in with an identifier.
pub async fn login_holder(tx: &mut Tx, core: &Core, identifier: &Identifier) -> Result<Option<CustomerId>, Error> {
    let kind = identifier.kind().as_str();
    identifiers::login_holder(tx, kind, &core.blind.index(kind, identifier.normal_form())).await
}

/// Adds an identifier to a customer. `false` when somebody signs in with it already.
pub async fn add(
    tx: &mut Tx,
    core: &Core,
    customer: CustomerId,
    identifier: &Identifier,
    usage: &str,
    verified_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, Error> {
    let id = IdentifierId::new(core.random.uuid_v7(now));
    let kind = identifier.kind().as_str();
    let key = customer_key::data_key(tx, core, customer).await?;
    let row = IdentifierRow {
        id,
        customer_id: customer,
        kind: kind.to_owned(),
        usage: usage.to_owned(),
        blind_index: core.blind.index(kind, identifier.normal_form()).to_vec(),
        sealed: key.encrypt(&[b"identifiers", &place(id)], identifier.original().as_bytes()),
        verified_at,
        valid_from: now,
        valid_to: None,
    };
    identifiers::insert(tx, &row).await
}

/// An identifier as pages show it, even to its holder; what cannot be read as one is not shown at all.
pub fn masked(text: &str) -> String {
    Identifier::parse(text).map(|identifier| identifier.masked()).unwrap_or_default()
}
