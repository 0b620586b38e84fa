//! The reminder rule and the other emails: which ones a change of a booking causes, when they are sent, and whether they
//! still should be.
//!
//! ```
//! use attune_domain::notification::{NotificationKind, ReminderPlan, SendDecision, notifications_for, send_decision};
//! # use attune_domain::booking::{Booking, NewBooking, PaymentPlan};
//! # use attune_domain::meeting::{MeetingBaseUrl, NewRoom, RoomSuffix};
//! # use attune_domain::{BookingId, ChangeTerms, Money, ServiceId, UserId};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now: jiff::Timestamp = "2024-01-10T09:00:00Z".parse()?;
//! # let base_url: MeetingBaseUrl = "https://meet.example.org".parse()?;
//! # let (booking, event) = Booking::book(
//! #     NewBooking {
//! #         id: BookingId::try_from(12)?,
//! #         client: UserId::try_from(7)?,
//! #         therapist: UserId::try_from(1)?,
//! #         service: ServiceId::try_from(1)?,
//! #         scheduled_at: "2024-01-15T10:00:00Z".parse()?,
//! #         minutes: 50,
//! #         buffer_minutes: 10,
//! #         price: Money::zero("EUR".parse()?),
//! #         note: None,
//! #         terms: ChangeTerms::default(),
//! #         payment: PaymentPlan::NotRequired(NewRoom { base_url: &base_url, suffix: RoomSuffix::from_bytes([7; 16]) }),
//! #     },
//! #     now,
//! # )?;
//! // A booking was confirmed: its information email leaves now, the reminder a day before the session.
//! let plan = ReminderPlan::new(vec![24 * 60])?;
//! let emails = notifications_for(&booking, event, &[], &plan, now);
//! assert_eq!(emails[0].kind, NotificationKind::MeetingInfo);
//! assert_eq!(emails[1].send_after, "2024-01-14T10:00:00Z".parse()?);
//!
//! // Just before sending, the worker checks that the email is still correct.
//! assert_eq!(send_decision(&emails[1], &booking, emails[1].send_after), SendDecision::Send);
//! # Ok(())
//! # }
//! ```

use jiff::{SignedDuration, Timestamp};

use crate::{Booking, BookingEvent, BookingId, BookingStatus, NotificationId, ParticipantId, ViewerId};

/// What an email is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum NotificationKind {
    /// The booking is confirmed: its time and the recipient's link.
    MeetingInfo,
    /// The session starts soon.
    Reminder {
        /// How long before the session it is sent, in minutes.
        minutes_before: u32,
    },
    /// An invitation of a participant: the time and their link.
    Invitation,
    /// The session was moved: its new time and the recipient's link.
    Rescheduled,
    /// The session was cancelled.
    Cancelled,
    /// The recipient's link again, because they requested it or the previous one was revoked.
    MeetingLink,
    /// The payment was received.
    Receipt,
    /// A payment failed, or arrived too late to keep the session.
    PaymentProblem,
    /// A refund was made.
    Refund,
}

impl NotificationKind {
    /// Every kind without an offset; [`Self::Reminder`] has one.
    const WITHOUT_OFFSET: [Self; 8] = [
        Self::MeetingInfo,
        Self::Invitation,
        Self::Rescheduled,
        Self::Cancelled,
        Self::MeetingLink,
        Self::Receipt,
        Self::PaymentProblem,
        Self::Refund,
    ];

    /// The stable name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MeetingInfo => "meeting_info",
            Self::Reminder { .. } => "reminder",
            Self::Invitation => "invitation",
            Self::Rescheduled => "rescheduled",
            Self::Cancelled => "cancelled",
            Self::MeetingLink => "meeting_link",
            Self::Receipt => "receipt",
            Self::PaymentProblem => "payment_problem",
            Self::Refund => "refund",
        }
    }

    /// The offset of a reminder in minutes, 0 for every other kind.
    pub fn offset_minutes(self) -> u32 {
        if let Self::Reminder { minutes_before } = self { minutes_before } else { 0 }
    }

    /// Whether it is about a payment. Such an email is sent whatever the state of the booking.
    pub fn is_about_payment(self) -> bool {
        matches!(self, Self::Receipt | Self::PaymentProblem | Self::Refund)
    }

    /// The kind with this name, [`Self::as_str`], and offset, [`Self::offset_minutes`].
    pub fn parse(name: &str, offset_minutes: u32) -> Option<Self> {
        let reminder = Self::Reminder { minutes_before: offset_minutes };
        Self::WITHOUT_OFFSET.into_iter().chain([reminder]).find(|kind| kind.as_str() == name)
    }
}

/// An email to enqueue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    /// What it is about.
    pub kind: NotificationKind,
    /// The booking.
    pub booking: BookingId,
    /// Who receives it.
    pub recipient: ViewerId,
    /// The start of the session that it announces. The email is not sent if the booking has another start by then.
    pub starts_at: Timestamp,
    /// The version of the booking that caused it.
    pub booking_version: u32,
    /// When it is sent at the earliest.
    pub send_after: Timestamp,
}

impl NewNotification {
    /// Identifies the email, so that enqueueing it twice sends it once: booking, kind, offset, start of the session in
    /// Unix seconds, and the recipient unless it is the client.
    ///
    /// The key has the start and not the version of the booking, so that moving a session away and back does not repeat
    /// its reminders. Each move is announced, so `rescheduled` has the version. A link is sent once per hour and version,
    /// so that requests for it cannot flood a mailbox. Payment problems and refunds are keyed by their time: each one is
    /// enqueued once, in the unit of work that records it.
    pub fn dedupe_key(&self) -> String {
        let (kind, booking, start) = (self.kind.as_str(), self.booking, self.starts_at.as_second());
        match (self.kind, self.recipient) {
            (NotificationKind::MeetingLink, recipient) => {
                let hour = self.send_after.as_second().div_euclid(3_600);
                format!("{kind}:{booking}:{}:{hour}:{start}:{recipient}", self.booking_version)
            }
            (NotificationKind::PaymentProblem | NotificationKind::Refund, recipient) => {
                format!("{kind}:{booking}:{}:{start}:{recipient}", self.send_after.as_millisecond())
            }
            (NotificationKind::Rescheduled, recipient) => {
                format!("{kind}:{booking}:{}:{start}:{recipient}", self.booking_version)
            }
            (_, ViewerId::Account(_)) => format!("{kind}:{booking}:{}:{start}", self.kind.offset_minutes()),
            (_, recipient @ ViewerId::Participant(_)) => {
                format!("{kind}:{booking}:{}:{start}:{recipient}", self.kind.offset_minutes())
            }
        }
    }

    /// After when sending is pointless: a reminder is useless once the session is about to start. Other kinds have no
    /// such time.
    pub fn expires_at(&self) -> Option<Timestamp> {
        matches!(self.kind, NotificationKind::Reminder { .. })
            .then(|| self.starts_at.saturating_sub(REMINDER_CUTOFF).unwrap_or(self.starts_at))
    }
}

/// A reminder that was not sent until this long before the session expires.
pub const REMINDER_CUTOFF: SignedDuration = SignedDuration::from_mins(5);

/// A reminder due within this time of the booking would arrive together with the information email, and is not planned.
pub const REMINDER_MIN_DELAY: SignedDuration = SignedDuration::from_mins(1);

/// How long before a session its reminders are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReminderPlan {
    offsets: Vec<u32>,
}

/// The offsets of a reminder plan are invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at most 10 different offsets between 6 minutes and 30 days (43200 minutes)")]
pub struct InvalidReminderPlan;

impl ReminderPlan {
    /// Accepts offsets in minutes, in any order. An empty list means no reminders.
    pub fn new(mut offsets: Vec<u32>) -> Result<Self, InvalidReminderPlan> {
        offsets.sort_unstable_by(|a, b| b.cmp(a));
        let unique = offsets.windows(2).all(|pair| pair[0] != pair[1]);
        if unique && offsets.len() <= 10 && offsets.iter().all(|o| (6..=43_200).contains(o)) {
            Ok(Self { offsets })
        } else {
            Err(InvalidReminderPlan)
        }
    }

    /// The offsets in minutes, longest first.
    pub fn offsets_minutes(&self) -> &[u32] {
        &self.offsets
    }
}

/// The emails that an event causes, to the client and to every invited participant.
pub fn notifications_for(
    booking: &Booking,
    event: BookingEvent,
    invited: &[ParticipantId],
    plan: &ReminderPlan,
    now: Timestamp,
) -> Vec<NewNotification> {
    let client = ViewerId::Account(booking.client());
    let mut queued = Vec::new();
    for recipient in std::iter::once(client).chain(invited.iter().copied().map(ViewerId::Participant)) {
        let announcement = match event {
            BookingEvent::Scheduled => Some(NotificationKind::MeetingInfo),
            BookingEvent::Rescheduled => Some(NotificationKind::Rescheduled),
            BookingEvent::LinksRevoked => Some(NotificationKind::MeetingLink),
            // A booking that was never confirmed was never announced.
            BookingEvent::Cancelled => booking.room().map(|_| NotificationKind::Cancelled),
            BookingEvent::Held
            | BookingEvent::Expired
            | BookingEvent::Completed
            | BookingEvent::MarkedNoShow
            | BookingEvent::Reopened
            | BookingEvent::PaymentChanged => None,
        };
        queued.extend(announcement.map(|kind| notification(booking, kind, recipient, now)));
        if matches!(event, BookingEvent::Scheduled | BookingEvent::Rescheduled | BookingEvent::Reopened) {
            queued.extend(reminders(booking, recipient, plan, now));
        }
    }
    queued
}

/// The emails to a participant who is invited: the invitation and the same reminders as the client's.
pub fn notifications_for_participant(
    booking: &Booking,
    participant: ParticipantId,
    plan: &ReminderPlan,
    now: Timestamp,
) -> Vec<NewNotification> {
    let recipient = ViewerId::Participant(participant);
    std::iter::once(notification(booking, NotificationKind::Invitation, recipient, now))
        .chain(reminders(booking, recipient, plan, now))
        .collect()
}

/// An email about a payment to the client: [`NotificationKind::Receipt`], [`NotificationKind::PaymentProblem`] or
/// [`NotificationKind::Refund`].
pub fn payment_notification(booking: &Booking, kind: NotificationKind, now: Timestamp) -> NewNotification {
    notification(booking, kind, ViewerId::Account(booking.client()), now)
}

/// An email that repeats the recipient's link.
pub fn link_notification(booking: &Booking, recipient: ViewerId, now: Timestamp) -> NewNotification {
    notification(booking, NotificationKind::MeetingLink, recipient, now)
}

fn reminders(
    booking: &Booking,
    recipient: ViewerId,
    plan: &ReminderPlan,
    now: Timestamp,
) -> impl Iterator<Item = NewNotification> {
    plan.offsets_minutes().iter().filter_map(move |&minutes_before| {
        let lead = SignedDuration::from_mins(i64::from(minutes_before));
        let send_after = booking.scheduled_at().saturating_sub(lead).ok()?;
        (send_after.duration_since(now) > REMINDER_MIN_DELAY)
            .then(|| notification(booking, NotificationKind::Reminder { minutes_before }, recipient, send_after))
    })
}

fn notification(
    booking: &Booking,
    kind: NotificationKind,
    recipient: ViewerId,
    send_after: Timestamp,
) -> NewNotification {
    NewNotification {
        kind,
        booking: booking.id(),
        recipient,
        starts_at: booking.scheduled_at(),
        booking_version: booking.version(),
        send_after,
    }
}

text_enum! {
    /// The state of an email in the outbox.
    pub enum NotificationState {
        /// Waits for its time or for the next attempt.
        Pending => "pending",
        /// Accepted by the mail server.
        Sent => "sent",
        /// Not sent, because the booking changed.
        Skipped => "skipped",
        /// Not sent in time.
        Expired => "expired",
        /// Dead letter: given up after too many attempts or a permanent rejection. An admin has to look at it.
        Dead => "dead",
    }
}

/// An email in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Unique and never reused.
    pub id: NotificationId,
    /// The email itself.
    pub content: NewNotification,
    /// Its state.
    pub state: NotificationState,
    /// Number of attempts, including the current one.
    pub attempts: u32,
    /// When it is due next.
    pub next_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// The last failure, as a stable code without personal data.
    pub last_error: Option<String>,
}

/// Whether an email should still be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendDecision {
    /// Yes.
    Send,
    /// No: the booking changed after the email was enqueued.
    Skip,
    /// No: it would arrive too late.
    Expire,
}

/// Compares an email with the booking just before sending, so that no email announces a session that was cancelled or
/// moved since.
pub fn send_decision(notification: &NewNotification, booking: &Booking, now: Timestamp) -> SendDecision {
    let required = match notification.kind {
        NotificationKind::Receipt | NotificationKind::PaymentProblem | NotificationKind::Refund => {
            return SendDecision::Send;
        }
        NotificationKind::Cancelled => BookingStatus::Cancelled,
        NotificationKind::MeetingInfo
        | NotificationKind::Reminder { .. }
        | NotificationKind::Invitation
        | NotificationKind::Rescheduled
        | NotificationKind::MeetingLink => BookingStatus::Scheduled,
    };
    if booking.status() != required || booking.scheduled_at() != notification.starts_at {
        return SendDecision::Skip;
    }
    match notification.expires_at() {
        Some(expiry) if now >= expiry => SendDecision::Expire,
        None if now >= booking.ends_at() => SendDecision::Expire,
        _ => SendDecision::Send,
    }
}

/// Whether a later reminder of the same session is also due. After an outage a worker sends only the last of the
/// reminders that are due together.
pub fn is_superseded(notification: &NewNotification, plan: &ReminderPlan, now: Timestamp) -> bool {
    let NotificationKind::Reminder { minutes_before } = notification.kind else { return false };
    plan.offsets_minutes().iter().filter(|offset| **offset < minutes_before).any(|offset| {
        let lead = SignedDuration::from_mins(i64::from(*offset));
        notification.starts_at.saturating_sub(lead).is_ok_and(|due| due <= now)
    })
}

/// How long and how often sending is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Delay after the first failure; doubles with each further one.
    pub first: SignedDuration,
    /// Longest delay, before jitter.
    pub cap: SignedDuration,
    /// Attempts after which an email becomes a dead letter. Reminders expire instead.
    pub max_attempts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { first: SignedDuration::from_secs(30), cap: SignedDuration::from_hours(1), max_attempts: 12 }
    }
}

/// What happens to an email after a temporary failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// Try again at this instant.
    RetryAt(Timestamp),
    /// Give up: the next attempt would be too late.
    Expire,
    /// Give up: the attempts are used up.
    DeadLetter,
}

impl RetryPolicy {
    /// Decides after attempt number `attempts` (from 1). `jitter` in 0..=1 varies the delay by 20 % in both directions,
    /// so that a recovering mail server does not receive every email at once.
    pub fn after_failure(
        &self,
        notification: &NewNotification,
        attempts: u32,
        jitter: f64,
        now: Timestamp,
    ) -> RetryDecision {
        let doublings = attempts.saturating_sub(1).min(20);
        let delay = self.first.as_secs_f64() * f64::from(1_u32 << doublings);
        let factor = 0.8 + 0.4 * jitter.clamp(0.0, 1.0);
        // A jitter of NaN makes the product NaN, which must not stop the worker.
        let delay = SignedDuration::try_from_secs_f64(delay.min(self.cap.as_secs_f64()) * factor).unwrap_or(self.cap);
        let at = now.saturating_add(delay).unwrap_or(Timestamp::MAX);
        match notification.expires_at() {
            // One more attempt shortly before the expiry is better than giving up early.
            Some(expiry) if at >= expiry => {
                let earliest = now.saturating_add(SignedDuration::from_secs(5)).unwrap_or(Timestamp::MAX);
                let last_try = expiry.saturating_sub(SignedDuration::from_secs(30)).unwrap_or(expiry).max(earliest);
                if last_try < expiry { RetryDecision::RetryAt(last_try) } else { RetryDecision::Expire }
            }
            Some(_) => RetryDecision::RetryAt(at),
            None if attempts >= self.max_attempts => RetryDecision::DeadLetter,
            None => RetryDecision::RetryAt(at),
        }
    }
}

#[cfg(test)]
mod tests;
