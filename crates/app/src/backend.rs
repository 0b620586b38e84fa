//! Selects the store by the scheme of the database URL.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Error, Result, anyhow};
use attune_adapter_memory::MemoryStore;
use attune_adapter_postgres::{PostgresConfig, PostgresStore};
use attune_adapter_sqlite::{OpenError, SqliteConfig, SqliteStore};
use attune_ports::{Queries, Store};

use crate::known_databases::KnownDatabases;
use crate::secret::create_folder;
use crate::settings::{Database, DatabaseUrl, ResolvedConfig};

pub(crate) enum Backend {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
    Memory(Arc<MemoryStore>),
}

impl Backend {
    /// Opens the store, which is created where there has never been one, and migrates it.
    pub(crate) async fn open(config: &ResolvedConfig, settings: &Database) -> Result<Self> {
        let backend = match &config.database {
            DatabaseUrl::Sqlite(path) => {
                create_folder(&config.data_dir)?;
                if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
                    create_folder(folder)?;
                }
                let known = KnownDatabases::of(&config.data_dir);
                let create = !known.contain(path)?;
                Self::open_sqlite(path, create, settings).map_err(|error| with_remedy(error, &known))?
            }
            DatabaseUrl::Postgres(_) | DatabaseUrl::Memory => Self::connect(&config.database, settings).await?,
        };
        match &backend {
            Self::Sqlite(store) => {
                store.migrate().await?;
                if let DatabaseUrl::Sqlite(path) = &config.database {
                    KnownDatabases::of(&config.data_dir).add(path)?;
                }
            }
            Self::Postgres(store) => drop(store.migrate().await?),
            Self::Memory(_) => {}
        }
        Ok(backend)
    }

    /// The names of the migrations that [`Self::open`] would apply. Nothing is created or changed.
    pub(crate) async fn pending_migrations(config: &ResolvedConfig, settings: &Database) -> Result<Vec<String>> {
        if let DatabaseUrl::Sqlite(path) = &config.database
            && !path.exists()
            && !KnownDatabases::of(&config.data_dir).contain(path)?
        {
            return attune_adapter_sqlite::migration_names().map_err(|error| anyhow!(error));
        }
        let opened = Self::connect(&config.database, settings).await;
        let backend = opened.map_err(|error| match error.downcast::<OpenError>() {
            Ok(error) => with_remedy(error, &KnownDatabases::of(&config.data_dir)),
            Err(other) => other,
        })?;
        let pending = match &backend {
            Self::Sqlite(store) => store.pending_migrations().await?,
            Self::Postgres(store) => store.pending_migrations().await?,
            Self::Memory(_) => Vec::new(),
        };
        backend.close().await;
        Ok(pending)
    }

    /// Opens the store as it is: nothing is created or migrated.
    pub(crate) async fn connect(url: &DatabaseUrl, settings: &Database) -> Result<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => Ok(Self::open_sqlite(path, false, settings)?),
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

    fn open_sqlite(path: &Path, create: bool, settings: &Database) -> Result<Self, OpenError> {
        let path = path.to_owned();
        let store = SqliteStore::open(SqliteConfig { path, create, readers: settings.sqlite_readers.max(1) })?;
        Ok(Self::Sqlite(Arc::new(store)))
    }

    /// The name of the kind of database.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
            Self::Memory(_) => "memory",
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

fn with_remedy(error: OpenError, known: &KnownDatabases) -> Error {
    let OpenError::Missing { path } = error else { return error.into() };
    anyhow!(
        "there is no database in the file {}, but there was one: restore it from a backup, or, to begin with an empty one, \
         remove its line from {} and its -wal and -shm files",
        path.display(),
        known.path().display()
    )
}
