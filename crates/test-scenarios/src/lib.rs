//! Dev only: runs the use cases of Attune over all stores, with a clock that is set by hand.
//!
//! A [`World`] is a practice with its use cases on a fresh store of any [`Kind`]. A [`Command`] is something that
//! somebody does in it; [`walk`] takes a world through many of them and looks after each one whether everything is as a
//! small [`Model`] says, which is written from the tables of the API and knows nothing of how the product decides.

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
