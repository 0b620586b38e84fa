//! The checks behind `/health/ready`.

use std::sync::Arc;

use async_trait::async_trait;
use attune_ports::{Clock, Health, HealthCheck, Notifier, Queries};
use jiff::{SignedDuration, Timestamp};

use crate::backend::Backend;
use crate::settings::MeetingConfig;

const OVERDUE: SignedDuration = SignedDuration::from_mins(5);

pub(crate) struct Database(pub(crate) Arc<dyn Queries>);

#[async_trait]
impl HealthCheck for Database {
    fn name(&self) -> &'static str {
        "database"
    }

    async fn check(&self) -> Health {
        match self.0.ping().await {
            Ok(()) => Health::Ok,
            Err(_) => Health::Failing("the database is unreachable"),
        }
    }
}

pub(crate) struct Migrations(pub(crate) Arc<Backend>);

#[async_trait]
impl HealthCheck for Migrations {
    fn name(&self) -> &'static str {
        "migrations"
    }

    async fn check(&self) -> Health {
        match self.0.schema_is_current().await {
            Ok(true) => Health::Ok,
            Ok(false) => Health::Failing("the tables do not match this version"),
            Err(_) => Health::Failing("the schema version cannot be read"),
        }
    }
}

pub(crate) struct Outbox {
    pub(crate) queries: Arc<dyn Queries>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl HealthCheck for Outbox {
    fn name(&self) -> &'static str {
        "outbox"
    }

    async fn check(&self) -> Health {
        let overdue_before = self.clock.now().saturating_sub(OVERDUE).unwrap_or(Timestamp::MIN);
        match self.queries.outbox_health(overdue_before).await {
            Err(_) => Health::Failing("the outbox cannot be read"),
            Ok(health) if health.dead > 0 => Health::Warn("some emails were given up and need an admin"),
            Ok(health) if health.overdue > 0 => Health::Warn("some emails are overdue; is a worker running?"),
            Ok(_) => Health::Ok,
        }
    }
}

pub(crate) struct Payments(pub(crate) Arc<dyn Queries>);

#[async_trait]
impl HealthCheck for Payments {
    fn name(&self) -> &'static str {
        "payments"
    }

    async fn check(&self) -> Health {
        match self.0.payment_problems(1).await {
            Err(_) => Health::Failing("payments cannot be read"),
            Ok(open) if open.is_empty() => Health::Ok,
            Ok(_) => Health::Warn("a payment needs review by an admin"),
        }
    }
}

pub(crate) struct Mail(pub(crate) Arc<dyn Notifier>);

#[async_trait]
impl HealthCheck for Mail {
    fn name(&self) -> &'static str {
        "mail"
    }

    async fn check(&self) -> Health {
        match self.0.check().await {
            Ok(()) => Health::Ok,
            // Bookings work without email, so the instance stays in service.
            Err(_) => Health::Warn("the mail server is unavailable; emails stay queued"),
        }
    }
}

pub(crate) struct Jitsi(Health);

impl Jitsi {
    /// The video server itself is not checked: appointments can continue without us.
    pub(crate) fn new(meetings: &MeetingConfig) -> Self {
        let public = meetings.base.as_str().starts_with("https://meet.jit.si/");
        Self(if meetings.deployment.is_none() && public {
            Health::Warn("meet.jit.si is for trials: the first participant has to log in there; roles are not enforced")
        } else {
            Health::Ok
        })
    }
}

#[async_trait]
impl HealthCheck for Jitsi {
    fn name(&self) -> &'static str {
        "jitsi"
    }

    async fn check(&self) -> Health {
        self.0
    }
}
