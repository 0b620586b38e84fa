use attune_domain::calendar::{ScheduleException, SlotQuery, WeeklySchedule};
use attune_domain::{PracticePolicy, Role, ServiceId, User, UserId};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::super::*;
use crate::RequestMetadata;
use crate::fixtures::{TestPractice, at, hours, zone};
use crate::practice::AddScheduleExceptionCommand;

const EIGHT: &str = "2024-01-15T08:00:00Z";

fn query(first: &str, last: &str, zone: &str) -> SlotQuery {
    SlotQuery::of_dates(first.parse().unwrap(), last.parse().unwrap(), TimeZone::get(zone).unwrap()).unwrap()
}

async fn set_hours(practice: &TestPractice, zone_name: &str, day: Weekday, start: &str, end: &str) {
    let schedule = WeeklySchedule { zone: zone(zone_name), week: vec![(day, hours(start, end))] };
    practice.set_schedule(practice.therapist().await.id, schedule).await.unwrap();
}

async fn starts(practice: &TestPractice, query: &SlotQuery) -> Vec<String> {
    let found = practice.availability.run(None, None, query).await.unwrap();
    found.slots.values().flatten().map(|slot| slot.start.to_string()).collect()
}

#[tokio::test]
async fn new_york_on_the_day_when_daylight_saving_time_begins() {
    let practice = TestPractice::free().await;
    practice.clock.set(at("2026-03-01T00:00:00Z"));
    set_hours(&practice, "America/New_York", Weekday::Sunday, "13:00", "18:00").await;
    let found = starts(&practice, &query("2026-03-08", "2026-03-08", "America/New_York")).await;
    assert_eq!(found.first().map(String::as_str), Some("2026-03-08T17:00:00Z"));
    assert_eq!(found.last().map(String::as_str), Some("2026-03-08T21:00:00Z"), "50 minutes before 22:00Z, on the grid");
}

#[tokio::test]
async fn bookings_exceptions_and_rules_block_slots() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    set_hours(&practice, "Europe/Berlin", Weekday::Monday, "09:00", "12:00").await;
    let monday = query("2024-01-15", "2024-01-15", "Europe/Berlin");
    assert_eq!(starts(&practice, &monday).await.len(), 9, "every quarter of an hour from 9:00 to 11:00");
    let booking = practice.book(&client, "2024-01-15T09:00:00Z").await.unwrap().booking;
    let free = starts(&practice, &monday).await;
    assert_eq!(free, [EIGHT, "2024-01-15T10:00:00Z"], "only the booking and its buffer are blocked");

    let (to_move, later) = practice.availability.run_for_move(&booking, &monday).await.unwrap();
    assert_eq!(to_move.slots.values().flatten().count(), 9, "to itself, the booking is free");
    assert_eq!(later, Some(at("2024-01-22T08:00:00Z")), "on the next Monday");

    let id = practice.therapist().await.id;
    let what = ScheduleException::closed_period(at("2024-01-15T10:00:00Z"), at("2024-01-15T12:00:00Z")).unwrap();
    let command = AddScheduleExceptionCommand {
        admin: id,
        therapist: id,
        what,
        note: None,
        dry_run: false,
        metadata: RequestMetadata::default(),
    };
    let exception = practice.calendar.add_schedule_exception(command).await.unwrap().exception;
    assert_eq!(starts(&practice, &monday).await, [EIGHT]);
    practice.calendar.remove_schedule_exception(id, exception.id, &RequestMetadata::default()).await.unwrap();

    let mut policy = PracticePolicy::default();
    policy.rules.daily_limit = Some(1);
    practice.set_policy(policy).await.unwrap();
    let found = practice.availability.run(None, None, &monday).await.unwrap();
    assert!(found.slots.is_empty(), "the daily limit is reached");
    assert_eq!(found.next_available, Some(at("2024-01-22T08:00:00Z")));
    let full = practice.book(&client, EIGHT).await;
    assert!(matches!(full, Err(CreateBookingError::Slot(attune_domain::SlotError::DailyLimitReached))));
    let overlapping = practice.book(&client, "2024-01-15T09:00:00Z").await;
    assert!(matches!(overlapping, Err(CreateBookingError::SlotTaken)), "a taken slot is reported as taken");
    assert_eq!(practice.booking(booking.id()).await, booking, "no change affects an existing booking");
}

#[tokio::test]
async fn a_booking_beyond_the_horizon_blocks_the_last_slots() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    set_hours(&practice, "UTC", Weekday::Monday, "00:00", "24:00").await;
    let horizon = at("2024-01-15T09:00:00Z");
    assert_eq!(practice.now() + jiff::SignedDuration::from_hours(5 * 24), horizon);
    practice.book(&client, "2024-01-15T09:30:00Z").await.unwrap();
    let mut policy = PracticePolicy::default();
    policy.rules.horizon_days = 5;
    practice.set_policy(policy).await.unwrap();
    let found = starts(&practice, &query("2024-01-15", "2024-01-15", "UTC")).await;
    assert_eq!(found.last().map(String::as_str), Some("2024-01-15T08:30:00Z"));
}

#[tokio::test]
async fn the_slot_of_an_expired_hold_is_free_again() {
    let practice = TestPractice::paid().await;
    let client = practice.client().await;
    set_hours(&practice, "Europe/Berlin", Weekday::Monday, "09:00", "10:00").await;
    let monday = query("2024-01-15", "2024-01-15", "Europe/Berlin");
    practice.book(&client, EIGHT).await.unwrap();
    assert!(starts(&practice, &monday).await.is_empty());
    practice.advance_minutes(15);
    assert_eq!(starts(&practice, &monday).await, [EIGHT]);
}

#[tokio::test]
async fn every_available_slot_can_be_booked() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    set_hours(&practice, "Europe/Berlin", Weekday::Tuesday, "10:00", "13:10").await;
    let range = query("2024-01-10", "2024-02-09", "Asia/Kathmandu");
    while let Some(slot) = starts(&practice, &range).await.first() {
        practice.book(&client, slot).await.unwrap();
    }
    let (from, until) = (at("2024-01-10T00:00:00Z"), at("2024-02-10T00:00:00Z"));
    let busy = practice.queries.busy_times(practice.therapist().await.id, from, until, practice.now()).await.unwrap();
    assert_eq!(busy.len(), 4 * 3, "three on each of four Tuesdays");
}

#[tokio::test]
async fn availability_needs_a_known_service_and_a_therapist() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let range = query("2024-01-15", "2024-01-15", "UTC");
    let look = &practice.availability;
    assert!(matches!(look.run(ServiceId::new(99), None, &range).await, Err(AvailabilityError::UnknownService)));
    let colleague = practice.add("colleague", Role::Admin).await;
    practice.save_user(User { disabled: true, ..colleague.clone() }).await;
    for therapist in [UserId::new(99), Some(client.id), Some(colleague.id)] {
        let refused = look.run(None, therapist, &range).await;
        assert!(matches!(refused, Err(AvailabilityError::UnknownTherapist)), "{therapist:?}");
    }
}
