//! Runs statements and restores the rows that they return.

use attune_sql::FromRow;
use diesel::OptionalExtension;
use diesel::dsl::{AsSelect, Limit, Select};
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::query_dsl::methods::{LimitDsl, SelectDsl};
use diesel::{Selectable, SelectableHelper};
use diesel_async::methods::LoadQuery;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::error::QueryError;

/// A query of which all columns of a row are selected.
pub(crate) trait Load<T: FromRow>: Send {
    fn all(self, connection: &AsyncPgConnection) -> impl Future<Output = Result<Vec<T>, QueryError>> + Send;

    /// The first row.
    fn one(self, connection: &AsyncPgConnection) -> impl Future<Output = Result<Option<T>, QueryError>> + Send;
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
    async fn all(self, mut connection: &AsyncPgConnection) -> Result<Vec<T>, QueryError> {
        let rows: Vec<T::Row> = self.select(T::Row::as_select()).load(&mut connection).await?;
        restore(rows)
    }

    async fn one(self, mut connection: &AsyncPgConnection) -> Result<Option<T>, QueryError> {
        let row: Option<T::Row> = self.select(T::Row::as_select()).first(&mut connection).await.optional()?;
        Ok(row.map(T::from_row).transpose()?)
    }
}

/// Restores rows that a statement has returned.
pub(crate) fn restore<T: FromRow>(rows: Vec<T::Row>) -> Result<Vec<T>, QueryError> {
    Ok(rows.into_iter().map(T::from_row).collect::<Result<_, _>>()?)
}
