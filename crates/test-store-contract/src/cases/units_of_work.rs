//! A unit of work is all or nothing, seen by no one before its commit, and spent at its first error.

use attune_domain::login_session::LoginSession;
use attune_domain::meeting::AttendanceEventKind;
use attune_domain::notification::{NotificationKind, NotificationState};
use attune_domain::{
    BookingId, BookingRecord, ConferenceId, LoginSessionId, NotificationId, ParticipantId, PaymentId, PaymentProblemId,
    RefundId, Role, ScheduleExceptionId, Service, ServiceId, User, UserId,
};
use attune_ports::{
    AuditObject, BookingFilter, DeliveryResult, LeaseToken, LedgerEntry, LedgerKind, NewRefund, PageRequest,
    ProblemKind, Provider, StoreError, UnitOfWork, UserFilter,
};

use super::{assert_conflict, begin_and_drop};
use crate::Backend;
use crate::fixtures::{
    PracticeFixture, account_key, audit_entry, captured, client, day_off, email, eur, fact, idempotency_key,
    idempotency_record, lease, minutes_after, moved, next_version, notice, now, paid, participant, password_hash,
    payment, policy, problem, refund, response, restored, service, session, slot, therapist, token_hash, week,
};

const FIRST_PAGE: PageRequest = PageRequest { limit: 50, offset: 0 };

/// How many accounts readers see.
async fn users_seen(backend: &Backend) -> u64 {
    backend.queries.users(&UserFilter::default(), FIRST_PAGE).await.expect("accounts can be listed").total
}

/// What was written is gone when a unit of work is dropped without a commit.
pub async fn a_dropped_unit_of_work_leaves_nothing(backend: &Backend) {
    let mut work = backend.begin().await;
    let user = work.add_user(&client("a")).await.unwrap();
    work.add_service(&service()).await.unwrap();
    work.add_login_failure(&account_key(1), now(), now()).await.unwrap();
    drop(work);

    assert_eq!(users_seen(backend).await, 0);
    assert!(backend.queries.services().await.unwrap().is_empty());
    assert_eq!(backend.queries.login_failures(&account_key(1), now()).await.unwrap(), 0);
    let mut work = backend.begin().await;
    assert!(work.user(user).await.unwrap().is_none());
    assert!(work.default_service().await.unwrap().is_none());
}

/// After a commit both later units of work and readers see everything.
pub async fn a_committed_unit_of_work_is_kept_whole(backend: &Backend) {
    let mut work = backend.begin().await;
    let user = work.add_user(&client("a")).await.unwrap();
    let offered = work.add_service(&service()).await.unwrap();
    work.commit().await.unwrap();

    assert_eq!(backend.queries.user(user).await.unwrap().unwrap().email, email("a"));
    assert_eq!(backend.queries.services().await.unwrap()[0].id, offered);
    let mut work = backend.begin().await;
    assert_eq!(work.user(user).await.unwrap().unwrap().email, email("a"));
    assert_eq!(work.service(offered).await.unwrap().unwrap().id, offered);
}

/// What one face wrote the others see at once; a drop takes all of it back, a commit keeps all of it.
pub async fn all_faces_share_one_transaction(backend: &Backend) {
    for kept in [false, true] {
        let mut work = backend.begin().await;
        let gives = work.add_user(&therapist("t")).await.unwrap();
        let comes = work.add_user(&client("c")).await.unwrap();
        let offered = work.add_service(&service()).await.unwrap();
        let login = work.add_login_session(&session(comes)).await.unwrap();
        work.add_refresh_token(&token_hash(1), login, 1, now()).await.unwrap();
        work.add_login_failure(&account_key(1), now(), now()).await.unwrap();
        let practice = PracticeFixture { therapist: gives, client: comes, service: offered };
        let booking = practice.booking(work.next_booking_id().await.unwrap(), slot(0));
        work.add_booking(&booking).await.unwrap();
        let guest = work.add_participant(&participant(&booking, "p")).await.unwrap();
        let conference = work.open_conference(booking.id(), now()).await.unwrap();
        work.add_attendance(booking.id(), &[fact("o", AttendanceEventKind::Joined, now())]).await.unwrap();
        work.set_schedule(gives, &week(&[])).await.unwrap();
        work.add_schedule_exception(&day_off(gives, "2027-05-01")).await.unwrap();
        work.set_policy(&policy()).await.unwrap();
        work.add_idempotency_record(&idempotency_key(comes, "k"), &idempotency_record("{}")).await.unwrap();
        let new = paid(booking.id(), "r");
        let id = work.add_payment(&new).await.unwrap();
        let came = new.with_id(id);
        let new = refund(&came, "k");
        let id = work.add_refund(&new).await.unwrap();
        let went = new.with_id(id);
        work.add_ledger_entry(&captured(&came)).await.unwrap();
        work.add_ledger_entry(&moved(&went, LedgerKind::Refunded)).await.unwrap();
        assert!(work.add_payment_event(Provider::Test, "evt", now()).await.unwrap());
        assert!(work.add_payment_problem(&problem("p", ProblemKind::WrongMode)).await.unwrap());
        work.enqueue(&[notice(&booking, NotificationKind::MeetingInfo, now())]).await.unwrap();
        work.add_audit_entry(&audit_entry(AuditObject::Booking(booking.id()), "booking.scheduled")).await.unwrap();

        assert_eq!(work.lock_enabled_admins().await.unwrap(), [gives]);
        assert_eq!(work.user(comes).await.unwrap().unwrap().email, email("c"));
        assert_eq!(work.default_service().await.unwrap().unwrap().id, offered);
        assert_eq!(work.session(login).await.unwrap().unwrap().user, comes);
        assert_eq!(work.refresh_token(&token_hash(1)).await.unwrap(), Some((login, 1)));
        assert_eq!(work.booking(booking.id()).await.unwrap(), Some(booking.clone()));
        assert_eq!(work.blocking_bookings(gives, slot(0), slot(1)).await.unwrap(), std::slice::from_ref(&booking));
        assert_eq!(work.participant(guest).await.unwrap().unwrap().email, email("p"));
        assert_eq!(work.invited_participants(booking.id()).await.unwrap().len(), 1);
        assert_eq!(work.open_conference_of(booking.id()).await.unwrap().unwrap().id, conference);
        assert_eq!(work.service_for_change(offered).await.unwrap().unwrap().id, offered);
        assert_eq!(work.ended_bookings(slot(1), 5).await.unwrap(), std::slice::from_ref(&booking));
        assert_eq!(
            work.idempotency_record(&idempotency_key(comes, "k")).await.unwrap(),
            Some(idempotency_record("{}"))
        );
        assert_eq!(work.payments_of(booking.id()).await.unwrap(), [came]);
        assert_eq!(work.refunds_of(booking.id()).await.unwrap(), [went]);
        assert!(!work.add_payment_event(Provider::Test, "evt", now()).await.unwrap());
        assert!(!work.add_payment_problem(&problem("p", ProblemKind::WrongMode)).await.unwrap());
        assert!(work.payment_by_checkout_id(Provider::Test, "r").await.unwrap().is_some());
        assert_eq!(work.lease_notifications(5, now(), &lease(1, slot(0))).await.unwrap().len(), 1);
        if kept {
            work.commit().await.unwrap();
        } else {
            drop(work);
        }

        let there = u64::from(kept);
        assert_eq!(users_seen(backend).await, 2 * there);
        assert_eq!(backend.queries.services().await.unwrap().len(), usize::from(kept));
        assert_eq!(backend.queries.login_failures(&account_key(1), now()).await.unwrap(), there);
        assert_eq!(backend.queries.calendar_settings(gives).await.unwrap().schedule.is_some(), kept);
        assert_eq!(backend.queries.time_off(None).await.unwrap().len(), usize::from(kept));
        assert_eq!(backend.queries.policy().await.unwrap() == policy(), kept);
        assert_eq!(backend.queries.taken(gives, slot(0), slot(1), now()).await.unwrap().len(), usize::from(kept));
        let page = backend.queries.bookings(&BookingFilter::default(), FIRST_PAGE.into()).await.unwrap();
        assert_eq!(page.total, there);
        assert_eq!(backend.queries.outbox_health(now()).await.unwrap().pending, there);
        assert_eq!(backend.queries.caller(login).await.unwrap().is_some(), kept);
        assert_eq!(backend.queries.participant(guest).await.unwrap().is_some(), kept);
        assert_eq!(backend.queries.participants(booking.id()).await.unwrap().len(), usize::from(kept));
        assert_eq!(backend.queries.invitations_of(&email("p"), now(), 9).await.unwrap().len(), usize::from(kept));
        assert_eq!(backend.queries.conference(conference).await.unwrap().is_some(), kept);
        assert_eq!(backend.queries.attendance(&[booking.id()]).await.unwrap().len(), usize::from(kept));
        assert_eq!(backend.queries.payments(booking.id()).await.unwrap().len(), usize::from(kept));
        assert_eq!(backend.queries.refunds(booking.id()).await.unwrap().len(), usize::from(kept));
        assert_eq!(backend.queries.ledger(booking.id()).await.unwrap().len(), 2 * usize::from(kept));
        assert_eq!(backend.queries.ledger_sums(now(), slot(0)).await.unwrap().len(), 2 * usize::from(kept));
        assert_eq!(backend.queries.payment_problems(9).await.unwrap().len(), usize::from(kept));
        assert_eq!(backend.queries.notices(booking.id()).await.unwrap().len(), usize::from(kept));
        assert_eq!(backend.queries.history(booking.id()).await.unwrap().len(), usize::from(kept));
    }
}

/// Readers see nothing of an open unit of work, and all of it after the commit.
pub async fn uncommitted_writes_are_invisible_to_queries(backend: &Backend) {
    let practice = backend.practice().await;
    let before = backend.add_booking(|id| practice.booking(id, slot(0))).await;

    let mut work = backend.begin().await;
    let added = work.add_user(&client("new")).await.unwrap();
    let moved = restored(BookingRecord { scheduled_at: slot(3), blocked_until: slot(4), ..next_version(&before) });
    work.save_booking(&moved).await.unwrap();
    work.enqueue(&[notice(&moved, NotificationKind::MeetingInfo, now())]).await.unwrap();

    assert!(backend.queries.user(added).await.unwrap().is_none());
    assert_eq!(users_seen(backend).await, 2);
    assert!(backend.queries.credentials(&email("new")).await.unwrap().is_none());
    assert_eq!(backend.read_booking(before.id()).await.unwrap(), before);
    assert!(backend.queries.notices(before.id()).await.unwrap().is_empty());

    work.commit().await.unwrap();
    assert!(backend.queries.user(added).await.unwrap().is_some());
    assert_eq!(backend.read_booking(before.id()).await.unwrap(), moved);
    assert_eq!(backend.queries.notices(before.id()).await.unwrap().len(), 1);
}

/// Dropping works also while a call is under way, and the next unit of work is none the worse.
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
    assert_eq!(backend.queries.bookings(&BookingFilter::default(), FIRST_PAGE.into()).await.unwrap().total, 0);
    backend.add_booking(|id| practice.booking(id, slot(0))).await;
    backend.add_user(&client("half")).await;
}

/// Locks of a dropped unit of work hold no one up.
pub async fn a_dropped_unit_of_work_gives_its_locks_back(backend: &Backend) {
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
        work.idempotency_record(&idempotency_key(practice.client, "k"))
            .await
            .expect("no unit of work is about to add the record");
        work.set_schedule(practice.therapist, &week(&[])).await.expect("no one holds the week");
        work.set_policy(&policy()).await.expect("no one holds the policy");
        drop(work);
    }
}

/// Calls everything on a unit of work that had its first error: all must fail, and nothing may be kept.
async fn expect_spent(backend: &Backend, mut work: Box<dyn UnitOfWork>) {
    let users_before = users_seen(backend).await;
    let some_user = UserId::new(1).unwrap();
    let some_login = LoginSessionId::new(1).unwrap();
    let some_booking = BookingId::new(1).unwrap();
    let account = client("too-late");
    let user = User {
        id: some_user,
        email: email("too-late"),
        first_name: None,
        last_name: None,
        preferred_name: None,
        time_zone: None,
        role: Role::Client,
        disabled: false,
        email_verified_at: None,
        created_at: now(),
    };
    let login = LoginSession {
        id: some_login,
        user: some_user,
        generation: 2,
        rotated_at: now(),
        created_at: now(),
        ended_at: None,
    };
    let practice = PracticeFixture { therapist: some_user, client: some_user, service: ServiceId::new(1).unwrap() };
    let booking = practice.booking(some_booking, slot(100));
    let offered = Service {
        id: practice.service,
        name: "too late".to_owned(),
        description: String::new(),
        minutes: 1,
        buffer_minutes: 0,
        price: eur(1),
        active: true,
    };
    let facts = payment(some_booking, "too-late");
    let stored = facts.clone().with_id(PaymentId::new(1).unwrap());
    let back = refund(&stored, "too-late");
    let promised = back.clone().with_id(RefundId::new(1).unwrap());
    let settlement =
        DeliveryResult { state: NotificationState::Sent, next_at: now(), sent_at: Some(now()), last_error: None };

    assert!(work.add_user(&account).await.is_err());
    assert!(work.user(some_user).await.is_err());
    assert!(work.user_for_change(some_user).await.is_err());
    assert!(work.save_user(&user).await.is_err());
    assert!(work.set_password(some_user, &password_hash("x")).await.is_err());
    assert!(work.lock_enabled_admins().await.is_err());

    assert!(work.add_login_session(&session(some_user)).await.is_err());
    assert!(work.session(some_login).await.is_err());
    assert!(work.save_login_session(&login).await.is_err());
    assert!(work.end_login_sessions(some_user, None, now()).await.is_err());
    assert!(work.add_refresh_token(&token_hash(9), some_login, 1, now()).await.is_err());
    assert!(work.refresh_token(&token_hash(9)).await.is_err());

    assert!(work.add_login_failure(&account_key(9), now(), now()).await.is_err());
    assert!(work.clear_login_failures(&account_key(9)).await.is_err());

    assert!(work.add_service(&service()).await.is_err());
    assert!(work.service(practice.service).await.is_err());
    assert!(work.service_for_change(practice.service).await.is_err());
    assert!(work.save_service(&offered).await.is_err());
    assert!(work.default_service().await.is_err());

    assert!(work.set_schedule(some_user, &week(&[])).await.is_err());
    assert!(work.add_schedule_exception(&day_off(some_user, "2027-05-01")).await.is_err());
    assert!(work.remove_schedule_exception(ScheduleExceptionId::new(1).unwrap()).await.is_err());
    assert!(work.set_policy(&policy()).await.is_err());

    assert!(work.next_booking_id().await.is_err());
    assert!(work.lock_calendar(some_user).await.is_err());
    assert!(work.blocking_bookings(some_user, slot(0), slot(1)).await.is_err());
    assert!(work.add_booking(&booking).await.is_err());
    assert!(work.booking(some_booking).await.is_err());
    assert!(work.save_booking(&booking).await.is_err());
    assert!(work.ended_bookings(now(), 1).await.is_err());
    assert!(work.expired_holds(now(), 1).await.is_err());

    let guest = ParticipantId::new(1).unwrap();
    assert!(work.add_participant(&participant(&booking, "too-late")).await.is_err());
    assert!(work.participant(guest).await.is_err());
    assert!(work.invited_participants(some_booking).await.is_err());
    assert!(work.revoke_participant(guest, now()).await.is_err());

    let conference = ConferenceId::new(1).unwrap();
    assert!(work.open_conference(some_booking, now()).await.is_err());
    assert!(work.open_conference_of(some_booking).await.is_err());
    assert!(work.close_conference(conference, now()).await.is_err());
    assert!(work.add_attendance(some_booking, &[fact("o", AttendanceEventKind::Joined, now())]).await.is_err());
    assert!(work.add_attendance(some_booking, &[]).await.is_err());

    assert!(work.add_payment(&facts).await.is_err());
    assert!(work.payments_of(some_booking).await.is_err());
    assert!(work.payment_by_checkout_id(Provider::Test, "too-late").await.is_err());
    assert!(work.save_payment(&stored).await.is_err());
    assert!(work.add_refund(&back).await.is_err());
    assert!(work.refunds_of(some_booking).await.is_err());
    assert!(work.save_refund(&promised).await.is_err());
    assert!(work.add_ledger_entry(&captured(&stored)).await.is_err());
    assert!(work.add_payment_event(Provider::Test, "too-late", now()).await.is_err());
    assert!(work.purge_payment_events(now(), 1).await.is_err());
    assert!(work.add_payment_problem(&problem("too-late", ProblemKind::WrongMode)).await.is_err());
    assert!(work.resolve_payment_problem(PaymentProblemId::new(1).unwrap(), now()).await.is_err());
    assert!(work.resolve_refund_problem(promised.id, now()).await.is_err());

    assert!(work.enqueue(&[notice(&booking, NotificationKind::MeetingInfo, now())]).await.is_err());
    assert!(work.enqueue(&[]).await.is_err());
    assert!(work.lease_notifications(1, now(), &lease(9, slot(0))).await.is_err());
    let mail = NotificationId::new(1).unwrap();
    assert!(work.ack_notification(mail, &LeaseToken([9; 16]), &settlement).await.is_err());
    assert!(work.nack_notifications(&[mail], &LeaseToken([9; 16])).await.is_err());
    assert!(work.nack_notifications(&[], &LeaseToken([9; 16])).await.is_err());

    let key = idempotency_key(some_user, "too-late");
    assert!(work.idempotency_record(&key).await.is_err());
    assert!(work.add_idempotency_record(&key, &idempotency_record("{}")).await.is_err());
    assert!(work.save_response(&key, &response("{}")).await.is_err());
    assert!(work.purge_responses(now(), 1).await.is_err());

    let line = audit_entry(AuditObject::User(some_user), "too.late");
    assert!(work.add_audit_entry(&line).await.is_err());

    let answer = work.commit().await;
    assert!(matches!(answer, Err(StoreError::Failed(_))), "a spent unit of work was committed: {answer:?}");
    assert_eq!(users_seen(backend).await, users_before, "a spent unit of work kept something");
}

/// A taken address spends the unit of work.
pub async fn spent_after_a_taken_email(backend: &Backend) {
    backend.practice().await;
    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    assert_conflict!(work.add_user(&client("client")).await, EmailTaken);
    expect_spent(backend, work).await;
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
}

/// A taken slot spends the unit of work.
pub async fn spent_after_a_taken_slot(backend: &Backend) {
    let practice = backend.practice().await;
    let kept = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    let second = practice.booking(work.next_booking_id().await.unwrap(), minutes_after(kept.scheduled_at(), 30));
    assert_conflict!(work.add_booking(&second).await, SlotTaken);
    expect_spent(backend, work).await;
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
    assert!(backend.read_booking(second.id()).await.is_none());
}

/// A write based on an old reading spends the unit of work.
pub async fn spent_after_a_stale_write(backend: &Backend) {
    let practice = backend.practice().await;
    let kept = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    assert_conflict!(work.save_booking(&kept).await, Stale);
    expect_spent(backend, work).await;
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
    assert_eq!(backend.read_booking(kept.id()).await.unwrap(), kept);
}

/// A payment reference that is known spends the unit of work.
pub async fn spent_after_a_taken_payment_reference(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    backend.commit(async |work| work.add_payment(&payment(booking.id(), "r")).await).await;
    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    assert_conflict!(work.add_payment(&payment(booking.id(), "r")).await, ProviderIdTaken);
    expect_spent(backend, work).await;
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
    assert_eq!(backend.queries.payments(booking.id()).await.unwrap().len(), 1);
}

/// A reference that an attempt cannot take spends the unit of work.
pub async fn spent_after_a_move_to_a_taken_payment_reference(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    backend.add_payment(payment(booking.id(), "r")).await;
    let kept = backend.add_payment(payment(booking.id(), "s")).await;
    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    let renamed = payment(booking.id(), "r").with_id(kept.id);
    assert_conflict!(work.save_payment(&renamed).await, ProviderIdTaken);
    expect_spent(backend, work).await;
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
    assert_eq!(backend.queries.payments(booking.id()).await.unwrap()[0], kept);
}

/// A refund that is more than is left spends the unit of work.
pub async fn spent_after_too_large_a_refund(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let came = backend.add_payment(paid(booking.id(), "r")).await;
    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    let too_large = NewRefund { amount: eur(9_001), ..refund(&came, "k") };
    assert_conflict!(work.add_refund(&too_large).await, RefundTooLarge);
    expect_spent(backend, work).await;
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
    assert_eq!(backend.queries.refunds(booking.id()).await.unwrap(), []);
}

/// A refund that is known already spends the unit of work.
pub async fn spent_after_a_known_refund(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let came = backend.add_payment(paid(booking.id(), "r")).await;
    let went = backend.add_refund(refund(&came, "k")).await;
    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    assert_conflict!(work.add_refund(&refund(&came, "k")).await, RefundExists);
    expect_spent(backend, work).await;
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
    assert_eq!(backend.queries.refunds(booking.id()).await.unwrap(), [went]);
}

/// A line that the ledger does not take spends the unit of work.
pub async fn spent_after_an_unbalanced_line(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let came = backend.add_payment(paid(booking.id(), "r")).await;
    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    work.add_ledger_entry(&captured(&came)).await.unwrap();
    let again = LedgerEntry { amount: eur(1), ..captured(&came) };
    assert_conflict!(work.add_ledger_entry(&again).await, LedgerUnbalanced);
    expect_spent(backend, work).await;
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
    assert_eq!(backend.queries.ledger(booking.id()).await.unwrap(), []);
}

/// An address that is invited already spends the unit of work.
pub async fn spent_after_a_second_invitation(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    backend.commit(async |work| work.add_participant(&participant(&booking, "p")).await).await;
    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    assert_conflict!(work.add_participant(&participant(&booking, "p")).await, AlreadyInvited);
    expect_spent(backend, work).await;
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
    assert_eq!(backend.queries.participants(booking.id()).await.unwrap().len(), 1);
}

/// A room that is open already spends the unit of work.
pub async fn spent_after_a_second_opening(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let conference = backend.commit(async |work| work.open_conference(booking.id(), now()).await).await;
    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    assert_conflict!(work.open_conference(booking.id(), now()).await, ConferenceOpen);
    expect_spent(backend, work).await;
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
    assert_eq!(backend.queries.conference(conference).await.unwrap().unwrap().closed_at, None);
}

/// A key that is taken spends the unit of work.
pub async fn spent_after_a_taken_idempotency_key(backend: &Backend) {
    let practice = backend.practice().await;
    let key = idempotency_key(practice.client, "k");
    backend.commit(async |work| work.add_idempotency_record(&key, &idempotency_record("first")).await).await;
    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    assert_conflict!(work.add_idempotency_record(&key, &idempotency_record("second")).await, IdempotencyKeyTaken);
    expect_spent(backend, work).await;
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
    let kept = backend.uncommitted(async |work| work.idempotency_record(&key).await).await.unwrap();
    assert_eq!(kept, Some(idempotency_record("first")));
}

/// A failure that is no conflict spends the unit of work just the same.
pub async fn spent_after_an_unknown_row_was_referred_to(backend: &Backend) {
    backend.practice().await;
    let mut work = backend.begin().await;
    work.add_user(&client("lost")).await.unwrap();
    let answer = work.add_login_session(&session(UserId::new(987_654).unwrap())).await;
    assert!(matches!(answer, Err(StoreError::Failed(_))), "a login of no one: {answer:?}");
    expect_spent(backend, work).await;
    assert!(backend.queries.credentials(&email("lost")).await.unwrap().is_none());
}
