//! What is true of a file that opens, and the errors for one that does not.

use std::error::Error;
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use attune_adapter_sqlite::{OpenError, SqliteConfig, SqliteStore};
use attune_ports::Queries;
use tempfile::TempDir;

use crate::harness::{add_client, file, fresh, has_client, raw};

fn refusal(path: impl AsRef<Path>) -> OpenError {
    let path = path.as_ref();
    let Err(error) = SqliteStore::open(SqliteConfig::new(path)) else { panic!("{} opened", path.display()) };
    let message = error.to_string();
    assert!(message.contains(&path.display().to_string()), "{message}");
    assert!(!message.contains('\n'), "{message}");
    error
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, store) = fresh().await;
    add_client(&*store, "client").await.unwrap();
    let mut seen = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        seen.push(entry.file_name().into_string().unwrap());
    }
    seen.sort();
    assert_eq!(seen, ["attune.db", "attune.db-shm", "attune.db-wal"]);
}

#[test]
fn a_missing_folder_is_named_and_not_made() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("missing").join("attune.db");
    assert!(matches!(refusal(&path), OpenError::File { .. }));
    assert!(!path.parent().unwrap().exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files_is_named() {
    assert!(matches!(refusal("/proc/attune.db"), OpenError::File { .. }));
}

#[test]
fn a_folder_is_no_database() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(refusal(folder.path()), OpenError::File { .. }));
}

#[test]
fn a_text_file_is_no_database_and_stays_as_it_is() {
    let folder = TempDir::new().unwrap();
    let text = "Dear diary, this is not a database.\n".repeat(100);
    fs::write(file(&folder), &text).unwrap();
    let error = refusal(file(&folder));
    assert!(matches!(error, OpenError::Sqlite { .. }));
    assert_eq!(error.source().unwrap().to_string(), "file is not a database");
    assert_eq!(fs::read_to_string(file(&folder)).unwrap(), text);
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let (folder, store) = fresh().await;
    for n in 0..50 {
        add_client(&*store, &format!("client{n}")).await.unwrap();
    }
    store.close().await;
    // Everything behind the first page, which holds the schema, is overwritten.
    let length = fs::metadata(file(&folder)).unwrap().len();
    let mut damaged = fs::OpenOptions::new().write(true).open(file(&folder)).unwrap();
    damaged.seek(SeekFrom::Start(4096)).unwrap();
    damaged.write_all(&vec![0xa5; usize::try_from(length - 4096).unwrap()]).unwrap();
    drop(damaged);
    let error = refusal(file(&folder));
    assert!(matches!(error, OpenError::Damaged { .. } | OpenError::Sqlite { .. }), "{error:?}");
}

#[tokio::test]
async fn a_name_that_looks_like_an_address_is_a_file_name() {
    let folder = TempDir::new().unwrap();
    for name in ["file:odd?mode=memory", ":memory:", "sqlite:x#y", "a b%20c.db"] {
        let path = folder.path().join(name);
        let store = SqliteStore::open(SqliteConfig::new(&path)).unwrap();
        store.migrate().await.unwrap();
        store.close().await;
        assert!(fs::metadata(&path).unwrap().len() > 0, "{name}");
    }
}

#[tokio::test]
async fn there_is_at_least_one_reader() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(SqliteConfig { readers: 0, ..SqliteConfig::new(file(&folder)) }).unwrap();
    store.ping().await.unwrap();
}

#[tokio::test]
async fn what_was_there_before_is_there_after() {
    let (folder, store) = fresh().await;
    add_client(&*store, "client").await.unwrap();
    store.close().await;
    let store = crate::harness::open(&folder).await;
    assert!(has_client(&*store, "client").await);
    drop(raw(&folder));
}
