//! Creates what a new practice needs before anyone can book: an admin and a service.

use std::sync::Arc;

use attune_domain::{EmailAddress, Money, Role, ServiceId, UserId};
use attune_ports::{NewService, Random, Store, StoreError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::accounts::{AddUser, AddUserCommand, AddUserError};

/// The service that a new practice offers.
#[derive(Debug, Clone)]
pub struct FirstService {
    pub name: String,
    pub minutes: u32,
    pub buffer_minutes: u32,
    pub price: Money,
}

#[derive(Clone)]
pub struct SetUpPractice {
    pub store: Arc<dyn Store>,
    pub add_user: AddUser,
    pub random: Arc<dyn Random>,
}

pub struct FirstAdmin {
    pub id: UserId,
    /// To be shown once.
    pub password: String,
}

impl SetUpPractice {
    /// Adds this service unless there is one. Several instances may call this at once.
    pub async fn ensure_service(&self, service: &FirstService) -> Result<ServiceId, StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            // The lock is borrowed for its effect: two instances that start together must not both find nothing.
            work.lock_enabled_admins().await?;
            if let Some(found) = work.default_service().await? {
                return Ok(found.id);
            }
            let id = work
                .add_service(&NewService {
                    name: service.name.clone(),
                    description: String::new(),
                    minutes: service.minutes,
                    buffer_minutes: service.buffer_minutes,
                    price: service.price,
                })
                .await?;
            work.commit().await?;
            Ok(id)
        })
        .await
    }

    /// Adds an admin with a random password, unless the practice has one who is not disabled.
    pub async fn ensure_admin(&self, email: &EmailAddress) -> Result<Option<FirstAdmin>, AddUserError> {
        let mut work = self.store.begin().await?;
        let there = !work.lock_enabled_admins().await?.is_empty();
        drop(work);
        if there {
            return Ok(None);
        }
        let password = self.random_password();
        let command = AddUserCommand {
            email: email.clone(),
            first_name: None,
            last_name: None,
            time_zone: None,
            role: Role::Admin,
            password: attune_ports::Password::new(password.clone()),
        };
        match self.add_user.run(command).await {
            Ok(user) => Ok(Some(FirstAdmin { id: user.id, password })),
            // Another instance was faster, and has shown its password.
            Err(AddUserError::EmailTaken) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// 144 random bits that can be typed.
    fn random_password(&self) -> String {
        let mut bytes = [0; 18];
        self.random.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}
