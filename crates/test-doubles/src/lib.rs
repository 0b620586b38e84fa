#![doc = include_str!("../README.md")]

mod clock;
mod meeting;
mod notifier;
mod practice;
mod random;
mod security;
mod waker;
mod zones;

pub use clock::FixedClock;
pub use meeting::{PlainJoinTokens, PlainMeetingTokens, PlainWebhooks, RecordingRoomCloser};
pub use notifier::{RecordingNotifier, Reply};
pub use practice::practice;
pub use random::SequenceRandom;
pub use security::{PlainAccessTokens, PlainOneTimeTokens, PlainPasswordHasher, PlainTotp};
pub use waker::{CountingWaker, NoopWaker};
pub use zones::SystemZones;
