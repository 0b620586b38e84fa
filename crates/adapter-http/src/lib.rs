#![doc = include_str!("../README.md")]

mod accounts;
mod admin;
mod auth;
mod availability;
mod bookings;
mod calendar_file;
mod changes;
mod checkout_pages;
mod documents;
mod health;
mod idempotency;
mod input;
mod jitsi;
mod join;
mod limits;
mod me;
mod meetings;
mod middleware;
mod openapi;
mod output;
mod pages;
mod paging;
mod payment_messages;
mod payments;
mod problem;
mod route_names;
mod routes;
mod server;
mod services;
mod settings;
mod state;
mod test_checkout;

pub use middleware::current_request_id;
pub use openapi::{openapi, openapi_json};
pub use server::serve;
pub use settings::{AddressRange, Branding, HttpSettings, Limits, NotAnAddressRange, ServerSecret};
pub use state::{Api, PaymentMessages};

#[cfg(test)]
mod tests;
