//! Leases due notifications, checks whether each should still be sent, renders it from current data, sends it and stores
//! the result.
//!
//! Delivery is at least once: a duplicate is possible only if the process ends between the mail server's reply and the
//! acknowledgement. Both copies then have the same Message-ID, and mail programs show one.
//!
//! Notifications are leased in batches and sent a few at a time. One unit of work at a time acknowledges results; it takes
//! along every reply that arrived while the one before was running. So a fast store acknowledges each email on its own, a
//! slow one still keeps pace with the mail server, and the worker uses at most one writing connection.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use attune_domain::meeting::Viewer;
use attune_domain::notification::{
    ANNOUNCEMENT_PERIOD, Announcements, NewNotification, Notification, NotificationKind, NotificationState,
    NotificationSubject, ReminderPlan, RetryDecision, RetryPolicy, SendDecision, day_bounds, is_outdated,
    is_superseded, last_announced_start, send_decision, was_told_of_hold,
};
use attune_domain::practice::Logo;
use attune_domain::{
    Booking, BookingStatus, Cancellation, CancelledPayment, Installation, Money, NotificationId, Participant,
    PaymentStatus, Practice, User, UserId, ViewerId,
};
use attune_ports::{
    AccountDetails, AgendaEntry, BookingFilter, BookingOrder, BookingView, CancelledBy, CancelledPaymentDetails,
    ChangeDetails, Clock, DeliveryResult, Email, Lease, LeaseToken, Notifier, NotifyError, PageRequest, Payment,
    PaymentDetails, PaymentState, Provider, Queries, Random, RefundCause, RefundStage, Remainder, Store, StoreError,
};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::ClockMonitor;
use crate::accounts::AccountLinks;
use crate::meetings::MeetingLinks;
use crate::payments::{PayPages, amount_due, booking_ledger};
use crate::practice::CurrentPractice;

/// Notifications leased at once.
const BATCH: u32 = 100;
/// More sessions than one day can have.
const MAX_AGENDA: u32 = 200;
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

/// A leased notification with those that are sent together with it; the lead is the first one.
struct Group(Vec<Notification>);

impl Group {
    /// Groups are in the order of their leads.
    fn all(leased: Vec<Notification>) -> VecDeque<Self> {
        let (leads, others): (Vec<_>, Vec<_>) = leased.into_iter().partition(|email| email.lead.is_none());
        let mut groups: VecDeque<Self> = leads.into_iter().map(|lead| Self(vec![lead])).collect();
        for email in others {
            match groups.iter_mut().find(|Self(group)| email.lead == group.first().map(|lead| lead.id)) {
                Some(Self(group)) => group.push(email),
                None => groups.push_back(Self(vec![email])),
            }
        }
        groups
    }

    fn ids(&self) -> impl Iterator<Item = NotificationId> {
        self.0.iter().map(|email| email.id)
    }
}

/// What became of the notifications of a group.
struct Attempt(Vec<(Notification, DeliveryResult)>);

impl Attempt {
    fn is_sent(&self) -> bool {
        self.0.iter().any(|(_, result)| result.state == NotificationState::Sent)
    }

    /// `acknowledged` has `false` for a lease that was lost.
    fn log(&self, acknowledged: Result<&[bool], &StoreError>) {
        for (index, (notification, result)) in self.0.iter().enumerate() {
            let held = acknowledged.map(|held| held.get(index).copied().unwrap_or(false));
            Self::log_one(notification, result, held);
        }
    }

    fn log_one(notification: &Notification, result: &DeliveryResult, acknowledged: Result<bool, &StoreError>) {
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

/// What all emails of a batch have in common.
struct Sender {
    practice: Arc<Practice>,
    logo: Option<Arc<Logo>>,
    installation: Installation,
    announcements: Mutex<HashMap<ViewerId, Announcements>>,
}

impl Sender {
    fn announcements(&self) -> MutexGuard<'_, HashMap<ViewerId, Announcements>> {
        self.announcements.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a group.
enum Outcome {
    Attempted(Attempt),
    /// Its recipient has got too many announcements.
    Postponed(Vec<NotificationId>, Timestamp),
    /// The store could not be read.
    Unread,
}

enum Delivery {
    /// One result for each notification of the group.
    Results(Vec<DeliveryResult>),
    Postponed(Timestamp),
}

/// What is to be done about a notification.
enum Prepared {
    Send(Box<Email>),
    /// Nothing is sent.
    Decided(DeliveryResult),
}

enum Finished {
    Outcome(Outcome),
    /// Whether all results of a batch were stored.
    Acknowledged(bool),
}

#[derive(Clone)]
pub struct DeliverNotifications {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub notifier: Arc<dyn Notifier>,
    pub clock: Arc<dyn Clock>,
    pub monitor: ClockMonitor,
    /// For lease tokens and the jitter of retries.
    pub random: Arc<dyn Random>,
    pub links: MeetingLinks,
    pub pay_pages: PayPages,
    pub account_links: AccountLinks,
    pub reminders: ReminderPlan,
    pub retry: RetryPolicy,
    pub practice: CurrentPractice,
    /// How many emails are sent at the same time.
    pub parallel_emails: NonZeroUsize,
}

impl DeliverNotifications {
    /// Sends one batch of due notifications. Failures of single emails are stored, not returned. While the clock is doubted,
    /// nothing is sent: what is due, and what has expired, is not known.
    pub async fn run(&self) -> Result<DeliverySummary, StoreError> {
        self.run_until_stopped(|| false).await
    }

    /// The same, but starts no further email once `stopped` returns true or the store fails. Emails in flight are finished
    /// and acknowledged; the others are returned.
    pub async fn run_until_stopped(
        &self,
        stopped: impl Fn() -> bool + Send + Sync,
    ) -> Result<DeliverySummary, StoreError> {
        if !self.monitor.is_settled().await {
            return Ok(DeliverySummary::default());
        }
        let now = self.clock.now();
        if self.monitor.correction_is_due() {
            self.correct(now).await?;
            self.monitor.corrected();
        }
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let lease = Lease { token: LeaseToken(self.random.random_bytes()), until };
        let leased = self.lease(now, &lease).await?;
        if leased.is_empty() {
            return Ok(DeliverySummary::default());
        }
        let (practice, installation) = (self.practice.load().await?, self.queries.installation().await?);
        let logo = self.practice.logo(&practice).await?;
        let announcements = Mutex::new(self.recent_announcements(&leased, now).await?);
        let sender = Sender { practice, logo, installation, announcements };
        let count = leased.len();
        let last_start = now.saturating_add(START_WINDOW).unwrap_or(Timestamp::MAX);

        let mut waiting = Group::all(leased);
        let full = waiting.len() == BATCH as usize;
        let mut running = FuturesUnordered::new();
        let (mut results, mut postponed) = (Vec::new(), Vec::new());
        let (mut sending, mut unacknowledged, mut acknowledging) = (0, 0, 0);
        let (mut sent, mut store_failed) = (0, false);
        loop {
            while sending < self.parallel_emails.get()
                && unacknowledged < MAX_UNACKNOWLEDGED
                && !store_failed
                && !stopped()
                && self.clock.now() <= last_start
                && let Some(group) = waiting.pop_front()
            {
                sending += 1;
                running.push(async { Finished::Outcome(self.attempt(group, &sender).await) }.boxed());
            }
            if acknowledging == 0 && !results.is_empty() {
                let batch = std::mem::take(&mut results);
                acknowledging = batch.len();
                running.push(self.acknowledge(&lease.token, batch).map(Finished::Acknowledged).boxed());
            }
            match running.next().await {
                Some(Finished::Outcome(outcome)) => {
                    sending -= 1;
                    match outcome {
                        Outcome::Attempted(attempt) => {
                            sent += usize::from(attempt.is_sent());
                            unacknowledged += 1;
                            results.push(attempt);
                        }
                        Outcome::Postponed(ids, until) => postponed.extend(ids.into_iter().map(|id| (id, until))),
                        Outcome::Unread => store_failed = true,
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
        let rest: Vec<NotificationId> = waiting.iter().flat_map(Group::ids).collect();
        if !rest.is_empty() {
            self.nack(&rest, &lease.token).await?;
        }
        if !postponed.is_empty() {
            self.postpone(&postponed, &lease.token).await?;
        }
        Ok(DeliverySummary {
            claimed: count - rest.len() - postponed.len(),
            sent,
            more: !store_failed && (full || !rest.is_empty()),
        })
    }

    async fn correct(&self, now: Timestamp) -> Result<(), StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let count = work.correct_notifications(now).await?;
            work.commit().await?;
            if count > 0 {
                tracing::info!(count, "notifications due again after a wrong clock");
            }
            Ok(())
        })
        .await
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

    /// The announcements that the recipients of these emails have got lately.
    async fn recent_announcements(
        &self,
        leased: &[Notification],
        now: Timestamp,
    ) -> Result<HashMap<ViewerId, Announcements>, StoreError> {
        let announced = leased.iter().filter(|notification| notification.content.kind.is_announcement());
        let mut recipients: Vec<_> = announced.map(|notification| notification.content.recipient).collect();
        recipients.sort_unstable();
        recipients.dedup();
        let mut recent: HashMap<_, Announcements> = HashMap::new();
        if !recipients.is_empty() {
            let since = now.saturating_sub(ANNOUNCEMENT_PERIOD).unwrap_or(Timestamp::MIN);
            let mut sent = self.queries.sent_emails(&recipients, &NotificationKind::ANNOUNCEMENTS, since).await?;
            // What was sent together was one email.
            sent.sort_by_key(|email| email.lead.unwrap_or(email.id));
            sent.dedup_by_key(|email| email.lead.unwrap_or(email.id));
            for email in sent {
                recent.entry(email.content.recipient).or_default().add(email.sent_at.unwrap_or(now));
            }
        }
        Ok(recent)
    }

    async fn postpone(&self, postponed: &[(NotificationId, Timestamp)], token: &LeaseToken) -> Result<(), StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            for (id, until) in postponed {
                work.postpone_notification(*id, token, *until).await?;
            }
            work.commit().await?;
            tracing::warn!(count = postponed.len(), "notifications postponed: too many to the same recipient");
            Ok(())
        })
        .await
    }

    async fn attempt(&self, group: Group, sender: &Sender) -> Outcome {
        let Some(lead) = group.0.first() else { return Outcome::Attempted(Attempt(Vec::new())) };
        // A template or a library that panics must not affect the other emails.
        let results = match AssertUnwindSafe(self.try_send(lead, &group.0, sender)).catch_unwind().await {
            Ok(Ok(Delivery::Results(results))) => results,
            Ok(Ok(Delivery::Postponed(until))) => return Outcome::Postponed(group.ids().collect(), until),
            Ok(Err(error)) => {
                tracing::warn!(notification = %lead.id, %error, "notification not read; its lease will expire");
                return Outcome::Unread;
            }
            Err(_) => vec![self.failed(lead, "panicked"); group.0.len()],
        };
        Outcome::Attempted(Attempt(group.0.into_iter().zip(results).collect()))
    }

    /// Sends an email unless it is an announcement and its recipient has got too many. Of those that had to wait, only the
    /// ones that still say something new are sent.
    async fn try_send(
        &self,
        lead: &Notification,
        group: &[Notification],
        sender: &Sender,
    ) -> Result<Delivery, StoreError> {
        let content = &lead.content;
        if content.subject.booking().is_none() || !content.kind.is_announcement() {
            let outdated = vec![false; group.len()];
            return Ok(Delivery::Results(self.send(lead, group, &outdated, sender).await?));
        }
        let now = self.clock.now();
        let postponed_until = {
            let mut all = sender.announcements();
            let recent = all.entry(content.recipient).or_default();
            let until = recent.postponed_until(now);
            if until.is_none() {
                recent.add(now);
            }
            until
        };
        let waited = lead.next_at > content.send_after;
        let mut outdated = vec![false; group.len()];
        if waited || postponed_until.is_some() {
            for (email, outdated) in group.iter().zip(&mut outdated) {
                if let Some(booking) = email.content.subject.booking() {
                    *outdated = is_outdated(email, &self.queries.notifications(booking).await?);
                }
            }
        }
        if let Some(until) = postponed_until.filter(|_| outdated.contains(&false)) {
            return Ok(Delivery::Postponed(until));
        }
        let results = self.send(lead, group, &outdated, sender).await;
        let is_sent = |results: &Vec<DeliveryResult>| results.iter().any(|r| r.state == NotificationState::Sent);
        if postponed_until.is_none() && !results.as_ref().is_ok_and(is_sent) {
            sender.announcements().entry(content.recipient).or_default().remove(now);
        }
        results.map(Delivery::Results)
    }

    /// Stores results together, or one by one if that fails, so that none prevents another from being stored. Returns
    /// whether all were stored.
    async fn acknowledge(&self, token: &LeaseToken, attempts: Vec<Attempt>) -> bool {
        match self.ack(&attempts, token).await {
            Ok(held) => {
                attempts.iter().zip(&held).for_each(|(attempt, held)| attempt.log(Ok(held)));
                return true;
            }
            Err(error) => tracing::warn!(%error, count = attempts.len(), "acknowledging notifications one by one"),
        }
        let mut all = true;
        for attempt in &attempts {
            let acknowledged = self.ack(std::slice::from_ref(attempt), token).await;
            all &= acknowledged.is_ok();
            attempt.log(acknowledged.as_ref().map(|held| held.first().map_or(&[][..], Vec::as_slice)));
        }
        all
    }

    /// Sends what is not outdated of a group as one email. A temporary failure postpones all of the group, so that the next
    /// attempt has all of it again.
    async fn send(
        &self,
        lead: &Notification,
        group: &[Notification],
        outdated: &[bool],
        sender: &Sender,
    ) -> Result<Vec<DeliveryResult>, StoreError> {
        let mut decided = Vec::with_capacity(group.len());
        let mut emails = Vec::new();
        for (notification, outdated) in group.iter().zip(outdated) {
            let prepared = if *outdated {
                Prepared::Decided(self.result(notification, NotificationState::Skipped, None))
            } else {
                self.prepare(notification, sender).await?
            };
            match prepared {
                Prepared::Send(email) => {
                    emails.push(*email);
                    decided.push(None);
                }
                Prepared::Decided(result) => decided.push(Some(result)),
            }
        }
        emails.sort_by_key(|email| email.starts_at);
        let mut emails = emails.into_iter();
        let result = match emails.next() {
            Some(first) => {
                let email = Email { message_id: lead.message_id(), others: emails.collect(), ..first };
                self.send_email(lead, &email).await
            }
            None => return Ok(decided.into_iter().flatten().collect()),
        };
        let is_postponed = result.state == NotificationState::Pending;
        let of = |decided: Option<DeliveryResult>| decided.filter(|_| !is_postponed).unwrap_or_else(|| result.clone());
        Ok(decided.into_iter().map(of).collect())
    }

    /// Checks whether an email should still be sent, and reads its content.
    async fn prepare(&self, notification: &Notification, sender: &Sender) -> Result<Prepared, StoreError> {
        let now = self.clock.now();
        if notification.content.expires_at().is_none() && notification.attempts > self.retry.max_attempts {
            // Attempts are counted when they start, so the last one was interrupted when its process ended.
            return Ok(Prepared::Decided(self.result(notification, NotificationState::Dead, Some("interrupted"))));
        }
        let skipped = Prepared::Decided(self.result(notification, NotificationState::Skipped, None));
        let content = &notification.content;
        let id = match content.subject {
            NotificationSubject::Booking { id, .. } => id,
            NotificationSubject::Day { user, date } => {
                return self.prepare_agenda(notification, user, date, sender).await;
            }
            NotificationSubject::User(id) => return self.prepare_account(notification, id, sender).await,
        };
        let Some(BookingView { booking, client }) = self.queries.booking(id).await? else {
            return Ok(skipped);
        };
        match send_decision(content, &booking, now) {
            SendDecision::Send if is_superseded(content, &self.reminders, now) => return Ok(skipped),
            SendDecision::Send => {}
            SendDecision::Skip => return Ok(skipped),
            SendDecision::Expire => {
                let error = notification.last_error.as_deref();
                return Ok(Prepared::Decided(self.result(notification, NotificationState::Expired, error)));
            }
        }
        let ends_hold = content.kind == NotificationKind::HoldExpired
            || content.kind == NotificationKind::Cancelled && booking.room().is_none();
        if ends_hold && !was_told_of_hold(&self.queries.notifications(id).await?) {
            return Ok(skipped);
        }
        let email = self.email(notification, &booking, client, sender, now).await?;
        Ok(email.map_or(skipped, |email| Prepared::Send(Box::new(email))))
    }

    async fn send_email(&self, notification: &Notification, email: &Email) -> DeliveryResult {
        match self.notifier.send(email).await {
            Ok(()) => DeliveryResult {
                sent_at: Some(self.clock.now()),
                ..self.result(notification, NotificationState::Sent, None)
            },
            Err(NotifyError::Refused { code }) => {
                self.result(notification, NotificationState::Dead, Some(&format!("refused_{code}")))
            }
            Err(NotifyError::Unrenderable) => self.result(notification, NotificationState::Dead, Some("unrenderable")),
            Err(NotifyError::Unavailable { reason }) => self.failed(notification, &reason.to_string()),
        }
    }

    /// The sessions of a day for their therapist, unless there are none, the day is over where the therapist is, or the
    /// therapist no longer wants an agenda.
    async fn prepare_agenda(
        &self,
        notification: &Notification,
        therapist: UserId,
        date: Date,
        sender: &Sender,
    ) -> Result<Prepared, StoreError> {
        let now = self.clock.now();
        let skipped = Prepared::Decided(self.result(notification, NotificationState::Skipped, None));
        let reader = self.queries.user(therapist).await?;
        let Some(reader) = reader.filter(|user| user.is_admin() && !user.disabled && user.agenda_at.is_some()) else {
            return Ok(skipped);
        };
        let zone = self.practice.zone_in(&sender.practice, reader.time_zone.as_ref());
        let Some((starts_at, until)) = day_bounds(date, &zone) else { return Ok(skipped) };
        if now >= until {
            let error = notification.last_error.as_deref();
            return Ok(Prepared::Decided(self.result(notification, NotificationState::Expired, error)));
        }
        let agenda = self.agenda(&reader, starts_at, until).await?;
        if agenda.is_empty() {
            return Ok(skipped);
        }
        let email = Email { agenda, ..self.without_booking(notification, &reader, starts_at, sender) };
        Ok(Prepared::Send(Box::new(email)))
    }

    /// What happened to an account, for its owner. A link that was used, has expired or was replaced by a newer one is not
    /// mailed.
    async fn prepare_account(
        &self,
        notification: &Notification,
        owner: UserId,
        sender: &Sender,
    ) -> Result<Prepared, StoreError> {
        let skipped = Prepared::Decided(self.result(notification, NotificationState::Skipped, None));
        let (kind, at) = (notification.content.kind, notification.content.send_after);
        // Whose account is disabled gets nothing but the email that says so.
        let is_disabling = kind == NotificationKind::AccountDisabled;
        let owner = self.queries.user(owner).await?;
        let owner = owner.filter(|user| kind.is_about_account() && user.disabled == is_disabling);
        let Some(owner) = owner else { return Ok(skipped) };
        let token = match kind.one_time_purpose() {
            Some(purpose) => {
                let token = self.queries.one_time_token_issued_at(owner.id, purpose, at).await?;
                let token = token.filter(|token| token.check(&owner, self.clock.now()).is_ok());
                let Some(token) = token else { return Ok(skipped) };
                Some(token)
            }
            None => None,
        };
        let account = AccountDetails {
            url: token.as_ref().map(|token| self.account_links.url(token)),
            expires_at: token.as_ref().map(|token| token.expires_at),
            at,
            role: owner.role,
            email: owner.email.clone(),
            user_agent: self.program_of_login(kind, owner.id, at).await?,
            chosen_start: token.as_ref().and_then(|token| token.slot.as_ref()).map(|slot| slot.starts_at),
        };
        let email = self.without_booking(notification, &owner, at, sender);
        let to = token.map_or(email.to, |token| token.email);
        Ok(Prepared::Send(Box::new(Email { to, account: Some(account), ..email })))
    }

    /// The program of the login that an email is about; `None` for an email about none.
    async fn program_of_login(
        &self,
        kind: NotificationKind,
        user: UserId,
        at: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        if kind != NotificationKind::NewLogin {
            return Ok(None);
        }
        let sessions = self.queries.login_sessions(&[user]).await?;
        Ok(sessions.into_iter().find(|view| view.session.created_at == at).and_then(|view| view.user_agent))
    }

    /// An email to a user that is about no booking.
    fn without_booking(
        &self,
        notification: &Notification,
        reader: &User,
        starts_at: Timestamp,
        sender: &Sender,
    ) -> Email {
        Email {
            kind: notification.content.kind,
            message_id: notification.message_id(),
            to: reader.email.clone(),
            language: reader.language.unwrap_or_default(),
            to_name: reader.display_name(),
            join_url: None,
            pay_url: None,
            starts_at,
            minutes: 0,
            zone: self.practice.zone_in(&sender.practice, reader.time_zone.as_ref()),
            calendar_uid: String::new(),
            calendar_sequence: 0,
            practice: sender.practice.clone(),
            logo: sender.logo.clone(),
            payment: None,
            change: None,
            client_name: None,
            therapist_name: None,
            account: None,
            agenda: Vec::new(),
            others: Vec::new(),
            sent_at: self.clock.now(),
        }
    }

    /// The confirmed sessions of a therapist that start in this period, earliest first.
    async fn agenda(&self, therapist: &User, from: Timestamp, to: Timestamp) -> Result<Vec<AgendaEntry>, StoreError> {
        let order = BookingOrder::Earliest;
        let filter = BookingFilter {
            therapist: Some(therapist.id),
            from: Some(from),
            to: Some(to),
            order,
            ..Default::default()
        };
        let page = PageRequest { limit: MAX_AGENDA, offset: 0 };
        let bookings = self.queries.bookings(&filter, page.into()).await?.items;
        let viewer = self.links.viewer(therapist);
        let sessions: Vec<&Booking> = bookings.iter().filter(|booking| booking.status().has_room()).collect();
        let clients = BTreeSet::from_iter(sessions.iter().map(|booking| booking.client()));
        let clients = self.queries.people(&Vec::from_iter(clients)).await?;
        let entry = |booking: &Booking| {
            let client = clients.iter().find(|user| user.id == booking.client())?;
            Some(AgendaEntry {
                starts_at: booking.scheduled_at(),
                ends_at: booking.ends_at(),
                client_name: client.display_name(),
                payment: booking.payment_status(),
                join_url: self.links.page_link(booking, &viewer),
            })
        };
        Ok(sessions.into_iter().filter_map(entry).collect())
    }

    /// The email with its recipient's current link; `None` if it no longer applies, or its recipient should no longer
    /// receive it.
    async fn email(
        &self,
        notification: &Notification,
        booking: &Booking,
        client: User,
        sender: &Sender,
        now: Timestamp,
    ) -> Result<Option<Email>, StoreError> {
        let content = &notification.content;
        let for_therapist = content.kind.is_for_therapist();
        // Another therapist gets no email about it, except that it is no longer theirs.
        let is_former = content.kind == NotificationKind::TherapistReassigned;
        if for_therapist && is_former == (content.recipient == ViewerId::Account(booking.therapist())) {
            return Ok(None);
        }
        let client_name = for_therapist.then(|| client.display_name());
        let (to, language, time_zone, to_name, join_url) = match content.recipient {
            ViewerId::Account(id) => {
                let user = if id == client.id { Some(client) } else { self.queries.user(id).await? };
                let Some(user) = user.filter(|u| !u.disabled) else { return Ok(None) };
                let viewer = self.links.viewer(&user);
                let link = if for_therapist {
                    self.links.page_link(booking, &viewer).filter(|_| content.kind.has_link())
                } else {
                    self.links.email_link(booking, Viewer::Account(&viewer)).map(|link| link.url)
                };
                (user.email.clone(), user.language, user.time_zone.clone(), user.display_name(), link)
            }
            ViewerId::Participant(id) => {
                let invited = self.queries.participant(id).await?.filter(Participant::is_invited);
                let Some(invited) = invited else { return Ok(None) };
                let link = self.links.email_link(booking, Viewer::Participant(&invited));
                let link = link.map(|link| link.url);
                // Who comes along usually reads the client's language.
                let language = invited.language.or(client.language);
                (invited.email, language, invited.time_zone, invited.display_name.as_str().to_owned(), link)
            }
        };
        let is_about_payment = content.kind.is_about_payment();
        if join_url.is_none() && content.kind.has_link() {
            return Ok(None);
        }
        let is_unpaid_cancellation = content.kind == NotificationKind::Cancelled && booking.room().is_none();
        let payment = if is_about_payment || is_unpaid_cancellation {
            self.payment_details(content, booking).await?
        } else {
            None
        };
        if is_about_payment && payment.is_none() && content.kind != NotificationKind::TherapistPaymentReview {
            return Ok(None);
        }
        let asks_online = matches!(content.kind, NotificationKind::PaymentRequest | NotificationKind::PaymentReminder);
        Ok(Some(Email {
            kind: content.kind,
            message_id: notification.message_id(),
            to,
            language: language.unwrap_or_default(),
            to_name,
            join_url,
            pay_url: asks_online.then(|| self.pay_pages.url(booking.id())),
            // A colleague may have moved it since.
            starts_at: content.subject.starts_at().filter(|_| is_former).unwrap_or(booking.scheduled_at()),
            minutes: booking.minutes(),
            zone: self.practice.zone_in(&sender.practice, time_zone.as_ref()),
            calendar_uid: sender.installation.calendar_uid(booking.id()),
            calendar_sequence: booking.version(),
            practice: sender.practice.clone(),
            logo: sender.logo.clone(),
            payment,
            change: self.change_details(notification, booking).await?,
            client_name,
            therapist_name: self.new_therapist(content.kind, booking).await?,
            account: None,
            agenda: Vec::new(),
            others: Vec::new(),
            sent_at: now,
        }))
    }

    /// The name of the therapist who takes the session, for an email about that.
    async fn new_therapist(&self, kind: NotificationKind, booking: &Booking) -> Result<Option<String>, StoreError> {
        if !matches!(kind, NotificationKind::Reassigned | NotificationKind::TherapistReassigned) {
            return Ok(None);
        }
        let therapist = self.queries.user(booking.therapist()).await?;
        Ok(therapist.map(|therapist| therapist.display_name()))
    }

    /// What happened to the booking; `None` for an email about no change of it.
    async fn change_details(
        &self,
        notification: &Notification,
        booking: &Booking,
    ) -> Result<Option<ChangeDetails>, StoreError> {
        let recipient = notification.content.recipient;
        let is_client = recipient == ViewerId::Account(booking.client());
        Ok(match (notification.content.kind, booking.cancellation()) {
            (NotificationKind::Rescheduled | NotificationKind::TherapistRescheduled, _) => {
                let all = self.queries.notifications(booking.id()).await?;
                Some(ChangeDetails::Moved { was: last_announced_start(notification, &all) })
            }
            (NotificationKind::Cancelled | NotificationKind::TherapistCancelled, Some(cancellation)) => {
                let by = if recipient == ViewerId::Account(cancellation.by) {
                    CancelledBy::Recipient
                } else if cancellation.by == booking.client() {
                    CancelledBy::Client
                } else {
                    CancelledBy::Practice
                };
                let reason = cancellation.reason.clone().filter(|_| is_client && by == CancelledBy::Practice);
                let payment = if is_client { self.cancelled_payment(booking, cancellation).await? } else { None };
                Some(ChangeDetails::Cancelled { by, reason, payment })
            }
            _ => None,
        })
    }

    /// What became of the payment of a cancelled booking.
    async fn cancelled_payment(
        &self,
        booking: &Booking,
        cancellation: &Cancellation,
    ) -> Result<Option<CancelledPaymentDetails>, StoreError> {
        // What was received for a hold that was cancelled is told with what was due for it.
        if booking.room().is_none() || !booking.payment_status().has_been_paid() {
            return Ok(None);
        }
        let payments = self.queries.payments(booking.id()).await?;
        let mut earlier = self.queries.refunds(booking.id()).await?;
        earlier.retain(|refund| refund.cause != RefundCause::Cancelled && refund.created_at <= cancellation.at);
        let refundable = booking_ledger(booking, &payments, &earlier).refundable();
        let settled = payments.iter().find(|payment| payment.state == PaymentState::Settled);
        let by_hand = settled.is_some_and(|payment| payment.provider == Provider::Offline);
        Ok(CancelledPayment::of(booking, refundable).map(|payment| CancelledPaymentDetails { payment, by_hand }))
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
            NotificationKind::Receipt | NotificationKind::TherapistPayment => {
                let settled = || payments.iter().filter(|p| p.state == PaymentState::Settled);
                let this = settled().find(|p| is_this(p.settled_at)).or_else(|| settled().next());
                this.map(|p| {
                    let at = p.settled_at.unwrap_or(p.created_at);
                    let until_then: Vec<Payment> = settled().filter(|p| p.settled_at <= Some(at)).cloned().collect();
                    let left = amount_due(booking, &until_then);
                    let until = booking.hold_expires_at().filter(|_| !left.is_zero());
                    let left = until.map(|until| Remainder { amount: left, until });
                    PaymentDetails::Received { booking: booking.id(), amount: p.amount, at, left }
                })
            }
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
            NotificationKind::PaymentInstructions
            | NotificationKind::PaymentRequest
            | NotificationKind::PaymentReminder => booking.hold_expires_at().map(|until| {
                let amount = amount_due(booking, &payments);
                PaymentDetails::Due { booking: booking.id(), amount, until }
            }),
            NotificationKind::HoldExpired | NotificationKind::Cancelled => {
                // Money that arrived later is refunded, and announced by another email.
                let parts = payments.iter().filter(|p| p.state.is_paid() && p.settled_at <= Some(content.send_after));
                let received = Money::new(parts.map(|p| p.amount.minor()).sum(), booking.price().currency());
                let received = received.ok().filter(|received| !received.is_zero());
                let is_late = received.is_none() && booking.payment_status() != PaymentStatus::Cancelled;
                let paid = received.map_or(0, |received| received.minor());
                let amount = Money::new(booking.price().minor() - paid, booking.price().currency()).ok();
                amount.filter(|_| !is_late).map(|amount| PaymentDetails::NotReceived {
                    booking: booking.id(),
                    amount,
                    received,
                })
            }
            NotificationKind::MeetingInfo
            | NotificationKind::Reminder { .. }
            | NotificationKind::Invitation
            | NotificationKind::Rescheduled
            | NotificationKind::Reassigned
            | NotificationKind::Updated
            | NotificationKind::MeetingLink
            | NotificationKind::TherapistBooked
            | NotificationKind::TherapistRescheduled
            | NotificationKind::TherapistCancelled
            | NotificationKind::TherapistReassigned
            | NotificationKind::TherapistUpdated
            | NotificationKind::TherapistPaymentReview
            | NotificationKind::Agenda
            | NotificationKind::PasswordReset
            | NotificationKind::LoginLink
            | NotificationKind::EmailVerification
            | NotificationKind::EmailConfirmation
            | NotificationKind::EmailChanged
            | NotificationKind::AccountInvitation
            | NotificationKind::RegistrationAttempt
            | NotificationKind::PasswordChanged
            | NotificationKind::SecondFactorAdded
            | NotificationKind::SecondFactorRemoved
            | NotificationKind::RoleChanged
            | NotificationKind::AccountDisabled
            | NotificationKind::NewLogin => None,
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

    /// Stores results in one unit of work. Returns for each notification whether its lease was still held.
    async fn ack(&self, attempts: &[Attempt], token: &LeaseToken) -> Result<Vec<Vec<bool>>, StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let mut all = Vec::with_capacity(attempts.len());
            for Attempt(results) in attempts {
                let mut held = Vec::with_capacity(results.len());
                for (notification, result) in results {
                    held.push(work.ack_notification(notification.id, token, result).await?);
                }
                all.push(held);
            }
            work.commit().await?;
            Ok(all)
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
