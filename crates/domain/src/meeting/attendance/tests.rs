use std::collections::BTreeSet;

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::ParticipantId;
use crate::fixtures::{CLOSE, OPEN, START, at, user};

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

/// Events such as `c>0 c<50 |52`: connection, `>` (joined) or `<` (left) and minute; `|` is the end of the conference. The
/// first letter of a connection is its participant: therapist, client, relative or unknown.
fn events(log: &str) -> Vec<AttendanceEvent> {
    let parse = |text: &str| {
        let position = text.find(['>', '<', '|']).unwrap();
        let (occupant, rest) = text.split_at(position);
        let kind = match &rest[..1] {
            ">" => AttendanceEventKind::Joined,
            "<" => AttendanceEventKind::Left,
            _ => AttendanceEventKind::Ended,
        };
        let participant = match occupant.chars().next() {
            Some('t') => Some(therapist()),
            Some('c') => Some(client()),
            Some('r') => Some(relative()),
            _ => None,
        };
        event(minute(rest[1..].parse().unwrap()), kind, occupant, participant)
    };
    log.split_whitespace().map(parse).collect()
}

/// Attendance such as `c 0..50 50min 1x`: participant, joined at, left at, minutes (`~` if estimated), visits.
fn described(events: &[AttendanceEvent], now: i64) -> String {
    let minute_of =
        |at: Option<Timestamp>| at.map_or("?".to_owned(), |at| at.duration_since(minute(0)).as_mins().to_string());
    let describe = |a: AttendanceSummary| {
        let participant = match a.participant {
            Some(known) if known == therapist() => "t",
            Some(known) if known == client() => "c",
            Some(_) => "r",
            None => "u",
        };
        let (joined, left) = (minute_of(a.joined_at), minute_of(a.left_at));
        let estimated = if a.estimated { "~" } else { "" };
        format!("{participant} {joined}..{left} {estimated}{}min {}x", a.minutes, a.visits)
    };
    attendance(events, at(CLOSE), minute(now)).into_iter().map(describe).collect::<Vec<_>>().join(", ")
}

/// Long after the room closed.
const LATER: i64 = 10_000;

#[test]
fn attendance_is_calculated_from_events() {
    for (what, log, now, expected) in [
        (
            "an ordinary session",
            "t>-3 c>0 r>2 r<49 c<51 t<52 |52",
            LATER,
            "t -3..52 55min 1x, c 0..51 51min 1x, r 2..49 47min 1x",
        ),
        ("no one joined", "", LATER, ""),
        ("no one joined, ended", "|5 |80", LATER, ""),
        (
            "the order of joining",
            "c>9 r<4 t>1 u>4",
            20,
            "t 1..? 19min 1x, u 4..? 16min 1x, r ?..4 0min 1x, c 9..? 11min 1x",
        ),
        ("the time between visits does not count", "c>0 c<10 c2>15 c2<20 c>30 c<50", LATER, "c 0..50 35min 3x"),
        ("nested connections", "c1>0 c2>10 c2<20 c1<50", LATER, "c 0..50 50min 2x"),
        ("overlapping connections", "c1>0 c2>20 c1<30 c2<50", LATER, "c 0..50 50min 2x"),
        ("adjacent connections", "c1>0 c1<30 c2>30 c2<50", LATER, "c 0..50 50min 2x"),
        ("separate connections", "c1>0 c1<20 c2>30 c2<50", LATER, "c 0..50 40min 2x"),
        ("simultaneous connections", "c1>0 c2>0 c1<50 c2<50", LATER, "c 0..50 50min 2x"),
        ("one connection of two is open", "c1>0 c2>5 c1<10", 20, "c 0..? 20min 2x"),
        ("a breakout room", "c1>0 c1<10 c2>10 c2<30 c3>30 c3<50", LATER, "c 0..50 50min 3x"),
        ("without a left event until the end of the conference", "c>0 |52", LATER, "c 0..52 52min 1x"),
        ("the same at that moment", "c>0 |52", 52, "c 0..52 52min 1x"),
        ("without left and ended events until the room closes", "c>0", 0, "c 0..? 0min 1x"),
        ("a minute later", "c>0", 1, "c 0..? 1min 1x"),
        ("a minute before closing", "c>0", 79, "c 0..? 79min 1x"),
        ("a crash of the server, at closing", "c>0", 80, "c 0..0 ~0min 1x"),
        ("a crash of the server, long after closing", "c>0", LATER, "c 0..0 ~0min 1x"),
        ("a crash of the server, after a second joined", "t>-3 c>0", LATER, "t -3..0 ~3min 1x, c 0..0 ~0min 1x"),
        (
            "a missing left event, until the last event of the room",
            "t>0 c>5 t<52",
            LATER,
            "t 0..52 52min 1x, c 5..52 ~47min 1x",
        ),
        ("a missing left event, until closing", "t>0 c>5 t<90", LATER, "t 0..80 80min 1x, c 5..80 ~75min 1x"),
        ("a missing left event on one of two devices", "c>0 c2>20 c<30", LATER, "c 0..30 ~30min 2x"),
        ("a missing left event, until the next joining", "c>0 c>20 c<50", LATER, "c 0..50 ~50min 2x"),
        ("a missing left event, until the end in between", "c>0 |10 c>20 c<50", LATER, "c 0..50 40min 2x"),
        ("a missing joined event", "c<30", LATER, "c ?..30 0min 1x"),
        ("a missing joined event before a visit", "c<10 c>20 c<50", LATER, "c 20..50 30min 2x"),
        ("a second conference", "t>0 c>0 |10 t2>15 c>16", 30, "t 0..? 25min 2x, c 0..? 24min 2x"),
        ("a second conference, ended", "t>0 c>0 |10 t2>15 c>16 |50", LATER, "t 0..50 45min 2x, c 0..50 44min 2x"),
        // The end of an earlier conference is reported late, and must not shorten a visit whose end is known.
        ("an end during a visit", "c>0 |10 c<50", 80, "c 0..50 50min 1x"),
        ("out and in within a second", "c>0 c<30 c>30 c<50", LATER, "c 0..50 50min 2x"),
        ("out and in within a second, still inside", "c>0 c<30 c>30", 40, "c 0..? 40min 2x"),
        ("out and in within a second, twice", "c>0 c<20 c>20 c<30 c>30 c<50", LATER, "c 0..50 50min 3x"),
        ("out and in within a second, the first joined event was lost", "c<30 c>30 c<50", LATER, "c 30..50 20min 2x"),
        ("in and out within a second", "c>30 c<30", LATER, "c 30..30 0min 1x"),
        ("in and out within a second, then again", "c>30 c<30 c>40 c<50", LATER, "c 30..50 10min 2x"),
        ("out and in within a second, in a new conference", "c>0 c<30 |30 c2>30 c2<50 |50", LATER, "c 0..50 50min 2x"),
        ("the same while inside", "c>0 c<30 |30 c2>30", 40, "c 0..? 40min 2x"),
        ("the same with the same connection", "c>0 c<30 |30 c>30 c<50 |50", LATER, "c 0..50 50min 2x"),
        ("an end before the joining", "|-10 c>0", 20, "c 0..? 20min 1x"),
        (
            "unknown people by connection",
            "u1>0 u2>0 u1<10 u1>20 c>5 u1<30 u2<40 c<50",
            LATER,
            "u 0..30 20min 2x, u 0..40 40min 1x, c 5..50 45min 1x",
        ),
        ("account and participant with the same number", "c>0 r>1 |50", LATER, "c 0..50 50min 1x, r 1..50 49min 1x"),
        ("the server's clock is ahead", "c>10", 5, "c 10..? 0min 1x"),
        ("joined after closing", "c>90", LATER, "c 90..90 ~0min 1x"),
        ("left before joining", "c<10 c>20", 30, "c 20..? 10min 2x"),
        ("left after closing", "c>0 c<200", LATER, "c 0..80 80min 1x"),
        ("ended after closing", "c>0 |200", LATER, "c 0..80 80min 1x"),
        ("joined again after closing", "c>0 c>200", LATER, "c 0..200 ~80min 2x"),
        ("left and ended after closing", "c>0 c<200 c2>10 |300", LATER, "c 0..80 80min 2x"),
    ] {
        assert_eq!(described(&events(log), now), expected, "{what}");
    }
}

#[test]
fn one_event_with_a_participant_identifies_the_connection() {
    let joined = |participant| event(minute(0), AttendanceEventKind::Joined, "c", participant);
    let left = |participant| event(minute(50), AttendanceEventKind::Left, "c", participant);
    let known = Some(client());
    for events in [
        vec![joined(known), left(None)],
        vec![joined(None), left(known)],
        vec![joined(None), joined(known), left(None)],
    ] {
        assert_eq!(described(&events, LATER), "c 0..50 50min 1x");
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

/// Two visits of 14.6 s and 15.4 s are half a minute, which is rounded up.
#[test]
fn fractions_of_seconds_add_up() {
    let second = |milliseconds: i64| Timestamp::from_millisecond(START * 1_000 + milliseconds).unwrap();
    let visit = |from, until| {
        [
            event(second(from), AttendanceEventKind::Joined, "c", Some(client())),
            event(second(until), AttendanceEventKind::Left, "c", Some(client())),
        ]
    };
    let events = [visit(0, 14_600), visit(20_000, 35_400)].concat();
    assert_eq!(attendance(&events, at(CLOSE), at(CLOSE))[0].minutes, 1);
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
/// overlap, but one may begin in the second in which the previous one ended.
fn any_visits() -> impl Strategy<Value = Vec<(usize, i64, i64)>> {
    proptest::collection::vec((0..connections().len(), prop_oneof![Just(0), 1_i64..500], 1_i64..1_500), 0..20).prop_map(
        |steps| {
            let mut free = [OPEN; 6];
            steps
                .into_iter()
                .filter_map(|(connection, gap, length)| {
                    let from = free[connection] + gap;
                    free[connection] = from + length;
                    (from + length <= CLOSE).then_some((connection, from, from + length))
                })
                .collect()
        },
    )
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

    /// Without new events minutes only grow while the room is open, and a participant who left stays absent. When it
    /// closes, only estimates shrink.
    #[test]
    fn attendance_grows_monotonically_over_time(events in any_events(), now in any_instant(), later in any_instant()) {
        let (now, later) = (now.min(later), now.max(later));
        let (before, after) = (attendance(&events, at(CLOSE), now), attendance(&events, at(CLOSE), later));
        prop_assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            prop_assert_eq!((before.participant, before.joined_at, before.visits), (after.participant, after.joined_at, after.visits));
            prop_assert!(before.minutes <= after.minutes || (after.estimated && now < at(CLOSE) && at(CLOSE) <= later));
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
            let (alone, among_others) = (attendance(&own, at(CLOSE), now).first().copied(), of(&all, participant));
            // An estimate lasts until the last event of the room, also one about others.
            match (alone, among_others) {
                (Some(alone), Some(among_others)) if alone.estimated => {
                    prop_assert!(among_others.estimated && alone.minutes <= among_others.minutes);
                }
                (alone, among_others) => prop_assert_eq!(alone, among_others),
            }
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
                estimated: false,
            });
            prop_assert_eq!(of(&found, participant), expected);
        }
    }

    /// A lost `left` event is an estimate, a lost `joined` event never lengthens a visit, and a participant with another event
    /// is still listed.
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
                AttendanceEventKind::Left | AttendanceEventKind::Ended => prop_assert!(part.estimated && !full.estimated),
            }
        }
    }
}
