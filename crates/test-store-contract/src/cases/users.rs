//! Accounts: their fields, their unique address, and who counts as a therapist.

use attune_domain::{EmailAddress, Role, User, UserId};
use attune_ports::{NewUser, PageRequest, UserFilter};

use super::{assert_conflict, unknown_user};
use crate::Backend;
use crate::fixtures::{client, email, minutes_after, name, now, password_hash, therapist, zone};

const ALL: PageRequest = PageRequest { limit: 100, offset: 0 };

/// What a reader should find after an account was made.
fn as_user(id: UserId, new: &NewUser) -> User {
    User {
        id,
        email: new.email.clone(),
        first_name: new.first_name.clone(),
        last_name: new.last_name.clone(),
        preferred_name: None,
        time_zone: new.time_zone.clone(),
        role: new.role,
        disabled: false,
        email_verified_at: new.email_verified_at,
        created_at: new.created_at,
    }
}

/// Checks that every way of reading an account gives the same.
async fn expect_user(backend: &Backend, expected: &User) {
    let mut work = backend.begin().await;
    assert_eq!(work.user(expected.id).await.unwrap().as_ref(), Some(expected));
    assert_eq!(work.user_for_change(expected.id).await.unwrap().as_ref(), Some(expected));
    drop(work);
    assert_eq!(backend.queries.user(expected.id).await.unwrap().as_ref(), Some(expected));
    assert_eq!(backend.queries.credentials(&expected.email).await.unwrap().unwrap().user, *expected);
    assert_eq!(backend.queries.credentials_of(expected.id).await.unwrap().unwrap().user, *expected);
}

/// Every field comes back as it went in, whether it is there or not.
pub async fn an_account_comes_back_as_it_went_in(backend: &Backend) {
    let full = NewUser { email_verified_at: Some(minutes_after(now(), 5)), ..therapist("full") };
    let bare = NewUser { first_name: None, last_name: None, time_zone: None, ..client("bare") };
    for new in [full, bare] {
        let id = backend.add_user(&new).await;
        expect_user(backend, &as_user(id, &new)).await;
        let credentials = backend.queries.credentials_of(id).await.unwrap().unwrap();
        assert_eq!(credentials.password_hash.as_str(), new.password_hash.as_str());
    }
}

/// No one is found where no one is.
pub async fn an_unknown_account_is_no_one(backend: &Backend) {
    backend.practice().await;
    assert!(backend.queries.user(unknown_user()).await.unwrap().is_none());
    assert!(backend.queries.credentials_of(unknown_user()).await.unwrap().is_none());
    assert!(backend.queries.credentials(&email("nobody")).await.unwrap().is_none());
    let mut work = backend.begin().await;
    assert!(work.user(unknown_user()).await.unwrap().is_none());
    assert!(work.user_for_change(unknown_user()).await.unwrap().is_none());
}

/// An address belongs to one account, whatever its case when it was typed.
pub async fn a_taken_address_makes_no_second_account(backend: &Backend) {
    let first = backend.add_user(&client("robin")).await;
    let again = NewUser { email: EmailAddress::parse(" Robin@Example.ORG ").unwrap(), ..therapist("other") };
    let answer = backend.uncommitted(async |work| work.add_user(&again).await).await;
    assert_conflict!(answer, EmailTaken);
    let users = backend.queries.users(&UserFilter::default(), ALL).await.unwrap();
    assert_eq!(users.items.iter().map(|user| user.id).collect::<Vec<_>>(), [first]);
}

/// An account cannot take another one's address, but can keep its own.
pub async fn an_account_cannot_move_to_a_taken_address(backend: &Backend) {
    backend.add_user(&client("robin")).await;
    let kim = backend.add_user(&client("kim")).await;
    let kim = backend.queries.user(kim).await.unwrap().unwrap();
    let moved = User { email: email("robin"), ..kim.clone() };
    assert_conflict!(backend.uncommitted(async |work| work.save_user(&moved).await).await, EmailTaken);
    expect_user(backend, &kim).await;
    backend.commit(async |work| work.save_user(&kim).await).await;
    expect_user(backend, &kim).await;
}

/// An address that was given up is free for others.
pub async fn an_address_that_was_given_up_is_free(backend: &Backend) {
    let robin = backend.add_user(&client("robin")).await;
    let robin = backend.queries.user(robin).await.unwrap().unwrap();
    backend.commit(async |work| work.save_user(&User { email: email("robin.2"), ..robin.clone() }).await).await;
    assert!(backend.queries.credentials(&email("robin")).await.unwrap().is_none());
    let second = backend.add_user(&client("robin")).await;
    assert_eq!(backend.queries.credentials(&email("robin")).await.unwrap().unwrap().user.id, second);
}

/// Saving writes every field that may change, also to nothing, and leaves password and age alone.
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
        role: Role::Admin,
        disabled: true,
        email_verified_at: Some(minutes_after(now(), 7)),
        created_at: new.created_at,
    };
    let bare = User {
        first_name: None,
        last_name: None,
        preferred_name: None,
        time_zone: None,
        role: Role::Client,
        disabled: false,
        email_verified_at: None,
        ..full.clone()
    };
    for changed in [full, bare] {
        let mut work = backend.begin().await;
        work.save_user(&changed).await.unwrap();
        assert_eq!(work.user(id).await.unwrap().unwrap(), changed, "a unit of work sees its own change");
        work.commit().await.unwrap();
        expect_user(backend, &changed).await;
        let hash = backend.queries.credentials_of(id).await.unwrap().unwrap().password_hash;
        assert_eq!(hash.as_str(), new.password_hash.as_str());
    }
    let aged = User { created_at: minutes_after(now(), -600), ..backend.queries.user(id).await.unwrap().unwrap() };
    backend.commit(async |work| work.save_user(&aged).await).await;
    assert_eq!(backend.queries.user(id).await.unwrap().unwrap().created_at, new.created_at);
}

/// A change of one account touches no other.
pub async fn saving_an_account_touches_no_other(backend: &Backend) {
    let practice = backend.practice().await;
    let other = backend.queries.user(practice.therapist).await.unwrap().unwrap();
    let changed = User { disabled: true, ..backend.queries.user(practice.client).await.unwrap().unwrap() };
    backend
        .commit(async |work| {
            work.save_user(&changed).await?;
            work.set_password(practice.client, &password_hash("new")).await
        })
        .await;
    expect_user(backend, &other).await;
    let credentials = backend.queries.credentials_of(practice.therapist).await.unwrap().unwrap();
    assert_eq!(credentials.password_hash.as_str(), therapist("therapist").password_hash.as_str());
}

/// Writing to an account that is not there is a stale write.
pub async fn saving_an_unknown_account_is_stale(backend: &Backend) {
    let practice = backend.practice().await;
    let known = backend.queries.user(practice.client).await.unwrap().unwrap();
    let ghost = User { id: unknown_user(), email: email("ghost"), ..known };
    assert_conflict!(backend.uncommitted(async |work| work.save_user(&ghost).await).await, Stale);
    let answer = backend.uncommitted(async |work| work.set_password(unknown_user(), &password_hash("x")).await).await;
    assert_conflict!(answer, Stale);
}

/// A new password replaces the old one, and nothing else.
pub async fn a_new_password_replaces_the_old_one(backend: &Backend) {
    let new = client("robin");
    let id = backend.add_user(&new).await;
    backend.commit(async |work| work.set_password(id, &password_hash("new")).await).await;
    let credentials = backend.queries.credentials(&new.email).await.unwrap().unwrap();
    assert_eq!(credentials.password_hash.as_str(), password_hash("new").as_str());
    expect_user(backend, &as_user(id, &new)).await;
}

/// The default therapist is the admin of lowest id who is not disabled, at this very moment.
pub async fn the_default_therapist_is_the_first_enabled_admin(backend: &Backend) {
    let default = async || backend.queries.default_therapist().await.unwrap();
    let set = async |id: UserId, role: Role, disabled: bool| {
        let user = backend.queries.user(id).await.unwrap().unwrap();
        backend.commit(async |work| work.save_user(&User { role, disabled, ..user }).await).await;
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
    assert_eq!(default().await, Some(person), "the lowest id counts, not the longest service");
}

/// All enabled admins are listed by id, and no one else.
pub async fn enabled_admins_are_listed_by_id(backend: &Backend) {
    let admins = async || backend.uncommitted(async |work| work.lock_enabled_admins().await).await.unwrap();
    assert!(admins().await.is_empty());
    let a = backend.add_user(&therapist("a")).await;
    backend.add_user(&client("b")).await;
    let c = backend.add_user(&therapist("c")).await;
    let d = backend.add_user(&therapist("d")).await;
    assert_eq!(admins().await, [a, c, d]);
    let disabled = User { disabled: true, ..backend.queries.user(c).await.unwrap().unwrap() };
    let seen = backend
        .commit(async |work| {
            work.lock_enabled_admins().await?;
            work.save_user(&disabled).await?;
            work.lock_enabled_admins().await
        })
        .await;
    assert_eq!(seen, [a, d], "a unit of work sees its own change");
    assert_eq!(admins().await, [a, d]);
}

/// Accounts are listed by id, by role and by whether they are disabled, page by page, with the exact total.
pub async fn accounts_are_listed_filtered_and_paged(backend: &Backend) {
    let mut ids = Vec::new();
    for n in 0..7 {
        let new = if n % 3 == 0 { therapist(&format!("u{n}")) } else { client(&format!("u{n}")) };
        ids.push(backend.add_user(&new).await);
    }
    for n in [0, 1] {
        let user = backend.queries.user(ids[n]).await.unwrap().unwrap();
        backend.commit(async |work| work.save_user(&User { disabled: true, ..user }).await).await;
    }
    let list = async |role: Option<Role>, disabled: Option<bool>, limit: u32, offset: u64| {
        let page = backend.queries.users(&UserFilter { role, disabled }, PageRequest { limit, offset }).await.unwrap();
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
