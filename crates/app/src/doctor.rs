//! `attune doctor`: checks the installation and prints or writes what the video server needs.

mod jitsi_files;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use attune_adapter_jitsi::{Deployment, ServerChoices, ServerSettings, not_enforceable};
use attune_domain::meeting::TokenPlacement;
use attune_ports::{
    CheckOutcome, CheckedPart, InstallationCheck, InstallationChecks, NotifyError, NotifyFailure, Queries,
};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::admins::Admins;
use crate::backend::Backend;
use crate::cli::Doctor;
use crate::known_databases::KnownDatabases;
use crate::output::print;
use crate::private_files;
use crate::serve::pages_base;
use crate::settings::{DatabaseUrl, MailTransport, Profile, ResolvedConfig, Settings};
use crate::wiring::{clock, end_meeting, notifier, signer, wording};

const SERVER_TIMEOUT: Duration = Duration::from_secs(10);
/// Jitsi compares the times in a token without leeway; our links allow one minute.
const MAX_CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_secs(30);

enum Finding {
    Ok(String),
    Warn(String),
    Fail(String),
}

use Finding::{Fail, Ok as Fine, Warn};

/// An error if a check failed.
pub(crate) async fn run(
    settings: &Settings,
    config: &ResolvedConfig,
    profile: Profile,
    options: &Doctor,
) -> Result<()> {
    let (database, admins) = check_database(settings, config).await;
    let mut findings = vec![("settings", check_settings(config, profile)), ("database", database)];
    findings.extend(private_files::exposed(settings, config).into_iter().map(|problem| ("files", Warn(problem))));
    findings.extend(admins.map(|finding| ("admins", finding)));
    findings.extend([
        ("mail", check_mail(config, &pages_base(config, config.bind)?, options).await),
        ("links", check_links(config)),
        ("pages", check_pages(config)),
        ("time zones", check_time_zones(config)),
    ]);
    if options.offline {
        findings.push(("video server", Warn("not checked (--offline)".into())));
    } else {
        let (server, clock) = check_server(config).await;
        findings.extend([("video server", server), ("clock", clock)]);
        findings.extend(check_end_meeting(config).await.map(|finding| ("end meeting", finding)));
    }
    let mut text = String::new();
    for (name, finding) in &findings {
        let (mark, words) = match finding {
            Fine(words) => ("ok  ", words),
            Warn(words) => ("warn", words),
            Fail(words) => ("FAIL", words),
        };
        text.push_str(&format!("{mark}  {name:<13} {words}\n"));
    }
    print(&text)?;
    let needed = match &options.write_jitsi {
        Some(folder) => jitsi_files::write(config, folder, options.force)?,
        None => needed_settings(config)?,
    };
    print(&format!("\n{needed}\n{}", not_enforced(config)))?;
    let failed = findings.iter().filter(|(_, finding)| matches!(finding, Fail(_))).count();
    if failed > 0 {
        bail!("{failed} of {} checks failed", findings.len());
    }
    Ok(())
}

fn server_choices(config: &ResolvedConfig) -> ServerChoices {
    let meetings = &config.meetings;
    let base = config.public_url.as_ref().map_or("https://<http.public_url>", |url| url.as_str()).trim_end_matches('/');
    let is_jaas = matches!(meetings.deployment.as_deref(), Some(Deployment::Jaas { .. }));
    let events = if is_jaas { "/api/webhooks/jaas" } else { "/jitsi" };
    ServerChoices {
        host: Url::parse(meetings.base.as_str())
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default(),
        lobby: meetings.limits.lobby,
        max_occupants: meetings.limits.max_occupants,
        visitors: meetings.tokens.visitors,
        lock_display_names: meetings.tokens.lock_display_names,
        reservations_url: Some(format!("{base}/jitsi")),
        events_url: Some(format!("{base}{events}")),
        server_secret: meetings.server_secret.is_some(),
        token_in_query: meetings.placement == TokenPlacement::Query,
        end_meeting_key_id: meetings.end_meeting.as_ref().map(|end_meeting| end_meeting.key_id.clone()),
    }
}

fn server_settings(config: &ResolvedConfig, deployment: &Deployment) -> Result<ServerSettings> {
    ServerSettings::new(deployment, &server_choices(config)).context("the video server's settings cannot be printed")
}

fn needed_settings(config: &ResolvedConfig) -> Result<String> {
    Ok(match config.meetings.deployment.as_deref() {
        None => "The video server needs no settings: links are not signed (jitsi.mode is plain).\n".to_owned(),
        Some(deployment) => format!("What the video server needs:\n\n{}", server_settings(config, deployment)?),
    })
}

fn not_enforced(config: &ResolvedConfig) -> String {
    let sentences = not_enforceable(config.meetings.deployment.as_deref(), &server_choices(config));
    let lines: String = sentences.into_iter().map(|sentence| format!("- {sentence}\n")).collect();
    format!("Not enforced:\n{lines}")
}

/// For the first steps of a new practice.
pub(crate) struct VideoServerChecks(pub(crate) ResolvedConfig);

#[async_trait]
impl InstallationChecks for VideoServerChecks {
    async fn video_server(&self) -> Vec<InstallationCheck> {
        let (server, clock) = check_server(&self.0).await;
        let mut found = vec![
            (CheckedPart::Links, check_links(&self.0)),
            (CheckedPart::VideoServer, server),
            (CheckedPart::Clock, clock),
        ];
        found.extend(check_end_meeting(&self.0).await.map(|finding| (CheckedPart::EndMeeting, finding)));
        found.into_iter().map(|(part, finding)| finding.of(part)).collect()
    }
}

impl Finding {
    fn of(self, part: CheckedPart) -> InstallationCheck {
        let (outcome, words) = match self {
            Fine(words) => (CheckOutcome::Passed, words),
            Warn(words) => (CheckOutcome::Doubtful, words),
            Fail(words) => (CheckOutcome::Failed, words),
        };
        InstallationCheck { part, outcome, words }
    }
}

fn check_settings(config: &ResolvedConfig, profile: Profile) -> Finding {
    let clock = if config.clock_file.is_some() { "; the time is read from testing.clock_file" } else { "" };
    match profile {
        Profile::Production => Fine("profile production".into()),
        Profile::Development => Warn(format!("profile development: for trials, not for clients{clock}")),
    }
}

/// The database, and the accounts of the admins in it where they can be read.
async fn check_database(settings: &Settings, config: &ResolvedConfig) -> (Finding, Option<Finding>) {
    let what = match &config.database {
        DatabaseUrl::Sqlite(path) if !path.exists() => {
            let known = KnownDatabases::of(&config.data_dir);
            match known.contain(path) {
                Ok(false) => {}
                Ok(true) => {
                    let removed = format!("SQLite, {}: was removed; restore it from a backup", path.display());
                    return (Fail(removed), None);
                }
                Err(error) => return (Fail(format!("SQLite: {error:#}")), None),
            }
            let absent = format!("SQLite, {}: does not exist yet; the first start creates it", path.display());
            return (Warn(absent), None);
        }
        DatabaseUrl::Sqlite(path) => format!("SQLite, {}", path.display()),
        DatabaseUrl::Postgres(_) => "PostgreSQL".to_owned(),
        DatabaseUrl::Memory => return (Warn("in memory: everything is lost when the process ends".into()), None),
    };
    let backend = match Backend::connect(&config.database, &settings.database).await {
        Ok(backend) => backend,
        Err(error) => return (Fail(format!("{what}: {error:#}")), None),
    };
    let findings = match backend.schema_is_current().await {
        Ok(true) => {
            let database = Fine(format!("{what}: reachable, and its tables are up to date"));
            (database, Some(check_admins(&*backend.queries()).await))
        }
        Ok(false) => (Warn(format!("{what}: reachable; the next start migrates its tables")), None),
        Err(error) => (Fail(format!("{what}: {error:#}")), None),
    };
    backend.close().await;
    findings
}

async fn check_admins(queries: &dyn Queries) -> Finding {
    match Admins::read(queries).await {
        Ok(admins) => admins.warning().map_or_else(
            || Fine("one of them has a second factor, and all have addresses of their own".into()),
            |warning| Warn(warning.into()),
        ),
        Err(error) => Fail(format!("their accounts cannot be read: {error}")),
    }
}

async fn check_mail(config: &ResolvedConfig, base: &Url, options: &Doctor) -> Finding {
    let notifier = match wording(config).and_then(|wording| notifier(config, base, wording)) {
        Ok(notifier) => notifier,
        Err(error) => return Fail(format!("{error:#}")),
    };
    match &config.mail {
        MailTransport::File(folder) => Warn(format!("emails are not sent: they are files in {}", folder.display())),
        MailTransport::Smtp(_) if options.offline => Warn("the mail server was not checked (--offline)".into()),
        MailTransport::Smtp(_) => match notifier.check().await {
            Ok(()) => Fine("the mail server is reachable and accepts our login".into()),
            Err(error) => Fail(format!("{}; emails stay queued until it is available", mail_problem(error))),
        },
    }
}

/// The cause in the setting `mail.smtp_url`, where there is one.
fn mail_problem(error: NotifyError) -> String {
    let NotifyError::Unavailable { reason } = error else { return error.to_string() };
    let cause = match reason {
        NotifyFailure::UnknownHost => {
            "the host in mail.smtp_url is unknown: check its spelling, and the DNS of this machine"
        }
        NotifyFailure::ConnectionRefused => {
            "no program answers on the port of mail.smtp_url: check host and port, and the firewalls in between"
        }
        NotifyFailure::LoginRefused => "the mail server refuses the user or the password in mail.smtp_url",
        NotifyFailure::UntrustedCertificate => {
            "the mail server's certificate is from an unknown authority, for another host, or out of date: check the host in \
             mail.smtp_url, or add the authority to those that this system trusts"
        }
        NotifyFailure::NoTls => {
            "the port of mail.smtp_url does not begin with TLS: write smtp:// (STARTTLS, usually port 587) instead of smtps://"
        }
        NotifyFailure::NoStartTls => {
            "the mail server offers no STARTTLS on the port of mail.smtp_url: use another port, usually 587, or smtps:// and 465"
        }
        NotifyFailure::TlsRequired => {
            "the mail server accepts no login without TLS: name it by its own host in mail.smtp_url, so that STARTTLS is used"
        }
        NotifyFailure::Timeout => {
            "the mail server does not answer in time: if the port of mail.smtp_url begins with TLS (usually 465), write smtps://"
        }
        NotifyFailure::Deferred(_) | NotifyFailure::Connection | NotifyFailure::File => return error.to_string(),
    };
    cause.to_owned()
}

fn check_links(config: &ResolvedConfig) -> Finding {
    let meetings = &config.meetings;
    let public = meetings.base.as_str().starts_with("https://meet.jit.si/");
    match (&meetings.deployment, signer(config)) {
        (_, Err(error)) => Fail(format!("{error:#}")),
        (Some(_), Ok(_)) => Fine("signed; the key works".into()),
        (None, Ok(_)) if public => Warn(
            "not signed, on meet.jit.si: the first participant has to log in there, and roles cannot be enforced"
                .into(),
        ),
        (None, Ok(_)) => Warn("not signed: the video server alone decides about the rights in a room".into()),
    }
}

fn check_pages(config: &ResolvedConfig) -> Finding {
    match &config.public_url {
        Some(url) if url.scheme() == "https" => Fine(format!("links in emails and the video server use {url}")),
        Some(url) => Warn(format!("{url}: pages without TLS are for tests on this machine only")),
        None => Warn("http.public_url is not set: links to our own pages work on this machine only".into()),
    }
}

fn check_time_zones(config: &ResolvedConfig) -> Finding {
    let text = config.zones.description();
    if config.zones.is_known_to_be_newest() { Fine(text) } else { Warn(text) }
}

async fn check_server(config: &ResolvedConfig) -> (Finding, Finding) {
    let base = config.meetings.base.as_str();
    let unknown = || Warn("cannot be compared with the video server's".into());
    let client = match reqwest::Client::builder().timeout(SERVER_TIMEOUT).build() {
        Ok(client) => client,
        Err(error) => return (Fail(format!("it cannot be checked: {error}")), unknown()),
    };
    let response = match client.get(base).send().await {
        Ok(response) => response,
        Err(error) => {
            return (Fail(format!("{base} is unreachable: {:#}", anyhow::Error::from(error.without_url()))), unknown());
        }
    };
    let now = clock(config).now();
    let status = response.status();
    let server = if status.is_success() || status.is_redirection() {
        Fine(format!("{base} is reachable"))
    } else {
        Warn(format!("{base} responds with {status}"))
    };
    let date = response.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
    (server, date.and_then(parse_http_date).map_or_else(unknown, |theirs| compare_clocks(now, theirs)))
}

/// `None` if the video server closes no room for us.
async fn check_end_meeting(config: &ResolvedConfig) -> Option<Finding> {
    let end_meeting = match end_meeting(config, clock(config)) {
        Ok(end_meeting) => end_meeting?,
        Err(error) => return Some(Fail(format!("{error:#}"))),
    };
    Some(match end_meeting.check().await {
        Ok(()) => Fine("the video server closes rooms at our request".into()),
        Err(error) => Fail(format!("{:#}", anyhow::Error::from(error))),
    })
}

/// RFC 9110, section 5.6.7.
fn parse_http_date(date: &str) -> Option<Timestamp> {
    rfc2822::parse(date).ok().map(|zoned| zoned.timestamp())
}

fn compare_clocks(ours: Timestamp, theirs: Timestamp) -> Finding {
    let off = ours.duration_since(theirs);
    let seconds = off.as_secs();
    if off.abs() <= MAX_CLOCK_DIFFERENCE {
        Fine(format!("within {} s of the video server's", seconds.abs().max(1)))
    } else {
        Fail(format!(
            "{} s {} the video server's: signed links would be valid too late or end too early",
            seconds.abs(),
            if seconds > 0 { "ahead of" } else { "behind" }
        ))
    }
}

#[cfg(test)]
mod tests;
