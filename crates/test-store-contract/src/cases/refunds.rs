//! Refunds.

use attune_ports::{
    Conflict, NewPayment, NewRefund, Payment, PaymentState, Provider, Refund, RefundCause, RefundStage,
};
use jiff::{SignedDuration, Timestamp};

use super::values::{INSTANTS, TEXTS};
use super::{assert_conflict, assert_failed, finer, unknown};
use crate::Backend;
use crate::fixtures::{at, eur, minutes_after, money, now, paid, payment, refund};

async fn save(backend: &Backend, refund: &Refund) {
    backend.commit(async |work| work.save_refund(refund).await).await;
}

async fn due(backend: &Backend, now: Timestamp, limit: u32) -> Vec<Refund> {
    backend.queries.refunds_due(now, limit).await.unwrap()
}

async fn rejected(backend: &Backend, new: &NewRefund, expected: Conflict) {
    let error = backend.uncommitted(async |work| work.add_refund(new).await).await.expect_err("a conflict");
    assert!(error.is_conflict(expected), "expected {expected:?}, got {error:?} for {new:?}");
}

async fn rejected_change(backend: &Backend, refund: &Refund, expected: Conflict) {
    let error = backend.uncommitted(async |work| work.save_refund(refund).await).await.expect_err("a conflict");
    assert!(error.is_conflict(expected), "expected {expected:?}, got {error:?} for {refund:?}");
}

/// Checks a refund in every query that finds it.
async fn expect_refund(backend: &Backend, expected: &Refund) {
    let Refund { booking, idempotency_key: ref key, provider_refund_id: ref provider_id, next_at, .. } = *expected;
    let listed = backend.queries.refunds(booking).await.unwrap();
    assert_eq!(listed.iter().find(|refund| refund.id == expected.id), Some(expected));
    assert_eq!(backend.uncommitted(async |work| work.refunds_of(booking).await).await.unwrap(), listed);
    let by_key = backend.queries.find_refund("nothing of that name", Some(key)).await.unwrap();
    assert_eq!(by_key.as_ref(), Some(expected));
    if let Some(provider_id) = provider_id {
        for key in [None, Some("no such key"), Some(key.as_str())] {
            let by_provider_id = backend.queries.find_refund(provider_id, key).await.unwrap();
            assert_eq!(by_provider_id.as_ref(), Some(expected));
        }
    }
    if let Some(next_at) = next_at {
        assert!(due(backend, next_at, 1_000).await.contains(expected));
    }
}

pub async fn refunds_round_trip(backend: &Backend) {
    let (practice, _, payment) = backend.paid().await;
    let cent = |key: &str| NewRefund { amount: eur(1), ..refund(&payment, key) };
    let full = NewRefund {
        reason: Some("by arrangement".to_owned()),
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
        expect_refund(backend, &backend.add_refund(new).await).await;
    }
}

pub async fn refunded_amounts_round_trip(backend: &Backend) {
    let (_, booking, _) = backend.paid().await;
    for amount in [money(1, "USD"), money(9_999, "JPY"), money(1_234_567, "KWD"), money(1_000_000_000_000, "XAF")] {
        let code = amount.currency().code().to_owned();
        let payment = backend.add_payment(NewPayment { amount, ..paid(booking.id(), &code) }).await;
        let stored = backend.add_refund(NewRefund { amount, ..refund(&payment, &code) }).await;
        expect_refund(backend, &stored).await;
    }
}

pub async fn refunds_are_dated_to_the_millisecond(backend: &Backend) {
    let (_, _, payment) = backend.paid().await;
    for (n, instant) in INSTANTS.map(at).into_iter().enumerate() {
        let dated = |at: Timestamp| NewRefund {
            amount: eur(1),
            next_at: Some(at),
            created_at: at,
            settled_at: Some(at),
            ..refund(&payment, &format!("k{n}"))
        };
        let stored = dated(instant).with_id(backend.add_refund(dated(finer(instant))).await.id);
        expect_refund(backend, &stored).await;
        let bare = NewRefund { next_at: None, settled_at: None, ..dated(instant) };
        save(backend, &(bare.clone()).with_id(stored.id)).await;
        expect_refund(backend, &bare.with_id(stored.id)).await;
        save(backend, &dated(finer(instant)).with_id(stored.id)).await;
        expect_refund(backend, &stored).await;
    }
}

pub async fn refunds_are_listed_oldest_first(backend: &Backend) {
    let (practice, booking, first) = backend.paid().await;
    let other = backend.book(practice, 1).await;
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
    assert_eq!(listed(unknown()).await, []);
}

pub async fn a_refund_is_found_by_provider_id_or_key(backend: &Backend) {
    let (_, _, payment) = backend.paid().await;
    let unnamed = backend.add_refund(refund(&payment, "first")).await.id;
    let named = NewRefund { provider_refund_id: Some("re_2".to_owned()), ..refund(&payment, "second") };
    let named = backend.add_refund(named).await.id;
    for (provider_id, key, expected) in [
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
        let found = backend.queries.find_refund(provider_id, key).await.unwrap();
        assert_eq!(found.map(|refund| refund.id), expected, "{provider_id:?} {key:?}");
    }
}

pub async fn saving_a_refund_writes_what_may_change(backend: &Backend) {
    let (practice, booking, payment) = backend.paid().await;
    let other = backend.book(practice, 1).await;
    let elsewhere = backend.add_payment(paid(other.id(), "s")).await;
    let new = NewRefund {
        cause: RefundCause::Cancelled,
        reason: Some("by arrangement".to_owned()),
        requested_by: Some(practice.client),
        ..refund(&payment, "k")
    };
    let stored = backend.add_refund(new.clone()).await;
    let untouched = backend.add_refund(refund(&payment, "l")).await;
    for (n, stage) in RefundStage::ALL.into_iter().chain(RefundStage::ALL.into_iter().rev()).enumerate() {
        let some = n % 2 == 0;
        let changed = |refund: NewRefund| NewRefund {
            stage,
            provider_refund_id: some.then(|| format!("re_{}", n / 3)),
            attempts: u32::try_from(n).unwrap(),
            next_at: some.then(|| minutes_after(now(), 3)),
            last_error: some.then(|| "unavailable".to_owned()),
            settled_at: some.then(|| minutes_after(now(), 4)),
            ..refund
        };
        let forged = NewRefund {
            booking: other.id(),
            payment: elsewhere.id,
            idempotency_key: format!("forged-{n}"),
            amount: money(1, "USD"),
            cause: RefundCause::External,
            reason: some.then(|| "forged".to_owned()),
            requested_by: some.then_some(practice.therapist),
            created_at: minutes_after(now(), 9),
            ..new.clone()
        };
        save(backend, &changed(forged).with_id(stored.id)).await;
        expect_refund(backend, &changed(new.clone()).with_id(stored.id)).await;
    }
    expect_refund(backend, &untouched).await;
    assert_eq!(backend.queries.refunds(other.id()).await.unwrap(), []);
    assert_eq!(backend.queries.refunds(booking.id()).await.unwrap().len(), 2);
}

pub async fn saving_an_unknown_refund_is_stale(backend: &Backend) {
    let (_, _, payment) = backend.paid().await;
    rejected_change(backend, &refund(&payment, "k").with_id(unknown()), Conflict::Stale).await;
}

/// `RefundExists` comes before `RefundTooLarge`: a retry learns that the refund is there, not that it is impossible.
pub async fn a_refund_is_added_once(backend: &Backend) {
    let (practice, _, payment) = backend.paid().await;
    let other = backend.book(practice, 1).await;
    let elsewhere = backend.add_payment(NewPayment { provider: Provider::Stripe, ..paid(other.id(), "r") }).await;
    let named = |payment, key: &str, provider_id: &str| NewRefund {
        provider_refund_id: Some(provider_id.to_owned()),
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
        rejected(backend, &again, Conflict::RefundExists).await;
    }
    let used = named(&payment, "a", "re_b").with_id(first.id);
    rejected_change(backend, &used, Conflict::RefundExists).await;
    expect_refund(backend, &first).await;
    // Ids are case-sensitive, a key is no provider id, and any number of refunds may have no provider id.
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
        rejected(backend, &again, Conflict::RefundExists).await;
    }
}

pub async fn refunds_stay_within_their_payment(backend: &Backend) {
    let (_, booking, whole) = backend.paid().await;
    let parts = backend.add_payment(NewPayment { state: PaymentState::Unapplied, ..paid(booking.id(), "s") }).await;
    let part = |payment, key: &str, minor| NewRefund { amount: eur(minor), ..refund(payment, key) };
    let too_large = async |new: NewRefund| rejected(backend, &new, Conflict::RefundTooLarge).await;
    too_large(part(&whole, "a", 9_001)).await;
    backend.add_refund(part(&whole, "b", 9_000)).await;
    too_large(part(&whole, "c", 1)).await;

    backend.add_refund(part(&parts, "d", 4_000)).await;
    too_large(part(&parts, "e", 5_001)).await;
    backend.add_refund(part(&parts, "f", 4_999)).await;
    too_large(part(&parts, "g", 2)).await;
    let last = part(&parts, "h", 1);
    let too_much = part(&parts, "i", 1);
    let both = backend.uncommitted(async |work| {
        work.add_refund(&last).await?;
        work.add_refund(&too_much).await
    });
    assert_conflict!(both.await, RefundTooLarge);
    backend.add_refund(last).await;
    too_large(too_much).await;
    assert_eq!(backend.queries.refunds(booking.id()).await.unwrap().len(), 4);
}

pub async fn only_paid_payments_are_refunded(backend: &Backend) {
    let (_, booking, euros) = backend.paid().await;
    for state in PaymentState::ALL {
        let name = state.as_str();
        let stored = backend.add_payment(NewPayment { state, ..payment(booking.id(), name) }).await;
        let new = refund(&stored, name);
        if matches!(state, PaymentState::Settled | PaymentState::Unapplied) {
            backend.uncommitted(async |work| work.add_refund(&new).await).await.expect("it was paid");
        } else {
            rejected(backend, &new, Conflict::RefundTooLarge).await;
        }
        let settled = Payment { state: PaymentState::Settled, ..stored };
        backend.commit(async |work| work.save_payment(&settled).await).await;
        backend.add_refund(new).await;
    }
    for amount in [money(1, "USD"), money(1, "JPY")] {
        rejected(backend, &NewRefund { amount, ..refund(&euros, "k") }, Conflict::RefundTooLarge).await;
    }
}

pub async fn failed_refunds_free_their_amount(backend: &Backend) {
    let (_, booking, _) = backend.paid().await;
    for (n, stage) in RefundStage::ALL.into_iter().enumerate() {
        let payment = backend.add_payment(paid(booking.id(), stage.as_str())).await;
        let part = |k, stage| NewRefund { amount: eur(9_000), stage, ..refund(&payment, &format!("{n}-{k}")) };
        let first = backend.add_refund(part(0, stage)).await;
        let failed = match stage {
            RefundStage::Queued | RefundStage::Pending | RefundStage::Succeeded => {
                rejected(backend, &part(1, RefundStage::Queued), Conflict::RefundTooLarge).await;
                // A failed refund needs nothing of the refundable amount.
                backend.add_refund(part(2, RefundStage::Failed)).await;
                part(0, RefundStage::Failed).with_id(first.id)
            }
            RefundStage::Failed | RefundStage::Retried => part(0, RefundStage::Retried).with_id(first.id),
        };
        save(backend, &failed).await;
        backend.add_refund(part(1, RefundStage::Queued)).await;
        let too_much = NewRefund { amount: eur(1), ..part(3, RefundStage::Queued) };
        rejected(backend, &too_much, Conflict::RefundTooLarge).await;
        // Nor can the failed one use the amount again, whatever the provider reports.
        for again in [RefundStage::Queued, RefundStage::Pending, RefundStage::Succeeded] {
            rejected_change(backend, &part(0, again).with_id(first.id), Conflict::RefundTooLarge).await;
        }
        expect_refund(backend, &failed).await;
    }
}

pub async fn refunds_due_come_longest_due_first(backend: &Backend) {
    let (practice, _, payment) = backend.paid().await;
    let other = backend.book(practice, 1).await;
    let elsewhere = backend.add_payment(paid(other.id(), "s")).await;
    let mut expected = Vec::new();
    for (n, stage) in RefundStage::ALL.into_iter().enumerate() {
        let next_at = Some(minutes_after(now(), [3, 1, 4, 0, 2][n]));
        let payment = [&payment, &elsewhere][n % 2];
        expected.push(backend.add_refund(NewRefund { stage, next_at, ..refund(payment, &format!("k{n}")) }).await);
    }
    backend.add_refund(refund(&payment, "never")).await;
    expected.sort_by_key(|refund| refund.next_at);
    let last = minutes_after(now(), 4);
    assert_eq!(due(backend, last, 100).await, expected);
    assert_eq!(due(backend, minutes_after(now(), 999), u32::MAX).await, expected);
    assert_eq!(due(backend, last, 2).await, expected[..2]);
    assert_eq!(due(backend, last, 0).await, []);
    assert_eq!(due(backend, last - SignedDuration::from_millis(1), 100).await, expected[..4]);
    assert_eq!(due(backend, now(), 100).await, expected[..1]);
    assert_eq!(due(backend, now() - SignedDuration::from_millis(1), 100).await, []);

    for (refund, next_at) in expected.iter_mut().zip([None, Some(minutes_after(now(), 5))]) {
        refund.next_at = next_at;
        save(backend, refund).await;
    }
    assert_eq!(due(backend, last, 100).await, expected[2..]);
}

pub async fn a_refund_needs_its_references(backend: &Backend) {
    let (_, _, payment) = backend.paid().await;
    let good = refund(&payment, "k");
    for (new, what) in [
        (NewRefund { booking: unknown(), ..good.clone() }, "of no booking"),
        (NewRefund { payment: unknown(), ..good.clone() }, "of no payment"),
        (NewRefund { requested_by: Some(unknown()), ..good.clone() }, "requested by no one"),
        (NewRefund { amount: eur(0), ..good.clone() }, "of nothing"),
    ] {
        assert_failed(backend.uncommitted(async |work| work.add_refund(&new).await).await, what);
    }
    backend.add_refund(good).await;
}

pub async fn a_dropped_unit_of_work_changes_no_refund(backend: &Backend) {
    let (_, booking, payment) = backend.paid().await;
    let before = backend.add_refund(refund(&payment, "a")).await;
    let mut work = backend.begin().await;
    let rest = NewRefund { amount: eur(8_000), provider_refund_id: Some("re_b".to_owned()), ..refund(&payment, "b") };
    work.add_refund(&rest).await.unwrap();
    let changed = NewRefund {
        stage: RefundStage::Failed,
        provider_refund_id: Some("re_a".to_owned()),
        next_at: Some(now()),
        ..refund(&payment, "a")
    };
    let changed = changed.with_id(before.id);
    work.save_refund(&changed).await.unwrap();
    assert_eq!(work.refunds_of(booking.id()).await.unwrap()[0], changed);
    let listed = async || backend.queries.refunds(booking.id()).await.unwrap();
    assert_eq!(listed().await, std::slice::from_ref(&before), "readers see neither");
    drop(work);
    assert_eq!(listed().await, [before]);
    assert_eq!(backend.queries.find_refund("re_a", Some("b")).await.unwrap(), None);
    assert_eq!(due(backend, now(), 10).await, []);
    backend.add_refund(rest).await;
}
