//! A therapist books standing appointments: the same time on the wall clock, every week or every few weeks.

use attune_domain::booking::BookError;
use attune_domain::calendar::{Occurrence, SeriesError, SlotRefusal, weekly_series};
use attune_domain::{Booking, TimeZoneName};
use jiff::Timestamp;
use jiff::civil::DateTime;
use thiserror::Error;

use super::book_session::{Ask, BookSession, BookSessionCommand, BookSessionError};

/// The series wanted.
#[derive(Debug, Clone)]
pub struct BookSeriesCommand {
    /// Everything but the time, which is that of the first session here and not looked at.
    pub session: BookSessionCommand,
    /// When the first one begins, on the wall clock of the zone.
    pub first: DateTime,
    /// The zone whose wall clock stays.
    pub zone: TimeZoneName,
    /// How many.
    pub count: u32,
    /// Every so many weeks.
    pub every_weeks: u32,
    /// Leave out those that cannot be booked, instead of booking none.
    pub skip_conflicts: bool,
}

/// One date that cannot be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unbookable {
    /// When it would have begun; `None` where the clock skips that time.
    pub starts_at: Option<Timestamp>,
    /// The date and time on the wall clock.
    pub wall: DateTime,
    /// Why not; `None` where the clock skips that time.
    pub why: Option<SlotRefusal>,
}

/// What came of a series.
#[derive(Debug)]
pub struct SeriesOutcome {
    /// The bookings made, in order.
    pub booked: Vec<Booking>,
    /// The dates left out.
    pub left_out: Vec<Unbookable>,
}

/// Why there is no series.
#[derive(Debug, Error)]
pub enum BookSeriesError {
    /// Count or distance make no sense.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// The machine does not know this zone.
    #[error("this machine knows no time zone of that name")]
    UnknownTimeZone,
    /// Some dates cannot be booked: all of them, at once.
    #[error("some dates cannot be booked")]
    Conflicts(Vec<Unbookable>),
    /// For a reason that has nothing to do with one date.
    #[error(transparent)]
    Session(#[from] BookSessionError),
}

impl From<attune_ports::StoreError> for BookSeriesError {
    fn from(error: attune_ports::StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl crate::retry::MaybeContended for BookSeriesError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Session(BookSessionError::Store(attune_ports::StoreError::Contended)))
    }
}

/// Books series, one unit of work for all of it.
#[derive(Clone)]
pub struct BookSeries {
    /// Books each session.
    pub sessions: BookSession,
}

impl BookSeries {
    /// Books all of it, or nothing unless conflicts are to be left out. Every conflict is told, not only the first.
    pub async fn run(&self, command: BookSeriesCommand) -> Result<SeriesOutcome, BookSeriesError> {
        let zone = self.sessions.rules.zones.find(&command.zone).ok_or(BookSeriesError::UnknownTimeZone)?;
        let dates = weekly_series(command.first, &zone, command.count, command.every_weeks)?;
        let dates: Vec<(DateTime, Occurrence)> = dates
            .into_iter()
            .map(|occurrence| match occurrence {
                Occurrence::At(instant) => (zone.to_datetime(instant), occurrence),
                Occurrence::Impossible(wall) => (wall, occurrence),
            })
            .collect();
        let outcome = crate::retry::retrying(|| self.attempt(&command, &dates)).await?;
        self.sessions.practice.bell.ring();
        Ok(outcome)
    }

    async fn attempt(
        &self,
        command: &BookSeriesCommand,
        dates: &[(DateTime, Occurrence)],
    ) -> Result<SeriesOutcome, BookSeriesError> {
        let (therapist, loaded) = self.sessions.calendar(command.session.therapist).await?;
        let now = self.sessions.clock.now();
        let mut work = self.sessions.store.begin().await?;
        let service = self.sessions.people_and_service(&mut *work, &command.session, therapist).await?;
        work.lock_calendar(therapist).await?;
        let (mut booked, mut left_out) = (Vec::new(), Vec::new());
        for (wall, occurrence) in dates {
            let Occurrence::At(scheduled_at) = *occurrence else {
                left_out.push(Unbookable { starts_at: None, wall: *wall, why: None });
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
                    left_out.push(Unbookable { starts_at: Some(scheduled_at), wall: *wall, why: Some(why) });
                }
                Err(Err(error)) => return Err(error.into()),
            }
        }
        if booked.is_empty() || !(left_out.is_empty() || command.skip_conflicts) {
            return Err(BookSeriesError::Conflicts(left_out));
        }
        work.commit().await?;
        Ok(SeriesOutcome { booked, left_out })
    }
}

/// The reason that one date cannot be booked, or what stands in the way of all of them.
fn refusal(error: BookSessionError) -> Result<SlotRefusal, BookSessionError> {
    match error {
        BookSessionError::Slot(why) => Ok(why),
        BookSessionError::SlotTaken | BookSessionError::HoldExists { .. } => Ok(SlotRefusal::Taken),
        BookSessionError::Rule(BookError::InThePast) => Ok(SlotRefusal::InThePast),
        BookSessionError::Rule(BookError::TooFar) => Ok(SlotRefusal::TooFar),
        BookSessionError::Rule(BookError::Length | BookError::Note)
        | BookSessionError::UnknownService
        | BookSessionError::UnknownTherapist
        | BookSessionError::NotOpen
        | BookSessionError::UnknownClient
        | BookSessionError::AnotherWish
        | BookSessionError::Store(_) => Err(error),
    }
}
