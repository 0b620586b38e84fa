use std::collections::BTreeSet;

use attune_domain::calendar::SlotError;
use attune_domain::notification::NotificationKind;
use attune_domain::{Booking, BookingStatus, Money, NotifyLevel, Role, SeriesId, User, UserId};
use attune_ports::{ChangeDetails, Email};
use jiff::SignedDuration;

use super::super::*;
use crate::RequestMetadata;
use crate::fixtures::{TestPractice, at, cancel, reschedule, zone};

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
    let starts: Vec<String> = outcome.bookings.iter().map(|b| b.scheduled_at().to_string()).collect();
    let expected = ["03-11T09", "03-18T09", "03-25T09", "04-01T08", "04-08T08"];
    assert_eq!(starts, expected.map(|hour| format!("2024-{hour}:00:00Z")));
    assert!(outcome.bookings.iter().all(|b| b.status() == BookingStatus::Scheduled));
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
    assert_eq!((outcome.bookings.len(), outcome.conflicts), (3, conflicts));
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

fn starts(bookings: &[Booking]) -> Vec<String> {
    bookings.iter().map(|booking| booking.scheduled_at().to_string()).collect()
}

fn change(admin: UserId, series: SeriesId, change: SeriesChange) -> ChangeSeriesCommand {
    ChangeSeriesCommand { admin, series, from: None, change, metadata: RequestMetadata::default() }
}

fn to(first: &str) -> SeriesChange {
    SeriesChange::Reschedule {
        first: first.parse().unwrap(),
        zone: zone("Europe/Berlin"),
        override_hours: false,
        reason: None,
        skip_conflicts: false,
    }
}

fn cancelled(expected_refund: Option<Money>) -> SeriesChange {
    SeriesChange::Cancel { reason: Some("Ill".to_owned()), expected_refund }
}

/// The emails that were sent since the last look.
struct Mailbox<'a>(&'a TestPractice, usize);

impl Mailbox<'_> {
    async fn new_emails(&mut self) -> Vec<Email> {
        let new = self.0.delivered().await.split_off(self.1);
        self.1 += new.len();
        new
    }

    /// The kinds of the new ones, with the number of appointments and the reader.
    async fn sent(&mut self) -> Vec<(&'static str, usize, String)> {
        let emails = self.new_emails().await.into_iter();
        let mut sent: Vec<_> =
            emails.map(|email| (email.kind.as_str(), email.others.len() + 1, email.to.as_str().to_owned())).collect();
        sent.sort();
        sent
    }
}

fn all_of(email: &Email) -> Vec<&Email> {
    std::iter::once(email).chain(&email.others).collect()
}

/// A practice whose therapist books for a client with a colleague who wants to know, and a series of five with the colleague.
async fn booked_series(practice: &TestPractice, payment: PaymentChoice) -> (User, Vec<Booking>) {
    let client = practice.client().await;
    let colleague = practice.add("colleague", Role::Admin).await;
    practice.save_user(User { notify: NotifyLevel::Changes, ..colleague.clone() }).await;
    let mut command = series(practice, &client, 5);
    command.booking.therapist = Some(colleague.id);
    command.booking.payment = payment;
    let outcome = practice.create_series.run(command).await.unwrap();
    assert!(outcome.bookings.iter().all(|b| b.series() == Some(outcome.series)));
    assert_eq!(outcome.series.first(), outcome.bookings[0].id());
    (client, outcome.bookings)
}

#[tokio::test]
async fn everyone_gets_one_email_about_a_series() {
    let practice = TestPractice::paid().await;
    let mut mailbox = Mailbox(&practice, 0);
    let (client, bookings) = booked_series(&practice, PaymentChoice::Waived).await;
    let (client, colleague) = (client.email.as_str().to_owned(), "colleague@example.org".to_owned());
    let expected = [("meeting_info", 5, client.clone()), ("therapist_booked", 5, colleague.clone())];
    assert_eq!(mailbox.sent().await, expected);
    let series = bookings[0].series().unwrap();
    let therapist = practice.therapist().await;
    let admin = therapist.id;

    // One of them was moved on its own before, and one cancelled: the others move, and the days between them stay.
    practice.change(&therapist, &bookings[1], reschedule("2024-03-19T10:00:00Z")).await.unwrap();
    practice.change(&therapist, &bookings[2], cancel()).await.unwrap();
    assert_eq!(mailbox.sent().await.len(), 4);
    let moved = practice.change_series.run(change(admin, series, to("2024-03-12T15:00"))).await.unwrap();
    let expected = ["2024-03-12T14", "2024-03-20T14", "2024-04-02T13", "2024-04-09T13"];
    assert_eq!(starts(&moved.bookings), expected.map(|hour| format!("{hour}:00:00Z")));
    let emails = mailbox.new_emails().await;
    let told: Vec<_> = emails.iter().map(|email| (email.kind.as_str(), email.others.len())).collect();
    assert_eq!(told, [("rescheduled", 3), ("therapist_rescheduled", 3)]);
    let known: Vec<_> = all_of(&emails[0])
        .into_iter()
        .map(|email| match email.change {
            Some(ChangeDetails::Moved { was }) => was.unwrap().to_string(),
            _ => panic!("{email:?}"),
        })
        .collect();
    let expected = ["2024-03-11T09", "2024-03-19T10", "2024-04-01T08", "2024-04-08T08"];
    assert_eq!(known, expected.map(|hour| format!("{hour}:00:00Z")));
    let again = practice.change_series.run(change(admin, series, to("2024-03-12T15:00"))).await.unwrap();
    assert_eq!((starts(&again.bookings), mailbox.sent().await), (starts(&moved.bookings), vec![]));

    // From a date on.
    let from = ChangeSeriesCommand { from: Some(at("2024-04-02T13:00:00Z")), ..change(admin, series, cancelled(None)) };
    let outcome = practice.change_series.run(from).await.unwrap();
    assert_eq!(starts(&outcome.bookings), ["2024-04-02T13:00:00Z", "2024-04-09T13:00:00Z"]);
    assert_eq!(mailbox.sent().await, [("cancelled", 2, client), ("therapist_cancelled", 2, colleague)]);
    let left = practice.change_series.quote(series, None).await.unwrap().bookings;
    assert_eq!(starts(&left), ["2024-03-12T14:00:00Z", "2024-03-20T14:00:00Z"]);
    assert_eq!(practice.change_series.list(series, None).await.unwrap().len(), 5, "the cancelled ones, too");
}

#[tokio::test]
async fn a_series_is_quoted_cancelled_and_refunded_as_a_whole() {
    let practice = TestPractice::paid().await;
    let paid = PaymentChoice::PaidOffline { method: "cash".to_owned(), memo: None };
    let (_, bookings) = booked_series(&practice, paid).await;
    let sent = Mailbox(&practice, 0).sent().await;
    let kinds: Vec<_> = sent.iter().map(|(kind, count, _)| (*kind, *count)).collect();
    assert_eq!(kinds, [("meeting_info", 5), ("receipt", 5), ("therapist_booked", 5)]);
    let series = bookings[0].series().unwrap();
    let admin = UserId::new(1).unwrap();
    let price = bookings[0].price();
    let quote = practice.change_series.quote(series, Some(at("2024-03-25T00:00:00Z"))).await.unwrap();
    assert_eq!((quote.bookings.len(), quote.refund.minor(), quote.fee.minor()), (3, 3 * price.minor(), 0));
    let wrong = practice.change_series.run(change(admin, series, cancelled(Some(price)))).await;
    assert!(matches!(wrong, Err(ChangeSeriesError::Booking(ChangeBookingError::QuoteChanged))), "{wrong:?}");
    assert_eq!(practice.booking(bookings[0].id()).await.status(), BookingStatus::Scheduled, "nothing was cancelled");
    let outcome = practice.change_series.run(change(admin, series, cancelled(None))).await.unwrap();
    assert!(outcome.bookings.iter().all(|b| b.cancellation().unwrap().refund == price));
    assert_eq!(outcome.bookings.len(), 5);
    let again = practice.change_series.run(change(admin, series, cancelled(None))).await;
    assert!(matches!(again, Err(ChangeSeriesError::Booking(ChangeBookingError::State(_)))), "{again:?}");
    let unknown = practice.change_series.list(SeriesId::new(999).unwrap(), None).await;
    assert!(matches!(unknown, Err(ChangeSeriesError::NotFound)), "{unknown:?}");
}

#[tokio::test]
async fn a_series_moves_as_a_whole_or_skips_what_cannot_move() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let admin = UserId::new(1).unwrap();
    let outcome = practice.create_series.run(series(&practice, &client, 4)).await.unwrap();
    practice.book(&client, "2024-03-20T14:00:00Z").await.unwrap();
    let command = || change(admin, outcome.series, to("2024-03-13T15:00"));
    let refused = practice.change_series.run(command()).await;
    let Err(ChangeSeriesError::Conflicts(conflicts)) = refused else { panic!("{refused:?}") };
    let reported: Vec<_> = conflicts.iter().map(|c| (c.local_time.to_string(), c.reason)).collect();
    assert_eq!(reported, [("2024-03-20T15:00:00".to_owned(), Some(SlotError::Taken))]);
    assert_eq!(practice.booking(outcome.bookings[0].id()).await.scheduled_at(), outcome.bookings[0].scheduled_at());

    let mut skipping = command();
    if let SeriesChange::Reschedule { skip_conflicts, .. } = &mut skipping.change {
        *skip_conflicts = true;
    }
    let moved = practice.change_series.run(skipping).await.unwrap();
    let expected = ["2024-03-13T14", "2024-03-27T14", "2024-04-03T13"];
    assert_eq!(
        (starts(&moved.bookings), moved.conflicts),
        (expected.map(|t| format!("{t}:00:00Z")).to_vec(), conflicts)
    );

    let nowhere = SeriesChange::Reschedule {
        first: "2024-03-13T15:00".parse().unwrap(),
        zone: zone("Europe/Atlantis"),
        override_hours: false,
        reason: None,
        skip_conflicts: false,
    };
    let refused = practice.change_series.run(change(admin, outcome.series, nowhere)).await;
    assert!(matches!(refused, Err(ChangeSeriesError::UnknownTimeZone)), "{refused:?}");
}

#[tokio::test]
async fn a_client_is_asked_once_to_pay_for_a_series_and_told_once_that_it_expired() {
    let practice = TestPractice::online().await;
    let mut mailbox = Mailbox(&practice, 0);
    let (client, bookings) = booked_series(&practice, PaymentChoice::Requested).await;
    let client = client.email.as_str().to_owned();
    let emails = mailbox.new_emails().await;
    assert_eq!(emails.len(), 1);
    let urls = BTreeSet::from_iter(all_of(&emails[0]).iter().map(|email| email.pay_url.clone().unwrap()));
    assert_eq!((emails[0].kind, urls.len()), (NotificationKind::PaymentRequest, 5), "each has its own page");
    let until = bookings[0].hold_expires_at().unwrap();
    practice.clock.set(until - SignedDuration::from_hours(24));
    assert_eq!(mailbox.sent().await, [("payment_reminder", 5, client.clone())]);
    practice.clock.set(until);
    assert_eq!(practice.expire_holds.run().await.unwrap(), 5);
    assert_eq!(mailbox.sent().await, [("hold_expired", 5, client)]);
}

#[tokio::test]
async fn each_booking_of_a_series_can_move_into_what_another_one_leaves() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let admin = UserId::new(1).unwrap();
    let outcome = practice.create_series.run(series(&practice, &client, 4)).await.unwrap();
    let weeks = ["2024-03-11T09", "2024-03-18T09", "2024-03-25T09", "2024-04-01T08", "2024-04-08T08"];
    for (first, expected) in [("2024-03-18T10:00", &weeks[1..]), ("2024-03-11T10:00", &weeks[..4])] {
        let moved = practice.change_series.run(change(admin, outcome.series, to(first))).await.unwrap();
        assert_eq!(starts(&moved.bookings), expected.iter().map(|hour| format!("{hour}:00:00Z")).collect::<Vec<_>>());
    }
}
