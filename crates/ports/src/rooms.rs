//! What the video server reports about rooms, inside a unit of work.

use async_trait::async_trait;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::{BookingId, ConferenceId};
use jiff::Timestamp;

use crate::StoreError;

/// A conference: a room that the video server opened with our permission, from its opening to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conference {
    /// Its id; when a room is entered again after it ended, that is a new conference.
    pub id: ConferenceId,
    /// The booking that the room belongs to.
    pub booking: BookingId,
    /// When the room was opened.
    pub opened_at: Timestamp,
    /// When it ended; `None` while it is open according to the reports received so far.
    pub closed_at: Option<Timestamp>,
}

/// Rooms, inside a unit of work.
#[async_trait]
pub trait Rooms {
    /// Records that a room was opened. Errors: [`crate::Conflict::ConferenceOpen`] when the booking's room is already
    /// open.
    async fn open_conference(&mut self, booking: BookingId, now: Timestamp) -> Result<ConferenceId, StoreError>;

    /// The open conference of a booking.
    async fn open_conference_of(&mut self, booking: BookingId) -> Result<Option<Conference>, StoreError>;

    /// Records that a conference ended. Returns `false` when it does not exist or has already ended.
    async fn close_conference(&mut self, id: ConferenceId, now: Timestamp) -> Result<bool, StoreError>;

    /// Stores attendance events of a booking. Events that are already stored (same occupant, kind and time) are left
    /// unchanged. Returns how many were new.
    async fn add_attendance(&mut self, booking: BookingId, events: &[AttendanceEvent]) -> Result<u64, StoreError>;
}
