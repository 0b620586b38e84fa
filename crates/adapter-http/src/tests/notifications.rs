//! The emails in the outbox, for admins.

use attune_ports::Provider;
use serde_json::json;

use super::harness::*;

const LIST: &str = "/api/admin/notifications";

#[tokio::test(flavor = "multi_thread")]
async fn admins_list_the_emails_and_see_no_address() {
    let (practice, ada, carl) = Parts::new().provider(Provider::None).with_ada().await;
    practice.post("/api/bookings", &ada, &format!(r#"{{"scheduled_at":"{SLOT}"}}"#)).await.assert_status(201);
    let all = practice.get(LIST, &carl).await;
    all.assert_status(200).assert_lacks(&["@"]);
    all.assert_members(&json!({"total": 3, "limit": 50, "offset": 0}));
    let all = all.json();
    assert_eq!(column(&all["notifications"], "kind"), ["reminder", "reminder", "meeting_info"]);
    let wanted = json!({
        "id": 1, "state": "pending", "attempts": 0, "minutes_before": 0, "booking_id": 1, "sent_at": null,
        "last_error": null, "recipient": {"id": 2, "role": "client"},
    });
    assert_members(&all["notifications"][2], &wanted);
    for (query, total) in [
        ("?kind=reminder", 2),
        ("?kind=reminder&state=sent", 0),
        ("?state=pending&booking_id=1", 3),
        ("?booking_id=2", 0),
    ] {
        practice.get(&format!("{LIST}{query}"), &carl).await.assert_members(&json!({"total": total}));
    }
    let page = practice.get(&format!("{LIST}?limit=1&offset=2"), &carl).await.json();
    assert_eq!(column(&page["notifications"], "kind"), ["meeting_info"]);
    for (query, field) in [("?kind=letter", "kind"), ("?state=lost", "state")] {
        practice.get(&format!("{LIST}{query}"), &carl).await.assert_invalid(field, "invalid_value");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_is_cancelled_once_and_a_pending_one_is_not_sent_again() {
    let (practice, ada, carl) = Parts::new().provider(Provider::None).with_ada().await;
    practice.post("/api/bookings", &ada, &format!(r#"{{"scheduled_at":"{SLOT}"}}"#)).await.assert_status(201);
    practice.post(&format!("{LIST}/2/retry"), &carl, "").await.assert_problem(409, "invalid_state");
    let cancelled = practice.post(&format!("{LIST}/2/cancel"), &carl, "").await;
    cancelled.assert_status(200).assert_members(&json!({"id": 2, "state": "cancelled", "booking_id": 1}));
    practice.post(&format!("{LIST}/2/cancel"), &carl, "").await.assert_problem(409, "invalid_state");
    practice.post(&format!("{LIST}/9/cancel"), &carl, "").await.assert_problem(404, "notification_not_found");
}
