//! Services, inside a unit of work.

use std::collections::BTreeMap;

use async_trait::async_trait;
use attune_domain::service::ServiceTexts;
use attune_domain::{Language, Money, Service, ServiceId};

use crate::StoreError;

/// A service that is not stored yet.
#[derive(Debug, Clone)]
pub struct NewService {
    /// Its name.
    pub name: String,
    /// A short description.
    pub description: String,
    /// Length in minutes.
    pub minutes: u32,
    /// Buffer after the session, in minutes.
    pub buffer_minutes: u32,
    /// Its price.
    pub price: Money,
    /// Its texts in other languages.
    pub translations: BTreeMap<Language, ServiceTexts>,
}

/// Services, inside a unit of work.
#[async_trait]
pub trait Services {
    /// Stores a service. It is active from then on.
    async fn add_service(&mut self, service: &NewService) -> Result<ServiceId, StoreError>;

    /// The service with this id, active or not.
    async fn service(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError>;

    /// Like [`Services::service`], and locks the row: no other unit of work can change it until this one ends.
    async fn service_for_change(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError>;

    /// Stores a changed service and counts its version up, whatever the given one is. Returns the new version. Existing
    /// bookings do not change. Errors: [`crate::Conflict::Stale`] when the row does not exist.
    async fn save_service(&mut self, service: &Service) -> Result<u32, StoreError>;

    /// The service of a booking that names none: the active one with the lowest id.
    async fn default_service(&mut self) -> Result<Option<Service>, StoreError>;
}
