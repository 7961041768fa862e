//! Chance as an argument: the system's generator, or a seeded one that repeats itself for tests.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::SystemRandom;
use uuid::Uuid;

use super::{broken, digest};
use crate::clock::Timestamp;
use crate::model::ids::CustomerId;

/// A source of random bytes. Clones of a seeded source share its state.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Seeded>),
}

struct Seeded {
    seed: u64,
    drawn: AtomicU64,
}

impl Random {
    /// The operating system's generator: what a server uses.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A stream that is the same for the same seed. For tests and reproducible demo data; never for secrets.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Seeded { seed, drawn: AtomicU64::new(0) })))
    }

    /// Fills `target` with random bytes.
    #[allow(clippy::disallowed_methods, reason = "the one place that may")]
    pub fn fill(&self, target: &mut [u8]) {
        match &self.0 {
            Source::System => {
                if aws_lc_rs::rand::fill(target).is_err() {
                    broken("random bytes");
                }
            }
            Source::Seeded(seeded) => {
                for chunk in target.chunks_mut(32) {
                    let block = seeded.drawn.fetch_add(1, Ordering::Relaxed);
                    let bytes = digest::hmac_sha256(&seeded.seed.to_be_bytes(), &[&block.to_be_bytes()]);
                    chunk.copy_from_slice(&bytes[..chunk.len()]);
                }
            }
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A random 64-bit number.
    pub fn u64(&self) -> u64 {
        u64::from_be_bytes(self.bytes())
    }

    /// A UUIDv7 of the moment `now` (RFC 9562 section 5.7).
    pub fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// A new customer id (domain.md 3.1). That nobody has it yet is for the database to say.
    pub fn customer_id(&self) -> CustomerId {
        CustomerId::draw(|| self.u64())
    }

    /// `count` decimal digits, each equally likely: a one-time code.
    pub fn digits(&self, count: usize) -> String {
        let mut digits = String::with_capacity(count);
        while digits.len() < count {
            // Bytes from 250 on are dropped, because they would make 0 to 5 likelier.
            let usable = self.bytes::<16>().into_iter().filter(|byte| *byte < 250);
            digits.extend(usable.take(count - digits.len()).map(|byte| char::from(b'0' + byte % 10)));
        }
        digits
    }

    /// A bearer secret of 256 bits in base64url, 43 characters.
    pub fn token(&self) -> String {
        digest::base64url(&self.bytes::<32>())
    }
}

/// The system's generator as signatures want it: their nonces are no argument, because a repeated one gives the key away.
#[allow(clippy::disallowed_methods, reason = "the one place that may")]
pub(super) fn for_signatures() -> SystemRandom {
    SystemRandom::new()
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Random::system",
            Source::Seeded(_) => "Random::seeded",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_clones_do_not() {
        let (one, other) = (Random::seeded(7), Random::seeded(7));
        assert_eq!(one.bytes::<70>(), other.bytes::<70>());
        assert_ne!(one.clone().token(), one.token());
        assert_ne!(Random::seeded(8).token(), Random::seeded(7).token());
        assert_ne!(Random::system().token(), Random::system().token());
    }

    #[test]
    fn uuids_are_of_version_7_and_sort_by_time() {
        let random = Random::system();
        let early = random.uuid_v7(Timestamp::from_millis(1_700_000_000_000));
        let late = random.uuid_v7(Timestamp::from_millis(1_700_000_000_001));
        assert_eq!((early.get_version_num(), early < late), (7, true));
    }

    #[test]
    fn digits_are_digits_and_all_of_them_appear() {
        let text = Random::seeded(1).digits(2000);
        assert_eq!(text.len(), 2000);
        for digit in '0'..='9' {
            let times = text.chars().filter(|c| *c == digit).count();
            assert!((140..260).contains(&times), "{digit}: {times}");
        }
        assert_eq!(Random::system().digits(6).len(), 6);
    }
}
