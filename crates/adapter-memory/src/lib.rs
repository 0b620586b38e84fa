//! Every port of Attune in memory: a store that rolls back as real ones do, and doubles for everything that a test wants
//! to steer.
//!
//! [`MemoryStore`] keeps every promise of the ports except outliving its process, and is checked by the same contract
//! suite as the databases. The doubles make time, chance, mail and secrets predictable; they are for tests and for
//! trying the product out, never for clients.

mod ambient;
mod meeting;
mod money;
mod notifier;
mod queries;
mod security;
mod state;
mod store;
mod unit;

pub use ambient::{CountingWaker, FixedClock, SequenceRandom, SilentBell, SystemZones};
pub use meeting::{PlainJoinTokens, PlainMeetingTokens, PlainWebhooks};
pub use notifier::{RecordingNotifier, Reply};
pub use security::{PlainAccessTokens, PlainPasswordHasher};
pub use store::MemoryStore;
