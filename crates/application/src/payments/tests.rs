use attune_domain::booking::PayError;
use attune_domain::notification::NotificationKind;
use attune_domain::payment::RefundError;
use attune_domain::{Booking, BookingId, BookingStatus, Currency, Money, PaymentStatus, Role, User, UserId};
use attune_ports::{
    CheckoutState, Clock, LedgerKind, Payment, PaymentEvent, PaymentState, ProblemKind, Provider, Refund, RefundCause,
    RefundStage, RefundState,
};
use jiff::SignedDuration;
use jiff::civil::date;
use jiff::tz::TimeZone;

use super::*;
use crate::RequestMetadata;
use crate::bookings::{Change, ChangeBookingCommand, CreateBookingError};
use crate::fixtures::{OnlineGateway, World, at, now};

const TEN: &str = "2024-01-15T10:00:00Z";

async fn held(world: &World) -> (User, Booking, Payment) {
    let client = world.client().await;
    let created = world.book(&client, TEN).await.unwrap();
    (client, created.booking, created.checkout.unwrap())
}

async fn pay(world: &World, payment: &Payment) -> Result<TestCheckoutOutcome, PayTestCheckoutError> {
    world.pay_test_checkout.run(&payment.provider_checkout_id, &RequestMetadata::default()).await
}

/// The kinds of the enqueued emails about a booking, in order.
async fn notifications_for(world: &World, booking: &Booking) -> Vec<&'static str> {
    world
        .queries
        .notices(booking.id())
        .await
        .unwrap()
        .iter()
        .map(|notification| notification.content.kind.as_str())
        .collect()
}

/// The booking's status and payment status, its payments (oldest first) and refunds, and the balance of its ledger.
async fn summary(world: &World, booking: &Booking) -> String {
    let booking = world.booking(booking.id()).await;
    let payments = world.queries.payments(booking.id()).await.unwrap();
    let payments: Vec<_> = payments.iter().rev().map(|payment| payment.state).collect();
    let refunds = world.queries.refunds(booking.id()).await.unwrap();
    let refunds: Vec<_> = refunds.iter().map(|refund| refund.stage).collect();
    let balance = balance(world, &booking).await;
    format!("{} {} {payments:?} {refunds:?} {balance}", booking.status().as_str(), booking.payment_status().as_str())
}

async fn balance(world: &World, booking: &Booking) -> i64 {
    let entries = world.queries.ledger(booking.id()).await.unwrap();
    entries.iter().map(|entry| entry.kind.signed(entry.amount)).sum()
}

fn minutes_pass(world: &World, minutes: i64) {
    world.clock.advance(SignedDuration::from_mins(minutes));
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

async fn cancel(world: &World, client: &User, booking: &Booking) {
    let command = ChangeBookingCommand {
        actor: client.id,
        role: client.role,
        booking: booking.id(),
        change: Change::Cancel { reason: None, expected_refund: None },
        version: None,
        metadata: RequestMetadata::default(),
        idempotency: None,
    };
    world.change_booking.run(command).await.unwrap();
}

mod test_checkout {
    use super::*;

    #[tokio::test]
    async fn a_payment_confirms_the_booking_once() {
        let world = World::paid().await;
        let (_, booking, payment) = held(&world).await;
        let paid = pay(&world, &payment).await.unwrap();
        assert_eq!((paid.repeated, paid.state), (false, PaymentState::Settled));
        let confirmed = world.booking(booking.id()).await;
        assert_eq!(
            (confirmed.status(), confirmed.payment_status()),
            (BookingStatus::Scheduled, PaymentStatus::Succeeded)
        );
        assert_eq!(notifications_for(&world, &booking).await, ["meeting_info", "reminder", "reminder", "receipt"]);
        assert!(pay(&world, &payment).await.unwrap().repeated);
        let again = world.booking(booking.id()).await;
        assert_eq!(again, confirmed, "paying twice changes nothing");
        assert_eq!(notifications_for(&world, &booking).await.len(), 4);
        let ledger = world.queries.ledger(booking.id()).await.unwrap();
        assert_eq!(ledger.len(), 1);
        assert_eq!(
            (ledger[0].kind, ledger[0].amount, ledger[0].at),
            (LedgerKind::Captured, eur(10_000), world.clock.now())
        );
    }

    #[tokio::test]
    async fn an_unknown_checkout_is_not_found() {
        let world = World::paid().await;
        let unknown = world.pay_test_checkout.run("ref-unknown", &RequestMetadata::default()).await;
        assert!(matches!(unknown, Err(PayTestCheckoutError::NotFound)));
    }

    #[tokio::test]
    async fn a_late_payment_claims_a_free_slot_again() {
        let world = World::paid().await;
        let (client, booking, payment) = held(&world).await;
        minutes_pass(&world, 16);
        world.expire_holds.run().await.unwrap();
        assert_eq!(summary(&world, &booking).await, "expired cancelled [Closed] [] 0");
        pay(&world, &payment).await.unwrap();
        assert_eq!(summary(&world, &booking).await, "scheduled succeeded [Settled] [] 10000");

        // A slot whose other hold has expired as well is free.
        let other = world.book(&client, "2024-01-16T10:00:00Z").await.unwrap();
        minutes_pass(&world, 16);
        let third = world.add("third@example.org", Role::Client).await;
        let taken = world.book(&third, "2024-01-16T10:00:00Z").await.unwrap().booking;
        minutes_pass(&world, 16);
        pay(&world, &other.checkout.unwrap()).await.unwrap();
        assert_eq!(world.booking(other.booking.id()).await.status(), BookingStatus::Scheduled);
        assert_eq!(world.booking(taken.id()).await.status(), BookingStatus::Expired);
    }

    #[tokio::test]
    async fn a_payment_for_a_lost_slot_is_refunded_automatically() {
        let world = World::paid().await;
        let (_, booking, payment) = held(&world).await;
        minutes_pass(&world, 16);
        let third = world.add("third@example.org", Role::Client).await;
        world.book(&third, TEN).await.unwrap();
        let late = pay(&world, &payment).await.unwrap();
        assert_eq!(late.state, PaymentState::Unapplied);
        let refund_pending = "expired refund_pending [Unapplied] [Queued] 10000";
        assert_eq!(summary(&world, &booking).await, refund_pending);
        assert!(pay(&world, &payment).await.unwrap().repeated);
        assert_eq!(summary(&world, &booking).await, refund_pending);
        assert_eq!(notifications_for(&world, &booking).await, ["payment_problem"]);
        assert_eq!(world.process_refunds.run().await.unwrap(), 1);
        assert_eq!(summary(&world, &booking).await, "expired refunded [Unapplied] [Succeeded] 0");
        assert_eq!(world.process_refunds.run().await.unwrap(), 0, "it is refunded once");
        assert_eq!(notifications_for(&world, &booking).await, ["payment_problem"], "the refund was announced");
    }

    #[tokio::test]
    async fn a_payment_after_the_session_began_is_refunded() {
        let world = World::paid().await;
        let (_, booking, payment) = held(&world).await;
        world.clock.set(at(TEN));
        assert_eq!(pay(&world, &payment).await.unwrap().state, PaymentState::Unapplied);
        assert_eq!(summary(&world, &booking).await, "expired refund_pending [Unapplied] [Queued] 10000");
    }
}

/// A payment of the price in cash.
fn offline_payment(booking: &Booking, admin: UserId) -> RecordOfflineCommand {
    RecordOfflineCommand {
        admin,
        booking: booking.id(),
        amount: None,
        method: "cash".into(),
        memo: None,
        metadata: RequestMetadata::default(),
        idempotency: None,
    }
}

#[tokio::test]
async fn an_admin_records_an_offline_payment() {
    let world = World::paid().await;
    let (_, booking, payment) = held(&world).await;
    let admin = world.add("second@example.org", Role::Admin).await;
    let command =
        |amount| RecordOfflineCommand { amount, memo: Some("receipt 7".into()), ..offline_payment(&booking, admin.id) };
    let less = Money::new(9_999, booking.price().currency()).unwrap();
    let refused = world.record_offline.run(command(Some(less))).await;
    assert!(matches!(refused, Err(RecordOfflineError::AmountMismatch { price }) if price == booking.price()));
    let confirmed = now(world.record_offline.run(command(Some(booking.price()))).await.unwrap());
    assert_eq!((confirmed.status(), confirmed.payment_status()), (BookingStatus::Scheduled, PaymentStatus::Succeeded));
    let payments = world.queries.payments(booking.id()).await.unwrap();
    assert_eq!(payments.len(), 2);
    assert_eq!((payments[0].provider, payments[0].state), (Provider::Offline, PaymentState::Settled));
    assert_eq!((payments[0].recorded_by, payments[0].memo.as_deref()), (Some(admin.id), Some("receipt 7")));
    assert_eq!((payments[1].id, payments[1].state), (payment.id, PaymentState::Closed));
    let twice = world.record_offline.run(command(None)).await;
    assert!(matches!(twice, Err(RecordOfflineError::NotPayable(PayError::AlreadyPaid))));
    assert_eq!(notifications_for(&world, &booking).await, ["meeting_info", "reminder", "reminder", "receipt"]);
    assert_eq!(balance(&world, &booking).await, 10_000);
}

#[tokio::test]
async fn only_the_client_opens_a_checkout_and_only_while_it_can_be_paid() {
    let world = World::paid().await;
    let (client, booking, payment) = held(&world).await;
    let other = world.add("other@example.org", Role::Client).await;
    let checkout = &world.open_checkout;
    assert!(matches!(checkout.run(booking.id(), other.id).await, Err(OpenCheckoutError::Forbidden)));
    assert!(matches!(checkout.run(BookingId::new(99).unwrap(), client.id).await, Err(OpenCheckoutError::NotFound)));
    assert_eq!(
        checkout.run(booking.id(), client.id).await.unwrap(),
        payment,
        "a repeated request returns the same checkout"
    );
    minutes_pass(&world, 15);
    let late = checkout.run(booking.id(), client.id).await;
    assert!(matches!(late, Err(OpenCheckoutError::NotPayable(PayError::HoldExpired))));

    let world = World::free().await;
    let client = world.client().await;
    let created = world.book(&client, TEN).await.unwrap();
    let nothing_due = world.open_checkout.run(created.booking.id(), client.id).await;
    assert!(matches!(nothing_due, Err(OpenCheckoutError::NotPayable(PayError::NotRequired))));
}

#[tokio::test]
async fn a_client_is_referred_to_their_own_hold() {
    let world = World::paid().await;
    let (client, booking, _) = held(&world).await;
    for start in [TEN, "2024-01-15T10:30:00Z"] {
        let again = world.book(&client, start).await;
        assert!(
            matches!(again, Err(CreateBookingError::HoldExists { booking: own }) if own == booking.id()),
            "{start}"
        );
    }
    let other = world.add("other@example.org", Role::Client).await;
    assert!(matches!(world.book(&other, TEN).await, Err(CreateBookingError::SlotTaken)));
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

    async fn handle(world: &World, event: &PaymentEvent) -> Outcome {
        world.webhook().run(event).await.unwrap()
    }

    async fn problems(world: &World) -> Vec<ProblemKind> {
        world.queries.payment_problems(10).await.unwrap().iter().map(|problem| problem.kind).collect()
    }

    async fn paid(world: &World, gateway: &OnlineGateway) -> (User, Booking, Payment) {
        let (client, booking, payment) = held(world).await;
        gateway.pay(&payment);
        assert_eq!(handle(world, &event("evt_1", Kind::CheckoutPaid, &payment)).await, Outcome::Applied);
        (client, booking, payment)
    }

    #[tokio::test]
    async fn an_unanswered_request_for_a_checkout_is_repeated_unchanged() {
        let (world, gateway) = World::online().await;
        gateway.set_down(true);
        let client = world.client().await;
        let created = world.book(&client, TEN).await.unwrap();
        assert!(created.checkout.is_none(), "the booking does not depend on the provider");
        let id = created.booking.id();
        let begun = world.queries.payments(id).await.unwrap();
        assert_eq!(
            (begun.len(), begun[0].state, begun[0].has_provider_checkout_id()),
            (1, PaymentState::Opening, false)
        );
        gateway.set_down(false);
        let opened = world.open_checkout.run(id, client.id).await.unwrap();
        assert_eq!((opened.id, opened.checkout_nonce), (begun[0].id, begun[0].checkout_nonce));
        assert_eq!(gateway.checkouts.lock().unwrap().len(), 1);
        assert!(opened.checkout_url.is_some());

        // After a minute without an answer the client gets another checkout, and reconciliation expires the first.
        gateway.set_down(true);
        let second = world.book(&client, "2024-01-16T10:00:00Z").await.unwrap().booking.id();
        world.clock.advance(SignedDuration::from_secs(61));
        gateway.set_down(false);
        let fresh = world.open_checkout.run(second, client.id).await.unwrap();
        world.clock.advance(SignedDuration::from_secs(60));
        world.reconcile.run().await.unwrap();
        let all = world.queries.payments(second).await.unwrap();
        let states: Vec<_> = all.iter().map(|p| (p.id == fresh.id, p.state)).collect();
        assert_eq!(states, [(true, PaymentState::Open), (false, PaymentState::Closed)]);
        assert_eq!(gateway.checkouts.lock().unwrap()[&all[1].provider_checkout_id], CheckoutState::Expired);
    }

    #[tokio::test]
    async fn a_repeated_request_that_is_refused_is_replaced() {
        let (world, gateway) = World::online().await;
        gateway.set_down(true);
        let client = world.client().await;
        let id = world.book(&client, TEN).await.unwrap().booking.id();
        gateway.set_down(false);
        // The practice changed its return URL, so the stored request is refused.
        *gateway.worn_out.lock().unwrap() = world.queries.payments(id).await.unwrap()[0].checkout_nonce;
        let opened = world.open_checkout.run(id, client.id).await.unwrap();
        assert_eq!(opened.state, PaymentState::Open);
        let states: Vec<_> = world.queries.payments(id).await.unwrap().iter().map(|p| p.state).collect();
        assert_eq!(states, [PaymentState::Open, PaymentState::Closed]);
    }

    #[tokio::test]
    async fn a_hold_is_released_only_after_the_provider_answered() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        minutes_pass(&world, 16);
        gateway.set_down(true);
        for _ in 0..3 {
            assert_eq!(world.expire_holds.run().await.unwrap(), 0);
            world.reconcile.run().await.unwrap();
        }
        assert_eq!(
            summary(&world, &booking).await,
            "pending_payment pending [Closing] [] 0",
            "the client may have paid"
        );
        gateway.set_down(false);
        minutes_pass(&world, 1);
        world.reconcile.run().await.unwrap();
        assert_eq!(gateway.checkouts.lock().unwrap()[&payment.provider_checkout_id], CheckoutState::Expired);
        assert_eq!(world.expire_holds.run().await.unwrap(), 1);
        assert_eq!(summary(&world, &booking).await, "expired cancelled [Closed] [] 0");
    }

    #[tokio::test]
    async fn a_payment_in_the_last_second_keeps_the_slot_without_a_webhook() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        gateway.pay(&payment);
        minutes_pass(&world, 16);
        let other = world.add("other@example.org", Role::Client).await;
        let refused = world.book(&other, TEN).await;
        assert!(matches!(refused, Err(CreateBookingError::SlotTaken)), "the provider was asked first");
        assert_eq!(summary(&world, &booking).await, "scheduled succeeded [Settled] [] 10000");
    }

    #[tokio::test]
    async fn the_checkout_of_an_expired_hold_is_expired_at_the_provider_when_its_slot_is_booked() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        minutes_pass(&world, 16);
        let other = world.add("other@example.org", Role::Client).await;
        let taken = world.book(&other, TEN).await.unwrap().booking;
        assert_eq!(taken.status(), BookingStatus::PendingPayment);
        assert_eq!(gateway.checkouts.lock().unwrap()[&payment.provider_checkout_id], CheckoutState::Expired);
        assert_eq!(world.booking(booking.id()).await.status(), BookingStatus::Expired);
        // The same holds for the client's own expired hold.
        minutes_pass(&world, 16);
        assert_ne!(world.book(&other, TEN).await.unwrap().booking.id(), taken.id());
    }

    #[tokio::test]
    async fn a_payment_that_is_being_processed_keeps_the_slot() {
        let (world, gateway) = World::online().await;
        let (client, booking, payment) = held(&world).await;
        gateway.set(&payment, CheckoutState::Processing);
        assert_eq!(handle(&world, &event("evt_1", Kind::CheckoutProcessing, &payment)).await, Outcome::Applied);
        minutes_pass(&world, 60);
        assert_eq!(world.expire_holds.run().await.unwrap(), 0);
        world.reconcile.run().await.unwrap();
        assert_eq!(summary(&world, &booking).await, "pending_payment processing [Processing] [] 0");
        let again = world.open_checkout.run(booking.id(), client.id).await;
        assert!(matches!(again, Err(OpenCheckoutError::Processing)), "{again:?}");
        gateway.set(&payment, CheckoutState::Failed);
        assert_eq!(handle(&world, &event("evt_2", Kind::ProcessingFailed, &payment)).await, Outcome::Applied);
        assert_eq!(summary(&world, &booking).await, "pending_payment failed [Closed] [] 0");
        assert_eq!(notifications_for(&world, &booking).await, ["payment_problem"]);
        world.expire_holds.run().await.unwrap();
        assert_eq!(world.booking(booking.id()).await.status(), BookingStatus::Expired);
    }

    #[tokio::test]
    async fn reconciliation_finds_a_payment_without_a_webhook() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        gateway.pay(&payment);
        world.reconcile.run().await.unwrap();
        assert_eq!(
            world.booking(booking.id()).await.status(),
            BookingStatus::PendingPayment,
            "not due for polling yet"
        );
        minutes_pass(&world, 6);
        world.reconcile.run().await.unwrap();
        assert_eq!(world.booking(booking.id()).await.status(), BookingStatus::Scheduled);
        assert_eq!(handle(&world, &event("evt_1", Kind::CheckoutPaid, &payment)).await, Outcome::Applied);
        assert_eq!(balance(&world, &booking).await, 10_000, "the webhook arrived late and changed nothing");
    }

    #[tokio::test]
    async fn a_webhook_that_does_not_match_needs_review() {
        let (world, _) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        let good = event("evt_1", Kind::CheckoutPaid, &payment);
        let dollars = Money::new(10_000, Currency::parse("USD").unwrap()).unwrap();
        let other = BookingId::new(77);
        let cases = [
            (PaymentEvent { amount: Some(eur(9_999)), ..good.clone() }, ProblemKind::WrongAmount),
            (PaymentEvent { amount: Some(dollars), ..good.clone() }, ProblemKind::WrongCurrency),
            (PaymentEvent { live: true, ..good.clone() }, ProblemKind::WrongMode),
            (PaymentEvent { booking: other, ..good.clone() }, ProblemKind::WrongBooking),
        ];
        for (number, (wrong, kind)) in cases.into_iter().enumerate() {
            let wrong = PaymentEvent { id: format!("evt_wrong_{number}"), ..wrong };
            assert_eq!(handle(&world, &wrong).await, Outcome::NeedsReview, "{kind:?}");
            assert_eq!(problems(&world).await.last(), Some(&kind));
            assert_eq!(handle(&world, &wrong).await, Outcome::Duplicate);
            assert_eq!(summary(&world, &booking).await, "pending_payment pending [Open] [] 0");
        }
        assert_eq!(problems(&world).await.len(), 4);
        let unknown =
            PaymentEvent { id: "evt_n".into(), object_id: Some("cs_x".into()), booking: other, ..good.clone() };
        assert_eq!(handle(&world, &unknown).await, Outcome::NeedsReview);
        assert_eq!(problems(&world).await.last(), Some(&ProblemKind::UnknownBooking));
        let foreign =
            PaymentEvent { id: "evt_f".into(), object_id: Some("cs_y".into()), booking: None, ..good.clone() };
        assert_eq!(handle(&world, &foreign).await, Outcome::Ignored, "another shop with the same account");
        assert_eq!(handle(&world, &good).await, Outcome::Applied, "the genuine event is still applied");
        assert_eq!(world.booking(booking.id()).await.status(), BookingStatus::Scheduled);

        let admin = world.queries.default_therapist().await.unwrap().unwrap();
        let open = world.queries.payment_problems(10).await.unwrap();
        let resolve = ResolvePaymentProblem { store: world.store.clone(), clock: world.clock.clone() };
        resolve.run(open[0].id, admin, &RequestMetadata::default()).await.unwrap();
        assert_eq!(problems(&world).await.len(), 4);
        let twice = resolve.run(open[0].id, admin, &RequestMetadata::default()).await;
        assert!(matches!(twice, Err(ResolveProblemError::NotFound)));
    }

    #[tokio::test]
    async fn event_ids_are_purged_after_the_provider_stopped_sending_them() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = paid(&world, &gateway).await;
        let paid = event("evt_1", Kind::CheckoutPaid, &payment);
        world.clock.advance(SignedDuration::from_hours(30 * 24));
        assert_eq!(world.purge.run().await.unwrap(), 0);
        assert_eq!(handle(&world, &paid).await, Outcome::Duplicate);
        world.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(world.purge.run().await.unwrap(), 1);
        assert_eq!(handle(&world, &paid).await, Outcome::Applied, "it changes nothing");
        assert_eq!(balance(&world, &booking).await, 10_000);
    }

    #[tokio::test]
    async fn a_reconciled_payment_that_does_not_match_needs_review() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        let paid = gateway.pay(&payment);
        gateway.set(&payment, CheckoutState::Paid(attune_ports::PaidCheckout { amount: eur(1), ..paid }));
        minutes_pass(&world, 16);
        world.expire_holds.run().await.unwrap();
        world.reconcile.run().await.unwrap();
        world.expire_holds.run().await.unwrap();
        assert_eq!(summary(&world, &booking).await, "expired cancelled [Closed] [] 0");
        assert_eq!(problems(&world).await, [ProblemKind::WrongAmount]);
        assert_eq!(notifications_for(&world, &booking).await, [""; 0]);
    }

    #[tokio::test]
    async fn a_cancelled_booking_is_refunded_once() {
        let (world, gateway) = World::online().await;
        let (client, booking, _) = paid(&world, &gateway).await;
        cancel(&world, &client, &booking).await;
        assert_eq!(summary(&world, &booking).await, "cancelled refund_pending [Settled] [Queued] 10000");
        gateway.set_down(true);
        world.process_refunds.run().await.unwrap();
        let waiting: Vec<Refund> = world.queries.refunds(booking.id()).await.unwrap();
        assert_eq!((waiting[0].attempts, waiting[0].last_error.as_deref()), (1, Some("unavailable")));
        assert_eq!(world.process_refunds.run().await.unwrap(), 0, "it is not due yet");
        gateway.set_down(false);
        *gateway.refunding.lock().unwrap() = Some(RefundState::Pending);
        world.clock.advance(SignedDuration::from_secs(31));
        world.process_refunds.run().await.unwrap();
        let processing = world.queries.refunds(booking.id()).await.unwrap().remove(0);
        assert_eq!((processing.stage, processing.provider_refund_id.is_some()), (RefundStage::Pending, true));
        gateway.complete_refunds();
        minutes_pass(&world, 31);
        world.process_refunds.run().await.unwrap();
        assert_eq!(summary(&world, &booking).await, "cancelled refunded [Settled] [Succeeded] 0");
        assert_eq!(gateway.refunds.lock().unwrap().len(), 1);
        assert!(notifications_for(&world, &booking).await.ends_with(&["cancelled", "refund"]));
    }

    fn refund_of(booking: &Booking, amount: Option<Money>) -> RefundPaymentCommand {
        RefundPaymentCommand {
            admin: booking.therapist(),
            booking: booking.id(),
            payment: None,
            amount,
            reason: Some("goodwill".into()),
            metadata: RequestMetadata::default(),
            idempotency: None,
        }
    }

    #[tokio::test]
    async fn an_admin_refunds_in_part_and_never_more_than_is_left() {
        let (world, gateway) = World::online().await;
        let (client, booking, _) = paid(&world, &gateway).await;
        let refund = &world.refund;
        let too_much = refund.run(refund_of(&booking, Some(eur(10_001)))).await;
        assert!(
            matches!(too_much, Err(RefundPaymentError::NotRefundable(RefundError::ExceedsRefundable { refundable })) if refundable == eur(10_000))
        );
        let scheduled = now(refund.run(refund_of(&booking, Some(eur(4_000)))).await.unwrap());
        assert_eq!(
            (scheduled.status(), scheduled.payment_status()),
            (BookingStatus::Scheduled, PaymentStatus::RefundPending)
        );
        let twice = refund.run(refund_of(&booking, Some(eur(1)))).await;
        assert!(matches!(twice, Err(RefundPaymentError::InProgress)));
        world.process_refunds.run().await.unwrap();
        assert_eq!(summary(&world, &booking).await, "scheduled partially_refunded [Settled] [Succeeded] 6000");
        let (_, quote) = world.change_booking.quote(client.id, client.role, booking.id()).await.unwrap();
        assert_eq!(quote.refund, eur(6_000), "the earlier refund is subtracted");
        cancel(&world, &client, &booking).await;
        world.process_refunds.run().await.unwrap();
        assert_eq!(summary(&world, &booking).await, "cancelled refunded [Settled] [Succeeded, Succeeded] 0");
        let nothing = refund.run(refund_of(&booking, None)).await;
        assert!(matches!(nothing, Err(RefundPaymentError::NotRefundable(RefundError::NothingToRefund))));
    }

    #[tokio::test]
    async fn a_cancellation_during_a_refund_refunds_the_rest_afterwards() {
        let (world, gateway) = World::online().await;
        let (client, booking, _) = paid(&world, &gateway).await;
        *gateway.refunding.lock().unwrap() = Some(RefundState::Pending);
        world.refund.run(refund_of(&booking, Some(eur(4_000)))).await.unwrap();
        world.process_refunds.run().await.unwrap();
        cancel(&world, &client, &booking).await;
        world.process_refunds.run().await.unwrap();
        assert_eq!(gateway.refunds.lock().unwrap().len(), 1, "one refund at a time");
        *gateway.refunding.lock().unwrap() = Some(RefundState::Succeeded);
        gateway.complete_refunds();
        for _ in 0..3 {
            minutes_pass(&world, 31);
            world.process_refunds.run().await.unwrap();
        }
        assert_eq!(summary(&world, &booking).await, "cancelled refunded [Settled] [Succeeded, Succeeded] 0");
    }

    #[tokio::test]
    async fn a_failed_refund_needs_review_and_can_be_retried() {
        let (world, gateway) = World::online().await;
        let (client, booking, _) = paid(&world, &gateway).await;
        *gateway.refunding.lock().unwrap() = None;
        cancel(&world, &client, &booking).await;
        world.process_refunds.run().await.unwrap();
        assert_eq!(summary(&world, &booking).await, "cancelled succeeded [Settled] [Failed] 10000");
        assert_eq!(problems(&world).await, [ProblemKind::RefundFailed]);
        *gateway.refunding.lock().unwrap() = Some(RefundState::Succeeded);
        world.refund.run(refund_of(&booking, None)).await.unwrap();
        assert_eq!(problems(&world).await, []);
        world.process_refunds.run().await.unwrap();
        assert_eq!(summary(&world, &booking).await, "cancelled refunded [Settled] [Retried, Succeeded] 0");

        // The client's bank can return a refund that had succeeded.
        let refund = world.queries.refunds(booking.id()).await.unwrap().remove(1);
        let failed = PaymentEvent {
            id: "evt_back".into(),
            at: world.clock.now(),
            live: false,
            kind: Kind::RefundChanged(RefundState::Failed),
            object_id: refund.provider_refund_id.clone(),
            amount: Some(eur(10_000)),
            booking: Some(booking.id()),
            provider_payment_id: None,
            refund_idempotency_key: Some(refund.idempotency_key.clone()),
        };
        assert_eq!(handle(&world, &failed).await, Outcome::Applied);
        assert_eq!(summary(&world, &booking).await, "cancelled succeeded [Settled] [Retried, Failed] 10000");
        assert_eq!(problems(&world).await, [ProblemKind::RefundFailed]);
    }

    #[tokio::test]
    async fn a_refund_in_the_providers_dashboard_is_recorded() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = paid(&world, &gateway).await;
        let in_dashboard = |id: &str, amount, state| PaymentEvent {
            id: id.to_owned(),
            at: world.clock.now(),
            live: false,
            kind: Kind::RefundChanged(state),
            object_id: Some("re_dashboard".into()),
            amount: Some(amount),
            booking: None,
            provider_payment_id: Some(format!("pi_{}", payment.provider_checkout_id)),
            refund_idempotency_key: None,
        };
        assert_eq!(handle(&world, &in_dashboard("evt_2", eur(2_500), RefundState::Succeeded)).await, Outcome::Applied);
        assert_eq!(handle(&world, &in_dashboard("evt_3", eur(2_500), RefundState::Pending)).await, Outcome::Applied);
        assert_eq!(summary(&world, &booking).await, "scheduled partially_refunded [Settled] [Succeeded] 7500");
        assert_eq!(world.queries.refunds(booking.id()).await.unwrap()[0].cause, RefundCause::External);
        assert!(notifications_for(&world, &booking).await.ends_with(&["refund"]));
        let early = PaymentEvent {
            provider_payment_id: Some("pi_unknown".into()),
            ..in_dashboard("evt_4", eur(1), RefundState::Succeeded)
        };
        let early = PaymentEvent { object_id: Some("re_other".into()), ..early };
        assert!(matches!(world.webhook().run(&early).await, Err(HandlePaymentWebhookError::OutOfOrder)));
        minutes_pass(&world, 61);
        assert_eq!(handle(&world, &early).await, Outcome::Ignored, "it belongs to another shop");
    }

    #[tokio::test]
    async fn an_overpayment_is_refunded_and_leaves_the_booking_alone() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        world.record_offline.run(offline_payment(&booking, booking.therapist())).await.unwrap();
        gateway.pay(&payment);
        world.reconcile.run().await.unwrap();
        world.process_refunds.run().await.unwrap();
        assert_eq!(summary(&world, &booking).await, "scheduled succeeded [Unapplied, Settled] [Succeeded] 10000");
        assert!(notifications_for(&world, &booking).await.ends_with(&["receipt", "payment_problem"]));
        world.deliver.run().await.unwrap();
        let sent: Vec<_> =
            world.notifier.sent().into_iter().filter(|m| m.kind == NotificationKind::PaymentProblem).collect();
        assert_eq!(sent[0].payment, Some(attune_ports::PaymentDetails::RefundScheduled { amount: eur(10_000) }));
    }

    #[tokio::test]
    async fn an_offline_payment_is_refunded_by_hand() {
        let (world, _) = World::online().await;
        let (client, booking, _) = held(&world).await;
        world.record_offline.run(offline_payment(&booking, booking.therapist())).await.unwrap();
        cancel(&world, &client, &booking).await;
        assert_eq!(world.process_refunds.run().await.unwrap(), 0, "no provider can refund it");
        let another = world.refund.run(refund_of(&booking, Some(eur(1)))).await;
        assert!(matches!(another, Err(RefundPaymentError::InProgress)));
        let refunded = now(world.refund.run(refund_of(&booking, None)).await.unwrap());
        assert_eq!(refunded.payment_status(), PaymentStatus::Refunded);
        assert_eq!(balance(&world, &booking).await, 0);
    }
}

#[tokio::test]
async fn the_report_sums_the_days_of_the_practices_time_zone() {
    let world = World::paid().await;
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let report = RevenueReport { queries: world.queries.clone(), zone };
    let client = world.client().await;
    // Half an hour before and after midnight in Berlin, in two months.
    for (when, start) in
        [("2024-01-31T22:30:00Z", "2024-02-05T10:00:00Z"), ("2024-01-31T23:30:00Z", "2024-02-06T10:00:00Z")]
    {
        world.clock.set(at(when));
        let created = world.book(&client, start).await.unwrap();
        pay(&world, &created.checkout.unwrap()).await.unwrap();
        if start.starts_with("2024-02-06") {
            cancel(&world, &client, &created.booking).await;
            world.process_refunds.run().await.unwrap();
        }
    }
    let days = report.run(date(2024, 1, 31), date(2024, 2, 1), Period::Day).await.unwrap();
    let fields =
        |line: &RevenueLine| (line.from, line.received, line.refunded, line.net(), line.payments, line.refunds);
    assert_eq!(
        days.iter().map(fields).collect::<Vec<_>>(),
        [(date(2024, 1, 31), 10_000, 0, 10_000, 1, 0), (date(2024, 2, 1), 10_000, 10_000, 0, 1, 1)]
    );
    let months = report.run(date(2024, 1, 5), date(2024, 2, 1), Period::Month).await.unwrap();
    assert_eq!(months.iter().map(|line| line.from).collect::<Vec<_>>(), [date(2024, 1, 1), date(2024, 2, 1)]);
    let one_day = report.run(date(2024, 2, 1), date(2024, 2, 1), Period::Day).await.unwrap();
    assert_eq!(one_day.len(), 1);
    assert!(matches!(report.run(date(2024, 2, 2), date(2024, 2, 1), Period::Day).await, Err(RevenueError::Backwards)));
    let leap_year = report.run(date(2024, 1, 1), date(2024, 12, 31), Period::Day).await;
    assert_eq!(leap_year.unwrap().len(), 2);
    let longer = report.run(date(2024, 1, 1), date(2025, 1, 1), Period::Day).await;
    assert!(matches!(longer, Err(RevenueError::TooLong)));
    assert!(report.run(date(2020, 1, 1), date(2024, 12, 31), Period::Month).await.is_ok());
    let longer = report.run(date(2019, 12, 31), date(2024, 12, 31), Period::Month).await;
    assert!(matches!(longer, Err(RevenueError::TooLong)));
}
