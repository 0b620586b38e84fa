//! The open page of a therapist's day, which learns of changes by server-sent events.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use attune_domain::meeting::AttendanceEventKind::Joined;
use attune_domain::{Role, UserId};
use jiff::SignedDuration;
use reqwest::{Method, Response};
use tokio::time::timeout;

use super::harness::*;
use super::recorded::JAAS_ADA_JOINED;
use super::unavailable::RecordedReads;

/// In which an ended login session has to be noticed.
const SOON: Duration = Duration::from_secs(5);
const DURING: &str = "2024-01-15T10:02:00Z";

/// A browser in which someone is logged in.
pub(super) struct Browser<'a> {
    practice: &'a Practice,
    /// Of the login session; forms are bound to it.
    pub(super) token: String,
}

impl<'a> Browser<'a> {
    pub(super) async fn log_in(practice: &'a Practice, email: &str) -> Self {
        let page = practice.get("/login", "").await;
        let key = cookie(&page, "attune-form");
        let (email, password) = (email.replace('@', "%40"), PASSWORD.replace(' ', "+"));
        let form = format!("form_token=form-login-{key}&email={email}&password={password}");
        let call = practice.request(Method::POST, "/login").header("Cookie", &format!("attune-form={key}"));
        let reply = call.form(&form).send().await;
        Self { practice, token: cookie(reply.assert_status(303), "attune") }
    }

    pub(super) fn request(&self, method: Method, path: &str) -> Call<'a> {
        self.practice.request(method, path).header("Cookie", &format!("attune={}", self.token))
    }

    async fn log_out(&self) {
        let form = format!("form_token=form-logout-{}", self.token);
        self.request(Method::POST, "/logout").form(&form).send().await.assert_status(303);
    }

    /// The page of the day, and where its events come from.
    async fn page(&self) -> (Reply, String) {
        let page = self.request(Method::GET, "/today").send().await;
        let (_, rest) = page.assert_status(200).text.split_once("data-live=\"").unwrap();
        let events = rest.split('"').next().unwrap().replace("&#38;", "&");
        (page, events)
    }

    /// The events since the page was shown.
    async fn events(&self) -> Response {
        let (_, events) = self.page().await;
        self.open(&events, "").await
    }

    /// The events since the one with this id, if it is not empty.
    async fn open(&self, events: &str, last: &str) -> Response {
        let call = self.request(Method::GET, events).header("Accept-Encoding", "gzip, br");
        let call = if last.is_empty() { call } else { call.header("Last-Event-ID", last) };
        let mut stream = call.open().await;
        assert_eq!(stream.status(), 200);
        assert_eq!(next(&mut stream).await, "retry: 3000\n\n");
        stream
    }
}

fn cookie(reply: &Reply, name: &str) -> String {
    let all = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let found = all.filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')?.split(';').next()).next();
    found.unwrap_or_else(|| panic!("{name} is not set: {reply:?}")).to_owned()
}

/// The next part of a stream, or "the end".
async fn next(stream: &mut Response) -> String {
    let part = stream.chunk().await.unwrap();
    part.map_or_else(|| "the end".to_owned(), |bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

async fn assert_next(stream: &mut Response, expected: &str) {
    assert_eq!(timeout(SOON, next(stream)).await.expect(expected), expected);
}

/// Ada's confirmed appointment has begun.
async fn practice(parts: Parts) -> Practice {
    let (practice, ..) = parts.without_limits().with_session().await;
    practice.set_time(DURING);
    practice
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_learns_who_waits() {
    let practice = practice(Parts::new()).await;
    let carl = Browser::log_in(&practice, "carl@example.org").await;
    let (page, events) = carl.page().await;
    page.assert_contains(&["<p class=\"vh\" role=\"status\" aria-live=\"polite\"></p>", "Ada"]);
    page.assert_lacks(&["Waiting now"]);
    let mut stream = carl.open(&events, "").await;
    assert!(timeout(Duration::from_secs(3), next(&mut stream)).await.is_err(), "the page shows everything");

    practice.notify_from_jaas(JAAS_ADA_JOINED).await.assert_status(200);
    let event = timeout(SOON, next(&mut stream)).await.unwrap();
    let (page, new_events) = carl.page().await;
    page.assert_contains(&["aria-live=\"polite\">Waiting now: Ada", "data-state=\"now\">Waiting now</span>"]);
    let (_, version) = new_events.split_once("&version=").unwrap();
    assert_eq!(event, format!("event: changed\nid: {version}\ndata:\n\n"));

    // A browser that lost its connection sends the id of the last event along.
    let mut stream = carl.open(&events, version).await;
    assert!(timeout(Duration::from_secs(3), next(&mut stream)).await.is_err(), "it knows that");
    let mut stream = carl.open(&new_events, "0").await;
    assert_next(&mut stream, &event).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_for_therapists() {
    let practice = practice(Parts::new()).await;
    let url = "/today/events?date=2024-01-15";
    let anonymous = practice.get(url, "").await;
    assert_eq!(anonymous.assert_status(303).header("location"), Some("/login?next=%2Ftoday"));
    let ada = Browser::log_in(&practice, "ada@example.org").await;
    ada.request(Method::GET, url).send().await.assert_status(403);

    let carl = Browser::log_in(&practice, "carl@example.org").await;
    let head = carl.request(Method::HEAD, url).send().await;
    head.assert_body(200, "");
    let stream = carl.open(url, "").await;
    for headers in [&head.headers, stream.headers()] {
        for (name, expected) in [
            ("content-type", Some("text/event-stream")),
            ("cache-control", Some("no-store")),
            ("x-accel-buffering", Some("no")),
            ("content-encoding", None),
        ] {
            assert_eq!(headers.get(name).map(|value| value.to_str().unwrap()), expected, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_what_it_was_opened_for() {
    let practice = practice(Parts::new()).await;
    let erik = practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    let path = format!("/api/admin/users/{erik}");
    let carl = practice.admin().await;
    practice.step_up(&carl).await;
    let change = async |body: &str| {
        practice.patch(&path, &carl, body).await.assert_status(200);
    };
    for reason in ["log-out", "all devices", "disabled", "client", "unattended"] {
        let browser = Browser::log_in(&practice, "erik@example.org").await;
        let mut stream = browser.events().await;
        let mut other = Browser::log_in(&practice, "carl@example.org").await.events().await;
        match reason {
            "log-out" => browser.log_out().await,
            "all devices" => {
                let now = practice.now();
                practice.write(async |work| work.end_login_sessions(erik, None, now).await.unwrap()).await;
            }
            "disabled" => change(r#"{"disabled":true}"#).await,
            "client" => change(r#"{"is_admin":false}"#).await,
            _ => practice.advance(SignedDuration::from_hours(12)),
        }
        assert_eq!(timeout(SOON, next(&mut stream)).await.as_deref(), Ok("the end"), "{reason}");
        if reason != "unattended" {
            assert!(timeout(Duration::from_millis(100), next(&mut other)).await.is_err(), "only this one");
        }
        match reason {
            "disabled" => change(r#"{"disabled":false}"#).await,
            "client" => change(r#"{"is_admin":true}"#).await,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_loads_itself_again_does_not_prolong_the_login_session() {
    let practice = practice(Parts::new()).await;
    let carl = Browser::log_in(&practice, "carl@example.org").await;
    let (_, events) = carl.page().await;
    for _ in 0..2 {
        practice.advance(SignedDuration::from_hours(5));
        carl.request(Method::GET, "/today").header("Sec-Fetch-Dest", "empty").send().await.assert_status(200);
        carl.request(Method::HEAD, &events).header("Sec-Fetch-Dest", "empty").send().await.assert_status(200);
    }
    practice.advance(SignedDuration::from_hours(2));
    carl.request(Method::GET, "/today").send().await.assert_status(303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_outlives_the_time_limits_of_requests() {
    let parts = Parts::new().settings(|settings| {
        settings.request_timeout = Duration::from_secs(2);
        settings.head_timeout = Duration::from_secs(2);
        settings.write_timeout = Duration::from_secs(2);
        settings.keep_alive = Duration::from_secs(2);
    });
    let practice = practice(parts).await;
    let mut stream = Browser::log_in(&practice, "carl@example.org").await.events().await;
    assert_eq!(timeout(Duration::from_secs(20), next(&mut stream)).await.as_deref(), Ok(":\n\n"), "the heartbeat");
    practice.add_attendance(&[event("2024-01-15T10:01:00Z", Joined, "a", account(2))]).await;
    assert!(timeout(SOON, next(&mut stream)).await.unwrap().starts_with("event: changed\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_open_pages_read_the_store_as_often_as_one() {
    let mut parts = Parts::new();
    let reads = Arc::new(RecordedReads { store: parts.store.clone(), names: Mutex::default() });
    parts.reads = Some(reads.clone());
    let practice = practice(parts).await;
    let mut streams = Vec::new();
    let mut counts = Vec::new();
    for pages in [1, 100] {
        while streams.len() < pages {
            let browser = Browser::log_in(&practice, "carl@example.org").await;
            while streams.len() < pages && streams.len() % 4 != 3 {
                streams.push(browser.events().await);
            }
            streams.push(browser.events().await);
        }
        let take = || std::mem::take(&mut *reads.names.lock().unwrap());
        take();
        tokio::time::sleep(Duration::from_secs(6)).await;
        let mut names = take();
        // Each login session is checked, however many pages it has open.
        let checks = names.iter().filter(|name| **name == "caller").count();
        names.retain(|name| *name != "caller");
        assert!(names.iter().all(|name| matches!(*name, "bookings" | "attendance")), "{names:?}");
        assert!((4..=8).contains(&names.len()), "{names:?}");
        counts.push((names.len(), checks));
    }
    let [(one, _), (hundred, checks)] = counts[..] else { panic!("{counts:?}") };
    assert!(hundred.abs_diff(one) <= 2, "one reading more or less: {one} and {hundred}");
    assert!(checks <= 26 * 4, "{checks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_therapist_has_its_own_events() {
    let practice = practice(Parts::new()).await;
    let erik = practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    assert_ne!(Some(erik), UserId::new(1));
    let carl = Browser::log_in(&practice, "carl@example.org").await;
    let (_, own) = carl.page().await;
    let theirs = own.replace("therapist=1&", &format!("therapist={erik}&"));
    let (mut own, mut theirs) = (carl.open(&own, "").await, carl.open(&theirs, "").await);
    // It shows nothing yet.
    assert!(timeout(SOON, next(&mut theirs)).await.unwrap().starts_with("event: changed\n"));
    practice.add_attendance(&[event("2024-01-15T10:01:00Z", Joined, "a", account(2))]).await;
    assert!(timeout(SOON, next(&mut own)).await.unwrap().starts_with("event: changed\n"));
    assert!(timeout(Duration::from_secs(3), next(&mut theirs)).await.is_err());
}
