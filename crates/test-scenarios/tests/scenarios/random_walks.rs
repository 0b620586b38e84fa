//! Random walks through everything that can happen to bookings, compared with a model after every step.
//!
//! The walks are the same in every run. `ATTUNE_SCENARIOS=20` walks twenty times as many.

use std::sync::Mutex;

use attune_test_scenarios::{Command, Kind, Setup, Stores, Tally, World, any_commands, any_setup, random_walk};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

#[derive(Debug)]
struct Failure {
    why: String,
    setup: Setup,
    commands: Vec<Command>,
}

fn run_walks(walks: u32, steps: usize, fresh: impl AsyncFn() -> Stores) -> Result<Tally, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let walk = |setup: Setup, commands: &[Command]| {
        runtime.block_on(async {
            let world = World::open(fresh().await, setup).await;
            random_walk(&world, commands).await
        })
    };
    let config = Config { cases: walks, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let tally = Mutex::new(Tally::new());
    let outcome = runner.run(&(any_setup(), any_commands(steps)), |(setup, commands)| {
        let mut tally = tally.lock().unwrap();
        for (result, count) in walk(setup, &commands)? {
            *tally.entry(result).or_default() += count;
        }
        Ok(())
    });
    match outcome {
        Ok(()) => Ok(tally.into_inner().unwrap()),
        Err(TestError::Fail(mut why, (setup, mut commands))) => {
            // A command can become unnecessary once others are simpler.
            for index in (0..commands.len()).rev() {
                let mut fewer = commands.clone();
                fewer.remove(index);
                if let Err(TestCaseError::Fail(still)) = walk(setup, &fewer) {
                    (why, commands) = (still, fewer);
                }
            }
            Err(Failure { why: why.to_string(), setup, commands })
        }
        Err(other @ TestError::Abort(_)) => panic!("{other}"),
    }
}

fn run_walks_on(kind: Kind, walks: u32, steps: usize) -> Tally {
    let times: u32 = std::env::var("ATTUNE_SCENARIOS").map_or(1, |times| times.parse().unwrap());
    run_walks(walks * times, steps, async || kind.fresh().await).unwrap_or_else(|Failure { why, setup, commands }| {
        let listed: Vec<String> = commands.iter().map(|command| format!("    {command:?}")).collect();
        panic!("{why}\n{setup:?}\n{}", listed.join("\n"))
    })
}

#[test]
fn random_walks_in_memory() {
    let tally = run_walks_on(Kind::Memory, 512, 80);
    // Walks in which a command never succeeds, or a rejection never occurs, prove nothing about it.
    let (mut done, mut refused) = (Tally::new(), Tally::new());
    for ((command, why), count) in tally {
        let final_state = if why.is_none() { &mut done } else { &mut refused };
        *final_state.entry(if why.is_none() { (command, None) } else { ("", why) }).or_default() += count;
    }
    assert_eq!((done.len(), refused.len()), (18, 17), "{done:?} {refused:?}");
    assert!(done.values().chain(refused.values()).all(|count| *count >= 5), "{done:?} {refused:?}");
}

#[test]
fn random_walks_on_sqlite() {
    run_walks_on(Kind::Sqlite, 24, 60);
}

#[test]
fn random_walks_on_postgres() {
    run_walks_on(Kind::Postgres, 16, 50);
}

/// The control: this store does not find expired holds, so their slots are never released.
#[test]
fn random_walks_detect_a_store_without_guards() {
    let failure = run_walks(512, 80, async || Kind::Memory.fresh().await.unguarded());
    let failure = failure.unwrap_err();
    assert!(failure.commands.len() <= 4, "{failure:?}");
}
