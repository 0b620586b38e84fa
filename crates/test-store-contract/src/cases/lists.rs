//! Lists of bookings: filters, order and pages.

use attune_domain::{
    Booking, BookingId, BookingRecord, BookingStatus, PaymentStatus, PersonSearch, SeriesId, User, UserId,
};
use attune_ports::{BookingFilter, BookingOrder, NewUser, PageRequest, PageStart, UserFilter};

use super::unknown;
use crate::Backend;
use crate::fixtures::{PracticeFixture, client, minutes_after, name, restored, slot, therapist};

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

/// The ids of the fitting bookings, earliest first.
fn expected(bookings: &[Booking], fits: impl Fn(&Booking) -> bool) -> Vec<BookingId> {
    let mut fitting: Vec<_> = bookings.iter().filter(|booking| fits(booking)).collect();
    fitting.sort_by_key(|booking| (booking.scheduled_at(), booking.id()));
    fitting.iter().map(|booking| booking.id()).collect()
}

/// Checks a filter in both orders.
async fn expect_list(backend: &Backend, filter: BookingFilter, bookings: &[Booking], fits: impl Fn(&Booking) -> bool) {
    let mut ids = expected(bookings, fits);
    let total = u64::try_from(ids.len()).unwrap();
    for order in [BookingOrder::Earliest, BookingOrder::Latest] {
        let page = backend.queries.bookings(&BookingFilter { order, ..filter.clone() }, ALL.into()).await.unwrap();
        assert_eq!(page.items.iter().map(|booking| booking.id()).collect::<Vec<_>>(), ids, "{filter:?} {order:?}");
        assert_eq!(page.total, total, "{filter:?}");
        for found in page.items.iter() {
            assert_eq!(bookings.iter().find(|booking| booking.id() == found.id()), Some(found));
        }
        ids.reverse();
    }
}

pub async fn an_empty_filter_matches_everything(backend: &Backend) {
    let empty = backend.queries.bookings(&BookingFilter::default(), ALL.into()).await.unwrap();
    assert_eq!((empty.items.len(), empty.total), (0, 0));
    let (_, _, bookings) = busy_week(backend).await;
    expect_list(backend, BookingFilter::default(), &bookings, |_| true).await;
    let page = backend.queries.bookings(&BookingFilter::default(), ALL.into()).await.unwrap();
    assert_eq!(page.items[0].scheduled_at(), slot(4));
}

pub async fn bookings_are_filtered_by_client(backend: &Backend) {
    let (first, second, bookings) = busy_week(backend).await;
    for client in [first.client, second.client, first.therapist, unknown()] {
        let filter = BookingFilter { client: Some(client), ..BookingFilter::default() };
        expect_list(backend, filter, &bookings, |b| b.client() == client).await;
    }
}

pub async fn bookings_are_filtered_by_therapist(backend: &Backend) {
    let (first, second, bookings) = busy_week(backend).await;
    for therapist in [first.therapist, second.therapist, first.client, unknown()] {
        let filter = BookingFilter { therapist: Some(therapist), ..BookingFilter::default() };
        expect_list(backend, filter, &bookings, |b| b.therapist() == therapist).await;
    }
}

pub async fn bookings_are_filtered_by_series(backend: &Backend) {
    let (first, _, mut bookings) = busy_week(backend).await;
    let series = [SeriesId::from(bookings[0].id()), SeriesId::from(bookings[1].id())];
    for (hour, of) in [(20, 0), (22, 1), (21, 0), (23, 0)] {
        let in_series = |id| BookingRecord { series: Some(series[of]), ..first.record(id, slot(hour)) };
        bookings.push(backend.add_booking(|id| restored(in_series(id))).await);
    }
    for series in [series[0], series[1], unknown()] {
        let filter = BookingFilter { series: Some(series), ..BookingFilter::default() };
        expect_list(backend, filter.clone(), &bookings, |b| b.series() == Some(series)).await;
        let from = Some(slot(21));
        let later = |b: &Booking| b.series() == Some(series) && b.scheduled_at() >= slot(21);
        expect_list(backend, BookingFilter { from, ..filter }, &bookings, later).await;
    }
}

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
            search: PersonSearch::parse("robin"),
            therapist: Some(therapist),
            series: None,
            status: Some(status),
            payment_status: Some(paid),
            from: Some(slot(1)),
            to: Some(slot(4)),
            order: BookingOrder::Earliest,
        };
        expect_list(backend, filter, &bookings, |b| {
            (b.client(), b.therapist(), b.status(), b.payment_status()) == (client, therapist, status, paid)
                && (slot(1)..slot(4)).contains(&b.scheduled_at())
        })
        .await;
    }
}

/// Clients with names in several scripts, and one with a name that has the wildcards of SQL.
async fn directory(backend: &Backend) -> Vec<UserId> {
    let mut ids = Vec::new();
    for (local, first, last) in [
        ("zoe", "Zo\u{eb}", "\u{d6}zg\u{fc}r"),
        ("jana.strasse", "Jana", "Stra\u{df}er"),
        ("anna", "\u{410}\u{43d}\u{43d}\u{430}", "\u{41a}\u{438}\u{43c}"),
        ("wild_card", "100% Real!", "O'Neil\\"),
        ("plain", "Wilda", "Cardinal"),
    ] {
        let new = NewUser { first_name: Some(name(first)), last_name: Some(name(last)), ..client(local) };
        ids.push(backend.add_user(&new).await);
    }
    ids
}

/// Searches, and the positions of the people whom they find.
const SEARCHES: &[(&str, &[usize])] = &[
    ("zo\u{eb}", &[0]),
    ("ZOE\u{308}", &[0]),
    ("o\u{308}zgu\u{308}r", &[0]),
    ("zoe", &[0]),
    ("ozgur", &[]),
    ("STRASSE", &[1]),
    ("strasser jan", &[1]),
    ("\u{410}\u{41d}\u{41d}\u{410}", &[2]),
    ("\u{43a}\u{438}\u{43c} anna@", &[2]),
    ("%", &[3]),
    ("_", &[3]),
    ("!", &[3]),
    ("wild_card", &[3]),
    ("100%", &[3]),
    ("0%r", &[]),
    ("o'neil\\", &[3]),
    ("WILD", &[3, 4]),
    ("Plain@Example.ORG", &[4]),
    ("@example.org", &[0, 1, 2, 3, 4]),
    ("robin", &[]),
    ("';--", &[]),
];

pub async fn people_are_found_by_their_names_and_addresses(backend: &Backend) {
    let ids = directory(backend).await;
    let found = async |query: &str| {
        let filter = UserFilter { search: PersonSearch::parse(query), ..UserFilter::default() };
        let page = backend.queries.users(&filter, ALL).await.unwrap();
        (page.items.iter().map(|user| user.id).collect::<Vec<_>>(), page.total)
    };
    for (query, wanted) in SEARCHES {
        let wanted: Vec<_> = wanted.iter().map(|at| ids[*at]).collect();
        let total = u64::try_from(wanted.len()).unwrap();
        assert_eq!(found(query).await, (wanted, total), "{query}");
    }
    let user = backend.read_user(ids[4]).await;
    backend.save_user(User { preferred_name: Some(name("\u{c4}nne")), last_name: None, ..user }).await;
    assert_eq!(found("\u{e4}nne").await.0, [ids[4]], "a new name is found");
    assert_eq!(found("cardinal").await.0, [], "an old name is not");
}

pub async fn bookings_are_found_by_their_client(backend: &Backend) {
    let practice = backend.practice().await;
    let ids = directory(backend).await;
    let mut bookings = Vec::new();
    for n in 0..10 {
        let who = PracticeFixture { client: ids[usize::try_from(n).unwrap() % ids.len()], ..practice };
        bookings.push(backend.book(who, n).await);
    }
    for (query, wanted) in SEARCHES {
        let wanted: Vec<_> = wanted.iter().map(|at| ids[*at]).collect();
        let filter = BookingFilter { search: PersonSearch::parse(query), ..BookingFilter::default() };
        expect_list(backend, filter.clone(), &bookings, |b| wanted.contains(&b.client())).await;
        let filter = BookingFilter { therapist: Some(practice.client), ..filter };
        expect_list(backend, filter, &bookings, |_| false).await;
    }
    let client = Some(ids[0]);
    for (query, fits) in [("zo\u{eb}", true), ("jana", false)] {
        let filter = BookingFilter { client, search: PersonSearch::parse(query), ..BookingFilter::default() };
        expect_list(backend, filter, &bookings, |b| fits && Some(b.client()) == client).await;
    }
    for order in [BookingOrder::Earliest, BookingOrder::Latest] {
        let filter = BookingFilter { search: PersonSearch::parse("wild"), order, ..BookingFilter::default() };
        let mut ids = expected(&bookings, |b| b.client() == ids[3] || b.client() == ids[4]);
        if order == BookingOrder::Latest {
            ids.reverse();
        }
        let (mut found, mut page) = (Vec::new(), PageRequest { limit: 1, offset: 0 }.into());
        loop {
            let read = backend.queries.bookings(&filter, page).await.unwrap();
            assert_eq!(read.total, 4);
            found.extend(read.items.iter().map(|booking| booking.id()));
            let Some(next) = read.next else { break };
            page.start = PageStart::After(next);
        }
        assert_eq!(found, ids, "{order:?}");
        let second = backend.queries.bookings(&filter, PageRequest { limit: 2, offset: 1 }.into()).await.unwrap();
        assert_eq!(second.items.iter().map(|booking| booking.id()).collect::<Vec<_>>(), ids[1..3]);
    }
}

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

pub async fn pages_are_right_up_to_the_end_while_the_list_grows(backend: &Backend) {
    let practice = backend.practice().await;
    let mut ids = Vec::new();
    for n in 0..9 {
        ids.push(backend.book(practice, n).await.id());
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

pub async fn users_are_found_by_their_ids(backend: &Backend) {
    let practice = backend.practice().await;
    let found = async |ids: &[UserId]| {
        let mut users = backend.queries.people(ids).await.unwrap();
        users.sort_by_key(|user| user.id);
        users
    };
    let mut both = [backend.read_user(practice.client).await, backend.read_user(practice.therapist).await];
    both.sort_by_key(|user| user.id);
    assert_eq!(found(&[practice.client, unknown(), practice.therapist, practice.client]).await, both);
    assert_eq!(found(&[]).await, []);
    assert_eq!(found(&[unknown()]).await, []);
}
