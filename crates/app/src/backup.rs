//! `attune backup`: one archive of the database and the signing secrets, while bookings go on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, bail, ensure};
use attune_archive::{ArchiveWriter, Output, Recipient, Secrets};
use jiff::Timestamp;

use crate::backend::Backend;
use crate::cli;
use crate::last_backup;
use crate::output::print;
use crate::secret::existing_secret;
use crate::settings::{ResolvedConfig, Settings};
use crate::wiring::clock;

/// How an archive in a folder begins, and how it ends; between them is the time in UTC.
const PREFIX: &str = "attune-";
const SUFFIX: &str = ".tar.gz";
const ENCRYPTED: &str = ".age";
const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// An archive that is not complete.
const PARTIAL: &str = ".partial";

pub(crate) async fn run(settings: &Settings, config: &ResolvedConfig, options: &cli::Backup) -> Result<()> {
    let given = options.recipients.iter().chain(&settings.backup.recipients);
    let recipients = given.filter(|text| !text.trim().is_empty()).map(|text| {
        text.parse::<Recipient>()
            .map_err(|why| Error::msg(format!("the recipient {text} is not a public key of age: {why}")))
    });
    let recipients = recipients.collect::<Result<Vec<_>>>()?;
    let secrets = secrets(settings, config)?;
    let now = clock(config).now();
    let destination = Destination::new(&options.destination, options.keep, now, !recipients.is_empty())?;
    let backend = Backend::connect(&config.database, &settings.database).await?;
    let (output, file) = destination.create()?;
    let archive =
        ArchiveWriter::new(output, &recipients, env!("CARGO_PKG_VERSION"), now, secrets).map_err(Error::from_boxed)?;
    let dumped = backend.dump(archive).await.and_then(|archive| {
        archive.finish()?.flush()?;
        Ok(())
    });
    backend.close().await;
    let written = dumped.and_then(|()| destination.complete(file.as_ref()));
    if let Err(error) = written {
        destination.discard();
        return Err(error.context("no backup was made"));
    }
    last_backup::write(&config.data_dir, now)?;
    let Destination::File { path, keep } = &destination else { return Ok(()) };
    print(&format!("backup written to {}", path.display()))?;
    keep.map_or(Ok(()), |keep| remove_older(path.parent().unwrap_or(Path::new(".")), keep))
}

fn secrets(settings: &Settings, config: &ResolvedConfig) -> Result<Secrets> {
    let auth = &settings.auth;
    let stored;
    let secret = if auth.secret.is_set() {
        &auth.secret
    } else {
        stored = existing_secret(&config.data_dir)?
            .context("there is no signing secret yet, so there is nothing to back up")?;
        &stored
    };
    let previous = auth.previous_secret.is_set().then(|| auth.previous_secret.expose().to_owned());
    Ok(Secrets { secret: secret.expose().to_owned(), previous })
}

enum Destination {
    StandardOutput,
    File {
        path: PathBuf,
        /// How many archives stay in the folder.
        keep: Option<NonZeroUsize>,
    },
}

impl Destination {
    fn new(given: &Path, keep: Option<NonZeroUsize>, now: Timestamp, encrypted: bool) -> Result<Self> {
        let is_folder = given.is_dir() || given.as_os_str().as_encoded_bytes().ends_with(b"/");
        ensure!(is_folder || keep.is_none(), "--keep needs a folder as the destination");
        if given == Path::new("-") {
            ensure!(
                !io::stdout().is_terminal(),
                "an archive cannot be shown on a terminal: write it to a file or a pipe"
            );
            return Ok(Self::StandardOutput);
        }
        let path = if is_folder {
            let ending = if encrypted { ENCRYPTED } else { "" };
            given.join(format!("{PREFIX}{}{SUFFIX}{ending}", now.strftime(TIME_FORMAT)))
        } else {
            given.to_owned()
        };
        Ok(Self::File { path, keep })
    }

    fn create(&self) -> Result<(Output, Option<File>)> {
        let Self::File { path, .. } = self else { return Ok((Box::new(io::stdout()), None)) };
        let partial = partial(path);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(&partial).with_context(|| format!("cannot write {}", partial.display()))?;
        let output = file.try_clone().with_context(|| format!("cannot write {}", partial.display()))?;
        Ok((Box::new(io::BufWriter::new(output)), Some(file)))
    }

    /// Gives the complete archive its name.
    fn complete(&self, file: Option<&File>) -> Result<()> {
        let (Self::File { path, .. }, Some(file)) = (self, file) else { return Ok(()) };
        file.sync_all()
            .and_then(|()| fs::rename(partial(path), path))
            .and_then(|()| sync_folder(path))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    fn discard(&self) {
        if let Self::File { path, .. } = self {
            let _ = fs::remove_file(partial(path));
        }
    }
}

fn partial(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(PARTIAL);
    path.with_file_name(name)
}

/// Makes a new name in the folder of a file durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Removes all but the newest archives from a folder, and what interrupted backups left.
fn remove_older(folder: &Path, keep: NonZeroUsize) -> Result<()> {
    let context = || format!("cannot remove older archives from {}", folder.display());
    let mut archives = Vec::new();
    for entry in fs::read_dir(folder).with_context(context)? {
        let name = entry.with_context(context)?.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.strip_prefix('.').and_then(|name| name.strip_suffix(PARTIAL)).is_some_and(is_archive) {
            fs::remove_file(folder.join(name)).with_context(context)?;
        } else if is_archive(name) {
            archives.push(name.to_owned());
        }
    }
    // Their names are in the order of their times.
    archives.sort_unstable();
    for name in archives.iter().rev().skip(keep.get()) {
        fs::remove_file(folder.join(name)).with_context(context)?;
    }
    Ok(())
}

fn is_archive(name: &str) -> bool {
    let name = name.strip_suffix(ENCRYPTED).unwrap_or(name);
    let time = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX));
    time.is_some_and(|time| jiff::civil::DateTime::strptime(TIME_FORMAT, time).is_ok())
}

impl Backend {
    async fn dump(&self, archive: ArchiveWriter) -> Result<ArchiveWriter> {
        match self {
            Self::Sqlite(store) => Ok(store.dump(archive).await?),
            Self::Postgres(store) => Ok(store.dump(archive).await?),
            Self::Memory(_) => bail!("a database in memory cannot be backed up"),
        }
    }
}

#[cfg(test)]
mod tests;
