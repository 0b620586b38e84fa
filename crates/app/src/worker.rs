//! The worker: sends emails when they are due, expires holds, reconciles payments and processes refunds.

use std::sync::Arc;
use std::time::Duration;

use attune_application::PurgeExpired;
use attune_application::bookings::{CompleteEndedBookings, ExpireHolds};
use attune_application::notifications::{DeliverNotifications, PlanAgendas};
use attune_application::payments::{ProcessRefunds, ReconcilePayments};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::ambient::Waker;
use crate::task_log::{Task, TaskLog};

/// How often the outbox is polled when the waker is silent.
const OUTBOX_INTERVAL: Duration = Duration::from_secs(1);
/// How often payments and refunds are polled; no client waits for it.
const PAYMENT_INTERVAL: Duration = Duration::from_secs(2);
/// How often expired holds are released. No client waits for it: a booking request for such a slot releases it itself.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(15);
/// Delay after the store failed.
const STORE_RETRY_DELAY: Duration = Duration::from_secs(2);

pub(crate) struct Worker {
    pub(crate) deliver: DeliverNotifications,
    pub(crate) agendas: PlanAgendas,
    pub(crate) expire_holds: ExpireHolds,
    pub(crate) reconcile: ReconcilePayments,
    pub(crate) refunds: ProcessRefunds,
    pub(crate) complete: CompleteEndedBookings,
    pub(crate) purge: PurgeExpired,
    pub(crate) waker: Arc<Waker>,
    pub(crate) log: Arc<TaskLog>,
}

impl Worker {
    /// Runs until `stop`. An email that is being sent is completed; the others are left to other workers.
    ///
    /// Payments have a loop of their own: a slow payment provider must not delay reminders.
    pub(crate) async fn run(self, stop: watch::Receiver<bool>) {
        tokio::join!(self.emails(stop.clone()), self.payments(stop));
    }

    async fn emails(&self, mut stop: watch::Receiver<bool>) {
        let mut next_maintenance = Instant::now();
        while !*stop.borrow() {
            match self.log.ended(Task::Agendas, self.agendas.run().await) {
                Ok(0) => {}
                Ok(agendas) => tracing::info!(agendas, "agendas planned"),
                Err(error) => tracing::warn!(%error, cause = cause(&error), "agendas not planned"),
            }
            let delivered = self.deliver.run_until_stopped(|| *stop.borrow()).await;
            let delay = match self.log.ended(Task::Emails, delivered) {
                Ok(delivered) if delivered.more => continue,
                Ok(_) => OUTBOX_INTERVAL,
                Err(error) => {
                    tracing::warn!(%error, cause = cause(&error), "outbox not readable");
                    STORE_RETRY_DELAY
                }
            };
            if Instant::now() >= next_maintenance {
                next_maintenance = Instant::now() + MAINTENANCE_INTERVAL;
                match self.log.ended(Task::Completion, self.complete.run().await) {
                    Ok(0) => {}
                    Ok(completed) => tracing::info!(completed, "ended bookings completed"),
                    Err(error) => tracing::warn!(%error, cause = cause(&error), "ended bookings not readable"),
                }
                if let Err(error) = self.log.ended(Task::Purge, self.purge.run().await) {
                    tracing::warn!(%error, cause = cause(&error), "purge failed");
                }
            }
            tokio::select! {
                () = self.waker.woken() => {}
                () = tokio::time::sleep(delay) => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn payments(&self, mut stop: watch::Receiver<bool>) {
        let mut next_maintenance = Instant::now();
        while !*stop.borrow() {
            if Instant::now() >= next_maintenance {
                next_maintenance = Instant::now() + MAINTENANCE_INTERVAL;
                match self.log.ended(Task::Holds, self.expire_holds.run().await) {
                    Ok(0) => {}
                    Ok(released) => tracing::info!(released, "holds expired"),
                    Err(error) => tracing::warn!(%error, cause = cause(&error), "expired holds not readable"),
                }
            }
            match self.log.ended(Task::Payments, self.reconcile.run().await) {
                Ok(0) => {}
                Ok(checkouts) => {
                    tracing::info!(checkouts, "checkouts reconciled");
                    // A hold may have waited for the result.
                    next_maintenance = Instant::now();
                }
                Err(error) => tracing::warn!(%error, cause = cause(&error), "payments not readable"),
            }
            match self.log.ended(Task::Refunds, self.refunds.run().await) {
                Ok(0) => {}
                Ok(refunds) => tracing::info!(refunds, "refunds processed"),
                Err(error) => tracing::warn!(%error, cause = cause(&error), "refunds not readable"),
            }
            tokio::select! {
                () = tokio::time::sleep(PAYMENT_INTERVAL) => {}
                _ = stop.changed() => {}
            }
        }
    }
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
