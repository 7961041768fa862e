//! The data key of a customer: everything personal is encrypted under it, and unreadable once it is destroyed.

use super::Core;
use crate::crypto::envelope::DataKey;
use crate::model::ids::CustomerId;
use crate::storage::{Error, Tx, customers};

/// Opens a customer's data key.
///
/// # Errors
/// `Corrupt` when there is none (the customer was erased) or it does not open.
pub async fn data_key(tx: &mut Tx, core: &Core, customer: CustomerId) -> Result<DataKey, Error> {
    let wrapped = customers::wrapped_key(tx, customer).await?;
    open(core, customer, wrapped.as_deref())
}

/// As [`data_key`], from what is stored.
///
/// # Errors
/// As [`data_key`].
pub fn open(core: &Core, customer: CustomerId, wrapped: Option<&[u8]>) -> Result<DataKey, Error> {
    let wrapped = wrapped.ok_or_else(|| Error::Corrupt("the customer has no data key".into()))?;
    DataKey::unwrap(&core.sealer, customer, wrapped).ok_or_else(|| Error::Corrupt("a data key does not open".into()))
}
