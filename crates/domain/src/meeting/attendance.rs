//! Who was in a room, and for how long.
//!
//! Video servers report events repeatedly, late and in any order. Events are therefore stored as they are, and attendance
//! is calculated from all of them together, so that repetition and order do not matter.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

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
    /// Whether the end of a visit is not known, because neither the leaving nor the end of the conference was reported.
    /// Such a visit counts until the last event of the room.
    pub estimated: bool,
}

/// Calculates the attendance of all participants, in the order in which they joined.
///
/// A participant who is not reported to have left stayed until the conference ended. Without a report of that either,
/// they are present until `closes_at`, the end of the room; from then on, they are known to have stayed until the last
/// event of the room, and no longer: the video server may have crashed.
pub fn attendance(events: &[AttendanceEvent], closes_at: Timestamp, now: Timestamp) -> Vec<AttendanceSummary> {
    let mut ends: Vec<Timestamp> =
        events.iter().filter(|e| e.kind == AttendanceEventKind::Ended).map(|e| e.at).collect();
    ends.sort_unstable();
    let last_event = events.iter().map(|event| event.at).max().unwrap_or(Timestamp::MIN);
    let room = Room { ends, last_event, closes_at, now };
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
        participants.entry(key).or_default().extend(visits(&events, &room));
    }
    let mut all: Vec<AttendanceSummary> =
        participants.into_iter().map(|((participant, _), visits)| summary(participant, visits)).collect();
    all.sort_by_key(|a| (a.joined_at.or(a.left_at), a.participant));
    all
}

/// What limits all visits.
struct Room {
    /// The ends of its conferences, in order.
    ends: Vec<Timestamp>,
    last_event: Timestamp,
    closes_at: Timestamp,
    now: Timestamp,
}

/// The time from one joining of a connection to its leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Visit {
    joined_at: Option<Timestamp>,
    until: Timestamp,
    ended: bool,
    estimated: bool,
}

impl Room {
    fn visit(&self, joined_at: Timestamp, until: Timestamp) -> Visit {
        let until = until.min(self.closes_at).max(joined_at);
        Visit { joined_at: Some(joined_at), until, ended: true, estimated: false }
    }

    /// A visit whose leaving was not reported. `before` is when the connection joined again.
    fn visit_without_leaving(&self, joined_at: Timestamp, before: Option<Timestamp>) -> Visit {
        // Servers report whole seconds: an end in the second of the joining was that of the previous conference.
        let conference_end = self.ends.iter().copied().find(|end| *end > joined_at);
        match (conference_end, before) {
            (Some(end), before) if before.is_none_or(|before| end <= before) => self.visit(joined_at, end),
            (_, Some(before)) => Visit { estimated: true, ..self.visit(joined_at, before) },
            _ if self.now < self.closes_at => Visit { ended: false, ..self.visit(joined_at, self.now) },
            _ => Visit { estimated: true, ..self.visit(joined_at, self.last_event) },
        }
    }
}

/// Pairs each `joined` event with the next `left` event.
fn visits(events: &[&AttendanceEvent], room: &Room) -> Vec<Visit> {
    let mut found = Vec::new();
    let mut open: Option<Timestamp> = None;
    let mut instants = events.chunk_by(|one, next| one.at == next.at).peekable();
    while let Some(instant) = instants.next() {
        let has = |events: &[&AttendanceEvent], kind| events.iter().any(|event| event.kind == kind);
        // Leaving and joining at the same instant are out and in if the person was in the room, or leaves it later.
        let was_inside = open.is_some() || instants.peek().is_some_and(|next| has(next, AttendanceEventKind::Left));
        let order = if was_inside {
            [AttendanceEventKind::Left, AttendanceEventKind::Joined]
        } else {
            [AttendanceEventKind::Joined, AttendanceEventKind::Left]
        };
        let Some(at) = instant.first().map(|event| event.at) else { continue };
        for kind in order.into_iter().filter(|kind| has(instant, *kind)) {
            match (kind, open) {
                (AttendanceEventKind::Joined, before) => {
                    found.extend(before.map(|joined_at| room.visit_without_leaving(joined_at, Some(at))));
                    open = Some(at);
                }
                (AttendanceEventKind::Left, Some(joined_at)) => {
                    found.push(room.visit(joined_at, at));
                    open = None;
                }
                (AttendanceEventKind::Left, None) => {
                    let until = at.min(room.closes_at);
                    found.push(Visit { joined_at: None, until, ended: true, estimated: false });
                }
                (AttendanceEventKind::Ended, _) => {}
            }
        }
    }
    found.extend(open.map(|joined_at| room.visit_without_leaving(joined_at, None)));
    found
}

fn summary(participant: Option<ViewerId>, mut visits: Vec<Visit>) -> AttendanceSummary {
    visits.sort_unstable();
    let mut present_for = SignedDuration::ZERO;
    let mut counted_until = Timestamp::MIN;
    for visit in &visits {
        let Some(joined_at) = visit.joined_at else { continue };
        let from = joined_at.max(counted_until);
        if visit.until > from {
            present_for += visit.until.duration_since(from);
            counted_until = visit.until;
        }
    }
    let present = visits.iter().any(|visit| !visit.ended);
    AttendanceSummary {
        participant,
        joined_at: visits.iter().filter_map(|visit| visit.joined_at).min(),
        left_at: visits.iter().map(|visit| visit.until).max().filter(|_| !present),
        minutes: u32::try_from((present_for + SignedDuration::from_secs(30)).as_mins()).unwrap_or(u32::MAX),
        visits: u32::try_from(visits.len()).unwrap_or(u32::MAX),
        estimated: visits.iter().any(|visit| visit.estimated),
    }
}

#[cfg(test)]
mod tests;
