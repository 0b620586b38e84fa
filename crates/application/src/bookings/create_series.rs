//! A therapist books standing appointments: the same time on the wall clock, every week or every few weeks.

use attune_domain::booking::BookError;
use attune_domain::calendar::{Occurrence, SeriesError, SlotError, weekly_series};
use attune_domain::{Booking, TimeZoneName};
use jiff::Timestamp;
use jiff::civil::DateTime;
use thiserror::Error;

use super::create_booking::{Ask, CreateBooking, CreateBookingCommand, CreateBookingError};

/// The series wanted.
#[derive(Debug, Clone)]
pub struct CreateSeriesCommand {
    /// Everything but the time: `scheduled_at` is ignored.
    pub session: CreateBookingCommand,
    /// Local time in `zone`.
    pub first: DateTime,
    pub zone: TimeZoneName,
    pub count: u32,
    pub every_weeks: u32,
    /// Whether to leave out the dates that cannot be booked, instead of booking none.
    pub skip_conflicts: bool,
}

/// One date that cannot be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesConflict {
    /// `None` where the clock change skips that local time.
    pub starts_at: Option<Timestamp>,
    pub wall: DateTime,
    /// `None` where the clock change skips that local time.
    pub why: Option<SlotError>,
}

/// What came of a series.
#[derive(Debug)]
pub struct SeriesOutcome {
    pub booked: Vec<Booking>,
    pub left_out: Vec<SeriesConflict>,
}

/// Why there is no series.
#[derive(Debug, Error)]
pub enum CreateSeriesError {
    #[error(transparent)]
    Series(#[from] SeriesError),
    #[error("this machine knows no time zone of that name")]
    UnknownTimeZone,
    #[error("some dates cannot be booked")]
    Conflicts(Vec<SeriesConflict>),
    #[error(transparent)]
    LoginSession(#[from] CreateBookingError),
}

impl From<attune_ports::StoreError> for CreateSeriesError {
    fn from(error: attune_ports::StoreError) -> Self {
        Self::LoginSession(error.into())
    }
}

impl crate::retry::MaybeContended for CreateSeriesError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::LoginSession(CreateBookingError::Store(attune_ports::StoreError::Contended)))
    }
}

/// PaymentLedger series, one unit of work for all of it.
#[derive(Clone)]
pub struct CreateSeries {
    pub sessions: CreateBooking,
}

impl CreateSeries {
    /// PaymentLedger all of it, or nothing unless conflicts are to be left out. Every conflict is told, not only the first.
    pub async fn run(&self, command: CreateSeriesCommand) -> Result<SeriesOutcome, CreateSeriesError> {
        let zone = self.sessions.rules.zones.find(&command.zone).ok_or(CreateSeriesError::UnknownTimeZone)?;
        let dates = weekly_series(command.first, &zone, command.count, command.every_weeks)?;
        let dates: Vec<(DateTime, Occurrence)> = dates
            .into_iter()
            .map(|occurrence| match occurrence {
                Occurrence::At(instant) => (zone.to_datetime(instant), occurrence),
                Occurrence::Nonexistent(wall) => (wall, occurrence),
            })
            .collect();
        let outcome = crate::retry::retrying(|| self.attempt(&command, &dates)).await?;
        self.sessions.lifecycle.waker.wake();
        Ok(outcome)
    }

    async fn attempt(
        &self,
        command: &CreateSeriesCommand,
        dates: &[(DateTime, Occurrence)],
    ) -> Result<SeriesOutcome, CreateSeriesError> {
        let (therapist, loaded) = self.sessions.calendar(command.session.therapist).await?;
        let now = self.sessions.clock.now();
        let mut work = self.sessions.store.begin().await?;
        let service = self.sessions.people_and_service(&mut *work, &command.session, therapist).await?;
        work.lock_calendar(therapist).await?;
        let (mut booked, mut left_out) = (Vec::new(), Vec::new());
        for (wall, occurrence) in dates {
            let Occurrence::At(scheduled_at) = *occurrence else {
                left_out.push(SeriesConflict { starts_at: None, wall: *wall, why: None });
                continue;
            };
            let ask =
                Ask { command: &command.session, therapist, service: &service, loaded: &loaded, scheduled_at, now };
            let id = work.next_booking_id().await?;
            let made = match self.sessions.make(id, &ask) {
                Ok(made) => match self.sessions.check(&mut *work, &ask, &made.0).await {
                    Ok(()) => Ok(made),
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            match made.map_err(refusal) {
                Ok(made) => booked.push(self.sessions.place(&mut *work, &ask, made).await?),
                Err(Ok(why)) => {
                    left_out.push(SeriesConflict { starts_at: Some(scheduled_at), wall: *wall, why: Some(why) });
                }
                Err(Err(error)) => return Err(error.into()),
            }
        }
        if booked.is_empty() || !(left_out.is_empty() || command.skip_conflicts) {
            return Err(CreateSeriesError::Conflicts(left_out));
        }
        work.commit().await?;
        Ok(SeriesOutcome { booked, left_out })
    }
}

/// The reason that one date cannot be booked, or what stands in the way of all of them.
fn refusal(error: CreateBookingError) -> Result<SlotError, CreateBookingError> {
    match error {
        CreateBookingError::Slot(why) => Ok(why),
        CreateBookingError::SlotTaken | CreateBookingError::HoldExists { .. } => Ok(SlotError::Taken),
        CreateBookingError::Rule(BookError::InThePast) => Ok(SlotError::InThePast),
        CreateBookingError::Rule(BookError::BeyondBookingHorizon) => Ok(SlotError::BeyondBookingHorizon),
        CreateBookingError::Rule(BookError::Length | BookError::Note)
        | CreateBookingError::UnknownService
        | CreateBookingError::UnknownTherapist
        | CreateBookingError::NotOpen
        | CreateBookingError::UnknownClient
        | CreateBookingError::KeyReused
        | CreateBookingError::Store(_) => Err(error),
    }
}
