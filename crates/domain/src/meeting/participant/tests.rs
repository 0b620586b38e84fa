//! Tests of how people in a room are named.

use proptest::prelude::*;

use super::*;

#[test]
fn a_person_is_named_without_a_word_about_them() {
    assert_eq!(ViewerId::Account(UserId::new(7).unwrap()).to_string(), "user-7");
    assert_eq!(ViewerId::Participant(ParticipantId::new(7).unwrap()).to_string(), "guest-7");
}

#[test]
fn only_the_one_spelling_is_read() {
    for wrong in ["", "user", "user-", "user-0", "user--7", "user-07", "user-+7", "USER-7", "admin-7", "user-7 ", "7"] {
        assert_eq!(ViewerId::parse(wrong), None, "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(id in 1..=i64::MAX) {
        for person in [ViewerId::Account(UserId::new(id).unwrap()), ViewerId::Participant(ParticipantId::new(id).unwrap())] {
            prop_assert_eq!(ViewerId::parse(&person.to_string()), Some(person));
        }
    }
}
