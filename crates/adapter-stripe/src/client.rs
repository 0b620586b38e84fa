//! Sends requests to Stripe and retries them.

use std::time::Duration;

use attune_ports::{BoxError, PaymentError};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode, redirect};
use serde::de::DeserializeOwned;
use thiserror::Error;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::money::AmountError;
use crate::responses::ErrorResponse;
use crate::settings::{Mode, Secret, SetupError, StripeConfig, Timeouts};

/// The API version that is requested, whatever the account's default is.
pub const STRIPE_VERSION: &str = "2026-08-26.dahlia";

const MAX_RETRIES: u32 = 2;

/// A checkout session has about ten thousand bytes.
const MAX_RESPONSE_BYTES: usize = 1 << 20;

pub(crate) struct Request<'a> {
    /// Segments of the path after `/v1`.
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    /// Nested fields have names such as `metadata[booking_id]`. `None` for a GET request.
    form: Option<&'a [(&'a str, String)]>,
    idempotency_key: Option<String>,
}

impl<'a> Request<'a> {
    pub(crate) fn get(path: &'a [&'a str], query: &'a [(&'a str, &'a str)]) -> Self {
        Self { path, query, form: None, idempotency_key: None }
    }

    /// For a naturally idempotent change.
    pub(crate) fn post(path: &'a [&'a str]) -> Self {
        Self { path, query: &[], form: Some(&[]), idempotency_key: None }
    }

    /// For a change that Stripe makes once per key.
    pub(crate) fn post_idempotent(path: &'a [&'a str], form: &'a [(&'a str, String)], key: String) -> Self {
        Self { path, query: &[], form: Some(form), idempotency_key: Some(key) }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    api: Url,
    key: Secret,
    mode: Mode,
    timeouts: Timeouts,
}

impl Client {
    pub(crate) fn new(config: &StripeConfig) -> Result<Self, SetupError> {
        let mode = config.check()?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("attune/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(config.timeouts.connect)
            .timeout(config.timeouts.attempt)
            // The key must not be sent anywhere but to Stripe.
            .redirect(redirect::Policy::none())
            .referer(false);
        if config.api_is_local() {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| SetupError::Client(error.into()))?;
        Ok(Self { http, api: config.api.clone(), key: config.key.clone(), mode, timeouts: config.timeouts })
    }

    pub(crate) fn is_live(&self) -> bool {
        self.mode == Mode::Live
    }

    pub(crate) fn check_mode(&self, livemode: bool) -> Result<(), StripeError> {
        if livemode == self.is_live() { Ok(()) } else { Err(StripeError::WrongMode) }
    }

    /// Retries until a response is final or time is up.
    pub(crate) async fn send<T: DeserializeOwned>(&self, request: &Request<'_>) -> Result<T, StripeError> {
        let url = self.url(request)?;
        // Encoded once: Stripe compares requests with the same idempotency key.
        let body = request.form.map(encode);
        let retried = async {
            let mut delay = self.timeouts.retry_delay;
            let mut left = MAX_RETRIES;
            loop {
                match self.attempt(request, &url, body.as_ref()).await {
                    Err(error) if left > 0 && error.is_retryable() => {}
                    response => return response,
                }
                left -= 1;
                tokio::time::sleep(delay).await;
                delay = delay.saturating_mul(2);
            }
        };
        let response = tokio::time::timeout(self.timeouts.total, retried)
            .await
            .map_err(|_| StripeError::Deadline(self.timeouts.total))??;
        serde_json::from_slice(&response).map_err(|error| StripeError::unreadable(&error))
    }

    /// `None` if Stripe has no such object.
    pub(crate) async fn find<T: DeserializeOwned>(&self, request: &Request<'_>) -> Result<Option<T>, StripeError> {
        match self.send(request).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_status(StatusCode::NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn url(&self, request: &Request<'_>) -> Result<Url, StripeError> {
        let mut url = self.api.clone();
        url.path_segments_mut()
            .map_err(|()| StripeError::InvalidApiUrl)?
            .pop_if_empty()
            .push("v1")
            .extend(request.path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        Ok(url)
    }

    /// The body of a successful response.
    async fn attempt(&self, request: &Request<'_>, url: &Url, body: Option<&String>) -> Result<Vec<u8>, StripeError> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut call = self
            .http
            .request(method, url.clone())
            .bearer_auth(self.key.expose())
            .header("Stripe-Version", STRIPE_VERSION);
        if let Some(body) = body {
            call = call.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.clone());
        }
        if let Some(key) = &request.idempotency_key {
            call = call.header("Idempotency-Key", key);
        }
        let mut response = call.send().await.map_err(StripeError::transport)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(StripeError::transport)? {
            if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
                return Err(StripeError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() { Ok(body) } else { Err(StripeError::response(status, response.headers(), &body)) }
    }
}

fn encode(form: &[(&str, String)]) -> String {
    Serializer::new(String::new()).extend_pairs(form).finish()
}

/// Safe to log: no key, no personal data, no checkout id.
#[derive(Debug, Error)]
pub(crate) enum StripeError {
    #[error("Stripe is unreachable")]
    Transport(#[source] BoxError),
    #[error("Stripe did not respond within {0:?}")]
    Deadline(Duration),
    #[error("Stripe responded with {status}{details}")]
    Response { status: StatusCode, details: String, should_retry: Option<bool> },
    #[error("Stripe's response cannot be parsed: {category} error in line {line}, column {column}")]
    Unreadable { category: &'static str, line: usize, column: usize },
    #[error("Stripe's response is too long")]
    TooLong,
    #[error("Stripe's response is unexpected: {0}")]
    Unexpected(&'static str),
    #[error("Stripe's response is from the wrong mode: live is not test")]
    WrongMode,
    #[error("Stripe would have charged another amount")]
    AmountMismatch,
    #[error("another refund with this key exists")]
    RefundMismatch,
    #[error("the payment has too many refunds to search")]
    TooManyRefunds,
    /// Retryable for any reason: the refund may exist already, with its response lost.
    #[error("the payment's refunds cannot be listed")]
    RefundLookupFailed(#[source] Box<StripeError>),
    #[error("invalid {0}")]
    Malformed(&'static str),
    #[error(transparent)]
    Amount(#[from] AmountError),
    #[error("the URL of the API has no path")]
    InvalidApiUrl,
}

impl StripeError {
    /// Without the URL, which contains the checkout's id.
    fn transport(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url().into())
    }

    /// Without the library's message, which quotes the response.
    fn unreadable(error: &serde_json::Error) -> Self {
        let category = match error.classify() {
            serde_json::error::Category::Io => "input",
            serde_json::error::Category::Syntax => "syntax",
            serde_json::error::Category::Data => "data",
            serde_json::error::Category::Eof => "unexpected end",
        };
        Self::Unreadable { category, line: error.line(), column: error.column() }
    }

    fn response(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let failure = serde_json::from_slice::<ErrorResponse>(body).unwrap_or_default().error;
        let mut details = String::new();
        for (what, word) in [
            ("type", failure.r#type.as_deref()),
            ("code", failure.code.as_deref()),
            ("field", failure.param.as_deref()),
            ("request", header("Request-Id")),
        ] {
            if let Some(word) = word.filter(|word| is_safe(word)) {
                details.push_str(&format!(", {what} {word}"));
            }
        }
        let should_retry = match header("Stripe-Should-Retry") {
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) | None => None,
        };
        Self::Response { status, details, should_retry }
    }

    fn is_retryable(&self) -> bool {
        if let Self::Response { status, should_retry, .. } = self {
            return should_retry.unwrap_or_else(|| is_transient(*status));
        }
        matches!(self, Self::Transport(_))
    }

    pub(crate) fn is_status(&self, wanted: StatusCode) -> bool {
        matches!(self, Self::Response { status, .. } if *status == wanted)
    }
}

impl From<StripeError> for PaymentError {
    fn from(error: StripeError) -> Self {
        let is_undecided = match &error {
            StripeError::Response { status, should_retry, .. } => *should_retry == Some(true) || is_transient(*status),
            // The request may have been executed.
            StripeError::Transport(_)
            | StripeError::Deadline(_)
            | StripeError::Unreadable { .. }
            | StripeError::TooLong
            | StripeError::Unexpected(_)
            | StripeError::RefundLookupFailed(_) => true,
            StripeError::WrongMode
            | StripeError::AmountMismatch
            | StripeError::RefundMismatch
            | StripeError::TooManyRefunds
            | StripeError::Malformed(_)
            | StripeError::Amount(_)
            | StripeError::InvalidApiUrl => false,
        };
        if is_undecided { Self::Unavailable(error.into()) } else { Self::Refused(error.into()) }
    }
}

fn is_transient(status: StatusCode) -> bool {
    matches!(status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS) || status.is_server_error()
}

/// Names of errors and fields, and nothing that a user may have written.
fn is_safe(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_[].-".contains(&b))
}
