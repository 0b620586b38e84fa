//! What a therapist hears about their own calendar.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::{NewNotification, NotificationKind, NotificationSubject, notification};
use crate::calendar::LocalTime;
use crate::{Booking, BookingEvent, NotifyLevel, User, UserId, ViewerId};

impl NotifyLevel {
    /// Whether a therapist gets this email about an act of `actor`; `None` is the system, which acts on a payment.
    pub fn includes(self, kind: NotificationKind, therapist: UserId, actor: Option<UserId>) -> bool {
        match self {
            Self::None => false,
            Self::Changes if kind == NotificationKind::TherapistPayment => false,
            Self::Changes => kind == NotificationKind::TherapistPaymentReview || actor != Some(therapist),
            Self::All => true,
        }
    }
}

/// The kind of email that an event may cause for the therapist of the booking.
pub fn therapist_kind(booking: &Booking, event: BookingEvent) -> Option<NotificationKind> {
    // Who is both the client and the therapist gets the client's emails.
    if booking.client() == booking.therapist() {
        return None;
    }
    match event {
        // Of a booking that was handed over, the new therapist hears as of a new one.
        BookingEvent::Scheduled | BookingEvent::Reassigned => booking.room().map(|_| NotificationKind::TherapistBooked),
        BookingEvent::Rescheduled => Some(NotificationKind::TherapistRescheduled),
        // A booking that was never confirmed was never announced.
        BookingEvent::Cancelled => booking.room().map(|_| NotificationKind::TherapistCancelled),
        BookingEvent::Held
        | BookingEvent::Expired
        | BookingEvent::Completed
        | BookingEvent::MarkedNoShow
        | BookingEvent::Reopened
        | BookingEvent::LinksRevoked
        | BookingEvent::PaymentChanged
        | BookingEvent::Edited
        | BookingEvent::Entered => None,
    }
}

/// The email to the therapist of a booking, if they want one. `actor` is the user who caused it.
pub fn therapist_notification(
    booking: &Booking,
    kind: NotificationKind,
    therapist: &User,
    actor: Option<UserId>,
    now: Timestamp,
) -> Option<NewNotification> {
    let hears = therapist.id == booking.therapist() && hears_of(therapist, kind, actor);
    hears.then(|| notification(booking, kind, ViewerId::Account(therapist.id), now))
}

/// The email to the therapist who had a booking before it was handed to a colleague, if they want one.
pub fn former_therapist_notification(
    booking: &Booking,
    former: &User,
    actor: Option<UserId>,
    now: Timestamp,
) -> Option<NewNotification> {
    let kind = NotificationKind::TherapistReassigned;
    // Of a booking that was not confirmed they have heard nothing.
    let hears = booking.room().is_some() && former.id != booking.client() && hears_of(former, kind, actor);
    hears.then(|| notification(booking, kind, ViewerId::Account(former.id), now))
}

fn hears_of(therapist: &User, kind: NotificationKind, actor: Option<UserId>) -> bool {
    therapist.is_admin() && !therapist.disabled && therapist.notify.includes(kind, therapist.id, actor)
}

/// The agenda of a therapist for one day.
pub fn agenda_notification(therapist: UserId, date: Date, due: Timestamp) -> NewNotification {
    NewNotification {
        kind: NotificationKind::Agenda,
        subject: NotificationSubject::Day { user: therapist, date },
        recipient: ViewerId::Account(therapist),
        send_after: due,
    }
}

/// When the agenda for a day is due. A local time that the clock change skips is followed by the next one that exists; of
/// one that it repeats, the first counts. `None` beyond the last date that can be represented.
pub fn agenda_due(date: Date, time: LocalTime, zone: &TimeZone) -> Option<Timestamp> {
    let minutes = time.minutes().min(LocalTime::END_OF_DAY.minutes() - 1);
    let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
    let local = date.at(hour, minute, 0, 0);
    let offset = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => offset,
        AmbiguousOffset::Gap { after, .. } => {
            let before_the_gap = after.to_timestamp(local).ok()?;
            return zone.following(before_the_gap).next().map(|transition| transition.timestamp());
        }
    };
    offset.to_timestamp(local).ok()
}

/// The first instant of a day and that of the next one. `None` beyond the last date that can be represented.
pub fn day_bounds(date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    Some((
        agenda_due(date, LocalTime::START_OF_DAY, zone)?,
        agenda_due(date.tomorrow().ok()?, LocalTime::START_OF_DAY, zone)?,
    ))
}
