//! Digests, keyed digests, comparison in constant time, base64url.

use aws_lc_rs::{constant_time, hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::broken;

/// SHA-256 (FIPS 180-4).
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data);
    fixed(digest.as_ref())
}

/// HMAC-SHA-256 (RFC 2104) of the parts as one text. The caller separates them so that they cannot be confused.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    HmacKey::new(key).sign(parts)
}

/// Whether both are the same, in a time that depends on their lengths only.
pub fn equal(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// Base64url without padding (RFC 7515 section 2).
pub fn base64url(data: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(data)
}

/// Reads canonical base64url: padding, other alphabets and stray bits at the end are `None`.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Lower-case hexadecimal.
pub fn hex(data: &[u8]) -> String {
    const SYMBOLS: &[u8; 16] = b"0123456789abcdef";
    data.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(SYMBOLS[usize::from(half)])).collect()
}

/// An HMAC-SHA-256 key with its schedule computed once.
#[derive(Clone)]
pub(super) struct HmacKey(hmac::Key);

impl HmacKey {
    pub(super) fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub(super) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        fixed(context.sign().as_ref())
    }
}

/// HKDF-SHA-256 (RFC 5869) without salt: the key for one label, made of a key that is uniformly random already.
pub(super) fn derive(key: &[u8; 32], label: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(key);
    let filled = extracted.expand(label, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(derived.as_mut_slice()));
    if filled.is_err() {
        broken("HKDF");
    }
    derived
}

fn fixed(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().unwrap_or_else(|_| broken("a digest of 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_match_published_vectors() {
        assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        // RFC 4231, test case 2, in two parts.
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"])),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn only_canonical_base64url_is_read() {
        assert_eq!(from_base64url("_-8").as_deref(), Some([0xff, 0xef].as_slice()));
        for wrong in ["_-9", "_-8=", "/+8", "_-8\n", " _-8", "_", "_-8é"] {
            assert_eq!(from_base64url(wrong), None, "{wrong}");
        }
        assert_eq!(from_base64url(&base64url(&sha256(b""))).as_deref(), Some(sha256(b"").as_slice()));
    }

    #[test]
    fn comparison_sees_content_and_length() {
        assert!(equal(b"same", b"same") && equal(b"", b""));
        assert!(!equal(b"same", b"sama") && !equal(b"same", b"sam"));
    }

    #[test]
    fn derived_keys_differ_by_label() {
        let key = [3; 32];
        assert_eq!(derive(&key, &[b"a"]), derive(&key, &[b"a"]));
        assert_ne!(derive(&key, &[b"a"]), derive(&key, &[b"b"]));
        assert_ne!(derive(&key, &[b"a"]), derive(&[4; 32], &[b"a"]));
    }
}
