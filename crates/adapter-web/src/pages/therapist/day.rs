//! The bookings of a therapist's day, and what of them changes on its page while it is open.

use std::fmt::Write;
use std::sync::Arc;

use async_trait::async_trait;
use attune_application::UseCases;
use attune_application::accounts::{Authenticate, BrowserSessions};
use attune_application::meetings::{AttendanceReport, BookingAttendance};
use attune_domain::meeting::{AccessState, AttendanceSummary};
use attune_domain::{AccessWindow, Booking, BookingStatus, LoginSessionId, UserId, ViewerId};
use attune_ports::{BookingFilter, BookingOrder, Clock, PageRequest, StoreError};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::live::{Day, LiveSource, Version};

/// More than anyone can see on a day.
const MAX_BOOKINGS: u32 = 200;

/// Reads days and login sessions from the store.
pub(crate) struct StoredDays {
    attendance: AttendanceReport,
    sessions: BrowserSessions,
    authenticate: Authenticate,
    clock: Arc<dyn Clock>,
}

impl StoredDays {
    pub(crate) fn new(use_cases: &UseCases, clock: Arc<dyn Clock>) -> Self {
        Self {
            attendance: use_cases.attendance.clone(),
            sessions: use_cases.browser_sessions.clone(),
            authenticate: use_cases.authenticate.clone(),
            clock,
        }
    }
}

#[async_trait]
impl LiveSource for StoredDays {
    async fn versions(&self, days: &[Day]) -> Result<Vec<Version>, StoreError> {
        let all = try_join_all(days.iter().map(|day| bookings(&self.attendance, day))).await?;
        let now = self.clock.now();
        Ok(all.iter().map(|found| version(found, &self.attendance.window, now)).collect())
    }

    async fn admitted(&self, sessions: &[LoginSessionId]) -> Result<Vec<LoginSessionId>, StoreError> {
        let callers = self.sessions.live(sessions).await?;
        let admitted =
            callers.iter().filter(|caller| caller.user.is_admin() && !self.authenticate.requires_setup(caller));
        Ok(admitted.map(|caller| caller.session.id).collect())
    }
}

/// The bookings of a day with who attended, earliest first.
pub(super) async fn bookings(report: &AttendanceReport, day: &Day) -> Result<Vec<BookingAttendance>, StoreError> {
    let filter = BookingFilter {
        therapist: Some(day.therapist),
        from: Some(day.from),
        to: Some(day.until),
        order: BookingOrder::Earliest,
        ..BookingFilter::default()
    };
    Ok(report.list(&filter, PageRequest { limit: MAX_BOOKINGS, offset: 0 }).await?.items)
}

/// Changes with the bookings, with who is in a room, and with what the time makes of them. The free times do not count:
/// they change with the bookings, or shrink as the day goes by.
pub(super) fn version(found: &[BookingAttendance], window: &AccessWindow, now: Timestamp) -> Version {
    let mut text = String::new();
    for BookingAttendance { booking, attendance } in found.iter().filter(|found| found.booking.takes_up_time(now)) {
        let is_open = is_open(booking, window, now);
        let present = presence(attendance, booking).filter(|_| is_open);
        let of_time = (booking.scheduled_at() <= now, booking.ends_at() <= now, changes(booking, now));
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{} {} {is_open} {present:?} {of_time:?}", booking.id(), booking.version());
    }
    let digest = Sha256::digest(text);
    Version(digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Whether its room can be entered.
pub(super) fn is_open(booking: &Booking, window: &AccessWindow, now: Timestamp) -> bool {
    booking.status() == BookingStatus::Scheduled && window.state(booking, now) == AccessState::Open
}

/// Whether the client waits, or talks with the therapist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Waiting,
    InRoom,
}

/// Whether the client is in the room, and since when.
pub(super) fn presence(attendance: &[AttendanceSummary], booking: &Booking) -> Option<(Presence, Option<Timestamp>)> {
    let present: Vec<_> = attendance.iter().filter(|summary| summary.left_at.is_none()).collect();
    let is = |id: UserId| move |summary: &&&AttendanceSummary| summary.participant == Some(ViewerId::Account(id));
    let client = present.iter().find(is(booking.client()))?;
    let therapist = present.iter().find(is(booking.therapist()));
    Some((if therapist.is_some() { Presence::InRoom } else { Presence::Waiting }, client.joined_at))
}

/// What can be said about an appointment that has begun: the value of the button and its message.
pub(super) fn changes(booking: &Booking, now: Timestamp) -> Vec<(&'static str, &'static str)> {
    let complete = ("complete", "today-complete");
    let no_show = ("no-show", "today-no-show");
    let has_begun = booking.scheduled_at() <= now;
    let may_be_missed = booking.scheduled_at().saturating_add(Booking::NO_SHOW_AFTER).is_ok_and(|from| from <= now);
    match booking.status() {
        BookingStatus::Scheduled if may_be_missed => vec![complete, no_show],
        BookingStatus::Scheduled if has_begun => vec![complete],
        BookingStatus::Completed | BookingStatus::NoShow if now < booking.ends_at() => vec![("reopen", "today-reopen")],
        BookingStatus::Scheduled
        | BookingStatus::Completed
        | BookingStatus::NoShow
        | BookingStatus::PendingPayment
        | BookingStatus::Cancelled
        | BookingStatus::Expired => Vec::new(),
    }
}
