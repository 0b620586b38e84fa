//! A week in a practice of two therapists, and the mailbox of each person in it: everyone gets what they should, and
//! nothing else, once.

use std::collections::BTreeMap;

use attune_e2e::{Database, Instance, Practice, User, at, eventually};
use serde_json::{Value, json};

use crate::bookings::pay;

on_both_databases!(a_week_without_payments, a_week_of_offline_payments, a_week_of_online_payments);

const KIM: &str = "kim@guests.example.org";

struct Week {
    practice: Practice,
    app: Instance,
    /// Hears of what others do.
    meredith: User,
    /// Hears of everything, and gets an agenda.
    melanie: User,
    john: User,
    jane: User,
}

async fn a_week_without_payments(database: Database) {
    let week = Week::begin(database, "none").await;
    let series = week.series(json!({})).await;
    assert_eq!(series["bookings"][0]["status"], "scheduled");
    let created = week.booking_of_jane().await;
    assert_eq!(created["status"], "scheduled");
    week.changes(&series, &created).await;
    week.expect(&[
        ("john", "Your 3 appointments from 8 March", 1),
        ("melanie", "Booked", 1),
        ("jane", "Your appointment on 10 March", 1),
    ])
    .await;
}

async fn a_week_of_offline_payments(database: Database) {
    let week = Week::begin(database, "offline").await;
    let series = week.series(json!({})).await;
    week.settled().await;
    for booking in series["bookings"].as_array().unwrap() {
        week.record(booking).await;
    }
    let created = week.booking_of_jane().await;
    week.settled().await;
    week.record(&created).await;
    week.changes(&series, &created).await;
    let confirmed = ["Your appointment on 8 March", "Your appointment on 15 March", "Your appointment on 22 March"];
    let mut expected = vec![
        ("john", "How to pay", 1),
        ("john", "Payment received", 3),
        // Of the practice's other therapist, whose payments Meredith records.
        ("melanie", "Booked", 3),
        ("melanie", "Payment received", 3),
        ("jane", "How to pay", 1),
        ("jane", "Payment received", 1),
        ("jane", "Your appointment on 10 March", 1),
    ];
    expected.extend(confirmed.map(|subject| ("john", subject, 1)));
    // She recorded Jane's payment herself, so that she knows of the booking.
    week.expect_with(&expected, &["Booked"]).await;
}

async fn a_week_of_online_payments(database: Database) {
    let week = Week::begin(database, "test").await;
    let series = week.series(json!({"payment": "online"})).await;
    for booking in series["bookings"].as_array().unwrap() {
        let payment = format!("/api/admin/bookings/{}/payment", booking["id"]);
        pay(&week.app, &week.meredith.post(&payment, json!({})).await.expect(200)).await;
    }
    let created = week.booking_of_jane().await;
    pay(&week.app, &created).await;
    week.changes(&series, &created).await;
    let confirmed = ["Your appointment on 8 March", "Your appointment on 15 March", "Your appointment on 22 March"];
    let mut expected = vec![
        ("john", "Please pay", 1),
        ("john", "Payment received", 3),
        ("john", "Your refund", 1),
        ("melanie", "Booked", 3),
        ("melanie", "Payment received", 3),
        ("jane", "Payment received", 1),
        ("jane", "Your appointment on 10 March", 1),
        ("jane", "Your refund", 1),
    ];
    expected.extend(confirmed.map(|subject| ("john", subject, 1)));
    // The provider confirms a refund after the cancellation was answered; its email is due only then.
    eventually("both refunds are told by email", async || {
        let emails = week.practice.emails.messages();
        let refunds = emails.iter().filter(|email| email.decode().subject.starts_with("Your refund")).count();
        (refunds == 2).then_some(())
    })
    .await;
    week.expect(&expected).await;
}

impl Week {
    async fn begin(database: Database, provider: &str) -> Self {
        let plan = Practice::on(database)
            .with("payments.provider", provider)
            .with("practice.first_service_price", "100.00")
            .with("reminders.offsets_minutes", "60");
        let (practice, app, meredith, john) = plan.serve_client().await;
        let melanie = practice.client(&app, "Melanie", "Klein").await;
        meredith.step_up().await;
        meredith.patch(&format!("/api/admin/users/{}", melanie.id), json!({"is_admin": true})).await.expect(200);
        meredith.patch("/api/auth/me", json!({"notify": "changes"})).await.expect(200);
        let settings = json!({"notify": "all", "agenda_at": "07:00", "timezone": "Europe/Berlin"});
        melanie.patch("/api/auth/me", settings).await.expect(200);
        let jane = practice.client(&app, "Jane", "Rowland").await;
        Self { practice, app, meredith, melanie, john, jane }
    }

    /// Meredith books three sessions with Melanie for John.
    async fn series(&self, payment: Value) -> Value {
        let mut body = json!({
            "user_id": self.john.id, "therapist_id": self.melanie.id, "first": "2027-03-08T10:00",
            "timezone": "Europe/Berlin", "count": 3,
        });
        body.as_object_mut().unwrap().extend(payment.as_object().unwrap().clone());
        self.meredith.post("/api/admin/bookings/series", body).await.expect(201)
    }

    async fn booking_of_jane(&self) -> Value {
        let body = json!({"scheduled_at": "2027-03-10T09:00:00Z", "therapist_id": self.meredith.id});
        self.jane.post("/api/bookings", body).await.expect(201)
    }

    async fn record(&self, booking: &Value) {
        let path = format!("/api/admin/bookings/{}/payments/offline", booking["id"]);
        let recorded = self.meredith.post(&path, json!({"method": "cash"})).await.expect(200);
        assert_eq!(recorded["status"], "scheduled");
    }

    /// What happens to the sessions, all of which are confirmed.
    async fn changes(&self, series: &Value, of_jane: &Value) {
        let [first, second, third] = [0, 1, 2].map(|n| series["bookings"][n]["id"].as_i64().unwrap());
        let admin = |id: i64, change: &str| format!("/api/admin/bookings/{id}/{change}");
        let meredith = &self.meredith;
        // Each step waits for the emails of the one before, so that none is outdated before it leaves.
        let guest = json!({"email": KIM, "display_name": "Kim", "role": "participant"});
        meredith.post(&admin(first, "participants"), guest).await.expect(201);
        self.settled().await;
        let path = format!("/api/admin/series/{}/reschedule", series["series_id"]);
        let to = json!({"from": "2027-03-15T00:00:00Z", "first": "2027-03-16T11:00", "timezone": "Europe/Berlin"});
        assert_eq!(meredith.post(&path, to).await.expect(200)["bookings"].as_array().unwrap().len(), 2);
        self.settled().await;
        let to = json!({"scheduled_at": "2027-03-09T09:00:00Z"});
        meredith.post(&admin(first, "reschedule"), to).await.expect(200);
        self.settled().await;
        meredith.post(&admin(third, "reassign"), json!({"therapist_id": meredith.id})).await.expect(200);
        self.settled().await;
        meredith.post(&admin(second, "cancel"), json!({"reason": "I am ill"})).await.expect(200);
        // Within the grace period it costs nothing.
        let quote = self.jane.get(&format!("/api/bookings/{}/cancellation-quote", of_jane["id"])).await.expect(200);
        assert_eq!(quote["late"], false);
        self.jane.post(&format!("/api/bookings/{}/cancel", of_jane["id"]), json!({})).await.expect(200);
        self.settled().await;
        // The morning of the first session, and an hour before it.
        for time in ["2027-03-09T06:00:00Z", "2027-03-09T08:00:00Z"] {
            self.practice.clock.set(at(time));
            self.settled().await;
        }
    }

    /// Waits until every email that is due has left.
    async fn settled(&self) {
        let admin = self.meredith.again().await;
        eventually("no email that is due is left", async || {
            let path = "/api/admin/notifications?state=pending&limit=200";
            let pending = admin.get(path).await.expect(200)["notifications"].clone();
            let is_due = |email: &Value| {
                let due: jiff::Timestamp = email["send_after"].as_str().unwrap().parse().unwrap();
                due <= self.practice.clock.now()
            };
            let is_left = pending.as_array().unwrap().iter().any(is_due);
            (!is_left).then_some(())
        })
        .await;
    }

    async fn expect(&self, own: &[(&str, &str, usize)]) {
        self.expect_with(own, &[]).await;
    }

    /// Compares all mailboxes with what this week brings besides what every week does. What Meredith did herself, she does
    /// not hear of.
    async fn expect_with(&self, own: &[(&str, &str, usize)], done_by_meredith: &[&str]) {
        let every_week = [
            ("john", "New times", 1),
            ("john", "New time", 1),
            ("john", "Change", 1),
            ("john", "Cancelled", 1),
            ("john", "Reminder", 1),
            ("kim", "Invitation", 1),
            ("kim", "New time", 1),
            ("kim", "Reminder", 1),
            ("melanie", "New times", 1),
            ("melanie", "New time", 1),
            ("melanie", "Handed over", 1),
            ("melanie", "The rights of your account have changed", 1),
            ("melanie", "Cancelled", 1),
            ("melanie", "Your agenda for Tuesday", 1),
            ("meredith", "Booked", 1),
            ("meredith", "Cancelled", 1),
            ("jane", "Cancelled", 1),
        ];
        let mut expected: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (who, subject, count) in every_week.iter().chain(own) {
            if *who != "meredith" || !done_by_meredith.contains(subject) {
                *expected.entry(((*who).to_owned(), (*subject).to_owned())).or_default() += count;
            }
        }
        let emails = self.practice.emails.messages();
        let people = [
            ("john", self.john.email.as_str()),
            ("jane", self.jane.email.as_str()),
            ("melanie", self.melanie.email.as_str()),
            ("meredith", self.meredith.email.as_str()),
            ("kim", KIM),
        ];
        let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
        for email in emails {
            let email = email.decode();
            let who =
                people.iter().find(|(_, address)| email.recipients == [*address]).expect("no one else gets one").0;
            let subject = email.subject.split([':', ',']).next().unwrap().to_owned();
            if who == "kim" {
                assert!(!email.text.contains('€') && !email.text.contains("ill"), "{}", email.text);
            }
            if (who, subject.as_str()) == ("john", "Cancelled") {
                assert!(email.text.contains("We cancelled this appointment") && email.text.contains("I am ill"));
            }
            *found.entry((who.to_owned(), subject)).or_default() += 1;
        }
        assert_eq!(found, expected);
    }
}
