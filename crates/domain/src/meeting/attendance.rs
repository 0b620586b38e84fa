//! Who was in a room, and for how long.
//!
//! Video servers tell what happens in a room more than once, late and in any order. So each message is kept as a event that
//! is true whenever it is told, and the answer is worked out from all events together. Telling one twice, or in another
//! order, changes nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::ViewerId;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttendanceEventKind {
    /// Somebody came in.
    Joined,
    /// Somebody went out.
    Left,
    /// The room ended, for everybody in it.
    Ended,
}

impl AttendanceEventKind {
    /// Everything that can happen.
    pub const ALL: [Self; 3] = [Self::Joined, Self::Left, Self::Ended];

    /// The name in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Ended => "ended",
        }
    }

    /// Reads the name that [`Self::as_str`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One thing that happened in the room of a booking.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttendanceEvent {
    /// When, on the video server's clock.
    pub at: Timestamp,
    /// What.
    pub kind: AttendanceEventKind,
    /// The server's name for one connection into the room; empty for [`AttendanceEventKind::Ended`].
    pub occupant: String,
    /// Who it was, as the signed link said. Missing for people who came in without one: what they call themselves proves
    /// nothing.
    pub participant: Option<ViewerId>,
}

impl AttendanceEvent {
    /// Longest name of a connection, in bytes. The three parts of an XMPP address are far shorter in practice.
    pub const MAX_OCCUPANT_BYTES: usize = 512;
}

/// One person's time in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttendanceSummary {
    /// Who; `None` for somebody unknown, who then stands for one connection.
    pub participant: Option<ViewerId>,
    /// When they first came in; `None` when only their leaving was told.
    pub joined_at: Option<Timestamp>,
    /// When they last went out; `None` while they are in the room.
    pub left_at: Option<Timestamp>,
    /// How long they were there, to the nearest minute. Two devices at once count once.
    pub minutes: u32,
    /// How often they came in.
    pub visits: u32,
}

/// Works out everybody's attendance, in the order in which they came.
///
/// Whoever is not known to have left was there until the room ended, or is still there, but never for longer than until
/// `closes_at`, when the room of the session is over.
pub fn attendance(events: &[AttendanceEvent], closes_at: Timestamp, now: Timestamp) -> Vec<AttendanceSummary> {
    let mut ends: Vec<Timestamp> =
        events.iter().filter(|f| f.kind == AttendanceEventKind::Ended).map(|f| f.at).collect();
    ends.sort_unstable();
    let mut connections: BTreeMap<&str, Vec<&AttendanceEvent>> = BTreeMap::new();
    for event in events.iter().filter(|f| f.kind != AttendanceEventKind::Ended) {
        connections.entry(&event.occupant).or_default().push(event);
    }
    let mut people: BTreeMap<(Option<ViewerId>, &str), Vec<Visit>> = BTreeMap::new();
    for (occupant, mut told) in connections {
        told.sort_unstable();
        let participant = told.iter().find_map(|event| event.participant);
        told.dedup_by_key(|event| (event.at, event.kind));
        // Unknown people cannot be told apart, so each connection stays on its own.
        let key = (participant, if participant.is_some() { "" } else { occupant });
        people.entry(key).or_default().extend(visits(&told, &ends, closes_at, now));
    }
    let mut all: Vec<AttendanceSummary> =
        people.into_iter().map(|((participant, _), visits)| summary(participant, visits)).collect();
    all.sort_by_key(|a| (a.joined_at.or(a.left_at), a.participant));
    all
}

/// One stay of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Visit {
    joined_at: Option<Timestamp>,
    /// Until when it counts.
    until: Timestamp,
    over: bool,
}

/// Pairs each coming with the next going.
fn visits(told: &[&AttendanceEvent], ends: &[Timestamp], closes_at: Timestamp, now: Timestamp) -> Vec<Visit> {
    let ended = |joined_at: Timestamp| ends.iter().copied().find(|end| *end >= joined_at);
    // Nobody is in a room that has ended, or counts as there once it should have.
    let stay = |joined_at: Timestamp, last_seen: Timestamp, over| {
        let until = ended(joined_at).map_or(last_seen, |end| end.min(last_seen)).min(closes_at).max(joined_at);
        Visit { joined_at: Some(joined_at), until, over }
    };
    let mut found = Vec::new();
    let mut open: Option<Timestamp> = None;
    for event in told {
        match (event.kind, open) {
            (AttendanceEventKind::Joined, None) => open = Some(event.at),
            // The going between two comings was never told; the room may have ended in between.
            (AttendanceEventKind::Joined, Some(joined_at)) => {
                found.push(stay(joined_at, event.at, true));
                open = Some(event.at);
            }
            (AttendanceEventKind::Left, Some(joined_at)) => {
                found.push(stay(joined_at, event.at, true));
                open = None;
            }
            (AttendanceEventKind::Left, None) => {
                found.push(Visit { joined_at: None, until: event.at.min(closes_at), over: true })
            }
            (AttendanceEventKind::Ended, _) => {}
        }
    }
    if let Some(joined_at) = open {
        let end = ended(joined_at);
        found.push(stay(joined_at, end.unwrap_or(now), end.is_some() || now >= closes_at));
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
    let present = visits.iter().any(|visit| !visit.over);
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
