//! A response of the API.

use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// A complete response, with checks that hold for all of them: a request id and `nosniff`; every error is a problem as
/// in RFC 9457 with the same request id; 401, 405, 429 and 503 have their headers; personal data is not cached.
#[derive(Debug, Clone)]
pub struct ApiResponse {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    request: String,
}

impl ApiResponse {
    pub(crate) async fn read(request: String, received: Response) -> reqwest::Result<Self> {
        let (status, headers) = (received.status().as_u16(), received.headers().clone());
        let response = Self { status, headers, text: received.text().await?, request };
        response.check();
        Ok(response)
    }

    fn check(&self) {
        let what = format!("{} → {} {}", self.request, self.status, self.text);
        assert!(self.header("x-request-id").is_some(), "a request id: {what}");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{what}");
        let personal = ["access_token", "userInfo.displayName", "\"email\""];
        if personal.iter().any(|word| self.text.contains(word)) && !self.text.contains("openapi") {
            assert!(self.header("cache-control").is_some_and(|v| v.contains("no-store")), "no-store: {what}");
        }
        match self.status {
            401 => assert!(self.header("www-authenticate").is_some_and(|v| v.starts_with("Bearer")), "{what}"),
            405 => assert!(self.header("allow").is_some(), "{what}"),
            429 | 503 if !self.request.contains("/health/") => {
                let seconds = self.header("retry-after").and_then(|v| v.parse::<u32>().ok());
                assert!(seconds.is_some_and(|s| s > 0), "Retry-After: {what}");
            }
            _ => {}
        }
        // Pages are for browsers, and the video server has its own contract.
        let html = self.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        let is_page = html && !self.request.contains("/api/");
        let otherwise = is_page || ["/health/", "/jitsi/"].iter().any(|path| self.request.contains(path));
        if self.status >= 400 && !self.text.is_empty() && !otherwise {
            assert_eq!(self.header("content-type"), Some("application/problem+json"), "{what}");
            let problem = self.json();
            assert_eq!(problem["status"], self.status, "{what}");
            assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{what}");
            assert!(["type", "title", "detail", "code"].iter().all(|k| problem[k].is_string()), "{what}");
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What a browser sends back after this response, without its earlier cookies.
    pub fn cookies(&self) -> String {
        let all = self.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        all.map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("{} → {} is no JSON: {}", self.request, self.status, self.text))
    }

    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{} → {}", self.request, self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{} → {}", self.request, self.text);
        problem
    }

    #[track_caller]
    pub fn rejected_field(&self, field: &str, code: &str) {
        let problem = self.expect(422);
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{} → {}", self.request, self.text));
        let found = errors.iter().any(|e| e["field"] == field && e["code"] == code && e["message"].is_string());
        assert!(found, "{field}: {code}, not {}", self.text);
    }
}
