//! Transactions that read one state of the database.

use attune_ports::StoreError;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sqlite::{Sqlite, SqliteConnection};

use crate::error::store_error;

/// A statement without parameters or results. Its type identifies it, so Diesel prepares it once.
macro_rules! statement {
    ($name:ident, $sql:literal) => {
        #[derive(QueryId)]
        struct $name;

        impl QueryFragment<Sqlite> for $name {
            fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                pass.push_sql($sql);
                Ok(())
            }
        }

        impl RunQueryDsl<SqliteConnection> for $name {}
    };
}

statement!(Begin, "BEGIN");
statement!(RollBack, "ROLLBACK");

/// Begins a transaction that only reads. Its first statement determines the state that it sees.
pub(crate) fn begin_reading(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    Begin.execute(connection).map(drop).map_err(store_error)
}

pub(crate) fn end_reading(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    RollBack.execute(connection).map(drop).map_err(store_error)
}

/// Runs several reads on one state of the database.
pub(crate) fn snapshot<T>(
    connection: &mut SqliteConnection,
    read: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    begin_reading(connection)?;
    let result = read(connection);
    // A connection that cannot end its transaction must not be used again; `Unavailable` has it replaced.
    end_reading(connection).map_err(|e| StoreError::Unavailable(e.into()))?;
    result
}
