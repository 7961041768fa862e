//! A socket that does not wait for ever: slow headers, idle connections and readers that stop reading are cut off.
//!
//! hyper's own header timer makes and drops a timer per request and counts idle time as header time. Here one timer per
//! connection ticks four times in the shortest limit; between ticks a request costs three relaxed atomic operations.
//!
//! What keeps a connection is requests and their answers. In HTTP/2 other frames pass in both directions while nobody asks for
//! anything, so there the frames of answers are told from them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::clock;

/// What a client of HTTP/2 says first (RFC 9113 section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The limits of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// First byte of a request's header to its end.
    pub header: Duration,
    /// Without a request.
    pub idle: Duration,
    /// With an answer that nobody reads.
    pub write: Duration,
}

impl Patience {
    fn tick(&self) -> Duration {
        let shortest = self.header.min(self.idle).min(self.write);
        (shortest / 4).clamp(Duration::from_millis(5), Duration::from_millis(2500))
    }
}

/// What the requests of a connection tell its socket.
#[derive(Debug, Default)]
pub(super) struct Activity {
    begun: AtomicU32,
    running: AtomicU32,
    leaving: AtomicBool,
}

impl Activity {
    /// A request's header is complete; until the guard is dropped it is being answered.
    pub fn begin(self: &Arc<Self>) -> Running {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(self))
    }

    /// The server stops: whoever has not finished a header gets no more time for it.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// True while any request is being answered.
    pub fn busy(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }
}

/// A request being answered.
pub(super) struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the client has sent so far tells which protocol it speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speech {
    /// So many bytes of the preface of HTTP/2.
    Preface(usize),
    Http1,
    Http2,
}

/// Follows the frames that the server writes (RFC 9113 section 4.1).
#[derive(Default)]
struct Frames {
    /// How much of the present frame's header has been seen.
    seen: usize,
    /// How much of its payload is still to come, as far as its header says.
    left: usize,
    answers: bool,
}

impl Frames {
    const HEADER: usize = 9;

    /// Whether any of these bytes belong to an answer: DATA, HEADERS or CONTINUATION.
    fn wrote(&mut self, mut bytes: &[u8]) -> bool {
        let mut answers = false;
        while let Some((first, rest)) = bytes.split_first() {
            if self.seen == Self::HEADER {
                answers |= self.answers;
                let payload = self.left.min(bytes.len());
                self.left -= payload;
                bytes = bytes.get(payload..).unwrap_or_default();
            } else {
                match self.seen {
                    0 => self.left = usize::from(*first),
                    1 | 2 => self.left = self.left << 8 | usize::from(*first),
                    3 => self.answers = matches!(first, 0 | 1 | 9),
                    _ => {}
                }
                answers |= self.seen >= 3 && self.answers;
                self.seen += 1;
                bytes = rest;
            }
            if self.seen == Self::HEADER && self.left == 0 {
                self.seen = 0;
            }
        }
        answers
    }
}

/// The socket of one connection.
pub(super) struct GuardedSocket<S> {
    inner: S,
    patience: Patience,
    activity: Arc<Activity>,
    tick: Pin<Box<Sleep>>,
    speech: Speech,
    begun_before: u32,
    /// How many requests had begun when bytes came that belonged to none of them: the next one's header.
    header_after: Option<u32>,
    header_ticks: u32,
    idle_ticks: u32,
    write_ticks: u32,
    write_waits: bool,
    /// Something of an answer was written since the last tick.
    answered: bool,
    frames: Frames,
    over: Option<Over>,
}

#[derive(Clone, Copy)]
enum Over {
    Quiet,
    Unread,
}

impl<S> GuardedSocket<S> {
    pub fn new(inner: S, patience: Patience, activity: Arc<Activity>) -> Self {
        Self {
            inner,
            activity,
            tick: Box::pin(tokio::time::sleep(patience.tick())),
            patience,
            speech: Speech::Preface(0),
            begun_before: 0,
            header_after: None,
            header_ticks: 0,
            idle_ticks: 0,
            write_ticks: 0,
            write_waits: false,
            answered: false,
            frames: Frames::default(),
            over: None,
        }
    }

    /// Bytes arrived.
    fn heard(&mut self, bytes: &[u8]) {
        if let Speech::Preface(seen) = self.speech {
            let rest = PREFACE.get(seen..).unwrap_or_default();
            let common = rest.len().min(bytes.len());
            self.speech = match bytes.get(..common) == rest.get(..common) {
                false => Speech::Http1,
                true if common == rest.len() => Speech::Http2,
                true => Speech::Preface(seen + common),
            };
        }
        // In HTTP/2 bytes without a request are normal (settings, pings): there only the idle limit holds.
        if self.speech != Speech::Http2 && !self.activity.busy() {
            self.header_after = Some(self.activity.begun.load(Ordering::Relaxed));
        }
    }

    fn header_open(&self) -> bool {
        self.header_after == Some(self.activity.begun.load(Ordering::Relaxed))
    }

    /// Called wherever the socket has nothing to do: watches the time.
    fn watch(&mut self, cx: &mut Context<'_>) -> Option<Over> {
        while self.over.is_none() && self.tick.as_mut().poll(cx).is_ready() {
            let step = self.patience.tick();
            self.tick.as_mut().reset(Instant::from_std(clock::monotonic() + step));
            self.over = self.ticked(step);
        }
        self.over
    }

    /// The server stops, nothing is being answered, and what was sent is only the beginning of a request.
    fn may_leave(&self) -> bool {
        let begun = self.header_open() || matches!(self.speech, Speech::Preface(_));
        begun && self.activity.leaving.load(Ordering::Relaxed) && !self.activity.busy() && !self.write_waits
    }

    fn ticked(&mut self, step: Duration) -> Option<Over> {
        let begun = self.activity.begun.load(Ordering::Relaxed);
        let fresh = begun != self.begun_before || self.activity.busy();
        if begun != self.begun_before {
            self.begun_before = begun;
        }
        self.header_ticks = if fresh || !self.header_open() { 0 } else { self.header_ticks + 1 };
        self.idle_ticks = if fresh || std::mem::take(&mut self.answered) { 0 } else { self.idle_ticks + 1 };
        self.write_ticks = if self.write_waits { self.write_ticks + 1 } else { 0 };
        if step * self.write_ticks >= self.patience.write {
            return Some(Over::Unread);
        }
        let quiet = step * self.header_ticks >= self.patience.header || step * self.idle_ticks >= self.patience.idle;
        quiet.then_some(Over::Quiet)
    }

    /// Bytes left. In HTTP/1 all of them are of answers.
    fn answer(&mut self, bytes: &[u8]) {
        self.answered |= match self.speech {
            Speech::Http2 => self.frames.wrote(bytes),
            Speech::Preface(_) | Speech::Http1 => !bytes.is_empty(),
        };
    }

    fn wrote<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.write_waits = polled.is_pending();
        if polled.is_ready() {
            self.write_ticks = 0;
            return polled;
        }
        match self.watch(cx) {
            Some(Over::Unread) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Some(Over::Quiet) | None => polled,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GuardedSocket<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.inner).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => {
                self.heard(buffer.filled().get(before..).unwrap_or_default());
                // A trickle keeps the socket readable: the time has to be looked at here too.
                if self.header_open() && self.watch(cx).is_some() {
                    buffer.set_filled(before);
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending if self.may_leave() => Poll::Ready(Ok(())),
            Poll::Pending => match self.watch(cx) {
                // An end of file: what is complete is still answered, then the connection is closed.
                Some(Over::Quiet) => Poll::Ready(Ok(())),
                Some(Over::Unread) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                None => Poll::Pending,
            },
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for GuardedSocket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(length)) = polled {
            self.answer(bytes.get(..length).unwrap_or(bytes));
        }
        self.wrote(cx, polled)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, parts);
        if let Poll::Ready(Ok(mut left)) = polled {
            for part in parts {
                let length = left.min(part.len());
                self.answer(part.get(..length).unwrap_or(part));
                left -= length;
            }
        }
        self.wrote(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::Frames;

    fn frame(kind: u8, payload: usize) -> Vec<u8> {
        let length = u32::try_from(payload).expect("small").to_be_bytes();
        let mut bytes = vec![length[1], length[2], length[3], kind, 0, 0, 0, 0, 1];
        bytes.extend(vec![kind; payload]);
        bytes
    }

    /// However the bytes are cut into pieces.
    #[test]
    fn frames_of_answers_are_told_from_others() {
        let (data, headers, settings, ping) = (0, 1, 4, 6);
        let quiet = [frame(settings, 6), frame(settings, 0), frame(ping, 8), frame(ping, 8)].concat();
        let loud = [frame(headers, 300), frame(data, 70_000), frame(data, 0)].concat();
        for size in [1, 2, 9, 10, 1000, usize::MAX] {
            let mut frames = Frames::default();
            for _ in 0..2 {
                assert!(!quiet.chunks(size.min(quiet.len())).any(|piece| frames.wrote(piece)), "pieces of {size}");
                let told = loud.chunks(size.min(loud.len())).filter(|piece| frames.wrote(piece)).count();
                assert!(told > 0 && told >= (loud.len() / size.min(loud.len())).saturating_sub(10), "pieces of {size}: {told}");
            }
        }
    }
}
