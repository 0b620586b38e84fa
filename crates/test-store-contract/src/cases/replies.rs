//! IdempotencyStore that are kept for a second try.

use attune_ports::{IdempotencyKey, StoreError, StoredResponse};
use jiff::SignedDuration;

use super::values::{INSTANTS, TEXTS};
use super::{assert_conflict, unknown_user};
use crate::Backend;
use crate::fixtures::{at, client, day_off, minutes_after, now, reply, reply_key};

async fn read(backend: &Backend, key: &IdempotencyKey) -> Option<StoredResponse> {
    backend.uncommitted(async |work| work.stored_response(key).await).await.unwrap()
}

async fn keep(backend: &Backend, key: &IdempotencyKey, reply: &StoredResponse) {
    backend.commit(async |work| work.save_response(key, reply).await).await;
}

async fn amend(backend: &Backend, key: &IdempotencyKey, body: &str) -> bool {
    backend.commit(async |work| work.update_response(key, body).await).await
}

/// A reply comes back as it went in, whatever it says and whenever it was given.
pub async fn a_reply_comes_back_as_it_went_in(backend: &Backend) {
    let practice = backend.practice().await;
    let long = "🦊".repeat(250_000);
    let mut all: Vec<_> = TEXTS.iter().copied().chain([long.as_str()]).map(reply).collect();
    all.extend([0, 100, 200, 409, 599, u16::MAX].map(|status| StoredResponse { status, ..reply("{}") }));
    let mixed = std::array::from_fn(|n| if n % 2 == 0 { 0 } else { 0xff });
    all.extend([[0; 32], [0xff; 32], mixed].map(|request_hash| StoredResponse { request_hash, ..reply("{}") }));
    all.extend(INSTANTS.map(|instant| StoredResponse { at: at(instant), ..reply("{}") }));
    for (n, kept) in all.into_iter().enumerate() {
        let key = reply_key(practice.client, &format!("k{n}"));
        backend
            .commit(async |work| {
                assert_eq!(work.stored_response(&key).await?, None);
                work.save_response(&key, &kept).await?;
                assert_eq!(work.stored_response(&key).await?.as_ref(), Some(&kept), "its own unit of work sees it");
                Ok(())
            })
            .await;
        assert_eq!(read(backend, &key).await, Some(kept));
    }
}

/// What is finer than a millisecond is cut off.
pub async fn replies_are_dated_to_the_millisecond(backend: &Backend) {
    let practice = backend.practice().await;
    let key = reply_key(practice.client, "k");
    let finer = now().checked_add(SignedDuration::from_nanos(456_789)).unwrap();
    keep(backend, &key, &StoredResponse { at: finer, ..reply("{}") }).await;
    assert_eq!(read(backend, &key).await, Some(reply("{}")));
}

/// One reply is kept under a key: the first, whether or not the second is the same.
pub async fn one_reply_is_kept_under_a_key(backend: &Backend) {
    let practice = backend.practice().await;
    let key = reply_key(practice.client, "k");
    keep(backend, &key, &reply("first")).await;
    let other =
        StoredResponse { request_hash: [9; 32], status: 409, body: "second".to_owned(), at: minutes_after(now(), 1) };
    for second in [reply("first"), other] {
        assert_conflict!(
            backend.uncommitted(async |work| work.save_response(&key, &second).await).await,
            IdempotencyKeyTaken
        );
        assert_eq!(read(backend, &key).await, Some(reply("first")));
    }
    let twice = backend
        .uncommitted(async |work| {
            work.save_response(&reply_key(practice.client, "l"), &reply("")).await?;
            work.save_response(&reply_key(practice.client, "l"), &reply("")).await
        })
        .await;
    assert_conflict!(twice, IdempotencyKeyTaken);
}

/// Keys differ by who asks, what for, and what they call it, to the letter.
pub async fn keys_differ_by_person_route_and_name(backend: &Backend) {
    let practice = backend.practice().await;
    let longest = "~".repeat(255);
    let visible: String = (0x21..=0x7e_u8).map(char::from).collect();
    let mut keys = Vec::new();
    for user in [practice.client, practice.therapist] {
        for route in ["POST /bookings", "post /bookings", "POST /bookings/1/reschedule", "POST /bookings/1"] {
            for key in ["a", "A", "a-", "%", "_", "'a'", "01", "1", &longest, &longest[1..], &visible] {
                keys.push(IdempotencyKey { user, route: route.to_owned(), key: key.to_owned() });
            }
        }
    }
    for (n, key) in keys.iter().enumerate() {
        assert_eq!(read(backend, key).await, None, "{} {}", key.route, key.key);
        keep(backend, key, &reply(&n.to_string())).await;
    }
    for (n, key) in keys.iter().enumerate() {
        assert_eq!(read(backend, key).await, Some(reply(&n.to_string())), "{} {}", key.route, key.key);
    }
}

/// Amending replaces the body of one reply and nothing else; where there is none, it says so.
pub async fn amending_replaces_the_body(backend: &Backend) {
    let practice = backend.practice().await;
    let (key, other) = (reply_key(practice.client, "k"), reply_key(practice.client, "l"));
    assert!(!amend(backend, &key, "too early").await);
    assert_eq!(read(backend, &key).await, None, "amending keeps nothing");
    keep(backend, &key, &reply("first")).await;
    keep(backend, &other, &reply("other")).await;
    for body in ["second", "", "second", "second", &"x".repeat(100_000)] {
        assert!(amend(backend, &key, body).await);
        assert_eq!(read(backend, &key).await, Some(reply(body)));
    }
    assert_eq!(read(backend, &other).await, Some(reply("other")));
    let elsewhere = IdempotencyKey { route: "POST /elsewhere".to_owned(), ..key.clone() };
    assert!(!amend(backend, &elsewhere, "x").await);
    assert!(!amend(backend, &IdempotencyKey { user: practice.therapist, ..key }, "x").await);
    backend
        .commit(async |work| {
            let new = reply_key(practice.client, "m");
            work.save_response(&new, &reply("first")).await?;
            assert!(work.update_response(&new, "second").await?);
            assert_eq!(work.stored_response(&new).await?, Some(reply("second")));
            Ok(())
        })
        .await;
}

/// A reply needs somebody who asked; asking for one does not.
pub async fn a_reply_needs_its_asker(backend: &Backend) {
    let key = reply_key(unknown_user(), "k");
    assert_eq!(read(backend, &key).await, None);
    assert!(!amend(backend, &key, "x").await);
    let refused = backend.uncommitted(async |work| work.save_response(&key, &reply("{}")).await).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "a reply to nobody: {refused:?}");
}

/// IdempotencyStore from before an instant are forgotten, oldest first and at most as many as told, and their keys are free.
pub async fn old_replies_are_forgotten_oldest_first(backend: &Backend) {
    let practice = backend.practice().await;
    let key = |minute: i64| reply_key(practice.client, &format!("k{minute}"));
    let given = |minute| StoredResponse { at: minutes_after(now(), minute), ..reply("{}") };
    for minute in [3, 1, 4, 0, 2] {
        keep(backend, &key(minute), &given(minute)).await;
    }
    let forget = async |before, limit| backend.commit(async |work| work.purge_responses(before, limit).await).await;
    let left = async || {
        let mut left = Vec::new();
        for minute in 0..5 {
            if let Some(kept) = read(backend, &key(minute)).await {
                assert_eq!(kept, given(minute));
                left.push(minute);
            }
        }
        left
    };
    assert_eq!(forget(now(), 10).await, 0, "the one of this very instant stays");
    assert_eq!(forget(minutes_after(now(), 9), 0).await, 0);
    assert_eq!(left().await, [0, 1, 2, 3, 4]);
    assert_eq!(forget(now() + SignedDuration::from_millis(1), 10).await, 1);
    assert_eq!(left().await, [1, 2, 3, 4]);
    assert_eq!(forget(minutes_after(now(), 4), 2).await, 2);
    assert_eq!(left().await, [3, 4]);
    assert_eq!(forget(minutes_after(now(), 4), u32::MAX).await, 1);
    assert_eq!(left().await, [4]);
    assert!(!amend(backend, &key(0), "x").await);
    keep(backend, &key(0), &given(0)).await;
    assert_eq!(left().await, [0, 4]);
    assert_eq!(forget(minutes_after(now(), 9), 10).await, 2);
    assert_eq!(forget(minutes_after(now(), 9), 10).await, 0);
}

/// A unit of work that is dropped keeps, amends and forgets nothing.
pub async fn a_dropped_unit_of_work_leaves_replies_as_they_were(backend: &Backend) {
    let practice = backend.practice().await;
    let (old, new) = (reply_key(practice.client, "old"), reply_key(practice.client, "new"));
    keep(backend, &old, &reply("old")).await;
    let mut work = backend.begin().await;
    work.save_response(&new, &reply("new")).await.unwrap();
    assert!(work.update_response(&old, "amended").await.unwrap());
    drop(work);
    let mut work = backend.begin().await;
    assert_eq!(work.purge_responses(minutes_after(now(), 9), 10).await.unwrap(), 1);
    assert_eq!(work.stored_response(&old).await.unwrap(), None);
    drop(work);
    assert_eq!(read(backend, &old).await, Some(reply("old")));
    assert_eq!(read(backend, &new).await, None);
    keep(backend, &new, &reply("new")).await;
}

/// There is never an effect without its reply, nor a reply without its effect.
pub async fn a_reply_is_kept_with_its_effect_or_not_at_all(backend: &Backend) {
    let practice = backend.practice().await;
    let key = reply_key(practice.therapist, "k");
    let effects = async || backend.queries.time_off(None).await.unwrap().len();
    backend
        .commit(async |work| {
            work.add_schedule_exception(&day_off(practice.therapist, "2027-05-01")).await?;
            work.save_response(&key, &reply("first")).await
        })
        .await;
    let mut again = backend.begin().await;
    again.add_schedule_exception(&day_off(practice.therapist, "2027-05-01")).await.unwrap();
    assert_conflict!(again.save_response(&key, &reply("second")).await, IdempotencyKeyTaken);
    assert!(again.commit().await.is_err());
    assert_eq!(effects().await, 1);

    let other = reply_key(practice.therapist, "l");
    let mut failing = backend.begin().await;
    failing.save_response(&other, &reply("too soon")).await.unwrap();
    assert_conflict!(failing.add_user(&client("client")).await, EmailTaken);
    assert!(failing.commit().await.is_err());
    assert_eq!(read(backend, &other).await, None);
}
