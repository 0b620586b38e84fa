use attune_domain::booking::ChangeError;
use attune_domain::calendar::{SlotError, WeeklySchedule};
use attune_domain::notification::NotificationKind;
use attune_domain::{Booking, BookingStatus, NotifyLevel, Role, User};
use attune_ports::{BookingState, Email};

use super::super::*;
use crate::fixtures::{
    TEN, TUESDAY, TestPractice, at, booked, cancel, change_command, executed, hours, reschedule, zone,
};

async fn with_colleague() -> (TestPractice, User, Booking, User, User) {
    let (practice, client, booking) = booked().await;
    let colleague = practice.add("colleague", Role::Admin).await;
    let admin = practice.therapist().await;
    (practice, client, booking, admin, colleague)
}

fn to(therapist: &User) -> Change {
    Change::Reassign { to: therapist.id, override_hours: false }
}

async fn book_with(practice: &TestPractice, client: &User, therapist: &User, start: &str) -> Booking {
    let request = CreateBookingCommand { therapist: Some(therapist.id), ..practice.request(client, start) };
    executed(practice.create_booking.run(request).await.unwrap()).booking
}

#[tokio::test]
async fn a_colleague_takes_over_a_session_as_it_is() {
    let (practice, client, booking, admin, colleague) = with_colleague().await;
    practice.delivered().await;
    let reassigned = practice.change(&admin, &booking, to(&colleague)).await.unwrap();
    assert_eq!((reassigned.therapist(), reassigned.version()), (colleague.id, booking.version() + 1));
    assert_eq!(
        (reassigned.scheduled_at(), reassigned.room(), reassigned.price(), reassigned.payment_status()),
        (booking.scheduled_at(), booking.room(), booking.price(), booking.payment_status())
    );
    assert_eq!(practice.booking(booking.id()).await, reassigned);
    let last = practice.queries.history(booking.id()).await.unwrap().pop().unwrap();
    assert_eq!((last.action.as_str(), last.actor), ("booking.reassigned", Some(admin.id)));
    assert_eq!(last.booking, Some(BookingState::from(&reassigned)));

    practice.clock.set(at("2024-01-15T09:00:00Z"));
    let emails = practice.delivered().await;
    let reminders = emails.iter().filter(|email| matches!(email.kind, NotificationKind::Reminder { .. })).count();
    assert!(reminders > 0, "the reminders are kept");
    practice.clock.set(at("2024-01-12T09:00:00Z"));
    book_with(&practice, &client, &admin, TEN).await;
    let request = CreateBookingCommand { therapist: Some(colleague.id), ..practice.request(&client, TEN) };
    let taken = practice.create_booking.run(request).await;
    assert!(matches!(taken, Err(CreateBookingError::SlotTaken)), "it is in the colleague's calendar now");
}

#[tokio::test]
async fn a_session_is_handed_to_a_therapist_who_is_free_and_works_then() {
    let (practice, client, booking, admin, colleague) = with_colleague().await;
    let other = practice.add("other", Role::Client).await;
    book_with(&practice, &other, &colleague, "2024-01-15T10:30:00Z").await;
    for override_hours in [false, true] {
        let change = Change::Reassign { to: colleague.id, override_hours };
        let taken = practice.change(&admin, &booking, change).await;
        assert!(matches!(taken, Err(ChangeBookingError::SlotTaken)), "never over another session");
    }
    let second = book_with(&practice, &client, &admin, TUESDAY).await;
    let schedule = WeeklySchedule::every_day(zone("Europe/Berlin"), hours("12:00", "17:00"));
    practice.set_schedule(colleague.id, schedule).await.unwrap();
    let outside = practice.change(&admin, &second, to(&colleague)).await;
    assert!(matches!(outside, Err(ChangeBookingError::Slot(SlotError::OutsideHours))));
    let change = Change::Reassign { to: colleague.id, override_hours: true };
    assert_eq!(practice.change(&admin, &second, change).await.unwrap().therapist(), colleague.id);
}

#[tokio::test]
async fn a_session_is_handed_to_active_therapists_by_therapists() {
    let (practice, client, booking, admin, colleague) = with_colleague().await;
    let refused = practice.change(&client, &booking, to(&colleague)).await;
    assert!(matches!(refused, Err(ChangeBookingError::Forbidden)));
    let refused = practice.change(&admin, &booking, to(&client)).await;
    assert!(matches!(refused, Err(ChangeBookingError::UnknownTherapist)), "a client gives no sessions");
    practice.save_user(User { disabled: true, ..colleague.clone() }).await;
    let refused = practice.change(&admin, &booking, to(&colleague)).await;
    assert!(matches!(refused, Err(ChangeBookingError::UnknownTherapist)), "and neither does a disabled account");
    practice.save_user(colleague.clone()).await;
    let same = practice.change(&admin, &booking, to(&admin)).await.unwrap();
    assert_eq!(same, booking, "handing it to its own therapist changes nothing");
    let stale = ChangeBookingCommand { version: Some(9), ..change_command(&admin, &booking, to(&colleague)) };
    let refused = practice.change_booking.run(stale).await;
    assert!(matches!(refused, Err(ChangeBookingError::VersionConflict)));
}

#[tokio::test]
async fn a_session_can_be_handed_over_until_it_ends() {
    let (practice, _, booking, admin, colleague) = with_colleague().await;
    practice.clock.set(at("2024-01-15T10:49:59Z"));
    let running = practice.change(&admin, &booking, to(&colleague)).await.unwrap();
    assert_eq!(running.therapist(), colleague.id, "also while it runs, whatever notice the practice needs");
    practice.clock.set(at("2024-01-15T10:50:00Z"));
    let late = practice.change(&admin, &running, to(&admin)).await;
    assert!(matches!(late, Err(ChangeBookingError::State(ChangeError::WindowClosed))));
    let (practice, client, booking, admin, colleague) = with_colleague().await;
    practice.change(&client, &booking, cancel()).await.unwrap();
    let cancelled = practice.change(&admin, &booking, to(&colleague)).await;
    assert!(matches!(cancelled, Err(ChangeBookingError::State(ChangeError::InvalidState))));
}

#[tokio::test]
async fn a_change_that_was_read_before_a_handover_looks_at_the_right_calendar() {
    let (practice, client, booking, admin, colleague) = with_colleague().await;
    let other = practice.add("other", Role::Client).await;
    book_with(&practice, &other, &colleague, TUESDAY).await;
    let read = practice.change(&admin, &booking, to(&colleague)).await.unwrap();
    assert_eq!(read.status(), BookingStatus::Scheduled);
    // `booking` is still with the admin, whose Tuesday is free.
    let taken = practice.change_booking.run_on(&booking, change_command(&client, &booking, reschedule(TUESDAY))).await;
    assert!(matches!(taken, Err(ChangeBookingError::SlotTaken)), "{taken:?}");
    let later = change_command(&client, &booking, reschedule("2024-01-17T10:00:00Z"));
    let moved = executed(practice.change_booking.run_on(&booking, later).await.unwrap());
    assert_eq!(moved.therapist(), colleague.id);
}

#[tokio::test]
async fn the_client_and_both_therapists_hear_of_a_handover() {
    let (practice, client, booking, admin, colleague) = with_colleague().await;
    let hears = |user: &User, notify| User { notify, ..user.clone() };
    for therapist in [hears(&admin, NotifyLevel::Changes), hears(&colleague, NotifyLevel::Changes)] {
        practice.save_user(therapist).await;
    }
    let seen = practice.delivered().await.len();
    practice.change(&colleague, &booking, to(&colleague)).await.unwrap();
    // By the time it leaves, the colleague has moved it.
    practice.change(&colleague, &booking, reschedule(TUESDAY)).await.unwrap();
    let emails = practice.delivered().await.split_off(seen);
    let about = |email: &Email| {
        (
            email.kind.as_str(),
            email.to.clone(),
            email.therapist_name.clone(),
            email.starts_at.to_string(),
            email.join_url.is_some(),
        )
    };
    let name = Some(colleague.display_name());
    let expected = [
        ("rescheduled", client.email.clone(), None, TUESDAY.to_owned(), true),
        ("therapist_reassigned", admin.email.clone(), name, TEN.to_owned(), false),
    ];
    let mut sent: Vec<_> = emails.iter().map(about).collect();
    sent.sort();
    assert_eq!(sent, expected, "the therapist who took it knows");

    // Handed back, and there and back again before an email leaves: whose it is again hears nothing of the way there.
    practice.change(&admin, &booking, to(&admin)).await.unwrap();
    let seen = seen + emails.len();
    let emails = practice.delivered().await.split_off(seen);
    let readers = |emails: &[Email]| {
        let mut readers: Vec<_> = emails.iter().map(|email| (email.kind.as_str(), email.to.clone())).collect();
        readers.sort();
        readers
    };
    let told = [("reassigned", client.email.clone()), ("therapist_reassigned", colleague.email.clone())];
    assert_eq!(readers(&emails), told);
    assert!(emails.iter().all(|email| email.therapist_name == Some(admin.display_name())));
    practice.change(&colleague, &booking, to(&colleague)).await.unwrap();
    practice.change(&colleague, &booking, to(&admin)).await.unwrap();
    let emails = practice.delivered().await.split_off(seen + emails.len());
    let all = [("reassigned", &client), ("reassigned", &client), ("therapist_booked", &admin)];
    assert_eq!(readers(&emails), all.map(|(kind, reader)| (kind, reader.email.clone())));
}
