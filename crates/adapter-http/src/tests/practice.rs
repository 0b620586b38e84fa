//! Services, working hours, schedule exceptions and the policy.

use attune_domain::{BookingId, ChangeTerms, Role};
use attune_ports::Store;

use super::harness::*;

const POLICY: &str = r#"{"notice_minutes":120,"horizon_days":60,"daily_limit":2,"step_minutes":30,"#;
const TERMS: &str = r#""cancellation":{"free_minutes":2880,"late_refund_percent":50},"reschedule_minutes":720,"#;

async fn free_on(practice: &Practice, date: &str) -> Vec<String> {
    let answer = practice.get(&format!("/api/availability?from={date}&to={date}"), "").await.json();
    let slots = answer["slots"][date].as_array().cloned().unwrap_or_default();
    slots.iter().map(|slot| slot["start"].as_str().unwrap()[11..16].to_owned()).collect()
}

async fn set_week(practice: &Practice, carl: &str, hours: &str) {
    let body = format!(r#"{{"timezone":"Europe/Berlin","hours":{{{hours}}}}}"#);
    let set = practice.put("/api/admin/schedule", carl, &body).await;
    assert_eq!(set.status, 200, "{}", set.text);
}

fn one(field: &str, code: &str) -> Vec<(String, String)> {
    vec![(field.to_owned(), code.to_owned())]
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_created_updated_and_deactivated() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let body = r#"{"name":" First\u202e  session ","description":"By video.\r\nBring\ttea.\n","duration":80,"#
        .to_owned()
        + r#""buffer":15,"amount":120.5,"currency":"EUR"}"#;
    let added = practice.post("/api/admin/services", &carl, &body).await;
    let second =
        r#"{"id":2,"name":"First session","description":"By video.\nBring tea.","duration":80,"amount":120.50,"#
            .to_owned()
            + r#""currency":"EUR","buffer":15,"active":true}"#;
    assert_eq!((added.status.as_u16(), added.text), (201, second.clone()));
    let first = r#"{"id":1,"name":"Session","description":"Fifty minutes by video.","duration":50,"amount":100.00,"#
        .to_owned()
        + r#""currency":"EUR","buffer":10,"active":true}"#;
    let all = practice.get("/api/admin/services", &carl).await;
    assert_eq!(all.text, format!(r#"{{"services":[{first},{second}]}}"#));
    let small = practice.post("/api/admin/services", &carl, r#"{"name":"Talk","duration":15,"amount":0}"#).await.json();
    assert_eq!((&small["buffer"], &small["currency"], &small["description"]), (&0.into(), &"EUR".into(), &"".into()));

    let withdrawn = practice.patch("/api/admin/services/1", &carl, r#"{"active":false}"#).await;
    assert_eq!(withdrawn.text, first.replace("true", "false"));
    let open = practice.get("/api/services", "").await;
    assert!(!open.text.contains("buffer") && !open.text.contains("active"), "{}", open.text);
    let ids: Vec<_> = open.json()["services"].as_array().unwrap().iter().map(|s| s["id"].clone()).collect();
    assert_eq!(ids, [2, 3]);
    let body = format!(r#"{{"scheduled_at":"{SLOT}","service_id":1}}"#);
    assert_eq!(practice.post("/api/bookings", &ada, &body).await.errors(), one("service_id", "unknown_service"));
    assert_eq!(practice.book(&ada, SLOT).await["service_id"], 2, "the first that can be booked");

    let body = r#"{"name":"Last session","description":null,"duration":90,"buffer":0,"amount":0.01,"active":true}"#;
    let changed = practice.patch("/api/admin/services/2", &carl, body).await;
    let wanted = r#"{"id":2,"name":"Last session","description":"","duration":90,"amount":0.01,"currency":"EUR","#;
    assert_eq!(changed.text, format!(r#"{wanted}"buffer":0,"active":true}}"#));
    assert_eq!(practice.patch("/api/admin/services/2", &carl, "{}").await.text, changed.text, "nothing changes");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_service_says_why() {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin().await;
    let base = |fields: &str| format!(r#"{{"name":"a","duration":50,"amount":1{fields}}}"#);
    let (long_name, long_text) = ("n".repeat(101), "d".repeat(501));
    for (body, field, code) in [
        (r#"{"duration":50,"amount":1}"#.to_owned(), "name", "required"),
        (r#"{"name":"a","amount":1}"#.into(), "duration", "required"),
        (r#"{"name":"a","duration":50}"#.into(), "amount", "required"),
        (r#"{"name":" \u200b ","duration":50,"amount":1}"#.into(), "name", "required"),
        (r#"{"name":"a\nb","duration":50,"amount":1}"#.into(), "name", "invalid_characters"),
        (format!(r#"{{"name":"{long_name}","duration":50,"amount":1}}"#), "name", "too_long"),
        (base(&format!(r#","description":"{long_text}""#)), "description", "too_long"),
        (base(r#","description":"\u0000""#), "description", "invalid_characters"),
        (r#"{"name":"a","duration":0,"amount":1}"#.into(), "duration", "out_of_range"),
        (r#"{"name":"a","duration":721,"amount":1}"#.into(), "duration", "out_of_range"),
        (r#"{"name":"a","duration":99999999999999999999,"amount":1}"#.into(), "duration", "out_of_range"),
        (r#"{"name":"a","duration":"50","amount":1}"#.into(), "duration", "wrong_type"),
        (base(r#","buffer":-1"#), "buffer", "out_of_range"),
        (base(r#","buffer":721"#), "buffer", "out_of_range"),
        (r#"{"name":"a","duration":50,"amount":"1"}"#.into(), "amount", "wrong_type"),
        (r#"{"name":"a","duration":50,"amount":-1}"#.into(), "amount", "invalid_amount"),
        (r#"{"name":"a","duration":50,"amount":1.001}"#.into(), "amount", "invalid_amount"),
        (r#"{"name":"a","duration":50,"amount":1e2}"#.into(), "amount", "invalid_amount"),
        (r#"{"name":"a","duration":50,"amount":10000000000.01}"#.into(), "amount", "invalid_amount"),
        (base(r#","currency":"eur""#), "currency", "invalid_currency"),
        (base(r#","currency":"Euro""#), "currency", "invalid_currency"),
        (base(r#","currency":"USD""#), "currency", "currency_mismatch"),
        (base(r#","active":false"#), "active", "unknown_field"),
    ] {
        let reply = practice.post("/api/admin/services", &carl, &body).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, one(field, code)), "{body}");
    }
    let low = practice.post("/api/admin/services", &carl, r#"{"name":"a","duration":0,"amount":1}"#).await;
    assert_eq!(low.json()["detail"], "The value must be between 1 and 720.");
    let other = practice.post("/api/admin/services", &carl, &base(r#","currency":"USD""#)).await;
    assert_eq!(other.json()["detail"], "The practice's currency is EUR.");
    for (body, field, code) in [
        (r#"{"name":null}"#, "name", "required"),
        (r#"{"name":""}"#, "name", "required"),
        (r#"{"duration":0}"#, "duration", "out_of_range"),
        (r#"{"amount":1.001}"#, "amount", "invalid_amount"),
        (r#"{"active":1}"#, "active", "wrong_type"),
        (r#"{"currency":"USD"}"#, "currency", "unknown_field"),
    ] {
        let reply = practice.patch("/api/admin/services/1", &carl, body).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, one(field, code)), "{body}");
    }
    for (path, wanted) in [
        ("/api/admin/services/9", (404, "service_not_found")),
        ("/api/admin/services/0", (400, "invalid_id")),
        ("/api/admin/services/x", (400, "invalid_id")),
    ] {
        for body in ["{}", r#"{"amount":5}"#] {
            let reply = practice.patch(path, &carl, body).await;
            assert_eq!(reply.problem(), (wanted.0, wanted.1.to_owned()), "{path} {body}");
        }
    }
    assert_eq!(practice.get("/api/admin/services", &carl).await.json()["services"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn existing_bookings_are_not_affected_by_changes_of_the_practice() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let held = practice.book(&ada, SLOT).await;
    let terms = || async {
        let mut work = practice.parts.store.begin().await.unwrap();
        work.booking(BookingId::new(1).unwrap()).await.unwrap().unwrap().terms()
    };
    let before = practice.get("/api/bookings/1", &ada).await.text;
    let service = r#"{"duration":90,"buffer":60,"amount":500,"active":false}"#;
    assert_eq!(practice.patch("/api/admin/services/1", &carl, service).await.status, 200);
    set_week(&practice, &carl, "").await;
    let closed = r#"{"kind":"closed_dates","first_date":"2024-01-15","last_date":"2024-01-15"}"#;
    assert_eq!(practice.post("/api/admin/time-off", &carl, closed).await.status, 201);
    let policy = format!(r#"{POLICY}{TERMS}"auto_complete":true}}"#);
    assert_eq!(practice.put("/api/admin/policy", &carl, &policy).await.status, 200);
    assert_eq!(practice.get("/api/bookings/1", &ada).await.text, before);
    assert_eq!(terms().await, ChangeTerms::default());
    practice.pay(&held).await;
    let paid = practice.get("/api/bookings/1", &ada).await.json();
    assert_eq!(paid["scheduled_at"], "2024-01-15T10:00:00Z");
    assert_eq!((&paid["status"], &paid["duration"]), (&"scheduled".into(), &50.into()));
    assert_eq!((&paid["amount"], &paid["payment_status"]), (&100.0.into(), &"succeeded".into()));

    assert_eq!(practice.patch("/api/admin/services/1", &carl, r#"{"active":true}"#).await.status, 200);
    set_week(&practice, &carl, r#""monday":[{"start":"10:00","end":"18:00"}]"#).await;
    let booked = practice.book(&practice.client("Bob").await, "2024-01-22T10:00:00Z").await;
    assert_eq!((&booked["duration"], &booked["amount"]), (&90.into(), &500.0.into()), "what is booked from now on");
}

#[tokio::test(flavor = "multi_thread")]
async fn working_hours_are_replaced_as_a_whole() {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin().await;
    let usual = practice.get("/api/admin/schedule", &carl).await.json();
    assert_eq!((&usual["therapist_id"], &usual["is_default"]), (&1.into(), &true.into()));
    assert_eq!(usual["hours"]["sunday"], serde_json::json!([{"start": "00:00", "end": "24:00"}]));
    let body = r#"{"timezone":"Europe/Zurich","hours":{"sunday":[],"monday":[{"start":"13:00","end":"24:00"},"#
        .to_owned()
        + r#"{"end":"12:00","start":"09:00"},{"start":"12:00","end":"13:00"}]}}"#;
    let set = practice.put("/api/admin/schedule", &carl, &body).await;
    let wanted = r#"{"therapist_id":1,"timezone":"Europe/Zurich","hours":{"monday":[{"start":"09:00","end":"12:00"},"#
        .to_owned()
        + r#"{"start":"12:00","end":"13:00"},{"start":"13:00","end":"24:00"}],"tuesday":[],"wednesday":[],"#
        + r#""thursday":[],"friday":[],"saturday":[],"sunday":[]},"is_default":false}"#;
    assert_eq!((set.status.as_u16(), set.text), (200, wanted.clone()));
    assert_eq!(practice.get("/api/admin/schedule", &carl).await.text, wanted);
    assert_eq!(practice.get("/api/admin/schedule?therapist_id=1", &carl).await.text, wanted);

    practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    let other = practice.get("/api/admin/schedule?therapist_id=2", &carl).await.json();
    assert_eq!((&other["therapist_id"], &other["is_default"]), (&2.into(), &true.into()));
    let off = practice.put("/api/admin/schedule", &carl, r#"{"therapist_id":2,"timezone":"UTC","hours":{}}"#).await;
    assert_eq!((&off.json()["therapist_id"], &off.json()["is_default"]), (&2.into(), &false.into()));
    let nothing = practice.get("/api/availability?therapist_id=2", "").await.json();
    assert!(nothing["next_available"].is_null(), "a week off is not the usual week");
    assert_eq!(practice.get("/api/admin/schedule", &carl).await.text, wanted, "Carl's stays");

    let ada = practice.client("Ada").await;
    let early = practice.post("/api/bookings", &ada, r#"{"scheduled_at":"2024-01-15T07:45:00Z"}"#).await;
    assert_eq!(early.errors(), one("scheduled_at", "outside_hours"));
    practice.book(&ada, "2024-01-15T08:00:00Z").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_working_hours_say_why_and_where() {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin().await;
    practice.client("Ada").await;
    let monday = |hours: &str| format!(r#"{{"timezone":"UTC","hours":{{"monday":{hours}}}}}"#);
    let minutes = |from: u16, count: u16| {
        let all = (from..from + count).map(|n| format!(r#"{{"start":"00:{n:02}","end":"00:{:02}"}}"#, n + 1));
        all.collect::<Vec<_>>().join(",")
    };
    let most = format!(r#"{{"timezone":"UTC","hours":{{"monday":[{}]}}}}"#, minutes(0, 42));
    let too_many =
        format!(r#"{{"timezone":"UTC","hours":{{"monday":[{}],"sunday":[{}]}}}}"#, minutes(0, 42), minutes(0, 1));
    assert_eq!(practice.put("/api/admin/schedule", &carl, &most).await.status, 200);
    for (body, field, code) in [
        (r#"{"hours":{}}"#.to_owned(), "timezone", "required"),
        (r#"{"timezone":"UTC"}"#.into(), "hours", "required"),
        (r#"{"timezone":"UTC","hours":null}"#.into(), "hours", "required"),
        (r#"{"timezone":"","hours":{}}"#.into(), "timezone", "required"),
        (r#"{"timezone":"Mars/Olympus","hours":{}}"#.into(), "timezone", "invalid_timezone"),
        (r#"{"timezone":"+01:00","hours":{}}"#.into(), "timezone", "invalid_timezone"),
        (r#"{"timezone":"UTC","hours":[]}"#.into(), "hours", "wrong_type"),
        (r#"{"timezone":"UTC","hours":{"mondey":[]}}"#.into(), "hours.mondey", "unknown_field"),
        (r#"{"timezone":"UTC","hours":{"Monday":[]}}"#.into(), "hours.Monday", "unknown_field"),
        (r#"{"timezone":"UTC","hours":{"monday":[],"monday":[]}}"#.into(), "hours.monday", "duplicate_field"),
        (r#"{"timezone":"UTC","hours":{},"is_default":false}"#.into(), "is_default", "unknown_field"),
        (r#"{"timezone":"UTC","hours":{},"therapist_id":2}"#.into(), "therapist_id", "unknown_therapist"),
        (r#"{"timezone":"UTC","hours":{},"therapist_id":9}"#.into(), "therapist_id", "unknown_therapist"),
        (monday(r#"{"start":"09:00","end":"12:00"}"#), "hours.monday", "wrong_type"),
        (monday(r#"["09:00-12:00"]"#), "hours.monday[0]", "wrong_type"),
        (monday("[null]"), "hours.monday[0]", "wrong_type"),
        (monday(r#"[{"start":"09:00"}]"#), "hours.monday[0].end", "required"),
        (monday(r#"[{"start":9,"end":"12:00"}]"#), "hours.monday[0].start", "wrong_type"),
        (monday(r#"[{"start":"9:00","end":"12:00"}]"#), "hours.monday[0].start", "invalid_time"),
        (monday(r#"[{"start":"09:00:00","end":"12:00"}]"#), "hours.monday[0].start", "invalid_time"),
        (monday(r#"[{"start":"09:00","end":"24:01"}]"#), "hours.monday[0].end", "invalid_time"),
        (monday(r#"[{"start":"09:00","end":"12:60"}]"#), "hours.monday[0].end", "invalid_time"),
        (monday(r#"[{"start":"09:00","end":"09:00"}]"#), "hours.monday[0].end", "invalid_range"),
        (monday(r#"[{"start":"22:00","end":"02:00"}]"#), "hours.monday[0].end", "invalid_range"),
        (monday(r#"[{"start":"09:00","end":"12:00","note":1}]"#), "hours.monday[0].note", "unknown_field"),
        (
            monday(r#"[{"start":"09:00","end":"12:00"},{"start":"11:59","end":"13:00"}]"#),
            "hours.monday",
            "overlapping_hours",
        ),
        (
            monday(r#"[{"start":"09:00","end":"12:00"},{"start":"09:00","end":"12:00"}]"#),
            "hours.monday",
            "overlapping_hours",
        ),
        (too_many, "hours", "too_many_intervals"),
    ] {
        let reply = practice.put("/api/admin/schedule", &carl, &body).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, one(field, code)), "{body}");
    }
    let many = monday(&format!("[{}]", vec!["{}"; 5_000].join(",")));
    let reply = practice.put("/api/admin/schedule", &carl, &many).await;
    assert_eq!((reply.status.as_u16(), reply.errors().len()), (422, 50), "the response stays small");
    for (query, code) in [("9", "unknown_therapist"), ("2", "unknown_therapist"), ("0", "out_of_range")] {
        let reply = practice.get(&format!("/api/admin/schedule?therapist_id={query}"), &carl).await;
        assert_eq!(reply.errors(), one("therapist_id", code));
    }
    let kept = practice.get("/api/admin/schedule", &carl).await.json();
    assert_eq!(kept["hours"]["monday"].as_array().unwrap().len(), 42, "what was refused changed nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn exceptions_close_dates_and_add_hours() {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin().await;
    let policy = POLICY.replace("30,", "60,").replace(r#""daily_limit":2"#, r#""daily_limit":null"#);
    let policy = format!(r#"{policy}{TERMS}"auto_complete":true}}"#);
    assert_eq!(practice.put("/api/admin/policy", &carl, &policy).await.status, 200);
    set_week(&practice, &carl, r#""monday":[{"start":"10:00","end":"14:00"}]"#).await;
    assert_eq!(free_on(&practice, "2024-01-15").await, ["10:00", "11:00", "12:00", "13:00"]);

    let dentist = r#"{"kind":"closed","from":"2024-01-15T11:00:00.25+01:00","to":"2024-01-15T11:30:00Z"}"#;
    let dentist = practice.post("/api/admin/time-off", &carl, dentist).await;
    let first = r#"{"kind":"closed","id":1,"therapist_id":1,"from":"2024-01-15T10:00:00Z","to":"2024-01-15T11:30:00Z","#
        .to_owned() + r#""created_at":"2024-01-10T08:00:00Z"}"#;
    assert_eq!((dentist.status.as_u16(), dentist.text), (201, first.clone()));
    assert_eq!(free_on(&practice, "2024-01-15").await, ["10:00", "13:00"]);

    let saturday = r#"{"kind":"extra_hours","date":"2024-01-20","start":"22:00","end":"24:00"}"#;
    let saturday = practice.post("/api/admin/time-off", &carl, saturday).await;
    let second = r#"{"kind":"extra_hours","id":2,"therapist_id":1,"date":"2024-01-20","start":"22:00","end":"24:00","#
        .to_owned()
        + r#""created_at":"2024-01-10T08:00:00Z"}"#;
    assert_eq!((saturday.status.as_u16(), saturday.text), (201, second.clone()));
    assert_eq!(free_on(&practice, "2024-01-20").await, ["22:00", "23:00"]);

    let leave = r#"{"therapist_id":1,"kind":"closed_dates","first_date":"2024-01-15","last_date":"2024-01-20"}"#;
    let leave = practice.post("/api/admin/time-off", &carl, leave).await;
    let third = r#"{"kind":"closed_dates","id":3,"therapist_id":1,"first_date":"2024-01-15","last_date":"2024-01-20","#
        .to_owned()
        + r#""created_at":"2024-01-10T08:00:00Z"}"#;
    assert_eq!((leave.status.as_u16(), leave.text), (201, third.clone()));
    assert!(free_on(&practice, "2024-01-15").await.is_empty() && free_on(&practice, "2024-01-20").await.is_empty());
    assert_eq!(free_on(&practice, "2024-01-22").await.len(), 4);

    practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    let others = r#"{"therapist_id":2,"kind":"closed_dates","first_date":"2024-01-15","last_date":"2024-01-15"}"#;
    assert_eq!(practice.post("/api/admin/time-off", &carl, others).await.json()["therapist_id"], 2);
    let ids = |reply: Reply| -> Vec<i64> {
        reply.json()["schedule_exceptions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["id"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(ids(practice.get("/api/admin/time-off", &carl).await), [1, 2, 3, 4]);
    assert_eq!(ids(practice.get("/api/admin/time-off?therapist_id=2", &carl).await), [4]);
    assert_eq!(ids(practice.get("/api/admin/time-off?therapist_id=9", &carl).await), [0_i64; 0]);
    let own = practice.get("/api/admin/time-off?therapist_id=1", &carl).await;
    assert_eq!(own.text, format!(r#"{{"schedule_exceptions":[{first},{second},{third}]}}"#));

    let forgotten = practice.delete("/api/admin/time-off/3", &carl).await;
    assert_eq!((forgotten.status.as_u16(), forgotten.text.as_str()), (204, ""));
    assert_eq!(free_on(&practice, "2024-01-15").await, ["10:00", "13:00"]);
    for (path, wanted) in [
        ("/api/admin/time-off/3", (404, "time_off_not_found")),
        ("/api/admin/time-off/0", (400, "invalid_id")),
        ("/api/admin/time-off/x", (400, "invalid_id")),
        ("/api/admin/time-off/1?force=1", (422, "unknown_field")),
    ] {
        assert_eq!(practice.delete(path, &carl).await.problem(), (wanted.0, wanted.1.to_owned()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_exception_says_why() {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin().await;
    practice.client("Ada").await;
    let dates =
        |first: &str, last: &str| format!(r#"{{"kind":"closed_dates","first_date":"{first}","last_date":"{last}"}}"#);
    let closed = |from: &str, to: &str| format!(r#"{{"kind":"closed","from":"{from}","to":"{to}"}}"#);
    let extra = |date: &str, start: &str, end: &str| {
        format!(r#"{{"kind":"extra_hours","date":"{date}","start":"{start}","end":"{end}"}}"#)
    };
    let noon = "2024-01-15T12:00:00Z";
    for (body, field, code) in [
        (r#"{"first_date":"2024-01-15","last_date":"2024-01-15"}"#.to_owned(), "kind", "required"),
        (r#"{"kind":"holiday","date":"2024-01-15"}"#.into(), "kind", "invalid_value"),
        (r#"{"kind":"closed_dates","first_date":"2024-01-15"}"#.into(), "last_date", "required"),
        (dates("2024-01-15", "2024-01-14"), "last_date", "invalid_range"),
        (dates("2024-02-30", "2024-03-01"), "first_date", "invalid_date"),
        (dates("2024-01-15T00:00:00Z", "2024-03-01"), "first_date", "invalid_date"),
        (dates("2024-01-15", "15.01.2024"), "last_date", "invalid_date"),
        (format!(r#"{{"kind":"closed","from":"{noon}"}}"#), "to", "required"),
        (closed(noon, noon), "to", "invalid_range"),
        (closed(noon, "2024-01-15T12:00:00.9Z"), "to", "invalid_range"),
        (closed(noon, "2024-01-15T11:00:00Z"), "to", "invalid_range"),
        (closed("2024-01-15", "2024-01-16T00:00:00Z"), "from", "invalid_timestamp"),
        (closed("2024-01-15T12:00:00", noon), "from", "invalid_timestamp"),
        (extra("2024-01-15", "12:00", "12:00"), "end", "invalid_range"),
        (extra("2024-01-15", "12:00", "10:00"), "end", "invalid_range"),
        (extra("2024-01-15", "12:00", "25:00"), "end", "invalid_time"),
        (extra("tomorrow", "12:00", "13:00"), "date", "invalid_date"),
        (r#"{"kind":"extra_hours","date":"2024-01-15","start":"12:00"}"#.into(), "end", "required"),
        (dates("2024-01-15", "2024-01-15").replace('}', r#","start":"12:00"}"#), "start", "unknown_field"),
        (dates("2024-01-15", "2024-01-15").replace('}', r#","therapist_id":2}"#), "therapist_id", "unknown_therapist"),
        (dates("2024-01-15", "2024-01-15").replace('}', r#","therapist_id":"1"}"#), "therapist_id", "wrong_type"),
    ] {
        let reply = practice.post("/api/admin/time-off", &carl, &body).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, one(field, code)), "{body}");
    }
    assert_eq!(practice.get("/api/admin/time-off", &carl).await.text, r#"{"schedule_exceptions":[]}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_is_replaced_as_a_whole_and_applies_to_new_bookings() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let usual = practice.get("/api/admin/policy", &carl).await;
    assert_eq!(
        usual.text,
        r#"{"notice_minutes":0,"horizon_days":366,"daily_limit":null,"step_minutes":15,"#.to_owned()
            + r#""cancellation":{"free_minutes":1440,"late_refund_percent":0},"reschedule_minutes":1440,"#
            + r#""auto_complete":false}"#
    );
    let body = format!(r#"{POLICY}{TERMS}"auto_complete":true}}"#);
    let set = practice.put("/api/admin/policy", &carl, &body).await;
    assert_eq!((set.status.as_u16(), set.text.as_str()), (200, body.as_str()));
    assert_eq!(practice.get("/api/admin/policy", &carl).await.text, body);

    // It is 9 in Berlin: two hours' notice, start times every half hour.
    assert_eq!(free_on(&practice, "2024-01-10").await[..3], ["11:00", "11:30", "12:00"]);
    let soon = practice.post("/api/bookings", &ada, r#"{"scheduled_at":"2024-01-10T09:30:00Z"}"#).await;
    assert_eq!(soon.errors(), one("scheduled_at", "insufficient_notice"));
    let far = practice.post("/api/bookings", &ada, r#"{"scheduled_at":"2024-03-20T10:00:00Z"}"#).await;
    assert_eq!(far.errors(), one("scheduled_at", "beyond_booking_horizon"));
    practice.book(&ada, "2024-01-15T10:00:00Z").await;
    practice.book(&ada, "2024-01-15T12:00:00Z").await;
    assert!(free_on(&practice, "2024-01-15").await.is_empty(), "two a day are enough");
    let third = practice.post("/api/bookings", &ada, r#"{"scheduled_at":"2024-01-15T14:00:00Z"}"#).await;
    assert_eq!(third.problem(), (409, "daily_limit_reached".into()));

    let open = body.replace(r#""daily_limit":2,"#, "");
    let open = practice.put("/api/admin/policy", &carl, &open).await;
    assert!(open.json()["daily_limit"].is_null(), "a cap that is left out is none");
    assert!(!free_on(&practice, "2024-01-15").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_policy_says_why() {
    let practice = Parts::new().without_limits().open().await;
    let carl = practice.admin().await;
    let body = format!(r#"{POLICY}{TERMS}"auto_complete":true}}"#);
    for (good, bad, field, code) in [
        (r#""notice_minutes":120"#, r#""notice_minutes":-1"#, "notice_minutes", "out_of_range"),
        (r#""notice_minutes":120"#, r#""notice_minutes":86400"#, "notice_minutes", "out_of_range"),
        (r#""notice_minutes":120"#, r#""notice_minutes":527040"#, "notice_minutes", "out_of_range"),
        (r#""notice_minutes":120"#, r#""notice_minutes":1.5"#, "notice_minutes", "wrong_type"),
        (r#""notice_minutes":120,"#, "", "notice_minutes", "required"),
        (r#""horizon_days":60"#, r#""horizon_days":0"#, "horizon_days", "out_of_range"),
        (r#""horizon_days":60"#, r#""horizon_days":367"#, "horizon_days", "out_of_range"),
        (r#""horizon_days":60,"#, "", "horizon_days", "required"),
        (r#""daily_limit":2"#, r#""daily_limit":0"#, "daily_limit", "out_of_range"),
        (r#""daily_limit":2"#, r#""daily_limit":1441"#, "daily_limit", "out_of_range"),
        (r#""daily_limit":2"#, r#""daily_limit":"2""#, "daily_limit", "wrong_type"),
        (r#""step_minutes":30"#, r#""step_minutes":4"#, "step_minutes", "out_of_range"),
        (r#""step_minutes":30"#, r#""step_minutes":1441"#, "step_minutes", "out_of_range"),
        (r#""step_minutes":30"#, r#""step_minutes":null"#, "step_minutes", "required"),
        (r#""free_minutes":2880"#, r#""free_minutes":43201"#, "cancellation.free_minutes", "out_of_range"),
        (r#""free_minutes":2880,"#, "", "cancellation.free_minutes", "required"),
        ("percent\":50", "percent\":101", "cancellation.late_refund_percent", "out_of_range"),
        ("percent\":50", "percent\":-1", "cancellation.late_refund_percent", "out_of_range"),
        ("percent\":50", "percent\":50,\"x\":1", "cancellation.x", "unknown_field"),
        (r#"{"free_minutes":2880,"late_refund_percent":50}"#, "50", "cancellation", "wrong_type"),
        (r#""cancellation":{"free_minutes":2880,"late_refund_percent":50},"#, "", "cancellation", "required"),
        (r#""reschedule_minutes":720"#, r#""reschedule_minutes":43201"#, "reschedule_minutes", "out_of_range"),
        (r#""reschedule_minutes":720,"#, "", "reschedule_minutes", "required"),
        (r#""auto_complete":true"#, r#""auto_complete":1"#, "auto_complete", "wrong_type"),
        (r#","auto_complete":true"#, "", "auto_complete", "required"),
        (r#""auto_complete":true"#, r#""auto_complete":true,"x":1"#, "x", "unknown_field"),
    ] {
        assert!(body.contains(good), "{good}");
        let reply = practice.put("/api/admin/policy", &carl, &body.replace(good, bad)).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, one(field, code)), "{good} -> {bad}");
    }
    let all = practice.put("/api/admin/policy", &carl, "{}").await;
    assert_eq!(all.errors().len(), 6, "all missing fields are reported at once");
    let notice = practice.put("/api/admin/policy", &carl, &body.replace(":120,", ":86400,")).await;
    assert_eq!(notice.json()["detail"], "The notice must be shorter than the booking horizon.");
    assert_eq!(practice.get("/api/admin/policy", &carl).await.json()["horizon_days"], 366);
}
