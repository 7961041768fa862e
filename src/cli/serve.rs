//! `concord serve`: the server.

use super::{Failure, Invocation};

/// Runs until a signal ends it.
#[allow(clippy::unused_async, reason = "verbs that do something wait for the database")]
pub(super) async fn run(invocation: &Invocation) -> Result<(), Failure> {
    invocation.refuse_unsafe()?;
    Err(Failure::not_in_this_build("serve"))
}
