//! Eemails: confirmations, reminders, and failures of the mail server.

use std::time::Duration;

use attune_e2e::{Database, Instance, Practice, User, at, button_target, eventually, later, link_in_text, unescape};
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
    client_input_cannot_change_the_structure_of_an_email,
);

const TIMEOUT: Duration = Duration::from_secs(60);

async fn open(database: Database) -> (Practice, Instance, User) {
    let practice = Practice::on(database).open().await;
    let app = practice.serve().await;
    let admin = practice.admin(&app).await;
    (practice, app, admin)
}

async fn email_number(practice: &Practice, count: usize) -> DecodedMail {
    let emails = practice.emails.wait_for(count, TIMEOUT).await;
    assert_eq!(emails.len(), count);
    let (last, mail) = (emails.last().unwrap(), emails.last().unwrap().decode());
    assert_eq!(last.recipients, mail.recipients, "the envelope says what the mail says");
    mail
}

/// Makes the worker handle everything that is due, by booking: when the new booking's email was sent, everything due
/// before was leased as well.
async fn run_the_worker(practice: &Practice, person: &User, minute: i64) {
    let before = practice.emails.messages().len();
    let id = person.again().await.booked(later(minute)).await;
    let room = format!("/booking-{id}-");
    eventually("the information about a later booking arrives", async || {
        let emails = practice.emails.messages();
        emails[before..].iter().any(|mail| mail.decode().text.contains(&room)).then_some(())
    })
    .await;
}

async fn states(admin: &User, booking: i64) -> Vec<(i64, String)> {
    let emails = admin.again().await.notifications(booking).await;
    let state = |mail: &Value| (mail["minutes_before"].as_i64().unwrap(), mail["state"].as_str().unwrap().to_owned());
    emails.iter().map(state).collect()
}

async fn until_states(admin: &User, booking: i64, wanted: &[(i64, &str)]) {
    let admin = admin.again().await;
    eventually(&format!("the emails are {wanted:?}"), async || {
        let emails = admin.notifications(booking).await;
        let found: Vec<(i64, &str)> =
            emails.iter().map(|m| (m["minutes_before"].as_i64().unwrap(), m["state"].as_str().unwrap())).collect();
        (found == wanted).then_some(())
    })
    .await;
}

async fn a_confirmation_email_has_the_recipients_own_link(database: Database) {
    let (practice, app, admin) = open(database).await;
    let john = practice.client_in(&app, "John", "Doe", Some("America/New_York")).await;
    let jane = practice.client(&app, "Jane", "Rowland").await;
    let id = john.booked(later(3 * 1440 + 60)).await;
    let link = john.meeting_url(id).await;
    let mail = email_number(&practice, 1).await;
    assert_eq!(mail.recipients, [john.email.as_str()]);
    assert_eq!(
        (mail.from.as_slice(), mail.from_name.as_deref()),
        (&["no-reply@attune.localhost".to_owned()][..], Some("Attune Heart Therapy"))
    );
    assert_eq!(link_in_text(&mail.text), link);
    assert_eq!(button_target(&mail.html), link);
    assert!(!mail.text.contains("startWithAudioMuted"), "a client's link");
    let when = "Thursday, 4 March 2027 at 05:00 (America/New_York, UTC-05:00)";
    assert!(mail.text.contains(when) && unescape(&mail.html).contains(when), "{}", mail.html);
    assert_eq!(mail.subject, "Your appointment on 4 March, 05:00 (UTC-05:00)");
    assert!(mail.text.contains("Hello John Doe,") && mail.text.contains("50 minutes"), "{}", mail.text);
    assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
    let start = later(3 * 1440 + 60);
    let message_id = format!("<meeting_info.{id}.0.{}@attune.localhost>", start.as_second());
    assert_eq!(mail.header("Message-ID"), Some(message_id.as_str()));

    assert_eq!(mail.attachments, ["appointment.ics"]);
    let calendar = mail.calendar.unwrap();
    for line in [
        format!("UID:booking-{id}@attune.localhost"),
        "DTSTART:20270304T100000Z".to_owned(),
        "DTEND:20270304T105000Z".to_owned(),
        "SUMMARY:Your appointment".to_owned(),
    ] {
        assert!(calendar.contains(&format!("\r\n{line}\r\n")), "{line} in {calendar}");
    }
    assert!(!calendar.contains("meet.example.org") && !calendar.contains("John"), "calendars are shared: {calendar}");

    jane.booked(later(7 * 1440)).await;
    let mail = email_number(&practice, 2).await;
    assert_eq!(mail.recipients, [jane.email.as_str()]);
    assert!(mail.text.contains("at 10:00 (Europe/Berlin, UTC+01:00)"), "the practice's time zone is the default");
    until_states(&admin, id, &[(0, "sent"), (1440, "pending"), (60, "pending")]).await;
}

async fn each_reminder_is_sent_once_at_its_exact_time(database: Database) {
    let (practice, app, admin) = open(database).await;
    let john = practice.client(&app, "John", "Doe").await;
    let start = later(3 * 1440);
    let id = john.booked(start).await;
    let first_link = john.meeting_url(id).await;
    email_number(&practice, 1).await;

    // One second before the day before: nothing.
    practice.clock.set(start - SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    run_the_worker(&practice, &john, 20 * 1440).await;
    assert_eq!(practice.emails.messages().len(), 2);
    assert_eq!(states(&admin, id).await, [(0, "sent".into()), (1440, "pending".into()), (60, "pending".into())]);

    // The day before: one reminder.
    practice.clock.set(start - SignedDuration::from_hours(24));
    let mail = email_number(&practice, 3).await;
    assert_eq!(mail.subject, "Reminder: your appointment on 4 March, 10:00 (UTC+01:00)");
    assert!(mail.text.contains("in 24 hours"), "{}", mail.text);
    assert_eq!((link_in_text(&mail.text), button_target(&mail.html)), (first_link.as_str(), first_link.clone()));
    assert_eq!(mail.recipients, [john.email.as_str()]);

    // Never again, after other bookings, a new name or a restart.
    let john = john.again().await;
    john.patch("/api/auth/me", json!({"first_name": "Jonathan"})).await.expect(200);
    until_states(&admin, id, &[(0, "sent"), (1440, "sent"), (60, "pending")]).await;
    assert_eq!(app.terminate().await, Some(0));
    let app = practice.serve().await;
    let (john, admin) = (john.at(&app), admin.at(&app));
    run_the_worker(&practice, &john, 21 * 1440).await;
    assert_eq!(practice.emails.messages().len(), 4);

    // An hour before: with the recipient's current name.
    practice.clock.set(start - SignedDuration::from_hours(1));
    let mail = email_number(&practice, 5).await;
    assert!(mail.text.contains("in 1 hour") && mail.text.contains("Hello Jonathan Doe,"), "{}", mail.text);
    let link = link_in_text(&mail.text);
    assert_eq!(link, first_link.replace("John%20Doe", "Jonathan%20Doe"));
    assert_eq!(john.again().await.meeting_url(id).await, link);
    until_states(&admin, id, &[(0, "sent"), (1440, "sent"), (60, "sent")]).await;

    practice.clock.set(start);
    run_the_worker(&practice, &john, 22 * 1440).await;
    let about_it =
        practice.emails.messages().iter().filter(|m| m.decode().text.contains(&format!("/booking-{id}-"))).count();
    assert_eq!(about_it, 3, "information and two reminders");
}

async fn a_payment_enqueues_the_emails(database: Database) {
    let practice = Practice::on(database).with("payments.provider", "test").open().await;
    let app = practice.serve().await;
    let (admin, john) = (practice.admin(&app).await, practice.client(&app, "John", "Doe").await);
    let created = john.book(later(2 * 1440)).await.expect(201);
    let id = created["id"].as_i64().unwrap();
    assert!(admin.notifications(id).await.is_empty());
    crate::bookings::pay(&app, &created).await;
    let emails: Vec<DecodedMail> =
        practice.emails.wait_for(2, TIMEOUT).await.iter().map(|mail| mail.decode()).collect();
    let (receipts, others): (Vec<_>, Vec<_>) = emails.iter().partition(|m| m.subject.starts_with("We received"));
    assert_eq!((receipts.len(), others.len()), (1, 1));
    assert!(receipts[0].text.contains("100.00 EUR"), "{}", receipts[0].text);
    assert_eq!(link_in_text(&others[0].text), john.meeting_url(id).await);
    until_states(&admin, id, &[(0, "sent"), (1440, "pending"), (60, "pending"), (0, "sent")]).await;
}

async fn reminders_of_the_past_are_not_planned(database: Database) {
    let (practice, app, admin) = open(database).await;
    let john = practice.client(&app, "John", "Doe").await;
    // A reminder within a minute of the booking would be redundant.
    for (minutes, planned) in [
        (30, vec![0]),
        (120, vec![0, 60]),
        (61 + 180, vec![0, 60]),
        (1440 + 1, vec![0, 60]),
        (1440 + 62, vec![0, 1440, 60]),
    ] {
        let id = john.booked(later(minutes)).await;
        let offsets: Vec<i64> = states(&admin, id).await.into_iter().map(|(offset, _)| offset).collect();
        assert_eq!(offsets, planned, "{minutes} minutes ahead");
    }
    practice.emails.wait_for(5, TIMEOUT).await;

    let none = Practice::on(database).with("reminders.offsets_minutes", "").open().await;
    let app = none.serve().await;
    let (admin, john) = (none.admin(&app).await, none.client(&app, "John", "Doe").await);
    let id = john.booked(later(3 * 1440)).await;
    assert_eq!(admin.notifications(id).await.len(), 1, "reminders can be switched off");
    email_number(&none, 1).await;
}

async fn a_therapists_own_booking_has_a_therapists_link(database: Database) {
    let (practice, _app, admin) = open(database).await;
    let id = admin.booked(later(2 * 1440)).await;
    let own = admin.bookings().await[0]["personalized_meeting_url"].as_str().unwrap().to_owned();
    assert!(own.ends_with("#userInfo.displayName=%22Meredith%20Ashdown%22&config.startWithAudioMuted=false&config.startWithVideoMuted=false"), "{own}");
    assert_eq!(admin.meeting_url(id).await, own);
    let mail = email_number(&practice, 1).await;
    assert_eq!(link_in_text(&mail.text), own);
    assert_eq!(button_target(&mail.html), own);
    assert!(mail.html.contains("%22&amp;config."), "an ampersand in HTML is escaped");
}

async fn an_outage_of_the_mail_server_loses_no_booking_and_no_email(database: Database) {
    let (practice, app, admin) = open(database).await;
    let john = practice.client(&app, "John", "Doe").await;
    practice.emails.stop().await;
    let id = john.booked(later(3 * 1440)).await;
    let waiting = eventually("the failed attempt is recorded", async || {
        let mail = admin.notifications(id).await[0].clone();
        mail["last_error"].is_string().then_some(mail)
    })
    .await;
    assert_eq!((&waiting["state"], &waiting["attempts"]), (&json!("pending"), &json!(1)));
    let ready = app.get("/health/ready").await;
    assert_eq!((ready.status, &ready.json()["checks"]["mail"]["status"]), (200, &json!("warn")), "{}", ready.text);
    john.booked(later(4 * 1440)).await;

    practice.emails.restart().await;
    practice.clock.advance(SignedDuration::from_mins(1));
    let emails = practice.emails.wait_for(2, TIMEOUT).await;
    let john = john.again().await;
    let link = john.meeting_url(id).await;
    assert_eq!(emails.iter().filter(|mail| link_in_text(&mail.decode().text) == link).count(), 1);
    until_states(&admin, id, &[(0, "sent"), (1440, "pending"), (60, "pending")]).await;
    let ready = app.get("/health/ready").await.expect(200);
    assert_eq!(ready["checks"]["mail"]["status"], "ok");
}

async fn temporary_mail_errors_are_retried(database: Database) {
    let (practice, app, admin) = open(database).await;
    let john = practice.client(&app, "John", "Doe").await;
    practice.emails.script([
        Behaviour::Answer { stage: Stage::Recipient, code: 451 },
        Behaviour::Cut(Stage::Data),
        // Stored, but the response is lost: it may arrive twice and must then be the same email.
        Behaviour::Cut(Stage::Message),
    ]);
    let id = john.booked(later(3 * 1440)).await;
    for attempt in 1..=3 {
        eventually("the next failed attempt is recorded", async || {
            let mail = admin.notifications(id).await[0].clone();
            // Only a recorded failure moves the next attempt into the future.
            let next = at(mail["send_after"].as_str().unwrap());
            (mail["attempts"] == attempt && next > practice.clock.now()).then_some(())
        })
        .await;
        practice.clock.advance(SignedDuration::from_mins(3));
    }
    let emails = practice.emails.wait_for(2, TIMEOUT).await;
    let ids: Vec<String> = emails.iter().map(|m| m.decode().header("Message-ID").unwrap().to_owned()).collect();
    assert_eq!(ids[0], ids[1], "mail programs show one of them");
    until_states(&admin, id, &[(0, "sent"), (1440, "pending"), (60, "pending")]).await;
}

async fn a_permanent_mail_error_is_shown_to_the_practice(database: Database) {
    let (practice, app, admin) = open(database).await;
    let (john, jane) = (practice.client(&app, "John", "Doe").await, practice.client(&app, "Jane", "Rowland").await);
    practice.emails.script([Behaviour::Answer { stage: Stage::Recipient, code: 550 }]);
    let id = john.booked(later(3 * 1440)).await;
    until_states(&admin, id, &[(0, "dead"), (1440, "pending"), (60, "pending")]).await;
    let dead = &admin.notifications(id).await[0];
    assert_eq!((&dead["attempts"], &dead["last_error"]), (&json!(1), &json!("refused_550")));
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
    assert_eq!(ready["checks"]["outbox"]["status"], "warn", "emails are overdue, and somebody is told: {ready}");
    assert!(practice.emails.messages().is_empty());

    let worker = practice.work().await;
    practice.emails.wait_for(2, TIMEOUT).await;
    until_states(&admin, id, &[(0, "sent"), (1440, "pending"), (60, "pending")]).await;
    until_states(&admin, late, &[(0, "sent"), (1440, "pending"), (60, "pending")]).await;
    assert_eq!(app.get("/health/ready").await.expect(200)["checks"]["outbox"]["status"], "ok");
    // A separate worker is not woken and polls.
    john.again().await.booked(later(5 * 1440)).await;
    practice.emails.wait_for(3, TIMEOUT).await;
    assert_eq!(worker.terminate().await, Some(0));
    assert_eq!(app.terminate().await, Some(0));
}

async fn client_input_cannot_change_the_structure_of_an_email(database: Database) {
    let (practice, app, _admin) = open(database).await;
    let person = practice.client(&app, "<img src=x onerror=alert(1)>", "\"=?utf-8?q?B?= http://evil.example").await;
    let note =
        json!({"scheduled_at": later(1440).to_string(), "note": "\r\n.\r\nMAIL FROM:<a@b.example>\r\nsecret-note"});
    let id = person.post("/api/bookings", note).await.expect(201)["id"].as_i64().unwrap();
    let raw = &practice.emails.wait_for(1, TIMEOUT).await[0];
    let mail = raw.decode();
    assert_eq!(raw.recipients, [person.email.as_str()]);
    assert!(!mail.html.contains("<img") && !mail.text.contains("evil.example") && !mail.subject.contains("evil"));
    assert!(!mail.text.contains("secret-note") && !mail.html.contains("secret-note"), "a note is for the therapist");
    assert_eq!(button_target(&mail.html), person.meeting_url(id).await);
    let names: Vec<&str> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        !names.iter().any(|name| ["bcc", "cc", "reply-to"].contains(&name.to_ascii_lowercase().as_str())),
        "{names:?}"
    );
}
