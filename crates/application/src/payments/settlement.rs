//! What is done about money inside a unit of work, whoever tells of it: the client's browser, the provider's message, or
//! the worker that asked.
//!
//! Every function here wants the booking's row to be held ([`attune_ports::Bookings::booking`]), so that nobody else moves
//! money of the same booking at the same time.

use attune_domain::notification::{NotificationKind, payment_notification};
use attune_domain::payment::{PaymentLedger, UnpaidUpdate};
use attune_domain::{Booking, BookingEvent, BookingId, Money, PaymentStatus, UserId};
use attune_ports::{
    AuditEntry, AuditObject, LedgerEntry, LedgerKind, NewPayment, NewPaymentProblem, NewRefund, Payment, PaymentState,
    ProblemKind, Provider, Refund, RefundCause, RefundStage, RefundState, StoreError, UnitOfWork,
};
use jiff::{SignedDuration, Timestamp};

use crate::bookings::{AuditContext, BookingConfirmation, BookingLifecycle, ConfirmError, close_checkouts};

/// After how long the provider is asked where an open checkout stands. Its message is usually there within seconds.
pub(crate) const ASK_OPEN: SignedDuration = SignedDuration::from_mins(5);
/// After how long it is asked again about money on its way, which takes days.
pub(crate) const ASK_ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(30);
/// After how long it is asked again when it did not answer.
pub(crate) const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// An instant a while from now.
pub(crate) fn after(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

/// Who moves money, and with which settings.
#[derive(Clone, Copy)]
pub(crate) struct Till<'a> {
    pub(crate) lifecycle: &'a BookingLifecycle,
    pub(crate) by: AuditContext<'a>,
}

/// What became of money that came in.
pub(crate) enum Took {
    /// The booking stands on it.
    Agreed(Booking),
    /// Nothing stands on it any more, and it goes back.
    RefundScheduled(Booking),
    /// It was known.
    Known(Booking),
}

/// What somebody says came in.
pub(crate) struct Claim {
    pub(crate) amount: Option<Money>,
    pub(crate) booking: Option<BookingId>,
    pub(crate) live: bool,
    pub(crate) charge: Option<String>,
}

impl Claim {
    /// What is wrong with it, compared with what is due.
    pub(crate) fn difference(&self, payment: &Payment, live: bool) -> Option<ProblemKind> {
        let Some(amount) = self.amount else { return Some(ProblemKind::WrongAmount) };
        if self.live != live {
            Some(ProblemKind::WrongMode)
        } else if self.booking != Some(payment.booking) {
            Some(ProblemKind::WrongBooking)
        } else if amount.currency() != payment.amount.currency() {
            Some(ProblemKind::WrongCurrency)
        } else if amount != payment.amount || self.charge.is_none() {
            Some(ProblemKind::WrongAmount)
        } else {
            None
        }
    }
}

/// What the attempts and refunds of a booking add up to. IdempotentRequest a booking stands on a payment, money that came twice does
/// not count: it is somebody else's, and on its way back.
pub(crate) fn books(booking: &Booking, payments: &[Payment], refunds: &[Refund]) -> PaymentLedger {
    let stands = payments.iter().any(|p| p.state == PaymentState::Settled);
    let counted = payments.iter().filter(|p| if stands { p.state == PaymentState::Settled } else { true });
    counted.fold(PaymentLedger::new(booking.price().currency()), |books, payment| add(books, payment, refunds))
}

/// What one payment adds up to.
pub(crate) fn books_of(payment: &Payment, refunds: &[Refund]) -> PaymentLedger {
    add(PaymentLedger::new(payment.amount.currency()), payment, refunds)
}

fn add(books: PaymentLedger, payment: &Payment, refunds: &[Refund]) -> PaymentLedger {
    let books = books.with_payment(payment.state, payment.amount);
    let its = refunds.iter().filter(|refund| refund.payment == payment.id);
    its.fold(books, |books, refund| books.with_refund(refund.stage, refund.amount))
}

impl Till<'_> {
    /// Money came in through this attempt. The therapist's calendar has to be held too, because it may take its slot again.
    pub(crate) async fn take(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        mut payment: Payment,
        charge: Option<String>,
    ) -> Result<Took, StoreError> {
        if payment.state.is_paid() {
            return Ok(Took::Known(booking));
        }
        payment.provider_payment_id = charge;
        payment.settled_at = Some(self.by.now);
        payment.check_at = None;
        let agreement = BookingConfirmation { lifecycle: self.lifecycle, by: self.by };
        match agreement.seal(work, booking.clone()).await {
            Ok(agreed) => {
                payment.state = PaymentState::Settled;
                work.save_payment(&payment).await?;
                self.capture(work, &payment).await?;
                close_checkouts(work, agreed.id(), self.by.now).await?;
                work.enqueue(&[payment_notification(&agreed, NotificationKind::Receipt, self.by.now)]).await?;
                Ok(Took::Agreed(agreed))
            }
            Err(ConfirmError::Pay(_) | ConfirmError::SlotLost) => {
                Ok(Took::RefundScheduled(self.give_back(work, booking, payment).await?))
            }
            Err(ConfirmError::Store(error)) => Err(error),
        }
    }

    /// Money came that no session stands on: it is taken into the books and promised back in the same breath.
    async fn give_back(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        mut payment: Payment,
    ) -> Result<Booking, StoreError> {
        payment.state = PaymentState::Unapplied;
        work.save_payment(&payment).await?;
        self.capture(work, &payment).await?;
        self.promise(work, &payment, payment.amount, RefundCause::Unapplied, None).await?;
        work.add_audit_entry(&self.note(booking.id(), "payment.unapplied")).await?;
        let booking = match booking.clone().record_late_payment(self.by.now) {
            Ok((late, event)) => {
                close_checkouts(work, late.id(), self.by.now).await?;
                self.changed(work, late, event).await?
            }
            // It was paid for otherwise, or had been free: what it stands on is not touched. Only if it stands on nothing, and
            // money came and went before, there is something to be given back again.
            Err(_) => self.follow_books(work, booking).await?,
        };
        work.enqueue(&[payment_notification(&booking, NotificationKind::PaymentProblem, self.by.now)]).await?;
        Ok(booking)
    }

    /// Money that an admin says came in outside, for a booking that is agreed.
    pub(crate) async fn take_outside(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        method: String,
        memo: Option<String>,
        admin: UserId,
    ) -> Result<(), StoreError> {
        let reference = format!("recorded-{}-{}", booking.id(), self.lifecycle.random.hex_id());
        let new = NewPayment {
            method: Some(method),
            memo,
            recorded_by: Some(admin),
            settled_at: Some(self.by.now),
            ..NewPayment::attempt(booking, Provider::Offline, reference, PaymentState::Settled, self.by.now)
        };
        let id = work.add_payment(&new).await?;
        self.capture(work, &new.with_id(id)).await?;
        work.enqueue(&[payment_notification(booking, NotificationKind::Receipt, self.by.now)]).await?;
        Ok(())
    }

    /// An attempt got on without money, or ended.
    pub(crate) async fn unpaid(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        mut payment: Payment,
        news: UnpaidUpdate,
    ) -> Result<Booking, StoreError> {
        let Some(state) = payment.state.after(news) else { return Ok(booking) };
        payment.state = state;
        payment.check_at = state.is_pending().then(|| after(self.by.now, ASK_ON_ITS_WAY));
        work.save_payment(&payment).await?;
        let now = self.by.now;
        let changed = match news {
            UnpaidUpdate::Processing => booking.clone().payment_started(now).ok(),
            UnpaidUpdate::Failed => booking.clone().payment_failed(now).ok(),
            UnpaidUpdate::Over => None,
        };
        let Some((changed, event)) = changed else { return Ok(booking) };
        let booking = self.changed(work, changed, event).await?;
        if news == UnpaidUpdate::Failed {
            work.enqueue(&[payment_notification(&booking, NotificationKind::PaymentProblem, now)]).await?;
        }
        Ok(booking)
    }

    /// Gives an attempt up whose end cannot be trusted or known. Nothing is said to the client; somebody has to look first.
    pub(crate) async fn park(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        mut payment: Payment,
    ) -> Result<(), StoreError> {
        payment.state = PaymentState::Closed;
        payment.check_at = None;
        work.save_payment(&payment).await?;
        // Money on its way keeps a slot beyond its hold, and this money is not on its way to us.
        if booking.payment_status() == PaymentStatus::Processing
            && let Ok((failed, event)) = booking.payment_failed(self.by.now)
        {
            self.changed(work, failed, event).await?;
        }
        Ok(())
    }

    /// Promises money back. The caller has looked at the books; the store looks again.
    pub(crate) async fn promise(
        &self,
        work: &mut dyn UnitOfWork,
        payment: &Payment,
        amount: Money,
        cause: RefundCause,
        reason: Option<String>,
    ) -> Result<Refund, StoreError> {
        let facts = NewRefund {
            id: (),
            booking: payment.booking,
            payment: payment.id,
            idempotency_key: format!("{}-{}", payment.booking, self.lifecycle.random.hex_id()),
            amount,
            cause,
            reason,
            requested_by: self.by.actor,
            stage: RefundStage::Queued,
            provider_refund_id: None,
            attempts: 0,
            // What was paid outside goes back outside, by hand.
            next_at: (payment.provider != Provider::Offline).then_some(self.by.now),
            last_error: None,
            created_at: self.by.now,
            settled_at: None,
        };
        let id = work.add_refund(&facts).await?;
        Ok(facts.with_id(id))
    }

    /// The provider, or whoever gives the money back by hand, says where a refund stands.
    pub(crate) async fn refund_told(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        mut refund: Refund,
        told: RefundState,
        reference: Option<String>,
    ) -> Result<Booking, StoreError> {
        let now = self.by.now;
        let named = refund.provider_refund_id.is_none() && reference.is_some();
        if named {
            refund.provider_refund_id = reference;
        }
        let step = refund.stage.after(told);
        let Some((stage, line)) = step else {
            if refund.stage == RefundStage::Pending {
                refund.next_at = Some(after(now, ASK_ON_ITS_WAY));
            }
            if named || refund.stage == RefundStage::Pending {
                work.save_refund(&refund).await?;
            }
            return Ok(booking);
        };
        refund.stage = stage;
        refund.next_at = (stage == RefundStage::Pending).then(|| after(now, ASK_ON_ITS_WAY));
        refund.settled_at = (!stage.is_outstanding()).then_some(now);
        if stage != RefundStage::Failed {
            refund.last_error = None;
        }
        work.save_refund(&refund).await?;
        if let Some(kind) = line {
            work.add_ledger_entry(&self.line(&refund, kind)).await?;
        }
        if stage == RefundStage::Failed {
            self.problem(work, ProblemKind::RefundFailed, &Subject::Refund(&refund)).await?;
        }
        let booking = self.follow_books(work, booking).await?;
        // Of money that came too late the client was told at once that it comes back.
        if stage == RefundStage::Succeeded && refund.cause != RefundCause::Unapplied {
            work.enqueue(&[payment_notification(&booking, NotificationKind::Refund, now)]).await?;
        }
        Ok(booking)
    }

    /// Brings the booking's payment status in line with its books.
    pub(crate) async fn follow_books(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
    ) -> Result<Booking, StoreError> {
        let (payments, refunds) = (work.payments_of(booking.id()).await?, work.refunds_of(booking.id()).await?);
        let status: PaymentStatus = books(&booking, &payments, &refunds).status();
        match booking.clone().sync_payment_status(status, self.by.now) {
            Ok((changed, event)) => self.changed(work, changed, event).await,
            Err(_) => Ok(booking),
        }
    }

    /// Writes a problem down that a person has to look at, once.
    pub(crate) async fn problem(
        &self,
        work: &mut dyn UnitOfWork,
        kind: ProblemKind,
        subject: &Subject<'_>,
    ) -> Result<(), StoreError> {
        let (key, booking, payment, refund, reference) = match subject {
            Subject::Payment(payment) => (
                format!("payment:{}:{}", payment.id, kind.as_str()),
                Some(payment.booking),
                Some(payment.id),
                None,
                payment
                    .provider_payment_id
                    .clone()
                    .or_else(|| payment.has_provider_checkout_id().then(|| payment.provider_checkout_id.clone())),
            ),
            Subject::Refund(refund) => (
                format!("refund:{}:{}", refund.id, kind.as_str()),
                Some(refund.booking),
                Some(refund.payment),
                Some(refund.id),
                refund.provider_refund_id.clone(),
            ),
            Subject::Event { reference } => {
                (format!("checkout:{}:{}", reference, kind.as_str()), None, None, None, Some((*reference).to_owned()))
            }
        };
        let at = self.by.now;
        if work
            .add_payment_problem(&NewPaymentProblem {
                id: (),
                key,
                kind,
                booking,
                payment,
                refund,
                provider_reference: reference,
                at,
                resolved_at: None,
            })
            .await?
        {
            if let Some(booking) = booking {
                work.add_audit_entry(&self.note(booking, &format!("payment.{}", kind.as_str()))).await?;
            }
            let booking = booking.map(BookingId::get);
            tracing::error!(booking, kind = kind.as_str(), "a payment needs somebody to look at it");
        }
        Ok(())
    }

    /// Keeps a changed booking, with what its change owes.
    pub(crate) async fn changed(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        event: BookingEvent,
    ) -> Result<Booking, StoreError> {
        work.save_booking(&booking).await?;
        self.lifecycle.follow_up(work, &booking, event, &self.by).await?;
        Ok(booking)
    }

    async fn capture(&self, work: &mut dyn UnitOfWork, payment: &Payment) -> Result<(), StoreError> {
        work.add_ledger_entry(&LedgerEntry {
            at: self.by.now,
            booking: payment.booking,
            payment: payment.id,
            refund: None,
            kind: LedgerKind::Captured,
            amount: payment.amount,
        })
        .await
    }

    fn line(&self, refund: &Refund, kind: LedgerKind) -> LedgerEntry {
        LedgerEntry {
            at: self.by.now,
            booking: refund.booking,
            payment: refund.payment,
            refund: Some(refund.id),
            kind,
            amount: refund.amount,
        }
    }

    fn note(&self, booking: BookingId, action: &str) -> AuditEntry {
        AuditEntry {
            at: self.by.now,
            actor: self.by.actor,
            action: action.to_owned(),
            object: AuditObject::Booking(booking),
            request_id: self.by.request_id.map(str::to_owned),
        }
    }
}

/// What a problem is about.
pub(crate) enum Subject<'a> {
    Payment(&'a Payment),
    Refund(&'a Refund),
    /// Something that the provider tells of and that we know nothing about.
    Event {
        reference: &'a str,
    },
}
