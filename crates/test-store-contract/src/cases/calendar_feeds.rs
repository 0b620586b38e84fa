//! Calendar feeds.

use attune_ports::CalendarFeed;

use super::{assert_failed, finer, unknown};
use crate::Backend;
use crate::fixtures::{calendar_feed, minutes_after, now};

pub async fn a_calendar_feed_replaces_the_one_before(backend: &Backend) {
    let practice = backend.practice().await;
    let others = calendar_feed(9);
    backend.commit(async |work| work.save_calendar_feed(practice.therapist, &others).await).await;
    for (seed, minute) in [(1, 0), (2, 5), (0, 7), (255, 7)] {
        let feed = CalendarFeed { created_at: minutes_after(now(), minute), ..calendar_feed(seed) };
        let saved = CalendarFeed { created_at: finer(feed.created_at), ..feed.clone() };
        let mut work = backend.begin().await;
        work.save_calendar_feed(practice.client, &saved).await.unwrap();
        assert_eq!(work.calendar_feed(practice.client).await.unwrap(), Some(feed.clone()));
        work.commit().await.unwrap();
        assert_eq!(backend.queries.calendar_feed(practice.client).await.unwrap(), Some(feed));
    }
    assert_eq!(backend.queries.calendar_feed(practice.therapist).await.unwrap(), Some(others));
}

pub async fn a_removed_calendar_feed_is_gone(backend: &Backend) {
    let practice = backend.practice().await;
    let users = [practice.client, practice.therapist];
    for user in users {
        backend.commit(async |work| work.save_calendar_feed(user, &calendar_feed(1)).await).await;
    }
    for was_there in [true, false] {
        let removed = backend.commit(async |work| work.remove_calendar_feed(practice.client).await).await;
        assert_eq!(removed, was_there);
    }
    for (user, is_left) in users.into_iter().zip([false, true]) {
        let read = backend.uncommitted(async |work| work.calendar_feed(user).await).await.unwrap();
        assert_eq!(read, is_left.then(|| calendar_feed(1)));
        assert_eq!(backend.queries.calendar_feed(user).await.unwrap(), read);
    }
}

pub async fn calendar_feeds_need_their_account(backend: &Backend) {
    let practice = backend.practice().await;
    let saved = backend.uncommitted(async |work| work.save_calendar_feed(unknown(), &calendar_feed(1)).await).await;
    assert_failed(saved, "a feed of an unknown user");
    for user in [unknown(), practice.client] {
        assert_eq!(backend.queries.calendar_feed(user).await.unwrap(), None);
        assert!(!backend.uncommitted(async |work| work.remove_calendar_feed(user).await).await.unwrap());
    }
}
