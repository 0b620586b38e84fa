//! A store whose calendar cannot be locked and always looks free: the control of the tests that look for overlaps.

use std::sync::Arc;

use async_trait::async_trait;
use attune_domain::calendar::WeeklySchedule;
use attune_domain::meeting::AttendanceFact;
use attune_domain::notice::{Notice, OwedNotice};
use attune_domain::session::Session;
use attune_domain::{
    Booking, BookingId, ConferenceId, NoticeId, Participant, ParticipantId, PaymentId, PaymentProblemId,
    PracticePolicy, RefundId, Service, ServiceId, SessionId, TimeOffId, User, UserId,
};
use attune_ports::{
    AccountKey, AuditEntry, AuditTrail, Bookings, Calendars, Conference, KeptRefund, KeptReply, Lease, LeaseToken,
    LedgerEntry, LoginFailures, NewParticipant, NewPayment, NewPaymentProblem, NewRefund, NewService, NewSession,
    NewTimeOff, NewUser, Outbox, Participants, PasswordHash, Payment, PaymentProblem, Payments, Provider, Replies,
    ReplyKey, Rooms, Services, Sessions, Settlement, Store, StoreError, TokenHash, UnitOfWork, Users,
};
use jiff::Timestamp;

/// Passes everything on to a store but what guards calendars.
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

/// Faces whose calls are passed on as they are.
macro_rules! pass_on {
    ($($face:ident { $($call:ident($($given:ident: $type:ty),*) -> $answer:ty;)* })*) => {$(
        #[async_trait]
        impl $face for UnguardedUnit {
            $(async fn $call(&mut self, $($given: $type),*) -> Result<$answer, StoreError> {
                self.0.$call($($given),*).await
            })*
        }
    )*};
}

pass_on! {
    Users {
        add_user(user: &NewUser) -> UserId;
        user(id: UserId) -> Option<User>;
        user_for_change(id: UserId) -> Option<User>;
        save_user(user: &User) -> ();
        set_password(id: UserId, hash: &PasswordHash) -> ();
        lock_enabled_admins() -> Vec<UserId>;
    }
    Sessions {
        add_session(session: &NewSession) -> SessionId;
        session(id: SessionId) -> Option<Session>;
        save_session(session: &Session) -> ();
        end_sessions(user: UserId, except: Option<SessionId>, now: Timestamp) -> u64;
        add_refresh_token(hash: &TokenHash, session: SessionId, generation: u32, now: Timestamp) -> ();
        refresh_token(hash: &TokenHash) -> Option<(SessionId, u32)>;
    }
    LoginFailures {
        add_login_failure(account: &AccountKey, now: Timestamp, forget_before: Timestamp) -> ();
        clear_login_failures(account: &AccountKey) -> ();
    }
    Services {
        add_service(service: &NewService) -> ServiceId;
        service(id: ServiceId) -> Option<Service>;
        service_for_change(id: ServiceId) -> Option<Service>;
        save_service(service: &Service) -> ();
        default_service() -> Option<Service>;
    }
    Calendars {
        set_schedule(therapist: UserId, schedule: &WeeklySchedule) -> ();
        add_time_off(time_off: &NewTimeOff) -> TimeOffId;
        remove_time_off(id: TimeOffId) -> bool;
        set_policy(policy: &PracticePolicy) -> ();
    }
    Participants {
        add_participant(participant: &NewParticipant) -> ParticipantId;
        participant(id: ParticipantId) -> Option<Participant>;
        standing_participants(booking: BookingId) -> Vec<Participant>;
        revoke_participant(id: ParticipantId, now: Timestamp) -> ();
    }
    Rooms {
        open_conference(booking: BookingId, now: Timestamp) -> ConferenceId;
        open_conference_of(booking: BookingId) -> Option<Conference>;
        close_conference(id: ConferenceId, now: Timestamp) -> bool;
        add_attendance(booking: BookingId, facts: &[AttendanceFact]) -> u64;
    }
    Payments {
        add_payment(payment: &NewPayment) -> PaymentId;
        payments_of(booking: BookingId) -> Vec<Payment>;
        payment_by_reference(provider: Provider, reference: &str) -> Option<Payment>;
        save_payment(payment: &Payment) -> ();
        add_refund(refund: &NewRefund) -> RefundId;
        refunds_of(booking: BookingId) -> Vec<KeptRefund>;
        save_refund(refund: &KeptRefund) -> ();
        add_ledger_entry(entry: &LedgerEntry) -> ();
        add_payment_event(provider: Provider, id: &str, at: Timestamp) -> bool;
        forget_payment_events(before: Timestamp, limit: u32) -> u64;
        add_payment_problem(problem: &NewPaymentProblem) -> bool;
        resolve_payment_problem(id: PaymentProblemId, at: Timestamp) -> Option<PaymentProblem>;
        resolve_refund_problem(refund: RefundId, at: Timestamp) -> ();
    }
    Outbox {
        enqueue(notices: &[OwedNotice]) -> u64;
        claim_notices(limit: u32, now: Timestamp, lease: &Lease) -> Vec<Notice>;
        settle_notice(id: NoticeId, token: &LeaseToken, settlement: &Settlement) -> bool;
        give_back_notices(ids: &[NoticeId], token: &LeaseToken) -> u64;
    }
    Replies {
        reply(key: &ReplyKey) -> Option<KeptReply>;
        keep_reply(key: &ReplyKey, reply: &KeptReply) -> ();
        amend_reply(key: &ReplyKey, body: &str) -> bool;
        forget_replies(before: Timestamp, limit: u32) -> u64;
    }
    AuditTrail {
        add_audit_entry(entry: &AuditEntry) -> ();
    }
}

#[async_trait]
impl Bookings for UnguardedUnit {
    async fn next_booking_id(&mut self) -> Result<BookingId, StoreError> {
        self.0.next_booking_id().await
    }

    /// Locks nothing.
    async fn lock_calendar(&mut self, _: UserId) -> Result<(), StoreError> {
        Ok(())
    }

    /// Finds everything free.
    async fn blocking_bookings(&mut self, _: UserId, _: Timestamp, _: Timestamp) -> Result<Vec<Booking>, StoreError> {
        Ok(Vec::new())
    }

    async fn add_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        self.0.add_booking(booking).await
    }

    async fn booking(&mut self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        self.0.booking(id).await
    }

    async fn save_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        self.0.save_booking(booking).await
    }

    async fn ended_sessions(&mut self, until: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError> {
        self.0.ended_sessions(until, limit).await
    }

    async fn lapsed_holds(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError> {
        self.0.lapsed_holds(now, limit).await
    }
}
