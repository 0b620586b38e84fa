use async_trait::async_trait;
use attune_domain::{Role, User, UserId};
use attune_ports::{NewUser, PasswordHash, StoreError, Users};
use attune_sql::schema::users;
use attune_sql::{FromRow, NewUserRow, UserChanges};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::PostgresUnitOfWork;
use crate::functions::{ADMINS_LOCK, hashtextextended, pg_advisory_xact_lock_shared};
use crate::load::{Returning, restore};
use crate::queries::enabled_admins;

#[async_trait]
impl Users for PostgresUnitOfWork {
    async fn add_user(&mut self, user: &NewUser) -> Result<UserId, StoreError> {
        let row = NewUserRow::from(user);
        let is_enabled_admin = user.role == Role::Admin;
        self.call(async |mut c| {
            if is_enabled_admin {
                lock_admins_shared(c).await?;
            }
            let insert = diesel::insert_into(users::table).values(row).returning(users::id);
            Ok(UserId::from_row(insert.get_result(&mut c).await?)?)
        })
        .await
    }

    async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.one(users::table.find(id.get())).await
    }

    async fn user_for_change(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        // Not FOR UPDATE: a booking that refers to this user locks the key of the row, and need not wait.
        self.one(users::table.find(id.get()).for_no_key_update()).await
    }

    async fn save_user(&mut self, user: &User) -> Result<u32, StoreError> {
        let changes = (UserChanges::from(user), users::version.eq(users::version + 1));
        let update = diesel::update(users::table.find(user.id.get())).set(changes).returning(users::version);
        let is_enabled_admin = user.is_admin() && !user.disabled;
        self.call(async |c| {
            if is_enabled_admin {
                lock_admins_shared(c).await?;
            }
            update.value(c).await
        })
        .await
    }

    async fn set_password(&mut self, id: UserId, hash: Option<&PasswordHash>) -> Result<(), StoreError> {
        let change = users::password_hash.eq(hash.map(|hash| hash.as_str().to_owned()));
        self.change(diesel::update(users::table.find(id.get())).set(change)).await
    }

    async fn lock_enabled_admins(&mut self) -> Result<Vec<UserId>, StoreError> {
        // Locked rows stay in the set, and the advisory lock prevents others from joining it.
        self.lock(ADMINS_LOCK).await?;
        let query = enabled_admins().select(users::id).for_no_key_update();
        self.call(async |mut c| restore(query.load(&mut c).await?)).await
    }
}

/// Waits for a decision that depends on the set of enabled admins. Those who join the set do not wait for each other.
async fn lock_admins_shared(mut connection: &AsyncPgConnection) -> QueryResult<()> {
    let lock = diesel::select(pg_advisory_xact_lock_shared(hashtextextended(ADMINS_LOCK, 0)));
    lock.execute(&mut connection).await.map(|_| ())
}
