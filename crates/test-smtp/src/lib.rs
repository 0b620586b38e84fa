//! A mail server for tests: it speaks real SMTP over a real socket, keeps every mail it takes, and fails as told.
//!
//! For tests only. What goes wrong in the sink itself (no free port, a mail that never comes) panics with a sentence,
//! because in a test that is the most useful answer.

mod decoded;
mod protocol;
mod sink;

pub use decoded::DecodedMail;
pub use sink::{Behaviour, ReceivedMail, SmtpSink, Stage};
