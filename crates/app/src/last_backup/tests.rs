use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read(folder.path()).unwrap(), None);
    for text in ["2026-12-01T03:00:00Z", "2026-12-02T03:00:00.25Z"] {
        let at: Timestamp = text.parse().unwrap();
        write(folder.path(), at).unwrap();
        assert_eq!(read(folder.path()).unwrap(), Some(at));
        assert_eq!(fs::read_to_string(folder.path().join("last-backup")).unwrap(), format!("{text}\n"));
    }
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(files.len(), 1, "no temporary file remains");
    assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_line_by_a_script_is_read_and_nothing_else_is_taken_for_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let written = |text: &str| {
        fs::write(folder.path().join("last-backup"), text).unwrap();
        read(folder.path())
    };
    let at = written("2026-12-01T04:00:00+01:00").unwrap();
    assert_eq!(at, Some("2026-12-01T03:00:00Z".parse().unwrap()));
    for text in ["", "yesterday", "2026-12-01", "1764558000"] {
        let refused = format!("{:#}", written(text).unwrap_err());
        assert!(refused.contains("last-backup contains no time such as"), "{text:?}: {refused}");
    }
}
