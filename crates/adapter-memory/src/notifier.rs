//! A mail server that keeps everything and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use attune_ports::{Email, Notifier, NotifyError};

/// How one sending ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The mail is taken.
    Accept,
    /// The mail is not taken.
    Fail(NotifyError),
    /// The sending panics, as a bug in a mail library would.
    Panic,
}

/// Records mails instead of sending them. It accepts everything until it is told otherwise.
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
    /// One that accepts everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how the next sendings end, one reply each, after those that were set before. Later ones are accepted.
    pub fn reply_with(&self, replies: impl IntoIterator<Item = Reply>) {
        self.lock().replies.extend(replies);
    }

    /// Lets every sending and every check fail like this, until [`Self::come_back`]. IdempotencyStore that were set wait.
    pub fn go_down(&self, error: NotifyError) {
        self.lock().down = Some(error);
    }

    /// Ends what [`Self::go_down`] began.
    pub fn come_back(&self) {
        self.lock().down = None;
    }

    /// The mails that were accepted, in order.
    pub fn sent(&self) -> Vec<Email> {
        self.lock().sent.clone()
    }

    /// How often sending was tried, whatever came of it.
    pub fn attempts(&self) -> usize {
        self.lock().attempts
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Notifier for RecordingNotifier {
    async fn send(&self, mail: &Email) -> Result<(), NotifyError> {
        let reply = {
            let mut inner = self.lock();
            inner.attempts += 1;
            let reply = match inner.down {
                Some(error) => Reply::Fail(error),
                None => inner.replies.pop_front().unwrap_or(Reply::Accept),
            };
            if reply == Reply::Accept {
                inner.sent.push(mail.clone());
            }
            reply
        };
        match reply {
            Reply::Accept => Ok(()),
            Reply::Fail(error) => Err(error),
            Reply::Panic => panic!("the recording notifier was told to panic"),
        }
    }

    async fn check(&self) -> Result<(), NotifyError> {
        self.lock().down.map_or(Ok(()), Err)
    }
}
