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
//! #         series: None,
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

mod therapist;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

pub use therapist::{
    agenda_due, agenda_notification, day_bounds, former_therapist_notification, therapist_kind, therapist_notification,
};

use crate::{
    Booking, BookingEvent, BookingId, BookingStatus, NotificationId, OneTimePurpose, ParticipantId, PaymentStatus,
    UserId, ViewerId,
};

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
    /// Another therapist takes the session.
    Reassigned,
    /// The length of the session changed.
    Updated,
    /// The recipient's link again, because they requested it or the previous one was revoked.
    MeetingLink,
    /// The payment was received.
    Receipt,
    /// A payment failed, or arrived too late to keep the session.
    PaymentProblem,
    /// A refund was made.
    Refund,
    /// The slot is held: how to pay the practice, how much and until when.
    PaymentInstructions,
    /// The practice booked a session, and the client is to pay online: how much and until when.
    PaymentRequest,
    /// The hold that the recipient was asked to pay for ends soon.
    PaymentReminder,
    /// The hold ended without payment.
    HoldExpired,
    /// To the therapist: a session in their calendar was booked and confirmed.
    TherapistBooked,
    /// To the therapist: a session in their calendar was moved.
    TherapistRescheduled,
    /// To the therapist: a session in their calendar was cancelled.
    TherapistCancelled,
    /// To the former therapist: a session was handed to a colleague.
    TherapistReassigned,
    /// To the therapist: the length of a session in their calendar changed.
    TherapistUpdated,
    /// To the therapist: the payment of a session was received.
    TherapistPayment,
    /// To the therapist: a payment problem of a session needs review.
    TherapistPaymentReview,
    /// To a therapist: the sessions of one day.
    Agenda,
    /// A link with which the recipient sets a new password.
    PasswordReset,
    /// A link with which the recipient logs in.
    LoginLink,
    /// A link with which the owner of a new account proves that the address is theirs.
    EmailVerification,
    /// To the new address of an account: a link that confirms it.
    EmailConfirmation,
    /// To the former address of an account: it was replaced, and how to undo that.
    EmailChanged,
    /// The practice added an account: a link with which its owner sets a password.
    AccountInvitation,
    /// Someone tried to register with the address of an account.
    RegistrationAttempt,
    /// The password was changed.
    PasswordChanged,
    /// A second factor was set up.
    SecondFactorAdded,
    /// The second factor was removed.
    SecondFactorRemoved,
    /// The account became an admin's, or a client's.
    RoleChanged,
    /// The practice disabled the account.
    AccountDisabled,
    /// Someone logged in from a device and a network that were not used lately.
    NewLogin,
}

impl NotificationKind {
    /// Every kind without an offset; [`Self::Reminder`] has one.
    pub const WITHOUT_OFFSET: [Self; 35] = [
        Self::MeetingInfo,
        Self::Invitation,
        Self::Rescheduled,
        Self::Cancelled,
        Self::Reassigned,
        Self::Updated,
        Self::MeetingLink,
        Self::Receipt,
        Self::PaymentProblem,
        Self::Refund,
        Self::PaymentInstructions,
        Self::PaymentRequest,
        Self::PaymentReminder,
        Self::HoldExpired,
        Self::TherapistBooked,
        Self::TherapistRescheduled,
        Self::TherapistCancelled,
        Self::TherapistReassigned,
        Self::TherapistUpdated,
        Self::TherapistPayment,
        Self::TherapistPaymentReview,
        Self::Agenda,
        Self::PasswordReset,
        Self::LoginLink,
        Self::EmailVerification,
        Self::EmailConfirmation,
        Self::EmailChanged,
        Self::AccountInvitation,
        Self::RegistrationAttempt,
        Self::PasswordChanged,
        Self::SecondFactorAdded,
        Self::SecondFactorRemoved,
        Self::RoleChanged,
        Self::AccountDisabled,
        Self::NewLogin,
    ];

    /// The stable name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MeetingInfo => "meeting_info",
            Self::Reminder { .. } => "reminder",
            Self::Invitation => "invitation",
            Self::Rescheduled => "rescheduled",
            Self::Cancelled => "cancelled",
            Self::Reassigned => "reassigned",
            Self::Updated => "updated",
            Self::MeetingLink => "meeting_link",
            Self::Receipt => "receipt",
            Self::PaymentProblem => "payment_problem",
            Self::Refund => "refund",
            Self::PaymentInstructions => "payment_instructions",
            Self::PaymentRequest => "payment_request",
            Self::PaymentReminder => "payment_reminder",
            Self::HoldExpired => "hold_expired",
            Self::TherapistBooked => "therapist_booked",
            Self::TherapistRescheduled => "therapist_rescheduled",
            Self::TherapistCancelled => "therapist_cancelled",
            Self::TherapistReassigned => "therapist_reassigned",
            Self::TherapistUpdated => "therapist_updated",
            Self::TherapistPayment => "therapist_payment",
            Self::TherapistPaymentReview => "therapist_payment_review",
            Self::Agenda => "agenda",
            Self::PasswordReset => "password_reset",
            Self::LoginLink => "login_link",
            Self::EmailVerification => "email_verification",
            Self::EmailConfirmation => "email_confirmation",
            Self::EmailChanged => "email_changed",
            Self::AccountInvitation => "account_invitation",
            Self::RegistrationAttempt => "registration_attempt",
            Self::PasswordChanged => "password_changed",
            Self::SecondFactorAdded => "second_factor_added",
            Self::SecondFactorRemoved => "second_factor_removed",
            Self::RoleChanged => "role_changed",
            Self::AccountDisabled => "account_disabled",
            Self::NewLogin => "new_login",
        }
    }

    /// The offset of a reminder in minutes, 0 for every other kind.
    pub fn offset_minutes(self) -> u32 {
        if let Self::Reminder { minutes_before } = self { minutes_before } else { 0 }
    }

    /// The kinds that every booking, move and cancellation causes. A client can cause any number of them, and the address of
    /// an account may be a stranger's, so [`Announcements`] limits them. The same acts must not flood a therapist's mailbox.
    ///
    /// Only the practice causes a [`Self::PaymentRequest`], and [`Self::HoldExpired`] follows an email that was limited.
    pub const ANNOUNCEMENTS: [Self; 7] = [
        Self::MeetingInfo,
        Self::Rescheduled,
        Self::Cancelled,
        Self::PaymentInstructions,
        Self::TherapistBooked,
        Self::TherapistRescheduled,
        Self::TherapistCancelled,
    ];

    /// Whether it is one of [`Self::ANNOUNCEMENTS`].
    pub fn is_announcement(self) -> bool {
        Self::ANNOUNCEMENTS.contains(&self)
    }

    /// Whether it is about a payment and not about the session: it has neither a link into the room nor a calendar entry.
    pub fn is_about_payment(self) -> bool {
        matches!(
            self,
            Self::Receipt | Self::PaymentProblem | Self::Refund | Self::TherapistPayment | Self::TherapistPaymentReview
        ) || self.is_about_hold()
    }

    /// Whether it is about a hold. Such an email is sent only while the hold is as it says; any other one about a payment
    /// is sent whatever the state of the booking.
    pub fn is_about_hold(self) -> bool {
        self.announces_hold() || matches!(self, Self::PaymentReminder | Self::HoldExpired)
    }

    /// Whether its recipient learns from it that a slot is held for them. No one else is told how the hold ended.
    pub fn announces_hold(self) -> bool {
        matches!(self, Self::PaymentInstructions | Self::PaymentRequest)
    }

    /// Whether those about several bookings of a series are sent as one ([`combined`]).
    pub fn is_combinable(self) -> bool {
        matches!(
            self,
            Self::MeetingInfo
                | Self::Rescheduled
                | Self::Cancelled
                | Self::Receipt
                | Self::PaymentInstructions
                | Self::PaymentRequest
                | Self::PaymentReminder
                | Self::HoldExpired
                | Self::TherapistBooked
                | Self::TherapistRescheduled
                | Self::TherapistCancelled
                | Self::TherapistPayment
        )
    }

    /// Whether it is planned ahead, and not sent when it is enqueued.
    fn is_planned(self) -> bool {
        matches!(self, Self::Reminder { .. } | Self::PaymentReminder)
    }

    /// Whether it is for the therapist of a booking, or the former one. It names the client.
    pub fn is_for_therapist(self) -> bool {
        matches!(
            self,
            Self::TherapistBooked
                | Self::TherapistRescheduled
                | Self::TherapistCancelled
                | Self::TherapistReassigned
                | Self::TherapistUpdated
                | Self::TherapistPayment
                | Self::TherapistPaymentReview
        )
    }

    /// Whether it is about an account and not about a session.
    pub fn is_about_account(self) -> bool {
        self.one_time_purpose().is_some()
            || matches!(
                self,
                Self::RegistrationAttempt
                    | Self::PasswordChanged
                    | Self::SecondFactorAdded
                    | Self::SecondFactorRemoved
                    | Self::RoleChanged
                    | Self::AccountDisabled
                    | Self::NewLogin
            )
    }

    /// What the one-time link is for that the email carries; `None` for one without such a link.
    pub fn one_time_purpose(self) -> Option<OneTimePurpose> {
        OneTimePurpose::ALL.into_iter().find(|purpose| purpose.notification() == self)
    }

    /// Whether it says that a session is cancelled.
    pub fn is_cancellation(self) -> bool {
        matches!(self, Self::Cancelled | Self::TherapistCancelled)
    }

    /// Whether the session leaves the recipient's calendar: it is cancelled, or a colleague's now.
    pub fn removes_entry(self) -> bool {
        self.is_cancellation() || self == Self::TherapistReassigned
    }

    /// Whether it has the recipient's link into the room, and is useless without one.
    pub fn has_link(self) -> bool {
        !self.removes_entry() && !self.is_about_payment() && !self.is_about_account() && self != Self::Agenda
    }

    /// The kind with this name, [`Self::as_str`], and offset, [`Self::offset_minutes`].
    pub fn parse(name: &str, offset_minutes: u32) -> Option<Self> {
        let reminder = Self::Reminder { minutes_before: offset_minutes };
        Self::WITHOUT_OFFSET.into_iter().chain([reminder]).find(|kind| kind.as_str() == name)
    }
}

/// What an email is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationSubject {
    /// A booking, as it was when the email was enqueued.
    Booking {
        /// The booking.
        id: BookingId,
        /// The start of the session that the email announces. It is not sent if the booking has another start by then.
        starts_at: Timestamp,
        /// The version of the booking that caused the email.
        version: u32,
    },
    /// A user's account.
    User(UserId),
    /// A day in a therapist's calendar.
    Day {
        /// The therapist.
        user: UserId,
        /// The date where the therapist is.
        date: Date,
    },
}

impl NotificationSubject {
    /// A booking as it is now.
    pub fn of(booking: &Booking) -> Self {
        Self::Booking { id: booking.id(), starts_at: booking.scheduled_at(), version: booking.version() }
    }

    /// The booking, if the email is about one.
    pub fn booking(self) -> Option<BookingId> {
        match self {
            Self::Booking { id, .. } => Some(id),
            Self::User(_) | Self::Day { .. } => None,
        }
    }

    /// The start of the session that the email announces, if it announces one.
    pub fn starts_at(self) -> Option<Timestamp> {
        match self {
            Self::Booking { starts_at, .. } => Some(starts_at),
            Self::User(_) | Self::Day { .. } => None,
        }
    }
}

/// An email to enqueue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    /// The kind of email.
    pub kind: NotificationKind,
    /// What it is about.
    pub subject: NotificationSubject,
    /// Who receives it.
    pub recipient: ViewerId,
    /// When it is sent at the earliest.
    pub send_after: Timestamp,
}

impl NewNotification {
    /// Identifies the email, so that enqueueing it twice sends it once: booking, kind, offset, start of the session in
    /// Unix seconds, and the recipient unless it is the client.
    ///
    /// The key has the start and not the version of the booking, so that moving a session away and back does not repeat
    /// its reminders. Each move is announced, so `rescheduled` has the version. A link is sent once per hour and version,
    /// so that requests for it cannot flood a mailbox. Receipts, payment problems, refunds and payment reminders are keyed by
    /// their time: each one is enqueued once, in the unit of work that records it. So is an email about an account, but one
    /// about a new login is sent once a day. There is one agenda for each therapist and day. An email to a therapist about a
    /// change of the booking has the version.
    pub fn dedupe_key(&self) -> String {
        let kind = self.kind.as_str();
        let (booking, start, version) = match self.subject {
            NotificationSubject::Booking { id, starts_at, version } => (id, starts_at.as_second(), version),
            NotificationSubject::User(id) if self.kind == NotificationKind::NewLogin => {
                let day = self.send_after.as_second().div_euclid(24 * 3_600);
                return format!("{kind}:user-{id}:{day}");
            }
            NotificationSubject::User(id) => {
                return format!("{kind}:user-{id}:{}:{}", self.send_after.as_millisecond(), self.recipient);
            }
            NotificationSubject::Day { user, date } => return format!("{kind}:user-{user}:{date}"),
        };
        match (self.kind, self.recipient) {
            (NotificationKind::MeetingLink, recipient) => {
                let hour = self.send_after.as_second().div_euclid(3_600);
                format!("{kind}:{booking}:{}:{hour}:{start}:{recipient}", version)
            }
            (
                NotificationKind::Receipt
                | NotificationKind::PaymentProblem
                | NotificationKind::Refund
                | NotificationKind::PaymentReminder
                | NotificationKind::TherapistPayment
                | NotificationKind::TherapistPaymentReview,
                recipient,
            ) => {
                format!("{kind}:{booking}:{}:{start}:{recipient}", self.send_after.as_millisecond())
            }
            (
                NotificationKind::Rescheduled
                | NotificationKind::TherapistBooked
                | NotificationKind::TherapistRescheduled
                | NotificationKind::TherapistCancelled
                | NotificationKind::TherapistReassigned
                | NotificationKind::TherapistUpdated
                | NotificationKind::Reassigned
                | NotificationKind::Updated,
                recipient,
            ) => {
                format!("{kind}:{booking}:{}:{start}:{recipient}", version)
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
        let starts_at = self.subject.starts_at().filter(|_| matches!(self.kind, NotificationKind::Reminder { .. }))?;
        Some(starts_at.saturating_sub(REMINDER_CUTOFF).unwrap_or(starts_at))
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
            // Only the client knew the former therapist.
            BookingEvent::Reassigned if recipient == client => booking.room().map(|_| NotificationKind::Reassigned),
            BookingEvent::Held
            | BookingEvent::Expired
            | BookingEvent::Completed
            | BookingEvent::MarkedNoShow
            | BookingEvent::Reopened
            | BookingEvent::Reassigned
            | BookingEvent::PaymentChanged
            | BookingEvent::Edited
            | BookingEvent::Entered => None,
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

/// The emails about a new length of a confirmed session, to the client and to every invited participant.
pub fn length_notifications(booking: &Booking, invited: &[ParticipantId], now: Timestamp) -> Vec<NewNotification> {
    if booking.status() != BookingStatus::Scheduled {
        return Vec::new();
    }
    let readers =
        std::iter::once(ViewerId::Account(booking.client())).chain(invited.iter().copied().map(ViewerId::Participant));
    readers.map(|reader| notification(booking, NotificationKind::Updated, reader, now)).collect()
}

/// The emails to a client whom the practice asks to pay for a hold: the request, and a reminder that is due before the
/// hold ends ([`payment_reminder_at`]).
pub fn payment_request_notifications(booking: &Booking, now: Timestamp) -> Vec<NewNotification> {
    let client = ViewerId::Account(booking.client());
    let request = notification(booking, NotificationKind::PaymentRequest, client, now);
    std::iter::once(request).chain(payment_reminder(booking, now)).collect()
}

/// The reminder of a payment for the hold as it is now.
pub fn payment_reminder(booking: &Booking, now: Timestamp) -> Option<NewNotification> {
    let at = payment_reminder_at(now, booking.hold_expires_at()?)?;
    Some(notification(booking, NotificationKind::PaymentReminder, ViewerId::Account(booking.client()), at))
}

/// When a client is reminded to pay for a hold of this length: a day before its end, or halfway through a hold of less
/// than two days. `None` for a hold of less than two hours.
pub fn payment_reminder_at(from: Timestamp, until: Timestamp) -> Option<Timestamp> {
    let length = until.duration_since(from);
    if length < SignedDuration::from_hours(2) {
        return None;
    }
    until.saturating_sub((length / 2).min(PAYMENT_REMINDER_LEAD)).ok()
}

/// The longest time between a payment reminder and the end of its hold.
const PAYMENT_REMINDER_LEAD: SignedDuration = SignedDuration::from_hours(24);

/// The email about the end of a hold, expired or cancelled, to a client who was told of it by one of `emails`, which are
/// those about the booking.
pub fn hold_end_notification(
    booking: &Booking,
    event: BookingEvent,
    emails: &[Notification],
    now: Timestamp,
) -> Option<NewNotification> {
    let kind = if event == BookingEvent::Expired {
        NotificationKind::HoldExpired
    } else if event == BookingEvent::Cancelled && booking.room().is_none() {
        NotificationKind::Cancelled
    } else {
        return None;
    };
    let is_told = emails.iter().any(|email| email.content.kind.announces_hold());
    is_told.then(|| notification(booking, kind, ViewerId::Account(booking.client()), now))
}

/// An email about a payment to the client, [`NotificationKind::is_about_payment`], that is due now.
pub fn payment_notification(booking: &Booking, kind: NotificationKind, now: Timestamp) -> NewNotification {
    notification(booking, kind, ViewerId::Account(booking.client()), now)
}

/// An email about an account to its owner, [`NotificationKind::is_about_account`]. One with a one-time link has the time at
/// which the token was issued.
pub fn account_notification(user: UserId, kind: NotificationKind, now: Timestamp) -> NewNotification {
    NewNotification {
        kind,
        subject: NotificationSubject::User(user),
        recipient: ViewerId::Account(user),
        send_after: now,
    }
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
    NewNotification { kind, subject: NotificationSubject::of(booking), recipient, send_after }
}

text_enum! {
    /// The state of an email in the outbox.
    pub enum NotificationState {
        /// Waits for its time or for the next attempt.
        Pending => "pending",
        /// Was due before a backup was restored, and may have been sent since the backup. An admin or the operator releases or
        /// cancels it.
        Held => "held",
        /// Accepted by the mail server.
        Sent => "sent",
        /// Not sent, because the booking changed.
        Skipped => "skipped",
        /// Taken back before it was due, because its booking was cancelled or by an admin.
        Cancelled => "cancelled",
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
    /// How often an admin sent it again after it had been sent.
    pub resends: u32,
    /// The email that it is sent together with, as one email about several bookings of a series. `None` for that one, and
    /// for an email that is sent on its own. See [`combined`].
    pub lead: Option<NotificationId>,
}

/// Emails about bookings of a series that are sent as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CombinedNotifications {
    /// The one about the earliest session.
    pub lead: NotificationId,
    /// The others.
    pub others: Vec<NotificationId>,
}

/// Which of the emails about several bookings of a series are sent as one: those of the same kind, recipient and time that
/// are due at `from` or later, so that a series does not fill a mailbox. Reminders of sessions are sent one by one, and so
/// is what a single payment or refund causes.
pub fn combined(emails: &[Notification], from: Timestamp) -> Vec<CombinedNotifications> {
    let is_combined = |email: &Notification| emails.iter().any(|other| other.lead == Some(email.id));
    let is_new = |email: &&Notification| {
        email.state == NotificationState::Pending
            && email.attempts == 0
            && email.content.send_after >= from
            && email.content.kind.is_combinable()
            && email.lead.is_none()
            && !is_combined(email)
    };
    let mut new: Vec<&Notification> = emails.iter().filter(is_new).collect();
    new.sort_by_key(|email| (email.content.subject.starts_at(), email.id));
    let is_same = |a: &NewNotification, b: &NewNotification| {
        (a.kind, a.recipient, a.send_after) == (b.kind, b.recipient, b.send_after)
    };
    let mut groups: Vec<(&NewNotification, CombinedNotifications)> = Vec::new();
    for email in new {
        match groups.iter_mut().find(|(first, _)| is_same(first, &email.content)) {
            Some((_, group)) => group.others.push(email.id),
            None => groups.push((&email.content, CombinedNotifications { lead: email.id, others: Vec::new() })),
        }
    }
    groups.into_iter().map(|(_, group)| group).filter(|group| !group.others.is_empty()).collect()
}

/// No retry and no lease of an email lasts as long as this. A time further ahead, other than that of a reminder, was set by
/// a clock that was ahead.
pub const IMPLAUSIBLE_DELAY: SignedDuration = SignedDuration::from_hours(2);

impl NotificationState {
    /// Whether an admin can send the email again: it was sent, or was not though nothing changed.
    pub fn can_be_retried(self) -> bool {
        match self {
            Self::Held | Self::Sent | Self::Expired | Self::Dead => true,
            Self::Pending | Self::Skipped | Self::Cancelled => false,
        }
    }

    /// Whether an admin can cancel the email: it waits.
    pub fn can_be_cancelled(self) -> bool {
        match self {
            Self::Pending | Self::Held => true,
            Self::Sent | Self::Skipped | Self::Cancelled | Self::Expired | Self::Dead => false,
        }
    }
}

impl Notification {
    /// Identifies the email for email programs, which show two with the same identity once. All attempts have the same one.
    /// An email that was sent and is sent again has another, or its reader would not see it.
    pub fn message_id(&self) -> String {
        let key = self.content.dedupe_key().replace(':', ".");
        if self.resends == 0 { key } else { format!("{key}.again-{}", self.resends) }
    }

    /// When the email is due, if its state shows that a clock was ahead when it was decided: a reminder that expired though
    /// its session is not about to start, or was skipped before it was due, is due when it was planned. So is one that was
    /// postponed too far. Another email about a booking is never planned ahead, so one that is due too far ahead is due at
    /// `now`. `None` if the state is plausible.
    pub fn corrected(&self, now: Timestamp) -> Option<Timestamp> {
        let planned = self.content.send_after;
        let is_postponed = self.next_at.duration_since(now) > IMPLAUSIBLE_DELAY;
        let is_reminder = self.content.kind.is_planned();
        let is_planned = is_reminder || self.content.subject.booking().is_none();
        match self.state {
            NotificationState::Expired if self.content.expires_at().is_some_and(|expiry| expiry > now) => Some(planned),
            NotificationState::Skipped if is_reminder && planned > now => Some(planned),
            NotificationState::Pending if is_postponed && is_planned => (self.next_at > planned).then_some(planned),
            NotificationState::Pending if is_postponed => Some(now),
            NotificationState::Pending
            | NotificationState::Held
            | NotificationState::Sent
            | NotificationState::Skipped
            | NotificationState::Cancelled
            | NotificationState::Expired
            | NotificationState::Dead => None,
        }
    }
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
        NotificationKind::Receipt
        | NotificationKind::PaymentProblem
        | NotificationKind::Refund
        | NotificationKind::TherapistPayment
        | NotificationKind::TherapistPaymentReview
        | NotificationKind::TherapistReassigned => return SendDecision::Send,
        NotificationKind::PaymentInstructions
        | NotificationKind::PaymentRequest
        | NotificationKind::PaymentReminder => {
            let is_due = is_payment_due(notification.kind, booking, now);
            return if is_due { SendDecision::Send } else { SendDecision::Skip };
        }
        // These are about no booking.
        NotificationKind::Agenda
        | NotificationKind::PasswordReset
        | NotificationKind::LoginLink
        | NotificationKind::EmailVerification
        | NotificationKind::EmailConfirmation
        | NotificationKind::EmailChanged
        | NotificationKind::AccountInvitation
        | NotificationKind::RegistrationAttempt
        | NotificationKind::PasswordChanged
        | NotificationKind::SecondFactorAdded
        | NotificationKind::SecondFactorRemoved
        | NotificationKind::RoleChanged
        | NotificationKind::AccountDisabled
        | NotificationKind::NewLogin => return SendDecision::Skip,
        NotificationKind::HoldExpired => BookingStatus::Expired,
        NotificationKind::Cancelled | NotificationKind::TherapistCancelled => BookingStatus::Cancelled,
        NotificationKind::MeetingInfo
        | NotificationKind::TherapistBooked
        | NotificationKind::TherapistRescheduled
        | NotificationKind::TherapistUpdated
        | NotificationKind::Reminder { .. }
        | NotificationKind::Invitation
        | NotificationKind::Rescheduled
        | NotificationKind::Reassigned
        | NotificationKind::Updated
        | NotificationKind::MeetingLink => BookingStatus::Scheduled,
    };
    if booking.status() != required || Some(booking.scheduled_at()) != notification.subject.starts_at() {
        return SendDecision::Skip;
    }
    match notification.expires_at() {
        Some(expiry) if now >= expiry => SendDecision::Expire,
        None if now >= booking.ends_at() => SendDecision::Expire,
        _ => SendDecision::Send,
    }
}

/// Whether the hold can still be paid for. A reminder of a hold that was extended since waits for the one that was
/// planned then.
fn is_payment_due(kind: NotificationKind, booking: &Booking, now: Timestamp) -> bool {
    let is_unpaid = matches!(booking.payment_status(), PaymentStatus::Pending | PaymentStatus::Failed);
    let left = booking.hold_expires_at().map_or(SignedDuration::ZERO, |until| until.duration_since(now));
    let is_early = kind == NotificationKind::PaymentReminder && left > PAYMENT_REMINDER_LEAD;
    is_unpaid && left.is_positive() && !is_early
}

/// Whether a later reminder of the same session is also due. After an outage a worker sends only the last of the
/// reminders that are due together.
pub fn is_superseded(notification: &NewNotification, plan: &ReminderPlan, now: Timestamp) -> bool {
    let NotificationKind::Reminder { minutes_before } = notification.kind else { return false };
    let Some(starts_at) = notification.subject.starts_at() else { return false };
    plan.offsets_minutes().iter().filter(|offset| **offset < minutes_before).any(|offset| {
        let lead = SignedDuration::from_mins(i64::from(*offset));
        starts_at.saturating_sub(lead).is_ok_and(|due| due <= now)
    })
}

/// How many announcements a recipient gets in [`ANNOUNCEMENT_PERIOD`].
pub const MAX_ANNOUNCEMENTS: usize = 10;

/// The period in which announcements are counted.
pub const ANNOUNCEMENT_PERIOD: SignedDuration = SignedDuration::from_hours(1);

/// The announcements that one recipient got in the last [`ANNOUNCEMENT_PERIOD`]. See [`NotificationKind::ANNOUNCEMENTS`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announcements(Vec<Timestamp>);

impl Announcements {
    /// One was sent, or is being sent.
    pub fn add(&mut self, at: Timestamp) {
        self.0.push(at);
    }

    /// One that was added at this instant was not sent after all.
    pub fn remove(&mut self, at: Timestamp) {
        if let Some(index) = self.0.iter().position(|sent| *sent == at) {
            self.0.swap_remove(index);
        }
    }

    /// Until when further ones are postponed; `None` if one may be sent now.
    pub fn postponed_until(&self, now: Timestamp) -> Option<Timestamp> {
        let end_of = |sent: &Timestamp| sent.saturating_add(ANNOUNCEMENT_PERIOD).unwrap_or(Timestamp::MAX);
        let mut ends: Vec<Timestamp> = self.0.iter().map(end_of).filter(|end| *end > now).collect();
        ends.sort_unstable();
        // One more is allowed when fewer than the limit are left.
        ends.len().checked_sub(MAX_ANNOUNCEMENTS).map(|index| ends[index])
    }
}

/// Whether an announcement that was postponed no longer needs to be sent: a later one about the same booking follows, or
/// the booking was cancelled before its recipient learned of it. `all` are the emails about the booking.
pub fn is_outdated(announcement: &Notification, all: &[Notification]) -> bool {
    let recipient = announcement.content.recipient;
    let mut others = all.iter().filter(|other| other.content.recipient == recipient && other.id != announcement.id);
    let later = |other: &Notification| other.content.kind.is_announcement() && other.id > announcement.id;
    // What another worker has begun, or whose attempt failed, may have arrived. The last attempt of an email that was not
    // sent only decided that.
    let may_have_arrived = |other: &Notification| match other.state {
        NotificationState::Sent | NotificationState::Held => true,
        NotificationState::Pending => other.attempts > 0,
        NotificationState::Skipped | NotificationState::Cancelled | NotificationState::Expired => other.attempts > 1,
        NotificationState::Dead => false,
    };
    // A therapist who booked a session needs no email to know of it.
    let kind = announcement.content.kind;
    let learns_by_email = kind == NotificationKind::Cancelled
        || kind == NotificationKind::TherapistCancelled
            && others.clone().any(|other| other.content.kind == NotificationKind::TherapistBooked);
    others.clone().any(later) || learns_by_email && !others.any(may_have_arrived)
}

/// The start of the session that the recipient of an announcement was last told of, other than by the announcement itself.
/// `all` are the emails about the booking, by id.
pub fn last_announced_start(announcement: &Notification, all: &[Notification]) -> Option<Timestamp> {
    let told = all.iter().filter(|email| {
        email.id != announcement.id
            && email.content.recipient == announcement.content.recipient
            && email.state == NotificationState::Sent
            && !email.content.kind.is_about_payment()
    });
    told.max_by_key(|email| (email.sent_at, email.id)).and_then(|email| email.content.subject.starts_at())
}

/// Whether the client may have learned of a hold that has ended. `all` are the emails about the booking. The last attempt of
/// an email that was not sent only decides that, as does the first one of an email that is being processed: its hold has
/// ended.
pub fn was_told_of_hold(all: &[Notification]) -> bool {
    let may_have_arrived = |email: &Notification| match email.state {
        NotificationState::Sent | NotificationState::Held => true,
        NotificationState::Pending
        | NotificationState::Skipped
        | NotificationState::Cancelled
        | NotificationState::Expired => email.attempts > 1,
        NotificationState::Dead => false,
    };
    all.iter().any(|email| email.content.kind.announces_hold() && may_have_arrived(email))
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
