//! Booking a session, paying for it, and seeing one's own bookings.

use std::time::Duration;

use attune_e2e::{Database, Instance, Method, NOW, Practice, User, assert_fields, at, eventually, keys, later};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

on_both_databases!(
    a_free_booking_is_confirmed_at_once,
    a_paid_booking_is_confirmed_by_its_payment,
    an_admin_records_an_offline_payment,
    an_admin_sets_prices_and_enters_a_past_session,
    an_unpaid_slot_is_released_when_its_hold_expires,
    invalid_bookings_are_rejected,
    clients_see_only_their_own_bookings,
);

const LISTED: &str = "id user_id scheduled_at duration status jitsi_room_id jitsi_room_url personalized_meeting_url \
                      amount payment_status";

async fn a_free_booking_is_confirmed_at_once(database: Database) {
    let (_practice, app, _admin, john) = Practice::on(database).serve_client().await;
    let services = app.get("/api/services").await.expect(200);
    assert_eq!(services["services"][0]["duration"], 50);

    let request_body =
        json!({"scheduled_at": "2027-03-04T11:00:00.000+01:00", "note": "First session\nwith two lines"});
    let answer = john.post("/api/bookings", request_body).await;
    let booking = answer.expect(201);
    let id = booking["id"].as_i64().unwrap();
    assert_eq!(answer.header("location"), Some(format!("/api/bookings/{id}").as_str()));
    assert_eq!(booking["scheduled_at"], "2027-03-04T10:00:00Z", "an instant, truncated to a whole second");
    let expected = json!({
        "status": "scheduled", "payment_status": "not_required", "user_id": john.id, "duration": 50, "version": 1,
        "checkout_url": null, "hold_expires_at": null, "note": "First session\nwith two lines", "currency": "EUR",
    });
    assert_fields(&booking, expected);
    assert!(answer.text.contains("\"amount\":100.00"), "the currency's decimals: {}", answer.text);

    let room = booking["jitsi_room_id"].as_str().unwrap();
    check_room_id(room, id);
    assert_eq!(booking["jitsi_room_url"], format!("https://meet.example.org/{room}"));
    let link = format!("https://meet.example.org/{room}#userInfo.displayName=%22John%20Doe%22");
    assert_eq!(booking["personalized_meeting_url"], link);

    let list = john.get("/api/bookings").await;
    list.expect(200);
    assert_eq!(keys(&list.text), "bookings");
    assert_eq!(keys(list.text.split_once("[").unwrap().1), LISTED, "exactly these fields in this order");
    assert_eq!(list.header("x-total-count"), Some("1"));
    let one = john.get(&format!("/api/bookings/{id}")).await;
    let mut expected = booking.clone();
    expected.as_object_mut().unwrap().remove("checkout_url");
    assert_eq!(one.expect(200), expected);
    for field in LISTED.split(' ') {
        assert_eq!(list.json()["bookings"][0][field], booking[field], "{field}");
    }

    let payment = format!("/api/bookings/{id}/payment");
    john.send(john.request(Method::POST, &payment)).await.refused(409, "payment_not_required");
    assert_eq!(john.get(&payment).await.expect(200)["payment_status"], "not_required");
}

pub(crate) fn check_room_id(room: &str, booking: i64) {
    let parts: Vec<&str> = room.split('-').collect();
    let [word, id, second, tail] = parts.as_slice() else { panic!("{room}") };
    assert_eq!((*word, *id), ("booking", booking.to_string().as_str()), "{room}");
    assert_eq!(*second, at(NOW).as_second().to_string(), "{room}");
    assert!(tail.len() == 32 && tail.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{room}");
}

async fn a_paid_booking_is_confirmed_by_its_payment(database: Database) {
    let (practice, app) = Practice::on(database).with("payments.provider", "test").serve().await;
    let jane = practice.client(&app, "Jane", "Rowland").await;
    let created = jane.book(later(3 * 1440)).await.expect(201);
    let id = created["id"].as_i64().unwrap();
    let hold_expires_at = later(15).to_string();
    let held = json!({"status": "pending_payment", "payment_status": "pending", "hold_expires_at": hold_expires_at});
    assert_fields(&created, held);
    let has_no_room = |booking: &Value| {
        for field in ["jitsi_room_id", "jitsi_room_url", "personalized_meeting_url"] {
            assert_eq!(booking.get(field), Some(&Value::Null), "{field} is there and null");
        }
    };
    has_no_room(&created);
    jane.link(id).await.refused(404, "meeting_link_unavailable");

    let checkout = created["checkout_url"].as_str().unwrap().to_owned();
    assert!(checkout.starts_with(&format!("{}/test-checkout/", app.base())), "{checkout}");
    let payment = format!("/api/bookings/{id}/payment");
    let requested = jane.send(jane.request(Method::POST, &payment)).await.expect(200);
    assert_eq!(requested["checkout_url"], checkout, "the same checkout is returned");

    // Link scanners open every link; opening must not pay.
    for method in [Method::GET, Method::HEAD] {
        let page = app.send(app.request(method, &checkout)).await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    }
    let unpaid = &jane.bookings().await[0];
    assert_eq!(unpaid["status"], "pending_payment");
    has_no_room(unpaid);
    assert!(practice.emails.messages().is_empty(), "no email before the payment");

    let paid = app.send(app.request(Method::POST, &checkout)).await;
    assert!(matches!(paid.status, 200 | 303), "{}", paid.text);
    let booking = jane.bookings().await[0].clone();
    assert_fields(&booking, json!({"status": "scheduled", "payment_status": "succeeded"}));
    check_room_id(booking["jitsi_room_id"].as_str().unwrap(), id);
    assert_eq!(booking["personalized_meeting_url"], jane.meeting_url(id).await);

    let again = app.send(app.request(Method::POST, &checkout)).await;
    assert!(again.status < 400, "a second payment changes nothing: {}", again.text);
    assert_eq!(jane.bookings().await[0], booking, "and changes nothing");
    jane.send(jane.request(Method::POST, &payment)).await.refused(409, "already_paid");
    let payment = jane.get(&payment).await.expect(200);
    assert_fields(&payment, json!({"provider": "test", "payment_status": "succeeded"}));

    let nowhere = format!("{}/test-checkout/{}", app.base(), "0".repeat(32));
    assert_eq!(app.send(app.request(Method::POST, &nowhere)).await.status, 404);
}

async fn an_admin_sets_prices_and_enters_a_past_session(database: Database) {
    let plan = Practice::on(database).with("payments.provider", "offline").with("reminders.offsets_minutes", "");
    let (practice, app) = plan.serve().await;
    let (admin, jane) = (practice.admin(&app).await, practice.client(&app, "Jane", "Rowland").await);
    let book = async |minutes: i64, rest: Value| {
        let mut body = json!({"user_id": jane.id, "scheduled_at": later(minutes).to_string()});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        admin.post("/api/admin/bookings", body).await
    };
    let reduced = book(7 * 1440, json!({"amount": 40})).await.expect(201);
    assert_fields(&reduced, json!({"status": "pending_payment", "amount": 40.0}));
    practice.emails.wait_for(1, Duration::from_secs(60)).await;
    let booking = format!("/api/admin/bookings/{}", reduced["id"]);
    let edited = admin.patch(&booking, json!({"amount": 30, "note": "Agreed by phone"})).await.expect(200);
    assert_fields(&edited, json!({"amount": 30.0, "note": "Agreed by phone", "version": 2}));
    let waived = admin.patch(&booking, json!({"amount": 0})).await.expect(200);
    assert_fields(&waived, json!({"status": "scheduled", "payment_status": "not_required"}));
    practice.emails.wait_for(2, Duration::from_secs(60)).await;

    let cash = json!({"has_taken_place": true, "payment": "offline_paid", "method": "cash"});
    let past = book(-7 * 1440, cash.clone()).await.expect(201);
    assert_fields(&past, json!({"status": "completed", "payment_status": "succeeded", "amount": 100.0}));
    assert_eq!((past["notifications"].clone(), past["ledger"][0]["amount"].clone()), (json!([]), json!(100.0)));
    book(-7 * 1440, cash).await.refused(409, "slot_taken");
    assert_eq!(practice.emails.messages().len(), 2, "none about the past session");
}

async fn an_admin_records_an_offline_payment(database: Database) {
    let (practice, app) = Practice::on(database).with("payments.provider", "offline").serve().await;
    let (admin, jane) = (practice.admin(&app).await, practice.client(&app, "Jane", "Rowland").await);
    let created = jane.book(later(7 * 1440)).await.expect(201);
    let id = created["id"].as_i64().unwrap();
    assert_fields(&created, json!({"status": "pending_payment", "checkout_url": null}));
    assert_eq!(created["hold_expires_at"], later(72 * 60).to_string(), "days rather than minutes");

    let record = format!("/api/admin/bookings/{id}/payments/offline");
    let cash = |amount: Value| json!({"amount": amount, "method": "cash", "reference": "receipt 17"});
    jane.post(&record, cash(json!(100))).await.refused(403, "forbidden");
    for wrong in [json!(100.01), json!(0), json!(10000)] {
        admin.post(&record, cash(wrong)).await.rejected_field("amount", "amount_mismatch");
    }
    for nonsense in [json!(-100), json!(100.001), json!("a hundred")] {
        admin.post(&record, cash(nonsense)).await.expect(422);
    }
    assert_eq!(jane.bookings().await[0]["status"], "pending_payment");

    // Parts add up, and the first one keeps the slot until the session.
    let part = admin.post(&record, cash(json!(60.00))).await.expect(200);
    assert_fields(&part, json!({"status": "pending_payment", "payment_status": "pending"}));
    assert_eq!(part["hold_expires_at"], later(7 * 1440).to_string());
    for wrong in [json!(40.01), json!(100)] {
        admin.post(&record, cash(wrong)).await.rejected_field("amount", "amount_mismatch");
    }
    let recorded = admin.post(&record, cash(json!(40.00))).await.expect(200);
    assert_fields(&recorded, json!({"status": "scheduled", "payment_status": "succeeded"}));
    assert!(jane.meeting_url(id).await.contains("/booking-"));
    admin.post(&record, cash(json!(100))).await.refused(409, "already_paid");
    let missing = "/api/admin/bookings/999999/payments/offline";
    admin.post(missing, cash(json!(100))).await.refused(404, "booking_not_found");
    assert_eq!(admin.history(id).await, ["booking.held", "booking.payment_changed", "booking.scheduled"]);
}

async fn an_unpaid_slot_is_released_when_its_hold_expires(database: Database) {
    let (practice, app) = Practice::on(database).with("payments.provider", "test").serve().await;
    let (slow, quick) = (practice.client(&app, "Slow", "Payer").await, practice.client(&app, "Quick", "Payer").await);
    let created = slow.book(later(1440)).await.expect(201);
    let checkout = created["checkout_url"].as_str().unwrap();
    practice.clock.set(later(15) - SignedDuration::from_secs(1));
    let quick = quick.again().await;
    quick.book(later(1440)).await.refused(409, "slot_taken");
    practice.clock.set(later(15));
    booked_and_paid(&app, &quick, later(1440)).await;
    let slow = slow.again().await;
    assert_eq!(slow.bookings().await[0]["status"], "expired");
    let late = app.send(app.request(Method::POST, checkout).header("accept", "application/json")).await;
    assert!((400..500).contains(&late.status), "the slot belongs to another client: {} {}", late.status, late.text);
    assert_eq!(slow.bookings().await[0]["status"], "expired");
    assert_eq!(quick.bookings().await[0]["status"], "scheduled");

    // The worker releases expired holds even if no one books.
    quick.book(later(3 * 1440)).await.expect(201);
    practice.clock.advance(SignedDuration::from_mins(15));
    app.terminate().await;
    let app = practice.serve().await;
    let quick = quick.at(&app).again().await;
    eventually("the worker releases it", async || (quick.bookings().await[0]["status"] == "expired").then_some(()))
        .await;
}

/// Books a session and pays for it on the test page.
pub(crate) async fn booked_and_paid(app: &Instance, client: &User, starts_at: Timestamp) -> i64 {
    let created = client.book(starts_at).await.expect(201);
    pay(app, &created).await;
    created["id"].as_i64().unwrap()
}

pub(crate) async fn pay(app: &Instance, created: &Value) {
    let paid = app.send(app.request(Method::POST, created["checkout_url"].as_str().unwrap())).await;
    assert!(paid.status < 400, "{} {}", paid.status, paid.text);
}

async fn invalid_bookings_are_rejected(database: Database) {
    let (_practice, _app, _admin, john) = Practice::on(database).serve_client().await;
    let refused = async |body: Value, field: &str, code: &str| {
        john.post("/api/bookings", body).await.rejected_field(field, code);
    };
    refused(json!({"scheduled_at": NOW}), "scheduled_at", "in_the_past").await;
    refused(json!({"scheduled_at": "2027-03-01T08:59:59Z"}), "scheduled_at", "in_the_past").await;
    refused(json!({"scheduled_at": later(367 * 1440).to_string()}), "scheduled_at", "beyond_booking_horizon").await;
    refused(json!({"scheduled_at": "2027-03-02T10:00:00"}), "scheduled_at", "invalid_timestamp").await;
    refused(json!({"scheduled_at": "tomorrow"}), "scheduled_at", "invalid_timestamp").await;
    refused(json!({"scheduled_at": 1_800_000_000}), "scheduled_at", "wrong_type").await;
    refused(json!({}), "scheduled_at", "required").await;
    let tomorrow = later(1440).to_string();
    refused(json!({"scheduled_at": tomorrow, "amount": 1}), "amount", "unknown_field").await;
    refused(json!({"scheduled_at": tomorrow, "user_id": 1}), "user_id", "unknown_field").await;
    refused(json!({"scheduled_at": tomorrow, "service_id": 99}), "service_id", "unknown_service").await;
    refused(json!({"scheduled_at": tomorrow, "therapist_id": john.id}), "therapist_id", "unknown_therapist").await;
    refused(json!({"scheduled_at": tomorrow, "note": "n".repeat(2001)}), "note", "too_long").await;
    assert!(john.bookings().await.is_empty());

    john.booked(later(1440)).await;
    // Fifty minutes and a buffer of ten: every time that overlaps them is taken.
    for minutes in [-59, -1, 0, 1, 59] {
        john.book(later(1440 + minutes)).await.refused(409, "slot_taken");
    }
    for minutes in [-60, 60] {
        john.booked(later(1440 + minutes)).await;
    }
}

async fn clients_see_only_their_own_bookings(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).serve_client().await;
    let jane = practice.client(&app, "Jane", "Rowland").await;
    let mut johns = Vec::new();
    for day in 1..=5 {
        johns.push(john.booked(later(day * 1440)).await);
    }
    let janes = jane.booked(later(6 * 1440)).await;
    let listed = async |query: &str| {
        let answer = john.get(&format!("/api/bookings{query}")).await;
        let bookings = answer.expect(200)["bookings"].as_array().unwrap().clone();
        let ids: Vec<i64> = bookings.iter().map(|b| b["id"].as_i64().unwrap()).collect();
        (ids, answer.header("x-total-count").unwrap().to_owned())
    };
    let latest_first: Vec<i64> = johns.iter().copied().rev().collect();
    assert_eq!(listed("").await, (latest_first.clone(), "5".into()));
    assert_eq!(listed("?limit=2&offset=1").await, (latest_first[1..3].to_vec(), "5".into()));
    assert_eq!(listed("?offset=5").await, (vec![], "5".into()));
    assert_eq!(listed("?status=cancelled").await, (vec![], "0".into()));
    let between = format!("?status=scheduled&from={}&to={}", later(2 * 1440), later(4 * 1440));
    assert_eq!(listed(&between).await, (vec![johns[2], johns[1]], "2".into()));
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=201", "limit"),
        ("?offset=-1", "offset"),
        ("?status=odd", "status"),
        ("?user_id=1", "user_id"),
    ] {
        let problem = john.get(&format!("/api/bookings{query}")).await.expect(422);
        assert_eq!(problem["errors"][0]["field"], field);
    }

    john.get(&format!("/api/bookings/{janes}")).await.refused(403, "forbidden");
    john.get(&format!("/api/bookings/{janes}/payment")).await.refused(403, "forbidden");
    john.get("/api/bookings/999999").await.refused(404, "booking_not_found");
    for bad in ["abc", "0", "-1", "1.5", "99999999999999999999"] {
        john.get(&format!("/api/bookings/{bad}")).await.refused(400, "invalid_booking_id");
    }
    assert_eq!(admin.get(&format!("/api/bookings/{janes}")).await.expect(200)["user_id"], jane.id);
    assert!(admin.bookings().await.is_empty(), "an admin's own list is an admin's own");
    app.get("/api/bookings").await.refused(401, "unauthenticated");
}
