#![doc = include_str!("../README.md")]
#![allow(clippy::unwrap_used, reason = "this is a test kit: a test may stop at the first surprise")]

mod commands;
mod crowd;
mod facts;
mod laws;
mod mails;
mod model;
mod money;
mod patient;
mod stores;
mod stripe;
mod unguarded;
mod walk;
mod world;

pub use commands::{Command, Post, Settled, Share, When, Who, any_commands};
pub use crowd::at_once;
pub use facts::{BookingFacts, Facts};
pub use model::{Appointment, Model, Why};
pub use stores::{Kind, Stores};
pub use stripe::Stripe;
pub use walk::{Tally, walk};
pub use world::{Outcome, Setup, World, any_setup};
