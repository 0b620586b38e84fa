use async_trait::async_trait;
use attune_domain::{User, UserId};
use attune_ports::{NewUser, PasswordHash, StoreError, Users};
use attune_sql::schema::users;
use attune_sql::{NewUserRow, UserChanges};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::SqliteUnitOfWork;
use crate::load::rows;
use crate::queries::ENABLED_ADMIN;

#[async_trait]
impl Users for SqliteUnitOfWork {
    async fn add_user(&mut self, user: &NewUser) -> Result<UserId, StoreError> {
        self.returning(diesel::insert_into(users::table).values(NewUserRow::from(user)).returning(users::id)).await
    }

    async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.one(users::table.find(id.get())).await
    }

    /// The transaction is the only one that writes, so the row needs no lock.
    async fn user_for_change(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.user(id).await
    }

    async fn save_user(&mut self, user: &User) -> Result<u32, StoreError> {
        let changes = (UserChanges::from(user), users::version.eq(users::version + 1));
        let update = diesel::update(users::table.find(user.id.get())).set(changes);
        self.returning(update.returning(users::version)).await
    }

    async fn set_password(&mut self, id: UserId, hash: Option<&PasswordHash>) -> Result<(), StoreError> {
        let change = users::password_hash.eq(hash.map(|hash| hash.as_str().to_owned()));
        self.change(diesel::update(users::table.find(id.get())).set(change)).await
    }

    /// The transaction is the only one that writes, so the rows need no locks.
    async fn lock_enabled_admins(&mut self) -> Result<Vec<UserId>, StoreError> {
        let query = users::table.filter(sql::<Bool>(ENABLED_ADMIN)).order(users::id).select(users::id);
        self.call(move |connection| rows(query, connection)).await
    }
}
