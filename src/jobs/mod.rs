//! What happens without a request: one table of work, each with its interval and its reason.

mod cleanup;
mod mail;
mod outbox;
mod run;
mod sessions;

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};

pub use run::{Jobs, Means, start};

use crate::usecases::{endings, links, signing_keys};

/// How a run of a job ended: how many things it did, or a sentence for the log.
type Outcome = Result<usize, String>;

/// A row of the table.
pub struct Job {
    /// Its name in logs and leases.
    pub name: &'static str,
    /// How long after the end of one run the next begins.
    pub every: Duration,
    /// Only one node at a time does it; others would only get in each other's way.
    pub alone: bool,
    /// What it does.
    pub what: &'static str,
    /// Why it must be done.
    pub why: &'static str,
    run: fn(&Means) -> BoxFuture<'_, Outcome>,
}

/// All of it.
pub const SCHEDULE: &[Job] = &[
    Job {
        name: "mails",
        every: Duration::from_millis(250),
        alone: false,
        what: "sends the mails of the outbox",
        why: "people wait for a code; each mail is claimed, so that nodes share the work",
        run: |means| outbox::mails(means).boxed(),
    },
    Job {
        name: "logouts",
        every: Duration::from_millis(250),
        alone: false,
        what: "tells clients that a session or grant has ended (back-channel logout)",
        why: "a person who signs out expects to be out",
        run: |means| outbox::logouts(means).boxed(),
    },
    Job {
        name: "switched-off",
        every: Duration::from_millis(250),
        alone: false,
        what: "tells clients that their grants have ended because they, or their service, were switched off",
        why: "there may be a hundred thousand to tell, and nobody who signs out may wait for them",
        run: |means| outbox::switched_off(means).boxed(),
    },
    Job {
        name: "links",
        every: Duration::from_secs(15),
        alone: true,
        what: "expires links that wait for their activation too long, with their consents",
        why: "a waiting link reserves its local account",
        run: |means| async { links::expire_pending(&means.core, means.core.clock.now()).await.map_err(said) }.boxed(),
    },
    Job {
        name: "consents",
        every: Duration::from_mins(1),
        alone: true,
        what: "notes consents whose time is over, and suspends the links that they carried",
        why: "answers look at the time themselves; rows, the ledger and clients hear of it here",
        run: |means| async { endings::expire_consents(&means.core, means.core.clock.now()).await.map_err(said) }.boxed(),
    },
    Job {
        name: "sessions",
        every: Duration::from_mins(1),
        alone: true,
        what: "ends browser sessions whose time is over",
        why: "clients that they signed in are told, grants without offline access end",
        run: |means| sessions::end_overdue(means).boxed(),
    },
    Job {
        name: "signing-keys",
        every: Duration::from_mins(10),
        alone: true,
        what: "makes, switches and destroys signing keys by the calendar",
        why: "a key is published a day before it signs and until its last signature has expired",
        run: |means| async { signing_keys::run_rotation(&means.core, means.core.clock.now()).await.map_err(said) }.boxed(),
    },
    Job {
        name: "cleanup",
        every: Duration::from_mins(1),
        alone: true,
        what: "removes what is over from every table that grows, in small batches",
        why: "flows, codes, tries, replay guards and the feed would grow for ever; each table with its own retention",
        run: |means| cleanup::all(means).boxed(),
    },
];

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::SCHEDULE;

    #[test]
    fn every_job_has_its_own_name_an_interval_and_a_reason() {
        for (index, job) in SCHEDULE.iter().enumerate() {
            assert!(!job.every.is_zero() && job.what.len() > 10 && job.why.len() > 10, "{}", job.name);
            assert!(SCHEDULE[index + 1..].iter().all(|other| other.name != job.name), "{}", job.name);
        }
    }
}
