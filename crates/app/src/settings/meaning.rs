//! What the settings mean. Each refusal is one sentence that names the key.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use attune_application::accounts::Registration;
use attune_application::setup::FirstService;
use attune_domain::calendar::{LocalTime, LocalTimeRange, WeeklySchedule};
use attune_domain::login_session::LoginSessionPolicy;
use attune_domain::notification::ReminderPlan;
use attune_domain::{Booking, Currency, EmailAddress, Money, TimeZoneName};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use url::Url;

use super::{Collecting, Meetings, Profile, Secret, Settings, optional};

/// Where everything is kept.
#[derive(Debug, Clone)]
pub(crate) enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres(Secret),
    Memory,
}

/// How mail leaves.
#[derive(Debug, Clone)]
pub(crate) enum MailTransport {
    File(PathBuf),
    Smtp(Secret),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
    Auto,
}

/// The settings in the types of those who use them.
#[derive(Debug, Clone)]
pub(crate) struct Meaning {
    pub(crate) data_dir: PathBuf,
    pub(crate) bind: SocketAddr,
    pub(crate) public_url: Option<Url>,
    pub(crate) database: DatabaseUrl,
    pub(crate) access_lifetime: SignedDuration,
    pub(crate) sessions: LoginSessionPolicy,
    pub(crate) registration: Registration,
    pub(crate) first_admin: Option<EmailAddress>,
    pub(crate) zone: TimeZone,
    pub(crate) service: FirstService,
    pub(crate) usual: WeeklySchedule,
    pub(crate) meetings: Meetings,
    pub(crate) collecting: Collecting,
    pub(crate) mail: MailTransport,
    pub(crate) mail_from: EmailAddress,
    pub(crate) mail_connections: NonZeroUsize,
    pub(crate) templates_dir: Option<PathBuf>,
    pub(crate) reminders: ReminderPlan,
    pub(crate) log_format: LogFormat,
    pub(crate) clock_file: Option<PathBuf>,
}

impl Settings {
    /// Reads the settings' meaning, and refuses what a production system must not be started with.
    pub(crate) fn meaning(&self, profile: Profile) -> Result<Meaning> {
        let production = profile == Profile::Production;
        let data_dir = PathBuf::from(&self.data_dir);
        ensure!(!self.data_dir.is_empty(), "data_dir must name a folder");
        let auth = &self.auth;
        ensure!((1..=15).contains(&auth.access_minutes), "auth.access_minutes must be between 1 and 15");
        ensure!(
            auth.session_idle_days >= 1
                && auth.session_max_days >= auth.session_idle_days
                && auth.session_max_days <= 366,
            "auth.session_idle_days must be at least 1, and auth.session_max_days at least as much and at most 366"
        );
        ensure!(auth.refresh_overlap_seconds <= 60, "auth.refresh_overlap_seconds must be at most 60");
        ensure!(auth.hasher_queue >= 1, "auth.hasher_queue must be at least 1");
        if production {
            ensure!(
                auth.secret.is_set(),
                "auth.secret (or auth.secret_file) must be set in production: at least 32 random characters"
            );
        }
        ensure!(
            !production || self.testing.clock_file.is_empty(),
            "testing.clock_file is for tests only and must not be set in production"
        );
        let minutes = |m: u32| SignedDuration::from_mins(i64::from(m));
        Ok(Meaning {
            bind: self.http.bind.parse().map_err(|_| {
                anyhow::anyhow!(
                    "http.bind must be an address and a port such as 127.0.0.1:8080, not {:?}",
                    self.http.bind
                )
            })?,
            public_url: self.public_url(production)?,
            database: self.database_url(&data_dir)?,
            access_lifetime: minutes(auth.access_minutes),
            sessions: LoginSessionPolicy {
                idle: SignedDuration::from_hours(24 * i64::from(auth.session_idle_days)),
                absolute: SignedDuration::from_hours(24 * i64::from(auth.session_max_days)),
                overlap: SignedDuration::from_secs(i64::from(auth.refresh_overlap_seconds)),
            },
            registration: match auth.registration.as_str() {
                "open" => Registration::Open,
                "closed" => Registration::Closed,
                other => bail!("auth.registration must be open or closed, not {other:?}"),
            },
            first_admin: optional(&auth.first_admin_email)
                .map(|text| EmailAddress::parse(text).context("auth.first_admin_email is not an e-mail address"))
                .transpose()?,
            zone: self.zone()?,
            service: self.first_service()?,
            usual: self.usual_week()?,
            meetings: self.meetings(production)?,
            collecting: self.collecting(production)?,
            mail: self.mail_transport(&data_dir)?,
            mail_from: EmailAddress::parse(&self.mail.from).context("mail.from is not an e-mail address")?,
            mail_connections: NonZeroUsize::new(self.mail.connections)
                .filter(|connections| connections.get() <= 50)
                .context("mail.connections must be between 1 and 50")?,
            templates_dir: optional(&self.mail.templates_dir).map(PathBuf::from),
            reminders: self.reminders()?,
            log_format: match self.log.format.as_str() {
                "auto" => LogFormat::Auto,
                "json" => LogFormat::Json,
                "text" => LogFormat::Text,
                other => bail!("log.format must be auto, json or text, not {other:?}"),
            },
            clock_file: optional(&self.testing.clock_file).map(PathBuf::from),
            data_dir,
        })
    }

    fn public_url(&self, production: bool) -> Result<Option<Url>> {
        let Some(text) = optional(&self.http.public_url) else { return Ok(None) };
        let url = Url::parse(text).map_err(|_| anyhow::anyhow!("http.public_url is not an absolute URL"))?;
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        ensure!(web, "http.public_url must begin with http:// or https://");
        ensure!(
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none(),
            "http.public_url must not carry a query, a fragment or a password"
        );
        ensure!(!production || url.scheme() == "https", "http.public_url must begin with https:// in production");
        Ok(Some(url))
    }

    fn database_url(&self, data_dir: &std::path::Path) -> Result<DatabaseUrl> {
        let url = self.database.url.expose();
        if url.is_empty() {
            return Ok(DatabaseUrl::Sqlite(data_dir.join("attune.sqlite")));
        }
        // The URL itself is never part of an error: it may carry a password.
        match url.split_once(':') {
            Some(("sqlite", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                ensure!(!path.is_empty(), "database.url names no file: write sqlite:PATH");
                Ok(DatabaseUrl::Sqlite(PathBuf::from(path)))
            }
            Some(("postgres" | "postgresql", _)) => Ok(DatabaseUrl::Postgres(self.database.url.clone())),
            Some(("memory", _)) => Ok(DatabaseUrl::Memory),
            _ => bail!("database.url must begin with sqlite:, postgres:// or memory:"),
        }
    }

    fn zone(&self) -> Result<TimeZone> {
        let name = &self.practice.timezone;
        let problem =
            || format!("practice.timezone: this machine knows no zone named {name:?}; an example is Europe/Berlin");
        let parsed = TimeZoneName::parse(name).with_context(problem)?;
        TimeZone::get(parsed.as_str()).map_err(|_| anyhow::anyhow!(problem()))
    }

    fn first_service(&self) -> Result<FirstService> {
        let practice = &self.practice;
        let currency =
            Currency::parse(&practice.currency).map_err(|why| anyhow::anyhow!("practice.currency is {why}"))?;
        let price = Money::parse_decimal(&practice.session_price, currency)
            .map_err(|why| anyhow::anyhow!("practice.session_price cannot be used: {why}"))?;
        ensure!(
            (1..=Booking::MAX_MINUTES).contains(&practice.session_minutes),
            "practice.session_minutes must be between 1 and {}",
            Booking::MAX_MINUTES
        );
        ensure!(
            practice.session_pause_minutes <= Booking::MAX_MINUTES,
            "practice.session_pause_minutes must be at most {}",
            Booking::MAX_MINUTES
        );
        ensure!(!practice.session_name.trim().is_empty(), "practice.session_name must not be empty");
        ensure!(!practice.name.trim().is_empty(), "practice.name must not be empty");
        Ok(FirstService {
            name: practice.session_name.clone(),
            minutes: practice.session_minutes,
            buffer_minutes: practice.session_pause_minutes,
            price,
        })
    }

    /// What therapists work who set no hours of their own.
    fn usual_week(&self) -> Result<WeeklySchedule> {
        let time = |key: &str, text: &str| {
            LocalTime::parse(text).map_err(|why| anyhow::anyhow!("practice.{key} is {why}, not {text:?}"))
        };
        let practice = &self.practice;
        let hours = LocalTimeRange::new(time("opens", &practice.opens)?, time("closes", &practice.closes)?)
            .map_err(|_| anyhow::anyhow!("practice.closes must come after practice.opens"))?;
        let zone = TimeZoneName::parse(&practice.timezone).context("practice.timezone cannot be used")?;
        Ok(WeeklySchedule::every_day(zone, hours))
    }

    fn mail_transport(&self, data_dir: &std::path::Path) -> Result<MailTransport> {
        match self.mail.transport.as_str() {
            "file" => {
                Ok(MailTransport::File(optional(&self.mail.dir).map_or_else(|| data_dir.join("mail"), PathBuf::from)))
            }
            "smtp" => {
                ensure!(self.mail.smtp_url.is_set(), "mail.smtp_url must be set when mail.transport is smtp");
                Ok(MailTransport::Smtp(self.mail.smtp_url.clone()))
            }
            other => bail!("mail.transport must be file or smtp, not {other:?}"),
        }
    }

    fn reminders(&self) -> Result<ReminderPlan> {
        let offsets = self
            .reminders
            .offsets_minutes
            .iter()
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
            .map(|text| {
                text.parse::<u32>().map_err(|_| anyhow::anyhow!("reminders.offsets_minutes: {text:?} is no number"))
            })
            .collect::<Result<Vec<_>>>()?;
        ReminderPlan::new(offsets).map_err(|why| anyhow::anyhow!("reminders.offsets_minutes must be {why}"))
    }
}
