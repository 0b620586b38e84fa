//! Who gets which link into a room, and who is refused.
//!
//! A link is made each time somebody asks for it and is never stored: the name, the role and the state of the booking
//! are those of this very moment.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::access::confirmed_room;
use super::fragment::push_display_name;
use super::{MeetingRole, Participant, TokenSettings, ViewerId};
use crate::{Booking, MeetingRoom, Role, UserId};

/// The person who asks for a link. `Debug` hides the name.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountViewer {
    /// Who asks.
    pub id: UserId,
    /// How they are called in the room; see [`crate::User::display_name`].
    pub display_name: String,
    /// What they may do, as the store says it now.
    pub role: Role,
}

impl From<&crate::User> for AccountViewer {
    fn from(user: &crate::User) -> Self {
        Self { id: user.id, display_name: user.display_name(), role: user.role }
    }
}

/// A link that carries one person's name and only the wishes that person may have.
///
/// What it can not do: a fragment grants no rights. `startWithAudioMuted` only sets one's own microphone, and anybody
/// can edit it. Who moderates is decided by the server, by a signed token or by who comes first. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalLink {
    /// The address to open. Personal: it must not be passed on.
    pub url: String,
    /// The name it carries, unshortened.
    pub display_name: String,
    /// Whether it is a therapist's link.
    pub is_admin: bool,
}

impl fmt::Debug for AccountViewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountViewer").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

impl fmt::Debug for PersonalLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonalLink").field("is_admin", &self.is_admin).finish_non_exhaustive()
    }
}

/// Why there is no link for this person now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LinkError {
    /// The booking is somebody else's, and the viewer is no admin.
    #[error("the booking belongs to somebody else")]
    Forbidden,
    /// The booking is not paid, so it has no room.
    #[error("the session is not confirmed")]
    NotConfirmed,
    /// The booking was cancelled or ran out unpaid.
    #[error("the session was cancelled")]
    Cancelled,
    /// The session is over, and so is the time people get to say good-bye.
    #[error("the session is over")]
    Ended,
    /// The invitation, or the mailed link, was taken back.
    #[error("the invitation was taken back")]
    Revoked,
}

/// The person who wants to enter a room.
#[derive(Debug, Clone, Copy)]
pub enum Viewer<'a> {
    /// Somebody with an account: any therapist, or the client of the booking.
    Account(&'a AccountViewer),
    /// Somebody who was invited.
    Participant(&'a Participant),
}

/// Somebody who may enter, and as what.
pub(super) struct Admitted<'a> {
    pub(super) viewer: ViewerId,
    pub(super) display_name: &'a str,
    pub(super) role: MeetingRole,
}

impl<'a> Viewer<'a> {
    /// Whether the person belongs into this booking's room, and as what. Says nothing about the time.
    pub(super) fn admitted_to(self, booking: &Booking) -> Result<Admitted<'a>, LinkError> {
        match self {
            Self::Account(viewer) => {
                let role = match viewer.role {
                    Role::Admin => MeetingRole::Moderator,
                    Role::Client if viewer.id == booking.client() => MeetingRole::Participant,
                    Role::Client => return Err(LinkError::Forbidden),
                };
                Ok(Admitted { viewer: ViewerId::Account(viewer.id), display_name: &viewer.display_name, role })
            }
            Self::Participant(invited) if invited.booking != booking.id() => Err(LinkError::Forbidden),
            Self::Participant(invited) if !invited.is_invited() => Err(LinkError::Revoked),
            Self::Participant(invited) => Ok(Admitted {
                viewer: ViewerId::Participant(invited.id),
                display_name: invited.display_name.as_str(),
                role: invited.role.into(),
            }),
        }
    }
}

/// The rules of meeting links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeetingLinkPolicy {
    /// How long after its planned end a session can still be joined.
    pub grace: SignedDuration,
}

impl MeetingLinkPolicy {
    /// The link of one person into the room of one booking at this moment, or why there is none.
    ///
    /// Whose booking it is comes first, so that a stranger learns nothing about its state.
    pub fn link_for(&self, booking: &Booking, viewer: Viewer<'_>, now: Timestamp) -> Result<PersonalLink, LinkError> {
        let admitted = viewer.admitted_to(booking)?;
        let room = confirmed_room(booking)?;
        if now >= self.closes_at(booking) {
            return Err(LinkError::Ended);
        }
        Ok(personal_link(room, &admitted))
    }

    /// The instant from which the room cannot be joined any more.
    pub fn closes_at(&self, booking: &Booking) -> Timestamp {
        booking.ends_at().saturating_add(self.grace).unwrap_or(Timestamp::MAX)
    }
}

/// As much longer as most names become when they are encoded, and the name of their parameter.
const ROOM_FOR_ENCODING: usize = 40;

/// The name for everybody, and the wishes of the role: a therapist starts with microphone and camera on, an observer with
/// both off.
fn personal_link(room: &MeetingRoom, admitted: &Admitted<'_>) -> PersonalLink {
    let wishes = admitted.role.wishes(&TokenSettings::default());
    let mut url =
        String::with_capacity(room.url().len() + admitted.display_name.len() + wishes.len() + ROOM_FOR_ENCODING);
    url.push_str(room.url());
    url.push('#');
    push_display_name(&mut url, admitted.display_name);
    url.push_str(wishes);
    PersonalLink {
        url,
        display_name: admitted.display_name.to_owned(),
        is_admin: admitted.role == MeetingRole::Moderator,
    }
}

#[cfg(test)]
mod tests;
