//! Notices when the clock is set while the process runs. What cannot be undone then waits: expiry, purge and automatic
//! completion, and emails that may not be due.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use attune_ports::{Clock, Queries};
use jiff::{SignedDuration, Timestamp};

/// A smaller departure of the clock from monotonic time is a correction that harms no one.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// How long a clock that was set is doubted, unless it returns or the database's clock agrees with it.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// How often the database's clock is read.
const DATABASE_INTERVAL: SignedDuration = SignedDuration::from_secs(30);
/// A clock that goes back by more than this was ahead before.
const BACKWARDS: SignedDuration = SignedDuration::from_mins(1);

/// Compares the clock with monotonic time and with the database's clock. Clones share what they noticed.
#[derive(Clone)]
pub struct ClockMonitor {
    clock: Arc<dyn Clock>,
    queries: Arc<dyn Queries>,
    state: Arc<Mutex<State>>,
}

/// How far a clock is ahead of monotonic time. It stays the same until someone sets that clock.
type Offset = SignedDuration;

#[derive(Default)]
struct State {
    /// The clock's, when it was last trusted.
    trusted: Option<Offset>,
    /// The database's, when it was last read while the clock was trusted.
    database: Option<Offset>,
    doubt: Option<Doubt>,
    /// When the database's clock was last read, in monotonic time.
    database_read: Option<SignedDuration>,
    latest: Option<Timestamp>,
    /// Whether nothing has been corrected since the start, or since the clock was wrong.
    correction_due: Option<bool>,
}

struct Doubt {
    offset: Offset,
    /// In monotonic time.
    since: SignedDuration,
}

#[derive(Clone, Copy)]
struct Reading {
    now: Timestamp,
    monotonic: SignedDuration,
}

impl Reading {
    fn offset_of(self, at: Timestamp) -> Offset {
        at.duration_since(Timestamp::UNIX_EPOCH).saturating_sub(self.monotonic)
    }
}

impl ClockMonitor {
    pub fn new(clock: Arc<dyn Clock>, queries: Arc<dyn Queries>) -> Self {
        Self { clock, queries, state: Arc::default() }
    }

    /// Whether the clock can be relied on. Asks the database for its time now and then, and whenever that could end a
    /// doubt.
    pub async fn is_settled(&self) -> bool {
        let asks = self.state().wants_database(self.read());
        let database = if asks { self.queries.database_time().await.ok().flatten() } else { None };
        let reading = self.read();
        let mut state = self.state();
        if asks {
            state.database_read = Some(reading.monotonic);
        }
        state.judge(reading, database.map(|at| reading.offset_of(at)))
    }

    /// The same, without asking the database.
    pub fn seems_settled(&self) -> bool {
        self.state().judge(self.read(), None)
    }

    /// Whether what a wrong clock left behind has to be corrected: after the start, and after the clock was doubted or went
    /// back. [`Self::corrected`] says that it was done.
    pub fn correction_is_due(&self) -> bool {
        self.state().correction_due.unwrap_or(true)
    }

    pub fn corrected(&self) {
        self.state().correction_due = Some(false);
    }

    fn read(&self) -> Reading {
        Reading { now: self.clock.now(), monotonic: self.clock.monotonic() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wants_database(&self, reading: Reading) -> bool {
        let departed = self.trusted.is_some_and(|trusted| !is_near(trusted, reading.offset_of(reading.now)));
        let is_new = departed && self.doubt.is_none();
        is_new || self.database_read.is_none_or(|at| reading.monotonic.saturating_sub(at) >= DATABASE_INTERVAL)
    }

    /// Whether the clock is trusted. `database` is the offset of the database's clock, if it was read.
    fn judge(&mut self, reading: Reading, database: Option<Offset>) -> bool {
        if self.latest.is_some_and(|latest| latest.duration_since(reading.now) > BACKWARDS) {
            self.correction_due = Some(true);
        }
        self.latest = Some(reading.now);
        let offset = reading.offset_of(reading.now);
        // A database on the same machine is set together with our clock, and proves nothing.
        let agrees = database.is_some_and(|database| {
            is_near(database, offset) && self.database.is_none_or(|before| is_near(before, database))
        });
        let trusted = agrees || self.trusted.is_none_or(|trusted| is_near(trusted, offset));
        let waited_enough = |since: SignedDuration| reading.monotonic.saturating_sub(since) >= PATIENCE;
        match &self.doubt {
            _ if trusted => {}
            Some(doubt) if is_near(doubt.offset, offset) => {
                if !waited_enough(doubt.since) {
                    return false;
                }
            }
            _ => {
                tracing::warn!(
                    seconds = self.trusted.map(|trusted| offset.saturating_sub(trusted).as_secs()),
                    "clock was set; expiry, purge, completion and emails wait"
                );
                self.correction_due = Some(true);
                self.doubt = Some(Doubt { offset, since: reading.monotonic });
                return false;
            }
        }
        if self.doubt.take().is_some() {
            tracing::info!("clock is trusted again");
        }
        self.trusted = Some(offset);
        self.database = database.or(self.database);
        true
    }
}

fn is_near(a: Offset, b: Offset) -> bool {
    a.saturating_sub(b).abs() <= TOLERANCE
}

#[cfg(test)]
mod tests;
