//! Availability, rescheduling, cancellation, series, and repeated requests.

use attune_e2e::{ApiResponse, Database, Instance, Method, Practice, User, assert_fields, eventually, later};
use attune_test_smtp::DecodedMail;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::bookings::booked_and_paid;

on_both_databases!(
    every_available_slot_can_be_booked,
    working_hours_follow_local_time,
    rescheduling_moves_link_emails_and_calendar_entry,
    calendar_entries_belong_to_one_installation_whatever_its_sender_is,
    cancelling_follows_the_terms_of_the_booking,
    a_repeated_request_is_executed_once,
    a_therapist_books_for_a_client,
    a_series_keeps_its_local_time,
    ended_bookings_complete_automatically_and_can_be_corrected,
    invalid_times_are_rejected_with_precise_errors,
);

async fn open(database: Database) -> (Practice, Instance, User, User) {
    Practice::on(database).with("reminders.offsets_minutes", "60").serve_client().await
}

/// The policy of a practice with these differences from a policy that restricts little.
fn policy(differences: Value) -> Value {
    let mut policy = json!({
        "notice_minutes": 0, "horizon_days": 90, "daily_limit": null, "step_minutes": 15, "reschedule_minutes": 60,
        "cancellation": {"free_minutes": 1440, "late_refund_percent": 0}, "auto_complete": false,
    });
    policy.as_object_mut().unwrap().extend(differences.as_object().unwrap().clone());
    policy
}

async fn put(person: &User, path: &str, body: Value) -> ApiResponse {
    person.send(person.request(Method::PUT, path).json(&body)).await
}

async fn keyed(person: &User, path: &str, key: &str, body: &Value) -> ApiResponse {
    person.send(person.request(Method::POST, path).header("idempotency-key", key).json(body)).await
}

async fn availability(app: &Instance, query: &str) -> Value {
    app.get(&format!("/api/availability?{query}")).await.expect(200)
}

fn starts(found: &Value) -> Vec<Timestamp> {
    let days = found["slots"].as_object().unwrap();
    days.values()
        .flat_map(|day| day.as_array().unwrap())
        .map(|slot| slot["start"].as_str().unwrap().parse().unwrap())
        .collect()
}

async fn emails_about(practice: &Practice, words: &str) -> Vec<DecodedMail> {
    practice.emails_where(1, |email| email.subject.contains(words)).await
}

async fn every_available_slot_can_be_booked(database: Database) {
    let (_practice, app, admin, john) = open(database).await;
    let week = json!({"timezone": "Europe/Berlin", "hours": {"monday": [{"start": "09:00", "end": "12:00"}]}});
    put(&admin, "/api/admin/schedule", week).await.expect(200);
    // NOW is Monday, 1 March 2027, 10:00 in Berlin: today's rest and next Monday.
    let query = "from=2027-03-01&to=2027-03-14&timezone=Europe/Berlin";
    let found = availability(&app, query).await;
    let days: Vec<&String> = found["slots"].as_object().unwrap().keys().collect();
    assert_eq!(days, ["2027-03-01", "2027-03-08"]);
    assert_eq!(found["slots"]["2027-03-08"][0]["start"], "2027-03-08T09:00:00+01:00");
    assert_eq!(found["slots"]["2027-03-08"][0]["end"], "2027-03-08T09:50:00+01:00");
    let shown = starts(&found);
    assert_eq!(found["next_available"], json!(found["slots"]["2027-03-01"][0]["start"]));

    let mut booked = Vec::new();
    for slot in &shown {
        let answer = john.book(*slot).await;
        match answer.status {
            201 => booked.push(*slot),
            _ => drop(answer.refused(409, "slot_taken")),
        }
    }
    assert!(booked.len() >= 3, "{booked:?}");
    let left = starts(&availability(&app, query).await);
    assert!(left.iter().all(|slot| !booked.contains(slot)));
    for slot in left {
        john.book(slot).await.expect(201);
    }
    let next = availability(&app, query).await;
    assert_eq!((starts(&next).len(), &next["next_available"]), (0, &json!("2027-03-15T09:00:00+01:00")));
}

async fn working_hours_follow_local_time(database: Database) {
    let (_practice, app, admin, john) = open(database).await;
    // On 14 March 2027 the clock is put forward in New York, two weeks before Berlin.
    let week = json!({"timezone": "America/New_York", "hours": {"sunday": [{"start": "13:00", "end": "18:00"}]}});
    put(&admin, "/api/admin/schedule", week).await.expect(200);
    let found = availability(&app, "from=2027-03-07&to=2027-03-14&timezone=America/New_York").await;
    let (winter, summer) = (&found["slots"]["2027-03-07"], &found["slots"]["2027-03-14"]);
    assert_eq!(winter[0]["start"], "2027-03-07T13:00:00-05:00");
    assert_eq!(summer[0]["start"], "2027-03-14T13:00:00-04:00");
    assert_eq!(winter.as_array().unwrap().len(), summer.as_array().unwrap().len());
    // The same slots, in another time zone.
    let elsewhere = availability(&app, "from=2027-03-07&to=2027-03-15&timezone=Asia/Tokyo").await;
    assert_eq!(starts(&elsewhere), starts(&found));
    assert!(elsewhere["slots"]["2027-03-15"].is_array(), "it is Monday there by then");

    john.book("2027-03-14T17:00:00Z".parse().unwrap()).await.expect(201);
    john.book("2027-03-14T21:30:00Z".parse().unwrap()).await.rejected_field("scheduled_at", "outside_hours");
    let off = json!({"kind": "closed_dates", "first_date": "2027-03-20", "last_date": "2027-03-21"});
    admin.post("/api/admin/time-off", off).await.expect(201);
    john.book("2027-03-21T17:00:00Z".parse().unwrap()).await.rejected_field("scheduled_at", "outside_hours");
    assert_eq!(john.bookings().await.len(), 1);
}

async fn rescheduling_moves_link_emails_and_calendar_entry(database: Database) {
    let (practice, app, admin, john) = open(database).await;
    let jane = practice.client(&app, "Jane", "Rowland").await;
    let id = john.booked(later(3 * 1440)).await;
    let before = john.bookings().await[0].clone();
    emails_about(&practice, "Your appointment").await;
    let path = format!("/api/bookings/{id}/reschedule");
    jane.post(&path, json!({"scheduled_at": later(4 * 1440).to_string()})).await.refused(403, "forbidden");
    let taken = jane.booked(later(5 * 1440)).await;
    john.post(&path, json!({"scheduled_at": later(5 * 1440 + 30).to_string()})).await.refused(409, "slot_taken");
    let moved = john.post(&path, json!({"scheduled_at": later(4 * 1440).to_string()})).await.expect(200);
    assert_eq!(moved["scheduled_at"], later(4 * 1440).to_string());
    for same in ["id", "jitsi_room_id", "jitsi_room_url", "personalized_meeting_url", "payment_status", "amount"] {
        assert_eq!(moved[same], before[same], "{same}");
    }
    let email = emails_about(&practice, "New time").await.remove(0);
    assert_eq!(email.recipients, [john.email.as_str()]);
    let calendar = john.get(&format!("/api/bookings/{id}/calendar.ics")).await;
    assert!(calendar.header("content-type").unwrap().starts_with("text/calendar"));
    assert!(calendar.text.contains("SEQUENCE:2") && !calendar.text.contains("meet.example.org"), "{}", calendar.text);
    let uid = |text: &str| text.lines().find(|line| line.starts_with("UID:")).map(|line| line.trim_end().to_owned());
    let emailed = email.calendar.as_deref().and_then(uid);
    assert!(emailed.is_some() && emailed == uid(&calendar.text), "one entry, from whichever source");

    // Within a day of the start the client cannot reschedule, but the practice can.
    practice.clock.set(later(3 * 1440 + 1));
    let (john, admin) = (john.again().await, admin.again().await);
    john.post(&path, json!({"scheduled_at": later(6 * 1440).to_string()})).await.refused(409, "window_closed");
    let version = json!({"scheduled_at": later(6 * 1440).to_string(), "version": 1});
    let theirs = format!("/api/admin/bookings/{id}/reschedule");
    admin.post(&theirs, version).await.refused(409, "version_conflict");
    admin.post(&theirs, json!({"scheduled_at": later(6 * 1440).to_string(), "version": 2})).await.expect(200);
    // One reminder, of the last time.
    practice.clock.set(later(6 * 1440 - 60));
    let reminders = emails_about(&practice, "Reminder").await;
    assert_eq!(reminders.len(), 1);
    assert_eq!(john.again().await.get(&format!("/api/bookings/{taken}")).await.status, 403);
}

/// The UID of the calendar entry in an email.
fn uid(email: &DecodedMail) -> String {
    let calendar = email.calendar.as_deref().expect("an entry");
    calendar.lines().find_map(|line| line.strip_prefix("UID:")).expect("a UID").trim_end().to_owned()
}

/// Both practices mail from the default address.
async fn calendar_entries_belong_to_one_installation_whatever_its_sender_is(database: Database) {
    let (mut practice, app, _, john) = open(database).await;
    let id = john.booked(later(3 * 1440)).await;
    let booked = uid(&emails_about(&practice, "Your appointment").await[0]);
    let (other, _other_app, _, jane) = open(database).await;
    let same_id = jane.booked(later(3 * 1440)).await;
    assert_eq!(same_id, id);
    assert_ne!(uid(&emails_about(&other, "Your appointment").await[0]), booked);

    assert_eq!(app.terminate().await, Some(0));
    practice.set("mail.from", "office@elsewhere.example");
    let app = practice.serve().await;
    let john = john.at(&app);
    let path = format!("/api/bookings/{id}/reschedule");
    john.post(&path, json!({"scheduled_at": later(4 * 1440).to_string()})).await.expect(200);
    let moved = emails_about(&practice, "New time").await.remove(0);
    assert_eq!(moved.from, ["office@elsewhere.example"]);
    john.post(&format!("/api/bookings/{id}/cancel"), json!({})).await.expect(200);
    let cancelled = emails_about(&practice, "Cancelled").await.remove(0);
    assert_eq!((uid(&moved), uid(&cancelled)), (booked.clone(), booked));
}

async fn cancelling_follows_the_terms_of_the_booking(database: Database) {
    let plan = Practice::on(database).with("payments.provider", "test").with("mail.join_link", "page");
    let (practice, app, admin, john) = plan.with("reminders.offsets_minutes", "60").serve_client().await;
    let terms = |free_minutes: u32, late_refund_percent: u32| {
        policy(json!({"cancellation": {"free_minutes": free_minutes, "late_refund_percent": late_refund_percent}}))
    };
    put(&admin, "/api/admin/policy", terms(2880, 50)).await.expect(200);
    let id = booked_and_paid(&app, &john, later(3 * 1440)).await;
    put(&admin, "/api/admin/policy", terms(0, 100)).await.expect(200);

    let quote = format!("/api/bookings/{id}/cancellation-quote");
    let free = john.get(&quote).await.expect(200);
    assert_fields(&free, json!({"late": false, "refund_amount": 100.0, "free_until": later(1440).to_string()}));
    practice.clock.set(later(1440));
    let john = john.again().await;
    let late = john.get(&quote).await.expect(200);
    assert_fields(&late, json!({"late": true, "refund_amount": 50.0, "fee_amount": 50.0}));
    let email = emails_about(&practice, "Your appointment").await.remove(0);
    let page = attune_e2e::link_in_text(&email.text).to_owned();

    let cancel = format!("/api/bookings/{id}/cancel");
    john.post(&cancel, json!({"expected_refund": 100.00})).await.refused(409, "quote_changed");
    let cancelled = john.post(&cancel, json!({"reason": "ill", "expected_refund": 50.00})).await.expect(200);
    let expected = json!({
        "status": "cancelled", "payment_status": "refund_pending", "jitsi_room_id": null, "jitsi_room_url": null,
        "personalized_meeting_url": null,
    });
    assert_fields(&cancelled, expected);
    assert_fields(&cancelled["cancellation"], json!({"late": true, "refund_amount": 50.0}));
    john.post(&cancel, json!({})).await.refused(409, "invalid_state");
    john.link(id).await.refused(404, "meeting_link_unavailable");
    let gone = app.get(&page).await;
    assert_eq!(gone.status, 410);
    assert!(gone.text.contains("cancelled"), "{}", gone.text);

    let notifications = emails_about(&practice, "Cancelled").await;
    assert_eq!(notifications.len(), 1, "once");
    assert!(!notifications[0].text.contains("http"), "no link into a cancelled session");
    // Another client can book the slot, and no reminder is sent.
    let jane = practice.client(&app, "Jane", "Rowland").await;
    jane.book(later(3 * 1440)).await.expect(201);
    practice.clock.set(later(3 * 1440 - 30));
    let admin = admin.again().await;
    eventually("the reminder is cancelled", async || {
        let emails = admin.notifications(id).await;
        emails.iter().any(|email| email["kind"] == "reminder" && email["state"] == "cancelled").then_some(())
    })
    .await;
}

async fn a_repeated_request_is_executed_once(database: Database) {
    let (practice, app, admin, john) = open(database).await;
    let request_body = json!({"scheduled_at": later(1440).to_string(), "note": "first visit"});
    // The same JSON with another order and spacing.
    let same: Value =
        serde_json::from_str(&format!("{{ \"note\":\"first visit\",\n \"scheduled_at\" : \"{}\"}}", later(1440)))
            .unwrap();
    let tries = (0..20).map(|number| {
        let (john, body) = (john.clone(), if number % 2 == 0 { request_body.clone() } else { same.clone() });
        tokio::spawn(async move { keyed(&john, "/api/bookings", "click-1", &body).await })
    });
    let mut answers = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        answers.push(one.await.unwrap());
    }
    assert!(answers.iter().all(|a| a.status == 201 && a.text == answers[0].text), "every answer is the first one");
    let fresh = answers.iter().filter(|a| a.header("idempotent-replayed").is_none()).count();
    assert_eq!(fresh, 1);
    assert_eq!(john.bookings().await.len(), 1);

    let other = json!({"scheduled_at": later(2880).to_string()});
    keyed(&john, "/api/bookings", "click-1", &other).await.refused(422, "idempotency_key_reused");
    keyed(&admin, "/api/bookings", "click-1", &other).await.expect(201);
    let id = answers[0].json()["id"].as_i64().unwrap();
    let cancel = format!("/api/bookings/{id}/cancel");
    let first = keyed(&john, &cancel, "click-2", &json!({"reason": "ill"})).await;
    let second = keyed(&john, &cancel, "click-2", &json!({"reason": "ill"})).await;
    assert_eq!((first.status, &first.text), (200, &second.text));
    // The stored response, although the booking changed since.
    assert_eq!(keyed(&john, "/api/bookings", "click-1", &request_body).await.json()["status"], "scheduled");
    drop(app);
    let app = practice.serve().await;
    assert_eq!(
        keyed(&john.at(&app), "/api/bookings", "click-1", &request_body).await.text,
        answers[0].text,
        "after a restart too"
    );
    for bad in ["", " ", "ü"] {
        let request = john.at(&app).request(Method::POST, "/api/bookings").header("idempotency-key", bad.as_bytes());
        app.send(request.json(&request_body)).await.refused(400, "invalid_idempotency_key");
    }
}

async fn a_therapist_books_for_a_client(database: Database) {
    let (_practice, _app, admin, john) = Practice::on(database).with("payments.provider", "test").serve_client().await;
    let week = json!({"timezone": "Europe/Berlin", "hours": {"monday": [{"start": "09:00", "end": "12:00"}]}});
    put(&admin, "/api/admin/schedule", week).await.expect(200);
    // A Tuesday.
    let request_body = json!({"user_id": john.id, "scheduled_at": later(1440).to_string(), "payment": "waived"});
    admin.post("/api/admin/bookings", request_body.clone()).await.rejected_field("scheduled_at", "outside_hours");
    let (id, mut override_hours) = (john.id, request_body.clone());
    override_hours["override_hours"] = true.into();
    let waived = admin.post("/api/admin/bookings", override_hours.clone()).await.expect(201);
    assert_fields(&waived, json!({"status": "scheduled", "payment_status": "not_required"}));
    admin.post("/api/admin/bookings", override_hours).await.refused(409, "slot_taken");
    let paid = json!({"user_id": id, "scheduled_at": later(1500).to_string(), "override_hours": true,
                      "payment": "offline_paid", "method": "cash"});
    let paid = admin.post("/api/admin/bookings", paid).await.expect(201);
    assert_fields(&paid, json!({"status": "scheduled", "payment_status": "succeeded"}));
    let online = json!({"user_id": id, "scheduled_at": later(1560).to_string(), "override_hours": true,
                        "payment": "online"});
    assert_eq!(admin.post("/api/admin/bookings", online).await.expect(201)["status"], "pending_payment");
    assert_eq!(john.bookings().await.len(), 3);
    john.post("/api/admin/bookings", request_body).await.refused(403, "forbidden");
    let anonymous = json!({"user_id": 999, "scheduled_at": later(1620).to_string(), "override_hours": true});
    admin.post("/api/admin/bookings", anonymous).await.rejected_field("user_id", "unknown_user");
}

async fn a_series_keeps_its_local_time(database: Database) {
    let (practice, app, admin, john) = open(database).await;
    let jane = practice.client(&app, "Jane", "Rowland").await;
    // Berlin's clock is put forward on 28 March 2027.
    jane.book("2027-03-29T08:00:00Z".parse().unwrap()).await.expect(201);
    let request_body = |on_conflict: &str| {
        json!({"user_id": john.id, "first": "2027-03-15T10:00", "timezone": "Europe/Berlin", "count": 4,
               "every_weeks": 1, "on_conflict": on_conflict})
    };
    let refused = admin.post("/api/admin/bookings/series", request_body("fail")).await.refused(409, "series_conflict");
    assert_eq!(refused["errors"].as_array().unwrap().len(), 1, "{refused}");
    assert!(john.bookings().await.is_empty());
    let made = admin.post("/api/admin/bookings/series", request_body("skip")).await.expect(201);
    let starts: Vec<&str> =
        made["bookings"].as_array().unwrap().iter().map(|b| b["scheduled_at"].as_str().unwrap()).collect();
    assert_eq!(starts, ["2027-03-15T09:00:00Z", "2027-03-22T09:00:00Z", "2027-04-05T08:00:00Z"]);
    assert_eq!(made["skipped"].as_array().unwrap().len(), 1);
    assert_eq!(john.bookings().await.len(), 3);
}

async fn ended_bookings_complete_automatically_and_can_be_corrected(database: Database) {
    let (practice, _app, admin, john) = open(database).await;
    let (first, second) = (john.booked(later(60)).await, john.booked(later(180)).await);
    let at = |id: i64, what: &str| format!("/api/admin/bookings/{id}/{what}");
    admin.post(&at(first, "complete"), json!({})).await.refused(409, "window_closed");
    practice.clock.set(later(60 + 20));
    let admin = admin.again().await;
    for (what, status) in [("no-show", "no_show"), ("complete", "completed"), ("reopen", "scheduled")] {
        assert_eq!(admin.post(&at(first, what), json!({})).await.expect(200)["status"], status);
    }
    john.again().await.post(&at(first, "complete"), json!({})).await.refused(403, "forbidden");
    put(&admin, "/api/admin/policy", policy(json!({"auto_complete": true}))).await.expect(200);
    practice.clock.set(later(60 + 50 + 30));
    let admin = admin.again().await;
    eventually("the session is completed", async || (admin.detail(first).await["status"] == "completed").then_some(()))
        .await;
    assert_eq!(admin.detail(second).await["status"], "scheduled");
}

async fn invalid_times_are_rejected_with_precise_errors(database: Database) {
    let (_practice, app, admin, john) = open(database).await;
    for (time, code) in [
        ("2027-03-01T09:00:00Z", "in_the_past"),
        ("2027-03-01T08:59:59Z", "in_the_past"),
        ("2028-03-02T09:00:01Z", "beyond_booking_horizon"),
        ("2027-03-02T09:00:00", "invalid_timestamp"),
        ("2027-03-02T23:59:60Z", "invalid_timestamp"),
        ("+10000-01-01T00:00:00Z", "invalid_timestamp"),
        ("tomorrow", "invalid_timestamp"),
    ] {
        john.post("/api/bookings", json!({"scheduled_at": time})).await.rejected_field("scheduled_at", code);
    }
    let service = json!({"scheduled_at": later(1440).to_string(), "service_id": 99});
    john.post("/api/bookings", service).await.rejected_field("service_id", "unknown_service");
    let therapist = json!({"scheduled_at": later(1440).to_string(), "therapist_id": john.id});
    john.post("/api/bookings", therapist).await.rejected_field("therapist_id", "unknown_therapist");
    for (query, field) in [
        ("timezone=Europe/Atlantis", "timezone"),
        ("from=2027-03-01&to=2027-04-01", "to"),
        ("from=2027-03-02&to=2027-03-01", "to"),
        ("from=yesterday", "from"),
        ("service_id=99", "service_id"),
        ("therapist_id=99", "therapist_id"),
    ] {
        let problem = app.get(&format!("/api/availability?{query}")).await.expect(422);
        assert_eq!(problem["errors"][0]["field"], field, "{query}: {problem}");
    }
    put(&admin, "/api/admin/policy", policy(json!({"notice_minutes": 120, "horizon_days": 30}))).await.expect(200);
    john.book(later(119)).await.rejected_field("scheduled_at", "insufficient_notice");
    john.book(later(120)).await.expect(201);
    john.book(later(31 * 1440)).await.rejected_field("scheduled_at", "beyond_booking_horizon");
}
