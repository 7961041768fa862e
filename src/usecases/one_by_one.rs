//! Lists that are worked off one by one: one that cannot be done is named and counted, and those after it are done.

use std::fmt::Display;

use crate::storage::Error;
use crate::telemetry::metrics;

/// So many in a row that the database did not answer mean that it is not there.
const GONE: usize = 3;

/// Does `work` for each of the list and says how many were done. `what` is the name of the job in logs and metrics.
///
/// # Errors
/// The database cannot be reached.
pub async fn one_by_one<I, W>(what: &'static str, list: &[I], mut work: impl FnMut(I) -> W) -> Result<usize, Error>
where
    I: Copy + Display,
    W: Future<Output = Result<(), Error>>,
{
    let (mut done, mut unanswered) = (0, 0);
    for item in list {
        let Err(error) = work(*item).await else {
            (done, unanswered) = (done + 1, 0);
            continue;
        };
        metrics::job_failure(what);
        tracing::error!(event = "job.item_failed", job = what, item = %item, reason = %error, "left for the next run");
        unanswered = if matches!(error, Error::Unavailable(_)) { unanswered + 1 } else { 0 };
        if unanswered == GONE {
            return Err(error);
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(failures: &[(usize, bool)]) -> (Vec<usize>, Option<usize>) {
        let mut tried = Vec::new();
        let list: Vec<usize> = (0..8).collect();
        let done = one_by_one("test", &list, |item| {
            tried.push(item);
            let failure = failures.iter().find(|(failing, _)| *failing == item).copied();
            async move {
                match failure {
                    None => Ok(()),
                    Some((_, true)) => Err(Error::Unavailable("gone".into())),
                    Some((_, false)) => Err(Error::Corrupt("unreadable".into())),
                }
            }
        })
        .await;
        (tried, done.ok())
    }

    #[tokio::test]
    async fn one_that_fails_stops_nobody_and_a_database_that_is_gone_stops_all() {
        assert_eq!(run(&[(0, false), (1, false), (2, false), (3, false), (6, true)]).await, ((0..8).collect(), Some(3)));
        assert_eq!(run(&[(1, true), (2, true), (4, true), (5, true)]).await, ((0..8).collect(), Some(4)));
        assert_eq!(run(&[(1, true), (2, true), (3, true)]).await, ((0..4).collect(), None));
    }
}
