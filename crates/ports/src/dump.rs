//! All rows of a database, as text that is the same for every kind of database.

use std::collections::BTreeMap;

use crate::BoxError;

/// Some rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRows {
    /// The table.
    pub table: String,
    /// Its columns, in the order of the values of a row.
    pub columns: Vec<String>,
    /// A JSON array each: integers, texts, bytes as hexadecimal digits, truth values as 0 and 1, and null. In the order of
    /// the primary key, and the same bytes whichever kind of database they are from.
    pub rows: Vec<String>,
}

/// The last numbers that were given out, by table.
pub type Sequences = BTreeMap<String, i64>;

/// Takes a dump: everything that a database contains at one moment.
pub trait DumpSink: Send {
    /// Called first, with the versions of the migrations that the database has, in order.
    fn begin(&mut self, schema: &[String]) -> Result<(), BoxError>;

    /// Called at least once for each table, with the next of its rows. A table comes after those that it refers to.
    fn rows(&mut self, rows: TableRows) -> Result<(), BoxError>;

    /// Called last.
    fn end(&mut self, sequences: &Sequences) -> Result<(), BoxError>;
}

/// Gives back a dump in the same order.
pub trait DumpSource: Send {
    /// The versions of the migrations that the database had, in order.
    fn schema(&self) -> &[String];

    /// The next rows; `None` after the last ones.
    fn next_rows(&mut self) -> Result<Option<TableRows>, BoxError>;

    /// Reads the rest. Errors: the dump is incomplete or damaged.
    fn end(&mut self) -> Result<DumpEnd, BoxError>;
}

/// The end of a dump.
pub struct DumpEnd {
    /// The last numbers that were given out.
    pub sequences: Sequences,
    /// Compares another dump with this one. Its [`DumpSink::end`] fails when there is a difference other than the numbers.
    pub comparison: Box<dyn DumpSink>,
}
