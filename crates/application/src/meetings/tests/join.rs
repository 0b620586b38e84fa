use attune_domain::meeting::AccessState;
use attune_domain::{Booking, Cancellation, JoinToken, Money, ParticipantRole, Role, User, ViewerId};
use jiff::SignedDuration;

use super::super::*;
use super::{revoke, revoke_links};
use crate::fixtures::{TEN, TUESDAY, TestPractice, at, booked};

fn token(practice: &TestPractice, booking: &Booking, viewer: ViewerId) -> String {
    let token = JoinToken { booking: booking.id(), viewer, link_version: booking.link_version() };
    practice.links.pages.tokens.sign(&token)
}

fn token_of(practice: &TestPractice, booking: &Booking, user: &User) -> String {
    token(practice, booking, ViewerId::Account(user.id))
}

#[tokio::test]
async fn the_page_shows_the_time_and_leads_into_the_room_while_it_is_open() {
    for practice in [TestPractice::free().await, TestPractice::free().await.signed()] {
        let (client, booking) = practice.booked().await;
        let text = token_of(&practice, &booking, &client);
        let opens_at = at("2024-01-15T09:45:00Z");

        let view = practice.join.view(&text).await.unwrap();
        assert_eq!((view.starts_at, view.minutes), (at(TEN), 50));
        assert_eq!(view.zone.iana_name(), Some("Europe/Berlin"));
        assert_eq!(view.room_origin, "https://meet.example.org");
        assert_eq!(view.state, AccessState::TooEarly { opens_at });

        practice.clock.set(opens_at - SignedDuration::from_millis(1));
        let JoinOutcome::Closed(view) = practice.join.join(&text).await.unwrap() else { panic!("too early") };
        assert_eq!(view.state, AccessState::TooEarly { opens_at });

        practice.clock.set(opens_at);
        assert_eq!(practice.join.view(&text).await.unwrap().state, AccessState::Open);
        let JoinOutcome::Room(url) = practice.join.join(&text).await.unwrap() else { panic!("open") };
        assert_eq!(url, practice.links.get(&client, booking.id()).await.unwrap().link.url);
        assert_eq!(url.contains("?jwt="), practice.deps.signing.is_some());

        practice.clock.set(at("2024-01-15T11:20:00Z"));
        let JoinOutcome::Closed(view) = practice.join.join(&text).await.unwrap() else { panic!("ended") };
        assert_eq!(view.state, AccessState::Ended);
    }
}

#[tokio::test]
async fn an_old_email_leads_to_the_new_time() {
    let (practice, client, booking) = booked().await;
    let text = token_of(&practice, &booking, &client);
    let (to, now) = (at("2024-01-16T15:00:00Z"), practice.now());
    practice.edit_booking(&booking, |stored| stored.reschedule(to, Role::Client, now).unwrap().0).await;
    practice.clock.set(at(TEN));
    let view = practice.join.view(&text).await.unwrap();
    assert_eq!(view.starts_at, to);
    assert!(matches!(view.state, AccessState::TooEarly { .. }));
    practice.clock.set(to);
    assert!(matches!(practice.join.join(&text).await.unwrap(), JoinOutcome::Room(_)));
}

#[tokio::test]
async fn cancelled_sessions_and_revoked_links_open_nothing() {
    let (practice, client, booking) = booked().await;
    let guest = practice.invite(&booking, "kim", ParticipantRole::Observer).await.unwrap();
    let own = token_of(&practice, &booking, &client);
    let invited = token(&practice, &booking, ViewerId::Participant(guest.id));
    practice.clock.set(at(TEN));
    assert!(matches!(practice.join.join(&invited).await.unwrap(), JoinOutcome::Room(_)));

    practice.participants.revoke(revoke(&guest)).await.unwrap();
    assert!(matches!(practice.join.join(&invited).await, Err(JoinError::Revoked)));
    assert!(matches!(practice.join.join(&own).await.unwrap(), JoinOutcome::Room(_)), "only that one invitation");

    let revoked = practice.revoke_links.run(revoke_links(&booking)).await.unwrap();
    assert!(matches!(practice.join.view(&own).await, Err(JoinError::Revoked)), "another version");
    let fresh = token_of(&practice, &revoked, &client);
    assert!(matches!(practice.join.join(&fresh).await.unwrap(), JoinOutcome::Room(_)));

    let (at, by, refund) = (practice.now(), booking.therapist(), Money::zero(booking.price().currency()));
    let cancellation = Cancellation { at, by, late: true, reason: None, refund };
    practice.edit_booking(&booking, |stored| stored.cancel(cancellation, Role::Admin).unwrap().0).await;
    assert!(matches!(practice.join.join(&fresh).await, Err(JoinError::Cancelled)));
    assert!(matches!(practice.join.view(&own).await, Err(JoinError::Revoked)), "an old link shows nothing new");
}

#[tokio::test]
async fn a_token_works_only_for_its_booking_and_a_viewer_who_may_join_now() {
    let (practice, client, booking) = booked().await;
    let stranger = practice.add("stranger", Role::Client).await;
    let admin = practice.add("second", Role::Admin).await;
    let other = practice.book(&client, TUESDAY).await.unwrap().booking;
    let guest = practice.invite(&booking, "kim", ParticipantRole::Presenter).await.unwrap();
    practice.clock.set(at(TEN));
    let join = async |text: String| practice.join.join(&text).await;
    let of = |user: &User| token_of(&practice, &booking, user);
    assert!(matches!(join(of(&stranger)).await, Err(JoinError::Revoked)));
    assert!(matches!(join(of(&admin)).await, Ok(JoinOutcome::Room(_))));
    for changed in [User { role: Role::Client, ..admin }, User { disabled: true, ..client }] {
        practice.save_user(changed.clone()).await;
        assert!(matches!(join(of(&changed)).await, Err(JoinError::Revoked)), "{}", changed.id);
    }
    for invalid in ["", "plain", "plain.1.user-1", "plain.99.user-2.1", "plain.1.user-2.1.x", "../../etc/passwd"] {
        assert!(matches!(practice.join.view(invalid).await, Err(JoinError::Unknown)), "{invalid}");
    }
    practice.clock.set(at(TUESDAY));
    let elsewhere = join(token(&practice, &other, ViewerId::Participant(guest.id))).await;
    assert!(matches!(elsewhere, Err(JoinError::Revoked)), "an invitation is for one booking");
}
