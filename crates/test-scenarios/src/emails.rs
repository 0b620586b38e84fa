//! The expected result of each due email.

use std::collections::{BTreeMap, BTreeSet};

use attune_domain::notification::{NewNotification, Notification, NotificationKind, NotificationState, RetryPolicy};
use attune_domain::{BookingStatus, ViewerId};
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
        Self {
            kind: content.kind.as_str(),
            minutes_before: content.kind.offset_minutes(),
            reader: content.recipient,
            starts_at: content.starts_at,
            version: repeatable.then_some(content.booking_version),
            at: matches!(content.kind, NotificationKind::PaymentProblem | NotificationKind::Refund)
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

fn expected_result(appointment: &Appointment, content: &NewNotification, now: Timestamp) -> ExpectedResult {
    if content.kind.is_about_payment() {
        return ExpectedResult::Sent;
    }
    let required_status =
        if content.kind == NotificationKind::Cancelled { BookingStatus::Cancelled } else { BookingStatus::Scheduled };
    if appointment.status != required_status || appointment.start != content.starts_at {
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
                let notices = snapshot[&appointment.id].notices.iter();
                notices
                    .filter(|n| is_due(n, now) && expected_result(appointment, &n.content, now) == ExpectedResult::Sent)
                    .count()
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
        for (old, new) in before[&appointment.id].notices.iter().zip(&after[&appointment.id].notices) {
            if !is_due(old, now) {
                prop_assert_eq!(old, new, "an email changed before it was due");
                continue;
            }
            let email = left.remove(old.content.dedupe_key().replace(':', ".").as_str());
            let expected_result = expected_result(appointment, &old.content, now);
            let named = || {
                format!(
                    "{old:?} of {appointment:?} became {new:?}, after {expected_result:?}, the server {mail_server:?}"
                )
            };
            prop_assert_eq!(&new.content, &old.content);
            prop_assert_eq!(new.attempts, old.attempts + 1, "{}", named());
            prop_assert_eq!(email.is_some(), new.state == NotificationState::Sent, "{}", named());
            let right = match (expected_result, mail_server) {
                (ExpectedResult::Skipped, _) => new.state == NotificationState::Skipped,
                (ExpectedResult::Expired, _) => new.state == NotificationState::Expired,
                (ExpectedResult::Sent, MailServer::Works) => new.state == NotificationState::Sent,
                (ExpectedResult::Sent, MailServer::Refuses) => new.state == NotificationState::Dead,
                (ExpectedResult::Sent, MailServer::Down) => waits(new, now),
                (ExpectedResult::Sent, MailServer::Flaky(_)) => new.state == NotificationState::Sent || waits(new, now),
            };
            prop_assert!(right, "{}", named());
            if let Some(email) = email {
                check_content(appointment, &old.content, email)?;
            }
        }
    }
    prop_assert!(left.is_empty(), "not queued: {left:?}");
    Ok(())
}

fn waits(notification: &Notification, now: Timestamp) -> bool {
    let reminder = matches!(notification.content.kind, NotificationKind::Reminder { .. });
    let last_call = notification.content.starts_at - minutes(5);
    match notification.state {
        NotificationState::Pending => notification.next_at > now && (!reminder || notification.next_at < last_call),
        NotificationState::Expired => reminder && now >= last_call - SignedDuration::from_secs(60),
        NotificationState::Dead => !reminder && notification.attempts >= RetryPolicy::default().max_attempts,
        NotificationState::Sent | NotificationState::Skipped => false,
    }
}

fn check_content(appointment: &Appointment, content: &NewNotification, email: &Email) -> Result<(), TestCaseError> {
    prop_assert_eq!(email.kind, content.kind);
    prop_assert_eq!(email.starts_at, appointment.start);
    prop_assert_eq!(email.calendar_sequence, appointment.version);
    prop_assert_eq!(&email.calendar_uid, &format!("booking-{}", appointment.id));
    let right = match (&email.join_url, content.kind.is_about_payment()) {
        (Some(_), true) => appointment.status.has_room(),
        (None, true) => true,
        (link, false) => link.is_none() == (content.kind == NotificationKind::Cancelled),
    };
    prop_assert!(right, "{email:?}");
    let amount = match email.payment {
        Some(PaymentDetails::Received { amount, .. } | PaymentDetails::RefundScheduled { amount }) => {
            Some(amount.minor())
        }
        Some(PaymentDetails::Refunded { amount, .. }) => {
            let succeeded = appointment.refunds.iter().find(|back| back.succeeded && back.minor == amount.minor());
            prop_assert!(succeeded.is_some(), "{email:?} of {appointment:?}");
            None
        }
        Some(PaymentDetails::Failed { .. }) => return Err(TestCaseError::fail("test checkouts do not fail")),
        None => None,
    };
    prop_assert_eq!(email.payment.is_some(), content.kind.is_about_payment(), "{:?}", email);
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
        let notices = || snapshot[&appointment.id].notices.iter();
        let waiting = notices().find(|notification| notification.state == NotificationState::Pending);
        prop_assert!(waiting.is_none(), "still waiting: {waiting:?}");
        // A permanently refused email stays dead until a therapist acts.
        if appointment.end() < until || notices().any(|notification| notification.state == NotificationState::Dead) {
            continue;
        }
        let was_sent = |kinds: &[NotificationKind]| {
            sent.iter().any(|email| {
                kinds.contains(&email.kind)
                    && email.calendar_uid == format!("booking-{}", appointment.id)
                    && email.starts_at == appointment.start
            })
        };
        if appointment.status == BookingStatus::Scheduled {
            let moved = was_sent(&[NotificationKind::MeetingInfo, NotificationKind::Rescheduled]);
            prop_assert!(moved, "no email reported {appointment:?}");
        }
        if appointment.status == BookingStatus::Cancelled && snapshot[&appointment.id].booking.room().is_some() {
            prop_assert!(
                was_sent(&[NotificationKind::Cancelled]),
                "no email reported the cancellation: {appointment:?}"
            );
        }
    }
    Ok(())
}
