//! Login sessions and their refresh tokens.

use attune_domain::login_session::{DeviceId, LoginSession};
use attune_domain::{BookingStatus, LoginSessionId, PaymentStatus, Role, User};
use attune_ports::{LoginHistory, NewLoginSession};

use super::{assert_conflict, assert_failed, unknown};
use crate::Backend;
use crate::fixtures::{in_state, minutes_after, next_version, now, restored, session, token_hash};

async fn add(backend: &Backend, new: &NewLoginSession) -> LoginSessionId {
    backend.commit(async |work| work.add_login_session(new).await).await
}

async fn read(backend: &Backend, id: LoginSessionId) -> Option<LoginSession> {
    backend.uncommitted(async |work| work.session(id).await).await.unwrap()
}

pub async fn a_login_session_begins_at_generation_one(backend: &Backend) {
    let practice = backend.practice().await;
    for network in [Some("2001:db8::/64".to_owned()), None] {
        let id = add(backend, &NewLoginSession { network, ..session(practice.client) }).await;
        let expected = LoginSession {
            id,
            user: practice.client,
            generation: 1,
            rotated_at: now(),
            created_at: now(),
            stepped_up_at: None,
            ended_at: None,
        };
        assert_eq!(read(backend, id).await, Some(expected.clone()));
        assert_eq!(backend.queries.caller(id).await.unwrap().unwrap().session, expected);
    }
    assert_eq!(read(backend, unknown()).await, None);
}

pub async fn the_live_login_sessions_of_a_user_are_listed_newest_first(backend: &Backend) {
    let practice = backend.practice().await;
    let unknown_origin = NewLoginSession { network: None, user_agent: None, ..session(practice.client) };
    let first = add(backend, &session(practice.client)).await;
    let ended = add(backend, &session(practice.client)).await;
    let last = add(backend, &unknown_origin).await;
    add(backend, &session(practice.therapist)).await;
    let over = LoginSession { ended_at: Some(minutes_after(now(), 1)), ..read(backend, ended).await.unwrap() };
    backend.commit(async |work| work.save_login_session(&over).await).await;
    let found = backend.queries.login_sessions(&[practice.client, unknown()]).await.unwrap();
    let found: Vec<_> =
        found.iter().map(|view| (view.session.id, view.network.as_deref(), view.user_agent.as_deref())).collect();
    assert_eq!(found, [(last, None, None), (first, Some("192.0.2.0/24"), Some("Firefox, Linux"))]);
    assert!(backend.queries.login_sessions(&[unknown()]).await.unwrap().is_empty());
    let both = backend.queries.login_sessions(&[practice.therapist, practice.client]).await.unwrap();
    let of_both: Vec<_> = both.iter().map(|view| view.session.user).collect();
    assert_eq!(of_both, [practice.therapist, practice.client, practice.client], "newest first");
}

pub async fn saving_a_login_session_stores_generation_rotation_and_end(backend: &Backend) {
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
    assert_eq!(read(backend, id).await.unwrap(), ended, "neither the user nor the age of a login session changes");
    assert_eq!(read(backend, untouched.id).await.unwrap(), untouched);
}

pub async fn saving_an_unknown_login_session_is_stale(backend: &Backend) {
    let practice = backend.practice().await;
    let id = add(backend, &session(practice.client)).await;
    let other = LoginSession { id: unknown(), ..read(backend, id).await.unwrap() };
    assert_conflict!(backend.uncommitted(async |work| work.save_login_session(&other).await).await, Stale);
}

pub async fn ending_login_sessions_spares_all_others(backend: &Backend) {
    let practice = backend.practice().await;
    let mut ids = Vec::new();
    for user in [practice.client, practice.client, practice.client, practice.therapist] {
        ids.push(add(backend, &session(user)).await);
    }
    let [first, second, third, theirs] = ids[..] else { panic!("four login sessions") };
    let ended_before = add(backend, &session(practice.client)).await;
    let earlier = minutes_after(now(), 1);
    let ended = LoginSession { ended_at: Some(earlier), ..read(backend, ended_before).await.unwrap() };
    backend.commit(async |work| work.save_login_session(&ended).await).await;

    let end =
        async |user, except, at| backend.commit(async |work| work.end_login_sessions(user, except, at).await).await;
    let then = minutes_after(now(), 30);
    assert_eq!(end(practice.client, Some(second), then).await, 2);
    for (id, ended_at) in
        [(first, Some(then)), (second, None), (third, Some(then)), (ended_before, Some(earlier)), (theirs, None)]
    {
        assert_eq!(read(backend, id).await.unwrap().ended_at, ended_at);
    }
    let later = minutes_after(now(), 60);
    assert_eq!(end(practice.client, None, later).await, 1);
    assert_eq!(read(backend, second).await.unwrap().ended_at, Some(later));
    assert_eq!(read(backend, first).await.unwrap().ended_at, Some(then), "the first end stays");
    assert_eq!(end(practice.client, None, later).await, 0);
    assert_eq!(end(unknown(), None, later).await, 0);
}

pub async fn refresh_tokens_are_found_however_old(backend: &Backend) {
    let practice = backend.practice().await;
    let first = add(backend, &session(practice.client)).await;
    let second = add(backend, &session(practice.client)).await;
    backend
        .commit(async |work| {
            work.add_refresh_token(&token_hash(1), first, 1, now()).await?;
            work.add_refresh_token(&token_hash(2), first, 2, minutes_after(now(), 1)).await?;
            // Two concurrent refreshes may create two tokens of one generation.
            work.add_refresh_token(&token_hash(3), first, 2, minutes_after(now(), 1)).await?;
            work.add_refresh_token(&token_hash(4), second, u32::MAX, now()).await?;
            work.end_login_sessions(practice.client, None, minutes_after(now(), 2)).await
        })
        .await;
    let mut work = backend.begin().await;
    let expected = [Some((first, 1)), Some((first, 2)), Some((first, 2)), Some((second, u32::MAX)), None];
    for (seed, expected) in (1..).zip(expected) {
        assert_eq!(work.refresh_token(&token_hash(seed)).await.unwrap(), expected, "token {seed}");
    }
}

pub async fn a_refresh_token_is_stored_once(backend: &Backend) {
    let practice = backend.practice().await;
    let first = add(backend, &session(practice.client)).await;
    let second = add(backend, &session(practice.therapist)).await;
    backend.commit(async |work| work.add_refresh_token(&token_hash(1), first, 1, now()).await).await;
    let again = backend.uncommitted(async |work| work.add_refresh_token(&token_hash(1), second, 1, now()).await).await;
    assert!(again.is_err());
    let found = backend.uncommitted(async |work| work.refresh_token(&token_hash(1)).await).await.unwrap();
    assert_eq!(found, Some((first, 1)));
}

pub async fn login_sessions_need_an_account_and_tokens_a_login_session(backend: &Backend) {
    backend.practice().await;
    let login = backend.uncommitted(async |work| work.add_login_session(&session(unknown())).await).await;
    assert_failed(login, "a login session of an unknown user");
    let token = token_hash(1);
    let token = backend.uncommitted(async |work| work.add_refresh_token(&token, unknown(), 1, now()).await).await;
    assert_failed(token, "a refresh token of an unknown login session");
}

/// Whether a disabled user or an ended session still counts is for others to decide.
pub async fn a_caller_is_read_as_of_now(backend: &Backend) {
    let practice = backend.practice().await;
    let id = add(backend, &session(practice.client)).await;
    assert!(backend.queries.caller(unknown()).await.unwrap().is_none());
    let before = backend.queries.caller(id).await.unwrap().unwrap();
    assert_eq!(before.user, backend.read_user(practice.client).await);
    assert_eq!(before.session.id, id);

    let mut changed = User { role: Role::Admin, disabled: true, ..before.user };
    let ended = backend.commit(async |work| {
        changed.version = work.save_user(&changed).await?;
        work.end_login_sessions(changed.id, None, minutes_after(now(), 3)).await
    });
    assert_eq!(ended.await, 1);
    let after = backend.queries.caller(id).await.unwrap().unwrap();
    assert_eq!(after.user, changed);
    assert_eq!(after.session.ended_at, Some(minutes_after(now(), 3)));
}

pub async fn a_login_is_compared_with_those_before(backend: &Backend) {
    use LoginHistory::{Empty, Known, Unknown};

    let practice = backend.practice().await;
    let (here, away) = (Some("192.0.2.0/24"), Some("2001:db8:1:2::/64"));
    let (mine, other) = (DeviceId([1; 16]), DeviceId([2; 16]));
    let login = |network: Option<&str>, device, minute| NewLoginSession {
        network: network.map(str::to_owned),
        device,
        created_at: minutes_after(now(), minute),
        ..session(practice.client)
    };
    let compare = async |user, network, device: Option<DeviceId>, since| {
        let since = minutes_after(now(), since);
        backend.queries.login_history(user, network, device.as_ref(), since).await.unwrap()
    };
    assert_eq!(compare(practice.client, here, Some(mine), 0).await, Empty);
    for new in [login(here, None, 0), login(None, Some(mine), 10), login(None, None, 20)] {
        add(backend, &new).await;
    }
    backend.commit(async |work| work.end_login_sessions(practice.client, None, now()).await).await;
    for (network, device, since, expected) in [
        (here, None, 0, Known),
        (here, Some(other), 0, Known),
        (here, None, 1, Unknown),
        (away, Some(mine), 0, Known),
        (None, Some(mine), 10, Known),
        (None, Some(mine), 11, Unknown),
        (away, Some(other), 0, Unknown),
        (None, None, 0, Unknown),
        (Some("192.0.2.0"), None, 0, Unknown),
        (away, None, 99, Unknown),
    ] {
        assert_eq!(compare(practice.client, network, device, since).await, expected, "{network:?} {device:?} {since}");
    }
    for user in [practice.therapist, unknown()] {
        assert_eq!(compare(user, here, Some(mine), 0).await, Empty);
    }
}

pub async fn a_caller_and_a_booking_are_read_in_one_query(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let login = add(backend, &session(practice.client)).await;
    let others = add(backend, &session(practice.therapist)).await;
    for login in [login, others] {
        let caller = backend.queries.caller(login).await.unwrap().unwrap();
        let both = backend.queries.caller_and_booking(login, booking.id()).await.unwrap();
        assert_eq!(both, Some((caller.clone(), Some(booking.clone()))), "the owner of the booking does not matter");
        assert_eq!(backend.queries.caller_and_booking(login, unknown()).await.unwrap(), Some((caller, None)));
    }
    assert_eq!(backend.queries.caller_and_booking(unknown(), booking.id()).await.unwrap(), None);
    let ended = LoginSession { ended_at: Some(minutes_after(now(), 1)), ..read(backend, login).await.unwrap() };
    backend.commit(async |work| work.save_login_session(&ended).await).await;
    let cancelled = restored(in_state(next_version(&booking), BookingStatus::Cancelled, PaymentStatus::NotRequired));
    backend.save_booking(&cancelled).await;
    let (caller, found) = backend.queries.caller_and_booking(login, booking.id()).await.unwrap().unwrap();
    assert_eq!((caller.session, found), (ended, Some(cancelled)), "both are as they are now");
}
