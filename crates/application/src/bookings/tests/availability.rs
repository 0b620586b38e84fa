use attune_domain::calendar::{LocalTime, LocalTimeRange, ScheduleException, SlotQuery, WeeklySchedule};
use attune_domain::{PracticePolicy, Role, ServiceId, TimeZoneName, User, UserId};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::super::*;
use crate::RequestMetadata;
use crate::fixtures::{World, at};
use crate::practice::{AddScheduleExceptionCommand, SetPolicyCommand, SetScheduleCommand};

fn hours(start: &str, end: &str) -> LocalTimeRange {
    LocalTimeRange::new(LocalTime::parse(start).unwrap(), LocalTime::parse(end).unwrap()).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn asked(first: &str, last: &str, zone: &str) -> SlotQuery {
    SlotQuery::of_dates(day(first), day(last), TimeZone::get(zone).unwrap()).unwrap()
}

async fn therapist(world: &World) -> User {
    world.queries.user(UserId::new(1).unwrap()).await.unwrap().unwrap()
}

async fn set(world: &World, zone: &str, week: Vec<(Weekday, LocalTimeRange)>) {
    let id = therapist(world).await.id;
    let schedule = WeeklySchedule { zone: TimeZoneName::parse(zone).unwrap(), week };
    let command = SetScheduleCommand { admin: id, therapist: id, schedule, metadata: RequestMetadata::default() };
    world.calendar.set_schedule(command).await.unwrap();
}

async fn starts(world: &World, range: &SlotQuery) -> Vec<String> {
    let found = world.availability.run(None, None, range).await.unwrap();
    found.slots.values().flatten().map(|slot| slot.start.to_string()).collect()
}

#[tokio::test]
async fn new_york_on_the_day_the_clock_is_put_forward() {
    let world = World::free().await;
    world.clock.set(at("2026-03-01T00:00:00Z"));
    set(&world, "America/New_York", vec![(Weekday::Sunday, hours("13:00", "18:00"))]).await;
    let found = starts(&world, &asked("2026-03-08", "2026-03-08", "America/New_York")).await;
    assert_eq!(found.first().map(String::as_str), Some("2026-03-08T17:00:00Z"));
    assert_eq!(found.last().map(String::as_str), Some("2026-03-08T21:00:00Z"), "50 minutes before 22:00Z, on the grid");
}

#[tokio::test]
async fn bookings_time_off_and_rules_take_slots_away() {
    let world = World::free().await;
    let client = world.client().await;
    set(&world, "Europe/Berlin", vec![(Weekday::Monday, hours("09:00", "12:00"))]).await;
    let monday = asked("2024-01-15", "2024-01-15", "Europe/Berlin");
    assert_eq!(starts(&world, &monday).await.len(), 9, "every quarter of an hour from 9:00 to 11:00");
    let booking = world.book(&client, "2024-01-15T09:00:00Z").await.unwrap().booking;
    let free = starts(&world, &monday).await;
    assert_eq!(
        free,
        ["2024-01-15T08:00:00Z", "2024-01-15T10:00:00Z"],
        "the booking and its pause, and nothing beside it"
    );

    let id = therapist(&world).await.id;
    let what = ScheduleException::closed_period(at("2024-01-15T10:00:00Z"), at("2024-01-15T12:00:00Z")).unwrap();
    let command = AddScheduleExceptionCommand { admin: id, therapist: id, what, metadata: RequestMetadata::default() };
    let entry = world.calendar.add_schedule_exception(command).await.unwrap();
    assert_eq!(starts(&world, &monday).await, ["2024-01-15T08:00:00Z"]);
    world.calendar.remove_schedule_exception(id, entry.id, &RequestMetadata::default()).await.unwrap();

    let mut policy = PracticePolicy::default();
    policy.rules.daily_limit = Some(1);
    let command = SetPolicyCommand { admin: id, policy, metadata: RequestMetadata::default() };
    world.calendar.set_policy(command).await.unwrap();
    let found = world.availability.run(None, None, &monday).await.unwrap();
    assert!(found.slots.is_empty(), "one a day is enough");
    assert_eq!(found.next_available, Some(at("2024-01-22T08:00:00Z")));
    let full = world.book(&client, "2024-01-15T08:00:00Z").await;
    assert!(matches!(full, Err(CreateBookingError::Slot(attune_domain::SlotError::DailyLimitReached))));
    let taken = world.book(&client, "2024-01-15T09:00:00Z").await;
    assert!(matches!(taken, Err(CreateBookingError::SlotTaken)), "what is taken is told as taken");
    assert_eq!(world.booking(booking.id()).await, booking, "nothing of this touches what is booked");
}

#[tokio::test]
async fn a_hold_that_is_over_is_free_again() {
    let world = World::paid().await;
    let client = world.client().await;
    set(&world, "Europe/Berlin", vec![(Weekday::Monday, hours("09:00", "10:00"))]).await;
    let monday = asked("2024-01-15", "2024-01-15", "Europe/Berlin");
    world.book(&client, "2024-01-15T08:00:00Z").await.unwrap();
    assert!(starts(&world, &monday).await.is_empty());
    world.clock.set(at("2024-01-10T09:15:00Z"));
    assert_eq!(starts(&world, &monday).await, ["2024-01-15T08:00:00Z"]);
}

#[tokio::test]
async fn every_slot_that_is_shown_can_be_booked() {
    let world = World::free().await;
    let client = world.client().await;
    set(&world, "Europe/Berlin", vec![(Weekday::Tuesday, hours("10:00", "13:10"))]).await;
    let range = asked("2024-01-10", "2024-02-09", "Asia/Kathmandu");
    loop {
        let Some(slot) = starts(&world, &range).await.into_iter().next() else { break };
        world.book(&client, &slot).await.unwrap();
    }
    let booked = world.queries.taken(
        UserId::new(1).unwrap(),
        at("2024-01-10T00:00:00Z"),
        at("2024-02-10T00:00:00Z"),
        world.now(),
    );
    assert_eq!(booked.await.unwrap().len(), 4 * 3, "three on each of four Tuesdays");
}

#[tokio::test]
async fn what_cannot_be_asked() {
    let world = World::free().await;
    let range = asked("2024-01-15", "2024-01-15", "UTC");
    let look = &world.availability;
    assert!(matches!(look.run(ServiceId::new(99), None, &range).await, Err(AvailabilityError::UnknownService)));
    assert!(matches!(look.run(None, UserId::new(99), &range).await, Err(AvailabilityError::UnknownTherapist)));
    let client = world.add("somebody@example.org", Role::Client).await;
    assert!(matches!(look.run(None, Some(client.id), &range).await, Err(AvailabilityError::UnknownTherapist)));
}
