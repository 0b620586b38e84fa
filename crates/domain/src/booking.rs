//! A booking and its state machine.
//!
//! Each operation takes the booking and the current instant, and returns the changed booking with the event that
//! happened, or the error that prevented it. Nothing is saved here: the caller stores the result only if the stored
//! version is still the one it started from.
//!
//! ```
//! use attune_domain::booking::{Booking, BookingEvent, BookingStatus, NewBooking, PaymentPlan};
//! use attune_domain::meeting::{MeetingBaseUrl, NewRoom, RoomSuffix};
//! use attune_domain::{BookingId, ChangeTerms, Money, PaymentStatus, ServiceId, UserId};
//! use jiff::{SignedDuration, Timestamp};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now: Timestamp = "2024-01-10T09:00:00Z".parse()?;
//! let request = NewBooking {
//!     id: BookingId::try_from(12)?,
//!     client: UserId::try_from(7)?,
//!     therapist: UserId::try_from(1)?,
//!     service: ServiceId::try_from(1)?,
//!     series: None,
//!     scheduled_at: "2024-01-15T10:00:00Z".parse()?,
//!     minutes: 50,
//!     buffer_minutes: 10,
//!     price: Money::parse_decimal("100.00", "EUR".parse()?)?,
//!     note: None,
//!     terms: ChangeTerms::default(),
//!     payment: PaymentPlan::Due { hold_until: now + SignedDuration::from_mins(15) },
//! };
//! let (held, event) = Booking::book(request, now)?;
//! assert_eq!((held.status(), event), (BookingStatus::PendingPayment, BookingEvent::Held));
//!
//! // The payment confirms the booking, which gets its room.
//! let base_url: MeetingBaseUrl = "https://meet.example.org".parse()?;
//! let room = NewRoom { base_url: &base_url, suffix: RoomSuffix::from_bytes([7; 16]) };
//! let (confirmed, _) = held.payment_succeeded(room, now)?;
//! assert_eq!(confirmed.payment_status(), PaymentStatus::Succeeded);
//! assert!(confirmed.room().is_some());
//! # Ok(())
//! # }
//! ```

mod cancellation_quote;
mod status;

pub use cancellation_quote::{CancellationQuote, CancelledPayment};
pub use status::BookingStatus;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::meeting::{MeetingRoom, NewRoom};
use crate::payment::{Money, PaymentStatus};
use crate::terms::ChangeTerms;
use crate::{BookingId, Role, SeriesId, ServiceId, UserId};

/// How and when a booking was cancelled. `Debug` hides the reason.
#[derive(Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// When it was cancelled.
    pub at: Timestamp,
    /// The user who cancelled.
    pub by: UserId,
    /// Whether it was after the end of free cancellation.
    pub late: bool,
    /// The reason that the user gave.
    pub reason: Option<String>,
    /// The refund to the client.
    pub refund: Money,
}

/// The fields of a booking, as a store keeps them. `Debug` hides the note.
#[derive(Clone, PartialEq, Eq)]
pub struct BookingRecord {
    /// Unique and never reused.
    pub id: BookingId,
    /// The client.
    pub client: UserId,
    /// The therapist whose calendar it blocks.
    pub therapist: UserId,
    /// The booked service.
    pub service: ServiceId,
    /// The series it was created in.
    pub series: Option<SeriesId>,
    /// The start, on a whole second.
    pub scheduled_at: Timestamp,
    /// Length in minutes, without the buffer.
    pub minutes: u32,
    /// The end of the buffer after the session, until when the therapist's calendar is blocked.
    pub blocked_until: Timestamp,
    /// State of the booking.
    pub status: BookingStatus,
    /// State of its payment.
    pub payment_status: PaymentStatus,
    /// The price at the time of booking.
    pub price: Money,
    /// The video room; set when the booking becomes scheduled.
    pub room: Option<MeetingRoom>,
    /// When an unpaid booking loses its slot.
    pub hold_expires_at: Option<Timestamp>,
    /// What the client wrote when booking.
    pub note: Option<String>,
    /// Set exactly for cancelled bookings.
    pub cancellation: Option<Cancellation>,
    /// The cancellation and rescheduling terms at the time of booking.
    pub terms: ChangeTerms,
    /// Starts at 1 and grows each time the emailed links are revoked; links with an older version are invalid.
    pub link_version: u32,
    /// Starts at 1 and grows with each change; stores use it to refuse a write that is based on a stale read.
    pub version: u32,
    /// When it was booked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl_redacted_debug!(Cancellation { at, by, late, refund });
impl_redacted_debug! {
    BookingRecord {
        id, client, therapist, service, series, scheduled_at, blocked_until, status, payment_status, price, room,
        hold_expires_at, cancellation, terms, link_version, version, created_at, updated_at
    }
}

/// A booking whose fields are consistent: created by [`Booking::book`] or [`Booking::restore`] and changed only by the
/// operations below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking(BookingRecord);

macro_rules! getters {
    ($($field:ident -> $type:ty),+ $(,)?) => {
        impl Booking {
            $(
                #[doc = concat!("See [`BookingRecord::", stringify!($field), "`].")]
                pub fn $field(&self) -> $type {
                    self.0.$field
                }
            )+
        }
    };
}

getters!(
    id -> BookingId, client -> UserId, therapist -> UserId, service -> ServiceId, series -> Option<SeriesId>,
    scheduled_at -> Timestamp, minutes -> u32, blocked_until -> Timestamp,
    status -> BookingStatus, payment_status -> PaymentStatus, price -> Money,
    hold_expires_at -> Option<Timestamp>, terms -> ChangeTerms, link_version -> u32,
    version -> u32, created_at -> Timestamp, updated_at -> Timestamp,
);

impl Booking {
    /// The video room; `None` before the booking is confirmed.
    pub fn room(&self) -> Option<&MeetingRoom> {
        self.0.room.as_ref()
    }

    /// What the client wrote when booking.
    pub fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// How it was cancelled.
    pub fn cancellation(&self) -> Option<&Cancellation> {
        self.0.cancellation.as_ref()
    }
}

text_enum! {
    /// What happened to a booking; the names are those in its history.
    pub enum BookingEvent {
        /// Booked, with payment due.
        Held => "booking.held",
        /// Confirmed: the room was created.
        Scheduled => "booking.scheduled",
        /// Moved to another time.
        Rescheduled => "booking.rescheduled",
        /// Handed to another therapist.
        Reassigned => "booking.reassigned",
        /// Cancelled.
        Cancelled => "booking.cancelled",
        /// The hold expired.
        Expired => "booking.expired",
        /// Marked as completed.
        Completed => "booking.completed",
        /// Marked as a no-show.
        MarkedNoShow => "booking.no_show",
        /// A completion or no-show was undone.
        Reopened => "booking.reopened",
        /// All emailed links were revoked.
        LinksRevoked => "booking.links_revoked",
        /// Only the payment status changed.
        PaymentChanged => "booking.payment_changed",
        /// Its service, price or note was edited.
        Edited => "booking.edited",
        /// A session that had taken place was entered.
        Entered => "booking.entered",
    }
}

/// Whether payment is due before the booking is confirmed.
#[derive(Clone, Copy)]
pub enum PaymentPlan<'a> {
    /// No payment is due: the booking is scheduled immediately, in this room.
    NotRequired(NewRoom<'a>),
    /// The price is due, and the slot is held for a limited time.
    Due {
        /// End of the hold; limited to the start of the session.
        hold_until: Timestamp,
    },
}

/// The input of [`Booking::book`].
pub struct NewBooking<'a> {
    /// Assigned by the store.
    pub id: BookingId,
    /// The client.
    pub client: UserId,
    /// The therapist.
    pub therapist: UserId,
    /// The service.
    pub service: ServiceId,
    /// The series, for one of several bookings that are created together.
    pub series: Option<SeriesId>,
    /// The requested start.
    pub scheduled_at: Timestamp,
    /// Length in minutes, without the buffer.
    pub minutes: u32,
    /// Minutes after the session in which the therapist's calendar stays blocked.
    pub buffer_minutes: u32,
    /// The price in the practice's own list, never one that the client sent.
    pub price: Money,
    /// A message from the client.
    pub note: Option<String>,
    /// The terms of the practice's current policy.
    pub terms: ChangeTerms,
    /// Whether payment is due.
    pub payment: PaymentPlan<'a>,
}

/// Why a session cannot be booked or moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BookError {
    /// The session would start now or earlier.
    #[error("the session would start in the past")]
    InThePast,
    /// Further ahead than [`Booking::HORIZON_DAYS`].
    #[error("the session is too far in the future")]
    BeyondBookingHorizon,
    /// Outside 1 minute to [`Booking::MAX_MINUTES`].
    #[error("the session's length is not between 1 minute and 12 hours")]
    Length,
    /// Longer than [`Booking::MAX_NOTE_CHARS`], or with a NUL character.
    #[error("the note is too long or contains a NUL character")]
    Note,
    /// A session is entered after the fact, and has not ended.
    #[error("the session has not ended")]
    NotEnded,
    /// A session is entered after more than [`Booking::ENTRY_WINDOW`].
    #[error("the session was more than 90 days ago")]
    TooLongAgo,
}

/// An admin's changes of a booking. `None` leaves a field unchanged.
#[derive(Clone, PartialEq, Eq)]
pub struct BookingEdit {
    /// The service and its length; the session keeps its start.
    pub service: Option<EditedService>,
    /// What is due, while nothing was paid.
    pub price: Option<Money>,
    /// `Some(None)` removes the note.
    pub note: Option<Option<String>>,
}

/// Another service for a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EditedService {
    /// The service.
    pub id: ServiceId,
    /// Length in minutes, without the buffer.
    pub minutes: u32,
    /// Minutes after the session in which the therapist's calendar stays blocked.
    pub buffer_minutes: u32,
}

/// Why a booking cannot be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EditError {
    /// The state of the booking does not allow it.
    #[error(transparent)]
    State(#[from] ChangeError),
    /// The new length or note is not possible.
    #[error(transparent)]
    Content(#[from] BookError),
    /// The new price is in another currency.
    #[error("the price is in another currency")]
    Currency,
}

/// Why an operation is not possible in a booking's current state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// The state machine has no such transition.
    #[error("the booking's state does not allow this")]
    InvalidState,
    /// The transition exists, but not at this time.
    #[error("it is too early or too late for this")]
    WindowClosed,
    /// The refund exceeds the payment or is in another currency.
    #[error("the refund exceeds the payment")]
    RefundTooLarge,
}

/// Why a payment for a booking cannot be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PayError {
    /// It is already paid.
    #[error("the booking is already paid")]
    AlreadyPaid,
    /// No payment is due.
    #[error("the booking requires no payment")]
    NotRequired,
    /// It was cancelled.
    #[error("the booking was cancelled")]
    Cancelled,
    /// The hold expired, and the session's start has passed, so the booking cannot be revived.
    #[error("the hold expired and the session's start has passed")]
    HoldExpired,
}

/// A stored booking whose fields contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("booking {id:?} is inconsistent: {what}")]
pub struct InconsistentBooking {
    /// The booking.
    pub id: BookingId,
    /// The fields in question.
    pub what: &'static str,
}

impl Booking {
    /// Longest session, in minutes.
    pub const MAX_MINUTES: u32 = 12 * 60;
    /// Longest note, in characters.
    pub const MAX_NOTE_CHARS: usize = 2_000;
    /// How far ahead a session can be booked, in days of 24 hours.
    pub const HORIZON_DAYS: i64 = 366;
    /// How long after the start a client can be marked as a no-show.
    pub const NO_SHOW_AFTER: SignedDuration = SignedDuration::from_mins(15);
    /// How long after its start a session that has taken place can still be entered.
    pub const ENTRY_WINDOW: SignedDuration = SignedDuration::from_hours(90 * 24);
    /// How long after the end a completion can be changed to a no-show and back.
    pub const CORRECTION_WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);

    /// Creates a booking. The start is truncated to a whole second. Whether the slot is free is decided by the store,
    /// which alone sees all bookings.
    pub fn book(request: NewBooking<'_>, now: Timestamp) -> Result<(Self, BookingEvent), BookError> {
        let scheduled_at = checked_start(request.scheduled_at, now)?;
        check_length(request.minutes, request.buffer_minutes)?;
        check_note(request.note.as_deref())?;
        let (status, payment_status, event) = match request.payment {
            PaymentPlan::NotRequired(_) => {
                (BookingStatus::Scheduled, PaymentStatus::NotRequired, BookingEvent::Scheduled)
            }
            PaymentPlan::Due { .. } => (BookingStatus::PendingPayment, PaymentStatus::Pending, BookingEvent::Held),
        };
        let (room, hold_expires_at) = match request.payment {
            PaymentPlan::NotRequired(new) => (Some(MeetingRoom::new(request.id, now, new)), None),
            PaymentPlan::Due { hold_until } => (None, Some(hold_until.min(scheduled_at))),
        };
        let booking = Self(BookingRecord {
            id: request.id,
            client: request.client,
            therapist: request.therapist,
            service: request.service,
            series: request.series,
            scheduled_at,
            minutes: request.minutes,
            blocked_until: after_minutes(scheduled_at, request.minutes.saturating_add(request.buffer_minutes)),
            status,
            payment_status,
            price: request.price,
            room,
            hold_expires_at,
            note: request.note,
            cancellation: None,
            terms: request.terms,
            link_version: 1,
            version: 1,
            created_at: now,
            updated_at: now,
        });
        Ok((booking, event))
    }

    /// Enters a session that has taken place: the booking is completed. `paid` is whether its price was received. Errors:
    /// [`BookError::NotEnded`] before the session's end, [`BookError::TooLongAgo`] after [`Self::ENTRY_WINDOW`].
    pub fn enter_past(
        request: NewBooking<'_>,
        room: NewRoom<'_>,
        paid: bool,
        now: Timestamp,
    ) -> Result<(Self, BookingEvent), BookError> {
        let start = request.scheduled_at;
        let start = Timestamp::from_second(start.as_second()).map_err(|_| BookError::TooLongAgo)?;
        if now.duration_since(start) > Self::ENTRY_WINDOW {
            return Err(BookError::TooLongAgo);
        }
        if now < after_minutes(start, request.minutes) {
            return Err(BookError::NotEnded);
        }
        let before = start.saturating_sub(SignedDuration::from_secs(1)).map_err(|_| BookError::TooLongAgo)?;
        let payment = PaymentPlan::NotRequired(room);
        let (Self(mut record), _) = Self::book(NewBooking { payment, ..request }, before)?;
        record.status = BookingStatus::Completed;
        if paid && !record.price.is_zero() {
            record.payment_status = PaymentStatus::Succeeded;
        }
        record.created_at = now;
        record.updated_at = now;
        Ok((Self(record), BookingEvent::Entered))
    }

    /// Reads a stored booking; refuses fields that contradict each other.
    pub fn restore(record: BookingRecord) -> Result<Self, InconsistentBooking> {
        let bad = |what| Err(InconsistentBooking { id: record.id, what });
        if !record.payment_status.is_legal_with(record.status) {
            return bad("status and payment status");
        }
        if record.status.has_room() && record.room.is_none() {
            return bad("confirmed without a room");
        }
        if record.status == BookingStatus::PendingPayment && (record.room.is_some() || record.hold_expires_at.is_none())
        {
            return bad("unpaid with a room or without a hold");
        }
        if record.minutes == 0 || record.minutes > Self::MAX_MINUTES || record.version == 0 || record.link_version == 0
        {
            return bad("length or version");
        }
        if record.terms.checked().is_err() {
            return bad("terms");
        }
        if record.blocked_until < after_minutes(record.scheduled_at, record.minutes) {
            return bad("blocked until before the end");
        }
        if (record.status == BookingStatus::Cancelled) != record.cancellation.is_some() {
            return bad("cancellation");
        }
        Ok(Self(record))
    }

    /// The fields, for a store.
    pub fn record(&self) -> &BookingRecord {
        &self.0
    }

    /// When the session ends.
    pub fn ends_at(&self) -> Timestamp {
        after_minutes(self.scheduled_at(), self.minutes())
    }

    /// Whether the booking is an unpaid hold that has expired.
    pub fn hold_has_expired(&self, now: Timestamp) -> bool {
        self.status() == BookingStatus::PendingPayment && self.hold_expires_at().is_some_and(|until| until <= now)
    }

    /// Whether no other session of the therapist can have its time.
    pub fn takes_up_time(&self, now: Timestamp) -> bool {
        match self.status() {
            BookingStatus::PendingPayment => !self.hold_has_expired(now),
            BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => true,
            BookingStatus::Cancelled | BookingStatus::Expired => false,
        }
    }

    /// The provider started processing the payment.
    pub fn payment_started(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        match (self.status(), self.payment_status()) {
            (BookingStatus::PendingPayment, PaymentStatus::Pending | PaymentStatus::Failed) => {
                self.with_payment(PaymentStatus::Processing, now)
            }
            _ => Err(ChangeError::InvalidState),
        }
    }

    /// The payment attempt failed; the hold remains, so that the client can try again.
    pub fn payment_failed(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        match (self.status(), self.payment_status()) {
            (BookingStatus::PendingPayment, PaymentStatus::Pending | PaymentStatus::Processing) => {
                self.with_payment(PaymentStatus::Failed, now)
            }
            _ => Err(ChangeError::InvalidState),
        }
    }

    /// A part of the price was received: the slot stays held until `until` at least, so that the rest can be paid. Errors:
    /// [`ChangeError::InvalidState`] unless the booking is held, and while another payment is being processed.
    pub fn part_received(self, until: Timestamp, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        match (self.status(), self.payment_status()) {
            (BookingStatus::PendingPayment, PaymentStatus::Pending | PaymentStatus::Failed) => {}
            _ => return Err(ChangeError::InvalidState),
        }
        let until = self.hold_expires_at().map_or(until, |held| held.max(until)).min(self.scheduled_at());
        Ok(self.changed(now, BookingEvent::PaymentChanged, |b| {
            b.payment_status = PaymentStatus::Pending;
            b.hold_expires_at = Some(until);
        }))
    }

    /// Whether a payment can be accepted or recorded now, as [`Self::payment_succeeded`] decides it.
    pub fn check_payable(&self, now: Timestamp) -> Result<(), PayError> {
        match self.status() {
            BookingStatus::PendingPayment if self.scheduled_at() > now => Ok(()),
            BookingStatus::Expired
                if self.payment_status() == PaymentStatus::Cancelled && self.scheduled_at() > now =>
            {
                Ok(())
            }
            BookingStatus::PendingPayment | BookingStatus::Expired => Err(PayError::HoldExpired),
            BookingStatus::Cancelled => Err(PayError::Cancelled),
            BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => {
                Err(if self.payment_status() == PaymentStatus::NotRequired {
                    PayError::NotRequired
                } else {
                    PayError::AlreadyPaid
                })
            }
        }
    }

    /// The payment was received: the booking is confirmed and gets its room.
    ///
    /// An expired booking is revived if its session has not started; whether its slot is still free is decided by the
    /// store when the result is saved.
    pub fn payment_succeeded(self, room: NewRoom<'_>, now: Timestamp) -> Result<(Self, BookingEvent), PayError> {
        self.check_payable(now)?;
        let room = MeetingRoom::new(self.id(), now, room);
        Ok(self.changed(now, BookingEvent::Scheduled, |b| {
            b.status = BookingStatus::Scheduled;
            b.payment_status = PaymentStatus::Succeeded;
            b.room = Some(room);
            b.hold_expires_at = None;
        }))
    }

    /// An admin waives the price: the booking is confirmed with no payment due.
    pub fn waive_payment(self, room: NewRoom<'_>, now: Timestamp) -> Result<(Self, BookingEvent), PayError> {
        let (booking, event) = self.payment_succeeded(room, now)?;
        let mut record = booking.0;
        record.payment_status = PaymentStatus::NotRequired;
        Ok((Self(record), event))
    }

    /// Changes the service, the price or the note. The service can be changed until the session ends, and the price until
    /// something is paid or being processed; a note at any time.
    pub fn edit(self, edit: BookingEdit, now: Timestamp) -> Result<(Self, BookingEvent), EditError> {
        let is_pending = self.status() == BookingStatus::PendingPayment;
        if edit.service.is_some() {
            if !is_pending && self.status() != BookingStatus::Scheduled {
                return Err(ChangeError::InvalidState.into());
            }
            self.check_open_for(Role::Admin, now)?;
        }
        if let Some(price) = edit.price.filter(|price| *price != self.price()) {
            if !is_pending || self.payment_status() == PaymentStatus::Processing {
                return Err(ChangeError::InvalidState.into());
            }
            if price.currency() != self.price().currency() {
                return Err(EditError::Currency);
            }
        }
        if let Some(EditedService { minutes, buffer_minutes, .. }) = edit.service {
            check_length(minutes, buffer_minutes)?;
        }
        check_note(edit.note.as_ref().and_then(Option::as_deref))?;
        Ok(self.changed(now, BookingEvent::Edited, |b| {
            if let Some(EditedService { id, minutes, buffer_minutes }) = edit.service {
                b.service = id;
                b.minutes = minutes;
                b.blocked_until = after_minutes(b.scheduled_at, minutes.saturating_add(buffer_minutes));
            }
            b.price = edit.price.unwrap_or(b.price);
            if let Some(note) = edit.note {
                b.note = note;
            }
        }))
    }

    /// The hold expired before the payment; the slot is free again.
    pub fn expire(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        if self.status() != BookingStatus::PendingPayment || self.payment_status() == PaymentStatus::Processing {
            return Err(ChangeError::InvalidState);
        }
        if !self.hold_has_expired(now) {
            return Err(ChangeError::WindowClosed);
        }
        Ok(self.changed(now, BookingEvent::Expired, |b| {
            b.status = BookingStatus::Expired;
            b.payment_status = PaymentStatus::Cancelled;
            b.hold_expires_at = None;
        }))
    }

    /// Moves a confirmed session; room, price and payment stay the same. Clients may do so until
    /// [`ChangeTerms::reschedule_until`], admins until the session ends.
    pub fn reschedule(self, to: Timestamp, by: Role, now: Timestamp) -> Result<(Self, BookingEvent), RescheduleError> {
        if self.status() != BookingStatus::Scheduled {
            return Err(ChangeError::InvalidState.into());
        }
        let until = match by {
            Role::Client => self.terms().reschedule_until(self.scheduled_at()),
            Role::Admin => self.ends_at(),
        };
        if now >= until {
            return Err(ChangeError::WindowClosed.into());
        }
        let scheduled_at = checked_start(to, now)?;
        let buffer = self.blocked_until().duration_since(self.ends_at());
        let blocked_until =
            after_minutes(scheduled_at, self.minutes()).saturating_add(buffer).unwrap_or(Timestamp::MAX);
        Ok(self.changed(now, BookingEvent::Rescheduled, |b| {
            b.scheduled_at = scheduled_at;
            b.blocked_until = blocked_until;
        }))
    }

    /// Hands a session that has not ended to another therapist; time, room, price and payment stay the same.
    pub fn reassign(self, to: UserId, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        if !matches!(self.status(), BookingStatus::PendingPayment | BookingStatus::Scheduled) {
            return Err(ChangeError::InvalidState);
        }
        if now >= self.ends_at() {
            return Err(ChangeError::WindowClosed);
        }
        let event = BookingEvent::Reassigned;
        Ok(self.changed(now, event, |b| b.therapist = to))
    }

    /// What a cancellation at this moment would refund and cost. `refundable` is
    /// [`crate::payment::PaymentLedger::refundable`] of its payments.
    pub fn cancellation_quote(&self, refundable: Money, by: Role, now: Timestamp) -> CancellationQuote {
        CancellationQuote::of(self, refundable, &self.terms(), by, now)
    }

    /// Cancels a booking. Clients may do so until the session starts, admins until it ends.
    ///
    /// A refund above zero makes the payment `refund_pending`; that of a held booking returns a part that was received.
    /// Errors: [`ChangeError::RefundTooLarge`] for a refund above the price, in another currency, or of a booking for
    /// which nothing was received.
    pub fn cancel(self, cancellation: Cancellation, by: Role) -> Result<(Self, BookingEvent), ChangeError> {
        let now = cancellation.at;
        let may_have_money = self.payment_status().has_been_paid() || self.status() == BookingStatus::PendingPayment;
        let max_refund = if may_have_money { self.price().minor() } else { 0 };
        if cancellation.refund.currency() != self.price().currency() || cancellation.refund.minor() > max_refund {
            return Err(ChangeError::RefundTooLarge);
        }
        let payment_status = match (self.status(), self.payment_status()) {
            (BookingStatus::PendingPayment, PaymentStatus::Processing) => return Err(ChangeError::InvalidState),
            (BookingStatus::PendingPayment, _) if cancellation.refund.is_zero() => PaymentStatus::Cancelled,
            (BookingStatus::PendingPayment, _) => PaymentStatus::RefundPending,
            (BookingStatus::Scheduled, paid) => {
                self.check_open_for(by, now)?;
                if cancellation.refund.is_zero() { paid } else { PaymentStatus::RefundPending }
            }
            _ => return Err(ChangeError::InvalidState),
        };
        Ok(self.changed(now, BookingEvent::Cancelled, |b| {
            b.status = BookingStatus::Cancelled;
            b.payment_status = payment_status;
            b.hold_expires_at = None;
            b.cancellation = Some(cancellation);
        }))
    }

    /// Marks the session as completed, from its start on. Also corrects a no-show.
    pub fn complete(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        let from = self.scheduled_at();
        self.close(BookingStatus::NoShow, BookingStatus::Completed, from, BookingEvent::Completed, now)
    }

    /// Marks the client as a no-show, from [`Self::NO_SHOW_AFTER`] on. Also corrects a completion.
    pub fn mark_no_show(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        let from = self.scheduled_at().saturating_add(Self::NO_SHOW_AFTER).unwrap_or(Timestamp::MAX);
        self.close(BookingStatus::Completed, BookingStatus::NoShow, from, BookingEvent::MarkedNoShow, now)
    }

    /// Undoes a completion or no-show before the session's end.
    pub fn reopen(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        match self.status() {
            BookingStatus::Completed | BookingStatus::NoShow if now < self.ends_at() => {
                Ok(self.changed(now, BookingEvent::Reopened, |b| b.status = BookingStatus::Scheduled))
            }
            BookingStatus::Completed | BookingStatus::NoShow => Err(ChangeError::WindowClosed),
            BookingStatus::PendingPayment
            | BookingStatus::Scheduled
            | BookingStatus::Cancelled
            | BookingStatus::Expired => Err(ChangeError::InvalidState),
        }
    }

    /// Revokes every link of this booking that was emailed so far, for example because one was forwarded.
    pub fn revoke_links(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        if self.status() != BookingStatus::Scheduled {
            return Err(ChangeError::InvalidState);
        }
        Ok(self.changed(now, BookingEvent::LinksRevoked, |b| b.link_version = b.link_version.saturating_add(1)))
    }

    /// Follows the ledger of a paid booking, whose [`crate::payment::PaymentLedger::status`] changes when a refund is
    /// queued, succeeds, fails or is made outside the product.
    pub fn sync_payment_status(
        self,
        ledger_status: PaymentStatus,
        now: Timestamp,
    ) -> Result<(Self, BookingEvent), ChangeError> {
        if !self.payment_status().has_been_paid()
            || !ledger_status.has_been_paid()
            || ledger_status == self.payment_status()
        {
            return Err(ChangeError::InvalidState);
        }
        self.with_payment(ledger_status, now)
    }

    /// A payment arrived for a booking that can no longer be confirmed, and is refunded. An unpaid booking releases its
    /// slot. Errors: [`ChangeError::InvalidState`] for a booking that does not depend on this payment.
    pub fn record_late_payment(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        match (self.status(), self.payment_status()) {
            (BookingStatus::PendingPayment, _) => Ok(self.changed(now, BookingEvent::Expired, |b| {
                b.status = BookingStatus::Expired;
                b.payment_status = PaymentStatus::RefundPending;
                b.hold_expires_at = None;
            })),
            (BookingStatus::Expired | BookingStatus::Cancelled, PaymentStatus::Cancelled) => {
                self.with_payment(PaymentStatus::RefundPending, now)
            }
            _ => Err(ChangeError::InvalidState),
        }
    }

    fn close(
        self,
        other: BookingStatus,
        target: BookingStatus,
        from: Timestamp,
        event: BookingEvent,
        now: Timestamp,
    ) -> Result<(Self, BookingEvent), ChangeError> {
        let last = self.ends_at().saturating_add(Self::CORRECTION_WINDOW).unwrap_or(Timestamp::MAX);
        let is_in_window = if self.status() == BookingStatus::Scheduled {
            now >= from
        } else if self.status() == other {
            now >= from && now < last
        } else {
            return Err(ChangeError::InvalidState);
        };
        if !is_in_window {
            return Err(ChangeError::WindowClosed);
        }
        Ok(self.changed(now, event, |b| b.status = target))
    }

    fn check_open_for(&self, by: Role, now: Timestamp) -> Result<(), ChangeError> {
        let until = match by {
            Role::Client => self.scheduled_at(),
            Role::Admin => self.ends_at(),
        };
        if now < until { Ok(()) } else { Err(ChangeError::WindowClosed) }
    }

    fn with_payment(self, payment: PaymentStatus, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        Ok(self.changed(now, BookingEvent::PaymentChanged, |b| b.payment_status = payment))
    }

    fn changed(
        self,
        now: Timestamp,
        event: BookingEvent,
        change: impl FnOnce(&mut BookingRecord),
    ) -> (Self, BookingEvent) {
        let mut record = self.0;
        change(&mut record);
        record.version += 1;
        record.updated_at = now;
        (Self(record), event)
    }
}

/// Why a session cannot be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RescheduleError {
    /// The state of the booking does not allow it.
    #[error(transparent)]
    State(#[from] ChangeError),
    /// The new time is not possible.
    #[error(transparent)]
    Time(#[from] BookError),
}

fn check_length(minutes: u32, buffer_minutes: u32) -> Result<(), BookError> {
    let is_possible = (1..=Booking::MAX_MINUTES).contains(&minutes) && buffer_minutes <= Booking::MAX_MINUTES;
    if is_possible { Ok(()) } else { Err(BookError::Length) }
}

fn check_note(note: Option<&str>) -> Result<(), BookError> {
    let is_too_much = |note: &str| note.chars().count() > Booking::MAX_NOTE_CHARS || note.contains('\0');
    if note.is_some_and(is_too_much) { Err(BookError::Note) } else { Ok(()) }
}

fn after_minutes(start: Timestamp, minutes: u32) -> Timestamp {
    start.saturating_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MAX)
}

fn checked_start(start: Timestamp, now: Timestamp) -> Result<Timestamp, BookError> {
    let start = Timestamp::from_second(start.as_second()).map_err(|_| BookError::BeyondBookingHorizon)?;
    if start <= now {
        return Err(BookError::InThePast);
    }
    if start.duration_since(now) > SignedDuration::from_hours(Booking::HORIZON_DAYS * 24) {
        return Err(BookError::BeyondBookingHorizon);
    }
    Ok(start)
}

#[cfg(test)]
mod tests;
