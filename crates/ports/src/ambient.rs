//! Time, randomness and the other parts of the environment that the core does not read directly.

use attune_domain::TimeZoneName;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The current time.
pub trait Clock: Send + Sync {
    /// The current time, truncated to whole milliseconds, the precision of the stores.
    fn now(&self) -> Timestamp;

    /// The time since an arbitrary instant, which passes evenly even when the clock is set. Where a clock is moved on
    /// purpose, this is moved along, so that the clock counts as right: by default it follows [`Self::now`].
    fn monotonic(&self) -> SignedDuration {
        self.now().duration_since(Timestamp::UNIX_EPOCH)
    }
}

/// Cryptographically secure randomness.
pub trait Random: Send + Sync {
    /// Fills the buffer with random bytes from the system's cryptographic generator.
    fn fill(&self, buffer: &mut [u8]);

    /// 16 random bytes (128 bits): practically impossible to guess, and practically never the same twice.
    fn random_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes
    }

    /// [`Self::random_bytes`] as 32 hexadecimal digits.
    fn hex_id(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.random_bytes()))
    }
}

/// The time zone database of the machine.
pub trait TimeZones: Send + Sync {
    /// The time zone with this name; `None` if the database does not contain it.
    fn find(&self, name: &TimeZoneName) -> Option<TimeZone>;
}

/// Wakes the worker when new emails are enqueued, so that they need not wait for its next poll of the outbox.
pub trait OutboxWaker: Send + Sync {
    /// Wakes the worker. Never blocks; calling it twice has the same effect as calling it once.
    fn wake(&self);
}
