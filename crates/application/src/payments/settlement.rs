//! Records payments and refunds in the payment ledger, and keeps the booking's payment status in line with it.
//!
//! Every function needs the booking's row to be locked ([`attune_ports::Bookings::booking`]), so that no one else moves money
//! of the same booking at the same time.

use attune_domain::booking::ChangeError;
use attune_domain::notification::{NotificationKind, payment_notification, payment_reminder};
use attune_domain::payment::PaymentLedger;
use attune_domain::{Booking, BookingEvent, BookingId, Money};
use attune_ports::{
    AuditObject, LedgerEntry, LedgerKind, NewPayment, NewPaymentProblem, NewRefund, Payment, PaymentState, ProblemKind,
    Provider, Refund, RefundCause, RefundStage, RefundState, StoreError, UnitOfWork,
};
use jiff::{SignedDuration, Timestamp};

use crate::audit::AuditContext;
use crate::lifecycle::BookingLifecycle;

/// How long a refund that the provider is processing is left alone before it is polled.
pub(super) const REFUND_POLL_INTERVAL: SignedDuration = SignedDuration::from_mins(30);

pub(super) fn after(now: Timestamp, duration: SignedDuration) -> Timestamp {
    now.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// Moves money on behalf of a user or of the system.
#[derive(Clone, Copy)]
pub(crate) struct Settlement<'a> {
    pub(crate) lifecycle: &'a BookingLifecycle,
    pub(crate) audit: AuditContext<'a>,
}

/// What a payment problem is about.
pub(super) enum ProblemSubject<'a> {
    Payment(&'a Payment),
    Refund(&'a Refund),
    /// An object of the provider that belongs to no payment of ours.
    ProviderObject(&'a str),
}

/// What is left to pay for a booking: its price, less what was received for it.
pub(crate) fn amount_due(booking: &Booking, payments: &[Payment]) -> Money {
    let price = booking.price();
    let settled = payments.iter().filter(|payment| payment.state == PaymentState::Settled);
    let received: i64 = settled.map(|payment| payment.amount.minor()).sum();
    Money::new(price.minor() - received, price.currency()).unwrap_or(Money::zero(price.currency()))
}

/// The ledger of a booking. Once one of its payments is settled, overpayments do not count: they are being refunded.
pub(crate) fn booking_ledger(booking: &Booking, payments: &[Payment], refunds: &[Refund]) -> PaymentLedger {
    let is_settled = |payment: &&Payment| payment.state == PaymentState::Settled;
    let any_settled = payments.iter().any(|payment| is_settled(&payment));
    let counted = payments.iter().filter(|payment| !any_settled || is_settled(payment));
    counted.fold(PaymentLedger::new(booking.price().currency()), |ledger, payment| add(ledger, payment, refunds))
}

pub(crate) fn payment_ledger(payment: &Payment, refunds: &[Refund]) -> PaymentLedger {
    add(PaymentLedger::new(payment.amount.currency()), payment, refunds)
}

fn add(ledger: PaymentLedger, payment: &Payment, refunds: &[Refund]) -> PaymentLedger {
    let ledger = ledger.with_payment(payment.state, payment.amount);
    let of_payment = refunds.iter().filter(|refund| refund.payment == payment.id);
    of_payment.fold(ledger, |ledger, refund| ledger.with_refund(refund.stage, refund.amount))
}

impl<'a> Settlement<'a> {
    /// Settlement that no user requested.
    pub(super) fn by_system(lifecycle: &'a BookingLifecycle, now: Timestamp) -> Self {
        Self { lifecycle, audit: AuditContext::system(now) }
    }

    /// Saves a payment that was received, and enters it into the ledger.
    pub(super) async fn record_capture(&self, work: &mut dyn UnitOfWork, payment: &Payment) -> Result<(), StoreError> {
        work.save_payment(payment).await?;
        work.add_ledger_entry(&self.capture(payment)).await
    }

    /// Records a payment outside the product, for a booking that was just confirmed, or that it pays for in part.
    pub(crate) async fn record_offline_payment(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        amount: Money,
        method: String,
        memo: Option<String>,
    ) -> Result<(), StoreError> {
        let checkout_id = format!("recorded-{}-{}", booking.id(), self.lifecycle.random.hex_id());
        let new = NewPayment {
            method: Some(method),
            memo,
            recorded_by: self.audit.actor,
            settled_at: Some(self.audit.now),
            ..NewPayment::attempt(
                booking,
                amount,
                Provider::Offline,
                checkout_id,
                PaymentState::Settled,
                self.audit.now,
            )
        };
        let id = work.add_payment(&new).await?;
        work.add_ledger_entry(&self.capture(&new.with_id(id))).await
    }

    /// Keeps the slot of a booking of which a part was paid. A client who was asked to pay online is reminded of the rest.
    pub(super) async fn hold_for_the_rest(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        until: Timestamp,
    ) -> Result<Result<Booking, ChangeError>, StoreError> {
        let now = self.audit.now;
        let (booking, event) = match booking.part_received(until, now) {
            Ok(changed) => changed,
            Err(error) => return Ok(Err(error)),
        };
        let booking = self.save_booking(work, booking, event).await?;
        let emails = work.notifications_of(booking.id()).await?;
        if emails.iter().any(|email| email.content.kind == NotificationKind::PaymentRequest) {
            work.enqueue(payment_reminder(&booking, now).as_slice()).await?;
        }
        Ok(Ok(booking))
    }

    /// Queues a refund. The caller has checked the amount against the ledger; the store checks it again.
    pub(crate) async fn schedule_refund(
        &self,
        work: &mut dyn UnitOfWork,
        payment: &Payment,
        amount: Money,
        cause: RefundCause,
        reason: Option<String>,
    ) -> Result<Refund, StoreError> {
        let new = NewRefund {
            id: (),
            booking: payment.booking,
            payment: payment.id,
            idempotency_key: format!("{}-{}", payment.booking, self.lifecycle.random.hex_id()),
            amount,
            cause,
            reason,
            requested_by: self.audit.actor,
            stage: RefundStage::Queued,
            provider_refund_id: None,
            attempts: 0,
            // Offline payments are refunded by hand.
            next_at: (payment.provider != Provider::Offline).then_some(self.audit.now),
            last_error: None,
            created_at: self.audit.now,
            settled_at: None,
        };
        let id = work.add_refund(&new).await?;
        Ok(new.with_id(id))
    }

    /// Applies what the provider, or the admin who refunds by hand, reports about a refund.
    pub(super) async fn update_refund(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        mut refund: Refund,
        reported: RefundState,
        provider_refund_id: Option<String>,
    ) -> Result<Booking, StoreError> {
        let now = self.audit.now;
        let is_identified = refund.provider_refund_id.is_none() && provider_refund_id.is_some();
        if is_identified {
            refund.provider_refund_id = provider_refund_id;
        }
        let Some((stage, ledger_kind)) = refund.stage.after(reported) else {
            let is_pending = refund.stage == RefundStage::Pending;
            if is_pending {
                refund.next_at = Some(after(now, REFUND_POLL_INTERVAL));
            }
            if is_identified || is_pending {
                work.save_refund(&refund).await?;
            }
            return Ok(booking);
        };
        refund.stage = stage;
        refund.next_at = (stage == RefundStage::Pending).then(|| after(now, REFUND_POLL_INTERVAL));
        refund.settled_at = (!stage.is_outstanding()).then_some(now);
        if stage != RefundStage::Failed {
            refund.last_error = None;
        }
        work.save_refund(&refund).await?;
        if let Some(kind) = ledger_kind {
            let (payment, amount) = (refund.payment, refund.amount);
            let entry =
                LedgerEntry { at: now, booking: refund.booking, payment, refund: Some(refund.id), kind, amount };
            work.add_ledger_entry(&entry).await?;
        }
        if stage == RefundStage::Failed {
            self.add_problem(work, ProblemKind::RefundFailed, &ProblemSubject::Refund(&refund)).await?;
        }
        let booking = self.sync_payment_status(work, booking).await?;
        // The refund of a late payment was announced when the payment arrived.
        if stage == RefundStage::Succeeded && refund.cause != RefundCause::Unapplied {
            self.notify(work, &booking, NotificationKind::Refund).await?;
        }
        Ok(booking)
    }

    /// Brings the booking's payment status in line with its ledger.
    pub(super) async fn sync_payment_status(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
    ) -> Result<Booking, StoreError> {
        let (payments, refunds) = (work.payments_of(booking.id()).await?, work.refunds_of(booking.id()).await?);
        let status = booking_ledger(&booking, &payments, &refunds).status();
        match booking.clone().sync_payment_status(status, self.audit.now) {
            Ok((changed, event)) => self.save_booking(work, changed, event).await,
            Err(_) => Ok(booking),
        }
    }

    /// Lists a problem for review, unless it is listed already.
    pub(super) async fn add_problem(
        &self,
        work: &mut dyn UnitOfWork,
        kind: ProblemKind,
        subject: &ProblemSubject<'_>,
    ) -> Result<(), StoreError> {
        let name = kind.as_str();
        let problem = NewPaymentProblem {
            id: (),
            dedupe_key: String::new(),
            kind,
            booking: None,
            payment: None,
            refund: None,
            provider_reference: None,
            at: self.audit.now,
            resolved_at: None,
        };
        let problem = match *subject {
            ProblemSubject::Payment(payment) => NewPaymentProblem {
                dedupe_key: format!("payment:{}:{name}", payment.id),
                booking: Some(payment.booking),
                payment: Some(payment.id),
                provider_reference: payment
                    .provider_payment_id
                    .clone()
                    .or_else(|| payment.has_provider_checkout_id().then(|| payment.provider_checkout_id.clone())),
                ..problem
            },
            ProblemSubject::Refund(refund) => NewPaymentProblem {
                dedupe_key: format!("refund:{}:{name}", refund.id),
                booking: Some(refund.booking),
                payment: Some(refund.payment),
                refund: Some(refund.id),
                provider_reference: refund.provider_refund_id.clone(),
                ..problem
            },
            ProblemSubject::ProviderObject(id) => NewPaymentProblem {
                dedupe_key: format!("checkout:{id}:{name}"),
                provider_reference: Some(id.to_owned()),
                ..problem
            },
        };
        if work.add_payment_problem(&problem).await? {
            if let Some(booking) = problem.booking {
                let object = AuditObject::Booking(booking);
                self.audit.record(work, &format!("payment.{name}"), object).await?;
                self.notify_of_problem(work, booking).await?;
            }
            tracing::error!(booking = problem.booking.map(BookingId::get), kind = name, "payment needs review");
        }
        Ok(())
    }

    /// Tells the therapist of a booking that one of its payments needs review.
    async fn notify_of_problem(&self, work: &mut dyn UnitOfWork, booking: BookingId) -> Result<(), StoreError> {
        let Some(booking) = work.booking(booking).await? else { return Ok(()) };
        let kind = NotificationKind::TherapistPaymentReview;
        if let Some(notification) = self.lifecycle.for_therapist(work, &booking, kind, &self.audit).await? {
            work.enqueue(&[notification]).await?;
        }
        Ok(())
    }

    /// Saves a changed booking, with the notifications and the audit entry of its change.
    pub(crate) async fn save_booking(
        &self,
        work: &mut dyn UnitOfWork,
        booking: Booking,
        event: BookingEvent,
    ) -> Result<Booking, StoreError> {
        work.save_booking(&booking).await?;
        self.lifecycle.follow_up(work, &booking, event, &self.audit).await?;
        Ok(booking)
    }

    pub(crate) async fn notify(
        &self,
        work: &mut dyn UnitOfWork,
        booking: &Booking,
        kind: NotificationKind,
    ) -> Result<(), StoreError> {
        let mut notifications = vec![payment_notification(booking, kind, self.audit.now)];
        if kind == NotificationKind::Receipt && booking.client() != booking.therapist() {
            let kind = NotificationKind::TherapistPayment;
            notifications.extend(self.lifecycle.for_therapist(work, booking, kind, &self.audit).await?);
        }
        work.enqueue(&notifications).await?;
        Ok(())
    }

    fn capture(&self, payment: &Payment) -> LedgerEntry {
        LedgerEntry {
            at: self.audit.now,
            booking: payment.booking,
            payment: payment.id,
            refund: None,
            kind: LedgerKind::Captured,
            amount: payment.amount,
        }
    }
}
