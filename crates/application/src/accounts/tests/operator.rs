//! What the operator does to an account.

use super::links::token;
use super::second_factor::set_up;
use super::*;

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
    practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
    let weak = run(&client, OperatorChange::Password(password("short"))).await;
    assert!(matches!(weak, Err(OperatorError::Password(PasswordProblem::TooShort(12)))));
    for _ in 0..4 {
        refused(&practice, CLIENT, WRONG).await;
    }
    let new = "crooked lighthouse marmalade";
    run(&client, OperatorChange::Password(password(new))).await.unwrap();
    practice.log_in_as(CLIENT, new).await.expect("the guesses of strangers are forgotten");
    let reset = practice.set_password_by_link.reset(&link, &password(PASSWORD), &RequestMetadata::default()).await;
    assert!(reset.is_err());
    practice.add("other", Role::Client).await;
    assert!(matches!(run(&client, OperatorChange::Email(email("other"))).await, Err(OperatorError::EmailTaken)));
    run(&client, OperatorChange::Email(email("new"))).await.unwrap();
    practice.log_in_as("new@example.org", new).await.unwrap();
    run(&email("new"), OperatorChange::Disable).await.unwrap();
    assert!(practice.queries.user(user.id).await.unwrap().unwrap().disabled);
    assert!(matches!(run(&client, OperatorChange::Disable).await, Err(OperatorError::NotFound)));
    assert!(matches!(run(&email("therapist"), OperatorChange::Disable).await, Err(OperatorError::LastAdmin)));
}
