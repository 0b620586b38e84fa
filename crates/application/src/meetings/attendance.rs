//! The video server tells who came and went; admins ask who was there.

use std::collections::BTreeMap;
use std::sync::Arc;

use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind, AttendanceSummary, attendance};
use attune_domain::{AccessWindow, Booking, BookingId};
use attune_ports::{BookingFilter, Clock, Page, PageRequest, Queries, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::rooms::room_name;

/// How far a video server's clock may be off. What it tells of other times is nonsense, such as milliseconds where
/// seconds belong.
const CLOCKS_AGREE_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// What a video server told about one room.
#[derive(Debug, Clone)]
pub struct RoomReport {
    /// As the server spells it, with or without a tenant.
    pub room: String,
    pub facts: Vec<AttendanceEvent>,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// Not a room of this practice; the server should forget it.
    UnknownRoom,
    /// How many of the events were new.
    Kept(u64),
}

/// Keeps what the video server tells.
#[derive(Clone)]
pub struct RecordAttendance {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
}

impl RecordAttendance {
    /// Keeps a report. Facts that cannot be true are left out. A room that ended is not open any more.
    pub async fn run(&self, report: &RoomReport) -> Result<Reported, StoreError> {
        let Some(view) = self.queries.booking_by_room(&room_name(&report.room)).await? else {
            return Ok(Reported::UnknownRoom);
        };
        let now = self.clock.now();
        let facts: Vec<AttendanceEvent> =
            report.facts.iter().filter(|fact| is_plausible(fact, &view.booking, now)).cloned().collect();
        if facts.is_empty() {
            return Ok(Reported::Kept(0));
        }
        let ended = facts.iter().filter(|fact| fact.kind == AttendanceEventKind::Ended).map(|fact| fact.at).max();
        crate::retry::retrying(|| async {
            let mut work = self.store.begin().await?;
            let new = work.add_attendance(view.booking.id(), &facts).await?;
            if let Some(ended) = ended
                && let Some(open) = work.open_conference_of(view.booking.id()).await?
                // A late report of an earlier end says nothing about the room that was opened since.
                && open.opened_at <= ended
            {
                work.close_conference(open.id, now).await?;
            }
            work.commit().await?;
            Ok(Reported::Kept(new))
        })
        .await
    }
}

fn is_plausible(fact: &AttendanceEvent, booking: &Booking, now: Timestamp) -> bool {
    let earliest = booking.created_at().saturating_sub(CLOCKS_AGREE_WITHIN).unwrap_or(Timestamp::MIN);
    let latest = now.saturating_add(CLOCKS_AGREE_WITHIN).unwrap_or(Timestamp::MAX);
    let named = !fact.occupant.is_empty()
        && fact.occupant.len() <= AttendanceEvent::MAX_OCCUPANT_BYTES
        && !fact.occupant.contains('\0');
    (earliest..=latest).contains(&fact.at) && (named || fact.kind == AttendanceEventKind::Ended)
}

/// Works out who was there.
#[derive(Clone)]
pub struct AttendanceReport {
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub window: AccessWindow,
}

/// A session and who was there.
#[derive(Debug, Clone)]
pub struct BookingAttendance {
    pub booking: Booking,
    /// In the order of arrival.
    pub attendance: Vec<AttendanceSummary>,
}

impl AttendanceReport {
    /// Who was at one session.
    pub async fn of(&self, booking: &Booking) -> Result<Vec<AttendanceSummary>, StoreError> {
        let facts: Vec<_> = self.queries.attendance(&[booking.id()]).await?.into_iter().map(|(_, fact)| fact).collect();
        Ok(self.work_out(booking, &facts))
    }

    /// Who was at each of the sessions on a page of the list.
    pub async fn list(&self, filter: &BookingFilter, page: PageRequest) -> Result<Page<BookingAttendance>, StoreError> {
        let found = self.queries.bookings(filter, page.into()).await?;
        let ids: Vec<BookingId> = found.items.iter().map(|booking| booking.id()).collect();
        let mut facts: BTreeMap<BookingId, Vec<AttendanceEvent>> = BTreeMap::new();
        for (booking, fact) in self.queries.attendance(&ids).await? {
            facts.entry(booking).or_default().push(fact);
        }
        let items = found.items.iter().cloned().map(|booking| {
            let told = facts.get(&booking.id()).map(Vec::as_slice).unwrap_or_default();
            BookingAttendance { attendance: self.work_out(&booking, told), booking }
        });
        Ok(Page { items: items.collect(), total: found.total })
    }

    fn work_out(&self, booking: &Booking, facts: &[AttendanceEvent]) -> Vec<AttendanceSummary> {
        attendance(facts, self.window.closes_at(booking), self.clock.now())
    }
}
