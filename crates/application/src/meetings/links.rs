//! Who gets which link, now.

use std::sync::Arc;

use attune_domain::{Booking, BookingId, LinkRefusal, MeetingLinkPolicy, PersonalLink, Role, User, Viewer};
use attune_ports::{BookingView, Clock, Queries, StoreError};
use thiserror::Error;

/// A booking and the viewer's own link into it.
#[derive(Debug)]
pub struct PersonalView {
    /// The booking.
    pub booking: Booking,
    /// The viewer's link.
    pub link: PersonalLink,
}

/// Why there is no link.
#[derive(Debug, Error)]
pub enum MeetingLinkError {
    /// There is no such booking.
    #[error("there is no such booking")]
    NotFound,
    /// It is somebody else's.
    #[error("the booking is somebody else's")]
    Forbidden,
    /// It has no room that can be entered now.
    #[error("there is no link: {0}")]
    Unavailable(LinkRefusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes links.
#[derive(Clone)]
pub struct MeetingLinks {
    /// Where bookings are read.
    pub queries: Arc<dyn Queries>,
    /// The rules.
    pub policy: MeetingLinkPolicy,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl MeetingLinks {
    /// The viewer's link into one booking.
    pub async fn get(&self, viewer: &User, booking: BookingId) -> Result<PersonalView, MeetingLinkError> {
        let view = self.visible(viewer, booking).await?;
        let link = self.policy.link_for(&view.booking, &viewer.into(), self.clock.now()).map_err(refused)?;
        Ok(PersonalView { booking: view.booking, link })
    }

    /// One booking, if the viewer may see it at all.
    pub async fn visible(&self, viewer: &User, booking: BookingId) -> Result<BookingView, MeetingLinkError> {
        let view = self.queries.booking(booking).await?.ok_or(MeetingLinkError::NotFound)?;
        if viewer.role == Role::Client && view.booking.client != viewer.id {
            return Err(MeetingLinkError::Forbidden);
        }
        Ok(view)
    }

    /// The viewer's link into a booking at hand, for lists; `None` where there is none now.
    pub fn link(&self, viewer: &Viewer, booking: &Booking) -> Option<PersonalLink> {
        self.policy.link_for(booking, viewer, self.clock.now()).ok()
    }
}

fn refused(refusal: LinkRefusal) -> MeetingLinkError {
    match refusal {
        LinkRefusal::NotYours => MeetingLinkError::Forbidden,
        LinkRefusal::NotConfirmed | LinkRefusal::Cancelled | LinkRefusal::Over => {
            MeetingLinkError::Unavailable(refusal)
        }
    }
}
