//! Tests rely on these properties of the doubles.

use std::sync::Arc;

use attune_domain::notification::NotificationKind;
use attune_domain::{
    BookingId, EmailAddress, JoinToken, Language, LoginSessionId, ParticipantId, TimeZoneName, UserId, ViewerId,
};
use attune_ports::{
    AccessClaims, AccessTokens, Clock, Email, HashError, JoinTokens, Notifier, NotifyError, NotifyFailure, OutboxWaker,
    Password, PasswordHash, PasswordHasher, Random, TimeZones, TokenError, WebhookVerifier,
};
use attune_test_doubles::{
    CountingWaker, FixedClock, NoopWaker, PlainAccessTokens, PlainJoinTokens, PlainPasswordHasher, PlainWebhooks,
    RecordingNotifier, Reply, SequenceRandom, SystemZones, practice,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid instant")
}

fn now() -> Timestamp {
    at("2027-01-11T08:00:00.123Z")
}

#[test]
fn the_clock_moves_only_when_set_and_shows_whole_milliseconds() {
    let clock = FixedClock::new(at("2027-01-11T08:00:00.123456Z"));
    assert_eq!(clock.now(), at("2027-01-11T08:00:00.123Z"));
    assert_eq!(clock.now(), clock.now());
    clock.advance(SignedDuration::from_mins(5));
    assert_eq!(clock.now(), at("2027-01-11T08:05:00.123Z"));
    clock.advance(SignedDuration::from_hours(-1));
    assert_eq!(clock.now(), at("2027-01-11T07:05:00.123Z"));
    clock.set(now());
    assert_eq!(clock.now(), now());
    clock.advance(SignedDuration::MAX);
    assert_eq!(clock.now().as_second(), Timestamp::MAX.as_second(), "the clock stops at the last timestamp");
}

#[test]
fn a_seed_always_gives_the_same_bytes_and_no_two_draws_are_equal() {
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
fn zones_come_from_the_time_zone_database() {
    let find = |name: &str| SystemZones.find(&TimeZoneName::parse(name).unwrap());
    let berlin = find("Europe/Berlin").expect("a zone in every database");
    let summer = berlin.to_offset(at("2027-07-01T12:00:00Z"));
    assert_eq!(summer.seconds(), 2 * 3_600);
    assert!(find("UTC").is_some());
    assert!(find("Europe/Atlantis").is_none());
    assert!(find("Etc/Unknown").is_none());
}

#[test]
fn the_waker_counts() {
    let waker = CountingWaker::default();
    NoopWaker.wake();
    assert_eq!(waker.wakes(), 0);
    waker.wake();
    waker.wake();
    assert_eq!(waker.wakes(), 2);
}

fn message(message_id: &str) -> Email {
    Email {
        kind: NotificationKind::MeetingInfo,
        message_id: message_id.to_owned(),
        to: EmailAddress::parse("client@example.org").expect("a valid address"),
        language: Language::English,
        to_name: "Robin Doe".to_owned(),
        join_url: Some("https://meet.example.org/room".to_owned()),
        pay_url: None,
        starts_at: now(),
        minutes: 50,
        zone: TimeZone::UTC,
        calendar_uid: "booking-1@installation".to_owned(),
        calendar_sequence: 1,
        practice: Arc::new(practice("Europe/Berlin")),
        logo: None,
        payment: None,
        change: None,
        client_name: None,
        therapist_name: None,
        account: None,
        agenda: Vec::new(),
        others: Vec::new(),
        sent_at: now(),
    }
}

#[tokio::test]
async fn the_notifier_records_emails_and_fails_on_request() {
    let notifier = Arc::new(RecordingNotifier::new());
    let keys =
        |notifier: &RecordingNotifier| notifier.sent().into_iter().map(|email| email.message_id).collect::<Vec<_>>();
    let refused = NotifyError::Refused { code: 550 };
    let timeout = NotifyError::Unavailable { reason: NotifyFailure::Timeout };
    notifier.send(&message("a")).await.unwrap();
    notifier.reply_with([Reply::Fail(refused), Reply::Accept, Reply::Panic]);
    assert_eq!(notifier.send(&message("b")).await, Err(refused));

    notifier.go_down(timeout);
    assert_eq!(notifier.check().await, Err(timeout));
    assert_eq!(notifier.send(&message("c")).await, Err(timeout));
    notifier.come_back();
    assert_eq!(notifier.check().await, Ok(()));

    notifier.send(&message("d")).await.unwrap();
    let panicking = Arc::clone(&notifier);
    let outcome = tokio::spawn(async move { panicking.send(&message("e")).await }).await;
    assert!(outcome.unwrap_err().is_panic());
    notifier.send(&message("f")).await.unwrap();
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
    let check = hasher.verify(&right, Some(&hash)).await.unwrap();
    assert!(check.matches && !check.outdated);
    assert!(!hasher.verify(&wrong, Some(&hash)).await.unwrap().matches);
    assert!(!hasher.verify(&right, None).await.unwrap().matches, "no password matches a missing hash");
    let old = PlainPasswordHasher::outdated_hash(&right);
    let check = hasher.verify(&right, Some(&old)).await.unwrap();
    assert!(check.matches && check.outdated);
    assert!(!hasher.verify(&wrong, Some(&old)).await.unwrap().matches);
    assert_eq!(hasher.verifications(), 5, "a check without a hash counts too");
    let argon2 = PasswordHash::new("$argon2id$v=19$x".to_owned());
    assert!(matches!(hasher.verify(&right, Some(&argon2)).await, Err(HashError::Failed(_))));
    hasher.set_busy(true);
    assert!(matches!(hasher.hash(&right).await, Err(HashError::Busy)));
    assert!(matches!(hasher.verify(&right, None).await, Err(HashError::Busy)));
    hasher.set_busy(false);
    assert!(hasher.hash(&right).await.is_ok());
}

#[test]
fn plain_access_tokens_are_valid_until_they_expire() {
    let claims = AccessClaims {
        user: UserId::new(7).unwrap(),
        session: LoginSessionId::new(9).unwrap(),
        issued_at: now(),
        expires_at: now() + SignedDuration::from_mins(10),
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
fn a_join_token_is_read_back_and_nothing_else_is() {
    let booking = BookingId::new(12).unwrap();
    for viewer in [ViewerId::Account(UserId::new(7).unwrap()), ViewerId::Participant(ParticipantId::new(7).unwrap())] {
        let token = JoinToken { booking, viewer, link_version: 3 };
        let text = PlainJoinTokens.sign(&token);
        assert_eq!(PlainJoinTokens.verify(&text), Some(token));
        assert_eq!(PlainJoinTokens.sign(&token), text);
        for cut in 0..text.len() {
            assert_eq!(PlainJoinTokens.verify(&text[..cut]), None, "{cut}");
        }
    }
    for forged in
        ["plain.012.user-7.3", "plain.12.user-7.+3", "plain.12.user-7.3.", "plain.12.person-7.3", "12.user-7.3"]
    {
        assert_eq!(PlainJoinTokens.verify(forged), None, "{forged}");
    }
}

#[test]
fn only_the_signature_genuine_is_accepted() {
    assert!(PlainWebhooks.is_genuine("genuine", b"body", now()));
    assert!(!PlainWebhooks.is_genuine("forged", b"body", now()));
}
