//! Books recurring appointments: the same local time, every week or every few weeks.

use attune_domain::booking::BookError;
use attune_domain::calendar::{Occurrence, SeriesError, SlotError, weekly_series};
use attune_domain::{Booking, BookingId, SeriesId, TimeZoneName};
use jiff::Timestamp;
use jiff::civil::DateTime;
use thiserror::Error;

use super::create_booking::{BookingRequest, CreateBooking, CreateBookingCommand, CreateBookingError};
use crate::lifecycle::combine_emails;

#[derive(Debug, Clone)]
pub struct CreateSeriesCommand {
    /// Its `scheduled_at` is ignored.
    pub booking: CreateBookingCommand,
    /// Local time in `zone`.
    pub first: DateTime,
    pub zone: TimeZoneName,
    pub count: u32,
    pub every_weeks: u32,
    /// Whether to skip the dates that cannot be booked, instead of booking none.
    pub skip_conflicts: bool,
}

/// One date that cannot be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesConflict {
    /// `None` where the clock change skips that local time.
    pub starts_at: Option<Timestamp>,
    pub local_time: DateTime,
    /// `None` where the clock change skips that local time.
    pub reason: Option<SlotError>,
}

#[derive(Debug)]
pub struct SeriesOutcome {
    pub series: SeriesId,
    /// By date.
    pub bookings: Vec<Booking>,
    pub conflicts: Vec<SeriesConflict>,
}

#[derive(Debug, Error)]
pub enum CreateSeriesError {
    #[error(transparent)]
    Series(#[from] SeriesError),
    #[error("the time zone is unknown")]
    UnknownTimeZone,
    #[error("some dates cannot be booked")]
    Conflicts(Vec<SeriesConflict>),
    #[error(transparent)]
    Booking(#[from] CreateBookingError),
}

impl From<attune_ports::StoreError> for CreateSeriesError {
    fn from(error: attune_ports::StoreError) -> Self {
        Self::Booking(error.into())
    }
}

impl crate::retry::MaybeContended for CreateSeriesError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Booking(CreateBookingError::Store(attune_ports::StoreError::Contended)))
    }
}

/// Uses one unit of work for the whole series.
#[derive(Clone)]
pub struct CreateSeries {
    pub create_booking: CreateBooking,
}

impl CreateSeries {
    /// Books the whole series, or nothing unless conflicts are skipped. All conflicts are reported, not only the first.
    pub async fn run(&self, command: CreateSeriesCommand) -> Result<SeriesOutcome, CreateSeriesError> {
        let zone = self.create_booking.calendars.zones.find(&command.zone).ok_or(CreateSeriesError::UnknownTimeZone)?;
        let dates = weekly_series(command.first, &zone, command.count, command.every_weeks)?;
        let dates: Vec<(DateTime, Occurrence)> = dates
            .into_iter()
            .map(|occurrence| match occurrence {
                Occurrence::At(instant) => (zone.to_datetime(instant), occurrence),
                Occurrence::Nonexistent(local_time) => (local_time, occurrence),
            })
            .collect();
        let outcome = crate::retry::retrying(|| self.attempt(&command, &dates)).await?;
        self.create_booking.lifecycle.waker.wake();
        Ok(outcome)
    }

    async fn attempt(
        &self,
        command: &CreateSeriesCommand,
        dates: &[(DateTime, Occurrence)],
    ) -> Result<SeriesOutcome, CreateSeriesError> {
        let (therapist, calendar) = self.create_booking.calendar(command.booking.therapist).await?;
        let now = self.create_booking.clock.now();
        let mut work = self.create_booking.store.begin().await?;
        let (found, service) = self.create_booking.check_request(&mut *work, &command.booking, therapist).await?;
        work.lock_calendar(therapist).await?;
        let (mut booked, mut conflicts) = (Vec::new(), Vec::new());
        for (local_time, occurrence) in dates {
            let Occurrence::At(scheduled_at) = *occurrence else {
                conflicts.push(SeriesConflict { starts_at: None, local_time: *local_time, reason: None });
                continue;
            };
            let id = work.next_booking_id().await?;
            let first = booked.first().map_or(id, Booking::id);
            let request = BookingRequest {
                command: &command.booking,
                therapist: &found,
                service: &service,
                calendar: &calendar,
                series: Some(SeriesId::from(first)),
                scheduled_at,
                now,
            };
            let created = match self.create_booking.create(id, &request) {
                Ok(created) => self.create_booking.check(&mut *work, &request, &created.0).await.map(|()| created),
                Err(error) => Err(error),
            };
            match created.map_err(conflict) {
                Ok(created) => booked.push(self.create_booking.save(&mut *work, &request, created).await?),
                Err(Ok(reason)) => {
                    conflicts.push(SeriesConflict {
                        starts_at: Some(scheduled_at),
                        local_time: *local_time,
                        reason: Some(reason),
                    });
                }
                Err(Err(error)) => return Err(error.into()),
            }
        }
        let series = booked.first().and_then(Booking::series);
        let Some(series) = series.filter(|_| conflicts.is_empty() || command.skip_conflicts) else {
            return Err(CreateSeriesError::Conflicts(conflicts));
        };
        let ids: Vec<BookingId> = booked.iter().map(Booking::id).collect();
        combine_emails(&mut *work, &ids, now).await?;
        work.commit().await?;
        Ok(SeriesOutcome { series, bookings: booked, conflicts })
    }
}

/// The reason that one date cannot be booked, or the error that affects all of them.
fn conflict(error: CreateBookingError) -> Result<SlotError, CreateBookingError> {
    match error {
        CreateBookingError::Slot(error) => Ok(error),
        CreateBookingError::NoTimeToPay => Ok(SlotError::InsufficientNotice),
        CreateBookingError::SlotTaken | CreateBookingError::HoldExists { .. } => Ok(SlotError::Taken),
        CreateBookingError::Rule(BookError::InThePast) => Ok(SlotError::InThePast),
        CreateBookingError::Rule(BookError::BeyondBookingHorizon) => Ok(SlotError::BeyondBookingHorizon),
        CreateBookingError::Rule(BookError::Length | BookError::Note | BookError::NotEnded | BookError::TooLongAgo)
        | CreateBookingError::UnknownService
        | CreateBookingError::Amount
        | CreateBookingError::Price(_)
        | CreateBookingError::NotSettled
        | CreateBookingError::UnknownTherapist
        | CreateBookingError::PracticeNotConfigured
        | CreateBookingError::UnknownClient
        | CreateBookingError::KeyReused
        | CreateBookingError::NotOnline
        | CreateBookingError::Store(_) => Err(error),
    }
}
