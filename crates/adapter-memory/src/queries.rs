//! The read side: reads the state that was committed last.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use async_trait::async_trait;
use attune_domain::calendar::Interval;
use attune_domain::login_session::DeviceId;
use attune_domain::meeting::AttendanceEvent;
use attune_domain::notification::{Notification, NotificationKind, NotificationState};
use attune_domain::practice::{Logo, LogoName};
use attune_domain::{
    Booking, BookingId, BookingStatus, ConferenceId, EmailAddress, Installation, LoginSessionId, OneTimePurpose,
    OneTimeToken, OneTimeTokenId, Participant, ParticipantId, PaymentStatus, Practice, PracticePolicy, Service, User,
    UserId, ViewerId,
};
use attune_ports::{
    AuditEntry, AuditObject, Backlog, BookingCursor, BookingFilter, BookingOrder, BookingPage, BookingPageRequest,
    BookingView, CalendarFeed, CalendarSettings, Caller, Conference, Credentials, LedgerEntry, LedgerSum, LoginHistory,
    LoginSessionView, NotificationFilter, OutboxHealth, Page, PageRequest, PageStart, Payment, PaymentProblem,
    Provider, Queries, Refund, StoreError, StoredScheduleException, TokenHash, UserFilter, Versioned,
};
use jiff::Timestamp;

use crate::state::{Account, State, failed, first, is_expired};
use crate::store::MemoryStore;

#[async_trait]
impl Queries for MemoryStore {
    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn caller(&self, session: LoginSessionId) -> Result<Option<Caller>, StoreError> {
        let state = self.committed();
        let Some(login) = state.sessions.get(&session) else { return Ok(None) };
        let user = state.user(login.session.user).ok_or_else(|| failed("a login session without its user"))?;
        Ok(Some(Caller { user, session: login.session.clone() }))
    }

    async fn caller_by_token(&self, token: &TokenHash) -> Result<Option<Caller>, StoreError> {
        let session = self.committed().refresh_tokens.get(&token.0).copied();
        match session {
            Some((session, _)) => self.caller(session).await,
            None => Ok(None),
        }
    }

    async fn caller_and_booking(
        &self,
        session: LoginSessionId,
        booking: BookingId,
    ) -> Result<Option<(Caller, Option<Booking>)>, StoreError> {
        let found = self.caller(session).await?;
        Ok(found.map(|caller| (caller, self.committed().bookings.get(&booking).cloned())))
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        let state = self.committed();
        Ok(state.users.values().find(|account| account.user.email == *email).map(credentials))
    }

    async fn credentials_of(&self, user: UserId) -> Result<Option<Credentials>, StoreError> {
        Ok(self.committed().users.get(&user).map(credentials))
    }

    async fn login_history(
        &self,
        user: UserId,
        network: Option<&str>,
        device: Option<&DeviceId>,
        since: Timestamp,
    ) -> Result<LoginHistory, StoreError> {
        Ok(self.committed().login_history(user, network, device, since))
    }

    async fn one_time_token(&self, id: OneTimeTokenId) -> Result<Option<OneTimeToken>, StoreError> {
        Ok(self.committed().one_time_tokens.get(&id).cloned())
    }

    async fn one_time_token_issued_at(
        &self,
        user: UserId,
        purpose: OneTimePurpose,
        created_at: Timestamp,
    ) -> Result<Option<OneTimeToken>, StoreError> {
        Ok(self.committed().token_issued_at(user, purpose, created_at).cloned())
    }

    async fn open_one_time_tokens(&self, user: UserId) -> Result<Vec<OneTimeToken>, StoreError> {
        let state = self.committed();
        let open = state.one_time_tokens.values().filter(|token| token.user == user && token.ended_at.is_none());
        let mut found: Vec<_> = open.cloned().collect();
        found.sort_unstable_by_key(|token| Reverse((token.created_at, token.id)));
        Ok(found)
    }

    async fn login_sessions(&self, users: &[UserId]) -> Result<Vec<LoginSessionView>, StoreError> {
        let state = self.committed();
        let newest_first = state.sessions.values().rev();
        let live = newest_first.filter(|view| users.contains(&view.session.user) && view.session.ended_at.is_none());
        Ok(live.cloned().collect())
    }

    async fn calendar_feed(&self, user: UserId) -> Result<Option<CalendarFeed>, StoreError> {
        Ok(self.committed().calendar_feeds.get(&user).cloned())
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.committed().user(id))
    }

    async fn people(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let state = self.committed();
        let wanted: BTreeSet<UserId> = ids.iter().copied().collect();
        Ok(wanted.iter().filter_map(|id| state.users.get(id)).map(|account| account.user.clone()).collect())
    }

    async fn users(&self, filter: &UserFilter, page: PageRequest) -> Result<Page<User>, StoreError> {
        let state = self.committed();
        let fits = |user: &&User| {
            filter.role.is_none_or(|role| user.role == role)
                && filter.search.as_ref().is_none_or(|search| search.matches(&user.search_text()))
                && filter.disabled.is_none_or(|disabled| user.disabled == disabled)
        };
        let found: Vec<_> = state.users.values().map(|account| &account.user).filter(fits).collect();
        let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let items = found.iter().copied().skip(offset).take(limit).cloned().collect();
        Ok(Page { items, total: count(found.iter()) })
    }

    async fn default_therapist(&self) -> Result<Option<UserId>, StoreError> {
        Ok(self.committed().enabled_admins().next())
    }

    async fn services(&self) -> Result<Vec<Service>, StoreError> {
        Ok(self.committed().services.values().filter(|service| service.active).cloned().collect())
    }

    async fn all_services(&self) -> Result<Vec<Service>, StoreError> {
        Ok(self.committed().services.values().cloned().collect())
    }

    async fn calendar_settings(&self, therapist: UserId) -> Result<CalendarSettings, StoreError> {
        let state = self.committed();
        Ok(CalendarSettings {
            schedule: state.schedules.get(&therapist).cloned(),
            exceptions: state.schedule_exceptions_of(Some(therapist)).map(|row| row.what).collect(),
            policy: state.policy,
        })
    }

    async fn policy(&self) -> Result<Versioned<PracticePolicy>, StoreError> {
        Ok(self.committed().policy)
    }

    async fn practice(&self) -> Result<Option<Practice>, StoreError> {
        Ok(self.committed().practice.clone())
    }

    async fn logo(&self, name: &LogoName) -> Result<Option<Logo>, StoreError> {
        Ok(self.committed().logo.as_ref().filter(|(of, _)| of == name).map(|(_, logo)| logo.clone()))
    }

    async fn installation(&self) -> Result<Installation, StoreError> {
        // Its bookings and their emails end with the process.
        Ok(Installation { id: "memory".to_owned(), legacy_uids: None })
    }

    async fn schedule_exceptions(&self, therapist: Option<UserId>) -> Result<Vec<StoredScheduleException>, StoreError> {
        Ok(self.committed().schedule_exceptions_of(therapist).cloned().collect())
    }

    async fn busy_times(
        &self,
        therapist: UserId,
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Interval>, StoreError> {
        let state = self.committed();
        let blocking = state.blocking_bookings(therapist, from, until).into_iter().filter(|b| !is_expired(b, now));
        blocking
            .map(|b| {
                Interval::new(b.scheduled_at(), b.blocked_until()).map_err(|error| StoreError::Corrupt(error.into()))
            })
            .collect()
    }

    async fn booking(&self, id: BookingId) -> Result<Option<BookingView>, StoreError> {
        let state = self.committed();
        state.bookings.get(&id).map(|booking| view(&state, booking)).transpose()
    }

    async fn bookings(&self, filter: &BookingFilter, page: BookingPageRequest) -> Result<BookingPage, StoreError> {
        let state = self.committed();
        let found_clients: Option<BTreeSet<UserId>> = filter.search.as_ref().map(|search| {
            let users = state.users.values().map(|account| &account.user);
            users.filter(|user| search.matches(&user.search_text())).map(|user| user.id).collect()
        });
        let fits = |booking: &&Booking| {
            filter.client.is_none_or(|client| booking.client() == client)
                && found_clients.as_ref().is_none_or(|clients| clients.contains(&booking.client()))
                && filter.therapist.is_none_or(|therapist| booking.therapist() == therapist)
                && filter.series.is_none_or(|series| booking.series() == Some(series))
                && filter.status.is_none_or(|status| booking.status() == status)
                && filter.payment_status.is_none_or(|status| booking.payment_status() == status)
                && filter.from.is_none_or(|from| booking.scheduled_at() >= from)
                && filter.to.is_none_or(|to| booking.scheduled_at() < to)
        };
        let mut found: Vec<_> = state.bookings.values().filter(fits).collect();
        found.sort_unstable_by_key(|booking| BookingCursor::from(*booking));
        if filter.order == BookingOrder::Latest {
            found.reverse();
        }
        let start = match page.start {
            PageStart::Offset(offset) => usize::try_from(offset).unwrap_or(usize::MAX).min(found.len()),
            PageStart::After(cursor) => found.partition_point(|booking| match filter.order {
                BookingOrder::Earliest => BookingCursor::from(*booking) <= cursor,
                BookingOrder::Latest => BookingCursor::from(*booking) >= cursor,
            }),
        };
        let end = start.saturating_add(usize::try_from(page.limit).unwrap_or(usize::MAX)).min(found.len());
        let on_page = &found[start..end];
        Ok(BookingPage {
            items: on_page.iter().copied().cloned().collect(),
            total: count(found.iter()),
            next: on_page.last().filter(|_| end < found.len()).map(|last| BookingCursor::from(*last)),
        })
    }

    async fn payments(&self, booking: BookingId) -> Result<Vec<Payment>, StoreError> {
        Ok(self.committed().payments_of(booking))
    }

    async fn payment_by_checkout_id(&self, provider: Provider, id: &str) -> Result<Option<Payment>, StoreError> {
        Ok(self.committed().payment_by_checkout_id(provider, id))
    }

    async fn refunds(&self, booking: BookingId) -> Result<Vec<Refund>, StoreError> {
        Ok(self.committed().refunds_of(booking))
    }

    async fn find_refund(&self, provider_id: &str, key: Option<&str>) -> Result<Option<Refund>, StoreError> {
        Ok(self.committed().find_refund(provider_id, key))
    }

    async fn payment_by_provider_id(&self, provider: Provider, id: &str) -> Result<Option<Payment>, StoreError> {
        Ok(self.committed().payment_by_provider_id(provider, id))
    }

    async fn payments_due_for_polling(&self, now: Timestamp, limit: u32) -> Result<Vec<Payment>, StoreError> {
        Ok(self.committed().payments_due_for_polling(now, limit))
    }

    async fn refunds_due(&self, now: Timestamp, limit: u32) -> Result<Vec<Refund>, StoreError> {
        Ok(self.committed().refunds_due(now, limit))
    }

    async fn ledger(&self, booking: BookingId) -> Result<Vec<LedgerEntry>, StoreError> {
        Ok(self.committed().ledger_of(booking))
    }

    async fn ledger_sums(&self, from: Timestamp, until: Timestamp) -> Result<Vec<LedgerSum>, StoreError> {
        self.committed().ledger_sums(from, until)
    }

    async fn payment_problems(&self, therapist: Option<UserId>, limit: u32) -> Result<Vec<PaymentProblem>, StoreError> {
        Ok(self.committed().open_payment_problems(therapist, limit))
    }

    async fn notifications(&self, booking: BookingId) -> Result<Vec<Notification>, StoreError> {
        Ok(self.committed().notifications_of(booking))
    }

    async fn history(&self, booking: BookingId) -> Result<Vec<AuditEntry>, StoreError> {
        let state = self.committed();
        Ok(state.audit.iter().filter(|entry| entry.object == AuditObject::Booking(booking)).cloned().collect())
    }

    async fn change_reasons(&self, booking: BookingId) -> Result<Vec<(u32, String)>, StoreError> {
        let state = self.committed();
        let of_booking = state.change_reasons.range((booking, 0)..=(booking, u32::MAX));
        Ok(of_booking.map(|((_, version), reason)| (*version, reason.clone())).collect())
    }

    async fn booking_by_room(&self, room_id: &str) -> Result<Option<BookingView>, StoreError> {
        let state = self.committed();
        let found = state.bookings.values().find(|b| b.room().is_some_and(|room| room.id() == room_id));
        found.map(|booking| view(&state, booking)).transpose()
    }

    async fn participant(&self, id: ParticipantId) -> Result<Option<Participant>, StoreError> {
        Ok(self.committed().participants.get(&id).cloned())
    }

    async fn participants(&self, booking: BookingId) -> Result<Vec<Participant>, StoreError> {
        Ok(self.committed().participants_of(booking).cloned().collect())
    }

    async fn invitations_of(
        &self,
        email: &EmailAddress,
        from: Timestamp,
        limit: u32,
    ) -> Result<Vec<Participant>, StoreError> {
        let state = self.committed();
        let invited = state.participants.values().filter(|p| p.email == *email && p.is_invited());
        let mut upcoming: Vec<_> = invited
            .filter_map(|participant| Some((state.bookings.get(&participant.booking)?, participant)))
            .filter(|(booking, _)| booking.status() == BookingStatus::Scheduled && booking.scheduled_at() >= from)
            .collect();
        upcoming.sort_unstable_by_key(|(booking, participant)| (booking.scheduled_at(), participant.id));
        Ok(first(upcoming, limit).map(|(_, participant)| participant.clone()).collect())
    }

    async fn conference(&self, id: ConferenceId) -> Result<Option<Conference>, StoreError> {
        Ok(self.committed().conferences.get(&id).copied())
    }

    async fn attendance(&self, bookings: &[BookingId]) -> Result<Vec<(BookingId, AttendanceEvent)>, StoreError> {
        Ok(self.committed().attendance(bookings))
    }

    async fn sent_emails(
        &self,
        recipients: &[ViewerId],
        kinds: &[NotificationKind],
        since: Timestamp,
    ) -> Result<Vec<Notification>, StoreError> {
        let state = self.committed();
        let emails = state.outbox.values().map(|row| &row.notification);
        let wanted = emails.filter(|n| recipients.contains(&n.content.recipient) && kinds.contains(&n.content.kind));
        Ok(wanted.filter(|n| n.sent_at.is_some_and(|at| at > since)).cloned().collect())
    }

    async fn outbox(&self, filter: &NotificationFilter, page: PageRequest) -> Result<Page<Notification>, StoreError> {
        let state = self.committed();
        let emails = state.outbox.values().rev().map(|row| &row.notification);
        let found: Vec<_> = emails
            .filter(|email| {
                filter.state.is_none_or(|state| email.state == state)
                    && filter.kind.is_none_or(|kind| email.content.kind.as_str() == kind.as_str())
                    && filter.booking.is_none_or(|booking| email.content.subject.booking() == Some(booking))
            })
            .collect();
        let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let items = found.iter().copied().skip(offset).take(limit).cloned().collect();
        Ok(Page { items, total: count(found.iter()) })
    }

    async fn outbox_health(&self, overdue_before: Timestamp) -> Result<OutboxHealth, StoreError> {
        let state = self.committed();
        let in_state = |wanted| state.outbox.values().filter(move |row| row.notification.state == wanted);
        Ok(OutboxHealth {
            pending: count(in_state(NotificationState::Pending)),
            overdue: count(
                in_state(NotificationState::Pending).filter(|row| row.notification.next_at < overdue_before),
            ),
            dead: count(in_state(NotificationState::Dead)),
            held: count(in_state(NotificationState::Held)),
        })
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let state = self.committed();
        let emails = |wanted| {
            state.outbox.values().map(|row| &row.notification).filter(move |notification| notification.state == wanted)
        };
        let holds = || {
            let unpaid = state.bookings.values().filter(|booking| booking.status() == BookingStatus::PendingPayment);
            unpaid.filter(|booking| booking.payment_status() != PaymentStatus::Processing)
        };
        Ok(Backlog {
            pending_emails: count(emails(NotificationState::Pending)),
            first_email_due: emails(NotificationState::Pending).map(|email| email.next_at).min(),
            dead_emails: count(emails(NotificationState::Dead)),
            held_emails: count(emails(NotificationState::Held)),
            holds: count(holds()),
            first_hold_expiry: holds().filter_map(Booking::hold_expires_at).min(),
            payment_problems: count(state.problems.values().filter(|problem| problem.resolved_at.is_none())),
            conferences: count(state.conferences.values().filter(|conference| conference.closed_at.is_none())),
        })
    }
}

fn credentials(account: &Account) -> Credentials {
    Credentials { user: account.user.clone(), password_hash: account.password_hash.clone() }
}

fn view(state: &State, booking: &Booking) -> Result<BookingView, StoreError> {
    let client = state.user(booking.client()).ok_or_else(|| failed("a booking without its client"))?;
    Ok(BookingView { booking: booking.clone(), client })
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    items.fold(0, |sum, _| sum + 1)
}
