//! Signed links, join pages, participants, and the requests of the video server.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use attune_e2e::{
    Api, ApiResponse, Database, Instance, Method, Plan, Practice, User, assert_fields, button_target, eventually,
    later, link_in_text,
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
    the_video_server_reserves_rooms,
    the_video_server_reports_attendance,
    a_therapist_ends_an_appointment_for_everyone,
    jaas_has_its_own_links_and_webhooks,
);

const APP_SECRET: &str = "c0b86f20f7d84c4fa9a2e1b35d7c9e04";
const SERVER_SECRET: &str = "9d51e7ab03cc4d6ea8f2705be1946c3d";
const START: i64 = 120;

/// A practice whose video server verifies tokens.
fn plan(database: Database) -> Plan {
    Practice::on(database)
        .with("jitsi.mode", "jwt")
        .with("jitsi.app_id", "attune")
        .with_secret("jitsi.app_secret", APP_SECRET)
        .with_secret("jitsi.server_secret", SERVER_SECRET)
        .with("reminders.offsets_minutes", "60")
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
    practice.emails_where(count, |email| email.recipients == [address]).await
}

fn page_of(practice: &Practice, email: &DecodedMail) -> String {
    let link = link_in_text(&email.text).to_owned();
    assert_eq!(button_target(&email.html), link);
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
    let (practice, app) = plan(database).serve().await;
    let admin = practice.admin(&app).await;
    let (john, jane) = (practice.client(&app, "John", "O'Brien").await, practice.client(&app, "Jane", "Rowland").await);
    let id = john.booked(later(START)).await;
    let room = john.bookings().await[0]["jitsi_room_url"].as_str().unwrap().to_owned();

    let link = john.link(id).await.expect(200);
    let url = link["meeting_url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{room}?jwt=")), "{url}");
    let encoded = "#userInfo.displayName=%22John%20O%5Cu2019Brien%22";
    assert!(url.ends_with(encoded), "the name stays in the fragment: {url}");
    let (joinable_from, expires_at) = (later(START - 15).to_string(), later(START + 50 + 30).to_string());
    assert_fields(&link, json!({"joinable_from": joinable_from, "expires_at": expires_at}));
    let johns = claims(&token(&practice, url));
    let expected = json!({
        "iss": "attune", "aud": "jitsi", "sub": "meet.example.org",
        "room": room.rsplit('/').next().unwrap(),
        "nbf": later(START - 16).as_second(), "exp": later(START + 80).as_second(),
    });
    assert_fields(&johns, expected);
    let expected = json!({
        "id": format!("user-{}", john.id), "name": "John O'Brien", "affiliation": "member", "moderator": false,
    });
    assert_fields(&johns["context"]["user"], expected);

    let theirs = claims(&token(&practice, &admin.meeting_url(id).await));
    assert_fields(&theirs["context"]["user"], json!({"affiliation": "owner", "moderator": true}));
    assert_eq!(theirs["context"]["features"]["recording"], false, "off unless the practice enables it");
    jane.link(id).await.refused(403, "forbidden");

    let listed = john.bookings().await[0]["personalized_meeting_url"].as_str().unwrap().to_owned();
    assert!(listed.starts_with(&format!("{}/j/", app.base())), "{listed}");
    let theirs = admin.all_bookings().await[0]["admin_meeting_url"].as_str().unwrap().to_owned();
    assert!(theirs.starts_with(&format!("{}/j/", app.base())) && theirs != listed);

    practice.clock.set(later(START));
    let admins = token(&practice, &admin.again().await.meeting_url(id).await);
    assert!(press(&app, &theirs).await.header("location").unwrap().contains(&admins));
    practice.clock.set(later(START + 80));
    let john = john.again().await;
    john.link(id).await.refused(404, "meeting_link_unavailable");
    assert_eq!(john.bookings().await[0]["personalized_meeting_url"], Value::Null);
}

async fn a_join_page_leads_into_the_room_once_it_is_open(database: Database) {
    let (practice, app) = plan(database).serve().await;
    let john = practice.client_in(&app, "John", "Doe", Some("America/New_York")).await;
    john.booked(later(START)).await;
    let email = &emails_to(&practice, &john.email, 1).await[0];
    assert!(!email.text.contains("meet.example.org") && !email.html.contains("jwt"), "no token is in an email");
    let page = page_of(&practice, email);

    let shown = look(&app, &page).await;
    assert_eq!(shown.status, 200);
    // Monday, 1 March 2027, 11:00 UTC, in the reader's own zone.
    for words in ["1\u{a0}March 2027", "06:00", "05:45", "America/New_York"] {
        assert!(shown.text.contains(words), "{words} in {}", shown.text);
    }
    assert!(!shown.text.contains("<form"), "no button before the room is open");
    for (header, part) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "same-origin"),
        ("content-security-policy", "default-src 'none'"),
    ] {
        assert!(shown.header(header).unwrap().contains(part), "{header}: {:?}", shown.header(header));
    }
    for personal in ["John", "Doe", "clients.example.org", "<script>", "http:"] {
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
    let (practice, app, admin, john) = plan(database).serve_client().await;
    let id = john.booked(later(START)).await;
    let guest = json!({"email": "canary.guest@example.org", "display_name": "Gwendolyn", "role": "observer"});
    admin.post(&format!("/api/admin/bookings/{id}/participants"), guest).await.expect(201);
    practice.keep_secret("canary.guest");
    practice.keep_secret("Gwendolyn");
    practice.clock.set(later(START - 10));
    let emails =
        [emails_to(&practice, &john.email, 2).await, emails_to(&practice, "canary.guest@example.org", 2).await]
            .concat();
    let mut urls: Vec<String> = emails.iter().map(|email| page_of(&practice, email)).collect();
    urls.dedup();
    eventually("all emails are recorded as sent", async || {
        let sent = admin.again().await.notifications(id).await;
        sent.iter().all(|email| email["state"] == "sent").then_some(())
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
    let (practice, app, admin, john) = plan(database).serve_client().await;
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
        assert_fields(&invited, json!({"role": role, "revoked_at": null}));
        admin.post(&path, body).await.refused(409, "already_invited");
    }
    john.post(&path, json!({})).await.refused(403, "forbidden");

    let observer = emails_to(&practice, "canary.o@example.org", 1).await.remove(0);
    assert!(observer.text.contains("Asia/Tokyo"), "{}", observer.text);
    for word in ["John", "Doe", "Ashdown"] {
        let is_named = observer.text.contains(word) || observer.html.contains(word);
        assert!(!is_named, "a participant learns no names by email, but {word}");
    }
    let (watching, showing) =
        (page_of(&practice, &observer), page_of(&practice, &emails_to(&practice, "canary.p@example.org", 1).await[0]));
    practice.clock.set(later(START));
    let enter = async |page: &str| {
        let entered = press(&app, page).await;
        claims(&token(&practice, entered.header("location").unwrap_or_else(|| panic!("{}", entered.text))))
    };
    let (watching_claims, showing_claims) = (enter(&watching).await, enter(&showing).await);
    for claims in [&watching_claims, &showing_claims] {
        assert_eq!(claims["context"]["user"]["moderator"], false);
        assert!(claims["context"]["user"]["id"].as_str().unwrap().starts_with("guest-"));
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
    let actions = admin.history(id).await;
    assert_eq!(actions, ["booking.scheduled", "participant.invited", "participant.invited", "participant.revoked"]);
}

async fn a_lost_link_is_sent_again(database: Database) {
    let (practice, app, _admin, john) = plan(database).serve_client().await;
    john.booked(later(START)).await;
    john.booked(later(START + 1440)).await;
    let first = emails_to(&practice, &john.email, 2).await;
    let recover = async |email: &str| app.post("/api/meetings/recover", json!({"email": email})).await;
    let answers =
        [recover("stranger@example.org").await, recover(&john.email).await, recover(&john.email.to_uppercase()).await];
    assert!(answers.iter().all(|a| a.status == 202 && a.text == answers[0].text), "no one learns who is a client");
    recover("no address").await.rejected_field("email", "invalid_email");
    let all = emails_to(&practice, &john.email, 4).await;
    let pages = |emails: &[DecodedMail]| -> BTreeSet<String> { emails.iter().map(|e| page_of(&practice, e)).collect() };
    assert_eq!(pages(&all[2..]), pages(&first), "the same pages");

    // Two requests within the hour, one email.
    practice.clock.advance(SignedDuration::from_mins(1));
    let other = practice.client(&app, "Jane", "Rowland").await;
    other.booked(later(START + 300)).await;
    emails_to(&practice, &other.email, 1).await;
    assert_eq!(emails_to(&practice, &john.email, 4).await.len(), 4);
    practice.clock.advance(SignedDuration::from_mins(60));
    recover(&john.email).await.expect(202);
    emails_to(&practice, &john.email, 6).await;
}

async fn leaked_links_can_be_replaced(database: Database) {
    let (practice, app, admin, john) = plan(database).serve_client().await;
    let id = john.booked(later(START)).await;
    let old = page_of(&practice, &emails_to(&practice, &john.email, 1).await[0]);
    let path = format!("/api/admin/bookings/{id}/links/revoke");
    john.post(&path, json!({})).await.refused(403, "forbidden");
    admin.post(&path, json!({})).await.expect(200);
    assert_eq!(look(&app, &old).await.status, 410);
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
    let request = api.request(Method::POST, "/jitsi/conference").body(body);
    api.send(request.header("content-type", "application/x-www-form-urlencoded")).await
}

async fn room_name(person: &User) -> String {
    person.bookings().await[0]["jitsi_room_id"].as_str().unwrap().to_owned()
}

async fn the_video_server_reserves_rooms(database: Database) {
    let (practice, app, _admin, john) = plan(database).serve_client().await;
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
    let (practice, app, admin, john) = plan(database).serve_client().await;
    let id = john.booked(later(START)).await;
    let room = room_name(&john).await;
    let jid = format!("{room}@conference.meet.example.org");
    practice.clock.set(later(START + 80));
    let prosody = app.with_token(Some(SERVER_SECRET));
    let occupant = |person: i64, minute: i64, until: Option<i64>| {
        let mut occupant = json!({
            "occupant_jid": format!("{jid}/{person:08x}"), "id": format!("user-{person}"), "name": "Sam Other",
            "email": "sam@example.org", "joined_at": later(START + minute).as_second(),
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
         "left_at": later(START + 51).to_string(), "minutes": 56, "visits": 1, "estimated": false},
        {"role": "client", "user_id": john.id, "participant_id": null, "joined_at": later(START + 2).to_string(),
         "left_at": later(START + 49).to_string(), "minutes": 47, "visits": 1, "estimated": false},
    ]);
    assert_eq!(admin.detail(id).await["attendance"], expected);
    let report = admin.get("/api/admin/reports/attendance").await.expect(200);
    assert_eq!((&report["total"], &report["sessions"][0]["attendance"]), (&json!(1), &expected));
    assert!(!report.to_string().contains("Sam Other"), "the names that people choose are not stored");
    let csv = admin.get("/api/admin/reports/attendance?format=csv").await;
    assert_eq!((csv.status, csv.text.lines().count()), (200, 3), "{}", csv.text);
    john.again().await.get("/api/admin/reports/attendance").await.refused(403, "forbidden");
    assert!(!practice.stored().await.contains("Sam Other"));
}

/// A video server that closes every room. Returns its address and the requests that it receives.
fn server_that_closes_rooms() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let received = requests.clone();
    std::thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            let mut head = Vec::new();
            let mut part = [0; 4_096];
            while !head.ends_with(b"\r\n\r\n") {
                match connection.read(&mut part) {
                    Ok(length @ 1..) => head.extend_from_slice(&part[..length]),
                    Ok(0) | Err(_) => break,
                }
            }
            received.lock().unwrap().push(String::from_utf8(head).unwrap());
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (address, requests)
}

async fn a_therapist_ends_an_appointment_for_everyone(database: Database) {
    let folder = tempfile::TempDir::new().unwrap();
    let key = |name: &str| {
        let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, key.serialize_pem()).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (address, requests) = server_that_closes_rooms();
    let plan = Practice::on(database)
        .with("jitsi.mode", "jwt")
        .with("jitsi.app_id", "attune")
        .with("jitsi.key_id", "attune-1")
        .with("jitsi.key_file", &key("links.pem"))
        .with("jitsi.end_meeting_url", &format!("http://{address}/end-meeting"))
        .with("jitsi.end_meeting_key_id", "attune-end-1")
        .with("jitsi.end_meeting_key_file", &key("end.pem"))
        .with("jitsi.muc_domain", "muc.meet.jitsi");
    let (practice, _app, admin, john) = plan.serve_client().await;
    let [first, second] = [john.booked(later(START)).await, john.booked(later(START + 60)).await];
    practice.clock.set(later(START + 50));
    let (admin, john) = (admin.again().await, john.again().await);
    let ended = admin.post(&format!("/api/admin/bookings/{first}/end"), json!({})).await.expect(200);
    assert_fields(&ended, json!({"id": first, "status": "completed", "room_closed": true}));
    let cancelled = john.post(&format!("/api/bookings/{second}/cancel"), json!({})).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");

    let received = requests.lock().unwrap().clone();
    assert_eq!(received.len(), 2, "{received:?}");
    for (request, booking) in received.iter().zip([first, second]) {
        let (line, headers) = request.split_once("\r\n").unwrap();
        let room = line
            .strip_prefix("POST /end-meeting?conference=")
            .and_then(|rest| rest.strip_suffix("%40muc.meet.jitsi HTTP/1.1"));
        let room = room.filter(|room| room.starts_with(&format!("booking-{booking}-")));
        let token = headers.split("\r\n").find_map(|line| line.strip_prefix("authorization: Bearer ")).unwrap();
        practice.keep_secret(token.rsplit('.').next().unwrap());
        let claims = claims(token);
        assert_fields(&claims, json!({"iss": "attune", "aud": "jitsi", "sub": "meet.example.org", "room": room}));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(), 120);
    }
    assert!(admin.history(first).await.contains(&"appointment.ended".to_owned()));
}

async fn jaas_has_its_own_links_and_webhooks(database: Database) {
    const APP_ID: &str = "vpaas-magic-cookie-1fc542a3e4414a44b2611668195e2bfe";
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("jaas.pem");
    std::fs::write(&file, key.serialize_pem()).unwrap();
    let webhook_secret = "whsec_4f0c8b2a9e7d41d3";
    let plan = Practice::on(database)
        .with("jitsi.mode", "jaas")
        .with("jitsi.app_id", APP_ID)
        .with("jitsi.key_id", &format!("{APP_ID}/4f4910"))
        .with("jitsi.key_file", file.to_str().unwrap())
        .with_secret("jitsi.jaas_webhook_secret", webhook_secret)
        .with("jitsi.lobby", "true");
    let (practice, app, admin, john) = plan.serve_client().await;
    let id = john.booked(later(START)).await;
    let url = admin.meeting_url(id).await;
    assert!(url.starts_with(&format!("https://8x8.vc/{APP_ID}/booking-{id}-")), "{url}");
    let admins = claims(&token(&practice, &url));
    assert_fields(&admins, json!({"aud": "jitsi", "iss": "chat", "sub": APP_ID}));
    assert_eq!(admins["context"]["user"]["moderator"], "true");

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
