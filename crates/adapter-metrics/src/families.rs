//! The metrics: their names, what they mean, and their labels.

use std::borrow::Cow;
use std::fmt;

use attune_ports::{Backlog, BatchActivity, PoolActivity};
use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::snapshot::{Snapshot, TaskRuns};

type Labels = Vec<(&'static str, Cow<'static, str>)>;

fn label(name: &'static str, value: impl Into<Cow<'static, str>>) -> Labels {
    vec![(name, value.into())]
}

/// Values without a label.
fn alone<T>(value: T) -> [(Labels, T); 1] {
    [(Labels::new(), value)]
}

/// Writes metrics; those without a value are left out.
struct Families<'a>(DescriptorEncoder<'a>);

impl Families<'_> {
    fn counter(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, u64)>) -> fmt::Result {
        self.family(name, help, MetricType::Counter, values, |metric, value| {
            metric.encode_counter::<NoLabelSet, _, u64>(&value, None)
        })
    }

    fn count(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, u64)>) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, values, |metric, value| metric.encode_gauge(&value))
    }

    /// Seconds since the beginning of 1970.
    fn instant(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels, Timestamp)>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, values, |metric, at: Timestamp| {
            metric.encode_gauge(&at.as_duration().as_secs_f64())
        })
    }

    /// Seconds from an instant to `now`; none while it is to come.
    fn age(&mut self, name: &str, help: &str, now: Timestamp, at: Option<Timestamp>) -> fmt::Result {
        let age = at.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
        self.family(name, help, MetricType::Gauge, alone(age), |metric, age| metric.encode_gauge(&age))
    }

    fn info(&mut self, name: &str, help: &str, labels: &Labels) -> fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(labels)
    }

    fn family<T>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        values: impl IntoIterator<Item = (Labels, T)>,
        encode: impl Fn(&mut MetricEncoder<'_>, T) -> fmt::Result,
    ) -> fmt::Result {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return Ok(());
        }
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in values {
            if labels.is_empty() {
                encode(&mut family, value)?;
            } else {
                encode(&mut family.encode_family(&labels)?, value)?;
            }
        }
        Ok(())
    }
}

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        self.process(&mut families)?;
        self.requests(&mut families)?;
        self.database(&mut families)?;
        self.work(&mut families)
    }
}

impl Snapshot {
    fn process(&self, families: &mut Families<'_>) -> fmt::Result {
        families.info("attune_build", "The version of Attune", &label("version", self.version))?;
        families.info("attune_database", "The kind of database", &label("kind", self.database))?;
        families.instant("process_start_time_seconds", "When the process started", alone(self.started_at))?;
        families.count(
            "attune_password_hasher_waiting",
            "Passwords that wait to be verified",
            alone(self.passwords.waiting),
        )?;
        families.counter(
            "attune_password_hasher_refused",
            "Passwords that were not verified because too many were waiting",
            alone(self.passwords.refused),
        )?;
        families.instant("attune_last_backup_timestamp_seconds", "When the last backup succeeded", {
            self.last_backup.map(|at| (Labels::new(), at))
        })
    }

    fn requests(&self, families: &mut Families<'_>) -> fmt::Result {
        let Some(traffic) = &self.traffic else { return Ok(()) };
        let responses = traffic.routes.iter().flat_map(|route| {
            route.responses().map(|(method, status, responses)| {
                let status = status.map_or("other".into(), |status| Cow::from(status.to_string()));
                let labels = vec![("route", route.pattern().into()), ("method", method.into()), ("status", status)];
                (labels, responses)
            })
        });
        families.counter("attune_http_requests", "Requests by route, method and status", responses)?;
        let durations = traffic.routes.iter().filter_map(|route| {
            let durations = route.durations();
            (durations.requests > 0).then(|| (label("route", route.pattern()), durations))
        });
        families.family(
            "attune_http_request_duration_seconds",
            "Time from the head of a request to its response, by route",
            MetricType::Histogram,
            durations,
            |metric, took| metric.encode_histogram::<NoLabelSet>(took.seconds, took.requests, &took.classes, None),
        )?;
        let refusals = traffic.limiter.refusals().map(|(setting, refused)| (label("limit", setting), refused));
        families.counter("attune_rate_limited", "Requests that were refused, by the setting below limits", refusals)
    }

    fn database(&self, families: &mut Families<'_>) -> fmt::Result {
        let up = u64::from(self.backlog.is_some());
        families.count("attune_database_up", "Whether the database responded", alone(up))?;
        let pools = |value: fn(&PoolActivity) -> u64| {
            self.store.pools.iter().map(move |pool| (label("pool", pool.name), value(pool)))
        };
        families.count(
            "attune_database_connections_limit",
            "The most connections that there can be, by what they are for",
            pools(|pool| pool.size),
        )?;
        let connections = self.store.pools.iter().flat_map(|pool| {
            let state = |state: &'static str, connections: u64| {
                (vec![("pool", pool.name.into()), ("state", state.into())], connections)
            };
            [state("idle", pool.idle), state("used", pool.open.saturating_sub(pool.idle))]
        });
        families.count("attune_database_connections", "Open connections", connections)?;
        families.count(
            "attune_database_connections_waiting",
            "Calls that wait for a connection",
            pools(|pool| pool.waiting),
        )?;
        families.counter(
            "attune_database_connection_timeouts",
            "Calls that waited for a connection in vain",
            pools(|pool| pool.timeouts),
        )?;
        let batches = |value: fn(&BatchActivity) -> u64| {
            self.store.batches.iter().map(move |batch| (label("read", batch.name), value(batch)))
        };
        families.counter(
            "attune_database_batches",
            "Statements or transactions that reads of the same moment share",
            batches(|batch| batch.batches),
        )?;
        families.counter("attune_database_batched_reads", "Reads in all of them", batches(|batch| batch.reads))
    }

    fn work(&self, families: &mut Families<'_>) -> fmt::Result {
        if let Some(backlog) = &self.backlog {
            self.backlog(families, backlog)?;
        }
        let tasks = |value: fn(&TaskRuns) -> Option<Timestamp>| {
            self.tasks.iter().filter_map(move |task| Some((label("task", task.name), value(task)?)))
        };
        families.instant(
            "attune_worker_last_run_timestamp_seconds",
            "When a task of the worker last ended, in whatever way",
            tasks(|task| task.last_run),
        )?;
        families.instant(
            "attune_worker_last_success_timestamp_seconds",
            "When a task of the worker last succeeded",
            tasks(|task| task.last_success),
        )?;
        let failures = self.tasks.iter().map(|task| (label("task", task.name), task.failures));
        families.counter("attune_worker_failures", "How often a task of the worker failed", failures)
    }

    fn backlog(&self, families: &mut Families<'_>, backlog: &Backlog) -> fmt::Result {
        let emails =
            [("pending", backlog.pending_emails), ("dead", backlog.dead_emails), ("held", backlog.held_emails)];
        families.count(
            "attune_outbox_emails",
            "Emails that are pending, those that were given up (dead), and those that a restore has held",
            emails.map(|(state, emails)| (label("state", state), emails)),
        )?;
        families.age(
            "attune_outbox_oldest_due_age_seconds",
            "For how long the oldest pending email has been due",
            self.now,
            backlog.first_email_due,
        )?;
        families.count("attune_holds", "Unpaid bookings that keep their slot", alone(backlog.holds))?;
        families.age(
            "attune_holds_oldest_expired_age_seconds",
            "For how long the oldest hold has been expired without being released",
            self.now,
            backlog.first_hold_expiry,
        )?;
        families.count(
            "attune_payments_needing_review",
            "Payments that need review",
            alone(backlog.payment_problems),
        )?;
        families.count("attune_conferences", "Conferences that are open", alone(backlog.conferences))
    }
}
