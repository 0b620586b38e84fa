//! The link that a viewer currently gets.

use std::sync::Arc;

use attune_domain::meeting::{TokenPlacement, TokenSettings, Viewer, claims_for};
use attune_domain::{
    AccessWindow, AccountViewer, Booking, JoinToken, LinkError, MeetingBaseUrl, MeetingLinkPolicy, NameFallback,
    PersonalLink, SignedLink, User, ViewerId,
};
use attune_ports::{BoxError, Clock, JoinTokens, MeetingTokenSigner, Queries, StoreError};
use jiff::Timestamp;
use thiserror::Error;

use crate::bookings::may_see;

/// A booking and the viewer's own link into it.
#[derive(Debug)]
pub struct MeetingLinkView {
    pub booking: Booking,
    pub link: PersonalLink,
    /// When the link works, where the server enforces it.
    pub validity: Option<Validity>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    pub joinable_from: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Debug, Error)]
pub enum MeetingLinkError {
    #[error("there is no such booking")]
    NotFound,
    #[error("the booking belongs to another client")]
    Forbidden,
    #[error("there is no link: {0}")]
    Unavailable(LinkError),
    #[error("signing the link failed")]
    Signing(#[source] BoxError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LinkError> for MeetingLinkError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Forbidden => Self::Forbidden,
            LinkError::NotConfirmed | LinkError::Cancelled | LinkError::Ended | LinkError::Revoked => {
                Self::Unavailable(error)
            }
        }
    }
}

#[derive(Clone)]
pub struct LinkSigning {
    /// The base URL of the server that checks tokens. A room on another server, created before the practice changed its
    /// server, gets a link without a token.
    pub rooms: MeetingBaseUrl,
    pub signer: Arc<dyn MeetingTokenSigner>,
    pub settings: TokenSettings,
    pub placement: TokenPlacement,
}

/// Our own pages that lead into rooms.
#[derive(Clone)]
pub struct JoinPages {
    /// The base URL of the pages, with a trailing slash.
    pub base: String,
    pub tokens: Arc<dyn JoinTokens>,
}

impl JoinPages {
    /// Contains no name, and shows the current state of the booking when it is opened.
    pub fn url(&self, booking: &Booking, viewer: ViewerId) -> String {
        let token = JoinToken { booking: booking.id(), viewer, link_version: booking.link_version() };
        format!("{}j/{}", self.base, self.tokens.sign(&token))
    }
}

/// The target of the links in emails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailLinkTarget {
    /// The room itself, with the name of the recipient. Such a link cannot be revoked.
    Room,
    /// The join page.
    Page,
}

#[derive(Clone)]
pub struct MeetingLinks {
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub window: AccessWindow,
    /// `None` where the video server checks no tokens.
    pub signing: Option<LinkSigning>,
    pub pages: JoinPages,
    /// Which link the emails to clients contain. Signed links are never sent by email: they could not be revoked.
    pub email_target: EmailLinkTarget,
    pub name_fallback: NameFallback,
}

impl MeetingLinks {
    /// A user as the room shows them.
    pub fn viewer(&self, user: &User) -> AccountViewer {
        AccountViewer::new(user, self.name_fallback)
    }

    /// The viewer's link into a booking; `None` is a booking that was not found.
    pub fn into_booking(&self, viewer: &User, booking: Option<Booking>) -> Result<MeetingLinkView, MeetingLinkError> {
        let booking = booking.ok_or(MeetingLinkError::NotFound)?;
        if !may_see(viewer.id, viewer.role, &booking) {
            return Err(MeetingLinkError::Forbidden);
        }
        let link = self.room_link(&booking, Viewer::Account(&self.viewer(viewer)))?;
        let validity = self.signing_for(&booking).map(|_| Validity {
            joinable_from: self.window.opens_at(&booking),
            expires_at: self.window.closes_at(&booking),
        });
        Ok(MeetingLinkView { booking, link, validity })
    }

    /// The viewer's link for lists; `None` where there is none now.
    ///
    /// Where links are signed, this is the join page: a list returns many links long before they are used, and a signed
    /// link cannot be revoked.
    pub fn link(&self, viewer: &AccountViewer, booking: &Booking) -> Option<PersonalLink> {
        let link = self.unsigned(booking, Viewer::Account(viewer)).ok()?;
        Some(match self.signing {
            Some(_) => PersonalLink { url: self.pages.url(booking, ViewerId::Account(viewer.id)), ..link },
            None => link,
        })
    }

    /// The link for an email to this viewer; `None` where there is none now.
    ///
    /// Participants always get the join page, because an invitation has to be revocable.
    pub fn email_link(&self, booking: &Booking, viewer: Viewer<'_>) -> Option<PersonalLink> {
        let link = self.unsigned(booking, viewer).ok()?;
        let id = match (viewer, self.email_target) {
            (Viewer::Account(_), EmailLinkTarget::Room) if self.signing.is_none() => return Some(link),
            (Viewer::Account(account), EmailLinkTarget::Room | EmailLinkTarget::Page) => ViewerId::Account(account.id),
            (Viewer::Participant(invited), EmailLinkTarget::Room | EmailLinkTarget::Page) => {
                ViewerId::Participant(invited.id)
            }
        };
        Some(PersonalLink { url: self.pages.url(booking, id), ..link })
    }

    /// The join page for a therapist's email; `None` where there is no link now. It is revocable, unlike a link into the room.
    pub fn page_link(&self, booking: &Booking, viewer: &AccountViewer) -> Option<String> {
        self.unsigned(booking, Viewer::Account(viewer)).ok()?;
        Some(self.pages.url(booking, ViewerId::Account(viewer.id)))
    }

    /// The link into the room itself, signed if its server checks tokens.
    pub(super) fn room_link(&self, booking: &Booking, viewer: Viewer<'_>) -> Result<PersonalLink, MeetingLinkError> {
        let Some(signing) = self.signing_for(booking) else { return Ok(self.unsigned(booking, viewer)?) };
        let claims = claims_for(booking, viewer, &self.window, &signing.settings, self.clock.now())?;
        let token = signing.signer.sign(&claims).map_err(MeetingLinkError::Signing)?;
        let link = SignedLink::new(&claims, &token, signing.placement);
        Ok(PersonalLink { url: link.url, display_name: link.display_name, is_admin: claims.is_moderator() })
    }

    /// `None` if links into this booking's room are not signed.
    fn signing_for(&self, booking: &Booking) -> Option<&LinkSigning> {
        let signing = self.signing.as_ref()?;
        booking.room().filter(|room| room.url().starts_with(signing.rooms.as_str())).map(|_| signing)
    }

    fn unsigned(&self, booking: &Booking, viewer: Viewer<'_>) -> Result<PersonalLink, LinkError> {
        MeetingLinkPolicy { grace: self.window.grace }.link_for(booking, viewer, self.clock.now())
    }
}
