//! Mails: taking them out of the outbox and sending them.

mod deliver;

pub use deliver::{DeliverNotifications, DeliverySummary};

#[cfg(test)]
mod tests;
