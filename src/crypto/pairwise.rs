//! Pairwise subjects: one `sub` per customer and sector that no two sectors can match (OpenID Connect Core section 8.1).

use super::digest::{HmacKey, base64url};
use super::root_keys::RootKeys;
use crate::model::ids::{CustomerId, SectorId};

/// Makes the first `sub` of a customer in a sector. It is stored then, and the stored one counts ever after.
#[derive(Clone)]
pub struct PairwiseSubjects(HmacKey);

impl PairwiseSubjects {
    /// Bound to the first pepper, so that a customer who comes anew gets the `sub` that an earlier attempt would have given.
    pub fn new(root: &RootKeys) -> Self {
        Self(HmacKey::new(root.derive_from_first_pepper(&[b"concord/pairwise/v1"]).as_slice()))
    }

    /// HMAC-SHA-256 of the customer id under the sector's key, in base64url: 43 characters.
    pub fn subject(&self, sector: SectorId, customer: CustomerId) -> String {
        let sector_key = self.0.sign(&[b"sector|", sector.uuid().as_bytes()]);
        subject_with_key(&sector_key, customer)
    }
}

fn subject_with_key(sector_key: &[u8; 32], customer: CustomerId) -> String {
    base64url(&HmacKey::new(sector_key).sign(&[&customer.as_i64().to_be_bytes()]))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::crypto::random::Random;

    #[test]
    fn a_subject_never_changes() {
        let subjects = PairwiseSubjects::new(&RootKeys::in_memory(&Random::seeded(1)));
        let sector = SectorId::new(Uuid::from_u128(0x0192_3456_789a_7bcd_8ef0_1234_5678_9abc));
        let customer = "28T5-CY4T-QKFF-A".parse().unwrap();
        assert_eq!(subjects.subject(sector, customer), "8iQnB4Mh9IHhI70ldooF9TFtQP1PvHIzRdLt1VlHogg");
    }

    #[test]
    fn sectors_customers_and_deployments_have_their_own() {
        let random = Random::seeded(2);
        let (root, other) = (RootKeys::in_memory(&random), RootKeys::in_memory(&random));
        let sectors = [1, 2].map(|number| SectorId::new(Uuid::from_u128(number)));
        let (anna, boris) = (random.customer_id(), random.customer_id());
        let subjects = PairwiseSubjects::new(&root);
        let first = subjects.subject(sectors[0], anna);
        assert_eq!(first.len(), 43);
        assert_ne!(first, subjects.subject(sectors[1], anna));
        assert_ne!(first, subjects.subject(sectors[0], boris));
        assert_ne!(first, PairwiseSubjects::new(&other).subject(sectors[0], anna));
    }
}
