//! Sealing: authenticated encryption of what leaves our memory, one key per purpose.
//!
//! AES-256-GCM with a random 96-bit nonce may seal 2^32 messages under one key (NIST SP 800-38D 8.3), which a busy
//! token endpoint reaches within days. So each purpose has 256 subkeys and each message a randomly chosen one.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::{Zeroize, Zeroizing};

use super::broken;
use super::random::Random;
use super::root_keys::{RootKeys, Secret};

const VERSION: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;
/// Version, subkey, nonce.
const HEAD: usize = 2 + NONCE;
const SUBKEYS: usize = 256;
/// Sealed values up to this size are turned into tokens without an extra allocation.
const ON_STACK: usize = 768;
/// No token of ours is longer; longer ones are refused unread.
const LONGEST_TOKEN: usize = 16 * 1024;

macro_rules! purposes {
    ($($(#[$doc:meta])* $name:ident = $label:literal),+ $(,)?) => {
        /// What a sealed value is for. What was sealed for one purpose does not open for another.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Purpose {
            $($(#[$doc])* $name),+
        }

        impl Purpose {
            const ALL: &[(Self, &str)] = &[$((Self::$name, $label)),+];
        }
    };
}

purposes! {
    /// Opaque access tokens.
    AccessToken = "access-token",
    /// Refresh tokens.
    RefreshToken = "refresh-token",
    /// Authorization codes.
    AuthorizationCode = "authorization-code",
    /// `jti` of JWT access tokens.
    JwtId = "jwt-id",
    /// Requests and facts stored in a flow.
    Flow = "flow",
    /// Pushed authorization requests.
    PushedRequest = "pushed-request",
    /// Messages waiting to be sent.
    Outbox = "outbox",
    /// What a session remembers of browser and network.
    Session = "session",
    /// Cookies.
    Cookie = "cookie",
    /// Positions in lists, handed to callers.
    Cursor = "cursor",
    /// Signing keys in PKCS#8.
    SigningKey = "signing-key",
    /// Customers' data keys.
    DataKey = "data-key",
    /// Ids of local accounts.
    LocalAccount = "local-account",
    /// Proofs of control behind links.
    Evidence = "evidence",
    /// Secrets shared with services, such as webhook keys.
    ServiceSecret = "service-secret",
    /// Details of staff actions and security events.
    Audit = "audit",
    /// Codes that were given to nobody.
    PlantedCode = "planted-code",
}

/// Seals and opens values. Cheap to clone, clones share the keys.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    purposes: Vec<Secret>,
    keys: Vec<OnceLock<Box<LessSafeKey>>>,
    random: Random,
}

impl Sealer {
    /// A sealer on the key-encryption key; nonces come from `random`.
    pub fn new(root: &RootKeys, random: Random) -> Self {
        let purposes: Vec<_> =
            Purpose::ALL.iter().map(|(_, label)| root.derive_from_kek(&[b"concord/seal/v1|", label.as_bytes()])).collect();
        let keys = std::iter::repeat_with(OnceLock::new).take(purposes.len() * SUBKEYS).collect();
        Self(Arc::new(Inner { purposes, keys, random }))
    }

    /// Seals `plain`. `aad` is not stored: opening needs the same, so it binds the value to its place or owner.
    pub fn seal(&self, purpose: Purpose, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut sealed = vec![0; HEAD + plain.len() + TAG];
        self.seal_into(purpose, aad, plain, &mut sealed);
        sealed
    }

    /// Opens what [`Sealer::seal`] made for the same purpose and `aad`; anything else is `None`.
    pub fn open(&self, purpose: Purpose, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (head, rest) = sealed.split_at_checked(HEAD)?;
        let (ciphertext, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
        if head[0] != VERSION {
            return None;
        }
        let nonce = Nonce::try_assume_unique_for_key(&head[2..]).ok()?;
        let mut plain = Zeroizing::new(vec![0; ciphertext.len()]);
        self.key(purpose, head[1]).open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, &mut plain).ok()?;
        Some(plain)
    }

    /// As [`Sealer::seal`], in base64url.
    pub fn seal_to_token(&self, purpose: Purpose, aad: &[u8], plain: &[u8]) -> String {
        let length = HEAD + plain.len() + TAG;
        let mut on_stack = [0; ON_STACK];
        if let Some(sealed) = on_stack.get_mut(..length) {
            self.seal_into(purpose, aad, plain, sealed);
            return URL_SAFE_NO_PAD.encode(sealed);
        }
        URL_SAFE_NO_PAD.encode(self.seal(purpose, aad, plain))
    }

    /// Opens what [`Sealer::seal_to_token`] made. Only the one canonical spelling of a token is accepted.
    pub fn open_token(&self, purpose: Purpose, aad: &[u8], token: &str) -> Option<Zeroizing<Vec<u8>>> {
        if token.len() > LONGEST_TOKEN {
            return None;
        }
        let mut on_stack = [0; ON_STACK];
        if token.len() <= ON_STACK {
            let length = URL_SAFE_NO_PAD.decode_slice(token, &mut on_stack).ok()?;
            return self.open(purpose, aad, &on_stack[..length]);
        }
        self.open(purpose, aad, &URL_SAFE_NO_PAD.decode(token).ok()?)
    }

    /// `sealed` has the length of head, `plain` and tag.
    fn seal_into(&self, purpose: Purpose, aad: &[u8], plain: &[u8], sealed: &mut [u8]) {
        let (head, rest) = sealed.split_at_mut(HEAD);
        head[0] = VERSION;
        self.0.random.fill(&mut head[1..]);
        let (ciphertext, tag) = rest.split_at_mut(plain.len());
        let done = Nonce::try_assume_unique_for_key(&head[2..])
            .and_then(|nonce| self.key(purpose, head[1]).seal_out_of_place_scatter(nonce, Aad::from(aad), plain, ciphertext, &[], tag));
        if done.is_err() {
            broken("sealing");
        }
    }

    fn key(&self, purpose: Purpose, subkey: u8) -> &LessSafeKey {
        let slot = &self.0.keys[purpose as usize * SUBKEYS + usize::from(subkey)];
        slot.get_or_init(|| Box::new(gcm_key(&super::digest::derive(&self.0.purposes[purpose as usize], &[b"subkey|", &[subkey]]))))
    }

    pub(super) fn random(&self) -> &Random {
        &self.0.random
    }
}

/// An AES-256-GCM key, expanded once.
pub(super) fn gcm_key(key: &Secret) -> LessSafeKey {
    match UnboundKey::new(&AES_256_GCM, key.as_slice()) {
        Ok(key) => LessSafeKey::new(key),
        Err(_) => broken("an AES-256-GCM key"),
    }
}

/// Joins parts to associated data so that no two different lists of parts give the same bytes.
pub fn associated_data(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        joined.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.purposes.iter_mut().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(&RootKeys::in_memory(&Random::seeded(1)), Random::system())
    }

    #[test]
    fn what_is_sealed_opens_with_its_purpose_and_place_only() {
        let sealer = sealer();
        let sealed = sealer.seal(Purpose::Flow, b"row 1", b"secret");
        assert_eq!(sealer.open(Purpose::Flow, b"row 1", &sealed).unwrap().as_slice(), b"secret");
        assert!(sealer.open(Purpose::Flow, b"row 2", &sealed).is_none());
        for (other, _) in Purpose::ALL.iter().filter(|(purpose, _)| *purpose != Purpose::Flow) {
            assert!(sealer.open(*other, b"row 1", &sealed).is_none(), "{other:?}");
        }
        let stranger = Sealer::new(&RootKeys::in_memory(&Random::seeded(2)), Random::system());
        assert!(stranger.open(Purpose::Flow, b"row 1", &sealed).is_none());
        let twin = Sealer::new(&RootKeys::in_memory(&Random::seeded(1)), Random::system());
        assert!(twin.open(Purpose::Flow, b"row 1", &sealed).is_some());
        assert_ne!(sealer.seal(Purpose::Flow, b"", b"secret"), sealer.seal(Purpose::Flow, b"", b"secret"));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let sealer = sealer();
        let sealed = sealer.seal(Purpose::Outbox, b"", b"to: somebody");
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(sealer.open(Purpose::Outbox, b"", &changed).is_none(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(sealer.open(Purpose::Outbox, b"", &sealed[..length]).is_none(), "{length}");
        }
    }

    #[test]
    fn tokens_round_trip_at_every_size_and_have_one_spelling() {
        let sealer = sealer();
        for size in [0, 1, 100, 500, 546, 547, 738, 739, 2000] {
            let plain = vec![7; size];
            let token = sealer.seal_to_token(Purpose::AccessToken, b"", &plain);
            assert_eq!(sealer.open_token(Purpose::AccessToken, b"", &token).unwrap().as_slice(), plain, "{size}");
        }
        let token = sealer.seal_to_token(Purpose::AccessToken, b"", b"12");
        for wrong in [format!("{token}="), format!(" {token}"), format!("{token}\n"), "é".into(), String::new(), "A".repeat(20_000)] {
            assert!(sealer.open_token(Purpose::AccessToken, b"", &wrong).is_none());
        }
    }

    #[test]
    fn labels_are_unique_and_in_order() {
        for (index, (purpose, label)) in Purpose::ALL.iter().enumerate() {
            assert_eq!(*purpose as usize, index);
            assert_eq!(Purpose::ALL.iter().filter(|(_, other)| other == label).count(), 1);
        }
    }

    #[test]
    fn associated_data_cannot_be_shifted_between_parts() {
        assert_ne!(associated_data(&[b"ab", b"c"]), associated_data(&[b"a", b"bc"]));
        assert_ne!(associated_data(&[b"ab"]), associated_data(&[b"ab", b""]));
    }
}
