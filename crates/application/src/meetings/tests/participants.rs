use attune_domain::notification::NotificationKind;
use attune_domain::{Booking, Participant, ParticipantRole, User};

use super::super::*;
use crate::RequestMetadata;
use crate::fixtures::{World, at};

const TEN: &str = "2024-01-15T10:00:00Z";

async fn booked(world: &World) -> (User, Booking) {
    let client = world.client().await;
    let booking = world.book(&client, TEN).await.unwrap().booking;
    (client, booking)
}

fn revoke(guest: &Participant) -> RevokeParticipantCommand {
    RevokeParticipantCommand {
        admin: guest.invited_by,
        booking: guest.booking,
        participant: guest.id,
        metadata: RequestMetadata::default(),
    }
}

#[tokio::test]
async fn an_invitation_is_mailed_with_the_guests_own_page_and_reminded_of() {
    let world = World::free().await;
    let (_, booking) = booked(&world).await;
    let guest = world.invite(&booking, "kim@example.org", ParticipantRole::Observer).await.unwrap();
    world.deliver.run().await.unwrap();
    world.clock.set(at("2024-01-14T10:00:00Z"));
    world.deliver.run().await.unwrap();
    let mails = world.notifier.sent();
    let to_guest: Vec<_> = mails.iter().filter(|m| m.to.as_str() == "kim@example.org").collect();
    assert_eq!(
        to_guest.iter().map(|m| m.kind).collect::<Vec<_>>(),
        [NotificationKind::Invitation, NotificationKind::Reminder { minutes_before: 1440 }]
    );
    for mail in to_guest {
        assert_eq!(mail.to_name, "Kim Lee");
        let page = format!("https://practice.example.org/j/plain.{}.guest-{}.1", booking.id(), guest.id);
        assert_eq!(mail.join_url.as_deref(), Some(page.as_str()));
    }
    let history = world.queries.history(booking.id()).await.unwrap();
    assert_eq!(history.last().unwrap().action, "participant.invited");
}

#[tokio::test]
async fn mails_to_someone_whose_invitation_was_taken_back_stay() {
    let world = World::free().await;
    let (_, booking) = booked(&world).await;
    let guest = world.invite(&booking, "kim@example.org", ParticipantRole::Participant).await.unwrap();
    world.participants.revoke(revoke(&guest)).await.unwrap();
    world.participants.revoke(revoke(&guest)).await.unwrap();
    world.deliver.run().await.unwrap();
    assert!(world.notifier.sent().iter().all(|mail| mail.to.as_str() != "kim@example.org"));
    let actions: Vec<String> =
        world.queries.history(booking.id()).await.unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions.iter().filter(|action| *action == "participant.revoked").count(), 1, "taken back once");
    let again = world.invite(&booking, "kim@example.org", ParticipantRole::Participant).await.unwrap();
    assert_ne!(again.id, guest.id);
    world.deliver.run().await.unwrap();
    assert_eq!(world.notifier.sent().iter().filter(|mail| mail.kind == NotificationKind::Invitation).count(), 1);
}

#[tokio::test]
async fn who_cannot_be_invited() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    world.invite(&booking, "kim@example.org", ParticipantRole::Observer).await.unwrap();
    for taken in ["kim@example.org", "KIM@example.org", client.email.as_str()] {
        let refused = world.invite(&booking, taken, ParticipantRole::Presenter).await;
        assert!(matches!(refused, Err(ParticipantError::AlreadyInvited)), "{taken}");
    }
    for number in 1..Participant::MAX_PER_BOOKING {
        world.invite(&booking, &format!("guest-{number}@example.org"), ParticipantRole::Observer).await.unwrap();
    }
    let refused = world.invite(&booking, "late@example.org", ParticipantRole::Observer).await;
    assert!(matches!(refused, Err(ParticipantError::TooMany)));
    world.clock.set(booking.ends_at());
    let refused = world.invite(&booking, "late@example.org", ParticipantRole::Observer).await;
    assert!(matches!(refused, Err(ParticipantError::InvalidState)), "the session is over");
}

#[tokio::test]
async fn an_unpaid_session_takes_no_guests() {
    let world = World::paid().await;
    let (_, booking) = booked(&world).await;
    let refused = world.invite(&booking, "kim@example.org", ParticipantRole::Observer).await;
    assert!(matches!(refused, Err(ParticipantError::InvalidState)));
}

#[tokio::test]
async fn an_invitation_is_taken_back_where_it_belongs() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let other = world.book(&client, "2024-01-16T10:00:00Z").await.unwrap().booking;
    let guest = world.invite(&booking, "kim@example.org", ParticipantRole::Observer).await.unwrap();
    let elsewhere = RevokeParticipantCommand { booking: other.id(), ..revoke(&guest) };
    assert!(matches!(world.participants.revoke(elsewhere).await, Err(ParticipantError::NotFound)));
    assert!(world.queries.participant(guest.id).await.unwrap().unwrap().is_invited());
}

#[tokio::test]
async fn replaced_links_are_mailed_to_everyone_who_has_one() {
    let world = World::free().await.signed();
    let (client, booking) = booked(&world).await;
    let guest = world.invite(&booking, "kim@example.org", ParticipantRole::Observer).await.unwrap();
    let gone = world.invite(&booking, "gone@example.org", ParticipantRole::Observer).await.unwrap();
    world.participants.revoke(revoke(&gone)).await.unwrap();
    world.deliver.run().await.unwrap();
    let before = world.notifier.sent().len();
    let command =
        RevokeLinksCommand { admin: booking.therapist(), booking: booking.id(), metadata: RequestMetadata::default() };
    world.revoke_links.run(command).await.unwrap();
    world.deliver.run().await.unwrap();
    let mails = world.notifier.sent().split_off(before);
    let mut links: Vec<(String, String)> =
        mails.iter().map(|m| (m.to.as_str().into(), m.join_url.clone().unwrap())).collect();
    links.sort();
    let page = |person: String| format!("https://practice.example.org/j/plain.{}.{person}.2", booking.id());
    assert_eq!(
        links,
        [
            (client.email.as_str().to_owned(), page(format!("user-{}", client.id))),
            ("kim@example.org".to_owned(), page(format!("guest-{}", guest.id))),
        ]
    );
    assert!(mails.iter().all(|mail| mail.kind == NotificationKind::MeetingLink));
}
