//! `concord doctor`: looks at this installation.

use super::{Failure, Invocation};

/// Each finding: what, why, how to mend it.
pub(super) async fn run(_invocation: &Invocation) -> Result<(), Failure> {
    Err(Failure::not_in_this_build("doctor"))
}
