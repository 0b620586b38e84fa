//! Services, inside a unit of work.

use async_trait::async_trait;
use attune_domain::{Money, Service, ServiceId};

use crate::StoreError;

/// A service to be offered.
#[derive(Debug, Clone)]
pub struct NewService {
    /// What it is called.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// Length in minutes.
    pub minutes: u32,
    /// Pause after it, in minutes.
    pub buffer_minutes: u32,
    /// What it costs.
    pub price: Money,
}

/// Services, inside a unit of work.
#[async_trait]
pub trait Services {
    /// Offers a service.
    async fn add_service(&mut self, service: &NewService) -> Result<ServiceId, StoreError>;

    /// A service, active or not.
    async fn service(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError>;

    /// Like [`Services::service`]; nobody else can change the row until this unit of work ends.
    async fn service_for_change(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError>;

    /// Writes a service. Bookings keep what they were made with. Errors: [`crate::Conflict::Stale`] when there is no such
    /// row.
    async fn save_service(&mut self, service: &Service) -> Result<(), StoreError>;

    /// What is booked when no service was named: the active one of lowest id.
    async fn default_service(&mut self) -> Result<Option<Service>, StoreError>;
}
