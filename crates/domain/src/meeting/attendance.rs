//! Who was in a room, and for how long.
//!
//! Video servers report events repeatedly, late and in any order. Events are therefore stored as they are, and attendance
//! is calculated from all of them together, so that repetition and order do not matter.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::ViewerId;

text_enum! {
    /// The kind of an attendance event.
    pub enum AttendanceEventKind {
        /// A person joined the room.
        Joined => "joined",
        /// A person left the room.
        Left => "left",
        /// The conference ended for all.
        Ended => "ended",
    }
}

/// An event in the room of a booking.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttendanceEvent {
    /// When it happened, by the video server's clock.
    pub at: Timestamp,
    /// What happened.
    pub kind: AttendanceEventKind,
    /// The server's id of one connection to the room; empty for [`AttendanceEventKind::Ended`].
    pub occupant: String,
    /// Who it was, by the signed link. `None` for people who joined without one, because the names they choose prove
    /// nothing.
    pub participant: Option<ViewerId>,
}

impl AttendanceEvent {
    /// Longest [`Self::occupant`], in bytes; XMPP addresses are far shorter in practice.
    pub const MAX_OCCUPANT_BYTES: usize = 512;
}

/// The attendance of one participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttendanceSummary {
    /// Who it was; `None` for one connection of an unknown person.
    pub participant: Option<ViewerId>,
    /// When they first joined; `None` if only their leaving was reported.
    pub joined_at: Option<Timestamp>,
    /// When they last left; `None` while they are in the room.
    pub left_at: Option<Timestamp>,
    /// Their time in the room, to the nearest minute. Simultaneous connections count once.
    pub minutes: u32,
    /// How often they joined.
    pub visits: u32,
}

/// Calculates the attendance of all participants, in the order in which they joined.
///
/// A participant who is not reported to have left stayed until the conference ended or is still present, but counts until
/// `closes_at`, the end of the room, at most.
pub fn attendance(events: &[AttendanceEvent], closes_at: Timestamp, now: Timestamp) -> Vec<AttendanceSummary> {
    let mut ends: Vec<Timestamp> =
        events.iter().filter(|e| e.kind == AttendanceEventKind::Ended).map(|e| e.at).collect();
    ends.sort_unstable();
    let mut connections: BTreeMap<&str, Vec<&AttendanceEvent>> = BTreeMap::new();
    for event in events.iter().filter(|e| e.kind != AttendanceEventKind::Ended) {
        connections.entry(&event.occupant).or_default().push(event);
    }
    let mut participants: BTreeMap<(Option<ViewerId>, &str), Vec<Visit>> = BTreeMap::new();
    for (occupant, mut events) in connections {
        events.sort_unstable();
        let participant = events.iter().find_map(|event| event.participant);
        events.dedup_by_key(|event| (event.at, event.kind));
        // Unknown people cannot be distinguished, so each of their connections is listed.
        let key = (participant, if participant.is_some() { "" } else { occupant });
        participants.entry(key).or_default().extend(visits(&events, &ends, closes_at, now));
    }
    let mut all: Vec<AttendanceSummary> =
        participants.into_iter().map(|((participant, _), visits)| summary(participant, visits)).collect();
    all.sort_by_key(|a| (a.joined_at.or(a.left_at), a.participant));
    all
}

/// The time from one joining of a connection to its leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Visit {
    joined_at: Option<Timestamp>,
    until: Timestamp,
    ended: bool,
}

/// Pairs each `joined` event with the next `left` event.
fn visits(events: &[&AttendanceEvent], ends: &[Timestamp], closes_at: Timestamp, now: Timestamp) -> Vec<Visit> {
    let conference_end = |joined_at: Timestamp| ends.iter().copied().find(|end| *end >= joined_at);
    let visit = |joined_at: Timestamp, last_seen: Timestamp, is_ended| {
        let until = conference_end(joined_at).map_or(last_seen, |end| end.min(last_seen)).min(closes_at).max(joined_at);
        Visit { joined_at: Some(joined_at), until, ended: is_ended }
    };
    let mut found = Vec::new();
    let mut open: Option<Timestamp> = None;
    for event in events {
        match (event.kind, open) {
            (AttendanceEventKind::Joined, None) => open = Some(event.at),
            // The leaving in between was not reported; the conference may have ended.
            (AttendanceEventKind::Joined, Some(joined_at)) => {
                found.push(visit(joined_at, event.at, true));
                open = Some(event.at);
            }
            (AttendanceEventKind::Left, Some(joined_at)) => {
                found.push(visit(joined_at, event.at, true));
                open = None;
            }
            (AttendanceEventKind::Left, None) => {
                found.push(Visit { joined_at: None, until: event.at.min(closes_at), ended: true })
            }
            (AttendanceEventKind::Ended, _) => {}
        }
    }
    if let Some(joined_at) = open {
        let end = conference_end(joined_at);
        found.push(visit(joined_at, end.unwrap_or(now), end.is_some() || now >= closes_at));
    }
    found
}

fn summary(participant: Option<ViewerId>, mut visits: Vec<Visit>) -> AttendanceSummary {
    visits.sort_unstable();
    let mut seconds = 0;
    let mut counted_until = Timestamp::MIN;
    for visit in &visits {
        let Some(joined_at) = visit.joined_at else { continue };
        let from = joined_at.max(counted_until);
        if visit.until > from {
            seconds += visit.until.duration_since(from).as_secs();
            counted_until = visit.until;
        }
    }
    let present = visits.iter().any(|visit| !visit.ended);
    AttendanceSummary {
        participant,
        joined_at: visits.iter().filter_map(|visit| visit.joined_at).min(),
        left_at: visits.iter().map(|visit| visit.until).max().filter(|_| !present),
        minutes: u32::try_from((seconds + 30) / 60).unwrap_or(u32::MAX),
        visits: u32::try_from(visits.len()).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests;
