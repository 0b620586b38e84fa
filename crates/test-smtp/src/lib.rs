#![doc = include_str!("../README.md")]

mod decoded;
mod protocol;
mod sink;

pub use decoded::DecodedMail;
pub use sink::{Behaviour, ReceivedMail, SmtpSink, Stage};
