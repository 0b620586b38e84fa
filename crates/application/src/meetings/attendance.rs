//! Records the attendance events of the video server, and reports who attended.

use std::collections::BTreeMap;
use std::sync::Arc;

use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind, AttendanceSummary, attendance};
use attune_domain::{AccessWindow, Booking, BookingId};
use attune_ports::{BookingFilter, Clock, Page, PageRequest, Queries, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::rooms::room_name;

/// Events further outside the booking's lifetime are errors of the server, such as milliseconds instead of seconds.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Clone)]
pub struct RoomReport {
    /// As the server spells it, with or without a tenant.
    pub room: String,
    pub events: Vec<AttendanceEvent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordAttendanceOutcome {
    /// Not a room of this practice; the server should not send it again.
    UnknownRoom,
    /// The number of new events.
    Recorded(u64),
}

#[derive(Clone)]
pub struct RecordAttendance {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
}

impl RecordAttendance {
    /// Implausible events are dropped. The end of a room closes its conference.
    pub async fn run(&self, report: &RoomReport) -> Result<RecordAttendanceOutcome, StoreError> {
        let Some(view) = self.queries.booking_by_room(&room_name(&report.room)).await? else {
            return Ok(RecordAttendanceOutcome::UnknownRoom);
        };
        let now = self.clock.now();
        let events: Vec<AttendanceEvent> =
            report.events.iter().filter(|event| is_plausible(event, &view.booking, now)).cloned().collect();
        if events.is_empty() {
            return Ok(RecordAttendanceOutcome::Recorded(0));
        }
        let ended = events.iter().filter(|event| event.kind == AttendanceEventKind::Ended).map(|event| event.at).max();
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let new = work.add_attendance(view.booking.id(), &events).await?;
            if let Some(ended) = ended
                && let Some(open) = work.open_conference_of(view.booking.id()).await?
                // A late report of an earlier end does not concern a conference that was opened afterwards.
                && open.opened_at <= ended
            {
                work.close_conference(open.id, now).await?;
            }
            work.commit().await?;
            Ok(RecordAttendanceOutcome::Recorded(new))
        })
        .await
    }
}

fn is_plausible(event: &AttendanceEvent, booking: &Booking, now: Timestamp) -> bool {
    let earliest = booking.created_at().saturating_sub(MAX_CLOCK_SKEW).unwrap_or(Timestamp::MIN);
    let latest = now.saturating_add(MAX_CLOCK_SKEW).unwrap_or(Timestamp::MAX);
    let named = !event.occupant.is_empty()
        && event.occupant.len() <= AttendanceEvent::MAX_OCCUPANT_BYTES
        && !event.occupant.contains('\0');
    (earliest..=latest).contains(&event.at) && (named || event.kind == AttendanceEventKind::Ended)
}

#[derive(Clone)]
pub struct AttendanceReport {
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub window: AccessWindow,
}

#[derive(Debug, Clone)]
pub struct BookingAttendance {
    pub booking: Booking,
    /// In the order of arrival.
    pub attendance: Vec<AttendanceSummary>,
}

impl AttendanceReport {
    pub async fn of(&self, booking: &Booking) -> Result<Vec<AttendanceSummary>, StoreError> {
        let events: Vec<_> =
            self.queries.attendance(&[booking.id()]).await?.into_iter().map(|(_, event)| event).collect();
        Ok(self.summarize(booking, &events))
    }

    pub async fn list(&self, filter: &BookingFilter, page: PageRequest) -> Result<Page<BookingAttendance>, StoreError> {
        let found = self.queries.bookings(filter, page.into()).await?;
        let ids: Vec<BookingId> = found.items.iter().map(|booking| booking.id()).collect();
        let mut events: BTreeMap<BookingId, Vec<AttendanceEvent>> = BTreeMap::new();
        for (booking, event) in self.queries.attendance(&ids).await? {
            events.entry(booking).or_default().push(event);
        }
        let items = found.items.iter().cloned().map(|booking| {
            let reported = events.get(&booking.id()).map(Vec::as_slice).unwrap_or_default();
            BookingAttendance { attendance: self.summarize(&booking, reported), booking }
        });
        Ok(Page { items: items.collect(), total: found.total })
    }

    fn summarize(&self, booking: &Booking, events: &[AttendanceEvent]) -> Vec<AttendanceSummary> {
        attendance(events, self.window.closes_at(booking), self.clock.now())
    }
}
