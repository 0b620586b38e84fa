//! Time, chance, zones and the waker, in steerable forms.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use attune_domain::TimeZoneName;
use attune_ports::{Clock, OutboxWaker, Random, TimeZones};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A clock that stands still until it is told to move.
pub struct FixedClock {
    now: Mutex<Timestamp>,
}

impl FixedClock {
    /// A clock that shows this instant, cut to whole milliseconds.
    pub fn new(now: Timestamp) -> Self {
        Self { now: Mutex::new(now) }
    }

    /// Sets the clock, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves the clock by some time; a negative one moves it back. It stops at the ends of the calendar.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(by).unwrap_or(*now);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        let now = *self.now.lock().unwrap_or_else(PoisonError::into_inner);
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

/// Bytes that look random and are the same at every run. Anybody can predict them.
pub struct SequenceRandom {
    position: AtomicU64,
}

impl SequenceRandom {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self { position: AtomicU64::new(seed.wrapping_mul(0xd134_2543_de82_ef95)) }
    }
}

impl Random for SequenceRandom {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            // A Weyl sequence, finished by the mixing function of SplitMix64: every call differs, well spread.
            let step = self.position.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (step ^ (step >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let bytes = (mixed ^ (mixed >> 31)).to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

/// The time zone database of the machine, or the built-in copy where the machine has none.
pub struct SystemZones;

impl TimeZones for SystemZones {
    fn find(&self, name: &TimeZoneName) -> Option<TimeZone> {
        jiff::tz::db().get(name.as_str()).ok().filter(|zone| !zone.is_unknown())
    }
}

/// A waker that nobody hears.
pub struct SilentBell;

impl OutboxWaker for SilentBell {
    fn wake(&self) {}
}

/// A waker that remembers how often it was rung.
#[derive(Default)]
pub struct CountingWaker {
    rings: AtomicU64,
}

impl CountingWaker {
    /// How often it was rung so far.
    pub fn rings(&self) -> u64 {
        self.rings.load(Ordering::SeqCst)
    }
}

impl OutboxWaker for CountingWaker {
    fn wake(&self) {
        self.rings.fetch_add(1, Ordering::SeqCst);
    }
}
