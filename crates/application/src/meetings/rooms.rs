//! Decides whether the video server may open a conference in a room.
//!
//! It asks when the first person enters, without naming that person, and keeps the conference until the end that it
//! received or until all have left. The protocol is that of Prosody's `mod_reservations`.

use std::sync::Arc;

use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind, Reservation, ReservationError, RoomLimits};
use attune_domain::{AccessWindow, Booking, BookingStatus, ConferenceId, LinkError};
use attune_ports::{Clock, Conflict, Queries, Store, StoreError};
use jiff::Timestamp;
use thiserror::Error;

#[derive(Debug, Clone)]
pub struct ReservedConference {
    pub id: ConferenceId,
    pub reservation: Reservation,
}

#[derive(Debug, Error)]
pub enum ReserveConferenceError {
    #[error("there is no such room")]
    Unknown,
    #[error(transparent)]
    Refused(#[from] ReservationError),
    #[error("the conference is open already")]
    Open(ConferenceId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(ReserveConferenceError);

#[derive(Clone)]
pub struct ReserveConference {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub window: AccessWindow,
    pub limits: RoomLimits,
}

impl ReserveConference {
    pub async fn open(&self, room: &str) -> Result<ReservedConference, ReserveConferenceError> {
        let view = self.queries.booking_by_room(&room_name(room)).await?.ok_or(ReserveConferenceError::Unknown)?;
        refuse_after_appointment(&view.booking)?;
        let reservation = self.decide(&view.booking).await?;
        let id = crate::retry::retrying(|| self.try_open(&view.booking)).await?;
        Ok(ReservedConference { id, reservation })
    }

    /// An open conference. A booking that was rescheduled in the meantime ends at its new time.
    pub async fn get(&self, id: ConferenceId) -> Result<ReservedConference, ReserveConferenceError> {
        let conference = self.queries.conference(id).await?.filter(|c| c.closed_at.is_none());
        let conference = conference.ok_or(ReserveConferenceError::Unknown)?;
        let view = self.queries.booking(conference.booking).await?.ok_or(ReserveConferenceError::Unknown)?;
        refuse_after_appointment(&view.booking)?;
        Ok(ReservedConference { id, reservation: self.decide(&view.booking).await? })
    }

    /// Also ends the attendance of everyone in the room. Closing twice has no further effect.
    pub async fn close(&self, id: ConferenceId) -> Result<(), StoreError> {
        let Some(conference) = self.queries.conference(id).await? else { return Ok(()) };
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            if work.close_conference(id, now).await? {
                let ended = AttendanceEvent {
                    // In whole seconds, as all other times that the server reports.
                    at: Timestamp::from_second(now.as_second()).unwrap_or(now),
                    kind: AttendanceEventKind::Ended,
                    occupant: String::new(),
                    participant: None,
                };
                work.add_attendance(conference.booking, &[ended]).await?;
                work.commit().await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
    }

    /// For video servers that only enforce limits.
    pub async fn limits_of(&self, room: &str) -> Result<Reservation, ReserveConferenceError> {
        let view = self.queries.booking_by_room(&room_name(room)).await?.ok_or(ReserveConferenceError::Unknown)?;
        self.decide(&view.booking).await
    }

    async fn decide(&self, booking: &Booking) -> Result<Reservation, ReserveConferenceError> {
        let invited = match self.limits.max_occupants {
            Some(_) => self.queries.participants(booking.id()).await?.iter().filter(|p| p.is_invited()).count(),
            None => 0,
        };
        Ok(Reservation::of(booking, &self.window, &self.limits, invited, self.clock.now())?)
    }

    async fn try_open(&self, booking: &Booking) -> Result<ConferenceId, ReserveConferenceError> {
        let mut work = self.store.begin().await?;
        if let Some(open) = work.open_conference_of(booking.id()).await? {
            return Err(ReserveConferenceError::Open(open.id));
        }
        match work.open_conference(booking.id(), self.clock.now()).await {
            // A concurrent request opened it; the next attempt finds its conference.
            Err(error) if error.is_conflict(Conflict::ConferenceOpen) => Err(StoreError::Contended.into()),
            Err(error) => Err(error.into()),
            Ok(id) => {
                work.commit().await?;
                Ok(id)
            }
        }
    }
}

/// The server asks only for rooms that do not exist. When a therapist has declared the session over, none is created again
/// in the time that is left: not for a client who comes back, either.
fn refuse_after_appointment(booking: &Booking) -> Result<(), ReservationError> {
    match booking.status() {
        BookingStatus::Completed | BookingStatus::NoShow => Err(LinkError::Ended.into()),
        BookingStatus::PendingPayment
        | BookingStatus::Scheduled
        | BookingStatus::Cancelled
        | BookingStatus::Expired => Ok(()),
    }
}

/// Without the tenant, which Prosody prepends in brackets and JaaS with a slash, and in lower case as rooms are created.
pub(super) fn room_name(name: &str) -> String {
    let name = name.rsplit_once(']').map_or(name, |(_, room)| room);
    let name = name.rsplit_once('/').map_or(name, |(_, room)| room);
    name.to_ascii_lowercase()
}
