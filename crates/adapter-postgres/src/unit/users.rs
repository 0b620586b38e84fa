//! Accounts.

use async_trait::async_trait;
use attune_domain::{Role, User, UserId};
use attune_ports::{NewUser, PasswordHash, StoreError, Users};
use attune_sql::schema::users;
use attune_sql::{NewUserRow, UserChanges, UserRow};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::PostgresUnit;
use crate::error::{identity, one_row};
use crate::queries::enabled_admins;
use crate::sql::{ADMINS_LOCK, hashtextextended, pg_advisory_xact_lock_shared};

#[async_trait]
impl Users for PostgresUnit {
    async fn add_user(&mut self, user: &NewUser) -> Result<UserId, StoreError> {
        let row = NewUserRow::from(user);
        let is_enabled_admin = user.role == Role::Admin;
        self.call(async |mut c| {
            if is_enabled_admin {
                join_admins(c).await?;
            }
            let insert = diesel::insert_into(users::table).values(row).returning(users::id);
            Ok(identity(UserId::new(insert.get_result(&mut c).await?))?)
        })
        .await
    }

    async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let query = users::table.find(id.get()).select(UserRow::as_select());
        self.call(async |mut c| {
            let row = query.first(&mut c).await.optional()?;
            Ok(row.map(User::try_from).transpose()?)
        })
        .await
    }

    async fn user_for_change(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        // Not FOR UPDATE: a booking that refers to this person takes a share of the row's key, and need not wait.
        let query = users::table.find(id.get()).select(UserRow::as_select()).for_no_key_update();
        self.call(async |mut c| {
            let row = query.first(&mut c).await.optional()?;
            Ok(row.map(User::try_from).transpose()?)
        })
        .await
    }

    async fn save_user(&mut self, user: &User) -> Result<(), StoreError> {
        let changes = UserChanges::from(user);
        let target = users::table.find(user.id.get());
        let is_enabled_admin = user.is_admin() && !user.disabled;
        self.call(async |mut c| {
            if is_enabled_admin {
                join_admins(c).await?;
            }
            Ok(one_row(diesel::update(target).set(changes).execute(&mut c).await?)?)
        })
        .await
    }

    async fn set_password(&mut self, id: UserId, hash: &PasswordHash) -> Result<(), StoreError> {
        let target = users::table.find(id.get());
        let change = users::password_hash.eq(hash.as_str());
        self.call(async |mut c| Ok(one_row(diesel::update(target).set(change).execute(&mut c).await?)?)).await
    }

    async fn lock_enabled_admins(&mut self) -> Result<Vec<UserId>, StoreError> {
        // Locked rows keep their place in the set, and the lock without a row keeps others from joining it.
        self.lock(ADMINS_LOCK).await?;
        let query = enabled_admins().select(users::id).for_no_key_update();
        self.call(async |mut c| {
            let ids: Vec<i64> = query.load(&mut c).await?;
            Ok(ids.into_iter().map(|id| identity(UserId::new(id))).collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// Waits while somebody rests a decision on who the admins are. Those who join do not wait for each other.
async fn join_admins(mut connection: &AsyncPgConnection) -> QueryResult<()> {
    let lock = diesel::select(pg_advisory_xact_lock_shared(hashtextextended(ADMINS_LOCK, 0)));
    lock.execute(&mut connection).await.map(|_| ())
}
