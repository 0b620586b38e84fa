//! The worker: sends mails as they fall due, lets go of bookings that nobody paid, and sees to it that money that came or
//! is to go back gets where it belongs.

use std::sync::Arc;
use std::time::Duration;

use attune_application::PurgeExpired;
use attune_application::bookings::{CompleteEndedBookings, ExpireHolds};
use attune_application::notifications::DeliverNotifications;
use attune_application::payments::{ProcessRefunds, ReconcilePayments};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::ambient::Waker;

/// How often the outbox is looked at when nobody rings.
const POLL: Duration = Duration::from_secs(1);
/// How often payments and refunds are looked at. Nobody waits for it: news comes by itself, and the worker looks for what
/// did not come.
const MONEY: Duration = Duration::from_secs(2);
/// How often lapsed holds are looked for. Nobody waits for it: whoever wants such a slot takes it at once.
const SWEEP: Duration = Duration::from_secs(15);
/// Pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(2);

pub(crate) struct Worker {
    pub(crate) deliver: DeliverNotifications,
    pub(crate) sweep: ExpireHolds,
    pub(crate) watch: ReconcilePayments,
    pub(crate) settle: ProcessRefunds,
    pub(crate) complete: CompleteEndedBookings,
    pub(crate) forget: PurgeExpired,
    pub(crate) waker: Arc<Waker>,
}

impl Worker {
    /// Works until told to stop. A mail that is being sent is sent to its end, and what has not begun is left to others.
    ///
    /// Money is looked after beside the mails: a payment provider that takes its time must not make reminders late.
    pub(crate) async fn run(self, stop: watch::Receiver<bool>) {
        tokio::join!(self.mails(stop.clone()), self.money(stop));
    }

    async fn mails(&self, mut stop: watch::Receiver<bool>) {
        let mut next_sweep = Instant::now();
        while !*stop.borrow() {
            let pause = match self.deliver.run_while(|| !*stop.borrow()).await {
                Ok(delivered) if delivered.more => continue,
                Ok(_) => POLL,
                Err(error) => {
                    tracing::warn!(%error, cause = cause(&error), "the outbox cannot be read");
                    STORE_PAUSE
                }
            };
            if Instant::now() >= next_sweep {
                next_sweep = Instant::now() + SWEEP;
                match self.complete.run().await {
                    Ok(0) => {}
                    Ok(completed) => tracing::info!(completed, "sessions that are over were completed"),
                    Err(error) => tracing::warn!(%error, cause = cause(&error), "ended sessions cannot be read"),
                }
                if let Err(error) = self.forget.run().await {
                    tracing::warn!(%error, cause = cause(&error), "old replies and payment events cannot be forgotten");
                }
            }
            tokio::select! {
                () = self.waker.rung() => {}
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn money(&self, mut stop: watch::Receiver<bool>) {
        let mut next_sweep = Instant::now();
        while !*stop.borrow() {
            if Instant::now() >= next_sweep {
                next_sweep = Instant::now() + SWEEP;
                match self.sweep.run().await {
                    Ok(0) => {}
                    Ok(released) => tracing::info!(released, "unpaid bookings expired"),
                    Err(error) => tracing::warn!(%error, cause = cause(&error), "lapsed holds cannot be read"),
                }
            }
            match self.watch.run().await {
                Ok(0) => {}
                Ok(asked) => {
                    tracing::info!(asked, "checkouts asked about");
                    // A hold may have waited for just that.
                    next_sweep = Instant::now();
                }
                Err(error) => tracing::warn!(%error, cause = cause(&error), "payments cannot be read"),
            }
            match self.settle.run().await {
                Ok(0) => {}
                Ok(taken_up) => tracing::info!(taken_up, "refunds taken up"),
                Err(error) => tracing::warn!(%error, cause = cause(&error), "refunds cannot be read"),
            }
            tokio::select! {
                () = tokio::time::sleep(MONEY) => {}
                _ = stop.changed() => {}
            }
        }
    }
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
