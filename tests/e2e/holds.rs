//! Slots that are held for days: for a practice that collects payments itself, and for clients who are asked to pay online.

use attune_e2e::{Database, Method, Plan, Practice, User, assert_fields, eventually, later};
use jiff::SignedDuration;
use serde_json::{Value, json};

on_both_databases!(
    an_offline_hold_is_announced_paid_and_confirmed,
    an_offline_hold_that_ends_is_announced_once,
    a_client_who_is_asked_pays_on_the_page,
    a_client_who_is_asked_is_reminded_once_and_told_of_the_end,
    a_series_asks_for_each_payment,
);

const DAY: i64 = 1_440;

fn plan(database: Database, provider: &str) -> Plan {
    Practice::on(database)
        .with("payments.provider", provider)
        .with("practice.first_service_price", "100.00")
        .with("reminders.offsets_minutes", "60")
}

/// The subjects of a client's emails, as far as their first colon, once there are this many.
async fn mailbox(practice: &Practice, client: &User, count: usize) -> Vec<String> {
    let emails = practice.emails_where(count, |email| email.recipients == [client.email.as_str()]).await;
    emails.iter().map(|email| email.subject.split([':', ',']).next().unwrap().to_owned()).collect()
}

async fn until(admin: &User, booking: i64, status: &str) {
    let admin = admin.again().await;
    let found = async || (admin.detail(booking).await["status"] == status).then_some(());
    eventually(&format!("booking {booking} is {status}"), found).await;
}

/// Nothing is waiting or was given up: whatever was to be sent has been sent or skipped.
async fn nothing_is_left(admin: &User, booking: i64) {
    let admin = admin.again().await;
    eventually("no email that is due is left", async || {
        let emails = admin.notifications(booking).await;
        let settled = |email: &Value| email["kind"] == "reminder" || email["state"] != "pending";
        emails.iter().all(settled).then_some(())
    })
    .await;
}

async fn an_offline_hold_is_announced_paid_and_confirmed(database: Database) {
    let (practice, _app, admin, john) = plan(database, "offline").serve_client().await;
    let words = json!({"offline_payment": "Please transfer to\nDE00 1234 5678"});
    admin.patch("/api/admin/practice", words).await.expect(200);
    let id = john.booked(later(10 * DAY)).await;
    let emails = practice.emails_where(1, |email| email.recipients == [john.email.as_str()]).await;
    let expected = [
        "Please pay €100.00 by Thursday, 4 March 2027 at ".to_owned(),
        format!("with the reference {id}."),
        "Please transfer to\nDE00 1234 5678\n".to_owned(),
    ];
    for part in expected {
        assert!(emails[0].text.contains(&part), "{part}: {}", emails[0].text);
    }
    assert!(!emails[0].text.contains("://") && emails[0].calendar.is_none());
    let record = format!("/api/admin/bookings/{id}/payments/offline");
    let paid = admin.post(&record, json!({"method": "bank_transfer"})).await.expect(200);
    assert_fields(&paid, json!({"status": "scheduled", "payment_status": "succeeded"}));
    let subjects = mailbox(&practice, &john, 3).await;
    assert_eq!(subjects[0], "How to pay");
    let mut rest = subjects[1..].to_vec();
    rest.sort_unstable();
    assert_eq!(rest, ["Payment received", "Your appointment on 11 March"]);
    practice.clock.set(later(4 * DAY));
    nothing_is_left(&admin, id).await;
    assert_eq!(mailbox(&practice, &john, 3).await.len(), 3);
}

async fn an_offline_hold_that_ends_is_announced_once(database: Database) {
    let (practice, _app, admin, john) = plan(database, "offline").serve_client().await;
    let expiring = john.booked(later(10 * DAY)).await;
    let cancelled = john.booked(later(11 * DAY)).await;
    mailbox(&practice, &john, 2).await;
    john.post(&format!("/api/bookings/{cancelled}/cancel"), json!({})).await.expect(200);
    assert_eq!(mailbox(&practice, &john, 3).await[2], "Cancelled");
    practice.clock.set(later(3 * DAY));
    until(&admin, expiring, "expired").await;
    assert_eq!(mailbox(&practice, &john, 4).await[3], "Not booked");
    practice.clock.set(later(5 * DAY));
    for booking in [expiring, cancelled] {
        nothing_is_left(&admin, booking).await;
    }
    assert_eq!(mailbox(&practice, &john, 4).await.len(), 4, "each of them once");
    let refused = json!({"user_id": john.id, "scheduled_at": later(12 * DAY).to_string(), "payment": "online"});
    admin.again().await.post("/api/admin/bookings", refused).await.rejected_field("payment", "invalid_value");
}

/// Asks the client to pay online. Returns the booking and the path of the page.
async fn asked(admin: &User, client: &User, minute: i64) -> (i64, String) {
    let body = json!({"user_id": client.id, "scheduled_at": later(minute).to_string(), "payment": "online"});
    let booking = admin.post("/api/admin/bookings", body).await.expect(201);
    assert_fields(&booking, json!({"status": "pending_payment", "payment_status": "pending"}));
    let url = booking["pay_url"].as_str().unwrap();
    (booking["id"].as_i64().unwrap(), url[url.find("/pay/").unwrap()..].to_owned())
}

async fn a_client_who_is_asked_pays_on_the_page(database: Database) {
    let (practice, app, admin, john) = plan(database, "test").serve_client().await;
    let (id, page) = asked(&admin, &john, 10 * DAY).await;
    let emails = practice.emails_where(1, |email| email.recipients == [john.email.as_str()]).await;
    assert!(emails[0].text.contains(&page), "{}", emails[0].text);
    // A mail scanner opens the link in every way it knows.
    let anyone = app.with_token(None);
    let before = admin.detail(id).await;
    for _ in 0..3 {
        let shown = anyone.get(&page).await;
        assert_eq!(shown.status, 200);
        for part in ["Pay €100.00", "Thursday, 4\u{a0}March 2027"] {
            assert!(shown.text.contains(part), "{part}: {}", shown.text);
        }
        assert_eq!(anyone.send(anyone.request(Method::HEAD, &page)).await.status, 200);
    }
    assert_eq!(admin.detail(id).await, before, "looking changes nothing");
    let press = async || {
        let pressed = anyone.send(anyone.request(Method::POST, &page)).await;
        assert_eq!(pressed.status, 303, "{}", pressed.text);
        pressed.header("location").unwrap().to_owned()
    };
    let checkout = press().await;
    assert_eq!(press().await, checkout, "a second click leads to the same checkout");
    let payment = format!("/api/admin/bookings/{id}/payment");
    let shown = admin.get(&payment).await.expect(200);
    assert!(shown["pay_url"].as_str().unwrap().ends_with(&page), "{shown}");
    assert_eq!(admin.post(&payment, json!({})).await.expect(200)["checkout_url"], checkout);
    let path = &checkout[checkout.find("/test-checkout/").unwrap()..];
    anyone.send(anyone.request(Method::POST, path)).await;
    until(&admin, id, "scheduled").await;
    let paid = anyone.get(&page).await;
    assert!(paid.status == 200 && paid.text.contains("Nothing is left to pay"), "{}", paid.text);
    assert_eq!(anyone.send(anyone.request(Method::POST, &page)).await.status, 200);
    assert_eq!(admin.get(&payment).await.expect(200)["pay_url"], Value::Null);
    practice.clock.set(later(3 * DAY));
    nothing_is_left(&admin, id).await;
    let subjects = mailbox(&practice, &john, 3).await;
    assert_eq!((subjects.len(), subjects[0].as_str()), (3, "Please pay"), "{subjects:?}");
    for bad in ["/pay/x".to_owned(), format!("{page}A"), page.replace("/pay/", "/j/")] {
        assert_eq!(anyone.get(&bad).await.status, 404, "{bad}");
    }
}

async fn a_client_who_is_asked_is_reminded_once_and_told_of_the_end(database: Database) {
    let (practice, app, admin, john) = plan(database, "test").serve_client().await;
    let (id, page) = asked(&admin, &john, 10 * DAY).await;
    mailbox(&practice, &john, 1).await;
    practice.clock.set(later(2 * DAY));
    assert_eq!(mailbox(&practice, &john, 2).await[1], "Not paid yet");
    practice.clock.set(later(3 * DAY));
    until(&admin, id, "expired").await;
    assert_eq!(mailbox(&practice, &john, 3).await[2], "Not booked");
    let gone = app.with_token(None).get(&page).await;
    assert!(gone.status == 410 && gone.text.contains("no longer reserved"), "{}", gone.text);
    // A client's own hold ends without an email.
    let john = john.again().await;
    let own = john.booked(later(12 * DAY)).await;
    practice.clock.advance(SignedDuration::from_mins(16));
    until(&admin, own, "expired").await;
    let (cancelled, page) = asked(&admin.again().await, &john, 13 * DAY).await;
    mailbox(&practice, &john, 4).await;
    admin.again().await.post(&format!("/api/admin/bookings/{cancelled}/cancel"), json!({})).await.expect(200);
    assert_eq!(mailbox(&practice, &john, 5).await[4], "Cancelled");
    let gone = app.with_token(None).get(&page).await;
    assert!(gone.status == 410 && gone.text.contains("cancelled"), "{}", gone.text);
    practice.clock.set(later(8 * DAY));
    for booking in [id, own, cancelled] {
        nothing_is_left(&admin, booking).await;
    }
    assert_eq!(mailbox(&practice, &john, 5).await.len(), 5, "each of them once");
}

async fn a_series_asks_for_each_payment(database: Database) {
    let (practice, app, admin, john) = plan(database, "test").serve_client().await;
    let body = json!({
        "user_id": john.id, "first": "2027-03-15T10:00", "timezone": "Europe/Berlin", "count": 3, "payment": "online",
    });
    let series = admin.post("/api/admin/bookings/series", body).await.expect(201);
    let anyone = app.with_token(None);
    let bookings = series["bookings"].as_array().unwrap();
    assert_eq!(bookings.len(), 3);
    for booking in bookings {
        let url = booking["pay_url"].as_str().unwrap();
        let shown = anyone.get(&url[url.find("/pay/").unwrap()..]).await;
        assert!(shown.status == 200 && shown.text.contains(&booking["id"].to_string()), "{}", shown.text);
    }
    // One email has the page of each.
    let emails = practice.emails_where(1, |email| email.recipients == [john.email.as_str()]).await;
    assert_eq!(emails[0].subject, "Please pay: your 3 appointments from 15 March");
    for booking in bookings {
        assert!(emails[0].text.contains(booking["pay_url"].as_str().unwrap()), "{}", emails[0].text);
    }
    assert_eq!(mailbox(&practice, &john, 1).await.len(), 1);
}
