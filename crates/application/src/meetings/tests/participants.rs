use attune_domain::notification::NotificationKind;
use attune_domain::{Language, Participant, ParticipantRole, User};

use super::super::*;
use super::{revoke, revoke_links};
use crate::fixtures::{TUESDAY, TestPractice, at, booked, invitation};

#[tokio::test]
async fn an_invited_participant_gets_an_email_with_their_own_join_page_and_reminders() {
    let (practice, _, booking) = booked().await;
    let guest = practice.invite(&booking, "kim", ParticipantRole::Observer).await.unwrap();
    practice.deliver.run().await.unwrap();
    practice.clock.set(at("2024-01-14T10:00:00Z"));
    practice.deliver.run().await.unwrap();
    let mut emails = practice.notifier.sent();
    emails.retain(|email| email.to == guest.email);
    let kinds: Vec<_> = emails.iter().map(|email| email.kind).collect();
    assert_eq!(kinds, [NotificationKind::Invitation, NotificationKind::Reminder { minutes_before: 1440 }]);
    for email in emails {
        assert_eq!(email.to_name, "Kim Lee");
        let page = format!("https://practice.example.org/j/plain.{}.guest-{}.1", booking.id(), guest.id);
        assert_eq!(email.join_url, Some(page));
    }
    assert_eq!(practice.actions(&booking).await.last().unwrap(), "participant.invited");
}

#[tokio::test]
async fn a_participant_reads_their_own_language_or_else_the_clients() {
    for (own, of_client, expected) in [
        (Some(Language::French), Some(Language::German), Some(Language::French)),
        (None, Some(Language::German), Some(Language::German)),
        (None, None, None),
    ] {
        let (practice, client, booking) = booked().await;
        practice.save_user(User { language: of_client, ..client }).await;
        let command =
            InviteParticipantCommand { language: own, ..invitation(&booking, "kim", ParticipantRole::Observer) };
        let guest = practice.participants.invite(command).await.unwrap();
        assert_eq!(guest.language, own);
        let mut emails = practice.delivered().await;
        emails.retain(|email| email.to == guest.email);
        assert_eq!(emails[0].language, expected.unwrap_or_default());
        let (_, token) = emails[0].join_url.as_deref().unwrap().split_once("/j/").unwrap();
        assert_eq!(practice.join.view(token).await.unwrap().language, expected);
    }
}

#[tokio::test]
async fn a_participant_whose_invitation_was_revoked_gets_no_email() {
    let (practice, _, booking) = booked().await;
    let guest = practice.invite(&booking, "kim", ParticipantRole::Participant).await.unwrap();
    practice.participants.revoke(revoke(&guest)).await.unwrap();
    practice.participants.revoke(revoke(&guest)).await.unwrap();
    practice.deliver.run().await.unwrap();
    assert!(practice.notifier.sent().iter().all(|email| email.to != guest.email));
    let actions = practice.actions(&booking).await;
    assert_eq!(actions.iter().filter(|action| *action == "participant.revoked").count(), 1, "revoked once");
    let again = practice.invite(&booking, "kim", ParticipantRole::Participant).await.unwrap();
    assert_ne!(again.id, guest.id);
    let sent = practice.delivered().await;
    assert_eq!(sent.iter().filter(|email| email.kind == NotificationKind::Invitation).count(), 1);
}

#[tokio::test]
async fn who_cannot_be_invited() {
    let (practice, _, booking) = booked().await;
    practice.invite(&booking, "kim", ParticipantRole::Observer).await.unwrap();
    for invited in ["kim", "KIM", "client"] {
        let refused = practice.invite(&booking, invited, ParticipantRole::Presenter).await;
        assert!(matches!(refused, Err(ParticipantError::AlreadyInvited)), "{invited}");
    }
    for number in 1..Participant::MAX_PER_BOOKING {
        practice.invite(&booking, &format!("guest-{number}"), ParticipantRole::Observer).await.unwrap();
    }
    let refused = practice.invite(&booking, "late", ParticipantRole::Observer).await;
    assert!(matches!(refused, Err(ParticipantError::TooMany)));
    practice.clock.set(booking.ends_at());
    let refused = practice.invite(&booking, "late", ParticipantRole::Observer).await;
    assert!(matches!(refused, Err(ParticipantError::InvalidState)), "the session has ended");

    let practice = TestPractice::paid().await;
    let (_, unpaid) = practice.booked().await;
    let refused = practice.invite(&unpaid, "kim", ParticipantRole::Observer).await;
    assert!(matches!(refused, Err(ParticipantError::InvalidState)), "the session is not confirmed");
}

#[tokio::test]
async fn an_invitation_is_revoked_only_through_its_own_booking() {
    let (practice, client, booking) = booked().await;
    let other = practice.book(&client, TUESDAY).await.unwrap().booking;
    let guest = practice.invite(&booking, "kim", ParticipantRole::Observer).await.unwrap();
    let elsewhere = RevokeParticipantCommand { booking: other.id(), ..revoke(&guest) };
    assert!(matches!(practice.participants.revoke(elsewhere).await, Err(ParticipantError::NotFound)));
    assert!(practice.queries.participant(guest.id).await.unwrap().unwrap().is_invited());
}

#[tokio::test]
async fn new_links_are_sent_to_everyone_who_has_one() {
    let practice = TestPractice::free().await.signed();
    let (client, booking) = practice.booked().await;
    let guest = practice.invite(&booking, "kim", ParticipantRole::Observer).await.unwrap();
    let revoked = practice.invite(&booking, "revoked", ParticipantRole::Observer).await.unwrap();
    practice.participants.revoke(revoke(&revoked)).await.unwrap();
    let before = practice.delivered().await.len();
    practice.revoke_links.run(revoke_links(&booking)).await.unwrap();
    let emails = practice.delivered().await.split_off(before);
    let mut links: Vec<_> = emails.iter().map(|email| (email.to.as_str(), email.join_url.clone().unwrap())).collect();
    links.sort();
    let page = |viewer: String| format!("https://practice.example.org/j/plain.{}.{viewer}.2", booking.id());
    let expected = [
        (client.email.as_str(), page(format!("user-{}", client.id))),
        (guest.email.as_str(), page(format!("guest-{}", guest.id))),
    ];
    assert_eq!(links, expected);
    assert!(emails.iter().all(|email| email.kind == NotificationKind::MeetingLink));
}
