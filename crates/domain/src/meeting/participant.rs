//! People at a meeting link: users with an account, and participants who were invited to one session without one.

use std::fmt;

use jiff::Timestamp;
use thiserror::Error;

use crate::{BookingId, EmailAddress, Language, ParticipantId, PersonName, TimeZoneName, UserId};

/// Identifies a viewer with or without an account, without personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViewerId {
    /// The client of the booking, or a therapist.
    Account(UserId),
    /// A participant of one session.
    Participant(ParticipantId),
}

impl ViewerId {
    /// `None` for a participant without one.
    pub fn account(self) -> Option<UserId> {
        match self {
            Self::Account(id) => Some(id),
            Self::Participant(_) => None,
        }
    }

    /// Reads the format of `Display`.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, number) = text.split_once('-')?;
        // Exactly one spelling: no sign, no leading zero.
        let id: i64 = number.parse().ok().filter(|id: &i64| id.to_string() == number)?;
        match kind {
            "user" => UserId::new(id).map(Self::Account),
            "guest" => ParticipantId::new(id).map(Self::Participant),
            _ => None,
        }
    }
}

/// The text is not a viewer's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a viewer's id, such as user-7 or guest-7")]
pub struct InvalidViewerId;

impl std::str::FromStr for ViewerId {
    type Err = InvalidViewerId;

    fn from_str(text: &str) -> Result<Self, InvalidViewerId> {
        Self::parse(text).ok_or(InvalidViewerId)
    }
}

/// `user-7` for an account and `guest-7` for a participant. Video servers identify a viewer by this text.
impl fmt::Display for ViewerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "user-{id}"),
            Self::Participant(id) => write!(f, "guest-{id}"),
        }
    }
}

text_enum! {
    /// The role of a participant. A participant is never a moderator.
    pub enum ParticipantRole {
        /// Has the same rights as the client, for example a partner or relative.
        Participant => "participant",
        /// May also share a screen.
        Presenter => "presenter",
        /// Watches and listens, for example a supervisor or trainee.
        Observer => "observer",
    }
}

/// A person who was invited to one session by email, without an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Unique. A person who is invited to two sessions is two participants.
    pub id: ParticipantId,
    /// The booking they are invited to.
    pub booking: BookingId,
    /// Receives the emails.
    pub email: EmailAddress,
    /// Their name in the room.
    pub display_name: PersonName,
    /// Their role in the room.
    pub role: ParticipantRole,
    /// The time zone for emails to them; else the practice's own is used.
    pub time_zone: Option<TimeZoneName>,
    /// The language of emails to them; else the client's is used.
    pub language: Option<Language>,
    /// The therapist who invited them.
    pub invited_by: UserId,
    /// When they were invited.
    pub invited_at: Timestamp,
    /// When the invitation was revoked. It is invalid from then on.
    pub revoked_at: Option<Timestamp>,
}

impl Participant {
    /// Largest number of participants of a session.
    pub const MAX_PER_BOOKING: usize = 10;

    /// Whether the invitation is valid.
    pub fn is_invited(&self) -> bool {
        self.revoked_at.is_none()
    }
}

#[cfg(test)]
mod tests;
