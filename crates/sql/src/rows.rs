//! Rows, and how they become domain types. A row that makes no sense is `Corrupt`, never guessed at.

mod calendars;
mod columns;
mod meetings;
mod money;

use attune_domain::login_session::LoginSession;
use attune_domain::notification::{NewNotification, Notification, NotificationKind, NotificationState};
use attune_domain::{
    Booking, BookingId, BookingRecord, BookingStatus, Cancellation, Currency, EmailAddress, LoginSessionId,
    MeetingRoom, Money, NotificationId, ParticipantId, PaymentStatus, PersonName, Role, Service, ServiceId,
    TimeZoneName, User, UserId, ViewerId,
};
use attune_ports::{
    AccountKey, AuditEntry, AuditObject, BookingView, Caller, Credentials, NewLoginSession, NewService, NewUser,
    PasswordHash, StoreError, TokenHash,
};
use diesel::prelude::*;
use jiff::Timestamp;

use crate::map::{corrupt, from_millis, millis, number, sound};
use crate::schema_defs::{
    audit_log, bookings, login_failures, login_sessions, outbox, refresh_tokens, services, users,
};

use calendars::terms;
pub use calendars::{
    HoursRow, NewIdempotencyKeyRow, NewTimeOffRow, PolicyRow, ScheduleRow, StoredResponseRow, TimeOffRow, interval,
    schedule_of,
};
pub use columns::{Columns, USER_COLUMNS, read_user};
pub use meetings::{AttendanceRow, ConferenceRow, NewConferenceRow, NewParticipantRow, ParticipantRow};
pub use money::{
    LedgerRow, LedgerSumRow, NewPaymentRow, NewProblemRow, NewRefundRow, PaymentChanges, PaymentEventRow, PaymentRow,
    ProblemRow, RefundChanges, RefundRow,
};

fn money(minor: i64, currency: &str) -> Result<Money, StoreError> {
    let currency = sound(Currency::parse(currency).ok(), "currency")?;
    sound(Money::new(minor, currency).ok(), "amount")
}

fn person_name(raw: Option<String>, column: &'static str) -> Result<Option<PersonName>, StoreError> {
    raw.map(|text| sound(PersonName::parse(&text).ok().flatten(), column)).transpose()
}

fn instant(value: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    value.map(from_millis).transpose()
}

/// An account.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct UserRow {
    id: i64,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    preferred_name: Option<String>,
    time_zone: Option<String>,
    is_admin: bool,
    disabled: bool,
    password_hash: String,
    email_verified_at: Option<i64>,
    created_at: i64,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: sound(UserId::new(row.id), "users.id")?,
            email: sound(EmailAddress::parse(&row.email).ok(), "users.email")?,
            first_name: person_name(row.first_name, "users.first_name")?,
            last_name: person_name(row.last_name, "users.last_name")?,
            preferred_name: person_name(row.preferred_name, "users.preferred_name")?,
            time_zone: row
                .time_zone
                .map(|name| sound(TimeZoneName::parse(&name).ok(), "users.time_zone"))
                .transpose()?,
            role: if row.is_admin { Role::Admin } else { Role::Client },
            disabled: row.disabled,
            email_verified_at: instant(row.email_verified_at)?,
            created_at: from_millis(row.created_at)?,
        })
    }
}

impl TryFrom<UserRow> for Credentials {
    type Error = StoreError;

    fn try_from(mut row: UserRow) -> Result<Self, StoreError> {
        let password_hash = PasswordHash::new(std::mem::take(&mut row.password_hash));
        Ok(Self { user: row.try_into()?, password_hash })
    }
}

/// An account to be inserted.
#[derive(Clone, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct NewUserRow {
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    time_zone: Option<String>,
    is_admin: bool,
    disabled: bool,
    password_hash: String,
    email_verified_at: Option<i64>,
    created_at: i64,
}

impl From<&NewUser> for NewUserRow {
    fn from(user: &NewUser) -> Self {
        Self {
            email: user.email.as_str().to_owned(),
            first_name: user.first_name.as_ref().map(|n| n.as_str().to_owned()),
            last_name: user.last_name.as_ref().map(|n| n.as_str().to_owned()),
            time_zone: user.time_zone.as_ref().map(|z| z.as_str().to_owned()),
            is_admin: user.role == Role::Admin,
            disabled: false,
            password_hash: user.password_hash.as_str().to_owned(),
            email_verified_at: user.email_verified_at.map(millis),
            created_at: millis(user.created_at),
        }
    }
}

/// What [`attune_ports::Users::save_user`] writes.
#[derive(Clone, AsChangeset)]
#[diesel(table_name = users, treat_none_as_null = true)]
pub struct UserChanges {
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    preferred_name: Option<String>,
    time_zone: Option<String>,
    is_admin: bool,
    disabled: bool,
    email_verified_at: Option<i64>,
}

impl From<&User> for UserChanges {
    fn from(user: &User) -> Self {
        Self {
            email: user.email.as_str().to_owned(),
            first_name: user.first_name.as_ref().map(|n| n.as_str().to_owned()),
            last_name: user.last_name.as_ref().map(|n| n.as_str().to_owned()),
            preferred_name: user.preferred_name.as_ref().map(|n| n.as_str().to_owned()),
            time_zone: user.time_zone.as_ref().map(|z| z.as_str().to_owned()),
            is_admin: user.role == Role::Admin,
            disabled: user.disabled,
            email_verified_at: user.email_verified_at.map(millis),
        }
    }
}

/// A login.
#[derive(Clone, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = login_sessions, treat_none_as_null = true)]
pub struct SessionRow {
    id: i64,
    user_id: i64,
    generation: i64,
    rotated_at: i64,
    created_at: i64,
    ended_at: Option<i64>,
}

impl From<&LoginSession> for SessionRow {
    fn from(session: &LoginSession) -> Self {
        Self {
            id: session.id.get(),
            user_id: session.user.get(),
            generation: i64::from(session.generation),
            rotated_at: millis(session.rotated_at),
            created_at: millis(session.created_at),
            ended_at: session.ended_at.map(millis),
        }
    }
}

impl TryFrom<SessionRow> for LoginSession {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: sound(LoginSessionId::new(row.id), "login_sessions.id")?,
            user: sound(UserId::new(row.user_id), "login_sessions.user_id")?,
            generation: number(row.generation)?,
            rotated_at: from_millis(row.rotated_at)?,
            created_at: from_millis(row.created_at)?,
            ended_at: instant(row.ended_at)?,
        })
    }
}

impl SessionRow {
    /// The person and the login behind a request.
    pub fn into_caller(self, user: UserRow) -> Result<Caller, StoreError> {
        Ok(Caller { user: user.try_into()?, session: self.try_into()? })
    }
}

/// A login to be inserted.
#[derive(Clone, Insertable)]
#[diesel(table_name = login_sessions, treat_none_as_default_value = false)]
pub struct NewSessionRow {
    user_id: i64,
    generation: i64,
    rotated_at: i64,
    created_at: i64,
    network: Option<String>,
}

impl From<&NewLoginSession> for NewSessionRow {
    fn from(session: &NewLoginSession) -> Self {
        let created_at = millis(session.created_at);
        Self {
            user_id: session.user.get(),
            generation: 1,
            rotated_at: created_at,
            created_at,
            network: session.network.clone(),
        }
    }
}

/// The hash of a refresh token.
#[derive(Clone, Insertable)]
#[diesel(table_name = refresh_tokens, treat_none_as_default_value = false)]
pub struct RefreshTokenRow {
    hash: Vec<u8>,
    session_id: i64,
    generation: i64,
    created_at: i64,
}

impl RefreshTokenRow {
    /// What [`attune_ports::LoginSessions::add_refresh_token`] inserts.
    pub fn new(hash: &TokenHash, session: LoginSessionId, generation: u32, now: Timestamp) -> Self {
        Self {
            hash: hash.0.to_vec(),
            session_id: session.get(),
            generation: i64::from(generation),
            created_at: millis(now),
        }
    }
}

/// A failed login.
#[derive(Clone, Insertable)]
#[diesel(table_name = login_failures, treat_none_as_default_value = false)]
pub struct LoginFailureRow {
    account: Vec<u8>,
    at: i64,
}

impl LoginFailureRow {
    /// What [`attune_ports::LoginFailures::add_login_failure`] inserts.
    pub fn new(account: &AccountKey, now: Timestamp) -> Self {
        Self { account: account.0.to_vec(), at: millis(now) }
    }
}

/// A service.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = services)]
pub struct ServiceRow {
    id: i64,
    name: String,
    description: String,
    minutes: i64,
    buffer_minutes: i64,
    price_minor: i64,
    currency: String,
    active: bool,
}

impl TryFrom<ServiceRow> for Service {
    type Error = StoreError;

    fn try_from(row: ServiceRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: sound(ServiceId::new(row.id), "services.id")?,
            price: money(row.price_minor, &row.currency)?,
            name: row.name,
            description: row.description,
            minutes: number(row.minutes)?,
            buffer_minutes: number(row.buffer_minutes)?,
            active: row.active,
        })
    }
}

/// What [`attune_ports::Services::save_service`] writes.
#[derive(Clone, AsChangeset)]
#[diesel(table_name = services)]
pub struct ServiceChanges {
    name: String,
    description: String,
    minutes: i64,
    buffer_minutes: i64,
    price_minor: i64,
    currency: String,
    active: bool,
}

impl From<&Service> for ServiceChanges {
    fn from(service: &Service) -> Self {
        Self {
            name: service.name.clone(),
            description: service.description.clone(),
            minutes: i64::from(service.minutes),
            buffer_minutes: i64::from(service.buffer_minutes),
            price_minor: service.price.minor(),
            currency: service.price.currency().code().to_owned(),
            active: service.active,
        }
    }
}

/// A service to be inserted.
#[derive(Clone, Insertable)]
#[diesel(table_name = services, treat_none_as_default_value = false)]
pub struct NewServiceRow {
    name: String,
    description: String,
    minutes: i64,
    buffer_minutes: i64,
    price_minor: i64,
    currency: String,
    active: bool,
}

impl From<&NewService> for NewServiceRow {
    fn from(service: &NewService) -> Self {
        Self {
            name: service.name.clone(),
            description: service.description.clone(),
            minutes: i64::from(service.minutes),
            buffer_minutes: i64::from(service.buffer_minutes),
            price_minor: service.price.minor(),
            currency: service.price.currency().code().to_owned(),
            active: true,
        }
    }
}

/// A booking, to be read, inserted or updated.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = bookings, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct BookingRow {
    id: i64,
    client_id: i64,
    therapist_id: i64,
    service_id: i64,
    scheduled_at: i64,
    minutes: i64,
    blocked_until: i64,
    status: String,
    payment_status: String,
    price_minor: i64,
    currency: String,
    room_id: Option<String>,
    room_url: Option<String>,
    hold_expires_at: Option<i64>,
    note: Option<String>,
    cancelled_at: Option<i64>,
    cancelled_by: Option<i64>,
    cancelled_late: Option<bool>,
    cancel_reason: Option<String>,
    refund_minor: Option<i64>,
    free_minutes: i64,
    late_refund_percent: i64,
    reschedule_minutes: i64,
    link_version: i64,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl From<&Booking> for BookingRow {
    fn from(booking: &Booking) -> Self {
        let cancellation = booking.cancellation();
        Self {
            id: booking.id().get(),
            client_id: booking.client().get(),
            therapist_id: booking.therapist().get(),
            service_id: booking.service().get(),
            scheduled_at: millis(booking.scheduled_at()),
            minutes: i64::from(booking.minutes()),
            blocked_until: millis(booking.blocked_until()),
            status: booking.status().as_str().to_owned(),
            payment_status: booking.payment_status().as_str().to_owned(),
            price_minor: booking.price().minor(),
            currency: booking.price().currency().code().to_owned(),
            room_id: booking.room().map(|room| room.id().to_owned()),
            room_url: booking.room().map(|room| room.url().to_owned()),
            hold_expires_at: booking.hold_expires_at().map(millis),
            note: booking.note().map(str::to_owned),
            cancelled_at: cancellation.map(|c| millis(c.at)),
            cancelled_by: cancellation.map(|c| c.by.get()),
            cancelled_late: cancellation.map(|c| c.late),
            cancel_reason: cancellation.and_then(|c| c.reason.clone()),
            refund_minor: cancellation.map(|c| c.refund.minor()),
            free_minutes: i64::from(booking.terms().free_minutes),
            late_refund_percent: i64::from(booking.terms().late_refund_percent),
            reschedule_minutes: i64::from(booking.terms().reschedule_minutes),
            link_version: i64::from(booking.link_version()),
            version: i64::from(booking.version()),
            created_at: millis(booking.created_at()),
            updated_at: millis(booking.updated_at()),
        }
    }
}

impl TryFrom<BookingRow> for Booking {
    type Error = StoreError;

    fn try_from(row: BookingRow) -> Result<Self, StoreError> {
        let room = match (row.room_id, row.room_url) {
            (Some(id), Some(url)) => Some(sound(MeetingRoom::restore(id, url).ok(), "bookings.room_id")?),
            (None, None) => None,
            _ => return Err(corrupt("bookings.room_url")),
        };
        let cancellation = match (row.cancelled_at, row.cancelled_by, row.cancelled_late, row.refund_minor) {
            (Some(at), Some(by), Some(late), Some(refund)) => Some(Cancellation {
                at: from_millis(at)?,
                by: sound(UserId::new(by), "bookings.cancelled_by")?,
                late,
                reason: row.cancel_reason,
                refund: money(refund, &row.currency)?,
            }),
            (None, None, None, None) => None,
            _ => return Err(corrupt("bookings.cancelled_at")),
        };
        Self::restore(BookingRecord {
            id: sound(BookingId::new(row.id), "bookings.id")?,
            client: sound(UserId::new(row.client_id), "bookings.client_id")?,
            therapist: sound(UserId::new(row.therapist_id), "bookings.therapist_id")?,
            service: sound(ServiceId::new(row.service_id), "bookings.service_id")?,
            scheduled_at: from_millis(row.scheduled_at)?,
            minutes: number(row.minutes)?,
            blocked_until: from_millis(row.blocked_until)?,
            status: sound(BookingStatus::parse(&row.status), "bookings.status")?,
            payment_status: sound(PaymentStatus::parse(&row.payment_status), "bookings.payment_status")?,
            price: money(row.price_minor, &row.currency)?,
            room,
            hold_expires_at: instant(row.hold_expires_at)?,
            note: row.note,
            cancellation,
            terms: terms(row.free_minutes, row.late_refund_percent, row.reschedule_minutes)?,
            link_version: number(row.link_version)?,
            version: number(row.version)?,
            created_at: from_millis(row.created_at)?,
            updated_at: from_millis(row.updated_at)?,
        })
        .map_err(|e| StoreError::Corrupt(e.into()))
    }
}

impl BookingRow {
    /// A booking with its client.
    pub fn into_view(self, client: UserRow) -> Result<BookingView, StoreError> {
        Ok(BookingView { booking: self.try_into()?, client: client.try_into()? })
    }
}

/// A mail in the outbox, without its lease.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub struct NoticeRow {
    id: i64,
    kind: String,
    offset_minutes: i64,
    booking_id: i64,
    recipient_id: Option<i64>,
    participant_id: Option<i64>,
    starts_at: i64,
    booking_version: i64,
    send_after: i64,
    state: String,
    attempts: i64,
    next_at: i64,
    sent_at: Option<i64>,
    last_error: Option<String>,
}

impl TryFrom<NoticeRow> for Notification {
    type Error = StoreError;

    fn try_from(row: NoticeRow) -> Result<Self, StoreError> {
        let recipient = match (row.recipient_id, row.participant_id) {
            (Some(id), None) => ViewerId::Account(sound(UserId::new(id), "outbox.recipient_id")?),
            (None, Some(id)) => ViewerId::Participant(sound(ParticipantId::new(id), "outbox.participant_id")?),
            _ => return Err(corrupt("outbox.participant_id")),
        };
        Ok(Self {
            id: sound(NotificationId::new(row.id), "outbox.id")?,
            content: NewNotification {
                kind: sound(NotificationKind::parse(&row.kind, number(row.offset_minutes)?), "outbox.kind")?,
                booking: sound(BookingId::new(row.booking_id), "outbox.booking_id")?,
                recipient,
                starts_at: from_millis(row.starts_at)?,
                booking_version: number(row.booking_version)?,
                send_after: from_millis(row.send_after)?,
            },
            state: sound(NotificationState::parse(&row.state), "outbox.state")?,
            attempts: number(row.attempts)?,
            next_at: from_millis(row.next_at)?,
            sent_at: instant(row.sent_at)?,
            last_error: row.last_error,
        })
    }
}

/// A mail to be inserted.
#[derive(Clone, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub struct NewNoticeRow {
    dedupe_key: String,
    kind: String,
    offset_minutes: i64,
    booking_id: i64,
    recipient_id: Option<i64>,
    participant_id: Option<i64>,
    starts_at: i64,
    booking_version: i64,
    send_after: i64,
    state: String,
    attempts: i64,
    next_at: i64,
}

impl From<&NewNotification> for NewNoticeRow {
    fn from(content: &NewNotification) -> Self {
        let (recipient_id, participant_id) = match content.recipient {
            ViewerId::Account(id) => (Some(id.get()), None),
            ViewerId::Participant(id) => (None, Some(id.get())),
        };
        Self {
            dedupe_key: content.dedupe_key(),
            kind: content.kind.as_str().to_owned(),
            offset_minutes: i64::from(content.kind.offset_minutes()),
            booking_id: content.booking.get(),
            recipient_id,
            participant_id,
            starts_at: millis(content.starts_at),
            booking_version: i64::from(content.booking_version),
            send_after: millis(content.send_after),
            state: NotificationState::Pending.as_str().to_owned(),
            attempts: 0,
            next_at: millis(content.send_after),
        }
    }
}

/// A line of the audit trail, to be read or inserted.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log, treat_none_as_default_value = false)]
pub struct AuditRow {
    at: i64,
    actor_id: Option<i64>,
    action: String,
    object_kind: String,
    object_id: i64,
    request_id: Option<String>,
}

impl From<&AuditEntry> for AuditRow {
    fn from(entry: &AuditEntry) -> Self {
        let (kind, id) = entry.object.as_parts();
        Self {
            at: millis(entry.at),
            actor_id: entry.actor.map(UserId::get),
            action: entry.action.clone(),
            object_kind: kind.to_owned(),
            object_id: id,
            request_id: entry.request_id.clone(),
        }
    }
}

impl TryFrom<AuditRow> for AuditEntry {
    type Error = StoreError;

    fn try_from(row: AuditRow) -> Result<Self, StoreError> {
        Ok(Self {
            at: from_millis(row.at)?,
            actor: row.actor_id.map(|id| sound(UserId::new(id), "audit_log.actor_id")).transpose()?,
            action: row.action,
            object: sound(AuditObject::from_parts(&row.object_kind, row.object_id), "audit_log.object_kind")?,
            request_id: row.request_id,
        })
    }
}
