//! What is wrong with money, until someone looked at it.

use attune_domain::{Booking, PaymentProblemId};
use attune_ports::{NewPaymentProblem, Payment, PaymentProblem, ProblemKind, Refund};
use jiff::Timestamp;

use super::values::{INSTANTS, TEXTS};
use super::{assert_failed, finer, unknown_booking, unknown_payment, unknown_problem, unknown_refund};
use crate::Backend;
use crate::fixtures::{at, minutes_after, now, paid, problem, refund};

async fn stage(backend: &Backend) -> (Booking, Payment, Refund) {
    let (_, booking) = backend.booked().await;
    let payment = backend.add_payment(paid(booking.id(), "r")).await;
    let back = backend.add_refund(refund(&payment, "k")).await;
    (booking, payment, back)
}

async fn note(backend: &Backend, new: &NewPaymentProblem) -> bool {
    backend.commit(async |work| work.add_payment_problem(new).await).await
}

async fn open(backend: &Backend) -> Vec<PaymentProblem> {
    backend.queries.payment_problems(1_000).await.unwrap()
}

async fn open_keys(backend: &Backend) -> Vec<String> {
    open(backend).await.into_iter().map(|problem| problem.key).collect()
}

async fn resolve(backend: &Backend, id: PaymentProblemId, at: Timestamp) -> Option<PaymentProblem> {
    backend.commit(async |work| work.resolve_payment_problem(id, at).await).await
}

/// Notes a problem and gives what readers find of it.
async fn noted(backend: &Backend, new: &NewPaymentProblem) -> PaymentProblem {
    assert!(note(backend, new).await, "it is new");
    let found = open(backend).await.into_iter().find(|problem| problem.key == new.key);
    found.expect("it is open")
}

/// Every field comes back as it went in, whether it is there or not.
pub async fn a_problem_comes_back_as_it_went_in(backend: &Backend) {
    let (booking, payment, back) = stage(backend).await;
    let mut all: Vec<_> = ProblemKind::ALL.into_iter().map(|kind| problem(kind.as_str(), kind)).collect();
    all.push(NewPaymentProblem {
        booking: Some(booking.id()),
        payment: Some(payment.id),
        refund: Some(back.id),
        provider_reference: Some("re_1".to_owned()),
        at: minutes_after(now(), 3),
        ..problem("full", ProblemKind::RefundFailed)
    });
    for (n, text) in TEXTS.into_iter().enumerate() {
        let reference = Some(text.to_owned());
        all.push(NewPaymentProblem {
            provider_reference: reference,
            ..problem(&format!("{n} {text}"), ProblemKind::UnknownCheckout)
        });
    }
    all.extend(["1", &"🦊".repeat(200), &"~".repeat(199)].map(|key| problem(key, ProblemKind::WrongMode)));
    for new in all {
        let found = noted(backend, &new).await;
        assert_eq!(found, new.with_id(found.id));
    }
}

/// Instants come back to the millisecond, and what is finer is cut off, when it is noted and when it is settled.
pub async fn problems_are_dated_to_the_millisecond(backend: &Backend) {
    for instant in INSTANTS {
        let new = NewPaymentProblem { at: finer(at(instant)), ..problem(instant, ProblemKind::WrongAmount) };
        let found = noted(backend, &new).await;
        assert_eq!(found.at, at(instant));
        let settled = resolve(backend, found.id, finer(at(instant))).await.expect("it was open");
        assert_eq!(settled, PaymentProblem { resolved_at: Some(at(instant)), ..found });
    }
}

/// A problem is noted once per key, and the first note stands.
pub async fn a_problem_is_noted_once(backend: &Backend) {
    let (booking, ..) = stage(backend).await;
    let first = problem("k", ProblemKind::WrongAmount);
    let found = noted(backend, &first).await;
    let other = NewPaymentProblem {
        booking: Some(booking.id()),
        provider_reference: Some("another".to_owned()),
        at: minutes_after(now(), 1),
        ..problem("k", ProblemKind::RefundFailed)
    };
    for again in [&first, &other] {
        assert!(!note(backend, again).await);
    }
    assert_eq!(open(backend).await, std::slice::from_ref(&found));
    assert!(note(backend, &problem("K", ProblemKind::WrongAmount)).await, "keys differ to the letter");
    let within = backend
        .commit(async |work| {
            let new = problem("l", ProblemKind::WrongMode);
            Ok((work.add_payment_problem(&new).await?, work.add_payment_problem(&new).await?))
        })
        .await;
    assert_eq!(within, (true, false));
    assert_eq!(open_keys(backend).await, ["k", "K", "l"]);
}

/// Settling a problem answers what it was, once; it is open no more, and noting it again does not open it.
pub async fn a_problem_is_settled_once_and_for_good(backend: &Backend) {
    let new = problem("k", ProblemKind::UnknownBooking);
    let found = noted(backend, &new).await;
    let other = noted(backend, &problem("l", ProblemKind::WrongBooking)).await;
    assert_eq!(resolve(backend, unknown_problem(), now()).await, None);
    let settled = resolve(backend, found.id, minutes_after(now(), 5)).await;
    assert_eq!(settled, Some(PaymentProblem { resolved_at: Some(minutes_after(now(), 5)), ..found.clone() }));
    assert_eq!(resolve(backend, found.id, minutes_after(now(), 6)).await, None);
    assert_eq!(open(backend).await, std::slice::from_ref(&other));
    for _ in 0..2 {
        assert!(!note(backend, &new).await);
        assert_eq!(resolve(backend, found.id, minutes_after(now(), 7)).await, None, "noting it again opened it again");
    }
    assert_eq!(open(backend).await, [other]);
}

/// The open problem of a refund is settled with it, and no other.
pub async fn a_refund_settles_its_problem(backend: &Backend) {
    let (booking, payment, back) = stage(backend).await;
    let second = backend.add_refund(refund(&payment, "l")).await;
    let about = |key: &str, refund| NewPaymentProblem {
        booking: Some(booking.id()),
        payment: Some(payment.id),
        refund,
        ..problem(key, ProblemKind::RefundFailed)
    };
    let settle = async |refund, minute| {
        backend.commit(async |work| work.resolve_refund_problem(refund, minutes_after(now(), minute)).await).await;
    };
    settle(back.id, 0).await;
    settle(unknown_refund(), 0).await;
    let mine = noted(backend, &about("mine", Some(back.id))).await;
    noted(backend, &about("other", Some(second.id))).await;
    noted(backend, &about("none", None)).await;
    settle(unknown_refund(), 1).await;
    assert_eq!(open_keys(backend).await, ["mine", "other", "none"]);
    settle(back.id, 2).await;
    assert_eq!(open_keys(backend).await, ["other", "none"]);
    assert_eq!(resolve(backend, mine.id, now()).await, None, "it is settled");
    settle(back.id, 3).await;
    assert!(!note(backend, &about("mine", Some(back.id))).await);
    assert_eq!(open_keys(backend).await, ["other", "none"]);

    // It may fail once more, in another way.
    noted(backend, &about("mine again", Some(back.id))).await;
    assert_eq!(open_keys(backend).await, ["other", "none", "mine again"]);
    settle(back.id, 4).await;
    assert_eq!(open_keys(backend).await, ["other", "none"]);
}

/// Open problems are listed oldest first, at most as many as wanted.
pub async fn problems_are_listed_oldest_first(backend: &Backend) {
    let mut expected = Vec::new();
    for (minute, key) in (0..).zip(["c", "a", "e", "b", "d"]) {
        let at = minutes_after(now(), minute);
        expected.push(noted(backend, &NewPaymentProblem { at, ..problem(key, ProblemKind::WrongMode) }).await);
    }
    let listed = async |limit| backend.queries.payment_problems(limit).await.unwrap();
    assert_eq!(listed(100).await, expected);
    assert_eq!(listed(u32::MAX).await, expected);
    assert_eq!(listed(2).await, expected[..2]);
    assert_eq!(listed(0).await, []);
    let gone = expected.remove(1);
    resolve(backend, gone.id, now()).await.expect("it was open");
    assert_eq!(listed(2).await, expected[..2]);
    assert_eq!(listed(100).await, expected);
}

/// A problem is about a booking, a payment and a refund that are there, or about none.
pub async fn a_problem_needs_what_it_is_about(backend: &Backend) {
    let about = || problem("k", ProblemKind::RefundFailed);
    for (new, what) in [
        (NewPaymentProblem { booking: Some(unknown_booking()), ..about() }, "about no booking"),
        (NewPaymentProblem { payment: Some(unknown_payment()), ..about() }, "about no payment"),
        (NewPaymentProblem { refund: Some(unknown_refund()), ..about() }, "about no refund"),
    ] {
        assert_failed(backend.uncommitted(async |work| work.add_payment_problem(&new).await).await, what);
    }
    assert!(note(backend, &about()).await);
}

/// A unit of work that is dropped notes and settles nothing.
pub async fn a_dropped_unit_of_work_notes_no_problem(backend: &Backend) {
    let (_, _, back) = stage(backend).await;
    let by_id = noted(backend, &problem("a", ProblemKind::WrongAmount)).await;
    let by_refund = NewPaymentProblem { refund: Some(back.id), ..problem("b", ProblemKind::RefundFailed) };
    let by_refund = noted(backend, &by_refund).await;
    let mut work = backend.begin().await;
    assert!(work.add_payment_problem(&problem("c", ProblemKind::WrongMode)).await.unwrap());
    assert!(work.resolve_payment_problem(by_id.id, now()).await.unwrap().is_some());
    assert!(work.resolve_payment_problem(by_id.id, now()).await.unwrap().is_none(), "its own unit of work knows it");
    work.resolve_refund_problem(back.id, now()).await.unwrap();
    assert_eq!(open_keys(backend).await, ["a", "b"], "readers see none of it");
    drop(work);
    assert_eq!(open(backend).await, [by_id, by_refund]);
    assert!(note(backend, &problem("c", ProblemKind::WrongMode)).await);
}
