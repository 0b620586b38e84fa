//! The API over a real socket, with the in-memory store.

mod away;
pub(crate) mod harness;
mod provider;
mod recorded;

mod access;
mod accounts;
mod attendance;
mod availability;
mod bookings;
mod branding;
mod calendar_file;
mod changes;
mod checkout;
mod documents;
mod events;
mod http;
mod idempotency;
mod jaas;
mod join;
mod limits;
mod log;
mod meetings;
mod participants;
mod payment_problems;
mod payments;
mod practice;
mod refunds;
mod reservation;
mod revenue;
mod series;
mod stripe;
