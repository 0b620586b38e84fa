//! The commands besides `serve` and `worker`.

use attune_e2e::{Database, Practice, attune, run, strong_password};

on_both_databases!(
    tables_are_made_by_a_command_of_their_own,
    accounts_are_made_from_the_command_line,
    the_doctor_looks_at_everything_and_changes_nothing,
);

#[tokio::test]
async fn help_names_every_command() {
    let help = run(attune(["--help"]), "").await.good();
    for command in ["serve", "worker", "migrate", "user", "doctor", "openapi", "config"] {
        let named = help.stdout.lines().any(|line| line.trim_start().starts_with(command));
        assert!(named, "{command} in {}", help.stdout);
    }
    for arguments in [vec!["serve", "--help"], vec!["user", "add", "--help"], vec!["--version"]] {
        run(attune(arguments), "").await.good();
    }
    for arguments in [vec![], vec!["dance"], vec!["serve", "--quickly"]] {
        assert_eq!(run(attune(&arguments), "").await.code, Some(2), "{arguments:?}");
    }
}

#[tokio::test]
async fn the_description_of_the_api_is_the_one_in_the_documentation() {
    let printed = run(attune(["openapi"]), "").await.good().stdout;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let documented = std::fs::read_to_string(path).expect("docs/openapi.json is there");
    assert!(printed.trim_end() == documented.trim_end(), "run `cargo run -- openapi > docs/openapi.json`");
    let practice = Practice::on(Database::Memory).open().await;
    let app = practice.serve().await;
    let served = app.get("/api/openapi.json").await.expect(200);
    assert_eq!(served, serde_json::from_str::<serde_json::Value>(&printed).unwrap());
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

async fn tables_are_made_by_a_command_of_their_own(database: Database) {
    let practice = Practice::on(database).open_without_admin().await;
    for time in ["first", "second"] {
        let done = practice.run(["migrate"], "").await.good();
        assert!(done.stdout.contains("up to date"), "{time}: {}", done.stdout);
    }
    let app = practice.serve().await;
    let ready = app.get("/health/ready").await.expect(200);
    assert_eq!(
        (&ready["checks"]["migrations"]["status"], &ready["checks"]["database"]["status"]),
        (&"ok".into(), &"ok".into())
    );
    let john = practice.client(&app, "John", "Doe").await;
    john.book(attune_e2e::later(1440)).await.refused(409, "practice_not_configured");
}

async fn the_doctor_looks_at_everything_and_changes_nothing(database: Database) {
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
    for secret in [app_secret, server_secret, "4b8c1de79a7f4e0c8b6fd2a91c53e7f0"] {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
    // The mail server is real; the video server does not exist, which is a failed check, not a crash.
    let asked = practice.run(["doctor"], "").await;
    assert_eq!(asked.code, Some(1));
    assert!(asked.stdout.contains("ok    mail"), "{}", asked.stdout);
    assert!(asked.stdout.contains("FAIL  video server"), "{}", asked.stdout);
    assert!(asked.stderr.contains("1 of 7 checks failed"), "{}", asked.stderr);

    let plain = Practice::on(database).open().await.run(["doctor", "--offline"], "").await.good().stdout;
    assert!(plain.contains("warn  links         not signed") && plain.contains("- Who moderates"), "{plain}");
}

async fn accounts_are_made_from_the_command_line(database: Database) {
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
        ("a.b@clients.example.org", false, "password1234", "first that anybody would try"),
        ("a.b@clients.example.org", false, "", "password"),
    ] {
        let refused = add(email, admin, password).await;
        assert_eq!(refused.code, Some(1), "{email} {password}: {}", refused.stdout);
        let said: Vec<&str> = refused.stderr.lines().filter(|line| line.starts_with("attune: ")).collect();
        assert!(said.len() == 1 && said[0].contains(why), "{why}: {}", refused.stderr);
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
