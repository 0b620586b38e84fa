use attune_domain::booking::ChangeError;
use attune_domain::calendar::{RuleSettings, SlotError, WeeklySchedule};
use attune_domain::notification::NotificationKind;
use attune_domain::{BookingStatus, ChangeTerms, Money, ParticipantRole, PaymentStatus, PracticePolicy, Role};
use attune_ports::PaymentState;
use jiff::SignedDuration;

use super::super::*;
use crate::fixtures::{
    TEN, TestPractice, at, booked, cancel, change_command, executed, hours, offline_payment, reschedule, zone,
};
use crate::{Idempotent, Replay};

const TUESDAY: &str = "2024-01-16T15:00:00Z";

async fn kinds_sent(practice: &TestPractice) -> Vec<NotificationKind> {
    practice.delivered().await.iter().map(|email| email.kind).collect()
}

#[tokio::test]
async fn a_rescheduled_session_keeps_its_room_and_payment_and_its_emails_show_the_new_time() {
    let (practice, client, booking) = booked().await;
    let guest = practice.invite(&booking, "kim", ParticipantRole::Observer).await.unwrap();
    let moved = practice.change(&client, &booking, reschedule(TUESDAY)).await.unwrap();
    assert_eq!((moved.id(), &moved.room(), moved.price()), (booking.id(), &booking.room(), booking.price()));
    assert_eq!((moved.scheduled_at(), moved.version()), (at(TUESDAY), booking.version() + 1));
    assert_eq!(practice.booking(booking.id()).await, moved);

    let emails = practice.delivered().await;
    assert!(emails.iter().all(|email| email.starts_at == at(TUESDAY)), "no email shows the old time");
    for recipient in [client.email.as_str(), guest.email.as_str()] {
        let is_notified =
            |e: &attune_ports::Email| e.kind == NotificationKind::Rescheduled && e.to.as_str() == recipient;
        assert!(emails.iter().any(is_notified), "{recipient}");
    }
    practice.clock.set(at("2024-01-14T10:00:00Z"));
    assert_eq!(practice.deliver.run().await.unwrap().sent, 0, "no reminder of the old time");
    practice.clock.set(at("2024-01-15T15:00:00Z"));
    assert_eq!(practice.deliver.run().await.unwrap().sent, 2, "both are reminded of the new time");
    practice.book(&client, TEN).await.expect_err("it is in the past by now");
}

#[tokio::test]
async fn a_reschedule_frees_the_old_slot_and_needs_the_new_one_to_be_free() {
    let (practice, client, booking) = booked().await;
    let other = practice.add("other", Role::Client).await;
    let blocking = practice.book(&other, TUESDAY).await.unwrap().booking;
    let refused = practice.change(&client, &booking, reschedule(TUESDAY)).await;
    assert!(matches!(refused, Err(ChangeBookingError::SlotTaken)));
    assert_eq!(practice.booking(booking.id()).await, booking, "a refusal changes nothing");
    practice.change(&client, &booking, reschedule("2024-01-16T16:00:00Z")).await.unwrap();
    practice.change(&other, &blocking, reschedule(TEN)).await.unwrap();
    // A booking does not block itself: half an hour later is possible.
    practice.change(&other, &blocking, reschedule("2024-01-15T10:30:00Z")).await.unwrap();
}

#[tokio::test]
async fn a_reschedule_to_the_same_time_changes_nothing() {
    let (practice, client, booking) = booked().await;
    let same = practice.change(&client, &booking, reschedule("2024-01-15T10:00:00.400Z")).await.unwrap();
    assert_eq!(same, booking);
    assert_eq!(kinds_sent(&practice).await, [NotificationKind::MeetingInfo]);
}

#[tokio::test]
async fn working_hours_and_the_rescheduling_period_bind_clients_only() {
    let (practice, client, booking) = booked().await;
    let admin = practice.therapist().await;
    let schedule = WeeklySchedule::every_day(zone("Europe/Berlin"), hours("09:00", "17:00"));
    practice.set_schedule(admin.id, schedule).await.unwrap();
    let closing_time = "2024-01-16T16:00:00Z";
    let outside = practice.change(&client, &booking, reschedule(closing_time)).await;
    assert!(matches!(outside, Err(ChangeBookingError::Slot(SlotError::OutsideHours))), "17:00 in Berlin");
    let overriding = Change::Reschedule { to: at(closing_time), override_hours: true, reason: None };
    let forbidden = practice.change(&client, &booking, overriding.clone()).await;
    assert!(matches!(forbidden, Err(ChangeBookingError::Forbidden)));
    let moved = practice.change(&admin, &booking, overriding).await.unwrap();
    assert_eq!(moved.scheduled_at(), at(closing_time), "a therapist may override working hours");

    practice.clock.set(at("2024-01-15T16:00:00Z"));
    let late = practice.change(&client, &moved, reschedule("2024-01-17T10:00:00Z")).await;
    assert!(matches!(late, Err(ChangeBookingError::State(ChangeError::WindowClosed))), "24 hours before");
    practice.change(&admin, &moved, reschedule("2024-01-17T10:00:00Z")).await.unwrap();
}

#[tokio::test]
async fn an_override_lifts_each_rule_of_the_practice_and_no_other() {
    let rules = RuleSettings { notice_minutes: 600, horizon_days: 20, daily_limit: Some(1), ..RuleSettings::default() };
    for (what, start, lifted) in [
        ("working hours", "2024-01-16T20:00:00Z", true),
        ("the grid", "2024-01-16T10:07:00Z", true),
        ("notice", "2024-01-10T10:00:00Z", true),
        ("booking horizon", "2024-03-01T10:00:00Z", true),
        ("daily limit", "2024-01-15T14:00:00Z", true),
        ("the furthest start", "2025-01-10T09:00:00Z", true),
        ("beyond the furthest start", "2025-01-10T09:00:01Z", false),
        ("the past", "2024-01-10T08:00:00Z", false),
        ("another booking", "2024-01-15T10:30:00Z", false),
    ] {
        let practice = TestPractice::free().await;
        let (admin, client) = (practice.therapist().await, practice.client().await);
        practice.book(&client, TEN).await.unwrap();
        let other = practice.book(&client, "2024-01-17T10:00:00Z").await.unwrap().booking;
        practice.set_policy(PracticePolicy { rules, ..PracticePolicy::default() }).await.unwrap();
        let schedule = WeeklySchedule::every_day(zone("Europe/Berlin"), hours("09:00", "17:00"));
        practice.set_schedule(admin.id, schedule).await.unwrap();
        let request = |override_hours| CreateBookingCommand {
            booked_by: admin.id,
            override_hours,
            ..practice.request(&client, start)
        };
        let moved = |override_hours| Change::Reschedule { to: at(start), override_hours, reason: None };
        // An admin need not keep to the grid.
        let bound = what != "the grid" && what != "the furthest start";
        if bound {
            assert!(practice.create_booking.run(request(false)).await.is_err(), "{what}");
            assert!(practice.change(&admin, &other, moved(false)).await.is_err(), "{what}");
        }
        assert_eq!(practice.change(&admin, &other, moved(true)).await.is_ok(), lifted, "moved: {what}");
        if lifted {
            practice.change(&admin, &practice.booking(other.id()).await, cancel()).await.unwrap();
        }
        assert_eq!(practice.create_booking.run(request(true)).await.is_ok(), lifted, "booked: {what}");
    }
}

#[tokio::test]
async fn others_change_nothing_and_clients_only_what_they_may() {
    let (practice, client, booking) = booked().await;
    let stranger = practice.add("stranger", Role::Client).await;
    for (actor, change) in [
        (&stranger, reschedule(TUESDAY)),
        (&stranger, cancel()),
        (&stranger, Change::Complete),
        (&client, Change::Complete),
        (&client, Change::NoShow),
        (&client, Change::Reopen),
    ] {
        let refused = practice.change(actor, &booking, change.clone()).await;
        assert!(matches!(refused, Err(ChangeBookingError::Forbidden)), "{change:?} by {}", actor.id);
    }
    let quote = practice.change_booking.quote(stranger.id, stranger.role, booking.id()).await;
    assert!(matches!(quote, Err(ChangeBookingError::Forbidden)));
}

#[tokio::test]
async fn a_cancellation_frees_the_slot_and_is_announced_once() {
    let (practice, client, booking) = booked().await;
    let cancelled = practice.change(&client, &booking, cancel()).await.unwrap();
    assert_eq!(cancelled.status(), BookingStatus::Cancelled);
    let cancellation = cancelled.cancellation().unwrap();
    assert_eq!((cancellation.by, cancellation.late, cancellation.reason.as_deref()), (client.id, false, Some("ill")));
    let twice = practice.change(&client, &booking, cancel()).await;
    assert!(matches!(twice, Err(ChangeBookingError::State(ChangeError::InvalidState))));
    assert_eq!(kinds_sent(&practice).await, [NotificationKind::Cancelled], "no other email about the session");
    let email = &practice.notifier.sent()[0];
    assert_eq!((email.join_url.as_deref(), email.calendar_sequence), (None, cancelled.version()));
    practice.book(&client, TEN).await.unwrap();
}

#[tokio::test]
async fn the_terms_are_those_at_the_time_of_booking() {
    let practice = TestPractice::paid().await;
    let (client, booking) = practice.booked().await;
    let admin = practice.therapist().await;
    practice.record_offline.run(offline_payment(&booking)).await.unwrap();
    let terms = ChangeTerms { free_minutes: 0, grace_minutes: 0, late_refund_percent: 100, reschedule_minutes: 0 };
    practice.set_policy(PracticePolicy { terms, ..PracticePolicy::default() }).await.unwrap();

    practice.clock.set(at("2024-01-14T12:00:00Z"));
    let (_, quote) = practice.change_booking.quote(client.id, client.role, booking.id()).await.unwrap();
    assert!(quote.late && quote.refund.is_zero(), "a later policy does not apply");
    assert_eq!(quote.fee, booking.price());
    let (_, own) = practice.change_booking.quote(admin.id, admin.role, booking.id()).await.unwrap();
    assert_eq!((own.late, own.refund), (false, booking.price()), "a cancellation by the practice refunds everything");

    let expecting = |refund| Change::Cancel { reason: None, expected_refund: Some(refund) };
    let refused = practice.change(&client, &booking, expecting(booking.price())).await;
    assert!(matches!(refused, Err(ChangeBookingError::QuoteChanged)));
    let nothing = Money::zero(booking.price().currency());
    let cancelled = practice.change(&client, &booking, expecting(nothing)).await.unwrap();
    assert_eq!(cancelled.payment_status(), PaymentStatus::Succeeded, "nothing is refunded");
    assert!(cancelled.cancellation().unwrap().late);

    let later = practice.book(&client, "2024-01-20T10:00:00Z").await.unwrap().booking;
    assert_eq!(later.terms(), terms, "a later booking has the new terms");
}

#[tokio::test]
async fn cancelling_a_hold_closes_its_checkout_and_sends_nothing() {
    let practice = TestPractice::paid().await;
    let (client, booking) = practice.booked().await;
    let cancelled = practice.change(&client, &booking, cancel()).await.unwrap();
    assert_eq!(cancelled.payment_status(), PaymentStatus::Cancelled);
    assert!(kinds_sent(&practice).await.is_empty());
    let payments = practice.queries.payments(booking.id()).await.unwrap();
    assert!(payments.iter().all(|p| p.state == PaymentState::Closed));
}

#[tokio::test]
async fn a_change_based_on_an_old_version_is_a_conflict() {
    let (practice, client, booking) = booked().await;
    let admin = practice.therapist().await;
    practice.change(&admin, &booking, reschedule(TUESDAY)).await.unwrap();
    let version = Some(booking.version());
    let stale = ChangeBookingCommand { version, ..change_command(&client, &booking, cancel()) };
    assert!(matches!(practice.change_booking.run(stale).await, Err(ChangeBookingError::VersionConflict)));
    assert_eq!(practice.booking(booking.id()).await.status(), BookingStatus::Scheduled);
}

#[tokio::test]
async fn a_session_is_completed_by_the_therapist_or_automatically() {
    let (practice, _, booking) = booked().await;
    let admin = practice.therapist().await;
    let early = practice.change(&admin, &booking, Change::Complete).await;
    assert!(matches!(early, Err(ChangeBookingError::State(ChangeError::WindowClosed))));
    practice.clock.set(at("2024-01-15T10:20:00Z"));
    for (change, status) in [
        (Change::NoShow, BookingStatus::NoShow),
        (Change::Complete, BookingStatus::Completed),
        (Change::Reopen, BookingStatus::Scheduled),
    ] {
        assert_eq!(practice.change(&admin, &booking, change).await.unwrap().status(), status);
    }
    // Fifty minutes of session and a grace period of thirty.
    let over = at("2024-01-15T11:20:00Z");
    practice.clock.set(over);
    assert_eq!(practice.complete_ended.run().await.unwrap(), 0, "unless the policy completes automatically");
    practice.set_policy(PracticePolicy { auto_complete: true, ..PracticePolicy::default() }).await.unwrap();
    practice.clock.set(over - SignedDuration::from_secs(1));
    assert_eq!(practice.complete_ended.run().await.unwrap(), 0, "not a second early");
    practice.clock.set(over);
    assert_eq!(practice.complete_ended.run().await.unwrap(), 1);
    assert_eq!(practice.booking(booking.id()).await.status(), BookingStatus::Completed);
    assert_eq!(practice.complete_ended.run().await.unwrap(), 0);
}

#[tokio::test]
async fn a_retry_of_a_change_changes_nothing() {
    let (practice, client, booking) = booked().await;
    let idempotency = Some(super::idempotency::keyed(&client, "k1", [1; 32]));
    let command = ChangeBookingCommand { idempotency, ..change_command(&client, &booking, cancel()) };
    let first = executed(practice.change_booking.run(command.clone()).await.unwrap());
    let again = practice.change_booking.run(command.clone()).await.unwrap();
    assert!(matches!(again, Idempotent::Replayed(Replay::Unanswered(id)) if id == first.id()), "{again:?}");
    assert_eq!(practice.booking(first.id()).await, first);
    let mut other = command;
    other.idempotency.as_mut().unwrap().request_hash = [2; 32];
    assert!(matches!(practice.change_booking.run(other).await, Err(ChangeBookingError::KeyReused)));
    assert_eq!(kinds_sent(&practice).await, [NotificationKind::Cancelled]);
}
