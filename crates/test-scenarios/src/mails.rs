//! What the worker has to make of each mail that is due.

use std::collections::{BTreeMap, BTreeSet};

use attune_domain::notification::{NewNotification, Notification, NotificationKind, NotificationState, RetryPolicy};
use attune_domain::{BookingStatus, ViewerId};
use attune_ports::{Email, NotifyError, NotifyFailure, PaymentDetails};
use attune_test_doubles::Reply;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::facts::Facts;
use crate::{Appointment, Model, Post, World};

/// A mail that is owed once: one more of the same would be one too many.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mail {
    /// What it is about.
    pub kind: &'static str,
    /// For a reminder.
    pub minutes_before: u32,
    /// Who reads it.
    pub reader: ViewerId,
    /// The beginning it tells.
    pub starts_at: Timestamp,
    /// For what may be told more than once of one beginning.
    pub version: Option<u32>,
    /// For what happened to money, which is told each time.
    pub at: Option<Timestamp>,
}

impl Mail {
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

/// What has to become of a mail that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It leaves, if the mail server lets it.
    Leaves,
    /// It would tell something that is not true, or is not needed.
    Skipped,
    /// It comes too late.
    Expired,
}

fn minutes(minutes: u32) -> SignedDuration {
    SignedDuration::from_mins(i64::from(minutes))
}

fn is_due(notice: &Notification, now: Timestamp) -> bool {
    notice.state == NotificationState::Pending && notice.next_at <= now
}

fn fate(appointment: &Appointment, content: &NewNotification, now: Timestamp) -> Fate {
    if content.kind.is_about_payment() {
        return Fate::Leaves;
    }
    let told =
        if content.kind == NotificationKind::Cancelled { BookingStatus::Cancelled } else { BookingStatus::Scheduled };
    if appointment.status != told || appointment.start != content.starts_at {
        return Fate::Skipped;
    }
    if let NotificationKind::Reminder { minutes_before } = content.kind {
        let nearer = World::REMINDERS.into_iter().filter(|other| *other < minutes_before);
        if now >= appointment.start - minutes(5) {
            return Fate::Expired;
        }
        if nearer.into_iter().any(|other| appointment.start - minutes(other) <= now) {
            return Fate::Skipped;
        }
    } else if now >= appointment.end() {
        return Fate::Expired;
    }
    match content.recipient {
        ViewerId::Participant(id) if !appointment.guests.iter().any(|&(guest, _, stands)| stands && guest == id) => {
            Fate::Skipped
        }
        ViewerId::Participant(_) | ViewerId::Account(_) => Fate::Leaves,
    }
}

/// Tells the mail server how to answer what is due now.
pub(crate) fn prepare(world: &World, model: &Model, facts: &Facts, post: Post) {
    let down = NotifyError::Unavailable { reason: NotifyFailure::Connection };
    match post {
        Post::Works => {}
        Post::Down => world.notifier.go_down(down),
        Post::Refuses => world.notifier.go_down(NotifyError::Refused { code: 550 }),
        Post::Flaky(pattern) => {
            let now = world.now();
            let due = |appointment: &Appointment| {
                let notices = facts[&appointment.id].notices.iter();
                notices.filter(|n| is_due(n, now) && fate(appointment, &n.content, now) == Fate::Leaves).count()
            };
            let count = model.appointments.iter().map(due).sum();
            let accepts = (0..8).cycle().map(|bit| pattern >> bit & 1 == 1).take(count);
            world.notifier.reply_with(accepts.map(|accept| if accept { Reply::Accept } else { Reply::Fail(down) }));
        }
    }
}

/// Checks what became of every mail, and what left: `sent` are the mails that the server took meanwhile.
pub(crate) fn check(
    model: &Model,
    (before, after): (&Facts, &Facts),
    sent: &[Email],
    post: Post,
    now: Timestamp,
) -> Result<(), TestCaseError> {
    let mut left: BTreeMap<&str, &Email> = sent.iter().map(|mail| (mail.message_id.as_str(), mail)).collect();
    prop_assert_eq!(left.len(), sent.len(), "a mail left twice at once");
    for appointment in &model.appointments {
        for (old, new) in before[&appointment.id].notices.iter().zip(&after[&appointment.id].notices) {
            if !is_due(old, now) {
                prop_assert_eq!(old, new, "only what is due is touched");
                continue;
            }
            let mail = left.remove(old.content.dedupe_key().replace(':', ".").as_str());
            let fate = fate(appointment, &old.content, now);
            let named = || format!("{old:?} of {appointment:?} became {new:?}, after {fate:?}, the server {post:?}");
            prop_assert_eq!(&new.content, &old.content);
            prop_assert_eq!(new.attempts, old.attempts + 1, "{}", named());
            prop_assert_eq!(mail.is_some(), new.state == NotificationState::Sent, "{}", named());
            let right = match (fate, post) {
                (Fate::Skipped, _) => new.state == NotificationState::Skipped,
                (Fate::Expired, _) => new.state == NotificationState::Expired,
                (Fate::Leaves, Post::Works) => new.state == NotificationState::Sent,
                (Fate::Leaves, Post::Refuses) => new.state == NotificationState::Dead,
                (Fate::Leaves, Post::Down) => waits(new, now),
                (Fate::Leaves, Post::Flaky(_)) => new.state == NotificationState::Sent || waits(new, now),
            };
            prop_assert!(right, "{}", named());
            if let Some(mail) = mail {
                check_content(appointment, &old.content, mail)?;
            }
        }
    }
    prop_assert!(left.is_empty(), "nobody queued these: {left:?}");
    Ok(())
}

/// Whether a mail that could not leave is tried again, or was tried for as long as it makes sense.
fn waits(notice: &Notification, now: Timestamp) -> bool {
    let reminder = matches!(notice.content.kind, NotificationKind::Reminder { .. });
    let last_call = notice.content.starts_at - minutes(5);
    match notice.state {
        NotificationState::Pending => notice.next_at > now && (!reminder || notice.next_at < last_call),
        NotificationState::Expired => reminder && now >= last_call - SignedDuration::from_secs(60),
        NotificationState::Dead => !reminder && notice.attempts >= RetryPolicy::default().max_attempts,
        NotificationState::Sent | NotificationState::Skipped => false,
    }
}

/// A mail tells what is true at the moment it leaves.
fn check_content(appointment: &Appointment, content: &NewNotification, mail: &Email) -> Result<(), TestCaseError> {
    prop_assert_eq!(mail.kind, content.kind);
    prop_assert_eq!(mail.starts_at, appointment.start);
    prop_assert_eq!(mail.calendar_sequence, appointment.version);
    prop_assert_eq!(&mail.calendar_uid, &format!("booking-{}", appointment.id));
    let right = match (&mail.join_url, content.kind.is_about_payment()) {
        (Some(_), true) => appointment.status.has_room(),
        (None, true) => true,
        (link, false) => link.is_none() == (content.kind == NotificationKind::Cancelled),
    };
    prop_assert!(right, "{mail:?}");
    let told = match mail.payment {
        Some(PaymentDetails::Received { amount, .. } | PaymentDetails::RefundScheduled { amount }) => {
            Some(amount.minor())
        }
        Some(PaymentDetails::Refunded { amount, .. }) => {
            let gone = appointment.refunds.iter().find(|back| back.gone && back.minor == amount.minor());
            prop_assert!(gone.is_some(), "{mail:?} of {appointment:?}");
            None
        }
        Some(PaymentDetails::Failed { .. }) => return Err(TestCaseError::fail("no payment fails at our own checkout")),
        None => None,
    };
    prop_assert_eq!(mail.payment.is_some(), content.kind.is_about_payment(), "{:?}", mail);
    prop_assert!(told.is_none_or(|minor| minor == World::PRICE), "{mail:?}");
    Ok(())
}

/// Checks all that left, from the first command to the last, once nothing is owed any more. LoginSessions that ended before
/// `until` may have ended before the mail server was back.
pub(crate) fn check_all(model: &Model, facts: &Facts, sent: &[Email], until: Timestamp) -> Result<(), TestCaseError> {
    let keys: BTreeSet<&str> = sent.iter().map(|mail| mail.message_id.as_str()).collect();
    prop_assert_eq!(keys.len(), sent.len(), "a mail left twice");
    for appointment in &model.appointments {
        let notices = || facts[&appointment.id].notices.iter();
        let waiting = notices().find(|notice| notice.state == NotificationState::Pending);
        prop_assert!(waiting.is_none(), "still waiting: {waiting:?}");
        // What was refused for good is for a therapist to look at.
        if appointment.end() < until || notices().any(|notice| notice.state == NotificationState::Dead) {
            continue;
        }
        let told = |kinds: &[NotificationKind]| {
            sent.iter().any(|mail| {
                kinds.contains(&mail.kind)
                    && mail.calendar_uid == format!("booking-{}", appointment.id)
                    && mail.starts_at == appointment.start
            })
        };
        if appointment.status == BookingStatus::Scheduled {
            let moved = told(&[NotificationKind::MeetingInfo, NotificationKind::Rescheduled]);
            prop_assert!(moved, "the client was never told of {appointment:?}");
        }
        if appointment.status == BookingStatus::Cancelled && facts[&appointment.id].booking.room().is_some() {
            prop_assert!(
                told(&[NotificationKind::Cancelled]),
                "the client was never told that it is off: {appointment:?}"
            );
        }
    }
    Ok(())
}
