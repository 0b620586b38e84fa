//! Somebody lost the mail with their link and asks for it again.

use std::sync::Arc;

use attune_domain::notification::{NewNotification, link_notification};
use attune_domain::{AccessWindow, Booking, BookingStatus, EmailAddress, ViewerId};
use attune_ports::{BookingFilter, BookingOrder, Clock, OutboxWaker, PageRequest, Queries, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

/// For how many sessions at once links are mailed, the nearest first. Whoever can type an address must not be able to
/// fill its mailbox.
const MAX_SESSIONS: usize = 3;
/// How many sessions are looked at to find those that are not over.
const LOOKED_AT: u32 = 20;

/// Mails links again.
#[derive(Clone)]
pub struct ResendLinks {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub waker: Arc<dyn OutboxWaker>,
    pub window: AccessWindow,
}

impl ResendLinks {
    /// Owes the reader of this address the links of their next sessions: those they booked, those they give, and those
    /// they are invited to. Returns how many mails are owed that were not owed before; the one who asked must not learn
    /// it.
    pub async fn run(&self, email: &EmailAddress) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let mut found = self.of_account(email, now).await?;
        found.extend(self.of_participant(email, now).await?);
        found.sort_by_key(|notice| (notice.starts_at, notice.booking));
        found.dedup_by_key(|notice| (notice.booking, notice.recipient));
        found.truncate(MAX_SESSIONS);
        if found.is_empty() {
            return Ok(0);
        }
        let new = crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let new = work.enqueue(&found).await?;
            work.commit().await?;
            Ok::<_, StoreError>(new)
        })
        .await?;
        self.waker.wake();
        Ok(new)
    }

    async fn of_account(&self, email: &EmailAddress, now: Timestamp) -> Result<Vec<NewNotification>, StoreError> {
        let Some(user) = self.queries.credentials(email).await?.map(|c| c.user).filter(|u| !u.disabled) else {
            return Ok(Vec::new());
        };
        let agreed = BookingFilter {
            status: Some(BookingStatus::Scheduled),
            from: Some(self.earliest(now)),
            order: BookingOrder::Earliest,
            ..BookingFilter::default()
        };
        let own = BookingFilter { client: Some(user.id), ..agreed };
        let given = user.is_admin().then_some(BookingFilter { therapist: Some(user.id), ..agreed });
        let mut notices = Vec::new();
        for filter in std::iter::once(own).chain(given) {
            let page = self.queries.bookings(&filter, PageRequest { limit: LOOKED_AT, offset: 0 }.into()).await?;
            let ahead = page.items.iter().filter(|booking| self.is_ahead(booking, now));
            notices.extend(ahead.map(|booking| link_notification(booking, ViewerId::Account(user.id), now)));
        }
        Ok(notices)
    }

    async fn of_participant(&self, email: &EmailAddress, now: Timestamp) -> Result<Vec<NewNotification>, StoreError> {
        let mut notices = Vec::new();
        for invited in self.queries.invitations_of(email, self.earliest(now), LOOKED_AT).await? {
            let Some(view) = self.queries.booking(invited.booking).await? else { continue };
            if self.is_ahead(&view.booking, now) {
                notices.push(link_notification(&view.booking, ViewerId::Participant(invited.id), now));
            }
        }
        Ok(notices)
    }

    /// Before this a session that is not over cannot have begun.
    fn earliest(&self, now: Timestamp) -> Timestamp {
        let longest = SignedDuration::from_mins(i64::from(Booking::MAX_MINUTES)).saturating_add(self.window.grace);
        now.saturating_sub(longest).unwrap_or(Timestamp::MIN)
    }

    fn is_ahead(&self, booking: &Booking, now: Timestamp) -> bool {
        booking.status() == BookingStatus::Scheduled && now < booking.ends_at()
    }
}
