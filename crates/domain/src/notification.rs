//! Which mails a change of a booking owes, when they leave, and whether they still should.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::{Booking, BookingEvent, BookingId, BookingStatus, NotificationId, ParticipantId, ViewerId};

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotificationKind {
    /// The session is agreed: when it is, and the reader's link.
    MeetingInfo,
    /// The session is near.
    Reminder {
        /// How long before the session it leaves, in minutes.
        minutes_before: u32,
    },
    /// Somebody is invited to take part: when it is, and their link.
    Invitation,
    /// The session was moved: when it is now, and the reader's link.
    Rescheduled,
    /// The session was called off.
    Cancelled,
    /// The reader's link once more, because they asked for it or because the one before was taken back.
    MeetingLink,
    /// The payment came in.
    Receipt,
    /// Something is wrong with a payment: it failed, or it came when the session could not be kept any more.
    PaymentProblem,
    /// Money went back.
    Refund,
}

impl NotificationKind {
    /// The name in the API and in stores.
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

    /// The offset of a reminder in minutes, 0 for everything else.
    pub fn offset_minutes(self) -> u32 {
        match self {
            Self::MeetingInfo
            | Self::Invitation
            | Self::Rescheduled
            | Self::Cancelled
            | Self::MeetingLink
            | Self::Receipt
            | Self::PaymentProblem
            | Self::Refund => 0,
            Self::Reminder { minutes_before } => minutes_before,
        }
    }

    /// Whether it is about money, and so about a booking in whatever state, at whatever time.
    pub fn is_about_payment(self) -> bool {
        match self {
            Self::Receipt | Self::PaymentProblem | Self::Refund => true,
            Self::MeetingInfo
            | Self::Reminder { .. }
            | Self::Invitation
            | Self::Rescheduled
            | Self::Cancelled
            | Self::MeetingLink => false,
        }
    }

    /// Reads what [`Self::as_str`] and [`Self::offset_minutes`] give.
    pub fn parse(name: &str, offset_minutes: u32) -> Option<Self> {
        match name {
            "meeting_info" => Some(Self::MeetingInfo),
            "reminder" => Some(Self::Reminder { minutes_before: offset_minutes }),
            "invitation" => Some(Self::Invitation),
            "rescheduled" => Some(Self::Rescheduled),
            "cancelled" => Some(Self::Cancelled),
            "meeting_link" => Some(Self::MeetingLink),
            "receipt" => Some(Self::Receipt),
            "payment_problem" => Some(Self::PaymentProblem),
            "refund" => Some(Self::Refund),
            _ => None,
        }
    }
}

/// A mail that a change owes to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    /// What it is about.
    pub kind: NotificationKind,
    /// Which booking it is about.
    pub booking: BookingId,
    /// Who reads it.
    pub recipient: ViewerId,
    /// The beginning it tells; if the booking has another one by then, the mail is not sent.
    pub starts_at: Timestamp,
    /// The version of the booking that owes it.
    pub booking_version: u32,
    /// When it leaves at the earliest.
    pub send_after: Timestamp,
}

impl NewNotification {
    /// One mail per key, whatever is retried or moved: (booking, kind, offset, beginning of the session in Unix seconds),
    /// and the reader unless it is the client.
    ///
    /// The beginning stands here and not the version: a session that is moved away and back again owes its reminders
    /// once, not twice. That it was moved is told each time, so there the version counts. Links are sent once per hour and
    /// version of the booking, so that nobody can fill a mailbox by asking for them. What happened to money is told each
    /// time that it happens; what happened then is written once, in the unit of work that owes the mail.
    pub fn dedupe_key(&self) -> String {
        let (kind, booking, start) = (self.kind.as_str(), self.booking, self.starts_at.as_second());
        match (self.kind, self.recipient) {
            (NotificationKind::MeetingLink, reader) => {
                let hour = self.send_after.as_second().div_euclid(3_600);
                format!("{kind}:{booking}:{}:{hour}:{start}:{reader}", self.booking_version)
            }
            (NotificationKind::PaymentProblem | NotificationKind::Refund, reader) => {
                format!("{kind}:{booking}:{}:{start}:{reader}", self.send_after.as_millisecond())
            }
            (NotificationKind::Rescheduled, reader) => {
                format!("{kind}:{booking}:{}:{start}:{reader}", self.booking_version)
            }
            (_, ViewerId::Account(_)) => format!("{kind}:{booking}:{}:{start}", self.kind.offset_minutes()),
            (_, ViewerId::Participant(_)) => {
                format!("{kind}:{booking}:{}:{start}:{}", self.kind.offset_minutes(), self.recipient)
            }
        }
    }

    /// When trying makes no sense any more. A reminder is no use once the session is about to begin.
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self.kind {
            NotificationKind::MeetingInfo
            | NotificationKind::Invitation
            | NotificationKind::Rescheduled
            | NotificationKind::Cancelled
            | NotificationKind::MeetingLink
            | NotificationKind::Receipt
            | NotificationKind::PaymentProblem
            | NotificationKind::Refund => None,
            NotificationKind::Reminder { .. } => {
                Some(self.starts_at.saturating_sub(REMINDER_CUTOFF).unwrap_or(self.starts_at))
            }
        }
    }
}

/// A reminder that could not leave by this long before the session is given up.
pub const REMINDER_CUTOFF: SignedDuration = SignedDuration::from_mins(5);

/// A reminder due this soon after the booking would arrive together with the information mail, and is not planned.
pub const REMINDER_MIN_DELAY: SignedDuration = SignedDuration::from_mins(1);

/// How long before a session its reminders leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReminderPlan {
    offsets: Vec<u32>,
}

/// The offsets of a plan do not make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at most 10 different offsets between 6 minutes and 30 days (43200 minutes)")]
pub struct InvalidReminderPlan;

impl ReminderPlan {
    /// Takes offsets in minutes, in any order. None at all means no reminders.
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

/// The mails that an event owes to everybody who takes part: the client, and whoever is invited.
pub fn notifications_for(
    booking: &Booking,
    event: BookingEvent,
    invited: &[ParticipantId],
    plan: &ReminderPlan,
    now: Timestamp,
) -> Vec<NewNotification> {
    let client = ViewerId::Account(booking.client());
    let mut queued = Vec::new();
    for reader in std::iter::once(client).chain(invited.iter().copied().map(ViewerId::Participant)) {
        match event {
            BookingEvent::Scheduled => {
                queued.push(notice(booking, NotificationKind::MeetingInfo, reader, now));
                queued.extend(reminders(booking, reader, plan, now));
            }
            BookingEvent::Rescheduled => {
                queued.push(notice(booking, NotificationKind::Rescheduled, reader, now));
                queued.extend(reminders(booking, reader, plan, now));
            }
            BookingEvent::Reopened => queued.extend(reminders(booking, reader, plan, now)),
            // Nobody was told of a session that was never agreed.
            BookingEvent::Cancelled if booking.room().is_some() => {
                queued.push(notice(booking, NotificationKind::Cancelled, reader, now));
            }
            BookingEvent::LinksRevoked => queued.push(link_notification(booking, reader, now)),
            BookingEvent::Cancelled
            | BookingEvent::Held
            | BookingEvent::Expired
            | BookingEvent::Completed
            | BookingEvent::MarkedNoShow
            | BookingEvent::PaymentChanged => {}
        }
    }
    queued
}

/// The mails that an invitation owes to the one who is invited: the invitation itself, and the same reminders that the
/// client gets.
pub fn notifications_for_participant(
    booking: &Booking,
    participant: ParticipantId,
    plan: &ReminderPlan,
    now: Timestamp,
) -> Vec<NewNotification> {
    let reader = ViewerId::Participant(participant);
    std::iter::once(notice(booking, NotificationKind::Invitation, reader, now))
        .chain(reminders(booking, reader, plan, now))
        .collect()
}

/// The mail that tells the client about money: [`NotificationKind::Receipt`], [`NotificationKind::PaymentProblem`] or
/// [`NotificationKind::Refund`].
pub fn payment_notification(booking: &Booking, kind: NotificationKind, now: Timestamp) -> NewNotification {
    notice(booking, kind, ViewerId::Account(booking.client()), now)
}

/// The mail that tells somebody their link once more.
pub fn link_notification(booking: &Booking, reader: ViewerId, now: Timestamp) -> NewNotification {
    notice(booking, NotificationKind::MeetingLink, reader, now)
}

fn reminders(
    booking: &Booking,
    reader: ViewerId,
    plan: &ReminderPlan,
    now: Timestamp,
) -> impl Iterator<Item = NewNotification> {
    plan.offsets_minutes().iter().filter_map(move |&minutes_before| {
        let lead = SignedDuration::from_mins(i64::from(minutes_before));
        let send_after = booking.scheduled_at().saturating_sub(lead).ok()?;
        (send_after.duration_since(now) > REMINDER_MIN_DELAY)
            .then(|| notice(booking, NotificationKind::Reminder { minutes_before }, reader, send_after))
    })
}

fn notice(booking: &Booking, kind: NotificationKind, recipient: ViewerId, send_after: Timestamp) -> NewNotification {
    NewNotification {
        kind,
        booking: booking.id(),
        recipient,
        starts_at: booking.scheduled_at(),
        booking_version: booking.version(),
        send_after,
    }
}

/// Where a mail is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotificationState {
    /// Waits for its time or for the next attempt.
    Pending,
    /// Handed to the mail server.
    Sent,
    /// Not sent, because the booking changed since.
    Skipped,
    /// Not sent in time.
    Expired,
    /// Given up after too many attempts or a final refusal. An admin has to look at it.
    Dead,
}

impl NotificationState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Sent, Self::Skipped, Self::Expired, Self::Dead];

    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Skipped => "skipped",
            Self::Expired => "expired",
            Self::Dead => "dead",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl fmt::Display for NotificationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Which mail.
    pub id: NotificationId,
    /// What was owed.
    pub content: NewNotification,
    /// Where it is in its life.
    pub state: NotificationState,
    /// How often a worker took it up, the present time included.
    pub attempts: u32,
    /// When it is due next.
    pub next_at: Timestamp,
    /// When it left.
    pub sent_at: Option<Timestamp>,
    /// What went wrong last, as a stable word without personal data.
    pub last_error: Option<String>,
}

/// Whether a mail should still leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendDecision {
    /// Yes.
    Send,
    /// No: the booking is not what it was when the mail was owed.
    Skip,
    /// No: it would come too late.
    Expire,
}

/// Looks at the booking as it is now, just before sending: a cancelled or moved session never mails its old time.
pub fn send_decision(notice: &NewNotification, booking: &Booking, now: Timestamp) -> SendDecision {
    let awaited = match notice.kind {
        // What happened to money is told, whatever became of the session since.
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
    if booking.status() != awaited || booking.scheduled_at() != notice.starts_at {
        return SendDecision::Skip;
    }
    match notice.expires_at() {
        Some(last) if now >= last => SendDecision::Expire,
        None if now >= booking.ends_at() => SendDecision::Expire,
        _ => SendDecision::Send,
    }
}

/// Whether a nearer reminder of the same session is due by now. A worker that was away for a day must not send the
/// reminders of 24 hours and of one hour together; the nearer one is enough.
pub fn is_superseded(notice: &NewNotification, plan: &ReminderPlan, now: Timestamp) -> bool {
    let NotificationKind::Reminder { minutes_before } = notice.kind else { return false };
    plan.offsets_minutes().iter().filter(|nearer| **nearer < minutes_before).any(|nearer| {
        let lead = SignedDuration::from_mins(i64::from(*nearer));
        notice.starts_at.saturating_sub(lead).is_ok_and(|due| due <= now)
    })
}

/// How long and how often sending is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Pause after the first failure; doubles each time.
    pub first: SignedDuration,
    /// Longest pause, before it is spread.
    pub cap: SignedDuration,
    /// Attempts after which a mail is dead. Reminders end by their own time instead.
    pub max_attempts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { first: SignedDuration::from_secs(30), cap: SignedDuration::from_hours(1), max_attempts: 12 }
    }
}

/// What becomes of a mail whose attempt failed, though not for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// Try again at this instant.
    RetryAt(Timestamp),
    /// The next attempt would come too late.
    Expire,
    /// Tried often enough.
    DeadLetter,
}

impl RetryPolicy {
    /// Decides after attempt number `attempts` (from 1). `jitter` in 0..=1 spreads retries by 20 % both ways, so that
    /// a mail server that comes back is not met by everything at once.
    pub fn after_failure(&self, notice: &NewNotification, attempts: u32, jitter: f64, now: Timestamp) -> RetryDecision {
        let doublings = attempts.saturating_sub(1).min(20);
        let pause = self.first.as_secs_f64() * f64::from(1_u32 << doublings);
        let spread = 0.8 + 0.4 * jitter.clamp(0.0, 1.0);
        // A jitter that is no number gives no number here either, and must not stop the worker.
        let pause = SignedDuration::try_from_secs_f64(pause.min(self.cap.as_secs_f64()) * spread).unwrap_or(self.cap);
        let at = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
        match notice.expires_at() {
            // One last try just before it is too late beats giving up early.
            Some(last) if at >= last => {
                let soonest = now.saturating_add(SignedDuration::from_secs(5)).unwrap_or(Timestamp::MAX);
                let last_try = last.saturating_sub(SignedDuration::from_secs(30)).unwrap_or(last).max(soonest);
                if last_try < last { RetryDecision::RetryAt(last_try) } else { RetryDecision::Expire }
            }
            Some(_) => RetryDecision::RetryAt(at),
            None if attempts >= self.max_attempts => RetryDecision::DeadLetter,
            None => RetryDecision::RetryAt(at),
        }
    }
}

#[cfg(test)]
mod tests;
