//! Starts the real binary and talks to it as its users do: over HTTP, by mail, from the command line.
//!
//! A [`Practice`] is one set-up: a database, a mail server, a clock that stands still until a test moves it. An
//! [`Instance`] is one running process of it. A [`Person`] is somebody with an account and an access token.
//!
//! Whatever a test is about, two promises are checked whenever a process ends: it logged no error, and none of what is
//! known about the people of the test stands anywhere in its output. Every answer is looked at too, see [`Answer`].

#![allow(clippy::unwrap_used, reason = "this is a test harness: a test may stop at the first surprise")]

mod answer;
mod api;
mod clock;
mod instance;
mod json;
mod mail;
mod person;
mod practice;
mod process;
mod secrets;

pub use answer::Answer;
pub use api::Api;
pub use clock::{Clock, NOW, at, later};
pub use instance::Instance;
pub use json::keys;
pub use mail::{button_target, link_in_text, unescape};
pub use person::{Person, strong_password};
pub use practice::{Database, Plan, Practice};
pub use process::{Finished, attune, eventually, run, shell};
pub use reqwest::Method;
