//! Calendar feeds: turning them on and off, and what a calendar program reads.

use std::sync::Arc;

use attune_domain::{Booking, BookingId, Role, User, UserId};
use attune_ports::{
    AuditObject, BookingFilter, BookingOrder, CalendarFeed, CalendarFeedTokens, Clock, Conflict, Queries, Random,
    Store, StoreError,
};
use jiff::{SignedDuration, Timestamp};

use super::read_all::read_all;
use crate::audit::{AuditContext, RequestMetadata};

/// How long an appointment stays in the feed after it began. Calendar programs keep no copy of their own.
const PAST: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The URLs of calendar feeds, and of the pages that their entries lead to.
#[derive(Clone)]
pub struct CalendarFeedUrls {
    /// The base URL of our own pages, with a trailing slash.
    pub base: String,
    pub tokens: Arc<dyn CalendarFeedTokens>,
}

/// A feed that is turned on. The URL alone opens it, so it must not be logged.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct CalendarFeedUrl {
    #[debug(skip)]
    pub url: String,
    /// Since when it is the feed's URL.
    pub created_at: Timestamp,
}

impl CalendarFeedUrls {
    fn of(&self, user: UserId, feed: &CalendarFeed) -> CalendarFeedUrl {
        let token = self.tokens.sign_feed(user, &feed.nonce);
        CalendarFeedUrl { url: format!("{}calendar/{token}/appointments.ics", self.base), created_at: feed.created_at }
    }
}

/// An appointment in a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    pub booking: Booking,
    /// The page of the booking, for which its reader has to log in.
    pub url: String,
}

/// Turns the calendar feed of an account on and off.
#[derive(Clone)]
pub struct ManageCalendarFeed {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub feed_urls: CalendarFeedUrls,
}

impl ManageCalendarFeed {
    /// The feed of a user; `None` if it is turned off.
    pub async fn show(&self, user: UserId) -> Result<Option<CalendarFeedUrl>, StoreError> {
        Ok(self.queries.calendar_feed(user).await?.map(|feed| self.feed_urls.of(user, &feed)))
    }

    /// Turns the feed on. One that is on keeps its URL.
    pub async fn turn_on(&self, user: UserId, metadata: &RequestMetadata) -> Result<CalendarFeedUrl, StoreError> {
        let feed = self.change(user, metadata, |before, now| match before {
            Some(feed) => (Some(feed), None),
            None => (Some(self.new_feed(now)), Some("user.calendar_feed_added")),
        });
        let feed = feed.await?.ok_or_else(|| StoreError::Failed("a calendar feed was not turned on".into()))?;
        Ok(self.feed_urls.of(user, &feed))
    }

    /// Gives the feed another URL; the former one leads nowhere from now on. Returns whether it has one: a feed that is off
    /// stays off.
    pub async fn renew(&self, user: UserId, metadata: &RequestMetadata) -> Result<bool, StoreError> {
        let renewed = self.change(user, metadata, |before, now| match before {
            Some(_) => (Some(self.new_feed(now)), Some("user.calendar_feed_renewed")),
            None => (None, None),
        });
        renewed.await.map(|feed| feed.is_some())
    }

    /// Turns the feed off: its URL leads nowhere from now on, also if the feed is turned on again.
    pub async fn turn_off(&self, user: UserId, metadata: &RequestMetadata) -> Result<(), StoreError> {
        let ended = self.change(user, metadata, |before, _| (None, before.map(|_| "user.calendar_feed_removed")));
        ended.await.map(drop)
    }

    fn new_feed(&self, now: Timestamp) -> CalendarFeed {
        CalendarFeed { nonce: self.random.random_bytes(), created_at: now }
    }

    /// Replaces the feed by what `change` makes of it, unless it names no action for the audit trail. Returns the feed
    /// afterwards.
    async fn change(
        &self,
        user: UserId,
        metadata: &RequestMetadata,
        change: impl Fn(Option<CalendarFeed>, Timestamp) -> (Option<CalendarFeed>, Option<&'static str>),
    ) -> Result<Option<CalendarFeed>, StoreError> {
        crate::retry::retrying(|| async {
            let now = self.clock.now();
            let mut work = self.store.begin().await?;
            work.user_for_change(user).await?.ok_or(StoreError::Conflict(Conflict::Stale))?;
            let (feed, action) = change(work.calendar_feed(user).await?, now);
            let Some(action) = action else { return Ok(feed) };
            match &feed {
                Some(feed) => work.save_calendar_feed(user, feed).await?,
                None => work.remove_calendar_feed(user).await.map(drop)?,
            }
            AuditContext::new(Some(user), metadata, now).record(&mut *work, action, AuditObject::User(user)).await?;
            work.commit().await?;
            Ok(feed)
        })
        .await
    }
}

/// Reads a calendar feed, for a program that has its URL and no login.
#[derive(Clone)]
pub struct ReadCalendarFeed {
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub feed_urls: CalendarFeedUrls,
}

impl ReadCalendarFeed {
    /// The user whose feed has this token; `None` for a token that is forged or was replaced, a feed that is turned off, and
    /// an account that is disabled.
    pub async fn user(&self, token: &str) -> Result<Option<User>, StoreError> {
        let tokens = &self.feed_urls.tokens;
        let Some(user) = tokens.read_feed(token) else { return Ok(None) };
        let feed = self.queries.calendar_feed(user).await?;
        if !feed.is_some_and(|feed| tokens.is_genuine_feed(token, user, &feed.nonce)) {
            return Ok(None);
        }
        Ok(self.queries.user(user).await?.filter(|user| !user.disabled))
    }

    /// The confirmed appointments of a user, earliest first: those that they booked, and for a therapist those in their
    /// calendar. Cancelled ones are left out, because a program shows what the feed contains; unpaid ones too, because they
    /// would often have expired before it is read again.
    pub async fn entries(&self, user: &User) -> Result<Vec<FeedEntry>, StoreError> {
        let from = self.clock.now().saturating_sub(PAST).unwrap_or(Timestamp::MIN);
        let filter = BookingFilter { from: Some(from), order: BookingOrder::Earliest, ..BookingFilter::default() };
        let own = BookingFilter { client: Some(user.id), ..filter.clone() };
        let mut entries = self.of(&own, "appointments").await?;
        if user.role == Role::Admin {
            let given = BookingFilter { therapist: Some(user.id), ..filter };
            // What a therapist books with themselves is in both.
            entries.extend(self.of(&given, "bookings").await?.into_iter().filter(|e| e.booking.client() != user.id));
            entries.sort_by_key(|entry| (entry.booking.scheduled_at(), entry.booking.id()));
        }
        Ok(entries)
    }

    /// `page` is the path above the page of a booking.
    async fn of(&self, filter: &BookingFilter, page: &str) -> Result<Vec<FeedEntry>, StoreError> {
        let url = |booking: BookingId| format!("{}{page}/{booking}", self.feed_urls.base);
        let found = read_all(&*self.queries, filter).await?;
        let confirmed = found.into_iter().filter(|booking| booking.status().has_room());
        Ok(confirmed.map(|booking| FeedEntry { url: url(booking.id()), booking }).collect())
    }
}
