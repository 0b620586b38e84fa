//! Whether a room may exist now, for how long, and with which limits: what the video server asks before it makes one.
//!
//! The server does not say who is at the door, so nothing here depends on it.

use jiff::Timestamp;
use thiserror::Error;

use super::access::{AccessState, AccessWindow, confirmed_room};
use super::{LinkError, MeetingRoom};
use crate::Booking;

/// What the practice decides for all of its rooms, where the server lets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RoomLimits {
    /// How many people a room takes at once; the server's own limit where it is missing.
    pub max_occupants: Option<u32>,
    /// People wait outside until a therapist lets them in.
    pub lobby: bool,
}

/// A room that may exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Which room.
    pub room: MeetingRoom,
    /// When the session begins.
    pub starts_at: Timestamp,
    /// When the room ends: the end of the session and the time people get to say good-bye.
    pub ends_at: Timestamp,
    /// How many people it takes at once.
    pub max_occupants: Option<u32>,
    /// Whether people wait outside.
    pub lobby: bool,
}

/// Why a room may not exist now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReservationError {
    /// The session is not agreed, or not any more, or over.
    #[error(transparent)]
    NoSession(#[from] LinkError),
    /// The room is not open yet.
    #[error("the room opens later")]
    TooEarly {
        /// When it opens.
        opens_at: Timestamp,
    },
}

impl Reservation {
    /// Decides about the room of a booking. `invited` is how many people were invited besides therapist and client: a limit
    /// never keeps out somebody whom the practice itself invited.
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
            max_occupants: limits.max_occupants.map(|most| most.max(expected)),
            lobby: limits.lobby,
        })
    }

    /// From the beginning of the session until the room ends, in seconds.
    pub fn seconds(&self) -> i64 {
        self.ends_at.duration_since(self.starts_at).as_secs()
    }
}

#[cfg(test)]
mod tests;
