//! The mail worker's one step: claim what is due, look again whether it should still leave, write it as of now, send it,
//! write down what became of it.
//!
//! A mail is sent at least once. It can leave twice only if the process ends between the mail server's answer and the
//! moment it is written down; both copies then have the same Message-ID, and mail programs show one.
//!
//! Mails are claimed by the hundred and sent a few at a time. What became of them is written down by one unit of work at a
//! time, which begins as soon as the one before has ended and takes along everything that was answered meanwhile. So a
//! quick store writes down mail by mail, a slow one keeps pace with the mail server all the same, and no answer waits for
//! others to come. The worker never takes more than one writing connection from those who book.

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

/// Mails claimed at once.
const BATCH: u32 = 100;
/// How long a claim holds: while mails begin ([`BEGINNING`]), while the last of them is sent (the notifier's 30 seconds),
/// and a minute for reading and writing in a store that has trouble.
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// How long after a claim its mails begin to be sent. What has not begun by then is given back, so that a mail server that
/// stalls keeps few mails from other workers, and no mail is ever begun whose lease could run out.
const BEGINNING: SignedDuration = SignedDuration::from_secs(30);
/// While so many mails were answered and not written down, no other mail begins. If the process ends, these and those
/// under way are the ones that may be sent twice; so a store that is stuck must not let them become many.
const UNWRITTEN: usize = 25;

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliverySummary {
    /// Mails taken up.
    pub claimed: usize,
    /// Mails that left.
    pub sent: usize,
    /// Whether more may be due already, and there is no reason to wait before taking it up.
    pub more: bool,
}

/// A mail and what became of it.
struct Handled {
    notice: Notification,
    settlement: DeliveryResult,
}

impl Handled {
    /// Tells what became of the mail, and whether that could be written down and the lease still held.
    fn log(&self, written: Result<bool, &StoreError>) {
        let Self { notice, settlement } = self;
        match written {
            Ok(true) => tracing::info!(
                notice = %notice.id, kind = notice.content.kind.as_str(), attempt = notice.attempts, state = %settlement.state,
                error = settlement.last_error.as_deref(), "mail handled"
            ),
            Ok(false) => tracing::warn!(notice = %notice.id, "the lease of a mail was lost while it was handled"),
            Err(error) => {
                let sent = settlement.state == NotificationState::Sent;
                tracing::error!(notice = %notice.id, %error, sent, "what became of a mail could not be written down");
            }
        }
    }
}

/// Something that came to its end.
enum Step {
    /// A mail was answered, or could not be looked at.
    Handled(Option<Box<Handled>>),
    /// What became of some mails was written down; `false` if not of all.
    Written(bool),
}

/// Somebody a mail goes to.
struct Reader {
    email: EmailAddress,
    time_zone: Option<TimeZoneName>,
    name: String,
    join_url: Option<String>,
}

/// Sends mails.
#[derive(Clone)]
pub struct DeliverNotifications {
    /// Where mails wait.
    pub store: Arc<dyn Store>,
    /// Where bookings and readers are read.
    pub queries: Arc<dyn Queries>,
    /// Sends.
    pub notifier: Arc<dyn Notifier>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
    /// Names leases and spreads retries.
    pub random: Arc<dyn Random>,
    /// Knows the readers' zones.
    pub zones: Arc<dyn TimeZones>,
    /// Makes the readers' links.
    pub links: MeetingLinks,
    /// When reminders leave.
    pub reminders: ReminderPlan,
    /// How long and how often.
    pub retry: RetryPolicy,
    /// The zone of readers who named none.
    pub practice_zone: TimeZone,
    /// How many mails are sent at the same time.
    pub at_a_time: NonZeroUsize,
}

impl DeliverNotifications {
    /// Takes up what is due and sends it. Errors of single mails are written down, not returned.
    pub async fn run(&self) -> Result<DeliverySummary, StoreError> {
        self.run_while(|| true).await
    }

    /// The same, but no further mail begins once `go_on` says no. Mails under way are sent to their end and written down,
    /// the others are given back. So they are when the store fails: a mail whose end may not be written is not begun.
    pub async fn run_while(&self, go_on: impl Fn() -> bool + Send + Sync) -> Result<DeliverySummary, StoreError> {
        let now = self.clock.now();
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let lease = Lease { token: LeaseToken(self.random.random_bytes()), until };
        let claimed = self.claim(now, &lease).await?;
        let (count, full) = (claimed.len(), claimed.len() == BATCH as usize);
        let last_begin = now.saturating_add(BEGINNING).unwrap_or(Timestamp::MAX);

        let mut waiting = VecDeque::from(claimed);
        let mut under_way = FuturesUnordered::new();
        let mut answered = Vec::new();
        // Mails under way, mails whose end is not written, and how many of the latter are being written just now.
        let (mut sending, mut unwritten, mut writing) = (0, 0, 0);
        let (mut sent, mut trouble) = (0, false);
        loop {
            while sending < self.at_a_time.get()
                && unwritten < UNWRITTEN
                && !trouble
                && go_on()
                && self.clock.now() <= last_begin
                && let Some(notice) = waiting.pop_front()
            {
                sending += 1;
                under_way.push(async { Step::Handled(self.handle(notice).await) }.boxed());
            }
            if writing == 0 && !answered.is_empty() {
                let together = std::mem::take(&mut answered);
                writing = together.len();
                under_way.push(self.write_down(&lease.token, together).map(Step::Written).boxed());
            }
            match under_way.next().await {
                Some(Step::Handled(handled)) => {
                    sending -= 1;
                    trouble |= handled.is_none();
                    if let Some(handled) = handled {
                        sent += usize::from(handled.settlement.state == NotificationState::Sent);
                        unwritten += 1;
                        answered.push(*handled);
                    }
                }
                Some(Step::Written(all)) => {
                    trouble |= !all;
                    unwritten -= writing;
                    writing = 0;
                }
                None => break,
            }
        }
        let left: Vec<NotificationId> = waiting.into_iter().map(|notice| notice.id).collect();
        if !left.is_empty() {
            self.give_back(&left, &lease.token).await?;
        }
        Ok(DeliverySummary { claimed: count - left.len(), sent, more: !trouble && (full || !left.is_empty()) })
    }

    async fn claim(&self, now: Timestamp, lease: &Lease) -> Result<Vec<Notification>, StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let claimed = work.lease_notifications(BATCH, now, lease).await?;
            if !claimed.is_empty() {
                work.commit().await?;
            }
            Ok(claimed)
        })
        .await
    }

    async fn give_back(&self, left: &[NotificationId], token: &LeaseToken) -> Result<(), StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let given = work.nack_notifications(left, token).await?;
            work.commit().await?;
            tracing::info!(given, "mails were given back for another time");
            Ok(())
        })
        .await
    }

    /// Handles one mail up to the mail server's answer. `None`: it could not even be looked at.
    async fn handle(&self, notice: Notification) -> Option<Box<Handled>> {
        // One mail that makes a template or a library panic must not take the others with it.
        let settlement = match AssertUnwindSafe(self.try_send(&notice)).catch_unwind().await {
            Ok(Ok(settlement)) => settlement,
            Ok(Err(error)) => {
                tracing::warn!(notice = %notice.id, %error, "a mail could not be looked at; its lease will run out");
                return None;
            }
            Err(_) => self.failed(&notice, "panicked"),
        };
        Some(Box::new(Handled { notice, settlement }))
    }

    /// Writes down what became of mails: together, or one by one if that fails, so that none of them keeps another's end
    /// from being written. Tells whether all could be written.
    async fn write_down(&self, token: &LeaseToken, all: Vec<Handled>) -> bool {
        match self.settle(&all, token).await {
            Ok(held) => {
                all.iter().zip(held).for_each(|(handled, held)| handled.log(Ok(held)));
                return true;
            }
            Err(error) => tracing::warn!(%error, mails = all.len(), "what became of mails is written down one by one"),
        }
        let mut written = true;
        for one in &all {
            match self.settle(std::slice::from_ref(one), token).await {
                Ok(held) => one.log(Ok(held == [true])),
                Err(error) => {
                    written = false;
                    one.log(Err(&error));
                }
            }
        }
        written
    }

    async fn try_send(&self, notice: &Notification) -> Result<DeliveryResult, StoreError> {
        let now = self.clock.now();
        if notice.content.expires_at().is_none() && notice.attempts > self.retry.max_attempts {
            // Every attempt counts when it begins, so this one comes after attempts that ended with the process.
            return Ok(self.settled(notice, NotificationState::Dead, Some("interrupted")));
        }
        let Some(view) = self.queries.booking(notice.content.booking).await? else {
            return Ok(self.settled(notice, NotificationState::Skipped, None));
        };
        match send_decision(&notice.content, &view.booking, now) {
            SendDecision::Send if is_superseded(&notice.content, &self.reminders, now) => {
                return Ok(self.settled(notice, NotificationState::Skipped, None));
            }
            SendDecision::Send => {}
            SendDecision::Skip => return Ok(self.settled(notice, NotificationState::Skipped, None)),
            SendDecision::Expire => {
                return Ok(self.settled(notice, NotificationState::Expired, notice.last_error.as_deref()));
            }
        }
        let Some(reader) = self.reader(&notice.content, &view.booking, view.client).await? else {
            return Ok(self.settled(notice, NotificationState::Skipped, None));
        };
        let money = match notice.content.kind {
            kind if !kind.is_about_payment() => None,
            _ => match self.money(&notice.content, &view.booking).await? {
                None => return Ok(self.settled(notice, NotificationState::Skipped, None)),
                some => some,
            },
        };
        let zone = reader.time_zone.as_ref().and_then(|name| self.zones.find(name));
        let mail = Email {
            kind: notice.content.kind,
            message_id: notice.content.dedupe_key().replace(':', "."),
            to: reader.email,
            to_name: reader.name,
            join_url: reader.join_url,
            starts_at: view.booking.scheduled_at(),
            minutes: view.booking.minutes(),
            zone: zone.unwrap_or_else(|| self.practice_zone.clone()),
            calendar_uid: format!("booking-{}", view.booking.id()),
            calendar_sequence: view.booking.version(),
            payment: money,
            sent_at: now,
        };
        Ok(match self.notifier.send(&mail).await {
            Ok(()) => DeliveryResult {
                sent_at: Some(self.clock.now()),
                ..self.settled(notice, NotificationState::Sent, None)
            },
            Err(NotifyError::Refused { code }) => {
                self.settled(notice, NotificationState::Dead, Some(&format!("refused_{code}")))
            }
            Err(NotifyError::Unrenderable) => self.settled(notice, NotificationState::Dead, Some("unrenderable")),
            Err(NotifyError::Unavailable { reason }) => self.failed(notice, &reason.to_string()),
        })
    }

    /// Whom a mail goes to, with the link they have at this moment; `None` for somebody who is not to get it any more.
    async fn reader(
        &self,
        content: &NewNotification,
        booking: &Booking,
        client: User,
    ) -> Result<Option<Reader>, StoreError> {
        let (email, time_zone, name, link) = match content.recipient {
            ViewerId::Account(id) => {
                let user = if id == client.id { Some(client) } else { self.queries.user(id).await? };
                let Some(user) = user.filter(|u| !u.disabled) else { return Ok(None) };
                let link = self.links.mailed_link(booking, Viewer::Account(&(&user).into()));
                (user.email.clone(), user.time_zone.clone(), user.display_name(), link)
            }
            ViewerId::Participant(id) => {
                let invited = self.queries.participant(id).await?.filter(Participant::is_invited);
                let Some(invited) = invited else { return Ok(None) };
                let link = self.links.mailed_link(booking, Viewer::Participant(&invited));
                (invited.email, invited.time_zone, invited.display_name.as_str().to_owned(), link)
            }
        };
        let join_url = link.map(|link| link.url);
        // A session that was called off has no room to go to; every other mail is about going there.
        let complete =
            join_url.is_some() || content.kind == NotificationKind::Cancelled || content.kind.is_about_payment();
        Ok(complete.then_some(Reader { email, time_zone, name, join_url }))
    }

    /// What a mail about money says, from the books as they are now; `None` when there is nothing to tell any more.
    async fn money(&self, content: &NewNotification, booking: &Booking) -> Result<Option<PaymentDetails>, StoreError> {
        let payments = self.queries.payments(booking.id()).await?;
        let refunds = self.queries.refunds(booking.id()).await?;
        // Mails are owed in the unit of work that moved the money, so the instants tell which movement it was.
        let then = content.send_after.as_millisecond();
        let happened = |at: Option<Timestamp>| at.is_some_and(|at| at.as_millisecond() == then);
        Ok(match content.kind {
            NotificationKind::Receipt => payments.iter().find(|p| p.state == PaymentState::Settled).map(|p| {
                let at = p.settled_at.unwrap_or(p.created_at);
                PaymentDetails::Received { booking: booking.id(), amount: p.amount, at }
            }),
            NotificationKind::Refund => {
                let mut went = refunds.iter().filter(|refund| refund.stage == RefundStage::Succeeded);
                let this = went.clone().find(|refund| happened(refund.settled_at));
                this.or_else(|| went.next_back()).map(|refund| PaymentDetails::Refunded {
                    booking: booking.id(),
                    amount: refund.amount,
                    at: refund.settled_at.unwrap_or(refund.created_at),
                })
            }
            NotificationKind::PaymentProblem => {
                let surplus = payments.iter().filter(|p| p.state == PaymentState::Unapplied);
                if let Some(late) = surplus.into_iter().find(|p| happened(p.settled_at)) {
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
                    // Paid in another way meanwhile, or about to be.
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

    /// What becomes of a mail that may work another time.
    fn failed(&self, notice: &Notification, error: &str) -> DeliveryResult {
        let now = self.clock.now();
        match self.retry.after_failure(&notice.content, notice.attempts, self.jitter(), now) {
            RetryDecision::RetryAt(next_at) => {
                DeliveryResult { next_at, ..self.settled(notice, NotificationState::Pending, Some(error)) }
            }
            RetryDecision::Expire => self.settled(notice, NotificationState::Expired, Some(error)),
            RetryDecision::DeadLetter => self.settled(notice, NotificationState::Dead, Some(error)),
        }
    }

    fn settled(&self, notice: &Notification, state: NotificationState, error: Option<&str>) -> DeliveryResult {
        DeliveryResult { state, next_at: notice.next_at, sent_at: None, last_error: error.map(str::to_owned) }
    }

    /// Writes down what became of some mails in one unit of work. Answers for each whether its lease was still held.
    async fn settle(&self, some: &[Handled], token: &LeaseToken) -> Result<Vec<bool>, StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let mut held = Vec::with_capacity(some.len());
            for handled in some {
                held.push(work.ack_notification(handled.notice.id, token, &handled.settlement).await?);
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
