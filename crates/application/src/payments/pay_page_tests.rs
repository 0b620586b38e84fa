use attune_domain::notification::NotificationKind;
use attune_domain::{Booking, BookingStatus, PaymentStatus, User};
use attune_ports::{CheckoutState, PaymentState, Provider};
use jiff::SignedDuration;

use super::*;
use crate::bookings::{CreateBookingCommand, CreateBookingError, PaymentChoice};
use crate::fixtures::{TEN, TestPractice, cancel, executed, offline_payment};

/// A client, and a booking that the therapist made for them, to be paid online.
async fn requested(practice: &TestPractice, start: &str) -> Result<(User, Booking), CreateBookingError> {
    let client = practice.add(&format!("client{}", practice.count_bookings().await), attune_domain::Role::Client).await;
    let booked_by = practice.therapist().await.id;
    let request = practice.request(&client, start);
    let command = CreateBookingCommand { booked_by, payment: PaymentChoice::Requested, ..request };
    let booking = practice.create_booking.run(command).await.map(executed)?.booking;
    Ok((client, booking))
}

fn token(booking: &Booking) -> String {
    format!("pay.{}", booking.id())
}

async fn state(practice: &TestPractice, booking: &Booking) -> PayState {
    practice.pay_page.view(&token(booking)).await.unwrap().state
}

async fn checkout(practice: &TestPractice, booking: &Booking) -> String {
    match practice.pay_page.pay(&token(booking)).await.unwrap() {
        PayOutcome::Checkout(url) => url,
        PayOutcome::Closed(view) => panic!("{view:?}"),
    }
}

async fn kinds(practice: &TestPractice) -> Vec<&'static str> {
    practice.delivered().await.iter().map(|email| email.kind.as_str()).collect()
}

#[tokio::test]
async fn a_client_is_asked_and_reminded_once_and_pays_on_the_page() {
    let practice = TestPractice::paid().await;
    let (_, booking) = requested(&practice, "2024-01-20T10:00:00Z").await.unwrap();
    let until = practice.now() + SignedDuration::from_hours(72);
    assert_eq!(booking.hold_expires_at(), Some(until));
    assert_eq!(kinds(&practice).await, ["payment_request"]);
    let email = &practice.notifier.sent()[0];
    let url = email.pay_url.clone().unwrap();
    assert_eq!(url, format!("https://practice.example.org/{}", ["pay", &token(&booking)].join("/")));
    assert_eq!(email.join_url, None);
    assert_eq!(state(&practice, &booking).await, PayState::Due { amount: booking.price(), until });

    let first = checkout(&practice, &booking).await;
    assert_eq!(checkout(&practice, &booking).await, first, "a second click");
    practice.clock.set(until - SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    assert_eq!(kinds(&practice).await.len(), 1);
    practice.advance_minutes(1);
    assert_eq!(kinds(&practice).await[1..], ["payment_reminder"]);
    assert_eq!(practice.notifier.sent()[1].pay_url.as_ref(), Some(&url));

    let payments = practice.queries.payments(booking.id()).await.unwrap();
    let open = payments.iter().find(|payment| payment.state == PaymentState::Open).unwrap();
    practice.pay_test_checkout.run(&open.provider_checkout_id, &crate::RequestMetadata::default()).await.unwrap();
    assert_eq!(state(&practice, &booking).await, PayState::Paid);
    let closed = practice.pay_page.pay(&token(&booking)).await.unwrap();
    assert!(matches!(closed, PayOutcome::Closed(view) if view.state == PayState::Paid));
    let sent = kinds(&practice).await;
    assert_eq!(sent[2..], ["meeting_info", "receipt"]);
}

#[tokio::test]
async fn who_has_paid_is_not_reminded() {
    let practice = TestPractice::paid().await;
    let (_, booking) = requested(&practice, "2024-01-20T10:00:00Z").await.unwrap();
    kinds(&practice).await;
    practice.record_offline.run(offline_payment(&booking)).await.unwrap();
    practice.advance_minutes(72 * 60);
    assert!(!kinds(&practice).await.contains(&"payment_reminder"));
}

#[tokio::test]
async fn a_hold_that_ends_is_announced_once_to_a_client_who_was_asked() {
    let practice = TestPractice::paid().await;
    let (_, booking) = requested(&practice, "2024-01-20T10:00:00Z").await.unwrap();
    kinds(&practice).await;
    practice.advance_minutes(72 * 60);
    for _ in 0..2 {
        practice.expire_holds.run().await.unwrap();
    }
    assert_eq!(practice.booking(booking.id()).await.status(), BookingStatus::Expired);
    assert_eq!(state(&practice, &booking).await, PayState::Expired);
    assert_eq!(kinds(&practice).await, ["payment_request", "hold_expired"]);

    let own = practice.client().await;
    let hold = practice.book(&own, "2024-01-21T10:00:00Z").await.unwrap().booking;
    practice.advance_minutes(16);
    practice.expire_holds.run().await.unwrap();
    assert_eq!(practice.booking(hold.id()).await.status(), BookingStatus::Expired);
    assert_eq!(kinds(&practice).await.len(), 2, "the client left the checkout and knows");
}

#[tokio::test]
async fn a_cancelled_request_ends_the_page_and_is_announced() {
    let practice = TestPractice::paid().await;
    let (client, booking) = requested(&practice, "2024-01-20T10:00:00Z").await.unwrap();
    kinds(&practice).await;
    practice.change(&client, &booking, cancel()).await.unwrap();
    assert_eq!(state(&practice, &booking).await, PayState::Cancelled);
    let closed = practice.pay_page.pay(&token(&booking)).await.unwrap();
    assert!(matches!(closed, PayOutcome::Closed(view) if view.state == PayState::Cancelled));
    practice.advance_minutes(72 * 60);
    assert_eq!(kinds(&practice).await, ["payment_request", "cancelled"]);

    // One who never got the request is not told either.
    let (client, booking) = requested(&practice, "2024-01-25T10:00:00Z").await.unwrap();
    practice.change(&client, &booking, cancel()).await.unwrap();
    assert_eq!(kinds(&practice).await.len(), 2);
}

#[tokio::test]
async fn a_hold_leaves_the_minimum_notice_and_needs_some_time() {
    let practice = TestPractice::paid().await;
    let rules = attune_domain::calendar::RuleSettings { notice_minutes: 120, ..Default::default() };
    practice.set_policy(attune_domain::PracticePolicy { rules, ..Default::default() }).await.unwrap();
    let start = practice.now() + SignedDuration::from_hours(5);
    let (_, booking) = requested(&practice, &start.to_string()).await.unwrap();
    assert_eq!(booking.hold_expires_at(), Some(start - SignedDuration::from_hours(2)));
    let soon = practice.now() + SignedDuration::from_hours(2);
    let refused = requested(&practice, &soon.to_string()).await;
    assert!(matches!(refused, Err(CreateBookingError::NoTimeToPay)), "{refused:?}");
}

#[tokio::test]
async fn only_a_provider_with_a_page_can_be_asked_for() {
    let offline = TestPractice::offline().await;
    let refused = requested(&offline, TEN).await;
    assert!(matches!(refused, Err(CreateBookingError::NotOnline)), "{refused:?}");
    let free = TestPractice::free().await;
    let (_, booking) = requested(&free, TEN).await.unwrap();
    assert_eq!((booking.status(), booking.payment_status()), (BookingStatus::Scheduled, PaymentStatus::NotRequired));
    let unknown = free.pay_page.view("pay.77").await;
    assert!(matches!(unknown, Err(PayPageError::Unknown)));
}

#[tokio::test]
async fn a_checkout_that_ended_at_the_provider_is_replaced() {
    let practice = TestPractice::online().await;
    let (_, booking) = requested(&practice, "2024-01-20T10:00:00Z").await.unwrap();
    let first = checkout(&practice, &booking).await;
    practice.advance_minutes(24 * 60);
    assert_eq!(checkout(&practice, &booking).await, first, "it is still open there");
    practice.gateway.checkouts.lock().unwrap().values_mut().for_each(|state| *state = CheckoutState::Expired);
    let second = checkout(&practice, &booking).await;
    assert_ne!(second, first, "its webhook was lost");
    assert_eq!(checkout(&practice, &booking).await, second);
}

#[tokio::test]
async fn a_client_of_an_offline_practice_is_told_how_to_pay() {
    let practice = TestPractice::offline().await;
    let client = practice.client().await;
    let booking = practice.book(&client, "2024-01-20T10:00:00Z").await.unwrap().booking;
    assert_eq!(kinds(&practice).await, ["payment_instructions"]);
    let sent = practice.notifier.sent();
    let expected = attune_ports::PaymentDetails::Due {
        booking: booking.id(),
        amount: booking.price(),
        until: booking.hold_expires_at().unwrap(),
    };
    assert_eq!((sent[0].payment, &sent[0].pay_url), (Some(expected), &None));
    assert!(practice.pay_pages.url_of(&booking, Provider::Offline).is_none());
    practice.record_offline.run(offline_payment(&booking)).await.unwrap();
    assert_eq!(kinds(&practice).await[1..], ["meeting_info", "receipt"]);

    // Paid before the email was sent.
    let booking = practice.book(&client, "2024-01-21T10:00:00Z").await.unwrap().booking;
    practice.record_offline.run(offline_payment(&booking)).await.unwrap();
    let kinds = kinds(&practice).await;
    let count = kinds.iter().filter(|kind| **kind == NotificationKind::PaymentInstructions.as_str()).count();
    assert_eq!((count, kinds.len()), (1, 5));
}
