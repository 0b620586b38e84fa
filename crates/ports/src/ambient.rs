//! Time, chance and the outside signals that the core must not fetch for itself.

use attune_domain::TimeZoneName;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now, cut to whole milliseconds, because that is what stores keep.
    fn now(&self) -> Timestamp;
}

/// Chance that nobody can predict.
pub trait Random: Send + Sync {
    /// Fills the buffer from the system's cryptographic generator.
    fn fill(&self, buffer: &mut [u8]);

    /// 128 bits: enough that nobody guesses them and no two are ever the same.
    fn random_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes
    }

    /// The same as 32 hexadecimal digits.
    fn hex_id(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.random_bytes()))
    }
}

/// The time zone database of the machine.
pub trait TimeZones: Send + Sync {
    /// The zone of this name, if the database knows it.
    fn find(&self, name: &TimeZoneName) -> Option<TimeZone>;
}

/// Tells the worker that there is new mail, so that it need not wait for its next look.
pub trait OutboxWaker: Send + Sync {
    /// Rings. Never waits; ringing twice is like ringing once.
    fn wake(&self);
}
