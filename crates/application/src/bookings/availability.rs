//! What can be booked.

use std::sync::Arc;

use attune_domain::calendar::{AppointmentLength, BusyTimes, LengthError, SlotQuery};
use attune_domain::{Availability, Role, ServiceId, UserId};
use attune_ports::{Clock, Queries, StoreError};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::therapist_calendar::CalendarLoader;

/// Why nothing can be said.
#[derive(Debug, Error)]
pub enum AvailabilityError {
    #[error("there is no such service")]
    UnknownService,
    #[error("there is no such therapist")]
    UnknownTherapist,
    #[error("the lifecycle takes no bookings yet")]
    NotOpen,
    #[error(transparent)]
    Length(#[from] LengthError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks for free time.
#[derive(Clone)]
pub struct ShowAvailability {
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub rules: CalendarLoader,
}

/// Bookings that began this long ago may still take time, and count for the daily cap.
const BEFORE: SignedDuration = SignedDuration::from_hours(60);

impl ShowAvailability {
    /// The slots of one therapist for one kind of session; the practice's first of each where nothing was said.
    pub async fn run(
        &self,
        service: Option<ServiceId>,
        therapist: Option<UserId>,
        asked: &SlotQuery,
    ) -> Result<Availability, AvailabilityError> {
        let now = self.clock.now();
        let services = self.queries.services().await?;
        let service = match service {
            Some(id) => services.iter().find(|s| s.id == id).ok_or(AvailabilityError::UnknownService)?,
            None => services.first().ok_or(AvailabilityError::NotOpen)?,
        };
        let therapist = match therapist {
            Some(id) => {
                let user = self.queries.user(id).await?.filter(|u| u.role == Role::Admin && !u.disabled);
                user.ok_or(AvailabilityError::UnknownTherapist)?.id
            }
            None => self.queries.default_therapist().await?.ok_or(AvailabilityError::NotOpen)?,
        };
        let loaded = self.rules.of(therapist).await?;
        let horizon = SignedDuration::from_hours(24 * (1 + i64::from(loaded.rules.settings().horizon_days)));
        let from = asked.from().max(now).saturating_sub(BEFORE).unwrap_or(Timestamp::MIN);
        let until = now.saturating_add(horizon).unwrap_or(Timestamp::MAX);
        if from >= until {
            return Ok(Availability::default());
        }
        let taken = BusyTimes::new(self.queries.taken(therapist, from, until, now).await?);
        Ok(loaded.slots(&taken, AppointmentLength::try_from(service)?, now).availability(asked))
    }
}
