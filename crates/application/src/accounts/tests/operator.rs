//! What the operator does to an account.

use attune_domain::notification::NotificationKind;

use super::links::{mailed, token};
use super::second_factor::set_up;
use super::*;

fn to(new: &str, undo: bool) -> OperatorChange {
    OperatorChange::Email { new: email(new), undo }
}

#[tokio::test]
async fn each_change_ends_what_was_open_and_lets_the_owner_in() {
    let (practice, user, tokens) = logged_in().await;
    let run = async |email: &EmailAddress, change: OperatorChange| practice.operate_account.run(email, &change).await;
    let client = email("client");
    set_up(&practice, &caller(&practice, &tokens).await.unwrap()).await;
    practice.request_link.reset_password(&client).await.unwrap();
    let link = token(&practice).await;
    run(&client, OperatorChange::RemoveSecondFactor).await.unwrap();
    assert!(caller(&practice, &tokens).await.is_err());
    let tokens = practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
    let weak = run(&client, OperatorChange::Password(password("short"))).await;
    assert!(matches!(weak, Err(OperatorError::Password(PasswordProblem::TooShort(12)))));
    for _ in 0..4 {
        refused(&practice, CLIENT, WRONG).await;
    }
    let new = "crooked lighthouse marmalade";
    run(&client, OperatorChange::Password(password(new))).await.unwrap();
    assert!(caller(&practice, &tokens).await.is_err());
    practice.log_in_as(CLIENT, new).await.expect("the guesses of strangers are forgotten");
    let reset = practice.set_password_by_link.reset(&link, &password(PASSWORD), &RequestMetadata::default()).await;
    assert!(reset.is_err());
    practice.add("other", Role::Client).await;
    assert!(matches!(run(&client, to("other", true)).await, Err(OperatorError::EmailTaken)));
    run(&client, to("new", true)).await.unwrap();
    practice.log_in_as("new@example.org", new).await.unwrap();
    run(&email("new"), OperatorChange::Disable).await.unwrap();
    assert!(practice.queries.user(user.id).await.unwrap().unwrap().disabled);
    assert!(matches!(run(&client, OperatorChange::Disable).await, Err(OperatorError::NotFound)));
    assert!(matches!(run(&email("therapist"), OperatorChange::Disable).await, Err(OperatorError::LastAdmin)));
}

#[tokio::test]
async fn the_owner_is_told_of_each_change() {
    use NotificationKind as K;
    let (practice, user, tokens) = logged_in().await;
    set_up(&practice, &caller(&practice, &tokens).await.unwrap()).await;
    let run = async |address: &str, change| practice.operate_account.run(&email(address), &change).await.unwrap();
    for (address, change, told) in [
        ("client", OperatorChange::RemoveSecondFactor, Some((K::SecondFactorRemoved, CLIENT))),
        ("client", OperatorChange::RemoveSecondFactor, None),
        (
            "client",
            OperatorChange::Password(password("crooked lighthouse marmalade")),
            Some((K::PasswordChanged, CLIENT)),
        ),
        ("client", to("client", true), None),
        ("client", to("new", true), Some((K::EmailChanged, CLIENT))),
        ("new", to("third", false), None),
        ("third", OperatorChange::Disable, Some((K::AccountDisabled, "third@example.org"))),
        ("third", OperatorChange::Disable, None),
    ] {
        let sent = practice.delivered().await.len();
        run(address, change).await;
        assert_eq!(mailed(&practice, sent).await, Vec::from_iter(told.map(|(kind, to)| (kind, to.to_owned()))));
        practice.advance_minutes(1);
    }
    // An email that was not sent before the account was enabled again would be wrong.
    manage(&practice, user.id, None, Some(false)).await.unwrap();
    let sent = practice.delivered().await.len();
    manage(&practice, user.id, None, Some(true)).await.unwrap();
    manage(&practice, user.id, None, Some(false)).await.unwrap();
    assert_eq!(mailed(&practice, sent).await, []);
}

#[tokio::test]
async fn a_former_address_undoes_a_change_unless_someone_else_reads_it() {
    let undo = async |practice: &TestPractice, token: &str| {
        practice.change_email.undo(token, &RequestMetadata::default()).await.is_ok()
    };
    let run = async |practice: &TestPractice, address: &str, change| {
        practice.operate_account.run(&email(address), &change).await.unwrap();
        practice.advance_minutes(1);
    };
    let (deceived, user, _) = logged_in().await;
    run(&deceived, "client", to("thief", true)).await;
    assert!(undo(&deceived, &token(&deceived).await).await);
    assert_eq!(deceived.queries.user(user.id).await.unwrap().unwrap().email, email("client"));
    let (taken, user, _) = logged_in().await;
    run(&taken, "client", to("thief", true)).await;
    let earlier = token(&taken).await;
    run(&taken, "thief", to("client", false)).await;
    assert!(!undo(&taken, &earlier).await);
    assert_eq!(taken.queries.user(user.id).await.unwrap().unwrap().email, email("client"));
}

#[tokio::test]
async fn the_placeholder_of_the_first_admin_gets_no_email() {
    let practice = TestPractice::free().await;
    let placeholder: EmailAddress = "admin@attune.localhost".parse().unwrap();
    practice.save_user(User { email: placeholder.clone(), ..practice.therapist().await }).await;
    practice.operate_account.run(&placeholder, &to("therapist", true)).await.unwrap();
    assert_eq!(mailed(&practice, 0).await, []);
}
