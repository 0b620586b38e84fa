use attune_domain::meeting::AccessState;
use attune_domain::{Booking, Cancellation, JoinToken, Money, ParticipantRole, Role, User, ViewerId};
use jiff::SignedDuration;

use super::super::*;
use crate::RequestMetadata;
use crate::fixtures::{World, at};

const TEN: &str = "2024-01-15T10:00:00Z";
const OPEN: &str = "2024-01-15T09:45:00Z";

async fn booked(world: &World) -> (User, Booking) {
    let client = world.client().await;
    let booking = world.book(&client, TEN).await.unwrap().booking;
    (client, booking)
}

/// The last part of the address of a person's page.
fn ticket(world: &World, booking: &Booking, viewer: ViewerId) -> String {
    let links = &world.links;
    links.pages.tokens.sign(&JoinToken { booking: booking.id(), viewer, link_version: booking.link_version() })
}

async fn change(world: &World, change: impl AsyncFnOnce(&mut dyn attune_ports::UnitOfWork)) {
    let mut work = world.store.begin().await.unwrap();
    change(&mut *work).await;
    work.commit().await.unwrap();
}

#[tokio::test]
async fn the_page_tells_when_and_lets_in_while_the_room_is_open() {
    for world in [World::free().await, World::free().await.signed()] {
        let (client, booking) = booked(&world).await;
        let text = ticket(&world, &booking, ViewerId::Account(client.id));
        let opens_at = at(OPEN);

        let view = world.join.view(&text).await.unwrap();
        assert_eq!((view.starts_at, view.minutes), (at(TEN), 50));
        assert_eq!(view.zone.iana_name(), Some("Europe/Berlin"));
        assert_eq!(view.room_origin, "https://meet.example.org");
        assert_eq!(view.state, AccessState::TooEarly { opens_at });

        world.clock.set(opens_at - SignedDuration::from_millis(1));
        let JoinOutcome::Closed(view) = world.join.join(&text).await.unwrap() else { panic!("too early") };
        assert_eq!(view.state, AccessState::TooEarly { opens_at });

        world.clock.set(opens_at);
        assert_eq!(world.join.view(&text).await.unwrap().state, AccessState::Open);
        let JoinOutcome::Room(url) = world.join.join(&text).await.unwrap() else { panic!("open") };
        let own = world.links.get(&client, booking.id()).await.unwrap().link;
        assert_eq!(url, own.url);
        assert_eq!(url.contains("?jwt="), world.deps.signing.is_some());

        world.clock.set(at("2024-01-15T11:20:00Z"));
        let JoinOutcome::Closed(view) = world.join.join(&text).await.unwrap() else { panic!("over") };
        assert_eq!(view.state, AccessState::Ended);
    }
}

#[tokio::test]
async fn an_old_mail_leads_to_the_new_time() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let text = ticket(&world, &booking, ViewerId::Account(client.id));
    change(&world, async |work| {
        let stored = work.booking(booking.id()).await.unwrap().unwrap();
        let (moved, _) = stored.reschedule(at("2024-01-16T15:00:00Z"), Role::Client, world.now()).unwrap();
        work.save_booking(&moved).await.unwrap();
    })
    .await;
    world.clock.set(at(TEN));
    let view = world.join.view(&text).await.unwrap();
    assert_eq!(view.starts_at, at("2024-01-16T15:00:00Z"));
    assert!(matches!(view.state, AccessState::TooEarly { .. }));
    world.clock.set(at("2024-01-16T15:00:00Z"));
    assert!(matches!(world.join.join(&text).await.unwrap(), JoinOutcome::Room(_)));
}

#[tokio::test]
async fn what_was_called_off_or_taken_back_opens_nothing() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let guest = world.invite(&booking, "kim@example.org", ParticipantRole::Observer).await.unwrap();
    let own = ticket(&world, &booking, ViewerId::Account(client.id));
    let invited = ticket(&world, &booking, ViewerId::Participant(guest.id));
    world.clock.set(at(TEN));
    assert!(matches!(world.join.join(&invited).await.unwrap(), JoinOutcome::Room(_)));

    let revoke = RevokeParticipantCommand {
        admin: booking.therapist(),
        booking: booking.id(),
        participant: guest.id,
        metadata: RequestMetadata::default(),
    };
    world.participants.revoke(revoke).await.unwrap();
    assert!(matches!(world.join.join(&invited).await, Err(JoinError::Revoked)));
    assert!(matches!(world.join.join(&own).await.unwrap(), JoinOutcome::Room(_)), "only that one invitation");

    let command =
        RevokeLinksCommand { admin: booking.therapist(), booking: booking.id(), metadata: RequestMetadata::default() };
    let replaced = world.revoke_links.run(command).await.unwrap();
    assert!(matches!(world.join.view(&own).await, Err(JoinError::Revoked)), "another version");
    let fresh = ticket(&world, &replaced, ViewerId::Account(client.id));
    assert!(matches!(world.join.join(&fresh).await.unwrap(), JoinOutcome::Room(_)));

    change(&world, async |work| {
        let stored = work.booking(booking.id()).await.unwrap().unwrap();
        let refund = Money::zero(stored.price().currency());
        let cancellation = Cancellation { at: world.now(), by: booking.therapist(), late: true, reason: None, refund };
        let (cancelled, _) = stored.cancel(cancellation, Role::Admin).unwrap();
        work.save_booking(&cancelled).await.unwrap();
    })
    .await;
    assert!(matches!(world.join.join(&fresh).await, Err(JoinError::Cancelled)));
    assert!(matches!(world.join.view(&own).await, Err(JoinError::Revoked)), "an old link learns nothing new");
}

#[tokio::test]
async fn no_one_is_admitted_with_a_token_that_was_revoked() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let stranger = world.add("stranger@example.org", Role::Client).await;
    let admin = world.add("second@example.org", Role::Admin).await;
    world.clock.set(at(TEN));
    let of = |person| ticket(&world, &booking, person);
    assert!(matches!(world.join.join(&of(ViewerId::Account(stranger.id))).await, Err(JoinError::Revoked)));
    assert!(matches!(world.join.join(&of(ViewerId::Account(admin.id))).await, Ok(JoinOutcome::Room(_))));
    for (user, change_of) in
        [(&admin, User { role: Role::Client, ..admin.clone() }), (&client, User { disabled: true, ..client.clone() })]
    {
        change(&world, async |work| work.save_user(&change_of).await.unwrap()).await;
        assert!(matches!(world.join.join(&of(ViewerId::Account(user.id))).await, Err(JoinError::Revoked)));
    }
    for nonsense in ["", "plain", "plain.1.user-1", "plain.99.user-2.1", "plain.1.user-2.1.x", "../../etc/passwd"] {
        assert!(matches!(world.join.view(nonsense).await, Err(JoinError::Unknown)), "{nonsense}");
    }
}

#[tokio::test]
async fn an_invitation_opens_one_session_only() {
    let world = World::free().await;
    let (client, booking) = booked(&world).await;
    let other = world.book(&client, "2024-01-16T10:00:00Z").await.unwrap().booking;
    let guest = world.invite(&booking, "kim@example.org", ParticipantRole::Presenter).await.unwrap();
    world.clock.set(at("2024-01-16T10:00:00Z"));
    let elsewhere = ticket(&world, &other, ViewerId::Participant(guest.id));
    assert!(matches!(world.join.join(&elsewhere).await, Err(JoinError::Revoked)));
}
