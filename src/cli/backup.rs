//! `concord backup`: what to do after a restore.

use clap::Subcommand;

use super::{Failure, Invocation};
use crate::usecases::restored;

/// The verbs of `backup`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// The database was restored: refuse every token made before, and sign everybody out
    Restored,
}

/// Carries out a verb.
pub(super) async fn run(verb: Verb, invocation: &Invocation) -> Result<(), Failure> {
    match verb {
        Verb::Restored => restored(invocation).await,
    }
}

async fn restored(invocation: &Invocation) -> Result<(), Failure> {
    let core = invocation.core().await?;
    let plan = "every access and refresh token made until now is refused on all nodes, and every browser is signed out; \
                links and consents stay as the backup has them";
    if !invocation.confirm(plan)? {
        return Ok(());
    }
    let done = restored::restored(&core, &invocation.actor(), core.clock.now()).await?;
    invocation.output.told(&done, |done| {
        format!("the database epoch is {} now: older tokens are refused; {} browser sessions ended", done.database_epoch, done.sessions)
    });
    Ok(())
}
