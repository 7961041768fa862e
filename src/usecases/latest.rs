//! Of several loads of one thing under way at once, the one that began last is taken over: an earlier one may have read what
//! was true before.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Which load is in force.
#[derive(Default)]
pub(super) struct Latest {
    begun: AtomicU64,
    in_force: Mutex<u64>,
}

impl Latest {
    /// Draws the number of a load; before it reads anything.
    pub(super) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Runs `take_over` unless a load that began later is in force already.
    pub(super) fn take_over(&self, number: u64, take_over: impl FnOnce()) {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        if number > *in_force {
            take_over();
            *in_force = number;
        }
    }
}
