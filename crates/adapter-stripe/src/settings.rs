//! What the adapter has to be told, and what it refuses to be told.

use std::fmt;
use std::time::Duration;

use attune_ports::BoxError;
use jiff::SignedDuration;
use thiserror::Error;
use url::{Host, Url};

use crate::gateway::LONGEST_HOLD;

/// A secret as the Stripe dashboard shows it. `Debug` hides it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the text as it is; a line end has to be taken off before.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// How long Stripe is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For one answer, connection included.
    pub attempt: Duration,
    /// For a request with everything that is sent again, pauses included. Ending a checkout and giving money back may take
    /// two requests.
    pub total: Duration,
    /// Before the second attempt. Twice as long before the third.
    pub pause: Duration,
}

impl Default for Patience {
    /// 3 s for a connection, 5 s for an answer, 10 s in all, 300 ms before the second attempt.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(5),
            total: Duration::from_secs(10),
            pause: Duration::from_millis(300),
        }
    }
}

/// What [`StripeGateway`](crate::StripeGateway) is made of.
#[derive(Debug, Clone)]
pub struct StripeConfig {
    /// The secret key of the account, `sk_test_…`, `sk_live_…`, or a restricted one, `rk_…`. Its name tells whether real
    /// money moves.
    pub key: Secret,
    /// How long a slot waits for its payment: above zero, and at most 23 hours and 29 minutes.
    pub hold: SignedDuration,
    /// What the client reads beside the price, and what stands in Stripe's books: one neutral word for all services.
    pub item: String,
    /// Where the client's browser goes after paying. Having been there proves nothing.
    pub success_url: Url,
    /// Where it goes when the client turns back.
    pub cancel_url: Url,
    /// Where Stripe's API is. HTTPS, or plain HTTP on this machine, for tests.
    pub api: Url,
    /// How long it is waited for.
    pub patience: Patience,
}

impl StripeConfig {
    /// The real Stripe, with the usual patience.
    pub fn new(
        key: Secret,
        hold: SignedDuration,
        item: String,
        success_url: Url,
        cancel_url: Url,
    ) -> Result<Self, SetupError> {
        let api = Url::parse("https://api.stripe.com/").map_err(|_| SetupError::Api)?;
        Ok(Self { key, hold, item, success_url, cancel_url, api, patience: Patience::default() })
    }

    pub(crate) fn check(&self) -> Result<Mode, SetupError> {
        let mode = Mode::of(&self.key)?;
        if self.hold <= SignedDuration::ZERO || self.hold > LONGEST_HOLD {
            return Err(SetupError::Hold);
        }
        if self.item.trim().is_empty() || self.item.chars().any(char::is_control) || self.item.chars().count() > 200 {
            return Err(SetupError::Item);
        }
        for url in [&self.success_url, &self.cancel_url] {
            if !matches!(url.scheme(), "http" | "https") {
                return Err(SetupError::ReturnUrl);
            }
        }
        if self.api.scheme() == "https" || self.api_is_here() { Ok(mode) } else { Err(SetupError::Api) }
    }

    /// Whether the API is a stand-in on this machine, and no proxy is to be asked for it.
    pub(crate) fn api_is_here(&self) -> bool {
        let loopback = match self.api.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        };
        self.api.scheme() == "http" && loopback
    }
}

/// Which half of a Stripe account a key opens.
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

/// Why the adapter cannot be made. Never shows a secret.
#[derive(Debug, Error)]
pub enum SetupError {
    /// Not the name of a secret key.
    #[error(
        "a secret key of Stripe begins with sk_test_, sk_live_, rk_test_ or rk_live_, and has no blank or line end"
    )]
    Key,
    /// The key that is meant for browsers.
    #[error("that is the publishable key; the secret one is needed")]
    PublishableKey,
    /// No hold, or one that no session can cover.
    #[error("a hold for an online payment is longer than nothing and at most 23 hours and 29 minutes")]
    Hold,
    /// Nothing to show beside the price.
    #[error("what the client reads beside the price has 1 to 200 characters, on one line")]
    Item,
    /// The browser cannot go there.
    #[error("where clients come back to is an http or https address")]
    ReturnUrl,
    /// The secret key would cross the network in the open.
    #[error("Stripe is asked over https, or over http on this machine")]
    Api,
    /// Nothing to check signatures with.
    #[error("there is no secret to check Stripe's messages with; the dashboard shows one for each webhook endpoint")]
    NoWebhookSecret,
    /// Empty, or copied with a blank or line end.
    #[error("a secret of a webhook endpoint begins with whsec_ and has no blank or line end")]
    WebhookSecret,
    /// No TLS on this machine.
    #[error("the HTTP client cannot be made")]
    Client(#[source] BoxError),
}

#[cfg(test)]
mod tests;
