use attune_domain::booking::PayError;
use attune_domain::notification::NotificationKind;
use attune_domain::payment::RefundError;
use attune_domain::{Booking, BookingId, BookingStatus, Currency, Money, PaymentStatus, Role, User};
use attune_ports::{
    CheckoutState, LedgerKind, PaidCheckout, Payment, PaymentEvent, PaymentState, ProblemKind, Provider, RefundCause,
    RefundStage, RefundState,
};
use jiff::SignedDuration;
use jiff::civil::date;

use super::*;
use crate::RequestMetadata;
use crate::bookings::CreateBookingError;
use crate::fixtures::{TEN, TUESDAY, TestPractice, at, cancel, eur, executed, offline_payment};

/// A client with an unpaid booking, and its open checkout.
async fn held(practice: &TestPractice) -> (User, Booking, Payment) {
    let client = practice.client().await;
    let created = practice.book(&client, TEN).await.unwrap();
    (client, created.booking, created.checkout.unwrap())
}

async fn pay(practice: &TestPractice, payment: &Payment) -> Result<TestCheckoutOutcome, PayTestCheckoutError> {
    practice.pay_test_checkout.run(&payment.provider_checkout_id, &RequestMetadata::default()).await
}

/// The kinds of the enqueued emails about a booking, in order.
async fn emails_about(practice: &TestPractice, booking: &Booking) -> Vec<&'static str> {
    practice.notifications(booking).await.iter().map(|notification| notification.content.kind.as_str()).collect()
}

/// The booking's status and payment status, its payments (oldest first) and refunds, and the balance of its ledger.
async fn summary(practice: &TestPractice, booking: &Booking) -> String {
    let booking = practice.booking(booking.id()).await;
    let payments = practice.queries.payments(booking.id()).await.unwrap();
    let payments: Vec<_> = payments.iter().rev().map(|payment| payment.state).collect();
    let refunds = practice.queries.refunds(booking.id()).await.unwrap();
    let refunds: Vec<_> = refunds.iter().map(|refund| refund.stage).collect();
    let balance = balance(practice, &booking).await;
    format!("{} {} {payments:?} {refunds:?} {balance}", booking.status().as_str(), booking.payment_status().as_str())
}

async fn balance(practice: &TestPractice, booking: &Booking) -> i64 {
    let entries = practice.queries.ledger(booking.id()).await.unwrap();
    entries.iter().map(|entry| entry.kind.signed(entry.amount)).sum()
}

mod test_checkout {
    use super::*;

    #[tokio::test]
    async fn a_payment_confirms_the_booking_once() {
        let practice = TestPractice::paid().await;
        let (_, booking, payment) = held(&practice).await;
        let paid = pay(&practice, &payment).await.unwrap();
        assert_eq!((paid.repeated, paid.state), (false, PaymentState::Settled));
        let confirmed = practice.booking(booking.id()).await;
        assert_eq!(summary(&practice, &booking).await, "scheduled succeeded [Settled] [] 10000");
        assert_eq!(emails_about(&practice, &booking).await, ["meeting_info", "reminder", "reminder", "receipt"]);
        assert!(pay(&practice, &payment).await.unwrap().repeated);
        assert_eq!(practice.booking(booking.id()).await, confirmed, "paying twice changes nothing");
        assert_eq!(emails_about(&practice, &booking).await.len(), 4);
        let ledger = practice.queries.ledger(booking.id()).await.unwrap();
        let entries: Vec<_> = ledger.iter().map(|entry| (entry.kind, entry.amount, entry.at)).collect();
        assert_eq!(entries, [(LedgerKind::Captured, eur(10_000), practice.now())]);
    }

    #[tokio::test]
    async fn an_unknown_checkout_is_not_found() {
        let practice = TestPractice::paid().await;
        let unknown = practice.pay_test_checkout.run("cs_unknown", &RequestMetadata::default()).await;
        assert!(matches!(unknown, Err(PayTestCheckoutError::NotFound)));
    }

    #[tokio::test]
    async fn a_late_payment_claims_a_free_slot_again() {
        let practice = TestPractice::paid().await;
        let (client, booking, payment) = held(&practice).await;
        practice.advance_minutes(16);
        practice.expire_holds.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "expired cancelled [Closed] [] 0");
        pay(&practice, &payment).await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "scheduled succeeded [Settled] [] 10000");

        // A slot whose other hold has expired as well is free.
        let other = practice.book(&client, TUESDAY).await.unwrap();
        practice.advance_minutes(16);
        let third = practice.add("third", Role::Client).await;
        let later = practice.book(&third, TUESDAY).await.unwrap().booking;
        practice.advance_minutes(16);
        pay(&practice, &other.checkout.unwrap()).await.unwrap();
        assert_eq!(practice.booking(other.booking.id()).await.status(), BookingStatus::Scheduled);
        assert_eq!(practice.booking(later.id()).await.status(), BookingStatus::Expired);
    }

    #[tokio::test]
    async fn a_payment_for_a_lost_slot_is_refunded_automatically() {
        let practice = TestPractice::paid().await;
        let (_, booking, payment) = held(&practice).await;
        practice.advance_minutes(16);
        let third = practice.add("third", Role::Client).await;
        practice.book(&third, TEN).await.unwrap();
        assert_eq!(pay(&practice, &payment).await.unwrap().state, PaymentState::Unapplied);
        let refund_pending = "expired refund_pending [Unapplied] [Queued] 10000";
        assert_eq!(summary(&practice, &booking).await, refund_pending);
        assert!(pay(&practice, &payment).await.unwrap().repeated);
        assert_eq!(summary(&practice, &booking).await, refund_pending);
        assert_eq!(emails_about(&practice, &booking).await, ["payment_problem"]);
        assert_eq!(practice.process_refunds.run().await.unwrap(), 1);
        assert_eq!(summary(&practice, &booking).await, "expired refunded [Unapplied] [Succeeded] 0");
        assert_eq!(practice.process_refunds.run().await.unwrap(), 0, "it is refunded once");
        assert_eq!(emails_about(&practice, &booking).await, ["payment_problem"], "the refund was announced");
    }

    #[tokio::test]
    async fn a_payment_after_the_session_began_is_refunded() {
        let practice = TestPractice::paid().await;
        let (_, booking, payment) = held(&practice).await;
        practice.clock.set(at(TEN));
        assert_eq!(pay(&practice, &payment).await.unwrap().state, PaymentState::Unapplied);
        assert_eq!(summary(&practice, &booking).await, "expired refund_pending [Unapplied] [Queued] 10000");
    }
}

#[tokio::test]
async fn an_admin_records_an_offline_payment() {
    let practice = TestPractice::paid().await;
    let (_, booking, payment) = held(&practice).await;
    let admin = practice.add("second", Role::Admin).await;
    let memo = || Some("receipt 7".into());
    let command = |amount| RecordOfflineCommand { admin: admin.id, amount, memo: memo(), ..offline_payment(&booking) };
    for wrong in [10_001, 0] {
        let refused = practice.record_offline.run(command(Some(eur(wrong)))).await;
        assert!(matches!(refused, Err(RecordOfflineError::Amount { left }) if left == booking.price()));
    }
    let confirmed = executed(practice.record_offline.run(command(Some(booking.price()))).await.unwrap());
    assert_eq!(confirmed, practice.booking(booking.id()).await);
    assert_eq!(summary(&practice, &booking).await, "scheduled succeeded [Closed, Settled] [] 10000");
    let payments = practice.queries.payments(booking.id()).await.unwrap();
    assert_eq!(payments[0].provider, Provider::Offline);
    assert_eq!((payments[0].recorded_by, payments[0].memo.as_deref()), (Some(admin.id), Some("receipt 7")));
    assert_eq!(payments[1].id, payment.id);
    let twice = practice.record_offline.run(command(None)).await;
    assert!(matches!(twice, Err(RecordOfflineError::NotPayable(PayError::AlreadyPaid))));
    assert_eq!(emails_about(&practice, &booking).await, ["meeting_info", "reminder", "reminder", "receipt"]);
}

#[tokio::test]
async fn only_the_client_opens_a_checkout_and_only_while_it_can_be_paid() {
    let practice = TestPractice::paid().await;
    let (client, booking, payment) = held(&practice).await;
    let other = practice.add("other", Role::Client).await;
    let checkout = &practice.open_checkout;
    assert!(matches!(checkout.run(booking.id(), other.id).await, Err(OpenCheckoutError::Forbidden)));
    assert!(matches!(checkout.run(BookingId::new(99).unwrap(), client.id).await, Err(OpenCheckoutError::NotFound)));
    let repeated = checkout.run(booking.id(), client.id).await.unwrap();
    assert_eq!(repeated, payment, "a repeated request returns the same checkout");
    practice.advance_minutes(15);
    let late = checkout.run(booking.id(), client.id).await;
    assert!(matches!(late, Err(OpenCheckoutError::NotPayable(PayError::HoldExpired))));

    let (practice, client, booking) = crate::fixtures::booked().await;
    let nothing_due = practice.open_checkout.run(booking.id(), client.id).await;
    assert!(matches!(nothing_due, Err(OpenCheckoutError::NotPayable(PayError::NotRequired))));
}

#[tokio::test]
async fn a_client_is_referred_to_their_own_hold() {
    let practice = TestPractice::paid().await;
    let (client, booking, _) = held(&practice).await;
    for start in [TEN, "2024-01-15T10:30:00Z"] {
        let again = practice.book(&client, start).await;
        let Err(CreateBookingError::HoldExists { booking: own }) = again else { panic!("{start}: {again:?}") };
        assert_eq!(own, booking.id(), "{start}");
    }
    let other = practice.add("other", Role::Client).await;
    assert!(matches!(practice.book(&other, TEN).await, Err(CreateBookingError::SlotTaken)));
}

mod online {
    use attune_ports::PaymentEventKind as Kind;

    use super::WebhookOutcome as Outcome;
    use super::*;

    fn event(id: &str, kind: Kind, payment: &Payment) -> PaymentEvent {
        PaymentEvent {
            id: id.to_owned(),
            at: at(crate::fixtures::NOW),
            live: false,
            kind,
            object_id: Some(payment.provider_checkout_id.clone()),
            amount: Some(payment.amount),
            booking: Some(payment.booking),
            provider_payment_id: Some(format!("pi_{}", payment.provider_checkout_id)),
            refund_idempotency_key: None,
        }
    }

    async fn handle(practice: &TestPractice, event: &PaymentEvent) -> Outcome {
        practice.webhook().run(event, &RequestMetadata::default()).await.unwrap()
    }

    async fn problems(practice: &TestPractice) -> Vec<ProblemKind> {
        practice.queries.payment_problems(None, 10).await.unwrap().iter().map(|problem| problem.kind).collect()
    }

    async fn states(practice: &TestPractice, booking: BookingId) -> Vec<PaymentState> {
        practice.queries.payments(booking).await.unwrap().iter().map(|payment| payment.state).collect()
    }

    async fn held() -> (TestPractice, User, Booking, Payment) {
        let practice = TestPractice::online().await;
        let (client, booking, payment) = super::held(&practice).await;
        (practice, client, booking, payment)
    }

    async fn paid() -> (TestPractice, User, Booking, Payment) {
        let (practice, client, booking, payment) = held().await;
        practice.gateway.pay(&payment);
        assert_eq!(handle(&practice, &event("evt_1", Kind::CheckoutPaid, &payment)).await, Outcome::Applied);
        (practice, client, booking, payment)
    }

    #[tokio::test]
    async fn an_unanswered_request_for_a_checkout_is_repeated_unchanged() {
        let practice = TestPractice::online().await;
        practice.gateway.set_down(true);
        let client = practice.client().await;
        let created = practice.book(&client, TEN).await.unwrap();
        assert!(created.checkout.is_none(), "the booking does not depend on the provider");
        let id = created.booking.id();
        let stored = practice.queries.payments(id).await.unwrap();
        let [begun] = stored.as_slice() else { panic!("{stored:?}") };
        assert_eq!((begun.state, begun.has_provider_checkout_id()), (PaymentState::Opening, false));
        practice.gateway.set_down(false);
        let opened = practice.open_checkout.run(id, client.id).await.unwrap();
        assert_eq!((opened.id, opened.checkout_nonce), (begun.id, begun.checkout_nonce));
        assert_eq!(practice.gateway.checkouts.lock().unwrap().len(), 1);
        assert!(opened.checkout_url.is_some());

        // After a minute without an answer the client gets another checkout, and reconciliation expires the first.
        practice.gateway.set_down(true);
        let second = practice.book(&client, TUESDAY).await.unwrap().booking.id();
        practice.clock.advance(SignedDuration::from_secs(61));
        practice.gateway.set_down(false);
        let fresh = practice.open_checkout.run(second, client.id).await.unwrap();
        practice.advance_minutes(1);
        practice.reconcile.run().await.unwrap();
        assert_eq!(states(&practice, second).await, [PaymentState::Open, PaymentState::Closed]);
        let all = practice.queries.payments(second).await.unwrap();
        assert_eq!(all[0].id, fresh.id);
        assert_eq!(practice.gateway.checkout(&all[1]), CheckoutState::Expired);
    }

    #[tokio::test]
    async fn a_repeated_request_that_is_refused_is_replaced() {
        let practice = TestPractice::online().await;
        practice.gateway.set_down(true);
        let client = practice.client().await;
        let id = practice.book(&client, TEN).await.unwrap().booking.id();
        practice.gateway.set_down(false);
        // The practice changed its return URL, so the stored request is refused.
        *practice.gateway.refused_nonce.lock().unwrap() =
            practice.queries.payments(id).await.unwrap()[0].checkout_nonce;
        let opened = practice.open_checkout.run(id, client.id).await.unwrap();
        assert_eq!(opened.state, PaymentState::Open);
        assert_eq!(states(&practice, id).await, [PaymentState::Open, PaymentState::Closed]);
    }

    #[tokio::test]
    async fn a_hold_is_released_only_after_the_provider_answered() {
        let (practice, _, booking, payment) = held().await;
        practice.advance_minutes(16);
        practice.gateway.set_down(true);
        for _ in 0..3 {
            assert_eq!(practice.expire_holds.run().await.unwrap(), 0);
            practice.reconcile.run().await.unwrap();
        }
        let unreleased = "pending_payment pending [Closing] [] 0";
        assert_eq!(summary(&practice, &booking).await, unreleased, "the client may have paid");
        practice.gateway.set_down(false);
        practice.advance_minutes(1);
        practice.reconcile.run().await.unwrap();
        assert_eq!(practice.gateway.checkout(&payment), CheckoutState::Expired);
        assert_eq!(practice.expire_holds.run().await.unwrap(), 1);
        assert_eq!(summary(&practice, &booking).await, "expired cancelled [Closed] [] 0");
    }

    #[tokio::test]
    async fn a_payment_in_the_last_second_keeps_the_slot_without_a_webhook() {
        let (practice, _, booking, payment) = held().await;
        practice.gateway.pay(&payment);
        practice.advance_minutes(16);
        let other = practice.add("other", Role::Client).await;
        let refused = practice.book(&other, TEN).await;
        assert!(matches!(refused, Err(CreateBookingError::SlotTaken)), "the provider was queried first");
        assert_eq!(summary(&practice, &booking).await, "scheduled succeeded [Settled] [] 10000");
    }

    #[tokio::test]
    async fn the_checkout_of_an_expired_hold_is_expired_at_the_provider_when_its_slot_is_booked() {
        let (practice, _, booking, payment) = held().await;
        practice.advance_minutes(16);
        let other = practice.add("other", Role::Client).await;
        let second = practice.book(&other, TEN).await.unwrap().booking;
        assert_eq!(second.status(), BookingStatus::PendingPayment);
        assert_eq!(practice.gateway.checkout(&payment), CheckoutState::Expired);
        assert_eq!(practice.booking(booking.id()).await.status(), BookingStatus::Expired);
        // The same holds for the client's own expired hold.
        practice.advance_minutes(16);
        assert_ne!(practice.book(&other, TEN).await.unwrap().booking.id(), second.id());
    }

    #[tokio::test]
    async fn a_payment_that_is_being_processed_keeps_the_slot() {
        let (practice, client, booking, payment) = held().await;
        practice.gateway.set(&payment, CheckoutState::Processing);
        assert_eq!(handle(&practice, &event("evt_1", Kind::CheckoutProcessing, &payment)).await, Outcome::Applied);
        practice.advance_minutes(60);
        assert_eq!(practice.expire_holds.run().await.unwrap(), 0);
        practice.reconcile.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "pending_payment processing [Processing] [] 0");
        let next_poll = practice.queries.payments(booking.id()).await.unwrap()[0].check_at;
        assert_eq!(next_poll, Some(practice.now() + SignedDuration::from_mins(30)));
        assert_eq!(emails_about(&practice, &booking).await, [""; 0], "there is no problem yet");
        let again = practice.open_checkout.run(booking.id(), client.id).await;
        assert!(matches!(again, Err(OpenCheckoutError::Processing)), "{again:?}");
        practice.gateway.set(&payment, CheckoutState::Failed);
        assert_eq!(handle(&practice, &event("evt_2", Kind::ProcessingFailed, &payment)).await, Outcome::Applied);
        assert_eq!(summary(&practice, &booking).await, "pending_payment failed [Closed] [] 0");
        assert_eq!(emails_about(&practice, &booking).await, ["payment_problem"]);
        practice.expire_holds.run().await.unwrap();
        assert_eq!(practice.booking(booking.id()).await.status(), BookingStatus::Expired);
    }

    #[tokio::test]
    async fn reconciliation_finds_a_payment_without_a_webhook() {
        let (practice, _, booking, payment) = held().await;
        practice.gateway.pay(&payment);
        for (minutes, status, why) in [
            (0, BookingStatus::PendingPayment, "not due for polling yet"),
            (6, BookingStatus::Scheduled, "due for polling"),
        ] {
            practice.advance_minutes(minutes);
            practice.reconcile.run().await.unwrap();
            assert_eq!(practice.booking(booking.id()).await.status(), status, "{why}");
        }
        assert_eq!(handle(&practice, &event("evt_1", Kind::CheckoutPaid, &payment)).await, Outcome::Applied);
        assert_eq!(balance(&practice, &booking).await, 10_000, "the webhook arrived late and changed nothing");
    }

    #[tokio::test]
    async fn a_webhook_that_does_not_match_needs_review() {
        let (practice, _, booking, payment) = held().await;
        let good = event("evt_1", Kind::CheckoutPaid, &payment);
        let dollars = Money::new(10_000, Currency::parse("USD").unwrap()).unwrap();
        let other = BookingId::new(77);
        let cases = [
            (PaymentEvent { amount: Some(eur(9_999)), ..good.clone() }, ProblemKind::WrongAmount),
            (PaymentEvent { amount: Some(dollars), ..good.clone() }, ProblemKind::WrongCurrency),
            (PaymentEvent { live: true, ..good.clone() }, ProblemKind::WrongMode),
            (PaymentEvent { booking: other, ..good.clone() }, ProblemKind::WrongBooking),
            (
                PaymentEvent { object_id: Some("cs_x".into()), booking: other, ..good.clone() },
                ProblemKind::UnknownBooking,
            ),
        ];
        for (number, (wrong, kind)) in cases.into_iter().enumerate() {
            let wrong = PaymentEvent { id: format!("evt_wrong_{number}"), ..wrong };
            assert_eq!(handle(&practice, &wrong).await, Outcome::NeedsReview, "{kind:?}");
            assert_eq!(problems(&practice).await.last(), Some(&kind));
            assert_eq!(handle(&practice, &wrong).await, Outcome::Duplicate, "{kind:?}");
            assert_eq!(summary(&practice, &booking).await, "pending_payment pending [Open] [] 0", "{kind:?}");
        }
        let foreign =
            PaymentEvent { id: "evt_f".into(), object_id: Some("cs_y".into()), booking: None, ..good.clone() };
        assert_eq!(handle(&practice, &foreign).await, Outcome::Ignored, "another shop with the same account");
        assert_eq!(handle(&practice, &good).await, Outcome::Applied, "the genuine event is still applied");
        assert_eq!(practice.booking(booking.id()).await.status(), BookingStatus::Scheduled);

        let admin = practice.therapist().await.id;
        let open = practice.queries.payment_problems(None, 10).await.unwrap();
        assert_eq!(open.len(), 5);
        let metadata = RequestMetadata::default();
        let resolve = || practice.resolve_problem.run(open[0].id, admin, &metadata);
        resolve().await.unwrap();
        assert_eq!(problems(&practice).await.len(), 4);
        assert!(matches!(resolve().await, Err(ResolveProblemError::NotFound)));
    }

    #[tokio::test]
    async fn event_ids_are_purged_after_the_provider_stopped_sending_them() {
        let (practice, _, booking, payment) = paid().await;
        let paid = event("evt_1", Kind::CheckoutPaid, &payment);
        practice.clock.advance(SignedDuration::from_hours(30 * 24));
        assert_eq!(practice.purge.run().await.unwrap(), 0);
        assert_eq!(handle(&practice, &paid).await, Outcome::Duplicate);
        practice.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(practice.purge.run().await.unwrap(), 1);
        assert_eq!(handle(&practice, &paid).await, Outcome::Applied, "it changes nothing");
        assert_eq!(balance(&practice, &booking).await, 10_000);
    }

    #[tokio::test]
    async fn a_reconciled_payment_that_does_not_match_needs_review() {
        let (practice, _, booking, payment) = held().await;
        let paid = practice.gateway.pay(&payment);
        practice.gateway.set(&payment, CheckoutState::Paid(PaidCheckout { amount: eur(1), ..paid }));
        practice.advance_minutes(16);
        practice.expire_holds.run().await.unwrap();
        practice.reconcile.run().await.unwrap();
        practice.expire_holds.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "expired cancelled [Closed] [] 0");
        assert_eq!(problems(&practice).await, [ProblemKind::WrongAmount]);
        assert_eq!(emails_about(&practice, &booking).await, [""; 0]);
    }

    #[tokio::test]
    async fn a_processed_payment_that_does_not_match_releases_its_slot() {
        let (practice, _, booking, payment) = held().await;
        assert_eq!(handle(&practice, &event("evt_1", Kind::CheckoutProcessing, &payment)).await, Outcome::Applied);
        let paid = practice.gateway.pay(&payment);
        practice.gateway.set(&payment, CheckoutState::Paid(PaidCheckout { amount: eur(1), ..paid }));
        practice.advance_minutes(60);
        practice.reconcile.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "pending_payment failed [Closed] [] 0");
        practice.expire_holds.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "expired cancelled [Closed] [] 0");
    }

    #[tokio::test]
    async fn a_later_report_of_a_recorded_payment_needs_no_review() {
        let (practice, _, booking, payment) = paid().await;
        let differing = PaymentEvent { amount: Some(eur(1)), ..event("evt_2", Kind::CheckoutPaid, &payment) };
        assert_eq!(handle(&practice, &differing).await, Outcome::Applied, "it changes nothing");
        assert_eq!(problems(&practice).await, []);
        assert_eq!(summary(&practice, &booking).await, "scheduled succeeded [Settled] [] 10000");
    }

    #[tokio::test]
    async fn a_cancelled_booking_is_refunded_once() {
        let (practice, client, booking, _) = paid().await;
        practice.change(&client, &booking, cancel()).await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "cancelled refund_pending [Settled] [Queued] 10000");
        practice.gateway.set_down(true);
        practice.process_refunds.run().await.unwrap();
        let waiting = practice.queries.refunds(booking.id()).await.unwrap().remove(0);
        assert_eq!((waiting.attempts, waiting.last_error.as_deref()), (1, Some("unavailable")));
        assert_eq!(practice.process_refunds.run().await.unwrap(), 0, "it is not due yet");
        practice.gateway.set_down(false);
        practice.gateway.set_new_refunds(Some(RefundState::Pending));
        practice.clock.advance(SignedDuration::from_secs(31));
        practice.process_refunds.run().await.unwrap();
        let processing = practice.queries.refunds(booking.id()).await.unwrap().remove(0);
        assert_eq!((processing.stage, processing.provider_refund_id.is_some()), (RefundStage::Pending, true));
        practice.gateway.complete_refunds();
        practice.advance_minutes(31);
        practice.process_refunds.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "cancelled refunded [Settled] [Succeeded] 0");
        assert_eq!(practice.gateway.refunds.lock().unwrap().len(), 1);
        assert!(emails_about(&practice, &booking).await.ends_with(&["cancelled", "refund"]));
    }

    async fn refund(
        practice: &TestPractice,
        booking: &Booking,
        amount: Option<Money>,
    ) -> Result<Booking, RefundPaymentError> {
        let command = RefundPaymentCommand {
            admin: booking.therapist(),
            booking: booking.id(),
            payment: None,
            amount,
            reason: Some("goodwill".into()),
            metadata: RequestMetadata::default(),
            idempotency: None,
        };
        practice.refund.run(command).await.map(executed)
    }

    #[tokio::test]
    async fn an_admin_refunds_in_part_and_never_more_than_is_left() {
        let (practice, client, booking, _) = paid().await;
        let too_much = refund(&practice, &booking, Some(eur(10_001))).await;
        let left = RefundError::ExceedsRefundable { refundable: eur(10_000) };
        assert!(matches!(too_much, Err(RefundPaymentError::NotRefundable(error)) if error == left));
        let scheduled = refund(&practice, &booking, Some(eur(4_000))).await.unwrap();
        assert_eq!(scheduled, practice.booking(booking.id()).await);
        assert_eq!(summary(&practice, &booking).await, "scheduled refund_pending [Settled] [Queued] 10000");
        let twice = refund(&practice, &booking, Some(eur(1))).await;
        assert!(matches!(twice, Err(RefundPaymentError::InProgress)));
        practice.process_refunds.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "scheduled partially_refunded [Settled] [Succeeded] 6000");
        let (_, quote) = practice.change_booking.quote(client.id, client.role, booking.id()).await.unwrap();
        assert_eq!(quote.refund, eur(6_000), "the earlier refund is subtracted");
        practice.change(&client, &booking, cancel()).await.unwrap();
        practice.process_refunds.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "cancelled refunded [Settled] [Succeeded, Succeeded] 0");
        let nothing = refund(&practice, &booking, None).await;
        assert!(matches!(nothing, Err(RefundPaymentError::NotRefundable(RefundError::NothingToRefund))));
    }

    #[tokio::test]
    async fn a_cancellation_during_a_refund_refunds_the_rest_afterwards() {
        let (practice, client, booking, _) = paid().await;
        practice.gateway.set_new_refunds(Some(RefundState::Pending));
        refund(&practice, &booking, Some(eur(4_000))).await.unwrap();
        practice.process_refunds.run().await.unwrap();
        practice.change(&client, &booking, cancel()).await.unwrap();
        practice.process_refunds.run().await.unwrap();
        assert_eq!(practice.gateway.refunds.lock().unwrap().len(), 1, "one refund at a time");
        practice.gateway.set_new_refunds(Some(RefundState::Succeeded));
        practice.gateway.complete_refunds();
        for _ in 0..3 {
            practice.advance_minutes(31);
            practice.process_refunds.run().await.unwrap();
        }
        assert_eq!(summary(&practice, &booking).await, "cancelled refunded [Settled] [Succeeded, Succeeded] 0");
    }

    #[tokio::test]
    async fn a_failed_refund_needs_review_and_can_be_retried() {
        let (practice, client, booking, payment) = paid().await;
        practice.gateway.set_new_refunds(None);
        practice.change(&client, &booking, cancel()).await.unwrap();
        practice.process_refunds.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "cancelled succeeded [Settled] [Failed] 10000");
        assert_eq!(problems(&practice).await, [ProblemKind::RefundFailed]);
        practice.gateway.set_new_refunds(Some(RefundState::Succeeded));
        refund(&practice, &booking, None).await.unwrap();
        assert_eq!(problems(&practice).await, []);
        practice.process_refunds.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "cancelled refunded [Settled] [Retried, Succeeded] 0");

        // The client's bank can return a refund that had succeeded.
        let refund = practice.queries.refunds(booking.id()).await.unwrap().remove(1);
        let failed = PaymentEvent {
            object_id: refund.provider_refund_id,
            provider_payment_id: None,
            refund_idempotency_key: Some(refund.idempotency_key),
            ..event("evt_back", Kind::RefundChanged(RefundState::Failed), &payment)
        };
        assert_eq!(handle(&practice, &failed).await, Outcome::Applied);
        assert_eq!(summary(&practice, &booking).await, "cancelled succeeded [Settled] [Retried, Failed] 10000");
        assert_eq!(problems(&practice).await, [ProblemKind::RefundFailed]);
    }

    #[tokio::test]
    async fn a_refund_in_the_providers_dashboard_is_recorded() {
        let (practice, _, booking, payment) = paid().await;
        let in_dashboard = |id: &str, amount, state| PaymentEvent {
            object_id: Some("re_dashboard".into()),
            amount: Some(amount),
            booking: None,
            ..event(id, Kind::RefundChanged(state), &payment)
        };
        for (id, state) in [("evt_2", RefundState::Succeeded), ("evt_3", RefundState::Pending)] {
            assert_eq!(handle(&practice, &in_dashboard(id, eur(2_500), state)).await, Outcome::Applied, "{state:?}");
        }
        assert_eq!(summary(&practice, &booking).await, "scheduled partially_refunded [Settled] [Succeeded] 7500");
        assert_eq!(practice.queries.refunds(booking.id()).await.unwrap()[0].cause, RefundCause::External);
        assert!(emails_about(&practice, &booking).await.ends_with(&["refund"]));
        let early = PaymentEvent {
            object_id: Some("re_other".into()),
            provider_payment_id: Some("pi_unknown".into()),
            ..in_dashboard("evt_4", eur(1), RefundState::Succeeded)
        };
        assert!(matches!(
            practice.webhook().run(&early, &RequestMetadata::default()).await,
            Err(HandlePaymentWebhookError::OutOfOrder)
        ));
        practice.advance_minutes(61);
        assert_eq!(handle(&practice, &early).await, Outcome::Ignored, "it belongs to another shop");
    }

    #[tokio::test]
    async fn an_overpayment_is_refunded_and_leaves_the_booking_alone() {
        let (practice, _, booking, payment) = held().await;
        practice.record_offline.run(offline_payment(&booking)).await.unwrap();
        practice.gateway.pay(&payment);
        practice.reconcile.run().await.unwrap();
        practice.process_refunds.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "scheduled succeeded [Unapplied, Settled] [Succeeded] 10000");
        assert!(emails_about(&practice, &booking).await.ends_with(&["receipt", "payment_problem"]));
        let sent = practice.delivered().await;
        let problem = sent.iter().find(|email| email.kind == NotificationKind::PaymentProblem).unwrap();
        assert_eq!(problem.payment, Some(attune_ports::PaymentDetails::RefundScheduled { amount: eur(10_000) }));
    }

    #[tokio::test]
    async fn an_offline_payment_is_refunded_by_hand() {
        let (practice, client, booking, _) = held().await;
        practice.record_offline.run(offline_payment(&booking)).await.unwrap();
        practice.change(&client, &booking, cancel()).await.unwrap();
        assert_eq!(practice.process_refunds.run().await.unwrap(), 0, "no provider can refund it");
        let another = refund(&practice, &booking, Some(eur(1))).await;
        assert!(matches!(another, Err(RefundPaymentError::InProgress)));
        let refunded = refund(&practice, &booking, None).await.unwrap();
        assert_eq!(refunded.payment_status(), PaymentStatus::Refunded);
        assert_eq!(balance(&practice, &booking).await, 0);
    }
}

#[tokio::test]
async fn the_report_sums_the_days_of_the_practices_time_zone() {
    let practice = TestPractice::paid().await;
    let client = practice.client().await;
    // Half an hour before and after midnight in Berlin, in two months.
    for (when, start, is_refunded) in [
        ("2024-01-31T22:30:00Z", "2024-02-05T10:00:00Z", false),
        ("2024-01-31T23:30:00Z", "2024-02-06T10:00:00Z", true),
    ] {
        practice.clock.set(at(when));
        let created = practice.book(&client, start).await.unwrap();
        pay(&practice, &created.checkout.unwrap()).await.unwrap();
        if is_refunded {
            practice.change(&client, &created.booking, cancel()).await.unwrap();
            practice.process_refunds.run().await.unwrap();
        }
    }
    let zone = practice.practice.zone().await.unwrap();
    let (january, february) = (date(2024, 1, 31), date(2024, 2, 1));
    let days = practice.revenue.run(&zone, january, february, Period::Day).await.unwrap();
    let fields =
        |line: &RevenueLine| (line.from, line.received, line.refunded, line.net(), line.payments, line.refunds);
    assert_eq!(
        days.iter().map(fields).collect::<Vec<_>>(),
        [(january, 10_000, 0, 10_000, 1, 0), (february, 10_000, 10_000, 0, 1, 1)]
    );
    let months = practice.revenue.run(&zone, date(2024, 1, 5), february, Period::Month).await.unwrap();
    assert_eq!(months.iter().map(|line| line.from).collect::<Vec<_>>(), [date(2024, 1, 1), february]);
    assert_eq!(practice.revenue.run(&zone, february, february, Period::Day).await.unwrap().len(), 1);
    let backwards = practice.revenue.run(&zone, date(2024, 2, 2), february, Period::Day).await;
    assert!(matches!(backwards, Err(RevenueError::Backwards)));
    for (first, last, period, lines) in [
        (date(2024, 1, 1), date(2024, 12, 31), Period::Day, Some(2)),
        (date(2024, 1, 1), date(2025, 1, 1), Period::Day, None),
        (date(2020, 1, 1), date(2024, 12, 31), Period::Month, Some(2)),
        (date(2019, 12, 31), date(2024, 12, 31), Period::Month, None),
    ] {
        match (practice.revenue.run(&zone, first, last, period).await, lines) {
            (Ok(found), Some(lines)) => assert_eq!(found.len(), lines, "{first} to {last}"),
            (Err(RevenueError::TooLong), None) => {}
            (found, _) => panic!("{first} to {last} by {period:?}: {found:?}"),
        }
    }
}

mod parts {
    use super::*;

    async fn part(practice: &TestPractice, booking: &Booking, cents: i64) -> Result<Booking, RecordOfflineError> {
        let command = RecordOfflineCommand { amount: Some(eur(cents)), ..offline_payment(booking) };
        practice.record_offline.run(command).await.map(executed)
    }

    async fn kinds(practice: &TestPractice) -> Vec<&'static str> {
        practice.delivered().await.iter().map(|email| email.kind.as_str()).collect()
    }

    #[tokio::test]
    async fn parts_add_up_to_the_price() {
        let practice = TestPractice::offline().await;
        let client = practice.client().await;
        let booking = practice.book(&client, "2024-01-20T10:00:00Z").await.unwrap().booking;
        let held = part(&practice, &booking, 4_000).await.unwrap();
        assert_eq!(held.hold_expires_at(), Some(at("2024-01-20T10:00:00Z")), "it lasts until the start");
        assert_eq!(summary(&practice, &booking).await, "pending_payment pending [Closed, Settled] [] 4000");
        let refused = part(&practice, &booking, 6_001).await;
        assert!(matches!(refused, Err(RecordOfflineError::Amount { left }) if left == eur(6_000)));
        practice.advance_minutes(1);
        part(&practice, &booking, 1_000).await.unwrap();
        practice.advance_minutes(1);
        let sent = practice.delivered().await;
        let left = |email: &attune_ports::Email| match email.payment {
            Some(attune_ports::PaymentDetails::Received { amount, left, .. }) => {
                Some((amount.minor(), left.map(|left| left.amount.minor())))
            }
            _ => None,
        };
        let receipts: Vec<_> = sent.iter().filter_map(left).collect();
        assert_eq!(receipts, [(4_000, Some(6_000)), (1_000, Some(5_000))]);
        practice.record_offline.run(offline_payment(&booking)).await.unwrap();
        assert_eq!(
            summary(&practice, &booking).await,
            "scheduled succeeded [Closed, Settled, Settled, Settled] [] 10000"
        );
        let receipts: Vec<_> = practice.delivered().await.iter().filter_map(left).collect();
        assert_eq!(receipts.last(), Some(&(5_000, None)));
        // A cancellation returns all parts.
        practice.change(&client, &booking, cancel()).await.unwrap();
        let refunds = practice.queries.refunds(booking.id()).await.unwrap();
        assert_eq!(refunds.iter().map(|refund| refund.amount.minor()).sum::<i64>(), 10_000);
        assert_eq!(refunds.len(), 3);
    }

    #[tokio::test]
    async fn a_hold_that_ends_returns_its_parts() {
        let practice = TestPractice::offline().await;
        let client = practice.client().await;
        let expiring = practice.book(&client, "2024-01-20T10:00:00Z").await.unwrap().booking;
        let cancelled = practice.book(&client, "2024-01-21T10:00:00Z").await.unwrap().booking;
        for booking in [&expiring, &cancelled] {
            practice.delivered().await;
            part(&practice, booking, 4_000).await.unwrap();
        }
        let (_, quote) = practice.change_booking.quote(client.id, client.role, cancelled.id()).await.unwrap();
        assert_eq!((quote.late, quote.refund, quote.fee), (false, eur(4_000), eur(0)));
        practice.change(&client, &cancelled, cancel()).await.unwrap();
        assert_eq!(summary(&practice, &cancelled).await, "cancelled refund_pending [Closed, Settled] [Queued] 4000");
        practice.clock.set(at("2024-01-20T10:00:00Z"));
        practice.expire_holds.run().await.unwrap();
        assert_eq!(summary(&practice, &expiring).await, "expired refund_pending [Closed, Unapplied] [Queued] 4000");
        let last = practice.delivered().await;
        let received = |email: &&attune_ports::Email| {
            matches!(email.payment, Some(attune_ports::PaymentDetails::NotReceived { received: Some(part), .. })
                if part == eur(4_000))
        };
        let ends: Vec<_> = last.iter().filter(received).map(|email| email.kind.as_str()).collect();
        assert_eq!(ends, ["cancelled", "hold_expired"]);
        // An admin returns the money by hand.
        for booking in [&expiring, &cancelled] {
            let admin = practice.therapist().await.id;
            let (payment, amount, reason, idempotency) = (None, None, None, None);
            let metadata = RequestMetadata::default();
            let id = booking.id();
            let command = RefundPaymentCommand { admin, booking: id, payment, amount, reason, metadata, idempotency };
            practice.refund.run(command).await.unwrap();
            assert!(summary(&practice, booking).await.contains(" refunded "), "{}", summary(&practice, booking).await);
            assert_eq!(balance(&practice, booking).await, 0);
        }
    }

    #[tokio::test]
    async fn a_part_closes_the_checkout_and_the_next_one_is_for_the_rest() {
        let practice = TestPractice::online().await;
        let (client, booking, full) = held(&practice).await;
        part(&practice, &booking, 4_000).await.unwrap();
        practice.reconcile.run().await.unwrap();
        assert_eq!(practice.gateway.checkout(&full), CheckoutState::Expired);
        let rest = practice.open_checkout.run(booking.id(), client.id).await.unwrap();
        assert_eq!(rest.amount, eur(6_000));
        practice.gateway.pay(&rest);
        practice.advance_minutes(6);
        practice.reconcile.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "scheduled succeeded [Closed, Settled, Settled] [] 10000");
        assert_eq!(kinds(&practice).await.iter().filter(|kind| **kind == "receipt").count(), 2);
    }

    #[tokio::test]
    async fn what_a_client_pays_on_top_of_a_part_is_refunded() {
        let practice = TestPractice::online().await;
        let (_, booking, full) = held(&practice).await;
        // The client pays the price in the moment in which a part is recorded.
        practice.gateway.pay(&full);
        part(&practice, &booking, 4_000).await.unwrap();
        practice.reconcile.run().await.unwrap();
        assert_eq!(summary(&practice, &booking).await, "scheduled refund_pending [Settled, Settled] [Queued] 14000");
        practice.process_refunds.run().await.unwrap();
        assert_eq!(balance(&practice, &booking).await, 10_000);
        assert_eq!(practice.booking(booking.id()).await.payment_status(), PaymentStatus::PartiallyRefunded);
    }
}
