#![doc = include_str!("../README.md")]

mod answers;
mod client;
mod gateway;
mod money;
mod settings;
mod webhook;

pub use client::STRIPE_VERSION;
pub use gateway::{GRACE, StripeGateway};
pub use settings::{Patience, Secret, SetupError, StripeConfig};
pub use webhook::StripeEvents;
