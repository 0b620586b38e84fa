//! A unit of work: a private copy of the state, made at its first write and published at its commit.

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
    Conflict, DeliveryResult, IdempotencyKey, IdempotencyRecord, IdempotencyStore, Lease, LeaseToken, LedgerEntry,
    LoginSessions, NewLoginSession, NewOneTimeToken, NewParticipant, NewPayment, NewPaymentProblem, NewRefund,
    NewScheduleException, NewService, NewUser, OneTimeTokens, Outbox, Participants, PasswordHash, Payment,
    PaymentProblem, Payments, PracticeData, Provider, Refund, Rooms, SecondFactors, Services, StoreError,
    StoredResponse, StoredScheduleException, TokenHash, TotpFactor, UnitOfWork, Users,
};
use jiff::Timestamp;
use tokio::sync::OwnedMutexGuard;

use crate::shared::Shared;
use crate::state::{State, conflict, failed};

/// An open unit of work. It holds the write lock until it is dropped.
pub(crate) struct MemoryUnit {
    shared: Arc<Shared>,
    _writer: OwnedMutexGuard<()>,
    state: Arc<State>,
    spent: bool,
}

impl MemoryUnit {
    pub(crate) fn new(shared: Arc<Shared>, writer: OwnedMutexGuard<()>) -> Self {
        let state = shared.committed();
        Self { shared, _writer: writer, state, spent: false }
    }

    fn check_not_spent(&self) -> Result<(), StoreError> {
        if self.spent { Err(failed("the unit of work is spent after an earlier error")) } else { Ok(()) }
    }

    fn read<T>(&self, query: impl FnOnce(&State) -> T) -> Result<T, StoreError> {
        self.check_not_spent()?;
        Ok(query(&self.state))
    }

    fn write<T>(&mut self, change: impl FnOnce(&mut State) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.check_not_spent()?;
        let result = change(Arc::make_mut(&mut self.state));
        self.spent = result.is_err();
        result
    }
}

#[async_trait]
impl UnitOfWork for MemoryUnit {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.check_not_spent()?;
        self.shared.commit(Arc::clone(&self.state));
        Ok(())
    }
}

#[async_trait]
impl Users for MemoryUnit {
    async fn add_user(&mut self, user: &NewUser) -> Result<UserId, StoreError> {
        self.write(|state| state.add_user(user))
    }

    async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(|state| state.user(id))
    }

    async fn user_for_change(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(|state| state.user(id))
    }

    async fn save_user(&mut self, user: &User) -> Result<u32, StoreError> {
        self.write(|state| state.save_user(user))
    }

    async fn set_password(&mut self, id: UserId, hash: Option<&PasswordHash>) -> Result<(), StoreError> {
        self.write(|state| state.set_password(id, hash))
    }

    async fn lock_enabled_admins(&mut self) -> Result<Vec<UserId>, StoreError> {
        self.read(|state| state.enabled_admins().collect())
    }
}

#[async_trait]
impl LoginSessions for MemoryUnit {
    async fn add_login_session(&mut self, session: &NewLoginSession) -> Result<LoginSessionId, StoreError> {
        self.write(|state| state.add_login_session(session))
    }

    async fn session(&mut self, id: LoginSessionId) -> Result<Option<LoginSession>, StoreError> {
        self.read(|state| state.sessions.get(&id).map(|login| login.session.clone()))
    }

    async fn save_login_session(&mut self, session: &LoginSession) -> Result<(), StoreError> {
        self.write(|state| state.save_login_session(session))
    }

    async fn end_login_sessions(
        &mut self,
        user: UserId,
        except: Option<LoginSessionId>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.write(|state| Ok(state.end_login_sessions(user, except, now)))
    }

    async fn add_refresh_token(
        &mut self,
        hash: &TokenHash,
        session: LoginSessionId,
        generation: u32,
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|state| state.add_refresh_token(hash, session, generation))
    }

    async fn refresh_token(&mut self, hash: &TokenHash) -> Result<Option<(LoginSessionId, u32)>, StoreError> {
        self.read(|state| state.refresh_tokens.get(&hash.0).copied())
    }
}

#[async_trait]
impl Attempts for MemoryUnit {
    async fn count_attempt(
        &mut self,
        key: &AttemptKey,
        now: Timestamp,
        since: Timestamp,
        max: u64,
    ) -> Result<bool, StoreError> {
        self.write(|state| Ok(state.count_attempt(key, now, since, max)))
    }

    async fn take_back_attempt(&mut self, key: &AttemptKey, at: Timestamp) -> Result<(), StoreError> {
        self.write(|state| {
            state.take_back_attempt(key, at);
            Ok(())
        })
    }

    async fn purge_attempts(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.write(|state| Ok(state.purge_attempts(before)))
    }

    async fn clear_attempts(&mut self, key: &AttemptKey) -> Result<(), StoreError> {
        self.write(|state| {
            state.attempts.remove(&key.0);
            Ok(())
        })
    }
}

#[async_trait]
impl OneTimeTokens for MemoryUnit {
    async fn add_one_time_token(&mut self, token: &NewOneTimeToken) -> Result<(), StoreError> {
        self.write(|state| state.add_one_time_token(token))
    }

    async fn use_one_time_token(&mut self, id: OneTimeTokenId, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|state| Ok(state.use_one_time_token(id, now)))
    }

    async fn end_one_time_tokens(
        &mut self,
        user: UserId,
        purposes: &[OneTimePurpose],
        created_from: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.write(|state| Ok(state.end_one_time_tokens(user, purposes, created_from, now)))
    }

    async fn email_reserved_for(&mut self, email: &EmailAddress, now: Timestamp) -> Result<Option<UserId>, StoreError> {
        self.read(|state| state.email_reserved_for(email, now))
    }

    async fn purge_one_time_tokens(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.write(|state| Ok(state.purge_one_time_tokens(before)))
    }
}

#[async_trait]
impl SecondFactors for MemoryUnit {
    async fn totp_factor(&mut self, user: UserId) -> Result<Option<TotpFactor>, StoreError> {
        self.read(|state| state.totp_factors.get(&user).cloned())
    }

    async fn save_totp_factor(&mut self, user: UserId, factor: &TotpFactor) -> Result<(), StoreError> {
        self.write(|state| state.save_totp_factor(user, factor))
    }

    async fn remove_second_factor(&mut self, user: UserId) -> Result<(), StoreError> {
        self.write(|state| {
            state.remove_second_factor(user);
            Ok(())
        })
    }

    async fn set_recovery_codes(&mut self, user: UserId, codes: &[TokenHash]) -> Result<(), StoreError> {
        self.write(|state| state.set_recovery_codes(user, codes))
    }

    async fn use_recovery_code(&mut self, user: UserId, code: &TokenHash) -> Result<bool, StoreError> {
        self.write(|state| Ok(state.recovery_codes.remove(&(user, code.0))))
    }

    async fn step_up(&mut self, session: LoginSessionId, now: Timestamp) -> Result<(), StoreError> {
        self.write(|state| state.step_up(session, now))
    }
}

#[async_trait]
impl CalendarFeeds for MemoryUnit {
    async fn calendar_feed(&mut self, user: UserId) -> Result<Option<CalendarFeed>, StoreError> {
        self.read(|state| state.calendar_feeds.get(&user).cloned())
    }

    async fn save_calendar_feed(&mut self, user: UserId, feed: &CalendarFeed) -> Result<(), StoreError> {
        self.write(|state| state.save_calendar_feed(user, feed))
    }

    async fn remove_calendar_feed(&mut self, user: UserId) -> Result<bool, StoreError> {
        self.write(|state| Ok(state.calendar_feeds.remove(&user).is_some()))
    }
}

#[async_trait]
impl Services for MemoryUnit {
    async fn add_service(&mut self, service: &NewService) -> Result<ServiceId, StoreError> {
        self.write(|state| state.add_service(service))
    }

    async fn service(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        self.read(|state| state.services.get(&id).cloned())
    }

    async fn service_for_change(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        self.read(|state| state.services.get(&id).cloned())
    }

    async fn save_service(&mut self, service: &Service) -> Result<u32, StoreError> {
        self.write(|state| state.save_service(service))
    }

    async fn default_service(&mut self) -> Result<Option<Service>, StoreError> {
        self.read(|state| state.services.values().find(|service| service.active).cloned())
    }
}

#[async_trait]
impl Calendars for MemoryUnit {
    async fn set_schedule(&mut self, therapist: UserId, schedule: &WeeklySchedule) -> Result<u32, StoreError> {
        self.write(|state| state.set_schedule(therapist, schedule))
    }

    async fn add_schedule_exception(
        &mut self,
        exception: &NewScheduleException,
    ) -> Result<ScheduleExceptionId, StoreError> {
        self.write(|state| state.add_schedule_exception(exception))
    }

    async fn schedule_exception(
        &mut self,
        id: ScheduleExceptionId,
    ) -> Result<Option<StoredScheduleException>, StoreError> {
        self.read(|state| state.schedule_exceptions.get(&id).cloned())
    }

    async fn save_schedule_exception(&mut self, exception: &StoredScheduleException) -> Result<(), StoreError> {
        self.write(|state| state.save_schedule_exception(exception))
    }

    async fn remove_schedule_exception(&mut self, id: ScheduleExceptionId) -> Result<bool, StoreError> {
        self.write(|state| Ok(state.schedule_exceptions.remove(&id).is_some()))
    }

    async fn set_policy(&mut self, policy: &PracticePolicy) -> Result<u32, StoreError> {
        self.write(|state| state.set_policy(policy))
    }
}

#[async_trait]
impl PracticeData for MemoryUnit {
    async fn practice_for_change(&mut self) -> Result<Option<Practice>, StoreError> {
        self.read(|state| state.practice.clone())
    }

    async fn add_practice(&mut self, practice: &Practice) -> Result<bool, StoreError> {
        self.write(|state| {
            let new = state.practice.is_none();
            state.practice.get_or_insert_with(|| Practice { version: 1, ..practice.clone() });
            Ok(new)
        })
    }

    async fn save_practice(&mut self, practice: &Practice) -> Result<u32, StoreError> {
        self.write(|state| {
            let stored = state.practice.as_mut().ok_or(conflict(Conflict::Stale))?;
            *stored = Practice { version: stored.version + 1, ..practice.clone() };
            Ok(stored.version)
        })
    }

    async fn replace_logo(&mut self, logo: Option<(&LogoName, &Logo)>) -> Result<(), StoreError> {
        self.write(|state| {
            state.logo = logo.map(|(name, logo)| (name.clone(), logo.clone()));
            Ok(())
        })
    }

    async fn set_legacy_uid_domain(&mut self, _: &str) -> Result<(), StoreError> {
        // Every booking was made after the installation got its id.
        self.check_not_spent()
    }

    async fn rewrite_installation(&mut self) -> Result<(), StoreError> {
        self.check_not_spent()
    }
}

#[async_trait]
impl Bookings for MemoryUnit {
    async fn next_booking_id(&mut self) -> Result<BookingId, StoreError> {
        self.check_not_spent()?;
        BookingId::new(self.shared.next_booking_id()).ok_or_else(|| failed("the ids are used up"))
    }

    async fn lock_calendar(&mut self, _therapist: UserId) -> Result<(), StoreError> {
        // The write lock is already held, and it covers every calendar.
        self.check_not_spent()
    }

    async fn blocking_bookings(
        &mut self,
        therapist: UserId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Booking>, StoreError> {
        self.read(|state| state.blocking_bookings(therapist, from, until).into_iter().cloned().collect())
    }

    async fn add_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        self.write(|state| state.add_booking(booking))
    }

    async fn booking(&mut self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        self.read(|state| state.bookings.get(&id).cloned())
    }

    async fn save_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        self.write(|state| state.save_booking(booking))
    }

    async fn add_change_reason(&mut self, booking: BookingId, version: u32, reason: &str) -> Result<(), StoreError> {
        self.write(|state| state.add_change_reason(booking, version, reason))
    }

    async fn ended_bookings(&mut self, until: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError> {
        self.read(|state| state.ended_bookings(until, limit))
    }

    async fn expired_holds(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError> {
        self.read(|state| state.expired_holds(now, limit))
    }
}

#[async_trait]
impl Participants for MemoryUnit {
    async fn add_participant(&mut self, participant: &NewParticipant) -> Result<ParticipantId, StoreError> {
        self.write(|state| state.add_participant(participant))
    }

    async fn participant(&mut self, id: ParticipantId) -> Result<Option<Participant>, StoreError> {
        self.read(|state| state.participants.get(&id).cloned())
    }

    async fn invited_participants(&mut self, booking: BookingId) -> Result<Vec<Participant>, StoreError> {
        self.read(|state| state.participants_of(booking).filter(|p| p.is_invited()).cloned().collect())
    }

    async fn revoke_participant(&mut self, id: ParticipantId, now: Timestamp) -> Result<(), StoreError> {
        self.write(|state| state.revoke_participant(id, now))
    }
}

#[async_trait]
impl Rooms for MemoryUnit {
    async fn open_conference(&mut self, booking: BookingId, now: Timestamp) -> Result<ConferenceId, StoreError> {
        self.write(|state| state.open_conference(booking, now))
    }

    async fn open_conference_of(&mut self, booking: BookingId) -> Result<Option<Conference>, StoreError> {
        self.read(|state| state.open_conference_of(booking))
    }

    async fn close_conference(&mut self, id: ConferenceId, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|state| Ok(state.close_conference(id, now)))
    }

    async fn add_attendance(&mut self, booking: BookingId, events: &[AttendanceEvent]) -> Result<u64, StoreError> {
        self.write(|state| state.add_attendance(booking, events))
    }
}

#[async_trait]
impl Payments for MemoryUnit {
    async fn add_payment(&mut self, payment: &NewPayment) -> Result<PaymentId, StoreError> {
        self.write(|state| state.add_payment(payment))
    }

    async fn payments_of(&mut self, booking: BookingId) -> Result<Vec<Payment>, StoreError> {
        self.read(|state| state.payments_of(booking))
    }

    async fn payment_by_checkout_id(
        &mut self,
        provider: Provider,
        checkout_id: &str,
    ) -> Result<Option<Payment>, StoreError> {
        self.read(|state| state.payment_by_checkout_id(provider, checkout_id))
    }

    async fn save_payment(&mut self, payment: &Payment) -> Result<(), StoreError> {
        self.write(|state| state.save_payment(payment))
    }

    async fn add_refund(&mut self, refund: &NewRefund) -> Result<RefundId, StoreError> {
        self.write(|state| state.add_refund(refund))
    }

    async fn refunds_of(&mut self, booking: BookingId) -> Result<Vec<Refund>, StoreError> {
        self.read(|state| state.refunds_of(booking))
    }

    async fn save_refund(&mut self, refund: &Refund) -> Result<(), StoreError> {
        self.write(|state| state.save_refund(refund))
    }

    async fn add_ledger_entry(&mut self, entry: &LedgerEntry) -> Result<(), StoreError> {
        self.write(|state| state.add_ledger_entry(entry))
    }

    async fn add_payment_event(&mut self, provider: Provider, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        self.write(|state| Ok(state.add_payment_event(provider, id, at)))
    }

    async fn purge_payment_events(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.write(|state| Ok(state.purge_payment_events(before, limit)))
    }

    async fn add_payment_problem(&mut self, problem: &NewPaymentProblem) -> Result<bool, StoreError> {
        self.write(|state| state.add_payment_problem(problem))
    }

    async fn resolve_payment_problem(
        &mut self,
        id: PaymentProblemId,
        at: Timestamp,
    ) -> Result<Option<PaymentProblem>, StoreError> {
        self.write(|state| Ok(state.resolve_payment_problem(id, at)))
    }

    async fn resolve_refund_problem(&mut self, refund: RefundId, at: Timestamp) -> Result<(), StoreError> {
        self.write(|state| {
            state.resolve_refund_problem(refund, at);
            Ok(())
        })
    }
}

#[async_trait]
impl Outbox for MemoryUnit {
    async fn enqueue(&mut self, notifications: &[NewNotification]) -> Result<u64, StoreError> {
        self.write(|state| notifications.iter().map(|new| Ok(u64::from(state.enqueue(new)?))).sum())
    }

    async fn notifications_of(&mut self, booking: BookingId) -> Result<Vec<Notification>, StoreError> {
        self.read(|state| state.notifications_of(booking))
    }

    async fn combine_notifications(
        &mut self,
        lead: NotificationId,
        others: &[NotificationId],
    ) -> Result<(), StoreError> {
        self.write(|state| {
            state.combine_notifications(lead, others);
            Ok(())
        })
    }

    async fn lease_notifications(
        &mut self,
        limit: u32,
        now: Timestamp,
        lease: &Lease,
    ) -> Result<Vec<Notification>, StoreError> {
        self.write(|state| Ok(state.lease_notifications(limit, now, lease)))
    }

    async fn ack_notification(
        &mut self,
        id: NotificationId,
        token: &LeaseToken,
        result: &DeliveryResult,
    ) -> Result<bool, StoreError> {
        self.write(|state| Ok(state.ack_notification(id, token, result)))
    }

    async fn nack_notifications(&mut self, ids: &[NotificationId], token: &LeaseToken) -> Result<u64, StoreError> {
        self.write(|state| Ok(state.nack_notifications(ids, token)))
    }

    async fn postpone_notification(
        &mut self,
        id: NotificationId,
        token: &LeaseToken,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(|state| Ok(state.postpone_notification(id, token, until)))
    }

    async fn notification(&mut self, id: NotificationId) -> Result<Option<Notification>, StoreError> {
        self.read(|state| state.outbox.get(&id).map(|row| row.notification.clone()))
    }

    async fn retry_notification(&mut self, id: NotificationId, now: Timestamp) -> Result<(), StoreError> {
        self.write(|state| {
            state.retry_notification(id, now);
            Ok(())
        })
    }

    async fn cancel_notification(&mut self, id: NotificationId, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|state| Ok(state.cancel_notification(id, now)))
    }

    async fn cancel_reminders(&mut self, booking: BookingId, now: Timestamp) -> Result<u64, StoreError> {
        self.write(|state| Ok(state.cancel_reminders(booking, now)))
    }

    async fn correct_notifications(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(|state| Ok(state.correct_notifications(now)))
    }
}

#[async_trait]
impl IdempotencyStore for MemoryUnit {
    async fn idempotency_record(&mut self, key: &IdempotencyKey) -> Result<Option<IdempotencyRecord>, StoreError> {
        self.read(|state| state.idempotency.get(key).cloned())
    }

    async fn add_idempotency_record(
        &mut self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
    ) -> Result<(), StoreError> {
        self.write(|state| state.add_idempotency_record(key, record))
    }

    async fn save_response(
        &mut self,
        key: &IdempotencyKey,
        response: &StoredResponse,
    ) -> Result<Option<StoredResponse>, StoreError> {
        self.write(|state| Ok(state.save_response(key, response)))
    }

    async fn purge_responses(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.write(|state| Ok(state.purge_responses(before, limit)))
    }
}

#[async_trait]
impl AuditTrail for MemoryUnit {
    async fn add_audit_entry(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.write(|state| state.add_audit_entry(entry))
    }
}
