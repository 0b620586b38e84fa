//! The settings of payments, resolved.

use anyhow::{Context, Result, anyhow, bail, ensure};
use attune_adapter_stripe::{Secret as StripeSecret, StripeConfig, StripeEvents, StripeGateway};
use attune_ports::Provider;
use jiff::SignedDuration;
use url::Url;

use super::{Secret, Settings, optional};

#[derive(Debug, Clone)]
pub(crate) struct PaymentConfig {
    pub(crate) provider: Provider,
    /// How long an unpaid booking holds its slot.
    pub(crate) hold: SignedDuration,
    /// The same for a client whom the practice asks to pay online.
    pub(crate) invite_hold: SignedDuration,
    /// Also set while another provider collects payments: earlier ones are refunded through Stripe.
    pub(crate) stripe: Option<StripeAccount>,
}

#[derive(Debug, Clone)]
pub(crate) struct StripeAccount {
    key: Secret,
    webhook_secrets: Vec<Secret>,
    product_name: String,
    success_url: Option<Url>,
    cancel_url: Option<Url>,
    api: Option<Url>,
    hold: SignedDuration,
}

impl StripeAccount {
    /// `base` is the URL of our own pages, to which clients return unless the settings name others.
    pub(crate) fn gateway(&self, base: &Url) -> Result<StripeGateway> {
        let own = |page: &str| -> Result<Url> {
            let base = base.as_str().trim_end_matches('/');
            Url::parse(&format!("{base}/checkout/{page}")).context("the URL of our own pages is invalid")
        };
        let success = self.success_url.clone().map_or_else(|| own("done"), Ok)?;
        let cancel = self.cancel_url.clone().map_or_else(|| own("cancelled"), Ok)?;
        let key = StripeSecret::new(self.key.expose());
        let invalid = |why| anyhow!("the settings payments.stripe_* are invalid: {why}");
        let mut config =
            StripeConfig::new(key, self.hold, self.product_name.clone(), success, cancel).map_err(invalid)?;
        if let Some(api) = &self.api {
            config.api = api.clone();
        }
        StripeGateway::new(config).map_err(invalid)
    }

    /// `None` without a webhook secret.
    pub(crate) fn events(&self) -> Result<Option<StripeEvents>> {
        if self.webhook_secrets.is_empty() {
            return Ok(None);
        }
        let secrets = self.webhook_secrets.iter().map(|secret| StripeSecret::new(secret.expose())).collect();
        let events =
            StripeEvents::new(secrets).map_err(|why| anyhow!("payments.stripe_webhook_secret is invalid: {why}"))?;
        Ok(Some(events))
    }
}

impl Settings {
    pub(super) fn payment_config(&self, production: bool) -> Result<PaymentConfig> {
        let payments = &self.payments;
        let provider = Provider::parse(&payments.provider).with_context(|| {
            format!("payments.provider must be none, offline, test or stripe, not {:?}", payments.provider)
        })?;
        ensure!(
            !(production && provider == Provider::Test),
            "payments.provider must not be test in production: anyone could confirm a booking without paying"
        );
        ensure!((1..=1440).contains(&payments.hold_minutes), "payments.hold_minutes must be between 1 and 1440");
        ensure!(
            (1..=24 * 60).contains(&payments.offline_hold_hours),
            "payments.offline_hold_hours must be between 1 and 1440"
        );
        ensure!(
            (1..=24 * 60).contains(&payments.invite_hold_hours),
            "payments.invite_hold_hours must be between 1 and 1440"
        );
        let online = SignedDuration::from_mins(i64::from(payments.hold_minutes));
        let stripe = self.stripe(production, online)?;
        ensure!(
            provider != Provider::Stripe || stripe.is_some(),
            "payments.stripe_key (or payments.stripe_key_file) must be set when payments.provider is stripe"
        );
        Ok(PaymentConfig {
            provider,
            hold: match provider {
                Provider::Offline => SignedDuration::from_hours(i64::from(payments.offline_hold_hours)),
                Provider::None | Provider::Test | Provider::Stripe => online,
            },
            invite_hold: SignedDuration::from_hours(i64::from(payments.invite_hold_hours)),
            stripe,
        })
    }

    fn stripe(&self, production: bool, hold: SignedDuration) -> Result<Option<StripeAccount>> {
        let payments = &self.payments;
        if !payments.stripe_key.is_set() {
            ensure!(
                !payments.stripe_webhook_secret.is_set(),
                "payments.stripe_webhook_secret is set without payments.stripe_key"
            );
            return Ok(None);
        }
        let in_use = payments.provider == Provider::Stripe.as_str();
        if production && in_use {
            ensure!(
                payments.stripe_webhook_secret.is_set(),
                "payments.stripe_webhook_secret (or payments.stripe_webhook_secret_file) must be set in production"
            );
            let is_test = payments.stripe_key.expose().get(2..).is_some_and(|rest| rest.starts_with("_test_"));
            ensure!(
                !is_test,
                "payments.stripe_key is a test key: anyone could pay with a test card; use the live key in production"
            );
        }
        ensure!(
            !production || self.testing.stripe_api.is_empty(),
            "testing.stripe_api is for tests only and must not be set in production"
        );
        let secrets = [&payments.stripe_webhook_secret, &payments.stripe_previous_webhook_secret];
        Ok(Some(StripeAccount {
            key: payments.stripe_key.clone(),
            webhook_secrets: secrets.into_iter().filter(|secret| secret.is_set()).cloned().collect(),
            product_name: payments.stripe_product_name.clone(),
            success_url: return_url("stripe_success_url", &payments.stripe_success_url, production)?,
            cancel_url: return_url("stripe_cancel_url", &payments.stripe_cancel_url, production)?,
            api: optional(&self.testing.stripe_api)
                .map(|text| Url::parse(text).context("testing.stripe_api is not an absolute URL"))
                .transpose()?,
            hold,
        }))
    }
}

fn return_url(key: &str, text: &str, production: bool) -> Result<Option<Url>> {
    let Some(text) = optional(text) else { return Ok(None) };
    let Ok(url) = Url::parse(text) else { bail!("payments.{key} is not an absolute URL") };
    ensure!(
        url.scheme() == "https" || (!production && url.scheme() == "http"),
        "payments.{key} must begin with https://"
    );
    Ok(Some(url))
}
