#![doc = include_str!("../README.md")]

mod account;
mod api;
mod fake;
mod http;
mod server;
mod state;
mod webhook_sender;

pub use account::{Event, PAYER_EMAIL, PAYER_NAME};
pub use fake::FakeStripe;
pub use http::Request;
pub use state::{Attempt, Behaviour, Delivery, Moment};
pub use webhook_sender::signature;
