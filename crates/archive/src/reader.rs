//! Reads an archive.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use age::{Decryptor, IdentityFile};
use attune_ports::{BoxError, DumpEnd, DumpSource, TableRows};
use flate2::read::GzDecoder;
use tar::Archive;
use thiserror::Error;

use crate::digest::{Comparison, Digests};
use crate::manifest::{END, End, FORMAT, MANIFEST, Manifest, PREVIOUS_SECRET, SECRET, Secrets, TABLES};

/// How an encrypted file begins (the specification of age, section "Header").
const AGE: &[u8] = b"age-encryption.org/v1\n";
/// How a compressed file begins (RFC 1952, section 2.3.1).
const GZIP: &[u8] = &[0x1f, 0x8b];

/// A larger entry is not ours; it would fill the memory.
const LARGEST_ENTRY: u64 = 64 << 20;

/// Why an archive cannot be read.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    #[error("it is not an archive of Attune")]
    NotAnArchive,
    #[error("it is encrypted: name the file with your key by --identity")]
    Encrypted,
    #[error("it cannot be decrypted with this key")]
    Undecryptable(#[source] age::DecryptError),
    #[error("it is incomplete or damaged")]
    Incomplete,
    #[error("it is incomplete or damaged")]
    Unreadable(#[source] io::Error),
    #[error("it has the format {0}, which this release of Attune does not know; use a newer release")]
    Newer(u32),
}

/// The private keys of recipients.
pub struct Identities(Vec<Box<dyn age::Identity + Send + Sync>>);

impl Identities {
    /// Reads a file as `age-keygen` writes it. Errors never quote from it.
    pub fn read(file: impl Read) -> Result<Self, BoxError> {
        let refused = || "it has no key of age in it".into();
        let file = IdentityFile::from_buffer(BufReader::new(file)).map_err(|_| refused());
        file?.into_identities().map(Self).map_err(|_| refused())
    }
}

struct Entry {
    path: String,
    content: Vec<u8>,
}

/// Reads an archive from its beginning to its end.
pub struct ArchiveReader {
    entries: Receiver<io::Result<Entry>>,
    manifest: Manifest,
    secrets: Secrets,
    /// Read already.
    next: Option<Entry>,
    digests: Digests,
}

impl ArchiveReader {
    /// Reads up to the first table.
    pub fn open(input: impl Read + Send + 'static, identities: Option<Identities>) -> Result<Self, BoxError> {
        let mut input = BufReader::new(input);
        let beginning = input.fill_buf()?;
        let input: Box<dyn Read + Send> = if beginning.starts_with(AGE) {
            let Identities(keys) = identities.ok_or(ReadError::Encrypted)?;
            let keys = keys.iter().map(|key| &**key as &dyn age::Identity);
            Box::new(Decryptor::new_buffered(input)?.decrypt(keys).map_err(ReadError::Undecryptable)?)
        } else if beginning.starts_with(GZIP) {
            Box::new(input)
        } else {
            return Err(ReadError::NotAnArchive.into());
        };
        let (send, entries) = sync_channel(4);
        // The library's entries borrow from the archive, so they stay on a stack of their own.
        thread::Builder::new().name("archive-reader".into()).spawn(move || {
            let mut archive = Archive::new(GzDecoder::new(input));
            let result = archive.entries().and_then(|entries| {
                for entry in entries {
                    if send.send(Ok(read_entry(entry?)?)).is_err() {
                        break;
                    }
                }
                Ok(())
            });
            // The checksum of the compression is behind the last entry.
            let result = result.and_then(|()| io::copy(&mut archive.into_inner(), &mut io::sink()).map(drop));
            if let Err(error) = result {
                // No one may be waiting for it.
                let _ = send.send(Err(error));
            }
        })?;
        let manifest = receive(&entries)?.filter(|entry| entry.path == MANIFEST).ok_or(ReadError::NotAnArchive)?;
        let manifest: Manifest = serde_json::from_slice(&manifest.content).map_err(|_| ReadError::NotAnArchive)?;
        if manifest.format != FORMAT {
            return Err(ReadError::Newer(manifest.format).into());
        }
        let mut secrets = Secrets::default();
        let next = loop {
            let entry = receive(&entries)?.ok_or(ReadError::Incomplete)?;
            let text = || String::from_utf8(entry.content.clone()).map_err(|_| ReadError::Incomplete);
            match entry.path.as_str() {
                SECRET => secrets.secret = text()?,
                PREVIOUS_SECRET => secrets.previous = Some(text()?),
                _ => break entry,
            }
        };
        Ok(Self { entries, manifest, secrets, next: Some(next), digests: Digests::default() })
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

fn read_entry<R: Read>(mut entry: tar::Entry<'_, R>) -> io::Result<Entry> {
    if entry.size() > LARGEST_ENTRY {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let path = entry.path()?.to_string_lossy().into_owned();
    let mut content = Vec::new();
    entry.read_to_end(&mut content)?;
    Ok(Entry { path, content })
}

fn receive(entries: &Receiver<io::Result<Entry>>) -> Result<Option<Entry>, ReadError> {
    entries.recv().ok().transpose().map_err(ReadError::Unreadable)
}

impl DumpSource for ArchiveReader {
    fn schema(&self) -> &[String] {
        &self.manifest.schema
    }

    fn next_rows(&mut self) -> Result<Option<TableRows>, BoxError> {
        let entry = match self.next.take() {
            Some(entry) => entry,
            None => receive(&self.entries)?.ok_or(ReadError::Incomplete)?,
        };
        if entry.path == END {
            self.next = Some(entry);
            return Ok(None);
        }
        let path = entry.path.strip_prefix(TABLES).and_then(|path| path.split_once('/'));
        let (table, _) = path.ok_or(ReadError::Incomplete)?;
        let text = std::str::from_utf8(&entry.content)?;
        let mut lines = text.lines();
        let columns = serde_json::from_str(lines.next().ok_or(ReadError::Incomplete)?)?;
        let rows = TableRows { table: table.to_owned(), columns, rows: lines.map(str::to_owned).collect() };
        self.digests.add(&rows);
        Ok(Some(rows))
    }

    fn end(&mut self) -> Result<DumpEnd, BoxError> {
        let end = self.next.take().filter(|entry| entry.path == END).ok_or(ReadError::Incomplete)?;
        let End { tables, sequences } = serde_json::from_slice(&end.content)?;
        if std::mem::take(&mut self.digests).finish() != tables || receive(&self.entries)?.is_some() {
            return Err(ReadError::Incomplete.into());
        }
        let comparison = Comparison { expected: tables, found: Digests::default() };
        Ok(DumpEnd { sequences, comparison: Box::new(comparison) })
    }
}
