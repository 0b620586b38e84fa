//! `attune restore`: makes a database of an archive, or replaces one, and puts the signing secret back.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, bail, ensure};
use attune_adapter_sqlite::DumpError;
use attune_archive::{ArchiveReader, Identities};
use jiff::Timestamp;

use crate::backend::Backend;
use crate::backup::sync_folder;
use crate::cli;
use crate::known_databases::KnownDatabases;
use crate::output::print;
use crate::secret::{create_folder, existing_secret};
use crate::settings::{DatabaseUrl, ResolvedConfig, Settings};
use crate::wiring::clock;

pub(crate) async fn run(settings: &Settings, config: &ResolvedConfig, options: &cli::Restore) -> Result<()> {
    let archive = open(options)?;
    if let Some(file) = &options.extract_secret {
        write_secret(file, &archive.secrets().secret, options.replace)?;
        return print(&format!("the signing secret of the backup was written to {}", file.display()));
    }
    let secret = archive.secrets().secret.clone();
    let stores_secret = check_secret(settings, config, &secret, options)?;
    let made =
        format!("the backup of {:.0}, made by release {}", archive.manifest().created_at, archive.manifest().release);
    let now = clock(config).now();
    let hold = !options.nothing_sent_since;
    match &config.database {
        DatabaseUrl::Sqlite(path) => restore_file(config, path, archive, now, options).await?,
        DatabaseUrl::Postgres(_) => {
            let backend = Backend::connect(&config.database, &settings.database).await?;
            let Backend::Postgres(store) = &backend else { bail!("this is not PostgreSQL") };
            let restored = store.restore(archive, now, hold, options.replace).await;
            backend.close().await;
            match restored {
                Err(error @ attune_adapter_postgres::DumpError::NotEmpty) => {
                    bail!("{error}: --replace replaces everything in it")
                }
                other => other?,
            }
        }
        DatabaseUrl::Memory => bail!("a database in memory would be lost when this command ends"),
    }
    if stores_secret {
        create_folder(&config.data_dir)?;
        write_secret(&config.data_dir.join("secret"), &secret, true)?;
    }
    let backend = Backend::connect(&config.database, &settings.database).await?;
    let held = backend.queries().outbox_health(Timestamp::MIN).await;
    backend.close().await;
    print(&summary(&made, held.context("the restored database cannot be read")?.held))
}

fn summary(made: &str, held: u64) -> String {
    let mut text = format!("restored {made}");
    if held > 0 {
        text.push_str(&format!(
            "\n{held} emails that were due are held, because they may have been sent since the backup: \
             attune emails held lists them, attune emails release sends them, attune emails cancel does not"
        ));
    }
    text
}

fn open(options: &cli::Restore) -> Result<ArchiveReader> {
    let name = options.archive.display();
    let input: Box<dyn Read + Send> = if options.archive == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(&options.archive).with_context(|| format!("cannot read {name}"))?)
    };
    let identities = options.identity.as_ref().map(|path| {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Identities::read(file)
            .map_err(|why| Error::from_boxed(why).context(format!("{} cannot be used", path.display())))
    });
    ArchiveReader::open(input, identities.transpose()?)
        .map_err(|why| Error::from_boxed(why).context(format!("{name} cannot be restored")))
}

/// Whether the secret of the backup has to be stored in the data folder.
fn check_secret(settings: &Settings, config: &ResolvedConfig, secret: &str, options: &cli::Restore) -> Result<bool> {
    let auth = &settings.auth;
    if auth.secret.is_set() {
        let is_known = [&auth.secret, &auth.previous_secret].into_iter().any(|known| known.expose() == secret);
        ensure!(
            is_known || options.keep_secret,
            "auth.secret is not the signing secret of the backup, so the links in its emails and its authenticator apps \
             would not work: write that secret into the file that auth.secret_file names (--extract-secret FILE writes it), \
             or do without (--keep-secret)"
        );
        return Ok(false);
    }
    match existing_secret(&config.data_dir)? {
        Some(known) if known.expose() == secret => Ok(false),
        Some(_) if options.keep_secret => Ok(false),
        Some(_) => {
            ensure!(options.replace, "there is another signing secret in data_dir: --replace replaces it too");
            Ok(true)
        }
        None => Ok(true),
    }
}

/// A file that is replaced keeps its mode and owner, by which the service may read it.
fn write_secret(path: &Path, secret: &str, replace: bool) -> Result<()> {
    ensure!(replace || !path.exists(), "{} exists already: --replace replaces it", path.display());
    let temporary = beside(path, ".new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(secret.as_bytes())?;
            if let Ok(old) = path.metadata() {
                fchown(&file, Some(old.uid()), Some(old.gid()))?;
                file.set_permissions(old.permissions())?;
            }
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| sync_folder(path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The new database is complete in a file of its own before it takes the place of the old one, so that an interrupted restore
/// changes nothing.
async fn restore_file(
    config: &ResolvedConfig,
    path: &Path,
    mut archive: ArchiveReader,
    now: Timestamp,
    options: &cli::Restore,
) -> Result<()> {
    ensure!(
        options.replace || !path.exists(),
        "there is a database in the file {}: --replace replaces it",
        path.display()
    );
    create_folder(&config.data_dir)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_folder(folder)?;
    }
    let new = beside(path, ".restoring");
    remove(&new)?;
    let (made, hold) = (new.clone(), !options.nothing_sent_since);
    blocking(move || attune_adapter_sqlite::restore(&made, &mut archive, now, hold)).await.or_else(|error| {
        remove(&new)?;
        Err(Error::from(error))
    })?;
    if path.exists() {
        let old = path.to_owned();
        match blocking(move || attune_adapter_sqlite::retire(&old)).await {
            // What cannot be opened has nothing to lose, but may be of use to an expert.
            Err(DumpError::Open(_)) => set_aside(path)?,
            retired => retired.or_else(|error| {
                remove(&new)?;
                Err(Error::from(error))
            })?,
        }
    }
    // Of a database that is missing or damaged.
    for suffix in SUFFIXES {
        ensure!(
            !beside(path, suffix).exists(),
            "{} is left of a lost database: remove it",
            beside(path, suffix).display()
        );
    }
    fs::rename(&new, path)
        .and_then(|()| sync_folder(path))
        .with_context(|| format!("cannot write {}", path.display()))?;
    KnownDatabases::of(&config.data_dir).add(path)
}

async fn blocking(work: impl FnOnce() -> Result<(), DumpError> + Send + 'static) -> Result<(), DumpError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// The files that SQLite keeps next to a database.
const SUFFIXES: [&str; 3] = ["-wal", "-shm", "-journal"];

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn remove(database: &Path) -> Result<()> {
    for path in [database.to_owned()].into_iter().chain(SUFFIXES.map(|suffix| beside(database, suffix))) {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn set_aside(database: &Path) -> Result<()> {
    let aside = beside(database, ".damaged");
    for suffix in [""].into_iter().chain(SUFFIXES) {
        let from = beside(database, suffix);
        if from.exists() {
            fs::rename(&from, beside(&aside, suffix)).with_context(|| format!("cannot rename {}", from.display()))?;
        }
    }
    Ok(())
}
