//! The lifecycle of a request to the API: preflights, content negotiation, and the rendering of problems.

use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse, ResponseError};
use attune_http_common::{
    Code, Ending, Interruption, NO_CONTENT_POLICY, PendingBody, Problem, RequestId, add_security_headers, run,
};

use super::cors;
use crate::response::documents::DOCS_POLICY;
use crate::state::State;

/// The outermost middleware.
pub(crate) async fn lifecycle(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<Data<State>>().cloned() else {
        return Err(Problem::from(Code::Internal).into());
    };
    let route = Arc::clone(state.routes.of(request.path()));
    let timeout = state.settings.request_timeout;
    let ending = ApiEnding {
        origin: cors::allowed_origin(&request, &state.settings),
        policy: if request.path().starts_with("/docs") { DOCS_POLICY } else { NO_CONTENT_POLICY },
        pending_body: PendingBody::share(&mut request),
        request_id: RequestId::of(request.headers(), &*state.api.random),
        state,
    };
    run(request, next, ending, route, timeout).await
}

/// Whether the client accepts JSON, errors included, or the file that it requests.
fn accepts_response(request: &ServiceRequest) -> bool {
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

/// What the end of a request needs to know about its start.
struct ApiEnding {
    state: Data<State>,
    request_id: RequestId,
    origin: Option<HeaderValue>,
    policy: &'static str,
    pending_body: PendingBody,
}

impl Ending for ApiEnding {
    fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    fn early_response(&self, request: &ServiceRequest) -> Option<HttpResponse> {
        let preflight = self.origin.as_ref().and_then(|_| cors::preflight(request));
        preflight.or_else(|| {
            let acceptable = !request.path().starts_with("/api/") || accepts_response(request);
            (!acceptable).then(|| Problem::from(Code::NotAcceptable).error_response())
        })
    }

    fn complete(&self, mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let status = response.status();
        let known = response.response_mut().extensions_mut().remove::<Problem>();
        // A handler's own page or health report has a content type; the framework's failures do not.
        let bare = !response.headers().contains_key(CONTENT_TYPE);
        let failed = status.is_client_error() || status.is_server_error();
        let problem = known.or_else(|| (failed && bare).then(|| Code::of_status(status).into()));
        match problem {
            Some(problem) => {
                let rendered = self.render(&problem);
                response.into_response(rendered)
            }
            None => {
                self.add_headers(response.headers_mut());
                response.map_body(|_, body| self.pending_body.attach_to(body))
            }
        }
    }

    fn failure(&self, interruption: Interruption) -> HttpResponse {
        self.render(&code_of(interruption).into())
    }

    fn failure_status(&self, interruption: Interruption) -> StatusCode {
        code_of(interruption).status()
    }
}

impl ApiEnding {
    /// Renders a problem (RFC 9457).
    fn render(&self, problem: &Problem) -> HttpResponse {
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
        // A struct of strings and numbers always has a JSON form; at worst the body is empty.
        let body = serde_json::to_vec(&problem.body(self.request_id.as_str())).unwrap_or_default();
        let mut response = response.body(body);
        self.add_headers(response.headers_mut());
        response.map_body(|_, body| self.pending_body.attach_to(body))
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        add_security_headers(headers, &self.request_id, self.policy, self.state.settings.hsts);
        cors::add_headers(headers, self.origin.clone(), &self.state.settings);
    }
}

fn code_of(interruption: Interruption) -> Code {
    match interruption {
        Interruption::Framework(status) => Code::of_status(status),
        Interruption::TimedOut => Code::TimedOut,
        Interruption::Panicked => Code::Internal,
    }
}
