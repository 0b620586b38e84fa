//! Validates the settings and resolves them into the types of their users. Every error is one sentence that names the key.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use attune_application::accounts::Registration;
use attune_domain::calendar::{LocalTime, LocalTimeRange, WeeklySchedule};
use attune_domain::login_session::LoginSessionPolicy;
use attune_domain::notification::ReminderPlan;
use attune_domain::practice::{AccentColor, PhoneNumber, WebUrl};
use attune_domain::{
    Booking, Currency, EmailAddress, Money, NameFallback, Practice, PracticeName, PracticeTexts, SecondFactorPolicy,
    TimeZoneName,
};
use attune_http_common::AddressRange;
use attune_ports::{NewService, TimeZones};
use jiff::SignedDuration;
use url::Url;

use super::{MeetingConfig, PaymentConfig, Profile, Secret, Settings, optional};
use crate::time_zones::ZoneDatabase;

#[derive(Debug, Clone)]
pub(crate) enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres(Secret),
    Memory,
}

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

#[derive(Debug, Clone)]
pub(crate) struct ResolvedConfig {
    pub(crate) data_dir: PathBuf,
    pub(crate) bind: SocketAddr,
    pub(crate) public_url: Option<Url>,
    pub(crate) trusted_proxies: Vec<AddressRange>,
    pub(crate) stop_delay: Duration,
    pub(crate) database: DatabaseUrl,
    pub(crate) access_token_lifetime: SignedDuration,
    pub(crate) login_sessions: LoginSessionPolicy,
    pub(crate) registration: Registration,
    pub(crate) second_factor: SecondFactorPolicy,
    pub(crate) first_admin: Option<EmailAddress>,
    pub(crate) zones: Arc<ZoneDatabase>,
    /// Stored at the first start.
    pub(crate) practice: Practice,
    pub(crate) name_fallback: NameFallback,
    pub(crate) first_service: NewService,
    pub(crate) default_hours: WeeklySchedule,
    pub(crate) meetings: MeetingConfig,
    pub(crate) payments: PaymentConfig,
    pub(crate) mail: MailTransport,
    pub(crate) mail_from: EmailAddress,
    pub(crate) mail_connections: NonZeroUsize,
    pub(crate) templates_dir: Option<PathBuf>,
    pub(crate) reminders: ReminderPlan,
    pub(crate) log_format: LogFormat,
    /// `None` if metrics are not served.
    pub(crate) metrics_bind: Option<SocketAddr>,
    /// `None` if the age of the last backup is not checked.
    pub(crate) backup_max_age: Option<SignedDuration>,
    pub(crate) clock_file: Option<PathBuf>,
    pub(crate) pseudo_language: bool,
}

impl Settings {
    /// Also refuses what is unsafe in production.
    pub(crate) fn resolve(&self, profile: Profile) -> Result<ResolvedConfig> {
        let production = profile == Profile::Production;
        let data_dir = PathBuf::from(&self.data_dir);
        ensure!(!self.data_dir.is_empty(), "data_dir must name a folder");
        let auth = &self.auth;
        ensure!((1..=15).contains(&auth.access_token_minutes), "auth.access_token_minutes must be between 1 and 15");
        ensure!(
            auth.login_session_idle_days >= 1
                && auth.login_session_max_days >= auth.login_session_idle_days
                && auth.login_session_max_days <= 366,
            "auth.login_session_idle_days must be at least 1, and auth.login_session_max_days at least as much and at most 366"
        );
        ensure!(auth.refresh_overlap_seconds <= 60, "auth.refresh_overlap_seconds must be at most 60");
        ensure!(auth.password_hasher_queue >= 1, "auth.password_hasher_queue must be at least 1");
        let database = self.database_url(&data_dir)?;
        let trusted_proxies = self.trusted_proxies()?;
        if production {
            self.refuse_trials(&database, &trusted_proxies)?;
        }
        ensure!(self.http.stop_delay_seconds <= 60, "http.stop_delay_seconds must be at most 60");
        let zones = Arc::new(ZoneDatabase::newest());
        let minutes = |m: u32| SignedDuration::from_mins(i64::from(m));
        let bind = self.http.bind.parse().map_err(|_| {
            anyhow!("http.bind must be an address and a port such as 127.0.0.1:8080, not {:?}", self.http.bind)
        })?;
        let max_age = self.backup.max_age_hours;
        Ok(ResolvedConfig {
            bind,
            metrics_bind: self.metrics_bind(bind)?,
            backup_max_age: (max_age > 0).then(|| SignedDuration::from_hours(i64::from(max_age))),
            public_url: self.public_url(production)?,
            trusted_proxies,
            stop_delay: Duration::from_secs(self.http.stop_delay_seconds),
            database,
            access_token_lifetime: minutes(auth.access_token_minutes),
            login_sessions: LoginSessionPolicy {
                idle: SignedDuration::from_hours(24 * i64::from(auth.login_session_idle_days)),
                absolute: SignedDuration::from_hours(24 * i64::from(auth.login_session_max_days)),
                overlap: SignedDuration::from_secs(i64::from(auth.refresh_overlap_seconds)),
            },
            registration: match auth.registration.as_str() {
                "open" => Registration::Open,
                "verified" => Registration::Verified,
                "closed" => Registration::Closed,
                other => bail!("auth.registration must be open, verified or closed, not {other:?}"),
            },
            second_factor: SecondFactorPolicy::parse(&auth.second_factor).ok_or_else(|| {
                anyhow!("auth.second_factor must be optional, admins or everybody, not {:?}", auth.second_factor)
            })?,
            first_admin: optional(&auth.first_admin_email)
                .map(|text| EmailAddress::parse(text).context("auth.first_admin_email is not an email address"))
                .transpose()?,
            practice: self.practice(&zones)?,
            name_fallback: NameFallback::parse(&self.practice.name_fallback).ok_or_else(|| {
                anyhow!("practice.name_fallback must be email or neutral, not {:?}", self.practice.name_fallback)
            })?,
            zones,
            first_service: self.first_service()?,
            default_hours: self.default_hours()?,
            meetings: self.meeting_config(production)?,
            payments: self.payment_config(production)?,
            mail: self.mail_transport(&data_dir)?,
            mail_from: EmailAddress::parse(&self.mail.from).context("mail.from is not an email address")?,
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
            pseudo_language: self.testing.pseudo_language,
            data_dir,
        })
    }

    /// Anyone may read the metrics where they are, so they must not be where clients are.
    fn metrics_bind(&self, http: SocketAddr) -> Result<Option<SocketAddr>> {
        let Some(text) = optional(&self.metrics.bind) else { return Ok(None) };
        let bind: SocketAddr = text
            .parse()
            .map_err(|_| anyhow!("metrics.bind must be an address and a port such as 127.0.0.1:9464, not {text:?}"))?;
        let same_address = bind.ip() == http.ip() || bind.ip().is_unspecified() || http.ip().is_unspecified();
        ensure!(
            bind.port() == 0 || bind.port() != http.port() || !same_address,
            "metrics.bind must have another port than http.bind, because clients must not read the metrics"
        );
        Ok(Some(bind))
    }

    fn public_url(&self, production: bool) -> Result<Option<Url>> {
        let Some(text) = optional(&self.http.public_url) else { return Ok(None) };
        let url = Url::parse(text).map_err(|_| anyhow!("http.public_url is not an absolute URL"))?;
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        ensure!(web, "http.public_url must begin with http:// or https://");
        ensure!(
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none(),
            "http.public_url must not contain a query, a fragment or a password"
        );
        ensure!(!production || url.scheme() == "https", "http.public_url must begin with https:// in production");
        Ok(Some(url))
    }

    fn trusted_proxies(&self) -> Result<Vec<AddressRange>> {
        let named = self.http.trusted_proxies.iter().filter(|proxy| !proxy.is_empty());
        named
            .map(|proxy| proxy.parse().map_err(|_| anyhow!("http.trusted_proxies: {proxy:?} is not an address")))
            .collect()
    }

    fn database_url(&self, data_dir: &std::path::Path) -> Result<DatabaseUrl> {
        let url = self.database.url.expose();
        if url.is_empty() {
            return Ok(DatabaseUrl::Sqlite(data_dir.join("attune.sqlite")));
        }
        // The URL itself is never part of an error: it may contain a password.
        match url.split_once(':') {
            Some(("sqlite", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                ensure!(!path.is_empty(), "database.url has no path: write sqlite:PATH");
                Ok(DatabaseUrl::Sqlite(PathBuf::from(path)))
            }
            Some(("postgres" | "postgresql", _)) => Ok(DatabaseUrl::Postgres(self.database.url.clone())),
            Some(("memory", _)) => Ok(DatabaseUrl::Memory),
            _ => bail!("database.url must begin with sqlite:, postgres:// or memory:"),
        }
    }

    fn practice(&self, zones: &ZoneDatabase) -> Result<Practice> {
        let settings = &self.practice;
        let text = |text: &str| optional(text).map(str::to_owned);
        Ok(Practice {
            phone: optional(&settings.phone)
                .map(PhoneNumber::parse)
                .transpose()
                .context("practice.phone is invalid")?,
            email: optional(&settings.email)
                .map(EmailAddress::parse)
                .transpose()
                .context("practice.email is not an email address")?,
            website: optional(&settings.website)
                .map(WebUrl::parse)
                .transpose()
                .context("practice.website is invalid")?,
            accent_color: optional(&settings.accent_color)
                .map(AccentColor::parse)
                .transpose()
                .context("practice.accent_color is invalid")?,
            texts: PracticeTexts {
                imprint: text(&settings.imprint),
                privacy: text(&settings.privacy),
                offline_payment: text(&settings.offline_payment),
            },
            ..Practice::new(PracticeName::parse(&settings.name).context("practice.name is invalid")?, self.zone(zones)?)
        })
    }

    fn zone(&self, zones: &ZoneDatabase) -> Result<TimeZoneName> {
        let name = &self.practice.timezone;
        let problem =
            || format!("practice.timezone: {name:?} is not in the time zone database; an example is Europe/Berlin");
        let parsed = TimeZoneName::parse(name).with_context(problem)?;
        if zones.find(&parsed).is_none() {
            bail!(problem());
        }
        Ok(parsed)
    }

    fn first_service(&self) -> Result<NewService> {
        let practice = &self.practice;
        let currency = Currency::parse(&practice.currency).map_err(|why| anyhow!("practice.currency is {why}"))?;
        let price = Money::parse_decimal(&practice.first_service_price, currency)
            .map_err(|why| anyhow!("practice.first_service_price is invalid: {why}"))?;
        ensure!(
            (1..=Booking::MAX_MINUTES).contains(&practice.first_service_minutes),
            "practice.first_service_minutes must be between 1 and {}",
            Booking::MAX_MINUTES
        );
        ensure!(
            practice.first_service_buffer_minutes <= Booking::MAX_MINUTES,
            "practice.first_service_buffer_minutes must be at most {}",
            Booking::MAX_MINUTES
        );
        ensure!(!practice.first_service_name.trim().is_empty(), "practice.first_service_name must not be empty");
        Ok(NewService {
            name: practice.first_service_name.clone(),
            description: String::new(),
            minutes: practice.first_service_minutes,
            buffer_minutes: practice.first_service_buffer_minutes,
            price,
            translations: BTreeMap::new(),
        })
    }

    fn default_hours(&self) -> Result<WeeklySchedule> {
        let time = |key: &str, text: &str| {
            LocalTime::parse(text).map_err(|why| anyhow!("practice.{key} is {why}, not {text:?}"))
        };
        let practice = &self.practice;
        let hours = LocalTimeRange::new(
            time("default_opens", &practice.default_opens)?,
            time("default_closes", &practice.default_closes)?,
        )
        .map_err(|_| anyhow!("practice.default_closes must be after practice.default_opens"))?;
        let zone = TimeZoneName::parse(&practice.timezone).context("practice.timezone is invalid")?;
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
            .map(|text| text.parse::<u32>().map_err(|_| anyhow!("reminders.offsets_minutes: {text:?} is not a number")))
            .collect::<Result<Vec<_>>>()?;
        ReminderPlan::new(offsets).map_err(|why| anyhow!("reminders.offsets_minutes must be {why}"))
    }
}
