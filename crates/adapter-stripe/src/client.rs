//! One request to Stripe and, if need be, the same once more.

use std::time::Duration;

use attune_ports::{BoxError, PaymentError};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode, redirect};
use serde::de::DeserializeOwned;
use thiserror::Error;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::answers::Failure;
use crate::money::AmountError;
use crate::settings::{Mode, Patience, Secret, SetupError, StripeConfig};

/// The version of Stripe's API that is spoken, whatever the account's own default is.
pub const STRIPE_VERSION: &str = "2026-08-26.dahlia";

/// How often a request is sent again.
const REPEATS: u32 = 2;

/// Largest answer that is read, in bytes; a session has about ten thousand.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// A request.
pub(crate) struct Request<'a> {
    /// What is asked about: segments of the path after `/v1`.
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    /// Fields, by the names in brackets that Stripe gives to nested ones. [`None`]: nothing is changed.
    form: Option<&'a [(&'a str, String)]>,
    idempotency_key: Option<String>,
}

impl<'a> Request<'a> {
    pub(crate) fn get(path: &'a [&'a str], query: &'a [(&'a str, &'a str)]) -> Self {
        Self { path, query, form: None, idempotency_key: None }
    }

    /// A change that is the same when made twice.
    pub(crate) fn post(path: &'a [&'a str]) -> Self {
        Self { path, query: &[], form: Some(&[]), idempotency_key: None }
    }

    /// A change that Stripe makes once for each key.
    pub(crate) fn post_once(path: &'a [&'a str], form: &'a [(&'a str, String)], key: String) -> Self {
        Self { path, query: &[], form: Some(form), idempotency_key: Some(key) }
    }
}

/// Asks Stripe. `Debug` hides the key.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    api: Url,
    key: Secret,
    mode: Mode,
    patience: Patience,
}

impl Client {
    pub(crate) fn new(config: &StripeConfig) -> Result<Self, SetupError> {
        let mode = config.check()?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("attune/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(config.patience.connect)
            .timeout(config.patience.attempt)
            // The key goes to Stripe and nowhere else.
            .redirect(redirect::Policy::none())
            .referer(false);
        if config.api_is_here() {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| SetupError::Client(error.into()))?;
        Ok(Self { http, api: config.api.clone(), key: config.key.clone(), mode, patience: config.patience })
    }

    pub(crate) fn is_live(&self) -> bool {
        self.mode == Mode::Live
    }

    /// What an answer says of its mode has to be what our key says.
    pub(crate) fn check_mode(&self, livemode: bool) -> Result<(), StripeError> {
        if livemode == self.is_live() { Ok(()) } else { Err(StripeError::OtherMode) }
    }

    /// Sends the request until there is an answer that would not change, or patience is over.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, request: &Request<'_>) -> Result<T, StripeError> {
        let url = self.url(request)?;
        // Written down once: Stripe compares what comes under a key it has seen.
        let body = request.form.map(encode);
        let repeated = async {
            let mut pause = self.patience.pause;
            let mut left = REPEATS;
            loop {
                match self.attempt(request, &url, body.as_ref()).await {
                    Err(error) if left > 0 && error.may_pass() => {}
                    answer => return answer,
                }
                left -= 1;
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2);
            }
        };
        let answer = tokio::time::timeout(self.patience.total, repeated)
            .await
            .map_err(|_| StripeError::Deadline(self.patience.total))??;
        serde_json::from_slice(&answer).map_err(|error| StripeError::unreadable(&error))
    }

    fn url(&self, request: &Request<'_>) -> Result<Url, StripeError> {
        let mut url = self.api.clone();
        url.path_segments_mut().map_err(|()| StripeError::NoPath)?.pop_if_empty().push("v1").extend(request.path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        Ok(url)
    }

    /// The body of a good answer.
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
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(StripeError::transport)? {
            if answer.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(StripeError::TooLong);
            }
            answer.extend_from_slice(&chunk);
        }
        if status.is_success() { Ok(answer) } else { Err(StripeError::answered(status, response.headers(), &answer)) }
    }
}

fn encode(form: &[(&str, String)]) -> String {
    Serializer::new(String::new()).extend_pairs(form).finish()
}

/// What went wrong, in words that can be logged: no key, no personal data, no reference of a checkout.
#[derive(Debug, Error)]
pub(crate) enum StripeError {
    #[error("Stripe cannot be reached")]
    Transport(#[source] BoxError),
    #[error("Stripe did not answer within {0:?}")]
    Deadline(Duration),
    #[error("Stripe answered {status}{words}")]
    Answered { status: StatusCode, words: String, should_retry: Option<bool> },
    #[error("Stripe's answer cannot be read: {category} error in line {line}, column {column}")]
    Unreadable { category: &'static str, line: usize, column: usize },
    #[error("Stripe's answer is too long")]
    TooLong,
    #[error("Stripe's answer makes no sense: {0}")]
    Senseless(&'static str),
    #[error("Stripe's answer is from its other mode: live is not test")]
    OtherMode,
    #[error("Stripe would have asked the client for another amount")]
    OtherAmount,
    #[error("there is a refund under this key already, and it is another one")]
    OtherRefund,
    #[error("the payment has more refunds than can be looked through")]
    TooManyRefunds,
    /// Whatever the reason: one may have been made before, and its answer lost.
    #[error("the payment's refunds cannot be looked through")]
    NoLookUp(#[source] Box<StripeError>),
    #[error("that is no {0}")]
    Form(&'static str),
    #[error(transparent)]
    Amount(#[from] AmountError),
    #[error("the address of the API has no path")]
    NoPath,
}

impl StripeError {
    /// Without the URL, which has the checkout's reference in it.
    fn transport(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url().into())
    }

    /// Only where: the library's own sentence repeats what it did not expect, which may be anything.
    fn unreadable(error: &serde_json::Error) -> Self {
        let category = match error.classify() {
            serde_json::error::Category::Io => "input",
            serde_json::error::Category::Syntax => "syntax",
            serde_json::error::Category::Data => "data",
            serde_json::error::Category::Eof => "early end",
        };
        Self::Unreadable { category, line: error.line(), column: error.column() }
    }

    fn answered(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let failure = serde_json::from_slice::<Failure>(body).unwrap_or_default().error;
        let mut words = String::new();
        for (what, word) in [
            ("type", failure.r#type.as_deref()),
            ("code", failure.code.as_deref()),
            ("field", failure.param.as_deref()),
            ("request", said("Request-Id")),
        ] {
            if let Some(word) = word.filter(|word| is_word(word)) {
                words.push_str(&format!(", {what} {word}"));
            }
        }
        let should_retry = match said("Stripe-Should-Retry") {
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) | None => None,
        };
        Self::Answered { status, words, should_retry }
    }

    /// Whether the same request may fare better.
    fn may_pass(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Answered { status, should_retry, .. } => should_retry.unwrap_or_else(|| is_passing(*status)),
            Self::Deadline(_)
            | Self::Unreadable { .. }
            | Self::TooLong
            | Self::Senseless(_)
            | Self::OtherMode
            | Self::OtherAmount
            | Self::OtherRefund
            | Self::TooManyRefunds
            | Self::NoLookUp(_)
            | Self::Form(_)
            | Self::Amount(_)
            | Self::NoPath => false,
        }
    }

    pub(crate) fn is_status(&self, wanted: StatusCode) -> bool {
        matches!(self, Self::Answered { status, .. } if *status == wanted)
    }
}

impl From<StripeError> for PaymentError {
    fn from(error: StripeError) -> Self {
        let is_open = match &error {
            StripeError::Answered { status, should_retry, .. } => *should_retry == Some(true) || is_passing(*status),
            // Something was answered, and perhaps done; we cannot tell what.
            StripeError::Transport(_)
            | StripeError::Deadline(_)
            | StripeError::Unreadable { .. }
            | StripeError::TooLong
            | StripeError::Senseless(_)
            | StripeError::NoLookUp(_) => true,
            StripeError::OtherMode
            | StripeError::OtherAmount
            | StripeError::OtherRefund
            | StripeError::TooManyRefunds
            | StripeError::Form(_)
            | StripeError::Amount(_)
            | StripeError::NoPath => false,
        };
        if is_open { Self::Unavailable(error.into()) } else { Self::Refused(error.into()) }
    }
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS) || status.is_server_error()
}

/// Names of errors and fields, and nothing that a person would have written.
fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_[].-".contains(&b))
}
