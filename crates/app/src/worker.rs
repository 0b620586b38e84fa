//! The worker: sends mails as they fall due, and lets go of bookings that nobody paid.

use std::sync::Arc;
use std::time::Duration;

use attune_application::ForgetReplies;
use attune_application::bookings::{CompleteSessions, SweepHolds};
use attune_application::notices::DeliverNotices;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::ambient::Bell;

/// How often the outbox is looked at when nobody rings.
const POLL: Duration = Duration::from_secs(1);
/// How often lapsed holds are looked for. Nobody waits for it: whoever wants such a slot takes it at once.
const SWEEP: Duration = Duration::from_secs(15);
/// Pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(2);

pub(crate) struct Worker {
    pub(crate) deliver: DeliverNotices,
    pub(crate) sweep: SweepHolds,
    pub(crate) complete: CompleteSessions,
    pub(crate) forget: ForgetReplies,
    pub(crate) bell: Arc<Bell>,
}

impl Worker {
    /// Works until told to stop. A mail that is being sent is sent to its end.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut next_sweep = Instant::now();
        while !*stop.borrow() {
            let pause = match self.deliver.run().await {
                Ok(delivered) if delivered.more => continue,
                Ok(_) => POLL,
                Err(error) => {
                    tracing::warn!(%error, cause = cause(&error), "the outbox cannot be read");
                    STORE_PAUSE
                }
            };
            if Instant::now() >= next_sweep {
                next_sweep = Instant::now() + SWEEP;
                match self.sweep.run().await {
                    Ok(0) => {}
                    Ok(released) => tracing::info!(released, "unpaid bookings expired"),
                    Err(error) => tracing::warn!(%error, cause = cause(&error), "lapsed holds cannot be read"),
                }
                match self.complete.run().await {
                    Ok(0) => {}
                    Ok(completed) => tracing::info!(completed, "sessions that are over were completed"),
                    Err(error) => tracing::warn!(%error, cause = cause(&error), "ended sessions cannot be read"),
                }
                if let Err(error) = self.forget.run().await {
                    tracing::warn!(%error, cause = cause(&error), "old replies cannot be forgotten");
                }
            }
            tokio::select! {
                () = self.bell.rung() => {}
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
    }
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
