//! Sends join links again on request.

use std::sync::Arc;

use attune_domain::notification::{NewNotification, link_notification};
use attune_domain::{AccessWindow, Booking, BookingStatus, EmailAddress, ViewerId};
use attune_ports::{BookingFilter, BookingOrder, Clock, OutboxWaker, PageRequest, Queries, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

/// Links are sent for this many of the next sessions: requests need no login, and must not fill a stranger's mailbox.
const MAX_BOOKINGS: usize = 3;
/// How many bookings are read to find those that have not ended.
const PAGE_SIZE: u32 = 20;

#[derive(Clone)]
pub struct ResendLinks {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub waker: Arc<dyn OutboxWaker>,
    pub window: AccessWindow,
}

impl ResendLinks {
    /// Enqueues the links of the next sessions that the owner of this email address booked, gives or is invited to. Returns
    /// how many emails were enqueued; the caller must not disclose it.
    pub async fn run(&self, email: &EmailAddress) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let mut found = self.of_account(email, now).await?;
        found.extend(self.of_participant(email, now).await?);
        found.sort_by_key(|link| (link.subject.starts_at(), link.subject.booking()));
        found.dedup_by_key(|link| (link.subject.booking(), link.recipient));
        found.truncate(MAX_BOOKINGS);
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
        let confirmed = BookingFilter {
            status: Some(BookingStatus::Scheduled),
            from: Some(self.earliest(now)),
            order: BookingOrder::Earliest,
            ..BookingFilter::default()
        };
        let own = BookingFilter { client: Some(user.id), ..confirmed.clone() };
        let given = user.is_admin().then_some(BookingFilter { therapist: Some(user.id), ..confirmed });
        let mut links = Vec::new();
        for filter in std::iter::once(own).chain(given) {
            let page = self.queries.bookings(&filter, PageRequest { limit: PAGE_SIZE, offset: 0 }.into()).await?;
            let upcoming = page.items.iter().filter(|booking| self.is_upcoming(booking, now));
            links.extend(upcoming.map(|booking| link_notification(booking, ViewerId::Account(user.id), now)));
        }
        Ok(links)
    }

    async fn of_participant(&self, email: &EmailAddress, now: Timestamp) -> Result<Vec<NewNotification>, StoreError> {
        let mut links = Vec::new();
        for invited in self.queries.invitations_of(email, self.earliest(now), PAGE_SIZE).await? {
            let Some(view) = self.queries.booking(invited.booking).await? else { continue };
            if self.is_upcoming(&view.booking, now) {
                links.push(link_notification(&view.booking, ViewerId::Participant(invited.id), now));
            }
        }
        Ok(links)
    }

    /// A session that has not ended cannot have started before this.
    fn earliest(&self, now: Timestamp) -> Timestamp {
        let longest = SignedDuration::from_mins(i64::from(Booking::MAX_MINUTES)).saturating_add(self.window.grace);
        now.saturating_sub(longest).unwrap_or(Timestamp::MIN)
    }

    fn is_upcoming(&self, booking: &Booking, now: Timestamp) -> bool {
        booking.status() == BookingStatus::Scheduled && now < booking.ends_at()
    }
}
