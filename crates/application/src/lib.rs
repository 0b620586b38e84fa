#![doc = include_str!("../README.md")]

pub mod accounts;
pub mod bookings;
pub mod meetings;
pub mod notifications;
pub mod payments;
pub mod practice;
pub mod setup;

mod audit;
mod clock_monitor;
#[cfg(test)]
mod fixtures;
mod idempotency;
mod lifecycle;
mod purge;
mod retry;
mod use_cases;
mod version;

pub use audit::RequestMetadata;
pub use clock_monitor::ClockMonitor;
pub use idempotency::{Idempotent, IdempotentRequest, Replay, SaveResponse};
pub use lifecycle::BookingLifecycle;
pub use purge::PurgeExpired;
pub use use_cases::{Deps, UseCaseSettings, UseCases};
