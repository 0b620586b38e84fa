//! When a room can be entered with a signed link.

use jiff::{SignedDuration, Timestamp};

use super::{LinkError, MeetingRoom};
use crate::{Booking, BookingStatus};

/// How long before and after the session its room is open, for every viewer. Instants are truncated to whole seconds, as
/// in tokens, so that the join page and the server that verifies tokens agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessWindow {
    /// How long before its start a session can be joined.
    pub early: SignedDuration,
    /// How long after its scheduled end a session can still be joined; as [`super::MeetingLinkPolicy::grace`].
    pub grace: SignedDuration,
}

/// Whether a room is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessState {
    /// It opens later.
    TooEarly {
        /// When it opens.
        opens_at: Timestamp,
    },
    /// It can be joined.
    Open,
    /// Session and grace period have ended.
    Ended,
}

/// The validity period of a token, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenValidity {
    /// The first valid second (`nbf`).
    pub not_before: Timestamp,
    /// The first invalid second after that (`exp`).
    pub expires_at: Timestamp,
}

impl AccessWindow {
    /// How far the video server's clock may be behind. Jitsi compares `nbf` without leeway and shows an unusable page to a
    /// viewer who is a second early (jitsi-meet#14242).
    pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

    /// The first instant at which the room can be joined.
    pub fn opens_at(&self, booking: &Booking) -> Timestamp {
        earlier(booking.scheduled_at(), self.early)
    }

    /// The first instant at which the room can no longer be joined.
    pub fn closes_at(&self, booking: &Booking) -> Timestamp {
        whole_second(booking.ends_at().saturating_add(self.grace).unwrap_or(Timestamp::MAX))
    }

    /// The validity period of a token for this booking: while the room is open, and [`Self::CLOCK_SKEW`] before.
    ///
    /// Jitsi checks it only when a person joins: an expired token does not remove anyone from the room.
    pub fn token_validity(&self, booking: &Booking) -> TokenValidity {
        TokenValidity {
            not_before: earlier(self.opens_at(booking), Self::CLOCK_SKEW),
            expires_at: self.closes_at(booking),
        }
    }

    /// Whether the room can be joined now.
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

/// The room of a confirmed booking. Errors: [`LinkError::NotConfirmed`], [`LinkError::Cancelled`].
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
    // The whole second of a valid timestamp is always valid.
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

#[cfg(test)]
mod tests;
