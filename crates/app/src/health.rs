//! The checks behind `/health/ready`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use attune_ports::{Clock, Health, HealthCheck, Notifier, Queries, StoreError};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::admins::Admins;
use crate::backend::Backend;
use crate::last_backup;
use crate::settings::MeetingConfig;
use crate::shared::Shared;
use crate::time_zones::ZoneDatabase;

const OVERDUE: SignedDuration = SignedDuration::from_mins(5);
/// How long a result is shared.
const SHARED_FOR: Duration = Duration::from_secs(10);
/// The same for the accounts of the admins, which change rarely.
const ADMINS_SHARED_FOR: Duration = Duration::from_secs(60);
/// A check that takes longer has failed. Shorter than the limit of the HTTP adapter, so that the result is stored.
const CHECK_TIMEOUT: Duration = Duration::from_secs(4);
/// The mail server and the video server are given up earlier, because a slow one must not put the instance out of service.
const PEER_TIMEOUT: Duration = Duration::from_secs(3);

/// What is checked, and through what.
pub(crate) enum Check {
    Database(Arc<Backend>),
    Migrations(Arc<Backend>),
    Outbox(Arc<dyn Queries>, Arc<dyn Clock>),
    Payments(Arc<dyn Queries>),
    Admins(Arc<dyn Queries>),
    Mail(Arc<dyn Notifier>),
    /// `None` for the public server, whose state is no business of an installation.
    Jitsi(Option<VideoServer>),
    TimeZones(Arc<ZoneDatabase>),
    /// Not checked without a `max_age`.
    Backup {
        data_dir: PathBuf,
        max_age: Option<SignedDuration>,
        clock: Arc<dyn Clock>,
    },
}

pub(crate) struct VideoServer {
    base: String,
    client: reqwest::Client,
}

impl Check {
    pub(crate) fn jitsi(meetings: &MeetingConfig) -> Result<Self> {
        let base = meetings.base.as_str().to_owned();
        if meetings.deployment.is_none() && base.starts_with("https://meet.jit.si/") {
            return Ok(Self::Jitsi(None));
        }
        let client = reqwest::Client::builder().timeout(PEER_TIMEOUT).build();
        Ok(Self::Jitsi(Some(VideoServer { base, client: client.context("the video server cannot be checked")? })))
    }

    pub(crate) fn shared(self) -> SharedCheck {
        let shared_for = if let Self::Admins(_) = self { ADMINS_SHARED_FOR } else { SHARED_FOR };
        SharedCheck::new(self, shared_for)
    }
}

#[async_trait]
impl HealthCheck for Check {
    fn name(&self) -> &'static str {
        match self {
            Self::Database(_) => "database",
            Self::Migrations(_) => "migrations",
            Self::Outbox(..) => "outbox",
            Self::Payments(_) => "payments",
            Self::Admins(_) => "admins",
            Self::Mail(_) => "mail",
            Self::Jitsi(_) => "jitsi",
            Self::TimeZones(_) => "time_zones",
            Self::Backup { .. } => "backup",
        }
    }

    fn version(&self) -> Option<&str> {
        if let Self::TimeZones(zones) = self { Some(zones.version()) } else { None }
    }

    async fn check(&self) -> Health {
        match self {
            Self::Database(backend) => check_database(backend).await,
            Self::Migrations(backend) => match backend.schema_is_current().await {
                Ok(true) => Health::Ok,
                Ok(false) => Health::Failing("the tables do not match this version"),
                Err(_) => Health::Failing("the schema version cannot be read"),
            },
            Self::Outbox(queries, clock) => {
                let overdue_before = clock.now().saturating_sub(OVERDUE).unwrap_or(Timestamp::MIN);
                match queries.outbox_health(overdue_before).await {
                    Err(_) => Health::Failing("the outbox cannot be read"),
                    Ok(health) if health.dead > 0 => Health::Warn("some emails were given up and need an admin"),
                    Ok(health) if health.held > 0 => {
                        Health::Warn("some emails are held since a backup was restored; see attune emails")
                    }
                    Ok(health) if health.overdue > 0 => Health::Warn("some emails are overdue; is a worker running?"),
                    Ok(_) => Health::Ok,
                }
            }
            Self::Payments(queries) => match queries.payment_problems(None, 1).await {
                Err(_) => Health::Failing("payments cannot be read"),
                Ok(open) if open.is_empty() => Health::Ok,
                Ok(_) => Health::Warn("a payment needs review by an admin"),
            },
            Self::Admins(queries) => match Admins::read(&**queries).await {
                Ok(admins) => admins.warning().map_or(Health::Ok, Health::Warn),
                Err(_) => Health::Warn("the accounts of the admins cannot be read"),
            },
            Self::Mail(notifier) => match timeout(PEER_TIMEOUT, notifier.check()).await {
                Ok(Ok(())) => Health::Ok,
                // Bookings work without email, so the instance stays in service.
                Ok(Err(_)) | Err(_) => Health::Warn("the mail server is unavailable; emails stay queued"),
            },
            Self::Jitsi(None) => Health::Warn(
                "meet.jit.si is for trials: the first participant has to log in there; roles are not enforced",
            ),
            // Appointments can be made without it, so the instance stays in service.
            Self::Jitsi(Some(server)) => match server.client.get(&server.base).send().await {
                Ok(response) if response.status().is_success() || response.status().is_redirection() => Health::Ok,
                Ok(_) => Health::Warn("the video server responds with an error"),
                Err(_) => Health::Warn("the video server is unreachable"),
            },
            Self::TimeZones(zones) if zones.is_known_to_be_newest() => Health::Ok,
            Self::TimeZones(_) => {
                Health::Warn("the machine's time zone database has no version; the built-in one is used")
            }
            Self::Backup { max_age: None, .. } => Health::Ok,
            Self::Backup { data_dir, max_age: Some(max_age), clock } => match last_backup::read(data_dir) {
                Ok(Some(at)) if clock.now().duration_since(at) <= *max_age => Health::Ok,
                Ok(Some(_)) => Health::Warn("the last backup is older than backup.max_age_hours"),
                Ok(None) => Health::Warn("there has been no backup"),
                Err(_) => Health::Warn("the time of the last backup cannot be read"),
            },
        }
    }
}

/// Fails from the signal to stop on, so that a load balancer sends the instance no further requests. Its result is not shared,
/// because it costs nothing.
pub(crate) struct Stopping(pub(crate) watch::Receiver<bool>);

#[async_trait]
impl HealthCheck for Stopping {
    fn name(&self) -> &'static str {
        "instance"
    }

    async fn check(&self) -> Health {
        if *self.0.borrow() { Health::Failing("the instance is stopping") } else { Health::Ok }
    }
}

async fn check_database(backend: &Backend) -> Health {
    if backend.queries().ping().await.is_err() {
        return Health::Failing("the database is unreachable");
    }
    match rewrite(backend).await {
        // Someone else is writing, so it can be written to.
        Ok(()) | Err(StoreError::Contended) => Health::Ok,
        Err(error) if attune_adapter_sqlite::is_replaced(&error) => {
            Health::Failing("the database file was removed or replaced while it was in use")
        }
        Err(_) => Health::Failing("the database accepts no writes"),
    }
}

/// A write that changes nothing, committed like any other: it fails on a full disk and on a standby.
async fn rewrite(backend: &Backend) -> Result<(), StoreError> {
    let mut work = backend.store().begin().await?;
    work.rewrite_installation().await?;
    work.commit().await
}

/// A check whose results are shared, see [`Shared`].
pub(crate) struct SharedCheck {
    check: Arc<dyn HealthCheck>,
    health: Shared<Health>,
}

impl SharedCheck {
    fn new(check: impl HealthCheck + 'static, shared_for: Duration) -> Self {
        let check: Arc<dyn HealthCheck> = Arc::new(check);
        let checked = Arc::clone(&check);
        let health = Shared::new(shared_for, move || {
            let check = Arc::clone(&checked);
            async move { timeout(CHECK_TIMEOUT, check.check()).await.unwrap_or(Health::Failing("no response in time")) }
        });
        Self { check, health }
    }
}

#[async_trait]
impl HealthCheck for SharedCheck {
    fn name(&self) -> &'static str {
        self.check.name()
    }

    fn version(&self) -> Option<&str> {
        self.check.version()
    }

    async fn check(&self) -> Health {
        self.health.get().await.unwrap_or(Health::Failing("the check did not complete"))
    }
}

#[cfg(test)]
mod tests;
