//! Conferences in rooms and attendance events, as the video server reports them.

use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_domain::{
    Booking, BookingId, BookingRecord, BookingStatus, ConferenceId, ParticipantId, PaymentStatus, Role, User, UserId,
    ViewerId,
};
use attune_ports::Conference;
use jiff::{SignedDuration, Timestamp};

use super::values::INSTANTS;
use super::{assert_conflict, assert_failed, unknown};
use crate::Backend;
use crate::fixtures::{at, fact, in_state, legal_states, minutes_after, name, next_version, now, restored, room, slot};

async fn open(backend: &Backend, booking: &Booking, now: Timestamp) -> ConferenceId {
    backend.commit(async |work| work.open_conference(booking.id(), now).await).await
}

async fn close(backend: &Backend, id: ConferenceId, now: Timestamp) -> bool {
    backend.commit(async |work| work.close_conference(id, now).await).await
}

async fn open_one(backend: &Backend, booking: &Booking) -> Option<Conference> {
    backend.uncommitted(async |work| work.open_conference_of(booking.id()).await).await.unwrap()
}

async fn open_id(backend: &Backend, booking: &Booking) -> Option<ConferenceId> {
    open_one(backend, booking).await.map(|conference| conference.id)
}

async fn read(backend: &Backend, id: ConferenceId) -> Conference {
    backend.queries.conference(id).await.unwrap().expect("the conference is there")
}

async fn add(backend: &Backend, booking: &Booking, events: &[AttendanceEvent]) -> u64 {
    backend.commit(async |work| work.add_attendance(booking.id(), events).await).await
}

async fn attendance(backend: &Backend, booking: &Booking) -> Vec<AttendanceEvent> {
    let events = backend.queries.attendance(&[booking.id()]).await.unwrap();
    assert!(events.iter().all(|(of, _)| *of == booking.id()));
    events.into_iter().map(|(_, event)| event).collect()
}

fn minute(n: i64) -> Timestamp {
    minutes_after(slot(0), n)
}

pub async fn a_room_is_open_once_at_a_time(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let other = backend.book(practice, 1).await;
    let id = open(backend, &booking, minute(0)).await;
    let expected = Conference { id, booking: booking.id(), opened_at: minute(0), closed_at: None };
    assert_eq!(open_one(backend, &booking).await, Some(expected));
    assert_eq!(read(backend, id).await, expected);
    assert_eq!(open_one(backend, &other).await, None);

    for later in [minute(0), minute(1)] {
        let again = backend.uncommitted(async |work| work.open_conference(booking.id(), later).await).await;
        assert_conflict!(again, ConferenceOpen);
    }
    let twice = backend.uncommitted(async |work| {
        work.open_conference(other.id(), minute(2)).await?;
        work.open_conference(other.id(), minute(2)).await
    });
    assert_conflict!(twice.await, ConferenceOpen);
    assert_eq!(open_one(backend, &booking).await, Some(expected), "unchanged");
    let elsewhere = open(backend, &other, minute(3)).await;
    assert_ne!(elsewhere, id);
    assert_eq!(open_id(backend, &other).await, Some(elsewhere));
}

pub async fn a_closed_room_can_open_again(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let mut closed = Vec::new();
    for n in 0..3 {
        let (from, until) = (minute(10 * n), minute(10 * n + 5));
        let id = open(backend, &booking, from).await;
        assert!(close(backend, id, until).await);
        assert_eq!(open_one(backend, &booking).await, None);
        closed.push(Conference { id, booking: booking.id(), opened_at: from, closed_at: Some(until) });
    }
    let last = open(backend, &booking, minute(40)).await;
    for conference in &closed {
        assert_eq!(read(backend, conference.id).await, *conference);
        assert_ne!(conference.id, last);
    }
    assert_eq!(open_id(backend, &booking).await, Some(last));
    // Within one unit of work, too.
    let next = backend.commit(async |work| {
        assert!(work.close_conference(last, minute(41)).await?);
        work.open_conference(booking.id(), minute(41)).await
    });
    let next = next.await;
    assert_eq!(open_id(backend, &booking).await, Some(next));
}

/// Closing it again, or an unknown one, is no error.
pub async fn a_conference_is_closed_once(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let other = backend.book(practice, 1).await;
    let id = open(backend, &booking, minute(0)).await;
    let untouched = open(backend, &other, minute(0)).await;
    let closed = backend.commit(async |work| {
        Ok([
            work.close_conference(unknown(), minute(1)).await?,
            work.close_conference(id, minute(1)).await?,
            work.close_conference(id, minute(2)).await?,
        ])
    });
    assert_eq!(closed.await, [false, true, false]);
    assert!(!close(backend, id, minute(3)).await);
    assert_eq!(read(backend, id).await.closed_at, Some(minute(1)), "the first time stays");
    assert_eq!(read(backend, untouched).await.closed_at, None);
    assert!(backend.queries.conference(unknown()).await.unwrap().is_none());
}

pub async fn a_conference_needs_its_booking(backend: &Backend) {
    let result = backend.uncommitted(async |work| work.open_conference(unknown(), now()).await).await;
    assert_failed(result, "a conference of no booking");
    let none = backend.uncommitted(async |work| work.open_conference_of(unknown()).await).await.unwrap();
    assert_eq!(none, None);
}

pub async fn an_attendance_event_is_stored_once(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let of_client = |kind, at| {
        let participant = Some(ViewerId::Account(practice.client));
        AttendanceEvent { participant, ..fact("a@example.org/1", kind, at) }
    };
    let joined = of_client(AttendanceEventKind::Joined, minute(1));
    let left = of_client(AttendanceEventKind::Left, minute(50));
    let ended = fact("", AttendanceEventKind::Ended, minute(51));
    assert_eq!(add(backend, &booking, &[joined.clone(), joined.clone()]).await, 1);
    let twice = backend.commit(async |work| {
        let left = std::slice::from_ref(&left);
        Ok((work.add_attendance(booking.id(), left).await?, work.add_attendance(booking.id(), left).await?))
    });
    assert_eq!(twice.await, (1, 0));
    let all = [ended, left, joined];
    assert_eq!(add(backend, &booking, &all).await, 1);
    assert_eq!(add(backend, &booking, &all).await, 0);
    assert_eq!(add(backend, &booking, &[]).await, 0);

    // The viewer does not identify an event: the first report counts.
    for participant in [Some(ViewerId::Account(practice.therapist)), None] {
        let of_another = all.clone().map(|event| AttendanceEvent { participant, ..event });
        assert_eq!(add(backend, &booking, &of_another).await, 0);
    }
    let mut expected = all.to_vec();
    expected.reverse();
    assert_eq!(attendance(backend, &booking).await, expected);

    // The same event of another booking is another event.
    let other = backend.book(practice, 1).await;
    assert_eq!(add(backend, &other, &all).await, 3);
    assert_eq!(attendance(backend, &other).await, expected);
}

pub async fn attendance_events_differ_by_occupant_kind_and_time(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let mut events = Vec::new();
    for millis in 0..2 {
        let at = minute(0) + SignedDuration::from_millis(millis);
        for kind in AttendanceEventKind::ALL {
            for occupant in ["", "a", "A", "a ", "e\u{301}", "\u{e9}"] {
                events.push(fact(occupant, kind, at));
            }
        }
    }
    let count = u64::try_from(events.len()).unwrap();
    assert_eq!(add(backend, &booking, &events).await, count);
    events.sort();
    assert_eq!(attendance(backend, &booking).await, events);

    // Times that differ by less than a millisecond are the same.
    let same = fact("a", AttendanceEventKind::Joined, minute(0) + SignedDuration::from_nanos(999_999));
    assert_eq!(add(backend, &booking, &[same]).await, 0);
}

pub async fn attendance_events_round_trip(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let longest = "\u{1f98a}".repeat(AttendanceEvent::MAX_OCCUPANT_BYTES / 4);
    assert_eq!(longest.len(), AttendanceEvent::MAX_OCCUPANT_BYTES);
    let viewers = [
        None,
        Some(ViewerId::Account(practice.client)),
        Some(ViewerId::Participant(ParticipantId::new(practice.client.get()).unwrap())),
        // The viewer is what a signed link says, not a reference to a row.
        Some(ViewerId::Account(UserId::new(i64::MAX).unwrap())),
        Some(ViewerId::Participant(ParticipantId::new(i64::MAX).unwrap())),
    ];
    let mut events = Vec::new();
    for (n, occupant) in (0..).zip([
        "booking-1@muc.meet.example.org/3f1c",
        "O'Brien \"x\"; -- \\ /* % _ */",
        "שלום",
        "one\nline\tanother",
        "\u{1}\u{7f}",
        "{\"a\": [1, null]} $1 ?1 :a @b",
        &longest,
    ]) {
        for participant in viewers {
            let at = minute(i64::try_from(events.len()).unwrap());
            events.push(AttendanceEvent { participant, ..fact(occupant, AttendanceEventKind::ALL[n % 2], at) });
        }
    }
    events.extend(INSTANTS.map(|instant| fact(instant, AttendanceEventKind::Joined, at(instant))));
    assert_eq!(add(backend, &booking, &events).await, u64::try_from(events.len()).unwrap());
    events.sort();
    assert_eq!(attendance(backend, &booking).await, events);
}

pub async fn attendance_is_listed_by_booking_and_time(backend: &Backend) {
    let practice = backend.practice().await;
    let mut bookings = Vec::new();
    for hour in 0..3 {
        bookings.push(backend.book(practice, hour).await);
    }
    let mut expected = Vec::new();
    for (n, booking) in (0..).zip(&bookings) {
        // The events of later bookings are earlier, and each call adds them out of order.
        let events: Vec<_> = [3, 1, 2]
            .into_iter()
            .flat_map(|m| {
                let at = minute(m - 10 * n);
                [
                    fact("b", AttendanceEventKind::Left, at),
                    fact("a", AttendanceEventKind::Joined, at),
                    fact("", AttendanceEventKind::Ended, at),
                ]
            })
            .collect();
        add(backend, booking, &events).await;
        expected.extend(events.into_iter().map(|event| (booking.id(), event)));
    }
    expected.sort();
    let [first, second, third] = [0, 1, 2].map(|n: usize| bookings[n].id());
    for (requested, of) in [
        (vec![first, second, third], vec![first, second, third]),
        (vec![third, first], vec![first, third]),
        (vec![second, second, unknown()], vec![second]),
        (vec![unknown()], vec![]),
        (vec![], vec![]),
    ] {
        let found = backend.queries.attendance(&requested).await.unwrap();
        let wanted: Vec<_> = expected.iter().filter(|(booking, _)| of.contains(booking)).cloned().collect();
        assert_eq!(found, wanted, "{requested:?}");
    }
}

pub async fn attendance_of_many_bookings_is_read_at_once(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    add(backend, &booking, &[fact("a", AttendanceEventKind::Joined, minute(0))]).await;
    let mut many: Vec<_> = (1..2_000).map(|n| BookingId::new(1_000_000 + n).unwrap()).collect();
    many.push(booking.id());
    assert_eq!(backend.queries.attendance(&many).await.unwrap().len(), 1);
}

pub async fn an_attendance_event_needs_its_booking(backend: &Backend) {
    let events = [fact("a", AttendanceEventKind::Joined, minute(0))];
    let result = backend.uncommitted(async |work| work.add_attendance(unknown(), &events).await).await;
    assert_failed(result, "an event of no booking");
    assert!(backend.queries.attendance(&[unknown()]).await.unwrap().is_empty());
}

pub async fn a_dropped_unit_of_work_changes_no_room(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let other = backend.book(practice, 1).await;
    let open_before = open(backend, &booking, minute(0)).await;
    let mut work = backend.begin().await;
    let lost = work.open_conference(other.id(), minute(1)).await.unwrap();
    assert!(work.close_conference(open_before, minute(1)).await.unwrap());
    assert_eq!(work.open_conference_of(booking.id()).await.unwrap(), None);
    assert_eq!(work.open_conference_of(other.id()).await.unwrap().map(|conference| conference.id), Some(lost));
    let events = [fact("a", AttendanceEventKind::Joined, minute(0))];
    assert_eq!(work.add_attendance(booking.id(), &events).await.unwrap(), 1);
    assert_eq!(read(backend, open_before).await.closed_at, None);
    assert!(backend.queries.conference(lost).await.unwrap().is_none());
    assert!(attendance(backend, &booking).await.is_empty());
    drop(work);

    assert_eq!(open_id(backend, &booking).await, Some(open_before));
    assert_eq!(open_one(backend, &other).await, None);
    assert!(attendance(backend, &booking).await.is_empty());
    open(backend, &other, minute(2)).await;
    assert_eq!(add(backend, &booking, &events).await, 1);
}

pub async fn a_booking_is_found_by_its_room(backend: &Backend) {
    let practice = backend.practice().await;
    for (hour, (status, paid)) in (0..).zip(legal_states()) {
        let booking = backend.add_booking(|id| practice.booking_in(id, slot(hour), status, paid)).await;
        let found = backend.queries.booking_by_room(room(booking.id()).id()).await.unwrap();
        assert_eq!(found.map(|view| view.booking), booking.room().is_some().then_some(booking), "{status:?} {paid:?}");
    }
    let booking = backend.book(practice, 100).await;
    let (moved, _) = booking.reschedule(slot(101), Role::Admin, now()).unwrap();
    backend.save_booking(&moved).await;
    // A cancelled booking that still has a room is found, too.
    let cancelled = in_state(next_version(&moved), BookingStatus::Cancelled, PaymentStatus::NotRequired);
    let cancelled = restored(BookingRecord { room: moved.room().cloned(), ..cancelled });
    backend.save_booking(&cancelled).await;
    let room = room(cancelled.id());
    let view = backend.queries.booking_by_room(room.id()).await.unwrap().unwrap();
    assert_eq!(view.booking, cancelled);

    let renamed = backend.save_user(User { first_name: Some(name("Newlywed")), ..view.client }).await;
    assert_eq!(backend.queries.booking_by_room(room.id()).await.unwrap().unwrap().client, renamed);
}

pub async fn an_unknown_room_is_not_found(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let room = room(booking.id());
    for unknown in [
        "".to_owned(),
        "%".to_owned(),
        "_".repeat(room.id().len()),
        room.id().to_uppercase(),
        format!("{} ", room.id()),
        format!("{}\0", room.id()),
        "\0".to_owned(),
        room.id()[1..].to_owned(),
        room.url().to_owned(),
        "' OR '1'='1".to_owned(),
        "שלום".to_owned(),
        "r".repeat(100_000),
    ] {
        assert!(backend.queries.booking_by_room(&unknown).await.unwrap().is_none());
    }
}
