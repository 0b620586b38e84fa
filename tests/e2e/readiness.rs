//! Readiness tries what the service needs, and a database that was there is never replaced by an empty one without a word.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use attune_e2e::{Api, Database, Instance, Practice, eventually, later, run};
use attune_test_postgres::TestServer;
use serde_json::Value;

/// Waits until a check has this status, because results are shared for ten seconds. Returns its detail.
async fn until_check(app: &Api, check: &str, status: &str) -> String {
    eventually(&format!("{check} is {status}"), async || {
        let ready = app.get("/health/ready").await;
        let found = &ready.json()["checks"][check];
        let is_failing = ready.json()["status"] == "failing";
        assert_eq!(ready.status, if is_failing { 503 } else { 200 }, "{}", ready.text);
        (found["status"] == status).then(|| found["detail"].as_str().unwrap_or_default().to_owned())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_no_readiness() {
    let practice = Practice::on(Database::Sqlite).open().await;
    let plain = practice.command(["serve"]);
    let mut command = Command::new("/bin/sh");
    // The default action of the signal would end the process, which a full disk does not.
    command.args(["-c", r#"trap '' XFSZ; exec "$0" "$@""#]).arg(plain.get_program()).args(plain.get_args());
    command.current_dir(practice.folder());
    for (key, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    let mut app = Instance::bare(command).await;
    app.may_log_errors();
    let john = practice.client(&app, "John", "Doe").await;
    john.booked(later(3 * 1440)).await;
    assert_eq!(until_check(&app, "database", "ok").await, "");

    let log = std::fs::metadata(practice.folder().join("practice.sqlite-wal")).unwrap().len();
    for free in [0, 1_000, 3_000] {
        app.limit_files(Some(log + free));
        let refused = john.book(later(4 * 1440)).await;
        assert_eq!(refused.status, 503, "{free} bytes left: {}", refused.text);
        assert_eq!(until_check(&app, "database", "failing").await, "the database accepts no writes");
    }
    app.limit_files(None);
    until_check(&app, "database", "ok").await;
    john.booked(later(4 * 1440)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_asks_the_running_server() {
    let mut practice = Practice::on(Database::Sqlite).open().await;
    let unknown = practice.run(["health"], "").await;
    assert!(unknown.code == Some(1) && unknown.stderr.contains("http.bind has port 0"), "{unknown:?}");
    let app = practice.serve().await;
    practice.set("http.bind", app.base().strip_prefix("http://").unwrap());
    // A proxy for other hosts is not asked about this one.
    let mut asked = practice.command(["health"]);
    asked.env("HTTP_PROXY", "http://127.0.0.1:1").env("http_proxy", "http://127.0.0.1:1");
    assert_eq!(run(asked, "").await.good().stdout, "ready\n");
    assert_eq!(practice.run(["health", "--live"], "").await.good().stdout, "live\n");

    std::fs::rename(practice.folder().join("practice.sqlite"), practice.folder().join("elsewhere")).unwrap();
    until_check(&app, "database", "failing").await;
    let failing = practice.run(["health"], "").await;
    assert_eq!(failing.code, Some(1));
    // The log is on the same stream, as JSON.
    let says =
        |stderr: &str| stderr.lines().filter(|line| !line.starts_with('{')).map(str::to_owned).collect::<Vec<_>>();
    let why =
        "not ready (503 Service Unavailable): database: the database file was removed or replaced while it was in use";
    assert_eq!(says(&failing.stderr), [format!("attune: {why}")]);
    assert_eq!(practice.run(["health", "--live"], "").await.good().stdout, "live\n");

    app.kill();
    let absent = practice.run(["health", "--live"], "").await;
    assert!(absent.code == Some(1) && absent.stderr.contains("does not answer"), "{absent:?}");
    assert_eq!(says(&absent.stderr).len(), 1, "{}", absent.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_no_readiness() {
    let server = TestServer::start_own().await;
    let database = server.fresh_database().await;
    let plan = Practice::on(Database::Postgres).with("database.url", database.url());
    let (_practice, mut app, _admin, john) = plan.serve_client().await;
    app.may_log_errors();
    until_check(&app, "database", "ok").await;
    server.demote();
    server.stop().await;
    server.start().await;
    eventually("it can be read", async || {
        let ready = app.get("/health/ready").await;
        (ready.json()["checks"]["migrations"]["status"] == "ok").then_some(())
    })
    .await;
    eventually("it is known as unwritable", async || {
        let detail = until_check(&app, "database", "failing").await;
        (detail == "the database accepts no writes").then_some(())
    })
    .await;
    let refused = john.book(later(4 * 1440)).await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    server.admin().await.batch_execute("SELECT pg_promote()").await.unwrap();
    until_check(&app, "database", "ok").await;
    john.booked(later(4 * 1440)).await;
}

/// The line with which a start is refused.
async fn refusal(practice: &Practice) -> String {
    let refused = practice.run(["serve"], "").await;
    assert!(refused.code.is_some_and(|code| code != 0), "{refused:?}");
    let line = refused.stderr.lines().find(|line| line.starts_with("attune: "));
    line.unwrap_or_else(|| panic!("{refused:?}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_removed_is_missed() {
    let files = |practice: &Practice| -> Vec<PathBuf> {
        ["", "-wal", "-shm"].map(|end| practice.folder().join(format!("practice.sqlite{end}"))).into()
    };
    for removed in [1, 3] {
        let (practice, mut app, _admin, john) = Practice::on(Database::Sqlite).serve_client().await;
        app.may_log_errors();
        let booked = john.booked(later(3 * 1440)).await;
        until_check(&app, "database", "ok").await;
        let aside = practice.folder().join("aside");
        std::fs::create_dir(&aside).unwrap();
        let files = files(&practice);
        for file in &files[..removed] {
            std::fs::rename(file, aside.join(file.file_name().unwrap())).unwrap();
        }
        let lost = john.book(later(4 * 1440)).await;
        assert_eq!(lost.status, 503, "{}", lost.text);
        let detail = until_check(&app, "database", "failing").await;
        assert_eq!(detail, "the database file was removed or replaced while it was in use");
        assert_eq!(app.terminate().await, Some(0));

        let known = practice.folder().join("data").join("databases");
        let line = refusal(&practice).await;
        for named in ["practice.sqlite", "restore it from a backup", known.to_str().unwrap()] {
            assert!(line.contains(named), "{named}: {line}");
        }
        assert!(!files[0].exists(), "no empty one was made");
        let doctor = practice.run(["doctor", "--offline"], "").await;
        assert!(doctor.stdout.contains("FAIL  database"), "{}", doctor.stdout);

        for file in &files[..removed] {
            std::fs::rename(aside.join(file.file_name().unwrap()), file).unwrap();
        }
        let app = practice.serve().await;
        let john = john.at(&app);
        assert_eq!(john.bookings().await.len(), 1, "{booked} only: what was refused did not happen");
        assert_eq!(app.terminate().await, Some(0));

        // The documented way to begin anew.
        for file in &files {
            let _ = std::fs::remove_file(file);
        }
        refusal(&practice).await;
        std::fs::remove_file(&known).unwrap();
        let app = practice.serve().await;
        assert_eq!(app.get("/api/services").await.expect(200)["services"].as_array().unwrap().len(), 1);
        assert_eq!(std::fs::read_to_string(&known).unwrap().lines().count(), 1);
        assert_eq!(app.terminate().await, Some(0));
    }
}

/// A server that answers every request with this status.
fn video_server(status: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            let _ = stream.read(&mut [0; 4_096]);
            let _ = write!(stream, "HTTP/1.1 {status} Status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_and_the_doctor_look_at_the_same_video_server() {
    for (url, status, doctor) in [
        (video_server(200), "ok", "ok    video server"),
        (video_server(404), "warn", "warn  video server"),
        (video_server(502), "warn", "warn  video server"),
        ("http://127.0.0.1:1".to_owned(), "warn", "FAIL  video server"),
    ] {
        let practice = Practice::on(Database::Memory).with("jitsi.base_url", &url).open().await;
        let app = practice.serve().await;
        let ready: Value = app.get("/health/ready").await.expect(200);
        assert_eq!(ready["checks"]["jitsi"]["status"], status, "{url}: {ready}");
        let seen = practice.run(["doctor"], "").await.stdout;
        assert!(seen.contains(doctor), "{url}: {seen}");
        assert_eq!(status == "ok", seen.contains("ok    video server"), "{url}: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_database_that_cannot_store_every_name_is_refused_at_the_start() {
    for encoding in ["LATIN1", "LATIN2", "SQL_ASCII"] {
        let options = format!("ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
        let database = TestServer::shared().await.fresh_database_with(&options).await;
        let plan = Practice::on(Database::Postgres).with("database.url", database.url());
        let practice = plan.open_without_admin().await;
        let line = refusal(&practice).await;
        for named in
            [encoding, "has to be UTF8", "CREATE DATABASE attune OWNER attune ENCODING 'UTF8' TEMPLATE template0"]
        {
            assert!(line.contains(named), "{line}");
        }
        let doctor = practice.run(["doctor", "--offline"], "").await;
        assert!(doctor.stdout.contains("FAIL  database") && doctor.stdout.contains(encoding), "{}", doctor.stdout);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_told_to_stop_serves_on_and_is_not_ready() {
    let practice = Practice::on(Database::Sqlite).with("http.stop_delay_seconds", "60").open().await;
    let app = practice.serve().await;
    assert_eq!(until_check(&app, "instance", "ok").await, "");
    app.ask_to_end();
    assert_eq!(until_check(&app, "instance", "failing").await, "the instance is stopping");
    assert_eq!(app.get("/health/live").await.status, 200);
    practice.client(&app, "John", "Doe").await.booked(later(3 * 1440)).await;
    // Told again, it does not wait any longer.
    assert_eq!(app.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn systemd_is_told_the_state_of_the_service() {
    let practice = Practice::on(Database::Sqlite).open().await;
    let path = practice.folder().join("notify");
    let socket = tokio::net::UnixDatagram::bind(&path).unwrap();
    let next = async || {
        let mut text = [0; 100];
        let received = tokio::time::timeout(Duration::from_secs(30), socket.recv(&mut text)).await;
        String::from_utf8(text[..received.expect("a message").unwrap()].to_vec()).unwrap()
    };
    for program in ["serve", "worker"] {
        let mut command = practice.command([program]);
        command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
        let app = Instance::of(command);
        assert_eq!(next().await, "READY=1\n");
        for _ in 0..3 {
            assert_eq!(next().await, "WATCHDOG=1\n");
        }
        app.ask_to_end();
        while next().await != "STOPPING=1\n" {}
        assert_eq!(app.ended().await, Some(0));
    }
}
