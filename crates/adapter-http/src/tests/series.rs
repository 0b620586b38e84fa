//! Series and single bookings that an admin makes for a client.

use attune_domain::{Role, UserId};
use attune_ports::Provider;
use reqwest::Method;
use serde_json::json;

use super::harness::*;

const SERIES: &str = "/api/admin/bookings/series";
const CREATE: &str = "/api/admin/bookings";

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_books_for_a_client() {
    let (practice, ada, carl) = Parts::new().with_ada().await;
    let body = format!(r#"{{"user_id":2,"scheduled_at":"{SLOT}","note":"By phone"}}"#);
    let reply = practice.post(CREATE, &carl, &body).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (201, Some("/api/admin/bookings/1")));
    let booking = reply.json();
    assert_members(&booking, &json!({"user_id": 2, "status": "pending_payment", "note": "By phone"}));
    assert_eq!((&booking["user"]["first_name"], &booking["history"][0]["actor_id"]), (&"Ada".into(), &1.into()));
    // The client pays at the checkout of the admin's response.
    let payment = practice.get("/api/bookings/1/payment", &ada).await.json();
    assert_eq!(payment["checkout_url"], booking["checkout_url"]);
    practice.pay(1).await;
    let detail = practice.get("/api/admin/bookings/1", &carl).await.json();
    assert_eq!(detail["status"], "scheduled");
    assert!(detail.get("checkout_url").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_price_can_be_waived_or_paid_offline() {
    let (practice, ada, carl) = Parts::new().with_ada().await;
    let emails = ["meeting_info", "reminder", "reminder", "receipt"];
    for (day, rest, payment_status, emails) in [
        (16, r#""payment":"waived""#, "not_required", &emails[..3]),
        (17, r#""payment":"offline_paid","method":" cash ","reference":"2024-0017""#, "succeeded", &emails),
    ] {
        let body = format!(r#"{{"user_id":2,"scheduled_at":"2024-01-{day}T10:00:00Z",{rest}}}"#);
        let booking = practice.post(CREATE, &carl, &body).await.json();
        let wanted = json!({"status": "scheduled", "payment_status": payment_status, "checkout_url": null});
        assert_members(&booking, &wanted);
        assert!(booking["admin_meeting_url"].is_string());
        assert_eq!(column(&booking["notifications"], "kind"), emails);
        let shown = practice.get(&format!("/api/bookings/{}", booking["id"]), &ada).await.json();
        assert!(shown["personalized_meeting_url"].is_string(), "{shown}");
    }
    let (free, _, carl) = Parts::new().provider(Provider::None).with_ada().await;
    let body = format!(r#"{{"user_id":2,"scheduled_at":"{SLOT}","payment":"online"}}"#);
    let wanted = json!({"status": "scheduled", "payment_status": "not_required"});
    free.post(CREATE, &carl, &body).await.assert_members(&wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sets_the_price_of_a_booking_and_changes_it_later() {
    let (practice, ada, carl) = Parts::new().with_ada().await;
    let body = format!(r#"{{"user_id":2,"scheduled_at":"{SLOT}","amount":80.5}}"#);
    practice.post(CREATE, &carl, &body).await.assert_status(201).assert_members(&json!({"amount": 80.5}));
    let series = json!({
        "user_id": 2, "first": "2024-01-22T10:00", "timezone": "Europe/Berlin", "count": 2, "amount": 70,
        "payment": "waived",
    });
    let booked = practice.post(SERIES, &carl, &series.to_string()).await.assert_status(201).json();
    assert_eq!(column(&booked["bookings"], "amount"), [70.0, 70.0]);

    const FIRST: &str = "/api/admin/bookings/1";
    let edited = practice.patch(FIRST, &carl, r#"{"amount":60,"note":"By phone","version":1}"#).await;
    edited.assert_status(200).assert_members(&json!({"amount": 60.0, "note": "By phone", "version": 2}));
    assert_eq!(practice.get("/api/bookings/1", &ada).await.json()["note"], "By phone");
    practice.patch(FIRST, &carl, r#"{"amount":60,"version":1}"#).await.assert_problem(409, "version_conflict");
    for (body, code) in [
        (r#"{"amount":-1}"#, "invalid_amount"),
        (r#"{"amount":"60"}"#, "wrong_type"),
        (r#"{"service_id":99}"#, "unknown_service"),
        (r#"{"scheduled_at":"2024-01-16T10:00:00Z"}"#, "unknown_field"),
    ] {
        practice.patch(FIRST, &carl, body).await.assert_problem(422, code);
    }
    let waived = json!({"status": "scheduled", "payment_status": "not_required", "note": null});
    practice.patch(FIRST, &carl, r#"{"amount":0,"note":null}"#).await.assert_members(&waived);
    practice.patch(FIRST, &carl, r#"{"amount":60}"#).await.assert_problem(409, "invalid_state");
    practice.patch("/api/admin/bookings/99", &carl, "{}").await.assert_problem(404, "booking_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_enters_a_past_session() {
    let (practice, ada, carl) = Parts::new().with_ada().await;
    let body = |rest: &str| format!(r#"{{"user_id":2,"scheduled_at":"2024-01-08T10:00:00Z"{rest}}}"#);
    let settled = r#","has_taken_place":true,"payment":"offline_paid","method":"cash""#;
    let entered = practice.post(CREATE, &carl, &body(settled)).await.assert_status(201).json();
    assert_members(&entered, &json!({"status": "completed", "payment_status": "succeeded", "notifications": []}));
    assert_eq!(practice.get("/api/bookings", &ada).await.json()["bookings"][0]["status"], "completed");
    for (rest, code) in [("", "in_the_past"), (r#","has_taken_place":true"#, "invalid_value")] {
        practice.post(CREATE, &carl, &body(rest)).await.assert_problem(422, code);
    }
    for start in ["2024-01-10T10:00:00Z", "2023-10-11T07:59:59Z"] {
        let body = format!(r#"{{"user_id":2,"scheduled_at":"{start}","has_taken_place":true,"payment":"waived"}}"#);
        practice.post(CREATE, &carl, &body).await.assert_problem(422, "out_of_range");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_bookings_for_a_client_say_why() {
    let (practice, _, carl) = Parts::new().without_limits().with_ada().await;
    practice.client("Dan").await;
    practice.patch("/api/admin/users/3", &carl, r#"{"disabled":true}"#).await.assert_status(200);
    practice.post(CREATE, &carl, "{}").await.assert_problem(422, "required");
    let valid = format!(r#"{{"user_id":2,"scheduled_at":"{SLOT}"}}"#);
    let rows: Invalid<'_> = &[
        ("user_id", "required", &["", "null"]),
        ("user_id", "wrong_type", &[r#""2""#]),
        ("user_id", "out_of_range", &["0"]),
        ("user_id", "unknown_user", &["9", "3"]),
        ("payment", "invalid_value", &[r#""later""#]),
        ("reference", "invalid_value", &[r#""17""#]),
        ("amount", "invalid_amount", &["-1", "0.001"]),
        ("price", "unknown_field", &["1"]),
        ("service_id", "unknown_service", &["9"]),
        ("therapist_id", "unknown_therapist", &["2"]),
    ];
    practice.assert_invalid_values(Method::POST, CREATE, &carl, &valid, rows).await;
    for (fields, field, code) in [
        (r#""payment":"offline_paid""#, "method", "required"),
        (r#""payment":"waived","method":"cash""#, "method", "invalid_value"),
    ] {
        let body = format!(r#"{{"user_id":2,"scheduled_at":"{SLOT}",{fields}}}"#);
        practice.post(CREATE, &carl, &body).await.assert_invalid(field, code);
    }
    let past = format!(r#"{{"user_id":2,"scheduled_at":"{NOW}","override_hours":true}}"#);
    practice.post(CREATE, &carl, &past).await.assert_invalid("scheduled_at", "in_the_past");
    assert_eq!(practice.get(CREATE, &carl).await.json()["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn working_hours_can_be_overridden_and_other_bookings_cannot() {
    let (practice, ada, carl) = Parts::new().with_ada().await;
    let schedule = r#"{"timezone":"Europe/Berlin","hours":{"monday":[{"start":"09:00","end":"12:00"}]}}"#;
    practice.put("/api/admin/schedule", &carl, schedule).await.assert_status(200);
    let body = |user: UserId, more| format!(r#"{{"user_id":{user},"scheduled_at":"2024-01-15T19:00:00Z"{more}}}"#);
    let (ada_id, over) = (UserId::new(2).unwrap(), r#","override_hours":true"#);
    practice.post(CREATE, &carl, &body(ada_id, "")).await.assert_problem(422, "outside_hours");
    let held = practice.post(CREATE, &carl, &body(ada_id, over)).await.assert_status(201).json();
    let bob = practice.add("bob@example.org", "Bob", "Client", Role::Client).await;
    practice.post(CREATE, &carl, &body(bob, over)).await.assert_problem(409, "slot_taken");
    let again = practice.post(CREATE, &carl, &body(ada_id, over)).await;
    again.assert_problem(409, "hold_exists").assert_members(&json!({"booking_id": held["id"]}));
    practice.book(&ada, SLOT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_keeps_its_local_time_across_daylight_saving_changes() {
    let (practice, ada, carl) = Parts::new().with_ada().await;
    let body = json!({
        "user_id": 2, "first": "2024-03-18T10:00", "timezone": "Europe/Berlin", "count": 4, "payment": "waived",
    });
    let series = practice.post(SERIES, &carl, &body.to_string()).await.assert_status(201).json();
    let wanted = ["2024-03-18T09:00:00Z", "2024-03-25T09:00:00Z", "2024-04-01T08:00:00Z", "2024-04-08T08:00:00Z"];
    assert_eq!(column(&series["bookings"], "scheduled_at"), wanted);
    assert_eq!(series["skipped"], json!([]));
    // Each is a booking in the format of the list.
    let list = practice.get("/api/admin/bookings?sort=scheduled_at", &carl).await.json();
    let mut listed = list["bookings"].clone();
    listed.as_array_mut().unwrap().iter_mut().for_each(|booking| booking["pay_url"] = json!(null));
    assert_eq!(series["bookings"], listed, "and the page on which it is paid");
    assert_eq!(series["bookings"][0]["status"], "scheduled");
    assert!(series["bookings"][0].get("user").is_none());
    let id = &series["bookings"][1]["id"];
    assert_eq!(practice.get(&format!("/api/bookings/{id}"), &ada).await.json()["scheduled_at"], wanted[1]);
    // Every other week, in another time zone, back to standard time.
    let body = json!({
        "user_id": 2, "first": "2024-10-20T19:30", "timezone": "America/New_York", "count": 3, "every_weeks": 2,
        "payment": "offline_paid", "method": "cash",
    });
    let series = practice.post(SERIES, &carl, &body.to_string()).await.json();
    assert_eq!(
        column(&series["bookings"], "scheduled_at"),
        ["2024-10-20T23:30:00Z", "2024-11-04T00:30:00Z", "2024-11-18T00:30:00Z"]
    );
    assert_eq!(series["bookings"][2]["payment_status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_fails_as_a_whole_and_lists_every_conflict() {
    let (practice, ada, carl) = Parts::new().with_ada().await;
    practice.book(&ada, "2024-03-18T09:30:00Z").await;
    practice.book(&ada, "2024-04-01T07:30:00Z").await;
    let mut body = json!({"user_id": 2, "first": "2024-03-18T10:00", "timezone": "Europe/Berlin", "count": 4});
    let reply = practice.post(SERIES, &carl, &body.to_string()).await;
    reply.assert_problem(409, "series_conflict");
    let conflict = |when: &str| {
        let message = format!("{when}: This time is no longer available. Please choose another one.");
        json!({"field": "first", "code": "slot_taken", "message": message})
    };
    assert_eq!(reply.json()["errors"], json!([conflict("2024-03-18 at 10:00"), conflict("2024-04-01 at 10:00")]));
    assert_eq!(practice.get(CREATE, &carl).await.json()["total"], 2, "none of it was booked");
    body["on_conflict"] = "skip".into();
    let series = practice.post(SERIES, &carl, &body.to_string()).await.assert_status(201).json();
    assert_eq!(column(&series["bookings"], "scheduled_at"), ["2024-03-25T09:00:00Z", "2024-04-08T08:00:00Z"]);
    assert_eq!(
        series["skipped"],
        json!([
            {"local_time": "2024-03-18T10:00", "starts_at": "2024-03-18T09:00:00Z", "code": "slot_taken"},
            {"local_time": "2024-04-01T10:00", "starts_at": "2024-04-01T08:00:00Z", "code": "slot_taken"},
        ])
    );
    // A repeated request finds nothing left to book.
    let again = practice.post(SERIES, &carl, &body.to_string()).await;
    assert_eq!((again.problem(), again.errors().len()), ((409, "series_conflict".into()), 4));
    assert_eq!(practice.get(CREATE, &carl).await.json()["total"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonexistent_local_time_is_skipped_and_never_moved() {
    let (practice, _, carl) = Parts::new().with_ada().await;
    let mut body = json!({"user_id": 2, "first": "2024-03-24T02:30", "timezone": "Europe/Berlin", "count": 3});
    let reply = practice.post(SERIES, &carl, &body.to_string()).await;
    reply.assert_problem(409, "series_conflict");
    assert_eq!(reply.errors(), [("first".to_owned(), "nonexistent_local_time".to_owned())]);
    let detail =
        "2024-03-31 at 02:30: This local time does not exist on that date, because the clocks are put forward.";
    assert_eq!(reply.json()["detail"], detail);
    body["on_conflict"] = "skip".into();
    let series = practice.post(SERIES, &carl, &body.to_string()).await.json();
    assert_eq!(column(&series["bookings"], "scheduled_at"), ["2024-03-24T01:30:00Z", "2024-04-07T00:30:00Z"]);
    assert_eq!(
        series["skipped"],
        json!([{"local_time": "2024-03-31T02:30", "starts_at": null, "code": "nonexistent_local_time"}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_that_no_booking_could_have_are_conflicts_too() {
    let (practice, _, carl) = Parts::new().with_ada().await;
    let body = json!({
        "user_id": 2, "first": "2024-01-03T10:00", "timezone": "Europe/Berlin", "count": 3, "every_weeks": 52,
    });
    let reply = practice.post(SERIES, &carl, &body.to_string()).await;
    reply.assert_problem(409, "series_conflict");
    assert_eq!(
        column(&reply.json()["errors"], "code"),
        ["in_the_past", "beyond_booking_horizon"],
        "the second one, a year ahead, is free"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_series_is_rejected() {
    let (practice, _, carl) = Parts::new().without_limits().with_ada().await;
    let valid = r#"{"user_id":2,"first":"2024-01-15T10:00","timezone":"Europe/Berlin","count":2}"#;
    let rows: Invalid<'_> = &[
        ("user_id", "required", &["null"]),
        ("user_id", "unknown_user", &["9"]),
        ("first", "required", &["null"]),
        ("first", "invalid_local_time", &[r#""2024-01-15T10:00:00Z""#, r#""2024-01-15T10:00:00""#]),
        ("first", "invalid_local_time", &[r#""2024-01-15T10:00Z""#, r#""2024-01-15 10:00""#]),
        ("first", "invalid_local_time", &[r#""2024-02-30T10:00""#, r#""2024-01-15T24:00""#, r#""2024-01-15""#]),
        ("first", "beyond_booking_horizon", &[r#""9999-12-31T10:00""#]),
        ("timezone", "required", &["null"]),
        ("timezone", "invalid_timezone", &[r#""""#, r#""Middle/Earth""#]),
        ("count", "required", &["null"]),
        ("count", "out_of_range", &["0", "54"]),
        ("every_weeks", "out_of_range", &["0", "53"]),
        ("on_conflict", "invalid_value", &[r#""ask""#]),
        ("payment", "invalid_value", &[r#""later""#]),
        ("service_id", "unknown_service", &["9"]),
        ("therapist_id", "unknown_therapist", &["2"]),
        ("note", "unknown_field", &[r#""x""#]),
        ("scheduled_at", "unknown_field", &[r#""2024-01-15T10:00:00Z""#]),
    ];
    practice.assert_invalid_values(Method::POST, SERIES, &carl, valid, rows).await;
    assert_eq!(practice.get(CREATE, &carl).await.json()["total"], 0);
    practice.delete(SERIES, &carl).await.assert_problem(405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_series_is_listed_moved_quoted_and_cancelled() {
    let (practice, ada, carl) = Parts::new().with_ada().await;
    let body = json!({
        "user_id": 2, "first": "2024-03-18T10:00", "timezone": "Europe/Berlin", "count": 4, "payment": "offline_paid",
        "method": "cash",
    });
    let created = practice.post(SERIES, &carl, &body.to_string()).await.assert_status(201).json();
    let id = created["series_id"].as_i64().unwrap();
    assert_eq!(column(&created["bookings"], "series_id"), [id; 4]);
    let series = format!("/api/admin/series/{id}");
    let shown = practice.get(&series, &carl).await.assert_status(200).json();
    assert_eq!(shown, created);
    let rest = practice.get(&format!("{series}?from=2024-04-01T00:00:00Z"), &carl).await.json();
    assert_eq!(column(&rest["bookings"], "scheduled_at"), ["2024-04-01T08:00:00Z", "2024-04-08T08:00:00Z"]);
    let listed = practice.get(&format!("/api/admin/bookings?series_id={id}"), &carl).await.json();
    assert_eq!(listed["total"], 4);
    assert_eq!(practice.get(&format!("/api/bookings/{id}"), &ada).await.json()["series_id"], id);
    practice.book(&ada, "2024-03-20T14:00:00Z").await;
    let other = practice.get("/api/bookings?limit=50", &ada).await.json();
    let alone = other["bookings"].as_array().unwrap().iter().filter(|booking| booking.get("series_id").is_none());
    assert_eq!(alone.count(), 1, "a booking that was created on its own has none");

    let to = |rest: &str| format!(r#"{{"first":"2024-03-20T15:00","timezone":"Europe/Berlin"{rest}}}"#);
    let reschedule = format!("{series}/reschedule");
    let refused = practice.post(&reschedule, &carl, &to("")).await;
    refused.assert_problem(409, "series_conflict");
    assert_eq!(refused.json()["errors"][0]["code"], "slot_taken");
    let moved = practice.post(&reschedule, &carl, &to(r#","on_conflict":"skip""#)).await.assert_status(200).json();
    let expected = ["2024-03-27T14:00:00Z", "2024-04-03T13:00:00Z", "2024-04-10T13:00:00Z"];
    assert_eq!(column(&moved["bookings"], "scheduled_at"), expected);
    assert_eq!(moved["skipped"][0]["starts_at"], "2024-03-20T14:00:00Z");
    let emails = practice.get(&format!("/api/admin/bookings/{}", moved["bookings"][1]["id"]), &carl).await.json();
    let email =
        emails["notifications"].as_array().unwrap().iter().find(|email| email["kind"] == "rescheduled").unwrap();
    assert!(email["sent_with"].is_i64(), "{email}");

    let quote = practice.get(&format!("{series}/cancellation-quote?from=2024-04-01T00:00:00Z"), &carl).await;
    let ids = json!([moved["bookings"][1]["id"], moved["bookings"][2]["id"]]);
    let wanted = json!({"booking_ids": ids, "refund_amount": 200.0, "fee_amount": 0.0, "currency": "EUR"});
    assert_eq!(quote.assert_status(200).json(), wanted);
    let cancel = format!("{series}/cancel");
    let from = |refund: &str| format!(r#"{{"from":"2024-04-01T00:00:00Z","expected_refund":{refund}}}"#);
    practice.post(&cancel, &carl, &from("100")).await.assert_problem(409, "quote_changed");
    practice.post(&cancel, &carl, &from("-1")).await.assert_problem(422, "invalid_amount");
    let cancelled = practice.post(&cancel, &carl, &from("200")).await.assert_status(200).json();
    assert_eq!(column(&cancelled["bookings"], "status"), ["cancelled"; 2]);
    practice.post(&cancel, &carl, &from("200")).await.assert_problem(409, "invalid_state");
    practice.post(&cancel, &carl, "").await.assert_status(200);
    for (path, body) in
        [(&reschedule, r#"{"first":"2024-03-20","timezone":"Europe/Berlin"}"#), (&cancel, r#"{"to":1}"#)]
    {
        practice.post(path, &carl, body).await.assert_status(422);
    }
    practice.get("/api/admin/series/999", &carl).await.assert_problem(404, "series_not_found");
    practice.get("/api/admin/series/x", &carl).await.assert_problem(400, "invalid_id");
}
