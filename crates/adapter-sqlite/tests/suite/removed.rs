//! The file is removed or replaced while it is open, or is missing when it is opened again.

use std::fs;
use std::path::{Path, PathBuf};

use attune_adapter_sqlite::{OpenError, SqliteConfig, SqliteStore, is_replaced};
use attune_ports::{Queries, StoreError};
use tempfile::TempDir;

use crate::harness::{add_client, file, fresh, has_client, open};

fn beside(folder: &TempDir, suffix: &str) -> PathBuf {
    let mut name = file(folder).into_os_string();
    name.push(suffix);
    name.into()
}

/// Errors: the store's, which has to be the one for a file that is not in its place.
async fn write_after(harm: impl FnOnce(&TempDir)) -> (TempDir, Result<(), StoreError>) {
    let (folder, store) = fresh().await;
    add_client(&*store, "before").await.unwrap();
    harm(&folder);
    let written = add_client(&*store, "after").await;
    if written.is_err() {
        let again = add_client(&*store, "again").await.expect_err("it stays out of its place");
        assert!(is_replaced(&again), "{again:?}");
    }
    (folder, written.map(|_| ()))
}

fn replace(path: &Path, by: impl FnOnce(&Path)) {
    fs::rename(path, path.with_extension("aside")).unwrap();
    by(path);
}

#[tokio::test]
async fn nothing_is_written_to_a_file_that_no_path_leads_to() {
    let (_folder, control) = write_after(|_| {}).await;
    control.unwrap();
    type Harm = fn(&TempDir);
    let harms: [(&str, Harm); 6] = [
        ("removed", |folder| fs::remove_file(file(folder)).unwrap()),
        ("moved", |folder| replace(&file(folder), |_| {})),
        ("replaced by a copy", |folder| {
            replace(&file(folder), |path| {
                fs::copy(path.with_extension("aside"), path).unwrap();
            });
        }),
        ("replaced by an empty file", |folder| replace(&file(folder), |path| fs::write(path, "").unwrap())),
        ("log removed", |folder| fs::remove_file(beside(folder, "-wal")).unwrap()),
        ("all removed", |folder| {
            for suffix in ["", "-wal", "-shm"] {
                fs::remove_file(beside(folder, suffix)).unwrap();
            }
        }),
    ];
    for (harm, how) in harms {
        let (folder, written) = write_after(how).await;
        let error = written.expect_err(harm);
        assert!(is_replaced(&error), "{harm}: {error:?}");
        drop(folder);
    }
}

#[tokio::test]
async fn a_file_that_comes_back_is_written_again() {
    let (folder, store) = fresh().await;
    let aside = file(&folder).with_extension("aside");
    fs::rename(file(&folder), &aside).unwrap();
    assert!(is_replaced(&add_client(&*store, "lost").await.unwrap_err()));
    store.ping().await.expect("what is open can still be read");
    fs::rename(&aside, file(&folder)).unwrap();
    add_client(&*store, "found").await.unwrap();
    store.close().await;
    let store = open(&folder).await;
    assert_eq!((has_client(&*store, "lost").await, has_client(&*store, "found").await), (false, true));
}

fn missing(config: SqliteConfig) -> bool {
    matches!(SqliteStore::open(config), Err(OpenError::Missing { .. }))
}

#[tokio::test]
async fn a_database_is_created_only_where_that_is_permitted() {
    let folder = TempDir::new().unwrap();
    let existing = || SqliteConfig { create: false, ..SqliteConfig::new(file(&folder)) };
    assert!(missing(existing()));
    assert!(!file(&folder).exists(), "nothing is left behind");
    fs::write(file(&folder), "").unwrap();
    assert!(missing(existing()), "an empty file is no database");
    open(&folder).await.close().await;
    assert!(!missing(existing()));
}

#[tokio::test]
async fn the_log_of_a_database_that_was_removed_is_kept() {
    let (folder, store) = fresh().await;
    add_client(&*store, "client").await.unwrap();
    let log = fs::read(beside(&folder, "-wal")).unwrap();
    assert!(!log.is_empty());
    store.close().await;
    for content in [None, Some("")] {
        fs::remove_file(file(&folder)).unwrap_or_default();
        if let Some(content) = content {
            fs::write(file(&folder), content).unwrap();
        }
        fs::write(beside(&folder, "-wal"), &log).unwrap();
        assert!(missing(SqliteConfig::new(file(&folder))), "{content:?}");
        assert_eq!(fs::read(beside(&folder, "-wal")).unwrap(), log);
    }
    fs::write(beside(&folder, "-wal"), "").unwrap();
    open(&folder).await.close().await;
}
