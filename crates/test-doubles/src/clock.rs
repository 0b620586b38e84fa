use std::sync::{Mutex, PoisonError};

use attune_ports::Clock;
use jiff::{SignedDuration, Timestamp};

/// A clock that stands still until a test moves it.
pub struct FixedClock {
    now: Mutex<Timestamp>,
    /// How far the clock was set forward without time passing.
    jumped: Mutex<SignedDuration>,
}

impl FixedClock {
    pub fn new(now: Timestamp) -> Self {
        Self { now: Mutex::new(now), jumped: Mutex::default() }
    }

    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Sets the clock forward, or back by a negative duration, without time passing: its monotonic time stays the same.
    pub fn jump(&self, by: SignedDuration) {
        self.advance(by);
        *self.jumped.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Moves the clock; a negative duration moves it back. It stops at the limits of [`Timestamp`].
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(by).unwrap_or(*now);
    }
}

impl Clock for FixedClock {
    /// In whole milliseconds, which is the precision of the stores.
    fn now(&self) -> Timestamp {
        let now = *self.now.lock().unwrap_or_else(PoisonError::into_inner);
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    fn monotonic(&self) -> SignedDuration {
        let jumped = *self.jumped.lock().unwrap_or_else(PoisonError::into_inner);
        self.now().duration_since(Timestamp::UNIX_EPOCH).saturating_sub(jumped)
    }
}
