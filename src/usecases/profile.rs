//! Profile values in clear: written and read under the customer's own key.

use serde_json::Value;

use super::{Core, customer_key};
use crate::clock::Timestamp;
use crate::crypto::envelope::DataKey;
use crate::model::ids::{CustomerId, ServiceId};
use crate::storage::profile::ProfileRow;
use crate::storage::{Error, Tx, profile};

/// One value in clear.
pub struct Opened {
    /// The claim's name.
    pub claim: String,
    /// The owner service that wrote it; none for Concord itself.
    pub source: Option<ServiceId>,
    /// The value.
    pub value: Value,
    /// When it was observed.
    pub observed_at: Timestamp,
}

/// Writes a value, unless a later observation is there already.
pub async fn put(
    tx: &mut Tx,
    core: &Core,
    customer: CustomerId,
    claim: &str,
    value: &Value,
    source: Option<ServiceId>,
    observed_at: Timestamp,
) -> Result<bool, Error> {
    let key = customer_key::data_key(tx, core, customer).await?;
    let sealed = key.encrypt(&[b"profile_values", claim.as_bytes()], value.to_string().as_bytes());
    let row = ProfileRow { claim: claim.to_owned(), source_service: source, sealed, observed_at };
    profile::put(tx, customer, &row, core.clock.now()).await
}

/// All values of a customer.
pub async fn of_customer(tx: &mut Tx, core: &Core, customer: CustomerId) -> Result<Vec<Opened>, Error> {
    let rows = profile::of_customer(tx, customer).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    open(&customer_key::data_key(tx, core, customer).await?, rows)
}

/// What is stored under a customer's key, in clear.
pub fn open(key: &DataKey, rows: Vec<ProfileRow>) -> Result<Vec<Opened>, Error> {
    rows.into_iter()
        .map(|row| {
            let text = key.decrypt_text(&[b"profile_values", row.claim.as_bytes()], &row.sealed);
            let value = text.and_then(|text| serde_json::from_str(&text).ok());
            let value = value.ok_or_else(|| Error::Corrupt("a profile value does not open".into()))?;
            Ok(Opened { claim: row.claim, source: row.source_service, value, observed_at: row.observed_at })
        })
        .collect()
}

/// The name a customer wants to be addressed by.
pub async fn nickname(tx: &mut Tx, core: &Core, customer: CustomerId) -> Result<Option<String>, Error> {
    let values = of_customer(tx, core, customer).await?;
    Ok(values.into_iter().find(|value| value.claim == "nickname").and_then(|value| value.value.as_str().map(str::to_owned)))
}
