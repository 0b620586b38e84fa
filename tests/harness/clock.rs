//! The clock of the tests: it stands still until it is moved.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};

/// When every test begins: a Monday morning in winter, 10:00 in Berlin and 04:00 in New York.
pub const NOW: &str = "2027-03-01T09:00:00Z";

/// An instant, written as in RFC 3339.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The instant so many minutes after [`NOW`].
pub fn later(minutes: i64) -> Timestamp {
    at(NOW) + SignedDuration::from_mins(minutes)
}

/// A file that tells all processes of a practice what time it is.
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

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    /// Makes it this time. The file is replaced as a whole, so nobody ever reads half an instant.
    pub fn set(&self, instant: Timestamp) {
        let mut now = self.now.lock().unwrap();
        let aside = self.path.with_extension("next");
        std::fs::write(&aside, instant.to_string()).unwrap();
        std::fs::rename(&aside, &self.path).unwrap();
        *now = instant;
    }

    /// Lets this much time pass.
    pub fn advance(&self, time: SignedDuration) {
        self.set(self.now() + time);
    }
}
