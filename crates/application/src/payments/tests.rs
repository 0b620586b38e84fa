use std::sync::atomic::Ordering;

use attune_domain::booking::PayError;
use attune_domain::notification::NotificationKind;
use attune_domain::payment::RefundError;
use attune_domain::{Booking, BookingStatus, Money, PaymentStatus, Role, User};
use attune_ports::{
    CheckoutState, Clock, LedgerKind, Payment, PaymentEvent, PaymentEventKind, PaymentState, ProblemKind, Provider,
    Refund, RefundCause, RefundStage, RefundState,
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
    let placed = world.book(&client, TEN).await.unwrap();
    (client, placed.booking, placed.checkout.unwrap())
}

async fn confirm(world: &World, payment: &Payment) -> Result<TestCheckoutOutcome, PayTestCheckoutError> {
    world.pay_test_checkout.run(&payment.provider_checkout_id, &RequestMetadata::default()).await
}

/// The kinds of mails owed about a booking, in order.
async fn notifications_for(world: &World, booking: &Booking) -> Vec<&'static str> {
    world.queries.notices(booking.id()).await.unwrap().iter().map(|notice| notice.content.kind.as_str()).collect()
}

/// The states of a booking, of its payments (oldest first) and of its refunds, and what the ledger adds up to.
async fn books(
    world: &World,
    booking: &Booking,
) -> (&'static str, &'static str, Vec<PaymentState>, Vec<RefundStage>, i64) {
    let booking = world.booking(booking.id()).await;
    let mut payments = world.queries.payments(booking.id()).await.unwrap();
    payments.reverse();
    let ledger = world.queries.ledger(booking.id()).await.unwrap();
    (
        booking.status().as_str(),
        booking.payment_status().as_str(),
        payments.iter().map(|payment| payment.state).collect(),
        world.queries.refunds(booking.id()).await.unwrap().iter().map(|refund| refund.stage).collect(),
        ledger.iter().map(|line| line.kind.signed(line.amount)).sum(),
    )
}

fn eur(minor: i64) -> Money {
    Money::new(minor, attune_domain::Currency::parse("EUR").unwrap()).unwrap()
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

mod the_test_checkout {
    use super::*;

    #[tokio::test]
    async fn a_payment_makes_the_booking_agreed_once() {
        let world = World::paid().await;
        let (_, booking, payment) = held(&world).await;
        let confirmed = confirm(&world, &payment).await.unwrap();
        assert_eq!((confirmed.repeated, confirmed.state), (false, PaymentState::Settled));
        let agreed = world.booking(booking.id()).await;
        assert_eq!((agreed.status(), agreed.payment_status()), (BookingStatus::Scheduled, PaymentStatus::Succeeded));
        assert_eq!(notifications_for(&world, &booking).await, ["meeting_info", "reminder", "reminder", "receipt"]);
        assert!(confirm(&world, &payment).await.unwrap().repeated);
        let again = world.booking(booking.id()).await;
        assert_eq!(again, agreed, "the same news twice changes nothing");
        assert_eq!(notifications_for(&world, &booking).await.len(), 4);
        let ledger = world.queries.ledger(booking.id()).await.unwrap();
        assert_eq!(ledger.len(), 1);
        assert_eq!(
            (ledger[0].kind, ledger[0].amount, ledger[0].at),
            (LedgerKind::Captured, eur(10_000), world.clock.now())
        );
    }

    #[tokio::test]
    async fn an_unknown_reference_is_nothing() {
        let world = World::paid().await;
        let unknown = world.pay_test_checkout.run("ref-unknown", &RequestMetadata::default()).await;
        assert!(matches!(unknown, Err(PayTestCheckoutError::NotFound)));
    }

    #[tokio::test]
    async fn a_late_payment_revives_a_free_slot() {
        let world = World::paid().await;
        let (client, booking, payment) = held(&world).await;
        world.clock.advance(SignedDuration::from_mins(16));
        world.expire_holds.run().await.unwrap();
        assert_eq!(books(&world, &booking).await, ("expired", "cancelled", vec![PaymentState::Closed], vec![], 0));
        confirm(&world, &payment).await.unwrap();
        assert_eq!(
            books(&world, &booking).await,
            ("scheduled", "succeeded", vec![PaymentState::Settled], vec![], 10_000)
        );

        // One that somebody else holds, but did not pay for in time either, is as good as free.
        let other = world.book(&client, "2024-01-16T10:00:00Z").await.unwrap();
        world.clock.advance(SignedDuration::from_mins(16));
        let third = world.add("third@example.org", Role::Client).await;
        let taken = world.book(&third, "2024-01-16T10:00:00Z").await.unwrap().booking;
        world.clock.advance(SignedDuration::from_mins(16));
        confirm(&world, &other.checkout.unwrap()).await.unwrap();
        assert_eq!(world.booking(other.booking.id()).await.status(), BookingStatus::Scheduled);
        assert_eq!(world.booking(taken.id()).await.status(), BookingStatus::Expired);
    }

    #[tokio::test]
    async fn money_for_a_lost_slot_goes_back_by_itself() {
        let world = World::paid().await;
        let (_, booking, payment) = held(&world).await;
        world.clock.advance(SignedDuration::from_mins(16));
        let third = world.add("third@example.org", Role::Client).await;
        world.book(&third, TEN).await.unwrap();
        let late = confirm(&world, &payment).await.unwrap();
        assert_eq!(late.state, PaymentState::Unapplied);
        let promised = ("expired", "refund_pending", vec![PaymentState::Unapplied], vec![RefundStage::Queued], 10_000);
        assert_eq!(books(&world, &booking).await, promised);
        assert!(confirm(&world, &payment).await.unwrap().repeated);
        assert_eq!(books(&world, &booking).await, promised);
        assert_eq!(notifications_for(&world, &booking).await, ["payment_problem"]);
        assert_eq!(world.process_refunds.run().await.unwrap(), 1);
        assert_eq!(
            books(&world, &booking).await,
            ("expired", "refunded", vec![PaymentState::Unapplied], vec![RefundStage::Succeeded], 0)
        );
        assert_eq!(world.process_refunds.run().await.unwrap(), 0, "once is enough");
        assert_eq!(notifications_for(&world, &booking).await, ["payment_problem"], "the client was told already");
    }

    #[tokio::test]
    async fn a_payment_after_the_session_began_goes_back() {
        let world = World::paid().await;
        let (_, booking, payment) = held(&world).await;
        world.clock.set(at(TEN));
        assert_eq!(confirm(&world, &payment).await.unwrap().state, PaymentState::Unapplied);
        assert_eq!(
            books(&world, &booking).await,
            ("expired", "refund_pending", vec![PaymentState::Unapplied], vec![RefundStage::Queued], 10_000)
        );
    }
}

#[tokio::test]
async fn an_admin_records_a_payment() {
    let world = World::paid().await;
    let (_, booking, payment) = held(&world).await;
    let admin = world.add("second@example.org", Role::Admin).await;
    let command = |amount| RecordOfflineCommand {
        admin: admin.id,
        booking: booking.id(),
        amount,
        method: "cash".into(),
        memo: Some("receipt 7".into()),
        metadata: RequestMetadata::default(),
        idempotency: None,
    };
    let less = Money::new(9_999, booking.price().currency()).unwrap();
    let refused = world.record_offline.run(command(Some(less))).await;
    assert!(matches!(refused, Err(RecordOfflineError::AmountMismatch { price }) if price == booking.price()));
    let agreed = now(world.record_offline.run(command(Some(booking.price()))).await.unwrap());
    assert_eq!((agreed.status(), agreed.payment_status()), (BookingStatus::Scheduled, PaymentStatus::Succeeded));
    let payments = world.queries.payments(booking.id()).await.unwrap();
    assert_eq!(payments.len(), 2);
    assert_eq!((payments[0].provider, payments[0].state), (Provider::Offline, PaymentState::Settled));
    assert_eq!((payments[0].recorded_by, payments[0].memo.as_deref()), (Some(admin.id), Some("receipt 7")));
    assert_eq!((payments[1].id, payments[1].state), (payment.id, PaymentState::Closed));
    let twice = world.record_offline.run(command(None)).await;
    assert!(matches!(twice, Err(RecordOfflineError::NotPayable(PayError::AlreadyPaid))));
    assert_eq!(notifications_for(&world, &booking).await, ["meeting_info", "reminder", "reminder", "receipt"]);
    assert_eq!(books(&world, &booking).await.4, 10_000);
}

#[tokio::test]
async fn who_may_ask_for_a_checkout_and_when() {
    let world = World::paid().await;
    let (client, booking, payment) = held(&world).await;
    let other = world.add("other@example.org", Role::Client).await;
    let ask = &world.open_checkout;
    assert!(matches!(ask.run(booking.id(), other.id).await, Err(OpenCheckoutError::Forbidden)));
    assert!(matches!(
        ask.run(attune_domain::BookingId::new(99).unwrap(), client.id).await,
        Err(OpenCheckoutError::NotFound)
    ));
    assert_eq!(ask.run(booking.id(), client.id).await.unwrap(), payment, "asking again leads to the same place");
    world.clock.advance(SignedDuration::from_mins(15));
    let late = ask.run(booking.id(), client.id).await;
    assert!(matches!(late, Err(OpenCheckoutError::NotPayable(PayError::HoldExpired))));

    let world = World::free().await;
    let client = world.client().await;
    let placed = world.book(&client, TEN).await.unwrap();
    let nothing_due = world.open_checkout.run(placed.booking.id(), client.id).await;
    assert!(matches!(nothing_due, Err(OpenCheckoutError::NotPayable(PayError::NotRequired))));
}

#[tokio::test]
async fn a_client_is_led_to_their_own_hold() {
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
    use super::*;

    fn event(id: &str, kind: PaymentEventKind, payment: &Payment) -> PaymentEvent {
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

    async fn hear(world: &World, event: &PaymentEvent) -> WebhookOutcome {
        world.webhook().run(event).await.unwrap()
    }

    async fn problems(world: &World) -> Vec<ProblemKind> {
        world.queries.payment_problems(10).await.unwrap().iter().map(|problem| problem.kind).collect()
    }

    async fn paid(world: &World, gateway: &OnlineGateway) -> (User, Booking, Payment) {
        let (client, booking, payment) = held(world).await;
        gateway.pay(&payment);
        assert_eq!(
            hear(world, &event("evt_1", PaymentEventKind::CheckoutPaid, &payment)).await,
            WebhookOutcome::Applied
        );
        (client, booking, payment)
    }

    #[tokio::test]
    async fn a_checkout_whose_opening_was_not_answered_is_asked_for_in_the_same_words() {
        let (world, gateway) = World::online().await;
        gateway.down.store(true, Ordering::SeqCst);
        let client = world.client().await;
        let placed = world.book(&client, TEN).await.unwrap();
        assert!(placed.checkout.is_none(), "the booking stands, whatever the provider says");
        let id = placed.booking.id();
        let begun = world.queries.payments(id).await.unwrap();
        assert_eq!(
            (begun.len(), begun[0].state, begun[0].has_provider_checkout_id()),
            (1, PaymentState::Opening, false)
        );
        gateway.down.store(false, Ordering::SeqCst);
        let opened = world.open_checkout.run(id, client.id).await.unwrap();
        assert_eq!((opened.id, opened.checkout_nonce), (begun[0].id, begun[0].checkout_nonce));
        assert_eq!(gateway.checkouts.lock().unwrap().len(), 1);
        assert!(opened.checkout_url.is_some());

        // After a minute of the same silence the client gets another checkout, and the worker finds and ends the first.
        gateway.down.store(true, Ordering::SeqCst);
        let second = world.book(&client, "2024-01-16T10:00:00Z").await.unwrap().booking.id();
        world.clock.advance(SignedDuration::from_secs(61));
        gateway.down.store(false, Ordering::SeqCst);
        let fresh = world.open_checkout.run(second, client.id).await.unwrap();
        world.clock.advance(SignedDuration::from_secs(60));
        world.reconcile.run().await.unwrap();
        let all = world.queries.payments(second).await.unwrap();
        let states: Vec<_> = all.iter().map(|p| (p.id == fresh.id, p.state)).collect();
        assert_eq!(states, [(true, PaymentState::Open), (false, PaymentState::Closed)]);
        assert_eq!(gateway.checkouts.lock().unwrap()[&all[1].provider_checkout_id], CheckoutState::Expired);
    }

    #[tokio::test]
    async fn words_that_are_refused_now_are_not_said_again() {
        let (world, gateway) = World::online().await;
        gateway.down.store(true, Ordering::SeqCst);
        let client = world.client().await;
        let id = world.book(&client, TEN).await.unwrap().booking.id();
        gateway.down.store(false, Ordering::SeqCst);
        // The practice changed where clients come back to, so the same request is not the same any more.
        *gateway.worn_out.lock().unwrap() = world.queries.payments(id).await.unwrap()[0].checkout_nonce;
        let opened = world.open_checkout.run(id, client.id).await.unwrap();
        assert_eq!(opened.state, PaymentState::Open);
        let states: Vec<_> = world.queries.payments(id).await.unwrap().iter().map(|p| p.state).collect();
        assert_eq!(states, [PaymentState::Open, PaymentState::Closed]);
    }

    #[tokio::test]
    async fn a_hold_is_let_go_of_only_after_the_provider_was_asked() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        world.clock.advance(SignedDuration::from_mins(16));
        gateway.down.store(true, Ordering::SeqCst);
        for _ in 0..3 {
            assert_eq!(world.expire_holds.run().await.unwrap(), 0);
            world.reconcile.run().await.unwrap();
        }
        assert_eq!(
            books(&world, &booking).await,
            ("pending_payment", "pending", vec![PaymentState::Closing], vec![], 0),
            "nobody knows whether the client paid"
        );
        gateway.down.store(false, Ordering::SeqCst);
        world.clock.advance(SignedDuration::from_mins(1));
        world.reconcile.run().await.unwrap();
        assert_eq!(gateway.checkouts.lock().unwrap()[&payment.provider_checkout_id], CheckoutState::Expired);
        assert_eq!(world.expire_holds.run().await.unwrap(), 1);
        assert_eq!(books(&world, &booking).await, ("expired", "cancelled", vec![PaymentState::Closed], vec![], 0));
    }

    #[tokio::test]
    async fn who_paid_in_the_last_second_keeps_the_slot_even_if_nobody_tells() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        gateway.pay(&payment);
        world.clock.advance(SignedDuration::from_mins(16));
        let other = world.add("other@example.org", Role::Client).await;
        let wish = world.book(&other, TEN).await;
        assert!(matches!(wish, Err(CreateBookingError::SlotTaken)), "the provider was asked first");
        assert_eq!(
            books(&world, &booking).await,
            ("scheduled", "succeeded", vec![PaymentState::Settled], vec![], 10_000)
        );
    }

    #[tokio::test]
    async fn a_lapsed_hold_in_the_way_is_ended_at_the_provider_and_taken() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        world.clock.advance(SignedDuration::from_mins(16));
        let other = world.add("other@example.org", Role::Client).await;
        let taken = world.book(&other, TEN).await.unwrap().booking;
        assert_eq!(taken.status(), BookingStatus::PendingPayment);
        assert_eq!(gateway.checkouts.lock().unwrap()[&payment.provider_checkout_id], CheckoutState::Expired);
        assert_eq!(world.booking(booking.id()).await.status(), BookingStatus::Expired);
        // One's own hold is no different once it is over.
        world.clock.advance(SignedDuration::from_mins(16));
        assert_ne!(world.book(&other, TEN).await.unwrap().booking.id(), taken.id());
    }

    #[tokio::test]
    async fn money_on_its_way_keeps_the_slot_until_it_comes_or_fails() {
        let (world, gateway) = World::online().await;
        let (client, booking, payment) = held(&world).await;
        gateway.set(&payment, CheckoutState::Processing);
        assert_eq!(
            hear(&world, &event("evt_1", PaymentEventKind::CheckoutProcessing, &payment)).await,
            WebhookOutcome::Applied
        );
        world.clock.advance(SignedDuration::from_mins(60));
        assert_eq!(world.expire_holds.run().await.unwrap(), 0);
        world.reconcile.run().await.unwrap();
        assert_eq!(
            books(&world, &booking).await,
            ("pending_payment", "processing", vec![PaymentState::Processing], vec![], 0)
        );
        let again = world.open_checkout.run(booking.id(), client.id).await;
        assert!(matches!(again, Err(OpenCheckoutError::Processing)), "{again:?}");
        gateway.set(&payment, CheckoutState::Failed);
        assert_eq!(
            hear(&world, &event("evt_2", PaymentEventKind::ProcessingFailed, &payment)).await,
            WebhookOutcome::Applied
        );
        assert_eq!(books(&world, &booking).await, ("pending_payment", "failed", vec![PaymentState::Closed], vec![], 0));
        assert_eq!(notifications_for(&world, &booking).await, ["payment_problem"]);
        world.expire_holds.run().await.unwrap();
        assert_eq!(world.booking(booking.id()).await.status(), BookingStatus::Expired);
    }

    #[tokio::test]
    async fn what_nobody_told_the_worker_finds_out() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        gateway.pay(&payment);
        world.reconcile.run().await.unwrap();
        assert_eq!(world.booking(booking.id()).await.status(), BookingStatus::PendingPayment, "not asked yet");
        world.clock.advance(SignedDuration::from_mins(6));
        world.reconcile.run().await.unwrap();
        assert_eq!(world.booking(booking.id()).await.status(), BookingStatus::Scheduled);
        assert_eq!(
            hear(&world, &event("evt_1", PaymentEventKind::CheckoutPaid, &payment)).await,
            WebhookOutcome::Applied
        );
        assert_eq!(books(&world, &booking).await.4, 10_000, "the message came late, and said nothing new");
    }

    #[tokio::test]
    async fn what_does_not_match_confirms_nothing_and_is_shown() {
        let (world, _) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        let good = event("evt_1", PaymentEventKind::CheckoutPaid, &payment);
        let dollars = Money::new(10_000, attune_domain::Currency::parse("USD").unwrap()).unwrap();
        let other = attune_domain::BookingId::new(77);
        let cases = [
            (PaymentEvent { amount: Some(eur(9_999)), ..good.clone() }, ProblemKind::WrongAmount),
            (PaymentEvent { amount: Some(dollars), ..good.clone() }, ProblemKind::WrongCurrency),
            (PaymentEvent { live: true, ..good.clone() }, ProblemKind::WrongMode),
            (PaymentEvent { booking: other, ..good.clone() }, ProblemKind::WrongBooking),
        ];
        for (number, (wrong, kind)) in cases.into_iter().enumerate() {
            let wrong = PaymentEvent { id: format!("evt_wrong_{number}"), ..wrong };
            assert_eq!(hear(&world, &wrong).await, WebhookOutcome::NeedsReview, "{kind:?}");
            assert_eq!(problems(&world).await.last(), Some(&kind));
            assert_eq!(hear(&world, &wrong).await, WebhookOutcome::Duplicate);
            assert_eq!(
                books(&world, &booking).await,
                ("pending_payment", "pending", vec![PaymentState::Open], vec![], 0)
            );
        }
        assert_eq!(problems(&world).await.len(), 4);
        let nobody =
            PaymentEvent { id: "evt_n".into(), object_id: Some("cs_x".into()), booking: other, ..good.clone() };
        assert_eq!(hear(&world, &nobody).await, WebhookOutcome::NeedsReview);
        assert_eq!(problems(&world).await.last(), Some(&ProblemKind::UnknownBooking));
        let foreign =
            PaymentEvent { id: "evt_f".into(), object_id: Some("cs_y".into()), booking: None, ..good.clone() };
        assert_eq!(hear(&world, &foreign).await, WebhookOutcome::Ignored, "another shop of the same account");
        assert_eq!(hear(&world, &good).await, WebhookOutcome::Applied, "the genuine one still counts");
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
    async fn events_are_forgotten_when_nobody_tells_them_any_more() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = paid(&world, &gateway).await;
        let paid = event("evt_1", PaymentEventKind::CheckoutPaid, &payment);
        world.clock.advance(SignedDuration::from_hours(30 * 24));
        assert_eq!(world.purge.run().await.unwrap(), 0);
        assert_eq!(hear(&world, &paid).await, WebhookOutcome::Duplicate);
        world.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(world.purge.run().await.unwrap(), 1);
        assert_eq!(hear(&world, &paid).await, WebhookOutcome::Applied, "it says nothing new");
        assert_eq!(books(&world, &booking).await.4, 10_000);
    }

    #[tokio::test]
    async fn money_that_does_not_match_when_asked_for_is_left_where_it_is() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        let paid = gateway.pay(&payment);
        gateway.set(&payment, CheckoutState::Paid(attune_ports::PaidCheckout { amount: eur(1), ..paid }));
        world.clock.advance(SignedDuration::from_mins(16));
        world.expire_holds.run().await.unwrap();
        world.reconcile.run().await.unwrap();
        world.expire_holds.run().await.unwrap();
        assert_eq!(books(&world, &booking).await, ("expired", "cancelled", vec![PaymentState::Closed], vec![], 0));
        assert_eq!(problems(&world).await, [ProblemKind::WrongAmount]);
        assert_eq!(notifications_for(&world, &booking).await, [""; 0]);
    }

    #[tokio::test]
    async fn a_cancelled_session_is_paid_back_once_by_the_worker() {
        let (world, gateway) = World::online().await;
        let (client, booking, _) = paid(&world, &gateway).await;
        cancel(&world, &client, &booking).await;
        assert_eq!(
            books(&world, &booking).await,
            ("cancelled", "refund_pending", vec![PaymentState::Settled], vec![RefundStage::Queued], 10_000)
        );
        gateway.down.store(true, Ordering::SeqCst);
        world.process_refunds.run().await.unwrap();
        let waiting: Vec<Refund> = world.queries.refunds(booking.id()).await.unwrap();
        assert_eq!((waiting[0].attempts, waiting[0].last_error.as_deref()), (1, Some("unavailable")));
        assert_eq!(world.process_refunds.run().await.unwrap(), 0, "not before its next time");
        gateway.down.store(false, Ordering::SeqCst);
        *gateway.refunding.lock().unwrap() = Some(RefundState::Pending);
        world.clock.advance(SignedDuration::from_secs(31));
        world.process_refunds.run().await.unwrap();
        let under_way = world.queries.refunds(booking.id()).await.unwrap().remove(0);
        assert_eq!((under_way.stage, under_way.provider_refund_id.is_some()), (RefundStage::Pending, true));
        for refund in gateway.refunds.lock().unwrap().values_mut() {
            refund.state = RefundState::Succeeded;
        }
        world.clock.advance(SignedDuration::from_mins(31));
        world.process_refunds.run().await.unwrap();
        assert_eq!(
            books(&world, &booking).await,
            ("cancelled", "refunded", vec![PaymentState::Settled], vec![RefundStage::Succeeded], 0)
        );
        assert_eq!(gateway.refunds.lock().unwrap().len(), 1);
        assert!(notifications_for(&world, &booking).await.ends_with(&["cancelled", "refund"]));
    }

    fn wish(world: &World, booking: &Booking, amount: Option<Money>) -> RefundPaymentCommand {
        let _ = world;
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
    async fn an_admin_gives_back_a_part_and_never_more_than_is_left() {
        let (world, gateway) = World::online().await;
        let (client, booking, _) = paid(&world, &gateway).await;
        let refund = &world.refund;
        let too_much = refund.run(wish(&world, &booking, Some(eur(10_001)))).await;
        assert!(
            matches!(too_much, Err(RefundPaymentError::NotRefundable(RefundError::ExceedsRefundable { refundable })) if refundable == eur(10_000))
        );
        let begun = now(refund.run(wish(&world, &booking, Some(eur(4_000)))).await.unwrap());
        assert_eq!((begun.status(), begun.payment_status()), (BookingStatus::Scheduled, PaymentStatus::RefundPending));
        let twice = refund.run(wish(&world, &booking, Some(eur(1)))).await;
        assert!(matches!(twice, Err(RefundPaymentError::InProgress)));
        world.process_refunds.run().await.unwrap();
        assert_eq!(
            books(&world, &booking).await,
            ("scheduled", "partially_refunded", vec![PaymentState::Settled], vec![RefundStage::Succeeded], 6_000)
        );
        let (_, quote) = world.change_booking.quote(client.id, client.role, booking.id()).await.unwrap();
        assert_eq!(quote.refund, eur(6_000), "what went back does not go back again");
        cancel(&world, &client, &booking).await;
        world.process_refunds.run().await.unwrap();
        let (status, paid, _, stages, sum) = books(&world, &booking).await;
        assert_eq!((status, paid, stages.len(), sum), ("cancelled", "refunded", 2, 0));
        let nothing = refund.run(wish(&world, &booking, None)).await;
        assert!(matches!(nothing, Err(RefundPaymentError::NotRefundable(RefundError::NothingToRefund))));
    }

    #[tokio::test]
    async fn calling_off_while_a_refund_is_under_way_gives_back_the_rest_after_it() {
        let (world, gateway) = World::online().await;
        let (client, booking, _) = paid(&world, &gateway).await;
        *gateway.refunding.lock().unwrap() = Some(RefundState::Pending);
        world.refund.run(wish(&world, &booking, Some(eur(4_000)))).await.unwrap();
        world.process_refunds.run().await.unwrap();
        cancel(&world, &client, &booking).await;
        world.process_refunds.run().await.unwrap();
        assert_eq!(gateway.refunds.lock().unwrap().len(), 1, "one at a time");
        *gateway.refunding.lock().unwrap() = Some(RefundState::Succeeded);
        for refund in gateway.refunds.lock().unwrap().values_mut() {
            refund.state = RefundState::Succeeded;
        }
        for _ in 0..3 {
            world.clock.advance(SignedDuration::from_mins(31));
            world.process_refunds.run().await.unwrap();
        }
        let (status, paid, _, stages, sum) = books(&world, &booking).await;
        assert_eq!((status, paid, sum), ("cancelled", "refunded", 0));
        assert_eq!(stages, [RefundStage::Succeeded, RefundStage::Succeeded]);
    }

    #[tokio::test]
    async fn a_refund_that_fails_is_shown_and_can_be_tried_again() {
        let (world, gateway) = World::online().await;
        let (client, booking, _) = paid(&world, &gateway).await;
        *gateway.refunding.lock().unwrap() = None;
        cancel(&world, &client, &booking).await;
        world.process_refunds.run().await.unwrap();
        assert_eq!(
            books(&world, &booking).await,
            ("cancelled", "succeeded", vec![PaymentState::Settled], vec![RefundStage::Failed], 10_000)
        );
        assert_eq!(problems(&world).await, [ProblemKind::RefundFailed]);
        *gateway.refunding.lock().unwrap() = Some(RefundState::Succeeded);
        world.refund.run(wish(&world, &booking, None)).await.unwrap();
        assert_eq!(problems(&world).await, []);
        world.process_refunds.run().await.unwrap();
        let (_, paid, _, stages, sum) = books(&world, &booking).await;
        assert_eq!((paid, sum), ("refunded", 0));
        assert_eq!(stages, [RefundStage::Retried, RefundStage::Succeeded]);

        // A bank can send money back that had arrived.
        let refund = world.queries.refunds(booking.id()).await.unwrap().remove(1);
        let failed = PaymentEvent {
            id: "evt_back".into(),
            at: world.clock.now(),
            live: false,
            kind: PaymentEventKind::RefundChanged(RefundState::Failed),
            object_id: refund.provider_refund_id.clone(),
            amount: Some(eur(10_000)),
            booking: Some(booking.id()),
            provider_payment_id: None,
            refund_idempotency_key: Some(refund.idempotency_key.clone()),
        };
        assert_eq!(hear(&world, &failed).await, WebhookOutcome::Applied);
        let (_, paid, _, _, sum) = books(&world, &booking).await;
        assert_eq!((paid, sum), ("succeeded", 10_000));
        assert_eq!(problems(&world).await, [ProblemKind::RefundFailed]);
    }

    #[tokio::test]
    async fn a_refund_made_at_the_provider_gets_into_the_books() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = paid(&world, &gateway).await;
        let by_hand = |id: &str, amount, state| PaymentEvent {
            id: id.to_owned(),
            at: world.clock.now(),
            live: false,
            kind: PaymentEventKind::RefundChanged(state),
            object_id: Some("re_by_hand".into()),
            amount: Some(amount),
            booking: None,
            provider_payment_id: Some(format!("pi_{}", payment.provider_checkout_id)),
            refund_idempotency_key: None,
        };
        assert_eq!(hear(&world, &by_hand("evt_2", eur(2_500), RefundState::Succeeded)).await, WebhookOutcome::Applied);
        assert_eq!(hear(&world, &by_hand("evt_3", eur(2_500), RefundState::Pending)).await, WebhookOutcome::Applied);
        assert_eq!(
            books(&world, &booking).await,
            ("scheduled", "partially_refunded", vec![PaymentState::Settled], vec![RefundStage::Succeeded], 7_500)
        );
        assert_eq!(world.queries.refunds(booking.id()).await.unwrap()[0].cause, RefundCause::External);
        assert!(notifications_for(&world, &booking).await.ends_with(&["refund"]));
        let early = PaymentEvent {
            provider_payment_id: Some("pi_unknown".into()),
            ..by_hand("evt_4", eur(1), RefundState::Succeeded)
        };
        let early = PaymentEvent { object_id: Some("re_other".into()), ..early };
        assert!(matches!(world.webhook().run(&early).await, Err(HandlePaymentWebhookError::OutOfOrder)));
        world.clock.advance(SignedDuration::from_mins(61));
        assert_eq!(hear(&world, &early).await, WebhookOutcome::Ignored, "it was another shop's");
    }

    #[tokio::test]
    async fn money_that_comes_twice_goes_back_and_leaves_the_session_alone() {
        let (world, gateway) = World::online().await;
        let (_, booking, payment) = held(&world).await;
        world
            .record_offline
            .run(RecordOfflineCommand {
                admin: booking.therapist(),
                booking: booking.id(),
                amount: None,
                method: "cash".into(),
                memo: None,
                metadata: RequestMetadata::default(),
                idempotency: None,
            })
            .await
            .unwrap();
        gateway.pay(&payment);
        world.reconcile.run().await.unwrap();
        world.process_refunds.run().await.unwrap();
        assert_eq!(
            books(&world, &booking).await,
            (
                "scheduled",
                "succeeded",
                vec![PaymentState::Unapplied, PaymentState::Settled],
                vec![RefundStage::Succeeded],
                10_000
            )
        );
        assert!(notifications_for(&world, &booking).await.ends_with(&["receipt", "payment_problem"]));
        world.deliver.run().await.unwrap();
        let told: Vec<_> =
            world.notifier.sent().into_iter().filter(|m| m.kind == NotificationKind::PaymentProblem).collect();
        assert_eq!(told[0].payment, Some(attune_ports::PaymentDetails::RefundScheduled { amount: eur(10_000) }));
    }

    #[tokio::test]
    async fn what_was_paid_by_hand_goes_back_by_hand() {
        let (world, _) = World::online().await;
        let (client, booking, _) = held(&world).await;
        let record = RecordOfflineCommand {
            admin: booking.therapist(),
            booking: booking.id(),
            amount: None,
            method: "cash".into(),
            memo: None,
            metadata: RequestMetadata::default(),
            idempotency: None,
        };
        world.record_offline.run(record).await.unwrap();
        cancel(&world, &client, &booking).await;
        assert_eq!(world.process_refunds.run().await.unwrap(), 0, "nobody can be asked");
        let another = world.refund.run(wish(&world, &booking, Some(eur(1)))).await;
        assert!(matches!(another, Err(RefundPaymentError::InProgress)));
        let given = now(world.refund.run(wish(&world, &booking, None)).await.unwrap());
        assert_eq!(given.payment_status(), PaymentStatus::Refunded);
        assert_eq!(books(&world, &booking).await.4, 0);
    }
}

#[tokio::test]
async fn the_report_adds_up_by_the_practices_own_days() {
    let world = World::paid().await;
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let report = RevenueReport { queries: world.queries.clone(), zone };
    let client = world.client().await;
    // Half an hour before and after midnight in Berlin, in two months.
    for (when, start) in
        [("2024-01-31T22:30:00Z", "2024-02-05T10:00:00Z"), ("2024-01-31T23:30:00Z", "2024-02-06T10:00:00Z")]
    {
        world.clock.set(at(when));
        let placed = world.book(&client, start).await.unwrap();
        confirm(&world, &placed.checkout.unwrap()).await.unwrap();
        if start.starts_with("2024-02-06") {
            cancel(&world, &client, &placed.booking).await;
            world.process_refunds.run().await.unwrap();
        }
    }
    let days = report.run(date(2024, 1, 31), date(2024, 2, 1), Period::Day).await.unwrap();
    let line = |line: &RevenueLine| (line.from, line.received, line.refunded, line.net(), line.payments, line.refunds);
    assert_eq!(
        days.iter().map(line).collect::<Vec<_>>(),
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
