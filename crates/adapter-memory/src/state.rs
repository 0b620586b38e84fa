//! The tables, their constraints, and the changes to them.
//!
//! Every constraint of the databases is also enforced here, so that a use case whose tests pass on this store does not
//! fail on a database.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use attune_domain::calendar::{Interval, ScheduleException, WeeklySchedule};
use attune_domain::login_session::{DeviceId, LoginSession};
use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_domain::notification::{
    IMPLAUSIBLE_DELAY, NewNotification, Notification, NotificationKind, NotificationState, NotificationSubject,
};
use attune_domain::practice::{Logo, LogoName};
use attune_domain::{
    Booking, BookingId, BookingRecord, BookingStatus, Cancellation, ConferenceId, LoginSessionId, NotificationId,
    NotifyLevel, OneTimeToken, OneTimeTokenId, Participant, ParticipantId, PaymentId, PaymentProblemId, PaymentStatus,
    Practice, PracticePolicy, RefundId, Role, ScheduleExceptionId, Service, ServiceId, User, UserId, ViewerId,
};
use attune_ports::{
    AuditEntry, CalendarFeed, Conference, Conflict, DeliveryResult, IdempotencyKey, IdempotencyRecord, Lease,
    LeaseToken, LedgerEntry, LoginSessionView, NewLoginSession, NewParticipant, NewScheduleException, NewService,
    NewUser, PasswordHash, Payment, PaymentProblem, Refund, StoreError, StoredResponse, StoredScheduleException,
    TokenHash, TotpFactor, Versioned,
};
use jiff::{SignedDuration, Timestamp};

/// An account with its password hash.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) user: User,
    pub(crate) password_hash: Option<PasswordHash>,
}

/// A notification with its lease, if it has one.
#[derive(Clone)]
pub(crate) struct OutboxRow {
    pub(crate) notification: Notification,
    lease: Option<Lease>,
}

impl OutboxRow {
    fn is_due(&self, now: Timestamp) -> bool {
        self.notification.state == NotificationState::Pending
            && self.notification.next_at <= now
            && self.lease.is_none_or(|lease| lease.until <= now)
    }

    /// Whether it is this email, or sent together with it.
    fn is_sent_with(&self, id: NotificationId) -> bool {
        self.notification.id == id || self.notification.lead == Some(id)
    }
}

/// What identifies an attendance event: the booking, the occupant, the kind and the time.
pub(crate) type AttendanceKey = (BookingId, String, AttendanceEventKind, Timestamp);

/// All rows. Rows of tables with numbered ids are never deleted, so the highest id is the newest one. Only schedule
/// exceptions and one-time tokens can be deleted, so their last ids are stored separately.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub(crate) users: BTreeMap<UserId, Account>,
    pub(crate) sessions: BTreeMap<LoginSessionId, LoginSessionView>,
    pub(crate) refresh_tokens: BTreeMap<[u8; 32], (LoginSessionId, u32)>,
    pub(crate) devices: BTreeMap<LoginSessionId, DeviceId>,
    pub(crate) attempts: BTreeMap<[u8; 32], Vec<Timestamp>>,
    pub(crate) one_time_tokens: BTreeMap<OneTimeTokenId, OneTimeToken>,
    pub(crate) last_one_time_token: i64,
    pub(crate) totp_factors: BTreeMap<UserId, TotpFactor>,
    pub(crate) recovery_codes: BTreeSet<(UserId, [u8; 32])>,
    pub(crate) calendar_feeds: BTreeMap<UserId, CalendarFeed>,
    pub(crate) services: BTreeMap<ServiceId, Service>,
    pub(crate) schedules: BTreeMap<UserId, Versioned<WeeklySchedule>>,
    pub(crate) schedule_exceptions: BTreeMap<ScheduleExceptionId, StoredScheduleException>,
    last_schedule_exception: i64,
    pub(crate) policy: Versioned<PracticePolicy>,
    pub(crate) practice: Option<Practice>,
    pub(crate) logo: Option<(LogoName, Logo)>,
    pub(crate) bookings: BTreeMap<BookingId, Booking>,
    pub(crate) participants: BTreeMap<ParticipantId, Participant>,
    pub(crate) conferences: BTreeMap<ConferenceId, Conference>,
    pub(crate) attendance: BTreeMap<AttendanceKey, Option<ViewerId>>,
    pub(crate) payments: BTreeMap<PaymentId, Payment>,
    pub(crate) refunds: BTreeMap<RefundId, Refund>,
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) payment_events: BTreeMap<(&'static str, String), Timestamp>,
    pub(crate) problems: BTreeMap<PaymentProblemId, PaymentProblem>,
    pub(crate) outbox: BTreeMap<NotificationId, OutboxRow>,
    pub(crate) idempotency: HashMap<IdempotencyKey, IdempotencyRecord>,
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) change_reasons: BTreeMap<(BookingId, u32), String>,
}

/// An error that is not a conflict, with a short text that contains no personal data.
pub(crate) fn failed(what: &'static str) -> StoreError {
    StoreError::Failed(what.into())
}

pub(crate) fn conflict(rule: Conflict) -> StoreError {
    StoreError::Conflict(rule)
}

/// An instant truncated to whole milliseconds, the precision of all stores.
pub(crate) fn truncate(at: Timestamp) -> Timestamp {
    at - SignedDuration::from_nanos(i64::from(at.subsec_nanosecond() % 1_000_000))
}

/// The id after the newest one of a table.
macro_rules! next_id {
    ($table:expr, $id:ident) => {{
        let newest = $table.last_key_value().map_or(0, |(id, _)| id.get());
        newest.checked_add(1).and_then($id::new).ok_or_else(|| failed("the ids are used up"))
    }};
}
pub(crate) use next_id;

/// Checks that a referenced row exists.
pub(crate) fn check_row<K: Ord, V>(table: &BTreeMap<K, V>, id: K, error: &'static str) -> Result<(), StoreError> {
    if table.contains_key(&id) { Ok(()) } else { Err(failed(error)) }
}

impl State {
    pub(crate) fn check_user(&self, id: UserId) -> Result<(), StoreError> {
        check_row(&self.users, id, "no such user")
    }

    pub(crate) fn check_booking(&self, id: BookingId) -> Result<(), StoreError> {
        check_row(&self.bookings, id, "no such booking")
    }

    pub(crate) fn user(&self, id: UserId) -> Option<User> {
        self.users.get(&id).map(|account| account.user.clone())
    }

    pub(crate) fn enabled_admins(&self) -> impl Iterator<Item = UserId> {
        self.users.values().filter(|a| a.user.role == Role::Admin && !a.user.disabled).map(|a| a.user.id)
    }

    pub(crate) fn add_user(&mut self, new: &NewUser) -> Result<UserId, StoreError> {
        if self.users.values().any(|account| account.user.email == new.email) {
            return Err(conflict(Conflict::EmailTaken));
        }
        let id = next_id!(self.users, UserId)?;
        let user = User {
            id,
            email: new.email.clone(),
            first_name: new.first_name.clone(),
            last_name: new.last_name.clone(),
            preferred_name: None,
            time_zone: new.time_zone.clone(),
            language: new.language,
            role: new.role,
            disabled: false,
            email_verified_at: new.email_verified_at.map(truncate),
            second_factor_at: None,
            second_factor_due_at: None,
            created_at: truncate(new.created_at),
            notify: NotifyLevel::Changes,
            agenda_at: None,
            version: 1,
        };
        self.users.insert(id, Account { user, password_hash: new.password_hash.clone() });
        Ok(id)
    }

    pub(crate) fn save_user(&mut self, user: &User) -> Result<u32, StoreError> {
        if self.users.values().any(|account| account.user.email == user.email && account.user.id != user.id) {
            return Err(conflict(Conflict::EmailTaken));
        }
        let account = self.users.get_mut(&user.id).ok_or(conflict(Conflict::Stale))?;
        account.user = User {
            email_verified_at: user.email_verified_at.map(truncate),
            second_factor_at: user.second_factor_at.map(truncate),
            second_factor_due_at: user.second_factor_due_at.map(truncate),
            created_at: account.user.created_at,
            version: account.user.version + 1,
            ..user.clone()
        };
        Ok(account.user.version)
    }

    pub(crate) fn set_password(&mut self, id: UserId, hash: Option<&PasswordHash>) -> Result<(), StoreError> {
        let account = self.users.get_mut(&id).ok_or(conflict(Conflict::Stale))?;
        account.password_hash = hash.cloned();
        Ok(())
    }

    pub(crate) fn add_login_session(&mut self, new: &NewLoginSession) -> Result<LoginSessionId, StoreError> {
        self.check_user(new.user)?;
        let id = next_id!(self.sessions, LoginSessionId)?;
        let created_at = truncate(new.created_at);
        let session = LoginSession {
            id,
            user: new.user,
            generation: 1,
            rotated_at: created_at,
            created_at,
            stepped_up_at: None,
            ended_at: None,
        };
        let (network, user_agent) = (new.network.clone(), new.user_agent.clone());
        self.sessions.insert(id, LoginSessionView { session, network, user_agent });
        self.devices.extend(new.device.map(|device| (id, device)));
        Ok(id)
    }

    pub(crate) fn save_login_session(&mut self, session: &LoginSession) -> Result<(), StoreError> {
        let login = self.sessions.get_mut(&session.id).ok_or(conflict(Conflict::Stale))?;
        if session.generation == 0 {
            return Err(failed("generations begin with 1"));
        }
        login.session.generation = session.generation;
        login.session.rotated_at = truncate(session.rotated_at);
        login.session.ended_at = session.ended_at.map(truncate);
        Ok(())
    }

    pub(crate) fn end_login_sessions(&mut self, user: UserId, except: Option<LoginSessionId>, now: Timestamp) -> u64 {
        let mut ended = 0;
        for LoginSessionView { session, .. } in self.sessions.values_mut() {
            if session.user == user && session.ended_at.is_none() && Some(session.id) != except {
                session.ended_at = Some(truncate(now));
                ended += 1;
            }
        }
        ended
    }

    pub(crate) fn add_refresh_token(
        &mut self,
        hash: &TokenHash,
        session: LoginSessionId,
        generation: u32,
    ) -> Result<(), StoreError> {
        check_row(&self.sessions, session, "no such session")?;
        if generation == 0 {
            return Err(failed("generations begin with 1"));
        }
        match self.refresh_tokens.insert(hash.0, (session, generation)) {
            None => Ok(()),
            Some(_) => Err(failed("the refresh token exists already")),
        }
    }

    pub(crate) fn add_service(&mut self, new: &NewService) -> Result<ServiceId, StoreError> {
        check_length(new.minutes, new.buffer_minutes)?;
        let id = next_id!(self.services, ServiceId)?;
        let service = Service {
            id,
            name: new.name.clone(),
            description: new.description.clone(),
            minutes: new.minutes,
            buffer_minutes: new.buffer_minutes,
            price: new.price,
            active: true,
            translations: new.translations.clone(),
            version: 1,
        };
        self.services.insert(id, service);
        Ok(id)
    }

    pub(crate) fn save_service(&mut self, service: &Service) -> Result<u32, StoreError> {
        let stored = self.services.get_mut(&service.id).ok_or(conflict(Conflict::Stale))?;
        check_length(service.minutes, service.buffer_minutes)?;
        *stored = Service { version: stored.version + 1, ..service.clone() };
        Ok(stored.version)
    }

    pub(crate) fn set_schedule(&mut self, therapist: UserId, schedule: &WeeklySchedule) -> Result<u32, StoreError> {
        self.check_user(therapist)?;
        let mut starts = BTreeSet::new();
        let twice =
            schedule.week.iter().any(|(day, hours)| !starts.insert((day.to_monday_one_offset(), hours.start())));
        if twice {
            return Err(failed("two intervals of one weekday begin together"));
        }
        let version = self.schedules.get(&therapist).map_or(0, |stored| stored.version) + 1;
        self.schedules.insert(therapist, Versioned { value: schedule.clone(), version });
        Ok(version)
    }

    pub(crate) fn add_schedule_exception(
        &mut self,
        new: &NewScheduleException,
    ) -> Result<ScheduleExceptionId, StoreError> {
        self.check_user(new.therapist)?;
        let what = stored_exception(new.what)?;
        self.last_schedule_exception += 1;
        let id = ScheduleExceptionId::new(self.last_schedule_exception).ok_or_else(|| failed("the ids are used up"))?;
        let (therapist, note, created_at) = (new.therapist, new.note.clone(), truncate(new.created_at));
        self.schedule_exceptions.insert(id, StoredScheduleException { id, therapist, what, note, created_at });
        Ok(id)
    }

    pub(crate) fn save_schedule_exception(&mut self, exception: &StoredScheduleException) -> Result<(), StoreError> {
        let what = stored_exception(exception.what)?;
        let stored = self.schedule_exceptions.get_mut(&exception.id).ok_or(conflict(Conflict::Stale))?;
        (stored.what, stored.note) = (what, exception.note.clone());
        Ok(())
    }

    pub(crate) fn schedule_exceptions_of(
        &self,
        therapist: Option<UserId>,
    ) -> impl Iterator<Item = &StoredScheduleException> {
        self.schedule_exceptions.values().filter(move |row| therapist.is_none_or(|wanted| row.therapist == wanted))
    }

    pub(crate) fn set_policy(&mut self, policy: &PracticePolicy) -> Result<u32, StoreError> {
        policy.checked().map_err(|error| StoreError::Failed(error.into()))?;
        self.policy = Versioned { value: *policy, version: self.policy.version + 1 };
        Ok(self.policy.version)
    }

    /// The bookings that block the therapist's calendar at some time in the range, by start.
    pub(crate) fn blocking_bookings(&self, therapist: UserId, from: Timestamp, until: Timestamp) -> Vec<&Booking> {
        let mut found: Vec<_> = self
            .bookings
            .values()
            .filter(|b| b.therapist() == therapist && b.status().blocks_calendar())
            .filter(|b| b.scheduled_at() < until && b.blocked_until() > from)
            .collect();
        found.sort_by_key(|booking| (booking.scheduled_at(), booking.id()));
        found
    }

    pub(crate) fn ended_bookings(&self, until: Timestamp, limit: u32) -> Vec<Booking> {
        let scheduled = self.bookings.values().filter(|booking| booking.status() == BookingStatus::Scheduled);
        let ended = scheduled.filter(|booking| booking.ends_at() <= until);
        first_by(ended, |booking| (booking.scheduled_at(), booking.id()), limit)
    }

    pub(crate) fn expired_holds(&self, now: Timestamp, limit: u32) -> Vec<Booking> {
        let expired = self.bookings.values().filter(|booking| is_expired(booking, now));
        first_by(expired, |booking| (booking.hold_expires_at(), booking.id()), limit)
    }

    pub(crate) fn add_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        if self.bookings.contains_key(&booking.id()) {
            return Err(failed("the booking exists already"));
        }
        self.put_booking(booking)
    }

    pub(crate) fn save_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        match self.bookings.get(&booking.id()) {
            Some(stored) if stored.version().checked_add(1) == Some(booking.version()) => self.put_booking(booking),
            Some(_) | None => Err(conflict(Conflict::Stale)),
        }
    }

    fn put_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        let booking = as_stored(booking)?;
        self.check_user(booking.client())?;
        self.check_user(booking.therapist())?;
        check_row(&self.services, booking.service(), "no such service")?;
        if let Some(cancellation) = &booking.cancellation() {
            self.check_user(cancellation.by)?;
        }
        let others = || self.bookings.values().filter(|other| other.id() != booking.id());
        if booking.status().blocks_calendar()
            && others().any(|other| {
                other.therapist() == booking.therapist()
                    && other.status().blocks_calendar()
                    && other.scheduled_at() < booking.blocked_until()
                    && other.blocked_until() > booking.scheduled_at()
            })
        {
            return Err(conflict(Conflict::SlotTaken));
        }
        if let Some(room) = &booking.room()
            && others().any(|other| other.room().is_some_and(|other| other.id() == room.id()))
        {
            return Err(failed("the room belongs to another booking"));
        }
        self.bookings.insert(booking.id(), booking);
        Ok(())
    }

    pub(crate) fn add_participant(&mut self, new: &NewParticipant) -> Result<ParticipantId, StoreError> {
        if self.participants_of(new.booking).any(|p| p.email == new.email && p.is_invited()) {
            return Err(conflict(Conflict::AlreadyInvited));
        }
        self.check_booking(new.booking)?;
        self.check_user(new.invited_by)?;
        let id = next_id!(self.participants, ParticipantId)?;
        let participant = Participant {
            id,
            booking: new.booking,
            email: new.email.clone(),
            display_name: new.display_name.clone(),
            role: new.role,
            time_zone: new.time_zone.clone(),
            language: new.language,
            invited_by: new.invited_by,
            invited_at: truncate(new.invited_at),
            revoked_at: None,
        };
        self.participants.insert(id, participant);
        Ok(id)
    }

    pub(crate) fn participants_of(&self, booking: BookingId) -> impl Iterator<Item = &Participant> {
        self.participants.values().filter(move |participant| participant.booking == booking)
    }

    pub(crate) fn revoke_participant(&mut self, id: ParticipantId, now: Timestamp) -> Result<(), StoreError> {
        let invited = self.participants.get_mut(&id).filter(|participant| participant.is_invited());
        invited.ok_or(conflict(Conflict::Stale))?.revoked_at = Some(truncate(now));
        Ok(())
    }

    pub(crate) fn open_conference(&mut self, booking: BookingId, now: Timestamp) -> Result<ConferenceId, StoreError> {
        if self.open_conference_of(booking).is_some() {
            return Err(conflict(Conflict::ConferenceOpen));
        }
        self.check_booking(booking)?;
        let id = next_id!(self.conferences, ConferenceId)?;
        self.conferences.insert(id, Conference { id, booking, opened_at: truncate(now), closed_at: None });
        Ok(id)
    }

    pub(crate) fn open_conference_of(&self, booking: BookingId) -> Option<Conference> {
        self.conferences.values().find(|c| c.booking == booking && c.closed_at.is_none()).copied()
    }

    /// Returns whether the conference was open.
    pub(crate) fn close_conference(&mut self, id: ConferenceId, now: Timestamp) -> bool {
        let open = self.conferences.get_mut(&id).filter(|c| c.closed_at.is_none());
        open.map(|conference| conference.closed_at = Some(truncate(now))).is_some()
    }

    /// Stores the events that are not stored yet. Returns how many were new.
    pub(crate) fn add_attendance(&mut self, booking: BookingId, events: &[AttendanceEvent]) -> Result<u64, StoreError> {
        let mut new = 0;
        for event in events {
            self.check_booking(booking)?;
            let key = (booking, event.occupant.clone(), event.kind, truncate(event.at));
            if let Entry::Vacant(entry) = self.attendance.entry(key) {
                entry.insert(event.participant);
                new += 1;
            }
        }
        Ok(new)
    }

    pub(crate) fn attendance(&self, bookings: &[BookingId]) -> Vec<(BookingId, AttendanceEvent)> {
        let rows = self.attendance.iter().filter(|((booking, ..), _)| bookings.contains(booking));
        let mut events: Vec<_> = rows
            .map(|((booking, occupant, kind, at), participant)| {
                let occupant = occupant.clone();
                (*booking, AttendanceEvent { at: *at, kind: *kind, occupant, participant: *participant })
            })
            .collect();
        events.sort_unstable();
        events
    }

    /// The emails about a booking, in the order in which they were enqueued.
    pub(crate) fn notifications_of(&self, booking: BookingId) -> Vec<Notification> {
        let all = self.outbox.values().map(|row| &row.notification);
        all.filter(|email| email.content.subject.booking() == Some(booking)).cloned().collect()
    }

    /// Enqueues an email unless its dedupe key is already stored. Returns whether it was new.
    pub(crate) fn enqueue(&mut self, content: &NewNotification) -> Result<bool, StoreError> {
        let key = content.dedupe_key();
        if self.outbox.values().any(|row| row.notification.content.dedupe_key() == key) {
            return Ok(false);
        }
        let subject = match content.subject {
            NotificationSubject::Booking { id, starts_at, version } => {
                self.check_booking(id)?;
                NotificationSubject::Booking { id, starts_at: truncate(starts_at), version }
            }
            subject @ (NotificationSubject::User(id) | NotificationSubject::Day { user: id, .. }) => {
                self.check_user(id)?;
                subject
            }
        };
        match content.recipient {
            ViewerId::Account(user) => self.check_user(user)?,
            ViewerId::Participant(participant) => check_row(&self.participants, participant, "no such participant")?,
        }
        let id = next_id!(self.outbox, NotificationId)?;
        let send_after = truncate(content.send_after);
        let notification = Notification {
            id,
            content: NewNotification { subject, send_after, ..content.clone() },
            state: NotificationState::Pending,
            attempts: 0,
            next_at: send_after,
            sent_at: None,
            last_error: None,
            resends: 0,
            lead: None,
        };
        self.outbox.insert(id, OutboxRow { notification, lease: None });
        Ok(true)
    }

    pub(crate) fn combine_notifications(&mut self, lead: NotificationId, others: &[NotificationId]) {
        for id in others {
            if let Some(row) = self.outbox.get_mut(id) {
                row.notification.lead = Some(lead);
            }
        }
    }

    pub(crate) fn lease_notifications(&mut self, limit: u32, now: Timestamp, lease: &Lease) -> Vec<Notification> {
        let lease = Lease { until: truncate(lease.until), ..*lease };
        let is_due = |row: &&OutboxRow| row.is_due(now) && row.notification.lead.is_none();
        let mut due: Vec<_> = self.outbox.values().filter(is_due).map(|row| &row.notification).collect();
        due.sort_unstable_by_key(|email| (email.next_at, email.id));
        let due: Vec<NotificationId> = first(due, limit).map(|email| email.id).collect();
        let is_leased = |row: &&mut OutboxRow| {
            let email = &row.notification;
            let is_led =
                email.state == NotificationState::Pending && email.lead.is_some_and(|lead| due.contains(&lead));
            due.contains(&email.id) || is_led
        };
        let leased = self.outbox.values_mut().filter(is_leased).map(|row| {
            row.notification.attempts = row.notification.attempts.saturating_add(1);
            row.lease = Some(lease);
            row.notification.clone()
        });
        let mut leased: Vec<_> = leased.collect();
        leased.sort_unstable_by_key(|email| (email.next_at, email.id));
        leased
    }

    /// Stores the result for a notification and releases its lease. Returns whether the lease was still held.
    pub(crate) fn ack_notification(&mut self, id: NotificationId, token: &LeaseToken, result: &DeliveryResult) -> bool {
        let Some(row) = self.leased(id, token) else { return false };
        row.lease = None;
        row.notification.state = result.state;
        row.notification.next_at = truncate(result.next_at);
        row.notification.sent_at = result.sent_at.map(truncate);
        row.notification.last_error.clone_from(&result.last_error);
        true
    }

    /// Releases leases and does not count their attempts. Returns how many were still held.
    pub(crate) fn nack_notifications(&mut self, ids: &[NotificationId], token: &LeaseToken) -> u64 {
        let mut released = 0;
        for id in ids {
            let Some(row) = self.leased(*id, token) else { continue };
            row.lease = None;
            row.notification.attempts = row.notification.attempts.saturating_sub(1);
            released += 1;
        }
        released
    }

    /// Releases a lease, does not count its attempt, and changes when the email is due. Returns whether it was still held.
    pub(crate) fn postpone_notification(&mut self, id: NotificationId, token: &LeaseToken, until: Timestamp) -> bool {
        let Some(row) = self.leased(id, token) else { return false };
        row.lease = None;
        row.notification.attempts = row.notification.attempts.saturating_sub(1);
        row.notification.next_at = truncate(until);
        true
    }

    pub(crate) fn retry_notification(&mut self, id: NotificationId, now: Timestamp) {
        if let Some(row) = self.outbox.get_mut(&id) {
            row.notification.lead = None;
        }
        let is_retried = |row: &&mut OutboxRow| {
            row.notification.id == id || row.is_sent_with(id) && row.notification.state.can_be_retried()
        };
        for row in self.outbox.values_mut().filter(is_retried) {
            let email = &mut row.notification;
            email.resends += u32::from(email.state == NotificationState::Sent);
            email.state = NotificationState::Pending;
            (email.attempts, email.next_at) = (0, truncate(now));
            (email.sent_at, email.last_error) = (None, None);
            row.lease = None;
        }
    }

    /// Returns whether the email waited and was not leased.
    pub(crate) fn cancel_notification(&mut self, id: NotificationId, now: Timestamp) -> bool {
        let mut is_cancelled = false;
        for row in self.outbox.values_mut().filter(|row| row.is_sent_with(id)) {
            if row.notification.state.can_be_cancelled() && row.lease.is_none_or(|lease| lease.until <= now) {
                row.notification.state = NotificationState::Cancelled;
                row.lease = None;
                is_cancelled = true;
            }
        }
        is_cancelled
    }

    /// Cancels the pending reminders of a booking that are not leased. Returns how many.
    pub(crate) fn cancel_reminders(&mut self, booking: BookingId, now: Timestamp) -> u64 {
        let mut cancelled = 0;
        for row in self.outbox.values_mut() {
            let is_reminder = matches!(row.notification.content.kind, NotificationKind::Reminder { .. });
            let is_pending = row.notification.state == NotificationState::Pending;
            let is_leased = row.lease.is_some_and(|lease| lease.until > now);
            if row.notification.content.subject.booking() == Some(booking) && is_reminder && is_pending && !is_leased {
                row.notification.state = NotificationState::Cancelled;
                row.lease = None;
                cancelled += 1;
            }
        }
        cancelled
    }

    pub(crate) fn correct_notifications(&mut self, now: Timestamp) -> u64 {
        let mut corrected = 0;
        for row in self.outbox.values_mut() {
            if let Some(due) = row.notification.corrected(now) {
                row.notification.state = NotificationState::Pending;
                (row.notification.attempts, row.notification.next_at) = (0, truncate(due));
                row.notification.last_error = None;
                row.lease = None;
                corrected += 1;
            }
            row.lease.take_if(|lease| lease.until.duration_since(now) > IMPLAUSIBLE_DELAY);
        }
        corrected
    }

    /// The row with this id, if the lease with this token holds it.
    fn leased(&mut self, id: NotificationId, token: &LeaseToken) -> Option<&mut OutboxRow> {
        self.outbox.get_mut(&id).filter(|row| row.lease.is_some_and(|lease| lease.token == *token))
    }

    pub(crate) fn add_idempotency_record(
        &mut self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
    ) -> Result<(), StoreError> {
        if self.idempotency.contains_key(key) {
            return Err(conflict(Conflict::IdempotencyKeyTaken));
        }
        self.check_user(key.user)?;
        let record = IdempotencyRecord { created_at: truncate(record.created_at), ..record.clone() };
        self.idempotency.insert(key.clone(), record);
        Ok(())
    }

    pub(crate) fn save_response(&mut self, key: &IdempotencyKey, response: &StoredResponse) -> Option<StoredResponse> {
        let record = self.idempotency.get_mut(key)?;
        Some(record.response.get_or_insert_with(|| response.clone()).clone())
    }

    pub(crate) fn purge_responses(&mut self, before: Timestamp, limit: u32) -> u64 {
        let old = oldest(self.idempotency.iter().map(|(key, record)| (key, record.created_at)), before, limit);
        old.iter().map(|key| u64::from(self.idempotency.remove(key).is_some())).sum()
    }

    pub(crate) fn add_change_reason(
        &mut self,
        booking: BookingId,
        version: u32,
        reason: &str,
    ) -> Result<(), StoreError> {
        check_row(&self.bookings, booking, "change_reasons.booking_id")?;
        match self.change_reasons.entry((booking, version)) {
            Entry::Vacant(entry) => {
                entry.insert(reason.to_owned());
                Ok(())
            }
            Entry::Occupied(_) => Err(failed("two reasons for one change")),
        }
    }

    pub(crate) fn add_audit_entry(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut entry = AuditEntry { at: truncate(entry.at), ..entry.clone() };
        if let Some(booking) = &mut entry.booking {
            booking.scheduled_at = truncate(booking.scheduled_at);
        }
        self.audit.push(entry);
        Ok(())
    }
}

/// Whether the booking can no longer be paid: its hold has expired, and the provider is not processing a payment.
pub(crate) fn is_expired(booking: &Booking, now: Timestamp) -> bool {
    booking.hold_has_expired(now) && booking.payment_status() != PaymentStatus::Processing
}

/// Copies of the first rows in the order of a key.
pub(crate) fn first_by<'a, T: Clone + 'a, K: Ord>(
    rows: impl Iterator<Item = &'a T>,
    mut key: impl FnMut(&T) -> K,
    limit: u32,
) -> Vec<T> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|row| key(row));
    first(rows, limit).cloned().collect()
}

/// The keys of the oldest rows before an instant.
pub(crate) fn oldest<'a, K: Clone + 'a>(
    rows: impl Iterator<Item = (&'a K, Timestamp)>,
    before: Timestamp,
    limit: u32,
) -> Vec<K> {
    let mut old: Vec<_> = rows.filter(|(_, at)| *at < before).collect();
    old.sort_by_key(|(_, at)| *at);
    first(old, limit).map(|(key, _)| key.clone()).collect()
}

pub(crate) fn first<T>(items: Vec<T>, limit: u32) -> impl Iterator<Item = T> {
    items.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX))
}

fn check_length(minutes: u32, buffer_minutes: u32) -> Result<(), StoreError> {
    if (1..=Booking::MAX_MINUTES).contains(&minutes) && buffer_minutes <= Booking::MAX_MINUTES {
        Ok(())
    } else {
        Err(failed("a service takes between 1 minute and 12 hours"))
    }
}

/// The booking as the databases store it: instants in milliseconds, the refund in the currency of the price.
fn as_stored(booking: &Booking) -> Result<Booking, StoreError> {
    let record = booking.record().clone();
    let cancellation = match record.cancellation {
        Some(cancellation) if cancellation.refund.currency() != record.price.currency() => {
            return Err(failed("a refund in another currency than the price"));
        }
        Some(cancellation) => Some(Cancellation { at: truncate(cancellation.at), ..cancellation }),
        None => None,
    };
    Booking::restore(BookingRecord {
        scheduled_at: truncate(record.scheduled_at),
        blocked_until: truncate(record.blocked_until),
        hold_expires_at: record.hold_expires_at.map(truncate),
        created_at: truncate(record.created_at),
        updated_at: truncate(record.updated_at),
        cancellation,
        ..record
    })
    .map_err(|error| StoreError::Failed(error.into()))
}

/// An exception as a store keeps it.
fn stored_exception(what: ScheduleException) -> Result<ScheduleException, StoreError> {
    match what {
        ScheduleException::ClosedDates { first, last } if last < first => {
            Err(failed("the last date lies before the first"))
        }
        ScheduleException::ClosedPeriod(interval) => {
            Interval::new(truncate(interval.start()), truncate(interval.end()))
                .map(ScheduleException::ClosedPeriod)
                .map_err(|error| StoreError::Failed(error.into()))
        }
        what @ (ScheduleException::ClosedDates { .. } | ScheduleException::ExtraHours { .. }) => Ok(what),
    }
}
