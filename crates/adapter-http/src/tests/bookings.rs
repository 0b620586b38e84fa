//! The three endpoints with a fixed format, and creating bookings.

use attune_domain::Role;
use attune_ports::Provider;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::*;

/// The room that the predictable randomness of the tests leads to.
fn room(booking: &Value) -> (String, String) {
    let id = booking["jitsi_room_id"].as_str().unwrap().to_owned();
    (id.clone(), format!("https://meet.example.org/{id}"))
}

const ADA: &str = "#userInfo.displayName=%22Ada%20Client%22";
const CARL: &str = "#userInfo.displayName=%22Carl%20Rogers%22\
                    &config.startWithAudioMuted=false&config.startWithVideoMuted=false";

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_list_is_byte_for_byte_what_front_ends_read() {
    let (practice, ada, _) = Parts::new().with_hold().await;
    let common = r#"{"bookings":[{"id":1,"user_id":2,"scheduled_at":"2024-01-15T10:00:00Z","duration":50"#;
    let held = r#""status":"pending_payment","jitsi_room_id":null,"jitsi_room_url":null,"#.to_owned()
        + r#""personalized_meeting_url":null,"amount":100.00,"payment_status":"pending"}]}"#;
    practice.get("/api/bookings", &ada).await.assert_body(200, &format!("{common},{held}"));
    practice.pay(1).await;
    let list = practice.get("/api/bookings", &ada).await;
    let (id, url) = room(&list.json()["bookings"][0]);
    assert!(id.starts_with("booking-1-1704873600-"), "{id}");
    let paid = format!(r#""status":"scheduled","jitsi_room_id":"{id}","jitsi_room_url":"{url}","#)
        + &format!(r#""personalized_meeting_url":"{url}{ADA}","amount":100.00,"payment_status":"succeeded"}}]}}"#);
    list.assert_body(200, &format!("{common},{paid}"));
    assert_eq!(list.header("content-type"), Some("application/json"));
    assert_eq!(list.header("x-total-count"), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_is_byte_for_byte_what_front_ends_read() {
    let (practice, ada, carl) = Parts::new().with_hold().await;
    practice.get("/api/meetings/1/link", &ada).await.assert_problem(404, "meeting_link_unavailable");
    practice.pay(1).await;
    let (_, url) = room(&practice.get("/api/bookings/1", &ada).await.json());
    let rest = r#""scheduled_at":"2024-01-15T10:00:00Z","duration":50,"status":"scheduled"}"#;
    for (token, link, name, is_admin) in [(&ada, ADA, "Ada Client", false), (&carl, CARL, "Carl Rogers", true)] {
        let name = format!(r#""display_name":"{name}","is_admin":{is_admin}"#);
        let wanted = format!(r#"{{"booking_id":1,"meeting_url":"{url}{link}",{name},{rest}"#);
        practice.get("/api/meetings/1/link", token).await.assert_body(200, &wanted);
    }
    let ada = practice.ada_at("2024-01-15T11:20:00Z").await;
    practice.get("/api/meetings/1/link", &ada).await.assert_problem(404, "meeting_link_unavailable");
    let over = practice.get("/api/bookings/1", &ada).await.json();
    assert!(over["personalized_meeting_url"].is_null() && over["jitsi_room_url"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admins_list_is_byte_for_byte_what_front_ends_read() {
    let (practice, _, carl) = Parts::new().with_session().await;
    let list = practice.get("/api/admin/bookings", &carl).await;
    let (id, url) = room(&list.json()["bookings"][0]);
    let booking = r#"{"id":1,"user_id":2,"scheduled_at":"2024-01-15T10:00:00Z","duration":50,"status":"scheduled""#;
    let booking = format!(r#"{booking},"jitsi_room_id":"{id}","jitsi_room_url":"{url}","#)
        + &format!(r#""admin_meeting_url":"{url}{CARL}","amount":100.00,"payment_status":"succeeded""#);
    list.assert_body(200, &format!(r#"{{"bookings":[{booking}}}],"total":1,"limit":50,"offset":0}}"#));
    let list = practice.get("/api/admin/bookings?expand=user&limit=1", &carl).await;
    let user = r#""user":{"id":2,"first_name":"Ada","last_name":"Client","email":"ada@example.org"}"#;
    list.assert_body(200, &format!(r#"{{"bookings":[{booking},{user}}}],"total":1,"limit":1,"offset":0}}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_booking_has_all_details_and_its_checkout() {
    let (practice, ada, _) = Parts::new().with_ada().await;
    let body =
        r#"{"scheduled_at":"2024-01-15T11:00:00.000+01:00","service_id":1,"therapist_id":1,"note":"Hello\nyou"}"#;
    let reply = practice.post("/api/bookings", &ada, body).await;
    assert_eq!(reply.assert_status(201).header("location"), Some("/api/bookings/1"));
    let url = reply.json()["checkout_url"].as_str().unwrap().to_owned();
    let detail = r#"{"id":1,"user_id":2,"scheduled_at":"2024-01-15T10:00:00Z","duration":50,"#.to_owned()
        + r#""status":"pending_payment","jitsi_room_id":null,"jitsi_room_url":null,"#
        + r#""personalized_meeting_url":null,"amount":100.00,"payment_status":"pending","#
        + r#""currency":"EUR","service_id":1,"therapist_id":1,"note":"Hello\nyou","#
        + r#""hold_expires_at":"2024-01-10T08:15:00Z","cancellation":null,"version":1"#;
    reply.assert_body(201, &format!(r#"{detail},"checkout_url":"{url}"}}"#));
    practice.get("/api/bookings/1", &ada).await.assert_body(200, &format!("{detail}}}"));
    let again = practice.post("/api/bookings", &ada, &slot(SLOT)).await;
    again.assert_problem(409, "hold_exists").assert_members(&json!({"booking_id": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_booking_has_its_room_immediately() {
    let (practice, ada, _) = Parts::new().provider(Provider::None).with_ada().await;
    let booking = practice.book(&ada, SLOT).await;
    let wanted = json!({"status": "scheduled", "payment_status": "not_required", "checkout_url": null});
    assert_members(&booking, &wanted);
    assert!(booking["personalized_meeting_url"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_stored_when_the_provider_is_unavailable() {
    let (practice, ada, _) = Parts::new().with_ada().await;
    practice.parts.gateway.set_down(true);
    assert!(practice.book(&ada, SLOT).await["checkout_url"].is_null());
    let reply = practice.post("/api/bookings/1/payment", &ada, "{}").await;
    reply.assert_problem(503, "payment_provider_unavailable").assert_lacks(&["secret cause"]);
    practice.parts.gateway.set_down(false);
    assert!(practice.post("/api/bookings/1/payment", &ada, "{}").await.json()["checkout_url"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_booking_says_why() {
    let (practice, ada, _) = Parts::new().without_limits().with_ada().await;
    let (now, long) = (format!("\"{NOW}\""), format!("\"{}\"", "x".repeat(2_001)));
    let rows: Invalid<'_> = &[
        ("scheduled_at", "required", &[""]),
        ("scheduled_at", "invalid_timestamp", &[r#""tomorrow""#, r#""2024-01-15T10:00:00""#]),
        ("scheduled_at", "invalid_timestamp", &[r#""2024-06-30T23:59:60Z""#]),
        ("scheduled_at", "invalid_timestamp", &[r#""2024-01-16T10:00:00+24:00""#, r#""2024-01-14T10:00:00-24:00""#]),
        (
            "scheduled_at",
            "invalid_timestamp",
            &[r#""2024-01-15T10:00:00.500Z""#, r#""2024-01-15T10:00:00.0000000001Z""#],
        ),
        ("scheduled_at", "wrong_type", &["1705312800"]),
        ("scheduled_at", "in_the_past", &[&now]),
        ("scheduled_at", "beyond_booking_horizon", &[r#""2025-06-01T10:00:00Z""#]),
        ("scheduled_at", "beyond_booking_horizon", &[r#""9999-12-31T23:59:59Z""#, r#""9999-12-31T00:00:00-23:59""#]),
        ("service_id", "unknown_service", &["9"]),
        ("service_id", "out_of_range", &["0"]),
        ("service_id", "wrong_type", &[r#""1""#, "1.5", "1e-1"]),
        ("therapist_id", "unknown_therapist", &["2", "2.0"]),
        ("note", "too_long", &[&long]),
        ("note", "invalid_characters", &[r#""\u0000""#]),
        ("amount", "unknown_field", &["0"]),
        ("user_id", "unknown_field", &["1"]),
    ];
    practice.assert_invalid_values(Method::POST, "/api/bookings", &ada, &slot(SLOT), rows).await;
    assert_eq!(practice.get("/api/bookings", &ada).await.header("x-total-count"), Some("0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_practice_without_a_therapist_accepts_no_bookings() {
    let (practice, ada, carl) = Parts::new().with_ada().await;
    practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    let reply = practice.post("/api/bookings", &ada, &format!(r#"{{"scheduled_at":"{SLOT}","therapist_id":3}}"#)).await;
    assert_eq!(reply.json()["therapist_id"], 3);
    practice.patch("/api/admin/users/3", &carl, r#"{"disabled":true}"#).await.assert_status(200);
    let body = r#"{"scheduled_at":"2024-01-16T10:00:00Z","therapist_id":3}"#;
    assert_eq!(practice.post("/api/bookings", &ada, body).await.code(), "unknown_therapist");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_sorted_and_paged() {
    let (practice, ada, carl) = Parts::new().without_limits().with_session().await;
    let bob = practice.client("Bob").await;
    for (token, day) in [(&ada, 16), (&bob, 17), (&carl, 18)] {
        practice.book(token, &format!("2024-01-{day}T10:00:00Z")).await;
    }
    for (query, token, wanted) in [
        ("bookings", &ada, vec![2, 1]),
        ("bookings?limit=1", &ada, vec![2]),
        ("bookings?limit=1&offset=1", &ada, vec![1]),
        ("bookings?offset=9", &ada, vec![]),
        ("bookings?status=scheduled", &ada, vec![1]),
        ("bookings?from=2024-01-15T10:00:01Z", &ada, vec![2]),
        ("bookings?to=2024-01-16T11:00:00%2B01:00", &ada, vec![1]),
        ("bookings?from=0000-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", &ada, vec![2, 1]),
        ("bookings?from=9999-12-31T23:59:59Z", &ada, vec![]),
        ("bookings", &bob, vec![3]),
        ("bookings", &carl, vec![4]),
        ("admin/bookings", &carl, vec![4, 3, 2, 1]),
        ("admin/bookings?sort=scheduled_at", &carl, vec![1, 2, 3, 4]),
        ("admin/bookings?sort=-scheduled_at&limit=2&offset=1", &carl, vec![3, 2]),
        ("admin/bookings?user_id=2", &carl, vec![2, 1]),
        ("admin/bookings?user_id=99", &carl, vec![]),
        ("admin/bookings?to=9999-12-31T23:59:59-23:59", &carl, vec![4, 3, 2, 1]),
        ("admin/bookings?payment_status=succeeded", &carl, vec![1]),
        ("admin/bookings?status=pending_payment&from=2024-01-17T00:00:00Z", &carl, vec![4, 3]),
    ] {
        assert_eq!(ids(&practice.get(&format!("/api/{query}"), token).await), wanted, "{query}");
    }
    assert_eq!(practice.get("/api/bookings?limit=1", &ada).await.header("x-total-count"), Some("2"));
    let both: Invalid<'_> = &[
        ("limit", "out_of_range", &["limit=0", "limit=201", "limit=-1", "limit=1000000000000000000000"]),
        ("limit", "wrong_type", &["limit=ten", "limit=", "limit=01", "limit=%2B1", "limit=1.0", "limit=%201"]),
        ("offset", "out_of_range", &["offset=-1", "offset=9223372036854775808"]),
        ("status", "invalid_value", &["status=paid"]),
        ("status", "duplicate_field", &["status=scheduled&status=expired"]),
        ("from", "invalid_timestamp", &["from=yesterday"]),
        ("to", "invalid_timestamp", &["to=2024-01-15T10:00:00+01:00"]),
        ("email", "unknown_field", &["email=x"]),
        ("access_token", "unknown_field", &["access_token=x"]),
    ];
    practice.assert_invalid_queries("/api/bookings", &ada, both).await;
    practice.assert_invalid_queries("/api/admin/bookings", &carl, both).await;
    let admin: Invalid<'_> = &[
        ("sort", "invalid_value", &["sort=id;DROP TABLE bookings"]),
        ("expand", "invalid_value", &["expand=password", "expand=", "expand=user,", "expand=user,password"]),
        ("user_id", "out_of_range", &["user_id=0"]),
        ("user_id", "wrong_type", &["user_id=me", "user_id=02", "user_id=%2B2", "user_id=2.0"]),
    ];
    practice.assert_invalid_queries("/api/admin/bookings", &carl, admin).await;
    assert_eq!(practice.get("/api/bookings?user_id=3", &ada).await.code(), "unknown_field");
}

/// The IDs on a page.
fn ids(reply: &Reply) -> Vec<Value> {
    column(&reply.json()["bookings"], "id")
}

/// The URL of the next page, if there is one.
fn next(reply: &Reply) -> Option<String> {
    let link = reply.header("link")?;
    Some(link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned())
}

/// On five days, Ada's bookings at ten have odd IDs, and Bob's at eleven even ones.
async fn ten_bookings() -> (Practice, String, String) {
    let (practice, ada, carl) = Parts::new().without_limits().with_ada().await;
    let bob = practice.client("Bob").await;
    for day in 15..20 {
        for (token, hour) in [(&ada, 10), (&bob, 11)] {
            practice.book(token, &format!("2024-01-{day}T{hour}:00:00Z")).await;
        }
    }
    (practice, ada, carl)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_connected_by_links() {
    let (practice, ada, carl) = ten_bookings().await;
    for (path, token, wanted) in [
        ("bookings", &ada, vec![9, 7, 5, 3, 1]),
        ("bookings?status=pending_payment&from=2024-01-16T00:00:00Z", &ada, vec![9, 7, 5, 3]),
        ("bookings?status=scheduled", &ada, vec![]),
        ("admin/bookings", &carl, vec![10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("admin/bookings?sort=scheduled_at&expand=user", &carl, vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("admin/bookings?user_id=2&sort=scheduled_at", &carl, vec![1, 3, 5, 7, 9]),
        ("admin/bookings?payment_status=pending&to=2024-01-17T12:00:00%2B01:00", &carl, vec![5, 4, 3, 2, 1]),
    ] {
        for limit in [1, 2, 3, 5, 50] {
            let joint = if path.contains('?') { '&' } else { '?' };
            let mut page = Some(format!("/api/{path}{joint}limit={limit}"));
            let (mut found, mut pages) = (Vec::new(), 0);
            while let Some(url) = page {
                let reply = practice.get(&url, token).await;
                if token == &carl {
                    let list = reply.assert_status(200).json();
                    assert_members(&list, &json!({"total": wanted.len(), "limit": limit, "offset": 0}));
                    let with_user = column(&list["bookings"], "user").iter().all(Value::is_object);
                    assert!(!path.contains("expand") || with_user, "{url}");
                } else {
                    let total = wanted.len().to_string();
                    assert_eq!(reply.assert_status(200).header("x-total-count"), Some(&*total), "{url}");
                }
                found.extend(ids(&reply));
                pages += 1;
                page = next(&reply);
            }
            assert_eq!(found, wanted, "{path} by {limit}");
            assert_eq!(pages, wanted.len().div_ceil(limit).max(1), "{path} by {limit}: the last page says that it is");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_has_all_parameters_except_the_start() {
    let (practice, ada, carl) = ten_bookings().await;
    let reply = practice.get("/api/admin/bookings?offset=4&limit=2&from=2024-01-15T10:00:00%2B00:00", &carl).await;
    assert_eq!(ids(&reply), [6, 5]);
    // Milliseconds since 1970 and the ID, and no personal data.
    let link = "</api/admin/bookings?limit=2&from=2024-01-15T10%3A00%3A00%2B00%3A00&after=AAABjRbdBQAAAAAAAAAABQ>";
    assert_eq!(reply.header("link"), Some(&*format!("{link}; rel=\"next\"")));
    let reply = practice.get(&next(&reply).unwrap(), &carl).await;
    assert_eq!(ids(&reply), [4, 3]);
    assert_eq!(next(&reply).unwrap().matches("after=").count(), 1);
    let first = practice.get("/api/bookings?limit=2", &ada).await;
    assert!(next(&first).unwrap().starts_with("/api/bookings?limit=2&after="));
    let head = practice.request(Method::HEAD, "/api/bookings?limit=2").token(&ada).send().await;
    assert_eq!(head.header("link"), first.header("link"));
    for whole in ["/api/bookings", "/api/bookings?limit=5", "/api/bookings?offset=3", "/api/bookings?offset=9"] {
        assert_eq!(practice.get(whole, &ada).await.header("link"), None, "{whole}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_works_for_every_list_of_the_caller_and_for_no_others() {
    let (practice, ada, carl) = ten_bookings().await;
    let fourth = practice.get("/api/admin/bookings?limit=4", &carl).await;
    let cursor = next(&fourth).unwrap().split_once("after=").unwrap().1.to_owned();
    for (query, token, wanted) in [
        ("admin/bookings?", &carl, vec![6, 5, 4, 3, 2, 1]),
        ("admin/bookings?sort=scheduled_at&", &carl, vec![8, 9, 10]),
        ("admin/bookings?user_id=2&", &carl, vec![5, 3, 1]),
        ("admin/bookings?status=scheduled&", &carl, vec![]),
        ("admin/bookings?from=2024-01-19T00:00:00Z&", &carl, vec![]),
        ("admin/bookings?to=2024-01-16T00:00:00Z&", &carl, vec![2, 1]),
        ("bookings?", &ada, vec![5, 3, 1]),
        ("bookings?limit=2&", &ada, vec![5, 3]),
    ] {
        let reply = practice.get(&format!("/api/{query}after={cursor}"), token).await;
        assert_eq!(ids(&reply), wanted, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_cursors_are_rejected() {
    let (practice, ada, carl) = ten_bookings().await;
    let cursor = "after=AAABjQyQTQAAAAAAAAAAKg";
    let rows: Invalid<'_> = &[
        ("after", "invalid_value", &["after=7", &format!("{cursor}A"), &cursor.replace('j', "%2B")]),
        ("after", "invalid_value", &["after=AAAAAAAAAAAAAAAAAAAAAA", "after=_________________________w"]),
        ("after", "duplicate_field", &[&format!("{cursor}&{cursor}")]),
        ("after", "invalid_value", &[&format!("{cursor}&offset=1"), &format!("{cursor}&offset=0")]),
    ];
    practice.assert_invalid_queries("/api/bookings", &ada, rows).await;
    practice.assert_invalid_queries("/api/admin/bookings", &carl, rows).await;
    practice.get("/api/admin/users?after=x", &carl).await.assert_invalid("after", "unknown_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_emails_and_history_of_a_booking() {
    let (practice, _, carl) = Parts::new().with_hold().await;
    practice.advance(SignedDuration::from_mins(1));
    practice.pay(1).await;
    let detail = practice.get("/api/admin/bookings/1", &carl).await.json();
    assert_eq!(detail["user"]["email"], "ada@example.org");
    assert_eq!(
        lines(&detail["notifications"], &["kind", "minutes_before", "state", "send_after"]),
        [
            "meeting_info 0 pending 2024-01-10T08:01:00Z",
            "reminder 1440 pending 2024-01-14T10:00:00Z",
            "reminder 60 pending 2024-01-15T09:00:00Z",
            "receipt 0 pending 2024-01-10T08:01:00Z"
        ]
    );
    let history = lines(&detail["history"], &["action", "actor_id"]);
    assert_eq!(history, ["booking.held 2", "booking.scheduled null"]);
    assert!(detail["history"][0]["request_id"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_public() {
    let practice = Practice::open().await;
    let list = r#"{"services":[{"id":1,"name":"Session","description":"Fifty minutes by video.","duration":50,"#;
    let list = format!(r#"{list}"amount":100.00,"currency":"EUR"}}]}}"#);
    practice.get("/api/services", "").await.assert_body(200, &list);
}
