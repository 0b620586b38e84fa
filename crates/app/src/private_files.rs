//! Who can read data and secrets on this machine.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::settings::{DatabaseUrl, ResolvedConfig, Settings};

/// The bits of a file's mode by which users who are neither its owner nor in its group can read or write it.
const OTHERS: u32 = 0o006;

/// A sentence with the remedy for each file or folder that every user of this machine can read or change. The settings file
/// is one of them, because any secret may be in it.
pub(crate) fn exposed(settings: &Settings, config: &ResolvedConfig) -> Vec<String> {
    let mut paths: Vec<PathBuf> = vec![config.data_dir.clone(), config.data_dir.join("secret")];
    if let DatabaseUrl::Sqlite(path) = &config.database {
        paths.push(path.clone());
    }
    paths.extend(settings.file.clone());
    paths.extend(settings.secret_files().map(PathBuf::from));
    paths.iter().filter(|path| is_exposed(path)).map(|path| sentence(path)).collect()
}

/// A missing file is the business of who reads it.
fn is_exposed(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.mode() & OTHERS != 0)
}

fn sentence(path: &Path) -> String {
    let path = path.display();
    format!("every user of this machine can read or change {path}: chmod o-rwx {path}")
}

#[cfg(test)]
mod tests;
