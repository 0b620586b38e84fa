//! Accounts: their fields, their unique email address, and the default therapist.

use attune_domain::{EmailAddress, Language, NotifyLevel, Role, User, UserId};
use attune_ports::{NewUser, PageRequest, UserFilter};

use super::{assert_conflict, unknown};
use crate::Backend;
use crate::fixtures::{client, email, minutes_after, name, now, password_hash, therapist, zone};

const ALL: PageRequest = PageRequest { limit: 100, offset: 0 };

fn stored(id: UserId, new: &NewUser) -> User {
    User {
        id,
        email: new.email.clone(),
        first_name: new.first_name.clone(),
        last_name: new.last_name.clone(),
        preferred_name: None,
        time_zone: new.time_zone.clone(),
        language: new.language,
        role: new.role,
        disabled: false,
        email_verified_at: new.email_verified_at,
        second_factor_at: None,
        second_factor_due_at: None,
        created_at: new.created_at,
        notify: NotifyLevel::Changes,
        agenda_at: None,
        version: 1,
    }
}

/// Checks an account in every query that finds it.
async fn expect_user(backend: &Backend, expected: &User) {
    let mut work = backend.begin().await;
    assert_eq!(work.user(expected.id).await.unwrap().as_ref(), Some(expected));
    assert_eq!(work.user_for_change(expected.id).await.unwrap().as_ref(), Some(expected));
    drop(work);
    assert_eq!(backend.queries.user(expected.id).await.unwrap().as_ref(), Some(expected));
    assert_eq!(backend.queries.credentials(&expected.email).await.unwrap().unwrap().user, *expected);
    assert_eq!(backend.queries.credentials_of(expected.id).await.unwrap().unwrap().user, *expected);
}

pub async fn accounts_round_trip(backend: &Backend) {
    let full = NewUser { email_verified_at: Some(minutes_after(now(), 5)), ..therapist("full") };
    let bare = NewUser { first_name: None, last_name: None, time_zone: None, ..client("bare") };
    for new in [full, bare] {
        let id = backend.add_user(&new).await;
        expect_user(backend, &stored(id, &new)).await;
        let credentials = backend.queries.credentials_of(id).await.unwrap().unwrap();
        assert_eq!(credentials.password_hash, new.password_hash);
    }
}

pub async fn an_unknown_account_is_not_found(backend: &Backend) {
    backend.practice().await;
    assert!(backend.queries.user(unknown()).await.unwrap().is_none());
    assert!(backend.queries.credentials_of(unknown()).await.unwrap().is_none());
    assert!(backend.queries.credentials(&email("no-one")).await.unwrap().is_none());
    let mut work = backend.begin().await;
    assert!(work.user(unknown()).await.unwrap().is_none());
    assert!(work.user_for_change(unknown()).await.unwrap().is_none());
}

pub async fn a_taken_address_makes_no_second_account(backend: &Backend) {
    let first = backend.add_user(&client("robin")).await;
    let again = NewUser { email: EmailAddress::parse(" Robin@Example.ORG ").unwrap(), ..therapist("other") };
    assert_conflict!(backend.uncommitted(async |work| work.add_user(&again).await).await, EmailTaken);
    let users = backend.queries.users(&UserFilter::default(), ALL).await.unwrap();
    assert_eq!(users.items.iter().map(|user| user.id).collect::<Vec<_>>(), [first]);
}

pub async fn an_account_cannot_move_to_a_taken_address(backend: &Backend) {
    backend.add_user(&client("robin")).await;
    let kim = backend.add_user(&client("kim")).await;
    let kim = backend.read_user(kim).await;
    let moved = User { email: email("robin"), ..kim.clone() };
    assert_conflict!(backend.uncommitted(async |work| work.save_user(&moved).await).await, EmailTaken);
    expect_user(backend, &kim).await;
    expect_user(backend, &backend.save_user(kim).await).await;
}

pub async fn an_unused_address_is_free_again(backend: &Backend) {
    let robin = backend.add_user(&client("robin")).await;
    let robin = backend.read_user(robin).await;
    backend.save_user(User { email: email("robin.2"), ..robin }).await;
    assert!(backend.queries.credentials(&email("robin")).await.unwrap().is_none());
    let second = backend.add_user(&client("robin")).await;
    assert_eq!(backend.queries.credentials(&email("robin")).await.unwrap().unwrap().user.id, second);
}

pub async fn saving_an_account_writes_what_may_change(backend: &Backend) {
    let new = client("before");
    let id = backend.add_user(&new).await;
    let full = User {
        id,
        email: email("after"),
        first_name: Some(name("Kim")),
        last_name: Some(name("Roe")),
        preferred_name: Some(name("K.")),
        time_zone: Some(zone("America/Vancouver")),
        language: Some(Language::German),
        role: Role::Admin,
        disabled: true,
        email_verified_at: Some(minutes_after(now(), 7)),
        second_factor_at: Some(minutes_after(now(), 8)),
        second_factor_due_at: Some(minutes_after(now(), 9)),
        created_at: new.created_at,
        notify: NotifyLevel::All,
        agenda_at: Some("23:59".parse().unwrap()),
        version: 9,
    };
    let bare = User {
        first_name: None,
        last_name: None,
        preferred_name: None,
        time_zone: None,
        language: None,
        role: Role::Client,
        disabled: false,
        email_verified_at: None,
        second_factor_at: None,
        second_factor_due_at: None,
        notify: NotifyLevel::None,
        agenda_at: None,
        ..full.clone()
    };
    for (version, changed) in (2..).zip([full, bare]) {
        let mut work = backend.begin().await;
        assert_eq!(work.save_user(&changed).await.unwrap(), version, "whatever the given version is");
        let changed = User { version, ..changed };
        assert_eq!(work.user(id).await.unwrap().unwrap(), changed, "a unit of work sees its own change");
        work.commit().await.unwrap();
        expect_user(backend, &changed).await;
        let hash = backend.queries.credentials_of(id).await.unwrap().unwrap().password_hash;
        assert_eq!(hash, new.password_hash);
    }
    let aged = User { created_at: minutes_after(now(), -600), ..backend.read_user(id).await };
    backend.save_user(aged).await;
    assert_eq!(backend.read_user(id).await.created_at, new.created_at);
}

pub async fn saving_an_account_changes_no_other(backend: &Backend) {
    let practice = backend.practice().await;
    let other = backend.read_user(practice.therapist).await;
    backend.save_user(User { disabled: true, ..backend.read_user(practice.client).await }).await;
    backend.commit(async |work| work.set_password(practice.client, Some(&password_hash("new"))).await).await;
    expect_user(backend, &other).await;
    let credentials = backend.queries.credentials_of(practice.therapist).await.unwrap().unwrap();
    assert_eq!(credentials.password_hash, therapist("therapist").password_hash);
}

pub async fn saving_an_unknown_account_is_stale(backend: &Backend) {
    let practice = backend.practice().await;
    let known = backend.read_user(practice.client).await;
    let other = User { id: unknown(), email: email("unknown"), ..known };
    assert_conflict!(backend.uncommitted(async |work| work.save_user(&other).await).await, Stale);
    let result = backend.uncommitted(async |work| work.set_password(unknown(), Some(&password_hash("x"))).await).await;
    assert_conflict!(result, Stale);
}

pub async fn a_new_password_replaces_the_old_one(backend: &Backend) {
    let new = client("robin");
    let id = backend.add_user(&new).await;
    for hash in [Some(password_hash("new")), None, Some(password_hash("newest"))] {
        backend.commit(async |work| work.set_password(id, hash.as_ref()).await).await;
        let credentials = backend.queries.credentials(&new.email).await.unwrap().unwrap();
        assert_eq!(credentials.password_hash, hash);
    }
    expect_user(backend, &stored(id, &new)).await;
}

pub async fn the_default_therapist_is_the_first_enabled_admin(backend: &Backend) {
    let default = async || backend.queries.default_therapist().await.unwrap();
    let set = async |id: UserId, role: Role, disabled: bool| {
        let user = backend.read_user(id).await;
        backend.save_user(User { role, disabled, ..user }).await;
    };
    assert_eq!(default().await, None);
    let person = backend.add_user(&client("person")).await;
    assert_eq!(default().await, None, "a client gives no sessions");
    let first = backend.add_user(&therapist("first")).await;
    let second = backend.add_user(&therapist("second")).await;
    assert_eq!(default().await, Some(first));
    set(first, Role::Admin, true).await;
    assert_eq!(default().await, Some(second), "a disabled admin gives no sessions");
    set(second, Role::Client, false).await;
    assert_eq!(default().await, None);
    set(first, Role::Admin, false).await;
    assert_eq!(default().await, Some(first));
    set(person, Role::Admin, false).await;
    assert_eq!(default().await, Some(person), "the lowest id counts, not the oldest admin");
}

pub async fn enabled_admins_are_listed_by_id(backend: &Backend) {
    let admins = async || backend.uncommitted(async |work| work.lock_enabled_admins().await).await.unwrap();
    assert!(admins().await.is_empty());
    let a = backend.add_user(&therapist("a")).await;
    backend.add_user(&client("b")).await;
    let c = backend.add_user(&therapist("c")).await;
    let d = backend.add_user(&therapist("d")).await;
    assert_eq!(admins().await, [a, c, d]);
    let disabled = User { disabled: true, ..backend.read_user(c).await };
    let changed = backend.commit(async |work| {
        work.lock_enabled_admins().await?;
        work.save_user(&disabled).await?;
        work.lock_enabled_admins().await
    });
    assert_eq!(changed.await, [a, d], "a unit of work sees its own change");
    assert_eq!(admins().await, [a, d]);
}

pub async fn accounts_are_listed_filtered_and_paged(backend: &Backend) {
    let mut ids = Vec::new();
    for n in 0..7 {
        let new = if n % 3 == 0 { therapist(&format!("u{n}")) } else { client(&format!("u{n}")) };
        ids.push(backend.add_user(&new).await);
    }
    for n in [0, 1] {
        let user = backend.read_user(ids[n]).await;
        backend.save_user(User { disabled: true, ..user }).await;
    }
    let list = async |role: Option<Role>, disabled: Option<bool>, limit: u32, offset: u64| {
        let page = backend
            .queries
            .users(&UserFilter { role, disabled, search: None }, PageRequest { limit, offset })
            .await
            .unwrap();
        (page.items.iter().map(|user| user.id).collect::<Vec<_>>(), page.total)
    };
    assert_eq!(list(None, None, 100, 0).await, (ids.clone(), 7));
    assert_eq!(list(Some(Role::Admin), None, 100, 0).await, (vec![ids[0], ids[3], ids[6]], 3));
    assert_eq!(list(Some(Role::Client), None, 100, 0).await, (vec![ids[1], ids[2], ids[4], ids[5]], 4));
    assert_eq!(list(None, Some(true), 100, 0).await, (vec![ids[0], ids[1]], 2));
    assert_eq!(list(Some(Role::Admin), Some(false), 100, 0).await, (vec![ids[3], ids[6]], 2));
    assert_eq!(list(None, None, 3, 0).await, (ids[0..3].to_vec(), 7));
    assert_eq!(list(None, None, 3, 6).await, (ids[6..].to_vec(), 7));
    assert_eq!(list(Some(Role::Client), None, 2, 2).await, (vec![ids[4], ids[5]], 4));
    assert_eq!(list(None, None, 3, 7).await, (vec![], 7));
    assert_eq!(list(None, None, 3, 1_000_000).await, (vec![], 7));
}
