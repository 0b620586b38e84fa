//! Signed links, join pages, participants, and the requests of the video server.

use attune_e2e::{
    Api, ApiResponse, Database, Instance, Method, Practice, User, button_target, eventually, later, link_in_text,
};
use attune_test_smtp::DecodedMail;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

on_both_databases!(
    a_server_that_verifies_tokens_gets_signed_links,
    a_join_page_leads_into_the_room_once_it_is_open,
    fetching_every_link_changes_nothing,
    a_participant_is_invited_by_email_and_can_be_revoked,
    a_lost_link_is_sent_again,
    leaked_links_can_be_replaced,
    the_video_server_asks_whether_a_room_may_open,
    the_video_server_reports_attendance,
    jaas_has_its_own_links_and_webhooks,
);

const APP_SECRET: &str = "c0b86f20f7d84c4fa9a2e1b35d7c9e04";
const SERVER_SECRET: &str = "9d51e7ab03cc4d6ea8f2705be1946c3d";
const START: i64 = 120;

async fn open(database: Database) -> (Practice, Instance) {
    let plan = Practice::on(database)
        .with("jitsi.mode", "jwt")
        .with("jitsi.app_id", "attune")
        .with("jitsi.app_secret", APP_SECRET)
        .with("jitsi.server_secret", SERVER_SECRET)
        .with("reminders.offsets_minutes", "60");
    let practice = plan.open().await;
    practice.keep_secret(APP_SECRET);
    practice.keep_secret(SERVER_SECRET);
    let app = practice.serve().await;
    (practice, app)
}

fn token(practice: &Practice, url: &str) -> String {
    let (_, rest) = url.split_once("?jwt=").expect("a signed link");
    let token = rest.split('#').next().unwrap().to_owned();
    practice.keep_secret(token.rsplit('.').next().unwrap());
    token
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

async fn emails_to(practice: &Practice, address: &str, count: usize) -> Vec<DecodedMail> {
    eventually(&format!("{count} emails for one reader"), async || {
        let all: Vec<DecodedMail> = practice.emails.messages().iter().map(|mail| mail.decode()).collect();
        let own: Vec<DecodedMail> = all.into_iter().filter(|mail| mail.recipients == [address]).collect();
        (own.len() >= count).then_some(own)
    })
    .await
}

fn page_of(practice: &Practice, mail: &DecodedMail) -> String {
    let link = link_in_text(&mail.text).to_owned();
    assert_eq!(button_target(&mail.html), link);
    practice.keep_secret(link.rsplit('/').next().unwrap());
    link
}

async fn press(api: &Api, page: &str) -> ApiResponse {
    api.with_token(None).send(api.with_token(None).request(Method::POST, page)).await
}

async fn look(api: &Api, page: &str) -> ApiResponse {
    api.with_token(None).get(page).await
}

async fn a_server_that_verifies_tokens_gets_signed_links(database: Database) {
    let (practice, app) = open(database).await;
    let admin = practice.admin(&app).await;
    let (john, jane) = (practice.client(&app, "John", "O'Brien").await, practice.client(&app, "Jane", "Rowland").await);
    let id = john.booked(later(START)).await;
    let room = john.bookings().await[0]["jitsi_room_url"].as_str().unwrap().to_owned();

    let link = john.link(id).await.expect(200);
    let url = link["meeting_url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{room}?jwt=")), "{url}");
    assert!(
        url.ends_with("#userInfo.displayName=%22John%20O%5Cu2019Brien%22"),
        "the name stays in the fragment: {url}"
    );
    assert_eq!(link["joinable_from"], later(START - 15).to_string());
    assert_eq!(link["expires_at"], later(START + 50 + 30).to_string());
    let said = claims(&token(&practice, url));
    let expected = json!({
        "iss": "attune", "aud": "jitsi", "sub": "meet.example.org",
        "room": room.rsplit('/').next().unwrap(),
        "nbf": later(START - 16).as_second(), "exp": later(START + 80).as_second(),
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&said[name], value, "{name}");
    }
    let user = &said["context"]["user"];
    assert_eq!(user["id"], format!("user-{}", john.id));
    assert_eq!(user["name"], "John O'Brien", "a token shows the name as it is");
    assert_eq!((&user["affiliation"], &user["moderator"]), (&json!("member"), &json!(false)));

    let theirs = claims(&token(&practice, &admin.meeting_url(id).await));
    let user = &theirs["context"]["user"];
    assert_eq!((&user["affiliation"], &user["moderator"]), (&json!("owner"), &json!(true)));
    assert_eq!(theirs["context"]["features"]["recording"], false, "off unless the practice wants it");
    jane.link(id).await.refused(403, "forbidden");

    let listed = john.bookings().await[0]["personalized_meeting_url"].as_str().unwrap().to_owned();
    assert!(listed.starts_with(&format!("{}/j/", app.base())), "{listed}");
    let theirs = admin.all_bookings().await[0]["admin_meeting_url"].as_str().unwrap().to_owned();
    assert!(theirs.starts_with(&format!("{}/j/", app.base())) && theirs != listed);

    practice.clock.set(later(START));
    assert!(
        press(&app, &theirs)
            .await
            .header("location")
            .unwrap()
            .contains(&token(&practice, &admin.again().await.meeting_url(id).await))
    );
    practice.clock.set(later(START + 80));
    let john = john.again().await;
    john.link(id).await.refused(404, "meeting_link_unavailable");
    assert_eq!(john.bookings().await[0]["personalized_meeting_url"], Value::Null);
}

async fn a_join_page_leads_into_the_room_once_it_is_open(database: Database) {
    let (practice, app) = open(database).await;
    let john = practice.client_in(&app, "John", "Doe", Some("America/New_York")).await;
    john.booked(later(START)).await;
    let mail = &emails_to(&practice, &john.email, 1).await[0];
    assert!(!mail.text.contains("meet.example.org") && !mail.html.contains("jwt"), "no token is in an email");
    let page = page_of(&practice, mail);

    let shown = look(&app, &page).await;
    assert_eq!(shown.status, 200);
    // Monday, 1 March 2027, 11:00 UTC, in the reader's own zone.
    for words in ["1 March 2027", "06:00", "05:45", "America/New_York"] {
        assert!(shown.text.contains(words), "{words} in {}", shown.text);
    }
    assert!(!shown.text.contains("<form"), "no button before the room is open");
    for (header, part) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'"),
    ] {
        assert!(shown.header(header).unwrap().contains(part), "{header}: {:?}", shown.header(header));
    }
    for personal in ["John", "Doe", "clients.example.org", "<script", "src="] {
        assert!(!shown.text.contains(personal), "{personal} in {}", shown.text);
    }
    let early = press(&app, &page).await;
    assert_eq!(early.status, 409);
    assert!(early.text.contains("05:45") && early.header("location").is_none());

    practice.clock.set(later(START - 15));
    let shown = look(&app, &page).await;
    assert!(shown.text.contains("<form method=\"post\""), "{}", shown.text);
    // Browsers apply it to the final target of the form.
    assert!(shown.header("content-security-policy").unwrap().contains("form-action 'self' https://meet.example.org"));
    let entered = press(&app, &page).await;
    assert_eq!(entered.status, 303);
    let url = entered.header("location").unwrap();
    assert_eq!(claims(&token(&practice, url))["context"]["user"]["id"], format!("user-{}", john.id));
    assert!(url.ends_with("#userInfo.displayName=%22John%20Doe%22"));
    assert!(entered.header("cache-control").unwrap().contains("no-store"));

    practice.clock.set(later(START + 80));
    assert_eq!(look(&app, &page).await.status, 200);
    let late = press(&app, &page).await;
    assert_eq!(late.status, 409);
    assert!(late.text.contains("over"), "{}", late.text);

    // A forged link differs in one character.
    let last = page.chars().last().unwrap();
    let other = if last == 'A' { 'B' } else { 'A' };
    let forged = format!("{}{other}", &page[..page.len() - 1]);
    assert_eq!(look(&app, &forged).await.status, 404);
    assert_eq!(press(&app, &forged).await.status, 404);
}

async fn fetching_every_link_changes_nothing(database: Database) {
    let (practice, app) = open(database).await;
    let admin = practice.admin(&app).await;
    let john = practice.client(&app, "John", "Doe").await;
    let id = john.booked(later(START)).await;
    let guest = json!({"email": "canary.guest@example.org", "display_name": "Gwendolyn", "role": "observer"});
    admin.post(&format!("/api/admin/bookings/{id}/participants"), guest).await.expect(201);
    practice.keep_secret("canary.guest");
    practice.keep_secret("Gwendolyn");
    practice.clock.set(later(START - 10));
    let emails =
        [emails_to(&practice, &john.email, 2).await, emails_to(&practice, "canary.guest@example.org", 2).await]
            .concat();
    let mut urls: Vec<String> = emails.iter().map(|mail| page_of(&practice, mail)).collect();
    urls.dedup();
    eventually("all emails are recorded as sent", async || {
        let sent = admin.again().await.notifications(id).await;
        sent.iter().all(|mail| mail["state"] == "sent").then_some(())
    })
    .await;
    let admin = admin.again().await;
    urls.push(admin.all_bookings().await[0]["admin_meeting_url"].as_str().unwrap().to_owned());

    let before = practice.stored().await;
    for url in &urls {
        for _ in 0..50 {
            assert_eq!(look(&app, url).await.status, 200);
        }
        let anonymous = app.with_token(None);
        let head = anonymous.send(anonymous.request(Method::HEAD, url)).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        // Even the button writes nothing: the link is created on request.
        assert_eq!(press(&app, url).await.status, 303);
    }
    assert!(practice.stored().await == before, "opening a link wrote something");
}

async fn a_participant_is_invited_by_email_and_can_be_revoked(database: Database) {
    let (practice, app) = open(database).await;
    let admin = practice.admin(&app).await;
    let john = practice.client(&app, "John", "Doe").await;
    let id = john.booked(later(START)).await;
    let path = format!("/api/admin/bookings/{id}/participants");
    for (name, role, address) in
        [("Olive Harper", "observer", "canary.o@example.org"), ("Percy Quill", "presenter", "canary.p@example.org")]
    {
        for word in [name, address] {
            practice.keep_secret(word);
        }
        let body = json!({"email": address, "display_name": name, "role": role, "timezone": "Asia/Tokyo"});
        let invited = admin.post(&path, body.clone()).await.expect(201);
        assert_eq!((&invited["role"], &invited["revoked_at"]), (&json!(role), &Value::Null));
        admin.post(&path, body).await.refused(409, "already_invited");
    }
    john.post(&path, json!({})).await.refused(403, "forbidden");

    let observer = emails_to(&practice, "canary.o@example.org", 1).await.remove(0);
    assert!(observer.text.contains("Asia/Tokyo"), "{}", observer.text);
    for word in ["John", "Doe", "Ashdown"] {
        assert!(
            !observer.text.contains(word) && !observer.html.contains(word),
            "a participant learns no names by email"
        );
    }
    let (watching, showing) =
        (page_of(&practice, &observer), page_of(&practice, &emails_to(&practice, "canary.p@example.org", 1).await[0]));
    practice.clock.set(later(START));
    let enter = async |page: &str| {
        let entered = press(&app, page).await;
        claims(&token(&practice, entered.header("location").unwrap_or_else(|| panic!("{}", entered.text))))
    };
    let (watching_claims, showing_claims) = (enter(&watching).await, enter(&showing).await);
    for said in [&watching_claims, &showing_claims] {
        assert_eq!(said["context"]["user"]["moderator"], false);
        assert!(said["context"]["user"]["id"].as_str().unwrap().starts_with("guest-"));
    }
    assert_eq!(watching_claims["context"]["user"]["name"], "Olive Harper");
    assert_eq!(watching_claims["context"]["features"]["screen-sharing"], false);
    assert_eq!(showing_claims["context"]["features"]["screen-sharing"], true);

    let admin = admin.again().await;
    let shown = admin.detail(id).await["participants"].clone();
    let observer = shown.as_array().unwrap().iter().find(|p| p["role"] == "observer").unwrap()["id"].as_i64().unwrap();
    for _ in 0..2 {
        assert_eq!(admin.delete(&format!("{path}/{observer}")).await.status, 204, "a repeated request is no error");
    }
    assert_eq!(press(&app, &watching).await.status, 410);
    let gone = look(&app, &watching).await;
    assert_eq!(gone.status, 410);
    assert!(!gone.text.contains("Olive"));
    enter(&showing).await;
    let actions: Vec<Value> =
        admin.detail(id).await["history"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["booking.scheduled", "participant.invited", "participant.invited", "participant.revoked"]);
}

async fn a_lost_link_is_sent_again(database: Database) {
    let (practice, app) = open(database).await;
    let john = practice.client(&app, "John", "Doe").await;
    john.booked(later(START)).await;
    john.booked(later(START + 1440)).await;
    let first = emails_to(&practice, &john.email, 2).await;
    let anonymous = app.with_token(None);
    let answers = [
        anonymous.post("/api/meetings/recover", json!({"email": "stranger@example.org"})).await,
        anonymous.post("/api/meetings/recover", json!({"email": john.email})).await,
        anonymous.post("/api/meetings/recover", json!({"email": john.email.to_uppercase()})).await,
    ];
    assert!(answers.iter().all(|a| a.status == 202 && a.text == answers[0].text), "no one learns who is a client");
    anonymous
        .post("/api/meetings/recover", json!({"email": "no address"}))
        .await
        .rejected_field("email", "invalid_email");
    let all = emails_to(&practice, &john.email, 4).await;
    let mut again: Vec<String> = all[2..].iter().map(|mail| page_of(&practice, mail)).collect();
    let mut before: Vec<String> = first.iter().map(|mail| page_of(&practice, mail)).collect();
    again.sort();
    before.sort();
    assert_eq!(again, before, "the same pages");

    // Two requests within the hour, one email.
    practice.clock.advance(SignedDuration::from_mins(1));
    let other = practice.client(&app, "Jane", "Rowland").await;
    other.booked(later(START + 300)).await;
    emails_to(&practice, &other.email, 1).await;
    assert_eq!(emails_to(&practice, &john.email, 4).await.len(), 4);
    practice.clock.advance(SignedDuration::from_mins(60));
    anonymous.post("/api/meetings/recover", json!({"email": john.email})).await.expect(202);
    emails_to(&practice, &john.email, 6).await;
}

async fn leaked_links_can_be_replaced(database: Database) {
    let (practice, app) = open(database).await;
    let (admin, john) = (practice.admin(&app).await, practice.client(&app, "John", "Doe").await);
    let id = john.booked(later(START)).await;
    let old = page_of(&practice, &emails_to(&practice, &john.email, 1).await[0]);
    let path = format!("/api/admin/bookings/{id}/links/revoke");
    john.post(&path, json!({})).await.refused(403, "forbidden");
    admin.post(&path, json!({})).await.expect(200);
    let gone = look(&app, &old).await;
    assert_eq!(gone.status, 410);
    assert_eq!(press(&app, &old).await.status, 410);
    let new = page_of(&practice, &emails_to(&practice, &john.email, 2).await[1]);
    assert_ne!(new, old);
    practice.clock.set(later(START));
    assert_eq!(press(&app, &new).await.status, 303);
    assert_eq!(press(&app, &old).await.status, 410, "not while the room is open either");
}

async fn reserve(app: &Instance, room: &str, secret: Option<&str>) -> ApiResponse {
    let api = app.with_token(secret);
    let now = "2027-03-01T08:25:58.000Z".replace(':', "%3A");
    let body = format!("name={room}&start_time={now}&mail_owner=0b54ea2e-1d3c%40auth.meet.example.org");
    let request = api
        .request(Method::POST, "/jitsi/conference")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    api.send(request).await
}

async fn room_name(person: &User) -> String {
    person.bookings().await[0]["jitsi_room_id"].as_str().unwrap().to_owned()
}

async fn the_video_server_asks_whether_a_room_may_open(database: Database) {
    let (practice, app) = open(database).await;
    let john = practice.client(&app, "John", "Doe").await;
    john.booked(later(START)).await;
    let room = room_name(&john).await;
    for wrong in [None, Some("guessed-guessed-guessed-guessed-guessed")] {
        assert_eq!(reserve(&app, &room, wrong).await.status, 401);
    }
    let server = Some(SERVER_SECRET);
    let early = reserve(&app, &room, server).await;
    assert_eq!(early.status, 403);
    let message = early.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("11:45") && message.contains("Europe/Berlin"), "{message}");
    assert_eq!(reserve(&app, "lobby", server).await.status, 404);

    practice.clock.set(later(START - 15));
    let made = reserve(&app, &room, server).await.expect(200);
    assert!(made["id"].is_string() && made["name"] == room, "{made}");
    let begins: Timestamp = made["start_time"].as_str().unwrap().parse().unwrap();
    let ends = begins + SignedDuration::from_secs(made["duration"].as_i64().unwrap());
    assert_eq!(ends, later(START + 80), "the end of the session and its grace");
    let id = made["id"].as_str().unwrap();
    let twice = reserve(&app, &room, server).await;
    assert_eq!((twice.status, twice.json()), (409, json!({"conflict_id": id})));
    let prosody = app.with_token(server);
    let again = prosody.get(&format!("/jitsi/conference/{id}.0")).await.expect(200);
    for field in ["id", "name", "start_time", "duration", "lobby"] {
        assert_eq!(again[field], made[field], "{field}");
    }
    assert!(prosody.delete(&format!("/jitsi/conference/{id}")).await.status < 300);
    assert_eq!(prosody.get(&format!("/jitsi/conference/{id}")).await.status, 404);
    assert_ne!(reserve(&app, &room, server).await.expect(200)["id"], id);
    practice.clock.set(later(START + 80));
    assert_eq!(reserve(&app, &room, server).await.status, 403);
}

async fn the_video_server_reports_attendance(database: Database) {
    let (practice, app) = open(database).await;
    let (admin, john) = (practice.admin(&app).await, practice.client(&app, "John", "Doe").await);
    let id = john.booked(later(START)).await;
    let room = room_name(&john).await;
    let jid = format!("{room}@conference.meet.example.org");
    practice.clock.set(later(START + 80));
    let prosody = app.with_token(Some(SERVER_SECRET));
    let occupant = |person: i64, minute: i64, until: Option<i64>| {
        let mut occupant = json!({
            "occupant_jid": format!("{jid}/{person:08x}"), "id": format!("user-{person}"), "name": "Somebody Else",
            "email": "somebody@example.org", "joined_at": later(START + minute).as_second(),
        });
        if let Some(until) = until {
            occupant["left_at"] = later(START + until).as_second().into();
        }
        occupant
    };
    let event = |name: &str, occupant: Value| {
        json!({"event_name": name, "room_name": room, "room_jid": jid, "is_breakout": false,
               "created_at": later(START - 10).as_second(), "occupant": occupant})
    };
    let left = event("muc-occupant-left", occupant(john.id, 2, Some(49)));
    let joined = event("muc-occupant-joined", occupant(john.id, 2, None));
    let destroyed = json!({
        "event_name": "muc-room-destroyed", "room_name": room, "room_jid": jid, "is_breakout": false,
        "created_at": later(START - 10).as_second(), "destroyed_at": later(START + 51).as_second(),
        "all_occupants": [occupant(admin.id, -5, Some(51)), occupant(john.id, 2, Some(49))],
    });
    // Late, twice and in the wrong order.
    for (kind, body) in [
        ("occupant/left", &left),
        ("room/destroyed", &destroyed),
        ("occupant/joined", &joined),
        ("occupant/left", &left),
    ] {
        assert!(prosody.post(&format!("/jitsi/events/{kind}"), body.clone()).await.status < 300);
        assert_eq!(app.post(&format!("/jitsi/events/{kind}"), body.clone()).await.status, 401);
    }
    let admin = admin.again().await;
    let expected = json!([
        {"role": "therapist", "user_id": admin.id, "participant_id": null, "joined_at": later(START - 5).to_string(),
         "left_at": later(START + 51).to_string(), "minutes": 56, "visits": 1},
        {"role": "client", "user_id": john.id, "participant_id": null, "joined_at": later(START + 2).to_string(),
         "left_at": later(START + 49).to_string(), "minutes": 47, "visits": 1},
    ]);
    assert_eq!(admin.detail(id).await["attendance"], expected);
    let report = admin.get("/api/admin/reports/attendance").await.expect(200);
    assert_eq!((&report["total"], &report["sessions"][0]["attendance"]), (&json!(1), &expected));
    assert!(!report.to_string().contains("Somebody"), "what people call themselves is kept nowhere");
    let csv = admin.get("/api/admin/reports/attendance?format=csv").await;
    assert_eq!((csv.status, csv.text.lines().count()), (200, 3), "{}", csv.text);
    john.again().await.get("/api/admin/reports/attendance").await.refused(403, "forbidden");
    assert!(!practice.stored().await.contains("Somebody Else"));
}

async fn jaas_has_its_own_links_and_webhooks(database: Database) {
    const APP_ID: &str = "vpaas-magic-cookie-1fc542a3e4414a44b2611668195e2bfe";
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("jaas.pem");
    std::fs::write(&file, key.serialize_pem()).unwrap();
    let webhook_secret = "whsec_4f0c8b2a9e7d41d3";
    let practice = Practice::on(database)
        .with("jitsi.mode", "jaas")
        .with("jitsi.app_id", APP_ID)
        .with("jitsi.key_id", &format!("{APP_ID}/4f4910"))
        .with("jitsi.key_file", file.to_str().unwrap())
        .with("jitsi.jaas_webhook_secret", webhook_secret)
        .with("jitsi.lobby", "true")
        .open()
        .await;
    practice.keep_secret(webhook_secret);
    let app = practice.serve().await;
    let (admin, john) = (practice.admin(&app).await, practice.client(&app, "John", "Doe").await);
    let id = john.booked(later(START)).await;
    let url = admin.meeting_url(id).await;
    assert!(url.starts_with(&format!("https://8x8.vc/{APP_ID}/booking-{id}-")), "{url}");
    let said = claims(&token(&practice, &url));
    assert_eq!((&said["aud"], &said["iss"], &said["sub"]), (&json!("jitsi"), &json!("chat"), &json!(APP_ID)));
    assert_eq!(said["context"]["user"]["moderator"], "true");

    practice.clock.set(later(START + 60));
    let room = room_name(&john.again().await).await;
    let event = |kind: &str, minute: i64, data: Value| {
        json!({"idempotencyKey": format!("{kind}-{minute}"), "customerId": "c", "appId": APP_ID, "eventType": kind,
               "sessionId": "s1", "timestamp": later(START + minute).as_millisecond(), "fqn": format!("{APP_ID}/{room}"),
               "data": data})
        .to_string()
    };
    let person =
        json!({"id": format!("user-{}", john.id), "name": "John Doe", "participantId": "p1", "moderator": "false"});
    let deliver = async |body: &str, signature: Option<String>| {
        let mut request = app.request(Method::POST, "/api/webhooks/jaas").header("content-type", "application/json");
        if let Some(signature) = signature {
            request = request.header("x-jaas-signature", signature);
        }
        app.send(request.body(body.to_owned())).await
    };
    let sign = |body: &str| jaas_signature(webhook_secret, practice.clock.now(), body);
    let joined = event("PARTICIPANT_JOINED", 1, person.clone());
    let left = event("PARTICIPANT_LEFT", 41, person);
    for body in [&left, &joined, &left] {
        assert!(deliver(body, Some(sign(body))).await.status < 300);
    }
    assert_eq!(deliver(&joined, None).await.status, 400);
    assert_eq!(deliver(&joined.replace("user-", "user-1"), Some(sign(&joined))).await.status, 400);
    let settings = event("SETTINGS_PROVISIONING", 5, json!({}));
    assert_eq!(deliver(&settings, Some(sign(&settings))).await.expect(200)["lobbyEnabled"], true);
    let shown = admin.again().await.detail(id).await["attendance"].clone();
    assert_eq!((shown.as_array().unwrap().len(), &shown[0]["minutes"]), (1, &json!(40)), "{shown}");
}

/// As JaaS documents it: HMAC-SHA-256 over the time, a dot and the body, in base64.
fn jaas_signature(secret: &str, now: Timestamp, body: &str) -> String {
    let second = now.as_second();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, format!("{second}.{body}").as_bytes());
    format!("t={second},v1={}", base64::engine::general_purpose::STANDARD.encode(tag.as_ref()))
}
