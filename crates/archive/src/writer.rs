//! Writes an archive.

use std::io::{self, Write};
use std::str::FromStr;

use age::Encryptor;
use age::stream::StreamWriter;
use attune_ports::{BoxError, DumpSink, Sequences, TableRows};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use tar::{Builder, EntryType, Header};

use crate::digest::{Digests, columns_line};
use crate::manifest::{END, End, FORMAT, MANIFEST, Manifest, PREVIOUS_SECRET, SECRET, Secrets, TABLES};

/// Who can decrypt an archive: a public key such as `age1…`.
#[derive(Clone)]
pub struct Recipient(age::x25519::Recipient);

impl FromStr for Recipient {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().parse().map(Self)
    }
}

/// Where an archive goes.
pub type Output = Box<dyn Write + Send>;

/// Takes a dump and writes an archive of it.
pub struct ArchiveWriter {
    tar: Builder<GzEncoder<Encryption>>,
    release: String,
    created_at: Timestamp,
    secrets: Secrets,
    digests: Digests,
    /// The table that is being written, and how many entries it has.
    current: (String, u64),
}

enum Encryption {
    None(Output),
    Age(StreamWriter<Output>),
}

impl ArchiveWriter {
    /// Encrypts the archive for the recipients, if there are any.
    pub fn new(
        output: Output,
        recipients: &[Recipient],
        release: &str,
        created_at: Timestamp,
        secrets: Secrets,
    ) -> Result<Self, BoxError> {
        let output = if recipients.is_empty() {
            Encryption::None(output)
        } else {
            let recipients = recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient);
            Encryption::Age(Encryptor::with_recipients(recipients)?.wrap_output(output)?)
        };
        Ok(Self {
            tar: Builder::new(GzEncoder::new(output, Compression::fast())),
            release: release.to_owned(),
            created_at,
            secrets,
            digests: Digests::default(),
            current: (String::new(), 0),
        })
    }

    /// Writes what is left, and returns the output, which the caller makes durable.
    pub fn finish(self) -> io::Result<Output> {
        match self.tar.into_inner()?.finish()? {
            Encryption::None(output) => Ok(output),
            Encryption::Age(output) => output.finish(),
        }
    }

    fn entry(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o600);
        header.set_size(content.len() as u64);
        header.set_mtime(u64::try_from(self.created_at.as_second()).unwrap_or_default());
        self.tar.append_data(&mut header, path, content)
    }
}

impl DumpSink for ArchiveWriter {
    fn begin(&mut self, schema: &[String]) -> Result<(), BoxError> {
        let (release, created_at) = (self.release.clone(), self.created_at);
        let manifest = Manifest { format: FORMAT, release, created_at, schema: schema.to_vec() };
        self.entry(MANIFEST, &serde_json::to_vec_pretty(&manifest)?)?;
        let Secrets { secret, previous } = self.secrets.clone();
        self.entry(SECRET, secret.as_bytes())?;
        if let Some(previous) = previous {
            self.entry(PREVIOUS_SECRET, previous.as_bytes())?;
        }
        Ok(())
    }

    fn rows(&mut self, rows: TableRows) -> Result<(), BoxError> {
        self.digests.add(&rows);
        let TableRows { table, columns, mut rows } = rows;
        if self.current.0 != table {
            self.current = (table, 0);
        }
        self.current.1 += 1;
        let path = format!("{TABLES}{}/{}.ndjson", self.current.0, self.current.1);
        rows.insert(0, columns_line(&columns));
        rows.push(String::new());
        self.entry(&path, rows.join("\n").as_bytes())?;
        Ok(())
    }

    fn end(&mut self, sequences: &Sequences) -> Result<(), BoxError> {
        let tables = std::mem::take(&mut self.digests).finish();
        let end = End { tables, sequences: sequences.clone() };
        self.entry(END, &serde_json::to_vec_pretty(&end)?)?;
        Ok(())
    }
}

impl Write for Encryption {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(output) => output.write(bytes),
            Self::Age(output) => output.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::None(output) => output.flush(),
            Self::Age(output) => output.flush(),
        }
    }
}
