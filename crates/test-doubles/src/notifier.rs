use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use attune_ports::{Email, Notifier, NotifyError};

/// The result of one [`Notifier::send`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    Accept,
    Fail(NotifyError),
    /// As a bug in an email library would.
    Panic,
}

/// Records emails instead of sending them.
#[derive(Default)]
pub struct RecordingNotifier {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    sent: Vec<Email>,
    attempts: usize,
    replies: VecDeque<Reply>,
    down: Option<NotifyError>,
}

impl RecordingNotifier {
    pub fn new() -> Self {
        Self::default()
    }

    /// Queues the results of the next calls. Calls for which none is queued succeed.
    pub fn reply_with(&self, replies: impl IntoIterator<Item = Reply>) {
        self.lock().replies.extend(replies);
    }

    /// Makes every send and every check fail until [`Self::come_back`]; queued replies stay queued.
    pub fn go_down(&self, error: NotifyError) {
        self.lock().down = Some(error);
    }

    pub fn come_back(&self) {
        self.lock().down = None;
    }

    pub fn sent(&self) -> Vec<Email> {
        self.lock().sent.clone()
    }

    /// The number of calls of [`Notifier::send`], whatever their result.
    pub fn attempts(&self) -> usize {
        self.lock().attempts
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Notifier for RecordingNotifier {
    async fn send(&self, email: &Email) -> Result<(), NotifyError> {
        let reply = {
            let mut inner = self.lock();
            inner.attempts += 1;
            let reply = match inner.down {
                Some(error) => Reply::Fail(error),
                None => inner.replies.pop_front().unwrap_or(Reply::Accept),
            };
            if reply == Reply::Accept {
                inner.sent.push(email.clone());
            }
            reply
        };
        match reply {
            Reply::Accept => Ok(()),
            Reply::Fail(error) => Err(error),
            Reply::Panic => panic!("requested by the test"),
        }
    }

    async fn check(&self) -> Result<(), NotifyError> {
        self.lock().down.map_or(Ok(()), Err)
    }
}
