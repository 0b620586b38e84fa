//! What the video server told about rooms, inside a unit of work.

use async_trait::async_trait;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::{BookingId, ConferenceId};
use jiff::Timestamp;

use crate::StoreError;

/// A room that the video server opened with our leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conference {
    /// Which opening of the room; a room that ended and is entered again has another one.
    pub id: ConferenceId,
    /// Whose room.
    pub booking: BookingId,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it ended; `None` while it is open, as far as we were told.
    pub closed_at: Option<Timestamp>,
}

/// Rooms, inside a unit of work.
#[async_trait]
pub trait Rooms {
    /// Notes that a room was opened. Errors: [`crate::Conflict::ConferenceOpen`] when this booking's room is open already.
    async fn open_conference(&mut self, booking: BookingId, now: Timestamp) -> Result<ConferenceId, StoreError>;

    /// The open conference of a booking.
    async fn open_conference_of(&mut self, booking: BookingId) -> Result<Option<Conference>, StoreError>;

    /// Notes that a conference ended. `false` when there is no such conference, or none that is open.
    async fn close_conference(&mut self, id: ConferenceId, now: Timestamp) -> Result<bool, StoreError>;

    /// Keeps what happened in a booking's room. What is known already (same occupant, happening and instant) is left as it
    /// is. Returns how many facts are new.
    async fn add_attendance(&mut self, booking: BookingId, facts: &[AttendanceEvent]) -> Result<u64, StoreError>;
}
