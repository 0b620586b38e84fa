//! People without an account, invited into one session each.

use attune_domain::notification::{NewNotification, NotificationKind};
use attune_domain::{
    Booking, BookingStatus, EmailAddress, Participant, ParticipantId, ParticipantRole, PaymentStatus, PersonName, Role,
    ViewerId,
};
use attune_ports::{NewParticipant, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::{assert_conflict, unknown_booking, unknown_participant, unknown_user};
use crate::Backend;
use crate::fixtures::{
    PracticeFixture, at, client, email, in_state, minutes_after, name, next_version, notice, now, participant,
    restored, slot, therapist, zone,
};

async fn stage(backend: &Backend) -> (PracticeFixture, Booking) {
    let (practice, booking) = backend.booked().await;
    (practice, booking)
}

async fn invite(backend: &Backend, new: &NewParticipant) -> ParticipantId {
    backend.commit(async |work| work.add_participant(new).await).await
}

async fn take_back(backend: &Backend, id: ParticipantId, now: Timestamp) {
    backend.commit(async |work| work.revoke_participant(id, now).await).await;
}

async fn standing(backend: &Backend, booking: &Booking) -> Vec<Participant> {
    backend.uncommitted(async |work| work.invited_participants(booking.id()).await).await.unwrap()
}

async fn read(backend: &Backend, id: ParticipantId) -> Participant {
    backend.queries.participant(id).await.unwrap().expect("the invitation is there")
}

/// The invitation as it should come back.
fn invited(id: ParticipantId, new: &NewParticipant) -> Participant {
    Participant {
        id,
        booking: new.booking,
        email: new.email.clone(),
        display_name: new.display_name.clone(),
        role: new.role,
        time_zone: new.time_zone.clone(),
        invited_by: new.invited_by,
        invited_at: new.invited_at,
        revoked_at: None,
    }
}

fn ids(participants: &[Participant]) -> Vec<ParticipantId> {
    participants.iter().map(|participant| participant.id).collect()
}

/// Every field comes back as it went in, whether it is there or not, by every way of reading.
pub async fn an_invitation_comes_back_as_it_went_in(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let colleague = backend.add_user(&therapist("colleague")).await;
    let longest = format!("{}@{}", "l".repeat(64), ["d"; 4].map(|label| label.repeat(46)).join("."));
    let longest = EmailAddress::parse(&format!("{longest}.d")).unwrap();
    for new in [
        participant(&booking, "partner"),
        NewParticipant { role: ParticipantRole::Presenter, time_zone: None, ..participant(&booking, "presenter") },
        NewParticipant {
            role: ParticipantRole::Observer,
            email: longest,
            time_zone: Some(zone("America/Argentina/ComodRivadavia")),
            invited_by: colleague,
            invited_at: minutes_after(now(), 5),
            ..participant(&booking, "observer")
        },
        // Nothing says that someone with an account cannot be invited into the session of another.
        participant(&booking, "client"),
    ] {
        let id = invite(backend, &new).await;
        let expected = invited(id, &new);
        assert!(expected.is_invited());
        assert_eq!(read(backend, id).await, expected);
        assert_eq!(backend.queries.participants(booking.id()).await.unwrap().last(), Some(&expected));
        assert_eq!(standing(backend, &booking).await.last(), Some(&expected));
        let seen = backend.uncommitted(async |work| work.participant(id).await).await.unwrap();
        assert_eq!(seen, Some(expected));
    }
    let other = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    assert!(standing(backend, &other).await.is_empty());
    assert!(backend.queries.participants(other.id()).await.unwrap().is_empty());
}

/// Names come back as they were typed, in every script and up to the longest; what could end a text cannot be in one.
pub async fn names_of_people_invited_come_back_as_they_were_typed(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    assert!(PersonName::parse("A\0B").is_err());
    let longest = "𝒳".repeat(PersonName::MAX_CHARS);
    for (n, typed) in [
        "O'Brien \"the third\"",
        "Robert'); DROP TABLE participants; --",
        "👩‍👩‍👧‍👦",
        "משה בן־מימון",
        "فاطمة الزهراء",
        "李小龍",
        "Zoe\u{308}",
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

/// Instants come back to the millisecond, and what is finer is cut off.
pub async fn invitations_are_dated_to_the_millisecond(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    for (n, instant) in ["1969-12-31T23:59:59.999Z", "2027-03-28T00:59:59.999Z", "9999-12-30T20:00:00.999Z"]
        .map(at)
        .into_iter()
        .enumerate()
    {
        let finer = instant.checked_add(SignedDuration::from_nanos(456_789)).unwrap();
        // Cutting is towards the epoch, on either side of it.
        let cut = Timestamp::from_millisecond(finer.as_millisecond()).unwrap();
        let new = NewParticipant { invited_at: finer, ..participant(&booking, &format!("p{n}")) };
        let id = invite(backend, &new).await;
        take_back(backend, id, finer).await;
        let found = read(backend, id).await;
        assert_eq!((found.invited_at, found.revoked_at), (cut, Some(cut)));
    }
}

/// One address is invited once into one session, whatever else the second invitation says.
pub async fn an_address_is_invited_once_into_a_session(backend: &Backend) {
    let (practice, booking) = stage(backend).await;
    let colleague = backend.add_user(&therapist("colleague")).await;
    let new = participant(&booking, "partner");
    let id = invite(backend, &new).await;
    for again in [
        new.clone(),
        NewParticipant { email: EmailAddress::parse("PARTNER@Example.ORG").unwrap(), ..new.clone() },
        NewParticipant {
            display_name: name("Someone Else"),
            role: ParticipantRole::Observer,
            time_zone: None,
            invited_by: colleague,
            invited_at: minutes_after(now(), 90),
            ..new.clone()
        },
    ] {
        assert_conflict!(backend.uncommitted(async |work| work.add_participant(&again).await).await, AlreadyInvited);
    }
    assert_eq!(backend.queries.participants(booking.id()).await.unwrap(), [invited(id, &new)]);

    // Another address, and the same one into another session.
    invite(backend, &participant(&booking, "partner2")).await;
    let other = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    let elsewhere = participant(&other, "partner");
    let elsewhere = invited(invite(backend, &elsewhere).await, &elsewhere);
    assert_eq!(standing(backend, &other).await, [elsewhere]);
    assert_eq!(standing(backend, &booking).await.len(), 2);
}

/// IdempotentRequest an invitation was taken back its address is free, again and again; each invitation is a new one.
pub async fn an_address_can_be_invited_again_after_it_was_taken_back(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let mut made = Vec::new();
    for minute in 0..4 {
        if let Some(before) = made.last() {
            take_back(backend, *before, minutes_after(now(), minute)).await;
            assert!(standing(backend, &booking).await.is_empty());
        }
        made.push(invite(backend, &participant(&booking, "partner")).await);
        let again = participant(&booking, "partner");
        assert_conflict!(backend.uncommitted(async |work| work.add_participant(&again).await).await, AlreadyInvited);
    }
    assert!(made.is_sorted_by(|a, b| a < b), "{made:?}");
    assert_eq!(ids(&standing(backend, &booking).await), made[3..]);
    let all = backend.queries.participants(booking.id()).await.unwrap();
    assert_eq!(ids(&all), made);
    assert_eq!(all.iter().filter(|participant| participant.is_invited()).count(), 1);

    // Within one unit of work, too.
    let swapped = backend
        .commit(async |work| {
            work.revoke_participant(made[3], now()).await?;
            work.add_participant(&participant(&booking, "partner")).await
        })
        .await;
    assert_eq!(ids(&standing(backend, &booking).await), [swapped]);
}

/// Taking an invitation back writes when, and nothing else; no other invitation changes.
pub async fn taking_an_invitation_back_writes_when(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let (gone, stays) = (participant(&booking, "gone"), participant(&booking, "stays"));
    let (gone, stays) = (invited(invite(backend, &gone).await, &gone), invited(invite(backend, &stays).await, &stays));
    let when = minutes_after(now(), 7);
    let seen = backend
        .commit(async |work| {
            work.revoke_participant(gone.id, when).await?;
            Ok((work.participant(gone.id).await?, work.invited_participants(booking.id()).await?))
        })
        .await;
    let gone = Participant { revoked_at: Some(when), ..gone };
    assert!(!gone.is_invited());
    assert_eq!(seen, (Some(gone.clone()), vec![stays.clone()]), "the unit of work sees it at once");
    assert_eq!(read(backend, gone.id).await, gone);
    assert_eq!(read(backend, stays.id).await, stays);
    assert_eq!(standing(backend, &booking).await, std::slice::from_ref(&stays));
    assert_eq!(backend.queries.participants(booking.id()).await.unwrap(), [gone, stays], "readers see both, by id");
}

/// An invitation that does not stand, or that no one made, cannot be taken back.
pub async fn an_invitation_is_taken_back_once(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let id = invite(backend, &participant(&booking, "partner")).await;
    take_back(backend, id, minutes_after(now(), 1)).await;
    let before = read(backend, id).await;
    let later = minutes_after(now(), 2);
    assert_conflict!(backend.uncommitted(async |work| work.revoke_participant(id, later).await).await, Stale);
    let ghost = unknown_participant();
    assert_conflict!(backend.uncommitted(async |work| work.revoke_participant(ghost, later).await).await, Stale);
    let twice = backend
        .uncommitted(async |work| {
            let second = work.add_participant(&participant(&booking, "second")).await?;
            work.revoke_participant(second, later).await?;
            work.revoke_participant(second, later).await
        })
        .await;
    assert_conflict!(twice, Stale);
    assert_eq!(read(backend, id).await, before);
}

/// An invitation needs a session and a therapist that are there.
pub async fn an_invitation_needs_its_session_and_its_therapist(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let new = participant(&booking, "partner");
    for ghostly in [
        NewParticipant { booking: unknown_booking(), ..new.clone() },
        NewParticipant { invited_by: unknown_user(), ..new.clone() },
    ] {
        let answer = backend.uncommitted(async |work| work.add_participant(&ghostly).await).await;
        assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    }
    assert!(backend.queries.participants(booking.id()).await.unwrap().is_empty());
    assert!(backend.queries.participants(unknown_booking()).await.unwrap().is_empty());
}

/// No one is found where no one is, and the account of the same number is someone else.
pub async fn an_unknown_invitation_is_no_one(backend: &Backend) {
    let (practice, _) = stage(backend).await;
    for id in [unknown_participant(), ParticipantId::new(practice.client.get()).unwrap()] {
        assert!(backend.queries.participant(id).await.unwrap().is_none());
        assert!(backend.uncommitted(async |work| work.participant(id).await).await.unwrap().is_none());
    }
    assert!(backend.queries.participants(unknown_booking()).await.unwrap().is_empty());
    let none = backend.uncommitted(async |work| work.invited_participants(unknown_booking()).await).await.unwrap();
    assert!(none.is_empty());
    assert!(backend.queries.invitations_of(&email("client"), now(), 10).await.unwrap().is_empty());
}

/// The invitations into a session are listed by id: to a unit of work those that stand, to readers all.
pub async fn invitations_are_listed_by_id(backend: &Backend) {
    let (practice, first) = stage(backend).await;
    let second = backend.add_booking(|id| practice.booking(id, slot(1))).await;
    let mut made = Vec::new();
    for (booking, local) in [(&first, "z"), (&second, "x"), (&first, "a"), (&second, "z"), (&first, "m")] {
        made.push(invite(backend, &participant(booking, local)).await);
    }
    take_back(backend, made[2], now()).await;
    assert_eq!(ids(&backend.queries.participants(first.id()).await.unwrap()), [made[0], made[2], made[4]]);
    assert_eq!(ids(&standing(backend, &first).await), [made[0], made[4]]);
    assert_eq!(ids(&backend.queries.participants(second.id()).await.unwrap()), [made[1], made[3]]);
    assert_eq!(ids(&standing(backend, &second).await), [made[1], made[3]]);
}

/// An address is asked for: only its standing invitations into agreed sessions that lie ahead count, earliest first.
pub async fn invitations_of_an_address_are_those_that_lead_somewhere(backend: &Backend) {
    let practice = backend.practice().await;
    let me = email("partner");
    let found = async |from, limit| ids(&backend.queries.invitations_of(&me, from, limit).await.unwrap());
    let mut made = Vec::new();
    for hour in [3, 1, 2, 0] {
        let booking = backend.add_booking(|id| practice.booking(id, slot(hour))).await;
        for other in ["partne", "someone"] {
            invite(backend, &participant(&booking, other)).await;
        }
        made.push((invite(backend, &participant(&booking, "partner")).await, booking));
    }
    let [three, one, two, zero] = [0, 1, 2, 3].map(|n: usize| made[n].0);
    assert_eq!(found(now(), 10).await, [zero, one, two, three]);
    assert_eq!(found(now(), 2).await, [zero, one], "the earliest");
    assert!(found(now(), 0).await.is_empty());
    assert_eq!(found(slot(1), 10).await, [one, two, three], "beginning at that very instant");
    assert_eq!(found(minutes_after(slot(1), 1), 10).await, [two, three]);
    assert!(found(slot(4), 10).await.is_empty());
    let whole = backend.queries.invitations_of(&me, slot(3), 10).await.unwrap();
    assert_eq!(whole, [invited(three, &participant(&made[0].1, "partner"))]);

    // Revoked, and invited again.
    take_back(backend, one, now()).await;
    assert_eq!(found(now(), 10).await, [zero, two, three]);
    let again = invite(backend, &participant(&made[1].1, "partner")).await;
    assert_eq!(found(now(), 10).await, [zero, again, two, three]);

    // The session moves.
    let (moved, _) = made[3].1.clone().reschedule(slot(9), Role::Admin, now()).unwrap();
    backend.commit(async |work| work.save_booking(&moved).await).await;
    assert_eq!(found(now(), 10).await, [again, two, three, zero]);

    // The session is no longer agreed, or not yet.
    for (status, paid) in [
        (BookingStatus::Cancelled, PaymentStatus::NotRequired),
        (BookingStatus::Completed, PaymentStatus::NotRequired),
        (BookingStatus::NoShow, PaymentStatus::NotRequired),
        (BookingStatus::Expired, PaymentStatus::Cancelled),
        (BookingStatus::PendingPayment, PaymentStatus::Pending),
    ] {
        let two_now = backend.read_booking(made[2].1.id()).await.unwrap();
        let changed = restored(in_state(next_version(&two_now), status, paid));
        backend.commit(async |work| work.save_booking(&changed).await).await;
        assert_eq!(found(now(), 10).await, [again, three, zero], "{status:?}");
    }
    assert!(backend.queries.invitations_of(&email("nobody"), now(), 10).await.unwrap().is_empty());
}

/// Dropping a unit of work takes back invitations, and the taking back of invitations.
pub async fn a_dropped_unit_of_work_invites_no_one(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    let kept = participant(&booking, "kept");
    let kept = invited(invite(backend, &kept).await, &kept);
    let mut work = backend.begin().await;
    let lost = work.add_participant(&participant(&booking, "lost")).await.unwrap();
    work.revoke_participant(kept.id, now()).await.unwrap();
    let recipient = ViewerId::Participant(lost);
    work.enqueue(&[NewNotification { recipient, ..notice(&booking, NotificationKind::Invitation, now()) }])
        .await
        .unwrap();
    assert!(backend.queries.participant(lost).await.unwrap().is_none(), "not seen before the commit");
    assert!(read(backend, kept.id).await.is_invited());
    drop(work);

    assert_eq!(backend.queries.participants(booking.id()).await.unwrap(), std::slice::from_ref(&kept));
    assert_eq!(standing(backend, &booking).await, [kept]);
    assert!(backend.queries.notices(booking.id()).await.unwrap().is_empty());
    invite(backend, &participant(&booking, "lost")).await;
}

/// An invitation is no one's account: neither takes the other's address.
pub async fn an_invitation_takes_no_address_from_accounts(backend: &Backend) {
    let (_, booking) = stage(backend).await;
    invite(backend, &participant(&booking, "newcomer")).await;
    let user = backend.add_user(&client("newcomer")).await;
    assert_eq!(backend.queries.user(user).await.unwrap().unwrap().email, email("newcomer"));
    let again = participant(&booking, "newcomer");
    assert_conflict!(backend.uncommitted(async |work| work.add_participant(&again).await).await, AlreadyInvited);
}
