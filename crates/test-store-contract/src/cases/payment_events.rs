//! Ids of payment webhook events, each stored once.

use attune_ports::{Provider, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::values::INSTANTS;
use super::{assert_conflict, finer};
use crate::Backend;
use crate::fixtures::{at, client, email, minutes_after, now};

async fn add(backend: &Backend, provider: Provider, id: &str, at: Timestamp) -> bool {
    backend.commit(async |work| work.add_payment_event(provider, id, at).await).await
}

async fn purge(backend: &Backend, before: Timestamp, limit: u32) -> u64 {
    backend.commit(async |work| work.purge_payment_events(before, limit).await).await
}

pub async fn an_event_is_new_once(backend: &Backend) {
    let mut work = backend.begin().await;
    assert!(work.add_payment_event(Provider::Stripe, "evt_1", now()).await.unwrap());
    assert!(!work.add_payment_event(Provider::Stripe, "evt_1", now()).await.unwrap(), "visible in its unit of work");
    assert!(work.add_payment_event(Provider::Stripe, "evt_2", now()).await.unwrap(), "an existing event is no error");
    work.commit().await.unwrap();
    for minute in [0, 1, -1, 100_000] {
        assert!(!add(backend, Provider::Stripe, "evt_1", minutes_after(now(), minute)).await);
    }
    assert!(!add(backend, Provider::Stripe, "evt_2", now()).await);
}

pub async fn an_event_of_a_dropped_unit_of_work_is_new_again(backend: &Backend) {
    for _ in 0..2 {
        let mut work = backend.begin().await;
        assert!(work.add_payment_event(Provider::Stripe, "evt_1", now()).await.unwrap());
        drop(work);
    }
    assert!(add(backend, Provider::Stripe, "evt_1", now()).await);
    assert!(!add(backend, Provider::Stripe, "evt_1", now()).await);
}

pub async fn an_event_is_stored_with_its_effect_or_not_at_all(backend: &Backend) {
    backend.practice().await;
    let mut failing = backend.begin().await;
    assert!(failing.add_payment_event(Provider::Stripe, "evt_1", now()).await.unwrap());
    failing.add_user(&client("effect")).await.unwrap();
    assert_conflict!(failing.add_user(&client("client")).await, EmailTaken);
    assert!(matches!(failing.commit().await, Err(StoreError::Failed(_))));
    assert!(backend.queries.credentials(&email("effect")).await.unwrap().is_none());
    let new = backend.commit(async |work| {
        work.add_user(&client("effect")).await?;
        work.add_payment_event(Provider::Stripe, "evt_1", now()).await
    });
    assert!(new.await);
    assert!(backend.queries.credentials(&email("effect")).await.unwrap().is_some());
    assert!(!add(backend, Provider::Stripe, "evt_1", now()).await);
}

pub async fn events_differ_by_provider_and_name(backend: &Backend) {
    let longest = "~".repeat(255);
    let visible: String = (0x21..=0x7e_u8).map(char::from).collect();
    let names = ["a", "A", "a-", "%", "_", "'a'", "01", "1", &longest, &longest[1..], &visible];
    for new in [true, false] {
        for provider in [Provider::Stripe, Provider::Test, Provider::Offline, Provider::None] {
            for name in names {
                assert_eq!(add(backend, provider, name, now()).await, new, "{provider:?} {name}");
            }
        }
    }
}

pub async fn events_are_dated_to_the_millisecond(backend: &Backend) {
    for instant in INSTANTS.map(at) {
        assert!(add(backend, Provider::Stripe, "evt", finer(instant)).await);
        assert_eq!(purge(backend, instant, 10).await, 0, "{instant}: it is not older");
        assert_eq!(purge(backend, instant + SignedDuration::from_millis(1), 10).await, 1, "{instant}");
    }
}

pub async fn old_events_are_purged_oldest_first(backend: &Backend) {
    let providers = [Provider::Stripe, Provider::Test];
    let name = |minute: i64| format!("evt_{}", 9 - minute);
    let provider = |minute: i64| providers[usize::try_from(minute % 2).unwrap()];
    let add_at = async |minute| add(backend, provider(minute), &name(minute), minutes_after(now(), minute)).await;
    for minute in [3, 1, 4, 0, 2] {
        assert!(add_at(minute).await);
    }
    // Testing whether an event is new adds it, so this unit of work is dropped.
    let known = async || {
        let mut work = backend.begin().await;
        let mut known = Vec::new();
        for minute in 0..5 {
            if !work.add_payment_event(provider(minute), &name(minute), now()).await.unwrap() {
                known.push(minute);
            }
        }
        known
    };
    assert_eq!(purge(backend, now(), 10).await, 0, "the one of this instant stays");
    assert_eq!(purge(backend, minutes_after(now(), 9), 0).await, 0);
    assert_eq!(known().await, [0, 1, 2, 3, 4]);
    assert_eq!(purge(backend, now() + SignedDuration::from_millis(1), 10).await, 1);
    assert_eq!(known().await, [1, 2, 3, 4]);
    assert_eq!(purge(backend, minutes_after(now(), 4), 2).await, 2);
    assert_eq!(known().await, [3, 4]);
    assert!(!add_at(3).await, "adding it again does not change its time");
    assert_eq!(purge(backend, minutes_after(now(), 4), u32::MAX).await, 1);
    assert_eq!(known().await, [4]);
    assert!(add_at(0).await);
    assert_eq!(known().await, [0, 4]);
    assert_eq!(purge(backend, minutes_after(now(), 9), 10).await, 2);
    assert_eq!(purge(backend, minutes_after(now(), 9), 10).await, 0);
}

pub async fn a_dropped_unit_of_work_purges_no_event(backend: &Backend) {
    assert!(add(backend, Provider::Stripe, "evt_1", now()).await);
    let mut work = backend.begin().await;
    assert_eq!(work.purge_payment_events(minutes_after(now(), 1), 10).await.unwrap(), 1);
    assert!(work.add_payment_event(Provider::Stripe, "evt_1", now()).await.unwrap(), "purged in its unit of work");
    drop(work);
    assert!(!add(backend, Provider::Stripe, "evt_1", now()).await);
}
