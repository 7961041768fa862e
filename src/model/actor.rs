//! Who did something: the word kept with transitions, consents and events.

use std::fmt;

use super::ids::ServiceId;

/// Who acts in a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The customer whose data it is.
    Customer,
    /// A service, for its own accounts.
    Service(ServiceId),
    /// Somebody with the command line, by the name of their account there.
    Operator(String),
    /// Concord itself: a job or the consequence of something else.
    System(&'static str),
}

impl Actor {
    /// Whether a person's own decision is behind it.
    pub const fn is_customer(&self) -> bool {
        matches!(self, Self::Customer)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer => f.write_str("customer"),
            Self::Service(id) => write!(f, "service:{id}"),
            Self::Operator(name) => write!(f, "operator:{name}"),
            Self::System(part) => write!(f, "system:{part}"),
        }
    }
}
