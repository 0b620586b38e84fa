use attune_domain::calendar::{LocalTime, LocalTimeRange, WeeklySchedule};
use attune_domain::policy::PolicyError;
use attune_domain::{ChangeTerms, Currency, Money, PracticePolicy, Role, ScheduleExceptionId, TimeZoneName, UserId};
use attune_ports::NewService;
use jiff::civil::Weekday;

use super::*;
use crate::RequestMetadata;
use crate::fixtures::World;

const TEN: &str = "2024-01-15T10:00:00Z";

fn admin() -> UserId {
    UserId::new(1).unwrap()
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

fn new_service() -> NewService {
    NewService { name: "Short".into(), description: String::new(), minutes: 25, buffer_minutes: 5, price: euros(5_000) }
}

fn change(service: attune_domain::ServiceId, changes: ServiceChanges) -> ChangeServiceCommand {
    ChangeServiceCommand { admin: admin(), service, changes, metadata: RequestMetadata::default() }
}

#[tokio::test]
async fn prices_and_lengths_change_for_what_comes_next_only() {
    let world = World::free().await;
    let client = world.client().await;
    let before = world.book(&client, TEN).await.unwrap().booking;
    let changes = ServiceChanges { minutes: Some(80), price: Some(euros(20_000)), ..ServiceChanges::default() };
    let changed = world.services.change(change(before.service(), changes)).await.unwrap();
    assert_eq!((changed.minutes, changed.price, changed.name.as_str()), (80, euros(20_000), "Session"));
    assert_eq!(world.booking(before.id()).await, before);
    let after = world.book(&client, "2024-01-16T10:00:00Z").await.unwrap().booking;
    assert_eq!((after.minutes(), after.price()), (80, euros(20_000)));
}

#[tokio::test]
async fn a_service_that_is_not_offered_any_more_cannot_be_booked() {
    let world = World::free().await;
    let client = world.client().await;
    let short = world.services.add(admin(), new_service(), &RequestMetadata::default()).await.unwrap();
    let off = ServiceChanges { active: Some(false), ..ServiceChanges::default() };
    world.services.change(change(short.id, off)).await.unwrap();
    assert_eq!(world.queries.services().await.unwrap().len(), 1);
    assert_eq!(world.queries.all_services().await.unwrap().len(), 2);
    let request = crate::bookings::CreateBookingCommand { service: Some(short.id), ..world.request(&client, TEN) };
    assert!(matches!(
        world.create_booking.run(request).await,
        Err(crate::bookings::CreateBookingError::UnknownService)
    ));
}

#[tokio::test]
async fn services_that_no_one_could_book_are_refused() {
    let world = World::free().await;
    let none = NewService { minutes: 0, ..new_service() };
    assert!(matches!(
        world.services.add(admin(), none, &RequestMetadata::default()).await,
        Err(ServiceError::Length(_))
    ));
    let long = ServiceChanges { minutes: Some(721), ..ServiceChanges::default() };
    let first = world.queries.services().await.unwrap()[0].id;
    assert!(matches!(world.services.change(change(first, long)).await, Err(ServiceError::Length(_))));
    let unknown = attune_domain::ServiceId::new(99).unwrap();
    let refused = world.services.change(change(unknown, ServiceChanges::default())).await;
    assert!(matches!(refused, Err(ServiceError::NotFound)));
}

#[tokio::test]
async fn weeks_that_make_no_sense_are_refused() {
    let world = World::free().await;
    let client = world.add("someone@example.org", Role::Client).await;
    let wall = |text| LocalTime::parse(text).unwrap();
    let hours = |start, end| LocalTimeRange::new(wall(start), wall(end)).unwrap();
    let berlin = || TimeZoneName::parse("Europe/Berlin").unwrap();
    let set = |therapist, zone, week| SetScheduleCommand {
        admin: admin(),
        therapist,
        schedule: WeeklySchedule { zone, week },
        metadata: RequestMetadata::default(),
    };
    let overlapping = vec![(Weekday::Monday, hours("09:00", "12:00")), (Weekday::Monday, hours("11:59", "13:00"))];
    let refused = world.calendar.set_schedule(set(admin(), berlin(), overlapping)).await;
    assert!(matches!(refused, Err(CalendarError::Overlapping(_))));
    let atlantis = TimeZoneName::parse("Europe/Atlantis").unwrap();
    let refused = world.calendar.set_schedule(set(admin(), atlantis, vec![])).await;
    assert!(matches!(refused, Err(CalendarError::UnknownTimeZone)));
    let refused = world.calendar.set_schedule(set(client.id, berlin(), vec![])).await;
    assert!(matches!(refused, Err(CalendarError::UnknownTherapist)), "clients give no sessions");
    let many = vec![(Weekday::Monday, hours("09:00", "09:01")); WeeklySchedule::MAX_INTERVALS + 1];
    let refused = world.calendar.set_schedule(set(admin(), berlin(), many)).await;
    assert!(matches!(refused, Err(CalendarError::TooManyIntervals)));
    assert_eq!(world.queries.calendar_settings(admin()).await.unwrap().schedule, None);
}

#[tokio::test]
async fn a_policy_is_kept_whole_or_not_at_all() {
    let world = World::free().await;
    let terms = ChangeTerms { late_refund_percent: 101, ..ChangeTerms::default() };
    let bad = PracticePolicy { terms, ..PracticePolicy::default() };
    let command = SetPolicyCommand { admin: admin(), policy: bad, metadata: RequestMetadata::default() };
    assert!(matches!(world.calendar.set_policy(command).await, Err(CalendarError::Policy(PolicyError::Terms(_)))));
    assert_eq!(world.queries.policy().await.unwrap(), PracticePolicy::default());
    let missing = world
        .calendar
        .remove_schedule_exception(admin(), ScheduleExceptionId::new(9).unwrap(), &RequestMetadata::default())
        .await;
    assert!(matches!(missing, Err(CalendarError::NotFound)));
}
