//! What ends what (conventions 3): each ending is one command and one transaction, and doing it twice changes nothing more.
//!
//! An ending bumps an epoch, so that every grant that saw the old one is inactive for ever; marks the grants and tells their
//! clients (back-channel logout); counts for every sector that may notice; and writes to the invalidation feed, which makes it
//! true on every node within a second.

mod consent;
mod customer;
mod expiry;
mod link;

pub use consent::{disconnect, withdraw};
pub use customer::{lock, unlock};
pub(super) use expiry::CONSENT_EXPIRED;
pub use expiry::expire_consents;
pub use link::{LinkEnd, UNDO, end_link, reinstate, suspend, undo};

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done now.
    Done,
    /// It was so before; nothing changed.
    Already,
    /// There is no such thing, or it is somebody else's.
    Unknown,
    /// It cannot be done as things stand; the word says why.
    Impossible(&'static str),
}
