//! What the practice offers.

use crate::{Money, ServiceId};

/// A kind of session that can be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Which service.
    pub id: ServiceId,
    /// What the service is called, in neutral words.
    pub name: String,
    /// A sentence about it; may be empty.
    pub description: String,
    /// Length of a session in minutes.
    pub minutes: u32,
    /// Pause that the therapist gets after it, in minutes.
    pub buffer_minutes: u32,
    /// What a session costs. Zero means that nothing is due.
    pub price: Money,
    /// Whether it can be booked.
    pub active: bool,
}
