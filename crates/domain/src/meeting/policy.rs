//! Who gets which link into a room, and who is refused.
//!
//! Links are created on each request and never stored, so that name, role and state of the booking are current.
//!
//! ```
//! use attune_domain::meeting::{AccountViewer, LinkError, MeetingLinkPolicy, Viewer};
//! use attune_domain::{Role, UserId};
//! # use attune_domain::booking::{Booking, NewBooking, PaymentPlan};
//! # use attune_domain::meeting::{MeetingBaseUrl, NewRoom, RoomSuffix};
//! # use attune_domain::{BookingId, ChangeTerms, Money, ServiceId};
//! # use jiff::{SignedDuration, Timestamp};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now: Timestamp = "2024-01-15T09:55:00Z".parse()?;
//! # let base_url: MeetingBaseUrl = "https://meet.example.org".parse()?;
//! # let (booking, _) = Booking::book(
//! #     NewBooking {
//! #         id: BookingId::try_from(12)?,
//! #         client: UserId::try_from(7)?,
//! #         therapist: UserId::try_from(1)?,
//! #         service: ServiceId::try_from(1)?,
//! #         series: None,
//! #         scheduled_at: "2024-01-15T10:00:00Z".parse()?,
//! #         minutes: 50,
//! #         buffer_minutes: 10,
//! #         price: Money::zero("EUR".parse()?),
//! #         note: None,
//! #         terms: ChangeTerms::default(),
//! #         payment: PaymentPlan::NotRequired(NewRoom { base_url: &base_url, suffix: RoomSuffix::from_bytes([7; 16]) }),
//! #     },
//! #     now,
//! # )?;
//! let policy = MeetingLinkPolicy { grace: SignedDuration::from_mins(30) };
//! let viewer = |id| AccountViewer { id, display_name: "John Doe".into(), role: Role::Client };
//!
//! let client = viewer(booking.client());
//! let link = policy.link_for(&booking, Viewer::Account(&client), now)?;
//! assert!(link.url.starts_with(booking.room().unwrap().url()));
//!
//! let other = viewer(UserId::try_from(8)?);
//! assert_eq!(policy.link_for(&booking, Viewer::Account(&other), now), Err(LinkError::Forbidden));
//! # Ok(())
//! # }
//! ```

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::access::confirmed_room;
use super::fragment::push_display_name;
use super::{MeetingRole, Participant, TokenSettings, ViewerId};
use crate::{Booking, MeetingRoom, NameFallback, Role, User, UserId};

/// A viewer with an account. `Debug` hides the name.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountViewer {
    /// The account.
    pub id: UserId,
    /// The name in the room; see [`User::room_name`].
    pub display_name: String,
    /// The current role in the store, which a login may predate.
    pub role: Role,
}

impl AccountViewer {
    /// With the name that the room shows.
    pub fn new(user: &User, fallback: NameFallback) -> Self {
        Self { id: user.id, display_name: user.room_name(fallback), role: user.role }
    }
}

/// A link with the viewer's name and the configuration overrides of their role. `Debug` hides it.
///
/// A fragment grants no rights: viewers can edit it, and `startWithAudioMuted` only sets their own microphone. Who
/// moderates is decided by the server: by a signed token, or by who joins first.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalLink {
    /// The URL to open. Personal: it must not be forwarded.
    pub url: String,
    /// The viewer's name, not shortened.
    pub display_name: String,
    /// Whether it is a therapist's link.
    pub is_admin: bool,
}

impl_redacted_debug!(AccountViewer { id, role });
impl_redacted_debug!(PersonalLink { is_admin });

/// Why a viewer gets no link now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LinkError {
    /// The booking belongs to another client.
    #[error("the booking belongs to another client")]
    Forbidden,
    /// The booking is not paid and has no room.
    #[error("the session is not confirmed")]
    NotConfirmed,
    /// The booking was cancelled, or its hold expired.
    #[error("the session was cancelled")]
    Cancelled,
    /// Session and grace period have ended.
    #[error("the session has ended")]
    Ended,
    /// The invitation or the emailed link was revoked.
    #[error("the invitation was revoked")]
    Revoked,
}

/// The person who requests a link.
#[derive(Debug, Clone, Copy)]
pub enum Viewer<'a> {
    /// A user with an account.
    Account(&'a AccountViewer),
    /// An invited participant.
    Participant(&'a Participant),
}

/// A viewer who may join the room.
pub(super) struct AuthorizedViewer<'a> {
    pub(super) viewer: ViewerId,
    pub(super) display_name: &'a str,
    pub(super) role: MeetingRole,
}

impl<'a> Viewer<'a> {
    /// Whether the viewer may join this booking's room, and in which role. The time is not considered.
    pub(super) fn authorize(self, booking: &Booking) -> Result<AuthorizedViewer<'a>, LinkError> {
        match self {
            Self::Account(viewer) => {
                let role = match viewer.role {
                    Role::Admin => MeetingRole::Moderator,
                    Role::Client if viewer.id == booking.client() => MeetingRole::Participant,
                    Role::Client => return Err(LinkError::Forbidden),
                };
                Ok(AuthorizedViewer { viewer: ViewerId::Account(viewer.id), display_name: &viewer.display_name, role })
            }
            Self::Participant(invited) if invited.booking != booking.id() => Err(LinkError::Forbidden),
            Self::Participant(invited) if !invited.is_invited() => Err(LinkError::Revoked),
            Self::Participant(invited) => Ok(AuthorizedViewer {
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
    /// How long after its scheduled end a session can still be joined.
    pub grace: SignedDuration,
}

impl MeetingLinkPolicy {
    /// The viewer's link into the room of a booking.
    ///
    /// The viewer is checked first, so that others learn nothing about the state of the booking.
    pub fn link_for(&self, booking: &Booking, viewer: Viewer<'_>, now: Timestamp) -> Result<PersonalLink, LinkError> {
        let authorized = viewer.authorize(booking)?;
        let room = confirmed_room(booking)?;
        if now >= self.closes_at(booking) {
            return Err(LinkError::Ended);
        }
        Ok(personal_link(room, &authorized))
    }

    /// The first instant at which the room can no longer be joined.
    pub fn closes_at(&self, booking: &Booking) -> Timestamp {
        booking.ends_at().saturating_add(self.grace).unwrap_or(Timestamp::MAX)
    }
}

/// Capacity for the parameter's name and for what encoding adds to most names.
const ENCODING_OVERHEAD: usize = 40;

fn personal_link(room: &MeetingRoom, authorized: &AuthorizedViewer<'_>) -> PersonalLink {
    let overrides = authorized.role.config_overrides(&TokenSettings::default());
    let mut url =
        String::with_capacity(room.url().len() + authorized.display_name.len() + overrides.len() + ENCODING_OVERHEAD);
    url.push_str(room.url());
    url.push('#');
    push_display_name(&mut url, authorized.display_name);
    url.push_str(overrides);
    PersonalLink {
        url,
        display_name: authorized.display_name.to_owned(),
        is_admin: authorized.role == MeetingRole::Moderator,
    }
}

#[cfg(test)]
mod tests;
