//! Where a client pays for a booking. Asking twice leads to the same place.
//!
//! What the provider will be asked is written down before it is asked. So if its answer is lost, or this process ends in
//! between, whoever asks next asks in the same words, and the provider opens no second checkout.

use std::sync::Arc;

use attune_domain::booking::PayError;
use attune_domain::{Booking, BookingId, BookingStatus, PaymentStatus, UserId};
use attune_ports::{
    Checkout, CheckoutRequest, Clock, Conflict, NewPayment, Payment, PaymentError, PaymentGateway, PaymentState,
    Queries, Random, Store, StoreError, UnitOfWork,
};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::settlement::{ASK_AGAIN, ASK_OPEN, after};

/// Why there is no checkout.
#[derive(Debug, Error)]
pub enum OpenCheckoutError {
    /// There is no such booking.
    #[error("there is no such booking")]
    NotFound,
    /// It is somebody else's.
    #[error("the booking is somebody else's")]
    Forbidden,
    /// Paid, cancelled, over, or nothing due.
    #[error(transparent)]
    NotPayable(#[from] PayError),
    /// The client is through with a checkout, and the money is on its way.
    #[error("the payment is on its way")]
    Processing,
    /// The provider did not answer or refused.
    #[error(transparent)]
    Provider(#[from] PaymentError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(OpenCheckoutError);

/// For how long the provider is asked in the same words. It may remember an error of its own as the answer to them, so
/// after that a client gets another checkout; the worker goes on to look for the first, whose address nobody was told.
const SAME_WORDS: SignedDuration = SignedDuration::from_mins(1);

/// Longest pause before it is asked again.
const ASK_AT_LEAST: SignedDuration = SignedDuration::from_hours(1);

/// Opens checkouts.
#[derive(Clone)]
pub struct OpenCheckout {
    /// Where payments are kept.
    pub store: Arc<dyn Store>,
    /// Where they are read.
    pub queries: Arc<dyn Queries>,
    /// Who collects.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Makes checkouts unguessable.
    pub random: Arc<dyn Random>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl OpenCheckout {
    /// The open checkout of a booking, opened now if need be.
    pub async fn run(&self, booking: BookingId, client: UserId) -> Result<Payment, OpenCheckoutError> {
        let view = self.queries.booking(booking).await?.ok_or(OpenCheckoutError::NotFound)?;
        if view.booking.client() != client {
            return Err(OpenCheckoutError::Forbidden);
        }
        let now = self.clock.now();
        check(&view.booking, now)?;
        let known = self.queries.payments(booking).await?;
        if let Some(open) = known.into_iter().find(|p| self.is_here(p, PaymentState::Open)) {
            return Ok(open);
        }
        let (payment, begun_before) = crate::retry::retrying(|| self.prepare(booking)).await?;
        let (mut payment, mut answer) = self.open(payment).await?;
        if begun_before && matches!(answer, Err(PaymentError::Refused(_))) {
            // The words of then are refused now, because the settings changed since. Nobody was told of what they may have
            // opened, so it is forgotten there by itself.
            let (fresh, _) = crate::retry::retrying(|| self.prepare(booking)).await?;
            (payment, answer) = self.open(fresh).await?;
        }
        answer?;
        usable(payment)
    }

    /// Writes down together with a new booking what the provider will be asked for it: one commit keeps both. `None` if
    /// the booking cannot be paid for.
    pub(crate) async fn begin(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        now: Timestamp,
    ) -> Result<Option<Payment>, StoreError> {
        match check(booking, now) {
            Ok(expires_at) => self.add_attempt(work, booking, expires_at, now).await.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Asks the provider for what was begun just now.
    pub(crate) async fn go_on(&self, begun: Payment) -> Result<Payment, OpenCheckoutError> {
        let (payment, answer) = self.open(begun).await?;
        answer?;
        usable(payment)
    }

    /// Asks the provider, and writes down what it says.
    async fn open(&self, payment: Payment) -> Result<(Payment, Result<(), PaymentError>), OpenCheckoutError> {
        if payment.state == PaymentState::Open {
            return Ok((payment, Ok(())));
        }
        let answer = ask(&*self.gateway, &payment).await;
        let payment = crate::retry::retrying(|| self.write_down(&payment, &answer)).await?;
        Ok((payment, answer.map(|_| ())))
    }

    /// Writes down what the provider will be asked, unless somebody has; whether somebody has.
    async fn prepare(&self, booking: BookingId) -> Result<(Payment, bool), OpenCheckoutError> {
        let mut work = self.store.begin().await?;
        let now = self.clock.now();
        let booking = work.booking(booking).await?.ok_or(OpenCheckoutError::NotFound)?;
        let expires_at = check(&booking, now)?;
        let mut known = work.payments_of(booking.id()).await?.into_iter();
        let begun = known.find(|p| self.is_here(p, PaymentState::Open) || self.is_here(p, PaymentState::Opening));
        if let Some(mut begun) = begun {
            let stuck = begun.state == PaymentState::Opening && now.duration_since(begun.created_at) > SAME_WORDS;
            if !stuck {
                return Ok((begun, true));
            }
            begun.state = if begun.provider.is_online() { PaymentState::Closing } else { PaymentState::Closed };
            work.save_payment(&begun).await?;
        }
        let payment = self.add_attempt(&mut *work, &booking, expires_at, now).await?;
        work.commit().await?;
        Ok((payment, false))
    }

    async fn add_attempt(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Payment, StoreError> {
        let nonce = self.random.random_bytes();
        let (provider, reference) = (self.gateway.provider(), NewPayment::placeholder_checkout_id(nonce));
        let facts = NewPayment {
            checkout_nonce: Some(nonce),
            expires_at: Some(expires_at),
            check_at: provider.is_online().then(|| after(now, ASK_AGAIN)),
            ..NewPayment::attempt(booking, provider, reference, PaymentState::Opening, now)
        };
        let id = work.add_payment(&facts).await?;
        Ok(facts.with_id(id))
    }

    /// Writes the provider's answer down. Returns the attempt as it is then.
    pub(crate) async fn write_down(
        &self,
        asked: &Payment,
        answer: &Result<Checkout, PaymentError>,
    ) -> Result<Payment, OpenCheckoutError> {
        let mut work = self.store.begin().await?;
        let now = self.clock.now();
        let booking = work.booking(asked.booking).await?.ok_or(OpenCheckoutError::NotFound)?;
        let known = work.payments_of(booking.id()).await?;
        let mut payment = known.into_iter().find(|p| p.id == asked.id).ok_or(StoreError::Conflict(Conflict::Stale))?;
        let facts = &mut payment;
        if facts.has_provider_checkout_id() || !facts.state.is_pending() {
            return Ok(payment);
        }
        let online = facts.provider.is_online();
        match answer {
            Ok(checkout) => {
                facts.provider_checkout_id.clone_from(&checkout.id);
                facts.checkout_url.clone_from(&checkout.url);
                // Called off, or out of time, while the provider was asked: what it opened has to be ended there.
                let wanted = facts.state == PaymentState::Opening && check(&booking, now).is_ok();
                facts.state = match (wanted, online) {
                    (true, _) => PaymentState::Open,
                    (false, true) => PaymentState::Closing,
                    (false, false) => PaymentState::Closed,
                };
                facts.check_at = online.then(|| if wanted { after(now, ASK_OPEN) } else { now });
            }
            Err(PaymentError::Refused(_)) => {
                facts.state = PaymentState::Closed;
                facts.check_at = None;
            }
            // It is not known whether anything was opened: the same is asked again.
            Err(PaymentError::Unavailable(_)) => {
                // The longer it did not answer, the less it is asked: nobody was told of this checkout.
                let age = now.duration_since(facts.created_at);
                facts.check_at = online.then(|| after(now, (age / 4).clamp(ASK_AGAIN, ASK_AT_LEAST)));
            }
        }
        work.save_payment(&payment).await?;
        work.commit().await?;
        Ok(payment)
    }

    fn is_here(&self, payment: &Payment, state: PaymentState) -> bool {
        payment.state == state && payment.provider == self.gateway.provider()
    }
}

/// The attempt, if a client can pay there.
fn usable(payment: Payment) -> Result<Payment, OpenCheckoutError> {
    match payment.state {
        PaymentState::Open => Ok(payment),
        PaymentState::Processing => Err(OpenCheckoutError::Processing),
        PaymentState::Settled | PaymentState::Unapplied => Err(PayError::AlreadyPaid.into()),
        PaymentState::Opening | PaymentState::Closing | PaymentState::Closed => Err(PayError::HoldExpired.into()),
    }
}

/// Asks a provider to open what was written down.
pub(crate) async fn ask(gateway: &dyn PaymentGateway, payment: &Payment) -> Result<Checkout, PaymentError> {
    let (Some(nonce), Some(expires_at)) = (payment.checkout_nonce, payment.expires_at) else {
        return Err(PaymentError::Refused("what was asked before is not known".into()));
    };
    let (booking, amount) = (payment.booking, payment.amount);
    gateway.open_checkout(&CheckoutRequest { booking, amount, expires_at, nonce }).await
}

/// Until when the booking can be paid for, if it can.
fn check(booking: &Booking, now: Timestamp) -> Result<Timestamp, OpenCheckoutError> {
    booking.check_payable(now)?;
    if booking.status() == BookingStatus::PendingPayment && booking.payment_status() == PaymentStatus::Processing {
        return Err(OpenCheckoutError::Processing);
    }
    Ok(booking.hold_expires_at().filter(|until| *until > now).ok_or(PayError::HoldExpired)?)
}
