//! Calendar feeds: what a program reads, and turning them on and off.

use attune_domain::{OneTimePurpose, Role};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::*;
use super::live::Browser;

const FEED: &str = "/api/me/calendar-feed";
const BASE: &str = "https://practice.example.org";

/// Another hour of the same day.
const LATER: &str = "2024-01-15T14:00:00Z";

/// Ada's confirmed booking at [`SLOT`].
const EVENT: &str = "BEGIN:VEVENT\r\nUID:booking-1@memory\r\nURL:https://practice.example.org/appointments/1\r\n\
    SEQUENCE:2\r\nDTSTAMP:20240110T080000Z\r\nDTSTART:20240115T100000Z\r\nDTEND:20240115T105000Z\r\n\
    SUMMARY:Your appointment\r\nDESCRIPTION:To join\\, open the link in your email.\r\nSTATUS:CONFIRMED\r\nEND:VEVENT\r\n";

impl Practice {
    /// Turns the feed of a user on, and returns its path.
    async fn feed(&self, token: &str) -> String {
        let feed = self.request(Method::PUT, FEED).token(token).send().await.assert_status(200).json();
        path_of(&feed)
    }

    async fn read_feed(&self, path: &str) -> Reply {
        self.get(path, "").await
    }

    async fn assert_gone(&self, path: &str) {
        self.read_feed(path).await.assert_problem(404, "link_not_found");
    }
}

fn path_of(feed: &Value) -> String {
    feed["url"].as_str().unwrap().strip_prefix(BASE).unwrap().to_owned()
}

/// A calendar with these events.
fn calendar(events: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Attune//Attune//EN\r\nNAME:Dr. <Rogers> & Co\r\n\
         REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-WR-CALNAME:Dr. <Rogers> & Co\r\nX-PUBLISHED-TTL:PT1H\r\n\
         {events}END:VCALENDAR\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_shows_confirmed_appointments_and_nothing_personal() {
    let (practice, ada, _) = Parts::new().signed().with_hold().await;
    practice.client("Bob").await;
    let feed = practice.feed(&ada).await;
    practice.read_feed(&feed).await.assert_body(200, &calendar(""));

    practice.pay(1).await;
    let read = practice.read_feed(&feed).await;
    read.assert_body(200, &calendar(EVENT));
    assert_eq!(read.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert_eq!(read.header("set-cookie"), None);
    read.assert_lacks(&[
        "Ada",
        "Carl",
        "ada@",
        "carl@",
        "100.00",
        "EUR",
        "meet.example.org",
        "/j/",
        "ORGANIZER",
        "ATTENDEE",
    ]);

    practice.post("/api/bookings/1/reschedule", &ada, &slot(LATER)).await.assert_status(200);
    practice.read_feed(&feed).await.assert_contains(&[
        "\r\nUID:booking-1@memory\r\n",
        "SEQUENCE:3",
        "DTSTART:20240115T140000Z",
    ]);
    practice.post("/api/bookings/1/cancel", &ada, "{}").await.assert_status(200);
    practice.read_feed(&feed).await.assert_body(200, &calendar(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_has_the_uid_of_the_calendar_file() {
    let (practice, ada, _) = Parts::new().with_session().await;
    let file = practice.get("/api/bookings/1/calendar.ics", &ada).await;
    let uid = file.text.lines().find(|line| line.starts_with("UID:")).unwrap();
    practice.read_feed(&practice.feed(&ada).await).await.assert_contains(&[&format!("\r\n{uid}\r\nURL:")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_therapist_reads_their_own_calendar_without_clients() {
    let (practice, _, carl) = Parts::new().with_session().await;
    practice.book(&carl, LATER).await;
    practice.pay(2).await;
    practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    let feed = practice.read_feed(&practice.feed(&carl).await).await;
    let urls: Vec<&str> = feed.text.lines().filter_map(|line| line.strip_prefix("URL:")).collect();
    // The second one is what Carl booked for himself.
    assert_eq!(urls, [format!("{BASE}/bookings/1"), format!("{BASE}/appointments/2")]);
    feed.assert_lacks(&["Ada", "Carl", "@example.org"]);

    let erik = practice.token("erik@example.org").await;
    let eriks = practice.feed(&erik).await;
    practice.read_feed(&eriks).await.assert_body(200, &calendar(""));
    practice.post("/api/admin/bookings/1/reassign", &carl, r#"{"therapist_id":3}"#).await.assert_status(200);
    practice.read_feed(&eriks).await.assert_contains(&["URL:https://practice.example.org/bookings/1\r\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_in_the_language_of_its_owner_and_reaches_ninety_days_back() {
    let (practice, ada, _) = Parts::new().with_session().await;
    let feed = practice.feed(&ada).await;
    practice.patch("/api/auth/me", &ada, r#"{"language":"de"}"#).await.assert_status(200);
    practice.read_feed(&feed).await.assert_contains(&["SUMMARY:Ihr Termin\r\n"]);
    practice.set_time(SLOT);
    practice.advance(SignedDuration::from_hours(90 * 24));
    practice.read_feed(&feed).await.assert_contains(&["UID:booking-1@memory"]);
    practice.advance(SignedDuration::from_secs(1));
    practice.read_feed(&feed).await.assert_body(200, &calendar(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_ends_with_its_renewal_its_feed_and_its_account() {
    let (practice, ada, carl) = Parts::new().without_limits().with_session().await;
    let off = json!({"url": null, "created_at": null});
    assert_eq!(practice.get(FEED, &ada).await.json(), off);
    let first = practice.feed(&ada).await;
    assert_eq!(practice.feed(&ada).await, first, "a feed that is on keeps its URL");
    let shown = practice.get(FEED, &ada).await.json();
    assert_eq!((path_of(&shown), &shown["created_at"]), (first.clone(), &json!(NOW)));
    assert_eq!(practice.get(FEED, &carl).await.json(), off, "it is Ada's");

    for _ in 0..2 {
        practice.delete(FEED, &ada).await.assert_status(204);
        practice.assert_gone(&first).await;
        assert_eq!(practice.get(FEED, &ada).await.json(), off);
    }
    let second = practice.feed(&ada).await;
    assert_ne!(second, first);
    practice.assert_gone(&first).await;
    practice.read_feed(&second).await.assert_status(200);

    let carls = practice.feed(&carl).await;
    let forged = [
        second.replace("feed-2-", "feed-1-"),
        second.replace("feed-2-", "feed-9-"),
        second.replace("/appointments.ics", "0/appointments.ics"),
        carls.replace("feed-1-", "feed-2-"),
        "/calendar/x/appointments.ics".to_owned(),
        "/calendar/plain.1.user-2.1/appointments.ics".to_owned(),
    ];
    for path in &forged {
        practice.assert_gone(path).await;
    }
    practice.patch("/api/admin/users/2", &carl, r#"{"disabled":true}"#).await.assert_status(200);
    practice.assert_gone(&second).await;
    practice.patch("/api/admin/users/2", &carl, r#"{"disabled":false}"#).await.assert_status(200);
    practice.read_feed(&second).await.assert_status(200);
}

/// A calendar program cannot be told another URL.
#[tokio::test(flavor = "multi_thread")]
async fn a_url_outlives_changes_of_password_and_address() {
    let (practice, ada, _) = Parts::new().without_limits().with_session().await;
    let feed = practice.feed(&ada).await;
    let new = "crooked lighthouse marmalade 9";
    let body = json!({"current_password": PASSWORD, "password": new}).to_string();
    practice.post("/api/auth/change-password", &ada, &body).await.assert_status(204);
    practice.read_feed(&feed).await.assert_body(200, &calendar(EVENT));
    let tokens = practice.log_in("ada@example.org", new).await.assert_status(200).json();
    let ada = tokens["access_token"].as_str().unwrap();
    let proof = json!({"password": new}).to_string();
    practice.post("/api/auth/step-up", ada, &proof).await.assert_status(204);
    practice.post("/api/auth/change-email", ada, r#"{"email":"countess@example.org"}"#).await.assert_status(202);
    let token = practice.mailed_token(2, OneTimePurpose::ConfirmEmail).await;
    let body = json!({"token": token}).to_string();
    practice.post("/api/auth/confirm-email", "", &body).await.assert_status(200);
    practice.read_feed(&feed).await.assert_body(200, &calendar(EVENT));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_told_that_nothing_has_changed() {
    let (practice, ada, _) = Parts::new().with_session().await;
    let feed = practice.feed(&ada).await;
    let tag = practice.read_feed(&feed).await.header("etag").unwrap().to_owned();
    practice.advance(SignedDuration::from_hours(1));
    let again = |tag: &str| practice.request(Method::GET, &feed).header("If-None-Match", tag).send();
    again(&tag).await.assert_body(304, "");
    let head = practice.request(Method::HEAD, &feed).send().await;
    head.assert_body(200, "");
    assert_eq!(head.header("etag"), Some(tag.as_str()));
    practice.request(Method::HEAD, &feed).header("If-None-Match", &tag).send().await.assert_body(304, "");
    practice.request(Method::GET, &feed).header("Accept", "text/calendar").send().await.assert_status(200);

    practice
        .post("/api/bookings/1/reschedule", &practice.token("ada@example.org").await, &slot(LATER))
        .await
        .assert_status(200);
    let changed = again(&tag).await;
    changed.assert_contains(&["DTSTART:20240115T140000Z"]);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_never_rests_is_limited() {
    let (practice, ada, _) = Parts::new().settings(|settings| settings.limits.api_burst = 5).with_session().await;
    let feed = practice.feed(&ada).await;
    practice.advance(SignedDuration::from_secs(60));
    for _ in 0..5 {
        practice.read_feed(&feed).await.assert_status(200);
    }
    practice.read_feed(&feed).await.assert_problem(429, "too_many_requests");
}

/// The section of the account's page, after this button was pressed.
async fn press(browser: &Browser<'_>, button: &str) -> String {
    let form = format!("form_token=form-/account/calendar-{}&do={button}", browser.token);
    let sent = browser.request(Method::POST, "/account/calendar").form(&form).send().await;
    let location = sent.assert_status(303).header("location").unwrap().to_owned();
    let path = location.strip_suffix("#calendar").unwrap();
    let page = browser.request(Method::GET, path).send().await;
    page.assert_status(200).text.split_once("id=\"calendar\"").unwrap().1.split("<h2").next().unwrap().to_owned()
}

/// The path of the feed on the page.
fn shown(section: &str) -> Option<&str> {
    section.split_once("readonly")?.1.split_once(BASE)?.1.split('"').next()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_page_turns_the_feed_on_and_off() {
    let (practice, ..) = Parts::new().without_limits().with_session().await;
    let browser = Browser::log_in(&practice, "ada@example.org").await;
    let appointments = browser.request(Method::GET, "/appointments").send().await;
    appointments.assert_contains(&["href=\"/account#calendar\""]);

    let first = press(&browser, "renew").await;
    assert!(first.contains("The calendar is off") && shown(&first).is_none(), "a feed that is off stays off: {first}");
    let first = press(&browser, "add").await;
    let path = shown(&first).unwrap();
    assert!(first.contains("role=\"status\"><p>The calendar is on."), "{first}");
    assert!(first.contains(&format!("href=\"webcal://practice.example.org{path}\"")), "{first}");
    practice.read_feed(path).await.assert_body(200, &calendar(EVENT));
    assert_eq!(shown(&press(&browser, "add").await), Some(path), "a double click changes nothing");

    let second = press(&browser, "renew").await;
    assert!(second.contains("a new address"), "{second}");
    practice.assert_gone(path).await;
    let path = shown(&second).unwrap();
    practice.read_feed(path).await.assert_status(200);

    let off = press(&browser, "remove").await;
    assert!(off.contains("The calendar is off") && shown(&off).is_none(), "{off}");
    practice.assert_gone(path).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_cannot_turn_a_feed_on() {
    let (practice, ada, _) = Parts::new().without_limits().with_session().await;
    let browser = Browser::log_in(&practice, "ada@example.org").await;
    let token = format!("form_token=form-/account/calendar-{}&do=add", browser.token);
    let sent = |site: &'static str, form: String| {
        let call = browser.request(Method::POST, "/account/calendar").header("Sec-Fetch-Site", site);
        call.header("Content-Type", "application/x-www-form-urlencoded").body(form).send()
    };
    sent("cross-site", token).await.assert_status(403);
    sent("same-origin", "form_token=x&do=add".to_owned()).await.assert_status(403);
    assert_eq!(practice.get(FEED, &ada).await.json()["url"], json!(null));
}
