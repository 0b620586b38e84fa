//! The statements around reading, prepared once for each connection.

use attune_ports::StoreError;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sqlite::{Sqlite, SqliteConnection};

use crate::error::store_error;

/// A statement without parameters or results. Diesel keeps it prepared because its type says all about it.
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

/// Begins a transaction that only reads. What it sees is settled by the first row that it looks for.
pub(crate) fn begin_reading(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    Begin.execute(connection).map(drop).map_err(store_error)
}

/// Ends a transaction that only read.
pub(crate) fn end_reading(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    RollBack.execute(connection).map(drop).map_err(store_error)
}
