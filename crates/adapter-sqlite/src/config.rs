use std::path::PathBuf;

/// The database file and the number of readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteConfig {
    /// The database file. It is created if it is missing, its folder is not. Two more files appear next to it.
    pub path: PathBuf,
    /// The number of threads for lists, at least one; half as many more are for single rows. Three suffice for two cores.
    pub readers: usize,
}

impl SqliteConfig {
    /// Three readers.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 3 }
    }
}
