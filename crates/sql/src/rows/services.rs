use std::collections::BTreeMap;

use attune_domain::service::ServiceTexts;
use attune_domain::{Language, Service, ServiceId};
use attune_ports::{NewService, StoreError};
use diesel::prelude::*;

use super::practice::{read_translations, write_translations};
use super::{FromRow, money};
use crate::map::{number, sound};
use crate::schema::services;

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = services)]
pub struct StoredServiceRow {
    id: i64,
    #[diesel(embed)]
    service: ServiceRow,
    version: i64,
}

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = services, treat_none_as_default_value = false)]
pub struct ServiceRow {
    name: String,
    description: String,
    minutes: i64,
    buffer_minutes: i64,
    price_minor: i64,
    currency: String,
    active: bool,
    translations: String,
}

impl FromRow for Service {
    type Row = StoredServiceRow;

    fn from_row(StoredServiceRow { id, service: row, version }: StoredServiceRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: sound(ServiceId::new(id), "services.id")?,
            price: money(row.price_minor, &row.currency)?,
            name: row.name,
            description: row.description,
            minutes: number(row.minutes)?,
            buffer_minutes: number(row.buffer_minutes)?,
            active: row.active,
            translations: read_translations(&row.translations, "services.translations", |mut texts| ServiceTexts {
                name: texts.remove("name"),
                description: texts.remove("description"),
            })?,
            version: number(version)?,
        })
    }
}

impl From<&Service> for ServiceRow {
    fn from(service: &Service) -> Self {
        Self {
            name: service.name.clone(),
            description: service.description.clone(),
            minutes: i64::from(service.minutes),
            buffer_minutes: i64::from(service.buffer_minutes),
            price_minor: service.price.minor(),
            currency: service.price.currency().code().to_owned(),
            active: service.active,
            translations: translations(&service.translations),
        }
    }
}

impl From<&NewService> for ServiceRow {
    fn from(service: &NewService) -> Self {
        Self {
            name: service.name.clone(),
            description: service.description.clone(),
            minutes: i64::from(service.minutes),
            buffer_minutes: i64::from(service.buffer_minutes),
            price_minor: service.price.minor(),
            currency: service.price.currency().code().to_owned(),
            active: true,
            translations: translations(&service.translations),
        }
    }
}

fn translations(of: &BTreeMap<Language, ServiceTexts>) -> String {
    write_translations(of, |texts| [("name", &texts.name), ("description", &texts.description)])
}
