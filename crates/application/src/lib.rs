#![doc = include_str!("../README.md")]

pub mod accounts;
pub mod bookings;
pub mod meetings;
pub mod notifications;
pub mod payments;
pub mod practice;
pub mod setup;

mod idempotency;
mod purge;
mod request_metadata;
mod retry;
#[cfg(test)]
mod testkit;

pub use idempotency::{Idempotent, IdempotentRequest, Render};
pub use purge::PurgeExpired;
pub use request_metadata::RequestMetadata;
