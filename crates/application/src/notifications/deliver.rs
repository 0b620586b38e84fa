//! Leases due notifications, checks whether each should still be sent, renders it from current data, sends it and stores
//! the result.
//!
//! Delivery is at least once: a duplicate is possible only if the process ends between the mail server's reply and the
//! acknowledgement. Both copies then have the same Message-ID, and mail programs show one.
//!
//! Notifications are leased in batches and sent a few at a time. One unit of work at a time acknowledges results; it takes
//! along every reply that arrived while the one before was running. So a fast store acknowledges each email on its own, a
//! slow one still keeps pace with the mail server, and the worker uses at most one writing connection.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use attune_domain::meeting::Viewer;
use attune_domain::notification::{
    NewNotification, Notification, NotificationKind, NotificationState, ReminderPlan, RetryDecision, RetryPolicy,
    SendDecision, is_superseded, send_decision,
};
use attune_domain::{
    Booking, BookingStatus, EmailAddress, NotificationId, Participant, PaymentStatus, TimeZoneName, User, ViewerId,
};
use attune_ports::{
    Clock, DeliveryResult, Email, Lease, LeaseToken, Notifier, NotifyError, PaymentDetails, PaymentState, Queries,
    Random, RefundStage, Store, StoreError, TimeZones,
};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::meetings::MeetingLinks;

/// Notifications leased at once.
const BATCH: u32 = 100;
/// How long a lease lasts: the time in which sending may begin ([`START_WINDOW`]), the notifier's time limit of 30 seconds
/// for the last email, and a minute for reading and writing in a slow store.
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// How long after the lease an email may still be started. The others are returned, so that a mail server that stalls
/// keeps few emails from other workers, and no email is started whose lease could expire.
const START_WINDOW: SignedDuration = SignedDuration::from_secs(30);
/// While this many results are not acknowledged, no other email is started. If the process ends, these and the emails in
/// flight are the ones that may be sent twice, so a store that is stuck must not let them become many.
const MAX_UNACKNOWLEDGED: usize = 25;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliverySummary {
    /// Leased notifications, without those that were returned.
    pub claimed: usize,
    pub sent: usize,
    /// Whether more may be due already, so that the next run need not wait.
    pub more: bool,
}

struct Attempt {
    notification: Notification,
    result: DeliveryResult,
}

impl Attempt {
    /// `acknowledged` is `false` if the lease was lost.
    fn log(&self, acknowledged: Result<bool, &StoreError>) {
        let Self { notification, result } = self;
        match acknowledged {
            Ok(true) => tracing::info!(
                notification = %notification.id, kind = notification.content.kind.as_str(),
                attempt = notification.attempts, state = %result.state, error = result.last_error.as_deref(),
                "notification processed"
            ),
            Ok(false) => tracing::warn!(notification = %notification.id, "notification lease lost"),
            Err(error) => {
                let sent = result.state == NotificationState::Sent;
                tracing::error!(notification = %notification.id, %error, sent, "notification not acknowledged");
            }
        }
    }
}

enum Finished {
    /// `None` if the store could not be read.
    Attempt(Option<Box<Attempt>>),
    /// Whether all results of a batch were stored.
    Acknowledged(bool),
}

struct Recipient {
    email: EmailAddress,
    time_zone: Option<TimeZoneName>,
    name: String,
    join_url: Option<String>,
}

#[derive(Clone)]
pub struct DeliverNotifications {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub notifier: Arc<dyn Notifier>,
    pub clock: Arc<dyn Clock>,
    /// For lease tokens and the jitter of retries.
    pub random: Arc<dyn Random>,
    pub zones: Arc<dyn TimeZones>,
    pub links: MeetingLinks,
    pub reminders: ReminderPlan,
    pub retry: RetryPolicy,
    /// For recipients without a time zone of their own.
    pub practice_zone: TimeZone,
    /// How many emails are sent at the same time.
    pub parallel_emails: NonZeroUsize,
}

impl DeliverNotifications {
    /// Sends one batch of due notifications. Failures of single emails are stored, not returned.
    pub async fn run(&self) -> Result<DeliverySummary, StoreError> {
        self.run_until_stopped(|| false).await
    }

    /// The same, but starts no further email once `stopped` returns true or the store fails. Emails in flight are finished
    /// and acknowledged; the others are returned.
    pub async fn run_until_stopped(
        &self,
        stopped: impl Fn() -> bool + Send + Sync,
    ) -> Result<DeliverySummary, StoreError> {
        let now = self.clock.now();
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let lease = Lease { token: LeaseToken(self.random.random_bytes()), until };
        let leased = self.lease(now, &lease).await?;
        let (count, full) = (leased.len(), leased.len() == BATCH as usize);
        let last_start = now.saturating_add(START_WINDOW).unwrap_or(Timestamp::MAX);

        let mut waiting = VecDeque::from(leased);
        let mut running = FuturesUnordered::new();
        let mut results = Vec::new();
        let (mut sending, mut unacknowledged, mut acknowledging) = (0, 0, 0);
        let (mut sent, mut store_failed) = (0, false);
        loop {
            while sending < self.parallel_emails.get()
                && unacknowledged < MAX_UNACKNOWLEDGED
                && !store_failed
                && !stopped()
                && self.clock.now() <= last_start
                && let Some(notification) = waiting.pop_front()
            {
                sending += 1;
                running.push(async { Finished::Attempt(self.attempt(notification).await) }.boxed());
            }
            if acknowledging == 0 && !results.is_empty() {
                let batch = std::mem::take(&mut results);
                acknowledging = batch.len();
                running.push(self.acknowledge(&lease.token, batch).map(Finished::Acknowledged).boxed());
            }
            match running.next().await {
                Some(Finished::Attempt(attempt)) => {
                    sending -= 1;
                    store_failed |= attempt.is_none();
                    if let Some(attempt) = attempt {
                        sent += usize::from(attempt.result.state == NotificationState::Sent);
                        unacknowledged += 1;
                        results.push(*attempt);
                    }
                }
                Some(Finished::Acknowledged(all)) => {
                    store_failed |= !all;
                    unacknowledged -= acknowledging;
                    acknowledging = 0;
                }
                None => break,
            }
        }
        let rest: Vec<NotificationId> = waiting.into_iter().map(|notification| notification.id).collect();
        if !rest.is_empty() {
            self.nack(&rest, &lease.token).await?;
        }
        Ok(DeliverySummary { claimed: count - rest.len(), sent, more: !store_failed && (full || !rest.is_empty()) })
    }

    async fn lease(&self, now: Timestamp, lease: &Lease) -> Result<Vec<Notification>, StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let leased = work.lease_notifications(BATCH, now, lease).await?;
            if !leased.is_empty() {
                work.commit().await?;
            }
            Ok(leased)
        })
        .await
    }

    async fn nack(&self, rest: &[NotificationId], token: &LeaseToken) -> Result<(), StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let count = work.nack_notifications(rest, token).await?;
            work.commit().await?;
            tracing::info!(count, "notifications returned to the outbox");
            Ok(())
        })
        .await
    }

    /// `None` if the store could not be read.
    async fn attempt(&self, notification: Notification) -> Option<Box<Attempt>> {
        // A template or a library that panics must not affect the other emails.
        let result = match AssertUnwindSafe(self.try_send(&notification)).catch_unwind().await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => {
                tracing::warn!(notification = %notification.id, %error, "notification not read; its lease will expire");
                return None;
            }
            Err(_) => self.failed(&notification, "panicked"),
        };
        Some(Box::new(Attempt { notification, result }))
    }

    /// Stores results together, or one by one if that fails, so that none prevents another from being stored. Returns
    /// whether all were stored.
    async fn acknowledge(&self, token: &LeaseToken, attempts: Vec<Attempt>) -> bool {
        match self.ack(&attempts, token).await {
            Ok(held) => {
                attempts.iter().zip(held).for_each(|(attempt, held)| attempt.log(Ok(held)));
                return true;
            }
            Err(error) => tracing::warn!(%error, count = attempts.len(), "acknowledging notifications one by one"),
        }
        let mut all = true;
        for attempt in &attempts {
            let acknowledged = self.ack(std::slice::from_ref(attempt), token).await;
            all &= acknowledged.is_ok();
            attempt.log(acknowledged.as_ref().map(|held| held == &[true]));
        }
        all
    }

    async fn try_send(&self, notification: &Notification) -> Result<DeliveryResult, StoreError> {
        let now = self.clock.now();
        if notification.content.expires_at().is_none() && notification.attempts > self.retry.max_attempts {
            // Attempts are counted when they start, so the last one was interrupted when its process ended.
            return Ok(self.result(notification, NotificationState::Dead, Some("interrupted")));
        }
        let Some(view) = self.queries.booking(notification.content.booking).await? else {
            return Ok(self.result(notification, NotificationState::Skipped, None));
        };
        match send_decision(&notification.content, &view.booking, now) {
            SendDecision::Send if is_superseded(&notification.content, &self.reminders, now) => {
                return Ok(self.result(notification, NotificationState::Skipped, None));
            }
            SendDecision::Send => {}
            SendDecision::Skip => return Ok(self.result(notification, NotificationState::Skipped, None)),
            SendDecision::Expire => {
                return Ok(self.result(notification, NotificationState::Expired, notification.last_error.as_deref()));
            }
        }
        let Some(recipient) = self.recipient(&notification.content, &view.booking, view.client).await? else {
            return Ok(self.result(notification, NotificationState::Skipped, None));
        };
        let payment = match notification.content.kind {
            kind if !kind.is_about_payment() => None,
            _ => match self.payment_details(&notification.content, &view.booking).await? {
                None => return Ok(self.result(notification, NotificationState::Skipped, None)),
                some => some,
            },
        };
        let zone = recipient.time_zone.as_ref().and_then(|name| self.zones.find(name));
        let email = Email {
            kind: notification.content.kind,
            message_id: notification.content.dedupe_key().replace(':', "."),
            to: recipient.email,
            to_name: recipient.name,
            join_url: recipient.join_url,
            starts_at: view.booking.scheduled_at(),
            minutes: view.booking.minutes(),
            zone: zone.unwrap_or_else(|| self.practice_zone.clone()),
            calendar_uid: format!("booking-{}", view.booking.id()),
            calendar_sequence: view.booking.version(),
            payment,
            sent_at: now,
        };
        Ok(match self.notifier.send(&email).await {
            Ok(()) => DeliveryResult {
                sent_at: Some(self.clock.now()),
                ..self.result(notification, NotificationState::Sent, None)
            },
            Err(NotifyError::Refused { code }) => {
                self.result(notification, NotificationState::Dead, Some(&format!("refused_{code}")))
            }
            Err(NotifyError::Unrenderable) => self.result(notification, NotificationState::Dead, Some("unrenderable")),
            Err(NotifyError::Unavailable { reason }) => self.failed(notification, &reason.to_string()),
        })
    }

    /// The recipient with their current link; `None` if they should no longer receive the email.
    async fn recipient(
        &self,
        content: &NewNotification,
        booking: &Booking,
        client: User,
    ) -> Result<Option<Recipient>, StoreError> {
        let (email, time_zone, name, link) = match content.recipient {
            ViewerId::Account(id) => {
                let user = if id == client.id { Some(client) } else { self.queries.user(id).await? };
                let Some(user) = user.filter(|u| !u.disabled) else { return Ok(None) };
                let link = self.links.email_link(booking, Viewer::Account(&(&user).into()));
                (user.email.clone(), user.time_zone.clone(), user.display_name(), link)
            }
            ViewerId::Participant(id) => {
                let invited = self.queries.participant(id).await?.filter(Participant::is_invited);
                let Some(invited) = invited else { return Ok(None) };
                let link = self.links.email_link(booking, Viewer::Participant(&invited));
                (invited.email, invited.time_zone, invited.display_name.as_str().to_owned(), link)
            }
        };
        let join_url = link.map(|link| link.url);
        // Every other email is about joining the room, and useless without a link.
        let sendable =
            join_url.is_some() || content.kind == NotificationKind::Cancelled || content.kind.is_about_payment();
        Ok(sendable.then_some(Recipient { email, time_zone, name, join_url }))
    }

    /// The current state of the payment that an email is about; `None` if the email no longer applies.
    async fn payment_details(
        &self,
        content: &NewNotification,
        booking: &Booking,
    ) -> Result<Option<PaymentDetails>, StoreError> {
        let payments = self.queries.payments(booking.id()).await?;
        let refunds = self.queries.refunds(booking.id()).await?;
        // Emails are enqueued in the unit of work that settled the payment or refund, so equal timestamps identify it.
        let enqueued_at = content.send_after.as_millisecond();
        let is_this = |at: Option<Timestamp>| at.is_some_and(|at| at.as_millisecond() == enqueued_at);
        Ok(match content.kind {
            NotificationKind::Receipt => payments.iter().find(|p| p.state == PaymentState::Settled).map(|p| {
                let at = p.settled_at.unwrap_or(p.created_at);
                PaymentDetails::Received { booking: booking.id(), amount: p.amount, at }
            }),
            NotificationKind::Refund => {
                let mut succeeded = refunds.iter().filter(|refund| refund.stage == RefundStage::Succeeded);
                let this = succeeded.clone().find(|refund| is_this(refund.settled_at));
                this.or_else(|| succeeded.next_back()).map(|refund| PaymentDetails::Refunded {
                    booking: booking.id(),
                    amount: refund.amount,
                    at: refund.settled_at.unwrap_or(refund.created_at),
                })
            }
            NotificationKind::PaymentProblem => {
                let mut unapplied = payments.iter().filter(|p| p.state == PaymentState::Unapplied);
                if let Some(late) = unapplied.find(|p| is_this(p.settled_at)) {
                    return Ok(Some(PaymentDetails::RefundScheduled { amount: late.amount }));
                }
                let now = self.clock.now();
                match (booking.status(), booking.payment_status()) {
                    (BookingStatus::PendingPayment, PaymentStatus::Failed) => {
                        let retry_until = booking.hold_expires_at().filter(|until| *until > now);
                        Some(PaymentDetails::Failed { amount: booking.price(), retry_until })
                    }
                    (BookingStatus::Expired | BookingStatus::Cancelled, PaymentStatus::Cancelled) => {
                        Some(PaymentDetails::Failed { amount: booking.price(), retry_until: None })
                    }
                    // Paid in another way in the meantime, or being paid.
                    _ => None,
                }
            }
            NotificationKind::MeetingInfo
            | NotificationKind::Reminder { .. }
            | NotificationKind::Invitation
            | NotificationKind::Rescheduled
            | NotificationKind::Cancelled
            | NotificationKind::MeetingLink => None,
        })
    }

    fn failed(&self, notification: &Notification, error: &str) -> DeliveryResult {
        let now = self.clock.now();
        match self.retry.after_failure(&notification.content, notification.attempts, self.jitter(), now) {
            RetryDecision::RetryAt(next_at) => {
                DeliveryResult { next_at, ..self.result(notification, NotificationState::Pending, Some(error)) }
            }
            RetryDecision::Expire => self.result(notification, NotificationState::Expired, Some(error)),
            RetryDecision::DeadLetter => self.result(notification, NotificationState::Dead, Some(error)),
        }
    }

    fn result(&self, notification: &Notification, state: NotificationState, error: Option<&str>) -> DeliveryResult {
        DeliveryResult { state, next_at: notification.next_at, sent_at: None, last_error: error.map(str::to_owned) }
    }

    /// Stores results in one unit of work. Returns for each whether its lease was still held.
    async fn ack(&self, attempts: &[Attempt], token: &LeaseToken) -> Result<Vec<bool>, StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let mut held = Vec::with_capacity(attempts.len());
            for attempt in attempts {
                held.push(work.ack_notification(attempt.notification.id, token, &attempt.result).await?);
            }
            work.commit().await?;
            Ok(held)
        })
        .await
    }

    /// A number between 0 and 1.
    fn jitter(&self) -> f64 {
        let mut byte = [0; 1];
        self.random.fill(&mut byte);
        f64::from(byte[0]) / 255.0
    }
}
