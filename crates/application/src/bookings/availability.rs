//! The free slots of a therapist.

use std::sync::Arc;

use attune_domain::calendar::{AppointmentLength, BusyTimes, LengthError, SlotCalculator, SlotQuery};
use attune_domain::{Availability, Booking, Interval, Role, Service, ServiceId, UserId};
use attune_ports::{Clock, Queries, StoreError};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::new_slot::length;
use super::therapist_calendar::CalendarLoader;

#[derive(Debug, Error)]
pub enum AvailabilityError {
    #[error("there is no such service")]
    UnknownService,
    #[error("there is no such therapist")]
    UnknownTherapist,
    #[error("the practice has no therapist or no service yet")]
    PracticeNotConfigured,
    #[error(transparent)]
    Length(#[from] LengthError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Clone)]
pub struct ShowAvailability {
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub calendars: CalendarLoader,
}

/// Bookings that started this long ago may still block slots, and count for the daily limit.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(60);

impl ShowAvailability {
    /// The free slots of a therapist for a service; by default the practice's first therapist and first service.
    pub async fn run(
        &self,
        service: Option<ServiceId>,
        therapist: Option<UserId>,
        query: &SlotQuery,
    ) -> Result<Availability, AvailabilityError> {
        let services = self.queries.services().await?;
        let service = match service {
            Some(id) => services.iter().find(|s| s.id == id).ok_or(AvailabilityError::UnknownService)?,
            None => services.first().ok_or(AvailabilityError::PracticeNotConfigured)?,
        };
        let therapist = match therapist {
            Some(id) => {
                let user = self.queries.user(id).await?.filter(|u| u.role == Role::Admin && !u.disabled);
                user.ok_or(AvailabilityError::UnknownTherapist)?.id
            }
            None => self.queries.default_therapist().await?.ok_or(AvailabilityError::PracticeNotConfigured)?,
        };
        self.run_for(service, therapist, query).await
    }

    /// The same for a service and an enabled therapist that were read.
    pub async fn run_for(
        &self,
        service: &Service,
        therapist: UserId,
        query: &SlotQuery,
    ) -> Result<Availability, AvailabilityError> {
        let length = AppointmentLength::try_from(service)?;
        self.ask(therapist, length, query, None, |slots| slots.availability(query)).await
    }

    /// Where a booking can be moved, with its own therapist and length, and the first free slot after the range. Its own
    /// time counts as free.
    pub async fn run_for_move(
        &self,
        booking: &Booking,
        query: &SlotQuery,
    ) -> Result<(Availability, Option<Timestamp>), AvailabilityError> {
        let own = Interval::new(booking.scheduled_at(), booking.blocked_until()).ok();
        let answer = |slots: SlotCalculator<'_>| (slots.availability(query), slots.first_free_after(query.until()));
        self.ask(booking.therapist(), length(booking)?, query, own, answer).await
    }

    /// The default answer is that of a range beyond the booking horizon.
    async fn ask<T: Default>(
        &self,
        therapist: UserId,
        length: AppointmentLength,
        query: &SlotQuery,
        own: Option<Interval>,
        answer: impl FnOnce(SlotCalculator<'_>) -> T,
    ) -> Result<T, AvailabilityError> {
        let now = self.clock.now();
        let calendar = self.calendars.load(therapist).await?;
        let horizon = SignedDuration::from_hours(24 * (1 + i64::from(calendar.rules.settings().horizon_days)));
        let from = query.from().max(now).saturating_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
        let until = now.saturating_add(horizon).unwrap_or(Timestamp::MAX);
        if from >= until {
            return Ok(T::default());
        }
        let mut busy = self.queries.busy_times(therapist, from, until, now).await?;
        busy.retain(|interval| Some(*interval) != own);
        Ok(answer(calendar.slots(&BusyTimes::new(busy), length, now)))
    }
}
