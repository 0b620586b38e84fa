//! What the core asks for, in Stripe's words.

use async_trait::async_trait;
use attune_ports::{
    Checkout, CheckoutRequest, CheckoutState, OnlinePayments, PaymentError, PaymentGateway, PaymentTerms, Provider,
    ProviderRefund, RefundRequest,
};
use jiff::SignedDuration;
use reqwest::StatusCode;

use crate::answers::{CheckoutSession, Page, PaymentStatus, SessionStatus, StripeRefund};
use crate::client::{Client, Request, StripeError};
use crate::money::to_stripe;
use crate::settings::{SetupError, StripeConfig};

/// How much longer than its hold a session lasts: the half hour that Stripe demands from now on, and a minute in case our
/// clock is behind.
pub const GRACE: SignedDuration = SignedDuration::from_mins(31);

/// A session lasts for a day at most.
pub(crate) const LONGEST_HOLD: SignedDuration = SignedDuration::from_mins(24 * 60 - 31);

/// Refunds of one payment that are looked through, which is as many as Stripe gives at once.
const REFUNDS_READ: &str = "100";

/// Payments through Stripe. `Debug` hides the key.
#[derive(Debug, Clone)]
pub struct StripeGateway {
    client: Client,
    config: StripeConfig,
}

impl StripeGateway {
    /// Checks the settings. Asks Stripe nothing, so a key that is well-formed and wrong shows at the first call.
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
            // For whoever looks at the payment in Stripe's dashboard, and for messages about it.
            ("payment_intent_data[metadata][booking_id]", booking),
            ("line_items[0][quantity]", "1".to_owned()),
            ("line_items[0][price_data][currency]", request.amount.currency().code().to_ascii_lowercase()),
            ("line_items[0][price_data][unit_amount]", to_stripe(request.amount)?.to_string()),
            ("line_items[0][price_data][product_data][name]", self.config.item.clone()),
            // The price is what the practice says it is, not what it would be in the client's own currency.
            ("adaptive_pricing[enabled]", "false".to_owned()),
            ("success_url", self.config.success_url.to_string()),
            ("cancel_url", self.config.cancel_url.to_string()),
            ("expires_at", ends.to_string()),
        ];
        let nonce = u128::from_be_bytes(request.nonce);
        let key = format!("checkout-{}-{nonce:032x}", request.booking);
        let session: CheckoutSession =
            self.client.ask(&Request::post_once(&["checkout", "sessions"], &form, key)).await?;
        self.client.check_mode(session.livemode)?;
        if session.amount()? != request.amount {
            return Err(StripeError::OtherAmount);
        }
        let url =
            session.url.filter(|url| !url.is_empty()).ok_or(StripeError::Senseless("a new checkout without a page"))?;
        if !is_name(&session.id) {
            return Err(StripeError::Senseless("a checkout without a name"));
        }
        Ok(Checkout { id: session.id, url: Some(url) })
    }

    async fn look_up(&self, reference: &str) -> Result<CheckoutState, StripeError> {
        if !is_name(reference) {
            return Ok(CheckoutState::Unknown);
        }
        let path = ["checkout", "sessions", reference];
        let request = Request::get(&path, &[("expand[]", "payment_intent")]);
        match self.client.ask(&request).await {
            Ok(session) => self.state(&session),
            Err(error) if error.is_status(StatusCode::NOT_FOUND) => Ok(CheckoutState::Unknown),
            Err(error) => Err(error),
        }
    }

    async fn end(&self, reference: &str) -> Result<CheckoutState, StripeError> {
        if !is_name(reference) {
            return Ok(CheckoutState::Unknown);
        }
        let path = ["checkout", "sessions", reference, "expire"];
        match self.client.ask::<CheckoutSession>(&Request::post(&path)).await {
            Ok(session) => over(self.state(&session)?),
            Err(error) if error.is_status(StatusCode::NOT_FOUND) => Ok(CheckoutState::Unknown),
            // Stripe ends only what is open. What it was instead is the question.
            Err(error) if error.is_status(StatusCode::BAD_REQUEST) => over(self.look_up(reference).await?),
            Err(error) => Err(error),
        }
    }

    fn state(&self, session: &CheckoutSession) -> Result<CheckoutState, StripeError> {
        self.client.check_mode(session.livemode)?;
        match (session.status, session.payment_status) {
            (_, PaymentStatus::Paid) => session
                .paid()
                .map(CheckoutState::Paid)
                .ok_or(StripeError::Senseless("a payment without an amount or name")),
            (Some(SessionStatus::Open), PaymentStatus::Unpaid) => Ok(CheckoutState::Open),
            (Some(SessionStatus::Expired), PaymentStatus::Unpaid) => Ok(CheckoutState::Expired),
            (Some(SessionStatus::Complete), PaymentStatus::Unpaid) if session.has_failed() => Ok(CheckoutState::Failed),
            (Some(SessionStatus::Complete), PaymentStatus::Unpaid) => Ok(CheckoutState::Processing),
            (Some(SessionStatus::Other) | None, PaymentStatus::Unpaid) | (_, PaymentStatus::Other) => {
                Err(StripeError::Senseless("a checkout in a state that is not known"))
            }
        }
    }

    async fn give_back(&self, request: &RefundRequest) -> Result<ProviderRefund, StripeError> {
        if !is_name(&request.provider_payment_id) {
            return Err(StripeError::Form("name of a payment"));
        }
        if !(1..=200).contains(&request.idempotency_key.len())
            || !request.idempotency_key.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(StripeError::Form("key of a refund"));
        }
        if request.amount.is_zero() {
            return Err(StripeError::Form("amount to give back"));
        }
        let refund = match self.refund_under(request).await? {
            Some(known) => known,
            None => {
                let form = [
                    ("payment_intent", request.provider_payment_id.clone()),
                    ("amount", to_stripe(request.amount)?.to_string()),
                    ("metadata[booking_id]", request.booking.to_string()),
                    ("metadata[refund_key]", request.idempotency_key.clone()),
                ];
                let key = format!("refund-{}", request.idempotency_key);
                self.client.ask::<StripeRefund>(&Request::post_once(&["refunds"], &form, key)).await?
            }
        };
        if refund.amount()? != request.amount || refund.booking() != Some(request.booking) {
            return Err(StripeError::OtherRefund);
        }
        Ok(refund.into_refund()?)
    }

    /// The refund that was made under this key before. Stripe forgets idempotency keys after a day; what is noted on a
    /// refund stays.
    async fn refund_under(&self, request: &RefundRequest) -> Result<Option<StripeRefund>, StripeError> {
        let query = [("payment_intent", request.provider_payment_id.as_str()), ("limit", REFUNDS_READ)];
        let asked = self.client.ask(&Request::get(&["refunds"], &query)).await;
        let page: Page<StripeRefund> = asked.map_err(|error| StripeError::NoLookUp(error.into()))?;
        match page.data.into_iter().find(|refund| refund.key() == Some(request.idempotency_key.as_str())) {
            Some(known) => Ok(Some(known)),
            None if page.has_more => Err(StripeError::TooManyRefunds),
            None => Ok(None),
        }
    }

    async fn look_up_refund(&self, reference: &str) -> Result<Option<ProviderRefund>, StripeError> {
        if !is_name(reference) {
            return Ok(None);
        }
        match self.client.ask::<StripeRefund>(&Request::get(&["refunds", reference], &[])).await {
            Ok(refund) => Ok(Some(refund.into_refund()?)),
            Err(error) if error.is_status(StatusCode::NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
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
        Ok(self.look_up(reference).await?)
    }

    async fn expire_checkout(&self, reference: &str) -> Result<CheckoutState, PaymentError> {
        Ok(self.end(reference).await?)
    }

    async fn refund(&self, request: &RefundRequest) -> Result<ProviderRefund, PaymentError> {
        Ok(self.give_back(request).await?)
    }

    async fn refund_state(&self, reference: &str) -> Result<Option<ProviderRefund>, PaymentError> {
        Ok(self.look_up_refund(reference).await?)
    }
}

/// What became of a checkout that was to end.
fn over(state: CheckoutState) -> Result<CheckoutState, StripeError> {
    if state == CheckoutState::Open { Err(StripeError::Senseless("a checkout that does not end")) } else { Ok(state) }
}

/// Whether a text can be one of Stripe's names (`cs_test_…`, `pi_…`). It goes into the path of a request, so nothing else
/// may get there.
fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
