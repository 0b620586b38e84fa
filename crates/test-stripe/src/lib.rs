#![doc = include_str!("../README.md")]

mod api;
mod books;
mod courier;
mod fake;
mod wire;

pub use books::Event;
pub use courier::{Attempt, Delivery, signature};
pub use fake::{Behaviour, FakeStripe, Moment, PAYER_EMAIL, PAYER_NAME};
pub use wire::Received;
