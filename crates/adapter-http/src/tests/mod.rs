//! The API over a real socket, on the store in memory.

pub(crate) mod harness;

mod access;
mod accounts;
mod bookings;
mod checkout;
mod documents;
mod http;
mod limits;
mod log;
mod payments;
