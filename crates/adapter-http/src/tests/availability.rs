//! Available slots.

use attune_domain::Role;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::harness::*;

const AVAILABILITY: &str = "/api/availability";

/// Appointments of one hour without a buffer, every hour.
async fn hourly(practice: &Practice, carl: &str) {
    practice.patch("/api/admin/services/1", carl, r#"{"duration":60,"buffer":0}"#).await.assert_status(200);
    policy(practice, carl, r#""horizon_days":366,"daily_limit":null,"step_minutes":60"#).await;
}

async fn policy(practice: &Practice, carl: &str, rules: &str) {
    let terms = r#""cancellation":{"free_minutes":0,"late_refund_percent":0},"reschedule_minutes":0"#;
    let body = format!(r#"{{"notice_minutes":0,{rules},{terms},"auto_complete":false}}"#);
    practice.put("/api/admin/policy", carl, &body).await.assert_status(200);
}

async fn look(practice: &Practice, query: &str) -> Value {
    practice.get(&format!("{AVAILABILITY}{query}"), "").await.assert_status(200).json()
}

/// The start times on one date.
fn starts(availability: &Value, date: &str) -> Vec<Value> {
    availability["slots"].get(date).map(|slots| column(slots, "start")).unwrap_or_default()
}

/// A practice without rate limits, and Carl's token.
async fn practice(now: &str) -> (Practice, String) {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin_at(now).await;
    (practice, carl)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_slots_of_a_week_are_listed() {
    let (practice, carl) = practice(NOW).await;
    policy(&practice, &carl, r#""horizon_days":90,"step_minutes":60"#).await;
    practice.set_hours(&carl, "Europe/Berlin", r#""monday":[{"start":"10:00","end":"12:00"}]"#).await;
    let wanted = r#"{"timezone":"Europe/Berlin","slots":{"2024-01-15":["#.to_owned()
        + r#"{"start":"2024-01-15T10:00:00+01:00","end":"2024-01-15T10:50:00+01:00"},"#
        + r#"{"start":"2024-01-15T11:00:00+01:00","end":"2024-01-15T11:50:00+01:00"}]},"#
        + r#""next_available":"2024-01-15T10:00:00+01:00"}"#;
    for query in [
        "",
        "?from=2024-01-10",
        "?to=2024-01-15",
        "?from=2024-01-15&to=2024-01-15",
        "?service_id=1&therapist_id=1&from=2024-01-15&to=2024-01-21&timezone=Europe/Berlin",
        "?timezone=europe/berlin",
        "?timezone=&from=",
        "?from=2024-01-15T09:00:00Z&to=2024-01-15T10:00:01Z",
        "?from=2024-01-15T10:00:00%2B01:00&to=2024-01-15T11:00:01%2B01:00",
        "?from=2024-01-15T09:00:00Z",
        "?to=2024-01-16T00:00:00Z",
    ] {
        practice.get(&format!("{AVAILABILITY}{query}"), "").await.assert_body(200, &wanted);
    }
    let before = look(&practice, "?from=2024-01-15T09:00:00Z&to=2024-01-15T10:00:00Z").await;
    assert_eq!(starts(&before, "2024-01-15"), ["2024-01-15T10:00:00+01:00"], "the last instant is not in the range");
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_without_slots_are_omitted_and_the_next_slot_is_given() {
    let (practice, carl) = practice(NOW).await;
    policy(&practice, &carl, r#""horizon_days":30,"step_minutes":60"#).await;
    practice.set_hours(&carl, "Europe/Berlin", r#""monday":[{"start":"10:00","end":"11:00"}]"#).await;
    for (query, next) in [
        ("?from=2024-01-10&to=2024-01-14", Some("2024-01-15T10:00:00+01:00")),
        ("?from=2024-01-01&to=2024-01-02", Some("2024-01-15T10:00:00+01:00")),
        ("?from=2024-01-16&to=2024-01-21", Some("2024-01-22T10:00:00+01:00")),
        ("?from=2024-01-15T09:00:01Z&to=2024-01-15T09:00:01Z", Some("2024-01-22T10:00:00+01:00")),
        ("?from=2024-02-06&to=2024-02-07", None),
        ("?from=9999-12-31", None),
    ] {
        assert_members(&look(&practice, query).await, &json!({"slots": {}, "next_available": next}));
    }
    let month = look(&practice, "?from=2024-01-10&to=2024-02-09").await;
    let dates: Vec<_> = month["slots"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(dates, ["2024-01-15", "2024-01-22", "2024-01-29", "2024-02-05"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_are_in_their_own_time_zone_and_responses_in_the_requested_one() {
    let (practice, carl) = practice("2026-03-01T12:00:00Z").await;
    hourly(&practice, &carl).await;
    let day = r#"[{"start":"13:00","end":"18:00"}]"#;
    practice.set_hours(&carl, "America/New_York", &format!(r#""saturday":{day},"sunday":{day}"#)).await;
    let at = |date: &str, hours: [u32; 5], offset: &str| hours.map(|hour| format!("{date}T{hour:02}:00:00{offset}"));
    let utc = look(&practice, "?from=2026-03-07&to=2026-03-08&timezone=UTC").await;
    assert_eq!(utc["timezone"], "UTC");
    assert_eq!(starts(&utc, "2026-03-07"), at("2026-03-07", [18, 19, 20, 21, 22], "+00:00"));
    assert_eq!(starts(&utc, "2026-03-08"), at("2026-03-08", [17, 18, 19, 20, 21], "+00:00"));
    assert_eq!(utc["slots"]["2026-03-08"][4]["end"], "2026-03-08T22:00:00+00:00");
    let own = look(&practice, "?from=2026-03-07&to=2026-03-08&timezone=America/New_York").await;
    assert_eq!(starts(&own, "2026-03-07"), at("2026-03-07", [13, 14, 15, 16, 17], "-05:00"));
    assert_eq!(starts(&own, "2026-03-08"), at("2026-03-08", [13, 14, 15, 16, 17], "-04:00"));
    let tokyo = look(&practice, "?from=2026-03-09&to=2026-03-09&timezone=Asia/Tokyo").await;
    assert_eq!(starts(&tokyo, "2026-03-09"), at("2026-03-09", [2, 3, 4, 5, 6], "+09:00"), "on another date there");
    assert_eq!(tokyo["slots"].as_object().unwrap().len(), 1);
    let usual = look(&practice, "?from=2026-03-08&to=2026-03-08").await;
    assert_eq!((&usual["timezone"], starts(&usual, "2026-03-08").len()), (&"Europe/Berlin".into(), 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_local_hour_is_listed_twice() {
    let (practice, carl) = practice("2026-10-20T12:00:00Z").await;
    hourly(&practice, &carl).await;
    let long = starts(&look(&practice, "?from=2026-10-25&to=2026-10-25").await, "2026-10-25");
    assert_eq!(long.len(), 25);
    assert_eq!(long[2..4], ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]);
    practice.set_time("2027-03-25T12:00:00Z");
    let short = starts(&look(&practice, "?from=2027-03-28&to=2027-03-28").await, "2027-03-28");
    assert_eq!((short.len(), &short[2]), (23, &"2027-03-28T03:00:00+02:00".into()));
    // A month with such a day is not too long.
    let month = look(&practice, "?from=2027-03-25T00:00:00Z&to=2027-04-25T00:00:00Z").await;
    assert_eq!(month["timezone"], "Europe/Berlin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_can_be_booked_unchanged_and_is_then_taken() {
    let (practice, ada, carl) = Parts::new().without_limits().with_ada().await;
    policy(&practice, &carl, r#""horizon_days":90,"step_minutes":15"#).await;
    practice.set_hours(&carl, "Europe/Berlin", r#""monday":[{"start":"10:00","end":"13:00"}]"#).await;
    let free = starts(&look(&practice, "?timezone=Asia/Kathmandu").await, "2024-01-15");
    assert_eq!(free.len(), 9);
    assert_eq!(free[4], "2024-01-15T15:45:00+05:45");
    let held = practice.book(&ada, free[4].as_str().unwrap()).await;
    assert_eq!(held["scheduled_at"], "2024-01-15T10:00:00Z");
    // 50 minutes and a buffer of 10 are taken, and no other buffer may overlap them.
    let left = starts(&look(&practice, "").await, "2024-01-15");
    assert_eq!(left, ["2024-01-15T10:00:00+01:00", "2024-01-15T12:00:00+01:00"]);
    assert_eq!(look(&practice, "?from=2024-01-16").await["next_available"], "2024-01-22T10:00:00+01:00");
    practice.advance(SignedDuration::from_mins(16));
    assert_eq!(starts(&look(&practice, "").await, "2024-01-15").len(), 9, "the hold is over");
    let bob = practice.client("Bob").await;
    practice.book(&bob, free[0].as_str().unwrap()).await;
    practice.pay(2).await;
    practice.advance(SignedDuration::from_mins(16));
    assert_eq!(starts(&look(&practice, "").await, "2024-01-15").len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_therapist_and_each_service_has_its_own_slots() {
    let (practice, carl) = practice(NOW).await;
    practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    let erik = practice.token("erik@example.org").await;
    policy(&practice, &carl, r#""horizon_days":90,"step_minutes":60"#).await;
    practice.set_hours(&carl, "Europe/Berlin", r#""monday":[{"start":"10:00","end":"12:00"}]"#).await;
    practice.set_hours(&erik, "Europe/Berlin", r#""tuesday":[{"start":"10:00","end":"12:00"}]"#).await;
    let long = practice.post("/api/admin/services", &carl, r#"{"name":"Long","duration":120,"amount":0}"#).await;
    long.assert_status(201);
    for (query, wanted) in [
        ("", vec![("2024-01-15", 2)]),
        ("?therapist_id=1", vec![("2024-01-15", 2)]),
        ("?therapist_id=2", vec![("2024-01-16", 2)]),
        ("?service_id=2", vec![("2024-01-15", 1)]),
        ("?service_id=2&therapist_id=2", vec![("2024-01-16", 1)]),
    ] {
        let availability = look(&practice, query).await;
        let slots = availability["slots"].as_object().unwrap();
        let found: Vec<_> = slots.iter().map(|(d, s)| (d.as_str(), s.as_array().unwrap().len())).collect();
        assert_eq!(found, wanted, "{query}");
    }
    practice.patch("/api/admin/users/2", &carl, r#"{"disabled":true}"#).await.assert_status(200);
    practice.get("/api/availability?therapist_id=2", "").await.assert_invalid("therapist_id", "unknown_therapist");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_queries_say_why() {
    let (practice, ..) = Parts::new().without_limits().with_ada().await;
    let rows: Invalid<'_> = &[
        ("service_id", "unknown_service", &["service_id=9"]),
        ("service_id", "out_of_range", &["service_id=0"]),
        ("service_id", "wrong_type", &["service_id=one", "service_id=01"]),
        ("therapist_id", "unknown_therapist", &["therapist_id=9", "therapist_id=2"]),
        ("timezone", "invalid_timezone", &["timezone=Mars/Olympus", "timezone=../etc/passwd", "timezone=%2B01:00"]),
        ("from", "invalid_timestamp", &["from=tomorrow", "from=2024-02-30", "from=2024-1-15", "from=20240115"]),
        ("to", "invalid_timestamp", &["to=2024-01-15T10:00:00", "to=2024-01-15T10:00:00+01:00"]),
        ("to", "range_mixed", &["from=2024-01-15&to=2024-01-16T00:00:00Z", "from=2024-01-15T00:00:00Z&to=2024-01-16"]),
        ("to", "invalid_range", &["from=2024-01-15&to=2024-01-14", "to=2024-01-09", "to=2024-01-10T07:59:59Z"]),
        ("to", "invalid_range", &["from=2024-01-15T00:00:00Z&to=2024-01-14T23:59:59Z"]),
        ("to", "range_too_long", &["from=2024-01-10&to=2024-02-10", "to=2024-02-10"]),
        ("to", "range_too_long", &["from=2024-01-10T00:00:00Z&to=2024-02-10T00:00:01Z"]),
        ("from", "duplicate_field", &["from=2024-01-15&from=2024-01-15"]),
        ("date", "unknown_field", &["date=2024-01-15"]),
    ];
    practice.assert_invalid_queries(AVAILABILITY, "", rows).await;
    for far in ["from=9999-12-31T23:59:59Z", "from=9999-12-31", "from=9999-12-31&to=9999-12-31"] {
        practice
            .get(&format!("{AVAILABILITY}?{far}"), "")
            .await
            .assert_status(200)
            .assert_members(&json!({"slots": {}}));
    }
    let both = practice.get("/api/availability?from=x&service_id=x", "").await;
    assert_eq!(both.errors().len(), 2, "all errors are reported at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_practice_without_services_accepts_no_bookings() {
    let (practice, carl) = practice(NOW).await;
    practice.patch("/api/admin/services/1", &carl, r#"{"active":false}"#).await.assert_status(200);
    practice.get(AVAILABILITY, "").await.assert_problem(409, "practice_not_configured");
    practice.get("/api/availability?service_id=1", "").await.assert_problem(422, "unknown_service");
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_are_limited_by_network() {
    let practice = Parts::new().settings(|s| s.limits.availability_per_minute = 2).open().await;
    for query in ["", "?from=nonsense"] {
        assert_ne!(practice.get(&format!("{AVAILABILITY}{query}"), "").await.status, 429);
    }
    let limited = practice.get(AVAILABILITY, "").await;
    assert_eq!(limited.assert_problem(429, "too_many_requests").header("retry-after"), Some("60"));
    practice.advance(SignedDuration::from_secs(60));
    practice.get(AVAILABILITY, "").await.assert_status(200);
}
