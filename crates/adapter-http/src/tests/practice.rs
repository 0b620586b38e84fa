//! Services, working hours, schedule exceptions and the policy.

use attune_domain::{ChangeTerms, Money, Role, Service};
use attune_ports::Provider;
use reqwest::Method;
use serde_json::json;

use super::harness::*;

const SERVICES: &str = "/api/admin/services";
const SCHEDULE: &str = "/api/admin/schedule";
const TIME_OFF: &str = "/api/admin/time-off";
const POLICY: &str = "/api/admin/policy";

/// Another policy than that of a new practice.
const RULES: &str = concat!(
    r#"{"notice_minutes":120,"horizon_days":60,"daily_limit":2,"step_minutes":30,"#,
    r#""cancellation":{"free_minutes":2880,"late_refund_percent":50},"cancel_grace_period_minutes":0,"#,
    r#""reschedule_minutes":720,"auto_complete":true}"#
);

/// A JSON object with the member `version` at its end.
pub(super) fn with_version(object: &str, version: u64) -> String {
    let members = object.strip_suffix('}').expect("an object");
    format!(r#"{members},"version":{version}}}"#)
}

impl Practice {
    /// The times in Berlin at which sessions can start on a date.
    pub(crate) async fn free_on(&self, date: &str) -> Vec<String> {
        let list = self.get(&format!("/api/availability?from={date}&to={date}"), "").await.json();
        let slots = list["slots"][date].as_array().cloned().unwrap_or_default();
        slots.iter().map(|slot| slot["start"].as_str().unwrap()[11..16].to_owned()).collect()
    }

    /// Sets the therapist's working hours.
    pub(crate) async fn set_hours(&self, token: &str, zone: &str, hours: &str) {
        let body = format!(r#"{{"timezone":"{zone}","hours":{{{hours}}}}}"#);
        self.put(SCHEDULE, token, &body).await.assert_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_created_updated_and_deactivated() {
    let (practice, ada, carl) = Parts::new().without_limits().with_ada().await;
    let body = r#"{"name":" First\u202e  session ","description":"By video.\r\nBring\ttea.\n","duration":80,"#
        .to_owned()
        + r#""buffer":15,"amount":120.5,"currency":"EUR"}"#;
    let added = practice.post(SERVICES, &carl, &body).await;
    let second =
        r#"{"id":2,"name":"First session","description":"By video.\nBring tea.","duration":80,"amount":120.50,"#
            .to_owned()
            + r#""currency":"EUR","buffer":15,"active":true,"translations":{},"version":1}"#;
    added.assert_body(201, &second);
    let first = r#"{"id":1,"name":"Session","description":"Fifty minutes by video.","duration":50,"amount":100.00,"#
        .to_owned()
        + r#""currency":"EUR","buffer":10,"active":true,"translations":{}}"#;
    let all = format!(r#"{{"services":[{},{second}]}}"#, with_version(&first, 1));
    practice.get(SERVICES, &carl).await.assert_body(200, &all);
    let small = practice.post(SERVICES, &carl, r#"{"name":"Talk","duration":15,"amount":0}"#).await;
    small.assert_members(&json!({"buffer": 0, "currency": "EUR", "description": ""}));

    let withdrawn = practice.patch("/api/admin/services/1", &carl, r#"{"active":false}"#).await;
    withdrawn.assert_body(200, &with_version(&first.replace("true", "false"), 2));
    let open = practice.get("/api/services", "").await;
    open.assert_lacks(&["buffer", "active", "translations"]);
    assert_eq!(column(&open.json()["services"], "id"), [2, 3]);
    let body = format!(r#"{{"scheduled_at":"{SLOT}","service_id":1}}"#);
    practice.post("/api/bookings", &ada, &body).await.assert_invalid("service_id", "unknown_service");
    assert_eq!(practice.book(&ada, SLOT).await["service_id"], 2, "the first that can be booked");

    let body = r#"{"name":"Last session","description":null,"duration":90,"buffer":0,"amount":0.01,"active":true}"#;
    let changed = practice.patch("/api/admin/services/2", &carl, body).await;
    let wanted = r#"{"id":2,"name":"Last session","description":"","duration":90,"amount":0.01,"currency":"EUR","#;
    let wanted = format!(r#"{wanted}"buffer":0,"active":true,"translations":{{}}}}"#);
    changed.assert_body(200, &with_version(&wanted, 2));
    practice.patch("/api/admin/services/2", &carl, "{}").await.assert_body(200, &with_version(&wanted, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_services_are_translated() {
    let (practice, _, carl) = Parts::new().without_limits().with_ada().await;
    let body = json!({"name": "Talk", "duration": 15, "amount": 0, "translations": {
        "de": {"name": " Gespräch ", "description": "Per Video."}, "fr": {"description": "En vidéo."}, "es": {},
    }});
    let added = practice.post(SERVICES, &carl, &body.to_string()).await;
    let translations = json!({
        "de": {"name": "Gespräch", "description": "Per Video."}, "fr": {"name": null, "description": "En vidéo."},
    });
    added.assert_status(201);
    assert_eq!(added.json()["translations"], translations);
    let path = format!("{SERVICES}/{}", added.json()["id"]);
    let kept = practice.patch(&path, &carl, r#"{"amount":1}"#).await;
    assert_eq!(kept.json()["translations"], translations);
    let replaced = practice.patch(&path, &carl, r#"{"translations":{"es":{"name":"Charla"}}}"#).await;
    assert_eq!(replaced.json()["translations"], json!({"es": {"name": "Charla", "description": null}}));
    for (translations, field, code) in [
        (json!({"it": {"name": "Colloquio"}}), "translations.it", "unknown_field"),
        (json!({"de": {"name": " "}}), "translations.de.name", "required"),
        (json!({"de": {"name": "x".repeat(101)}}), "translations.de.name", "too_long"),
        (json!({"de": {"description": "x".repeat(501)}}), "translations.de.description", "too_long"),
    ] {
        let refused = practice.patch(&path, &carl, &json!({"translations": translations}).to_string()).await;
        refused.assert_invalid(field, code);
    }
    let cleared = practice.patch(&path, &carl, r#"{"translations":null}"#).await;
    assert_eq!(cleared.json()["translations"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_the_provider_can_never_charge_is_refused() {
    let practice = Parts::new().without_limits().provider(Provider::Stripe).open().await;
    let carl = practice.admin().await;
    let kwd = Money::new(12_340, "KWD".parse().unwrap()).unwrap();
    practice
        .write(async |work| {
            let service = work.default_service().await.unwrap().unwrap();
            work.save_service(&Service { price: kwd, ..service }).await.unwrap();
        })
        .await;
    for amount in ["12.345", "0.001", "12.341"] {
        let new = format!(r#"{{"name":"a","duration":50,"amount":{amount}}}"#);
        let replies = [
            practice.post(SERVICES, &carl, &new).await,
            practice.patch("/api/admin/services/1", &carl, &format!(r#"{{"amount":{amount}}}"#)).await,
        ];
        for reply in replies {
            reply.assert_invalid("amount", "invalid_amount");
            reply.assert_members(&json!({"detail": "The payment provider charges multiples of 0.010 KWD only."}));
        }
    }
    for amount in ["12.35", "12.340", "0", "7"] {
        let changed = practice.patch("/api/admin/services/1", &carl, &format!(r#"{{"amount":{amount}}}"#)).await;
        changed.assert_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_service_says_why() {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin().await;
    let valid = r#"{"name":"a","duration":50,"amount":1}"#;
    let (long_name, long_text) = (format!("\"{}\"", "n".repeat(101)), format!("\"{}\"", "d".repeat(501)));
    let rows: Invalid<'_> = &[
        ("name", "required", &["", r#"" \u200b ""#]),
        ("name", "invalid_characters", &[r#""a\nb""#]),
        ("name", "too_long", &[&long_name]),
        ("description", "too_long", &[&long_text]),
        ("description", "invalid_characters", &[r#""\u0000""#]),
        ("duration", "required", &[""]),
        ("duration", "out_of_range", &["0", "721", "99999999999999999999"]),
        ("duration", "wrong_type", &[r#""50""#]),
        ("buffer", "out_of_range", &["-1", "721"]),
        ("amount", "required", &[""]),
        ("amount", "wrong_type", &[r#""1""#]),
        ("amount", "invalid_amount", &["-1", "1.001", "1e2", "10000000000.01"]),
        ("currency", "invalid_currency", &[r#""eur""#, r#""Euro""#]),
        ("currency", "currency_mismatch", &[r#""USD""#]),
        ("active", "unknown_field", &["false"]),
    ];
    practice.assert_invalid_values(Method::POST, SERVICES, &carl, valid, rows).await;
    for (body, detail) in [
        (r#"{"name":"a","duration":0,"amount":1}"#, "The value must be between 1 and 720."),
        (r#"{"name":"a","duration":50,"amount":1,"currency":"USD"}"#, "The practice's currency is EUR."),
    ] {
        practice.post(SERVICES, &carl, body).await.assert_members(&json!({"detail": detail}));
    }
    let rows: Invalid<'_> = &[
        ("name", "required", &["null", r#""""#]),
        ("duration", "out_of_range", &["0"]),
        ("amount", "invalid_amount", &["1.001"]),
        ("active", "wrong_type", &["1"]),
        ("currency", "unknown_field", &[r#""USD""#]),
    ];
    practice.assert_invalid_values(Method::PATCH, "/api/admin/services/1", &carl, "{}", rows).await;
    for (id, status, code) in [("9", 404, "service_not_found"), ("0", 400, "invalid_id"), ("x", 400, "invalid_id")] {
        for body in ["{}", r#"{"amount":5}"#] {
            practice.patch(&format!("{SERVICES}/{id}"), &carl, body).await.assert_problem(status, code);
        }
    }
    assert_eq!(practice.get(SERVICES, &carl).await.json()["services"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn existing_bookings_are_not_affected_by_changes_of_the_practice() {
    let (practice, ada, carl) = Parts::new().without_limits().with_ada().await;
    practice.book(&ada, SLOT).await;
    let terms = || practice.write(async |work| work.booking(FIRST).await.unwrap().unwrap().terms());
    let before = practice.get("/api/bookings/1", &ada).await.text;
    let service = r#"{"duration":90,"buffer":60,"amount":500,"active":false}"#;
    practice.patch("/api/admin/services/1", &carl, service).await.assert_status(200);
    practice.set_hours(&carl, "Europe/Berlin", "").await;
    let closed = r#"{"kind":"closed_dates","first_date":"2024-01-15","last_date":"2024-01-15"}"#;
    practice.post(TIME_OFF, &carl, closed).await.assert_status(201);
    practice.put(POLICY, &carl, RULES).await.assert_status(200);
    practice.get("/api/bookings/1", &ada).await.assert_body(200, &before);
    assert_eq!(terms().await, ChangeTerms::default());
    practice.pay(1).await;
    let wanted = json!({
        "scheduled_at": SLOT, "status": "scheduled", "duration": 50, "amount": 100.0, "payment_status": "succeeded",
    });
    practice.get("/api/bookings/1", &ada).await.assert_members(&wanted);

    practice.patch("/api/admin/services/1", &carl, r#"{"active":true}"#).await.assert_status(200);
    practice.set_hours(&carl, "Europe/Berlin", r#""monday":[{"start":"10:00","end":"18:00"}]"#).await;
    let booked = practice.book(&practice.client("Bob").await, "2024-01-22T10:00:00Z").await;
    assert_members(&booked, &json!({"duration": 90, "amount": 500.0}));
}

#[tokio::test(flavor = "multi_thread")]
async fn working_hours_are_replaced_as_a_whole() {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin().await;
    let usual = practice.get(SCHEDULE, &carl).await.json();
    assert_members(&usual, &json!({"therapist_id": 1, "is_default": true, "version": 0}));
    assert_eq!(usual["hours"]["sunday"], json!([{"start": "00:00", "end": "24:00"}]));
    let body = r#"{"timezone":"Europe/Zurich","hours":{"sunday":[],"monday":[{"start":"13:00","end":"24:00"},"#
        .to_owned()
        + r#"{"end":"12:00","start":"09:00"},{"start":"12:00","end":"13:00"}]}}"#;
    let set = practice.put(SCHEDULE, &carl, &body).await;
    let wanted = r#"{"therapist_id":1,"timezone":"Europe/Zurich","hours":{"monday":[{"start":"09:00","end":"12:00"},"#
        .to_owned()
        + r#"{"start":"12:00","end":"13:00"},{"start":"13:00","end":"24:00"}],"tuesday":[],"wednesday":[],"#
        + r#""thursday":[],"friday":[],"saturday":[],"sunday":[]},"is_default":false,"version":1}"#;
    set.assert_body(200, &wanted);
    practice.get(SCHEDULE, &carl).await.assert_body(200, &wanted);
    practice.get("/api/admin/schedule?therapist_id=1", &carl).await.assert_body(200, &wanted);

    practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    let other = practice.get("/api/admin/schedule?therapist_id=2", &carl).await;
    other.assert_members(&json!({"therapist_id": 2, "is_default": true}));
    let off = practice.put(SCHEDULE, &carl, r#"{"therapist_id":2,"timezone":"UTC","hours":{}}"#).await;
    off.assert_members(&json!({"therapist_id": 2, "is_default": false}));
    // A week off is not the usual week, and Carl's hours stay.
    practice.get("/api/availability?therapist_id=2", "").await.assert_members(&json!({"next_available": null}));
    practice.get(SCHEDULE, &carl).await.assert_body(200, &wanted);

    let ada = practice.client("Ada").await;
    let early = practice.post("/api/bookings", &ada, &slot("2024-01-15T07:45:00Z")).await;
    early.assert_invalid("scheduled_at", "outside_hours");
    practice.book(&ada, "2024-01-15T08:00:00Z").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_working_hours_say_why_and_where() {
    let (practice, _, carl) = Parts::new().without_limits().with_ada().await;
    let minutes = |count: u16| {
        let all = (0..count).map(|n| format!(r#"{{"start":"00:{n:02}","end":"00:{:02}"}}"#, n + 1));
        all.collect::<Vec<_>>().join(",")
    };
    let monday = |intervals: &str| format!(r#"{{"monday":[{intervals}]}}"#);
    let interval = |start: &str, end: &str| monday(&format!(r#"{{"start":"{start}","end":"{end}"}}"#));
    let (morning, overlapping) = (r#"{"start":"09:00","end":"12:00"}"#, r#"{"start":"11:59","end":"13:00"}"#);
    practice.set_hours(&carl, "UTC", &format!(r#""monday":[{}]"#, minutes(42))).await;
    let too_many = format!(r#"{{"monday":[{}],"sunday":[{}]}}"#, minutes(42), minutes(1));
    let rows: Invalid<'_> = &[
        ("timezone", "required", &["", r#""""#]),
        ("timezone", "invalid_timezone", &[r#""Mars/Olympus""#, r#""+01:00""#]),
        ("hours", "required", &["", "null"]),
        ("hours", "wrong_type", &["[]"]),
        ("hours.mondey", "unknown_field", &[r#"{"mondey":[]}"#]),
        ("hours.Monday", "unknown_field", &[r#"{"Monday":[]}"#]),
        ("hours.monday", "duplicate_field", &[r#"{"monday":[],"monday":[]}"#]),
        ("is_default", "unknown_field", &["false"]),
        ("therapist_id", "unknown_therapist", &["2", "9"]),
        ("hours.monday", "wrong_type", &[&format!(r#"{{"monday":{morning}}}"#)]),
        ("hours.monday[0]", "wrong_type", &[&monday(r#""09:00-12:00""#), &monday("null")]),
        ("hours.monday[0].end", "required", &[&monday(r#"{"start":"09:00"}"#)]),
        ("hours.monday[0].start", "wrong_type", &[&monday(r#"{"start":9,"end":"12:00"}"#)]),
        ("hours.monday[0].start", "invalid_time", &[&interval("9:00", "12:00"), &interval("09:00:00", "12:00")]),
        ("hours.monday[0].end", "invalid_time", &[&interval("09:00", "24:01"), &interval("09:00", "12:60")]),
        ("hours.monday[0].end", "invalid_range", &[&interval("09:00", "09:00"), &interval("22:00", "02:00")]),
        ("hours.monday[0].note", "unknown_field", &[&monday(&morning.replace('}', r#","note":1}"#))]),
        ("hours.monday", "overlapping_hours", &[&monday(&format!("{morning},{overlapping}"))]),
        ("hours.monday", "overlapping_hours", &[&monday(&format!("{morning},{morning}"))]),
        ("hours", "too_many_intervals", &[&too_many]),
    ];
    let valid = r#"{"timezone":"UTC","hours":{}}"#;
    practice.assert_invalid_values(Method::PUT, SCHEDULE, &carl, valid, rows).await;
    let many = format!(r#"{{"timezone":"UTC","hours":{}}}"#, monday(&vec!["{}"; 5_000].join(",")));
    let reply = practice.put(SCHEDULE, &carl, &many).await;
    assert_eq!(reply.assert_status(422).errors().len(), 50, "the response stays small");
    let queries: Invalid<'_> = &[
        ("therapist_id", "unknown_therapist", &["therapist_id=9", "therapist_id=2"]),
        ("therapist_id", "out_of_range", &["therapist_id=0"]),
    ];
    practice.assert_invalid_queries(SCHEDULE, &carl, queries).await;
    let stored = practice.get(SCHEDULE, &carl).await.json();
    assert_eq!(stored["hours"]["monday"].as_array().unwrap().len(), 42, "rejected requests change nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn exceptions_close_dates_and_add_hours() {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin().await;
    let policy = RULES.replace("30,", "60,").replace(r#""daily_limit":2"#, r#""daily_limit":null"#);
    practice.put(POLICY, &carl, &policy).await.assert_status(200);
    practice.set_hours(&carl, "Europe/Berlin", r#""monday":[{"start":"10:00","end":"14:00"}]"#).await;
    assert_eq!(practice.free_on("2024-01-15").await, ["10:00", "11:00", "12:00", "13:00"]);
    let mut stored = Vec::new();
    for (body, response, date, free) in [
        (
            r#"{"kind":"closed","from":"2024-01-15T11:00:00.25+01:00","to":"2024-01-15T11:30:00Z"}"#,
            r#"{"kind":"closed","id":1,"therapist_id":1,"from":"2024-01-15T10:00:00Z","to":"2024-01-15T11:30:00Z","#,
            "2024-01-15",
            &["10:00", "13:00"][..],
        ),
        (
            r#"{"kind":"extra_hours","date":"2024-01-20","start":"22:00","end":"24:00"}"#,
            r#"{"kind":"extra_hours","id":2,"therapist_id":1,"date":"2024-01-20","start":"22:00","end":"24:00","#,
            "2024-01-20",
            &["22:00", "23:00"],
        ),
        (
            r#"{"therapist_id":1,"kind":"closed_dates","first_date":"2024-01-15","last_date":"2024-01-20"}"#,
            r#"{"kind":"closed_dates","id":3,"therapist_id":1,"first_date":"2024-01-15","last_date":"2024-01-20","#,
            "2024-01-15",
            &[],
        ),
    ] {
        let response = format!(r#"{response}"note":null,"created_at":"2024-01-10T08:00:00Z""#);
        practice.post(TIME_OFF, &carl, body).await.assert_body(201, &format!(r#"{response},"conflicts":[]}}"#));
        assert_eq!(practice.free_on(date).await, free, "{body}");
        stored.push(format!("{response}}}"));
    }
    assert!(practice.free_on("2024-01-20").await.is_empty());
    assert_eq!(practice.free_on("2024-01-22").await.len(), 4);

    practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    let others = r#"{"therapist_id":2,"kind":"closed_dates","first_date":"2024-01-15","last_date":"2024-01-15"}"#;
    practice.post(TIME_OFF, &carl, others).await.assert_members(&json!({"therapist_id": 2}));
    for (query, ids) in [("", vec![1, 2, 3, 4]), ("?therapist_id=2", vec![4]), ("?therapist_id=9", vec![])] {
        let list = practice.get(&format!("{TIME_OFF}{query}"), &carl).await.json();
        assert_eq!(column(&list["schedule_exceptions"], "id"), ids, "{query}");
    }
    let own = format!(r#"{{"schedule_exceptions":[{}]}}"#, stored.join(","));
    practice.get("/api/admin/time-off?therapist_id=1", &carl).await.assert_body(200, &own);

    practice.delete("/api/admin/time-off/3", &carl).await.assert_body(204, "");
    assert_eq!(practice.free_on("2024-01-15").await, ["10:00", "13:00"]);
    for (id, status, code) in [
        ("3", 404, "time_off_not_found"),
        ("0", 400, "invalid_id"),
        ("x", 400, "invalid_id"),
        ("1?force=1", 422, "unknown_field"),
    ] {
        practice.delete(&format!("{TIME_OFF}/{id}"), &carl).await.assert_problem(status, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_exception_says_why() {
    let (practice, _, carl) = Parts::new().without_limits().with_ada().await;
    let dates =
        |first: &str, last: &str| format!(r#"{{"kind":"closed_dates","first_date":"{first}","last_date":"{last}"}}"#);
    let closed = |from: &str, to: &str| format!(r#"{{"kind":"closed","from":"{from}","to":"{to}"}}"#);
    let extra = |date: &str, start: &str, end: &str| {
        format!(r#"{{"kind":"extra_hours","date":"{date}","start":"{start}","end":"{end}"}}"#)
    };
    let (noon, day) = ("2024-01-15T12:00:00Z", "2024-01-15");
    let more = |field: &str| dates(day, day).replace('}', &format!(",{field}}}"));
    let rows: Invalid<'_> = &[
        ("kind", "required", &[r#"{"first_date":"2024-01-15","last_date":"2024-01-15"}"#]),
        ("kind", "invalid_value", &[r#"{"kind":"holiday","date":"2024-01-15"}"#]),
        ("last_date", "required", &[r#"{"kind":"closed_dates","first_date":"2024-01-15"}"#]),
        ("last_date", "invalid_range", &[&dates(day, "2024-01-14")]),
        ("first_date", "invalid_date", &[&dates("2024-02-30", "2024-03-01")]),
        ("first_date", "invalid_date", &[&dates("2024-01-15T00:00:00Z", "2024-03-01")]),
        ("last_date", "invalid_date", &[&dates(day, "15.01.2024")]),
        ("to", "required", &[r#"{"kind":"closed","from":"2024-01-15T12:00:00Z"}"#]),
        ("to", "invalid_range", &[&closed(noon, noon), &closed(noon, "2024-01-15T12:00:00.9Z")]),
        ("to", "invalid_range", &[&closed(noon, "2024-01-15T11:00:00Z")]),
        ("from", "invalid_timestamp", &[&closed(day, "2024-01-16T00:00:00Z"), &closed("2024-01-15T12:00:00", noon)]),
        ("end", "invalid_range", &[&extra(day, "12:00", "12:00"), &extra(day, "12:00", "10:00")]),
        ("end", "invalid_time", &[&extra(day, "12:00", "25:00")]),
        ("date", "invalid_date", &[&extra("tomorrow", "12:00", "13:00")]),
        ("end", "required", &[r#"{"kind":"extra_hours","date":"2024-01-15","start":"12:00"}"#]),
        ("start", "unknown_field", &[&more(r#""start":"12:00""#)]),
        ("therapist_id", "unknown_therapist", &[&more(r#""therapist_id":2"#)]),
        ("therapist_id", "wrong_type", &[&more(r#""therapist_id":"1""#)]),
    ];
    practice.assert_invalid_bodies(Method::POST, TIME_OFF, &carl, rows).await;
    practice.get(TIME_OFF, &carl).await.assert_body(200, r#"{"schedule_exceptions":[]}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_is_replaced_as_a_whole_and_applies_to_new_bookings() {
    let (practice, ada, carl) = Parts::new().without_limits().with_ada().await;
    let usual = r#"{"notice_minutes":0,"horizon_days":366,"daily_limit":null,"step_minutes":15,"#.to_owned()
        + r#""cancellation":{"free_minutes":1440,"late_refund_percent":0},"cancel_grace_period_minutes":3,"reschedule_minutes":1440,"#
        + r#""auto_complete":false}"#;
    practice.get(POLICY, &carl).await.assert_body(200, &with_version(&usual, 0));
    let changed = with_version(RULES, 1);
    practice.put(POLICY, &carl, RULES).await.assert_body(200, &changed);
    practice.get(POLICY, &carl).await.assert_body(200, &changed);

    // It is 9 in Berlin: two hours' notice, start times every half hour.
    assert_eq!(practice.free_on("2024-01-10").await[..3], ["11:00", "11:30", "12:00"]);
    for (at, code) in
        [("2024-01-10T09:30:00Z", "insufficient_notice"), ("2024-03-20T10:00:00Z", "beyond_booking_horizon")]
    {
        practice.post("/api/bookings", &ada, &slot(at)).await.assert_invalid("scheduled_at", code);
    }
    practice.book(&ada, SLOT).await;
    practice.book(&ada, "2024-01-15T12:00:00Z").await;
    assert!(practice.free_on("2024-01-15").await.is_empty(), "two a day are enough");
    let third = practice.post("/api/bookings", &ada, &slot("2024-01-15T14:00:00Z")).await;
    third.assert_problem(409, "daily_limit_reached");

    // A limit that is left out is none.
    let open = practice.put(POLICY, &carl, &RULES.replace(r#""daily_limit":2,"#, "")).await;
    open.assert_members(&json!({"daily_limit": null}));
    assert!(!practice.free_on("2024-01-15").await.is_empty());
    // A grace period that is left out is the usual one.
    let usual = practice.put(POLICY, &carl, &RULES.replace(r#""cancel_grace_period_minutes":0,"#, "")).await;
    usual.assert_members(&json!({"cancel_grace_period_minutes": 3}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_policy_says_why() {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin().await;
    let terms = |free: &str, percent: &str| format!(r#"{{"free_minutes":{free},"late_refund_percent":{percent}}}"#);
    let rows: Invalid<'_> = &[
        ("notice_minutes", "out_of_range", &["-1", "86400", "527040"]),
        ("notice_minutes", "wrong_type", &["1.5"]),
        ("notice_minutes", "required", &[""]),
        ("horizon_days", "out_of_range", &["0", "367"]),
        ("horizon_days", "required", &[""]),
        ("daily_limit", "out_of_range", &["0", "1441"]),
        ("daily_limit", "wrong_type", &[r#""2""#]),
        ("step_minutes", "out_of_range", &["4", "1441"]),
        ("step_minutes", "required", &["null"]),
        ("cancellation.free_minutes", "out_of_range", &[&terms("43201", "50")]),
        ("cancellation.free_minutes", "required", &[r#"{"late_refund_percent":50}"#]),
        ("cancellation.late_refund_percent", "out_of_range", &[&terms("2880", "101"), &terms("2880", "-1")]),
        ("cancellation.x", "unknown_field", &[&terms("2880", r#"50,"x":1"#)]),
        ("cancellation", "wrong_type", &["50"]),
        ("cancellation", "required", &[""]),
        ("cancel_grace_period_minutes", "out_of_range", &["-1", "1441"]),
        ("cancel_grace_period_minutes", "wrong_type", &["\"3\"", "0.5"]),
        ("reschedule_minutes", "out_of_range", &["43201"]),
        ("reschedule_minutes", "required", &[""]),
        ("auto_complete", "wrong_type", &["1"]),
        ("auto_complete", "required", &[""]),
        ("x", "unknown_field", &["1"]),
    ];
    practice.assert_invalid_values(Method::PUT, POLICY, &carl, RULES, rows).await;
    let all = practice.put(POLICY, &carl, "{}").await;
    assert_eq!(all.errors().len(), 6, "all missing fields are reported at once");
    let notice = practice.put(POLICY, &carl, &RULES.replace(":120,", ":86400,")).await;
    notice.assert_members(&json!({"detail": "The notice must be shorter than the booking horizon."}));
    practice.get(POLICY, &carl).await.assert_members(&json!({"horizon_days": 366}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_editors_is_refused() {
    let (practice, _, carl) = Parts::new().without_limits().with_ada().await;
    for (method, path, shown, changes) in [
        (Method::PATCH, "/api/admin/services/1", SERVICES, r#"{"buffer":5}"#),
        (Method::PUT, SCHEDULE, SCHEDULE, r#"{"timezone":"UTC","hours":{}}"#),
        (Method::PUT, POLICY, POLICY, RULES),
        (Method::PATCH, "/api/admin/practice", "/api/admin/practice", r#"{"phone":"030 1234"}"#),
        (Method::PATCH, "/api/admin/users/2", "/api/admin/users/2", r#"{"last_name":"Smith"}"#),
    ] {
        let edit = async |body: &str| practice.request(method.clone(), path).token(&carl).json(body).send().await;
        let before = practice.get(shown, &carl).await.json();
        let loaded = before.pointer("/version").or(before.pointer("/services/0/version")).unwrap().as_u64().unwrap();
        edit(&with_version(changes, loaded)).await.assert_status(200).assert_members(&json!({"version": loaded + 1}));
        let first = practice.get(shown, &carl).await.text;
        edit(&with_version(changes, loaded)).await.assert_problem(409, "version_conflict");
        practice.get(shown, &carl).await.assert_body(200, &first);
        edit(&with_version(changes, loaded + 1)).await.assert_members(&json!({"version": loaded + 2}));
        edit(changes).await.assert_members(&json!({"version": loaded + 3}));
        edit(&with_version(changes, 1 << 32)).await.assert_invalid("version", "out_of_range");
    }
}
