//! Runs statements and restores the rows that they return.
//!
//! A single row is read by `get_result`, never by `first`: that adds a `LIMIT` with a parameter, and SQLite plans with the
//! value of the limit, so it prepares such a statement again for each run, which costs several times the look-up.

use attune_ports::StoreError;
use attune_sql::FromRow;
use diesel::dsl::{AsSelect, Select};
use diesel::prelude::*;
use diesel::query_builder::QueryId;
use diesel::query_dsl::methods::{LoadQuery, SelectDsl};
use diesel::sqlite::{Sqlite, SqliteConnection};

use crate::error::store_error;

/// A query of which all columns of a row are selected.
pub(crate) trait Load<T: FromRow>: Sized {
    fn all(self, connection: &mut SqliteConnection) -> Result<Vec<T>, StoreError>;

    /// The first row.
    fn one(self, connection: &mut SqliteConnection) -> Result<Option<T>, StoreError>;
}

impl<T, Q> Load<T> for Q
where
    T: FromRow,
    T::Row: Selectable<Sqlite, SelectExpression: QueryId>,
    Q: SelectDsl<AsSelect<T::Row, Sqlite>>,
    Select<Q, AsSelect<T::Row, Sqlite>>: LoadQuery<'static, SqliteConnection, T::Row>,
{
    fn all(self, connection: &mut SqliteConnection) -> Result<Vec<T>, StoreError> {
        rows(SelectDsl::select(self, T::Row::as_select()), connection)
    }

    fn one(self, connection: &mut SqliteConnection) -> Result<Option<T>, StoreError> {
        row(SelectDsl::select(self, T::Row::as_select()), connection)
    }
}

/// The rows that a statement returns.
pub(crate) fn rows<'q, T: FromRow>(
    statement: impl LoadQuery<'q, SqliteConnection, T::Row>,
    connection: &mut SqliteConnection,
) -> Result<Vec<T>, StoreError> {
    statement.load(connection).map_err(store_error)?.into_iter().map(T::from_row).collect()
}

/// The first row that a statement returns.
pub(crate) fn row<'q, T: FromRow>(
    statement: impl LoadQuery<'q, SqliteConnection, T::Row>,
    connection: &mut SqliteConnection,
) -> Result<Option<T>, StoreError> {
    statement.get_result(connection).optional().map_err(store_error)?.map(T::from_row).transpose()
}
