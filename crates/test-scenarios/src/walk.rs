//! A walk: many commands, one after another, and a look at everything after each.

use std::collections::BTreeMap;

use attune_domain::notification::NotificationState;
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::facts::Facts;
use crate::{Command, Model, Outcome, Post, Why, World, laws, mails};

/// How often each command ended how; `None` for one that was carried out.
pub type Tally = BTreeMap<(&'static str, Option<Why>), u32>;

/// Takes a world through these commands, and then on until every mail has left. The error tells the first thing that
/// was not as it has to be.
pub async fn walk(world: &World, commands: &[Command]) -> Result<Tally, TestCaseError> {
    let (mut model, mut facts, mut tally) = (Model::of(world), Facts::new(), Tally::new());
    for command in commands {
        let refused = step(world, &mut model, &mut facts, *command).await?;
        *tally.entry((command.name(), refused)).or_default() += 1;
    }
    // The mail server is back. A failed mail is tried again within little more than an hour.
    let until = world.now() + SignedDuration::from_hours(2);
    let next = |facts: &Facts| {
        let notices = facts.values().flat_map(|facts| &facts.notices);
        notices.filter(|notice| notice.state == NotificationState::Pending).map(|notice| notice.next_at).min()
    };
    while let Some(next_at) = next(&facts) {
        world.clock.set(next_at.max(world.now()));
        step(world, &mut model, &mut facts, Command::Deliver(Post::Works)).await?;
    }
    mails::check_all(&model, &facts, &world.notifier.sent(), until)?;
    Ok(tally)
}

async fn step(
    world: &World,
    model: &mut Model,
    facts: &mut Facts,
    command: Command,
) -> Result<Option<Why>, TestCaseError> {
    let now = world.now();
    let reasons = model.reasons(command, now);
    let already_sent = world.notifier.sent().len();
    if let Command::Deliver(post) = command {
        mails::prepare(world, model, facts, post);
    }
    let outcome = world.run(command, model).await;
    world.notifier.come_back();
    let outcome =
        outcome.map_err(|error| TestCaseError::fail(format!("the store failed: {error:?} at {command:?}")))?;
    let found = world.facts().await;
    let refused = if let Outcome::Refused(why) = outcome {
        prop_assert!(reasons.contains(&why), "{command:?} was refused as {why:?} at {now}; there was {reasons:?}");
        prop_assert_eq!(&found, &*facts, "{:?} was refused as {:?} and changed something", command, why);
        Some(why)
    } else {
        prop_assert!(reasons.is_empty(), "{command:?} at {now} is to be refused: {reasons:?}");
        model.apply(command, outcome, now);
        None
    };
    laws::check(facts, &found)?;
    laws::compare(model, &found)?;
    let sent = &world.notifier.sent()[already_sent..];
    if let Command::Deliver(post) = command {
        mails::check(model, (facts, &found), sent, post, now)?;
    } else {
        prop_assert!(sent.is_empty(), "only the worker sends");
    }
    *facts = found;
    Ok(refused)
}
