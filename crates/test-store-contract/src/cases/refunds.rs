//! Money that goes back, or should.

use attune_domain::Booking;
use attune_ports::{NewPayment, NewRefund, Payment, PaymentState, Provider, Refund, RefundCause, RefundStage};
use jiff::{SignedDuration, Timestamp};

use super::values::{INSTANTS, TEXTS};
use super::{assert_conflict, assert_failed, finer, unknown_booking, unknown_payment, unknown_refund, unknown_user};
use crate::Backend;
use crate::fixtures::{PracticeFixture, at, eur, minutes_after, money, now, paid, payment, refund, slot};

/// A booking for which ninety euros came in.
async fn stage(backend: &Backend) -> (PracticeFixture, Booking, Payment) {
    let (practice, booking) = backend.booked().await;
    let payment = backend.add_payment(paid(booking.id(), "r")).await;
    (practice, booking, payment)
}

async fn save(backend: &Backend, refund: &Refund) {
    backend.commit(async |work| work.save_refund(refund).await).await;
}

async fn to_settle(backend: &Backend, now: Timestamp, limit: u32) -> Vec<Refund> {
    backend.queries.refunds_due(now, limit).await.unwrap()
}

/// Checks a refund by every way of reading.
async fn expect_refund(backend: &Backend, expected: &Refund) {
    let Refund { booking, idempotency_key: ref key, provider_refund_id: ref reference, next_at, .. } = *expected;
    let listed = backend.queries.refunds(booking).await.unwrap();
    assert_eq!(listed.iter().find(|refund| refund.id == expected.id), Some(expected));
    assert_eq!(backend.uncommitted(async |work| work.refunds_of(booking).await).await.unwrap(), listed);
    let by_key = backend.queries.find_refund("nothing of that name", Some(key)).await.unwrap();
    assert_eq!(by_key.as_ref(), Some(expected));
    if let Some(reference) = reference {
        for key in [None, Some("no such key"), Some(key.as_str())] {
            let by_reference = backend.queries.find_refund(reference, key).await.unwrap();
            assert_eq!(by_reference.as_ref(), Some(expected));
        }
    }
    if let Some(next_at) = next_at {
        assert!(to_settle(backend, next_at, 1_000).await.contains(expected));
    }
}

/// Every field comes back as it went in, whether it is there or not, by every way of reading.
pub async fn a_refund_comes_back_as_it_went_in(backend: &Backend) {
    let (practice, _, payment) = stage(backend).await;
    let cent = |key: &str| NewRefund { amount: eur(1), ..refund(&payment, key) };
    let full = NewRefund {
        reason: Some("as agreed".to_owned()),
        requested_by: Some(practice.therapist),
        stage: RefundStage::Succeeded,
        provider_refund_id: Some("re_full".to_owned()),
        attempts: u32::MAX,
        next_at: Some(minutes_after(now(), 5)),
        last_error: Some("unavailable".to_owned()),
        created_at: minutes_after(now(), 1),
        settled_at: Some(minutes_after(now(), 2)),
        ..cent("full")
    };
    let mut all = vec![cent("bare"), full];
    all.extend(RefundStage::ALL.map(|stage| NewRefund { stage, ..cent(stage.as_str()) }));
    all.extend(RefundCause::ALL.map(|cause| NewRefund { cause, ..cent(&format!("for {}", cause.as_str())) }));
    for (n, text) in TEXTS.into_iter().enumerate() {
        all.push(NewRefund {
            reason: Some(text.to_owned()),
            provider_refund_id: Some(format!("re_{n} {text}")),
            last_error: Some(text.to_owned()),
            attempts: u32::try_from(n).unwrap(),
            ..cent(&format!("text-{n}"))
        });
    }
    let visible: String = (0x21..=0x7e_u8).map(char::from).collect();
    all.extend(["1", &"~".repeat(200), &visible].map(cent));
    for new in all {
        let kept = backend.add_refund(new).await;
        expect_refund(backend, &kept).await;
    }
}

/// Amounts come back to the minor unit, in the currency that came in.
pub async fn amounts_given_back_come_back_exactly(backend: &Backend) {
    let (_, booking, _) = stage(backend).await;
    for amount in [money(1, "USD"), money(9_999, "JPY"), money(1_234_567, "KWD"), money(1_000_000_000_000, "XAF")] {
        let code = amount.currency().code().to_owned();
        let payment = backend.add_payment(NewPayment { amount, ..paid(booking.id(), &code) }).await;
        let kept = backend.add_refund(NewRefund { amount, ..refund(&payment, &code) }).await;
        expect_refund(backend, &kept).await;
    }
}

/// Instants come back to the millisecond, and what is finer is cut off, at the first writing and at every later one.
pub async fn refunds_are_dated_to_the_millisecond(backend: &Backend) {
    let (_, _, payment) = stage(backend).await;
    for (n, instant) in INSTANTS.map(at).into_iter().enumerate() {
        let dated = |at: Timestamp| NewRefund {
            amount: eur(1),
            next_at: Some(at),
            created_at: at,
            settled_at: Some(at),
            ..refund(&payment, &format!("k{n}"))
        };
        let kept = dated(instant).with_id(backend.add_refund(dated(finer(instant))).await.id);
        expect_refund(backend, &kept).await;
        let bare = NewRefund { next_at: None, settled_at: None, ..dated(instant) };
        save(backend, &(bare.clone()).with_id(kept.id)).await;
        expect_refund(backend, &bare.with_id(kept.id)).await;
        save(backend, &dated(finer(instant)).with_id(kept.id)).await;
        expect_refund(backend, &kept).await;
    }
}

/// Refunds of a booking are listed oldest first, whichever of its payments they are of.
pub async fn refunds_are_listed_oldest_first(backend: &Backend) {
    let (practice, booking, first) = stage(backend).await;
    let other = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    let second = backend.add_payment(NewPayment { state: PaymentState::Unapplied, ..paid(booking.id(), "s") }).await;
    let elsewhere = backend.add_payment(paid(other.id(), "t")).await;
    let mut expected = Vec::new();
    for (minute, (payment, key)) in (0..).zip([(&second, "c"), (&first, "a"), (&second, "d"), (&first, "b")]) {
        let new = NewRefund { created_at: minutes_after(now(), minute), ..refund(payment, key) };
        expected.push(backend.add_refund(new).await);
    }
    let of_other = backend.add_refund(refund(&elsewhere, "e")).await;
    let listed = async |id| {
        let read = backend.queries.refunds(id).await.unwrap();
        assert_eq!(backend.uncommitted(async |work| work.refunds_of(id).await).await.unwrap(), read);
        read
    };
    assert_eq!(listed(booking.id()).await, expected);
    for n in [2, 0] {
        expected[n].stage = RefundStage::Succeeded;
        save(backend, &expected[n]).await;
    }
    assert_eq!(listed(booking.id()).await, expected);
    assert_eq!(listed(other.id()).await, [of_other]);
    assert_eq!(listed(unknown_booking()).await, []);
}

/// Reference and key lead to their refund to the letter, and neither is taken for the other.
pub async fn a_refund_is_found_by_reference_or_key(backend: &Backend) {
    let (_, _, payment) = stage(backend).await;
    let unnamed = backend.add_refund(refund(&payment, "first")).await.id;
    let named = NewRefund { provider_refund_id: Some("re_2".to_owned()), ..refund(&payment, "second") };
    let named = backend.add_refund(named).await.id;
    for (reference, key, expected) in [
        ("re_2", None, Some(named)),
        ("re_2", Some("second"), Some(named)),
        ("re_2", Some("third"), Some(named)),
        ("re_1", Some("first"), Some(unnamed)),
        ("re_1", Some("second"), Some(named)),
        ("", Some("first"), Some(unnamed)),
        ("", None, None),
        ("re_1", None, None),
        ("RE_2", None, None),
        ("re__", None, None),
        ("%", Some("%"), None),
        ("re_1", Some("First"), None),
        ("re_1", Some(""), None),
        ("re_1", Some("re_2"), None),
        ("first", None, None),
        ("second", None, None),
    ] {
        let found = backend.queries.find_refund(reference, key).await.unwrap();
        assert_eq!(found.map(|refund| refund.id), expected, "{reference:?} {key:?}");
    }
}

/// Saving writes what may change, whatever stood there before; all other facts stay as they were, and so do all others.
pub async fn saving_a_refund_writes_what_may_change(backend: &Backend) {
    let (practice, booking, payment) = stage(backend).await;
    let other = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    let elsewhere = backend.add_payment(paid(other.id(), "s")).await;
    let facts = NewRefund {
        cause: RefundCause::Cancelled,
        reason: Some("as agreed".to_owned()),
        requested_by: Some(practice.client),
        ..refund(&payment, "k")
    };
    let kept = backend.add_refund(facts.clone()).await;
    let untouched = backend.add_refund(refund(&payment, "l")).await;
    for (n, stage) in RefundStage::ALL.into_iter().chain(RefundStage::ALL.into_iter().rev()).enumerate() {
        let there = n % 2 == 0;
        let changed = |facts: NewRefund| NewRefund {
            stage,
            provider_refund_id: there.then(|| format!("re_{}", n / 3)),
            attempts: u32::try_from(n).unwrap(),
            next_at: there.then(|| minutes_after(now(), 3)),
            last_error: there.then(|| "unavailable".to_owned()),
            settled_at: there.then(|| minutes_after(now(), 4)),
            ..facts
        };
        let forged = NewRefund {
            booking: other.id(),
            payment: elsewhere.id,
            idempotency_key: format!("forged-{n}"),
            amount: money(1, "USD"),
            cause: RefundCause::External,
            reason: there.then(|| "forged".to_owned()),
            requested_by: there.then_some(practice.therapist),
            created_at: minutes_after(now(), 9),
            ..facts.clone()
        };
        save(backend, &changed(forged).with_id(kept.id)).await;
        expect_refund(backend, &changed(facts.clone()).with_id(kept.id)).await;
    }
    expect_refund(backend, &untouched).await;
    assert_eq!(backend.queries.refunds(other.id()).await.unwrap(), []);
    assert_eq!(backend.queries.refunds(booking.id()).await.unwrap().len(), 2);
}

/// Writing to a refund that is not there is a stale write.
pub async fn saving_an_unknown_refund_is_stale(backend: &Backend) {
    let (_, _, payment) = stage(backend).await;
    let ghost = refund(&payment, "ghost").with_id(unknown_refund());
    assert_conflict!(backend.uncommitted(async |work| work.save_refund(&ghost).await).await, Stale);
}

/// A refund is known once, by its key and by its reference, whatever it is of. That it is known is said first, also where
/// nothing is left: no matter who asks again learns that it was done, not that it cannot be.
pub async fn a_refund_is_known_once(backend: &Backend) {
    let (practice, _, payment) = stage(backend).await;
    let other = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    let elsewhere = NewPayment { provider: Provider::Stripe, ..paid(other.id(), "r") };
    let elsewhere = backend.add_payment(elsewhere).await;
    let named = |payment, key: &str, reference: &str| NewRefund {
        provider_refund_id: Some(reference.to_owned()),
        ..refund(payment, key)
    };
    let first = backend.add_refund(refund(&payment, "a")).await;
    backend.add_refund(named(&payment, "b", "re_b")).await;
    for again in [
        refund(&payment, "a"),
        refund(&elsewhere, "a"),
        NewRefund { amount: eur(1), stage: RefundStage::Failed, ..refund(&payment, "a") },
        refund(&payment, "b"),
        named(&payment, "b", "re_b"),
        named(&payment, "b", "re_c"),
        named(&payment, "c", "re_b"),
        named(&elsewhere, "c", "re_b"),
        NewRefund { stage: RefundStage::Retried, ..named(&elsewhere, "c", "re_b") },
    ] {
        assert_conflict!(backend.uncommitted(async |work| work.add_refund(&again).await).await, RefundExists);
    }
    let taken = named(&payment, "a", "re_b").with_id(first.id);
    assert_conflict!(backend.uncommitted(async |work| work.save_refund(&taken).await).await, RefundExists);
    expect_refund(backend, &first).await;
    // Names differ to the letter, a key is no reference, and no reference is no one's.
    for new in [named(&payment, "A", "RE_B"), named(&elsewhere, "re_b", "a"), refund(&elsewhere, "c")] {
        backend.add_refund(new).await;
    }
    let renamed = named(&payment, "a", "re_a").with_id(first.id);
    for _ in 0..2 {
        save(backend, &renamed).await;
        expect_refund(backend, &renamed).await;
    }
    let rest = NewRefund { amount: eur(7_000), ..refund(&elsewhere, "rest") };
    backend.add_refund(rest.clone()).await;
    for again in [refund(&elsewhere, "c"), rest] {
        assert_conflict!(backend.uncommitted(async |work| work.add_refund(&again).await).await, RefundExists);
    }
}

/// All of a payment can go back, at once or in parts, and no more than that, whatever other payments there are.
pub async fn no_more_than_came_in_goes_back(backend: &Backend) {
    let (_, booking, whole) = stage(backend).await;
    let parts = backend.add_payment(NewPayment { state: PaymentState::Unapplied, ..paid(booking.id(), "s") }).await;
    let part = |payment, key: &str, minor| NewRefund { amount: eur(minor), ..refund(payment, key) };
    let too_large = async |new: NewRefund| {
        assert_conflict!(backend.uncommitted(async |work| work.add_refund(&new).await).await, RefundTooLarge);
    };
    too_large(part(&whole, "a", 9_001)).await;
    backend.add_refund(part(&whole, "b", 9_000)).await;
    too_large(part(&whole, "c", 1)).await;

    backend.add_refund(part(&parts, "d", 4_000)).await;
    too_large(part(&parts, "e", 5_001)).await;
    backend.add_refund(part(&parts, "f", 4_999)).await;
    too_large(part(&parts, "g", 2)).await;
    let last = part(&parts, "h", 1);
    let too_much = part(&parts, "i", 1);
    let both = backend
        .uncommitted(async |work| {
            work.add_refund(&last).await?;
            work.add_refund(&too_much).await
        })
        .await;
    assert_conflict!(both, RefundTooLarge);
    backend.add_refund(last).await;
    too_large(too_much).await;
    assert_eq!(backend.queries.refunds(booking.id()).await.unwrap().len(), 4);
}

/// Only money that came goes back, and only in the currency in which it came.
pub async fn only_what_was_paid_goes_back(backend: &Backend) {
    let (_, booking, euros) = stage(backend).await;
    for state in PaymentState::ALL {
        let name = state.as_str();
        let kept = backend.add_payment(NewPayment { state, ..payment(booking.id(), name) }).await;
        let new = refund(&kept, name);
        let answer = backend.uncommitted(async |work| work.add_refund(&new).await).await;
        match state {
            PaymentState::Settled | PaymentState::Unapplied => {
                answer.expect("it was paid");
            }
            PaymentState::Opening
            | PaymentState::Open
            | PaymentState::Processing
            | PaymentState::Closing
            | PaymentState::Closed => assert_conflict!(answer, RefundTooLarge),
        }
        let settled = Payment { state: PaymentState::Settled, ..kept };
        backend.commit(async |work| work.save_payment(&settled).await).await;
        backend.add_refund(new).await;
    }
    for amount in [money(1, "USD"), money(1, "JPY")] {
        let new = NewRefund { amount, ..refund(&euros, "k") };
        assert_conflict!(backend.uncommitted(async |work| work.add_refund(&new).await).await, RefundTooLarge);
    }
}

/// A refund that failed leaves its money to others, whether it came that way or became so.
pub async fn refunds_that_failed_leave_their_money(backend: &Backend) {
    let (_, booking, _) = stage(backend).await;
    for (n, stage) in RefundStage::ALL.into_iter().enumerate() {
        let payment = backend.add_payment(paid(booking.id(), stage.as_str())).await;
        let part = |k, stage| NewRefund { amount: eur(9_000), stage, ..refund(&payment, &format!("{n}-{k}")) };
        let first = backend.add_refund(part(0, stage)).await;
        let gone = match stage {
            RefundStage::Queued | RefundStage::Pending | RefundStage::Succeeded => {
                let again = part(1, RefundStage::Queued);
                assert_conflict!(backend.uncommitted(async |work| work.add_refund(&again).await).await, RefundTooLarge);
                // One that has failed already takes nothing, however little is left.
                backend.add_refund(part(2, RefundStage::Failed)).await;
                part(0, RefundStage::Failed).with_id(first.id)
            }
            RefundStage::Failed | RefundStage::Retried => part(0, RefundStage::Retried).with_id(first.id),
        };
        save(backend, &gone).await;
        backend.add_refund(part(1, RefundStage::Queued)).await;
        let too_much = NewRefund { amount: eur(1), ..part(3, RefundStage::Queued) };
        assert_conflict!(backend.uncommitted(async |work| work.add_refund(&too_much).await).await, RefundTooLarge);
        // Nor does it get its money back from those who have it now, whatever the provider tells.
        for again in [RefundStage::Queued, RefundStage::Pending, RefundStage::Succeeded] {
            let back = part(0, again).with_id(first.id);
            assert_conflict!(backend.uncommitted(async |work| work.save_refund(&back).await).await, RefundTooLarge);
        }
        expect_refund(backend, &gone).await;
    }
}

/// Refunds whose provider is to be asked come longest due first, of all bookings and in every stage, as many as wanted.
pub async fn refunds_to_settle_come_longest_due_first(backend: &Backend) {
    let (practice, _, payment) = stage(backend).await;
    let other = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    let elsewhere = backend.add_payment(paid(other.id(), "s")).await;
    let mut due = Vec::new();
    for (n, stage) in RefundStage::ALL.into_iter().enumerate() {
        let next_at = Some(minutes_after(now(), [3, 1, 4, 0, 2][n]));
        let payment = [&payment, &elsewhere][n % 2];
        due.push(backend.add_refund(NewRefund { stage, next_at, ..refund(payment, &format!("k{n}")) }).await);
    }
    backend.add_refund(refund(&payment, "never")).await;
    due.sort_by_key(|refund| refund.next_at);
    let last = minutes_after(now(), 4);
    assert_eq!(to_settle(backend, last, 100).await, due);
    assert_eq!(to_settle(backend, minutes_after(now(), 999), u32::MAX).await, due);
    assert_eq!(to_settle(backend, last, 2).await, due[..2]);
    assert_eq!(to_settle(backend, last, 0).await, []);
    assert_eq!(to_settle(backend, last - SignedDuration::from_millis(1), 100).await, due[..4]);
    assert_eq!(to_settle(backend, now(), 100).await, due[..1]);
    assert_eq!(to_settle(backend, now() - SignedDuration::from_millis(1), 100).await, []);

    for (kept, next_at) in due.iter_mut().zip([None, Some(minutes_after(now(), 5))]) {
        kept.next_at = next_at;
        save(backend, kept).await;
    }
    assert_eq!(to_settle(backend, last, 100).await, due[2..]);
}

/// A refund needs a booking, a payment and a person that are there, and an amount above nothing.
pub async fn a_refund_needs_what_it_is_about(backend: &Backend) {
    let (_, _, payment) = stage(backend).await;
    let good = refund(&payment, "k");
    for (new, what) in [
        (NewRefund { booking: unknown_booking(), ..good.clone() }, "of no booking"),
        (NewRefund { payment: unknown_payment(), ..good.clone() }, "of no payment"),
        (NewRefund { requested_by: Some(unknown_user()), ..good.clone() }, "decided by no one"),
        (NewRefund { amount: eur(0), ..good.clone() }, "of nothing"),
    ] {
        assert_failed(backend.uncommitted(async |work| work.add_refund(&new).await).await, what);
    }
    backend.add_refund(good).await;
}

/// A unit of work that is dropped promises nothing and changes no promise.
pub async fn a_dropped_unit_of_work_promises_nothing(backend: &Backend) {
    let (_, booking, payment) = stage(backend).await;
    let kept = backend.add_refund(refund(&payment, "a")).await;
    let mut work = backend.begin().await;
    let rest = NewRefund { amount: eur(8_000), provider_refund_id: Some("re_b".to_owned()), ..refund(&payment, "b") };
    work.add_refund(&rest).await.unwrap();
    let changed = NewRefund {
        stage: RefundStage::Failed,
        provider_refund_id: Some("re_a".to_owned()),
        next_at: Some(now()),
        ..refund(&payment, "a")
    };
    let changed = changed.with_id(kept.id);
    work.save_refund(&changed).await.unwrap();
    assert_eq!(work.refunds_of(booking.id()).await.unwrap()[0], changed);
    assert_eq!(
        backend.queries.refunds(booking.id()).await.unwrap(),
        std::slice::from_ref(&kept),
        "readers see neither"
    );
    drop(work);
    assert_eq!(backend.queries.refunds(booking.id()).await.unwrap(), [kept]);
    assert_eq!(backend.queries.find_refund("re_a", Some("b")).await.unwrap(), None);
    assert_eq!(to_settle(backend, now(), 10).await, []);
    backend.add_refund(rest).await;
}
