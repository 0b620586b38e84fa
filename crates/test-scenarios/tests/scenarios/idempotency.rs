//! A request that is sent many times with one idempotency key is executed once, and every response is the same.

use std::sync::Arc;

use attune_application::bookings::{Change, ChangeBookingCommand, ChangeBookingError, CreateBookingCommand};
use attune_application::payments::RecordOfflineCommand;
use attune_application::{Idempotent, IdempotentRequest, Replay, RequestMetadata};
use attune_domain::{Booking, BookingId, BookingStatus, PaymentStatus, PracticePolicy};
use attune_ports::{IdempotencyKey, Provider, StoredResponse};
use attune_test_scenarios::{BookingSnapshot, Kind, Setup, Who, World, at_once, on_every_store};
use jiff::SignedDuration;

const TIMES: usize = 50;

fn reply_to(booking: &Booking) -> String {
    format!("{} {} {} {}", booking.id(), booking.status().as_str(), booking.scheduled_at(), booking.version())
}

fn idempotent_request(world: &World, route: &str) -> Option<IdempotentRequest> {
    let key = IdempotencyKey { user: world.clients[0], route: route.into(), key: "a-key".into() };
    Some(IdempotentRequest { key, request_hash: [7; 32] })
}

/// Renders and saves the response as the HTTP layer does, and returns what is sent.
async fn respond(world: &World, route: &str, outcome: Idempotent<Booking>) -> String {
    let booking = match outcome {
        Idempotent::Executed(booking) => booking,
        Idempotent::Replayed(Replay::Unanswered(id)) => world.snapshot().await.remove(&id).unwrap().booking,
        Idempotent::Replayed(Replay::Response(stored)) => return stored.body,
    };
    let response = StoredResponse { status: 200, body: reply_to(&booking) };
    let key = idempotent_request(world, route).unwrap().key;
    world.use_cases().save_response.run(&key, response).await.unwrap().body
}

/// Sends the request many times at once; returns the one response and the one booking.
async fn send_repeatedly<F>(
    world: &Arc<World>,
    route: &'static str,
    request: impl Fn(Arc<World>) -> F,
) -> (String, BookingSnapshot)
where
    F: Future<Output = Idempotent<Booking>> + Send + 'static,
{
    let sent = (0..TIMES).map(|_| {
        let (world, outcome) = (Arc::clone(world), request(Arc::clone(world)));
        async move {
            let outcome = outcome.await;
            let executed = matches!(outcome, Idempotent::Executed(_));
            (executed, respond(&world, route, outcome).await)
        }
    });
    let answers = at_once(sent.collect()).await;
    let executed = answers.iter().filter(|(executed, _)| *executed).count();
    assert_eq!(executed, 1, "one request was executed, the others replayed");
    let mut replies: Vec<String> = answers.into_iter().map(|(_, reply)| reply).collect();
    replies.dedup();
    assert_eq!(replies.len(), 1, "{replies:?}");
    let mut snapshot: Vec<BookingSnapshot> = world.snapshot().await.into_values().collect();
    assert_eq!(snapshot.len(), 1, "one booking");
    (replies.remove(0), snapshot.remove(0))
}

/// A change by the client, with an idempotency key.
fn change(world: &World, route: &str, booking: BookingId, change: Change) -> ChangeBookingCommand {
    let idempotency = idempotent_request(world, route);
    ChangeBookingCommand { idempotency, ..world.change(Who::Owner, booking, world.clients[0], change) }
}

on_every_store! { repeated_requests_are_executed_once }

async fn repeated_requests_are_executed_once(kind: Kind) {
    let setup = Setup { provider: Provider::Offline, policy: PracticePolicy::default() };
    let world = Arc::new(World::open(kind.fresh().await.retrying(), setup).await);
    let start = world.now() + SignedDuration::from_hours(73);

    let (reply, snapshot) = send_repeatedly(&world, "book", move |world: Arc<World>| async move {
        let command = world.booking_command(world.clients[0], world.therapists[0], start);
        let command = CreateBookingCommand { idempotency: idempotent_request(&world, "book"), ..command };
        match world.use_cases().create_booking.run(command).await.unwrap() {
            Idempotent::Executed(created) => Idempotent::Executed(created.booking),
            Idempotent::Replayed(replay) => Idempotent::Replayed(replay),
        }
    })
    .await;
    let booking = snapshot.booking;
    assert_eq!(reply, reply_to(&booking));
    assert_eq!((snapshot.payments.len(), snapshot.notifications.len(), snapshot.history.len()), (1, 1, 1));
    let id = booking.id();

    let (reply, snapshot) = send_repeatedly(&world, "pay", move |world: Arc<World>| async move {
        let command = RecordOfflineCommand {
            admin: world.therapists[0],
            booking: id,
            amount: None,
            method: "cash".into(),
            memo: None,
            metadata: RequestMetadata::default(),
            idempotency: idempotent_request(&world, "pay"),
        };
        world.use_cases().record_offline.run(command).await.unwrap()
    })
    .await;
    assert_eq!(reply, reply_to(&snapshot.booking));
    assert_eq!(snapshot.booking.payment_status(), PaymentStatus::Succeeded);
    assert_eq!((snapshot.payments.len(), snapshot.notifications.len(), snapshot.history.len()), (2, 5, 2));

    let to = start + SignedDuration::from_hours(24);
    let (moved, snapshot) = send_repeatedly(&world, "reschedule", move |world: Arc<World>| async move {
        let command = change(&world, "reschedule", id, Change::Reschedule { to, override_hours: false, reason: None });
        world.use_cases().change_booking.run(command).await.unwrap()
    })
    .await;
    assert_eq!(moved, reply_to(&snapshot.booking));
    assert_eq!(snapshot.booking.scheduled_at(), to);
    assert_eq!((snapshot.notifications.len(), snapshot.history.len()), (8, 3));

    let (cancelled, snapshot) = send_repeatedly(&world, "cancel", move |world: Arc<World>| async move {
        let command = change(&world, "cancel", id, Change::Cancel { reason: None, expected_refund: None });
        world.use_cases().change_booking.run(command).await.unwrap()
    })
    .await;
    assert_eq!(cancelled, reply_to(&snapshot.booking));
    assert_eq!(snapshot.booking.status(), BookingStatus::Cancelled);
    assert_eq!((snapshot.notifications.len(), snapshot.history.len()), (9, 4));

    // The stored response, whatever became of the booking; a different request is rejected.
    let again = change(&world, "reschedule", id, Change::Reschedule { to, override_hours: false, reason: None });
    let replayed = world.use_cases().change_booking.run(again.clone()).await.unwrap();
    let Idempotent::Replayed(Replay::Response(stored)) = replayed else { panic!("{replayed:?}") };
    assert_eq!(stored.body, moved);
    let other = again.idempotency.map(|request| IdempotentRequest { request_hash: [8; 32], ..request });
    let refused = world.use_cases().change_booking.run(ChangeBookingCommand { idempotency: other, ..again }).await;
    assert!(matches!(refused, Err(ChangeBookingError::KeyReused)), "{refused:?}");
}
