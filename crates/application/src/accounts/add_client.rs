//! An admin adds a client, who cannot log in yet.

use attune_domain::{EmailAddress, Language, NotifyLevel, PersonName, Role, TimeZoneName, User, UserId};
use attune_ports::NewUser;

use super::{AddUser, AddUserError};
use crate::audit::{AuditContext, RequestMetadata};

#[derive(Debug, Clone)]
pub struct AddClientCommand {
    pub admin: UserId,
    pub email: EmailAddress,
    pub first_name: Option<PersonName>,
    pub last_name: Option<PersonName>,
    /// For times shown to this client.
    pub time_zone: Option<TimeZoneName>,
    /// For emails to this client.
    pub language: Option<Language>,
    pub metadata: RequestMetadata,
}

#[derive(Clone)]
pub struct AddClient {
    pub add_user: AddUser,
}

impl AddClient {
    /// The client can be booked for and gets emails. Without a password, every login fails like one with a wrong password.
    pub async fn run(&self, command: AddClientCommand) -> Result<User, AddUserError> {
        let AddClientCommand { admin, email, first_name, last_name, time_zone, language, metadata } = command;
        if time_zone.as_ref().is_some_and(|name| self.add_user.zones.find(name).is_none()) {
            return Err(AddUserError::UnknownTimeZone);
        }
        let new = NewUser {
            email,
            first_name,
            last_name,
            time_zone,
            role: Role::Client,
            password_hash: None,
            language,
            email_verified_at: None,
            created_at: self.add_user.clock.now(),
        };
        let audit = AuditContext::new(Some(admin), &metadata, new.created_at);
        crate::retry::retrying(|| self.add_user.attempt(&new, NotifyLevel::Changes, &audit)).await
    }
}
