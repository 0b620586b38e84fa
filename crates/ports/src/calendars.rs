//! When therapists work, what the practice decided, and replies that are kept for a second try; inside a unit of work.

use std::fmt;

use async_trait::async_trait;
use attune_domain::calendar::{TimeOff, WeeklySchedule};
use attune_domain::{PracticePolicy, TimeOffId, UserId};
use jiff::Timestamp;

use crate::StoreError;

/// Time off, or extra hours, to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewTimeOff {
    /// Whose.
    pub therapist: UserId,
    /// When.
    pub what: TimeOff,
    /// Now.
    pub created_at: Timestamp,
}

/// Time off, or extra hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOffEntry {
    /// Which entry.
    pub id: TimeOffId,
    /// Whose.
    pub therapist: UserId,
    /// When.
    pub what: TimeOff,
    /// Since when it is known.
    pub created_at: Timestamp,
}

/// All that decides when one therapist can be booked, besides the bookings themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarSettings {
    /// The week; `None` for a therapist who never said.
    pub schedule: Option<WeeklySchedule>,
    /// What differs from it.
    pub time_off: Vec<TimeOff>,
    /// What the practice decided; the default where it never did.
    pub policy: PracticePolicy,
}

/// Calendars, inside a unit of work. Changing them never touches a booking.
#[async_trait]
pub trait Calendars {
    /// Replaces a therapist's week as a whole.
    async fn set_schedule(&mut self, therapist: UserId, schedule: &WeeklySchedule) -> Result<(), StoreError>;

    /// Keeps time off or extra hours.
    async fn add_time_off(&mut self, time_off: &NewTimeOff) -> Result<TimeOffId, StoreError>;

    /// Forgets an entry. `false` when there is none of this id.
    async fn remove_time_off(&mut self, id: TimeOffId) -> Result<bool, StoreError>;

    /// Replaces the practice's policy.
    async fn set_policy(&mut self, policy: &PracticePolicy) -> Result<(), StoreError>;
}

/// Names one wish of one caller. `Debug` hides the caller's own key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReplyKey {
    /// Who asks.
    pub user: UserId,
    /// What for: method and path.
    pub route: String,
    /// What the caller called it, 1 to 255 visible ASCII characters.
    pub key: String,
}

impl fmt::Debug for ReplyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyKey").field("user", &self.user).field("route", &self.route).finish_non_exhaustive()
    }
}

/// A reply that was given. `Debug` hides what it said.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptReply {
    /// SHA-256 of what was asked, to tell a second try from another wish under the same key.
    pub asked: [u8; 32],
    /// HTTP status.
    pub status: u16,
    /// The body as it went out.
    pub body: String,
    /// When.
    pub at: Timestamp,
}

impl fmt::Debug for KeptReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptReply").field("status", &self.status).field("at", &self.at).finish_non_exhaustive()
    }
}

/// Replies kept in the unit of work of their effect, so that there is never one without the other.
#[async_trait]
pub trait Replies {
    /// The reply kept under this key. Waits for another unit of work that is about to keep one, as far as the store can
    /// tell; [`Replies::keep_reply`] is what decides.
    async fn reply(&mut self, key: &ReplyKey) -> Result<Option<KeptReply>, StoreError>;

    /// Keeps a reply. Errors: [`crate::Conflict::ReplyKept`] when there is one under this key already.
    async fn keep_reply(&mut self, key: &ReplyKey, reply: &KeptReply) -> Result<(), StoreError>;

    /// Replaces the body of a kept reply, for what is known only after the effect was kept. `false` when there is none.
    async fn amend_reply(&mut self, key: &ReplyKey, body: &str) -> Result<bool, StoreError>;

    /// Forgets replies from before this instant, at most `limit`. Returns how many.
    async fn forget_replies(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
