//! Payment problems, until an admin resolves them.

use attune_domain::{Booking, PaymentProblemId};
use attune_ports::{NewPaymentProblem, Payment, PaymentProblem, ProblemKind, Refund};
use jiff::Timestamp;

use super::values::{INSTANTS, TEXTS};
use super::{assert_failed, finer, unknown};
use crate::Backend;
use crate::fixtures::{at, minutes_after, now, problem, refund};

async fn refunded(backend: &Backend) -> (Booking, Payment, Refund) {
    let (_, booking, payment) = backend.paid().await;
    let refund = backend.add_refund(refund(&payment, "k")).await;
    (booking, payment, refund)
}

async fn add(backend: &Backend, new: &NewPaymentProblem) -> bool {
    backend.commit(async |work| work.add_payment_problem(new).await).await
}

async fn open(backend: &Backend) -> Vec<PaymentProblem> {
    backend.queries.payment_problems(None, 1_000).await.unwrap()
}

async fn open_keys(backend: &Backend) -> Vec<String> {
    open(backend).await.into_iter().map(|problem| problem.dedupe_key).collect()
}

async fn resolve(backend: &Backend, id: PaymentProblemId, at: Timestamp) -> Option<PaymentProblem> {
    backend.commit(async |work| work.resolve_payment_problem(id, at).await).await
}

/// Adds a new problem, and reads it.
async fn added(backend: &Backend, new: &NewPaymentProblem) -> PaymentProblem {
    assert!(add(backend, new).await, "it is new");
    open(backend).await.into_iter().find(|problem| problem.dedupe_key == new.dedupe_key).expect("it is open")
}

pub async fn problems_round_trip(backend: &Backend) {
    let (booking, payment, first) = refunded(backend).await;
    let mut all: Vec<_> = ProblemKind::ALL.into_iter().map(|kind| problem(kind.as_str(), kind)).collect();
    all.push(NewPaymentProblem {
        booking: Some(booking.id()),
        payment: Some(payment.id),
        refund: Some(first.id),
        provider_reference: Some("re_1".to_owned()),
        at: minutes_after(now(), 3),
        ..problem("full", ProblemKind::RefundFailed)
    });
    all.extend(TEXTS.map(|text| NewPaymentProblem {
        provider_reference: Some(text.to_owned()),
        ..problem(&format!("key {text}"), ProblemKind::UnknownCheckout)
    }));
    all.extend(["1", &"🦊".repeat(200), &"~".repeat(199)].map(|key| problem(key, ProblemKind::WrongMode)));
    for new in all {
        let found = added(backend, &new).await;
        assert_eq!(found, new.with_id(found.id));
    }
}

pub async fn problems_are_dated_to_the_millisecond(backend: &Backend) {
    for instant in INSTANTS {
        let new = NewPaymentProblem { at: finer(at(instant)), ..problem(instant, ProblemKind::WrongAmount) };
        let found = added(backend, &new).await;
        assert_eq!(found.at, at(instant));
        let resolved = resolve(backend, found.id, finer(at(instant))).await.expect("it was open");
        assert_eq!(resolved, PaymentProblem { resolved_at: Some(at(instant)), ..found });
    }
}

pub async fn a_problem_is_added_once(backend: &Backend) {
    let (booking, ..) = refunded(backend).await;
    let first = problem("k", ProblemKind::WrongAmount);
    let found = added(backend, &first).await;
    let other = NewPaymentProblem {
        booking: Some(booking.id()),
        provider_reference: Some("another".to_owned()),
        at: minutes_after(now(), 1),
        ..problem("k", ProblemKind::RefundFailed)
    };
    for again in [&first, &other] {
        assert!(!add(backend, again).await);
    }
    assert_eq!(open(backend).await, std::slice::from_ref(&found));
    assert!(add(backend, &problem("K", ProblemKind::WrongAmount)).await, "keys are case-sensitive");
    let within = backend.commit(async |work| {
        let new = problem("l", ProblemKind::WrongMode);
        Ok((work.add_payment_problem(&new).await?, work.add_payment_problem(&new).await?))
    });
    assert_eq!(within.await, (true, false));
    assert_eq!(open_keys(backend).await, ["k", "K", "l"]);
}

pub async fn a_problem_is_resolved_once(backend: &Backend) {
    let new = problem("k", ProblemKind::UnknownBooking);
    let found = added(backend, &new).await;
    let other = added(backend, &problem("l", ProblemKind::WrongBooking)).await;
    assert_eq!(resolve(backend, unknown(), now()).await, None);
    let resolved = resolve(backend, found.id, minutes_after(now(), 5)).await;
    assert_eq!(resolved, Some(PaymentProblem { resolved_at: Some(minutes_after(now(), 5)), ..found.clone() }));
    assert_eq!(resolve(backend, found.id, minutes_after(now(), 6)).await, None);
    assert_eq!(open(backend).await, std::slice::from_ref(&other));
    for _ in 0..2 {
        assert!(!add(backend, &new).await);
        assert_eq!(resolve(backend, found.id, minutes_after(now(), 7)).await, None, "adding it again opened it again");
    }
    assert_eq!(open(backend).await, [other]);
}

pub async fn resolving_the_problem_of_a_refund_resolves_no_other(backend: &Backend) {
    let (booking, payment, first) = refunded(backend).await;
    let second = backend.add_refund(refund(&payment, "l")).await;
    let about = |key: &str, refund| NewPaymentProblem {
        booking: Some(booking.id()),
        payment: Some(payment.id),
        refund,
        ..problem(key, ProblemKind::RefundFailed)
    };
    let resolve_of = async |refund, minute| {
        backend.commit(async |work| work.resolve_refund_problem(refund, minutes_after(now(), minute)).await).await;
    };
    resolve_of(first.id, 0).await;
    resolve_of(unknown(), 0).await;
    let mine = added(backend, &about("mine", Some(first.id))).await;
    added(backend, &about("other", Some(second.id))).await;
    added(backend, &about("none", None)).await;
    resolve_of(unknown(), 1).await;
    assert_eq!(open_keys(backend).await, ["mine", "other", "none"]);
    resolve_of(first.id, 2).await;
    assert_eq!(open_keys(backend).await, ["other", "none"]);
    assert_eq!(resolve(backend, mine.id, now()).await, None, "it is resolved");
    resolve_of(first.id, 3).await;
    assert!(!add(backend, &about("mine", Some(first.id))).await);
    assert_eq!(open_keys(backend).await, ["other", "none"]);

    // The refund may fail again in another way.
    added(backend, &about("mine again", Some(first.id))).await;
    assert_eq!(open_keys(backend).await, ["other", "none", "mine again"]);
    resolve_of(first.id, 4).await;
    assert_eq!(open_keys(backend).await, ["other", "none"]);
}

pub async fn problems_are_listed_oldest_first(backend: &Backend) {
    let mut expected = Vec::new();
    for (minute, key) in (0..).zip(["c", "a", "e", "b", "d"]) {
        let at = minutes_after(now(), minute);
        expected.push(added(backend, &NewPaymentProblem { at, ..problem(key, ProblemKind::WrongMode) }).await);
    }
    let listed = async |limit| backend.queries.payment_problems(None, limit).await.unwrap();
    assert_eq!(listed(100).await, expected);
    assert_eq!(listed(u32::MAX).await, expected);
    assert_eq!(listed(2).await, expected[..2]);
    assert_eq!(listed(0).await, []);
    let resolved = expected.remove(1);
    resolve(backend, resolved.id, now()).await.expect("it was open");
    assert_eq!(listed(2).await, expected[..2]);
    assert_eq!(listed(100).await, expected);
}

pub async fn a_problem_needs_its_references(backend: &Backend) {
    let about = || problem("k", ProblemKind::RefundFailed);
    for (new, what) in [
        (NewPaymentProblem { booking: Some(unknown()), ..about() }, "about no booking"),
        (NewPaymentProblem { payment: Some(unknown()), ..about() }, "about no payment"),
        (NewPaymentProblem { refund: Some(unknown()), ..about() }, "about no refund"),
    ] {
        assert_failed(backend.uncommitted(async |work| work.add_payment_problem(&new).await).await, what);
    }
    assert!(add(backend, &about()).await);
}

pub async fn a_dropped_unit_of_work_changes_no_problem(backend: &Backend) {
    let (_, _, first) = refunded(backend).await;
    let by_id = added(backend, &problem("a", ProblemKind::WrongAmount)).await;
    let by_refund = NewPaymentProblem { refund: Some(first.id), ..problem("b", ProblemKind::RefundFailed) };
    let by_refund = added(backend, &by_refund).await;
    let mut work = backend.begin().await;
    assert!(work.add_payment_problem(&problem("c", ProblemKind::WrongMode)).await.unwrap());
    assert!(work.resolve_payment_problem(by_id.id, now()).await.unwrap().is_some());
    assert!(work.resolve_payment_problem(by_id.id, now()).await.unwrap().is_none(), "its own unit of work knows it");
    work.resolve_refund_problem(first.id, now()).await.unwrap();
    assert_eq!(open_keys(backend).await, ["a", "b"], "readers see none of it");
    drop(work);
    assert_eq!(open(backend).await, [by_id, by_refund]);
    assert!(add(backend, &problem("c", ProblemKind::WrongMode)).await);
}
