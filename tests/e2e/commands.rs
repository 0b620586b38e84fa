//! The commands besides `serve` and `worker`.

use std::os::unix::fs::PermissionsExt;

use attune_e2e::{AUTH_SECRET, Database, Practice, User, attune, run, strong_password};
use attune_test_smtp::{Behaviour, Stage};
use reqwest::Method;

on_both_databases!(
    a_command_creates_the_tables,
    a_command_creates_accounts,
    a_dry_run_names_the_migrations_and_runs_none,
    commands_help_owners_who_are_locked_out,
    the_doctor_checks_everything_and_changes_nothing,
);

#[tokio::test]
async fn help_names_every_command() {
    let help = run(attune(["--help"]), "").await.good();
    for command in
        ["serve", "worker", "migrate", "backup", "restore", "emails", "user", "doctor", "health", "openapi", "config"]
    {
        let named = help.stdout.lines().any(|line| line.trim_start().starts_with(command));
        assert!(named, "{command} in {}", help.stdout);
    }
    for arguments in [vec!["serve", "--help"], vec!["--version"]] {
        run(attune(arguments), "").await.good();
    }
    for command in ["add", "list", "set-password", "set-email", "disable", "reset-2fa"] {
        run(attune(["user", command, "--help"]), "").await.good();
    }
    for command in ["held", "release", "cancel"] {
        run(attune(["emails", command, "--help"]), "").await.good();
    }
    for arguments in [vec![], vec!["dance"], vec!["serve", "--quickly"], vec!["emails", "release"]] {
        assert_eq!(run(attune(&arguments), "").await.code, Some(2), "{arguments:?}");
    }
}

#[tokio::test]
async fn the_description_of_the_api_is_the_one_in_the_documentation() {
    let printed = run(attune(["openapi"]), "").await.good().stdout;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let documented = std::fs::read_to_string(path).expect("docs/openapi.json is there");
    assert!(printed.trim_end() == documented.trim_end(), "run `cargo run -- openapi > docs/openapi.json`");
    let (_practice, app) = Practice::on(Database::Memory).serve().await;
    let served = app.get("/api/openapi.json").await.expect(200);
    let mut complete: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let mut absent = Vec::new();
    complete["paths"].as_object_mut().unwrap().retain(|path, _| {
        let is_served = served["paths"].get(path).is_some();
        absent.extend((!is_served).then(|| path.clone()));
        is_served
    });
    assert_eq!(served, complete);
    // Neither a provider of payments nor a video server with webhooks is configured.
    absent.retain(|path| !path.starts_with("/jitsi/"));
    assert_eq!(absent, ["/api/webhooks/jaas", "/api/webhooks/stripe", "/test-checkout/{reference}"]);
}

#[tokio::test]
async fn the_list_of_pages_comes_from_the_router() {
    let printed = run(attune(["pages"]), "").await.good().stdout;
    let pages: Vec<serde_json::Value> = serde_json::from_str(&printed).unwrap();
    assert!(pages.iter().all(|page| page["states"].as_array().is_some_and(|states| !states.is_empty())), "{printed}");
    let (_practice, app) = Practice::on(Database::Memory).serve().await;
    let mut seen = 0;
    for path in pages.iter().map(|page| page["path"].as_str().unwrap()) {
        let concrete = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let page = format!("{}{}", app.base(), concrete.collect::<Vec<_>>().join("/"));
        let page = app.send(app.request(Method::GET, &page).header("accept", "text/html")).await;
        // Some lead to another page, those of users to the login page.
        let leads = page.header("location").is_some_and(|to| to.starts_with('/') && !to.starts_with("//"));
        let is_html = page.header("content-type") == Some("text/html; charset=utf-8");
        assert!(if page.status == 303 { leads } else { is_html }, "{path}");
        seen += 1;
    }
    assert!(seen >= 8, "{printed}");
}

#[tokio::test]
async fn settings_are_shown_without_secrets() {
    let mut command = attune(["config"]);
    let secrets = [
        "0123456789abcdef-a-signing-secret",
        "correct-database-pw",
        "correct-mail-pw",
        "the-secret-before-this-one-was-older",
    ];
    command
        .env("ATTUNE__AUTH__SECRET", secrets[0])
        .env("ATTUNE__DATABASE__URL", format!("postgres://attune:{}@db.example.org/attune", secrets[1]))
        .env("ATTUNE__MAIL__TRANSPORT", "smtp")
        .env("ATTUNE__MAIL__SMTP_URL", format!("smtp://user:{}@mail.example.org", secrets[2]))
        .env("ATTUNE__AUTH__PREVIOUS_SECRET", secrets[3])
        .env("ATTUNE__HTTP__CORS_ORIGINS", "https://a.example.org,https://b.example.org");
    let shown = run(command, "").await.good().stdout;
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("[auth]") && shown.contains("secret = \"***\""), "{shown}");
    assert!(shown.contains("https://a.example.org") && shown.contains("https://b.example.org"), "{shown}");

    // What it prints is a file of settings like any other.
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("shown.toml");
    let first = run(attune(["config"]), "").await.good().stdout;
    std::fs::write(&file, &first).unwrap();
    let again = run(attune(["--config", file.to_str().unwrap(), "config"]), "").await.good().stdout;
    assert_eq!(again, first);
}

async fn a_command_creates_the_tables(database: Database) {
    let practice = Practice::on(database).open_without_admin().await;
    for time in ["first", "second"] {
        let done = practice.run(["migrate"], "").await.good();
        assert!(done.stdout.contains("up to date"), "{time}: {}", done.stdout);
    }
    let app = practice.serve().await;
    let ready = app.get("/health/ready").await.expect(200);
    for check in ["migrations", "database"] {
        assert_eq!(ready["checks"][check]["status"], "ok", "{check}");
    }
    let version = ready["checks"]["time_zones"]["version"].as_str().expect("the release of the time zone database");
    let doctor = practice.run(["doctor", "--offline"], "").await.good().stdout;
    assert!(doctor.contains(&format!("time zones    {version}, ")), "{version} in {doctor}");
    let john = practice.client(&app, "John", "Doe").await;
    john.book(attune_e2e::later(1440)).await.refused(409, "practice_not_configured");
}

async fn a_dry_run_names_the_migrations_and_runs_none(database: Database) {
    let folder = match database {
        Database::Sqlite | Database::Memory => "sqlite",
        Database::Postgres => "postgres",
    };
    let migrations = format!("{}/../migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<_> = std::fs::read_dir(migrations).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let practice = Practice::on(database).open_without_admin().await;
    let dry_run = async || practice.run(["migrate", "--dry-run"], "").await;
    let contents = || std::fs::read_dir(practice.folder()).unwrap().count();
    let (files, stored) = (contents(), practice.stored().await);
    let pending = dry_run().await.good().stdout;
    assert_eq!(pending.lines().next(), Some(&*format!("these migrations would run ({}):", names.len())));
    assert!(pending.lines().skip(1).eq(names.iter().map(|name| name.to_str().unwrap())), "{pending}");
    assert_eq!((contents(), practice.stored().await == stored), (files, true), "nothing was created");

    practice.run(["migrate"], "").await.good();
    let stored = practice.stored().await;
    let pending = dry_run().await.good().stdout;
    assert_eq!(pending.trim(), "the database is up to date: no migration would run");
    assert!(practice.stored().await == stored, "nothing was changed");

    if database == Database::Sqlite {
        // The known database is gone.
        let file = practice.folder().join("practice.sqlite");
        std::fs::rename(&file, practice.folder().join("aside")).unwrap();
        let missing = dry_run().await;
        assert!(missing.code == Some(1) && missing.stderr.contains("restore it from a backup"), "{missing:?}");
        assert!(!file.exists());
        return;
    }
    practice.run_sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')").await;
    let newer = dry_run().await;
    assert!(newer.code.is_some_and(|code| code != 0), "{newer:?}");
    assert!(newer.stderr.contains("29990101000000") && newer.stderr.contains("use a newer release"), "{newer:?}");
}

async fn the_doctor_checks_everything_and_changes_nothing(database: Database) {
    let (app_secret, server_secret) = ("c0b86f20f7d84c4fa9a2e1b35d7c9e04", "9d51e7ab03cc4d6ea8f2705be1946c3d");
    let practice = Practice::on(database)
        .with("jitsi.mode", "jwt")
        .with("jitsi.app_id", "attune")
        .with("jitsi.app_secret", app_secret)
        .with("jitsi.server_secret", server_secret)
        .with("jitsi.lobby", "true")
        .with("http.public_url", "https://booking.example.org")
        .open()
        .await;
    let before = practice.stored().await;
    let seen = practice.run(["doctor", "--offline"], "").await.good().stdout;
    assert!(practice.stored().await == before, "it changes nothing");
    for found in [
        "ok    database",
        "warn  admins        no admin has a second factor, and an admin still has a placeholder address",
        "ok    links         signed; the key works",
        "ok    pages         links in emails and the video server use https://booking.example.org",
        "JWT_APP_SECRET=<jitsi.app_secret>",
        "ENABLE_AUTO_OWNER=0",
        "WAIT_FOR_HOST_DISABLE_AUTO_OWNERS=1",
        "XMPP_MUC_MODULES=token_affiliation",
        "reservations_api_prefix = \"https://booking.example.org/jitsi\"",
        "event_sync_component",
        "Not enforced:",
    ] {
        assert!(seen.contains(found), "{found} in {seen}");
    }
    for secret in [app_secret, server_secret, AUTH_SECRET] {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
    // The mail server is real; the video server does not exist, which is a failed check, not a crash.
    let doctor = practice.run(["doctor"], "").await;
    assert_eq!(doctor.code, Some(1));
    assert!(doctor.stdout.contains("ok    mail") && doctor.stdout.contains("FAIL  video server"), "{}", doctor.stdout);
    assert!(doctor.stderr.contains("1 of 9 checks failed"), "{}", doctor.stderr);

    let plain = Practice::on(database).open().await.run(["doctor", "--offline"], "").await.good().stdout;
    assert!(plain.contains("warn  links         not signed") && plain.contains("- Who moderates"), "{plain}");
}

#[tokio::test]
async fn the_doctor_writes_the_files_of_the_video_server() {
    let (app_secret, server_secret) = ("c0b86f20f7d84c4fa9a2e1b35d7c9e04", "9d51e7ab03cc4d6ea8f2705be1946c3d");
    let mut practice = Practice::on(Database::Memory)
        .with("jitsi.mode", "jwt")
        .with("jitsi.app_id", "attune")
        .with("jitsi.app_secret", app_secret)
        .with("jitsi.server_secret", server_secret)
        .with("http.public_url", "https://booking.example.org")
        .open()
        .await;
    let folder = practice.folder().join("jitsi");
    let path = folder.to_str().unwrap();
    let write = ["doctor", "--offline", "--write-jitsi", path];
    let said = practice.run(write, "").await.good().stdout;
    for secret in [app_secret, server_secret] {
        assert!(!said.contains(secret), "{said}");
    }
    assert!(said.contains("Not enforced:") && !said.contains("JWT_APP_ID="), "{said}");
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    for (file, secrets) in [
        ("docker-jitsi-meet/attune.env", &[app_secret, server_secret][..]),
        ("docker-jitsi-meet/attune.cfg.lua", &[server_secret]),
        ("debian/meet.example.org.cfg.lua", &[app_secret, server_secret]),
        ("debian/jicofo.conf", &[]),
    ] {
        let (text, mode) = (read(file), std::fs::metadata(folder.join(file)).unwrap().permissions().mode());
        assert!(said.contains(&format!("{path}/{file}: ")), "{file} in {said}");
        assert!(secrets.iter().all(|secret| text.contains(secret)) && !text.contains("<jitsi."), "{file}: {text}");
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    // The same again changes nothing; what an operator has changed is not lost without a word.
    practice.run(write, "").await.good();
    let changed = folder.join("docker-jitsi-meet/attune.env");
    std::fs::write(&changed, "MINE=1\n").unwrap();
    std::fs::remove_file(folder.join("debian/jicofo.conf")).unwrap();
    let refused = practice.run(write, "").await;
    assert!(refused.code == Some(1) && refused.stderr.contains("attune.env has another content"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&changed).unwrap(), "MINE=1\n");
    assert!(!folder.join("debian/jicofo.conf").exists(), "all files or none");
    practice.run([&write[..], &["--force"]].concat(), "").await.good();
    assert!(read("docker-jitsi-meet/attune.env").contains("JWT_APP_ID=attune\n"));
    assert!(read("debian/jicofo.conf").contains("enable-auto-owner = false"));

    practice.set("jitsi.app_secret", "quotes-\"-need-another-form-in-each-file");
    let refused = practice.run(write, "").await;
    assert!(refused.code == Some(1) && refused.stderr.contains("jitsi.app_secret has characters"), "{refused:?}");
    let plain = Practice::on(Database::Memory).open().await.run(write, "").await;
    assert!(plain.code == Some(1) && plain.stderr.contains("jitsi.mode is plain"), "{plain:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_names_why_emails_cannot_be_sent() {
    let mut practice = Practice::on(Database::Sqlite).open_without_admin().await;
    let port = practice.emails.address().port();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let answer = |code| Behaviour::Answer { stage: Stage::Auth, code };
    // 0.0.0.0 reaches this machine and is no loopback address, so that TLS is required.
    for (url, behaviour, sentence) in [
        (format!("smtp://me:hunter2-secret@127.0.0.1:{port}"), answer(535), "refuses the user or the password"),
        (format!("smtp://me:hunter2-secret@127.0.0.1:{port}"), answer(530), "accepts no login without TLS"),
        ("smtps://me:hunter2-secret@mail.invalid:465".into(), Behaviour::Accept, "is unknown: check its spelling"),
        (format!("smtp://me:hunter2-secret@0.0.0.0:{closed}"), Behaviour::Accept, "no program answers on the port"),
        (format!("smtps://me:hunter2-secret@0.0.0.0:{port}"), Behaviour::Accept, "does not begin with TLS"),
        (format!("smtp://me:hunter2-secret@0.0.0.0:{port}"), Behaviour::Accept, "offers no STARTTLS"),
    ] {
        practice.emails.set_default(behaviour);
        practice.set("mail.smtp_url", &url);
        let doctor = practice.run(["doctor"], "").await;
        let line = doctor.stdout.lines().find(|line| line.contains("mail  ")).unwrap_or_else(|| panic!("{doctor:?}"));
        assert!(line.starts_with("FAIL  mail") && line.contains(sentence), "{url}: {line}");
        assert!(!doctor.stdout.contains("hunter2-secret"), "{}", doctor.stdout);
    }
}

async fn a_command_creates_accounts(database: Database) {
    let practice = Practice::on(database).open_without_admin().await;
    let add = async |email: &str, admin: bool, password: &str| {
        let mut arguments = vec!["user", "add", "--email", email, "--password-stdin"];
        if admin {
            arguments.push("--admin");
        }
        practice.run(arguments, password).await
    };
    let good = strong_password(5);
    let too_short_for_an_admin = "zebra quilt 7";
    for (email, admin, password, why) in [
        ("no-address", false, good.as_str(), "email"),
        ("a.b@clients.example.org", false, "short", "12"),
        ("a.b@clients.example.org", true, too_short_for_an_admin, "15"),
        ("a.b@clients.example.org", false, "password1234", "too common"),
        ("a.b@clients.example.org", false, "", "password"),
    ] {
        let refused = add(email, admin, password).await;
        assert_eq!(refused.code, Some(1), "{email} {password}: {}", refused.stdout);
        let messages: Vec<&str> = refused.stderr.lines().filter(|line| line.starts_with("attune: ")).collect();
        assert!(messages.len() == 1 && messages[0].contains(why), "{why}: {}", refused.stderr);
        assert!(password.is_empty() || !refused.stderr.contains(password), "{}", refused.stderr);
        assert!(!refused.stderr.contains("a.b@clients"), "{}", refused.stderr);
    }
    add("carla.reyes@clients.example.org", false, &format!("{good}\n")).await.good();
    let twice = add("CARLA.REYES@clients.example.org", true, &good).await;
    assert_eq!(twice.code, Some(1));
    assert!(twice.stderr.contains("exists already"), "{}", twice.stderr);
    add("therapist@practice.example.org", true, &good).await.good();
    let on_the_command_line = practice.run(["user", "add", "--email", "x@y.example"], "").await;
    assert_eq!(on_the_command_line.code, Some(2), "a password comes from the standard input only");

    let app = practice.serve().await;
    let log_in = async |email: &str| {
        let body = serde_json::json!({"email": email, "password": good});
        app.post("/api/auth/login", body).await.expect(200)["user"]["is_admin"].clone()
    };
    assert_eq!(log_in("carla.reyes@clients.example.org").await, false);
    assert_eq!(log_in("therapist@practice.example.org").await, true);
}

async fn commands_help_owners_who_are_locked_out(database: Database) {
    let (practice, app, admin, john) = Practice::on(database).serve_client().await;
    let (admin_email, new_email) = (admin.email.as_str(), "john.new@clients.example.org");
    let id = john.id;
    let rows = async |arguments: &[&str]| -> Vec<Vec<String>> {
        let listed = practice.run([&["user", "list"][..], arguments].concat(), "").await.good().stdout;
        listed.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    };
    let listed = rows(&[]).await;
    assert_eq!(listed[0], ["id", "email", "role", "state", "verified", "second factor", "created"]);
    assert_eq!(listed[1][1..6], [admin_email, "admin", "enabled", "yes", "no"]);
    assert_eq!(listed[2][..6], [&id.to_string(), &john.email, "client", "enabled", "no", "no"]);
    assert_eq!(rows(&["--admins"]).await, listed[..2]);

    let new_password = strong_password(9);
    for (arguments, input, why) in [
        (["set-password", "--email", "no-address", "--password-stdin", ""], &new_password, "--email is invalid"),
        (["set-password", "--email", "x@clients.example.org", "--password-stdin", ""], &new_password, "no account"),
        (["set-password", "--email", admin_email, "--password-stdin", ""], &"short".to_owned(), "15"),
        (["set-email", "--email", &john.email, "--new-email", admin_email], &String::new(), "exists already"),
        (["set-email", "--email", &john.email, "--new-email", "no-address"], &String::new(), "--new-email is invalid"),
        (["disable", "--email", admin_email, "", ""], &String::new(), "the last admin cannot be disabled"),
        (["reset-2fa", "--email", "x@clients.example.org", "", ""], &String::new(), "no account"),
    ] {
        let arguments = ["user"].into_iter().chain(arguments.into_iter().filter(|argument| !argument.is_empty()));
        let refused = practice.run(arguments, input).await;
        assert!(refused.code == Some(1) && refused.stderr.contains(why), "{why}: {refused:?}");
        assert!(refused.stdout.is_empty() && !refused.stderr.contains('@'), "{refused:?}");
    }
    john.get("/api/auth/me").await.expect(200);

    let ended = "all login sessions and links ended.";
    for (arguments, input, done) in [
        (
            &["set-password", "--email", &john.email, "--password-stdin"][..],
            &new_password,
            format!("The password of user {id} was changed; {ended}"),
        ),
        (
            &["set-email", "--email", &john.email, "--new-email", new_email],
            &String::new(),
            format!("The email address of user {id} was changed; {ended}"),
        ),
        (
            &["reset-2fa", "--email", new_email],
            &String::new(),
            format!("User {id} has no second factor; all login sessions ended."),
        ),
    ] {
        let changed = practice.run([&["user"][..], arguments].concat(), input).await.good();
        assert_eq!(changed.stdout.trim_end(), done);
        john.get("/api/auth/me").await.refused(401, "invalid_token");
    }
    assert_eq!(rows(&[]).await[2][1..6], [new_email, "client", "enabled", "yes", "no"]);
    let last_email = "john.doe@clients.example.org";
    practice.run(["user", "set-email", "--email", new_email, "--new-email", last_email], "").await.good();
    let john = User::log_in(&app, last_email, &new_password).await;
    let disabled = practice.run(["user", "disable", "--email", last_email], "").await.good();
    assert_eq!(disabled.stdout.trim_end(), format!("User {id} was disabled; {ended}"));
    john.get("/api/auth/me").await.refused(401, "invalid_token");
    for (address, subject) in
        [(new_email, "The email address of your account was changed"), (last_email, "Your account was disabled")]
    {
        practice.emails_where(1, |email| email.recipients == [address] && email.subject == subject).await;
    }
}
