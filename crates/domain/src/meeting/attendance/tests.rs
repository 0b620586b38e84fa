use std::collections::BTreeSet;

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::ParticipantId;
use crate::meeting::fixtures::{CLOSE, OPEN, START, at, user};

fn client() -> ViewerId {
    ViewerId::Account(user(7))
}

fn therapist() -> ViewerId {
    ViewerId::Account(user(1))
}

/// Has the same number as the client.
fn relative() -> ViewerId {
    ViewerId::Participant(ParticipantId::new(7).unwrap())
}

/// An instant in minutes from the start of the session. The room closes at minute 80.
fn minute(minutes: i64) -> Timestamp {
    at(START + minutes * 60)
}

fn event(at: Timestamp, kind: AttendanceEventKind, occupant: &str, participant: Option<ViewerId>) -> AttendanceEvent {
    AttendanceEvent { at, kind, occupant: occupant.to_owned(), participant }
}

fn joined(minutes: i64, occupant: &str, participant: impl Into<Option<ViewerId>>) -> AttendanceEvent {
    event(minute(minutes), AttendanceEventKind::Joined, occupant, participant.into())
}

fn left(minutes: i64, occupant: &str, participant: impl Into<Option<ViewerId>>) -> AttendanceEvent {
    event(minute(minutes), AttendanceEventKind::Left, occupant, participant.into())
}

fn ended(minutes: i64) -> AttendanceEvent {
    event(minute(minutes), AttendanceEventKind::Ended, "", None)
}

/// Participant, joined at, left at, minutes, visits.
type Line = (Option<ViewerId>, Option<i64>, Option<i64>, u32, u32);

fn lines(events: &[AttendanceEvent], now: i64) -> Vec<Line> {
    let in_minutes = |instant: Timestamp| instant.duration_since(at(START)).as_mins();
    attendance(events, at(CLOSE), minute(now))
        .into_iter()
        .map(|a| (a.participant, a.joined_at.map(in_minutes), a.left_at.map(in_minutes), a.minutes, a.visits))
        .collect()
}

/// The attendance long after the room closed.
fn afterwards(events: &[AttendanceEvent]) -> Vec<Line> {
    lines(events, 10_000)
}

#[test]
fn an_ordinary_session() {
    let events = [
        joined(-3, "t", therapist()),
        joined(0, "c", client()),
        joined(2, "r", relative()),
        left(49, "r", relative()),
        left(51, "c", client()),
        left(52, "t", therapist()),
        ended(52),
    ];
    assert_eq!(
        afterwards(&events),
        [
            (Some(therapist()), Some(-3), Some(52), 55, 1),
            (Some(client()), Some(0), Some(51), 51, 1),
            (Some(relative()), Some(2), Some(49), 47, 1),
        ]
    );
}

#[test]
fn no_one_joined() {
    assert_eq!(afterwards(&[]), []);
    assert_eq!(afterwards(&[ended(5), ended(80)]), []);
}

#[test]
fn participants_are_listed_in_the_order_of_joining() {
    let events = [
        joined(9, "late", client()),
        left(4, "only the leaving is known", relative()),
        joined(1, "first", therapist()),
        joined(4, "unknown", None),
    ];
    let order: Vec<_> = lines(&events, 20).into_iter().map(|(participant, ..)| participant).collect();
    assert_eq!(order, [Some(therapist()), None, Some(relative()), Some(client())]);
}

#[test]
fn the_time_between_two_visits_does_not_count() {
    let events = [
        joined(0, "c", client()),
        left(10, "c", client()),
        joined(15, "c2", client()),
        left(20, "c2", client()),
        joined(30, "c", client()),
        left(50, "c", client()),
    ];
    assert_eq!(afterwards(&events), [(Some(client()), Some(0), Some(50), 35, 3)]);
}

#[test]
fn simultaneous_connections_count_once() {
    for (laptop, phone, minutes) in [
        // Nested, overlapping, adjacent, separate.
        ((0, 50), (10, 20), 50),
        ((0, 30), (20, 50), 50),
        ((0, 30), (30, 50), 50),
        ((0, 20), (30, 50), 40),
        ((0, 50), (0, 50), 50),
    ] {
        let events = [
            joined(laptop.0, "laptop", client()),
            joined(phone.0, "phone", client()),
            left(laptop.1, "laptop", client()),
            left(phone.1, "phone", client()),
        ];
        assert_eq!(afterwards(&events), [(Some(client()), Some(0), Some(50), minutes, 2)], "{laptop:?} {phone:?}");
    }
}

#[test]
fn a_participant_with_one_open_connection_is_present() {
    let events = [joined(0, "laptop", client()), joined(5, "phone", client()), left(10, "laptop", client())];
    assert_eq!(lines(&events, 20), [(Some(client()), Some(0), None, 20, 2)]);
}

/// For the server a breakout room is another room with another connection.
#[test]
fn a_breakout_room_does_not_change_the_minutes() {
    let events = [
        joined(0, "main/1", client()),
        left(10, "main/1", client()),
        joined(10, "breakout/2", client()),
        left(30, "breakout/2", client()),
        joined(30, "main/3", client()),
        left(50, "main/3", client()),
    ];
    assert_eq!(afterwards(&events), [(Some(client()), Some(0), Some(50), 50, 3)]);
}

#[test]
fn without_a_left_event_a_visit_lasts_until_the_conference_ends() {
    let events = [joined(0, "c", client()), ended(52)];
    assert_eq!(afterwards(&events), [(Some(client()), Some(0), Some(52), 52, 1)]);
    assert_eq!(lines(&events, 52), afterwards(&events));
}

#[test]
fn without_left_and_ended_events_a_visit_lasts_until_the_room_closes() {
    let events = [joined(0, "c", client())];
    for (now, left_at, minutes) in
        [(0, None, 0), (1, None, 1), (79, None, 79), (80, Some(80), 80), (81, Some(80), 80), (10_000, Some(80), 80)]
    {
        assert_eq!(lines(&events, now), [(Some(client()), Some(0), left_at, minutes, 1)], "{now}");
    }
}

#[test]
fn a_missing_left_event_is_bounded_by_the_next_joined_event() {
    let events = [joined(0, "c", client()), joined(20, "c", client()), left(50, "c", client())];
    assert_eq!(afterwards(&events), [(Some(client()), Some(0), Some(50), 50, 2)]);
    // The conference ended in between, and with it the first visit.
    let events = [joined(0, "c", client()), ended(10), joined(20, "c", client()), left(50, "c", client())];
    assert_eq!(afterwards(&events), [(Some(client()), Some(0), Some(50), 40, 2)]);
}

#[test]
fn a_missing_joined_event_is_a_visit_of_unknown_length() {
    let events = [left(30, "c", client())];
    assert_eq!(afterwards(&events), [(Some(client()), None, Some(30), 0, 1)]);
    let events = [left(10, "c", client()), joined(20, "c", client()), left(50, "c", client())];
    assert_eq!(afterwards(&events), [(Some(client()), Some(20), Some(50), 30, 2)]);
}

#[test]
fn an_ended_conference_can_be_joined_again() {
    let again = [
        joined(0, "t", therapist()),
        joined(0, "c", client()),
        ended(10),
        joined(15, "t2", therapist()),
        joined(16, "c", client()),
    ];
    assert_eq!(
        lines(&again, 30),
        [(Some(therapist()), Some(0), None, 10 + 15, 2), (Some(client()), Some(0), None, 10 + 14, 2)],
        "they are in the second conference, and were in none in between"
    );
    let both_ended = [&again[..], &[ended(50)]].concat();
    assert_eq!(
        afterwards(&both_ended),
        [(Some(therapist()), Some(0), Some(50), 10 + 35, 2), (Some(client()), Some(0), Some(50), 10 + 34, 2)]
    );
}

/// The `left` event belongs to a second visit whose `joined` event was lost.
#[test]
fn a_left_event_after_the_end_does_not_extend_the_visit() {
    let events = [joined(0, "c", client()), ended(10), left(50, "c", client())];
    let found = attendance(&events, at(CLOSE), at(CLOSE));
    assert_eq!(found.iter().map(|a| a.minutes).collect::<Vec<_>>(), [10]);
}

#[test]
fn an_end_before_the_joining_is_ignored() {
    let events = [ended(-10), joined(0, "c", client())];
    assert_eq!(lines(&events, 20), [(Some(client()), Some(0), None, 20, 1)]);
}

#[test]
fn unknown_people_are_listed_by_connection() {
    let events = [
        joined(0, "one", None),
        joined(0, "two", None),
        left(10, "one", None),
        joined(20, "one", None),
        joined(5, "c", client()),
        left(30, "one", None),
        left(40, "two", None),
        left(50, "c", client()),
    ];
    assert_eq!(
        afterwards(&events),
        [
            (None, Some(0), Some(30), 20, 2),
            (None, Some(0), Some(40), 40, 1),
            (Some(client()), Some(5), Some(50), 45, 1),
        ]
    );
}

#[test]
fn accounts_and_participants_with_the_same_number_are_distinct() {
    let events = [joined(0, "a", client()), joined(1, "b", relative()), ended(50)];
    let people: Vec<_> = afterwards(&events).into_iter().map(|(participant, ..)| participant).collect();
    assert_eq!(people, [Some(client()), Some(relative())]);
}

#[test]
fn one_event_with_a_participant_identifies_the_connection() {
    for events in [
        vec![joined(0, "c", client()), left(50, "c", None)],
        vec![joined(0, "c", None), left(50, "c", client())],
        vec![joined(0, "c", None), joined(0, "c", client()), left(50, "c", None)],
    ] {
        assert_eq!(afterwards(&events), [(Some(client()), Some(0), Some(50), 50, 1)]);
    }
}

#[test]
fn minutes_are_rounded_to_the_nearest() {
    for (seconds, minutes) in [(0, 0), (29, 0), (30, 1), (89, 1), (90, 2), (3_000, 50), (3_029, 50), (3_030, 51)] {
        let events = [
            event(at(START), AttendanceEventKind::Joined, "c", Some(client())),
            event(at(START + seconds), AttendanceEventKind::Left, "c", Some(client())),
        ];
        assert_eq!(attendance(&events, at(CLOSE), at(CLOSE))[0].minutes, minutes, "{seconds} s");
    }
    // The sum of the visits is rounded: three times twenty seconds are a minute.
    let events: Vec<_> = [0, 100, 200]
        .into_iter()
        .flat_map(|second| {
            [
                event(at(START + second), AttendanceEventKind::Joined, "c", Some(client())),
                event(at(START + second + 20), AttendanceEventKind::Left, "c", Some(client())),
            ]
        })
        .collect();
    assert_eq!(attendance(&events, at(CLOSE), at(CLOSE))[0].minutes, 1);
}

/// The video server's clock may be ahead, and somebody may join after the room closed.
#[test]
fn events_outside_the_session_count_nothing() {
    assert_eq!(lines(&[joined(10, "c", client())], 5), [(Some(client()), Some(10), None, 0, 1)]);
    assert_eq!(afterwards(&[joined(90, "c", client())]), [(Some(client()), Some(90), Some(90), 0, 1)]);
    let backwards = [left(10, "c", client()), joined(20, "c", client())];
    assert_eq!(lines(&backwards, 30), [(Some(client()), Some(20), None, 10, 2)]);
}

#[test]
fn attendance_is_limited_to_the_opening_hours_of_the_room() {
    for events in [
        vec![joined(0, "c", client()), left(200, "c", client())],
        vec![joined(0, "c", client()), ended(200)],
        vec![joined(0, "c", client()), joined(200, "c", client())],
        vec![joined(0, "c", client()), left(200, "c", client()), joined(10, "c2", client()), ended(300)],
    ] {
        let minutes: Vec<u32> = attendance(&events, at(CLOSE), minute(10_000)).iter().map(|a| a.minutes).collect();
        assert_eq!(minutes, [80], "{events:?}");
    }
}

#[test]
fn kinds_have_stable_names() {
    assert_eq!(AttendanceEventKind::ALL.map(AttendanceEventKind::as_str), ["joined", "left", "ended"]);
}

/// The connections of the properties: a client with two devices, two others, and two unknown people.
fn connections() -> [(&'static str, Option<ViewerId>); 6] {
    [
        ("laptop", Some(client())),
        ("phone", Some(client())),
        ("t", Some(therapist())),
        ("r", Some(relative())),
        ("stranger", None),
        ("another", None),
    ]
}

/// From the opening of the room until well after its closing, in milliseconds.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    ((OPEN - START) * 1_000..(CLOSE - START + 3_600) * 1_000)
        .prop_map(|offset| Timestamp::from_millisecond(START * 1_000 + offset).unwrap())
}

/// Any event, plausible or not.
fn any_event() -> impl Strategy<Value = AttendanceEvent> {
    let kind = prop_oneof![4 => Just(AttendanceEventKind::Joined), 4 => Just(AttendanceEventKind::Left), 1 => Just(AttendanceEventKind::Ended)];
    // Few different seconds, so that events coincide.
    let instant = prop_oneof![any_instant(), (0_i64..4).prop_map(minute)];
    (instant, kind, prop::sample::select(connections().to_vec())).prop_map(|(at, kind, (occupant, participant))| {
        match kind {
            AttendanceEventKind::Joined | AttendanceEventKind::Left => event(at, kind, occupant, participant),
            AttendanceEventKind::Ended => event(at, kind, "", None),
        }
    })
}

fn any_events() -> impl Strategy<Value = Vec<AttendanceEvent>> {
    proptest::collection::vec(any_event(), 0..25)
}

/// The same events, and the same again with repetitions and in another order.
fn any_events_and_their_repetition() -> impl Strategy<Value = (Vec<AttendanceEvent>, Vec<AttendanceEvent>)> {
    (any_events(), proptest::collection::vec(any::<Index>(), 0..25)).prop_flat_map(|(events, again)| {
        let mut reported = events.clone();
        if !events.is_empty() {
            reported.extend(again.iter().map(|index| index.get(&events).clone()));
        }
        (Just(events), Just(reported).prop_shuffle())
    })
}

/// The connections of a session with complete reports: connection, first and last second. Visits of one connection do not
/// overlap.
fn any_visits() -> impl Strategy<Value = Vec<(usize, i64, i64)>> {
    proptest::collection::vec((0..connections().len(), 1_i64..500, 1_i64..1_500), 0..20).prop_map(|steps| {
        let mut free = [OPEN; 6];
        steps
            .into_iter()
            .filter_map(|(connection, gap, length)| {
                let from = free[connection] + gap;
                free[connection] = from + length;
                (from + length <= CLOSE).then_some((connection, from, from + length))
            })
            .collect()
    })
}

fn reported(visits: &[(usize, i64, i64)]) -> Vec<AttendanceEvent> {
    visits
        .iter()
        .flat_map(|(connection, from, until)| {
            let (occupant, participant) = connections()[*connection];
            [
                event(at(*from), AttendanceEventKind::Joined, occupant, participant),
                event(at(*until), AttendanceEventKind::Left, occupant, participant),
            ]
        })
        .collect()
}

fn of(found: &[AttendanceSummary], participant: ViewerId) -> Option<AttendanceSummary> {
    found.iter().copied().find(|a| a.participant == Some(participant))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_repetition_do_not_matter((events, reported) in any_events_and_their_repetition(), now in any_instant()) {
        prop_assert_eq!(attendance(&reported, at(CLOSE), now), attendance(&events, at(CLOSE), now));
    }

    /// For any events the attendance is possible.
    #[test]
    fn attendance_is_plausible(events in any_events(), now in any_instant()) {
        let found = attendance(&events, at(CLOSE), now);
        let known: Vec<_> = found.iter().filter_map(|a| a.participant).collect();
        prop_assert_eq!(known.iter().collect::<BTreeSet<_>>().len(), known.len(), "all once");
        let unknown: BTreeSet<_> = events
            .iter()
            .filter(|f| f.participant.is_none() && f.kind != AttendanceEventKind::Ended)
            .map(|f| &f.occupant)
            .collect();
        prop_assert_eq!(found.len() - known.len(), unknown.len(), "unknown people are listed by connection");
        prop_assert!(found.is_sorted_by_key(|a| a.joined_at.or(a.left_at)));
        for one in found {
            prop_assert!(one.visits > 0);
            prop_assert!(one.joined_at.is_some() || (one.left_at.is_some() && one.minutes == 0), "{one:?}");
            prop_assert!(one.left_at.is_some() || now < at(CLOSE), "{one:?} is in a closed room");
            if let (Some(joined_at), Some(left_at)) = (one.joined_at, one.left_at) {
                prop_assert!(joined_at <= left_at, "{one:?}");
                let between = left_at.duration_since(joined_at) + SignedDuration::from_secs(30);
                prop_assert!(i64::from(one.minutes) <= between.as_mins(), "{one:?}");
            }
        }
    }

    #[test]
    fn minutes_are_bounded_by_the_first_joining_and_the_closing(events in any_events(), now in any_instant()) {
        for one in attendance(&events, at(CLOSE), now) {
            let Some(joined_at) = one.joined_at else { continue };
            let longest = at(CLOSE).duration_since(joined_at).max(SignedDuration::ZERO) + SignedDuration::from_secs(30);
            prop_assert!(i64::from(one.minutes) <= longest.as_mins(), "{one:?}");
        }
    }

    /// Without new events minutes only grow, and whoever left stays away.
    #[test]
    fn attendance_grows_monotonically_over_time(events in any_events(), now in any_instant(), later in any_instant()) {
        let (now, later) = (now.min(later), now.max(later));
        let (before, after) = (attendance(&events, at(CLOSE), now), attendance(&events, at(CLOSE), later));
        prop_assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            prop_assert_eq!((before.participant, before.joined_at, before.visits), (after.participant, after.joined_at, after.visits));
            prop_assert!(before.minutes <= after.minutes);
            prop_assert!(before.left_at.is_none() || before.left_at == after.left_at);
        }
    }

    #[test]
    fn events_of_others_do_not_matter(events in any_events(), now in any_instant()) {
        let all = attendance(&events, at(CLOSE), now);
        for participant in [client(), therapist(), relative()] {
            let own: Vec<_> = events
                .iter()
                .filter(|f| f.participant == Some(participant) || f.kind == AttendanceEventKind::Ended)
                .cloned()
                .collect();
            prop_assert_eq!(attendance(&own, at(CLOSE), now).first().copied(), of(&all, participant));
        }
    }

    /// With complete events the minutes are the seconds with an open connection, counted one by one.
    #[test]
    fn complete_events_give_exact_minutes(visits in any_visits()) {
        let found = attendance(&reported(&visits), at(CLOSE), at(CLOSE));
        for participant in [client(), therapist(), relative()] {
            let own: Vec<_> =
                visits.iter().filter(|(connection, ..)| connections()[*connection].1 == Some(participant)).collect();
            let seconds = (OPEN..CLOSE).filter(|s| own.iter().any(|(_, from, until)| from <= s && s < until)).count();
            let expected = own.iter().map(|(_, from, _)| *from).min().map(|first| AttendanceSummary {
                participant: Some(participant),
                joined_at: Some(at(first)),
                left_at: own.iter().map(|(_, _, until)| at(*until)).max(),
                minutes: u32::try_from((seconds + 30) / 60).unwrap(),
                visits: u32::try_from(own.len()).unwrap(),
            });
            prop_assert_eq!(of(&found, participant), expected);
        }
    }

    /// A lost `left` event never shortens a visit, a lost `joined` event never lengthens it, and a participant with another
    /// event is still listed.
    #[test]
    fn a_lost_event_errs_in_one_direction(visits in any_visits(), lost in any::<Index>()) {
        let mut events = reported(&visits);
        prop_assume!(!events.is_empty());
        let in_full = attendance(&events, at(CLOSE), at(CLOSE));
        let lost = events.swap_remove(lost.index(events.len()));
        let in_part = attendance(&events, at(CLOSE), at(CLOSE));
        prop_assert_eq!(in_part.len(), in_full.len());
        for participant in [client(), therapist(), relative()] {
            let (Some(full), Some(part)) = (of(&in_full, participant), of(&in_part, participant)) else { continue };
            match lost.kind {
                _ if lost.participant != Some(participant) => prop_assert_eq!(part, full),
                AttendanceEventKind::Joined => prop_assert!(part.minutes <= full.minutes),
                AttendanceEventKind::Left | AttendanceEventKind::Ended => prop_assert!(part.minutes >= full.minutes),
            }
        }
    }
}
