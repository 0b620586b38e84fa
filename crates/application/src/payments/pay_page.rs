//! The page on which a client pays for a session that the practice booked.

use std::sync::Arc;

use attune_domain::{Booking, BookingId, BookingStatus, Money, PaymentStatus};
use attune_ports::{BookingView, PayTokens, Provider, StoreError};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;

use super::{OpenCheckout, OpenCheckoutError, ReconcilePayments, amount_due};
use crate::practice::CurrentPractice;

/// Our own pages on which clients pay.
#[derive(Clone)]
pub struct PayPages {
    /// The base URL of the pages, with a trailing slash.
    pub base: String,
    pub tokens: Arc<dyn PayTokens>,
}

impl PayPages {
    /// Contains no name, and shows the current state of the booking when it is opened.
    pub fn url(&self, booking: BookingId) -> String {
        format!("{}pay/{}", self.base, self.tokens.sign_payment(booking))
    }

    /// The page of a booking that can be paid there now, or could be if its hold had not ended.
    pub fn url_of(&self, booking: &Booking, provider: Provider) -> Option<String> {
        let is_payable = booking.status() == BookingStatus::PendingPayment && provider.has_checkout_page();
        is_payable.then(|| self.url(booking.id()))
    }
}

/// What the page shows. It contains no names, because everyone who has the link can see it.
#[derive(Debug, Clone)]
pub struct PayView {
    pub booking: BookingId,
    pub starts_at: Timestamp,
    pub minutes: u32,
    /// The client's time zone.
    pub zone: TimeZone,
    pub state: PayState,
    /// Whether the checkout is on another host.
    pub leaves_host: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayState {
    Due {
        amount: Money,
        until: Timestamp,
    },
    /// The provider is processing the payment.
    Processing,
    /// Nothing is left to pay.
    Paid,
    Expired,
    Cancelled,
}

#[derive(Debug, Error)]
pub enum PayPageError {
    #[error("the token is invalid")]
    Unknown,
    #[error(transparent)]
    Checkout(OpenCheckoutError),
    /// The practice no longer collects online.
    #[error("no provider collects online")]
    NotOnline,
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Debug)]
pub enum PayOutcome {
    /// The URL of the checkout.
    Checkout(String),
    /// There is nothing to pay now.
    Closed(PayView),
}

/// Serves the links to pay that are sent by email. Viewing the page writes nothing, however often a link is opened.
#[derive(Clone)]
pub struct PayPage {
    pub pages: PayPages,
    pub practice: CurrentPractice,
    pub checkout: OpenCheckout,
    pub reconcile: ReconcilePayments,
}

impl PayPage {
    pub async fn view(&self, text: &str) -> Result<PayView, PayPageError> {
        let found = self.find(text).await?;
        self.page(&found).await
    }

    /// The checkout of the booking, opened now unless it is open. One that has ended at the provider is replaced.
    pub async fn pay(&self, text: &str) -> Result<PayOutcome, PayPageError> {
        self.pay_for(&self.find(text).await?).await
    }

    /// The same, for a client who is logged in.
    pub async fn pay_for(&self, found: &BookingView) -> Result<PayOutcome, PayPageError> {
        let id = found.booking.id();
        let view = self.page(found).await?;
        if !matches!(view.state, PayState::Due { .. }) {
            return Ok(PayOutcome::Closed(view));
        }
        // An open checkout may have been paid or have ended at the provider, which its webhook has not reported yet.
        self.reconcile.run_for_open(id).await?;
        match self.checkout.run(id, found.client.id).await {
            Ok(payment) => payment.checkout_url.map(PayOutcome::Checkout).ok_or(PayPageError::NotOnline),
            Err(OpenCheckoutError::NotPayable(_) | OpenCheckoutError::Processing) => {
                let found = self.checkout.queries.booking(id).await?.ok_or(PayPageError::Unknown)?;
                Ok(PayOutcome::Closed(self.page(&found).await?))
            }
            Err(OpenCheckoutError::Store(error)) => Err(error.into()),
            Err(error) => Err(PayPageError::Checkout(error)),
        }
    }

    async fn find(&self, text: &str) -> Result<BookingView, PayPageError> {
        let id = self.pages.tokens.verify_payment(text).ok_or(PayPageError::Unknown)?;
        let found = self.checkout.queries.booking(id).await?;
        found.filter(|found| !found.client.disabled).ok_or(PayPageError::Unknown)
    }

    /// What is shown of a booking.
    pub async fn page(&self, BookingView { booking, client }: &BookingView) -> Result<PayView, PayPageError> {
        let now = self.checkout.clock.now();
        let state = match booking.status() {
            BookingStatus::PendingPayment if booking.payment_status() == PaymentStatus::Processing => {
                PayState::Processing
            }
            BookingStatus::PendingPayment => match booking.hold_expires_at().filter(|until| *until > now) {
                Some(until) => {
                    let payments = self.checkout.queries.payments(booking.id()).await?;
                    PayState::Due { amount: amount_due(booking, &payments), until }
                }
                None => PayState::Expired,
            },
            BookingStatus::Expired => PayState::Expired,
            BookingStatus::Cancelled => PayState::Cancelled,
            BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => PayState::Paid,
        };
        Ok(PayView {
            booking: booking.id(),
            starts_at: booking.scheduled_at(),
            minutes: booking.minutes(),
            zone: self.practice.zone_for(client.time_zone.as_ref()).await?,
            state,
            leaves_host: self.checkout.gateway.provider().is_online(),
        })
    }
}
