//! The entries of an archive.

use std::collections::BTreeMap;

use attune_ports::Sequences;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of the format, which changes when an older release could not read an archive correctly.
pub(crate) const FORMAT: u32 = 1;

pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const SECRET: &str = "secret";
pub(crate) const PREVIOUS_SECRET: &str = "previous-secret";
pub(crate) const TABLES: &str = "tables/";
pub(crate) const END: &str = "end.json";

/// What an archive says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub(crate) format: u32,
    /// The release that made the archive.
    pub release: String,
    /// The moment whose state it has, to the second.
    pub created_at: Timestamp,
    /// The versions of the migrations that the database had, in order.
    pub schema: Vec<String>,
}

/// The signing secrets of an installation.
#[derive(Clone, Default, PartialEq, Eq, derive_more::Debug)]
pub struct Secrets {
    #[debug(skip)]
    pub secret: String,
    /// The one before it, while it is in use.
    #[debug(skip)]
    pub previous: Option<String>,
}

/// The last entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) tables: BTreeMap<String, TableDigest>,
    pub(crate) sequences: Sequences,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TableDigest {
    pub(crate) rows: u64,
    /// Of the column names and the rows, each followed by a line feed.
    pub(crate) sha256: String,
}
