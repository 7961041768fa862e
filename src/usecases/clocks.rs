//! This node's clock beside the database's: expiry is decided by ours, so nodes must agree (conventions 8).

use std::time::Duration;

use super::Core;
use crate::clock::{self, Clock};
use crate::storage::{Database, Error};

/// The largest difference a node may have.
pub const MOST: Duration = Duration::from_secs(5);

/// How far this node's clock is from the database's; zero where the database has none of its own. The time of the question's
/// way is in our favour.
///
/// # Errors
/// The database failed.
pub async fn difference(database: &Database, clock: &Clock) -> Result<Duration, Error> {
    let (asked, began) = (clock.now(), clock::monotonic());
    let Some(theirs) = database.time().await? else { return Ok(Duration::ZERO) };
    let ours = asked + began.elapsed();
    Ok(if theirs < asked { asked.since(theirs) } else { theirs.since(ours) })
}

/// Compares the clocks once more.
///
/// # Errors
/// A sentence for `/readyz`.
pub async fn check(core: &Core) -> Result<(), String> {
    match difference(&core.database, &core.clock).await {
        Ok(apart) if apart <= MOST => Ok(()),
        Ok(apart) => Err(format!("this node's clock is {} s from the database's: synchronise both by NTP", apart.as_secs())),
        Err(error) => Err(error.to_string()),
    }
}
