//! Concurrent units of work: the rules hold, whichever of them wins.

use std::sync::Arc;

use attune_domain::calendar::RuleSettings;
use attune_domain::login_session::LoginSession;
use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_domain::payment::PaymentLedger;
use attune_domain::{Booking, OneTimePurpose, PracticePolicy, Role, Service, User};
use attune_ports::{
    BookingFilter, Conflict, IdempotencyRecord, LedgerEntry, LedgerKind, NewRefund, PageRequest, Payment, ProblemKind,
    Provider, StoreError, UserFilter, Versioned,
};
use jiff::Timestamp;
use jiff::civil::Weekday;

use crate::Backend;
use crate::fixtures::{
    attempt_key, captured, client, day_off, eur, fact, hours, idempotency_key, idempotency_record, lease,
    minutes_after, moved, name, next_version, now, one_time_token, paid, participant, payment, policy, problem, refund,
    reminder, response, restored, session, slot, therapist, token_hash, week,
};
use crate::race::{give_way, insist, open, race, race_units, transact};

const ALL: PageRequest = PageRequest { limit: 1_000, offset: 0 };

/// The results of the winners. The others must have lost by this conflict, or by too much contention.
fn winners<T>(outcomes: Vec<Result<T, StoreError>>, expected: Conflict) -> Vec<T> {
    let mut won = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(result) => won.push(result),
            Err(StoreError::Contended) => {}
            Err(error) => assert!(error.is_conflict(expected), "expected {expected:?}, got {error:?}"),
        }
    }
    won
}

fn all<T>(outcomes: Vec<Result<T, StoreError>>) -> Vec<T> {
    outcomes.into_iter().map(|outcome| outcome.expect("each unit of work only has to wait")).collect()
}

/// Takes the calendar lock and checks the slot before it books, as the use cases do. Returns how many were booked.
async fn race_with_lock(backend: &Backend, starts: Vec<Timestamp>) -> usize {
    let practice = backend.practice().await;
    let outcomes = race_units(backend, starts, move |work, start| {
        Box::pin(async move {
            work.lock_calendar(practice.therapist).await?;
            let booking = practice.booking(work.next_booking_id().await?, *start);
            if !work.blocking_bookings(practice.therapist, *start, booking.blocked_until()).await?.is_empty() {
                return Ok(None);
            }
            give_way().await;
            work.add_booking(&booking).await?;
            Ok(Some(booking))
        })
    });
    assert_stored_and_disjoint(backend, all(outcomes.await).into_iter().flatten().collect()).await
}

/// Neither locks nor checks, so that only the constraint of the store prevents overlaps. Returns how many were booked.
async fn race_without_lock(backend: &Backend, starts: Vec<Timestamp>) -> usize {
    let practice = backend.practice().await;
    let outcomes = race_units(backend, starts, move |work, start| {
        Box::pin(async move {
            let booking = practice.booking(work.next_booking_id().await?, *start);
            work.add_booking(&booking).await?;
            Ok(booking)
        })
    });
    assert_stored_and_disjoint(backend, winners(outcomes.await, Conflict::SlotTaken)).await
}

async fn assert_stored_and_disjoint(backend: &Backend, mut won: Vec<Booking>) -> usize {
    let mut found = backend.queries.bookings(&BookingFilter::default(), ALL.into()).await.unwrap().items.to_vec();
    won.sort_by_key(|booking| booking.scheduled_at());
    found.sort_by_key(|booking| booking.scheduled_at());
    assert_eq!(won, found, "exactly the committed bookings are stored");
    for pair in found.windows(2) {
        assert!(pair[0].blocked_until() <= pair[1].scheduled_at(), "two bookings overlap");
    }
    found.len()
}

/// Each overlaps several others.
fn staggered(count: i64) -> Vec<Timestamp> {
    (0..count).map(|n| minutes_after(slot(0), 15 * n)).collect()
}

pub async fn one_slot_is_booked_once_under_the_calendar_lock(backend: &Backend) {
    assert_eq!(race_with_lock(backend, vec![slot(0); 16]).await, 1);
}

pub async fn one_slot_is_booked_once_without_the_calendar_lock(backend: &Backend) {
    assert_eq!(race_without_lock(backend, vec![slot(0); 8]).await, 1);
}

pub async fn overlapping_requests_leave_disjoint_bookings(backend: &Backend) {
    assert!(race_with_lock(backend, staggered(16)).await > 0);
}

pub async fn overlapping_requests_without_the_calendar_lock_leave_disjoint_bookings(backend: &Backend) {
    assert!(race_without_lock(backend, staggered(8)).await > 0);
}

pub async fn booking_ids_are_unique(backend: &Backend) {
    assert_eq!(race_without_lock(backend, (0..8).map(slot).collect()).await, 8);
}

pub async fn one_slot_is_rescheduled_to_once(backend: &Backend) {
    let practice = backend.practice().await;
    let mut moved = Vec::new();
    for hour in 10..16 {
        let booking = backend.book(practice, hour).await;
        moved.push(booking.reschedule(slot(0), Role::Admin, now()).expect("a legal reschedule").0);
    }
    let count = moved.len();
    let outcomes = race_units(backend, moved, |work, booking| work.save_booking(booking)).await;
    assert_eq!(winners(outcomes, Conflict::SlotTaken).len(), 1);
    let mut work = backend.begin().await;
    assert_eq!(work.blocking_bookings(practice.therapist, slot(0), slot(1)).await.unwrap().len(), 1);
    assert_eq!(work.blocking_bookings(practice.therapist, slot(0), slot(20)).await.unwrap().len(), count);
}

pub async fn the_next_holder_of_a_calendar_lock_sees_the_booking_of_the_first(backend: &Backend) {
    let practice = backend.practice().await;
    let mut first = backend.begin().await;
    first.lock_calendar(practice.therapist).await.unwrap();
    let store = Arc::clone(&backend.store);
    let next = tokio::spawn(async move {
        transact(&*store, |work| {
            Box::pin(async move {
                work.lock_calendar(practice.therapist).await?;
                work.blocking_bookings(practice.therapist, slot(0), slot(1)).await
            })
        })
        .await
    });
    let booking = practice.booking(first.next_booking_id().await.unwrap(), slot(0));
    first.add_booking(&booking).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(next.await.unwrap().unwrap(), [booking]);
}

pub async fn the_last_admin_stays_enabled(backend: &Backend) {
    let mut admins = Vec::new();
    for n in 0..4 {
        admins.push(backend.add_user(&therapist(&format!("admin{n}"))).await);
    }
    let outcomes = race_units(backend, admins, |work, id| {
        Box::pin(async move {
            if work.lock_enabled_admins().await?.len() < 2 {
                return Ok(false);
            }
            give_way().await;
            let user = work.user_for_change(*id).await?.expect("the account exists");
            work.save_user(&User { disabled: true, ..user }).await?;
            Ok(true)
        })
    });
    assert_eq!(all(outcomes.await).into_iter().filter(|disabled| *disabled).count(), 3);
    let mut work = backend.begin().await;
    assert_eq!(work.lock_enabled_admins().await.unwrap().len(), 1);
}

pub async fn one_email_address_creates_one_account(backend: &Backend) {
    let outcomes = race_units(backend, vec![client("robin"); 8], |work, new| work.add_user(new)).await;
    let added = winners(outcomes, Conflict::EmailTaken);
    let found = backend.queries.users(&UserFilter::default(), ALL).await.unwrap();
    assert_eq!(found.items.iter().map(|user| user.id).collect::<Vec<_>>(), added);
    assert_eq!(added.len(), 1);
}

pub async fn attempts_never_exceed_their_limit(backend: &Backend) {
    let since = minutes_after(now(), -10);
    let outcomes = race_units(backend, vec![attempt_key(1); 20], move |work, key| {
        Box::pin(async move { work.count_attempt(key, now(), since, 5).await })
    });
    assert_eq!(all(outcomes.await).into_iter().filter(|counted| *counted).count(), 5);
    let sixth = backend.uncommitted(async |work| work.count_attempt(&attempt_key(1), now(), since, 6).await).await;
    assert!(sixth.unwrap(), "exactly five are stored");
}

pub async fn each_attempt_is_taken_back_once(backend: &Backend) {
    for _ in 0..8 {
        assert!(backend.commit(async |work| work.count_attempt(&attempt_key(1), now(), now(), 9).await).await);
    }
    let outcomes = race_units(backend, vec![attempt_key(1); 8], |work, key| work.take_back_attempt(key, now()));
    all(outcomes.await);
    assert!(backend.commit(async |work| work.count_attempt(&attempt_key(1), now(), now(), 1).await).await);
}

pub async fn a_link_and_a_recovery_code_are_used_once(backend: &Backend) {
    let practice = backend.practice().await;
    backend
        .commit(async |work| {
            work.add_one_time_token(&one_time_token(practice.client, OneTimePurpose::LogIn)).await?;
            work.set_recovery_codes(practice.client, &[token_hash(1)]).await
        })
        .await;
    let id = backend.queries.open_one_time_tokens(practice.client).await.unwrap()[0].id;
    let outcomes = race_units(backend, vec![id; 8], |work, id| work.use_one_time_token(*id, now())).await;
    assert_eq!(all(outcomes).into_iter().filter(|used| *used).count(), 1);
    let codes = vec![token_hash(1); 8];
    let outcomes = race_units(backend, codes, move |work, code| work.use_recovery_code(practice.client, code)).await;
    assert_eq!(all(outcomes).into_iter().filter(|used| *used).count(), 1);
}

pub async fn no_update_of_a_booking_is_lost(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let outcomes = race_units(backend, vec![booking.id(); 8], |work, id| {
        Box::pin(async move {
            let found = work.booking(*id).await?.expect("the booking exists");
            give_way().await;
            work.save_booking(&restored(next_version(&found))).await
        })
    });
    all(outcomes.await);
    assert_eq!(backend.read_booking(booking.id()).await.unwrap().version(), 9);
}

pub async fn one_of_many_stale_writers_wins(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let next = restored(next_version(&booking));
    let outcomes = race_units(backend, vec![next.clone(); 8], |work, next| work.save_booking(next)).await;
    assert_eq!(winners(outcomes, Conflict::Stale).len(), 1);
    assert_eq!(backend.read_booking(booking.id()).await.unwrap(), next);
}

pub async fn no_update_of_an_account_or_a_login_session_is_lost(backend: &Backend) {
    let practice = backend.practice().await;
    let login = backend.commit(async |work| work.add_login_session(&session(practice.client)).await).await;
    backend.save_user(User { first_name: Some(name("0")), ..backend.read_user(practice.client).await }).await;
    let outcomes = race_units(backend, vec![(); 8], move |work, ()| {
        Box::pin(async move {
            let user = work.user_for_change(practice.client).await?.expect("the account exists");
            give_way().await;
            let count: u32 = user.first_name.as_ref().expect("a name").as_str().parse().expect("a number");
            work.save_user(&User { first_name: Some(name(&(count + 1).to_string())), ..user }).await?;
            let found = work.session(login).await?.expect("the login session exists");
            give_way().await;
            work.save_login_session(&LoginSession { generation: found.generation + 1, ..found }).await
        })
    });
    all(outcomes.await);
    let caller = backend.queries.caller(login).await.unwrap().unwrap();
    assert_eq!((caller.user.first_name, caller.user.version), (Some(name("8")), 10));
    assert_eq!(caller.session.generation, 9);
}

pub async fn no_update_of_a_service_is_lost(backend: &Backend) {
    let practice = backend.practice().await;
    let outcomes = race_units(backend, vec![practice.service; 8], |work, id| {
        Box::pin(async move {
            let found = work.service_for_change(*id).await?.expect("the service exists");
            give_way().await;
            work.save_service(&Service { price: eur(found.price.minor() + 1), ..found }).await
        })
    });
    let mut versions = all(outcomes.await);
    versions.sort_unstable();
    assert_eq!(versions, [2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(backend.queries.services().await.unwrap()[0].price, eur(9_008));
}

pub async fn concurrent_leases_are_disjoint(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let queued: Vec<_> = (0..20).map(|n| reminder(&booking, 10 + n, now())).collect();
    backend.commit(async |work| work.enqueue(&queued).await).await;
    let outcomes = race(4, |worker| {
        let store = Arc::clone(&backend.store);
        let lease = lease(u8::try_from(worker).expect("a small number"), slot(0));
        async move {
            let mut leased = Vec::new();
            loop {
                let more =
                    transact(&*store, |work| Box::pin(async move { work.lease_notifications(3, now(), &lease).await }));
                let more = more.await.expect("no lease fails");
                if more.is_empty() {
                    return leased;
                }
                leased.extend(more);
            }
        }
    });
    let mut ids: Vec<_> = outcomes.await.iter().flatten().map(|notification| notification.id).collect();
    let rest = backend.commit(async |work| work.lease_notifications(50, now(), &lease(99, slot(0))).await).await;
    ids.extend(rest.iter().map(|notification| notification.id));
    ids.sort_unstable();
    let leased = ids.len();
    ids.dedup();
    assert_eq!((leased, ids.len()), (20, 20), "every notification is leased once");
    let stored = backend.queries.notifications(booking.id()).await.unwrap();
    assert!(stored.iter().all(|notification| notification.attempts == 1));
}

pub async fn one_notification_is_enqueued_once(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let queued = vec![reminder(&booking, 10, now()), reminder(&booking, 20, now())];
    let outcomes = race_units(backend, vec![queued; 8], |work, queued| work.enqueue(queued)).await;
    assert_eq!(all(outcomes).into_iter().sum::<u64>(), 2);
    assert_eq!(backend.queries.notifications(booking.id()).await.unwrap().len(), 2);
}

pub async fn one_provider_id_is_recorded_once(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let outcomes = race_units(backend, vec![payment(booking.id(), "r"); 8], |work, new| work.add_payment(new)).await;
    assert_eq!(winners(outcomes, Conflict::ProviderIdTaken).len(), 1);
    assert_eq!(backend.queries.payments(booking.id()).await.unwrap().len(), 1);
}

pub async fn one_provider_id_is_assigned_once(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let mut payments = Vec::new();
    for n in 0..8 {
        let added = backend.add_payment(payment(booking.id(), &format!("opening:{n}"))).await;
        payments.push(payment(booking.id(), "named").with_id(added.id));
    }
    let outcomes = race_units(backend, payments, |work, payment| {
        Box::pin(async move {
            work.save_payment(payment).await?;
            Ok(payment.id)
        })
    });
    let saved = winners(outcomes.await, Conflict::ProviderIdTaken);
    assert_eq!(saved.len(), 1);
    let found = backend.queries.payment_by_checkout_id(Provider::Test, "named").await.unwrap();
    assert_eq!(found.map(|payment| payment.id), saved.first().copied());
}

async fn assert_refunds_stored(backend: &Backend, payment: &Payment, added: Vec<NewRefund>) -> usize {
    let mut keys: Vec<_> = added.into_iter().map(|refund| refund.idempotency_key).collect();
    let found = backend.queries.refunds(payment.booking).await.unwrap();
    let mut found_keys: Vec<_> = found.iter().map(|refund| refund.idempotency_key.clone()).collect();
    keys.sort_unstable();
    found_keys.sort_unstable();
    assert_eq!(keys, found_keys, "exactly the committed refunds are stored");
    let refunded: i64 = found.iter().map(|refund| refund.amount.minor()).sum();
    assert!(refunded <= payment.amount.minor(), "{refunded} refunded of {}", payment.amount);
    found.len()
}

/// Returns how many were added.
async fn race_refunds(backend: &Backend, payment: &Payment, refunds: Vec<NewRefund>, expected: Conflict) -> usize {
    let outcomes = race_units(backend, refunds, |work, new| {
        Box::pin(async move {
            work.add_refund(new).await?;
            Ok(new.clone())
        })
    });
    assert_refunds_stored(backend, payment, winners(outcomes.await, expected)).await
}

pub async fn refunds_never_exceed_the_payment(backend: &Backend) {
    let (_, _, payment) = backend.paid().await;
    let parts = (0..16).map(|n| refund(&payment, &format!("k{n}"))).collect();
    let outcomes = race_units(backend, parts, |work, part: &NewRefund| {
        Box::pin(async move {
            work.booking(part.booking).await?.expect("the booking exists");
            let mut ledger = PaymentLedger::new(part.amount.currency());
            for payment in work.payments_of(part.booking).await? {
                ledger = ledger.with_payment(payment.state, payment.amount);
            }
            for refund in work.refunds_of(part.booking).await? {
                ledger = ledger.with_refund(refund.stage, refund.amount);
            }
            let Ok(amount) = ledger.check_refund(Some(eur(2_500))) else { return Ok(None) };
            give_way().await;
            let new = NewRefund { amount, ..part.clone() };
            work.add_refund(&new).await?;
            Ok(Some(new))
        })
    });
    let added = all(outcomes.await).into_iter().flatten().collect();
    assert_eq!(assert_refunds_stored(backend, &payment, added).await, 3, "three times 25 euros of 90");
}

pub async fn refunds_never_exceed_the_payment_without_the_booking_lock(backend: &Backend) {
    let (_, _, payment) = backend.paid().await;
    let parts = (0..16).map(|n| NewRefund { amount: eur(2_500), ..refund(&payment, &format!("k{n}")) }).collect();
    assert_eq!(race_refunds(backend, &payment, parts, Conflict::RefundTooLarge).await, 3, "three times 25 euros of 90");
}

pub async fn one_refund_is_scheduled_once(backend: &Backend) {
    let (_, _, payment) = backend.paid().await;
    let whole = NewRefund { amount: eur(9_000), ..refund(&payment, "k") };
    assert_eq!(race_refunds(backend, &payment, vec![whole; 8], Conflict::RefundExists).await, 1);
}

/// In whatever order they lock the payments.
pub async fn refunds_of_many_payments_all_succeed(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let mut payments = Vec::new();
    for n in 0..4 {
        payments.push(backend.add_payment(paid(booking.id(), &format!("r{n}"))).await);
    }
    let refunds = |n: usize| {
        let mut refunds: Vec<_> =
            (0..4).map(|p| NewRefund { amount: eur(1_125), ..refund(&payments[p], &format!("k{n}-{p}")) }).collect();
        refunds.rotate_left(n % 4);
        refunds
    };
    let outcomes = race_units(backend, (0..8).map(refunds).collect(), |work, refunds: &Vec<NewRefund>| {
        Box::pin(async move {
            work.booking(refunds[0].booking).await?.expect("the booking exists");
            for new in refunds {
                work.add_refund(new).await?;
            }
            Ok(())
        })
    });
    all(outcomes.await);
    let found = backend.queries.refunds(booking.id()).await.unwrap();
    assert_eq!((found.len(), found.iter().map(|r| r.amount.minor()).sum::<i64>()), (32, 36_000));
}

pub async fn the_ledger_balances_under_concurrency(backend: &Backend) {
    let (_, booking, payment) = backend.paid().await;
    let write = async |entries: Vec<LedgerEntry>| {
        let outcomes = race_units(backend, entries, |work, entry| work.add_ledger_entry(entry)).await;
        winners(outcomes, Conflict::LedgerUnbalanced).len()
    };
    assert_eq!(write(vec![captured(&payment); 8]).await, 1);
    let mut refunded = Vec::new();
    for n in 0..12 {
        let part = backend.add_refund(NewRefund { amount: eur(1), ..refund(&payment, &format!("k{n}")) }).await;
        refunded.push(LedgerEntry { amount: eur(2_500), ..moved(&part, LedgerKind::Refunded) });
    }
    assert_eq!(write(refunded).await, 3, "three times 25 euros of 90");
    let entries = backend.queries.ledger(booking.id()).await.unwrap();
    assert_eq!(entries.len(), 4);
    assert_eq!(entries.iter().map(|entry| entry.kind.signed(entry.amount)).sum::<i64>(), 1_500);
}

async fn race_event(backend: &Backend, count: usize) -> usize {
    let ids = vec!["evt_1"; count];
    let outcomes = race_units(backend, ids, |work, id| work.add_payment_event(Provider::Stripe, id, now())).await;
    all(outcomes).into_iter().filter(|new| *new).count()
}

pub async fn one_payment_event_is_new_once(backend: &Backend) {
    assert_eq!(race_event(backend, 16).await, 1);
}

pub async fn a_rolled_back_payment_event_is_new_again(backend: &Backend) {
    let mut first = backend.begin().await;
    assert!(first.add_payment_event(Provider::Stripe, "evt_1", now()).await.unwrap());
    let roll_back = async {
        give_way().await;
        drop(first);
    };
    let (new, ()) = tokio::join!(race_event(backend, 4), roll_back);
    assert_eq!(new, 1);
}

pub async fn one_payment_event_is_purged_once(backend: &Backend) {
    for n in 0..20 {
        let id = format!("evt_{n}");
        assert!(backend.commit(async |work| work.add_payment_event(Provider::Stripe, &id, now()).await).await);
    }
    let before = minutes_after(now(), 1);
    let outcomes = race_units(backend, vec![before; 6], |work, before| work.purge_payment_events(*before, 7)).await;
    let purged = all(outcomes);
    assert!(purged.iter().all(|count| *count <= 7), "{purged:?}");
    let rest = backend.commit(async |work| work.purge_payment_events(before, 100).await).await;
    assert_eq!(purged.iter().sum::<u64>() + rest, 20);
}

pub async fn one_payment_problem_is_added_once(backend: &Backend) {
    let new = problem("k", ProblemKind::WrongAmount);
    let outcomes = race_units(backend, vec![new; 8], |work, new| work.add_payment_problem(new)).await;
    assert_eq!(all(outcomes).into_iter().filter(|new| *new).count(), 1);
    assert_eq!(backend.queries.payment_problems(None, 9).await.unwrap().len(), 1);
}

pub async fn one_payment_problem_is_resolved_once(backend: &Backend) {
    backend.commit(async |work| work.add_payment_problem(&problem("k", ProblemKind::WrongAmount)).await).await;
    let id = backend.queries.payment_problems(None, 9).await.unwrap()[0].id;
    let outcomes = race_units(backend, vec![id; 8], |work, id| work.resolve_payment_problem(*id, now())).await;
    assert_eq!(all(outcomes).into_iter().flatten().count(), 1);
}

pub async fn one_email_address_is_invited_once(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let new = participant(&booking, "partner");
    let outcomes = race_units(backend, vec![new; 8], |work, new| work.add_participant(new)).await;
    let added = winners(outcomes, Conflict::AlreadyInvited);
    assert_eq!(added.len(), 1);
    let found = backend.queries.participants(booking.id()).await.unwrap();
    assert_eq!(found.iter().map(|participant| participant.id).collect::<Vec<_>>(), added);
}

pub async fn a_loaded_invitation_is_locked(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let id = backend.commit(async |work| work.add_participant(&participant(&booking, "partner")).await).await;
    let times = (0..8).map(|n| minutes_after(now(), n)).collect();
    let outcomes = race_units(backend, times, move |work, at| {
        Box::pin(async move {
            let found = work.participant(id).await?.expect("the invitation exists");
            // Without a lock, every task would have read the row by the end of this.
            for _ in 0..20 {
                work.invited_participants(found.booking).await?;
            }
            if !found.is_invited() {
                return Ok(None);
            }
            work.revoke_participant(id, *at).await?;
            Ok(Some(*at))
        })
    });
    let revoked: Vec<_> = all(outcomes.await).into_iter().flatten().collect();
    assert_eq!(revoked.len(), 1);
    let found = backend.queries.participant(id).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(revoked[0]));
}

pub async fn one_invitation_is_revoked_once(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let id = backend.commit(async |work| work.add_participant(&participant(&booking, "partner")).await).await;
    let outcomes = race_units(backend, vec![id; 8], |work, id| work.revoke_participant(*id, now())).await;
    assert_eq!(winners(outcomes, Conflict::Stale).len(), 1);
}

pub async fn one_conference_is_opened_once(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let outcomes = race(8, |_| {
        let (store, booking) = (Arc::clone(&backend.store), booking.id());
        async move {
            match transact(&*store, |work| work.open_conference(booking, now())).await {
                Err(error) if error.is_conflict(Conflict::ConferenceOpen) => {
                    let found = open(&*store).await?.open_conference_of(booking).await?;
                    Ok((found.expect("the winner opened it").id, false))
                }
                opened => Ok((opened?, true)),
            }
        }
    });
    let outcomes = all(outcomes.await);
    assert_eq!(outcomes.iter().filter(|(_, opened)| *opened).count(), 1);
    assert!(outcomes.iter().all(|(id, _)| *id == outcomes[0].0), "{outcomes:?}");
}

pub async fn one_conference_is_closed_once(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let id = backend.commit(async |work| work.open_conference(booking.id(), now()).await).await;
    let times = (0..8).map(|n| minutes_after(now(), n)).collect();
    let outcomes = race_units(backend, times, move |work, at| {
        Box::pin(async move { Ok(work.close_conference(id, *at).await?.then_some(*at)) })
    });
    let closed: Vec<_> = all(outcomes.await).into_iter().flatten().collect();
    assert_eq!(closed.len(), 1);
    assert_eq!(backend.queries.conference(id).await.unwrap().unwrap().closed_at, Some(closed[0]));
}

/// Each task reports the same events in another order, some of them twice.
pub async fn concurrent_attendance_events_are_stored_once(backend: &Backend) {
    let (_, booking) = backend.booked().await;
    let id = booking.id();
    let events: Vec<AttendanceEvent> = (0..12_i64)
        .zip(AttendanceEventKind::ALL[..2].iter().cycle())
        .map(|(n, kind)| fact(&format!("o{}", n % 3), *kind, minutes_after(slot(0), n)))
        .collect();
    let report = |n: usize| {
        let mut events = events.clone();
        if n.is_multiple_of(2) {
            events.reverse();
        }
        events.rotate_left(n);
        events.extend_from_within(..3);
        events
    };
    let reports = (0..8).map(report).collect();
    let outcomes = race_units(backend, reports, move |work, events: &Vec<_>| work.add_attendance(id, events)).await;
    assert_eq!(all(outcomes).into_iter().sum::<u64>(), 12);
    let stored: Vec<_> = backend.queries.attendance(&[id]).await.unwrap().into_iter().map(|(_, e)| e).collect();
    assert_eq!(stored, events, "by time");
}

pub async fn one_idempotent_request_is_executed_once(backend: &Backend) {
    let practice = backend.practice().await;
    let key = idempotency_key(practice.therapist, "k");
    let outcomes = race(8, |n| {
        let (store, key) = (Arc::clone(&backend.store), key.clone());
        let mine = idempotency_record(&n.to_string());
        async move {
            // Another task may store its response after this one looked; then the next attempt finds it.
            let response = insist(async || {
                let mut work = open(&*store).await?;
                if let Some(stored) = work.idempotency_record(&key).await? {
                    return Ok(Some(stored));
                }
                give_way().await;
                work.add_schedule_exception(&day_off(practice.therapist, "2027-05-01")).await?;
                match work.add_idempotency_record(&key, &mine).await {
                    Err(StoreError::Conflict(Conflict::IdempotencyKeyTaken)) => return Ok(None),
                    stored => stored?,
                }
                give_way().await;
                work.commit().await?;
                Ok(Some(mine.clone()))
            })
            .await?;
            match response {
                Some(stored) => Ok(Some(stored)),
                None => open(&*store).await?.idempotency_record(&key).await,
            }
        }
    })
    .await;
    let stored = backend.uncommitted(async |work| work.idempotency_record(&key).await).await.unwrap();
    assert!(stored.is_some());
    for outcome in outcomes {
        assert_eq!(outcome.expect("executed or replayed"), stored);
    }
    assert_eq!(backend.queries.schedule_exceptions(None).await.unwrap().len(), 1, "executed more than once");
}

pub async fn one_idempotency_record_is_added_once(backend: &Backend) {
    let practice = backend.practice().await;
    let key = idempotency_key(practice.client, "k");
    let records = (0..8).map(|n| (key.clone(), idempotency_record(&n.to_string()))).collect();
    let outcomes = race_units(backend, records, |work, (key, mine)| {
        Box::pin(async move {
            work.add_idempotency_record(key, mine).await?;
            Ok(mine.clone())
        })
    });
    let outcomes = outcomes.await;
    assert!(!outcomes.iter().any(|outcome| matches!(outcome, Err(StoreError::Contended))));
    let won = winners(outcomes, Conflict::IdempotencyKeyTaken);
    assert_eq!(won.len(), 1);
    let stored = backend.uncommitted(async |work| work.idempotency_record(&key).await).await.unwrap();
    assert_eq!(stored.as_ref(), won.first());
}

pub async fn the_response_that_is_saved_first_stays(backend: &Backend) {
    let practice = backend.practice().await;
    let key = idempotency_key(practice.client, "k");
    let unanswered = IdempotencyRecord { response: None, ..idempotency_record("") };
    backend.commit(async |work| work.add_idempotency_record(&key, &unanswered).await).await;
    let responses = (0..8).map(|n| (key.clone(), response(&n.to_string()))).collect();
    let outcomes = race_units(backend, responses, |work, (key, mine)| work.save_response(key, mine)).await;
    let record = backend.uncommitted(async |work| work.idempotency_record(&key).await).await.unwrap();
    let stored = record.expect("the record stays").response;
    assert!(stored.is_some());
    for saved in all(outcomes) {
        assert_eq!(saved, stored);
    }
}

pub async fn different_idempotency_keys_are_independent(backend: &Backend) {
    let practice = backend.practice().await;
    let key = |n: usize| idempotency_key([practice.client, practice.therapist][n % 2], &format!("k{}", n / 2));
    let records: Vec<_> = (0..8).map(|n| (key(n), idempotency_record(&n.to_string()))).collect();
    let outcomes = race_units(backend, records.clone(), |work, (key, record)| {
        Box::pin(async move {
            assert_eq!(work.idempotency_record(key).await?, None);
            give_way().await;
            work.add_idempotency_record(key, record).await
        })
    });
    all(outcomes.await);
    for (key, record) in records {
        let stored = backend.uncommitted(async |work| work.idempotency_record(&key).await).await.unwrap();
        assert_eq!(stored, Some(record));
    }
}

pub async fn one_idempotency_record_is_purged_once(backend: &Backend) {
    let practice = backend.practice().await;
    for n in 0..20 {
        let key = idempotency_key(practice.client, &format!("k{n}"));
        backend.commit(async |work| work.add_idempotency_record(&key, &idempotency_record("{}")).await).await;
    }
    let before = minutes_after(now(), 1);
    let outcomes = race_units(backend, vec![before; 6], |work, before| work.purge_responses(*before, 7)).await;
    let purged = all(outcomes);
    assert!(purged.iter().all(|count| *count <= 7), "{purged:?}");
    let rest = backend.commit(async |work| work.purge_responses(before, 100).await).await;
    assert_eq!(purged.iter().sum::<u64>() + rest, 20);
}

/// A schedule and a policy that were never set before are set by many.
pub async fn concurrent_schedules_and_policies_are_stored_whole(backend: &Backend) {
    let practice = backend.practice().await;
    let settings = |n: usize| {
        let mut days = Weekday::Monday.cycle_forward();
        let day = days.nth(n % 7).expect("the cycle is infinite");
        let schedule = week(&[(day, hours("09:00", "12:00")), (day.next(), hours("09:00", "12:00"))]);
        let daily_limit = Some(u32::try_from(n + 1).expect("a small number"));
        let policy = PracticePolicy { rules: RuleSettings { daily_limit, ..policy().rules }, ..policy() };
        (schedule, policy)
    };
    let all_settings: Vec<_> = (0..6).map(settings).collect();
    let outcomes = race_units(backend, all_settings.clone(), move |work, (schedule, policy)| {
        Box::pin(async move {
            let version = work.set_schedule(practice.therapist, schedule).await?;
            give_way().await;
            Ok((version, work.set_policy(policy).await?))
        })
    });
    let mut versions = all(outcomes.await);
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6].map(|version| (version, version)), "each is based on the one before");
    let mut found = backend.queries.calendar_settings(practice.therapist).await.unwrap();
    if let Some(Versioned { value: schedule, .. }) = &mut found.schedule {
        schedule.week.sort_by_key(|(day, _)| day.to_monday_one_offset());
    }
    let written = all_settings.into_iter().any(|(mut schedule, policy)| {
        schedule.week.sort_by_key(|(day, _)| day.to_monday_one_offset());
        found.schedule == Some(Versioned { value: schedule, version: 6 }) && *found.policy == policy
    });
    assert!(written, "{found:?}");
}

pub async fn one_schedule_exception_is_removed_once(backend: &Backend) {
    let practice = backend.practice().await;
    let holiday = day_off(practice.therapist, "2027-05-01");
    let id = backend.commit(async |work| work.add_schedule_exception(&holiday).await).await;
    let outcomes = race_units(backend, vec![id; 8], |work, id| work.remove_schedule_exception(*id)).await;
    assert_eq!(all(outcomes).into_iter().filter(|removed| *removed).count(), 1);
}

pub async fn ended_bookings_are_completed_once(backend: &Backend) {
    let practice = backend.practice().await;
    for hour in 0..12 {
        backend.book(practice, hour).await;
    }
    let outcomes = race_units(backend, vec![(); 4], |work, ()| {
        Box::pin(async move {
            let ended = work.ended_bookings(slot(20), 5).await?;
            give_way().await;
            for booking in &ended {
                let (completed, _) = booking.clone().complete(slot(20)).expect("the session is over");
                work.save_booking(&completed).await?;
            }
            Ok(ended)
        })
    });
    let mut completed = all(outcomes.await);
    completed.push(backend.uncommitted(async |work| work.ended_bookings(slot(20), 100).await).await.unwrap());
    let mut ids: Vec<_> = completed.iter().flatten().map(Booking::id).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "a booking was completed twice");
    assert_eq!(ids.len(), 12);
}
