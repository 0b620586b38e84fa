//! A store without calendar locks whose calendar always looks free: the control of the tests that look for overlaps.

use std::sync::Arc;

use async_trait::async_trait;
use attune_domain::calendar::WeeklySchedule;
use attune_domain::login_session::LoginSession;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::notification::{NewNotification, Notification};
use attune_domain::practice::{Logo, LogoName};
use attune_domain::{
    Booking, BookingId, ConferenceId, EmailAddress, LoginSessionId, NotificationId, OneTimePurpose, OneTimeTokenId,
    Participant, ParticipantId, PaymentId, PaymentProblemId, Practice, PracticePolicy, RefundId, ScheduleExceptionId,
    Service, ServiceId, User, UserId,
};
use attune_ports::{
    AttemptKey, Attempts, AuditEntry, AuditTrail, Bookings, CalendarFeed, CalendarFeeds, Calendars, Conference,
    DeliveryResult, IdempotencyKey, IdempotencyRecord, IdempotencyStore, Lease, LeaseToken, LedgerEntry, LoginSessions,
    NewLoginSession, NewOneTimeToken, NewParticipant, NewPayment, NewPaymentProblem, NewRefund, NewScheduleException,
    NewService, NewUser, OneTimeTokens, Outbox, Participants, PasswordHash, Payment, PaymentProblem, Payments,
    PracticeData, Provider, Refund, Rooms, SecondFactors, Services, Store, StoreError, StoredResponse,
    StoredScheduleException, TokenHash, TotpFactor, UnitOfWork, Users,
};
use jiff::Timestamp;

pub(crate) struct Unguarded(pub(crate) Arc<dyn Store>);

#[async_trait]
impl Store for Unguarded {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        Ok(Box::new(UnguardedUnit(self.0.begin().await?)))
    }
}

struct UnguardedUnit(Box<dyn UnitOfWork>);

#[async_trait]
impl UnitOfWork for UnguardedUnit {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.0.commit().await
    }
}

/// Forwards the calls; the functions after `+` are this store's own.
macro_rules! forward {
    ($($face:ident { $($call:ident($($given:ident: $type:ty),*) -> $answer:ty;)* } $(+ { $($own:tt)* })?)*) => {$(
        #[async_trait]
        impl $face for UnguardedUnit {
            $(async fn $call(&mut self, $($given: $type),*) -> Result<$answer, StoreError> {
                self.0.$call($($given),*).await
            })*
            $($($own)*)?
        }
    )*};
}

forward! {
    Users {
        add_user(user: &NewUser) -> UserId;
        user(id: UserId) -> Option<User>;
        user_for_change(id: UserId) -> Option<User>;
        save_user(user: &User) -> u32;
        set_password(id: UserId, hash: Option<&PasswordHash>) -> ();
        lock_enabled_admins() -> Vec<UserId>;
    }
    LoginSessions {
        add_login_session(session: &NewLoginSession) -> LoginSessionId;
        session(id: LoginSessionId) -> Option<LoginSession>;
        save_login_session(session: &LoginSession) -> ();
        end_login_sessions(user: UserId, except: Option<LoginSessionId>, now: Timestamp) -> u64;
        add_refresh_token(hash: &TokenHash, session: LoginSessionId, generation: u32, now: Timestamp) -> ();
        refresh_token(hash: &TokenHash) -> Option<(LoginSessionId, u32)>;
    }
    Attempts {
        count_attempt(key: &AttemptKey, now: Timestamp, since: Timestamp, max: u64) -> bool;
        take_back_attempt(key: &AttemptKey, at: Timestamp) -> ();
        clear_attempts(key: &AttemptKey) -> ();
        purge_attempts(before: Timestamp) -> u64;
    }
    OneTimeTokens {
        add_one_time_token(token: &NewOneTimeToken) -> ();
        use_one_time_token(id: OneTimeTokenId, now: Timestamp) -> bool;
        end_one_time_tokens(user: UserId, purposes: &[OneTimePurpose], created_from: Timestamp, now: Timestamp) -> u64;
        email_reserved_for(email: &EmailAddress, now: Timestamp) -> Option<UserId>;
        purge_one_time_tokens(before: Timestamp) -> u64;
    }
    SecondFactors {
        totp_factor(user: UserId) -> Option<TotpFactor>;
        save_totp_factor(user: UserId, factor: &TotpFactor) -> ();
        remove_second_factor(user: UserId) -> ();
        set_recovery_codes(user: UserId, codes: &[TokenHash]) -> ();
        use_recovery_code(user: UserId, code: &TokenHash) -> bool;
        step_up(session: LoginSessionId, now: Timestamp) -> ();
    }
    CalendarFeeds {
        calendar_feed(user: UserId) -> Option<CalendarFeed>;
        save_calendar_feed(user: UserId, feed: &CalendarFeed) -> ();
        remove_calendar_feed(user: UserId) -> bool;
    }
    Services {
        add_service(service: &NewService) -> ServiceId;
        service(id: ServiceId) -> Option<Service>;
        service_for_change(id: ServiceId) -> Option<Service>;
        save_service(service: &Service) -> u32;
        default_service() -> Option<Service>;
    }
    Calendars {
        set_schedule(therapist: UserId, schedule: &WeeklySchedule) -> u32;
        add_schedule_exception(exception: &NewScheduleException) -> ScheduleExceptionId;
        schedule_exception(id: ScheduleExceptionId) -> Option<StoredScheduleException>;
        save_schedule_exception(exception: &StoredScheduleException) -> ();
        remove_schedule_exception(id: ScheduleExceptionId) -> bool;
        set_policy(policy: &PracticePolicy) -> u32;
    }
    PracticeData {
        practice_for_change() -> Option<Practice>;
        add_practice(practice: &Practice) -> bool;
        save_practice(practice: &Practice) -> u32;
        replace_logo(logo: Option<(&LogoName, &Logo)>) -> ();
        set_legacy_uid_domain(domain: &str) -> ();
        rewrite_installation() -> ();
    }
    Participants {
        add_participant(participant: &NewParticipant) -> ParticipantId;
        participant(id: ParticipantId) -> Option<Participant>;
        invited_participants(booking: BookingId) -> Vec<Participant>;
        revoke_participant(id: ParticipantId, now: Timestamp) -> ();
    }
    Rooms {
        open_conference(booking: BookingId, now: Timestamp) -> ConferenceId;
        open_conference_of(booking: BookingId) -> Option<Conference>;
        close_conference(id: ConferenceId, now: Timestamp) -> bool;
        add_attendance(booking: BookingId, events: &[AttendanceEvent]) -> u64;
    }
    Payments {
        add_payment(payment: &NewPayment) -> PaymentId;
        payments_of(booking: BookingId) -> Vec<Payment>;
        payment_by_checkout_id(provider: Provider, reference: &str) -> Option<Payment>;
        save_payment(payment: &Payment) -> ();
        add_refund(refund: &NewRefund) -> RefundId;
        refunds_of(booking: BookingId) -> Vec<Refund>;
        save_refund(refund: &Refund) -> ();
        add_ledger_entry(entry: &LedgerEntry) -> ();
        add_payment_event(provider: Provider, id: &str, at: Timestamp) -> bool;
        purge_payment_events(before: Timestamp, limit: u32) -> u64;
        add_payment_problem(problem: &NewPaymentProblem) -> bool;
        resolve_payment_problem(id: PaymentProblemId, at: Timestamp) -> Option<PaymentProblem>;
        resolve_refund_problem(refund: RefundId, at: Timestamp) -> ();
    }
    Outbox {
        enqueue(notifications: &[NewNotification]) -> u64;
        notifications_of(booking: BookingId) -> Vec<Notification>;
        combine_notifications(lead: NotificationId, others: &[NotificationId]) -> ();
        lease_notifications(limit: u32, now: Timestamp, lease: &Lease) -> Vec<Notification>;
        ack_notification(id: NotificationId, token: &LeaseToken, result: &DeliveryResult) -> bool;
        nack_notifications(ids: &[NotificationId], token: &LeaseToken) -> u64;
        postpone_notification(id: NotificationId, token: &LeaseToken, until: Timestamp) -> bool;
        notification(id: NotificationId) -> Option<Notification>;
        retry_notification(id: NotificationId, now: Timestamp) -> ();
        cancel_notification(id: NotificationId, now: Timestamp) -> bool;
        cancel_reminders(booking: BookingId, now: Timestamp) -> u64;
        correct_notifications(now: Timestamp) -> u64;
    }
    IdempotencyStore {
        idempotency_record(key: &IdempotencyKey) -> Option<IdempotencyRecord>;
        add_idempotency_record(key: &IdempotencyKey, record: &IdempotencyRecord) -> ();
        save_response(key: &IdempotencyKey, response: &StoredResponse) -> Option<StoredResponse>;
        purge_responses(before: Timestamp, limit: u32) -> u64;
    }
    AuditTrail {
        add_audit_entry(entry: &AuditEntry) -> ();
    }
    Bookings {
        next_booking_id() -> BookingId;
        add_booking(booking: &Booking) -> ();
        booking(id: BookingId) -> Option<Booking>;
        save_booking(booking: &Booking) -> ();
        add_change_reason(booking: BookingId, version: u32, reason: &str) -> ();
        ended_bookings(until: Timestamp, limit: u32) -> Vec<Booking>;
        expired_holds(now: Timestamp, limit: u32) -> Vec<Booking>;
    } + {
        async fn lock_calendar(&mut self, _: UserId) -> Result<(), StoreError> {
            Ok(())
        }

        async fn blocking_bookings(&mut self, _: UserId, _: Timestamp, _: Timestamp) -> Result<Vec<Booking>, StoreError> {
            Ok(Vec::new())
        }
    }
}
