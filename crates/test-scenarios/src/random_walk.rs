//! A random walk: many commands in sequence, with all checks after each.

use std::collections::BTreeMap;

use attune_domain::notification::NotificationState;
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::snapshot::Snapshot;
use crate::{Command, MailServer, Model, Outcome, Rejection, World, emails, invariants};

pub type Tally = BTreeMap<(&'static str, Option<Rejection>), u32>;

pub async fn random_walk(world: &World, commands: &[Command]) -> Result<Tally, TestCaseError> {
    let (mut model, mut snapshot, mut tally) =
        (Model::new(world.setup, world.therapists, world.clients), Snapshot::new(), Tally::new());
    for command in commands {
        let refused = step(world, &mut model, &mut snapshot, *command).await?;
        *tally.entry((command.name(), refused)).or_default() += 1;
    }
    // The mail server works again. A failed email is retried within little more than an hour.
    let until = world.now() + SignedDuration::from_hours(2);
    let next = |snapshot: &Snapshot| {
        let all = snapshot.values().flat_map(|snapshot| &snapshot.notifications);
        all.filter(|email| email.state == NotificationState::Pending).map(|email| email.next_at).min()
    };
    while let Some(next_at) = next(&snapshot) {
        world.clock.set(next_at.max(world.now()));
        step(world, &mut model, &mut snapshot, Command::Deliver(MailServer::Works)).await?;
    }
    emails::check_all(&model, &snapshot, &world.notifier.sent(), until)?;
    Ok(tally)
}

async fn step(
    world: &World,
    model: &mut Model,
    snapshot: &mut Snapshot,
    command: Command,
) -> Result<Option<Rejection>, TestCaseError> {
    let now = world.now();
    let reasons = model.reasons(command, now);
    let already_sent = world.notifier.sent().len();
    if let Command::Deliver(mail_server) = command {
        emails::prepare(&world.notifier, now, model, snapshot, mail_server);
    }
    let outcome = world.run(command, model).await;
    world.notifier.come_back();
    let failed = |error| TestCaseError::fail(format!("the store failed: {error:?} at {command:?}"));
    let outcome = outcome.map_err(failed)?;
    let found = world.snapshot().await;
    let refused = if let Outcome::Refused(why) = outcome {
        prop_assert!(reasons.contains(&why), "{command:?} was rejected as {why:?} at {now}; expected {reasons:?}");
        prop_assert_eq!(&found, &*snapshot, "{:?} was rejected as {:?} and changed something", command, why);
        Some(why)
    } else {
        prop_assert!(reasons.is_empty(), "{command:?} at {now} should be rejected: {reasons:?}");
        model.apply(command, outcome, now);
        None
    };
    invariants::check(snapshot, &found)?;
    invariants::compare(model, &found)?;
    let sent = &world.notifier.sent()[already_sent..];
    if let Command::Deliver(mail_server) = command {
        emails::check(model, (snapshot, &found), sent, mail_server, now)?;
    } else {
        prop_assert!(sent.is_empty(), "only the worker sends");
    }
    *snapshot = found;
    Ok(refused)
}
