//! Merges the settings from their sources and refuses unknown keys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use config::{Config, Environment, File, FileFormat, Map, Source, Value, ValueKind};

use super::{Secret, Settings};

const DEFAULT: &str = include_str!("../../../../config/default.toml");
const DEVELOPMENT: &str = include_str!("../../../../config/development.toml");
const PRODUCTION: &str = include_str!("../../../../config/production.toml");

const LISTS: [&str; 5] = [
    "http.cors_origins",
    "http.trusted_proxies",
    "reminders.offsets_minutes",
    "branding.avatar_backgrounds",
    "backup.recipients",
];

/// Keys that were renamed, with their successors.
pub(super) const RENAMED: [(&str, &str); 17] = [
    ("auth.access_minutes", "auth.access_token_minutes"),
    ("auth.hasher_queue", "auth.password_hasher_queue"),
    ("auth.hasher_threads", "auth.password_hasher_threads"),
    ("auth.session_idle_days", "auth.login_session_idle_days"),
    ("auth.session_max_days", "auth.login_session_max_days"),
    ("jitsi.early_minutes", "jitsi.join_early_minutes"),
    ("jitsi.fixed_names", "jitsi.lock_display_names"),
    ("jitsi.token_in", "jitsi.token_placement"),
    ("limits.free_login_failures", "limits.login_failures_before_delay"),
    ("limits.recoveries_per_hour", "limits.link_recoveries_per_hour"),
    ("payments.stripe_item", "payments.stripe_product_name"),
    ("practice.closes", "practice.default_closes"),
    ("practice.opens", "practice.default_opens"),
    ("practice.session_minutes", "practice.first_service_minutes"),
    ("practice.session_name", "practice.first_service_name"),
    ("practice.session_pause_minutes", "practice.first_service_buffer_minutes"),
    ("practice.session_price", "practice.first_service_price"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    /// For trying Attune out and for working on it.
    Development,
    /// For a practice with clients.
    Production,
}

#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(crate) profile: Profile,
    pub(crate) file: Option<PathBuf>,
    pub(crate) environment: BTreeMap<String, String>,
}

/// Every error is one sentence that names the key or the file.
pub(crate) fn load(sources: &Sources) -> Result<Settings> {
    let default = File::from_str(DEFAULT, FileFormat::Toml);
    let profile = File::from_str(
        match sources.profile {
            Profile::Development => DEVELOPMENT,
            Profile::Production => PRODUCTION,
        },
        FileFormat::Toml,
    );
    let known = keys(&default.collect().context("the built-in settings cannot be read")?);
    let mut builder = Config::builder().add_source(default).add_source(profile);
    if let Some(path) = &sources.file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the settings file {}", path.display()))?;
        refuse_other_formats(&text, &path.display().to_string())?;
        let file = File::from_str(&text, FileFormat::Toml);
        let found = file.collect().with_context(|| format!("cannot read the settings file {}", path.display()))?;
        refuse_unknown(&known, &keys(&found), &format!("the settings file {}", path.display()))?;
        builder = builder.add_source(file);
    }
    refuse_other_prefixes(&known, &sources.environment)?;
    let environment = environment(&sources.environment)?;
    refuse_unknown(&known, &keys(&environment.collect()?), "the environment")?;
    let mut settings: Settings = builder
        .add_source(environment)
        .build()
        .context("the settings cannot be read")?
        .try_deserialize()
        .map_err(|error| anyhow!("a setting has a value of the wrong type: {error}"))?;
    settings.file.clone_from(&sources.file);
    with_secret_files(settings)
}

fn environment(variables: &BTreeMap<String, String>) -> Result<Environment> {
    let ours: Map<String, String> = variables
        .iter()
        .filter(|(name, _)| name.to_ascii_uppercase().starts_with("ATTUNE__"))
        .map(|(name, value)| (name.clone(), if is_list(name) { as_list(value) } else { value.clone() }))
        .collect();
    let mut source = Environment::with_prefix("ATTUNE")
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .source(Some(ours));
    for list in LISTS {
        source = source.with_list_parse_key(list);
    }
    Ok(source)
}

fn is_list(variable: &str) -> bool {
    let key = variable.to_ascii_lowercase().replace("__", ".");
    LISTS.iter().any(|list| key.strip_prefix("attune.") == Some(list))
}

/// The library parses a list of one number as a number unless there is a comma. Empty items are ignored everywhere.
fn as_list(value: &str) -> String {
    if value.is_empty() || value.contains(',') { value.to_owned() } else { format!("{value},") }
}

/// The parser's own message is several lines long and quotes the file, which may contain secrets.
fn refuse_other_formats(text: &str, path: &str) -> Result<()> {
    let Err(error) = text.parse::<toml::Table>() else { return Ok(()) };
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let what = error.message().lines().collect::<Vec<_>>().join(", ");
    bail!("the settings file {path} is not TOML: line {}: {what}", before.matches('\n').count() + 1)
}

/// The dotted names of all values below a table.
fn keys(table: &Map<String, Value>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest: Vec<(String, &Value)> = table.iter().map(|(key, value)| (key.clone(), value)).collect();
    while let Some((name, value)) = rest.pop() {
        if let ValueKind::Table(inner) = &value.kind {
            rest.extend(inner.iter().map(|(key, value)| (format!("{name}.{key}"), value)));
        } else {
            found.insert(name);
        }
    }
    found
}

fn refuse_unknown(known: &BTreeSet<String>, found: &BTreeSet<String>, place: &str) -> Result<()> {
    let Some(unknown) = found.difference(known).next() else { return Ok(()) };
    if let Some((_, new)) = RENAMED.iter().find(|(old, _)| old == unknown) {
        bail!("{place} has the setting {unknown}, which was renamed to {new}");
    }
    let similar = known.iter().map(|k| (strsim::levenshtein(unknown, k), k)).min().filter(|(d, _)| *d <= 3);
    match similar {
        Some((_, key)) => bail!("{place} has the unknown setting {unknown}; did you mean {key}?"),
        None => bail!("{place} has the unknown setting {unknown}; config/default.toml lists them all"),
    }
}

/// A setting whose prefix or separator is misspelt would be ignored without a word.
fn refuse_other_prefixes(known: &BTreeSet<String>, variables: &BTreeMap<String, String>) -> Result<()> {
    let plain = |text: &str| text.to_ascii_lowercase().replace("__", "_").replace('.', "_");
    for name in variables.keys() {
        let upper = name.to_ascii_uppercase();
        let Some(rest) = upper.strip_prefix("ATTUNE_").filter(|rest| !rest.starts_with('_')) else { continue };
        if let Some(key) = known.iter().find(|key| plain(key) == plain(rest)) {
            let variable = key.to_ascii_uppercase().replace('.', "__");
            bail!("the environment has {name}, which is no setting; did you mean ATTUNE__{variable}?");
        }
    }
    Ok(())
}

fn with_secret_files(mut settings: Settings) -> Result<Settings> {
    let Settings { database, auth, mail, payments, jitsi, .. } = &mut settings;
    for (name, secret, file) in [
        ("database.url", &mut database.url, &database.url_file),
        ("auth.secret", &mut auth.secret, &auth.secret_file),
        ("auth.previous_secret", &mut auth.previous_secret, &auth.previous_secret_file),
        ("mail.smtp_url", &mut mail.smtp_url, &mail.smtp_url_file),
        ("payments.stripe_key", &mut payments.stripe_key, &payments.stripe_key_file),
        ("payments.stripe_webhook_secret", &mut payments.stripe_webhook_secret, &payments.stripe_webhook_secret_file),
        (
            "payments.stripe_previous_webhook_secret",
            &mut payments.stripe_previous_webhook_secret,
            &payments.stripe_previous_webhook_secret_file,
        ),
        ("jitsi.app_secret", &mut jitsi.app_secret, &jitsi.app_secret_file),
        ("jitsi.server_secret", &mut jitsi.server_secret, &jitsi.server_secret_file),
        ("jitsi.jaas_webhook_secret", &mut jitsi.jaas_webhook_secret, &jitsi.jaas_webhook_secret_file),
    ] {
        if file.is_empty() {
            continue;
        }
        if secret.is_set() {
            bail!("{name} and {name}_file are both set; remove one of them");
        }
        let text = std::fs::read_to_string(file).with_context(|| format!("{name}_file: cannot read {file}"))?;
        *secret = Secret::new(text.trim().to_owned());
    }
    Ok(settings)
}
