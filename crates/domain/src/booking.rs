//! A booking and everything that may happen to it.
//!
//! Each operation takes the booking and the instant, and answers with the changed booking and the event that tells what
//! happened, or with the reason why not. Nothing here is saved: a caller stores the result only if the stored version
//! is still the one it started from.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::meeting::{MeetingRoom, NewRoom};
use crate::payment::{Money, PaymentStatus};
use crate::policy::{CancellationQuote, ChangeTerms};
use crate::{BookingId, Role, ServiceId, UserId};

/// Where a booking is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BookingStatus {
    /// The price is due; the row itself holds the slot until the hold runs out.
    PendingPayment,
    /// Agreed: there is a room, and mails are owed.
    Scheduled,
    /// The session took place.
    Completed,
    /// The client did not come.
    NoShow,
    /// Called off.
    Cancelled,
    /// The hold ran out unpaid.
    Expired,
}

impl BookingStatus {
    /// Every status, in the order of a booking's life.
    pub const ALL: [Self; 6] =
        [Self::PendingPayment, Self::Scheduled, Self::Completed, Self::NoShow, Self::Cancelled, Self::Expired];

    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PendingPayment => "pending_payment",
            Self::Scheduled => "scheduled",
            Self::Completed => "completed",
            Self::NoShow => "no_show",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether the therapist's time is taken. Stores refuse two such bookings of one therapist that overlap.
    pub fn blocks_calendar(self) -> bool {
        matches!(self, Self::PendingPayment | Self::Scheduled | Self::Completed | Self::NoShow)
    }

    /// Whether the booking was agreed, so that it has a room.
    pub fn has_room(self) -> bool {
        matches!(self, Self::Scheduled | Self::Completed | Self::NoShow)
    }
}

/// How and when a booking was called off. `Debug` hides the reason.
#[derive(Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// When.
    pub at: Timestamp,
    /// AuditContext whom.
    pub by: UserId,
    /// Inside the practice's cancellation window.
    pub late: bool,
    /// What the person said about it.
    pub reason: Option<String>,
    /// What goes back to the client.
    pub refund: Money,
}

/// The plain facts of a booking, as a store keeps them. `Debug` shows its state only, never what was written in it.
#[derive(Clone, PartialEq, Eq)]
pub struct BookingRecord {
    /// Which booking it is, for its whole life.
    pub id: BookingId,
    /// Who comes.
    pub client: UserId,
    /// Who gives the session, and whose calendar it takes.
    pub therapist: UserId,
    /// What was booked.
    pub service: ServiceId,
    /// When the session begins, on a whole second.
    pub scheduled_at: Timestamp,
    /// Length of the session in minutes.
    pub minutes: u32,
    /// Until when the therapist's calendar is taken: the end of the session and the pause after it.
    pub blocked_until: Timestamp,
    /// Where the booking is in its life.
    pub status: BookingStatus,
    /// What is known about the money.
    pub payment_status: PaymentStatus,
    /// What the session costs, fixed when it was booked.
    pub price: Money,
    /// The video room; there from the moment the booking is scheduled.
    pub room: Option<MeetingRoom>,
    /// Until when an unpaid booking keeps its slot.
    pub hold_expires_at: Option<Timestamp>,
    /// What the client wrote when booking.
    pub note: Option<String>,
    /// How the booking was called off.
    pub cancellation: Option<Cancellation>,
    /// On which terms it can be moved and called off, fixed when it was booked.
    pub terms: ChangeTerms,
    /// Counts from 1 how often the mailed links of this booking were replaced; older ones open nothing.
    pub link_version: u32,
    /// Counts changes from 1 on; stores use it to refuse a write that is based on an old reading.
    pub version: u32,
    /// When it was booked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl fmt::Debug for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancellation")
            .field("at", &self.at)
            .field("by", &self.by)
            .field("late", &self.late)
            .field("refund", &self.refund)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for BookingRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BookingRecord")
            .field("id", &self.id)
            .field("client", &self.client)
            .field("therapist", &self.therapist)
            .field("service", &self.service)
            .field("scheduled_at", &self.scheduled_at)
            .field("blocked_until", &self.blocked_until)
            .field("status", &self.status)
            .field("payment_status", &self.payment_status)
            .field("price", &self.price)
            .field("room", &self.room)
            .field("hold_expires_at", &self.hold_expires_at)
            .field("cancellation", &self.cancellation)
            .field("terms", &self.terms)
            .field("link_version", &self.link_version)
            .field("version", &self.version)
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .finish_non_exhaustive()
    }
}

/// A booking that holds its invariants: it is made by [`Booking::book`] or [`Booking::restore`] and changed only by the
/// operations below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking(BookingRecord);

/// Writes a getter for fields of [`BookingRecord`] that are `Copy`.
macro_rules! getters {
    ($($(#[$doc:meta])* $field:ident: $type:ty,)+) => {
        /// What is known of a booking; [`BookingRecord`] explains each field.
        impl Booking {
            $($(#[$doc])* pub fn $field(&self) -> $type { self.0.$field })+
        }
    };
}

getters! {
    /// Unique and never reused.
    id: BookingId,
    /// The client.
    client: UserId,
    /// The therapist whose calendar it blocks.
    therapist: UserId,
    /// The booked service.
    service: ServiceId,
    /// The start, on a whole second.
    scheduled_at: Timestamp,
    /// Length in minutes, without the buffer.
    minutes: u32,
    /// The end of the buffer after it.
    blocked_until: Timestamp,
    /// State of the booking.
    status: BookingStatus,
    /// State of its payment.
    payment_status: PaymentStatus,
    /// The price as of when it was booked.
    price: Money,
    /// When an unpaid booking loses its slot.
    hold_expires_at: Option<Timestamp>,
    /// The terms as of when it was booked.
    terms: ChangeTerms,
    /// Counts from 1 how often the emailed links were revoked.
    link_version: u32,
    /// Counts changes from 1.
    version: u32,
    /// When it was booked.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

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

/// What happened to a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingEvent {
    /// Booked, with a price still due.
    Held,
    /// Became scheduled; this is when the room is made and mails are owed.
    Scheduled,
    /// Moved to another time.
    Rescheduled,
    /// Called off.
    Cancelled,
    /// The hold ran out.
    Expired,
    /// The session took place.
    Completed,
    /// The client did not come.
    MarkedNoShow,
    /// A wrong completion or no-show was taken back.
    Reopened,
    /// All links mailed so far were taken back.
    LinksRevoked,
    /// Only the payment moved.
    PaymentChanged,
}

impl BookingEvent {
    /// The name in the history of a booking.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "booking.held",
            Self::Scheduled => "booking.scheduled",
            Self::Rescheduled => "booking.rescheduled",
            Self::Cancelled => "booking.cancelled",
            Self::Expired => "booking.expired",
            Self::Completed => "booking.completed",
            Self::MarkedNoShow => "booking.no_show",
            Self::Reopened => "booking.reopened",
            Self::LinksRevoked => "booking.links_revoked",
            Self::PaymentChanged => "booking.payment_changed",
        }
    }
}

/// What has to happen with money before a booking is agreed.
#[derive(Clone, Copy)]
pub enum PaymentPlan<'a> {
    /// Nothing is due: the booking is scheduled at once and needs its room now.
    NotRequired(NewRoom<'a>),
    /// The price is due, and the slot is held until this instant.
    Due {
        /// End of the hold; never later than the session's beginning.
        hold_until: Timestamp,
    },
}

/// A wish to book.
pub struct NewBooking<'a> {
    /// Identity given out by the store.
    pub id: BookingId,
    /// Who comes.
    pub client: UserId,
    /// Who gives the session.
    pub therapist: UserId,
    /// What is booked.
    pub service: ServiceId,
    /// When it should begin.
    pub scheduled_at: Timestamp,
    /// Length in minutes.
    pub minutes: u32,
    /// Pause for the therapist after the session, in minutes; the calendar stays taken.
    pub buffer_minutes: u32,
    /// The price, from the practice's own list, never from the client.
    pub price: Money,
    /// A word from the client.
    pub note: Option<String>,
    /// On which terms, from the practice's own policy.
    pub terms: ChangeTerms,
    /// What is due.
    pub payment: PaymentPlan<'a>,
}

/// Why a session cannot be booked or moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BookError {
    /// The session would begin now or earlier.
    #[error("the session would begin in the past")]
    InThePast,
    /// Further ahead than [`Booking::HORIZON_DAYS`].
    #[error("the session is too far ahead")]
    BeyondBookingHorizon,
    /// Shorter than a minute or longer than [`Booking::MAX_MINUTES`].
    #[error("the session's length is not between 1 minute and 12 hours")]
    Length,
    /// Longer than [`Booking::MAX_NOTE_CHARS`], or with a NUL in it.
    #[error("the note is too long or has a NUL character")]
    Note,
}

/// Why an operation does not fit a booking's present state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// The table of transitions has no such step.
    #[error("a booking in this state cannot do that")]
    InvalidState,
    /// The step exists, but not at this moment.
    #[error("it is too early or too late for that")]
    WindowClosed,
    /// More would go back than came in, or in another currency.
    #[error("the refund is more than was paid")]
    RefundTooLarge,
}

/// Why a payment cannot be taken for a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PayError {
    /// Paid before.
    #[error("the booking is already paid")]
    AlreadyPaid,
    /// Nothing is due.
    #[error("the booking needs no payment")]
    NotRequired,
    /// Called off.
    #[error("the booking was cancelled")]
    Cancelled,
    /// The hold is over and the session has begun, so it cannot be revived.
    #[error("the hold is over and the session's time has come")]
    HoldExpired,
}

/// A stored booking whose facts contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("booking {id:?} is inconsistent: {what}")]
pub struct InconsistentBooking {
    /// Which booking.
    pub id: BookingId,
    /// Which facts.
    pub what: &'static str,
}

impl Booking {
    /// Longest session, in minutes.
    pub const MAX_MINUTES: u32 = 12 * 60;
    /// Longest note, in characters.
    pub const MAX_NOTE_CHARS: usize = 2_000;
    /// How far ahead a session can be booked, in days.
    pub const HORIZON_DAYS: i64 = 366;
    /// From how long after the beginning a client counts as not having come.
    pub const NO_SHOW_AFTER: SignedDuration = SignedDuration::from_mins(15);
    /// How long a completion or no-show can be corrected.
    pub const CORRECTION_WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);

    /// PaymentLedger a session. Whether the slot is free is the store's business: it alone sees all bookings at once.
    ///
    /// The beginning is cut to a whole second.
    pub fn book(request: NewBooking<'_>, now: Timestamp) -> Result<(Self, BookingEvent), BookError> {
        let scheduled_at = checked_start(request.scheduled_at, now)?;
        if request.minutes == 0 || request.minutes > Self::MAX_MINUTES || request.buffer_minutes > Self::MAX_MINUTES {
            return Err(BookError::Length);
        }
        if request.note.as_deref().is_some_and(|n| n.chars().count() > Self::MAX_NOTE_CHARS || n.contains('\0')) {
            return Err(BookError::Note);
        }
        let (status, payment_status, room, hold_expires_at, event) = match request.payment {
            PaymentPlan::NotRequired(new) => (
                BookingStatus::Scheduled,
                PaymentStatus::NotRequired,
                Some(MeetingRoom::new(request.id, now, new)),
                None,
                BookingEvent::Scheduled,
            ),
            PaymentPlan::Due { hold_until } => (
                BookingStatus::PendingPayment,
                PaymentStatus::Pending,
                None,
                Some(hold_until.min(scheduled_at)),
                BookingEvent::Held,
            ),
        };
        let booking = Self(BookingRecord {
            id: request.id,
            client: request.client,
            therapist: request.therapist,
            service: request.service,
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

    /// Takes a booking back from a store, refusing facts that contradict each other.
    pub fn restore(record: BookingRecord) -> Result<Self, InconsistentBooking> {
        let bad = |what| Err(InconsistentBooking { id: record.id, what });
        if !record.payment_status.is_legal_with(record.status) {
            return bad("status and payment status");
        }
        if record.status.has_room() && record.room.is_none() {
            return bad("agreed without a room");
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
            return bad("calendar free before the end");
        }
        if (record.status == BookingStatus::Cancelled) != record.cancellation.is_some() {
            return bad("cancellation");
        }
        Ok(Self(record))
    }

    /// The facts, for a store to keep.
    pub fn record(&self) -> &BookingRecord {
        &self.0
    }

    /// When the session ends.
    pub fn ends_at(&self) -> Timestamp {
        after_minutes(self.scheduled_at(), self.minutes())
    }

    /// Whether the hold is over at this moment. An agreed booking has no hold to lose.
    pub fn hold_has_expired(&self, now: Timestamp) -> bool {
        self.status() == BookingStatus::PendingPayment && self.hold_expires_at().is_some_and(|until| until <= now)
    }

    /// The provider began to work on the payment.
    pub fn payment_started(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        match (self.status(), self.payment_status()) {
            (BookingStatus::PendingPayment, PaymentStatus::Pending | PaymentStatus::Failed) => {
                self.with_payment(PaymentStatus::Processing, now)
            }
            _ => Err(ChangeError::InvalidState),
        }
    }

    /// The attempt failed; the hold stays, so that the client can try again.
    pub fn payment_failed(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        match (self.status(), self.payment_status()) {
            (BookingStatus::PendingPayment, PaymentStatus::Pending | PaymentStatus::Processing) => {
                self.with_payment(PaymentStatus::Failed, now)
            }
            _ => Err(ChangeError::InvalidState),
        }
    }

    /// Whether a payment may be taken or recorded now. The same table as [`Self::payment_succeeded`].
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

    /// The money is there: the booking is agreed and gets its room.
    ///
    /// An expired booking comes back to life if its session is still ahead; that its slot is still free, the store
    /// decides when the result is saved.
    pub fn payment_succeeded(self, room: NewRoom<'_>, now: Timestamp) -> Result<(Self, BookingEvent), PayError> {
        self.check_payable(now)?;
        let made = MeetingRoom::new(self.id(), now, room);
        Ok(self.changed(now, BookingEvent::Scheduled, |b| {
            b.status = BookingStatus::Scheduled;
            b.payment_status = PaymentStatus::Succeeded;
            b.room = Some(made);
            b.hold_expires_at = None;
        }))
    }

    /// An admin lets the price go: the booking is agreed with nothing due.
    pub fn waive_payment(self, room: NewRoom<'_>, now: Timestamp) -> Result<(Self, BookingEvent), PayError> {
        let (booking, event) = self.payment_succeeded(room, now)?;
        let mut record = booking.0;
        record.payment_status = PaymentStatus::NotRequired;
        Ok((Self(record), event))
    }

    /// The hold ran out unpaid, and the slot is free again.
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

    /// Moves an agreed session. The booking, its room and its payment stay.
    ///
    /// Clients may move a session until [`ChangeTerms::reschedule_until`], admins until it ends.
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
        let pause = self.blocked_until().duration_since(self.ends_at());
        let blocked_until = after_minutes(scheduled_at, self.minutes()).saturating_add(pause).unwrap_or(Timestamp::MAX);
        Ok(self.changed(now, BookingEvent::Rescheduled, |b| {
            b.scheduled_at = scheduled_at;
            b.blocked_until = blocked_until;
        }))
    }

    /// What calling it off at this moment would mean.
    ///
    /// `held` is what came in for it and can still go back, [`crate::payment::PaymentLedger::refundable`].
    pub fn cancellation_quote(&self, held: Money, by: Role, now: Timestamp) -> CancellationQuote {
        CancellationQuote::of(self, held, &self.terms(), by, now)
    }

    /// Calls a booking off. Clients may do so until the session begins, admins until it ends.
    ///
    /// `cancellation.refund` of a paid booking leaves it `refund_pending` unless it is nothing. It is never more than the
    /// price, and nothing where nothing was paid.
    pub fn cancel(self, cancellation: Cancellation, by: Role) -> Result<(Self, BookingEvent), ChangeError> {
        let now = cancellation.at;
        let most = if self.payment_status().has_been_paid() { self.price().minor() } else { 0 };
        if cancellation.refund.currency() != self.price().currency() || cancellation.refund.minor() > most {
            return Err(ChangeError::RefundTooLarge);
        }
        let payment_status = match (self.status(), self.payment_status()) {
            (BookingStatus::PendingPayment, PaymentStatus::Processing) => return Err(ChangeError::InvalidState),
            (BookingStatus::PendingPayment, _) => PaymentStatus::Cancelled,
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

    /// The session took place. Possible from its beginning on; also corrects a no-show.
    pub fn complete(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        let from = self.scheduled_at();
        self.close(BookingStatus::NoShow, BookingStatus::Completed, from, BookingEvent::Completed, now)
    }

    /// The client did not come. Possible from 15 minutes after the beginning on; also corrects a completion.
    pub fn mark_no_show(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        let from = self.scheduled_at().saturating_add(Self::NO_SHOW_AFTER).unwrap_or(Timestamp::MAX);
        self.close(BookingStatus::Completed, BookingStatus::NoShow, from, BookingEvent::MarkedNoShow, now)
    }

    /// Takes a completion or no-show back, while the session's end is still ahead.
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

    /// Takes back every link of this booking that was mailed so far, for example because one was passed on.
    pub fn revoke_links(self, now: Timestamp) -> Result<(Self, BookingEvent), ChangeError> {
        if self.status() != BookingStatus::Scheduled {
            return Err(ChangeError::InvalidState);
        }
        Ok(self.changed(now, BookingEvent::LinksRevoked, |b| b.link_version = b.link_version.saturating_add(1)))
    }

    /// Money moves after the booking was paid: a refund is promised, arrives, fails or comes back, or somebody gave money
    /// back without asking here. `books` is what they say now, [`crate::payment::PaymentLedger::status`].
    pub fn sync_payment_status(
        self,
        books: PaymentStatus,
        now: Timestamp,
    ) -> Result<(Self, BookingEvent), ChangeError> {
        if !self.payment_status().has_been_paid() || !books.has_been_paid() || books == self.payment_status() {
            return Err(ChangeError::InvalidState);
        }
        self.with_payment(books, now)
    }

    /// Money came for a booking that cannot be agreed any more, and goes back. An unpaid booking lets its slot go; one
    /// that was paid for otherwise stays as it is ([`ChangeError::InvalidState`]).
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
        let in_time = if self.status() == BookingStatus::Scheduled {
            now >= from
        } else if self.status() == other {
            now >= from && now < last
        } else {
            return Err(ChangeError::InvalidState);
        };
        if !in_time {
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
    /// The booking's state does not allow it.
    #[error(transparent)]
    State(#[from] ChangeError),
    /// The new time does not.
    #[error(transparent)]
    Time(#[from] BookError),
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
