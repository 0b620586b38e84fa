use std::path::PathBuf;

/// The database file and the number of readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteConfig {
    /// The database file. Its folder is not created. Two more files appear next to it.
    pub path: PathBuf,
    /// Whether a missing or empty file becomes a new database. Otherwise it is an error.
    pub create: bool,
    /// The number of threads for lists, at least one; half as many more are for single rows. Three suffice for two cores.
    pub readers: usize,
}

impl SqliteConfig {
    /// Three readers, and a new database where there is none.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), create: true, readers: 3 }
    }
}
