#![doc = include_str!("../README.md")]

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
