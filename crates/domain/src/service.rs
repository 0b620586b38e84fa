//! The services of the practice.

use crate::{Money, ServiceId};

/// A kind of session that can be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Unique and never reused.
    pub id: ServiceId,
    /// The name. It appears in emails and calendars, so it should not reveal that the client is in therapy.
    pub name: String,
    /// A description; may be empty.
    pub description: String,
    /// Length of a session in minutes.
    pub minutes: u32,
    /// Minutes after the session in which the therapist's calendar stays blocked.
    pub buffer_minutes: u32,
    /// Price of a session. Zero means that no payment is due.
    pub price: Money,
    /// Whether it can be booked.
    pub active: bool,
}
