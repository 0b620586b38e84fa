//! Adds and changes services.

use std::collections::BTreeMap;
use std::sync::Arc;

use attune_domain::calendar::{AppointmentLength, LengthError};
use attune_domain::service::ServiceTexts;
use attune_domain::{Language, Money, Service, ServiceId, UserId};
use attune_ports::{AuditObject, Clock, NewService, PaymentGateway, PriceError, Store, StoreError};
use thiserror::Error;

use crate::audit::{AuditContext, RequestMetadata};
use crate::version::is_outdated;

/// `None` leaves a field unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceChanges {
    pub name: Option<String>,
    pub description: Option<String>,
    pub minutes: Option<u32>,
    pub buffer_minutes: Option<u32>,
    pub price: Option<Money>,
    pub active: Option<bool>,
    /// Replaces all translations.
    pub translations: Option<BTreeMap<Language, ServiceTexts>>,
}

#[derive(Debug, Clone)]
pub struct ChangeServiceCommand {
    pub admin: UserId,
    pub service: ServiceId,
    pub changes: ServiceChanges,
    /// The version that the change is based on; any other is a conflict.
    pub version: Option<u32>,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum ServiceError {
    #[error("there is no such service")]
    NotFound,
    #[error("the service was changed in the meantime")]
    VersionConflict,
    #[error(transparent)]
    Length(#[from] LengthError),
    #[error(transparent)]
    Price(#[from] PriceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(ServiceError);

#[derive(Clone)]
pub struct ManageServices {
    pub store: Arc<dyn Store>,
    pub gateway: Arc<dyn PaymentGateway>,
    pub clock: Arc<dyn Clock>,
}

impl ManageServices {
    /// The service can be booked at once.
    pub async fn add(
        &self,
        admin: UserId,
        new: NewService,
        metadata: &RequestMetadata,
    ) -> Result<Service, ServiceError> {
        AppointmentLength::new(new.minutes, new.buffer_minutes)?;
        self.gateway.check_price(new.price)?;
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let id = work.add_service(&new).await?;
            AuditContext::new(Some(admin), metadata, self.clock.now())
                .record(&mut *work, "service.added", AuditObject::Service(id))
                .await?;
            let service = work.service(id).await?.ok_or(ServiceError::NotFound)?;
            work.commit().await?;
            Ok(service)
        })
        .await
    }

    /// Changes a service. Existing bookings keep their length and price.
    pub async fn change(&self, command: ChangeServiceCommand) -> Result<Service, ServiceError> {
        // A price that stays is not checked: it may be from before the provider changed.
        command.changes.price.map_or(Ok(()), |price| self.gateway.check_price(price))?;
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let before = work.service_for_change(command.service).await?.ok_or(ServiceError::NotFound)?;
            if is_outdated(command.version, before.version) {
                return Err(ServiceError::VersionConflict);
            }
            let changes = command.changes.clone();
            let mut service = Service {
                id: before.id,
                name: changes.name.unwrap_or(before.name),
                description: changes.description.unwrap_or(before.description),
                minutes: changes.minutes.unwrap_or(before.minutes),
                buffer_minutes: changes.buffer_minutes.unwrap_or(before.buffer_minutes),
                price: changes.price.unwrap_or(before.price),
                active: changes.active.unwrap_or(before.active),
                translations: changes.translations.unwrap_or(before.translations),
                version: before.version,
            };
            AppointmentLength::try_from(&service)?;
            service.version = work.save_service(&service).await?;
            AuditContext::new(Some(command.admin), &command.metadata, self.clock.now())
                .record(&mut *work, "service.changed", AuditObject::Service(service.id))
                .await?;
            work.commit().await?;
            Ok(service)
        })
        .await
    }
}
