//! Emails: confirmations, reminders, and failures of the mail server.

use std::time::Duration;

use attune_e2e::{
    Database, Instance, Practice, User, assert_fields, at, button_target, eventually, later, link_in_text, unescape,
};
use attune_test_smtp::{Behaviour, DecodedMail, Stage};
use jiff::SignedDuration;
use serde_json::{Value, json};

on_both_databases!(
    a_confirmation_email_has_the_recipients_own_link,
    each_reminder_is_sent_once_at_its_exact_time,
    a_payment_enqueues_the_emails,
    reminders_of_the_past_are_not_planned,
    a_therapists_own_booking_has_a_therapists_link,
    an_outage_of_the_mail_server_loses_no_booking_and_no_email,
    temporary_mail_errors_are_retried,
    a_permanent_mail_error_is_shown_to_the_practice,
    a_separate_worker_sends_due_emails,
    a_move_and_a_cancellation_are_explained,
    an_admin_sends_an_email_again_and_takes_one_back,
    a_therapist_hears_of_changes_and_gets_the_agenda_of_the_day,
    client_input_cannot_change_the_structure_of_an_email,
);

const TIMEOUT: Duration = Duration::from_secs(60);

async fn email_number(practice: &Practice, count: usize) -> DecodedMail {
    let emails = practice.emails.wait_for(count, TIMEOUT).await;
    assert_eq!(emails.len(), count);
    let (last, email) = (emails.last().unwrap(), emails.last().unwrap().decode());
    assert_eq!(last.recipients, email.recipients, "envelope and header name the same recipients");
    email
}

/// Makes the worker handle everything that is due, by booking: when the new booking's email was sent, everything due
/// before was leased as well.
async fn run_the_worker(practice: &Practice, person: &User, minute: i64) {
    let before = practice.emails.messages().len();
    let id = person.again().await.booked(later(minute)).await;
    let room = format!("/booking-{id}-");
    eventually("the information about a later booking arrives", async || {
        let emails = practice.emails.messages();
        emails[before..].iter().any(|email| email.decode().text.contains(&room)).then_some(())
    })
    .await;
}

/// The emails about a booking such as `0 sent, 60 pending`: minutes before the session, and state.
async fn states(admin: &User, booking: i64) -> String {
    let emails = admin.notifications(booking).await;
    let state = |email: &Value| format!("{} {}", email["minutes_before"], email["state"].as_str().unwrap());
    emails.iter().map(state).collect::<Vec<_>>().join(", ")
}

async fn until_states(admin: &User, booking: i64, expected: &str) {
    let admin = admin.again().await;
    let as_expected = async || (states(&admin, booking).await == expected).then_some(());
    eventually(&format!("the emails are {expected}"), as_expected).await;
}

async fn a_confirmation_email_has_the_recipients_own_link(database: Database) {
    let (practice, app) = Practice::on(database).serve().await;
    let (admin, john) =
        (practice.admin(&app).await, practice.client_in(&app, "John", "Doe", Some("America/New_York")).await);
    let jane = practice.client(&app, "Jane", "Rowland").await;
    let id = john.booked(later(3 * 1440 + 60)).await;
    let link = john.meeting_url(id).await;
    let email = email_number(&practice, 1).await;
    assert_eq!(email.recipients, [john.email.as_str()]);
    assert_eq!(email.from, ["no-reply@attune.localhost"]);
    assert_eq!(email.from_name.as_deref(), Some("Attune Heart Therapy"));
    assert_eq!(link_in_text(&email.text), link);
    assert_eq!(button_target(&email.html), link);
    assert!(!email.text.contains("startWithAudioMuted"), "a client's link");
    let when = "Thursday, 4 March 2027 at 05:00\nAmerica/New_York, UTC-05:00\n50 minutes\n";
    assert!(email.text.contains(when), "{}", email.text);
    for part in when.lines() {
        assert!(unescape(&email.html).contains(part), "{}", email.html);
    }
    assert_eq!(email.subject, "Your appointment on 4 March, 05:00 (UTC-05:00)");
    assert!(email.text.starts_with("Hello John Doe,\n"), "{}", email.text);
    assert_eq!(email.header("Auto-Submitted"), Some("auto-generated"));
    let start = later(3 * 1440 + 60);
    let message_id = format!("<meeting_info.{id}.0.{}@attune.localhost>", start.as_second());
    assert_eq!(email.header("Message-ID"), Some(message_id.as_str()));

    assert_eq!(email.attachments, ["appointment.ics"]);
    let calendar = email.calendar.unwrap();
    for line in [
        "DTSTART:20270304T100000Z".to_owned(),
        "DTEND:20270304T105000Z".to_owned(),
        "SUMMARY:Your appointment".to_owned(),
    ] {
        assert!(calendar.contains(&format!("\r\n{line}\r\n")), "{line} in {calendar}");
    }
    assert!(calendar.contains(&format!("\r\nUID:booking-{id}@")), "{calendar}");
    assert!(!calendar.contains("meet.example.org") && !calendar.contains("John"), "calendars are shared: {calendar}");

    jane.booked(later(7 * 1440)).await;
    let email = email_number(&practice, 2).await;
    assert_eq!(email.recipients, [jane.email.as_str()]);
    assert!(email.text.contains(" at 10:00\nEurope/Berlin, UTC+01:00\n"), "the practice's time zone is the default");
    until_states(&admin, id, "0 sent, 1440 pending, 60 pending").await;
}

async fn each_reminder_is_sent_once_at_its_exact_time(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).serve_client().await;
    let start = later(3 * 1440);
    let id = john.booked(start).await;
    let first_link = john.meeting_url(id).await;
    email_number(&practice, 1).await;

    // One second before the day before: nothing.
    practice.clock.set(start - SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    run_the_worker(&practice, &john, 20 * 1440).await;
    assert_eq!(practice.emails.messages().len(), 2);
    assert_eq!(states(&admin.again().await, id).await, "0 sent, 1440 pending, 60 pending");

    // The day before: one reminder.
    practice.clock.set(start - SignedDuration::from_hours(24));
    let email = email_number(&practice, 3).await;
    assert_eq!(email.subject, "Reminder: your appointment on 4 March, 10:00 (UTC+01:00)");
    assert!(email.text.contains("in 24 hours"), "{}", email.text);
    assert_eq!((link_in_text(&email.text), button_target(&email.html)), (first_link.as_str(), first_link.clone()));
    assert_eq!(email.recipients, [john.email.as_str()]);

    // Never again, after other bookings, a new name or a restart.
    let john = john.again().await;
    john.patch("/api/auth/me", json!({"first_name": "Jonathan"})).await.expect(200);
    until_states(&admin, id, "0 sent, 1440 sent, 60 pending").await;
    assert_eq!(app.terminate().await, Some(0));
    let app = practice.serve().await;
    let (john, admin) = (john.at(&app), admin.at(&app));
    run_the_worker(&practice, &john, 21 * 1440).await;
    assert_eq!(practice.emails.messages().len(), 4);

    // An hour before: with the recipient's current name.
    practice.clock.set(start - SignedDuration::from_hours(1));
    let email = email_number(&practice, 5).await;
    assert!(email.text.contains("in 1 hour") && email.text.contains("Hello Jonathan Doe,"), "{}", email.text);
    let link = link_in_text(&email.text);
    assert_eq!(link, first_link.replace("John%20Doe", "Jonathan%20Doe"));
    assert_eq!(john.again().await.meeting_url(id).await, link);
    until_states(&admin, id, "0 sent, 1440 sent, 60 sent").await;

    practice.clock.set(start);
    run_the_worker(&practice, &john, 22 * 1440).await;
    let about_it =
        practice.emails.messages().iter().filter(|m| m.decode().text.contains(&format!("/booking-{id}-"))).count();
    assert_eq!(about_it, 3, "information and two reminders");
}

async fn a_payment_enqueues_the_emails(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).with("payments.provider", "test").serve_client().await;
    let created = john.book(later(2 * 1440)).await.expect(201);
    let id = created["id"].as_i64().unwrap();
    assert!(admin.notifications(id).await.is_empty());
    crate::bookings::pay(&app, &created).await;
    let emails = practice.emails_where(2, |_| true).await;
    let (receipts, others): (Vec<_>, Vec<_>) = emails.iter().partition(|m| m.subject.starts_with("Payment received"));
    assert_eq!((receipts.len(), others.len()), (1, 1));
    assert!(receipts[0].text.contains("€100.00"), "{}", receipts[0].text);
    assert_eq!(link_in_text(&others[0].text), john.meeting_url(id).await);
    until_states(&admin, id, "0 sent, 1440 pending, 60 pending, 0 sent").await;
}

async fn a_move_and_a_cancellation_are_explained(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).with("payments.provider", "test").serve_client().await;
    let created = john.book(later(3 * 1440 + 60)).await.expect(201);
    let id = created["id"].as_i64().unwrap();
    crate::bookings::pay(&app, &created).await;
    practice.emails_where(2, |_| true).await;
    let guest = json!({"email": "kim@example.org", "display_name": "Kim Lee", "role": "participant"});
    admin.post(&format!("/api/admin/bookings/{id}/participants"), guest).await.expect(201);
    practice.emails_where(1, |email| email.recipients == ["kim@example.org"]).await;

    let moved = json!({"scheduled_at": later(4 * 1440 + 120).to_string()});
    admin.post(&format!("/api/admin/bookings/{id}/reschedule"), moved).await.expect(200);
    let emails = practice.emails_where(2, |email| email.subject.starts_with("New time: ")).await;
    for email in emails {
        let now = "The new time is:\n\nFriday, 5 March 2027 at 12:00\nEurope/Berlin, UTC+01:00\n50 minutes\n\n";
        let was = "Before: Thursday, 4 March 2027 at 11:00 (Europe/Berlin, UTC+01:00)\n";
        assert!(email.text.contains(&format!("{now}{was}")), "{}", email.text);
    }

    let reason = "The heating is broken.";
    admin.post(&format!("/api/admin/bookings/{id}/cancel"), json!({"reason": reason})).await.expect(200);
    let emails = practice.emails_where(2, |email| email.subject.starts_with("Cancelled: ")).await;
    let (johns, guests): (Vec<_>, Vec<_>) = emails.iter().partition(|email| email.recipients == [john.email.clone()]);
    let refunded = "Your payment of €100.00 will be refunded in full, usually within 5 to 10 days.";
    for part in ["We cancelled this appointment:", "Our reason: The heating is broken.", refunded] {
        assert!(johns[0].text.contains(part), "{part}: {}", johns[0].text);
    }
    let text = &guests[0].text;
    assert!(
        text.contains("We cancelled this appointment:") && !text.contains("heating") && !text.contains("100"),
        "{text}"
    );
    let all = admin.notifications(id).await;
    let reminders: Vec<_> =
        all.iter().filter(|email| email["kind"] == "reminder").map(|email| &email["state"]).collect();
    assert!(reminders.len() >= 4 && reminders.iter().all(|state| *state == "cancelled"), "{reminders:?}");
}

async fn a_therapist_hears_of_changes_and_gets_the_agenda_of_the_day(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).serve_client().await;
    let me = admin.patch("/api/auth/me", json!({"notify": "changes", "agenda_at": "07:30"})).await.expect(200);
    assert_eq!((&me["notify"], &me["agenda_at"]), (&json!("changes"), &json!("07:30")));
    john.patch("/api/auth/me", json!({"notify": "all"})).await.rejected_field("notify", "invalid_value");
    let id = john.booked(later(3 * 1440 + 60)).await;
    let to_admin = |email: &DecodedMail| email.recipients == [admin.email.clone()];
    let email = practice.emails_where(1, to_admin).await.remove(0);
    assert_eq!(email.subject, "Booked: appointment on 4 March, 11:00 (UTC+01:00)");
    assert!(email.text.contains("Client: John Doe"), "{}", email.text);
    assert!(link_in_text(&email.text).contains("/j/"), "a page that shows the current state: {}", email.text);
    let calendar = email.calendar.unwrap();
    assert!(calendar.contains("SUMMARY:Your appointment") && !calendar.contains("John"), "{calendar}");
    // What the therapist does needs no email to the therapist.
    let moved = json!({"scheduled_at": later(3 * 1440 + 120).to_string()});
    admin.post(&format!("/api/admin/bookings/{id}/reschedule"), moved).await.expect(200);
    practice.emails_where(1, |email| email.subject.starts_with("New time: your")).await;

    // 07:30 in Berlin on the day of the session.
    practice.clock.set(later(3 * 1440 - 150));
    let email = practice.emails_where(1, |email| email.subject.starts_with("Your agenda")).await.remove(0);
    assert_eq!((email.subject.as_str(), email.attachments.len()), ("Your agenda for Thursday, 4 March 2027", 0));
    assert!(email.text.contains("12:00–12:50, John Doe, no payment due\nhttp"), "{}", email.text);
    assert_eq!(app.terminate().await, Some(0));
    let app = practice.serve().await;
    let john = john.at(&app).again().await;
    john.post(&format!("/api/bookings/{id}/cancel"), json!({"reason": "migraine"})).await.expect(200);
    let email = practice.emails_where(1, |email| email.subject.starts_with("Cancelled: appointment")).await.remove(0);
    assert!(email.text.contains("The client cancelled") && !email.text.contains("migraine"), "{}", email.text);
    let agendas = practice.emails.messages().iter().filter(|mail| mail.decode().subject.contains("agenda")).count();
    assert_eq!(agendas, 1, "a restart repeats nothing");
}

async fn an_admin_sends_an_email_again_and_takes_one_back(database: Database) {
    let (practice, _app, admin, john) = Practice::on(database).serve_client().await;
    let id = john.booked(later(3 * 1440)).await;
    let first = email_number(&practice, 1).await;
    until_states(&admin, id, "0 sent, 1440 pending, 60 pending").await;
    let listed = admin.get(&format!("/api/admin/notifications?booking_id={id}&kind=meeting_info")).await.expect(200);
    let info = listed["notifications"][0]["id"].as_i64().unwrap();
    admin.post(&format!("/api/admin/notifications/{info}/retry"), json!({})).await.expect(200);
    let again = email_number(&practice, 2).await;
    assert_eq!((&again.subject, &again.text), (&first.subject, &first.text));
    assert_ne!(again.header("Message-ID"), first.header("Message-ID"), "or John would not see it");
    until_states(&admin, id, "0 sent, 1440 pending, 60 pending").await;
    let listed = admin.get("/api/admin/notifications?state=pending&limit=1").await.expect(200);
    assert_eq!(listed["total"], 2);
    let reminder = listed["notifications"][0]["id"].as_i64().unwrap();
    admin.post(&format!("/api/admin/notifications/{reminder}/cancel"), json!({})).await.expect(200);
    admin.post(&format!("/api/admin/notifications/{reminder}/retry"), json!({})).await.refused(409, "invalid_state");
    until_states(&admin, id, "0 sent, 1440 pending, 60 cancelled").await;
    let history = admin.history(id).await;
    assert!(history.ends_with(&["notification.retried".into(), "notification.cancelled".into()]), "{history:?}");
}

async fn reminders_of_the_past_are_not_planned(database: Database) {
    let (practice, _app, admin, john) = Practice::on(database).serve_client().await;
    // A reminder within a minute of the booking would be redundant.
    for (minutes, planned) in [
        (30, vec![0]),
        (120, vec![0, 60]),
        (61 + 180, vec![0, 60]),
        (1440 + 1, vec![0, 60]),
        (1440 + 62, vec![0, 1440, 60]),
    ] {
        let id = john.booked(later(minutes)).await;
        let emails = admin.notifications(id).await;
        let offsets: Vec<&Value> = emails.iter().map(|email| &email["minutes_before"]).collect();
        assert_eq!(offsets, planned, "{minutes} minutes ahead");
    }
    practice.emails.wait_for(5, TIMEOUT).await;

    let (none, _app, admin, john) = Practice::on(database).with("reminders.offsets_minutes", "").serve_client().await;
    let id = john.booked(later(3 * 1440)).await;
    assert_eq!(admin.notifications(id).await.len(), 1, "reminders can be switched off");
    email_number(&none, 1).await;
}

async fn a_therapists_own_booking_has_a_therapists_link(database: Database) {
    let (practice, _app, admin, _john) = Practice::on(database).serve_client().await;
    let id = admin.booked(later(2 * 1440)).await;
    let own = admin.bookings().await[0]["personalized_meeting_url"].as_str().unwrap().to_owned();
    assert!(own.ends_with("#userInfo.displayName=%22Meredith%20Ashdown%22&config.startWithAudioMuted=false&config.startWithVideoMuted=false"), "{own}");
    assert_eq!(admin.meeting_url(id).await, own);
    let email = email_number(&practice, 1).await;
    assert_eq!(link_in_text(&email.text), own);
    assert_eq!(button_target(&email.html), own);
    assert!(email.html.contains("%22&amp;config."), "an ampersand in HTML is escaped");
}

async fn an_outage_of_the_mail_server_loses_no_booking_and_no_email(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).serve_client().await;
    practice.emails.stop().await;
    let id = john.booked(later(3 * 1440)).await;
    let pending = eventually("the failed attempt is recorded", async || {
        let email = admin.notifications(id).await[0].clone();
        email["last_error"].is_string().then_some(email)
    })
    .await;
    assert_fields(&pending, json!({"state": "pending", "attempts": 1}));
    let ready = app.get("/health/ready").await;
    assert_eq!((ready.status, &ready.json()["checks"]["mail"]["status"]), (200, &json!("warn")), "{}", ready.text);
    john.booked(later(4 * 1440)).await;

    practice.emails.restart().await;
    practice.clock.advance(SignedDuration::from_mins(1));
    let emails = practice.emails.wait_for(2, TIMEOUT).await;
    let john = john.again().await;
    let link = john.meeting_url(id).await;
    assert_eq!(emails.iter().filter(|email| link_in_text(&email.decode().text) == link).count(), 1);
    until_states(&admin, id, "0 sent, 1440 pending, 60 pending").await;
    until_check(&app, "mail", "ok").await;
}

/// Waits until a check has this status, because results are shared for ten seconds.
async fn until_check(app: &Instance, check: &str, status: &str) {
    eventually(&format!("{check} is {status}"), async || {
        let ready = app.get("/health/ready").await.expect(200);
        (ready["checks"][check]["status"] == status).then_some(())
    })
    .await;
}

async fn temporary_mail_errors_are_retried(database: Database) {
    let (practice, _app, admin, john) = Practice::on(database).serve_client().await;
    practice.emails.script([
        Behaviour::Answer { stage: Stage::Recipient, code: 451 },
        Behaviour::Cut(Stage::Data),
        // Stored, but the response is lost: it may arrive twice and must then be the same email.
        Behaviour::Cut(Stage::Message),
    ]);
    let id = john.booked(later(3 * 1440)).await;
    for attempt in 1..=3 {
        eventually("the next failed attempt is recorded", async || {
            let email = admin.notifications(id).await[0].clone();
            // Only a recorded failure moves the next attempt into the future.
            let next = at(email["send_after"].as_str().unwrap());
            (email["attempts"] == attempt && next > practice.clock.now()).then_some(())
        })
        .await;
        practice.clock.advance(SignedDuration::from_mins(3));
    }
    let emails = practice.emails.wait_for(2, TIMEOUT).await;
    let ids: Vec<String> = emails.iter().map(|m| m.decode().header("Message-ID").unwrap().to_owned()).collect();
    assert_eq!(ids[0], ids[1], "email programs show one of them");
    until_states(&admin, id, "0 sent, 1440 pending, 60 pending").await;
}

async fn a_permanent_mail_error_is_shown_to_the_practice(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).serve_client().await;
    let jane = practice.client(&app, "Jane", "Rowland").await;
    practice.emails.script([Behaviour::Answer { stage: Stage::Recipient, code: 550 }]);
    let id = john.booked(later(3 * 1440)).await;
    until_states(&admin, id, "0 dead, 1440 pending, 60 pending").await;
    let dead = &admin.notifications(id).await[0];
    assert_fields(dead, json!({"attempts": 1, "last_error": "refused_550"}));
    let ready = app.get("/health/ready").await.expect(200);
    assert_eq!((&ready["status"], &ready["checks"]["outbox"]["status"]), (&json!("warn"), &json!("warn")));

    jane.booked(later(4 * 1440)).await;
    assert_eq!(email_number(&practice, 1).await.recipients, [jane.email.as_str()], "others are served");
    practice.clock.advance(SignedDuration::from_hours(2));
    run_the_worker(&practice, &jane, 20 * 1440).await;
    assert_eq!(practice.emails.messages().len(), 2, "and it is not tried again");
}

async fn a_separate_worker_sends_due_emails(database: Database) {
    let practice = Practice::on(database).open().await;
    let app = practice.serve_without_worker().await;
    let (admin, john) = (practice.admin(&app).await, practice.client(&app, "John", "Doe").await);
    let id = john.booked(later(3 * 1440)).await;
    let late = john.booked(later(4 * 1440)).await;
    practice.clock.advance(SignedDuration::from_mins(6));
    let ready = app.get("/health/ready").await.expect(200);
    assert_eq!(ready["checks"]["outbox"]["status"], "warn", "overdue emails are reported: {ready}");
    assert!(practice.emails.messages().is_empty());

    let worker = practice.work().await;
    practice.emails.wait_for(2, TIMEOUT).await;
    until_states(&admin, id, "0 sent, 1440 pending, 60 pending").await;
    until_states(&admin, late, "0 sent, 1440 pending, 60 pending").await;
    until_check(&app, "outbox", "ok").await;
    // A separate worker is not woken and polls.
    john.again().await.booked(later(5 * 1440)).await;
    practice.emails.wait_for(3, TIMEOUT).await;
    assert_eq!(worker.terminate().await, Some(0));
    assert_eq!(app.terminate().await, Some(0));
}

async fn client_input_cannot_change_the_structure_of_an_email(database: Database) {
    let (practice, app) = Practice::on(database).serve().await;
    let person = practice.client(&app, "<img src=x onerror=alert(1)>", "\"=?utf-8?q?B?= http://evil.example").await;
    let note =
        json!({"scheduled_at": later(1440).to_string(), "note": "\r\n.\r\nMAIL FROM:<a@b.example>\r\nsecret-note"});
    let id = person.post("/api/bookings", note).await.expect(201)["id"].as_i64().unwrap();
    let raw = &practice.emails.wait_for(1, TIMEOUT).await[0];
    let email = raw.decode();
    assert_eq!(raw.recipients, [person.email.as_str()]);
    assert!(!email.html.contains("<img") && !email.text.contains("evil.example") && !email.subject.contains("evil"));
    assert!(!email.text.contains("secret-note") && !email.html.contains("secret-note"), "a note is for the therapist");
    assert_eq!(button_target(&email.html), person.meeting_url(id).await);
    let names: Vec<&str> = email.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        !names.iter().any(|name| ["bcc", "cc", "reply-to"].contains(&name.to_ascii_lowercase().as_str())),
        "{names:?}"
    );
}
