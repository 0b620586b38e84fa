//! The outermost layer: the request's id, the deadline, panics, problems written down, headers, and the access log.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use futures_util::FutureExt;

use super::cors;
use super::request_id::RequestId;
use super::unread::Unread;
use crate::response::documents::DOCS_POLICY;
use crate::response::problem::{Code, Problem};
use crate::settings::HttpSettings;
use crate::state::State;

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// Nothing of ours is a page, unless it says so: a browser that shows it must load nothing and run nothing.
const DEFAULT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The layer itself.
pub(crate) async fn edge(mut request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<Data<State>>().cloned() else {
        return Err(Problem::from(Code::Internal).into());
    };
    let id = RequestId::of(&request, &state);
    request.extensions_mut().insert(id.clone());
    let began = Instant::now();
    let method = request.method().clone();
    // The pattern and never the path: paths name bookings and people.
    let route = state.routes.of(request.path());
    let finish = Finish {
        origin: cors::allowed_origin(&request, &state.settings),
        docs: request.path().starts_with("/docs"),
        unread: Unread::share(&mut request),
        id,
        state,
    };
    let outcome = finish.id.clone().during(answer(request, next, &finish)).await;
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(failure) => failure.problem.code.status(),
    };
    let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        target: "attune::access", request_id = finish.id.as_str(), %method, route,
        status = status.as_u16(), elapsed_ms, "answered"
    );
    outcome.map_err(Error::from)
}

/// Everything between the request and the finished response.
async fn answer(
    request: ServiceRequest,
    next: Next<BoxBody>,
    finish: &Finish,
) -> Result<ServiceResponse<BoxBody>, Failure> {
    if finish.origin.is_some()
        && let Some(response) = cors::preflight(&request)
    {
        return Ok(finish.response(request.into_response(response)));
    }
    if request.path().starts_with("/api/") && !accepts_answer(&request) {
        let response = Problem::from(Code::NotAcceptable).error_response();
        return Ok(finish.response(request.into_response(response)));
    }
    let call = tokio::time::timeout(finish.state.settings.request_timeout, next.call(request));
    let problem = match AssertUnwindSafe(call).catch_unwind().await {
        Ok(Ok(Ok(response))) => return Ok(finish.response(response)),
        Ok(Ok(Err(error))) => Code::of_status(error.as_response_error().status_code()),
        Ok(Err(_)) => {
            tracing::error!("the request took too long and was given up");
            Code::TimedOut
        }
        Err(_) => {
            tracing::error!("a handler panicked");
            Code::Internal
        }
    };
    Err(Failure { problem: problem.into(), finish: finish.clone() })
}

/// Whether the client can take JSON, an error in JSON included; or the file that it asks for.
fn accepts_answer(request: &ServiceRequest) -> bool {
    let calendar = request.path().ends_with("/calendar.ics");
    let mut ranges =
        request.headers().get_all(ACCEPT).filter_map(|line| line.to_str().ok()).flat_map(|l| l.split(',')).peekable();
    ranges.peek().is_none()
        || ranges.any(|range| {
            let (media, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = parameters.split(';').find_map(|p| p.trim().strip_prefix("q=")?.parse::<f32>().ok());
            let refused = weight.is_some_and(|q| q <= 0.0);
            let media = media.trim().to_ascii_lowercase();
            !refused
                && (matches!(
                    media.as_str(),
                    "" | "*/*" | "application/*" | "application/json" | "application/problem+json"
                ) || calendar && matches!(media.as_str(), "text/*" | "text/calendar"))
        })
}

/// What the end of a request needs to know of its beginning.
#[derive(Clone)]
struct Finish {
    state: Data<State>,
    id: RequestId,
    origin: Option<HeaderValue>,
    docs: bool,
    unread: Unread,
}

impl Finish {
    fn response(&self, mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let status = response.status();
        let known = response.response_mut().extensions_mut().remove::<Problem>();
        // A handler's own page or health report says what it is; the framework's failures do not.
        let bare = !response.headers().contains_key(CONTENT_TYPE);
        let failed = status.is_client_error() || status.is_server_error();
        let problem = known.or_else(|| (failed && bare).then(|| Code::of_status(status).into()));
        match problem {
            Some(problem) => {
                let finished = self.problem(&problem);
                response.into_response(finished)
            }
            None => {
                self.headers(response.headers_mut());
                response.map_body(|_, body| self.unread.behind(body))
            }
        }
    }

    /// Writes a problem down (RFC 9457).
    fn problem(&self, problem: &Problem) -> HttpResponse {
        let mut response = HttpResponse::build(problem.code.status());
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        if let Some(challenge) = problem.code.challenge() {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if let Some(seconds) = problem.retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if let Some(allow) = &problem.allow {
            response.insert_header((ALLOW, allow.as_str()));
        }
        // A struct of texts and numbers always has a JSON form; an empty body is the worst that could happen.
        let body = serde_json::to_vec(&problem.body(self.id.as_str())).unwrap_or_default();
        let mut response = response.body(body);
        self.headers(response.headers_mut());
        response.map_body(|_, body| self.unread.behind(body))
    }

    /// The headers of every response.
    fn headers(&self, headers: &mut HeaderMap) {
        let settings: &HttpSettings = &self.state.settings;
        if let Ok(id) = HeaderValue::from_str(self.id.as_str()) {
            headers.insert(RequestId::HEADER, id);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        // A mailed link that somebody published by mistake must not be found by searching.
        headers.insert(ROBOTS, HeaderValue::from_static("noindex"));
        if !headers.contains_key(CONTENT_SECURITY_POLICY) {
            let policy = if self.docs { DOCS_POLICY } else { DEFAULT_POLICY };
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        }
        if settings.hsts {
            headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        cors::open(headers, self.origin.clone(), settings);
    }
}

/// A failure that left no request to answer with. The framework asks it for its response.
struct Failure {
    problem: Problem,
    finish: Finish,
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.problem.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.finish.problem(&self.problem)
    }
}
