//! `attune doctor`: is everything in place, and what does the video server need?

use std::time::Duration;

use anyhow::{Context, Result, bail};
use attune_adapter_jitsi::{Deployment, ServerChoices, ServerSettings, not_enforceable};
use attune_ports::Clock;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::ambient::{FileClock, SystemClock};
use crate::backend::Backend;
use crate::cli::Doctor;
use crate::print;
use crate::settings::{DatabaseUrl, MailTransport, Meaning, Profile, Settings, Signed};
use crate::wiring::{notifier, signer};

/// How long the video server may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Jitsi allows no leeway when it compares the times of a signed link; our links allow a minute themselves.
const CLOCKS_AGREE_WITHIN: SignedDuration = SignedDuration::from_secs(30);

/// What one look found.
enum Finding {
    Ok(String),
    /// It works, and somebody should know.
    Warn(String),
    Fail(String),
}

use Finding::{Fail, Ok as Fine, Warn};

/// Looks at everything, prints what it finds and what the video server needs. Errors: something does not work.
pub(crate) async fn run(settings: &Settings, meaning: &Meaning, profile: Profile, options: &Doctor) -> Result<()> {
    let mut findings = vec![
        ("settings", of_settings(meaning, profile)),
        ("database", of_database(settings, meaning).await),
        ("mail", of_mail(settings, meaning, options).await),
        ("links", of_links(meaning)),
        ("pages", of_pages(meaning)),
    ];
    if options.offline {
        findings.push(("video server", Warn("not asked (--offline)".into())));
    } else {
        let (server, clock) = of_server(meaning).await;
        findings.extend([("video server", server), ("clock", clock)]);
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
    print(&format!("\n{}", of_the_video_server(meaning)?))?;
    let failed = findings.iter().filter(|(_, finding)| matches!(finding, Fail(_))).count();
    if failed > 0 {
        bail!("{failed} of {} checks failed", findings.len());
    }
    Ok(())
}

/// What the video server needs, and what it does not enforce even then.
fn of_the_video_server(meaning: &Meaning) -> Result<String> {
    let meetings = &meaning.meetings;
    let base =
        meaning.public_url.as_ref().map_or("https://<http.public_url>", |url| url.as_str()).trim_end_matches('/');
    let events = match meetings.signed {
        Signed::AuditContext(ref deployment) if matches!(**deployment, Deployment::Jaas { .. }) => "/api/webhooks/jaas",
        Signed::AuditContext(_) | Signed::No => "/jitsi",
    };
    let choices = ServerChoices {
        host: Url::parse(meetings.base.as_str())
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default(),
        lobby: meetings.limits.lobby,
        max_occupants: meetings.limits.max_occupants,
        visitors: meetings.tokens.visitors,
        fixed_names: meetings.tokens.fixed_names,
        reservations_url: Some(format!("{base}/jitsi")),
        events_url: Some(format!("{base}{events}")),
        server_secret: meetings.server_secret.is_some(),
    };
    let mut text = String::new();
    let deployment = match &meetings.signed {
        Signed::No => {
            text.push_str("The video server needs no settings: links are not signed (jitsi.mode is plain).\n");
            None
        }
        Signed::AuditContext(deployment) => {
            let needed =
                ServerSettings::new(deployment, &choices).context("the video server's settings cannot be told")?;
            text.push_str(&format!("What the video server needs:\n\n{needed}"));
            Some(&**deployment)
        }
    };
    text.push_str("\nNot enforced:\n");
    for sentence in not_enforceable(deployment, &choices) {
        text.push_str(&format!("- {sentence}\n"));
    }
    Ok(text)
}

fn of_settings(meaning: &Meaning, profile: Profile) -> Finding {
    let clock = if meaning.clock_file.is_some() { "; time comes from testing.clock_file" } else { "" };
    match profile {
        Profile::Production => Fine("profile production".into()),
        Profile::Development => Warn(format!("profile development: for trying out, not for clients{clock}")),
    }
}

async fn of_database(settings: &Settings, meaning: &Meaning) -> Finding {
    let what = match &meaning.database {
        DatabaseUrl::Sqlite(path) if !path.exists() => {
            return Warn(format!("SQLite, {}: not there yet; the first start makes it", path.display()));
        }
        DatabaseUrl::Sqlite(path) => format!("SQLite, {}", path.display()),
        DatabaseUrl::Postgres(_) => "PostgreSQL".to_owned(),
        DatabaseUrl::Memory => return Warn("in memory: everything is gone when the process ends".into()),
    };
    let backend = match Backend::connect(&meaning.database, &settings.database).await {
        Ok(backend) => backend,
        Err(error) => return Fail(format!("{what}: {error:#}")),
    };
    let current = backend.schema_is_current().await;
    backend.close().await;
    match current {
        Ok(true) => Fine(format!("{what}: it answers, and its tables are those of this version")),
        Ok(false) => Warn(format!("{what}: it answers; its tables are brought up to date by the next start")),
        Err(error) => Fail(format!("{what}: {error:#}")),
    }
}

async fn of_mail(settings: &Settings, meaning: &Meaning, options: &Doctor) -> Finding {
    let notifier = match notifier(settings, meaning) {
        Ok(notifier) => notifier,
        Err(error) => return Fail(format!("{error:#}")),
    };
    match &meaning.mail {
        MailTransport::File(folder) => Warn(format!("mails become files in {}; nobody gets them", folder.display())),
        MailTransport::Smtp(_) if options.offline => Warn("the mail server was not asked (--offline)".into()),
        MailTransport::Smtp(_) => match notifier.check().await {
            Ok(()) => Fine("the mail server answers and takes our login".into()),
            Err(error) => Fail(format!("{error}; mails wait until it answers")),
        },
    }
}

fn of_links(meaning: &Meaning) -> Finding {
    let meetings = &meaning.meetings;
    let public = meetings.base.as_str().starts_with("https://meet.jit.si/");
    match (&meetings.signed, signer(meaning)) {
        (_, Err(error)) => Fail(format!("{error:#}")),
        (Signed::AuditContext(_), Ok(_)) => Fine("signed; the key works".into()),
        (Signed::No, Ok(_)) if public => Warn(
            "not signed, on meet.jit.si: the first person has to log in there, and nobody's role can be enforced"
                .into(),
        ),
        (Signed::No, Ok(_)) => Warn("not signed: rights in a room are whatever the server gives whoever comes".into()),
    }
}

fn of_pages(meaning: &Meaning) -> Finding {
    match &meaning.public_url {
        Some(url) if url.scheme() == "https" => Fine(format!("mailed links and the video server find us at {url}")),
        Some(url) => Warn(format!("{url}: only this machine or a test should see pages without TLS")),
        None => Warn("http.public_url is not set: links to our own pages work on this machine only".into()),
    }
}

/// Whether the server answers, and whether its clock agrees with ours.
async fn of_server(meaning: &Meaning) -> (Finding, Finding) {
    let base = meaning.meetings.base.as_str();
    let unknown = || Warn("cannot be compared with the video server's".into());
    let client = match reqwest::Client::builder().timeout(PATIENCE).build() {
        Ok(client) => client,
        Err(error) => return (Fail(format!("it cannot be asked: {error}")), unknown()),
    };
    let answer = match client.get(base).send().await {
        Ok(answer) => answer,
        Err(error) => {
            return (
                Fail(format!("{base} does not answer: {:#}", anyhow::Error::from(error.without_url()))),
                unknown(),
            );
        }
    };
    let now = match &meaning.clock_file {
        Some(path) => FileClock::new(path.clone()).now(),
        None => SystemClock.now(),
    };
    let status = answer.status();
    let server = if status.is_success() || status.is_redirection() {
        Fine(format!("{base} answers"))
    } else {
        Warn(format!("{base} answers with {status}"))
    };
    let told = answer.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
    (server, told.and_then(instant).map_or_else(unknown, |theirs| of_clock(now, theirs)))
}

/// The instant in a `Date` header (RFC 9110, section 5.6.7).
fn instant(date: &str) -> Option<Timestamp> {
    rfc2822::parse(date).ok().map(|zoned| zoned.timestamp())
}

fn of_clock(ours: Timestamp, theirs: Timestamp) -> Finding {
    let off = ours.duration_since(theirs);
    let seconds = off.as_secs();
    if off.abs() <= CLOCKS_AGREE_WITHIN {
        Fine(format!("within {} s of the video server's", seconds.abs().max(1)))
    } else {
        Fail(format!(
            "{} s {} the video server's: signed links would open late or close early",
            seconds.abs(),
            if seconds > 0 { "ahead of" } else { "behind" }
        ))
    }
}
