//! Everything that is ever kept for a short time, on one screen.

use std::time::Duration;

/// A kind of value. Its word is part of the key, so that kinds cannot be mistaken for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Written and taken again by `/readyz`: the store not only answers but keeps. Key: the node. Value: empty.
    Probe,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 1] = [Self::Probe];

    /// The word in the key.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Probe => "probe",
        }
    }

    /// How long a value lives.
    pub const fn life(self) -> Duration {
        match self {
            Self::Probe => Duration::from_secs(2),
        }
    }
}

/// A counter of a limit that protects nothing but our own load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// Requests of one client address. Key: its address, IPv6 by /64.
    Requests,
}

impl Counter {
    /// All counters.
    pub const ALL: [Self; 1] = [Self::Requests];

    /// The word in the key.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
        }
    }

    /// The window, counted from the first.
    pub const fn window(self) -> Duration {
        match self {
            Self::Requests => Duration::from_secs(1),
        }
    }
}

/// A channel of messages between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// What was just invalidated, as a hint: the feed in the database is the truth (conventions 8).
    Invalidations,
}

impl Channel {
    /// The channel's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalidations => "invalidations",
        }
    }
}
