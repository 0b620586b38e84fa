//! Links to set a password, to log in and to verify an address.

use attune_domain::notification::NotificationKind;
use attune_domain::{ChosenSlot, OneTimePurpose, ServiceId};
use attune_ports::{Email, NewUser};

use super::*;
use crate::fixtures::{TEN, at};

const NEW: &str = "crooked lighthouse marmalade";

/// The kinds and recipients of the emails since the first `skip`.
pub(super) async fn mailed(practice: &TestPractice, skip: usize) -> Vec<(NotificationKind, String)> {
    let of = |email: &Email| (email.kind, email.to.as_str().to_owned());
    practice.delivered().await.iter().skip(skip).map(of).collect()
}

/// The token of the last email with a link.
pub(super) async fn token(practice: &TestPractice) -> String {
    let emails = practice.delivered().await;
    let url = emails.iter().rev().find_map(|email| email.account.as_ref()?.url.clone()).expect("a mailed link");
    url.rsplit('/').next().unwrap().to_owned()
}

async fn reset_token(practice: &TestPractice) -> String {
    practice.request_link.reset_password(&email("client")).await.unwrap();
    token(practice).await
}

async fn reset(practice: &TestPractice, token: &str, new: &str) -> Result<(), SetPasswordByLinkError> {
    practice.set_password_by_link.reset(token, &password(new), &RequestMetadata::default()).await
}

fn is_dead(result: Result<(), SetPasswordByLinkError>) -> bool {
    matches!(result, Err(SetPasswordByLinkError::Link(OneTimeLinkError::Dead(_))))
}

#[tokio::test]
async fn a_reset_sets_the_password_once_ends_the_sessions_and_tells_the_owner() {
    let (practice, _, tokens) = logged_in().await;
    let (first, second) = (reset_token(&practice).await, {
        practice.advance_minutes(1);
        reset_token(&practice).await
    });
    let weak = reset(&practice, &second, "short").await;
    assert!(matches!(weak, Err(SetPasswordByLinkError::Password(PasswordProblem::TooShort(12)))));
    let sent = practice.delivered().await.len();
    for _ in 0..4 {
        refused(&practice, CLIENT, WRONG).await;
    }
    reset(&practice, &second, NEW).await.unwrap();
    assert_eq!(mailed(&practice, sent).await, [(NotificationKind::PasswordChanged, CLIENT.to_owned())]);
    assert!(caller(&practice, &tokens).await.is_err());
    assert!(matches!(refused(&practice, CLIENT, PASSWORD).await, LogInError::InvalidCredentials));
    let user = practice.log_in_as(CLIENT, NEW).await.unwrap().user;
    assert!(user.email_verified_at.is_some());
    for used_or_older in [second, first] {
        assert!(is_dead(reset(&practice, &used_or_older, "another violet teapot").await));
    }
}

#[tokio::test]
async fn a_reset_link_dies_with_the_password_the_address_the_account_and_its_hour() {
    for death in ["password", "address", "account", "hour"] {
        let (practice, user, tokens) = logged_in().await;
        let token = reset_token(&practice).await;
        match death {
            "password" => {
                let caller = caller(&practice, &tokens).await.unwrap();
                let (current, metadata) = (Some(password(PASSWORD)), RequestMetadata::default());
                let command = ChangePasswordCommand { caller, current, new: password(NEW), metadata };
                practice.change_password.run(command).await.unwrap();
            }
            "address" => practice.save_user(User { email: email("moved"), ..user }).await,
            "account" => practice.save_user(User { disabled: true, ..user }).await,
            _ => practice.advance_minutes(60),
        }
        assert!(is_dead(reset(&practice, &token, "another violet teapot").await), "{death}");
    }
}

#[tokio::test]
async fn a_forged_link_and_one_for_something_else_are_unknown() {
    let (practice, ..) = logged_in().await;
    let genuine = reset_token(&practice).await;
    let login = genuine.replace("reset_password", "log_in");
    for text in
        ["", "nonsense", &format!("{genuine}0"), &genuine.replace("reset_password-1", "reset_password-9"), &login]
    {
        let result = reset(&practice, text, NEW).await;
        assert!(matches!(result, Err(SetPasswordByLinkError::Link(OneTimeLinkError::Unknown))), "{text}");
        let found = practice.one_time_links.find(text, OneTimePurpose::LogIn, practice.now()).await;
        assert!(matches!(found, Err(OneTimeLinkError::Unknown)), "{text}");
    }
    let for_something_else = practice.one_time_links.find(&genuine, OneTimePurpose::LogIn, practice.now()).await;
    assert!(matches!(for_something_else, Err(OneTimeLinkError::Unknown)));
    reset(&practice, &genuine, NEW).await.unwrap();
}

#[tokio::test]
async fn requests_for_links_are_limited_per_address_and_kind_and_unknown_addresses_get_none() {
    let practice = TestPractice::free().await;
    let user = practice.client().await;
    for minute in 0..7 {
        practice.request_link.reset_password(&email("client")).await.unwrap();
        practice.request_link.reset_password(&email("unknown")).await.unwrap();
        practice.request_link.verification(&email("client")).await.unwrap();
        practice.advance_minutes(i64::from(minute < 6));
    }
    assert_eq!(mailed(&practice, 0).await.len(), 5, "five an hour; the address is verified");
    practice.request_link.log_in(&email("client"), None).await.unwrap();
    assert_eq!(mailed(&practice, 5).await, [(NotificationKind::LoginLink, CLIENT.to_owned())]);
    practice.advance_minutes(60);
    practice.request_link.reset_password(&email("client")).await.unwrap();
    assert_eq!(mailed(&practice, 6).await, [(NotificationKind::PasswordReset, CLIENT.to_owned())], "an hour later");
    practice.save_user(User { disabled: true, ..user.clone() }).await;
    let open = async || practice.queries.open_one_time_tokens(user.id).await.unwrap();
    let before = open().await;
    practice.request_link.log_in(&email("client"), None).await.unwrap();
    assert_eq!((mailed(&practice, 7).await, open().await), (vec![], before), "a disabled account gets no link");
}

/// Logs in with a mailed link.
pub(super) async fn redeem(practice: &TestPractice, token: &str) -> Result<LinkLogin, RedeemLoginLinkError> {
    redeem_with(practice, token, None).await
}

pub(super) async fn redeem_with(
    practice: &TestPractice,
    token: &str,
    code: Option<&str>,
) -> Result<LinkLogin, RedeemLoginLinkError> {
    let (token, code) = (token.to_owned(), code.map(str::to_owned));
    practice.redeem_login_link.run(RedeemLoginLinkCommand { token, code, origin: origin("192.0.2.0/24") }).await
}

#[tokio::test]
async fn a_login_link_works_once_although_strangers_used_up_the_guesses() {
    let practice = TestPractice::free().await;
    let user = User { email_verified_at: None, ..practice.client().await };
    practice.save_user(user.clone()).await;
    for _ in 0..4 {
        refused(&practice, CLIENT, WRONG).await;
    }
    practice.request_link.log_in(&email("client"), None).await.unwrap();
    let token = token(&practice).await;
    let tokens = redeem(&practice, &token).await.unwrap().tokens;
    let logged_in = caller(&practice, &tokens).await.unwrap().user;
    assert_eq!((logged_in.id, logged_in.email_verified_at), (user.id, Some(practice.now())));
    assert!(tokens.device_token.is_some());
    let again = redeem(&practice, &token).await.err();
    assert!(matches!(again, Some(RedeemLoginLinkError::Link(OneTimeLinkError::Dead(_)))));
    practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
}

pub(super) async fn verify(practice: &TestPractice, token: &str) -> Result<VerifiedAccount, VerifyEmailError> {
    practice.verify_email.run(token, &origin("192.0.2.0/24")).await
}

fn chosen() -> ChosenSlot {
    ChosenSlot { service: ServiceId::new(1).unwrap(), starts_at: at(TEN), therapist: None, time_zone: None }
}

fn verified(practice: &TestPractice) -> (Register, LogIn) {
    let registration = Registration::Verified;
    (Register { registration, ..practice.register.clone() }, LogIn { registration, ..practice.log_in.clone() })
}

fn login(typed: &str) -> LogInCommand {
    LogInCommand { email: CLIENT.into(), password: password(typed), code: None, origin: origin("192.0.2.0/24") }
}

#[tokio::test]
async fn an_account_opens_once_its_address_is_verified() {
    let practice = TestPractice::free().await;
    let (register, log_in) = verified(&practice);
    let slot = chosen();
    let command = RegisterCommand { slot: Some(slot.clone()), ..registration(CLIENT, None) };
    assert!(matches!(register.run(command.clone()).await.unwrap(), Registered::Mailed));
    assert!(matches!(log_in.run(login(PASSWORD)).await.err(), Some(LogInError::EmailNotVerified)));
    assert!(matches!(log_in.run(login(WRONG)).await.err(), Some(LogInError::InvalidCredentials)));
    assert_eq!(practice.count_bookings().await, 0, "the slot is not held");
    let link = token(&practice).await;
    let emails = practice.delivered().await;
    assert_eq!(emails[0].account.as_ref().unwrap().chosen_start, Some(at(TEN)));
    let account = verify(&practice, &link).await.unwrap();
    assert_eq!((account.user.email.as_str(), account.slot), (CLIENT, Some(slot)));
    log_in.run(login(PASSWORD)).await.unwrap();
    assert!(verify(&practice, &link).await.is_err());
    // Another person registers with the same address, and gets the same response.
    let other = RegisterCommand { password: Some(password(NEW)), ..command };
    assert!(matches!(register.run(other).await.unwrap(), Registered::Mailed));
    assert_eq!(mailed(&practice, 1).await, [(NotificationKind::RegistrationAttempt, CLIENT.to_owned())]);
    log_in.run(login(PASSWORD)).await.unwrap();
}

#[tokio::test]
async fn of_two_registrations_of_an_address_that_was_not_verified_the_later_counts() {
    let practice = TestPractice::free().await;
    let (register, log_in) = verified(&practice);
    let command = registration(CLIENT, None);
    register.run(command.clone()).await.unwrap();
    let first = token(&practice).await;
    practice.advance_minutes(1);
    let first_name = Some(PersonName::parse("Jane").unwrap().unwrap());
    let again = RegisterCommand { password: Some(password(NEW)), first_name: first_name.clone(), ..command };
    register.run(again).await.unwrap();
    let second = token(&practice).await;
    practice.advance_minutes(1);
    practice.request_link.verification(&email("client")).await.unwrap();
    let third = token(&practice).await;
    assert!(verify(&practice, &first).await.is_err());
    let account = verify(&practice, &second).await.unwrap();
    assert_eq!(account.user.first_name, first_name);
    assert!(verify(&practice, &third).await.is_err(), "it is verified already");
    assert!(matches!(log_in.run(login(PASSWORD)).await.err(), Some(LogInError::InvalidCredentials)));
    log_in.run(login(NEW)).await.unwrap();
}

#[tokio::test]
async fn registering_with_the_address_of_an_account_that_is_no_ones_to_take_changes_nothing() {
    let attempt = vec![(NotificationKind::RegistrationAttempt, CLIENT.to_owned())];
    for (role, disabled, has_password, told) in [
        (Role::Admin, false, true, attempt.clone()),
        (Role::Client, true, true, vec![]),
        (Role::Client, false, false, attempt),
    ] {
        let practice = TestPractice::free().await;
        let (register, _) = verified(&practice);
        let user = User { role, disabled, email_verified_at: None, ..practice.client().await };
        let id = user.id;
        practice.save_user(user).await;
        if !has_password {
            practice.edit(async |work| work.set_password(id, None).await.unwrap()).await;
        }
        let before = practice.queries.credentials_of(id).await.unwrap().unwrap();
        let command = RegisterCommand { password: Some(password(NEW)), ..registration(CLIENT, None) };
        assert!(matches!(register.run(command).await.unwrap(), Registered::Mailed));
        assert_eq!(mailed(&practice, 0).await, told);
        let after = practice.queries.credentials_of(id).await.unwrap().unwrap();
        assert_eq!((after.user, after.password_hash), (before.user, before.password_hash));
    }
}

#[tokio::test]
async fn only_the_address_of_an_account_that_waits_for_its_owner_is_corrected() {
    for (verified_at, disabled) in [(Some(at(TEN)), false), (None, true)] {
        let practice = TestPractice::free().await;
        let user = User { email_verified_at: verified_at, disabled, ..practice.client().await };
        let id = user.id;
        practice.save_user(user).await;
        let before = practice.queries.user(id).await.unwrap();
        let command =
            CorrectEmailCommand { email: email("client"), password: password(PASSWORD), new_email: email("new") };
        practice.verify_email.correct(&command).await.unwrap();
        assert_eq!(practice.queries.user(id).await.unwrap(), before);
        assert_eq!(mailed(&practice, 0).await, []);
    }
}

#[tokio::test]
async fn the_link_is_mailed_again_and_to_the_address_that_was_meant() {
    let practice = TestPractice::free().await;
    practice.add("other", Role::Client).await;
    let (register, log_in) = verified(&practice);
    let slot = chosen();
    register.run(RegisterCommand { slot: Some(slot.clone()), ..registration("typo@example.org", None) }).await.unwrap();
    practice.advance_minutes(1);
    practice.request_link.verification(&email("typo")).await.unwrap();
    let at_typo = token(&practice).await;
    let sent = practice.delivered().await.len();
    assert_eq!(sent, 2);
    let correct = async |from: &str, typed: &str, to: &str| {
        let command = CorrectEmailCommand { email: email(from), password: password(typed), new_email: email(to) };
        practice.verify_email.correct(&command).await.unwrap();
    };
    correct("typo", WRONG, "client").await;
    correct("typo", PASSWORD, "other").await;
    correct("other", PASSWORD, "client").await;
    correct("unknown", PASSWORD, "client").await;
    practice.advance_minutes(1);
    assert_eq!(mailed(&practice, sent).await, []);
    correct("typo", PASSWORD, "client").await;
    assert_eq!(mailed(&practice, sent).await, [(NotificationKind::EmailVerification, CLIENT.to_owned())]);
    assert!(verify(&practice, &at_typo).await.is_err(), "a stranger has it");
    let link = token(&practice).await;
    let account = verify(&practice, &link).await.unwrap();
    assert_eq!(account.slot, Some(slot));
    log_in.run(login(PASSWORD)).await.unwrap();
}

#[tokio::test]
async fn an_address_is_mailed_five_corrections_an_hour() {
    let practice = TestPractice::free().await;
    let (register, _) = verified(&practice);
    register.run(registration("typo@example.org", None)).await.unwrap();
    let correct = async |from: &str, to: &str| {
        let command = CorrectEmailCommand { email: email(from), password: password(PASSWORD), new_email: email(to) };
        practice.verify_email.correct(&command).await.unwrap();
    };
    let mut present = "typo";
    for next in ["a", "b", "c", "d", "e", "f"] {
        correct(present, "client").await;
        correct("client", next).await;
        present = next;
    }
    assert!(practice.queries.credentials(&email("e")).await.unwrap().is_some(), "the sixth changed nothing");
}

#[tokio::test]
async fn corrections_with_a_wrong_password_are_guesses() {
    let practice = TestPractice::free().await;
    practice.client().await;
    for (typed, expected) in [PASSWORD; 4].map(|right| (right, true)).into_iter().chain([
        (WRONG, true),
        (WRONG, true),
        (WRONG, true),
        (WRONG, false),
    ]) {
        let command =
            CorrectEmailCommand { email: email("client"), password: password(typed), new_email: email("new") };
        assert_eq!(practice.verify_email.correct(&command).await.is_ok(), expected);
    }
}

pub(super) async fn invited(practice: &TestPractice, invite: bool) -> User {
    let command = AddClientCommand {
        admin: practice.therapist().await.id,
        email: email("client"),
        first_name: None,
        last_name: None,
        time_zone: None,
        language: None,
        invite,
        metadata: RequestMetadata::default(),
    };
    practice.add_client.run(command).await.unwrap()
}

#[tokio::test]
async fn an_invited_client_sets_a_password_once_and_can_be_booked_for_before() {
    let practice = TestPractice::free().await;
    let client = invited(&practice, true).await;
    practice.book(&client, TEN).await.unwrap();
    let link = token(&practice).await;
    practice.request_link.verification(&email("client")).await.unwrap();
    assert_eq!(token(&practice).await, link, "an invitation is mailed again by the practice only");
    let accept = |token: &str| {
        let (token, new) = (token.to_owned(), password(PASSWORD));
        let accept = practice.set_password_by_link.clone();
        async move { accept.accept_invitation(&token, &new, &RequestMetadata::default()).await }
    };
    accept(&link).await.unwrap();
    let closed = LogIn { registration: Registration::Closed, ..practice.log_in.clone() };
    let user = closed.run(login(PASSWORD)).await.unwrap().user;
    assert!(user.email_verified_at.is_some());
    assert!(is_dead(accept(&link).await));
    let kinds: Vec<_> = mailed(&practice, 0).await.into_iter().map(|(kind, _)| kind).collect();
    assert!(!kinds.contains(&NotificationKind::PasswordChanged), "{kinds:?}");
    let admin = practice.therapist().await.id;
    let again = practice.add_client.invite_again(admin, client.id, &RequestMetadata::default()).await;
    assert!(matches!(again, Err(InvitationError::Accepted)));
}

#[tokio::test]
async fn an_invitation_is_mailed_again_and_withdrawn() {
    let practice = TestPractice::free().await;
    let (client, admin) = (invited(&practice, false).await, practice.therapist().await.id);
    assert_eq!(mailed(&practice, 0).await, []);
    let metadata = RequestMetadata::default();
    let mut links = Vec::new();
    for _ in 0..2 {
        practice.advance_minutes(1);
        practice.add_client.invite_again(admin, client.id, &metadata).await.unwrap();
        links.push(token(&practice).await);
    }
    let is_live =
        async |link: &str| practice.one_time_links.find(link, OneTimePurpose::Invitation, practice.now()).await.is_ok();
    assert!(!is_live(&links[0]).await && is_live(&links[1]).await);
    practice.add_client.withdraw(admin, client.id, &metadata).await.unwrap();
    assert!(!is_live(&links[1]).await);
    let unknown = practice.add_client.withdraw(admin, UserId::new(99).unwrap(), &metadata).await;
    assert!(matches!(unknown, Err(InvitationError::NotFound)));
}

#[tokio::test]
async fn a_login_from_a_place_that_was_not_used_lately_is_told_once_a_day() {
    let practice = TestPractice::free().await;
    practice.client().await;
    let from = async |network: &str, device: &Option<String>| {
        let origin = LoginOrigin { device_token: device.clone(), ..origin(network) };
        let tokens = practice.log_in.run(LogInCommand { origin, ..login(PASSWORD) }).await.unwrap();
        practice.advance_minutes(1);
        tokens.device_token
    };
    let device = from("192.0.2.0/24", &None).await;
    from("192.0.2.0/24", &None).await;
    from("198.51.100.0/24", &device).await;
    assert_eq!(mailed(&practice, 0).await, [], "the first one, a known network, a known device");
    from("203.0.113.0/24", &None).await;
    from("203.0.112.0/24", &None).await;
    assert_eq!(mailed(&practice, 0).await, [(NotificationKind::NewLogin, CLIENT.to_owned())]);
    practice.clock.advance(SignedDuration::from_hours(24 * 90));
    from("192.0.2.0/24", &device).await;
    assert_eq!(mailed(&practice, 1).await.len(), 1, "after 90 days");
}

#[tokio::test]
async fn in_a_practice_that_verifies_an_account_without_a_password_is_refused_like_a_wrong_one() {
    let practice = TestPractice::free().await;
    let (_, log_in) = verified(&practice);
    let user = NewUser { password_hash: None, ..new_client("client") };
    practice.edit(async |work| work.add_user(&user).await.unwrap()).await;
    assert!(matches!(log_in.run(login(PASSWORD)).await.err(), Some(LogInError::InvalidCredentials)));
}
