//! Attempts to collect a price.

use attune_domain::Booking;
use attune_ports::{NewPayment, Payment, PaymentState, Provider};
use jiff::{SignedDuration, Timestamp};

use super::values::INSTANTS;
use super::{assert_conflict, assert_failed, finer, unknown_booking, unknown_payment, unknown_user};
use crate::Backend;
use crate::fixtures::{PracticeFixture, at, eur, minutes_after, money, now, paid, payment, slot};

const PROVIDERS: [Provider; 4] = [Provider::None, Provider::Offline, Provider::Test, Provider::Stripe];

async fn stage(backend: &Backend) -> (PracticeFixture, Booking) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.held(id, slot(0), minutes_after(now(), 15))).await;
    (practice, booking)
}

async fn save(backend: &Backend, payment: &Payment) {
    backend.commit(async |work| work.save_payment(payment).await).await;
}

async fn to_check(backend: &Backend, now: Timestamp, limit: u32) -> Vec<Payment> {
    backend.queries.payments_due_for_polling(now, limit).await.unwrap()
}

/// Checks an attempt by every way of reading.
async fn expect_payment(backend: &Backend, expected: &Payment) {
    let Payment { booking, provider, provider_checkout_id: ref reference, .. } = *expected;
    let read = backend.queries.payment_by_checkout_id(provider, reference).await.unwrap();
    assert_eq!(read.as_ref(), Some(expected));
    let listed = backend.queries.payments(booking).await.unwrap();
    assert_eq!(listed.iter().find(|payment| payment.id == expected.id), Some(expected));
    if let Some(charge) = &expected.provider_payment_id {
        let read = backend.queries.payment_by_provider_id(provider, charge).await.unwrap();
        assert_eq!(read.as_ref(), Some(expected));
    }
    if let Some(check_at) = expected.check_at {
        assert!(to_check(backend, check_at, 1_000).await.contains(expected));
    }
    let mut work = backend.begin().await;
    assert_eq!(work.payment_by_checkout_id(provider, reference).await.unwrap().as_ref(), Some(expected));
    assert_eq!(work.payments_of(booking).await.unwrap(), listed);
}

/// Every field comes back as it went in, whether it is there or not, by every way of reading.
pub async fn a_payment_comes_back_as_it_went_in(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
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
    for (n, nonce) in [[0; 16], [0xff; 16], mixed].into_iter().enumerate() {
        let unnamed = NewPayment::placeholder_checkout_id([u8::try_from(n).unwrap(); 16]);
        all.push(NewPayment {
            checkout_nonce: Some(nonce),
            state: PaymentState::Opening,
            ..payment(booking.id(), &unnamed)
        });
    }
    for state in PaymentState::ALL {
        all.push(NewPayment { state, ..payment(booking.id(), state.as_str()) });
    }
    for provider in PROVIDERS {
        all.push(NewPayment { provider, ..payment(booking.id(), "of somebody") });
    }
    for new in all {
        let kept = backend.add_payment(new).await;
        expect_payment(backend, &kept).await;
    }
}

/// Instants come back to the millisecond, and what is finer is cut off, at the first writing and at every later one.
pub async fn payments_are_dated_to_the_millisecond(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    for (n, instant) in INSTANTS.map(at).into_iter().enumerate() {
        let dated = |at: Timestamp| NewPayment {
            created_at: at,
            expires_at: Some(at),
            settled_at: Some(at),
            check_at: Some(at),
            ..payment(booking.id(), &format!("r{n}"))
        };
        let kept = dated(instant).with_id(backend.add_payment(dated(finer(instant))).await.id);
        expect_payment(backend, &kept).await;
        let bare = NewPayment { settled_at: None, check_at: None, ..dated(instant) };
        save(backend, &(bare.clone()).with_id(kept.id)).await;
        expect_payment(backend, &bare.with_id(kept.id)).await;
        save(backend, &dated(finer(instant)).with_id(kept.id)).await;
        expect_payment(backend, &kept).await;
    }
}

/// A reference is known once within its provider, whatever it pays for.
pub async fn a_payment_reference_is_known_once(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let other = backend.add_booking(|id| practice.held(id, slot(1), minutes_after(now(), 15))).await;
    backend.add_payment(payment(booking.id(), "r")).await;
    for again in [booking.id(), other.id()] {
        let new = NewPayment { state: PaymentState::Closed, ..payment(again, "r") };
        assert_conflict!(backend.uncommitted(async |work| work.add_payment(&new).await).await, ProviderIdTaken);
    }
    backend.add_payment(NewPayment { provider: Provider::Offline, ..payment(other.id(), "r") }).await;
    backend.add_payment(payment(other.id(), "R")).await;
}

/// A reference leads to its attempt within its provider only.
pub async fn a_payment_is_found_by_provider_and_reference(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let test = backend.add_payment(payment(booking.id(), "r")).await.id;
    let offline =
        backend.add_payment(NewPayment { provider: Provider::Offline, ..payment(booking.id(), "r") }).await.id;
    for (provider, reference, expected) in [
        (Provider::Test, "r", Some(test)),
        (Provider::Offline, "r", Some(offline)),
        (Provider::None, "r", None),
        (Provider::Stripe, "r", None),
        (Provider::Test, "s", None),
        (Provider::Test, "", None),
        (Provider::Test, "%", None),
    ] {
        let read = backend.queries.payment_by_checkout_id(provider, reference).await.unwrap();
        assert_eq!(read.map(|payment| payment.id), expected);
        let mut work = backend.begin().await;
        let read = work.payment_by_checkout_id(provider, reference).await.unwrap();
        assert_eq!(read.map(|payment| payment.id), expected);
    }
}

/// The name of the money leads to its attempt, within its provider only and as it was written last.
pub async fn a_payment_is_found_by_its_charge(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let open = backend.add_payment(payment(booking.id(), "pi_1")).await;
    let with = |provider, reference: &str, charge: &str| NewPayment {
        provider,
        provider_payment_id: Some(charge.to_owned()),
        ..paid(booking.id(), reference)
    };
    let stripe = backend.add_payment(with(Provider::Stripe, "a", "pi_1")).await;
    let test = backend.add_payment(with(Provider::Test, "b", "pi_1")).await;
    let found = async |provider, charge| backend.queries.payment_by_provider_id(provider, charge).await.unwrap();
    assert_eq!(found(Provider::Stripe, "pi_1").await, Some(stripe));
    assert_eq!(found(Provider::Test, "pi_1").await.as_ref(), Some(&test));
    for (provider, charge) in [
        (Provider::Offline, "pi_1"),
        (Provider::Test, "PI_1"),
        (Provider::Test, "pi_2"),
        (Provider::Test, "pi__"),
        (Provider::Test, "%"),
        (Provider::Test, ""),
        (Provider::Test, "b"),
    ] {
        assert_eq!(found(provider, charge).await, None, "{provider:?} {charge:?}");
    }
    save(backend, &with(Provider::Test, "b", "pi_2").with_id(test.id)).await;
    assert_eq!(found(Provider::Test, "pi_1").await, None);
    assert_eq!(found(Provider::Test, "pi_2").await.map(|payment| payment.id), Some(test.id));
    save(backend, &with(Provider::Test, "pi_1", "pi_1").with_id(open.id)).await;
    assert_eq!(found(Provider::Test, "pi_1").await.map(|payment| payment.id), Some(open.id));
}

/// Saving writes what may change, whatever stood there before; all other facts stay as they were, and so do all others.
pub async fn saving_a_payment_writes_what_may_change(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let other = backend.add_booking(|id| practice.held(id, slot(1), minutes_after(now(), 15))).await;
    let facts = NewPayment {
        checkout_nonce: Some([1; 16]),
        expires_at: Some(minutes_after(now(), 15)),
        method: Some("cash".to_owned()),
        memo: Some("note".to_owned()),
        recorded_by: Some(practice.therapist),
        ..payment(booking.id(), "r")
    };
    let kept = backend.add_payment(facts.clone()).await;
    let untouched = backend.add_payment(payment(booking.id(), "s")).await;
    for (n, state) in PaymentState::ALL.into_iter().chain(PaymentState::ALL.into_iter().rev()).enumerate() {
        let there = n % 2 == 0;
        let changed = |facts: NewPayment| NewPayment {
            provider_checkout_id: format!("r{}", n / 2),
            checkout_url: there.then(|| format!("https://pay.example.org/{n}")),
            state,
            provider_payment_id: there.then(|| format!("pi_{n}")),
            check_at: there.then(|| minutes_after(now(), 3)),
            settled_at: there.then(|| minutes_after(now(), 4)),
            ..facts
        };
        let forged = NewPayment {
            booking: other.id(),
            provider: Provider::Stripe,
            amount: money(1, "USD"),
            checkout_nonce: there.then_some([9; 16]),
            expires_at: there.then(|| minutes_after(now(), 9)),
            method: there.then(|| "forged".to_owned()),
            memo: there.then(|| "forged".to_owned()),
            recorded_by: there.then_some(practice.client),
            created_at: minutes_after(now(), 9),
            ..facts.clone()
        };
        save(backend, &changed(forged).with_id(kept.id)).await;
        expect_payment(backend, &changed(facts.clone()).with_id(kept.id)).await;
    }
    expect_payment(backend, &untouched).await;
    assert!(backend.queries.payments(other.id()).await.unwrap().is_empty());
    let first = backend.queries.payment_by_checkout_id(Provider::Test, "r").await.unwrap();
    assert_eq!(first, None, "the reference that was given up leads nowhere");
    backend.add_payment(payment(other.id(), "r")).await;
}

/// Writing to an attempt that is not there is a stale write.
pub async fn saving_an_unknown_payment_is_stale(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let ghost = payment(booking.id(), "ghost").with_id(unknown_payment());
    assert_conflict!(backend.uncommitted(async |work| work.save_payment(&ghost).await).await, Stale);
}

/// An attempt takes no reference that another one of its provider has; its own, and those of others, are free to it.
pub async fn a_payment_cannot_move_to_a_known_reference(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let other = backend.add_booking(|id| practice.held(id, slot(1), minutes_after(now(), 15))).await;
    backend.add_payment(payment(other.id(), "taken")).await;
    backend.add_payment(NewPayment { provider: Provider::Stripe, ..payment(booking.id(), "elsewhere") }).await;
    let kept = backend.add_payment(payment(booking.id(), "r")).await;
    let named = |reference: &str| payment(booking.id(), reference).with_id(kept.id);
    let taken = named("taken");
    assert_conflict!(backend.uncommitted(async |work| work.save_payment(&taken).await).await, ProviderIdTaken);
    // Who collects does not change by saving, so a provider that is named wrong leads to no other answer.
    let forged = NewPayment { provider: Provider::Stripe, ..payment(booking.id(), "taken") }.with_id(taken.id);
    assert_conflict!(backend.uncommitted(async |work| work.save_payment(&forged).await).await, ProviderIdTaken);
    expect_payment(backend, &kept).await;
    for reference in ["r", "elsewhere", "Taken"] {
        save(backend, &named(reference)).await;
        expect_payment(backend, &named(reference)).await;
    }
}

/// Attempts of a booking are listed newest first, wherever they stand.
pub async fn payments_are_listed_newest_first(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let other = backend.add_booking(|id| practice.held(id, slot(1), minutes_after(now(), 15))).await;
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
    for (kept, state) in expected.iter_mut().zip([PaymentState::Open, PaymentState::Settled, PaymentState::Closed]) {
        kept.state = state;
        save(backend, kept).await;
    }
    assert_eq!(listed(booking.id()).await, expected);
    assert_eq!(listed(other.id()).await, [elsewhere]);
    assert_eq!(listed(unknown_booking()).await, []);
}

/// Attempts whose provider is to be asked come longest due first, of all bookings and in every state, as many as wanted.
pub async fn payments_to_check_come_longest_due_first(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let other = backend.add_booking(|id| practice.held(id, slot(1), minutes_after(now(), 15))).await;
    let mut due = Vec::new();
    for (n, state) in PaymentState::ALL.into_iter().enumerate() {
        let minute = [4, 1, 6, 3, 0, 5, 2][n];
        let booking = [booking.id(), other.id()][n % 2];
        let check_at = Some(minutes_after(now(), minute));
        due.push(backend.add_payment(NewPayment { state, check_at, ..payment(booking, &format!("r{n}")) }).await);
    }
    backend.add_payment(payment(booking.id(), "never")).await;
    due.sort_by_key(|payment| payment.check_at);
    let last = minutes_after(now(), 6);
    assert_eq!(to_check(backend, last, 100).await, due);
    assert_eq!(to_check(backend, minutes_after(now(), 999), u32::MAX).await, due);
    assert_eq!(to_check(backend, last, 3).await, due[..3]);
    assert_eq!(to_check(backend, last, 0).await, []);
    assert_eq!(to_check(backend, last - SignedDuration::from_millis(1), 100).await, due[..6]);
    assert_eq!(to_check(backend, now(), 100).await, due[..1]);
    assert_eq!(to_check(backend, now() - SignedDuration::from_millis(1), 100).await, []);

    for (kept, check_at) in due.iter_mut().zip([None, Some(minutes_after(now(), 7))]) {
        kept.check_at = check_at;
        save(backend, kept).await;
    }
    assert_eq!(to_check(backend, last, 100).await, due[2..]);
}

/// An attempt needs a booking that is there, and so does the admin who recorded it.
pub async fn a_payment_needs_its_booking_and_its_recorder(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    for (new, what) in [
        (payment(unknown_booking(), "r"), "of no booking"),
        (NewPayment { recorded_by: Some(unknown_user()), ..payment(booking.id(), "r") }, "recorded by nobody"),
    ] {
        assert_failed(backend.uncommitted(async |work| work.add_payment(&new).await).await, what);
    }
}

/// A unit of work that is dropped adds and changes no attempt.
pub async fn a_dropped_unit_of_work_collects_nothing(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let kept = backend.add_payment(payment(booking.id(), "r")).await;
    let mut work = backend.begin().await;
    work.add_payment(&paid(booking.id(), "s")).await.unwrap();
    let changed = NewPayment { check_at: Some(now()), ..paid(booking.id(), "t") }.with_id(kept.id);
    work.save_payment(&changed).await.unwrap();
    assert_eq!(work.payments_of(booking.id()).await.unwrap().len(), 2);
    assert_eq!(work.payment_by_checkout_id(Provider::Test, "t").await.unwrap().as_ref(), Some(&changed));
    assert_eq!(
        backend.queries.payments(booking.id()).await.unwrap(),
        std::slice::from_ref(&kept),
        "readers see neither"
    );
    drop(work);
    assert_eq!(backend.queries.payments(booking.id()).await.unwrap(), [kept]);
    assert_eq!(to_check(backend, now(), 10).await, []);
    for reference in ["s", "t"] {
        backend.add_payment(payment(booking.id(), reference)).await;
    }
}
