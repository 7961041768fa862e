//! Envelope encryption: a data key per customer, wrapped by the key-encryption key (security.md 6.4, 6.7).
//!
//! Destroying the wrapped key makes everything encrypted with it unreadable, wherever copies of it lie.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use zeroize::Zeroizing;

use super::broken;
use super::random::Random;
use super::root_keys::Secret;
use super::sealing::{Purpose, Sealer, associated_data, gcm_key};
use crate::model::ids::CustomerId;

const VERSION: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;

/// A customer's data key, ready for use.
pub struct DataKey {
    bytes: Secret,
    key: LessSafeKey,
    random: Random,
}

impl DataKey {
    /// A new key.
    pub fn generate(random: &Random) -> Self {
        Self::from_bytes(Zeroizing::new(random.bytes()), random.clone())
    }

    /// The key as it is stored beside its customer.
    pub fn wrap(&self, sealer: &Sealer, customer: CustomerId) -> Vec<u8> {
        sealer.seal(Purpose::DataKey, &customer.as_i64().to_be_bytes(), self.bytes.as_slice())
    }

    /// Takes a stored key into use; `None` when it is another customer's or was tampered with.
    pub fn unwrap(sealer: &Sealer, customer: CustomerId, wrapped: &[u8]) -> Option<Self> {
        let bytes = sealer.open(Purpose::DataKey, &customer.as_i64().to_be_bytes(), wrapped)?;
        let bytes = Zeroizing::new(bytes.as_slice().try_into().ok()?);
        Some(Self::from_bytes(bytes, sealer.random().clone()))
    }

    /// Encrypts a value for its place. `place` names table, column, row and whatever else must not be swapped.
    pub fn encrypt(&self, place: &[&[u8]], plain: &[u8]) -> Vec<u8> {
        let mut sealed = vec![0; 1 + NONCE + plain.len() + TAG];
        let (head, rest) = sealed.split_at_mut(1 + NONCE);
        head[0] = VERSION;
        self.random.fill(&mut head[1..]);
        let (ciphertext, tag) = rest.split_at_mut(plain.len());
        let aad = Aad::from(associated_data(place));
        let done = Nonce::try_assume_unique_for_key(&head[1..])
            .and_then(|nonce| self.key.seal_out_of_place_scatter(nonce, aad, plain, ciphertext, &[], tag));
        if done.is_err() {
            broken("encryption");
        }
        sealed
    }

    /// Decrypts what [`DataKey::encrypt`] made for the same place; anything else is `None`.
    pub fn decrypt(&self, place: &[&[u8]], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (head, rest) = sealed.split_at_checked(1 + NONCE)?;
        let (ciphertext, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
        if head[0] != VERSION {
            return None;
        }
        let nonce = Nonce::try_assume_unique_for_key(&head[1..]).ok()?;
        let mut plain = Zeroizing::new(vec![0; ciphertext.len()]);
        self.key.open_separate_gather(nonce, Aad::from(associated_data(place)), ciphertext, tag, &mut plain).ok()?;
        Some(plain)
    }

    /// As [`DataKey::decrypt`], for text.
    pub fn decrypt_text(&self, place: &[&[u8]], sealed: &[u8]) -> Option<Zeroizing<String>> {
        let plain = self.decrypt(place, sealed)?;
        std::str::from_utf8(&plain).ok().map(|text| Zeroizing::new(text.to_owned()))
    }

    fn from_bytes(bytes: Secret, random: Random) -> Self {
        let key = gcm_key(&bytes);
        Self { bytes, key, random }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::root_keys::RootKeys;

    #[test]
    fn values_swapped_between_rows_or_columns_do_not_decrypt() {
        let key = DataKey::generate(&Random::system());
        let email: &[&[u8]] = &[b"identifiers", b"value", b"row 1"];
        let sealed = key.encrypt(email, b"ivan.petrov@example.com");
        assert_eq!(key.decrypt_text(email, &sealed).unwrap().as_str(), "ivan.petrov@example.com");
        let others: [&[&[u8]]; 5] = [
            &[b"identifiers", b"value", b"row 2"],
            &[b"identifiers", b"label", b"row 1"],
            &[b"profiles", b"value", b"row 1"],
            &[b"identifiers", b"valuer", b"ow 1"],
            &[],
        ];
        for other in others {
            assert!(key.decrypt(other, &sealed).is_none());
        }
        assert!(DataKey::generate(&Random::system()).decrypt(email, &sealed).is_none());
    }

    #[test]
    fn tampering_is_noticed() {
        let key = DataKey::generate(&Random::system());
        let sealed = key.encrypt(&[b"t"], b"value");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x40;
            assert!(key.decrypt(&[b"t"], &changed).is_none());
            assert!(key.decrypt(&[b"t"], &sealed[..at]).is_none());
        }
    }

    #[test]
    fn a_wrapped_key_belongs_to_its_customer() {
        let random = Random::system();
        let sealer = Sealer::new(&RootKeys::in_memory(&random), random.clone());
        let (anna, boris) = (random.customer_id(), random.customer_id());
        let key = DataKey::generate(&random);
        let sealed = key.encrypt(&[b"t"], b"value");
        let wrapped = key.wrap(&sealer, anna);
        assert!(DataKey::unwrap(&sealer, boris, &wrapped).is_none());
        let again = DataKey::unwrap(&sealer, anna, &wrapped).unwrap();
        assert_eq!(again.decrypt(&[b"t"], &sealed).unwrap().as_slice(), b"value");
    }
}
