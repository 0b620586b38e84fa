//! What systemd is told where it runs the service (`Type=notify`). Without `NOTIFY_SOCKET`, no one is.

use sd_notify::NotifyState;

pub(crate) fn ready() {
    notify(NotifyState::Ready);
    if let Some(period) = sd_notify::watchdog_enabled() {
        // Twice in each period, as systemd's documentation recommends.
        let mut ticks = tokio::time::interval(period / 2);
        tokio::spawn(async move {
            loop {
                ticks.tick().await;
                notify(NotifyState::Watchdog);
            }
        });
    }
}

pub(crate) fn stopping() {
    notify(NotifyState::Stopping);
}

fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager cannot be told the state of the service");
    }
}
