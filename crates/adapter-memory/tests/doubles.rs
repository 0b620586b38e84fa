//! The doubles do what tests rely on.

use std::sync::Arc;

use attune_adapter_memory::{
    CountingWaker, FixedClock, MemoryStore, PlainAccessTokens, PlainJoinTokens, PlainMeetingTokens,
    PlainPasswordHasher, PlainWebhooks, RecordingNotifier, Reply, SequenceRandom, SilentBell, SystemZones,
};
use attune_domain::notification::NotificationKind;
use attune_domain::{BookingId, JoinToken, LoginSessionId, ParticipantId, TimeZoneName, UserId, ViewerId};
use attune_ports::{
    AccessClaims, AccessTokens, Clock, Email, HashError, JoinTokens, Notifier, NotifyError, NotifyFailure, OutboxWaker,
    Password, PasswordHash, PasswordHasher, Random, TimeZones, TokenError, WebhookVerifier,
};
use attune_test_store_contract::fixtures::{at, email, minutes_after, now, slot};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

fn assert_shareable<T: Send + Sync + 'static>(_: &T) {}

#[test]
fn everything_can_be_shared_between_threads() {
    assert_shareable(&MemoryStore::new());
    assert_shareable(&FixedClock::new(now()));
    assert_shareable(&SequenceRandom::new(1));
    assert_shareable(&RecordingNotifier::new());
    assert_shareable(&PlainPasswordHasher::new());
    assert_shareable(&PlainAccessTokens);
    assert_shareable(&PlainJoinTokens);
    assert_shareable(&PlainMeetingTokens);
    assert_shareable(&PlainWebhooks);
    assert_shareable(&SystemZones);
    assert_shareable(&SilentBell);
    assert_shareable(&CountingWaker::default());
}

#[test]
fn the_clock_moves_only_when_told_and_shows_whole_milliseconds() {
    let clock = FixedClock::new(at("2027-01-11T08:00:00.123456Z"));
    assert_eq!(clock.now(), at("2027-01-11T08:00:00.123Z"));
    assert_eq!(clock.now(), clock.now());
    clock.advance(SignedDuration::from_mins(5));
    assert_eq!(clock.now(), at("2027-01-11T08:05:00.123Z"));
    clock.advance(SignedDuration::from_hours(-1));
    assert_eq!(clock.now(), at("2027-01-11T07:05:00.123Z"));
    clock.set(slot(0));
    assert_eq!(clock.now(), slot(0));
    clock.advance(SignedDuration::MAX);
    assert_eq!(clock.now().as_second(), Timestamp::MAX.as_second(), "it stops at the end of the calendar");
}

#[test]
fn a_seed_gives_the_same_bytes_at_every_run_and_never_the_same_twice() {
    let (first, second, other) = (SequenceRandom::new(7), SequenceRandom::new(7), SequenceRandom::new(8));
    let draw = |random: &SequenceRandom| {
        let mut bytes = [0_u8; 21];
        random.fill(&mut bytes);
        bytes
    };
    let drawn: Vec<_> = (0..100).map(|_| draw(&first)).collect();
    assert_eq!(drawn, (0..100).map(|_| draw(&second)).collect::<Vec<_>>());
    let mut unique = drawn.clone();
    unique.push(draw(&other));
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), 101);
    first.fill(&mut []);
}

#[test]
fn zones_are_those_of_the_database() {
    let find = |name: &str| SystemZones.find(&TimeZoneName::parse(name).unwrap());
    let berlin = find("Europe/Berlin").expect("a zone everybody has");
    let summer = berlin.to_offset(at("2027-07-01T12:00:00Z"));
    assert_eq!(summer.seconds(), 2 * 3_600);
    assert!(find("UTC").is_some());
    assert!(find("Europe/Atlantis").is_none());
    assert!(find("Etc/Unknown").is_none());
}

#[test]
fn the_bell_counts() {
    let waker = CountingWaker::default();
    SilentBell.wake();
    assert_eq!(waker.rings(), 0);
    waker.wake();
    waker.wake();
    assert_eq!(waker.rings(), 2);
}

fn mail(message_key: &str) -> Email {
    Email {
        kind: NotificationKind::MeetingInfo,
        message_key: message_key.to_owned(),
        to: email("client"),
        to_name: "Robin Doe".to_owned(),
        join_url: Some("https://meet.example.org/room".to_owned()),
        starts_at: slot(0),
        minutes: 50,
        zone: TimeZone::UTC,
        calendar_key: "booking-1".to_owned(),
        calendar_sequence: 1,
        money: None,
        sent_at: now(),
    }
}

#[tokio::test]
async fn the_notifier_records_and_answers_as_told() {
    let notifier = Arc::new(RecordingNotifier::new());
    let keys =
        |notifier: &RecordingNotifier| notifier.sent().into_iter().map(|mail| mail.message_key).collect::<Vec<_>>();
    let refused = NotifyError::Refused { code: 550 };
    let timeout = NotifyError::Unavailable { reason: NotifyFailure::Timeout };
    notifier.send(&mail("a")).await.unwrap();
    notifier.reply_with([Reply::Fail(refused), Reply::Accept, Reply::Panic]);
    assert_eq!(notifier.send(&mail("b")).await, Err(refused));

    notifier.go_down(timeout);
    assert_eq!(notifier.check().await, Err(timeout));
    assert_eq!(notifier.send(&mail("c")).await, Err(timeout));
    notifier.come_back();
    assert_eq!(notifier.check().await, Ok(()));

    notifier.send(&mail("d")).await.unwrap();
    let panicking = Arc::clone(&notifier);
    let outcome = tokio::spawn(async move { panicking.send(&mail("e")).await }).await;
    assert!(outcome.unwrap_err().is_panic());
    notifier.send(&mail("f")).await.unwrap();
    assert_eq!(keys(&notifier), ["a", "d", "f"]);
    assert_eq!(notifier.attempts(), 6);
}

#[tokio::test]
async fn plain_passwords_match_themselves_only() {
    let hasher = PlainPasswordHasher::new();
    let right = Password::new("correct horse".to_owned());
    let wrong = Password::new("correct horse ".to_owned());
    let hash = hasher.hash(&right).await.unwrap();
    assert_eq!(hash, hasher.hash(&right).await.unwrap());
    assert!(hash.as_str().starts_with("$plain$"));
    let verified = hasher.verify(&right, Some(&hash)).await.unwrap();
    assert!(verified.matches && !verified.outdated);
    assert!(!hasher.verify(&wrong, Some(&hash)).await.unwrap().matches);
    assert!(!hasher.verify(&right, None).await.unwrap().matches, "without a hash the answer is no");
    let old = PlainPasswordHasher::outdated_hash(&right);
    let verified = hasher.verify(&right, Some(&old)).await.unwrap();
    assert!(verified.matches && verified.outdated);
    assert!(!hasher.verify(&wrong, Some(&old)).await.unwrap().matches);
    assert_eq!(hasher.verifications(), 5, "a check without a hash is work as well");
    let foreign = PasswordHash::new("$argon2id$v=19$x".to_owned());
    assert!(matches!(hasher.verify(&right, Some(&foreign)).await, Err(HashError::Failed(_))));
    hasher.set_busy(true);
    assert!(matches!(hasher.hash(&right).await, Err(HashError::Busy)));
    assert!(matches!(hasher.verify(&right, None).await, Err(HashError::Busy)));
    hasher.set_busy(false);
    assert!(hasher.hash(&right).await.is_ok());
}

#[test]
fn plain_tokens_say_what_they_say_until_they_expire() {
    let claims = AccessClaims {
        user: UserId::new(7).unwrap(),
        session: LoginSessionId::new(9).unwrap(),
        issued_at: now(),
        expires_at: minutes_after(now(), 10),
        nonce: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255],
    };
    let token = PlainAccessTokens.issue(&claims).unwrap();
    let just_before = claims.expires_at.checked_sub(SignedDuration::from_millis(1)).unwrap();
    assert_eq!(PlainAccessTokens.verify(&token, now()), Ok(claims));
    assert_eq!(PlainAccessTokens.verify(&token, just_before), Ok(claims));
    assert_eq!(PlainAccessTokens.verify(&token, claims.expires_at), Err(TokenError::Expired));
    for broken in ["", "plain.", "plain.7.9.1.2", "plain.0.9.1.2.00", "other.7.9.1.2.00", &format!("{token}.x")] {
        assert_eq!(PlainAccessTokens.verify(broken, now()), Err(TokenError::Invalid), "{broken}");
    }
}

#[test]
fn a_ticket_is_read_back_and_nothing_else_is() {
    let booking = BookingId::new(12).unwrap();
    for viewer in [ViewerId::Account(UserId::new(7).unwrap()), ViewerId::Participant(ParticipantId::new(7).unwrap())] {
        let ticket = JoinToken { booking, viewer, link_version: 3 };
        let text = PlainJoinTokens.seal(&ticket);
        assert_eq!(PlainJoinTokens.open(&text), Some(ticket));
        assert_eq!(PlainJoinTokens.seal(&ticket), text);
        for cut in 0..text.len() {
            assert_eq!(PlainJoinTokens.open(&text[..cut]), None, "{cut}");
        }
    }
    for forged in
        ["plain.012.user-7.3", "plain.12.user-7.+3", "plain.12.user-7.3.", "plain.12.nobody-7.3", "12.user-7.3"]
    {
        assert_eq!(PlainJoinTokens.open(forged), None, "{forged}");
    }
}

#[test]
fn one_word_makes_a_message_genuine() {
    assert!(PlainWebhooks.is_genuine("genuine", b"body", now()));
    assert!(!PlainWebhooks.is_genuine("forged", b"body", now()));
}
