//! The page that a mailed link opens: what it shows, and where its button leads.

use std::sync::Arc;

use attune_domain::meeting::{AccessState, Viewer};
use attune_domain::{
    AccountViewer, Booking, BookingStatus, LinkError, MeetingRoom, Participant, Role, TimeZoneName, ViewerId,
};
use attune_ports::{BookingView, BoxError, StoreError, TimeZones};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;

use super::{MeetingLinkError, MeetingLinks};

/// What the page shows. No names: whoever holds the link sees it.
#[derive(Debug, Clone)]
pub struct JoinView {
    pub starts_at: Timestamp,
    pub minutes: u32,
    /// The viewer's time zone.
    pub zone: TimeZone,
    pub state: AccessState,
    /// Origin of the video server, for the page's content security policy.
    pub room_origin: String,
}

/// Why there is nothing to show.
#[derive(Debug, Error)]
pub enum JoinError {
    #[error("not a link of this lifecycle")]
    Unknown,
    #[error("the session was cancelled")]
    Cancelled,
    #[error("the link was taken back")]
    Revoked,
    #[error("the session is not agreed")]
    NotConfirmed,
    #[error("a link cannot be signed")]
    Signing(#[source] BoxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LinkError> for JoinError {
    fn from(refusal: LinkError) -> Self {
        match refusal {
            LinkError::Forbidden | LinkError::Revoked => Self::Revoked,
            LinkError::NotConfirmed => Self::NotConfirmed,
            LinkError::Cancelled | LinkError::Ended => Self::Cancelled,
        }
    }
}

/// What pressing the button leads to.
#[derive(Debug)]
pub enum JoinOutcome {
    /// The viewer's own link, created now. It must not be stored or logged.
    Room(String),
    Closed(JoinView),
}

/// Answers mailed links. Nothing is written, however often a link is opened, by whomever.
#[derive(Clone)]
pub struct JoinMeeting {
    pub links: MeetingLinks,
    pub zones: Arc<dyn TimeZones>,
    pub practice_zone: TimeZone,
}

/// Whom a ticket stands for, as the store knows them now.
enum Holder {
    Account(AccountViewer, Option<TimeZoneName>),
    Participant(Participant),
}

impl Holder {
    fn attendee(&self) -> Viewer<'_> {
        match self {
            Self::Account(viewer, _) => Viewer::Account(viewer),
            Self::Participant(invited) => Viewer::Participant(invited),
        }
    }

    fn zone(&self) -> Option<&TimeZoneName> {
        match self {
            Self::Account(_, zone) => zone.as_ref(),
            Self::Participant(invited) => invited.time_zone.as_ref(),
        }
    }
}

impl JoinMeeting {
    /// What the page says now.
    pub async fn look(&self, text: &str) -> Result<JoinView, JoinError> {
        let (booking, holder) = self.holder(text).await?;
        Ok(self.view(&booking, &holder))
    }

    /// Goes in, if the room is open.
    pub async fn enter(&self, text: &str) -> Result<JoinOutcome, JoinError> {
        let (booking, holder) = self.holder(text).await?;
        let view = self.view(&booking, &holder);
        if view.state != AccessState::Open {
            return Ok(JoinOutcome::Closed(view));
        }
        match self.links.room_link(&booking, holder.attendee()) {
            Ok(link) => Ok(JoinOutcome::Room(link.url)),
            Err(MeetingLinkError::Signing(error)) => Err(JoinError::Signing(error)),
            Err(MeetingLinkError::Store(error)) => Err(error.into()),
            Err(MeetingLinkError::NotFound) => Err(JoinError::Unknown),
            Err(MeetingLinkError::Forbidden) => Err(JoinError::Revoked),
            // The clock went on between the two looks.
            Err(MeetingLinkError::Unavailable(LinkError::Ended)) => {
                Ok(JoinOutcome::Closed(JoinView { state: AccessState::Ended, ..view }))
            }
            Err(MeetingLinkError::Unavailable(refusal)) => Err(refusal.into()),
        }
    }

    /// Whom the link stands for, if it is still good. Whether it is theirs still comes first, so that somebody whose link
    /// was taken back learns nothing about the session.
    async fn holder(&self, text: &str) -> Result<(Booking, Holder), JoinError> {
        let queries = &self.links.queries;
        let ticket = self.links.pages.tokens.verify(text).ok_or(JoinError::Unknown)?;
        let BookingView { booking, client } = queries.booking(ticket.booking).await?.ok_or(JoinError::Unknown)?;
        if ticket.link_version != booking.link_version() {
            return Err(JoinError::Revoked);
        }
        let holder = match ticket.viewer {
            ViewerId::Account(id) => {
                let user = if id == client.id { Some(client) } else { queries.user(id).await? };
                let user = user.filter(|u| !u.disabled && (u.role == Role::Admin || u.id == booking.client()));
                let user = user.ok_or(JoinError::Revoked)?;
                Holder::Account((&user).into(), user.time_zone)
            }
            ViewerId::Participant(id) => {
                let invited = queries.participant(id).await?.filter(|p| p.is_invited() && p.booking == booking.id());
                Holder::Participant(invited.ok_or(JoinError::Revoked)?)
            }
        };
        match booking.status() {
            BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => Ok((booking, holder)),
            BookingStatus::Cancelled | BookingStatus::Expired => Err(JoinError::Cancelled),
            BookingStatus::PendingPayment => Err(JoinError::NotConfirmed),
        }
    }

    fn view(&self, booking: &Booking, holder: &Holder) -> JoinView {
        let zone = holder.zone().and_then(|name| self.zones.find(name));
        JoinView {
            starts_at: booking.scheduled_at(),
            minutes: booking.minutes(),
            zone: zone.unwrap_or_else(|| self.practice_zone.clone()),
            state: self.links.window.state(booking, self.links.clock.now()),
            room_origin: booking.room().map(MeetingRoom::origin).unwrap_or_default(),
        }
    }
}
