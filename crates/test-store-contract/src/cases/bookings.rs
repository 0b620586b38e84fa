//! Bookings: which slots they block, and how they are stored.

use attune_domain::meeting::NewRoom;
use attune_domain::{
    Booking, BookingRecord, BookingStatus, Cancellation, MeetingBaseUrl, PaymentStatus, Role, RoomSuffix, User,
};
use jiff::{SignedDuration, Timestamp};

use super::{assert_conflict, assert_failed, unknown};
use crate::Backend;
use crate::fixtures::{
    PracticeFixture, eur, legal_states, minutes_after, name, next_version, now, restored, slot, therapist,
};

pub async fn an_overlapping_booking_is_refused(backend: &Backend) {
    let practice = backend.practice().await;
    backend.book(practice, 0).await;
    for shift in [0, 1, -1, 30, -30, 59, -59] {
        let overlapping = backend.try_booking(|id| practice.booking(id, minutes_after(slot(0), shift)));
        assert_conflict!(overlapping.await, SlotTaken);
    }
}

pub async fn adjacent_bookings_are_allowed(backend: &Backend) {
    let practice = backend.practice().await;
    for hour in [1, 0, 2] {
        backend.book(practice, hour).await;
    }
    let mut work = backend.begin().await;
    assert_eq!(work.blocking_bookings(practice.therapist, slot(0), slot(3)).await.unwrap().len(), 3);
}

pub async fn the_buffer_after_a_session_blocks(backend: &Backend) {
    let practice = backend.practice().await;
    let first = backend.book(practice, 0).await;
    assert_conflict!(backend.try_booking(|id| practice.booking(id, first.ends_at())).await, SlotTaken);
    backend.add_booking(|id| practice.booking(id, first.blocked_until())).await;
}

pub async fn another_therapist_is_free(backend: &Backend) {
    let practice = backend.practice().await;
    let colleague = backend.add_user(&therapist("colleague")).await;
    backend.book(practice, 0).await;
    let theirs = PracticeFixture { therapist: colleague, ..practice };
    let second = backend.book(theirs, 0).await;
    let mut work = backend.begin().await;
    assert_eq!(work.blocking_bookings(colleague, slot(0), slot(1)).await.unwrap(), [second]);
}

pub async fn cancelled_and_expired_bookings_block_nothing(backend: &Backend) {
    let practice = backend.practice().await;
    for (status, paid) in legal_states().filter(|(status, _)| !status.blocks_calendar()) {
        backend.add_booking(|id| practice.booking_in(id, slot(0), status, paid)).await;
    }
    let blocking = backend.book(practice, 0).await;
    let mut work = backend.begin().await;
    assert_eq!(work.blocking_bookings(practice.therapist, slot(0), slot(1)).await.unwrap(), [blocking]);
    drop(work);
    // Also the other way round: they may be stored where another booking blocks the slot.
    let (status, paid) = (BookingStatus::Cancelled, PaymentStatus::NotRequired);
    backend.add_booking(|id| practice.booking_in(id, slot(0), status, paid)).await;
}

pub async fn every_other_status_blocks(backend: &Backend) {
    let practice = backend.practice().await;
    let blocking = legal_states().filter(|(status, _)| status.blocks_calendar());
    for (hour, (status, paid)) in (0..).zip(blocking) {
        backend.add_booking(|id| practice.booking_in(id, slot(hour), status, paid)).await;
        assert_conflict!(backend.try_booking(|id| practice.booking(id, slot(hour))).await, SlotTaken);
    }
}

pub async fn rescheduling_onto_another_booking_is_refused(backend: &Backend) {
    let practice = backend.practice().await;
    backend.book(practice, 0).await;
    let second = backend.book(practice, 5).await;
    for start in [slot(0), minutes_after(slot(0), 59), minutes_after(slot(0), -59)] {
        let (moved, _) = second.clone().reschedule(start, Role::Admin, now()).unwrap();
        assert_conflict!(backend.uncommitted(async |work| work.save_booking(&moved).await).await, SlotTaken);
        assert_eq!(backend.read_booking(second.id()).await.unwrap(), second);
    }
    let (moved, _) = second.reschedule(slot(1), Role::Admin, now()).unwrap();
    backend.save_booking(&moved).await;
    assert_eq!(backend.read_booking(moved.id()).await.unwrap(), moved);
}

pub async fn a_booking_can_be_rescheduled_into_its_own_slot(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let (moved, _) = booking.reschedule(minutes_after(slot(0), 30), Role::Client, now()).unwrap();
    let next = backend
        .commit(async |work| {
            work.save_booking(&moved).await?;
            let next = practice.booking(work.next_booking_id().await?, minutes_after(slot(0), -30));
            work.add_booking(&next).await?;
            Ok(next)
        })
        .await;
    let mut work = backend.begin().await;
    let found = work.blocking_bookings(practice.therapist, slot(-1), slot(2)).await.unwrap();
    assert_eq!(found, [next, moved]);
}

pub async fn reviving_an_expired_booking_needs_a_free_slot(backend: &Backend) {
    let practice = backend.practice().await;
    let base_url = MeetingBaseUrl::parse("https://meet.example.org/").unwrap();
    for (hour, is_blocked) in [(0, true), (1, false)] {
        let expired = backend
            .add_booking(|id| practice.booking_in(id, slot(hour), BookingStatus::Expired, PaymentStatus::Cancelled))
            .await;
        if is_blocked {
            backend.add_booking(|id| practice.booking(id, minutes_after(slot(hour), -30))).await;
        }
        let suffix = RoomSuffix::from_bytes([7; 16]);
        let (revived, _) = expired.clone().payment_succeeded(NewRoom { base_url: &base_url, suffix }, now()).unwrap();
        let saved = backend.uncommitted(async |work| {
            work.save_booking(&revived).await?;
            work.booking(revived.id()).await
        });
        if is_blocked {
            assert_conflict!(saved.await, SlotTaken);
            assert_eq!(backend.read_booking(expired.id()).await.unwrap(), expired);
        } else {
            assert_eq!(saved.await.unwrap(), Some(revived));
        }
    }
}

pub async fn a_booking_is_saved_one_version_at_a_time(backend: &Backend) {
    let practice = backend.practice().await;
    let first = backend.book(practice, 0).await;
    let second = restored(next_version(&first));
    let third = restored(next_version(&second));
    let stale = async |booking: &Booking| {
        assert_conflict!(backend.uncommitted(async |work| work.save_booking(booking).await).await, Stale);
    };
    stale(&first).await;
    stale(&third).await;
    backend.save_booking(&second).await;
    stale(&second).await;
    stale(&first).await;
    backend
        .commit(async |work| {
            work.save_booking(&third).await?;
            work.save_booking(&restored(next_version(&third))).await
        })
        .await;
    assert_eq!(backend.read_booking(first.id()).await.unwrap().version(), 4);
    stale(&restored(BookingRecord { version: 2, ..practice.record(unknown(), slot(9)) })).await;
    assert!(backend.read_booking(unknown()).await.is_none());
}

pub async fn saving_a_booking_changes_no_other(backend: &Backend) {
    let practice = backend.practice().await;
    let untouched = backend.book(practice, 0).await;
    let changed = backend.book(practice, 1).await;
    let changed = restored(BookingRecord { note: Some("moved".to_owned()), ..next_version(&changed) });
    backend.save_booking(&changed).await;
    assert_eq!(backend.read_booking(untouched.id()).await.unwrap(), untouched);
    assert_eq!(backend.read_booking(changed.id()).await.unwrap(), changed);
}

pub async fn every_transition_is_stored(backend: &Backend) {
    let practice = backend.practice().await;
    let base_url = MeetingBaseUrl::parse("https://meet.example.org/").unwrap();
    let room = NewRoom { base_url: &base_url, suffix: RoomSuffix::from_bytes([3; 16]) };
    let held = backend.add_booking(|id| practice.held(id, slot(0), minutes_after(now(), 15))).await;
    let during = minutes_after(slot(0), 20);

    let cancellation = Cancellation {
        at: during,
        by: practice.therapist,
        late: true,
        reason: Some("unwell".to_owned()),
        refund: eur(4_500),
    };
    type Transition<'a> = Box<dyn Fn(Booking) -> Booking + 'a>;
    let transitions: Vec<Transition<'_>> = vec![
        Box::new(|b| b.payment_started(now()).unwrap().0),
        Box::new(|b| b.payment_failed(now()).unwrap().0),
        Box::new(|b| b.payment_started(now()).unwrap().0),
        Box::new(|b| b.payment_succeeded(room, now()).unwrap().0),
        Box::new(|b| b.reschedule(slot(4), Role::Client, now()).unwrap().0),
        Box::new(|b| b.reschedule(slot(0), Role::Admin, now()).unwrap().0),
        Box::new(|b| b.revoke_links(now()).unwrap().0),
        Box::new(|b| b.revoke_links(during).unwrap().0),
        Box::new(|b| b.complete(during).unwrap().0),
        Box::new(|b| b.mark_no_show(during).unwrap().0),
        Box::new(|b| b.reopen(during).unwrap().0),
        Box::new(|b| b.cancel(cancellation.clone(), Role::Admin).unwrap().0),
        Box::new(|b| b.sync_payment_status(PaymentStatus::PartiallyRefunded, during).unwrap().0),
    ];
    let mut booking = held;
    for transition in transitions {
        booking = transition(booking);
        let saved = backend.commit(async |work| {
            work.save_booking(&booking).await?;
            work.booking(booking.id()).await
        });
        assert_eq!(saved.await.as_ref(), Some(&booking));
        assert_eq!(backend.read_booking(booking.id()).await.as_ref(), Some(&booking));
    }
    assert_eq!((booking.version(), booking.link_version()), (14, 3));
}

pub async fn blocking_bookings_are_listed_by_start(backend: &Backend) {
    let practice = backend.practice().await;
    let mut bookings = Vec::new();
    for hour in [4, 0, 2] {
        bookings.push(backend.book(practice, hour).await);
    }
    bookings.sort_by_key(|booking| booking.scheduled_at());
    let [zero, two, four] = &bookings[..] else { panic!("three bookings") };
    let mut work = backend.begin().await;
    for (from, until, expected) in [
        (slot(-1), slot(9), vec![zero, two, four]),
        (slot(1), slot(2), vec![]),
        (slot(1), minutes_after(slot(2), 1), vec![two]),
        (minutes_after(slot(1), -1), slot(2), vec![zero]),
        (minutes_after(slot(2), 10), minutes_after(slot(2), 20), vec![two]),
        (slot(2), slot(4), vec![two]),
    ] {
        let found = work.blocking_bookings(practice.therapist, from, until).await.unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "between {from} and {until}");
    }
    assert!(work.blocking_bookings(practice.client, slot(-1), slot(9)).await.unwrap().is_empty());
}

pub async fn expired_holds_come_oldest_first(backend: &Backend) {
    let practice = backend.practice().await;
    let mut held = Vec::new();
    for (hour, minutes) in [(0, 30), (1, 10), (2, 20), (3, 40)] {
        held.push(backend.add_booking(|id| practice.held(id, slot(hour), minutes_after(now(), minutes))).await);
    }
    backend.book(practice, 4).await;
    backend.add_booking(|id| practice.booking_in(id, slot(5), BookingStatus::Expired, PaymentStatus::Cancelled)).await;
    let expired = async |minutes, limit| {
        let at = minutes_after(now(), minutes);
        let found = backend.uncommitted(async |work| work.expired_holds(at, limit).await).await.unwrap();
        found.iter().map(|booking| booking.id()).collect::<Vec<_>>()
    };
    assert!(expired(9, 10).await.is_empty());
    assert_eq!(expired(10, 10).await, [held[1].id()]);
    assert_eq!(expired(35, 10).await, [held[1].id(), held[2].id(), held[0].id()]);
    assert_eq!(expired(35, 2).await, [held[1].id(), held[2].id()]);
    assert_eq!(expired(99, 10).await.len(), 4);

    let (processing, _) = held[2].clone().payment_started(now()).unwrap();
    backend.save_booking(&processing).await;
    assert_eq!(expired(35, 10).await, [held[1].id(), held[0].id()], "a payment is processing");

    let (failed, _) = held[1].clone().payment_started(now()).unwrap().0.payment_failed(now()).unwrap();
    let started = restored(BookingRecord { version: 2, ..failed.record().clone() });
    backend.save_booking(&started).await;
    assert_eq!(expired(10, 10).await, [held[1].id()], "a failed payment leaves the booking unpaid");
    let (released, _) = started.expire(minutes_after(now(), 10)).unwrap();
    backend.save_booking(&released).await;
    assert!(expired(10, 10).await.is_empty());
}

pub async fn ended_bookings_come_earliest_first(backend: &Backend) {
    let practice = backend.practice().await;
    let lasting = |practice: PracticeFixture, id, start, minutes| {
        let blocked_until = minutes_after(start, i64::from(minutes) + 10);
        restored(BookingRecord { minutes, blocked_until, ..practice.record(id, start) })
    };
    // The longest possible session starts first and ends last. The other two are stored in reverse order.
    let colleague = backend.add_user(&therapist("colleague")).await;
    let long = backend.add_booking(|id| lasting(practice, id, slot(0), 720)).await;
    let theirs = PracticeFixture { therapist: colleague, ..practice };
    let short = backend.add_booking(|id| lasting(theirs, id, slot(2), 1)).await;
    let first = backend.add_booking(|id| lasting(theirs, id, slot(1), 50)).await;
    for (hour, (status, paid)) in (20..).zip(legal_states()) {
        if status != BookingStatus::Scheduled {
            backend.add_booking(|id| practice.booking_in(id, slot(hour), status, paid)).await;
        }
    }
    let ended = async |until, limit| {
        let found = backend.uncommitted(async |work| work.ended_bookings(until, limit).await).await.unwrap();
        found.iter().map(|booking| booking.id()).collect::<Vec<_>>()
    };
    let before = |end: Timestamp| end - SignedDuration::from_millis(1);
    assert!(ended(before(first.ends_at()), 10).await.is_empty());
    assert_eq!(ended(first.ends_at(), 10).await, [first.id()], "its buffer has not ended yet");
    assert_eq!(ended(before(short.ends_at()), 10).await, [first.id()]);
    assert_eq!(ended(short.ends_at(), 10).await, [first.id(), short.id()]);
    assert_eq!(ended(before(long.ends_at()), 10).await, [first.id(), short.id()]);
    assert_eq!(ended(long.ends_at(), 10).await, [long.id(), first.id(), short.id()]);
    assert_eq!(ended(slot(1_000), 10).await, [long.id(), first.id(), short.id()], "and only scheduled ones");
    assert_eq!(ended(slot(1_000), 2).await, [long.id(), first.id()]);
    assert!(ended(slot(1_000), 0).await.is_empty());

    let (completed, _) = long.complete(slot(13)).unwrap();
    backend
        .commit(async |work| {
            work.save_booking(&completed).await?;
            assert_eq!(work.ended_bookings(slot(1_000), 10).await?, [first.clone(), short.clone()]);
            Ok(())
        })
        .await;
    assert_eq!(ended(slot(1_000), 10).await, [first.id(), short.id()]);
}

pub async fn booking_ids_grow(backend: &Backend) {
    let practice = backend.practice().await;
    let mut last = None;
    for hour in 0..3 {
        let mut work = backend.begin().await;
        let a = work.next_booking_id().await.unwrap();
        let b = work.next_booking_id().await.unwrap();
        assert!(Some(a) > last && b > a);
        work.add_booking(&practice.booking(b, slot(hour))).await.unwrap();
        work.commit().await.unwrap();
        last = Some(b);
    }
}

pub async fn a_booking_id_is_used_once(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let second = practice.held(booking.id(), slot(5), minutes_after(now(), 15));
    assert!(backend.uncommitted(async |work| work.add_booking(&second).await).await.is_err());
    assert_eq!(backend.read_booking(booking.id()).await.unwrap(), booking);
}

pub async fn a_booking_needs_its_users_and_its_service(backend: &Backend) {
    let practice = backend.practice().await;
    for incomplete in [
        PracticeFixture { client: unknown(), ..practice },
        PracticeFixture { therapist: unknown(), ..practice },
        PracticeFixture { service: unknown(), ..practice },
    ] {
        assert_failed(backend.try_booking(|id| incomplete.booking(id, slot(0))).await, &format!("{incomplete:?}"));
    }
    let booking = backend.book(practice, 0).await;
    let by_no_one = Cancellation { at: now(), by: unknown(), late: false, reason: None, refund: eur(0) };
    let (cancelled, _) = booking.cancel(by_no_one, Role::Admin).unwrap();
    let result = backend.uncommitted(async |work| work.save_booking(&cancelled).await).await;
    assert_failed(result, "cancelled by an unknown user");
}

pub async fn an_unknown_booking_is_not_found(backend: &Backend) {
    backend.practice().await;
    assert!(backend.queries.booking(unknown()).await.unwrap().is_none());
    assert!(backend.uncommitted(async |work| work.booking(unknown()).await).await.unwrap().is_none());
    assert!(backend.queries.payments(unknown()).await.unwrap().is_empty());
    assert!(backend.queries.notifications(unknown()).await.unwrap().is_empty());
    assert!(backend.queries.history(unknown()).await.unwrap().is_empty());
}

pub async fn a_booking_is_read_with_its_current_client(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let before = backend.queries.booking(booking.id()).await.unwrap().unwrap();
    assert_eq!(before.client, backend.read_user(practice.client).await);
    let renamed = backend.save_user(User { last_name: Some(name("Newlywed")), ..before.client }).await;
    let after = backend.queries.booking(booking.id()).await.unwrap().unwrap();
    assert_eq!(after.client, renamed);
    assert_eq!(after.booking, booking);
}

pub async fn a_change_of_a_booking_has_one_reason(backend: &Backend) {
    let practice = backend.practice().await;
    let (first, second) = (backend.book(practice, 0).await.id(), backend.book(practice, 1).await.id());
    backend
        .commit(async |work| {
            work.add_change_reason(first, 3, "\u{17d}ivot's\nway").await?;
            work.add_change_reason(first, 2, "ill").await?;
            work.add_change_reason(second, 2, "other").await
        })
        .await;
    let reasons = backend.queries.change_reasons(first).await.unwrap();
    assert_eq!(reasons, [(2, "ill".to_owned()), (3, "\u{17d}ivot's\nway".to_owned())]);
    assert_eq!(backend.queries.change_reasons(unknown()).await.unwrap(), []);
    let twice = backend.uncommitted(async |work| work.add_change_reason(first, 2, "again").await).await;
    assert!(twice.is_err());
    let of_none = backend.uncommitted(async |work| work.add_change_reason(unknown(), 1, "none").await).await;
    assert_failed(of_none, "of no booking");
}
