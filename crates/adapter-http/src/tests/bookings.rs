//! The three endpoints with a fixed format, and creating bookings.

use attune_domain::Role;
use attune_ports::Provider;
use jiff::SignedDuration;

use super::harness::*;

/// The room that the predictable randomness of the tests leads to.
fn room(booking: &serde_json::Value) -> (String, String) {
    let id = booking["jitsi_room_id"].as_str().unwrap().to_owned();
    (id.clone(), format!("https://meet.example.org/{id}"))
}

const ADA: &str = "#userInfo.displayName=%22Ada%20Client%22";
const CARL: &str = "#userInfo.displayName=%22Carl%20Rogers%22\
                    &config.startWithAudioMuted=false&config.startWithVideoMuted=false";

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_list_is_byte_for_byte_what_front_ends_read() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    let held = practice.book(&ada, SLOT).await;
    let list = practice.get("/api/bookings", &ada).await;
    assert_eq!(
        list.text,
        r#"{"bookings":[{"id":1,"user_id":2,"scheduled_at":"2024-01-15T10:00:00Z","duration":50,"#.to_owned()
            + r#""status":"pending_payment","jitsi_room_id":null,"jitsi_room_url":null,"#
            + r#""personalized_meeting_url":null,"amount":100.00,"payment_status":"pending"}]}"#
    );
    practice.pay(&held).await;
    let list = practice.get("/api/bookings", &ada).await;
    let (id, url) = room(&list.json()["bookings"][0]);
    assert!(id.starts_with("booking-1-1704873600-"), "{id}");
    assert_eq!(
        list.text,
        r#"{"bookings":[{"id":1,"user_id":2,"scheduled_at":"2024-01-15T10:00:00Z","duration":50,"#.to_owned()
            + &format!(r#""status":"scheduled","jitsi_room_id":"{id}","jitsi_room_url":"{url}","#)
            + &format!(r#""personalized_meeting_url":"{url}{ADA}","amount":100.00,"payment_status":"succeeded"}}]}}"#)
    );
    assert_eq!(list.header("content-type"), Some("application/json"));
    assert_eq!(list.header("x-total-count"), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_is_byte_for_byte_what_front_ends_read() {
    let practice = Practice::open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let held = practice.book(&ada, SLOT).await;
    assert_eq!(practice.get("/api/meetings/1/link", &ada).await.problem(), (404, "meeting_link_unavailable".into()));
    practice.pay(&held).await;
    let (_, url) = room(&practice.get("/api/bookings/1", &ada).await.json());
    let rest = r#""scheduled_at":"2024-01-15T10:00:00Z","duration":50,"status":"scheduled"}"#;
    assert_eq!(
        practice.get("/api/meetings/1/link", &ada).await.text,
        format!(r#"{{"booking_id":1,"meeting_url":"{url}{ADA}","display_name":"Ada Client","is_admin":false,{rest}"#)
    );
    assert_eq!(
        practice.get("/api/meetings/1/link", &carl).await.text,
        format!(r#"{{"booking_id":1,"meeting_url":"{url}{CARL}","display_name":"Carl Rogers","is_admin":true,{rest}"#)
    );
    practice.set_time("2024-01-15T11:20:00Z");
    let ada = practice.token("ada@example.org").await;
    assert_eq!(practice.get("/api/meetings/1/link", &ada).await.problem(), (404, "meeting_link_unavailable".into()));
    let over = practice.get("/api/bookings/1", &ada).await.json();
    assert!(over["personalized_meeting_url"].is_null() && over["jitsi_room_url"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admins_list_is_byte_for_byte_what_front_ends_read() {
    let practice = Practice::open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let held = practice.book(&ada, SLOT).await;
    practice.pay(&held).await;
    let list = practice.get("/api/admin/bookings", &carl).await;
    let (id, url) = room(&list.json()["bookings"][0]);
    let booking = r#"{"id":1,"user_id":2,"scheduled_at":"2024-01-15T10:00:00Z","duration":50,"status":"scheduled","#
        .to_owned()
        + &format!(r#""jitsi_room_id":"{id}","jitsi_room_url":"{url}","admin_meeting_url":"{url}{CARL}","#)
        + r#""amount":100.00,"payment_status":"succeeded""#;
    assert_eq!(list.text, format!(r#"{{"bookings":[{booking}}}],"total":1,"limit":50,"offset":0}}"#));
    let list = practice.get("/api/admin/bookings?expand=user&limit=1", &carl).await;
    let user = r#""user":{"id":2,"first_name":"Ada","last_name":"Client","email":"ada@example.org"}"#;
    assert_eq!(list.text, format!(r#"{{"bookings":[{booking},{user}}}],"total":1,"limit":1,"offset":0}}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_booking_has_all_details_and_its_checkout() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    let body = r#"{"scheduled_at":"2024-01-15T11:00:00.7+01:00","service_id":1,"therapist_id":1,"note":"Hello\nyou"}"#;
    let reply = practice.post("/api/bookings", &ada, body).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("location"), Some("/api/bookings/1"));
    let url = reply.json()["checkout_url"].as_str().unwrap().to_owned();
    let detail = r#"{"id":1,"user_id":2,"scheduled_at":"2024-01-15T10:00:00Z","duration":50,"#.to_owned()
        + r#""status":"pending_payment","jitsi_room_id":null,"jitsi_room_url":null,"#
        + r#""personalized_meeting_url":null,"amount":100.00,"payment_status":"pending","#
        + r#""currency":"EUR","service_id":1,"therapist_id":1,"note":"Hello\nyou","#
        + r#""hold_expires_at":"2024-01-10T08:15:00Z","cancellation":null,"version":1"#;
    assert_eq!(reply.text, format!(r#"{detail},"checkout_url":"{url}"}}"#));
    assert_eq!(practice.get("/api/bookings/1", &ada).await.text, format!("{detail}}}"));
    let held = practice.post("/api/bookings", &ada, &format!(r#"{{"scheduled_at":"{SLOT}"}}"#)).await;
    assert_eq!((held.problem(), &held.json()["booking_id"]), ((409, "hold_exists".into()), &1.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_booking_has_its_room_immediately() {
    let practice = Parts::new().provider(Provider::None).open().await;
    let ada = practice.client("Ada").await;
    let booking = practice.book(&ada, SLOT).await;
    assert_eq!((&booking["status"], &booking["payment_status"]), (&"scheduled".into(), &"not_required".into()));
    assert!(booking["checkout_url"].is_null() && booking["personalized_meeting_url"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_kept_when_the_provider_is_unavailable() {
    let practice = Practice::open().await;
    let ada = practice.client("Ada").await;
    practice.parts.gateway.set_down(true);
    assert!(practice.book(&ada, SLOT).await["checkout_url"].is_null());
    let reply = practice.post("/api/bookings/1/payment", &ada, "{}").await;
    assert_eq!(reply.problem(), (503, "payment_provider_unavailable".into()));
    assert!(!reply.text.contains("secret cause"));
    practice.parts.gateway.set_down(false);
    assert!(practice.post("/api/bookings/1/payment", &ada, "{}").await.json()["checkout_url"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_booking_says_why() {
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.client("Ada").await;
    let far = "2025-06-01T10:00:00Z";
    for (body, wanted) in [
        ("{}".to_owned(), ("scheduled_at", "required")),
        (r#"{"scheduled_at":"tomorrow"}"#.into(), ("scheduled_at", "invalid_timestamp")),
        (r#"{"scheduled_at":"2024-01-15T10:00:00"}"#.into(), ("scheduled_at", "invalid_timestamp")),
        (r#"{"scheduled_at":"2024-06-30T23:59:60Z"}"#.into(), ("scheduled_at", "invalid_timestamp")),
        (r#"{"scheduled_at":1705312800}"#.into(), ("scheduled_at", "wrong_type")),
        (format!(r#"{{"scheduled_at":"{NOW}"}}"#), ("scheduled_at", "in_the_past")),
        (format!(r#"{{"scheduled_at":"{far}"}}"#), ("scheduled_at", "beyond_booking_horizon")),
        (format!(r#"{{"scheduled_at":"{SLOT}","service_id":9}}"#), ("service_id", "unknown_service")),
        (format!(r#"{{"scheduled_at":"{SLOT}","service_id":0}}"#), ("service_id", "out_of_range")),
        (format!(r#"{{"scheduled_at":"{SLOT}","service_id":"1"}}"#), ("service_id", "wrong_type")),
        (format!(r#"{{"scheduled_at":"{SLOT}","therapist_id":2}}"#), ("therapist_id", "unknown_therapist")),
        (format!(r#"{{"scheduled_at":"{SLOT}","note":"{}"}}"#, "x".repeat(2_001)), ("note", "too_long")),
        (format!(r#"{{"scheduled_at":"{SLOT}","note":"\u0000"}}"#), ("note", "invalid_characters")),
        (format!(r#"{{"scheduled_at":"{SLOT}","amount":0}}"#), ("amount", "unknown_field")),
        (format!(r#"{{"scheduled_at":"{SLOT}","user_id":1}}"#), ("user_id", "unknown_field")),
    ] {
        let reply = practice.post("/api/bookings", &ada, &body).await;
        assert_eq!(reply.problem(), (422, wanted.1.into()), "{body}");
        assert_eq!(reply.errors(), [(wanted.0.to_owned(), wanted.1.to_owned())], "{body}");
    }
    assert_eq!(practice.get("/api/bookings", &ada).await.header("x-total-count"), Some("0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_practice_without_a_therapist_accepts_no_bookings() {
    let practice = Practice::open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    practice.add("erik@example.org", "Erik", "Erikson", Role::Admin).await;
    let reply = practice.post("/api/bookings", &ada, &format!(r#"{{"scheduled_at":"{SLOT}","therapist_id":3}}"#)).await;
    assert_eq!(reply.json()["therapist_id"], 3);
    assert_eq!(practice.patch("/api/admin/users/3", &carl, r#"{"disabled":true}"#).await.status, 200);
    let body = r#"{"scheduled_at":"2024-01-16T10:00:00Z","therapist_id":3}"#;
    assert_eq!(practice.post("/api/bookings", &ada, body).await.code(), "unknown_therapist");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_sorted_and_paged() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, bob, carl) = (practice.client("Ada").await, practice.client("Bob").await, practice.admin().await);
    let first = practice.book(&ada, "2024-01-15T10:00:00Z").await;
    practice.book(&ada, "2024-01-16T10:00:00Z").await;
    practice.book(&bob, "2024-01-17T10:00:00Z").await;
    practice.book(&carl, "2024-01-18T10:00:00Z").await;
    practice.pay(&first).await;
    for (query, token, wanted) in [
        ("bookings", &ada, vec![2, 1]),
        ("bookings?limit=1", &ada, vec![2]),
        ("bookings?limit=1&offset=1", &ada, vec![1]),
        ("bookings?offset=9", &ada, vec![]),
        ("bookings?status=scheduled", &ada, vec![1]),
        ("bookings?from=2024-01-15T10:00:01Z", &ada, vec![2]),
        ("bookings?to=2024-01-16T11:00:00%2B01:00", &ada, vec![1]),
        ("bookings", &bob, vec![3]),
        ("bookings", &carl, vec![4]),
        ("admin/bookings", &carl, vec![4, 3, 2, 1]),
        ("admin/bookings?sort=scheduled_at", &carl, vec![1, 2, 3, 4]),
        ("admin/bookings?sort=-scheduled_at&limit=2&offset=1", &carl, vec![3, 2]),
        ("admin/bookings?user_id=2", &carl, vec![2, 1]),
        ("admin/bookings?user_id=99", &carl, vec![]),
        ("admin/bookings?payment_status=succeeded", &carl, vec![1]),
        ("admin/bookings?status=pending_payment&from=2024-01-17T00:00:00Z", &carl, vec![4, 3]),
    ] {
        assert_eq!(ids(&practice.get(&format!("/api/{query}"), token).await), wanted, "{query}");
    }
    assert_eq!(practice.get("/api/bookings?limit=1", &ada).await.header("x-total-count"), Some("2"));
    for (query, field, code) in [
        ("limit=0", "limit", "out_of_range"),
        ("limit=201", "limit", "out_of_range"),
        ("limit=-1", "limit", "out_of_range"),
        ("limit=1000000000000000000000", "limit", "out_of_range"),
        ("limit=ten", "limit", "wrong_type"),
        ("limit=", "limit", "wrong_type"),
        ("offset=-1", "offset", "out_of_range"),
        ("offset=9223372036854775808", "offset", "out_of_range"),
        ("status=paid", "status", "invalid_value"),
        ("status=scheduled&status=expired", "status", "duplicate_field"),
        ("from=yesterday", "from", "invalid_timestamp"),
        ("to=2024-01-15T10:00:00+01:00", "to", "invalid_timestamp"),
        ("email=x", "email", "unknown_field"),
        ("access_token=x", "access_token", "unknown_field"),
    ] {
        for (path, token) in [("bookings", &ada), ("admin/bookings", &carl)] {
            let reply = practice.get(&format!("/api/{path}?{query}"), token).await;
            assert_eq!((reply.status.as_u16(), reply.errors()), (422, vec![(field.into(), code.into())]), "{query}");
        }
    }
    for (query, field, code) in [
        ("sort=id;DROP TABLE bookings", "sort", "invalid_value"),
        ("expand=password", "expand", "invalid_value"),
        ("user_id=0", "user_id", "out_of_range"),
        ("user_id=me", "user_id", "wrong_type"),
    ] {
        let reply = practice.get(&format!("/api/admin/bookings?{query}"), &carl).await;
        assert_eq!((reply.status.as_u16(), reply.errors()), (422, vec![(field.into(), code.into())]), "{query}");
    }
    assert_eq!(practice.get("/api/bookings?user_id=3", &ada).await.code(), "unknown_field");
}

/// The IDs on a page.
fn ids(reply: &Reply) -> Vec<i64> {
    reply.json()["bookings"].as_array().unwrap().iter().map(|b| b["id"].as_i64().unwrap()).collect()
}

/// The URL of the next page, if there is one.
fn next(reply: &Reply) -> Option<String> {
    let link = reply.header("link")?;
    Some(link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned())
}

/// On five days, Ada's bookings at ten have odd IDs, and Bob's at eleven even ones.
async fn ten_bookings(practice: &Practice) -> (String, String) {
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let bob = practice.client("Bob").await;
    for day in 15..20 {
        for (token, hour) in [(&ada, 10), (&bob, 11)] {
            practice.book(token, &format!("2024-01-{day}T{hour}:00:00Z")).await;
        }
    }
    (ada, carl)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_connected_by_links() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, carl) = ten_bookings(&practice).await;
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
            let mut at = Some(format!("/api/{path}{joint}limit={limit}"));
            let (mut found, mut pages) = (Vec::new(), 0);
            while let Some(address) = at {
                let reply = practice.get(&address, token).await;
                assert_eq!(reply.status, 200, "{address}");
                let list = reply.json();
                if token == &carl {
                    assert_eq!(list["total"], wanted.len(), "{address}");
                    assert_eq!((&list["limit"], &list["offset"]), (&limit.into(), &0.into()), "{address}");
                    let with_user = list["bookings"].as_array().unwrap().iter().all(|b| b["user"].is_object());
                    assert!(!path.contains("expand") || with_user, "{address}");
                } else {
                    assert_eq!(reply.header("x-total-count"), Some(&*wanted.len().to_string()), "{address}");
                }
                found.extend(ids(&reply));
                pages += 1;
                at = next(&reply);
            }
            assert_eq!(found, wanted, "{path} by {limit}");
            assert_eq!(pages, wanted.len().div_ceil(limit).max(1), "{path} by {limit}: the last page says that it is");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_keeps_all_parameters_except_the_start() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, carl) = ten_bookings(&practice).await;
    let reply = practice.get("/api/admin/bookings?offset=4&limit=2&from=2024-01-15T10:00:00%2B00:00", &carl).await;
    assert_eq!(ids(&reply), [6, 5]);
    // Milliseconds since 1970 and the ID, and no personal data.
    assert_eq!(
        reply.header("link"),
        Some(
            "</api/admin/bookings?limit=2&from=2024-01-15T10%3A00%3A00%2B00%3A00&after=AAABjRbdBQAAAAAAAAAABQ>; \
             rel=\"next\""
        )
    );
    let reply = practice.get(&next(&reply).unwrap(), &carl).await;
    assert_eq!(ids(&reply), [4, 3]);
    assert_eq!(next(&reply).unwrap().matches("after=").count(), 1);
    let first = practice.get("/api/bookings?limit=2", &ada).await;
    assert!(next(&first).unwrap().starts_with("/api/bookings?limit=2&after="));
    let head = practice.request(reqwest::Method::HEAD, "/api/bookings?limit=2").token(&ada).send().await;
    assert_eq!(head.header("link"), first.header("link"));
    for whole in ["/api/bookings", "/api/bookings?limit=5", "/api/bookings?offset=3", "/api/bookings?offset=9"] {
        assert_eq!(practice.get(whole, &ada).await.header("link"), None, "{whole}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_works_for_every_list_of_the_caller_and_for_no_others() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, carl) = ten_bookings(&practice).await;
    let fourth = practice.get("/api/admin/bookings?limit=4", &carl).await;
    let place = next(&fourth).unwrap().split_once("after=").unwrap().1.to_owned();
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
        let reply = practice.get(&format!("/api/{query}after={place}"), token).await;
        assert_eq!(ids(&reply), wanted, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_cursors_are_rejected() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, carl) = ten_bookings(&practice).await;
    let place = "AAABjQyQTQAAAAAAAAAAKg";
    for (query, code) in [
        ("after=7".to_owned(), "invalid_value"),
        (format!("after={place}A"), "invalid_value"),
        (format!("after={}", place.replace('j', "%2B")), "invalid_value"),
        ("after=AAAAAAAAAAAAAAAAAAAAAA".to_owned(), "invalid_value"),
        ("after=_________________________w".to_owned(), "invalid_value"),
        (format!("after={place}&after={place}"), "duplicate_field"),
        (format!("after={place}&offset=1"), "invalid_value"),
        (format!("after={place}&offset=0"), "invalid_value"),
    ] {
        for (path, token) in [("bookings", &ada), ("admin/bookings", &carl)] {
            let reply = practice.get(&format!("/api/{path}?{query}"), token).await;
            assert_eq!((reply.status.as_u16(), reply.errors()), (422, vec![("after".into(), code.into())]), "{query}");
        }
    }
    let reply = practice.get("/api/admin/users?after=x", &carl).await;
    assert_eq!(reply.errors(), [("after".into(), "unknown_field".into())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_emails_and_history_of_a_booking() {
    let practice = Practice::open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let held = practice.book(&ada, SLOT).await;
    practice.advance(SignedDuration::from_mins(1));
    practice.pay(&held).await;
    let detail = practice.get("/api/admin/bookings/1", &carl).await.json();
    assert_eq!(detail["user"]["email"], "ada@example.org");
    let told: Vec<String> = detail["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| format!("{} {} {} {}", n["kind"], n["minutes_before"], n["state"], n["send_after"]))
        .collect();
    assert_eq!(
        told,
        [
            r#""meeting_info" 0 "pending" "2024-01-10T08:01:00Z""#,
            r#""reminder" 1440 "pending" "2024-01-14T10:00:00Z""#,
            r#""reminder" 60 "pending" "2024-01-15T09:00:00Z""#,
            r#""receipt" 0 "pending" "2024-01-10T08:01:00Z""#
        ]
    );
    let history: Vec<String> =
        detail["history"].as_array().unwrap().iter().map(|h| format!("{} {}", h["action"], h["actor_id"])).collect();
    assert_eq!(history, [r#""booking.held" 2"#, r#""booking.scheduled" null"#]);
    assert!(detail["history"][0]["request_id"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_public() {
    let practice = Practice::open().await;
    assert_eq!(
        practice.get("/api/services", "").await.text,
        r#"{"services":[{"id":1,"name":"Session","description":"Fifty minutes by video.","duration":50,"#.to_owned()
            + r#""amount":100.00,"currency":"EUR"}]}"#
    );
}
