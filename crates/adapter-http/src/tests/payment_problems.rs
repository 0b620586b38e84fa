//! Payment problems that need review.

use attune_domain::{BookingId, PaymentId};
use attune_ports::{Clock, NewPaymentProblem, ProblemKind, Store};
use jiff::SignedDuration;

use super::harness::*;

const PROBLEMS: &str = "/api/admin/payments/problems";

async fn note(practice: &Practice, key: &str, kind: ProblemKind, about: Option<i64>) {
    let mut work = practice.parts.store.begin().await.unwrap();
    let problem = NewPaymentProblem {
        id: (),
        resolved_at: None,
        key: key.into(),
        kind,
        booking: about.and_then(BookingId::new),
        payment: about.and_then(PaymentId::new),
        refund: None,
        provider_reference: Some(format!("pi_{key}")),
        at: practice.parts.clock.now(),
    };
    assert!(work.add_payment_problem(&problem).await.unwrap());
    work.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_are_listed_until_they_are_resolved() {
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.agreed().await;
    let carl = practice.admin().await;
    assert_eq!(practice.get(PROBLEMS, &carl).await.text, r#"{"problems":[]}"#);
    note(&practice, "one", ProblemKind::WrongAmount, Some(1)).await;
    practice.advance(SignedDuration::from_secs(90));
    note(&practice, "two", ProblemKind::UnknownBooking, None).await;
    let first = concat!(
        r#"{"id":1,"kind":"wrong_amount","booking_id":1,"payment_id":1,"refund_id":null,"provider_reference":"pi_one","#,
        r#""created_at":"2024-01-10T08:00:00Z"}"#
    );
    let second = concat!(
        r#"{"id":2,"kind":"unknown_booking","booking_id":null,"payment_id":null,"refund_id":null,"#,
        r#""provider_reference":"pi_two","created_at":"2024-01-10T08:01:30Z"}"#
    );
    assert_eq!(practice.get(PROBLEMS, &carl).await.text, format!(r#"{{"problems":[{first},{second}]}}"#));
    let settle = |id: &str, token: &str| {
        let (path, token) = (format!("{PROBLEMS}/{id}/resolve"), token.to_owned());
        let practice = &practice;
        async move { practice.request(reqwest::Method::POST, &path).token(&token).send().await }
    };
    for (token, wanted) in [(ada.as_str(), (403, "forbidden")), ("", (401, "unauthenticated"))] {
        assert_eq!(practice.get(PROBLEMS, token).await.problem(), (wanted.0, wanted.1.to_owned()));
        assert_eq!(settle("1", token).await.problem(), (wanted.0, wanted.1.to_owned()));
    }
    let settled = settle("1", &carl).await;
    assert_eq!((settled.status.as_u16(), settled.text.as_str()), (204, ""));
    assert_eq!(practice.get(PROBLEMS, &carl).await.text, format!(r#"{{"problems":[{second}]}}"#));
    for missing in ["1", "3", "9223372036854775807"] {
        assert_eq!(settle(missing, &carl).await.problem(), (404, "payment_problem_not_found".into()), "{missing}");
    }
    for bad in ["x", "0", "-1", "9223372036854775808"] {
        assert_eq!(settle(bad, &carl).await.problem(), (400, "invalid_id".into()), "{bad}");
    }
    assert_eq!(settle("2", &carl).await.status, 204);
    assert_eq!(practice.get(PROBLEMS, &carl).await.text, r#"{"problems":[]}"#);
    let booking = practice.get("/api/admin/bookings/1", &carl).await.json();
    let entry = booking["history"].as_array().unwrap().last().unwrap();
    assert_eq!((&entry["action"], &entry["actor_id"]), (&"payment_problem.resolved".into(), &1.into()));
    assert_eq!(booking["payment_status"], "succeeded", "nothing about the booking changes");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_a_maximum_length() {
    let practice = Parts::new().without_limits().open().await;
    for number in 0..201 {
        note(&practice, &number.to_string(), ProblemKind::UnknownBooking, None).await;
    }
    let carl = practice.admin().await;
    let list = practice.get(PROBLEMS, &carl).await.json();
    let problems = list["problems"].as_array().unwrap();
    assert_eq!((problems.len(), &problems[0]["id"], &problems[199]["id"]), (200, &1.into(), &200.into()));
    assert_eq!(practice.get(&format!("{PROBLEMS}?limit=1"), &carl).await.problem(), (422, "unknown_field".into()));
    let body = practice.post(&format!("{PROBLEMS}/1/resolve"), &carl, r#"{"note":"x"}"#).await;
    assert_eq!(body.problem(), (422, "unknown_field".into()));
}
