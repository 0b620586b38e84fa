use super::*;
use crate::Role;
use crate::fixtures::{account, at, user};

fn token(purpose: OneTimePurpose) -> OneTimeToken {
    let owner = account(Role::Client);
    OneTimeToken {
        id: OneTimeTokenId::new(1).unwrap(),
        user: owner.id,
        purpose,
        nonce: [7; 16],
        email: owner.email,
        slot: None,
        created_at: at(0),
        expires_at: at(60),
        ended_at: None,
    }
}

#[test]
fn a_link_works_until_it_expires_or_ends() {
    let owner = account(Role::Client);
    for purpose in OneTimePurpose::ALL {
        let live = token(purpose);
        assert_eq!(live.check(&owner, at(59)), Ok(()));
        assert_eq!(live.check(&owner, at(60)), Err(DeadLink));
        let used = OneTimeToken { ended_at: Some(at(1)), ..live };
        assert_eq!(used.check(&owner, at(2)), Err(DeadLink));
    }
}

#[test]
fn a_link_dies_with_its_account_and_works_for_no_other() {
    let owner = account(Role::Client);
    for purpose in OneTimePurpose::ALL {
        let disabled = User { disabled: true, ..owner.clone() };
        assert_eq!(token(purpose).check(&disabled, at(1)), Err(DeadLink));
        let other = User { id: user(2), ..owner.clone() };
        assert_eq!(token(purpose).check(&other, at(1)), Err(DeadLink));
    }
}

#[test]
fn a_link_dies_with_the_address_unless_it_is_about_a_change_of_it() {
    let moved = User { email: "new@example.org".parse().unwrap(), ..account(Role::Client) };
    let survives = |purpose| token(purpose).check(&moved, at(1)).is_ok();
    let survivors: Vec<_> = OneTimePurpose::ALL.into_iter().filter(|purpose| survives(*purpose)).collect();
    assert_eq!(survivors, [OneTimePurpose::ConfirmEmail, OneTimePurpose::UndoEmail]);
}

#[test]
fn only_the_undo_of_a_change_survives_a_new_password() {
    let survives = |purpose: &OneTimePurpose| !OneTimePurpose::ENDED_BY_CHANGE.contains(purpose);
    let survivors: Vec<_> = OneTimePurpose::ALL.into_iter().filter(survives).collect();
    assert_eq!(survivors, [OneTimePurpose::UndoEmail]);
}

#[test]
fn each_purpose_has_its_lifetime() {
    let hours = OneTimePurpose::ALL.map(|purpose| purpose.lifetime().as_mins());
    assert_eq!(hours, [60, 15, 24 * 60, 24 * 60, 72 * 60, 7 * 24 * 60]);
}
