//! What admins see and do, and who may do what.

use attune_e2e::{Database, Method, Practice, assert_fields, eventually, keys, later};
use serde_json::{Value, json};

use crate::bookings::{booked_and_paid, pay};

on_both_databases!(
    admins_see_every_booking,
    a_booking_shows_its_emails_and_its_history,
    a_changed_role_applies_from_the_next_request,
    clients_cannot_use_admin_endpoints,
);

const LISTED: &str =
    "id user_id scheduled_at duration status jitsi_room_id jitsi_room_url admin_meeting_url amount payment_status";

async fn admins_see_every_booking(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).with("payments.provider", "test").serve_client().await;
    let jane = practice.client(&app, "Jane", "Rowland").await;
    let mut ids = Vec::new();
    for day in 1..=6 {
        let (client, start) = (if day % 2 == 0 { &jane } else { &john }, later(day * 1440));
        ids.push(if day <= 3 { booked_and_paid(&app, client, start).await } else { client.booked(start).await });
    }

    let answer = admin.get("/api/admin/bookings").await;
    let page = answer.expect(200);
    assert_eq!(keys(&answer.text), "bookings total limit offset");
    assert_eq!(keys(answer.text.split_once("[").unwrap().1), LISTED, "exactly these fields in this order");
    assert_fields(&page, json!({"total": 6, "limit": 50, "offset": 0}));
    let rows = page["bookings"].as_array().unwrap();
    let unpaid = rows.iter().find(|row| row["id"] == ids[5]).unwrap();
    assert_fields(unpaid, json!({"admin_meeting_url": null, "status": "pending_payment"}));

    let listed = async |query: &str| {
        let page = admin.get(&format!("/api/admin/bookings?{query}")).await.expect(200);
        let rows = page["bookings"].as_array().unwrap();
        (rows.iter().map(|row| row["id"].as_i64().unwrap()).collect::<Vec<_>>(), page["total"].as_i64().unwrap())
    };
    let latest_first: Vec<i64> = ids.iter().copied().rev().collect();
    assert_eq!(listed("").await, (latest_first.clone(), 6));
    assert_eq!(listed("limit=2&offset=3").await, (latest_first[3..5].to_vec(), 6));
    assert_eq!(listed("limit=2&offset=100").await, (vec![], 6));
    assert_eq!(listed("status=scheduled").await, (vec![ids[2], ids[1], ids[0]], 3));
    assert_eq!(listed("payment_status=pending").await, (vec![ids[5], ids[4], ids[3]], 3));
    assert_eq!(listed(&format!("user_id={}", jane.id)).await, (vec![ids[5], ids[3], ids[1]], 3));
    assert_eq!(listed(&format!("user_id={}&status=scheduled", jane.id)).await, (vec![ids[1]], 1));
    let between = format!("from={}&to={}", later(2 * 1440), later(4 * 1440));
    assert_eq!(listed(&between).await, (vec![ids[2], ids[1]], 2));
    assert_eq!(listed("sort=scheduled_at").await, (ids.clone(), 6));
    assert_eq!(listed("sort=-scheduled_at").await, (latest_first, 6));
    for bad in [
        "sort=1;DROP TABLE bookings",
        "status=odd",
        "limit=201",
        "limit=-1",
        "user_id=x",
        "expand=everything",
        "page=2",
    ] {
        admin.get(&format!("/api/admin/bookings?{bad}")).await.expect(422);
    }

    let expanded = admin.get("/api/admin/bookings?expand=user&limit=1").await;
    let user = &expanded.expect(200)["bookings"][0]["user"];
    let expected = json!({"id": jane.id, "first_name": "Jane", "last_name": "Rowland", "email": jane.email});
    assert_eq!(user, &expected);
    assert!(rows.iter().all(|row| row.get("user").is_none()), "only on request");
}

async fn a_booking_shows_its_emails_and_its_history(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).with("payments.provider", "test").serve_client().await;
    let created = john.book(later(3 * 1440)).await.expect(201);
    let id = created["id"].as_i64().unwrap();
    assert!(admin.notifications(id).await.is_empty(), "nothing is queued before the payment");
    pay(&app, &created).await;
    practice.emails.wait_for(1, std::time::Duration::from_secs(30)).await;

    let detail = eventually("the email is recorded as sent", async || {
        let detail = admin.detail(id).await;
        let sent = |number: usize| detail["notifications"][number]["state"] == "sent";
        (sent(0) && sent(3)).then_some(detail)
    })
    .await;
    assert_fields(&detail["user"], json!({"id": john.id, "email": john.email}));
    let emails = detail["notifications"].as_array().unwrap();
    let kinds: Vec<&Value> = emails.iter().map(|email| &email["kind"]).collect();
    assert_eq!(kinds, ["meeting_info", "reminder", "reminder", "receipt"]);
    assert_fields(&emails[0], json!({"attempts": 1, "last_error": null}));
    assert!(emails[0]["sent_at"].is_string() && emails[1]["sent_at"].is_null());
    let planned: Vec<&Value> = emails[1..3].iter().map(|email| &email["send_after"]).collect();
    assert_eq!(planned, [&json!(later(2 * 1440).to_string()), &json!(later(3 * 1440 - 60).to_string())]);
    assert_eq!(admin.history(id).await, ["booking.held", "booking.scheduled"]);
    admin.get("/api/admin/bookings/999999").await.refused(404, "booking_not_found");
    admin.get("/api/admin/bookings/abc").await.refused(400, "invalid_booking_id");
}

async fn a_changed_role_applies_from_the_next_request(database: Database) {
    let (_practice, app, admin, john) = Practice::on(database).serve_client().await;
    let account = async |id: i64, change: Value| admin.patch(&format!("/api/admin/users/{id}"), change).await;
    let users = admin.get("/api/admin/users").await.expect(200);
    assert_eq!(users["total"], 2);
    let found = users["users"].as_array().unwrap().iter().find(|user| user["id"] == john.id).unwrap().clone();
    assert_fields(&found, json!({"email": john.email, "is_admin": false, "disabled": false}));
    assert_eq!(admin.get(&format!("/api/admin/users/{}", john.id)).await.expect(200), found);

    john.get("/api/admin/users").await.refused(403, "forbidden");
    account(john.id, json!({"is_admin": true})).await.refused(403, "step_up_required");
    admin.step_up().await;
    assert_eq!(account(john.id, json!({"is_admin": true})).await.expect(200)["is_admin"], true);
    john.get("/api/admin/users").await.expect(200);
    let id = admin.booked(later(1440)).await;
    assert!(john.meeting_url(id).await.ends_with("&config.startWithVideoMuted=false"), "a therapist's link");
    account(john.id, json!({"is_admin": false})).await.expect(200);
    john.get("/api/admin/users").await.refused(403, "forbidden");
    john.link(id).await.refused(403, "forbidden");

    account(admin.id, json!({"is_admin": false})).await.refused(409, "last_admin");
    account(admin.id, json!({"disabled": true})).await.refused(409, "last_admin");
    admin.get("/api/admin/users").await.expect(200);

    john.get("/api/auth/me").await.expect(200);
    assert_eq!(account(john.id, json!({"disabled": true})).await.expect(200)["disabled"], true);
    let disabled = john.get("/api/auth/me").await;
    assert!(matches!(disabled.status, 401 | 403), "{}", disabled.text);
    let credentials = json!({"email": john.email, "password": john.password});
    app.post("/api/auth/login", credentials.clone()).await.refused(403, "account_disabled");
    app.post("/api/auth/refresh", json!({"refresh_token": john.refresh})).await.refused(401, "invalid_refresh_token");
    let wrong = json!({"email": john.email, "password": "another-wrong-password"});
    app.post("/api/auth/login", wrong).await.refused(401, "invalid_credentials");
    account(john.id, json!({"disabled": false})).await.expect(200);
    app.post("/api/auth/login", credentials).await.expect(200);
    let old_login = john.get("/api/auth/me").await;
    assert_eq!(old_login.status, 401, "the old login stays over");

    // With a second admin, the first may go.
    account(john.id, json!({"is_admin": true, "first_name": "Johanna"})).await.expect(200);
    account(admin.id, json!({"is_admin": false})).await.expect(200);
    admin.get("/api/admin/users").await.refused(403, "forbidden");
    assert_eq!(john.again().await.get("/api/auth/me").await.expect(200)["first_name"], "Johanna");
}

async fn clients_cannot_use_admin_endpoints(database: Database) {
    let (_practice, app, _admin, john) = Practice::on(database).serve_client().await;
    let id = john.booked(later(1440)).await;
    let paths = [
        (Method::GET, "/api/admin/bookings".to_owned()),
        (Method::GET, format!("/api/admin/bookings/{id}")),
        (Method::GET, "/api/admin/bookings/999999".to_owned()),
        (Method::GET, "/api/admin/bookings/abc".to_owned()),
        (Method::POST, format!("/api/admin/bookings/{id}/payments/offline")),
        (Method::GET, "/api/admin/users".to_owned()),
        (Method::GET, "/api/admin/users/1".to_owned()),
        (Method::PATCH, format!("/api/admin/users/{}", john.id)),
        (Method::GET, "/api/admin/no-such-page".to_owned()),
    ];
    for (method, path) in paths {
        let body = json!({"is_admin": true});
        john.send(john.request(method.clone(), &path).json(&body)).await.refused(403, "forbidden");
        app.send(app.request(method, &path).json(&body)).await.refused(401, "unauthenticated");
    }
    assert_eq!(john.get("/api/auth/me").await.expect(200)["is_admin"], false);
}
