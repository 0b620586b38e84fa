//! What only an admin can do: set a price, book inactive services, enter past sessions, edit a booking.

use attune_domain::booking::{BookError, ChangeError, EditError};
use attune_domain::{Booking, BookingStatus, Money, NotifyLevel, ParticipantRole, PaymentStatus, Role, Service, User};
use attune_ports::{NewService, PaymentState, PriceError};

use super::super::*;
use crate::RequestMetadata;
use crate::fixtures::{TEN, TestPractice, at, cancel, executed, offline_payment};
use crate::payments::RecordOfflineCommand;
use crate::practice::{ChangeServiceCommand, ServiceChanges};

/// After which the fixture's now has passed.
const YESTERDAY: &str = "2024-01-09T10:00:00Z";

fn eur(cents: i64) -> Money {
    Money::new(cents, "EUR".parse().unwrap()).unwrap()
}

async fn by_therapist(practice: &TestPractice, client: &User, start: &str) -> CreateBookingCommand {
    let booked_by = practice.therapist().await.id;
    CreateBookingCommand { booked_by, role: Role::Admin, ..practice.request(client, start) }
}

async fn create(practice: &TestPractice, command: CreateBookingCommand) -> Result<Booking, CreateBookingError> {
    practice.create_booking.run(command).await.map(|created| executed(created).booking)
}

fn in_cash() -> PaymentChoice {
    PaymentChoice::PaidOffline { method: "cash".into(), memo: None }
}

/// A service of 90 minutes that can no longer be booked by clients.
async fn inactive_service(practice: &TestPractice) -> Service {
    let admin = practice.therapist().await.id;
    let new = NewService {
        name: "Long".into(),
        description: String::new(),
        minutes: 90,
        buffer_minutes: 10,
        price: eur(15_000),
        translations: Default::default(),
    };
    let service = practice.services.add(admin, new, &RequestMetadata::default()).await.unwrap();
    let changes = ServiceChanges { active: Some(false), ..ServiceChanges::default() };
    let (service, metadata) = (service.id, RequestMetadata::default());
    let command = ChangeServiceCommand { admin, service, changes, version: None, metadata };
    practice.services.change(command).await.unwrap()
}

#[tokio::test]
async fn a_booking_gets_the_amount_that_the_admin_sets() {
    let practice = TestPractice::paid().await;
    let client = practice.client().await;
    let command = by_therapist(&practice, &client, TEN).await;
    let discounted = CreateBookingCommand { amount: Some("80.5".into()), ..command.clone() };
    let booking = create(&practice, discounted).await.unwrap();
    assert_eq!((booking.price(), booking.status()), (eur(8_050), BookingStatus::PendingPayment));
    assert_eq!(practice.queries.payments(booking.id()).await.unwrap()[0].amount, eur(8_050));

    let free = CreateBookingCommand { amount: Some("0".into()), scheduled_at: at("2024-01-16T10:00:00Z"), ..command };
    let booking = create(&practice, free).await.unwrap();
    assert_eq!((booking.status(), booking.payment_status()), (BookingStatus::Scheduled, PaymentStatus::NotRequired));
}

#[tokio::test]
async fn an_amount_has_to_fit_the_currency_and_the_provider() {
    let practice = TestPractice::online().await;
    let client = practice.client().await;
    for (amount, fits) in [("80.555", false), ("-1", false), ("1e2", false), ("80", true)] {
        let command = by_therapist(&practice, &client, TEN).await;
        let result = create(&practice, CreateBookingCommand { amount: Some(amount.into()), ..command }).await;
        assert_eq!(!matches!(result, Err(CreateBookingError::Amount)), fits, "{amount}: {result:?}");
    }
    let too_much = |payment| CreateBookingCommand {
        amount: Some("1000000".into()),
        payment,
        ..practice.request(&client, "2024-01-17T10:00:00Z")
    };
    let refused = create(&practice, too_much(PaymentChoice::ByProvider)).await;
    assert!(matches!(refused, Err(CreateBookingError::Price(PriceError::TooLarge(_)))), "{refused:?}");
    create(&practice, too_much(in_cash())).await.unwrap();
}

#[tokio::test]
async fn only_an_admin_books_an_inactive_service() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let service = Some(inactive_service(&practice).await.id);
    let by_client = CreateBookingCommand { service, ..practice.request(&client, TEN) };
    assert!(matches!(create(&practice, by_client).await, Err(CreateBookingError::UnknownService)));
    let command = CreateBookingCommand { service, ..by_therapist(&practice, &client, TEN).await };
    assert_eq!(create(&practice, command).await.unwrap().minutes(), 90);
}

#[tokio::test]
async fn a_past_session_is_entered_without_an_email() {
    let practice = TestPractice::paid().await;
    let client = practice.client().await;
    let past = by_therapist(&practice, &client, YESTERDAY).await;
    let past = CreateBookingCommand { has_taken_place: true, ..past };
    let paid = create(&practice, CreateBookingCommand { payment: in_cash(), ..past.clone() }).await.unwrap();
    assert_eq!((paid.status(), paid.payment_status()), (BookingStatus::Completed, PaymentStatus::Succeeded));
    assert_eq!(practice.queries.ledger(paid.id()).await.unwrap()[0].amount, paid.price());
    assert_eq!(practice.actions(&paid).await, ["booking.entered"]);
    assert!(practice.notifications(&paid).await.is_empty());

    let unsettled =
        create(&practice, CreateBookingCommand { scheduled_at: at("2024-01-08T10:00:00Z"), ..past.clone() });
    assert!(matches!(unsettled.await, Err(CreateBookingError::NotSettled)));
    let waived = CreateBookingCommand { payment: PaymentChoice::Waived, ..past };
    // At night, when no one can be booked.
    let at_night = CreateBookingCommand { scheduled_at: at("2024-01-08T01:07:00Z"), ..waived.clone() };
    assert_eq!(create(&practice, at_night).await.unwrap().payment_status(), PaymentStatus::NotRequired);
    assert!(matches!(create(&practice, waived.clone()).await, Err(CreateBookingError::SlotTaken)));
    for (start, expected) in [(TEN, BookError::NotEnded), ("2023-10-01T10:00:00Z", BookError::TooLongAgo)] {
        let result = create(&practice, CreateBookingCommand { scheduled_at: at(start), ..waived.clone() }).await;
        assert!(matches!(&result, Err(CreateBookingError::Rule(error)) if *error == expected), "{start}: {result:?}");
    }
    let not_past = CreateBookingCommand { has_taken_place: false, scheduled_at: at("2024-01-08T10:00:00Z"), ..waived };
    let result = create(&practice, not_past).await;
    assert!(matches!(result, Err(CreateBookingError::Rule(BookError::InThePast))), "{result:?}");
}

async fn edit(
    practice: &TestPractice,
    booking: &Booking,
    change: impl FnOnce(&mut EditBookingCommand),
) -> Result<Booking, EditBookingError> {
    let mut command = EditBookingCommand {
        admin: booking.therapist(),
        booking: booking.id(),
        service: None,
        amount: None,
        note: None,
        version: None,
        metadata: RequestMetadata::default(),
    };
    change(&mut command);
    practice.edit_booking.run(command).await
}

#[tokio::test]
async fn a_pending_booking_is_discounted_and_its_checkout_closes() {
    let practice = TestPractice::online().await;
    let (client, booking) = practice.booked().await;
    let discounted = edit(&practice, &booking, |c| c.amount = Some("80".into())).await.unwrap();
    assert_eq!((discounted.price(), discounted.status()), (eur(8_000), BookingStatus::PendingPayment));
    assert_eq!(discounted, practice.booking(booking.id()).await);
    let states: Vec<_> = practice.queries.payments(booking.id()).await.unwrap().iter().map(|p| p.state).collect();
    assert_eq!(states, [PaymentState::Closing]);
    let checkout = practice.open_checkout.run(booking.id(), client.id).await.unwrap();
    assert_eq!(checkout.amount, eur(8_000));
    assert_eq!(practice.actions(&booking).await, ["booking.held", "booking.edited"]);
    let too_much = edit(&practice, &booking, |c| c.amount = Some("1000000".into())).await;
    assert!(matches!(too_much, Err(EditBookingError::Price(_))), "{too_much:?}");
    let invalid = edit(&practice, &booking, |c| c.amount = Some("0.001".into())).await;
    assert!(matches!(invalid, Err(EditBookingError::Amount)), "{invalid:?}");
}

#[tokio::test]
async fn an_amount_of_zero_waives_the_payment() {
    let practice = TestPractice::paid().await;
    let (_, booking) = practice.booked().await;
    let waived = edit(&practice, &booking, |c| c.amount = Some("0.00".into())).await.unwrap();
    assert_eq!((waived.status(), waived.payment_status()), (BookingStatus::Scheduled, PaymentStatus::NotRequired));
    assert!(waived.room().is_some());
    assert_eq!(practice.actions(&booking).await, ["booking.held", "booking.edited", "booking.scheduled"]);
    assert_eq!(practice.notifications(&booking).await.len(), 3);
    assert_eq!(practice.queries.payments(booking.id()).await.unwrap()[0].state, PaymentState::Closed);
    // A second click changes nothing.
    assert_eq!(edit(&practice, &booking, |c| c.amount = Some("0".into())).await.unwrap(), waived);
}

#[tokio::test]
async fn a_new_price_is_above_the_part_that_was_paid() {
    let practice = TestPractice::paid().await;
    let (_, booking) = practice.booked().await;
    let part = RecordOfflineCommand { amount: Some(eur(4_000)), ..offline_payment(&booking) };
    practice.record_offline.run(part).await.unwrap();
    for amount in ["0", "39.99", "40"] {
        let refused = edit(&practice, &booking, |c| c.amount = Some(amount.into())).await;
        assert!(
            matches!(refused, Err(EditBookingError::PartPaid { received }) if received == eur(4_000)),
            "{refused:?}"
        );
    }
    let discounted = edit(&practice, &booking, |c| c.amount = Some("70".into())).await.unwrap();
    assert_eq!((discounted.price(), discounted.status()), (eur(7_000), BookingStatus::PendingPayment));
    assert_eq!(practice.open_checkout.amount_due(&discounted).await.unwrap(), eur(3_000));
    let confirmed = executed(practice.record_offline.run(offline_payment(&discounted)).await.unwrap());
    assert_eq!((confirmed.status(), confirmed.payment_status()), (BookingStatus::Scheduled, PaymentStatus::Succeeded));
}

#[tokio::test]
async fn what_is_paid_keeps_its_price() {
    let practice = TestPractice::paid().await;
    let (_, booking) = practice.booked().await;
    practice.record_offline.run(offline_payment(&booking)).await.unwrap();
    let refused = edit(&practice, &booking, |c| c.amount = Some("80".into())).await;
    let expected = EditError::State(ChangeError::InvalidState);
    assert!(matches!(&refused, Err(EditBookingError::Edit(error)) if *error == expected), "{refused:?}");
    let service = inactive_service(&practice).await.id;
    let longer = edit(&practice, &booking, |c| c.service = Some(service)).await.unwrap();
    assert_eq!((longer.minutes(), longer.price()), (90, booking.price()));
}

#[tokio::test]
async fn another_service_takes_its_length_and_price_unless_another_booking_follows() {
    let practice = TestPractice::paid().await;
    let (client, booking) = practice.booked().await;
    let service = inactive_service(&practice).await.id;
    let next = practice.book(&client, "2024-01-15T11:00:00Z").await.unwrap().booking;
    let taken = edit(&practice, &booking, |c| c.service = Some(service)).await;
    assert!(matches!(taken, Err(EditBookingError::SlotTaken)), "{taken:?}");
    practice.change(&client, &next, cancel()).await.unwrap();
    let longer = edit(&practice, &booking, |c| c.service = Some(service)).await.unwrap();
    assert_eq!((longer.minutes(), longer.price()), (90, eur(15_000)));
    assert!(matches!(practice.book(&client, "2024-01-15T11:00:00Z").await, Err(CreateBookingError::HoldExists { .. })));
    let unknown = attune_domain::ServiceId::new(99).unwrap();
    let result = edit(&practice, &booking, |c| c.service = Some(unknown)).await;
    assert!(matches!(result, Err(EditBookingError::UnknownService)), "{result:?}");
}

#[tokio::test]
async fn an_edit_is_based_on_a_version_and_changes_it_once() {
    let practice = TestPractice::free().await;
    let (_, booking) = practice.booked().await;
    let note = |version| {
        move |c: &mut EditBookingCommand| {
            c.note = Some(Some("By phone".into()));
            c.version = version;
        }
    };
    let stale = edit(&practice, &booking, note(Some(2))).await;
    assert!(matches!(stale, Err(EditBookingError::VersionConflict)), "{stale:?}");
    let noted = edit(&practice, &booking, note(Some(1))).await.unwrap();
    assert_eq!((noted.note(), noted.version()), (Some("By phone"), 2));
    assert_eq!(edit(&practice, &booking, note(None)).await.unwrap(), noted);
    assert_eq!(edit(&practice, &booking, |c| c.note = Some(None)).await.unwrap().note(), None);
    let missing = attune_domain::BookingId::new(99).unwrap();
    let result = edit(&practice, &booking, |c| c.booking = missing).await;
    assert!(matches!(result, Err(EditBookingError::NotFound)), "{result:?}");
}

#[tokio::test]
async fn a_new_length_of_a_confirmed_session_is_announced() {
    let practice = TestPractice::free().await;
    let (client, booking) = practice.booked().await;
    practice.invite(&booking, "guest", ParticipantRole::Participant).await.unwrap();
    let therapist = practice.therapist().await;
    practice.save_user(User { notify: NotifyLevel::All, ..therapist.clone() }).await;
    let service = inactive_service(&practice).await.id;
    let seen = practice.delivered().await.len();
    edit(&practice, &booking, |c| c.note = Some(Some("Room 2".to_owned()))).await.unwrap();
    assert_eq!(practice.delivered().await.len(), seen, "a note changes no one's calendar");
    edit(&practice, &booking, |c| c.service = Some(service)).await.unwrap();
    let sent = practice.delivered().await.split_off(seen);
    let told: Vec<_> = sent.iter().map(|email| (email.kind.as_str(), email.to.as_str(), email.minutes)).collect();
    let (client, therapist) = (client.email.as_str(), therapist.email.as_str());
    let expected =
        [("updated", client, 90), ("updated", "guest@example.org", 90), ("therapist_updated", therapist, 90)];
    assert_eq!(told, expected);
}
