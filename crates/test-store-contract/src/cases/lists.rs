//! Lists of bookings: what is in them, in which order, and on which page.

use attune_domain::{Booking, BookingId, BookingStatus, PaymentStatus, UserId};
use attune_ports::{BookingFilter, BookingOrder, PageRequest};

use super::unknown_user;
use crate::Backend;
use crate::fixtures::{PracticeFixture, client, minutes_after, slot, therapist};

const ALL: PageRequest = PageRequest { limit: 1_000, offset: 0 };

/// Two clients and two therapists with ten bookings, several of which begin at the same instant.
pub(super) async fn busy_week(backend: &Backend) -> (PracticeFixture, PracticeFixture, Vec<Booking>) {
    use BookingStatus as B;
    use PaymentStatus as P;
    let first = backend.practice().await;
    let second = PracticeFixture {
        client: backend.add_user(&client("second")).await,
        therapist: backend.add_user(&therapist("colleague")).await,
        ..first
    };
    let mut bookings = Vec::new();
    for (who, hour, status, paid) in [
        (first, 3, B::Scheduled, P::NotRequired),
        (second, 3, B::Scheduled, P::Succeeded),
        (first, 1, B::PendingPayment, P::Pending),
        (second, 0, B::Completed, P::Succeeded),
        (first, 3, B::Cancelled, P::RefundPending),
        (second, 2, B::NoShow, P::NotRequired),
        (first, 0, B::Expired, P::Cancelled),
        (second, 1, B::PendingPayment, P::Failed),
        (first, 4, B::Scheduled, P::Succeeded),
        (first, 1, B::Cancelled, P::Cancelled),
    ] {
        bookings.push(backend.add_booking(|id| who.booking_in(id, slot(hour), status, paid)).await);
    }
    (first, second, bookings)
}

/// The ids a list should give: those that fit, earliest first.
fn expected(bookings: &[Booking], fits: impl Fn(&Booking) -> bool) -> Vec<BookingId> {
    let mut fitting: Vec<_> = bookings.iter().filter(|booking| fits(booking)).collect();
    fitting.sort_by_key(|booking| (booking.scheduled_at(), booking.id()));
    fitting.iter().map(|booking| booking.id()).collect()
}

/// Checks a filter in both directions, and that each row is whole and comes with its client.
async fn expect_list(backend: &Backend, filter: BookingFilter, bookings: &[Booking], fits: impl Fn(&Booking) -> bool) {
    let mut ids = expected(bookings, fits);
    let total = u64::try_from(ids.len()).unwrap();
    for order in [BookingOrder::Earliest, BookingOrder::Latest] {
        let page = backend.queries.bookings(&BookingFilter { order, ..filter }, ALL.into()).await.unwrap();
        assert_eq!(page.items.iter().map(|booking| booking.id()).collect::<Vec<_>>(), ids, "{filter:?} {order:?}");
        assert_eq!(page.total, total, "{filter:?}");
        for found in page.items.iter() {
            assert_eq!(bookings.iter().find(|booking| booking.id() == found.id()), Some(found));
        }
        ids.reverse();
    }
}

/// Everything left out of a filter matches everything, latest first unless told otherwise.
pub async fn an_empty_filter_matches_everything(backend: &Backend) {
    let empty = backend.queries.bookings(&BookingFilter::default(), ALL.into()).await.unwrap();
    assert_eq!((empty.items.len(), empty.total), (0, 0));
    let (_, _, bookings) = busy_week(backend).await;
    expect_list(backend, BookingFilter::default(), &bookings, |_| true).await;
    let page = backend.queries.bookings(&BookingFilter::default(), ALL.into()).await.unwrap();
    assert_eq!(page.items[0].scheduled_at(), slot(4));
}

/// Only a client's own bookings.
pub async fn bookings_are_filtered_by_client(backend: &Backend) {
    let (first, second, bookings) = busy_week(backend).await;
    for client in [first.client, second.client, first.therapist, unknown_user()] {
        let filter = BookingFilter { client: Some(client), ..BookingFilter::default() };
        expect_list(backend, filter, &bookings, |b| b.client() == client).await;
    }
}

/// Only bookings with a therapist, in every state.
pub async fn bookings_are_filtered_by_therapist(backend: &Backend) {
    let (first, second, bookings) = busy_week(backend).await;
    for therapist in [first.therapist, second.therapist, first.client, unknown_user()] {
        let filter = BookingFilter { therapist: Some(therapist), ..BookingFilter::default() };
        expect_list(backend, filter, &bookings, |b| b.therapist() == therapist).await;
    }
}

/// Only bookings in one state, of the session and of its payment.
pub async fn bookings_are_filtered_by_state(backend: &Backend) {
    let (_, _, bookings) = busy_week(backend).await;
    for status in BookingStatus::ALL {
        let filter = BookingFilter { status: Some(status), ..BookingFilter::default() };
        expect_list(backend, filter, &bookings, |b| b.status() == status).await;
    }
    for paid in PaymentStatus::ALL {
        let filter = BookingFilter { payment_status: Some(paid), ..BookingFilter::default() };
        expect_list(backend, filter, &bookings, |b| b.payment_status() == paid).await;
    }
}

/// Only bookings that begin at or after one instant and before another.
pub async fn bookings_are_filtered_by_time(backend: &Backend) {
    let (_, _, bookings) = busy_week(backend).await;
    let bounds = [None, Some(slot(1)), Some(minutes_after(slot(1), 1)), Some(slot(3)), Some(slot(9))];
    for from in bounds {
        for to in bounds {
            let filter = BookingFilter { from, to, ..BookingFilter::default() };
            expect_list(backend, filter, &bookings, |b| {
                from.is_none_or(|from| b.scheduled_at() >= from) && to.is_none_or(|to| b.scheduled_at() < to)
            })
            .await;
        }
    }
}

/// All parts of a filter have to fit at once.
pub async fn filters_combine(backend: &Backend) {
    let (first, second, bookings) = busy_week(backend).await;
    for (client, therapist, status, paid) in [
        (first.client, first.therapist, BookingStatus::Scheduled, PaymentStatus::NotRequired),
        (second.client, second.therapist, BookingStatus::Scheduled, PaymentStatus::Succeeded),
        (second.client, first.therapist, BookingStatus::Scheduled, PaymentStatus::Succeeded),
        (first.client, second.therapist, BookingStatus::Scheduled, PaymentStatus::NotRequired),
        (first.client, first.therapist, BookingStatus::Cancelled, PaymentStatus::Cancelled),
        (second.client, second.therapist, BookingStatus::Cancelled, PaymentStatus::Cancelled),
    ] {
        let filter = BookingFilter {
            client: Some(client),
            therapist: Some(therapist),
            status: Some(status),
            payment_status: Some(paid),
            from: Some(slot(1)),
            to: Some(slot(4)),
            order: BookingOrder::Earliest,
        };
        expect_list(backend, filter, &bookings, |b| {
            b.client() == client
                && b.therapist() == therapist
                && b.status() == status
                && b.payment_status() == paid
                && (slot(1)..slot(4)).contains(&b.scheduled_at())
        })
        .await;
    }
}

/// Pages put together give the whole list, each with the exact total, and beyond the end there is nothing.
pub async fn pages_add_up(backend: &Backend) {
    let (first, _, bookings) = busy_week(backend).await;
    for (client, therapist) in [(None, None), (Some(first.client), None), (None, Some(first.therapist))] {
        let mut ids = expected(&bookings, |b| {
            client.is_none_or(|client| b.client() == client)
                && therapist.is_none_or(|therapist| b.therapist() == therapist)
        });
        let total = u64::try_from(ids.len()).unwrap();
        for order in [BookingOrder::Earliest, BookingOrder::Latest] {
            let filter = BookingFilter { client, therapist, order, ..BookingFilter::default() };
            let mut found = Vec::new();
            for offset in (0..=total + 3).step_by(3) {
                let page = backend.queries.bookings(&filter, PageRequest { limit: 3, offset }.into()).await.unwrap();
                assert_eq!(page.total, total);
                found.extend(page.items.iter().map(|booking| booking.id()));
            }
            assert_eq!(found, ids, "{order:?}");
            for (limit, offset) in [(5, total), (5, 1_000_000), (0, 0)] {
                let page = backend.queries.bookings(&filter, PageRequest { limit, offset }.into()).await.unwrap();
                assert_eq!((page.items.len(), page.total), (0, total), "limit {limit}, offset {offset}");
            }
            ids.reverse();
        }
    }
}

/// A page is the same wherever it lies, and total and page follow every change at once, however often they were asked.
pub async fn pages_are_right_up_to_the_end_while_the_list_grows(backend: &Backend) {
    let practice = backend.practice().await;
    let mut ids = Vec::new();
    for n in 0..9 {
        ids.push(backend.add_booking(|id| practice.booking(id, slot(n))).await.id());
        let total = u64::try_from(ids.len()).unwrap();
        for order in [BookingOrder::Earliest, BookingOrder::Latest, BookingOrder::Earliest] {
            let mut all = ids.clone();
            if order == BookingOrder::Latest {
                all.reverse();
            }
            for client in [None, Some(practice.client)] {
                for offset in 0..total + 2 {
                    for limit in [1, 4] {
                        let filter = BookingFilter { client, order, ..BookingFilter::default() };
                        let page =
                            backend.queries.bookings(&filter, PageRequest { limit, offset }.into()).await.unwrap();
                        let found: Vec<_> = page.items.iter().map(|booking| booking.id()).collect();
                        let skip = usize::try_from(offset).unwrap();
                        let take = usize::try_from(limit).unwrap();
                        let expected: Vec<_> = all.iter().copied().skip(skip).take(take).collect();
                        assert_eq!((found, page.total), (expected, total), "{filter:?} {limit} from {offset}");
                    }
                }
            }
        }
    }
}

/// People are found by their ids, each once; ids that are no one's are left out.
pub async fn people_are_found_by_their_ids(backend: &Backend) {
    let practice = backend.practice().await;
    let found = async |ids: &[UserId]| {
        let mut people = backend.queries.people(ids).await.unwrap();
        people.sort_by_key(|person| person.id);
        people
    };
    let mut both = Vec::new();
    for id in [practice.client, practice.therapist] {
        both.push(backend.queries.user(id).await.unwrap().unwrap());
    }
    both.sort_by_key(|person| person.id);
    let asked = [practice.client, unknown_user(), practice.therapist, practice.client];
    assert_eq!(found(&asked).await, both);
    assert_eq!(found(&[]).await, []);
    assert_eq!(found(&[unknown_user()]).await, []);
}
