use super::*;
use crate::Role;
use crate::fixtures::{account, at};

fn requires(policy: SecondFactorPolicy) -> (bool, bool) {
    let requires = |role| policy.requires_setup(&account(role), at(0));
    (requires(Role::Client), requires(Role::Admin))
}

#[test]
fn each_policy_is_for_those_it_names() {
    assert_eq!(SecondFactorPolicy::ALL.map(requires), [(false, false), (false, true), (true, true)]);
}

#[test]
fn who_has_a_second_factor_needs_no_other_one() {
    let admin = User { second_factor_at: Some(at(0)), second_factor_due_at: Some(at(5)), ..account(Role::Admin) };
    assert!(!SecondFactorPolicy::Everyone.requires_setup(&admin, at(60)));
    assert_eq!(SecondFactorPolicy::Everyone.setup_due_at(&admin), None);
}

#[test]
fn a_period_to_set_it_up_ends() {
    let admin = User { second_factor_due_at: Some(at(5)), ..account(Role::Admin) };
    assert!(!SecondFactorPolicy::Admins.requires_setup(&admin, at(4)));
    assert!(SecondFactorPolicy::Admins.requires_setup(&admin, at(5)));
    assert_eq!(SecondFactorPolicy::Admins.setup_due_at(&admin), Some(at(5)));
    assert_eq!(SecondFactorPolicy::Optional.setup_due_at(&admin), None);
}

#[test]
fn admins_of_an_earlier_release_have_two_weeks() {
    assert_eq!(SETUP_PERIOD.as_secs(), 14 * 86_400);
}
