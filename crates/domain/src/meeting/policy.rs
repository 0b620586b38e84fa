//! Who gets which link into a room, and who is refused.
//!
//! A link is made each time somebody asks for it and is never stored: the name, the role and the state of the booking
//! are those of this very moment.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::access::agreed_room;
use super::fragment::display_name_parameter;
use crate::{Booking, MeetingRoom, Role, UserId};

/// The person who asks for a link. `Debug` hides the name.
#[derive(Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Who asks.
    pub id: UserId,
    /// How they are called in the room; see [`crate::User::display_name`].
    pub display_name: String,
    /// What they may do, as the store says it now.
    pub role: Role,
}

impl From<&crate::User> for Viewer {
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

impl fmt::Debug for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Viewer").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

impl fmt::Debug for PersonalLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonalLink").field("is_admin", &self.is_admin).finish_non_exhaustive()
    }
}

/// Why there is no link for this person now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LinkRefusal {
    /// The booking is somebody else's, and the viewer is no admin.
    #[error("the booking belongs to somebody else")]
    NotYours,
    /// The booking is not paid, so it has no room.
    #[error("the session is not confirmed")]
    NotConfirmed,
    /// The booking was cancelled or ran out unpaid.
    #[error("the session was cancelled")]
    Cancelled,
    /// The session is over, and so is the time people get to say good-bye.
    #[error("the session is over")]
    Over,
}

/// What a therapist's link asks the page for: to start with microphone and camera on. A wish, not a right.
pub(super) const THERAPIST_WISHES: &str = "&config.startWithAudioMuted=false&config.startWithVideoMuted=false";

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
    pub fn link_for(&self, booking: &Booking, viewer: &Viewer, now: Timestamp) -> Result<PersonalLink, LinkRefusal> {
        if viewer.role == Role::Client && booking.client != viewer.id {
            return Err(LinkRefusal::NotYours);
        }
        let room = agreed_room(booking)?;
        if now >= self.closes_at(booking) {
            return Err(LinkRefusal::Over);
        }
        Ok(personal_link(room, viewer))
    }

    /// The instant from which the room cannot be joined any more.
    pub fn closes_at(&self, booking: &Booking) -> Timestamp {
        booking.ends_at().saturating_add(self.grace).unwrap_or(Timestamp::MAX)
    }
}

/// The name for everybody; for a therapist also the wish to start with microphone and camera on.
fn personal_link(room: &MeetingRoom, viewer: &Viewer) -> PersonalLink {
    let is_admin = viewer.role == Role::Admin;
    let mut url = format!("{}#{}", room.url(), display_name_parameter(&viewer.display_name));
    if is_admin {
        url.push_str(THERAPIST_WISHES);
    }
    PersonalLink { url, display_name: viewer.display_name.clone(), is_admin }
}

#[cfg(test)]
mod tests;
