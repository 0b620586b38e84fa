//! The OpenAPI document matches the routes and the committed copy.

use attune_http_common::Code;

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::Method;
use serde_json::Value;

use super::harness::{Parts, Practice, is_undocumented, openapi};
use crate::openapi::documented;

const METHODS: [&str; 5] = ["get", "post", "patch", "put", "delete"];

fn document() -> Value {
    serde_json::from_str(&openapi()).unwrap()
}

/// Each operation with its method and path.
fn operations(document: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                all.push((format!("{} {path}", method.to_uppercase()), operation.clone()));
            }
        }
    }
    all
}

#[test]
fn the_committed_copy_is_the_newest() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, openapi()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == openapi(),
        "docs/openapi.json is out of date; write it with: UPDATE_OPENAPI=1 cargo test -p attune-adapter-http newest"
    );
}

#[test]
fn routes_and_documented_operations_are_the_same() {
    let table = Parts::new().routes().into_iter().filter(|(_, path)| !is_undocumented(path));
    let routes: BTreeSet<String> = table.map(|(method, path)| format!("{method} {}", documented(path))).collect();
    let described: BTreeSet<String> = operations(&document()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(routes, described);
}

#[test]
fn every_operation_is_documented_completely() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (name, operation) in operations(&document) {
        assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{name} has no summary");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{name} shares its id");
        let below = name.split_once(' ').unwrap().1;
        let open = [
            "registerAccount",
            "logIn",
            "refreshTokens",
            "forgotPassword",
            "resetPassword",
            "acceptInvitation",
            "requestLoginLink",
            "redeemLoginLink",
            "verifyEmail",
            "resendVerification",
            "confirmEmail",
            "undoEmail",
            "listServices",
            "listTherapists",
            "listAvailableSlots",
            "getOpenApiDocument",
            "resendJoinLinks",
            "getBranding",
            "receiveJaasWebhook",
            "receiveStripeWebhook",
        ];
        let guarded = below.starts_with("/api/") || below.starts_with("/jitsi/");
        let signed = guarded && !open.contains(&operation["operationId"].as_str().unwrap());
        assert_eq!(operation["security"].as_array().map(|all| !all.is_empty()), Some(signed), "{name}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2') || status.starts_with('3')), "{name}");
        for (status, response) in responses {
            let wants = match status.as_str() {
                "401" => Some("WWW-Authenticate"),
                "429" | "503" => Some("Retry-After"),
                _ => None,
            };
            assert!(wants.is_none_or(|header| response["headers"][header].is_object()), "{name} {status}");
        }
        // An image has none.
        let is_text = |media_type: &str| !media_type.starts_with("image/");
        let bodies = operation.get("requestBody").and_then(|body| body["content"].as_object()).into_iter().flatten();
        if let Some((_, content)) = bodies.into_iter().find(|(media_type, _)| is_text(media_type)) {
            let schema = content["schema"].to_string();
            let component = schema.split("schemas/").nth(1).unwrap().split('"').next().unwrap().to_owned();
            assert!(document["components"]["schemas"][&component]["example"].is_object(), "{name} has no example");
        }
    }
}

#[test]
fn every_problem_is_documented_somewhere() {
    let text = openapi();
    // For requests without an operation.
    let elsewhere = [Code::MethodNotAllowed, Code::HeadTooLarge];
    for code in Code::ALL.iter().filter(|code| !elsewhere.contains(code)) {
        assert!(text.contains(&format!("#/components/examples/{}\"", code.as_str())), "{}", code.as_str());
    }
}

#[test]
fn every_reference_resolves() {
    let document = document();
    let text = openapi();
    for reference in text.split("\"$ref\": \"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_committed_document_is_served() {
    let practice = Practice::open().await;
    let reply = practice.get("/api/openapi.json", "").await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, Some("application/json")));
    assert_eq!(reply.text, openapi());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_configured_is_not_documented() {
    let mut parts = Parts { jaas_webhooks: None, payment_events: None, ..Parts::new() };
    (parts.settings.server_secret, parts.web.test_checkout) = (None, false);
    let routes = parts.routes();
    let practice = parts.open().await;
    let served = practice.get("/api/openapi.json", "").await.json();
    let described: BTreeSet<String> = served["paths"].as_object().unwrap().keys().cloned().collect();
    let existing = routes.into_iter().map(|(_, path)| path).filter(|path| !is_undocumented(path));
    assert_eq!(described, existing.map(documented).collect());
    let absent = ["/api/webhooks/jaas", "/api/webhooks/stripe", "/jitsi/conference", "/test-checkout/{reference}"];
    for path in absent {
        assert!(!described.contains(path) && openapi().contains(path), "{path}");
        let path = path.replace("{reference}", "x");
        practice.request(Method::POST, &path).json("{}").send().await.assert_status(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_complete_and_load_nothing_from_other_hosts() {
    let practice = Practice::open().await;
    assert_eq!(practice.get("/docs", "").await.header("location"), Some("docs/"));
    let index = practice.get("/docs/", "").await;
    assert!(index.header("content-type").unwrap().starts_with("text/html"));
    assert!(!index.text.contains("://"), "nothing from elsewhere");
    assert!(!index.text.contains("<script>") && !index.text.contains("<style"), "the policy allows nothing inline");
    let policy = index.header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("script-src 'self'") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{policy}");
    let mut loaded = 0;
    for file in index
        .text
        .split(['"', '\''])
        .filter(|text| text.ends_with(".js") || text.ends_with(".css") || text.ends_with(".png"))
    {
        let reply = practice.get(&format!("/docs/{}", file.trim_start_matches("./")), "").await;
        reply.assert_status(200);
        assert_eq!(reply.header("content-security-policy"), Some(policy.as_str()));
        loaded += 1;
    }
    assert!(loaded >= 5, "{}", index.text);
    let start = practice.get("/docs/swagger-initializer.js", "").await.text;
    assert!(start.contains("../api/openapi.json") && !start.contains("petstore"), "{start}");
    for path in ["/docs/nothing.js", "/docs/../Cargo.toml", "/docs/%2e%2e%2fCargo.toml", "/docs//etc/passwd"] {
        practice.get(path, "").await.assert_status(404);
    }
}

/// Whatever admins can change by the API, they can change on a page.
#[test]
fn every_change_of_an_admin_has_a_form() {
    let document: Value = serde_json::from_str(&openapi()).unwrap();
    let mut operations = BTreeSet::new();
    for (path, methods) in
        document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/api/admin"))
    {
        for (method, operation) in methods.as_object().unwrap() {
            if ["post", "put", "patch", "delete"].contains(&method.as_str()) {
                operations.insert(operation["operationId"].as_str().unwrap_or_else(|| panic!("{path}")).to_owned());
            }
        }
    }
    let forms = attune_adapter_web::ADMIN_FORMS.iter().map(|form| form.operation.to_owned()).collect();
    assert_eq!(operations, forms);
}
