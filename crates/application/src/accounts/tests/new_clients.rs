//! Clients who register without a password.

use attune_domain::notification::NotificationKind;
use attune_domain::{ChosenSlot, ServiceId};
use attune_ports::Credentials;
use attune_test_doubles::PlainTotp;

use super::links::{mailed, redeem, token, verify};
use super::*;
use crate::fixtures::{TEN, at};

fn name(text: &str) -> Option<PersonName> {
    PersonName::parse(text).unwrap()
}

async fn slot(practice: &TestPractice) -> ChosenSlot {
    ChosenSlot {
        service: ServiceId::new(1).unwrap(),
        starts_at: at(TEN),
        therapist: Some(practice.therapist().await.id),
        time_zone: Some(zone("America/New_York")),
    }
}

async fn without_password(practice: &TestPractice) -> RegisterCommand {
    RegisterCommand {
        password: None,
        first_name: name("Jane"),
        language: Some(Language::French),
        slot: Some(slot(practice).await),
        ..registration(CLIENT, Some(zone("America/New_York")))
    }
}

fn with(registration: Registration, practice: &TestPractice) -> Register {
    Register { registration, ..practice.register.clone() }
}

async fn account(practice: &TestPractice) -> Credentials {
    practice.queries.credentials(&email("client")).await.unwrap().expect("the account")
}

/// A new client whom the mailed link has logged in.
async fn opened() -> (TestPractice, Caller) {
    let practice = TestPractice::free().await;
    with(Registration::Verified, &practice).run(without_password(&practice).await).await.unwrap();
    let link = token(&practice).await;
    let tokens = verify(&practice, &link).await.unwrap().tokens.expect("a login session");
    let caller = caller(&practice, &tokens).await.unwrap();
    (practice, caller)
}

#[tokio::test]
async fn a_mailed_link_opens_the_account_logs_in_and_leads_back_to_the_slot() {
    for registration in [Registration::Open, Registration::Verified] {
        let practice = TestPractice::free().await;
        let command = without_password(&practice).await;
        let register = with(registration, &practice);
        assert!(matches!(register.run(command).await.unwrap(), Registered::Mailed));
        let found = account(&practice).await;
        assert!(found.password_hash.is_none() && found.user.email_verified_at.is_none());
        assert_eq!(found.user.language, Some(Language::French));
        assert_eq!(practice.count_bookings().await, 0, "the slot is not held");
        assert!(matches!(refused(&practice, CLIENT, PASSWORD).await, LogInError::InvalidCredentials));
        assert_eq!(mailed(&practice, 0).await, [(NotificationKind::EmailVerification, CLIENT.to_owned())]);
        let link = token(&practice).await;
        let verified = verify(&practice, &link).await.unwrap();
        assert_eq!(verified.slot, Some(slot(&practice).await));
        let tokens = verified.tokens.expect("a login session");
        assert_eq!(tokens.device_token.as_ref(), Some(&verified.device_token));
        assert!(caller(&practice, &tokens).await.unwrap().user.email_verified_at.is_some());
        assert!(matches!(
            verify(&practice, &link).await.err(),
            Some(VerifyEmailError::Link(OneTimeLinkError::Dead(_)))
        ));
        practice.advance_minutes(1);
        practice.request_link.log_in(&email("client"), None).await.unwrap();
        let link = token(&practice).await;
        assert_eq!(redeem(&practice, &link).await.unwrap().slot, None);
    }
}

#[tokio::test]
async fn closed_registration_and_slots_that_do_not_exist_are_refused() {
    let practice = TestPractice::free().await;
    let command = without_password(&practice).await;
    let closed = with(Registration::Closed, &practice).run(command.clone()).await;
    assert!(matches!(closed, Err(RegisterError::Closed)));
    let register = with(Registration::Verified, &practice);
    let nowhere = RegisterCommand { time_zone: Some(zone("Europe/Atlantis")), ..command.clone() };
    let nowhere = register.run(nowhere).await;
    assert!(matches!(nowhere, Err(RegisterError::Add(AddUserError::UnknownTimeZone))));
    let chosen = slot(&practice).await;
    let client = practice.client().await.id;
    let unknown_service = ChosenSlot { service: ServiceId::new(99).unwrap(), ..chosen.clone() };
    let no_therapist = ChosenSlot { therapist: Some(client), ..chosen };
    for (slot, is_service) in [(unknown_service, true), (no_therapist, false)] {
        let refused = register.run(RegisterCommand { slot: Some(slot.clone()), ..command.clone() }).await.err();
        assert_eq!(matches!(refused, Some(RegisterError::Slot(ChosenSlotError::UnknownService))), is_service);
        assert_eq!(matches!(refused, Some(RegisterError::Slot(ChosenSlotError::UnknownTherapist))), !is_service);
        practice.request_link.log_in(&email("client"), Some(slot)).await.unwrap();
        let link = token(&practice).await;
        assert_eq!(redeem(&practice, &link).await.unwrap().slot, None, "it is left out");
        practice.advance_minutes(1);
    }
}

/// What an account was like before someone registered with its address, and what becomes of it.
#[tokio::test]
async fn an_account_that_exists_is_opened_by_a_link_and_changed_only_if_it_was_never_opened() {
    use NotificationKind::{EmailVerification, LoginLink, RegistrationAttempt};
    use Registration::{Open, Verified};
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Before {
        InUse,
        Invited,
        Unopened,
        UnopenedWithoutPassword,
        Disabled,
        Admin,
    }
    for (before, registration, password_typed, email_kind, is_replaced, keeps_password) in [
        (Before::InUse, Verified, false, LoginLink, false, true),
        (Before::InUse, Open, false, LoginLink, false, true),
        (Before::InUse, Verified, true, RegistrationAttempt, false, true),
        (Before::Admin, Verified, false, LoginLink, false, true),
        (Before::Disabled, Verified, false, RegistrationAttempt, false, true),
        (Before::Invited, Verified, false, LoginLink, false, false),
        (Before::Invited, Open, false, LoginLink, false, false),
        (Before::Invited, Verified, true, RegistrationAttempt, false, false),
        (Before::Unopened, Verified, false, EmailVerification, true, false),
        // Where registration is open, it can be in use.
        (Before::Unopened, Open, false, LoginLink, false, true),
        (Before::Unopened, Verified, true, EmailVerification, true, true),
        (Before::UnopenedWithoutPassword, Verified, false, EmailVerification, true, false),
        (Before::UnopenedWithoutPassword, Open, false, EmailVerification, true, false),
        // The owner who opens it does not know of a password that someone else typed.
        (Before::UnopenedWithoutPassword, Verified, true, EmailVerification, true, false),
    ] {
        let what = format!("{before:?} {registration:?} {password_typed}");
        let practice = TestPractice::free().await;
        match before {
            Before::InUse | Before::Disabled | Before::Admin => {
                let user = practice.client().await;
                let role = if before == Before::Admin { Role::Admin } else { user.role };
                practice.save_user(User { disabled: before == Before::Disabled, role, ..user }).await;
            }
            Before::Invited => {
                let user = NewUser { password_hash: None, email_verified_at: None, ..new_client("client") };
                practice.edit(async |work| work.add_user(&user).await.unwrap()).await;
            }
            Before::Unopened | Before::UnopenedWithoutPassword => {
                let typed = (before == Before::Unopened).then(|| password(PASSWORD));
                let command = RegisterCommand { password: typed, ..super::registration(CLIENT, None) };
                with(Verified, &practice).run(command).await.unwrap();
            }
        }
        practice.advance_minutes(1);
        let (sent, earlier) = (practice.delivered().await.len(), account(&practice).await);
        let typed = password_typed.then(|| password("crooked lighthouse marmalade"));
        let command = RegisterCommand { password: typed, ..without_password(&practice).await };
        assert!(matches!(with(registration, &practice).run(command).await.unwrap(), Registered::Mailed), "{what}");
        let expected = if before == Before::Disabled { vec![] } else { vec![(email_kind, CLIENT.to_owned())] };
        assert_eq!(mailed(&practice, sent).await, expected, "{what}");
        let found = account(&practice).await;
        assert_eq!(found.user.first_name == name("Jane"), is_replaced, "{what}");
        assert_eq!(found.password_hash.is_some(), keeps_password, "{what}");
        assert_eq!(
            found.password_hash == earlier.password_hash,
            !(is_replaced && before == Before::Unopened),
            "{what}"
        );
        let chosen = Some(slot(&practice).await);
        if email_kind == LoginLink {
            let link = token(&practice).await;
            assert_eq!(redeem(&practice, &link).await.unwrap().slot, chosen, "{what}");
            assert!(account(&practice).await.user.email_verified_at.is_some(), "{what}");
        } else if email_kind == EmailVerification {
            let link = token(&practice).await;
            let verified = verify(&practice, &link).await.unwrap();
            assert_eq!((verified.tokens.is_none(), verified.slot), (keeps_password, chosen), "{what}");
        }
    }
}

#[tokio::test]
async fn emails_to_one_address_are_limited_and_a_link_is_mailed_again_only_to_an_account_that_is_not_open() {
    let practice = TestPractice::free().await;
    let register = with(Registration::Verified, &practice);
    for _ in 0..7 {
        register.run(without_password(&practice).await).await.unwrap();
        practice.delivered().await;
        practice.advance_minutes(1);
    }
    assert_eq!(mailed(&practice, 0).await.len(), 5);
    practice.request_link.verification(&email("client")).await.unwrap();
    let link = token(&practice).await;
    assert_eq!(verify(&practice, &link).await.unwrap().slot, Some(slot(&practice).await));
    let sent = practice.delivered().await.len();
    practice.advance_minutes(1);
    practice.request_link.verification(&email("client")).await.unwrap();
    assert_eq!(mailed(&practice, sent).await, []);
}

#[tokio::test]
async fn the_link_steps_the_login_session_up_so_that_a_first_password_can_be_set() {
    let set = async |practice: &TestPractice, caller: &Caller, current: Option<&str>| {
        let (current, new, metadata) = (current.map(password), password(PASSWORD), RequestMetadata::default());
        practice.change_password.run(ChangePasswordCommand { caller: caller.clone(), current, new, metadata }).await
    };
    let (practice, caller) = opened().await;
    assert!(matches!(
        set(&practice, &caller, Some("")).await,
        Err(ChangePasswordError::Current(OwnPasswordError::Wrong))
    ));
    practice.advance_minutes(10);
    let late = set(&practice, &caller, None).await;
    assert!(matches!(late, Err(ChangePasswordError::Current(OwnPasswordError::StepUpRequired))));
    practice.request_link.log_in(&email("client"), None).await.unwrap();
    let link = token(&practice).await;
    let tokens = redeem(&practice, &link).await.unwrap().tokens;
    let caller = super::caller(&practice, &tokens).await.unwrap();
    set(&practice, &caller, None).await.unwrap();
    practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
    let again = set(&practice, &caller, None).await;
    assert!(matches!(again, Err(ChangePasswordError::Current(OwnPasswordError::Missing))));
    // A link proves less than the password of an account that has one.
    practice.advance_minutes(1);
    practice.request_link.log_in(&email("client"), None).await.unwrap();
    let link = token(&practice).await;
    let tokens = redeem(&practice, &link).await.unwrap().tokens;
    let caller = super::caller(&practice, &tokens).await.unwrap();
    assert!(!caller.session.is_stepped_up(practice.now()));
}

#[tokio::test]
async fn an_account_without_a_password_can_have_a_second_factor_which_its_link_needs_then() {
    let (practice, caller) = opened().await;
    let data = practice.practice.load().await.unwrap();
    practice.second_factor.set_up(&caller, None, &data).await.unwrap();
    let code = PlainTotp::code(practice.now());
    practice.second_factor.confirm(&caller, &code, &RequestMetadata::default()).await.unwrap();
    practice.advance_minutes(10);
    practice.request_link.log_in(&email("client"), None).await.unwrap();
    let link = token(&practice).await;
    let without = redeem(&practice, &link).await.err();
    assert!(matches!(without, Some(RedeemLoginLinkError::SecondFactorRequired)));
    let (practice, caller) = opened().await;
    practice.advance_minutes(10);
    let late = practice.second_factor.set_up(&caller, None, &data).await.err();
    assert!(matches!(late, Some(SecondFactorError::Password(OwnPasswordError::StepUpRequired))), "{late:?}");
}
