//! What the readiness answer looks at.

use std::sync::Arc;

use async_trait::async_trait;
use attune_ports::{Clock, Health, HealthCheck, Notifier, Queries};
use jiff::{SignedDuration, Timestamp};

use crate::backend::Backend;
use crate::settings::{Meetings, Signed};

/// A mail that is due for longer than this is worth a look.
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
            Err(_) => Health::Failing("the database does not answer"),
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
            Ok(false) => Health::Failing("the tables are not those of this version"),
            Err(_) => Health::Failing("the tables cannot be looked at"),
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
            Ok(health) if health.dead > 0 => Health::Warn("some mails were given up; an admin should look at them"),
            Ok(health) if health.overdue > 0 => Health::Warn("some mails are overdue; is a worker running?"),
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
            Ok(_) => Health::Warn("a payment needs an admin to look at it"),
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
            // Bookings go on without mail, so the instance stays in service.
            Err(_) => Health::Warn("the mail server does not answer; mails wait"),
        }
    }
}

pub(crate) struct Jitsi(Health);

impl Jitsi {
    /// What the settings say; the video server itself is not asked, because sessions go on without our asking.
    pub(crate) fn new(meetings: &Meetings) -> Self {
        let public = meetings.base.as_str().starts_with("https://meet.jit.si/");
        Self(match meetings.signed {
            Signed::No if public => Health::Warn(
                "meet.jit.si is for trying out: the first person has to log in there, and roles are not enforced",
            ),
            Signed::No | Signed::AuditContext(_) => Health::Ok,
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
