//! Starts the real binary and talks to it as its users do: over HTTP, by mail, from the command line.
//!
//! A [`Practice`] is one set-up: a database, a mail server, a clock that stands still until a test moves it. An
//! [`Instance`] is one running process of it. A [`User`] is somebody with an account and an access token.
//!
//! Whatever a test is about, two promises are checked whenever a process ends: it logged no error, and none of what is
//! known about the people of the test stands anywhere in its output. Every answer is looked at too, see [`ApiResponse`].

#![allow(clippy::unwrap_used, reason = "this is a test harness: a test may stop at the first surprise")]

mod api;
mod clock;
mod email;
mod instance;
mod json;
mod practice;
mod process;
mod response;
mod secrets;
mod user;

pub use api::Api;
pub use clock::{Clock, NOW, at, later};
pub use email::{button_target, link_in_text, unescape};
pub use instance::Instance;
pub use json::keys;
pub use practice::{Database, Plan, Practice};
pub use process::{Finished, attune, eventually, run, shell};
pub use reqwest::Method;
pub use response::ApiResponse;
pub use user::{User, strong_password};
