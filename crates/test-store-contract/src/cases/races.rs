//! Many at once: whoever wins, the rules hold.

use std::sync::Arc;

use attune_domain::calendar::RuleSettings;
use attune_domain::login_session::LoginSession;
use attune_domain::meeting::{AttendanceEvent, AttendanceEventKind};
use attune_domain::payment::PaymentLedger;
use attune_domain::{Booking, PracticePolicy, Role, Service, User};
use attune_ports::{
    BookingFilter, Conflict, LedgerEntry, LedgerKind, NewRefund, PageRequest, Payment, ProblemKind, Provider, Store,
    StoreError, UserFilter,
};
use jiff::Timestamp;
use jiff::civil::Weekday;

use crate::Backend;
use crate::fixtures::{
    Practice, captured, client, day_off, eur, fact, hours, lease, minutes_after, moved, name, next_version, now, paid,
    participant, payment, policy, problem, refund, reminder, reply, reply_key, restored, session, slot, therapist,
    week,
};
use crate::race::{give_way, insist, open, race};

const ALL: PageRequest = PageRequest { limit: 1_000, offset: 0 };

/// PaymentLedger as a careful use case does: lock, look, write.
async fn book_with_care(
    store: Arc<dyn Store>,
    practice: Practice,
    start: Timestamp,
) -> Result<Option<Booking>, StoreError> {
    insist(async || {
        let mut work = open(&*store).await?;
        work.lock_calendar(practice.therapist).await?;
        let booking = practice.booking(work.next_booking_id().await?, start);
        let taken = work.blocking_bookings(practice.therapist, start, booking.blocked_until()).await?;
        if !taken.is_empty() {
            return Ok(None);
        }
        give_way().await;
        work.add_booking(&booking).await?;
        work.commit().await?;
        Ok(Some(booking))
    })
    .await
}

/// PaymentLedger as a careless use case would: neither lock nor look, so that only the store's own rule is in the way.
async fn book_without_care(
    store: Arc<dyn Store>,
    practice: Practice,
    start: Timestamp,
) -> Result<Option<Booking>, StoreError> {
    let outcome = insist(async || {
        let mut work = open(&*store).await?;
        let booking = practice.booking(work.next_booking_id().await?, start);
        work.add_booking(&booking).await?;
        give_way().await;
        work.commit().await?;
        Ok(booking)
    })
    .await;
    match outcome {
        Ok(booking) => Ok(Some(booking)),
        Err(StoreError::Conflict(Conflict::SlotTaken) | StoreError::Contended) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What readers find after a race: exactly what the winners wrote, and no two sessions at once.
async fn expect_disjoint(backend: &Backend, outcomes: Vec<Result<Option<Booking>, StoreError>>) -> usize {
    let mut won: Vec<_> = outcomes.into_iter().filter_map(|outcome| outcome.expect("won or lost fairly")).collect();
    let mut found = backend.queries.bookings(&BookingFilter::default(), ALL.into()).await.unwrap().items.to_vec();
    won.sort_by_key(|booking| booking.scheduled_at());
    found.sort_by_key(|booking| booking.scheduled_at());
    assert_eq!(won, found, "what was acknowledged is there, and nothing else");
    for pair in found.windows(2) {
        assert!(pair[0].blocked_until() <= pair[1].scheduled_at(), "two sessions at once");
    }
    won.len()
}

/// Sixteen want one slot, with lock and look: one gets it.
pub async fn one_slot_is_booked_once_under_the_calendar_lock(backend: &Backend) {
    let practice = backend.practice().await;
    let outcomes = race(16, |_| book_with_care(Arc::clone(&backend.store), practice, slot(0))).await;
    assert_eq!(expect_disjoint(backend, outcomes).await, 1);
}

/// Eight want one slot and forget the lock: the store's own rule lets one through.
pub async fn one_slot_is_booked_once_by_the_stores_own_rule(backend: &Backend) {
    let practice = backend.practice().await;
    let outcomes = race(8, |_| book_without_care(Arc::clone(&backend.store), practice, slot(0))).await;
    assert_eq!(expect_disjoint(backend, outcomes).await, 1);
}

/// Staggered wishes, each overlapping several others: whoever gets through, no two sessions overlap.
pub async fn staggered_wishes_leave_disjoint_sessions(backend: &Backend) {
    let practice = backend.practice().await;
    let outcomes = race(16, |n| {
        let start = minutes_after(slot(0), 15 * i64::try_from(n).expect("a small number"));
        book_with_care(Arc::clone(&backend.store), practice, start)
    })
    .await;
    assert!(expect_disjoint(backend, outcomes).await >= 1);
}

/// The same without lock and look: the store's own rule alone keeps sessions apart.
pub async fn staggered_wishes_without_care_leave_disjoint_sessions(backend: &Backend) {
    let practice = backend.practice().await;
    let outcomes = race(8, |n| {
        let start = minutes_after(slot(0), 15 * i64::try_from(n).expect("a small number"));
        book_without_care(Arc::clone(&backend.store), practice, start)
    })
    .await;
    assert!(expect_disjoint(backend, outcomes).await >= 1);
}

/// Several sessions are moved onto one slot at the same moment: one gets there.
pub async fn one_slot_is_moved_to_once(backend: &Backend) {
    let practice = backend.practice().await;
    let mut bookings = Vec::new();
    for hour in 10..16 {
        bookings.push(backend.add_booking(|id| practice.booking(id, slot(hour))).await);
    }
    let outcomes = race(bookings.len(), |n| {
        let store = Arc::clone(&backend.store);
        let (moved, _) = bookings[n].clone().reschedule(slot(0), Role::Admin, now()).expect("a move");
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                work.save_booking(&moved).await?;
                give_way().await;
                work.commit().await
            })
            .await
        }
    })
    .await;
    let mut won = 0;
    for outcome in outcomes {
        match outcome {
            Ok(()) => won += 1,
            Err(StoreError::Conflict(Conflict::SlotTaken) | StoreError::Contended) => {}
            Err(error) => panic!("neither moved nor refused: {error:?}"),
        }
    }
    assert_eq!(won, 1);
    let mut work = backend.begin().await;
    assert_eq!(work.blocking_bookings(practice.therapist, slot(0), slot(1)).await.unwrap().len(), 1);
    assert_eq!(work.blocking_bookings(practice.therapist, slot(0), slot(20)).await.unwrap().len(), bookings.len());
}

/// Whoever gets the calendar after somebody else sees what the other one did with it.
pub async fn the_next_holder_of_a_calendar_sees_the_first_ones_booking(backend: &Backend) {
    let practice = backend.practice().await;
    let mut first = backend.begin().await;
    first.lock_calendar(practice.therapist).await.unwrap();
    let store = Arc::clone(&backend.store);
    let next = tokio::spawn(async move {
        insist(async || {
            let mut work = open(&*store).await?;
            work.lock_calendar(practice.therapist).await?;
            work.blocking_bookings(practice.therapist, slot(0), slot(1)).await
        })
        .await
    });
    let booking = practice.booking(first.next_booking_id().await.unwrap(), slot(0));
    first.add_booking(&booking).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(next.await.unwrap().unwrap(), [booking]);
}

/// Four admins disable themselves at the same moment, each after seeing that others are left: one stays.
pub async fn the_last_admin_stays(backend: &Backend) {
    let mut admins = Vec::new();
    for n in 0..4 {
        admins.push(backend.add_user(&therapist(&format!("admin{n}"))).await);
    }
    let outcomes = race(admins.len(), |n| {
        let store = Arc::clone(&backend.store);
        let me = admins[n];
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                if work.lock_enabled_admins().await?.len() < 2 {
                    return Ok(false);
                }
                give_way().await;
                let user = work.user_for_change(me).await?.expect("the account is there");
                work.save_user(&User { disabled: true, ..user }).await?;
                work.commit().await?;
                Ok(true)
            })
            .await
        }
    })
    .await;
    let gone = outcomes.into_iter().filter(|outcome| *outcome.as_ref().expect("left or stayed")).count();
    assert_eq!(gone, 3);
    let mut work = backend.begin().await;
    assert_eq!(work.lock_enabled_admins().await.unwrap().len(), 1);
}

/// One address is registered many times at once: there is one account.
pub async fn one_address_makes_one_account(backend: &Backend) {
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let id = work.add_user(&client("robin")).await?;
                give_way().await;
                work.commit().await?;
                Ok(id)
            })
            .await
        }
    })
    .await;
    let mut made = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(id) => made.push(id),
            Err(StoreError::Conflict(Conflict::EmailTaken) | StoreError::Contended) => {}
            Err(error) => panic!("neither made nor refused: {error:?}"),
        }
    }
    let found = backend.queries.users(&UserFilter::default(), ALL).await.unwrap();
    assert_eq!(found.items.iter().map(|user| user.id).collect::<Vec<_>>(), made);
    assert_eq!(made.len(), 1);
}

/// Eight change one booking at once, each after reading it under its lock: no change is lost.
pub async fn no_change_of_a_booking_is_lost(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        let id = booking.id();
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let found = work.booking(id).await?.expect("the booking is there");
                give_way().await;
                work.save_booking(&restored(next_version(&found))).await?;
                work.commit().await
            })
            .await
        }
    })
    .await;
    for outcome in outcomes {
        outcome.expect("nobody else can change the row in between");
    }
    assert_eq!(backend.read_booking(booking.id()).await.unwrap().version(), 9);
}

/// Eight write the same next version of a booking without having read it under its lock: one does.
pub async fn one_of_many_stale_writers_wins(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let next = restored(next_version(&booking));
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        let next = next.clone();
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                work.save_booking(&next).await?;
                give_way().await;
                work.commit().await
            })
            .await
        }
    })
    .await;
    let mut won = 0;
    for outcome in outcomes {
        match outcome {
            Ok(()) => won += 1,
            Err(StoreError::Conflict(Conflict::Stale) | StoreError::Contended) => {}
            Err(error) => panic!("neither written nor stale: {error:?}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(backend.read_booking(booking.id()).await.unwrap(), next);
}

/// Eight change one account and one login at once, each after reading them for the change: no change is lost.
pub async fn no_change_of_an_account_or_a_login_is_lost(backend: &Backend) {
    let practice = backend.practice().await;
    let login = backend.keep(async |work| work.add_login_session(&session(practice.client)).await).await;
    let named = User { first_name: Some(name("0")), ..backend.queries.user(practice.client).await.unwrap().unwrap() };
    backend.keep(async |work| work.save_user(&named).await).await;
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let user = work.user_for_change(practice.client).await?.expect("the account is there");
                give_way().await;
                let count: u32 = user.first_name.as_ref().expect("a name").as_str().parse().expect("a number");
                work.save_user(&User { first_name: Some(name(&(count + 1).to_string())), ..user }).await?;
                let found = work.session(login).await?.expect("the login is there");
                give_way().await;
                work.save_login_session(&LoginSession { generation: found.generation + 1, ..found }).await?;
                work.commit().await
            })
            .await
        }
    })
    .await;
    for outcome in outcomes {
        outcome.expect("nobody else can change the rows in between");
    }
    let caller = backend.queries.caller(login).await.unwrap().unwrap();
    assert_eq!(caller.user.first_name, Some(name("8")));
    assert_eq!(caller.session.generation, 9);
}

/// Ids that were given out at the same moment differ.
pub async fn booking_ids_are_given_out_once(backend: &Backend) {
    let practice = backend.practice().await;
    let outcomes = race(8, |n| {
        let store = Arc::clone(&backend.store);
        let start = slot(i64::try_from(n).expect("a small number"));
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let booking = practice.booking(work.next_booking_id().await?, start);
                work.add_booking(&booking).await?;
                work.commit().await?;
                Ok(Some(booking))
            })
            .await
        }
    })
    .await;
    assert_eq!(expect_disjoint(backend, outcomes).await, 8);
}

/// Workers that claim at the same moment never get the same mail, and together they get all.
pub async fn concurrent_claims_are_disjoint(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let queued: Vec<_> = (0..20).map(|n| reminder(&booking, 10 + n, now())).collect();
    backend.keep(async |work| work.enqueue(&queued).await).await;
    let outcomes = race(4, |worker| {
        let store = Arc::clone(&backend.store);
        let seed = u8::try_from(worker).expect("a small number");
        async move {
            let mut mine = Vec::new();
            loop {
                let claimed = insist(async || {
                    let mut work = open(&*store).await?;
                    let claimed = work.lease_notifications(3, now(), &lease(seed, slot(0))).await?;
                    give_way().await;
                    work.commit().await?;
                    Ok(claimed)
                })
                .await
                .expect("a claim");
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed);
            }
        }
    })
    .await;
    let mut ids: Vec<_> = outcomes.iter().flatten().map(|notice| notice.id).collect();
    let rest = backend.keep(async |work| work.lease_notifications(50, now(), &lease(99, slot(0))).await).await;
    ids.extend(rest.iter().map(|notice| notice.id));
    ids.sort_unstable();
    let taken = ids.len();
    ids.dedup();
    assert_eq!((taken, ids.len()), (20, 20), "every mail once");
    assert!(backend.queries.notices(booking.id()).await.unwrap().iter().all(|notice| notice.attempts == 1));
}

/// One mail is owed by many at the same moment: it is owed once, and one of them is told that it is new.
pub async fn one_mail_is_owed_once_by_many(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let queued = [reminder(&booking, 10, now()), reminder(&booking, 20, now())];
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        let queued = queued.clone();
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let new = work.enqueue(&queued).await?;
                give_way().await;
                work.commit().await?;
                Ok(new)
            })
            .await
        }
    })
    .await;
    let new: u64 = outcomes.into_iter().map(|outcome| outcome.expect("queued, by whomever")).sum();
    assert_eq!(new, 2);
    assert_eq!(backend.queries.notices(booking.id()).await.unwrap().len(), 2);
}

/// One payment is recorded by many at the same moment: it is known once.
pub async fn one_payment_reference_is_recorded_once(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        let new = payment(booking.id(), "r");
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                work.add_payment(&new).await?;
                give_way().await;
                work.commit().await
            })
            .await
        }
    })
    .await;
    let mut won = 0;
    for outcome in outcomes {
        match outcome {
            Ok(()) => won += 1,
            Err(StoreError::Conflict(Conflict::ProviderIdTaken) | StoreError::Contended) => {}
            Err(error) => panic!("neither recorded nor refused: {error:?}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(backend.queries.payments(booking.id()).await.unwrap().len(), 1);
}

/// Two attempts are given one reference at the same moment by each of many: it leads to one of them.
pub async fn one_payment_reference_is_given_once(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let mut attempts = Vec::new();
    for n in 0..8 {
        attempts.push(backend.add_payment(payment(booking.id(), &format!("opening:{n}"))).await.id);
    }
    let outcomes = race(attempts.len(), |n| {
        let store = Arc::clone(&backend.store);
        let named = payment(booking.id(), "named").with_id(attempts[n]);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                work.save_payment(&named).await?;
                give_way().await;
                work.commit().await?;
                Ok(named.id)
            })
            .await
        }
    })
    .await;
    let mut named = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(id) => named.push(id),
            Err(StoreError::Conflict(Conflict::ProviderIdTaken) | StoreError::Contended) => {}
            Err(error) => panic!("neither named nor refused: {error:?}"),
        }
    }
    assert_eq!(named.len(), 1);
    let found = backend.queries.payment_by_checkout_id(Provider::Test, "named").await.unwrap();
    assert_eq!(found.map(|payment| payment.id), named.first().copied());
}

/// What readers find after a race for refunds: exactly what was acknowledged, and no more than came in.
async fn expect_refunds(backend: &Backend, payment: &Payment, acknowledged: Vec<NewRefund>) {
    let mut keys: Vec<_> = acknowledged.into_iter().map(|refund| refund.idempotency_key).collect();
    let found = backend.queries.refunds(payment.booking).await.unwrap();
    let mut found_keys: Vec<_> = found.iter().map(|refund| refund.idempotency_key.clone()).collect();
    keys.sort_unstable();
    found_keys.sort_unstable();
    assert_eq!(keys, found_keys, "what was acknowledged is there, and nothing else");
    let promised: i64 = found.iter().map(|refund| refund.amount.minor()).sum();
    assert!(promised <= payment.amount.minor(), "{promised} goes back of {}", payment.amount);
}

/// Sixteen want to give back a part of one payment, and look what is left with the booking in hand: as many get through as
/// there is money, and none is taken by surprise.
pub async fn no_more_goes_back_than_came_in(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let came = backend.add_payment(paid(booking.id(), "r")).await;
    let outcomes = race(16, |n| {
        let (store, came) = (Arc::clone(&backend.store), came.clone());
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                work.booking(came.booking).await?.expect("the booking is there");
                let mut books = PaymentLedger::new(came.amount.currency());
                for payment in work.payments_of(came.booking).await? {
                    books = books.with_payment(payment.state, payment.amount);
                }
                for refund in work.refunds_of(came.booking).await? {
                    books = books.with_refund(refund.stage, refund.amount);
                }
                let Ok(amount) = books.check_refund(Some(eur(2_500))) else { return Ok(None) };
                give_way().await;
                let new = NewRefund { amount, ..refund(&came, &format!("k{n}")) };
                work.add_refund(&new).await?;
                give_way().await;
                work.commit().await?;
                Ok(Some(new))
            })
            .await
        }
    })
    .await;
    let given: Vec<_> = outcomes.into_iter().filter_map(|outcome| outcome.expect("it only had to wait")).collect();
    assert_eq!(given.len(), 3, "of ninety euros");
    expect_refunds(backend, &came, given).await;
}

/// The same without looking and without the booking in hand: the store's own rule alone keeps the money together.
pub async fn no_more_goes_back_than_came_in_by_the_stores_own_rule(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let came = backend.add_payment(paid(booking.id(), "r")).await;
    let outcomes = race(16, |n| {
        let store = Arc::clone(&backend.store);
        let new = NewRefund { amount: eur(2_500), ..refund(&came, &format!("k{n}")) };
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                work.add_refund(&new).await?;
                give_way().await;
                work.commit().await?;
                Ok(new.clone())
            })
            .await
        }
    })
    .await;
    let mut given = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(new) => given.push(new),
            Err(StoreError::Conflict(Conflict::RefundTooLarge) | StoreError::Contended) => {}
            Err(error) => panic!("neither given back nor refused: {error:?}"),
        }
    }
    assert_eq!(given.len(), 3, "of ninety euros");
    expect_refunds(backend, &came, given).await;
}

/// One refund of all that came in is promised many times at once, without looking: it is promised once, and the others
/// learn that it was.
pub async fn one_refund_is_promised_once(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let came = backend.add_payment(paid(booking.id(), "r")).await;
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        let new = NewRefund { amount: eur(9_000), ..refund(&came, "k") };
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                work.add_refund(&new).await?;
                give_way().await;
                work.commit().await?;
                Ok(new.clone())
            })
            .await
        }
    })
    .await;
    let mut given = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(new) => given.push(new),
            Err(StoreError::Conflict(Conflict::RefundExists) | StoreError::Contended) => {}
            Err(error) => panic!("neither promised nor known: {error:?}"),
        }
    }
    assert_eq!(given.len(), 1);
    expect_refunds(backend, &came, given).await;
}

/// Refunds of many payments, all of one booking, do not get in each other's way for good, in whatever order they are made.
pub async fn refunds_of_many_payments_all_get_through(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let mut came = Vec::new();
    for n in 0..4 {
        came.push(backend.add_payment(paid(booking.id(), &format!("r{n}"))).await);
    }
    let outcomes = race(8, |n| {
        let store = Arc::clone(&backend.store);
        let mut wanted: Vec<_> =
            (0..4).map(|p| NewRefund { amount: eur(1_125), ..refund(&came[p], &format!("k{n}-{p}")) }).collect();
        wanted.rotate_left(n % 4);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                work.booking(wanted[0].booking).await?.expect("the booking is there");
                for new in &wanted {
                    work.add_refund(new).await?;
                }
                give_way().await;
                work.commit().await
            })
            .await
        }
    })
    .await;
    for outcome in outcomes {
        outcome.expect("there is enough for everybody");
    }
    let found = backend.queries.refunds(booking.id()).await.unwrap();
    assert_eq!((found.len(), found.iter().map(|r| r.amount.minor()).sum::<i64>()), (32, 36_000));
}

/// Many write down at once that one payment came in, and then that parts of it left, without the booking in hand: it came
/// in once, and no more left than came in.
pub async fn the_ledger_balances_whoever_writes(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let came = backend.add_payment(paid(booking.id(), "r")).await;
    let write = async |lines: Vec<LedgerEntry>| {
        let outcomes = race(lines.len(), |n| {
            let store = Arc::clone(&backend.store);
            let line = lines[n].clone();
            async move {
                insist(async || {
                    let mut work = open(&*store).await?;
                    work.add_ledger_entry(&line).await?;
                    give_way().await;
                    work.commit().await
                })
                .await
            }
        })
        .await;
        let mut written = 0;
        for outcome in outcomes {
            match outcome {
                Ok(()) => written += 1,
                Err(StoreError::Conflict(Conflict::LedgerUnbalanced) | StoreError::Contended) => {}
                Err(error) => panic!("neither written nor refused: {error:?}"),
            }
        }
        written
    };
    assert_eq!(write(vec![captured(&came); 8]).await, 1);
    let mut leaving = Vec::new();
    for n in 0..12 {
        let back = backend.add_refund(NewRefund { amount: eur(1), ..refund(&came, &format!("k{n}")) }).await;
        leaving.push(LedgerEntry { amount: eur(2_500), ..moved(&back, LedgerKind::Refunded) });
    }
    assert_eq!(write(leaving).await, 3, "of ninety euros");
    let lines = backend.queries.ledger(booking.id()).await.unwrap();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines.iter().map(|line| line.kind.signed(line.amount)).sum::<i64>(), 1_500);
}

/// One event is told to many at the same moment: it is new to one of them, and none fails.
pub async fn one_event_is_new_to_one(backend: &Backend) {
    let outcomes = race(16, |_| {
        let store = Arc::clone(&backend.store);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let new = work.add_payment_event(Provider::Stripe, "evt_1", now()).await?;
                give_way().await;
                work.commit().await?;
                Ok(new)
            })
            .await
        }
    })
    .await;
    let new = outcomes.into_iter().filter(|outcome| *outcome.as_ref().expect("new, to whomever")).count();
    assert_eq!(new, 1);
}

/// One event is told to many at the same moment, and whoever hears it first gives up: it is new to one of the others.
pub async fn an_event_given_up_is_new_to_another(backend: &Backend) {
    let mut first = backend.begin().await;
    assert!(first.add_payment_event(Provider::Stripe, "evt_1", now()).await.unwrap());
    let outcomes = tokio::spawn({
        let store = Arc::clone(&backend.store);
        async move {
            race(4, |_| {
                let store = Arc::clone(&store);
                async move {
                    insist(async || {
                        let mut work = open(&*store).await?;
                        let new = work.add_payment_event(Provider::Stripe, "evt_1", now()).await?;
                        work.commit().await?;
                        Ok(new)
                    })
                    .await
                }
            })
            .await
        }
    });
    give_way().await;
    drop(first);
    let outcomes = outcomes.await.expect("the race ended");
    let new = outcomes.into_iter().filter(|outcome| *outcome.as_ref().expect("new, to whomever")).count();
    assert_eq!(new, 1);
}

/// Many forget old events at once: each is forgotten once.
pub async fn one_event_is_forgotten_once(backend: &Backend) {
    for n in 0..20 {
        let new =
            backend.keep(async |work| work.add_payment_event(Provider::Stripe, &format!("evt_{n}"), now()).await).await;
        assert!(new);
    }
    let outcomes = race(6, |_| {
        let store = Arc::clone(&backend.store);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let forgotten = work.purge_payment_events(minutes_after(now(), 1), 7).await?;
                assert!(forgotten <= 7);
                give_way().await;
                work.commit().await?;
                Ok(forgotten)
            })
            .await
        }
    })
    .await;
    let forgotten: u64 = outcomes.into_iter().map(|outcome| outcome.expect("forgotten, by whomever")).sum();
    let rest = backend.keep(async |work| work.purge_payment_events(minutes_after(now(), 1), 100).await).await;
    assert_eq!(forgotten + rest, 20);
}

/// One problem is noted by many at the same moment: it is new to one of them, and none fails.
pub async fn one_problem_is_noted_once(backend: &Backend) {
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let new = work.add_payment_problem(&problem("k", ProblemKind::WrongAmount)).await?;
                give_way().await;
                work.commit().await?;
                Ok(new)
            })
            .await
        }
    })
    .await;
    let new = outcomes.into_iter().filter(|outcome| *outcome.as_ref().expect("noted, by whomever")).count();
    assert_eq!(new, 1);
    assert_eq!(backend.queries.payment_problems(9).await.unwrap().len(), 1);
}

/// One problem is settled by many at the same moment: one of them settles it.
pub async fn one_problem_is_settled_once(backend: &Backend) {
    backend.keep(async |work| work.add_payment_problem(&problem("k", ProblemKind::WrongAmount)).await).await;
    let id = backend.queries.payment_problems(9).await.unwrap()[0].id;
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let settled = work.resolve_payment_problem(id, now()).await?;
                give_way().await;
                work.commit().await?;
                Ok(settled.is_some())
            })
            .await
        }
    })
    .await;
    let settled = outcomes.into_iter().filter(|outcome| *outcome.as_ref().expect("settled, by whomever")).count();
    assert_eq!(settled, 1);
}

/// One address is invited many times at once: one invitation stands, and the others are told that it does.
pub async fn one_address_is_invited_once(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        let new = participant(&booking, "partner");
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let id = work.add_participant(&new).await?;
                give_way().await;
                work.commit().await?;
                Ok(id)
            })
            .await
        }
    })
    .await;
    let mut made = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(id) => made.push(id),
            Err(StoreError::Conflict(Conflict::AlreadyInvited) | StoreError::Contended) => {}
            Err(error) => panic!("neither invited nor refused: {error:?}"),
        }
    }
    assert_eq!(made.len(), 1);
    let found = backend.queries.participants(booking.id()).await.unwrap();
    assert_eq!(found.iter().map(|participant| participant.id).collect::<Vec<_>>(), made);
}

/// Eight look at one invitation at once and take it back if it stands: whoever has it in hand, nobody else changes it
/// meanwhile, so one takes it back and none is taken by surprise.
pub async fn an_invitation_in_hand_is_changed_by_nobody_else(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let id = backend.keep(async |work| work.add_participant(&participant(&booking, "partner")).await).await;
    let outcomes = race(8, |n| {
        let store = Arc::clone(&backend.store);
        let when = minutes_after(now(), i64::try_from(n).expect("a small number"));
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let found = work.participant(id).await?.expect("the invitation is there");
                // Time enough for everybody to look, if they could.
                for _ in 0..20 {
                    work.invited_participants(found.booking).await?;
                }
                if !found.is_invited() {
                    return Ok(None);
                }
                work.revoke_participant(id, when).await?;
                work.commit().await?;
                Ok(Some(when))
            })
            .await
        }
    })
    .await;
    let done: Vec<_> = outcomes.into_iter().filter_map(|outcome| outcome.expect("taken back, by whomever")).collect();
    assert_eq!(done.len(), 1);
    let found = backend.queries.participant(id).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(done[0]));
}

/// Eight take back one invitation without having looked at it: one does.
pub async fn one_invitation_is_taken_back_once(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let id = backend.keep(async |work| work.add_participant(&participant(&booking, "partner")).await).await;
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                work.revoke_participant(id, now()).await?;
                give_way().await;
                work.commit().await
            })
            .await
        }
    })
    .await;
    let mut won = 0;
    for outcome in outcomes {
        match outcome {
            Ok(()) => won += 1,
            Err(StoreError::Conflict(Conflict::Stale) | StoreError::Contended) => {}
            Err(error) => panic!("neither taken back nor stale: {error:?}"),
        }
    }
    assert_eq!(won, 1);
}

/// One room is opened many times at once: there is one conference, and who came later finds it.
pub async fn one_room_is_opened_once(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        let id = booking.id();
        async move {
            let opened = insist(async || {
                let mut work = open(&*store).await?;
                let opened = work.open_conference(id, now()).await?;
                give_way().await;
                work.commit().await?;
                Ok(opened)
            })
            .await;
            match opened {
                Ok(opened) => Ok((opened, true)),
                Err(StoreError::Conflict(Conflict::ConferenceOpen)) => {
                    let mut work = open(&*store).await?;
                    let found = work.open_conference_of(id).await?.expect("somebody opened it");
                    Ok((found.id, false))
                }
                Err(error) => Err(error),
            }
        }
    })
    .await;
    let outcomes: Vec<_> = outcomes.into_iter().map(|outcome| outcome.expect("opened, or open already")).collect();
    assert_eq!(outcomes.iter().filter(|(_, opened)| *opened).count(), 1);
    assert!(outcomes.iter().all(|(id, _)| *id == outcomes[0].0), "{outcomes:?}");
}

/// One conference is ended many times at once: one of them ends it.
pub async fn one_conference_is_ended_once(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let id = backend.keep(async |work| work.open_conference(booking.id(), now()).await).await;
    let outcomes = race(8, |n| {
        let store = Arc::clone(&backend.store);
        let when = minutes_after(now(), i64::try_from(n).expect("a small number"));
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let ended = work.close_conference(id, when).await?;
                give_way().await;
                work.commit().await?;
                Ok(ended.then_some(when))
            })
            .await
        }
    })
    .await;
    let ended: Vec<_> = outcomes.into_iter().filter_map(|outcome| outcome.expect("ended, by whomever")).collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(backend.queries.conference(id).await.unwrap().unwrap().closed_at, Some(ended[0]));
}

/// The same facts are told by many at once, each in another order and with some twice: each fact is kept once, and as
/// many are told to be new as there are.
pub async fn facts_told_by_many_are_kept_once(backend: &Backend) {
    let practice = backend.practice().await;
    let booking = backend.add_booking(|id| practice.booking(id, slot(0))).await;
    let facts: Vec<AttendanceEvent> = (0..12)
        .map(|n| {
            fact(
                &format!("o{}", n % 3),
                AttendanceEventKind::ALL[n % 2],
                minutes_after(slot(0), i64::try_from(n).unwrap()),
            )
        })
        .collect();
    let outcomes = race(8, |n| {
        let store = Arc::clone(&backend.store);
        let mut facts = facts.clone();
        if n % 2 == 0 {
            facts.reverse();
        }
        facts.rotate_left(n);
        facts.extend_from_within(..3);
        let id = booking.id();
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let new = work.add_attendance(id, &facts).await?;
                give_way().await;
                work.commit().await?;
                Ok(new)
            })
            .await
        }
    })
    .await;
    let new: u64 = outcomes.into_iter().map(|outcome| outcome.expect("kept, by whomever")).sum();
    assert_eq!(new, 12);
    let kept: Vec<_> = backend.queries.attendance(&[booking.id()]).await.unwrap().into_iter().map(|(_, f)| f).collect();
    assert_eq!(kept, facts, "they were made in order");
}

/// One wish is made many times at once, by callers who ask first whether it was answered: one of them does it, and all
/// get the same reply.
pub async fn one_wish_made_by_many_is_done_once(backend: &Backend) {
    let practice = backend.practice().await;
    let key = reply_key(practice.therapist, "k");
    let outcomes = race(8, |n| {
        let (store, key) = (Arc::clone(&backend.store), key.clone());
        let mine = reply(&n.to_string());
        async move {
            // Others may still be faster between the asking and the keeping; then the next try finds their reply.
            let once = insist(async || {
                let mut work = open(&*store).await?;
                if let Some(kept) = work.stored_response(&key).await? {
                    return Ok(Some(kept));
                }
                give_way().await;
                work.add_schedule_exception(&day_off(practice.therapist, "2027-05-01")).await?;
                match work.save_response(&key, &mine).await {
                    Err(StoreError::Conflict(Conflict::IdempotencyKeyTaken)) => return Ok(None),
                    kept => kept?,
                }
                give_way().await;
                work.commit().await?;
                Ok(Some(mine.clone()))
            })
            .await?;
            match once {
                Some(kept) => Ok(Some(kept)),
                None => open(&*store).await?.stored_response(&key).await,
            }
        }
    })
    .await;
    let kept = backend.attempt(async |work| work.stored_response(&key).await).await.unwrap();
    assert!(kept.is_some());
    for outcome in outcomes {
        assert_eq!(outcome.expect("done, or done already"), kept);
    }
    assert_eq!(backend.queries.time_off(None).await.unwrap().len(), 1, "it was done once");
}

/// One reply is kept many times at once by callers who do not ask first: one is kept, the others hear of it.
pub async fn one_reply_is_kept_once(backend: &Backend) {
    let practice = backend.practice().await;
    let key = reply_key(practice.client, "k");
    let outcomes = race(8, |n| {
        let (store, key) = (Arc::clone(&backend.store), key.clone());
        let mine = reply(&n.to_string());
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                work.save_response(&key, &mine).await?;
                give_way().await;
                work.commit().await?;
                Ok(mine.clone())
            })
            .await
        }
    })
    .await;
    let mut won = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(kept) => won.push(kept),
            Err(error) => assert!(error.is_conflict(Conflict::IdempotencyKeyTaken), "{error:?}"),
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(backend.attempt(async |work| work.stored_response(&key).await).await.unwrap().as_ref(), won.first());
}

/// Different wishes, and the same wish of different people, do not become each other's.
pub async fn wishes_of_many_are_answered_apart(backend: &Backend) {
    let practice = backend.practice().await;
    let key = |n: usize| reply_key([practice.client, practice.therapist][n % 2], &format!("k{}", n / 2));
    let outcomes = race(8, |n| {
        let (store, key) = (Arc::clone(&backend.store), key(n));
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                assert_eq!(work.stored_response(&key).await?, None);
                give_way().await;
                work.save_response(&key, &reply(&n.to_string())).await?;
                work.commit().await
            })
            .await
        }
    })
    .await;
    for (n, outcome) in outcomes.into_iter().enumerate() {
        outcome.expect("nobody else has this wish");
        let kept = backend.attempt(async |work| work.stored_response(&key(n)).await).await.unwrap();
        assert_eq!(kept, Some(reply(&n.to_string())));
    }
}

/// Many forget old replies at once: each is forgotten once.
pub async fn one_reply_is_forgotten_once(backend: &Backend) {
    let practice = backend.practice().await;
    for n in 0..20 {
        let key = reply_key(practice.client, &format!("k{n}"));
        backend.keep(async |work| work.save_response(&key, &reply("{}")).await).await;
    }
    let outcomes = race(6, |_| {
        let store = Arc::clone(&backend.store);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let forgotten = work.purge_responses(minutes_after(now(), 1), 7).await?;
                assert!(forgotten <= 7);
                give_way().await;
                work.commit().await?;
                Ok(forgotten)
            })
            .await
        }
    })
    .await;
    let forgotten: u64 = outcomes.into_iter().map(|outcome| outcome.expect("forgotten, by whomever")).sum();
    let rest = backend.keep(async |work| work.purge_responses(minutes_after(now(), 1), 100).await).await;
    assert_eq!(forgotten + rest, 20);
}

/// Eight raise the price of one service at once, each after reading it for the change: no change is lost.
pub async fn no_change_of_a_service_is_lost(backend: &Backend) {
    let practice = backend.practice().await;
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let found = work.service_for_change(practice.service).await?.expect("the service is there");
                give_way().await;
                work.save_service(&Service { price: eur(found.price.minor() + 1), ..found }).await?;
                work.commit().await
            })
            .await
        }
    })
    .await;
    for outcome in outcomes {
        outcome.expect("nobody else can change the row in between");
    }
    assert_eq!(backend.queries.services().await.unwrap()[0].price, eur(9_008));
}

/// A week and a policy that were never set are set by many at once: each is one of those that were written, whole.
pub async fn what_many_set_is_one_of_theirs(backend: &Backend) {
    let practice = backend.practice().await;
    let mine = |n: usize| {
        let mut days = Weekday::Monday.cycle_forward();
        let day = days.nth(n % 7).expect("it never ends");
        let schedule = week(&[(day, hours("09:00", "12:00")), (day.next(), hours("09:00", "12:00"))]);
        let cap = Some(u32::try_from(n + 1).expect("a small number"));
        let decided = PracticePolicy { rules: RuleSettings { daily_limit: cap, ..policy().rules }, ..policy() };
        (schedule, decided)
    };
    let outcomes = race(6, |n| {
        let store = Arc::clone(&backend.store);
        let (schedule, decided) = mine(n);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                work.set_schedule(practice.therapist, &schedule).await?;
                give_way().await;
                work.set_policy(&decided).await?;
                give_way().await;
                work.commit().await
            })
            .await
        }
    })
    .await;
    for outcome in outcomes {
        outcome.expect("it only had to wait");
    }
    let mut found = backend.queries.calendar_settings(practice.therapist).await.unwrap();
    if let Some(schedule) = &mut found.schedule {
        schedule.week.sort_by_key(|(day, _)| day.to_monday_one_offset());
    }
    let written = (0..6).map(mine).any(|(mut schedule, decided)| {
        schedule.week.sort_by_key(|(day, _)| day.to_monday_one_offset());
        found.schedule == Some(schedule) && found.policy == decided
    });
    assert!(written, "{found:?}");
}

/// One entry of time off is forgotten many times at once: one of them forgets it.
pub async fn one_entry_is_forgotten_once(backend: &Backend) {
    let practice = backend.practice().await;
    let id =
        backend.keep(async |work| work.add_schedule_exception(&day_off(practice.therapist, "2027-05-01")).await).await;
    let outcomes = race(8, |_| {
        let store = Arc::clone(&backend.store);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let forgotten = work.remove_schedule_exception(id).await?;
                give_way().await;
                work.commit().await?;
                Ok(forgotten)
            })
            .await
        }
    })
    .await;
    let forgotten = outcomes.into_iter().filter(|outcome| *outcome.as_ref().expect("forgotten, by whomever")).count();
    assert_eq!(forgotten, 1);
}

/// Many look for sessions that ended and complete what they find: each session is completed once.
pub async fn ended_sessions_are_completed_once(backend: &Backend) {
    let practice = backend.practice().await;
    for hour in 0..12 {
        backend.add_booking(|id| practice.booking(id, slot(hour))).await;
    }
    let outcomes = race(4, |_| {
        let store = Arc::clone(&backend.store);
        async move {
            insist(async || {
                let mut work = open(&*store).await?;
                let ended = work.ended_bookings(slot(20), 5).await?;
                give_way().await;
                for booking in &ended {
                    let (completed, _) = booking.clone().complete(slot(20)).expect("it is over");
                    work.save_booking(&completed).await?;
                }
                work.commit().await?;
                Ok(ended.iter().map(|booking| booking.id()).collect::<Vec<_>>())
            })
            .await
        }
    })
    .await;
    let mut completed: Vec<_> = outcomes.into_iter().flat_map(|outcome| outcome.expect("no row is stale")).collect();
    let rest = backend.attempt(async |work| work.ended_bookings(slot(20), 100).await).await.unwrap();
    completed.extend(rest.iter().map(|booking| booking.id()));
    completed.sort_unstable();
    assert!(completed.windows(2).all(|pair| pair[0] != pair[1]), "one was completed twice");
    assert_eq!(completed.len(), 12);
}
