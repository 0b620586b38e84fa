//! People in a room: those with an account, and those who were invited into one session without one.

use std::fmt;

use jiff::Timestamp;

use crate::{BookingId, EmailAddress, ParticipantId, PersonName, TimeZoneName, UserId};

/// Who somebody in a room is, without a word about the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViewerId {
    /// Somebody with an account: the client of the booking, or a therapist.
    Account(UserId),
    /// Somebody who was invited into one session.
    Participant(ParticipantId),
}

impl ViewerId {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, number) = text.split_once('-')?;
        // One spelling per person: no sign, no leading zero.
        let id: i64 = number.parse().ok().filter(|id: &i64| id.to_string() == number)?;
        match kind {
            "user" => UserId::new(id).map(Self::Account),
            "guest" => ParticipantId::new(id).map(Self::Participant),
            _ => None,
        }
    }
}

/// `user-7` for an account and `guest-7` for somebody invited, so that no guest can pass for an account. This is all that
/// a video server learns about who somebody is, besides the name they go by.
impl fmt::Display for ViewerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "user-{id}"),
            Self::Participant(id) => write!(f, "guest-{id}"),
        }
    }
}

/// What somebody without an account can be in a room. Not a moderator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParticipantRole {
    /// Takes part as the client does: a partner, a relative.
    Participant,
    /// Takes part and may show a screen.
    Presenter,
    /// Comes to watch and listen: a supervisor, a trainee.
    Observer,
}

impl ParticipantRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Participant, Self::Presenter, Self::Observer];

    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Participant => "participant",
            Self::Presenter => "presenter",
            Self::Observer => "observer",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// Somebody whom the practice invited into one session, by mail and without an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Which invitation. The same person invited into two sessions is two participants.
    pub id: ParticipantId,
    /// The one session they are invited to.
    pub booking: BookingId,
    /// Where their mails go.
    pub email: EmailAddress,
    /// How they are called in the room.
    pub display_name: PersonName,
    /// What they are invited as.
    pub role: ParticipantRole,
    /// Zone in which times are written to them; the practice's own where it is missing.
    pub time_zone: Option<TimeZoneName>,
    /// The therapist who invited them.
    pub invited_by: UserId,
    /// When.
    pub invited_at: Timestamp,
    /// When the invitation was taken back. It opens no door from then on.
    pub revoked_at: Option<Timestamp>,
}

impl Participant {
    /// How many people a session can have besides therapist and client.
    pub const MAX_PER_BOOKING: usize = 10;

    /// Whether the invitation still stands.
    pub fn is_invited(&self) -> bool {
        self.revoked_at.is_none()
    }
}

#[cfg(test)]
mod tests;
