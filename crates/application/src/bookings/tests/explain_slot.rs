use attune_domain::calendar::{ScheduleException, SlotQuery, WeeklySchedule};
use attune_domain::{PracticePolicy, Role, ServiceId, UserId};
use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::super::*;
use crate::RequestMetadata;
use crate::fixtures::{TestPractice, at, hours, zone};
use crate::practice::AddScheduleExceptionCommand;

const EVERY: [SlotRule; 7] = SlotRule::ALL;

/// Monday mornings from nine to twelve in Berlin, from eight to eleven in UTC.
fn mondays() -> WeeklySchedule {
    WeeklySchedule { zone: zone("Europe/Berlin"), week: vec![(Weekday::Monday, hours("09:00", "12:00"))] }
}

async fn practice() -> TestPractice {
    let practice = TestPractice::free().await;
    practice.set_schedule(practice.therapist().await.id, mondays()).await.unwrap();
    practice
}

async fn explain(practice: &TestPractice, start: &str) -> SlotExplanation {
    let therapist = practice.therapist().await.id;
    let service = practice.queries.services().await.unwrap()[0].id;
    practice.explain_slot.run(service, therapist, &[at(start)]).await.unwrap().slots.remove(0)
}

async fn stopped_by(practice: &TestPractice, start: &str) -> (Vec<SlotRule>, bool) {
    let slot = explain(practice, start).await;
    (slot.stopped_by.clone(), slot.can_override)
}

#[tokio::test]
async fn each_rule_is_named() {
    let practice = practice().await;
    let client = practice.client().await;
    let mut policy = PracticePolicy::default();
    policy.rules.notice_minutes = 5 * 24 * 60;
    policy.rules.horizon_days = 30;
    policy.rules.daily_limit = Some(2);
    practice.book(&client, "2024-01-22T08:00:00Z").await.unwrap();
    practice.set_policy(policy).await.unwrap();
    assert_eq!(practice.now(), at("2024-01-10T09:00:00Z"), "a Wednesday");
    let [future, notice, horizon, closed, grid, limit, others] = EVERY;
    for (start, expected, can_override) in [
        ("2024-01-22T09:00:00Z", vec![], true),
        ("2024-01-22T10:00:00Z", vec![], true),
        ("2024-01-22T10:10:00Z", vec![grid], true),
        ("2024-01-22T10:11:00Z", vec![closed], true),
        ("2024-01-08T08:00:00Z", vec![future], false),
        ("2024-01-10T09:00:00Z", vec![future, closed], false),
        ("2024-01-15T08:00:00Z", vec![notice], true),
        ("2024-01-15T09:00:00Z", vec![], true),
        ("2024-02-12T08:00:00Z", vec![horizon], true),
        ("2025-01-13T08:00:00Z", vec![horizon], false),
        ("2024-01-23T08:00:00Z", vec![closed], true),
        ("2024-01-22T08:15:00Z", vec![others], false),
        ("2024-01-22T07:45:00Z", vec![closed, others], false),
    ] {
        assert_eq!(stopped_by(&practice, start).await, (expected, can_override), "{start}");
    }
    practice.book(&client, "2024-01-22T09:00:00Z").await.unwrap();
    assert_eq!(stopped_by(&practice, "2024-01-22T10:00:00Z").await, (vec![limit], true));
    assert_eq!(
        stopped_by(&practice, "2024-01-22T09:00:00Z").await,
        (vec![others], false),
        "what is in the way does not count for the limit as well"
    );
}

#[tokio::test]
async fn what_is_in_the_way_is_named() {
    let practice = practice().await;
    let client = practice.client().await;
    let therapist = practice.therapist().await.id;
    let booking = practice.book(&client, "2024-01-22T08:00:00Z").await.unwrap().booking;
    let slot = explain(&practice, "2024-01-22T08:45:00Z").await;
    assert_eq!(slot.conflicts, std::slice::from_ref(&booking), "its buffer ends at nine");
    assert_eq!((slot.starts_at, slot.ends_at), (at("2024-01-22T08:45:00Z"), at("2024-01-22T09:35:00Z")));
    assert_eq!(slot.hours, [hours("09:00", "12:00")]);
    assert!(explain(&practice, "2024-01-22T09:00:00Z").await.is_offered());
    let before = explain(&practice, "2024-01-22T07:05:00Z").await;
    assert_eq!(before.conflicts.len(), 1, "the buffer before the booking reaches into it");

    let what = ScheduleException::closed_dates("2024-01-22".parse().unwrap(), "2024-01-22".parse().unwrap()).unwrap();
    let command = AddScheduleExceptionCommand {
        admin: therapist,
        therapist,
        what,
        note: Some("Holiday".into()),
        dry_run: false,
        metadata: RequestMetadata::default(),
    };
    let exception = practice.calendar.add_schedule_exception(command).await.unwrap().exception;
    let slot = explain(&practice, "2024-01-22T09:00:00Z").await;
    assert_eq!((slot.stopped_by, slot.closed_by), (vec![SlotRule::Hours], vec![exception]));
    assert!(explain(&practice, "2024-01-29T09:00:00Z").await.closed_by.is_empty());

    for (from, until) in [("07:00", "08:30"), ("09:20", "10:00")] {
        let part = |time: &str| at(&format!("2024-01-29T{time}:00Z"));
        let what = ScheduleException::closed_period(part(from), part(until)).unwrap();
        let command = AddScheduleExceptionCommand {
            admin: therapist,
            therapist,
            what,
            note: None,
            dry_run: false,
            metadata: RequestMetadata::default(),
        };
        practice.calendar.add_schedule_exception(command).await.unwrap();
    }
    let between = explain(&practice, "2024-01-29T08:30:00Z").await;
    assert!(between.closed_by.is_empty(), "one ends when it begins, the other begins when it ends: {between:?}");

    practice.change(&practice.therapist().await, &booking, crate::fixtures::cancel()).await.unwrap();
    assert!(explain(&practice, "2024-01-22T08:45:00Z").await.conflicts.is_empty());
}

#[tokio::test]
async fn an_expired_hold_is_not_in_the_way() {
    let practice = TestPractice::paid().await;
    practice.set_schedule(practice.therapist().await.id, mondays()).await.unwrap();
    practice.book(&practice.client().await, "2024-01-22T08:00:00Z").await.unwrap();
    assert_eq!(stopped_by(&practice, "2024-01-22T08:00:00Z").await.0, [SlotRule::OtherBookings]);
    practice.advance_minutes(15);
    assert!(explain(&practice, "2024-01-22T08:00:00Z").await.is_offered());
}

/// The explanation agrees with what clients are offered, at every five minutes of two days.
#[tokio::test]
async fn what_is_offered_is_explained_as_offered() {
    let practice = practice().await;
    practice.book(&practice.client().await, "2024-01-15T09:00:00Z").await.unwrap();
    let query =
        SlotQuery::of_dates("2024-01-15".parse().unwrap(), "2024-01-16".parse().unwrap(), TimeZone::UTC).unwrap();
    let offered: Vec<Timestamp> = practice
        .availability
        .run(None, None, &query)
        .await
        .unwrap()
        .slots
        .values()
        .flatten()
        .map(|s| s.start)
        .collect();
    let starts: Vec<Timestamp> =
        (0..2 * 24 * 12).map(|step| query.from() + jiff::SignedDuration::from_mins(5 * step)).collect();
    let service = practice.queries.services().await.unwrap()[0].id;
    let found = practice.explain_slot.run(service, practice.therapist().await.id, &starts).await.unwrap();
    let explained: Vec<Timestamp> =
        found.slots.iter().filter(|slot| slot.is_offered()).map(|slot| slot.starts_at).collect();
    assert!(!offered.is_empty());
    assert_eq!(explained, offered);
    assert_eq!(found.rules, PracticePolicy::default().rules);
}

#[tokio::test]
async fn hours_name_the_bookings_outside_of_them() {
    let practice = practice().await;
    let client = practice.client().await;
    let therapist = practice.therapist().await.id;
    let next_month = practice.book(&client, "2024-02-05T08:00:00Z").await.unwrap().booking;
    let early = practice.book(&client, "2024-01-15T08:00:00Z").await.unwrap().booking;
    practice.book(&client, "2024-01-15T09:00:00Z").await.unwrap();
    practice.clock.set(at("2024-01-02T08:00:00Z"));
    practice.book(&client, "2024-01-08T08:00:00Z").await.unwrap();
    practice.clock.set(at("2024-01-10T09:00:00Z"));
    let colleague = practice.add("colleague", Role::Admin).await;
    practice.set_schedule(colleague.id, mondays()).await.unwrap();
    let with_colleague =
        CreateBookingCommand { therapist: Some(colleague.id), ..practice.request(&client, "2024-01-22T08:00:00Z") };
    practice.create_booking.run(with_colleague).await.unwrap();
    let shorter = WeeklySchedule { week: vec![(Weekday::Monday, hours("10:00", "12:00"))], ..mondays() };
    let outside = async |schedule: &WeeklySchedule| {
        practice.explain_slot.outside(therapist, schedule).await.unwrap().iter().map(|b| b.id()).collect::<Vec<_>>()
    };
    assert_eq!(outside(&shorter).await, [early.id(), next_month.id()], "by start, neither past ones nor a colleague's");
    assert!(outside(&mondays()).await.is_empty());
    assert_eq!(outside(&WeeklySchedule { week: vec![], ..mondays() }).await.len(), 3);
    let unknown = WeeklySchedule { zone: zone("Nowhere/Nothing"), ..mondays() };
    assert!(outside(&unknown).await.is_empty(), "saving them is refused");
}

#[tokio::test]
async fn only_known_services_and_therapists_are_explained() {
    let practice = practice().await;
    let (client, therapist) = (practice.client().await.id, practice.therapist().await.id);
    let service = practice.queries.services().await.unwrap()[0].id;
    let run = async |service: ServiceId, therapist: UserId| practice.explain_slot.run(service, therapist, &[]).await;
    let unknown = run(ServiceId::new(99).unwrap(), therapist).await;
    assert!(matches!(unknown, Err(AvailabilityError::UnknownService)));
    assert!(matches!(run(service, client).await, Err(AvailabilityError::UnknownTherapist)));
    assert!(run(service, therapist).await.unwrap().slots.is_empty());
}
