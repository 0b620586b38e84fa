//! Services.

use async_trait::async_trait;
use attune_domain::{Service, ServiceId};
use attune_ports::{NewService, Services, StoreError};
use attune_sql::schema::services;
use attune_sql::{NewServiceRow, ServiceChanges, ServiceRow};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::PostgresUnit;
use crate::error::{identity, one_row};

#[async_trait]
impl Services for PostgresUnit {
    async fn add_service(&mut self, service: &NewService) -> Result<ServiceId, StoreError> {
        let row = NewServiceRow::from(service);
        self.call(async |mut c| {
            let insert = diesel::insert_into(services::table).values(row).returning(services::id);
            Ok(identity(ServiceId::new(insert.get_result(&mut c).await?))?)
        })
        .await
    }

    async fn service(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        let query = services::table.find(id.get()).select(ServiceRow::as_select());
        self.call(async |mut c| {
            let row = query.first(&mut c).await.optional()?;
            Ok(row.map(Service::try_from).transpose()?)
        })
        .await
    }

    async fn service_for_change(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        let query = services::table.find(id.get()).select(ServiceRow::as_select()).for_no_key_update();
        self.call(async |mut c| {
            let row = query.first(&mut c).await.optional()?;
            Ok(row.map(Service::try_from).transpose()?)
        })
        .await
    }

    async fn save_service(&mut self, service: &Service) -> Result<(), StoreError> {
        let (target, changes) = (services::table.find(service.id.get()), ServiceChanges::from(service));
        self.call(async |mut c| Ok(one_row(diesel::update(target).set(changes).execute(&mut c).await?)?)).await
    }

    async fn default_service(&mut self) -> Result<Option<Service>, StoreError> {
        let query = services::table.filter(services::active).order(services::id).select(ServiceRow::as_select());
        self.call(async |mut c| {
            let row = query.first(&mut c).await.optional()?;
            Ok(row.map(Service::try_from).transpose()?)
        })
        .await
    }
}
