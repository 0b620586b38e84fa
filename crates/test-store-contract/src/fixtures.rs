//! Test data that is complete and legal, to be changed where a test depends on it.

use std::collections::BTreeMap;

use attune_domain::ChangeTerms;
use attune_domain::calendar::{LocalTime, LocalTimeRange, RuleSettings, ScheduleException, WeeklySchedule};
use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind, NewRoom};
use attune_domain::notification::{NewNotification, NotificationKind, NotificationSubject};
use attune_domain::{
    Booking, BookingId, BookingRecord, BookingStatus, Cancellation, Currency, EmailAddress, MeetingBaseUrl,
    MeetingRoom, Money, OneTimePurpose, ParticipantRole, PaymentStatus, PersonName, PracticePolicy, Role, RoomSuffix,
    ServiceId, TimeZoneName, UserId, ViewerId,
};
use attune_ports::{
    AttemptKey, AuditEntry, AuditObject, CalendarFeed, IdempotencyKey, IdempotencyRecord, Lease, LeaseToken,
    LedgerEntry, LedgerKind, NewLoginSession, NewOneTimeToken, NewParticipant, NewPayment, NewPaymentProblem,
    NewRefund, NewScheduleException, NewService, NewUser, PasswordHash, Payment, PaymentState, ProblemKind, Provider,
    Refund, RefundCause, RefundStage, Store, StoredResponse, TokenHash, TotpFactor,
};
use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};

/// Reads an instant such as `2027-01-11T08:00:00Z`.
pub fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// The time of the tests, with a fraction of a second as real clocks have.
pub fn now() -> Timestamp {
    at("2027-01-11T08:00:00.123Z")
}

/// An instant so many minutes after another one, or before it when negative.
pub fn minutes_after(start: Timestamp, minutes: i64) -> Timestamp {
    start.checked_add(SignedDuration::from_mins(minutes)).expect("an instant within the calendar")
}

/// The beginning of the n-th hour of a calendar that opens a week after [`now`]. A fixture booking takes exactly one.
pub fn slot(n: i64) -> Timestamp {
    minutes_after(at("2027-01-18T09:00:00Z"), 60 * n)
}

/// An amount in euro cents.
pub fn eur(minor: i64) -> Money {
    money(minor, "EUR")
}

pub fn money(minor: i64, currency: &str) -> Money {
    Money::new(minor, Currency::parse(currency).expect("a currency")).expect("an amount")
}

pub fn email(local: &str) -> EmailAddress {
    EmailAddress::parse(&format!("{local}@example.org")).expect("an address")
}

pub fn name(text: &str) -> PersonName {
    PersonName::parse(text).expect("a name").expect("a visible name")
}

pub fn zone(text: &str) -> TimeZoneName {
    TimeZoneName::parse(text).expect("a time zone")
}

/// A hash that no password fits.
pub fn password_hash(seed: &str) -> PasswordHash {
    PasswordHash::new(format!("$test$v=1${seed}"))
}

/// A client at `{local}@example.org`.
pub fn client(local: &str) -> NewUser {
    NewUser {
        email: email(local),
        first_name: Some(name("Robin")),
        last_name: Some(name("Doe")),
        time_zone: Some(zone("Europe/Berlin")),
        role: Role::Client,
        password_hash: Some(password_hash(local)),
        language: None,
        email_verified_at: None,
        created_at: now(),
    }
}

/// A therapist at `{local}@example.org`.
pub fn therapist(local: &str) -> NewUser {
    NewUser { role: Role::Admin, ..client(local) }
}

/// A service of 50 minutes with a buffer of 10, so that it fills one [`slot`].
pub fn service() -> NewService {
    NewService {
        name: "Session".to_owned(),
        description: "Fifty minutes by video".to_owned(),
        minutes: 50,
        buffer_minutes: 10,
        price: eur(9_000),
        translations: BTreeMap::new(),
    }
}

/// Terms of which each number differs from the others and from the default.
pub fn terms() -> ChangeTerms {
    ChangeTerms { free_minutes: 2_880, grace_minutes: 5, late_refund_percent: 50, reschedule_minutes: 720 }
}

/// A policy of which each number differs from the others and from the default.
pub fn policy() -> PracticePolicy {
    PracticePolicy {
        rules: RuleSettings { notice_minutes: 120, horizon_days: 90, daily_limit: Some(6), step_minutes: 30 },
        terms: ChangeTerms {
            free_minutes: 1_000,
            grace_minutes: 7,
            late_refund_percent: 25,
            reschedule_minutes: 2_000,
        },
        auto_complete: true,
    }
}

/// Reads a date such as `2027-05-01`.
pub fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

/// Hours in local time, such as from `09:00` until `12:30`.
pub fn hours(from: &str, until: &str) -> LocalTimeRange {
    let time = |text| LocalTime::parse(text).expect("a time of day");
    LocalTimeRange::new(time(from), time(until)).expect("hours that end after they begin")
}

/// A schedule in the time zone of Berlin.
pub fn week(hours: &[(Weekday, LocalTimeRange)]) -> WeeklySchedule {
    WeeklySchedule { zone: zone("Europe/Berlin"), week: hours.to_vec() }
}

pub fn schedule_exception(therapist: UserId, what: ScheduleException) -> NewScheduleException {
    NewScheduleException { therapist, what, note: None, created_at: now() }
}

pub fn day_off(therapist: UserId, on: &str) -> NewScheduleException {
    schedule_exception(therapist, ScheduleException::closed_dates(date(on), date(on)).expect("a day"))
}

pub fn idempotency_key(user: UserId, key: &str) -> IdempotencyKey {
    IdempotencyKey { user, route: "POST /bookings".to_owned(), key: key.to_owned() }
}

pub fn response(body: &str) -> StoredResponse {
    StoredResponse { status: 201, body: body.to_owned() }
}

pub fn idempotency_record(body: &str) -> IdempotencyRecord {
    IdempotencyRecord {
        request_hash: [7; 32],
        booking: BookingId::new(1),
        response: Some(response(body)),
        created_at: now(),
    }
}

pub fn session(user: UserId) -> NewLoginSession {
    NewLoginSession {
        user,
        network: Some("192.0.2.0/24".to_owned()),
        user_agent: Some("Firefox, Linux".to_owned()),
        device: None,
        created_at: now(),
    }
}

pub fn token_hash(seed: u8) -> TokenHash {
    TokenHash([seed; 32])
}

pub fn attempt_key(seed: u8) -> AttemptKey {
    AttemptKey([seed; 32])
}

/// A token that is issued now, and mailed to the address of the fixture client.
pub fn one_time_token(user: UserId, purpose: OneTimePurpose) -> NewOneTimeToken {
    NewOneTimeToken {
        user,
        purpose,
        nonce: [3; 16],
        email: email("client"),
        slot: None,
        created_at: now(),
        expires_at: minutes_after(now(), 60),
    }
}

/// An authenticator app; the same seed gives the same secret.
pub fn totp_factor(seed: u8, last_step: u64) -> TotpFactor {
    TotpFactor { sealed_secret: vec![seed; 60], last_step }
}

/// A calendar feed that was turned on now; the same seed gives the same nonce.
pub fn calendar_feed(seed: u8) -> CalendarFeed {
    CalendarFeed { nonce: [seed; 16], created_at: now() }
}

/// An open payment for the price of a booking.
pub fn payment(booking: BookingId, checkout_id: &str) -> NewPayment {
    NewPayment {
        id: (),
        booking,
        provider: Provider::Test,
        provider_checkout_id: checkout_id.to_owned(),
        amount: eur(9_000),
        state: PaymentState::Open,
        checkout_url: Some(format!("https://pay.example.org/{checkout_id}")),
        checkout_nonce: None,
        expires_at: None,
        provider_payment_id: None,
        check_at: None,
        method: None,
        memo: None,
        recorded_by: None,
        created_at: now(),
        settled_at: None,
    }
}

/// A settled payment for the price of a booking.
pub fn paid(booking: BookingId, checkout_id: &str) -> NewPayment {
    NewPayment {
        state: PaymentState::Settled,
        checkout_url: None,
        provider_payment_id: Some(format!("charge of {checkout_id}")),
        settled_at: Some(now()),
        ..payment(booking, checkout_id)
    }
}

/// A queued refund of a part of a payment: ten units of most currencies.
pub fn refund(payment: &Payment, key: &str) -> NewRefund {
    NewRefund {
        id: (),
        booking: payment.booking,
        payment: payment.id,
        idempotency_key: key.to_owned(),
        amount: Money::new(1_000, payment.amount.currency()).expect("an amount"),
        cause: RefundCause::Requested,
        reason: None,
        requested_by: None,
        stage: RefundStage::Queued,
        provider_refund_id: None,
        attempts: 0,
        next_at: None,
        last_error: None,
        created_at: now(),
        settled_at: None,
    }
}

/// The ledger entry of a payment.
pub fn captured(payment: &Payment) -> LedgerEntry {
    LedgerEntry {
        at: now(),
        booking: payment.booking,
        payment: payment.id,
        refund: None,
        kind: LedgerKind::Captured,
        amount: payment.amount,
    }
}

/// The ledger entry of a refund or of its reversal.
pub fn moved(refund: &Refund, kind: LedgerKind) -> LedgerEntry {
    LedgerEntry {
        at: now(),
        booking: refund.booking,
        payment: refund.payment,
        refund: Some(refund.id),
        kind,
        amount: refund.amount,
    }
}

/// A problem without references.
pub fn problem(key: &str, kind: ProblemKind) -> NewPaymentProblem {
    NewPaymentProblem {
        id: (),
        resolved_at: None,
        dedupe_key: key.to_owned(),
        kind,
        booking: None,
        payment: None,
        refund: None,
        provider_reference: None,
        at: now(),
    }
}

/// An email to the client of a booking.
pub fn notice(booking: &Booking, kind: NotificationKind, send_after: Timestamp) -> NewNotification {
    NewNotification {
        kind,
        subject: NotificationSubject::of(booking),
        recipient: ViewerId::Account(booking.client()),
        send_after,
    }
}

/// A booking as the subject of an email, with another start or version.
pub fn subject(booking: &Booking, starts_at: Timestamp, version: u32) -> NotificationSubject {
    NotificationSubject::Booking { id: booking.id(), starts_at, version }
}

/// A reminder to the client of a booking. It is due at `send_after`, whatever the offset.
pub fn reminder(booking: &Booking, minutes_before: u32, send_after: Timestamp) -> NewNotification {
    notice(booking, NotificationKind::Reminder { minutes_before }, send_after)
}

/// A participant at `{local}@example.org`, invited by the therapist.
pub fn participant(booking: &Booking, local: &str) -> NewParticipant {
    NewParticipant {
        booking: booking.id(),
        email: email(local),
        display_name: name("Alex Doe"),
        role: ParticipantRole::Participant,
        time_zone: Some(zone("Europe/Berlin")),
        language: None,
        invited_by: booking.therapist(),
        invited_at: now(),
    }
}

/// An attendance event of an unknown viewer.
pub fn fact(occupant: &str, kind: AttendanceEventKind, at: Timestamp) -> AttendanceEvent {
    AttendanceEvent { at, kind, occupant: occupant.to_owned(), participant: None }
}

/// A lease; the same seed gives the same token.
pub fn lease(seed: u8, until: Timestamp) -> Lease {
    Lease { token: LeaseToken([seed; 16]), until }
}

/// An audit entry without an actor.
pub fn audit_entry(object: AuditObject, action: &str) -> AuditEntry {
    AuditEntry { at: now(), actor: None, action: action.to_owned(), object, request_id: None, booking: None }
}

pub fn room(booking: BookingId) -> MeetingRoom {
    let base_url = MeetingBaseUrl::parse("https://meet.example.org/").expect("a base URL");
    MeetingRoom::new(booking, now(), NewRoom { base_url: &base_url, suffix: RoomSuffix::from_bytes([0x5a; 16]) })
}

pub fn restored(record: BookingRecord) -> Booking {
    Booking::restore(record).expect("a legal booking")
}

/// The record of a booking with the next version, as a change would leave it.
pub fn next_version(booking: &Booking) -> BookingRecord {
    let record = booking.record().clone();
    BookingRecord { version: record.version + 1, updated_at: minutes_after(record.updated_at, 1), ..record }
}

/// The same booking in another state, with the room, the hold or the cancellation that belongs to it.
pub fn in_state(record: BookingRecord, status: BookingStatus, payment_status: PaymentStatus) -> BookingRecord {
    let pending = status == BookingStatus::PendingPayment;
    BookingRecord {
        room: status.has_room().then(|| room(record.id)),
        hold_expires_at: pending.then(|| minutes_after(record.created_at, 15)),
        cancellation: (status == BookingStatus::Cancelled).then(|| Cancellation {
            at: record.updated_at,
            by: record.client,
            late: false,
            reason: None,
            refund: Money::zero(record.price.currency()),
        }),
        status,
        payment_status,
        ..record
    }
}

/// All pairs of states that a booking may have.
pub fn legal_states() -> impl Iterator<Item = (BookingStatus, PaymentStatus)> {
    all_states().filter(|(status, payment)| payment.is_legal_with(*status))
}

/// All pairs of states, legal or not.
pub fn all_states() -> impl Iterator<Item = (BookingStatus, PaymentStatus)> {
    BookingStatus::ALL.into_iter().flat_map(|status| PaymentStatus::ALL.into_iter().map(move |paid| (status, paid)))
}

/// The users and the service that a booking needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PracticeFixture {
    /// An admin, `therapist@example.org`.
    pub therapist: UserId,
    /// A client, `client@example.org`.
    pub client: UserId,
    /// [`service`].
    pub service: ServiceId,
}

impl PracticeFixture {
    /// Writes a therapist, a client and a service into a store.
    pub async fn create(store: &dyn Store) -> Self {
        let mut work = store.begin().await.expect("a unit of work opens");
        let therapist = work.add_user(&therapist("therapist")).await.expect("a therapist");
        let client = work.add_user(&client("client")).await.expect("a client");
        let service = work.add_service(&service()).await.expect("a service");
        work.commit().await.expect("the practice is stored");
        Self { therapist, client, service }
    }

    /// A scheduled booking with nothing due, of 50 minutes and a buffer of 10.
    pub fn record(&self, id: BookingId, scheduled_at: Timestamp) -> BookingRecord {
        BookingRecord {
            id,
            client: self.client,
            therapist: self.therapist,
            service: self.service,
            series: None,
            scheduled_at,
            minutes: 50,
            blocked_until: minutes_after(scheduled_at, 60),
            status: BookingStatus::Scheduled,
            payment_status: PaymentStatus::NotRequired,
            price: eur(9_000),
            room: Some(room(id)),
            hold_expires_at: None,
            note: None,
            cancellation: None,
            terms: terms(),
            link_version: 1,
            version: 1,
            created_at: now(),
            updated_at: now(),
        }
    }

    pub fn booking(&self, id: BookingId, scheduled_at: Timestamp) -> Booking {
        restored(self.record(id, scheduled_at))
    }

    pub fn booking_in(
        &self,
        id: BookingId,
        scheduled_at: Timestamp,
        status: BookingStatus,
        payment_status: PaymentStatus,
    ) -> Booking {
        restored(in_state(self.record(id, scheduled_at), status, payment_status))
    }

    /// An unpaid booking that keeps its slot until `hold_until`.
    pub fn held(&self, id: BookingId, scheduled_at: Timestamp, hold_until: Timestamp) -> Booking {
        let record = self.record(id, scheduled_at);
        restored(BookingRecord {
            hold_expires_at: Some(hold_until),
            ..in_state(record, BookingStatus::PendingPayment, PaymentStatus::Pending)
        })
    }
}
