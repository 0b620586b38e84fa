//! Reschedules or cancels what is left of a series, from an instant on, in one unit of work.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use attune_domain::booking::{BookError, ChangeError};
use attune_domain::calendar::{Occurrence, SeriesError, SlotError};
use attune_domain::meeting::AccessState;
use attune_domain::{
    Booking, BookingId, BookingStatus, CancellationQuote, Money, Role, SeriesId, TimeZoneName, UserId,
};
use attune_ports::{BookingFilter, BookingOrder, BookingPageRequest, PageStart, StoreError, UnitOfWork};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};
use thiserror::Error;

use super::change::{Change, ChangeBooking, ChangeBookingCommand};
use super::change_error::ChangeBookingError;
use super::create_series::{SeriesConflict, SeriesOutcome};
use super::therapist_calendar::TherapistCalendar;
use crate::RequestMetadata;
use crate::lifecycle::combine_emails;

/// More bookings than a series can have.
const MAX_BOOKINGS: u32 = 200;

/// `Debug` hides the reason.
#[derive(Clone, derive_more::Debug)]
pub enum SeriesChange {
    /// All bookings get the same local time, and the number of days between them stays.
    Reschedule {
        /// The new local time of the first of them, in `zone`.
        first: DateTime,
        zone: TimeZoneName,
        /// Whether to ignore working hours and booking rules.
        override_hours: bool,
        #[debug(skip)]
        reason: Option<String>,
        /// Whether to leave the bookings that cannot be moved where they are, instead of moving none.
        skip_conflicts: bool,
    },
    Cancel {
        #[debug(skip)]
        reason: Option<String>,
        /// The sum that was quoted; if it is no longer the same, nothing happens.
        expected_refund: Option<Money>,
    },
}

#[derive(Debug, Clone)]
pub struct ChangeSeriesCommand {
    pub admin: UserId,
    pub series: SeriesId,
    /// Bookings that start earlier are not changed. The present if absent.
    pub from: Option<Timestamp>,
    pub change: SeriesChange,
    pub metadata: RequestMetadata,
}

/// What the cancellation of several bookings of a series would mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesQuote {
    /// Those that would be cancelled, by date.
    pub bookings: Vec<Booking>,
    /// The sums.
    pub refund: Money,
    pub fee: Money,
}

#[derive(Debug, Error)]
pub enum ChangeSeriesError {
    #[error("there is no such series")]
    NotFound,
    #[error("the time zone is unknown")]
    UnknownTimeZone,
    #[error(transparent)]
    Series(#[from] SeriesError),
    #[error("some bookings cannot be moved")]
    Conflicts(Vec<SeriesConflict>),
    #[error(transparent)]
    Booking(#[from] ChangeBookingError),
}

impl From<StoreError> for ChangeSeriesError {
    fn from(error: StoreError) -> Self {
        Self::Booking(error.into())
    }
}

impl crate::retry::MaybeContended for ChangeSeriesError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Booking(ChangeBookingError::Store(StoreError::Contended)))
    }
}

#[derive(Clone)]
pub struct ChangeSeries {
    pub change_booking: ChangeBooking,
}

impl ChangeSeries {
    /// The bookings of a series that start at `from` or later, by date. Errors: [`ChangeSeriesError::NotFound`] if the series
    /// has no booking at all.
    pub async fn list(&self, series: SeriesId, from: Option<Timestamp>) -> Result<Vec<Booking>, ChangeSeriesError> {
        let order = BookingOrder::Earliest;
        let filter = BookingFilter { series: Some(series), order, ..BookingFilter::default() };
        let page = BookingPageRequest { limit: MAX_BOOKINGS, start: PageStart::Offset(0) };
        let all = self.change_booking.queries.bookings(&filter, page).await?.items;
        if all.is_empty() {
            return Err(ChangeSeriesError::NotFound);
        }
        let begins_later = |booking: &&Booking| from.is_none_or(|from| booking.scheduled_at() >= from);
        Ok(all.iter().filter(begins_later).cloned().collect())
    }

    /// What a cancellation by the practice would mean now. Errors: [`ChangeError::InvalidState`] if nothing is left to cancel.
    pub async fn quote(&self, series: SeriesId, from: Option<Timestamp>) -> Result<SeriesQuote, ChangeSeriesError> {
        let bookings = self.left(series, from).await?;
        let mut quotes = Vec::with_capacity(bookings.len());
        for booking in &bookings {
            quotes.push(self.change_booking.quote_of(booking.therapist(), Role::Admin, booking).await?);
        }
        let (refund, fee) = (sum(&bookings, quotes.iter().map(|q| q.refund)), sum(&bookings, quotes.iter().map(fee)));
        Ok(SeriesQuote { bookings, refund, fee })
    }

    /// Changes the bookings and enqueues the emails about all of them as one. Rescheduling to the same times changes nothing.
    pub async fn run(&self, command: ChangeSeriesCommand) -> Result<SeriesOutcome, ChangeSeriesError> {
        let outcome = match &command.change {
            SeriesChange::Cancel { reason, expected_refund } => {
                let change = Change::Cancel { reason: reason.clone(), expected_refund: None };
                let cancellation = command.of_each(change);
                crate::retry::retrying(|| self.cancel(&command, &cancellation, *expected_refund)).await?
            }
            SeriesChange::Reschedule { first, zone, skip_conflicts, .. } => {
                let zone = self.change_booking.calendars.zones.find(zone).ok_or(ChangeSeriesError::UnknownTimeZone)?;
                crate::retry::retrying(|| self.reschedule(&command, *first, &zone, *skip_conflicts)).await?
            }
        };
        self.change_booking.lifecycle.waker.wake();
        Ok(outcome)
    }

    /// The unpaid and confirmed bookings that have not begun and start at `from` or later, by date. Errors: as
    /// [`Self::quote`].
    async fn left(&self, series: SeriesId, from: Option<Timestamp>) -> Result<Vec<Booking>, ChangeSeriesError> {
        let now = self.change_booking.clock.now();
        let mut bookings = self.list(series, from).await?;
        bookings.retain(|booking| is_left(booking, now));
        if bookings.is_empty() {
            return Err(ChangeBookingError::State(ChangeError::InvalidState).into());
        }
        Ok(bookings)
    }

    async fn cancel(
        &self,
        command: &ChangeSeriesCommand,
        cancellation: &ChangeBookingCommand,
        expected_refund: Option<Money>,
    ) -> Result<SeriesOutcome, ChangeSeriesError> {
        let ChangeBooking { store, clock, window, close_room, .. } = &self.change_booking;
        let left = self.left(command.series, command.from).await?;
        let now = clock.now();
        let mut work = store.begin().await?;
        let mut cancelled = Vec::with_capacity(left.len());
        for booking in locked(&mut *work, left).await? {
            cancelled.push(self.change_booking.change(&mut *work, cancellation, booking, None, now).await?);
        }
        let refunds = cancelled.iter().filter_map(|booking| booking.cancellation().map(|c| c.refund));
        if expected_refund.is_some_and(|expected| expected != sum(&cancelled, refunds)) {
            return Err(ChangeBookingError::QuoteChanged.into());
        }
        combine_emails(&mut *work, &ids(&cancelled), now).await?;
        work.commit().await?;
        for booking in &cancelled {
            if window.state(booking, now) == AccessState::Open {
                close_room.of(booking).await;
            }
        }
        Ok(SeriesOutcome { series: command.series, bookings: cancelled, conflicts: Vec::new() })
    }

    async fn reschedule(
        &self,
        command: &ChangeSeriesCommand,
        first: DateTime,
        zone: &TimeZone,
        skip_conflicts: bool,
    ) -> Result<SeriesOutcome, ChangeSeriesError> {
        let ChangeBooking { store, clock, calendars, .. } = &self.change_booking;
        let left = self.left(command.series, command.from).await?;
        let times = new_times(&left, first, zone)?;
        let mut loaded: BTreeMap<UserId, TherapistCalendar> = BTreeMap::new();
        for booking in &left {
            if let Entry::Vacant(entry) = loaded.entry(booking.therapist()) {
                entry.insert(calendars.load(booking.therapist()).await?);
            }
        }
        let now = clock.now();
        let mut work = store.begin().await?;
        // Every unit of work locks calendars before bookings, and several of them by id, so that no two can deadlock.
        for therapist in loaded.keys() {
            work.lock_calendar(*therapist).await?;
        }
        let is_later = matches!(times.first(), Some((_, Occurrence::At(to))) if *to > left[0].scheduled_at());
        let bookings = locked(&mut *work, left).await?;
        let mut moves: Vec<(Booking, (DateTime, Occurrence))> = bookings.into_iter().zip(times).collect();
        if is_later {
            // Each moves into what the one after it has left.
            moves.reverse();
        }
        let (mut moved, mut conflicts) = (Vec::new(), Vec::new());
        for (booking, (local_time, occurrence)) in moves {
            let Occurrence::At(to) = occurrence else {
                conflicts.push(SeriesConflict { starts_at: None, local_time, reason: None });
                continue;
            };
            let calendar = loaded.get(&booking.therapist());
            let one = command.of_each(command.to(to));
            match self.change_booking.change(&mut *work, &one, booking, calendar, now).await {
                Ok(booking) => moved.push(booking),
                Err(error) => {
                    let reason = Some(conflict(error)?);
                    conflicts.push(SeriesConflict { starts_at: Some(to), local_time, reason });
                }
            }
        }
        if is_later {
            moved.reverse();
            conflicts.reverse();
        }
        if moved.is_empty() || !(conflicts.is_empty() || skip_conflicts) {
            return Err(ChangeSeriesError::Conflicts(conflicts));
        }
        combine_emails(&mut *work, &ids(&moved), now).await?;
        work.commit().await?;
        Ok(SeriesOutcome { series: command.series, bookings: moved, conflicts })
    }
}

impl ChangeSeriesCommand {
    /// The change of one of the bookings.
    fn of_each(&self, change: Change) -> ChangeBookingCommand {
        ChangeBookingCommand {
            actor: self.admin,
            role: Role::Admin,
            booking: self.series.first(),
            change,
            version: None,
            metadata: self.metadata.clone(),
            idempotency: None,
        }
    }

    fn to(&self, to: Timestamp) -> Change {
        match &self.change {
            SeriesChange::Reschedule { override_hours, reason, .. } => {
                Change::Reschedule { to, override_hours: *override_hours, reason: reason.clone() }
            }
            SeriesChange::Cancel { reason, expected_refund } => {
                Change::Cancel { reason: reason.clone(), expected_refund: *expected_refund }
            }
        }
    }
}

fn is_left(booking: &Booking, now: Timestamp) -> bool {
    matches!(booking.status(), BookingStatus::PendingPayment | BookingStatus::Scheduled) && booking.scheduled_at() > now
}

/// The bookings as they are now, locked in the order of their ids. Errors: [`StoreError::Contended`] if one was changed in the
/// meantime.
async fn locked(work: &mut dyn UnitOfWork, mut read: Vec<Booking>) -> Result<Vec<Booking>, StoreError> {
    let mut order: Vec<usize> = (0..read.len()).collect();
    order.sort_by_key(|index| read[*index].id());
    for index in order {
        let booking = work.booking(read[index].id()).await?;
        let unchanged = booking.filter(|booking| booking.version() == read[index].version());
        read[index] = unchanged.ok_or(StoreError::Contended)?;
    }
    Ok(read)
}

/// The new start of each booking: that of the first is `first`, and the number of days between them stays.
fn new_times(
    bookings: &[Booking],
    first: DateTime,
    zone: &TimeZone,
) -> Result<Vec<(DateTime, Occurrence)>, SeriesError> {
    let date = |booking: &Booking| zone.to_datetime(booking.scheduled_at()).date();
    let earliest = bookings.first().map(date).unwrap_or(first.date());
    let time = |booking: &Booking| {
        let days = date(booking).since((Unit::Day, earliest)).map_err(|_| SeriesError::OutOfRange)?;
        let local = first.checked_add(days).map_err(|_| SeriesError::OutOfRange)?;
        Ok((local, Occurrence::of(local, zone)?))
    };
    bookings.iter().map(time).collect()
}

/// The reason that one booking cannot be moved, or the error that affects all of them.
fn conflict(error: ChangeBookingError) -> Result<SlotError, ChangeBookingError> {
    match error {
        ChangeBookingError::Slot(error) => Ok(error),
        ChangeBookingError::SlotTaken => Ok(SlotError::Taken),
        ChangeBookingError::Time(BookError::InThePast) => Ok(SlotError::InThePast),
        ChangeBookingError::Time(BookError::BeyondBookingHorizon) => Ok(SlotError::BeyondBookingHorizon),
        ChangeBookingError::NotFound
        | ChangeBookingError::Forbidden
        | ChangeBookingError::State(_)
        | ChangeBookingError::Time(BookError::Length | BookError::Note | BookError::NotEnded | BookError::TooLongAgo)
        | ChangeBookingError::UnknownTherapist
        | ChangeBookingError::VersionConflict
        | ChangeBookingError::QuoteChanged
        | ChangeBookingError::KeyReused
        | ChangeBookingError::Store(_) => Err(error),
    }
}

fn ids(bookings: &[Booking]) -> Vec<BookingId> {
    bookings.iter().map(Booking::id).collect()
}

fn fee(quote: &CancellationQuote) -> Money {
    quote.fee
}

/// The sum of amounts in the currency of the series; all its bookings were created with one service.
fn sum(bookings: &[Booking], amounts: impl Iterator<Item = Money>) -> Money {
    let currency = bookings[0].price().currency();
    Money::new(amounts.map(|amount| amount.minor()).sum(), currency).unwrap_or(Money::zero(currency))
}
