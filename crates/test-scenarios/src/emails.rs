//! The expected result of each due email.

use std::collections::{BTreeMap, BTreeSet};

use attune_domain::notification::{
    NewNotification, Notification, NotificationKind, NotificationState, NotificationSubject, RetryPolicy,
};
use attune_domain::{BookingStatus, PaymentStatus, ViewerId};
use attune_ports::{Email, NotifyError, NotifyFailure, PaymentDetails};
use attune_test_doubles::{RecordingNotifier, Reply};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::snapshot::Snapshot;
use crate::{Appointment, MailServer, Model, Setup};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpectedEmail {
    pub kind: &'static str,
    pub minutes_before: u32,
    pub reader: ViewerId,
    pub starts_at: Timestamp,
    pub version: Option<u32>,
    pub at: Option<Timestamp>,
}

impl ExpectedEmail {
    pub(crate) fn of(content: &NewNotification) -> Self {
        let repeatable = matches!(content.kind, NotificationKind::Rescheduled | NotificationKind::MeetingLink);
        let NotificationSubject::Booking { starts_at, version, .. } = content.subject else {
            panic!("every email is about a booking: {content:?}")
        };
        Self {
            kind: content.kind.as_str(),
            minutes_before: content.kind.offset_minutes(),
            reader: content.recipient,
            starts_at,
            version: repeatable.then_some(version),
            at: matches!(
                content.kind,
                NotificationKind::Receipt | NotificationKind::PaymentProblem | NotificationKind::Refund
            )
            .then_some(content.send_after),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExpectedResult {
    Sent,
    Skipped,
    Expired,
}

fn minutes(minutes: u32) -> SignedDuration {
    SignedDuration::from_mins(i64::from(minutes))
}

fn is_due(notification: &Notification, now: Timestamp) -> bool {
    notification.state == NotificationState::Pending && notification.next_at <= now
}

fn expected_result(
    appointment: &Appointment,
    email: &Notification,
    all: &[Notification],
    now: Timestamp,
) -> ExpectedResult {
    let content = &email.content;
    if is_outdated(email, all, now) {
        return ExpectedResult::Skipped;
    }
    let is_over = appointment.status == BookingStatus::Expired && now >= appointment.end();
    if content.kind == NotificationKind::HoldExpired && is_over {
        return ExpectedResult::Expired;
    }
    if let Some(sent) = is_sent_about_hold(appointment, content.kind, all, now) {
        return if sent { ExpectedResult::Sent } else { ExpectedResult::Skipped };
    }
    if content.kind.is_about_payment() {
        return ExpectedResult::Sent;
    }
    let required_status =
        if content.kind == NotificationKind::Cancelled { BookingStatus::Cancelled } else { BookingStatus::Scheduled };
    if appointment.status != required_status || Some(appointment.start) != content.subject.starts_at() {
        return ExpectedResult::Skipped;
    }
    if let NotificationKind::Reminder { minutes_before } = content.kind {
        let nearer = Setup::REMINDERS.into_iter().filter(|other| *other < minutes_before);
        if now >= appointment.start - minutes(5) {
            return ExpectedResult::Expired;
        }
        if nearer.into_iter().any(|other| appointment.start - minutes(other) <= now) {
            return ExpectedResult::Skipped;
        }
    } else if now >= appointment.end() {
        return ExpectedResult::Expired;
    }
    match content.recipient {
        ViewerId::Participant(id) if !appointment.guests.iter().any(|&(guest, _, stands)| stands && guest == id) => {
            ExpectedResult::Skipped
        }
        ViewerId::Participant(_) | ViewerId::Account(_) => ExpectedResult::Sent,
    }
}

/// `None` for an email that is not about a hold. Its end is announced to a client who was told of it.
fn is_sent_about_hold(
    appointment: &Appointment,
    kind: NotificationKind,
    all: &[Notification],
    now: Timestamp,
) -> Option<bool> {
    let told = || {
        let instructions = all.iter().find(|email| email.content.kind == NotificationKind::PaymentInstructions);
        instructions.is_some_and(|email| match email.state {
            NotificationState::Sent | NotificationState::Held => true,
            NotificationState::Dead => false,
            // This run counts an attempt before it decides.
            NotificationState::Pending
            | NotificationState::Skipped
            | NotificationState::Cancelled
            | NotificationState::Expired => email.attempts + u32::from(is_due(email, now)) > 1,
        })
    };
    let was_confirmed = all.iter().any(|email| email.content.kind == NotificationKind::MeetingInfo);
    match kind {
        NotificationKind::PaymentInstructions => {
            let unpaid = matches!(appointment.payment, PaymentStatus::Pending | PaymentStatus::Failed);
            Some(unpaid && appointment.hold_expires_at.is_some_and(|until| until > now))
        }
        NotificationKind::HoldExpired => Some(
            appointment.status == BookingStatus::Expired
                && appointment.payment == PaymentStatus::Cancelled
                && now < appointment.end()
                && told(),
        ),
        NotificationKind::Cancelled if !was_confirmed && now < appointment.end() => Some(told()),
        NotificationKind::MeetingInfo
        | NotificationKind::Reminder { .. }
        | NotificationKind::Invitation
        | NotificationKind::Rescheduled
        | NotificationKind::Cancelled
        | NotificationKind::Reassigned
        | NotificationKind::Updated
        | NotificationKind::MeetingLink
        | NotificationKind::Receipt
        | NotificationKind::PaymentProblem
        | NotificationKind::Refund
        | NotificationKind::PaymentRequest
        | NotificationKind::PaymentReminder
        | NotificationKind::TherapistBooked
        | NotificationKind::TherapistRescheduled
        | NotificationKind::TherapistCancelled
        | NotificationKind::TherapistReassigned
        | NotificationKind::TherapistUpdated
        | NotificationKind::TherapistPayment
        | NotificationKind::TherapistPaymentReview
        | NotificationKind::Agenda
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
        | NotificationKind::NewLogin => None,
    }
}

/// Whether an announcement that had to wait says nothing that its recipient needs. `all` are the emails about its booking.
fn is_outdated(waiting: &Notification, all: &[Notification], now: Timestamp) -> bool {
    let is_announcement = |email: &Notification| {
        use NotificationKind::{Cancelled, MeetingInfo, PaymentInstructions, Rescheduled};
        matches!(email.content.kind, MeetingInfo | Rescheduled | Cancelled | PaymentInstructions)
    };
    if !is_announcement(waiting) || waiting.next_at == waiting.content.send_after {
        return false;
    }
    let recipient = waiting.content.recipient;
    let mut others = all.iter().filter(|other| other.content.recipient == recipient && other.id != waiting.id);
    let is_followed = others.clone().any(|other| other.id > waiting.id && is_announcement(other));
    let attempted = |other: &Notification| match other.state {
        NotificationState::Sent | NotificationState::Held => true,
        NotificationState::Pending => other.attempts > 0 || is_due(other, now),
        NotificationState::Skipped | NotificationState::Cancelled | NotificationState::Expired => other.attempts > 1,
        NotificationState::Dead => false,
    };
    is_followed || waiting.content.kind == NotificationKind::Cancelled && !others.any(attempted)
}

pub(crate) fn prepare(
    notifier: &RecordingNotifier,
    now: Timestamp,
    model: &Model,
    snapshot: &Snapshot,
    mail_server: MailServer,
) {
    let down = NotifyError::Unavailable { reason: NotifyFailure::Connection };
    match mail_server {
        MailServer::Works => {}
        MailServer::Down => notifier.go_down(down),
        MailServer::Refuses => notifier.go_down(NotifyError::Refused { code: 550 }),
        MailServer::Flaky(pattern) => {
            let due = |appointment: &Appointment| {
                let all = &snapshot[&appointment.id].notifications;
                let due = all.iter().filter(|email| is_due(email, now));
                due.filter(|email| expected_result(appointment, email, all, now) == ExpectedResult::Sent).count()
            };
            let count = model.appointments.iter().map(due).sum();
            let accepts = (0..8).cycle().map(|bit| pattern >> bit & 1 == 1).take(count);
            notifier.reply_with(accepts.map(|accept| if accept { Reply::Accept } else { Reply::Fail(down) }));
        }
    }
}

pub(crate) fn check(
    model: &Model,
    (before, after): (&Snapshot, &Snapshot),
    sent: &[Email],
    mail_server: MailServer,
    now: Timestamp,
) -> Result<(), TestCaseError> {
    let mut left: BTreeMap<&str, &Email> = sent.iter().map(|email| (email.message_id.as_str(), email)).collect();
    prop_assert_eq!(left.len(), sent.len(), "an email was sent twice in one run");
    for appointment in &model.appointments {
        let all = &before[&appointment.id].notifications;
        for (old, new) in all.iter().zip(&after[&appointment.id].notifications) {
            if !is_due(old, now) {
                prop_assert_eq!(old, new, "an email changed before it was due");
                continue;
            }
            let email = left.remove(old.content.dedupe_key().replace(':', ".").as_str());
            let expected_result = expected_result(appointment, old, all, now);
            let what =
                format!("{old:?} of {appointment:?} became {new:?}: {expected_result:?}, the server {mail_server:?}");
            prop_assert_eq!(&new.content, &old.content);
            prop_assert_eq!(new.attempts, old.attempts + 1, "{}", what);
            prop_assert_eq!(email.is_some(), new.state == NotificationState::Sent, "{}", what);
            let right = match (expected_result, mail_server) {
                (ExpectedResult::Skipped, _) => new.state == NotificationState::Skipped,
                (ExpectedResult::Expired, _) => new.state == NotificationState::Expired,
                (ExpectedResult::Sent, MailServer::Works) => new.state == NotificationState::Sent,
                (ExpectedResult::Sent, MailServer::Refuses) => new.state == NotificationState::Dead,
                (ExpectedResult::Sent, MailServer::Down) => is_retried(new, now),
                (ExpectedResult::Sent, MailServer::Flaky(_)) => {
                    new.state == NotificationState::Sent || is_retried(new, now)
                }
            };
            prop_assert!(right, "{what}");
            if let Some(email) = email {
                check_content(appointment, &old.content, email)?;
            }
        }
    }
    prop_assert!(left.is_empty(), "not queued: {left:?}");
    Ok(())
}

fn is_retried(notification: &Notification, now: Timestamp) -> bool {
    let reminder = matches!(notification.content.kind, NotificationKind::Reminder { .. });
    let last_call = notification.content.subject.starts_at().expect("it is about a booking") - minutes(5);
    match notification.state {
        NotificationState::Pending => notification.next_at > now && (!reminder || notification.next_at < last_call),
        NotificationState::Expired => reminder && now >= last_call - SignedDuration::from_secs(60),
        NotificationState::Dead => !reminder && notification.attempts >= RetryPolicy::default().max_attempts,
        NotificationState::Held
        | NotificationState::Sent
        | NotificationState::Skipped
        | NotificationState::Cancelled => false,
    }
}

/// Left part of the calendar entry's UID.
fn uid(appointment: &Appointment) -> String {
    format!("booking-{}@", appointment.id)
}

fn check_content(appointment: &Appointment, content: &NewNotification, email: &Email) -> Result<(), TestCaseError> {
    prop_assert_eq!(email.kind, content.kind);
    prop_assert_eq!(email.starts_at, appointment.start);
    prop_assert_eq!(email.calendar_sequence, appointment.version);
    prop_assert!(email.calendar_uid.starts_with(&uid(appointment)), "{}", email.calendar_uid);
    let right = match (&email.join_url, content.kind.is_about_payment()) {
        (Some(_), true) => appointment.status.has_room(),
        (None, true) => true,
        (link, false) => link.is_none() == (content.kind == NotificationKind::Cancelled),
    };
    prop_assert!(right, "{email:?}");
    let amount = match email.payment {
        Some(
            PaymentDetails::Received { amount, .. }
            | PaymentDetails::RefundScheduled { amount }
            | PaymentDetails::Due { amount, .. }
            | PaymentDetails::NotReceived { amount, .. },
        ) => Some(amount.minor()),
        Some(PaymentDetails::Refunded { amount, .. }) => {
            let succeeded = appointment.refunds.iter().find(|back| back.succeeded && back.minor == amount.minor());
            prop_assert!(succeeded.is_some(), "{email:?} of {appointment:?}");
            None
        }
        Some(PaymentDetails::Failed { .. }) => return Err(TestCaseError::fail("test checkouts do not fail")),
        None => None,
    };
    let unpaid = matches!(email.payment, Some(PaymentDetails::NotReceived { .. }));
    prop_assert_eq!(email.payment.is_some(), content.kind.is_about_payment() || unpaid, "{:?}", email);
    prop_assert!(amount.is_none_or(|minor| minor == Setup::PRICE), "{email:?}");
    Ok(())
}

pub(crate) fn check_all(
    model: &Model,
    snapshot: &Snapshot,
    sent: &[Email],
    until: Timestamp,
) -> Result<(), TestCaseError> {
    let keys: BTreeSet<&str> = sent.iter().map(|email| email.message_id.as_str()).collect();
    prop_assert_eq!(keys.len(), sent.len(), "an email was sent twice");
    for appointment in &model.appointments {
        let in_state = |state| snapshot[&appointment.id].notifications.iter().find(|email| email.state == state);
        let pending = in_state(NotificationState::Pending);
        prop_assert!(pending.is_none(), "still pending: {pending:?}");
        // A permanently refused email stays dead until a therapist acts.
        if appointment.end() < until || in_state(NotificationState::Dead).is_some() {
            continue;
        }
        let kinds: &[NotificationKind] = match appointment.status {
            BookingStatus::Scheduled => &[NotificationKind::MeetingInfo, NotificationKind::Rescheduled],
            BookingStatus::Cancelled if snapshot[&appointment.id].booking.room().is_some() => {
                &[NotificationKind::Cancelled]
            }
            BookingStatus::PendingPayment
            | BookingStatus::Completed
            | BookingStatus::NoShow
            | BookingStatus::Cancelled
            | BookingStatus::Expired => continue,
        };
        let uid = uid(appointment);
        let mut about = sent.iter().filter(|email| email.calendar_uid.starts_with(&uid)).peekable();
        if appointment.status == BookingStatus::Cancelled && about.peek().is_none() {
            // No one learned of it.
            continue;
        }
        let was_reported = about.any(|email| email.starts_at == appointment.start && kinds.contains(&email.kind));
        prop_assert!(was_reported, "no email reported {appointment:?}");
    }
    Ok(())
}
