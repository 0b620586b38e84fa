//! A unit of work is all or nothing, seen by no one before its commit, and spent at its first error.

use attune_domain::login_session::LoginSession;
use attune_domain::meeting::AttendanceEventKind;
use attune_domain::notification::{NotificationKind, NotificationState};
use attune_domain::{
    BookingId, BookingRecord, ConferenceId, LoginSessionId, NotificationId, OneTimePurpose, OneTimeTokenId,
    ParticipantId, PaymentId, PaymentProblemId, RefundId, ScheduleExceptionId, User,
};
use attune_ports::{
    AuditObject, BookingFilter, DeliveryResult, LeaseToken, LedgerEntry, LedgerKind, NewRefund, PageRequest,
    ProblemKind, Provider, StoreError, UnitOfWork, UserFilter,
};

use super::attempts::counted;
use super::{assert_conflict, assert_failed, begin_and_drop, unknown};
use crate::Backend;
use crate::fixtures::{
    self, PracticeFixture, attempt_key, audit_entry, calendar_feed, captured, client, day_off, email, eur, fact,
    idempotency_key, idempotency_record, lease, minutes_after, moved, next_version, notice, now, one_time_token, paid,
    participant, password_hash, payment, policy, problem, refund, response, restored, service, session, slot,
    token_hash, totp_factor, week,
};

const FIRST_PAGE: PageRequest = PageRequest { limit: 50, offset: 0 };

async fn users_seen(backend: &Backend) -> u64 {
    backend.queries.users(&UserFilter::default(), FIRST_PAGE).await.expect("accounts can be listed").total
}

async fn bookings_seen(backend: &Backend) -> u64 {
    backend.queries.bookings(&BookingFilter::default(), FIRST_PAGE.into()).await.expect("bookings can be listed").total
}

pub async fn a_dropped_unit_of_work_leaves_nothing(backend: &Backend) {
    let mut work = backend.begin().await;
    let user = work.add_user(&client("a")).await.unwrap();
    work.add_service(&service()).await.unwrap();
    work.count_attempt(&attempt_key(1), now(), now(), 1).await.unwrap();
    drop(work);

    assert_eq!(users_seen(backend).await, 0);
    assert!(backend.queries.services().await.unwrap().is_empty());
    assert_eq!(counted(backend, 1, 0).await, 0);
    let mut work = backend.begin().await;
    assert!(work.user(user).await.unwrap().is_none());
    assert!(work.default_service().await.unwrap().is_none());
}

pub async fn a_committed_unit_of_work_is_stored_whole(backend: &Backend) {
    let mut work = backend.begin().await;
    let user = work.add_user(&client("a")).await.unwrap();
    let offered = work.add_service(&service()).await.unwrap();
    work.commit().await.unwrap();

    assert_eq!(backend.read_user(user).await.email, email("a"));
    assert_eq!(backend.queries.services().await.unwrap()[0].id, offered);
    let mut work = backend.begin().await;
    assert_eq!(work.user(user).await.unwrap().unwrap().email, email("a"));
    assert_eq!(work.service(offered).await.unwrap().unwrap().id, offered);
}

pub async fn all_ports_share_one_transaction(backend: &Backend) {
    for committed in [false, true] {
        let mut work = backend.begin().await;
        let therapist = work.add_user(&fixtures::therapist("t")).await.unwrap();
        let client = work.add_user(&client("c")).await.unwrap();
        let service = work.add_service(&service()).await.unwrap();
        let login = work.add_login_session(&session(client)).await.unwrap();
        work.add_refresh_token(&token_hash(1), login, 1, now()).await.unwrap();
        assert!(work.count_attempt(&attempt_key(1), now(), now(), 1).await.unwrap());
        work.add_one_time_token(&one_time_token(client, OneTimePurpose::UndoEmail)).await.unwrap();
        work.save_totp_factor(client, &totp_factor(1, 1)).await.unwrap();
        work.set_recovery_codes(client, &[token_hash(1), token_hash(2)]).await.unwrap();
        work.step_up(login, now()).await.unwrap();
        work.save_calendar_feed(client, &calendar_feed(1)).await.unwrap();
        let practice = PracticeFixture { therapist, client, service };
        let booking = practice.booking(work.next_booking_id().await.unwrap(), slot(0));
        work.add_booking(&booking).await.unwrap();
        let guest = work.add_participant(&participant(&booking, "p")).await.unwrap();
        let conference = work.open_conference(booking.id(), now()).await.unwrap();
        work.add_attendance(booking.id(), &[fact("o", AttendanceEventKind::Joined, now())]).await.unwrap();
        work.set_schedule(therapist, &week(&[])).await.unwrap();
        work.add_schedule_exception(&day_off(therapist, "2027-05-01")).await.unwrap();
        work.set_policy(&policy()).await.unwrap();
        work.add_idempotency_record(&idempotency_key(client, "k"), &idempotency_record("{}")).await.unwrap();
        let new = paid(booking.id(), "r");
        let payment = new.clone().with_id(work.add_payment(&new).await.unwrap());
        let new = refund(&payment, "k");
        let refund = new.clone().with_id(work.add_refund(&new).await.unwrap());
        work.add_ledger_entry(&captured(&payment)).await.unwrap();
        work.add_ledger_entry(&moved(&refund, LedgerKind::Refunded)).await.unwrap();
        assert!(work.add_payment_event(Provider::Test, "evt", now()).await.unwrap());
        assert!(work.add_payment_problem(&problem("p", ProblemKind::WrongMode)).await.unwrap());
        work.enqueue(&[notice(&booking, NotificationKind::MeetingInfo, now())]).await.unwrap();
        work.add_audit_entry(&audit_entry(AuditObject::Booking(booking.id()), "booking.scheduled")).await.unwrap();

        assert_eq!(work.lock_enabled_admins().await.unwrap(), [therapist]);
        assert_eq!(work.user(client).await.unwrap().unwrap().email, email("c"));
        assert_eq!(work.default_service().await.unwrap().unwrap().id, service);
        assert_eq!(work.session(login).await.unwrap().unwrap().stepped_up_at, Some(now()));
        assert!(!work.count_attempt(&attempt_key(1), now(), now(), 1).await.unwrap());
        assert!(work.email_reserved_for(&email("client"), now()).await.unwrap().is_some());
        assert_eq!(work.totp_factor(client).await.unwrap(), Some(totp_factor(1, 1)));
        assert!(work.use_recovery_code(client, &token_hash(2)).await.unwrap());
        assert_eq!(work.calendar_feed(client).await.unwrap(), Some(calendar_feed(1)));
        assert_eq!(work.refresh_token(&token_hash(1)).await.unwrap(), Some((login, 1)));
        assert_eq!(work.booking(booking.id()).await.unwrap(), Some(booking.clone()));
        assert_eq!(work.blocking_bookings(therapist, slot(0), slot(1)).await.unwrap(), std::slice::from_ref(&booking));
        assert_eq!(work.participant(guest).await.unwrap().unwrap().email, email("p"));
        assert_eq!(work.invited_participants(booking.id()).await.unwrap().len(), 1);
        assert_eq!(work.open_conference_of(booking.id()).await.unwrap().unwrap().id, conference);
        assert_eq!(work.service_for_change(service).await.unwrap().unwrap().id, service);
        assert_eq!(work.ended_bookings(slot(1), 5).await.unwrap(), std::slice::from_ref(&booking));
        let record = work.idempotency_record(&idempotency_key(client, "k")).await.unwrap();
        assert_eq!(record, Some(idempotency_record("{}")));
        assert_eq!(work.payments_of(booking.id()).await.unwrap(), [payment]);
        assert_eq!(work.refunds_of(booking.id()).await.unwrap(), [refund]);
        assert!(!work.add_payment_event(Provider::Test, "evt", now()).await.unwrap());
        assert!(!work.add_payment_problem(&problem("p", ProblemKind::WrongMode)).await.unwrap());
        assert!(work.payment_by_checkout_id(Provider::Test, "r").await.unwrap().is_some());
        assert_eq!(work.lease_notifications(5, now(), &lease(1, slot(0))).await.unwrap().len(), 1);
        if committed {
            work.commit().await.unwrap();
        } else {
            drop(work);
        }

        let (count, total) = (usize::from(committed), u64::from(committed));
        assert_eq!(users_seen(backend).await, 2 * total);
        assert_eq!(backend.queries.services().await.unwrap().len(), count);
        assert_eq!(counted(backend, 1, 0).await, total);
        assert_eq!(backend.queries.open_one_time_tokens(client).await.unwrap().len(), count);
        assert_eq!(backend.queries.calendar_feed(client).await.unwrap().is_some(), committed);
        assert_eq!(backend.queries.calendar_settings(therapist).await.unwrap().schedule.is_some(), committed);
        assert_eq!(backend.queries.schedule_exceptions(None).await.unwrap().len(), count);
        assert_eq!(*backend.queries.policy().await.unwrap() == policy(), committed);
        assert_eq!(backend.queries.busy_times(therapist, slot(0), slot(1), now()).await.unwrap().len(), count);
        assert_eq!(bookings_seen(backend).await, total);
        assert_eq!(backend.queries.outbox_health(now()).await.unwrap().pending, total);
        assert_eq!(backend.queries.caller(login).await.unwrap().is_some(), committed);
        assert_eq!(backend.queries.participant(guest).await.unwrap().is_some(), committed);
        assert_eq!(backend.queries.participants(booking.id()).await.unwrap().len(), count);
        assert_eq!(backend.queries.invitations_of(&email("p"), now(), 9).await.unwrap().len(), count);
        assert_eq!(backend.queries.conference(conference).await.unwrap().is_some(), committed);
        assert_eq!(backend.queries.attendance(&[booking.id()]).await.unwrap().len(), count);
        assert_eq!(backend.queries.payments(booking.id()).await.unwrap().len(), count);
        assert_eq!(backend.queries.refunds(booking.id()).await.unwrap().len(), count);
        assert_eq!(backend.queries.ledger(booking.id()).await.unwrap().len(), 2 * count);
        assert_eq!(backend.queries.ledger_sums(now(), slot(0)).await.unwrap().len(), 2 * count);
        assert_eq!(backend.queries.payment_problems(None, 9).await.unwrap().len(), count);
        assert_eq!(backend.queries.notifications(booking.id()).await.unwrap().len(), count);
        assert_eq!(backend.queries.history(booking.id()).await.unwrap().len(), count);
    }
}

pub async fn uncommitted_writes_are_invisible_to_queries(backend: &Backend) {
    let (_, before) = backend.booked().await;
    let mut work = backend.begin().await;
    let added = work.add_user(&client("new")).await.unwrap();
    let rescheduled =
        restored(BookingRecord { scheduled_at: slot(3), blocked_until: slot(4), ..next_version(&before) });
    work.save_booking(&rescheduled).await.unwrap();
    work.enqueue(&[notice(&rescheduled, NotificationKind::MeetingInfo, now())]).await.unwrap();

    assert!(backend.queries.user(added).await.unwrap().is_none());
    assert_eq!(users_seen(backend).await, 2);
    assert!(backend.queries.credentials(&email("new")).await.unwrap().is_none());
    assert_eq!(backend.read_booking(before.id()).await.unwrap(), before);
    assert!(backend.queries.notifications(before.id()).await.unwrap().is_empty());

    work.commit().await.unwrap();
    assert!(backend.queries.user(added).await.unwrap().is_some());
    assert_eq!(backend.read_booking(before.id()).await.unwrap(), rescheduled);
    assert_eq!(backend.queries.notifications(before.id()).await.unwrap().len(), 1);
}

pub async fn a_unit_of_work_dropped_in_the_middle_of_a_call_leaves_nothing(backend: &Backend) {
    let practice = backend.practice().await;
    for _ in 0..10 {
        let mut work = backend.begin().await;
        let booking = practice.booking(work.next_booking_id().await.unwrap(), slot(0));
        work.add_user(&client("half")).await.unwrap();
        begin_and_drop(0, work.add_booking(&booking)).await;
        drop(work);
    }
    assert_eq!(users_seen(backend).await, 2);
    assert_eq!(bookings_seen(backend).await, 0);
    backend.book(practice, 0).await;
    backend.add_user(&client("half")).await;
}

pub async fn a_dropped_unit_of_work_releases_its_locks(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let login = backend.commit(async |work| work.add_login_session(&session(practice.client)).await).await;
    let guest = backend.commit(async |work| work.add_participant(&participant(&booking, "p")).await).await;
    for _ in 0..20 {
        let mut work = backend.begin().await;
        work.lock_calendar(practice.therapist).await.expect("no one holds the calendar");
        work.lock_enabled_admins().await.expect("no one holds the admins");
        work.booking(booking.id()).await.expect("no one holds the booking");
        work.participant(guest).await.expect("no one holds the invitation");
        work.user_for_change(practice.client).await.expect("no one holds the account");
        work.session(login).await.expect("no one holds the session");
        work.service_for_change(practice.service).await.expect("no one holds the service");
        work.count_attempt(&attempt_key(1), now(), now(), 1).await.expect("no one counts attempts");
        let key = idempotency_key(practice.client, "k");
        work.idempotency_record(&key).await.expect("no unit of work is about to add the record");
        work.set_schedule(practice.therapist, &week(&[])).await.expect("no one holds the week");
        work.set_policy(&policy()).await.expect("no one holds the policy");
        drop(work);
    }
}

/// Spends a unit of work by a change that fails: every later call must fail, and nothing may be stored. Returns the
/// result of the change.
async fn spend<T>(
    backend: &Backend,
    change: impl AsyncFnOnce(&mut dyn UnitOfWork) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let users = backend.queries.users(&UserFilter::default(), FIRST_PAGE).await.unwrap();
    let user = User { email: email("too-late"), ..users.items[0].clone() };
    let service = backend.queries.services().await.unwrap().remove(0);
    let practice = PracticeFixture { therapist: user.id, client: user.id, service: service.id };
    let login_id = LoginSessionId::new(1).unwrap();
    let login = LoginSession {
        id: login_id,
        user: user.id,
        generation: 2,
        rotated_at: now(),
        created_at: now(),
        stepped_up_at: None,
        ended_at: None,
    };
    let booking = practice.booking(BookingId::new(1).unwrap(), slot(100));
    let new_payment = payment(booking.id(), "too-late");
    let payment = new_payment.clone().with_id(PaymentId::new(1).unwrap());
    let new_refund = refund(&payment, "too-late");
    let refund = new_refund.clone().with_id(RefundId::new(1).unwrap());
    let notification = NotificationId::new(1).unwrap();
    let token = LeaseToken([9; 16]);
    let sent =
        DeliveryResult { state: NotificationState::Sent, next_at: now(), sent_at: Some(now()), last_error: None };
    let guest = ParticipantId::new(1).unwrap();
    let key = idempotency_key(user.id, "too-late");

    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    let result = change(&mut *work).await;

    assert!(work.add_user(&client("too-late")).await.is_err());
    assert!(work.user(user.id).await.is_err());
    assert!(work.user_for_change(user.id).await.is_err());
    assert!(work.save_user(&user).await.is_err());
    assert!(work.set_password(user.id, Some(&password_hash("x"))).await.is_err());
    assert!(work.lock_enabled_admins().await.is_err());

    assert!(work.add_login_session(&session(user.id)).await.is_err());
    assert!(work.session(login_id).await.is_err());
    assert!(work.save_login_session(&login).await.is_err());
    assert!(work.end_login_sessions(user.id, None, now()).await.is_err());
    assert!(work.add_refresh_token(&token_hash(9), login_id, 1, now()).await.is_err());
    assert!(work.refresh_token(&token_hash(9)).await.is_err());
    assert!(work.count_attempt(&attempt_key(9), now(), now(), 9).await.is_err());
    assert!(work.take_back_attempt(&attempt_key(9), now()).await.is_err());
    assert!(work.clear_attempts(&attempt_key(9)).await.is_err());
    assert!(work.purge_attempts(now()).await.is_err());

    assert!(work.add_one_time_token(&one_time_token(user.id, OneTimePurpose::LogIn)).await.is_err());
    assert!(work.use_one_time_token(OneTimeTokenId::new(1).unwrap(), now()).await.is_err());
    assert!(work.end_one_time_tokens(user.id, &OneTimePurpose::ALL, now(), now()).await.is_err());
    assert!(work.email_reserved_for(&email("too-late"), now()).await.is_err());
    assert!(work.purge_one_time_tokens(now()).await.is_err());

    assert!(work.totp_factor(user.id).await.is_err());
    assert!(work.save_totp_factor(user.id, &totp_factor(9, 1)).await.is_err());
    assert!(work.remove_second_factor(user.id).await.is_err());
    assert!(work.set_recovery_codes(user.id, &[token_hash(9)]).await.is_err());
    assert!(work.set_recovery_codes(user.id, &[]).await.is_err());
    assert!(work.use_recovery_code(user.id, &token_hash(9)).await.is_err());
    assert!(work.step_up(login_id, now()).await.is_err());

    assert!(work.calendar_feed(user.id).await.is_err());
    assert!(work.save_calendar_feed(user.id, &calendar_feed(9)).await.is_err());
    assert!(work.remove_calendar_feed(user.id).await.is_err());

    assert!(work.add_service(&fixtures::service()).await.is_err());
    assert!(work.service(service.id).await.is_err());
    assert!(work.service_for_change(service.id).await.is_err());
    assert!(work.save_service(&service).await.is_err());
    assert!(work.default_service().await.is_err());

    assert!(work.set_schedule(user.id, &week(&[])).await.is_err());
    assert!(work.add_schedule_exception(&day_off(user.id, "2027-05-01")).await.is_err());
    assert!(work.remove_schedule_exception(ScheduleExceptionId::new(1).unwrap()).await.is_err());
    assert!(work.set_policy(&policy()).await.is_err());

    assert!(work.next_booking_id().await.is_err());
    assert!(work.lock_calendar(user.id).await.is_err());
    assert!(work.blocking_bookings(user.id, slot(0), slot(1)).await.is_err());
    assert!(work.add_booking(&booking).await.is_err());
    assert!(work.booking(booking.id()).await.is_err());
    assert!(work.save_booking(&booking).await.is_err());
    assert!(work.ended_bookings(now(), 1).await.is_err());
    assert!(work.expired_holds(now(), 1).await.is_err());

    assert!(work.add_participant(&participant(&booking, "too-late")).await.is_err());
    assert!(work.participant(guest).await.is_err());
    assert!(work.invited_participants(booking.id()).await.is_err());
    assert!(work.revoke_participant(guest, now()).await.is_err());

    assert!(work.open_conference(booking.id(), now()).await.is_err());
    assert!(work.open_conference_of(booking.id()).await.is_err());
    assert!(work.close_conference(ConferenceId::new(1).unwrap(), now()).await.is_err());
    assert!(work.add_attendance(booking.id(), &[fact("o", AttendanceEventKind::Joined, now())]).await.is_err());
    assert!(work.add_attendance(booking.id(), &[]).await.is_err());

    assert!(work.add_payment(&new_payment).await.is_err());
    assert!(work.payments_of(booking.id()).await.is_err());
    assert!(work.payment_by_checkout_id(Provider::Test, "too-late").await.is_err());
    assert!(work.save_payment(&payment).await.is_err());
    assert!(work.add_refund(&new_refund).await.is_err());
    assert!(work.refunds_of(booking.id()).await.is_err());
    assert!(work.save_refund(&refund).await.is_err());
    assert!(work.add_ledger_entry(&captured(&payment)).await.is_err());
    assert!(work.add_payment_event(Provider::Test, "too-late", now()).await.is_err());
    assert!(work.purge_payment_events(now(), 1).await.is_err());
    assert!(work.add_payment_problem(&problem("too-late", ProblemKind::WrongMode)).await.is_err());
    assert!(work.resolve_payment_problem(PaymentProblemId::new(1).unwrap(), now()).await.is_err());
    assert!(work.resolve_refund_problem(refund.id, now()).await.is_err());

    assert!(work.enqueue(&[notice(&booking, NotificationKind::MeetingInfo, now())]).await.is_err());
    assert!(work.enqueue(&[]).await.is_err());
    assert!(work.lease_notifications(1, now(), &lease(9, slot(0))).await.is_err());
    assert!(work.ack_notification(notification, &token, &sent).await.is_err());
    assert!(work.nack_notifications(&[notification], &token).await.is_err());
    assert!(work.nack_notifications(&[], &token).await.is_err());

    assert!(work.idempotency_record(&key).await.is_err());
    assert!(work.add_idempotency_record(&key, &idempotency_record("{}")).await.is_err());
    assert!(work.save_response(&key, &response("{}")).await.is_err());
    assert!(work.purge_responses(now(), 1).await.is_err());
    assert!(work.add_audit_entry(&audit_entry(AuditObject::User(user.id), "too.late")).await.is_err());

    let committed = work.commit().await;
    assert!(matches!(committed, Err(StoreError::Failed(_))), "a spent unit of work was committed: {committed:?}");
    assert_eq!(users_seen(backend).await, users.total, "a spent unit of work stored something");
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
    result
}

pub async fn spent_after_a_taken_email(backend: &Backend) {
    backend.practice().await;
    assert_conflict!(spend(backend, async |work| work.add_user(&client("client")).await).await, EmailTaken);
}

pub async fn spent_after_a_taken_slot(backend: &Backend) {
    let (practice, _) = backend.booked().await;
    let overlapping = spend(backend, async |work| {
        let overlapping = practice.booking(work.next_booking_id().await?, minutes_after(slot(0), 30));
        work.add_booking(&overlapping).await
    });
    assert_conflict!(overlapping.await, SlotTaken);
    assert_eq!(bookings_seen(backend).await, 1);
}

pub async fn spent_after_a_stale_write(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    assert_conflict!(spend(backend, async |work| work.save_booking(&booking).await).await, Stale);
    assert_eq!(backend.read_booking(booking.id()).await.unwrap(), booking);
}

pub async fn spent_after_a_used_checkout_id(backend: &Backend) {
    let (_, booking, stored) = backend.paid().await;
    let again = payment(booking.id(), "r");
    assert_conflict!(spend(backend, async |work| work.add_payment(&again).await).await, ProviderIdTaken);
    assert_eq!(backend.queries.payments(booking.id()).await.unwrap(), [stored]);
}

pub async fn spent_after_saving_a_used_checkout_id(backend: &Backend) {
    let (_, booking, other) = backend.paid().await;
    let stored = backend.add_payment(payment(booking.id(), "s")).await;
    let renamed = payment(booking.id(), "r").with_id(stored.id);
    assert_conflict!(spend(backend, async |work| work.save_payment(&renamed).await).await, ProviderIdTaken);
    assert_eq!(backend.queries.payments(booking.id()).await.unwrap(), [stored, other]);
}

pub async fn spent_after_too_large_a_refund(backend: &Backend) {
    let (_, booking, payment) = backend.paid().await;
    let too_large = NewRefund { amount: eur(9_001), ..refund(&payment, "k") };
    assert_conflict!(spend(backend, async |work| work.add_refund(&too_large).await).await, RefundTooLarge);
    assert_eq!(backend.queries.refunds(booking.id()).await.unwrap(), []);
}

pub async fn spent_after_an_existing_refund(backend: &Backend) {
    let (_, booking, payment) = backend.paid().await;
    let stored = backend.add_refund(refund(&payment, "k")).await;
    assert_conflict!(spend(backend, async |work| work.add_refund(&refund(&payment, "k")).await).await, RefundExists);
    assert_eq!(backend.queries.refunds(booking.id()).await.unwrap(), [stored]);
}

pub async fn spent_after_an_unbalanced_ledger_entry(backend: &Backend) {
    let (_, booking, payment) = backend.paid().await;
    let unbalanced = spend(backend, async |work| {
        work.add_ledger_entry(&captured(&payment)).await.unwrap();
        work.add_ledger_entry(&LedgerEntry { amount: eur(1), ..captured(&payment) }).await
    });
    assert_conflict!(unbalanced.await, LedgerUnbalanced);
    assert_eq!(backend.queries.ledger(booking.id()).await.unwrap(), []);
}

pub async fn spent_after_a_second_invitation(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let new = participant(&booking, "p");
    backend.commit(async |work| work.add_participant(&new).await).await;
    assert_conflict!(spend(backend, async |work| work.add_participant(&new).await).await, AlreadyInvited);
    assert_eq!(backend.queries.participants(booking.id()).await.unwrap().len(), 1);
}

pub async fn spent_after_a_second_conference(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let conference = backend.commit(async |work| work.open_conference(booking.id(), now()).await).await;
    let second = spend(backend, async |work| work.open_conference(booking.id(), now()).await);
    assert_conflict!(second.await, ConferenceOpen);
    assert_eq!(backend.queries.conference(conference).await.unwrap().unwrap().closed_at, None);
}

pub async fn spent_after_a_used_idempotency_key(backend: &Backend) {
    let practice = backend.practice().await;
    let key = idempotency_key(practice.client, "k");
    let (first, second) = (idempotency_record("first"), idempotency_record("second"));
    backend.commit(async |work| work.add_idempotency_record(&key, &first).await).await;
    let again = spend(backend, async |work| work.add_idempotency_record(&key, &second).await);
    assert_conflict!(again.await, IdempotencyKeyTaken);
    let stored = backend.uncommitted(async |work| work.idempotency_record(&key).await).await.unwrap();
    assert_eq!(stored, Some(first));
}

pub async fn spent_after_an_unknown_reference(backend: &Backend) {
    backend.practice().await;
    let unknown = spend(backend, async |work| work.add_login_session(&session(unknown())).await);
    assert_failed(unknown.await, "a login session of an unknown user");
}
