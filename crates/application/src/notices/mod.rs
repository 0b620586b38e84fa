//! Mails: taking them out of the outbox and sending them.

mod deliver;

pub use deliver::{DeliverNotices, Delivered};

#[cfg(test)]
mod tests;
