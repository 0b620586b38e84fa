use async_trait::async_trait;
use attune_domain::{Service, ServiceId};
use attune_ports::{NewService, Services, StoreError};
use attune_sql::ServiceRow;
use attune_sql::schema::services;
use attune_sql::statements::active_services;
use diesel::prelude::*;

use super::SqliteUnitOfWork;

#[async_trait]
impl Services for SqliteUnitOfWork {
    async fn add_service(&mut self, service: &NewService) -> Result<ServiceId, StoreError> {
        let insert = diesel::insert_into(services::table).values(ServiceRow::from(service));
        self.returning(insert.returning(services::id)).await
    }

    async fn service(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        self.one(services::table.find(id.get())).await
    }

    /// The transaction is the only one that writes, so the row needs no lock.
    async fn service_for_change(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        self.service(id).await
    }

    async fn save_service(&mut self, service: &Service) -> Result<u32, StoreError> {
        let changes = (ServiceRow::from(service), services::version.eq(services::version + 1));
        let update = diesel::update(services::table.find(service.id.get())).set(changes);
        self.returning(update.returning(services::version)).await
    }

    async fn default_service(&mut self) -> Result<Option<Service>, StoreError> {
        self.one(active_services()).await
    }
}
