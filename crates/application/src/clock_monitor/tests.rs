use attune_adapter_memory::MemoryStore;
use attune_domain::notification::NotificationState;
use attune_domain::{BookingStatus, PracticePolicy, Role};
use attune_test_doubles::FixedClock;
use jiff::SignedDuration;

use super::*;
use crate::bookings::{ChangeBookingError, CreateBookingError};
use crate::fixtures::{TEN, TUESDAY, TestPractice, reschedule};

const START: &str = "2024-01-15T10:00:00Z";

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// A machine with a clock that can be set, without a database server.
fn machine() -> (Arc<FixedClock>, ClockMonitor) {
    let clock = Arc::new(FixedClock::new(START.parse().unwrap()));
    (clock.clone(), ClockMonitor::new(clock, MemoryStore::new()))
}

#[tokio::test]
async fn a_clock_that_passes_evenly_is_trusted() {
    let (clock, monitor) = machine();
    for minutes in [0, 1, 10, 100_000, 4] {
        clock.advance(mins(minutes));
        assert!(monitor.is_settled().await && monitor.seems_settled(), "after {minutes} minutes");
    }
}

#[tokio::test]
async fn a_correction_of_a_few_minutes_is_no_doubt() {
    let (clock, monitor) = machine();
    assert!(monitor.is_settled().await);
    // Each is compared with the one before, as after a slow drift.
    for minutes in [5, -5, 4, 4, 4, -3] {
        clock.jump(mins(minutes));
        assert!(monitor.is_settled().await, "by {minutes} minutes");
    }
}

#[tokio::test]
async fn a_clock_that_was_set_is_doubted_until_it_returns() {
    for minutes in [6, -6, 14 * 1_440, -14 * 1_440] {
        let (clock, monitor) = machine();
        assert!(monitor.is_settled().await);
        monitor.corrected();
        clock.jump(mins(minutes));
        assert!(!monitor.is_settled().await && !monitor.seems_settled(), "by {minutes} minutes");
        clock.advance(SignedDuration::from_secs(4));
        assert!(!monitor.is_settled().await);
        clock.jump(mins(-minutes));
        assert!(monitor.is_settled().await && monitor.seems_settled(), "back by {minutes} minutes");
        assert!(monitor.correction_is_due());
    }
}

#[tokio::test]
async fn a_clock_that_stays_set_is_trusted_after_ten_minutes() {
    for minutes in [6, -60, 14 * 1_440] {
        let (clock, monitor) = machine();
        assert!(monitor.is_settled().await);
        clock.jump(mins(minutes));
        for _ in 0..10 {
            assert!(!monitor.is_settled().await, "by {minutes} minutes");
            clock.advance(mins(1));
        }
        assert!(monitor.is_settled().await, "by {minutes} minutes");
        // From now on it is the other time that would be a jump.
        clock.jump(mins(-minutes));
        assert!(!monitor.is_settled().await, "by {minutes} minutes");
    }
}

#[tokio::test]
async fn a_second_jump_begins_another_ten_minutes() {
    let (clock, monitor) = machine();
    assert!(monitor.is_settled().await);
    clock.jump(mins(60));
    assert!(!monitor.is_settled().await);
    clock.advance(mins(9));
    clock.jump(mins(60));
    assert!(!monitor.is_settled().await);
    clock.advance(mins(9));
    assert!(!monitor.is_settled().await);
    clock.advance(mins(1));
    assert!(monitor.is_settled().await);
}

#[test]
fn the_clock_of_a_server_elsewhere_ends_the_doubt() {
    let clock = FixedClock::new(START.parse().unwrap());
    let mut state = State::default();
    // The server's clock is so many minutes ahead of the machine's monotonic time.
    let mut judge =
        |server: i64| state.judge(Reading { now: clock.now(), monotonic: clock.monotonic() }, Some(mins(server)));
    // Our clock is an hour behind when the process starts.
    clock.jump(mins(-60));
    assert!(judge(0));
    clock.jump(mins(60));
    assert!(judge(0), "it was set to the server's time");
    for minutes in [6, -90, 14 * 1_440] {
        clock.jump(mins(minutes));
        assert!(!judge(0), "the server disagrees: {minutes}");
        clock.jump(mins(-minutes));
        assert!(judge(0));
    }
    // The clock was wrong in small steps, each of them too small for a doubt, and is set right.
    for _ in 0..3 {
        clock.jump(mins(4));
        assert!(judge(0));
    }
    clock.jump(mins(-12));
    assert!(judge(0));

    clock.jump(mins(14 * 1_440));
    // A server on this machine was set together with our clock.
    assert!(!judge(14 * 1_440));
    clock.jump(mins(-14 * 1_440));
    assert!(judge(0));

    // The server's clock being wrong is no reason to doubt ours.
    assert!(judge(500));
}

#[tokio::test]
async fn a_correction_is_due_after_the_start_and_after_the_clock_went_back() {
    let (clock, monitor) = machine();
    assert!(monitor.correction_is_due(), "an earlier process may have had a wrong clock");
    assert!(monitor.is_settled().await);
    monitor.corrected();
    // A clock that is moved on purpose is never doubted.
    clock.advance(mins(14 * 1_440));
    assert!(monitor.is_settled().await && !monitor.correction_is_due());
    clock.advance(mins(-14 * 1_440));
    assert!(monitor.is_settled().await && monitor.correction_is_due());
    monitor.corrected();
    assert!(!monitor.correction_is_due());
}

#[tokio::test]
async fn no_hold_expires_while_the_clock_is_doubted() {
    for days in [1, 14, 400] {
        let practice = TestPractice::paid().await;
        let (_, held) = practice.booked().await;
        let other = practice.add("other", Role::Client).await;
        assert_eq!(practice.expire_holds.run().await.unwrap(), 0);
        practice.clock.jump(mins(days * 1_440));
        assert_eq!(practice.expire_holds.run().await.unwrap(), 0, "{days} days ahead");
        if days == 1 {
            // The session is still ahead of the wrong clock, so someone else may ask for its slot.
            let taken = practice.book(&other, TEN).await;
            assert!(matches!(taken, Err(CreateBookingError::SlotTaken)), "{taken:?}");
        }
        practice.clock.advance(SignedDuration::from_secs(4));
        practice.clock.jump(mins(-days * 1_440));
        assert_eq!(practice.expire_holds.run().await.unwrap(), 0);
        assert_eq!(practice.booking(held.id()).await.status(), BookingStatus::PendingPayment);
        practice.clock.advance(mins(15));
        assert_eq!(practice.expire_holds.run().await.unwrap(), 1, "{days} days");
    }
}

#[tokio::test]
async fn a_rescheduled_booking_takes_no_held_slot_while_the_clock_is_doubted() {
    let practice = TestPractice::paid().await;
    let admin = practice.therapist().await;
    let (_, moving) = practice.booked().await;
    practice.record_offline.run(crate::fixtures::offline_payment(&moving)).await.unwrap();
    let other = practice.add("other", Role::Client).await;
    practice.book(&other, TUESDAY).await.unwrap();
    assert_eq!(practice.expire_holds.run().await.unwrap(), 0);
    practice.clock.jump(mins(60));
    let moved = practice.change(&admin, &practice.booking(moving.id()).await, reschedule(TUESDAY)).await;
    assert!(matches!(moved, Err(ChangeBookingError::SlotTaken)), "{moved:?}");
    // In the meantime the clock has proved to be right.
    practice.clock.advance(mins(10));
    practice.change(&admin, &practice.booking(moving.id()).await, reschedule(TUESDAY)).await.unwrap();
}

#[tokio::test]
async fn nothing_is_purged_or_completed_while_the_clock_is_doubted() {
    for days in [31, 60, 400] {
        let (practice, _, booking) = crate::fixtures::booked().await;
        practice.set_policy(PracticePolicy { auto_complete: true, ..PracticePolicy::default() }).await.unwrap();
        let mut work = practice.store.begin().await.unwrap();
        let seen_at = practice.now();
        assert!(work.add_payment_event(attune_ports::Provider::Test, "evt_1", seen_at).await.unwrap());
        work.commit().await.unwrap();
        assert_eq!((practice.purge.run().await.unwrap(), practice.complete_ended.run().await.unwrap()), (0, 0));
        practice.clock.jump(mins(days * 1_440));
        assert_eq!((practice.purge.run().await.unwrap(), practice.complete_ended.run().await.unwrap()), (0, 0));
        practice.clock.jump(mins(-days * 1_440));
        assert_eq!((practice.purge.run().await.unwrap(), practice.complete_ended.run().await.unwrap()), (0, 0));
        assert_eq!(practice.booking(booking.id()).await.status(), BookingStatus::Scheduled);
        practice.clock.advance(mins(40 * 1_440));
        assert_eq!((practice.purge.run().await.unwrap(), practice.complete_ended.run().await.unwrap()), (1, 1));
    }
}

#[tokio::test]
async fn no_email_is_sent_or_expires_while_the_clock_is_doubted() {
    // By these the first reminder, both, and the session itself seem to have come.
    for minutes in [4 * 1_440 + 120, 5 * 1_440 + 30, 14 * 1_440] {
        let (practice, _, booking) = crate::fixtures::booked().await;
        assert_eq!(practice.deliver.run().await.unwrap().sent, 1);
        practice.clock.jump(mins(minutes));
        for _ in 0..4 {
            assert_eq!(practice.deliver.run().await.unwrap(), Default::default(), "{minutes} minutes ahead");
            practice.clock.advance(SignedDuration::from_secs(1));
        }
        practice.clock.jump(mins(-minutes));
        for start in ["2024-01-14T10:00:00Z", "2024-01-15T09:00:00Z"] {
            practice.clock.set(start.parse().unwrap());
            assert_eq!(practice.deliver.run().await.unwrap().sent, 1, "{minutes} minutes, {start}");
        }
        let states = practice.notifications(&booking).await.into_iter().map(|email| email.state);
        assert!(states.eq([NotificationState::Sent; 3]));
    }
}
