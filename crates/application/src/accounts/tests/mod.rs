mod email;
mod links;
mod new_clients;
mod operator;
mod second_factor;

use attune_domain::login_session::LoginSession;
use attune_domain::notification::NotificationKind;
use attune_domain::{
    BookingId, EmailAddress, Language, LoginSessionId, OneTimePurpose, PersonName, Role, TimeZoneName, User, UserId,
};
use attune_ports::{Caller, HashError, NewUser, Password, PasswordHasher};
use attune_test_doubles::PlainPasswordHasher;
use jiff::SignedDuration;

use super::*;
use crate::RequestMetadata;
use attune_test_store_contract::fixtures::client as new_client;

use crate::fixtures::{PASSWORD, TestPractice, email, origin, zone};

const CLIENT: &str = "client@example.org";
const WRONG: &str = "wrong password!";

fn password(text: &str) -> Password {
    Password::new(text.into())
}

fn registration(email: &str, time_zone: Option<TimeZoneName>) -> RegisterCommand {
    let (email, password) = (EmailAddress::parse(email).unwrap(), Some(password(PASSWORD)));
    let metadata = RequestMetadata::default();
    RegisterCommand {
        email,
        password,
        first_name: None,
        last_name: None,
        time_zone,
        language: None,
        slot: None,
        metadata,
    }
}

async fn register(practice: &TestPractice, command: RegisterCommand) -> Result<User, RegisterError> {
    match practice.register.run(command).await? {
        Registered::Account { user, .. } => Ok(*user),
        Registered::Mailed => panic!("registration is open"),
    }
}

/// A practice with a client who is logged in.
async fn logged_in() -> (TestPractice, User, Tokens) {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let tokens = practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
    (practice, client, tokens)
}

/// Why a login fails.
async fn refused(practice: &TestPractice, email: &str, password: &str) -> LogInError {
    practice.log_in_as(email, password).await.err().expect("the login fails")
}

async fn refresh(practice: &TestPractice, tokens: &Tokens) -> Result<Tokens, RefreshError> {
    let refresh_token = tokens.refresh_token.clone();
    practice.refresh.run(RefreshCommand { refresh_token, metadata: RequestMetadata::default() }).await
}

/// The caller whom these tokens identify; every way to authenticate gives the same result.
async fn caller(practice: &TestPractice, tokens: &Tokens) -> Result<Caller, AuthenticateError> {
    let (authenticate, token) = (&practice.authenticate, &tokens.access_token);
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
async fn an_address_is_registered_once_in_a_known_zone_while_registration_is_open() {
    let practice = TestPractice::free().await;
    let user = register(&practice, registration("Jane@Example.org", None)).await.unwrap();
    assert_eq!((user.email.as_str(), user.role), ("jane@example.org", Role::Client));
    let again = register(&practice, registration("jane@example.ORG", None)).await;
    assert!(matches!(again, Err(RegisterError::Add(AddUserError::EmailTaken))));
    let nowhere = register(&practice, registration("other@example.org", Some(zone("Europe/Atlantis")))).await;
    assert!(matches!(nowhere, Err(RegisterError::Add(AddUserError::UnknownTimeZone))));
    let closed = Register { registration: Registration::Closed, ..practice.register.clone() };
    assert!(matches!(closed.run(registration("other@example.org", None)).await, Err(RegisterError::Closed)));
}

#[test]
fn passwords() {
    let check = |text: &str, role| check_password(&password(text), role, &["jane.roe@example.org", "Jane", "Roe"]);
    assert_eq!(check("short", Role::Client), Err(PasswordProblem::TooShort(12)));
    assert_eq!(check("quiet herons", Role::Client), Ok(()));
    assert_eq!(check("quiet herons", Role::Admin), Err(PasswordProblem::TooShort(15)));
    assert_eq!(check(&"é".repeat(129), Role::Client), Err(PasswordProblem::TooLong));
    assert_eq!(check(&"e\u{301}".repeat(11), Role::Client), Err(PasswordProblem::TooShort(12)), "normalised");
    assert_eq!(check(&"q\u{e8}f ".repeat(32).replace('\u{e8}', "e\u{300}"), Role::Client), Ok(()), "normalised");
    assert_eq!(check(&format!("{} ü🎉\0", "seven quiet herons ".repeat(6)), Role::Admin), Ok(()));
    for common in ["passwordpassword", "123456789012", "password12345", "aaaaaaaaaaaaaaa", "jane.roe@example.org"] {
        assert_eq!(check(common, Role::Client), Err(PasswordProblem::TooCommon), "{common}");
    }
}

#[tokio::test]
async fn a_login_opens_a_session_of_the_user() {
    let practice = TestPractice::free().await;
    let user = practice.client().await;
    let tokens = practice.log_in_as("Client@Example.org ", PASSWORD).await.unwrap();
    assert_eq!((tokens.user.id, tokens.expires_in), (user.id, 900));
    assert_eq!(caller(&practice, &tokens).await.unwrap().user.id, user.id);
}

#[tokio::test]
async fn an_unknown_address_takes_as_much_work_as_a_wrong_password_and_gets_the_same_error() {
    let practice = TestPractice::free().await;
    practice.client().await;
    let invited = NewUser { password_hash: None, ..new_client("invited") };
    practice.edit(async |work| work.add_user(&invited).await.unwrap()).await;
    for email in [CLIENT, "invited@example.org", "unknown@example.org", "no address at all"] {
        let before = practice.hasher.verifications();
        assert!(matches!(refused(&practice, email, WRONG).await, LogInError::InvalidCredentials), "{email}");
        assert_eq!(practice.hasher.verifications(), before + 1, "{email}");
    }
}

/// The same password as two keyboards write it.
const TYPED: [(&str, &str); 3] = [
    // Composed and decomposed.
    ("acht stille Störche", "acht stille Sto\u{308}rche"),
    ("\u{1e69}even quiet herons", "s\u{307}\u{323}even quiet herons"),
    // Another space.
    ("seven quiet cranes!", "seven\u{a0}quiet\u{3000}cranes!"),
];

#[tokio::test]
async fn a_password_does_not_depend_on_the_keyboard() {
    let practice = TestPractice::free().await;
    for (set, typed) in TYPED.into_iter().flat_map(|(one, other)| [(one, other), (other, one)]) {
        let name = format!("client{}@example.org", practice.hasher.verifications());
        let command = RegisterCommand { password: Some(password(set)), ..registration(&name, None) };
        register(&practice, command).await.unwrap();
        let tokens = practice.log_in_as(&name, typed).await.unwrap();
        practice.log_in_as(&name, set).await.unwrap();
        let caller = caller(&practice, &tokens).await.unwrap();
        let (current, metadata) = (Some(password(typed)), RequestMetadata::default());
        let command = ChangePasswordCommand { caller, current, new: password(typed), metadata };
        practice.change_password.run(command).await.unwrap();
        practice.log_in_as(&name, set).await.unwrap();
        assert!(matches!(refused(&practice, &name, &set.to_uppercase()).await, LogInError::InvalidCredentials));
    }
}

#[tokio::test]
async fn a_hash_of_a_password_as_it_was_typed_works_and_is_replaced() {
    let practice = TestPractice::free().await;
    let user = practice.client().await;
    for (plain, typed) in TYPED {
        let old = practice.hasher.hash(&password(typed).as_typed().unwrap()).await.unwrap();
        practice.edit(async |work| work.set_password(user.id, Some(&old)).await.unwrap()).await;
        assert!(matches!(refused(&practice, CLIENT, plain).await, LogInError::InvalidCredentials), "{typed:?}");
        practice.log_in_as(CLIENT, typed).await.unwrap();
        let new = practice.queries.credentials_of(user.id).await.unwrap().unwrap().password_hash;
        assert_eq!(new, Some(practice.hasher.hash(&password(plain)).await.unwrap()), "{typed:?}");
        practice.log_in_as(CLIENT, plain).await.unwrap();
        practice.log_in_as(CLIENT, typed).await.unwrap();
    }
}

#[tokio::test]
async fn the_text_alone_decides_how_many_hashes_a_login_takes() {
    let practice = TestPractice::free().await;
    let user = practice.client().await;
    let hash = practice.hasher.hash(&password(TYPED[0].0)).await.unwrap();
    practice.edit(async |work| work.set_password(user.id, Some(&hash)).await.unwrap()).await;
    for (typed, hashes) in [(TYPED[0].0, 1), (TYPED[0].1, 2), (TYPED[1].1, 2), (WRONG, 1), ("wrong\u{a0}password!", 2)]
    {
        for email in [CLIENT.to_owned(), format!("unknown{hashes}@example.org"), format!("no address {typed}")] {
            let before = practice.hasher.verifications();
            let _ = practice.log_in_as(&email, typed).await;
            assert_eq!(practice.hasher.verifications() - before, hashes, "{email} {typed:?}");
        }
    }
}

#[tokio::test]
async fn only_the_right_password_shows_that_an_account_is_disabled() {
    let practice = TestPractice::free().await;
    let user = practice.client().await;
    manage(&practice, user.id, None, Some(true)).await.unwrap();
    assert!(matches!(refused(&practice, CLIENT, PASSWORD).await, LogInError::Disabled));
    assert!(matches!(refused(&practice, CLIENT, WRONG).await, LogInError::InvalidCredentials));
}

#[tokio::test]
async fn strangers_share_a_limit_whatever_their_network_and_do_not_stop_a_device_that_was_used() {
    let practice = TestPractice::free().await;
    practice.client().await;
    let device = practice.log_in_as(CLIENT, PASSWORD).await.unwrap().device_token;
    let other_device = practice.log_in_as(CLIENT, PASSWORD).await.unwrap().device_token;
    let from_device = async |password| log_in_with(&practice, password, device.clone()).await;
    for (network, typed) in
        [("198.51.100.0/24", CLIENT), ("203.0.113.0/24", "CLIENT@example.org"), ("192.0.2.0/24", " client@Example.org")]
    {
        let guess = practice.log_in_from(network, typed, WRONG).await.err();
        assert!(matches!(guess, Some(LogInError::InvalidCredentials)), "{network}");
    }
    let before = practice.hasher.verifications();
    assert!(matches!(refused(&practice, CLIENT, PASSWORD).await, LogInError::TooManyFailures));
    assert_eq!(practice.hasher.verifications(), before, "the password is not verified");
    from_device(PASSWORD).await.unwrap();
    assert!(matches!(refused(&practice, CLIENT, PASSWORD).await, LogInError::TooManyFailures), "of strangers");
    // The device has a limit of its own.
    for _ in 0..20 {
        assert!(matches!(from_device(WRONG).await.err(), Some(LogInError::InvalidCredentials)));
    }
    assert!(matches!(from_device(PASSWORD).await.err(), Some(LogInError::TooManyFailures)));
    log_in_with(&practice, PASSWORD, other_device).await.unwrap();
    practice.clock.advance(SignedDuration::from_hours(24) + SignedDuration::from_secs(1));
    from_device(PASSWORD).await.unwrap();
    practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
}

async fn log_in_with(practice: &TestPractice, typed: &str, device_token: Option<String>) -> Result<Tokens, LogInError> {
    let origin = LoginOrigin { device_token, ..origin("192.0.2.0/24") };
    let command = LogInCommand { email: CLIENT.into(), password: password(typed), code: None, origin };
    practice.log_in.run(command).await
}

#[tokio::test]
async fn a_right_password_clears_the_guesses_and_what_is_not_checked_is_none() {
    let practice = TestPractice::free().await;
    let user = practice.client().await;
    for _ in 0..4 {
        for _ in 0..2 {
            refused(&practice, CLIENT, WRONG).await;
        }
        practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
    }
    practice.hasher.set_busy(true);
    for _ in 0..9 {
        assert!(matches!(refused(&practice, CLIENT, PASSWORD).await, LogInError::Hash(HashError::Busy)));
    }
    practice.hasher.set_busy(false);
    practice.save_user(User { disabled: true, ..user }).await;
    for _ in 0..9 {
        assert!(matches!(refused(&practice, CLIENT, PASSWORD).await, LogInError::Disabled));
    }
}

#[tokio::test]
async fn the_device_of_another_user_is_a_stranger() {
    let practice = TestPractice::free().await;
    practice.client().await;
    practice.add("other", Role::Client).await;
    let foreign = practice.log_in_as("other@example.org", PASSWORD).await.unwrap().device_token;
    for _ in 0..3 {
        log_in_with(&practice, WRONG, foreign.clone()).await.err();
    }
    for device in [foreign, Some("device-1-zz".into()), None] {
        let refusal = log_in_with(&practice, PASSWORD, device).await.err();
        assert!(matches!(refusal, Some(LogInError::TooManyFailures)));
    }
}

#[tokio::test]
async fn failures_are_counted_for_unknown_addresses_too_and_expire_after_a_day() {
    let practice = TestPractice::free().await;
    let unknown = || refused(&practice, "unknown@example.org", WRONG);
    for _ in 0..3 {
        unknown().await;
    }
    assert!(matches!(unknown().await, LogInError::TooManyFailures), "an unknown address is counted the same");
    practice.clock.advance(SignedDuration::from_hours(24) + SignedDuration::from_secs(1));
    assert!(matches!(unknown().await, LogInError::InvalidCredentials));
}

#[tokio::test]
async fn a_busy_hasher_is_distinguished_from_a_wrong_password() {
    let practice = TestPractice::free().await;
    practice.client().await;
    practice.hasher.set_busy(true);
    assert!(matches!(refused(&practice, CLIENT, PASSWORD).await, LogInError::Hash(HashError::Busy)));
}

#[tokio::test]
async fn a_password_hashed_with_weaker_parameters_is_hashed_again() {
    let practice = TestPractice::free().await;
    let user = practice.client().await;
    let old = PlainPasswordHasher::outdated_hash(&password(PASSWORD));
    practice.edit(async |work| work.set_password(user.id, Some(&old)).await.unwrap()).await;
    practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
    let new = practice.queries.credentials_of(user.id).await.unwrap().unwrap().password_hash;
    assert_ne!(Some(old), new);
    practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_access_token_expires_and_ends_with_its_session() {
    let (practice, _, tokens) = logged_in().await;
    assert!(matches!(practice.authenticate.run("nonsense").await, Err(AuthenticateError::Invalid)));
    practice.advance_minutes(15);
    assert!(matches!(caller(&practice, &tokens).await, Err(AuthenticateError::Expired)));
    let tokens = refresh(&practice, &tokens).await.unwrap();
    let caller_now = caller(&practice, &tokens).await.unwrap();
    log_out(&practice, &caller_now, None, false).await;
    assert!(matches!(caller(&practice, &tokens).await, Err(AuthenticateError::Invalid)));
    assert!(matches!(refresh(&practice, &tokens).await, Err(RefreshError::Invalid)));
}

#[tokio::test]
async fn a_token_of_one_user_with_the_session_of_another_is_refused() {
    let (practice, user, own) = logged_in().await;
    practice.add("other", Role::Client).await;
    let foreign = practice.log_in_as("other@example.org", PASSWORD).await.unwrap();
    let mut claims = practice.log_in.open.issue.tokens.verify(&own.access_token, practice.now()).unwrap();
    assert_eq!(claims.user, user.id);
    claims.session = caller(&practice, &foreign).await.unwrap().session.id;
    let forged = practice.log_in.open.issue.tokens.issue(&claims).unwrap();
    assert!(matches!(practice.authenticate.run(&forged).await, Err(AuthenticateError::Invalid)));
}

#[tokio::test]
async fn reuse_of_a_refresh_token_ends_the_whole_session() {
    let (practice, _, first) = logged_in().await;
    let second = refresh(&practice, &first).await.unwrap();
    let third = refresh(&practice, &second).await.unwrap();
    assert!(caller(&practice, &third).await.is_ok());
    assert!(matches!(refresh(&practice, &first).await, Err(RefreshError::Invalid)));
    assert!(matches!(refresh(&practice, &third).await, Err(RefreshError::Invalid)), "the newest is invalid too");
    assert!(matches!(caller(&practice, &third).await, Err(AuthenticateError::Invalid)));
}

#[tokio::test]
async fn two_refreshes_at_once_both_work_and_a_late_one_does_not() {
    let (practice, _, first) = logged_in().await;
    let one = refresh(&practice, &first).await.unwrap();
    let other = refresh(&practice, &first).await.unwrap();
    assert!(caller(&practice, &one).await.is_ok() && caller(&practice, &other).await.is_ok());
    practice.clock.advance(SignedDuration::from_secs(10));
    assert!(matches!(refresh(&practice, &first).await, Err(RefreshError::Invalid)));
    assert!(matches!(caller(&practice, &one).await, Err(AuthenticateError::Invalid)));
}

async fn log_out(practice: &TestPractice, caller: &Caller, refresh_token: Option<String>, all: bool) {
    let (caller, metadata) = (caller.clone(), RequestMetadata::default());
    practice.log_out.run(LogOutCommand { caller, refresh_token, all, metadata }).await.unwrap();
}

#[tokio::test]
async fn a_logout_ends_only_sessions_of_the_user() {
    let (practice, _, here) = logged_in().await;
    practice.add("other", Role::Client).await;
    let there = practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
    let foreign = practice.log_in_as("other@example.org", PASSWORD).await.unwrap();
    let user = caller(&practice, &here).await.unwrap();
    log_out(&practice, &user, Some(foreign.refresh_token.clone()), false).await;
    assert!(caller(&practice, &foreign).await.is_ok(), "it belongs to another user");
    assert!(caller(&practice, &there).await.is_ok());
    log_out(&practice, &user, None, true).await;
    assert!(caller(&practice, &there).await.is_err());
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let (practice, _, here) = logged_in().await;
    let there = practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
    let caller_here = caller(&practice, &here).await.unwrap();
    let change = |current: &str, new: &str| {
        practice.change_password.run(ChangePasswordCommand {
            caller: caller_here.clone(),
            current: Some(password(current)),
            new: password(new),
            metadata: RequestMetadata::default(),
        })
    };
    assert!(matches!(
        change(WRONG, "eight loud cranes").await,
        Err(ChangePasswordError::Current(OwnPasswordError::Wrong))
    ));
    let weak = change(PASSWORD, "short").await;
    assert!(matches!(weak, Err(ChangePasswordError::Password(PasswordProblem::TooShort(12)))));
    change(PASSWORD, "eight loud cranes").await.unwrap();
    assert!(caller(&practice, &here).await.is_ok());
    assert!(caller(&practice, &there).await.is_err());
    assert!(matches!(refused(&practice, CLIENT, PASSWORD).await, LogInError::InvalidCredentials));
    practice.log_in_as(CLIENT, "eight loud cranes").await.unwrap();
}

#[tokio::test]
async fn a_profile_changes_field_by_field() {
    let practice = TestPractice::free().await;
    let unchanged = UpdateProfileCommand {
        user: practice.client().await.id,
        first_name: None,
        last_name: None,
        preferred_name: None,
        time_zone: None,
        language: None,
        notify: None,
        agenda_at: None,
        metadata: RequestMetadata::default(),
    };
    let name = |text| Some(PersonName::parse(text).unwrap());
    let new_york = Some(Some(zone("America/New_York")));
    for (command, expected) in [
        (
            UpdateProfileCommand { first_name: name("Zoë"), time_zone: new_york.clone(), ..unchanged.clone() },
            "Zoë client",
        ),
        (UpdateProfileCommand { last_name: Some(None), ..unchanged.clone() }, "Zoë"),
        (UpdateProfileCommand { preferred_name: name("Captain"), ..unchanged.clone() }, "Captain"),
        (UpdateProfileCommand { preferred_name: Some(None), ..unchanged.clone() }, "Zoë"),
        (UpdateProfileCommand { first_name: Some(None), ..unchanged.clone() }, CLIENT),
    ] {
        let changed = practice.update_profile.run(command.clone()).await.unwrap();
        assert_eq!(changed.display_name(), expected, "{command:?}");
        assert_eq!(Some(changed.time_zone), new_york, "{command:?}");
        assert_eq!(changed.language, None, "{command:?}");
    }
    for (change, expected) in
        [(Some(Some(Language::German)), Some(Language::German)), (None, Some(Language::German)), (Some(None), None)]
    {
        let command = UpdateProfileCommand { language: change, ..unchanged.clone() };
        assert_eq!(practice.update_profile.run(command).await.unwrap().language, expected, "{change:?}");
    }
}

/// A caller who gave their password again just now.
fn stepped_up(practice: &TestPractice, user: User) -> Caller {
    let now = practice.now();
    let id = LoginSessionId::new(1).unwrap();
    let session = LoginSession {
        id,
        user: user.id,
        generation: 1,
        rotated_at: now,
        created_at: now,
        stepped_up_at: Some(now),
        ended_at: None,
    };
    Caller { user, session }
}

async fn manage(
    practice: &TestPractice,
    user: UserId,
    role: Option<Role>,
    disabled: Option<bool>,
) -> Result<User, ManageUserError> {
    let (admin, metadata) = (stepped_up(practice, practice.therapist().await), RequestMetadata::default());
    let (first_name, last_name, version) = (None, None, None);
    let command = ManageUserCommand { admin, user, first_name, last_name, role, disabled, version, metadata };
    practice.manage_user.run(command).await
}

#[tokio::test]
async fn the_last_admin_stays() {
    let practice = TestPractice::free().await;
    let user = practice.client().await;
    let id = practice.therapist().await.id;
    assert!(matches!(manage(&practice, id, Some(Role::Client), None).await, Err(ManageUserError::LastAdmin)));
    assert!(matches!(manage(&practice, id, None, Some(true)).await, Err(ManageUserError::LastAdmin)));
    manage(&practice, user.id, Some(Role::Admin), Some(true)).await.unwrap();
    let still = manage(&practice, id, Some(Role::Client), None).await;
    assert!(matches!(still, Err(ManageUserError::LastAdmin)), "a disabled admin does not count");
    manage(&practice, user.id, None, Some(false)).await.unwrap();
    manage(&practice, id, Some(Role::Client), None).await.unwrap();
    assert!(matches!(manage(&practice, user.id, None, None).await, Err(ManageUserError::Forbidden)));
}

#[tokio::test]
async fn the_second_of_two_admins_who_edit_an_account_is_refused() {
    let practice = TestPractice::free().await;
    let loaded = practice.client().await;
    let admin = stepped_up(&practice, practice.therapist().await);
    let edit = async |name: &str, role: Role, version: Option<u32>| {
        let command = ManageUserCommand {
            admin: admin.clone(),
            user: loaded.id,
            first_name: Some(PersonName::parse(name).unwrap()),
            last_name: None,
            role: Some(role),
            disabled: None,
            version,
            metadata: RequestMetadata::default(),
        };
        practice.manage_user.run(command).await
    };
    let stored = async || practice.queries.user(loaded.id).await.unwrap().unwrap();
    let first = edit("Kim", Role::Client, Some(loaded.version)).await.unwrap();
    assert_eq!((&first, first.version), (&stored().await, loaded.version + 1));
    for outdated in [loaded.version, first.version + 1] {
        let refused = edit("Robin", Role::Admin, Some(outdated)).await;
        assert!(matches!(refused, Err(ManageUserError::VersionConflict)), "{refused:?}");
        assert_eq!(stored().await, first);
        assert!(practice.delivered().await.is_empty(), "no one is told of a new role");
    }
    let second = edit("Robin", Role::Client, Some(first.version)).await.unwrap();
    let third = edit("Sasha", Role::Client, None).await.unwrap();
    assert_eq!((second.version, third.version), (first.version + 1, first.version + 2));
    assert_eq!(stored().await, third);
}

#[tokio::test]
async fn a_changed_role_and_a_disabled_account_count_at_once() {
    let (practice, user, tokens) = logged_in().await;
    assert!(!caller(&practice, &tokens).await.unwrap().user.is_admin());
    manage(&practice, user.id, Some(Role::Admin), None).await.unwrap();
    assert!(caller(&practice, &tokens).await.unwrap().user.is_admin());
    practice.request_link.reset_password(&email("client")).await.unwrap();
    let (link, sent) = (links::token(&practice).await, practice.delivered().await.len());
    manage(&practice, user.id, None, Some(true)).await.unwrap();
    assert!(matches!(caller(&practice, &tokens).await, Err(AuthenticateError::Invalid)));
    assert_eq!(links::mailed(&practice, sent).await, [(NotificationKind::AccountDisabled, CLIENT.to_owned())]);
    manage(&practice, user.id, None, Some(false)).await.unwrap();
    assert!(matches!(caller(&practice, &tokens).await, Err(AuthenticateError::Invalid)), "the session stays ended");
    let found = practice.one_time_links.find(&link, OneTimePurpose::ResetPassword, practice.now()).await;
    assert!(matches!(found, Err(OneTimeLinkError::Dead(_))), "and so does the link");
}

#[tokio::test]
async fn the_first_admin_is_added_once() {
    let practice = TestPractice::free().await;
    let admin = practice.therapist().await;
    let ensure = async || practice.set_up.ensure_admin(&email("admin")).await.unwrap();
    assert!(ensure().await.is_none(), "there is one already");
    practice.save_user(User { disabled: true, ..admin }).await;
    let added = ensure().await.unwrap();
    assert!(practice.log_in_as("admin@example.org", &added.password).await.unwrap().user.is_admin());
    assert!(ensure().await.is_none());
}

#[tokio::test]
async fn a_user_ends_their_own_live_sessions_only() {
    let (practice, _, tokens) = logged_in().await;
    practice.add("other", Role::Client).await;
    let foreign = practice.log_in_as("other@example.org", PASSWORD).await.unwrap();
    practice.advance_minutes(1);
    let second = practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
    let this = caller(&practice, &tokens).await.unwrap();
    let foreign_id = caller(&practice, &foreign).await.unwrap().session.id;
    let second_id = caller(&practice, &second).await.unwrap().session.id;
    let sessions = &practice.login_sessions;
    let metadata = RequestMetadata::default();
    let listed =
        async || -> Vec<_> { sessions.list(&this).await.unwrap().into_iter().map(|view| view.session.id).collect() };
    assert_eq!(listed().await, [second_id, this.session.id]);
    sessions.end(&this, second_id, &metadata).await.unwrap();
    for not_one in [foreign_id, second_id] {
        let refused = sessions.end(&this, not_one, &metadata).await;
        assert!(matches!(refused, Err(EndLoginSessionError::NotFound)));
    }
    assert_eq!(listed().await, [this.session.id]);
    let third = practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
    sessions.end_others(&this, &metadata).await.unwrap();
    assert!(caller(&practice, &third).await.is_err());
    for live in [&tokens, &foreign] {
        caller(&practice, live).await.unwrap();
    }
    practice.clock.advance(SignedDuration::from_hours(14 * 24));
    assert_eq!(listed().await, [], "none was used for fourteen days");
}
