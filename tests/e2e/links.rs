//! Personal links: who gets which, and what a name can do in them.

use attune_e2e::{Database, Method, NOW, Practice, assert_fields, keys, later};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::bookings::{check_room_id, pay};

on_both_databases!(
    each_viewer_gets_a_personal_link,
    a_link_is_available_until_the_grace_period_ends,
    a_name_cannot_change_the_link
);

const FOR_ADMINS: &str = "&config.startWithAudioMuted=false&config.startWithVideoMuted=false";

async fn each_viewer_gets_a_personal_link(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).serve_client().await;
    let jane = practice.client(&app, "Jane", "Rowland").await;
    let id = john.booked(later(1440)).await;
    let room = john.bookings().await[0]["jitsi_room_url"].as_str().unwrap().to_owned();
    check_room_id(room.strip_prefix("https://meet.example.org/").unwrap(), id);

    let answer = john.link(id).await;
    let link = answer.expect(200);
    let fields = "booking_id meeting_url display_name is_admin scheduled_at duration status";
    assert_eq!(keys(&answer.text), fields, "exactly these fields in this order");
    let expected = json!({
        "booking_id": id, "meeting_url": format!("{room}#userInfo.displayName=%22John%20Doe%22"),
        "display_name": "John Doe", "is_admin": false, "scheduled_at": later(1440).to_string(), "duration": 50,
        "status": "scheduled",
    });
    assert_eq!(link, expected);

    let theirs = admin.link(id).await.expect(200);
    let own = format!("{room}#userInfo.displayName=%22Meredith%20Ashdown%22{FOR_ADMINS}");
    assert_fields(&theirs, json!({"meeting_url": own, "is_admin": true, "display_name": "Meredith Ashdown"}));
    let listed = admin.get("/api/admin/bookings").await.expect(200);
    assert_eq!(listed["bookings"][0]["admin_meeting_url"], own);

    let refusal = jane.link(id).await.refused(403, "forbidden");
    assert!(!refusal.to_string().contains("meet.example.org"), "{refusal}");
    jane.link(id + 1).await.refused(404, "booking_not_found");
    admin.link(id + 1).await.refused(404, "booking_not_found");
    let anonymous = app.get(&format!("/api/meetings/{id}/link")).await;
    anonymous.refused(401, "unauthenticated");
    assert_eq!(anonymous.header("www-authenticate"), Some("Bearer"), "no error code for those who showed no token");
    let forged = app.with_token(Some("aaa.bbb.ccc")).get(&format!("/api/meetings/{id}/link")).await;
    assert_eq!(forged.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    for bad in ["abc", "0", "-1", "1.5", "%31", "99999999999999999999"] {
        let answer = john.get(&format!("/api/meetings/{bad}/link")).await;
        if bad == "%31" {
            // The digit 1, percent-encoded: a valid id.
            assert_ne!(answer.status, 400, "{}", answer.text);
        } else {
            answer.refused(400, "invalid_booking_id");
        }
    }

    // A new name applies from the next link on, in the same room.
    john.patch("/api/auth/me", json!({"first_name": "Jonathan"})).await.expect(200);
    assert_eq!(john.meeting_url(id).await, format!("{room}#userInfo.displayName=%22Jonathan%20Doe%22"));
    john.patch("/api/auth/me", json!({"first_name": null})).await.expect(200);
    assert_eq!(john.link(id).await.expect(200)["display_name"], "Doe", "one name is a name");
    john.patch("/api/auth/me", json!({"last_name": null})).await.expect(200);
    let nameless = john.link(id).await.expect(200);
    assert_eq!(nameless["display_name"], john.email, "without any name, the address is shown");
    let encoded = john.email.replace('@', "%5Cu0040");
    assert_eq!(nameless["meeting_url"], format!("{room}#userInfo.displayName=%22{encoded}%22"));

    practice.clock.advance(SignedDuration::from_mins(10));
    app.terminate().await;
    let app = practice.serve().await;
    let john = john.at(&app);
    assert_eq!(john.bookings().await[0]["jitsi_room_url"], room, "the room never changes, whatever is restarted");
}

async fn a_link_is_available_until_the_grace_period_ends(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).with("payments.provider", "test").serve_client().await;
    let created = john.book(later(10)).await.expect(201);
    let id = created["id"].as_i64().unwrap();
    john.link(id).await.refused(404, "meeting_link_unavailable");
    admin.link(id).await.refused(404, "meeting_link_unavailable");
    assert_eq!(admin.all_bookings().await[0]["admin_meeting_url"], Value::Null);
    pay(&app, &created).await;
    let url = john.meeting_url(id).await;

    // Fifty minutes of session and thirty of grace.
    let over = later(10 + 50 + 30);
    practice.clock.set(over - SignedDuration::from_secs(1));
    let (admin, john) = (admin.again().await, john.again().await);
    assert_eq!(john.meeting_url(id).await, url);
    practice.clock.set(over);
    john.link(id).await.refused(404, "meeting_link_unavailable");
    admin.link(id).await.refused(404, "meeting_link_unavailable");
    let listed = &john.bookings().await[0];
    assert_eq!(listed["personalized_meeting_url"], Value::Null, "no link that no one can use");
    assert!(listed["jitsi_room_id"].is_string(), "but the room stays on record");
    assert_eq!(admin.all_bookings().await[0]["admin_meeting_url"], Value::Null);

    let never_paid = john.book(over + SignedDuration::from_hours(24)).await.expect(201);
    practice.clock.advance(SignedDuration::from_mins(15));
    let john = john.again().await;
    john.link(never_paid["id"].as_i64().unwrap()).await.refused(404, "meeting_link_unavailable");
}

async fn a_name_cannot_change_the_link(database: Database) {
    let (practice, app) = Practice::on(database).serve().await;
    let person = practice.client(&app, "Plain", "User").await;
    let id = person.booked(later(1440)).await;
    let cases = [
        ("x\"&config.prejoinConfig.enabled=false&y=\"", "#jwt=1", None),
        ("</script><b>", "'; DROP TABLE users; --", None),
        ("\u{202e}gnorw\u{2066}", "{{7*7}} %s", Some("gnorw {{7*7}} %s")),
        ("Zoë \u{201c}Z\u{201d}", "\\&\\\\", None),
        ("👩‍👩‍👧", "李", Some("👩‍👩‍👧 李")),
    ];
    for (first, last, shown) in cases {
        person.patch("/api/auth/me", json!({"first_name": first, "last_name": last})).await.expect(200);
        let link = person.link(id).await.expect(200);
        let url = link["meeting_url"].as_str().unwrap();
        let (_, fragment) = url.split_once('#').unwrap();
        let value =
            fragment.strip_prefix("userInfo.displayName=%22").and_then(|rest| rest.strip_suffix("%22")).unwrap();
        let harmless = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-%".contains(&b));
        assert!(harmless, "one parameter and nothing else: {url}");
        // What Jitsi does with it: percent-decode, then read as JSON.
        let json = format!("\"{}\"", value.replace("%20", " ").replace("%5C", "\\"));
        let read: String = serde_json::from_str(&json).unwrap();
        if let Some(shown) = shown {
            assert_eq!(read, shown);
        }
        assert!(!read.contains(['<', '>', '"', '&', '\'', '\u{202e}']), "{read}");
        assert_eq!(link["is_admin"], false);
    }

    // A link does not depend on the request's host headers.
    let request = person.request(Method::GET, &format!("/api/meetings/{id}/link"));
    let forged = request.header("x-forwarded-host", "evil.example").header("forwarded", "host=evil.example");
    assert!(!person.send(forged).await.text.contains("evil.example"));
    assert!(person.meeting_url(id).await.starts_with("https://meet.example.org/booking-"), "{NOW}");
}
