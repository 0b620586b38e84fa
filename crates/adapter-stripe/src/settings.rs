//! The settings and their validation.

use std::time::Duration;

use attune_ports::BoxError;
use jiff::SignedDuration;
use thiserror::Error;
use url::{Host, Url};

/// A checkout expires this long after its hold: the 30 minutes that Stripe requires from now on, and a minute in case our
/// clock is slow.
pub const GRACE: SignedDuration = SignedDuration::from_mins(31);

/// A checkout expires after a day at the latest.
pub(crate) const MAX_HOLD: SignedDuration = SignedDuration::from_mins(24 * 60 - 31);

/// A secret as the Stripe dashboard shows it.
#[derive(Clone, derive_more::Debug)]
#[debug("Secret(***)")]
pub struct Secret(String);

impl Secret {
    /// A line break at the end of a file has to be removed by the caller.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For one attempt, including the connection.
    pub attempt: Duration,
    /// For a request with all retries and delays. Expiring a checkout and creating a refund may take two requests.
    pub total: Duration,
    /// Before the first retry; doubled before the second.
    pub retry_delay: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(5),
            total: Duration::from_secs(10),
            retry_delay: Duration::from_millis(300),
        }
    }
}

#[derive(Debug, Clone)]
pub struct StripeConfig {
    /// The secret key of the account, `sk_test_…`, `sk_live_…`, or a restricted one, `rk_…`.
    pub key: Secret,
    /// How long an unpaid booking holds its slot: above zero, and at most 23 hours and 29 minutes.
    pub hold: SignedDuration,
    /// Shown next to the price and in Stripe's records: one neutral word for all services.
    pub product_name: String,
    /// Opened after paying, which proves nothing.
    pub success_url: Url,
    /// Opened after cancelling.
    pub cancel_url: Url,
    /// HTTPS, or plain HTTP on this machine for tests.
    pub api: Url,
    pub timeouts: Timeouts,
}

impl StripeConfig {
    /// The real Stripe with the default timeouts.
    pub fn new(
        key: Secret,
        hold: SignedDuration,
        product_name: String,
        success_url: Url,
        cancel_url: Url,
    ) -> Result<Self, SetupError> {
        let api = Url::parse("https://api.stripe.com/").map_err(|_| SetupError::Api)?;
        Ok(Self { key, hold, product_name, success_url, cancel_url, api, timeouts: Timeouts::default() })
    }

    pub(crate) fn check(&self) -> Result<Mode, SetupError> {
        let mode = Mode::of(&self.key)?;
        if self.hold <= SignedDuration::ZERO || self.hold > MAX_HOLD {
            return Err(SetupError::Hold);
        }
        if self.product_name.trim().is_empty()
            || self.product_name.chars().any(char::is_control)
            || self.product_name.chars().count() > 200
        {
            return Err(SetupError::Item);
        }
        for url in [&self.success_url, &self.cancel_url] {
            if !matches!(url.scheme(), "http" | "https") {
                return Err(SetupError::ReturnUrl);
            }
        }
        if self.api.scheme() == "https" || self.api_is_local() { Ok(mode) } else { Err(SetupError::Api) }
    }

    /// The API is a replacement on this machine, which is not behind a proxy.
    pub(crate) fn api_is_local(&self) -> bool {
        let loopback = match self.api.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        };
        self.api.scheme() == "http" && loopback
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Test,
    Live,
}

impl Mode {
    fn of(key: &Secret) -> Result<Self, SetupError> {
        let key = key.expose();
        let named = |prefixes: [&str; 2]| prefixes.iter().find_map(|prefix| key.strip_prefix(prefix));
        let (mode, rest) = if let Some(rest) = named(["sk_test_", "rk_test_"]) {
            (Self::Test, rest)
        } else if let Some(rest) = named(["sk_live_", "rk_live_"]) {
            (Self::Live, rest)
        } else if key.starts_with("pk_") {
            return Err(SetupError::PublishableKey);
        } else {
            return Err(SetupError::Key);
        };
        let fits = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if fits { Ok(mode) } else { Err(SetupError::Key) }
    }
}

/// Never contains a secret.
#[derive(Debug, Error)]
pub enum SetupError {
    #[error(
        "a secret key of Stripe begins with sk_test_, sk_live_, rk_test_ or rk_live_ and contains no spaces or line breaks"
    )]
    Key,
    #[error("this is the publishable key; the secret key is required")]
    PublishableKey,
    #[error("a hold for online payments must be longer than zero and at most 23 hours and 29 minutes")]
    Hold,
    #[error("the product name must have 1 to 200 characters on one line")]
    Item,
    #[error("the URLs after a checkout must begin with http:// or https://")]
    ReturnUrl,
    #[error("the URL of the API must begin with https://, or with http:// on this machine")]
    Api,
    #[error("no webhook secret is set; the dashboard shows one for each webhook endpoint")]
    NoWebhookSecret,
    #[error("a webhook secret begins with whsec_ and contains no spaces or line breaks")]
    WebhookSecret,
    #[error("the HTTP client cannot be created")]
    Client(#[source] BoxError),
}

#[cfg(test)]
mod tests;
