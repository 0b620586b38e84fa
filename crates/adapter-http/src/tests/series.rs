//! Series and single bookings that an admin makes for a client.

use attune_domain::Role;
use attune_ports::Provider;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::*;

const SERIES: &str = "/api/admin/bookings/series";
const CREATE: &str = "/api/admin/bookings";

fn starts(bookings: &Value) -> Vec<&str> {
    bookings.as_array().unwrap().iter().map(|b| b["scheduled_at"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_books_for_a_client() {
    let practice = Practice::open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let body = format!(r#"{{"user_id":2,"scheduled_at":"{SLOT}","note":"By phone"}}"#);
    let reply = practice.post(CREATE, &carl, &body).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (201, Some("/api/admin/bookings/1")));
    let booking = reply.json();
    assert_eq!((&booking["user_id"], &booking["status"]), (&2.into(), &"pending_payment".into()));
    assert_eq!((&booking["note"], &booking["user"]["first_name"]), (&"By phone".into(), &"Ada".into()));
    assert_eq!(booking["history"][0]["actor_id"], 1);
    // The client pays at the checkout of the admin's response.
    let payment = practice.get("/api/bookings/1/payment", &ada).await.json();
    assert_eq!(payment["checkout_url"], booking["checkout_url"]);
    practice.pay(&booking).await;
    let detail = practice.get("/api/admin/bookings/1", &carl).await.json();
    assert_eq!(detail["status"], "scheduled");
    assert!(detail.get("checkout_url").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_price_can_be_settled_in_other_ways() {
    let practice = Practice::open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let emails = ["meeting_info", "reminder", "reminder", "receipt"];
    for (day, rest, payment_status, emails) in [
        (16, r#""payment":"waived""#, "not_required", &emails[..3]),
        (17, r#""payment":"offline_paid","method":" cash ","reference":"2024-0017""#, "succeeded", &emails),
    ] {
        let body = format!(r#"{{"user_id":2,"scheduled_at":"2024-01-{day}T10:00:00Z",{rest}}}"#);
        let booking = practice.post(CREATE, &carl, &body).await.json();
        assert_eq!((&booking["status"], &booking["payment_status"]), (&"scheduled".into(), &payment_status.into()));
        assert_eq!(booking["checkout_url"], Value::Null);
        assert!(booking["admin_meeting_url"].is_string());
        let kinds: Vec<&Value> = booking["notifications"].as_array().unwrap().iter().map(|n| &n["kind"]).collect();
        assert_eq!(kinds, emails);
        let id = &booking["id"];
        assert!(
            practice.get(&format!("/api/bookings/{id}"), &ada).await.json()["personalized_meeting_url"].is_string()
        );
    }
    let free = Parts::new().provider(Provider::None).open().await;
    free.client("Ada").await;
    let body = format!(r#"{{"user_id":2,"scheduled_at":"{SLOT}","payment":"online"}}"#);
    let booking = free.post(CREATE, &free.admin().await, &body).await.json();
    assert_eq!((&booking["status"], &booking["payment_status"]), (&"scheduled".into(), &"not_required".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_bookings_for_a_client_say_why() {
    let practice = Parts::new().without_limits().open().await;
    practice.client("Ada").await;
    practice.client("Dan").await;
    let carl = practice.admin().await;
    assert_eq!(practice.patch("/api/admin/users/3", &carl, r#"{"disabled":true}"#).await.status, 200);
    let at = format!(r#""scheduled_at":"{SLOT}""#);
    for (body, field, code) in [
        ("{}".to_owned(), "", "required"),
        (format!("{{{at}}}"), "user_id", "required"),
        (format!(r#"{{"user_id":null,{at}}}"#), "user_id", "required"),
        (format!(r#"{{"user_id":"2",{at}}}"#), "user_id", "wrong_type"),
        (format!(r#"{{"user_id":0,{at}}}"#), "user_id", "out_of_range"),
        (format!(r#"{{"user_id":9,{at}}}"#), "user_id", "unknown_user"),
        (format!(r#"{{"user_id":3,{at}}}"#), "user_id", "unknown_user"),
        (format!(r#"{{"user_id":2,{at},"payment":"later"}}"#), "payment", "invalid_value"),
        (format!(r#"{{"user_id":2,{at},"payment":"offline_paid"}}"#), "method", "required"),
        (format!(r#"{{"user_id":2,{at},"payment":"waived","method":"cash"}}"#), "method", "invalid_value"),
        (format!(r#"{{"user_id":2,{at},"reference":"17"}}"#), "reference", "invalid_value"),
        (format!(r#"{{"user_id":2,{at},"amount":1}}"#), "amount", "unknown_field"),
        (format!(r#"{{"user_id":2,{at},"service_id":9}}"#), "service_id", "unknown_service"),
        (format!(r#"{{"user_id":2,{at},"therapist_id":2}}"#), "therapist_id", "unknown_therapist"),
        (format!(r#"{{"user_id":2,"scheduled_at":"{NOW}","override_hours":true}}"#), "scheduled_at", "in_the_past"),
    ] {
        let reply = practice.post(CREATE, &carl, &body).await;
        assert_eq!(reply.problem(), (422, code.into()), "{body}");
        if !field.is_empty() {
            assert_eq!(reply.errors(), [(field.to_owned(), code.to_owned())], "{body}");
        }
    }
    assert_eq!(practice.get(CREATE, &carl).await.json()["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn working_hours_can_be_overridden_and_other_bookings_cannot() {
    let practice = Practice::open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let schedule = r#"{"timezone":"Europe/Berlin","hours":{"monday":[{"start":"09:00","end":"12:00"}]}}"#;
    assert_eq!(
        practice.request(Method::PUT, "/api/admin/schedule").token(&carl).json(schedule).send().await.status,
        200
    );
    let evening = "2024-01-15T19:00:00Z";
    let body = format!(r#"{{"user_id":2,"scheduled_at":"{evening}"}}"#);
    assert_eq!(practice.post(CREATE, &carl, &body).await.problem(), (422, "outside_hours".into()));
    let body = format!(r#"{{"user_id":2,"scheduled_at":"{evening}","override_hours":true}}"#);
    let held = practice.post(CREATE, &carl, &body).await;
    assert_eq!(held.status, 201);
    let bob = practice.add("bob@example.org", "Bob", "Client", Role::Client).await;
    let for_bob = format!(r#"{{"user_id":{bob},"scheduled_at":"{evening}","override_hours":true}}"#);
    assert_eq!(practice.post(CREATE, &carl, &for_bob).await.problem(), (409, "slot_taken".into()));
    let again = practice.post(CREATE, &carl, &body).await;
    assert_eq!((again.problem(), &again.json()["booking_id"]), ((409, "hold_exists".into()), &held.json()["id"]));
    practice.book(&ada, SLOT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_keeps_its_local_time_across_daylight_saving_changes() {
    let practice = Practice::open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let body = json!({
        "user_id": 2, "first": "2024-03-18T10:00", "timezone": "Europe/Berlin", "count": 4, "payment": "waived",
    });
    let reply = practice.post(SERIES, &carl, &body.to_string()).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let series = reply.json();
    let wanted = ["2024-03-18T09:00:00Z", "2024-03-25T09:00:00Z", "2024-04-01T08:00:00Z", "2024-04-08T08:00:00Z"];
    assert_eq!(starts(&series["bookings"]), wanted);
    assert_eq!(series["skipped"], json!([]));
    // Each is a booking in the format of the list.
    let list = practice.get("/api/admin/bookings?sort=scheduled_at", &carl).await.json();
    assert_eq!(series["bookings"], list["bookings"]);
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
    assert_eq!(starts(&series["bookings"]), ["2024-10-20T23:30:00Z", "2024-11-04T00:30:00Z", "2024-11-18T00:30:00Z"]);
    assert_eq!(series["bookings"][2]["payment_status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_fails_as_a_whole_and_lists_every_conflict() {
    let practice = Practice::open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    practice.book(&ada, "2024-03-18T09:30:00Z").await;
    practice.book(&ada, "2024-04-01T07:30:00Z").await;
    let mut body = json!({"user_id": 2, "first": "2024-03-18T10:00", "timezone": "Europe/Berlin", "count": 4});
    let reply = practice.post(SERIES, &carl, &body.to_string()).await;
    assert_eq!(reply.problem(), (409, "series_conflict".into()));
    let taken = |when: &str| {
        let message = format!("{when}: This time is no longer available. Please choose another one.");
        json!({"field": "first", "code": "slot_taken", "message": message})
    };
    assert_eq!(reply.json()["errors"], json!([taken("2024-03-18 at 10:00"), taken("2024-04-01 at 10:00")]));
    assert_eq!(practice.get(CREATE, &carl).await.json()["total"], 2, "none of it was booked");
    body["on_conflict"] = "skip".into();
    let series = practice.post(SERIES, &carl, &body.to_string()).await;
    assert_eq!(series.status, 201, "{}", series.text);
    let series = series.json();
    assert_eq!(starts(&series["bookings"]), ["2024-03-25T09:00:00Z", "2024-04-08T08:00:00Z"]);
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
    let practice = Practice::open().await;
    practice.client("Ada").await;
    let carl = practice.admin().await;
    let mut body = json!({"user_id": 2, "first": "2024-03-24T02:30", "timezone": "Europe/Berlin", "count": 3});
    let reply = practice.post(SERIES, &carl, &body.to_string()).await;
    assert_eq!(reply.errors(), [("first".to_owned(), "nonexistent_local_time".to_owned())]);
    assert_eq!(reply.code(), "series_conflict");
    assert_eq!(
        reply.json()["detail"],
        "2024-03-31 at 02:30: This local time does not exist on that date, because the clocks are put forward."
    );
    body["on_conflict"] = "skip".into();
    let series = practice.post(SERIES, &carl, &body.to_string()).await.json();
    assert_eq!(starts(&series["bookings"]), ["2024-03-24T01:30:00Z", "2024-04-07T00:30:00Z"]);
    assert_eq!(
        series["skipped"],
        json!([{"local_time": "2024-03-31T02:30", "starts_at": null, "code": "nonexistent_local_time"}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_that_no_booking_could_have_are_conflicts_too() {
    let practice = Practice::open().await;
    practice.client("Ada").await;
    let carl = practice.admin().await;
    let body = json!({
        "user_id": 2, "first": "2024-01-03T10:00", "timezone": "Europe/Berlin", "count": 3, "every_weeks": 52,
    });
    let reply = practice.post(SERIES, &carl, &body.to_string()).await;
    assert_eq!(reply.code(), "series_conflict");
    let codes: Vec<String> = reply.errors().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["in_the_past", "beyond_booking_horizon"], "the second one, a year ahead, is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_series_is_rejected() {
    let practice = Parts::new().without_limits().open().await;
    practice.client("Ada").await;
    let carl = practice.admin().await;
    let good = json!({"user_id": 2, "first": "2024-01-15T10:00", "timezone": "Europe/Berlin", "count": 2});
    for (field, value, code) in [
        ("user_id", Value::Null, "required"),
        ("user_id", 9.into(), "unknown_user"),
        ("first", Value::Null, "required"),
        ("first", "2024-01-15T10:00:00Z".into(), "invalid_local_time"),
        ("first", "2024-01-15T10:00:00".into(), "invalid_local_time"),
        ("first", "2024-01-15T10:00Z".into(), "invalid_local_time"),
        ("first", "2024-01-15 10:00".into(), "invalid_local_time"),
        ("first", "2024-02-30T10:00".into(), "invalid_local_time"),
        ("first", "2024-01-15T24:00".into(), "invalid_local_time"),
        ("first", "2024-01-15".into(), "invalid_local_time"),
        ("first", "9999-12-31T10:00".into(), "beyond_booking_horizon"),
        ("timezone", Value::Null, "required"),
        ("timezone", "".into(), "invalid_timezone"),
        ("timezone", "Middle/Earth".into(), "invalid_timezone"),
        ("count", Value::Null, "required"),
        ("count", 0.into(), "out_of_range"),
        ("count", 54.into(), "out_of_range"),
        ("every_weeks", 0.into(), "out_of_range"),
        ("every_weeks", 53.into(), "out_of_range"),
        ("on_conflict", "ask".into(), "invalid_value"),
        ("payment", "later".into(), "invalid_value"),
        ("service_id", 9.into(), "unknown_service"),
        ("therapist_id", 2.into(), "unknown_therapist"),
        ("note", "x".into(), "unknown_field"),
        ("scheduled_at", SLOT.into(), "unknown_field"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let reply = practice.post(SERIES, &carl, &body.to_string()).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, vec![(field.into(), code.into())]), "{body}");
    }
    assert_eq!(practice.get(CREATE, &carl).await.json()["total"], 0);
    assert_eq!(practice.delete(SERIES, &carl).await.problem(), (405, "method_not_allowed".into()));
}
