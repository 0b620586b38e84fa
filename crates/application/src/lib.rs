//! The use cases of Attune: one file each, a command in, a result out. They know the domain and the ports, nothing else.
//!
//! Every write has the same shape: open a unit of work, read what the decision rests on, let the domain decide, write
//! the outcome together with the mails it owes and a line of the audit trail, commit. While a unit of work is open,
//! nothing but the store is awaited.

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
