//! A year of two weekly series, instant by instant: a therapist in Berlin, one client in New York and one on Lord Howe, whose
//! clocks change at other times and by half an hour. The machine's clock jumps twice, and the process restarts twice.

use std::collections::BTreeMap;

use attune_application::bookings::{CreateBookingCommand, CreateSeriesCommand};
use attune_application::notifications::DeliverNotifications;
use attune_domain::notification::{NotificationKind, NotificationState};
use attune_domain::{Language, PracticePolicy, TimeZoneName, User, UserId};
use attune_ports::{Email, Provider};
use attune_test_scenarios::{Kind, Setup, World, on_every_store};
use attune_wording::Wording;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

on_every_store! { the_longest_series_can_be_booked every_reminder_of_a_year_is_sent_once_at_its_time reminders_survive_a_clock_that_was_ahead }

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A session as another library for time zones sees it.
struct Session {
    start: Timestamp,
    /// Where the series is planned.
    berlin: DateTime,
    zone: &'static str,
    local: DateTime,
    offset: &'static str,
}

fn sessions() -> Vec<Session> {
    let lines = include_str!("simulated_year/sessions.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [start, berlin, zone, local, offset] = fields[..] else { panic!("five fields, not {line:?}") };
            Session {
                start: start.parse().unwrap(),
                berlin: berlin.parse().unwrap(),
                zone,
                local: local.parse().unwrap(),
                offset,
            }
        })
        .collect()
}

fn zone(name: &str) -> TimeZoneName {
    TimeZoneName::parse(name).unwrap()
}

async fn move_to(world: &World, user: UserId, name: &str) {
    let stored = world.stores.queries.user(user).await.unwrap().unwrap();
    let mut work = world.stores.store.begin().await.unwrap();
    work.save_user(&User { time_zone: Some(zone(name)), ..stored }).await.unwrap();
    work.commit().await.unwrap();
}

fn command(world: &World, client: UserId) -> CreateBookingCommand {
    let booked_by = world.therapists[0];
    CreateBookingCommand {
        booked_by,
        override_hours: true,
        ..world.booking_command(client, world.therapists[0], world.now())
    }
}

/// Runs a worker as long as it finds emails, and returns what it sent.
async fn deliver(world: &World, worker: &DeliverNotifications) -> Vec<Email> {
    let before = world.notifier.sent().len();
    while worker.run().await.unwrap().more {}
    world.notifier.sent().split_off(before)
}

/// The email has the session's local time, as the other library sees it, in its text.
fn assert_local_time(email: &Email, session: &Session, wording: &Wording) {
    let shown = wording.phrases(Language::English).local_time(email.starts_at, &email.zone);
    let local = session.local;
    assert_eq!(email.starts_at.to_zoned(email.zone.clone()).datetime(), local);
    assert_eq!(shown.time, local.strftime("%H:%M").to_string());
    assert_eq!(shown.date.replace('\u{a0}', " "), local.strftime("%A, %-d %B %Y").to_string());
    assert_eq!(shown.place, format!("{}, {}", session.zone, session.offset));
}

/// The clock is wrong for four seconds, in which the process does all of its work and nothing happens.
async fn jump(world: &World, worker: &DeliverNotifications, by: SignedDuration) {
    let cases = world.use_cases();
    cases.purge.run().await.unwrap();
    let before = world.snapshot().await;
    world.clock.jump(by);
    for _ in 0..4 {
        assert!(deliver(world, worker).await.is_empty());
        world.clock.advance(SECOND);
    }
    assert_eq!(cases.expire_holds.run().await.unwrap(), 0);
    world.clock.jump(-by);
    assert_eq!(world.snapshot().await, before, "{by}");
}

/// 53 weeks span 364 days, and the furthest start is 366 days ahead.
async fn the_longest_series_can_be_booked(kind: Kind) {
    let setup = Setup { provider: Provider::None, policy: PracticePolicy::default() };
    let world = World::open(kind.fresh().await, setup).await;
    let berlin = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let tomorrow = world.now().to_zoned(berlin).date().tomorrow().unwrap().at(10, 0, 0, 0);
    let series = CreateSeriesCommand {
        booking: command(&world, world.clients[0]),
        first: tomorrow,
        zone: zone("Europe/Berlin"),
        count: 53,
        every_weeks: 1,
        skip_conflicts: false,
    };
    assert_eq!(world.use_cases().create_series.run(series).await.unwrap().bookings.len(), 53);
}

async fn every_reminder_of_a_year_is_sent_once_at_its_time(kind: Kind) {
    let setup = Setup { provider: Provider::None, policy: PracticePolicy::default() };
    let world = World::open(kind.fresh().await, setup).await;
    let (wording, sessions) = (Wording::load().unwrap(), sessions());
    let clients = BTreeMap::from([("America/New_York", world.clients[0]), ("Australia/Lord_Howe", world.clients[1])]);
    for (name, client) in &clients {
        move_to(&world, *client, name).await;
        let mut planned = sessions.iter().filter(|session| session.zone == *name);
        let series = CreateSeriesCommand {
            booking: command(&world, *client),
            first: planned.next().unwrap().berlin,
            zone: zone("Europe/Berlin"),
            count: 52,
            every_weeks: 1,
            skip_conflicts: false,
        };
        let booked = world.use_cases().create_series.run(series).await.unwrap().bookings;
        let starts: Vec<Timestamp> = booked.iter().map(|booking| booking.scheduled_at()).collect();
        let expected: Vec<Timestamp> =
            sessions.iter().filter(|session| session.zone == *name).map(|session| session.start).collect();
        assert_eq!(starts, expected);
    }

    let mut worker = world.worker(0, world.notifier.clone()).await;
    let by_start: BTreeMap<Timestamp, &Session> = sessions.iter().map(|session| (session.start, session)).collect();
    let first_emails = deliver(&world, &worker).await;
    assert_eq!(first_emails.len(), clients.len(), "one email for each series");
    let announced: Vec<&Email> =
        first_emails.iter().flat_map(|email| std::iter::once(email).chain(&email.others)).collect();
    assert_eq!(announced.len(), sessions.len());
    for email in announced {
        assert_eq!(email.kind, NotificationKind::MeetingInfo);
        assert_local_time(email, by_start[&email.starts_at], &wording);
    }

    // Each instant at which reminders are due, with the sessions they are about.
    let mut due: BTreeMap<Timestamp, Vec<(u32, &Session)>> = BTreeMap::new();
    for session in &sessions {
        for minutes in Setup::REMINDERS {
            let instant = session.start - SignedDuration::from_mins(minutes.into());
            due.entry(instant).or_default().push((minutes, session));
        }
    }
    for (number, (instant, reminders)) in due.iter().enumerate() {
        world.set_clock(*instant - SignedDuration::from_secs(10));
        match number {
            40 => jump(&world, &worker, SignedDuration::from_hours(14 * 24)).await,
            130 => jump(&world, &worker, SignedDuration::from_hours(-14 * 24)).await,
            41 | 90 => worker = world.worker(u64::try_from(number).unwrap(), world.notifier.clone()).await,
            _ => {}
        }
        world.set_clock(*instant - SECOND);
        assert!(deliver(&world, &worker).await.is_empty(), "not a second before {instant}");
        world.set_clock(*instant);
        let mut sent = deliver(&world, &worker).await;
        assert_eq!(sent.len(), reminders.len(), "{instant}");
        for (minutes_before, session) in reminders {
            let found = sent.iter().position(|email| {
                email.kind == NotificationKind::Reminder { minutes_before: *minutes_before }
                    && email.starts_at == session.start
            });
            let email = sent.remove(found.expect("each reminder that is due"));
            let client = world.stores.queries.user(clients[session.zone]).await.unwrap().unwrap();
            assert_eq!(email.to, client.email);
            assert_local_time(&email, session, &wording);
        }
    }
    world.pass(SignedDuration::from_hours(48));
    assert!(deliver(&world, &worker).await.is_empty());
    let snapshot = world.snapshot().await;
    let all: Vec<_> = snapshot.into_values().flat_map(|booking| booking.notifications).collect();
    assert_eq!(all.len(), sessions.len() * (1 + Setup::REMINDERS.len()));
    assert!(all.iter().all(|email| email.state == NotificationState::Sent && email.attempts == 1));
}

/// The clock was ahead already when the process started, so nothing shows that it is wrong.
async fn reminders_survive_a_clock_that_was_ahead(kind: Kind) {
    for days in [9, 14, 400] {
        let setup = Setup { provider: Provider::None, policy: PracticePolicy::default() };
        let world = World::open(kind.fresh().await, setup).await;
        let start = world.now() + SignedDuration::from_hours(8 * 24);
        let booking = CreateBookingCommand { scheduled_at: start, ..command(&world, world.clients[0]) };
        world.use_cases().create_booking.run(booking).await.unwrap();
        assert_eq!(deliver(&world, &world.worker(0, world.notifier.clone()).await).await.len(), 1);

        let right = world.now();
        world.set_clock(right + SignedDuration::from_hours(days * 24));
        let worker = world.worker(1, world.notifier.clone()).await;
        assert!(deliver(&world, &worker).await.is_empty());
        let states = async || {
            let snapshot = world.snapshot().await;
            let all = snapshot.into_values().flat_map(|booking| booking.notifications);
            let reminders = all.filter(|email| email.content.kind != NotificationKind::MeetingInfo);
            reminders.map(|email| email.state).collect::<Vec<_>>()
        };
        assert_eq!(states().await, [NotificationState::Expired; 2], "{days} days ahead");
        world.set_clock(right + SECOND);
        // One goes on, another one starts.
        let worker = if days == 14 { worker } else { world.worker(2, world.notifier.clone()).await };
        assert!(deliver(&world, &worker).await.is_empty());
        assert_eq!(states().await, [NotificationState::Pending; 2], "{days} days ahead");
        for minutes in Setup::REMINDERS {
            world.set_clock(start - SignedDuration::from_mins(minutes.into()) - SECOND);
            assert!(deliver(&world, &worker).await.is_empty());
            world.pass(SECOND);
            let sent = deliver(&world, &worker).await;
            assert_eq!(
                sent.iter().map(|email| email.kind).collect::<Vec<_>>(),
                [NotificationKind::Reminder { minutes_before: minutes }]
            );
        }
        assert_eq!(states().await, [NotificationState::Sent; 2]);
    }
}
