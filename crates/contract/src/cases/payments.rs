//! Attempts to collect a price.

use attune_domain::{Booking, PaymentId};
use attune_ports::{NewPayment, Payment, PaymentState, Provider, StoreError};

use super::{assert_conflict, unknown_booking, unknown_user};
use crate::Backend;
use crate::fixtures::{Practice, eur, minutes_after, money, now, payment, slot};

async fn stage(backend: &Backend) -> (Practice, Booking) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.held(id, slot(0), minutes_after(now(), 15))).await;
    (practice, booking)
}

async fn add(backend: &Backend, new: &NewPayment) -> PaymentId {
    backend.keep(async |work| work.add_payment(new).await).await
}

/// Every field comes back as it went in, whether it is there or not, by every way of reading.
pub async fn a_payment_comes_back_as_it_went_in(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let bare = NewPayment { checkout_url: None, ..payment(booking.id, "bare") };
    let full = NewPayment {
        provider: Provider::Offline,
        amount: money(12_345, "KWD"),
        state: PaymentState::Settled,
        method: Some("bank_transfer".to_owned()),
        memo: Some("receipt 4711".to_owned()),
        recorded_by: Some(practice.therapist),
        settled_at: Some(minutes_after(now(), 2)),
        ..payment(booking.id, "full")
    };
    let closed = NewPayment { state: PaymentState::Closed, amount: eur(0), ..payment(booking.id, "closed") };
    for new in [bare, full, closed] {
        let id = add(backend, &new).await;
        let expected = Payment { id, facts: new.clone() };
        let read = backend.queries.payment_by_reference(new.provider, &new.reference).await.unwrap();
        assert_eq!(read.as_ref(), Some(&expected));
        assert_eq!(backend.queries.payments(booking.id).await.unwrap()[0], expected);
        let mut work = backend.begin().await;
        assert_eq!(work.payment_by_reference(new.provider, &new.reference).await.unwrap(), Some(expected));
    }
}

/// A reference is known once within its provider, whatever it pays for.
pub async fn a_payment_reference_is_known_once(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let other = backend.add_booking(|id| practice.held(id, slot(1), minutes_after(now(), 15))).await;
    add(backend, &payment(booking.id, "r")).await;
    for again in [booking.id, other.id] {
        let new = NewPayment { state: PaymentState::Closed, ..payment(again, "r") };
        assert_conflict!(backend.attempt(async |work| work.add_payment(&new).await).await, PaymentReferenceTaken);
    }
    add(backend, &NewPayment { provider: Provider::Offline, ..payment(other.id, "r") }).await;
    add(backend, &payment(other.id, "R")).await;
}

/// A reference leads to its attempt within its provider only.
pub async fn a_payment_is_found_by_provider_and_reference(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let test = add(backend, &payment(booking.id, "r")).await;
    let offline = add(backend, &NewPayment { provider: Provider::Offline, ..payment(booking.id, "r") }).await;
    for (provider, reference, expected) in [
        (Provider::Test, "r", Some(test)),
        (Provider::Offline, "r", Some(offline)),
        (Provider::None, "r", None),
        (Provider::Test, "s", None),
        (Provider::Test, "", None),
        (Provider::Test, "%", None),
    ] {
        let read = backend.queries.payment_by_reference(provider, reference).await.unwrap();
        assert_eq!(read.map(|payment| payment.id), expected);
        let mut work = backend.begin().await;
        let read = work.payment_by_reference(provider, reference).await.unwrap();
        assert_eq!(read.map(|payment| payment.id), expected);
    }
}

/// Saving writes state and settlement; all other facts stay as they were.
pub async fn saving_a_payment_writes_state_and_settlement(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let facts = payment(booking.id, "r");
    let id = add(backend, &facts).await;
    let untouched = add(backend, &payment(booking.id, "s")).await;
    for (state, settled_at) in [
        (PaymentState::Settled, Some(minutes_after(now(), 3))),
        (PaymentState::Closed, None),
        (PaymentState::Open, None),
    ] {
        let forged = NewPayment {
            reference: "forged".to_owned(),
            amount: eur(1),
            memo: Some("forged".to_owned()),
            state,
            settled_at,
            ..facts.clone()
        };
        backend.keep(async |work| work.save_payment(&Payment { id, facts: forged.clone() }).await).await;
        let expected = Payment { id, facts: NewPayment { state, settled_at, ..facts.clone() } };
        let read = backend.queries.payment_by_reference(Provider::Test, "r").await.unwrap();
        assert_eq!(read, Some(expected));
    }
    let other = backend.queries.payment_by_reference(Provider::Test, "s").await.unwrap().unwrap();
    assert_eq!((other.id, other.facts), (untouched, payment(booking.id, "s")));
}

/// Writing to an attempt that is not there is a stale write.
pub async fn saving_an_unknown_payment_is_stale(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let ghost = Payment { id: PaymentId::new(987_654).unwrap(), facts: payment(booking.id, "ghost") };
    assert_conflict!(backend.attempt(async |work| work.save_payment(&ghost).await).await, Stale);
}

/// Attempts are listed newest first; a unit of work asks for the open ones, readers for all.
pub async fn payments_are_listed_newest_first(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let other = backend.add_booking(|id| practice.held(id, slot(1), minutes_after(now(), 15))).await;
    let mut ids = Vec::new();
    for (minute, reference) in (0..).zip(["c", "a", "d", "b"]) {
        let new = NewPayment { created_at: minutes_after(now(), minute), ..payment(booking.id, reference) };
        ids.push(add(backend, &new).await);
    }
    add(backend, &payment(other.id, "other")).await;
    let open = async || {
        let found = backend.attempt(async |work| work.open_payments(booking.id).await).await.unwrap();
        found.iter().map(|payment| payment.id).collect::<Vec<_>>()
    };
    assert_eq!(open().await, [ids[3], ids[2], ids[1], ids[0]]);
    for (id, state) in [(ids[1], PaymentState::Closed), (ids[2], PaymentState::Settled)] {
        let facts = NewPayment { state, ..payment(booking.id, "unused") };
        backend.keep(async |work| work.save_payment(&Payment { id, facts: facts.clone() }).await).await;
    }
    assert_eq!(open().await, [ids[3], ids[0]]);
    let all = backend.queries.payments(booking.id).await.unwrap();
    assert_eq!(all.iter().map(|payment| payment.id).collect::<Vec<_>>(), [ids[3], ids[2], ids[1], ids[0]]);
    assert_eq!(backend.queries.payments(other.id).await.unwrap().len(), 1);
}

/// An attempt needs a booking that is there, and so does the admin who recorded it.
pub async fn a_payment_needs_its_booking_and_its_recorder(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    for new in
        [payment(unknown_booking(), "r"), NewPayment { recorded_by: Some(unknown_user()), ..payment(booking.id, "r") }]
    {
        let answer = backend.attempt(async |work| work.add_payment(&new).await).await;
        assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    }
}
