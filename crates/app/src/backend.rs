//! Selects the store by the scheme of the database URL.

use std::sync::Arc;

use anyhow::{Context, Result};
use attune_adapter_memory::MemoryStore;
use attune_adapter_postgres::{PostgresConfig, PostgresStore};
use attune_adapter_sqlite::{SqliteConfig, SqliteStore};
use attune_ports::{Queries, Store};

use crate::secret::create_folder;
use crate::settings::{Database, DatabaseUrl};

pub(crate) enum Backend {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
    Memory(Arc<MemoryStore>),
}

impl Backend {
    /// Opens the store and migrates it.
    pub(crate) async fn open(url: &DatabaseUrl, settings: &Database) -> Result<Self> {
        let backend = Self::connect(url, settings).await?;
        match &backend {
            Self::Sqlite(store) => drop(store.migrate().await?),
            Self::Postgres(store) => drop(store.migrate().await?),
            Self::Memory(_) => {}
        }
        Ok(backend)
    }

    /// Opens the store without migrating it.
    pub(crate) async fn connect(url: &DatabaseUrl, settings: &Database) -> Result<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
                    create_folder(folder)?;
                }
                let store =
                    SqliteStore::open(SqliteConfig { path: path.clone(), readers: settings.sqlite_readers.max(1) })?;
                Ok(Self::Sqlite(Arc::new(store)))
            }
            DatabaseUrl::Postgres(url) => {
                let cores = std::thread::available_parallelism().map_or(2, usize::from);
                let automatic = u32::try_from(2 * cores + 2).unwrap_or(u32::MAX);
                let store = PostgresStore::connect(PostgresConfig {
                    url: attune_adapter_postgres::DatabaseUrl::new(url.expose()),
                    writers: if settings.postgres_connections == 0 { automatic } else { settings.postgres_connections },
                    readers: settings.postgres_readers.max(1),
                })
                .await?;
                Ok(Self::Postgres(Arc::new(store)))
            }
            DatabaseUrl::Memory => Ok(Self::Memory(MemoryStore::new())),
        }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Postgres(store) => store.clone(),
            Self::Memory(store) => store.clone(),
        }
    }

    pub(crate) fn queries(&self) -> Arc<dyn Queries> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Postgres(store) => store.clone(),
            Self::Memory(store) => store.clone(),
        }
    }

    pub(crate) async fn schema_is_current(&self) -> Result<bool> {
        match self {
            Self::Sqlite(store) => store.schema_is_current().await.context("the schema cannot be read"),
            Self::Postgres(store) => store.schema_is_current().await.context("the schema cannot be read"),
            Self::Memory(_) => Ok(true),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
            Self::Memory(_) => {}
        }
    }
}
