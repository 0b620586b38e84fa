//! An answer of the API.

use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer of the API, read to its end.
///
/// What has to be true of every answer is checked when it arrives: each has a request id and forbids sniffing; each
/// error is a problem as in RFC 9457 that names the same request; 401 says how to sign in, 405 what is allowed, 429 and
/// 503 when to come back; whatever is personal must not be kept by caches.
#[derive(Debug, Clone)]
pub struct ApiResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
    question: String,
}

impl ApiResponse {
    pub(crate) async fn read(question: String, response: Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Self { status, headers, text: response.text().await?, question };
        answer.check();
        Ok(answer)
    }

    fn check(&self) {
        let what = format!("{} → {} {}", self.question, self.status, self.text);
        assert!(self.header("x-request-id").is_some(), "a request id: {what}");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{what}");
        let personal = ["access_token", "userInfo.displayName", "\"email\""];
        if personal.iter().any(|word| self.text.contains(word)) && !self.text.contains("openapi") {
            assert!(self.header("cache-control").is_some_and(|v| v.contains("no-store")), "no-store: {what}");
        }
        match self.status {
            401 => assert!(self.header("www-authenticate").is_some_and(|v| v.starts_with("Bearer")), "{what}"),
            405 => assert!(self.header("allow").is_some(), "{what}"),
            429 | 503 if !self.question.contains("/health/") => {
                let seconds = self.header("retry-after").and_then(|v| v.parse::<u32>().ok());
                assert!(seconds.is_some_and(|s| s > 0), "Retry-After: {what}");
            }
            _ => {}
        }
        // Pages are for people, and the video server has a contract of its own.
        let otherwise = ["/test-checkout/", "/health/", " /j/", "/jitsi/"];
        if self.status >= 400 && !self.text.is_empty() && !otherwise.iter().any(|path| self.question.contains(path)) {
            assert_eq!(self.header("content-type"), Some("application/problem+json"), "{what}");
            let problem = self.json();
            assert_eq!(problem["status"], self.status, "{what}");
            assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{what}");
            assert!(["type", "title", "detail", "code"].iter().all(|k| problem[k].is_string()), "{what}");
        }
    }

    /// The value of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("{} → {} is no JSON: {}", self.question, self.status, self.text))
    }

    /// The body as JSON, if the status is this one. Panics otherwise.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{} → {}", self.question, self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem, if it is this one. Panics otherwise.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{} → {}", self.question, self.text);
        problem
    }

    /// The problem, if it is that this field is not right, for this reason. Panics otherwise.
    #[track_caller]
    pub fn rejected_field(&self, field: &str, code: &str) {
        let problem = self.expect(422);
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{} → {}", self.question, self.text));
        let found = errors.iter().any(|e| e["field"] == field && e["code"] == code && e["message"].is_string());
        assert!(found, "{field}: {code}, not {}", self.text);
    }
}
