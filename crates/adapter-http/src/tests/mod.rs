//! The API over a real socket, on the store in memory.

mod away;
pub(crate) mod harness;
mod recorded;

mod access;
mod accounts;
mod attendance;
mod bookings;
mod branding;
mod checkout;
mod documents;
mod events;
mod http;
mod jaas;
mod join;
mod limits;
mod log;
mod meetings;
mod participants;
mod payments;
mod reservation;
