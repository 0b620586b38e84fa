//! The history of a booking: what changed, from what to what, by whom and why.

use std::collections::BTreeSet;

use attune_domain::{Booking, BookingEvent, BookingStatus, User, UserId};
use attune_http_common::schema;
use attune_ports::{AuditEntry, BookingState};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::response::output::{self, Instant};

/// An entry in the history of a booking.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoryEntry)]
pub(crate) struct HistoryBody {
    /// When it happened.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    at: Instant,
    /// ID of the user; null if it was no user.
    #[schema(required = true, example = 7)]
    actor_id: Option<i64>,
    /// Stable name of the action.
    #[schema(example = "booking.scheduled")]
    action: String,
    /// ID of the request.
    #[schema(required = true, example = "3f2b8c0e9a4d4f6c8e1a2b3c4d5e6f70")]
    request_id: Option<String>,
    #[schema(schema_with = output::history_actor)]
    by: &'static str,
    /// Name of the user; null if it was no user.
    #[schema(required = true, example = "Ada Lovelace")]
    actor_name: Option<String>,
    /// How the status changed; null if it did not.
    #[schema(required = true)]
    status: Option<StatusChange>,
    /// How the start changed; null if it did not.
    #[schema(required = true)]
    scheduled_at: Option<TimeChange>,
    /// How the therapist changed; null if it did not.
    #[schema(required = true)]
    therapist: Option<TherapistChange>,
    /// The reason that was given for a move or a cancellation.
    #[schema(required = true, example = json!(null))]
    reason: Option<String>,
}

/// A change of the status.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatusChange {
    /// Null for a new booking.
    #[schema(required = true, value_type = Option<String>, example = "scheduled")]
    from: Option<&'static str>,
    #[schema(schema_with = schema::booking_status)]
    to: &'static str,
}

/// A change of the start of the appointment.
#[derive(Serialize, ToSchema)]
pub(crate) struct TimeChange {
    /// Null for a new booking.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-15T10:00:00Z")]
    from: Option<Instant>,
    /// The new start.
    #[schema(value_type = String, format = DateTime, example = "2024-01-16T10:00:00Z")]
    to: Instant,
}

/// A change of the therapist.
#[derive(Serialize, ToSchema)]
pub(crate) struct TherapistChange {
    /// Null for a new booking.
    #[schema(required = true)]
    from: Option<HistoryTherapist>,
    to: HistoryTherapist,
}

/// A therapist in a history.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryTherapist {
    /// Therapist ID.
    #[schema(example = 1)]
    id: i64,
    /// Name of the therapist.
    #[schema(example = "Carl Rogers")]
    name: String,
}

/// Everyone who has to be known by name.
pub(crate) fn people_in(booking: &Booking, history: &[AuditEntry]) -> Vec<UserId> {
    let mut people = BTreeSet::from([booking.therapist()]);
    people.extend(history.iter().filter_map(|entry| entry.actor));
    people.extend(history.iter().filter_map(|entry| entry.booking).map(|state| state.therapist));
    people.into_iter().collect()
}

/// What an entry says is the booking after it, so each is compared with the one before. `reasons` are by version.
pub(crate) fn history_of(
    booking: &Booking,
    history: &[AuditEntry],
    reasons: &[(u32, String)],
    people: &[User],
) -> Vec<HistoryBody> {
    let mut before: Option<BookingState> = None;
    let mut bodies = Vec::with_capacity(history.len());
    for entry in history {
        let mut body = HistoryBody::new(booking, entry, people);
        if let Some(after) = entry.booking {
            body.compare(before, after, people);
            body.reason = reasons.iter().find(|(version, _)| *version == after.version).map(|(_, text)| text.clone());
            before = Some(after);
        }
        if entry.action == BookingEvent::Cancelled.as_str() {
            body.reason = booking.cancellation().and_then(|cancellation| cancellation.reason.clone());
        }
        bodies.push(body);
    }
    bodies
}

fn name(people: &[User], id: UserId) -> Option<String> {
    people.iter().find(|user| user.id == id).map(User::display_name)
}

fn therapist(people: &[User], id: UserId) -> HistoryTherapist {
    HistoryTherapist { id: id.get(), name: name(people, id).unwrap_or_default() }
}

impl HistoryBody {
    fn new(booking: &Booking, entry: &AuditEntry, people: &[User]) -> Self {
        let by = match (entry.actor, &entry.request_id) {
            (Some(actor), _) if actor == booking.client() => "client",
            (Some(_), _) => "admin",
            // A request that no user made is the payment provider's.
            (None, Some(_)) => "webhook",
            (None, None) => "system",
        };
        Self {
            at: Instant(entry.at),
            actor_id: entry.actor.map(UserId::get),
            action: entry.action.clone(),
            request_id: entry.request_id.clone(),
            by,
            actor_name: entry.actor.and_then(|actor| name(people, actor)),
            status: None,
            scheduled_at: None,
            therapist: None,
            reason: None,
        }
    }

    fn compare(&mut self, before: Option<BookingState>, after: BookingState, people: &[User]) {
        let status = before.map(|state| state.status);
        if status != Some(after.status) {
            self.status = Some(StatusChange { from: status.map(BookingStatus::as_str), to: after.status.as_str() });
        }
        let start: Option<Timestamp> = before.map(|state| state.scheduled_at);
        if start != Some(after.scheduled_at) {
            self.scheduled_at = Some(TimeChange { from: start.map(Instant), to: Instant(after.scheduled_at) });
        }
        let previous = before.map(|state| state.therapist);
        if previous != Some(after.therapist) {
            let from = previous.map(|id| therapist(people, id));
            self.therapist = Some(TherapistChange { from, to: therapist(people, after.therapist) });
        }
    }
}
