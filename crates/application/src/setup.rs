//! Creates what a new practice needs before anyone can book: its own data, an admin and a service.

use std::sync::Arc;

use attune_domain::{EmailAddress, NotifyLevel, Practice, Role, ServiceId, UserId};
use attune_ports::{NewService, PaymentGateway, PriceError, Random, Store, StoreError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;

use crate::accounts::{AddUser, AddUserCommand, AddUserError};

#[derive(Clone)]
pub struct SetUpPractice {
    pub store: Arc<dyn Store>,
    pub gateway: Arc<dyn PaymentGateway>,
    pub add_user: AddUser,
    pub random: Arc<dyn Random>,
}

#[derive(Debug, Error)]
pub enum EnsureServiceError {
    #[error(transparent)]
    Price(#[from] PriceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(EnsureServiceError);

pub struct FirstAdmin {
    pub id: UserId,
    /// To be shown once.
    pub password: String,
}

impl SetUpPractice {
    /// Stores this practice unless there is one, and the domain of the calendar entries that an older release mailed.
    pub async fn ensure_practice(&self, practice: &Practice, legacy_uid_domain: &str) -> Result<(), StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            work.set_legacy_uid_domain(legacy_uid_domain).await?;
            work.add_practice(practice).await?;
            work.commit().await
        })
        .await
    }

    /// Adds this service unless there is one. Several instances may call this at once.
    pub async fn ensure_service(&self, service: &NewService) -> Result<ServiceId, EnsureServiceError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            // Excludes other instances: of two that start together, only one must find no service.
            work.lock_enabled_admins().await?;
            if let Some(found) = work.default_service().await? {
                return Ok(found.id);
            }
            self.gateway.check_price(service.price)?;
            let id = work.add_service(service).await?;
            work.commit().await?;
            Ok(id)
        })
        .await
    }

    /// Adds an admin with a random password, unless the practice has one who is not disabled.
    pub async fn ensure_admin(&self, email: &EmailAddress) -> Result<Option<FirstAdmin>, AddUserError> {
        let mut work = self.store.begin().await?;
        let has_admin = !work.lock_enabled_admins().await?.is_empty();
        drop(work);
        if has_admin {
            return Ok(None);
        }
        let password = self.random_password();
        let command = AddUserCommand {
            email: email.clone(),
            first_name: None,
            last_name: None,
            time_zone: None,
            role: Role::Admin,
            notify: NotifyLevel::Changes,
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
