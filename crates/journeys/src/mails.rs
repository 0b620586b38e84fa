//! What the worker has to make of each mail that is due.

use std::collections::{BTreeMap, BTreeSet};

use attune_adapter_memory::Reply;
use attune_domain::notice::{Notice, NoticeKind, NoticeState, OwedNotice, RetryPolicy};
use attune_domain::{BookingStatus, Person};
use attune_ports::{MailedMoney, MeetingMail, NotifyError, NotifyReason};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::facts::Facts;
use crate::{Model, Post, Session, World};

/// A mail that is owed once: one more of the same would be one too many.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mail {
    /// What it is about.
    pub kind: &'static str,
    /// For a reminder.
    pub minutes_before: u32,
    /// Who reads it.
    pub reader: Person,
    /// The beginning it tells.
    pub starts_at: Timestamp,
    /// For what may be told more than once of one beginning.
    pub version: Option<u32>,
    /// For what happened to money, which is told each time.
    pub at: Option<Timestamp>,
}

impl Mail {
    pub(crate) fn of(owed: &OwedNotice) -> Self {
        let repeatable = matches!(owed.kind, NoticeKind::Rescheduled | NoticeKind::MeetingLink);
        Self {
            kind: owed.kind.as_str(),
            minutes_before: owed.kind.offset_minutes(),
            reader: owed.recipient,
            starts_at: owed.starts_at,
            version: repeatable.then_some(owed.booking_version),
            at: matches!(owed.kind, NoticeKind::PaymentProblem | NoticeKind::Refund).then_some(owed.send_after),
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

fn is_due(notice: &Notice, now: Timestamp) -> bool {
    notice.state == NoticeState::Pending && notice.next_at <= now
}

fn fate(session: &Session, owed: &OwedNotice, now: Timestamp) -> Fate {
    if owed.kind.is_about_money() {
        return Fate::Leaves;
    }
    let told = if owed.kind == NoticeKind::Cancelled { BookingStatus::Cancelled } else { BookingStatus::Scheduled };
    if session.status != told || session.start != owed.starts_at {
        return Fate::Skipped;
    }
    if let NoticeKind::Reminder { minutes_before } = owed.kind {
        let nearer = World::REMINDERS.into_iter().filter(|other| *other < minutes_before);
        if now >= session.start - minutes(5) {
            return Fate::Expired;
        }
        if nearer.into_iter().any(|other| session.start - minutes(other) <= now) {
            return Fate::Skipped;
        }
    } else if now >= session.end() {
        return Fate::Expired;
    }
    match owed.recipient {
        Person::Participant(id) if !session.guests.iter().any(|&(guest, _, stands)| stands && guest == id) => {
            Fate::Skipped
        }
        Person::Participant(_) | Person::Account(_) => Fate::Leaves,
    }
}

/// Tells the mail server how to answer what is due now.
pub(crate) fn prepare(world: &World, model: &Model, facts: &Facts, post: Post) {
    let down = NotifyError::Unavailable { reason: NotifyReason::Connection };
    match post {
        Post::Works => {}
        Post::Down => world.notifier.go_down(down),
        Post::Refuses => world.notifier.go_down(NotifyError::Refused { code: 550 }),
        Post::Flaky(pattern) => {
            let now = world.now();
            let due = |session: &Session| {
                let notices = facts[&session.id].notices.iter();
                notices.filter(|n| is_due(n, now) && fate(session, &n.owed, now) == Fate::Leaves).count()
            };
            let count = model.sessions.iter().map(due).sum();
            let accepts = (0..8).cycle().map(|bit| pattern >> bit & 1 == 1).take(count);
            world.notifier.reply_with(accepts.map(|accept| if accept { Reply::Accept } else { Reply::Fail(down) }));
        }
    }
}

/// Checks what became of every mail, and what left: `sent` are the mails that the server took meanwhile.
pub(crate) fn check(
    model: &Model,
    (before, after): (&Facts, &Facts),
    sent: &[MeetingMail],
    post: Post,
    now: Timestamp,
) -> Result<(), TestCaseError> {
    let mut left: BTreeMap<&str, &MeetingMail> = sent.iter().map(|mail| (mail.message_key.as_str(), mail)).collect();
    prop_assert_eq!(left.len(), sent.len(), "a mail left twice at once");
    for session in &model.sessions {
        for (old, new) in before[&session.id].notices.iter().zip(&after[&session.id].notices) {
            if !is_due(old, now) {
                prop_assert_eq!(old, new, "only what is due is touched");
                continue;
            }
            let mail = left.remove(old.owed.dedupe_key().replace(':', ".").as_str());
            let fate = fate(session, &old.owed, now);
            let named = || format!("{old:?} of {session:?} became {new:?}, after {fate:?}, the server {post:?}");
            prop_assert_eq!(&new.owed, &old.owed);
            prop_assert_eq!(new.attempts, old.attempts + 1, "{}", named());
            prop_assert_eq!(mail.is_some(), new.state == NoticeState::Sent, "{}", named());
            let right = match (fate, post) {
                (Fate::Skipped, _) => new.state == NoticeState::Skipped,
                (Fate::Expired, _) => new.state == NoticeState::Expired,
                (Fate::Leaves, Post::Works) => new.state == NoticeState::Sent,
                (Fate::Leaves, Post::Refuses) => new.state == NoticeState::Dead,
                (Fate::Leaves, Post::Down) => waits(new, now),
                (Fate::Leaves, Post::Flaky(_)) => new.state == NoticeState::Sent || waits(new, now),
            };
            prop_assert!(right, "{}", named());
            if let Some(mail) = mail {
                check_content(session, &old.owed, mail)?;
            }
        }
    }
    prop_assert!(left.is_empty(), "nobody owed these: {left:?}");
    Ok(())
}

/// Whether a mail that could not leave is tried again, or was tried for as long as it makes sense.
fn waits(notice: &Notice, now: Timestamp) -> bool {
    let reminder = matches!(notice.owed.kind, NoticeKind::Reminder { .. });
    let last_call = notice.owed.starts_at - minutes(5);
    match notice.state {
        NoticeState::Pending => notice.next_at > now && (!reminder || notice.next_at < last_call),
        NoticeState::Expired => reminder && now >= last_call - SignedDuration::from_secs(60),
        NoticeState::Dead => !reminder && notice.attempts >= RetryPolicy::default().max_attempts,
        NoticeState::Sent | NoticeState::Skipped => false,
    }
}

/// A mail tells what is true at the moment it leaves.
fn check_content(session: &Session, owed: &OwedNotice, mail: &MeetingMail) -> Result<(), TestCaseError> {
    prop_assert_eq!(mail.kind, owed.kind);
    prop_assert_eq!(mail.starts_at, session.start);
    prop_assert_eq!(mail.calendar_sequence, session.version);
    prop_assert_eq!(&mail.calendar_key, &format!("booking-{}", session.id));
    let right = match (&mail.join_url, owed.kind.is_about_money()) {
        (Some(_), true) => session.status.has_room(),
        (None, true) => true,
        (link, false) => link.is_none() == (owed.kind == NoticeKind::Cancelled),
    };
    prop_assert!(right, "{mail:?}");
    let told = match mail.money {
        Some(MailedMoney::Received { amount, .. } | MailedMoney::ComesBack { amount }) => Some(amount.minor()),
        Some(MailedMoney::Returned { amount, .. }) => {
            let gone = session.refunds.iter().find(|back| back.gone && back.minor == amount.minor());
            prop_assert!(gone.is_some(), "{mail:?} of {session:?}");
            None
        }
        Some(MailedMoney::Failed { .. }) => return Err(TestCaseError::fail("no payment fails at our own checkout")),
        None => None,
    };
    prop_assert_eq!(mail.money.is_some(), owed.kind.is_about_money(), "{:?}", mail);
    prop_assert!(told.is_none_or(|minor| minor == World::PRICE), "{mail:?}");
    Ok(())
}

/// Checks all that left, from the first command to the last, once nothing is owed any more. Sessions that ended before
/// `until` may have ended before the mail server was back.
pub(crate) fn check_all(
    model: &Model,
    facts: &Facts,
    sent: &[MeetingMail],
    until: Timestamp,
) -> Result<(), TestCaseError> {
    let keys: BTreeSet<&str> = sent.iter().map(|mail| mail.message_key.as_str()).collect();
    prop_assert_eq!(keys.len(), sent.len(), "a mail left twice");
    for session in &model.sessions {
        let notices = || facts[&session.id].notices.iter();
        let waiting = notices().find(|notice| notice.state == NoticeState::Pending);
        prop_assert!(waiting.is_none(), "still waiting: {waiting:?}");
        // What was refused for good is for a therapist to look at.
        if session.end() < until || notices().any(|notice| notice.state == NoticeState::Dead) {
            continue;
        }
        let told = |kinds: &[NoticeKind]| {
            sent.iter().any(|mail| {
                kinds.contains(&mail.kind)
                    && mail.calendar_key == format!("booking-{}", session.id)
                    && mail.starts_at == session.start
            })
        };
        if session.status == BookingStatus::Scheduled {
            let moved = told(&[NoticeKind::MeetingInfo, NoticeKind::Rescheduled]);
            prop_assert!(moved, "the client was never told of {session:?}");
        }
        if session.status == BookingStatus::Cancelled && facts[&session.id].booking.room.is_some() {
            prop_assert!(told(&[NoticeKind::Cancelled]), "the client was never told that it is off: {session:?}");
        }
    }
    Ok(())
}
