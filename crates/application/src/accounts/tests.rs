use attune_domain::{BookingId, EmailAddress, PersonName, Role, TimeZoneName};
use attune_ports::{Caller, HashError, Password};
use attune_test_doubles::PlainPasswordHasher;
use jiff::SignedDuration;

use super::*;
use crate::RequestMetadata;
use crate::fixtures::{PASSWORD, World};

fn password(text: &str) -> Password {
    Password::new(text.into())
}

fn wanted(email: &str, typed: &str) -> RegisterCommand {
    RegisterCommand {
        email: EmailAddress::parse(email).unwrap(),
        password: password(typed),
        first_name: None,
        last_name: None,
        time_zone: None,
    }
}

async fn refresh(world: &World, token: &str) -> Result<Tokens, RefreshError> {
    world.refresh.run(RefreshCommand { refresh_token: token.into(), metadata: RequestMetadata::default() }).await
}

/// Who calls with these tokens; the same person in each of the ways to ask.
async fn caller(world: &World, tokens: &Tokens) -> Result<Caller, AuthenticateError> {
    let (authenticate, token) = (&world.authenticate, &tokens.access_token);
    let alone = authenticate.run(token).await;
    let (mut beside, booking) = (None, BookingId::new(1).unwrap());
    let others = [
        authenticate.with_booking(token, booking).await.map(|(caller, _)| caller),
        authenticate.alongside(token, async |user| beside = Some(user)).await.map(|(caller, ())| caller),
    ];
    for other in others {
        match (&alone, other) {
            (Ok(one), Ok(other)) => assert_eq!((&other, beside), (one, Some(one.user.id))),
            (one, other) => assert_eq!(one.as_ref().err().map(ToString::to_string), other.err().map(|e| e.to_string())),
        }
    }
    alone
}

#[tokio::test]
async fn registering_makes_a_client_once() {
    let world = World::free().await;
    let register = Register { registration: Registration::Open, add_user: world.add_user.clone() };
    let user = register.run(wanted("Jane@Example.org", PASSWORD)).await.unwrap();
    assert_eq!((user.email.as_str(), user.role), ("jane@example.org", Role::Client));
    let again = register.run(wanted("jane@example.ORG", PASSWORD)).await;
    assert!(matches!(again, Err(RegisterError::Add(AddUserError::EmailTaken))));
    let closed = Register { registration: Registration::Closed, ..register };
    assert!(matches!(closed.run(wanted("else@example.org", PASSWORD)).await, Err(RegisterError::Closed)));
}

#[tokio::test]
async fn an_unknown_zone_is_refused() {
    let world = World::free().await;
    let register = Register { registration: Registration::Open, add_user: world.add_user.clone() };
    let mut command = wanted("jane@example.org", PASSWORD);
    command.time_zone = Some(TimeZoneName::parse("Europe/Atlantis").unwrap());
    assert!(matches!(register.run(command).await, Err(RegisterError::Add(AddUserError::UnknownTimeZone))));
}

#[test]
fn passwords() {
    let check = |text: &str, role| check_password(&password(text), role, &["jane.roe@example.org", "Jane", "Roe"]);
    assert_eq!(check("short", Role::Client), Err(PasswordProblem::TooShort(12)));
    assert_eq!(check("quiet herons", Role::Client), Ok(()));
    assert_eq!(check("quiet herons", Role::Admin), Err(PasswordProblem::TooShort(15)));
    assert_eq!(check(&"é".repeat(129), Role::Client), Err(PasswordProblem::TooLong));
    assert_eq!(check(&format!("{} ü🎉\0", "seven quiet herons ".repeat(6)), Role::Admin), Ok(()));
    for common in ["passwordpassword", "123456789012", "password12345", "aaaaaaaaaaaaaaa", "jane.roe@example.org"] {
        assert_eq!(check(common, Role::Client), Err(PasswordProblem::TooCommon), "{common}");
    }
}

#[tokio::test]
async fn a_login_opens_a_session_for_this_person() {
    let world = World::free().await;
    let user = world.client().await;
    let tokens = world.enter("Client@Example.org ", PASSWORD).await.unwrap();
    assert_eq!((tokens.user.id, tokens.expires_in), (user.id, 900));
    assert_eq!(caller(&world, &tokens).await.unwrap().user.id, user.id);
}

#[tokio::test]
async fn unknown_addresses_cost_as_much_as_wrong_passwords_and_read_the_same() {
    let world = World::free().await;
    world.client().await;
    for email in ["client@example.org", "unknown@example.org", "no address at all"] {
        let before = world.hasher.verifications();
        let refused = world.enter(email, "wrong password!").await.err().unwrap();
        assert!(matches!(refused, LogInError::InvalidCredentials), "{email}");
        assert_eq!(world.hasher.verifications(), before + 1, "{email}");
    }
}

#[tokio::test]
async fn a_disabled_account_hears_so_only_with_the_right_password() {
    let world = World::free().await;
    let user = world.client().await;
    manage(&world, user.id, None, Some(true)).await.unwrap();
    assert!(matches!(world.enter("client@example.org", PASSWORD).await.err(), Some(LogInError::Disabled)));
    let wrong = world.enter("client@example.org", "wrong password!").await.err();
    assert!(matches!(wrong, Some(LogInError::InvalidCredentials)));
}

#[tokio::test]
async fn too_many_failures_stop_strangers_but_not_the_owner() {
    let world = World::free().await;
    world.client().await;
    world.enter_from("client@example.org", PASSWORD, "203.0.113.0/24").await.unwrap();
    for _ in 0..3 {
        let refused = world.enter("client@example.org", "wrong password!").await.err();
        assert!(matches!(refused, Some(LogInError::InvalidCredentials)));
    }
    let before = world.hasher.verifications();
    assert!(matches!(world.enter("client@example.org", PASSWORD).await.err(), Some(LogInError::TooManyFailures)));
    assert_eq!(world.hasher.verifications(), before, "nothing is evaluated any more");
    world.enter_from("client@example.org", PASSWORD, "203.0.113.0/24").await.unwrap();
    // The login that worked cleared the count.
    world.enter("client@example.org", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn failures_are_forgotten_after_a_day_and_counted_for_no_one_too() {
    let world = World::free().await;
    for _ in 0..3 {
        world.enter("unknown@example.org", "wrong password!").await.err().unwrap();
    }
    let stopped = world.enter("unknown@example.org", "wrong password!").await.err();
    assert!(matches!(stopped, Some(LogInError::TooManyFailures)), "an unknown address is counted the same");
    world.clock.advance(SignedDuration::from_hours(24) + SignedDuration::from_secs(1));
    let again = world.enter("unknown@example.org", "wrong password!").await.err();
    assert!(matches!(again, Some(LogInError::InvalidCredentials)));
}

#[tokio::test]
async fn a_busy_hasher_is_told_apart_from_a_wrong_password() {
    let world = World::free().await;
    world.client().await;
    world.hasher.set_busy(true);
    let refused = world.enter("client@example.org", PASSWORD).await.err();
    assert!(matches!(refused, Some(LogInError::Hash(HashError::Busy))));
}

#[tokio::test]
async fn a_password_hashed_with_weaker_parameters_is_hashed_again() {
    let world = World::free().await;
    let user = world.client().await;
    let mut work = world.store.begin().await.unwrap();
    work.set_password(user.id, &PlainPasswordHasher::outdated_hash(&password(PASSWORD))).await.unwrap();
    work.commit().await.unwrap();
    let old = world.queries.credentials_of(user.id).await.unwrap().unwrap().password_hash;
    world.enter("client@example.org", PASSWORD).await.unwrap();
    let new = world.queries.credentials_of(user.id).await.unwrap().unwrap().password_hash;
    assert_ne!(old.as_str(), new.as_str());
    world.enter("client@example.org", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn access_tokens_end_and_follow_their_session() {
    let world = World::free().await;
    world.client().await;
    let tokens = world.enter("client@example.org", PASSWORD).await.unwrap();
    assert!(matches!(world.authenticate.run("nonsense").await, Err(AuthenticateError::Invalid)));
    world.clock.advance(SignedDuration::from_mins(15));
    assert!(matches!(caller(&world, &tokens).await, Err(AuthenticateError::Expired)));
    let tokens = refresh(&world, &tokens.refresh_token).await.unwrap();
    let signed_in = caller(&world, &tokens).await.unwrap();
    let command =
        LogOutCommand { caller: signed_in, refresh_token: None, all: false, metadata: RequestMetadata::default() };
    world.log_out.run(command).await.unwrap();
    assert!(matches!(caller(&world, &tokens).await, Err(AuthenticateError::Invalid)));
    assert!(matches!(refresh(&world, &tokens.refresh_token).await, Err(RefreshError::Invalid)));
}

#[tokio::test]
async fn a_token_of_one_person_with_the_session_of_another_is_refused() {
    let world = World::free().await;
    let user = world.client().await;
    world.add("other@example.org", Role::Client).await;
    let mine = world.enter("client@example.org", PASSWORD).await.unwrap();
    let theirs = world.enter("other@example.org", PASSWORD).await.unwrap();
    let session = caller(&world, &theirs).await.unwrap().session.id;
    let mut claims = world.log_in.issue.tokens.verify(&mine.access_token, world.now()).unwrap();
    assert_eq!(claims.user, user.id);
    claims.session = session;
    let forged = world.log_in.issue.tokens.issue(&claims).unwrap();
    assert!(matches!(world.authenticate.run(&forged).await, Err(AuthenticateError::Invalid)));
}

#[tokio::test]
async fn a_spent_refresh_token_ends_the_whole_session() {
    let world = World::free().await;
    world.client().await;
    let first = world.enter("client@example.org", PASSWORD).await.unwrap();
    let second = refresh(&world, &first.refresh_token).await.unwrap();
    let third = refresh(&world, &second.refresh_token).await.unwrap();
    assert!(caller(&world, &third).await.is_ok());
    assert!(matches!(refresh(&world, &first.refresh_token).await, Err(RefreshError::Invalid)));
    assert!(
        matches!(refresh(&world, &third.refresh_token).await, Err(RefreshError::Invalid)),
        "the newest is dead too"
    );
    assert!(matches!(caller(&world, &third).await, Err(AuthenticateError::Invalid)));
}

#[tokio::test]
async fn two_refreshes_at_once_both_work_and_a_late_one_does_not() {
    let world = World::free().await;
    world.client().await;
    let first = world.enter("client@example.org", PASSWORD).await.unwrap();
    let one = refresh(&world, &first.refresh_token).await.unwrap();
    let other = refresh(&world, &first.refresh_token).await.unwrap();
    assert!(caller(&world, &one).await.is_ok() && caller(&world, &other).await.is_ok());
    world.clock.advance(SignedDuration::from_secs(10));
    assert!(matches!(refresh(&world, &first.refresh_token).await, Err(RefreshError::Invalid)));
    assert!(matches!(caller(&world, &one).await, Err(AuthenticateError::Invalid)));
}

#[tokio::test]
async fn logging_out_ends_only_what_is_ones_own() {
    let world = World::free().await;
    world.client().await;
    world.add("other@example.org", Role::Client).await;
    let here = world.enter("client@example.org", PASSWORD).await.unwrap();
    let there = world.enter("client@example.org", PASSWORD).await.unwrap();
    let theirs = world.enter("other@example.org", PASSWORD).await.unwrap();
    let me = caller(&world, &here).await.unwrap();
    let out = |refresh_token: Option<String>, all| LogOutCommand {
        caller: me.clone(),
        refresh_token,
        all,
        metadata: RequestMetadata::default(),
    };
    world.log_out.run(out(Some(theirs.refresh_token.clone()), false)).await.unwrap();
    assert!(caller(&world, &theirs).await.is_ok(), "someone else's session is none of my business");
    assert!(caller(&world, &there).await.is_ok());
    world.log_out.run(out(None, true)).await.unwrap();
    assert!(caller(&world, &there).await.is_err());
}

#[tokio::test]
async fn changing_the_password_ends_all_other_sessions() {
    let world = World::free().await;
    world.client().await;
    let here = world.enter("client@example.org", PASSWORD).await.unwrap();
    let there = world.enter("client@example.org", PASSWORD).await.unwrap();
    let me = caller(&world, &here).await.unwrap();
    let change = |current: &str, new: &str| ChangePasswordCommand {
        caller: me.clone(),
        current: password(current),
        new: password(new),
        metadata: RequestMetadata::default(),
    };
    let wrong = world.change_password.run(change("wrong password!", "eight loud cranes")).await;
    assert!(matches!(wrong, Err(ChangePasswordError::WrongPassword)));
    let weak = world.change_password.run(change(PASSWORD, "short")).await;
    assert!(matches!(weak, Err(ChangePasswordError::Password(PasswordProblem::TooShort(12)))));
    world.change_password.run(change(PASSWORD, "eight loud cranes")).await.unwrap();
    assert!(caller(&world, &here).await.is_ok());
    assert!(caller(&world, &there).await.is_err());
    assert!(world.enter("client@example.org", PASSWORD).await.is_err());
    world.enter("client@example.org", "eight loud cranes").await.unwrap();
}

#[tokio::test]
async fn a_profile_changes_field_by_field() {
    let world = World::free().await;
    let user = world.client().await;
    let changed = world
        .update_profile
        .run(UpdateProfileCommand {
            user: user.id,
            first_name: Some(PersonName::parse("Zoë").unwrap()),
            last_name: None,
            preferred_name: None,
            time_zone: Some(Some(TimeZoneName::parse("America/New_York").unwrap())),
            metadata: RequestMetadata::default(),
        })
        .await
        .unwrap();
    assert_eq!(changed.display_name(), "Zoë client");
    let cleared = UpdateProfileCommand {
        user: user.id,
        first_name: None,
        last_name: Some(None),
        preferred_name: None,
        time_zone: None,
        metadata: RequestMetadata::default(),
    };
    let changed = world.update_profile.run(cleared).await.unwrap();
    assert_eq!(changed.display_name(), "client@example.org");
    assert_eq!(changed.time_zone.as_ref().unwrap().as_str(), "America/New_York");
    let choose = |preferred_name| UpdateProfileCommand {
        user: user.id,
        first_name: None,
        last_name: None,
        preferred_name: Some(preferred_name),
        time_zone: None,
        metadata: RequestMetadata::default(),
    };
    let changed = world.update_profile.run(choose(PersonName::parse("Captain").unwrap())).await.unwrap();
    assert_eq!(changed.display_name(), "Captain");
    let changed = world.update_profile.run(choose(None)).await.unwrap();
    assert_eq!(changed.display_name(), "client@example.org");
}

async fn manage(
    world: &World,
    user: attune_domain::UserId,
    role: Option<Role>,
    disabled: Option<bool>,
) -> Result<attune_domain::User, ManageUserError> {
    let admin =
        world.queries.credentials(&EmailAddress::parse("therapist@example.org").unwrap()).await.unwrap().unwrap();
    world
        .manage_user
        .run(ManageUserCommand {
            admin: admin.user.id,
            user,
            first_name: None,
            last_name: None,
            role,
            disabled,
            metadata: RequestMetadata::default(),
        })
        .await
}

#[tokio::test]
async fn the_last_admin_stays() {
    let world = World::free().await;
    let user = world.client().await;
    let admin =
        world.queries.credentials(&EmailAddress::parse("therapist@example.org").unwrap()).await.unwrap().unwrap();
    let id = admin.user.id;
    assert!(matches!(manage(&world, id, Some(Role::Client), None).await, Err(ManageUserError::LastAdmin)));
    assert!(matches!(manage(&world, id, None, Some(true)).await, Err(ManageUserError::LastAdmin)));
    manage(&world, user.id, Some(Role::Admin), Some(true)).await.unwrap();
    let still = manage(&world, id, Some(Role::Client), None).await;
    assert!(matches!(still, Err(ManageUserError::LastAdmin)), "a disabled admin runs nothing");
    manage(&world, user.id, None, Some(false)).await.unwrap();
    manage(&world, id, Some(Role::Client), None).await.unwrap();
    assert!(matches!(manage(&world, user.id, None, None).await, Err(ManageUserError::Forbidden)));
}

#[tokio::test]
async fn a_role_and_a_lock_out_count_at_once() {
    let world = World::free().await;
    let user = world.client().await;
    let tokens = world.enter("client@example.org", PASSWORD).await.unwrap();
    assert!(!caller(&world, &tokens).await.unwrap().user.is_admin());
    manage(&world, user.id, Some(Role::Admin), None).await.unwrap();
    assert!(caller(&world, &tokens).await.unwrap().user.is_admin());
    manage(&world, user.id, None, Some(true)).await.unwrap();
    assert!(matches!(caller(&world, &tokens).await, Err(AuthenticateError::Invalid)));
    manage(&world, user.id, None, Some(false)).await.unwrap();
    assert!(matches!(caller(&world, &tokens).await, Err(AuthenticateError::Invalid)), "the session stays ended");
}

#[tokio::test]
async fn the_first_admin_is_made_once() {
    let world = World::free().await;
    let admin =
        world.queries.credentials(&EmailAddress::parse("therapist@example.org").unwrap()).await.unwrap().unwrap();
    let email = EmailAddress::parse("admin@attune.localhost").unwrap();
    assert!(world.set_up.ensure_admin(&email).await.unwrap().is_none(), "there is one already");
    let mut work = world.store.begin().await.unwrap();
    work.save_user(&attune_domain::User { disabled: true, ..admin.user }).await.unwrap();
    work.commit().await.unwrap();
    let made = world.set_up.ensure_admin(&email).await.unwrap().unwrap();
    assert!(world.enter("admin@attune.localhost", &made.password).await.unwrap().user.is_admin());
    assert!(world.set_up.ensure_admin(&email).await.unwrap().is_none());
}
