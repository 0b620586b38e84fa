//! HTTP edge cases, checked against the real process in addition to the adapter's own tests.

use attune_e2e::{Database, Instance, Method, Practice, User, assert_fields, eventually, later, strong_password};
use serde_json::{Value, json};

async fn open() -> (Practice, Instance, User) {
    let (practice, app, _admin, john) = Practice::on(Database::Sqlite).serve_client().await;
    (practice, app, john)
}

#[tokio::test]
async fn every_error_is_a_problem_with_the_requests_id() {
    let (_practice, app, john) = open().await;
    let request = |method: Method, path: &str| john.request(method, path).header("x-request-id", "mine-17");
    let book = |content_type: &str| request(Method::POST, "/api/bookings").header("content-type", content_type);
    let book_json = || book("application/json");
    let too_large = format!("{{\"note\":\"{}\"}}", "n".repeat(70_000));
    let duplicate = "{\"note\":\"a\",\"scheduled_at\":\"2027-03-02T10:00:00Z\",\"note\":\"b\"}";
    let cases = [
        (request(Method::GET, "/api/no/such/page"), 404, "not_found"),
        (request(Method::GET, "/elsewhere"), 404, "not_found"),
        (request(Method::DELETE, "/api/bookings"), 405, "method_not_allowed"),
        (request(Method::PUT, "/api/auth/login"), 405, "method_not_allowed"),
        (book_json().body("{\"scheduled_at\":"), 400, "malformed_json"),
        (book_json().body("[".repeat(20_000)), 400, "malformed_json"),
        (book_json().body("\u{0}"), 400, "malformed_json"),
        (book_json().body(vec![0xff, 0xfe]), 400, "malformed_json"),
        (book_json().body(too_large), 413, "payload_too_large"),
        (book("text/plain").body("{}"), 415, "unsupported_media_type"),
        (book("application/x-www-form-urlencoded").body("scheduled_at=now"), 415, "unsupported_media_type"),
        (book_json().header("content-encoding", "gzip").body("x"), 415, "unsupported_media_type"),
        (book_json().body(duplicate), 422, "duplicate_field"),
        (book_json().body("{\"scheduled_at\":1e400}"), 422, "wrong_type"),
        (book_json().body("[]"), 422, "wrong_type"),
        (request(Method::GET, "/api/bookings").header("accept", "text/html"), 406, "not_acceptable"),
    ];
    for (request, status, code) in cases {
        let answer = john.send(request).await;
        let problem = answer.expect(status);
        assert_eq!((&problem["code"], &problem["request_id"]), (&json!(code), &json!("mine-17")), "{}", answer.text);
    }
    let allowed = john.send(john.request(Method::DELETE, "/api/bookings")).await;
    assert_eq!(allowed.header("allow"), Some("GET, HEAD, POST"));
    for strange in ["x".repeat(500), "two words".to_owned(), "<b>".to_owned()] {
        let answer = app.send(app.request(Method::GET, "/health").header("x-request-id", &strange)).await;
        assert_ne!(answer.header("x-request-id"), Some(strange.as_str()), "an odd id is replaced");
    }
    assert!(john.bookings().await.is_empty());
}

/// Reuses a spent token with the request id `spent-17`; returns the two log lines about it.
async fn spent_token_lines(format: &str) -> Vec<String> {
    let (_practice, app, _admin, john) = Practice::on(Database::Sqlite).with("log.format", format).serve_client().await;
    let old = json!({"refresh_token": john.refresh});
    let next = app.post("/api/auth/refresh", old.clone()).await.expect(200);
    app.post("/api/auth/refresh", json!({"refresh_token": next["refresh_token"]})).await.expect(200);
    let again = app.request(Method::POST, "/api/auth/refresh").header("x-request-id", "spent-17").json(&old);
    app.send(again).await.refused(401, "invalid_refresh_token");
    eventually("the answer is in the log", async || {
        let log = app.stderr();
        let about: Vec<String> = log.lines().filter(|line| line.contains("spent-17")).map(str::to_owned).collect();
        (about.len() == 2).then_some(about)
    })
    .await
}

#[tokio::test]
async fn every_log_line_of_a_request_names_it() {
    let warned = "a refresh token was used again; its login session is ended";
    let lines = spent_token_lines("json").await;
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let messages: Vec<_> = lines.iter().map(|line| (line["level"].as_str(), line["message"].as_str())).collect();
    assert_eq!(messages, [(Some("WARN"), Some(warned)), (Some("INFO"), Some("request completed"))]);
    assert!(lines.iter().all(|line| line["request_id"] == "spent-17"), "{lines:?}");
    assert_fields(&lines[1], json!({"method": "POST", "route": "/api/auth/refresh", "status": 401}));

    let lines = spent_token_lines("text").await;
    assert!(lines[0].contains(warned) && lines[0].ends_with(" request_id=spent-17"), "{}", lines[0]);
    assert!(
        lines[1].contains(" INFO request completed") && lines[1].contains(" request_id=\"spent-17\""),
        "{}",
        lines[1]
    );
}

#[tokio::test]
async fn the_log_is_complete_when_the_process_ends() {
    let (_practice, app, _john) = open().await;
    for n in 0..20 {
        app.send(app.request(Method::GET, "/health").header("x-request-id", format!("last-{n}-17"))).await.expect(200);
    }
    app.ask_to_end();
    eventually("all responses are in the log", async || {
        let log = app.stderr();
        (0..20).all(|n| log.contains(&format!("\"last-{n}-17\""))).then_some(())
    })
    .await;
    assert_eq!(app.ended().await, Some(0));
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let (_practice, app, john) = open().await;
    let id = john.booked(later(1440)).await;
    for path in ["/health", "/api/services", "/api/bookings", "/api/nothing"] {
        let answer = john.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!((answer.header("server"), answer.header("strict-transport-security")), (None, None));
    }
    for path in ["/health", "/api/services", &format!("/api/meetings/{id}/link")] {
        let (get, head) = (john.get(path).await, john.send(john.request(Method::HEAD, path)).await);
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
    let docs = app.get("/docs/").await;
    assert_eq!(docs.status, 200);
    assert!(!docs.text.contains("https://"), "the documentation loads nothing from elsewhere");
}

#[tokio::test]
async fn cross_origin_requests_need_a_listed_origin() {
    let (_practice, app, _john) = open().await;
    let preflight = |app: &Instance, origin: &str| {
        app.request(Method::OPTIONS, "/api/bookings")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
    };
    let off = app.send(preflight(&app, "https://www.example.org")).await;
    assert_eq!(off.header("access-control-allow-origin"), None);
    let (_practice, app) =
        Practice::on(Database::Sqlite).with("http.cors_origins", "https://www.example.org").serve().await;
    let on = app.send(preflight(&app, "https://www.example.org")).await;
    assert_eq!(on.header("access-control-allow-origin"), Some("https://www.example.org"));
    for evil in ["https://www.example.org.evil.example", "https://evil.example", "null", "http://www.example.org"] {
        let answer = app.send(app.request(Method::GET, "/api/services").header("origin", evil)).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, None), "{evil}");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn password_guessing_and_request_floods_are_limited() {
    let plan = Practice::on(Database::Sqlite).with("limits.enabled", "true").with("limits.registrations_per_hour", "3");
    let (practice, app) = plan.with("limits.logins_per_minute", "12").serve().await;
    let john = practice.client(&app, "John", "Doe").await;
    let wrong = json!({"email": john.email, "password": "not-the-password-at-all"});
    // A header that only a proxy may set does not help.
    let guess = async |number: usize| {
        let request =
            app.request(Method::POST, "/api/auth/login").header("x-forwarded-for", format!("203.0.113.{number}"));
        app.send(request.json(&wrong)).await
    };
    let mut answers = Vec::new();
    for number in 0..7 {
        answers.push(guess(number).await);
    }
    answers[4].refused(401, "invalid_credentials");
    let slowed = answers.iter().filter(|answer| answer.status == 429).count();
    assert!(slowed >= 1, "after five wrong passwords, waiting begins");
    answers[6].refused(429, "too_many_failures");
    practice.clock.advance(jiff::SignedDuration::from_secs(59));
    for number in 0..8 {
        let answer = guess(number).await;
        assert!(matches!(answer.status, 401 | 429), "{}", answer.text);
    }
    guess(99).await.refused(429, "too_many_requests");

    // A minute later the right password works again.
    practice.clock.advance(jiff::SignedDuration::from_mins(3));
    let john = john.again().await;
    john.get("/api/auth/me").await.expect(200);

    for number in 0..3 {
        let body =
            json!({"email": format!("flood.{number}@clients.example.org"), "password": strong_password(number + 10)});
        let answer = app.post("/api/auth/register", body).await;
        if number == 2 {
            answer.refused(429, "too_many_requests");
        } else {
            answer.expect(201);
        }
    }

    practice.clock.advance(jiff::SignedDuration::from_mins(1));
    let mut statuses = Vec::new();
    for _ in 0..60 {
        statuses.push(john.get("/api/bookings").await.status);
    }
    let successful = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(successful, 40, "the clock stands still: a burst and no more");
    practice.clock.advance(jiff::SignedDuration::from_secs(1));
    john.get("/api/bookings").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_logins_does_not_block_other_requests() {
    let plan = Practice::on(Database::Sqlite)
        .with("auth.password_hasher_threads", "1")
        .with("auth.password_hasher_queue", "2");
    let (_practice, app, _admin, john) = plan.serve_client().await;
    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (api, body) = (app.with_token(None), json!({"email": john.email, "password": john.password}));
        flood.spawn(async move { api.post("/api/auth/login", body).await.status });
    }
    for _ in 0..5 {
        app.get("/health/live").await.expect(200);
        john.bookings().await;
    }
    let statuses = flood.join_all().await;
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
    assert!(statuses.contains(&200) && statuses.contains(&503), "a full queue is reported at once: {statuses:?}");
}
