//! The real clock, randomness and outbox waker.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Instant;

use attune_ports::{Clock, OutboxWaker, Random};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        whole_millis(Timestamp::now())
    }

    fn monotonic(&self) -> SignedDuration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        SignedDuration::try_from(START.elapsed()).unwrap_or(SignedDuration::MAX)
    }
}

/// A clock that tests set by writing an instant into a file. While the file cannot be read, the last instant is used.
/// Its monotonic time follows the file too, so that it is never taken for a clock that was set by mistake.
pub(crate) struct FileClock {
    path: PathBuf,
    last: std::sync::Mutex<Timestamp>,
}

impl FileClock {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, last: std::sync::Mutex::new(whole_millis(Timestamp::now())) }
    }
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        let read = std::fs::read_to_string(&self.path).ok().and_then(|text| text.trim().parse().ok());
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(now) = read {
            *last = whole_millis(now);
        }
        *last
    }
}

fn whole_millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        if let Err(error) = getrandom::fill(buffer) {
            // Without randomness, every room name and token could be guessed.
            tracing::error!(%error, "system random number generator failed");
            std::process::abort();
        }
    }
}

/// Wakes the worker of this process.
#[derive(Default)]
pub(crate) struct Waker(Notify);

impl Waker {
    pub(crate) async fn woken(&self) {
        self.0.notified().await;
    }
}

impl OutboxWaker for Waker {
    fn wake(&self) {
        self.0.notify_one();
    }
}
