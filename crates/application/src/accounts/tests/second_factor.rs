//! Second factors, and step-up.

use attune_domain::SecondFactorPolicy;
use attune_domain::notification::NotificationKind;
use attune_test_doubles::PlainTotp;

use super::links::{mailed, redeem_with, token};
use super::*;

/// Sets up an authenticator app. Returns the recovery codes.
pub(super) async fn set_up(practice: &TestPractice, caller: &Caller) -> Vec<String> {
    let data = practice.practice.load().await.unwrap();
    practice.second_factor.set_up(caller, Some(&password(PASSWORD)), &data).await.unwrap();
    let code = PlainTotp::code(practice.now());
    practice.second_factor.confirm(caller, &code, &RequestMetadata::default()).await.unwrap()
}

/// A client with a second factor, whose code of this moment is used up, and the recovery codes.
async fn with_factor() -> (TestPractice, Caller, Vec<String>) {
    let (practice, _, tokens) = logged_in().await;
    let caller = caller(&practice, &tokens).await.unwrap();
    let codes = set_up(&practice, &caller).await;
    (practice, caller, codes)
}

async fn log_in(practice: &TestPractice, code: Option<&str>) -> Result<Tokens, LogInError> {
    let (code, origin) = (code.map(str::to_owned), origin("198.51.100.0/24"));
    practice.log_in.run(LogInCommand { email: CLIENT.into(), password: password(PASSWORD), code, origin }).await
}

fn is_wrong(result: Result<Tokens, LogInError>) -> bool {
    matches!(result, Err(LogInError::WrongCode))
}

#[tokio::test]
async fn setting_up_needs_the_password_and_a_code() {
    let (practice, _, tokens) = logged_in().await;
    let caller = caller(&practice, &tokens).await.unwrap();
    let data = practice.practice.load().await.unwrap();
    let metadata = RequestMetadata::default();
    let factor = &practice.second_factor;
    let not_started = factor.confirm(&caller, "000000", &metadata).await;
    assert!(matches!(not_started, Err(SecondFactorError::NotStarted)));
    let wrong = factor.set_up(&caller, Some(&password(WRONG)), &data).await;
    assert!(matches!(wrong, Err(SecondFactorError::Password(OwnPasswordError::Wrong))));
    let setup = factor.set_up(&caller, Some(&password(PASSWORD)), &data).await.unwrap();
    assert!(setup.uri.contains(CLIENT));
    let proof = Proof::Code(PlainTotp::code(practice.now()));
    let too_early = practice.step_up.run(&caller, &proof, &metadata).await;
    assert!(matches!(too_early, Err(StepUpError::WrongCode)), "an app that is not confirmed proves nothing");
    assert!(matches!(factor.confirm(&caller, "000000", &metadata).await, Err(SecondFactorError::WrongCode)));
    log_in(&practice, None).await.unwrap();
    let code = PlainTotp::code(practice.now());
    let codes = factor.confirm(&caller, &code, &metadata).await.unwrap();
    assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), 10);
    assert!(codes.iter().all(|code| code.len() == 19), "{codes:?}");
    for again in [
        factor.set_up(&caller, Some(&password(PASSWORD)), &data).await.err(),
        factor.confirm(&caller, &code, &metadata).await.err(),
    ] {
        assert!(matches!(again, Some(SecondFactorError::Exists)));
    }
    assert_eq!(mailed(&practice, 0).await, [(NotificationKind::SecondFactorAdded, CLIENT.to_owned())]);
}

#[tokio::test]
async fn wrong_codes_of_an_app_that_is_set_up_are_limited() {
    let (practice, _, tokens) = logged_in().await;
    let caller = caller(&practice, &tokens).await.unwrap();
    let data = practice.practice.load().await.unwrap();
    practice.second_factor.set_up(&caller, Some(&password(PASSWORD)), &data).await.unwrap();
    let confirm = async |code: &str| practice.second_factor.confirm(&caller, code, &RequestMetadata::default()).await;
    for _ in 0..20 {
        assert!(matches!(confirm("000000").await, Err(SecondFactorError::WrongCode)));
    }
    let code = PlainTotp::code(practice.now());
    assert!(matches!(confirm(&code).await, Err(SecondFactorError::TooManyFailures)));
}

#[tokio::test]
async fn a_right_code_clears_the_guesses_of_its_session_and_what_is_not_checked_is_none() {
    let (practice, _, tokens) = logged_in().await;
    let caller = caller(&practice, &tokens).await.unwrap();
    let metadata = RequestMetadata::default();
    let data = practice.practice.load().await.unwrap();
    practice.second_factor.set_up(&caller, Some(&password(PASSWORD)), &data).await.unwrap();
    for _ in 0..19 {
        assert!(practice.second_factor.confirm(&caller, "000000", &metadata).await.is_err());
    }
    let code = PlainTotp::code(practice.now());
    practice.second_factor.confirm(&caller, &code, &metadata).await.unwrap();
    for _ in 0..21 {
        let again = practice.second_factor.confirm(&caller, &code, &metadata).await;
        assert!(matches!(again, Err(SecondFactorError::Exists)));
    }
    for _ in 0..20 {
        let wrong = practice.step_up.run(&caller, &Proof::Code("000000".into()), &metadata).await;
        assert!(matches!(wrong, Err(StepUpError::WrongCode)));
    }
    practice.advance_minutes(1);
    let right = Proof::Code(PlainTotp::code(practice.now()));
    let limited = practice.step_up.run(&caller, &right, &metadata).await;
    assert!(matches!(limited, Err(StepUpError::TooManyFailures)));
}

#[tokio::test]
async fn a_login_needs_a_code_and_each_code_works_once() {
    let (practice, ..) = with_factor().await;
    assert!(matches!(log_in(&practice, None).await, Err(LogInError::SecondFactorRequired)));
    assert!(is_wrong(log_in(&practice, Some(&PlainTotp::code(practice.now()))).await), "it confirmed the app");
    practice.advance_minutes(1);
    let code = PlainTotp::code(practice.now());
    log_in(&practice, Some(&code)).await.unwrap();
    assert!(is_wrong(log_in(&practice, Some(&code)).await));
    let earlier = PlainTotp::code(practice.now() - SignedDuration::from_secs(30));
    assert!(is_wrong(log_in(&practice, Some(&earlier)).await), "an earlier code than the last one");
    assert!(is_wrong(log_in(&practice, Some("")).await));
    practice.advance_minutes(1);
    let right = log_in(&practice, Some(&PlainTotp::code(practice.now()))).await;
    assert!(matches!(right, Err(LogInError::TooManyFailures)), "wrong codes count like wrong passwords");
}

#[tokio::test]
async fn a_recovery_code_works_once_as_it_is_typed_and_only_with_the_password() {
    let (practice, caller, codes) = with_factor().await;
    let typed = codes[0].to_uppercase().replace('-', " ");
    log_in(&practice, Some(&typed)).await.unwrap();
    assert!(is_wrong(log_in(&practice, Some(&codes[0])).await));
    log_in(&practice, Some(&codes[1])).await.unwrap();
    let proof = Proof::Code(codes[2].clone());
    let step_up = practice.step_up.run(&caller, &proof, &RequestMetadata::default()).await;
    assert!(matches!(step_up, Err(StepUpError::WrongCode)));
    practice.request_link.log_in(&email("client"), None).await.unwrap();
    let link = token(&practice).await;
    let redeem = async |code: Option<&str>| redeem_with(&practice, &link, code).await;
    assert!(matches!(redeem(None).await, Err(RedeemLoginLinkError::SecondFactorRequired)));
    assert!(matches!(redeem(Some(&codes[2])).await, Err(RedeemLoginLinkError::WrongCode)));
    practice.advance_minutes(1);
    let right = redeem(Some(&PlainTotp::code(practice.now()))).await;
    assert!(right.is_ok(), "a wrong code leaves the link as it was");
    log_in(&practice, Some(&codes[2])).await.unwrap();
}

#[tokio::test]
async fn wrong_codes_with_a_login_link_are_limited() {
    let (practice, ..) = with_factor().await;
    practice.request_link.log_in(&email("client"), None).await.unwrap();
    let link = token(&practice).await;
    for _ in 0..20 {
        let wrong = redeem_with(&practice, &link, Some("000000")).await;
        assert!(matches!(wrong, Err(RedeemLoginLinkError::WrongCode)));
    }
    practice.advance_minutes(1);
    let right = redeem_with(&practice, &link, Some(&PlainTotp::code(practice.now()))).await;
    assert!(matches!(right, Err(RedeemLoginLinkError::TooManyFailures)));
    practice.add("other", Role::Client).await;
    let tokens = practice.log_in_as("other@example.org", PASSWORD).await.unwrap();
    set_up(&practice, &caller(&practice, &tokens).await.unwrap()).await;
    practice.request_link.log_in(&email("other"), None).await.unwrap();
    let of_other = redeem_with(&practice, &token(&practice).await, Some("000000")).await;
    assert!(matches!(of_other, Err(RedeemLoginLinkError::WrongCode)));
}

#[tokio::test]
async fn a_right_code_with_a_login_link_forgets_the_wrong_ones() {
    let (practice, ..) = with_factor().await;
    for _ in 0..2 {
        practice.request_link.log_in(&email("client"), None).await.unwrap();
        let link = token(&practice).await;
        for _ in 0..19 {
            let wrong = redeem_with(&practice, &link, Some("000000")).await;
            assert!(matches!(wrong, Err(RedeemLoginLinkError::WrongCode)));
        }
        practice.advance_minutes(1);
        assert!(redeem_with(&practice, &link, Some(&PlainTotp::code(practice.now()))).await.is_ok());
    }
}

#[tokio::test]
async fn a_code_that_was_not_checked_is_no_wrong_one() {
    let (practice, ..) = with_factor().await;
    // Of uses at the same time one wins, and the others find the link used up after they were counted.
    for _ in 0..3 {
        practice.request_link.log_in(&email("client"), None).await.unwrap();
        let link = token(&practice).await;
        practice.advance_minutes(1);
        let code = PlainTotp::code(practice.now());
        let uses = (0..20).map(|_| redeem_with(&practice, &link, Some(&code)));
        let outcomes = futures_util::future::join_all(uses).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    }
}

#[tokio::test]
async fn a_step_up_marks_the_session_and_is_limited() {
    let (practice, _, tokens) = logged_in().await;
    let before = caller(&practice, &tokens).await.unwrap();
    assert!(!before.session.is_stepped_up(practice.now()));
    let metadata = RequestMetadata::default();
    for _ in 0..20 {
        let wrong = practice.step_up.run(&before, &Proof::Password(password(WRONG)), &metadata).await;
        assert!(matches!(wrong, Err(StepUpError::Password(OwnPasswordError::Wrong))));
    }
    let right = Proof::Password(password(PASSWORD));
    let limited = practice.step_up.run(&before, &right, &metadata).await;
    assert!(matches!(limited, Err(StepUpError::Password(OwnPasswordError::TooManyFailures))));
    let other = practice.log_in_as(CLIENT, PASSWORD).await.expect("guesses in a session do not stop a login");
    let other = caller(&practice, &other).await.unwrap();
    practice.step_up.run(&other, &right, &metadata).await.expect("nor another session");
    practice.clock.advance(SignedDuration::from_hours(25));
    practice.step_up.run(&before, &right, &metadata).await.unwrap();
    let tokens = refresh(&practice, &tokens).await.unwrap();
    let after = caller(&practice, &tokens).await.unwrap();
    assert!(after.session.is_stepped_up(practice.now()));
    assert!(check_step_up(&after, practice.now()).is_ok());
}

#[tokio::test]
async fn right_codes_are_no_guesses() {
    let (practice, caller, _) = with_factor().await;
    for _ in 0..21 {
        practice.advance_minutes(1);
        let proof = Proof::Code(PlainTotp::code(practice.now()));
        practice.step_up.run(&caller, &proof, &RequestMetadata::default()).await.unwrap();
    }
}

#[tokio::test]
async fn a_code_of_the_app_steps_up_and_then_the_factor_can_be_removed() {
    let (practice, caller_before, codes) = with_factor().await;
    let metadata = RequestMetadata::default();
    let refused = practice.second_factor.remove(&caller_before, &metadata).await;
    assert!(matches!(refused, Err(SecondFactorError::StepUp(_))));
    practice.advance_minutes(1);
    let proof = Proof::Code(PlainTotp::code(practice.now()));
    practice.step_up.run(&caller_before, &proof, &metadata).await.unwrap();
    let again = practice.step_up.run(&caller_before, &proof, &metadata).await;
    assert!(matches!(again, Err(StepUpError::WrongCode)));
    let caller = stepped_up(&practice, caller_before.user);
    practice.second_factor.remove(&caller, &metadata).await.unwrap();
    let factor = practice.edit(async |work| work.totp_factor(caller.user.id).await.unwrap()).await;
    assert!(factor.is_none(), "its secret is deleted");
    log_in(&practice, None).await.unwrap();
    log_in(&practice, Some(&codes[3])).await.expect("a code that is not needed does no harm");
    let removed = (NotificationKind::SecondFactorRemoved, CLIENT.to_owned());
    assert_eq!(mailed(&practice, 1).await, [removed]);
}

#[tokio::test]
async fn admins_who_need_a_second_factor_have_to_set_it_up() {
    let practice = TestPractice::free().await;
    let user = User { second_factor_due_at: Some(practice.now()), ..practice.therapist().await };
    practice.save_user(user.clone()).await;
    let admin = stepped_up(&practice, user);
    let mut authenticate = practice.authenticate.clone();
    assert!(!authenticate.requires_setup(&admin));
    authenticate.second_factor = SecondFactorPolicy::Admins;
    assert!(authenticate.requires_setup(&admin));
    set_up(&practice, &admin).await;
    let user = practice.therapist().await;
    assert_eq!(user.second_factor_due_at, None);
    assert!(!authenticate.requires_setup(&stepped_up(&practice, user)));
}

#[tokio::test]
async fn a_new_role_needs_a_step_up_and_is_told() {
    let practice = TestPractice::free().await;
    let (client, mut admin) = (practice.client().await, stepped_up(&practice, practice.therapist().await));
    admin.session.stepped_up_at = None;
    let command = ManageUserCommand {
        admin: admin.clone(),
        user: client.id,
        first_name: None,
        last_name: None,
        role: Some(Role::Admin),
        disabled: None,
        version: None,
        metadata: RequestMetadata::default(),
    };
    let refused = practice.manage_user.run(command.clone()).await;
    assert!(matches!(refused, Err(ManageUserError::StepUp(_))));
    practice.manage_user.run(ManageUserCommand { role: Some(Role::Client), ..command }).await.expect("no change");
    manage(&practice, client.id, Some(Role::Admin), None).await.unwrap();
    assert_eq!(mailed(&practice, 0).await, [(NotificationKind::RoleChanged, CLIENT.to_owned())]);
}
