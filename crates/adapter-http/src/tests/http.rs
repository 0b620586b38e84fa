//! HTTP itself: methods, media types, sizes, timeouts, headers and failures.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use attune_ports::{Health, HealthCheck};
use reqwest::Method;
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
    for path in ["/health", "/health/live"] {
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(practice.get(path, "").await.text, format!(r#"{{"status":"ok","version":"{version}"}}"#));
    }
    let ready = practice.get("/health/ready", "").await;
    assert_eq!(ready.text, r#"{"status":"ok","checks":{"database":{"status":"ok"}}}"#);
    let practice = with_parts([ok(), Part("mail", Some(Health::Warn("emails are late")))]).open().await;
    let ready = practice.get("/health/ready", "").await;
    assert_eq!(ready.status, 200);
    assert_eq!(
        ready.text,
        r#"{"status":"warn","checks":{"database":{"status":"ok"},"#.to_owned()
            + r#""mail":{"status":"warn","detail":"emails are late"}}}"#
    );
    let practice = with_parts([Part("database", Some(Health::Failing("no connection"))), ok()]).open().await;
    let ready = practice.get("/health/ready", "").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["status"]), (503, &"failing".into()));
    assert_eq!(practice.get("/health/live", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_affects_one_request_only() {
    let practice = with_parts([Part("panics", None)]).open().await;
    for _ in 0..3 {
        let reply = practice.get("/health/ready", "").await;
        assert_eq!(reply.problem(), (500, "internal_error".into()));
        assert!(!reply.text.contains("secret"));
    }
    assert_eq!(practice.get("/health", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_handler_times_out() {
    let parts = with_parts([Part("hangs", None)]).settings(|s| s.request_timeout = Duration::from_millis(50));
    let practice = parts.open().await;
    let reply = practice.get("/health/ready", "").await;
    assert_eq!(reply.problem(), (503, "timed_out".into()));
    assert_eq!(practice.get("/health", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_methods_are_problems() {
    let practice = Practice::open().await;
    for path in [
        "/",
        "/api",
        "/api/",
        "/nothing",
        "/api/bookings/",
        "/api//bookings",
        "/api/bookings/1/nothing",
        "/%00",
        "/HEALTH",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
            let reply = practice.request(method.clone(), path).send().await;
            assert_eq!(reply.problem(), (404, "not_found".into()), "{method} {path}");
        }
    }
    let settings = Parts::new().settings;
    let table = routes::table(&settings);
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
            assert_eq!(reply.status, 405, "{method} {path}");
            assert_eq!(reply.header("allow"), Some(allow.join(", ").as_str()), "{method} {path}");
            assert!(method == "HEAD" || reply.code() == "method_not_allowed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_a_body() {
    let practice = Parts::new().without_limits().open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let held = practice.book(&ada, SLOT).await;
    practice.pay(&held).await;
    let settings = Parts::new().settings;
    for (_, path) in routes::table(&settings).into_iter().filter(|(method, _)| method == Method::GET.as_str()) {
        let token = if path.starts_with(routes::ADMIN) { &carl } else { &ada };
        let path = path
            .replace("{id}", "1")
            .replace("{file:.*}", "")
            .replace("/test-checkout/{reference}", &checkout_path(&held));
        let get = practice.get(&path, token).await;
        let head = practice.request(Method::HEAD, &path).token(token).send().await;
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        for name in ["content-type", "content-length", "content-security-policy"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
        assert_eq!(
            head.header("content-length"),
            Some(get.text.len().to_string().as_str()).filter(|_| get.status != 303).or(get.header("content-length"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_plain_json_of_limited_size() {
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.client("Ada").await;
    let big = format!(r#"{{"first_name":"{}"}}"#, "x".repeat(70_000));
    let ok = r#"{"first_name":"Ada"}"#;
    let call = || practice.request(Method::PATCH, "/api/auth/me").token(&ada);
    for media in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""] {
        assert_eq!(call().header("Content-Type", media).body(ok).send().await.status, 200, "{media}");
    }
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json; charset=latin1",
        "application/xml",
        "json",
        "",
    ] {
        let reply = call().header("Content-Type", media).body(ok).send().await;
        assert_eq!(reply.problem(), (415, "unsupported_media_type".into()), "{media}");
    }
    assert_eq!(call().body(ok).send().await.problem(), (415, "unsupported_media_type".into()));
    assert_eq!(call().send().await.problem(), (415, "unsupported_media_type".into()));
    assert_eq!(call().json(ok).header("Content-Encoding", "gzip").send().await.code(), "unsupported_media_type");
    assert_eq!(call().json(ok).header("Content-Type", "text/plain").send().await.code(), "unsupported_media_type");
    for body in ["", "{", "{\"first_name\":\"A\"}}", "{'a':1}", "{\"first_name\":\"A\u{1}\"}"] {
        assert_eq!(call().json(body).send().await.problem(), (400, "malformed_json".into()), "{body}");
    }
    assert_eq!(call().json("[]").send().await.problem(), (422, "wrong_type".into()));
    let deep = format!(r#"{{"first_name":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(call().json(&deep).send().await.problem(), (422, "wrong_type".into()));
    let wide = format!(r#"{{"first_name":[{}1]}}"#, "1,".repeat(30_000));
    assert_eq!(call().json(&wide).send().await.problem(), (422, "wrong_type".into()));
    assert_eq!(call().json(&big).send().await.problem(), (413, "payload_too_large".into()));
    let empty = practice.request(Method::POST, "/api/auth/logout").token(&ada).body("{}").send().await;
    assert_eq!(empty.problem(), (415, "unsupported_media_type".into()), "a body that says nothing of itself");
    assert_eq!(practice.post("/api/auth/me", "", &big).await.status, 405);
    assert_eq!(practice.patch("/api/auth/me", "", &big).await.status, 401, "who one is comes before what one sends");
    assert_eq!(practice.get("/health", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_is_json_if_the_client_accepts_it() {
    let practice = Practice::open().await;
    for accept in [
        "application/json",
        "*/*",
        "application/*",
        "text/html, */*;q=0.1",
        "application/problem+json",
        "Application/JSON; q=0.5",
    ] {
        let reply = practice.request(Method::GET, "/api/services").header("Accept", accept).send().await;
        assert_eq!(reply.status, 200, "{accept}");
    }
    for accept in
        ["text/html", "text/*", "application/xml", "application/json;q=0", "text/html, application/json;q=0.000"]
    {
        let reply = practice.request(Method::GET, "/api/services").header("Accept", accept).send().await;
        assert_eq!(reply.problem(), (406, "not_acceptable".into()), "{accept}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_query_parameters_are_rejected_everywhere() {
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.client("Ada").await;
    practice.book(&ada, SLOT).await;
    for path in [
        "/api/services?x=1",
        "/api/auth/me?x=1",
        "/api/bookings/1?x=1",
        "/api/meetings/1/link?x",
        "/api/bookings/1/payment?x=",
        "/api/openapi.json?x=1",
    ] {
        assert_eq!(practice.get(path, &ada).await.errors(), [("x".to_owned(), "unknown_field".to_owned())], "{path}");
    }
    for path in ["/api/bookings?x=1", "/api/auth/logout?x=1", "/api/bookings/1/payment?x=1", "/api/auth/login?x=1"] {
        assert_eq!(
            practice.post(path, &ada, "{}").await.errors(),
            [("x".to_owned(), "unknown_field".to_owned())],
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_one_id_everywhere() {
    let practice = Practice::open().await;
    let (ada, carl) = (practice.client("Ada").await, practice.admin().await);
    let call = |id: &str| practice.request(Method::GET, "/api/auth/me").header("X-Request-Id", id);
    for id in ["a", "Abc-1_2.3", &"x".repeat(64)] {
        let reply = call(id).send().await;
        assert_eq!(reply.header("x-request-id"), Some(id));
        assert_eq!(reply.json()["request_id"], id);
    }
    for id in ["", "a b", "a\tb", "a\"b", "<b>", "ä", &"x".repeat(65)] {
        let made = call(id).send().await.header("x-request-id").unwrap().to_owned();
        assert_eq!(made.len(), 32, "{id:?} -> {made}");
        assert!(made.bytes().all(|b| b.is_ascii_hexdigit()));
    }
    let body = format!(r#"{{"scheduled_at":"{SLOT}"}}"#);
    let book = practice.request(Method::POST, "/api/bookings").token(&ada).json(&body);
    assert_eq!(book.header("X-Request-Id", "my-booking").send().await.status, 201);
    let history = practice.get("/api/admin/bookings/1", &carl).await.json();
    assert_eq!(history["history"][0]["request_id"], "my-booking");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_origins_may_call_only_if_they_are_listed() {
    let good = "https://app.example.org";
    let practice =
        Parts::new().settings(|s| s.cors_origins = vec![good.into(), "http://localhost:3000".into()]).open().await;
    let preflight = |origin: &str| {
        practice
            .request(Method::OPTIONS, "/api/bookings")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization,content-type")
    };
    for origin in [good, "http://localhost:3000"] {
        let reply = preflight(origin).send().await;
        assert_eq!(reply.status, 204);
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(reply.header("access-control-allow-methods"), Some("GET, HEAD, POST, PUT, PATCH, DELETE"));
        for header in ["Authorization", "Idempotency-Key"] {
            assert!(reply.header("access-control-allow-headers").unwrap().contains(header), "{header}");
        }
        assert_eq!(reply.header("vary"), Some("Origin"));
        for path in ["/api/services", "/api/auth/me", "/api/nothing"] {
            let reply = practice.request(Method::GET, path).header("Origin", origin).send().await;
            assert_eq!(reply.header("access-control-allow-origin"), Some(origin), "{path}");
            for header in ["X-Total-Count", "Idempotent-Replayed", "Link"] {
                assert!(reply.header("access-control-expose-headers").unwrap().contains(header), "{header}");
            }
            assert_eq!(reply.header("access-control-allow-credentials"), None);
        }
    }
    for origin in [
        "https://evil.example",
        "null",
        "https://app.example.org.evil.example",
        "https://evil-app.example.org",
        "https://x.app.example.org",
        "http://app.example.org",
        "https://app.example.org:8443",
        "https://app.example.org/",
        "https://APP.example.org",
        "https://app.example.org, https://evil.example",
        "*",
        "",
    ] {
        let reply = preflight(origin).send().await;
        assert_eq!(reply.status, 405, "{origin}");
        let plain = practice.request(Method::GET, "/api/services").header("Origin", origin).send().await;
        assert_eq!(plain.status, 200);
        for reply in [&reply, &plain] {
            assert_eq!(reply.header("access-control-allow-origin"), None, "{origin}");
            assert_eq!(reply.header("vary"), Some("Origin"));
        }
    }
    let two = practice.request(Method::GET, "/api/services").header("Origin", good).header("Origin", good).send().await;
    assert_eq!(two.header("access-control-allow-origin"), None);
    let asks_nothing = practice.request(Method::OPTIONS, "/api/bookings").header("Origin", good).send().await;
    assert_eq!(asks_nothing.status, 405);
    let page = practice.request(Method::GET, "/health").header("Origin", good).send().await;
    assert_eq!(page.header("access-control-allow-origin"), None, "only the API");
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
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    // A reset counts as closed as well.
    let _ = tokio::time::timeout(Duration::from_secs(10), read).await.expect("the connection was left open");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_arrive_times_out() {
    let practice = Parts::new().settings(|s| s.body_timeout = Duration::from_millis(100)).open().await;
    let head = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    for rest in ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"] {
        let answer = raw(&practice, format!("{head}{rest}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("request_timeout"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_request_does_not_keep_its_connection_open() {
    let practice = Practice::open().await;
    let head = "POST /api/bookings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    for rest in ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"] {
        let answer = raw(&practice, format!("{head}{rest}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
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
        let answer = raw(&practice, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4") || answer.is_empty(), "{request:?} -> {answer}");
    }
    assert_eq!(practice.get("/health", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_arrive_times_out() {
    let practice = Parts::new().settings(|s| s.head_timeout = Duration::from_millis(100)).open().await;
    let answer = raw(&practice, b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    assert!(answer.starts_with("HTTP/1.1 408") || answer.is_empty(), "{answer}");
    let practice = Practice::open().await;
    let large = format!("GET /health HTTP/1.1\r\nHost: x\r\nX-Big: {}\r\n\r\n", "x".repeat(200_000));
    let answer = raw(&practice, large.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431") || answer.is_empty(), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn error_responses_do_not_repeat_user_input() {
    let practice = Parts::new().without_limits().open().await;
    let ada = practice.client("Ada").await;
    let canary = "canary@secret.example";
    for (path, body) in [
        ("/api/auth/login", format!(r#"{{"email":"{canary}","password":"{canary}"}}"#)),
        (
            "/api/auth/register",
            format!(r#"{{"email":"{canary} {canary}","password":"{canary}","first_name":["{canary}"]}}"#),
        ),
        ("/api/auth/refresh", format!(r#"{{"refresh_token":"{canary}"}}"#)),
        ("/api/bookings", format!(r#"{{"scheduled_at":"{canary}","note":"{canary}"}}"#)),
        ("/api/bookings", canary.to_owned()),
        ("/api/auth/change-password", format!(r#"{{"current_password":"{canary}","password":"{canary}"}}"#)),
    ] {
        let reply = practice.post(path, &ada, &body).await;
        assert!(reply.status.is_client_error(), "{path}");
        assert!(!reply.text.contains("canary"), "{path}: {}", reply.text);
    }
    for path in ["/canary", "/api/bookings/canary", "/api/bookings?status=canary&from=canary&limit=canary"] {
        let reply = practice.get(path, &ada).await;
        assert!(reply.status.is_client_error() && !reply.text.contains("canary"), "{path}: {}", reply.text);
    }
}
