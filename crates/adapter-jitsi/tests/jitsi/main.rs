//! Tokens and server settings, checked exactly, and with Prosody itself: small Lua scripts in this folder use the libraries of
//! Debian's packages.

#![allow(clippy::unwrap_used, reason = "tests and their helpers may panic")]

mod end_meeting;
mod fixtures;
mod lua;
mod payloads;
mod prosody;
mod server;
mod setup;
