use attune_domain::calendar::SlotError;
use attune_domain::{BookingStatus, User, UserId};

use super::super::*;
use crate::fixtures::{TestPractice, at, zone};

/// Ten o'clock on Mondays in Berlin, beginning three weeks before daylight saving time.
fn series(practice: &TestPractice, client: &User, count: u32) -> CreateSeriesCommand {
    CreateSeriesCommand {
        booking: CreateBookingCommand {
            booked_by: UserId::new(1).unwrap(),
            payment: PaymentChoice::Waived,
            ..practice.request(client, "2024-03-11T09:00:00Z")
        },
        first: "2024-03-11T10:00".parse().unwrap(),
        zone: zone("Europe/Berlin"),
        count,
        every_weeks: 1,
        skip_conflicts: false,
    }
}

/// The conflicts that prevent a series.
async fn conflicts(practice: &TestPractice, command: CreateSeriesCommand) -> Vec<SeriesConflict> {
    let result = practice.create_series.run(command).await;
    let Err(CreateSeriesError::Conflicts(conflicts)) = result else { panic!("{result:?}") };
    conflicts
}

#[tokio::test]
async fn the_local_time_stays_when_the_clock_changes() {
    let practice = TestPractice::paid().await;
    let client = practice.client().await;
    let outcome = practice.create_series.run(series(&practice, &client, 5)).await.unwrap();
    let starts: Vec<String> = outcome.booked.iter().map(|b| b.scheduled_at().to_string()).collect();
    let expected = ["03-11T09", "03-18T09", "03-25T09", "04-01T08", "04-08T08"];
    assert_eq!(starts, expected.map(|hour| format!("2024-{hour}:00:00Z")));
    assert!(outcome.booked.iter().all(|b| b.status() == BookingStatus::Scheduled));
    assert!(outcome.conflicts.is_empty());
}

#[tokio::test]
async fn all_conflicts_are_reported_and_nothing_is_booked_unless_they_are_skipped() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    for start in ["2024-03-18T09:30:00Z", "2024-04-01T08:00:00Z"] {
        practice.book(&client, start).await.unwrap();
    }
    let conflicts = conflicts(&practice, series(&practice, &client, 5)).await;
    let reported: Vec<_> = conflicts.iter().map(|c| (c.local_time.to_string(), c.reason)).collect();
    let expected = ["2024-03-18T10:00:00", "2024-04-01T10:00:00"];
    assert_eq!(reported, expected.map(|time| (time.to_owned(), Some(SlotError::Taken))));
    assert_eq!(practice.count_bookings().await, 2);

    let skip = CreateSeriesCommand { skip_conflicts: true, ..series(&practice, &client, 5) };
    let outcome = practice.create_series.run(skip).await.unwrap();
    assert_eq!((outcome.booked.len(), outcome.conflicts), (3, conflicts));
    assert_eq!(practice.count_bookings().await, 5);
}

#[tokio::test]
async fn a_local_time_that_the_clock_change_skips_is_a_conflict() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    // 2024-03-31 02:30 does not exist in Berlin.
    let command = CreateSeriesCommand { first: "2024-03-24T02:30".parse().unwrap(), ..series(&practice, &client, 3) };
    let local_time = "2024-03-31T02:30".parse().unwrap();
    let skipped = SeriesConflict { starts_at: None, local_time, reason: None };
    assert_eq!(conflicts(&practice, command).await, [skipped]);
}

#[tokio::test]
async fn dates_beyond_the_horizon_are_conflicts_and_invalid_series_are_refused() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    practice.clock.set(at("2024-01-01T00:00:00Z"));
    let command = CreateSeriesCommand { every_weeks: 26, ..series(&practice, &client, 3) };
    let reasons: Vec<_> = conflicts(&practice, command).await.iter().map(|c| c.reason).collect();
    assert_eq!(reasons, [Some(SlotError::BeyondBookingHorizon)]);
    let nowhere = CreateSeriesCommand { zone: zone("Europe/Atlantis"), ..series(&practice, &client, 3) };
    assert!(matches!(practice.create_series.run(nowhere).await, Err(CreateSeriesError::UnknownTimeZone)));
    let none = series(&practice, &client, 0);
    assert!(matches!(practice.create_series.run(none).await, Err(CreateSeriesError::Series(_))));
}
