//! `concord doctor`: looks at this installation.

use super::{Failure, Invocation};

/// Each finding: what, why, how to mend it.
#[allow(clippy::unused_async, reason = "verbs that do something wait for the database")]
pub(super) async fn run(_invocation: &Invocation) -> Result<(), Failure> {
    Err(Failure::not_in_this_build("doctor"))
}
