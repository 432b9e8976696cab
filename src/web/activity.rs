//! Tracks what a connection does at the moment, and since when.

use hyper::body::{Body, Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How long the head of a request may take from its first byte on; of the first request, from the connection on.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the body of a request may take: longer than the webhook waits for one, whose refusal still arrives.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the body of a request may take that somebody with a key uploads.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(130);
/// How long a request may take to be answered, including its body; behind an upload, from its end on.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an idle connection is kept: longer than proxies keep theirs, so that none of them sends a request into a
/// closing connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// What a connection does, shared by its handler and whoever may close it.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Mutex<(Phase, Instant)>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Receives the head of a request.
    Asking,
    /// Receives the body of a request.
    Sending,
    /// Receives the body of a request that may be large.
    Uploading,
    /// Waits for the answer to a complete request.
    Waiting,
    /// Idle after an answer.
    Resting,
}

impl Activity {
    /// Starts to track a new connection.
    pub(super) fn start() -> Self {
        Self(Arc::new(Mutex::new((Phase::Asking, Instant::now()))))
    }

    /// Returns since when the connection has sent no complete request; `None` while it waits for an answer to one, or
    /// uploads.
    pub(super) fn unused_since(&self) -> Option<Instant> {
        let (phase, since) = self.now();
        let is_used = matches!(phase, Phase::Waiting | Phase::Uploading);
        (!is_used).then_some(since)
    }

    /// Returns when the connection times out.
    pub(super) fn ends_at(&self) -> Instant {
        let (phase, since) = self.now();
        since
            + match phase {
                Phase::Asking => HEAD_TIMEOUT,
                Phase::Sending => BODY_TIMEOUT,
                Phase::Uploading => UPLOAD_TIMEOUT,
                Phase::Waiting => RESPONSE_TIMEOUT,
                Phase::Resting => IDLE_TIMEOUT,
            }
    }

    pub(super) fn asked(&self) {
        self.set(Phase::Sending);
    }

    /// Records that the body may be large: the sender has shown a key.
    pub(super) fn uploads(&self) {
        if self.now().0 == Phase::Sending {
            self.set(Phase::Uploading);
        }
    }

    /// Records that the body is complete. The time for the answer runs from the head on, behind an upload from here on.
    pub(super) fn sent(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.0 {
            Phase::Sending => state.0 = Phase::Waiting,
            Phase::Uploading => *state = (Phase::Waiting, Instant::now()),
            _ => {}
        }
    }

    pub(super) fn answered(&self) {
        self.set(Phase::Resting);
    }

    fn received(&self) {
        if self.now().0 == Phase::Resting {
            self.set(Phase::Asking);
        }
    }

    fn now(&self) -> (Phase, Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, phase: Phase) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = (phase, Instant::now());
    }
}

/// A body that signals when it is complete, or its reader stops.
pub(super) struct WatchedBody<B> {
    body: B,
    activity: Activity,
}

impl<B: Body> WatchedBody<B> {
    pub(super) fn new(body: B, activity: Activity) -> Self {
        if body.is_end_stream() {
            activity.sent();
        }
        Self { body, activity }
    }
}

impl<B: Body + Unpin> Body for WatchedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.activity.sent();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for WatchedBody<B> {
    fn drop(&mut self) {
        self.activity.sent();
    }
}

/// A stream that signals incoming data.
pub(super) struct Watched<S> {
    pub stream: S,
    pub activity: Activity,
}

impl<S: Read + Unpin> Read for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            self.activity.received();
        }
        read
    }
}

impl<S: Write + Unpin> Write for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_waits_for_an_answer_is_in_use() {
        let activity = Activity::start();
        let begun = activity.unused_since();
        assert!(begun.is_some());
        activity.received();
        assert_eq!(
            activity.unused_since(),
            begun,
            "more bytes gain no more time"
        );
        activity.asked();
        activity.received();
        assert!(activity.unused_since().is_some(), "the body may never come");
        let sends = activity.ends_at();
        activity.sent();
        assert_eq!(activity.unused_since(), None);
        assert!(sends < activity.ends_at(), "a body that has begun must end");
        activity.answered();
        let rests = activity.ends_at();
        activity.received();
        assert!(activity.ends_at() < rests, "a head that has begun must end");
    }
}
