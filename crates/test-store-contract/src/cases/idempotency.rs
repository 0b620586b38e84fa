//! Idempotency records and their responses.

use attune_domain::BookingId;
use attune_ports::{IdempotencyKey, IdempotencyRecord, StoredResponse};
use jiff::SignedDuration;

use super::values::{INSTANTS, TEXTS};
use super::{assert_conflict, assert_failed, finer, unknown};
use crate::Backend;
use crate::fixtures::{at, client, day_off, idempotency_key, idempotency_record, minutes_after, now, response};

async fn read(backend: &Backend, key: &IdempotencyKey) -> Option<IdempotencyRecord> {
    backend.uncommitted(async |work| work.idempotency_record(key).await).await.unwrap()
}

async fn add(backend: &Backend, key: &IdempotencyKey, record: &IdempotencyRecord) {
    backend.commit(async |work| work.add_idempotency_record(key, record).await).await;
}

async fn save(backend: &Backend, key: &IdempotencyKey, response: &StoredResponse) -> Option<StoredResponse> {
    backend.commit(async |work| work.save_response(key, response).await).await
}

fn unanswered() -> IdempotencyRecord {
    IdempotencyRecord { response: None, ..idempotency_record("") }
}

pub async fn idempotency_records_round_trip(backend: &Backend) {
    let practice = backend.practice().await;
    let long = "🦊".repeat(250_000);
    let mut all: Vec<_> = TEXTS.iter().copied().chain([long.as_str()]).map(idempotency_record).collect();
    let status = |status| Some(StoredResponse { status, ..response("{}") });
    let statuses = [0, 100, 200, 409, 599, u16::MAX];
    all.extend(statuses.map(|code| IdempotencyRecord { response: status(code), ..unanswered() }));
    let mixed = std::array::from_fn(|n| if n % 2 == 0 { 0 } else { 0xff });
    let hashes = [[0; 32], [0xff; 32], mixed];
    all.extend(hashes.map(|request_hash| IdempotencyRecord { request_hash, ..idempotency_record("{}") }));
    all.extend(INSTANTS.map(|instant| IdempotencyRecord { created_at: at(instant), ..idempotency_record("{}") }));
    let bookings = [None, BookingId::new(7), BookingId::new(i64::MAX)];
    all.extend(bookings.map(|booking| IdempotencyRecord { booking, ..idempotency_record("{}") }));
    all.push(unanswered());
    for (n, record) in all.into_iter().enumerate() {
        let key = idempotency_key(practice.client, &format!("k{n}"));
        let within = backend.commit(async |work| {
            let before = work.idempotency_record(&key).await?;
            work.add_idempotency_record(&key, &record).await?;
            Ok((before, work.idempotency_record(&key).await?))
        });
        assert_eq!(within.await, (None, Some(record.clone())), "visible in its unit of work");
        assert_eq!(read(backend, &key).await, Some(record));
    }
}

pub async fn idempotency_records_are_dated_to_the_millisecond(backend: &Backend) {
    let practice = backend.practice().await;
    let key = idempotency_key(practice.client, "k");
    add(backend, &key, &IdempotencyRecord { created_at: finer(now()), ..idempotency_record("{}") }).await;
    assert_eq!(read(backend, &key).await, Some(idempotency_record("{}")));
}

/// The second record is rejected whether or not it is the same.
pub async fn an_idempotency_key_has_one_record(backend: &Backend) {
    let practice = backend.practice().await;
    let key = idempotency_key(practice.client, "k");
    add(backend, &key, &idempotency_record("first")).await;
    let other = IdempotencyRecord {
        request_hash: [9; 32],
        booking: BookingId::new(9),
        response: Some(StoredResponse { status: 409, ..response("second") }),
        created_at: minutes_after(now(), 1),
    };
    for second in [idempotency_record("first"), unanswered(), other] {
        let result = backend.uncommitted(async |work| work.add_idempotency_record(&key, &second).await).await;
        assert_conflict!(result, IdempotencyKeyTaken);
        assert_eq!(read(backend, &key).await, Some(idempotency_record("first")));
    }
    let twice = backend.uncommitted(async |work| {
        let key = idempotency_key(practice.client, "l");
        work.add_idempotency_record(&key, &unanswered()).await?;
        work.add_idempotency_record(&key, &unanswered()).await
    });
    assert_conflict!(twice.await, IdempotencyKeyTaken);
}

pub async fn idempotency_keys_differ_by_user_route_and_text(backend: &Backend) {
    let practice = backend.practice().await;
    let longest = "~".repeat(255);
    let visible: String = (0x21..=0x7e_u8).map(char::from).collect();
    let mut keys = Vec::new();
    for user in [practice.client, practice.therapist] {
        for route in ["POST /bookings", "post /bookings", "POST /bookings/1/reschedule", "POST /bookings/1"] {
            for key in ["a", "A", "a-", "%", "_", "'a'", "01", "1", &longest, &longest[1..], &visible] {
                keys.push(IdempotencyKey { user, route: route.to_owned(), key: key.to_owned() });
            }
        }
    }
    for (n, key) in keys.iter().enumerate() {
        assert_eq!(read(backend, key).await, None, "{} {}", key.route, key.key);
        add(backend, key, &idempotency_record(&n.to_string())).await;
    }
    for (n, key) in keys.iter().enumerate() {
        assert_eq!(read(backend, key).await, Some(idempotency_record(&n.to_string())), "{} {}", key.route, key.key);
    }
}

pub async fn the_first_response_of_a_record_stays(backend: &Backend) {
    let practice = backend.practice().await;
    let (key, other) = (idempotency_key(practice.client, "k"), idempotency_key(practice.client, "l"));
    assert_eq!(save(backend, &key, &response("too early")).await, None);
    assert_eq!(read(backend, &key).await, None, "a response alone is not stored");
    for key in [&key, &other] {
        add(backend, key, &unanswered()).await;
    }
    let long = "x".repeat(100_000);
    for (n, first) in ["first", "", &long].into_iter().enumerate() {
        let key = idempotency_key(practice.client, &format!("k{n}"));
        add(backend, &key, &unanswered()).await;
        for later in [response(first), response("second"), StoredResponse { status: 200, ..response("third") }] {
            assert_eq!(save(backend, &key, &later).await, Some(response(first)));
            assert_eq!(read(backend, &key).await, Some(idempotency_record(first)));
        }
    }
    assert_eq!(read(backend, &other).await, Some(unanswered()));
    let route = IdempotencyKey { route: "POST /elsewhere".to_owned(), ..key.clone() };
    assert_eq!(save(backend, &route, &response("x")).await, None);
    let user = IdempotencyKey { user: practice.therapist, ..key.clone() };
    assert_eq!(save(backend, &user, &response("x")).await, None);
    assert_eq!(read(backend, &key).await, Some(unanswered()));
    let within = backend.commit(async |work| {
        let new = idempotency_key(practice.client, "m");
        work.add_idempotency_record(&new, &unanswered()).await?;
        Ok((work.save_response(&new, &response("saved")).await?, work.idempotency_record(&new).await?))
    });
    assert_eq!(within.await, (Some(response("saved")), Some(idempotency_record("saved"))));
}

pub async fn an_idempotency_record_needs_its_user(backend: &Backend) {
    let key = idempotency_key(unknown(), "k");
    assert_eq!(read(backend, &key).await, None);
    assert_eq!(save(backend, &key, &response("x")).await, None);
    let result = backend.uncommitted(async |work| work.add_idempotency_record(&key, &unanswered()).await).await;
    assert_failed(result, "a record of an unknown user");
}

/// Their keys are free afterwards.
pub async fn old_idempotency_records_are_purged_oldest_first(backend: &Backend) {
    let practice = backend.practice().await;
    let key = |minute: i64| idempotency_key(practice.client, &format!("k{minute}"));
    let created = |minute| IdempotencyRecord { created_at: minutes_after(now(), minute), ..idempotency_record("{}") };
    for minute in [3, 1, 4, 0, 2] {
        add(backend, &key(minute), &created(minute)).await;
    }
    let purge = async |before, limit| backend.commit(async |work| work.purge_responses(before, limit).await).await;
    let left = async || {
        let mut left = Vec::new();
        for minute in 0..5 {
            if let Some(record) = read(backend, &key(minute)).await {
                assert_eq!(record, created(minute));
                left.push(minute);
            }
        }
        left
    };
    assert_eq!(purge(now(), 10).await, 0, "the one of this instant stays");
    assert_eq!(purge(minutes_after(now(), 9), 0).await, 0);
    assert_eq!(left().await, [0, 1, 2, 3, 4]);
    assert_eq!(purge(now() + SignedDuration::from_millis(1), 10).await, 1);
    assert_eq!(left().await, [1, 2, 3, 4]);
    assert_eq!(purge(minutes_after(now(), 4), 2).await, 2);
    assert_eq!(left().await, [3, 4]);
    assert_eq!(purge(minutes_after(now(), 4), u32::MAX).await, 1);
    assert_eq!(left().await, [4]);
    assert_eq!(save(backend, &key(0), &response("x")).await, None);
    add(backend, &key(0), &created(0)).await;
    assert_eq!(left().await, [0, 4]);
    assert_eq!(purge(minutes_after(now(), 9), 10).await, 2);
    assert_eq!(purge(minutes_after(now(), 9), 10).await, 0);
}

/// A unit of work that is dropped adds, saves and purges nothing.
pub async fn a_dropped_unit_of_work_leaves_idempotency_records_unchanged(backend: &Backend) {
    let practice = backend.practice().await;
    let (old, new) = (idempotency_key(practice.client, "old"), idempotency_key(practice.client, "new"));
    add(backend, &old, &unanswered()).await;
    let mut work = backend.begin().await;
    work.add_idempotency_record(&new, &idempotency_record("new")).await.unwrap();
    assert!(work.save_response(&old, &response("saved")).await.unwrap().is_some());
    drop(work);
    let mut work = backend.begin().await;
    assert_eq!(work.purge_responses(minutes_after(now(), 9), 10).await.unwrap(), 1);
    assert_eq!(work.idempotency_record(&old).await.unwrap(), None);
    drop(work);
    assert_eq!(read(backend, &old).await, Some(unanswered()));
    assert_eq!(read(backend, &new).await, None);
    add(backend, &new, &idempotency_record("new")).await;
}

/// There is never an effect without its record, nor a record without its effect.
pub async fn an_idempotency_record_is_added_with_its_effect_or_not_at_all(backend: &Backend) {
    let practice = backend.practice().await;
    let key = idempotency_key(practice.therapist, "k");
    let effects = async || backend.queries.schedule_exceptions(None).await.unwrap().len();
    backend
        .commit(async |work| {
            work.add_schedule_exception(&day_off(practice.therapist, "2027-05-01")).await?;
            work.add_idempotency_record(&key, &idempotency_record("first")).await
        })
        .await;
    let mut again = backend.begin().await;
    again.add_schedule_exception(&day_off(practice.therapist, "2027-05-01")).await.unwrap();
    assert_conflict!(again.add_idempotency_record(&key, &idempotency_record("second")).await, IdempotencyKeyTaken);
    assert!(again.commit().await.is_err());
    assert_eq!(effects().await, 1);

    let other = idempotency_key(practice.therapist, "l");
    let mut failing = backend.begin().await;
    failing.add_idempotency_record(&other, &idempotency_record("too soon")).await.unwrap();
    assert_conflict!(failing.add_user(&client("client")).await, EmailTaken);
    assert!(failing.commit().await.is_err());
    assert_eq!(read(backend, &other).await, None);
}
