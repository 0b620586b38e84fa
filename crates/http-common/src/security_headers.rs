//! The headers that every response has.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

use crate::RequestId;

/// For responses that are no pages: a browser that shows one loads nothing and runs nothing.
pub const NO_CONTENT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Adds the headers. A response that has a `Cache-Control`, `Referrer-Policy` or content security policy of its own keeps
/// it.
pub fn add_security_headers(headers: &mut HeaderMap, id: &RequestId, policy: &'static str, hsts: bool) {
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(RequestId::HEADER, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // An emailed link that was published by mistake must not be found by search engines.
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    for (name, value) in
        [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer"), (CONTENT_SECURITY_POLICY, policy)]
    {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if hsts {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}
