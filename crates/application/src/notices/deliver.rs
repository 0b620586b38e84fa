//! The mail worker's one step: claim what is due, look again whether it should still leave, write it as of now, send it,
//! write down what became of it.
//!
//! A mail is sent at least once. It can leave twice only if the process ends between the mail server's answer and the
//! moment it is written down; both copies then have the same Message-ID, and mail programs show one.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use attune_domain::meeting::Attendee;
use attune_domain::notice::{
    NextStep, Notice, NoticeKind, NoticeState, OwedNotice, ReminderPlan, RetryPolicy, Verdict, is_superseded, verdict,
};
use attune_domain::{Booking, BookingStatus, EmailAddress, Participant, PaymentStatus, Person, TimeZoneName, User};
use attune_ports::{
    Clock, Lease, LeaseToken, MailedMoney, MeetingMail, Notifier, NotifyError, PaymentState, Queries, Random,
    RefundStage, Settlement, Store, StoreError, TimeZones,
};
use futures_util::{FutureExt, StreamExt, stream};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::meetings::MeetingLinks;

/// Mails sent at the same time by one worker.
const CONCURRENT: usize = 4;
/// Mails claimed at once. Together with [`CONCURRENT`] and the notifier's 30 seconds it keeps well within [`LEASE`].
const BATCH: u32 = 12;
/// How long a claim holds.
const LEASE: SignedDuration = SignedDuration::from_mins(2);

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Mails taken up.
    pub claimed: usize,
    /// Mails that left.
    pub sent: usize,
    /// Whether more may be due already.
    pub more: bool,
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
pub struct DeliverNotices {
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
}

impl DeliverNotices {
    /// Takes up what is due and sends it. Errors of single mails are written down, not returned.
    pub async fn run(&self) -> Result<Delivered, StoreError> {
        let now = self.clock.now();
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let lease = Lease { token: LeaseToken(self.random.sixteen()), until };
        let claimed = crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let claimed = work.claim_notices(BATCH, now, &lease).await?;
            if !claimed.is_empty() {
                work.commit().await?;
            }
            Ok::<_, StoreError>(claimed)
        })
        .await?;
        let count = claimed.len();
        let sent = stream::iter(claimed)
            .map(|notice| self.deliver(notice, &lease.token))
            .buffer_unordered(CONCURRENT)
            .filter(|sent| std::future::ready(*sent))
            .count()
            .await;
        Ok(Delivered { claimed: count, sent, more: count == BATCH as usize })
    }

    /// Handles one mail to its end; `true` if it left.
    async fn deliver(&self, notice: Notice, token: &LeaseToken) -> bool {
        // One mail that makes a template or a library panic must not take the others with it.
        let settlement = match AssertUnwindSafe(self.try_send(&notice)).catch_unwind().await {
            Ok(Ok(settlement)) => settlement,
            Ok(Err(error)) => {
                tracing::warn!(notice = %notice.id, %error, "a mail could not be looked at; its lease will run out");
                return false;
            }
            Err(_) => self.failed(&notice, "panicked"),
        };
        let sent = settlement.state == NoticeState::Sent;
        match self.settle(&notice, token, &settlement).await {
            Ok(true) => tracing::info!(
                notice = %notice.id, kind = notice.owed.kind.as_str(), attempt = notice.attempts, state = %settlement.state,
                error = settlement.last_error.as_deref(), "mail handled"
            ),
            Ok(false) => tracing::warn!(notice = %notice.id, "the lease of a mail was lost while it was handled"),
            Err(error) => {
                tracing::error!(notice = %notice.id, %error, sent, "what became of a mail could not be written down")
            }
        }
        sent
    }

    async fn try_send(&self, notice: &Notice) -> Result<Settlement, StoreError> {
        let now = self.clock.now();
        if notice.owed.expires_at().is_none() && notice.attempts > self.retry.max_attempts {
            // Every attempt counts when it begins, so this one comes after attempts that ended with the process.
            return Ok(self.settled(notice, NoticeState::Dead, Some("interrupted")));
        }
        let Some(view) = self.queries.booking(notice.owed.booking).await? else {
            return Ok(self.settled(notice, NoticeState::Skipped, None));
        };
        match verdict(&notice.owed, &view.booking, now) {
            Verdict::Send if is_superseded(&notice.owed, &self.reminders, now) => {
                return Ok(self.settled(notice, NoticeState::Skipped, None));
            }
            Verdict::Send => {}
            Verdict::Skip => return Ok(self.settled(notice, NoticeState::Skipped, None)),
            Verdict::Expired => return Ok(self.settled(notice, NoticeState::Expired, notice.last_error.as_deref())),
        }
        let Some(reader) = self.reader(&notice.owed, &view.booking, view.client).await? else {
            return Ok(self.settled(notice, NoticeState::Skipped, None));
        };
        let money = match notice.owed.kind {
            kind if !kind.is_about_money() => None,
            _ => match self.money(&notice.owed, &view.booking).await? {
                None => return Ok(self.settled(notice, NoticeState::Skipped, None)),
                some => some,
            },
        };
        let zone = reader.time_zone.as_ref().and_then(|name| self.zones.find(name));
        let mail = MeetingMail {
            kind: notice.owed.kind,
            message_key: notice.owed.dedupe_key().replace(':', "."),
            to: reader.email,
            to_name: reader.name,
            join_url: reader.join_url,
            starts_at: view.booking.scheduled_at,
            minutes: view.booking.minutes,
            zone: zone.unwrap_or_else(|| self.practice_zone.clone()),
            calendar_key: format!("booking-{}", view.booking.id),
            calendar_sequence: view.booking.version,
            money,
            sent_at: now,
        };
        Ok(match self.notifier.send(&mail).await {
            Ok(()) => Settlement { sent_at: Some(self.clock.now()), ..self.settled(notice, NoticeState::Sent, None) },
            Err(NotifyError::Refused { code }) => {
                self.settled(notice, NoticeState::Dead, Some(&format!("refused_{code}")))
            }
            Err(NotifyError::Unrenderable) => self.settled(notice, NoticeState::Dead, Some("unrenderable")),
            Err(NotifyError::Unavailable { reason }) => self.failed(notice, &reason.to_string()),
        })
    }

    /// Whom a mail goes to, with the link they have at this moment; `None` for somebody who is not to get it any more.
    async fn reader(&self, owed: &OwedNotice, booking: &Booking, client: User) -> Result<Option<Reader>, StoreError> {
        let (email, time_zone, name, link) = match owed.recipient {
            Person::Account(id) => {
                let user = if id == client.id { Some(client) } else { self.queries.user(id).await? };
                let Some(user) = user.filter(|u| !u.disabled) else { return Ok(None) };
                let link = self.links.mailed_link(booking, Attendee::Account(&(&user).into()));
                (user.email.clone(), user.time_zone.clone(), user.display_name(), link)
            }
            Person::Participant(id) => {
                let invited = self.queries.participant(id).await?.filter(Participant::is_invited);
                let Some(invited) = invited else { return Ok(None) };
                let link = self.links.mailed_link(booking, Attendee::Participant(&invited));
                (invited.email, invited.time_zone, invited.display_name.as_str().to_owned(), link)
            }
        };
        let join_url = link.map(|link| link.url);
        // A session that was called off has no room to go to; every other mail is about going there.
        let complete = join_url.is_some() || owed.kind == NoticeKind::Cancelled || owed.kind.is_about_money();
        Ok(complete.then_some(Reader { email, time_zone, name, join_url }))
    }

    /// What a mail about money says, from the books as they are now; `None` when there is nothing to tell any more.
    async fn money(&self, owed: &OwedNotice, booking: &Booking) -> Result<Option<MailedMoney>, StoreError> {
        let payments = self.queries.payments(booking.id).await?;
        let refunds = self.queries.refunds(booking.id).await?;
        // Mails are owed in the unit of work that moved the money, so the instants tell which movement it was.
        let then = owed.send_after.as_millisecond();
        let happened = |at: Option<Timestamp>| at.is_some_and(|at| at.as_millisecond() == then);
        Ok(match owed.kind {
            NoticeKind::Receipt => payments.iter().find(|p| p.facts.state == PaymentState::Settled).map(|p| {
                let at = p.facts.settled_at.unwrap_or(p.facts.created_at);
                MailedMoney::Received { booking: booking.id, amount: p.facts.amount, at }
            }),
            NoticeKind::Refund => {
                let mut went = refunds.iter().filter(|refund| refund.facts.stage == RefundStage::Succeeded);
                let this = went.clone().find(|refund| happened(refund.facts.settled_at));
                this.or_else(|| went.next_back()).map(|refund| MailedMoney::Returned {
                    booking: booking.id,
                    amount: refund.facts.amount,
                    at: refund.facts.settled_at.unwrap_or(refund.facts.created_at),
                })
            }
            NoticeKind::PaymentProblem => {
                let surplus = payments.iter().filter(|p| p.facts.state == PaymentState::Surplus);
                if let Some(late) = surplus.into_iter().find(|p| happened(p.facts.settled_at)) {
                    return Ok(Some(MailedMoney::ComesBack { amount: late.facts.amount }));
                }
                let now = self.clock.now();
                match (booking.status, booking.payment_status) {
                    (BookingStatus::PendingPayment, PaymentStatus::Failed) => {
                        let retry_until = booking.hold_expires_at.filter(|until| *until > now);
                        Some(MailedMoney::Failed { amount: booking.price, retry_until })
                    }
                    (BookingStatus::Expired | BookingStatus::Cancelled, PaymentStatus::Cancelled) => {
                        Some(MailedMoney::Failed { amount: booking.price, retry_until: None })
                    }
                    // Paid in another way meanwhile, or about to be.
                    _ => None,
                }
            }
            NoticeKind::MeetingInfo
            | NoticeKind::Reminder { .. }
            | NoticeKind::Invitation
            | NoticeKind::Rescheduled
            | NoticeKind::Cancelled
            | NoticeKind::MeetingLink => None,
        })
    }

    /// What becomes of a mail that may work another time.
    fn failed(&self, notice: &Notice, error: &str) -> Settlement {
        let now = self.clock.now();
        match self.retry.after_failure(&notice.owed, notice.attempts, self.jitter(), now) {
            NextStep::RetryAt(next_at) => {
                Settlement { next_at, ..self.settled(notice, NoticeState::Pending, Some(error)) }
            }
            NextStep::Expire => self.settled(notice, NoticeState::Expired, Some(error)),
            NextStep::GiveUp => self.settled(notice, NoticeState::Dead, Some(error)),
        }
    }

    fn settled(&self, notice: &Notice, state: NoticeState, error: Option<&str>) -> Settlement {
        Settlement { state, next_at: notice.next_at, sent_at: None, last_error: error.map(str::to_owned) }
    }

    async fn settle(&self, notice: &Notice, token: &LeaseToken, settlement: &Settlement) -> Result<bool, StoreError> {
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let held = work.settle_notice(notice.id, token, settlement).await?;
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
