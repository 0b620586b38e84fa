use attune_domain::calendar::SlotError;
use attune_domain::{BookingStatus, TimeZoneName, User};
use attune_ports::{BookingFilter, PageRequest};

use super::super::*;
use crate::fixtures::{World, at};

/// Ten o'clock on Mondays in Berlin, from three weeks before the clock is put forward on.
fn series(world: &World, client: &User, count: u32) -> CreateSeriesCommand {
    CreateSeriesCommand {
        booking: CreateBookingCommand {
            booked_by: attune_domain::UserId::new(1).unwrap(),
            payment: PaymentChoice::Waived,
            ..world.request(client, "2024-03-11T09:00:00Z")
        },
        first: "2024-03-11T10:00".parse().unwrap(),
        zone: TimeZoneName::parse("Europe/Berlin").unwrap(),
        count,
        every_weeks: 1,
        skip_conflicts: false,
    }
}

async fn count(world: &World) -> u64 {
    let page = PageRequest { limit: 1, offset: 0 };
    world.queries.bookings(&BookingFilter::default(), page.into()).await.unwrap().total
}

#[tokio::test]
async fn the_time_on_the_wall_stays_when_the_clock_changes() {
    let world = World::paid().await;
    let client = world.client().await;
    let outcome = world.create_series.run(series(&world, &client, 5)).await.unwrap();
    let starts: Vec<String> = outcome.booked.iter().map(|b| b.scheduled_at().to_string()).collect();
    assert_eq!(
        starts,
        [
            "2024-03-11T09:00:00Z",
            "2024-03-18T09:00:00Z",
            "2024-03-25T09:00:00Z",
            "2024-04-01T08:00:00Z",
            "2024-04-08T08:00:00Z"
        ]
    );
    assert!(outcome.booked.iter().all(|b| b.status() == BookingStatus::Scheduled));
    assert!(outcome.conflicts.is_empty());
}

#[tokio::test]
async fn all_conflicts_are_told_at_once_and_nothing_is_booked() {
    let world = World::free().await;
    let client = world.client().await;
    let taken = [world.book(&client, "2024-03-18T09:30:00Z").await, world.book(&client, "2024-04-01T08:00:00Z").await];
    assert!(taken.iter().all(Result::is_ok));
    let Err(CreateSeriesError::Conflicts(conflicts)) = world.create_series.run(series(&world, &client, 5)).await else {
        panic!("booked over others")
    };
    let told: Vec<_> = conflicts.iter().map(|c| (c.local_time.to_string(), c.reason)).collect();
    assert_eq!(
        told,
        [
            ("2024-03-18T10:00:00".to_owned(), Some(SlotError::Taken)),
            ("2024-04-01T10:00:00".to_owned(), Some(SlotError::Taken))
        ]
    );
    assert_eq!(count(&world).await, 2);

    let skip = CreateSeriesCommand { skip_conflicts: true, ..series(&world, &client, 5) };
    let outcome = world.create_series.run(skip).await.unwrap();
    assert_eq!((outcome.booked.len(), outcome.conflicts), (3, conflicts));
    assert_eq!(count(&world).await, 5);
}

#[tokio::test]
async fn a_time_that_the_clock_skips_is_a_conflict() {
    let world = World::free().await;
    let client = world.client().await;
    // 2024-03-31 02:30 does not exist in Berlin.
    let command = CreateSeriesCommand { first: "2024-03-24T02:30".parse().unwrap(), ..series(&world, &client, 3) };
    let Err(CreateSeriesError::Conflicts(conflicts)) = world.create_series.run(command).await else { panic!("booked") };
    assert_eq!(conflicts.len(), 1);
    assert_eq!((conflicts[0].starts_at, conflicts[0].reason), (None, None));
    assert_eq!(conflicts[0].local_time.to_string(), "2024-03-31T02:30:00");
}

#[tokio::test]
async fn dates_beyond_the_horizon_are_told_too() {
    let world = World::free().await;
    let client = world.client().await;
    world.clock.set(at("2024-01-01T00:00:00Z"));
    let command = CreateSeriesCommand { every_weeks: 26, ..series(&world, &client, 3) };
    let Err(CreateSeriesError::Conflicts(conflicts)) = world.create_series.run(command).await else { panic!("booked") };
    assert_eq!(conflicts.iter().map(|c| c.reason).collect::<Vec<_>>(), [Some(SlotError::BeyondBookingHorizon)]);
    let zone = TimeZoneName::parse("Europe/Atlantis").unwrap();
    let nowhere = CreateSeriesCommand { zone, ..series(&world, &client, 3) };
    assert!(matches!(world.create_series.run(nowhere).await, Err(CreateSeriesError::UnknownTimeZone)));
    let none = series(&world, &client, 0);
    assert!(matches!(world.create_series.run(none).await, Err(CreateSeriesError::Series(_))));
}
