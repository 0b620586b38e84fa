use attune_domain::notification::NotificationKind;
use attune_domain::{EmailAddress, ParticipantRole, Role, User};
use jiff::SignedDuration;

use crate::fixtures::{World, at};

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

/// The mails with links since the last look, as (reader, beginning).
async fn mailed(world: &World) -> Vec<(String, String)> {
    while world.deliver.run().await.unwrap().claimed > 0 {}
    let mut links: Vec<(String, String)> = world
        .notifier
        .sent()
        .iter()
        .filter(|mail| mail.kind == NotificationKind::MeetingLink)
        .map(|mail| (mail.to.as_str().to_owned(), mail.starts_at.to_string()))
        .collect();
    links.sort();
    links
}

#[tokio::test]
async fn the_next_sessions_are_mailed_and_no_more_than_three() {
    let world = World::free().await;
    let client = world.client().await;
    for day in ["18", "15", "17", "16"] {
        world.book(&client, &format!("2024-01-{day}T10:00:00Z")).await.unwrap();
    }
    assert_eq!(world.resend_links.run(&client.email).await.unwrap(), 3);
    let to_client = |day: &str| (client.email.as_str().to_owned(), format!("2024-01-{day}T10:00:00Z"));
    assert_eq!(mailed(&world).await, [to_client("15"), to_client("16"), to_client("17")]);

    assert_eq!(world.resend_links.run(&client.email).await.unwrap(), 0, "once an hour");
    world.clock.set(world.now() + SignedDuration::from_hours(1));
    assert_eq!(world.resend_links.run(&client.email).await.unwrap(), 3);
}

#[tokio::test]
async fn a_session_that_runs_is_mailed_and_one_that_is_over_is_not() {
    let world = World::free().await;
    let client = world.client().await;
    world.book(&client, "2024-01-15T10:00:00Z").await.unwrap();
    world.clock.set(at("2024-01-15T10:49:00Z"));
    assert_eq!(world.resend_links.run(&client.email).await.unwrap(), 1);
    assert_eq!(mailed(&world).await.len(), 1);
    world.clock.set(at("2024-01-15T11:50:00Z"));
    assert_eq!(world.resend_links.run(&client.email).await.unwrap(), 0);
}

#[tokio::test]
async fn therapists_and_guests_get_theirs() {
    let world = World::free().await;
    let client = world.client().await;
    let booking = world.book(&client, "2024-01-15T10:00:00Z").await.unwrap().booking;
    world.invite(&booking, "kim@example.org", ParticipantRole::Observer).await.unwrap();
    let second = world.add("second@example.org", Role::Admin).await;
    assert_eq!(world.resend_links.run(&address("therapist@example.org")).await.unwrap(), 1);
    assert_eq!(world.resend_links.run(&address("kim@example.org")).await.unwrap(), 1);
    assert_eq!(world.resend_links.run(&second.email).await.unwrap(), 0, "gives no session");
    let readers: Vec<String> = mailed(&world).await.into_iter().map(|(reader, _)| reader).collect();
    assert_eq!(readers, ["kim@example.org", "therapist@example.org"]);
}

#[tokio::test]
async fn others_get_nothing() {
    let world = World::paid().await;
    let client = world.client().await;
    world.book(&client, "2024-01-15T10:00:00Z").await.unwrap();
    assert_eq!(world.resend_links.run(&client.email).await.unwrap(), 0, "not paid");
    assert_eq!(world.resend_links.run(&address("nobody@example.org")).await.unwrap(), 0);

    let world = World::free().await;
    let client = world.client().await;
    world.book(&client, "2024-01-15T10:00:00Z").await.unwrap();
    let mut work = world.store.begin().await.unwrap();
    work.save_user(&User { disabled: true, ..client.clone() }).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(world.resend_links.run(&client.email).await.unwrap(), 0, "disabled");
    assert!(mailed(&world).await.is_empty());
}
