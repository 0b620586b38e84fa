//! Digests of tables, by which an archive and a database are compared.

use std::collections::BTreeMap;

use attune_ports::{BoxError, DumpSink, Sequences, TableRows};
use sha2::{Digest, Sha256};

use crate::manifest::TableDigest;

#[derive(Clone, Default)]
pub(crate) struct Digests(BTreeMap<String, (u64, Sha256)>);

impl Digests {
    /// Adds the next rows of a table.
    pub(crate) fn add(&mut self, rows: &TableRows) {
        let is_new = !self.0.contains_key(&rows.table);
        let (count, hash) = self.0.entry(rows.table.clone()).or_default();
        let heading = is_new.then(|| columns_line(&rows.columns));
        for line in heading.iter().chain(&rows.rows) {
            hash.update(line);
            hash.update("\n");
        }
        *count += rows.rows.len() as u64;
    }

    pub(crate) fn finish(self) -> BTreeMap<String, TableDigest> {
        let hex = |hash: Sha256| hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        self.0.into_iter().map(|(table, (rows, hash))| (table, TableDigest { rows, sha256: hex(hash) })).collect()
    }
}

pub(crate) fn columns_line(columns: &[String]) -> String {
    serde_json::Value::from(columns).to_string()
}

/// Fails at the end unless it was given the tables of an archive.
pub(crate) struct Comparison {
    pub(crate) expected: BTreeMap<String, TableDigest>,
    pub(crate) found: Digests,
}

impl DumpSink for Comparison {
    fn begin(&mut self, _: &[String]) -> Result<(), BoxError> {
        Ok(())
    }

    fn rows(&mut self, rows: TableRows) -> Result<(), BoxError> {
        self.found.add(&rows);
        Ok(())
    }

    fn end(&mut self, _: &Sequences) -> Result<(), BoxError> {
        let found = std::mem::take(&mut self.found).finish();
        let differs = |(table, digest): &(&String, &TableDigest)| found.get(*table) != Some(*digest);
        match self.expected.iter().find(differs) {
            Some((table, _)) => Err(format!("the rows of the table {table} are not those of the archive").into()),
            None => Ok(()),
        }
    }
}
