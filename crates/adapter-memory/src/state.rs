//! The tables, their constraints, and the changes to them.
//!
//! Every constraint of the databases is also enforced here, so that a use case whose tests pass on this store does not
//! fail on a database.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use attune_domain::calendar::{Interval, ScheduleException, WeeklySchedule};
use attune_domain::login_session::LoginSession;
use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_domain::notification::{NewNotification, Notification, NotificationState};
use attune_domain::{
    Booking, BookingId, BookingRecord, BookingStatus, Cancellation, ConferenceId, LoginSessionId, NotificationId,
    Participant, ParticipantId, PaymentId, PaymentProblemId, PaymentStatus, PracticePolicy, RefundId, Role,
    ScheduleExceptionId, Service, ServiceId, User, UserId, ViewerId,
};
use attune_ports::{
    AccountKey, AuditEntry, Conference, Conflict, DeliveryResult, IdempotencyKey, IdempotencyRecord, Lease, LeaseToken,
    LedgerEntry, NewLoginSession, NewParticipant, NewScheduleException, NewService, NewUser, PasswordHash, Payment,
    PaymentProblem, Refund, StoreError, StoredResponse, StoredScheduleException, TokenHash,
};
use jiff::Timestamp;

/// An account with its password hash.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) user: User,
    pub(crate) password_hash: PasswordHash,
}

/// A login session with the network of the login.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) session: LoginSession,
    pub(crate) network: Option<String>,
}

/// An email with its lease, if it has one.
#[derive(Clone)]
pub(crate) struct Mail {
    pub(crate) notice: Notification,
    pub(crate) lease: Option<Lease>,
}

impl Mail {
    /// Whether a worker may lease it now.
    pub(crate) fn is_claimable(&self, now: Timestamp) -> bool {
        self.notice.state == NotificationState::Pending
            && self.notice.next_at <= now
            && self.lease.is_none_or(|lease| lease.until <= now)
    }
}

/// What identifies an attendance event: the booking, the occupant, the kind and the time.
pub(crate) type AttendanceKey = (BookingId, String, AttendanceEventKind, Timestamp);

/// All rows. Rows of tables with numbered ids are never deleted, so the highest id is the newest one. Schedule
/// exceptions are the only ones that can be deleted, so their last id is stored separately.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub(crate) users: BTreeMap<UserId, Account>,
    pub(crate) sessions: BTreeMap<LoginSessionId, Login>,
    pub(crate) refresh_tokens: BTreeMap<[u8; 32], (LoginSessionId, u32)>,
    pub(crate) login_failures: BTreeMap<[u8; 32], Vec<Timestamp>>,
    pub(crate) services: BTreeMap<ServiceId, Service>,
    pub(crate) schedules: BTreeMap<UserId, WeeklySchedule>,
    pub(crate) time_off: BTreeMap<ScheduleExceptionId, StoredScheduleException>,
    last_time_off: i64,
    pub(crate) policy: Option<PracticePolicy>,
    pub(crate) bookings: BTreeMap<BookingId, Booking>,
    pub(crate) participants: BTreeMap<ParticipantId, Participant>,
    pub(crate) conferences: BTreeMap<ConferenceId, Conference>,
    pub(crate) attendance: BTreeMap<AttendanceKey, Option<ViewerId>>,
    pub(crate) payments: BTreeMap<PaymentId, Payment>,
    pub(crate) refunds: BTreeMap<RefundId, Refund>,
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) payment_events: BTreeMap<(&'static str, String), Timestamp>,
    pub(crate) problems: BTreeMap<PaymentProblemId, PaymentProblem>,
    pub(crate) outbox: BTreeMap<NotificationId, Mail>,
    pub(crate) idempotency: HashMap<IdempotencyKey, IdempotencyRecord>,
    pub(crate) audit: Vec<AuditEntry>,
}

/// An error that is not a conflict, with a short text that contains no personal data.
pub(crate) fn failed(what: &'static str) -> StoreError {
    StoreError::Failed(what.into())
}

pub(crate) fn conflict(rule: Conflict) -> StoreError {
    StoreError::Conflict(rule)
}

/// An instant truncated to whole milliseconds, the precision of all stores.
pub(crate) fn cut(at: Timestamp) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(at.as_millisecond()).map_err(|error| StoreError::Failed(error.into()))
}

pub(crate) fn cut_some(at: Option<Timestamp>) -> Result<Option<Timestamp>, StoreError> {
    at.map(cut).transpose()
}

/// The id after the newest one of a table.
macro_rules! next_id {
    ($table:expr, $id:ident) => {{
        let newest = $table.last_key_value().map_or(0, |(id, _)| id.get());
        newest.checked_add(1).and_then($id::new).ok_or_else(|| failed("the numbers ran out"))
    }};
}
pub(crate) use next_id;

impl State {
    /// Checks that a referenced row exists.
    pub(crate) fn check_user(&self, id: UserId) -> Result<(), StoreError> {
        if self.users.contains_key(&id) { Ok(()) } else { Err(failed("no such user")) }
    }

    fn check_session(&self, id: LoginSessionId) -> Result<(), StoreError> {
        if self.sessions.contains_key(&id) { Ok(()) } else { Err(failed("no such session")) }
    }

    pub(crate) fn check_booking(&self, id: BookingId) -> Result<(), StoreError> {
        if self.bookings.contains_key(&id) { Ok(()) } else { Err(failed("no such booking")) }
    }

    fn check_participant(&self, id: ParticipantId) -> Result<(), StoreError> {
        if self.participants.contains_key(&id) { Ok(()) } else { Err(failed("no such participant")) }
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
            role: new.role,
            disabled: false,
            email_verified_at: cut_some(new.email_verified_at)?,
            created_at: cut(new.created_at)?,
        };
        self.users.insert(id, Account { user, password_hash: new.password_hash.clone() });
        Ok(id)
    }

    pub(crate) fn save_user(&mut self, user: &User) -> Result<(), StoreError> {
        if self.users.values().any(|account| account.user.email == user.email && account.user.id != user.id) {
            return Err(conflict(Conflict::EmailTaken));
        }
        let account = self.users.get_mut(&user.id).ok_or(conflict(Conflict::Stale))?;
        account.user = User {
            email_verified_at: cut_some(user.email_verified_at)?,
            created_at: account.user.created_at,
            ..user.clone()
        };
        Ok(())
    }

    pub(crate) fn set_password(&mut self, id: UserId, hash: &PasswordHash) -> Result<(), StoreError> {
        let account = self.users.get_mut(&id).ok_or(conflict(Conflict::Stale))?;
        account.password_hash = hash.clone();
        Ok(())
    }

    pub(crate) fn add_login_session(&mut self, new: &NewLoginSession) -> Result<LoginSessionId, StoreError> {
        self.check_user(new.user)?;
        let id = next_id!(self.sessions, LoginSessionId)?;
        let created_at = cut(new.created_at)?;
        let session =
            LoginSession { id, user: new.user, generation: 1, rotated_at: created_at, created_at, ended_at: None };
        self.sessions.insert(id, Login { session, network: new.network.clone() });
        Ok(id)
    }

    pub(crate) fn save_login_session(&mut self, session: &LoginSession) -> Result<(), StoreError> {
        let login = self.sessions.get_mut(&session.id).ok_or(conflict(Conflict::Stale))?;
        if session.generation == 0 {
            return Err(failed("generations begin with 1"));
        }
        login.session.generation = session.generation;
        login.session.rotated_at = cut(session.rotated_at)?;
        login.session.ended_at = cut_some(session.ended_at)?;
        Ok(())
    }

    pub(crate) fn end_login_sessions(
        &mut self,
        user: UserId,
        except: Option<LoginSessionId>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let now = cut(now)?;
        let mut ended = 0;
        for Login { session, .. } in self.sessions.values_mut() {
            if session.user == user && session.ended_at.is_none() && Some(session.id) != except {
                session.ended_at = Some(now);
                ended += 1;
            }
        }
        Ok(ended)
    }

    pub(crate) fn add_refresh_token(
        &mut self,
        hash: &TokenHash,
        session: LoginSessionId,
        generation: u32,
    ) -> Result<(), StoreError> {
        self.check_session(session)?;
        if generation == 0 {
            return Err(failed("generations begin with 1"));
        }
        match self.refresh_tokens.insert(hash.0, (session, generation)) {
            None => Ok(()),
            Some(_) => Err(failed("the refresh token is known already")),
        }
    }

    pub(crate) fn add_login_failure(
        &mut self,
        account: &AccountKey,
        now: Timestamp,
        forget_before: Timestamp,
    ) -> Result<(), StoreError> {
        let (now, forget_before) = (cut(now)?, cut(forget_before)?);
        let failures = self.login_failures.entry(account.0).or_default();
        failures.retain(|at| *at >= forget_before);
        failures.push(now);
        Ok(())
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
        };
        self.services.insert(id, service);
        Ok(id)
    }

    pub(crate) fn save_service(&mut self, service: &Service) -> Result<(), StoreError> {
        let stored = self.services.get_mut(&service.id).ok_or(conflict(Conflict::Stale))?;
        check_length(service.minutes, service.buffer_minutes)?;
        *stored = service.clone();
        Ok(())
    }

    pub(crate) fn set_schedule(&mut self, therapist: UserId, schedule: &WeeklySchedule) -> Result<(), StoreError> {
        self.check_user(therapist)?;
        let mut starts = BTreeSet::new();
        let twice =
            schedule.week.iter().any(|(day, hours)| !starts.insert((day.to_monday_one_offset(), hours.start())));
        if twice {
            return Err(failed("two intervals of one weekday begin together"));
        }
        self.schedules.insert(therapist, schedule.clone());
        Ok(())
    }

    pub(crate) fn add_schedule_exception(
        &mut self,
        new: &NewScheduleException,
    ) -> Result<ScheduleExceptionId, StoreError> {
        self.check_user(new.therapist)?;
        let what = match new.what {
            ScheduleException::ClosedDates { first, last } if last < first => {
                return Err(failed("the last date lies before the first"));
            }
            ScheduleException::ClosedPeriod(interval) => ScheduleException::ClosedPeriod(
                Interval::new(cut(interval.start())?, cut(interval.end())?)
                    .map_err(|error| StoreError::Failed(error.into()))?,
            ),
            what @ (ScheduleException::ClosedDates { .. } | ScheduleException::ExtraHours { .. }) => what,
        };
        let created_at = cut(new.created_at)?;
        self.last_time_off += 1;
        let id = ScheduleExceptionId::new(self.last_time_off).ok_or_else(|| failed("the numbers ran out"))?;
        self.time_off.insert(id, StoredScheduleException { id, therapist: new.therapist, what, created_at });
        Ok(id)
    }

    pub(crate) fn time_off_of(&self, therapist: Option<UserId>) -> impl Iterator<Item = &StoredScheduleException> {
        self.time_off.values().filter(move |entry| therapist.is_none_or(|wanted| entry.therapist == wanted))
    }

    pub(crate) fn set_policy(&mut self, policy: &PracticePolicy) -> Result<(), StoreError> {
        policy.checked().map_err(|error| StoreError::Failed(error.into()))?;
        self.policy = Some(*policy);
        Ok(())
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
        let agreed = self.bookings.values().filter(|booking| booking.status() == BookingStatus::Scheduled);
        let mut ended: Vec<_> = agreed.filter(|booking| booking.ends_at() <= until).collect();
        ended.sort_by_key(|booking| (booking.scheduled_at(), booking.id()));
        first(ended, limit).cloned().collect()
    }

    pub(crate) fn expired_holds(&self, now: Timestamp, limit: u32) -> Vec<Booking> {
        let mut lapsed: Vec<_> = self.bookings.values().filter(|booking| is_lapsed(booking, now)).collect();
        lapsed.sort_by_key(|booking| (booking.hold_expires_at(), booking.id()));
        first(lapsed, limit).cloned().collect()
    }

    pub(crate) fn add_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        if self.bookings.contains_key(&booking.id()) {
            return Err(failed("the booking is there already"));
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
        let booking = as_kept(booking)?;
        self.check_user(booking.client())?;
        self.check_user(booking.therapist())?;
        if !self.services.contains_key(&booking.service()) {
            return Err(failed("no such service"));
        }
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
            && others().any(|other| other.room().is_some_and(|theirs| theirs.id() == room.id()))
        {
            return Err(failed("the room belongs to another booking"));
        }
        self.bookings.insert(booking.id(), booking);
        Ok(())
    }

    pub(crate) fn add_participant(&mut self, new: &NewParticipant) -> Result<ParticipantId, StoreError> {
        let stands = |p: &&Participant| p.booking == new.booking && p.email == new.email && p.is_invited();
        if self.participants.values().any(|participant| stands(&participant)) {
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
            invited_by: new.invited_by,
            invited_at: cut(new.invited_at)?,
            revoked_at: None,
        };
        self.participants.insert(id, participant);
        Ok(id)
    }

    pub(crate) fn participants_of(&self, booking: BookingId) -> impl Iterator<Item = &Participant> {
        self.participants.values().filter(move |participant| participant.booking == booking)
    }

    pub(crate) fn revoke_participant(&mut self, id: ParticipantId, now: Timestamp) -> Result<(), StoreError> {
        let standing = self.participants.get_mut(&id).filter(|participant| participant.is_invited());
        standing.ok_or(conflict(Conflict::Stale))?.revoked_at = Some(cut(now)?);
        Ok(())
    }

    pub(crate) fn open_conference(&mut self, booking: BookingId, now: Timestamp) -> Result<ConferenceId, StoreError> {
        if self.open_conference_of(booking).is_some() {
            return Err(conflict(Conflict::ConferenceOpen));
        }
        self.check_booking(booking)?;
        let id = next_id!(self.conferences, ConferenceId)?;
        self.conferences.insert(id, Conference { id, booking, opened_at: cut(now)?, closed_at: None });
        Ok(id)
    }

    pub(crate) fn open_conference_of(&self, booking: BookingId) -> Option<Conference> {
        self.conferences.values().find(|c| c.booking == booking && c.closed_at.is_none()).copied()
    }

    /// Ends a conference. Returns whether it was open.
    pub(crate) fn close_conference(&mut self, id: ConferenceId, now: Timestamp) -> Result<bool, StoreError> {
        let now = cut(now)?;
        let Some(conference) = self.conferences.get_mut(&id).filter(|c| c.closed_at.is_none()) else {
            return Ok(false);
        };
        conference.closed_at = Some(now);
        Ok(true)
    }

    /// Stores the events that are not stored yet. Returns how many were new.
    pub(crate) fn add_attendance(&mut self, booking: BookingId, facts: &[AttendanceEvent]) -> Result<u64, StoreError> {
        let mut new = 0;
        for fact in facts {
            self.check_booking(booking)?;
            let key = (booking, fact.occupant.clone(), fact.kind, cut(fact.at)?);
            if let Entry::Vacant(place) = self.attendance.entry(key) {
                place.insert(fact.participant);
                new += 1;
            }
        }
        Ok(new)
    }

    pub(crate) fn attendance(&self, bookings: &[BookingId]) -> Vec<(BookingId, AttendanceEvent)> {
        let rows = self.attendance.iter().filter(|((booking, ..), _)| bookings.contains(booking));
        let mut facts: Vec<_> = rows
            .map(|((booking, occupant, kind, at), participant)| {
                let occupant = occupant.clone();
                (*booking, AttendanceEvent { at: *at, kind: *kind, occupant, participant: *participant })
            })
            .collect();
        facts.sort_unstable();
        facts
    }

    /// Enqueues an email unless its dedupe key is already stored. Returns whether it was new.
    pub(crate) fn enqueue(&mut self, content: &NewNotification) -> Result<bool, StoreError> {
        let key = content.dedupe_key();
        if self.outbox.values().any(|mail| mail.notice.content.dedupe_key() == key) {
            return Ok(false);
        }
        self.check_booking(content.booking)?;
        match content.recipient {
            ViewerId::Account(user) => self.check_user(user)?,
            ViewerId::Participant(participant) => self.check_participant(participant)?,
        }
        let id = next_id!(self.outbox, NotificationId)?;
        let send_after = cut(content.send_after)?;
        let notice = Notification {
            id,
            content: NewNotification { starts_at: cut(content.starts_at)?, send_after, ..content.clone() },
            state: NotificationState::Pending,
            attempts: 0,
            next_at: send_after,
            sent_at: None,
            last_error: None,
        };
        self.outbox.insert(id, Mail { notice, lease: None });
        Ok(true)
    }

    pub(crate) fn claim(&mut self, limit: u32, now: Timestamp, lease: &Lease) -> Result<Vec<Notification>, StoreError> {
        let lease = Lease { until: cut(lease.until)?, ..*lease };
        let mut due: Vec<_> = self
            .outbox
            .values()
            .filter(|mail| mail.is_claimable(now))
            .map(|mail| (mail.notice.next_at, mail.notice.id))
            .collect();
        due.sort_unstable();
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut claimed = Vec::with_capacity(due.len());
        for (_, id) in due {
            if let Some(mail) = self.outbox.get_mut(&id) {
                mail.notice.attempts = mail.notice.attempts.saturating_add(1);
                mail.lease = Some(lease);
                claimed.push(mail.notice.clone());
            }
        }
        Ok(claimed)
    }

    /// Stores the result for an email and releases its lease. Returns whether the lease was still held.
    pub(crate) fn settle(
        &mut self,
        id: NotificationId,
        token: &LeaseToken,
        settlement: &DeliveryResult,
    ) -> Result<bool, StoreError> {
        let next_at = cut(settlement.next_at)?;
        let sent_at = cut_some(settlement.sent_at)?;
        let Some(mail) = self.outbox.get_mut(&id) else { return Ok(false) };
        if mail.lease.is_none_or(|lease| lease.token != *token) {
            return Ok(false);
        }
        mail.lease = None;
        mail.notice.state = settlement.state;
        mail.notice.next_at = next_at;
        mail.notice.sent_at = sent_at;
        mail.notice.last_error = settlement.last_error.clone();
        Ok(true)
    }

    /// Releases leases and does not count their attempts. Returns how many were still held.
    pub(crate) fn give_back(&mut self, ids: &[NotificationId], token: &LeaseToken) -> u64 {
        let mut given = 0;
        for id in ids {
            let Some(mail) = self.outbox.get_mut(id) else { continue };
            if mail.lease.is_some_and(|lease| lease.token == *token) {
                mail.lease = None;
                mail.notice.attempts = mail.notice.attempts.saturating_sub(1);
                given += 1;
            }
        }
        given
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
        let record = IdempotencyRecord { created_at: cut(record.created_at)?, ..record.clone() };
        self.idempotency.insert(key.clone(), record);
        Ok(())
    }

    pub(crate) fn save_response(&mut self, key: &IdempotencyKey, response: &StoredResponse) -> Option<StoredResponse> {
        let record = self.idempotency.get_mut(key)?;
        Some(record.response.get_or_insert_with(|| response.clone()).clone())
    }

    pub(crate) fn purge_responses(&mut self, before: Timestamp, limit: u32) -> u64 {
        let mut old: Vec<_> = self.idempotency.iter().filter(|(_, record)| record.created_at < before).collect();
        old.sort_by_key(|(_, record)| record.created_at);
        let old: Vec<_> = first(old, limit).map(|(key, _)| key.clone()).collect();
        old.iter().filter_map(|key| self.idempotency.remove(key)).fold(0, |sum, _| sum + 1)
    }

    pub(crate) fn add_audit_entry(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.audit.push(AuditEntry { at: cut(entry.at)?, ..entry.clone() });
        Ok(())
    }
}

/// Whether the booking can no longer be paid: its hold has expired, and the provider is not processing a payment.
pub(crate) fn is_lapsed(booking: &Booking, now: Timestamp) -> bool {
    booking.hold_has_expired(now) && booking.payment_status() != PaymentStatus::Processing
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
fn as_kept(booking: &Booking) -> Result<Booking, StoreError> {
    let record = booking.record().clone();
    let cancellation = match record.cancellation {
        Some(cancellation) if cancellation.refund.currency() != record.price.currency() => {
            return Err(failed("a refund in another currency than the price"));
        }
        Some(cancellation) => Some(Cancellation { at: cut(cancellation.at)?, ..cancellation }),
        None => None,
    };
    Booking::restore(BookingRecord {
        scheduled_at: cut(record.scheduled_at)?,
        blocked_until: cut(record.blocked_until)?,
        hold_expires_at: cut_some(record.hold_expires_at)?,
        created_at: cut(record.created_at)?,
        updated_at: cut(record.updated_at)?,
        cancellation,
        ..record
    })
    .map_err(|error| StoreError::Failed(error.into()))
}
