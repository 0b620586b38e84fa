//! The video server asks whether a room may exist now.
//!
//! It asks when the first person enters, it does not say who that is, and it keeps the room until the end that it is told
//! or until everybody left. The contract is that of Prosody's `mod_reservations`.

use std::sync::Arc;

use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind, Reservation, ReservationError, RoomLimits};
use attune_domain::{AccessWindow, Booking, ConferenceId};
use attune_ports::{Clock, Conflict, Queries, Store, StoreError};
use thiserror::Error;

/// A room that may exist, and the name under which the server asks about it again.
#[derive(Debug, Clone)]
pub struct ReservedRoom {
    pub id: ConferenceId,
    pub reservation: Reservation,
}

/// Why a room may not exist.
#[derive(Debug, Error)]
pub enum ReserveError {
    #[error("there is no such room")]
    Unknown,
    #[error(transparent)]
    Refused(#[from] ReservationError),
    #[error("the room is open already")]
    Open(ConferenceId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(ReserveError);

/// Decides about rooms.
#[derive(Clone)]
pub struct ReserveRooms {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub window: AccessWindow,
    pub limits: RoomLimits,
}

impl ReserveRooms {
    /// Opens a room for the server that asks, unless it is open already.
    pub async fn open(&self, room: &str) -> Result<ReservedRoom, ReserveError> {
        let view = self.queries.booking_by_room(&room_name(room)).await?.ok_or(ReserveError::Unknown)?;
        let reservation = self.decide(&view.booking).await?;
        let id = crate::retry::retrying(|| self.try_open(&view.booking)).await?;
        Ok(ReservedRoom { id, reservation })
    }

    /// An open room, as it is to be now: a session that was moved since ends at its new time.
    pub async fn get(&self, id: ConferenceId) -> Result<ReservedRoom, ReserveError> {
        let conference = self.queries.conference(id).await?.filter(|c| c.closed_at.is_none());
        let conference = conference.ok_or(ReserveError::Unknown)?;
        let view = self.queries.booking(conference.booking).await?.ok_or(ReserveError::Unknown)?;
        Ok(ReservedRoom { id, reservation: self.decide(&view.booking).await? })
    }

    /// The room ended, and with it everybody's attendance. Telling it twice is like telling it once.
    pub async fn close(&self, id: ConferenceId) -> Result<(), StoreError> {
        let Some(conference) = self.queries.conference(id).await? else { return Ok(()) };
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            if work.close_conference(id, now).await? {
                let ended = AttendanceEvent {
                    at: now,
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

    /// The limits of a room, for a server that asks for nothing else.
    pub async fn limits_of(&self, room: &str) -> Result<Reservation, ReserveError> {
        let view = self.queries.booking_by_room(&room_name(room)).await?.ok_or(ReserveError::Unknown)?;
        self.decide(&view.booking).await
    }

    async fn decide(&self, booking: &Booking) -> Result<Reservation, ReserveError> {
        let invited = match self.limits.max_occupants {
            Some(_) => self.queries.participants(booking.id()).await?.iter().filter(|p| p.is_invited()).count(),
            None => 0,
        };
        Ok(Reservation::of(booking, &self.window, &self.limits, invited, self.clock.now())?)
    }

    async fn try_open(&self, booking: &Booking) -> Result<ConferenceId, ReserveError> {
        let mut work = self.store.begin().await?;
        if let Some(open) = work.open_conference_of(booking.id()).await? {
            return Err(ReserveError::Open(open.id));
        }
        match work.open_conference(booking.id(), self.clock.now()).await {
            // Somebody else opened it since; their conference is found at the next attempt.
            Err(error) if error.is_conflict(Conflict::ConferenceOpen) => Err(StoreError::Contended.into()),
            Err(error) => Err(error.into()),
            Ok(id) => {
                work.commit().await?;
                Ok(id)
            }
        }
    }
}

/// The room's own name: without the tenant that Prosody puts before it in brackets, or JaaS and the page with a slash, and
/// in lower case as rooms are made.
pub(super) fn room_name(asked: &str) -> String {
    let asked = asked.rsplit_once(']').map_or(asked, |(_, room)| room);
    let asked = asked.rsplit_once('/').map_or(asked, |(_, room)| room);
    asked.to_ascii_lowercase()
}
