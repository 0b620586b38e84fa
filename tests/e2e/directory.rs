//! Several therapists in one practice, and finding people and their bookings.

use attune_e2e::{Database, Instance, Practice, User, later};
use serde_json::{Value, json};

on_both_databases!(
    people_are_found_however_their_name_is_typed,
    two_therapists_share_a_database_and_hand_a_session_over,
    a_client_who_calls_is_added_booked_and_mailed,
);

/// A colleague of the practice's first admin.
async fn colleague(practice: &Practice, app: &Instance, admin: &User) -> User {
    let melanie = practice.client(app, "Melanie", "Klein").await;
    admin.step_up().await;
    admin.patch(&format!("/api/admin/users/{}", melanie.id), json!({"is_admin": true})).await.expect(200);
    melanie
}

/// The ids in a list of the API, and its total.
async fn listed(admin: &User, path: &str, list: &str) -> (Vec<i64>, i64) {
    let page = admin.get(path).await.expect(200);
    let ids = page[list].as_array().unwrap().iter().map(|row: &Value| row["id"].as_i64().unwrap());
    (ids.collect(), page["total"].as_i64().unwrap())
}

async fn people_are_found_however_their_name_is_typed(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).serve_client().await;
    let melanie = colleague(&practice, &app, &admin).await;
    let zoe = practice.client(&app, "Zo\u{eb}", "Stra\u{df}er").await;
    let (first, second) = (john.booked(later(1440)).await, zoe.booked(later(2880)).await);
    for (query, bookings, users) in [
        ("ZOE%CC%88", vec![second], vec![zoe.id]),
        ("strasser+zo%C3%AB", vec![second], vec![zoe.id]),
        ("doe", vec![first], vec![john.id]),
        ("KLEIN", vec![], vec![melanie.id]),
        ("%25", vec![], vec![]),
    ] {
        let path = format!("/api/admin/bookings?q={query}&therapist_id={}", admin.id);
        let total = i64::try_from(bookings.len()).unwrap();
        assert_eq!(listed(&admin, &path, "bookings").await, (bookings, total), "{query}");
        let total = i64::try_from(users.len()).unwrap();
        assert_eq!(listed(&admin, &format!("/api/admin/users?q={query}"), "users").await, (users, total), "{query}");
    }
    zoe.patch("/api/auth/me", json!({"last_name": "\u{c5}berg"})).await.expect(200);
    assert_eq!(listed(&melanie, "/api/admin/bookings?q=%C3%A5BERG", "bookings").await, (vec![second], 1));
    assert_eq!(listed(&melanie, "/api/admin/bookings?q=strasser", "bookings").await, (vec![], 0));

    let therapists = app.get("/api/therapists").await.expect(200);
    let names = json!([{"id": admin.id, "name": "Meredith Ashdown"}, {"id": melanie.id, "name": "Melanie Klein"}]);
    assert_eq!(therapists["therapists"], names);
}

/// The bookings of one therapist on the day after tomorrow.
async fn day_of(admin: &User, therapist: &User) -> Vec<i64> {
    let day = format!("therapist_id={}&from={}&to={}", therapist.id, later(2 * 1440), later(3 * 1440));
    listed(admin, &format!("/api/admin/bookings?sort=scheduled_at&{day}"), "bookings").await.0
}

async fn two_therapists_share_a_database_and_hand_a_session_over(database: Database) {
    let (practice, app, meredith, john) = Practice::on(database).serve_client().await;
    let melanie = colleague(&practice, &app, &meredith).await;
    let with = |therapist: &User, minute: i64| json!({"scheduled_at": later(minute).to_string(), "therapist_id": therapist.id});
    let morning = 2 * 1440 + 60;
    let book = async |therapist: &User, minute: i64| {
        john.post("/api/bookings", with(therapist, minute)).await.expect(201)["id"].as_i64().unwrap()
    };
    let (first, second) = (book(&meredith, morning).await, book(&meredith, morning + 120).await);
    // Clients of a practice may see both at the same time of day; each therapist has one session at a time.
    let third = book(&melanie, morning).await;
    assert_eq!(
        (day_of(&meredith, &meredith).await, day_of(&melanie, &melanie).await),
        (vec![first, second], vec![third])
    );

    let reassign = async |by: &User, booking: i64, to: &User| {
        by.post(&format!("/api/admin/bookings/{booking}/reassign"), json!({"therapist_id": to.id})).await
    };
    reassign(&meredith, first, &melanie).await.refused(409, "slot_taken");
    let moved = reassign(&meredith, second, &melanie).await.expect(200);
    assert_eq!((&moved["therapist_id"], &moved["version"]), (&json!(melanie.id), &json!(2)));
    assert_eq!(
        (day_of(&melanie, &meredith).await, day_of(&meredith, &melanie).await),
        (vec![first], vec![third, second])
    );
    let last = moved["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["action"], &last["actor_name"]), (&json!("booking.reassigned"), &json!("Meredith Ashdown")));
    assert_eq!(last["therapist"]["to"], json!({"id": melanie.id, "name": "Melanie Klein"}));

    // The series of either therapist finds the sessions of its own calendar in its way, and not those of the other.
    let series = async |by: &User, therapist: &User, on_conflict: &str| {
        let start = later(morning + 120).to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%dT%H:%M").to_string();
        let body = json!({"user_id": john.id, "therapist_id": therapist.id, "first": start, "timezone": "UTC", "count": 2,
                          "payment": "waived", "on_conflict": on_conflict});
        by.post("/api/admin/bookings/series", body).await
    };
    series(&meredith, &melanie, "fail").await.refused(409, "series_conflict");
    series(&melanie, &meredith, "fail").await.expect(201);
    let skipped = series(&meredith, &melanie, "skip").await.expect(201);
    assert_eq!(skipped["skipped"].as_array().unwrap().len(), 1);
    // Handing it back finds the other's series in its way.
    reassign(&melanie, second, &meredith).await.refused(409, "slot_taken");
    let off = json!({"kind": "closed", "from": later(morning).to_string(), "to": later(morning + 300).to_string()});
    let conflicts = melanie.post("/api/admin/time-off?dry_run=true", off).await.expect(200)["conflicts"].clone();
    let ids: Vec<_> = conflicts.as_array().unwrap().iter().map(|booking| booking["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [third, second]);

    let path = format!("/api/admin/users/{}", john.id);
    let disabled = meredith.patch(&path, json!({"disabled": true, "cancel_bookings": true})).await.expect(200);
    assert_eq!(disabled["cancelled_bookings"].as_array().unwrap().len(), 6);
    assert_eq!((&disabled["failed_cancellations"], &disabled["upcoming_bookings"]), (&json!([]), &json!([])));
}

async fn a_client_who_calls_is_added_booked_and_mailed(database: Database) {
    let (practice, app, admin, _) =
        Practice::on(database).with("practice.name_fallback", "neutral").serve_client().await;
    let email = "caller@example.org";
    let added = admin.post("/api/admin/users", json!({"email": "Caller@Example.org"})).await.expect(201);
    admin.post("/api/admin/users", json!({"email": email})).await.refused(409, "email_taken");
    let id = added["id"].as_i64().unwrap();
    let body = json!({"user_id": id, "scheduled_at": later(1440).to_string(), "payment": "waived"});
    admin.post("/api/admin/bookings", body).await.expect(201);
    let mail = practice.emails_where(1, |mail| mail.recipients.iter().any(|to| to.contains(email))).await;
    assert!(!mail[0].text.contains("%22caller"), "no link shows the address: {}", mail[0].text);
    let login = json!({"email": email, "password": "umbrella-7-quiet-heron-harbour"});
    app.with_token(None).post("/api/auth/login", login).await.refused(401, "invalid_credentials");
}
