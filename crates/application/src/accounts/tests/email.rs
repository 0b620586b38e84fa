//! Changes of the email address.

use attune_domain::notification::NotificationKind;

use super::links::{invited, mailed, token};
use super::*;

struct Changed {
    practice: TestPractice,
    user: User,
    /// The link at the former address.
    undo: String,
}

fn caller_of(practice: &TestPractice, user: &User) -> Caller {
    stepped_up(practice, user.clone())
}

async fn change(practice: &TestPractice, user: &User, to: &str) -> User {
    let metadata = RequestMetadata::default();
    practice.change_email.request(&caller_of(practice, user), &email(to), &metadata).await.unwrap();
    practice.change_email.confirm(&token(practice).await, &metadata).await.unwrap()
}

async fn changed() -> Changed {
    let (practice, user, _) = logged_in().await;
    let user = change(&practice, &user, "new").await;
    let undo = token(&practice).await;
    Changed { practice, user, undo }
}

async fn undo(practice: &TestPractice, token: &str) -> Result<(), ChangeEmailError> {
    practice.change_email.undo(token, &RequestMetadata::default()).await
}

#[tokio::test]
async fn the_new_address_confirms_and_the_former_one_is_told() {
    let Changed { practice, user, .. } = changed().await;
    assert_eq!(user.email, email("new"));
    let expected = [
        (NotificationKind::EmailConfirmation, "new@example.org".to_owned()),
        (NotificationKind::EmailChanged, CLIENT.to_owned()),
    ];
    assert_eq!(mailed(&practice, 0).await, expected);
    assert!(matches!(refused(&practice, CLIENT, PASSWORD).await, LogInError::InvalidCredentials));
    practice.log_in_as("new@example.org", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_change_needs_a_step_up_that_lasts_ten_minutes() {
    let practice = TestPractice::free().await;
    let user = practice.client().await;
    let caller = caller_of(&practice, &user);
    let request =
        async |caller: &Caller| practice.change_email.request(caller, &email("new"), &RequestMetadata::default()).await;
    let mut plain = caller.clone();
    plain.session.stepped_up_at = None;
    assert!(matches!(request(&plain).await, Err(ChangeEmailError::StepUp(_))));
    practice.advance_minutes(9);
    request(&caller).await.unwrap();
    practice.advance_minutes(1);
    assert!(matches!(request(&caller).await, Err(ChangeEmailError::StepUp(_))));
}

#[tokio::test]
async fn an_address_that_is_taken_is_not_disclosed_and_its_owner_hears() {
    let practice = TestPractice::free().await;
    let user = practice.client().await;
    practice.add("other", Role::Client).await;
    let metadata = RequestMetadata::default();
    let caller = caller_of(&practice, &user);
    practice.change_email.request(&caller, &email("other"), &metadata).await.unwrap();
    practice.change_email.request(&caller, &user.email, &metadata).await.unwrap();
    let attempt = (NotificationKind::RegistrationAttempt, "other@example.org".to_owned());
    assert_eq!(mailed(&practice, 0).await, [attempt]);
    // Taken between the request and the confirmation.
    practice.change_email.request(&caller, &email("late"), &metadata).await.unwrap();
    let link = token(&practice).await;
    practice.add("late", Role::Client).await;
    let confirmed = practice.change_email.confirm(&link, &metadata).await;
    assert!(matches!(confirmed, Err(ChangeEmailError::EmailTaken)));
}

#[tokio::test]
async fn undoing_gives_the_account_back() {
    let Changed { practice, user, undo: link } = changed().await;
    let tokens = practice.log_in_as("new@example.org", PASSWORD).await.unwrap();
    practice.advance_minutes(5);
    let thief = caller(&practice, &tokens).await.unwrap();
    second_factor::set_up(&practice, &thief).await;
    let command = ChangePasswordCommand {
        caller: thief,
        current: Some(password(PASSWORD)),
        new: password("crooked lighthouse marmalade"),
        metadata: RequestMetadata::default(),
    };
    let sent = practice.delivered().await.len();
    practice.change_password.run(command).await.unwrap();
    let changed = (NotificationKind::PasswordChanged, "new@example.org".to_owned());
    assert_eq!(mailed(&practice, sent).await, [changed]);
    let sent = practice.delivered().await.len();
    undo(&practice, &link).await.unwrap();
    let restored = practice.queries.user(user.id).await.unwrap().unwrap();
    assert_eq!((restored.email, restored.second_factor_at), (email("client"), None));
    assert!(caller(&practice, &tokens).await.is_err());
    assert_eq!(practice.queries.credentials_of(user.id).await.unwrap().unwrap().password_hash, None);
    let kinds: Vec<_> = mailed(&practice, sent).await;
    let own = |kind| (kind, CLIENT.to_owned());
    assert_eq!(kinds, [own(NotificationKind::SecondFactorRemoved), own(NotificationKind::PasswordReset)]);
    let new = password(PASSWORD);
    practice.set_password_by_link.reset(&token(&practice).await, &new, &RequestMetadata::default()).await.unwrap();
    practice.log_in_as(CLIENT, PASSWORD).await.unwrap();
    assert!(undo(&practice, &link).await.is_err(), "it works once");
}

#[tokio::test]
async fn a_second_factor_from_before_the_change_stays() {
    let (practice, user, tokens) = logged_in().await;
    second_factor::set_up(&practice, &caller(&practice, &tokens).await.unwrap()).await;
    practice.advance_minutes(1);
    let user = practice.queries.user(user.id).await.unwrap().unwrap();
    change(&practice, &user, "new").await;
    undo(&practice, &token(&practice).await).await.unwrap();
    assert!(practice.queries.user(user.id).await.unwrap().unwrap().second_factor_at.is_some());
}

#[tokio::test]
async fn an_undo_takes_later_changes_with_it_and_ends_after_72_hours() {
    let Changed { practice, user, undo: first } = changed().await;
    practice.advance_minutes(60);
    let user = change(&practice, &user, "third").await;
    let second = token(&practice).await;
    practice.advance_minutes(71 * 60 - 1);
    undo(&practice, &first).await.unwrap();
    let restored = practice.queries.user(user.id).await.unwrap().unwrap();
    assert_eq!(restored.email, email("client"));
    assert!(undo(&practice, &second).await.is_err());
    let Changed { practice, undo: late, .. } = changed().await;
    practice.advance_minutes(72 * 60);
    assert!(undo(&practice, &late).await.is_err());
}

#[tokio::test]
async fn an_address_that_can_still_be_restored_is_taken() {
    let Changed { practice, user, .. } = changed().await;
    let again = register(&practice, registration(CLIENT, None)).await;
    assert!(matches!(again, Err(RegisterError::Add(AddUserError::EmailTaken))));
    let other = practice.add("other", Role::Client).await;
    let metadata = RequestMetadata::default();
    practice.change_email.request(&caller_of(&practice, &other), &email("client"), &metadata).await.unwrap();
    let taken = practice.change_email.confirm(&token(&practice).await, &metadata).await;
    assert!(matches!(taken, Err(ChangeEmailError::EmailTaken)));
    // Its own account may return to it.
    practice.advance_minutes(1);
    assert_eq!(change(&practice, &user, "client").await.email, email("client"));
    practice.advance_minutes(72 * 60);
    register(&practice, registration("new@example.org", None)).await.unwrap();
}

#[tokio::test]
async fn an_admin_changes_the_address_of_a_client_and_at_once_if_it_was_never_verified() {
    let practice = TestPractice::free().await;
    let (client, therapist) = (practice.client().await, practice.therapist().await);
    let admin = caller_of(&practice, &therapist);
    let metadata = RequestMetadata::default();
    let request = async |user: UserId, to: &str| {
        practice.change_email.request_for_client(&admin, user, &email(to), &metadata).await
    };
    assert_eq!(request(client.id, "new").await.unwrap().email, email("client"), "the new address confirms");
    practice.change_email.confirm(&token(&practice).await, &metadata).await.unwrap();
    let invited = practice.edit(async |work| work.add_user(&new_client("typo")).await.unwrap()).await;
    assert_eq!(request(invited, "right").await.unwrap().email, email("right"));
    for taken in ["new", "client"] {
        assert!(matches!(request(invited, taken).await, Err(ChangeEmailError::EmailTaken)), "{taken}");
    }
    let sent = practice.delivered().await.len();
    let registered = Register { registration: Registration::Verified, ..practice.register.clone() };
    registered.run(registration("mistyped@example.org", None)).await.unwrap();
    let mistyped = practice.queries.credentials(&email("mistyped")).await.unwrap().unwrap().user.id;
    request(mistyped, "meant").await.unwrap();
    assert_eq!(mailed(&practice, sent).await, [], "it was not invited, and its link ended");
    assert!(matches!(request(therapist.id, "else").await, Err(ChangeEmailError::Forbidden)));
    assert!(matches!(request(UserId::new(99).unwrap(), "else").await, Err(ChangeEmailError::NotFound)));
    let mut plain = admin.clone();
    plain.session.stepped_up_at = None;
    let refused = practice.change_email.request_for_client(&plain, client.id, &email("else"), &metadata).await;
    assert!(matches!(refused, Err(ChangeEmailError::StepUp(_))));
}

#[tokio::test]
async fn a_former_address_that_was_never_verified_cannot_undo() {
    let practice = TestPractice::free().await;
    let client = User { email_verified_at: None, ..practice.client().await };
    practice.save_user(client.clone()).await;
    let verified = change(&practice, &client, "new").await;
    assert_eq!(verified.email_verified_at, Some(practice.now()));
    let kinds: Vec<_> = mailed(&practice, 0).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [NotificationKind::EmailConfirmation]);
}

#[tokio::test]
async fn a_new_address_ends_what_was_mailed_to_another_and_an_invitation_follows_it() {
    let practice = TestPractice::free().await;
    let admin = caller_of(&practice, &practice.therapist().await);
    let metadata = RequestMetadata::default();
    let invited = invited(&practice, true).await;
    let mut links = Vec::new();
    for new in ["first", "second"] {
        practice.advance_minutes(1);
        practice.change_email.request(&caller_of(&practice, &invited), &email(new), &metadata).await.unwrap();
        links.push(token(&practice).await);
    }
    let confirm = async |link: &str| practice.change_email.confirm(link, &metadata).await;
    assert!(confirm(&links[0]).await.is_err(), "the later request counts");
    practice.advance_minutes(1);
    let sent = practice.delivered().await.len();
    practice.change_email.request_for_client(&admin, invited.id, &email("right"), &metadata).await.unwrap();
    let invitation = (NotificationKind::AccountInvitation, "right@example.org".to_owned());
    assert_eq!(mailed(&practice, sent).await, [invitation]);
    assert!(confirm(&links[1]).await.is_err());
}

#[tokio::test]
async fn no_link_from_before_a_change_or_an_undo_works_afterwards() {
    let Changed { practice, user, undo: link } = changed().await;
    let metadata = RequestMetadata::default();
    practice.advance_minutes(1);
    practice.request_link.log_in(&user.email, None).await.unwrap();
    let to_log_in = token(&practice).await;
    change(&practice, &user, "third").await;
    practice.advance_minutes(1);
    let user = practice.queries.user(user.id).await.unwrap().unwrap();
    change(&practice, &user, "new").await;
    let found = practice.one_time_links.find(&to_log_in, OneTimePurpose::LogIn, practice.now()).await;
    assert!(matches!(found, Err(OneTimeLinkError::Dead(_))), "it has the address again");
    practice.advance_minutes(1);
    practice.change_email.request(&caller_of(&practice, &user), &email("fourth"), &metadata).await.unwrap();
    let of_thief = token(&practice).await;
    undo(&practice, &link).await.unwrap();
    let taken_again = practice.change_email.confirm(&of_thief, &metadata).await;
    assert!(matches!(taken_again, Err(ChangeEmailError::Link(OneTimeLinkError::Dead(_)))));
}

#[tokio::test]
async fn a_former_address_is_reserved_for_its_owner() {
    let Changed { practice, user, undo: link } = changed().await;
    let other = practice.add("other", Role::Client).await;
    practice.save_user(User { email_verified_at: None, ..other }).await;
    let command =
        CorrectEmailCommand { email: email("other"), password: password(PASSWORD), new_email: email("client") };
    practice.verify_email.correct(&command).await.unwrap();
    assert!(practice.queries.credentials(&email("other")).await.unwrap().is_some(), "nothing has changed");
    undo(&practice, &link).await.unwrap();
    assert_eq!(practice.queries.user(user.id).await.unwrap().unwrap().email, email("client"));
}
