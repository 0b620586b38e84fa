//! HTTP itself: methods, media types, sizes, timeouts, headers and failures.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use attune_ports::{Health, HealthCheck};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::harness::*;
use crate::routes;

/// A health check with a fixed result, or a worse behaviour.
struct Part(&'static str, Option<Health>);

#[async_trait]
impl HealthCheck for Part {
    fn name(&self) -> &'static str {
        self.0
    }

    fn version(&self) -> Option<&str> {
        (self.0 == "time_zones").then_some("2025b")
    }

    async fn check(&self) -> Health {
        match self.1 {
            Some(health) => health,
            None if self.0 == "panics" => panic!("secret words"),
            None => std::future::pending().await,
        }
    }
}

fn with_parts(parts: impl IntoIterator<Item = Part>) -> Parts {
    let readiness = parts.into_iter().map(|part| Arc::new(part) as Arc<dyn HealthCheck>).collect();
    Parts { readiness, ..Parts::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn liveness_and_readiness_are_reported() {
    let ok = || Part("database", Some(Health::Ok));
    let practice = with_parts([ok()]).open().await;
    let alive = format!(r#"{{"status":"ok","version":"{}"}}"#, env!("CARGO_PKG_VERSION"));
    for path in ["/health", "/health/live"] {
        practice.get(path, "").await.assert_body(200, &alive);
    }
    let ready = practice.get("/health/ready", "").await;
    ready.assert_body(200, r#"{"status":"ok","checks":{"database":{"status":"ok"}}}"#);
    let practice = with_parts([ok(), Part("mail", Some(Health::Warn("emails are late")))]).open().await;
    let wanted = r#"{"status":"warn","checks":{"database":{"status":"ok"},"#.to_owned()
        + r#""mail":{"status":"warn","detail":"emails are late"}}}"#;
    practice.get("/health/ready", "").await.assert_body(200, &wanted);
    let practice = with_parts([Part("time_zones", Some(Health::Ok))]).open().await;
    let wanted = r#"{"status":"ok","checks":{"time_zones":{"status":"ok","version":"2025b"}}}"#;
    practice.get("/health/ready", "").await.assert_body(200, wanted);
    let practice = with_parts([Part("database", Some(Health::Failing("no connection"))), ok()]).open().await;
    practice.get("/health/ready", "").await.assert_status(503).assert_members(&json!({"status": "failing"}));
    practice.get("/health/live", "").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_affects_one_request_only() {
    let practice = with_parts([Part("panics", None)]).open().await;
    for _ in 0..3 {
        practice.get("/health/ready", "").await.assert_problem(500, "internal_error").assert_lacks(&["secret"]);
    }
    practice.get("/health", "").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_handler_times_out() {
    let parts = with_parts([Part("hangs", None)]).settings(|s| s.request_timeout = Duration::from_millis(50));
    let practice = parts.open().await;
    practice.get("/health/ready", "").await.assert_problem(503, "timed_out");
    practice.get("/health", "").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_methods_are_problems() {
    let practice = Practice::open().await;
    let unknown = ["/api", "/api/", "/nothing", "/%00", "/HEALTH"];
    for path in [&unknown[..], &["/api/bookings/", "/api//bookings", "/api/bookings/1/nothing"]].concat() {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
            practice.request(method, path).send().await.assert_problem(404, "not_found");
        }
    }
    let table = Parts::new().routes();
    for (_, path) in table.iter().filter(|(_, path)| !path.starts_with(routes::ADMIN)) {
        let mut allow: Vec<&str> = Vec::new();
        for (method, _) in table.iter().filter(|(_, other)| other == path) {
            allow.push(method.as_str());
            if method == Method::GET.as_str() {
                allow.push("HEAD");
            }
        }
        let concrete = path.replace("{id}", "1").replace("{file:.*}", "").replace("{reference}", "x");
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            if allow.contains(&method) {
                continue;
            }
            let reply = practice.request(method.parse().unwrap(), &concrete).send().await;
            assert_eq!(reply.assert_status(405).header("allow"), Some(allow.join(", ").as_str()), "{reply:?}");
            assert!(method == "HEAD" || reply.code() == "method_not_allowed", "{reply:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_a_body() {
    let (practice, ada, carl) = Parts::new().without_limits().with_session().await;
    let checkout = practice.checkout_path(1).await;
    for (_, path) in Parts::new().routes().into_iter().filter(|(method, _)| method == Method::GET.as_str()) {
        let token = if path.starts_with(routes::ADMIN) { &carl } else { &ada };
        let path = path.replace("/test-checkout/{reference}", &checkout);
        let path = path.replace("{id}", "1").replace("{file:.*}", "");
        let get = practice.get(&path, token).await;
        let head = practice.request(Method::HEAD, &path).token(token).send().await;
        head.assert_body(get.status.as_u16(), "");
        for name in ["content-type", "content-length", "content-security-policy"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
        if get.status != 303 {
            assert_eq!(head.header("content-length"), Some(&*get.text.len().to_string()), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_plain_json_of_limited_size() {
    let (practice, ada, _) = Parts::new().without_limits().with_ada().await;
    let big = format!(r#"{{"first_name":"{}"}}"#, "x".repeat(70_000));
    let ok = r#"{"first_name":"Ada"}"#;
    let call = || practice.request(Method::PATCH, "/api/auth/me").token(&ada);
    for media in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""] {
        call().header("Content-Type", media).body(ok).send().await.assert_status(200);
    }
    let others = ["text/plain", "multipart/form-data; boundary=x", "application/xml", "json", ""];
    let similar = ["application/x-www-form-urlencoded", "application/jsonp", "application/json; charset=latin1"];
    for media in others.iter().chain(&similar) {
        call().header("Content-Type", media).body(ok).send().await.assert_problem(415, "unsupported_media_type");
    }
    for call in [
        call().body(ok),
        call(),
        call().json(ok).header("Content-Encoding", "gzip"),
        call().json(ok).header("Content-Type", "text/plain"),
        // A body without a media type.
        practice.request(Method::POST, "/api/auth/logout").token(&ada).body("{}"),
    ] {
        call.send().await.assert_problem(415, "unsupported_media_type");
    }
    for body in ["", "{", "{\"first_name\":\"A\"}}", "{'a':1}", "{\"first_name\":\"A\u{1}\"}"] {
        call().json(body).send().await.assert_problem(400, "malformed_json");
    }
    let deep = format!(r#"{{"first_name":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    let wide = format!(r#"{{"first_name":[{}1]}}"#, "1,".repeat(30_000));
    for body in ["[]", &deep, &wide] {
        call().json(body).send().await.assert_problem(422, "wrong_type");
    }
    call().json(&big).send().await.assert_problem(413, "payload_too_large");
    practice.post("/api/auth/me", "", &big).await.assert_status(405);
    // Authentication comes before the body is read.
    practice.patch("/api/auth/me", "", &big).await.assert_status(401);
    practice.get("/health", "").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_is_json_if_the_client_accepts_it() {
    let practice = Practice::open().await;
    let get = |accept| practice.request(Method::GET, "/api/services").header("Accept", accept).send();
    let wildcards = ["*/*", "application/*", "text/html, */*;q=0.1"];
    let json = ["application/json", "application/problem+json", "Application/JSON; q=0.5"];
    for accept in wildcards.iter().chain(&json) {
        get(accept).await.assert_status(200);
    }
    let refusals = ["application/json;q=0", "text/html, application/json;q=0.000"];
    for accept in ["text/html", "text/*", "application/xml"].iter().chain(&refusals) {
        get(accept).await.assert_problem(406, "not_acceptable");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_query_parameters_are_rejected_everywhere() {
    let (practice, ada, _) = Parts::new().without_limits().with_hold().await;
    for url in [
        "services?x=1",
        "auth/me?x=1",
        "bookings/1?x=1",
        "meetings/1/link?x",
        "bookings/1/payment?x=",
        "openapi.json?x=1",
    ] {
        practice.get(&format!("/api/{url}"), &ada).await.assert_invalid("x", "unknown_field");
    }
    for path in ["bookings", "auth/logout", "bookings/1/payment", "auth/login"] {
        practice.post(&format!("/api/{path}?x=1"), &ada, "{}").await.assert_invalid("x", "unknown_field");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_one_id_everywhere() {
    let (practice, ada, carl) = Parts::new().with_ada().await;
    let call = |id: &str| practice.request(Method::GET, "/api/auth/me").header("X-Request-Id", id);
    for id in ["a", "Abc-1_2.3", &"x".repeat(64)] {
        let reply = call(id).send().await;
        assert_eq!((reply.header("x-request-id"), &reply.json()["request_id"]), (Some(id), &id.into()));
    }
    for id in ["", "a b", "a\tb", "a\"b", "<b>", "ä", &"x".repeat(65)] {
        let made = call(id).send().await.header("x-request-id").unwrap().to_owned();
        assert_eq!(made.len(), 32, "{id:?} -> {made}");
        assert!(made.bytes().all(|b| b.is_ascii_hexdigit()));
    }
    let book = practice.request(Method::POST, "/api/bookings").token(&ada).json(&slot(SLOT));
    book.header("X-Request-Id", "my-booking").send().await.assert_status(201);
    let history = practice.get("/api/admin/bookings/1", &carl).await.json();
    assert_eq!(history["history"][0]["request_id"], "my-booking");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_origins_may_call_only_if_they_are_listed() {
    let good = "https://app.example.org";
    let practice =
        Parts::new().settings(|s| s.cors_origins = vec![good.into(), "http://localhost:3000".into()]).open().await;
    let get = |path, origin| practice.request(Method::GET, path).header("Origin", origin).send();
    let preflight = |origin: &str| {
        let call = practice.request(Method::OPTIONS, "/api/bookings").header("Origin", origin);
        let call = call.header("Access-Control-Request-Method", "POST");
        call.header("Access-Control-Request-Headers", "authorization,content-type")
    };
    for origin in [good, "http://localhost:3000"] {
        let reply = preflight(origin).send().await;
        reply.assert_status(204);
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(reply.header("access-control-allow-methods"), Some("GET, HEAD, POST, PUT, PATCH, DELETE"));
        for header in ["Authorization", "Idempotency-Key"] {
            assert!(reply.header("access-control-allow-headers").unwrap().contains(header), "{header}");
        }
        assert_eq!(reply.header("vary"), Some("Origin"));
        for path in ["/api/services", "/api/auth/me", "/api/nothing"] {
            let reply = get(path, origin).await;
            assert_eq!(reply.header("access-control-allow-origin"), Some(origin), "{path}");
            for header in ["X-Total-Count", "Idempotent-Replayed", "Link"] {
                assert!(reply.header("access-control-expose-headers").unwrap().contains(header), "{header}");
            }
            assert_eq!(reply.header("access-control-allow-credentials"), None);
        }
    }
    let hosts = [
        "https://evil.example",
        "https://app.example.org.evil.example",
        "https://evil-app.example.org",
        "https://x.app.example.org",
        "https://APP.example.org",
    ];
    let others =
        ["null", "http://app.example.org", "https://app.example.org:8443", "https://app.example.org/", "*", ""];
    for origin in [&hosts[..], &others, &["https://app.example.org, https://evil.example"]].concat() {
        let (reply, plain) = (preflight(origin).send().await, get("/api/services", origin).await);
        reply.assert_status(405);
        plain.assert_status(200);
        for reply in [&reply, &plain] {
            assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
            assert_eq!(reply.header("vary"), Some("Origin"));
        }
    }
    let two = practice.request(Method::GET, "/api/services").header("Origin", good).header("Origin", good).send().await;
    assert_eq!(two.header("access-control-allow-origin"), None);
    // Without a requested method it is no preflight request.
    practice.request(Method::OPTIONS, "/api/bookings").header("Origin", good).send().await.assert_status(405);
    assert_eq!(get("/health", good).await.header("access-control-allow-origin"), None, "only the API");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_list_there_is_no_cors() {
    let practice = Practice::open().await;
    let reply = practice.request(Method::GET, "/api/services").header("Origin", "https://app.example.org").send().await;
    assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("access-control") && name != "vary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hsts_is_sent_only_behind_a_proxy() {
    let header = |practice: Practice| async move {
        practice.get("/health", "").await.header("strict-transport-security").map(str::to_owned)
    };
    assert_eq!(header(Practice::open().await).await, None);
    assert_eq!(
        header(Parts::new().settings(|s| s.hsts = true).open().await).await.as_deref(),
        Some("max-age=31536000")
    );
}

/// Sends raw bytes and reads until the server closes the connection.
async fn raw(practice: &Practice, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(practice.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut response = Vec::new();
    let read = stream.read_to_end(&mut response);
    // A reset counts as closed as well.
    let _ = tokio::time::timeout(Duration::from_secs(10), read).await.expect("the connection was left open");
    String::from_utf8_lossy(&response).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_arrive_times_out() {
    let practice = Parts::new().settings(|s| s.requests.body_timeout = Duration::from_millis(100)).open().await;
    let head = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    for rest in ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"] {
        let reply = raw(&practice, format!("{head}{rest}").as_bytes()).await;
        assert!(reply.starts_with("HTTP/1.1 408") && reply.contains("request_timeout"), "{rest}: {reply}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_request_does_not_keep_its_connection_open() {
    let practice = Practice::open().await;
    let head = "POST /api/bookings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    for rest in ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"] {
        let reply = raw(&practice, format!("{head}{rest}").as_bytes()).await;
        assert!(reply.starts_with("HTTP/1.1 401"), "{reply}");
    }
    let head = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let announced = raw(&practice, format!("{head}Content-Length: 1000000\r\n\r\n{{").as_bytes()).await;
    assert!(announced.starts_with("HTTP/1.1 413"), "before it is read: {announced}");
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let grown = raw(&practice, format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}1\r\n \r\n").as_bytes()).await;
    assert!(grown.starts_with("HTTP/1.1 413") || grown.is_empty(), "{grown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ambiguous_requests_are_rejected_and_the_connection_closed() {
    let practice = Practice::open().await;
    for request in [
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n{}  ",
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked, identity\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        "nonsense\r\n\r\n",
    ] {
        let reply = raw(&practice, request.as_bytes()).await;
        assert!(reply.starts_with("HTTP/1.1 4") || reply.is_empty(), "{request:?} -> {reply}");
    }
    practice.get("/health", "").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_arrive_times_out() {
    let practice = Parts::new().settings(|s| s.head_timeout = Duration::from_millis(100)).open().await;
    let reply = raw(&practice, b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    assert!(reply.starts_with("HTTP/1.1 408") || reply.is_empty(), "{reply}");
    let practice = Practice::open().await;
    let large = format!("GET /health HTTP/1.1\r\nHost: x\r\nX-Big: {}\r\n\r\n", "x".repeat(200_000));
    let reply = raw(&practice, large.as_bytes()).await;
    assert!(reply.starts_with("HTTP/1.1 431") || reply.is_empty(), "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn error_responses_do_not_repeat_user_input() {
    let (practice, ada, _) = Parts::new().without_limits().with_ada().await;
    let canary = "canary@secret.example";
    for (path, body) in [
        ("/api/auth/login", json!({"email": canary, "password": canary})),
        (
            "/api/auth/register",
            json!({"email": format!("{canary} {canary}"), "password": canary, "first_name": [canary]}),
        ),
        ("/api/auth/refresh", json!({"refresh_token": canary})),
        ("/api/bookings", json!({"scheduled_at": canary, "note": canary})),
        ("/api/auth/change-password", json!({"current_password": canary, "password": canary})),
    ] {
        assert_silent(&practice.post(path, &ada, &body.to_string()).await);
    }
    assert_silent(&practice.post("/api/bookings", &ada, canary).await);
    for path in ["/canary", "/api/bookings/canary", "/api/bookings?status=canary&from=canary&limit=canary"] {
        assert_silent(&practice.get(path, &ada).await);
    }
}

/// Checks that an error does not repeat what the request contained.
fn assert_silent(reply: &Reply) {
    assert!(reply.status.is_client_error(), "{reply:?}");
    reply.assert_lacks(&["canary"]);
}
