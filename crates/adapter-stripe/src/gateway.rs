//! The payment ports, implemented with Stripe's API.

use async_trait::async_trait;
use attune_domain::Money;
use attune_ports::{
    Checkout, CheckoutRequest, CheckoutState, OnlinePayments, PaymentError, PaymentGateway, PaymentTerms, PriceError,
    Provider, ProviderRefund, RefundRequest,
};
use reqwest::StatusCode;

use crate::client::{Client, Request, StripeError};
use crate::money::{check_price, to_stripe};
use crate::responses::{CheckoutSession, Page, PaymentStatus, SessionStatus, StripeRefund};
use crate::settings::{GRACE, SetupError, StripeConfig};

/// Stripe's maximum.
const REFUND_PAGE_LIMIT: &str = "100";

/// `Debug` hides the key.
#[derive(Debug, Clone)]
pub struct StripeGateway {
    client: Client,
    config: StripeConfig,
}

impl StripeGateway {
    /// Checks the settings without contacting Stripe, so a well-formed but wrong key is found at the first call.
    pub fn new(config: StripeConfig) -> Result<Self, SetupError> {
        Ok(Self { client: Client::new(&config)?, config })
    }

    async fn open(&self, request: &CheckoutRequest) -> Result<Checkout, StripeError> {
        let booking = request.booking.to_string();
        let ends = request.expires_at.as_second() + GRACE.as_secs();
        let form = [
            ("mode", "payment".to_owned()),
            ("client_reference_id", booking.clone()),
            ("metadata[booking_id]", booking.clone()),
            // For the payment in Stripe's dashboard and for webhooks about it.
            ("payment_intent_data[metadata][booking_id]", booking),
            ("line_items[0][quantity]", "1".to_owned()),
            ("line_items[0][price_data][currency]", request.amount.currency().code().to_ascii_lowercase()),
            ("line_items[0][price_data][unit_amount]", to_stripe(request.amount)?.to_string()),
            ("line_items[0][price_data][product_data][name]", self.config.product_name.clone()),
            // The client pays in the practice's currency.
            ("adaptive_pricing[enabled]", "false".to_owned()),
            ("success_url", self.config.success_url.to_string()),
            ("cancel_url", self.config.cancel_url.to_string()),
            ("expires_at", ends.to_string()),
        ];
        let nonce = u128::from_be_bytes(request.nonce);
        let key = format!("checkout-{}-{nonce:032x}", request.booking);
        let session: CheckoutSession =
            self.client.send(&Request::post_idempotent(&["checkout", "sessions"], &form, key)).await?;
        self.client.check_mode(session.livemode)?;
        if session.amount()? != request.amount {
            return Err(StripeError::AmountMismatch);
        }
        let url =
            session.url.filter(|url| !url.is_empty()).ok_or(StripeError::Unexpected("a new checkout without a URL"))?;
        if !is_id(&session.id) {
            return Err(StripeError::Unexpected("a checkout without an id"));
        }
        Ok(Checkout { id: session.id, url: Some(url) })
    }

    async fn find_checkout(&self, reference: &str) -> Result<CheckoutState, StripeError> {
        if !is_id(reference) {
            return Ok(CheckoutState::Unknown);
        }
        let path = ["checkout", "sessions", reference];
        let session = self.client.find(&Request::get(&path, &[("expand[]", "payment_intent")])).await?;
        session.map_or(Ok(CheckoutState::Unknown), |session| self.state(&session))
    }

    async fn expire(&self, reference: &str) -> Result<CheckoutState, StripeError> {
        if !is_id(reference) {
            return Ok(CheckoutState::Unknown);
        }
        let path = ["checkout", "sessions", reference, "expire"];
        match self.client.find::<CheckoutSession>(&Request::post(&path)).await {
            Ok(Some(session)) => require_ended(self.state(&session)?),
            Ok(None) => Ok(CheckoutState::Unknown),
            // Stripe expires open sessions only, so this one is in another state.
            Err(error) if error.is_status(StatusCode::BAD_REQUEST) => {
                require_ended(self.find_checkout(reference).await?)
            }
            Err(error) => Err(error),
        }
    }

    fn state(&self, session: &CheckoutSession) -> Result<CheckoutState, StripeError> {
        self.client.check_mode(session.livemode)?;
        match (session.status, session.payment_status) {
            (_, PaymentStatus::Paid) => session
                .paid()
                .map(CheckoutState::Paid)
                .ok_or(StripeError::Unexpected("a payment without an amount or id")),
            (Some(SessionStatus::Open), PaymentStatus::Unpaid) => Ok(CheckoutState::Open),
            (Some(SessionStatus::Expired), PaymentStatus::Unpaid) => Ok(CheckoutState::Expired),
            (Some(SessionStatus::Complete), PaymentStatus::Unpaid) if session.has_failed() => Ok(CheckoutState::Failed),
            (Some(SessionStatus::Complete), PaymentStatus::Unpaid) => Ok(CheckoutState::Processing),
            (Some(SessionStatus::Other) | None, PaymentStatus::Unpaid) | (_, PaymentStatus::Other) => {
                Err(StripeError::Unexpected("a checkout in an unknown state"))
            }
        }
    }

    async fn create_refund(&self, request: &RefundRequest) -> Result<ProviderRefund, StripeError> {
        if !is_id(&request.provider_payment_id) {
            return Err(StripeError::Malformed("payment id"));
        }
        if !(1..=200).contains(&request.idempotency_key.len())
            || !request.idempotency_key.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(StripeError::Malformed("refund key"));
        }
        if request.amount.is_zero() {
            return Err(StripeError::Malformed("refund amount"));
        }
        let refund = match self.existing_refund(request).await? {
            Some(refund) => refund,
            None => {
                let form = [
                    ("payment_intent", request.provider_payment_id.clone()),
                    ("amount", to_stripe(request.amount)?.to_string()),
                    ("metadata[booking_id]", request.booking.to_string()),
                    ("metadata[refund_key]", request.idempotency_key.clone()),
                ];
                let key = format!("refund-{}", request.idempotency_key);
                self.client.send::<StripeRefund>(&Request::post_idempotent(&["refunds"], &form, key)).await?
            }
        };
        if refund.amount()? != request.amount || refund.booking() != Some(request.booking) {
            return Err(StripeError::RefundMismatch);
        }
        Ok(refund.into_refund()?)
    }

    /// Stripe deletes idempotency keys after a day; the metadata of a refund stays.
    async fn existing_refund(&self, request: &RefundRequest) -> Result<Option<StripeRefund>, StripeError> {
        let query = [("payment_intent", request.provider_payment_id.as_str()), ("limit", REFUND_PAGE_LIMIT)];
        let response = self.client.send(&Request::get(&["refunds"], &query)).await;
        let page: Page<StripeRefund> = response.map_err(|error| StripeError::RefundLookupFailed(error.into()))?;
        let has_key = |refund: &StripeRefund| refund.key() == Some(request.idempotency_key.as_str());
        let existing = page.data.into_iter().find(has_key);
        if existing.is_none() && page.has_more { Err(StripeError::TooManyRefunds) } else { Ok(existing) }
    }

    async fn find_refund(&self, reference: &str) -> Result<Option<ProviderRefund>, StripeError> {
        if !is_id(reference) {
            return Ok(None);
        }
        let refund = self.client.find(&Request::get(&["refunds", reference], &[])).await?;
        Ok(refund.map(StripeRefund::into_refund).transpose()?)
    }
}

#[async_trait]
impl PaymentGateway for StripeGateway {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn terms(&self) -> PaymentTerms {
        PaymentTerms::Due { hold: self.config.hold }
    }

    fn check_price(&self, price: Money) -> Result<(), PriceError> {
        check_price(price)
    }

    async fn open_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentError> {
        Ok(self.open(request).await?)
    }
}

#[async_trait]
impl OnlinePayments for StripeGateway {
    fn is_live(&self) -> bool {
        self.client.is_live()
    }

    async fn checkout_state(&self, reference: &str) -> Result<CheckoutState, PaymentError> {
        Ok(self.find_checkout(reference).await?)
    }

    async fn expire_checkout(&self, reference: &str) -> Result<CheckoutState, PaymentError> {
        Ok(self.expire(reference).await?)
    }

    async fn refund(&self, request: &RefundRequest) -> Result<ProviderRefund, PaymentError> {
        Ok(self.create_refund(request).await?)
    }

    async fn refund_state(&self, reference: &str) -> Result<Option<ProviderRefund>, PaymentError> {
        Ok(self.find_refund(reference).await?)
    }
}

fn require_ended(state: CheckoutState) -> Result<CheckoutState, StripeError> {
    if state == CheckoutState::Open {
        Err(StripeError::Unexpected("a checkout that does not expire"))
    } else {
        Ok(state)
    }
}

/// An id of Stripe's (`cs_test_…`, `pi_…`). It becomes part of a path, so nothing else is allowed.
fn is_id(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
