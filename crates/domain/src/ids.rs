//! Identifiers as distinct types, so that a user's id cannot be passed where a booking's is expected.

use std::fmt;

use thiserror::Error;

/// The number is not positive, or the text is not such a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an id is a positive whole number")]
pub struct InvalidId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// Accepts positive numbers only.
            pub const fn new(value: i64) -> Option<Self> {
                if value > 0 { Some(Self(value)) } else { None }
            }

            /// The number, as stored and as shown in the API.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = InvalidId;

            fn try_from(value: i64) -> Result<Self, InvalidId> {
                Self::new(value).ok_or(InvalidId)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                // One spelling per id: neither a sign nor leading zeros.
                if !text.starts_with(|c: char| matches!(c, '1'..='9')) {
                    return Err(InvalidId);
                }
                text.parse::<i64>().map_err(|_| InvalidId)?.try_into()
            }
        }
    )+};
}

ids! {
    /// An account: client or therapist.
    UserId,
    /// A booking; rescheduling does not change it.
    BookingId,
    /// Bookings that were created together, at the same local time of one or several weeks. It is the id of the first one.
    SeriesId,
    /// A service of the practice.
    ServiceId,
    /// A login and all refreshes that follow from it.
    LoginSessionId,
    /// An email in the outbox.
    NotificationId,
    /// One attempt to collect the price of a booking.
    PaymentId,
    /// An invitation of a person without an account to one booking.
    ParticipantId,
    /// A conference of the video server, from the opening of its room to the end.
    ConferenceId,
    /// A schedule exception of a therapist.
    ScheduleExceptionId,
    /// A refund.
    RefundId,
    /// A payment event that needs review.
    PaymentProblemId,
    /// A one-time token.
    OneTimeTokenId,
}

impl SeriesId {
    /// The first booking of the series.
    pub const fn first(self) -> BookingId {
        BookingId(self.0)
    }
}

impl From<BookingId> for SeriesId {
    fn from(first: BookingId) -> Self {
        Self(first.0)
    }
}

#[cfg(test)]
mod tests;
