use proptest::prelude::*;

use super::*;

const LOGIN: i64 = 1_705_312_800;
const DAY: i64 = 86_400;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Refreshed five times, the last time an hour after the login.
fn session() -> LoginSession {
    LoginSession {
        id: LoginSessionId::new(3).unwrap(),
        user: UserId::new(7).unwrap(),
        generation: 6,
        rotated_at: at(LOGIN + 3_600),
        created_at: at(LOGIN),
        stepped_up_at: None,
        ended_at: None,
    }
}

fn decide(session: &LoginSession, generation: u32, second: i64) -> RefreshDecision {
    LoginSessionPolicy::default().decide(session, generation, at(second))
}

#[test]
fn the_newest_token_rotates_until_the_idle_limit() {
    let rotated = LOGIN + 3_600;
    for (second, decision) in [
        (rotated, RefreshDecision::Rotate),
        (rotated + 9, RefreshDecision::Rotate),
        (rotated + 11, RefreshDecision::Rotate),
        (rotated + 14 * DAY - 1, RefreshDecision::Rotate),
        (rotated + 14 * DAY, RefreshDecision::Ended),
        (rotated + 15 * DAY, RefreshDecision::Ended),
    ] {
        assert_eq!(decide(&session(), 6, second), decision, "{} s after the refresh", second - rotated);
    }
}

#[test]
fn the_previous_token_is_valid_for_ten_seconds() {
    let rotated = LOGIN + 3_600;
    for (second, decision) in [
        (rotated, RefreshDecision::Overlap),
        (rotated + 9, RefreshDecision::Overlap),
        (rotated + 10, RefreshDecision::Reused),
        (rotated + 11, RefreshDecision::Reused),
        (rotated + DAY, RefreshDecision::Reused),
        // The clock of another machine may be slightly behind.
        (rotated - 1, RefreshDecision::Overlap),
    ] {
        assert_eq!(decide(&session(), 5, second), decision, "{} s after the refresh", second - rotated);
    }
}

#[test]
fn an_older_token_is_reuse_even_within_the_overlap() {
    let rotated = LOGIN + 3_600;
    for generation in [0, 1, 2, 3, 4] {
        for second in [rotated, rotated + 9, rotated + DAY] {
            assert_eq!(decide(&session(), generation, second), RefreshDecision::Reused, "generation {generation}");
        }
    }
}

#[test]
fn a_generation_that_was_never_issued_is_reuse() {
    for generation in [7, 8, u32::MAX] {
        assert_eq!(decide(&session(), generation, LOGIN + 3_600), RefreshDecision::Reused, "generation {generation}");
    }
}

#[test]
fn a_login_session_ends_after_ninety_days() {
    for (since_login, decision) in [(90 * DAY - 1, RefreshDecision::Rotate), (90 * DAY, RefreshDecision::Ended)] {
        let active = LoginSession { rotated_at: at(LOGIN + since_login - 5), ..session() };
        assert_eq!(decide(&active, 6, LOGIN + since_login), decision);
        assert_eq!(
            decide(&active, 5, LOGIN + since_login),
            if decision == RefreshDecision::Ended { RefreshDecision::Ended } else { RefreshDecision::Overlap }
        );
    }
}

#[test]
fn an_ended_login_session_refuses_every_token() {
    let ended = LoginSession { ended_at: Some(at(LOGIN + 3_605)), ..session() };
    for generation in [1, 5, 6, 7] {
        for second in [LOGIN, LOGIN + 3_600, LOGIN + 3_604, LOGIN + 3_606, LOGIN + DAY] {
            assert_eq!(decide(&ended, generation, second), RefreshDecision::Ended);
        }
    }
    assert!(!LoginSessionPolicy::default().is_live(&ended, at(LOGIN + 3_606)));
}

#[test]
fn an_ended_login_session_reports_no_reuse() {
    // Otherwise an old token would raise an alarm about a login session that ended long ago.
    assert_eq!(decide(&session(), 1, LOGIN + 100 * DAY), RefreshDecision::Ended);
}

#[test]
fn the_default_policy_is_the_documented_one() {
    let policy = LoginSessionPolicy::default();
    assert_eq!((policy.idle, policy.absolute), (SignedDuration::from_hours(336), SignedDuration::from_hours(2_160)));
    assert_eq!(policy.overlap, SignedDuration::from_secs(10));
}

proptest! {
    /// At most two generations are accepted, and only while the login session is active.
    #[test]
    fn only_the_last_two_generations_ever_work(generation: u32, newest in 1_u32.., after in -60_i64..200 * DAY, ended: bool) {
        let rotated = LOGIN + 3_600;
        let ended_at = ended.then(|| at(rotated));
        let session = LoginSession { generation: newest, ended_at, ..session() };
        let policy = LoginSessionPolicy::default();
        let now = at(rotated + after);
        for candidate in [generation, newest - 1, newest, newest.saturating_add(1)] {
            match policy.decide(&session, candidate, now) {
                RefreshDecision::Rotate => prop_assert!(policy.is_live(&session, now) && candidate == newest),
                RefreshDecision::Overlap => prop_assert!(policy.is_live(&session, now) && candidate == newest - 1 && after < 10),
                RefreshDecision::Reused => prop_assert!(policy.is_live(&session, now) && candidate != newest),
                RefreshDecision::Ended => prop_assert!(!policy.is_live(&session, now)),
            }
        }
    }
}

#[test]
fn a_step_up_lasts_ten_minutes() {
    let stepped_up = LoginSession { stepped_up_at: Some(at(LOGIN)), ..session() };
    assert!(stepped_up.is_stepped_up(at(LOGIN)));
    assert!(stepped_up.is_stepped_up(at(LOGIN + 599)));
    assert!(!stepped_up.is_stepped_up(at(LOGIN + 600)));
    assert!(!session().is_stepped_up(at(LOGIN)));
}
