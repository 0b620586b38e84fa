//! Accounts, inside a unit of work.

use async_trait::async_trait;
use attune_domain::{EmailAddress, PersonName, Role, TimeZoneName, User, UserId};
use jiff::Timestamp;

use crate::{PasswordHash, StoreError};

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Unique among all accounts.
    pub email: EmailAddress,
    /// Given name.
    pub first_name: Option<PersonName>,
    /// Family name.
    pub last_name: Option<PersonName>,
    /// Zone for times shown to this person.
    pub time_zone: Option<TimeZoneName>,
    /// Client or admin.
    pub role: Role,
    /// The hashed password.
    pub password_hash: PasswordHash,
    /// When the address was proved to be theirs.
    pub email_verified_at: Option<Timestamp>,
    /// Now.
    pub created_at: Timestamp,
}

/// Accounts, inside a unit of work.
#[async_trait]
pub trait Users {
    /// Makes an account. Errors: [`crate::Conflict::EmailTaken`].
    async fn add_user(&mut self, user: &NewUser) -> Result<UserId, StoreError>;

    /// The account as it is now, including what this unit of work changed.
    async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Like [`Users::user`]; nobody else can change the row until this unit of work ends.
    async fn user_for_change(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Writes e-mail, names, zone, role, disabled and verification. Errors: [`crate::Conflict::EmailTaken`],
    /// [`crate::Conflict::Stale`] when there is no such row.
    async fn save_user(&mut self, user: &User) -> Result<(), StoreError>;

    /// Replaces the password. Errors: [`crate::Conflict::Stale`] when there is no such row.
    async fn set_password(&mut self, id: UserId, hash: &PasswordHash) -> Result<(), StoreError>;

    /// All admins who are not disabled, by id. Nobody else can change who they are until this unit of work ends, so two
    /// people cannot remove each other as the last admin at the same moment.
    async fn lock_enabled_admins(&mut self) -> Result<Vec<UserId>, StoreError>;
}
