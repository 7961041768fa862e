//! What of "try this" has happened.

use std::sync::{Arc, Mutex, PoisonError};

use crate::ui::demo::TryThis;

/// Steps that are done; clones share it.
#[derive(Clone, Default)]
pub struct Progress(Arc<Mutex<Vec<TryThis>>>);

impl Progress {
    /// A step happened.
    pub fn mark(&self, step: TryThis) {
        let mut done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !done.contains(&step) {
            done.push(step);
        }
    }

    /// Whether a step happened.
    pub fn is_done(&self, step: TryThis) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&step)
    }
}
