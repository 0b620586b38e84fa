//! Starts the real binary and uses it as its users do: over HTTP, by email, from the command line.
//!
//! A [`Practice`] is an installation: a database, a mail server, a clock that a test sets. An [`Instance`] is one
//! running process of it. A [`User`] is an account that is logged in.
//!
//! Every test also checks, whenever a process ends, that it logged no error and that no personal data of the test is in
//! its output. Every response is checked too, see [`ApiResponse`].

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
mod totp;
mod user;

pub use api::Api;
pub use clock::{Clock, NOW, at, later};
pub use email::{button_target, link_in_text, unescape};
pub use instance::Instance;
pub use json::{assert_fields, keys};
pub use practice::{AUTH_SECRET, Database, Plan, Practice};
pub use process::{Finished, attune, eventually, run, shell};
pub use reqwest::Method;
pub use response::ApiResponse;
pub use totp::totp;
pub use user::{User, strong_password};
