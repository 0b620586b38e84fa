//! Participants: people without an account, invited to one booking each.

use attune_domain::notification::{NewNotification, NotificationKind};
use attune_domain::{
    Booking, BookingStatus, EmailAddress, Language, Participant, ParticipantId, ParticipantRole, PaymentStatus,
    PersonName, Role, ViewerId,
};
use attune_ports::NewParticipant;
use jiff::{SignedDuration, Timestamp};

use super::values::INSTANTS;
use super::{assert_conflict, assert_failed, unknown};
use crate::Backend;
use crate::fixtures::{
    at, client, email, in_state, minutes_after, name, next_version, notice, now, participant, restored, slot,
    therapist, zone,
};

async fn invite(backend: &Backend, new: &NewParticipant) -> ParticipantId {
    backend.commit(async |work| work.add_participant(new).await).await
}

async fn invite_stored(backend: &Backend, new: &NewParticipant) -> Participant {
    stored(invite(backend, new).await, new)
}

async fn revoke(backend: &Backend, id: ParticipantId, now: Timestamp) {
    backend.commit(async |work| work.revoke_participant(id, now).await).await;
}

async fn already_invited(backend: &Backend, again: &NewParticipant) {
    assert_conflict!(backend.uncommitted(async |work| work.add_participant(again).await).await, AlreadyInvited);
}

async fn still_invited(backend: &Backend, booking: &Booking) -> Vec<Participant> {
    backend.uncommitted(async |work| work.invited_participants(booking.id()).await).await.unwrap()
}

async fn read(backend: &Backend, id: ParticipantId) -> Participant {
    backend.queries.participant(id).await.unwrap().expect("the invitation is there")
}

fn stored(id: ParticipantId, new: &NewParticipant) -> Participant {
    Participant {
        id,
        booking: new.booking,
        email: new.email.clone(),
        display_name: new.display_name.clone(),
        role: new.role,
        time_zone: new.time_zone.clone(),
        language: new.language,
        invited_by: new.invited_by,
        invited_at: new.invited_at,
        revoked_at: None,
    }
}

fn ids(participants: &[Participant]) -> Vec<ParticipantId> {
    participants.iter().map(|participant| participant.id).collect()
}

pub async fn invitations_round_trip(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let colleague = backend.add_user(&therapist("colleague")).await;
    let longest = format!("{}@{}.d", "l".repeat(64), ["d"; 4].map(|label| label.repeat(46)).join("."));
    let longest = EmailAddress::parse(&longest).unwrap();
    for new in [
        participant(&booking, "partner"),
        NewParticipant { role: ParticipantRole::Presenter, time_zone: None, ..participant(&booking, "presenter") },
        NewParticipant {
            role: ParticipantRole::Observer,
            email: longest,
            time_zone: Some(zone("America/Argentina/ComodRivadavia")),
            language: Some(Language::French),
            invited_by: colleague,
            invited_at: minutes_after(now(), 5),
            ..participant(&booking, "observer")
        },
        // Users can be invited to the bookings of others.
        participant(&booking, "client"),
    ] {
        let id = invite(backend, &new).await;
        let expected = stored(id, &new);
        assert!(expected.is_invited());
        assert_eq!(read(backend, id).await, expected);
        assert_eq!(backend.queries.participants(booking.id()).await.unwrap().last(), Some(&expected));
        assert_eq!(still_invited(backend, &booking).await.last(), Some(&expected));
        let found = backend.uncommitted(async |work| work.participant(id).await).await.unwrap();
        assert_eq!(found, Some(expected));
    }
    let other = backend.book(practice, 1).await;
    assert!(still_invited(backend, &other).await.is_empty());
    assert!(backend.queries.participants(other.id()).await.unwrap().is_empty());
}

pub async fn participant_names_round_trip(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    assert!(PersonName::parse("A\0B").is_err());
    let longest = "𝒳".repeat(PersonName::MAX_CHARS);
    for (n, typed) in [
        "O'Brien \"the third\"",
        "Robert'); DROP TABLE participants; --",
        "👩‍👩‍👧‍👦",
        "משה בן־מימון",
        "فاطمة الزهراء",
        "李小龍",
        "Z\u{308}oe",
        "Zo\u{eb}",
        "NULL",
        "%_\\ $1 ?1 {}",
        &longest,
    ]
    .into_iter()
    .enumerate()
    {
        let new = NewParticipant { display_name: name(typed), ..participant(&booking, &format!("p{n}")) };
        let id = invite(backend, &new).await;
        assert_eq!(read(backend, id).await.display_name.as_str(), typed);
    }
}

pub async fn invitations_are_dated_to_the_millisecond(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    for (n, instant) in INSTANTS.map(at).into_iter().enumerate() {
        let finer = instant + SignedDuration::from_nanos(456_789);
        // Truncation is towards the epoch, on either side of it.
        let expected = Timestamp::from_millisecond(finer.as_millisecond()).unwrap();
        let new = NewParticipant { invited_at: finer, ..participant(&booking, &format!("p{n}")) };
        let id = invite(backend, &new).await;
        revoke(backend, id, finer).await;
        let found = read(backend, id).await;
        assert_eq!((found.invited_at, found.revoked_at), (expected, Some(expected)));
    }
}

pub async fn an_address_is_invited_once_per_booking(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let colleague = backend.add_user(&therapist("colleague")).await;
    let new = participant(&booking, "partner");
    let id = invite(backend, &new).await;
    for again in [
        new.clone(),
        NewParticipant { email: EmailAddress::parse("PARTNER@Example.ORG").unwrap(), ..new.clone() },
        NewParticipant {
            display_name: name("Another Name"),
            role: ParticipantRole::Observer,
            time_zone: None,
            invited_by: colleague,
            invited_at: minutes_after(now(), 90),
            ..new.clone()
        },
    ] {
        already_invited(backend, &again).await;
    }
    assert_eq!(backend.queries.participants(booking.id()).await.unwrap(), [stored(id, &new)]);

    // Another address, and the same one to another booking.
    invite(backend, &participant(&booking, "partner2")).await;
    let other = backend.book(practice, 1).await;
    let elsewhere = invite_stored(backend, &participant(&other, "partner")).await;
    assert_eq!(still_invited(backend, &other).await, [elsewhere]);
    assert_eq!(still_invited(backend, &booking).await.len(), 2);
}

pub async fn a_revoked_address_can_be_invited_again(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let mut made = Vec::new();
    for minute in 0..4 {
        if let Some(before) = made.last() {
            revoke(backend, *before, minutes_after(now(), minute)).await;
            assert!(still_invited(backend, &booking).await.is_empty());
        }
        made.push(invite(backend, &participant(&booking, "partner")).await);
        already_invited(backend, &participant(&booking, "partner")).await;
    }
    assert!(made.is_sorted_by(|a, b| a < b), "{made:?}");
    assert_eq!(ids(&still_invited(backend, &booking).await), made[3..]);
    let all = backend.queries.participants(booking.id()).await.unwrap();
    assert_eq!(ids(&all), made);
    assert_eq!(all.iter().filter(|participant| participant.is_invited()).count(), 1);

    // Within one unit of work, too.
    let replaced = backend.commit(async |work| {
        work.revoke_participant(made[3], now()).await?;
        work.add_participant(&participant(&booking, "partner")).await
    });
    let replaced = replaced.await;
    assert_eq!(ids(&still_invited(backend, &booking).await), [replaced]);
}

pub async fn revoking_an_invitation_stores_when(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let revoked = invite_stored(backend, &participant(&booking, "revoked")).await;
    let other = invite_stored(backend, &participant(&booking, "other")).await;
    let when = minutes_after(now(), 7);
    let revoked = Participant { revoked_at: Some(when), ..revoked };
    assert!(!revoked.is_invited());
    let found = backend.commit(async |work| {
        work.revoke_participant(revoked.id, when).await?;
        Ok((work.participant(revoked.id).await?, work.invited_participants(booking.id()).await?))
    });
    let expected = (Some(revoked.clone()), vec![other.clone()]);
    assert_eq!(found.await, expected, "the unit of work sees it at once");
    assert_eq!(read(backend, revoked.id).await, revoked);
    assert_eq!(read(backend, other.id).await, other);
    assert_eq!(still_invited(backend, &booking).await, std::slice::from_ref(&other));
    assert_eq!(backend.queries.participants(booking.id()).await.unwrap(), [revoked, other], "both, by id");
}

pub async fn an_invitation_is_revoked_once(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let id = invite(backend, &participant(&booking, "partner")).await;
    revoke(backend, id, minutes_after(now(), 1)).await;
    let before = read(backend, id).await;
    let later = minutes_after(now(), 2);
    for id in [id, unknown()] {
        assert_conflict!(backend.uncommitted(async |work| work.revoke_participant(id, later).await).await, Stale);
    }
    let twice = backend.uncommitted(async |work| {
        let second = work.add_participant(&participant(&booking, "second")).await?;
        work.revoke_participant(second, later).await?;
        work.revoke_participant(second, later).await
    });
    assert_conflict!(twice.await, Stale);
    assert_eq!(read(backend, id).await, before);
}

pub async fn an_invitation_needs_its_booking_and_its_therapist(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let new = participant(&booking, "partner");
    for incomplete in
        [NewParticipant { booking: unknown(), ..new.clone() }, NewParticipant { invited_by: unknown(), ..new.clone() }]
    {
        let result = backend.uncommitted(async |work| work.add_participant(&incomplete).await).await;
        assert_failed(result, &format!("{incomplete:?}"));
    }
    assert!(backend.queries.participants(booking.id()).await.unwrap().is_empty());
    assert!(backend.queries.participants(unknown()).await.unwrap().is_empty());
}

pub async fn an_unknown_invitation_is_not_found(backend: &Backend) {
    let (practice, _) = backend.booked().await;
    for id in [unknown(), ParticipantId::new(practice.client.get()).unwrap()] {
        assert!(backend.queries.participant(id).await.unwrap().is_none());
        assert!(backend.uncommitted(async |work| work.participant(id).await).await.unwrap().is_none());
    }
    assert!(backend.queries.participants(unknown()).await.unwrap().is_empty());
    let none = backend.uncommitted(async |work| work.invited_participants(unknown()).await).await.unwrap();
    assert!(none.is_empty());
    assert!(backend.queries.invitations_of(&email("client"), now(), 10).await.unwrap().is_empty());
}

pub async fn invitations_are_listed_by_id(backend: &Backend) {
    let (practice, first) = backend.booked().await;
    let second = backend.book(practice, 1).await;
    let mut made = Vec::new();
    for (booking, local) in [(&first, "z"), (&second, "x"), (&first, "a"), (&second, "z"), (&first, "m")] {
        made.push(invite(backend, &participant(booking, local)).await);
    }
    revoke(backend, made[2], now()).await;
    assert_eq!(ids(&backend.queries.participants(first.id()).await.unwrap()), [made[0], made[2], made[4]]);
    assert_eq!(ids(&still_invited(backend, &first).await), [made[0], made[4]]);
    assert_eq!(ids(&backend.queries.participants(second.id()).await.unwrap()), [made[1], made[3]]);
    assert_eq!(ids(&still_invited(backend, &second).await), [made[1], made[3]]);
}

pub async fn invitations_of_an_address_are_those_to_upcoming_bookings(backend: &Backend) {
    let practice = backend.practice().await;
    let me = email("partner");
    let found = async |from, limit| ids(&backend.queries.invitations_of(&me, from, limit).await.unwrap());
    let mut made = Vec::new();
    for hour in [3, 1, 2, 0] {
        let booking = backend.book(practice, hour).await;
        for other in ["partne", "another"] {
            invite(backend, &participant(&booking, other)).await;
        }
        made.push((invite(backend, &participant(&booking, "partner")).await, booking));
    }
    let [three, one, two, zero] = [0, 1, 2, 3].map(|n: usize| made[n].0);
    assert_eq!(found(now(), 10).await, [zero, one, two, three]);
    assert_eq!(found(now(), 2).await, [zero, one], "the earliest");
    assert!(found(now(), 0).await.is_empty());
    assert_eq!(found(slot(1), 10).await, [one, two, three], "starting at that instant");
    assert_eq!(found(minutes_after(slot(1), 1), 10).await, [two, three]);
    assert!(found(slot(4), 10).await.is_empty());
    let whole = backend.queries.invitations_of(&me, slot(3), 10).await.unwrap();
    assert_eq!(whole, [stored(three, &participant(&made[0].1, "partner"))]);

    // Revoked and invited again.
    revoke(backend, one, now()).await;
    assert_eq!(found(now(), 10).await, [zero, two, three]);
    let again = invite(backend, &participant(&made[1].1, "partner")).await;
    assert_eq!(found(now(), 10).await, [zero, again, two, three]);

    // Rescheduled.
    let (moved, _) = made[3].1.clone().reschedule(slot(9), Role::Admin, now()).unwrap();
    backend.save_booking(&moved).await;
    assert_eq!(found(now(), 10).await, [again, two, three, zero]);

    // No longer scheduled, or not yet.
    for (status, paid) in [
        (BookingStatus::Cancelled, PaymentStatus::NotRequired),
        (BookingStatus::Completed, PaymentStatus::NotRequired),
        (BookingStatus::NoShow, PaymentStatus::NotRequired),
        (BookingStatus::Expired, PaymentStatus::Cancelled),
        (BookingStatus::PendingPayment, PaymentStatus::Pending),
    ] {
        let stored = backend.read_booking(made[2].1.id()).await.unwrap();
        let changed = restored(in_state(next_version(&stored), status, paid));
        backend.save_booking(&changed).await;
        assert_eq!(found(now(), 10).await, [again, three, zero], "{status:?}");
    }
    assert!(backend.queries.invitations_of(&email("no-one"), now(), 10).await.unwrap().is_empty());
}

pub async fn a_dropped_unit_of_work_invites_no_one(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let before = invite_stored(backend, &participant(&booking, "before")).await;
    let mut work = backend.begin().await;
    let lost = work.add_participant(&participant(&booking, "lost")).await.unwrap();
    work.revoke_participant(before.id, now()).await.unwrap();
    let recipient = ViewerId::Participant(lost);
    work.enqueue(&[NewNotification { recipient, ..notice(&booking, NotificationKind::Invitation, now()) }])
        .await
        .unwrap();
    assert!(backend.queries.participant(lost).await.unwrap().is_none(), "invisible before the commit");
    assert!(read(backend, before.id).await.is_invited());
    drop(work);

    assert_eq!(backend.queries.participants(booking.id()).await.unwrap(), std::slice::from_ref(&before));
    assert_eq!(still_invited(backend, &booking).await, [before]);
    assert!(backend.queries.notifications(booking.id()).await.unwrap().is_empty());
    invite(backend, &participant(&booking, "lost")).await;
}

pub async fn an_invitation_leaves_its_address_to_accounts(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    invite(backend, &participant(&booking, "newcomer")).await;
    let user = backend.add_user(&client("newcomer")).await;
    assert_eq!(backend.read_user(user).await.email, email("newcomer"));
    already_invited(backend, &participant(&booking, "newcomer")).await;
}
