//! Logins and their refresh tokens.

use attune_domain::login_session::LoginSession;
use attune_domain::{BookingId, BookingStatus, LoginSessionId, PaymentStatus, Role, User};
use attune_ports::{NewLoginSession, StoreError};

use super::{assert_conflict, unknown_user};
use crate::Backend;
use crate::fixtures::{client, in_state, minutes_after, next_version, now, restored, session, slot, token_hash};

fn unknown_session() -> LoginSessionId {
    LoginSessionId::new(987_654).expect("positive")
}

async fn add(backend: &Backend, new: &NewLoginSession) -> LoginSessionId {
    backend.commit(async |work| work.add_login_session(new).await).await
}

async fn read(backend: &Backend, id: LoginSessionId) -> Option<LoginSession> {
    backend.uncommitted(async |work| work.session(id).await).await.unwrap()
}

/// A login begins at generation 1, rotated when it was made, and not ended.
pub async fn a_login_begins_at_generation_one(backend: &Backend) {
    let practice = backend.practice().await;
    for network in [Some("2001:db8::/64".to_owned()), None] {
        let id = add(backend, &NewLoginSession { network, ..session(practice.client) }).await;
        let expected = LoginSession {
            id,
            user: practice.client,
            generation: 1,
            rotated_at: now(),
            created_at: now(),
            ended_at: None,
        };
        assert_eq!(read(backend, id).await, Some(expected.clone()));
        assert_eq!(backend.queries.caller(id).await.unwrap().unwrap().session, expected);
    }
    assert_eq!(read(backend, unknown_session()).await, None);
}

/// Saving writes generation, rotation and end, and nothing else.
pub async fn saving_a_login_writes_generation_rotation_and_end(backend: &Backend) {
    let practice = backend.practice().await;
    let id = add(backend, &session(practice.client)).await;
    let untouched = add(backend, &session(practice.client)).await;
    let untouched = read(backend, untouched).await.unwrap();
    let rotated =
        LoginSession { generation: 2, rotated_at: minutes_after(now(), 10), ..read(backend, id).await.unwrap() };
    let ended = LoginSession { generation: u32::MAX, ended_at: Some(minutes_after(now(), 20)), ..rotated.clone() };
    for changed in [rotated, ended.clone()] {
        let mut work = backend.begin().await;
        work.save_login_session(&changed).await.unwrap();
        assert_eq!(work.session(id).await.unwrap().unwrap(), changed, "a unit of work sees its own change");
        work.commit().await.unwrap();
        assert_eq!(read(backend, id).await.unwrap(), changed);
    }
    let forged = LoginSession { user: practice.therapist, created_at: minutes_after(now(), -60), ..ended.clone() };
    backend.commit(async |work| work.save_login_session(&forged).await).await;
    assert_eq!(read(backend, id).await.unwrap(), ended, "a login never changes hands, nor its age");
    assert_eq!(read(backend, untouched.id).await.unwrap(), untouched);
}

/// Writing to a login that is not there is a stale write.
pub async fn saving_an_unknown_login_is_stale(backend: &Backend) {
    let practice = backend.practice().await;
    let id = add(backend, &session(practice.client)).await;
    let ghost = LoginSession { id: unknown_session(), ..read(backend, id).await.unwrap() };
    assert_conflict!(backend.uncommitted(async |work| work.save_login_session(&ghost).await).await, Stale);
}

/// Ending a person's logins spares the excepted one, others' logins, and what was over already.
pub async fn ending_logins_spares_what_it_should(backend: &Backend) {
    let practice = backend.practice().await;
    let mine = [(); 3].map(|()| session(practice.client));
    let mut ids = Vec::new();
    for new in &mine {
        ids.push(add(backend, new).await);
    }
    let theirs = add(backend, &session(practice.therapist)).await;
    let over = add(backend, &session(practice.client)).await;
    let long_ago = minutes_after(now(), 1);
    let ended = LoginSession { ended_at: Some(long_ago), ..read(backend, over).await.unwrap() };
    backend.commit(async |work| work.save_login_session(&ended).await).await;

    let then = minutes_after(now(), 30);
    let count = backend.commit(async |work| work.end_login_sessions(practice.client, Some(ids[1]), then).await).await;
    assert_eq!(count, 2);
    for (id, end) in
        [(ids[0], Some(then)), (ids[1], None), (ids[2], Some(then)), (over, Some(long_ago)), (theirs, None)]
    {
        assert_eq!(read(backend, id).await.unwrap().ended_at, end);
    }
    let later = minutes_after(now(), 60);
    assert_eq!(backend.commit(async |work| work.end_login_sessions(practice.client, None, later).await).await, 1);
    assert_eq!(read(backend, ids[1]).await.unwrap().ended_at, Some(later));
    assert_eq!(read(backend, ids[0]).await.unwrap().ended_at, Some(then), "an end is not moved");
    assert_eq!(backend.commit(async |work| work.end_login_sessions(practice.client, None, later).await).await, 0);
    assert_eq!(backend.commit(async |work| work.end_login_sessions(unknown_user(), None, later).await).await, 0);
}

/// A refresh token leads to its login and generation however old it is, also when the login is over.
pub async fn refresh_tokens_are_found_however_old(backend: &Backend) {
    let practice = backend.practice().await;
    let first = add(backend, &session(practice.client)).await;
    let second = add(backend, &session(practice.client)).await;
    backend
        .commit(async |work| {
            work.add_refresh_token(&token_hash(1), first, 1, now()).await?;
            work.add_refresh_token(&token_hash(2), first, 2, minutes_after(now(), 1)).await?;
            // Two parallel refreshes may hand out two tokens of one generation.
            work.add_refresh_token(&token_hash(3), first, 2, minutes_after(now(), 1)).await?;
            work.add_refresh_token(&token_hash(4), second, u32::MAX, now()).await?;
            work.end_login_sessions(practice.client, None, minutes_after(now(), 2)).await
        })
        .await;
    let mut work = backend.begin().await;
    assert_eq!(work.refresh_token(&token_hash(1)).await.unwrap(), Some((first, 1)));
    assert_eq!(work.refresh_token(&token_hash(2)).await.unwrap(), Some((first, 2)));
    assert_eq!(work.refresh_token(&token_hash(3)).await.unwrap(), Some((first, 2)));
    assert_eq!(work.refresh_token(&token_hash(4)).await.unwrap(), Some((second, u32::MAX)));
    assert_eq!(work.refresh_token(&token_hash(5)).await.unwrap(), None);
}

/// One token cannot lead to two logins.
pub async fn a_refresh_token_is_kept_once(backend: &Backend) {
    let practice = backend.practice().await;
    let first = add(backend, &session(practice.client)).await;
    let second = add(backend, &session(practice.therapist)).await;
    backend.commit(async |work| work.add_refresh_token(&token_hash(1), first, 1, now()).await).await;
    let answer = backend.uncommitted(async |work| work.add_refresh_token(&token_hash(1), second, 1, now()).await).await;
    assert!(answer.is_err());
    let found = backend.uncommitted(async |work| work.refresh_token(&token_hash(1)).await).await.unwrap();
    assert_eq!(found, Some((first, 1)));
}

/// No one logs in who has no account, and no token belongs to no login.
pub async fn logins_need_an_account_and_tokens_a_login(backend: &Backend) {
    backend.practice().await;
    let answer = backend.uncommitted(async |work| work.add_login_session(&session(unknown_user())).await).await;
    assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    let answer = backend
        .uncommitted(async |work| work.add_refresh_token(&token_hash(1), unknown_session(), 1, now()).await)
        .await;
    assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
}

/// A caller is the person and the login as they are at this very moment; whether they still count, others decide.
pub async fn a_caller_is_known_as_of_now(backend: &Backend) {
    let practice = backend.practice().await;
    let id = add(backend, &session(practice.client)).await;
    assert!(backend.queries.caller(unknown_session()).await.unwrap().is_none());
    let before = backend.queries.caller(id).await.unwrap().unwrap();
    assert_eq!(before.user, backend.queries.user(practice.client).await.unwrap().unwrap());
    assert_eq!(before.session.id, id);

    let changed = User { role: Role::Admin, disabled: true, ..before.user };
    backend
        .commit(async |work| {
            work.save_user(&changed).await?;
            work.end_login_sessions(changed.id, None, minutes_after(now(), 3)).await
        })
        .await;
    let after = backend.queries.caller(id).await.unwrap().unwrap();
    assert_eq!(after.user, changed);
    assert_eq!(after.session.ended_at, Some(minutes_after(now(), 3)));
}

/// A network is known to a person who ever logged in from it, and to no one else.
pub async fn a_network_is_known_to_who_came_from_it(backend: &Backend) {
    let practice = backend.practice().await;
    let other = backend.add_user(&client("other")).await;
    let from = |network: &str| NewLoginSession { network: Some(network.to_owned()), ..session(practice.client) };
    add(backend, &from("192.0.2.0/24")).await;
    add(backend, &from("2001:db8:1:2::/64")).await;
    add(backend, &NewLoginSession { network: None, ..session(other) }).await;
    backend.commit(async |work| work.end_login_sessions(practice.client, None, now()).await).await;

    let known = async |user, network: &str| backend.queries.network_is_known(user, network).await.unwrap();
    assert!(known(practice.client, "192.0.2.0/24").await, "also after the login ended");
    assert!(known(practice.client, "2001:db8:1:2::/64").await);
    assert!(!known(practice.client, "192.0.2.0").await, "the whole text counts");
    assert!(!known(practice.client, "198.51.100.0/24").await);
    assert!(!known(other, "192.0.2.0/24").await);
    assert!(!known(other, "").await, "an unknown network is no network");
    assert!(!known(unknown_user(), "192.0.2.0/24").await);
}

/// Caller and booking are found together, each as it is found alone; without a caller there is no booking either.
pub async fn a_caller_and_a_booking_are_found_in_one_look(backend: &Backend) {
    let practice = backend.practice().await;
    let login = add(backend, &session(practice.client)).await;
    let others = add(backend, &session(practice.therapist)).await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let unknown = BookingId::new(987_654).expect("positive");
    for login in [login, others] {
        let caller = backend.queries.caller(login).await.unwrap().unwrap();
        let both = backend.queries.caller_and_booking(login, booking.id()).await.unwrap();
        assert_eq!(both, Some((caller.clone(), Some(booking.clone()))), "whose booking it is, is not asked");
        assert_eq!(backend.queries.caller_and_booking(login, unknown).await.unwrap(), Some((caller, None)));
    }
    assert_eq!(backend.queries.caller_and_booking(unknown_session(), booking.id()).await.unwrap(), None);
    let ended = LoginSession { ended_at: Some(minutes_after(now(), 1)), ..read(backend, login).await.unwrap() };
    backend.commit(async |work| work.save_login_session(&ended).await).await;
    let cancelled = restored(in_state(next_version(&booking), BookingStatus::Cancelled, PaymentStatus::NotRequired));
    backend.commit(async |work| work.save_booking(&cancelled).await).await;
    let (caller, found) = backend.queries.caller_and_booking(login, booking.id()).await.unwrap().unwrap();
    assert_eq!((caller.session, found), (ended, Some(cancelled)), "both are as they are now");
}
