//! HTML responses.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, REFERRER_POLICY, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use askama::Template;
use attune_domain::Language;
use attune_http_common::{HandlerResult, Problem};

/// What a response has besides its page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    /// Another origin to which the page's form may redirect. Chromium applies the policy to redirects as well, and would
    /// otherwise block it.
    pub(crate) form_target: Option<String>,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
}

impl From<StatusCode> for Head {
    fn from(status: StatusCode) -> Self {
        Self { status, ..Self::default() }
    }
}

/// Renders a page. It may load our own styles, images and script, and nothing else.
pub(crate) fn respond(page: &impl Template, head: impl Into<Head>, language: Language) -> HandlerResult {
    let Head { status, form_target, retry_after } = head.into();
    let html = page.render().map_err(|error| Problem::internal(&error))?;
    let form_target = form_target.map(|origin| format!(" {origin}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'{form_target}; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut response = HttpResponse::build(status);
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_LANGUAGE, language.as_str()))
        .insert_header((VARY, "Accept-Language, Cookie"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        // With `no-referrer`, Chromium sends `Origin: null` with our own forms. Other hosts still learn nothing.
        .insert_header((REFERRER_POLICY, "same-origin"));
    if status == StatusCode::UNAUTHORIZED {
        // Required by RFC 9110, section 15.5.2.
        response.insert_header((WWW_AUTHENTICATE, "Bearer"));
    }
    if let Some(seconds) = retry_after {
        response.insert_header((RETRY_AFTER, seconds));
    }
    Ok(response.body(html))
}
