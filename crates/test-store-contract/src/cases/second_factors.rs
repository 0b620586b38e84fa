//! Second factors, and what they allow in a login session.

use attune_domain::login_session::LoginSession;
use attune_ports::{StoreError, TokenHash, TotpFactor};

use super::{assert_conflict, assert_failed, finer, unknown};
use crate::Backend;
use crate::fixtures::{minutes_after, now, session, token_hash, totp_factor};

pub async fn an_authenticator_app_replaces_the_one_before(backend: &Backend) {
    let practice = backend.practice().await;
    let others = totp_factor(9, 7);
    backend.commit(async |work| work.save_totp_factor(practice.therapist, &others).await).await;
    for factor in [totp_factor(1, 0), totp_factor(1, 60_000_000), totp_factor(2, u64::from(u32::MAX))] {
        let mut work = backend.begin().await;
        work.save_totp_factor(practice.client, &factor).await.unwrap();
        assert_eq!(work.totp_factor(practice.client).await.unwrap(), Some(factor.clone()));
        work.commit().await.unwrap();
        let read = backend.uncommitted(async |work| work.totp_factor(practice.client).await).await.unwrap();
        assert_eq!(read, Some(factor));
    }
    let mut work = backend.begin().await;
    assert_eq!(work.totp_factor(practice.therapist).await.unwrap(), Some(others));
    assert_eq!(work.totp_factor(unknown()).await.unwrap(), None);
}

pub async fn a_recovery_code_is_used_once(backend: &Backend) {
    let practice = backend.practice().await;
    let set = async |user, seeds: &[u8]| {
        let codes: Vec<TokenHash> = seeds.iter().copied().map(token_hash).collect();
        backend.commit(async |work| work.set_recovery_codes(user, &codes).await).await;
    };
    let use_up =
        async |user, seed| backend.commit(async |work| work.use_recovery_code(user, &token_hash(seed)).await).await;
    set(practice.client, &[1, 2, 3]).await;
    set(practice.therapist, &[1]).await;
    for (user, seed, used) in [
        (practice.client, 1, true),
        (practice.client, 1, false),
        (practice.client, 9, false),
        (practice.therapist, 2, false),
        (practice.therapist, 1, true),
        (practice.client, 2, true),
        (unknown(), 3, false),
    ] {
        assert_eq!(use_up(user, seed).await, used, "code {seed} of {user}");
    }
    set(practice.client, &[1, 4]).await;
    assert!(!use_up(practice.client, 3).await, "new codes replace the old ones");
    assert!(use_up(practice.client, 1).await);
    set(practice.client, &[]).await;
    assert!(!use_up(practice.client, 4).await);
}

pub async fn a_removed_second_factor_takes_its_recovery_codes_along(backend: &Backend) {
    let practice = backend.practice().await;
    let users = [practice.client, practice.therapist];
    for user in users {
        backend
            .commit(async |work| {
                work.save_totp_factor(user, &totp_factor(1, 1)).await?;
                work.set_recovery_codes(user, &[token_hash(1), token_hash(2)]).await
            })
            .await;
    }
    for _ in 0..2 {
        backend.commit(async |work| work.remove_second_factor(practice.client).await).await;
    }
    for (user, is_left) in users.into_iter().zip([false, true]) {
        let mut work = backend.begin().await;
        assert_eq!(work.totp_factor(user).await.unwrap().is_some(), is_left);
        assert_eq!(work.use_recovery_code(user, &token_hash(1)).await.unwrap(), is_left);
    }
}

pub async fn second_factors_need_their_account_and_a_secret(backend: &Backend) {
    let practice = backend.practice().await;
    let save = async |user, factor: TotpFactor| -> Result<(), StoreError> {
        backend.uncommitted(async |work| work.save_totp_factor(user, &factor).await).await
    };
    assert_failed(save(unknown(), totp_factor(1, 1)).await, "an app of an unknown user");
    let without = TotpFactor { sealed_secret: Vec::new(), last_step: 1 };
    assert_failed(save(practice.client, without).await, "an app without its secret");
    assert_failed(
        save(practice.client, totp_factor(1, u64::MAX)).await,
        "a time step beyond the numbers of a database",
    );
    for (user, codes) in [(unknown(), vec![token_hash(1)]), (practice.client, vec![token_hash(1); 2])] {
        let result = backend.uncommitted(async |work| work.set_recovery_codes(user, &codes).await).await;
        assert_failed(result, "codes of an unknown user, or one code twice");
    }
}

pub async fn a_step_up_is_seen_by_its_login_session(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let add = async || backend.commit(async |work| work.add_login_session(&session(practice.client)).await).await;
    let (login, other) = (add().await, add().await);
    for minute in [1, 30] {
        let at = minutes_after(now(), minute);
        let within = backend.commit(async |work| {
            work.step_up(login, finer(at)).await?;
            work.session(login).await
        });
        let found = within.await.unwrap();
        assert_eq!(found.stepped_up_at, Some(at));
        assert_eq!(backend.queries.caller(login).await.unwrap().unwrap().session, found);
        let (caller, _) = backend.queries.caller_and_booking(login, booking.id()).await.unwrap().unwrap();
        assert_eq!(caller.session, found);
        let rotated = LoginSession { generation: found.generation + 1, ..found };
        backend.commit(async |work| work.save_login_session(&rotated).await).await;
        assert_eq!(backend.queries.caller(login).await.unwrap().unwrap().session, rotated, "a refresh leaves it");
    }
    let views = backend.queries.login_sessions(&[practice.client]).await.unwrap();
    let stepped_up: Vec<_> = views.iter().map(|view| (view.session.id, view.session.stepped_up_at)).collect();
    assert_eq!(stepped_up, [(other, None), (login, Some(minutes_after(now(), 30)))]);
    assert_conflict!(backend.uncommitted(async |work| work.step_up(unknown(), now()).await).await, Stale);
}
