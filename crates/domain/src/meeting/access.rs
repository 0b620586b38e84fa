//! When a room can be entered with a signed link.

use jiff::{SignedDuration, Timestamp};

use super::{LinkError, MeetingRoom};
use crate::{Booking, BookingStatus};

/// How long before and after the session its room is open, the same for everybody. Fractions of a second are cut off:
/// tokens know whole seconds only, and the page that says "open" must never disagree with the server that checks them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessWindow {
    /// How long before its beginning a session can be joined.
    pub early: SignedDuration,
    /// How long after its planned end a session can still be joined; as [`super::MeetingLinkPolicy::grace`].
    pub grace: SignedDuration,
}

/// What a person who clicks at this moment is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessState {
    /// Come back later.
    TooEarly {
        /// From when on.
        opens_at: Timestamp,
    },
    /// Come in.
    Open,
    /// The session is over, and so is the time people get to say good-bye.
    Ended,
}

/// From when until when a token is good, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenValidity {
    /// The first second (`nbf`).
    pub not_before: Timestamp,
    /// The first second in which it is good no more (`exp`).
    pub expires_at: Timestamp,
}

impl AccessWindow {
    /// How far the clock of the video server may be behind ours. Jitsi allows no leeway when it compares `nbf`, and
    /// shows a dead page to whoever comes a second early (jitsi-meet#14242).
    pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

    /// The first instant at which the room can be joined.
    pub fn opens_at(&self, booking: &Booking) -> Timestamp {
        earlier(booking.scheduled_at(), self.early)
    }

    /// The instant from which the room cannot be joined any more.
    pub fn closes_at(&self, booking: &Booking) -> Timestamp {
        whole_second(booking.ends_at().saturating_add(self.grace).unwrap_or(Timestamp::MAX))
    }

    /// How long a token for this booking is good: as long as the room is open, and [`Self::CLOCK_SKEW`] before it.
    ///
    /// Jitsi compares at login only. An expired token throws nobody out, it just cannot be used to come back.
    pub fn token_validity(&self, booking: &Booking) -> TokenValidity {
        TokenValidity {
            not_before: earlier(self.opens_at(booking), Self::CLOCK_SKEW),
            expires_at: self.closes_at(booking),
        }
    }

    /// Whether the room can be joined at this moment.
    pub fn state(&self, booking: &Booking, now: Timestamp) -> AccessState {
        let opens_at = self.opens_at(booking);
        if now >= self.closes_at(booking) {
            AccessState::Ended
        } else if now < opens_at {
            AccessState::TooEarly { opens_at }
        } else {
            AccessState::Open
        }
    }
}

/// The room of an agreed booking; nobody else has one to enter.
pub(super) fn confirmed_room(booking: &Booking) -> Result<&MeetingRoom, LinkError> {
    match booking.status() {
        BookingStatus::PendingPayment => Err(LinkError::NotConfirmed),
        BookingStatus::Cancelled | BookingStatus::Expired => Err(LinkError::Cancelled),
        BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => {
            booking.room().ok_or(LinkError::NotConfirmed)
        }
    }
}

fn earlier(instant: Timestamp, by: SignedDuration) -> Timestamp {
    whole_second(instant.saturating_sub(by).unwrap_or(Timestamp::MIN))
}

fn whole_second(instant: Timestamp) -> Timestamp {
    // The second of an instant is always an instant itself.
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

#[cfg(test)]
mod tests;
