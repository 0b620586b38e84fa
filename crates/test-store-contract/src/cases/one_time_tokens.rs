//! One-time tokens: how they are issued, used, ended and found.

use attune_domain::{ChosenSlot, OneTimePurpose, OneTimeToken, ServiceId, TimeZoneName, UserId};
use attune_ports::NewOneTimeToken;
use jiff::Timestamp;

use super::{assert_failed, finer, unknown};
use crate::Backend;
use crate::fixtures::{email, minutes_after, now, one_time_token, slot};

use OneTimePurpose::{ConfirmEmail, LogIn, ResetPassword, UndoEmail, VerifyEmail};

/// Stores a token and reads it.
async fn add(backend: &Backend, new: &NewOneTimeToken) -> OneTimeToken {
    backend.commit(async |work| work.add_one_time_token(new).await).await;
    issued_at(backend, new.user, new.purpose, new.created_at).await.expect("it is stored")
}

async fn issued_at(backend: &Backend, user: UserId, purpose: OneTimePurpose, at: Timestamp) -> Option<OneTimeToken> {
    backend.queries.one_time_token_issued_at(user, purpose, at).await.unwrap()
}

async fn open(backend: &Backend, user: UserId) -> Vec<OneTimeToken> {
    backend.queries.open_one_time_tokens(user).await.unwrap()
}

fn issued(user: UserId, purpose: OneTimePurpose, minute: i64) -> NewOneTimeToken {
    NewOneTimeToken { created_at: minutes_after(now(), minute), ..one_time_token(user, purpose) }
}

fn chosen(service: ServiceId) -> ChosenSlot {
    ChosenSlot { service, starts_at: slot(3), therapist: None, time_zone: None }
}

pub async fn one_time_tokens_round_trip(backend: &Backend) {
    let practice = backend.practice().await;
    let chosen = chosen(practice.service);
    let elsewhere = ChosenSlot {
        therapist: Some(practice.therapist),
        time_zone: Some(TimeZoneName::parse("America/New_York").unwrap()),
        ..chosen.clone()
    };
    for purpose in OneTimePurpose::ALL {
        for (minute, slot) in [(0, None), (1, Some(chosen.clone())), (2, Some(elsewhere.clone()))] {
            let new = NewOneTimeToken { slot: slot.clone(), ..issued(practice.client, purpose, minute) };
            let finer = NewOneTimeToken {
                created_at: finer(new.created_at),
                expires_at: finer(new.expires_at),
                slot: slot.clone().map(|slot| ChosenSlot { starts_at: finer(slot.starts_at), ..slot }),
                ..new.clone()
            };
            let found = add(backend, &finer).await;
            let expected = OneTimeToken {
                id: found.id,
                user: practice.client,
                purpose,
                nonce: [3; 16],
                email: email("client"),
                slot,
                created_at: new.created_at,
                expires_at: new.expires_at,
                ended_at: None,
            };
            assert!(found == expected, "{found:?}");
            assert!(backend.queries.one_time_token(found.id).await.unwrap() == Some(expected));
        }
    }
    assert!(backend.queries.one_time_token(unknown()).await.unwrap().is_none());
    for (user, purpose, minute) in [(practice.client, LogIn, 3), (practice.therapist, LogIn, 0), (unknown(), LogIn, 0)]
    {
        assert!(issued_at(backend, user, purpose, minutes_after(now(), minute)).await.is_none());
    }
}

pub async fn a_token_of_the_same_account_purpose_and_time_is_left_unchanged(backend: &Backend) {
    let practice = backend.practice().await;
    let first = add(backend, &one_time_token(practice.client, ResetPassword)).await;
    let again = NewOneTimeToken {
        nonce: [9; 16],
        email: email("other"),
        expires_at: minutes_after(now(), 90),
        ..one_time_token(practice.client, ResetPassword)
    };
    assert!(add(backend, &again).await == first);
    for other in [
        one_time_token(practice.therapist, ResetPassword),
        one_time_token(practice.client, LogIn),
        issued(practice.client, ResetPassword, 1),
    ] {
        assert!(add(backend, &other).await.id > first.id);
    }
    assert_eq!(open(backend, practice.client).await.len(), 3);
}

pub async fn one_time_tokens_need_their_account_service_and_therapist(backend: &Backend) {
    let practice = backend.practice().await;
    let token = one_time_token(practice.client, VerifyEmail);
    let with_unknown = chosen(unknown());
    let of_unknown = ChosenSlot { therapist: Some(unknown()), ..chosen(practice.service) };
    for (new, what) in [
        (NewOneTimeToken { user: unknown(), ..token.clone() }, "a token of an unknown user"),
        (NewOneTimeToken { slot: Some(with_unknown), ..token.clone() }, "a token for an unknown service"),
        (NewOneTimeToken { slot: Some(of_unknown), ..token.clone() }, "a token for an unknown therapist"),
        (NewOneTimeToken { expires_at: now(), ..token.clone() }, "a token that expires when it is issued"),
    ] {
        assert_failed(backend.uncommitted(async |work| work.add_one_time_token(&new).await).await, what);
    }
}

pub async fn a_one_time_token_is_used_once(backend: &Backend) {
    let practice = backend.practice().await;
    let token = add(backend, &one_time_token(practice.client, LogIn)).await;
    let other = add(backend, &one_time_token(practice.client, ResetPassword)).await;
    let used_at = minutes_after(now(), 1);
    for (id, minute, used) in [(token.id, 1, true), (token.id, 2, false), (unknown(), 3, false)] {
        let at = minutes_after(now(), minute);
        assert_eq!(backend.commit(async |work| work.use_one_time_token(id, at).await).await, used);
    }
    let found = backend.queries.one_time_token(token.id).await.unwrap().unwrap();
    assert!(found == OneTimeToken { ended_at: Some(used_at), ..token }, "the first use stays: {found:?}");
    assert!(open(backend, practice.client).await == [other]);
}

pub async fn one_time_tokens_are_ended_by_purpose_and_time(backend: &Backend) {
    let practice = backend.practice().await;
    let mut tokens = Vec::new();
    for (purpose, minute) in [(ResetPassword, 0), (ResetPassword, 5), (ResetPassword, 6), (LogIn, 9), (UndoEmail, 9)] {
        tokens.push(add(backend, &issued(practice.client, purpose, minute)).await);
    }
    let others = add(backend, &issued(practice.therapist, ResetPassword, 9)).await;
    let used_at = minutes_after(now(), 7);
    assert!(backend.commit(async |work| work.use_one_time_token(tokens[2].id, used_at).await).await);

    let end = async |purposes: &[OneTimePurpose], from: i64, at: i64| {
        let (from, at) = (minutes_after(now(), from), minutes_after(now(), at));
        backend.commit(async |work| work.end_one_time_tokens(practice.client, purposes, from, at).await).await
    };
    let ids = |tokens: &[OneTimeToken]| tokens.iter().map(|token| token.id).collect::<Vec<_>>();
    assert_eq!(end(&[], 0, 10).await, 0);
    assert_eq!(end(&[VerifyEmail, ConfirmEmail], 0, 10).await, 0);
    assert_eq!(end(&[ResetPassword], 5, 10).await, 1, "the earlier one stays, and the used one was ended before");
    assert_eq!(ids(&open(backend, practice.client).await), [tokens[4].id, tokens[3].id, tokens[0].id], "newest first");
    assert_eq!(end(&OneTimePurpose::ENDED_BY_CHANGE, -10, 20).await, 2);
    assert_eq!(ids(&open(backend, practice.client).await), [tokens[4].id]);
    for (token, minute) in [(0, 20), (1, 10), (2, 7), (3, 20)] {
        let found = backend.queries.one_time_token(tokens[token].id).await.unwrap().unwrap();
        assert_eq!(found.ended_at, Some(minutes_after(now(), minute)), "token {token}");
        assert!(!backend.commit(async |work| work.use_one_time_token(found.id, now()).await).await);
    }
    assert!(open(backend, practice.therapist).await == [others]);
}

/// An address is reserved while its former account can get it back.
pub async fn an_address_is_reserved_while_it_can_be_restored(backend: &Backend) {
    let practice = backend.practice().await;
    let undo = NewOneTimeToken { email: email("former"), ..one_time_token(practice.client, UndoEmail) };
    let token = add(backend, &undo).await;
    add(backend, &NewOneTimeToken { email: email("next"), ..one_time_token(practice.client, ConfirmEmail) }).await;
    let is_reserved = async |local: &str, minute: i64| {
        let (email, at) = (email(local), minutes_after(now(), minute));
        let reserved = backend.uncommitted(async |work| work.email_reserved_for(&email, at).await).await.unwrap();
        assert!(reserved.is_none_or(|user| user == practice.client), "{reserved:?}");
        reserved.is_some()
    };
    for (local, minute, expected) in [
        ("former", 0, true),
        ("former", 59, true),
        ("former", 60, false),
        ("next", 0, false),
        ("client", 0, false),
        ("former2", 0, false),
    ] {
        assert_eq!(is_reserved(local, minute).await, expected, "{local} in minute {minute}");
    }
    assert!(backend.commit(async |work| work.use_one_time_token(token.id, now()).await).await);
    assert!(!is_reserved("former", 0).await);
}

pub async fn expired_one_time_tokens_are_purged(backend: &Backend) {
    let practice = backend.practice().await;
    let mut last = None;
    for minute in [0, 10, 20] {
        let expires_at = minutes_after(now(), minute + 1);
        let new = NewOneTimeToken { expires_at, ..issued(practice.client, LogIn, minute) };
        last = Some(add(backend, &new).await.id);
    }
    let purge = async |minute: i64| {
        let before = minutes_after(now(), minute);
        backend.commit(async |work| work.purge_one_time_tokens(before).await).await
    };
    for (before, purged, left) in [(1, 0, 3), (11, 1, 2), (11, 0, 2), (99, 2, 0)] {
        assert_eq!(purge(before).await, purged, "before minute {before}");
        assert_eq!(open(backend, practice.client).await.len(), left);
    }
    let next = add(backend, &issued(practice.client, LogIn, 0)).await;
    assert!(Some(next.id) > last, "ids are not reused");
}
