//! The request a line of log belongs to.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names one request in the log, in the answer's `X-Request-Id` and on error pages: 24 characters of `0-9a-f`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; 24]);

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Makes request ids: unique over nodes and restarts, not secret.
#[derive(Debug)]
pub struct RequestIds {
    seed: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// Ids that begin with part of `seed`, which every process draws anew.
    pub const fn new(seed: u64) -> Self {
        Self { seed, next: AtomicU64::new(0) }
    }

    /// The next id.
    pub fn next(&self) -> RequestId {
        let number = mixed(self.seed.wrapping_add(self.next.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let mut text = [0; 24];
        hex(&self.seed.to_be_bytes()[..4], &mut text[..8]);
        hex(&number.to_be_bytes(), &mut text[8..]);
        RequestId(text)
    }
}

/// A bijection that spreads neighbouring numbers (the finaliser of SplitMix64).
const fn mixed(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn hex(bytes: &[u8], text: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

thread_local! {
    static CURRENT: Cell<Option<RequestId>> = const { Cell::new(None) };
}

/// Runs `work` (one poll of a request's future) as part of request `id`: its log lines carry the id.
///
/// A thread-local instead of a tracing span: a span costs more than the rest of the shell together.
pub fn in_request<T>(id: RequestId, work: impl FnOnce() -> T) -> T {
    struct Restore(Option<RequestId>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let _restore = Restore(CURRENT.replace(Some(id)));
    work()
}

/// The request being worked on; `None` outside of one.
pub fn request_id() -> Option<RequestId> {
    CURRENT.get()
}

#[cfg(test)]
mod tests {
    use super::{RequestIds, in_request, request_id};

    #[test]
    fn ids_differ_and_are_known_inside_only() {
        let ids = RequestIds::new(7);
        let (first, second) = (ids.next(), ids.next());
        assert_ne!(first, second);
        assert_eq!(first.as_str().len(), 24);
        assert_eq!(request_id(), None);
        in_request(first, || {
            in_request(second, || assert_eq!(request_id(), Some(second)));
            assert_eq!(request_id(), Some(first));
        });
        assert!(std::panic::catch_unwind(|| in_request(first, || std::panic::panic_any(()))).is_err());
        assert_eq!(request_id(), None);
    }
}
