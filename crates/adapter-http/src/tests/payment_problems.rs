//! Payment problems that need review.

use attune_domain::{BookingId, PaymentId};
use attune_ports::{Clock, NewPaymentProblem, ProblemKind};
use jiff::SignedDuration;
use serde_json::json;

use super::harness::*;

const PROBLEMS: &str = "/api/admin/payments/problems";

async fn record(practice: &Practice, key: &str, kind: ProblemKind, about: Option<i64>) {
    let problem = NewPaymentProblem {
        id: (),
        resolved_at: None,
        dedupe_key: key.into(),
        kind,
        booking: about.and_then(BookingId::new),
        payment: about.and_then(PaymentId::new),
        refund: None,
        provider_reference: Some(format!("pi_{key}")),
        at: practice.parts.clock.now(),
    };
    practice.write(async |work| assert!(work.add_payment_problem(&problem).await.unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_are_listed_until_they_are_resolved() {
    let (practice, ada, carl) = Parts::new().without_limits().with_session().await;
    let assert_listed = async |problems: &str| {
        let list = format!(r#"{{"problems":[{problems}]}}"#);
        practice.get(PROBLEMS, &carl).await.assert_body(200, &list);
    };
    assert_listed("").await;
    record(&practice, "one", ProblemKind::WrongAmount, Some(1)).await;
    practice.advance(SignedDuration::from_secs(90));
    record(&practice, "two", ProblemKind::UnknownBooking, None).await;
    let first = concat!(
        r#"{"id":1,"kind":"wrong_amount","booking_id":1,"payment_id":1,"refund_id":null,"provider_reference":"pi_one","#,
        r#""created_at":"2024-01-10T08:00:00Z"}"#
    );
    let second = concat!(
        r#"{"id":2,"kind":"unknown_booking","booking_id":null,"payment_id":null,"refund_id":null,"#,
        r#""provider_reference":"pi_two","created_at":"2024-01-10T08:01:30Z"}"#
    );
    assert_listed(&format!("{first},{second}")).await;
    practice
        .get(&format!("{PROBLEMS}?therapist_id=1"), &carl)
        .await
        .assert_body(200, &format!(r#"{{"problems":[{first}]}}"#));
    practice.get(&format!("{PROBLEMS}?therapist_id=2"), &carl).await.assert_body(200, r#"{"problems":[]}"#);
    practice.get(&format!("{PROBLEMS}?therapist_id=x"), &carl).await.assert_problem(422, "wrong_type");
    let resolve = async |id: &str, token: &str| practice.post_empty(&format!("{PROBLEMS}/{id}/resolve"), token).await;
    for (token, status, code) in [(&*ada, 403, "forbidden"), ("", 401, "unauthenticated")] {
        practice.get(PROBLEMS, token).await.assert_problem(status, code);
        resolve("1", token).await.assert_problem(status, code);
    }
    resolve("1", &carl).await.assert_body(204, "");
    assert_listed(second).await;
    for missing in ["1", "3", "9223372036854775807"] {
        resolve(missing, &carl).await.assert_problem(404, "payment_problem_not_found");
    }
    for bad in ["x", "0", "-1", "9223372036854775808"] {
        resolve(bad, &carl).await.assert_problem(400, "invalid_id");
    }
    resolve("2", &carl).await.assert_status(204);
    assert_listed("").await;
    let booking = practice.get("/api/admin/bookings/1", &carl).await.json();
    let last = booking["history"].as_array().unwrap().last().unwrap();
    assert_members(last, &json!({"action": "payment_problem.resolved", "actor_id": 1}));
    assert_eq!(booking["payment_status"], "succeeded", "nothing about the booking changes");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_a_maximum_length() {
    let practice = Parts::new().without_limits().open().await;
    for number in 0..201 {
        record(&practice, &number.to_string(), ProblemKind::UnknownBooking, None).await;
    }
    let carl = practice.admin().await;
    let list = practice.get(PROBLEMS, &carl).await.json();
    assert_eq!(column(&list["problems"], "id"), (1..=200).collect::<Vec<_>>());
    practice.get(&format!("{PROBLEMS}?limit=1"), &carl).await.assert_problem(422, "unknown_field");
    let body = practice.post(&format!("{PROBLEMS}/1/resolve"), &carl, r#"{"note":"x"}"#).await;
    body.assert_problem(422, "unknown_field");
}
