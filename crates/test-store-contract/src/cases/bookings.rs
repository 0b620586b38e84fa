//! The calendar of a therapist, and the life of a booking's row.

use attune_domain::meeting::NewRoom;
use attune_domain::{
    Booking, BookingRecord, BookingStatus, Cancellation, MeetingBaseUrl, PaymentStatus, Role, RoomSuffix, ServiceId,
    User,
};
use attune_ports::StoreError;
use jiff::{SignedDuration, Timestamp};

use super::{assert_conflict, unknown_booking, unknown_user};
use crate::Backend;
use crate::fixtures::{
    PracticeFixture, eur, legal_states, minutes_after, name, next_version, now, restored, slot, therapist,
};

/// Two sessions of one therapist never share a minute, however they overlap.
pub async fn an_overlapping_booking_is_refused(backend: &Backend) {
    let practice = backend.practice().await;
    backend.add_booking(|id| practice.booking(id, slot(0))).await;
    for shift in [0, 1, -1, 30, -30, 59, -59] {
        let answer = backend
            .uncommitted(async |work| {
                let booking = practice.booking(work.next_booking_id().await?, minutes_after(slot(0), shift));
                work.add_booking(&booking).await
            })
            .await;
        assert_conflict!(answer, SlotTaken);
    }
}

/// A session may begin at the very instant at which the calendar becomes free, and end as another begins.
pub async fn touching_ends_are_allowed(backend: &Backend) {
    let practice = backend.practice().await;
    for hour in [1, 0, 2] {
        backend.add_booking(|id| practice.booking(id, slot(hour))).await;
    }
    let mut work = backend.begin().await;
    assert_eq!(work.blocking_bookings(practice.therapist, slot(0), slot(3)).await.unwrap().len(), 3);
}

/// The pause after a session is part of what it takes: neither its end nor its length counts, but `blocked_until`.
pub async fn the_pause_after_a_session_blocks(backend: &Backend) {
    let practice = backend.practice().await;
    let first = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let answer = backend
        .uncommitted(async |work| {
            let booking = practice.booking(work.next_booking_id().await?, first.ends_at());
            work.add_booking(&booking).await
        })
        .await;
    assert_conflict!(answer, SlotTaken);
    backend.add_booking(|id| practice.booking(id, first.blocked_until())).await;
}

/// One therapist's sessions take no other therapist's time.
pub async fn another_therapist_is_free(backend: &Backend) {
    let practice = backend.practice().await;
    let colleague = backend.add_user(&therapist("colleague")).await;
    backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let theirs = PracticeFixture { therapist: colleague, ..practice };
    let second = backend.add_booking(|id| theirs.booking(id, slot(0))).await;
    let mut work = backend.begin().await;
    assert_eq!(work.blocking_bookings(colleague, slot(0), slot(1)).await.unwrap(), [second]);
}

/// A booking that was cancelled or ran out gives its time back, whatever became of the money.
pub async fn cancelled_and_expired_bookings_block_nothing(backend: &Backend) {
    let practice = backend.practice().await;
    for (status, paid) in legal_states().filter(|(status, _)| !status.blocks_calendar()) {
        backend.add_booking(|id| practice.booking_in(id, slot(0), status, paid)).await;
    }
    let kept = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let mut work = backend.begin().await;
    assert_eq!(work.blocking_bookings(practice.therapist, slot(0), slot(1)).await.unwrap(), [kept]);
    drop(work);
    // Also the other way round: they may be written where someone else has the time.
    backend
        .add_booking(|id| practice.booking_in(id, slot(0), BookingStatus::Cancelled, PaymentStatus::NotRequired))
        .await;
}

/// Held, agreed, completed and missed sessions all take the therapist's time.
pub async fn every_other_status_blocks(backend: &Backend) {
    let practice = backend.practice().await;
    let blocking = legal_states().filter(|(status, _)| status.blocks_calendar());
    for (hour, (status, paid)) in (0..).zip(blocking) {
        backend.add_booking(|id| practice.booking_in(id, slot(hour), status, paid)).await;
        let answer = backend
            .uncommitted(async |work| {
                let booking = practice.booking(work.next_booking_id().await?, slot(hour));
                work.add_booking(&booking).await
            })
            .await;
        assert_conflict!(answer, SlotTaken);
    }
}

/// An agreed session cannot be moved onto another one.
pub async fn moving_a_session_onto_another_is_refused(backend: &Backend) {
    let practice = backend.practice().await;
    backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let second = backend.add_booking(|id| practice.booking(id, slot(5))).await;
    for start in [slot(0), minutes_after(slot(0), 59), minutes_after(slot(0), -59)] {
        let (moved, _) = second.clone().reschedule(start, Role::Admin, now()).unwrap();
        assert_conflict!(backend.uncommitted(async |work| work.save_booking(&moved).await).await, SlotTaken);
        assert_eq!(backend.read_booking(second.id()).await.unwrap(), second);
    }
    let (moved, _) = second.reschedule(slot(1), Role::Admin, now()).unwrap();
    backend.commit(async |work| work.save_booking(&moved).await).await;
    assert_eq!(backend.read_booking(moved.id()).await.unwrap(), moved);
}

/// A session is not in its own way, and what it leaves behind is free at once.
pub async fn a_session_can_move_within_its_own_time(backend: &Backend) {
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

/// An expired booking comes back to life only where its time is still free.
pub async fn reviving_an_expired_booking_needs_its_time(backend: &Backend) {
    let practice = backend.practice().await;
    let base_url = MeetingBaseUrl::parse("https://meet.example.org/").unwrap();
    for (hour, taken) in [(0, true), (1, false)] {
        let expired = backend
            .add_booking(|id| practice.booking_in(id, slot(hour), BookingStatus::Expired, PaymentStatus::Cancelled))
            .await;
        if taken {
            backend.add_booking(|id| practice.booking(id, minutes_after(slot(hour), -30))).await;
        }
        let suffix = RoomSuffix::from_bytes([7; 16]);
        let (revived, _) = expired.clone().payment_succeeded(NewRoom { base_url: &base_url, suffix }, now()).unwrap();
        let answer = backend
            .uncommitted(async |work| {
                work.save_booking(&revived).await?;
                work.booking(revived.id()).await
            })
            .await;
        if taken {
            assert_conflict!(answer, SlotTaken);
            assert_eq!(backend.read_booking(expired.id()).await.unwrap(), expired);
        } else {
            assert_eq!(answer.unwrap(), Some(revived));
        }
    }
}

/// A write counts only if it goes one version further than what is stored.
pub async fn a_booking_is_written_one_version_at_a_time(backend: &Backend) {
    let practice = backend.practice().await;
    let first = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let second = restored(next_version(&first));
    let third = restored(next_version(&second));
    assert_conflict!(backend.uncommitted(async |work| work.save_booking(&first).await).await, Stale);
    assert_conflict!(backend.uncommitted(async |work| work.save_booking(&third).await).await, Stale);
    backend.commit(async |work| work.save_booking(&second).await).await;
    assert_conflict!(backend.uncommitted(async |work| work.save_booking(&second).await).await, Stale);
    assert_conflict!(backend.uncommitted(async |work| work.save_booking(&first).await).await, Stale);
    backend
        .commit(async |work| {
            work.save_booking(&third).await?;
            work.save_booking(&restored(next_version(&third))).await
        })
        .await;
    assert_eq!(backend.read_booking(first.id()).await.unwrap().version(), 4);
    let ghost = practice.record(unknown_booking(), slot(9));
    let ghost = restored(BookingRecord { version: 2, ..ghost });
    assert_conflict!(backend.uncommitted(async |work| work.save_booking(&ghost).await).await, Stale);
    assert!(backend.read_booking(ghost.id()).await.is_none());
}

/// A change of one booking touches no other.
pub async fn writing_a_booking_touches_no_other(backend: &Backend) {
    let practice = backend.practice().await;
    let untouched = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let changed = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    let changed = restored(BookingRecord { note: Some("moved".to_owned()), ..next_version(&changed) });
    backend.commit(async |work| work.save_booking(&changed).await).await;
    assert_eq!(backend.read_booking(untouched.id()).await.unwrap(), untouched);
    assert_eq!(backend.read_booking(changed.id()).await.unwrap(), changed);
}

/// A whole life, step by step: each step is stored and read back as the domain made it.
pub async fn every_step_of_a_life_is_kept(backend: &Backend) {
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
    type Step<'a> = Box<dyn Fn(Booking) -> Booking + 'a>;
    let steps: Vec<Step<'_>> = vec![
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
    for step in steps {
        booking = step(booking);
        let seen = backend
            .commit(async |work| {
                work.save_booking(&booking).await?;
                work.booking(booking.id()).await
            })
            .await;
        assert_eq!(seen.as_ref(), Some(&booking));
        assert_eq!(backend.read_booking(booking.id()).await.as_ref(), Some(&booking));
    }
    assert_eq!((booking.version(), booking.link_version()), (14, 3));
}

/// A therapist's taken time is listed by start, and touching ends do not count as taken.
pub async fn taken_time_is_listed_by_start(backend: &Backend) {
    let practice = backend.practice().await;
    let mut bookings = Vec::new();
    for hour in [4, 0, 2] {
        bookings.push(backend.add_booking(|id| practice.booking(id, slot(hour))).await);
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

/// Holds that ran out are listed oldest first, up to a limit; the instant itself counts as over.
pub async fn lapsed_holds_come_oldest_first(backend: &Backend) {
    let practice = backend.practice().await;
    let mut held = Vec::new();
    for (hour, minutes) in [(0, 30), (1, 10), (2, 20), (3, 40)] {
        held.push(backend.add_booking(|id| practice.held(id, slot(hour), minutes_after(now(), minutes))).await);
    }
    backend.add_booking(|id| practice.booking(id, slot(4))).await;
    backend.add_booking(|id| practice.booking_in(id, slot(5), BookingStatus::Expired, PaymentStatus::Cancelled)).await;
    let lapsed = async |minutes, limit| {
        let found = backend
            .uncommitted(async |work| work.expired_holds(minutes_after(now(), minutes), limit).await)
            .await
            .unwrap();
        found.iter().map(|booking| booking.id()).collect::<Vec<_>>()
    };
    assert!(lapsed(9, 10).await.is_empty());
    assert_eq!(lapsed(10, 10).await, [held[1].id()]);
    assert_eq!(lapsed(35, 10).await, [held[1].id(), held[2].id(), held[0].id()]);
    assert_eq!(lapsed(35, 2).await, [held[1].id(), held[2].id()]);
    assert_eq!(lapsed(99, 10).await.len(), 4);

    let (processing, _) = held[2].clone().payment_started(now()).unwrap();
    backend.commit(async |work| work.save_booking(&processing).await).await;
    assert_eq!(lapsed(35, 10).await, [held[1].id(), held[0].id()], "what the provider is working on is not let go of");

    let (failed, _) = held[1].clone().payment_started(now()).unwrap().0.payment_failed(now()).unwrap();
    let started = restored(BookingRecord { version: 2, ..failed.record().clone() });
    backend.commit(async |work| work.save_booking(&started).await).await;
    assert_eq!(lapsed(10, 10).await, [held[1].id()], "a failed attempt leaves the booking unpaid");
    let (expired, _) = started.expire(minutes_after(now(), 10)).unwrap();
    backend.commit(async |work| work.save_booking(&expired).await).await;
    assert!(lapsed(10, 10).await.is_empty());
}

/// Agreed sessions that ended come back earliest first, to the millisecond of their end and at most as many as asked for.
pub async fn ended_sessions_come_earliest_first(backend: &Backend) {
    let practice = backend.practice().await;
    let lasting = |id, start, minutes| {
        let blocked_until = minutes_after(start, i64::from(minutes) + 10);
        restored(BookingRecord { minutes, blocked_until, ..practice.record(id, start) })
    };
    // The longest session there can be begins first and ends last; then a minute, and then the last to be written.
    let colleague = backend.add_user(&therapist("colleague")).await;
    let long = backend.add_booking(|id| lasting(id, slot(0), 720)).await;
    let short = backend
        .add_booking(|id| restored(BookingRecord { therapist: colleague, ..lasting(id, slot(2), 1).record().clone() }))
        .await;
    let first = backend
        .add_booking(|id| restored(BookingRecord { therapist: colleague, ..lasting(id, slot(1), 50).record().clone() }))
        .await;
    for (hour, (status, paid)) in (20..).zip(legal_states()) {
        if status != BookingStatus::Scheduled {
            backend.add_booking(|id| practice.booking_in(id, slot(hour), status, paid)).await;
        }
    }
    let ended = async |until, limit| {
        let found = backend.uncommitted(async |work| work.ended_bookings(until, limit).await).await.unwrap();
        found.iter().map(|booking| booking.id()).collect::<Vec<_>>()
    };
    let before = |end: Timestamp| end.checked_sub(SignedDuration::from_millis(1)).unwrap();
    assert!(ended(before(first.ends_at()), 10).await.is_empty());
    assert_eq!(ended(first.ends_at(), 10).await, [first.id()], "the pause after it has not ended yet");
    assert_eq!(ended(before(short.ends_at()), 10).await, [first.id()]);
    assert_eq!(ended(short.ends_at(), 10).await, [first.id(), short.id()]);
    assert_eq!(ended(before(long.ends_at()), 10).await, [first.id(), short.id()]);
    assert_eq!(ended(long.ends_at(), 10).await, [long.id(), first.id(), short.id()]);
    assert_eq!(ended(slot(1_000), 10).await, [long.id(), first.id(), short.id()], "and none that is not agreed");
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

/// Ids grow and are given out once.
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

/// An id that has a booking cannot have another one.
pub async fn a_booking_id_is_used_once(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let second = practice.held(booking.id(), slot(5), minutes_after(now(), 15));
    assert!(backend.uncommitted(async |work| work.add_booking(&second).await).await.is_err());
    assert_eq!(backend.read_booking(booking.id()).await.unwrap(), booking);
}

/// A booking of people or services that are not there is refused, on the way in and later.
pub async fn a_booking_needs_its_people_and_its_service(backend: &Backend) {
    let practice = backend.practice().await;
    let ghost_service = ServiceId::new(987_654).unwrap();
    for ghostly in [
        PracticeFixture { client: unknown_user(), ..practice },
        PracticeFixture { therapist: unknown_user(), ..practice },
        PracticeFixture { service: ghost_service, ..practice },
    ] {
        let answer = backend
            .uncommitted(async |work| {
                let booking = ghostly.booking(work.next_booking_id().await?, slot(0));
                work.add_booking(&booking).await
            })
            .await;
        assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    }
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let by_no_one = Cancellation { at: now(), by: unknown_user(), late: false, reason: None, refund: eur(0) };
    let (cancelled, _) = booking.cancel(by_no_one, Role::Admin).unwrap();
    let answer = backend.uncommitted(async |work| work.save_booking(&cancelled).await).await;
    assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
}

/// Nothing is found where nothing is.
pub async fn an_unknown_booking_is_nothing(backend: &Backend) {
    backend.practice().await;
    assert!(backend.queries.booking(unknown_booking()).await.unwrap().is_none());
    assert!(backend.uncommitted(async |work| work.booking(unknown_booking()).await).await.unwrap().is_none());
    assert!(backend.queries.payments(unknown_booking()).await.unwrap().is_empty());
    assert!(backend.queries.notices(unknown_booking()).await.unwrap().is_empty());
    assert!(backend.queries.history(unknown_booking()).await.unwrap().is_empty());
}

/// A booking is shown with its client, as the client is called at this very moment.
pub async fn a_booking_is_shown_with_its_client_as_of_now(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let before = backend.queries.booking(booking.id()).await.unwrap().unwrap();
    assert_eq!(before.client, backend.queries.user(practice.client).await.unwrap().unwrap());
    let renamed = User { last_name: Some(name("Newlywed")), ..before.client };
    backend.commit(async |work| work.save_user(&renamed).await).await;
    let after = backend.queries.booking(booking.id()).await.unwrap().unwrap();
    assert_eq!(after.client, renamed);
    assert_eq!(after.booking, booking);
}
