//! Pages of lists of bookings: by offset and by cursor, in both orders, while the list changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use attune_domain::{Booking, BookingId, BookingRecord, BookingStatus, PaymentStatus};
use attune_ports::{
    BookingCursor, BookingFilter, BookingOrder, BookingPage, BookingPageRequest, PageStart, Queries, StoreError,
};

use super::lists::busy_week;
use crate::Backend;
use crate::fixtures::{
    PracticeFixture, client, in_state, legal_states, minutes_after, next_version, restored, slot, therapist,
};
use crate::race::{insist, open, race};

const BOTH_WAYS: [BookingOrder; 2] = [BookingOrder::Earliest, BookingOrder::Latest];

async fn page(queries: &dyn Queries, filter: &BookingFilter, limit: u32, start: PageStart) -> BookingPage {
    queries.bookings(filter, BookingPageRequest { limit, start }).await.expect("a page")
}

fn ids(page: &BookingPage) -> Vec<BookingId> {
    page.items.iter().map(|booking| booking.id()).collect()
}

fn fits(filter: &BookingFilter, booking: &Booking) -> bool {
    filter.client.is_none_or(|client| booking.client() == client)
        && filter.therapist.is_none_or(|therapist| booking.therapist() == therapist)
        && filter.status.is_none_or(|status| booking.status() == status)
        && filter.payment_status.is_none_or(|status| booking.payment_status() == status)
        && filter.from.is_none_or(|from| booking.scheduled_at() >= from)
        && filter.to.is_none_or(|to| booking.scheduled_at() < to)
}

/// The whole list as cursors.
fn whole(bookings: &[Booking], filter: &BookingFilter) -> Vec<BookingCursor> {
    let mut cursors: Vec<_> = bookings.iter().filter(|b| fits(filter, b)).map(BookingCursor::from).collect();
    cursors.sort_unstable();
    if filter.order == BookingOrder::Latest {
        cursors.reverse();
    }
    cursors
}

/// Filters with every set of parts, in both orders, with a value for each part that some booking has.
fn filters(example: &Booking) -> Vec<BookingFilter> {
    let mut filters = Vec::new();
    for parts in 0..64_u8 {
        let has = |part: u8| parts & (1 << part) != 0;
        for order in BOTH_WAYS {
            filters.push(BookingFilter {
                search: None,
                series: None,
                client: has(0).then_some(example.client()),
                therapist: has(1).then_some(example.therapist()),
                status: has(2).then_some(example.status()),
                payment_status: has(3).then_some(example.payment_status()),
                from: has(4).then(|| minutes_after(example.scheduled_at(), -60)),
                to: has(5).then(|| minutes_after(example.scheduled_at(), 61)),
                order,
            });
        }
    }
    filters
}

/// Filters by every legal pair of states, by each half of it, and by neither.
fn state_filters() -> impl Iterator<Item = BookingFilter> {
    legal_states().flat_map(|(status, paid)| {
        let pairs = [(None, None), (Some(status), None), (None, Some(paid)), (Some(status), Some(paid))];
        pairs.map(|(status, payment_status)| BookingFilter { status, payment_status, ..BookingFilter::default() })
    })
}

/// Checks that a page is the part of the list from one index, and at most so long.
fn expect_page(found: &BookingPage, list: &[BookingCursor], from: usize, limit: usize, what: &str) {
    let from = from.min(list.len());
    let to = (from + limit).min(list.len());
    let wanted: Vec<_> = list[from..to].iter().map(|cursor| cursor.id).collect();
    assert_eq!(ids(found), wanted, "{what}");
    assert_eq!(found.total, u64::try_from(list.len()).unwrap(), "{what}");
    let more = to < list.len() && to > from;
    assert_eq!(found.next, more.then(|| list[to - 1]), "{what}");
}

/// Checks the pages after a cursor, which need not be in the list.
async fn expect_page_after(backend: &Backend, filter: &BookingFilter, list: &[BookingCursor], cursor: BookingCursor) {
    let from = list.partition_point(|at| match filter.order {
        BookingOrder::Earliest => *at <= cursor,
        BookingOrder::Latest => *at >= cursor,
    });
    for limit in [3, 50] {
        let found = page(&*backend.queries, filter, limit, PageStart::After(cursor)).await;
        expect_page(&found, list, from, usize::try_from(limit).unwrap(), &format!("{filter:?} after {cursor:?}"));
    }
}

pub async fn cursors_and_offsets_give_the_same_pages(backend: &Backend) {
    let (_, _, bookings) = busy_week(backend).await;
    for example in [&bookings[0], &bookings[1]] {
        for filter in filters(example) {
            let list = whole(&bookings, &filter);
            for limit in [1_u32, 2, 4, 50] {
                let size = usize::try_from(limit).unwrap();
                let (mut start, mut from) = (PageStart::Offset(0), 0);
                loop {
                    let what = format!("{filter:?}, {limit} from {start:?}");
                    let by_cursor = page(&*backend.queries, &filter, limit, start).await;
                    expect_page(&by_cursor, &list, from, size, &what);
                    let offset = PageStart::Offset(u64::try_from(from).unwrap());
                    assert_eq!(by_cursor, page(&*backend.queries, &filter, limit, offset).await, "{what}");
                    let Some(next) = by_cursor.next else { break };
                    (start, from) = (PageStart::After(next), from + size);
                }
                assert!(from + size >= list.len(), "{filter:?} ended early");
            }
        }
    }
}

pub async fn a_cursor_need_not_be_a_bookings(backend: &Backend) {
    let (first, _, bookings) = busy_week(backend).await;
    let highest = bookings.iter().map(|booking| booking.id().get()).max().unwrap();
    for client in [None, Some(first.client)] {
        for order in BOTH_WAYS {
            let filter = BookingFilter { client, order, ..BookingFilter::default() };
            let list = whole(&bookings, &filter);
            for minutes in [-1_000, 0, 30, 60, 180, 181, 240, 10_000] {
                for id in 1..=highest + 1 {
                    let scheduled_at = minutes_after(slot(0), minutes);
                    let cursor = BookingCursor { scheduled_at, id: BookingId::new(id).unwrap() };
                    expect_page_after(backend, &filter, &list, cursor).await;
                }
            }
        }
    }
}

pub async fn a_cursor_is_valid_in_every_list(backend: &Backend) {
    let (first, second, bookings) = busy_week(backend).await;
    let everything = BookingFilter::default();
    for order in BOTH_WAYS {
        let filter = BookingFilter { client: Some(first.client), order, ..everything.clone() };
        let list = whole(&bookings, &filter);
        for cursor in whole(&bookings, &BookingFilter { client: Some(second.client), ..everything.clone() }) {
            expect_page_after(backend, &filter, &list, cursor).await;
        }
    }
}

/// What comes behind the cursor is listed, what comes before it is not, and the total is always the current one.
pub async fn cursors_continue_while_the_list_changes(backend: &Backend) {
    let practice = backend.practice().await;
    for order in BOTH_WAYS {
        // A client and a therapist of its own for each order.
        let name = format!("{order:?}").to_lowercase();
        let client = backend.add_user(&client(&name)).await;
        let therapist = backend.add_user(&therapist(&format!("therapist-{name}"))).await;
        let practice = PracticeFixture { client, therapist, ..practice };
        let status = Some(BookingStatus::Scheduled);
        let filter = BookingFilter { client: Some(client), status, order, ..BookingFilter::default() };
        // Every other hour, so that there is room between them.
        let mut before = Vec::new();
        for n in 0..8 {
            before.push(backend.book(practice, 2 * n).await);
        }
        if order == BookingOrder::Latest {
            before.reverse();
        }
        let hours_on = |hours: i64| match order {
            BookingOrder::Earliest => 60 * hours,
            BookingOrder::Latest => -60 * hours,
        };
        let first = page(&*backend.queries, &filter, 3, PageStart::Offset(0)).await;
        assert_eq!(ids(&first), before[..3].iter().map(|b| b.id()).collect::<Vec<_>>());
        let at = first.next.expect("more follow");

        // One booking before and one behind the cursor are added, the one at the cursor is rescheduled to the end, and
        // the next one is cancelled.
        backend.add_booking(|id| practice.booking(id, minutes_after(before[0].scheduled_at(), hours_on(1)))).await;
        let behind = backend.add_booking(|id| practice.booking(id, minutes_after(at.scheduled_at, hours_on(1)))).await;
        let scheduled_at = minutes_after(before[7].scheduled_at(), hours_on(2));
        let rescheduled = restored(BookingRecord {
            scheduled_at,
            blocked_until: minutes_after(scheduled_at, 60),
            ..next_version(&before[2])
        });
        let cancelled =
            restored(in_state(next_version(&before[3]), BookingStatus::Cancelled, PaymentStatus::NotRequired));
        backend.save_booking(&rescheduled).await;
        backend.save_booking(&cancelled).await;

        let second = page(&*backend.queries, &filter, 3, PageStart::After(at)).await;
        assert_eq!(ids(&second), [behind.id(), before[4].id(), before[5].id()], "{order:?}");
        assert_eq!(second.total, 9);
        let third = page(&*backend.queries, &filter, 3, PageStart::After(second.next.expect("more follow"))).await;
        assert_eq!(ids(&third), [before[6].id(), before[7].id(), rescheduled.id()], "{order:?}");
        assert_eq!((third.next, third.total), (None, 9));
    }
}

pub async fn pages_have_any_length(backend: &Backend) {
    let practice = backend.practice().await;
    let mut bookings = Vec::new();
    for n in 0..23 {
        bookings.push(backend.book(practice, n).await);
    }
    for order in BOTH_WAYS {
        for client in [None, Some(practice.client)] {
            let filter = BookingFilter { client, order, ..BookingFilter::default() };
            let list = whole(&bookings, &filter);
            for limit in [0_u32, 1, 9, 10, 11, 12, 22, 23, 24, 50, 51, 200, 201, 1_000, u32::MAX] {
                for offset in [0_u64, 1, 5, 11, 12, 13, 22, 23, 24, 1_000_000, u64::MAX] {
                    let found = page(&*backend.queries, &filter, limit, PageStart::Offset(offset)).await;
                    let (from, size) = (usize::try_from(offset).unwrap(), usize::try_from(limit).unwrap());
                    expect_page(&found, &list, from, size, &format!("{filter:?}, {limit} from {offset}"));
                }
                for at in [0, 11, 21, 22] {
                    let found = page(&*backend.queries, &filter, limit, PageStart::After(list[at])).await;
                    let size = usize::try_from(limit).unwrap();
                    expect_page(&found, &list, at + 1, size, &format!("{filter:?}, {limit} after {at}"));
                }
            }
        }
    }
}

pub async fn totals_follow_every_change(backend: &Backend) {
    let practice = backend.practice().await;
    let states: Vec<_> = legal_states().collect();
    let mut bookings: Vec<Booking> = Vec::new();
    // Pseudo-random numbers, the same in every run.
    let mut dice = 7_usize;
    let mut roll = |sides: usize| {
        dice = (dice * 7_919 + 104_729) % 1_000_003;
        dice % sides
    };
    for step in 0..60 {
        let (status, paid) = states[roll(states.len())];
        let mut work = backend.begin().await;
        let mut then = bookings.clone();
        for _ in 0..=roll(2) {
            if then.is_empty() || roll(2) == 0 {
                let id = work.next_booking_id().await.unwrap();
                let hour = i64::try_from(then.len()).unwrap();
                let new = practice.booking_in(id, slot(hour), status, paid);
                work.add_booking(&new).await.unwrap();
                then.push(new);
            } else {
                let chosen = roll(then.len());
                let changed = restored(in_state(next_version(&then[chosen]), status, paid));
                work.save_booking(&changed).await.unwrap();
                then[chosen] = changed;
            }
        }
        if roll(4) == 0 {
            drop(work);
        } else {
            work.commit().await.unwrap();
            bookings = then;
        }
        for filter in state_filters() {
            let expected = u64::try_from(whole(&bookings, &filter).len()).unwrap();
            let found = page(&*backend.queries, &filter, 1, PageStart::Offset(0)).await;
            assert_eq!(found.total, expected, "{filter:?} after step {step}");
        }
    }
}

pub async fn pages_and_totals_are_of_one_moment(backend: &Backend) {
    const WRITERS: usize = 4;
    let practice = backend.practice().await;
    let states: Arc<Vec<_>> = Arc::new(legal_states().collect());
    let finished = Arc::new(AtomicBool::new(false));
    let reading = {
        let (queries, finished) = (Arc::clone(&backend.queries), Arc::clone(&finished));
        tokio::spawn(async move {
            let mut seen = 0;
            loop {
                let last = finished.load(Ordering::Acquire);
                for order in BOTH_WAYS {
                    for status in [None, Some(BookingStatus::Scheduled)] {
                        let filter = BookingFilter { status, order, ..BookingFilter::default() };
                        for skip in [0_usize, 1, 10] {
                            let start = PageStart::Offset(u64::try_from(skip).unwrap());
                            let found = page(&*queries, &filter, 1_000, start).await;
                            let behind = usize::try_from(found.total).unwrap().saturating_sub(skip);
                            assert_eq!(found.items.len(), behind, "{filter:?} from {skip}");
                            assert_eq!(found.next, None);
                            seen += 1;
                        }
                    }
                }
                if last {
                    return seen;
                }
                tokio::task::yield_now().await;
            }
        })
    };
    let store = Arc::clone(&backend.store);
    let stored = race(WRITERS, |writer| {
        let (store, states) = (Arc::clone(&store), Arc::clone(&states));
        async move {
            let mut mine: Vec<Booking> = Vec::new();
            for step in 0..12_usize {
                let (status, paid) = states[(step * 5 + writer * 7) % states.len()];
                let hour = i64::try_from(writer * 100 + step).unwrap();
                let changed = mine.get(step / 2).filter(|_| step % 3 == 2).cloned();
                let written = insist(async || {
                    let mut work = open(&*store).await?;
                    let booking = match &changed {
                        Some(known) => {
                            let booking = restored(in_state(next_version(known), status, paid));
                            work.save_booking(&booking).await?;
                            booking
                        }
                        None => {
                            let id = work.next_booking_id().await?;
                            let booking = practice.booking_in(id, slot(hour), status, paid);
                            work.add_booking(&booking).await?;
                            booking
                        }
                    };
                    if step % 5 == 4 {
                        return Ok::<_, StoreError>(None);
                    }
                    work.commit().await?;
                    Ok(Some(booking))
                })
                .await
                .expect("it is written");
                let Some(written) = written else { continue };
                mine.retain(|booking| booking.id() != written.id());
                mine.push(written);
            }
            mine
        }
    })
    .await;
    finished.store(true, Ordering::Release);
    assert!(reading.await.expect("no assertion of the reader failed") > 0);
    let bookings: Vec<_> = stored.into_iter().flatten().collect();
    for filter in state_filters() {
        let found = page(&*backend.queries, &filter, 1_000, PageStart::Offset(0)).await;
        expect_page(&found, &whole(&bookings, &filter), 0, 1_000, &format!("{filter:?}"));
    }
}
