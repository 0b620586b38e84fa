//! Registers a client.

use attune_domain::{EmailAddress, NotifyLevel, PersonName, Role, TimeZoneName, User};
use attune_ports::Password;
use thiserror::Error;

use super::{AddUser, AddUserCommand, AddUserError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    Open,
    /// Only the practice adds accounts.
    Closed,
}

#[derive(Debug, Clone)]
pub struct RegisterCommand {
    pub email: EmailAddress,
    pub password: Password,
    pub first_name: Option<PersonName>,
    pub last_name: Option<PersonName>,
    /// For times shown to this user.
    pub time_zone: Option<TimeZoneName>,
}

#[derive(Debug, Error)]
pub enum RegisterError {
    #[error("registration is closed")]
    Closed,
    #[error(transparent)]
    Add(#[from] AddUserError),
}

#[derive(Clone)]
pub struct Register {
    pub registration: Registration,
    pub add_user: AddUser,
}

impl Register {
    /// The new account is always a client's.
    pub async fn run(&self, command: RegisterCommand) -> Result<User, RegisterError> {
        match self.registration {
            Registration::Closed => Err(RegisterError::Closed),
            Registration::Open => Ok(self
                .add_user
                .run(AddUserCommand {
                    email: command.email,
                    first_name: command.first_name,
                    last_name: command.last_name,
                    time_zone: command.time_zone,
                    role: Role::Client,
                    notify: NotifyLevel::Changes,
                    password: command.password,
                })
                .await?),
        }
    }
}
