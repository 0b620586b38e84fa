//! Tests of who was in a room, and for how long.

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

/// Has the client's number, and is somebody else.
fn relative() -> ViewerId {
    ViewerId::Participant(ParticipantId::new(7).unwrap())
}

/// An instant, in minutes from the beginning of the session. It closes at minute 80.
fn minute(minutes: i64) -> Timestamp {
    at(START + minutes * 60)
}

fn fact(at: Timestamp, kind: AttendanceEventKind, occupant: &str, participant: Option<ViewerId>) -> AttendanceEvent {
    AttendanceEvent { at, kind, occupant: occupant.to_owned(), participant }
}

fn joined(minutes: i64, occupant: &str, participant: impl Into<Option<ViewerId>>) -> AttendanceEvent {
    fact(minute(minutes), AttendanceEventKind::Joined, occupant, participant.into())
}

fn left(minutes: i64, occupant: &str, participant: impl Into<Option<ViewerId>>) -> AttendanceEvent {
    fact(minute(minutes), AttendanceEventKind::Left, occupant, participant.into())
}

fn ended(minutes: i64) -> AttendanceEvent {
    fact(minute(minutes), AttendanceEventKind::Ended, "", None)
}

/// Somebody's time: who, from when, until when, how long, how often.
type Line = (Option<ViewerId>, Option<i64>, Option<i64>, u32, u32);

fn lines(facts: &[AttendanceEvent], now: i64) -> Vec<Line> {
    let in_minutes = |instant: Timestamp| instant.duration_since(at(START)).as_mins();
    attendance(facts, at(CLOSE), minute(now))
        .into_iter()
        .map(|a| (a.participant, a.joined_at.map(in_minutes), a.left_at.map(in_minutes), a.minutes, a.visits))
        .collect()
}

/// What is found when the room is long closed.
fn afterwards(facts: &[AttendanceEvent]) -> Vec<Line> {
    lines(facts, 10_000)
}

#[test]
fn a_session_as_it_should_be() {
    let facts = [
        joined(-3, "t", therapist()),
        joined(0, "c", client()),
        joined(2, "r", relative()),
        left(49, "r", relative()),
        left(51, "c", client()),
        left(52, "t", therapist()),
        ended(52),
    ];
    assert_eq!(
        afterwards(&facts),
        [
            (Some(therapist()), Some(-3), Some(52), 55, 1),
            (Some(client()), Some(0), Some(51), 51, 1),
            (Some(relative()), Some(2), Some(49), 47, 1),
        ]
    );
}

#[test]
fn nobody_came() {
    assert_eq!(afterwards(&[]), []);
    assert_eq!(afterwards(&[ended(5), ended(80)]), []);
}

#[test]
fn people_are_told_in_the_order_in_which_they_came() {
    let facts = [
        joined(9, "late", client()),
        left(4, "only seen going", relative()),
        joined(1, "first", therapist()),
        joined(4, "unknown", None),
    ];
    let order: Vec<_> = lines(&facts, 20).into_iter().map(|(participant, ..)| participant).collect();
    assert_eq!(order, [Some(therapist()), None, Some(relative()), Some(client())]);
}

#[test]
fn whoever_comes_back_was_away_in_between() {
    let facts = [
        joined(0, "c", client()),
        left(10, "c", client()),
        joined(15, "c2", client()),
        left(20, "c2", client()),
        joined(30, "c", client()),
        left(50, "c", client()),
    ];
    assert_eq!(afterwards(&facts), [(Some(client()), Some(0), Some(50), 35, 3)]);
}

#[test]
fn two_devices_at_once_count_once() {
    for (laptop, phone, minutes) in [
        // One within the other, side by side, touching, apart.
        ((0, 50), (10, 20), 50),
        ((0, 30), (20, 50), 50),
        ((0, 30), (30, 50), 50),
        ((0, 20), (30, 50), 40),
        ((0, 50), (0, 50), 50),
    ] {
        let facts = [
            joined(laptop.0, "laptop", client()),
            joined(phone.0, "phone", client()),
            left(laptop.1, "laptop", client()),
            left(phone.1, "phone", client()),
        ];
        assert_eq!(afterwards(&facts), [(Some(client()), Some(0), Some(50), minutes, 2)], "{laptop:?} {phone:?}");
    }
}

#[test]
fn whoever_has_a_device_in_the_room_is_in_the_room() {
    let facts = [joined(0, "laptop", client()), joined(5, "phone", client()), left(10, "laptop", client())];
    assert_eq!(lines(&facts, 20), [(Some(client()), Some(0), None, 20, 2)]);
}

/// A breakout room is another room to the server: people leave the one connection and get another.
#[test]
fn a_move_into_a_breakout_room_and_back_is_one_stay_in_minutes() {
    let facts = [
        joined(0, "main/1", client()),
        left(10, "main/1", client()),
        joined(10, "breakout/2", client()),
        left(30, "breakout/2", client()),
        joined(30, "main/3", client()),
        left(50, "main/3", client()),
    ];
    assert_eq!(afterwards(&facts), [(Some(client()), Some(0), Some(50), 50, 3)]);
}

#[test]
fn whoever_is_not_known_to_have_left_was_there_until_the_room_ended() {
    let facts = [joined(0, "c", client()), ended(52)];
    assert_eq!(afterwards(&facts), [(Some(client()), Some(0), Some(52), 52, 1)]);
    assert_eq!(lines(&facts, 52), afterwards(&facts));
}

#[test]
fn whoever_is_not_known_to_have_left_a_room_that_never_ended_was_there_until_it_was_over() {
    let facts = [joined(0, "c", client())];
    for (now, left_at, minutes) in
        [(0, None, 0), (1, None, 1), (79, None, 79), (80, Some(80), 80), (81, Some(80), 80), (10_000, Some(80), 80)]
    {
        assert_eq!(lines(&facts, now), [(Some(client()), Some(0), left_at, minutes, 1)], "{now}");
    }
}

#[test]
fn a_going_that_was_never_told_is_bounded_by_the_next_coming() {
    let facts = [joined(0, "c", client()), joined(20, "c", client()), left(50, "c", client())];
    assert_eq!(afterwards(&facts), [(Some(client()), Some(0), Some(50), 50, 2)]);
    // The room ended in between, and with it the first stay.
    let facts = [joined(0, "c", client()), ended(10), joined(20, "c", client()), left(50, "c", client())];
    assert_eq!(afterwards(&facts), [(Some(client()), Some(0), Some(50), 40, 2)]);
}

#[test]
fn a_coming_that_was_never_told_counts_as_a_visit_of_unknown_length() {
    let facts = [left(30, "c", client())];
    assert_eq!(afterwards(&facts), [(Some(client()), None, Some(30), 0, 1)]);
    let facts = [left(10, "c", client()), joined(20, "c", client()), left(50, "c", client())];
    assert_eq!(afterwards(&facts), [(Some(client()), Some(20), Some(50), 30, 2)]);
}

#[test]
fn a_room_that_ended_can_be_entered_again() {
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
        "they are in the second room, and nobody was in one between the two"
    );
    let both_ended = [&again[..], &[ended(50)]].concat();
    assert_eq!(
        afterwards(&both_ended),
        [(Some(therapist()), Some(0), Some(50), 10 + 35, 2), (Some(client()), Some(0), Some(50), 10 + 34, 2)]
    );
}

/// The going belongs to a second stay, whose beginning was lost: nobody is in a room that has ended.
#[test]
fn a_going_after_the_end_does_not_bring_the_room_back() {
    let facts = [joined(0, "c", client()), ended(10), left(50, "c", client())];
    let found = attendance(&facts, at(CLOSE), at(CLOSE));
    assert_eq!(found.iter().map(|a| a.minutes).collect::<Vec<_>>(), [10]);
}

#[test]
fn an_end_before_the_coming_ends_nothing() {
    let facts = [ended(-10), joined(0, "c", client())];
    assert_eq!(lines(&facts, 20), [(Some(client()), Some(0), None, 20, 1)]);
}

#[test]
fn unknown_people_stay_apart() {
    let facts = [
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
        afterwards(&facts),
        [
            (None, Some(0), Some(30), 20, 2),
            (None, Some(0), Some(40), 40, 1),
            (Some(client()), Some(5), Some(50), 45, 1),
        ]
    );
}

/// The client and a participant may have the same number.
#[test]
fn people_with_the_same_number_stay_apart() {
    let facts = [joined(0, "a", client()), joined(1, "b", relative()), ended(50)];
    let people: Vec<_> = afterwards(&facts).into_iter().map(|(participant, ..)| participant).collect();
    assert_eq!(people, [Some(client()), Some(relative())]);
}

#[test]
fn one_fact_that_says_who_it_was_is_enough() {
    for facts in [
        vec![joined(0, "c", client()), left(50, "c", None)],
        vec![joined(0, "c", None), left(50, "c", client())],
        vec![joined(0, "c", None), joined(0, "c", client()), left(50, "c", None)],
    ] {
        assert_eq!(afterwards(&facts), [(Some(client()), Some(0), Some(50), 50, 1)]);
    }
}

#[test]
fn minutes_are_rounded_to_the_nearest() {
    for (seconds, minutes) in [(0, 0), (29, 0), (30, 1), (89, 1), (90, 2), (3_000, 50), (3_029, 50), (3_030, 51)] {
        let facts = [
            fact(at(START), AttendanceEventKind::Joined, "c", Some(client())),
            fact(at(START + seconds), AttendanceEventKind::Left, "c", Some(client())),
        ];
        assert_eq!(attendance(&facts, at(CLOSE), at(CLOSE))[0].minutes, minutes, "{seconds} s");
    }
    // All stays together are rounded, not each of them: three times twenty seconds are a minute.
    let facts: Vec<_> = [0, 100, 200]
        .into_iter()
        .flat_map(|second| {
            [
                fact(at(START + second), AttendanceEventKind::Joined, "c", Some(client())),
                fact(at(START + second + 20), AttendanceEventKind::Left, "c", Some(client())),
            ]
        })
        .collect();
    assert_eq!(attendance(&facts, at(CLOSE), at(CLOSE))[0].minutes, 1);
}

/// The clock of the video server may be ahead of ours, and somebody may come when all is over.
#[test]
fn strange_times_count_nothing() {
    assert_eq!(lines(&[joined(10, "c", client())], 5), [(Some(client()), Some(10), None, 0, 1)]);
    assert_eq!(afterwards(&[joined(90, "c", client())]), [(Some(client()), Some(90), Some(90), 0, 1)]);
    let backwards = [left(10, "c", client()), joined(20, "c", client())];
    assert_eq!(lines(&backwards, 30), [(Some(client()), Some(20), None, 10, 2)]);
}

/// The bound of a session in which a server forgets to end its room.
#[test]
fn nobody_counts_as_there_for_longer_than_the_room_is_open() {
    for facts in [
        vec![joined(0, "c", client()), left(200, "c", client())],
        vec![joined(0, "c", client()), ended(200)],
        vec![joined(0, "c", client()), joined(200, "c", client())],
        vec![joined(0, "c", client()), left(200, "c", client()), joined(10, "c2", client()), ended(300)],
    ] {
        let minutes: Vec<u32> = attendance(&facts, at(CLOSE), minute(10_000)).iter().map(|a| a.minutes).collect();
        assert_eq!(minutes, [80], "{facts:?}");
    }
}

#[test]
fn kinds_have_stable_names() {
    assert_eq!(AttendanceEventKind::ALL.map(AttendanceEventKind::as_str), ["joined", "left", "ended"]);
}

/// The connections of the properties below: a client with two devices, two others, and two people nobody knows.
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

/// From the opening of the room until well after its end, in milliseconds from the beginning of the session.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    ((OPEN - START) * 1_000..(CLOSE - START + 3_600) * 1_000)
        .prop_map(|offset| Timestamp::from_millisecond(START * 1_000 + offset).unwrap())
}

/// Anything a video server might tell, whether it makes sense or not.
fn any_fact() -> impl Strategy<Value = AttendanceEvent> {
    let kind = prop_oneof![4 => Just(AttendanceEventKind::Joined), 4 => Just(AttendanceEventKind::Left), 1 => Just(AttendanceEventKind::Ended)];
    // Many facts of the same second, to make them meet.
    let instant = prop_oneof![any_instant(), (0_i64..4).prop_map(minute)];
    (instant, kind, prop::sample::select(connections().to_vec())).prop_map(|(at, kind, (occupant, participant))| {
        match kind {
            AttendanceEventKind::Joined | AttendanceEventKind::Left => fact(at, kind, occupant, participant),
            AttendanceEventKind::Ended => fact(at, kind, "", None),
        }
    })
}

fn any_facts() -> impl Strategy<Value = Vec<AttendanceEvent>> {
    proptest::collection::vec(any_fact(), 0..25)
}

/// The same facts twice: as they are, and told again and in any order.
fn any_facts_and_their_retelling() -> impl Strategy<Value = (Vec<AttendanceEvent>, Vec<AttendanceEvent>)> {
    (any_facts(), proptest::collection::vec(any::<Index>(), 0..25)).prop_flat_map(|(facts, again)| {
        let mut told = facts.clone();
        if !facts.is_empty() {
            told.extend(again.iter().map(|index| index.get(&facts).clone()));
        }
        (Just(facts), Just(told).prop_shuffle())
    })
}

/// What really happened in a session in which everything is told: who was connected from which second until which. Those
/// of one connection never meet.
fn any_stays() -> impl Strategy<Value = Vec<(usize, i64, i64)>> {
    proptest::collection::vec((0..connections().len(), 1_i64..500, 1_i64..1_500), 0..20).prop_map(|steps| {
        let mut free = [OPEN; 6];
        steps
            .into_iter()
            .filter_map(|(connection, pause, length)| {
                let from = free[connection] + pause;
                free[connection] = from + length;
                (from + length <= CLOSE).then_some((connection, from, from + length))
            })
            .collect()
    })
}

fn told(stays: &[(usize, i64, i64)]) -> Vec<AttendanceEvent> {
    stays
        .iter()
        .flat_map(|(connection, from, until)| {
            let (occupant, participant) = connections()[*connection];
            [
                fact(at(*from), AttendanceEventKind::Joined, occupant, participant),
                fact(at(*until), AttendanceEventKind::Left, occupant, participant),
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
    fn neither_order_nor_repetition_matters((facts, told) in any_facts_and_their_retelling(), now in any_instant()) {
        prop_assert_eq!(attendance(&told, at(CLOSE), now), attendance(&facts, at(CLOSE), now));
    }

    /// Whatever a server tells, the answer is one that could be true.
    #[test]
    fn every_answer_is_possible(facts in any_facts(), now in any_instant()) {
        let found = attendance(&facts, at(CLOSE), now);
        let known: Vec<_> = found.iter().filter_map(|a| a.participant).collect();
        prop_assert_eq!(known.iter().collect::<BTreeSet<_>>().len(), known.len(), "everybody once");
        let strangers: BTreeSet<_> = facts
            .iter()
            .filter(|f| f.participant.is_none() && f.kind != AttendanceEventKind::Ended)
            .map(|f| &f.occupant)
            .collect();
        prop_assert_eq!(found.len() - known.len(), strangers.len(), "strangers stay apart");
        prop_assert!(found.is_sorted_by_key(|a| a.joined_at.or(a.left_at)));
        for one in found {
            prop_assert!(one.visits > 0);
            prop_assert!(one.joined_at.is_some() || (one.left_at.is_some() && one.minutes == 0), "{one:?}");
            prop_assert!(one.left_at.is_some() || now < at(CLOSE), "{one:?} is in a room that is over");
            if let (Some(joined_at), Some(left_at)) = (one.joined_at, one.left_at) {
                prop_assert!(joined_at <= left_at, "{one:?}");
                let between = left_at.duration_since(joined_at) + SignedDuration::from_secs(30);
                prop_assert!(i64::from(one.minutes) <= between.as_mins(), "{one:?}");
            }
        }
    }

    /// Also when somebody forgot to end the room.
    #[test]
    fn minutes_are_bounded_by_the_first_coming_and_the_closing(facts in any_facts(), now in any_instant()) {
        for one in attendance(&facts, at(CLOSE), now) {
            let Some(joined_at) = one.joined_at else { continue };
            let longest = at(CLOSE).duration_since(joined_at).max(SignedDuration::ZERO) + SignedDuration::from_secs(30);
            prop_assert!(i64::from(one.minutes) <= longest.as_mins(), "{one:?}");
        }
    }

    /// As time goes by and nothing is told, minutes only grow, and nobody who left comes back.
    #[test]
    fn time_alone_takes_nothing_back(facts in any_facts(), now in any_instant(), later in any_instant()) {
        let (now, later) = (now.min(later), now.max(later));
        let (before, after) = (attendance(&facts, at(CLOSE), now), attendance(&facts, at(CLOSE), later));
        prop_assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            prop_assert_eq!((before.participant, before.joined_at, before.visits), (after.participant, after.joined_at, after.visits));
            prop_assert!(before.minutes <= after.minutes);
            prop_assert!(before.left_at.is_none() || before.left_at == after.left_at);
        }
    }

    /// One person's time is their own business: what is told about others changes nothing.
    #[test]
    fn others_do_not_matter(facts in any_facts(), now in any_instant()) {
        let everybody = attendance(&facts, at(CLOSE), now);
        for participant in [client(), therapist(), relative()] {
            let own: Vec<_> = facts
                .iter()
                .filter(|f| f.participant == Some(participant) || f.kind == AttendanceEventKind::Ended)
                .cloned()
                .collect();
            prop_assert_eq!(attendance(&own, at(CLOSE), now).first().copied(), of(&everybody, participant));
        }
    }

    /// When everything is told, the answer is what happened: each second in which a person had a device in the room,
    /// counted one by one.
    #[test]
    fn a_session_told_in_full_is_known_to_the_second(stays in any_stays()) {
        let found = attendance(&told(&stays), at(CLOSE), at(CLOSE));
        for participant in [client(), therapist(), relative()] {
            let own: Vec<_> =
                stays.iter().filter(|(connection, ..)| connections()[*connection].1 == Some(participant)).collect();
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

    /// A lost message makes nobody vanish as long as another one names them: a lost going never shortens, and a lost
    /// coming never lengthens.
    #[test]
    fn a_lost_message_errs_to_one_side(stays in any_stays(), lost in any::<Index>()) {
        let mut facts = told(&stays);
        prop_assume!(!facts.is_empty());
        let in_full = attendance(&facts, at(CLOSE), at(CLOSE));
        let gone = facts.swap_remove(lost.index(facts.len()));
        let in_part = attendance(&facts, at(CLOSE), at(CLOSE));
        prop_assert_eq!(in_part.len(), in_full.len());
        for participant in [client(), therapist(), relative()] {
            let (Some(full), Some(part)) = (of(&in_full, participant), of(&in_part, participant)) else { continue };
            match gone.kind {
                _ if gone.participant != Some(participant) => prop_assert_eq!(part, full),
                AttendanceEventKind::Joined => prop_assert!(part.minutes <= full.minutes),
                AttendanceEventKind::Left | AttendanceEventKind::Ended => prop_assert!(part.minutes >= full.minutes),
            }
        }
    }
}
