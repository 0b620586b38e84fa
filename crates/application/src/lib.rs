#![doc = include_str!("../README.md")]

pub mod accounts;
pub mod bookings;
pub mod meetings;
pub mod notifications;
pub mod payments;
pub mod practice;
pub mod setup;

#[cfg(test)]
mod fixtures;
mod idempotency;
mod lifecycle;
mod purge;
mod request_metadata;
mod retry;
mod use_cases;

pub use idempotency::{Idempotent, IdempotentRequest, Replay, SaveResponse};
pub use lifecycle::BookingLifecycle;
pub use purge::PurgeExpired;
pub use request_metadata::RequestMetadata;
pub use use_cases::{Deps, UseCaseSettings, UseCases};
