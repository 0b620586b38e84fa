//! Which pages of other origins may call the API (the CORS protocol of the Fetch standard).
//!
//! An origin has to be on the list, character by character. Prefixes and suffixes are never compared, `*` is never
//! sent, and credentials are not allowed, because the API uses bearer tokens only. The branding of rooms, which every
//! page may read, is not part of the API.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue,
    ORIGIN, VARY,
};

use crate::settings::HttpSettings;

/// The origin of a request, if its pages may call the API.
pub(super) fn allowed_origin(request: &ServiceRequest, settings: &HttpSettings) -> Option<HeaderValue> {
    let mut origins = request.headers().get_all(ORIGIN);
    let origin = origins.next()?;
    let listed = settings.cors_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes());
    (listed && origins.next().is_none() && request.path().starts_with("/api/")).then(|| origin.clone())
}

/// The response to a preflight request. Other `OPTIONS` requests are treated like any unknown method.
pub(super) fn preflight(request: &ServiceRequest) -> Option<HttpResponse> {
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    is_preflight.then(|| {
        HttpResponse::NoContent()
            .insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, PATCH, DELETE"))
            .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, Idempotency-Key, X-Request-Id"))
            .insert_header((ACCESS_CONTROL_MAX_AGE, "600"))
            .finish()
    })
}

/// Allows the page to read the response, if its origin is on the list.
pub(super) fn add_headers(headers: &mut HeaderMap, origin: Option<HeaderValue>, settings: &HttpSettings) {
    if settings.cors_origins.is_empty() {
        return;
    }
    // Without it, a cache could serve one origin's permission to another.
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Idempotent-Replayed, Link, Location, Retry-After, X-Request-Id, X-Total-Count"),
        );
    }
}
