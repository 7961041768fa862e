//! Blind indexes: finding an identifier by equality without storing it (domain.md 3.5, security.md 6.6).

use super::digest::HmacKey;
use super::root_keys::RootKeys;

/// Turns normal forms of identifiers into keyed digests. Bound to the first pepper: see [`RootKeys::fingerprint`].
#[derive(Clone)]
pub struct BlindIndex(HmacKey);

impl BlindIndex {
    /// The index of this deployment.
    pub fn new(root: &RootKeys) -> Self {
        Self::with_key(root.derive_from_first_pepper(&[b"concord/blind/v1"]).as_slice())
    }

    fn with_key(key: &[u8]) -> Self {
        Self(HmacKey::new(key))
    }

    /// The index of an identifier. `kind` (`email`, `phone`, `login` ...; no `|`) is part of the input, so that the same
    /// text under two kinds does not correlate. The caller brings the value into its normal form first.
    pub fn index(&self, kind: &str, normal_form: &str) -> [u8; 32] {
        self.0.sign(&[b"concord/blind/v1|", kind.as_bytes(), b"|", normal_form.as_bytes()])
    }

    /// The index of a service's local account id. The service's code (no `|`) is part of it: two services that use the
    /// same id for different people do not correlate.
    pub fn local_account(&self, service_code: &str, normal_form: &str) -> [u8; 32] {
        self.0.sign(&[b"concord/blind/v1|local_account|", service_code.as_bytes(), b"|", normal_form.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::digest::hex;
    use crate::crypto::random::Random;

    #[test]
    fn indexes_match_the_vectors_of_domain_3_5() {
        let key: Vec<u8> = (0..32).collect();
        let index = BlindIndex::with_key(&key);
        assert_eq!(hex(&index.index("phone", "+79161234567")), "2bdbcd58b2d753c688aa8c4c810fbe83b5ea17b81120d2b6cb428a870da57562");
        assert_eq!(
            hex(&index.index("email", "ivan.petrov@example.com")),
            "611eae164bbf0ed86b33906bc3d95a4149ec58005cb970d7cbc569b7b742a50e"
        );
    }

    #[test]
    fn the_same_text_does_not_correlate_across_kinds_services_or_keys() {
        let index = BlindIndex::new(&RootKeys::in_memory(&Random::seeded(1)));
        let other = BlindIndex::new(&RootKeys::in_memory(&Random::seeded(2)));
        let all = [
            index.index("email", "a@b.test"),
            index.index("login", "a@b.test"),
            index.local_account("bank", "a@b.test"),
            index.local_account("cinema", "a@b.test"),
            other.index("email", "a@b.test"),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one));
        }
    }
}
