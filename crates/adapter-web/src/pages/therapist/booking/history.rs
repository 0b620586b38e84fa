//! The history of a booking in words: what changed, from what to what, by whom and why.

use attune_domain::{Booking, BookingEvent};
use attune_ports::{AuditEntry, BookingState};

use super::Detail;
use crate::blocks::{Block, Row};
use crate::pages::therapist::{People, TherapistVisit};

pub(super) fn block(visit: &TherapistVisit<'_>, detail: &Detail) -> Block {
    let Detail { people, history, reasons, .. } = detail;
    let booking = detail.booking();
    let mut before: Option<BookingState> = None;
    let mut rows = Vec::with_capacity(history.len());
    for entry in history {
        let mut details = vec![by(visit, booking, entry, people)];
        if let Some(after) = entry.booking {
            details.extend(before.map(|before| differences(visit, before, after, people)).unwrap_or_default());
            details.extend(reasons.iter().find(|(version, _)| *version == after.version).map(|(_, text)| text.clone()));
            before = Some(after);
        }
        if entry.action == BookingEvent::Cancelled.as_str() {
            details.extend(booking.cancellation().and_then(|cancellation| cancellation.reason.clone()));
        }
        let name = format!("history.{}", entry.action.replace('.', "-"));
        // An action of another release has no words here.
        let title = visit.view().phrases.find(&name, &[]).unwrap_or_else(|| entry.action.clone());
        rows.push(Row { title, details, ..Row::default() });
    }
    Block::Fold { summary: visit.text("booking-history"), is_open: false, content: vec![Block::Rows(rows)] }
}

/// Who did it, and when.
fn by(visit: &TherapistVisit<'_>, booking: &Booking, entry: &AuditEntry, people: &People) -> String {
    let at = visit.when(entry.at);
    let who = match (entry.actor, &entry.request_id) {
        (Some(actor), _) => people.name(actor),
        // A request that no user made is the payment provider's, or the guest's who paid by a link.
        (None, Some(_)) => visit.text("history-by-payment"),
        (None, None) => visit.text("history-by-system"),
    };
    let name = if entry.actor == Some(booking.client()) { "history-by-client" } else { "history-by" };
    visit.view().text_with(name, &[("at", (&at).into()), ("who", (&who).into())])
}

fn differences(visit: &TherapistVisit<'_>, before: BookingState, after: BookingState, people: &People) -> Vec<String> {
    let was = |from: String, to: String| {
        visit.view().text_with("history-was", &[("from", (&from).into()), ("to", (&to).into())])
    };
    let mut found = Vec::new();
    if before.scheduled_at != after.scheduled_at {
        found.push(was(visit.when(before.scheduled_at), visit.when(after.scheduled_at)));
    }
    if before.therapist != after.therapist {
        found.push(was(people.name(before.therapist), people.name(after.therapist)));
    }
    if before.status != after.status {
        let word = |status: attune_domain::BookingStatus| visit.text(&format!("booking-state.{status}"));
        found.push(was(word(before.status), word(after.status)));
    }
    found
}
