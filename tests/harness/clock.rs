//! The clock of the tests, which moves only when it is set.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

/// The start of every test: a Monday morning in winter, 10:00 in Berlin and 04:00 in New York.
pub const NOW: &str = "2027-03-01T09:00:00Z";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn later(minutes: i64) -> Timestamp {
    at(NOW) + SignedDuration::from_mins(minutes)
}

#[derive(Debug)]
pub struct Clock {
    path: PathBuf,
    now: Mutex<Timestamp>,
}

impl Clock {
    pub(crate) fn new(path: PathBuf) -> Self {
        let clock = Self { path, now: Mutex::new(at(NOW)) };
        clock.set(at(NOW));
        clock
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    /// The file is replaced as a whole, so that no process reads half an instant.
    pub fn set(&self, instant: Timestamp) {
        let mut now = self.now.lock().unwrap();
        let aside = self.path.with_extension("next");
        std::fs::write(&aside, instant.to_string()).unwrap();
        std::fs::rename(&aside, &self.path).unwrap();
        *now = instant;
    }

    pub fn advance(&self, time: SignedDuration) {
        self.set(self.now() + time);
    }
}
