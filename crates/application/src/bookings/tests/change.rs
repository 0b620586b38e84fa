use attune_domain::booking::ChangeError;
use attune_domain::calendar::{LocalTime, LocalTimeRange, SlotError, WeeklySchedule};
use attune_domain::notification::NotificationKind;
use attune_domain::{
    Booking, BookingStatus, ChangeTerms, Money, ParticipantRole, PaymentStatus, PracticePolicy, Role, TimeZoneName,
    User,
};
use jiff::SignedDuration;

use super::super::*;
use crate::fixtures::{World, at, now};
use crate::payments::RecordOfflineCommand;
use crate::practice::{SetPolicyCommand, SetScheduleCommand};
use crate::{Idempotent, Replay, RequestMetadata};

/// A Monday.
const TEN: &str = "2024-01-15T10:00:00Z";
const TUESDAY: &str = "2024-01-16T15:00:00Z";

async fn booked(world: &World) -> (User, Booking) {
    let client = world.client().await;
    let booking = world.book(&client, TEN).await.unwrap().booking;
    (client, booking)
}

fn request(actor: &User, booking: &Booking, change: Change) -> ChangeBookingCommand {
    ChangeBookingCommand {
        actor: actor.id,
        role: actor.role,
        booking: booking.id(),
        change,
        version: None,
        metadata: RequestMetadata::default(),
        idempotency: None,
    }
}

fn moved_to(start: &str) -> Change {
    Change::Reschedule { to: at(start), override_hours: false }
}

fn called_off() -> Change {
    Change::Cancel { reason: Some("ill".into()), expected_refund: None }
}

async fn therapist(world: &World, booking: &Booking) -> User {
    world.queries.user(booking.therapist()).await.unwrap().unwrap()
}

async fn change(world: &World, actor: &User, booking: &Booking, change: Change) -> Result<Booking, ChangeBookingError> {
    world.change_booking.run(request(actor, booking, change)).await.map(now)
}

async fn kinds_mailed(world: &World) -> Vec<NotificationKind> {
    while world.deliver.run().await.unwrap().claimed > 0 {}
    world.notifier.sent().iter().map(|mail| mail.kind).collect()
}

#[tokio::test]
async fn a_moved_session_keeps_its_room_and_payment_and_tells_its_new_time() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    world.invite(&booking, "kim@example.org", ParticipantRole::Observer).await.unwrap();
    let moved = change(&world, &client, &booking, moved_to(TUESDAY)).await.unwrap();
    assert_eq!((moved.id(), &moved.room(), moved.price()), (booking.id(), &booking.room(), booking.price()));
    assert_eq!((moved.scheduled_at(), moved.version()), (at(TUESDAY), booking.version() + 1));
    assert_eq!(world.booking(booking.id()).await, moved);

    while world.deliver.run().await.unwrap().claimed > 0 {}
    let mails = world.notifier.sent();
    assert!(mails.iter().all(|mail| mail.starts_at == at(TUESDAY)), "nothing tells the old time");
    let kinds: Vec<_> = mails.iter().map(|mail| (mail.kind, mail.to.as_str().to_owned())).collect();
    assert!(kinds.contains(&(NotificationKind::Rescheduled, client.email.as_str().to_owned())));
    assert!(kinds.contains(&(NotificationKind::Rescheduled, "kim@example.org".to_owned())));
    world.clock.set(at("2024-01-14T10:00:00Z"));
    assert_eq!(world.deliver.run().await.unwrap().sent, 0, "the old reminder stays");
    world.clock.set(at("2024-01-15T15:00:00Z"));
    assert_eq!(world.deliver.run().await.unwrap().sent, 2, "both are reminded of the new time");
    world.book(&client, TEN).await.expect_err("it is past by now");
}

#[tokio::test]
async fn the_old_time_is_free_again_and_the_new_one_is_not() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let other = world.add("other@example.org", Role::Client).await;
    let taken = world.book(&other, TUESDAY).await.unwrap().booking;
    let refused = change(&world, &client, &booking, moved_to(TUESDAY)).await;
    assert!(matches!(refused, Err(ChangeBookingError::SlotTaken)));
    assert_eq!(world.booking(booking.id()).await, booking, "a refusal changes nothing");
    change(&world, &client, &booking, moved_to("2024-01-16T16:00:00Z")).await.unwrap();
    change(&world, &other, &taken, moved_to(TEN)).await.unwrap();
    // Its own old time is not in its way: half an hour later is fine.
    change(&world, &other, &taken, moved_to("2024-01-15T10:30:00Z")).await.unwrap();
}

#[tokio::test]
async fn moving_to_where_it_is_changes_nothing() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let same = change(&world, &client, &booking, moved_to("2024-01-15T10:00:00.400Z")).await.unwrap();
    assert_eq!(same, booking);
    assert_eq!(kinds_mailed(&world).await, [NotificationKind::MeetingInfo]);
}

#[tokio::test]
async fn hours_and_windows_hold_for_moves() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let admin = therapist(&world, &booking).await;
    let wall = |text| LocalTime::parse(text).unwrap();
    let schedule = WeeklySchedule::every_day(
        TimeZoneName::parse("Europe/Berlin").unwrap(),
        LocalTimeRange::new(wall("09:00"), wall("17:00")).unwrap(),
    );
    let command =
        SetScheduleCommand { admin: admin.id, therapist: admin.id, schedule, metadata: RequestMetadata::default() };
    world.calendar.set_schedule(command).await.unwrap();
    let off = change(&world, &client, &booking, moved_to("2024-01-16T16:00:00Z")).await;
    assert!(matches!(off, Err(ChangeBookingError::Slot(SlotError::OutsideHours))), "17:00 in Berlin is closing time");
    let forbidden = Change::Reschedule { to: at("2024-01-16T16:00:00Z"), override_hours: true };
    assert!(matches!(change(&world, &client, &booking, forbidden.clone()).await, Err(ChangeBookingError::Forbidden)));
    let moved = change(&world, &admin, &booking, forbidden).await.unwrap();
    assert_eq!(moved.scheduled_at(), at("2024-01-16T16:00:00Z"), "a therapist may step over hours");

    world.clock.set(at("2024-01-15T16:00:00Z"));
    let late = change(&world, &client, &moved, moved_to("2024-01-17T10:00:00Z")).await;
    assert!(matches!(late, Err(ChangeBookingError::State(ChangeError::WindowClosed))), "24 hours before");
    change(&world, &admin, &moved, moved_to("2024-01-17T10:00:00Z")).await.unwrap();
}

#[tokio::test]
async fn strangers_and_clients_do_what_they_may() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let stranger = world.add("stranger@example.org", Role::Client).await;
    for wanted in [moved_to(TUESDAY), called_off(), Change::Complete] {
        assert!(matches!(change(&world, &stranger, &booking, wanted).await, Err(ChangeBookingError::Forbidden)));
    }
    for wanted in [Change::Complete, Change::NoShow, Change::Reopen] {
        assert!(matches!(change(&world, &client, &booking, wanted).await, Err(ChangeBookingError::Forbidden)));
    }
    assert!(matches!(
        world.change_booking.quote(stranger.id, stranger.role, booking.id()).await,
        Err(ChangeBookingError::Forbidden)
    ));
}

#[tokio::test]
async fn calling_off_frees_the_slot_and_is_told_once() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let cancelled = change(&world, &client, &booking, called_off()).await.unwrap();
    assert_eq!(cancelled.status(), BookingStatus::Cancelled);
    let cancellation = cancelled.cancellation().unwrap();
    assert_eq!((cancellation.by, cancellation.late, cancellation.reason.as_deref()), (client.id, false, Some("ill")));
    let twice = change(&world, &client, &booking, called_off()).await;
    assert!(matches!(twice, Err(ChangeBookingError::State(ChangeError::InvalidState))));
    assert_eq!(kinds_mailed(&world).await, [NotificationKind::Cancelled], "and nothing about a session that is off");
    let mail = &world.notifier.sent()[0];
    assert_eq!((mail.join_url.as_deref(), mail.calendar_sequence), (None, cancelled.version()));
    world.book(&client, TEN).await.unwrap();
}

#[tokio::test]
async fn the_terms_are_those_of_the_purchase() {
    let world = World::paid().await;
    let (client, booking) = booked(&world).await;
    let admin = therapist(&world, &booking).await;
    let paid = RecordOfflineCommand {
        admin: admin.id,
        booking: booking.id(),
        amount: None,
        method: "cash".into(),
        memo: None,
        metadata: RequestMetadata::default(),
        idempotency: None,
    };
    world.record_offline.run(paid).await.unwrap();
    let policy = PracticePolicy {
        terms: ChangeTerms { free_minutes: 0, late_refund_percent: 100, reschedule_minutes: 0 },
        ..PracticePolicy::default()
    };
    let command = SetPolicyCommand { admin: admin.id, policy, metadata: RequestMetadata::default() };
    world.calendar.set_policy(command).await.unwrap();

    world.clock.set(at("2024-01-14T12:00:00Z"));
    let (_, quote) = world.change_booking.quote(client.id, client.role, booking.id()).await.unwrap();
    assert!(quote.late && quote.refund.is_zero(), "a later policy does not touch it");
    assert_eq!(quote.fee, booking.price());
    let (_, own) = world.change_booking.quote(admin.id, admin.role, booking.id()).await.unwrap();
    assert_eq!((own.late, own.refund), (false, booking.price()), "a cancellation by the practice refunds everything");

    let told = Change::Cancel { reason: None, expected_refund: Some(booking.price()) };
    assert!(matches!(change(&world, &client, &booking, told).await, Err(ChangeBookingError::QuoteChanged)));
    let told = Change::Cancel { reason: None, expected_refund: Some(Money::zero(booking.price().currency())) };
    let cancelled = change(&world, &client, &booking, told).await.unwrap();
    assert_eq!(cancelled.payment_status(), PaymentStatus::Succeeded, "the practice keeps it");
    assert!(cancelled.cancellation().unwrap().late);

    let later = world.book(&client, "2024-01-20T10:00:00Z").await.unwrap().booking;
    assert_eq!(later.terms(), policy.terms, "what is booked from now on has the new terms");
}

#[tokio::test]
async fn a_hold_that_is_called_off_closes_its_checkout_and_mails_nothing() {
    let world = World::paid().await;
    let (client, booking) = booked(&world).await;
    let cancelled = change(&world, &client, &booking, called_off()).await.unwrap();
    assert_eq!(cancelled.payment_status(), PaymentStatus::Cancelled);
    assert!(kinds_mailed(&world).await.is_empty());
    let payments = world.queries.payments(booking.id()).await.unwrap();
    assert!(payments.iter().all(|p| p.state == attune_ports::PaymentState::Closed));
}

#[tokio::test]
async fn anyone_who_read_an_old_version_is_told() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let admin = therapist(&world, &booking).await;
    change(&world, &admin, &booking, moved_to(TUESDAY)).await.unwrap();
    let stale = ChangeBookingCommand { version: Some(booking.version()), ..request(&client, &booking, called_off()) };
    assert!(matches!(world.change_booking.run(stale).await, Err(ChangeBookingError::VersionConflict)));
    assert_eq!(world.booking(booking.id()).await.status(), BookingStatus::Scheduled);
}

#[tokio::test]
async fn sessions_end_as_the_therapist_says_or_by_themselves() {
    let world = World::free().await;
    let (_, booking) = booked(&world).await;
    let admin = therapist(&world, &booking).await;
    let early = change(&world, &admin, &booking, Change::Complete).await;
    assert!(matches!(early, Err(ChangeBookingError::State(ChangeError::WindowClosed))));
    world.clock.set(at("2024-01-15T10:20:00Z"));
    for (wanted, status) in [
        (Change::NoShow, BookingStatus::NoShow),
        (Change::Complete, BookingStatus::Completed),
        (Change::Reopen, BookingStatus::Scheduled),
    ] {
        assert_eq!(change(&world, &admin, &booking, wanted).await.unwrap().status(), status);
    }
    // Fifty minutes of session and thirty of grace.
    let over = at("2024-01-15T11:20:00Z");
    world.clock.set(over);
    assert_eq!(world.complete_ended.run().await.unwrap(), 0, "unless the policy completes automatically");
    let policy = PracticePolicy { auto_complete: true, ..PracticePolicy::default() };
    let command = SetPolicyCommand { admin: admin.id, policy, metadata: RequestMetadata::default() };
    world.calendar.set_policy(command).await.unwrap();
    world.clock.set(over - SignedDuration::from_secs(1));
    assert_eq!(world.complete_ended.run().await.unwrap(), 0, "not a second early");
    world.clock.set(over);
    assert_eq!(world.complete_ended.run().await.unwrap(), 1);
    assert_eq!(world.booking(booking.id()).await.status(), BookingStatus::Completed);
    assert_eq!(world.complete_ended.run().await.unwrap(), 0);
}

#[tokio::test]
async fn a_retry_of_a_change_changes_nothing() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let idempotency = super::idempotency::keyed(&client, "POST /api/bookings/1/cancel", "k1", [1; 32]);
    let command = ChangeBookingCommand { idempotency: Some(idempotency), ..request(&client, &booking, called_off()) };
    let first = now(world.change_booking.run(command.clone()).await.unwrap());
    let again = world.change_booking.run(command.clone()).await.unwrap();
    assert!(matches!(again, Idempotent::Replayed(Replay::Unanswered(id)) if id == first.id()), "{again:?}");
    assert_eq!(world.queries.booking(first.id()).await.unwrap().unwrap().booking, first);
    let mut other = command;
    other.idempotency.as_mut().unwrap().request_hash = [2; 32];
    assert!(matches!(world.change_booking.run(other).await, Err(ChangeBookingError::KeyReused)));
    assert_eq!(kinds_mailed(&world).await, [NotificationKind::Cancelled]);
}
