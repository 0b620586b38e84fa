//! The join page that the links in emails open.

use attune_domain::meeting::{AccessState, Viewer};
use attune_domain::{
    AccountViewer, Booking, BookingStatus, Language, LinkError, MeetingRoom, Participant, Role, TimeZoneName, ViewerId,
};
use attune_ports::{BookingView, BoxError, StoreError};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;

use super::{MeetingLinkError, MeetingLinks};
use crate::practice::CurrentPractice;

/// What the page shows. It contains no names, because everyone who has the link can see it.
#[derive(Debug, Clone)]
pub struct JoinView {
    pub starts_at: Timestamp,
    pub minutes: u32,
    /// The viewer's time zone.
    pub zone: TimeZone,
    /// The language of the viewer's emails.
    pub language: Option<Language>,
    pub state: AccessState,
    /// Origin of the video server, for the page's content security policy.
    pub room_origin: String,
}

#[derive(Debug, Error)]
pub enum JoinError {
    #[error("the join token is invalid")]
    Unknown,
    #[error("the session was cancelled")]
    Cancelled,
    #[error("the link was revoked")]
    Revoked,
    #[error("the session is not confirmed")]
    NotConfirmed,
    #[error("signing the link failed")]
    Signing(#[source] BoxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LinkError> for JoinError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Forbidden | LinkError::Revoked => Self::Revoked,
            LinkError::NotConfirmed => Self::NotConfirmed,
            LinkError::Cancelled | LinkError::Ended => Self::Cancelled,
        }
    }
}

#[derive(Debug)]
pub enum JoinOutcome {
    /// The viewer's own link, created now. It must not be stored or logged.
    Room(String),
    Closed(JoinView),
}

/// Serves the links that are sent by email. Nothing is written, however often a link is opened.
#[derive(Clone)]
pub struct JoinMeeting {
    pub links: MeetingLinks,
    pub practice: CurrentPractice,
}

/// The viewer that a join token identifies, as currently stored.
enum TokenHolder {
    Account(AccountViewer, Option<TimeZoneName>, Option<Language>),
    /// With the client's language.
    Participant(Participant, Option<Language>),
}

impl TokenHolder {
    fn viewer(&self) -> Viewer<'_> {
        match self {
            Self::Account(viewer, ..) => Viewer::Account(viewer),
            Self::Participant(invited, _) => Viewer::Participant(invited),
        }
    }

    fn zone(&self) -> Option<&TimeZoneName> {
        match self {
            Self::Account(_, zone, _) => zone.as_ref(),
            Self::Participant(invited, _) => invited.time_zone.as_ref(),
        }
    }

    fn language(&self) -> Option<Language> {
        match self {
            Self::Account(.., language) => *language,
            Self::Participant(invited, of_client) => invited.language.or(*of_client),
        }
    }
}

impl JoinMeeting {
    pub async fn view(&self, text: &str) -> Result<JoinView, JoinError> {
        let (booking, viewer) = self.verify(text).await?;
        self.page(&booking, &viewer).await
    }

    /// The viewer's link into the room, if the room is open.
    pub async fn join(&self, text: &str) -> Result<JoinOutcome, JoinError> {
        let (booking, viewer) = self.verify(text).await?;
        let view = self.page(&booking, &viewer).await?;
        if view.state != AccessState::Open {
            return Ok(JoinOutcome::Closed(view));
        }
        match self.links.room_link(&booking, viewer.viewer()) {
            Ok(link) => Ok(JoinOutcome::Room(link.url)),
            Err(MeetingLinkError::Signing(error)) => Err(JoinError::Signing(error)),
            Err(MeetingLinkError::Store(error)) => Err(error.into()),
            Err(MeetingLinkError::NotFound) => Err(JoinError::Unknown),
            Err(MeetingLinkError::Forbidden) => Err(JoinError::Revoked),
            // It ended between the two checks.
            Err(MeetingLinkError::Unavailable(LinkError::Ended)) => {
                Ok(JoinOutcome::Closed(JoinView { state: AccessState::Ended, ..view }))
            }
            Err(MeetingLinkError::Unavailable(error)) => Err(error.into()),
        }
    }

    /// The booking and the viewer of a join token that is still valid. Revocation is checked first, so that a viewer whose
    /// link was revoked learns nothing about the session.
    async fn verify(&self, text: &str) -> Result<(Booking, TokenHolder), JoinError> {
        let queries = &self.links.queries;
        let token = self.links.pages.tokens.verify(text).ok_or(JoinError::Unknown)?;
        let BookingView { booking, client } = queries.booking(token.booking).await?.ok_or(JoinError::Unknown)?;
        if token.link_version != booking.link_version() {
            return Err(JoinError::Revoked);
        }
        let viewer = match token.viewer {
            ViewerId::Account(id) => {
                let user = if id == client.id { Some(client) } else { queries.user(id).await? };
                let user = user.filter(|u| !u.disabled && (u.role == Role::Admin || u.id == booking.client()));
                let user = user.ok_or(JoinError::Revoked)?;
                TokenHolder::Account(self.links.viewer(&user), user.time_zone, user.language)
            }
            ViewerId::Participant(id) => {
                let invited = queries.participant(id).await?.filter(|p| p.is_invited() && p.booking == booking.id());
                TokenHolder::Participant(invited.ok_or(JoinError::Revoked)?, client.language)
            }
        };
        match booking.status() {
            BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => Ok((booking, viewer)),
            BookingStatus::Cancelled | BookingStatus::Expired => Err(JoinError::Cancelled),
            BookingStatus::PendingPayment => Err(JoinError::NotConfirmed),
        }
    }

    async fn page(&self, booking: &Booking, viewer: &TokenHolder) -> Result<JoinView, JoinError> {
        Ok(JoinView {
            starts_at: booking.scheduled_at(),
            minutes: booking.minutes(),
            zone: self.practice.zone_for(viewer.zone()).await?,
            language: viewer.language(),
            state: self.links.window.state(booking, self.links.clock.now()),
            room_origin: booking.room().map(MeetingRoom::origin).unwrap_or_default(),
        })
    }
}
