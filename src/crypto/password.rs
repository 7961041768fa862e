//! Password hashing with Argon2id (RFC 9106) in a small pool of threads that refuses work rather than collecting it.
//!
//! A hash takes 19 MiB and a good part of 15 ms of a core. On the threads of the async runtime it would stop everything
//! else; in an unbounded queue a flood of sign-ins would make everybody wait. So: a fixed number of threads, each with
//! its own memory, a short queue with a deadline, and `Busy` for the rest (security.md 3.13).

mod hasher;
mod phc;
mod policy;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use self::hasher::{Hasher, Recipe};
pub use self::policy::{Rules, Weakness};
use super::random::Random;
use super::root_keys::RootKeys;
use crate::clock;
use crate::config::PasswordConfig;
use crate::telemetry::metrics;

/// Longer passwords are refused before any work (security.md 3.13).
pub const LONGEST_BYTES: usize = 512;

/// Too many passwords wait already, or the deadline passed. To be answered with 503 and `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked, try again in a moment")]
pub struct Busy;

/// Why the pool cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Argon2 does not take the configured parameters.
    #[error("password.memory_kib, password.iterations and password.lanes do not fit together: Argon2 refuses them")]
    Parameters,
    /// The system gives no thread.
    #[error("cannot start a hashing thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another password, or there is none.
    Wrong,
    /// The password. `needs_rehash`: it was stored with older parameters or an older pepper; hash it anew and store that.
    Right {
        /// Whether to store a new hash.
        needs_rehash: bool,
    },
}

/// The pool. Dropping it ends its threads after the hash that each is at.
pub struct PasswordPool {
    shared: Arc<Shared>,
    deadline: Duration,
    queue: usize,
    threads: usize,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    /// A moving average of one hash, in microseconds; 0 before the first.
    usual: AtomicU64,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

struct Job {
    until: Instant,
    run: Box<dyn FnOnce(&mut Hasher) + Send>,
}

impl PasswordPool {
    /// Starts the threads. Memory is taken at a thread's first hash, so that an idle server stays small.
    pub fn start(config: &PasswordConfig, root: &RootKeys, random: Random) -> Result<Self, StartError> {
        let cores = || thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = if config.threads == 0 { cores() } else { config.threads };
        let recipe = Recipe::new(config, root, random).ok_or(StartError::Parameters)?;
        let shared = Arc::new(Shared { state: Mutex::default(), work: Condvar::new(), usual: AtomicU64::new(0) });
        let pool = Self { shared, deadline: config.deadline.get(), queue: config.queue.max(1), threads };
        for number in 0..threads {
            let (shared, recipe) = (Arc::clone(&pool.shared), Arc::clone(&recipe));
            thread::Builder::new().name(format!("password-{number}")).spawn(move || serve(&shared, &recipe))?;
        }
        Ok(pool)
    }

    /// Hashes a new password, which [`Rules::check`] must have passed, to a PHC string with the pepper's version in it.
    pub async fn hash(&self, password: SecretString) -> Result<String, Busy> {
        self.submit(move |hasher| hasher.hash(password.expose_secret())).await
    }

    /// Checks a chosen password by the rules and hashes it, both on a thread of the pool: looking for patterns takes some
    /// milliseconds as well.
    pub async fn choose(&self, password: SecretString, rules: Rules, context: Vec<String>) -> Result<Result<String, Weakness>, Busy> {
        self.submit(move |hasher| {
            let context: Vec<_> = context.iter().map(String::as_str).collect();
            rules.check(password.expose_secret(), &context).map(|()| hasher.hash(password.expose_secret()))
        })
        .await
    }

    /// Compares a password with a stored PHC string. Without one (nobody has that name, or no password) the same work is
    /// done on a dummy, so that the time tells nothing.
    pub async fn verify(&self, password: SecretString, stored: Option<String>) -> Result<Verdict, Busy> {
        // Depends on what was sent alone, so it tells nothing either.
        if password.expose_secret().len() > LONGEST_BYTES {
            return Ok(Verdict::Wrong);
        }
        self.submit(move |hasher| hasher.verify(password.expose_secret(), stored.as_deref())).await
    }

    /// How many wait for a thread.
    pub fn waiting(&self) -> usize {
        self.shared.lock().jobs.len()
    }

    async fn submit<T: Send + 'static>(&self, work: impl FnOnce(&mut Hasher) -> T + Send + 'static) -> Result<T, Busy> {
        let (reply, answer) = oneshot::channel();
        let run = Box::new(move |hasher: &mut Hasher| {
            // Nobody waits any more: the request was dropped or its deadline passed.
            if !reply.is_closed() {
                let _ = reply.send(work(hasher));
            }
        });
        self.push(Job { until: clock::monotonic() + self.deadline, run })?;
        match tokio::time::timeout(self.deadline, answer).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) | Err(_) => Err(Busy),
        }
    }

    fn push(&self, job: Job) -> Result<(), Busy> {
        let mut state = self.shared.lock();
        // Whoever would wait until the deadline anyway hears so at once.
        let rounds = u64::try_from(state.jobs.len() / self.threads).unwrap_or(u64::MAX);
        let wait = Duration::from_micros(self.shared.usual.load(Ordering::Relaxed).saturating_mul(rounds));
        if state.closed || state.jobs.len() >= self.queue || wait > self.deadline {
            return Err(Busy);
        }
        state.jobs.push_back(job);
        drop(state);
        self.shared.work.notify_one();
        Ok(())
    }
}

impl Drop for PasswordPool {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.jobs.clear();
        drop(state);
        self.shared.work.notify_all();
    }
}

impl Shared {
    /// The queue is whole at every moment that a thread could die at, so poison means nothing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; `None` when the pool is closed.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            match state.jobs.pop_front() {
                Some(job) => return Some(job),
                None => state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn learn(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let usual = self.usual.load(Ordering::Relaxed);
        let next = if usual == 0 { took } else { usual.saturating_mul(7).saturating_add(took) / 8 };
        self.usual.store(next, Ordering::Relaxed);
    }
}

/// What a thread of the pool does until the pool is dropped.
fn serve(shared: &Shared, recipe: &Arc<Recipe>) {
    let mut hasher = Hasher::new(Arc::clone(recipe));
    while let Some(job) = shared.next() {
        let start = clock::monotonic();
        if start >= job.until {
            continue;
        }
        // A defect in one hash must not cost a thread: with the last one nobody could sign in.
        let run = std::panic::AssertUnwindSafe(|| (job.run)(&mut hasher));
        if std::panic::catch_unwind(run).is_err() {
            tracing::error!("a password hash panicked");
            hasher = Hasher::new(Arc::clone(recipe));
        } else if hasher.take_worked() {
            let took = clock::monotonic().saturating_duration_since(start);
            shared.learn(took);
            metrics::password_hash(took);
        }
    }
}

#[cfg(test)]
mod tests;
