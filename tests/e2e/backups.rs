//! Backups are made while clients book, and restored into either kind of database.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use attune_e2e::{Database, Finished, Practice, attune, eventually, later, run};
use jiff::SignedDuration;
use serde_json::Value;
use tempfile::TempDir;

use crate::crashes::{Ledger, short_sessions};

on_both_databases!(
    what_was_acknowledged_before_a_backup_is_restored,
    every_row_survives_the_way_to_the_other_database_and_back,
    emails_that_were_due_are_held_until_they_are_released,
    a_restore_that_cannot_be_done_changes_nothing,
    a_killed_restore_changes_nothing,
    encrypted_archives_are_for_their_recipients,
);

/// Made for these tests by age-keygen.
const RECIPIENT: &str = "age1m9e4x2auyax4eluplp823tdmvqrleeyuzuegg0ynrq6ncqtmsf6qlgptmm";
const IDENTITY: &str = "AGE-SECRET-KEY-128ZDRF4VMUU7R06PVCEXFDLEYYFJT50W3W6LXK8HFJK0VZZ3Q90S0AE6J4";
const ANOTHER_IDENTITY: &str = "AGE-SECRET-KEY-1QHKH3U6D7P2A2K68U85TYSC8283VN90X2ZKRRSZHQTCW04JYK4TQLNR6F6";

fn other(database: Database) -> Database {
    match database {
        Database::Sqlite => Database::Postgres,
        Database::Postgres | Database::Memory => Database::Sqlite,
    }
}

/// An installation with an empty database.
async fn wiped(database: Database) -> Practice {
    Practice::on(database).with("mail.join_link", "page").open_without_admin().await
}

async fn backup(practice: &Practice, to: &Path) -> Finished {
    practice.run(["backup", to.to_str().unwrap()], "").await.good()
}

async fn restore(practice: &Practice, archive: &Path, options: &[&str]) -> Finished {
    let arguments = ["restore", archive.to_str().unwrap()];
    practice.run(arguments.into_iter().chain(options.iter().copied()), "").await
}

/// A file of an archive.
fn entry(archive: &Path, name: &str) -> String {
    let tar = Command::new("tar").args(["xzOf", archive.to_str().unwrap(), name]).output().unwrap();
    assert!(tar.status.success(), "{}", String::from_utf8_lossy(&tar.stderr));
    String::from_utf8(tar.stdout).unwrap()
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap().permissions().mode() & 0o777
}

async fn what_was_acknowledged_before_a_backup_is_restored(database: Database) {
    let (practice, app) = short_sessions(database).with("reminders.offsets_minutes", "").serve().await;
    let ledger = Arc::new(Ledger::default());
    let people = practice.clients(&app, 4).await;
    let load = ledger.load(&people);
    ledger.reaches(40).await;
    let folder = TempDir::new().unwrap();
    let archive = folder.path().join("backup.tar.gz");
    let before = ledger.promised();
    let said = backup(&practice, &archive).await.stdout;
    assert!(said.contains("backup written to"), "{said}");
    ledger.reaches(ledger.count() + 5).await;
    ledger.stop();
    load.join_all().await;
    assert_eq!(mode(&archive), 0o600);
    drop(app);

    let after = wiped(database).await;
    let said = restore(&after, &archive, &["--nothing-sent-since"]).await.good().stdout;
    assert!(said.contains("restored the backup of"), "{said}");
    let app = after.serve().await;
    let admin = practice.admin(&app).await;
    let bookings = admin.all_bookings().await;
    let starts =
        |id: i64| bookings.iter().find(|booking| booking["id"] == id).map(|b| b["scheduled_at"].as_str().unwrap());
    for (id, minute) in before {
        assert_eq!(starts(id), Some(later(minute).to_string().as_str()), "booking {id} was acknowledged before");
    }
    let last = bookings.iter().map(|booking| booking["id"].as_i64().unwrap()).max().unwrap();
    let john = practice.client(&app, "John", "Doe").await;
    assert!(john.id > 10_000, "{}: the numbers of lost accounts are not given out again", john.id);
    let booking = john.booked(later(15 * 1440)).await;
    assert!(booking > last + 9_000, "{booking}: the numbers of lost bookings are not given out again");
    assert_eq!(admin.all_bookings().await.len(), bookings.len() + 1);
}

async fn every_row_survives_the_way_to_the_other_database_and_back(database: Database) {
    let plan = Practice::on(database).with("mail.join_link", "page").with("payments.provider", "offline");
    let practice = plan.open().await;
    let app = practice.serve().await;
    let (admin, john) = (practice.admin(&app).await, practice.client(&app, "Łukasz \"Lu\" O'Neil\\", "عمر").await);
    let booking = john.booked(later(3 * 1440)).await;
    let payment = serde_json::json!({"method": "cash", "reference": "receipt № 7, Größe"});
    admin.post(&format!("/api/admin/bookings/{booking}/payments/offline"), payment).await.expect(200);
    let invited = serde_json::json!({"email": "guest@example.org", "display_name": "Größe 😀", "role": "observer"});
    practice.keep_secret("guest@example.org");
    admin.post(&format!("/api/admin/bookings/{booking}/participants"), invited).await.expect(201);
    let second = john.booked(later(4 * 1440)).await;
    john.post(&format!("/api/bookings/{second}/cancel"), serde_json::json!({})).await.expect(200);
    let email = practice.emails_where(1, |email| email.text.contains("/j/")).await.remove(0);
    let path =
        email.text.lines().find_map(|line| line.split_once("/j/")).map(|(_, token)| format!("/j/{token}")).unwrap();
    practice.keep_secret(path.strip_prefix("/j/").unwrap());
    let folder = TempDir::new().unwrap();
    let archives: Vec<PathBuf> = (0..3).map(|number| folder.path().join(format!("{number}.tar.gz"))).collect();
    drop(app);
    backup(&practice, &archives[0]).await;

    let elsewhere = wiped(other(database)).await;
    restore(&elsewhere, &archives[0], &["--nothing-sent-since"]).await.good();
    backup(&elsewhere, &archives[1]).await;
    let back = wiped(database).await;
    restore(&back, &archives[1], &["--nothing-sent-since"]).await.good();
    backup(&back, &archives[2]).await;
    let tables = |archive: &PathBuf| -> Value {
        let mut end: Value = serde_json::from_str(&entry(archive, "end.json")).unwrap();
        // Leases end with a restore, and open payments are polled at once.
        end["tables"].as_object_mut().unwrap().retain(|table, _| !["outbox", "payments"].contains(&table.as_str()));
        end["tables"].take()
    };
    let first = tables(&archives[0]);
    for table in ["users", "bookings", "participants", "audit_log", "installation", "ledger", "login_sessions"] {
        assert!(first[table]["rows"].as_u64().unwrap() > 0, "{table} is tested");
    }
    assert_eq!(first, tables(&archives[1]));
    assert_eq!(first, tables(&archives[2]));
    for table in ["outbox", "payments"] {
        let rows = |archive: &PathBuf| entry(archive, &format!("tables/{table}/1.ndjson")).lines().count();
        assert_eq!(rows(&archives[0]), rows(&archives[2]), "{table}");
    }

    for restored in [elsewhere, back] {
        let app = restored.serve().await;
        let page = app.get(&path).await;
        assert_eq!(page.status, 200, "the mailed link still opens a page");
        assert_eq!(john.at(&app).bookings().await.len(), 2, "a login session survives");
    }
}

async fn emails_that_were_due_are_held_until_they_are_released(database: Database) {
    let practice = Practice::on(database).with("reminders.offsets_minutes", "60").open().await;
    let app = practice.serve_without_worker().await;
    let john = practice.client(&app, "John", "Doe").await;
    let bookings = [john.booked(later(600)).await, john.booked(later(700)).await, john.booked(later(800)).await];
    drop(app);
    let folder = TempDir::new().unwrap();
    let archive = folder.path().join("backup.tar.gz");
    backup(&practice, &archive).await;

    let after = Practice::on(database).with("reminders.offsets_minutes", "60").open_without_admin().await;
    let said = restore(&after, &archive, &[]).await.good().stdout;
    assert!(said.contains("3 emails that were due are held"), "{said}");
    let app = after.serve().await;
    let ready = app.get("/health/ready").await.expect(200);
    assert_eq!(ready["checks"]["outbox"]["status"], "warn", "{ready}");
    let held = after.run(["emails", "held"], "").await.good().stdout;
    let numbers: Vec<&str> = held.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(numbers.len(), 3, "{held}");
    for (line, booking) in held.lines().zip(bookings) {
        assert!(line.contains("\tmeeting_info\t") && line.contains(&format!("\tbooking {booking}\t")), "{line}");
    }
    let admin = practice.admin(&app).await;
    assert_eq!(admin.get("/api/admin/notifications?state=held").await.expect(200)["total"], 3);

    // What comes after the restore is sent at once, and reminders are sent when they are due.
    let jane = practice.client(&app, "Jane", "Roe").await;
    jane.booked(later(900)).await;
    after.emails_where(1, |email| email.recipients == [jane.email.as_str()]).await;
    assert_eq!(after.emails.messages().len(), 1, "no held email is sent");

    after.run(["emails", "cancel", "999999"], "").await.refused("there is no held email 999999");
    after.run(["emails", "cancel", numbers[1]], "").await.good();
    after.run(["emails", "release", numbers[0]], "").await.good();
    after.emails_where(1, |email| email.recipients == [john.email.as_str()]).await;
    let released = after.run(["emails", "release", "--all"], "").await.good().stdout;
    assert!(released.contains("1 emails released"), "{released}");
    after.emails_where(2, |email| email.recipients == [john.email.as_str()]).await;
    assert_eq!(after.run(["emails", "held"], "").await.good().stdout.trim(), "");
    let states = async |booking: i64| -> Vec<String> {
        let all = admin.notifications(booking).await;
        let announced = all.iter().filter(|email| email["kind"] == "meeting_info");
        announced.map(|email| email["state"].as_str().unwrap().to_owned()).collect()
    };
    eventually("the last email is acknowledged", async || (states(bookings[2]).await == ["sent"]).then_some(())).await;
    assert_eq!(states(bookings[1]).await, ["cancelled"]);
    after.clock.advance(SignedDuration::from_mins(745));
    let reminder = |email: &attune_test_smtp::DecodedMail| email.subject.contains("Reminder");
    assert!(!after.emails_where(1, reminder).await.is_empty(), "reminders are not held");
}

/// Fails unless the command was refused with these words.
trait Refused {
    fn refused(self, words: &str) -> Self;
}

impl Refused for Finished {
    fn refused(self, words: &str) -> Self {
        assert_eq!(self.code, Some(1), "{}{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(words), "{words:?} in {}", self.stderr);
        self
    }
}

async fn a_restore_that_cannot_be_done_changes_nothing(database: Database) {
    let (practice, app) = Practice::on(database).serve().await;
    let john = practice.client(&app, "John", "Doe").await;
    john.booked(later(600)).await;
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name);
    let archive = file("backup.tar.gz");
    backup(&practice, &archive).await;
    john.booked(later(700)).await;

    restore(&practice, &archive, &[]).await.refused("--replace");
    restore(&practice, &archive, &["--replace"]).await.refused("in use");
    assert_eq!(john.bookings().await.len(), 2);
    drop(app);

    let whole = std::fs::read(&archive).unwrap();
    std::fs::write(file("cut.tar.gz"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(file("text"), "Dear Attune").unwrap();
    std::fs::write(file("empty"), "").unwrap();
    for (name, words) in
        [("cut.tar.gz", "incomplete or damaged"), ("text", "not an archive"), ("empty", "not an archive")]
    {
        restore(&practice, &file(name), &["--replace"]).await.refused(words);
    }
    restore(&practice, &file("missing"), &["--replace"]).await.refused("cannot read");
    for (name, change) in [
        ("newer.tar.gz", "sed -i 's/\"schema\": \\[/\"schema\": [\"29991231000000\",/' manifest.json"),
        ("format.tar.gz", "sed -i 's/\"format\": 1/\"format\": 2/' manifest.json"),
        ("changed.tar.gz", "sed -i 's/John/Jane/' tables/users/1.ndjson"),
        ("less.tar.gz", "rm -r tables/users"),
    ] {
        let script = format!(
            "mkdir x && cd x && tar xzf ../backup.tar.gz && {change} && \
             tar czf ../{name} manifest.json secret tables end.json && cd .. && rm -r x"
        );
        let done = Command::new("sh").arg("-c").arg(script).current_dir(folder.path()).status().unwrap();
        assert!(done.success());
        let words = match name {
            "newer.tar.gz" => "use a newer release",
            "format.tar.gz" => "format 2",
            _ => "cannot be loaded",
        };
        restore(&practice, &file(name), &["--replace"]).await.refused(words);
    }
    let mut other_secret = practice.command(["restore", archive.to_str().unwrap(), "--replace"]);
    other_secret.env("ATTUNE__AUTH__SECRET", "another-secret-of-thirty-two-characters");
    run(other_secret, "").await.refused("--extract-secret");
    let extracted = file("secret");
    restore(&practice, &archive, &["--extract-secret", extracted.to_str().unwrap()]).await.good();
    assert_eq!(std::fs::read_to_string(&extracted).unwrap(), attune_e2e::AUTH_SECRET);
    assert_eq!(mode(&extracted), 0o600);
    restore(&practice, &archive, &["--extract-secret", extracted.to_str().unwrap()]).await.refused("exists already");

    let app = practice.serve().await;
    assert_eq!(john.at(&app).bookings().await.len(), 2, "nothing has changed");
    drop(app);
    restore(&practice, &archive, &["--replace"]).await.good();
    let app = practice.serve().await;
    assert_eq!(john.at(&app).bookings().await.len(), 1);
}

async fn a_killed_restore_changes_nothing(database: Database) {
    let (practice, app) = short_sessions(database).with("reminders.offsets_minutes", "").serve().await;
    let ledger = Arc::new(Ledger::default());
    let people = practice.clients(&app, 4).await;
    let load = ledger.load(&people);
    ledger.reaches(60).await;
    ledger.stop();
    load.join_all().await;
    let folder = TempDir::new().unwrap();
    let archive = folder.path().join("backup.tar.gz");
    backup(&practice, &archive).await;
    let before = practice.admin(&app).await.all_bookings().await.len();
    people[0].booked(later(18 * 1440)).await;
    drop(app);

    let mut killed = 0;
    for attempt in 1_u64.. {
        let mut command = practice.command(["restore", archive.to_str().unwrap(), "--replace", "--nothing-sent-since"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Each attempt gets further, until one is done.
        let deadline = std::time::Instant::now() + Duration::from_millis(attempt * attempt * 15);
        let done = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status.success());
            }
            if std::time::Instant::now() >= deadline {
                break None;
            }
            tokio::task::yield_now().await;
        };
        if let Some(done) = done {
            assert!(done, "attempt {attempt} was not killed");
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
        let app = practice.serve().await;
        let bookings = practice.admin(&app).await.all_bookings().await.len();
        assert!(
            [before, before + 1].contains(&bookings),
            "{bookings} bookings are neither the old nor the restored state"
        );
        if bookings == before {
            break;
        }
        drop(app);
    }
    assert!(killed > 0);
    let app = practice.serve().await;
    assert_eq!(practice.admin(&app).await.all_bookings().await.len(), before);
}

async fn encrypted_archives_are_for_their_recipients(database: Database) {
    let (practice, app) = Practice::on(database).with("backup.recipients", RECIPIENT).serve().await;
    let john = practice.client(&app, "John", "Doe").await;
    john.booked(later(600)).await;
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name);
    for (name, key) in [("key", IDENTITY), ("other", ANOTHER_IDENTITY), ("none", "no key")] {
        std::fs::write(file(name), key).unwrap();
    }
    let archives = file("archives");
    std::fs::create_dir(&archives).unwrap();
    std::fs::write(archives.join("attune-notes.txt"), "kept").unwrap();
    std::fs::write(archives.join(".attune-20200101T000000Z.tar.gz.age.partial"), "interrupted").unwrap();
    for _ in 0..3 {
        practice.run(["backup", "--keep", "2", archives.to_str().unwrap()], "").await.good();
        practice.clock.advance(SignedDuration::from_hours(24));
    }
    let mut names: Vec<String> =
        std::fs::read_dir(&archives).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let days: Vec<String> = (1..3)
        .map(|day| {
            let at = later(0) + SignedDuration::from_hours(24 * day);
            format!("attune-{}.tar.gz.age", at.strftime("%Y%m%dT"))[..15].to_owned()
        })
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names[0].starts_with(&days[0]) && names[1].starts_with(&days[1]), "{names:?} and {days:?}");
    assert!(names[1].ends_with(".tar.gz.age"), "{names:?}");
    assert_eq!(names[2], "attune-notes.txt");
    let archive = archives.join(&names[1]);
    assert!(!String::from_utf8_lossy(&std::fs::read(&archive).unwrap()).contains("canary"));
    drop(app);

    let after = wiped(database).await;
    let identity = |name: &str| file(name).to_str().unwrap().to_owned();
    restore(&after, &archive, &[]).await.refused("--identity");
    restore(&after, &archive, &["--identity", &identity("other")]).await.refused("cannot be decrypted");
    restore(&after, &archive, &["--identity", &identity("none")]).await.refused("no key of age");
    restore(&after, &archive, &["--identity", &identity("key")]).await.good();
    let app = after.serve().await;
    after.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(attune_e2e::User::log_in(&app, &john.email, &john.password).await.bookings().await.len(), 1);

    let bad = practice.run(["backup", "--recipient", "age1nonsense", file("x").to_str().unwrap()], "").await;
    bad.refused("is not a public key of age");
}

#[tokio::test]
async fn a_trial_is_moved_with_its_own_secret() {
    let (old, new) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let command = |folder: &TempDir, arguments: &[&str]| {
        let mut command = attune(arguments);
        command.current_dir(folder.path()).env("ATTUNE__HTTP__BIND", "127.0.0.1:0");
        command
    };
    run(command(&old, &["backup", "-"]), "").await.refused("nothing to back up");
    drop(attune_e2e::Instance::bare(command(&old, &["serve"])).await);
    let piped = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "umask 022; cd {} && $0 backup - > archive && cd {} && $0 restore - < {0}/archive",
            old.path().display(),
            new.path().display()
        ))
        .arg(attune::<&str>([]).get_program())
        .output()
        .unwrap();
    assert!(piped.status.success(), "{}", String::from_utf8_lossy(&piped.stderr));
    let secret = |folder: &TempDir| std::fs::read_to_string(folder.path().join("data/secret")).unwrap();
    assert_eq!(secret(&old), secret(&new));
    assert_eq!(mode(&new.path().join("data/secret")), 0o600);
    assert_eq!(mode(&new.path().join("data/attune.sqlite")), 0o600);
    let written = std::fs::read_to_string(old.path().join("data/last-backup")).unwrap();
    assert!(written.trim().parse::<jiff::Timestamp>().is_ok(), "{written}");
    drop(attune_e2e::Instance::bare(command(&new, &["serve"])).await);
    let memory = |mut command: Command| {
        command.env("ATTUNE__DATABASE__URL", "memory:");
        command
    };
    run(memory(command(&new, &["backup", "x"])), "").await.refused("in memory");
    run(memory(command(&new, &["restore", old.path().join("archive").to_str().unwrap()])), "")
        .await
        .refused("in memory");
    assert!(!new.path().join("x").exists(), "no part of an archive is left");
}
