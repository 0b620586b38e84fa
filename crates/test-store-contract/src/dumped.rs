//! What a dump contains.

use attune_ports::{BoxError, DumpSink, Sequences, TableRows};

/// Remembers the names of the tables.
#[derive(Debug, Default)]
pub struct DumpedTables(Vec<String>);

impl DumpedTables {
    /// Fails unless each of these tables was dumped or may be left out.
    pub fn check(&self, tables: &[String], left_out: &[&str]) {
        let missing: Vec<_> =
            tables.iter().filter(|table| !self.0.contains(table) && !left_out.contains(&table.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?} would not be in a backup");
        assert!(self.0.len() > 20, "{:?}", self.0);
    }
}

impl DumpSink for DumpedTables {
    fn begin(&mut self, schema: &[String]) -> Result<(), BoxError> {
        assert!(schema.is_sorted() && schema.len() > 10, "{schema:?}");
        Ok(())
    }

    fn rows(&mut self, rows: TableRows) -> Result<(), BoxError> {
        assert!(rows.columns.is_sorted() && !rows.columns.is_empty(), "{rows:?}");
        self.0.push(rows.table);
        Ok(())
    }

    fn end(&mut self, _: &Sequences) -> Result<(), BoxError> {
        Ok(())
    }
}
