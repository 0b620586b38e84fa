//! What a server must be, checked before anything is stored in it.

use thiserror::Error;
use tokio_postgres::Client;

use crate::error::{ConnectError, OpenError};

/// The first supported major version.
const OLDEST_VERSION: i32 = 13;

/// Sent with every new connection; only the server itself knows it afterwards.
pub(crate) const DIRECT: &str = "attune.connection=direct";

/// Why a server that answers cannot be used, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ServerFault {
    /// A pooler answers, and does not pass on the settings of a connection. It may also share one session among several
    /// clients, or several among one.
    #[error(
        "a connection pooler such as PgBouncer answers instead of PostgreSQL, and does not pass on the settings of our \
         connections; connect to PostgreSQL itself, because the service has pools of its own \
         (database.postgres_connections)"
    )]
    Pooler,
    #[error("PostgreSQL {0} is too old; version {OLDEST_VERSION} or later is needed")]
    Version(String),
    /// Some names cannot be stored in the database.
    #[error(
        "the encoding of the database is {0} and has to be UTF8; create another one: \
         CREATE DATABASE attune OWNER attune ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding(String),
    #[error("the server is a standby, which accepts no writes; connect to the primary")]
    Standby,
    /// What a URL with several hosts, or with `target_session_attrs`, requires is found nowhere.
    #[error(
        "no host of the database URL accepts writes: each is a standby, unless default_transaction_read_only is in the URL; \
         add the primary to it, or promote a standby"
    )]
    NoPrimary,
    #[error(
        "transactions are read-only; remove default_transaction_read_only from the settings of the server, the database, \
         the role and the URL"
    )]
    ReadOnly,
    #[error(
        "the search_path names no schema that exists and may be used; set one: \
         ALTER ROLE attune SET search_path = public"
    )]
    NoSchema,
    #[error("no tables may be created in the schema {0}; allow it: GRANT CREATE ON SCHEMA {0} TO attune")]
    SchemaForbidden(String),
    /// New tables would not be created next to the existing ones.
    #[error("the tables are in the schema {tables}, but the search_path begins with {first}; put {tables} first")]
    OtherSchema { tables: String, first: String },
    #[error("the extension btree_gist is not installed on the server; on Debian it is in the package postgresql")]
    ExtensionMissing,
    #[error("the extension btree_gist may not be created; have a superuser run: CREATE EXTENSION btree_gist")]
    ExtensionForbidden,
}

/// What a server says about itself.
#[derive(Debug, Clone)]
struct Properties {
    direct: bool,
    version: i32,
    version_text: String,
    encoding: String,
    standby: bool,
    read_only: bool,
    schema: Option<String>,
    may_create_tables: bool,
    /// The schema of the table of migrations that is found.
    tables: Option<String>,
    has_extension: bool,
    knows_extension: bool,
    may_create_extension: bool,
}

const PROPERTIES: &str = "SELECT coalesce(current_setting('attune.connection', true), '') = 'direct', \
    current_setting('server_version_num')::int4 / 10000, current_setting('server_version'), \
    current_setting('server_encoding'), pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', \
    current_schema()::text, coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), \
    (SELECT nspname::text FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
     WHERE pg_class.oid = to_regclass('__diesel_schema_migrations')), \
    EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist'), \
    EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gist'), \
    has_database_privilege(current_database(), 'CREATE')";

impl Properties {
    async fn read(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let row = client.query_one(PROPERTIES, &[]).await?;
        Ok(Self {
            direct: row.try_get(0)?,
            version: row.try_get(1)?,
            version_text: row.try_get(2)?,
            encoding: row.try_get(3)?,
            standby: row.try_get(4)?,
            read_only: row.try_get(5)?,
            schema: row.try_get(6)?,
            may_create_tables: row.try_get(7)?,
            tables: row.try_get(8)?,
            has_extension: row.try_get(9)?,
            knows_extension: row.try_get(10)?,
            may_create_extension: row.try_get(11)?,
        })
    }

    /// The first fault, in the order in which they are best removed.
    fn check(self) -> Result<(), ServerFault> {
        if !self.direct {
            return Err(ServerFault::Pooler);
        }
        if self.version < OLDEST_VERSION {
            return Err(ServerFault::Version(self.version_text));
        }
        if self.encoding != "UTF8" {
            return Err(ServerFault::Encoding(self.encoding));
        }
        if self.standby {
            return Err(ServerFault::Standby);
        }
        if self.read_only {
            return Err(ServerFault::ReadOnly);
        }
        let schema = self.schema.ok_or(ServerFault::NoSchema)?;
        match self.tables {
            Some(tables) if tables != schema => return Err(ServerFault::OtherSchema { tables, first: schema }),
            None if !self.may_create_tables => return Err(ServerFault::SchemaForbidden(schema)),
            Some(_) | None => {}
        }
        match (self.has_extension, self.knows_extension, self.may_create_extension) {
            (true, ..) | (false, true, true) => Ok(()),
            (false, true, false) => Err(ServerFault::ExtensionForbidden),
            (false, false, _) => Err(ServerFault::ExtensionMissing),
        }
    }
}

/// Errors: [`OpenError::Unusable`] with the first fault.
pub(crate) async fn check(client: &Client) -> Result<(), OpenError> {
    let properties = Properties::read(client).await.map_err(|e| OpenError::Unreachable(e.into()))?;
    Ok(properties.check()?)
}

/// Why no connection could be opened. PgBouncer refuses settings that it does not know, unless it is told to ignore them.
pub(crate) fn refusal(error: ConnectError) -> OpenError {
    if let ConnectError::Refused(refused) = &error
        && let Some(answer) = refused.as_db_error()
        && answer.message().starts_with("unsupported startup parameter")
    {
        return ServerFault::Pooler.into();
    }
    if matches!(error, ConnectError::NoPrimary) {
        return ServerFault::NoPrimary.into();
    }
    OpenError::Unreachable(error.into())
}

#[cfg(test)]
mod tests;
