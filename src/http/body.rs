//! Request bodies: bounded in size and in the time they may take altogether, however they trickle.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::{Buf, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Sleep;

use crate::clock;

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// More bytes than allowed.
    TooLarge,
    /// Not complete in time.
    TooSlow,
    /// The client went away, or broke the framing.
    Broken,
}

impl fmt::Display for BodyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the body is too large",
            Self::TooSlow => "the body did not arrive in time",
            Self::Broken => "the body is incomplete",
        })
    }
}

impl std::error::Error for BodyFault {}

impl BodyFault {
    /// Finds the reason behind an error of the body stream.
    pub fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(fault) = error.downcast_ref::<Self>() {
                return *fault;
            }
            next = error.source();
        }
        Self::Broken
    }
}

/// A body that ends with a [`BodyFault`] after `left` bytes or at its deadline.
struct BoundedBody {
    inner: Body,
    left: usize,
    deadline: Instant,
    /// Made when something has to be waited for: most bodies come with their header.
    timer: Option<Pin<Box<Sleep>>>,
}

impl BoundedBody {
    /// Looked at also when data keeps coming: a trickle must not outrun it.
    fn is_late(&mut self, waiting: bool, cx: &mut Context<'_>) -> bool {
        if !waiting {
            return clock::monotonic() >= self.deadline;
        }
        let deadline = self.deadline;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline.into())));
        timer.as_mut().poll(cx).is_ready()
    }
}

/// Bounds a body.
pub(super) fn bounded(body: Body, most: usize, time: Duration) -> Body {
    Body::new(BoundedBody { inner: body, left: most, deadline: clock::monotonic() + time, timer: None })
}

impl HttpBody for BoundedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let size = frame.data_ref().map_or(0, Buf::remaining);
            match self.left.checked_sub(size) {
                Some(left) => self.left = left,
                None => return Poll::Ready(Some(Err(axum::Error::new(BodyFault::TooLarge)))),
            }
        }
        let unfinished = !matches!(polled, Poll::Ready(None));
        if unfinished && self.is_late(polled.is_pending(), cx) {
            return Poll::Ready(Some(Err(axum::Error::new(BodyFault::TooSlow))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
