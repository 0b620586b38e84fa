//! Payments: attempts to collect a price.

use attune_domain::Booking;
use attune_ports::{NewPayment, Payment, PaymentState, Provider};
use jiff::{SignedDuration, Timestamp};

use super::values::INSTANTS;
use super::{assert_conflict, assert_failed, finer, unknown};
use crate::Backend;
use crate::fixtures::{PracticeFixture, at, eur, minutes_after, money, now, paid, payment, slot};

const PROVIDERS: [Provider; 4] = [Provider::None, Provider::Offline, Provider::Test, Provider::Stripe];

/// Two bookings of a new practice that hold their slots until they are paid.
async fn two_holds(backend: &Backend) -> (PracticeFixture, Booking, Booking) {
    let practice = backend.practice().await;
    let hold = async |n| backend.add_booking(|id| practice.held(id, slot(n), minutes_after(now(), 15))).await;
    (practice, hold(0).await, hold(1).await)
}

async fn save(backend: &Backend, payment: &Payment) {
    backend.commit(async |work| work.save_payment(payment).await).await;
}

async fn due(backend: &Backend, now: Timestamp, limit: u32) -> Vec<Payment> {
    backend.queries.payments_due_for_polling(now, limit).await.unwrap()
}

/// Checks a payment in every query that finds it.
async fn expect_payment(backend: &Backend, expected: &Payment) {
    let Payment { booking, provider, provider_checkout_id: ref checkout_id, .. } = *expected;
    let read = backend.queries.payment_by_checkout_id(provider, checkout_id).await.unwrap();
    assert_eq!(read.as_ref(), Some(expected));
    let listed = backend.queries.payments(booking).await.unwrap();
    assert_eq!(listed.iter().find(|payment| payment.id == expected.id), Some(expected));
    if let Some(id) = &expected.provider_payment_id {
        let read = backend.queries.payment_by_provider_id(provider, id).await.unwrap();
        assert_eq!(read.as_ref(), Some(expected));
    }
    if let Some(check_at) = expected.check_at {
        assert!(due(backend, check_at, 1_000).await.contains(expected));
    }
    let mut work = backend.begin().await;
    assert_eq!(work.payment_by_checkout_id(provider, checkout_id).await.unwrap().as_ref(), Some(expected));
    assert_eq!(work.payments_of(booking).await.unwrap(), listed);
}

pub async fn payments_round_trip(backend: &Backend) {
    let (practice, booking, _) = two_holds(backend).await;
    let bare = NewPayment { checkout_url: None, ..payment(booking.id(), "bare") };
    let full = NewPayment {
        provider: Provider::Stripe,
        amount: money(12_345, "KWD"),
        state: PaymentState::Settled,
        checkout_nonce: Some([0x5a; 16]),
        expires_at: Some(minutes_after(now(), 15)),
        provider_payment_id: Some("pi_full".to_owned()),
        check_at: Some(minutes_after(now(), 7)),
        method: Some("bank_transfer".to_owned()),
        memo: Some("receipt 4711".to_owned()),
        recorded_by: Some(practice.therapist),
        settled_at: Some(minutes_after(now(), 2)),
        ..payment(booking.id(), "full")
    };
    let free = NewPayment { state: PaymentState::Closed, amount: eur(0), ..payment(booking.id(), "free") };
    let mut all = vec![bare, full, free];
    let mixed = std::array::from_fn(|n| if n % 2 == 0 { 0 } else { 0xff });
    for (n, nonce) in (0..).zip([[0; 16], [0xff; 16], mixed]) {
        let opening = payment(booking.id(), &NewPayment::placeholder_checkout_id([n; 16]));
        all.push(NewPayment { checkout_nonce: Some(nonce), state: PaymentState::Opening, ..opening });
    }
    all.extend(PaymentState::ALL.map(|state| NewPayment { state, ..payment(booking.id(), state.as_str()) }));
    all.extend(PROVIDERS.map(|provider| NewPayment { provider, ..payment(booking.id(), "of each provider") }));
    for new in all {
        expect_payment(backend, &backend.add_payment(new).await).await;
    }
}

pub async fn payments_are_dated_to_the_millisecond(backend: &Backend) {
    let (_, booking, _) = two_holds(backend).await;
    for (n, instant) in INSTANTS.map(at).into_iter().enumerate() {
        let dated = |at: Timestamp| NewPayment {
            created_at: at,
            expires_at: Some(at),
            settled_at: Some(at),
            check_at: Some(at),
            ..payment(booking.id(), &format!("r{n}"))
        };
        let stored = dated(instant).with_id(backend.add_payment(dated(finer(instant))).await.id);
        expect_payment(backend, &stored).await;
        let bare = NewPayment { settled_at: None, check_at: None, ..dated(instant) };
        save(backend, &(bare.clone()).with_id(stored.id)).await;
        expect_payment(backend, &bare.with_id(stored.id)).await;
        save(backend, &dated(finer(instant)).with_id(stored.id)).await;
        expect_payment(backend, &stored).await;
    }
}

pub async fn a_checkout_id_is_used_once(backend: &Backend) {
    let (_, booking, other) = two_holds(backend).await;
    backend.add_payment(payment(booking.id(), "r")).await;
    for again in [booking.id(), other.id()] {
        let new = NewPayment { state: PaymentState::Closed, ..payment(again, "r") };
        assert_conflict!(backend.uncommitted(async |work| work.add_payment(&new).await).await, ProviderIdTaken);
    }
    backend.add_payment(NewPayment { provider: Provider::Offline, ..payment(other.id(), "r") }).await;
    backend.add_payment(payment(other.id(), "R")).await;
}

pub async fn a_payment_is_found_by_provider_and_checkout_id(backend: &Backend) {
    let (_, booking, _) = two_holds(backend).await;
    let add = async |provider| backend.add_payment(NewPayment { provider, ..payment(booking.id(), "r") }).await.id;
    let (test, offline) = (add(Provider::Test).await, add(Provider::Offline).await);
    for (provider, checkout_id, expected) in [
        (Provider::Test, "r", Some(test)),
        (Provider::Offline, "r", Some(offline)),
        (Provider::None, "r", None),
        (Provider::Stripe, "r", None),
        (Provider::Test, "s", None),
        (Provider::Test, "", None),
        (Provider::Test, "%", None),
    ] {
        let read = backend.queries.payment_by_checkout_id(provider, checkout_id).await.unwrap();
        assert_eq!(read.map(|payment| payment.id), expected, "{provider:?} {checkout_id:?}");
        let mut work = backend.begin().await;
        let read = work.payment_by_checkout_id(provider, checkout_id).await.unwrap();
        assert_eq!(read.map(|payment| payment.id), expected, "{provider:?} {checkout_id:?}");
    }
}

pub async fn a_payment_is_found_by_its_provider_id(backend: &Backend) {
    let (_, booking, _) = two_holds(backend).await;
    let open = backend.add_payment(payment(booking.id(), "pi_1")).await;
    let with = |provider, checkout_id: &str, provider_id: &str| NewPayment {
        provider,
        provider_payment_id: Some(provider_id.to_owned()),
        ..paid(booking.id(), checkout_id)
    };
    let stripe = backend.add_payment(with(Provider::Stripe, "a", "pi_1")).await;
    let test = backend.add_payment(with(Provider::Test, "b", "pi_1")).await;
    let found = async |provider, id| backend.queries.payment_by_provider_id(provider, id).await.unwrap();
    assert_eq!(found(Provider::Stripe, "pi_1").await, Some(stripe));
    assert_eq!(found(Provider::Test, "pi_1").await.as_ref(), Some(&test));
    for (provider, id) in [
        (Provider::Offline, "pi_1"),
        (Provider::Test, "PI_1"),
        (Provider::Test, "pi_2"),
        (Provider::Test, "pi__"),
        (Provider::Test, "%"),
        (Provider::Test, ""),
        (Provider::Test, "b"),
    ] {
        assert_eq!(found(provider, id).await, None, "{provider:?} {id:?}");
    }
    save(backend, &with(Provider::Test, "b", "pi_2").with_id(test.id)).await;
    assert_eq!(found(Provider::Test, "pi_1").await, None);
    assert_eq!(found(Provider::Test, "pi_2").await.map(|payment| payment.id), Some(test.id));
    save(backend, &with(Provider::Test, "pi_1", "pi_1").with_id(open.id)).await;
    assert_eq!(found(Provider::Test, "pi_1").await.map(|payment| payment.id), Some(open.id));
}

pub async fn saving_a_payment_writes_what_may_change(backend: &Backend) {
    let (practice, booking, other) = two_holds(backend).await;
    let new = NewPayment {
        checkout_nonce: Some([1; 16]),
        expires_at: Some(minutes_after(now(), 15)),
        method: Some("cash".to_owned()),
        memo: Some("note".to_owned()),
        recorded_by: Some(practice.therapist),
        ..payment(booking.id(), "r")
    };
    let stored = backend.add_payment(new.clone()).await;
    let untouched = backend.add_payment(payment(booking.id(), "s")).await;
    for (n, state) in PaymentState::ALL.into_iter().chain(PaymentState::ALL.into_iter().rev()).enumerate() {
        let some = n % 2 == 0;
        let changed = |payment: NewPayment| NewPayment {
            provider_checkout_id: format!("r{}", n / 2),
            checkout_url: some.then(|| format!("https://pay.example.org/{n}")),
            state,
            provider_payment_id: some.then(|| format!("pi_{n}")),
            check_at: some.then(|| minutes_after(now(), 3)),
            settled_at: some.then(|| minutes_after(now(), 4)),
            ..payment
        };
        let forged = NewPayment {
            booking: other.id(),
            provider: Provider::Stripe,
            amount: money(1, "USD"),
            checkout_nonce: some.then_some([9; 16]),
            expires_at: some.then(|| minutes_after(now(), 9)),
            method: some.then(|| "forged".to_owned()),
            memo: some.then(|| "forged".to_owned()),
            recorded_by: some.then_some(practice.client),
            created_at: minutes_after(now(), 9),
            ..new.clone()
        };
        save(backend, &changed(forged).with_id(stored.id)).await;
        expect_payment(backend, &changed(new.clone()).with_id(stored.id)).await;
    }
    expect_payment(backend, &untouched).await;
    assert!(backend.queries.payments(other.id()).await.unwrap().is_empty());
    let first = backend.queries.payment_by_checkout_id(Provider::Test, "r").await.unwrap();
    assert_eq!(first, None, "the former checkout id is not found");
    backend.add_payment(payment(other.id(), "r")).await;
}

pub async fn saving_an_unknown_payment_is_stale(backend: &Backend) {
    let (_, booking, _) = two_holds(backend).await;
    let other = payment(booking.id(), "r").with_id(unknown());
    assert_conflict!(backend.uncommitted(async |work| work.save_payment(&other).await).await, Stale);
}

pub async fn a_payment_cannot_take_a_used_checkout_id(backend: &Backend) {
    let (_, booking, other) = two_holds(backend).await;
    backend.add_payment(payment(other.id(), "used")).await;
    backend.add_payment(NewPayment { provider: Provider::Stripe, ..payment(booking.id(), "elsewhere") }).await;
    let stored = backend.add_payment(payment(booking.id(), "r")).await;
    let named = |reference: &str| payment(booking.id(), reference).with_id(stored.id);
    let used = named("used");
    assert_conflict!(backend.uncommitted(async |work| work.save_payment(&used).await).await, ProviderIdTaken);
    // Saving never changes the provider, so a wrong one makes no difference.
    let forged = NewPayment { provider: Provider::Stripe, ..payment(booking.id(), "used") }.with_id(used.id);
    assert_conflict!(backend.uncommitted(async |work| work.save_payment(&forged).await).await, ProviderIdTaken);
    expect_payment(backend, &stored).await;
    for checkout_id in ["r", "elsewhere", "Used"] {
        save(backend, &named(checkout_id)).await;
        expect_payment(backend, &named(checkout_id)).await;
    }
}

pub async fn payments_are_listed_newest_first(backend: &Backend) {
    let (_, booking, other) = two_holds(backend).await;
    let mut expected = Vec::new();
    for (minute, reference) in (0..).zip(["c", "a", "d", "b"]) {
        let new = NewPayment { created_at: minutes_after(now(), minute), ..payment(booking.id(), reference) };
        expected.insert(0, backend.add_payment(new).await);
    }
    let elsewhere = backend.add_payment(payment(other.id(), "other")).await;
    let listed = async |id| {
        let read = backend.queries.payments(id).await.unwrap();
        assert_eq!(backend.uncommitted(async |work| work.payments_of(id).await).await.unwrap(), read);
        read
    };
    assert_eq!(listed(booking.id()).await, expected);
    for (stored, state) in expected.iter_mut().zip([PaymentState::Open, PaymentState::Settled, PaymentState::Closed]) {
        stored.state = state;
        save(backend, stored).await;
    }
    assert_eq!(listed(booking.id()).await, expected);
    assert_eq!(listed(other.id()).await, [elsewhere]);
    assert_eq!(listed(unknown()).await, []);
}

pub async fn payments_due_for_polling_come_longest_due_first(backend: &Backend) {
    let (_, booking, other) = two_holds(backend).await;
    let mut expected = Vec::new();
    for (n, state) in PaymentState::ALL.into_iter().enumerate() {
        let minute = [4, 1, 6, 3, 0, 5, 2][n];
        let booking = [booking.id(), other.id()][n % 2];
        let check_at = Some(minutes_after(now(), minute));
        expected.push(backend.add_payment(NewPayment { state, check_at, ..payment(booking, &format!("r{n}")) }).await);
    }
    backend.add_payment(payment(booking.id(), "never")).await;
    expected.sort_by_key(|payment| payment.check_at);
    let last = minutes_after(now(), 6);
    assert_eq!(due(backend, last, 100).await, expected);
    assert_eq!(due(backend, minutes_after(now(), 999), u32::MAX).await, expected);
    assert_eq!(due(backend, last, 3).await, expected[..3]);
    assert_eq!(due(backend, last, 0).await, []);
    assert_eq!(due(backend, last - SignedDuration::from_millis(1), 100).await, expected[..6]);
    assert_eq!(due(backend, now(), 100).await, expected[..1]);
    assert_eq!(due(backend, now() - SignedDuration::from_millis(1), 100).await, []);

    for (payment, check_at) in expected.iter_mut().zip([None, Some(minutes_after(now(), 7))]) {
        payment.check_at = check_at;
        save(backend, payment).await;
    }
    assert_eq!(due(backend, last, 100).await, expected[2..]);
}

pub async fn a_payment_needs_its_booking_and_its_recorder(backend: &Backend) {
    let (_, booking, _) = two_holds(backend).await;
    for (new, what) in [
        (payment(unknown(), "r"), "of no booking"),
        (NewPayment { recorded_by: Some(unknown()), ..payment(booking.id(), "r") }, "recorded by no one"),
    ] {
        assert_failed(backend.uncommitted(async |work| work.add_payment(&new).await).await, what);
    }
}

pub async fn a_dropped_unit_of_work_changes_no_payment(backend: &Backend) {
    let (_, booking, _) = two_holds(backend).await;
    let before = backend.add_payment(payment(booking.id(), "r")).await;
    let mut work = backend.begin().await;
    work.add_payment(&paid(booking.id(), "s")).await.unwrap();
    let changed = NewPayment { check_at: Some(now()), ..paid(booking.id(), "t") }.with_id(before.id);
    work.save_payment(&changed).await.unwrap();
    assert_eq!(work.payments_of(booking.id()).await.unwrap().len(), 2);
    assert_eq!(work.payment_by_checkout_id(Provider::Test, "t").await.unwrap().as_ref(), Some(&changed));
    let listed = async || backend.queries.payments(booking.id()).await.unwrap();
    assert_eq!(listed().await, std::slice::from_ref(&before), "readers see neither");
    drop(work);
    assert_eq!(listed().await, [before]);
    assert_eq!(due(backend, now(), 10).await, []);
    for reference in ["s", "t"] {
        backend.add_payment(payment(booking.id(), reference)).await;
    }
}
