//! Adds and changes services.

use std::sync::Arc;

use attune_domain::calendar::{AppointmentLength, LengthError};
use attune_domain::{Money, Service, ServiceId, UserId};
use attune_ports::{AuditEntry, AuditObject, Clock, NewService, Store, StoreError};
use thiserror::Error;

use crate::RequestMetadata;

/// `None` leaves a field unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceChanges {
    pub name: Option<String>,
    pub description: Option<String>,
    pub minutes: Option<u32>,
    pub buffer_minutes: Option<u32>,
    pub price: Option<Money>,
    pub active: Option<bool>,
}

#[derive(Debug, Clone)]
pub struct ChangeServiceCommand {
    pub admin: UserId,
    pub service: ServiceId,
    pub changes: ServiceChanges,
    pub metadata: RequestMetadata,
}

#[derive(Debug, Error)]
pub enum ServiceError {
    #[error("there is no such service")]
    NotFound,
    #[error(transparent)]
    Length(#[from] LengthError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::retry::contended_through_store!(ServiceError);

#[derive(Clone)]
pub struct ManageServices {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

impl ManageServices {
    /// Offers a service. It can be booked at once.
    pub async fn add(
        &self,
        admin: UserId,
        new: NewService,
        metadata: &RequestMetadata,
    ) -> Result<Service, ServiceError> {
        AppointmentLength::new(new.minutes, new.buffer_minutes)?;
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let id = work.add_service(&new).await?;
            work.add_audit_entry(&self.entry(admin, "service.added", id, metadata)).await?;
            let service = work.service(id).await?.ok_or(ServiceError::NotFound)?;
            work.commit().await?;
            Ok(service)
        })
        .await
    }

    /// Changes a service. Existing bookings keep their length and price.
    pub async fn change(&self, command: ChangeServiceCommand) -> Result<Service, ServiceError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let before = work.service_for_change(command.service).await?.ok_or(ServiceError::NotFound)?;
            let changes = command.changes.clone();
            let service = Service {
                id: before.id,
                name: changes.name.unwrap_or(before.name),
                description: changes.description.unwrap_or(before.description),
                minutes: changes.minutes.unwrap_or(before.minutes),
                buffer_minutes: changes.buffer_minutes.unwrap_or(before.buffer_minutes),
                price: changes.price.unwrap_or(before.price),
                active: changes.active.unwrap_or(before.active),
            };
            AppointmentLength::try_from(&service)?;
            work.save_service(&service).await?;
            work.add_audit_entry(&self.entry(command.admin, "service.changed", service.id, &command.metadata)).await?;
            work.commit().await?;
            Ok(service)
        })
        .await
    }

    fn entry(&self, admin: UserId, action: &str, service: ServiceId, metadata: &RequestMetadata) -> AuditEntry {
        AuditEntry {
            at: self.clock.now(),
            actor: Some(admin),
            action: action.to_owned(),
            object: AuditObject::Service(service),
            request_id: metadata.request_id.clone(),
        }
    }
}
