//! The first start of the product, and its messages about wrong settings.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use attune_e2e::{Finished, Instance, Method, attune, run, shell, strong_password};
use serde_json::{Value, json};
use tempfile::TempDir;

fn bare(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = attune(arguments);
    command.current_dir(folder).env("ATTUNE__HTTP__BIND", "127.0.0.1:0");
    command
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_product_starts_without_settings() {
    let folder = TempDir::new().unwrap();
    let app = Instance::bare(bare(folder.path(), &["serve"])).await;
    let data = folder.path().join("data");
    let modes = [mode(&data), mode(&data.join("secret")), mode(&data.join("attune.sqlite"))];
    assert_eq!(modes, [0o700, 0o600, 0o600], "no other user of this machine can read them");
    let (email, password) = app.first_admin().expect("the first admin is created and printed");
    assert!(!app.stderr().contains(&password), "and not logged");
    let login = json!({"email": email, "password": password});
    let tokens = app.post("/api/auth/login", login.clone()).await.expect(200);
    assert_eq!(tokens["user"]["is_admin"], true);

    // In the development profile a session is paid on a test page, and emails become files.
    let body = json!({"email": "first.client@clients.example.org", "password": strong_password(1)});
    app.post("/api/auth/register", body.clone()).await.expect(201);
    let client = app.post("/api/auth/login", body).await.expect(200);
    let client = app.with_token(client["access_token"].as_str());
    let free = app.get("/api/availability").await.expect(200);
    assert!(free["next_available"].is_string(), "a new practice can be booked at once: {free}");
    let created = client.post("/api/bookings", json!({"scheduled_at": free["next_available"]})).await.expect(201);
    assert_eq!(created["status"], "pending_payment");
    let paid = app.send(app.request(Method::POST, created["checkout_url"].as_str().unwrap())).await;
    assert!(paid.status < 400);
    let emails = data.join("mail");
    attune_e2e::eventually("the emails about session and payment, and the therapist's, become files", async || {
        let files =
            std::fs::read_dir(&emails).ok()?.flatten().filter(|f| f.path().extension().is_some_and(|e| e == "eml"));
        (files.count() == 3).then_some(())
    })
    .await;
    let ready = app.get("/health/ready").await.expect(200);
    assert_eq!(ready["checks"]["jitsi"]["status"], "warn", "meet.jit.si is for trying out: {ready}");
    assert_eq!(app.terminate().await, Some(0));

    let app = Instance::bare(bare(folder.path(), &["serve"])).await;
    assert_eq!(app.first_admin(), None, "printed once");
    assert!(!app.stdout().contains("password"), "{}", app.stdout());
    app.post("/api/auth/login", login).await.expect(200);
    let same_secret = app.with_token(tokens["access_token"].as_str()).get("/api/auth/me").await;
    assert_eq!(same_secret.expect(200)["email"], email, "the secret was stored, so all tokens stay valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_ends_in_two_links() {
    let folder = TempDir::new().unwrap();
    for start in ["first", "second"] {
        let app = Instance::bare(bare(folder.path(), &["serve", "--demo"])).await;
        let said = app.stdout();
        // The printed commands are run as printed.
        let lines = said.lines().skip_while(|line| !line.starts_with('#'));
        let pasted: Vec<&str> = lines.take_while(|line| !line.starts_with("The API")).collect();
        let shown = run(shell(&pasted.join("\n")), "").await.good();
        let answers: Vec<Value> = serde_json::Deserializer::from_str(&shown.stdout)
            .into_iter::<Value>()
            .map(|answer| answer.unwrap_or_else(|_| panic!("{start}: {shown:?}")))
            .collect();
        let [john, smith] = answers.as_slice() else { panic!("{start}: two links, not {}", shown.stdout) };
        assert!(john["meeting_url"].as_str().unwrap().ends_with("#userInfo.displayName=%22John%20Doe%22"), "{john}");
        let smiths =
            "#userInfo.displayName=%22Dr.%20Smith%22&config.startWithAudioMuted=false&config.startWithVideoMuted=false";
        assert!(smith["meeting_url"].as_str().unwrap().ends_with(smiths), "{smith}");
        assert_eq!(john["booking_id"], smith["booking_id"], "the same session");
        assert_eq!(app.get("/api/services").await.expect(200)["services"].as_array().unwrap().len(), 1);
        for name in ["John Doe", "Dr. Smith"] {
            let line = said.lines().find(|line| line.contains(&format!("as {name}"))).unwrap();
            let url = line.split_whitespace().last().unwrap();
            assert_eq!(app.get(url).await.status, 200, "{name}: a page with a button");
            let press = async || app.send(app.request(Method::POST, url).header("sec-fetch-site", "same-origin")).await;
            let pressed = press().await;
            let account = app.request(Method::GET, "/account").header("cookie", pressed.cookies());
            let account = app.send(account).await;
            assert!(account.text.contains(name), "{name}: {}", account.text);
            assert_eq!(press().await.status, 410, "{name}: it works once");
        }
        assert_eq!(app.terminate().await, Some(0));
    }
    // No link that logs in where other machines reach the server.
    let mut command = bare(folder.path(), &["serve", "--demo"]);
    command.env("ATTUNE__HTTP__BIND", "0.0.0.0:0");
    let reachable = Instance::bare(command).await;
    assert!(!reachable.stdout().contains("/login/"), "{}", reachable.stdout());
    assert_eq!(reachable.terminate().await, Some(0));
    let refused = run(bare(folder.path(), &["--profile", "production", "serve", "--demo"]), "").await;
    assert_ne!(refused.code, Some(0));
}

/// Starts with these settings, which have to be rejected, and returns the one line that says why.
async fn refusal(arguments: &[&str], settings: &[(&str, &str)]) -> String {
    let folder = TempDir::new().unwrap();
    let mut command = bare(folder.path(), arguments);
    for (key, value) in settings {
        command.env(format!("ATTUNE__{}", key.to_uppercase().replace('.', "__")), value);
    }
    let Finished { code, stdout, stderr } = run(command, "").await;
    assert!(code.is_some_and(|code| code != 0), "{settings:?} is refused, not {code:?}: {stdout}{stderr}");
    let lines: Vec<&str> = stderr.lines().collect();
    let [line] = lines.as_slice() else { panic!("{settings:?}: one line, not {}: {stderr}", lines.len()) };
    assert!(line.starts_with("attune: "), "{line}");
    assert!(stdout.is_empty(), "{settings:?}: nothing is made before everything is checked: {stdout}");
    (*line).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_setting_stops_the_start_with_one_line_that_names_it() {
    const SECRET: &str = "c0ffee7d1e8a4b52963f0a7b8c9d0e1f";
    let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = occupied.local_addr().unwrap().to_string();
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("file"), "not a folder").unwrap();
    let no_folder = format!("sqlite:{}", folder.path().join("file/practice.sqlite").display());
    let noise = folder.path().join("noise.sqlite");
    std::fs::write(&noise, "this is no database at all, however long it may be".repeat(100)).unwrap();
    let no_database = format!("sqlite:{}", noise.display());
    let missing = folder.path().join("missing").display().to_string();
    let development: &[(&[(&str, &str)], &str)] = &[
        (&[("http.bnid", "x")], "http.bind"),
        (&[("practice.colour", "green")], "practice.colour"),
        (&[("http.bind", "everywhere")], "http.bind"),
        (&[("http.bind", &taken)], "http.bind"),
        (&[("http.workers", "many")], "http.workers"),
        (&[("database.url", "mysql://localhost/x")], "database.url"),
        (&[("database.url", &no_folder)], "file"),
        (&[("database.url", &no_database)], "noise.sqlite"),
        (&[("auth.secret", "much-too-short")], "auth.secret"),
        (&[("auth.secret_file", &missing)], "auth.secret_file"),
        (&[("auth.registration", "sometimes")], "auth.registration"),
        (&[("auth.access_token_minutes", "600")], "auth.access_token_minutes"),
        (&[("auth.first_admin_email", "nobody")], "auth.first_admin_email"),
        (&[("practice.timezone", "Europe/Atlantis")], "practice.timezone"),
        (&[("practice.currency", "Taler")], "practice.currency"),
        (&[("practice.first_service_price", "12.345")], "practice.first_service_price"),
        (&[("practice.first_service_minutes", "0")], "practice.first_service_minutes"),
        (&[("jitsi.base_url", "javascript:alert(1)")], "jitsi.base_url"),
        (&[("jitsi.base_url", "https://meet.example.org/?room=")], "jitsi.base_url"),
        (&[("payments.provider", "goodwill")], "payments.provider"),
        (&[("mail.transport", "pigeon")], "mail.transport"),
        (&[("mail.transport", "smtp")], "mail.smtp_url"),
        (&[("mail.transport", "smtp"), ("mail.smtp_url", "http://mail.example.org")], "mail.smtp_url"),
        (&[("mail.from", "us")], "mail.from"),
        (&[("reminders.offsets_minutes", "60,soon")], "reminders.offsets_minutes"),
        (&[("reminders.offsets_minutes", "5")], "reminders.offsets_minutes"),
        (&[("limits.logins_per_minute", "-1")], "limits.logins_per_minute"),
        (&[("log.level", "a=b=c")], "log.level"),
        (&[("log.format", "xml")], "log.format"),
        (&[("database.url", "postgres://attune:hunter2-secret@127.0.0.1:1/attune")], "database"),
    ];
    for (settings, named) in development {
        let line = refusal(&["serve"], settings).await;
        assert!(line.contains(named), "{settings:?}: {line}");
        assert!(!line.contains("hunter2-secret"), "no password in {line}");
    }

    let exposed = folder.path().join("exposed");
    std::fs::write(&exposed, SECRET).unwrap();
    std::fs::set_permissions(&exposed, Permissions::from_mode(0o644)).unwrap();
    let exposed = exposed.to_str().unwrap();
    let production: &[(&[(&str, &str)], &str)] = &[
        (&[("auth.secret", "")], "auth.secret"),
        (&[("auth.secret", ""), ("auth.secret_file", exposed)], "chmod o-rwx"),
        (&[("auth.secret", "much-too-short"), ("jitsi.base_url", "https://meet.example.org")], "auth.secret"),
        (&[("payments.provider", "test")], "payments.provider"),
        (&[("jitsi.base_url", "http://meet.example.org")], "jitsi.base_url"),
        (&[("http.public_url", "http://practice.example.org")], "http.public_url"),
        (&[("http.public_url", "")], "http.public_url"),
        (&[("http.trusted_proxies", "0.0.0.0/0")], "http.trusted_proxies"),
        (&[("database.url", "memory:")], "database.url"),
        (&[("database.url", "postgres://attune:hunter2-secret@db.example.org/attune")], "database.allow_plaintext"),
        (&[("mail.transport", "file")], "mail.transport"),
        (&[("limits.enabled", "false")], "limits.enabled"),
        (&[("testing.clock_file", "clock")], "testing.clock_file"),
    ];
    let minimum = [
        ("auth.secret", SECRET),
        ("http.public_url", "https://practice.example.org"),
        ("mail.transport", "smtp"),
        ("mail.smtp_url", "smtps://practice:hunter2-secret@mail.example.org"),
    ];
    for (settings, named) in production {
        let settings = [&minimum[..], settings].concat();
        let line = refusal(&["--profile", "production", "serve"], &settings).await;
        assert!(!line.contains("hunter2-secret"), "no password in {line}");
        assert!(line.contains(named), "{settings:?}: {line}");
        assert!(!line.contains(SECRET), "{line}");
    }

    let line = refusal(&["--config", &missing, "serve"], &[]).await;
    assert!(line.contains(&missing), "{line}");
    let file = folder.path().join("attune.toml");
    for (text, named) in [
        ("[http]\nbnid = \"x\"\n", "http.bind"),
        ("[auth]\nsecret = \"c0ffee-unterminated\n", "attune.toml"),
        ("[practice]\nfirst_service_minutes = \"many\"\n", "practice.first_service_minutes"),
    ] {
        std::fs::write(&file, text).unwrap();
        let line = refusal(&["--config", file.to_str().unwrap(), "serve"], &[]).await;
        assert!(line.contains(named), "{text:?}: {line}");
        assert!(!line.contains("c0ffee"), "a file of settings may hold secrets: {line}");
    }
    std::fs::write(&file, format!("[auth]\nsecret = \"{SECRET}\"\n")).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let path = file.to_str().unwrap();
    let line = refusal(&["--profile", "production", "--config", path, "serve"], &minimum[1..]).await;
    assert!(line.ends_with(&format!("chmod o-rwx {path}")), "{line}");
    // The trial goes on, with a warning.
    let trial = Instance::bare(bare(folder.path(), &["--config", path, "serve"])).await;
    assert!(trial.stderr().contains(&format!("chmod o-rwx {path}")), "{}", trial.stderr());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn later_sources_of_settings_override_earlier_ones() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("attune.toml");
    std::fs::write(&file, "[practice]\nname = \"From the file\"\nfirst_service_price = \"42.00\"\n").unwrap();
    std::fs::write(folder.path().join("url"), "sqlite:elsewhere/practice.sqlite\n").unwrap();
    let mut command = bare(folder.path(), &["--config", file.to_str().unwrap(), "serve"]);
    command
        .env("ATTUNE__PRACTICE__FIRST_SERVICE_NAME", "From the environment")
        .env("ATTUNE__DATABASE__URL_FILE", "url");
    let app = Instance::bare(command).await;
    let services = app.get("/api/services").await;
    assert_eq!(services.expect(200)["services"][0]["name"], "From the environment");
    assert!(services.text.contains("\"amount\":42.00"), "{}", services.text);
    assert_eq!(mode(&folder.path().join("elsewhere/practice.sqlite")), 0o600);
}
