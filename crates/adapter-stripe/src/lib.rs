#![doc = include_str!("../README.md")]

mod client;
mod gateway;
mod money;
mod responses;
mod settings;
mod webhook;

pub use client::STRIPE_VERSION;
pub use gateway::StripeGateway;
pub use settings::{GRACE, Secret, SetupError, StripeConfig, Timeouts};
pub use webhook::StripeEvents;
