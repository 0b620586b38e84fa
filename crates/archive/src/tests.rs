use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use attune_ports::{BoxError, DumpSink, DumpSource, Sequences, TableRows};
use jiff::Timestamp;

use super::{ArchiveReader, ArchiveWriter, Secrets};

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn rows(table: &str, rows: &[&str]) -> TableRows {
    let columns = vec!["id".to_owned(), "name".to_owned()];
    TableRows { table: table.to_owned(), columns, rows: rows.iter().map(|row| (*row).to_owned()).collect() }
}

fn dump() -> Vec<TableRows> {
    vec![rows("users", &[r#"[1,"a\nb"]"#, r#"[2,null]"#]), rows("users", &[r#"[3,"ü"]"#]), rows("empty", &[])]
}

fn secrets() -> Secrets {
    Secrets { secret: "the current one".into(), previous: Some("the one before".into()) }
}

fn archive() -> Result<Vec<u8>, BoxError> {
    let output = Shared::default();
    let mut writer = ArchiveWriter::new(Box::new(output.clone()), &[], "1.2.3", Timestamp::UNIX_EPOCH, secrets())?;
    writer.begin(&["1".to_owned(), "2".to_owned()])?;
    for rows in dump() {
        writer.rows(rows)?;
    }
    writer.end(&Sequences::from([("users".to_owned(), 7)]))?;
    writer.finish()?;
    let bytes = output.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
    Ok(bytes)
}

fn read_all(reader: &mut ArchiveReader) -> Result<Vec<TableRows>, BoxError> {
    let mut found = Vec::new();
    while let Some(rows) = reader.next_rows()? {
        found.push(rows);
    }
    Ok(found)
}

#[test]
fn what_was_written_is_read() -> Result<(), BoxError> {
    let mut reader = ArchiveReader::open(io::Cursor::new(archive()?), None)?;
    assert_eq!(reader.manifest().release, "1.2.3");
    assert_eq!(reader.manifest().created_at, Timestamp::UNIX_EPOCH);
    assert_eq!(reader.schema(), ["1", "2"]);
    assert_eq!(*reader.secrets(), secrets());
    assert_eq!(read_all(&mut reader)?, dump());
    let mut end = reader.end()?;
    assert_eq!(end.sequences["users"], 7);
    for rows in dump().into_iter().rev() {
        end.comparison.rows(rows)?;
    }
    assert!(end.comparison.end(&end.sequences).is_err(), "the order counts");
    Ok(())
}

/// Makes the dump of another database.
type Change = fn(&mut Vec<TableRows>);

#[test]
fn a_database_is_compared_with_its_archive() -> Result<(), BoxError> {
    let changes: [(&str, Change); 4] = [
        ("", |_| {}),
        ("users", |dump| drop(dump[0].rows.pop())),
        ("users", |dump| dump[1].rows[0].push(' ')),
        ("empty", |dump| drop(dump.pop())),
    ];
    for (table, change) in changes {
        let mut reader = ArchiveReader::open(io::Cursor::new(archive()?), None)?;
        read_all(&mut reader)?;
        let mut comparison = reader.end()?.comparison;
        let mut found = dump();
        change(&mut found);
        comparison.begin(&[])?;
        for rows in found {
            comparison.rows(rows)?;
        }
        match comparison.end(&Sequences::new()) {
            Ok(()) => assert_eq!(table, ""),
            Err(error) => assert!(!table.is_empty() && error.to_string().contains(table), "{error}"),
        }
    }
    Ok(())
}

#[test]
fn an_archive_without_its_end_is_refused() -> Result<(), BoxError> {
    let whole = archive()?;
    for length in [0, 1, 10, whole.len() / 2, whole.len() - 1] {
        let cut = io::Cursor::new(whole[..length].to_vec());
        let read = ArchiveReader::open(cut, None).and_then(|mut reader| {
            read_all(&mut reader)?;
            reader.end().map(drop)
        });
        assert!(read.is_err(), "{length} of {} bytes", whole.len());
    }
    Ok(())
}

#[test]
fn secrets_are_not_printed() {
    assert_eq!(format!("{:?}", secrets()), "Secrets { .. }");
}
