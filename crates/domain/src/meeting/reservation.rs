//! Whether a room may be created now, for how long, and with which limits: the video server's reservation request.
//!
//! The request does not say who wants to join, so nothing here depends on it.

use jiff::Timestamp;
use thiserror::Error;

use super::access::{AccessState, AccessWindow, confirmed_room};
use super::{LinkError, MeetingRoom};
use crate::Booking;

/// The limits of all rooms, as far as the server supports them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RoomLimits {
    /// Largest number of people in a room; else the server's own limit applies.
    pub max_occupants: Option<u32>,
    /// Whether people wait in a lobby until a therapist admits them.
    pub lobby: bool,
}

/// A room that may be created.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reservation {
    /// The room.
    pub room: MeetingRoom,
    /// The start of the session.
    pub starts_at: Timestamp,
    /// The end of the room: after the session and the grace period.
    pub ends_at: Timestamp,
    /// Largest number of people; else the server's own limit applies.
    pub max_occupants: Option<u32>,
    /// Whether people wait in a lobby.
    pub lobby: bool,
}

/// Why a room may not be created now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReservationError {
    /// The session is not confirmed, cancelled, or has ended.
    #[error(transparent)]
    NoSession(#[from] LinkError),
    /// The room opens later.
    #[error("the room opens later")]
    TooEarly {
        /// When it opens.
        opens_at: Timestamp,
    },
}

impl Reservation {
    /// Decides about the room of a booking. `invited` is the number of invited participants; the limit is raised to admit
    /// all of them, the therapist and the client.
    pub fn of(
        booking: &Booking,
        window: &AccessWindow,
        limits: &RoomLimits,
        invited: usize,
        now: Timestamp,
    ) -> Result<Self, ReservationError> {
        let room = confirmed_room(booking)?;
        match window.state(booking, now) {
            AccessState::TooEarly { opens_at } => return Err(ReservationError::TooEarly { opens_at }),
            AccessState::Ended => return Err(LinkError::Ended.into()),
            AccessState::Open => {}
        }
        let expected = u32::try_from(invited.saturating_add(2)).unwrap_or(u32::MAX);
        Ok(Self {
            room: room.clone(),
            starts_at: booking.scheduled_at(),
            ends_at: window.closes_at(booking),
            max_occupants: limits.max_occupants.map(|limit| limit.max(expected)),
            lobby: limits.lobby,
        })
    }

    /// From the start of the session to the end of the room, in seconds.
    pub fn seconds(&self) -> i64 {
        self.ends_at.duration_since(self.starts_at).as_secs()
    }
}

#[cfg(test)]
mod tests;
