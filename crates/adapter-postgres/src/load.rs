//! Runs statements and restores the rows that they return.
//!
//! The futures are boxed: otherwise the compiler has to prove that they are `Send` for connections of every lifetime, which
//! it cannot.

use attune_ports::{Conflict, StoreError};
use attune_sql::FromRow;
use diesel::OptionalExtension;
use diesel::dsl::{AsSelect, Limit, Select};
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::query_dsl::methods::{LimitDsl, SelectDsl};
use diesel::{Selectable, SelectableHelper};
use diesel_async::methods::LoadQuery;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::error::QueryError;

/// A query of which all columns of a row are selected.
pub(crate) trait Load<T: FromRow>: Send {
    fn all(self, connection: &AsyncPgConnection) -> BoxFuture<'_, Result<Vec<T>, QueryError>>;

    /// The first row.
    fn one(self, connection: &AsyncPgConnection) -> BoxFuture<'_, Result<Option<T>, QueryError>>;
}

impl<T, Q> Load<T> for Q
where
    T: FromRow + Send,
    T::Row: Selectable<Pg, SelectExpression: QueryId> + Send + 'static,
    Q: SelectDsl<AsSelect<T::Row, Pg>> + Send,
    Select<Q, AsSelect<T::Row, Pg>>:
        LimitDsl + for<'c> LoadQuery<'static, &'c AsyncPgConnection, T::Row> + Send + 'static,
    Limit<Select<Q, AsSelect<T::Row, Pg>>>: for<'c> LoadQuery<'static, &'c AsyncPgConnection, T::Row> + Send + 'static,
{
    fn all(self, mut connection: &AsyncPgConnection) -> BoxFuture<'_, Result<Vec<T>, QueryError>> {
        let query = self.select(T::Row::as_select());
        async move { restore(query.load(&mut connection).await?) }.boxed()
    }

    fn one(self, mut connection: &AsyncPgConnection) -> BoxFuture<'_, Result<Option<T>, QueryError>> {
        let query = self.select(T::Row::as_select());
        async move {
            let row: Option<T::Row> = query.first(&mut connection).await.optional()?;
            Ok(row.map(T::from_row).transpose()?)
        }
        .boxed()
    }
}

/// A statement that returns one value of the row that it adds or changes, such as its id.
pub(crate) trait Returning<T: FromRow>: Send {
    fn value(self, connection: &AsyncPgConnection) -> BoxFuture<'_, Result<T, QueryError>>;
}

impl<T, S> Returning<T> for S
where
    T: FromRow,
    T::Row: Send,
    S: for<'c> LoadQuery<'static, &'c AsyncPgConnection, T::Row> + Send + 'static,
{
    fn value(self, mut connection: &AsyncPgConnection) -> BoxFuture<'_, Result<T, QueryError>> {
        async move {
            let row: Option<T::Row> = self.get_result(&mut connection).await.optional()?;
            Ok(T::from_row(row.ok_or(StoreError::Conflict(Conflict::Stale))?)?)
        }
        .boxed()
    }
}

/// Restores rows that a statement has returned.
pub(crate) fn restore<T: FromRow>(rows: Vec<T::Row>) -> Result<Vec<T>, QueryError> {
    Ok(rows.into_iter().map(T::from_row).collect::<Result<_, _>>()?)
}
