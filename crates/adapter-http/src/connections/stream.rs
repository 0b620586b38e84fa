//! A connection whose client has to take its responses and to complete its requests in time.
//!
//! The framework has a time limit for the head of the first request only. It would wait for ever for a client that does
//! not read, and go on reading requests from it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use attune_ports::Random;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::framework_problem;

/// What a client may send before it gets a response, in bytes: the largest body that a handler accepts without a limit of
/// its own, and a head. More is read only a little at a time, so that a client cannot fill the framework's buffer with
/// further requests.
const READ_AHEAD: usize = 96 * 1024;

/// The pause before more is read.
const READ_PAUSE: Duration = Duration::from_millis(100);

/// How long a client may let us wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Until a client takes what the framework has buffered, at most 14 kilobytes of a large response.
    pub(crate) write: Duration,
    /// From the first byte of a request to the first byte of a response.
    pub(crate) answer: Duration,
}

/// The connection.
pub(crate) struct GuardedStream {
    socket: TcpStream,
    patience: Patience,
    random: Arc<dyn Random>,
    /// Runs while the client does not take what is written.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs while a request has no response. Kept for the next request.
    unanswered: Pin<Box<Sleep>>,
    /// What was read since the last write.
    read: usize,
    pause: Option<Pin<Box<Sleep>>>,
    /// Whether the framework wanted to read and was not allowed to.
    held_back: bool,
    /// What is written instead of the framework's own response, and how much of it was.
    explanation: Option<(Vec<u8>, usize)>,
}

impl GuardedStream {
    pub(crate) fn new(socket: TcpStream, patience: Patience, random: Arc<dyn Random>) -> Self {
        Self {
            socket,
            patience,
            random,
            stalled: None,
            unanswered: Box::pin(sleep(patience.answer)),
            read: 0,
            pause: None,
            held_back: false,
            explanation: None,
        }
    }

    /// Writes to the socket, and fails if the client has not taken anything for too long.
    fn write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = Pin::new(&mut self.socket).poll_write(context, bytes) {
            self.read = 0;
            self.pause = None;
            return Poll::Ready(written);
        }
        let patience = self.patience.write;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Whether more may be read. If not, the task is woken when it may.
    fn may_read(&mut self, context: &mut Context<'_>) -> bool {
        if self.stalled.is_some() {
            self.held_back = true;
            return false;
        }
        if self.read < READ_AHEAD {
            return true;
        }
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(READ_PAUSE)));
        if pause.as_mut().poll(context).is_pending() {
            self.held_back = true;
            return false;
        }
        self.pause = None;
        true
    }
}

impl Drop for GuardedStream {
    fn drop(&mut self) {
        // The kernel would keep what the client does not take.
        if self.stalled.is_some() {
            let _ = self.socket.set_zero_linger();
        }
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.may_read(context) {
            return Poll::Pending;
        }
        let before = into.filled().len();
        if let Poll::Ready(result) = Pin::new(&mut this.socket).poll_read(context, into) {
            let length = into.filled().len() - before;
            if this.read == 0 && length > 0 {
                this.unanswered.as_mut().reset(Instant::now() + this.patience.answer);
            }
            this.read += length;
            return Poll::Ready(result);
        }
        if this.read > 0 {
            ready!(this.unanswered.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.explanation.is_none() {
            match framework_problem::find(bytes) {
                Some(0) => this.explanation = Some((framework_problem::explain(bytes, &*this.random), 0)),
                Some(start) => return this.write(context, &bytes[..start]),
                None => return this.write(context, bytes),
            }
        }
        while let Some((explanation, written)) = this.explanation.take_if(|(text, written)| *written < text.len()) {
            let result = this.write(context, &explanation[written..]);
            let length = match &result {
                Poll::Ready(Ok(length)) => *length,
                Poll::Ready(Err(_)) | Poll::Pending => 0,
            };
            this.explanation = Some((explanation, written + length));
            match result {
                Poll::Ready(Ok(length)) if length > 0 => {}
                other @ (Poll::Ready(_) | Poll::Pending) => return other,
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    /// The framework flushes once the client has taken everything.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stalled = None;
        if std::mem::take(&mut self.held_back) {
            context.waker().wake_by_ref();
        }
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
