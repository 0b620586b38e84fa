use proptest::prelude::*;

use super::*;

#[test]
fn viewer_ids_contain_no_personal_data() {
    assert_eq!(ViewerId::Account(UserId::new(7).unwrap()).to_string(), "user-7");
    assert_eq!(ViewerId::Participant(ParticipantId::new(7).unwrap()).to_string(), "guest-7");
}

#[test]
fn only_one_spelling_is_accepted() {
    for wrong in ["", "user", "user-", "user-0", "user--7", "user-07", "user-+7", "USER-7", "admin-7", "user-7 ", "7"] {
        assert_eq!(ViewerId::parse(wrong), None, "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn viewer_ids_round_trip(id in 1..=i64::MAX) {
        for viewer in [ViewerId::Account(UserId::new(id).unwrap()), ViewerId::Participant(ParticipantId::new(id).unwrap())] {
            prop_assert_eq!(ViewerId::parse(&viewer.to_string()), Some(viewer));
        }
    }
}
