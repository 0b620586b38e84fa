//! Finding people and their bookings: therapists, filters and searches.

use attune_domain::Role;
use attune_ports::Provider;
use serde_json::{Value, json};

use super::harness::*;

/// Carl (1) and Melanie (4) with the sessions 1 to 4 of Ada (2) and Bob (3), and the tokens of Carl and Ada.
async fn two_therapists() -> (Practice, String, String) {
    let (practice, ada, carl) = Parts::new().provider(Provider::None).without_limits().with_ada().await;
    let bob = practice.client("Bob").await;
    practice.add("melanie@example.org", "Melanie", "Klein", Role::Admin).await;
    for (token, therapist, day) in [(&ada, 1, 15), (&bob, 4, 15), (&bob, 1, 16), (&ada, 4, 16)] {
        let body = format!(r#"{{"scheduled_at":"2024-01-{day}T10:00:00Z","therapist_id":{therapist}}}"#);
        practice.post("/api/bookings", token, &body).await.assert_status(201);
    }
    (practice, carl, ada)
}

#[tokio::test(flavor = "multi_thread")]
async fn anyone_sees_who_gives_sessions_but_no_email_address() {
    let (practice, carl, _) = two_therapists().await;
    practice.add("first@example.org", "Anna", "", Role::Admin).await;
    practice.add("nameless@example.org", "", "", Role::Admin).await;
    practice.add("retired@example.org", "Sigmund", "Freud", Role::Admin).await;
    practice.patch("/api/admin/users/7", &carl, r#"{"disabled":true}"#).await.assert_status(200);
    let list = r#"{"therapists":[{"id":1,"name":"Carl Rogers"},{"id":4,"name":"Melanie Klein"},"#.to_owned()
        + r#"{"id":5,"name":"Anna"},{"id":6,"name":"Therapist"}]}"#;
    practice.get("/api/therapists", "").await.assert_body(200, &list);
    practice.get("/api/therapists?q=anna", "").await.assert_problem(422, "unknown_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn therapists_see_their_own_bookings_and_still_all_of_them() {
    let (practice, carl, _) = two_therapists().await;
    let melanie = practice.token("melanie@example.org").await;
    for token in [&carl, &melanie] {
        for (query, wanted) in [
            ("therapist_id=1", vec![3, 1]),
            ("therapist_id=4", vec![4, 2]),
            ("therapist_id=4&user_id=2", vec![4]),
            ("therapist_id=2", vec![]),
            ("therapist_id=999", vec![]),
            ("", vec![4, 3, 2, 1]),
        ] {
            let list = practice.get(&format!("/api/admin/bookings?{query}"), token).await.json();
            assert_eq!(column(&list["bookings"], "id"), wanted, "{query}");
            assert_eq!(list["total"], wanted.len(), "{query}");
        }
    }
    let report = "/api/admin/reports/attendance?to=2024-02-01T00:00:00Z&therapist_id=4";
    let report = practice.get(report, &carl).await.json();
    assert_eq!((column(&report["sessions"], "booking_id"), &report["total"]), (vec![json!(4), json!(2)], &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_are_found_by_words_of_their_client() {
    let (practice, carl, ada) = two_therapists().await;
    let rename = r#"{"first_name":"Zo\u00eb","last_name":"\u00d6zg\u00fcr_1"}"#;
    practice.patch("/api/auth/me", &ada, rename).await.assert_status(200);
    for (query, wanted) in [
        ("zo%C3%AB", vec![4, 1]),
        ("ZOE%CC%88+%C3%B6ZG", vec![4, 1]),
        ("_1", vec![4, 1]),
        ("ADA@example.ORG", vec![4, 1]),
        ("bob", vec![3, 2]),
        ("client", vec![3, 2]),
        ("%25", vec![]),
        ("ada+bob", vec![]),
        ("++", vec![4, 3, 2, 1]),
        ("", vec![4, 3, 2, 1]),
    ] {
        let list = practice.get(&format!("/api/admin/bookings?q={query}"), &carl).await.json();
        assert_eq!(column(&list["bookings"], "id"), wanted, "{query}");
        assert_eq!(list["total"], wanted.len(), "{query}");
    }
    for (query, code) in [("q=%07", "invalid_characters"), ("q=a&q=b", "duplicate_field")] {
        practice.get(&format!("/api/admin/bookings?{query}"), &carl).await.assert_problem(422, code);
    }
    let long = format!("/api/admin/bookings?q={}", "x".repeat(201));
    practice.get(&long, &carl).await.assert_invalid("q", "too_long");

    let page = practice.get("/api/admin/bookings?q=%C3%96ZG%C3%9CR&expand=user,therapist&limit=1", &carl).await;
    let link = page.header("link").unwrap();
    let next = link.strip_prefix('<').and_then(|rest| rest.split_once('>')).unwrap().0;
    assert!(next.contains("q=%C3%96ZG%C3%9CR") && next.contains("expand=user%2Ctherapist"), "{next}");
    let last = practice.get(next, &carl).await;
    assert_eq!((column(&last.json()["bookings"], "id"), last.header("link")), (vec![json!(1)], None));
    assert_eq!(last.json()["bookings"][0]["therapist"]["id"], 1, "the next page includes the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_includes_the_people_that_it_was_asked_for() {
    let (practice, carl, _) = two_therapists().await;
    let ada = json!({"id": 2, "first_name": "Ada", "last_name": "Client", "email": "ada@example.org"});
    let melanie = json!({"id": 4, "first_name": "Melanie", "last_name": "Klein", "email": "melanie@example.org"});
    for (expand, user, therapist) in [
        ("user", Some(&ada), None),
        ("therapist", None, Some(&melanie)),
        ("user,therapist", Some(&ada), Some(&melanie)),
        ("therapist,%20user,user", Some(&ada), Some(&melanie)),
    ] {
        let list = practice.get(&format!("/api/admin/bookings?expand={expand}"), &carl).await.json();
        let first: &Value = &list["bookings"][0];
        assert_eq!((first.get("user"), first.get("therapist")), (user, therapist), "{expand}");
    }
    practice.get("/api/admin/bookings/4", &carl).await.assert_members(&json!({"user": ada, "therapist": melanie}));
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_found_by_words_of_their_name_and_address() {
    let (practice, carl, _) = two_therapists().await;
    for (query, wanted) in [
        ("q=CLIENT", vec![2, 3]),
        ("q=client%20ad", vec![2]),
        ("q=klein", vec![4]),
        ("q=example.org&is_admin=true", vec![1, 4]),
        ("q=bob@example.org", vec![3]),
        ("q=%25", vec![]),
        ("q=", vec![1, 2, 3, 4]),
    ] {
        let list = practice.get(&format!("/api/admin/users?{query}"), &carl).await.json();
        assert_eq!(column(&list["users"], "id"), wanted, "{query}");
        assert_eq!(list["total"], wanted.len(), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_handed_to_a_colleague() {
    let (practice, carl, ada) = two_therapists().await;
    let before = practice.get("/api/bookings/4", &ada).await.json();
    const REASSIGN: &str = "/api/admin/bookings/4/reassign";
    let stale = practice.post(REASSIGN, &carl, r#"{"therapist_id":1,"version":9}"#).await;
    stale.assert_problem(409, "version_conflict");
    let taken = practice.post(REASSIGN, &carl, r#"{"therapist_id":1,"override_hours":true}"#).await;
    taken.assert_problem(409, "slot_taken");
    let moved = r#"{"scheduled_at":"2024-01-18T10:00:00Z","reason":" My train\nis late "}"#;
    practice.post("/api/bookings/4/reschedule", &ada, moved).await.assert_status(200);
    for (body, field, code) in [
        (r#"{}"#, "therapist_id", "required"),
        (r#"{"therapist_id":2}"#, "therapist_id", "unknown_therapist"),
        (r#"{"therapist_id":99}"#, "therapist_id", "unknown_therapist"),
        (r#"{"therapist_id":1,"reason":"x"}"#, "reason", "unknown_field"),
        (r#"{"therapist_id":1,"version":0}"#, "version", "out_of_range"),
    ] {
        practice.post(REASSIGN, &carl, body).await.assert_invalid(field, code);
    }
    let body = r#"{"therapist_id":1,"version":2}"#;
    let first = practice.post_with_key("k", REASSIGN, &carl, body).await;
    first.assert_members(&json!({"therapist_id": 1, "version": 3, "status": "scheduled"}));
    let again = practice.post_with_key("k", REASSIGN, &carl, body).await;
    assert!(again.is_replay() && again.text == first.text);
    let after = practice.get("/api/bookings/4", &ada).await.json();
    assert_eq!(after["jitsi_room_url"], before["jitsi_room_url"], "the room is kept");
    practice.post_empty("/api/admin/bookings/4/cancel", &carl).await.assert_status(200);
    practice.post(REASSIGN, &carl, r#"{"therapist_id":4}"#).await.assert_problem(409, "invalid_state");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_says_what_changed_by_whom_and_why() {
    let (practice, carl, ada) = two_therapists().await;
    let moved = r#"{"scheduled_at":"2024-01-18T10:00:00Z","reason":" My train\nis late "}"#;
    practice.post("/api/bookings/4/reschedule", &ada, moved).await.assert_status(200);
    practice.post("/api/admin/bookings/4/reassign", &carl, r#"{"therapist_id":1}"#).await.assert_status(200);
    practice.post("/api/admin/bookings/4/cancel", &carl, r#"{"reason":"Flooded"}"#).await.assert_status(200);
    let detail = practice.get("/api/admin/bookings/4", &carl).await.json();
    let history = detail["history"].as_array().unwrap();
    let melanie = json!({"id": 4, "name": "Melanie Klein"});
    let (carl, ada) = (json!({"id": 1, "name": "Carl Rogers"}), "Ada Client");
    let unchanged = json!({"status": null, "scheduled_at": null, "therapist": null, "reason": null});
    for (entry, changes) in history.iter().zip([
        json!({
            "action": "booking.scheduled", "by": "client", "actor_name": ada,
            "status": {"from": null, "to": "scheduled"},
            "scheduled_at": {"from": null, "to": "2024-01-16T10:00:00Z"},
            "therapist": {"from": null, "to": melanie},
        }),
        json!({
            "action": "booking.rescheduled", "by": "client", "actor_id": 2, "reason": "My train\nis late",
            "scheduled_at": {"from": "2024-01-16T10:00:00Z", "to": "2024-01-18T10:00:00Z"},
        }),
        json!({
            "action": "booking.reassigned", "by": "admin", "actor_id": 1, "actor_name": "Carl Rogers",
            "therapist": {"from": melanie, "to": carl},
        }),
        json!({
            "action": "booking.cancelled", "by": "admin", "reason": "Flooded",
            "status": {"from": "scheduled", "to": "cancelled"},
        }),
    ]) {
        assert_members(entry, &but(&unchanged, &changes));
    }
    assert_eq!(history.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_tells_the_provider_from_the_service() {
    let (practice, _, carl) = Parts::new().without_limits().with_session().await;
    practice.post_empty("/api/admin/bookings/1/cancel", &carl).await.assert_status(200);
    let detail = practice.get("/api/admin/bookings/1", &carl).await.json();
    let first = lines(&detail["history"], &["action", "by"]);
    assert_eq!(first[..2], ["booking.held client", "booking.scheduled webhook"], "{first:?}");
}

const USERS: &str = "/api/admin/users";

#[tokio::test(flavor = "multi_thread")]
async fn a_client_who_never_logged_in_can_be_booked_but_not_log_in() {
    let (practice, _, carl) = Parts::new().provider(Provider::None).without_limits().with_ada().await;
    let body = r#"{"email":" Zoe@B\u00fccher.Example ","first_name":" Zo\u0065\u0308 ","timezone":"Europe/Paris","language":"fr"}"#;
    let created = practice.post(USERS, &carl, body).await;
    let user = r#"{"id":3,"email":"zoe@xn--bcher-kva.example","first_name":"Zoë","last_name":null,"#.to_owned()
        + r#""display_name":"Zoë","timezone":"Europe/Paris","language":"fr","is_admin":false,"email_verified":false,"#
        + r#""second_factor":false,"created_at":"2024-01-10T08:00:00Z","disabled":false,"version":1}"#;
    created.assert_body(201, &user);
    assert_eq!(created.header("location"), Some("/api/admin/users/3"));
    practice.get("/api/admin/users/3", &carl).await.assert_body(200, &user);
    practice.post(USERS, &carl, r#"{"email":"ZOE@b\u00fccher.example"}"#).await.assert_problem(409, "email_taken");
    practice.post(USERS, &carl, r#"{"email":"ada@example.org"}"#).await.assert_problem(409, "email_taken");
    for (body, field, code) in [
        (r#"{}"#, "email", "required"),
        (r#"{"email":"zoe"}"#, "email", "invalid_email"),
        (r#"{"email":"a@b.example","timezone":"Mars/Olympus"}"#, "timezone", "invalid_timezone"),
        (r#"{"email":"a@b.example","language":"xx"}"#, "language", "invalid_value"),
        (r#"{"email":"a@b.example","password":"seven quiet herons"}"#, "password", "unknown_field"),
        (r#"{"email":"a@b.example","is_admin":true}"#, "is_admin", "unknown_field"),
        (r#"{"email":"a@b.example","first_name":"a\u0007"}"#, "first_name", "invalid_characters"),
    ] {
        practice.post(USERS, &carl, body).await.assert_invalid(field, code);
    }
    let booked = format!(r#"{{"user_id":3,"scheduled_at":"{SLOT}","payment":"waived"}}"#);
    practice.post("/api/admin/bookings", &carl, &booked).await.assert_status(201);
    assert_eq!(practice.emails().await, ["meeting_info", "reminder", "reminder"]);
    let (unknown, added) = (
        practice.log_in("nobody@example.org", PASSWORD).await,
        practice.log_in("zoe@b\u{fc}cher.example", PASSWORD).await,
    );
    assert_eq!(unknown.problem(), added.problem());
    added.assert_problem(401, "invalid_credentials");
}

const TIME_OFF: &str = "/api/admin/time-off";

#[tokio::test(flavor = "multi_thread")]
async fn time_off_names_the_bookings_in_its_way() {
    let (practice, carl, ada) = two_therapists().await;
    practice.post("/api/bookings/4/cancel", &ada, "{}").await.assert_status(200);
    let conflict = |id: i64, user: i64, day: i64| {
        json!({"id": id, "user_id": user, "scheduled_at": format!("2024-01-{day}T10:00:00Z"), "duration": 50,
               "status": "scheduled"})
    };
    let dates = r#"{"kind":"closed_dates","first_date":"2024-01-15","last_date":"2024-01-16","note":"Away\nat sea"}"#;
    let asked = practice.post(&format!("{TIME_OFF}?dry_run=true"), &carl, dates).await;
    let both = json!([conflict(1, 2, 15), conflict(3, 3, 16)]);
    assert_eq!(asked.assert_status(200).json(), json!({"conflicts": both}));
    let none = practice.get(TIME_OFF, &carl).await.json();
    assert_eq!(none["schedule_exceptions"], json!([]), "asking changes nothing");
    let added = practice.post(&format!("{TIME_OFF}?dry_run=false"), &carl, dates).await;
    added.assert_status(201).assert_members(&json!({"conflicts": both, "note": "Away\nat sea"}));
    let id = added.json()["id"].clone();
    let path = format!("{TIME_OFF}/{id}");
    practice.get("/api/bookings/1", &ada).await.assert_members(&json!({"status": "scheduled"}));

    let shorter = practice.patch(&format!("{path}?dry_run=true"), &carl, r#"{"first_date":"2024-01-16"}"#).await;
    shorter.assert_members(&json!({"first_date": "2024-01-16", "conflicts": [conflict(3, 3, 16)]}));
    let list = practice.get(TIME_OFF, &carl).await.json();
    assert_eq!(list["schedule_exceptions"][0]["first_date"], "2024-01-15", "asking changes nothing");
    let moved = practice.patch(&path, &carl, r#"{"first_date":"2024-01-17","last_date":"2024-01-18","note":""}"#).await;
    moved.assert_members(&json!({"id": id, "note": null, "conflicts": []}));
    assert!(practice.free_on("2024-01-17").await.is_empty());
    assert!(!practice.free_on("2024-01-15").await.is_empty());
    for (body, field, code) in [
        (r#"{"last_date":"2024-01-01"}"#, "last_date", "invalid_range"),
        (r#"{"from":"2024-01-15T10:00:00Z"}"#, "from", "unknown_field"),
        (r#"{"kind":"closed"}"#, "kind", "unknown_field"),
        (r#"{"therapist_id":4}"#, "therapist_id", "unknown_field"),
        (r#"{"last_date":"soon"}"#, "last_date", "invalid_date"),
    ] {
        practice.patch(&path, &carl, body).await.assert_invalid(field, code);
    }
    let long = json!({"note": "x".repeat(2001)}).to_string();
    practice.patch(&path, &carl, &long).await.assert_invalid("note", "too_long");
    practice.patch(&format!("{TIME_OFF}/99"), &carl, "{}").await.assert_problem(404, "time_off_not_found");
    practice.patch(&format!("{path}?dry_run=maybe"), &carl, "{}").await.assert_problem(422, "wrong_type");

    // The buffer of a session, until eleven, is not in the way, and neither is a colleague's session.
    let after = r#"{"kind":"closed","from":"2024-01-15T10:50:00Z","to":"2024-01-15T12:00:00Z"}"#;
    practice.post(TIME_OFF, &carl, after).await.assert_members(&json!({"conflicts": []}));
    let within = r#"{"kind":"closed","from":"2024-01-15T10:49:00Z","to":"2024-01-15T12:00:00Z","therapist_id":4}"#;
    practice.post(TIME_OFF, &carl, within).await.assert_members(&json!({"conflicts": [conflict(2, 3, 15)]}));
    let extra = r#"{"kind":"extra_hours","date":"2024-01-15","start":"10:00","end":"12:00"}"#;
    practice.post(TIME_OFF, &carl, extra).await.assert_members(&json!({"conflicts": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_a_client_names_their_bookings_and_cancels_them_on_request() {
    let (practice, ada, carl) = Parts::new().without_limits().with_session().await;
    practice.post("/api/bookings", &ada, &slot("2024-01-16T10:00:00Z")).await.assert_status(201);
    const PATH: &str = "/api/admin/users/2";
    let upcoming = |id: i64, day: i64, status: &str| {
        json!({"id": id, "therapist_id": 1, "scheduled_at": format!("2024-01-{day}T10:00:00Z"), "duration": 50,
               "status": status})
    };
    let both = json!([upcoming(1, 15, "scheduled"), upcoming(2, 16, "pending_payment")]);
    practice.patch(PATH, &carl, r#"{"cancel_bookings":true}"#).await.assert_invalid("cancel_bookings", "invalid_value");
    let disabled = practice.patch(PATH, &carl, r#"{"disabled":true}"#).await;
    disabled.assert_members(&json!({"disabled": true, "upcoming_bookings": both}));
    assert!(disabled.json().get("cancelled_bookings").is_none(), "they stand");
    practice.get("/api/admin/bookings/1", &carl).await.assert_members(&json!({"status": "scheduled"}));
    let cancel = r#"{"disabled":true,"cancel_bookings":true}"#;
    let cancelled = practice.patch(PATH, &carl, cancel).await;
    let gone = json!([upcoming(1, 15, "cancelled"), upcoming(2, 16, "cancelled")]);
    cancelled.assert_members(&json!({"upcoming_bookings": [], "cancelled_bookings": gone, "failed_cancellations": []}));
    let detail = practice.get("/api/admin/bookings/1", &carl).await;
    detail.assert_members(&json!({"status": "cancelled", "payment_status": "refund_pending"}));
    assert_eq!(detail.json()["cancellation"]["refund_amount"], 100.0, "the practice cancels, so all is refunded");
    let again = practice.patch(PATH, &carl, cancel).await;
    again.assert_members(&json!({"upcoming_bookings": [], "cancelled_bookings": [], "failed_cancellations": []}));
    practice.patch(PATH, &carl, r#"{"disabled":false}"#).await.assert_members(&json!({"disabled": false}));
}
