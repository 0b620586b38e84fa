//! What the video server told about rooms: when they opened and ended, and who was in them.

use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_domain::{
    Booking, BookingId, BookingRecord, BookingStatus, ConferenceId, ParticipantId, PaymentStatus, Role, User, UserId,
    ViewerId,
};
use attune_ports::{Conference, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::{assert_conflict, unknown_booking};
use crate::Backend;
use crate::fixtures::{
    PracticeFixture, at, fact, in_state, legal_states, minutes_after, name, next_version, now, restored, room, slot,
};

async fn stage(backend: &Backend) -> (PracticeFixture, Booking) {
    let (practice, booking) = backend.booked().await;
    (practice, booking)
}

async fn open(backend: &Backend, booking: &Booking, now: Timestamp) -> ConferenceId {
    backend.commit(async |work| work.open_conference(booking.id(), now).await).await
}

async fn close(backend: &Backend, id: ConferenceId, now: Timestamp) -> bool {
    backend.commit(async |work| work.close_conference(id, now).await).await
}

async fn open_one(backend: &Backend, booking: &Booking) -> Option<Conference> {
    backend.uncommitted(async |work| work.open_conference_of(booking.id()).await).await.unwrap()
}

async fn read(backend: &Backend, id: ConferenceId) -> Conference {
    backend.queries.conference(id).await.unwrap().expect("the conference is there")
}

async fn tell(backend: &Backend, booking: &Booking, facts: &[AttendanceEvent]) -> u64 {
    backend.commit(async |work| work.add_attendance(booking.id(), facts).await).await
}

async fn told(backend: &Backend, booking: &Booking) -> Vec<AttendanceEvent> {
    let facts = backend.queries.attendance(&[booking.id()]).await.unwrap();
    assert!(facts.iter().all(|(of, _)| *of == booking.id()));
    facts.into_iter().map(|(_, fact)| fact).collect()
}

fn minute(n: i64) -> Timestamp {
    minutes_after(slot(0), n)
}

fn unknown_conference() -> ConferenceId {
    ConferenceId::new(987_654).unwrap()
}

/// A room is open once at a time, and known as open by every way of reading.
pub async fn a_room_is_open_once_at_a_time(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let other = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    let id = open(backend, &booking, minute(0)).await;
    let expected = Conference { id, booking: booking.id(), opened_at: minute(0), closed_at: None };
    assert_eq!(open_one(backend, &booking).await, Some(expected));
    assert_eq!(read(backend, id).await, expected);
    assert_eq!(open_one(backend, &other).await, None);

    for later in [minute(0), minute(1)] {
        let again = backend.uncommitted(async |work| work.open_conference(booking.id(), later).await).await;
        assert_conflict!(again, ConferenceOpen);
    }
    let twice = backend
        .uncommitted(async |work| {
            work.open_conference(other.id(), minute(2)).await?;
            work.open_conference(other.id(), minute(2)).await
        })
        .await;
    assert_conflict!(twice, ConferenceOpen);
    assert_eq!(open_one(backend, &booking).await, Some(expected), "left as it was");
    let elsewhere = open(backend, &other, minute(3)).await;
    assert_ne!(elsewhere, id);
    assert_eq!(open_one(backend, &other).await.map(|conference| conference.id), Some(elsewhere));
}

/// A room that ended can open again, as another conference; the one before stays as it was.
pub async fn a_room_that_ended_can_open_again(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let mut ended = Vec::new();
    for n in 0..3 {
        let (from, until) = (minute(10 * n), minute(10 * n + 5));
        let id = open(backend, &booking, from).await;
        assert!(close(backend, id, until).await);
        assert_eq!(open_one(backend, &booking).await, None);
        ended.push(Conference { id, booking: booking.id(), opened_at: from, closed_at: Some(until) });
    }
    let last = open(backend, &booking, minute(40)).await;
    for conference in &ended {
        assert_eq!(read(backend, conference.id).await, *conference);
        assert_ne!(conference.id, last);
    }
    assert_eq!(open_one(backend, &booking).await.map(|conference| conference.id), Some(last));
    // Within one unit of work, too.
    let (closed, next) = backend
        .commit(async |work| {
            let closed = work.close_conference(last, minute(41)).await?;
            Ok((closed, work.open_conference(booking.id(), minute(41)).await?))
        })
        .await;
    assert!(closed);
    assert_eq!(open_one(backend, &booking).await.map(|conference| conference.id), Some(next));
}

/// A conference ends once. Being told again, or of one that no one opened, writes nothing and is no error.
pub async fn a_conference_ends_once(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let other = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    let id = open(backend, &booking, minute(0)).await;
    let untouched = open(backend, &other, minute(0)).await;
    let answers = backend
        .commit(async |work| {
            Ok([
                work.close_conference(unknown_conference(), minute(1)).await?,
                work.close_conference(id, minute(1)).await?,
                work.close_conference(id, minute(2)).await?,
            ])
        })
        .await;
    assert_eq!(answers, [false, true, false]);
    assert!(!close(backend, id, minute(3)).await);
    assert_eq!(read(backend, id).await.closed_at, Some(minute(1)), "the first end counts");
    assert_eq!(read(backend, untouched).await.closed_at, None);
    assert!(backend.queries.conference(unknown_conference()).await.unwrap().is_none());
}

/// A conference belongs to a booking that is there.
pub async fn a_conference_needs_its_booking(backend: &Backend) {
    stage(backend).await;
    let answer = backend.uncommitted(async |work| work.open_conference(unknown_booking(), now()).await).await;
    assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    let none = backend.uncommitted(async |work| work.open_conference_of(unknown_booking()).await).await.unwrap();
    assert_eq!(none, None);
}

/// What is known already is left as it is: within a call, within a unit of work, and for ever after.
pub async fn a_fact_is_kept_once(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let client = Some(ViewerId::Account(practice.client));
    let joined =
        AttendanceEvent { participant: client, ..fact("a@example.org/1", AttendanceEventKind::Joined, minute(1)) };
    let left =
        AttendanceEvent { participant: client, ..fact("a@example.org/1", AttendanceEventKind::Left, minute(50)) };
    let ended = fact("", AttendanceEventKind::Ended, minute(51));
    assert_eq!(tell(backend, &booking, &[joined.clone(), joined.clone()]).await, 1);
    let (first, second) = backend
        .commit(async |work| {
            let left = std::slice::from_ref(&left);
            Ok((work.add_attendance(booking.id(), left).await?, work.add_attendance(booking.id(), left).await?))
        })
        .await;
    assert_eq!((first, second), (1, 0));
    let all = [ended, left, joined];
    assert_eq!(tell(backend, &booking, &all).await, 1);
    assert_eq!(tell(backend, &booking, &all).await, 0);
    assert_eq!(tell(backend, &booking, &[]).await, 0);

    // Anyone who it was is no part of what makes a fact the same: the first telling counts.
    let forged =
        all.clone().map(|fact| AttendanceEvent { participant: Some(ViewerId::Account(practice.therapist)), ..fact });
    assert_eq!(tell(backend, &booking, &forged).await, 0);
    let anonymous = all.clone().map(|fact| AttendanceEvent { participant: None, ..fact });
    assert_eq!(tell(backend, &booking, &anonymous).await, 0);
    let mut expected = all.to_vec();
    expected.reverse();
    assert_eq!(told(backend, &booking).await, expected);

    // The same of another booking is another fact.
    let other = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    assert_eq!(tell(backend, &other, &all).await, 3);
    assert_eq!(told(backend, &other).await, expected);
}

/// Another connection, another happening, another millisecond: another fact.
pub async fn facts_differ_by_occupant_happening_and_instant(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let mut facts = Vec::new();
    for millis in 0..2 {
        let at = minute(0).checked_add(SignedDuration::from_millis(millis)).unwrap();
        for kind in AttendanceEventKind::ALL {
            for occupant in ["", "a", "A", "a ", "e\u{301}", "\u{e9}"] {
                facts.push(fact(occupant, kind, at));
            }
        }
    }
    let count = u64::try_from(facts.len()).unwrap();
    assert_eq!(tell(backend, &booking, &facts).await, count);
    facts.sort();
    assert_eq!(told(backend, &booking).await, facts);

    // What differs by less than a millisecond does not differ.
    let finer =
        fact("a", AttendanceEventKind::Joined, minute(0).checked_add(SignedDuration::from_nanos(999_999)).unwrap());
    assert_eq!(tell(backend, &booking, &[finer]).await, 0);
}

/// Facts come back to the letter, no matter who it was and however the connection is called.
pub async fn facts_come_back_to_the_letter(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let longest = "\u{1f98a}".repeat(AttendanceEvent::MAX_OCCUPANT_BYTES / 4);
    assert_eq!(longest.len(), AttendanceEvent::MAX_OCCUPANT_BYTES);
    let people = [
        None,
        Some(ViewerId::Account(practice.client)),
        Some(ViewerId::Participant(ParticipantId::new(practice.client.get()).unwrap())),
        // The person is what a signed link said, and no reference to a row.
        Some(ViewerId::Account(UserId::new(i64::MAX).unwrap())),
        Some(ViewerId::Participant(ParticipantId::new(i64::MAX).unwrap())),
    ];
    let mut facts = Vec::new();
    for (n, occupant) in (0..).zip([
        "booking-1@muc.meet.example.org/3f1c",
        "O'Brien \"x\"; -- \\ /* % _ */",
        "שלום",
        "one\nline\tanother",
        "\u{1}\u{7f}",
        "{\"a\": [1, null]} $1 ?1 :a @b",
        &longest,
    ]) {
        for person in people {
            let at = minute(i64::try_from(facts.len()).unwrap());
            facts.push(AttendanceEvent { participant: person, ..fact(occupant, AttendanceEventKind::ALL[n % 2], at) });
        }
    }
    for (n, instant) in ["1969-12-31T23:59:59.999Z", "2027-10-31T01:30:00.500Z", "9999-12-30T20:00:00.999Z"]
        .map(at)
        .into_iter()
        .enumerate()
    {
        facts.push(fact(&format!("o{n}"), AttendanceEventKind::Joined, instant));
    }
    assert_eq!(tell(backend, &booking, &facts).await, u64::try_from(facts.len()).unwrap());
    facts.sort();
    assert_eq!(told(backend, &booking).await, facts);
}

/// Facts are told by booking, each in the order in which it happened, and of the bookings that were asked for only.
pub async fn facts_are_told_by_booking_in_the_order_in_which_they_happened(backend: &Backend) {
    let practice = backend.practice().await;
    let mut bookings = Vec::new();
    for hour in 0..3 {
        bookings.push(backend.add_booking(|id| practice.booking(id, slot(hour))).await);
    }
    let mut expected = Vec::new();
    for (n, booking) in (0..).zip(&bookings) {
        // The later booking's facts are the earlier ones, and each call tells its facts out of order.
        let facts: Vec<_> = [3, 1, 2]
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
        tell(backend, booking, &facts).await;
        expected.extend(facts.into_iter().map(|fact| (booking.id(), fact)));
    }
    expected.sort();
    let [first, second, third] = [0, 1, 2].map(|n: usize| bookings[n].id());
    for (asked, of) in [
        (vec![first, second, third], vec![first, second, third]),
        (vec![third, first], vec![first, third]),
        (vec![second, second, unknown_booking()], vec![second]),
        (vec![unknown_booking()], vec![]),
        (vec![], vec![]),
    ] {
        let found = backend.queries.attendance(&asked).await.unwrap();
        let wanted: Vec<_> = expected.iter().filter(|(booking, _)| of.contains(booking)).cloned().collect();
        assert_eq!(found, wanted, "asked for {asked:?}");
    }
}

/// A page full of sessions can be asked for at once.
pub async fn facts_of_many_bookings_are_told_at_once(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    tell(backend, &booking, &[fact("a", AttendanceEventKind::Joined, minute(0))]).await;
    let mut many: Vec<_> = (1..2_000).map(|n| BookingId::new(1_000_000 + n).unwrap()).collect();
    many.push(booking.id());
    assert_eq!(backend.queries.attendance(&many).await.unwrap().len(), 1);
}

/// A fact is about a booking that is there.
pub async fn a_fact_needs_its_booking(backend: &Backend) {
    stage(backend).await;
    let facts = [fact("a", AttendanceEventKind::Joined, minute(0))];
    let answer = backend.uncommitted(async |work| work.add_attendance(unknown_booking(), &facts).await).await;
    assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    assert!(backend.queries.attendance(&[unknown_booking()]).await.unwrap().is_empty());
}

/// Dropping a unit of work takes back openings, ends and facts; readers see none of them before a commit.
pub async fn a_dropped_unit_of_work_tells_nothing_of_rooms(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let other = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    let open_before = open(backend, &booking, minute(0)).await;
    let mut work = backend.begin().await;
    let lost = work.open_conference(other.id(), minute(1)).await.unwrap();
    assert!(work.close_conference(open_before, minute(1)).await.unwrap());
    assert_eq!(work.open_conference_of(booking.id()).await.unwrap(), None);
    assert_eq!(work.open_conference_of(other.id()).await.unwrap().map(|conference| conference.id), Some(lost));
    let facts = [fact("a", AttendanceEventKind::Joined, minute(0))];
    assert_eq!(work.add_attendance(booking.id(), &facts).await.unwrap(), 1);
    assert_eq!(read(backend, open_before).await.closed_at, None);
    assert!(backend.queries.conference(lost).await.unwrap().is_none());
    assert!(told(backend, &booking).await.is_empty());
    drop(work);

    assert_eq!(open_one(backend, &booking).await.map(|conference| conference.id), Some(open_before));
    assert_eq!(open_one(backend, &other).await, None);
    assert!(told(backend, &booking).await.is_empty());
    open(backend, &other, minute(2)).await;
    assert_eq!(tell(backend, &booking, &facts).await, 1);
}

/// A booking is found by its room's exact name, in whatever state it is, with its client as of now.
pub async fn a_booking_is_found_by_its_room(backend: &Backend) {
    let practice = backend.practice().await;
    for (hour, (status, paid)) in (0..).zip(legal_states()) {
        let booking = backend.add_booking(|id| practice.booking_in(id, slot(hour), status, paid)).await;
        let found = backend.queries.booking_by_room(room(booking.id()).id()).await.unwrap();
        assert_eq!(found.map(|view| view.booking), booking.room().is_some().then_some(booking), "{status:?} {paid:?}");
    }
    let booking = backend.add_booking(|id| practice.booking(id, slot(100))).await;
    let (moved, _) = booking.reschedule(slot(101), Role::Admin, now()).unwrap();
    backend.commit(async |work| work.save_booking(&moved).await).await;
    // A session that was cancelled leaves its room's name behind.
    let cancelled = in_state(next_version(&moved), BookingStatus::Cancelled, PaymentStatus::NotRequired);
    let cancelled = restored(BookingRecord { room: moved.room().cloned(), ..cancelled });
    backend.commit(async |work| work.save_booking(&cancelled).await).await;
    let room = room(cancelled.id());
    let view = backend.queries.booking_by_room(room.id()).await.unwrap().unwrap();
    assert_eq!(view.booking, cancelled);

    let renamed = User { first_name: Some(name("Newlywed")), ..view.client };
    backend.commit(async |work| work.save_user(&renamed).await).await;
    assert_eq!(backend.queries.booking_by_room(room.id()).await.unwrap().unwrap().client, renamed);
}

/// Whatever else a video server may call a room leads nowhere, and is no error.
pub async fn a_room_that_no_one_has_is_nothing(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let room = room(booking.id());
    for unheard_of in [
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
        assert!(backend.queries.booking_by_room(&unheard_of).await.unwrap().is_none());
    }
}
