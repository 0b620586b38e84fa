//! The files in `deploy` fit the binary and one another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use attune_e2e::{attune, run, shell};
use serde_json::Value;
use tempfile::TempDir;

use super::source::root;

type Variables = BTreeMap<String, String>;

fn deployed(file: &str) -> String {
    fs::read_to_string(root().join("deploy").join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The lines `NAME=value` of an `.env`, without quotes.
fn variables(text: &str) -> Variables {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{line}"));
            let quoted = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
            (name.to_owned(), quoted.unwrap_or(value).to_owned())
        })
        .collect()
}

/// Each `${NAME…}` of a text: the name, and what follows it, such as `:?` or `:-default`.
fn references(text: &str) -> Vec<(&str, &str)> {
    let inner = text.split("${").skip(1).map(|rest| rest.split_once('}').expect("an end").0);
    inner.map(|inner| inner.split_at(inner.find(':').unwrap_or(inner.len()))).collect()
}

/// Replaces each reference, as compose does.
fn filled_in(text: &str, values: &Variables) -> String {
    let mut filled = text.to_owned();
    for (name, rest) in references(text) {
        let value = values.get(name).filter(|value| !value.is_empty()).map(String::as_str);
        let value = value.or_else(|| rest.strip_prefix(":-")).unwrap_or_else(|| panic!("{name} has a value"));
        filled = filled.replace(&format!("${{{name}{rest}}}"), value);
    }
    filled
}

fn environment(compose: &Value, service: &str) -> Variables {
    let variables = compose["services"][service]["environment"].as_object().unwrap_or_else(|| panic!("{service}"));
    let text = |(name, value): (&String, &Value)| (name.clone(), value.as_str().expect(name).to_owned());
    variables.iter().map(text).collect()
}

/// A copy of the folder with a generated `.env`, and its values, with those that operators fill in.
async fn generated() -> (TempDir, Variables) {
    let folder = TempDir::new().unwrap();
    for file in ["generate-env", ".env.example", "attune.cfg.lua", "compose.yaml"] {
        fs::copy(root().join("deploy/compose").join(file), folder.path().join(file)).unwrap();
    }
    run(generate(folder.path(), "booking.example.org meet.example.org"), "").await.good();
    let mut values = variables(&fs::read_to_string(folder.path().join(".env")).unwrap());
    for (name, value) in [
        ("MAIL_FROM", "practice@example.org"),
        ("SMTP_URL", "smtps://practice:secret@mail.example.org"),
        ("JITSI_IMAGES", "registry.example.org/jitsi"),
    ] {
        assert_eq!(values.insert(name.to_owned(), value.to_owned()).as_deref(), Some(""), "{name} is for operators");
    }
    (folder, values)
}

fn generate(folder: &Path, arguments: &str) -> Command {
    shell(&format!("sh '{}/generate-env' {arguments}", folder.display()))
}

#[tokio::test]
async fn the_compose_file_has_the_settings_that_the_doctor_writes() {
    let (folder, values) = generated().await;
    let compose = filled_in(&deployed("compose/compose.yaml"), &values);
    let compose: Value = serde_saphyr::from_str(&compose).unwrap();
    let ours = environment(&compose, "attune");

    let mut config = attune(["--profile", "production", "config"]);
    config.envs(&ours);
    let shown = run(config, "").await.good().stdout;
    for secret in ["ATTUNE_SECRET", "JITSI_APP_SECRET", "JITSI_SERVER_SECRET", "POSTGRES_PASSWORD"] {
        assert!(values[secret].len() == 64 && !shown.contains(&values[secret]), "{secret}");
    }

    let files = folder.path().join("written");
    let mut doctor = attune(["doctor", "--offline", "--write-jitsi", files.to_str().unwrap()]);
    doctor.envs(&ours).env("ATTUNE__DATABASE__URL", "memory:");
    run(doctor, "").await.good();
    let written = variables(&fs::read_to_string(files.join("docker-jitsi-meet/attune.env")).unwrap());
    let mut theirs = environment(&compose, "jitsi-prosody");
    theirs.extend(environment(&compose, "jitsi-jicofo"));
    theirs.retain(|name, _| !matches!(name.as_str(), "PUBLIC_URL" | "JICOFO_AUTH_PASSWORD" | "JVB_AUTH_PASSWORD"));
    assert_eq!(theirs, written);
    let [generated, written] = ["jitsi/attune.cfg.lua", "written/docker-jitsi-meet/attune.cfg.lua"]
        .map(|file| fs::read_to_string(folder.path().join(file)).unwrap());
    assert_eq!(generated, written);
}

#[test]
fn every_variable_of_the_compose_file_is_in_the_example() {
    let compose = deployed("compose/compose.yaml");
    let example = variables(&deployed("compose/.env.example"));
    let named: BTreeSet<&str> = references(&compose).into_iter().map(|(name, _)| name).collect();
    assert_eq!(named, example.keys().map(String::as_str).collect());
    for (name, rest) in references(&compose) {
        let may_be_absent = name.starts_with("PRACTICE_") || name == "JVB_ADVERTISE_IPS";
        assert_eq!(rest.starts_with(":-"), may_be_absent, "{name}{rest}");
        assert!(may_be_absent || rest == ":?", "{name}{rest} stops compose where it is empty");
        let is_secret = name.ends_with("SECRET") || name.ends_with("PASSWORD") || name == "SMTP_URL";
        assert!(!is_secret || example[name].is_empty(), "{name} has no value that works everywhere");
    }
}

#[tokio::test]
async fn secrets_are_generated_once() {
    let (folder, values) = generated().await;
    let mode = |file: &str| fs::metadata(folder.path().join(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(".env"), mode("jitsi")], [0o600, 0o700]);
    assert_eq!(mode("jitsi/attune.cfg.lua"), 0o644, "the user in the container reads it; the folder keeps others out");
    let secrets: Vec<&String> = values.values().filter(|value| value.len() == 64).collect();
    assert_eq!(secrets.len(), 6);
    assert_eq!(secrets.iter().collect::<BTreeSet<_>>().len(), 6, "each is another one");

    let before = fs::read(folder.path().join(".env")).unwrap();
    let again = run(generate(folder.path(), "booking.example.org meet.example.org"), "").await;
    assert!(again.code == Some(1) && again.stderr.contains(".env exists already"), "{again:?}");
    assert!(fs::read(folder.path().join(".env")).unwrap() == before);
    for arguments in ["", "booking.example.org", "'booking.example.org/x' meet.example.org", "'' meet.example.org"] {
        assert_eq!(run(generate(folder.path(), arguments), "").await.code, Some(2), "{arguments}");
    }
}

#[tokio::test]
async fn the_image_runs_the_binary_as_no_user_of_the_machine() {
    let file = deployed("container/Containerfile");
    let (_, image) = file.split_once("\nFROM scratch\n").expect("nothing but our own files");
    let lines = |keyword: &'static str| {
        image.lines().filter_map(move |line| line.strip_prefix(keyword)?.strip_prefix(' ')).collect::<Vec<_>>()
    };
    let [user] = lines("USER")[..] else { panic!("one user: {image}") };
    let (user, group) = user.split_once(':').unwrap();
    assert!(user.parse::<u32>().unwrap() >= 1_000 && user == group, "{user}: a number, which Kubernetes can check");
    assert_eq!((lines("STOPSIGNAL"), lines("VOLUME")), (vec!["SIGTERM"], vec!["/data"]));
    let [check] = lines("HEALTHCHECK")[..] else { panic!("one check: {image}") };
    let (_, command) = check.split_once("CMD ").unwrap();
    let command: Vec<String> = serde_json::from_str(command).unwrap();
    assert_eq!(command, ["/usr/bin/attune", "health"]);
    run(attune(["health", "--help"]), "").await.good();

    let mut config = attune(["config"]);
    config.envs(lines("ENV").into_iter().map(|line| line.split_once('=').unwrap()));
    config.envs([
        ("ATTUNE__AUTH__SECRET", "0123456789abcdef0123456789abcdef"),
        ("ATTUNE__HTTP__PUBLIC_URL", "https://booking.example.org"),
        ("ATTUNE__MAIL__TRANSPORT", "smtp"),
        ("ATTUNE__MAIL__SMTP_URL", "smtps://mail.example.org"),
    ]);
    let shown = run(config, "").await.good().stdout;
    assert!(shown.contains("data_dir = \"/data\"") && shown.contains("bind = \"0.0.0.0:8080\""), "{shown}");
}

#[tokio::test]
async fn the_settings_of_the_package_lack_only_what_the_operator_knows() {
    let folder = TempDir::new().unwrap();
    let (file, secret) = (folder.path().join("attune.toml"), folder.path().join("secret"));
    fs::write(&secret, "0123456789abcdef0123456789abcdef").unwrap();
    let text = deployed("debian/attune.toml").replace("/etc/attune/secret", secret.to_str().unwrap());
    fs::write(&file, text).unwrap();
    let mut missing = vec![
        ("http.public_url", "https://booking.example.org"),
        ("mail.from", "practice@example.org"),
        ("mail.smtp_url", "smtps://mail.example.org"),
    ];
    let command =
        |known: &[(&str, &str)]| {
            let mut command = attune(["--profile", "production", "--config", file.to_str().unwrap(), "config"]);
            command.envs(known.iter().map(|(key, value)| {
                (format!("ATTUNE__{}", key.to_uppercase().replace('.', "__")), (*value).to_owned())
            }));
            command
        };
    let shown = run(command(&missing), "").await.good().stdout;
    assert!(shown.contains("data_dir = \"/var/lib/attune\""), "{shown}");
    for _ in 0..missing.len() {
        let (key, _) = missing[0];
        let refused = run(command(&missing[1..]), "").await;
        assert!(refused.code == Some(1) && refused.stderr.contains(key), "{key}: {refused:?}");
        missing.rotate_left(1);
    }
}

#[test]
fn the_backup_is_confined_like_the_service() {
    let settings = |file: &str| -> Vec<String> {
        let text = deployed(&format!("systemd/{file}"));
        let (_, from) = text.split_once("NoNewPrivileges=").expect(file);
        let (settings, _) = from.split_once("\n[Install]").unwrap_or((from, ""));
        settings.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    assert!(settings("attune.service").len() > 20);
    assert_eq!(settings("attune-backup.service"), settings("attune.service"));
}

#[test]
fn what_traefik_is_told_to_use_is_there() {
    let file: Value = serde_saphyr::from_str(&deployed("traefik/attune.yaml")).unwrap();
    let http = &file["http"];
    let router = &http["routers"]["attune"];
    let service = &http["services"][router["service"].as_str().unwrap()]["loadBalancer"];
    assert_eq!(service["servers"][0]["url"], "http://127.0.0.1:8080");
    assert_eq!(service["healthCheck"]["path"], "/health/ready");
    assert!(http["serversTransports"][service["serversTransport"].as_str().unwrap()].is_object(), "{service}");
    let middlewares = router["middlewares"].as_array().unwrap();
    for name in middlewares {
        let middleware = &http["middlewares"][name.as_str().unwrap()];
        assert!(middleware.is_object(), "{name}");
        // It collects whole responses, also those that never end.
        assert!(middleware["buffering"].is_null(), "{name}");
    }
    assert_eq!(middlewares.len(), http["middlewares"].as_object().unwrap().len());
    assert_eq!(http["middlewares"]["attune-headers"]["headers"]["customRequestHeaders"]["Forwarded"], "");
}
