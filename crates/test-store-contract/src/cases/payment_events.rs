//! What providers told: remembered once each.

use attune_ports::{Provider, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::values::INSTANTS;
use super::{assert_conflict, finer};
use crate::Backend;
use crate::fixtures::{at, client, email, minutes_after, now};

async fn tell(backend: &Backend, provider: Provider, id: &str, at: Timestamp) -> bool {
    backend.commit(async |work| work.add_payment_event(provider, id, at).await).await
}

async fn forget(backend: &Backend, before: Timestamp, limit: u32) -> u64 {
    backend.commit(async |work| work.purge_payment_events(before, limit).await).await
}

/// An event is new once, within its unit of work and ever after, whenever it is told again.
pub async fn an_event_is_new_once(backend: &Backend) {
    let mut work = backend.begin().await;
    assert!(work.add_payment_event(Provider::Stripe, "evt_1", now()).await.unwrap());
    assert!(!work.add_payment_event(Provider::Stripe, "evt_1", now()).await.unwrap(), "its own unit of work knows it");
    assert!(work.add_payment_event(Provider::Stripe, "evt_2", now()).await.unwrap(), "being known is no error");
    work.commit().await.unwrap();
    for minute in [0, 1, -1, 100_000] {
        assert!(!tell(backend, Provider::Stripe, "evt_1", minutes_after(now(), minute)).await);
    }
    assert!(!tell(backend, Provider::Stripe, "evt_2", now()).await);
}

/// What a unit of work that was dropped heard is new again.
pub async fn an_event_of_a_dropped_unit_of_work_is_new_again(backend: &Backend) {
    for _ in 0..2 {
        let mut work = backend.begin().await;
        assert!(work.add_payment_event(Provider::Stripe, "evt_1", now()).await.unwrap());
        drop(work);
    }
    assert!(tell(backend, Provider::Stripe, "evt_1", now()).await);
    assert!(!tell(backend, Provider::Stripe, "evt_1", now()).await);
}

/// An event is remembered with what it did, or not at all.
pub async fn an_event_is_remembered_with_its_effect_or_not_at_all(backend: &Backend) {
    backend.practice().await;
    let mut failing = backend.begin().await;
    assert!(failing.add_payment_event(Provider::Stripe, "evt_1", now()).await.unwrap());
    failing.add_user(&client("effect")).await.unwrap();
    assert_conflict!(failing.add_user(&client("client")).await, EmailTaken);
    assert!(matches!(failing.commit().await, Err(StoreError::Failed(_))));
    assert!(backend.queries.credentials(&email("effect")).await.unwrap().is_none());
    let new = backend
        .commit(async |work| {
            let new = work.add_payment_event(Provider::Stripe, "evt_1", now()).await?;
            work.add_user(&client("effect")).await?;
            Ok(new)
        })
        .await;
    assert!(new);
    assert!(backend.queries.credentials(&email("effect")).await.unwrap().is_some());
    assert!(!tell(backend, Provider::Stripe, "evt_1", now()).await);
}

/// Events differ by who told them and by their name, to the letter.
pub async fn events_differ_by_provider_and_name(backend: &Backend) {
    let longest = "~".repeat(255);
    let visible: String = (0x21..=0x7e_u8).map(char::from).collect();
    let names = ["a", "A", "a-", "%", "_", "'a'", "01", "1", &longest, &longest[1..], &visible];
    let told = async |new: bool| {
        for provider in [Provider::Stripe, Provider::Test, Provider::Offline, Provider::None] {
            for name in names {
                assert_eq!(tell(backend, provider, name, now()).await, new, "{provider:?} {name}");
            }
        }
    };
    told(true).await;
    told(false).await;
}

/// Events of every time are remembered, and forgotten by their time.
pub async fn events_are_dated_to_the_millisecond(backend: &Backend) {
    for instant in INSTANTS.map(at) {
        assert!(tell(backend, Provider::Stripe, "evt", finer(instant)).await);
        assert_eq!(forget(backend, instant, 10).await, 0, "{instant}: it is not from before that");
        assert_eq!(forget(backend, instant + SignedDuration::from_millis(1), 10).await, 1, "{instant}");
    }
}

/// What was told before an instant is forgotten, oldest first and at most as many as wanted, and is new when told again.
pub async fn old_events_are_forgotten_oldest_first(backend: &Backend) {
    let providers = [Provider::Stripe, Provider::Test];
    let name = |minute: i64| format!("evt_{}", 9 - minute);
    let provider = |minute: i64| providers[usize::try_from(minute % 2).unwrap()];
    let told = async |minute| tell(backend, provider(minute), &name(minute), minutes_after(now(), minute)).await;
    for minute in [3, 1, 4, 0, 2] {
        assert!(told(minute).await);
    }
    // Asking whether it is new remembers it, so the answer is looked at and dropped.
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
    assert_eq!(forget(backend, now(), 10).await, 0, "the one of this very instant stays");
    assert_eq!(forget(backend, minutes_after(now(), 9), 0).await, 0);
    assert_eq!(known().await, [0, 1, 2, 3, 4]);
    assert_eq!(forget(backend, now() + SignedDuration::from_millis(1), 10).await, 1);
    assert_eq!(known().await, [1, 2, 3, 4]);
    assert_eq!(forget(backend, minutes_after(now(), 4), 2).await, 2);
    assert_eq!(known().await, [3, 4]);
    assert!(!told(3).await, "telling it again keeps its time");
    assert_eq!(forget(backend, minutes_after(now(), 4), u32::MAX).await, 1);
    assert_eq!(known().await, [4]);
    assert!(told(0).await);
    assert_eq!(known().await, [0, 4]);
    assert_eq!(forget(backend, minutes_after(now(), 9), 10).await, 2);
    assert_eq!(forget(backend, minutes_after(now(), 9), 10).await, 0);
}

/// A unit of work that is dropped forgets nothing.
pub async fn a_dropped_unit_of_work_forgets_no_event(backend: &Backend) {
    assert!(tell(backend, Provider::Stripe, "evt_1", now()).await);
    let mut work = backend.begin().await;
    assert_eq!(work.purge_payment_events(minutes_after(now(), 1), 10).await.unwrap(), 1);
    assert!(work.add_payment_event(Provider::Stripe, "evt_1", now()).await.unwrap(), "its own unit of work forgot it");
    drop(work);
    assert!(!tell(backend, Provider::Stripe, "evt_1", now()).await);
}
