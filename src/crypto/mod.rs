//! Hashing, signing, sealing. All of it is synchronous but the password pool.

pub mod algorithm;
pub mod blind;
pub mod digest;
pub mod envelope;
pub mod jwk;
pub mod keyring;
pub mod pairwise;
pub mod password;
pub mod random;
pub mod root_keys;
pub mod rotation;
pub mod sealing;
pub mod signing;
pub mod verify;

/// Ends the process: a primitive refused an input of a length that it always takes, so memory or library is broken.
///
/// Going on would mean weak keys or lost data, and an error here has no caller that could do better.
#[cold]
fn broken(what: &'static str) -> ! {
    tracing::error!(what, "the crypto library refused to work");
    std::process::abort()
}
