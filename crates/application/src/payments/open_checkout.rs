//! Opens the checkout of a booking. Requests for the same booking get the same checkout.
//!
//! The request to the provider is stored before it is sent. So if the answer is lost, or this process stops in between, the
//! next attempt sends the same request, and the provider opens no second checkout.

use std::sync::Arc;

use attune_domain::booking::PayError;
use attune_domain::{Booking, BookingId, BookingStatus, Money, PaymentStatus, UserId};
use attune_ports::{
    Checkout, CheckoutRequest, Clock, Conflict, NewPayment, Payment, PaymentError, PaymentGateway, PaymentState,
    Queries, Random, Store, StoreError, UnitOfWork,
};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::apply_observation::{OPEN_POLL_INTERVAL, RETRY_POLL_INTERVAL};
use super::settlement::{after, amount_due};

#[derive(Debug, Error)]
pub enum OpenCheckoutError {
    #[error("booking not found")]
    NotFound,
    #[error("the booking belongs to another client")]
    Forbidden,
    #[error(transparent)]
    NotPayable(#[from] PayError),
    #[error("the payment is being processed")]
    Processing,
    #[error(transparent)]
    Provider(#[from] PaymentError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(OpenCheckoutError);

/// How long the same request is repeated. The provider may replay an error of its own to it, so after that the client gets
/// another checkout; reconciliation ends the first, whose URL no client has seen.
const REPEAT_WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// Providers end a checkout after a day; a longer hold needs another one then. It leaves time for the provider's grace period.
const LONGEST_CHECKOUT: SignedDuration = SignedDuration::from_hours(23);

const LONGEST_POLL_INTERVAL: SignedDuration = SignedDuration::from_hours(1);

#[derive(Clone)]
pub struct OpenCheckout {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub gateway: Arc<dyn PaymentGateway>,
    pub random: Arc<dyn Random>,
    pub clock: Arc<dyn Clock>,
}

impl OpenCheckout {
    /// Returns the open checkout of a booking, and opens one if there is none.
    pub async fn run(&self, booking: BookingId, client: UserId) -> Result<Payment, OpenCheckoutError> {
        let view = self.queries.booking(booking).await?.ok_or(OpenCheckoutError::NotFound)?;
        if view.booking.client() != client {
            return Err(OpenCheckoutError::Forbidden);
        }
        let now = self.clock.now();
        check(&view.booking, now)?;
        let payments = self.queries.payments(booking).await?;
        let due = amount_due(&view.booking, &payments);
        let mut open = payments.into_iter().filter(|payment| self.is_current(payment, PaymentState::Open));
        if let Some(open) = open.find(|payment| payment.amount == due) {
            return Ok(open);
        }
        let (payment, is_repeated) = crate::retry::retrying(|| self.prepare(booking)).await?;
        let (mut payment, mut answer) = self.open(payment).await?;
        if is_repeated && matches!(answer, Err(PaymentError::Refused(_))) {
            // The settings changed, so the stored request is refused now. If it opened a checkout before, no client has seen
            // its URL, and it expires at the provider.
            let (fresh, _) = crate::retry::retrying(|| self.prepare(booking)).await?;
            (payment, answer) = self.open(fresh).await?;
        }
        answer?;
        usable(payment)
    }

    /// What is left to pay for a booking; zero if nothing can be paid.
    pub async fn amount_due(&self, booking: &Booking) -> Result<Money, StoreError> {
        if booking.status() != BookingStatus::PendingPayment {
            return Ok(Money::zero(booking.price().currency()));
        }
        Ok(amount_due(booking, &self.queries.payments(booking.id()).await?))
    }

    /// Stores the request for a checkout together with a new booking. `None` if nothing can be paid.
    pub(crate) async fn begin(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        now: Timestamp,
    ) -> Result<Option<Payment>, StoreError> {
        match check(booking, now) {
            Ok(expires_at) => self.add_attempt(work, booking, booking.price(), expires_at, now).await.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Sends the request that [`Self::begin`] stored.
    pub(crate) async fn finish(&self, begun: Payment) -> Result<Payment, OpenCheckoutError> {
        let (payment, answer) = self.open(begun).await?;
        answer?;
        usable(payment)
    }

    async fn open(&self, payment: Payment) -> Result<(Payment, Result<(), PaymentError>), OpenCheckoutError> {
        if payment.state == PaymentState::Open {
            return Ok((payment, Ok(())));
        }
        let answer = request_checkout(&*self.gateway, &payment).await;
        let payment = crate::retry::retrying(|| self.save_answer(&payment, &answer)).await?;
        Ok((payment, answer.map(|_| ())))
    }

    /// Stores the request for a checkout. Returns whether an earlier one is repeated instead.
    async fn prepare(&self, booking: BookingId) -> Result<(Payment, bool), OpenCheckoutError> {
        let mut work = self.store.begin().await?;
        let now = self.clock.now();
        let booking = work.booking(booking).await?.ok_or(OpenCheckoutError::NotFound)?;
        let expires_at = check(&booking, now)?;
        let payments = work.payments_of(booking.id()).await?;
        let due = amount_due(&booking, &payments);
        let begun = payments.into_iter().find(|payment| {
            [PaymentState::Open, PaymentState::Opening].iter().any(|state| self.is_current(payment, *state))
        });
        if let Some(mut begun) = begun {
            let stuck = begun.state == PaymentState::Opening && now.duration_since(begun.created_at) > REPEAT_WINDOW;
            // A part of the price was paid since, or the price has changed.
            let is_outdated = begun.amount != due;
            if !stuck && !is_outdated {
                return Ok((begun, true));
            }
            let online = begun.provider.is_online();
            begun.state = if online { PaymentState::Closing } else { PaymentState::Closed };
            begun.check_at = online.then_some(now);
            work.save_payment(&begun).await?;
        }
        let payment = self.add_attempt(&mut *work, &booking, due, expires_at, now).await?;
        work.commit().await?;
        Ok((payment, false))
    }

    async fn add_attempt(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        amount: Money,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Payment, StoreError> {
        let nonce = self.random.random_bytes();
        let expires_at = expires_at.min(after(now, LONGEST_CHECKOUT));
        let (provider, reference) = (self.gateway.provider(), NewPayment::placeholder_checkout_id(nonce));
        let new = NewPayment {
            checkout_nonce: Some(nonce),
            expires_at: Some(expires_at),
            check_at: provider.is_online().then(|| after(now, RETRY_POLL_INTERVAL)),
            ..NewPayment::attempt(booking, amount, provider, reference, PaymentState::Opening, now)
        };
        let id = work.add_payment(&new).await?;
        Ok(new.with_id(id))
    }

    /// Stores the provider's answer. Returns the payment as it is then.
    pub(super) async fn save_answer(
        &self,
        requested: &Payment,
        answer: &Result<Checkout, PaymentError>,
    ) -> Result<Payment, OpenCheckoutError> {
        let mut work = self.store.begin().await?;
        let now = self.clock.now();
        let booking = work.booking(requested.booking).await?.ok_or(OpenCheckoutError::NotFound)?;
        let mut payments = work.payments_of(booking.id()).await?.into_iter();
        let payment = payments.find(|payment| payment.id == requested.id);
        let mut payment = payment.ok_or(StoreError::Conflict(Conflict::Stale))?;
        if payment.has_provider_checkout_id() || !payment.state.is_pending() {
            return Ok(payment);
        }
        let online = payment.provider.is_online();
        match answer {
            Ok(checkout) => {
                payment.provider_checkout_id.clone_from(&checkout.id);
                payment.checkout_url.clone_from(&checkout.url);
                // If the booking was cancelled or its hold expired in the meantime, the checkout has to be ended at the
                // provider.
                let is_needed = payment.state == PaymentState::Opening && check(&booking, now).is_ok();
                payment.state = match (is_needed, online) {
                    (true, _) => PaymentState::Open,
                    (false, true) => PaymentState::Closing,
                    (false, false) => PaymentState::Closed,
                };
                payment.check_at = online.then(|| if is_needed { after(now, OPEN_POLL_INTERVAL) } else { now });
            }
            Err(PaymentError::Refused(_)) => {
                payment.state = PaymentState::Closed;
                payment.check_at = None;
            }
            // The checkout may have been opened, so the request is repeated; less often with time, because no client has
            // seen its URL.
            Err(PaymentError::Unavailable(_)) => {
                let age = now.duration_since(payment.created_at);
                let interval = (age / 4).clamp(RETRY_POLL_INTERVAL, LONGEST_POLL_INTERVAL);
                payment.check_at = online.then(|| after(now, interval));
            }
        }
        work.save_payment(&payment).await?;
        work.commit().await?;
        Ok(payment)
    }

    fn is_current(&self, payment: &Payment, state: PaymentState) -> bool {
        payment.state == state && payment.provider == self.gateway.provider()
    }
}

/// The payment, if its checkout can be paid.
fn usable(payment: Payment) -> Result<Payment, OpenCheckoutError> {
    match payment.state {
        PaymentState::Open => Ok(payment),
        PaymentState::Processing => Err(OpenCheckoutError::Processing),
        PaymentState::Settled | PaymentState::Unapplied => Err(PayError::AlreadyPaid.into()),
        PaymentState::Opening | PaymentState::Closing | PaymentState::Closed => Err(PayError::HoldExpired.into()),
    }
}

/// Sends the stored request.
pub(super) async fn request_checkout(
    gateway: &dyn PaymentGateway,
    payment: &Payment,
) -> Result<Checkout, PaymentError> {
    let (Some(nonce), Some(expires_at)) = (payment.checkout_nonce, payment.expires_at) else {
        return Err(PaymentError::Refused("the stored request is incomplete".into()));
    };
    let (booking, amount) = (payment.booking, payment.amount);
    gateway.open_checkout(&CheckoutRequest { booking, amount, expires_at, nonce }).await
}

/// Until when the booking can be paid.
fn check(booking: &Booking, now: Timestamp) -> Result<Timestamp, OpenCheckoutError> {
    booking.check_payable(now)?;
    if booking.status() == BookingStatus::PendingPayment && booking.payment_status() == PaymentStatus::Processing {
        return Err(OpenCheckoutError::Processing);
    }
    Ok(booking.hold_expires_at().filter(|until| *until > now).ok_or(PayError::HoldExpired)?)
}
