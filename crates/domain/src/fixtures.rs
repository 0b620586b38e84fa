//! A booking and its people, for the tests of all modules.

use jiff::{SignedDuration, Timestamp};

use crate::booking::{BookingRecord, NewBooking, PaymentPlan};
use crate::meeting::{
    AccessWindow, AccountViewer, LinkError, MeetingBaseUrl, NewRoom, Participant, ParticipantRole, RoomSuffix, Viewer,
};
use crate::{
    Booking, BookingId, BookingStatus, Cancellation, ChangeTerms, Currency, EmailAddress, Money, ParticipantId,
    PaymentStatus, PersonName, Role, ServiceId, User, UserId,
};

/// 2024-01-15T10:00:00Z, for 50 minutes.
pub(crate) const START: i64 = 1_705_312_800;
pub(crate) const END: i64 = START + 50 * 60;
/// When the room opens and closes.
pub(crate) const OPEN: i64 = START - 15 * 60;
pub(crate) const CLOSE: i64 = END + 30 * 60;
pub(crate) const WINDOW: AccessWindow =
    AccessWindow { early: SignedDuration::from_mins(15), grace: SignedDuration::from_mins(30) };
/// When the session was booked: five days ahead.
pub(crate) const BOOKED: i64 = 1_704_880_800;

pub(crate) const ROOM_NAME: &str = "booking-12-1704880800-07070707070707070707070707070707";
pub(crate) const ROOM: &str = "https://meet.example.org/booking-12-1704880800-07070707070707070707070707070707";

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(crate) fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

pub(crate) fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

pub(crate) fn base_url() -> MeetingBaseUrl {
    MeetingBaseUrl::parse("https://meet.example.org").unwrap()
}

pub(crate) fn new_room(base_url: &MeetingBaseUrl) -> NewRoom<'_> {
    NewRoom { base_url, suffix: RoomSuffix::from_bytes([7; 16]) }
}

/// A request of client 7 for 50 minutes with therapist 1.
pub(crate) fn new_booking(payment: PaymentPlan<'_>) -> NewBooking<'_> {
    NewBooking {
        id: BookingId::new(12).unwrap(),
        client: user(7),
        therapist: user(1),
        service: ServiceId::new(3).unwrap(),
        series: None,
        scheduled_at: at(START),
        minutes: 50,
        buffer_minutes: 10,
        price: euros(10_000),
        note: None,
        terms: ChangeTerms::default(),
        payment,
    }
}

pub(crate) fn confirmed(minutes: u32) -> Booking {
    let base_url = base_url();
    let request = NewBooking { minutes, ..new_booking(PaymentPlan::NotRequired(new_room(&base_url))) };
    Booking::book(request, at(BOOKED)).unwrap().0
}

/// The session of 50 minutes, in the given state.
pub(crate) fn booking(status: BookingStatus) -> Booking {
    let scheduled = confirmed(50).record().clone();
    let cancellation =
        Cancellation { at: at(START - 60), by: user(7), late: true, reason: None, refund: scheduled.price };
    Booking::restore(match status {
        BookingStatus::PendingPayment => BookingRecord {
            status,
            payment_status: PaymentStatus::Pending,
            room: None,
            hold_expires_at: Some(at(START)),
            ..scheduled
        },
        BookingStatus::Expired => {
            BookingRecord { status, payment_status: PaymentStatus::Cancelled, room: None, ..scheduled }
        }
        // A cancelled booking keeps its room; links into it must be refused all the same.
        BookingStatus::Cancelled => BookingRecord { status, cancellation: Some(cancellation), ..scheduled },
        BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => {
            BookingRecord { status, ..scheduled }
        }
    })
    .unwrap()
}

/// A user with an account.
pub(crate) fn viewer(id: i64, role: Role) -> AccountViewer {
    AccountViewer { id: user(id), display_name: "John Doe".to_owned(), role }
}

/// An invited participant with the same number as the client.
pub(crate) fn kim(role: ParticipantRole) -> Participant {
    Participant {
        id: ParticipantId::new(7).unwrap(),
        booking: BookingId::new(12).unwrap(),
        email: EmailAddress::parse("kim@example.org").unwrap(),
        display_name: PersonName::parse("Kim").unwrap().unwrap(),
        role,
        time_zone: None,
        language: None,
        invited_by: user(1),
        invited_at: at(BOOKED),
        revoked_at: None,
    }
}

/// A participant of another session.
pub(crate) fn kim_of_another_booking() -> Participant {
    Participant { booking: BookingId::new(13).unwrap(), ..kim(ParticipantRole::Presenter) }
}

/// A participant with a revoked invitation.
pub(crate) fn kim_revoked() -> Participant {
    Participant { revoked_at: Some(at(START - 86_400)), ..kim(ParticipantRole::Participant) }
}

/// The data that a [`Viewer`] borrows.
#[derive(Debug)]
pub(crate) enum OwnedViewer {
    Account(AccountViewer),
    Participant(Participant),
}

impl OwnedViewer {
    pub(crate) fn get(&self) -> Viewer<'_> {
        match self {
            Self::Account(account) => Viewer::Account(account),
            Self::Participant(participant) => Viewer::Participant(participant),
        }
    }
}

/// Viewers of the booking, each with the error that it causes whatever the state and the time.
pub(crate) fn viewers() -> Vec<(OwnedViewer, Result<(), LinkError>)> {
    let account = |id, role, authorized| (OwnedViewer::Account(viewer(id, role)), authorized);
    let participant = |participant, authorized| (OwnedViewer::Participant(participant), authorized);
    vec![
        account(7, Role::Client, Ok(())),
        account(1, Role::Admin, Ok(())),
        account(2, Role::Admin, Ok(())),
        account(7, Role::Admin, Ok(())),
        account(8, Role::Client, Err(LinkError::Forbidden)),
        account(1, Role::Client, Err(LinkError::Forbidden)),
        participant(kim(ParticipantRole::Participant), Ok(())),
        participant(kim(ParticipantRole::Presenter), Ok(())),
        participant(kim(ParticipantRole::Observer), Ok(())),
        participant(kim_of_another_booking(), Err(LinkError::Forbidden)),
        participant(kim_revoked(), Err(LinkError::Revoked)),
        // Revoked and of another booking: the other booking is reported.
        participant(Participant { revoked_at: Some(at(0)), ..kim_of_another_booking() }, Err(LinkError::Forbidden)),
    ]
}

/// What the API contract says about an authorized viewer.
pub(crate) fn expected_link(status: BookingStatus, now: i64) -> Result<(), LinkError> {
    match status {
        BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow if now < CLOSE => Ok(()),
        BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => Err(LinkError::Ended),
        BookingStatus::PendingPayment => Err(LinkError::NotConfirmed),
        BookingStatus::Cancelled | BookingStatus::Expired => Err(LinkError::Cancelled),
    }
}

/// Instants around the opening and closing of the room, and around the session.
pub(crate) const INSTANTS: [i64; 13] = [
    0,
    START - 86_400,
    OPEN - 61,
    OPEN - 1,
    OPEN,
    START - 1,
    START,
    START + 60,
    END - 1,
    END,
    CLOSE - 1,
    CLOSE,
    CLOSE + 86_400,
];

/// An account with the number 1 and nothing but an address.
pub(crate) fn account(role: Role) -> User {
    User {
        id: user(1),
        email: "someone@example.org".parse().unwrap(),
        first_name: None,
        last_name: None,
        preferred_name: None,
        time_zone: None,
        language: None,
        role,
        disabled: false,
        email_verified_at: None,
        second_factor_at: None,
        second_factor_due_at: None,
        created_at: at(0),
        notify: crate::NotifyLevel::Changes,
        agenda_at: None,
        version: 1,
    }
}
