//! Accounts, inside a unit of work.

use async_trait::async_trait;
use attune_domain::{EmailAddress, Language, PersonName, Role, TimeZoneName, User, UserId};
use jiff::Timestamp;

use crate::{PasswordHash, StoreError};

/// An account that is not stored yet.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The email address, unique among all accounts.
    pub email: EmailAddress,
    /// Given name.
    pub first_name: Option<PersonName>,
    /// Family name.
    pub last_name: Option<PersonName>,
    /// The time zone in which times are shown to the user.
    pub time_zone: Option<TimeZoneName>,
    /// Client or admin.
    pub role: Role,
    /// The hashed password; `None` for a user who cannot log in with one yet.
    pub password_hash: Option<PasswordHash>,
    /// The language that the user chose.
    pub language: Option<Language>,
    /// When it was verified that the email address belongs to the user.
    pub email_verified_at: Option<Timestamp>,
    /// The current time.
    pub created_at: Timestamp,
}

/// Accounts, inside a unit of work.
#[async_trait]
pub trait Users {
    /// Stores an account. Errors: [`crate::Conflict::EmailTaken`].
    async fn add_user(&mut self, user: &NewUser) -> Result<UserId, StoreError>;

    /// The current account, including the changes of this unit of work.
    async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Like [`Users::user`], and locks the row: no other unit of work can change it until this one ends.
    async fn user_for_change(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Stores everything but the password and the time of creation, and counts the version up, whatever the given one is.
    /// Returns the new version. Errors: [`crate::Conflict::EmailTaken`]; [`crate::Conflict::Stale`] when the row does not
    /// exist.
    async fn save_user(&mut self, user: &User) -> Result<u32, StoreError>;

    /// Replaces the password hash; without one, no password fits. Errors: [`crate::Conflict::Stale`] when the row does not
    /// exist.
    async fn set_password(&mut self, id: UserId, hash: Option<&PasswordHash>) -> Result<(), StoreError>;

    /// The admins who are not disabled, by id. No other unit of work can change this set until this one ends, so two
    /// admins cannot remove each other at the same time and leave the practice without one.
    async fn lock_enabled_admins(&mut self) -> Result<Vec<UserId>, StoreError>;
}
