//! Hashing, signing, sealing.
