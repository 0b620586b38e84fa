//! The lifecycle of a request around its handler: timeout, panics, the response to failures, and the access log.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use futures_util::FutureExt;

use crate::RequestId;
use crate::sliced_body::SlicedBody;
use crate::traffic::RouteTraffic;

/// Why a handler did not produce a response.
#[derive(Debug, Clone, Copy)]
pub enum Interruption {
    /// The framework failed with this status.
    Framework(StatusCode),
    TimedOut,
    Panicked,
}

/// How an adapter ends its requests.
pub trait Ending: 'static {
    fn request_id(&self) -> &RequestId;

    /// A response that needs no handler.
    fn early_response(&self, request: &ServiceRequest) -> Option<HttpResponse>;

    /// Completes the response of a handler, or an early one.
    fn complete(&self, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody>;

    /// The complete response where there is none.
    fn failure(&self, interruption: Interruption) -> HttpResponse;

    /// The status of that response.
    fn failure_status(&self, interruption: Interruption) -> StatusCode;
}

/// Runs the handler. The access log and `route`, which counts the response, know the path by its pattern: paths themselves
/// identify bookings and people.
pub async fn run<E: Ending>(
    request: ServiceRequest,
    next: Next<BoxBody>,
    ending: E,
    route: Arc<RouteTraffic>,
    timeout: Duration,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = ending.request_id().clone();
    request.extensions_mut().insert(id.clone());
    let (start, method) = (Instant::now(), request.method().clone());
    let outcome = id.clone().during(respond(request, next, ending, timeout)).await;
    let status = outcome.as_ref().map_or_else(ResponseError::status_code, ServiceResponse::status);
    let elapsed = start.elapsed();
    route.record(&method, status, elapsed);
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        target: "attune::access", request_id = id.as_str(), %method, route = route.pattern(),
        status = status.as_u16(), elapsed_ms, "request completed"
    );
    outcome.map(|response| response.map_body(|_, body| SlicedBody::of_large(body))).map_err(Error::from)
}

async fn respond<E: Ending>(
    request: ServiceRequest,
    next: Next<BoxBody>,
    ending: E,
    timeout: Duration,
) -> Result<ServiceResponse<BoxBody>, Failure<E>> {
    if let Some(response) = ending.early_response(&request) {
        return Ok(ending.complete(request.into_response(response)));
    }
    let call = tokio::time::timeout(timeout, next.call(request));
    let interruption = match AssertUnwindSafe(call).catch_unwind().await {
        Ok(Ok(Ok(response))) => return Ok(ending.complete(response)),
        Ok(Ok(Err(error))) => Interruption::Framework(error.as_response_error().status_code()),
        Ok(Err(_)) => {
            tracing::error!("request timed out");
            Interruption::TimedOut
        }
        Err(_) => {
            tracing::error!("request handler panicked");
            Interruption::Panicked
        }
    };
    Err(Failure { interruption, ending })
}

/// A failure that left no request to respond to. The framework takes the response from it.
struct Failure<E> {
    interruption: Interruption,
    ending: E,
}

impl<E> fmt::Debug for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.interruption.fmt(f)
    }
}

impl<E> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl<E: Ending> ResponseError for Failure<E> {
    fn status_code(&self) -> StatusCode {
        self.ending.failure_status(self.interruption)
    }

    fn error_response(&self) -> HttpResponse {
        self.ending.failure(self.interruption)
    }
}
